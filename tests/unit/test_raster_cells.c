/*
 * Charts as characters: one colour in a cell, and no value lost.
 */
#include "support/points.h"

#include <assay/chart.h>
#include <assay/memory.h>

static double rising(size_t i)
{
    return (double)i;
}

static double waves(size_t i)
{
    return sin((double)i / 9);
}

/* A cell has one colour: lines that run together take turns, and the cursor stands on each. */
static void test_shared_cells(void **state)
{
    struct assay_series *series = points_series(500, waves),
                        *other = points_series(500, rising);
    struct assay_chart_line lines[] = {
        {.series = series, .color = 0}, {.series = series, .color = 1}, {.series = other}};
    struct assay_chart chart = {.lines = lines, .line_count = 2};
    struct assay_raster_options options = {.cursor_x = NAN};
    struct assay_cells cells = {0};
    int seen[2] = {0};

    (void)state;
    chart.x_min = chart.x_max = chart.y_min = chart.y_max = NAN;
    assert_true(assay_chart_fit(&chart, NULL));
    assay_cells_resize(&cells, 60, 12);
    assay_chart_cells(&chart, &options, ASSAY_GLYPHS_BRAILLE, &cells);
    for (int i = 0; i < 60 * 12; i++)
        if (cells.cells[i].color >= 0)
            seen[cells.cells[i].color]++;
    assert_true(seen[0] > 60 && seen[1] > 60);
    assert_in_range(seen[0] * 100 / (seen[0] + seen[1]), 40, 60);
    for (int i = 0; i < 2; i++) { /* one mark for one line */
        options.cursor_x = 250;
        chart.lines = lines + 2 * i;
        chart.line_count = 1;
        chart.x_min = chart.x_max = chart.y_min = chart.y_max = NAN;
        assert_true(assay_chart_fit(&chart, NULL));
        assay_chart_cells(&chart, &options, ASSAY_GLYPHS_BRAILLE, &cells);
        int points = 0;
        for (int k = 0; k < 60 * 12; k++)
            points += cells.cells[k].code == 0x25cf;
        assert_int_equal(points, 1);
    }
    assay_cells_free(&cells);
    assay_series_free(&series);
    assay_series_free(&other);
}

/* Every third value is a number: no two of them are joined. */
static double scattered(size_t i)
{
    return i % 3 == 1 ? (double)(i % 7) : (double)NAN;
}

/* A chart of one line of COUNT values, drawn with characters: in how many cells there is
   something of it, and in how many of those CODE. */
static int cells_drawn(size_t count, double (*value)(size_t i), int color,
                       enum assay_glyphs glyphs, uint32_t code, int *coded)
{
    struct assay_series *series = points_series(count, value);
    struct assay_chart_line line = {.series = series, .color = color};
    struct assay_chart chart = {.lines = &line,
                                .line_count = 1,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    struct assay_cells cells = {0};
    int drawn = 0;

    *coded = 0;
    assert_true(assay_chart_fit(&chart, NULL));
    assay_cells_resize(&cells, 60, 12);
    assay_chart_cells(&chart, &(struct assay_raster_options){.cursor_x = NAN}, glyphs, &cells);
    for (int i = 0; i < 60 * 12; i++) {
        drawn += cells.cells[i].color >= 0;
        *coded += cells.cells[i].code == code;
    }
    assay_cells_free(&cells);
    assay_series_free(&series);
    return drawn;
}

/* No value is lost with characters either: what is joined to nothing is there, and the one
   point that a line has is a point. */
static void test_lone_cells(void **state)
{
    static const uint32_t points[] = {[ASSAY_GLYPHS_BRAILLE] = 0x25cf,
                                      [ASSAY_GLYPHS_BLOCKS] = 0x25cf,
                                      [ASSAY_GLYPHS_ASCII] = 'O'};
    int coded;

    (void)state;
    for (int glyphs = 0; glyphs < (int)ASSAY_COUNT(points); glyphs++)
        for (int color = 0; color < 4 * ASSAY_CHART_COLORS; color++) { /* dashes, too */
            enum assay_glyphs kind = (enum assay_glyphs)glyphs;
            assert_int_equal(cells_drawn(1, waves, color, kind, points[glyphs], &coded), 1);
            assert_int_equal(coded, 1);
            assert_int_equal(cells_drawn(60, scattered, color, kind, points[glyphs], &coded),
                             20);
            assert_int_equal(coded, 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_cells),
        cmocka_unit_test(test_lone_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whole charts as text and files, the values read off them and the places jumped to.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include <cmocka.h>

#include <assay/chart.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "support/sixel_decode.h"

static struct assay_series *series_of(size_t count, double (*value)(int64_t))
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    for (int64_t i = 0; i < (int64_t)count; i++)
        assay_series_add(
            series, &(struct assay_point){.step = i, .time_ms = i * 1000, .value = value(i)},
            1);
    return series;
}

static double falling(int64_t i)
{
    return 1 / (1 + (double)i / 100);
}

static double rising(int64_t i)
{
    return (double)i / 1000;
}

/* ---- reading ---- */

static void test_read(void **state)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_chart_line lines[] = {{.series = series}, {.series = NULL}};
    struct assay_chart chart = {.lines = lines, .line_count = 2};

    (void)state;
    for (int64_t i = 0; i < 10; i++)
        assay_series_add(series, &(struct assay_point){.step = i * 10, .value = (double)i}, 1);
    assert_true(assay_chart_read(&chart, 0, 34).point.step == 30);
    assert_true(assay_chart_read(&chart, 0, 36).point.step == 40);
    assert_true(assay_chart_read(&chart, 0, -1e300).point.step == 0);
    assert_true(assay_chart_read(&chart, 0, INFINITY).found);
    assert_true(assay_chart_read(&chart, 0, 1e300).point.step == 90);
    assert_false(assay_chart_read(&chart, 0, NAN).found);
    assert_false(assay_chart_read(&chart, 1, 5).found);
    assert_false(assay_chart_read(&chart, 2, 5).found);
    /* On one step the newest attempt is read, and what it superseded only where it is drawn. */
    for (int64_t i = 5; i < 8; i++)
        assay_series_add(series, &(struct assay_point){.step = i * 10, .value = 100}, 1);
    assert_true(assay_chart_read(&chart, 0, 60).point.value == 100);
    assert_true(assay_chart_read(&chart, 0, 90).point.value == 9);
    chart.hide_superseded = true;
    assert_true(assay_chart_read(&chart, 0, 90).point.value == 100);
    assay_series_free(&series);
}

static double one_bad(int64_t i)
{
    return i == 700 ? NAN : i == 300 ? 9 : i == 500 ? -9 : 0;
}

static void test_landmarks(void **state)
{
    struct assay_series *series = series_of(1000, one_bad);
    struct assay_chart_line line = {.series = series};
    struct assay_chart chart = {.lines = &line, .line_count = 1};
    static const struct {
        double x;
        enum assay_landmark which;
    } places[] = {{300, ASSAY_LANDMARK_MAX},
                  {500, ASSAY_LANDMARK_MIN},
                  {700, ASSAY_LANDMARK_NONFINITE},
                  {800, ASSAY_LANDMARK_RESTART}};
    enum assay_landmark which;
    double x = -INFINITY, found;

    (void)state;
    for (int64_t i = 800; i < 900; i++)
        assay_series_add(series, &(struct assay_point){.step = i}, 1);
    for (size_t i = 0; i < ASSAY_COUNT(places); i++) {
        assert_true(assay_chart_landmark(&chart, x, true, ASSAY_LANDMARK_ANY, &found, &which));
        assert_true(found == places[i].x);
        assert_int_equal(which, places[i].which);
        x = found;
    }
    assert_false(assay_chart_landmark(&chart, x, true, ASSAY_LANDMARK_ANY, &found, &which));
    for (size_t i = ASSAY_COUNT(places) - 1; i-- > 0;) {
        assert_true(assay_chart_landmark(&chart, x, false, ASSAY_LANDMARK_ANY, &found, &which));
        assert_true(found == places[i].x);
        x = found;
    }
    assert_true(assay_chart_landmark(&chart, 0, true, ASSAY_LANDMARK_MIN, &found, NULL));
    assert_true(found == 500);
    assert_false(assay_chart_landmark(&chart, 600, true, ASSAY_LANDMARK_MIN, &found, NULL));
    assay_series_free(&series);
}

/* ---- whole charts ---- */

static struct assay_buf render(struct assay_series **series, size_t count,
                               const struct assay_plot_options *options,
                               enum assay_status expected)
{
    static const char *const labels[] = {"first <&> run", "second", "third"};
    struct assay_chart_line lines[3];
    struct assay_chart chart = {.lines = lines,
                                .line_count = count,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    struct assay_buf out = {0};
    struct assay_error err = {0};

    for (size_t i = 0; i < count; i++)
        lines[i] =
            (struct assay_chart_line){.series = series[i], .label = labels[i], .color = (int)i};
    assert_int_equal(assay_plot_render(&chart, options, &out, &err), expected);
    assert_int_equal(err.what[0] != '\0', expected != ASSAY_OK);
    return out;
}

/* Row ROW of TEXT, in a buffer of its own. */
static const char *row_of(const struct assay_buf *text, int row)
{
    static char line[4096];
    const char *at = assay_buf_text(text);

    while (row-- > 0) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void test_text(void **state)
{
    struct assay_series *series[] = {series_of(1000, falling), series_of(1000, rising)};

    (void)state;
    for (int ascii = 0; ascii < 2; ascii++)
        for (int columns = 20; columns <= 200; columns += 9) {
            struct assay_plot_options options = {.as = ascii ? ASSAY_PLOT_ASCII
                                                             : ASSAY_PLOT_BRAILLE,
                                                 .columns = columns,
                                                 .rows = 20,
                                                 .title = "loss"};
            struct assay_buf text = render(series, 2, &options, ASSAY_OK);
            int rows = 0;
            for (const char *at = text.data; (at = strchr(at, '\n')) != NULL; at++)
                rows++;
            assert_int_equal(rows, 20);
            assert_null(memchr(text.data, '\033', text.length));
            assert_non_null(strstr(row_of(&text, 0), "loss"));
            for (int row = 0; row < 19; row++)
                if (assay_text_width(row_of(&text, row)) > columns)
                    fail_msg("%d columns: \"%s\"", columns, row_of(&text, row));
            assert_non_null(strstr(row_of(&text, 19), "2,000 of 2,000 points in view"));
            for (size_t i = 0; ascii && i < text.length; i++)
                assert_true((unsigned char)text.data[i] < 0x80);
            assay_buf_free(&text);
        }
    /* In ASCII each line has its character, and the legend says which. */
    struct assay_buf text =
        render(series, 2,
               &(struct assay_plot_options){.as = ASSAY_PLOT_ASCII, .columns = 60, .rows = 20},
               ASSAY_OK);
    assert_non_null(strstr(row_of(&text, 17), "* first"));
    assert_non_null(strstr(row_of(&text, 18), "+ second"));
    assert_non_null(strchr(row_of(&text, 4), '*'));
    assert_non_null(strchr(row_of(&text, 4), '+'));
    assay_buf_free(&text);
    assay_series_free(&series[0]);
    assay_series_free(&series[1]);
}

/* Labels stand apart from each other along the x axis. */
static void test_x_labels(void **state)
{
    struct assay_series *series = series_of(99999, rising);

    (void)state;
    for (int columns = 20; columns <= 160; columns++) {
        struct assay_plot_options options = {
            .as = ASSAY_PLOT_ASCII, .columns = columns, .rows = 12};
        struct assay_buf text = render(&series, 1, &options, ASSAY_OK);
        const char *line = row_of(&text, 9);
        int numbers = 0;
        for (const char *at = line; *at;) {
            at += strspn(at, " ");
            size_t length = strcspn(at, " ");
            if (length == 0)
                break;
            assert_true(at[length - 1] == 'k' || (length == 1 && *at == '0'));
            at += length;
            numbers++;
        }
        assert_in_range(numbers, 2, 16);
        assay_buf_free(&text);
    }
    assay_series_free(&series);
}

/* Elements closed in their order, nothing unescaped: a tiny check of well-formed XML. */
static void check_xml(const char *text)
{
    char open[32][16];
    int depth = 0;

    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++) {
        const char *end = strchr(at, '>');
        assert_non_null(end);
        int length = (int)strcspn(at + 1 + (at[1] == '/'), " />\n");
        assert_true(length > 0 && length < 16);
        if (at[1] == '/') {
            assert_true(depth > 0);
            assert_int_equal(strncmp(open[--depth], at + 2, (size_t)length), 0);
        } else if (end[-1] != '/') {
            assert_true(depth < 32);
            snprintf(open[depth++], 16, "%.*s", length, at + 1);
        }
        at = end;
    }
    assert_int_equal(depth, 0);
    for (const char *at = text; (at = strchr(at, '&')) != NULL; at++)
        assert_true(strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                    strncmp(at, "&gt;", 4) == 0);
}

static double with_gap(int64_t i)
{
    return i > 400 && i < 500 ? NAN : falling(i);
}

/* y of the text in SVG that begins with TEXT, and how it is anchored there. */
static double svg_text_y(const char *svg, const char *text, char anchor[8])
{
    double y = NAN;
    char mark[80];

    snprintf(mark, sizeof mark, "\">%s", text);
    const char *at = strstr(svg, mark);
    while (at != NULL && at > svg && *at != '<')
        at--;
    if (at == NULL ||
        sscanf(at, "<text x=\"%*f\" y=\"%lf\" text-anchor=\"%7[a-z]", &y, anchor) != 2)
        return NAN;
    return y;
}

/* The axis says what it is, and no line of text stands in another. */
static void test_svg_words(void **state)
{
    static const char *const names[] = {"step<", "wall time<", "time since start<"};
    struct assay_series *series[] = {series_of(100, falling), series_of(100, falling)};
    struct assay_chart_line lines[] = {{.series = series[0], .label = "one run"},
                                       {.series = series[1], .label = "other run", .color = 1}};
    char anchor[8];

    (void)state;
    for (int axis = ASSAY_AXIS_STEP; axis <= ASSAY_AXIS_RELATIVE; axis++) {
        struct assay_chart chart = {.lines = lines,
                                    .line_count = 2,
                                    .axis = (enum assay_axis)axis,
                                    .x_min = NAN,
                                    .x_max = NAN,
                                    .y_min = NAN,
                                    .y_max = NAN};
        struct assay_buf out = {0};
        assert_int_equal(assay_plot_render(&chart,
                                           &(struct assay_plot_options){
                                               .as = ASSAY_PLOT_SVG, .columns = 80, .rows = 24},
                                           &out, NULL),
                         ASSAY_OK);
        double name = svg_text_y(assay_buf_text(&out), names[axis], anchor);
        assert_string_equal(anchor, "end");
        double one = svg_text_y(out.data, "one run", anchor);
        double other = svg_text_y(out.data, "other run", anchor);
        double count = svg_text_y(out.data, "200 of 200", anchor);
        assert_true(name > 0 && name < 480);
        assert_true(other - one >= 18); /* of 20 pixels; letters are 13 high */
        assert_true(count - other >= 17);
        assert_true(count < 480);
        assay_buf_free(&out);
    }
    assay_series_free(&series[0]);
    assay_series_free(&series[1]);
}

static void test_svg(void **state)
{
    struct assay_series *series = series_of(1000, with_gap);
    struct assay_buf text =
        render(&series, 1,
               &(struct assay_plot_options){
                   .as = ASSAY_PLOT_SVG, .columns = 80, .rows = 24, .title = "a < b & c"},
               ASSAY_OK);
    const char *path = strstr(assay_buf_text(&text), " d=\"M");
    int pieces = 0;

    (void)state;
    check_xml(assay_buf_text(&text));
    assert_non_null(strstr(text.data, "a &lt; b &amp; c"));
    assert_non_null(strstr(text.data, "first &lt;&amp;&gt; run"));
    assert_non_null(path);
    for (path += 4; *path != '"'; path++)
        pieces += *path == 'M';
    assert_int_equal(pieces, 2); /* before the gap and after it */
    assert_null(strstr(text.data, "nan"));
    assert_null(strstr(text.data, "inf"));
    assay_buf_free(&text);
    assay_series_free(&series);
}

/* A picture can be made smaller without losing its edges, and a point by itself can be seen. */
static void test_svg_of_one_point(void **state)
{
    struct assay_series *series = series_of(1, falling);
    struct assay_buf text =
        render(&series, 1,
               &(struct assay_plot_options){.as = ASSAY_PLOT_SVG, .columns = 80, .rows = 24},
               ASSAY_OK);
    int width, height, box_width, box_height;

    (void)state;
    assert_int_equal(sscanf(text.data,
                            "<svg %*s width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"", &width,
                            &height, &box_width, &box_height),
                     4);
    assert_int_equal(box_width, width);
    assert_int_equal(box_height, height);
    const char *path = strstr(text.data, " d=\"M"), *end = path ? strchr(path + 4, '"') : NULL;
    assert_non_null(end);
    assert_int_equal(strncmp(end - 2, "h0", 2), 0);
    assay_buf_free(&text);
    assay_series_free(&series);
}

static double above(int64_t i)
{
    return with_gap(i) + 0.25;
}

static double below(int64_t i)
{
    return with_gap(i) - 0.25;
}

/* A band is as high as its edges lie apart, everywhere but in the gap, where it has two ends.
 */
static void test_svg_band(void **state)
{
    struct assay_series *mean = series_of(1000, with_gap), *high = series_of(1000, above),
                        *low = series_of(1000, below);
    struct assay_chart_line line = {.series = mean, .low = low, .high = high, .label = "mean"};
    struct assay_chart chart = {.lines = &line,
                                .line_count = 1,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    struct assay_plot_options options = {.as = ASSAY_PLOT_SVG, .columns = 80, .rows = 24};
    struct assay_buf out = {0};
    int width, height, stretches = 0;
    static double top[4000];
    static size_t seen[4000]; /* how often a column is passed: there, and back below */

    (void)state;
    assert_int_equal(assay_plot_render(&chart, &options, &out, NULL), ASSAY_OK);
    check_xml(assay_buf_text(&out));
    const char *inner = strstr(out.data, "<svg x=\"");
    assert_non_null(inner);
    assert_int_equal(
        sscanf(inner, "<svg x=\"%*d\" y=\"%*d\" width=\"%d\" height=\"%d\"", &width, &height),
        2);
    assert_true(width > 100 && width < 4000);
    double apart = 0.5 / (chart.y_max - chart.y_min) * (height - 1);
    const char *at = strstr(inner, "opacity=\"0.25\" d=\"");
    assert_non_null(at);
    for (at = strchr(at, 'M'); *at != '"';) {
        size_t x;
        double y;
        int length = 0;
        if (*at == 'Z') {
            stretches++;
            at++;
            continue;
        }
        assert_int_equal(sscanf(at + 1, "%zu %lf%n", &x, &y, &length), 2);
        assert_true(x < (size_t)width);
        if (++seen[x] == 1)
            top[x] = y;
        else if (!(fabs(y - top[x] - apart) < 0.02))
            fail_msg("column %zu is %g high, not %g", x, y - top[x], apart);
        at += 1 + length;
    }
    assert_int_equal(stretches, 2);
    for (int x = 0; x < width; x++) {
        double step = (x - 0.5) / (width - 1) * 999;
        bool gap = step > 400 && step < 500, there = step >= 0 && (step < 399 || step > 501);
        if (gap ? seen[x] != 0 : there && seen[x] != 2)
            fail_msg("column %d, step %g, is passed %zu times", x, step, seen[x]);
    }
    assay_buf_free(&out);
    assay_series_free(&mean);
    assay_series_free(&low);
    assay_series_free(&high);
}

static void test_png_file(void **state)
{
    struct assay_series *series = series_of(1000, falling);
    png_image image = {.version = PNG_IMAGE_VERSION, .format = 0};
    size_t blue = 0;

    (void)state;
    for (int light = 0; light < 2; light++) {
        struct assay_buf bytes =
            render(&series, 1,
                   &(struct assay_plot_options){
                       .as = ASSAY_PLOT_PNG, .columns = 80, .rows = 24, .light = light == 1},
                   ASSAY_OK);
        image = (png_image){.version = PNG_IMAGE_VERSION};
        assert_true(png_image_begin_read_from_memory(&image, bytes.data, bytes.length));
        assert_int_equal(image.width, 800);
        assert_int_equal(image.height, 480);
        image.format = PNG_FORMAT_RGB;
        uint8_t *rgb = assay_alloc(PNG_IMAGE_SIZE(image));
        assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
        assert_true(light ? rgb[0] > 240 : rgb[0] < 30);
        blue = 0;
        for (size_t i = 0; i < PNG_IMAGE_SIZE(image); i += 3)
            blue += rgb[i + 2] > 200 && rgb[i] < 110;
        assert_true(blue > 700);
        free(rgb);
        assay_buf_free(&bytes);
    }
    assay_series_free(&series);
}

/* An image on standard output: its room is left first, it lies in it, the cursor comes back. */
static void test_image_text(void **state)
{
    struct assay_series *series = series_of(1000, falling);
    struct assay_plot_options options = {.as = ASSAY_PLOT_SIXEL,
                                         .columns = 80,
                                         .rows = 24,
                                         .cell_width = 9,
                                         .cell_height = 19,
                                         .registers = 256};
    struct assay_buf bytes = render(&series, 1, &options, ASSAY_OK);
    const char *dcs = strstr(assay_buf_text(&bytes), "\033P");
    struct sixel_image image;
    size_t end;

    (void)state;
    assert_non_null(dcs);
    assert_true(
        sixel_image_read(dcs, bytes.length - (size_t)(dcs - bytes.data), 0, &image, &end));
    assert_true(image.width % 9 == 0 && image.width < 80 * 9);
    assert_int_equal(image.height, 20 * 19 - 20 * 19 % 6);
    sixel_image_free(&image);
    /* Saved, up by plot, labels, legend and count, right by the labels; then restored. */
    const char *save = strstr(assay_buf_text(&bytes), "\0337");
    int up, right;
    assert_non_null(save);
    assert_int_equal(sscanf(save + 2, "\033[%dA\033[%dC", &up, &right), 2);
    assert_int_equal(up, 23);
    assert_string_equal(bytes.data + bytes.length - 2, "\0338");
    assay_buf_free(&bytes);
    assay_series_free(&series);
}

static double nothing(int64_t i)
{
    (void)i;
    return NAN;
}

static void test_refusals(void **state)
{
    static const int sizes[][2] = {{19, 24}, {80, 5}, {0, 0}, {-4, 20}, {2001, 24}, {80, 2001}};
    struct assay_series *series = series_of(100, rising), *bad = series_of(10, nothing);

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct assay_plot_options options = {
            .columns = sizes[i][0], .rows = sizes[i][1], .as = ASSAY_PLOT_BRAILLE};
        struct assay_buf text = render(&series, 1, &options, ASSAY_BAD_INPUT);
        assert_int_equal(text.length, 0);
    }
    for (int as = ASSAY_PLOT_SIXEL; as <= ASSAY_PLOT_PNG; as++) {
        struct assay_plot_options options = {
            .columns = 80, .rows = 24, .as = (enum assay_plot_as)as};
        struct assay_buf text = render(&bad, 1, &options, ASSAY_NO);
        assert_int_equal(text.length, 0);
    }
    assay_series_free(&series);
    assay_series_free(&bad);
}

/* ---- sparklines ---- */

static double broken_end(int64_t i)
{
    return i >= 80 ? NAN : (double)i;
}

static void test_sparkline(void **state)
{
    struct assay_series *series = series_of(100, broken_end), *flat = series_of(5, nothing);
    struct assay_buf out = {0};

    (void)state;
    assay_sparkline(series, 10, true, &out);
    assert_string_equal(assay_buf_text(&out), "_..--==^!!");
    assay_buf_reset(&out);
    assay_sparkline(series, 10, false, &out);
    assert_int_equal(assay_text_width(assay_buf_text(&out)), 10);
    assay_buf_reset(&out);
    assay_sparkline(flat, 4, true, &out);
    assert_string_equal(assay_buf_text(&out), "!!!!");
    assay_buf_reset(&out);
    assay_sparkline(NULL, 4, true, &out);
    assay_sparkline(series, 0, true, &out);
    assert_int_equal(out.length, 0);
    assay_buf_free(&out);
    assay_series_free(&series);
    assay_series_free(&flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_landmarks),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_x_labels),
        cmocka_unit_test(test_svg_of_one_point),
        cmocka_unit_test(test_svg_words),
        cmocka_unit_test(test_svg),
        cmocka_unit_test(test_svg_band),
        cmocka_unit_test(test_png_file),
        cmocka_unit_test(test_image_text),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sparkline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

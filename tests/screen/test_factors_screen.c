/*
 * What mattered, on the screen: the params with a scatter and means of the one under the cursor,
 * and parallel coordinates with their brushes, at the sizes terminals have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <assay/chart.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

#define RUNS 24

static const char long_key[] = "model.backbone.encoder.layers.attention.dropout_rate";

/* Three optimizers of eight runs each; the means of the first two are alike to five digits. */
static void make_store(const char *path)
{
    static const char *const kinds[] = {"adamw", "lion", "sgd"};
    static const double means[] = {0.812341, 0.812343, 0.7};
    struct assay_error err = {0};
    struct assay_local *local = NULL;
    unlink(path);
    assert_int_equal(assay_local_open(&local, path, &err), ASSAY_OK);
    for (int i = 0; i < RUNS; i++) {
        char run[ASSAY_RUN_ID_SIZE], name[32], width[16];
        int64_t start = FIXTURE_NOW_MS - (int64_t)(i + 3) * 3600000;
        snprintf(name, sizeof name, "net-%d", i);
        snprintf(width, sizeof width, "%d", 1 << (i / 3 % 4));
        struct assay_pair params[] = {
            {"opt", kinds[i % 3]}, {"width", width}, {long_key, i % 2 ? "0.1" : "0.0"}};
        struct assay_log_point point = {
            "val/acc", {1, start, means[i % 3] + (i / 3 % 2 ? 0.01 : -0.01)}};
        struct assay_log_batch batch = {
            .params = params, .param_count = 3, .points = &point, .point_count = 1};
        assert_int_equal(assay_local_start(local, "kinds", name, start, run, &err), ASSAY_OK);
        assert_int_equal(assay_local_log(local, run, &batch, &err), ASSAY_OK);
        assert_int_equal(
            assay_local_finish(local, run, ASSAY_RUN_FINISHED, start + 60000, &err), ASSAY_OK);
    }
    assay_local_close(&local);
}

static struct screen *open_kinds_on(int columns, int rows, enum screen_kind kind)
{
    char path[400];
    snprintf(path, sizeof path, "%s/kinds.db", getenv("TMPDIR"));
    make_store(path);
    struct screen *screen =
        workbench_open_on("local", path, "kinds", columns, rows, kind);
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "24 runs");
    screen_settle(screen);
    return screen;
}

static struct screen *open_kinds(int columns, int rows)
{
    return open_kinds_on(columns, rows, SCREEN_XTERM);
}

static const struct {
    int columns, rows;
    const char *cut; /* how much of the long key there is room for */
} sizes[] = {{120, 40, "model.backbone.encoder…"},
             {80, 24, "model.backbone.encoder.layers"},
             {60, 16, "model.backbone.encoder"}};

static void params_with_their_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct screen *screen = open_kinds(sizes[i].columns, sizes[i].rows);
        screen_press(screen, "w", NULL);
        screen_wait(screen, "what goes with val/acc");
        screen_settle(screen);
        screen_assert_text(screen, "importance");
        screen_assert_text(screen, "rank        p"); /* in the last columns at any width */
        screen_assert_text(screen, sizes[i].cut);
        /* The one that matters is the first; its means are told apart where they are alike. */
        screen_assert_text(screen, "means by value");
        screen_assert_text(screen, "0.812341 ±");
        screen_assert_text(screen, "0.812343 ±");
        screen_assert_text(screen, "n=8");
        assert_int_equal(workbench_row(screen, "0.812341 ±") + 1,
                         workbench_row(screen, "0.812343 ±"));
        screen_assert_text(screen, "┤"); /* the scatter beside them */
        screen_assert_text(screen, "adamw");
        screen_refute_text(screen, "±-");
        screen_press(screen, "l", NULL); /* from the left, from the bottom */
        screen_wait(screen, "0.802341");
        screen_assert_text(screen, "◉");
        screen_press(screen, "G", NULL); /* the same run in the scatter of another param */
        screen_wait(screen, "•");
        screen_assert_text(screen, "0.802341");
        screen_close(&screen);
    }
}

/* A brush stands only where there are runs: three texts are three steps, not five. */
static void brushes_go_from_runs_to_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct screen *screen = open_kinds(sizes[i].columns, sizes[i].rows);
        screen_press(screen, "y", NULL);
        screen_wait(screen, "24 of 24 runs: mean");
        screen_assert_text(screen, "opt");
        for (int k = 0; k < 3; k++) {
            screen_press(screen, "k", NULL);
            screen_wait(screen, "8 of 24 runs: mean");
        }
        screen_press(screen, "k", NULL);
        screen_wait(screen, "24 of 24 runs");
        screen_press(screen, "j", NULL); /* the other way: the last of the three */
        screen_wait(screen, "8 of 24 runs");
        screen_assert_text(screen, "█");
        if (sizes[i].rows >= 24) {
            screen_assert_text(screen, "opt: "); /* what is brushed, in words */
        }
        screen_press(screen, "esc", NULL);
        screen_wait(screen, "24 of 24 runs");
        screen_close(&screen);
    }
}

static int count_pixels(struct screen *screen, struct assay_rgb color)
{
    struct screen_image image = screen_image(screen, 0);
    int left = image.column * SCREEN_CELL_WIDTH, top = image.row * SCREEN_CELL_HEIGHT, count = 0;
    for (int y = top; y < top + image.height; y++) {
        for (int x = left; x < left + image.width; x++) {
            uint32_t pixel = screen_pixel(screen, x, y);
            count += abs((int)(pixel >> 16) - color.r) <= 2 &&
                     abs((int)(pixel >> 8 & 255) - color.g) <= 2 &&
                     abs((int)(pixel & 255) - color.b) <= 2;
        }
    }
    return count;
}

/* In pixels: a brush leaves less of the lines bright, groups have colours of their own, and their
   names stand beside them. */
static void figures_in_pixels(void **state)
{
    (void)state;
    const struct assay_chart_palette *palette = &assay_palette_dark;
    struct screen *screen = open_kinds_on(80, 24, SCREEN_FOOT);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "24 of 24 runs");
    screen_settle(screen);
    screen_assert_images(screen, 1);
    int all = count_pixels(screen, palette->series[0]);
    screen_press(screen, "k", NULL);
    screen_wait(screen, "8 of 24 runs");
    screen_settle(screen);
    int brushed = count_pixels(screen, palette->series[0]);
    assert_true(brushed > 100 && all > 2 * brushed);
    screen_press(screen, "q", NULL);
    screen_wait(screen, "rows differ");
    screen_type(screen, ":group-by opt\n");
    screen_wait(screen, "3 groups by opt");
    screen_press(screen, "w", NULL);
    screen_wait(screen, "means by value");
    screen_settle(screen);
    screen_assert_images(screen, 1);
    for (int i = 0; i < 3; i++) {
        assert_true(count_pixels(screen, palette->series[i]) > 20);
    }
    screen_press(screen, "q", "y", NULL);
    screen_wait(screen, "● opt=");
    screen_settle(screen);
    for (int i = 0; i < 3; i++) {
        assert_true(count_pixels(screen, palette->series[i]) > 100);
    }
    screen_close(&screen);
}

/* Beside what all runs say together the first run has its place. */
static void a_run_is_seen_at_eighty_columns(void **state)
{
    (void)state;
    struct screen *screen = open_kinds(80, 24);
    screen_assert_text(screen, "all together");
    screen_assert_text(screen, "◆ net-");
    screen_type(screen, ":group-by opt\n");
    screen_wait(screen, "3 groups by opt");
    screen_wait(screen, "◆ opt=");
    screen_resize(screen, 120, 40); /* means that are alike are told apart in the table, too */
    screen_wait(screen, "0.812343 ±");
    screen_close(&screen);
}

static void click(struct screen *screen, int column, int row)
{
    screen_mouse(screen, 'p', column, row);
    screen_mouse(screen, 'r', column, row);
}

/* A click in the scatter goes to the nearest run, one on a param's line to that param; neither
   the heads above them nor what stands beside them is gone to. */
static void clicks_read_runs_off(void **state)
{
    (void)state;
    static const enum screen_kind kinds[] = {SCREEN_XTERM, SCREEN_XTERM_VT340};
    for (size_t i = 0; i < ASSAY_COUNT(sizes) * ASSAY_COUNT(kinds); i++) {
        int columns = sizes[i / 2].columns, rows = sizes[i / 2].rows, top, left, row, column;
        struct screen *screen = open_kinds_on(columns, rows, kinds[i % 2]);
        screen_press(screen, "w", NULL);
        screen_wait(screen, "what goes with val/acc");
        screen_settle(screen);
        assert_true(screen_find(screen, "┤", &row, &left));
        assert_true(screen_find(screen, "│", &top, &column)); /* the plot's first row */
        top = row < top ? row : top;
        click(screen, left + 1, top); /* texts stand along x in their order */
        screen_settle(screen);
        screen_refute_text(screen, "h l reads runs off");
        if (rows >= 24) { /* in four rows the nearest is any of that column */
            screen_wait(screen, "0.822341");
        }
        assert_true(screen_find(screen, "importance", &row, &column));
        click(screen, column, row);
        screen_settle(screen);
        assert_int_equal(screen_look(screen, row, column).bg, -1);
        click(screen, 2, row + 2); /* the second param */
        screen_settle(screen);
        assert_int_not_equal(screen_look(screen, row + 2, 2).bg, -1);
        assert_int_equal(screen_look(screen, row + 1, 2).bg, -1);
        screen_refute_text(screen, "h l reads runs off"); /* the run stays */
        screen_close(&screen);
    }
}

/* A click goes to the nearest axis; on that axis it brushes the fifth it is on, again no more. */
static void clicks_brush_axes(void **state)
{
    (void)state;
    static const enum screen_kind kinds[] = {SCREEN_XTERM, SCREEN_XTERM_VT340};
    for (size_t i = 0; i < ASSAY_COUNT(sizes) * ASSAY_COUNT(kinds); i++) {
        int columns = sizes[i / 2].columns, rows = sizes[i / 2].rows, top, bottom, column;
        struct screen *screen = open_kinds_on(columns, rows, kinds[i % 2]);
        screen_press(screen, "y", NULL);
        screen_wait(screen, "24 of 24 runs: mean");
        screen_settle(screen);
        assert_true(screen_find(screen, "0.8223", &top, &column)); /* the ends of the metric */
        assert_true(screen_find(screen, "0.69", &bottom, &column));
        click(screen, columns - 12, bottom - 1);
        screen_settle(screen);
        screen_assert_text(screen, "24 of 24 runs");
        if (rows >= 24) {
            screen_wait(screen, "val/acc ↑: 0.69 to 0.8223");
        }
        click(screen, columns - 12, bottom - 1);
        screen_wait(screen, "8 of 24 runs");
        click(screen, columns - 12, (top + bottom) / 2); /* no run has such a value */
        screen_settle(screen);
        screen_assert_text(screen, "8 of 24 runs");
        click(screen, columns - 12, bottom - 1);
        screen_wait(screen, "24 of 24 runs");
        click(screen, 9, top + 2); /* the first axis, which only becomes the one meant */
        screen_settle(screen);
        screen_assert_text(screen, "24 of 24 runs");
        click(screen, 9, top + 1);
        screen_wait(screen, "8 of 24 runs");
        screen_close(&screen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params_with_their_means),
        cmocka_unit_test(brushes_go_from_runs_to_runs),
        cmocka_unit_test(clicks_read_runs_off),
        cmocka_unit_test(clicks_brush_axes),
        cmocka_unit_test(figures_in_pixels),
        cmocka_unit_test(a_run_is_seen_at_eighty_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Quality against cost on the screen: the front marked and counted, every point read off, both
 * aims turned, at all sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/chart.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

/* By cost: cheap, middle and dear are on the front, waste is beaten by the first two, and broken
   has no accuracy. */
static const struct {
    const char *name, *gpus, *lr;
    int minutes;
    double acc; /* below 0: none is logged */
} made[] = {
    {"cheap", "1", "0.1", 30, 0.7},  {"waste", "4", "0.1", 60, 0.65},
    {"middle", "2", "0.2", 60, 0.8}, {"dear", "8", "0.2", 120, 0.9},
    {"broken", "1", "0.3", 10, -1},
};

static void make_store(const char *path)
{
    struct assay_error err = {0};
    struct assay_local *local = NULL;
    unlink(path);
    assert_int_equal(assay_local_open(&local, path, &err), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(made); i++) {
        char run[ASSAY_RUN_ID_SIZE];
        int64_t start = FIXTURE_NOW_MS - (int64_t)(i + 3) * 3600000;
        struct assay_pair params[] = {{"num_gpus", made[i].gpus}, {"lr", made[i].lr}};
        struct assay_pair tag = {"lr", made[i].name}; /* beside the param of that key */
        struct assay_log_point points[] = {{"val/loss", {1, start, 1 - made[i].acc}},
                                           {"val/acc", {1, start, made[i].acc}}};
        struct assay_log_batch batch = {.params = params,
                                        .param_count = 2,
                                        .tags = &tag,
                                        .tag_count = 1,
                                        .points = points,
                                        .point_count = made[i].acc < 0 ? 1 : 2};
        assert_int_equal(assay_local_start(local, "cost", made[i].name, start, run, &err),
                         ASSAY_OK);
        assert_int_equal(assay_local_log(local, run, &batch, &err), ASSAY_OK);
        assert_int_equal(assay_local_finish(local, run, ASSAY_RUN_FINISHED,
                                            start + made[i].minutes * 60000, &err),
                         ASSAY_OK);
    }
    assay_local_close(&local);
}

static struct screen *open_front_on(int columns, int rows, enum screen_kind kind,
                                    const char *front)
{
    char path[400];
    snprintf(path, sizeof path, "%s/front.db", getenv("TMPDIR"));
    make_store(path);
    struct screen *screen =
        workbench_open_on("local", path, "front", columns, rows, kind);
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "5 runs");
    screen_type(screen, front);
    screen_settle(screen);
    return screen;
}

static struct screen *open_front(int columns, int rows, const char *front)
{
    return open_front_on(columns, rows, SCREEN_XTERM, front);
}

/* Rows with dots of braille in them. */
static int rows_of_line(struct screen *screen, int rows)
{
    int count = 0;
    for (int y = 0; y < rows; y++) {
        const char *text = screen_text(screen, y);
        bool any = false;
        for (; *text; text++) {
            any |= text[0] == '\xe2' && text[1] >= '\xa0' && text[1] <= '\xa3';
        }
        count += any;
    }
    return count;
}

static void front_is_seen_at_all_sizes(void **state)
{
    (void)state;
    static const struct {
        int columns, rows, tall; /* rows that the line goes through, at least */
    } sizes[] = {{120, 40, 12}, {80, 24, 4}, {60, 16, 2}};
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct screen *screen =
            open_front(sizes[i].columns, sizes[i].rows, ":front val/acc,gpu-hours\n");
        screen_wait(screen, "Pareto front: val/acc ↑ against gpu-hours ↓");
        screen_assert_text(screen, "3 of 5 runs on the front; 1 lacks a value: not drawn");
        screen_assert_text(screen, "cheap: on the front, nothing here beats it");
        screen_assert_text(screen, "◉"); /* the cursor's point, what it is on both axes */
        screen_assert_text(screen, "0.5 ");
        assert_true(rows_of_line(screen, sizes[i].rows) >= sizes[i].tall);
        screen_assert_text(screen, "●");
        if (sizes[i].rows >= 24) {
            screen_assert_text(screen, "val/acc ↑: greater is better");
            screen_assert_text(screen, "gpu-hours ↓: smaller is better");
        }
        screen_press(screen, "j", "j", "j", NULL); /* what is beaten stands behind the front */
        screen_wait(screen, "waste: beaten by cheap (0.7, 0.5) and 1 more");
        screen_press(screen, "j", NULL);
        screen_wait(screen, "broken has no finite val/acc ↑");
        screen_refute_text(screen, "◉");
        screen_press(screen, "q", NULL);
        screen_wait(screen, "rows differ");
        screen_refute_text(screen, "Pareto front");
        screen_close(&screen);
    }
}

static bool is_color(uint32_t pixel, struct assay_rgb color)
{
    return abs((int)(pixel >> 16) - color.r) <= 2 && abs((int)(pixel >> 8 & 255) - color.g) <= 2 &&
           abs((int)(pixel & 255) - color.b) <= 2;
}

/* Where terminals show images: the words are text, all else is pixels in the charts' colours, and
   what follows the cursor is the ring. */
static void front_in_pixels(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
        enum screen_kind kind;
    } sizes[] = {{120, 40, SCREEN_XTERM_VT340},
                 {80, 24, SCREEN_LIGHT},
                 {60, 16, SCREEN_XTERM_16},
                 {80, 24, SCREEN_FOOT}};
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        const struct assay_chart_palette *palette =
            sizes[i].kind == SCREEN_LIGHT ? &assay_palette_light : &assay_palette_dark;
        struct screen *screen = open_front_on(sizes[i].columns, sizes[i].rows, sizes[i].kind,
                                              ":front val/acc,gpu-hours\n");
        screen_wait(screen, "cheap: on the front");
        screen_assert_images(screen, 1);
        assert_int_equal(rows_of_line(screen, sizes[i].rows), 0);
        screen_refute_text(screen, "◉");
        int before = 0, after = 0;
        for (int moved = 0; moved < 2; moved++) {
            struct screen_image image = screen_image(screen, 0);
            int line = 0, ring = 0, left = image.column * SCREEN_CELL_WIDTH,
                top = image.row * SCREEN_CELL_HEIGHT;
            for (int y = top; y < top + image.height; y++) {
                for (int x = left; x < left + image.width; x++) {
                    uint32_t pixel = screen_pixel(screen, x, y);
                    line += is_color(pixel, palette->series[0]);
                    if (is_color(pixel, palette->cursor)) {
                        ring += x;
                    }
                }
            }
            assert_true(line > image.width / 2); /* the steps go along most of it */
            *(moved ? &after : &before) = ring;
            if (!moved) {
                screen_press(screen, "j", NULL);
                screen_wait(screen, "middle: on the front");
                screen_settle(screen);
            }
        }
        assert_true(before > 0 && after > before);
        screen_press(screen, "?", NULL); /* another page above it takes it away */
        screen_assert_images(screen, 0);
        screen_close(&screen);
    }
}

static void both_aims_can_be_turned(void **state)
{
    (void)state;
    struct screen *screen = open_front(120, 40, "F"); /* a cost is found */
    screen_wait(screen, "against gpu-hours ↓");
    screen_type(screen, "l");
    screen_wait(screen, "against val/");
    screen_type(screen, "h");
    screen_wait(screen, "against gpu-hours ↓");
    screen_type(screen, "h");
    screen_wait(screen, "against duration ↓");
    screen_type(screen, ":front val/acc,val/acc\n");
    screen_wait(screen, "two different ones make a front");
    screen_type(screen, ":front nothing,duration\n");
    screen_wait(screen, "no run has a metric nothing");
    screen_type(screen, ":front val/acc,duration\n");
    screen_wait(screen, "Pareto front: val/acc ↑ against duration ↓");
    screen_type(screen, "m");
    screen_wait(screen, "Pareto front: val/loss ↓ against");
    screen_type(screen, "jb"); /* the baseline is marked among the points, too */
    screen_settle(screen);
    screen_assert_text(screen, "◆");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "next run"); /* the run itself */
    screen_close(&screen);
}

static void click(struct screen *screen, int column, int row)
{
    screen_mouse(screen, 'p', column, row);
    screen_mouse(screen, 'r', column, row);
}

/* A click goes to the nearest point, one on the list to its row, in characters and pixels. */
static void clicks_go_to_the_nearest_run(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
        enum screen_kind kind;
    } sizes[] = {{120, 40, SCREEN_XTERM},
                 {60, 16, SCREEN_XTERM},
                 {120, 40, SCREEN_XTERM_VT340},
                 {80, 24, SCREEN_LIGHT}};
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct screen *screen = open_front_on(sizes[i].columns, sizes[i].rows, sizes[i].kind,
                                              ":front val/acc,gpu-hours\n");
        int top, bottom, left, right = sizes[i].columns - 3, column, row;
        screen_wait(screen, "cheap: on the front");
        assert_true(screen_find(screen, "┤", &top, &left));
        for (bottom = sizes[i].rows - 1; !strstr(screen_text(screen, bottom), "┤");) {
            bottom--;
        }
        click(screen, right, top); /* most of both */
        screen_wait(screen, "dear: on the front, nothing here beats it");
        click(screen, left + 1, bottom);
        screen_wait(screen, "cheap: on the front");
        assert_true(screen_find(screen, "middle", &row, &column)); /* its line in the list */
        click(screen, column, row);
        screen_wait(screen, "middle: on the front");
        click(screen, right, 0); /* beside both: nothing */
        screen_settle(screen);
        screen_assert_text(screen, "middle: on the front");
        screen_close(&screen);
    }
}

static void groups_stand_by_their_means(void **state)
{
    (void)state;
    struct screen *screen = open_front(120, 40, ":group-by lr\n");
    screen_wait(screen, "3 groups by lr");
    screen_type(screen, ":front val/acc,gpu-hours\n");
    screen_wait(screen, "2 of 3 groups on the front; 1 lacks a value");
    screen_assert_text(screen, "group, means");
    screen_assert_text(screen, "0.675");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "a group: S shows single runs");
    screen_close(&screen);
}

/* A param and a tag of one key are two rows: one of them is pinned, one of them hidden. */
static void rows_of_one_key_are_two(void **state)
{
    (void)state;
    struct screen *screen = open_front(120, 40, "");
    int column;
    for (int row = workbench_row(screen, " lr "), at = 3; at < row; at++) {
        screen_press(screen, "j", NULL);
    }
    screen_press(screen, "p", NULL);
    screen_wait(screen, "lr: pinned");
    int pinned = workbench_row(screen, "pinned"), tags;
    assert_non_null(strstr(screen_text(screen, pinned), "lr"));
    assert_null(strstr(screen_text(screen, pinned + 1), "lr "));
    assert_true(screen_find(screen, "tags ", &tags, &column)); /* the other one stays there */
    assert_non_null(strstr(screen_text(screen, tags), "lr"));
    screen_close(&screen);
}

/* What a page shows is what it writes: the front of its two aims, what goes with its metric. */
static void pages_are_carried_away(void **state)
{
    static const struct {
        const char *keys, *file, *says[2];
    } pages[] = {
        {"F", "front.html", {"Pareto front</h2>", "gpu-hours: smaller is better"}},
        {"w", "factors.html", {"What goes with val/", "<circle "}},
        {"y", "factors.tex", {"% what goes with val/", "param & importance"}},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(pages); i++) {
        struct screen *screen = open_front(120, 36, pages[i].keys);
        char path[500], typed[600], *text;
        size_t length;
        snprintf(path, sizeof path, "%s/%s", getenv("TMPDIR"), pages[i].file);
        snprintf(typed, sizeof typed, ":write %s", path);
        screen_type(screen, typed);
        screen_press(screen, "enter", NULL);
        screen_wait(screen, "wrote ");
        assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, NULL), ASSAY_OK);
        for (size_t k = 0; k < ASSAY_COUNT(pages[i].says); k++)
            if (!strstr(text, pages[i].says[k]))
                fail_msg("%s: no \"%s\" in %.300s", pages[i].file, pages[i].says[k], text);
        free(text);
        screen_close(&screen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(front_is_seen_at_all_sizes),
        cmocka_unit_test(front_in_pixels),
        cmocka_unit_test(both_aims_can_be_turned),
        cmocka_unit_test(clicks_go_to_the_nearest_run),
        cmocka_unit_test(groups_stand_by_their_means),
        cmocka_unit_test(rows_of_one_key_are_two),
        cmocka_unit_test(pages_are_carried_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

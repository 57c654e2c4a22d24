/*
 * The chart in full: cursor, zoom, axes, smoothing, metrics, export.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/local.h>
#include <assay/memory.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

static struct screen *open_chart(enum screen_kind kind, int columns, int rows)
{
    struct screen *screen = workbench_open(columns, rows, kind, NULL);
    screen_press(screen, "p", NULL);
    screen_settle(screen);
    return screen;
}

static void type_command(struct screen *screen, const char *text)
{
    screen_press(screen, ":", NULL);
    screen_type(screen, text);
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
}

static void says_what_it_is(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_assert_text(screen, "val/loss");
    screen_assert_text(screen, "1 run");
    screen_assert_text(screen, "100 of 100 points in view");
    screen_assert_text(screen, "last values");
    screen_assert_text(screen, "0.21");
    screen_assert_text(screen, "vit-sweep");
    screen_close(&screen);
}

static void the_cursor_reads_values(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_press(screen, "l", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "step 490"); /* the middle; 0.5 + 1 - 490/1000 */
    screen_assert_text(screen, "1.01");
    screen_press(screen, "l", "l", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "step 510");
    screen_assert_text(screen, "0.99");
    screen_press(screen, "h", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "step 500");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "last values");
    screen_close(&screen);
}

/* Panned away from its cursor a chart says that what it reads off is not in sight. */
static void the_cursor_can_be_out_of_sight(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_press(screen, "l", "+", "+", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "step 490");
    screen_refute_text(screen, "out of sight");
    screen_press(screen, "H", "H", "H", NULL);
    screen_wait(screen, "step 490, out of sight");
    screen_press(screen, "0", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "step 490");
    screen_refute_text(screen, "out of sight");
    screen_close(&screen);
}

/* n and N say what the cursor came to, of which run, and its value. */
static void landmarks(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_press(screen, "n", NULL);
    screen_wait(screen, "maximum of ");
    screen_assert_text(screen, ": 1.5");
    screen_press(screen, "N", NULL);
    screen_wait(screen, "nothing more that way");
    screen_close(&screen);
}

/* Lines of a note that begin with "step N:" are places of the chart, among the others; what
   only looks like one is none. */
static void notes_are_places(void **state)
{
    (void)state;
    char path[400], editor[500];
    snprintf(path, sizeof path, "%s/places", getenv("TMPDIR"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("a first try\n- Step 7_50: rate \033[31mdropped\nstep 1,00:\nstep 250: warmup over\n"
          "step 1e2: no\nstep : no\nat step 300: no\nstep 99999999999999999999999: no\n",
          file);
    fclose(file);
    snprintf(editor, sizeof editor, "VISUAL=cp %s", path);
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, editor);
    screen_press(screen, "enter", "8", "e", NULL);
    screen_wait(screen, "the note is kept");
    screen_press(screen, "q", "p", NULL);
    screen_wait(screen, "last values");
    screen_press(screen, "n", NULL);
    screen_wait(screen, "maximum of ");
    screen_press(screen, "n", NULL);
    screen_wait(screen, "note on run-01, step 100:");
    screen_press(screen, "n", NULL);
    screen_wait(screen, "note on run-01, step 250: warmup over");
    screen_press(screen, "n", NULL);
    screen_wait(screen, "note on run-01, step 750: rate \xef\xbf\xbd[31mdropped");
    screen_press(screen, "n", NULL);
    screen_wait(screen, "minimum of ");
    screen_press(screen, "n", NULL);
    screen_wait(screen, "nothing more that way");
    screen_press(screen, "N", NULL);
    screen_wait(screen, "step 750: rate");
    screen_press(screen, "x", NULL); /* by the time at which the run was there */
    screen_wait(screen, "wall time");
    screen_press(screen, "N", NULL);
    screen_wait(screen, "note on run-01, step 250: warmup over");
    screen_close(&screen);
}

/* Escape takes the cursor away, and once there is none, the chart. */
static void escape_leaves(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_press(screen, "l", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "step 490");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "last values");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "EXPERIMENTS");
    screen_press(screen, "q", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

/* Keys that come between two frames find the points of now, not those that were drawn. */
static void keys_between_frames(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_press(screen, "l", "w", NULL);
    screen_settle(screen);
    screen_send(screen, "mlL+nhxlwmWf", 12);
    screen_settle(screen);
    screen_send(screen, "MMlX+Hn0ly", 10);
    screen_settle(screen);
    screen_press(screen, "q", "q", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

static void zooms_to_the_raw_points(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    type_command(screen, "next-metric train/loss");
    screen_assert_text(screen, "1,000 of 1,000 points in view (min and max of each column)");
    screen_press(screen, "n", NULL); /* the first landmark is the spike or an end of it */
    screen_settle(screen);
    screen_assert_text(screen, "step ");
    screen_press(screen, "+", "+", "+", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "1,000 of 1,000 points");
    screen_assert_text(screen, "of 1,000 points in view");
    screen_press(screen, "0", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1,000 of 1,000 points");
    screen_close(&screen);
}

static void axes_and_smoothing(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_press(screen, "y", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "log y");
    screen_press(screen, "X", NULL); /* a step 0 has no place there, which is said whole */
    screen_settle(screen);
    screen_assert_text(screen, "not above zero, not");
    screen_assert_text(screen, "shown");
    screen_press(screen, "y", "X", "x", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "wall time");
    screen_press(screen, "x", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "time since start");
    screen_press(screen, "x", "w", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "smoothing 0.3");
    screen_assert_text(screen, "raw 0.21");
    screen_press(screen, "w", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "smoothing 0.6");
    screen_press(screen, "W", "W", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "raw 0.21");
    screen_press(screen, "m", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "val/acc");
    screen_close(&screen);
}

static void overlays_what_is_marked(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(80, 24, SCREEN_XTERM, NULL);
    screen_press(screen, "space", "space", "space", "p", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "3 runs");
    screen_assert_text(screen, "run-01");
    screen_assert_text(screen, "run-03");
    screen_press(screen, "v", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "run-03");
    screen_close(&screen);
}

/* Runs of several places are of none of them in the line above. */
static void runs_of_several_sources(void **state)
{
    (void)state;
    char folder[400], copy[1200];
    snprintf(folder, sizeof folder, "%s/several", getenv("TMPDIR"));
    snprintf(copy, sizeof copy, "mkdir '%s' && cp -r %s/registry-2 %s/registry-3 '%s'", folder,
             TEST_DATA "/source/data", TEST_DATA "/source/data", folder);
    assert_int_equal(system(copy), 0);
    struct screen *screen =
        workbench_open_on(folder, NULL, "several", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "registry-3");
    screen_press(screen, "a", NULL);
    screen_wait(screen, "6 runs");
    screen_type(screen, "     ");
    screen_wait(screen, "5 marked");
    screen_press(screen, "p", NULL);
    screen_wait(screen, "2 sources › chart");
    screen_close(&screen);
}

/* val/loss of run-01, 02 and 03 ends at 0.21, 0.22 and 0.23 (runs_fixture.h). */
static void runs_as_their_mean(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "space", "space", "space", "p", NULL);
    screen_settle(screen);
    screen_press(screen, "g", NULL);
    screen_wait(screen, "mean, least to greatest");
    screen_settle(screen);
    screen_assert_text(screen, "mean of 3 runs  0.22");
    screen_assert_text(screen, "0.21 to 0.23");
    screen_press(screen, "g", NULL);
    screen_wait(screen, "standard deviation");
    screen_settle(screen);
    screen_assert_text(screen, "0.21 to 0.23"); /* it is 0.01 */
    screen_press(screen, "g", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "mean of");
    screen_close(&screen);
}

static void writes_files(void **state)
{
    (void)state;
    char command[600], path[500], line[200] = "";
    snprintf(path, sizeof path, "%s/points.csv", getenv("TMPDIR"));
    unlink(path);
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    snprintf(command, sizeof command, "write %s", path);
    type_command(screen, command);
    screen_assert_text(screen, "written:");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    int lines = 0;
    while (fgets(line, sizeof line, file)) {
        lines++;
    }
    fclose(file);
    assert_int_equal(lines, 101);
    assert_non_null(strstr(line, ",run-01,val/loss,990,"));
    assert_non_null(strstr(line, ",0.21"));
    type_command(screen, command); /* what is there is not written over */
    screen_assert_text(screen, "File exists");
    type_command(screen, "write chart.bmp");
    screen_assert_text(screen, ".svg");
    screen_close(&screen);
}

static void an_image_below_text(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM_VT340, 120, 36);
    screen_assert_images(screen, 1);
    struct screen_image image = screen_image(screen, 0);
    assert_true(image.row + image.rows < 35);
    assert_int_equal(screen_counts(screen).dropped, 0);
    assert_int_equal(screen_counts(screen).last_row, 0);
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_images(screen, 2);
    screen_close(&screen);
}

static void the_wheel_zooms(void **state)
{
    (void)state;
    struct screen *screen = open_chart(SCREEN_XTERM, 120, 36);
    screen_mouse(screen, 'u', 40, 15);
    screen_mouse(screen, 'u', 40, 15);
    screen_settle(screen);
    screen_refute_text(screen, "100 of 100 points");
    screen_mouse(screen, 'p', 40, 15);
    screen_mouse(screen, 'r', 40, 15);
    screen_settle(screen);
    screen_assert_text(screen, "step ");
    screen_mouse(screen, 'd', 40, 15);
    screen_mouse(screen, 'd', 40, 15);
    screen_mouse(screen, 'd', 40, 15);
    screen_settle(screen);
    screen_assert_text(screen, "100 of 100 points");
    screen_close(&screen);
}

/* A run that got to step 600 and was started again at 300, lower: 1,300 points in all. */
enum added { RESTARTED, DIVERGED };

/* 1,300 points a millisecond apart: step 599 is followed by step 300, or all after step 9 is
   NaN. */
static void add_run(const char *name, enum added what)
{
    struct assay_log_point *points = assay_alloc_array(1300, sizeof *points);
    struct assay_local *local = NULL;
    char run[ASSAY_RUN_ID_SIZE];

    for (int i = 0; i < 1300; i++) {
        int step = what == DIVERGED || i < 600 ? i : i - 300;
        double value = what == DIVERGED ? (i < 10 ? 2.0 : (double)NAN) : i < 600 ? 3.0 : 1.0;
        points[i] =
            (struct assay_log_point){"val/loss", {step, FIXTURE_NOW_MS - 5000 + i, value}};
    }
    assert_int_equal(assay_local_open(&local, workbench_store(), NULL), ASSAY_OK);
    assert_int_equal(
        assay_local_start(local, "vit-sweep", name, FIXTURE_NOW_MS - 5000, run, NULL),
        ASSAY_OK);
    assert_int_equal(
        assay_local_log(local, run,
                        &(struct assay_log_batch){.points = points, .point_count = 1300}, NULL),
        ASSAY_OK);
    assay_local_close(&local);
    free(points);
}

/* u takes away what a restart wrote again and says how much; the smoothed line of the second
   attempt begins at its own first value. */
static void restarts(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    add_run("started-again", RESTARTED);
    screen_wait(screen, "13 runs");
    screen_press(screen, "g", NULL);
    screen_wait(screen, "started-again");
    screen_press(screen, "p", NULL);
    screen_wait(screen, "1,300 of 1,300 points");
    screen_assert_text(screen, "\xe2\x96\xbc"); /* where it was started again */
    screen_press(screen, "u", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1,000 of 1,300 points");
    screen_assert_text(screen, "without what restarts wrote again");
    screen_assert_text(screen, "300 hidden: restarts");
    screen_press(screen, "u", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1,300 of 1,300 points");
    screen_refute_text(screen, "hidden");
    type_command(screen, "smooth-more 0.99");
    screen_press(screen, "n", "n", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "started-again  1 ");
    screen_assert_text(screen, "raw 1");
    screen_close(&screen);
}

/* Where nothing in sight is finite there still are axes, a cursor and what it reads; and an
   axis of time can be looked at closer than a second. */
static void diverged(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    add_run("gone-astray", DIVERGED);
    screen_wait(screen, "13 runs");
    screen_press(screen, "g", NULL);
    screen_wait(screen, "gone-astray");
    screen_press(screen, "p", NULL);
    screen_wait(screen, "1,300 of 1,300 points");
    screen_press(screen, "l", "+", "+", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "no finite value");
    screen_refute_text(screen, "none");
    screen_assert_text(screen, "gone-astray  NaN");
    screen_press(screen, "x", NULL);
    screen_wait(screen, "wall time");
    screen_assert_text(screen, "1,300 of 1,300 points");
    screen_press(screen, "+", "+", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "1,300 of 1,300 points");
    screen_assert_text(screen, "of 1,300 points in view");
    screen_close(&screen);
}

/* Charts are painted on the terminal's own background: a theme without colours on any, the
   others on one of their own kind. In whole percents, as sixel has them. On the other kind a
   theme brings its own, below its text as well. */
static void background(void **state)
{
    static const struct {
        enum screen_kind kind;
        uint32_t background;
        const char *themes[3];
    } terminals[] = {{SCREEN_LIGHT, 0xffffff, {"theme light", "theme mono", "theme auto"}},
                     {SCREEN_FOOT, 0x0f1417, {"theme dark", "theme mono", "theme auto"}}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(terminals); i++) {
        struct screen *screen = open_chart(terminals[i].kind, 100, 30);
        for (size_t k = 0; k < ASSAY_COUNT(terminals[i].themes); k++) {
            type_command(screen, i == 0 ? "theme dark" : "theme light");
            assert_int_equal(screen_look(screen, 3, 99).bg, i == 0 ? 233 : 231);
            /* Below the image likewise, which ends within its last row. */
            screen_assert_images(screen, 1);
            struct screen_image own = screen_image(screen, 0);
            assert_int_equal(screen_look(screen, own.row + own.rows - 1, own.column + 5).bg,
                             i == 0 ? 233 : 231);
            type_command(screen, terminals[i].themes[k]);
            struct screen_image image = screen_image(screen, 0);
            uint32_t pixel = screen_pixel(screen, image.column * SCREEN_CELL_WIDTH + 3,
                                          image.row * SCREEN_CELL_HEIGHT + 2);
            assert_int_equal(pixel, terminals[i].background);
            assert_int_equal(screen_look(screen, 3, 99).bg, -1);
        }
        screen_close(&screen);
    }
}

/* From one screen's images to another's: below the end of the new one are blanks that erased
   an old one, and they have the theme's background likewise. */
static void background_below_an_image(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(80, 24, SCREEN_FOOT, NULL);
    type_command(screen, "theme light");
    screen_press(screen, "p", NULL);
    screen_settle(screen);
    screen_assert_images(screen, 1);
    struct screen_image image = screen_image(screen, 0);
    assert_true(image.height < image.rows * SCREEN_CELL_HEIGHT);
    for (int i = 0; i < image.columns; i++)
        assert_int_equal(screen_look(screen, image.row + image.rows - 1, image.column + i).bg,
                         231);
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(the_cursor_reads_values),
        cmocka_unit_test(the_cursor_can_be_out_of_sight),
        cmocka_unit_test(landmarks),
        cmocka_unit_test(notes_are_places),
        cmocka_unit_test(escape_leaves),
        cmocka_unit_test(keys_between_frames),
        cmocka_unit_test(zooms_to_the_raw_points),
        cmocka_unit_test(axes_and_smoothing),
        cmocka_unit_test(overlays_what_is_marked),
        cmocka_unit_test(runs_of_several_sources),
        cmocka_unit_test(writes_files),
        cmocka_unit_test(an_image_below_text),
        cmocka_unit_test(the_wheel_zooms),
        cmocka_unit_test(runs_as_their_mean),
        cmocka_unit_test(restarts),
        cmocka_unit_test(diverged),
        cmocka_unit_test(background),
        cmocka_unit_test(background_below_an_image),
    };
    return cmocka_run_group_tests_name("chart screen", tests, NULL, NULL);
}

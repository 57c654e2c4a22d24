/*
 * The first screen: text and colours, order, filter, marks, and that nothing jumps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>

#include <assay/local.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

static void shows_what_there_is(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_assert_text(screen, "EXPERIMENTS");
    screen_assert_text(screen, "vit-sweep");
    screen_assert_text(screen, "baseline");
    screen_assert_text(screen, "12 runs");
    screen_assert_text(screen, "1 live");
    /* The newest first, its values with as many decimals as the column has. */
    int row = workbench_row(screen, "run-01");
    assert_int_equal(row, 3);
    assert_non_null(strstr(screen_text(screen, row), "live"));
    assert_non_null(strstr(screen_text(screen, row), "0.2100"));
    assert_non_null(strstr(screen_text(screen, row), "0.9400"));
    assert_non_null(strstr(screen_text(screen, row + 1), "30:00"));
    /* What is the same in every run is no column; what differs is. */
    screen_assert_text(screen, "seed");
    screen_refute_text(screen, "adamw");
    screen_close(&screen);
}

/* A run that nobody ended and nothing was heard of for years is not said to be live. */
static void what_went_silent_is_not_live(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, "ASSAY_NOW_MS=1860000000000");
    int row = workbench_row(screen, "run-01");
    assert_non_null(strstr(screen_text(screen, row), "live 3y ago"));
    screen_refute_text(screen, "1 live");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "live 3y ago");
    screen_close(&screen);
}

static void colours_mean_something(void **state)
{
    (void)state;
    int row, column;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    assert_true(screen_find(screen, "nan", &row, &column));
    struct screen_look failed = screen_look(screen, row, column);
    assert_true(screen_find(screen, "live", &row, &column));
    struct screen_look live = screen_look(screen, workbench_row(screen, "run-01"), column);
    assert_int_not_equal(failed.fg, -1);
    assert_true(failed.bold);
    assert_int_not_equal(failed.fg, live.fg);
    /* The cursor's row is coloured across; the others are not. */
    row = workbench_row(screen, "run-01");
    assert_int_not_equal(screen_look(screen, row, 60).bg, -1);
    assert_int_equal(screen_look(screen, row + 1, 60).bg, -1);
    screen_close(&screen);
}

static void no_color_means_none(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, "NO_COLOR=1");
    for (int row = 0; row < 30; row++) {
        for (int column = 0; column < 100; column++) {
            struct screen_look look = screen_look(screen, row, column);
            assert_int_equal(look.fg, -1);
            assert_int_equal(look.bg, -1);
        }
    }
    screen_close(&screen);
}

/* The theme without colours has none either where the terminal has them: not in a cell, and
   not in the pixels of its charts. */
static void mono_means_none(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 36, SCREEN_FOOT, NULL);
    screen_press(screen, "space", "j", "space", ":", NULL);
    screen_type(screen, "theme mono");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    for (int row = 0; row < 36; row++) {
        for (int column = 0; column < 100; column++) {
            struct screen_look look = screen_look(screen, row, column);
            assert_int_equal(look.fg, -1);
            assert_int_equal(look.bg, -1);
        }
    }
    screen_assert_images(screen, 2);
    for (size_t i = 0; i < 2; i++) {
        struct screen_image image = screen_image(screen, i);
        for (int y = 0; y < image.height; y++) {
            for (int x = 0; x < image.width; x++) {
                uint32_t pixel = screen_pixel(screen, image.column * SCREEN_CELL_WIDTH + x,
                                              image.row * SCREEN_CELL_HEIGHT + y);
                if (pixel != SIXEL_UNPAINTED && pixel != 0x0f1417) { /* the terminal's own */
                    /* The grid keeps its distance from that. */
                    int red = (int)(pixel >> 16), blue = (int)(pixel & 0xff);
                    assert_in_range(abs(red - blue), 0, 8);
                }
            }
        }
    }
    screen_assert_text(screen, "╍"); /* the second run's legend */
    screen_close(&screen);
}

static void moves_and_sorts(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "l", "l", "l", "l", "s", NULL); /* the column val/loss */
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "run-01"), 3); /* the least loss first */
    screen_press(screen, "S", NULL);
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "run-12"), 3);
    assert_int_equal(workbench_row(screen, "run-05"), 14); /* NaN comes last either way */
    screen_press(screen, "G", NULL);
    screen_settle(screen);
    int column;
    int row = workbench_row(screen, "run-05");
    assert_true(screen_find(screen, "run-05", &row, &column));
    assert_int_not_equal(screen_look(screen, row, column).bg, -1);
    screen_press(screen, ":", NULL);
    screen_type(screen, "sort name");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "run-01"), 3);
    screen_press(screen, ":", NULL);
    screen_type(screen, "sort status"); /* an attribute that is no column */
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "no run has");
    screen_press(screen, ":", NULL);
    screen_type(screen, "sort val/los@min");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "no run has metrics.val/los@min");
    screen_press(screen, ":", NULL);
    screen_type(screen, "columns name,params.sed");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "no run has params.sed");
    screen_close(&screen);
}

/* A name alone in the columns is what it is in a filter: whichever of metric, param and tag
   has that name, or those of that last part. */
static void columns_by_name_alone(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, ":", NULL);
    screen_type(screen, "columns run_name, opt, loss@max, `val/acc`, duration");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "no run has");
    int row = workbench_row(screen, "NAME"), column;
    assert_true(screen_find(screen, "opt", &row, &column)); /* a param */
    assert_int_equal(row, workbench_row(screen, "NAME"));
    screen_assert_text(screen, "train/loss@max");
    screen_assert_text(screen, "val/loss@max");
    screen_assert_text(screen, "val/acc");
    screen_assert_text(screen, "adamw");
    screen_press(screen, ":", NULL);
    screen_type(screen, "columns name,artifact_uri"); /* known, and no column of this table */
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "the table has none for artifact_uri");
    screen_assert_text(screen, "train/loss@max"); /* it is as it was */
    screen_press(screen, ":", NULL);
    screen_type(screen, "columns attributes.nme");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "unknown attribute 'nme'");
    screen_close(&screen);
}

/* A cache that cannot be made: the workbench opens all the same, and says so unasked. */
static void says_what_it_cannot_keep(void **state)
{
    (void)state;
    const char *const argv[] = {"assay", TEST_DATA "/source/data/mlflow-3/mlruns", NULL};
    const char *const env[] = {"ASSAY_CACHE=/dev/null/cache.db", NULL};
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 100, .rows = 24, .kind = SCREEN_XTERM, .argv = argv, .env = env});
    screen_settle(screen);
    screen_assert_text(screen, "first 'quoted'");
    screen_assert_text(screen, "the cache is not kept: /dev/null");
    screen_press(screen, "j", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "the cache is not kept");
    screen_press(screen, "!", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "the cache is not kept");
    screen_close(&screen);
}

/* A place in which nothing could be read is not simply empty: what is wrong is a key away. */
static void nothing_could_be_read(void **state)
{
    (void)state;
    static const char text[] = "these are no events, but as long as some are";
    char *root = assay_path_join(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "assay-nothing");
    char *file = assay_path_join(root, "events.out.tfevents.1.host");
    assert_int_equal(assay_make_directories(root, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(file, text, strlen(text), 0600, NULL), ASSAY_OK);
    const char *const argv[] = {"assay", root, NULL};
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 120, .rows = 24, .kind = SCREEN_XTERM, .argv = argv});
    screen_settle(screen);
    screen_assert_text(screen, "what is wrong with the 1 thing that could not be read");
    screen_press(screen, "!", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "events.out.tfevents.1.host");
    screen_close(&screen);
    free(file);
    free(root);
}

/* The same of one place beside others that have runs. */
static void nothing_of_one_place_could_be_read(void **state)
{
    (void)state;
    static const char text[] = "these are no events, but as long as some are";
    char *root = assay_path_join(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "two-broken");
    const char *const argv[] = {"assay", TEST_DATA "/source/data/mlflow-3/mlruns", root, NULL};
    for (int i = 1; i <= 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "%d/events.out.tfevents.1.host", i);
        char *file = assay_path_join(root, name), *folder = assay_path_directory(file);
        assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
        assert_int_equal(assay_file_write(file, text, strlen(text), 0600, NULL), ASSAY_OK);
        free(folder);
        free(file);
    }
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 140, .rows = 24, .kind = SCREEN_XTERM, .argv = argv});
    screen_wait(screen, "   two-broken "); /* below the place: it was read */
    screen_settle(screen);
    screen_assert_text(screen, "first 'quoted'");
    screen_refute_text(screen, "could not be read");
    screen_press(screen, "tab", "G", "k", NULL); /* the last place of the tree */
    screen_settle(screen);
    screen_assert_text(screen,
                       "no runs here: 2 things could not be read; ! lists what is wrong");
    screen_press(screen, "!", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1/events.out.tfevents.1.host");
    screen_assert_text(screen, "2/events.out.tfevents.1.host");
    screen_close(&screen);
    free(root);
}

static void filters_while_typed(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "/", NULL);
    screen_type(screen, "metrics.`val/loss` < 0.235");
    screen_settle(screen);
    screen_assert_text(screen, "3 of 12");
    screen_refute_text(screen, "run-04");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_assert_text(screen, "run-04");
    screen_press(screen, "/", NULL);
    screen_type(screen, "run-1");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "3 of 12");
    screen_assert_text(screen, "/ run-1");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_close(&screen);
}

/* A filter that finds nothing here says what it finds elsewhere, and the key that goes there
   and back. */
static void says_where_else_it_matches(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "/", NULL);
    screen_type(screen, "base-");
    screen_settle(screen);
    screen_assert_text(screen, "0 of 12");
    screen_assert_text(screen, "no run of vit-sweep matches the filter");
    screen_assert_text(screen, "2 runs of other experiments do; enter, then a shows all runs");
    screen_type(screen, "1");
    screen_settle(screen);
    screen_assert_text(screen, "1 run of other experiments does; enter, then a shows all runs");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "experiments does; a shows all runs");
    screen_press(screen, "a", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1 of 14");
    screen_assert_text(screen, "/ base-1");
    workbench_row(screen, "base-1 ");
    screen_press(screen, "a", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "0 of 12");
    screen_press(screen, "/", NULL); /* nowhere at all */
    screen_type(screen, "x");
    screen_settle(screen);
    screen_assert_text(screen, "no run of vit-sweep matches the filter");
    screen_refute_text(screen, "other experiments");
    screen_assert_text(screen, "esc takes the filter away");
    screen_press(screen, "enter", "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_close(&screen);
}

/* A metric that no run has is no error, for it may yet be logged: it is said below, while it is
   typed and afterwards, with the name that is near, and enter takes the filter. */
static void points_at_what_nobody_has(void **state)
{
    (void)state;
    int row, column, prompt_row, prompt_column;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "/", NULL);
    screen_type(screen, "run and metrics.`val/los` < 1");
    screen_settle(screen);
    screen_assert_text(screen, "no run has metrics.val/los; did you mean metrics.val/loss?");
    assert_true(screen_find(screen, "▲", &row, &column));
    assert_true(screen_find(screen, "metrics.`val/los`", &prompt_row, &prompt_column));
    assert_int_equal(row, prompt_row + 1);
    assert_int_equal(column, prompt_column);
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "▲");
    screen_assert_text(screen, "no run of vit-sweep matches the filter");
    screen_assert_text(screen, "no run has metrics.val/los; did you mean metrics.val/loss?");
    screen_press(screen, "/", "ctrl+u", NULL);
    screen_type(screen, "metrics.`val/loss` < 0.235");
    screen_settle(screen);
    screen_refute_text(screen, "▲");
    screen_assert_text(screen, "3 of 12");
    screen_close(&screen);
}

static void points_at_what_is_wrong(void **state)
{
    (void)state;
    int row, column, cursor_row, cursor_column;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "/", NULL);
    screen_type(screen, "seed < ");
    screen_settle(screen);
    assert_true(screen_cursor(screen, &cursor_row, &cursor_column));
    assert_true(screen_find(screen, "▲", &row, &column));
    assert_int_equal(row, cursor_row + 1);
    /* What is not a filter yet leaves the one before in force, and none is blamed but that. */
    screen_press(screen, "ctrl+u", NULL);
    screen_type(screen, "nosuchrun = ");
    screen_settle(screen);
    screen_assert_text(screen, "▲");
    screen_assert_text(screen, "matches nosuchrun");
    screen_refute_text(screen, "matches the filter");
    screen_press(screen, "ctrl+u", NULL);
    screen_type(screen, "seed < ");
    screen_settle(screen);
    /* Enter does not take what cannot be understood; the rows of before are still there. */
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "▲");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "▲");
    screen_assert_text(screen, "12 runs");
    screen_close(&screen);
}

static void marks_are_drawn_together(void **state)
{
    (void)state;
    int row, column;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "space", "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "2 marked");
    row = workbench_row(screen, "run-01");
    assert_true(screen_find(screen, "●", &row, &column));
    assert_int_equal(row, 3);
    int first = screen_look(screen, row, column).fg;
    assert_int_not_equal(first, screen_look(screen, row + 1, column).fg);
    screen_press(screen, "u", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "marked");
    screen_close(&screen);
}

static void nothing_jumps(void **state)
{
    (void)state;
    char before[600], after[600];
    int column, row;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "j", "j", "j", NULL);
    screen_settle(screen);
    row = workbench_row(screen, "run-04");
    snprintf(before, sizeof before, "%s", screen_text(screen, row));
    fixture_add_run(workbench_store(), "brand-new");
    screen_wait(screen, "13 runs");
    screen_settle(screen);
    int now = workbench_row(screen, "run-04");
    snprintf(after, sizeof after, "%s", screen_text(screen, now));
    assert_true(screen_find(screen, "run-04", &now, &column));
    assert_int_not_equal(screen_look(screen, now, column).bg, -1);
    assert_string_equal(before, after);
    screen_close(&screen);
}

/* Nor does anything when it was scrolled, and sorted by what changes: only R sorts anew. */
static void nothing_jumps_when_sorted(void **state)
{
    (void)state;
    char before[24][600], name[32];
    int column, row;
    struct screen *screen = workbench_open(80, 24, SCREEN_XTERM, NULL);
    screen_press(screen, ":", NULL);
    screen_type(screen, "sort val/loss:desc");
    screen_press(screen, "enter", "G", "k", "k", NULL);
    screen_settle(screen);
    int first = workbench_row(screen, "NAME") + 1;
    row = workbench_row(screen, "run-02");
    for (int i = first; i <= row; i++) {
        snprintf(before[i], sizeof before[i], "%.20s", screen_text(screen, i));
    }
    for (int i = 0; i < 5; i++) { /* each with the greatest loss but one */
        snprintf(name, sizeof name, "new-%d", i);
        fixture_add_run(workbench_store(), name);
        snprintf(name, sizeof name, "%d runs", FIXTURE_RUNS + 1 + i);
        screen_wait(screen, name);
    }
    screen_settle(screen);
    for (int i = first; i <= row; i++) {
        char now[600];
        snprintf(now, sizeof now, "%.20s", screen_text(screen, i));
        assert_string_equal(before[i], now);
    }
    int at;
    assert_true(screen_find(screen, "run-02", &at, &column));
    assert_int_equal(at, row);
    assert_int_not_equal(screen_look(screen, row, column).bg, -1);
    screen_close(&screen);
}

/* The wheel moves what lies under the pointer, and a click in the margin marks. */
static void the_wheel_and_the_margin(void **state)
{
    (void)state;
    int row, column;
    struct screen *screen = workbench_open(60, 16, SCREEN_XTERM, NULL);
    assert_true(screen_find(screen, "run-02", &row, &column));
    for (int i = 0; i < 6; i++) {
        screen_mouse(screen, 'd', column, row);
    }
    screen_wait(screen, "run-12");
    for (int i = 0; i < 6; i++) {
        screen_mouse(screen, 'u', column, row);
    }
    screen_settle(screen);
    assert_true(screen_find(screen, "run-02", &row, &column));
    screen_mouse(screen, 'p', 1, row);
    screen_mouse(screen, 'r', 1, row);
    screen_wait(screen, "1 marked");
    screen_mouse(screen, 'p', column, row); /* a click on the row under the cursor opens it */
    screen_mouse(screen, 'r', column, row);
    screen_wait(screen, "metrics 3");
    screen_close(&screen);
}

/* A low window has a chart where the table leaves room for one, and none that takes rows of a
   table that is full. */
static void low_windows(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(84, 19, SCREEN_FOOT, NULL);
    screen_assert_images(screen, 0);
    screen_assert_text(screen, "run-12");
    screen_press(screen, "tab", "k", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "base-1");
    screen_refute_text(screen, "run-12");
    screen_assert_images(screen, 1);
    screen_close(&screen);
    screen = workbench_open(60, 16, SCREEN_FOOT, NULL);
    screen_press(screen, "tab", "k", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "base-2");
    screen_assert_images(screen, 1);
    screen_close(&screen);
}

static void the_tree_chooses(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "tab", "j", "G", NULL);
    screen_settle(screen);
    screen_press(screen, "k", NULL);
    screen_settle(screen);
    screen_press(screen, "g", NULL); /* all runs */
    screen_settle(screen);
    screen_assert_text(screen, "14 runs");
    screen_assert_text(screen, "EXPERIMENT ");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "space mark");
    screen_close(&screen);
}

static void views_are_kept(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "/", NULL);
    screen_type(screen, "run-1");
    screen_press(screen, "enter", ":", NULL);
    screen_type(screen, "save-view the tens");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "the tens");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_press(screen, "tab", "G", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "3 of 12");
    screen_close(&screen);
}

/* Where the columns leave room, each row shows how its metric went; nothing moves for it. */
static void rows_show_their_course(void **state)
{
    int row, column, before;
    (void)state;
    struct screen *screen = workbench_open(300, 36, SCREEN_XTERM, NULL);
    screen_wait(screen, "█▇");
    int heading = workbench_row(screen, "NAME");
    assert_non_null(strstr(screen_text(screen, heading), "val/loss"));
    assert_true(screen_find(screen, "run-11", &row, &before));
    screen_resize(screen, 80, 36);
    screen_settle(screen);
    screen_refute_text(screen, "█▇");
    screen_resize(screen, 300, 36);
    screen_wait(screen, "█▇");
    assert_true(screen_find(screen, "run-11", &row, &column));
    assert_int_equal(column, before);
    screen_press(screen, "m", NULL); /* of another metric */
    screen_settle(screen);
    screen_close(&screen);
}

static void fits_every_size(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_resize(screen, 80, 24);
    screen_settle(screen);
    screen_refute_text(screen, "EXPERIMENTS");
    screen_assert_text(screen, "local / vit-sweep");
    screen_assert_text(screen, "step");
    screen_resize(screen, 60, 16);
    screen_settle(screen);
    screen_assert_text(screen, "run-11");
    screen_refute_text(screen, "step");
    screen_resize(screen, 20, 5);
    screen_wait(screen, "20x5 for 60x16");
    screen_resize(screen, 40, 10);
    screen_settle(screen);
    screen_assert_text(screen, "60x16, and this is 40x10");
    screen_resize(screen, 300, 100);
    screen_settle(screen);
    screen_assert_text(screen, "EXPERIMENTS");
    screen_assert_text(screen, "run-12");
    screen_close(&screen);
}

static void an_empty_screen_says_what_to_do(void **state)
{
    (void)state;
    struct screen *screen = workbench_open_empty(80, 24);
    screen_assert_text(screen, "Nothing to show yet");
    screen_assert_text(screen, "the local store");
    screen_assert_text(screen, "train small models");
    screen_press(screen, "d", NULL);
    screen_wait(screen, "the demo has trained its models");
    screen_wait(screen, "12 runs");
    screen_assert_text(screen, "spirals");
    screen_press(screen, "q", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

static void log_live(struct assay_local *local, const char *name, double value)
{
    char id[ASSAY_RUN_ID_SIZE];
    struct assay_error err = {0};
    const struct assay_log_point points[] = {{"loss", {1, 1, 2}}, {"loss", {2, 2, value}}};
    assert_int_equal(assay_local_start(local, "runaway", name, 5, id, &err), ASSAY_OK);
    assert_int_equal(
        assay_local_log(local, id,
                        &(struct assay_log_batch){.points = points, .point_count = 2}, &err),
        ASSAY_OK);
}

/* Another program makes the local store, folder and all, while nothing is shown yet. What its
   live runs have come to is said in the top line. */
static void a_store_that_appears_is_shown_by_itself(void **state)
{
    (void)state;
    char path[500], store[520];
    const char *base = getenv("TMPDIR");
    struct assay_local *local = NULL;
    struct assay_error err = {0};
    snprintf(path, sizeof path, "%s/appears-%ld/store.db", base ? base : "/tmp",
             (long)getpid());
    snprintf(store, sizeof store, "ASSAY_STORE=%s", path);
    const char *const argv[] = {"assay", "local", NULL}, *const env[] = {store, NULL};
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 100, .rows = 30, .kind = SCREEN_XTERM, .argv = argv, .env = env});
    screen_wait(screen, "Nothing to show yet");
    assert_int_equal(assay_local_open(&local, path, &err), ASSAY_OK);
    log_live(local, "sound", 1);
    log_live(local, "to nothing", (double)NAN);
    log_live(local, "to the sky", (double)INFINITY);
    log_live(local, "to the ground", -(double)INFINITY);
    screen_wait(screen, "4 live   1 NaN   2 inf");
    screen_assert_text(screen, "to the ground");
    assay_local_close(&local);
    screen_press(screen, "q", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

/* Only where it was looked: neither the local store nor the directory we are in was asked for.
 */
static void an_empty_screen_names_what_was_looked_at(void **state)
{
    (void)state;
    char folder[400], path[500];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/nothing-in-here-%ld", base ? base : "/tmp",
             (long)getpid());
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_non_null(realpath(folder, path));
    const char *const argv[] = {"assay", folder, NULL};
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 160, .rows = 24, .kind = SCREEN_XTERM, .argv = argv});
    screen_wait(screen, "Nothing to show yet");
    screen_settle(screen);
    screen_assert_text(screen, path);
    screen_refute_text(screen, "the local store");
    screen_refute_text(screen, "this directory");
    screen_close(&screen);
    rmdir(folder);
}

static void charts_are_images_where_they_can_be(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM_VT340, NULL);
    screen_assert_images(screen, 2);
    assert_int_equal(screen_counts(screen).last_row, 0);
    /* Moving back and forth sends what changed, and what is below a box is taken away. */
    screen_press(screen, ":", NULL);
    screen_settle(screen);
    assert_true(screen_images(screen) < 2);
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_images(screen, 2);
    screen_close(&screen);
}

static void the_mouse_helps(void **state)
{
    (void)state;
    int row, column;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    row = workbench_row(screen, "run-06");
    assert_true(screen_find(screen, "run-06", &row, &column));
    screen_mouse(screen, 'p', column, row);
    screen_mouse(screen, 'r', column, row);
    screen_settle(screen);
    assert_int_not_equal(screen_look(screen, row, column).bg, -1);
    assert_true(screen_find(screen, "NAME", &row, &column));
    screen_mouse(screen, 'p', column, row);
    screen_mouse(screen, 'r', column, row);
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "run-01"), row + 1);
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_there_is),
        cmocka_unit_test(what_went_silent_is_not_live),
        cmocka_unit_test(colours_mean_something),
        cmocka_unit_test(no_color_means_none),
        cmocka_unit_test(mono_means_none),
        cmocka_unit_test(low_windows),
        cmocka_unit_test(moves_and_sorts),
        cmocka_unit_test(columns_by_name_alone),
        cmocka_unit_test(says_what_it_cannot_keep),
        cmocka_unit_test(nothing_could_be_read),
        cmocka_unit_test(nothing_of_one_place_could_be_read),
        cmocka_unit_test(filters_while_typed),
        cmocka_unit_test(says_where_else_it_matches),
        cmocka_unit_test(points_at_what_nobody_has),
        cmocka_unit_test(points_at_what_is_wrong),
        cmocka_unit_test(marks_are_drawn_together),
        cmocka_unit_test(nothing_jumps),
        cmocka_unit_test(nothing_jumps_when_sorted),
        cmocka_unit_test(the_wheel_and_the_margin),
        cmocka_unit_test(the_tree_chooses),
        cmocka_unit_test(views_are_kept),
        cmocka_unit_test(rows_show_their_course),
        cmocka_unit_test(fits_every_size),
        cmocka_unit_test(an_empty_screen_says_what_to_do),
        cmocka_unit_test(a_store_that_appears_is_shown_by_itself),
        cmocka_unit_test(an_empty_screen_names_what_was_looked_at),
        cmocka_unit_test(charts_are_images_where_they_can_be),
        cmocka_unit_test(the_mouse_helps),
    };
    return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}

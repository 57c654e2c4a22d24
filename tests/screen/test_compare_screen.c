/*
 * The comparison on the screen: differences first, the baseline, transposing, groups, the
 * pages, and a planted difference among five hundred runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/chart.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

/* run-01 and run-02 marked and compared. */
static struct screen *open_two(int columns, int rows)
{
    struct screen *screen = workbench_open(columns, rows, SCREEN_XTERM, NULL);
    screen_press(screen, "space", "space", "c", NULL); /* marking goes on to the next */
    screen_settle(screen);
    return screen;
}

static void differences_first(void **state)
{
    (void)state;
    struct screen *screen = open_two(120, 36);
    screen_assert_text(screen, "compare run-01 against 1 run");
    screen_assert_text(screen, "◆ run-01");
    screen_assert_text(screen, "lr");
    screen_assert_text(screen, "-70 %");
    screen_assert_text(screen, "val/loss ↓");
    screen_assert_text(screen, "+0.01, +4.76 %");
    screen_assert_text(screen, "7 equal rows folded");
    screen_refute_text(screen, "opt");
    screen_press(screen, "d", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "opt");
    screen_refute_text(screen, "equal rows folded");
    screen_assert_text(screen, "a\xef\xbf\xbd[31mred"); /* from outside, made harmless */
    screen_press(screen, "d", "G", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "val/loss  ");
    screen_close(&screen);
}

static void colours_say_better_and_worse(void **state)
{
    (void)state;
    struct screen *screen = open_two(120, 36);
    int row, column;
    assert_true(screen_find(screen, "+4.76 %", &row, &column));
    struct screen_look worse = screen_look(screen, row, column);
    assert_true(screen_find(screen, "-70 %", &row, &column));
    assert_int_not_equal(worse.fg, screen_look(screen, row, column).fg);
    /* The other way round it is better. */
    screen_press(screen, "l", "l", "b", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "◆ run-02");
    assert_true(screen_find(screen, "-4.55 %", &row, &column));
    assert_int_not_equal(worse.fg, screen_look(screen, row, column).fg);
    screen_close(&screen);
}

static void many_runs_side_by_side(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_assert_text(screen, "all together");
    screen_assert_text(screen, "0.0003 ×6, 0.001 ×6");
    screen_assert_text(screen, "not finite"); /* run-05 is said, not compared */
    screen_press(screen, "T", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "run-12");
    screen_assert_text(screen, "val/loss ↓");
    screen_press(screen, "T", "G", "s", NULL); /* by val/loss, the least first */
    screen_settle(screen);
    screen_assert_text(screen, "by val/loss");
    screen_press(screen, "/", NULL);
    screen_type(screen, "lr");
    screen_settle(screen);
    screen_assert_text(screen, "lr");
    screen_refute_text(screen, "val/acc ↑");
    screen_press(screen, "esc", "i", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "values of");
    screen_press(screen, "q", "w", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "too few runs");
    screen_press(screen, "q", "y", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 of 12 runs: mean");
    screen_press(screen, "k", NULL); /* the lowest fifth of the first axis */
    screen_settle(screen);
    screen_refute_text(screen, "12 of 12 runs");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 of 12 runs");
    screen_press(screen, "q", "v", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "against lr=");
    screen_assert_text(screen, "no evidence of a difference");
    screen_press(screen, "q", "S", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "2 groups by lr");
    screen_assert_text(screen, "±");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "EXPERIMENTS");
    screen_close(&screen);
}

static void values_at_an_equal_step(void **state)
{
    (void)state;
    struct screen *screen = open_two(120, 36);
    screen_press(screen, "@", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "cursor somewhere");
    screen_press(screen, ":", NULL);
    screen_type(screen, "at step=500");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "at step 500");
    screen_settle(screen);
    screen_assert_text(screen, "4 of 13 rows differ"); /* both have 0.3 and 1 there */
    screen_press(screen, "@", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "6 of 13 rows differ");
    screen_close(&screen);
}

static void hiding_pinning_turning(void **state)
{
    (void)state;
    struct screen *screen = open_two(120, 36);
    screen_press(screen, "G", "p", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "pinned");
    assert_true(workbench_row(screen, "val/loss") < workbench_row(screen, "duration"));
    screen_press(screen, "g", "=", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "val/loss  "); /* not judged any more: no arrow */
    screen_press(screen, "j", "x", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "duration  ");
    screen_press(screen, "X", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "duration");
    screen_press(screen, "D", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "deltas");
    screen_press(screen, "g", "x", NULL); /* a pinned row that is hidden is gone */
    screen_wait(screen, "val/loss: hidden");
    screen_refute_text(screen, "pinned");
    screen_press(screen, "X", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "pinned");
    screen_close(&screen);
}

static void every_size_draws(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
    } sizes[] = {{80, 24}, {60, 16}, {300, 100}};
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct screen *screen = open_two(sizes[i].columns, sizes[i].rows);
        screen_assert_text(screen, "COMPARE");
        screen_assert_text(screen, "lr");
        screen_press(screen, "T", "S", "v", "w", "q", "]", "m", "a", "R", NULL);
        screen_settle(screen);
        screen_assert_text(screen, "COMPARE");
        screen_close(&screen);
    }
}

static void one_run_alone_is_said(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "space", "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "one alone");
    screen_close(&screen);
}

/* A store of its own with COUNT runs of 40 params, all the same but "clip" in run ODD, and, where
   they have texts of their OWN, "param1". */
static void make_planted(const char *path, int count, int odd, bool own)
{
    struct assay_error err = {0};
    struct assay_local *local = NULL;
    char name[64], keys[40][24];
    struct assay_pair params[40];
    unlink(path);
    assert_int_equal(assay_local_open(&local, path, &err), ASSAY_OK);
    for (int i = 0; i < 40; i++) {
        snprintf(keys[i], sizeof keys[i], "param%d", i);
        params[i] = (struct assay_pair){i ? keys[i] : "clip", "1.0"};
    }
    for (int i = 0; i < count; i++) {
        char run[ASSAY_RUN_ID_SIZE];
        int64_t start = FIXTURE_NOW_MS - (int64_t)(count - i) * 60000;
        snprintf(name, sizeof name, "big-%d", i);
        params[0].value = i == odd ? "0.5" : "1.0";
        params[1].value = own ? name : "1.0";
        struct assay_log_batch batch = {.params = params, .param_count = 40};
        assert_int_equal(assay_local_start(local, "big", name, start, run, &err), ASSAY_OK);
        assert_int_equal(assay_local_log(local, run, &batch, &err), ASSAY_OK);
        assert_int_equal(assay_local_finish(local, run, ASSAY_RUN_FINISHED, start + 1000, &err),
                         ASSAY_OK);
    }
    assay_local_close(&local);
}

/* Five hundred runs that are the same but for one param of one of them, and one in which no two
   are: found with two keys. */
static void a_planted_difference_is_found(void **state)
{
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/planted.db", getenv("TMPDIR"));
    make_planted(path, 500, 321, true);
    struct screen *screen = workbench_open_on("local", path, "planted", 120, 36, SCREEN_XTERM);
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "500 runs");
    screen_assert_text(screen, "clip");
    screen_assert_text(screen, "1.0 ×499, 0.5 ×1");
    screen_assert_text(screen, "500 values"); /* of param1, all of them counted */
    screen_press(screen, "i", NULL); /* the first field that differs is under the cursor */
    screen_settle(screen);
    screen_assert_text(screen, "    1 x  0.5");
    screen_assert_text(screen, "big-321");
    screen_close(&screen);
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char *path = assay_path_join(folder, name);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(path);
}

/* Two runs of an MLflow directory with a report and requirements each. */
/* A chart's frame of two colours, one of them ours. */
static void put_picture(const char *folder, bool other)
{
    struct assay_frame frame = {.colors = 2};
    struct assay_buf out = {0};
    char *path = assay_path_join(folder, "plot.png");
    assay_frame_resize(&frame, 60, 40);
    memset(frame.pixels, 0, 60 * 40);
    frame.colors = 2;
    frame.palette[0] = (struct assay_rgb){255, 255, 255};
    frame.palette[1] = (struct assay_rgb){255, 0, 0};
    for (int i = 0; i < 30 && other; i++)
        frame.pixels[20 * 60 + 10 + i] = 1;
    assert_int_equal(assay_encode_png(&frame, &out, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, out.data, out.length, 0600, NULL), ASSAY_OK);
    assay_buf_free(&out);
    assay_frame_free(&frame);
    free(path);
}

static void make_mlruns(const char *root)
{
    char folder[600], text[1500];
    for (int r = 0; r < 2; r++) {
        char id = (char)('a' + r);
        snprintf(folder, sizeof folder, "%s/mlruns/1/%c%c%c%c%c%c%c%c/artifacts", root, id, id,
                 id, id, id, id, id, id);
        assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
        put_file(folder, "report.txt", r ? "one\ntwo\nthree\n" : "one\n2\nthree\n");
        put_file(folder, "requirements.txt", r ? "numpy==2.0.0\n" : "numpy==1.26.4\n");
        put_file(folder, "config.yaml", r ? "opt: {lr: 0.1}\n" : "opt: {lr: 0.2}\n");
        put_picture(folder, r == 1);
        snprintf(text, sizeof text,
                 "artifact_uri: file://%s\nend_time: 1700000060000\nexperiment_id: '1'\n"
                 "lifecycle_stage: active\nrun_id: %c%c%c%c%c%c%c%c\nrun_name: net-%d\n"
                 "start_time: 170000000000%d\nstatus: 3\ntags: []\nuser_id: u\n",
                 folder, id, id, id, id, id, id, id, id, r, 9 - r);
        *strrchr(folder, '/') = '\0';
        put_file(folder, "meta.yaml", text);
    }
    snprintf(folder, sizeof folder, "%s/mlruns/1", root);
    snprintf(text, sizeof text,
             "artifact_location: file://%s\nexperiment_id: '1'\nlifecycle_stage: active\n"
             "name: eval\n",
             folder);
    put_file(folder, "meta.yaml", text);
}

static void artifacts_line_by_line(void **state)
{
    (void)state;
    char root[400];
    snprintf(root, sizeof root, "%s/artifacts", getenv("TMPDIR"));
    make_mlruns(root);
    struct screen *screen = workbench_open_on(root, NULL, "artifacts", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "net-1");
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "package numpy");
    screen_settle(screen);
    screen_assert_text(screen, "1.26.4");
    screen_assert_text(screen, "file report.txt");
    screen_press(screen, "/", NULL);
    screen_type(screen, "report");
    screen_press(screen, "enter", "l", "l", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "@@ -1,3 +1,3 @@");
    screen_assert_text(screen, "-2");
    screen_assert_text(screen, "+two");
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "COMPARE");
    screen_close(&screen);
}

/* Artifacts that come in while a page is open move the rows: the page stays on its field. */
static void artifacts_leave_a_page_on_its_field(void **state)
{
    (void)state;
    char root[400], folder[500];
    snprintf(root, sizeof root, "%s/tagged", getenv("TMPDIR"));
    make_mlruns(root);
    for (int r = 0; r < 2; r++) {
        snprintf(folder, sizeof folder, "%s/mlruns/1/%s/tags", root, r ? "bbbbbbbb" : "aaaaaaaa");
        assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
        put_file(folder, "zeta", r ? "one" : "two");
    }
    struct screen *screen = workbench_open_on(root, NULL, "tagged", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "net-1");
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "zeta");
    screen_assert_text(screen, "2 of 6 rows differ");
    screen_press(screen, "G", "f", "i", NULL);
    screen_wait(screen, "8 of 12 rows differ"); /* they are in */
    screen_settle(screen);
    screen_assert_text(screen, "values of zeta");
    screen_assert_text(screen, "1 x  two");
    screen_close(&screen);
}

static struct screen *open_artifacts(enum screen_kind kind)
{
    static char root[400];
    snprintf(root, sizeof root, "%s/pictures", getenv("TMPDIR"));
    make_mlruns(root);
    struct screen *screen = workbench_open_on(root, NULL, "pictures", 140, 36, kind);
    screen_wait(screen, "net-1");
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "package numpy");
    screen_settle(screen);
    return screen;
}

/* Three panes with room between them, one over all, or none. They are sent one after the other,
   as the terminal takes them. */
static void wait_for_panes(struct screen *screen, int panes)
{
    bool good = false;
    for (int i = 0; i < 10 && !good; i++) {
        size_t first = screen_pixels_in(screen, 10, 5, 5, 5);
        size_t between = screen_pixels_in(screen, 10, 45, 5, 2);
        size_t last = screen_pixels_in(screen, 10, 100, 5, 5);
        good = (first > 0) == (panes > 0) && (last > 0) == (panes > 0) &&
               (between > 0) == (panes == 1);
        if (!good)
            screen_settle(screen);
    }
    assert_true(good);
}

static void pictures_beside_each_other(void **state)
{
    (void)state;
    struct screen *screen = open_artifacts(SCREEN_FOOT);
    screen_assert_text(screen, "config.yaml.opt.lr"); /* a leaf of a file is a row */
    screen_press(screen, "/", NULL);
    screen_type(screen, "plot");
    screen_press(screen, "enter", "enter", NULL); /* of two the other, wherever the cursor is */
    screen_wait(screen, "30 of 2400 pixels differ (1.25 %)");
    screen_settle(screen);
    screen_assert_text(screen, "what differs");
    wait_for_panes(screen, 3);
    screen_press(screen, "B", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "B side by side");
    wait_for_panes(screen, 1);
    screen_press(screen, "B", NULL);
    screen_settle(screen);
    wait_for_panes(screen, 3);
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "COMPARE");
    screen_assert_text(screen, "file plot.png");
    screen_close(&screen);

    screen = open_artifacts(SCREEN_XTERM); /* in characters where there are no images */
    screen_press(screen, "/", NULL);
    screen_type(screen, "plot");
    screen_press(screen, "enter", "enter", NULL);
    screen_wait(screen, "30 of 2400 pixels differ");
    screen_settle(screen);
    screen_close(&screen);
}

static void a_comparison_is_carried_away(void **state)
{
    (void)state;
    char *text, path[500], typed[600];
    size_t length;
    struct screen *screen = open_artifacts(SCREEN_XTERM);
    static const char *const files[][2] = {
        {"c.html", "<!DOCTYPE html>"}, {"c.md", "◆ net-0"}, {"c.tex", "\\begin{tabular}"}};
    for (size_t i = 0; i < ASSAY_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", getenv("TMPDIR"), files[i][0]);
        snprintf(typed, sizeof typed, ":write %s", path);
        screen_type(screen, typed);
        screen_press(screen, "enter", NULL);
        screen_wait(screen, "wrote ");
        screen_settle(screen);
        assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, NULL), ASSAY_OK);
        if (!strstr(text, files[i][1]))
            fail_msg("%s: no \"%s\" in %.300s", files[i][0], files[i][1], text);
        free(text);
        screen_press(screen, "j", NULL);
        screen_settle(screen);
    }
    screen_type(screen, typed); /* nothing is written over */
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "is there already");
    screen_type(screen, ":write x.doc");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "what kind of file?");
    snprintf(path, sizeof path, "%s/c.bundle", getenv("TMPDIR"));
    snprintf(typed, sizeof typed, ":bundle %s", path);
    screen_type(screen, typed);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "wrote ");
    assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, NULL), ASSAY_OK);
    assert_non_null(strstr(text, "\"assay_bundle\": 1"));
    free(text);
    screen_close(&screen);
}

static void many_marks_and_other_ways_to_choose(void **state)
{
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/marks.db", getenv("TMPDIR"));
    make_planted(path, 120, 3, false);
    struct screen *screen = workbench_open_on("local", path, "marks", 120, 36, SCREEN_XTERM);
    screen_settle(screen);
    for (int i = 0; i < 100; i++)
        screen_type(screen, " ");
    screen_settle(screen);
    screen_assert_text(screen, "100 marked");
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "100 runs");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_type(screen, ":compare last 3");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "3 runs");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_type(screen, ":compare parent");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "has no parent");
    screen_type(screen, ":compare champion");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "champion comes from");
    screen_type(screen, ":compare nonsense");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "compare what?");
    screen_close(&screen);
}

static void values_at_equal_tokens(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(140, 40, SCREEN_XTERM, NULL);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_type(screen, ":at val/acc=0.5"); /* whatever grows may be what is spent */
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "at val/acc 0.5");
    screen_settle(screen);
    screen_type(screen, ":at nosuch=5");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "no run here has a metric of that name");
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_first),
        cmocka_unit_test(colours_say_better_and_worse),
        cmocka_unit_test(many_runs_side_by_side),
        cmocka_unit_test(values_at_an_equal_step),
        cmocka_unit_test(hiding_pinning_turning),
        cmocka_unit_test(every_size_draws),
        cmocka_unit_test(one_run_alone_is_said),
        cmocka_unit_test(a_planted_difference_is_found),
        cmocka_unit_test(artifacts_line_by_line),
        cmocka_unit_test(artifacts_leave_a_page_on_its_field),
        cmocka_unit_test(pictures_beside_each_other),
        cmocka_unit_test(a_comparison_is_carried_away),
        cmocka_unit_test(many_marks_and_other_ways_to_choose),
        cmocka_unit_test(values_at_equal_tokens),
    };
    return cmocka_run_group_tests_name("compare screen", tests, NULL, NULL);
}

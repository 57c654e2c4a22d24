/*
 * The run screen on what a run left behind: its files looked at, its log, its machine, its
 * lineage, and what is copied of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/chart.h>
#include <assay/file.h>
#include <assay/local.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

#define PARENT "aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb"
#define CHILD  "ccccccccddddddddccccccccdddddddd"

static void put(const char *folder, const char *name, const void *bytes, size_t length)
{
    char *path = assay_path_join(folder, name), *above = assay_path_directory(path);
    assert_int_equal(assay_make_directories(above, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, bytes, length, 0600, NULL), ASSAY_OK);
    free(above);
    free(path);
}

static void put_text(const char *folder, const char *name, const char *text)
{
    put(folder, name, text, strlen(text));
}

static void put_run(const char *experiment, const char *id, const char *name,
                    const char *parent)
{
    char folder[700], text[1600];
    snprintf(folder, sizeof folder, "%s/%s", experiment, id);
    snprintf(text, sizeof text,
             "artifact_uri: file://%s/artifacts\nend_time: 1700000060000\nexperiment_id: '1'\n"
             "lifecycle_stage: active\nrun_id: %s\nrun_name: %s\nstart_time: %s\n"
             "status: 3\ntags: []\nuser_id: dev\n",
             folder, id, name, parent ? "1700000000000" : "1700000009000");
    put_text(folder, "meta.yaml", text);
    put_text(folder, "metrics/loss", "1700000000000 0.5 1\n1700000001000 0.25 2\n");
    put_text(folder, "metrics/system/cpu_percent",
             "1700000000000 30 1\n1700000001000 60.5 2\n");
    put_text(folder, "params/lr", "0.001");
    put_text(folder, "tags/mlflow.source.git.commit",
             "0a1b2c3d4e5f6071829304a5b6c7d8e9f0a1b2c3");
    if (parent) {
        put_text(folder, "tags/mlflow.parentRunId", parent);
    }
}

static void put_artifacts(const char *folder)
{
    struct assay_frame frame = {0};
    struct assay_buf out = {0};
    put_text(folder, "card.md", "# The *card*\n\nIt is **good**.\n\n- one\n");
    put_text(folder, "data.json", "{\"auc\": 0.9447, \"slices\": [1, 2]}");
    put_text(folder, "slices.csv", "slice,auc\neu,0.94\nus,0.9\n");
    for (int i = 0; i < 500; i++) {
        assay_buf_format(&out, "line %d\n", i);
    }
    put(folder, "train.log", out.data, out.length);
    assay_buf_reset(&out);
    assay_frame_resize(&frame, 40, 30);
    frame.colors = 2;
    frame.palette[0] = (struct assay_rgb){255, 0, 0};
    memset(frame.pixels, 0, 40 * 30);
    assert_int_equal(assay_encode_png(&frame, &out, NULL), ASSAY_OK);
    put(folder, "z.png", out.data, out.length);
    assay_buf_free(&out);
    assay_frame_free(&frame);
}

/* The workbench on two runs, of which WHOLE has what it makes of its folder of artifacts. */
static struct screen *open_runs(enum screen_kind kind, const char *name,
                                void (*whole)(const char *artifacts))
{
    static char root[400];
    char experiment[500], artifacts[600], meta[800];
    snprintf(root, sizeof root, "%s/%s", getenv("TMPDIR"), name);
    snprintf(experiment, sizeof experiment, "%s/mlruns/1", root);
    snprintf(artifacts, sizeof artifacts, "%s/" PARENT "/artifacts", experiment);
    snprintf(meta, sizeof meta,
             "artifact_location: file://%s\nexperiment_id: '1'\nlifecycle_stage: active\n"
             "name: eval\n",
             experiment);
    put_text(experiment, "meta.yaml", meta);
    put_run(experiment, PARENT, "whole", NULL);
    put_run(experiment, CHILD, "part", PARENT);
    whole(artifacts);
    struct screen *screen = workbench_open_on(root, NULL, name, 120, 36, kind);
    screen_wait(screen, "whole");
    screen_settle(screen);
    screen_press(screen, "enter", NULL);
    return screen;
}

/* The same with the one that has files open. */
static struct screen *open_run(enum screen_kind kind, const char *name)
{
    struct screen *screen = open_runs(kind, name, put_artifacts);
    screen_wait(screen, "4 artifacts");
    screen_wait(screen, "artifacts 5");
    return screen;
}

static void files_are_looked_at(void **state)
{
    (void)state;
    struct screen *screen = open_run(SCREEN_XTERM, "look");
    int row, column;
    screen_press(screen, "4", NULL);
    screen_wait(screen, "Markdown");
    screen_assert_text(screen, "The card"); /* beside the tree, as it is meant to be read */
    assert_true(screen_find(screen, "good", &row, &column));
    assert_true(screen_look(screen, row, column).bold);
    screen_press(screen, "j", NULL);
    screen_wait(screen, "auc: 0.9447");
    screen_press(screen, "enter", "j", "j", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "slices: [2]");
    screen_assert_text(screen, "1: 2");
    screen_press(screen, "enter", NULL); /* closes what the line holds */
    screen_settle(screen);
    screen_refute_text(screen, "1: 2");
    screen_press(screen, "esc", "j", NULL);
    screen_wait(screen, "2 rows, 2 columns");
    screen_assert_text(screen, "0.94");
    screen_press(screen, "q", NULL); /* nothing is looked at in full: the screen before */
    screen_settle(screen);
    screen_assert_text(screen, "RUNS");
    screen_close(&screen);
}

static void pictures_are_shown(void **state)
{
    (void)state;
    struct screen *screen = open_run(SCREEN_XTERM_VT340, "picture");
    screen_press(screen, "4", "G", NULL);
    screen_wait(screen, "40 x 30 pixels");
    screen_settle(screen);
    screen_assert_images(screen, 1);
    struct screen_image image = screen_image(screen, 0);
    int x = image.column * SCREEN_CELL_WIDTH + image.width / 2;
    int y = image.row * SCREEN_CELL_HEIGHT + image.height / 2;
    assert_int_equal(screen_pixel(screen, x, y), 0xff0000);
    screen_press(screen, "?", NULL); /* help takes it away, and it comes back */
    screen_settle(screen);
    screen_assert_images(screen, 0);
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_images(screen, 1);
    screen_close(&screen);
}

static void the_log_begins_at_its_end(void **state)
{
    (void)state;
    struct screen *screen = open_run(SCREEN_XTERM, "log");
    screen_press(screen, "5", NULL);
    screen_wait(screen, "line 499");
    screen_refute_text(screen, "line 100");
    screen_press(screen, "/", NULL);
    screen_type(screen, "line 10");
    screen_settle(screen);
    screen_assert_text(screen, "line 109");
    screen_assert_text(screen, "11 with \"line 10\"");
    screen_press(screen, "esc", "g", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "line 0");
    screen_close(&screen);
}

static void the_machine_and_the_family(void **state)
{
    (void)state;
    struct screen *screen = open_run(SCREEN_XTERM, "family");
    screen_press(screen, "6", NULL);
    screen_wait(screen, "cpu_percent");
    screen_assert_text(screen, "60.5");
    screen_press(screen, "7", NULL);
    screen_wait(screen, "CHILDREN");
    screen_assert_text(screen, "part");
    screen_assert_text(screen, "0a1b2c3d4e5f6071829304a5b6c7d8e9f0a1b2c3");
    screen_press(screen, "enter", NULL); /* on to the child, whose lineage names its parent */
    screen_wait(screen, "PARENT");
    screen_assert_text(screen, "whole");
    screen_close(&screen);
}

/* A log that is no text, one that is empty, a machine that measured nothing, a parent that is
   not there. */
static void put_broken(const char *artifacts)
{
    char run[700];
    snprintf(run, sizeof run, "%.*s", (int)(strrchr(artifacts, '/') - artifacts), artifacts);
    put(artifacts, "train.log", "one\n\033]0;title\007two\xff\xfe\n\033[31mthree\033[0m\n", 35);
    put(artifacts, "worse.log", "", 0);
    put_text(run, "metrics/system/cpu_percent", "1700000000000 nan 1\n");
    put_text(run, "tags/mlflow.parentRunId", "00000000000000000000000000000bad");
}

static void broken_things_are_said(void **state)
{
    (void)state;
    struct screen *screen = open_runs(SCREEN_XTERM, "broken", put_broken);
    uint64_t titles = screen_counts(screen).titles;
    screen_press(screen, "5", NULL);
    screen_wait(screen, "1 of 2, enter shows the next");
    screen_assert_text(screen, "three");
    assert_true(screen_counts(screen).titles == titles);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "2 of 2, enter shows the next");
    screen_assert_text(screen, "worse.log");
    screen_refute_text(screen, "three");
    screen_press(screen, "6", NULL);
    screen_wait(screen, "no finite value to draw");
    screen_press(screen, "7", NULL);
    screen_wait(screen, "00000000000000000000000000000bad");
    screen_press(screen, "enter", NULL); /* it leads nowhere, and nothing breaks */
    screen_settle(screen);
    screen_assert_text(screen, "whole");
    screen_close(&screen);
}

static void what_is_here_is_copied(void **state)
{
    (void)state;
    struct screen *screen = open_run(SCREEN_XTERM, "copy");
    screen_press(screen, "2", NULL);
    screen_settle(screen);
    screen_press(screen, "Y", NULL);
    screen_wait(screen, "clipboard: 0.001");
    screen_press(screen, "q", "Y", NULL);
    screen_wait(screen, "clipboard: " PARENT);
    screen_close(&screen);
}

/* A run of the local store is looked at while files are logged to it. */
static void logged_files_come_up(void **state)
{
    (void)state;
    char store[500], file[520], id[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = NULL;
    snprintf(store, sizeof store, "%s/logged.db", getenv("TMPDIR"));
    snprintf(file, sizeof file, "%s/first.txt", getenv("TMPDIR"));
    put_text(getenv("TMPDIR"), "first.txt", "what it says");
    assert_int_equal(assay_local_open(&local, store, NULL), ASSAY_OK);
    assert_int_equal(assay_local_start(local, "by hand", "one", FIXTURE_NOW_MS, id, NULL),
                     ASSAY_OK);
    struct screen *screen = workbench_open_on("local", store, "logged", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "by hand");
    screen_settle(screen);
    screen_press(screen, "enter", "4", NULL);
    screen_wait(screen, "this run has no artifacts");
    assert_int_equal(assay_local_artifact(local, id, NULL, file, NULL), ASSAY_OK);
    screen_wait(screen, "first.txt");
    screen_wait(screen, "what it says");
    assert_int_equal(assay_local_artifact(local, id, "deep/second.txt", file, NULL), ASSAY_OK);
    screen_wait(screen, "second.txt");
    screen_close(&screen);
    assay_local_close(&local);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_looked_at),
        cmocka_unit_test(pictures_are_shown),
        cmocka_unit_test(the_log_begins_at_its_end),
        cmocka_unit_test(the_machine_and_the_family),
        cmocka_unit_test(broken_things_are_said),
        cmocka_unit_test(what_is_here_is_copied),
        cmocka_unit_test(logged_files_come_up),
    };
    return cmocka_run_group_tests_name("run screen, files", tests, NULL, NULL);
}

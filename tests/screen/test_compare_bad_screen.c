/*
 * The comparison on the screen where its runs are no good, or its artifacts lie elsewhere: all
 * that is to be said is said, on every size; a bundle's artifacts are looked at and compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>

#include "support/runs_fixture.h"
#include "support/screen.h"
#include "support/workbench.h"

static void put(const char *folder, const char *name, const char *text)
{
    char *path = assay_path_join(folder, name), *above = assay_path_directory(path);
    assert_int_equal(assay_make_directories(above, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(above);
    free(path);
}

/* A run of MLflow's files under ROOT, in *folder (600 bytes). */
static void put_run(const char *root, char id, const char *name, char *folder)
{
    char text[1200], ids[9];
    memset(ids, id, 8);
    ids[8] = '\0';
    snprintf(folder, 600, "%s/mlruns/1", root);
    put(folder, "meta.yaml",
        "artifact_location: file:///nowhere\nexperiment_id: '1'\n"
        "lifecycle_stage: active\nname: eval\n");
    snprintf(folder, 600, "%s/mlruns/1/%s", root, ids);
    snprintf(text, sizeof text,
             "artifact_uri: file://%s/artifacts\nend_time: 1700000060000\nexperiment_id: '1'\n"
             "lifecycle_stage: active\nrun_id: %s\nrun_name: %s\n"
             "start_time: 170000000000%d\nstatus: 3\ntags: []\nuser_id: dev\n",
             folder, ids, name, 'e' - id);
    put(folder, "meta.yaml", text);
}

static struct screen *open_at(const char *what, int columns, int rows)
{
    char name[200];
    snprintf(name, sizeof name, "%s-%d", strrchr(what, '/') + 1, columns);
    struct screen *screen = workbench_open_on(what, NULL, name, columns, rows, SCREEN_XTERM);
    screen_wait(screen, "net");
    screen_settle(screen);
    return screen;
}

/* Two of one name, NaN, two units, one point against many, no params in one. */
static void make_bad(char root[400])
{
    char folder[600];
    struct assay_buf points = {0};
    snprintf(root, 400, "%s/bad", getenv("TMPDIR"));
    for (int i = 0; i < 200; i++)
        assay_buf_format(&points, "17000000%05d 0.5 %d\n", i, i);
    put_run(root, 'a', "net", folder);
    put(folder, "params/lr", "0.1");
    put(folder, "metrics/loss", "1700000000000 nan 1\n");
    put(folder, "metrics/latency_ms", "1700000000000 14 1\n");
    put(folder, "metrics/big", "1700000000000 1.7e308 1\n");
    put_run(root, 'b', "net", folder);
    put(folder, "metrics/loss", assay_buf_text(&points));
    put(folder, "metrics/latency_s", "1700000000000 0.014 1\n");
    put(folder, "metrics/big", "1700000000000 -1.7e308 1\n");
    put_run(root, 'd', "net-2", folder);
    put(folder, "params/lr", "0.2");
    assay_buf_free(&points);
}

static void all_is_said(void **state)
{
    (void)state;
    char root[400];
    make_bad(root);
    struct screen *screen = open_at(root, 120, 36);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1 metric is not finite in some run (loss)");
    screen_assert_text(screen, "1 metric is not equally long in all runs (loss)");
    screen_assert_text(screen, "latency_ms and latency_s look like one thing in two units");
    screen_assert_text(screen, "2 runs share a name with another (net)");
    screen_assert_text(screen, "◆ net aaaaaaaa"); /* which of the two it is */
    screen_assert_text(screen, "net bbbbbbbb");
    screen_assert_text(screen, "-1.7e308");
    screen_assert_text(screen, "0.5, NaN ×1, none ×1"); /* one number is no span */
    screen_press(screen, "D", NULL); /* deltas */
    screen_settle(screen);
    screen_refute_text(screen, "-inf");
    screen_close(&screen);
}

/* However long values are, a narrow screen shows one run beside what all say together. */
static void long_values_leave_room(void **state)
{
    (void)state;
    char root[400], folder[600];
    snprintf(root, sizeof root, "%s/digests", getenv("TMPDIR"));
    for (char id = 'a'; id <= 'd'; id++) {
        char digest[41];
        memset(digest, id < 'c' ? 'a' : 'c', 40);
        digest[40] = '\0';
        put_run(root, id, "net", folder);
        put(folder, "params/config.model.heads", digest);
    }
    struct screen *screen = open_at(root, 80, 24);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "all together");
    screen_assert_text(screen, "◆ net aaaaaaaa");
    screen_assert_text(screen, "  aaaaaaaaaaaa");
    screen_close(&screen);
}

/* Above the curves, too, runs of one name carry a piece of their ids, however long it is. */
static void curves_of_one_name(void **state)
{
    (void)state;
    char root[400], folder[600];
    snprintf(root, sizeof root, "%s/twins", getenv("TMPDIR"));
    put_run(root, 'a', "net-of-a-very-long-name", folder);
    put(folder, "metrics/loss", "1700000000000 0.5 1\n1700000001000 0.25 2\n");
    put_run(root, 'b', "net-of-a-very-long-name", folder);
    put(folder, "metrics/loss", "1700000000000 0.5 1\n1700000001000 0.125 2\n");
    put_run(root, 'c', "other", folder);
    put(folder, "metrics/loss", "1700000000000 0.5 1\n1700000001000 0.0625 2\n");
    struct screen *screen = open_at(root, 120, 36);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "net-of-a-very aaaaaaaa 0.25");
    screen_assert_text(screen, "net-of-a-very bbbbbbbb 0.125");
    screen_assert_text(screen, "other 0.0625");
    screen_press(screen, "i", NULL); /* who has which value */
    screen_settle(screen);
    screen_assert_text(screen, "net-of-a-very-long-name aaaaaaaa");
    screen_assert_text(screen, "net-of-a-very-long-name bbbbbbbb");
    screen_close(&screen);
}

static void where_there_is_no_room_it_is_counted(void **state)
{
    (void)state;
    char root[400];
    make_bad(root);
    struct screen *screen = open_at(root, 80, 24);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "and 3 more to know: v lists them");
    screen_assert_text(screen, "◆ net aaaaaaaa");
    screen_press(screen, "v", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "latency_ms and latency_s look like one thing in two units");
    screen_assert_text(screen, "2 runs share a name with another (net)");
    screen_press(screen, "esc", NULL);
    screen_resize(screen, 60, 16); /* what all say together leaves room for one */
    screen_settle(screen);
    screen_assert_text(screen, "◆ net aaaaa");
    screen_close(&screen);
}

static void artifacts_left_out_are_counted(void **state)
{
    (void)state;
    char root[400], folder[600], name[60];
    snprintf(root, sizeof root, "%s/many", getenv("TMPDIR"));
    put_run(root, 'a', "net-0", folder);
    for (int i = 0; i < 2003; i++) {
        snprintf(name, sizeof name, "artifacts/part-%04d", i);
        put(folder, name, "x");
    }
    put_run(root, 'b', "net-1", folder);
    put(folder, "artifacts/part-0000", "y");
    struct screen *screen = open_at(root, 120, 36);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "beyond a run's first 2000 artifacts 3 are left out");
    screen_close(&screen);
}

/* Two runs and their delta beside each other, however long their names are. */
static void long_names_leave_room(void **state)
{
    (void)state;
    char root[400], folder[600];
    snprintf(root, sizeof root, "%s/long", getenv("TMPDIR"));
    put_run(root, 'a', "net-with-a-name-as-long-as-they-come-0", folder);
    put(folder, "params/optimizer", "a-value-that-is-longer-than-a-column-may-be");
    put_run(root, 'b', "net-with-a-name-as-long-as-they-come-1", folder);
    put(folder, "params/optimizer", "a-value-that-is-longer-than-a-column-can-be");
    struct screen *screen = open_at(root, 80, 24);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "delta");
    screen_assert_text(screen, "other");
    screen_close(&screen);
    put(folder, "params/optimizer.schedule.warmup_fraction", "another-long-value-of-its-own");
    screen = open_at(root, 100, 30); /* the fields' names are long as well */
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "optimizer.schedule.warmup_fraction");
    screen_assert_text(screen, "delta");
    screen_close(&screen);
}

/* Where sections have no room for their names, a param and a metric of one name say themselves
   which they are. */
static void one_name_of_two_kinds(void **state)
{
    (void)state;
    char root[400], folder[600];
    snprintf(root, sizeof root, "%s/kinds", getenv("TMPDIR"));
    for (int i = 0; i < 2; i++) {
        put_run(root, 'a' + (char)i, i ? "net-1" : "net-0", folder);
        put(folder, "params/dropout", i ? "0.1" : "0.2");
        put(folder, "params/lr", i ? "0.01" : "0.02");
        put(folder, "metrics/dropout", i ? "1700000000000 0.25 0\n" : "1700000000000 0.5 0\n");
    }
    struct screen *screen = open_at(root, 80, 24);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "params.dropout");
    screen_resize(screen, 60, 16);
    screen_settle(screen);
    screen_assert_text(screen, "params.dropout");
    screen_assert_text(screen, "metrics.dropout");
    screen_refute_text(screen, "params.lr");
    screen_press(screen, "T", NULL); /* fields across have no sections at any width */
    screen_resize(screen, 120, 36);
    screen_settle(screen);
    screen_assert_text(screen, "params.dropout");
    screen_assert_text(screen, "metrics.dropout");
    screen_close(&screen);
}

/* Two runs with an artifact each, sealed as `assay compare --save` seals. */
static void make_bundle(const char *path)
{
    static const char *const texts[] = {"one\\n2\\nthree\\n", "one\\ntwo\\nthree\\n"};
    static const char *const plain[] = {"one\n2\nthree\n", "one\ntwo\nthree\n"};
    char digest[ASSAY_SHA256_TEXT];
    struct assay_buf out = {0};
    assay_buf_text_add(&out, "{\"assay_bundle\": 1, \"baseline\": 0, \"runs\": [");
    for (int i = 0; i < 2; i++)
        assay_buf_format(&out,
                         "%s{\"run\": {\"id\": \"%s\", \"name\": \"net-%d\", \"experiment\": "
                         "{\"name\": \"eval\"}, \"status\": \"FINISHED\", \"start_ms\": %d, "
                         "\"end_ms\": 9, \"params\": {\"lr\": \"0.%d\"}}}",
                         i ? ", " : "", i ? "bbbbbbbb" : "aaaaaaaa", i, 2 - i, i + 1);
    assay_buf_text_add(&out, "], \"files\": [");
    for (int i = 0; i < 2; i++)
        assay_buf_format(&out,
                         "%s{\"column\": %d, \"path\": \"eval/report.txt\", \"bytes\": %zu, "
                         "\"sha256\": \"%s\", \"text\": \"%s\"}",
                         i ? ", " : "", i, strlen(plain[i]),
                         assay_sha256(digest, plain[i], strlen(plain[i])), texts[i]);
    assay_buf_text_add(&out, "], \"series\": [], ");
    assay_sha256(digest, out.data, out.length);
    assay_buf_format(&out, "\"sha256\": \"%s\"}\n", digest);
    assert_int_equal(assay_file_write(path, out.data, out.length, 0600, NULL), ASSAY_OK);
    assay_buf_free(&out);
}

static void a_bundle_in_the_workbench(void **state)
{
    (void)state;
    char path[400];
    snprintf(path, sizeof path, "%s/review.json", getenv("TMPDIR"));
    make_bundle(path);
    struct screen *screen = open_at(path, 120, 36);
    screen_press(screen, "c", NULL);
    screen_settle(screen);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "file eval/report.txt");
    screen_settle(screen);
    screen_press(screen, "/", NULL);
    screen_type(screen, "report");
    screen_press(screen, "enter", "l", "l", "enter", NULL);
    screen_wait(screen, "@@ -1,3 +1,3 @@");
    screen_assert_text(screen, "-2");
    screen_assert_text(screen, "+two");
    screen_press(screen, "esc", "esc", "esc", NULL); /* the filter, and the comparison */
    screen_wait(screen, "net-1");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_press(screen, "4", NULL);
    screen_wait(screen, "report.txt");
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_said),
        cmocka_unit_test(where_there_is_no_room_it_is_counted),
        cmocka_unit_test(artifacts_left_out_are_counted),
        cmocka_unit_test(long_names_leave_room),
        cmocka_unit_test(one_name_of_two_kinds),
        cmocka_unit_test(long_values_leave_room),
        cmocka_unit_test(curves_of_one_name),
        cmocka_unit_test(a_bundle_in_the_workbench),
    };
    return cmocka_run_group_tests_name("bad comparisons on the screen", tests, NULL, NULL);
}

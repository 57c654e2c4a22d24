/*
 * The TensorBoard reader on logs written by TensorBoard's and tensorboardX's own writers (see
 * data/make_tensorboard.py) and on logs made here: growing, replaced, vanishing, damaged,
 * hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/tb_logs.h"

static void expect(struct fixture *fixture, const char *run, const char *metric,
                   const double *values, size_t count)
{
    struct assay_series *series = ingest_collect_series(&fixture->collect, run, metric);
    struct assay_point point;
    assert_non_null(series);
    assert_int_equal(assay_series_count(series), count);
    for (size_t i = 0; i < count; i++) {
        assay_series_get(series, i, 1, &point);
        assert_true(isnan(values[i]) ? isnan(point.value) : point.value == values[i]);
    }
    const struct collected_run *found = ingest_collect_run(&fixture->collect, run);
    const struct assay_metric *summary = assay_attrs_metric(&found->attrs, metric);
    assert_non_null(summary);
    assert_int_equal(summary->summary.n, count);
}
#define EXPECT(fixture, run, metric, ...)                                                      \
    expect((fixture), (run), (metric), (const double[]){__VA_ARGS__},                          \
           sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static size_t count_of(struct fixture *fixture, const char *run, const char *metric)
{
    struct assay_series *series = ingest_collect_series(&fixture->collect, run, metric);
    return series ? assay_series_count(series) : 0;
}

/* ---- what real writers write ---- */

static void real_logs_are_read_whole(void **state)
{
    struct fixture *fixture = *state;
    static const char *const runs[] = {".",     "nested/restarted", "torch", "train",  "trial",
                                       "types", "validation",       "x",     "x/trial"};
    open_at(fixture, TEST_DATA "/source/data/tb-logs");
    fixture->collect.threads = 2;
    scan(fixture);
    assert_int_equal(fixture->collect.run_count, ASSAY_COUNT(runs));
    for (size_t i = 0; i < ASSAY_COUNT(runs); i++) {
        const struct collected_run *run = ingest_collect_run(&fixture->collect, runs[i]);
        assert_true(run && run->with_state);
        assert_non_null(run);
        assert_string_equal(run->name, runs[i]);
        assert_string_equal(run->experiment, "tb-logs");
    }
    EXPECT(fixture, ".", "loss", 1, 0.5, (double)(1.0f / 3), 0.25, (double)0.2f, NAN, INFINITY,
           -INFINITY);
    EXPECT(fixture, ".", "accuracy", 0, (double)0.1f, (double)0.2f, (double)0.3f, (double)0.4f,
           0.5, 0, (double)1e-42f);
    EXPECT(fixture, "train", "epoch_loss", 1, (double)(2.0f / 3), 0.5, (double)0.4f,
           (double)(1.0f / 3), (double)(2.0f / 7));
    EXPECT(fixture, "validation", "epoch_loss", 1.5, (double)(3.0f / 7));
    EXPECT(fixture, "torch", "loss", 1, 0.5, 0.25);
    EXPECT(fixture, "torch", "lr", 1, 0.5, 0.25);
    EXPECT(fixture, "torch", "precise", 1.0 / 3.0);
    EXPECT(fixture, "x", "train/loss", 1.5, 1.25, 1, 0.75);
    EXPECT(fixture, "x", "big_step", 0, 1, 2, 3);
    EXPECT(fixture, "x/trial", "final", 0.125);
    EXPECT(fixture, "nested/restarted", "loss", 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 14, 13, 12, 11,
           10, 9, 0.5, 0.25);
}

static void all_types_of_numbers_are_read(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *tag;
        double value;
        bool single;
    } types[] = {
        {"float", (double)0.1f, true},
        {"double", 0.1, false},
        {"int8", -7, false},
        {"int16", -700, false},
        {"int32", -70000, false},
        {"int64", -7e9, false},
        {"uint8", 200, false},
        {"uint16", 60000, false},
        {"uint32", 4e9, false},
        {"uint64", 9e9, false},
        {"bool", 1, false},
        {"half", -0.300048828125, true},
        {"zero", 0, true},
    };
    open_at(fixture, TEST_DATA "/source/data/tb-logs");
    scan(fixture);
    const struct collected_run *run = ingest_collect_run(&fixture->collect, "types");
    assert_int_equal(run->attrs.metric_count, ASSAY_COUNT(types));
    for (size_t i = 0; i < ASSAY_COUNT(types); i++) {
        EXPECT(fixture, "types", types[i].tag, types[i].value, types[i].value);
        assert_int_equal(assay_attrs_metric(&run->attrs, types[i].tag)->single,
                         types[i].single);
    }
    assert_int_equal(fixture->collect.problem_count, 1);
    assert_non_null(
        strstr(fixture->collect.problems[0].message, "\"vector\" is not one number"));
}

static void params_texts_and_times_are_read(void **state)
{
    struct fixture *fixture = *state;
    open_at(fixture, TEST_DATA "/source/data/tb-logs");
    scan(fixture);
    const struct collected_run *run = ingest_collect_run(&fixture->collect, "trial");
    assert_int_equal(run->attrs.param_count, 5);
    assert_string_equal(assay_attrs_param(&run->attrs, "lr"), "0.001");
    assert_string_equal(assay_attrs_param(&run->attrs, "layers"), "3");
    assert_string_equal(assay_attrs_param(&run->attrs, "optimiser"), "adam");
    assert_string_equal(assay_attrs_param(&run->attrs, "nesterov"), "true");
    assert_string_equal(assay_attrs_param(&run->attrs, "none"), "");
    assert_string_equal(assay_attrs_tag(&run->attrs, "hparams.group"), "trial-1");
    assert_int_equal(run->status, ASSAY_RUN_FINISHED);
    assert_int_equal(run->start_ms, 1700000000000);
    assert_int_equal(run->end_ms, 1700000000750);
    run = ingest_collect_run(&fixture->collect, "x/trial");
    assert_string_equal(assay_attrs_param(&run->attrs, "on"), "true");
    run = ingest_collect_run(&fixture->collect, "x");
    assert_int_equal(run->attrs.metric_count, 2); /* no histogram, no image */
    assert_string_equal(assay_attrs_tag(&run->attrs, "remark/text_summary"),
                        "a **bold** claim");
    run = ingest_collect_run(&fixture->collect, "train");
    assert_string_equal(assay_attrs_tag(&run->attrs, "notes"), "first\nsecond");
    struct assay_point point;
    assay_series_get(ingest_collect_series(&fixture->collect, "x", "big_step"), 2, 1, &point);
    assert_int_equal(point.step, INT64_C(1000000000002));
    assert_int_equal(point.time_ms, 1700000002000);
    assay_series_get(ingest_collect_series(&fixture->collect, "nested/restarted", "loss"), 17,
                     1, &point);
    assert_int_equal(point.step, -3);
}

static void damage_is_told_and_the_rest_is_read(void **state)
{
    struct fixture *fixture = *state;
    open_at(fixture, TEST_DATA "/source/data/tb-damaged");
    scan(fixture);
    assert_int_equal(count_of(fixture, "torn", "loss"), 19);
    assert_int_equal(count_of(fixture, "bad-data", "loss"), 19);
    assert_int_equal(count_of(fixture, "bad-length", "loss"), 12);
    assert_int_equal(fixture->collect.problem_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct collected_problem *problem = &fixture->collect.problems[i];
        bool data = strstr(problem->path, "/bad-data/") != NULL;
        assert_true(data || strstr(problem->path, "/bad-length/"));
        assert_int_equal(problem->offset, data ? 374 : 542);
    }
    /* A later process does not read the files again, and knows of it all the same. */
    ingest_collect_forget_problems(&fixture->collect);
    open_at(fixture, TEST_DATA "/source/data/tb-damaged");
    scan(fixture);
    assert_int_equal(fixture->collect.problem_count, 2);
    assert_int_equal(count_of(fixture, "bad-data", "loss"), 19);
    scan(fixture);
    assert_int_equal(fixture->collect.problem_count, 2);
}

/* ---- growing ---- */

static void a_growing_file_is_read_once_byte_by_byte(void **state)
{
    struct fixture *fixture = *state;
    const char *path = path_of(fixture, "a/events.out.tfevents.1700000000.h");
    struct assay_buf all = {0};
    tb_put_version(&all, 1700000000);
    for (int i = 0; i < 6; i++)
        tb_put_point(&all, 1700000000 + i, i, i % 2 ? "odd" : "even", (float)i);
    for (size_t i = 0; i < all.length; i += 3) {
        struct assay_buf piece = {0};
        assay_buf_add(&piece, all.data + i, all.length - i < 3 ? all.length - i : 3);
        tb_write_file(path, &piece, i > 0, LONG_AGO + (int64_t)i);
        assay_buf_free(&piece);
        if (i % 30 == 0) /* as another process would */
            open_at(fixture, fixture->directory);
        scan(fixture);
    }
    EXPECT(fixture, "a", "even", 0, 2, 4);
    EXPECT(fixture, "a", "odd", 1, 3, 5);
    const struct collected_run *run = ingest_collect_run(&fixture->collect, "a");
    assert_int_equal(run->start_ms, 1700000000000);
    assert_int_equal(run->end_ms, 1700000005000);
    assert_int_equal(run->restarts, 0);
    assert_int_equal(fixture->collect.problem_count, 0);
    unsigned reports = run->reports;
    scan(fixture);
    open_at(fixture, fixture->directory);
    scan(fixture);
    run = ingest_collect_run(&fixture->collect, "a");
    assert_int_equal(run->reports, reports); /* nothing new, nothing said */
    assay_buf_free(&all);
}

static void put_file(struct fixture *fixture, const char *name, int first, int count,
                     int64_t changed_ms)
{
    struct assay_buf bytes = {0};
    tb_put_version(&bytes, 1700000000);
    for (int i = first; i < first + count; i++)
        tb_put_point(&bytes, 1700000000 + i, i, "loss", (float)i);
    tb_write_file(path_of(fixture, name), &bytes, false, changed_ms);
    assay_buf_free(&bytes);
}

static void files_of_a_run_come_in_the_order_of_their_names(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "events.out.tfevents.2", 10, 2, LONG_AGO);
    put_file(fixture, "events.out.tfevents.1", 0, 2, LONG_AGO);
    put_file(fixture, "events.out.tfevents.3.profile-empty", 50, 2, LONG_AGO);
    put_file(fixture, "other.file", 60, 2, LONG_AGO);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 0, 1, 10, 11);
    put_file(fixture, "events.out.tfevents.3", 5, 1, LONG_AGO);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 0, 1, 10, 11, 5);
    assert_int_equal(ingest_collect_run(&fixture->collect, ".")->restarts, 0);
}

static void a_replaced_file_is_read_anew(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "r/events.out.tfevents.1", 0, 5, LONG_AGO);
    scan(fixture);
    EXPECT(fixture, "r", "loss", 0, 1, 2, 3, 4);
    put_file(fixture, "r/events.out.tfevents.1", 7, 2, LONG_AGO + 1); /* shorter */
    scan(fixture);
    EXPECT(fixture, "r", "loss", 7, 8);
    put_file(fixture, "r/new", 20, 9, LONG_AGO + 2);
    char *from = assay_strdup(path_of(fixture, "r/new"));
    assert_int_equal(rename(from, path_of(fixture, "r/events.out.tfevents.1")), 0);
    free(from);
    open_at(fixture, fixture->directory); /* found out by a later process */
    scan(fixture);
    assert_int_equal(count_of(fixture, "r", "loss"), 9);
    assert_int_equal(ingest_collect_run(&fixture->collect, "r")->restarts, 2);
}

static void a_vanished_run_is_gone_and_may_come_back(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "a/events.out.tfevents.1", 0, 2, LONG_AGO);
    put_file(fixture, "b/events.out.tfevents.1", 0, 3, LONG_AGO);
    scan(fixture);
    assert_int_equal(unlink(path_of(fixture, "a/events.out.tfevents.1")), 0);
    scan(fixture);
    assert_true(ingest_collect_run(&fixture->collect, "a")->gone);
    assert_false(ingest_collect_run(&fixture->collect, "b")->gone);
    put_file(fixture, "a/events.out.tfevents.1", 5, 1, LONG_AGO);
    scan(fixture);
    assert_false(ingest_collect_run(&fixture->collect, "a")->gone);
    EXPECT(fixture, "a", "loss", 5);
    assert_int_equal(unlink(path_of(fixture, "b/events.out.tfevents.1")), 0);
    open_at(fixture, fixture->directory);
    scan(fixture);
    assert_true(ingest_collect_run(&fixture->collect, "b")->gone);
}

static void reading_that_was_stopped_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct assay_error err = {0};
    struct assay_buf bytes = {0};
    const int points = 60000;
    for (int i = 0; i < points; i++)
        tb_put_point(&bytes, 1700000000 + i, i, i % 3 ? "loss" : "lr", (float)i);
    tb_write_file(path_of(fixture, "events.out.tfevents.1"), &bytes, false, LONG_AGO);
    tb_write_file(path_of(fixture, "b/events.out.tfevents.1"), &bytes, false, LONG_AGO);
    assay_buf_free(&bytes);
    int rounds = 0;
    enum assay_status status;
    do {
        atomic_store(&fixture->collect.cancel_after, rounds < 20 ? 2 + rounds % 2 : 0);
        open_at(fixture, fixture->directory);
        status = source_tensorboard.scan(fixture->reader, &fixture->collect.ingest, &err);
        rounds++;
    } while (status == ASSAY_CANCELLED && rounds < 30);
    assert_int_equal(status, ASSAY_OK);
    assert_true(rounds > 3);
    for (int r = 0; r < 2; r++) {
        struct assay_series *series =
            ingest_collect_series(&fixture->collect, r ? "b" : ".", "lr");
        assert_int_equal(assay_series_count(series), points / 3);
        for (size_t i = 0; i < (size_t)points / 3; i += 997) {
            struct assay_point point;
            assay_series_get(series, i, 1, &point);
            assert_int_equal(point.step, 3 * i);
        }
        assert_int_equal(count_of(fixture, r ? "b" : ".", "loss"), points - points / 3);
    }
}

#define NOT_SHOWN (-1)
static int status_of(struct fixture *fixture, const char *run)
{
    const struct collected_run *found = ingest_collect_run(&fixture->collect, run);
    return found && !found->gone ? (int)found->status : NOT_SHOWN;
}

/* ---- ends that may be being written ---- */

static void zeros_at_the_end_are_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct assay_buf bytes = {0}, zeros = {0};
    const char *path = path_of(fixture, "events.out.tfevents.1");
    tb_put_point(&bytes, NOW / 1000 - 100, 1, "loss", 1);
    size_t good = bytes.length;
    assay_buf_repeat(&zeros, "0", 500);
    memset(zeros.data, 0, zeros.length);
    assay_buf_add(&bytes, zeros.data, zeros.length);
    tb_write_file(path, &bytes, false, NOW - 1000);
    scan(fixture);
    assert_int_equal(count_of(fixture, ".", "loss"), 1);
    assert_int_equal(fixture->collect.problem_count, 0);
    assert_int_equal(status_of(fixture, "."), ASSAY_RUN_RUNNING);
    /* They are filled in. */
    bytes.length = good;
    tb_put_point(&bytes, NOW / 1000 - 99, 2, "loss", 2);
    assay_buf_add(&bytes, zeros.data, 300);
    tb_write_file(path, &bytes, false, NOW - 500);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 1, 2);
    /* Nothing more comes. */
    set_now(NOW + 600000);
    open_at(fixture, fixture->directory);
    scan(fixture);
    assert_int_equal(fixture->collect.problem_count, 1);
    assert_int_equal(fixture->collect.problems[0].offset, 2 * good);
    assert_non_null(strstr(fixture->collect.problems[0].message, "zeros"));
    assert_int_equal(status_of(fixture, "."), ASSAY_RUN_UNKNOWN);
    scan(fixture);
    assert_int_equal(fixture->collect.problem_count, 1);
    EXPECT(fixture, ".", "loss", 1, 2);
    assay_buf_free(&bytes);
    assay_buf_free(&zeros);
}

static void a_wrong_last_record_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct assay_buf bytes = {0};
    const char *path = path_of(fixture, "events.out.tfevents.1");
    tb_put_point(&bytes, 1700000000, 1, "loss", 1);
    tb_put_point(&bytes, 1700000000, 2, "loss", 2);
    bytes.data[bytes.length - 8] ^= 1;
    tb_write_file(path, &bytes, false, NOW - 1000);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 1);
    assert_int_equal(fixture->collect.problem_count, 0);
    bytes.data[bytes.length - 8] ^= 1;
    tb_write_file(path, &bytes, false, NOW - 900);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 1, 2);
    bytes.data[bytes.length - 8] ^= 1;
    tb_put_point(&bytes, 1700000000, 3, "loss", 3);
    bytes.data[bytes.length - 8] ^= 1;
    tb_write_file(path, &bytes, false, NOW - 800);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 1, 2);
    set_now(NOW + 600000);
    scan(fixture);
    assert_int_equal(fixture->collect.problem_count, 1);
    assay_buf_free(&bytes);
}

/* ---- what is a run, and what is running ---- */

static void a_copy_without_its_times_is_not_running(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "copy/events.out.tfevents.1", 0, 3, NOW - 1000);
    struct assay_buf bytes = {0};
    tb_put_version(&bytes, NOW / 1000 - 7200);
    tb_put_point(&bytes, NOW / 1000 - 200, 1, "loss", 1); /* flushed two minutes later */
    tb_write_file(path_of(fixture, "live/events.out.tfevents.1"), &bytes, false, NOW - 70000);
    assay_buf_free(&bytes);
    for (int again = 0; again < 2; again++, open_at(fixture, fixture->directory)) {
        scan(fixture);
        assert_int_equal(status_of(fixture, "copy"), ASSAY_RUN_UNKNOWN);
        assert_int_equal(status_of(fixture, "live"), ASSAY_RUN_RUNNING);
    }
    set_now(NOW + 120000);
    scan(fixture);
    assert_int_equal(status_of(fixture, "live"), ASSAY_RUN_UNKNOWN);
}

static void a_name_alone_makes_no_run(void **state)
{
    struct fixture *fixture = *state;
    struct assay_buf bytes = {0};
    const char *path = path_of(fixture, "events.out.tfevents.1");
    assay_buf_repeat(&bytes, "garbage ", 4000);
    tb_write_file(path, &bytes, false, NOW - 1000);
    for (int again = 0; again < 2; again++, open_at(fixture, fixture->directory)) {
        scan(fixture);
        assert_int_equal(status_of(fixture, "."), NOT_SHOWN);
        assert_int_equal(fixture->collect.problem_count, 1 + again);
        assert_int_equal(fixture->collect.problems[0].offset, 0);
    }
    put_file(fixture, "events.out.tfevents.1", 0, 2, NOW - 900); /* in its place */
    scan(fixture);
    EXPECT(fixture, ".", "loss", 0, 1);
    bytes.length = 20;
    tb_write_file(path, &bytes, false, NOW - 800);
    scan(fixture);
    assert_int_equal(status_of(fixture, "."), NOT_SHOWN);
    assay_buf_free(&bytes);
}

/* ---- where runs are ---- */

static size_t detect(const char *path)
{
    struct source_found found = {0};
    size_t count = 0;
    source_tensorboard.detect(path, &found);
    count = found.count;
    source_found_free(&found);
    return count;
}

static void sources_are_detected(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(detect(fixture->directory), 0);
    put_file(fixture, "notes.txt", 0, 1, LONG_AGO);
    assert_int_equal(detect(fixture->path), 0);
    assert_int_equal(detect(fixture->directory), 0);
    put_file(fixture, "mlruns/0/abc/artifacts/logs/events.out.tfevents.1", 0, 1, LONG_AGO);
    put_file(fixture, "mlruns/0/abc/meta.yaml", 0, 0, LONG_AGO);
    assert_int_equal(detect(fixture->directory), 0);
    put_file(fixture, ".git/events.out.tfevents.1", 0, 1, LONG_AGO);
    assert_int_equal(detect(fixture->directory), 0);
    put_file(fixture, "a/b/c/events.out.tfevents.1", 0, 1, LONG_AGO);
    assert_int_equal(detect(fixture->directory), 1);
    assert_int_equal(detect(fixture->path), 1);
    put_file(fixture, "q/1/2/3/4/5/6/events.out.tfevents.1", 0, 1, LONG_AGO);
    char deep[300];
    snprintf(deep, sizeof deep, "%s/q", fixture->directory);
    assert_int_equal(detect(deep), 0); /* only a glance */
    scan(fixture);
    assert_int_equal(fixture->collect.run_count, 2);
    assert_non_null(ingest_collect_run(&fixture->collect, "q/1/2/3/4/5/6"));
}

static void a_log_directory_of_thousands_is_detected(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 5500; i++) {
        char name[64];
        snprintf(name, sizeof name, "many/%d/x", i);
        path_of(fixture, name);
        if (i % 100 == 0) {
            snprintf(name, sizeof name, "many/%d/events.out.tfevents.1", i);
            put_file(fixture, name, 0, 1, LONG_AGO);
        }
    }
    assert_int_equal(detect(fixture->directory), 1);
    scan(fixture);
    assert_int_equal(fixture->collect.run_count, 55);
}

static void one_file_is_a_source(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "logs/events.out.tfevents.2", 5, 2, LONG_AGO);
    put_file(fixture, "logs/events.out.tfevents.1", 0, 2, LONG_AGO);
    open_at(fixture, fixture->path);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 0, 1);
    assert_string_equal(ingest_collect_run(&fixture->collect, ".")->experiment, "logs");
}

static void links_are_followed_but_not_in_circles(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "real/events.out.tfevents.1", 0, 2, LONG_AGO);
    assert_int_equal(symlink("..", path_of(fixture, "real/up")), 0);
    assert_int_equal(symlink(".", path_of(fixture, "real/self")), 0);
    assert_int_equal(symlink("real", path_of(fixture, "latest")), 0);
    assert_int_equal(symlink("nowhere", path_of(fixture, "events.out.tfevents.dead")), 0);
    scan(fixture);
    assert_int_equal(fixture->collect.run_count, 2);
    EXPECT(fixture, "real", "loss", 0, 1);
    EXPECT(fixture, "latest", "loss", 0, 1);
}

static void pipes_are_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "events.out.tfevents.1", 0, 2, LONG_AGO);
    assert_int_equal(mkfifo(path_of(fixture, "events.out.tfevents.0"), 0600), 0);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 0, 1);
}

static void what_is_watched_is_where_runs_are(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "old/events.out.tfevents.1", 0, 1, LONG_AGO);
    put_file(fixture, "new/events.out.tfevents.1", 0, 1, NOW);
    put_file(fixture, "empty/file", 0, 1, NOW);
    scan(fixture);
    char **paths = source_tensorboard.watch(fixture->reader);
    size_t count = 0;
    assert_non_null(strstr(paths[0], "/new"));
    assert_non_null(strstr(paths[1], "/old"));
    for (; paths[count]; count++)
        free(paths[count]);
    free(paths);
    assert_int_equal(count, 4);
}

static void the_run_on_screen_is_read_first(void **state)
{
    struct fixture *fixture = *state;
    struct assay_error err = {0};
    for (int i = 0; i < 9; i++) {
        char name[64];
        snprintf(name, sizeof name, "run-%d/events.out.tfevents.1", i);
        put_file(fixture, name, 0, 3, LONG_AGO + i);
    }
    snprintf(fixture->collect.focus, sizeof fixture->collect.focus, "run-3");
    atomic_store(&fixture->collect.cancel_after, 2);
    open_at(fixture, fixture->directory);
    assert_int_equal(source_tensorboard.scan(fixture->reader, &fixture->collect.ingest, &err),
                     ASSAY_CANCELLED);
    assert_int_equal(count_of(fixture, "run-3", "loss"), 3);
    assert_int_equal(count_of(fixture, "run-8", "loss"), 0); /* the newest comes after it */
    assert_int_equal(fixture->collect.run_count, 9);         /* all were announced */
    atomic_store(&fixture->collect.cancel_after, 0);
    scan(fixture);
    for (int i = 0; i < 9; i++) {
        char name[64];
        snprintf(name, sizeof name, "run-%d", i);
        EXPECT(fixture, name, "loss", 0, 1, 2);
    }
}

/* ---- hostile content ---- */

static void names_out_of_bounds_are_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct assay_buf bytes = {0}, event = {0};
    size_t long_length = 10 << 20;
    char *long_tag = assay_alloc(long_length + 1);
    memset(long_tag, 'x', long_length);
    tb_put_point(&bytes, 1, 1, long_tag, 1);
    tb_put_simple_event(&event, 1, 1, "a-b", 2);
    *(char *)memchr(event.data, '-', event.length) = '\0';
    tb_put_record(&bytes, event.data, event.length);
    tb_put_point(&bytes, 1, 1, "\x1b[31mred", 3);
    tb_put_record(&bytes, "no event", 8);
    tb_put_point(&bytes, NAN, 1, "loss", 4);
    tb_put_point(&bytes, 1e300, 2, "loss", 5);
    tb_put_point(&bytes, 1, 1, "", 6);
    tb_write_file(path_of(fixture, "events.out.tfevents.1"), &bytes, false, LONG_AGO);
    scan(fixture);
    EXPECT(fixture, ".", "loss", 4, 5);
    EXPECT(fixture, ".", "\x1b[31mred", 3); /* cleaned when it is shown */
    EXPECT(fixture, ".", "", 6);
    assert_int_equal(ingest_collect_run(&fixture->collect, ".")->attrs.metric_count, 3);
    assert_int_equal(fixture->collect.problem_count, 4);
    free(long_tag);
    assay_buf_free(&bytes);
    assay_buf_free(&event);
}

static void tags_without_number_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct assay_buf bytes = {0};
    for (int i = 0; i < 100100; i++) {
        char name[32];
        snprintf(name, sizeof name, "tag-%d", i);
        tb_put_point(&bytes, 1, 1, name, (float)i);
    }
    tb_put_point(&bytes, 1, 2, "tag-7", 70);
    tb_write_file(path_of(fixture, "events.out.tfevents.1"), &bytes, false, LONG_AGO);
    assay_buf_free(&bytes);
    scan(fixture);
    assert_int_equal(ingest_collect_run(&fixture->collect, ".")->attrs.metric_count, 100000);
    EXPECT(fixture, ".", "tag-7", 7, 70);
    assert_int_equal(fixture->collect.problem_count, 1);
}

static void put_flood(struct fixture *fixture, int records, bool append)
{
    struct assay_buf bytes = {0};
    for (int i = 0; i < records; i++)
        tb_put_record(&bytes, "no event", 8);
    tb_put_point(&bytes, 1, 1, "loss", 1);
    tb_write_file(path_of(fixture, "events.out.tfevents.1"), &bytes, append, LONG_AGO);
    assay_buf_free(&bytes);
}

static void expect_problems(const struct fixture *fixture, size_t count, const char *last)
{
    assert_int_equal(fixture->collect.problem_count, count);
    assert_string_equal(fixture->collect.problems[count - 1].message, last);
}

static void a_flood_of_problems_is_told_in_part(void **state)
{
    struct fixture *fixture = *state;
    put_flood(fixture, 1000, false);
    scan(fixture);
    expect_problems(fixture, 51, "950 further problems of this run are not listed");
    EXPECT(fixture, ".", "loss", 1);
    scan(fixture); /* nothing is new */
    assert_int_equal(fixture->collect.problem_count, 51);
    /* A later process says the same without reading the file. */
    ingest_collect_forget_problems(&fixture->collect);
    open_at(fixture, fixture->directory);
    scan(fixture);
    expect_problems(fixture, 51, "950 further problems of this run are not listed");
    put_flood(fixture, 50, true);
    scan(fixture);
    expect_problems(fixture, 52, "1000 further problems of this run are not listed");
    EXPECT(fixture, ".", "loss", 1, 1);
}

static void a_damaged_state_is_started_over(void **state)
{
    struct fixture *fixture = *state;
    put_file(fixture, "a/events.out.tfevents.1", 0, 4, LONG_AGO);
    scan(fixture);
    for (size_t s = 0; s < fixture->collect.state_count; s++) {
        struct collected_state *kept = &fixture->collect.states[s];
        for (size_t i = 0; kept->bytes && strcmp(kept->key, "a") == 0 && i < kept->length;
             i++) {
            struct assay_buf grown = {0};
            char *bytes = kept->bytes;
            size_t length = kept->length;
            char *copy = assay_alloc(length);
            memcpy(copy, bytes, length);
            bytes[i] ^= 0x55;
            if (i % 7 == 0)
                kept->length = i;
            /* The file grows, so that the content is looked at, too. */
            tb_put_point(&grown, 1700000000, 1, "loss", 1);
            tb_write_file(path_of(fixture, "a/events.out.tfevents.1"), &grown, true,
                          LONG_AGO + (int64_t)i);
            assay_buf_free(&grown);
            open_at(fixture, fixture->directory);
            scan(fixture); /* whatever is in it: no crash, no hang */
            kept = &fixture->collect.states[s];
            free(kept->bytes);
            kept->bytes = copy;
            kept->length = length;
        }
    }
    struct assay_series *series = ingest_collect_series(&fixture->collect, "a", "loss");
    assert_non_null(series);
}

/* ---- many points, in every mixture ---- */

static void mixed_logs_keep_every_point_in_order(void **state)
{
    struct fixture *fixture = *state;
    enum { TAGS = 7, POINTS = 40000 };
    struct assay_buf bytes = {0};
    double *values[TAGS];
    size_t counts[TAGS] = {0};
    uint64_t random = 7;
    for (int t = 0; t < TAGS; t++)
        values[t] = assay_alloc_array(POINTS, sizeof(double));
    for (int i = 0; i < POINTS; i++) {
        char name[32];
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned tag = random >> 60 ? (unsigned)i % TAGS : (unsigned)(random >> 33) % TAGS;
        double value = (double)(int64_t)(random >> 20) * 1e-9;
        snprintf(name, sizeof name, "tag/%u", tag);
        if (tag == 3) { /* doubles, now and then with metadata */
            struct assay_buf tensor = {0}, event = {0};
            tb_put_number(&tensor, 1, 2);
            tb_put_double(&tensor, 6, value);
            tb_put_tensor_event(&event, 1700000000 + i, i, name, &tensor,
                                counts[tag] % 50 ? NULL : "scalars");
            tb_put_record(&bytes, event.data, event.length);
            assay_buf_free(&event);
        } else {
            value = (double)(float)value;
            tb_put_point(&bytes, 1700000000 + i, i, name, (float)value);
        }
        values[tag][counts[tag]++] = value;
    }
    tb_write_file(path_of(fixture, "events.out.tfevents.1"), &bytes, false, LONG_AGO);
    assay_buf_free(&bytes);
    scan(fixture);
    for (int t = 0; t < TAGS; t++) {
        char name[32];
        snprintf(name, sizeof name, "tag/%d", t);
        expect(fixture, ".", name, values[t], counts[t]);
        free(values[t]);
    }
    const struct collected_run *run = ingest_collect_run(&fixture->collect, ".");
    assert_false(assay_attrs_metric(&run->attrs, "tag/3")->single);
    assert_true(assay_attrs_metric(&run->attrs, "tag/4")->single);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(real_logs_are_read_whole),
        TEST(all_types_of_numbers_are_read),
        TEST(params_texts_and_times_are_read),
        TEST(damage_is_told_and_the_rest_is_read),
        TEST(a_growing_file_is_read_once_byte_by_byte),
        TEST(files_of_a_run_come_in_the_order_of_their_names),
        TEST(a_replaced_file_is_read_anew),
        TEST(a_vanished_run_is_gone_and_may_come_back),
        TEST(reading_that_was_stopped_goes_on),
        TEST(zeros_at_the_end_are_waited_for),
        TEST(a_wrong_last_record_is_waited_for),
        TEST(a_copy_without_its_times_is_not_running),
        TEST(a_name_alone_makes_no_run),
        TEST(sources_are_detected),
        TEST(a_log_directory_of_thousands_is_detected),
        TEST(one_file_is_a_source),
        TEST(links_are_followed_but_not_in_circles),
        TEST(pipes_are_not_waited_for),
        TEST(what_is_watched_is_where_runs_are),
        TEST(the_run_on_screen_is_read_first),
        TEST(names_out_of_bounds_are_left_out),
        TEST(tags_without_number_are_bounded),
        TEST(a_flood_of_problems_is_told_in_part),
        TEST(a_damaged_state_is_started_over),
        TEST(mixed_logs_keep_every_point_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The reader of MLflow file stores: against stores that three major versions of MLflow wrote
 * and what they read back from them, and against stores made awkward here.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>

#include "source/mlflow_metric.h"
#include "source/readers.h"
#include "support/ingest_collect.h"
#include "support/mlflow_expect.h"
#include "support/mlflow_store.h"

/* ---- what MLflow wrote ---- */

static void check_version(const char *version)
{
    char path[1024];
    json_error_t fault;
    struct assay_error err = {0};
    struct source_found found = {0};
    struct ingest_collect collect;
    void *self = NULL;
    json_t *expected;

    snprintf(path, sizeof path, "%s/source/data/%s/files.json", TEST_DATA, version);
    expected = json_load_file(path, 0, &fault);
    assert_non_null(expected);
    *strrchr(path, '/') = '\0';
    source_mlflow_files.detect(path, &found);
    assert_int_equal(found.count, 1);
    for (unsigned threads = 0; threads <= 4; threads += 4) {
        ingest_collect_init(&collect, ASSAY_LAST_VALUE);
        collect.threads = threads;
        assert_int_equal(source_mlflow_files.open(&self, found.places[0].path, &err), ASSAY_OK);
        assert_int_equal(source_mlflow_files.scan(self, &collect.ingest, &err), ASSAY_OK);
        assert_int_equal(collect.problem_count, 0);
        mlflow_expect_store(expected, &collect, &source_mlflow_files, self);
        source_mlflow_files.close(self);
        ingest_collect_free(&collect);
    }
    source_found_free(&found);
    json_decref(expected);
}

static void test_mlflow_1(void **state)
{
    (void)state;
    check_version("mlflow-1");
}

static void test_mlflow_2(void **state)
{
    (void)state;
    check_version("mlflow-2");
}

static void test_mlflow_3(void **state)
{
    (void)state;
    check_version("mlflow-3");
}

static void test_inputs_and_outputs(void **state)
{
    struct ingest_collect collect;
    struct assay_error err = {0};
    const struct assay_attrs *attrs = NULL;
    bool dataset = false, model = false;
    void *self = NULL;

    (void)state;
    ingest_collect_init(&collect, ASSAY_LAST_VALUE);
    assert_int_equal(
        source_mlflow_files.open(&self, TEST_DATA "/source/data/mlflow-3/mlruns", &err),
        ASSAY_OK);
    assert_int_equal(source_mlflow_files.scan(self, &collect.ingest, &err), ASSAY_OK);
    for (size_t i = 0; i < collect.run_count; i++) {
        if (strncmp(collect.runs[i].name, "first", 5) == 0)
            attrs = &collect.runs[i].attrs;
    }
    assert_non_null(attrs);
    assert_int_equal(attrs->input_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct assay_input *input = &attrs->inputs[i];

        if (strcmp(input->type, "dataset") == 0) {
            assert_string_equal(input->name, "wine");
            assert_string_equal(input->digest, "abc123");
            assert_string_equal(input->context, "training");
            assert_string_equal(input->source_type, "local");
            assert_string_equal(input->source, "{\"uri\": \"data/wine.csv\"}");
            assert_string_equal(input->schema, "{\"columns\": []}");
            assert_string_equal(input->profile, "{\"rows\": 178}");
            dataset = true;
        } else {
            assert_string_equal(input->type, "model");
            assert_string_equal(input->name, "teacher");
            model = true;
        }
    }
    assert_true(dataset && model);
    assert_int_equal(attrs->output_count, 1);
    assert_string_equal(attrs->outputs[0].name, "vit-base");
    assert_int_equal(attrs->outputs[0].step, 7);
    source_mlflow_files.close(self);
    ingest_collect_free(&collect);
}

/* ---- lines ---- */

static void test_lines(void **state)
{
    struct mlflow_store *world = *state;
    const struct assay_summary *summary;

    mlflow_store_put_run(world, "0", RUN, 1);
    mlflow_store_put(world, "0/" RUN "/metrics/old", "1700000000000 0.5\n1700000000001 0.25\n");
    mlflow_store_put(world, "0/" RUN "/metrics/new",
                     "1700000000000 0.5 3 wine abc\n1700000000001 0.25 4 red wine abc\n");
    mlflow_store_put(world, "0/" RUN "/metrics/a/b/c",
                     "1 nan 1\n2 inf 2\n3 -inf 3\n4 -1e-05 4\r\n");
    mlflow_store_put(world, "0/" RUN "/metrics/half", "1 2.0 1\n2 3.0 2\n3 4.0 3");
    mlflow_store_put(world, "0/" RUN "/metrics/none", "");
    mlflow_store_put(world, "0/" RUN "/metrics/only half", "1 2");
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 0);
    assert_int_equal(mlflow_store_run(world, RUN)->attrs.metric_count, 4);
    summary = mlflow_store_summary(world, RUN, "old");
    assert_int_equal(summary->step, 0);
    assert_true(summary->last == 0.25);
    summary = mlflow_store_summary(world, RUN, "new"); /* the step the file has */
    assert_int_equal(summary->step, 4);
    summary = mlflow_store_summary(world, RUN, "a/b/c");
    assert_int_equal(summary->n, 4);
    assert_int_equal(summary->nonfinite, 3);
    assert_true(summary->last == -1e-05);
    summary = mlflow_store_summary(world, RUN, "half"); /* the last line is not yet there */
    assert_int_equal(summary->n, 2);
    mlflow_store_append(world, "0/" RUN "/metrics/half", "5\n");
    mlflow_store_scan(world);
    summary = mlflow_store_summary(world, RUN, "half");
    assert_int_equal(summary->n, 3);
    assert_int_equal(summary->step, 35);
}

static void test_bad_lines(void **state)
{
    struct mlflow_store *world = *state;
    struct assay_buf text = {0};

    mlflow_store_put_run(world, "0", RUN, 1);
    assay_buf_text_add(&text, "1 2.0 1\n2 x 2\nhello\n");
    assay_buf_repeat(&text, "z", 200000); /* longer than any line that is looked at */
    assay_buf_text_add(&text, "\n\n3 4.0 3\n99999999999999999999 1 1\n");
    mlflow_store_put(world, "0/" RUN "/metrics/m", assay_buf_text(&text));
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_summary(world, RUN, "m")->n, 2);
    assert_true(mlflow_store_summary(world, RUN, "m")->last == 4.0);
    assert_int_equal(world->collect.problem_count, 1);
    assert_int_equal(world->collect.problems[0].offset, 8);
    assert_non_null(strstr(world->collect.problems[0].path, "/metrics/m"));
    assert_non_null(strstr(world->collect.problems[0].message, "4 lines"));
    mlflow_store_scan(world); /* unchanged: not told again */
    assert_int_equal(world->collect.problem_count, 1);
    assay_buf_free(&text);
}

static void test_parse_in_pieces(void **state)
{
    static const char text[] = "1 1 1\n2 2 2\n3 3 3\n4 4";
    struct assay_point points[2];
    struct mlflow_metric_faults faults = {0};
    size_t count;

    (void)state;
    assert_int_equal(mlflow_metric_parse(text, strlen(text), 0, points, 2, &count, &faults),
                     12);
    assert_int_equal(count, 2);
    assert_int_equal(
        mlflow_metric_parse(text + 12, strlen(text) - 12, 12, points, 2, &count, &faults), 6);
    assert_int_equal(count, 1);
    assert_int_equal(points[0].step, 3);
    assert_int_equal(faults.count, 0);
}

/* ---- only what is new ---- */

static void test_unchanged_is_not_reported(void **state)
{
    struct mlflow_store *world = *state;

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    mlflow_store_put(world, "0/" RUN "/params/p", "v");
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->reports, 1);
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->reports, 1);
    mlflow_store_restart(world);
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->reports, 1);
    mlflow_store_put(world, "0/" RUN "/params/q", "w");
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->reports, 2);
    assert_string_equal(assay_attrs_param(&mlflow_store_run(world, RUN)->attrs, "q"), "w");
}

/* A grown file goes on where it was: bytes that were read are not looked at again. */
static void test_growth_costs_new_bytes(void **state)
{
    struct mlflow_store *world = *state;
    char path[1024];
    int fd;

    mlflow_store_put_run(world, "0", RUN, 1);
    mlflow_store_put(
        world, "0/" RUN "/metrics/m",
        "1 2.0 1\n1700000000000 3.0000000000000000 2\n1700000000000 2.5000000000000000 2\n");
    mlflow_store_scan(world);
    /* Were the old bytes read again, these would be found. */
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/m", world->store);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "9 9.0 9\n", 8, 0), 8);
    close(fd);
    mlflow_store_append(world, "0/" RUN "/metrics/m", "3 4.0 3\n");
    mlflow_store_restart(world);
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_summary(world, RUN, "m")->n, 4);
    assert_true(mlflow_store_summary(world, RUN, "m")->max == 4.0);
    assert_int_equal(mlflow_store_summary(world, RUN, "m")->step, 3);
}

static void test_replaced_is_read_anew(void **state)
{
    struct mlflow_store *world = *state;
    char path[1024];

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/metrics/shrunk", "1 2.0 1\n2 3.0 2\n");
    mlflow_store_put(world, "0/" RUN "/metrics/other", "1 2.0 1\n");
    mlflow_store_scan(world);
    mlflow_store_put(world, "0/" RUN "/metrics/shrunk", "1 7.0 1\n");
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/other", world->store);
    mlflow_store_put(world, "0/" RUN "/metrics/other.new", "1 8.0 1\n2 9.0 2\n");
    assert_int_equal(unlink(path), 0);
    mlflow_store_put(world, "0/" RUN "/metrics/other", "1 8.0 1\n2 9.0 2\n");
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_summary(world, RUN, "shrunk")->n, 1);
    assert_true(mlflow_store_summary(world, RUN, "shrunk")->last == 7.0);
    assert_int_equal(mlflow_store_summary(world, RUN, "other")->n, 2);
    assert_true(mlflow_store_summary(world, RUN, "other")->min == 8.0);
}

static void test_gone(void **state)
{
    struct mlflow_store *world = *state;
    char command[1024];

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put_run(world, "0", RUN2, 3);
    mlflow_store_scan(world);
    snprintf(command, sizeof command, "rm -r '%s/0/" RUN "'", world->store);
    assert_int_equal(system(command), 0);
    mlflow_store_scan(world);
    assert_true(mlflow_store_run(world, RUN)->gone);
    assert_false(mlflow_store_run(world, RUN2)->gone);
    /* And across programs. */
    mlflow_store_restart(world);
    snprintf(command, sizeof command, "rm -r '%s/0/" RUN2 "'", world->store);
    assert_int_equal(system(command), 0);
    mlflow_store_scan(world);
    assert_true(mlflow_store_run(world, RUN2)->gone);
    mlflow_store_put_run(world, "0", RUN2, 3);
    mlflow_store_scan(world);
    assert_false(mlflow_store_run(world, RUN2)->gone);
}

static void test_moved_to_trash(void **state)
{
    struct mlflow_store *world = *state;
    char from[1024], to[1024];
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};

    mlflow_store_put_experiment(world, "1");
    mlflow_store_put_run(world, "1", RUN, 3);
    mlflow_store_put(world, "1/" RUN "/metrics/m", "1 2.0 1\n");
    mlflow_store_put(world, ".trash/.keep", "");
    mlflow_store_scan(world);
    assert_false(ingest_collect_experiment(&world->collect, "1")->deleted);
    snprintf(from, sizeof from, "%s/1", world->store);
    snprintf(to, sizeof to, "%s/.trash/1", world->store);
    assert_int_equal(rename(from, to), 0);
    mlflow_store_scan(world);
    assert_true(ingest_collect_experiment(&world->collect, "1")->deleted);
    assert_false(mlflow_store_run(world, RUN)->gone);
    assert_int_equal(source_mlflow_files.read_series(world->self, "1", RUN, "m", series, &err),
                     ASSAY_OK);
    assert_int_equal(assay_series_count(series), 1);
    assay_series_free(&series);
}

static void test_cancelled(void **state)
{
    struct mlflow_store *world = *state;
    struct assay_error err = {0};

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    for (int after = 1; after < 12; after++) {
        void *self = NULL;

        world->collect.cancel_after = after;
        assert_int_equal(source_mlflow_files.open(&self, world->store, &err), ASSAY_OK);
        source_mlflow_files.scan(self, &world->collect.ingest, &err);
        source_mlflow_files.close(self);
        assay_error_clear(&err);
    }
    world->collect.cancel_after = 0;
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_summary(world, RUN, "m")->n, 1);
}

#define IN_WORLD(name)                                                                         \
    cmocka_unit_test_setup_teardown(name, mlflow_store_open, mlflow_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlflow_1),
        cmocka_unit_test(test_mlflow_2),
        cmocka_unit_test(test_mlflow_3),
        cmocka_unit_test(test_inputs_and_outputs),
        IN_WORLD(test_lines),
        IN_WORLD(test_bad_lines),
        cmocka_unit_test(test_parse_in_pieces),
        IN_WORLD(test_unchanged_is_not_reported),
        IN_WORLD(test_growth_costs_new_bytes),
        IN_WORLD(test_replaced_is_read_anew),
        IN_WORLD(test_gone),
        IN_WORLD(test_moved_to_trash),
        IN_WORLD(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

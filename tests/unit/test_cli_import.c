/*
 * assay import: whatever a source says of its runs is said of the copies, point by point; again
 * and again, and from a source that grew; and an import that was cut off is made whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "store/sql.h"
#include "support/good.h"
#include "support/places.h"
#include "support/program.h"

#define DATA TEST_DATA "/source/data/"

/* ---- the real program ---- */

static void use_new_store(void)
{
    char *path = place_new("store.db");

    assert_int_equal(setenv("ASSAY_STORE", path, 1), 0);
    free(path);
}

static json_t *runs_in(const char *source)
{
    program_run(NULL, "runs", "-S", source, "--format", "json", NULL);
    assert_true(program_last.status == 0 || program_last.status == 3);
    json_t *all = program_json(), *runs = json_incref(json_object_get(all, "runs"));

    json_decref(all);
    return runs;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_t *points_of(const char *source, const char *run)
{
    program_run(NULL, "series", "-S", source, run, "--format", "json", NULL);
    assert_true(program_last.status == 0 || program_last.status == 3);
    json_t *all = program_json(), *series = json_incref(json_object_get(all, "series"));

    json_decref(all);
    return series;
}

/* The copy of RUN: of the same experiment, name and start. */
static const json_t *copy_of(const json_t *copies, const json_t *run)
{
    const char *experiment = text_of(json_object_get(run, "experiment"), "name");
    const json_t *copy;
    size_t i;

    json_array_foreach(copies, i, copy)
    {
        if (strcmp(text_of(json_object_get(copy, "experiment"), "name"), experiment) == 0 &&
            strcmp(text_of(copy, "name"), text_of(run, "name")) == 0 &&
            json_equal(json_object_get(copy, "start_ms"), json_object_get(run, "start_ms")))
            return copy;
    }
    fail_msg("%s is not there", text_of(run, "name"));
    return NULL;
}

static void expect_same(const json_t *run, const json_t *copy, const char *key)
{
    if (json_equal(json_object_get(run, key), json_object_get(copy, key)))
        return;
    fail_msg("%s: %s: %s became %s", text_of(run, "name"), key,
             json_dumps(json_object_get(run, key), JSON_SORT_KEYS | JSON_ENCODE_ANY),
             json_dumps(json_object_get(copy, key), JSON_SORT_KEYS | JSON_ENCODE_ANY));
}

/* MLflow's rule for the last point of a metric prefers the greater value on a tie; the store
   keeps the order written and prefers the later. Everything else of a metric is the same. */
static void expect_metrics(const json_t *run, const json_t *copy)
{
    static const char *const keys[] = {"step", "time_ms", "min", "max", "n", "nonfinite"};
    const json_t *metrics = json_object_get(run, "metrics"), *metric;
    const json_t *copied = json_object_get(copy, "metrics");
    const char *name;

    assert_int_equal(json_object_size(metrics), json_object_size(copied));
    json_object_foreach((json_t *)(uintptr_t)metrics, name, metric)
    {
        for (size_t i = 0; i < ASSAY_COUNT(keys); i++)
            expect_same(metric, json_object_get(copied, name), keys[i]);
    }
}

static void expect_copied(const char *source)
{
    static const char *const keys[] = {"status", "lifecycle", "user",   "end_ms",
                                       "params", "tags",      "artifact_uri"};
    json_t *runs = runs_in(source), *copies = runs_in("local"), *run;
    size_t i;

    assert_true(json_array_size(runs) > 0);
    assert_int_equal(json_array_size(runs), json_array_size(copies));
    json_array_foreach(runs, i, run)
    {
        const json_t *copy = copy_of(copies, run);

        for (size_t k = 0; k < ASSAY_COUNT(keys); k++)
            expect_same(run, copy, keys[k]);
        expect_metrics(run, copy);
        if (json_object_size(json_object_get(run, "metrics")) == 0)
            continue;
        /* By its full name where ids are not unique texts. */
        json_t *points = points_of(source, text_of(run, "id"));
        json_t *copied = points_of("local", text_of(copy, "id"));
        if (!json_equal(points, copied))
            fail_msg("%s: other points", text_of(run, "name"));
        json_decref(points);
        json_decref(copied);
    }
    json_decref(runs);
    json_decref(copies);
}

/* Imports and returns what became of the runs of the one source. */
static void import(const char *source, int status, uint64_t new, uint64_t changed,
                   uint64_t unchanged)
{
    program_run(NULL, "import", source, "--format", "json", NULL);
    program_expect(status);
    json_t *all = program_json(), *one = json_array_get(json_object_get(all, "imported"), 0);

    assert_int_equal(json_array_size(json_object_get(all, "imported")), 1);
    assert_int_equal(json_integer_value(json_object_get(one, "new")), new);
    assert_int_equal(json_integer_value(json_object_get(one, "changed")), changed);
    assert_int_equal(json_integer_value(json_object_get(one, "unchanged")), unchanged);
    assert_int_equal(json_integer_value(json_object_get(one, "failed")), 0);
    json_decref(all);
}

static size_t runs_count(const char *source)
{
    json_t *runs = runs_in(source);
    size_t count = json_array_size(runs);

    json_decref(runs);
    return count;
}

static void import_twice(const char *source, int status)
{
    use_new_store();
    size_t count = runs_count(source);
    import(source, status, count, 0, 0);
    expect_copied(source);
    import(source, status, 0, 0, count);
    expect_copied(source);
}

static void test_mlflow_files(void **state)
{
    (void)state;
    import_twice(DATA "mlflow-1/mlruns", 0);
    import_twice(DATA "mlflow-2/mlruns", 0);
    import_twice(DATA "mlflow-3/mlruns", 0);
}

static void test_mlflow_database(void **state)
{
    char *path = place_new("mlflow.db"), *text;
    struct sql *sql = NULL;
    size_t length;

    (void)state;
    text = place_read(DATA "mlflow-3/mlflow.sql", &length);
    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    GOOD(sql_exec(sql, text, good));
    sql_close(&sql);
    import_twice(path, 0);
    free(text);
    free(path);
}

static void test_tensorboard(void **state)
{
    (void)state;
    /* One file holds a vector where a number should be: said, and the rest is read. */
    import_twice(DATA "tb-logs", 3);
}

static void copy_tree(const char *from, const char *to)
{
    struct assay_buf command = {0};

    assay_buf_format(&command, "cp -r '%s' '%s'", from, to);
    assert_int_equal(system(assay_buf_text(&command)), 0);
    assay_buf_free(&command);
}

static void test_grown(void **state)
{
    static const char *const run = "4a4ee20177a54a57944f37c1146ca12d";
    char *store = place_new("mlruns"), metric[600];
    size_t count;

    (void)state;
    use_new_store();
    copy_tree(DATA "mlflow-2/mlruns", store);
    count = runs_count(store);
    import(store, 0, count, 0, 0);
    program_run(NULL, "log", run, "-t", "mine=kept", NULL);
    program_expect(0);

    snprintf(metric, sizeof metric, "%s/932428363448864256/%s/metrics/curve", store, run);
    FILE *file = fopen(metric, "a");
    assert_non_null(file);
    fputs("1700009999999 0.25 4000\n", file);
    fclose(file);
    import(store, 0, 0, 1, count - 1);
    program_run(NULL, "show", "-S", "local", run, "--format", "json", NULL);
    program_expect(0);
    json_t *copy = program_json();
    assert_string_equal(text_of(json_object_get(copy, "tags"), "mine"), "kept");
    json_t *curve = json_object_get(json_object_get(copy, "metrics"), "curve");
    assert_true(json_number_value(json_object_get(curve, "last")) == 0.25);
    json_decref(copy);
    json_t *points = points_of(store, run), *copied = points_of("local", run);
    assert_true(json_equal(points, copied));
    json_decref(points);
    json_decref(copied);
    import(store, 0, 0, 0, count);
    program_run(NULL, "artifacts", "-S", "local", run, NULL); /* they lie on no machine */
    program_expect(3);
    assert_non_null(strstr(program_last.err, "are not here: "));
    program_run(NULL, "doctor", NULL);
    assert_non_null(strstr(program_last.out, "sound: "));
    free(store);
}

static void test_refused(void **state)
{
    (void)state;
    use_new_store();
    program_run(NULL, "import", "local", NULL);
    program_expect(2);
    assert_non_null(strstr(program_last.err, "no source but the local store"));
    program_run(NULL, "import", "/nowhere/at/all", NULL);
    program_expect(2);
    program_run(NULL, "import", DATA "mlflow-2/mlruns", "-e", "Default", NULL);
    program_expect(0);
    assert_int_equal(runs_count("local"), 1);
}

/* ---- the interface ---- */

static struct assay_local *local_open(void)
{
    struct assay_local *local = NULL;

    use_new_store();
    GOOD(assay_local_open(&local, NULL, good));
    return local;
}

static struct assay_series *ramp(size_t count)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    for (size_t i = 0; i < count; i++) {
        struct assay_point point = {
            .step = (int64_t)i, .time_ms = (int64_t)i, .value = (double)i};
        assay_series_add(series, &point, 1);
    }
    return series;
}

/* Two metrics of so many points each that one transaction does not take both. */
static void test_cut_off(void **state)
{
    struct assay_local *local = local_open();
    struct assay_series *series = ramp(700000);
    struct assay_metric metrics[] = {{.key = "a", .summary = *assay_series_summary(series)},
                                     {.key = "b", .summary = *assay_series_summary(series)}};
    const struct assay_attrs attrs = {.metrics = metrics, .metric_count = 2};
    const struct assay_run run = {.id = "train/1",
                                  .name = "one",
                                  .user = "dev",
                                  .artifact_uri = "",
                                  .status = ASSAY_RUN_FINISHED,
                                  .start_ms = 1000,
                                  .end_ms = 2000};
    const struct assay_import_run from = {"tensorboard", "/logs", "logs", &run, &attrs};
    struct assay_import *half = NULL;
    enum assay_import_state found;

    (void)state;
    GOOD(assay_import_begin(&half, local, &from, &found, good));
    assert_int_equal(found, ASSAY_IMPORT_NEW);
    assert_string_equal(assay_import_metric(half, 1), "b");
    assert_null(assay_import_metric(half, 2));
    GOOD(assay_import_points(half, 0, series, good));
    GOOD(assay_import_points(half, 1, series, good));
    char *id = assay_strdup(assay_import_id(half));
    assay_import_free(&half); /* as if the program had ended here */

    program_run(NULL, "show", "-S", "local", id, "--format", "json", NULL);
    program_expect(0);
    json_t *shown = program_json();
    assert_int_equal(json_object_size(json_object_get(shown, "metrics")), 1);
    json_decref(shown);

    GOOD(assay_import_begin(&half, local, &from, &found, good));
    assert_int_equal(found, ASSAY_IMPORT_CHANGED);
    assert_string_equal(assay_import_id(half), id);
    GOOD(assay_import_points(half, 0, series, good));
    GOOD(assay_import_points(half, 1, series, good));
    GOOD(assay_import_end(half, good));
    assay_import_free(&half);
    GOOD(assay_import_begin(&half, local, &from, &found, good));
    assert_int_equal(found, ASSAY_IMPORT_SAME);
    assay_import_free(&half);

    struct assay_database_check check = {0};
    GOOD(assay_database_check(ASSAY_DATABASE_STORE, NULL, &check, NULL, NULL, good));
    assert_int_equal(check.points, 1400000);
    free(id);
    assay_series_free(&series);
    assay_local_close(&local);
}

static void test_a_run_of_our_own(void **state)
{
    struct assay_local *local = local_open();
    char id[ASSAY_RUN_ID_SIZE];
    const struct assay_attrs attrs = {0};
    enum assay_import_state found;
    struct assay_import *import = NULL;

    (void)state;
    GOOD(assay_local_start(local, "mine", "mine", 1000, id, good));
    const struct assay_run run = {.id = id, .name = "theirs", .user = "", .artifact_uri = ""};
    const struct assay_import_run from = {"mlflow-files", "/mlruns", "theirs", &run, &attrs};
    GOOD(assay_import_begin(&import, local, &from, &found, good));
    assert_int_equal(found, ASSAY_IMPORT_TAKEN);
    assay_import_free(&import);
    assay_local_close(&local);
}

/* A database of ours that is named as a source: how it is opened is said. */
static void test_a_store_as_source(void **state)
{
    struct assay_local *local = local_open();

    (void)state;
    assay_local_close(&local);
    program_run(NULL, "ls", "-S", getenv("ASSAY_STORE"), NULL);
    program_expect(2);
    assert_non_null(strstr(program_last.err, "a database of Assay's own"));
    assert_non_null(strstr(program_last.err, "ASSAY_STORE=FILE"));
    program_run(NULL, "ls", "-S", "local", NULL);
    program_expect(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlflow_files), cmocka_unit_test(test_mlflow_database),
        cmocka_unit_test(test_tensorboard),  cmocka_unit_test(test_grown),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_a_run_of_our_own),
        cmocka_unit_test(test_a_store_as_source),
    };

    return cmocka_run_group_tests(tests, program_begin, program_end);
}

/*
 * Compares what a reader of MLflow stores reported with what MLflow itself answered. Called by
 * test_mlflow_files, test_mlflow_db and test_recorded.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "support/mlflow_expect.h"

double mlflow_expect_number(const json_t *value)
{
    if (json_is_string(value)) {
        const char *text = json_string_value(value);

        return strcmp(text, "NaN") == 0 ? (double)NAN : *text == '-' ? -INFINITY : INFINITY;
    }
    return json_number_value(value);
}

/* Equal to the bit, but that any NaN equals any other. */
static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static int64_t time_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : ASSAY_NO_TIME;
}

const json_t *mlflow_expect_run(const json_t *expected, const char *name)
{
    const json_t *run;
    size_t i;

    json_array_foreach(json_object_get(expected, "runs"), i, run)
    {
        if (strncmp(text_of(run, "name"), name, strlen(name)) == 0)
            return run;
    }
    return NULL;
}

static void expect_pairs(const json_t *expected, const struct assay_pair *pairs, size_t count)
{
    const char *key;
    json_t *value;

    assert_int_equal(json_object_size(expected), count);
    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
    {
        size_t i = 0;

        while (i < count && strcmp(pairs[i].key, key) != 0)
            i++;
        assert_true(i < count);
        assert_string_equal(json_string_value(value), pairs[i].value);
    }
}

static int by_order(const void *a, const void *b)
{
    const struct assay_point *x = a, *y = b;

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (isnan(x->value) || isnan(y->value))
        return isnan(y->value) - isnan(x->value);
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Compares as sets: the library gives the points of a database in no certain order. */
static void expect_points(const json_t *history, const struct assay_series *series)
{
    size_t count = assay_series_count(series);
    struct assay_point *have = assay_alloc_array(count + 1, sizeof *have);
    struct assay_point *want = assay_alloc_array(count + 1, sizeof *want);

    assert_int_equal(json_array_size(history), count);
    assay_series_get(series, 0, count, have);
    for (size_t i = 0; i < count; i++) {
        const json_t *point = json_array_get(history, i);

        want[i].step = json_integer_value(json_array_get(point, 0));
        want[i].time_ms = json_integer_value(json_array_get(point, 1));
        want[i].value = mlflow_expect_number(json_array_get(point, 2));
    }
    qsort(have, count, sizeof *have, by_order);
    qsort(want, count, sizeof *want, by_order);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(have[i].step, want[i].step);
        assert_int_equal(have[i].time_ms, want[i].time_ms);
        assert_true(same_number(have[i].value, want[i].value));
    }
    free(have);
    free(want);
}

static void expect_range(const struct assay_summary *a, const struct assay_summary *b)
{
    assert_int_equal(a->nonfinite, b->nonfinite);
    assert_true(same_number(a->min, b->min));
    assert_true(same_number(a->max, b->max));
}

/* A server's lists have only the latest point of a metric. */
static void expect_metrics(const json_t *expected, const struct collected_run *run,
                           const struct source_ops *ops, void *self)
{
    bool lists = strcmp(ops->kind, "mlflow") == 0;
    const json_t *latest = json_object_get(expected, "latest");
    const char *key;
    json_t *value;

    assert_int_equal(json_object_size(latest), run->attrs.metric_count);
    json_object_foreach((json_t *)(uintptr_t)latest, key, value)
    {
        const struct assay_metric *metric = assay_attrs_metric(&run->attrs, key);
        struct assay_series *series = assay_series_new(ops->last_rule);
        const json_t *history = json_object_get(json_object_get(expected, "history"), key);
        struct assay_error err = {0};

        assert_non_null(metric);
        assert_int_equal(metric->summary.step, json_integer_value(json_array_get(value, 0)));
        assert_int_equal(metric->summary.time_ms, json_integer_value(json_array_get(value, 1)));
        assert_true(
            same_number(metric->summary.last, mlflow_expect_number(json_array_get(value, 2))));
        assert_int_equal(ops->read_series(self, run->experiment, run->id, key, series, &err),
                         ASSAY_OK);
        expect_points(history, series);
        if (lists) {
            assert_int_equal(metric->summary.n, 0);
        } else {
            assert_int_equal(metric->summary.n, json_array_size(history));
            expect_range(&metric->summary, assay_series_summary(series));
        }
        assay_series_free(&series);
    }
}

void mlflow_expect_store(const json_t *expected, const struct ingest_collect *collect,
                         const struct source_ops *ops, void *self)
{
    const json_t *experiments = json_object_get(expected, "experiments");
    const json_t *runs = json_object_get(expected, "runs");
    const json_t *item;
    size_t i;

    assert_int_equal(json_array_size(experiments), collect->experiment_count);
    assert_int_equal(json_array_size(runs), collect->run_count);
    json_array_foreach(experiments, i, item)
    {
        const struct collected_experiment *experiment =
            ingest_collect_experiment(collect, text_of(item, "id"));

        assert_non_null(experiment);
        assert_string_equal(experiment->name, text_of(item, "name"));
        assert_int_equal(experiment->deleted, json_is_true(json_object_get(item, "deleted")));
    }
    json_array_foreach(runs, i, item)
    {
        const struct collected_run *run = ingest_collect_run(collect, text_of(item, "id"));

        assert_non_null(run);
        assert_string_equal(run->experiment, text_of(item, "experiment"));
        assert_string_equal(run->name, text_of(item, "name"));
        assert_string_equal(run->user, text_of(item, "user"));
        assert_string_equal(run->artifact_uri, text_of(item, "artifact_uri"));
        assert_string_equal(assay_run_status_name(run->status), text_of(item, "status"));
        assert_int_equal(run->deleted, json_is_true(json_object_get(item, "deleted")));
        assert_true(run->with_state);
        assert_int_equal(run->start_ms, time_of(item, "start"));
        assert_int_equal(run->end_ms, time_of(item, "end"));
        expect_pairs(json_object_get(item, "params"), run->attrs.params,
                     run->attrs.param_count);
        expect_pairs(json_object_get(item, "tags"), run->attrs.tags, run->attrs.tag_count);
        expect_metrics(item, run, ops, self);
    }
}

/*
 * The filter language: every operator and kind of field against a small catalog, MLflow's own
 * spellings, and what is said of names that nobody has.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>
#include <assay/query.h>

#include "core/model/attrs.h"
#include "core/model/catalog_edit.h"
#include "core/query/regex.h"

#define NOW  INT64_C(1760000000000)
#define HOUR INT64_C(3600000)

static struct assay_catalog *catalog;

struct sample {
    const char *id, *name, *user;
    int experiment;
    enum assay_run_status status;
    int64_t start_ms, end_ms;
    const char *lr, *model, *team, *note; /* params lr, model; tags team, mlflow.note */
    double loss;                          /* INFINITY: not logged */
    double accuracy;
    struct assay_input inputs[3]; /* to the first without a type */
};

/* Bit I of a result stands for run I. */
static const struct sample samples[] = {
    {"a0f1",
     "vit-base",
     "ann",
     0,
     ASSAY_RUN_FINISHED,
     NOW - 2 * HOUR,
     NOW - HOUR,
     "0.1",
     "vit",
     "ads",
     "first",
     0.5,
     0.7,
     {{.type = "dataset", .name = "wine", .digest = "9f3c", .context = "training"},
      {.type = "dataset", .name = "wine-holdout", .digest = "0123", .context = "evaluation"}}},
    {"b1e2",
     "vit-large",
     "dev",
     0,
     ASSAY_RUN_RUNNING,
     NOW - HOUR / 2,
     ASSAY_NO_TIME,
     "1e-1",
     "vit",
     "Ads-EU",
     NULL,
     0.25,
     0.9,
     {{.type = "dataset", .name = "Wine", .digest = "77aa", .context = ""},
      {.type = "model", .name = "teacher", .digest = "", .context = ""}}},
    {"c2d3",
     "ResNet 50",
     "ann",
     1,
     ASSAY_RUN_FAILED,
     NOW - 240 * HOUR,
     NOW - 239 * HOUR,
     "auto",
     "resnet",
     NULL,
     "it's \"odd\"",
     NAN,
     INFINITY,
     {{.type = NULL}}},
    {"d3c4",
     "",
     "",
     1,
     ASSAY_RUN_UNKNOWN,
     ASSAY_NO_TIME,
     ASSAY_NO_TIME,
     NULL,
     NULL,
     NULL,
     "",
     INFINITY,
     INFINITY,
     {{.type = NULL}}},
};
enum { ALL = 15 };

static void add_sample(uint32_t source, const uint32_t *experiments, const struct sample *s)
{
    struct assay_pair params[2], tags[2];
    struct assay_metric metrics[2];
    struct assay_attrs attrs = {.params = params, .tags = tags, .metrics = metrics};
    struct assay_buf packed = {0};
    if (s->lr)
        params[attrs.param_count++] = (struct assay_pair){"lr", s->lr};
    if (s->model)
        params[attrs.param_count++] = (struct assay_pair){"model", s->model};
    if (s->team)
        tags[attrs.tag_count++] = (struct assay_pair){"team", s->team};
    if (s->note)
        tags[attrs.tag_count++] = (struct assay_pair){"mlflow.note", s->note};
    if (!isinf(s->loss))
        metrics[attrs.metric_count++] = (struct assay_metric){
            .key = "val/loss",
            .summary = {.last = s->loss, .min = s->loss / 2, .max = s->loss * 2, .n = 3}};
    if (!isinf(s->accuracy))
        metrics[attrs.metric_count++] = (struct assay_metric){
            .key = "accuracy",
            .summary = {.last = s->accuracy, .min = 0, .max = s->accuracy + 0.05, .n = 3}};
    struct assay_input inputs[2];
    attrs.inputs = inputs;
    for (size_t i = 0; s->inputs[i].type; i++) {
        inputs[i] = s->inputs[i];
        inputs[i].source_type = inputs[i].source = "";
        inputs[i].schema = inputs[i].profile = "";
        attrs.input_count = i + 1;
    }
    attrs_pack(&attrs, &packed);
    catalog_put_run(catalog, source,
                    &(struct catalog_run){.id = s->id,
                                          .name = s->name,
                                          .user = s->user,
                                          .artifact_uri = "",
                                          .experiment = experiments[s->experiment],
                                          .status = s->status,
                                          .deleted = s->status == ASSAY_RUN_FAILED,
                                          .start_ms = s->start_ms,
                                          .end_ms = s->end_ms,
                                          .attrs = packed.data,
                                          .attrs_length = packed.length},
                    true);
    assay_buf_free(&packed);
}

static int set_up(void **state)
{
    (void)state;
    catalog = catalog_new(&(struct catalog_hooks){0});
    uint32_t source = catalog_add_source(catalog, "local", "home", "/nowhere"), experiments[2];
    experiments[0] = catalog_put_experiment(
        catalog, source, &(struct catalog_experiment){.id = "0", .name = "sweep"});
    experiments[1] = catalog_put_experiment(
        catalog, source, &(struct catalog_experiment){.id = "77", .name = "Baseline"});
    for (size_t i = 0; i < ASSAY_COUNT(samples); i++)
        add_sample(source, experiments, &samples[i]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    catalog_free(&catalog);
    return 0;
}

static unsigned select_bits(const char *filter)
{
    struct assay_query *query = NULL;
    struct assay_error err = {0};
    uint32_t rows[ASSAY_COUNT(samples)];
    unsigned bits = 0;
    bool loading = true;
    for (uint32_t i = 0; i < ASSAY_COUNT(samples); i++)
        rows[i] = i;
    if (assay_query_parse(&query, filter, NOW, &err) != ASSAY_OK)
        fail_msg("%s: column %zu: %s", filter, err.column, err.what);
    size_t kept = assay_query_select(query, catalog, rows, ASSAY_COUNT(rows), &loading);
    for (size_t i = 0; i < kept; i++) {
        assert_true(i == 0 || rows[i] > rows[i - 1]);
        bits |= 1u << rows[i];
    }
    assert_false(loading);
    assay_query_free(&query);
    assert_null(query);
    return bits;
}

struct filter_case {
    const char *filter;
    unsigned bits;
};

static void check_all(const struct filter_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (select_bits(cases[i].filter) != cases[i].bits)
            fail_msg("%s: expected runs %x, got %x", cases[i].filter, cases[i].bits,
                     select_bits(cases[i].filter));
}

static void test_metrics(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"", ALL},
        {"   ", ALL},
        {"metrics.val/loss < 0.3", 2},
        {"metrics.val/loss<=.5", 3},
        {"metric.`val/loss` > 0.25", 1},
        {"metrics.\"val/loss\" >= 2.5e-1", 3},
        {"metrics.val/loss = 0.5", 1},
        {"metrics.val/loss == 0.5", 1},
        {"metrics.val/loss != 0.5", 6}, /* NaN is not 0.5; what is not there is nothing */
        {"metrics.val/loss <> 0.5", 6},
        {"metrics.val/loss = nan", 4},
        {"metrics.val/loss != nan", 3},
        {"metrics.val/loss < nan", 0},
        {"metrics.val/loss < inf", 3},
        {"not metrics.val/loss < 0.3", 13},
        {"metrics.val/loss is null", 8},
        {"metrics.val/loss IS NOT NULL", 7},
        {"metrics.absent is null", ALL},
        {"metrics.absent < 1", 0},
        {"metrics.val/loss in (0.5, 7, .25)", 3},
        {"metrics.val/loss not in (0.5)", 6},
        {"metrics.val/loss@min < 0.2", 2},
        {"metrics.val/loss@max = 1", 1},
        {"metrics.`val/loss`@min < 0.2", 2},
        {"metrics.accuracy@best > .92", 2},
        {"metrics.val/loss@best = 0.125", 2},
        {"metrics.val/loss@last = 0.5", 1},
        {"metrics.val/loss < '0.3'", 2},
    };
    check_all(cases, ASSAY_COUNT(cases));
}

/* ---- comparisons against C's own ---- */

static const double extremes[] = {-INFINITY, -DBL_MAX, -1.5,
                                  -1,        -DBL_MIN, -4.9406564584124654e-324,
                                  -0.0,      0,        4.9406564584124654e-324,
                                  DBL_MIN,   1,        1.5,
                                  DBL_MAX,   INFINITY, NAN};

static bool holds(double a, const char *op, double b)
{
    if (strcmp(op, "=") == 0)
        return a == b || (isnan(a) && isnan(b));
    if (strcmp(op, "!=") == 0)
        return isnan(b) ? !isnan(a) : a != b;
    if (strcmp(op, "<") == 0)
        return a < b;
    if (strcmp(op, "<=") == 0)
        return a <= b;
    return strcmp(op, ">") == 0 ? a > b : a >= b;
}

static struct assay_catalog *make_extremes(void)
{
    struct assay_catalog *them = catalog_new(&(struct catalog_hooks){0});
    uint32_t source = catalog_add_source(them, "local", "home", "/nowhere");
    uint32_t experiment = catalog_put_experiment(
        them, source, &(struct catalog_experiment){.id = "0", .name = "sweep"});
    for (size_t i = 0; i < ASSAY_COUNT(extremes); i++) {
        char id[8];
        struct assay_metric metric = {.key = "x", .summary = {.last = extremes[i], .n = 1}};
        struct assay_attrs attrs = {.metrics = &metric, .metric_count = 1};
        struct assay_buf packed = {0};
        snprintf(id, sizeof id, "%zu", i);
        attrs_pack(&attrs, &packed);
        catalog_put_run(them, source,
                        &(struct catalog_run){.id = id,
                                              .name = "",
                                              .user = "",
                                              .artifact_uri = "",
                                              .experiment = experiment,
                                              .start_ms = NOW,
                                              .end_ms = ASSAY_NO_TIME,
                                              .attrs = packed.data,
                                              .attrs_length = packed.length},
                        true);
        assay_buf_free(&packed);
    }
    return them;
}

static void test_extremes(void **state)
{
    (void)state;
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="}, *const names[] = {
                                                                            "metrics.x", "x"};
    struct assay_catalog *them = make_extremes();
    for (size_t k = 0; k < ASSAY_COUNT(ops) * ASSAY_COUNT(extremes) * 2; k++) {
        const char *op = ops[k / 2 % ASSAY_COUNT(ops)];
        double value = extremes[k / 2 / ASSAY_COUNT(ops)];
        uint32_t rows[ASSAY_COUNT(extremes)];
        char filter[80];
        struct assay_query *query = NULL;
        size_t at = 0;
        snprintf(filter, sizeof filter, "%s %s %.17g", names[k % 2], op, value);
        for (uint32_t i = 0; i < ASSAY_COUNT(rows); i++)
            rows[i] = i;
        assert_int_equal(assay_query_parse(&query, filter, NOW, NULL), ASSAY_OK);
        size_t kept = assay_query_select(query, them, rows, ASSAY_COUNT(rows), NULL);
        for (uint32_t i = 0; i < ASSAY_COUNT(rows); i++) {
            bool there = at < kept && rows[at] == i;
            if (there != holds(extremes[i], op, value))
                fail_msg("%s: wrong about %g", filter, extremes[i]);
            at += there;
        }
        assert_int_equal(at, kept);
        assay_query_free(&query);
    }
    catalog_free(&them);
}

static void test_texts(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"params.model = 'vit'", 3},
        {"params.model = vit", 3},
        {"param.model != \"vit\"", 4},
        {"params.lr = 0.1", 3},   /* as numbers */
        {"params.lr = '0.1'", 1}, /* as texts, as MLflow does */
        {"params.lr < 1", 3},
        {"params.lr > 'b'", 0},
        {"params.lr > 'a'", 4},
        {"params.lr != 0.1", 4},
        {"params.lr in (0.1)", 3},
        {"params.lr in ('0.1', 'auto')", 5},
        {"params.lr not in ('0.1', 'auto')", 2},
        {"params.model LIKE 'v%'", 3},
        {"params.model LIKE '%es%'", 4},
        {"params.model LIKE 'V%'", 0},
        {"params.model ILIKE 'V_T'", 3},
        {"params.model NOT LIKE 'v%'", 4},
        {"tags.team ilike '%ads%'", 3},
        {"tags.team like '%ads%'", 1},
        {"tags.team not ilike '%eu%'", 1},
        {"params.model ~ '^v.t$'", 3},
        {"params.model !~ '^v.t$'", 4},
        {"tags.mlflow.note = 'first'", 1},
        {"tags.`mlflow.note` = \"it's \"", 0},
        {"tags.\"mlflow.note\" LIKE '%odd%'", 4},
        {"tags.mlflow.note = ''", 8},
        {"tags.mlflow.note is not null", 13},
        {"tags.mlflow.note is null", 2},
    };
    check_all(cases, ASSAY_COUNT(cases));
}

static void test_attributes(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"attributes.status = 'FINISHED'", 1},
        {"status = finished", 1},
        {"status != 'RUNNING'", 5},
        {"run.status in ('running', 'FAILED')", 6},
        {"status is null", 8},
        {"status = UNKNOWN", 8},
        {"status != unknown", 7},
        {"status in (unknown, failed)", 12},
        {"status not in (unknown, failed)", 3},
        {"status = killed", 0},
        {"metrics.`accuracy@bst` > .9", 0}, /* in quotes a name is what it says */
        {"metrics.accuracy@5 > .9", 0},
        {"name = 'ResNet 50'", 4},
        {"attributes.run_name LIKE 'vit%'", 3},
        {"attributes.`run name` LIKE 'vit%'", 3},
        {"name is null", 8},
        {"run_id = 'a0f1'", 1},
        {"user = ann", 5},
        {"attributes.user_id = 'dev'", 2},
        {"experiment = sweep", 3},
        {"experiment_id = '77'", 12},
        {"source = home", ALL},
        {"lifecycle = deleted", 4},
        {"lifecycle_stage = 'active'", 11},
        {"start > -7d", 3},
        {"start > -1h", 2},
        {"start < now", 7},
        {"start_time > 1759998000000", 2},
        {"start < '2025-10-01'", 4},
        {"start < 2025-10-01T00:00:00Z", 4},
        {"start is null", 8},
        {"end > now-90m", 1},
        {"duration = 1h", 5},
        {"duration >= 3600", 5},
        {"duration < 31m", 2}, /* runs still */
        {"duration is null", 8},
    };
    check_all(cases, ASSAY_COUNT(cases));
}

/* One of a run's datasets has to match; models are none. */
static void test_datasets(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"dataset.name = 'wine'", 1},
        {"datasets.name = Wine", 2},
        {"DATASET.Name ILIKE 'WINE%'", 3},
        {"dataset.name LIKE '%holdout'", 1},
        {"dataset.name != 'wine'", 3},
        {"dataset.name IN ('Wine', 'wine-holdout')", 3},
        {"dataset.name NOT IN ('Wine')", 1},
        {"dataset.digest = '9f3c'", 1},
        {"dataset.digest = 0123", 1}, /* a digest is text, whatever it looks like */
        {"dataset.digest = 123", 0},
        {"dataset.context = 'evaluation' and dataset.name = 'wine'", 1},
        {"dataset.context = 'training'", 1},
        {"dataset.name ~ 'hold.ut'", 1},
        {"dataset.name IS NULL", 12},
        {"dataset.context IS NOT NULL", 1},
        {"dataset.name = 'teacher'", 0},
        {"not dataset.name = 'wine'", ALL - 1},
    };
    check_all(cases, ASSAY_COUNT(cases));
}

static void test_conditions(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"vit", 3},
        {"VIT large", 2},
        {"'resnet 50'", 4},
        {"baseline", 12},
        {"dev", 2},
        {"d3c4", 8},
        {"-", 3},
        {"not vit", 12},
        {"not not vit", 3},
        {"vit and not large or resnet", 5},
        {"vit and not (large or resnet)", 1},
        {"(((vit)))", 3},
        {"vit or resnet or d3c4", ALL},
        {"vit AND status = RUNNING", 2},
        {"status = RUNNING vit", 2},
        {"metrics.val/loss < 0.6 and (params.model = 'vit' and tags.team like '%ads%') and "
         "start > -7d",
         1},
        {"NOT (metrics.accuracy < 1)", 12},
        {"android", 0},
        {"name", 0}, /* an attribute's name alone is a word like any other */
        {"in", 12},  /* and so are keywords nothing stands before: "Baseline" */
        {"metrics.accuracy>0.8 or user=ann", 7},
    };
    check_all(cases, ASSAY_COUNT(cases));
}

/* The runs' params: lr 0.1, 1e-1, auto, none; metrics: accuracy 0.7, 0.9, none, none;
   val/loss 0.5, 0.25, NaN, none; tags: team, mlflow.note. */
static void test_names_without_a_kind(void **state)
{
    (void)state;
    static const struct filter_case cases[] = {
        {"lr = 0.1", 3},
        {"lr=0.1", 3},
        {"lr = 'auto'", 4},
        {"lr = '0.1'", 1},
        {"lr != 0.1", 4},
        {"not lr = 0.1", 12},
        {"lr in (0.1, 3)", 3},
        {"lr in ('auto')", 4},
        {"lr not in ('auto')", 3},
        {"lr is null", 8},
        {"lr is not null", 7},
        {"lr like 'au%'", 4},
        {"lr not like 'au%'", 3},
        {"lr ~ '^a'", 4},
        {"lr !~ '^a'", 3},
        {"`lr` < 1 and accuracy >= 0.9", 2},
        {"accuracy > 0.8 or team = ads", 3},
        {"accuracy = 'high'", 0},
        {"accuracy != 'high'", 3},
        {"accuracy like '0%'", 0},
        {"accuracy not like '0%'", 3},
        {"accuracy@max > 0.92", 2},
        {"loss < 0.4", 2}, /* the last part of val/loss */
        {"loss@min < 0.2", 2},
        {"val/loss = nan", 4},
        {"loss is null", 8},
        {"note = 'first'", 1}, /* and of mlflow.note */
        {"mlflow.note is not null", 13},
        {"model = 'vit' lr", 0}, /* a word still */
        {"lr in", 0},
        {"base lr like", 0},
    };
    check_all(cases, ASSAY_COUNT(cases));
}

/* A param "act" here, a metric "act" there, and a run with both. */
static void test_a_name_of_several_kinds(void **state)
{
    static struct assay_pair text[] = {{"act", "relu"}}, number[] = {{"act", "2"}};
    static struct assay_metric metric[] = {
        {.key = "act", .summary = {.last = 2, .min = 1, .max = 2, .n = 2}}};
    const struct assay_attrs attrs[] = {
        {.params = text, .param_count = 1},
        {.metrics = metric, .metric_count = 1},
        {.params = text, .param_count = 1, .metrics = metric, .metric_count = 1},
        {.params = number, .param_count = 1, .metrics = metric, .metric_count = 1},
    };
    static const char *const ids[] = {"a", "b", "c", "d"};
    static const struct filter_case cases[] = {
        {"act = 2", 14},       {"act = 'relu'", 5},   {"act != 'relu'", 10},
        {"act != 2", 1},       {"act < 3", 14},       {"act in ('relu', 2)", 15},
        {"act not in (2)", 1}, {"act is null", 0},    {"act = 3 or act is not null", 15},
        {"act@min = 1", 14},   {"act !~ 'relu'", 10}, {"metrics.act = 2", 14},
        {"params.act = 2", 8},
    };
    struct assay_catalog *of_all = catalog;
    (void)state;
    catalog = catalog_new(&(struct catalog_hooks){0});
    uint32_t source = catalog_add_source(catalog, "local", "home", "/nowhere");
    uint32_t experiment = catalog_put_experiment(
        catalog, source, &(struct catalog_experiment){.id = "0", .name = "one"});
    for (size_t i = 0; i < ASSAY_COUNT(attrs); i++) {
        struct assay_buf packed = {0};
        attrs_pack(&attrs[i], &packed);
        catalog_put_run(catalog, source,
                        &(struct catalog_run){.id = ids[i],
                                              .name = "",
                                              .user = "",
                                              .artifact_uri = "",
                                              .experiment = experiment,
                                              .start_ms = ASSAY_NO_TIME,
                                              .end_ms = ASSAY_NO_TIME,
                                              .attrs = packed.data,
                                              .attrs_length = packed.length},
                        true);
        assay_buf_free(&packed);
    }
    check_all(cases, ASSAY_COUNT(cases));
    catalog_free(&catalog);
    catalog = of_all;
}

/* Whether a name is anybody's is known once the catalog has been asked. */
static void test_names_of_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t column;
        const char *what;
    } cases[] = {
        {"stats = 'x'", 1, "no run has a param, metric or tag 'stats'; did you mean status?"},
        {"foo < 3", 1, "no run has a param, metric or tag 'foo'"},
        {"android and foo < 3", 13, "no run has a param, metric or tag 'foo'"},
        {"lr = 1 or (lr = 2 and oss < 3)", 23, "no run has a param, metric or tag 'oss'"},
        {"metrcs.loss < 3", 1, "unknown kind of field 'metrcs'; did you mean metrics?"},
        {"team@min < 3", 1, "no run has a param, metric or tag 'team'"},
        {"vit metrics.accuracy@bst > .9", 21, "no run has a metric 'accuracy@bst', and '@bst'"},
        {"accuracy@bst > .9", 9,
         "no run has a param, metric or tag 'accuracy@bst', and '@bst'"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_query *query = NULL;
        struct assay_error err = {0};
        uint32_t rows[] = {0, 1, 2, 3};
        assert_int_equal(assay_query_parse(&query, cases[i].filter, NOW, &err), ASSAY_OK);
        assert_int_equal(assay_query_check(query, &err), ASSAY_OK);
        assay_query_select(query, catalog, rows, ASSAY_COUNT(rows), NULL);
        assert_int_equal(assay_query_check(query, &err), ASSAY_BAD_INPUT);
        if (err.column != cases[i].column || !strstr(err.what, cases[i].what))
            fail_msg("%s: expected %zu: %s\n but got %zu: %s", cases[i].filter, cases[i].column,
                     cases[i].what, err.column, err.what);
        assay_query_free(&query);
    }
}

/* A name with its kind that is nobody's is no error, but it is said, with what is near. */
static void test_keys_of_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t column; /* 0: every name is somebody's, or it is asked whether it is */
        const char *what, *hint;
    } cases[] = {
        {"metrics.accuracy < 1 and params.lr = 1 and tags.team = 'x'", 0, "", ""},
        {"metrics.loss < 1", 1, "no run has metrics.loss", "did you mean metrics.val/loss?"},
        {"vit metrics.acuracy@min < 1", 5, "no run has metrics.acuracy",
         "did you mean metrics.accuracy@min?"},
        {"metrics.Accuracy > 0", 1, "no run has metrics.Accuracy",
         "did you mean metrics.accuracy?"},
        {"metrics.lr = 1", 1, "no run has metrics.lr", "did you mean params.lr?"},
        {"params.`accuracy` = 1", 1, "no run has params.accuracy",
         "did you mean metrics.accuracy?"},
        {"params.mod = 'vit' or tags.tem IS NOT NULL", 1, "no run has params.mod",
         "did you mean params.model?"},
        {"params.lr = 1 and not tags.tem in ('a')", 23, "no run has tags.tem",
         "did you mean tags.team?"},
        {"tags.`so far away` != 'x'", 1, "no run has tags.`so far away`", ""},
        {"tags.archived IS NULL", 0, "", ""},
        {"dataset.name = 'none'", 0, "", ""},
        {"run.name = 'none' and name = 'none'", 0, "", ""},
        {"metrics.a\x1b[31m < 1", 1, "no run has metrics.`a\xef\xbf\xbd[31m`", ""},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_query *query = NULL;
        struct assay_error err = {0};
        uint32_t rows[] = {0, 1, 2, 3};
        assert_int_equal(assay_query_parse(&query, cases[i].filter, NOW, &err), ASSAY_OK);
        assay_query_select(query, catalog, rows, ASSAY_COUNT(rows), NULL);
        assert_int_equal(assay_query_check(query, &err), ASSAY_OK);
        bool said = assay_query_unlogged(query, catalog, false, &err);
        if (said != (cases[i].column > 0) || err.column != cases[i].column ||
            strcmp(err.what, cases[i].what) != 0 || strcmp(err.hint, cases[i].hint) != 0)
            fail_msg("%s: got %zu: %s; %s", cases[i].filter, err.column, err.what, err.hint);
        if (said) {
            err = (struct assay_error){0};
            assert_true(assay_query_unlogged(query, catalog, true, &err));
            assert_string_equal(err.what + strlen(cases[i].what), " yet");
        }
        assay_query_free(&query);
    }
    assert_false(assay_query_unlogged(NULL, catalog, false, NULL));
}

static void test_bounds(void **state)
{
    (void)state;
    enum { LONG = 70000 };
    struct assay_query *query = NULL;
    char *text = assay_alloc(LONG + 1);
    struct assay_error err = {0};

    memset(text, 'a', LONG);
    assert_int_equal(assay_query_parse(&query, text, NOW, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "longer than 64 KiB"));
    memset(text, '(', 60000);
    text[60000] = '\0';
    assay_error_clear(&err);
    assert_int_equal(assay_query_parse(&query, text, NOW, &err), ASSAY_BAD_INPUT);
    assert_int_equal(err.column, 65);
    for (size_t i = 0; i < 60000; i += 4) /* a long chain is not a deep tree */
        memcpy(text + i, "NOT ", 4);
    memcpy(text + 60000, "vit", 4);
    assert_int_equal(select_bits(text), 3);
    for (size_t i = 0; i < 60000; i += 6)
        memcpy(text + i, "a or  ", 6);
    memcpy(text + 60000, "vit", 4);
    assert_int_equal(select_bits(text), ALL);
    for (size_t i = 0; i < 60000; i += 4)
        memcpy(text + i, "vit ", 4);
    assert_int_equal(select_bits(text), 3);
    memcpy(text, "params.x ~ '", 12);
    memset(text + 12, 'a', 5000);
    memcpy(text + 5012, "'", 2);
    assay_error_clear(&err);
    assert_int_equal(assay_query_parse(&query, text, NOW, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "longer than 4 KiB"));
    free(text);
}

/* A pattern that would try every way to split a value: given up, said, and neither ~ nor !~. */
static void test_a_pattern_that_gives_up(void **state)
{
    (void)state;
    struct assay_error err = {0};
    struct query_regex *regex = query_regex_new(NULL, "^(a|aa)+$", &err);
    char text[4096];
    memset(text, 'a', sizeof text);
    memcpy(text + 60, "b", 2);
    assert_non_null(regex);
    assert_int_equal(query_regex_match(regex, "aaaa"), QUERY_FOUND);
    assert_int_equal(query_regex_match(regex, "aab"), QUERY_ABSENT);
    assert_int_equal(query_regex_given_up(regex), 0);
    assert_int_equal(query_regex_match(regex, text), QUERY_GAVE_UP);
    assert_int_equal(query_regex_given_up(regex), 1);
    query_regex_reset(regex);
    assert_int_equal(query_regex_given_up(regex), 0);
    /* What is no UTF-8 is searched around, and a newline is a character like others. */
    assert_int_equal(query_regex_match(regex, "\xff\xfe"), QUERY_ABSENT);
    query_regex_free(regex);

    regex = query_regex_new(NULL, "(?i)\\bstra\u00dfe.*end$", &err);
    assert_non_null(regex);
    assert_int_equal(query_regex_match(regex, "\xff STRA\u00dfE\nthe end"), QUERY_FOUND);
    query_regex_free(regex);

    /* Every name there is is too much for this: in doubt, neither ~ nor !~. */
    const char *all_ways =
        "name ~ '^(.|.|.|.|.|.|.|.)+[#%]$' or name !~ '^(.|.|.|.|.|.|.|.)+[#%]$'";
    struct assay_query *query = NULL;
    uint32_t rows[ASSAY_COUNT(samples)] = {0, 1, 2, 3};
    assert_int_equal(assay_query_parse(&query, all_ways, NOW, &err), ASSAY_OK);
    assert_int_equal(assay_query_select(query, catalog, rows, ASSAY_COUNT(rows), NULL), 0);
    assert_int_equal(assay_query_given_up(query), 6); /* each once in each test */
    assay_query_free(&query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_datasets),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_names_without_a_kind),
        cmocka_unit_test(test_a_name_of_several_kinds),
        cmocka_unit_test(test_names_of_nobody),
        cmocka_unit_test(test_keys_of_nobody),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_pattern_that_gives_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

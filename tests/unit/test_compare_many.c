/*
 * Comparisons of many runs, read by several threads and one by one: both say of every cell what
 * the run's attributes say, whichever metrics the runs share, and what follows from the cells
 * is what counting them gives. Runs whose bytes are damaged have nothing, on either way.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/chart.h>
#include <assay/compare.h>
#include <assay/session.h>

#include "model/attrs.h"
#include "store/store.h"
#include "support/good.h"
#include "support/places.h"

#define RUNS    90
#define METRICS 40
#define DAMAGED 33 /* this one is cut off */
#define FULLEST 34 /* and this one has bytes left over */

static char *path;
static struct assay_session *session;
static struct assay_catalog *catalog;

/* ---- a store of runs of five kinds ---- */

/* Which metrics run I has: most all of them, some every other, some others at the ends of the
   table, some none, and some one of their own. */
static bool has(int i, int m)
{
    switch (i % 5) {
    case 1:
        return m % 2 == i % 2;
    case 2:
        return i % 3 ? m == 0 || m == METRICS - 1 : m < 3;
    case 3:
        return i % 2 == 0;
    default:
        return true;
    }
}

static size_t make_metrics(int i, struct assay_metric *out, char (*keys)[32])
{
    size_t count = 0;
    for (int m = 0; m < METRICS; m++) {
        if (!has(i, m))
            continue;
        double last = m % 4 == 0 ? m : m + i % 7; /* every fourth is the same in all */
        if (m % 9 == 5)
            last = i % 2 ? NAN : INFINITY;
        snprintf(keys[count], sizeof *keys, i == 62 ? "own/%02d" : "metric/%02d", m);
        out[count] = (struct assay_metric){.key = keys[count], .single = m % 2};
        out[count++].summary = (struct assay_summary){.last = last,
                                                      .min = last - i,
                                                      .max = last + m,
                                                      .step = m % 3 ? 10 : 1000 * i,
                                                      .time_ms = i,
                                                      .n = m % 6 ? 1 : 200 + (unsigned)i,
                                                      .nonfinite = m % 9 == 5};
    }
    return count;
}

static void put_attrs(struct store *store, int64_t row, int i)
{
    struct assay_metric metrics[METRICS];
    char keys[METRICS][32], rate[32];
    struct assay_pair params[] = {{"lr", rate}, {"seed", i % 2 ? "1" : "2"}};
    struct assay_pair tags[] = {{"team", i % 3 ? "ads" : "search"}};
    struct assay_buf packed = {0};
    struct assay_attrs attrs = {.params = params,
                                .param_count = i % 4 ? 2 : 1,
                                .tags = tags,
                                .tag_count = i % 6 ? 1 : 0,
                                .metrics = metrics,
                                .metric_count = make_metrics(i, metrics, keys)};

    snprintf(rate, sizeof rate, "0.%d", 1 + i % 3);
    attrs_pack(&attrs, &packed);
    if (i == FULLEST)
        assay_buf_text_add(&packed, "more");
    GOOD(store_put_attrs(store, row, packed.data,
                         i == DAMAGED ? packed.length / 2 : packed.length, good));
    assay_buf_free(&packed);
}

static void put_runs(void)
{
    struct store *store = NULL;
    int64_t source = 0;
    struct store_experiment experiment = {.id = "1", .name = "sweep", .created_ms = 1};

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_source(store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, good));
    GOOD(store_put_experiment(store, source, &experiment, good));
    for (int i = 0; i < RUNS; i++) {
        char id[33], name[32];
        struct store_run run = {.experiment = experiment.row,
                                .id = id,
                                .name = name,
                                .user = "dev",
                                .artifact_uri = "",
                                .status = ASSAY_RUN_FINISHED,
                                .start_ms = i,
                                .end_ms = i + 1};

        snprintf(id, sizeof id, "%032x", i);
        snprintf(name, sizeof name, "run-%d", i);
        GOOD(store_put_run(store, source, &run, good));
        put_attrs(store, run.row, i);
    }
    GOOD(store_commit(store, good));
    store_close(&store);
}

static int set_up(void **state)
{
    (void)state;
    path = place_new("store.db");
    setenv("ASSAY_STORE", path, 1);
    setenv("ASSAY_CACHE", place_with(path, "-cache"), 1);
    unsetenv("ASSAY_SOURCES");
    put_runs();
    return 0;
}

/* A session that has read nothing of any run yet. */
static void open_anew(void)
{
    assay_session_close(&session);
    GOOD(assay_session_open(&session, &(struct assay_session_options){.live = true}, good));
    catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_runs(catalog), RUNS);
}

static int tear_down(void **state)
{
    (void)state;
    assay_session_close(&session);
    free(path);
    return 0;
}

/* ---- comparisons ---- */

struct making {
    const struct assay_comparison *comparison;
    struct assay_prepared *ready[RUNS];
};

static void make_ready(void *context, size_t at, const void *bytes, size_t length)
{
    struct making *making = context;
    making->ready[at] = assay_comparison_prepare(making->comparison, bytes, length);
}

/* Hands that begin at the end. */
static void spread_backwards(void *self, size_t parts, void (*run)(void *context, size_t part),
                             void *context)
{
    ++*(size_t *)self;
    while (parts-- > 0)
        run(context, parts);
}

/* The runs from AT on, COUNT of them, at once; by hands of our own every other time. */
static void add_together(struct assay_comparison *c, uint32_t at, size_t count)
{
    struct making making = {.comparison = c};
    uint32_t runs[RUNS] = {0};
    for (size_t i = 0; i < count; i++)
        runs[i] = at + (uint32_t)i;
    size_t spreads = 0;
    const struct assay_hands hands = {.spread = spread_backwards, .self = &spreads, .count = 2};
    bool ours = at % 2 == 0;
    assay_session_read_attrs(session, ours ? &hands : NULL, runs, count, make_ready, &making);
    assert_int_equal(spreads, ours);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(making.ready[i]);
        assert_true(assay_comparison_add_prepared(c, catalog, runs[i], &making.ready[i]));
        assert_null(making.ready[i]);
    }
}

static struct assay_comparison *one_by_one(void)
{
    struct assay_comparison *c = assay_comparison_new();
    open_anew();
    for (uint32_t i = 0; i < RUNS; i++)
        assert_true(assay_comparison_add_run(c, catalog, i));
    assay_comparison_finish(c);
    return c;
}

static struct assay_comparison *together(size_t step)
{
    struct assay_comparison *c = assay_comparison_new();
    open_anew();
    assay_comparison_expect(c, RUNS);
    assert_true(assay_comparison_add_run(c, catalog, 0));
    for (size_t i = 1; i < RUNS; i += step)
        add_together(c, (uint32_t)i, step < RUNS - i ? step : RUNS - i);
    assay_session_read_attrs_end(session);
    assay_comparison_finish(c);
    return c;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static double number_of(const struct assay_summary *s, enum assay_stat stat)
{
    return stat == ASSAY_STAT_MIN ? s->min : stat == ASSAY_STAT_MAX ? s->max : s->last;
}

/* One row of metrics against the attributes themselves. */
static void check_metric(const struct assay_comparison *c, size_t at, enum assay_stat stat)
{
    const struct assay_row *row = assay_comparison_row(c, at);
    size_t present = 0, distinct = 0, nonfinite = 0;
    double first = NAN;
    for (uint32_t i = 0; i < RUNS; i++) {
        const struct assay_metric *metric =
            assay_attrs_metric(assay_catalog_attrs(catalog, i), row->key);
        struct assay_compare_cell cell = assay_comparison_cell(c, at, i);
        struct assay_summary s;
        assert_int_equal(cell.present, metric != NULL);
        assert_int_equal(assay_comparison_summary(c, at, i, &s), metric != NULL);
        if (!metric)
            continue;
        double number = number_of(&metric->summary, stat);
        assert_true(same(cell.number, number));
        assert_int_equal(cell.single, metric->single);
        assert_true(same(s.last, metric->summary.last) && s.n == metric->summary.n &&
                    same(s.min, metric->summary.min) && same(s.max, metric->summary.max) &&
                    s.step == metric->summary.step && s.time_ms == metric->summary.time_ms &&
                    s.nonfinite == metric->summary.nonfinite);
        first = present++ ? first : number;
        distinct = !same(first, number) ? 2 : distinct ? distinct : 1;
        nonfinite += !isfinite(number);
    }
    assert_int_equal(row->present, present);
    assert_int_equal(row->distinct, distinct);
    assert_int_equal(row->nonfinite, nonfinite);
    assert_int_equal(row->differs, distinct > 1 || present < RUNS);
}

static void check_text(const struct assay_comparison *c, size_t at)
{
    const struct assay_row *row = assay_comparison_row(c, at);
    for (uint32_t i = 0; i < RUNS; i++) {
        const struct assay_attrs *attrs = assay_catalog_attrs(catalog, i);
        const char *text = row->kind == ASSAY_ROW_PARAM ? assay_attrs_param(attrs, row->key)
                                                        : assay_attrs_tag(attrs, row->key);
        struct assay_compare_cell cell = assay_comparison_cell(c, at, i);
        assert_int_equal(cell.present, text != NULL);
        assert_string_equal(cell.text, text ? text : "");
    }
}

static void check(struct assay_comparison *c, enum assay_stat stat)
{
    size_t metrics = 0, texts = 0, rows = assay_comparison_rows(c);
    assay_comparison_set_stat(c, stat);
    for (size_t at = 0; at < rows; at++) {
        enum assay_row_kind kind = assay_comparison_row(c, at)->kind;
        if (kind == ASSAY_ROW_METRIC) {
            check_metric(c, at, stat);
            metrics++;
        } else if (kind == ASSAY_ROW_PARAM || kind == ASSAY_ROW_TAG) {
            check_text(c, at);
            texts++;
        }
    }
    assert_int_equal(metrics, METRICS + 2); /* two are one run's own */
    assert_int_equal(texts, 3);
}

static void every_cell_is_what_the_run_says(void **state)
{
    (void)state;
    struct assay_comparison *comparisons[] = {one_by_one(), together(1), together(16),
                                              together(RUNS)};
    for (size_t i = 0; i < ASSAY_COUNT(comparisons); i++) {
        check(comparisons[i], ASSAY_STAT_LAST);
        check(comparisons[i], ASSAY_STAT_MIN);
        check(comparisons[i], ASSAY_STAT_MAX);
        check(comparisons[i], ASSAY_STAT_LAST);
        assay_comparison_free(&comparisons[i]);
    }
}

static void both_ways_say_the_same(void **state)
{
    (void)state;
    struct assay_comparison *a = one_by_one(), *b = together(16);
    const char *const *said_a, *const *said_b;
    size_t rows = assay_comparison_rows(a), said = assay_comparison_notices(a, &said_a);
    assert_int_equal(assay_comparison_rows(b), rows);
    assert_int_equal(assay_comparison_differing(b), assay_comparison_differing(a));
    assert_int_equal(assay_comparison_notices(b, &said_b), said);
    for (size_t i = 0; i < said; i++)
        assert_string_equal(said_a[i], said_b[i]);
    for (size_t at = 0; at < rows; at++) {
        const struct assay_row *x = assay_comparison_row(a, at);
        const struct assay_row *y = assay_comparison_row(b, at);
        assert_string_equal(x->key, y->key);
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->uneven, y->uneven);
        assert_int_equal(x->differs, y->differs);
    }
    size_t main_a[METRICS], main_b[METRICS];
    size_t count = assay_comparison_main_metrics(a, main_a, METRICS);
    assert_int_equal(assay_comparison_main_metrics(b, main_b, METRICS), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(main_a[i], main_b[i]);
    assay_comparison_free(&a);
    assay_comparison_free(&b);
}

static void a_value_set_from_outside_is_shown_instead(void **state)
{
    (void)state;
    struct assay_comparison *c = together(16);
    size_t row = assay_comparison_find(c, ASSAY_ROW_METRIC, "metric/04");
    size_t differing = assay_comparison_differing(c);
    struct assay_row before = *assay_comparison_row(c, row);
    assay_comparison_set_value(c, row, RUNS - 1, 1e9);
    assert_true(assay_comparison_cell(c, row, RUNS - 1).number == 1e9);
    assert_int_equal(assay_comparison_row(c, row)->distinct, 2);
    assay_comparison_set_value(c, row, 0, NAN); /* there is none at that place */
    assert_false(assay_comparison_cell(c, row, 0).present);
    assert_int_equal(assay_comparison_row(c, row)->present, before.present - 1);
    assay_comparison_clear_values(c);
    assert_int_equal(assay_comparison_row(c, row)->present, before.present);
    assert_int_equal(assay_comparison_row(c, row)->distinct, before.distinct);
    assert_int_equal(assay_comparison_differing(c), differing);
    assay_comparison_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_what_the_run_says),
        cmocka_unit_test(both_ways_say_the_same),
        cmocka_unit_test(a_value_set_from_outside_is_shown_instead),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

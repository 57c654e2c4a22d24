/*
 * Columns that were read before they were asked for: while they are read and afterwards, a
 * filter and every value are those of the runs' attributes, which are asked one by one; runs
 * that changed meanwhile included.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/query.h>
#include <assay/session.h>

#include "model/attrs.h"
#include "model/texts.h"
#include "store/store.h"
#include "support/good.h"
#include "support/places.h"

#define RUNS        4000
#define DEADLINE_US 60000000

static char *path;

/* ---- a store ---- */

/* ROUND: what the run has changes with it. */
static void put_attrs(struct store *store, int64_t row, int i, int round)
{
    char rate[32], note[64];
    struct assay_buf packed = {0};
    double loss = i % 97 + round * 1000;
    struct assay_pair params[] = {{"lr", rate}, {"same", i % 2 ? "heron" : "0.5"}};
    struct assay_pair tags[] = {{"later", note}, {"lr", "of a tag"}};
    struct assay_metric metrics[] = {
        {.key = "loss", .summary = {.last = loss, .min = loss - 1, .max = loss + 1, .n = 2}},
        {.key = "odd", .summary = {.last = i, .min = i, .max = i, .n = 1}},
    };
    struct assay_attrs attrs = {
        .params = params,
        .param_count = i % 5 ? 2 : 1,
        .tags = tags,
        .tag_count = i % 7 == 0 ? 2 : i >= RUNS / 2,
        .metrics = metrics,
        .metric_count = i % 3 == 0 ? 2 : 1,
    };

    snprintf(rate, sizeof rate, "0.%03d", i % 50 + round);
    snprintf(note, sizeof note, "text %d", i);
    attrs_pack(&attrs, &packed);
    GOOD(store_put_attrs(store, row, packed.data, packed.length, good));
    assay_buf_free(&packed);
}

/* Runs FROM..TO-1, as ROUND has them. */
static void put_runs(int from, int to, int round)
{
    struct store *store = NULL;
    int64_t source = 0;
    struct store_experiment experiment = {.id = "1", .name = "sweep", .created_ms = 1};

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_source(store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, good));
    GOOD(store_put_experiment(store, source, &experiment, good));
    for (int i = from; i < to; i++) {
        char id[33], name[32];
        struct store_run run = {
            .experiment = experiment.row,
            .id = id,
            .name = name,
            .user = "dev",
            .artifact_uri = "",
            .status = ASSAY_RUN_FINISHED,
            .start_ms = i,
            .end_ms = i + 1,
        };

        snprintf(id, sizeof id, "%032x", i);
        snprintf(name, sizeof name, "run-%d", i);
        GOOD(store_put_run(store, source, &run, good));
        put_attrs(store, run.row, i, round);
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
    put_runs(0, RUNS, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(path);
    return 0;
}

static struct assay_session *open_store(void)
{
    struct assay_session *session = NULL;

    GOOD(assay_session_open(&session,
                            &(struct assay_session_options){
                                .live = true,
                                .sources = (const char *const[]){"local"},
                                .source_count = 1, /* and not what lies where this is run */
                            },
                            good));
    return session;
}

/* ---- what is true ---- */

/* Whether the run has loss < 50, and lr > 0.02 as a param or tag, by its attributes alone. */
static bool holds(struct assay_catalog *catalog, uint32_t run)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(catalog, run);
    const struct assay_metric *loss = assay_attrs_metric(attrs, "loss");
    const char *rate = assay_attrs_param(attrs, "lr");

    return loss && loss->summary.last < 50 && rate && strtod(rate, NULL) > 0.02;
}

static void check_filter(struct assay_session *session)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    struct assay_query *query = NULL;
    uint32_t rows[RUNS + 100];
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    bool loading = true;
    size_t count = 0, next = 0;

    GOOD(assay_query_parse(&query, "loss < 50 and lr > 0.02", 0, good));
    while (loading && assay_monotonic_us() < until) {
        count = assay_catalog_runs(catalog);
        for (uint32_t i = 0; i < count; i++) {
            rows[i] = i;
        }
        count = assay_query_select(query, catalog, rows, count, &loading);
        if (loading) {
            struct pollfd wait = {assay_session_fd(session), POLLIN, 0};
            poll(&wait, 1, 1000);
            assay_session_dispatch(session);
        }
    }
    assert_false(loading);
    for (uint32_t run = 0; run < assay_catalog_runs(catalog); run++) {
        bool kept = next < count && rows[next] == run;
        assert_int_equal(kept, holds(catalog, run));
        next += kept;
    }
    assert_true(count > 0 && count < assay_catalog_runs(catalog));
    assay_query_free(&query);
}

static void check_text(const struct assay_column *column, uint32_t run, const char *text)
{
    bool there = run < column->count && column->present[run];

    assert_int_equal(there, text != NULL);
    if (text) {
        assert_string_equal(column->texts[run], text);
    }
}

/* Every value of every column against the attributes of its run. */
static void check_columns(struct assay_session *session)
{
    static const char *const keys[] = {"lr", "same", "later", "loss", "odd", "none"};
    struct assay_catalog *catalog = assay_session_catalog(session);

    for (size_t k = 0; k < ASSAY_COUNT(keys); k++) {
        const struct assay_column *columns[3];
        for (int kind = ASSAY_FIELD_METRIC; kind <= ASSAY_FIELD_TAG; kind++) {
            columns[kind] = assay_catalog_column(catalog, (enum assay_field_kind)kind, keys[k],
                                                 ASSAY_STAT_LAST);
            assert_true(columns[kind]->ready);
        }
        for (uint32_t run = 0; run < assay_catalog_runs(catalog); run++) {
            const struct assay_attrs *attrs = assay_catalog_attrs(catalog, run);
            const struct assay_metric *metric = assay_attrs_metric(attrs, keys[k]);
            const struct assay_column *of = columns[ASSAY_FIELD_METRIC];

            assert_int_equal(run < of->count && of->present[run], metric != NULL);
            if (metric) {
                assert_true(of->numbers[run] == metric->summary.last);
            }
            check_text(columns[ASSAY_FIELD_PARAM], run, assay_attrs_param(attrs, keys[k]));
            check_text(columns[ASSAY_FIELD_TAG], run, assay_attrs_tag(attrs, keys[k]));
        }
    }
}

/* ---- tests ---- */

static void asked_while_it_is_read(void **state)
{
    struct assay_session *session = open_store();

    (void)state;
    assay_session_read_columns(session);
    check_filter(session);
    check_filter(session);
    check_columns(session);
    assay_session_close(&session);
}

/* Until the reading is done, whatever it needs: what it was not asked for is ready at once. */
static void wait_read(struct assay_session *session)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    const struct assay_column *column = assay_catalog_column(
        assay_session_catalog(session), ASSAY_FIELD_TAG, "asked first", ASSAY_STAT_LAST);

    while (!column->ready && assay_monotonic_us() < until) {
        struct pollfd wait = {assay_session_fd(session), POLLIN, 0};
        poll(&wait, 1, 1000);
        assay_session_dispatch(session);
    }
    assert_true(column->ready);
}

/* The names of all runs come side by side from the same call, and are those of the runs. */
static void check_texts(struct assay_session *session)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    int64_t until = assay_monotonic_us() + DEADLINE_US;

    while (!catalog_texts(catalog) && assay_monotonic_us() < until) {
        struct pollfd wait = {assay_session_fd(session), POLLIN, 0};
        poll(&wait, 1, 1000);
        assay_session_dispatch(session);
    }
    const struct run_texts *texts = catalog_texts(catalog);
    assert_non_null(texts);
    assert_int_equal(texts->count, assay_catalog_runs(catalog));
    for (uint32_t run = 0, at = 0; run < texts->count; at = texts->names.ends[run++])
        assert_string_equal(texts->names.bytes + at, assay_catalog_run(catalog, run)->name);
}

static void asked_when_it_is_read(void **state)
{
    struct assay_session *session = open_store();

    (void)state;
    assay_session_read_columns(session);
    wait_read(session);
    check_texts(session);
    check_columns(session); /* asserts that none has to be waited for */
    check_filter(session);
    assay_session_close(&session);
}

/* Dispatches until the catalog has COUNT runs and that last one's loss is at least LOSS. */
static void wait_changed(struct assay_session *session, size_t count, uint32_t run, double loss)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    bool seen = false;

    while (!seen && assay_monotonic_us() < until) {
        struct pollfd wait = {assay_session_fd(session), POLLIN, 0};
        poll(&wait, 1, 100);
        assay_session_dispatch(session);
        seen =
            assay_catalog_runs(catalog) == count &&
            assay_attrs_metric(assay_catalog_attrs(catalog, run), "loss")->summary.last >= loss;
    }
    assert_true(seen);
}

/* Runs change, and new ones come, between the asking and the taking, and again afterwards. */
static void changed_meanwhile(void **state)
{
    struct assay_session *session = open_store();

    (void)state;
    assay_session_read_columns(session);
    put_runs(10, 40, 1);
    put_runs(RUNS, RUNS + 20, 0);
    wait_changed(session, RUNS + 20, 39, 1000);
    wait_read(session);
    check_columns(session);
    put_runs(30, 60, 2);
    put_runs(RUNS + 20, RUNS + 40, 0);
    wait_changed(session, RUNS + 40, 59, 2000);
    check_columns(session);
    check_filter(session);
    assay_session_close(&session);
}

static void closed_while_it_is_read(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct assay_session *session = open_store();
        assay_session_read_columns(session);
        assay_session_close(&session);
        assert_null(session);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asked_while_it_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asked_when_it_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changed_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closed_while_it_is_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

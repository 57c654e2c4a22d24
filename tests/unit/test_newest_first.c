/*
 * A session that reads the newest runs first, against one that reads all at once over the same
 * store: before the others are read nothing that is asked shows the difference, and afterwards
 * the two catalogs are the same. So are the first rows of the runs table.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/session.h>

#include "core/store/store.h"
#include "support/good.h"
#include "support/places.h"
#include "support/points.h"
#include "tui/run_list.h"

#define RUNS        2600
#define EXPERIMENTS 5
#define TOP         100

static struct points_rng dice = {88172645463325252u};

static uint64_t roll(uint64_t sides)
{
    return points_random(&dice) % sides;
}

/* Runs from FROM on that began one after the other, give or take JITTER; the last experiment
   has the newest alone. */
static void put_runs(const char *path, size_t from, size_t to, uint64_t jitter)
{
    struct store *store = NULL;
    int64_t source = 0;

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_source(store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, good));
    for (size_t i = from; i < to; i++) {
        char id[40], name[16];
        size_t which = i + 200 > RUNS && roll(3) ? EXPERIMENTS : (size_t)roll(EXPERIMENTS);
        snprintf(name, sizeof name, "%zu", which);
        struct store_experiment experiment = {
            .id = name, .name = name, .created_ms = 1, .deleted = which == 1};
        GOOD(store_put_experiment(store, source, &experiment, good));
        snprintf(id, sizeof id, "%08zx-run", i * 2654435761u % 4294967296u);
        struct store_run run = {.experiment = experiment.row,
                                .id = id,
                                .name = "heron",
                                .user = i % 3 ? "dev" : "ops",
                                .artifact_uri = "",
                                .status = (enum assay_run_status)roll(6),
                                .deleted = roll(9) == 0,
                                .gone = roll(9) == 0,
                                .start_ms = (int64_t)(1000 + i * 10 + roll(jitter + 1)),
                                .end_ms = ASSAY_NO_TIME};
        if (roll(40) == 0) {
            run.start_ms = ASSAY_NO_TIME;
        }
        GOOD(store_put_run(store, source, &run, good));
    }
    GOOD(store_commit(store, good));
    store_close(&store);
}

static char *make_store(uint64_t jitter)
{
    char *path = place_new("store.db");

    put_runs(path, 0, RUNS, jitter);
    put_runs(path, RUNS, RUNS + 30, jitter);
    char *folder = assay_path_directory(path); /* nothing else to be found there */
    assert_int_equal(chdir(folder), 0);
    free(folder);
    setenv("ASSAY_STORE", path, 1);
    setenv("ASSAY_CACHE", place_with(path, ".cache"), 1);
    return path;
}

static struct assay_session *open_session(bool live)
{
    struct assay_session *session = NULL;

    GOOD(assay_session_open(&session, &(struct assay_session_options){.live = live}, good));
    return session;
}

static bool is_unread(const struct assay_catalog *catalog)
{
    struct assay_unread unread;

    return assay_catalog_unread(catalog, ASSAY_NONE, ASSAY_NONE, &unread);
}

static void assert_counts(const struct assay_catalog *a, const struct assay_catalog *b)
{
    assert_int_equal(assay_catalog_runs(a), assay_catalog_runs(b));
    assert_int_equal(assay_catalog_experiments(a), assay_catalog_experiments(b));
    for (uint32_t i = 0; i < assay_catalog_experiments(a); i++) {
        const struct assay_experiment *x = assay_catalog_experiment(a, i);
        const struct assay_experiment *y = assay_catalog_experiment(b, i);

        assert_string_equal(x->id, y->id);
        assert_int_equal(x->runs, y->runs);
        assert_int_equal(x->deleted_runs, y->deleted_runs);
        assert_int_equal(x->running, y->running);
        assert_int_equal(x->last_ms, y->last_ms);
    }
}

static void assert_same_run(const struct assay_run *x, const struct assay_run *y)
{
    assert_string_equal(x->id, y->id);
    assert_string_equal(x->name, y->name);
    assert_string_equal(x->user, y->user);
    assert_string_equal(x->artifact_uri, y->artifact_uri);
    assert_int_equal(x->source, y->source);
    assert_int_equal(x->experiment, y->experiment);
    assert_int_equal(x->status, y->status);
    assert_int_equal(x->deleted, y->deleted);
    assert_int_equal(x->gone, y->gone);
    assert_int_equal(x->start_ms, y->start_ms);
    assert_int_equal(x->end_ms, y->end_ms);
    assert_int_equal(x->version, y->version);
}

static void test_the_catalogs_are_the_same(void **state)
{
    char *path = make_store(0);
    struct assay_session *all = open_session(false), *newest = open_session(true);
    struct assay_catalog *a = assay_session_catalog(all), *b = assay_session_catalog(newest);

    (void)state;
    assert_false(is_unread(a));
    assert_true(is_unread(b));
    assert_counts(a, b);
    uint64_t version = assay_catalog_version(b);
    assert_int_equal(assay_catalog_version(a), version);
    uint32_t last = (uint32_t)assay_catalog_runs(b) - 1;
    assert_same_run(assay_catalog_run(a, last), assay_catalog_run(b, last));
    assert_true(is_unread(b)); /* one of the newest needs no other */
    for (uint32_t i = 0; i <= last; i++) {
        assert_same_run(assay_catalog_run(a, i), assay_catalog_run(b, i));
    }
    assert_false(is_unread(b));
    assert_counts(a, b);
    assert_int_equal(assay_catalog_version(b), version);
    assay_session_close(&all);
    assay_session_close(&newest);
    free(path);
}

/* Whoever asks for a run by its id, or for a field of all, gets them all. */
static void test_asking_reads_them(void **state)
{
    char *path = make_store(0);
    uint32_t run = ASSAY_NONE;

    (void)state;
    struct assay_session *session = open_session(true);
    struct assay_catalog *catalog = assay_session_catalog(session);
    GOOD(assay_catalog_find_run(catalog, "00000000-run", &run, good));
    assert_int_equal(run, 0);
    assert_false(is_unread(catalog));
    assay_session_close(&session);

    session = open_session(true);
    catalog = assay_session_catalog(session);
    (void)assay_catalog_column(catalog, ASSAY_FIELD_METRIC, "loss", ASSAY_STAT_LAST);
    assert_false(is_unread(catalog));
    assay_session_close(&session);

    session = open_session(true); /* closed before any was asked for */
    assay_session_close(&session);
    free(path);
}

/* What changes in the store after the newest were read comes with the next look, and only then.
 */
static void test_changes_in_between(void **state)
{
    char *path = make_store(0);
    struct assay_session *session = open_session(true);
    struct assay_catalog *catalog = assay_session_catalog(session);

    (void)state;
    size_t runs = assay_catalog_runs(catalog);
    put_runs(path, 0, 10, 0);
    put_runs(path, RUNS + 30, RUNS + 35, 0);
    assay_catalog_read_all(catalog);
    assert_int_equal(assay_catalog_runs(catalog), runs);
    struct assay_session *all = open_session(false);
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};
    for (int i = 0; i < 200 && assay_catalog_runs(catalog) == runs; i++) {
        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
    assert_counts(assay_session_catalog(all), catalog);
    for (uint32_t i = 0; i < assay_catalog_runs(catalog); i++) {
        const struct assay_run *mine = assay_catalog_run(catalog, i);
        const struct assay_run *theirs = assay_catalog_run(assay_session_catalog(all), i);
        assert_string_equal(mine->id, theirs->id);
        assert_int_equal(mine->status, theirs->status);
        assert_int_equal(mine->start_ms, theirs->start_ms);
    }
    assay_session_close(&all);
    assay_session_close(&session);
    free(path);
}

/* The first rows, and how many there are, of every scope; *FAST counts those for which nothing
   more was read. */
static void compare_lists(struct assay_catalog *all, bool descending, size_t *fast)
{
    for (uint32_t i = 0; i <= assay_catalog_experiments(all); i++) {
        uint32_t experiment = i < assay_catalog_experiments(all) ? i : ASSAY_NONE;
        struct assay_session *session = open_session(true);
        struct assay_catalog *catalog = assay_session_catalog(session);
        struct run_list whole, top;

        run_list_init(&whole, all);
        run_list_init(&top, catalog);
        whole.sort.descending = top.sort.descending = descending;
        run_list_start(&top, TOP);
        run_list_set_scope(&whole, ASSAY_NONE, experiment);
        run_list_set_scope(&top, ASSAY_NONE, experiment);
        assert_int_equal(top.scope_count, whole.scope_count);
        assert_int_equal(top.count, whole.count);
        size_t sure = top.count < TOP ? top.count : TOP;
        assert_memory_equal(top.rows, whole.rows, sure * sizeof *top.rows);
        assert_memory_equal(top.scope, whole.scope, sure * sizeof *top.scope);
        assert_int_equal(top.top_only, is_unread(catalog));
        *fast += top.top_only;
        run_list_all(&top);
        assert_int_equal(top.count, whole.count);
        assert_memory_equal(top.rows, whole.rows, top.count * sizeof *top.rows);
        run_list_free(&whole);
        run_list_free(&top);
        assay_session_close(&session);
    }
}

static void test_the_first_rows_are_the_first(void **state)
{
    static const struct {
        uint64_t jitter;
        bool descending;
        size_t least, most; /* scopes that can do without the older runs */
    } cases[] = {
        {0, true, 1, EXPERIMENTS + 2},
        {900, true, 1, EXPERIMENTS + 2},     /* a little out of order */
        {1000000, true, 0, EXPERIMENTS + 2}, /* in no order at all */
        {0, false, 0, 0},                    /* the oldest first */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = make_store(cases[i].jitter);
        struct assay_session *all = open_session(false);
        size_t fast = 0;

        compare_lists(assay_session_catalog(all), cases[i].descending, &fast);
        assert_in_range(fast, cases[i].least, cases[i].most);
        assay_session_close(&all);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_catalogs_are_the_same),
        cmocka_unit_test(test_asking_reads_them),
        cmocka_unit_test(test_changes_in_between),
        cmocka_unit_test(test_the_first_rows_are_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

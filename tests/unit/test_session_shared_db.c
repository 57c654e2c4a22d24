/*
 * Several processes with one cache look at an mlflow.db that grows: what the last of them left
 * in the cache is what is in the database, even where nothing comes after that would mend it.
 */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "support/good.h"
#include "support/growing.h"
#include "support/places.h"

#include "session/session_private.h"

#define RUNS   3
#define ROUNDS 12

static char *place;
static const char *path; /* of the database */
static int64_t written[RUNS];

static void write_sql(const char *sql)
{
    growing_sql(path, sql);
}

static int make_database(void **state)
{
    (void)state;
    place = place_new("db");
    assert_int_equal(mkdir(place, 0700), 0);
    path = place_with(place, "/mlflow.db");
    setenv("ASSAY_CACHE", place_with(place, "-cache.db"), 1);
    setenv("ASSAY_STORE", place_with(place, "-store.db"), 1);
    unsetenv("ASSAY_SOURCES");
    memset(written, 0, sizeof written);
    growing_schema(path);
    return 0;
}

static int free_database(void **state)
{
    (void)state;
    free(place);
    return 0;
}

/* One more point of RUN, whose value says which; and the run before the first. */
static void grow(int run)
{
    char sql[300];
    if (written[run] == 0) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO runs VALUES('run%d', 'r', 'RUNNING', 100, NULL, 'dev', '/x', 0)",
                 run);
        write_sql(sql);
    }
    snprintf(sql, sizeof sql, "INSERT INTO metrics VALUES('loss', %d, %d, 'run%d')",
             (int)written[run], (int)written[run] + 1, run);
    write_sql(sql);
    written[run]++;
}

static struct assay_session *open_session(void)
{
    struct assay_session *session = NULL;
    const struct assay_session_options options = {.sources = &path, .source_count = 1};
    GOOD(assay_session_open(&session, &options, good));
    return session;
}

static int look_again_and_again(int end)
{
    struct pollfd closed = {.fd = end, .events = POLLIN};
    while (poll(&closed, 1, 0) == 0) {
        struct assay_session *session = open_session();
        if (assay_session_wait(session, NULL) != ASSAY_OK) {
            return 1;
        }
        assay_session_close(&session);
    }
    return 0;
}

static void check_all_shown(void)
{
    struct assay_session *session = open_session();
    struct assay_catalog *catalog = assay_session_catalog(session);
    GOOD(assay_session_wait(session, good));
    for (uint32_t i = 0; i < RUNS; i++) {
        char id[16];
        uint32_t at = 0;
        snprintf(id, sizeof id, "run%u", i);
        while (at < assay_catalog_runs(catalog) &&
               strcmp(assay_catalog_run(catalog, at)->id, id) != 0) {
            at++;
        }
        assert_true(at < assay_catalog_runs(catalog));
        const struct assay_metric *metric =
            assay_attrs_metric(assay_catalog_attrs(catalog, at), "loss");
        assert_non_null(metric);
        assert_int_equal(metric->summary.n, written[i]);
        assert_true(metric->summary.last == (double)(written[i] - 1));
    }
    assay_session_close(&session);
}

/* ---- a process that is killed half-way ---- */

#define MANY                                                                                   \
    301000 /* points: with so many the runs are reported before all of them are read           \
            */

/* Runs with points in plenty, and with what MLflow itself keeps as the latest of them. */
static void fill(int from)
{
    char sql[1000];
    snprintf(
        sql, sizeof sql,
        "CREATE TABLE IF NOT EXISTS latest_metrics(key, value, timestamp, run_uuid);"
        "INSERT INTO runs SELECT 'run' || column1, 'r', 'RUNNING', 100, NULL, 'dev', '/x', 0"
        " FROM (VALUES(0),(1),(2)) WHERE %d = 0;"
        "UPDATE runs SET end_time = %d;"
        "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i+1 FROM n WHERE i < %d)"
        " INSERT INTO metrics SELECT 'loss', i/3, i/3+1, 'run' || (i%%3) FROM n;"
        "DELETE FROM latest_metrics;"
        "INSERT INTO latest_metrics SELECT key, max(value), max(timestamp), run_uuid"
        " FROM metrics GROUP BY run_uuid;",
        from, from, from, from + MANY - 1);
    write_sql(sql);
    for (int i = 0; i < RUNS; i++) {
        written[i] = 0;
    }
    for (int i = 0; i < from + MANY; i++) {
        written[i % RUNS]++;
    }
}

/* Waits until the reader of SESSION has said all of its scan; nothing of it is taken yet. */
static void let_it_read(struct assay_session *session)
{
    bool ended = false;
    while (session->source_count == 0 || !session->sources[0]->scanning) {
        assay_session_dispatch(session);
        (void)poll(NULL, 0, 1);
    }
    while (!ended) {
        pthread_mutex_lock(&session->inbox_lock);
        ended =
            session->inbox_first && session->inbox_last->apply != session->inbox_first->apply;
        pthread_mutex_unlock(&session->inbox_lock);
        (void)poll(NULL, 0, 1);
    }
}

/* Whether the batch says the whole of a run: its state is with it. */
static bool says_all(const struct batch *batch)
{
    for (const struct batch_item *item = batch->first; item; item = item->next) {
        if (item->kind == BATCH_STATE && strncmp(item->id, "run/", 4) == 0) {
            return true;
        }
    }
    return false;
}

/* Loses what SESSION has not taken of the scan from where runs are said whole: as if it had
   been killed before. Returns how many runs it said before. */
static int kill_half_way(struct assay_session *session)
{
    int said = 0;
    struct message **at = &session->inbox_first;
    session->inbox_last = NULL;
    while (*at && (*at)->apply == session->inbox_first->apply &&
           !says_all((struct batch *)*at)) {
        for (struct batch_item *item = ((struct batch *)*at)->first; item; item = item->next) {
            said += item->kind == BATCH_RUN;
        }
        session->inbox_last = *at;
        at = &(*at)->next;
    }
    while (*at) {
        struct message *lost = *at;
        *at = lost->next;
        lost->discard(lost);
    }
    return said;
}

static void hand_over_what_is_left(struct assay_session *session)
{
    bool waits;

    do {
        assay_session_dispatch(session);
        (void)poll(NULL, 0, 1);
        pthread_mutex_lock(&session->inbox_lock);
        waits = session->inbox_first != NULL;
        pthread_mutex_unlock(&session->inbox_lock);
    } while (waits || session->held_first || session->sources[0]->unwritten);
    session->sources[0]->scanning = false;
    assay_session_close(&session);
}

/* One process has read everything when another one, which began before that, still puts down
   the first part of what it read, and then is gone. What the first one knew is not lost for
   good. */
static void check_killed_half_way(void)
{
    struct assay_session *killed = open_session();
    let_it_read(killed);
    struct assay_session *whole = open_session();
    GOOD(assay_session_wait(whole, good));
    assay_session_close(&whole);
    check_all_shown();
    assert_int_equal(kill_half_way(killed), RUNS);
    hand_over_what_is_left(killed);
    check_all_shown();
    check_all_shown(); /* and stays so */
}

static void test_killed_half_way(void **state)
{
    (void)state;
    fill(0);
    check_killed_half_way();
    fill(MANY); /* a scan that goes on from an end of another one */
    check_killed_half_way();
}

static void test_short_lives(void **state)
{
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        pid_t children[3];
        assert_int_equal(pipe(ends), 0);
        grow(0);
        for (size_t i = 0; i < ASSAY_COUNT(children); i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0) {
                close(ends[1]);
                _exit(look_again_and_again(ends[0]));
            }
        }
        int64_t until = assay_monotonic_us() + 30000;
        for (int turn = 0; assay_monotonic_us() < until || turn < RUNS; turn++) {
            grow(turn % RUNS);
            (void)poll(NULL, 0, 2);
        }
        close(ends[1]); /* the children see it and end */
        close(ends[0]);
        for (size_t i = 0; i < ASSAY_COUNT(children); i++) {
            assert_int_equal(child_wait(children[i]), 0);
        }
        check_all_shown();
        free_database(state);
        make_database(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_short_lives, make_database, free_database),
        cmocka_unit_test_setup_teardown(test_killed_half_way, make_database, free_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

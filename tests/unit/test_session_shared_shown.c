/*
 * Several processes with one cache: what one of them read and stored, the others find read and
 * do not read again. They must show it all the same.
 */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "support/good.h"
#include "support/mlflow_store.h"
#include "support/places.h"

#include "session/session_private.h"

#define DEADLINE_US 20000000

/* A store that grows; of which kind the test's name says. */
struct store_place {
    const char *path;
    const char *runs[2];
    int written[2]; /* points of the metric of each run */
    void (*grow)(struct store_place *at, int run);
    struct mlflow_store *files;
};

/* ---- MLflow's files ---- */

static void grow_files(struct store_place *at, int run)
{
    char path[200], line[60];

    if (at->written[run] == 0) {
        mlflow_store_put_run(at->files, "0", at->runs[run], 1);
        snprintf(path, sizeof path, "0/%s/metrics/loss", at->runs[run]);
        mlflow_store_put(at->files, path, "");
    }
    snprintf(path, sizeof path, "0/%s/metrics/loss", at->runs[run]);
    snprintf(line, sizeof line, "%d %d %d\n", 1000 + at->written[run], at->written[run],
             at->written[run]);
    mlflow_store_append(at->files, path, line);
    at->written[run]++;
}

static struct store_place make_files(void **state)
{
    struct mlflow_store *files = *state;

    return (struct store_place){
        .path = files->store, .runs = {RUN, RUN2}, .grow = grow_files, .files = files};
}

/* ---- an MLflow database ---- */

static void write_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 60000);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

static void grow_database(struct store_place *at, int run)
{
    char sql[300];

    if (at->written[run] == 0) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO runs VALUES('%s', 'r', 'RUNNING', 100, NULL, 'dev', '/x', 0)",
                 at->runs[run]);
        write_sql(at->path, sql);
    }
    snprintf(sql, sizeof sql, "INSERT INTO metrics VALUES('loss', %d, %d, '%s')",
             at->written[run], at->written[run] + 1, at->runs[run]);
    write_sql(at->path, sql);
    at->written[run]++;
}

static struct store_place make_database(void **state)
{
    struct mlflow_store *files = *state;
    struct store_place at = {.path = place_with(files->root, "/mlflow.db"),
                             .runs = {"one", "two"},
                             .grow = grow_database};

    write_sql(at.path, "CREATE TABLE alembic_version(version_num);"
                       "INSERT INTO alembic_version VALUES('old');"
                       "CREATE TABLE experiments(experiment_id, name, artifact_location);"
                       "INSERT INTO experiments VALUES(0, 'Default', '/nowhere');"
                       "CREATE TABLE runs(run_uuid, name, status, start_time, end_time, user_id,"
                       " artifact_uri, experiment_id);"
                       "CREATE TABLE metrics(key, value, timestamp, run_uuid);"
                       "CREATE TABLE params(key, value, run_uuid);"
                       "CREATE TABLE tags(key, value, run_uuid);");
    return at;
}

/* ---- what is shown ---- */

static int open_place(void **state)
{
    int code = mlflow_store_open(state);
    struct mlflow_store *files = *state;

    setenv("ASSAY_CACHE", place_with(files->root, "/cache.db"), 1);
    setenv("ASSAY_STORE", place_with(files->root, "/store.db"), 1);
    unsetenv("ASSAY_SOURCES");
    return code;
}

static struct assay_session *open_session(const struct store_place *at, bool live)
{
    struct assay_session *session = NULL;
    const struct assay_session_options options = {
        .sources = &at->path, .source_count = 1, .live = live};

    GOOD(assay_session_open(&session, &options, good));
    return session;
}

/* The points of RUN that SESSION knows of; -1: it knows no such run. */
static int shown(struct assay_session *session, const char *run)
{
    struct assay_catalog *catalog = assay_session_catalog(session);

    for (uint32_t i = 0; i < assay_catalog_runs(catalog); i++) {
        if (strcmp(assay_catalog_run(catalog, i)->id, run) == 0) {
            const struct assay_metric *metric =
                assay_attrs_metric(assay_catalog_attrs(catalog, i), "loss");
            return metric ? (int)metric->summary.n : 0;
        }
    }
    return -1;
}

static void check_shown(struct assay_session *session, const struct store_place *at)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(shown(session, at->runs[i]), at->written[i] > 0 ? at->written[i] : -1);
    }
}

static void until_shown(struct assay_session *session, const struct store_place *at)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    while (assay_monotonic_us() < until &&
           (shown(session, at->runs[0]) != at->written[0] ||
            (at->written[1] > 0 && shown(session, at->runs[1]) != at->written[1]))) {
        (void)poll(&ready, 1, 50);
        assay_session_dispatch(session);
    }
    check_shown(session, at);
}

/* A process that reads, stores and ends. */
static void look_once(const struct store_place *at)
{
    struct assay_session *session = open_session(at, false);

    GOOD(assay_session_wait(session, good));
    check_shown(session, at);
    assay_session_close(&session);
}

/* ---- the tests ---- */

/* A workbench is open when another process is the first to read what is new. */
static void another_is_first(struct store_place at)
{
    at.grow(&at, 0);
    struct assay_session *session = open_session(&at, true);
    GOOD(assay_session_wait(session, good));
    until_shown(session, &at);
    for (int round = 0; round < 3; round++) {
        at.grow(&at, 0);
        look_once(&at);
        until_shown(session, &at);
        at.grow(&at, 1); /* a run that the workbench has not met, at first */
        look_once(&at);
        until_shown(session, &at);
    }
    assay_session_close(&session);
    look_once(&at);
}

static void test_another_is_first_files(void **state)
{
    another_is_first(make_files(state));
}

static void test_another_is_first_database(void **state)
{
    another_is_first(make_database(state));
}

/* Keeps the threads of a session's pool busy until it is let go. */
struct hold {
    pthread_mutex_t lock;
    pthread_cond_t let_go;
    bool gone;
};
struct holding {
    struct pool_task task;
    struct hold *hold;
};

static void hold_on(struct pool_task *task)
{
    struct hold *hold = ((struct holding *)task)->hold;

    pthread_mutex_lock(&hold->lock);
    while (!hold->gone) {
        pthread_cond_wait(&hold->let_go, &hold->lock);
    }
    pthread_mutex_unlock(&hold->lock);
    free(task);
}

static void discard_hold(struct pool_task *task)
{
    free(task);
}

static void hold_pool(struct assay_session *session, struct hold *hold)
{
    *hold = (struct hold){0};
    pthread_mutex_init(&hold->lock, NULL);
    pthread_cond_init(&hold->let_go, NULL);
    for (int i = 0; i < 8; i++) { /* more than a pool has threads */
        struct holding *holding = assay_alloc(sizeof *holding);
        *holding = (struct holding){{NULL, hold_on, discard_hold}, hold};
        pool_add(session->pool, &holding->task, false);
    }
}

static void let_go(struct hold *hold)
{
    pthread_mutex_lock(&hold->lock);
    hold->gone = true;
    pthread_cond_broadcast(&hold->let_go);
    pthread_mutex_unlock(&hold->lock);
}

/* A session that has taken from the cache what is there, and whose reader has not begun. */
static struct assay_session *open_before_it_reads(const struct store_place *at,
                                                  struct hold *hold)
{
    struct assay_session *session = open_session(at, false);
    bool found = false;

    while (!found) { /* what kind of place it is, by a thread of the pool */
        pthread_mutex_lock(&session->inbox_lock);
        found = session->inbox_first != NULL;
        pthread_mutex_unlock(&session->inbox_lock);
        (void)poll(NULL, 0, 1);
    }
    hold_pool(session, hold);
    assay_session_dispatch(session);
    assert_int_equal(session->source_count, 1);
    assert_true(session->sources[0]->scanning);
    return session;
}

/* Another process stores what is new between a session's look into the cache and its reading. */
static void another_is_between(struct store_place at)
{
    for (int round = 0; round < 3; round++) {
        struct hold hold;
        struct assay_session *session = open_before_it_reads(&at, &hold);

        at.grow(&at, 0);
        if (round > 0) {
            at.grow(&at, 1);
        }
        look_once(&at);
        let_go(&hold);
        GOOD(assay_session_wait(session, good));
        check_shown(session, &at);
        assay_session_close(&session);
        pthread_cond_destroy(&hold.let_go);
        pthread_mutex_destroy(&hold.lock);
        look_once(&at);
    }
}

static void test_another_is_between_files(void **state)
{
    another_is_between(make_files(state));
}

static void test_another_is_between_database(void **state)
{
    another_is_between(make_database(state));
}

#define PLACE(name) cmocka_unit_test_setup_teardown(name, open_place, mlflow_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(test_another_is_first_files),
        PLACE(test_another_is_first_database),
        PLACE(test_another_is_between_files),
        PLACE(test_another_is_between_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

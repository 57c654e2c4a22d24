/*
 * Stores that grow while sessions look at them; see the header.
 */
#include "support/growing.h"

#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "support/good.h"
#include "support/places.h"

#define DEADLINE_US 20000000

/* ---- MLflow's files ---- */

static void grow_files(struct growing *at, int run)
{
    char path[200], line[60];

    if (at->written[run] == 0) {
        mlflow_store_put_run(at->files, "0", at->runs[run], at->ended ? 3 : 1);
        snprintf(path, sizeof path, "0/%s/metrics/loss", at->runs[run]);
        mlflow_store_put(at->files, path, "");
    }
    snprintf(path, sizeof path, "0/%s/metrics/loss", at->runs[run]);
    snprintf(line, sizeof line, "%d %d %d\n", 1000 + at->written[run], at->written[run],
             at->written[run]);
    mlflow_store_append(at->files, path, line);
    at->written[run]++;
}

struct growing growing_files(void **state)
{
    struct mlflow_store *files = *state;

    return (struct growing){
        .path = files->store, .runs = {RUN, RUN2}, .grow = grow_files, .files = files};
}

/* ---- an MLflow database ---- */

void growing_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 60000);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

static void grow_database(struct growing *at, int run)
{
    char sql[300];

    if (at->written[run] == 0) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO runs VALUES('%s', 'r', '%s', 100, NULL, 'dev', '/x', 0)",
                 at->runs[run], at->ended ? "FINISHED" : "RUNNING");
        growing_sql(at->path, sql);
    }
    snprintf(sql, sizeof sql, "INSERT INTO metrics VALUES('loss', %d, %d, '%s')",
             at->written[run], at->written[run] + 1, at->runs[run]);
    growing_sql(at->path, sql);
    at->written[run]++;
}

/* As far as a reader needs it. */
void growing_schema(const char *path)
{
    growing_sql(path,
                "CREATE TABLE alembic_version(version_num);"
                "INSERT INTO alembic_version VALUES('old');"
                "CREATE TABLE experiments(experiment_id, name, artifact_location);"
                "INSERT INTO experiments VALUES(0, 'Default', '/nowhere');"
                "CREATE TABLE runs(run_uuid, name, status, start_time, end_time, user_id,"
                " artifact_uri, experiment_id);"
                "CREATE TABLE metrics(key, value, timestamp, run_uuid);"
                "CREATE TABLE params(key, value, run_uuid);"
                "CREATE TABLE tags(key, value, run_uuid);");
}

struct growing growing_database(void **state)
{
    static char path[400];
    struct mlflow_store *files = *state;
    struct growing at = {.path = path, .runs = {"one", "two"}, .grow = grow_database};

    snprintf(path, sizeof path, "%s/mlflow.db", files->root);
    growing_schema(at.path);
    return at;
}

/* ---- what is shown ---- */

int growing_open(void **state)
{
    int code = mlflow_store_open(state);
    struct mlflow_store *files = *state;

    setenv("ASSAY_CACHE", place_with(files->root, "/cache.db"), 1);
    setenv("ASSAY_STORE", place_with(files->root, "/store.db"), 1);
    unsetenv("ASSAY_SOURCES");
    return code;
}

struct assay_session *growing_session(const struct growing *at, bool live)
{
    struct assay_session *session = NULL;
    const struct assay_session_options options = {
        .sources = &at->path, .source_count = 1, .live = live};

    GOOD(assay_session_open(&session, &options, good));
    return session;
}

/* The points of RUN that SESSION knows of; -1: it knows no such run. */
int growing_shown(struct assay_session *session, const char *run)
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

void growing_check(struct assay_session *session, const struct growing *at)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(growing_shown(session, at->runs[i]),
                         at->written[i] > 0 ? at->written[i] : -1);
    }
}

void growing_wait(struct assay_session *session, const struct growing *at)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    while (assay_monotonic_us() < until &&
           (growing_shown(session, at->runs[0]) != at->written[0] ||
            (at->written[1] > 0 && growing_shown(session, at->runs[1]) != at->written[1]))) {
        (void)poll(&ready, 1, 50);
        assay_session_dispatch(session);
    }
    growing_check(session, at);
}

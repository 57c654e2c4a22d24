/*
 * Runs that have ended and grow later (a test's result is logged to one, a run is gone on
 * with): a workbench that is open follows them as it does those that are running, whatever they
 * lie in.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/local.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "support/good.h"
#include "support/growing.h"
#include "support/places.h"
#include "support/tb_writer.h"

static void check_followed(struct growing at)
{
    at.grow(&at, 0);
    at.grow(&at, 1);
    struct assay_session *session = growing_session(&at, true);
    GOOD(assay_session_wait(session, good));
    growing_wait(session, &at);
    for (int round = 0; round < 3; round++) {
        at.grow(&at, 0);
        growing_wait(session, &at);
        at.grow(&at, 1);
        growing_wait(session, &at);
    }
    assay_session_close(&session);
}

static void test_files(void **state)
{
    struct growing at = growing_files(state);

    at.ended = true;
    check_followed(at);
}

/* So many that ended runs are not looked at each time something happens. */
static void test_many_files(void **state)
{
    struct growing at = growing_files(state);
    char id[40], path[100];

    at.ended = true;
    for (int i = 0; i < 1500; i++) {
        snprintf(id, sizeof id, "f%031x", (unsigned)i);
        mlflow_store_put_run(at.files, "0", id, 3);
        snprintf(path, sizeof path, "0/%s/metrics/loss", id);
        mlflow_store_put(at.files, path, "1 0 0\n");
    }
    at.grow(&at, 0);
    struct assay_session *session = growing_session(&at, true);
    GOOD(assay_session_wait(session, good));
    growing_wait(session, &at);
    for (int round = 0; round < 4; round++) {
        at.grow(&at, 0);
        growing_wait(session, &at);
    }
    assay_session_close(&session);
}

/* ---- databases ---- */

static void test_database(void **state)
{
    struct growing at = growing_database(state);

    at.ended = true;
    check_followed(at);
}

/* With a writer that came when the workbench was open, and stays: all it writes goes to the
   log, and nothing to the database's own file. */
static void grow_log(struct growing *at, int run)
{
    char sql[200];

    if (!at->own) {
        sqlite3 *db = NULL;

        assert_int_equal(sqlite3_open(at->path, &db), SQLITE_OK);
        sqlite3_busy_timeout(db, 60000);
        at->own = db;
    }
    snprintf(sql, sizeof sql, "INSERT INTO metrics VALUES('loss', %d, %d, '%s')",
             at->written[run], at->written[run] + 1, at->runs[run]);
    assert_int_equal(sqlite3_exec(at->own, sql, NULL, NULL, NULL), SQLITE_OK);
    at->written[run]++;
}

static void test_database_log(void **state)
{
    struct growing at = growing_database(state);

    at.ended = true;
    growing_sql(at.path, "PRAGMA journal_mode=WAL");
    at.grow(&at, 0);
    at.grow(&at, 1);
    at.grow = grow_log;
    struct assay_session *session = growing_session(&at, true);
    GOOD(assay_session_wait(session, good));
    growing_wait(session, &at);
    for (int round = 0; round < 6; round++) {
        at.grow(&at, round % 2);
        growing_wait(session, &at);
    }
    assay_session_close(&session);
    sqlite3_close(at.own);
}

/* ---- TensorBoard ---- */

static void grow_events(struct growing *at, int run)
{
    struct assay_buf bytes = {0};
    int step = at->written[run]++;
    char directory[400], path[500];

    snprintf(directory, sizeof directory, "%s/%s", at->path, at->runs[run]);
    snprintf(path, sizeof path, "%s/events.out.tfevents.1760000000.host.1.0", directory);

    if (step == 0) {
        assert_int_equal(mkdir(directory, 0700), 0);
        tb_put_version(&bytes, 1760000000);
    }
    tb_put_point(&bytes, 1760000000 + step, step, "loss", (float)step);
    tb_write_file(path, &bytes, step > 0, assay_now_ms());
    assay_buf_free(&bytes);
}

static void test_events(void **state)
{
    struct mlflow_store *files = *state;
    char path[400];
    struct growing at = {.path = path, .runs = {"a", "b"}, .grow = grow_events};

    snprintf(path, sizeof path, "%s/logs", files->root);
    assert_int_equal(mkdir(at.path, 0700), 0);
    check_followed(at);
}

/* ---- the local store ---- */

static void grow_local(struct growing *at, int run)
{
    struct assay_log_point point = {.metric = "loss",
                                    .point = {.step = at->written[run],
                                              .time_ms = 1000 + at->written[run],
                                              .value = at->written[run]}};

    GOOD(assay_local_log(at->own, at->runs[run],
                         &(struct assay_log_batch){.points = &point, .point_count = 1}, good));
    at->written[run]++;
}

static void test_local(void **state)
{
    struct growing at = {.path = "local", .grow = grow_local};
    char ids[2][ASSAY_RUN_ID_SIZE];

    (void)state;
    struct assay_local *local = NULL;

    GOOD(assay_local_open(&local, NULL, good));
    for (int i = 0; i < 2; i++) {
        GOOD(assay_local_start(local, "sweep", NULL, ASSAY_NO_TIME, ids[i], good));
        GOOD(assay_local_finish(local, ids[i], ASSAY_RUN_FINISHED, ASSAY_NO_TIME, good));
        at.runs[i] = ids[i];
    }
    at.own = local;
    check_followed(at);
    assay_local_close(&local);
}

#define PLACE(name) cmocka_unit_test_setup_teardown(name, growing_open, mlflow_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(test_files),        PLACE(test_many_files), PLACE(test_database),
        PLACE(test_database_log), PLACE(test_events),     PLACE(test_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A database as MLflow keeps it (mlflow_db_world.h).
 */
#include "support/mlflow_db_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "source/readers.h"

void db_world_write(struct db_world *world, const char *text)
{
    struct assay_error err = {0};

    if (sql_exec(world->writer, text, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
}

int db_world_empty(void **state)
{
    struct db_world *world = assay_alloc(sizeof *world);
    const char *base = getenv("TMPDIR");
    struct assay_error err = {0};

    snprintf(world->folder, sizeof world->folder, "%s/mlflow-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof world->path, "%s/tracking.sqlite", world->folder);
    ingest_collect_init(&world->collect, ASSAY_LAST_VALUE);
    assert_int_equal(sql_open(&world->writer, world->path, SQL_CREATE, &err), ASSAY_OK);
    *state = world;
    return 0;
}

int db_world_old(void **state)
{
    db_world_empty(state);
    db_world_write(
        *state,
        "PRAGMA synchronous=OFF;"
        "CREATE TABLE alembic_version(version_num VARCHAR(32));"
        "INSERT INTO alembic_version VALUES('old');"
        "CREATE TABLE experiments(experiment_id INTEGER PRIMARY KEY, name, "
        "artifact_location);"
        "INSERT INTO experiments VALUES(0, 'Default', '/nowhere');"
        "CREATE TABLE runs(run_uuid VARCHAR(32) PRIMARY KEY, name, status, start_time BIGINT, "
        "end_time BIGINT, user_id, artifact_uri, experiment_id INTEGER);"
        "CREATE TABLE metrics(key, value FLOAT, timestamp BIGINT, run_uuid, "
        "PRIMARY KEY(key, timestamp, run_uuid));"
        "CREATE INDEX index_metrics_run_uuid ON metrics(run_uuid);"
        "CREATE TABLE params(key, value, run_uuid, PRIMARY KEY(key, run_uuid));"
        "CREATE TABLE tags(key, value, run_uuid, PRIMARY KEY(key, run_uuid));"
        "INSERT INTO runs VALUES('aaaa', 'one', 'RUNNING', 100, NULL, 'ann', '/x', 0);"
        "INSERT INTO runs VALUES('bbbb', '', 'FAILED', 200, 300, 'dev', '/y', 0);"
        "INSERT INTO metrics VALUES('loss', 2.0, 1, 'aaaa'), ('loss', 1.0, 2, 'aaaa');"
        "INSERT INTO params VALUES('lr', '0.1', 'aaaa');"
        "INSERT INTO tags VALUES('mlflow.runName', 'two', 'bbbb');");
    return 0;
}

int db_world_end(void **state)
{
    struct db_world *world = *state;
    char command[600];

    if (world->self)
        source_mlflow_db.close(world->self);
    sql_close(&world->writer);
    ingest_collect_free(&world->collect);
    snprintf(command, sizeof command, "rm -rf '%s'", world->folder);
    assert_int_equal(system(command), 0);
    free(world);
    return 0;
}

void db_world_settle(struct db_world *world)
{
    static time_t when = 1700000000;
    const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

    utimensat(AT_FDCWD, world->path, times, 0);
    when++;
}

void db_world_scan(struct db_world *world)
{
    struct assay_error err = {0};

    db_world_settle(world);
    if (!world->self)
        assert_int_equal(source_mlflow_db.open(&world->self, world->path, &err), ASSAY_OK);
    if (source_mlflow_db.scan(world->self, &world->collect.ingest, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
}

void db_world_restart(struct db_world *world)
{
    source_mlflow_db.close(world->self);
    world->self = NULL;
}

const struct collected_run *db_world_run(struct db_world *world, const char *id)
{
    const struct collected_run *run = ingest_collect_run(&world->collect, id);

    assert_non_null(run);
    return run;
}

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
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "source/readers.h"

#define DUMP_MOST (16u << 20) /* bytes of a script that makes one */

void db_world_write(struct db_world *world, const char *text)
{
    struct assay_error err = {0};

    if (sql_exec(world->writer, text, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
}

void db_world_load(struct db_world *world, const char *path)
{
    struct assay_error err = {0};
    char *text = NULL;
    size_t length;

    if (assay_file_read(path, DUMP_MOST, &text, &length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    db_world_write(world, text);
    free(text);
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

unsigned db_world_blank(struct db_world *world, const char *text)
{
    static unsigned char page[4096];
    const unsigned char blank[sizeof page] = {0};
    unsigned blanked = 0;
    int fd = open(world->path, O_RDWR);

    assert_true(fd >= 0);
    for (off_t at = 0; pread(fd, page, sizeof page, at) == (ssize_t)sizeof page;
         at += (off_t)sizeof page) {
        if (page[0] != 0x0d || !memmem(page, sizeof page, text, strlen(text)))
            continue;
        assert_int_equal(pwrite(fd, blank, sizeof blank, at), sizeof blank);
        blanked++;
    }
    close(fd);
    return blanked;
}

void db_world_fill(struct db_world *world)
{
    db_world_write(world, "DELETE FROM runs; DELETE FROM metrics; DELETE FROM params;"
                     "CREATE INDEX index_params_run_uuid ON params(run_uuid);"
                     "CREATE TABLE n(i); INSERT INTO n WITH RECURSIVE n(i) AS (SELECT 1 UNION "
                     "ALL SELECT i+1 FROM n WHERE i<400) SELECT i FROM n;"
                     "INSERT INTO runs SELECT printf('run%04d', i), 'a name', 'FINISHED', i, i, "
                     "'ann', '/x', 0 FROM n;"
                     "INSERT INTO params SELECT 'lr', printf('value%04d', i), "
                     "printf('run%04d', i) FROM n;"
                     "INSERT INTO metrics SELECT 'loss', i * 0.5, i, printf('run%04d', i) FROM n;"
                     "INSERT INTO metrics SELECT 'long', i, i, 'run0007' FROM n WHERE i <= 200;"
                     "INSERT INTO metrics VALUES('mark-middle', 0, 0, 'nobody');"
                     "INSERT INTO metrics SELECT 'long', i, i, 'run0007' FROM n WHERE i > 200;"
                     "INSERT INTO metrics VALUES('mark-last', 0, 0, 'nobody');"
                     "DROP TABLE n");
    sql_close(&world->writer);
}

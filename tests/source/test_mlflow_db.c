/*
 * The reader of MLflow's SQLite stores: against stores of three major versions' schemas and
 * what those versions read back, and while somebody writes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/text.h>

#include "source/artifact_list.h"
#include "source/mlflow_db.h"
#include "source/readers.h"
#include "support/mlflow_db_world.h"
#include "support/mlflow_expect.h"

static void load_dump(struct db_world *world, const char *version)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/source/data/%s/mlflow.sql", TEST_DATA, version);
    db_world_load(world, path);
}

static const struct assay_summary *summary_of(struct db_world *world, const char *id,
                                              const char *metric)
{
    const struct assay_metric *found = assay_attrs_metric(&db_world_run(world, id)->attrs, metric);

    assert_non_null(found);
    return &found->summary;
}

/* ---- what MLflow wrote ---- */

static void check_version(struct db_world *world, const char *version)
{
    struct source_found found = {0};
    char path[1024];
    json_t *expected;

    snprintf(path, sizeof path, "%s/source/data/%s/db.json", TEST_DATA, version);
    expected = json_load_file(path, 0, NULL);
    assert_non_null(expected);
    load_dump(world, version);
    source_mlflow_db.detect(world->folder, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.places[0].path, world->path);
    source_found_free(&found);
    db_world_scan(world);
    assert_int_equal(world->collect.problem_count, 0);
    mlflow_expect_store(expected, &world->collect, &source_mlflow_db, world->self);
    db_world_scan(world);
    db_world_restart(world);
    db_world_scan(world);
    for (size_t i = 0; i < world->collect.run_count; i++)
        assert_int_equal(world->collect.runs[i].reports, 1);
    json_decref(expected);
}

static void test_mlflow_1(void **state)
{
    check_version(*state, "mlflow-1");
}

static void test_mlflow_2(void **state)
{
    check_version(*state, "mlflow-2");
}

static void test_mlflow_3(void **state)
{
    check_version(*state, "mlflow-3");
}

static void test_inputs_and_outputs(void **state)
{
    struct db_world *world = *state;
    const struct assay_attrs *attrs = NULL;
    const struct assay_input *input;

    load_dump(world, "mlflow-3");
    db_world_scan(world);
    for (size_t i = 0; i < world->collect.run_count; i++) {
        if (strncmp(world->collect.runs[i].name, "first", 5) == 0)
            attrs = &world->collect.runs[i].attrs;
    }
    assert_non_null(attrs);
    assert_int_equal(attrs->input_count, 2);
    input = &attrs->inputs[strcmp(attrs->inputs[0].type, "dataset") == 0 ? 0 : 1];
    assert_string_equal(input->name, "wine");
    assert_string_equal(input->digest, "abc123");
    assert_string_equal(input->context, "training");
    assert_string_equal(input->profile, "{\"rows\": 178}");
    input = &attrs->inputs[strcmp(attrs->inputs[0].type, "dataset") == 0 ? 1 : 0];
    assert_string_equal(input->type, "model");
    assert_string_equal(input->name, "teacher");
    assert_int_equal(attrs->output_count, 1);
    assert_string_equal(attrs->outputs[0].name, "vit-base");
    assert_int_equal(attrs->outputs[0].step, 7);
}

/* ---- only what is new ---- */

static void test_oldest_schema(void **state)
{
    struct db_world *world = *state;

    db_world_scan(world);
    assert_int_equal(world->collect.run_count, 2);
    assert_int_equal(db_world_run(world, "aaaa")->status, ASSAY_RUN_RUNNING);
    assert_int_equal(db_world_run(world, "aaaa")->end_ms, ASSAY_NO_TIME);
    assert_string_equal(db_world_run(world, "bbbb")->name, "two");
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
    assert_true(summary_of(world, "aaaa", "loss")->last == 1.0);
    assert_string_equal(assay_attrs_param(&db_world_run(world, "aaaa")->attrs, "lr"), "0.1");
}

static void test_changes(void **state)
{
    struct db_world *world = *state;

    db_world_scan(world);
    db_world_write(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    db_world_scan(world);
    assert_int_equal(db_world_run(world, "aaaa")->reports, 2);
    assert_int_equal(db_world_run(world, "bbbb")->reports, 1);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    assert_true(summary_of(world, "aaaa", "loss")->max == 2.0);
    db_world_restart(world);
    db_world_write(world, "UPDATE tags SET value='renamed' WHERE run_uuid='bbbb'");
    db_world_scan(world);
    assert_string_equal(db_world_run(world, "bbbb")->name, "renamed");
    assert_int_equal(db_world_run(world, "aaaa")->reports, 2);
    db_world_write(world, "UPDATE runs SET status='FINISHED', end_time=900 WHERE run_uuid='aaaa'");
    db_world_scan(world);
    assert_int_equal(db_world_run(world, "aaaa")->status, ASSAY_RUN_FINISHED);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3); /* from the state */
    db_world_write(world, "INSERT INTO params VALUES('seed', '1', 'bbbb')");
    db_world_restart(world);
    db_world_scan(world);
    assert_string_equal(assay_attrs_param(&db_world_run(world, "bbbb")->attrs, "seed"), "1");
    db_world_write(world, "INSERT INTO runs VALUES('cccc', 'three', 'RUNNING', 1, NULL, '', '', 0);"
                     "UPDATE experiments SET name='renamed';"
                     "DELETE FROM runs WHERE run_uuid='bbbb'");
    db_world_scan(world);
    assert_string_equal(db_world_run(world, "cccc")->name, "three");
    assert_true(db_world_run(world, "bbbb")->gone);
    assert_string_equal(ingest_collect_experiment(&world->collect, "0")->name, "renamed");
    db_world_restart(world);
    db_world_write(world, "DELETE FROM runs WHERE run_uuid='cccc'");
    db_world_scan(world);
    assert_true(db_world_run(world, "cccc")->gone);
    assert_false(db_world_run(world, "aaaa")->gone);
}

/* Rows that were removed leave their rowids to others. */
static void test_rowids_used_again(void **state)
{
    struct db_world *world = *state;

    db_world_scan(world);
    db_world_write(world, "DELETE FROM metrics WHERE timestamp=2;"
                     "INSERT INTO metrics VALUES('loss', 7.0, 5, 'aaaa')");
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
    assert_true(summary_of(world, "aaaa", "loss")->last == 7.0);
    db_world_write(world, "DELETE FROM metrics; VACUUM; "
                     "INSERT INTO metrics VALUES('loss', 1.5, 9, 'bbbb')");
    db_world_restart(world);
    db_world_scan(world);
    assert_int_equal(db_world_run(world, "aaaa")->attrs.metric_count, 0);
    assert_int_equal(summary_of(world, "bbbb", "loss")->n, 1);
}

static void test_schema_migrated(void **state)
{
    struct db_world *world = *state;

    db_world_scan(world);
    db_world_write(world, "ALTER TABLE metrics ADD COLUMN step BIGINT DEFAULT 0;"
                     "ALTER TABLE metrics ADD COLUMN is_nan BOOLEAN DEFAULT 0;"
                     "UPDATE alembic_version SET version_num='new';"
                     "INSERT INTO metrics VALUES('loss', 0, 9, 'aaaa', 4, 1)");
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    assert_int_equal(summary_of(world, "aaaa", "loss")->step, 4);
    assert_true(isnan(summary_of(world, "aaaa", "loss")->last));
    assert_int_equal(summary_of(world, "aaaa", "loss")->nonfinite, 1);
}

/* The state is kept by a thread behind: what is got may be older than what was put. */
static void test_stale_state(void **state)
{
    struct db_world *world = *state;
    struct collected_state *fold = NULL;
    void *old;
    size_t old_length;

    db_world_scan(world);
    for (size_t i = 0; i < world->collect.state_count; i++) {
        if (strcmp(world->collect.states[i].key, "fold/aaaa") == 0)
            fold = &world->collect.states[i];
    }
    assert_non_null(fold);
    old_length = fold->length;
    old = assay_alloc(old_length);
    memcpy(old, fold->bytes, old_length);
    db_world_write(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    db_world_scan(world);
    for (int missing = 0; missing <= 1; missing++) {
        for (size_t i = 0; i < world->collect.state_count; i++) {
            fold = &world->collect.states[i];
            if (strcmp(fold->key, "fold/aaaa") != 0)
                continue;
            free(fold->bytes);
            fold->bytes = missing ? NULL : assay_alloc(old_length);
            fold->length = missing ? 0 : old_length;
            if (fold->bytes)
                memcpy(fold->bytes, old, old_length);
        }
        db_world_write(world, missing ? "INSERT INTO metrics VALUES('loss', 0.25, 4, 'aaaa')"
                                 : "INSERT INTO params VALUES('p', 'v', 'aaaa')");
        db_world_scan(world);
        assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3 + missing);
        assert_true(summary_of(world, "aaaa", "loss")->max == 2.0);
    }
    free(old);
}

/* What COLLECT has under KEY, as LENGTH bytes. */
static const void *kept(const struct ingest_collect *collect, const char *key, size_t *length)
{
    for (size_t i = 0; i < collect->state_count; i++) {
        if (strcmp(collect->states[i].key, key) == 0) {
            *length = collect->states[i].length;
            return collect->states[i].bytes;
        }
    }
    fail_msg("nothing is kept under %s", key);
    return NULL;
}

/* As another process reads it that begins with nothing. */
static void scan_as_another(struct db_world *world, struct ingest_collect *another)
{
    struct assay_error err = {0};
    void *self;

    ingest_collect_init(another, ASSAY_LAST_VALUE);
    assert_int_equal(source_mlflow_db.open(&self, world->path, &err), ASSAY_OK);
    assert_int_equal(source_mlflow_db.scan(self, &another->ingest, &err), ASSAY_OK);
    source_mlflow_db.close(self);
}

/* Two processes that begin with nothing at the same moment end at different places, though they
   read the same: where one's end is put and taken away and the other's put there, whoever built
   on the first must see it. */
static void test_no_two_ends_alike(void **state)
{
    struct db_world *world = *state;
    struct ingest_collect another;
    size_t length, other_length;

    setenv("ASSAY_NOW_MS", "1760000000000", 1);
    db_world_scan(world);
    scan_as_another(world, &another);
    unsetenv("ASSAY_NOW_MS");
    const void *end = kept(&world->collect, DB_POSITION, &length);
    const void *other_end = kept(&another, DB_POSITION, &other_length);
    assert_int_equal(length, other_length);
    assert_memory_not_equal(end, other_end, length);
    ingest_collect_free(&another);
}

/* A scan that goes on from an end, while another process that read everything anew puts its own
   summaries in the place of those that belong to that end. */
static void test_summaries_of_another(void **state)
{
    struct db_world *world = *state;
    struct ingest_collect another;
    struct ingest *in = &world->collect.ingest;

    db_world_scan(world);
    db_world_restart(world);
    db_world_write(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    scan_as_another(world, &another);
    for (size_t i = 0; i < another.state_count; i++) {
        const struct collected_state *theirs = &another.states[i];

        if (strcmp(theirs->key, DB_POSITION) != 0)
            ingest_state_put(in, theirs->key, theirs->bytes, theirs->length);
    }
    ingest_collect_free(&another);
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    assert_true(summary_of(world, "aaaa", "loss")->max == 2.0);
    db_world_restart(world);
    db_world_write(world, "INSERT INTO metrics VALUES('loss', 3.0, 4, 'aaaa')");
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 4);
}

static void test_cancelled(void **state)
{
    struct db_world *world = *state;
    struct assay_error err = {0};

    for (int after = 1; after < 12; after++) {
        void *self = NULL;

        world->collect.cancel_after = after;
        db_world_settle(world);
        assert_int_equal(source_mlflow_db.open(&self, world->path, &err), ASSAY_OK);
        source_mlflow_db.scan(self, &world->collect.ingest, &err);
        source_mlflow_db.close(self);
        assay_error_clear(&err);
    }
    world->collect.cancel_after = 0;
    db_world_scan(world);
    assert_int_equal(world->collect.run_count, 2);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
}

/* A job that is in the middle of a transaction is not waited for, and not kept from its commit.
 */
static void test_beside_a_writer(void **state)
{
    struct db_world *world = *state;
    int64_t busy;
    struct assay_error err = {0};

    db_world_write(world, "BEGIN IMMEDIATE; INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
    db_world_write(world, "COMMIT"); /* would wait, and fail, were a lock left behind */
    assert_int_equal(sql_int(world->writer, "PRAGMA lock_status", 0, &busy, &err), ASSAY_OK);
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    for (int i = 0; i < 50; i++) {
        char text[200];

        snprintf(text, sizeof text, "INSERT INTO metrics VALUES('loss', 0.5, %d, 'aaaa')",
                 10 + i);
        db_world_write(world, text);
        if (i % 5 == 0)
            db_world_scan(world);
    }
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 53);
}

static void test_write_ahead_log(void **state)
{
    struct db_world *world = *state;

    db_world_write(world, "PRAGMA journal_mode=WAL");
    db_world_scan(world);
    db_world_write(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    db_world_scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
}

static void test_many_rows(void **state)
{
    struct db_world *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};

    db_world_write(
        world,
        "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 FROM n "
        "WHERE i<35009) SELECT CASE i%2 WHEN 0 THEN 'even' ELSE 'odd' END, i, i, 'bbbb' "
        "FROM n");
    db_world_scan(world);
    assert_int_equal(summary_of(world, "bbbb", "even")->n, 17500);
    assert_true(summary_of(world, "bbbb", "odd")->max == 35009);
    assert_int_equal(
        source_mlflow_db.read_series(world->self, "0", "bbbb", "odd", series, &err), ASSAY_OK);
    assert_int_equal(assay_series_count(series), 17500);
    assay_series_free(&series);
    series = assay_series_new(ASSAY_LAST_VALUE);
    db_world_write(world,
                   "ALTER TABLE metrics ADD COLUMN step BIGINT DEFAULT 7;"
                   "ALTER TABLE metrics ADD COLUMN is_nan BOOLEAN DEFAULT 0;"
                   "CREATE INDEX index_metrics_run_uuid_key_step ON metrics(run_uuid, key, step)");
    assert_int_equal(
        source_mlflow_db.read_series(world->self, "0", "bbbb", "odd", series, &err), ASSAY_OK);
    assert_int_equal(assay_series_count(series), 17500);
    assay_series_free(&series);
}

/* More metrics than are held at once: runs are reported on the way, and met again later. */
static void test_many_metrics(void **state)
{
    struct db_world *world = *state;

    db_world_write(
        world,
        "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n "
        "WHERE i<260000) SELECT 'm' || i, i, 1, 'bbbb' FROM n;"
        "INSERT INTO metrics VALUES('m0', 5, 2, 'bbbb'), ('loss', 0.5, 9, 'aaaa')");
    db_world_scan(world);
    assert_int_equal(db_world_run(world, "bbbb")->attrs.metric_count, 260001);
    assert_int_equal(summary_of(world, "bbbb", "m0")->n, 2);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
}

/* ---- awkward and hostile ---- */

static void test_odd_values(void **state)
{
    struct db_world *world = *state;

    db_world_write(world,
                   "INSERT INTO metrics VALUES('text', 'abc', 1, 'aaaa');"
                   "INSERT INTO metrics VALUES('null', NULL, 1, 'aaaa');"
                   "INSERT INTO metrics VALUES(x'00ff', 1, 'x', 'aaaa');"
                   "INSERT INTO metrics VALUES('orphan', 1, 1, 'nobody');"
                   "INSERT INTO tags VALUES('nul', 'a' || char(0) || 'b', 'aaaa');"
                   "INSERT INTO tags VALUES('long', hex(zeroblob(5000000)), 'aaaa');"
                   "INSERT INTO runs VALUES(NULL, 1, 2, 3, 4, 5, 6, 7);"
                   "INSERT INTO runs VALUES('dddd', NULL, NULL, NULL, NULL, NULL, NULL, NULL);"
                   "INSERT INTO runs VALUES(hex(zeroblob(500)), '', '', 0, 0, '', '', 0);");
    db_world_scan(world);
    assert_true(isnan(summary_of(world, "aaaa", "null")->last));
    assert_string_equal(assay_attrs_tag(&db_world_run(world, "aaaa")->attrs, "nul"), "a\xef\xbf\xbd"
                                                                               "b");
    assert_int_equal(strlen(assay_attrs_tag(&db_world_run(world, "aaaa")->attrs, "long")), 1 << 20);
    assert_int_equal(world->collect.problem_count, 1);
    assert_int_equal(db_world_run(world, "dddd")->status, ASSAY_RUN_UNKNOWN);
    assert_int_equal(db_world_run(world, "dddd")->start_ms, ASSAY_NO_TIME);
}

static void test_no_database(void **state)
{
    struct db_world *world = *state;
    struct source_found found = {0};
    struct assay_error err = {0};
    char path[1024];
    void *self;
    FILE *file;

    snprintf(path, sizeof path, "%s/other.db", world->folder);
    file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database\n", file);
    fclose(file);
    source_mlflow_db.detect(path, &found);
    assert_int_equal(found.count, 0);
    assert_int_equal(source_mlflow_db.open(&self, path, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "other.db: not an SQLite database"));
    db_world_write(world, "DROP TABLE runs"); /* another program's database */
    source_mlflow_db.detect(world->path, &found);
    assert_int_equal(found.count, 0);
    source_found_free(&found);
}

/* The cache may lie where somebody looks for experiments. It is not looked into, not even where
   a database of MLflow's stands for it. */
static void test_own_databases(void **state)
{
    struct db_world *world = *state;
    struct source_found found = {0};
    char *before = getenv("ASSAY_CACHE") ? strdup(getenv("ASSAY_CACHE")) : NULL;

    source_mlflow_db.detect(world->folder, &found);
    assert_int_equal(found.count, 1);
    source_found_free(&found);
    setenv("ASSAY_CACHE", world->path, 1);
    source_mlflow_db.detect(world->folder, &found);
    source_mlflow_db.detect(world->path, &found);
    if (before)
        setenv("ASSAY_CACHE", before, 1);
    else
        unsetenv("ASSAY_CACHE");
    free(before);
    assert_int_equal(found.count, 0);
    source_found_free(&found);
}

static void test_artifacts(void **state)
{
    struct db_world *world = *state;
    struct artifact_list list = {0};
    struct assay_error err = {0};
    char command[2048], want[1024], *directory = NULL;

    snprintf(command, sizeof command,
             "mkdir -p '%s/mlruns/0/aaaa/artifacts/model' '%s/mlartifacts/0/bbbb/artifacts' && "
             "echo x > '%s/mlruns/0/aaaa/artifacts/model/x' && "
             "echo y > '%s/mlartifacts/0/bbbb/artifacts/y'",
             world->folder, world->folder, world->folder, world->folder);
    assert_int_equal(system(command), 0);
    db_world_scan(world);
    assert_int_equal(source_mlflow_db.artifacts(world->self, "0", "aaaa",
                                                "./mlruns/0/aaaa/artifacts", &list, &directory,
                                                &err),
                     ASSAY_OK);
    assert_int_equal(list.count, 2);
    free(directory);
    artifact_list_free(&list);
    assert_int_equal(source_mlflow_db.artifacts(world->self, "0", "bbbb",
                                                "mlflow-artifacts:/0/bbbb/artifacts", &list,
                                                &directory, &err),
                     ASSAY_OK);
    assert_int_equal(list.count, 1);
    snprintf(want, sizeof want, "%s/mlartifacts//0/bbbb/artifacts", world->folder);
    assert_string_equal(directory, want);
    free(directory);
    artifact_list_free(&list);
    assert_int_equal(source_mlflow_db.artifacts(world->self, "../..", "x", "../../etc", &list,
                                                &directory, &err),
                     ASSAY_IO);
    artifact_list_free(&list);
}

#define EMPTY(name)    cmocka_unit_test_setup_teardown(name, db_world_empty, db_world_end)
#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, db_world_old, db_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(test_mlflow_1),
        EMPTY(test_mlflow_2),
        EMPTY(test_mlflow_3),
        EMPTY(test_inputs_and_outputs),
        IN_WORLD(test_oldest_schema),
        IN_WORLD(test_changes),
        IN_WORLD(test_rowids_used_again),
        IN_WORLD(test_schema_migrated),
        IN_WORLD(test_stale_state),
        IN_WORLD(test_no_two_ends_alike),
        IN_WORLD(test_summaries_of_another),
        IN_WORLD(test_cancelled),
        IN_WORLD(test_beside_a_writer),
        IN_WORLD(test_write_ahead_log),
        IN_WORLD(test_many_rows),
        IN_WORLD(test_many_metrics),
        IN_WORLD(test_odd_values),
        IN_WORLD(test_no_database),
        IN_WORLD(test_own_databases),
        IN_WORLD(test_artifacts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

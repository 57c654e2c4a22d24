/*
 * The reader of MLflow's SQLite stores: against stores of three major versions' schemas and
 * what those versions read back, while somebody writes, and against damaged ones.
 */
#include <fcntl.h>
#include <math.h>
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

#include <assay/buf.h>
#include <assay/text.h>

#include "source/artifact_list.h"
#include "source/mlflow_db.h"
#include "source/readers.h"
#include "support/ingest_collect.h"
#include "support/mlflow_expect.h"

struct world {
    char folder[256], path[300];
    struct sql *writer;
    struct ingest_collect collect;
    void *self;
};

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    struct assay_buf text = {0};
    char bytes[4096];
    size_t got;

    assert_non_null(file);
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        assay_buf_add(&text, bytes, got);
    fclose(file);
    return assay_buf_take(&text);
}

static void write_sql(struct world *world, const char *text)
{
    struct assay_error err = {0};

    if (sql_exec(world->writer, text, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
}

static void load_dump(struct world *world, const char *version)
{
    char path[1024], *text;

    snprintf(path, sizeof path, "%s/source/data/%s/mlflow.sql", TEST_DATA, version);
    text = read_text(path);
    write_sql(world, text);
    free(text);
}

static int setup_empty(void **state)
{
    struct world *world = assay_alloc(sizeof *world);
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

/* What every schema has, no more: one older than any that MLflow's own files show. */
static int setup(void **state)
{
    setup_empty(state);
    write_sql(
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

static int teardown(void **state)
{
    struct world *world = *state;
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

/* Sets the file's time back, so that it does not count as written just now. */
static void settle(struct world *world)
{
    static time_t when = 1700000000;
    const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

    utimensat(AT_FDCWD, world->path, times, 0);
    when++;
}

static void scan(struct world *world)
{
    struct assay_error err = {0};

    settle(world);
    if (!world->self)
        assert_int_equal(source_mlflow_db.open(&world->self, world->path, &err), ASSAY_OK);
    if (source_mlflow_db.scan(world->self, &world->collect.ingest, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
}

static void restart(struct world *world)
{
    source_mlflow_db.close(world->self);
    world->self = NULL;
}

static const struct collected_run *run_of(struct world *world, const char *id)
{
    const struct collected_run *run = ingest_collect_run(&world->collect, id);

    assert_non_null(run);
    return run;
}

static const struct assay_summary *summary_of(struct world *world, const char *id,
                                              const char *metric)
{
    const struct assay_metric *found = assay_attrs_metric(&run_of(world, id)->attrs, metric);

    assert_non_null(found);
    return &found->summary;
}

/* ---- what MLflow wrote ---- */

static void check_version(struct world *world, const char *version)
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
    scan(world);
    assert_int_equal(world->collect.problem_count, 0);
    mlflow_expect_store(expected, &world->collect, &source_mlflow_db, world->self);
    scan(world);
    restart(world);
    scan(world);
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
    struct world *world = *state;
    const struct assay_attrs *attrs = NULL;
    const struct assay_input *input;

    load_dump(world, "mlflow-3");
    scan(world);
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
    struct world *world = *state;

    scan(world);
    assert_int_equal(world->collect.run_count, 2);
    assert_int_equal(run_of(world, "aaaa")->status, ASSAY_RUN_RUNNING);
    assert_int_equal(run_of(world, "aaaa")->end_ms, ASSAY_NO_TIME);
    assert_string_equal(run_of(world, "bbbb")->name, "two");
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
    assert_true(summary_of(world, "aaaa", "loss")->last == 1.0);
    assert_string_equal(assay_attrs_param(&run_of(world, "aaaa")->attrs, "lr"), "0.1");
}

static void test_changes(void **state)
{
    struct world *world = *state;

    scan(world);
    write_sql(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    scan(world);
    assert_int_equal(run_of(world, "aaaa")->reports, 2);
    assert_int_equal(run_of(world, "bbbb")->reports, 1);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    assert_true(summary_of(world, "aaaa", "loss")->max == 2.0);
    restart(world);
    write_sql(world, "UPDATE tags SET value='renamed' WHERE run_uuid='bbbb'");
    scan(world);
    assert_string_equal(run_of(world, "bbbb")->name, "renamed");
    assert_int_equal(run_of(world, "aaaa")->reports, 2);
    write_sql(world, "UPDATE runs SET status='FINISHED', end_time=900 WHERE run_uuid='aaaa'");
    scan(world);
    assert_int_equal(run_of(world, "aaaa")->status, ASSAY_RUN_FINISHED);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3); /* from the state */
    write_sql(world, "INSERT INTO params VALUES('seed', '1', 'bbbb')");
    restart(world);
    scan(world);
    assert_string_equal(assay_attrs_param(&run_of(world, "bbbb")->attrs, "seed"), "1");
    write_sql(world, "INSERT INTO runs VALUES('cccc', 'three', 'RUNNING', 1, NULL, '', '', 0);"
                     "UPDATE experiments SET name='renamed';"
                     "DELETE FROM runs WHERE run_uuid='bbbb'");
    scan(world);
    assert_string_equal(run_of(world, "cccc")->name, "three");
    assert_true(run_of(world, "bbbb")->gone);
    assert_string_equal(ingest_collect_experiment(&world->collect, "0")->name, "renamed");
    restart(world);
    write_sql(world, "DELETE FROM runs WHERE run_uuid='cccc'");
    scan(world);
    assert_true(run_of(world, "cccc")->gone);
    assert_false(run_of(world, "aaaa")->gone);
}

/* Rows that were removed leave their rowids to others. */
static void test_rowids_used_again(void **state)
{
    struct world *world = *state;

    scan(world);
    write_sql(world, "DELETE FROM metrics WHERE timestamp=2;"
                     "INSERT INTO metrics VALUES('loss', 7.0, 5, 'aaaa')");
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
    assert_true(summary_of(world, "aaaa", "loss")->last == 7.0);
    write_sql(world, "DELETE FROM metrics; VACUUM; "
                     "INSERT INTO metrics VALUES('loss', 1.5, 9, 'bbbb')");
    restart(world);
    scan(world);
    assert_int_equal(run_of(world, "aaaa")->attrs.metric_count, 0);
    assert_int_equal(summary_of(world, "bbbb", "loss")->n, 1);
}

static void test_schema_migrated(void **state)
{
    struct world *world = *state;

    scan(world);
    write_sql(world, "ALTER TABLE metrics ADD COLUMN step BIGINT DEFAULT 0;"
                     "ALTER TABLE metrics ADD COLUMN is_nan BOOLEAN DEFAULT 0;"
                     "UPDATE alembic_version SET version_num='new';"
                     "INSERT INTO metrics VALUES('loss', 0, 9, 'aaaa', 4, 1)");
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    assert_int_equal(summary_of(world, "aaaa", "loss")->step, 4);
    assert_true(isnan(summary_of(world, "aaaa", "loss")->last));
    assert_int_equal(summary_of(world, "aaaa", "loss")->nonfinite, 1);
}

/* The state is kept by a thread behind: what is got may be older than what was put. */
static void test_stale_state(void **state)
{
    struct world *world = *state;
    struct collected_state *fold = NULL;
    void *old;
    size_t old_length;

    scan(world);
    for (size_t i = 0; i < world->collect.state_count; i++) {
        if (strcmp(world->collect.states[i].key, "fold/aaaa") == 0)
            fold = &world->collect.states[i];
    }
    assert_non_null(fold);
    old_length = fold->length;
    old = assay_alloc(old_length);
    memcpy(old, fold->bytes, old_length);
    write_sql(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    scan(world);
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
        write_sql(world, missing ? "INSERT INTO metrics VALUES('loss', 0.25, 4, 'aaaa')"
                                 : "INSERT INTO params VALUES('p', 'v', 'aaaa')");
        scan(world);
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
static void scan_as_another(struct world *world, struct ingest_collect *another)
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
    struct world *world = *state;
    struct ingest_collect another;
    size_t length, other_length;

    setenv("ASSAY_NOW_MS", "1760000000000", 1);
    scan(world);
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
    struct world *world = *state;
    struct ingest_collect another;
    struct ingest *in = &world->collect.ingest;

    scan(world);
    restart(world);
    write_sql(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    scan_as_another(world, &another);
    for (size_t i = 0; i < another.state_count; i++) {
        const struct collected_state *theirs = &another.states[i];

        if (strcmp(theirs->key, DB_POSITION) != 0)
            ingest_state_put(in, theirs->key, theirs->bytes, theirs->length);
    }
    ingest_collect_free(&another);
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    assert_true(summary_of(world, "aaaa", "loss")->max == 2.0);
    restart(world);
    write_sql(world, "INSERT INTO metrics VALUES('loss', 3.0, 4, 'aaaa')");
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 4);
}

static void test_cancelled(void **state)
{
    struct world *world = *state;
    struct assay_error err = {0};

    for (int after = 1; after < 12; after++) {
        void *self = NULL;

        world->collect.cancel_after = after;
        settle(world);
        assert_int_equal(source_mlflow_db.open(&self, world->path, &err), ASSAY_OK);
        source_mlflow_db.scan(self, &world->collect.ingest, &err);
        source_mlflow_db.close(self);
        assay_error_clear(&err);
    }
    world->collect.cancel_after = 0;
    scan(world);
    assert_int_equal(world->collect.run_count, 2);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
}

/* A job that is in the middle of a transaction is not waited for, and not kept from its commit.
 */
static void test_beside_a_writer(void **state)
{
    struct world *world = *state;
    int64_t busy;
    struct assay_error err = {0};

    write_sql(world, "BEGIN IMMEDIATE; INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 2);
    write_sql(world, "COMMIT"); /* would wait, and fail, were a lock left behind */
    assert_int_equal(sql_int(world->writer, "PRAGMA lock_status", 0, &busy, &err), ASSAY_OK);
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
    for (int i = 0; i < 50; i++) {
        char text[200];

        snprintf(text, sizeof text, "INSERT INTO metrics VALUES('loss', 0.5, %d, 'aaaa')",
                 10 + i);
        write_sql(world, text);
        if (i % 5 == 0)
            scan(world);
    }
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 53);
}

static void test_write_ahead_log(void **state)
{
    struct world *world = *state;

    write_sql(world, "PRAGMA journal_mode=WAL");
    scan(world);
    write_sql(world, "INSERT INTO metrics VALUES('loss', 0.5, 3, 'aaaa')");
    scan(world);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
}

static void test_many_rows(void **state)
{
    struct world *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};

    write_sql(
        world,
        "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 FROM n "
        "WHERE i<35009) SELECT CASE i%2 WHEN 0 THEN 'even' ELSE 'odd' END, i, i, 'bbbb' "
        "FROM n");
    scan(world);
    assert_int_equal(summary_of(world, "bbbb", "even")->n, 17500);
    assert_true(summary_of(world, "bbbb", "odd")->max == 35009);
    assert_int_equal(
        source_mlflow_db.read_series(world->self, "0", "bbbb", "odd", series, &err), ASSAY_OK);
    assert_int_equal(assay_series_count(series), 17500);
    assay_series_free(&series);
    series = assay_series_new(ASSAY_LAST_VALUE);
    write_sql(world,
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
    struct world *world = *state;

    write_sql(
        world,
        "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n "
        "WHERE i<260000) SELECT 'm' || i, i, 1, 'bbbb' FROM n;"
        "INSERT INTO metrics VALUES('m0', 5, 2, 'bbbb'), ('loss', 0.5, 9, 'aaaa')");
    scan(world);
    assert_int_equal(run_of(world, "bbbb")->attrs.metric_count, 260001);
    assert_int_equal(summary_of(world, "bbbb", "m0")->n, 2);
    assert_int_equal(summary_of(world, "aaaa", "loss")->n, 3);
}

/* ---- awkward and hostile ---- */

static void test_odd_values(void **state)
{
    struct world *world = *state;

    write_sql(world,
              "INSERT INTO metrics VALUES('text', 'abc', 1, 'aaaa');"
              "INSERT INTO metrics VALUES('null', NULL, 1, 'aaaa');"
              "INSERT INTO metrics VALUES(x'00ff', 1, 'x', 'aaaa');"
              "INSERT INTO metrics VALUES('orphan', 1, 1, 'nobody');"
              "INSERT INTO tags VALUES('nul', 'a' || char(0) || 'b', 'aaaa');"
              "INSERT INTO tags VALUES('long', hex(zeroblob(5000000)), 'aaaa');"
              "INSERT INTO runs VALUES(NULL, 1, 2, 3, 4, 5, 6, 7);"
              "INSERT INTO runs VALUES('dddd', NULL, NULL, NULL, NULL, NULL, NULL, NULL);"
              "INSERT INTO runs VALUES(hex(zeroblob(500)), '', '', 0, 0, '', '', 0);");
    scan(world);
    assert_true(isnan(summary_of(world, "aaaa", "null")->last));
    assert_string_equal(assay_attrs_tag(&run_of(world, "aaaa")->attrs, "nul"), "a\xef\xbf\xbd"
                                                                               "b");
    assert_int_equal(strlen(assay_attrs_tag(&run_of(world, "aaaa")->attrs, "long")), 1 << 20);
    assert_int_equal(world->collect.problem_count, 1);
    assert_int_equal(run_of(world, "dddd")->status, ASSAY_RUN_UNKNOWN);
    assert_int_equal(run_of(world, "dddd")->start_ms, ASSAY_NO_TIME);
}

static void test_no_database(void **state)
{
    struct world *world = *state;
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
    write_sql(world, "DROP TABLE runs"); /* another program's database */
    source_mlflow_db.detect(world->path, &found);
    assert_int_equal(found.count, 0);
    source_found_free(&found);
}

/* The cache may lie where somebody looks for experiments. It is not looked into, not even where
   a database of MLflow's stands for it. */
static void test_own_databases(void **state)
{
    struct world *world = *state;
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

/* Cut anywhere, it fails with a message or is read in part; it never does worse. */
static void test_cut_off(void **state)
{
    struct world *world = *state;
    struct stat st;

    write_sql(world,
              "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 "
              "FROM n WHERE i<5000) SELECT 'm', i, i, 'bbbb' FROM n");
    sql_close(&world->writer);
    assert_int_equal(stat(world->path, &st), 0);
    for (off_t size = st.st_size - 4096; size > 0; size -= 20000) {
        struct assay_error err = {0};
        void *self = NULL;

        assert_int_equal(truncate(world->path, size), 0);
        settle(world);
        if (source_mlflow_db.open(&self, world->path, &err) != ASSAY_OK)
            continue;
        if (source_mlflow_db.scan(self, &world->collect.ingest, &err) != ASSAY_OK)
            assert_true(err.what[0] != '\0');
        source_mlflow_db.close(self);
    }
}

/* What may be an MLflow database but cannot be read is not passed over in silence. */
static void test_damaged_is_told(void **state)
{
    struct world *world = *state;
    struct source_found found = {0};
    struct assay_error err = {0};
    char path[1024];
    struct stat st;
    void *self;

    sql_close(&world->writer);
    assert_int_equal(stat(world->path, &st), 0);
    assert_int_equal(truncate(world->path, st.st_size / 2), 0);
    source_mlflow_db.detect(world->path, &found); /* named by the user */
    assert_int_equal(found.count, 1);
    assert_int_equal(source_mlflow_db.open(&self, world->path, &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, world->path));
    assert_non_null(strstr(err.what, "damaged"));
    source_found_free(&found);
    source_mlflow_db.detect(world->folder,
                            &found); /* met by chance: whose it is is not known */
    assert_int_equal(found.count, 0);
    snprintf(path, sizeof path, "%s/mlflow.db", world->folder);
    assert_int_equal(rename(world->path, path), 0);
    source_mlflow_db.detect(world->folder, &found);
    assert_int_equal(found.count, 1);
    source_found_free(&found);
    assert_int_equal(rename(path, world->path), 0);
}

/* Blanks the pages that hold rows of a table with TEXT among them; how many. */
static unsigned blank_pages(struct world *world, const char *text)
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

static void fill_for_damage(struct world *world)
{
    write_sql(world, "DELETE FROM runs; DELETE FROM metrics; DELETE FROM params;"
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

/* How many of the 400 runs are there; with a param; with a metric. */
static void count_runs(struct world *world, unsigned *runs, unsigned *params, unsigned *metrics)
{
    *runs = *params = *metrics = 0;
    for (unsigned i = 1; i <= 400; i++) {
        const struct collected_run *run;
        char id[16];

        snprintf(id, sizeof id, "run%04u", i);
        run = ingest_collect_run(&world->collect, id);
        *runs += run && !run->gone;
        *params += run && run->attrs.param_count == 1;
        *metrics += run && run->attrs.metric_count > 0;
    }
}

/* A page that cannot be read takes along what lies on it and nothing else; it is told what is
   incomplete, and told again by the next program. */
static void test_damaged_in_part(void **state)
{
    struct world *world = *state;
    unsigned runs, params, metrics;

    fill_for_damage(world);
    assert_int_equal(blank_pages(world, "value0200"), 1);
    for (int program = 0; program < 2; program++) {
        scan(world);
        count_runs(world, &runs, &params, &metrics);
        assert_int_equal(runs, 400);
        assert_int_equal(metrics, 400);
        assert_in_range(params, 200, 399);
        assert_int_equal(world->collect.problem_count, 1);
        assert_non_null(strstr(world->collect.problems[0].message, "not all params"));
        ingest_collect_forget_problems(&world->collect);
        source_mlflow_db.close(world->self);
        world->self = NULL;
    }
}

static void test_damaged_runs(void **state)
{
    struct world *world = *state;
    unsigned runs, params, metrics, before;

    fill_for_damage(world);
    scan(world);
    assert_int_equal(world->collect.problem_count, 0);
    assert_int_equal(blank_pages(world, "run0200a name"), 1);
    scan(world); /* none of them is gone */
    count_runs(world, &runs, &params, &metrics);
    assert_int_equal(runs, 400);
    assert_true(world->collect.problem_count > 0);
    assert_non_null(strstr(world->collect.problems[0].message, "not all runs"));
    ingest_collect_free(&world->collect); /* another program, without a cache */
    ingest_collect_init(&world->collect, ASSAY_LAST_VALUE);
    source_mlflow_db.close(world->self);
    world->self = NULL;
    scan(world);
    count_runs(world, &before, &params, &metrics);
    assert_in_range(before, 200, 399);
    assert_int_equal(params, before);
    assert_int_equal(metrics, before);
    assert_non_null(ingest_collect_run(&world->collect, "run0001"));
    assert_non_null(ingest_collect_run(&world->collect, "run0400"));
    assert_null(ingest_collect_run(&world->collect, "run0200"));
}

/* One page in the middle of the metrics and the last: what lies on the others of the same metric
   is there, in its summary and in the series. */
static void test_damaged_metrics(void **state)
{
    struct world *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    const struct collected_run *run;
    struct assay_error err = {0};
    unsigned runs, params, metrics;

    fill_for_damage(world);
    assert_int_equal(blank_pages(world, "mark-middle"), 1);
    assert_int_equal(blank_pages(world, "mark-last"), 1);
    scan(world);
    count_runs(world, &runs, &params, &metrics);
    assert_int_equal(runs, 400);
    assert_int_equal(params, 400);
    assert_int_equal(metrics, 400);
    assert_int_equal(world->collect.problem_count, 1);
    assert_non_null(strstr(world->collect.problems[0].message, "not all metrics"));
    assert_int_equal(
        source_mlflow_db.read_series(world->self, "0", "run0007", "long", series, &err),
        ASSAY_OK);
    assert_in_range(assay_series_count(series), 100, 390);
    run = ingest_collect_run(&world->collect, "run0007");
    assert_int_equal(run->attrs.metric_count, 2);
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(run->attrs.metrics[i].key, "long") == 0)
            assert_int_equal(run->attrs.metrics[i].summary.n, assay_series_count(series));
    }
    assay_series_free(&series);
}

static void test_artifacts(void **state)
{
    struct world *world = *state;
    struct artifact_list list = {0};
    struct assay_error err = {0};
    char command[2048], want[1024], *directory = NULL;

    snprintf(command, sizeof command,
             "mkdir -p '%s/mlruns/0/aaaa/artifacts/model' '%s/mlartifacts/0/bbbb/artifacts' && "
             "echo x > '%s/mlruns/0/aaaa/artifacts/model/x' && "
             "echo y > '%s/mlartifacts/0/bbbb/artifacts/y'",
             world->folder, world->folder, world->folder, world->folder);
    assert_int_equal(system(command), 0);
    scan(world);
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

#define EMPTY(name)    cmocka_unit_test_setup_teardown(name, setup_empty, teardown)
#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        IN_WORLD(test_cut_off),
        IN_WORLD(test_damaged_is_told),
        IN_WORLD(test_damaged_in_part),
        IN_WORLD(test_damaged_runs),
        IN_WORLD(test_damaged_metrics),
        IN_WORLD(test_artifacts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * MLflow's SQLite stores (mlflow.db, of schemas 1.x to 3.x): finds out what changed since the
 * last scan and has it reported. A training job may be writing all the while, so everything is
 * read in short statements and nothing is ever written; what a schema lacks is looked up, not
 * assumed. The tables' meaning stands in MLflow's mlflow/store/tracking/dbmodels/models.py.
 * Called by the session through source_mlflow_db.
 */
#include "source/mlflow_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/clock.h>

#include "source/mlflow_meta.h"

#define STATE_VERSION 1u
#define ID_BUCKETS    32u
#define RUNS_MAX      2000000u
/* With more new rows of metrics than this the runs are shown before they are folded. */
#define QUICK_ROWS 300000
/* A file written as lately as this may change again without its time changing. */
#define YOUNG_NS UINT64_C(50000000)

/* ---- opening ---- */

static enum assay_status open_source(void **self, const char *path, struct assay_error *err)
{
    struct assay_error trouble = {0};
    struct mlflow_db *db;

    enum db_look look = db_look_at(path, &trouble);
    if (look != DB_LOOK_STORE)
        return assay_fail(err, look == DB_LOOK_TROUBLE ? trouble.status : ASSAY_BAD_INPUT, "%s",
                          trouble.what);
    db = assay_alloc(sizeof *db);
    db->path = assay_strdup(path);
    *self = db;
    return ASSAY_OK;
}

static void close_source(void *self)
{
    struct mlflow_db *db = self;

    free(db->runs);
    assay_map_free(&db->by_run);
    assay_map_free(&db->experiments);
    free(db->path);
    free(db);
}

/* ---- hashes ---- */

uint64_t db_hash(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 31);
}

uint64_t db_row_hash(struct sql_statement *statement, int from, int to)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (int column = from; column < to; column++) {
        bool null = sql_is_null(statement, column);
        size_t length;
        const char *text = sql_column_text(statement, column, &length);

        hash = db_hash(hash, text, length);
        hash = db_hash(hash, null ? "\1" : "\0", 1);
    }
    return hash ? hash : 1;
}

uint64_t db_unique(void)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = (uint64_t)assay_monotonic_us() << 22 ^ (uint64_t)getpid();
    return number ? number : 1;
}

/* Over the database and its log; 0 while they were changed only just now. */
static uint64_t stamp_of(const struct mlflow_db *db)
{
    struct timespec now;
    uint64_t hash = 0, now_ns;
    bool young = false;

    clock_gettime(CLOCK_REALTIME, &now);
    now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    for (int i = 0; i < 2; i++) {
        char path[4200];
        struct mlflow_stamp stamp;
        struct stat st;

        snprintf(path, sizeof path, "%s%s", db->path, i ? "-wal" : "");
        if (stat(path, &st) != 0)
            continue;
        stamp = mlflow_stamp_of(&st);
        young |= stamp.mtime_ns + YOUNG_NS > now_ns;
        hash += mlflow_stamp_hash(i ? "wal" : "db", &stamp);
    }
    return young ? 0 : hash;
}

/* ---- the schema, and whether the state still fits ---- */

static enum assay_status read_schema(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    struct sql_statement *statement = NULL;
    enum assay_status status;
    int64_t version = 0;
    bool row = false;

    db->schema = (struct db_schema){
        .is_nan = sql_has(db->sql, "metrics", "is_nan"),
        .step = sql_has(db->sql, "metrics", "step"),
        .latest = sql_has(db->sql, "latest_metrics", "run_uuid"),
        .inputs = sql_has(db->sql, "inputs", "destination_id") &&
                  sql_has(db->sql, "datasets", "dataset_uuid"),
        .input_tags = sql_has(db->sql, "input_tags", "input_uuid"),
        .logged_models = sql_has(db->sql, "logged_models", "model_id"),
        .output_step = sql_has(db->sql, "inputs", "step"),
        .run_lifecycle = sql_has(db->sql, "runs", "lifecycle_stage"),
        .experiment_lifecycle = sql_has(db->sql, "experiments", "lifecycle_stage"),
        .experiment_times = sql_has(db->sql, "experiments", "last_update_time"),
    };
    status = sql_int(db->sql, "PRAGMA schema_version", 0, &version, scan->err);
    if (status == ASSAY_OK)
        status = sql_prepare(db->sql, &statement, "SELECT version_num FROM alembic_version",
                             scan->err);
    if (status == ASSAY_OK)
        status = sql_step(statement, &row, scan->err);
    scan->to.schema = db_hash(row ? db_row_hash(statement, 0, 1) : 0, &version, sizeof version);
    sql_finish(&statement);
    if (scan->salvage && status == ASSAY_CORRUPT) { /* nothing is kept that would need it */
        assay_error_clear(scan->err);
        status = ASSAY_OK;
    }
    return status;
}

/* A hash of the row at ROWID; 0 where there is none. */
static enum assay_status row_at(struct db_scan *scan, const char *table, int64_t rowid,
                                uint64_t *hash)
{
    struct sql_statement *statement = NULL;
    enum assay_status status;
    char text[128];
    bool row = false;

    *hash = 0;
    if (rowid == 0)
        return ASSAY_OK;
    snprintf(text, sizeof text, "SELECT * FROM %s WHERE rowid=?1", table);
    status = sql_prepare(scan->db->sql, &statement, text, scan->err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, rowid);
        status = sql_step(statement, &row, scan->err);
    }
    if (row)
        *hash = db_row_hash(statement, 0, 3);
    sql_finish(&statement);
    return status;
}

/* How far the tables go now. Taken before anything else is read, so that whatever comes later
   is behind it and left to the next scan. */
static enum assay_status read_ends(struct db_scan *scan)
{
    struct sql *sql = scan->db->sql;
    struct db_position *to = &scan->to;
    enum assay_status status;

    if (scan->salvage) { /* what is nowhere kept: as far as can be read */
        to->metrics = INT64_MAX;
        return ASSAY_OK;
    }
    status = sql_int(sql, "SELECT max(rowid) FROM metrics", 0, &to->metrics, scan->err);
    if (status == ASSAY_OK)
        status = sql_int(sql, "SELECT max(rowid) FROM params", 0, &to->params, scan->err);
    if (status == ASSAY_OK && scan->db->schema.inputs)
        status = sql_int(sql, "SELECT max(rowid) FROM inputs", 0, &to->inputs, scan->err);
    if (status == ASSAY_OK)
        status = row_at(scan, "metrics", to->metrics, &to->metrics_row);
    if (status == ASSAY_OK)
        status = row_at(scan, "params", to->params, &to->params_row);
    return status;
}

/* Where the last scan ended, by this program or another one. What this one remembers of the
   runs does not count where that was another one, or one that was cut off: it may have put
   older words in place of newer. */
static void load_state(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    struct db_position at = {0};
    size_t length = 0;
    void *bytes = NULL;
    bool there = ingest_state_get(scan->in, DB_POSITION, &bytes, &length);
    bool cut_off = there && length == sizeof(struct db_claim);

    if (there && (length == sizeof at || cut_off))
        memcpy(&at, bytes, sizeof at); /* a claim begins with it */
    free(bytes);
    if (at.version != STATE_VERSION)
        at = (struct db_position){0};
    if (!cut_off && memcmp(&at, &db->at, sizeof at) == 0)
        return;
    db->at = at;
    db->ids_loaded = false;
    for (size_t i = 0; i < db->run_count; i++) {
        struct db_run *run = &db->runs[i];

        run->loaded = false;
        run->row = run->tags = 0;
        run->folded_to = -1;
    }
}

/* Sees to it that db->at is a place in this very database; else everything is read anew. */
static enum assay_status check_position(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    uint64_t metrics = 0, params = 0;
    enum assay_status status = ASSAY_OK;

    if (!scan->salvage)
        status = row_at(scan, "metrics", db->at.metrics, &metrics);
    if (status == ASSAY_OK && !scan->salvage)
        status = row_at(scan, "params", db->at.params, &params);
    if (status != ASSAY_OK)
        return status;
    scan->to.version = STATE_VERSION;
    scan->to.epoch = db->at.epoch;
    if (!scan->salvage && db->at.epoch != 0 && db->at.schema == scan->to.schema &&
        metrics == db->at.metrics_row && params == db->at.params_row &&
        scan->to.inputs >= db->at.inputs)
        return ASSAY_OK;
    db->at = (struct db_position){0};
    /* Never one that was used before, nor another process's that begins at the same moment:
       summaries under it may still lie in the state, and where two ends are alike nobody sees
       that one came and went (ingest_claim()). */
    scan->to.epoch = db_unique();
    for (size_t i = 0; i < db->run_count; i++) {
        db->runs[i].folded_to = -1;
        db->runs[i].dirty = true;
        db->runs[i].row = 0;
    }
    return ASSAY_OK;
}

/* ---- experiments, runs ---- */

static enum assay_status read_experiments(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    struct sql_statement *statement = NULL;
    enum assay_status status;
    char text[256];
    bool row = true;

    snprintf(text, sizeof text, "SELECT experiment_id, name, %s, %s FROM experiments",
             db->schema.experiment_lifecycle ? "lifecycle_stage" : "'active'",
             db->schema.experiment_times ? "creation_time, last_update_time" : "NULL, NULL");
    status = sql_prepare(db->sql, &statement, text, scan->err);
    while (status == ASSAY_OK && (status = sql_step(statement, &row, scan->err)) == ASSAY_OK &&
           row) {
        uint32_t hash = (uint32_t)db_row_hash(statement, 0, 5) & 0x7fffffff;
        const char *id = sql_column_text(statement, 0, NULL);
        struct ingest_experiment experiment = {
            .id = id,
            .name = sql_column_text(statement, 1, NULL),
            .deleted = strcmp(sql_column_text(statement, 2, NULL), "deleted") == 0,
            .created_ms = ASSAY_NO_TIME,
            .updated_ms = ASSAY_NO_TIME,
        };

        if (assay_map_get(&db->experiments, id, strlen(id)) == hash)
            continue;
        if (!sql_is_null(statement, 3))
            experiment.created_ms = sql_column_int(statement, 3);
        if (!sql_is_null(statement, 4))
            experiment.updated_ms = sql_column_int(statement, 4);
        assay_map_set(&db->experiments, id, strlen(id), hash);
        ingest_experiment(scan->in, &experiment);
    }
    sql_finish(&statement);
    return db_leaves(scan, DB_PART_EXPERIMENTS, status) ? ASSAY_OK : status;
}

static struct db_run *find_run(struct mlflow_db *db, const char *id, size_t length)
{
    uint32_t i = assay_map_get(&db->by_run, id, length);

    if (i != ASSAY_MAP_NONE)
        return &db->runs[i];
    if (db->run_count >= RUNS_MAX)
        return NULL;
    i = (uint32_t)db->run_count;
    ASSAY_GROW(db->runs, db->run_capacity, db->run_count + 1);
    db->runs[db->run_count++] = (struct db_run){
        .id = assay_map_set(&db->by_run, id, length, i),
        .folded_to = -1,
        .slot = ASSAY_NONE,
        .slice = ASSAY_NONE,
    };
    return &db->runs[i];
}

/* What was reported of the run by an earlier program. */
static void load_run(struct db_scan *scan, struct db_run *run)
{
    uint64_t state[3];
    char key[300];
    size_t length;
    void *bytes;

    run->loaded = true;
    snprintf(key, sizeof key, "run/%s", run->id);
    if (!ingest_state_get(scan->in, key, &bytes, &length))
        return;
    if (length == sizeof state) {
        memcpy(state, bytes, sizeof state);
        if (state[0] == scan->to.epoch) {
            run->row = state[1];
            run->tags = state[2];
        }
    }
    free(bytes);
}

static void meet_run(struct db_scan *scan, struct sql_statement *statement)
{
    size_t length;
    const char *id = sql_column_text(statement, 1, &length);
    struct db_run *run = length < 256 ? find_run(scan->db, id, length) : NULL;

    if (!run || length == 0)
        return;
    if (!run->loaded)
        load_run(scan, run);
    run->seen = scan->db->scan;
    run->gone = false;
    run->start_ms = sql_column_int(statement, 2);
    if (run->row != db_row_hash(statement, 2, 2 + DB_RUN_COLUMNS - 1))
        run->dirty = true;
}

static void meet_tag(struct db_scan *scan, struct sql_statement *statement, uint64_t *sums)
{
    size_t length;
    const char *id = sql_column_text(statement, 1, &length);
    uint32_t i = assay_map_get(&scan->db->by_run, id, length);

    if (i != ASSAY_MAP_NONE)
        sums[i] += db_row_hash(statement, 2, 4);
}

static void meet_owner(struct db_scan *scan, struct sql_statement *statement)
{
    for (int column = 1; column <= 2; column++) {
        size_t length;
        const char *id = sql_column_text(statement, column, &length);
        uint32_t i = assay_map_get(&scan->db->by_run, id, length);

        if (i != ASSAY_MAP_NONE)
            scan->db->runs[i].dirty = true;
    }
}

enum table { TABLE_RUNS, TABLE_TAGS, TABLE_OWNERS };

/* Reads SELECT (rowid first, with no WHERE) in batches by rowid, from FROM on. */
static enum assay_status read_table(struct db_scan *scan, const char *select, int64_t from,
                                    enum table table, uint64_t *sums)
{
    struct sql_statement *statement = NULL;
    struct assay_buf text = {0};
    enum assay_status status;
    int rows = DB_BATCH;

    assay_buf_format(&text, "%s WHERE rowid>?1 ORDER BY rowid LIMIT %d", select, DB_BATCH);
    status = sql_prepare(scan->db->sql, &statement, assay_buf_text(&text), scan->err);
    while (status == ASSAY_OK && rows == DB_BATCH) {
        bool row = true;

        if (ingest_cancelled(scan->in)) {
            status = ASSAY_CANCELLED;
            break;
        }
        rows = 0;
        sql_reset(statement);
        sql_bind_int(statement, 1, from);
        while ((status = sql_step(statement, &row, scan->err)) == ASSAY_OK && row) {
            from = sql_column_int(statement, 0);
            rows++;
            if (table == TABLE_RUNS)
                meet_run(scan, statement);
            else if (table == TABLE_TAGS)
                meet_tag(scan, statement, sums);
            else
                meet_owner(scan, statement);
        }
        /* Only runs are read so where something is damaged: all else is read anew then. */
        if (table == TABLE_RUNS && db_leaves(scan, DB_PART_RUNS, status)) {
            from = db_behind_damage(scan->db->sql, "runs", from);
            status = ASSAY_OK;
            rows = from < INT64_MAX ? DB_BATCH : 0;
        }
    }
    sql_finish(&statement);
    assay_buf_free(&text);
    return status;
}

static enum assay_status read_runs(struct db_scan *scan)
{
    struct assay_buf text = {0};
    enum assay_status status;

    db_run_query(scan->db, &text);
    status = read_table(scan, assay_buf_text(&text), 0, TABLE_RUNS, NULL);
    assay_buf_free(&text);
    return status;
}

/* Marks the runs whose params, inputs or tags changed. Params and inputs are only added; tags
   are changed in place, so all of them are looked at. Not needed where all is read anew. */
static enum assay_status mark_changed(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    uint64_t *sums;
    enum assay_status status;

    if (db->at.epoch == 0)
        return ASSAY_OK;
    sums = assay_alloc_array(db->run_count + 1, sizeof *sums);
    status = read_table(scan, "SELECT rowid, run_uuid, run_uuid FROM params", db->at.params,
                        TABLE_OWNERS, NULL);
    if (status == ASSAY_OK && db->schema.inputs)
        status = read_table(scan, "SELECT rowid, source_id, destination_id FROM inputs",
                            db->at.inputs, TABLE_OWNERS, NULL);
    if (status == ASSAY_OK)
        status = read_table(scan, "SELECT rowid, run_uuid, key, value FROM tags", 0, TABLE_TAGS,
                            sums);
    for (size_t i = 0; status == ASSAY_OK && i < db->run_count; i++) {
        if (db->runs[i].seen == db->scan && db->runs[i].tags != sums[i])
            db->runs[i].dirty = true;
    }
    free(sums);
    return status;
}

/* ---- runs that are gone ---- */

static unsigned bucket_of(const char *id)
{
    return (unsigned)(db_hash(0, id, strlen(id)) % ID_BUCKETS);
}

static void load_ids(struct db_scan *scan)
{
    for (unsigned bucket = 0; bucket < ID_BUCKETS; bucket++) {
        size_t length, start = 0;
        char key[32];
        void *bytes;

        snprintf(key, sizeof key, "ids/%u", bucket);
        if (!ingest_state_get(scan->in, key, &bytes, &length))
            continue;
        for (size_t i = 0; i < length; i++) {
            if (((char *)bytes)[i] != '\n')
                continue;
            find_run(scan->db, (char *)bytes + start, i - start);
            start = i + 1;
        }
        free(bytes);
    }
}

/* Reports what vanished, and keeps the ids of what is there where that changed: before the runs
   are reported, so that none is ever shown that a later scan could not miss. */
static void keep_ids(struct db_scan *scan, size_t known)
{
    struct mlflow_db *db = scan->db;
    struct assay_buf lists[ID_BUCKETS] = {0};
    bool changed[ID_BUCKETS] = {false};
    char key[300];

    for (size_t i = 0; i < db->run_count; i++) {
        struct db_run *run = &db->runs[i];
        unsigned bucket = bucket_of(run->id);

        /* Of a damaged table nobody can say what is gone from it. */
        if (run->seen == db->scan || (scan->salvage && !run->gone)) {
            assay_buf_format(&lists[bucket], "%s\n", run->id);
            changed[bucket] |= i >= known;
        } else if (!run->gone) {
            run->gone = true;
            changed[bucket] = true;
            ingest_run_gone(scan->in, run->id);
            snprintf(key, sizeof key, "run/%s", run->id);
            ingest_state_put(scan->in, key, NULL, 0);
            snprintf(key, sizeof key, "fold/%s", run->id);
            ingest_state_put(scan->in, key, NULL, 0);
            run->row = run->tags = 0;
            run->folded_to = -1;
        }
    }
    for (unsigned bucket = 0; bucket < ID_BUCKETS; bucket++) {
        snprintf(key, sizeof key, "ids/%u", bucket);
        if (changed[bucket])
            ingest_state_put(scan->in, key, assay_buf_text(&lists[bucket]),
                             lists[bucket].length);
        assay_buf_free(&lists[bucket]);
    }
}

/* ---- the scan ---- */

/* In rows of metrics; a run counts like fifty, which is about what reading one costs. */
void db_progress(struct db_scan *scan)
{
    uint64_t runs = scan->reported < scan->to_report ? scan->reported : scan->to_report;

    ingest_progress(scan->in, scan->rows_done + 50 * runs,
                    scan->rows_total + 50 * scan->to_report);
}

static enum assay_status report_dirty(struct db_scan *scan, bool quick)
{
    struct mlflow_db *db = scan->db;
    uint32_t *list = assay_alloc_array(db->run_count + 1, sizeof *list);
    enum assay_status status;
    size_t count = 0;

    for (size_t i = 0; i < db->run_count; i++) {
        if (db->runs[i].dirty && db->runs[i].seen == db->scan)
            list[count++] = (uint32_t)i;
    }
    scan->to_report += count;
    status = db_report(scan, list, count, quick);
    free(list);
    return status;
}

static enum assay_status read_changes(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    enum assay_status status;
    bool quick, moved = !db->ids_loaded && db->run_count > 0;
    size_t known;

    status = read_schema(scan);
    if (status == ASSAY_OK)
        status = read_ends(scan);
    if (status == ASSAY_OK)
        status = check_position(scan);
    if (status == ASSAY_OK)
        status = read_experiments(scan);
    if (status == ASSAY_OK && !db->ids_loaded) {
        load_ids(scan);
        db->ids_loaded = true;
    }
    known = moved ? 0 : db->run_count; /* not all that was known here is in the state */
    if (status == ASSAY_OK)
        status = read_runs(scan);
    if (status == ASSAY_OK)
        status = mark_changed(scan);
    if (status != ASSAY_OK)
        return status;
    quick = scan->to.metrics - db->at.metrics > QUICK_ROWS;
    db_claim(scan, !quick);
    keep_ids(scan, known);
    scan->rows_total = (uint64_t)(scan->to.metrics - db->at.metrics);
    if (quick)
        status = report_dirty(scan, true);
    if (status == ASSAY_OK)
        status = db_fold_rows(scan);
    if (status == ASSAY_OK)
        status = report_dirty(scan, false);
    return status;
}

/* Reads what changed, anew where a program began to write just then, and once more, in another
   way, where the database turns out to be damaged. The connection lives no
   longer than that: a writer that ends while somebody has the database open cannot clear away
   its log. */
static enum assay_status read_undisturbed(struct db_scan *scan)
{
    struct mlflow_db *db = scan->db;
    enum assay_status status = ASSAY_OK;
    bool again = true;

    for (int attempt = 0; again && attempt < DB_ATTEMPTS; attempt++) {
        assay_error_clear(scan->err);
        db->scan++;
        scan->claimed = DB_CLAIMED_NOTHING;
        status = sql_open(&db->sql, db->path, SQL_FOREIGN, scan->err);
        if (status == ASSAY_OK)
            db_tell_cut_off(scan);
        if (status == ASSAY_OK)
            status = read_changes(scan);
        db_fold_reset(scan);
        scan->rows_done = scan->reported = scan->to_report = 0;
        again = status != ASSAY_OK && db->sql && sql_disturbed(db->sql);
        if (status == ASSAY_CORRUPT && db->sql && !again && !scan->salvage)
            again = scan->salvage = true;
        sql_close(&db->sql);
    }
    return status;
}

static enum assay_status scan_source(void *self, struct ingest *in, struct assay_error *err)
{
    struct mlflow_db *db = self;
    struct db_scan scan = {.db = db, .in = in, .err = err};
    enum assay_status status;
    uint64_t stamp;

    load_state(&scan);
    stamp = stamp_of(db);
    if (stamp != 0 && stamp == db->at.stamp)
        return ASSAY_OK;
    scan.to.stamp = stamp;
    status = read_undisturbed(&scan);
    if (status != ASSAY_OK || scan.salvage)
        return status; /* of a damaged one the next scan tells the same again */
    db->at = scan.to;
    ingest_end_put(in, DB_POSITION, &db->at, sizeof db->at);
    return ASSAY_OK;
}

static enum assay_status read_series(void *self, const char *experiment_id, const char *run_id,
                                     const char *metric, struct assay_series *out,
                                     struct assay_error *err)
{
    const struct mlflow_db *db = self;

    (void)experiment_id;
    return mlflow_db_series(db->path, run_id, metric, out, err);
}

static enum assay_status artifacts(void *self, const char *experiment_id, const char *run_id,
                                   const char *artifact_uri, struct artifact_list *list,
                                   char **directory, struct assay_error *err)
{
    const struct mlflow_db *db = self;

    return mlflow_db_artifacts(db->path, experiment_id, run_id, artifact_uri, list, directory,
                               err);
}

static enum assay_status registry(void *self, struct assay_registry **out,
                                  struct assay_error *err)
{
    const struct mlflow_db *db = self;

    return mlflow_db_registry(db->path, out, err);
}

static char **watch_source(void *self)
{
    const struct mlflow_db *db = self;
    char **paths = assay_alloc_array(3, sizeof *paths);
    struct assay_buf log = {0};

    assay_buf_format(&log, "%s-wal", db->path);
    paths[0] = assay_strdup(db->path);
    paths[1] = assay_buf_take(&log);
    return paths;
}

const struct source_ops source_mlflow_db = {
    .kind = "mlflow-db",
    .title = "MLflow database",
    .detect = db_detect,
    .open = open_source,
    .close = close_source,
    .scan = scan_source,
    .read_series = read_series,
    .artifacts = artifacts,
    .registry = registry,
    .watch = watch_source,
    .last_rule = ASSAY_LAST_VALUE,
};

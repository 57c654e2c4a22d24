/*
 * Summaries of the metrics of an MLflow database. MLflow keeps the latest value of each metric,
 * but not its extremes nor its number of points, so every row of `metrics` is folded once, by
 * rowid: rows are only ever added, and a later scan reads what is behind the last one. A run's
 * summaries lie in the ingest's state with the rowid they reach; the state may be a little
 * behind what was put into it, which then shows, and the rows in between are read again for
 * that run. Called by mlflow_db.c and mlflow_db_report.c.
 */
#include "source/mlflow_db.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>

#define METRICS_MAX 250000u /* held at once, about 25 MB */
#define KEY_MAX     1024u

struct fold_header {
    uint64_t epoch;
    int64_t folded_to;
    uint64_t count;
};
struct fold_record {
    struct assay_summary summary;
    uint64_t key_length;
};

struct assay_summary *db_fold_summary(struct db_fold *fold, struct fold_run *run,
                                      const char *key, size_t length)
{
    char name[sizeof run->run + KEY_MAX];
    const char *kept;
    uint32_t i;

    if (length > KEY_MAX)
        length = KEY_MAX;
    memcpy(name, &run->run, sizeof run->run);
    memcpy(name + sizeof run->run, key, length);
    i = assay_map_get(&fold->by_key, name, sizeof run->run + length);
    if (i != ASSAY_MAP_NONE)
        return &fold->metrics[i].summary;
    i = (uint32_t)fold->metric_count;
    kept = assay_map_set(&fold->by_key, name, sizeof run->run + length, i);
    ASSAY_GROW(fold->metrics, fold->metric_capacity, fold->metric_count + 1);
    fold->metrics[fold->metric_count++] = (struct fold_metric){
        .key = kept + sizeof run->run,
        .summary = ASSAY_SUMMARY_EMPTY,
        .next = run->first,
    };
    run->first = i;
    run->count++;
    return &fold->metrics[i].summary;
}

/* The point of a row whose columns from FIRST on are value, timestamp, step, is_nan. Infinities
   are stored as the greatest doubles, and given back so by MLflow too. */
static struct assay_point point_of(struct sql_statement *statement, int first)
{
    bool nan = sql_column_int(statement, first + 3) != 0 || sql_is_null(statement, first);

    return (struct assay_point){
        .value = nan ? (double)NAN : sql_column_double(statement, first),
        .time_ms = sql_column_int(statement, first + 1),
        .step = sql_column_int(statement, first + 2),
    };
}

static void metric_columns(const struct mlflow_db *db, struct assay_buf *text)
{
    assay_buf_format(text, "rowid, run_uuid, key, value, timestamp, %s, %s",
                     db->schema.step ? "step" : "0", db->schema.is_nan ? "is_nan" : "0");
}

/* ---- the state ---- */

static void state_key(const struct mlflow_db *db, uint32_t run, char out[300])
{
    snprintf(out, 300, "fold/%s", db->runs[run].id);
}

/* Returns whether there were some, but of another epoch: of a process that read all anew
   meanwhile. */
static bool load(struct db_scan *scan, struct fold_run *run)
{
    struct fold_header header;
    struct fold_record record;
    size_t length, offset = sizeof header;
    const char *bytes;
    bool other = false;
    void *owned;
    char key[300];

    state_key(scan->db, run->run, key);
    if (!ingest_state_get(scan->in, key, &owned, &length))
        return false;
    bytes = owned;
    if (length >= sizeof header) {
        memcpy(&header, bytes, sizeof header);
        other = header.epoch != scan->to.epoch;
        if (other)
            offset = length;
        else
            run->folded_to = header.folded_to;
    }
    while (length > offset && length - offset >= sizeof record) {
        memcpy(&record, bytes + offset, sizeof record);
        offset += sizeof record;
        if (record.key_length > length - offset)
            break;
        *db_fold_summary(&scan->fold, run, bytes + offset, (size_t)record.key_length) =
            record.summary;
        offset += (size_t)record.key_length;
    }
    free(owned);
    return other;
}

void db_fold_put(struct db_scan *scan, struct fold_run *run)
{
    struct fold_header header = {
        .epoch = scan->to.epoch, .folded_to = run->folded_to, .count = run->count};
    struct assay_buf out = {0};
    char key[300];

    if (!run->touched)
        return;
    assay_buf_add(&out, &header, sizeof header);
    for (uint32_t i = run->first; i != ASSAY_NONE; i = scan->fold.metrics[i].next) {
        const struct fold_metric *metric = &scan->fold.metrics[i];
        struct fold_record record = {.summary = metric->summary,
                                     .key_length = strlen(metric->key)};

        assay_buf_add(&out, &record, sizeof record);
        assay_buf_add(&out, metric->key, (size_t)record.key_length);
    }
    state_key(scan->db, run->run, key);
    ingest_state_put(scan->in, key, out.data, out.length);
    scan->db->runs[run->run].folded_to = run->folded_to;
    run->touched = false;
    assay_buf_free(&out);
}

/* ---- rows ---- */

/* Reads what the state lacks of a run, up to what this program has put: it is being written. */
static enum assay_status catch_up(struct db_scan *scan, struct fold_run *run, int64_t to)
{
    struct sql_statement *statement = NULL;
    struct assay_buf text = {0};
    enum assay_status status;
    bool row = true;

    assay_buf_text_add(&text, "SELECT ");
    metric_columns(scan->db, &text);
    assay_buf_format(&text,
                     " FROM metrics WHERE run_uuid=?1 AND rowid>?2 AND rowid<=?3 "
                     "ORDER BY rowid LIMIT %d",
                     DB_BATCH);
    status = sql_prepare(scan->db->sql, &statement, assay_buf_text(&text), scan->err);
    while (status == ASSAY_OK && run->folded_to < to && !ingest_cancelled(scan->in)) {
        int rows = 0;

        sql_bind_text(statement, 1, scan->db->runs[run->run].id);
        sql_bind_int(statement, 2, run->folded_to);
        sql_bind_int(statement, 3, to);
        while ((status = sql_step(statement, &row, scan->err)) == ASSAY_OK && row) {
            size_t length;
            const char *key = sql_column_text(statement, 2, &length);
            struct assay_point point = point_of(statement, 3);

            assay_summary_add(db_fold_summary(&scan->fold, run, key, strnlen(key, length)),
                              &point, ASSAY_LAST_VALUE);
            run->folded_to = sql_column_int(statement, 0);
            rows++;
        }
        if (rows < DB_BATCH)
            run->folded_to = to;
    }
    sql_finish(&statement);
    assay_buf_free(&text);
    return status;
}

enum assay_status db_fold_run(struct db_scan *scan, uint32_t index, struct fold_run **out)
{
    struct db_run *run = &scan->db->runs[index];
    struct db_fold *fold = &scan->fold;
    struct fold_run *made;
    enum assay_status status = ASSAY_OK;
    int64_t reach;

    if (run->slot == ASSAY_NONE) {
        ASSAY_GROW(fold->runs, fold->run_capacity, fold->run_count + 1);
        made = &fold->runs[fold->run_count];
        *made = (struct fold_run){.run = index, .first = ASSAY_NONE};
        run->slot = (uint32_t)fold->run_count++;
        reach = run->folded_to;
        if (load(scan, made) && reach < scan->db->at.metrics) {
            reach = scan->db->at.metrics; /* this scan goes on from there */
            made->touched = true;
        }
        if (made->folded_to < reach)
            status = catch_up(scan, made, reach);
    }
    *out = &fold->runs[run->slot];
    return status;
}

void db_fold_reset(struct db_scan *scan)
{
    struct db_fold *fold = &scan->fold;

    for (size_t i = 0; i < fold->run_count; i++)
        scan->db->runs[fold->runs[i].run].slot = ASSAY_NONE;
    free(fold->runs);
    free(fold->metrics);
    assay_map_free(&fold->by_key);
    *fold = (struct db_fold){0};
}

/* Reports every run that rows came for and lets go of their summaries. */
static enum assay_status flush(struct db_scan *scan, int64_t position)
{
    uint32_t *list = assay_alloc_array(scan->fold.run_count + 1, sizeof *list);
    enum assay_status status;
    size_t count = 0;

    for (size_t i = 0; i < scan->fold.run_count; i++) {
        struct fold_run *run = &scan->fold.runs[i];

        if (!run->touched)
            continue;
        if (run->folded_to < position)
            run->folded_to = position;
        list[count++] = run->run;
    }
    status = db_report(scan, list, count, false);
    db_fold_reset(scan);
    free(list);
    return status;
}

/* Adds the row STATEMENT is at. *last is the run of the row before: rows of one come together.
 */
static enum assay_status fold_row(struct db_scan *scan, struct sql_statement *statement,
                                  uint32_t *last)
{
    struct mlflow_db *db = scan->db;
    size_t id_length, key_length;
    const char *id = sql_column_text(statement, 1, &id_length);
    const char *key = sql_column_text(statement, 2, &key_length);
    int64_t rowid = sql_column_int(statement, 0);
    struct assay_point point = point_of(statement, 3);
    struct fold_run *run;
    enum assay_status status;

    if (*last == ASSAY_NONE || strcmp(db->runs[*last].id, id) != 0)
        *last = assay_map_get(&db->by_run, id, id_length);
    if (*last == ASSAY_MAP_NONE)
        return ASSAY_OK; /* of no run: the run was removed by hand */
    status = db_fold_run(scan, *last, &run);
    if (status != ASSAY_OK || rowid <= run->folded_to)
        return status;
    assay_summary_add(db_fold_summary(&scan->fold, run, key, strnlen(key, key_length)), &point,
                      ASSAY_LAST_VALUE);
    run->folded_to = rowid;
    run->touched = true;
    db->runs[*last].dirty = true;
    return ASSAY_OK;
}

enum assay_status db_fold_rows(struct db_scan *scan)
{
    struct sql_statement *statement = NULL;
    struct assay_buf text = {0};
    enum assay_status status;
    int64_t position = scan->db->at.metrics;
    uint32_t last = ASSAY_NONE;

    assay_buf_text_add(&text, "SELECT ");
    metric_columns(scan->db, &text);
    assay_buf_format(
        &text, " FROM metrics WHERE rowid>?1 AND rowid<=?2 ORDER BY rowid LIMIT %d", DB_BATCH);
    status = sql_prepare(scan->db->sql, &statement, assay_buf_text(&text), scan->err);
    while (status == ASSAY_OK && position < scan->to.metrics) {
        int64_t start = position;
        bool row = true;
        int rows = 0;

        if (ingest_cancelled(scan->in)) {
            status = ASSAY_CANCELLED;
            break;
        }
        sql_reset(statement);
        sql_bind_int(statement, 1, position);
        sql_bind_int(statement, 2, scan->to.metrics);
        while (status == ASSAY_OK &&
               (status = sql_step(statement, &row, scan->err)) == ASSAY_OK && row) {
            position = sql_column_int(statement, 0);
            status = fold_row(scan, statement, &last);
            rows++;
        }
        sql_reset(statement);
        if (db_leaves(scan, DB_PART_METRICS, status)) {
            status = ASSAY_OK;
            position = db_behind_damage(scan->db->sql, "metrics", position);
        } else if (rows < DB_BATCH) {
            position = scan->to.metrics;
        }
        scan->rows_done += (uint64_t)(position - start);
        db_progress(scan);
        if (status == ASSAY_OK && scan->fold.metric_count > METRICS_MAX) {
            db_claim(scan, false);
            status = flush(scan, position);
        }
    }
    sql_finish(&statement);
    assay_buf_free(&text);
    if (status != ASSAY_OK && !db_leaves(scan, DB_PART_METRICS, status))
        return status;
    db_claim(scan, true);
    return flush(scan, scan->to.metrics);
}

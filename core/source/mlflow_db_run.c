/*
 * Single questions to an MLflow database: the points of one metric, the artifacts of one run.
 * Each opens a connection of its own, because they come from any thread. Called by mlflow_db.c.
 */
#include "source/mlflow_db.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/buf.h>

#include "source/artifact_list.h"

/* ---- points ---- */

struct numbered {
    int64_t rowid;
    struct assay_point point;
};
struct points {
    struct numbered *items;
    size_t count, capacity;
    bool incomplete; /* some could not be read */
};

/* Whether METRICS has the index of newer schemas over (run_uuid, key, step). */
static bool has_step_index(struct sql *sql)
{
    struct sql_statement *statement = NULL;
    bool row = false;

    if (sql_prepare(sql, &statement,
                    "SELECT 1 FROM pragma_index_list('metrics') WHERE "
                    "name='index_metrics_run_uuid_key_step'",
                    NULL) == ASSAY_OK)
        (void)sql_step(statement, &row, NULL);
    sql_finish(&statement);
    return row;
}

static void add_row(struct points *points, struct sql_statement *statement)
{
    bool nan = sql_column_int(statement, 5) != 0 || sql_is_null(statement, 2);

    ASSAY_GROW(points->items, points->capacity, points->count + 1);
    points->items[points->count++] = (struct numbered){
        .rowid = sql_column_int(statement, 0),
        .point = {.value = nan ? (double)NAN : sql_column_double(statement, 2),
                  .time_ms = sql_column_int(statement, 3),
                  .step = sql_column_int(statement, 4)},
    };
}

/* With the newer index: exactly the metric's rows, by step; in batches that go on behind the
   last (step, rowid). */
static enum assay_status read_by_step(struct sql *sql, const char *run_id, const char *metric,
                                      struct points *points, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status;
    int64_t step = INT64_MIN, rowid = INT64_MIN;
    int rows = DB_BATCH;
    char text[300];

    snprintf(text, sizeof text,
             "SELECT rowid, key, value, timestamp, step, is_nan FROM metrics "
             "INDEXED BY index_metrics_run_uuid_key_step WHERE run_uuid=?1 AND key=?2 AND "
             "(step, rowid)>(?3, ?4) ORDER BY step, rowid LIMIT %d",
             DB_BATCH);
    status = sql_prepare(sql, &statement, text, err);
    while (status == ASSAY_OK && rows == DB_BATCH) {
        bool row = true;

        sql_bind_text(statement, 1, run_id);
        sql_bind_text(statement, 2, metric);
        sql_bind_int(statement, 3, step);
        sql_bind_int(statement, 4, rowid);
        rows = 0;
        while ((status = sql_step(statement, &row, err)) == ASSAY_OK && row) {
            add_row(points, statement);
            rowid = sql_column_int(statement, 0);
            step = sql_column_int(statement, 4);
            rows++;
        }
    }
    sql_finish(&statement);
    return status;
}

/* Rows of the metrics table that keep WHERE, in the order of their rowids, as add_row() takes
   them; and whose they are. */
static enum assay_status prepare_rows(struct sql *sql, const char *where,
                                      struct sql_statement **statement, struct assay_error *err)
{
    char text[300];

    snprintf(text, sizeof text,
             "SELECT rowid, key, value, timestamp, %s, %s, run_uuid FROM metrics WHERE %s "
             "ORDER BY rowid LIMIT %d",
             sql_has(sql, "metrics", "step") ? "step" : "0",
             sql_has(sql, "metrics", "is_nan") ? "is_nan" : "0", where, DB_BATCH);
    return sql_prepare(sql, statement, text, err);
}

/* Without: all rows of the run, as the index over run_uuid gives them (in rowid order), of
   which the metric's are taken here. A limit in SQL on those alone would let one statement look
   at any number of others, and hold the lock as long. */
static enum assay_status read_by_run(struct sql *sql, const char *run_id, const char *metric,
                                     struct points *points, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status;
    int64_t rowid = INT64_MIN;
    int rows = DB_BATCH;

    status = prepare_rows(sql, "run_uuid=?1 AND rowid>?2", &statement, err);
    while (status == ASSAY_OK && rows == DB_BATCH) {
        bool row = true;

        sql_bind_text(statement, 1, run_id);
        sql_bind_int(statement, 2, rowid);
        rows = 0;
        while ((status = sql_step(statement, &row, err)) == ASSAY_OK && row) {
            rowid = sql_column_int(statement, 0);
            if (strcmp(sql_column_text(statement, 1, NULL), metric) == 0)
                add_row(points, statement);
            rows++;
        }
    }
    sql_finish(&statement);
    return status;
}

/* Past damage: all rows of the table that can be read, one page after the other. */
static enum assay_status read_past_damage(struct sql *sql, const char *run_id,
                                          const char *metric, struct points *points,
                                          struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status;
    int64_t rowid = 0;
    int rows = DB_BATCH;

    status = prepare_rows(sql, "rowid>?1", &statement, err);
    while (status == ASSAY_OK && rows == DB_BATCH) {
        bool row = true;

        sql_reset(statement);
        sql_bind_int(statement, 1, rowid);
        rows = 0;
        while ((status = sql_step(statement, &row, err)) == ASSAY_OK && row) {
            rowid = sql_column_int(statement, 0);
            if (strcmp(sql_column_text(statement, 1, NULL), metric) == 0 &&
                strcmp(sql_column_text(statement, 6, NULL), run_id) == 0)
                add_row(points, statement);
            rows++;
        }
        if (status != ASSAY_CORRUPT)
            continue;
        assay_error_clear(err);
        status = ASSAY_OK;
        points->incomplete = true;
        rowid = db_behind_damage(sql, "metrics", rowid);
        rows = rowid < INT64_MAX ? DB_BATCH : 0;
    }
    sql_finish(&statement);
    return status;
}

static int by_rowid(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;

    return x->rowid < y->rowid ? -1 : x->rowid > y->rowid;
}

static void hand_over(const struct points *points, struct assay_series *out)
{
    struct assay_point batch[256];
    size_t held = 0;

    if (points->incomplete)
        assay_series_lacks(out);
    for (size_t i = 0; i < points->count; i++) {
        batch[held++] = points->items[i].point;
        if (held == ASSAY_COUNT(batch) || i + 1 == points->count) {
            assay_series_add(out, batch, held);
            held = 0;
        }
    }
}

static enum assay_status read_points(const char *path, const char *run_id, const char *metric,
                                     struct points *points, bool *again,
                                     struct assay_error *err)
{
    struct sql *sql = NULL;
    enum assay_status status = sql_open(&sql, path, SQL_FOREIGN, err);

    if (status == ASSAY_OK)
        status = has_step_index(sql) ? read_by_step(sql, run_id, metric, points, err)
                                     : read_by_run(sql, run_id, metric, points, err);
    /* That it is damaged was told by the scan; here as much is read as can be. */
    if (status == ASSAY_CORRUPT && sql && !sql_disturbed(sql)) {
        assay_error_clear(err);
        points->count = 0;
        status = read_past_damage(sql, run_id, metric, points, err);
    }
    *again = status != ASSAY_OK && sql && sql_disturbed(sql);
    sql_close(&sql);
    return status;
}

enum assay_status mlflow_db_series(const char *path, const char *run_id, const char *metric,
                                   struct assay_series *out, struct assay_error *err)
{
    struct points points = {0};
    enum assay_status status = ASSAY_OK;
    bool again = true;

    for (int attempt = 0; again && attempt < DB_ATTEMPTS; attempt++) {
        assay_error_clear(err);
        points.count = 0;
        points.incomplete = false;
        status = read_points(path, run_id, metric, &points, &again, err);
    }
    if (status == ASSAY_OK && points.count == 0)
        status =
            assay_fail(err, ASSAY_NO, "%s: run %s has no metric \"%s\"", path, run_id, metric);
    if (status == ASSAY_OK)
        qsort(points.items, points.count, sizeof *points.items, by_rowid);
    if (status == ASSAY_OK)
        hand_over(&points, out);
    free(points.items);
    return status;
}

/* ---- artifacts ---- */

/* FOLDER/RELATIVE where that is a directory and RELATIVE does not lead out of FOLDER; else
 * NULL. */
static char *inside(const char *folder, const char *relative)
{
    struct assay_buf path = {0};
    struct stat st;

    while (*relative == '/')
        relative++;
    for (const char *part = relative; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return NULL;
    }
    assay_buf_format(&path, "%s/%s", folder, relative);
    if (*relative && stat(assay_buf_text(&path), &st) == 0 && S_ISDIR(st.st_mode))
        return assay_buf_take(&path);
    assay_buf_free(&path);
    return NULL;
}

/* Where the artifacts of a URI lie on this machine, if they do. A relative path counts from the
   database's folder, where the job ran; a server with its defaults keeps what it serves as
   mlflow-artifacts: in mlartifacts/ there; and a store that was moved brought mlruns/ along. */
static char *find_artifacts(const char *folder, const char *experiment_id, const char *run_id,
                            const char *uri)
{
    static const char proxied[] = "mlflow-artifacts:";
    struct assay_buf path = {0};
    char *local = artifact_local_path(uri);
    char *found = NULL;
    struct stat st;

    if (local && stat(local, &st) == 0 && S_ISDIR(st.st_mode))
        return local;
    free(local);
    if (strncmp(uri, proxied, strlen(proxied)) == 0) {
        assay_buf_format(&path, "mlartifacts/%s", uri + strlen(proxied));
        found = inside(folder, assay_buf_text(&path));
    } else if (!strchr(uri, ':')) {
        found = inside(folder, uri);
    }
    if (!found) {
        assay_buf_reset(&path);
        assay_buf_format(&path, "mlruns/%s/%s/artifacts", experiment_id, run_id);
        found = inside(folder, assay_buf_text(&path));
    }
    assay_buf_free(&path);
    return found;
}

enum assay_status mlflow_db_artifacts(const char *path, const char *experiment_id,
                                      const char *run_id, const char *artifact_uri,
                                      struct artifact_list *list, char **directory,
                                      struct assay_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? assay_strndup(path, (size_t)(slash - path) + (slash == path))
                         : assay_strdup(".");

    *directory = find_artifacts(folder, experiment_id, run_id, artifact_uri);
    free(folder);
    if (!*directory)
        return assay_fail(err, ASSAY_IO, "the artifacts of run %s are not here: %s", run_id,
                          artifact_uri);
    return artifact_list_walk(list, *directory, err);
}

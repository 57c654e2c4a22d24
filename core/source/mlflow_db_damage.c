/*
 * Reading a damaged MLflow database: a page that cannot be read takes the rows on it along and
 * no others. Tables are walked by rowid, and the walk goes on behind the damage. Called by the
 * other parts of the reader.
 */
#include "source/mlflow_db.h"

#include <stdio.h>

#include <assay/text.h>

void db_tell_cut_off(struct db_scan *scan)
{
    uint64_t missing = sql_cut_off(scan->db->sql);
    char text[32];

    if (missing == 0)
        return;
    if (!scan->cut_off)
        ingest_problem(scan->in, scan->db->path, UINT64_MAX,
                       "the database is cut off: the last %s of its file are missing, and what "
                       "is shown is incomplete",
                       assay_bytes_text(text, missing));
    scan->salvage = scan->cut_off = true;
}

bool db_leaves(struct db_scan *scan, enum db_part part, enum assay_status status)
{
    static const char *const parts[] = {
        [DB_PART_EXPERIMENTS] = "experiments",
        [DB_PART_RUNS] = "runs",
        [DB_PART_METRICS] = "metrics",
        [DB_PART_PARAMS] = "params",
        [DB_PART_TAGS] = "tags",
        [DB_PART_LINKS] = "inputs and outputs",
    };

    if (!scan->salvage || status != ASSAY_CORRUPT)
        return false;
    if (!(scan->told & 1u << part))
        ingest_problem(scan->in, scan->db->path, UINT64_MAX,
                       "the database is damaged: not all %s can be read, and what is shown of "
                       "them is incomplete",
                       parts[part]);
    scan->told |= 1u << part;
    assay_error_clear(scan->err);
    return true;
}

/* Whether the walk can be taken up behind the rowid FROM; *next is the first one there,
   INT64_MAX where there is none. */
static bool can_seek(struct sql_statement *statement, int64_t from, int64_t *next)
{
    bool row = false;

    sql_reset(statement);
    sql_bind_int(statement, 1, from);
    if (sql_step(statement, &row, NULL) != ASSAY_OK)
        return false;
    *next = row ? sql_column_int(statement, 0) : INT64_MAX;
    return true;
}

int64_t db_behind_damage(struct sql *sql, const char *table, int64_t from)
{
    struct sql_statement *statement = NULL;
    int64_t bad = from, good = from, next = INT64_MAX, step = 1;
    bool found = false;
    char text[128];

    snprintf(text, sizeof text, "SELECT rowid FROM %s WHERE rowid>?1 ORDER BY rowid LIMIT 1",
             table);
    if (sql_prepare(sql, &statement, text, NULL) != ASSAY_OK)
        return INT64_MAX;
    /* First in strides that grow, then back to where the damage ends. */
    for (; !found && good < INT64_MAX - step; step = step < INT64_MAX / 4 ? 2 * step : step) {
        bad = good;
        good += step;
        found = can_seek(statement, good, &next);
    }
    while (found && good - bad > 1) {
        int64_t middle = bad + (good - bad) / 2, there;

        if (can_seek(statement, middle, &there)) {
            good = middle;
            next = there;
        } else {
            bad = middle;
        }
    }
    sql_finish(&statement);
    return found && next != INT64_MAX ? next - 1 : INT64_MAX;
}

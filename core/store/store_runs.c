/*
 * Experiments, run headers and packed attributes. The session reads all headers for its first
 * frame, so that read does as little as it can per row; everything else is a point look-up.
 */
#include "store/store_private.h"

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* ---- experiments ---- */

#define EXPERIMENT_GONE 2 /* in the column `deleted`, where 1 is a deleted one */

enum assay_status store_read_experiments(struct store *store, int64_t source,
                                         store_experiment_fn fn, void *context,
                                         struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true, more = true;
    enum assay_status status =
        store_statement(store, SLOT_EXPERIMENTS_READ,
                        "SELECT row, id, name, deleted, created_ms, updated_ms FROM experiment"
                        " WHERE source=?1 ORDER BY row",
                        &statement, err);
    if (status != ASSAY_OK) {
        return status;
    }
    sql_bind_int(statement, 1, source);
    while (more) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        more = fn(context, &(struct store_experiment){
                               .row = sql_column_int(statement, 0),
                               .id = sql_column_text(statement, 1, NULL),
                               .name = sql_column_text(statement, 2, NULL),
                               .deleted = sql_column_int(statement, 3) != 0,
                               .gone = sql_column_int(statement, 3) == EXPERIMENT_GONE,
                               .created_ms = store_column_time(statement, 4),
                               .updated_ms = store_column_time(statement, 5),
                           });
    }
    sql_reset(statement);
    return status;
}

enum assay_status store_put_experiment(struct store *store, int64_t source,
                                       struct store_experiment *experiment,
                                       struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = store_statement(
        store, SLOT_EXPERIMENT_PUT,
        "INSERT INTO experiment(source,id,name,deleted,created_ms,updated_ms)"
        " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(source,id) DO UPDATE SET name=excluded.name,"
        " deleted=excluded.deleted, created_ms=excluded.created_ms,"
        " updated_ms=excluded.updated_ms RETURNING row",
        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        sql_bind_text(statement, 2, or_empty(experiment->id));
        sql_bind_text(statement, 3, or_empty(experiment->name));
        sql_bind_int(statement, 4, experiment->gone ? EXPERIMENT_GONE : experiment->deleted);
        store_bind_time(statement, 5, experiment->created_ms);
        store_bind_time(statement, 6, experiment->updated_ms);
        status = store_number(statement, &experiment->row, err);
    }
    return status;
}

enum assay_status store_find_experiment(struct store *store, int64_t source, const char *name,
                                        int64_t *row, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *row = 0;
    enum assay_status status =
        store_statement(store, SLOT_EXPERIMENT_FIND,
                        "SELECT row FROM experiment WHERE source=?1 AND name=?2"
                        " ORDER BY deleted, row LIMIT 1",
                        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        sql_bind_text(statement, 2, name);
        status = store_number(statement, row, err);
    }
    return status;
}

enum assay_status store_last_experiment(struct store *store, int64_t *row,
                                        struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *row = 0;
    enum assay_status status = store_statement(
        store, SLOT_EXPERIMENT_LAST, "SELECT max(row) FROM experiment", &statement, err);
    return status == ASSAY_OK ? store_number(statement, row, err) : status;
}

enum assay_status store_count_runs(struct store *store, int64_t experiment, int64_t *count,
                                   struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *count = 0;
    enum assay_status status =
        store_statement(store, SLOT_EXPERIMENT_COUNT,
                        "SELECT count(*) FROM run WHERE experiment=?1", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, experiment);
        status = store_number(statement, count, err);
    }
    return status;
}

/* ---- runs ---- */

enum assay_run_status store_to_status(int64_t number)
{
    return number >= ASSAY_RUN_UNKNOWN && number <= ASSAY_RUN_KILLED
               ? (enum assay_run_status)number
               : ASSAY_RUN_UNKNOWN;
}

void store_fill_run(struct sql_statement *statement, struct store_run *run)
{
    run->row = sql_column_int(statement, 0);
    run->experiment = sql_column_int(statement, 1);
    run->change = sql_column_int(statement, 2);
    run->status = store_to_status(sql_column_int(statement, 3));
    run->deleted = sql_column_int(statement, 4) != 0;
    run->gone = sql_column_int(statement, 5) != 0;
    run->start_ms = store_column_time(statement, 6);
    run->end_ms = store_column_time(statement, 7);
    run->id = sql_column_text(statement, 8, NULL);
    run->name = sql_column_text(statement, 9, NULL);
    run->user = sql_column_text(statement, 10, NULL);
    run->artifact_uri = sql_column_text(statement, 11, NULL);
    run->texts_length = 0;
}

enum assay_status store_select_runs(struct store *store, int64_t source, int64_t since,
                                    int64_t behind, struct sql_statement **out,
                                    struct assay_error *err)
{
    /* All: along the table; where other sources' rows lie between, along the index (an entry
       per row, then the row beside the last one). */
    const char *all = store->local ? "SELECT " STORE_RUN_COLUMNS " FROM run NOT INDEXED"
                                     " WHERE row>?2 AND source=?1 ORDER BY row"
                                   : "SELECT " STORE_RUN_COLUMNS " FROM run INDEXED BY "
                                     "run_source WHERE source=?1 AND row>?2 ORDER BY row";
    enum assay_status status =
        since <= 0 ? store_statement(store, SLOT_RUNS_BEHIND, all, out, err)
                   : store_statement(store, SLOT_RUNS_SINCE,
                                     "SELECT " STORE_RUN_COLUMNS " FROM run INDEXED BY "
                                     "run_change WHERE source=?1 AND change>?2 ORDER BY row",
                                     out, err);
    if (status == ASSAY_OK) {
        sql_bind_int(*out, 1, source);
        sql_bind_int(*out, 2, since > 0 ? since : behind);
    }
    return status;
}

static enum assay_status give_all(struct sql_statement *statement, store_run_fn fn,
                                  void *context, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    struct store_run run;
    bool row = true, more = true;

    while (more) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        store_fill_run(statement, &run);
        more = fn(context, &run);
    }
    sql_reset(statement);
    return status;
}

enum assay_status store_read_runs(struct store *store, int64_t source, int64_t since,
                                  store_run_fn fn, void *context, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    if (since <= 0) {
        return store_read_packed(store, source, fn, context, err);
    }
    enum assay_status status = store_select_runs(store, source, since, 0, &statement, err);
    return status == ASSAY_OK ? give_all(statement, fn, context, err) : status;
}

enum assay_status store_read_changed(struct store *store, int64_t source, int64_t after,
                                     int64_t upto, store_run_fn fn, void *context,
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        store_statement(store, SLOT_RUNS_CHANGED,
                        "SELECT " STORE_RUN_COLUMNS " FROM run INDEXED BY run_change"
                        " WHERE source=?1 AND change>?2 AND change<=?3",
                        &statement, err);

    if (status != ASSAY_OK) {
        return status;
    }
    sql_bind_int(statement, 1, source);
    sql_bind_int(statement, 2, after);
    sql_bind_int(statement, 3, upto);
    return give_all(statement, fn, context, err);
}

enum assay_status store_read_run(struct store *store, int64_t row, store_run_fn fn,
                                 void *context, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    struct store_run run;
    bool there = false;
    enum assay_status status =
        store_statement(store, SLOT_RUN_READ,
                        "SELECT " STORE_RUN_COLUMNS " FROM run WHERE row=?1", &statement, err);

    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, row);
        status = sql_step(statement, &there, err);
    }
    if (status == ASSAY_OK && there) {
        store_fill_run(statement, &run);
        (void)fn(context, &run);
        sql_reset(statement);
    }
    return status;
}

static void bind_run(struct sql_statement *statement, int64_t source,
                     const struct store_run *run)
{
    sql_bind_int(statement, 1, source);
    sql_bind_int(statement, 2, run->experiment);
    sql_bind_int(statement, 3, run->change);
    sql_bind_int(statement, 4, run->status);
    sql_bind_int(statement, 5, run->deleted);
    sql_bind_int(statement, 6, run->gone);
    store_bind_time(statement, 7, run->start_ms);
    store_bind_time(statement, 8, run->end_ms);
    sql_bind_text(statement, 9, or_empty(run->id));
    sql_bind_text(statement, 10, or_empty(run->name));
    sql_bind_text(statement, 11, or_empty(run->user));
    sql_bind_text(statement, 12, or_empty(run->artifact_uri));
}

enum assay_status store_put_run(struct store *store, int64_t source, struct store_run *run,
                                struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = store_statement(
        store, SLOT_RUN_PUT,
        "INSERT INTO run(source,experiment,change,status,deleted,gone,start_ms,end_ms,id,name,"
        "user,artifact_uri) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
        " ON CONFLICT(source,id) DO UPDATE SET experiment=excluded.experiment,"
        " change=excluded.change, status=excluded.status, deleted=excluded.deleted,"
        " gone=excluded.gone, start_ms=excluded.start_ms, end_ms=excluded.end_ms,"
        " name=excluded.name, user=excluded.user, artifact_uri=excluded.artifact_uri"
        " RETURNING row",
        &statement, err);
    if (status == ASSAY_OK) {
        run->change = store_mark(store);
        bind_run(statement, source, run);
        status = store_number(statement, &run->row, err);
        store->touched = run->row;
    }
    return store_leave(store, own, status, err);
}

enum assay_status store_find_run(struct store *store, int64_t source, const char *id,
                                 int64_t *row, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *row = 0;
    enum assay_status status = store_statement(
        store, SLOT_RUN_FIND, "SELECT row FROM run WHERE source=?1 AND id=?2", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        sql_bind_text(statement, 2, id);
        status = store_number(statement, row, err);
    }
    return status;
}

/* Marks the run as changed, once in a transaction. */
static enum assay_status touch(struct store *store, int64_t run, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    if (store->touched == run) {
        return ASSAY_OK;
    }
    enum assay_status status = store_statement(
        store, SLOT_RUN_TOUCH, "UPDATE run SET change=?2 WHERE row=?1", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, run);
        sql_bind_int(statement, 2, store_mark(store));
        status = store_run_once(statement, err);
        store->touched = run;
    }
    return status;
}

enum assay_status store_set_artifact_uri(struct store *store, int64_t run, const char *uri,
                                         struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = store_statement(store, SLOT_RUN_URI, "UPDATE run SET artifact_uri=?2 WHERE row=?1",
                             &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, run);
        sql_bind_text(statement, 2, uri);
        status = store_run_once(statement, err);
    }
    if (status == ASSAY_OK) {
        status = touch(store, run, err);
    }
    return store_leave(store, own, status, err);
}

enum assay_status store_set_run_status(struct store *store, int64_t run,
                                       enum assay_run_status run_status, int64_t end_ms,
                                       struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status =
        store_statement(store, SLOT_RUN_STATUS,
                        "UPDATE run SET status=?2, end_ms=?3 WHERE row=?1", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, run);
        sql_bind_int(statement, 2, run_status);
        store_bind_time(statement, 3, end_ms);
        status = store_run_once(statement, err);
    }
    if (status == ASSAY_OK) {
        status = touch(store, run, err);
    }
    return store_leave(store, own, status, err);
}

/* ---- attributes ---- */

static enum assay_status find_attrs(struct store *store, int64_t run,
                                    struct sql_statement **out, struct assay_error *err)
{
    enum assay_status status = store_statement(store, SLOT_ATTRS_READ,
                                               "SELECT data FROM attrs WHERE run=?1", out, err);
    if (status == ASSAY_OK) {
        sql_bind_int(*out, 1, run);
    }
    return status;
}

enum assay_status store_read_attrs(struct store *store, int64_t run, void **bytes,
                                   size_t *length, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *bytes = NULL;
    *length = 0;
    enum assay_status status = find_attrs(store, run, &statement, err);
    return status == ASSAY_OK ? store_blob(statement, bytes, length, err) : status;
}

enum assay_status store_look_at_attrs(struct store *store, int64_t run,
                                      void (*use)(void *with, const void *bytes, size_t length),
                                      void *with, bool *there, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    size_t length = 0;

    *there = false;
    enum assay_status status = find_attrs(store, run, &statement, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = sql_step(statement, there, err);
    if (status == ASSAY_OK && *there) {
        const void *bytes = sql_column_blob(statement, 0, &length);
        *there = bytes != NULL && length > 0;
        if (*there) {
            use(with, bytes, length);
        }
    }
    sql_reset(statement);
    return status;
}

enum assay_status store_scan_attrs(struct store *store, int64_t source, store_attrs_fn fn,
                                   void *context, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true, more = true;
    enum assay_status status =
        store_statement(store, SLOT_ATTRS_SCAN,
                        "SELECT run.row, attrs.data FROM run INDEXED BY run_source CROSS JOIN"
                        " attrs ON attrs.run=run.row WHERE run.source=?1 ORDER BY run.row",
                        &statement, err);
    if (status != ASSAY_OK) {
        return status;
    }
    sql_bind_int(statement, 1, source);
    while (more) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        size_t length = 0;
        const void *bytes = sql_column_blob(statement, 1, &length);
        more = fn(context, sql_column_int(statement, 0), bytes, length);
    }
    sql_reset(statement);
    return status;
}

enum assay_status store_put_attrs(struct store *store, int64_t run, const void *bytes,
                                  size_t length, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = store_statement(store, SLOT_ATTRS_PUT,
                             "INSERT INTO attrs(run,data) VALUES(?1,?2)"
                             " ON CONFLICT(run) DO UPDATE SET data=excluded.data",
                             &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, run);
        sql_bind_blob(statement, 2, bytes != NULL ? bytes : "", bytes != NULL ? length : 0);
        status = store_run_once(statement, err);
    }
    if (status == ASSAY_OK) {
        status = touch(store, run, err);
    }
    return store_leave(store, own, status, err);
}

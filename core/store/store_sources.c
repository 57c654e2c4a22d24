/*
 * Sources, and what their readers remember between scans. Called by the session and its writer.
 */
#include "store/store_private.h"

enum assay_status store_find_source(struct store *store, const char *kind, const char *place,
                                    int64_t *id, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *id = 0;
    enum assay_status status =
        store_statement(store, SLOT_SOURCE_FIND,
                        "SELECT id FROM source WHERE kind=?1 AND place=?2", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, kind);
        sql_bind_text(statement, 2, place);
        status = store_number(statement, id, err);
    }
    return status;
}

enum assay_status store_source(struct store *store, const char *kind, const char *place,
                               int64_t *id, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = store_find_source(store, kind, place, id, err);

    if (status != ASSAY_OK || *id != 0) {
        return status;
    }
    /* Another process may make it at the same moment: then its row is the one returned. */
    status =
        store_statement(store, SLOT_SOURCE_MAKE,
                        "INSERT INTO source(kind,place) VALUES(?1,?2) ON CONFLICT(kind,place)"
                        " DO UPDATE SET kind=excluded.kind RETURNING id",
                        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, kind);
        sql_bind_text(statement, 2, place);
        status = store_number(statement, id, err);
    }
    return status;
}

enum assay_status store_source_read_time(struct store *store, int64_t source, int64_t *time_ms,
                                         struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *time_ms = ASSAY_NO_TIME;
    enum assay_status status = store_statement(
        store, SLOT_SOURCE_TIME, "SELECT read_ms FROM source WHERE id=?1", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        status = store_number(statement, time_ms, err);
    }
    return status;
}

enum assay_status store_set_source_read_time(struct store *store, int64_t source,
                                             int64_t time_ms, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        store_statement(store, SLOT_SOURCE_SET_TIME, "UPDATE source SET read_ms=?2 WHERE id=?1",
                        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        store_bind_time(statement, 2, time_ms);
        status = store_run_once(statement, err);
    }
    return status;
}

enum assay_status store_size(struct store *store, uint64_t *used, uint64_t *unused,
                             struct assay_error *err)
{
    int64_t page = 0, pages = 0, free_pages = 0;

    enum assay_status status = sql_int(store->sql, "PRAGMA page_size", 0, &page, err);
    if (status == ASSAY_OK) {
        status = sql_int(store->sql, "PRAGMA page_count", 0, &pages, err);
    }
    if (status == ASSAY_OK) {
        status = sql_int(store->sql, "PRAGMA freelist_count", 0, &free_pages, err);
    }
    *unused = (uint64_t)(free_pages * page);
    *used = pages > free_pages ? (uint64_t)((pages - free_pages) * page) : 0;
    return status;
}

enum assay_status store_read_sources(struct store *store, store_source_fn fn, void *context,
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;

    enum assay_status status = store_statement(
        store, SLOT_SOURCES_READ,
        "SELECT id,kind,read_ms FROM source WHERE"
        " EXISTS(SELECT 1 FROM run WHERE run.source=source.id)"
        " OR EXISTS(SELECT 1 FROM state WHERE state.source=source.id) ORDER BY id",
        &statement, err);
    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row ||
            !fn(context, sql_column_int(statement, 0), sql_column_text(statement, 1, NULL),
                store_column_time(statement, 2))) {
            break;
        }
    }
    if (statement != NULL) {
        sql_reset(statement);
    }
    return status;
}

/* Everything but what store_clear_series() removes. */
static enum assay_status clear_rows(struct store *store, int64_t source,
                                    struct assay_error *err)
{
    static const char *const texts[] = {
        "DELETE FROM attrs WHERE run IN (SELECT row FROM run WHERE source=?1)",
        "DELETE FROM pack WHERE source=?1",
        "DELETE FROM run WHERE source=?1",
        "DELETE FROM experiment WHERE source=?1",
        "DELETE FROM state WHERE source=?1",
        "UPDATE source SET read_ms=NULL WHERE id=?1",
    };
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == ASSAY_OK; i++) {
        struct sql_statement *statement = NULL;
        status = sql_prepare(store->sql, &statement, texts[i], err);
        if (status == ASSAY_OK) {
            sql_bind_int(statement, 1, source);
            status = store_run_once(statement, err);
        }
        sql_finish(&statement);
    }
    return status;
}

enum assay_status store_clear_source(struct store *store, int64_t source,
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false, row = true;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = store_statement(store, SLOT_SOURCE_RUNS, "SELECT row FROM run WHERE source=?1",
                             &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        while (status == ASSAY_OK) {
            status = sql_step(statement, &row, err);
            if (status != ASSAY_OK || !row) {
                break;
            }
            status = store_clear_series(store, sql_column_int(statement, 0), err);
        }
        sql_reset(statement);
    }
    if (status == ASSAY_OK) {
        status = clear_rows(store, source, err);
    }
    if (status == ASSAY_OK) {
        (void)store_mark(store);
    }
    return store_leave(store, own, status, err);
}

/* ---- what a reader remembers ---- */

enum assay_status store_read_state(struct store *store, int64_t source, const char *key,
                                   void **bytes, size_t *length, struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    *bytes = NULL;
    *length = 0;
    enum assay_status status =
        store_statement(store, SLOT_STATE_READ,
                        "SELECT data FROM state WHERE source=?1 AND key=?2", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        sql_bind_text(statement, 2, key);
        status = store_blob(statement, bytes, length, err);
    }
    return status;
}

enum assay_status store_put_state(struct store *store, int64_t source, const char *key,
                                  const void *bytes, size_t length, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        bytes == NULL
            ? store_statement(store, SLOT_STATE_DELETE,
                              "DELETE FROM state WHERE source=?1 AND key=?2", &statement, err)
            : store_statement(store, SLOT_STATE_PUT,
                              "INSERT INTO state(source,key,data) VALUES(?1,?2,?3)"
                              " ON CONFLICT(source,key) DO UPDATE SET data=excluded.data",
                              &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        sql_bind_text(statement, 2, key);
        if (bytes != NULL) {
            sql_bind_blob(statement, 3, bytes, length);
        }
        status = store_run_once(statement, err);
    }
    return status;
}

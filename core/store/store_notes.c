/*
 * Notes on runs of any source, and saved views: what people keep, in store.db. Called by the
 * session.
 */
#include "store/store_private.h"

#include <stdlib.h>

#include <assay/memory.h>

enum assay_status store_read_note(struct store *store, const char *kind, const char *place,
                                  const char *run_id, char **text, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    void *bytes = NULL;
    size_t length = 0;

    *text = NULL;
    enum assay_status status = store_statement(
        store, SLOT_NOTE_READ, "SELECT text FROM note WHERE kind=?1 AND place=?2 AND run=?3",
        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, kind);
        sql_bind_text(statement, 2, place);
        sql_bind_text(statement, 3, run_id);
        status = store_blob(statement, &bytes, &length, err);
    }
    *text = bytes != NULL ? bytes : assay_strdup("");
    return status;
}

enum assay_status store_put_note(struct store *store, const char *kind, const char *place,
                                 const char *run_id, const char *text, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    const bool there = text != NULL && text[0] != '\0';
    enum assay_status status =
        there ? store_statement(store, SLOT_NOTE_PUT,
                                "INSERT INTO note(kind,place,run,written_ms,text)"
                                " VALUES(?1,?2,?3,?4,?5) ON CONFLICT(kind,place,run) DO UPDATE"
                                " SET written_ms=excluded.written_ms, text=excluded.text",
                                &statement, err)
              : store_statement(store, SLOT_NOTE_DELETE,
                                "DELETE FROM note WHERE kind=?1 AND place=?2 AND run=?3",
                                &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, kind);
        sql_bind_text(statement, 2, place);
        sql_bind_text(statement, 3, run_id);
        if (there) {
            sql_bind_int(statement, 4, assay_now_ms());
            sql_bind_text(statement, 5, text);
        }
        status = store_run_once(statement, err);
    }
    return status;
}

enum assay_status store_read_views(struct store *store, store_view_fn fn, void *context,
                                   struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true, more = true;
    enum assay_status status = store_statement(
        store, SLOT_VIEWS_READ, "SELECT name, filter, sort, columns FROM view ORDER BY name",
        &statement, err);
    if (status != ASSAY_OK) {
        return status;
    }
    while (status == ASSAY_OK && more) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        more = fn(context, &(struct assay_saved_view){
                               .name = sql_column_text(statement, 0, NULL),
                               .filter = sql_column_text(statement, 1, NULL),
                               .sort = sql_column_text(statement, 2, NULL),
                               .columns = sql_column_text(statement, 3, NULL),
                           });
    }
    sql_reset(statement);
    return status;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

enum assay_status store_put_view(struct store *store, const struct assay_saved_view *view,
                                 struct assay_error *err)
{
    struct sql_statement *statement = NULL;

    if (view->name == NULL || view->name[0] == '\0') {
        return assay_fail(err, ASSAY_BAD_INPUT, "a saved view needs a name");
    }
    enum assay_status status =
        store_statement(store, SLOT_VIEW_PUT,
                        "INSERT INTO view(name,filter,sort,columns) VALUES(?1,?2,?3,?4)"
                        " ON CONFLICT(name) DO UPDATE SET filter=excluded.filter,"
                        " sort=excluded.sort, columns=excluded.columns",
                        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, view->name);
        sql_bind_text(statement, 2, or_empty(view->filter));
        sql_bind_text(statement, 3, or_empty(view->sort));
        sql_bind_text(statement, 4, or_empty(view->columns));
        status = store_run_once(statement, err);
    }
    return status;
}

enum assay_status store_delete_view(struct store *store, const char *name,
                                    struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = store_statement(
        store, SLOT_VIEW_DELETE, "DELETE FROM view WHERE name=?1", &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, name);
        status = store_run_once(statement, err);
    }
    if (status == ASSAY_OK && sql_changes(store->sql) == 0) {
        status = assay_fail(err, ASSAY_NO, "there is no saved view named %s", name);
    }
    return status;
}

/*
 * The one door to SQLite: a thin layer that turns result codes into assay_error and keeps
 * sqlite3.h out of every other folder. Used by core/store for our own databases and by readers
 * of foreign ones (mlflow.db), which are opened read-only with a busy timeout and never
 * changed. A struct sql belongs to one thread.
 */
#ifndef CORE_STORE_SQL_H
#define CORE_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>

/* How long a statement waits for another program's lock before it fails. */
#define SQL_BUSY_MS 10000

struct sql;           /* a connection */
struct sql_statement; /* a prepared statement */

enum sql_mode {
    SQL_CREATE,
    SQL_READ_ONLY, /* ours */
    SQL_FOREIGN,   /* another program's: no file beside it is made, changed or removed */
};
enum assay_status sql_open(struct sql **out, const char *path, enum sql_mode mode,
                           struct assay_error *err);
void sql_close(struct sql **sql);
/* Whether a statement failed because another program began to write a foreign database that
   nobody had open before. Not for good: close it, open it again and read anew. */
bool sql_disturbed(const struct sql *sql);
/* How many bytes a foreign database's file lacks of those that it should have; 0 where it is
   whole. What is there of it can be read, the rest fails as damaged. */
uint64_t sql_cut_off(const struct sql *sql);
/* Several statements, no results. */
enum assay_status sql_exec(struct sql *sql, const char *text, struct assay_error *err);
/* One number, e.g. a pragma's; FALLBACK where there is no row. */
enum assay_status sql_int(struct sql *sql, const char *text, int64_t fallback, int64_t *out,
                          struct assay_error *err);
/* Stops whatever statement runs or waits for a lock now; the only call that may come from
   another thread. */
void sql_interrupt(struct sql *sql);

enum assay_status sql_prepare(struct sql *sql, struct sql_statement **out, const char *text,
                              struct assay_error *err);
void sql_finish(struct sql_statement **statement); /* NULL is fine */
/* Parameters count from 1. Text and blobs are copied; NULL binds NULL. */
void sql_bind_int(struct sql_statement *statement, int index, int64_t value);
void sql_bind_double(struct sql_statement *statement, int index, double value);
void sql_bind_text(struct sql_statement *statement, int index, const char *value);
void sql_bind_blob(struct sql_statement *statement, int index, const void *bytes,
                   size_t length);
/* Steps; *row says whether there is one. After the last row the statement is reset by itself.
 */
enum assay_status sql_step(struct sql_statement *statement, bool *row, struct assay_error *err);
void sql_reset(struct sql_statement *statement);
/* Columns count from 0. Pointers live until the next step. NULL text gives "". */
bool sql_is_null(struct sql_statement *statement, int column);
int64_t sql_column_int(struct sql_statement *statement, int column);
double sql_column_double(struct sql_statement *statement, int column);
const char *sql_column_text(struct sql_statement *statement, int column, size_t *length);
const void *sql_column_blob(struct sql_statement *statement, int column, size_t *length);

/* Whether TABLE (with COLUMN, unless that is NULL) exists. A view is no table. */
bool sql_has(struct sql *sql, const char *table, const char *column);
/* The row id of the last insert; the rows the last statement changed; whether BEGIN is open. */
int64_t sql_last_row(struct sql *sql);
int64_t sql_changes(struct sql *sql);
bool sql_in_transaction(struct sql *sql);
/* Puts the database into WAL mode, waiting for others who do the same now. *wal says whether it
   is: some file systems cannot, and a rollback journal is as durable there. */
enum assay_status sql_use_wal(struct sql *sql, bool *wal, struct assay_error *err);
/* Makes TABLE append-only for this connection: whatever would change or remove its rows, its
   triggers or the schema behind it is refused when it is prepared. Reads back that it took. */
enum assay_status sql_guard(struct sql *sql, const char *table, struct assay_error *err);
/* Moves the write-ahead log into the database and empties it, as far as others allow. */
void sql_checkpoint(struct sql *sql);
/* Writes a consistent copy of the database to PATH (0600), which must not exist yet and is
   there only once the copy is whole. Others may write meanwhile. */
enum assay_status sql_backup(struct sql *sql, const char *path, struct assay_error *err);

#endif

/*
 * The schema. Called by store_open() alone.
 *
 * Why it looks as it does: the first frame needs the header of every run and nothing else, so
 * headers are narrow rows and attributes lie in a table of their own; a chart needs the points
 * of one series, so a series is a handful of blobs under neighbouring keys (series * 2^20 +
 * number), with no index beside the table's own; a run that is being logged appends single
 * points, which wait as rows in `loose` until they fill a chunk.
 */
#include "store/schema.h"

#include <assay/buf.h>

static const char first_step[] =
    /* One row. `change` numbers the transactions; `series` is the last series id given away. */
    "CREATE TABLE counter(one INTEGER PRIMARY KEY CHECK(one=1), change INTEGER NOT NULL,"
    " series INTEGER NOT NULL);"
    "INSERT INTO counter VALUES(1,0,0);"
    "CREATE TABLE source(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, place TEXT NOT NULL,"
    " read_ms INTEGER, UNIQUE(kind,place));"
    "CREATE TABLE experiment(row INTEGER PRIMARY KEY, source INTEGER NOT NULL, id TEXT NOT "
    "NULL,"
    " name TEXT NOT NULL, deleted INTEGER NOT NULL, created_ms INTEGER, updated_ms INTEGER,"
    " UNIQUE(source,id));"
    "CREATE TABLE run(row INTEGER PRIMARY KEY, source INTEGER NOT NULL,"
    " experiment INTEGER NOT NULL, change INTEGER NOT NULL, status INTEGER NOT NULL,"
    " deleted INTEGER NOT NULL, gone INTEGER NOT NULL, start_ms INTEGER, end_ms INTEGER,"
    " id TEXT NOT NULL, name TEXT NOT NULL, user TEXT NOT NULL, artifact_uri TEXT NOT NULL,"
    " UNIQUE(source,id));"
    "CREATE INDEX run_source ON run(source);"
    "CREATE INDEX run_change ON run(source,change);"
    "CREATE TABLE attrs(run INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    /* `tail` is the number of points in the last chunk, `loose` of those not in one yet. */
    "CREATE TABLE series(run INTEGER NOT NULL, metric TEXT NOT NULL, id INTEGER NOT NULL,"
    " chunks INTEGER NOT NULL, tail INTEGER NOT NULL, loose INTEGER NOT NULL,"
    " PRIMARY KEY(run,metric)) WITHOUT ROWID;"
    "CREATE TABLE chunk(key INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    /* `bits` is the value's IEEE 754 pattern: as a REAL, SQLite keeps neither NaN nor -0. */
    "CREATE TABLE loose(series INTEGER NOT NULL, no INTEGER NOT NULL, step INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, bits INTEGER NOT NULL, PRIMARY KEY(series,no)) WITHOUT ROWID;"
    "CREATE TABLE state(source INTEGER NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL,"
    " UNIQUE(source,key));"
    "CREATE TABLE note(kind TEXT NOT NULL, place TEXT NOT NULL, run TEXT NOT NULL,"
    " written_ms INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY(kind,place,run))"
    " WITHOUT ROWID;"
    "CREATE TABLE view(name TEXT PRIMARY KEY, filter TEXT NOT NULL, sort TEXT NOT NULL,"
    " columns TEXT NOT NULL) WITHOUT ROWID;";

/* The ledger of approvals and the registry beside it (core/approval). A record is never changed
   or removed: the triggers stop what comes through SQL by accident, also REPLACE, which fires
   no DELETE trigger; `chain` runs over the rows in their order. Proof is in the signatures. */
static const char second_step[] =
    "CREATE TABLE ledger_record(seq INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE,"
    " chain TEXT NOT NULL UNIQUE, stored_ms INTEGER NOT NULL, statement BLOB NOT NULL,"
    " signature BLOB NOT NULL);"
    "CREATE TRIGGER ledger_record_append BEFORE INSERT ON ledger_record"
    " WHEN NEW.seq IS NOT (SELECT coalesce(max(seq),0)+1 FROM ledger_record)"
    " OR EXISTS(SELECT 1 FROM ledger_record WHERE digest=NEW.digest OR chain=NEW.chain)"
    " BEGIN SELECT RAISE(ABORT,'the ledger takes new records at its end only'); END;"
    "CREATE TRIGGER ledger_record_update BEFORE UPDATE ON ledger_record"
    " BEGIN SELECT RAISE(ABORT,'the ledger is never changed'); END;"
    "CREATE TRIGGER ledger_record_delete BEFORE DELETE ON ledger_record"
    " BEGIN SELECT RAISE(ABORT,'the ledger is never changed'); END;"
    "CREATE TABLE registry_version(model TEXT NOT NULL, version INTEGER NOT NULL,"
    " run TEXT NOT NULL, digest TEXT NOT NULL, files TEXT NOT NULL, facts TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, PRIMARY KEY(model,version)) WITHOUT ROWID;"
    "CREATE TABLE registry_target(model TEXT NOT NULL, target TEXT NOT NULL,"
    " version INTEGER NOT NULL, set_ms INTEGER NOT NULL, request TEXT NOT NULL,"
    " PRIMARY KEY(model,target)) WITHOUT ROWID;"
    "CREATE TABLE draft(request TEXT PRIMARY KEY, binding TEXT NOT NULL,"
    " verdict INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE seen_mark(digest TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL) WITHOUT ROWID;";

/* The headers of many runs in one blob each (store_pack.c): what the first frame reads.
   `change` is the last transaction they know of; the rows are what is true. */
static const char third_step[] =
    "CREATE TABLE pack(row INTEGER PRIMARY KEY, source INTEGER NOT NULL,"
    " change INTEGER NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX pack_source ON pack(source);";

const char *const schema_steps[] = {first_step, second_step, third_step};
const size_t schema_version = sizeof schema_steps / sizeof schema_steps[0];

/* The three facts of one moment: between reads of their own another process may have made the
   database, whose number without its name would be taken for another program's. */
static enum assay_status look_at_once(struct sql *sql, int64_t *application, int64_t *user,
                                      int64_t *tables, struct assay_error *err)
{
    enum assay_status status = sql_exec(sql, "BEGIN", err);

    if (status != ASSAY_OK) {
        return status;
    }
    status = sql_int(sql, "PRAGMA application_id", 0, application, err);
    if (status == ASSAY_OK) {
        status = sql_int(sql, "PRAGMA user_version", 0, user, err);
    }
    if (status == ASSAY_OK) {
        status = sql_int(sql, "SELECT count(*) FROM sqlite_master", 0, tables, err);
    }
    if (sql_in_transaction(sql)) {
        (void)sql_exec(sql, "ROLLBACK", NULL); /* nothing was written */
    }
    return status;
}

enum assay_status schema_look(struct sql *sql, size_t version, enum schema_state *out,
                              struct assay_error *err)
{
    int64_t application = 0, user = 0, tables = 0;

    *out = SCHEMA_FOREIGN;
    enum assay_status status = look_at_once(sql, &application, &user, &tables, err);
    if (status != ASSAY_OK) {
        return status;
    }
    if (application == SCHEMA_APPLICATION && user > 0) {
        *out = user == (int64_t)version  ? SCHEMA_CURRENT
               : user < (int64_t)version ? SCHEMA_OLDER
                                         : SCHEMA_NEWER;
    } else if (tables == 0 && application == 0 && user == 0) {
        *out = SCHEMA_EMPTY;
    }
    return ASSAY_OK;
}

enum assay_status schema_apply(struct sql *sql, const char *const *steps, size_t count,
                               struct assay_error *err)
{
    int64_t user = 0;
    struct assay_buf text = {0};

    enum assay_status status = sql_exec(sql, "BEGIN IMMEDIATE", err);
    if (status != ASSAY_OK) {
        return status;
    }
    /* Asked again under the lock: another process may have been first. */
    status = sql_int(sql, "PRAGMA user_version", 0, &user, err);
    for (size_t i = user > 0 ? (size_t)user : 0; status == ASSAY_OK && i < count; i++) {
        status = sql_exec(sql, steps[i], err);
    }
    if (status == ASSAY_OK && (size_t)user < count) {
        assay_buf_format(&text, "PRAGMA application_id=%d; PRAGMA user_version=%zu;",
                         SCHEMA_APPLICATION, count);
        status = sql_exec(sql, assay_buf_text(&text), err);
    }
    if (status == ASSAY_OK) {
        status = sql_exec(sql, "COMMIT", err);
    }
    if (status != ASSAY_OK && sql_in_transaction(sql)) {
        (void)sql_exec(sql, "ROLLBACK", NULL);
    }
    assay_buf_free(&text);
    return status;
}

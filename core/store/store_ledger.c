/*
 * The ledger's rows (store_ledger.h). Statements are prepared as they are needed: a decision is
 * a rare thing beside the points of a run.
 */
#include "store/store_ledger.h"

#include <string.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/sha256.h>

#include "store/store_private.h"

/* The largest statement and signature that are read back. */
#define STATEMENT_MAX ((size_t)1 << 20)

char *store_chain(char out[65], const char *before, const char *digest, const void *signature,
                  size_t length)
{
    char of_signature[ASSAY_SHA256_TEXT];
    struct assay_buf text = {0};

    assay_sha256(of_signature, signature, length);
    const char *const parts[] = {before, digest, of_signature};
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++) {
        assay_buf_text_add(&text, parts[i]);
        assay_buf_char(&text, '\n');
    }
    assay_sha256(out, text.data, text.length);
    assay_buf_free(&text);
    return out;
}

int64_t store_last_seq(struct store *store)
{
    struct sql_statement *statement = NULL;
    bool row = false;
    int64_t seq = 0;

    if (sql_prepare(store->sql, &statement, "SELECT max(seq) FROM ledger_record", NULL) ==
            ASSAY_OK &&
        sql_step(statement, &row, NULL) == ASSAY_OK && row)
        seq = sql_column_int(statement, 0);
    sql_finish(&statement);
    return seq;
}

enum assay_status store_read_records(struct store *store, int64_t seq, store_record_fn fn,
                                     void *context, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;
    enum assay_status status =
        sql_prepare(store->sql, &statement,
                    "SELECT seq, digest, chain, stored_ms, statement, signature"
                    " FROM ledger_record WHERE seq>?1 ORDER BY seq",
                    err);

    if (status == ASSAY_OK)
        sql_bind_int(statement, 1, seq);
    while (status == ASSAY_OK) {
        struct store_record record;
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row)
            break;
        record.seq = sql_column_int(statement, 0);
        record.digest = sql_column_text(statement, 1, NULL);
        record.chain = sql_column_text(statement, 2, NULL);
        record.stored_ms = sql_column_int(statement, 3);
        record.statement = sql_column_blob(statement, 4, &record.statement_length);
        record.signature = sql_column_blob(statement, 5, &record.signature_length);
        if (record.statement_length > STATEMENT_MAX || record.signature_length > STATEMENT_MAX)
            status = assay_fail(err, ASSAY_CORRUPT, "ledger: record %lld is too large",
                                (long long)record.seq);
        else if (!fn(context, &record))
            break;
    }
    sql_finish(&statement);
    return status;
}

/* The last row's number and chain. */
static enum assay_status last_record(struct store *store, int64_t *seq, char chain[65],
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = false;
    size_t length = 0;
    enum assay_status status =
        sql_prepare(store->sql, &statement,
                    "SELECT seq, chain FROM ledger_record ORDER BY seq DESC LIMIT 1", err);

    *seq = 0;
    chain[0] = '\0';
    if (status == ASSAY_OK)
        status = sql_step(statement, &row, err);
    if (status == ASSAY_OK && row) {
        const char *text = sql_column_text(statement, 1, &length);
        *seq = sql_column_int(statement, 0);
        if (length != 64)
            status = assay_fail(err, ASSAY_CORRUPT, "ledger: record %lld is damaged",
                                (long long)*seq);
        else
            memcpy(chain, text, length + 1);
    }
    sql_finish(&statement);
    return status;
}

static enum assay_status insert_record(struct store *store, struct store_record *record,
                                       struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    char before[65], chain[65];
    int64_t last = 0;
    enum assay_status status = last_record(store, &last, before, err);

    if (status == ASSAY_OK)
        status = sql_prepare(store->sql, &statement,
                             "INSERT INTO ledger_record(seq,digest,chain,stored_ms,statement,"
                             "signature) VALUES(?1,?2,?3,?4,?5,?6)",
                             err);
    if (status == ASSAY_OK) {
        record->seq = last + 1;
        store_chain(chain, before, record->digest, record->signature, record->signature_length);
        sql_bind_int(statement, 1, record->seq);
        sql_bind_text(statement, 2, record->digest);
        sql_bind_text(statement, 3, chain);
        sql_bind_int(statement, 4, record->stored_ms);
        sql_bind_blob(statement, 5, record->statement, record->statement_length);
        sql_bind_blob(statement, 6, record->signature, record->signature_length);
        status = store_run_once(statement, err);
    }
    sql_finish(&statement);
    return status;
}

enum assay_status store_append_record(struct store *store, struct store_record *record,
                                      struct assay_error *err)
{
    bool own = false;
    enum assay_status status = store_enter(store, &own, err);

    if (status == ASSAY_OK)
        status = store_leave(store, own, insert_record(store, record, err), err);
    return status;
}

enum assay_status store_check_durable(struct store *store, struct assay_error *err)
{
    int64_t synchronous = 0;
    enum assay_status status = sql_int(store->sql, "PRAGMA synchronous", 0, &synchronous, err);

    if (status == ASSAY_OK && synchronous < 2)
        status = assay_fail(err, ASSAY_IO,
                            "the store does not wait for the disk: a decision could be lost");
    return status;
}

void store_checkpoint(struct store *store)
{
    sql_checkpoint(store->sql);
}

/* ---- small helpers ---- */

/* Prepares TEXT and binds up to four texts (NULL ends them). */
static enum assay_status prepare(struct store *store, struct sql_statement **out,
                                 const char *text, const char *const *values,
                                 struct assay_error *err)
{
    enum assay_status status = sql_prepare(store->sql, out, text, err);

    for (int i = 0; status == ASSAY_OK && values && values[i]; i++)
        sql_bind_text(*out, i + 1, values[i]);
    return status;
}

static enum assay_status finish(struct sql_statement **statement, enum assay_status status,
                                struct assay_error *err)
{
    if (status == ASSAY_OK)
        status = store_run_once(*statement, err);
    sql_finish(statement);
    return status;
}

/* ---- the registry ---- */

static enum assay_status next_version(struct store *store, const char *model, int64_t *version,
                                      struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        prepare(store, &statement,
                "SELECT coalesce(max(version),0)+1 FROM registry_version WHERE model=?1",
                (const char *const[]){model, NULL}, err);

    if (status == ASSAY_OK)
        status = store_number(statement, version, err);
    sql_finish(&statement);
    return status;
}

enum assay_status store_add_version(struct store *store, struct store_version *version,
                                    struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false;
    enum assay_status status = store_enter(store, &own, err);

    if (status != ASSAY_OK)
        return status;
    status = next_version(store, version->model, &version->version, err);
    if (status == ASSAY_OK)
        status = prepare(store, &statement,
                         "INSERT INTO registry_version(model,run,digest,files,facts,version,"
                         "created_ms) VALUES(?1,?2,?3,?4,?5,?6,?7)",
                         (const char *const[]){version->model, version->run, version->digest,
                                               version->files, version->facts, NULL},
                         err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 6, version->version);
        sql_bind_int(statement, 7, version->created_ms);
    }
    status = finish(&statement, status, err);
    return store_leave(store, own, status, err);
}

enum assay_status store_read_versions(struct store *store, const char *model, int64_t version,
                                      store_version_fn fn, void *context,
                                      struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;
    enum assay_status status =
        sql_prepare(store->sql, &statement,
                    "SELECT model,version,run,digest,files,facts,created_ms"
                    " FROM registry_version WHERE (?1 IS NULL OR model=?1)"
                    " AND (?2=0 OR version=?2) ORDER BY model,version",
                    err);

    if (status == ASSAY_OK) {
        sql_bind_text(statement, 1, model);
        sql_bind_int(statement, 2, version);
    }
    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row)
            break;
        if (!fn(context, &(struct store_version){
                             .model = sql_column_text(statement, 0, NULL),
                             .version = sql_column_int(statement, 1),
                             .run = sql_column_text(statement, 2, NULL),
                             .digest = sql_column_text(statement, 3, NULL),
                             .files = sql_column_text(statement, 4, NULL),
                             .facts = sql_column_text(statement, 5, NULL),
                             .created_ms = sql_column_int(statement, 6),
                         }))
            break;
    }
    sql_finish(&statement);
    return status;
}

enum assay_status store_target(struct store *store, const char *model, const char *target,
                               int64_t *version, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = prepare(
        store, &statement, "SELECT version FROM registry_target WHERE model=?1 AND target=?2",
        (const char *const[]){model, target, NULL}, err);

    *version = 0;
    if (status == ASSAY_OK)
        status = store_number(statement, version, err);
    sql_finish(&statement);
    return status;
}

enum assay_status store_move_target(struct store *store, const char *model, const char *target,
                                    int64_t expected, int64_t version, const char *request,
                                    struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    int64_t now = 0;
    bool own = false;
    enum assay_status status = store_enter(store, &own, err);

    if (status != ASSAY_OK)
        return status;
    status = store_target(store, model, target, &now, err);
    if (status == ASSAY_OK && now != expected)
        status = assay_fail(err, ASSAY_NO, "%s of %s is at version %lld and not at %lld",
                            target, model, (long long)now, (long long)expected);
    if (status == ASSAY_OK)
        status = prepare(store, &statement,
                         "INSERT INTO registry_target(model,target,request,version,set_ms)"
                         " VALUES(?1,?2,?3,?4,?5) ON CONFLICT(model,target) DO UPDATE SET"
                         " version=excluded.version, set_ms=excluded.set_ms,"
                         " request=excluded.request",
                         (const char *const[]){model, target, request, NULL}, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 4, version);
        sql_bind_int(statement, 5, assay_now_ms());
    }
    status = finish(&statement, status, err);
    return store_leave(store, own, status, err);
}

enum assay_status store_read_targets(struct store *store, store_target_fn fn, void *context,
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;
    enum assay_status status = prepare(
        store, &statement,
        "SELECT model,target,version,request FROM registry_target ORDER BY model,target", NULL,
        err);

    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row ||
            !fn(context, sql_column_text(statement, 0, NULL),
                sql_column_text(statement, 1, NULL), sql_column_int(statement, 2),
                sql_column_text(statement, 3, NULL)))
            break;
    }
    sql_finish(&statement);
    return status;
}

/* ---- drafts and marks ---- */

enum assay_status store_read_drafts(struct store *store, store_draft_fn fn, void *context,
                                    struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;
    enum assay_status status =
        prepare(store, &statement,
                "SELECT request,binding,verdict,reason FROM draft ORDER BY request", NULL, err);

    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row ||
            !fn(context, sql_column_text(statement, 0, NULL),
                sql_column_text(statement, 1, NULL), (int)sql_column_int(statement, 2),
                sql_column_text(statement, 3, NULL)))
            break;
    }
    sql_finish(&statement);
    return status;
}

enum assay_status store_put_draft(struct store *store, const char *request, const char *binding,
                                  int verdict, const char *reason, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        prepare(store, &statement,
                "INSERT INTO draft(request,binding,reason,verdict) VALUES(?1,?2,?3,?4)"
                " ON CONFLICT(request) DO UPDATE SET binding=excluded.binding,"
                " verdict=excluded.verdict, reason=excluded.reason",
                (const char *const[]){request, binding, reason, NULL}, err);

    if (status == ASSAY_OK)
        sql_bind_int(statement, 4, verdict);
    return finish(&statement, status, err);
}

enum assay_status store_drop_draft(struct store *store, const char *request,
                                   struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = prepare(store, &statement, "DELETE FROM draft WHERE request=?1",
                                       (const char *const[]){request, NULL}, err);
    return finish(&statement, status, err);
}

enum assay_status store_set_seen(struct store *store, const char *digest, bool seen,
                                 int64_t now_ms, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        prepare(store, &statement,
                seen ? "INSERT INTO seen_mark(digest,seen_ms) VALUES(?1,?2) ON CONFLICT DO "
                       "NOTHING"
                     : "DELETE FROM seen_mark WHERE digest=?1",
                (const char *const[]){digest, NULL}, err);
    if (status == ASSAY_OK && seen)
        sql_bind_int(statement, 2, now_ms);
    return finish(&statement, status, err);
}

enum assay_status store_read_seen(struct store *store, store_text_fn fn, void *context,
                                  struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;
    enum assay_status status =
        prepare(store, &statement, "SELECT digest FROM seen_mark", NULL, err);

    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row || !fn(context, sql_column_text(statement, 0, NULL)))
            break;
    }
    sql_finish(&statement);
    return status;
}

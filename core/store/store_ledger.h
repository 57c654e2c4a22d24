/*
 * What approvals keep in store.db: the ledger's records (append-only), the local registry of
 * model versions, drafts and marks. Called by core/approval alone; meaning is none of the
 * store's business.
 */
#ifndef CORE_STORE_LEDGER_H
#define CORE_STORE_LEDGER_H

#include "store/store.h"

/* One row. Texts and bytes live until the callback returns. */
struct store_record {
    int64_t seq; /* from 1, without gaps */
    const char *digest, *chain;
    int64_t stored_ms;
    const void *statement;
    size_t statement_length;
    const void *signature;
    size_t signature_length;
};
typedef bool (*store_record_fn)(void *context, const struct store_record *record);
/* The number of the last record, 0 where there is none or it cannot be told; as the file says.
 */
int64_t store_last_seq(struct store *store);
/* Records after SEQ, in order. */
enum assay_status store_read_records(struct store *store, int64_t seq, store_record_fn fn,
                                     void *context, struct assay_error *err);
/* Appends; sets RECORD->seq and computes its chain: the digest of the chain before it, the
   record's digest and its signature's. In the transaction that is open, else in its own. */
enum assay_status store_append_record(struct store *store, struct store_record *record,
                                      struct assay_error *err);
/* The chain text after a record; OUT needs 65 bytes. */
char *store_chain(char out[65], const char *before, const char *digest, const void *signature,
                  size_t length);
/* Whether the database is as durable as an acknowledged decision needs it (read back). */
enum assay_status store_check_durable(struct store *store, struct assay_error *err);
void store_checkpoint(struct store *store);

struct store_version {
    const char *model, *run, *digest, *files, *facts;
    int64_t version, created_ms;
};
/* Adds the next version of MODEL and sets its number. */
enum assay_status store_add_version(struct store *store, struct store_version *version,
                                    struct assay_error *err);
typedef bool (*store_version_fn)(void *context, const struct store_version *version);
/* All versions of MODEL (NULL: of all models), or the one of number VERSION (0: all). */
enum assay_status store_read_versions(struct store *store, const char *model, int64_t version,
                                      store_version_fn fn, void *context,
                                      struct assay_error *err);
/* The version TARGET of MODEL points at; 0 where it is not set. */
enum assay_status store_target(struct store *store, const char *model, const char *target,
                               int64_t *version, struct assay_error *err);
/* Points it at VERSION if it still points at EXPECTED (0: not set); ASSAY_NO where it does not.
 */
enum assay_status store_move_target(struct store *store, const char *model, const char *target,
                                    int64_t expected, int64_t version, const char *request,
                                    struct assay_error *err);
typedef bool (*store_target_fn)(void *context, const char *model, const char *target,
                                int64_t version, const char *request);
enum assay_status store_read_targets(struct store *store, store_target_fn fn, void *context,
                                     struct assay_error *err);

typedef bool (*store_draft_fn)(void *context, const char *request, const char *binding,
                               int verdict, const char *reason);
enum assay_status store_read_drafts(struct store *store, store_draft_fn fn, void *context,
                                    struct assay_error *err);
enum assay_status store_put_draft(struct store *store, const char *request, const char *binding,
                                  int verdict, const char *reason, struct assay_error *err);
enum assay_status store_drop_draft(struct store *store, const char *request,
                                   struct assay_error *err);
enum assay_status store_set_seen(struct store *store, const char *digest, bool seen,
                                 int64_t now_ms, struct assay_error *err);
typedef bool (*store_text_fn)(void *context, const char *text);
enum assay_status store_read_seen(struct store *store, store_text_fn fn, void *context,
                                  struct assay_error *err);

#endif

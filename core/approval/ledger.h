/*
 * Inside core/approval: an open ledger, and what its files share. ledger.c opens it and appends
 * records, ledger_read.c reads them; view.c makes the tables that are handed out; act*.c act;
 * audit.c looks.
 */
#ifndef CORE_APPROVAL_LEDGER_H
#define CORE_APPROVAL_LEDGER_H

#include <assay/approval.h>

#include "approval/fold.h"
#include "approval/heads.h"
#include "approval/mlflow_platform.h"
#include "approval/platform.h"
#include "store/store_ledger.h"

/* With so few records every signature is checked when they are read; with more, those of
   persons and policies, and the others when something depends on them. */
#define LEDGER_CHECK_ALL 256

struct assay_ledger {
    char *path, *heads_path, *expect, *key_file, *person;
    bool read_only, unsigned_votes, gate;
    int sign_timeout_ms;
    struct store *store;                       /* NULL: read only, and there is none */
    struct assay_arena arena;                  /* of the records */
    struct assay_arena shares[RECORD_THREADS]; /* of what was read in them, by thread */
    struct record *records;
    size_t count, capacity;
    struct json_doc doc;
    int64_t last_seq;
    char last_chain[ASSAY_SHA256_TEXT];
    int64_t broken_row; /* the first row whose chain is not what it should be; 0 none */
    struct heads heads;
    bool witnessed;
    char device[9];
    struct fold fold;
    struct fold_input input;
    /* Who signs. */
    struct assay_arena me_arena;
    bool me_known;
    const char *me, *my_name, *my_line, *my_key; /* "" where nobody */
    /* What is handed out, made anew with each fold. */
    struct assay_arena view_arena;
    struct assay_person *people;
    size_t people_count;
    struct assay_policy_info *policies;
    size_t policy_count;
    struct assay_log_entry *log;
    struct texts seen;
    struct assay_arena draft_arena;
    struct assay_draft *drafts;
    struct assay_drift *drifts;
    struct assay_arena drift_arena;
    struct assay_follow *follows; /* of the last application */
    size_t follow_count;
    struct assay_arena follow_arena;
    struct mlflow_site **sites; /* servers that were asked, by their place */
    size_t site_count, site_capacity;
};

/* ledger_read.c: reads what is new in the store and folds as of NOW. */
enum assay_status ledger_read(struct assay_ledger *ledger, int64_t now_ms, bool *changed,
                              struct assay_error *err);
void ledger_fold(struct assay_ledger *ledger, int64_t now_ms);
/* Evidence with this digest counts as seen from the next fold on; LEDGER is the context. Always
   true. */
bool ledger_take_seen(void *ledger, const char *digest);
/* Everything that was seen here before must be there still. */
enum assay_status ledger_check_heads(struct assay_ledger *ledger, struct assay_error *err);
enum assay_status ledger_may_write(const struct assay_ledger *ledger, struct assay_error *err);
/* Who signs must be known and allowed to write. */
enum assay_status ledger_need_me(struct assay_ledger *ledger, struct assay_error *err);
/* Checks every signature that REQUEST (NULL: every record) depends on, and folds anew. */
void ledger_check(struct assay_ledger *ledger, const char *request);
/* Whether the records are such as appending and exchanging leave behind. Where one is not,
   somebody changed the store, and what is gone nobody knows: nothing is approved, applied or
   let pass. */
enum assay_status ledger_check_sound(const struct assay_ledger *ledger,
                                     struct assay_error *err);
/* Fills the head of S (who, chain, heads seen, time, nonce, host), asks the fold what would
   become of it, has it signed, keeps it. On ASSAY_OK the record counts. */
enum assay_status ledger_append(struct assay_ledger *ledger, struct statement *s,
                                struct assay_error *err);
/* The same for the exact bytes TEXT, made by ledger_draft_text() a while ago. */
enum assay_status ledger_append_text(struct assay_ledger *ledger, const char *text,
                                     size_t length, struct assay_error *err);
/* The bytes that ledger_append() would sign. */
enum assay_status ledger_draft_text(struct assay_ledger *ledger, struct statement *s,
                                    char **text, struct assay_error *err);
/* The platform of a request: "local", or "mlflow" at PLACE. */
enum assay_status ledger_platform(struct assay_ledger *ledger, const char *kind,
                                  const char *place, struct platform *out,
                                  struct assay_error *err);
void ledger_random_hex(char *out, size_t digits);
/* Where evidence of the digest is kept beside the store; malloc'd. */
char *ledger_evidence_path(const struct assay_ledger *ledger, const char *digest);
/* Appends lines of an allowed_signers file: every key that signed or may sign. */
void ledger_allowed_signers(const struct assay_ledger *ledger, struct assay_buf *out);
void ledger_make_views(struct assay_ledger *ledger); /* view.c */
/* Keeps records that came from elsewhere (sync.c): adds one that the fold has accepted. */
enum assay_status ledger_keep(struct assay_ledger *ledger, const char *bytes, size_t length,
                              const char *signature, size_t signature_length,
                              struct assay_error *err);
/* After records were kept: checkpoint, remember heads. */
enum assay_status ledger_settle(struct assay_ledger *ledger, struct assay_error *err);

#endif

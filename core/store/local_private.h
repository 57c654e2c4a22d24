/*
 * What the ways into the local store share: logging (local.c), files (local_artifact.c) and
 * importing (local_import.c).
 */
#ifndef CORE_STORE_LOCAL_PRIVATE_H
#define CORE_STORE_LOCAL_PRIVATE_H

#include <assay/local.h>

#include "store/store.h"

/* All params, tags and summaries of one run, packed: below what a database may hold. */
#define LOCAL_ATTRS_MAX (60u << 20)

struct assay_local {
    struct store *store;
    int64_t source;
    char *user, *path; /* of the database */
};

/* WHAT ("run", "metric") has a name, and one that can be kept. */
enum assay_status local_check_name(const char *what, const char *name, struct assay_error *err);
/* Whether ID is one of the local store: 32 hex digits. */
bool local_is_id(const char *id);
/* The row of the run with the id RUN; ASSAY_BAD_INPUT where there is none. */
enum assay_status local_run_row(struct assay_local *local, const char *run, int64_t *row,
                                struct assay_error *err);
/* The key of the state that an imported run has; into OUT, which it returns. */
#define LOCAL_IMPORT_KEY_SIZE 48
const char *local_import_key(char out[LOCAL_IMPORT_KEY_SIZE], const char *run);
/* Finds or makes the experiment, in a transaction; its id is its row's number. */
enum assay_status local_experiment(struct assay_local *local, const char *name, int64_t now_ms,
                                   int64_t *row, struct assay_error *err);
/* Ends the transaction a call began: commits it if STATUS is OK. */
enum assay_status local_end(struct assay_local *local, enum assay_status status,
                            struct assay_error *err);

#endif

/*
 * What the two ways into the local store share: logging (local.c) and importing
 * (local_import.c).
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
    char *user;
};

/* WHAT ("run", "metric") has a name, and one that can be kept. */
enum assay_status local_check_name(const char *what, const char *name, struct assay_error *err);
/* Finds or makes the experiment, in a transaction; its id is its row's number. */
enum assay_status local_experiment(struct assay_local *local, const char *name, int64_t now_ms,
                                   int64_t *row, struct assay_error *err);
/* Ends the transaction a call began: commits it if STATUS is OK. */
enum assay_status local_end(struct assay_local *local, enum assay_status status,
                            struct assay_error *err);

#endif

/*
 * The local registry: model versions registered from files and runs of the local store.
 */
#ifndef CORE_APPROVAL_REGISTRY_H
#define CORE_APPROVAL_REGISTRY_H

#include "approval/platform.h"
#include "store/store_ledger.h"

/* Registers the next version. REGISTRAR is an account or person. */
enum assay_status registry_add(struct store *store, const struct assay_registration *what,
                               const char *registrar, char version[24],
                               struct assay_error *err);

#endif

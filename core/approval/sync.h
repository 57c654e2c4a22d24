/*
 * Exchanging records through a directory: a set of files that only grows, each named by its
 * digest and never changed. Merging two ledgers is the union; what does not belong (a bad
 * signature, a stranger, a broken chain) is refused and stays outside.
 */
#ifndef CORE_APPROVAL_SYNC_H
#define CORE_APPROVAL_SYNC_H

#include "approval/ledger.h"

enum assay_status sync_directory(struct assay_ledger *ledger, const char *directory,
                                 struct assay_sync_result *result, struct assay_error *err);
/* URL is what git clone takes. */
enum assay_status sync_git(struct assay_ledger *ledger, const char *url,
                           struct assay_sync_result *result, struct assay_error *err);

#endif

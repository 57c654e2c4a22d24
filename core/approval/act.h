/*
 * Between act_request.c, which writes requests, act_decide.c, which decides on them,
 * act_apply.c, which applies them, and act_follow.c, which tells others.
 */
#ifndef CORE_APPROVAL_ACT_H
#define CORE_APPROVAL_ACT_H

#include "approval/after.h"
#include "approval/ledger.h"

/* The request REF names, every signature it depends on checked. */
enum assay_status act_find_request(struct assay_ledger *ledger, const char *ref,
                                   struct fold_request **out, struct assay_error *err);
/* Everything a decision depends on, read anew: files, champion (MOVED: it may be at the
   request's version already), gates, of which *ran counts those that were run here. */
enum assay_status act_check_all(struct assay_ledger *ledger, const struct fold_request *request,
                                bool moved, uint64_t *ran, struct assay_error *err);
/* Whether the files of REQUEST's version, read anew, are those that it is about. */
enum assay_status act_check_version(struct assay_ledger *ledger,
                                    const struct fold_request *request,
                                    struct assay_error *err);
/* What is signed is kept and handed on: refuses BYTES with a credential in them. */
enum assay_status act_check_secrets(const char *what, const char *bytes, size_t length,
                                    struct assay_error *err);
/* act_follow.c: tells what AFTER has for it of the application of the request ID, which is
   recorded; what came of each goes to the ledger's follows and the log of changes. */
void act_follow(struct assay_ledger *ledger, const struct after *after, const char *id);

#endif

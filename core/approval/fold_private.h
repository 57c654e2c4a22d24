/*
 * Between fold.c, which walks the records, fold_places.c, which finds their chains, and
 * fold_change.c, which takes those that change persons and policies. Each of these returns why
 * the record does not count, or NULL.
 */
#ifndef CORE_APPROVAL_FOLD_PRIVATE_H
#define CORE_APPROVAL_FOLD_PRIVATE_H

#include "approval/fold.h"

/* fold_places.c: fills the chains, chain_of; then rivals. */
void fold_find_chains(struct fold *fold);
void fold_find_rivals(struct fold *fold);

/* Whether the record is its author's: known, signed with a key that was theirs then. */
const char *fold_check_signer(struct fold *fold, const struct record *record);

const char *fold_take_begin(struct fold *fold, const struct record *record);
const char *fold_take_change(struct fold *fold, const struct record *record);
const char *fold_take_endorse(struct fold *fold, const struct record *record);

/* Why who signs RECORD should have known that REQUEST is pinned to a policy of the past: they
   knew a newer version, and who put that in force had not seen the request, however early it is
   dated. NULL where it is as it should be. */
const char *fold_outdated(struct fold *fold, const struct record *record,
                          const struct fold_request *request);

/* Finds what those that are authentic build on (struct fold_fate). */
void fold_mark_built_on(struct fold *fold);

#endif

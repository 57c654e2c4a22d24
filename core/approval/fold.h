/*
 * The fold: records to requests. Pure: what it is given decides what it gives; the same set of
 * records, in whatever order it arrived, gives the same requests. Called by ledger.c whenever
 * records or the time have changed, by bundle.c, and by tests.
 */
#ifndef CORE_APPROVAL_FOLD_H
#define CORE_APPROVAL_FOLD_H

#include <assay/map.h>

#include "approval/people.h"
#include "approval/policy.h"
#include "approval/record.h"

/* How far back a clock may be, against what its record builds on. */
#define FOLD_SKEW_MS (5 * INT64_C(60000))

struct fold_input {
    struct record *records; /* checked, or not: an unchecked signature is taken on trust */
    size_t count;
    const char *expect; /* digest of the ledger's first record; NULL: whichever comes first */
    int64_t now_ms;
    const char *me;           /* person who looks; "" unknown. fold_look_as changes the eyes */
    const struct texts *seen; /* digests of evidence the user has seen; may be NULL */
    bool unjudged; /* what requests have come to by now is asked of fold_evaluate(), of each */
};

struct fold_vote {
    const struct record *record;
    const struct statement_decision *d;
    struct texts roles; /* of the person then */
    bool counts;
    const char *why_not;
    const char *outdated; /* why its author knew a policy that the request is kept from; NULL */
};
struct fold_policy {
    const struct record *record;
    struct policy policy;
    bool parsed;
    bool in_force;
    size_t signed_by, needs;
    const char **signers;
    bool *past; /* by record: known to who put it in force; NULL: not asked for yet */
    const struct record *forced; /* the record with which it took force */
};
struct fold_request {
    struct assay_request view; /* must be first: public pointers are cast back */
    const struct record *opened, *revised;
    const struct statement_request *bound;    /* of the latest revision */
    const struct statement_request *gates_of; /* whose gates have the digest GATES */
    char gates[ASSAY_SHA256_TEXT];
    const struct fold_policy *policy;
    struct fold_vote *votes;
    size_t vote_count, vote_capacity;
    const struct record *begun, *done, *failed; /* the latest application records */
    const struct fold_request *applied_before;  /* the one applied to its target before it */
    size_t applied; /* its place among those that were applied, from 1; 0: it was not */
    int64_t revised_ms;
    const char *withdrawn_by, *revoked_by, *superseded_by;
    const struct record *last_of_me;
    size_t after_me;
};
struct fold_chain {
    const char *chain;
    uint64_t number;
    const char *digest;
    int64_t time_ms;
    bool broken;
};
/* A record's fate, by its index in the input. */
struct fold_fate {
    bool placed;         /* it has its place in its author's chain */
    bool authentic;      /* its author wrote it, and it continues their chain */
    bool built_on;       /* … or not: one that is authentic continues it, or had seen it */
    bool counts;         /* … and what it says is allowed */
    bool revoked;        /* it, or what it continues, is by a key that is revoked */
    bool forks;          /* its author signed another for the same place of their chain */
    const char *why_not; /* NULL where it counts */
    const char *remark;  /* it counts, and an auditor should know */
};

struct fold {
    struct assay_arena arena;
    const struct fold_input *input;
    const struct record *begin; /* the ledger's first record; NULL */
    struct people people;
    struct fold_policy **policies;
    size_t policy_count, policy_capacity;
    struct fold_request **requests;
    size_t request_count, request_capacity;
    size_t applied_count;
    struct assay_map request_index;
    struct assay_map applied_index; /* likewise -> the latest that was applied */
    struct assay_map target_index;  /* platform, place, model, target -> the latest request */
    struct fold_chain *chains;
    size_t chain_count, chain_capacity;
    struct assay_map chain_index;
    struct assay_map record_index; /* digest -> index */
    struct record_links links;     /* by index */
    struct fold_fate *fates;
    uint32_t *order;
    uint32_t *chain_of; /* of each record without a fault, its chain's place in CHAINS */
    uint32_t *rivals; /* the next record that claims the same place of its chain, in rings; its
                         own index. Whether they are the author's, the walk finds out: anybody
                         can claim a place. */
    size_t placed;
    bool any_ahead; /* something its author signed lies ahead of the clock */
    struct assay_ledger_problem *problems;
    size_t problem_count, problem_capacity;
    const struct assay_request **views; /* newest first */
    const struct record **pending;      /* changes that wait for more owners */
    const char ***pending_signers;
    size_t pending_count, pending_capacity;
    const struct statement_signer **revocations; /* found; applied from the start */
    size_t revocation_count, revocation_capacity;
};

/* Folds anew; what was there is freed. */
void fold_run(struct fold *fold, const struct fold_input *input);
void fold_free(struct fold *fold);
/* Looks at what was folded with the eyes of ME, a person ("" nobody known): what waits for
   them, and what came after their votes. What the requests have come to does not depend on it.
 */
void fold_look_as(struct fold *fold, const char *me);

struct fold_request *fold_find(const struct fold *fold, const char *id);
/* Why record INDEX cannot have come into a store by appending and exchanging alone: what a
   store that somebody changed is known by. NULL: it can. */
const char *fold_unsound(const struct fold *fold, size_t index);
/* Whether record INDEX is one that those of the ledger exchange, keep and hand out: authentic,
   or of a key that was revoked, or unsigned where that is not allowed, and one that is
   authentic builds on it. It may count for nothing; without it, what builds on it would lack
   something.
 */
bool fold_belongs(const struct fold *fold, size_t index);
/* Whether RECORD's time has not come yet, by the clock of the fold. */
bool fold_ahead(const struct fold *fold, const struct record *record);
/* The request that was applied to the same target after REQUEST was; NULL where it is the last.
 */
const struct fold_request *fold_replaced(const struct fold *fold,
                                         const struct fold_request *request);
/* Whether R asks for what was approved and applied at its target before that which stands there
   now, file for file: what it claims to be is not asked, the records are. */
bool fold_is_rollback(const struct fold *fold, const struct statement_request *r);
/* The newest version in force of the policy NAME; NULL where there is none. */
const struct fold_policy *fold_policy(const struct fold *fold, const char *name);
/* Marks, by index, what RECORD builds on, at however many removes, and itself; malloc'd. */
bool *fold_past(const struct fold *fold, const struct record *record);
const char *fold_text(struct fold *fold, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- requirements.c: what a request has come to at one time ---- */

/* Counts the votes and fills the view's state, requirements, votes, eligible, at TIME. */
void fold_evaluate(struct fold *fold, struct fold_request *request, int64_t time_ms);
/* Why PERSON may not vote on the request; NULL where they may (their roles are another
   question). */
const char *fold_excluded(struct fold *fold, const struct fold_request *request,
                          const struct person *person);
/* Who among those whose approval counts was named by one owner alone, who has a part in the
   request themselves: for everybody to see. NULL: nobody. */
const char *fold_named_by_one(struct fold *fold, const struct fold_request *request);
/* Whether enough persons could vote so that the request's clauses are filled; *why says who is
   missing. */
bool fold_satisfiable(struct fold *fold, const struct fold_request *request, const char **why);

#endif

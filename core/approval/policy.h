/*
 * Policies: what a request needs. A policy is a configuration file; the ledger keeps its exact
 * text. Parsing is strict: a setting that is not known is an error, because a misspelt rule
 * that is ignored is a hole.
 *
 *     [policy]            name, tier, models, targets (patterns with *), expires, apply-within,
 *                         unsigned (allowed|refused), touch, pin, seen (required|no),
 *                         unknown-accounts (refused|allowed), recheck (required|no),
 *                         owners (a number: who must sign a new version, and every change of
 *                         persons and keys), apply-role
 *     [clause NAME]       role, count, distinct (yes|no)
 *     [separation]        exclude = requester, run-owner, registrar, evidence, commit-author,
 *                         commit-committer, policy-editor (default: all of them), or none
 *     [evidence NAME]     max-age
 *     [gate NAME]         kind, and that kind's settings
 *     [delegation]        allowed (yes|no), longest
 *     [break-glass]       role, review-within
 *     [plan]              after = TARGET, for = DURATION
 */
#ifndef CORE_APPROVAL_POLICY_H
#define CORE_APPROVAL_POLICY_H

#include <assay/catalog.h>

#include "approval/statement.h"

struct policy_clause {
    const char *name, *role;
    uint64_t count;
    bool distinct; /* whoever fills it fills no other clause */
};
struct policy_evidence {
    const char *name;
    int64_t max_age_ms; /* 0: any */
};
struct policy_gate {
    const char *name, *kind;
    struct assay_pair *settings;
    size_t setting_count;
};
struct policy {
    const char *name, *tier, *models, *targets, *apply_role;
    int64_t expires_ms, apply_within_ms;
    bool unsigned_votes, touch, pin, seen, unknown_accounts;
    bool recheck;    /* who approves must have run the gates */
    bool rollback;   /* for what takes back an application, and nothing else */
    uint64_t owners; /* 0: as many as the ledger asks for */
    struct policy_clause *clauses;
    size_t clause_count;
    struct policy_evidence *evidence;
    size_t evidence_count;
    struct policy_gate *gates;
    size_t gate_count;
    struct texts exclude;
    bool delegation;
    int64_t delegation_longest_ms;
    const char *break_role; /* NULL: no breaking of glass */
    int64_t review_within_ms;
    const char *after_target; /* NULL: none */
    int64_t after_ms;
};

enum assay_status policy_parse(struct policy *out, struct assay_arena *arena, const char *text,
                               size_t length, struct assay_error *err);
/* How exactly the policy is for MODEL and TARGET, by a request that is a ROLLBACK or is not; 0:
   it is not for them. Of several, one for rollbacks comes first where it is one, then the one
   that names the target, and then the model, most exactly. */
uint64_t policy_exactness(const struct policy *policy, const char *model, const char *target,
                          bool rollback);
bool policy_matches(const struct policy *policy, const char *model, const char *target,
                    bool rollback);
/* Whether one of PATTERNS (set apart by blanks or commas, '*' for any run) is TEXT. */
bool policy_pattern(const char *patterns, const char *text);
/* The setting KEY of a gate; NULL where it is not set. */
const char *policy_gate_setting(const struct policy_gate *gate, const char *key);
/* Whether everybody who approves runs the gate: not a command, whose output stands as the
   machine of whoever asked gave it. */
bool policy_gate_rechecked(const struct policy_gate *gate);
/* How many of them there are. */
size_t policy_rechecked(const struct policy *policy);
/* "90m", "24h", "14d", "2w". */
bool policy_duration(const char *text, int64_t *ms);

/* ---- who fills which clause ---- */

struct quorum_voter {
    const struct texts *roles; /* what they may vote as */
    const struct texts *more;  /* through delegation; may be NULL */
};
/* How many places of each clause VOTERS fill, each person in one place (but a clause that is
   not distinct takes anybody): FILLED has room for the clauses. Returns the sum. */
size_t quorum_fill(const struct policy *policy, const struct quorum_voter *voters,
                   size_t voter_count, size_t *filled);
size_t quorum_needed(const struct policy *policy);

#endif

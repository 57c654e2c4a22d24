/*
 * A small world for tests of approvals: a store with a ledger, an agent with a key for each
 * person, a policy, and a model of two versions in the local registry. adm owns; rex trains and
 * requests; val validates; app approves; two may do both; brk may break the glass.
 */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include <assay/approval.h>

#include "support/agent.h"

struct world {
    struct test_agent agent;
    char directory[300];
    char store[340];
    char model[340]; /* the files of version 2, the candidate */
    int64_t keys_us; /* what the clock of keys shows */
};

#define WORLD_POLICY                                                                           \
    "[policy]\nname = prod\ntargets = alias:*\n[clause validator]\ncount = 1\n[clause "        \
    "approver]\ncount = 1\n[break-glass]\nrole = breaker\n[gate files]\nkind = "               \
    "artifact-digest\n[gate loss]\nkind = threshold\nmetric = loss\nat-most = 0.5\n"

void world_start(struct world *world, const char *policy);
void world_stop(struct world *world);
/* Programs that are started, and this one, take US for assay_keys_us(). */
void world_keys_clock(struct world *world, int64_t us);
/* Each person remembers heads in a file of their own. */
enum assay_status world_try_open(struct world *world, const char *store, const char *person,
                                 struct assay_ledger **out, struct assay_error *err);
struct assay_ledger *world_open(struct world *world, const char *person);
/* rex asks that version 2 becomes the champion; the id to OUT. */
void world_ask(struct world *world, char out[17]);
enum assay_status world_decide(struct world *world, const char *person, const char *id,
                               enum assay_verdict verdict, struct assay_error *err);
void world_approve(struct world *world, const char *id); /* val and app */
enum assay_status world_apply(struct world *world, const char *id, struct assay_error *err);
void world_begin(struct world *world, const char *id); /* rex begins to apply it, and stops */
enum assay_request_state world_state(struct world *world, const char *id);
const char *world_champion(struct world *world, char out[24]); /* "" none */
size_t world_records(struct world *world);
void world_copy(const char *from, const char *to); /* a file, a database with its log */
char *world_path(const struct world *world, const char *name); /* malloc'd */
/* PERSON's ledger as a bundle in the folder NAME, whose path is returned, malloc'd. */
char *world_export(struct world *world, const char *person, const char *name);

/* The local registry's champion of "fraud" moves, behind the ledger's back. */
void world_move_champion(struct world *world, int64_t from, int64_t to);

#endif

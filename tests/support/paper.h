/*
 * A ledger on paper: records made in memory, with or without real signatures, in any order and
 * by anybody, for tests of the fold. Everything that fails here fails the test.
 */
#ifndef TESTS_SUPPORT_PAPER_H
#define TESTS_SUPPORT_PAPER_H

#include "approval/fold.h"

#define PAPER_START INT64_C(1764000000000)
#define PAPER_HOUR  INT64_C(3600000)

struct paper {
    struct assay_arena arena;
    struct record *records;
    size_t count, capacity;
    struct json_doc doc;
    struct fold fold;
    struct fold_input input;
    int64_t now_ms;
    const char *me;
    const char *device;
};

void paper_init(struct paper *paper);
void paper_free(struct paper *paper);
/* A key line that nobody holds, the same for the same NAME; its fingerprint to OUT. */
const char *paper_key(struct paper *paper, const char *name,
                      char fingerprint[FINGERPRINT_SIZE]);

/* Fills the head of S as PERSON's next record (their paper_key(), now, having seen all there
   is) and adds it, its signature taken to hold. Time goes on by a second. Returns its index. */
size_t paper_add(struct paper *paper, const char *person, struct statement *s);
/* The same without moving on: what is in S already (number, previous, seen, time) stays. */
size_t paper_add_as(struct paper *paper, struct statement *s);
void paper_head(struct paper *paper, const char *person, struct statement *s);
void paper_drop(struct paper *paper, size_t index); /* the record vanishes */

/* Begins a ledger of OWNERS: adm, the first, and, for more, own2, own3, … */
void paper_begin(struct paper *paper, uint64_t owners);
/* What most tests begin with, paper_init() included: the owner adm, app who approves, rex who
   asks, and POLICY by adm. */
void paper_usual(struct paper *paper, const char *policy);
/* ROLES and ACCOUNTS: words with blanks between; "" none. */
size_t paper_person(struct paper *paper, const char *by, const char *person, const char *roles,
                    const char *accounts);
size_t paper_policy(struct paper *paper, const char *by, const char *text);
/* A request of PERSON under the newest policy "prod" as it should be; changed by the caller
   before paper_add(). */
struct statement paper_request(struct paper *paper, const char *id, uint64_t revision);
size_t paper_ask(struct paper *paper, const char *person, const char *id);
/* A decision on the latest revision of ID. */
struct statement paper_decision(struct paper *paper, const char *id, enum assay_verdict verdict,
                                const char *reason);
size_t paper_vote(struct paper *paper, const char *person, const char *id,
                  enum assay_verdict verdict);
size_t paper_phase(struct paper *paper, const char *person, const char *id,
                   enum statement_phase phase);

void paper_fold(struct paper *paper);
const struct assay_request *paper_get(struct paper *paper, const char *id); /* folds */
/* Asserts the state, or that record INDEX does not count and says WHY (a part of it). */
void paper_expect(struct paper *paper, const char *id, enum assay_request_state state);
void paper_expect_invalid(struct paper *paper, size_t index, const char *why);
void paper_expect_valid(struct paper *paper, size_t index);
const struct assay_requirement *paper_requirement(struct paper *paper, const char *id,
                                                  const char *name);

#endif

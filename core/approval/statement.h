/*
 * Statements: what a record says, as a struct, read from its exact bytes or written once to be
 * signed. Reading is strict: bytes that this program would not have written for what they say
 * are refused, so that no reader (jq, a later version, a person) can find something else in
 * them. All texts live in the arena given.
 */
#ifndef CORE_APPROVAL_STATEMENT_H
#define CORE_APPROVAL_STATEMENT_H

#include <assay/approval.h>
#include <assay/buf.h>
#include <assay/memory.h>

#include "approval/json.h"
#include "approval/pubkey.h"

#define STATEMENT_FILES_MAX 1000
#define STATEMENT_LIST_MAX  256 /* of anything else */
#define STATEMENT_WORDS_MAX 8000

enum statement_event {
    EVENT_LEDGER,
    EVENT_SIGNER,
    EVENT_POLICY,
    EVENT_ENDORSE,
    EVENT_REQUEST,
    EVENT_DECISION,
    EVENT_APPLICATION,
};
#define EVENT_COUNT 7
const char *statement_event_name(enum statement_event event);
const char *statement_space(enum statement_event event); /* the namespace of its signature */

struct texts {
    const char **items;
    size_t count;
};
/* A chain is the records of one person from one device, so that two machines of one person
   never collide: "dev/1f2e3d4c"; unsigned ones have a chain of their own, "~dev/1f2e3d4c". */
struct statement_head {
    const char *chain;
    uint64_t number;
    const char *digest;
};
struct statement_person {
    const char *person, *name;
    struct texts keys, roles, accounts;
};

struct statement_ledger {
    const char *name;
    uint64_t owners; /* signatures that a policy or a change of persons needs */
    struct statement_person *persons;
    size_t person_count;
};
enum statement_change { CHANGE_ADD, CHANGE_REVOKE };
struct statement_signer {
    enum statement_change change;
    struct statement_person person; /* revoke: only who */
    const char *key;                /* revoke: the fingerprint */
    struct statement_head *after;   /* … the last records made with it that still count */
    size_t after_count;
};
struct statement_policy {
    const char *name, *previous, *digest, *text;
    uint64_t version;
};
struct statement_request {
    const char *id, *words;
    uint64_t revision;
    const char *platform, *place, *model, *version, *target;
    const char *from_version, *from_digest;
    const char *model_digest;
    struct assay_model_file *files;
    size_t file_count;
    struct assay_evidence *evidence;
    size_t evidence_count;
    struct assay_gate_result *gates;
    size_t gate_count;
    struct assay_fact *lineage;
    size_t lineage_count;
    const char *policy, *policy_digest, *tier;
    uint64_t policy_version;
    int64_t expires_ms;
    char binding[ASSAY_SHA256_TEXT]; /* set by both reading and writing */
};
struct statement_decision {
    enum assay_verdict verdict;
    const char *request, *binding, *reason;
    uint64_t revision;
    struct assay_condition *conditions; /* text and due alone */
    size_t condition_count;
    struct texts seen; /* digests of evidence */
    const char *gates; /* digest of the gates as found by the signer */
    uint64_t gates_passed, gates_total;
    const char *delegate;   /* person; "" none */
    int64_t until_ms;       /* of the delegation */
    uint64_t dwell_seconds; /* how long the request was looked at; recorded, never enforced */
};
enum statement_phase { PHASE_BEGIN, PHASE_DONE, PHASE_FAILED };
struct statement_application {
    enum statement_phase phase;
    const char *request, *binding, *before, *after, *why;
};

struct statement {
    enum statement_event event;
    const char *ledger; /* digest of its first record; "" in that one */
    const char *person, *name, *role;
    const char *key;    /* fingerprint; "" unsigned */
    const char *device; /* 8 hex digits: with the person, the chain */
    uint64_t number;    /* in it, from 1 */
    const char *previous;
    struct statement_head *seen; /* heads of others that are new since the previous one */
    size_t seen_count;
    int64_t time_ms;
    const char *nonce;
    const char *host, *user, *terminal;
    const char *subject, *subject_digest; /* in-toto's */
    union {
        struct statement_ledger begin;
        struct statement_signer signer;
        struct statement_policy policy;
        const char *endorsed; /* digest of a record */
        struct statement_request request;
        struct statement_decision decision;
        struct statement_application application;
    };
};

/* Writes S (and sets its binding). What cannot be read back is ASSAY_BAD_INPUT. */
enum assay_status statement_write(struct assay_buf *out, struct statement *s,
                                  struct assay_error *err);
/* Reads BYTES. DOC is scratch, reused, for saying what is wrong. WHAT names them in errors. */
enum assay_status statement_parse(struct statement *out, struct json_doc *doc,
                                  struct assay_arena *arena, const char *bytes, size_t length,
                                  const char *what, struct assay_error *err);

/* Appends the canonical text of gates, whose digest votes carry. */
void statement_gates_text(struct assay_buf *out, const struct assay_gate_result *gates,
                          size_t count);
/* "alias:NAME", "stage:NAME" or "tag:NAME". */
bool statement_target_valid(const char *target);
/* "person/device"; in ARENA. */
const char *statement_chain(const struct statement *s, struct assay_arena *arena);
/* The state of that name; false where there is none. */
bool requirement_state_parse(const char *name, enum assay_requirement_state *state);
bool texts_has(const struct texts *texts, const char *text);

#endif

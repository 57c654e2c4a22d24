/*
 * Approvals: requests to move a model version to a target, votes on them, and what they have
 * come to. Facts are signed statements in a ledger (docs/approvals.md); everything read here is
 * computed from them. A ledger handle belongs to one thread. Texts in what is returned are as
 * their authors wrote them: clean them (assay_text_clean) before showing. What is returned
 * lives until the next call that may read records anew (assay_ledger_refresh() and every
 * action).
 */
#ifndef ASSAY_APPROVAL_H
#define ASSAY_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/error.h>
#include <assay/sha256.h>

struct assay_ledger; /* opaque */

struct assay_ledger_options {
    const char *store;   /* NULL: $ASSAY_STORE, else the local store */
    const char *heads;   /* NULL: $XDG_STATE_HOME/assay/heads */
    const char *expect;  /* the digest the ledger must have; NULL: the one remembered */
    const char *key;     /* file with the public key to sign with; NULL: found in the agent */
    bool recover;        /* open although heads are missing: to fetch them by syncing */
    bool read_only;      /* never creates or writes, not even the heads file */
    bool unsigned_votes; /* act without a key, where a policy allows it */
    const char *person;  /* who acts then */
    bool
        gate; /* nothing but assay_ledger_gate() will be asked: requests are not judged ahead */
    int sign_timeout_ms; /* how long the agent, or a touch, is waited for; 0: a minute */
};

/* Opens the store's ledger, reads every record, checks it against the heads remembered. Fails
   (ASSAY_CORRUPT) where records that were seen before are missing or others stand in their
   place, naming both heads. A store without a ledger opens empty. */
enum assay_status assay_ledger_open(struct assay_ledger **out,
                                    const struct assay_ledger_options *options,
                                    struct assay_error *err);
void assay_ledger_close(struct assay_ledger **ledger);
/* Reads what other processes added, and folds anew as of NOW. *changed may be NULL. */
enum assay_status assay_ledger_refresh(struct assay_ledger *ledger, int64_t now_ms,
                                       bool *changed, struct assay_error *err);

struct assay_ledger_info {
    const char *digest; /* of its first record; "" where there is no ledger yet */
    const char *name;
    const char *place; /* the database */
    size_t records;
    bool witnessed; /* its heads had been remembered here before */
    size_t problems;
    size_t waiting; /* changes of persons and policies that need more owners */
};
struct assay_ledger_info assay_ledger_info(const struct assay_ledger *ledger);

/* A record that does not count, or a fact that an auditor should see. */
struct assay_ledger_problem {
    size_t seq; /* its place in the local log, from 1; 0: none in particular */
    const char *digest;
    const char *author;
    const char *what;
    bool invalid; /* the record does not count; else it does, with a remark */
};
size_t assay_ledger_problems(const struct assay_ledger *ledger,
                             const struct assay_ledger_problem **problems);

/* ---- persons and keys ---- */

struct assay_key_info {
    const char *fingerprint; /* "SHA256:…" */
    const char *line;        /* "ssh-ed25519 AAAA…" */
    bool hardware;           /* an sk- key: it can be asked for touch and PIN */
    bool revoked;
};
struct assay_person {
    const char *person; /* "dev" */
    const char *name;   /* "Developer" */
    const char *const *roles;
    size_t role_count;
    const char *const *accounts; /* other systems' names of the same person */
    size_t account_count;
    const struct assay_key_info *keys;
    size_t key_count;
    bool me; /* the key this process would sign with is one of theirs */
};
size_t assay_ledger_people(const struct assay_ledger *ledger,
                           const struct assay_person **people);
/* The person whose id or one of whose accounts ACCOUNT is, as who had a part in a version is
   looked up; NULL where it is nobody's. */
const struct assay_person *assay_ledger_person_of(const struct assay_ledger *ledger,
                                                  const char *account);
/* Who signs here: the person whose key the agent holds (asked at the first call), or "". */
enum assay_status assay_ledger_me(struct assay_ledger *ledger, const char **person,
                                  struct assay_error *err);

struct assay_person_change {
    const char *person, *name; /* name NULL: as it is */
    const char *key_file;      /* public key to add; NULL: none */
    const char *const *roles;  /* NULL: as they are */
    size_t role_count;
    const char *const *accounts;
    size_t account_count;
};
/* Adds or changes a person. In an empty store this begins the ledger: the person is its first
   owner, and signs. */
enum assay_status assay_person_set(struct assay_ledger *ledger,
                                   const struct assay_person_change *change,
                                   struct assay_error *err);
/* Revokes a key ("SHA256:…") of a person: of what they signed, the first AFTER records of the
   log here (-1: all that there are now) still count. */
enum assay_status assay_key_revoke(struct assay_ledger *ledger, const char *person,
                                   const char *fingerprint, int64_t after,
                                   struct assay_error *err);

/* ---- policies ---- */

struct assay_policy_info {
    const char *name;
    uint64_t version;
    const char *digest; /* SHA-256 of its text */
    const char *text;
    const char *author;
    int64_t time_ms;
    bool in_force;           /* the newest version that enough owners signed */
    size_t signed_by, needs; /* owners */
    const char *targets;     /* its patterns, set apart by blanks or commas */
    const char *evidence; /* what it wants to be there: "report.md, slices.csv"; "" nothing */
};
size_t assay_ledger_policies(const struct assay_ledger *ledger,
                             const struct assay_policy_info **policies);
/* Parses and signs a new version of the policy in TEXT. Where the newest version has exactly
   this text and still needs owners, signs under that one. */
enum assay_status assay_policy_set(struct assay_ledger *ledger, const char *text, size_t length,
                                   struct assay_error *err);

/* ---- requests ---- */

enum assay_request_state {
    ASSAY_STATE_PENDING,
    ASSAY_STATE_CHANGES, /* changes were asked for */
    ASSAY_STATE_APPROVED,
    ASSAY_STATE_APPLYING,
    ASSAY_STATE_APPLY_FAILED,
    ASSAY_STATE_APPLIED,
    ASSAY_STATE_REVOKED,
    ASSAY_STATE_REJECTED,
    ASSAY_STATE_WITHDRAWN,
    ASSAY_STATE_EXPIRED,
    ASSAY_STATE_SUPERSEDED,
};
const char *assay_request_state_name(enum assay_request_state state); /* "PENDING", … */
bool assay_request_open_state(enum assay_request_state state);        /* may still change */

enum assay_requirement_state {
    ASSAY_UNSATISFIED,
    ASSAY_SATISFIED,
    ASSAY_MISSING,
    ASSAY_ERROR,
    ASSAY_NOT_APPLICABLE,
    ASSAY_OVERRIDDEN,
};
const char *assay_requirement_state_name(enum assay_requirement_state state);
bool assay_requirement_passes(enum assay_requirement_state state); /* ERROR, MISSING do not */

struct assay_requirement {
    const char *name; /* "clause approver", "gate auc", "evidence report", "policy", … */
    enum assay_requirement_state state;
    const char *why;
};

enum assay_verdict {
    ASSAY_APPROVE,
    ASSAY_REJECT,
    ASSAY_REQUEST_CHANGES,
    ASSAY_ABSTAIN,
    ASSAY_WITHDRAW, /* one's vote, or one's own request */
    ASSAY_REVOKE,   /* what was approved or applied */
    ASSAY_OVERRIDE, /* break the glass */
    ASSAY_RATIFY,   /* the later review of an override */
    ASSAY_FULFIL,   /* a condition is met */
    ASSAY_DELEGATE,
    ASSAY_COMMENT,
};
const char *
assay_verdict_name(enum assay_verdict verdict); /* "approve", "request-changes", … */
bool assay_verdict_parse(const char *name, enum assay_verdict *verdict);
const char *assay_verdict_meaning(enum assay_verdict verdict); /* "approval", "review", … */

struct assay_condition {
    const char *text;
    int64_t due_ms; /* or ASSAY_NO_TIME */
    const char *person;
    bool met;
};
struct assay_vote { /* every decision on the request, oldest first */
    enum assay_verdict verdict;
    const char *person, *name, *role, *reason;
    int64_t time_ms;
    uint64_t revision;
    const char *record; /* digest */
    const char *key;    /* fingerprint; "" unsigned */
    bool touched, pin;
    bool counts;
    const char *why_not; /* where it does not count */
    const struct assay_condition *conditions;
    size_t condition_count;
};
struct assay_eligible { /* who could still vote, or why not */
    const char *person, *name, *role;
    bool eligible;
    bool voted;
    const char *why; /* "requested it", "owns the run", … where not eligible */
};
struct assay_gate_result {
    const char *name, *kind;
    enum assay_requirement_state state;
    const char *why;
    const char *candidate, *champion; /* the values compared; "" where there are none */
};
struct assay_evidence {
    const char *name, *kind, *digest;
    uint64_t bytes;
    int64_t time_ms;
    bool seen; /* by this user: a mark kept in the local store */
};
struct assay_model_file {
    const char *path, *digest;
    uint64_t bytes;
};
struct assay_fact { /* part of the lineage: an account and its part */
    const char *part, *account;
};

struct assay_request {
    const char *id; /* 16 hex digits */
    enum assay_request_state state;
    const char *why; /* of the state, in words */
    uint64_t revision;
    const char *binding; /* 64 hex digits: what a vote is a vote on */
    const char *platform, *place, *model, *version, *target;
    const char *from_version, *from_digest; /* the champion then; "" none */
    const char *model_digest;
    const struct assay_model_file *files;
    size_t file_count;
    bool rollback; /* it asks for what was approved and stood there before */
    const char *words, *requester, *requester_name, *tier;
    const char *break_role; /* who may override; "" nobody */
    const char *apply_role; /* who may apply it; "" everybody */
    const char *policy, *policy_digest;
    uint64_t policy_version;
    int64_t opened_ms, revised_ms, expires_ms, apply_by_ms; /* or ASSAY_NO_TIME */
    int64_t approved_ms, applied_ms;
    const struct assay_requirement *requirements;
    size_t requirement_count, satisfied_count;
    const struct assay_vote *votes;
    size_t vote_count;
    const struct assay_eligible *eligible;
    size_t eligible_count;
    const struct assay_gate_result *gates;
    size_t gate_count, gates_passed;
    const struct assay_evidence *evidence;
    size_t evidence_count;
    const struct assay_fact *lineage;
    size_t lineage_count;
    size_t needed, have; /* votes over all clauses */
    bool mine;           /* waits for a vote of mine, or, changes asked for, is my request */
    bool overridden;     /* the glass was broken */
    bool review_open;    /* … and nobody has reviewed that yet */
    bool review_due;     /* … and the later review is late */
    bool unsigned_votes; /* something in it was decided without a signature */
    const char *turn;    /* its plan's step before, while that keeps it waiting; "" none does */
    const char *turn_why; /* … how */
    size_t since_my_vote; /* records since my last decision on it; 0 where there was none */
};
size_t assay_ledger_requests(const struct assay_ledger *ledger,
                             const struct assay_request *const **requests); /* newest first */
/* By a unique prefix of its id (4 characters at least), or MODEL/VERSION where one is open. */
enum assay_status assay_ledger_find(const struct assay_ledger *ledger, const char *ref,
                                    const struct assay_request **out, struct assay_error *err);

/* ---- the local registry ---- */

struct assay_registration {
    const char *model;
    const char *const
        *runs; /* ids of the local store: the run it comes from, then other seeds' */
    size_t run_count;
    const char *const *paths; /* files or directories that are the model */
    size_t path_count;
    const char *const *accounts; /* "PART=ACCOUNT": commit-author, evidence, … */
    size_t account_count;
};
/* Registers the next version of a model: hashes its files, keeps what the run says. */
enum assay_status assay_model_register(struct assay_ledger *ledger,
                                       const struct assay_registration *registration,
                                       char version[24], struct assay_error *err);

/* ---- places ---- */

/* The place that SOURCE, as a user gives it, means in requests (assay_request.place), to be
   freed: a server's URL, or the name of one in the configuration file, for which that is read
   (no network); "" is the local registry. What is neither is ASSAY_IO. Any thread. */
enum assay_status assay_approval_place(const char *source, char **place,
                                       struct assay_error *err);

/* ---- acting: every call signs one record ---- */

struct assay_request_options {
    const char *model, *version, *target;
    const char *server; /* URL of an MLflow server; NULL: the local registry */
    const char *words;
    const char *policy;   /* NULL: the one whose patterns match */
    const char *request;  /* a new revision of this one; NULL: a new request */
    const char *rollback; /* NULL, or a request: asks for what was there before it was applied;
                             model, version, target and server are then taken from it */
    const char *const *evidence; /* files; "NAME=FILE" gives another name */
    size_t evidence_count;
};
/* Runs the gates, signs the request; its id goes to OUT. */
enum assay_status assay_request_send(struct assay_ledger *ledger,
                                     const struct assay_request_options *options, char out[17],
                                     struct assay_error *err);

/* The version that was at the target before REQUEST was applied; NULL, and why, where it was
   not applied or nothing was there. */
const char *assay_request_rollback(const struct assay_request *request,
                                   struct assay_error *err);

struct assay_decision {
    enum assay_verdict verdict;
    const char *reason;
    const char *binding; /* what the user saw: refused where the request is another by now */
    const char *const *conditions; /* "TEXT" or "TEXT until DATE" */
    size_t condition_count;
    uint64_t dwell_seconds; /* how long it was looked at: recorded, never enforced */
    const char *delegate;   /* to whom */
    const char *text; /* sign these very bytes, which assay_request_preview() gave; or NULL */
};
/* Reads "TEXT" or "TEXT until DATE": the text's length goes to *LENGTH, ASSAY_NO_TIME or the
   date to *DUE_MS. */
enum assay_status assay_condition_read(const char *text, size_t *length, int64_t *due_ms,
                                       struct assay_error *err);
/* Checks everything again (files, gates, policy, champion, eligibility) and signs. */
enum assay_status assay_request_decide(struct assay_ledger *ledger, const char *id,
                                       const struct assay_decision *decision,
                                       struct assay_error *err);
/* The exact bytes that deciding would sign now; the caller frees. */
enum assay_status assay_request_preview(struct assay_ledger *ledger, const char *id,
                                        const struct assay_decision *decision, char **text,
                                        struct assay_error *err);
/* What TEXT, the exact bytes of a decision, says, in a few sentences for whom its JSON is too
   much: read from the bytes themselves, so that no word comes from anywhere else. Lines, and
   clean (assay_text_clean): no value begins one. Bytes that are no decision: an error.
   Any thread. */
enum assay_status assay_decision_words(const char *text, struct assay_buf *out,
                                       struct assay_error *err);
/* Moves the target. Idempotent: one that is applied is ASSAY_OK; one that was begun goes on.
   Once that is recorded, runs what the user's configuration file has in its sections
   [after NAME]: what comes of them (below) does not change what is returned. They are read
   first: ASSAY_BAD_INPUT, and nothing begun, where they make no sense. */
enum assay_status assay_request_apply(struct assay_ledger *ledger, const char *id,
                                      struct assay_error *err);
struct assay_follow {
    const char *name;         /* of its section */
    struct assay_error error; /* ASSAY_OK: it ended well */
};
/* What followed the application that the last assay_request_apply() of this handle made; none
   where that made none. They live until the next one. */
size_t assay_ledger_follows(const struct assay_ledger *ledger,
                            const struct assay_follow **follows);
/* Looks at the platform now: has the champion moved, are the files the same? ASSAY_NO and why.
 */
enum assay_status assay_request_check(struct assay_ledger *ledger, const char *id,
                                      struct assay_error *err);

/* ---- drafts: verdicts not signed yet, and marks ---- */

struct assay_draft {
    const char *request, *binding, *reason;
    enum assay_verdict verdict;
    const char *const *conditions; /* of an approval, as in struct assay_decision */
    size_t condition_count;
    const char *delegate; /* person; NULL or "": none */
};
/* They live until the next call of this. */
size_t assay_ledger_drafts(struct assay_ledger *ledger, const struct assay_draft **drafts);
/* One draft per request: it takes the place of what was there. */
enum assay_status assay_draft_set(struct assay_ledger *ledger, const struct assay_draft *draft,
                                  struct assay_error *err);
enum assay_status assay_draft_drop(struct assay_ledger *ledger, const char *request,
                                   struct assay_error *err);
/* Marks a piece of evidence (its digest) as seen by this user. */
enum assay_status assay_evidence_seen(struct assay_ledger *ledger, const char *digest,
                                      bool seen, struct assay_error *err);

/* The same three, written down by another thread than the ledger's, which need not wait. */
enum assay_note_kind { ASSAY_NOTE_DRAFT, ASSAY_NOTE_DROP, ASSAY_NOTE_SEEN };
struct assay_note {
    enum assay_note_kind kind;
    struct assay_draft draft; /* DROP: its request alone */
    const char *digest;       /* SEEN */
};
/* Writes NOTE into the store at PLACE (of struct assay_ledger_info), opened for this. Any
   thread; a ledger that is open reads it with what is next read anew. */
enum assay_status assay_note_write(const char *place, const struct assay_note *note,
                                   struct assay_error *err);
/* What LEDGER hands out says from now on that the evidence was seen; nothing is written. */
void assay_evidence_mark(struct assay_ledger *ledger, const char *digest);

/* The bytes of a piece of evidence, from where they are kept beside the store, checked against
   the digest; the caller frees. */
enum assay_status assay_evidence_read(struct assay_ledger *ledger, const char *digest,
                                      char **bytes, size_t *length, struct assay_error *err);

/* ---- audit ---- */

struct assay_log_entry {
    size_t seq;
    const char *digest, *author, *author_name, *event, *what, *request, *meaning;
    int64_t time_ms;
    bool is_signed, counts;
};
size_t assay_ledger_log(const struct assay_ledger *ledger,
                        const struct assay_log_entry **entries);
/* Every record, from the bytes, with the in-process check and ssh-keygen's (QUICK: only ours).
   ASSAY_NO names the first record at fault. */
enum assay_status assay_ledger_verify(struct assay_ledger *ledger, bool quick,
                                      struct assay_error *err);
struct assay_gate_question {
    const char *model, *version, *target;
    const char *digest; /* the model's, where the caller has its files; NULL: not compared */
    const char *server; /* as assay_approval_place() says; NULL: wherever it was requested,
                           where that is one place (which BY names) */
};
/* May this version be at this target? ASSAY_OK, or ASSAY_NO and why. */
enum assay_status assay_ledger_gate(struct assay_ledger *ledger,
                                    const struct assay_gate_question *question,
                                    const struct assay_request **by, struct assay_error *err);
struct assay_drift {
    const char *platform, *model, *target, *version, *why;
    const char *request; /* that moved it there; "" none */
};
/* Targets of the platform (SERVER NULL: the local registry) that stand where no valid approval
   put them; with FILES, those too whose files are not the approved ones any more, for which all
   of them are read. */
enum assay_status assay_ledger_drift(struct assay_ledger *ledger, const char *server,
                                     bool files, const struct assay_drift **drifts,
                                     size_t *count, struct assay_error *err);
/* Writes a bundle (docs/approvals.md) into DIRECTORY, which must not exist or be empty. */
enum assay_status assay_ledger_export(struct assay_ledger *ledger, const char *directory,
                                      struct assay_error *err);
/* A readable account of every request and signature: name, time and meaning of each. */
void assay_ledger_report(const struct assay_ledger *ledger, bool html, struct assay_buf *out);
/* Checks a bundle offline. EXPECT may be NULL. */
enum assay_status assay_bundle_verify(const char *directory, const char *expect,
                                      struct assay_error *err);

/* ---- exchanging records ---- */

struct assay_sync_result {
    size_t sent, received, refused;
    size_t
        strangers; /* records there by nobody of this ledger: left alone, which is no fault */
    bool told;     /* these, and no others, were not taken the last time either */
    size_t there;  /* records that lay there before */
    bool made;     /* the directory was not there, and was made */
    const char *place; /* what REMOTE is called, without secrets; valid as long as ledger and
                          REMOTE are */
    const char *first_refusal; /* "" none */
};
struct assay_sync_options {
    /* Reads at a server also what is here already, and puts what is no longer as it was;
       elsewhere that is always done. What is not taken counts as not told of before. */
    bool again;
    /* Hears of the records that were received, then sent, as they come ("received", DONE of
       ALL), on the caller's thread; false from it stops. NULL: nobody does. */
    bool (*progress)(void *context, const char *what, size_t done, size_t all);
    void *context;
};
/* REMOTE is a directory, "git+URL" (or a path that ends in .git), the URL of an MLflow server,
   or the name of a configured one (which goes before a directory of that name: "./NAME").
   ASSAY_BAD_INPUT where neither side has a ledger: then nothing is made either. Where something
   could not be sent, what RESULT says was received is kept all the same. OPTIONS may be NULL.
   Waits for the network. */
enum assay_status assay_ledger_sync(struct assay_ledger *ledger, const char *remote,
                                    const struct assay_sync_options *options,
                                    struct assay_sync_result *result, struct assay_error *err);
/* The REMOTE this ledger was last exchanged with from this account, in a form that holds in
   every directory; the caller frees. NULL where there was none, or one with a password in it.
 */
char *assay_ledger_sync_place(const struct assay_ledger *ledger);

#endif

/*
 * Ledgers on paper; see paper.h.
 */
#include "support/paper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void paper_init(struct paper *paper)
{
    *paper = (struct paper){.now_ms = PAPER_START, .me = "", .device = "00000001"};
}

void paper_free(struct paper *paper)
{
    fold_free(&paper->fold);
    json_doc_free(&paper->doc);
    free(paper->records);
    assay_arena_free(&paper->arena);
}

const char *paper_key(struct paper *paper, const char *name, char fingerprint[FINGERPRINT_SIZE])
{
    struct pubkey key = {.type = "ssh-ed25519"};
    char digest[ASSAY_SHA256_TEXT];
    uint8_t *at = key.blob;
    assay_sha256(digest, name, strlen(name));
    memcpy(at, "\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
    memcpy(at + 19, digest, 32);
    key.blob_length = 51;
    pubkey_fingerprint(fingerprint, key.blob, key.blob_length);
    return pubkey_line(&key, &paper->arena);
}

static const char *keep(struct paper *paper, const char *text)
{
    return assay_arena_strdup(&paper->arena, text);
}

void paper_head(struct paper *paper, const char *person, struct statement *s)
{
    char fingerprint[FINGERPRINT_SIZE];
    paper_key(paper, person, fingerprint);
    s->person = person;
    s->name = person;
    s->role = s->role ? s->role : "";
    s->key = keep(paper, fingerprint);
    s->device = paper->device;
    s->nonce = "n";
    s->host = s->user = s->terminal = "";
    s->subject = "test";
    s->subject_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    s->ledger = paper->count ? paper->records[0].digest : "";
    s->number = 1;
    s->previous = "";
    s->time_ms = paper->now_ms;
    const char *mine = statement_chain(s, &paper->arena);
    s->seen = assay_arena_alloc(&paper->arena, (paper->count + 1) * sizeof *s->seen);
    s->seen_count = 0;
    for (size_t i = 0; i < paper->count; i++) {
        const struct record *r = &paper->records[i];
        if (r->fault)
            continue;
        if (strcmp(r->chain, mine) == 0) {
            if (r->s.number >= s->number) {
                s->number = r->s.number + 1;
                s->previous = r->digest;
            }
            continue;
        }
        size_t k = 0;
        while (k < s->seen_count && strcmp(s->seen[k].chain, r->chain) != 0)
            k++;
        if (k == s->seen_count)
            s->seen[s->seen_count++] =
                (struct statement_head){r->chain, r->s.number, r->digest};
        else if (r->s.number > s->seen[k].number)
            s->seen[k] = (struct statement_head){r->chain, r->s.number, r->digest};
    }
}

size_t paper_add_as(struct paper *paper, struct statement *s)
{
    struct assay_buf text = {0};
    struct assay_error err = {0};
    if (statement_write(&text, s, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    ASSAY_GROW(paper->records, paper->capacity, paper->count + 1);
    struct record *r = &paper->records[paper->count++];
    *r = (struct record){.seq = paper->count,
                         .bytes = assay_arena_strndup(&paper->arena, text.data, text.length),
                         .length = text.length,
                         .signature = "x",
                         .signature_length = s->key[0] != '\0'};
    record_read(r, &paper->doc, &paper->arena);
    if (r->fault)
        fail_msg("%s: %s", r->fault, r->bytes);
    r->checked = s->key[0] != '\0' ? SIGNATURE_HOLDS : SIGNATURE_NONE;
    r->signed_by = s->key;
    assay_buf_free(&text);
    return paper->count - 1;
}

size_t paper_add(struct paper *paper, const char *person, struct statement *s)
{
    paper_head(paper, person, s);
    paper->now_ms += 1000;
    return paper_add_as(paper, s);
}

void paper_drop(struct paper *paper, size_t index)
{
    paper->count--;
    memmove(&paper->records[index], &paper->records[index + 1],
            (paper->count - index) * sizeof *paper->records);
}

static struct texts words(struct paper *paper, const char *text)
{
    struct texts out = {assay_arena_alloc(&paper->arena, 32 * sizeof(char *)), 0};
    while (*text) {
        size_t length = strcspn(text, " ");
        if (length > 0)
            out.items[out.count++] = assay_arena_strndup(&paper->arena, text, length);
        text += length;
        text += strspn(text, " ");
    }
    return out;
}

static struct statement_person person_of(struct paper *paper, const char *person,
                                         const char *roles, const char *accounts)
{
    char fingerprint[FINGERPRINT_SIZE];
    struct statement_person out = {
        .person = keep(paper, person),
        .name = keep(paper, person),
        .keys = {assay_arena_alloc(&paper->arena, sizeof(char *)), 1},
        .roles = words(paper, roles),
        .accounts = words(paper, accounts),
    };
    out.keys.items[0] = paper_key(paper, person, fingerprint);
    return out;
}

void paper_begin(struct paper *paper, uint64_t owners)
{
    static const char *const names[] = {"adm", "own2", "own3", "own4"};
    struct statement s = {.event = EVENT_LEDGER};
    struct statement_person *persons =
        assay_arena_alloc(&paper->arena, (owners + 1) * sizeof *persons);
    for (size_t i = 0; i < owners; i++)
        persons[i] = person_of(paper, names[i], "policy-owner", "");
    s.begin = (struct statement_ledger){"test", owners, persons, owners};
    paper_add(paper, "adm", &s);
}

size_t paper_person(struct paper *paper, const char *by, const char *person, const char *roles,
                    const char *accounts)
{
    struct statement s = {.event = EVENT_SIGNER};
    s.signer = (struct statement_signer){
        .change = CHANGE_ADD, .person = person_of(paper, person, roles, accounts), .key = ""};
    return paper_add(paper, by, &s);
}

size_t paper_policy(struct paper *paper, const char *by, const char *text)
{
    struct statement s = {.event = EVENT_POLICY};
    char digest[ASSAY_SHA256_TEXT];
    paper_fold(paper);
    const struct fold_policy *old = fold_policy(&paper->fold, "prod");
    assay_sha256(digest, text, strlen(text));
    s.policy = (struct statement_policy){
        .name = "prod",
        .version = old ? old->record->s.policy.version + 1 : 1,
        .previous = old ? old->record->s.policy.digest : "",
        .digest = keep(paper, digest),
        .text = text,
    };
    return paper_add(paper, by, &s);
}

void paper_usual(struct paper *paper, const char *policy)
{
    paper_init(paper);
    paper_begin(paper, 1);
    paper_person(paper, "adm", "app", "approver", "");
    paper_person(paper, "adm", "rex", "", "");
    paper_policy(paper, "adm", policy);
}

struct statement paper_request(struct paper *paper, const char *id, uint64_t revision)
{
    struct statement s = {.event = EVENT_REQUEST};
    paper_fold(paper);
    const struct fold_policy *policy = fold_policy(&paper->fold, "prod");
    assert_non_null(policy);
    s.request = (struct statement_request){
        .id = keep(paper, id),
        .words = "because",
        .revision = revision,
        .platform = "local",
        .place = "",
        .model = "fraud",
        .version = "18",
        .target = "alias:champion",
        .from_version = "17",
        .from_digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        .model_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .policy = "prod",
        .policy_version = policy->record->s.policy.version,
        .policy_digest = policy->record->s.policy.digest,
        .tier = keep(paper, policy->policy.tier),
        .expires_ms = paper->now_ms + policy->policy.expires_ms,
    };
    return s;
}

size_t paper_ask(struct paper *paper, const char *person, const char *id)
{
    struct statement s = paper_request(paper, id, 1);
    return paper_add(paper, person, &s);
}

struct statement paper_decision(struct paper *paper, const char *id, enum assay_verdict verdict,
                                const char *reason)
{
    struct statement s = {.event = EVENT_DECISION};
    struct assay_buf gates = {0};
    char digest[ASSAY_SHA256_TEXT];
    paper_fold(paper);
    const struct fold_request *request = fold_find(&paper->fold, id);
    assert_non_null(request);
    statement_gates_text(&gates, request->bound->gates, request->bound->gate_count);
    assay_sha256(digest, assay_buf_text(&gates), gates.length);
    assay_buf_free(&gates);
    s.decision = (struct statement_decision){
        .verdict = verdict,
        .request = keep(paper, id),
        .binding = keep(paper, request->bound->binding),
        .reason = reason,
        .revision = request->bound->revision,
        .gates = keep(paper, digest),
        .gates_total = request->bound->gate_count,
        .delegate = "",
        .until_ms = ASSAY_NO_TIME,
    };
    return s;
}

size_t paper_vote(struct paper *paper, const char *person, const char *id,
                  enum assay_verdict verdict)
{
    struct statement s = paper_decision(paper, id, verdict, "a reason");
    return paper_add(paper, person, &s);
}

size_t paper_phase(struct paper *paper, const char *person, const char *id,
                   enum statement_phase phase)
{
    struct statement s = {.event = EVENT_APPLICATION};
    paper_fold(paper);
    const struct fold_request *request = fold_find(&paper->fold, id);
    assert_non_null(request);
    s.application = (struct statement_application){
        .phase = phase,
        .request = keep(paper, id),
        .binding = keep(paper, request->bound->binding),
        .before = "17",
        .after = "18",
        .why = "",
    };
    return paper_add(paper, person, &s);
}

void paper_fold(struct paper *paper)
{
    paper->input = (struct fold_input){.records = paper->records,
                                       .count = paper->count,
                                       .now_ms = paper->now_ms,
                                       .me = paper->me};
    fold_run(&paper->fold, &paper->input);
}

const struct assay_request *paper_get(struct paper *paper, const char *id)
{
    paper_fold(paper);
    const struct fold_request *request = fold_find(&paper->fold, id);
    if (!request)
        fail_msg("there is no request %s", id);
    return &request->view;
}

void paper_expect(struct paper *paper, const char *id, enum assay_request_state state)
{
    const struct assay_request *request = paper_get(paper, id);
    if (request->state != state)
        fail_msg("request %s is %s (%s) and not %s", id,
                 assay_request_state_name(request->state), request->why,
                 assay_request_state_name(state));
}

void paper_expect_invalid(struct paper *paper, size_t index, const char *why)
{
    paper_fold(paper);
    const struct fold_fate *fate = &paper->fold.fates[index];
    if (fate->counts)
        fail_msg("record %zu counts", index);
    if (!fate->why_not || !strstr(fate->why_not, why))
        fail_msg("record %zu: \"%s\" does not say \"%s\"", index,
                 fate->why_not ? fate->why_not : "", why);
}

void paper_expect_valid(struct paper *paper, size_t index)
{
    paper_fold(paper);
    if (!paper->fold.fates[index].counts)
        fail_msg("record %zu does not count: %s", index, paper->fold.fates[index].why_not);
}

const struct assay_requirement *paper_requirement(struct paper *paper, const char *id,
                                                  const char *name)
{
    const struct assay_request *request = paper_get(paper, id);
    for (size_t i = 0; i < request->requirement_count; i++)
        if (strcmp(request->requirements[i].name, name) == 0)
            return &request->requirements[i];
    return NULL;
}

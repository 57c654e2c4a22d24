/*
 * Approvals: how long 100,000 records take from their bytes to requests (signatures aside,
 * which are checked once), against what hashing the same bytes takes; how long one signature
 * takes; and a queue of 10,000 requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval/fold.h"
#include "approval/sshsig.h"

#define RECORDS 100000

struct chain {
    const char *person;
    uint64_t number;
    char digest[ASSAY_SHA256_TEXT];
};
struct bench {
    struct assay_arena arena;
    struct record *records;
    size_t count;
    struct chain chains[4]; /* adm, rex, val, app */
    int64_t now_ms;
    char ledger[ASSAY_SHA256_TEXT];
};

static const char *key_of(struct bench *b, const char *name, char fingerprint[FINGERPRINT_SIZE])
{
    struct pubkey key = {.type = "ssh-ed25519", .blob_length = 51};
    char digest[ASSAY_SHA256_TEXT];
    assay_sha256(digest, name, strlen(name));
    memcpy(key.blob, "\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
    memcpy(key.blob + 19, digest, 32);
    pubkey_fingerprint(fingerprint, key.blob, key.blob_length);
    return pubkey_line(&key, &b->arena);
}

static void add(struct bench *b, size_t who, struct statement *s, const struct chain *seen)
{
    struct assay_buf text = {0};
    struct chain *c = &b->chains[who];
    char fingerprint[FINGERPRINT_SIZE], chain[80];
    key_of(b, c->person, fingerprint);
    snprintf(chain, sizeof chain, "%s/00000001", seen ? seen->person : "");
    struct statement_head head = {chain, seen ? seen->number : 0, seen ? seen->digest : ""};
    s->person = s->name = c->person;
    s->key = fingerprint;
    s->role = s->host = s->user = s->terminal = "";
    s->device = "00000001";
    s->nonce = "0123456789abcdef0123456789abcdef";
    s->subject = "fraud/18";
    s->subject_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    s->ledger = b->count ? b->ledger : "";
    s->number = ++c->number;
    s->previous = c->number > 1 ? c->digest : "";
    s->seen = &head;
    s->seen_count = seen && seen->number ? 1 : 0;
    s->time_ms = b->now_ms += 10;
    if (statement_write(&text, s, NULL) != ASSAY_OK)
        abort();
    struct record *r = &b->records[b->count++];
    *r = (struct record){.seq = b->count,
                         .bytes = assay_arena_strndup(&b->arena, text.data, text.length),
                         .length = text.length,
                         .signature = "x",
                         .signature_length = 1};
    assay_sha256(c->digest, text.data, text.length);
    if (b->count == 1)
        memcpy(b->ledger, c->digest, sizeof b->ledger);
    assay_buf_free(&text);
}

static void begin(struct bench *b)
{
    static const char *const names[] = {"adm", "rex", "val", "app"};
    static const char *const roles[] = {"policy-owner", "engineer", "validator", "approver"};
    struct statement_person persons[4] = {0};
    const char *lines[4];
    char fingerprint[FINGERPRINT_SIZE];
    struct statement s = {.event = EVENT_LEDGER};
    for (size_t i = 0; i < 4; i++) {
        lines[i] = key_of(b, names[i], fingerprint);
        persons[i] = (struct statement_person){.person = names[i],
                                               .name = names[i],
                                               .keys = {&lines[i], 1},
                                               .roles = {(const char **)&roles[i], 1}};
        b->chains[i].person = names[i];
    }
    s.begin = (struct statement_ledger){"bench", 1, persons, 4};
    add(b, 0, &s, NULL);
    static const char text[] = "[policy]\nname = prod\n[clause validator]\ncount = 1\n[clause "
                               "approver]\ncount = 1\n";
    char digest[ASSAY_SHA256_TEXT];
    assay_sha256(digest, text, sizeof text - 1);
    s = (struct statement){.event = EVENT_POLICY};
    s.policy = (struct statement_policy){"prod", "", digest, text, 1};
    add(b, 0, &s, NULL);
}

/* A request by rex and a vote each by val and app. */
static void round_of(struct bench *b, uint32_t i, const char *policy)
{
    char id[17], model[32], gates[ASSAY_SHA256_TEXT];
    struct statement s = {.event = EVENT_REQUEST};
    snprintf(id, sizeof id, "%016x", i + 1);
    snprintf(model, sizeof model, "model-%u", i);
    s.request = (struct statement_request){
        .id = id,
        .words = "better on the frozen set",
        .revision = 1,
        .platform = "local",
        .place = "",
        .model = model,
        .version = "18",
        .target = "alias:champion",
        .from_version = "",
        .from_digest = "",
        .model_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .policy = "prod",
        .policy_digest = policy,
        .policy_version = 1,
        .tier = "standard",
        .expires_ms = b->now_ms + 864000000};
    add(b, 1, &s, &b->chains[0]);
    char binding[ASSAY_SHA256_TEXT];
    memcpy(binding, s.request.binding, sizeof binding);
    assay_sha256(gates, "[]", 2);
    for (size_t who = 2; who < 4 && (who == 2 || i % 3); who++) {
        s = (struct statement){.event = EVENT_DECISION};
        s.decision = (struct statement_decision){.verdict = ASSAY_APPROVE,
                                                 .request = id,
                                                 .binding = binding,
                                                 .reason = "looked at it",
                                                 .revision = 1,
                                                 .gates = gates,
                                                 .delegate = "",
                                                 .until_ms = ASSAY_NO_TIME};
        add(b, who, &s, &b->chains[1]);
    }
}

static double parse_and_fold(struct bench *b, size_t count, size_t *requests, double *parsed)
{
    struct assay_arena arenas[RECORD_THREADS] = {0};
    struct fold fold = {0};
    struct record **list = assay_alloc_array(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = &b->records[i];
        list[i]->digest = NULL;
    }
    int64_t start = assay_monotonic_us();
    records_work(list, count, 0, record_read, arenas); /* as a ledger does */
    for (size_t i = 0; i < count; i++) {
        struct record *r = &b->records[i];
        if (r->fault) {
            fprintf(stderr, "%s\n", r->fault);
            exit(1);
        }
        r->checked = SIGNATURE_HOLDS;
        r->signed_by = r->s.key;
    }
    *parsed = (double)(assay_monotonic_us() - start) / 1000;
    fold_run(&fold,
             &(struct fold_input){
                 .records = b->records, .count = count, .now_ms = b->now_ms, .me = "app"});
    double ms = (double)(assay_monotonic_us() - start) / 1000;
    if (fold.problem_count) {
        fprintf(stderr, "%s\n", fold.problems[0].what);
        exit(1);
    }
    *requests = fold.request_count;
    fold_free(&fold);
    for (size_t i = 0; i < RECORD_THREADS; i++)
        assay_arena_free(&arenas[i]);
    free(list);
    return ms;
}

/* With an argument: so many records, for who counts instructions. */
int main(int argc, char **argv)
{
    const size_t records = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : RECORDS;
    struct bench b = {.now_ms = INT64_C(1764000000000)};
    char digest[ASSAY_SHA256_TEXT], policy[ASSAY_SHA256_TEXT];
    size_t requests = 0, bytes = 0;
    double parsed = 0;
    b.records = assay_alloc_array(records + 8, sizeof *b.records);
    begin(&b);
    static const char text[] = "[policy]\nname = prod\n[clause validator]\ncount = 1\n[clause "
                               "approver]\ncount = 1\n";
    assay_sha256(policy, text, sizeof text - 1);
    uint32_t rounds = 0;
    size_t ten_thousand = 0;
    while (b.count + 3 <= records) {
        round_of(&b, rounds++, policy);
        if (rounds == 10000)
            ten_thousand = b.count;
    }
    int64_t start = assay_monotonic_us();
    for (size_t i = 0; i < b.count; i++) {
        assay_sha256(digest, b.records[i].bytes, b.records[i].length);
        bytes += b.records[i].length;
    }
    double floor_ms = (double)(assay_monotonic_us() - start) / 1000;
    double ms = parse_and_fold(&b, b.count, &requests, &parsed);
    printf("approvals: %zu records (%zu MB, %zu requests): read %.0f ms, folded %.0f ms more; "
           "%.1f times hashing them (%.0f ms)\n",
           b.count, bytes >> 20, requests, parsed, ms - parsed, ms / floor_ms, floor_ms);
    ms = parse_and_fold(&b, ten_thousand > 0 ? ten_thousand : b.count, &requests, &parsed);
    printf("approvals: a queue of %zu requests (%zu records): %.0f ms\n", requests,
           ten_thousand > 0 ? ten_thousand : b.count, ms);
    free(b.records);
    assay_arena_free(&b.arena);
    return 0;
}

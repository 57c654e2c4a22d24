/*
 * Usage: bench_approvals [RECORDS]           measures, in memory
 *        bench_approvals make STORE RECORDS  writes a ledger of so many, each of them signed
 *
 * Approvals: how long 100,000 records take from their bytes to requests (signatures aside,
 * which are checked once), against what hashing the same bytes takes; how long one signature
 * takes; and a queue of 10,000 requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/eddsa.h>
#include <nettle/sha2.h>

#include <assay/clock.h>

#include "approval/fold.h"
#include "approval/sshsig.h"
#include "store/store.h"
#include "store/store_ledger.h"

#define RECORDS 100000

static const char policy_text[] = "[policy]\nname = prod\n[clause validator]\ncount = 1\n"
                                  "[clause approver]\ncount = 1\n";

struct chain {
    const char *person;
    uint64_t number;
    char digest[ASSAY_SHA256_TEXT];
    char fingerprint[FINGERPRINT_SIZE];
};
struct bench {
    struct assay_arena arena;
    struct record *records;
    size_t count;
    struct chain chains[4]; /* adm, rex, val, app */
    int64_t now_ms;
    struct store *store; /* where all of it is written, signed; NULL */
    char ledger[ASSAY_SHA256_TEXT];
};

/* The keys of persons who are nobody: their names' digests. */
static struct pubkey make_key(const char *name, uint8_t secret[ED25519_KEY_SIZE])
{
    struct pubkey key = {.type = "ssh-ed25519", .blob_length = 51};
    char digest[ASSAY_SHA256_TEXT];
    assay_sha256(digest, name, strlen(name));
    memcpy(secret, digest, ED25519_KEY_SIZE);
    memcpy(key.blob, "\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
    ed25519_sha512_public_key(key.blob + 19, secret);
    return key;
}

static const char *key_of(struct bench *b, const char *name, char fingerprint[FINGERPRINT_SIZE])
{
    uint8_t secret[ED25519_KEY_SIZE];
    struct pubkey key = make_key(name, secret);
    pubkey_fingerprint(fingerprint, key.blob, key.blob_length);
    return pubkey_line(&key, &b->arena);
}

static void put_string(struct assay_buf *out, const void *bytes, size_t length)
{
    const uint8_t size[4] = {0, 0, 0, (uint8_t)length};
    assay_buf_add(out, size, sizeof size);
    assay_buf_add(out, bytes, length);
}

/* What both the bytes that are signed and the signature itself begin with (PROTOCOL.sshsig). */
static void put_frame(struct assay_buf *out, const char *space)
{
    put_string(out, space, strlen(space));
    put_string(out, "", 0);
    put_string(out, "sha512", 6);
}

static void sign(struct assay_buf *armour, const char *name, const char *space,
                 const struct assay_buf *text)
{
    struct assay_buf inner = {0}, blob = {0}, signature = {0};
    struct sha512_ctx context;
    uint8_t secret[ED25519_KEY_SIZE], hash[SHA512_DIGEST_SIZE], raw[ED25519_SIGNATURE_SIZE];
    struct pubkey key = make_key(name, secret);
    char base64[1024];
    sha512_init(&context);
    sha512_update(&context, text->length, (const uint8_t *)text->data);
    sha512_digest(&context, sizeof hash, hash);
    assay_buf_text_add(&inner, "SSHSIG");
    put_frame(&inner, space);
    put_string(&inner, hash, sizeof hash);
    ed25519_sha512_sign(key.blob + 19, secret, inner.length, (const uint8_t *)inner.data, raw);
    put_string(&signature, "ssh-ed25519", 11);
    put_string(&signature, raw, sizeof raw);
    assay_buf_add(&blob, "SSHSIG\0\0\0\1", 10);
    put_string(&blob, key.blob, key.blob_length);
    put_frame(&blob, space);
    put_string(&blob, signature.data, signature.length);
    const size_t count = base64_encode(base64, (const uint8_t *)blob.data, blob.length);
    assay_buf_text_add(armour, "-----BEGIN SSH SIGNATURE-----\n");
    for (size_t i = 0; i < count; i += 70) {
        assay_buf_add(armour, base64 + i, count - i < 70 ? count - i : 70);
        assay_buf_char(armour, '\n');
    }
    assay_buf_text_add(armour, "-----END SSH SIGNATURE-----\n");
    assay_buf_free(&inner);
    assay_buf_free(&blob);
    assay_buf_free(&signature);
}

static void must(enum assay_status status, const struct assay_error *err)
{
    if (status == ASSAY_OK)
        return;
    fprintf(stderr, "bench_approvals: %s\n", err->what);
    exit(1);
}

static void keep(struct bench *b, const struct statement *s, const struct assay_buf *text)
{
    struct assay_buf armour = {0};
    struct assay_error err = {0};
    char digest[ASSAY_SHA256_TEXT];
    sign(&armour, s->person, statement_space(s->event), text);
    struct store_record row = {.digest = assay_sha256(digest, text->data, text->length),
                               .stored_ms = s->time_ms,
                               .statement = text->data,
                               .statement_length = text->length,
                               .signature = armour.data,
                               .signature_length = armour.length};
    must(store_append_record(b->store, &row, &err), &err);
    assay_buf_free(&armour);
}

static void add(struct bench *b, size_t who, struct statement *s, const struct chain *seen)
{
    struct assay_buf text = {0};
    struct chain *c = &b->chains[who];
    char chain[80];
    snprintf(chain, sizeof chain, "%s/00000001", seen ? seen->person : "");
    struct statement_head head = {chain, seen ? seen->number : 0, seen ? seen->digest : ""};
    s->person = s->name = c->person;
    s->key = c->fingerprint;
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
    if (b->store)
        keep(b, s, &text);
    assay_buf_free(&text);
}

static void begin(struct bench *b)
{
    static const char *const names[] = {"adm", "rex", "val", "app"};
    static const char *const roles[] = {"policy-owner", "engineer", "validator", "approver"};
    struct statement_person persons[4] = {0};
    const char *lines[4];
    struct statement s = {.event = EVENT_LEDGER};
    for (size_t i = 0; i < 4; i++) {
        lines[i] = key_of(b, names[i], b->chains[i].fingerprint);
        persons[i] = (struct statement_person){.person = names[i],
                                               .name = names[i],
                                               .keys = {&lines[i], 1},
                                               .roles = {(const char **)&roles[i], 1}};
        b->chains[i].person = names[i];
    }
    s.begin = (struct statement_ledger){"bench", 1, persons, 4};
    add(b, 0, &s, NULL);
    char digest[ASSAY_SHA256_TEXT];
    assay_sha256(digest, policy_text, sizeof policy_text - 1);
    s = (struct statement){.event = EVENT_POLICY};
    s.policy = (struct statement_policy){"prod", "", digest, policy_text, 1};
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

/* Returns at how many records there are 10,000 requests; 0: never. */
static size_t fill(struct bench *b, size_t records)
{
    char policy[ASSAY_SHA256_TEXT];
    uint32_t rounds = 0;
    size_t ten_thousand = 0;
    b->records = assay_alloc_array(records + 8, sizeof *b->records);
    begin(b);
    assay_sha256(policy, policy_text, sizeof policy_text - 1);
    while (b->count + 3 <= records) {
        round_of(b, rounds++, policy);
        if (rounds == 10000)
            ten_thousand = b->count;
    }
    return ten_thousand;
}

static int make(const char *path, size_t records)
{
    struct bench b = {.now_ms = assay_now_ms() - (int64_t)records * 10 - 60000};
    struct assay_error err = {0};
    must(store_open(&b.store, path, STORE_LOCAL, false, &err), &err);
    must(store_begin(b.store, &err), &err);
    fill(&b, records);
    must(store_commit(b.store, &err), &err);
    store_close(&b.store);
    free(b.records);
    assay_arena_free(&b.arena);
    return 0;
}

static void measure(size_t records)
{
    struct bench b = {.now_ms = INT64_C(1764000000000)};
    char digest[ASSAY_SHA256_TEXT];
    size_t requests = 0, bytes = 0;
    double parsed = 0;
    size_t ten_thousand = fill(&b, records);
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
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], (size_t)strtoul(argv[3], NULL, 10));
    measure(argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : RECORDS);
    return 0;
}

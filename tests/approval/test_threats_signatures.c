/*
 * Threats to signatures and those who make them, T5, T6 and T13 to T17 of docs/approvals.md.
 * Each test says which line of defence it fails without.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <nettle/eddsa.h>
#include <nettle/sha2.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "approval/signer.h"
#include "base/spawn.h"
#include "support/paper.h"
#include "support/world.h"

#define REQ "00000000000000aa"

static struct world world;
static char request[17];

static int start(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_ask(&world, request);
    world_approve(&world, request);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

/* ---- T5: a signature is taken from one statement to another. Fails without sshsig_check()'s
   look at the bytes. ---- */

static void t5_transplant(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    struct sshsig_facts facts;
    size_t tried = 0;
    (void)state;
    for (size_t i = 0; i < ledger->count; i++) {
        for (size_t k = 0; k < ledger->count; k++) {
            const struct record *a = &ledger->records[i], *b = &ledger->records[k];
            enum assay_status status =
                sshsig_check(b->signature, b->signature_length, statement_space(a->s.event),
                             a->bytes, a->length, &facts, NULL);
            assert_int_equal(status == ASSAY_OK, i == k);
            tried++;
        }
    }
    assert_true(tried > 80);
    assay_ledger_close(&ledger);
}

/* ---- T6: a signature made for another purpose. Fails without the namespace in sshsig_check().
 * ---- */

static void t6_namespace(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "app");
    struct assay_buf out = {0};
    struct sshsig_facts facts;
    struct assay_error err = {0};
    const char *me;
    (void)state;
    assert_int_equal(assay_ledger_me(ledger, &me, &err), ASSAY_OK);
    const struct record *last = &ledger->records[ledger->count - 1];
    assert_int_equal(
        signer_sign(ledger->my_line, "git", last->bytes, last->length, 0, &out, &facts, &err),
        ASSAY_OK);
    assert_int_equal(sshsig_check(out.data, out.length, SSHSIG_APPROVAL, last->bytes,
                                  last->length, &facts, &err),
                     ASSAY_NO);
    assert_non_null(strstr(err.what, "\"git\""));
    assert_int_equal(signer_second_opinion("app", ledger->my_line, SSHSIG_APPROVAL, last->bytes,
                                           last->length, out.data, out.length, NULL),
                     ASSAY_NO);
    assay_buf_free(&out);
    assay_ledger_close(&ledger);
}

/* ---- T13: a revoked key, and a signature dated back. Fails without apply_revocations(),
   person_key_allows() and check_time(). ---- */

static void t13_revoked(void **state)
{
    struct paper p;
    char fingerprint[FINGERPRINT_SIZE];
    struct statement revoke = {.event = EVENT_SIGNER};
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    size_t before = paper_vote(&p, "app", REQ, ASSAY_COMMENT);
    struct statement_head upto = {p.records[before].chain, 1, p.records[before].digest};
    /* The thief writes a record that the revocation has not seen, with an earlier time. */
    struct statement stolen = paper_decision(&p, REQ, ASSAY_APPROVE, "me");
    paper_head(&p, "app", &stolen);
    paper_key(&p, "app", fingerprint);
    revoke.signer = (struct statement_signer){
        .change = CHANGE_REVOKE,
        .person = {.person = "app", .name = "app"},
        .key = fingerprint,
        .after = &upto,
        .after_count = 1,
    };
    paper_add(&p, "adm", &revoke);
    size_t after = paper_add_as(&p, &stolen);
    paper_expect_valid(&p, before);
    paper_expect_invalid(&p, after, "revoked");
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* A key that was laid aside, and turns out to have been stolen before that: what counts is what
   both revocations let stand, whichever came first. Fails without narrow(). */
static void t13_revoked_from_earlier(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        struct paper p;
        char fingerprint[FINGERPRINT_SIZE];
        paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
        paper_ask(&p, "rex", REQ);
        size_t first = paper_vote(&p, "app", REQ, ASSAY_COMMENT);
        size_t stolen = paper_vote(&p, "app", REQ, ASSAY_APPROVE);
        const struct statement_head upto[] = {
            {p.records[first].chain, 1, p.records[first].digest},
            {p.records[stolen].chain, 2, p.records[stolen].digest}};
        paper_key(&p, "app", fingerprint);
        for (int i = 0; i < 2; i++) {
            struct statement revoke = {.event = EVENT_SIGNER};
            struct statement_head after = upto[(i + 1 + turned) % 2];
            revoke.signer = (struct statement_signer){
                .change = CHANGE_REVOKE,
                .person = {.person = "app", .name = "app"},
                .key = fingerprint,
                .after = &after,
                .after_count = 1,
            };
            paper_add(&p, "adm", &revoke);
            if (i == 0)
                paper_expect(&p, REQ, turned ? ASSAY_STATE_PENDING : ASSAY_STATE_APPROVED);
        }
        paper_expect_valid(&p, first);
        paper_expect_invalid(&p, stolen, "revoked");
        paper_expect(&p, REQ, ASSAY_STATE_PENDING);
        paper_free(&p);
    }
}

static void t13_backdated(void **state)
{
    struct paper p;
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    struct statement s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.time_ms -= FOLD_SKEW_MS + 60000;
    paper_expect_invalid(&p, paper_add_as(&p, &s), "before what it builds on");
    s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.time_ms += FOLD_SKEW_MS + 60000;
    paper_expect_invalid(&p, paper_add_as(&p, &s), "future");
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* ---- T14: a forwarded agent, a key that was not touched. Hardware keys are made of a software
   one: what an sk- key signs, signed here. Fails without vote_fault()'s look at the flags. ----
 */

struct fake_sk {
    uint8_t secret[32], public[32];
    struct pubkey key;
};

static void put_string(struct assay_buf *out, const void *bytes, size_t length)
{
    const uint8_t size[4] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length};
    assay_buf_add(out, size, 4);
    assay_buf_add(out, bytes, length);
}

static void fake_sk_make(struct fake_sk *sk)
{
    struct assay_buf blob = {0};
    memset(sk->secret, 7, 32);
    ed25519_sha512_public_key(sk->public, sk->secret);
    put_string(&blob, "sk-ssh-ed25519@openssh.com", 26);
    put_string(&blob, sk->public, 32);
    put_string(&blob, "ssh:", 4);
    sk->key = (struct pubkey){.type = "sk-ssh-ed25519@openssh.com"};
    memcpy(sk->key.blob, blob.data, blob.length);
    sk->key.blob_length = blob.length;
    assay_buf_free(&blob);
}

static void sha(int bits, const void *bytes, size_t length, uint8_t *out)
{
    struct sha256_ctx c256;
    struct sha512_ctx c512;
    if (bits == 256) {
        sha256_init(&c256);
        sha256_update(&c256, length, bytes);
        sha256_digest(&c256, 32, out);
    } else {
        sha512_init(&c512);
        sha512_update(&c512, length, bytes);
        sha512_digest(&c512, 64, out);
    }
}

static void fake_sk_sign(const struct fake_sk *sk, uint8_t flags, uint32_t counter,
                         const char *message, size_t length, struct assay_buf *armour)
{
    struct assay_buf inner = {0}, data = {0}, blob = {0}, signature = {0};
    uint8_t hash[64], sig[64];
    const uint8_t number[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
                               (uint8_t)(counter >> 8), (uint8_t)counter};
    sha(512, message, length, hash);
    assay_buf_text_add(&inner, "SSHSIG");
    put_string(&inner, SSHSIG_APPROVAL, strlen(SSHSIG_APPROVAL));
    put_string(&inner, "", 0);
    put_string(&inner, "sha512", 6);
    put_string(&inner, hash, 64);
    sha(256, "ssh:", 4, hash);
    assay_buf_add(&data, hash, 32);
    assay_buf_char(&data, (char)flags);
    assay_buf_add(&data, number, 4);
    sha(256, inner.data, inner.length, hash);
    assay_buf_add(&data, hash, 32);
    ed25519_sha512_sign(sk->public, sk->secret, data.length, (const uint8_t *)data.data, sig);
    put_string(&signature, "sk-ssh-ed25519@openssh.com", 26);
    put_string(&signature, sig, 64);
    assay_buf_char(&signature, (char)flags);
    assay_buf_add(&signature, number, 4);
    assay_buf_add(&blob, "SSHSIG\0\0\0\1", 10);
    put_string(&blob, sk->key.blob, sk->key.blob_length);
    put_string(&blob, SSHSIG_APPROVAL, strlen(SSHSIG_APPROVAL));
    put_string(&blob, "", 0);
    put_string(&blob, "sha512", 6);
    put_string(&blob, signature.data, signature.length);
    char *base64 = assay_alloc(blob.length * 2 + 8);
    size_t count = base64_encode(base64, (const uint8_t *)blob.data, blob.length);
    assay_buf_reset(armour);
    assay_buf_text_add(armour, "-----BEGIN SSH SIGNATURE-----\n");
    for (size_t i = 0; i < count; i += 70) {
        assay_buf_add(armour, base64 + i, count - i < 70 ? count - i : 70);
        assay_buf_char(armour, '\n');
    }
    assay_buf_text_add(armour, "-----END SSH SIGNATURE-----\n");
    free(base64);
    assay_buf_free(&inner);
    assay_buf_free(&data);
    assay_buf_free(&blob);
    assay_buf_free(&signature);
}

/* app votes with the hardware key and these flags; what the vote then is. */
static void sk_vote(const char *policy, uint8_t flags, uint32_t counter, const char *why_not)
{
    struct fake_sk sk;
    struct paper p;
    struct assay_buf armour = {0};
    char fingerprint[FINGERPRINT_SIZE];
    struct statement add = {.event = EVENT_SIGNER};
    fake_sk_make(&sk);
    paper_init(&p);
    paper_begin(&p, 1);
    const char *line = pubkey_line(&sk.key, &p.arena), *role = "approver";
    add.signer = (struct statement_signer){
        .change = CHANGE_ADD,
        .person = {.person = "app", .name = "app", .keys = {&line, 1}, .roles = {&role, 1}},
        .key = ""};
    paper_add(&p, "adm", &add);
    paper_person(&p, "adm", "rex", "", "");
    paper_policy(&p, "adm", policy);
    paper_ask(&p, "rex", REQ);
    struct statement s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.key = pubkey_fingerprint(fingerprint, sk.key.blob, sk.key.blob_length);
    p.now_ms += 1000;
    struct record *r = &p.records[paper_add_as(&p, &s)];
    fake_sk_sign(&sk, flags, counter, r->bytes, r->length, &armour);
    /* ssh-keygen takes it, touched or not: that is why we look ourselves. */
    assert_int_equal(signer_second_opinion("app", line, SSHSIG_APPROVAL, r->bytes, r->length,
                                           armour.data, armour.length, NULL),
                     ASSAY_OK);
    r->signature = armour.data;
    r->signature_length = armour.length;
    r->checked = SIGNATURE_UNCHECKED;
    record_check(r, &p.arena);
    assert_int_equal(r->checked, SIGNATURE_HOLDS);
    assert_true(r->hardware);
    const struct assay_request *request_now = paper_get(&p, REQ);
    assert_int_equal(request_now->vote_count, 1);
    if (why_not) {
        assert_false(request_now->votes[0].counts);
        assert_non_null(strstr(request_now->votes[0].why_not, why_not));
        assert_int_equal(request_now->state, ASSAY_STATE_PENDING);
    } else {
        assert_int_equal(request_now->state, ASSAY_STATE_APPROVED);
    }
    assay_buf_free(&armour);
    paper_free(&p);
}

static void t14_flags(void **state)
{
    static const char touch[] =
        "[policy]\nname = prod\ntouch = required\n[clause approver]\ncount = 1\n";
    static const char pin[] =
        "[policy]\nname = prod\npin = required\n[clause approver]\ncount = 1\n";
    (void)state;
    sk_vote(touch, 0, 5, "without touching");
    sk_vote(touch, 1, 5, NULL);
    sk_vote(pin, 1, 5, "PIN");
    sk_vote(pin, 5, 5, NULL);
}

/* A soft key where a touch is asked for: refused before it is even asked. */
static void t14_soft_key(void **state)
{
    struct paper p;
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\ntouch = required\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    assert_false(paper_get(&p, REQ)->votes[0].counts);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* The other decisions that let something through, signed without a touch: breaking the glass,
   handing on a vote, taking back a refusal. Fails without signing_fault() where each is
   counted. */
static void t14_soft_roundabout(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "adm", "app", "approver breaker", "");
    paper_person(&p, "adm", "two", "", "");
    paper_person(&p, "adm", "rex", "", "");
    paper_policy(&p, "adm",
                 "[policy]\nname = prod\ntouch = required\n[clause approver]\ncount = 1\n"
                 "[delegation]\nallowed = yes\n[break-glass]\nrole = breaker\n");
    paper_ask(&p, "rex", REQ);
    size_t glass = paper_vote(&p, "app", REQ, ASSAY_OVERRIDE);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    p.records[glass].touched = true;
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    p.records[glass].touched = false;

    struct statement hand = paper_decision(&p, REQ, ASSAY_DELEGATE, "on leave");
    hand.decision.delegate = "two";
    hand.decision.until_ms = p.now_ms + PAPER_HOUR;
    size_t handed = paper_add(&p, "app", &hand),
           vote = paper_vote(&p, "two", REQ, ASSAY_APPROVE);
    p.records[vote].touched = true;
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    p.records[handed].touched = true;
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);

    p.records[handed].touched = false;
    size_t veto = paper_vote(&p, "app", REQ, ASSAY_REJECT);
    p.records[veto].touched = true;
    size_t back = paper_vote(&p, "app", REQ, ASSAY_WITHDRAW);
    paper_expect(&p, REQ, ASSAY_STATE_REJECTED);
    p.records[back].touched = true;
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* Where a policy takes unsigned votes, what anybody can write takes no place of what somebody
   signed. Fails without the signatures compared in other_stance(). */
static void t14_unsigned_takes_nothing_back(void **state)
{
    struct paper p;
    (void)state;
    paper_usual(&p,
                "[policy]\nname = prod\nunsigned = allowed\n[clause approver]\ncount = 2\n");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "app", REQ, ASSAY_REJECT);
    struct statement forged = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &forged);
    forged.key = "";
    forged.number = 1;
    forged.previous = "";
    p.now_ms += 1000;
    paper_add_as(&p, &forged);
    paper_expect(&p, REQ, ASSAY_STATE_REJECTED);
    /* Nor does it count beside the other. */
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    assert_int_equal(paper_get(&p, REQ)->have, 1);
    assert_false(paper_get(&p, REQ)->votes[0].counts);
    paper_free(&p);
}

/* A counter that does not grow: the key may be a copy. Fails without check_counter(). */
static void t14_counter(void **state)
{
    struct paper p;
    struct fake_sk sk;
    struct statement add = {.event = EVENT_SIGNER};
    char fingerprint[FINGERPRINT_SIZE];
    (void)state;
    fake_sk_make(&sk);
    paper_init(&p);
    paper_begin(&p, 1);
    const char *line = pubkey_line(&sk.key, &p.arena), *role = "approver";
    add.signer = (struct statement_signer){
        .change = CHANGE_ADD,
        .person = {.person = "app", .name = "app", .keys = {&line, 1}, .roles = {&role, 1}},
        .key = ""};
    paper_add(&p, "adm", &add);
    paper_person(&p, "adm", "rex", "", "");
    paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    for (uint32_t i = 0; i < 2; i++) {
        struct statement s = paper_decision(&p, REQ, ASSAY_COMMENT, "hm");
        paper_head(&p, "app", &s);
        s.key = pubkey_fingerprint(fingerprint, sk.key.blob, sk.key.blob_length);
        p.now_ms += 1000;
        struct record *r = &p.records[paper_add_as(&p, &s)];
        r->hardware = true;
        r->counter = 9 - i;
    }
    paper_fold(&p);
    assert_int_equal(p.fold.problem_count, 1);
    assert_false(p.fold.problems[0].invalid);
    assert_non_null(strstr(p.fold.problems[0].what, "counter"));
    paper_free(&p);
}

/* ---- T15: another signer is put in the way. Fails without spawn_find()'s fixed places and the
   check of what came back in signer_sign(). ---- */

static void t15_substituted(void **state)
{
    char *directory = world_path(&world, "evil"), file[400], mark[400], script[900];
    const char *path = getenv("PATH");
    char *old = assay_strdup(path);
    struct assay_error err = {0};
    char id[17];
    (void)state;
    assert_int_equal(assay_make_directories(directory, &err), ASSAY_OK);
    snprintf(file, sizeof file, "%s/ssh-keygen", directory);
    snprintf(mark, sizeof mark, "%s/ran", directory);
    snprintf(script, sizeof script, "#!/bin/sh\ntouch %s\n", mark);
    assert_int_equal(assay_file_write(file, script, strlen(script), 0755, &err), ASSAY_OK);
    setenv("PATH", directory, 1);
    world_ask(&world, id);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, &err), ASSAY_OK);
    setenv("PATH", old, 1);
    assert_int_not_equal(access(mark, F_OK), 0);
    free(old);
    free(directory);
}

/* ---- T16: no file is written or named in signing, so no stale signature can be taken for a
   new one. Fails if signer.c ever passes a path but that of the key's descriptor. ---- */

static void t16_no_files(void **state)
{
    char trace[400], store[400], state_home[400], command[1200], *text = NULL;
    const char *program = getenv("ASSAY_PROGRAM");
    size_t length = 0, found = 0;
    char id[17];
    (void)state;
    const char *const probe[] = {"strace", "-o", "/dev/null", "true", NULL};
    if (!program || test_command_status(probe) != 0)
        skip();
    world_ask(&world, id);
    snprintf(trace, sizeof trace, "%s/trace", world.directory);
    snprintf(store, sizeof store, "ASSAY_STORE=%s", world.store);
    snprintf(state_home, sizeof state_home, "XDG_STATE_HOME=%s/t16", world.directory);
    snprintf(command, sizeof command, "%s/rex.pub", world.agent.directory);
    const char *const argv[] = {"env",
                                "ASAN_OPTIONS=detect_leaks=0",
                                store,
                                state_home,
                                "strace",
                                "-f",
                                "-s",
                                "200",
                                "-e",
                                "trace=execve",
                                "-o",
                                trace,
                                program,
                                "sign",
                                id,
                                "--withdraw",
                                "--sign-with",
                                command,
                                NULL};
    test_command(argv);
    assert_int_equal(assay_file_read(trace, 16 << 20, &text, &length, NULL), ASSAY_OK);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strstr(line, "\"sign\", \"-f\""))
            continue;
        assert_non_null(strstr(line, "\"-U\", \"-Y\", \"sign\", \"-f\", \"/proc/self/fd/"));
        assert_non_null(strstr(line, "\"-n\", \"approval@assay\"]"));
        found++;
    }
    assert_int_equal(found, 1);
    free(text);
}

/* ---- T17: the agent does not answer. Fails without the deadline in spawn_run(). ---- */

#define GIVES_UP_MS 15000 /* far longer than who signs waits, and not for ever */

struct silent_agent {
    int listener;
    int done[2]; /* a pipe: closed at the writing end once nobody waits for the agent */
};

/* Listens and says nothing; who would wait for it for ever comes back in the end, and is seen to
   have waited. */
static void *stay_silent(void *context)
{
    const struct silent_agent *silent = context;
    struct pollfd done = {.fd = silent->done[0]};
    (void)poll(&done, 1, GIVES_UP_MS);
    close(silent->listener); /* who was not answered is told that nobody is there */
    return NULL;
}

static void t17_silent_agent(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct silent_agent silent = {.listener = listener};
    pthread_t thread;
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char heads[400], key[400], id[17];
    (void)state;
    world_ask(&world, id);
    size_t before = world_records(&world);
    assert_true(strlen(world.agent.directory) + 3 < sizeof address.sun_path);
    memcpy(address.sun_path, world.agent.directory, strlen(world.agent.directory) + 1);
    strncat(address.sun_path, "/q", 3);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(pipe2(silent.done, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, stay_silent, &silent), 0);
    setenv("SSH_AUTH_SOCK", address.sun_path, 1);
    snprintf(heads, sizeof heads, "%s/heads-rex", world.directory);
    snprintf(key, sizeof key, "%s/rex.pub", world.agent.directory);
    assert_int_equal(assay_ledger_open(&ledger,
                                       &(struct assay_ledger_options){.store = world.store,
                                                                      .heads = heads,
                                                                      .key = key,
                                                                      .sign_timeout_ms = 300},
                                       &err),
                     ASSAY_OK);
    struct assay_decision decision = {.verdict = ASSAY_WITHDRAW};
    assert_int_equal(assay_request_decide(ledger, id, &decision, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "no answer"));
    assay_ledger_close(&ledger);
    close(silent.done[1]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(silent.done[0]);
    test_agent_use(&world.agent);
    assert_int_equal(world_records(&world), before);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t5_transplant),
        cmocka_unit_test(t6_namespace),
        cmocka_unit_test(t13_revoked),
        cmocka_unit_test(t13_revoked_from_earlier),
        cmocka_unit_test(t13_backdated),
        cmocka_unit_test(t14_flags),
        cmocka_unit_test(t14_soft_key),
        cmocka_unit_test(t14_soft_roundabout),
        cmocka_unit_test(t14_unsigned_takes_nothing_back),
        cmocka_unit_test(t14_counter),
        cmocka_unit_test(t15_substituted),
        cmocka_unit_test(t16_no_files),
        cmocka_unit_test(t17_silent_agent),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

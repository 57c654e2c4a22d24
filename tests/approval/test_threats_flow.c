/*
 * Threats to a request's way, T7 to T10, T18, T24, T25 and T28 of docs/approvals.md. Each test
 * says which line of defence it fails without. (T19, keys that repeat, stands with the
 * screens.)
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/gates.h"
#include "approval/gates_statistics.h"
#include "approval/ledger.h"
#include "approval/secrets.h"
#include "base/spawn.h"
#include "support/paper.h"
#include "support/shaky_vfs.h"
#include "support/world.h"

#define REQ "00000000000000aa"

static struct world world;

static int start(void **state)
{
    (void)state;
    shaky_install();
    world_start(&world, WORLD_POLICY);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

static void write_file(const char *directory, const char *name, const char *text)
{
    char *path = assay_path_join(directory, name);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(path);
}

/* ---- T7: the model's files are swapped after the vote. Fails without check_files(). ---- */

static void t7_swapped(void **state)
{
    struct assay_error err = {0};
    char id[17], champion[24];
    (void)state;
    world_ask(&world, id);
    write_file(world.model, "weights.bin", "other weights");
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &err), ASSAY_NO);
    assert_non_null(strstr(err.what, "not those that were registered"));
    write_file(world.model, "weights.bin", world.model);
    world_approve(&world, id);
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPROVED);
    write_file(world.model, "weights.bin", "other weights");
    size_t before = world_records(&world);
    err = (struct assay_error){0};
    assert_int_equal(world_apply(&world, id, &err), ASSAY_NO);
    assert_int_equal(world_records(&world), before);
    assert_string_equal(world_champion(&world, champion), "1");
    /* One more file, or one fewer, is another model too. */
    write_file(world.model, "weights.bin", world.model);
    write_file(world.model, "more.bin", "x");
    assert_int_equal(world_apply(&world, id, NULL), ASSAY_NO);
    char *more = assay_path_join(world.model, "more.bin");
    unlink(more);
    free(more);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

/* Evidence is what its digest says, or it is refused. Fails without assay_evidence_read()'s
 * look. */
static void t7_evidence(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "rex");
    struct assay_error err = {0};
    char *file = world_path(&world, "report.txt"), id[17];
    const char *evidence[] = {file};
    const struct assay_request *request = NULL;
    char *bytes = NULL;
    size_t length = 0;
    (void)state;
    write_file(world.directory, "report.txt", "all is well");
    struct assay_request_options options = {.model = "fraud",
                                            .version = "2",
                                            .target = "alias:champion",
                                            .words = "w",
                                            .evidence = evidence,
                                            .evidence_count = 1};
    assert_int_equal(assay_request_send(ledger, &options, id, &err), ASSAY_OK);
    write_file(world.directory, "report.txt", "nothing is well");
    assert_int_equal(assay_ledger_find(ledger, id, &request, &err), ASSAY_OK);
    const char *digest = request->evidence[0].digest;
    assert_int_equal(assay_evidence_read(ledger, digest, &bytes, &length, &err), ASSAY_OK);
    assert_string_equal(bytes, "all is well");
    free(bytes);
    char *kept = ledger_evidence_path(ledger, digest);
    assert_int_equal(assay_file_write(kept, "changed", 7, 0600, NULL), ASSAY_OK);
    assert_int_equal(assay_evidence_read(ledger, digest, &bytes, &length, &err), ASSAY_CORRUPT);
    assert_null(bytes);
    free(kept);
    free(file);
    struct assay_decision decision = {.verdict = ASSAY_WITHDRAW};
    assert_int_equal(assay_request_decide(ledger, id, &decision, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
}

/* ---- T8: the champion moves meanwhile. Fails without check_champion() and the comparison in
   store_move_target(). ---- */

static void t8_champion_moved(void **state)
{
    struct assay_error err = {0};
    char id[17], champion[24];
    (void)state;
    world_ask(&world, id);
    world_approve(&world, id);
    world_move_champion(&world, 1, 7);
    assert_int_not_equal(world_apply(&world, id, &err), ASSAY_OK);
    assert_string_equal(world_champion(&world, champion), "7");
    world_move_champion(&world, 7, 1);
    /* Between the last look and the write: the write itself compares. */
    struct store *store = NULL;
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, NULL), ASSAY_OK);
    assert_int_equal(store_move_target(store, "fraud", "alias:champion", 3, 2, "", &err),
                     ASSAY_NO);
    store_close(&store);
    /* A vote too is refused while it is elsewhere. */
    struct assay_error why = {0};
    assert_int_equal(world_decide(&world, "val", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    world_move_champion(&world, 1, 2);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &why), ASSAY_NO);
    assert_non_null(strstr(why.what, "stale"));
    world_move_champion(&world, 2, 1);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

/* ---- T9: who asks leaves out who had a part in it, or tells of other files. Everybody else's
   program looks for itself. Fails without check_said(). ---- */

static void t9_untold_part(void **state)
{
    static const char *const ids[] = {"00000000000000a0", "00000000000000a1",
                                      "00000000000000a2"};
    static struct assay_fact other[] = {{"run-owner", "nobody"}};
    static const char *const whys[] = {"does not tell", "stale", "other files"};
    (void)state;
    for (int lie = 0; lie < 3; lie++) {
        struct assay_ledger *ledger = NULL;
        struct fold_request *honest;
        struct statement s = {
            .event = EVENT_REQUEST, .role = "requester", .subject = "fraud/2"};
        struct assay_error err = {0};
        char id[17];
        world_ask(&world, id);
        ledger = world_open(&world, "rex");
        assert_int_equal(ledger_need_me(ledger, &err), ASSAY_OK);
        honest = fold_find(&ledger->fold, id);
        assert_true(honest->bound->lineage_count > 0 && honest->bound->file_count > 0);
        s.request = *honest->bound;
        s.request.id = ids[lie];
        s.request.words = "because";
        s.subject_digest = s.request.model_digest;
        if (lie == 0)
            s.request.lineage_count--;
        else if (lie == 1)
            s.request.lineage = other;
        else
            s.request.file_count--;
        s.request.lineage_count = lie == 1 ? 1 : s.request.lineage_count;
        if (ledger_append(ledger, &s, &err) != ASSAY_OK)
            fail_msg("%s", err.what); /* it is well-formed, and signed by rex */
        assay_ledger_close(&ledger);
        assert_int_equal(world_decide(&world, "val", s.request.id, ASSAY_APPROVE, &err),
                         ASSAY_NO);
        assert_non_null(strstr(err.what, whys[lie]));
        assert_int_equal(world_decide(&world, "rex", s.request.id, ASSAY_WITHDRAW, NULL),
                         ASSAY_OK);
    }
}

/* ---- T9: self-approval by another account, key, bot or delegation. Fails without
   fold_excluded() and unknown_account(). ---- */

static void t9_self_approval(void **state)
{
    static const char *const parts[] = {"run-owner", "registrar", "evidence", "commit-author",
                                        "commit-committer"};
    (void)state;
    for (size_t i = 0; i <= ASSAY_COUNT(parts); i++) {
        struct paper p;
        paper_init(&p);
        paper_begin(&p, 1);
        paper_person(&p, "adm", "rex", "approver", "");
        paper_person(&p, "adm", "two", "approver", "two-git two-bot");
        paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
        struct statement s = paper_request(&p, REQ, 1);
        struct assay_fact fact = {i < ASSAY_COUNT(parts) ? parts[i] : "commit-author",
                                  i < ASSAY_COUNT(parts) ? "two-git" : "nobody@example.org"};
        s.request.lineage = &fact;
        s.request.lineage_count = 1;
        paper_add(&p, "rex", &s);
        /* The requester; then the person behind the account of the lineage. */
        paper_vote(&p, "rex", REQ, ASSAY_APPROVE);
        paper_vote(&p, "two", REQ, ASSAY_APPROVE);
        paper_expect(&p, REQ, ASSAY_STATE_PENDING);
        const struct assay_request *request = paper_get(&p, REQ);
        assert_false(request->votes[0].counts);
        assert_string_equal(request->votes[0].why_not, "who votes requested it");
        if (i < ASSAY_COUNT(parts)) {
            assert_int_equal(request->have, 0);
            for (size_t k = 0; k < request->eligible_count; k++) {
                assert_false(request->eligible[k].eligible);
                assert_string_not_equal(request->eligible[k].why, "");
            }
        } else {
            /* An account of nobody may be anybody's: until it is known whose, nothing passes.
             */
            assert_int_equal(paper_requirement(&p, REQ, "separation")->state, ASSAY_MISSING);
        }
        paper_free(&p);
    }
}

/* A second key is the same person; a second name for the same key cannot be made. */
static void t9_second_key(void **state)
{
    struct paper p;
    char fingerprint[FINGERPRINT_SIZE];
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "adm", "rex", "", "");
    paper_person(&p, "adm", "app", "approver", "");
    struct statement add = {.event = EVENT_SIGNER};
    const char *line = paper_key(&p, "second", fingerprint), *role = "approver";
    add.signer = (struct statement_signer){
        .change = CHANGE_ADD,
        .person = {.person = "app", .name = "app", .keys = {&line, 1}, .roles = {&role, 1}},
        .key = ""};
    struct statement other = add;
    paper_add(&p, "adm", &add);
    other.signer.person.person = "alter";
    paper_expect_invalid(&p, paper_add(&p, "adm", &other), "another person");
    paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount = 2\n");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    struct statement s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.key = fingerprint;
    p.now_ms += 1000;
    paper_expect_valid(&p, paper_add_as(&p, &s));
    assert_int_equal(paper_get(&p, REQ)->have, 1);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* ---- T10: one person, two roles. Fails without the matching in quorum_fill(). ---- */

static void t10_two_roles(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "adm", "rex", "", "");
    paper_person(&p, "adm", "two", "validator approver", "");
    paper_person(&p, "adm", "val", "validator", "");
    paper_policy(&p, "adm",
                 "[policy]\nname = prod\n[clause validator]\ncount = 1\n[clause "
                 "approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "two", REQ, ASSAY_APPROVE);
    assert_int_equal(paper_get(&p, REQ)->have, 1);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    /* With a validator beside, two is counted where needed. */
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_free(&p);
}

/* ---- T18: names and words that paint. Fails without assay_text_clean() in what prints them.
 * ---- */

static void assert_clean(const char *text, size_t length)
{
    static const char *const bad[] = {"\xe2\x80\xae", "\xe2\x80\x8b", "\xe2\x81\xa6",
                                      "\xc2\x9b", "\xc2\x9d"};
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
            fail_msg("byte %02x at %zu: %.60s", text[i], i, text + (i > 30 ? i - 30 : 0));
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++)
        if (memmem(text, length, bad[i], strlen(bad[i])))
            fail_msg("hostile character %zu", i);
}

static void t18_painting(void **state)
{
    static const char words[] = "ok\x1b[2J\x1b]52;c;eA==\x07\x1bPq#0\x1b\\ \xc2\x9b"
                                "31m \xe2\x80\xae"
                                "gnp.lledom \xe2\x80\x8b\x08\x08\x7f\r\nAPPROVED";
    static const char *const commands[][3] = {
        {"queue", NULL}, {"review", "?"}, {"audit", "log"}, {"audit", "report"}};
    const char *program = getenv("ASSAY_PROGRAM");
    struct assay_ledger *ledger = world_open(&world, "rex");
    struct assay_error err = {0};
    char id[17], store[400];
    (void)state;
    if (!program) {
        assay_ledger_close(&ledger);
        skip();
    }
    struct assay_request_options options = {
        .model = "fraud", .version = "2", .target = "alias:champion", .words = words};
    assert_int_equal(assay_request_send(ledger, &options, id, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    snprintf(store, sizeof store, "ASSAY_STORE=%s", world.store);
    for (size_t i = 0; i < ASSAY_COUNT(commands); i++) {
        const char *operand = commands[i][1] && commands[i][1][0] == '?' ? id : commands[i][1];
        const char *const argv[] = {program, commands[i][0], operand, NULL};
        const char *const env[] = {store, "ASSAY_GRAPHICS=text", NULL};
        struct assay_buf out = {0};
        int code = 0;
        assert_int_equal(
            spawn_run(&(struct spawn){.argv = argv, .env = env, .timeout_ms = 20000}, &code,
                      &out, NULL, &err),
            ASSAY_OK);
        assert_int_equal(code, 0);
        assert_true(out.length > 20);
        assert_clean(out.data, out.length);
        assay_buf_free(&out);
    }
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

/* What is about to be signed, in words: of the bytes alone, and no value of them begins a line
   or paints. */
static void t18_in_words(void **state)
{
    static const char reason[] = "looked\nKey: SHA256:of-somebody-else\x1b[2J \xe2\x80\xae"
                                 "dne";
    static const char *const conditions[] = {"below 10 % until 2026-12-24", "a pager"};
    const struct assay_decision decision = {.verdict = ASSAY_APPROVE,
                                            .reason = reason,
                                            .conditions = conditions,
                                            .condition_count = ASSAY_COUNT(conditions)};
    struct assay_ledger *ledger = world_open(&world, "val");
    struct assay_buf words = {0}, other = {0};
    struct assay_error err = {0};
    char id[17], *text = NULL;
    (void)state;
    world_ask(&world, id);
    assert_int_equal(assay_request_preview(ledger, id, &decision, &text, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(assay_decision_words(text, &words, &err), ASSAY_OK);
    const char *said = assay_buf_text(&words);
    assert_clean(words.data, words.length);
    assert_non_null(strstr(said, "(val) as "));
    assert_non_null(strstr(said, ": approve fraud/2, revision 1 (approval).\n"
                                 "On condition: \"below 10 %\" until 2026-12-24"));
    assert_non_null(strstr(said, ", \"a pager\"\nGates: "));
    const char *key = strstr(said, "\nKey: ");
    assert_non_null(key);
    assert_null(strstr(key + 1, "\nKey: "));
    assert_non_null(strstr(text, "SHA256:"));
    assert_int_equal(strncmp(key + 6, strstr(text, "SHA256:"), 50), 0);
    assert_non_null(strstr(key, "\nBecause: looked Key: SHA256:of-somebody-else"));
    /* Of what is no decision, or was changed, there are no words. */
    text[strlen(text) - 1] = ' ';
    assert_int_not_equal(assay_decision_words(text, &other, &err), ASSAY_OK);
    assert_int_equal(other.length, 0);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    assay_buf_free(&words);
    free(text);
}

/* ---- T24: an alias set by hand. Fails without assay_ledger_drift() and assay_ledger_gate().
 * ---- */

static void t24_drift(void **state)
{
    struct assay_ledger *ledger;
    const struct assay_drift *drifts = NULL;
    const struct assay_request *by = NULL;
    const struct assay_gate_question question = {"fraud", "2", "alias:hand", NULL, NULL};
    struct store *store = NULL;
    size_t count = 0;
    bool found = false;
    (void)state;
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, NULL), ASSAY_OK);
    assert_int_equal(store_move_target(store, "fraud", "alias:hand", 0, 2, "", NULL), ASSAY_OK);
    store_close(&store);
    ledger = world_open(&world, "adm");
    assert_int_equal(assay_ledger_drift(ledger, NULL, false, &drifts, &count, NULL), ASSAY_OK);
    for (size_t i = 0; i < count; i++)
        found = found || strcmp(drifts[i].target, "alias:hand") == 0;
    assert_true(found);
    assert_int_equal(assay_ledger_gate(ledger, &question, &by, NULL), ASSAY_NO);
    assay_ledger_close(&ledger);
}

/* And back to what another request replaced: approved once is not in force for ever. Fails
   without fold_replaced() in assay_ledger_gate(). ---- */

static enum assay_status gate(const char *version, struct assay_error *err)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    const struct assay_request *by = NULL;
    const struct assay_gate_question question = {"fraud", version, "alias:champion", NULL,
                                                 NULL};
    enum assay_status status = assay_ledger_gate(ledger, &question, &by, err);
    assay_ledger_close(&ledger);
    /* The same where nothing is judged but what is asked for. */
    struct assay_error why = {0};
    const struct assay_ledger_options alone = {
        .store = world.store, .read_only = true, .gate = true};
    assert_int_equal(assay_ledger_open(&ledger, &alone, NULL), ASSAY_OK);
    assert_int_equal(assay_ledger_gate(ledger, &question, &by, &why), status);
    if (status != ASSAY_OK)
        assert_string_equal(why.what, err->what);
    assay_ledger_close(&ledger);
    return status;
}

static void t24_replaced(void **state)
{
    struct assay_error err = {0};
    const struct assay_drift *drifts = NULL;
    char id[17], back[17];
    size_t count = 0;
    (void)state;
    world_ask(&world, id);
    world_approve(&world, id);
    assert_int_equal(world_apply(&world, id, &err), ASSAY_OK);
    assert_int_equal(gate("2", &err), ASSAY_OK);
    struct assay_ledger *ledger = world_open(&world, "rex");
    struct assay_request_options options = {.rollback = id, .words = "latency doubled"};
    assert_int_equal(assay_request_send(ledger, &options, back, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    world_approve(&world, back);
    assert_int_equal(gate("2", &err), ASSAY_OK); /* until it is applied */
    assert_int_equal(world_apply(&world, back, &err), ASSAY_OK);
    assert_int_equal(gate("1", &err), ASSAY_OK);
    err = (struct assay_error){0};
    assert_int_equal(gate("2", &err), ASSAY_NO);
    assert_non_null(strstr(err.what, "took its place"));
    world_move_champion(&world, 1, 2);
    ledger = world_open(&world, "adm");
    assert_int_equal(assay_ledger_drift(ledger, NULL, false, &drifts, &count, NULL), ASSAY_OK);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || strcmp(drifts[i].target, "alias:champion") == 0;
    assert_true(found);
    assay_ledger_close(&ledger);
    world_move_champion(&world, 2, 1);
}

/* ---- T25: what has expired does not stand in the way. Fails without decide_open()'s expiry
   and supersede(). ---- */

static void t25_expired(void **state)
{
    char id[17], now[32];
    (void)state;
    world_ask(&world, id);
    snprintf(now, sizeof now, "%lld", (long long)assay_now_ms() + 15 * 24 * PAPER_HOUR);
    setenv("ASSAY_NOW_MS", now, 1);
    assert_int_equal(world_state(&world, id), ASSAY_STATE_EXPIRED);
    struct assay_error err = {0};
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &err), ASSAY_NO);
    char next[17];
    world_ask(&world, next);
    world_approve(&world, next);
    assert_int_equal(world_state(&world, next), ASSAY_STATE_APPROVED);
    assert_int_equal(world_decide(&world, "rex", next, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    /* ---- T26: the clock jumps back: what is older than what it builds on is not signed. ----
     */
    unsetenv("ASSAY_NOW_MS");
    err = (struct assay_error){0};
    assert_int_not_equal(world_decide(&world, "rex", next, ASSAY_COMMENT, &err), ASSAY_OK);
    setenv("ASSAY_NOW_MS", now, 1);
}

/* ---- T28: credentials. Fails without check_secrets() and put() in export.c. ---- */

static void t28_secrets(void **state)
{
    static const char *const secrets[] = {"token ghp_0123456789abcdefghijABCDEFGHIJ012345",
                                          "AKIAIOSFODNN7EXAMPLE",
                                          "-----BEGIN OPENSSH PRIVATE KEY-----",
                                          "postgres://user:hunter2@db/x",
                                          "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
                                          "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
                                          "dapi0123456789abcdef0123456789abcdef",
                                          "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.abc.def"};
    static const char *const harmless[] = {"shf_loss of the AKIA model", "http://host/path:1@2",
                                           "Bearer of news", "see https://host:8080/x", "dapi"};
    struct assay_ledger *ledger = world_open(&world, "rex");
    struct assay_error err = {0};
    char *file = world_path(&world, "env.txt"), *bundle = world_path(&world, "bundle"), id[17];
    const char *evidence[] = {file};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(secrets); i++) {
        struct assay_request_options options = {
            .model = "fraud", .version = "2", .target = "alias:champion", .words = secrets[i]};
        assert_non_null(secret_in(secrets[i], strlen(secrets[i])));
        assert_int_equal(assay_request_send(ledger, &options, id, &err), ASSAY_BAD_INPUT);
        write_file(world.directory, "env.txt", secrets[i]);
        options.words = "fine";
        options.evidence = evidence;
        options.evidence_count = 1;
        assert_int_equal(assay_request_send(ledger, &options, id, &err), ASSAY_BAD_INPUT);
    }
    for (size_t i = 0; i < ASSAY_COUNT(harmless); i++)
        if (secret_in(harmless[i], strlen(harmless[i])))
            fail_msg("%s: %s", harmless[i], secret_in(harmless[i], strlen(harmless[i])));
    assert_int_equal(assay_ledger_export(ledger, bundle, &err), ASSAY_OK);
    /* Long enough that no signature's base64 holds one by chance. */
    const char *const grep[] = {
        "grep", "-rqE",
        "ghp_0123|AKIAIOSF|PRIVATE KEY|hunter2|Bearer abc|hf_abcdef|dapi0123|eyJhbGci", bundle,
        NULL};
    assert_int_equal(test_command_status(grep), 1);
    free(file);
    free(bundle);
    assay_ledger_close(&ledger);
}

/* A record that some other program signed, which did not look: it is not handed on. */
static void t28_export(void **state)
{
    static const char words[] = "looked at it",
                      token[] = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    char *copy = world_path(&world, "t28.db"), *bundle = world_path(&world, "t28-bundle");
    struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = words};
    struct assay_buf signed_text = {0};
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char id[17], *text = NULL;
    (void)state;
    world_ask(&world, id);
    world_copy(world.store, copy);
    /* With a memory of its own: what is signed here is nowhere else. */
    char *heads = world_path(&world, "heads-t28"), key[400];
    snprintf(key, sizeof key, "%s/val.pub", world.agent.directory);
    const struct assay_ledger_options place = {
        .store = copy, .heads = heads, .key = key, .sign_timeout_ms = 20000};
    assert_int_equal(assay_ledger_open(&ledger, &place, &err), ASSAY_OK);
    assert_int_equal(assay_request_preview(ledger, id, &decision, &text, &err), ASSAY_OK);
    const char *at = strstr(text, words);
    assert_non_null(at);
    assay_buf_format(&signed_text, "%.*s%s%s", (int)(at - text), text, token,
                     at + strlen(words));
    if (ledger_append_text(ledger, signed_text.data, signed_text.length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(assay_ledger_export(ledger, bundle, &err), ASSAY_NO);
    assert_non_null(strstr(err.what, ".json: seems to hold a"));
    assert_non_null(strstr(err.hint, "it was not completed"));
    const char *const grep[] = {"grep", "-rqF", token, bundle, NULL};
    assert_int_equal(test_command_status(grep), 1);
    /* Nobody takes what there is of it for a whole bundle. */
    char *script = assay_path_join(bundle, "verify.sh");
    assert_int_not_equal(access(script, F_OK), 0);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    assay_buf_free(&signed_text);
    free(script);
    free(heads);
    free(bundle);
    free(copy);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t7_swapped),        cmocka_unit_test(t7_evidence),
        cmocka_unit_test(t8_champion_moved), cmocka_unit_test(t9_self_approval),
        cmocka_unit_test(t9_untold_part),    cmocka_unit_test(t9_second_key),
        cmocka_unit_test(t10_two_roles),     cmocka_unit_test(t18_painting),
        cmocka_unit_test(t24_drift),         cmocka_unit_test(t24_replaced),
        cmocka_unit_test(t28_secrets),       cmocka_unit_test(t28_export),
        cmocka_unit_test(t25_expired),       cmocka_unit_test(t18_in_words),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

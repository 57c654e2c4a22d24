/*
 * Threats to a request's way, T7 to T10 and T18 to T28 of docs/approvals.md. Each test says
 * which line of defence it fails without. (T19, keys that repeat, stands with the screens.)
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

static void move_champion(int64_t from, int64_t to)
{
    struct store *store = NULL;
    struct assay_error err = {0};
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, &err), ASSAY_OK);
    if (store_move_target(store, "fraud", "alias:champion", from, to, "", &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    store_close(&store);
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
    move_champion(1, 7);
    assert_int_not_equal(world_apply(&world, id, &err), ASSAY_OK);
    assert_string_equal(world_champion(&world, champion), "7");
    move_champion(7, 1);
    /* Between the last look and the write: the write itself compares. */
    struct store *store = NULL;
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, NULL), ASSAY_OK);
    assert_int_equal(store_move_target(store, "fraud", "alias:champion", 3, 2, "", &err),
                     ASSAY_NO);
    store_close(&store);
    /* A vote too is refused while it is elsewhere. */
    struct assay_error why = {0};
    assert_int_equal(world_decide(&world, "val", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    move_champion(1, 2);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &why), ASSAY_NO);
    assert_non_null(strstr(why.what, "stale"));
    move_champion(2, 1);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
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
        paper_person(&p, "ada", "rex", "approver", "");
        paper_person(&p, "ada", "two", "approver", "two-git two-bot");
        paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
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
    paper_person(&p, "ada", "rex", "", "");
    paper_person(&p, "ada", "app", "approver", "");
    struct statement add = {.event = EVENT_SIGNER};
    const char *line = paper_key(&p, "second", fingerprint), *role = "approver";
    add.signer = (struct statement_signer){
        .change = CHANGE_ADD,
        .person = {.person = "app", .name = "app", .keys = {&line, 1}, .roles = {&role, 1}},
        .key = ""};
    struct statement other = add;
    paper_add(&p, "ada", &add);
    other.signer.person.person = "alter";
    paper_expect_invalid(&p, paper_add(&p, "ada", &other), "another person");
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 2\n");
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
    paper_person(&p, "ada", "rex", "", "");
    paper_person(&p, "ada", "two", "validator approver", "");
    paper_person(&p, "ada", "val", "validator", "");
    paper_policy(&p, "ada",
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

/* ---- T20: two who act at once. Fails without BEGIN IMMEDIATE and the look at the chain's end
   in commit(), and the comparison in store_move_target(). ---- */

static void t20_child(const char *person, const char *id, int rounds, int out)
{
    for (int i = 0; i < rounds; i++) {
        char text[64];
        struct assay_ledger *ledger = NULL;
        struct assay_error err = {0};
        struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = text};
        snprintf(text, sizeof text, "%s %d", person, i);
        if (world_try_open(&world, world.store, person, &ledger, &err) == ASSAY_OK &&
            assay_request_decide(ledger, id, &decision, &err) == ASSAY_OK) {
            if (write(out, "a", 1) != 1)
                _exit(1);
        }
        assay_ledger_close(&ledger);
    }
    _exit(0);
}

static void t20_race(void **state)
{
    static const char *const who[] = {"val", "val", "app", "two"};
    int pipes[2];
    char id[17], block[256];
    size_t acknowledged = 0;
    (void)state;
    world_ask(&world, id);
    size_t before = world_records(&world);
    assert_int_equal(pipe(pipes), 0);
    pid_t pids[4];
    for (size_t i = 0; i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            t20_child(who[i], id, 8, pipes[1]);
    }
    close(pipes[1]);
    for (ssize_t n; (n = read(pipes[0], block, sizeof block)) > 0;)
        acknowledged += (size_t)n;
    close(pipes[0]);
    for (size_t i = 0; i < 4; i++)
        waitpid(pids[i], NULL, 0);
    /* Everything acknowledged is there, and nothing else; the chains hold. */
    assert_true(acknowledged >= 16);
    assert_int_equal(world_records(&world), before + acknowledged);
    struct assay_ledger *ledger = world_open(&world, "ada");
    struct assay_error err = {0};
    if (assay_ledger_verify(ledger, true, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    /* Two apply at once: the target moves once. */
    world_approve(&world, id);
    for (size_t i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(world_apply(&world, id, NULL) == ASSAY_OK ? 0 : 1);
    }
    for (size_t i = 0; i < 2; i++)
        waitpid(pids[i], NULL, 0);
    char champion[24];
    assert_string_equal(world_champion(&world, champion), "2");
    if (world_state(&world, id) == ASSAY_STATE_APPLYING)
        assert_int_equal(world_apply(&world, id, NULL), ASSAY_OK);
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
    /* And again is no change. */
    before = world_records(&world);
    assert_int_equal(world_apply(&world, id, NULL), ASSAY_OK);
    assert_int_equal(world_records(&world), before);
    move_champion(2, 1);
}

/* ---- T21: the process ends at any operation on the disk, or is killed. Fails without the one
   transaction in commit(), and without apply's going on where it was begun. ---- */

static void t21_crash(void **state)
{
    struct shaky *shaky = shaky_install();
    char id[17], champion[24];
    bool finished = false;
    size_t crashes = 0;
    (void)state;
    world_ask(&world, id);
    for (long at = 1; !finished && at < 400; at += at < 20 ? 1 : 7) {
        size_t before = world_records(&world), after;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            shaky->operations = 0;
            shaky->exit_at = at;
            _exit(world_decide(&world, "val", id, ASSAY_COMMENT, NULL) == ASSAY_OK ? 0 : 1);
        }
        int status;
        waitpid(pid, &status, 0);
        finished = WEXITSTATUS(status) == 0;
        crashes += WEXITSTATUS(status) == 77;
        after = world_records(&world);
        assert_true(after == before || after == before + 1);
        if (finished)
            assert_int_equal(after, before + 1);
        struct assay_ledger *ledger = world_open(&world, "ada");
        assert_int_equal(assay_ledger_verify(ledger, true, NULL), ASSAY_OK);
        assay_ledger_close(&ledger);
    }
    assert_true(finished);
    assert_true(crashes >= 5);
    /* The same while it is applied: begun again and again until it is done, once. */
    world_approve(&world, id);
    for (long at = 1; at < 400; at += 5) {
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            shaky->operations = 0;
            shaky->exit_at = at;
            _exit(world_apply(&world, id, NULL) == ASSAY_OK ? 0 : 1);
        }
        int status;
        waitpid(pid, &status, 0);
        enum assay_request_state now = world_state(&world, id);
        assert_true(now == ASSAY_STATE_APPROVED || now == ASSAY_STATE_APPLYING ||
                    now == ASSAY_STATE_APPLIED);
        if (WEXITSTATUS(status) == 0)
            break;
    }
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
    assert_string_equal(world_champion(&world, champion), "2");
    move_champion(2, 1);
}

static void t21_killed(void **state)
{
    char id[17];
    size_t acknowledged = 0;
    (void)state;
    world_ask(&world, id);
    size_t before = world_records(&world);
    for (int round = 0; round < 6; round++) {
        int pipes[2];
        char byte;
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0)
            t20_child("app", id, 100, pipes[1]);
        close(pipes[1]);
        /* After one to six acknowledged records, wherever it is then. */
        for (int i = 0; i <= round && read(pipes[0], &byte, 1) == 1; i++)
            acknowledged++;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(pipes[0], &byte, 1) == 1)
            acknowledged++;
        close(pipes[0]);
        assert_true(world_records(&world) >= before + acknowledged);
        assert_true(world_records(&world) <= before + acknowledged + (size_t)round + 1);
    }
    struct assay_ledger *ledger = world_open(&world, "app");
    assert_int_equal(assay_ledger_verify(ledger, true, NULL), ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

/* ---- T22: power is lost after each acknowledged record; what was not synced is gone. Fails
   without synchronous=FULL (store_check_durable() and the store's own setting). ---- */

static void t22_power(void **state)
{
    struct shaky *shaky = shaky_install();
    char *after = world_path(&world, "t22.db"), id[17], heads[400];
    (void)state;
    world_ask(&world, id);
    shaky_arm(world.store);
    for (int i = 0; i < 6; i++) {
        struct assay_ledger *ledger = NULL;
        struct assay_error err = {0};
        assert_int_equal(world_decide(&world, "app", id, ASSAY_COMMENT, &err), ASSAY_OK);
        size_t records = world_records(&world);
        shaky_after_power_loss(world.store, after);
        shaky->remember = false;
        snprintf(heads, sizeof heads, "%s/heads-t22-%d", world.directory, i);
        assert_int_equal(assay_ledger_open(&ledger,
                                           &(struct assay_ledger_options){.store = after,
                                                                          .heads = heads,
                                                                          .read_only = false},
                                           &err),
                         ASSAY_OK);
        assert_int_equal(assay_ledger_info(ledger).records, records);
        assert_int_equal(assay_ledger_verify(ledger, true, NULL), ASSAY_OK);
        assay_ledger_close(&ledger);
        shaky->remember = true;
    }
    shaky->remember = false;
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    free(after);
}

/* ---- T23: a gate that cannot say is no pass. Fails without the ERROR and MISSING branches of
   gates.c and assay_requirement_passes(). ---- */

static struct assay_gate_result try_gate(struct assay_arena *arena, const char *text,
                                         const double *ours, const double *theirs)
{
    struct policy policy;
    struct assay_error err = {0};
    struct assay_buf whole = {0};
    struct version_metric a = {"m", ours ? *ours : 0}, b = {"m", theirs ? *theirs : 0};
    struct version_facts candidate = {.model = "f",
                                      .version = "2",
                                      .digest = "",
                                      .metrics = &a,
                                      .metric_count = ours != NULL};
    struct version_facts champion = {.model = "f",
                                     .version = "1",
                                     .digest = "",
                                     .metrics = &b,
                                     .metric_count = theirs != NULL};
    struct gate_context context = {
        .candidate = &candidate, .champion = &champion, .target = "alias:x", .arena = arena};
    assay_buf_format(&whole, "[policy]\nname = p\n[clause a]\ncount = 1\n[gate g]\n%s\n", text);
    if (policy_parse(&policy, arena, whole.data, whole.length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_buf_free(&whole);
    return gate_run(&policy.gates[0], &context);
}

static void t23_gates(void **state)
{
    struct assay_arena arena = {0};
    static const char least[] = "kind = threshold\nmetric = m\nat-least = 0.5";
    static const char greater[] = "kind = compare\nmetric = m\nbetter = greater\nmargin = 5%";
    const double nan = __builtin_nan(""), inf = __builtin_inf(), one = 1, half = 0.5, zero = 0,
                 low = -104, base = -100, tiny = 0.499999;
    const struct {
        const char *gate;
        const double *ours, *theirs;
        enum assay_requirement_state state;
    } cases[] = {
        {least, &one, NULL, ASSAY_SATISFIED},
        {least, &half, NULL, ASSAY_SATISFIED},
        {least, &tiny, NULL, ASSAY_UNSATISFIED},
        {least, &nan, NULL, ASSAY_ERROR},
        {least, &inf, NULL, ASSAY_ERROR},
        {least, NULL, NULL, ASSAY_MISSING},
        {greater, &one, &one, ASSAY_SATISFIED},
        {greater, &half, &one, ASSAY_UNSATISFIED},
        {greater, &one, &nan, ASSAY_ERROR},
        {greater, &nan, &one, ASSAY_ERROR},
        {greater, &one, NULL, ASSAY_MISSING},
        {greater, NULL, &one, ASSAY_MISSING},
        {greater, &one, &zero, ASSAY_ERROR},
        {greater, &one, &inf, ASSAY_ERROR},
        /* 5 % of a negative champion is 5 below it, not above. */
        {greater, &low, &base, ASSAY_SATISFIED},
        {"kind = compare\nmetric = m\nbetter = greater\nmargin = 3%", &low, &base,
         ASSAY_UNSATISFIED},
        {"kind = same-evaluation", &one, &one, ASSAY_MISSING},
        {"kind = no-leakage", &one, &one, ASSAY_MISSING},
        {"kind = artifact-digest", &one, &one, ASSAY_MISSING},
        {"kind = model-card", &one, &one, ASSAY_MISSING},
        {"kind = required-files\nfiles = a", &one, &one, ASSAY_UNSATISFIED},
        {"kind = command\ncommand = /bin/true", &one, &one, ASSAY_MISSING},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_gate_result gate =
            try_gate(&arena, cases[i].gate, cases[i].ours, cases[i].theirs);
        if (gate.state != cases[i].state)
            fail_msg("case %zu: %s: %s", i, assay_requirement_state_name(gate.state), gate.why);
    }
    assert_false(assay_requirement_passes(ASSAY_ERROR));
    assert_false(assay_requirement_passes(ASSAY_MISSING));
    assert_false(assay_requirement_passes(ASSAY_UNSATISFIED));
    assay_arena_free(&arena);
}

/* Every kind of gate has something that it blocks. */
static void t23_every_kind(void **state)
{
    struct assay_arena arena = {0};
    struct assay_error err = {0};
    struct policy policy;
    struct version_metric ours[] = {
        {"m", 0.90},        {"slice/a/auc", 0.80}, {"slice/a/n", 30}, {"slice/b/auc", 0.90},
        {"slice/b/n", 900}, {"psi", 0.09},         {"rows", 2000},    {"ref", 2000}};
    struct version_metric theirs[] = {{"m", 0.91},
                                      {"slice/a/auc", 0.85},
                                      {"slice/a/n", 30},
                                      {"slice/b/auc", 0.90},
                                      {"slice/b/n", 900}};
    struct version_sample many[12], few[12];
    struct version_dataset data[] = {{"train", "d1", "training"}, {"eval", "d2", "evaluation"}};
    struct version_dataset leaky[] = {{"train", "d2", "training"},
                                      {"eval", "d2", "evaluation"}};
    struct version_facts candidate = {.model = "f",
                                      .version = "2",
                                      .digest = "",
                                      .metrics = ours,
                                      .metric_count = ASSAY_COUNT(ours),
                                      .samples = many,
                                      .sample_count = 12,
                                      .datasets = leaky,
                                      .dataset_count = 2};
    struct version_facts champion = {.model = "f",
                                     .version = "1",
                                     .digest = "",
                                     .metrics = theirs,
                                     .metric_count = ASSAY_COUNT(theirs),
                                     .samples = few,
                                     .sample_count = 12,
                                     .datasets = data,
                                     .dataset_count = 2};
    static const char *const seeds[] = {"1", "2", "3", "4",  "5",  "6",
                                        "7", "8", "9", "10", "11", "12"};
    static const struct {
        const char *gate;
        enum assay_requirement_state state;
    } cases[] = {
        {"kind = non-inferior\nmetric = m\nbetter = greater\nmargin = 0.005",
         ASSAY_UNSATISFIED},
        {"kind = non-inferior\nmetric = m\nbetter = greater\nmargin = 0.05", ASSAY_SATISFIED},
        {"kind = non-inferior\nmetric = m\nbetter = smaller", ASSAY_SATISFIED},
        {"kind = non-inferior\nmetric = x\nbetter = greater", ASSAY_MISSING},
        {"kind = slices\nprefix = slice/\nbetter = greater\nmargin = 0.01", ASSAY_UNSATISFIED},
        {"kind = slices\nprefix = slice/\nbetter = greater\nmargin = 0.1", ASSAY_SATISFIED},
        {"kind = slices\nprefix = slice/\nbetter = greater\nmargin = 0.1\nleast = 100",
         ASSAY_MISSING},
        {"kind = slices\nprefix = other/\nbetter = greater", ASSAY_MISSING},
        {"kind = drift\nmetric = psi\nrows = rows\nreference = ref", ASSAY_UNSATISFIED},
        {"kind = drift\nmetric = psi\nrows = rows\nreference = none", ASSAY_MISSING},
        {"kind = no-leakage", ASSAY_UNSATISFIED},
        {"kind = same-evaluation", ASSAY_SATISFIED},
        {"kind = command\ncommand = /bin/false", ASSAY_UNSATISFIED},
        {"kind = command\ncommand = /bin/true", ASSAY_SATISFIED},
        {"kind = command\ncommand = /nowhere/at/all", ASSAY_ERROR},
        {"kind = command\ncommand = /bin/sh -c", ASSAY_ERROR},
    };
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        few[i] = (struct version_sample){"m", seeds[i], 0.91 + 0.001 * (double)(i % 3)};
        many[i] = (struct version_sample){"m", seeds[i],
                                          few[i].value - 0.01 + 0.0005 * (double)(i % 2)};
    }
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_buf whole = {0};
        struct gate_context context = {.candidate = &candidate,
                                       .champion = &champion,
                                       .target = "alias:x",
                                       .commands = true,
                                       .arena = &arena};
        assay_buf_format(&whole, "[policy]\nname = p\n[clause a]\ncount = 1\n[gate g]\n%s\n",
                         cases[i].gate);
        if (policy_parse(&policy, &arena, whole.data, whole.length, &err) != ASSAY_OK)
            fail_msg("%s", err.what);
        struct assay_gate_result gate = gate_run(&policy.gates[0], &context);
        if (gate.state != cases[i].state)
            fail_msg("case %zu: %s: %s", i, assay_requirement_state_name(gate.state), gate.why);
        assay_buf_free(&whole);
    }
    /* Three pairs cannot show anything; one run a side is no interval. */
    candidate.sample_count = champion.sample_count = 1;
    struct gate_context context = {
        .candidate = &candidate, .champion = &champion, .target = "alias:x", .arena = &arena};
    static const char text[] = "[policy]\nname = p\n[clause a]\ncount = 1\n[gate g]\nkind = "
                               "non-inferior\nmetric = m\nbetter = greater\nmargin = 1\n";
    assert_int_equal(policy_parse(&policy, &arena, text, sizeof text - 1, &err), ASSAY_OK);
    assert_int_equal(gate_run(&policy.gates[0], &context).state, ASSAY_MISSING);
    assay_arena_free(&arena);
}

/* What the reference measured on equal distributions: the fixed bars of 0.1 and 0.25 are passed
   by chance with few rows, the null quantile is not. */
static void t23_drift_limit(void **state)
{
    (void)state;
    assert_true(gate_psi_limit(50, 50, 10) > 0.25);
    assert_true(gate_psi_limit(500, 500, 10) < 0.1);
    /* (1/n + 1/m) * 21.666 (chi-squared, 9 degrees of freedom, 99 %) */
    assert_true(fabs(gate_psi_limit(1000, 1000, 10) - 0.002 * 21.666) < 0.0005);
}

/* In a request: a gate that is not there, of another kind, or that calls itself overridden. */
static void t23_request(void **state)
{
    static const struct {
        const char *kind;
        enum assay_requirement_state state;
        enum assay_requirement_state becomes;
    } cases[] = {{"threshold", ASSAY_ERROR, ASSAY_ERROR},
                 {"threshold", ASSAY_MISSING, ASSAY_MISSING},
                 {"threshold", ASSAY_OVERRIDDEN, ASSAY_ERROR},
                 {"compare", ASSAY_SATISFIED, ASSAY_MISSING},
                 {NULL, ASSAY_SATISFIED, ASSAY_MISSING},
                 {"threshold", ASSAY_SATISFIED, ASSAY_SATISFIED}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct paper p;
        paper_init(&p);
        paper_begin(&p, 1);
        paper_person(&p, "ada", "rex", "", "");
        paper_person(&p, "ada", "app", "approver", "");
        paper_policy(&p, "ada",
                     "[policy]\nname = prod\n[clause approver]\ncount = 1\n[gate g]\nkind = "
                     "threshold\nmetric = m\nat-least = 1\n");
        struct statement s = paper_request(&p, REQ, 1);
        struct assay_gate_result gate = {
            "g", cases[i].kind ? cases[i].kind : "", cases[i].state, "w", "", ""};
        s.request.gates = &gate;
        s.request.gate_count = cases[i].kind != NULL;
        paper_add(&p, "rex", &s);
        s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
        s.decision.gates_total = 1;
        paper_add(&p, "app", &s);
        assert_int_equal(paper_requirement(&p, REQ, "gate g")->state, cases[i].becomes);
        paper_expect(&p, REQ,
                     cases[i].becomes == ASSAY_SATISFIED ? ASSAY_STATE_APPROVED
                                                         : ASSAY_STATE_PENDING);
        paper_free(&p);
    }
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
    ledger = world_open(&world, "ada");
    assert_int_equal(assay_ledger_drift(ledger, NULL, &drifts, &count, NULL), ASSAY_OK);
    for (size_t i = 0; i < count; i++)
        found = found || strcmp(drifts[i].target, "alias:hand") == 0;
    assert_true(found);
    assert_int_equal(assay_ledger_gate(ledger, &question, &by, NULL), ASSAY_NO);
    assay_ledger_close(&ledger);
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

/* ---- T26: no room, no right to write. Fails without the transaction, and the error on the
 * way. ---- */

static void t26_full(void **state)
{
    struct shaky *shaky = shaky_install();
    struct assay_error err = {0};
    char id[17];
    (void)state;
    world_ask(&world, id);
    size_t before = world_records(&world);
    shaky->full = true;
    assert_int_equal(world_decide(&world, "val", id, ASSAY_COMMENT, &err), ASSAY_IO);
    shaky->full = false;
    assert_non_null(strstr(err.what, "space"));
    assert_int_equal(world_records(&world), before);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_COMMENT, &err), ASSAY_OK);
    assert_int_equal(world_records(&world), before + 1);
    /* Where heads cannot be remembered nothing is called recorded. */
    struct assay_ledger *ledger = NULL;
    char key[400];
    snprintf(key, sizeof key, "%s/val.pub", world.agent.directory);
    assert_int_not_equal(
        assay_ledger_open(&ledger,
                          &(struct assay_ledger_options){
                              .store = world.store, .key = key, .heads = "/proc/nowhere/heads"},
                          &err),
        ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

/* ---- T27: a registry that answers with anything. Fails without the bounds of json_parse() and
   registry.c's look at its own list of files. ---- */

static void t27_registry(void **state)
{
    struct store *store = NULL;
    struct assay_arena arena = {0};
    struct version_facts facts;
    struct assay_buf big = {0}, deep = {0};
    (void)state;
    assay_buf_text_add(&big, "{\"metrics\":[");
    for (int i = 0; i < 20000; i++)
        assay_buf_format(&big, "%s{\"key\":\"k%d\",\"value\":\"1\"}", i ? "," : "", i);
    assay_buf_text_add(&big, "]}");
    assay_buf_repeat(&deep, "[", 100000);
    const char *const hostile[][2] = {
        {"[]", big.data},
        {"[]", deep.data},
        {"[]", "{\"metrics\":[],\"metrics\":[]}"},
        {"[]", "{\"metrics\":1e999}"},
        {"[]", ""},
        {"{", "{}"},
        {"[{\"path\":\"../../etc/passwd\",\"sha256\":\"x\",\"bytes\":\"1\"}]", "{}"}};
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, NULL), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(hostile); i++) {
        char version[24];
        struct store_version row = {.model = "hostile",
                                    .run = "",
                                    .digest = "nothing",
                                    .files = hostile[i][0],
                                    .facts = hostile[i][1]};
        assert_int_equal(store_add_version(store, &row, NULL), ASSAY_OK);
        snprintf(version, sizeof version, "%lld", (long long)row.version);
        assert_int_equal(
            registry_platform.facts(store, &arena, "hostile", version, &facts, NULL),
            ASSAY_CORRUPT);
    }
    store_close(&store);
    assay_arena_free(&arena);
    assay_buf_free(&big);
    assay_buf_free(&deep);
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
    const char *const grep[] = {"grep", "-rqE", "ghp_|AKIA|PRIVATE KEY|hunter2|Bearer|hf_|dapi",
                                bundle, NULL};
    assert_int_equal(test_command_status(grep), 1);
    free(file);
    free(bundle);
    assay_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t7_swapped),        cmocka_unit_test(t7_evidence),
        cmocka_unit_test(t8_champion_moved), cmocka_unit_test(t9_self_approval),
        cmocka_unit_test(t9_second_key),     cmocka_unit_test(t10_two_roles),
        cmocka_unit_test(t18_painting),      cmocka_unit_test(t20_race),
        cmocka_unit_test(t21_crash),         cmocka_unit_test(t21_killed),
        cmocka_unit_test(t22_power),         cmocka_unit_test(t23_gates),
        cmocka_unit_test(t23_request),       cmocka_unit_test(t23_every_kind),
        cmocka_unit_test(t23_drift_limit),   cmocka_unit_test(t24_drift),
        cmocka_unit_test(t26_full),          cmocka_unit_test(t27_registry),
        cmocka_unit_test(t28_secrets),       cmocka_unit_test(t25_expired),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

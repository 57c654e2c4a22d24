/*
 * Threats to what was acknowledged, T20 to T22 and T26 of docs/approvals.md: two writers, ends
 * in the middle, lost power, no room. Each test says which line of defence it fails without.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "approval/ledger.h"
#include "support/shaky_vfs.h"
#include "support/world.h"

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

/* ---- what each begins and ends with ---- */

/* A request is there; how many records there are then. */
static size_t asked(char id[17])
{
    world_ask(&world, id);
    return world_records(&world);
}

static void withdrawn(const char *id)
{
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
}

static enum assay_status comment(const char *person, const char *id, struct assay_error *err)
{
    return world_decide(&world, person, id, ASSAY_COMMENT, err);
}

/* Every record of the ledger, as PERSON opens it, holds; their number. */
static size_t all_hold(const char *person)
{
    struct assay_ledger *ledger = world_open(&world, person);
    struct assay_error err = {0};
    const size_t records = assay_ledger_info(ledger).records;
    if (assay_ledger_verify(ledger, true, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    return records;
}

/* Applied, once; then the champion of before is put back for the next test. */
static void applied_once(const char *id)
{
    char champion[24];
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
    assert_string_equal(world_champion(&world, champion), "2");
    world_move_champion(&world, 2, 1);
}

/* The exit status of a process that does WHAT and ends at its operation AT on the disk: 0 where
   it came to its end before, 77 where it ended there. */
static int ends_at(long at, enum assay_status (*what)(const char *id), const char *id)
{
    struct shaky *shaky = shaky_install();
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        shaky->operations = 0;
        shaky->exit_at = at;
        _exit(what(id) == ASSAY_OK ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static enum assay_status val_comments(const char *id)
{
    return comment("val", id, NULL);
}

static enum assay_status rex_applies(const char *id)
{
    return world_apply(&world, id, NULL);
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
    size_t before = asked(id);
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
    assert_int_equal(all_hold("adm"), before + acknowledged);
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
    /* And again is no change. */
    before = world_records(&world);
    assert_int_equal(world_apply(&world, id, NULL), ASSAY_OK);
    assert_int_equal(world_records(&world), before);
    applied_once(id);
}

/* ---- T21: the process ends at any operation on the disk, or is killed. Fails without the one
   transaction in commit(), and without apply's going on where it was begun. ---- */

static void t21_crash(void **state)
{
    char id[17];
    bool finished = false;
    size_t crashes = 0;
    (void)state;
    size_t before = asked(id);
    for (long at = 1; !finished && at < 400; at += at < 20 ? 1 : 7) {
        const int status = ends_at(at, val_comments, id);
        const size_t after = all_hold("adm");
        finished = status == 0;
        crashes += status == 77;
        assert_true(after == before || after == before + 1);
        if (finished)
            assert_int_equal(after, before + 1);
        before = after;
    }
    assert_true(finished);
    assert_true(crashes >= 5);
    /* The same while it is applied: begun again and again until it is done, once. */
    world_approve(&world, id);
    finished = false;
    for (long at = 1; !finished && at < 400; at += 5) {
        finished = ends_at(at, rex_applies, id) == 0;
        enum assay_request_state now = world_state(&world, id);
        assert_true(now == ASSAY_STATE_APPROVED || now == ASSAY_STATE_APPLYING ||
                    now == ASSAY_STATE_APPLIED);
    }
    applied_once(id);
}

static void t21_killed(void **state)
{
    char id[17];
    size_t acknowledged = 0;
    (void)state;
    size_t before = asked(id);
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
    all_hold("app");
    withdrawn(id);
}

/* ---- T22: power is lost after each acknowledged record; what was not synced is gone. Fails
   without synchronous=FULL (store_check_durable() and the store's own setting): while another
   process checkpoints, the log alone keeps a record, and NORMAL does not sync that. ---- */

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
        /* Who closes it last would checkpoint, too. */
        struct assay_ledger *other = i >= 3 ? world_open(&world, "val") : NULL;
        shaky->log_alone = i >= 3;
        assert_int_equal(comment("app", id, &err), ASSAY_OK);
        size_t records = world_records(&world);
        shaky->log_alone = false;
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
        assay_ledger_close(&other);
    }
    shaky->remember = false;
    withdrawn(id);
    free(after);
}

/* ---- T26: no room, no right to write. Fails without the transaction, and the error on the
 * way. ---- */

static void t26_full(void **state)
{
    struct shaky *shaky = shaky_install();
    struct assay_error err = {0};
    char id[17];
    (void)state;
    size_t before = asked(id);
    shaky->full = true;
    assert_int_equal(comment("val", id, &err), ASSAY_IO);
    shaky->full = false;
    assert_non_null(strstr(err.what, "space"));
    assert_int_equal(world_records(&world), before);
    assert_int_equal(comment("val", id, &err), ASSAY_OK);
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
    withdrawn(id);
}

/* ---- T26: the clock jumps. Fails without check_time() in the fold, and without the order that
   chains give (order.c). ---- */

static void stand_at(int64_t now_ms)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)now_ms);
    setenv("ASSAY_NOW_MS", text, 1);
}

static void t26_clock(void **state)
{
    const int64_t minute = 60000, now_ms = assay_now_ms();
    const struct assay_log_entry *log;
    struct assay_error err = {0};
    char id[17];
    (void)state;
    stand_at(now_ms);
    size_t before = asked(id);
    /* A little back: it counts, behind what it builds on, with the time its author had. */
    stand_at(now_ms - 2 * minute);
    assert_int_equal(comment("app", id, &err), ASSAY_OK);
    stand_at(now_ms);
    assert_int_equal(comment("val", id, &err), ASSAY_OK);
    struct assay_ledger *ledger = world_open(&world, "adm");
    assert_int_equal(assay_ledger_log(ledger, &log), before + 2);
    assert_string_equal(log[before - 1].event, "request");
    assert_string_equal(log[before].author, "app");
    assert_string_equal(log[before + 1].author, "val");
    assert_true(log[before].counts && log[before + 1].counts);
    assert_true(log[before].time_ms == log[before - 1].time_ms - 2 * minute);
    assay_ledger_close(&ledger);
    /* Far back: it is said that it is the clock. */
    stand_at(now_ms - 24 * 60 * minute);
    assert_int_not_equal(comment("app", id, &err), ASSAY_OK);
    assert_non_null(strstr(err.hint, "later than this machine's clock"));
    stand_at(now_ms);
    assert_int_equal(world_records(&world), before + 2);
    unsetenv("ASSAY_NOW_MS");
}

/* An acknowledged decision counts for ever, also where a clock ran ahead for a while: nothing
   is signed that would be older than what it builds on once that counts. */
static void t26_clock_ahead(void **state)
{
    const int64_t minute = 60000, now_ms = assay_now_ms();
    const struct assay_log_entry *log;
    struct assay_error err = {0};
    char id[17];
    (void)state;
    stand_at(now_ms);
    world_ask(&world, id);
    stand_at(now_ms + 60 * minute);
    assert_int_equal(comment("app", id, &err), ASSAY_OK);
    /* Right again: whose clock it was waits; all others go on. */
    stand_at(now_ms + minute);
    assert_int_equal(comment("app", id, &err), ASSAY_NO);
    assert_non_null(strstr(err.what, "before what it builds on"));
    assert_non_null(strstr(err.hint, "later than this machine's clock"));
    assert_int_equal(comment("val", id, NULL), ASSAY_OK);
    for (int hour = 0; hour < 2; hour++) {
        stand_at(now_ms + 2 * minute + hour * 60 * minute);
        struct assay_ledger *ledger = world_open(&world, "adm");
        const size_t count = assay_ledger_log(ledger, &log);
        size_t counting = 0;
        for (size_t i = 0; i < count; i++)
            if (strcmp(log[i].request, id) == 0 && log[i].counts)
                counting++;
        assert_int_equal(counting, hour == 0 ? 2 : 3); /* the request, val's, then app's, too */
        assay_ledger_close(&ledger);
    }
    assert_int_equal(comment("app", id, NULL), ASSAY_OK);
    unsetenv("ASSAY_NOW_MS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t20_race),        cmocka_unit_test(t21_crash),
        cmocka_unit_test(t21_killed),      cmocka_unit_test(t22_power),
        cmocka_unit_test(t26_full),        cmocka_unit_test(t26_clock),
        cmocka_unit_test(t26_clock_ahead),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

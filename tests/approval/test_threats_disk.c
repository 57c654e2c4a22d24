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
    world_move_champion(&world, 2, 1);
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
    world_move_champion(&world, 2, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t20_race),  cmocka_unit_test(t21_crash), cmocka_unit_test(t21_killed),
        cmocka_unit_test(t22_power), cmocka_unit_test(t26_full),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

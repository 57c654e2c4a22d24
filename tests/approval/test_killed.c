/*
 * The real program, killed at every single call by which it changes files (T21 of
 * docs/approvals.md): while it signs, requests and applies. Whatever call it was, the ledger
 * then opens and verifies against the heads remembered, has all that was there before, and
 * either the whole step or nothing of it; and the same command again completes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "support/places.h"
#include "support/program.h"
#include "support/world.h"

#define KILLED    (1000 + 9)
#define CALLS_MAX 2000 /* far more than any of these commands makes */

static struct world world;
static char request[17];

/* One command as somebody runs it, and what to look for around it. */
struct step {
    const char *person;
    const char *words[12];
    size_t records; /* that the whole of it adds */
    /* Looks at the ledger, to which ADDED records came since the start. */
    void (*look)(struct assay_ledger *ledger, size_t added);
};

/* ---- as it was before: the store, and what the person remembers ---- */

static struct before {
    char *store, *heads;
    size_t store_length, heads_length;
    size_t records;
    char (*digests)[ASSAY_SHA256_TEXT];
} before;

static const char *heads_of(const char *person)
{
    static char path[400];

    snprintf(path, sizeof path, "%s/state-%s/assay/heads", world.directory, person);
    return path;
}

static struct assay_ledger *open_as(const char *person)
{
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};

    if (assay_ledger_open(
            &ledger,
            &(struct assay_ledger_options){.store = world.store, .heads = heads_of(person)},
            &err) != ASSAY_OK)
        fail_msg("%s (%s)", err.what, err.hint);
    return ledger;
}

static void keep(const char *person)
{
    struct assay_ledger *ledger = open_as(person);
    const struct assay_log_entry *log;

    before.records = assay_ledger_log(ledger, &log);
    before.digests = assay_alloc_array(before.records, sizeof *before.digests);
    for (size_t i = 0; i < before.records; i++)
        memcpy(before.digests[i], log[i].digest, ASSAY_SHA256_TEXT);
    assay_ledger_close(&ledger);
    /* The last to close it has put its log into the database. */
    assert_false(place_exists(place_with(world.store, "-wal")));
    before.store = place_read(world.store, &before.store_length);
    before.heads = place_read(heads_of(person), &before.heads_length);
}

static void put_back(const char *person)
{
    unlink(place_with(world.store, "-wal"));
    unlink(place_with(world.store, "-shm"));
    place_write(world.store, before.store, before.store_length);
    place_write(heads_of(person), before.heads, before.heads_length);
}

static void forget(void)
{
    free(before.store);
    free(before.heads);
    free(before.digests);
    before = (struct before){0};
}

/* ---- running ---- */

enum ending { BEFORE, TORN, FULL }; /* the call, half of a write; no room from there on */

/* Runs it, and ends it at its call AT where that is not 0; returns how it ended. */
static int run(const struct step *step, long at, enum ending ending)
{
    char key[400], state[400], number[24];
    char *argv[PROGRAM_ARGUMENTS] = {(char *)(uintptr_t) "assay"};
    size_t count = 1;

    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, step->person);
    snprintf(state, sizeof state, "%s/state-%s", world.directory, step->person);
    snprintf(number, sizeof number, "%ld", at);
    for (size_t i = 0; step->words[i]; i++)
        argv[count++] = (char *)(uintptr_t)step->words[i];
    argv[count++] = (char *)(uintptr_t) "--sign-with";
    argv[count++] = key;
    setenv("XDG_STATE_HOME", state, 1);
    setenv("KILL_AT_CALL", number, 1);
    setenv("KILL_TORN", ending == TORN ? "1" : "0", 1);
    setenv("KILL_FULL", ending == FULL ? "1" : "0", 1);
    if (at > 0)
        setenv("LD_PRELOAD", TEST_KILL, 1);
    program_run_list(NULL, argv);
    unsetenv("LD_PRELOAD");
    return program_last.status;
}

/* What must hold wherever it ended; returns how many records came. */
static size_t look(const struct step *step)
{
    struct assay_ledger *ledger = open_as(step->person);
    struct assay_error err = {0};
    const struct assay_log_entry *log;

    if (assay_ledger_verify(ledger, true, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    const size_t count = assay_ledger_log(ledger, &log);
    assert_true(count >= before.records);
    for (size_t i = 0; i < before.records; i++)
        assert_string_equal(log[i].digest, before.digests[i]);
    for (size_t i = 0; i < count; i++)
        assert_true(log[i].counts);
    size_t added = count - before.records;
    step->look(ledger, added);
    assay_ledger_close(&ledger);
    return added;
}

static void at_every_call(const struct step *step, enum ending ending)
{
    size_t killed = 0, without = 0;

    keep(step->person);
    for (long at = 1;; at++) {
        assert_true(at < CALLS_MAX);
        put_back(step->person);
        if (run(step, at, ending) != KILLED)
            break;
        killed++;
        size_t added = look(step);
        assert_true(added <= step->records);
        without += added == 0;
        if (ending == TORN)
            continue;
        /* The same again. */
        run(step, 0, BEFORE);
        program_expect(0);
        assert_true(look(step) >= step->records);
    }
    program_expect(0); /* it has made fewer calls, and nobody killed it */
    assert_int_equal(look(step), step->records);
    /* Some of the calls were before the record was there, some after. */
    print_message("killed at %zu calls, at %zu before anything was recorded\n", killed,
                  without);
    assert_true(without > 0 && killed > without);
    put_back(step->person);
    forget();
}

/* The disk is full from a call on: it says so, and counts nothing that is not whole. */
static void full_from_every_call(const struct step *step)
{
    size_t refused = 0, kept = 0;

    keep(step->person);
    for (long at = 1;; at++) {
        assert_true(at < CALLS_MAX);
        put_back(step->person);
        if (run(step, at, FULL) == 0)
            break;
        program_expect(3); /* nothing could be kept */
        if (!strcasestr(program_last.err, "space"))
            fail_msg("at %ld: %s", at, program_last.err);
        if (look(step) == 0) {
            refused++;
        } else {
            program_complains("the record was kept");
            kept++;
        }
        run(step, 0, BEFORE);
        program_expect(0);
        assert_true(look(step) >= step->records);
    }
    assert_int_equal(look(step), step->records);
    print_message("no room from %zu calls on: refused at %zu\n", refused + kept, refused);
    assert_true(refused > 0);
    put_back(step->person);
    forget();
}

/* ---- the three ---- */

static enum assay_request_state state_of(struct assay_ledger *ledger)
{
    const struct assay_request *found = NULL;
    struct assay_error err = {0};

    if (assay_ledger_find(ledger, request, &found, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    return found->state;
}

static void look_at_vote(struct assay_ledger *ledger, size_t added)
{
    assert_int_equal(state_of(ledger), added > 0 ? ASSAY_STATE_APPROVED : ASSAY_STATE_PENDING);
}

static void test_sign(void **state)
{
    struct step step = {.person = "val",
                        .words = {"sign", request, "--comment", "-m", "looking"},
                        .records = 1,
                        .look = look_at_vote};
    (void)state;
    world_ask(&world, request);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_APPROVE, NULL), ASSAY_OK);
    run(&step, 0, BEFORE); /* so that there is something remembered */
    program_expect(0);
    step.words[2] = "--approve";
    at_every_call(&step, BEFORE);
    at_every_call(&step, TORN);
    full_from_every_call(&step);
}

/* A request takes the place of the one before. */
static void look_at_requests(struct assay_ledger *ledger, size_t added)
{
    assert_int_equal(state_of(ledger),
                     added > 0 ? ASSAY_STATE_SUPERSEDED : ASSAY_STATE_PENDING);
}

static void test_request(void **state)
{
    struct step step = {.person = "rex",
                        .words = {"sign", request, "--comment", "-m", "more will come"},
                        .records = 1,
                        .look = look_at_requests};
    static const char *const words[] = {"request",  "--model",        "fraud", "--version", "2",
                                        "--target", "alias:champion", "-m",    "lower loss"};
    (void)state;
    run(&step, 0, BEFORE);
    program_expect(0);
    memcpy(step.words, words, sizeof words);
    at_every_call(&step, BEFORE);
}

/* The target moves with the record that says so, in one transaction. */
static void look_at_target(struct assay_ledger *ledger, size_t added)
{
    const enum assay_request_state now = state_of(ledger);
    char champion[24];

    assert_int_equal(now, added == 0   ? ASSAY_STATE_APPROVED
                          : added == 1 ? ASSAY_STATE_APPLYING
                                       : ASSAY_STATE_APPLIED);
    world_champion(&world, champion);
    if (now == ASSAY_STATE_APPROVED)
        assert_string_equal(champion, "1");
    if (now == ASSAY_STATE_APPLIED)
        assert_string_equal(champion, "2");
}

static void test_apply(void **state)
{
    struct step step = {
        .person = "rex", .words = {"apply", request}, .records = 2, .look = look_at_target};
    (void)state;
    assert_int_equal(world_decide(&world, "val", request, ASSAY_APPROVE, NULL), ASSAY_OK);
    at_every_call(&step, BEFORE);
}

/* ---- the group ---- */

static int start(void **state)
{
    const char *asan = getenv("ASAN_OPTIONS");
    char options[400];

    if (program_begin(state) != 0)
        return 1;
    /* The address sanitizer would be the first library. */
    snprintf(options, sizeof options, "%s:verify_asan_link_order=0", asan ? asan : "");
    setenv("ASAN_OPTIONS", options, 1);
    world_start(&world, WORLD_POLICY);
    setenv("ASSAY_STORE", world.store, 1);
    return 0;
}

static int stop(void **state)
{
    world_stop(&world);
    return program_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_apply),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

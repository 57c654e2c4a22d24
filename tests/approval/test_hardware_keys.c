/*
 * Hardware keys against the real ssh-keygen and ssh-agent: a security key made of software
 * (support/fido) is enrolled, added and asked. What a touch and a PIN prove is in the flags it
 * signs, which `ssh-keygen -Y verify` does not look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/world.h"
#include "support/world_screen.h"

#define TOUCH                                                                                  \
    "[policy]\nname = prod\ntargets = alias:*\ntouch = required\n[clause approver]\ncount = "  \
    "1\n"
#define PINS                                                                                   \
    "[policy]\nname = prod\ntargets = alias:*\npin = required\n[clause approver]\ncount = 1\n"

static struct world world;
static char home[300];

/* What asks for the PIN says what the file "pin" holds. */
static void set_pin(const char *pin)
{
    char path[400];
    snprintf(path, sizeof path, "%s/pin", home);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", pin);
    assert_int_equal(fclose(file), 0);
}

static void prepare(void)
{
    char path[400];
    const char *base = getenv("TMPDIR");
    snprintf(home, sizeof home, "%s/fido-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(home));
    set_pin("482917");
    snprintf(path, sizeof path, "%s/counter", home);
    setenv("TEST_FIDO_COUNTER", path, 1);
    snprintf(path, sizeof path, "%s/askpass", home);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\ncat '%s/pin'\n", home);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0700), 0);
    setenv("SSH_ASKPASS", path, 1);
    setenv("SSH_ASKPASS_REQUIRE", "force", 1);
    setenv("SSH_SK_PROVIDER", TEST_FIDO, 1);
}

/* Enrols a key with OPTION ("" none), adds it to the agent and gives it to app. */
static void enrol(const char *name, const char *option)
{
    char path[600], public[620];
    struct assay_error err = {0};
    snprintf(path, sizeof path, "%s/%s", world.agent.directory, name);
    snprintf(public, sizeof public, "%s.pub", path);
    const char *const make[] = {
        "ssh-keygen", "-q", "-t", "ed25519-sk",          "-N",   "",  "-C",
        name,         "-f", path, *option ? "-O" : NULL, option, NULL};
    test_command(make);
    const char *const add[] = {"ssh-add", "-q", path, NULL};
    test_command(add);
    struct assay_ledger *ledger = world_open(&world, "adm");
    const struct assay_person_change change = {.person = "app", .key_file = public};
    if (assay_person_set(ledger, &change, &err) != ASSAY_OK)
        fail_msg("%s (%s)", err.what, err.hint);
    assay_ledger_close(&ledger);
}

/* app approves with the key NAME. */
static enum assay_status approve(const char *name, const char *id, struct assay_error *err)
{
    char heads[400], key[400];
    struct assay_ledger *ledger = NULL;
    *err = (struct assay_error){0};
    snprintf(heads, sizeof heads, "%s/heads-app", world.directory);
    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, name);
    enum assay_status status = assay_ledger_open(
        &ledger,
        &(struct assay_ledger_options){
            .store = world.store, .heads = heads, .key = key, .sign_timeout_ms = 60000},
        err);
    const struct assay_decision decision = {.verdict = ASSAY_APPROVE, .reason = "looked at it"};
    if (status == ASSAY_OK)
        status = assay_request_decide(ledger, id, &decision, err);
    assay_ledger_close(&ledger);
    return status;
}

/* Not signed at all, and nothing was recorded. */
static void assert_refused(const char *name, const char *id, const char *why)
{
    struct assay_error err;
    const size_t before = world_records(&world);
    assert_int_not_equal(approve(name, id, &err), ASSAY_OK);
    if (!strstr(err.what, why) && !strstr(err.hint, why))
        fail_msg("\"%s\" is not said: %s (%s)", why, err.what, err.hint);
    assert_int_equal(world_records(&world), before);
    assert_int_equal(world_state(&world, id), ASSAY_STATE_PENDING);
}

/* The newest vote on it. */
static void with_vote(const char *name, const char *id, bool counts, bool touched, bool pin,
                      const char *why)
{
    struct assay_error err;
    const struct assay_request *request;
    if (approve(name, id, &err) != ASSAY_OK)
        fail_msg("%s: %s (%s)", name, err.what, err.hint);
    struct assay_ledger *ledger = world_open(&world, "adm");
    assert_int_equal(assay_ledger_find(ledger, id, &request, &err), ASSAY_OK);
    assert_int_equal(request->state, counts ? ASSAY_STATE_APPROVED : ASSAY_STATE_PENDING);
    assert_true(request->vote_count > 0);
    const struct assay_vote *vote = &request->votes[request->vote_count - 1];
    assert_int_equal(vote->counts, counts);
    assert_int_equal(vote->touched, touched);
    assert_int_equal(vote->pin, pin);
    if (!counts && !strstr(vote->why_not, why))
        fail_msg("\"%s\" is not said: %s", why, vote->why_not);
    assay_ledger_close(&ledger);
}

static void touch_and_pin(void **state)
{
    (void)state;
    char id[17];
    struct assay_error err = {0};
    prepare();
    world_start(&world, TOUCH);
    enrol("touched", "");
    enrol("untouched", "no-touch-required");
    enrol("verified", "verify-required");
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    assert_refused("app", id, "touch"); /* a key in a file */
    with_vote("untouched", id, false, false, false, "touch");
    with_vote("touched", id, true, true, false, "");

    struct assay_ledger *ledger = world_open(&world, "adm");
    if (assay_policy_set(ledger, PINS, strlen(PINS), &err) != ASSAY_OK)
        fail_msg("%s (%s)", err.what, err.hint);
    assay_ledger_close(&ledger);
    world_request(&world, "alias:canary", "lower loss", NULL, id);
    with_vote("touched", id, false, true, false, "PIN");
    set_pin("000000");
    assert_refused("verified", id, "");
    set_pin("482917");
    with_vote("verified", id, true, true, true, "");
    world_stop(&world);
    const char *const remove[] = {"rm", "-rf", home, NULL};
    test_command(remove);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(touch_and_pin)};
    return cmocka_run_group_tests_name("hardware keys", tests, NULL, NULL);
}

/*
 * Keys that are revoked after others had built on what they signed: the ledger goes on to hold,
 * whoever joins it later gets all of it, and a bundle of it is whole; and what is slipped into
 * a bundle, unsigned or with such a key, is found by the script that comes with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "support/world.h"

static struct world world;
static char request[17];

#define UNSIGNED_POLICY                                                                        \
    "[policy]\nname = open\ntargets = alias:try\nunsigned = allowed ; for trying\n"            \
    "[clause validator]\ncount = 1\n"

static const char *fingerprint(struct assay_ledger *ledger, const char *person)
{
    const struct assay_person *people;
    const size_t count = assay_ledger_people(ledger, &people);
    for (size_t i = 0; i < count; i++)
        if (strcmp(people[i].person, person) == 0)
            return people[i].keys[0].fingerprint;
    fail_msg("nobody is called %s", person);
    return NULL;
}

static void revoke(const char *person, int64_t after)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    struct assay_error err = {0};
    if (assay_key_revoke(ledger, person, fingerprint(ledger, person), after, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
}

static int start(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_ask(&world, request);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

/* The point is one of the log, whatever chains the person has: what came here later is out,
   what came before stays. Fails where it is taken for a number in each chain. */
static void t13_a_point_of_the_log(void **state)
{
    struct assay_error err = {0};
    (void)state;
    assert_int_equal(world_decide(&world, "val", request, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_APPROVE, &err), ASSAY_OK);
    const size_t voted = world_records(&world);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_WITHDRAW, &err), ASSAY_OK);
    assert_int_equal(world_state(&world, request), ASSAY_STATE_PENDING);
    struct assay_ledger *ledger = world_open(&world, "adm");
    assert_int_equal(assay_key_revoke(ledger, "app", fingerprint(ledger, "app"),
                                      (int64_t)world_records(&world) + 1, &err),
                     ASSAY_BAD_INPUT);
    assay_ledger_close(&ledger);
    revoke("app", (int64_t)voted);
    assert_int_equal(world_state(&world, request), ASSAY_STATE_APPROVED);
}

/* app votes, val signs after that, and then nothing of app's counts any more. */
static void revoke_what_others_saw(void)
{
    struct assay_error err = {0};
    assert_int_equal(world_decide(&world, "app", request, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_decide(&world, "val", request, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_state(&world, request), ASSAY_STATE_APPROVED);
    revoke("app", 0);
    assert_int_equal(world_state(&world, request), ASSAY_STATE_PENDING);
}

/* Runs a shell in DIRECTORY; its exit status. */
static int shell(const char *directory, const char *command)
{
    struct assay_buf text = {0};
    assay_buf_format(&text, "cd '%s' && %s", directory, command);
    const char *const argv[] = {"sh", "-c", assay_buf_text(&text), NULL};
    const int status = test_command_status(argv);
    assay_buf_free(&text);
    return status;
}

static enum assay_status ledger_verify(struct world *of, const char *person)
{
    struct assay_ledger *ledger = world_open(of, person);
    struct assay_error err = {0};
    const enum assay_status status = assay_ledger_verify(ledger, false, &err);
    if (status != ASSAY_OK)
        print_message("%s\n", err.what);
    assay_ledger_close(&ledger);
    return status;
}

static void t13_the_ledger_still_holds(void **state)
{
    (void)state;
    revoke_what_others_saw();
    assert_int_equal(ledger_verify(&world, "adm"), ASSAY_OK);
}

static struct assay_sync_result sync_store(const char *store, const char *person,
                                           const char *shared)
{
    struct assay_ledger *ledger = NULL;
    struct assay_sync_result result = {0};
    struct assay_error err = {0};
    char heads[400], key[400];
    snprintf(heads, sizeof heads, "%s-heads", store);
    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, person);
    const struct assay_ledger_options options = {
        .store = store, .heads = heads, .key = key, .recover = true};
    if (assay_ledger_open(&ledger, &options, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    if (assay_ledger_sync(ledger, shared, NULL, &result, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(assay_ledger_verify(ledger, true, &err), ASSAY_OK);
    result.first_refusal = "";
    assay_ledger_close(&ledger);
    return result;
}

/* Whoever joins afterwards gets what the key had signed, too: others named it as seen. */
static void t13_who_joins_later(void **state)
{
    char *shared = world_path(&world, "shared"), *fresh = world_path(&world, "fresh.db");
    (void)state;
    revoke_what_others_saw();
    const size_t all = world_records(&world);
    assert_int_equal(sync_store(world.store, "adm", shared).sent, all);
    const struct assay_sync_result result = sync_store(fresh, "two", shared);
    assert_int_equal(result.received, all);
    assert_int_equal(result.refused, 0);
    free(shared);
    free(fresh);
}

/* What was signed with it after that, nobody has seen: it stays outside. */
static void t13_nobody_built_on_it(void **state)
{
    char *shared = world_path(&world, "shared"), *old = world_path(&world, "old.db"),
         *fresh = world_path(&world, "fresh.db");
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    const struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = "me again"};
    (void)state;
    world_copy(world.store, old);
    revoke("app", -1);
    const size_t all = world_records(&world);
    sync_store(world.store, "adm", shared);
    assert_int_equal(world_try_open(&world, old, "app", &ledger, &err), ASSAY_OK);
    assert_int_equal(assay_request_decide(ledger, request, &decision, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(sync_store(old, "app", shared).received, 1);
    assert_int_equal(sync_store(fresh, "two", shared).received, all);
    free(shared);
    free(old);
    free(fresh);
}

/* A person known here signs that they had seen a stranger's record, which lies beside: keeping
   the one without the other would leave a store that lacks something. */
static void t4_a_stranger_is_named_as_seen(void **state)
{
    char *shared = world_path(&world, "shared"), *fresh = world_path(&world, "fresh.db");
    (void)state;
    sync_store(world.store, "adm", shared);
    const size_t all = world_records(&world);
    assert_int_equal(
        shell(
            shared,
            "export LC_ALL=C; put() { d=$(sha256sum <new | cut -c1-64); "
            "mkdir -p records/$(echo $d | cut -c1-2); n=records/$(echo $d | cut -c1-2)/$d; "
            "ssh-keygen -q -Y sign -U -f ../../val.pub -n approval@assay <new >$n.sig && "
            "mv new $n.json; echo $d; }; "
            "one=$(grep -l '\"event\":\"request\"' records/*/*.json); "
            "key=$(ssh-keygen -lf ../../val.pub | cut -d' ' -f2); "
            "jq -cj '.predicate.signer.person = \"stranger\" | .predicate.log = "
            "{device: \"abcdef01\", number: \"1\", previous: \"\", seen: []}' $one >new && "
            "d=$(put) && jq -cj --arg d $d --arg key $key '.predicate.signer.person = \"val\" "
            "| .predicate.signer.key = $key | .predicate.log = {device: \"abcdef02\", number: "
            "\"1\", previous: \"\", seen: [{chain: \"stranger/abcdef01\", number: \"1\", "
            "digest: $d}]}' $one >new && put"),
        0);
    const struct assay_sync_result result = sync_store(fresh, "two", shared);
    assert_int_equal(result.received, all);
    assert_int_equal(result.strangers, 1); /* left alone, which is no fault */
    assert_int_equal(result.refused, 1);   /* val's, which follows it */
    assert_false(result.told);
    assert_true(sync_store(fresh, "two", shared).told);
    free(shared);
    free(fresh);
}

/* app signs in a copy of the store what takes the place of what they signed in the store. */
static void fork_chain(const char *copy, const char *shared)
{
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char heads[400], key[400];
    snprintf(heads, sizeof heads, "%s-heads", copy);
    snprintf(key, sizeof key, "%s/app.pub", world.agent.directory);
    const struct assay_ledger_options options = {.store = copy, .heads = heads, .key = key};
    const struct assay_decision no = {.verdict = ASSAY_REJECT, .reason = "not so"};
    if (assay_ledger_open(&ledger, &options, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    if (assay_request_decide(ledger, request, &no, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    /* Laid there by hand: an exchange would fetch what is there first. */
    char *aside = world_path(&world, "aside");
    sync_store(copy, "app", aside);
    struct assay_buf command = {0};
    assay_buf_format(&command, "cp -r '%s/records' .", aside);
    assert_int_equal(shell(shared, assay_buf_text(&command)), 0);
    assay_buf_free(&command);
    free(aside);
}

/* Who forks their own chain keeps nobody from what others built on it: those who have one side
   go on with it, and who joins takes the side on which others had built. Told of once. Fails
   without sync_settle_forks(). */
static void t4_a_fork_keeps_nobody_out(void **state)
{
    char *shared = world_path(&world, "shared"), *old = world_path(&world, "old.db"),
         *fresh = world_path(&world, "fresh.db"), *member = world_path(&world, "member.db");
    struct assay_error err = {0};
    (void)state;
    /* A copy of all that app has is the same device. */
    assert_int_equal(world_decide(&world, "app", request, ASSAY_COMMENT, &err), ASSAY_OK);
    world_copy(world.store, old);
    assert_int_equal(shell(world.directory, "cp heads-app old.db-heads"), 0);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_decide(&world, "val", request, ASSAY_APPROVE, &err), ASSAY_OK);
    sync_store(world.store, "adm", shared);
    sync_store(member, "two", shared);
    fork_chain(old, shared);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_COMMENT, &err), ASSAY_OK);
    const size_t all = world_records(&world);
    struct assay_sync_result result = sync_store(world.store, "adm", shared);
    assert_int_equal(result.sent, 1);
    assert_int_equal(result.refused, 1);
    assert_false(result.told);
    assert_true(sync_store(world.store, "adm", shared).told);
    assert_int_equal(sync_store(member, "two", shared).received, 1);
    result = sync_store(fresh, "two", shared);
    assert_int_equal(result.received, all);
    assert_int_equal(result.refused, 1);
    assert_int_equal(world_state(&world, request), ASSAY_STATE_APPROVED);
    free(shared);
    free(old);
    free(fresh);
    free(member);
}

static void t13_a_bundle_is_whole(void **state)
{
    struct assay_error err = {0};
    (void)state;
    revoke_what_others_saw();
    char *directory = world_export(&world, "adm", "bundle");
    if (assay_bundle_verify(directory, NULL, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(shell(directory, "sh verify.sh >out && grep -q 'VOID (revoked) .* app "
                                      "decision approval' out && grep -q '; 1 count' out"),
                     0);
    free(directory);
}

/* Slips a record into the bundle in DIRECTORY: app's approval as FILTER of jq changes it,
   signed with the key of SIGNER, or not at all where that is "". */
static void slip(const char *directory, const char *filter, const char *signer)
{
    struct assay_buf text = {0};
    assay_buf_format(
        &text,
        "jq -cj '%s' $(grep -l '\"person\":\"app\".*\"decision\":\"approve\"' records/*.json | "
        "head -1) >records/900000.json && : >records/900000.sig && { [ '%s' = '' ] || "
        "ssh-keygen -q -Y sign -U -f '%s/%s.pub' -n approval@assay <records/900000.json "
        ">records/900000.sig; } && sha256sum records/900000.json >>records.sha256",
        filter, signer, world.agent.directory, signer);
    assert_int_equal(shell(directory, assay_buf_text(&text)), 0);
    assay_buf_free(&text);
}

#define OTHER_DEVICE                                                                           \
    ".predicate.log = {device: \"abcdef01\", number: \"1\", previous: \"\", seen: []}"

/* Nobody signed it, and no policy allows that. */
static void unsigned_decision_slipped_in(void **state)
{
    (void)state;
    world_approve(&world, request);
    char *directory = world_export(&world, "adm", "bundle");
    assert_int_equal(shell(directory, "sh verify.sh"), 0);
    slip(directory, OTHER_DEVICE " | .predicate.signer.key = \"\"", "");
    assert_int_not_equal(shell(directory, "sh verify.sh"), 0);
    assert_int_not_equal(assay_bundle_verify(directory, NULL, NULL), ASSAY_OK);
    free(directory);
}

/* Whoever has the key that was revoked goes on to sign with it. */
static void revoked_decision_slipped_in(void **state)
{
    (void)state;
    world_approve(&world, request);
    char *before = world_export(&world, "adm", "before");
    slip(before, OTHER_DEVICE, "app");
    assert_int_equal(shell(before, "sh verify.sh"), 0); /* as long as it was theirs */
    revoke("app", -1);
    char *directory = world_export(&world, "adm", "bundle");
    assert_int_equal(shell(directory, "sh verify.sh"), 0);
    slip(directory, OTHER_DEVICE, "app");
    assert_int_not_equal(shell(directory, "sh verify.sh"), 0);
    assert_int_not_equal(assay_bundle_verify(directory, NULL, NULL), ASSAY_OK);
    free(before);
    free(directory);
}

/* What a member signs may hold anything; on the auditor's terminal it does nothing. */
static void t18_words_of_a_record(void **state)
{
    (void)state;
    world_approve(&world, request);
    char *directory = world_export(&world, "adm", "bundle");
    slip(directory,
         OTHER_DEVICE " | .predicate.meaning = \"\\u001b[2Jeverything holds\\u009b1m\"", "app");
    assert_int_equal(shell(directory, "sh verify.sh >out 2>&1 && grep -q '?.2Jeverything' out "
                                      "&& ! LC_ALL=C grep -q '[^ -~]' out"),
                     0);
    free(directory);
}

/* Someone who is no owner names a person with a key of their own, who then decides. */
static void person_slipped_in(void **state)
{
    char filter[700];
    (void)state;
    world_approve(&world, request);
    char *directory = world_export(&world, "adm", "bundle");
    snprintf(
        filter, sizeof filter,
        OTHER_DEVICE " | .predicate.event = \"signer\" | .predicate.change = \"add\" | "
                     ".predicate.key = \"\" | .predicate.after = [] | .predicate.of = "
                     "{person: \"pup\", name: \"p\", keys: [\"%s\"], roles: "
                     "[\"approver\"], accounts: []}",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    slip(directory, filter, "");
    assert_int_not_equal(shell(directory, "sh verify.sh"), 0);
    free(directory);
}

/* Names of persons may hold @ and +; what is unsigned is allowed where the policy says so. */
static void names_and_what_is_allowed(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    struct assay_error err = {0};
    char key[400], id[17];
    const char *role = "validator";
    (void)state;
    test_agent_key(&world.agent, "ed25519", "ada", key);
    snprintf(key, sizeof key, "%s/ada.pub", world.agent.directory);
    const struct assay_person_change change = {.person = "ada+ml@example.org",
                                               .name = "Ada",
                                               .key_file = key,
                                               .roles = &role,
                                               .role_count = 1};
    assert_int_equal(assay_person_set(ledger, &change, &err), ASSAY_OK);
    assert_int_equal(assay_policy_set(ledger, UNSIGNED_POLICY, strlen(UNSIGNED_POLICY), &err),
                     ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "ada", request, ASSAY_APPROVE, &err), ASSAY_OK);
    char heads[400];
    snprintf(heads, sizeof heads, "%s/heads-rex", world.directory);
    const struct assay_ledger_options options = {
        .store = world.store, .heads = heads, .person = "rex", .unsigned_votes = true};
    assert_int_equal(assay_ledger_open(&ledger, &options, &err), ASSAY_OK);
    const struct assay_request_options ask = {
        .model = "fraud", .version = "2", .target = "alias:try", .words = "for a try"};
    if (assay_request_send(ledger, &ask, id, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    char *directory = world_export(&world, "adm", "bundle");
    assert_int_equal(shell(directory, "sh verify.sh >out && grep -q 'UNSIGNED .* rex request' "
                                      "out && grep -q 'signed .* ada+ml@example.org' out"),
                     0);
    if (assay_bundle_verify(directory, NULL, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    free(directory);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(t13_the_ledger_still_holds),
        TEST(t13_a_point_of_the_log),
        TEST(t13_who_joins_later),
        TEST(t13_nobody_built_on_it),
        TEST(t4_a_stranger_is_named_as_seen),
        TEST(t4_a_fork_keeps_nobody_out),
        TEST(t13_a_bundle_is_whole),
        TEST(unsigned_decision_slipped_in),
        TEST(revoked_decision_slipped_in),
        TEST(person_slipped_in),
        TEST(t18_words_of_a_record),
        TEST(names_and_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The first time: whoever begins a ledger owns it, which is said and asked; whoever joins one
 * is told which, and whose, as ssh shows a host's key.
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

#include "support/program.h"
#include "support/world.h"

static struct world world;

static int start(void **state)
{
    int status = program_begin(state);
    if (status == 0)
        world_start(&world, WORLD_POLICY);
    return status;
}

static int end(void **state)
{
    world_stop(&world);
    return program_end(state);
}

/* A home of its own in the world's folder. */
static void use(const char *name)
{
    char path[420];
    snprintf(path, sizeof path, "%s/%s.db", world.directory, name);
    setenv("ASSAY_STORE", path, 1);
    snprintf(path, sizeof path, "%s/state-%s", world.directory, name);
    setenv("XDG_STATE_HOME", path, 1);
}

static void who_begins_owns(void **state)
{
    char key[400];
    (void)state;
    snprintf(key, sizeof key, "%s/rex.pub", world.agent.directory);
    use("new");
    program_run(NULL, "keys", "add", "rex", "--key", key, NULL);
    program_expect(2);
    program_complains("would begin one, owned by rex");
    program_complains("--begin");
    program_run(NULL, "keys", "list", NULL);
    program_says("no ledger yet");
    program_run(NULL, "keys", "add", "rex", "--key", key, "--begin", NULL);
    program_expect(0);
    program_complains("began the ledger ");
    program_complains("owned by rex");
    /* Who comes afterwards begins nothing. */
    program_run(NULL, "keys", "add", "rex", "--name", "Rex", NULL);
    program_expect(0);
    assert_null(strstr(program_last.err, "began"));
}

/* With two owners, and a policy that asks for both, who changes something is told that it
 * waits. */
static void waits_for_another_owner(const char *key)
{
    static const char text[] = "[policy]\nname = both\ntargets = alias:none\nowners = 2\n"
                               "[clause approver]\ncount = 1\n";
    char file[400];
    snprintf(file, sizeof file, "%s/both.ini", world.directory);
    assert_int_equal(assay_file_write(file, text, strlen(text), 0600, NULL), ASSAY_OK);
    program_run(NULL, "policy", "set", file, "--sign-with", key, NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    program_run(NULL, "keys", "add", "rex", "--role", "approver", "--sign-with", key, NULL);
    program_expect(0);
    program_complains("1 change, which `assay audit log` shows, takes force when");
    program_run(NULL, "keys", "list", NULL);
    program_complains("takes force when another owner says the same");
}

/* The only owner does not lock everybody out: neither by giving up the role, nor the key. */
static void somebody_owns(void **state)
{
    char key[400], fingerprint[100];
    struct assay_ledger *ledger = world_open(&world, "adm");
    const struct assay_person *people;
    (void)state;
    assert_true(assay_ledger_people(ledger, &people) > 0);
    assert_string_equal(people[0].person, "adm");
    snprintf(fingerprint, sizeof fingerprint, "%s", people[0].keys[0].fingerprint);
    assay_ledger_close(&ledger);
    use("adm");
    setenv("ASSAY_STORE", world.store, 1);
    snprintf(key, sizeof key, "%s/adm.pub", world.agent.directory);
    program_run(NULL, "keys", "add", "adm", "--role", "approver", "--sign-with", key, NULL);
    program_expect(1);
    program_complains("nobody else could change persons and policies");
    program_run(NULL, "keys", "revoke", "adm", fingerprint, "--sign-with", key, NULL);
    program_expect(1);
    program_run(NULL, "keys", "add", "two", "--role", "policy-owner", "--role", "approver",
                "--role", "validator", "--sign-with", key, NULL);
    program_expect(0);
    program_run(NULL, "keys", "add", "adm", "--role", "policy-owner", "--sign-with", key, NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    waits_for_another_owner(key);
}

static void who_joins_is_told(void **state)
{
    char shared[400];
    struct assay_sync_result result = {0};
    struct assay_error err = {0};
    (void)state;
    snprintf(shared, sizeof shared, "%s/shared", world.directory);
    struct assay_ledger *ledger = world_open(&world, "adm");
    assert_int_equal(assay_ledger_sync(ledger, shared, NULL, &result, &err), ASSAY_OK);
    char digest[ASSAY_SHA256_TEXT];
    memcpy(digest, assay_ledger_info(ledger).digest, sizeof digest);
    assay_ledger_close(&ledger);
    use("joins");
    program_run(NULL, "sync", shared, NULL);
    program_expect(0);
    program_complains("for the first time");
    program_complains(digest);
    program_complains("owned by adm, SHA256:");
    program_run(NULL, "sync", shared, NULL);
    assert_null(strstr(program_last.err, "first time"));
}

static size_t drifting(bool files)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    const struct assay_drift *drifts = NULL;
    struct assay_error err = {0};
    size_t count = 0;
    if (assay_ledger_drift(ledger, NULL, files, &drifts, &count, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    return count;
}

/* A version whose files were changed where they lie stands at its target as before: only who
   reads them knows, and who did not says so. */
static void t24_files_that_were_not_read(void **state)
{
    char id[17], file[400];
    struct assay_error err = {0};
    (void)state;
    world_ask(&world, id);
    world_approve(&world, id);
    assert_int_equal(world_apply(&world, id, &err), ASSAY_OK);
    use("adm");
    setenv("ASSAY_STORE", world.store, 1);
    program_run(NULL, "audit", "drift", NULL);
    program_expect(0);
    program_complains("no file was looked at");
    program_run(NULL, "audit", "drift", "--files", NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    snprintf(file, sizeof file, "%s/weights.bin", world.model);
    assert_int_equal(drifting(true), 0);
    assert_int_equal(assay_file_write(file, "others", 6, 0600, &err), ASSAY_OK);
    assert_int_equal(drifting(false), 0);
    assert_int_equal(drifting(true), 1);
    program_run(NULL, "audit", "drift", "--files", NULL);
    program_expect(1);
    program_says("its files are not those that were registered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_begins_owns),
        cmocka_unit_test(somebody_owns),
        cmocka_unit_test(who_joins_is_told),
        cmocka_unit_test(t24_files_that_were_not_read),
    };
    return cmocka_run_group_tests(tests, start, end);
}

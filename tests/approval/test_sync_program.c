/*
 * A folder that others write to, exchanged with as scripts do it: what `assay sync` prints, and how it
 * ends, where records of strangers lie there, and where a member forked their chain more often than
 * anybody looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/good.h"
#include "support/program.h"
#include "support/world.h"

static struct world world;
static char request[17];

static int start(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_ask(&world, request);
    setenv("SSH_AUTH_SOCK", world.agent.socket, 1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

/* Runs a shell in DIRECTORY, which must succeed. put: "./new" becomes a record of the folder,
   signed with the key of "$1"; its digest is printed. */
static void shell(const char *directory, const char *command)
{
    struct assay_buf text = {0};
    assay_buf_format(&text,
                     "cd '%s' && export LC_ALL=C && keys='%s' && put() { d=$(sha256sum <new | cut "
                     "-c1-64); n=records/$(echo $d | cut -c1-2)/$d; mkdir -p ${n%%/*} && "
                     "ssh-keygen -q -Y sign -U -f $keys/$1.pub -n approval@assay <new >$n.sig && "
                     "mv new $n.json && echo $d; } && %s",
                     directory, world.agent.directory, command);
    const char *const argv[] = {"sh", "-c", assay_buf_text(&text), NULL};
    assert_int_equal(test_command_status(argv), 0);
    assay_buf_free(&text);
}

/* PERSON exchanges STORE with PLACE by the program, OPTION (may be NULL) given. */
static void sync_by(const char *person, const char *store, const char *place, const char *option,
                    int status)
{
    char state[400];
    snprintf(state, sizeof state, "%s/state-%s", world.directory, person);
    setenv("XDG_STATE_HOME", state, 1);
    setenv("ASSAY_STORE", store, 1);
    program_run(NULL, "sync", place, option, NULL);
    program_expect(status);
}

/* A ledger of one record is told of in the singular. */
static void one_record(void **state)
{
    char *store = world_path(&world, "one.db"), key[400];
    (void)state;
    snprintf(key, sizeof key, "%s/adm.pub", world.agent.directory);
    setenv("ASSAY_STORE", store, 1);
    program_run(NULL, "keys", "add", "adm", "--begin", "--key", key, NULL);
    program_expect(0);
    program_run(NULL, "verify", NULL);
    program_expect(0);
    program_says("1 record holds\n");
    free(store);
}

#define ONE_REQUEST "one=$(grep -l '\"event\":\"request\"' records/*/*.json | head -1) && "

/* Records by nobody of the ledger are told of once, by their number, and are no fault; a member's
   that follows one of them is, once; and --again tells of both anew. */
static void strangers(void **state)
{
    char *shared = world_path(&world, "shared"), *fresh = world_path(&world, "fresh.db");
    char all[64];
    (void)state;
    sync_by("adm", world.store, shared, NULL, 0);
    snprintf(all, sizeof all, "%zu sent, 0 received, 0 refused\n", world_records(&world));
    assert_string_equal(program_last.out, all);
    program_complains(": was not there, and was made\n");
    shell(shared, ONE_REQUEST "jq -cj '.predicate.signer.person = \"stranger\" | .predicate.log = "
                              "{device: \"abcdef01\", number: \"1\", previous: \"\", seen: []}' "
                              "$one >new && put val >first");
    sync_by("two", fresh, shared, NULL, 0);
    snprintf(all, sizeof all, "0 sent, %zu received, 0 refused\n", world_records(&world));
    assert_string_equal(program_last.out, all);
    program_complains("/shared: 1 record is there by nobody of this ledger: left alone\n");
    sync_by("two", fresh, shared, NULL, 0);
    assert_string_equal(program_last.out, "0 sent, 0 received, 0 refused\n");
    assert_string_equal(program_last.err, "");
    shell(shared, ONE_REQUEST "jq -cj '.predicate.signer.person = \"other\" | .predicate.log = "
                              "{device: \"abcdef02\", number: \"1\", previous: \"\", seen: []}' "
                              "$one >new && put val >/dev/null");
    sync_by("two", fresh, shared, NULL, 0);
    program_complains("/shared: 2 records are there by nobody of this ledger: left alone\n");
    /* val signed that they had seen the stranger's. */
    shell(shared, ONE_REQUEST "jq -cj --arg d $(cat first) --arg key $(ssh-keygen -lf "
                              "$keys/val.pub | cut -d' ' -f2) '.predicate.signer.person = \"val\" "
                              "| .predicate.signer.key = $key | .predicate.log = {device: "
                              "\"abcdef03\", number: \"1\", previous: \"\", seen: [{chain: "
                              "\"stranger/abcdef01\", number: \"1\", digest: $d}]}' $one >new && "
                              "put val >/dev/null");
    sync_by("two", fresh, shared, NULL, 1);
    assert_string_equal(program_last.out, "0 sent, 0 received, 1 refused\n");
    program_complains("2 records are there by nobody");
    program_complains("it follows a record that does not belong here");
    sync_by("two", fresh, shared, NULL, 0);
    assert_string_equal(program_last.err, "");
    sync_by("two", fresh, shared, "--again", 1);
    program_complains("2 records are there by nobody");
    /* None of it is in the store. */
    program_run(NULL, "verify", NULL);
    program_expect(0);
    snprintf(all, sizeof all, "%zu records hold\n", world_records(&world));
    assert_string_equal(program_last.out, all);
    free(shared);
    free(fresh);
}

#define FORKS "300"

/* app signs 300 others for the place of one record on which val has built. Who has that one goes on
   with it; who joins takes it, too, whatever order the others come in, although fewer sides than
   there are are looked at closely; and both are told of it once. Fails without heaviest_first(). */
static void t4_many_forks(void **state)
{
    char *shared = world_path(&world, "shared"), *fresh = world_path(&world, "fresh.db");
    char all[64];
    (void)state;
    GOOD(world_decide(&world, "app", request, ASSAY_APPROVE, good));
    GOOD(world_decide(&world, "val", request, ASSAY_APPROVE, good));
    sync_by("adm", world.store, shared, NULL, 0);
    shell(shared,
          "one=$(grep -l '\"person\":\"app\".*\"decision\":\"approve\"' records/*/*.json) && "
          "mkdir made && jq -c '. as $r | range(" FORKS ") | . as $i | $r | .predicate.nonce = "
          "(\"00000000000000000000000000000000\" + ($i | tostring))[-32:]' $one | (n=0; while "
          "IFS= read -r line; do n=$((n + 1)); printf %s \"$line\" >made/$n; done) && ssh-keygen "
          "-q -Y sign -U -f $keys/app.pub -n approval@assay made/* 2>/dev/null && sha256sum "
          "made/*[0-9] | while read -r d name; do p=$(printf %.2s $d); mkdir -p records/$p && mv "
          "$name.sig records/$p/$d.sig && mv $name records/$p/$d.json || exit 1; done && rmdir "
          "made");
    const int64_t began_us = assay_monotonic_us();
    sync_by("adm", world.store, shared, NULL, 1);
    assert_string_equal(program_last.out, "0 sent, 0 received, " FORKS " refused\n");
    program_complains("its author forked their chain: for its place there is another here");
    sync_by("adm", world.store, shared, NULL, 0);
    assert_string_equal(program_last.err, "");
    sync_by("two", fresh, shared, NULL, 1);
    assert_true(assay_monotonic_us() - began_us < INT64_C(120000000));
    snprintf(all, sizeof all, "0 sent, %zu received, " FORKS " refused\n", world_records(&world));
    assert_string_equal(program_last.out, all);
    program_complains("its author forked their chain, and others built on another record");
    program_run(NULL, "review", request, "--format", "json", NULL);
    program_expect(0);
    program_says("\"state\": \"APPROVED\"");
    free(shared);
    free(fresh);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {TEST(one_record), TEST(strangers), TEST(t4_many_forks)};
    return cmocka_run_group_tests(tests, program_begin, program_end);
}

/*
 * Whole courses of requests through the program's commands, each person with a state of their
 * own: a plan of stages, conditions that come due, a vote handed on, broken glass, the way
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>

#include "support/program.h"
#include "support/world_screen.h"

#define HOUR INT64_C(3600000)
#define TWO_SIGN                                                                               \
    "[clause validator]\ncount = 1\n[clause approver]\ncount = 1\n[gate loss]\nkind = "        \
    "threshold\nmetric = loss\nat-most = 0.5\n"
#define CHAMPION "[policy]\nname = full\ntargets = alias:champion\nexpires = 30d\n" TWO_SIGN

static struct world world;
static int64_t start_ms;

/* The clock stands HOURS after the test's start. */
static void at_hour(int64_t hours)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)(start_ms + hours * HOUR));
    setenv("ASSAY_NOW_MS", text, 1);
}

/* The day that begins HOURS after the start or up to a day later, as people write it. */
static const char *day_after(char out[32], int64_t hours)
{
    assay_time_text(out, start_ms + hours * HOUR);
    out[10] = '\0';
    return out;
}

static void begin(const char *policy)
{
    world_start(&world, policy);
    setenv("ASSAY_STORE", world.store, 1);
    start_ms = assay_now_ms();
    at_hour(0);
}

static void add_policy(const char *text)
{
    struct assay_error err = {0};
    struct assay_ledger *ledger = world_open(&world, "adm");
    if (assay_policy_set(ledger, text, strlen(text), &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
}

/* Runs the program as PERSON; the arguments end with NULL. What it must exit with comes first.
 */
static void as(const char *person, int expect, ...)
{
    char key[400], state[400];
    char *argv[PROGRAM_ARGUMENTS] = {(char *)(uintptr_t) "assay"};
    size_t count = 1;
    va_list args;
    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, person);
    snprintf(state, sizeof state, "%s/state-%s", world.directory, person);
    setenv("XDG_STATE_HOME", state, 1);
    va_start(args, expect);
    while ((argv[count] = va_arg(args, char *)) != NULL)
        assert_true(++count + 3 < PROGRAM_ARGUMENTS);
    va_end(args);
    if (strcmp(argv[1], "verify") != 0 && strcmp(argv[1], "audit") != 0) {
        argv[count++] = (char *)(uintptr_t) "--sign-with";
        argv[count++] = key;
    }
    argv[count] = NULL;
    program_run_list(NULL, argv);
    program_expect(expect);
}

static void ask(const char *target, char id[17])
{
    as("rex", 0, "request", "--model", "fraud", "--version", "2", "--target", target, "-m",
       "lower loss", NULL);
    assert_int_equal(program_last.out_length, 17);
    memcpy(id, program_last.out, 16);
    id[16] = '\0';
}

static void approve(const char *id)
{
    as("val", 0, "sign", id, "--approve", NULL);
    as("app", 0, "sign", id, "--approve", NULL);
}

static void expect_state(const char *id, const char *state, const char *why)
{
    as("adm", 0, "review", id, "--format", "json", NULL);
    json_t *json = program_json();
    assert_string_equal(json_string_value(json_object_get(json, "state")), state);
    if (!strstr(json_string_value(json_object_get(json, "why")), why))
        fail_msg("%s, not: %s", json_string_value(json_object_get(json, "why")), why);
    json_decref(json);
}

static void verify(const char *version, const char *target, int expect)
{
    as("adm", expect, "verify", "--model", "fraud", "--version", version, "--target", target,
       NULL);
}

/* ---- stages ---- */

static void shadow_canary_full(void **state)
{
    (void)state;
    char shadow[17], canary[17], full[17], champion[24];
    begin("[policy]\nname = shadow\ntargets = alias:shadow\n" TWO_SIGN);
    add_policy("[policy]\nname = canary\ntargets = alias:canary\n" TWO_SIGN
               "[plan]\nafter = alias:shadow\nfor = 24h\n");
    add_policy(CHAMPION "[plan]\nafter = alias:canary\n");
    /* Signed by all, a step does not come before its turn. */
    ask("alias:canary", canary);
    approve(canary);
    expect_state(canary, "PENDING", "after alias:shadow: the version was not there yet");
    as("rex", 1, "apply", canary, NULL);
    ask("alias:shadow", shadow);
    approve(shadow);
    as("rex", 0, "apply", shadow, NULL);
    verify("2", "alias:shadow", 0);
    expect_state(canary, "PENDING", "the version was not there for long enough");
    verify("2", "alias:canary", 1);
    at_hour(25);
    expect_state(canary, "APPROVED", "");
    as("rex", 0, "apply", canary, NULL);
    as("rex", 0, "apply", canary, NULL);
    verify("2", "alias:canary", 0);
    ask("alias:champion", full);
    expect_state(full, "PENDING", "");
    approve(full);
    assert_string_equal(world_champion(&world, champion), "1");
    as("rex", 0, "apply", full, NULL);
    assert_string_equal(world_champion(&world, champion), "2");
    /* Each step has sign-offs of its own: none of them was carried over. */
    as("adm", 0, "audit", "log", "--format", "json", NULL);
    assert_non_null(strstr(program_last.out, canary));
    world_stop(&world);
}

/* ---- conditions ---- */

static void conditions_past_due(void **state)
{
    (void)state;
    char id[17], condition[80], day[32], line[120];
    begin(CHAMPION);
    ask("alias:champion", id);
    size_t records = world_records(&world);
    as("val", 2, "sign", id, "--approve", "--condition", "traffic below 10 % until soon", NULL);
    program_complains("soon: is no date");
    as("val", 2, "sign", id, "--reject", "-m", "no", "--condition", "x", NULL);
    program_complains("only an approval has conditions");
    assert_int_equal(world_records(&world), records);
    snprintf(condition, sizeof condition, "traffic below 10 %% until %s", day_after(day, 48));
    as("val", 0, "sign", id, "--approve", "--condition", condition, "--condition",
       "the card is read again", NULL);
    as("app", 0, "sign", id, "--approve", NULL);
    as("rex", 0, "apply", id, NULL);
    verify("2", "alias:champion", 0);
    /* Due: what was approved on a condition that is not met is approved no more. */
    at_hour(49);
    verify("2", "alias:champion", 1);
    program_complains("overdue");
    as("val", 2, "sign", id, "--fulfil", "-m", "traffic is fine", NULL);
    program_complains("to be met: traffic below 10 %, the card is read again");
    /* Whom the separation of duties excludes says nothing that counts. */
    as("rex", 0, "sign", id, "--fulfil", "-m", "traffic below 10 %", NULL);
    verify("2", "alias:champion", 1);
    as("two", 0, "sign", id, "--fulfil", "-m", "traffic below 10 %", NULL);
    verify("2", "alias:champion", 0);
    as("val", 2, "sign", id, "--fulfil", "-m", "traffic below 10 %", NULL);
    snprintf(line, sizeof line, "to be met: the card is read again");
    program_complains(line);
    /* Revoked, it may not be there, whatever is met. */
    as("val", 2, "sign", id, "--revoke", NULL);
    as("val", 0, "sign", id, "--revoke", "-m", "slices regress", NULL);
    expect_state(id, "REVOKED", "revoked by val");
    verify("2", "alias:champion", 1);
    world_stop(&world);
}

/* ---- a vote handed on ---- */

static void delegation(void **state)
{
    (void)state;
    char id[17];
    begin("[policy]\nname = canary\ntargets = alias:canary\n" TWO_SIGN);
    add_policy(CHAMPION "[delegation]\nallowed = yes\nlongest = 2d\n");
    ask("alias:canary", id);
    as("val", 1, "sign", id, "--delegate", "brk", NULL);
    program_complains("lets nobody hand on a vote");
    ask("alias:champion", id);
    as("val", 2, "sign", id, "--delegate", "dev", NULL);
    program_complains("dev: nobody of this ledger is called that");
    as("val", 1, "sign", id, "--delegate", "rex", NULL);
    program_complains("rex could not vote");
    as("rex", 1, "sign", id, "--delegate", "brk", NULL);
    program_complains("rex has no vote to hand on");
    as("val", 0, "sign", id, "--delegate", "brk", "-m", "on leave", NULL);
    /* Who handed it on has it no more; who has it votes once. */
    as("val", 1, "sign", id, "--approve", NULL);
    program_complains("val handed the vote to somebody else");
    as("app", 0, "sign", id, "--approve", NULL);
    expect_state(id, "PENDING", "clause validator: 0 of 1");
    as("brk", 0, "sign", id, "--approve", "-m", "for val", NULL);
    expect_state(id, "APPROVED", "");
    /* For no longer than the policy lets it; but what was applied in time is where it may be.
     */
    at_hour(49);
    expect_state(id, "PENDING", "clause validator: 0 of 1");
    as("rex", 1, "apply", id, NULL);
    at_hour(47);
    as("rex", 0, "apply", id, NULL);
    at_hour(200);
    expect_state(id, "APPLIED", "");
    verify("2", "alias:champion", 0);
    world_stop(&world);
}

/* ---- broken glass, and back ---- */

static void glass_and_back(void **state)
{
    (void)state;
    char id[17], back[17], champion[24];
    begin(CHAMPION "[break-glass]\nrole = breaker\nreview-within = 12h\n");
    ask("alias:champion", id);
    as("val", 1, "sign", id, "--ratify", "-m", "fine", NULL);
    program_complains("there is no override to review");
    as("app", 1, "sign", id, "--override", "-m", "the old one is down", NULL);
    as("brk", 2, "sign", id, "--override", NULL);
    as("rex", 1, "request", "--rollback", id, "-m", "back", NULL);
    program_complains("only what was applied can be taken back");
    as("brk", 0, "sign", id, "--override", "-m", "the old one is down", NULL);
    as("rex", 0, "apply", id, NULL);
    assert_string_equal(world_champion(&world, champion), "2");
    verify("2", "alias:champion", 0);
    /* It waits for another at once, not only when it is late. */
    as("val", 0, "queue", "--mine", NULL);
    program_says("fraud");
    program_says("REVIEW DUE");
    as("brk", 0, "queue", "--mine", NULL);
    assert_null(strstr(program_last.out, "fraud"));
    as("rex", 0, "queue", "--mine", NULL);
    assert_null(strstr(program_last.out, "fraud"));
    at_hour(13);
    verify("2", "alias:champion", 1);
    as("val", 0, "queue", "--mine", NULL);
    program_says("fraud");
    program_says("REVIEW OVERDUE");
    as("brk", 0, "sign", id, "--ratify", "-m", "I was right", NULL);
    verify("2", "alias:champion", 1);
    as("val", 0, "sign", id, "--ratify", "-m", "it was right", NULL);
    verify("2", "alias:champion", 0);
    as("adm", 0, "review", id, NULL);
    assert_non_null(strstr(program_last.out, "OVERRIDDEN"));
    as("val", 0, "queue", NULL);
    assert_null(strstr(program_last.out, "fraud"));
    /* Back to what was there before: a request like any other. */
    as("rex", 2, "request", "--rollback", id, "--model", "fraud", "-m", "back", NULL);
    program_complains("leave out --model");
    as("rex", 0, "request", "--rollback", id, "-m", "latency doubled", NULL);
    memcpy(back, program_last.out, 16);
    back[16] = '\0';
    as("rex", 1, "apply", back, NULL);
    approve(back);
    as("rex", 0, "apply", back, NULL);
    assert_string_equal(world_champion(&world, champion), "1");
    verify("1", "alias:champion", 0);
    /* What was there once is not there by right: set by hand again, it is found. */
    verify("2", "alias:champion", 1);
    program_complains("took its place");
    as("adm", 0, "audit", "drift", NULL);
    world_move_champion(&world, 1, 2);
    as("adm", 1, "audit", "drift", NULL);
    world_stop(&world);
}

/* ---- what lists and shows, in every format ---- */

static size_t length_of(const json_t *json, const char *list)
{
    return json_array_size(json_object_get(json, list));
}

/* How many rows a request has as csv: twelve facts, and one for each element of its lists. */
static size_t rows_of(const json_t *request)
{
    return 12 + length_of(request, "requirements") + length_of(request, "gates") +
           length_of(request, "evidence") + length_of(request, "votes") +
           length_of(request, "eligible");
}

static void every_format(void **state)
{
    (void)state;
    char id[17], second[17];
    json_t *json, *request;
    size_t rows = 0, i;
    begin(CHAMPION);
    ask("alias:champion", id);
    as("val", 0, "sign", id, "--approve", "-m", "a, \"b\"", NULL);
    as("adm", 0, "review", id, "--format", "json", NULL);
    json = program_json();
    as("adm", 0, "review", id, "--format", "csv", NULL);
    assert_int_equal(program_lines(program_last.out), 1 + rows_of(json));
    program_says("request,section,key,state,person,role,time_ms,value,digest\n");
    program_says(",signature,approve,counts,val,validator,");
    program_says(",\"a, \"\"b\"\"\",");
    as("adm", 0, "review", id, "--format", "md", NULL);
    assert_int_equal(program_lines(program_last.out), 2 + rows_of(json));
    json_decref(json);
    ask("alias:champion", second);
    as("adm", 0, "audit", "report", "--format", "json", NULL);
    json = program_json();
    assert_int_equal(length_of(json, "requests"), 2);
    json_array_foreach(json_object_get(json, "requests"), i, request)
    {
        rows += rows_of(request);
    }
    json_decref(json);
    as("adm", 0, "audit", "report", "--format", "csv", NULL);
    assert_int_equal(program_lines(program_last.out), 1 + rows);
    as("adm", 0, "audit", "report", NULL);
    program_says("meaning: authorship");
    world_stop(&world);
}

/* What would be passed over in silence is refused. */
static void refused(void **state)
{
    (void)state;
    begin(CHAMPION);
    as("adm", 2, "audit", "report", "--html", "--format", "csv", NULL);
    as("adm", 2, "audit", "log", "--html", NULL);
    as("adm", 2, "audit", "export", world.directory, "--format", "json", NULL);
    as("adm", 2, "audit", "log", "-S", "http://127.0.0.1:1", NULL);
    program_complains("audit log: -S is of drift");
    as("adm", 2, "verify", "-S", "http://127.0.0.1:1", NULL);
    program_complains("verify: -S is of --model, --version and --target");
    as("adm", 2, "verify", "--bundle", world.directory, "-S", "", NULL);
    as("adm", 3, "queue", "-S", "nowhere", NULL);
    program_complains("nowhere: is no MLflow server");
    as("adm", 2, "queue", "--state", "NONSENSE", NULL);
    program_complains("there is no state NONSENSE");
    program_complains("PENDING, ");
    program_complains(", SUPERSEDED, or all");
    as("adm", 0, "queue", "--state", "pending", NULL);
    as("adm", 0, "queue", "--state", "ALL", NULL);
    world_stop(&world);
}

/* A source that does not answer is no source at which nothing has drifted, with a ledger or without;
   what is no server is said to be none. */
static void drift_at_no_server(void **state)
{
    (void)state;
    char config[400];
    begin(CHAMPION);
    snprintf(config, sizeof config, "%s/config.ini", world.directory);
    world_write(&world, "config.ini", "[source team]\nplace = http://127.0.0.1:1\n");
    setenv("ASSAY_CONFIG", config, 1);
    for (int fresh = 0; fresh < 2; fresh++) {
        as("adm", 3, "audit", "drift", "-S", "mlruns", NULL);
        program_complains("mlruns: is no MLflow server; what is approved stands at servers");
        program_complains("give the URL of the server");
        as("adm", 3, "audit", "drift", "-S", "./mlruns", NULL);
        program_complains("is no MLflow server");
        as("adm", 3, "audit", "drift", "-S", "http://127.0.0.1:1", NULL);
        program_complains("127.0.0.1");
        assert_string_equal(program_last.out, "");
        as("adm", 3, "audit", "drift", "-S", "team", NULL);
        program_complains("127.0.0.1");
        /* The local registry, whose champion nobody approved, and none. */
        as("adm", fresh ? 0 : 1, "audit", "drift", "-S", "", NULL);
        char *store = world_path(&world, "fresh.db");
        setenv("ASSAY_STORE", store, 1);
        free(store);
    }
    unsetenv("ASSAY_CONFIG");
    world_stop(&world);
}

/* What was found in a place that records are exchanged with, and what was made there. */
static void places_of_exchange(void **state)
{
    (void)state;
    begin(CHAMPION);
    char *shared = world_path(&world, "shared"), *nowhere = world_path(&world, "nowhere");
    char *empty = world_path(&world, "empty.db");
    program_run(NULL, "sync", shared, NULL);
    program_expect(0);
    program_complains("was not there, and was made");
    program_run(NULL, "sync", shared, NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    assert_string_equal(program_last.out, "0 sent, 0 received, 0 refused\n");
    assert_int_equal(assay_make_directories(nowhere, NULL), ASSAY_OK);
    program_run(NULL, "sync", nowhere, NULL);
    program_expect(0);
    program_complains("held no ledger");
    free(nowhere);
    nowhere = world_path(&world, "misspelt");
    setenv("ASSAY_STORE", empty, 1);
    program_run(NULL, "sync", nowhere, NULL);
    program_expect(2);
    program_complains("holds no ledger, and there is none here either");
    assert_int_not_equal(access(nowhere, F_OK), 0);
    free(shared);
    free(nowhere);
    free(empty);
    world_stop(&world);
}

/* What only whoever asks runs is nothing that a reviewer could have left out. */
static void only_commands(void **state)
{
    (void)state;
    char id[17];
    begin("[policy]\nname = full\ntargets = alias:champion\n[clause validator]\ncount = 1\n"
          "[clause approver]\ncount = 1\n[gate team]\nkind = command\ncommand = /bin/true\n");
    ask("alias:champion", id);
    approve(id);
    expect_state(id, "APPROVED", "");
    as("rex", 0, "apply", id, NULL);
    verify("2", "alias:champion", 0);
    world_stop(&world);
}

/* It stopped before the target moved, or behind that, and is finished after the time in which
   it was to be applied. */
static void begun_and_finished_late(void **state)
{
    (void)state;
    for (int moved = 0; moved < 2; moved++) {
        char id[17], champion[24];
        begin(CHAMPION);
        ask("alias:champion", id);
        approve(id);
        world_begin(&world, id);
        if (moved)
            world_move_champion(&world, 1, 2);
        verify("2", "alias:champion", 0);
        at_hour(8 * 24);
        verify("2", "alias:champion", 1);
        program_complains("was begun in time, and not finished");
        program_complains("assay apply ");
        expect_state(id, "APPLYING", "not finished");
        as("adm", 1, "audit", "drift", NULL);
        if (moved)
            program_says("not finished");
        as("rex", 0, "apply", id, NULL);
        expect_state(id, "APPLIED", "");
        assert_string_equal(world_champion(&world, champion), "2");
        verify("2", "alias:champion", 0);
        as("adm", 0, "audit", "drift", NULL);
        world_stop(&world);
    }
}

/* A deployment whose variable is not set is told so, and gets no 0. */
static void gate_of_nothing(void **state)
{
    static const char *const asked[][3] = {{"", "1", "alias:champion"},
                                           {"fraud", "", "alias:champion"},
                                           {"fraud", "1", ""}};
    static const char *const says[] = {"--model is empty", "--version is empty",
                                       "--target is empty"};
    (void)state;
    begin(WORLD_POLICY);
    for (size_t i = 0; i < 3; i++) {
        as("adm", 2, "verify", "--model", asked[i][0], "--version", asked[i][1], "--target",
           asked[i][2], NULL);
        program_complains(says[i]);
    }
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shadow_canary_full),
        cmocka_unit_test(conditions_past_due),
        cmocka_unit_test(delegation),
        cmocka_unit_test(glass_and_back),
        cmocka_unit_test(every_format),
        cmocka_unit_test(refused),
        cmocka_unit_test(drift_at_no_server),
        cmocka_unit_test(places_of_exchange),
        cmocka_unit_test(only_commands),
        cmocka_unit_test(begun_and_finished_late),
        cmocka_unit_test(gate_of_nothing),
    };
    return cmocka_run_group_tests_name("courses", tests, program_begin, program_end);
}

/*
 * The JSON of the commands for approvals, where there is something to print: their keys,
 * exactly, and the types under them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/program.h"
#include "support/shape.h"
#include "support/world.h"

#define REQUEST                                                                                \
    "{'id': 'hex', 'state': 'PENDING|APPROVED|APPLIED|REJECTED', 'why': 'text', "              \
    "'revision': 'integer', 'binding': 'hex', 'platform': 'filled', 'place': 'text', "         \
    "'model': 'filled', 'version': 'filled', 'target': 'filled', 'from_version': 'text', "     \
    "'from_digest': 'text', 'model_digest': 'hex', 'words': 'text', 'requester': 'filled', "   \
    "'tier': 'text', "                                                                         \
    "'policy': {'name': 'filled', 'version': 'integer', 'sha256': 'hex'}, "                    \
    "'opened_ms': 'integer', 'expires_ms': 'integer', 'apply_by_ms': 'integer?', "             \
    "'applied_ms': 'integer?', 'have': 'integer', 'needed': 'integer', 'mine': 'bool', "       \
    "'rollback': 'bool', 'overridden': 'bool', 'unsigned': 'bool', "                           \
    "'requirements': [{'name': 'filled', 'state': 'filled', 'why': 'text'}], "                 \
    "'eligible': [{'person': 'filled', 'role': 'text', 'eligible': 'bool', 'voted': 'bool', "  \
    "'why': 'text'}], "                                                                        \
    "'votes': [{'person': 'filled', 'name': 'filled', 'role': 'text', 'decision': 'filled', "  \
    "'meaning': 'filled', 'reason': 'text', 'time_ms': 'integer', 'revision': 'integer', "     \
    "'key': 'text', 'signed': 'bool', 'touched': 'bool', 'pin': 'bool', 'counts': 'bool', "    \
    "'why_not': 'text', 'record': 'hex'}], "                                                   \
    "'gates': [{'name': 'filled', 'kind': 'filled', 'state': 'filled', 'why': 'text', "        \
    "'candidate': 'text', 'champion': 'text'}], "                                              \
    "'evidence': [{'name': 'filled', 'sha256': 'hex', 'bytes': 'integer', "                    \
    "'time_ms': 'integer', 'seen': 'bool'}]}"

static struct world world;
static char request[17];

/* A ledger of several persons with one request, that one of two has signed. */
static int begin(void **state)
{
    struct assay_error err = {0};
    int status = program_begin(state);
    if (status)
        return status;
    world_start(&world, WORLD_POLICY);
    setenv("ASSAY_STORE", world.store, 1);
    world_ask(&world, request);
    return world_decide(&world, "val", request, ASSAY_APPROVE, &err) == ASSAY_OK ? 0 : 1;
}

static int end(void **state)
{
    world_stop(&world);
    return program_end(state);
}

/* Runs the command as the owner; its JSON has SHAPE, and something in the list called LIST. */
static json_t *expect(const char *shape, const char *list, const char *command,
                      const char *word, const char *more)
{
    char key[400], state[400];
    char *argv[10] = {(char *)(uintptr_t) "assay", (char *)(uintptr_t)command};
    size_t count = 2;
    snprintf(key, sizeof key, "%s/adm.pub", world.agent.directory);
    snprintf(state, sizeof state, "%s/state-adm", world.directory);
    setenv("XDG_STATE_HOME", state, 1);
    if (word)
        argv[count++] = (char *)(uintptr_t)word;
    if (more)
        argv[count++] = (char *)(uintptr_t)more;
    argv[count++] = (char *)(uintptr_t) "--format";
    argv[count++] = (char *)(uintptr_t) "json";
    if (strcmp(command, "audit") != 0) {
        argv[count++] = (char *)(uintptr_t) "--sign-with";
        argv[count++] = key;
    }
    program_run_list(NULL, argv);
    program_expect(strcmp(command, "audit") == 0 && strcmp(word, "drift") == 0); /* 1: some */
    json_t *json = shape_of_program(shape);
    if (list && json_array_size(json_object_get(json, list)) == 0)
        fail_msg("%s is empty", list);
    return json;
}

static void test_queue(void **state)
{
    (void)state;
    json_decref(expect("{'requests': [" REQUEST "]}", "requests", "queue", "--state", "all"));
}

static void test_review(void **state)
{
    (void)state;
    json_t *json = expect(REQUEST, "votes", "review", request, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "PENDING");
    assert_int_equal(strlen(json_string_value(json_object_get(json, "binding"))), 64);
    assert_true(json_array_size(json_object_get(json, "requirements")) > 0);
    assert_true(json_array_size(json_object_get(json, "gates")) > 0);
    assert_true(json_array_size(json_object_get(json, "eligible")) > 0);
    json_decref(json);
}

static void test_keys(void **state)
{
    (void)state;
    json_decref(expect("{'ledger': 'hex', 'persons': [{'person': 'filled', 'name': 'filled', "
                       "'roles': ['filled'], 'accounts': ['filled'], 'keys': "
                       "[{'fingerprint': 'filled', 'key': 'filled', 'hardware': 'bool', "
                       "'revoked': 'bool'}], 'me': 'bool'}]}",
                       "persons", "keys", "list", NULL));
}

/* The doctor looks at the same ledger and agent. */
static void test_doctor(void **state)
{
    (void)state;
    program_run(NULL, "doctor", "-S", "local", NULL);
    program_expect(0);
    program_says(" records\n");
    program_says("signing        the agent holds keys of adm and of ");
    program_says("-> say which with --sign-with FILE.pub\n");
}

static void test_policy(void **state)
{
    (void)state;
    json_decref(expect("{'policies': [{'name': 'filled', 'version': 'integer', "
                       "'sha256': 'hex', 'in_force': 'bool', 'author': 'filled', "
                       "'time_ms': 'integer', 'text': 'filled'}]}",
                       "policies", "policy", "show", NULL));
}

static void test_audit(void **state)
{
    (void)state;
    json_decref(expect("{'ledger': 'hex', 'records': [{'seq': 'integer', 'digest': 'hex', "
                       "'author': 'filled', 'name': 'filled', 'event': 'filled', "
                       "'request': 'text', 'meaning': 'text', 'what': 'text', "
                       "'time_ms': 'integer', 'signed': 'bool', 'counts': 'bool'}]}",
                       "records", "audit", "log", NULL));
}

static void test_drift(void **state)
{
    (void)state;
    world_move_champion(&world, 1, 2);
    json_decref(
        expect("{'files_read': 'bool', 'drift': [{'platform': 'filled', 'model': 'filled', "
               "'target': 'filled', 'version': 'filled', 'request': 'text', "
               "'why': 'filled'}]}",
               "drift", "audit", "drift", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue),  cmocka_unit_test(test_review),
        cmocka_unit_test(test_keys),   cmocka_unit_test(test_doctor),
        cmocka_unit_test(test_policy), cmocka_unit_test(test_audit),
        cmocka_unit_test(test_drift),
    };
    return cmocka_run_group_tests_name("shapes of approvals", tests, begin, end);
}

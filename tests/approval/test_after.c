/*
 * What follows an application: commands and webhooks of the user's own configuration, through
 * `assay apply`. What they are told, when they are run and when not, what becomes of their
 * failure, and whose words are never run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/good.h"
#include "support/program.h"
#include "support/web.h"
#include "support/world.h"

static struct world world;
static char champion[24];

/* ---- the set-up ---- */

static int start(void **state)
{
    char *config;
    (void)state;
    world_start(&world, WORLD_POLICY);
    config = world_path(&world, "config.ini");
    setenv("ASSAY_STORE", world.store, 1);
    setenv("ASSAY_CONFIG", config, 1);
    free(config);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    unsetenv("ASSAY_CONFIG");
    unsetenv("ASSAY_STORE");
    return 0;
}

static void put(const char *name, unsigned mode, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void put(const char *name, unsigned mode, const char *format, ...)
{
    char *path = world_path(&world, name);
    struct assay_buf text = {0};
    va_list args;

    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    GOOD(assay_file_write(path, assay_buf_text(&text), text.length, 0600, good));
    assert_int_equal(chmod(path, mode), 0);
    assay_buf_free(&text);
    free(path);
}

/* The text of a file of the world; NULL where it is not there. The caller frees. */
static char *get(const char *name)
{
    char *path = world_path(&world, name), *text = NULL;
    size_t length;

    (void)assay_file_read(path, 1 << 20, &text, &length, NULL);
    free(path);
    return text;
}

static void expect_text(const char *name, const char *part)
{
    char *text = get(name);
    if (!text || !strstr(text, part))
        fail_msg("%s: %s; expected %s", name, text ? text : "(not there)", part);
    free(text);
}

static void expect_none(const char *name)
{
    char *text = get(name);
    if (text)
        fail_msg("%s is there: %s", name, text);
}

static void drop(const char *name)
{
    char *path = world_path(&world, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

/* A program that keeps what it is given, and ends with the words of LAST. */
static void put_program(const char *last)
{
    put("told", 0700,
        "#!/bin/sh\ncd %s\ncat >input\nenv >variables\nprintf '<%%s>' \"$@\" >words\n%s\n",
        world.directory, last);
}

static void apply(const char *id, int expect)
{
    char key[400];
    snprintf(key, sizeof key, "%s/rex.pub", world.agent.directory);
    setenv("XDG_STATE_HOME", world.directory, 1);
    program_run(NULL, "apply", id, "--sign-with", key, NULL);
    program_expect(expect);
}

/* Approved by both; the id to ID. */
static void approved(char id[17])
{
    world_ask(&world, id);
    world_approve(&world, id);
}

static const char *member(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "(none)";
}

/* ---- commands ---- */

static void a_command_is_told(void **state)
{
    char id[17], line[64];
    (void)state;
    put_program("exit 0");
    put("config.ini", 0600, "[after deploy]\ncommand = %s/told one $(two)  \"three\"\n",
        world.directory);
    setenv("MLFLOW_TRACKING_TOKEN", "a-secret", 1);
    approved(id);
    apply(id, 0);
    unsetenv("MLFLOW_TRACKING_TOKEN");
    assert_null(strstr(program_last.err, "deploy"));
    assert_string_equal(world_champion(&world, champion), "2");
    char *input = get("input");
    json_t *json = json_loads(input, 0, NULL);
    assert_non_null(json);
    assert_string_equal(member(json, "event"), "applied");
    assert_string_equal(member(json, "id"), id);
    assert_string_equal(member(json, "model"), "fraud");
    assert_string_equal(member(json, "version"), "2");
    assert_string_equal(member(json, "target"), "alias:champion");
    assert_string_equal(member(json, "from_version"), "1");
    assert_string_equal(member(json, "words"), "lower loss");
    assert_string_equal(member(json, "requester"), "rex");
    assert_string_equal(member(json, "applied_by"), "rex");
    assert_int_equal(strlen(member(json, "record")), 64);
    assert_int_equal(strlen(member(json, "ledger")), 64);
    assert_int_equal(json_integer_value(json_object_get(json, "revision")), 1);
    assert_true(json_integer_value(json_object_get(json, "applied_ms")) > 0);
    json_decref(json);
    free(input);
    /* Words are words: nothing in between takes them for more. */
    expect_text("words", "<one><$(two)><\"three\">");
    snprintf(line, sizeof line, "ASSAY_REQUEST=%s\n", id);
    expect_text("variables", line);
    expect_text("variables", "ASSAY_MODEL=fraud\n");
    expect_text("variables", "ASSAY_FROM_VERSION=1\n");
    char *variables = get("variables");
    assert_null(strstr(variables, "a-secret"));
    free(variables);
    expect_text("assay/changes.jsonl", "after deploy: request");
    /* What is applied is not told again. */
    drop("input");
    apply(id, 0);
    expect_none("input");
}

/* Fails where a failure is taken for the application's. */
static void failing_it_undoes_nothing(void **state)
{
    char id[17];
    (void)state;
    put_program("echo no room >&2; exit 7");
    put("config.ini", 0600,
        "[after first]\ncommand = %s/told\n[after second]\ncommand = /nowhere/at/all\n"
        "[after third]\ncommand = %s/told third\n",
        world.directory, world.directory);
    approved(id);
    apply(id, 3);
    program_complains("it is applied; after first: ");
    program_complains("exit status 7: no room");
    program_complains("after second: /nowhere/at/all");
    expect_text("words", "<third>"); /* one that fails does not stop the next */
    assert_string_equal(world_champion(&world, champion), "2");
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
    expect_text("assay/changes.jsonl", "exit status 7: no room");
    const size_t records = world_records(&world);
    drop("input");
    apply(id, 0);
    expect_none("input");
    assert_int_equal(world_records(&world), records);
}

/* A command that does not come back is ended, with what it started. */
static void a_time_limit(void **state)
{
    char id[17];
    (void)state;
    put_program("sleep 1000 & sleep 1000");
    put("config.ini", 0600, "[after slow]\ncommand = %s/told\ntimeout = 1s\n", world.directory);
    approved(id);
    apply(id, 3);
    program_complains("gave no answer in 1 seconds");
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
}

static void only_what_was_applied(void **state)
{
    char id[17];
    (void)state;
    put_program("exit 0");
    put("config.ini", 0600, "[after deploy]\ncommand = %s/told\n", world.directory);
    world_ask(&world, id);
    apply(id, 1);
    expect_none("input");
    world_approve(&world, id);
    /* Other models and other targets are somebody else's. */
    put("config.ini", 0600,
        "[after a]\ncommand = %s/told\ntargets = alias:shadow, stage:*\n"
        "[after b]\ncommand = %s/told\nmodels = churn*\n",
        world.directory, world.directory);
    apply(id, 0);
    expect_none("input");
    assert_string_equal(world_champion(&world, champion), "2");
}

/* What is gone on with is applied once, and told once. */
static void one_that_was_begun(void **state)
{
    char id[17];
    (void)state;
    put_program("exit 0");
    put("config.ini", 0600, "[after deploy]\ncommand = %s/told\n", world.directory);
    approved(id);
    world_begin(&world, id);
    world_move_champion(&world, 1, 2);
    apply(id, 0);
    expect_text("input", id);
    drop("input");
    apply(id, 0);
    expect_none("input");
}

/* ---- a web server ---- */

static struct {
    pthread_mutex_t lock;
    unsigned count;
    int status;
    enum web_fault fault;
    char *target, *head, *body;
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void listen_to(void *context, const struct web_request *request,
                      struct web_answer *answer)
{
    (void)context;
    pthread_mutex_lock(&told.lock);
    free(told.target);
    free(told.head);
    free(told.body);
    told.target = assay_strdup(request->target);
    told.head = assay_strdup(request->head);
    told.body = assay_strndup(request->body, request->length);
    told.count++;
    answer->status = told.status;
    answer->fault = told.fault;
    answer->body = "{}";
    pthread_mutex_unlock(&told.lock);
}

static void forget(int status, enum web_fault fault)
{
    pthread_mutex_lock(&told.lock);
    told.count = 0;
    told.status = status;
    told.fault = fault;
    pthread_mutex_unlock(&told.lock);
}

static void free_told(void)
{
    free(told.target);
    free(told.head);
    free(told.body);
    told.target = told.head = told.body = NULL;
}

static void a_server_is_told(void **state)
{
    struct web *web = web_start(listen_to, NULL);
    char id[17];
    (void)state;
    forget(204, WEB_FINE);
    put("config.ini", 0600,
        "[after chat]\nurl = %s/hook/?room=7\ntoken_command = echo the-token\n", web_url(web));
    approved(id);
    apply(id, 0);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.target, "/hook/?room=7");
    assert_non_null(strcasestr(told.head, "Authorization: Bearer the-token"));
    assert_non_null(strcasestr(told.head, "Content-Type: application/json"));
    json_t *json = json_loads(told.body, 0, NULL);
    assert_string_equal(member(json, "id"), id);
    assert_non_null(strcasestr(told.head, "Idempotency-Key: "));
    assert_non_null(strstr(told.head, member(json, "record")));
    json_decref(json);
    /* What only the server is to know is not in the log. */
    char *log = get("assay/changes.jsonl");
    assert_non_null(strstr(log, "after chat"));
    assert_null(strstr(log, "room"));
    assert_null(strstr(log, "the-token"));
    free(log);
    apply(id, 0);
    assert_int_equal(told.count, 1);
    web_stop(&web);
    free_told();
}

/* T28: credentials go where they are meant to. */
static void nothing_of_mlflow(void **state)
{
    struct web *web = web_start(listen_to, NULL);
    char id[17];
    (void)state;
    forget(200, WEB_FINE);
    put("config.ini", 0600, "[after chat]\nurl = %s\n", web_url(web));
    setenv("MLFLOW_TRACKING_TOKEN", "not-for-you", 1);
    approved(id);
    GOOD(world_apply(&world, id, good));
    unsetenv("MLFLOW_TRACKING_TOKEN");
    assert_int_equal(told.count, 1);
    assert_null(strcasestr(told.head, "Authorization:"));
    web_stop(&web);
    free_told();
}

/* It may have done what it was to do, whatever it says: it is asked once. */
static void a_server_that_fails(void **state)
{
    static const struct {
        int status;
        enum web_fault fault;
        const char *timeout, *why;
    } cases[] = {{500, WEB_FINE, "60s", "500"},
                 {503, WEB_FINE, "60s", "503"},
                 {302, WEB_FINE, "60s", ""},
                 {200, WEB_CLOSE, "60s", ""},
                 {200, WEB_HANG, "1s", ""}};
    struct web *web = web_start(listen_to, NULL);
    char id[17];
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        forget(cases[i].status, cases[i].fault);
        put("config.ini", 0600, "[after chat]\nurl = %s/%s\ntimeout = %s\n", web_url(web),
            "secret-path", cases[i].timeout);
        approved(id);
        apply(id, 3);
        program_complains("it is applied; after chat: ");
        program_complains(cases[i].why);
        assert_null(strstr(program_last.err, "secret-path"));
        assert_int_equal(told.count, 1);
        assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
        world_move_champion(&world, 2, 1);
    }
    web_stop(&web);
    free_told();
}

/* ---- whose words ---- */

static void refused(const char *id, const char *why)
{
    const size_t records = world_records(&world);
    struct assay_error err = {0};
    assert_int_equal(world_apply(&world, id, &err), ASSAY_BAD_INPUT);
    if (!strstr(err.what, why))
        fail_msg("%s; expected %s", err.what, why);
    assert_string_equal(world_champion(&world, champion), "1");
    assert_int_equal(world_records(&world), records);
}

/* What makes no sense stops the application before anything is begun. */
static void misspelt(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"command = deploy\n", "should be an absolute path"},
        {"command = /bin/true\nurl = https://example.org\n", "a command or a url"},
        {"models = fraud\n", "a command or a url"},
        {"command = /bin/true\nshell = yes\n", "has no setting shell"},
        {"command = /bin/true\nworkspace = red\n", "has no setting workspace"},
        {"command = /bin/true\ntimeout = 2h\n", "timeout = 2h"},
        {"command = /bin/true\ntimeout = 0s\n", "timeout = 0s"},
        {"command = /bin/true\ntoken = x\n", "has settings of a url"},
        {"url = ftp://example.org\n", "not the address of a server"},
        {"command = /bin/true 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 "
         "2\n",
         "at most 31 words"},
    };
    char id[17];
    (void)state;
    approved(id);
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        put("config.ini", 0600, "[after x]\n%s", cases[i].text);
        refused(id, cases[i].why);
    }
    apply(id, 2);
    program_complains("at most 31 words");
}

/* T30. */
static void a_file_of_others(void **state)
{
    char id[17];
    (void)state;
    put_program("exit 0");
    approved(id);
    put("config.ini", 0620, "[after x]\ncommand = %s/told\n", world.directory);
    refused(id, "others can change it");
    put("config.ini", 0602, "[after x]\ncommand = %s/told\n", world.directory);
    refused(id, "others can change it");
    put("config.ini", 0640, "[after x]\nurl = https://127.0.0.1\ntoken = abc\n");
    refused(id, "others can read it");
    put("config.ini", 0604, "[after x]\nurl = https://127.0.0.1/?key=abc\n");
    refused(id, "others can read it");
    put("config.ini", 0604, "[after x]\nurl = https://abc@127.0.0.1/\n");
    refused(id, "others can read it");
    expect_none("input");
    put("config.ini", 0644, "[after x]\ncommand = %s/told\n", world.directory);
    apply(id, 0);
    expect_text("input", "applied");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_command_is_told),     EACH(failing_it_undoes_nothing), EACH(a_time_limit),
        EACH(only_what_was_applied), EACH(one_that_was_begun),        EACH(a_server_is_told),
        EACH(nothing_of_mlflow),     EACH(a_server_that_fails),       EACH(misspelt),
        EACH(a_file_of_others),
    };
    return cmocka_run_group_tests_name("after", tests, program_begin, program_end);
}

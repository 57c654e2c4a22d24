/*
 * The JSON of the commands that talk to servers, as scripts rely on it: every key, exactly, and
 * the types under them, whether something was written, was not wanted, or went wrong.
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

#include "support/own_home.h"
#include "support/program.h"
#include "support/registry_web.h"
#include "support/shape.h"

static struct fake_registry *serve(struct fake_registry *fake)
{
    fake_registry_start(fake);
    fake_registry_hold();
    snprintf(fake->runs[1].team, sizeof fake->runs[1].team, "red");
    fake_registry_go_on();
    return fake;
}

/* What was printed last, which has this shape; its list NAME, of COUNT things. */
static json_t *list_of(json_t **json, const char *shape, const char *name, size_t count)
{
    *json = shape_of_program(shape);
    json_t *list = json_object_get(*json, name);
    assert_int_equal(json_array_size(list), count);
    return list;
}

#define PULL                                                                                   \
    "{'pulled': [{'source': 'filled', 'series': 'integer', 'fetched': 'integer', "             \
    "'unchanged': 'integer', 'failed': 'integer', 'points': 'integer', 'bytes': 'integer', "   \
    "'ms': 'integer', 'artifact_lists': 'integer', 'lists_unchanged': 'integer', "             \
    "'lists_failed': 'integer', 'models': 'integer', 'versions': 'integer', "                  \
    "'prompts': 'integer', 'logged_models': 'integer', 'traces': 'integer'}]}"

static void pulling(void **state)
{
    (void)state;
    struct fake_registry fake;
    json_t *json, *pulled;
    const char *url = web_url(serve(&fake)->web);
    for (int again = 0; again < 2; again++) {
        program_run(NULL, "pull", "-S", url, "--format", "json", NULL);
        program_expect(0);
        pulled = json_array_get(list_of(&json, PULL, "pulled", 1), 0);
        assert_string_equal(json_string_value(json_object_get(pulled, "source")), url);
        assert_int_equal(json_integer_value(json_object_get(pulled, "series")), 2);
        assert_int_equal(json_integer_value(json_object_get(pulled, "fetched")), again ? 0 : 2);
        assert_int_equal(json_integer_value(json_object_get(pulled, "failed")), 0);
        json_decref(json);
    }
    fake_registry_stop(&fake);
}

#define CHANGES                                                                                \
    "{'changes': [{'change': 'filled', 'before': 'text?', 'after': 'text?', 'done': 'bool', "  \
    "'error': 'filled?'}]}"

static void changing(void **state)
{
    (void)state;
    struct fake_registry fake;
    json_t *json, *change;
    const char *url = web_url(serve(&fake)->web);
    /* Only looked at. */
    program_run(NULL, "change", "-S", url, "bbbb", "--tag", "team=blue", "--note", "new",
                "--format", "json", NULL);
    program_expect(1);
    change = json_array_get(list_of(&json, CHANGES, "changes", 2), 0);
    assert_string_equal(json_string_value(json_object_get(change, "before")), "red");
    assert_true(json_is_null(json_object_get(change, "after")));
    assert_true(json_is_false(json_object_get(change, "done")));
    json_decref(json);
    /* Done. */
    program_run(NULL, "change", "-S", url, "bbbb", "--tag", "team=blue", "--format", "json",
                "--yes", NULL);
    program_expect(0);
    change = json_array_get(list_of(&json, CHANGES, "changes", 1), 0);
    assert_string_equal(json_string_value(json_object_get(change, "after")), "blue");
    assert_true(json_is_true(json_object_get(change, "done")));
    assert_true(json_is_null(json_object_get(change, "error")));
    json_decref(json);
    /* It is so already: nothing is asked, and nothing sent. */
    const unsigned writes = fake_registry_seen(&fake).writes;
    program_run(NULL, "change", "-S", url, "bbbb", "--tag", "team=blue", "--untag", "none", NULL);
    program_expect(0);
    program_says("tag team of " REGISTRY_RUN_B ": it is \"blue\" already\n");
    program_says("tag none of " REGISTRY_RUN_B ": there is none already\n");
    assert_int_equal(fake_registry_seen(&fake).writes, writes);
    /* Beside a change that is made, too. */
    program_run(NULL, "change", "-S", url, "bbbb", "--tag", "team=white", "--untag", "none",
                "--yes", NULL);
    program_expect(0);
    program_says("\"blue\" → \"white\"   done\n");
    program_says("tag none of " REGISTRY_RUN_B ": there is none already\n");
    assert_int_equal(fake_registry_seen(&fake).writes, writes + 1);
    /* Somebody else was there in between. */
    fake_registry_after_look_at_run(&fake, "green");
    program_run(NULL, "change", "-S", url, "bbbb", "--tag", "team=black", "--untag", "old",
                "--format", "json", "--yes", NULL);
    change = json_array_get(list_of(&json, CHANGES, "changes", 2), 0);
    assert_int_not_equal(program_last.status, 0);
    assert_true(json_is_false(json_object_get(change, "done")));
    assert_true(json_is_string(json_object_get(change, "error")));
    json_decref(json);
    /* A model's. */
    program_run(NULL, "change", "-S", url, "models:/fraud/2", "--alias", "champion", "--format",
                "json", "--yes", NULL);
    program_expect(0);
    change = json_array_get(list_of(&json, CHANGES, "changes", 1), 0);
    assert_string_equal(json_string_value(json_object_get(change, "before")), "1");
    assert_string_equal(json_string_value(json_object_get(change, "after")), "2");
    json_decref(json);
    fake_registry_stop(&fake);
}

/* A server that is read-only says so at once, and not that --yes would write. */
static void read_only(void **state)
{
    (void)state;
    struct fake_registry fake;
    char path[400], text[400];
    const char *url = web_url(serve(&fake)->web);
    snprintf(path, sizeof path, "%s/assay.ini", own_home);
    snprintf(text, sizeof text, "[source team]\nplace = %s\nread_only = yes\n", url);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    setenv("ASSAY_CONFIG", path, 1);
    program_run(NULL, "change", "-S", "team", "bbbb", "--tag", "team=blue", NULL);
    program_expect(1);
    program_complains("read_only = no");
    assert_null(strstr(program_last.err, "--yes"));
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    unsetenv("ASSAY_CONFIG");
    remove(path);
    fake_registry_stop(&fake);
}

#define UPLOADS                                                                                \
    "{'uploads': [{'from': 'hex', 'run': 'filled?', 'experiment': 'filled?', "                 \
    "'resumed': 'bool', 'points': 'integer', 'points_there': 'integer', "                      \
    "'params': 'integer', 'params_there': 'integer', 'tags': 'integer', "                      \
    "'tags_there': 'integer', 'inputs': 'integer', 'files': 'integer', "                       \
    "'files_there': 'integer', 'bytes': 'integer', 'issues': [{'kind': "                       \
    "'not taken|cut|changed|differs', 'what': 'filled'}], 'error': 'filled?'}]}"

/* The step says the run that made a model, the metrics say the server's list of models. */
static void models_that_runs_logged(void **state)
{
    static const char header[] = "id,name,type,status,run,metrics,step,time_ms\n";
    struct fake_registry fake;

    (void)state;
    fake_registry_start(&fake);
    fake_registry_hold();
    fake.logs = true;
    fake_registry_go_on();
    program_run(NULL, "models", "--logged", "-S", web_url(fake.web), "--format", "csv", NULL);
    program_expect(0);
    assert_memory_equal(program_last.out, header, strlen(header));
    assert_non_null(strstr(program_last.out,
                           REGISTRY_RUN_B ",auc 0.9251  loss NaN,0,1760000000500\n"));
    assert_non_null(strstr(program_last.out, REGISTRY_RUN_B
                           ",acc 0.5 (step 1)  acc 0.75 (step 2),,1760000000100\n"));
    fake_registry_stop(&fake);
}

static void upload_is(const json_t *upload, int points, const char *run)
{
    const json_t *there = json_object_get(upload, "run");
    assert_int_equal(json_integer_value(json_object_get(upload, "points")), points);
    assert_int_equal(json_integer_value(json_object_get(upload, "params")), 1);
    if (run)
        assert_string_equal(json_string_value(there), run);
    else
        assert_true(json_is_null(there));
}

static void uploading(void **state)
{
    (void)state;
    struct fake_registry fake;
    json_t *json, *upload;
    const char *url = web_url(serve(&fake)->web);
    program_run(NULL, "log", "-e", "sent", "-n", "one", "-p", "lr=0.1", "-m", "loss=2",
                "--finish", "finished", NULL);
    program_expect(0);
    program_run(NULL, "upload", "-S", "local", "sent/one", "--to", url, "--format", "json",
                NULL);
    program_expect(1); /* not asked, and not told to */
    upload = json_array_get(list_of(&json, UPLOADS, "uploads", 1), 0);
    upload_is(upload, 1, NULL);
    assert_true(json_is_null(json_object_get(upload, "error")));
    json_decref(json);
    assert_false(fake_registry_seen(&fake).created);
    program_run(NULL, "upload", "-S", "local", "sent/one", "--to", url, "--yes", "--format",
                "json", NULL);
    program_expect(0);
    upload = json_array_get(list_of(&json, UPLOADS, "uploads", 1), 0);
    upload_is(upload, 1, "up");
    json_decref(json);
    assert_true(fake_registry_seen(&fake).created);
    fake_registry_stop(&fake);
}

static void an_upload_that_fails(void **state)
{
    (void)state;
    struct fake_registry fake;
    json_t *json, *upload;
    serve(&fake);
    fake_registry_hold();
    fake.no_experiment = true;
    fake_registry_go_on();
    program_run(NULL, "log", "-e", "sent", "-n", "two", "-m", "loss=2", NULL);
    program_expect(0);
    program_run(NULL, "upload", "-S", "local", "sent/two", "--to", web_url(fake.web), "--yes",
                "--format", "json", NULL);
    program_expect(3);
    upload = json_array_get(list_of(&json, UPLOADS, "uploads", 1), 0);
    assert_true(json_is_string(json_object_get(upload, "error")));
    json_decref(json);
    fake_registry_stop(&fake);
}

static int begin(void **state)
{
    return own_home_make(state) || program_begin(state);
}

static int end(void **state)
{
    return program_end(state) || own_home_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulling),
        cmocka_unit_test(changing), cmocka_unit_test(read_only),
        cmocka_unit_test(models_that_runs_logged),
        cmocka_unit_test(uploading),
        cmocka_unit_test(an_upload_that_fails),
    };
    return cmocka_run_group_tests_name("server shapes", tests, begin, end);
}

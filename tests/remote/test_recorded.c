/*
 * Answers of real MLflow servers, recorded, against what the real client read
 * there: experiments, runs, points, models, artifacts, and every refusal in the server's words.
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

#include <assay/buf.h>
#include <assay/memory.h>

#include "remote/mlflow_private.h"
#include "remote/mlflow_registry.h"
#include "source/artifact_list.h"
#include "support/ingest_collect.h"
#include "support/mlflow_expect.h"
#include "support/replay.h"

struct played {
    const char *version;
    struct replay replay;
    json_t *expected;
    struct net *net;
    struct mlflow *mlflow;
};

static void open_played(struct played *played, const char *version, const char *prefix)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct assay_buf url = {0};
    char path[4096];

    *played = (struct played){.version = version};
    snprintf(path, sizeof path, "%s/remote/data/mlflow-%s/answers.json", TEST_DATA, version);
    replay_start(&played->replay, path);
    snprintf(path, sizeof path, "%s/remote/data/mlflow-%s/expected.json", TEST_DATA, version);
    played->expected = json_load_file(path, 0, NULL);
    assert_non_null(played->expected);
    assay_buf_format(&url, "%s%s", web_url(played->replay.web), prefix);
    settings.url = assay_buf_take(&url);
    played->net = net_new();
    assert_int_equal(mlflow_open(&played->mlflow, played->net, &settings, NULL), ASSAY_OK);
    server_settings_free(&settings);
}

static void close_played(struct played *played)
{
    mlflow_close(&played->mlflow);
    net_free(&played->net);
    replay_stop(&played->replay);
    json_decref(played->expected);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* ---- runs and points ---- */

static void runs_are_as_the_client_reads_them(void **state)
{
    struct ingest_collect collect;
    struct assay_error err = {0};
    struct played played;

    open_played(&played, *state, "");
    ingest_collect_init(&collect, mlflow_source.last_rule);
    if (mlflow_source.scan(played.mlflow, &collect.ingest, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    mlflow_expect_store(played.expected, &collect, &mlflow_source, played.mlflow);
    if (played.replay.unknown)
        fail_msg("never recorded: %s", played.replay.missing);
    ingest_collect_free(&collect);
    close_played(&played);
}

/* ---- models ---- */

static void expect_pairs(const json_t *expected, const struct assay_pair *tags, size_t count)
{
    const char *key;
    json_t *value;

    assert_int_equal(json_object_size(expected), count);
    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
    {
        const char *tag = assay_registry_tag(tags, count, key);

        assert_non_null(tag);
        assert_string_equal(tag, json_string_value(value));
    }
}

static void expect_version(const json_t *expected, const struct assay_model_version *version)
{
    const char *stage = text_of(expected, "stage");

    assert_non_null(version);
    assert_string_equal(version->stage, strcmp(stage, "None") == 0 ? "" : stage);
    assert_string_equal(version->source, text_of(expected, "source"));
    assert_string_equal(version->run_id, text_of(expected, "run"));
    assert_string_equal(version->description, text_of(expected, "description"));
    expect_pairs(json_object_get(expected, "tags"), version->tags, version->tag_count);
}

static void expect_model(const json_t *expected, const struct assay_registered_model *model)
{
    const json_t *aliases = json_object_get(expected, "aliases"), *version;
    const json_t *versions = json_object_get(expected, "versions");
    size_t i;

    assert_non_null(model);
    assert_string_equal(model->description, text_of(expected, "description"));
    expect_pairs(json_object_get(expected, "tags"), model->tags, model->tag_count);
    assert_int_equal(json_object_size(aliases), model->alias_count);
    for (i = 0; i < model->alias_count; i++)
        assert_string_equal(model->aliases[i].version,
                            text_of(aliases, model->aliases[i].alias));
    assert_int_equal(json_array_size(versions), model->version_count);
    json_array_foreach(versions, i, version)
    {
        expect_version(version, assay_registry_version(model, text_of(version, "version")));
    }
}

static void models_are_as_the_client_reads_them(void **state)
{
    struct assay_registry *registry = NULL;
    struct assay_buf raw = {0};
    struct played played;
    const json_t *model;
    size_t i, models = 0;

    open_played(&played, *state, "");
    assert_int_equal(mlflow_registry_fetch(played.mlflow, &raw, NULL, NULL, NULL), ASSAY_OK);
    assert_int_equal(mlflow_registry_parse("x", raw.data, raw.length, &registry, NULL),
                     ASSAY_OK);
    json_array_foreach(json_object_get(played.expected, "models"), i, model)
    {
        expect_model(model, assay_registry_model(registry, text_of(model, "name")));
    }
    assert_true(i > 0);
    for (size_t at = 0; at < registry->count; at++)
        models += !registry->models[at].prompt;
    assert_int_equal(models, i);
    assert_true(assay_registry_model(registry, "prompt")->prompt);
    assert_int_equal(played.replay.unknown, 0);
    assay_registry_free(&registry);
    assay_buf_free(&raw);
    close_played(&played);
}

/* ---- artifacts ---- */

static void artifacts_are_as_the_client_lists_them(void **state)
{
    struct artifact_list list = {0};
    struct played played;
    const json_t *files, *paths;
    char *directory = NULL;
    size_t count = 0;

    open_played(&played, *state, "");
    files = json_object_get(played.expected, "files");
    paths = json_object_get(files, "paths");
    assert_int_equal(mlflow_source.artifacts(played.mlflow, "", text_of(files, "run"), "",
                                             &list, &directory, NULL),
                     ASSAY_OK);
    for (size_t i = 0; i < list.count; i++) {
        const json_t *size = json_object_get(paths, list.items[i].path);

        if (list.items[i].directory)
            continue;
        count++;
        assert_non_null(size);
        assert_int_equal(json_integer_value(size), list.items[i].bytes);
    }
    assert_int_equal(count, json_object_size(paths));
    assert_true(count > 0);
    artifact_list_free(&list);
    close_played(&played);
}

/* ---- refusals ---- */

/* What the server said must be in the error: its code and message, or at least its status. */
static void expect_words(const json_t *one, const struct assay_error *err)
{
    json_t *body = json_loads(text_of(one, "body"), 0, NULL);
    const char *code = text_of(body, "error_code");
    char status[16], words[41];

    snprintf(status, sizeof status, "%d",
             (int)json_integer_value(json_object_get(one, "status")));
    snprintf(words, sizeof words, "%.40s", text_of(body, "message"));
    words[strcspn(words, "\r\n\t")] = '\0';
    if (*code) {
        assert_non_null(strstr(err->what, code));
        if (!strstr(err->what, words))
            fail_msg("%s: without: %s", err->what, words);
    } else {
        assert_non_null(strstr(err->what, status));
    }
    assert_null(strchr(err->what, '<'));
    json_decref(body);
}

static void refusals_are_in_the_servers_words(void **state)
{
    struct played played;
    const json_t *one;
    unsigned seen = 0, open = 0;
    size_t i;

    open_played(&played, *state, "");
    json_array_foreach(played.replay.answers, i, one)
    {
        struct mlflow_call call = {.path = text_of(one, "target")};
        const json_t *request = json_object_get(one, "request");
        struct assay_error err = {0};

        if (json_integer_value(json_object_get(one, "status")) < 400)
            continue;
        if (strcmp(text_of(one, "method"), "POST") == 0)
            call.method = NET_POST;
        if (json_is_string(request))
            call.body = json_string_value(request);
        assert_int_equal(mlflow_call(played.mlflow, &call, NULL, NULL, &err), ASSAY_IO);
        expect_words(one, &err);
        seen++;
        if (json_integer_value(json_object_get(one, "status")) == 401) {
            assert_non_null(strstr(err.hint, "MLFLOW_TRACKING_USERNAME"));
            open++;
        }
    }
    assert_true(seen >= 15);
    assert_int_equal(open, 2);
    assert_int_equal(played.replay.unknown, 0);
    close_played(&played);
}

/* ---- what the server is ---- */

static void a_look_says_the_version(void **state)
{
    struct assay_server_look look;
    struct played played;

    open_played(&played, *state, "");
    mlflow_look(played.mlflow, &look);
    assert_int_equal(look.status, ASSAY_OK);
    assert_string_equal(look.version, text_of(played.expected, "mlflow"));
    assert_int_equal(look.may_read, 1);
    close_played(&played);
    open_played(&played, *state, "/auth");
    mlflow_look(played.mlflow, &look);
    assert_int_not_equal(look.status, ASSAY_OK);
    close_played(&played);
}

#define OF(version, function)                                                                  \
    {                                                                                          \
#function " " version, function, NULL, NULL, (void *)(uintptr_t)version                \
    }
#define ALL_OF(version)                                                                        \
    OF(version, runs_are_as_the_client_reads_them),                                            \
        OF(version, models_are_as_the_client_reads_them),                                      \
        OF(version, artifacts_are_as_the_client_lists_them),                                   \
        OF(version, refusals_are_in_the_servers_words), OF(version, a_look_says_the_version)

int main(void)
{
    static const struct CMUnitTest tests[] = {ALL_OF("2.22"), ALL_OF("3.17")};

    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    unsetenv("NETRC");
    unsetenv("MLFLOW_TRACKING_URI");
    unsetenv("MLFLOW_TRACKING_USERNAME");
    unsetenv("MLFLOW_TRACKING_TOKEN");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Models of servers: answers turned into models and versions, hostile ones; the cache behind
 * them; changes that are looked at, made, refused where somebody else was quicker; uploads
 * whose answers get lost, after which nothing is missing and nothing is there twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/change.h>
#include <assay/local.h>
#include <assay/registry.h>

#include "remote/mlflow_private.h"
#include "remote/mlflow_registry.h"
#include "support/own_home.h"
#include "support/registry_web.h"

static struct assay_session *open_on(const char *place, const char *also)
{
    struct assay_session *session = NULL;

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){
                                            .sources = &place, .source_count = 1, .also = also},
                                        NULL),
                     ASSAY_OK);
    assay_session_wait(session, NULL);
    return session;
}

/* ---- parsing ---- */

static struct assay_registry *parsed(const char *models, const char *versions)
{
    struct assay_registry *registry = NULL;
    struct assay_buf raw = {0};

    mlflow_registry_frame(&raw, MLFLOW_PART_MODELS, models, strlen(models));
    mlflow_registry_frame(&raw, MLFLOW_PART_VERSIONS, versions, strlen(versions));
    assert_int_equal(mlflow_registry_parse("x", raw.data, raw.length, &registry, NULL),
                     ASSAY_OK);
    assay_buf_free(&raw);
    return registry;
}

static void answers_become_models(void **state)
{
    struct assay_registry *r = parsed(
        "{\"registered_models\":[{\"name\":\"b10\"},{\"name\":\"b9\",\"aliases\":[{\"alias\":"
        "\"Champion\",\"version\":\"2\"},{\"alias\":\"x\",\"version\":\"10\"}]},"
        "{\"name\":\"p\",\"tags\":[{\"key\":\"mlflow.prompt.is_prompt\",\"value\":\"true\"}]}]"
        "}",
        "{\"model_versions\":[{\"name\":\"b9\",\"version\":\"2\",\"current_stage\":\"None\"},"
        "{\"name\":\"b9\",\"version\":\"10\",\"current_stage\":\"Production\",\"tags\":["
        "{\"key\":\"z\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"2\"}]},"
        "{\"name\":\"b9\",\"version\":\"10\"},{\"name\":\"stray\",\"version\":\"1\"}]}");
    const struct assay_registered_model *model = assay_registry_model(r, "b9");

    (void)state;
    assert_int_equal(r->count, 4);
    assert_string_equal(r->models[0].name, "b9"); /* 9 before 10, prompts last */
    assert_true(r->models[3].prompt);
    assert_int_equal(model->version_count, 2); /* one came twice */
    assert_string_equal(model->versions[0].version, "10");
    assert_string_equal(model->versions[0].aliases[0], "x");
    assert_string_equal(model->versions[1].stage, "");
    assert_int_equal(model->champion, 1); /* an alias says more than a stage */
    assert_ptr_equal(assay_registry_version(model, "@Champion"), &model->versions[1]);
    assert_ptr_equal(assay_registry_version(model, "2"), &model->versions[1]);
    assert_null(assay_registry_version(model, "@2"));
    assert_non_null(assay_registry_model(r, "stray"));
    assay_registry_free(&r);
}

static void hostile_answers_end_well(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{\"registered_models\":",
        "{\"registered_models\":[{\"name\":7}]}",
        "{\"registered_models\":{\"name\":[]}}",
        "{\"registered_models\":[{\"name\":\"\"}]}",
        "{\"model_versions\":[[[[[[[[",
        "{\"model_versions\":[{\"name\":\"a\",\"version\":3}]}",
        "{\"registered_models\":[{\"aliases\":[1,{\"alias\":{}}],\"name\":\"a\"}]}"};
    struct assay_registry *registry;

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (int part = 0; part < 2; part++) {
            struct assay_buf raw = {0};

            mlflow_registry_frame(&raw, (enum mlflow_registry_part)part, bodies[i],
                                  strlen(bodies[i]));
            for (size_t cut = 0; cut <= raw.length; cut++) {
                registry = NULL;
                if (mlflow_registry_parse("x", raw.data, cut, &registry, NULL) == ASSAY_OK)
                    assert_non_null(registry);
                else
                    assert_null(registry);
                assay_registry_free(&registry);
            }
            assay_buf_free(&raw);
        }
    assert_true(mlflow_time_ms("2026-01-31T12:00:00.25Z") == INT64_C(1769860800250));
    assert_true(mlflow_time_ms("1970-01-01T00:00:00Z") == 0);
    assert_true(mlflow_time_ms("2026-13-01T00:00:00Z") == INT64_MIN);
    assert_true(mlflow_time_ms("yesterday") == INT64_MIN);
}

/* ---- a session ---- */

static void the_cache_has_them_without_the_server(void **state)
{
    struct assay_registry *registry = NULL;
    struct assay_error error = {0};
    struct fake_registry fake;
    struct assay_session *session;
    char url[80];

    (void)state;
    fake_registry_start(&fake);
    snprintf(url, sizeof url, "%s", web_url(fake.web));
    session = open_on(url, NULL);
    assert_int_equal(assay_session_registry_wait(session, 0, &registry, &error), ASSAY_OK);
    assert_int_equal(registry->count, 1);
    assert_int_equal(registry->models[0].champion, 1);
    assay_registry_free(&registry);
    assay_session_close(&session);
    fake_registry_stop(&fake);
    session = open_on(url, NULL);
    assert_int_equal(assay_session_registry_wait(session, 0, &registry, &error), ASSAY_IO);
    assert_non_null(registry);
    assert_string_equal(registry->models[0].versions[0].aliases[0], "canary");
    assert_true(registry->read_ms > 0);
    assay_registry_free(&registry);
    assay_session_close(&session);
}

static struct assay_change alias_change(const char *version)
{
    return (struct assay_change){
        .kind = ASSAY_CHANGE_ALIAS, .model = "fraud", .key = "champion", .value = version};
}

static void a_change_is_made_once(void **state)
{
    struct assay_change change = alias_change("2");
    struct fake_registry fake;
    struct assay_session *session;
    char *before = NULL, *after = NULL;

    (void)state;
    fake_registry_start(&fake);
    session = open_on(web_url(fake.web), NULL);
    assert_int_equal(assay_change_look(session, &change, &before, NULL), ASSAY_OK);
    assert_string_equal(before, "1");
    assert_int_equal(assay_change_make(session, &change, before, &after, NULL), ASSAY_OK);
    assert_string_equal(after, "2");
    assert_string_equal(fake.champion, "2");
    assert_int_equal(assay_change_make(session, &change, before, NULL, NULL), ASSAY_OK);
    assert_int_equal(fake.writes, 1); /* it was there already */
    change.kind = ASSAY_CHANGE_VERSION_TAG;
    change.version = "2";
    change.key = "team";
    change.value = "ads";
    assert_int_equal(assay_change_make(session, &change, NULL, NULL, NULL), ASSAY_OK);
    assert_string_equal(fake.tag, "ads");
    change.value = NULL;
    assert_int_equal(assay_change_make(session, &change, "ads", NULL, NULL), ASSAY_OK);
    assert_string_equal(fake.tag, "");
    free(before);
    free(after);
    assay_session_close(&session);
    fake_registry_stop(&fake);
}

static void a_conflict_is_told_and_nothing_written(void **state)
{
    struct assay_change change = alias_change("2");
    struct assay_error error = {0};
    struct fake_registry fake;
    struct assay_session *session;

    (void)state;
    fake_registry_start(&fake);
    session = open_on(web_url(fake.web), NULL);
    memcpy(fake.champion, "7", 2); /* somebody moved it since it was looked at */
    assert_int_equal(assay_change_make(session, &change, "1", NULL, &error), ASSAY_NO);
    assert_non_null(strstr(error.what, "\"7\""));
    assert_int_equal(fake.writes, 0);
    change.key = "latest";
    assert_int_equal(assay_change_make(session, &change, "1", NULL, NULL), ASSAY_BAD_INPUT);
    change.key = "v12";
    assert_int_equal(assay_change_make(session, &change, "1", NULL, NULL), ASSAY_BAD_INPUT);
    assay_session_close(&session);
    fake_registry_stop(&fake);
}

static void the_log_has_a_line_for_each(void **state)
{
    char *path = assay_change_log_path(), line[4096];
    size_t lines = 0, failed = 0;
    FILE *file = fopen(path, "r");

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        lines++;
        failed += strstr(line, "\"error\": null") == NULL;
        assert_int_equal(line[0], '{');
    }
    fclose(file);
    free(path);
    assert_int_equal(lines, 5);
    assert_int_equal(failed, 1);
}

/* ---- uploads ---- */

#define POINTS 5000

static void make_run(char id[ASSAY_RUN_ID_SIZE])
{
    struct assay_local *local = NULL;
    struct assay_log_point *points = calloc(POINTS, sizeof *points);
    struct assay_pair params[] = {{"lr", "0.1"}}, tags[] = {{"team", "ads"}};

    assert_non_null(points);
    assert_int_equal(assay_local_open(&local, NULL, NULL), ASSAY_OK);
    assert_int_equal(assay_local_start(local, "fraud", "mine", 1000, id, NULL), ASSAY_OK);
    for (int i = 0; i < POINTS; i++)
        points[i] = (struct assay_log_point){
            .metric = i % 2 ? "loss" : "odd",
            .point = {.step = i / 2, .time_ms = i, .value = i == 8 ? NAN : i / 7.0}};
    assert_int_equal(assay_local_log(local, id,
                                     &(struct assay_log_batch){.points = points,
                                                               .point_count = POINTS,
                                                               .params = params,
                                                               .param_count = 1,
                                                               .tags = tags,
                                                               .tag_count = 1},
                                     NULL),
                     ASSAY_OK);
    assert_int_equal(assay_local_finish(local, id, ASSAY_RUN_FINISHED, 9000, NULL), ASSAY_OK);
    assay_local_close(&local);
    free(points);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As many as were logged, and no two alike. */
static void assert_whole(struct fake_registry *fake)
{
    char **lines = calloc(fake->point_count + 1, sizeof *lines), *save = NULL;
    size_t count = 0;

    assert_non_null(lines);
    for (char *line = strtok_r(fake->points.data, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save))
        lines[count++] = line;
    qsort(lines, count, sizeof *lines, by_text);
    assert_int_equal(count, POINTS);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(lines[i - 1], lines[i]);
    free(lines);
}

static void upload_with(size_t lose_before, size_t lose_after)
{
    struct assay_upload upload;
    struct assay_error error = {0};
    char id[ASSAY_RUN_ID_SIZE];
    struct fake_registry fake;
    struct assay_session *session;
    uint32_t run;

    make_run(id);
    fake_registry_start(&fake);
    fake.lose_before = lose_before;
    fake.lose_after = lose_after;
    session = open_on("local", web_url(fake.web));
    assert_int_equal(assay_catalog_find_run(assay_session_catalog(session), id, &run, &error),
                     ASSAY_OK);
    struct assay_upload_options options = {.run = run, .server = 1, .preview = true};
    if (assay_session_upload(session, &options, &upload, &error) != ASSAY_OK)
        fail_msg("%s; %s", error.what, error.hint);
    assay_upload_free(&upload);
    assert_int_equal(fake.writes, 0);
    options.preview = false;
    if (assay_session_upload(session, &options, &upload, &error) != ASSAY_OK)
        fail_msg("%s", error.what);
    assert_int_equal(fake.creates, 1);
    assert_int_equal(upload.points, POINTS);
    assay_upload_free(&upload);
    assert_string_equal(fake.state, "complete");
    assert_string_equal(fake.status, "FINISHED");
    /* Once more: nothing is sent. */
    size_t batches = fake.batches;
    if (assay_session_upload(session, &options, &upload, &error) != ASSAY_OK)
        fail_msg("%s; %s", error.what, error.hint);
    assert_true(upload.resumed);
    assert_int_equal(upload.points_there, POINTS);
    assay_upload_free(&upload);
    assert_int_equal(fake.batches, batches);
    assert_whole(&fake);
    assay_session_close(&session);
    fake_registry_stop(&fake);
}

static void an_upload_is_whole(void **state)
{
    (void)state;
    upload_with(0, 0);
}

static void lost_answers_lose_and_double_nothing(void **state)
{
    (void)state;
    upload_with(2, 4); /* of batches, and of the run's creation */
}

/* The experiment is not there and cannot be made: the latter is what is said. */
static void why_no_experiment_was_made_is_told(void **state)
{
    struct assay_upload upload;
    struct assay_error error = {0};
    char id[ASSAY_RUN_ID_SIZE];
    struct fake_registry fake;
    struct assay_session *session;
    uint32_t run;

    (void)state;
    make_run(id);
    fake_registry_start(&fake);
    fake.no_experiment = true;
    session = open_on("local", web_url(fake.web));
    assert_int_equal(assay_catalog_find_run(assay_session_catalog(session), id, &run, &error),
                     ASSAY_OK);
    struct assay_upload_options options = {.run = run, .server = 1};
    assert_int_equal(assay_session_upload(session, &options, &upload, &error), ASSAY_IO);
    assay_upload_free(&upload);
    assert_non_null(strstr(error.what, "503"));
    assert_int_equal(fake.creates, 0);
    assay_session_close(&session);
    fake_registry_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_models),
        cmocka_unit_test(hostile_answers_end_well),
        cmocka_unit_test(the_cache_has_them_without_the_server),
        cmocka_unit_test(a_change_is_made_once),
        cmocka_unit_test(a_conflict_is_told_and_nothing_written),
        cmocka_unit_test(the_log_has_a_line_for_each),
        cmocka_unit_test(an_upload_is_whole),
        cmocka_unit_test(lost_answers_lose_and_double_nothing),
        cmocka_unit_test(why_no_experiment_was_made_is_told),
    };

    return cmocka_run_group_tests_name("registry", tests, own_home_make, own_home_remove);
}

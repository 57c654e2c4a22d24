/*
 * What a server has besides runs and points, kept for days without a network: logged models,
 * traces (as MLflow 3 and as MLflow 2 has them), lists of artifacts, the registry. Read,
 * written and read again; asked for by a pull; shown with its age when the server is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/session.h>

#include "remote/mlflow_logged.h"
#include "support/own_home.h"
#include "support/mlflow_web.h"
#include "support/web.h"

/* ---- text ---- */

/* As MLflow 3.17 and 2.22 answered, shortened. */
static const char newer[] =
    "{\"traces\":[{\"trace_id\":\"tr-1\",\"trace_location\":{\"type\":\"MLFLOW_EXPERIMENT\","
    "\"mlflow_experiment\":{\"experiment_id\":\"1\"}},\"request_preview\":\"why \\u00e9\\n\","
    "\"response_preview\":\"{\\\"a\\\": 1}\",\"request_time\":\"2026-01-31T12:00:00.250Z\","
    "\"execution_duration\":\"0.038s\",\"state\":\"OK\",\"trace_metadata\":{"
    "\"mlflow.sourceRun\":\"abc\",\"mlflow.traceInputs\":\"cut\"},"
    "\"tags\":{\"mlflow.traceName\":\"ask\"}},{\"trace_id\":\"tr-2\",\"state\":\"IN_PROGRESS\","
    "\"trace_location\":{\"mlflow_experiment\":{\"experiment_id\":\"2\"}}},"
    "{\"state\":\"nobody's\"}],\"next_page_token\":\"more\"}";
static const char older[] =
    "{\"traces\":[{\"request_id\":\"07ff\",\"experiment_id\":\"1\",\"timestamp_ms\":17,"
    "\"execution_time_ms\":1500,\"status\":\"ERROR\",\"request_metadata\":[{\"key\":"
    "\"mlflow.sourceRun\",\"value\":\"abc\"},{\"key\":\"mlflow.traceInputs\",\"value\":\"in\"},"
    "{\"key\":\"mlflow.traceOutputs\",\"value\":\"out\"}],\"tags\":[{\"key\":"
    "\"mlflow.traceName\",\"value\":\"ask\"}]},{\"request_id\":\"08ff\",\"timestamp_ms\":18,"
    "\"execution_time_ms\":0,\"status\":\"IN_PROGRESS\"}]}";
static const char models[] =
    "{\"models\":[{\"info\":{\"model_id\":\"m-1\",\"experiment_id\":\"1\",\"name\":\"net\","
    "\"creation_timestamp_ms\":20,\"last_updated_timestamp_ms\":21,\"artifact_uri\":"
    "\"mlflow-artifacts:/1/models/m-1\",\"status\":\"LOGGED_MODEL_READY\",\"creator_id\":\"7\","
    "\"model_type\":\"agent\",\"source_run_id\":\"abc\",\"tags\":[{\"key\":\"t\",\"value\":"
    "\"\\\"q\\\"\"}],\"registrations\":[{\"name\":\"fraud\",\"version\":\"3\"}]},\"data\":{"
    "\"params\":[{\"key\":\"p\",\"value\":\"1\"}],\"metrics\":[{\"key\":\"auc\",\"value\":"
    "0.925,\"timestamp\":7,\"step\":3},{\"key\":\"loss\",\"value\":\"NaN\",\"timestamp\":8,"
    "\"step\":-1},{\"key\":\"none\",\"value\":{}}]}}]}";

static struct assay_logged *read_text(const char *text, bool traces)
{
    struct assay_logged *logged = assay_alloc(sizeof *logged);
    char *token = NULL;

    assert_int_equal(mlflow_logged_read("x", text, strlen(text), traces, logged, &token, NULL),
                     ASSAY_OK);
    assert_int_equal(token != NULL, text == newer);
    free(token);
    return logged;
}

static void assert_newer(const struct assay_logged *logged)
{
    const struct assay_trace *trace = logged->traces;

    assert_int_equal(logged->trace_count, 1);
    assert_string_equal(trace->id, "tr-1");
    assert_string_equal(trace->experiment_id, "1");
    assert_string_equal(trace->name, "ask");
    assert_string_equal(trace->run_id, "abc");
    assert_string_equal(trace->state, "OK");
    assert_string_equal(trace->request, "why \xc3\xa9\n");
    assert_string_equal(trace->response, "{\"a\": 1}");
    assert_true(trace->time_ms == INT64_C(1769860800250));
    assert_true(trace->seconds == 0.038);
}

static void assert_model(const struct assay_logged *logged)
{
    const struct assay_logged_model *model = logged->models;

    assert_int_equal(logged->model_count, 1);
    assert_string_equal(model->id, "m-1");
    assert_string_equal(model->name, "net");
    assert_string_equal(model->experiment_id, "1");
    assert_string_equal(model->run_id, "abc");
    assert_string_equal(model->type, "agent");
    assert_string_equal(model->status, "READY");
    assert_string_equal(model->artifact_uri, "mlflow-artifacts:/1/models/m-1");
    assert_string_equal(model->user, "7");
    assert_true(model->created_ms == 20 && model->updated_ms == 21);
    assert_string_equal(assay_registry_tag(model->tags, model->tag_count, "t"), "\"q\"");
    assert_string_equal(assay_registry_tag(model->params, model->param_count, "p"), "1");
    assert_int_equal(model->registration_count, 1);
    assert_string_equal(model->registrations[0].alias, "fraud");
    assert_string_equal(model->registrations[0].version, "3");
    assert_int_equal(model->metric_count, 2);
    assert_string_equal(model->metrics[0].key, "auc");
    assert_true(model->metrics[0].summary.last == 0.925);
    assert_int_equal(model->metrics[0].summary.step, 3);
    assert_int_equal(model->metrics[0].summary.time_ms, 7);
    assert_true(isnan(model->metrics[1].summary.last));
    assert_int_equal(model->metrics[1].summary.step, -1);
}

/* What is written of experiment 1 and read again. */
static struct assay_logged *kept_text(const char *text, bool traces)
{
    struct assay_logged *logged = read_text(text, traces);
    struct assay_buf written = {0};

    mlflow_logged_write(logged, traces, "1", &written);
    assay_logged_free(&logged);
    logged = read_text(assay_buf_text(&written), traces);
    assay_buf_free(&written);
    return logged;
}

static void what_is_kept_is_what_was_said(void **state)
{
    struct assay_logged *logged;

    (void)state;
    logged = read_text(newer, true);
    assert_int_equal(logged->trace_count, 2);
    assert_string_equal(logged->traces[1].id, "tr-2");
    assert_true(isnan(logged->traces[1].seconds));
    assert_true(logged->traces[1].time_ms == ASSAY_NO_TIME);
    assay_logged_free(&logged);
    logged = kept_text(newer, true);
    assert_newer(logged);
    assay_logged_free(&logged);
    logged = read_text(models, false);
    assert_model(logged);
    assay_logged_free(&logged);
    logged = kept_text(models, false);
    assert_model(logged);
    assay_logged_free(&logged);
}

static void mlflow_2_says_it_in_other_words(void **state)
{
    struct assay_logged *logged = read_text(older, true);
    const struct assay_trace *trace = logged->traces;

    (void)state;
    assert_int_equal(logged->trace_count, 2);
    assert_string_equal(trace->id, "07ff");
    assert_string_equal(trace->experiment_id, "1");
    assert_string_equal(trace->state, "ERROR");
    assert_string_equal(trace->run_id, "abc");
    assert_string_equal(trace->name, "ask");
    assert_string_equal(trace->request, "in");
    assert_string_equal(trace->response, "out");
    assert_true(trace->time_ms == 17);
    assert_true(trace->seconds == 1.5);
    assert_true(isnan(logged->traces[1].seconds)); /* it goes on: the zero says nothing */
    mlflow_logged_order(logged, 1);
    assert_int_equal(logged->trace_count, 1);
    assert_string_equal(logged->traces[0].id, "08ff"); /* the newer one */
    assert_true(logged->cut);
    assay_logged_free(&logged);
}

static void broken_text_is_an_error(void **state)
{
    struct assay_logged *logged = assay_alloc(sizeof *logged);
    struct assay_error error = {0};
    char *token = NULL;

    (void)state;
    for (size_t cut = 1; cut < strlen(newer); cut += 7)
        assert_int_equal(
            mlflow_logged_read("http://x", newer, cut, true, logged, &token, &error),
            ASSAY_CORRUPT);
    assert_non_null(strstr(error.what, "http://x: its answer cannot be read"));
    assert_int_equal(mlflow_logged_read("x", "{\"traces\":[7,[],{\"tags\":3}]}", 28, true,
                                        logged, &token, NULL),
                     ASSAY_OK);
    free(token);
    assay_logged_free(&logged);
}

/* ---- a server ---- */

enum { EXPERIMENTS = 60 };

struct site {
    struct web *web;
    bool old;     /* MLflow 2 */
    int rows;     /* traces of experiment 1 */
    bool renamed; /* what they are called is another than before */
    unsigned lists, old_asked, new_asked;
    long long end_ms;
};

static void experiments(struct assay_buf *out)
{
    assay_buf_text_add(out, "{\"experiments\":[");
    for (int i = 1; i <= EXPERIMENTS; i++)
        assay_buf_format(out,
                         "%s{\"experiment_id\":\"%d\",\"name\":\"e%d\",\"lifecycle_stage\":"
                         "\"active\"}",
                         i > 1 ? "," : "", i, i);
    assay_buf_text_add(out, "]}");
}

static void traces(struct site *site, const struct web_request *request, struct assay_buf *out)
{
    bool first = site->old ? strstr(request->target, "experiment_ids=1&") != NULL
                           : memmem(request->body, request->length, "\"1\"", 3) != NULL;

    assay_buf_text_add(out, "{\"traces\":[");
    for (int i = 0; first && i < site->rows; i++)
        assay_buf_format(out,
                         "%s{\"%s\":\"t%d\",\"experiment_id\":\"1\",\"timestamp_ms\":%d,"
                         "\"request_preview\":\"%s\"}",
                         i ? "," : "", site->old ? "request_id" : "trace_id", i, 1000 - i,
                         site->renamed ? "new" : "old");
    assay_buf_text_add(out, "]}");
}

static void run_of(const struct site *site, struct assay_buf *out)
{
    assay_buf_format(out,
                     "{\"runs\":[{\"info\":{\"run_id\":\"abcdef01\",\"run_name\":\"r\","
                     "\"experiment_id\":\"1\",\"status\":\"FINISHED\",\"start_time\":5,"
                     "\"end_time\":%lld,\"artifact_uri\":\"mlflow-artifacts:/1/a/artifacts\","
                     "\"lifecycle_stage\":\"active\"},\"data\":{}}]}",
                     site->end_ms);
}

static void serve(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct site *site = context;
    const char *target = request->target;
    struct assay_buf out = {0};

    if (strstr(target, "/experiments/search")) {
        experiments(&out);
    } else if (strstr(target, "/runs/search")) {
        if (memmem(request->body, request->length, "\"1\"", 3))
            run_of(site, &out);
        else
            assay_buf_text_add(&out, "{}");
    } else if (strstr(target, "/artifacts/list")) {
        site->lists++;
        assay_buf_text_add(&out, strstr(target, "path=")
                                     ? "{\"files\":[{\"path\":\"d/x.txt\",\"file_size\":5}]}"
                                     : "{\"files\":[{\"path\":\"d\",\"is_dir\":true}]}");
    } else if (strstr(target, "/registered-models/search")) {
        assay_buf_text_add(&out, strstr(target, "filter=")
                                     ? "{}"
                                     : "{\"registered_models\":[{\"name\":\"fraud\"}]}");
    } else if (strstr(target, "/model-versions/search")) {
        assay_buf_text_add(&out, "{}");
    } else if (strstr(target, "/api/2.0/mlflow/traces?") && site->old) {
        site->old_asked++;
        traces(site, request, &out);
    } else if (strstr(target, "/traces/search") && !site->old) {
        site->new_asked++;
        traces(site, request, &out);
    } else if (strstr(target, "/logged-models/search") && !site->old) {
        assay_buf_text_add(&out,
                           memmem(request->body, request->length, "\"1\"", 3) ? models : "{}");
    } else {
        answer->status = 404; /* as its web server says it of a way that leads nowhere */
        answer->type = "text/html";
        assay_buf_text_add(&out, "<!doctype html><title>404 Not Found</title>");
    }
    answer->length = out.length;
    answer->body = answer->take = assay_buf_take(&out);
}

static struct assay_session *open_on(const char *url, enum assay_status status)
{
    struct assay_session *session = NULL;

    assert_int_equal(
        assay_session_open(&session,
                           &(struct assay_session_options){.sources = &url, .source_count = 1},
                           NULL),
        ASSAY_OK);
    assert_int_equal(assay_session_wait(session, NULL), status);
    return session;
}

static struct assay_pull pull(struct assay_session *session)
{
    uint64_t job = assay_session_pull_all(session, 0, NULL, 0, ASSAY_NONE);
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};
    struct assay_pull how;

    while (assay_session_pull_state(session, job, &how) && !how.finished) {
        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
    return how;
}

static struct assay_logged *logged(struct assay_session *session, bool are_traces, size_t limit,
                                   enum assay_status status)
{
    struct assay_logged *out = NULL;

    assert_int_equal(
        assay_session_logged_wait(session, 0, ASSAY_NONE, are_traces, limit, &out, NULL),
        status);
    return out;
}

static void a_pull_keeps_all_of_it(void **state)
{
    struct site site = {.rows = 3, .end_ms = 9};
    int64_t before = assay_now_ms();
    const struct assay_artifacts *artifacts;
    struct assay_registry *registry = NULL;
    struct assay_session *session;
    struct assay_logged *list;
    struct assay_pull how;
    char url[80];

    (void)state;
    site.web = web_start(serve, &site);
    snprintf(url, sizeof url, "%s", web_url(site.web));
    session = open_on(url, ASSAY_OK);
    how = pull(session);
    assert_int_equal(how.error.status, ASSAY_OK);
    assert_int_equal(how.lists, how.lists_total);
    assert_int_equal(how.artifact_lists, 1);
    assert_int_equal(how.models, 1);
    assert_int_equal(how.traces, 3);
    assert_int_equal(how.logged_models, 1);
    assay_session_close(&session);

    /* Nothing has changed: a finished run's artifacts are not asked for again. */
    site.lists = 0;
    session = open_on(url, ASSAY_OK);
    how = pull(session);
    assert_int_equal(how.lists_unchanged, 1);
    assert_int_equal(site.lists, 0);
    assay_session_close(&session);
    /* It was gone on with. */
    site.end_ms = 11;
    session = open_on(url, ASSAY_OK);
    pull(session);
    assert_int_equal(site.lists, 2);
    assay_session_close(&session);
    web_stop(&site.web);

    session = open_on(url, ASSAY_IO);
    list = logged(session, true, 0, ASSAY_IO);
    assert_int_equal(list->trace_count, 3);
    assert_string_equal(list->traces[0].id, "t0");
    assert_int_equal(list->unknown, 0);
    assert_true(list->read_ms >= before && list->read_ms <= assay_now_ms());
    assay_logged_free(&list);
    list = logged(session, false, 0, ASSAY_IO);
    assert_model(list);
    assay_logged_free(&list);
    artifacts = assay_session_artifacts_wait(session, 0);
    assert_int_equal(artifacts->load, ASSAY_LOAD_READY);
    assert_int_equal(artifacts->count, 2);
    assert_string_equal(artifacts->items[1].path, "d/x.txt");
    assert_true(artifacts->kept_ms >= before);
    assert_int_equal(assay_session_registry_wait(session, 0, &registry, NULL), ASSAY_IO);
    assert_int_equal(registry->count, 1);
    assay_registry_free(&registry);
    assay_session_close(&session);
}

/* The server has no list for us before we ask for points: whoever asks for one after the other
   gets none. */
static void points_wait_for_no_list(void **state)
{
    struct fake_mlflow fake = {.lists_wait = true};
    struct assay_session *session;
    struct assay_pull how;

    (void)state;
    fake_mlflow_start(&fake, 1, 3, 2, 5);
    session = open_on(web_url(fake.web), ASSAY_OK);
    how = pull(session);
    assert_int_equal(how.error.status, ASSAY_OK);
    assert_int_equal(how.series, 6);
    assert_int_equal(how.artifact_lists, 3);
    assert_int_equal(how.lists_failed, 0);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

static void a_list_cut_short_replaces_no_whole_one(void **state)
{
    struct site site = {.rows = 5, .end_ms = 9};
    struct assay_session *session;
    struct assay_logged *list;
    char url[80];

    (void)state;
    site.web = web_start(serve, &site);
    snprintf(url, sizeof url, "%s", web_url(site.web));
    session = open_on(url, ASSAY_OK);
    list = logged(session, true, 0, ASSAY_OK);
    assert_int_equal(list->trace_count, 5);
    assert_false(list->cut);
    assay_logged_free(&list);
    assay_session_close(&session);
    session = open_on(url, ASSAY_OK);
    list = logged(session, true, 2, ASSAY_OK);
    assert_int_equal(list->trace_count, 2);
    assert_true(list->cut);
    assay_logged_free(&list);
    assay_session_close(&session);
    site.rows = 4; /* one was deleted, and the others say something else */
    site.renamed = true;
    web_reset_counts(site.web);
    web_stop(&site.web);

    session = open_on(url, ASSAY_IO);
    list = logged(session, true, 0, ASSAY_IO);
    assert_int_equal(list->trace_count, 5);
    assert_false(list->cut);
    assert_string_equal(list->traces[4].request, "old");
    assay_logged_free(&list);
    assay_session_close(&session);
}

static void an_old_server_is_asked_in_its_words(void **state)
{
    struct site site = {.old = true, .rows = 3, .end_ms = 9};
    struct assay_logged *list = NULL;
    struct assay_error error = {0};
    struct assay_session *session;
    struct assay_pull how;
    char url[80];

    (void)state;
    site.web = web_start(serve, &site);
    snprintf(url, sizeof url, "%s", web_url(site.web));
    session = open_on(url, ASSAY_OK);
    list = logged(session, true, 0, ASSAY_OK);
    assert_int_equal(list->trace_count, 3);
    assert_int_equal(site.old_asked, 2); /* groups of experiments */
    assay_logged_free(&list);
    assert_int_equal(assay_session_logged_wait(session, 0, ASSAY_NONE, false, 0, &list, &error),
                     ASSAY_NO);
    assert_null(list);
    assert_non_null(strstr(error.what, "this server knows no logged models"));
    how = pull(session); /* which is no failure of a pull */
    assert_int_equal(how.error.status, ASSAY_OK);
    assert_int_equal(how.lists_failed, 0);
    assert_int_equal(how.traces, 3);
    assay_session_close(&session);
    web_stop(&site.web);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_was_said),
        cmocka_unit_test(mlflow_2_says_it_in_other_words),
        cmocka_unit_test(broken_text_is_an_error),
        cmocka_unit_test(a_pull_keeps_all_of_it),
        cmocka_unit_test(points_wait_for_no_list),
        cmocka_unit_test(a_list_cut_short_replaces_no_whole_one),
        cmocka_unit_test(an_old_server_is_asked_in_its_words),
    };

    return cmocka_run_group_tests(tests, own_home_make, own_home_remove);
}

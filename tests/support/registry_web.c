/*
 * A server that is written to, for tests; see registry_web.h.
 */
#include "support/registry_web.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

/* What it holds is served on a thread of its own. */
static pthread_mutex_t holding = PTHREAD_MUTEX_INITIALIZER;

/* The text of "KEY":"…" in the body; "" where it has none. No escapes: the tests send none. */
static const char *body_text(const struct web_request *request, const char *key, char *out,
                             size_t capacity)
{
    char quoted[80];
    const char *at, *end;

    snprintf(quoted, sizeof quoted, "\"%s\":\"", key);
    out[0] = '\0';
    at =
        request->length ? memmem(request->body, request->length, quoted, strlen(quoted)) : NULL;
    end = at ? strchr(at + strlen(quoted), '"') : NULL;
    if (end)
        snprintf(out, capacity, "%.*s", (int)(end - at - (long)strlen(quoted)),
                 at + strlen(quoted));
    return out;
}

static void tag_json(struct assay_buf *out, const char *key, const char *value)
{
    if (*value)
        assay_buf_format(out, ",{\"key\":\"%s\",\"value\":\"%s\"}", key, value);
}

static void run_json(const struct fake_registry *fake, int which, struct assay_buf *out)
{
    const struct fake_run *run = &fake->runs[which];
    const char *id = which ? REGISTRY_RUN_B : REGISTRY_RUN_A;

    assay_buf_format(out,
                     "{\"info\":{\"run_id\":\"%s\",\"run_name\":\"%s\",\"experiment_id\":\"1\","
                     "%s\"start_time\":1760000000000,\"lifecycle_stage\":\"%s\","
                     "\"artifact_uri\":\"mlflow-artifacts:/1/%s/artifacts\"},\"data\":{"
                     "\"metrics\":[{\"key\":\"auc\",\"value\":%s,\"timestamp\":1,\"step\":1}],"
                     "\"params\":[{\"key\":\"lr\",\"value\":\"%s\"}],"
                     "\"tags\":[{\"key\":\"mlflow.source.git.commit\",\"value\":\"%.7s\"}",
                     id, run->name,
                     fake->running
                         ? "\"status\":\"RUNNING\","
                         : "\"status\":\"FINISHED\",\"end_time\":1760000001000,",
                     run->deleted ? "deleted" : "active", id,
                     which ? "0.92" : "0.9", which ? "0.01" : "0.1", id);
    tag_json(out, "team", run->team);
    tag_json(out, "mlflow.note.content", run->note);
    tag_json(out, "mlflow.log-model.history",
             which ? "" : "[{\\\"artifact_path\\\": \\\"model\\\"}]");
    assay_buf_text_add(out, "]}");
    if (which)
        assay_buf_text_add(out,
                           ",\"outputs\":{\"model_outputs\":[{\"model_id\":\"" REGISTRY_LOGGED
                           "\",\"step\":\"0\"}]}");
    assay_buf_char(out, '}');
}

static void aliases_json(const struct fake_registry *fake, struct assay_buf *out)
{
    assay_buf_text_add(out, "\"aliases\":[");
    if (*fake->champion)
        assay_buf_format(out, "{\"alias\":\"champion\",\"version\":\"%s\"}", fake->champion);
    if (*fake->canary)
        assay_buf_format(out, "%s{\"alias\":\"canary\",\"version\":\"%s\"}",
                         *fake->champion ? "," : "", fake->canary);
    assay_buf_text_add(out, "]");
}

static void model_json(const struct fake_registry *fake, struct assay_buf *out)
{
    assay_buf_text_add(out, "{\"name\":\"fraud\",\"description\":\"finds fraud\","
                            "\"creation_timestamp\":1760000000000,");
    aliases_json(fake, out);
    assay_buf_char(out, '}');
}

static void version_json(const struct fake_registry *fake, int version, struct assay_buf *out)
{
    assay_buf_format(out,
                     "{\"name\":\"fraud\",\"version\":\"%d\",\"status\":\"READY\","
                     "\"current_stage\":\"None\",\"run_id\":\"%s\",\"source\":\"%s\","
                     "\"creation_timestamp\":1760000002000,\"description\":\"%s\",\"tags\":[",
                     version,
                     version == 1   ? REGISTRY_RUN_A
                     : version == 2 ? REGISTRY_RUN_B
                                    : fake->made.run_id,
                     version == 3 ? fake->made.source : "s", version == 2 ? fake->about : "");
    if (version == 2 && *fake->tag)
        assay_buf_format(out, "{\"key\":\"team\",\"value\":\"%s\"}", fake->tag);
    assay_buf_text_add(out, "]}");
}

static void versions_json(const struct fake_registry *fake, struct assay_buf *out)
{
    version_json(fake, 1, out);
    assay_buf_char(out, ',');
    version_json(fake, 2, out);
    if (!*fake->made.source)
        return;
    assay_buf_char(out, ',');
    version_json(fake, 3, out);
}

/* ---- reading ---- */

static bool is_path(const struct web_request *request, const char *path)
{
    return strstr(request->target, path) != NULL;
}

static void read_runs(const struct fake_registry *fake, const struct web_request *request,
                      struct assay_buf *out)
{
    if (request->length && memmem(request->body, request->length, "assay.upload", 12)) {
        if (!fake->created) {
            assay_buf_text_add(out, "{}");
            return;
        }
        assay_buf_format(
            out,
            "{\"runs\":[{\"info\":{\"run_id\":\"up\",\"artifact_uri\":"
            "\"mlflow-artifacts:/1/up/artifacts\",\"status\":\"%s\","
            "\"lifecycle_stage\":\"%s\"},\"data\":{\"params\":[%s],\"tags\":[%s%s{\"key\":"
            "\"assay.upload.state\",\"value\":\"%s\"}]}}]}",
            fake->status, fake->up_deleted ? "deleted" : "active",
            assay_buf_text(&fake->param_pairs), assay_buf_text(&fake->tag_pairs),
            fake->tag_pairs.length ? "," : "", fake->state);
        return;
    }
    assay_buf_text_add(out, "{\"runs\":[");
    run_json(fake, 0, out);
    assay_buf_char(out, ',');
    run_json(fake, 1, out);
    assay_buf_text_add(out, "]}");
}

static void list_files(const struct fake_registry *fake, const struct web_request *request,
                       struct assay_buf *out)
{
    assay_buf_text_add(out, "{\"files\":[");
    for (size_t i = 0; i < fake->put_count && !is_path(request, "path="); i++)
        assay_buf_format(out, "%s{\"path\":\"%s\",\"is_dir\":false,\"file_size\":%zu}",
                         i ? "," : "", fake->put[i].path, fake->put[i].bytes);
    assay_buf_text_add(out, "]}");
}

/* The points of one metric, each as {"key":…} and a line end in what was kept. */
static void read_history(const struct fake_registry *fake, const struct web_request *request,
                         struct assay_buf *out)
{
    const char *at = assay_buf_text(&fake->points);
    char key[128], start[160];
    bool first = true;

    web_query(request, "metric_key", key, sizeof key);
    snprintf(start, sizeof start, "{\"key\":\"%s\",", key);
    assay_buf_text_add(out, "{\"metrics\":[");
    for (const char *end; (end = strchr(at, '\n')); at = end + 1) {
        if (strncmp(at, start, strlen(start)) != 0)
            continue;
        assay_buf_text_add(out, first ? "" : ",");
        assay_buf_add(out, at, (size_t)(end - at));
        first = false;
    }
    if (first && strcmp(key, "auc") == 0) /* of the runs that were there before */
        assay_buf_format(out, "{\"key\":\"auc\",\"value\":%s,\"timestamp\":1,\"step\":1}",
                         is_path(request, REGISTRY_RUN_A) ? "0.9" : "0.92");
    assay_buf_text_add(out, "]}");
}

/* One run, or the model one logged. */
static bool read_one(struct fake_registry *fake, const struct web_request *request,
                     struct assay_buf *out)
{
    int which = is_path(request, REGISTRY_RUN_B);

    if (is_path(request, "runs/get?")) {
        assay_buf_text_add(out, "{\"run\":");
        run_json(fake, which, out);
        assay_buf_char(out, '}');
        if (which && *fake->after_look_team)
            memcpy(fake->runs[1].team, fake->after_look_team, sizeof fake->runs[1].team);
    } else if (is_path(request, "logged-models/" REGISTRY_LOGGED)) {
        assay_buf_text_add(out, "{\"model\":{\"info\":{\"model_id\":\"" REGISTRY_LOGGED
                                "\",\"source_run_id\":\"" REGISTRY_RUN_B
                                "\",\"status\":\"LOGGED_MODEL_READY\"},\"data\":{}}}");
    } else {
        return false;
    }
    return true;
}

/* Those of REGISTRY_RUN_B, and one of another run, as from a server that heeds no filter. */
static void logged_models(struct assay_buf *out)
{
    assay_buf_text_add(
        out,
        "{\"models\":[{\"info\":{\"model_id\":\"m-other\",\"name\":\"stranger\","
        "\"experiment_id\":\"1\",\"source_run_id\":\"" REGISTRY_RUN_A "\"},\"data\":{}},"
        "{\"info\":{\"model_id\":\"" REGISTRY_LOGGED "\",\"name\":\"detector\","
        "\"experiment_id\":\"1\",\"source_run_id\":\"" REGISTRY_RUN_B "\","
        "\"model_type\":\"agent\",\"status\":\"LOGGED_MODEL_READY\","
        "\"creation_timestamp_ms\":1760000000500,\"tags\":[{\"key\":\"team\",\"value\":"
        "\"risk\\u001b[31m\"}],\"registrations\":[{\"name\":\"fraud\",\"version\":\"2\"}]},"
        "\"data\":{\"params\":[{\"key\":\"depth\",\"value\":\"4\"}],\"metrics\":["
        "{\"key\":\"auc\",\"value\":0.9251,\"timestamp\":1,\"step\":3},"
        "{\"key\":\"loss\",\"value\":\"NaN\",\"timestamp\":1,\"step\":3}]}},"
        "{\"info\":{\"model_id\":\"m-late\",\"name\":\"draft\",\"experiment_id\":\"1\","
        "\"source_run_id\":\"" REGISTRY_RUN_B "\",\"status\":\"LOGGED_MODEL_UPLOAD_FAILED\","
        "\"creation_timestamp_ms\":1760000000100},\"data\":{\"metrics\":["
        "{\"key\":\"acc\",\"value\":0.5,\"timestamp\":1,\"step\":1},"
        "{\"key\":\"acc\",\"value\":0.75,\"timestamp\":2,\"step\":2}]}}]}");
}

static void trace_json(struct assay_buf *out, const char *id, const char *run,
                       const char *state, const char *request)
{
    assay_buf_format(
        out,
        "{\"trace_id\":\"%s\",\"trace_location\":{\"type\":\"MLFLOW_EXPERIMENT\","
        "\"mlflow_experiment\":{\"experiment_id\":\"1\"}},\"request_preview\":\"%s\","
        "\"response_preview\":\"because of %s\",\"request_time\":"
        "\"2025-10-09T08:53:20.250Z\",\"execution_duration\":\"0.038s\",\"state\":\"%s\","
        "\"trace_metadata\":{\"mlflow.sourceRun\":\"%s\"},\"tags\":{\"mlflow.traceName\":"
        "\"answer\"}}",
        id, request, id, state, run);
}

static void traces(struct assay_buf *out)
{
    assay_buf_text_add(out, "{\"traces\":[");
    trace_json(out, "tr-1", REGISTRY_RUN_B, "OK", "why was it refused?");
    assay_buf_char(out, ',');
    trace_json(out, "tr-2", REGISTRY_RUN_B, "ERROR", "paint \\u001b[31mred");
    assay_buf_char(out, ',');
    trace_json(out, "tr-3", REGISTRY_RUN_B, "IN_PROGRESS", "and now?");
    assay_buf_char(out, ',');
    trace_json(out, "tr-4", REGISTRY_RUN_A, "OK", "another run's");
    assay_buf_text_add(out, "]}");
}

static bool read_logged(struct fake_registry *fake, const struct web_request *request,
                        struct web_answer *answer, struct assay_buf *out)
{
    bool models = is_path(request, "logged-models/search");

    if (!fake->logs || !(models || is_path(request, "traces/search")))
        return false;
    fake->logged_asked++;
    if (fake->filters_fail && memmem(request->body, request->length, "run_id = ", 9)) {
        answer->status = 400;
        assay_buf_text_add(out, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":"
                                "\"Invalid attribute key\"}");
    } else if (models) {
        logged_models(out);
    } else {
        traces(out);
    }
    return true;
}

static bool read_something(struct fake_registry *fake, const struct web_request *request,
                           struct assay_buf *out)
{
    if (is_path(request, "registered-models/search")) {
        bool prompts = is_path(request, "is_prompt");

        assay_buf_text_add(out, "{\"registered_models\":[");
        if (!prompts)
            model_json(fake, out);
        assay_buf_text_add(out, "]}");
    } else if (is_path(request, "model-versions/search")) {
        assay_buf_text_add(out, "{\"model_versions\":[");
        if (!is_path(request, "is_prompt"))
            versions_json(fake, out);
        assay_buf_text_add(out, "]}");
    } else if (is_path(request, "registered-models/get")) {
        assay_buf_text_add(out, "{\"registered_model\":");
        model_json(fake, out);
        assay_buf_char(out, '}');
        if (*fake->after_look)
            memcpy(fake->champion, fake->after_look, sizeof fake->champion);
    } else if (is_path(request, "model-versions/get")) {
        assay_buf_text_add(out, "{\"model_version\":");
        version_json(fake, 2, out);
        assay_buf_char(out, '}');
    } else if (is_path(request, "experiments/search")) {
        assay_buf_text_add(out, "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"fraud\","
                                "\"lifecycle_stage\":\"active\"}]}");
    } else if (is_path(request, "experiments/get-by-name")) {
        assay_buf_text_add(out, "{\"experiment\":{\"experiment_id\":\"1\",\"lifecycle_stage\":"
                                "\"active\"}}");
    } else if (is_path(request, "runs/search")) {
        read_runs(fake, request, out);
    } else if (is_path(request, "get-history?")) {
        read_history(fake, request, out);
    } else if (is_path(request, "artifacts/list")) {
        list_files(fake, request, out);
    } else {
        return read_one(fake, request, out);
    }
    return true;
}

/* ---- writing ---- */

static void write_alias(struct fake_registry *fake, const struct web_request *request)
{
    char alias[32], version[16];
    char *to = strcmp(body_text(request, "alias", alias, sizeof alias), "champion") == 0
                   ? fake->champion
                   : fake->canary;

    snprintf(to, sizeof fake->champion, "%s",
             body_text(request, "version", version, sizeof version));
}

static void keep_points(struct fake_registry *fake, const struct web_request *request)
{
    const char *at = memmem(request->body, request->length, "\"metrics\":[", 11);

    for (at = at ? at + 11 : NULL; at && *at == '{';) {
        const char *end = strchr(at, '}');

        assay_buf_add(&fake->points, at, (size_t)(end + 1 - at));
        assay_buf_char(&fake->points, '\n');
        fake->point_count++;
        at = end[1] == ',' ? end + 2 : end + 1;
    }
}

/* All pairs of LIST, which is the last of the body, with those that were there before. */
static bool keep_pairs(const struct web_request *request, const char *list,
                       struct assay_buf *kept)
{
    const char *at = memmem(request->body, request->length, list, strlen(list));
    const char *end =
        at ? memrchr(at, ']', request->length - (size_t)(at - request->body)) : NULL;

    if (!end)
        return false;
    if (kept->length)
        assay_buf_char(kept, ',');
    at += strlen(list);
    assay_buf_add(kept, at, (size_t)(end - at));
    return true;
}

static void keep_file(struct fake_registry *fake, const struct web_request *request,
                      struct web_answer *answer, struct assay_buf *out)
{
    const char *path = strrchr(request->target, '/') + 1;
    size_t i = 0;

    fake->files++;
    if (*fake->refused && strcmp(path, fake->refused) == 0) {
        answer->status = 400;
        assay_buf_reset(out);
        assay_buf_text_add(out, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":"
                                "\"Invalid path\"}");
        return;
    }
    while (i < fake->put_count && strcmp(fake->put[i].path, path) != 0)
        i++;
    if (i >= ASSAY_COUNT(fake->put))
        return;
    snprintf(fake->put[i].path, sizeof fake->put[i].path, "%s", path);
    fake->put[i].bytes = fake->halves ? request->length / 2 : request->length;
    fake->halves -= fake->halves > 0;
    fake->put_count += i == fake->put_count;
}

static void write_batch(struct fake_registry *fake, const struct web_request *request,
                        struct web_answer *answer)
{
    if (!memmem(request->body, request->length, "\"metrics\":[", 11)) {
        fake->params += keep_pairs(request, "\"params\":[", &fake->param_pairs);
        fake->tags += keep_pairs(request, "\"tags\":[", &fake->tag_pairs);
        answer->fault = fake->cut_pairs ? WEB_HALF : WEB_FINE;
        return;
    }
    fake->batches++;
    if (fake->batches != fake->lose_before)
        keep_points(fake, request);
    if (fake->batches == fake->lose_before || fake->batches == fake->lose_after)
        answer->fault = WEB_CLOSE;
    else if (fake->cut_points)
        answer->fault = WEB_HALF;
}

static bool write_run(struct fake_registry *fake, const struct web_request *request)
{
    char id[64], key[64];
    struct fake_run *run;
    char *tag;

    body_text(request, "run_id", id, sizeof id);
    run = strcmp(id, REGISTRY_RUN_A) == 0   ? &fake->runs[0]
          : strcmp(id, REGISTRY_RUN_B) == 0 ? &fake->runs[1]
                                            : NULL;
    if (!run)
        return false;
    body_text(request, "key", key, sizeof key);
    tag = strcmp(key, "team") == 0 ? run->team : run->note;
    if (is_path(request, "runs/update"))
        body_text(request, "run_name", run->name, sizeof run->name);
    else if (is_path(request, "runs/set-tag"))
        body_text(request, "value", tag, sizeof run->note);
    else if (is_path(request, "runs/delete-tag"))
        tag[0] = '\0';
    else if (is_path(request, "runs/delete") || is_path(request, "runs/restore"))
        run->deleted = is_path(request, "runs/delete");
    else
        return false;
    return true;
}

/* A model or version that is made: there is one model, and room for one more version. */
static bool write_new(struct fake_registry *fake, const struct web_request *request,
                      struct web_answer *answer, struct assay_buf *out)
{
    if (is_path(request, "registered-models/create")) {
        answer->status = 400;
        assay_buf_reset(out);
        assay_buf_text_add(out, "{\"error_code\":\"RESOURCE_ALREADY_EXISTS\",\"message\":"
                                "\"Registered Model (name=fraud) already exists.\"}");
    } else if (is_path(request, "model-versions/create")) {
        body_text(request, "run_id", fake->made.run_id, sizeof fake->made.run_id);
        body_text(request, "source", fake->made.source, sizeof fake->made.source);
        body_text(request, "model_id", fake->made.model_id, sizeof fake->made.model_id);
    } else {
        return false;
    }
    return true;
}

static bool write_something(struct fake_registry *fake, const struct web_request *request,
                            struct web_answer *answer, struct assay_buf *out)
{
    assay_buf_text_add(out, "{}");
    fake->writes++;
    if (write_run(fake, request) || write_new(fake, request, answer, out)) {
        return true;
    } else if (is_path(request, "registered-models/alias")) {
        write_alias(fake, request);
    } else if (is_path(request, "model-versions/set-tag")) {
        body_text(request, "value", fake->tag, sizeof fake->tag);
    } else if (is_path(request, "model-versions/delete-tag")) {
        fake->tag[0] = '\0';
    } else if (is_path(request, "model-versions/update")) {
        body_text(request, "description", fake->about, sizeof fake->about);
    } else if (is_path(request, "runs/create")) {
        fake->created = true;
        fake->creates++;
        answer->fault = fake->creates == 1 && fake->lose_after ? WEB_CLOSE : WEB_FINE;
        assay_buf_reset(out);
        assay_buf_text_add(out, "{\"run\":{\"info\":{\"run_id\":\"up\",\"artifact_uri\":"
                                "\"mlflow-artifacts:/1/up/artifacts\"}}}");
    } else if (is_path(request, "runs/log-batch")) {
        write_batch(fake, request, answer);
    } else if (is_path(request, "runs/update")) {
        body_text(request, "status", fake->status, sizeof fake->status);
    } else if (is_path(request, "runs/set-tag")) {
        body_text(request, "value", fake->state, sizeof fake->state);
    } else if (strcmp(request->method, "PUT") == 0) {
        keep_file(fake, request, answer, out);
    } else {
        fake->writes--;
        return false;
    }
    return true;
}

static void serve(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct fake_registry *fake = context;
    struct assay_buf out = {0};

    pthread_mutex_lock(&holding);
    if (fake->silent) {
        answer->fault = WEB_CLOSE;
    } else if (fake->no_experiment && is_path(request, "experiments/create")) {
        answer->status = 503;
    } else if (fake->no_experiment && is_path(request, "experiments/get-by-name")) {
        answer->status = 404;
        assay_buf_text_add(&out, "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":"
                                 "\"Could not find experiment\"}");
    } else if (!read_logged(fake, request, answer, &out) &&
               !read_something(fake, request, &out) &&
               !write_something(fake, request, answer, &out)) {
        answer->status = 404;
        assay_buf_reset(&out);
        assay_buf_text_add(&out, "{\"error_code\":\"ENDPOINT_NOT_FOUND\",\"message\":\"no\"}");
    }
    pthread_mutex_unlock(&holding);
    answer->take = assay_buf_take(&out);
    answer->body = answer->take;
}

struct fake_registry fake_registry_seen(const struct fake_registry *fake)
{
    pthread_mutex_lock(&holding);
    struct fake_registry copy = *fake;
    pthread_mutex_unlock(&holding);
    return copy;
}

void fake_registry_hold(void)
{
    pthread_mutex_lock(&holding);
}

void fake_registry_go_on(void)
{
    pthread_mutex_unlock(&holding);
}

void fake_registry_silent(struct fake_registry *fake, bool silent)
{
    pthread_mutex_lock(&holding);
    fake->silent = silent;
    pthread_mutex_unlock(&holding);
}

void fake_registry_after_look(struct fake_registry *fake, const char *champion)
{
    pthread_mutex_lock(&holding);
    snprintf(fake->after_look, sizeof fake->after_look, "%s", champion);
    pthread_mutex_unlock(&holding);
}

void fake_registry_after_look_at_run(struct fake_registry *fake, const char *team)
{
    pthread_mutex_lock(&holding);
    snprintf(fake->after_look_team, sizeof fake->after_look_team, "%s", team);
    pthread_mutex_unlock(&holding);
}

void fake_registry_start(struct fake_registry *fake)
{
    *fake = (struct fake_registry){.champion = "1",
                                   .canary = "2",
                                   .about = "smaller",
                                   .runs = {{.name = "steady"}, {.name = "hopeful"}}};
    fake->web = web_start(serve, fake);
}

void fake_registry_stop(struct fake_registry *fake)
{
    web_stop(&fake->web);
    assay_buf_free(&fake->points);
    assay_buf_free(&fake->param_pairs);
    assay_buf_free(&fake->tag_pairs);
}

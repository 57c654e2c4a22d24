/*
 * An upload's requests: experiment and run, batches of points, params and tags (MLflow takes
 * 1000, 100 and 100 of them, and a megabyte, at once), inputs, files through the proxy of the
 * artifacts, the end.
 */
#include "remote/mlflow_upload.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "remote/mlflow_change.h"
#include "remote/mlflow_private.h"
#include "remote/url.h"

/* ---- reading answers ---- */

/* The text of NAME in the object that the reader is in front of; all else is skipped. */
static void take_text(struct json_text *json, const char *name, char *out, size_t capacity)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key))
        if (strcmp(key, name) == 0)
            snprintf(out, capacity, "%s", json_text_string(json, ""));
        else
            json_text_skip(json);
}

void mlflow_target_free(struct mlflow_target *target)
{
    free(target->artifact_uri);
    assay_arena_free(&target->arena);
    *target = (struct mlflow_target){.run_id = ""};
}

static void take_info(struct json_text *json, struct mlflow_target *target)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "run_id") == 0) {
            snprintf(target->run_id, sizeof target->run_id, "%s", json_text_string(json, ""));
        } else if (strcmp(key, "artifact_uri") == 0) {
            free(target->artifact_uri);
            target->artifact_uri = assay_strdup(json_text_string(json, ""));
        } else if (strcmp(key, "status") == 0) {
            target->status = assay_run_status_parse(json_text_string(json, ""));
        } else if (strcmp(key, "lifecycle_stage") == 0) {
            target->deleted = strcmp(json_text_string(json, ""), "deleted") == 0;
        } else if (strcmp(key, "end_time") == 0) {
            target->end_ms = json_text_integer(json, ASSAY_NO_TIME);
        } else {
            json_text_skip(json);
        }
    }
}

static void take_run(struct json_text *json, struct mlflow_target *target)
{
    const char *key;

    target->end_ms = ASSAY_NO_TIME;
    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "info") == 0) {
            take_info(json, target);
        } else if (strcmp(key, "data") != 0) {
            json_text_skip(json);
        } else if (json_text_enter(json, '{')) {
            while (json_text_member(json, &key)) {
                if (strcmp(key, "tags") == 0)
                    mlflow_take_pairs(json, &target->arena, &target->tags, &target->tag_count);
                else if (strcmp(key, "params") == 0)
                    mlflow_take_pairs(json, &target->arena, &target->params,
                                      &target->param_count);
                else
                    json_text_skip(json);
            }
        }
    }
    for (size_t i = 0; i < target->tag_count; i++)
        if (strcmp(target->tags[i].key, MLFLOW_UPLOAD_STATE) == 0)
            target->complete = strcmp(target->tags[i].value, "complete") == 0;
    target->found = *target->run_id != '\0';
}

static enum assay_status finish(struct mlflow *mlflow, struct json_text *json,
                                struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    if (json->fault)
        status = assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                            mlflow_shown(mlflow), json_text_offset(json), json->fault);
    json_text_free(json);
    return status;
}

/* ---- the experiment and the run ---- */

static enum assay_status get_experiment(struct mlflow *mlflow, const char *name,
                                        struct mlflow_target *target,
                                        struct mlflow_failure *failure, struct assay_error *err)
{
    struct assay_buf path = {0}, answer = {0};
    char life[32] = "";
    struct json_text json;
    enum assay_status status;
    const char *key;

    assay_buf_text_add(&path, MLFLOW_API "/experiments/get-by-name");
    url_query(&path, "experiment_name", name);
    status = mlflow_call(mlflow, &(struct mlflow_call){.path = assay_buf_text(&path)}, &answer,
                         failure, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&answer), answer.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key)) {
            if (strcmp(key, "experiment") != 0 || !json_text_enter(&json, '{')) {
                if (strcmp(key, "experiment") != 0)
                    json_text_skip(&json);
                continue;
            }
            while (json_text_member(&json, &key))
                if (strcmp(key, "experiment_id") == 0)
                    snprintf(target->experiment, sizeof target->experiment, "%s",
                             json_text_string(&json, ""));
                else if (strcmp(key, "lifecycle_stage") == 0)
                    snprintf(life, sizeof life, "%s", json_text_string(&json, ""));
                else
                    json_text_skip(&json);
        }
        status = finish(mlflow, &json, err);
    }
    if (status == ASSAY_OK && strcmp(life, "deleted") == 0) {
        status = assay_fail(err, ASSAY_NO, "%s: the experiment %s is deleted there",
                            mlflow_shown(mlflow), name);
        assay_hint(err, "restore it, or upload into another one with -e");
    }
    assay_buf_free(&path);
    assay_buf_free(&answer);
    return status;
}

enum assay_status mlflow_upload_experiment(struct mlflow *mlflow, const char *name, bool create,
                                           struct mlflow_target *target,
                                           struct assay_error *err)
{
    struct assay_buf body = {0}, answer = {0};
    struct mlflow_failure failure;
    struct assay_error first = {0}, made = {0}, ignored = {0};
    struct json_text json;
    enum assay_status status = get_experiment(mlflow, name, target, &failure, &first);

    if (status == ASSAY_OK || strcmp(failure.code, "RESOURCE_DOES_NOT_EXIST") != 0) {
        if (status != ASSAY_OK && err && err->status == ASSAY_OK)
            *err = first;
        return status;
    }
    if (!create)
        return ASSAY_OK;
    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "name", name);
    assay_buf_char(&body, '}');
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/experiments/create",
                                               .body = assay_buf_text(&body),
                                               .writes = true},
                         &answer, &failure, &made);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&answer), answer.length);
        take_text(&json, "experiment_id", target->experiment, sizeof target->experiment);
        status = finish(mlflow, &json, err);
    } else if (get_experiment(mlflow, name, target, &failure, &ignored) == ASSAY_OK) {
        status = ASSAY_OK; /* somebody else made it, or we did and the answer was lost */
    } else if (err && err->status == ASSAY_OK) {
        *err = made; /* why it was not made: that it is not there follows from it */
    }
    assay_buf_free(&body);
    assay_buf_free(&answer);
    return status;
}

enum assay_status mlflow_upload_find(struct mlflow *mlflow, const char *marker,
                                     struct mlflow_target *target, struct assay_error *err)
{
    struct assay_buf body = {0}, answer = {0};
    struct json_text json;
    enum assay_status status;
    size_t found = 0;
    const char *key;

    assay_buf_text_add(&body, "{\"experiment_ids\":[");
    json_text_quote(&body, target->experiment);
    assay_buf_format(&body,
                     "],\"filter\":\"tags.`" MLFLOW_UPLOAD_TAG "` = '%s'\","
                     "\"max_results\":2,\"run_view_type\":\"ALL\"}",
                     marker);
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/search",
                                               .body = assay_buf_text(&body),
                                               .repeatable = true},
                         &answer, NULL, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&answer), answer.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key)) {
            if (strcmp(key, "runs") != 0 || !json_text_enter(&json, '[')) {
                if (strcmp(key, "runs") != 0)
                    json_text_skip(&json);
                continue;
            }
            for (; json_text_element(&json); found++)
                take_run(&json, target);
        }
        status = finish(mlflow, &json, err);
    }
    if (status == ASSAY_OK && found > 1)
        status = assay_fail(err, ASSAY_NO, "%s: two runs there say that they are this one (%s)",
                            mlflow_shown(mlflow), marker);
    assay_buf_free(&body);
    assay_buf_free(&answer);
    return status;
}

enum assay_status mlflow_upload_create(struct mlflow *mlflow, const struct assay_run *run,
                                       const char *marker, struct mlflow_target *target,
                                       struct assay_error *err)
{
    struct assay_buf body = {0}, answer = {0};
    struct assay_error first = {0};
    struct json_text json;
    enum assay_status status;
    const char *key;

    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "experiment_id", target->experiment);
    if (*run->name)
        mlflow_json_member(&body, "run_name", run->name);
    if (*run->user)
        mlflow_json_member(&body, "user_id", run->user);
    if (run->start_ms != ASSAY_NO_TIME)
        assay_buf_format(&body, ",\"start_time\":%" PRId64, run->start_ms);
    assay_buf_format(&body, ",\"tags\":[{\"key\":\"" MLFLOW_UPLOAD_TAG "\",\"value\":\"%s\"}]}",
                     marker);
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/create",
                                               .body = assay_buf_text(&body),
                                               .writes = true},
                         &answer, NULL, &first);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&answer), answer.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key))
            if (strcmp(key, "run") == 0)
                take_run(&json, target);
            else
                json_text_skip(&json);
        status = finish(mlflow, &json, err);
    } else if (mlflow_upload_find(mlflow, marker, target, NULL) == ASSAY_OK && target->found) {
        status = ASSAY_OK; /* it was made; only the answer was lost */
    } else if (err && err->status == ASSAY_OK) {
        *err = first;
    }
    if (status == ASSAY_OK && !target->found)
        status =
            assay_fail(err, ASSAY_CORRUPT, "%s: its answer names no run", mlflow_shown(mlflow));
    assay_buf_free(&body);
    assay_buf_free(&answer);
    return status;
}

/* ---- content ---- */

void mlflow_upload_point(struct assay_buf *body, const char *metric,
                         const struct assay_point *point)
{
    char number[32];

    assay_buf_text_add(body, body->length ? ",{\"key\":" : "{\"key\":");
    json_text_quote(body, metric);
    assay_number_exact(number, point->value);
    if (isfinite(point->value))
        assay_buf_format(body, ",\"value\":%s", number);
    else
        assay_buf_format(body, ",\"value\":\"%s\"", number);
    assay_buf_format(body, ",\"timestamp\":%" PRId64 ",\"step\":%" PRId64 "}", point->time_ms,
                     point->step);
}

enum assay_status mlflow_upload_batch(struct mlflow *mlflow, const char *run_id,
                                      const struct assay_buf *content, bool *lost,
                                      struct assay_error *err)
{
    struct mlflow_failure failure;
    struct assay_buf body = {0};
    enum assay_status status;

    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "run_id", run_id);
    assay_buf_char(&body, ',');
    assay_buf_add(&body, content->data, content->length);
    assay_buf_char(&body, '}');
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/log-batch",
                                               .body = assay_buf_text(&body),
                                               .writes = true},
                         NULL, &failure, err);
    /* 200 and then nothing, or half an answer: the server took it, or died over it. */
    *lost = status != ASSAY_OK && status != ASSAY_NO && status != ASSAY_CANCELLED &&
            (failure.http < 300 || failure.http == 429 || failure.http >= 500);
    assay_buf_free(&body);
    return status;
}

enum assay_status mlflow_upload_inputs(struct mlflow *mlflow, const char *run_id,
                                       const struct assay_attrs *attrs, uint64_t *sent,
                                       struct assay_error *err)
{
    struct assay_buf body = {0};
    struct mlflow_failure failure;
    struct assay_error first = {0};
    enum assay_status status;

    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "run_id", run_id);
    assay_buf_text_add(&body, ",\"datasets\":[");
    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *input = &attrs->inputs[i];

        if (strcmp(input->type, "dataset") != 0)
            continue;
        assay_buf_text_add(&body, *sent ? "," : "");
        assay_buf_text_add(&body, "{\"tags\":[");
        if (*input->context) {
            assay_buf_text_add(&body, "{\"key\":\"mlflow.data.context\",\"value\":");
            json_text_quote(&body, input->context);
            assay_buf_char(&body, '}');
        }
        assay_buf_text_add(&body, "],\"dataset\":{");
        mlflow_json_member(&body, "name", input->name);
        mlflow_json_member(&body, "digest", input->digest);
        mlflow_json_member(&body, "source_type",
                           *input->source_type ? input->source_type : "local");
        mlflow_json_member(&body, "source", input->source);
        if (*input->schema)
            mlflow_json_member(&body, "schema", input->schema);
        if (*input->profile)
            mlflow_json_member(&body, "profile", input->profile);
        assay_buf_text_add(&body, "}}");
        ++*sent;
    }
    assay_buf_text_add(&body, "]}");
    if (!*sent) {
        assay_buf_free(&body);
        return ASSAY_OK;
    }
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/log-inputs",
                                               .body = assay_buf_text(&body),
                                               .repeatable = true,
                                               .writes = true},
                         NULL, &failure, &first);
    assay_buf_free(&body);
    if (status != ASSAY_OK && failure.http == 404 && !failure.code[0]) {
        *sent = 0; /* a server that knows no inputs */
        return ASSAY_OK;
    }
    if (status != ASSAY_OK && err && err->status == ASSAY_OK)
        *err = first;
    return status;
}

/* Where a file is put: the server's proxy, or an address that it signed. */
struct upload_way {
    struct assay_buf proxied; /* empty: signed */
    struct mlflow_signed signed_;
};

/* Neither goes over TLS to the server and then without it to where the server says. */
static bool is_as_safe(struct mlflow *mlflow, const char *url)
{
    return strncasecmp(mlflow_shown(mlflow), "https:", 6) != 0 ||
           strncasecmp(url, "https:", 6) == 0;
}

static enum assay_status find_way(struct mlflow *mlflow, const struct mlflow_target *target,
                                  const char *path, struct upload_way *way,
                                  struct assay_error *err)
{
    const char *uri = target->artifact_uri ? target->artifact_uri : "";
    struct mlflow_failure failure;
    struct assay_error first = {0};
    enum assay_status status;

    if (mlflow_proxied_path(uri, path, &way->proxied))
        return ASSAY_OK;
    status =
        mlflow_ask_signed(mlflow, true, target->run_id, path, &way->signed_, &failure, &first);
    if (status == ASSAY_OK && !is_as_safe(mlflow, way->signed_.url)) {
        assay_fail(err, ASSAY_NO, "%s: it has files put where nothing is encrypted",
                   mlflow_shown(mlflow));
        assay_hint(err, "--no-artifacts uploads everything else");
        return ASSAY_NO;
    }
    if (status == ASSAY_OK)
        return ASSAY_OK;
    if (failure.http == 404 || failure.http == 405 || failure.http == 501 ||
        failure.http == 400) { /* too old for that, or its store has no such addresses */
        assay_fail(err, ASSAY_NO, "%s: artifacts of its runs lie at %s, not behind the server",
                   mlflow_shown(mlflow), uri);
        assay_hint(err, "--no-artifacts uploads everything else");
        return ASSAY_NO;
    }
    if (err && err->status == ASSAY_OK)
        *err = first;
    return status;
}

/* A path that is not allowed, or more bytes than something on the way lets through; who asks is
   not what is at fault. */
static bool is_about_the_file(int http)
{
    return http == 400 || http == 409 || http == 413 || http == 414 || http == 422;
}

/* The header's lines that an address wants, and a type where it wants none: curl would make one
   up for an empty file, which was not signed. */
static enum assay_status put_file(struct mlflow *mlflow, const struct upload_way *way, int fd,
                                  uint64_t length, bool *refused, struct assay_error *err)
{
    const struct mlflow_signed *to = &way->signed_;
    const char *lines[MLFLOW_SIGNED_LINES + 2] = {"Content-Type:"};
    struct net_answer *answer;
    enum assay_status status;
    size_t count = 1;

    for (size_t i = 0; i < to->count; i++)
        if (strncasecmp(to->lines[i], "Content-Type:", 13) == 0)
            lines[0] = to->lines[i];
        else
            lines[count++] = to->lines[i];
    answer = net_perform(mlflow->net,
                         &(struct net_request){
                             .server = mlflow->server,
                             .method = NET_PUT,
                             .path = to->url ? to->url : assay_buf_text(&way->proxied),
                             .header = to->url ? lines : NULL,
                             .type = to->url ? NULL : "application/octet-stream",
                             .body = length ? NULL : "",
                             .length = (size_t)length,
                             .upload_fd = fd,
                             .repeatable = true, /* the same bytes to the same place */
                             .seconds = UINT32_MAX,
                         },
                         NULL, NULL);
    if (!to->url) /* what a store answers says nothing of the server */
        mlflow_note(mlflow, answer);
    status = mlflow_answer_error(mlflow, answer, NULL, err);
    *refused = status != ASSAY_OK && is_about_the_file(answer->http);
    net_answer_free(&answer);
    return status;
}

enum assay_status mlflow_upload_file(struct mlflow *mlflow, const struct mlflow_target *target,
                                     const char *path, int fd, uint64_t length, bool *refused,
                                     struct assay_error *err)
{
    struct upload_way way = {0};
    enum assay_status status;

    *refused = false;
    if (mlflow_read_only(mlflow))
        return assay_fail(err, ASSAY_NO, "%s: writing is switched off for this server",
                          mlflow_shown(mlflow));
    status = find_way(mlflow, target, path, &way, err);
    if (status == ASSAY_OK)
        status = put_file(mlflow, &way, fd, length, refused, err);
    assay_buf_free(&way.proxied);
    mlflow_signed_free(&way.signed_);
    return status;
}

enum assay_status mlflow_upload_finish(struct mlflow *mlflow, const struct assay_run *run,
                                       const struct mlflow_target *target, bool partial,
                                       struct assay_error *err)
{
    enum assay_run_status as =
        run->status == ASSAY_RUN_UNKNOWN ? ASSAY_RUN_FINISHED : run->status;
    struct assay_buf body = {0};
    enum assay_status status;

    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "run_id", target->run_id);
    mlflow_json_member(&body, "status", assay_run_status_name(as));
    if (run->end_ms != ASSAY_NO_TIME)
        assay_buf_format(&body, ",\"end_time\":%" PRId64, run->end_ms);
    assay_buf_char(&body, '}');
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/update",
                                               .body = assay_buf_text(&body),
                                               .repeatable = true,
                                               .writes = true},
                         NULL, NULL, err);
    assay_buf_free(&body);
    if (status != ASSAY_OK)
        return status;
    return mlflow_change_write(
        mlflow,
        &(struct assay_change){.kind = ASSAY_CHANGE_RUN_TAG,
                               .run_id = target->run_id,
                               .key = MLFLOW_UPLOAD_STATE,
                               .value = partial ? "partial" : "complete"},
        err);
}

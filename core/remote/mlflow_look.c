/*
 * What an MLflow server says of itself and of us: for `assay doctor`. Called through the
 * session.
 */
#include "remote/mlflow_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "remote/url.h"

#define GRANTS_NAMED 4u /* the rest is counted */

enum question { VERSION, INFO, WHO, GRANTS, READ, PROXY, QUESTIONS };

static void ask(struct mlflow *mlflow, struct net_answer *answers[QUESTIONS])
{
    static const struct net_request questions[QUESTIONS] = {
        [VERSION] = {.path = "/version"},
        [INFO] = {.path = "/api/3.0/mlflow/server-info"},
        [WHO] = {.path = "/api/2.0/mlflow/users/current"},
        [GRANTS] = {.path = "/api/3.0/mlflow/users/current/permissions"},
        [READ] = {.method = NET_POST,
                  .path = MLFLOW_API "/experiments/search",
                  .type = "application/json",
                  .body = "{\"max_results\":1}",
                  .length = 17,
                  .repeatable = true},
        [PROXY] = {.path = "/api/2.0/mlflow-artifacts/artifacts?path="},
    };
    struct net_batch *batch = net_batch_new(mlflow->net);
    struct net_answer *answer;

    for (size_t i = 0; i < QUESTIONS; i++) {
        struct net_request request = questions[i];

        request.server = mlflow->server;
        request.seconds = 20;
        request.tag = &answers[i];
        net_batch_add(batch, &request);
    }
    while ((answer = net_batch_next(batch, -1)))
        *(struct net_answer **)answer->tag = answer;
    net_batch_free(&batch);
}

/* The text behind KEY in an object, wherever it is nested one level down. */
static bool find_text(const struct net_answer *answer, const char *wanted, char *out,
                      size_t capacity)
{
    struct json_text json;
    const char *key;
    bool found = false;

    json_text_init(&json, assay_buf_text(&answer->body), answer->body.length);
    json_text_enter(&json, '{');
    while (json.depth && !json.fault) {
        if (!json_text_member(&json, &key))
            continue;
        if (strcmp(key, wanted) == 0 && json_text_peek(&json) == '"') {
            assay_text_clean_to(out, capacity, json_text_string(&json, ""));
            found = true;
        } else if (json_text_peek(&json) == '{' && json.depth < 2) {
            json_text_enter(&json, '{');
        } else {
            json_text_skip(&json);
        }
    }
    json_text_free(&json);
    return found;
}

static bool find_true(const struct net_answer *answer, const char *wanted)
{
    struct assay_buf needle = {0};
    const char *at;
    bool is;

    assay_buf_format(&needle, "\"%s\"", wanted);
    at = answer->body.length
             ? memmem(answer->body.data, answer->body.length, needle.data, needle.length)
             : NULL;
    if (at)
        at += needle.length;
    while (at && (*at == ' ' || *at == ':'))
        at++;
    is = at && strncmp(at, "true", 4) == 0;
    assay_buf_free(&needle);
    return is;
}

static void note_version(const struct net_answer *answer, struct assay_server_look *out)
{
    const char *text = assay_buf_text(&answer->body);
    size_t length = strcspn(text, "\r\n");

    if (answer->status != ASSAY_OK || length == 0 || length >= sizeof out->version ||
        strspn(text, "0123456789.abcdevrtpos+-") < length)
        return;
    memcpy(out->version, text, length);
    out->version[length] = '\0';
}

/* Of a row of MLflow 2: on which experiment or model. */
static bool read_named_grant(struct json_text *json, const char *key, char type[32],
                             char *pattern, size_t capacity)
{
    bool experiment = strcmp(key, "experiment_id") == 0;

    if (!experiment && strcmp(key, "name") != 0)
        return false;
    snprintf(type, 32, "%s", experiment ? "experiment" : "registered_model");
    assay_text_clean_to(pattern, capacity, json_text_string(json, ""));
    return true;
}

/* One of the rows of "permissions", or of a user's in MLflow 2: what is granted on what. */
static void read_grant(struct json_text *json, struct assay_buf *out, size_t number)
{
    char permission[32] = "", type[32] = "", pattern[64] = "";
    const char *key;

    while (json_text_member(json, &key)) {
        if (strcmp(key, "permission") == 0)
            assay_text_clean_to(permission, sizeof permission, json_text_string(json, ""));
        else if (strcmp(key, "resource_type") == 0)
            assay_text_clean_to(type, sizeof type, json_text_string(json, ""));
        else if (strcmp(key, "resource_pattern") == 0)
            assay_text_clean_to(pattern, sizeof pattern, json_text_string(json, ""));
        else if (read_named_grant(json, key, type, pattern, sizeof pattern))
            continue;
        else
            json_text_skip(json);
    }
    if (number < GRANTS_NAMED)
        assay_buf_format(out, "%s%.12s on %.20s %.24s", number ? ", " : "", permission, type,
                         pattern);
}

static bool is_grants(const char *key)
{
    return strcmp(key, "permissions") == 0 || strcmp(key, "experiment_permissions") == 0 ||
           strcmp(key, "registered_model_permissions") == 0;
}

static void note_grants(const struct net_answer *answer, struct assay_server_look *out)
{
    struct assay_buf text = {0};
    struct json_text json;
    const char *key;
    size_t count = 0;

    if (answer->status != ASSAY_OK)
        return;
    json_text_init(&json, assay_buf_text(&answer->body), answer->body.length);
    if (json_text_enter(&json, '{'))
        while (json.depth && !json.fault) {
            if (!json_text_member(&json, &key))
                continue;
            if (strcmp(key, "user") == 0) { /* its members come next */
                json_text_enter(&json, '{');
                continue;
            }
            if (!is_grants(key)) {
                json_text_skip(&json);
                continue;
            }
            if (!json_text_enter(&json, '['))
                continue;
            out->grants_known = true;
            while (json_text_element(&json))
                if (json_text_enter(&json, '{'))
                    read_grant(&json, &text, count++);
        }
    out->grants_known = out->grants_known && !json.fault;
    if (count > GRANTS_NAMED)
        assay_buf_format(&text, " and %zu more", count - GRANTS_NAMED);
    if (out->grants_known)
        snprintf(out->grants, sizeof out->grants, "%s", assay_buf_text(&text));
    json_text_free(&json);
    assay_buf_free(&text);
}

static void note_user(const struct net_answer *answer, struct assay_server_look *out)
{
    if (answer->status == ASSAY_OK &&
        find_text(answer, "username", out->user, sizeof out->user))
        out->may_admin = find_true(answer, "is_admin");
}

/* MLflow 2 knows no "current": a user may ask for themselves by name. */
static void ask_by_name(struct mlflow *mlflow, struct assay_server_look *out)
{
    struct assay_buf path = {0};
    struct net_request request = {.server = mlflow->server, .seconds = 20};
    struct net_answer *answer;

    assay_buf_text_add(&path, "/api/2.0/mlflow/users/get");
    url_query(&path, "username", mlflow->user);
    request.path = assay_buf_text(&path);
    answer = net_perform(mlflow->net, &request, NULL, NULL);
    note_user(answer, out);
    note_grants(answer, out);
    net_answer_free(&answer);
    assay_buf_free(&path);
}

/* How long the shortest question takes on a connection that is open. */
static int64_t round_trip(struct mlflow *mlflow)
{
    struct net_request request = {.server = mlflow->server, .path = "/health", .seconds = 20};
    int64_t before = assay_monotonic_us();
    struct net_answer *answer = net_perform(mlflow->net, &request, NULL, NULL);
    int64_t took = answer->http ? assay_monotonic_us() - before : 0;

    net_answer_free(&answer);
    return took;
}

void mlflow_look(struct mlflow *mlflow, struct assay_server_look *out)
{
    struct net_answer *answers[QUESTIONS] = {0};

    *out = (struct assay_server_look){.may_read = -1, .may_admin = -1, .proxied_artifacts = -1};
    snprintf(out->from, sizeof out->from, "%s", mlflow->from);
    out->unverified = mlflow_unverified(mlflow);
    out->read_only = mlflow->read_only;
    out->status = mlflow_greet(mlflow, NULL, NULL, &out->error);
    if (out->status != ASSAY_OK)
        return;
    ask(mlflow, answers);
    mlflow_note(mlflow, answers[READ]);
    out->status = mlflow_answer_error(mlflow, answers[READ], NULL, &out->error);
    out->may_read = answers[READ]->http == 200                                 ? 1
                    : answers[READ]->http == 401 || answers[READ]->http == 403 ? 0
                                                                               : -1;
    note_version(answers[VERSION], out);
    if (answers[INFO]->status == ASSAY_OK) {
        find_text(answers[INFO], "store_type", out->store, sizeof out->store);
        out->workspaces = find_true(answers[INFO], "workspaces_enabled");
    }
    note_user(answers[WHO], out);
    note_grants(answers[GRANTS], out);
    if (answers[WHO]->http == 404 && mlflow->user)
        ask_by_name(mlflow, out);
    out->proxied_artifacts = answers[PROXY]->http == 200   ? 1
                             : answers[PROXY]->http == 503 ? 0
                                                           : -1;
    for (size_t i = 0; i < QUESTIONS; i++)
        net_answer_free(&answers[i]);
    if (out->status == ASSAY_OK)
        out->round_trip_us = round_trip(mlflow);
}

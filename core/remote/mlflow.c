/*
 * The MLflow client: opening, the one call that reading and writing are made of, and errors in
 * the server's own words. The protocol is MLflow's REST API
 * (https://mlflow.org/docs/latest/api_reference/rest-api.html).
 */
#include "remote/mlflow_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote/url.h"

#define WORDS_MAX 300u /* bytes of a server's message that are told */

const struct source_ops mlflow_source = {
    .kind = "mlflow",
    .title = "MLflow server",
    .scan = mlflow_scan,
    .read_series = mlflow_read_series,
    .artifacts = mlflow_artifacts,
    .last_rule = ASSAY_LAST_VALUE,
};

static bool is_stopped(const void *net)
{
    return net_stopped(net);
}

enum assay_status mlflow_open(struct mlflow **out, struct net *net,
                              const struct server_settings *settings, struct assay_error *err)
{
    struct credentials credentials = {0};
    struct mlflow *mlflow;
    enum assay_status status;

    *out = NULL;
    status = credentials_find(settings, is_stopped, net, &credentials, err);
    if (status != ASSAY_OK)
        return status;
    mlflow = assay_alloc(sizeof *mlflow);
    status = net_server_new(&mlflow->server, settings->url, &credentials, err);
    snprintf(mlflow->from, sizeof mlflow->from, "%s", credentials.from);
    mlflow->user = credentials.token ? NULL : assay_strdup(credentials.user);
    credentials_free(&credentials);
    if (status != ASSAY_OK) {
        free(mlflow->user);
        free(mlflow);
        return status;
    }
    mlflow->net = net;
    mlflow->read_only = server_settings_read_only(settings);
    mlflow->settings = SERVER_SETTINGS_INIT;
    mlflow->settings.workspace = assay_strdup(settings->workspace);
    mlflow->whole = true;
    atomic_init(&mlflow->page, 25000);
    mlflow->newest_start_ms = mlflow->newest_end_ms = ASSAY_NO_TIME;
    pthread_mutex_init(&mlflow->lock, NULL);
    *out = mlflow;
    return ASSAY_OK;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void mlflow_close(struct mlflow **mlflow_ptr)
{
    struct mlflow *mlflow = *mlflow_ptr;

    if (!mlflow)
        return;
    net_server_free(&mlflow->server);
    server_settings_free(&mlflow->settings);
    free_texts(mlflow->visible, mlflow->visible_count);
    for (size_t i = 0; i < mlflow->experiment_count; i++)
        free(mlflow->experiments[i].id);
    free(mlflow->experiments);
    assay_map_free(&mlflow->by_run);
    assay_map_free(&mlflow->by_experiment);
    free(mlflow->runs);
    free(mlflow->user);
    free(mlflow->filter);
    pthread_mutex_destroy(&mlflow->lock);
    free(mlflow);
    *mlflow_ptr = NULL;
}

void mlflow_next_scan(struct mlflow *mlflow, bool whole, const char *const *visible,
                      size_t count)
{
    pthread_mutex_lock(&mlflow->lock);
    mlflow->whole = whole;
    free_texts(mlflow->visible, mlflow->visible_count);
    if (count > MLFLOW_VISIBLE_MAX)
        count = MLFLOW_VISIBLE_MAX;
    mlflow->visible = assay_alloc_array(count + 1, sizeof *mlflow->visible);
    for (mlflow->visible_count = 0; mlflow->visible_count < count; mlflow->visible_count++)
        mlflow->visible[mlflow->visible_count] = assay_strdup(visible[mlflow->visible_count]);
    pthread_mutex_unlock(&mlflow->lock);
}

static bool same_filter(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

void mlflow_ask(struct mlflow *mlflow, const char *filter, bool only)
{
    pthread_mutex_lock(&mlflow->lock);
    if (!same_filter(mlflow->filter, filter)) {
        free(mlflow->filter);
        mlflow->filter = filter ? assay_strdup(filter) : NULL;
        mlflow->filter_number++;
        mlflow->asked = filter && !mlflow->have_list ? MLFLOW_ASKED : MLFLOW_ASKED_NOT;
    }
    mlflow->only = only;
    pthread_mutex_unlock(&mlflow->lock);
}

enum mlflow_asked mlflow_asked(struct mlflow *mlflow)
{
    enum mlflow_asked asked;

    pthread_mutex_lock(&mlflow->lock);
    asked = mlflow->asked;
    pthread_mutex_unlock(&mlflow->lock);
    return asked;
}

bool mlflow_scanned_part(const struct mlflow *mlflow)
{
    return mlflow->part;
}

const char *mlflow_shown(const struct mlflow *mlflow)
{
    return net_server_shown(mlflow->server);
}

bool mlflow_read_only(const struct mlflow *mlflow)
{
    return mlflow->read_only;
}

bool mlflow_offline(const struct mlflow *mlflow)
{
    return atomic_load(&mlflow->offline);
}

bool mlflow_unverified(const struct mlflow *mlflow)
{
    return net_server_unverified(mlflow->server);
}

struct net *mlflow_net(const struct mlflow *mlflow)
{
    return mlflow->net;
}

struct net_server *mlflow_server(const struct mlflow *mlflow)
{
    return mlflow->server;
}

/* ---- errors ---- */

void mlflow_note(struct mlflow *mlflow, const struct net_answer *answer)
{
    if (answer->status == ASSAY_CANCELLED)
        return;
    atomic_store(&mlflow->offline, answer->unreachable);
    if (!answer->unreachable)
        atomic_store(&mlflow->mute, false);
}

/* Some servers add a whole SQL statement to what they say. */
static void add_beginning(struct assay_buf *out, const char *text)
{
    size_t length = strnlen(text, WORDS_MAX);

    while (text[length] && length && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    assay_buf_add(out, text, length);
}

/* The server's code and message, where its answer is one of MLflow's errors. */
static bool own_words(const struct net_answer *answer, struct mlflow_failure *failure,
                      struct assay_buf *message)
{
    struct json_text json;
    const char *key;

    if (!answer->body.length || answer->body.data[0] != '{')
        return false;
    json_text_init(&json, answer->body.data, answer->body.length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "error_code") == 0)
            snprintf(failure->code, sizeof failure->code, "%s", json_text_string(&json, ""));
        else if (strcmp(key, "message") == 0)
            add_beginning(message, json_text_string(&json, ""));
        else
            json_text_skip(&json);
    }
    json_text_free(&json);
    return failure->code[0] || message->length;
}

static void advise(const struct mlflow *mlflow, const struct net_answer *answer,
                   struct assay_error *err)
{
    const struct assay_buf *body = &answer->body;

    if (answer->http == 401)
        assay_hint(err,
                   "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
                   "MLFLOW_TRACKING_TOKEN, or name them in ~/.netrc or in the server's section "
                   "of the configuration file (used now: %s)",
                   mlflow->from);
    else if (answer->http == 407)
        assay_hint(err,
                   "the proxy wants to know who asks: `proxy = http://USER:PASSWORD@HOST:PORT` "
                   "in the server's section of the configuration file");
    else if (answer->http == 403 && body->length && memmem(body->data, body->length, "Host", 4))
        assay_hint(err, "the server must be started with --allowed-hosts that has this name; "
                        "through a tunnel, use localhost");
    else if ((answer->http == 400 || answer->http == 495 || answer->http == 496) &&
             body->length && memmem(body->data, body->length, "SSL certificate", 15))
        assay_hint(err, "it wants a client certificate: " NET_CLIENT_CERT_ADVICE);
    else if (answer->http == 400 && body->length &&
             memmem(body->data, body->length, "HTTPS port", 10))
        assay_hint(err, "the address begins with https://");
    else if (answer->http == 404 && !(body->length && body->data[0] == '{'))
        assay_hint(err, "is it an MLflow server? A prefix of its paths belongs into the URL");
}

enum assay_status mlflow_answer_error(const struct mlflow *mlflow,
                                      const struct net_answer *answer,
                                      struct mlflow_failure *failure, struct assay_error *err)
{
    struct mlflow_failure own = {0};
    struct assay_buf message = {0};
    enum assay_status status = answer->status;

    own.http = answer->http;
    if (answer->status == ASSAY_OK) {
        status = ASSAY_OK;
    } else if (answer->http && own_words(answer, &own, &message)) {
        const char *text = assay_buf_text(&message);

        status = assay_fail(err, ASSAY_IO, "%s: %s%s%.300s", mlflow_shown(mlflow), own.code,
                            own.code[0] && *text ? ": " : "", text);
    } else {
        status = assay_fail(err, answer->error.status, "%s", answer->error.what);
        if (answer->error.hint[0])
            assay_hint(err, "%s", answer->error.hint);
    }
    if (status != ASSAY_OK && err)
        advise(mlflow, answer, err);
    if (failure)
        *failure = own;
    assay_buf_free(&message);
    return status;
}

bool mlflow_unknown(const struct mlflow_failure *failure)
{
    return (failure->http == 404 && strcmp(failure->code, "RESOURCE_DOES_NOT_EXIST") != 0) ||
           failure->http == 405 || failure->http == 501;
}

/* ---- calls ---- */

/* A page for a browser where an answer of the API was due: a proxy that wants somebody to sign
   in, or another server altogether, says "all is well" with one. Files may be pages. */
static bool is_page(const struct mlflow_call *call, const struct net_answer *answer)
{
    return answer->status == ASSAY_OK && strncmp(call->path, "/api/", 5) == 0 &&
           strcmp(answer->type, "text/html") == 0;
}

enum assay_status mlflow_call(struct mlflow *mlflow, const struct mlflow_call *call,
                              struct assay_buf *out, struct mlflow_failure *failure,
                              struct assay_error *err)
{
    struct net_request request = {
        .server = mlflow->server,
        .method = call->method,
        .path = call->path,
        .type = call->body ? "application/json" : NULL,
        .body = call->body,
        .length = call->body ? strlen(call->body) : 0,
        .repeatable = call->repeatable,
        .limit = call->limit,
    };
    struct net_answer *answer;
    enum assay_status status;

    if (failure)
        *failure = (struct mlflow_failure){0};
    if (call->writes && mlflow->read_only) {
        assay_fail(err, ASSAY_NO, "%s: writing is switched off for this server",
                   mlflow_shown(mlflow));
        assay_hint(err, "read_only = no in its section of the configuration file allows it");
        return ASSAY_NO;
    }
    status = mlflow_greet(mlflow, call->cancelled, call->context, err);
    if (status != ASSAY_OK)
        return status;
    answer = call->writes ? net_perform(mlflow->net, &request, call->cancelled, call->context)
                          : mlflow_perform(mlflow, &request, call->cancelled, call->context);
    mlflow_note(mlflow, answer);
    status = mlflow_answer_error(mlflow, answer, failure, err);
    if (is_page(call, answer)) {
        status = assay_fail(err, ASSAY_IO, "%s: it answers with a page for a browser",
                            mlflow_shown(mlflow));
        assay_hint(err, "is it an MLflow server, or does something before it want to see who "
                        "asks? A prefix of its paths belongs into the URL");
    }
    if (status == ASSAY_OK && out)
        assay_buf_add(out, assay_buf_text(&answer->body), answer->body.length);
    net_answer_free(&answer);
    return status;
}

/* Whether the server says that it has workspaces; older ones do not know the question. */
static bool has_workspaces(const struct net_answer *answer)
{
    struct json_text json;
    const char *key;
    bool has = false;

    if (answer->status != ASSAY_OK)
        return false;
    json_text_init(&json, assay_buf_text(&answer->body), answer->body.length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key))
        if (strcmp(key, "workspaces_enabled") == 0)
            has = json_text_bool(&json, false);
        else
            json_text_skip(&json);
    json_text_free(&json);
    return has;
}

enum assay_status mlflow_greet(struct mlflow *mlflow, bool (*cancelled)(void *context),
                               void *context, struct assay_error *err)
{
    const char *workspace = mlflow->settings.workspace;
    struct net_request request = {.server = mlflow->server,
                                  .path = "/api/3.0/mlflow/server-info"};
    enum assay_status status = ASSAY_OK;
    struct net_answer *answer;
    struct assay_buf header = {0};

    if (atomic_load(&mlflow->mute))
        return mlflow_is_mute(mlflow, err);
    if (!workspace || !*workspace || atomic_load(&mlflow->greeted))
        return ASSAY_OK;
    if (strpbrk(workspace, "\r\n"))
        return assay_fail(err, ASSAY_BAD_INPUT, "a workspace's name has no line ends");
    answer = mlflow_perform(mlflow, &request, cancelled, context);
    mlflow_note(mlflow, answer);
    pthread_mutex_lock(&mlflow->lock);
    if (has_workspaces(answer)) {
        if (!atomic_load(&mlflow->greeted)) {
            assay_buf_format(&header, "X-MLFLOW-WORKSPACE: %s", workspace);
            net_server_header(mlflow->server, assay_buf_text(&header));
            atomic_store(&mlflow->greeted, true);
        }
    } else if (answer->http == 404 || answer->status == ASSAY_OK) {
        status = strcmp(workspace, "default") == 0
                     ? ASSAY_OK
                     : assay_fail(err, ASSAY_BAD_INPUT, "%s: it has no workspaces",
                                  mlflow_shown(mlflow));
    } else {
        status = mlflow_answer_error(mlflow, answer, NULL, err);
    }
    pthread_mutex_unlock(&mlflow->lock);
    net_answer_free(&answer);
    assay_buf_free(&header);
    return status;
}

/*
 * Logged models and traces, asked of an MLflow server: searches over groups of experiments, all
 * of them under way at once, page by page. Traces are asked for as MLflow 3 has them, and of a
 * server that does not know that question as MLflow 2 has.
 */
#include "remote/mlflow_logged.h"

#include <stdlib.h>
#include <string.h>

#include "remote/mlflow_private.h"
#include "remote/url.h"

#define MODELS_PAGE 100u
#define TRACES_PAGE 500u
#define GROUP       50u /* experiments named in one search */
#define ROWS_MAX    1000000u

/* The search over one group of experiments. */
struct search {
    const char *const *experiments;
    size_t count, found;
    char *token;
    bool old; /* it was sent as MLflow 2 has it */
};
struct hunt {
    struct mlflow *mlflow;
    const struct mlflow_logged_ask *ask;
    struct net_batch *batch;
    struct assay_logged *logged;
    struct assay_error *err;
    bool unfiltered; /* the server took the question amiss: everything is asked for */
};

/* ---- questions ---- */

/* Ids of runs are letters and digits. Of another kind of id everything is asked for. */
static bool is_plain_id(const char *id)
{
    size_t length = strlen(id);

    return length > 0 && length < 100 &&
           strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
               length;
}

/* "run_id = '...'": what the server is to select; false where that is everything. */
static bool filter_of(const struct hunt *hunt, struct assay_buf *filter)
{
    const char *id = hunt->ask->run_id;

    if (!id || hunt->unfiltered || !is_plain_id(id))
        return false;
    assay_buf_format(filter, "%s = '%s'", hunt->ask->traces ? "run_id" : "source_run_id", id);
    return true;
}

static void body_of(const struct hunt *hunt, const struct search *search,
                    struct assay_buf *body)
{
    const bool traces = hunt->ask->traces;
    struct assay_buf filter = {0};

    assay_buf_text_add(body, traces ? "{\"locations\":[" : "{\"experiment_ids\":[");
    for (size_t i = 0; i < search->count; i++) {
        assay_buf_text_add(body, i ? "," : "");
        assay_buf_text_add(body, traces ? "{\"type\":\"MLFLOW_EXPERIMENT\","
                                          "\"mlflow_experiment\":{\"experiment_id\":"
                                        : "");
        json_text_quote(body, search->experiments[i]);
        assay_buf_text_add(body, traces ? "}}" : "");
    }
    assay_buf_format(body, "],\"max_results\":%u", traces ? TRACES_PAGE : MODELS_PAGE);
    if (traces)
        assay_buf_text_add(body, ",\"order_by\":[\"timestamp_ms DESC\"]");
    if (filter_of(hunt, &filter)) {
        assay_buf_text_add(body, ",\"filter\":");
        json_text_quote(body, assay_buf_text(&filter));
    }
    assay_buf_free(&filter);
    if (search->token) {
        assay_buf_text_add(body, ",\"page_token\":");
        json_text_quote(body, search->token);
    }
    assay_buf_char(body, '}');
}

/* Traces as MLflow 2 is asked for them: SearchTraces of its service.proto. */
static void old_path(const struct hunt *hunt, const struct search *search,
                     struct assay_buf *path)
{
    struct assay_buf filter = {0};

    assay_buf_format(path, MLFLOW_API "/traces?max_results=%u", TRACES_PAGE);
    for (size_t i = 0; i < search->count; i++)
        url_query(path, "experiment_ids", search->experiments[i]);
    url_query(path, "order_by", "timestamp_ms DESC");
    if (filter_of(hunt, &filter))
        url_query(path, "filter", assay_buf_text(&filter));
    assay_buf_free(&filter);
    if (search->token)
        url_query(path, "page_token", search->token);
}

static void send_search(struct hunt *hunt, struct search *search)
{
    const bool traces = hunt->ask->traces;
    struct assay_buf path = {0}, body = {0};
    struct net_request request = {.server = hunt->mlflow->server, .tag = search};

    search->old = traces && atomic_load(&hunt->mlflow->old_traces);
    if (search->old) {
        old_path(hunt, search, &path);
    } else {
        assay_buf_text_add(&path, traces ? "/api/3.0/mlflow/traces/search"
                                         : MLFLOW_API "/logged-models/search");
        body_of(hunt, search, &body);
        request.method = NET_POST;
        request.type = "application/json";
        request.body = assay_buf_text(&body);
        request.length = body.length;
        request.repeatable = true;
    }
    request.path = assay_buf_text(&path);
    net_batch_add(hunt->batch, &request);
    assay_buf_free(&path);
    assay_buf_free(&body);
}

/* ---- answers ---- */

/* The server knows no such question. It may know the older one. */
static enum assay_status unknown(struct hunt *hunt, struct search *search)
{
    if (!hunt->ask->traces || search->old || search->token)
        return ASSAY_NO;
    atomic_store(&hunt->mlflow->old_traces, true);
    send_search(hunt, search);
    return ASSAY_OK;
}

static enum assay_status take(struct hunt *hunt, const struct net_answer *answer)
{
    struct search *search = answer->tag;
    const bool traces = hunt->ask->traces;
    size_t *found = traces ? &hunt->logged->trace_count : &hunt->logged->model_count;
    size_t before = *found;
    struct mlflow_failure failure;
    struct assay_error error = {0};
    enum assay_status status;

    mlflow_note(hunt->mlflow, answer);
    status = mlflow_answer_error(hunt->mlflow, answer, &failure, &error);
    if (mlflow_unknown(&failure))
        return unknown(hunt, search);
    if (answer->http == 400 && hunt->ask->run_id && !hunt->unfiltered && !search->token) {
        hunt->unfiltered = true; /* older ones know no such filter */
        send_search(hunt, search);
        return ASSAY_OK;
    }
    if (status != ASSAY_OK) {
        if (hunt->err)
            *hunt->err = error;
        return status;
    }
    free(search->token);
    search->token = NULL;
    status = mlflow_logged_read(mlflow_shown(hunt->mlflow), assay_buf_text(&answer->body),
                                answer->body.length, traces, hunt->logged, &search->token,
                                hunt->err);
    search->found += *found - before;
    if (status != ASSAY_OK || !search->token)
        return status;
    if (*found == before || *found > ROWS_MAX ||
        (hunt->ask->limit && search->found >= hunt->ask->limit))
        hunt->logged->cut = true; /* pages lead nowhere, or on behind what is wanted */
    else
        send_search(hunt, search);
    return ASSAY_OK;
}

static enum assay_status run(struct hunt *hunt, struct search *searches, size_t count)
{
    const struct mlflow_logged_ask *ask = hunt->ask;
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < count; i++)
        send_search(hunt, &searches[i]);
    while (status == ASSAY_OK && net_batch_left(hunt->batch)) {
        struct net_answer *answer = net_batch_next(hunt->batch, 200);

        if (answer)
            status = take(hunt, answer);
        net_answer_free(&answer);
        if (status == ASSAY_OK && ask->cancelled && ask->cancelled(ask->context))
            status = assay_fail(hunt->err, ASSAY_CANCELLED, "%s: cancelled",
                                mlflow_shown(hunt->mlflow));
    }
    return status;
}

static enum assay_status too_old(const struct hunt *hunt)
{
    assay_fail(hunt->err, ASSAY_NO, "%s: this server knows no %s", mlflow_shown(hunt->mlflow),
               hunt->ask->traces ? "traces" : "logged models");
    assay_hint(hunt->err, hunt->ask->traces ? "MLflow 2.14 and newer have them"
                                            : "MLflow 3 has them; assay models lists what is "
                                              "registered");
    return ASSAY_NO;
}

enum assay_status mlflow_logged_fetch(struct mlflow *mlflow,
                                      const struct mlflow_logged_ask *ask,
                                      struct assay_logged **out, struct assay_error *err)
{
    struct hunt hunt = {.mlflow = mlflow, .ask = ask, .err = err};
    size_t groups = (ask->count + GROUP - 1) / GROUP;
    struct search *searches = assay_alloc_array(groups + 1, sizeof *searches);
    enum assay_status status = mlflow_greet(mlflow, ask->cancelled, ask->context, err);

    hunt.logged = assay_alloc(sizeof *hunt.logged);
    for (size_t i = 0; i < groups; i++)
        searches[i] = (struct search){
            .experiments = ask->experiments + i * GROUP,
            .count = i + 1 < groups ? GROUP : ask->count - i * GROUP,
        };
    hunt.batch = net_batch_new(mlflow->net);
    if (status == ASSAY_OK)
        status = run(&hunt, searches, groups);
    net_batch_free(&hunt.batch);
    for (size_t i = 0; i < groups; i++)
        free(searches[i].token);
    free(searches);
    if (status == ASSAY_NO)
        status = too_old(&hunt);
    if (status == ASSAY_OK) {
        if (ask->run_id)
            mlflow_logged_of_run(hunt.logged, ask->run_id);
        mlflow_logged_order(hunt.logged, ask->limit);
    } else
        assay_logged_free(&hunt.logged);
    *out = hunt.logged;
    return status;
}

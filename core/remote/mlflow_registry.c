/*
 * The registry of an MLflow server: four searches (models, versions, and the same again for
 * prompts, which MLflow hides from the first two), all under way at once, page by page. The
 * answers are hostile: fields may miss, be of another kind, name models that were never listed.
 */
#include "remote/mlflow_registry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "remote/mlflow_private.h"
#include "remote/url.h"

#define MODELS_PAGE   1000u
#define VERSIONS_PAGE 10000u
#define PAGES_MAX     1000u
#define ANSWERS_MAX   (256u << 20)
#define PROMPTS       "tags.`mlflow.prompt.is_prompt` = 'true'"

/* ---- asking ---- */

struct part {
    enum mlflow_registry_part kind;
    bool prompts;
    char *token;
    unsigned pages;
};

void mlflow_registry_frame(struct assay_buf *out, enum mlflow_registry_part part,
                           const char *body, size_t length)
{
    uint64_t head[2] = {(uint64_t)part, length};

    assay_buf_add(out, head, sizeof head);
    assay_buf_add(out, body, length);
}

static void add_search(struct net_batch *batch, struct mlflow *mlflow, struct part *part)
{
    struct assay_buf path = {0};
    bool models = part->kind == MLFLOW_PART_MODELS;

    assay_buf_format(&path, MLFLOW_API "/%s/search?max_results=%u",
                     models ? "registered-models" : "model-versions",
                     models ? MODELS_PAGE : VERSIONS_PAGE);
    if (part->prompts)
        url_query(&path, "filter", PROMPTS);
    if (part->token)
        url_query(&path, "page_token", part->token);
    net_batch_add(batch, &(struct net_request){.server = mlflow->server,
                                               .path = assay_buf_text(&path),
                                               .tag = part});
    assay_buf_free(&path);
}

/* The token of the next page; NULL where this was the last. New. */
static char *next_token(const struct assay_buf *body)
{
    struct json_text json;
    const char *key;
    char *token = NULL;

    json_text_init(&json, assay_buf_text(body), body->length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") != 0) {
            json_text_skip(&json);
            continue;
        }
        free(token);
        token = assay_strdup(json_text_string(&json, ""));
    }
    json_text_free(&json);
    if (token && !*token) {
        free(token);
        token = NULL;
    }
    return token;
}

/* Whether this page brings another one: not where its token was seen before. */
static bool turn_page(struct part *part, const struct assay_buf *body)
{
    char *token = next_token(body);
    bool more = token && !(part->token && strcmp(token, part->token) == 0);

    free(part->token);
    part->token = token;
    return more && ++part->pages < PAGES_MAX;
}

static enum assay_status take(struct mlflow *mlflow, struct net_batch *batch,
                              const struct net_answer *answer, struct assay_buf *out,
                              struct assay_error *err)
{
    struct part *part = answer->tag;
    struct mlflow_failure failure;
    struct assay_error error = {0};
    enum assay_status status;

    mlflow_note(mlflow, answer);
    status = mlflow_answer_error(mlflow, answer, &failure, &error);
    if (status != ASSAY_OK && part->prompts && failure.http >= 400 && failure.http < 500)
        return ASSAY_OK; /* a server that knows no prompts has none */
    if (mlflow_unknown(&failure))
        return assay_fail(err, ASSAY_NO, "%s: this server has no model registry",
                          mlflow_shown(mlflow));
    if (status != ASSAY_OK) {
        if (err)
            *err = error;
        return status;
    }
    if (out->length + answer->body.length > ANSWERS_MAX)
        return assay_fail(err, ASSAY_CORRUPT, "%s: its registry is larger than %u MB",
                          mlflow_shown(mlflow), ANSWERS_MAX >> 20);
    mlflow_registry_frame(out, part->kind, assay_buf_text(&answer->body), answer->body.length);
    if (turn_page(part, &answer->body))
        add_search(batch, mlflow, part);
    return ASSAY_OK;
}

enum assay_status mlflow_registry_fetch(struct mlflow *mlflow, struct assay_buf *out,
                                        bool (*cancelled)(void *context), void *context,
                                        struct assay_error *err)
{
    struct part parts[] = {{.kind = MLFLOW_PART_MODELS},
                           {.kind = MLFLOW_PART_VERSIONS},
                           {.kind = MLFLOW_PART_MODELS, .prompts = true},
                           {.kind = MLFLOW_PART_VERSIONS, .prompts = true}};
    enum assay_status status = mlflow_greet(mlflow, cancelled, context, err);
    struct net_batch *batch;

    if (status != ASSAY_OK)
        return status;
    batch = net_batch_new(mlflow->net);
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++)
        add_search(batch, mlflow, &parts[i]);
    while (net_batch_left(batch) && status == ASSAY_OK) {
        struct net_answer *answer = net_batch_next(batch, 200);

        if (answer)
            status = take(mlflow, batch, answer, out, err);
        net_answer_free(&answer);
        if (cancelled && cancelled(context))
            status = assay_fail(err, ASSAY_CANCELLED, "%s: cancelled", mlflow_shown(mlflow));
    }
    net_batch_free(&batch);
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++)
        free(parts[i].token);
    return status;
}

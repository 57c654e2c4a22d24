/*
 * What runs leave behind besides metrics in MLflow 3: logged models, and traces as a list. Both
 * are searches over experiments, at most a few hundred rows a page. Called by
 * core/session/server_registry.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "remote/mlflow_private.h"
#include "remote/mlflow_registry.h"

#define MODELS_PAGE 100u
#define TRACES_PAGE 500u
#define GROUP       50u /* experiments named in one search */

/* ---- logged models ---- */

static void read_registrations(struct json_text *json, struct assay_arena *arena,
                               struct assay_logged_model *model)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        struct assay_model_alias one = {.alias = NULL, .version = ""};

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "name") == 0)
                one.alias = json_text_string_keep(json, arena, NULL);
            else if (strcmp(key, "version") == 0)
                one.version = json_text_string_keep(json, arena, "");
            else
                json_text_skip(json);
        }
        if (one.alias)
            *ASSAY_PUSH(arena, model->registrations, model->registration_count) = one;
    }
}

static void read_info(struct json_text *json, struct assay_arena *arena,
                      struct assay_logged_model *model)
{
    const struct {
        const char *key;
        const char **text;
    } texts[] = {{"model_id", &model->id},
                 {"name", &model->name},
                 {"experiment_id", &model->experiment_id},
                 {"source_run_id", &model->run_id},
                 {"model_type", &model->type},
                 {"status", &model->status},
                 {"artifact_uri", &model->artifact_uri},
                 {"creator_id", &model->user}};
    const char *key;
    bool taken;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        taken = false;
        for (size_t i = 0; i < ASSAY_COUNT(texts) && !taken; i++)
            if (strcmp(key, texts[i].key) == 0) {
                *texts[i].text = json_text_string_keep(json, arena, "");
                taken = true;
            }
        if (taken)
            continue;
        if (strcmp(key, "creation_timestamp_ms") == 0)
            model->created_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "last_updated_timestamp_ms") == 0)
            model->updated_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "tags") == 0)
            mlflow_take_pairs(json, arena, &model->tags, &model->tag_count);
        else if (strcmp(key, "registrations") == 0)
            read_registrations(json, arena, model);
        else
            json_text_skip(json);
    }
}

static void read_model(struct json_text *json, struct assay_logged *logged)
{
    struct assay_logged_model model = {.id = "",
                                       .name = "",
                                       .experiment_id = "",
                                       .run_id = "",
                                       .type = "",
                                       .status = "",
                                       .artifact_uri = "",
                                       .user = "",
                                       .created_ms = ASSAY_NO_TIME,
                                       .updated_ms = ASSAY_NO_TIME};
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "info") == 0) {
            read_info(json, &logged->arena, &model);
        } else if (strcmp(key, "data") == 0 && json_text_enter(json, '{')) {
            while (json_text_member(json, &key))
                if (strcmp(key, "params") == 0)
                    mlflow_take_pairs(json, &logged->arena, &model.params, &model.param_count);
                else
                    json_text_skip(json);
        } else if (!json->fault) {
            json_text_skip(json);
        }
    }
    if (json->fault || !*model.id)
        return;
    if (strncmp(model.status, "LOGGED_MODEL_", 13) == 0)
        model.status += 13;
    *ASSAY_PUSH(&logged->arena, logged->models, logged->model_count) = model;
}

/* ---- traces ---- */

/* "1.5s" */
static double seconds_of(const char *text)
{
    size_t length = strlen(text);
    double value;

    if (length && text[length - 1] == 's' && assay_number_parse(text, length - 1, &value))
        return value;
    return NAN;
}

/* What is wanted of an object of texts, by key. */
static void read_wanted(struct json_text *json, struct assay_arena *arena, const char *wanted,
                        const char **out)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key))
        if (strcmp(key, wanted) == 0)
            *out = json_text_string_keep(json, arena, "");
        else
            json_text_skip(json);
}

static void read_location(struct json_text *json, struct assay_arena *arena,
                          struct assay_trace *trace)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key))
        if (strcmp(key, "mlflow_experiment") == 0)
            read_wanted(json, arena, "experiment_id", &trace->experiment_id);
        else
            json_text_skip(json);
}

static void read_trace(struct json_text *json, struct assay_logged *logged)
{
    struct assay_arena *arena = &logged->arena;
    struct assay_trace trace = {.id = "",
                                .experiment_id = "",
                                .name = "",
                                .run_id = "",
                                .state = "",
                                .request = "",
                                .response = "",
                                .time_ms = ASSAY_NO_TIME,
                                .seconds = NAN};
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "trace_id") == 0)
            trace.id = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "state") == 0)
            trace.state = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "request_preview") == 0)
            trace.request = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "response_preview") == 0)
            trace.response = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "request_time") == 0)
            trace.time_ms = mlflow_time_ms(json_text_string(json, ""));
        else if (strcmp(key, "execution_duration") == 0)
            trace.seconds = seconds_of(json_text_string(json, ""));
        else if (strcmp(key, "trace_location") == 0)
            read_location(json, arena, &trace);
        else if (strcmp(key, "trace_metadata") == 0)
            read_wanted(json, arena, "mlflow.sourceRun", &trace.run_id);
        else if (strcmp(key, "tags") == 0)
            read_wanted(json, arena, "mlflow.traceName", &trace.name);
        else
            json_text_skip(json);
    }
    if (!json->fault && *trace.id)
        *ASSAY_PUSH(arena, logged->traces, logged->trace_count) = trace;
}

static int digits(const char *text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = 10 * value + (text[i] - '0');
    }
    return value;
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

    of_year += day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t mlflow_time_ms(const char *text)
{
    int year, month, day, hour, minute, second, ms = 0, scale = 100;

    if (strlen(text) < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T')
        return ASSAY_NO_TIME;
    year = digits(text, 4);
    month = digits(text + 5, 2);
    day = digits(text + 8, 2);
    hour = digits(text + 11, 2);
    minute = digits(text + 14, 2);
    second = digits(text + 17, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 || second < 0)
        return ASSAY_NO_TIME;
    text += 19;
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
            ms += scale * (*text - '0');
    if (*text != 'Z')
        return ASSAY_NO_TIME;
    return ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000 +
           (int64_t)second * 1000 + ms;
}

/* ---- searching ---- */

static void body_of(struct assay_buf *body, const char *const *experiments, size_t count,
                    bool traces, unsigned page, const char *token)
{
    assay_buf_text_add(body, traces ? "{\"locations\":[" : "{\"experiment_ids\":[");
    for (size_t i = 0; i < count; i++) {
        assay_buf_text_add(body, i ? "," : "");
        assay_buf_text_add(body, traces ? "{\"type\":\"MLFLOW_EXPERIMENT\","
                                          "\"mlflow_experiment\":{\"experiment_id\":"
                                        : "");
        json_text_quote(body, experiments[i]);
        assay_buf_text_add(body, traces ? "}}" : "");
    }
    assay_buf_format(body, "],\"max_results\":%u", page);
    if (traces)
        assay_buf_text_add(body, ",\"order_by\":[\"timestamp_ms DESC\"]");
    if (token && *token) {
        assay_buf_text_add(body, ",\"page_token\":");
        json_text_quote(body, token);
    }
    assay_buf_char(body, '}');
}

static enum assay_status read_page(struct mlflow *mlflow, const struct assay_buf *answer,
                                   bool traces, struct assay_logged *logged, char **token,
                                   struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    struct json_text json;
    const char *key;

    free(*token);
    *token = NULL;
    json_text_init(&json, assay_buf_text(answer), answer->length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") == 0 && !*token) {
            *token = assay_strdup(json_text_string(&json, ""));
        } else if (strcmp(key, traces ? "traces" : "models") == 0) {
            if (!json_text_enter(&json, '['))
                continue;
            while (json_text_element(&json)) {
                if (traces)
                    read_trace(&json, logged);
                else
                    read_model(&json, logged);
            }
        } else {
            json_text_skip(&json);
        }
    }
    if (json.fault)
        status = assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                            mlflow_shown(mlflow), json_text_offset(&json), json.fault);
    json_text_free(&json);
    return status;
}

/* Every page of one group of experiments, until LIMIT. */
static enum assay_status search(struct mlflow *mlflow, const char *const *experiments,
                                size_t count, bool traces, size_t limit,
                                struct assay_logged *logged, struct assay_error *err)
{
    size_t *found = traces ? &logged->trace_count : &logged->model_count;
    unsigned page = traces ? TRACES_PAGE : MODELS_PAGE;
    struct mlflow_failure failure;
    struct assay_buf body = {0}, answer = {0};
    enum assay_status status;
    char *token = NULL;
    size_t before;

    do {
        struct mlflow_call call = {
            .method = NET_POST,
            .repeatable = true,
            .path =
                traces ? "/api/3.0/mlflow/traces/search" : MLFLOW_API "/logged-models/search",
        };

        before = *found;
        assay_buf_reset(&body);
        assay_buf_reset(&answer);
        body_of(&body, experiments, count, traces, page, token);
        call.body = assay_buf_text(&body);
        status = mlflow_call(mlflow, &call, &answer, &failure, err);
        if (failure.http == 404)
            status = ASSAY_NO;
        if (status == ASSAY_OK)
            status = read_page(mlflow, &answer, traces, logged, &token, err);
    } while (status == ASSAY_OK && token && *token && *found > before && *found < limit);
    if (*found > limit || (token && *token)) {
        logged->cut = true;
        *found = *found > limit ? limit : *found;
    }
    free(token);
    assay_buf_free(&body);
    assay_buf_free(&answer);
    return status;
}

enum assay_status mlflow_logged_fetch(struct mlflow *mlflow, const char *const *experiments,
                                      size_t count, bool traces, size_t limit,
                                      struct assay_logged **out, struct assay_error *err)
{
    struct assay_logged *logged = assay_alloc(sizeof *logged);
    enum assay_status status = ASSAY_OK;

    for (size_t from = 0; from < count && status == ASSAY_OK; from += GROUP)
        status = search(mlflow, experiments + from, count - from < GROUP ? count - from : GROUP,
                        traces, limit, logged, err);
    if (status != ASSAY_OK)
        assay_logged_free(&logged);
    *out = logged;
    return status;
}

void assay_logged_free(struct assay_logged **logged)
{
    if (!*logged)
        return;
    assay_arena_free(&(*logged)->arena);
    free(*logged);
    *logged = NULL;
}

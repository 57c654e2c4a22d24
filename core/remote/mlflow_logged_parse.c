/*
 * Logged models and traces as JSON: what a server says of them, of MLflow 3 or, traces, of 2;
 * and the text that the cache keeps, which is written here and read by the same hand. All that
 * comes is hostile.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "remote/mlflow_logged.h"
#include "remote/mlflow_private.h"

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
                else if (strcmp(key, "metrics") == 0)
                    mlflow_take_metrics(json, &logged->arena, &model.metrics,
                                        &model.metric_count, NULL);
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

/* Texts that are wanted of an object, or, as MLflow 2 has it, of a list of keys and values. */
struct wanted {
    const char *key;
    const char **text;
};

/* Where the value of KEY belongs; NULL: it is not wanted. */
static const char **place_of(const struct wanted *wanted, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(key, wanted[i].key) == 0)
            return wanted[i].text;
    return NULL;
}

static void read_wanted(struct json_text *json, struct assay_arena *arena,
                        const struct wanted *wanted, size_t count)
{
    struct assay_pair *pairs = NULL;
    size_t pair_count = 0;
    const char *key, **place;

    if (json_text_peek(json) == '[') {
        mlflow_take_pairs(json, arena, &pairs, &pair_count);
        for (size_t i = 0; i < pair_count; i++)
            if ((place = place_of(wanted, count, pairs[i].key)))
                *place = pairs[i].value;
        return;
    }
    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key))
        if ((place = place_of(wanted, count, key)))
            *place = json_text_string_keep(json, arena, "");
        else
            json_text_skip(json);
}

static void read_location(struct json_text *json, struct assay_arena *arena,
                          struct assay_trace *trace)
{
    const struct wanted wanted[] = {{"experiment_id", &trace->experiment_id}};
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key))
        if (strcmp(key, "mlflow_experiment") == 0)
            read_wanted(json, arena, wanted, 1);
        else
            json_text_skip(json);
}

/* A text of the trace itself; false where KEY is none of those. */
static bool read_trace_text(struct json_text *json, struct assay_arena *arena, const char *key,
                            struct assay_trace *trace)
{
    const struct wanted texts[] = {
        {"trace_id", &trace->id},
        {"request_id", &trace->id}, /* MLflow 2's word for it */
        {"experiment_id", &trace->experiment_id},
        {"state", &trace->state},
        {"status", &trace->state},
        {"request_preview", &trace->request},
        {"response_preview", &trace->response},
    };

    const char **place = place_of(texts, ASSAY_COUNT(texts), key);

    if (place)
        *place = json_text_string_keep(json, arena, "");
    return place != NULL;
}

static void read_trace_member(struct json_text *json, struct assay_arena *arena,
                              const char *key, struct assay_trace *trace,
                              struct assay_trace *beside)
{
    const struct wanted metadata[] = {{"mlflow.sourceRun", &trace->run_id},
                                      {"mlflow.traceInputs", &beside->request},
                                      {"mlflow.traceOutputs", &beside->response}};
    const struct wanted name[] = {{"mlflow.traceName", &trace->name}};

    if (read_trace_text(json, arena, key, trace))
        return;
    if (strcmp(key, "request_time") == 0) {
        trace->time_ms = mlflow_time_ms(json_text_string(json, ""));
    } else if (strcmp(key, "timestamp_ms") == 0) {
        trace->time_ms = json_text_integer(json, ASSAY_NO_TIME);
    } else if (strcmp(key, "execution_duration") == 0) {
        trace->seconds = seconds_of(json_text_string(json, ""));
    } else if (strcmp(key, "execution_time_ms") == 0) {
        trace->seconds = json_text_double(json, NAN) / 1000;
    } else if (strcmp(key, "trace_location") == 0) {
        read_location(json, arena, trace);
    } else if (strcmp(key, "trace_metadata") == 0 || strcmp(key, "request_metadata") == 0) {
        read_wanted(json, arena, metadata, ASSAY_COUNT(metadata));
    } else if (strcmp(key, "tags") == 0) {
        read_wanted(json, arena, name, 1);
    } else {
        json_text_skip(json);
    }
}

static void read_trace(struct json_text *json, struct assay_logged *logged)
{
    struct assay_trace trace = {.id = "",
                                .experiment_id = "",
                                .name = "",
                                .run_id = "",
                                .state = "",
                                .request = "",
                                .response = "",
                                .time_ms = ASSAY_NO_TIME,
                                .seconds = NAN};
    struct assay_trace beside = {.request = "", .response = ""};
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key))
        read_trace_member(json, &logged->arena, key, &trace, &beside);
    if (strcmp(trace.state, "IN_PROGRESS") == 0)
        trace.seconds = NAN; /* MLflow 2 says 0 meanwhile */
    if (!*trace.request)     /* MLflow 2 has its previews among the metadata */
        trace.request = beside.request;
    if (!*trace.response)
        trace.response = beside.response;
    if (!json->fault && *trace.id)
        *ASSAY_PUSH(&logged->arena, logged->traces, logged->trace_count) = trace;
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

/* ---- a page, or what the cache keeps ---- */

enum assay_status mlflow_logged_read(const char *where, const void *bytes, size_t length,
                                     bool traces, struct assay_logged *logged, char **token,
                                     struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    char *next = NULL;
    struct json_text json;
    const char *key;

    json_text_init(&json, bytes, length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") == 0 && !next) {
            next = assay_strdup(json_text_string(&json, ""));
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
                            where, json_text_offset(&json), json.fault);
    json_text_free(&json);
    if (token && next && *next) {
        *token = next;
        return status;
    }
    if (token)
        *token = NULL;
    free(next);
    return status;
}

static void write_text(struct assay_buf *out, const char *key, const char *text)
{
    assay_buf_format(out, "\"%s\":", key);
    json_text_quote(out, text);
    assay_buf_char(out, ',');
}

static void write_pairs(struct assay_buf *out, const char *key, const struct assay_pair *pairs,
                        size_t count)
{
    assay_buf_format(out, "\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        assay_buf_text_add(out, i ? ",{\"key\":" : "{\"key\":");
        json_text_quote(out, pairs[i].key);
        assay_buf_text_add(out, ",\"value\":");
        json_text_quote(out, pairs[i].value);
        assay_buf_char(out, '}');
    }
    assay_buf_char(out, ']');
}

static void write_time(struct assay_buf *out, const char *key, int64_t ms)
{
    if (ms != ASSAY_NO_TIME)
        assay_buf_format(out, "\"%s\":%" PRId64 ",", key, ms);
}

static void write_metrics(struct assay_buf *out, const struct assay_metric *metrics,
                          size_t count)
{
    assay_buf_text_add(out, ",\"metrics\":[");
    for (size_t i = 0; i < count; i++) {
        const struct assay_summary *summary = &metrics[i].summary;
        char number[32];

        assay_buf_text_add(out, i ? ",{" : "{");
        write_text(out, "key", metrics[i].key);
        assay_buf_format(
            out, "\"value\":\"%s\",\"timestamp\":%" PRId64 ",\"step\":%" PRId64 "}",
            assay_number_exact(number, summary->last), summary->time_ms, summary->step);
    }
    assay_buf_char(out, ']');
}

static void write_model(struct assay_buf *out, const struct assay_logged_model *model)
{
    assay_buf_text_add(out, "{\"info\":{");
    write_text(out, "model_id", model->id);
    write_text(out, "name", model->name);
    write_text(out, "experiment_id", model->experiment_id);
    write_text(out, "source_run_id", model->run_id);
    write_text(out, "model_type", model->type);
    write_text(out, "status", model->status);
    write_text(out, "artifact_uri", model->artifact_uri);
    write_text(out, "creator_id", model->user);
    write_time(out, "creation_timestamp_ms", model->created_ms);
    write_time(out, "last_updated_timestamp_ms", model->updated_ms);
    write_pairs(out, "tags", model->tags, model->tag_count);
    assay_buf_text_add(out, ",\"registrations\":[");
    for (size_t i = 0; i < model->registration_count; i++) {
        assay_buf_text_add(out, i ? ",{" : "{");
        write_text(out, "name", model->registrations[i].alias);
        assay_buf_text_add(out, "\"version\":");
        json_text_quote(out, model->registrations[i].version);
        assay_buf_char(out, '}');
    }
    assay_buf_text_add(out, "]},\"data\":{");
    write_pairs(out, "params", model->params, model->param_count);
    write_metrics(out, model->metrics, model->metric_count);
    assay_buf_text_add(out, "}}");
}

static void write_trace(struct assay_buf *out, const struct assay_trace *trace)
{
    char number[32];

    assay_buf_char(out, '{');
    write_text(out, "trace_id", trace->id);
    write_text(out, "experiment_id", trace->experiment_id);
    write_text(out, "state", trace->state);
    write_text(out, "request_preview", trace->request);
    write_text(out, "response_preview", trace->response);
    write_time(out, "timestamp_ms", trace->time_ms);
    if (!isnan(trace->seconds))
        assay_buf_format(out, "\"execution_duration\":\"%ss\",",
                         assay_number_exact(number, trace->seconds));
    assay_buf_text_add(out, "\"trace_metadata\":{\"mlflow.sourceRun\":");
    json_text_quote(out, trace->run_id);
    assay_buf_text_add(out, "},\"tags\":{\"mlflow.traceName\":");
    json_text_quote(out, trace->name);
    assay_buf_text_add(out, "}}");
}

void mlflow_logged_write(const struct assay_logged *logged, bool traces, const char *experiment,
                         struct assay_buf *out)
{
    size_t count = traces ? logged->trace_count : logged->model_count, written = 0;

    assay_buf_text_add(out, traces ? "{\"traces\":[" : "{\"models\":[");
    for (size_t i = 0; i < count; i++) {
        const char *of =
            traces ? logged->traces[i].experiment_id : logged->models[i].experiment_id;

        if (strcmp(of, experiment) != 0)
            continue;
        assay_buf_text_add(out, written++ ? "," : "");
        if (traces)
            write_trace(out, &logged->traces[i]);
        else
            write_model(out, &logged->models[i]);
    }
    assay_buf_text_add(out, "]}");
}

/* ---- which of them, and their order ---- */

void mlflow_logged_of_run(struct assay_logged *logged, const char *run_id)
{
    size_t models = 0, traces = 0;

    for (size_t i = 0; i < logged->model_count; i++)
        if (strcmp(logged->models[i].run_id, run_id) == 0)
            logged->models[models++] = logged->models[i];
    for (size_t i = 0; i < logged->trace_count; i++)
        if (strcmp(logged->traces[i].run_id, run_id) == 0)
            logged->traces[traces++] = logged->traces[i];
    logged->model_count = models;
    logged->trace_count = traces;
}

static int by_time(int64_t a, int64_t b, const char *a_id, const char *b_id)
{
    return a != b ? (a > b ? -1 : 1) : strcmp(a_id, b_id);
}

static int by_model_time(const void *a, const void *b)
{
    const struct assay_logged_model *x = a, *y = b;

    return by_time(x->created_ms, y->created_ms, x->id, y->id);
}

static int by_trace_time(const void *a, const void *b)
{
    const struct assay_trace *x = a, *y = b;

    return by_time(x->time_ms, y->time_ms, x->id, y->id);
}

void mlflow_logged_order(struct assay_logged *logged, size_t limit)
{
    if (logged->model_count)
        qsort(logged->models, logged->model_count, sizeof *logged->models, by_model_time);
    if (logged->trace_count)
        qsort(logged->traces, logged->trace_count, sizeof *logged->traces, by_trace_time);
    if (limit && (logged->model_count > limit || logged->trace_count > limit)) {
        logged->cut = true;
        logged->model_count = logged->model_count > limit ? limit : logged->model_count;
        logged->trace_count = logged->trace_count > limit ? limit : logged->trace_count;
    }
}

void assay_logged_free(struct assay_logged **logged)
{
    if (!*logged)
        return;
    assay_arena_free(&(*logged)->arena);
    free(*logged);
    *logged = NULL;
}

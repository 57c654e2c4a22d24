/*
 * MLflow's answers to searches, turned into experiments and runs. Called by mlflow_runs.c, and
 * by tests with recorded answers. An answer is hostile: fields may miss, be of another kind or
 * come twice.
 */
#include "remote/mlflow_private.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1 << 20) /* bytes of a name, a value, a schema */

static enum assay_status finish(struct json_text *json, const char *where,
                                struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    if (json->fault)
        status = assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                            where, json_text_offset(json), json->fault);
    json_text_free(json);
    return status;
}

/* An id is used in URLs, as a key and on screen: nothing but what MLflow makes. */
static bool is_id(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length > 200)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || *text == '/')
            return false;
    return true;
}

/* ---- items of another kind than they should be ---- */

/* Item number `listed` of LIST cannot be read: its PART ("": itself) is IS. */
static void note_odd(struct mlflow_page *page, const char *list, const char *part,
                     const char *is)
{
    if (!page->odd++)
        snprintf(page->why, sizeof page->why, "%s[%zu]%s is %s", list, page->listed, part, is);
}

/* Into the list that is the answer's reason to be. One that is none is a fault, but for null.
 */
static bool enter_list(struct json_text *json, const char *fault)
{
    char c = json_text_peek(json);

    if (c != '[' && c != 'n' && c)
        json->fault = fault;
    return json_text_enter(json, '[');
}

/* ---- experiments ---- */

static void read_experiment(struct json_text *json, struct mlflow_page *page,
                            struct mlflow_experiment *out)
{
    struct assay_arena *arena = &page->arena;
    const char *key, *kind = json_text_kind(json), *part = "";

    *out = (struct mlflow_experiment){
        .id = "", .name = "", .created_ms = ASSAY_NO_TIME, .updated_ms = ASSAY_NO_TIME};
    if (!json_text_enter(json, '{')) {
        note_odd(page, "experiments", part, kind);
        return;
    }
    part = ".experiment_id";
    kind = "missing";
    while (json_text_member(json, &key)) {
        if (strcmp(key, "experiment_id") == 0) {
            kind = json_text_kind(json);
            out->id = json_text_string_keep(json, arena, "");
        } else if (strcmp(key, "name") == 0)
            out->name = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "lifecycle_stage") == 0)
            out->deleted = strcmp(json_text_string(json, ""), "deleted") == 0;
        else if (strcmp(key, "creation_time") == 0)
            out->created_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "last_update_time") == 0)
            out->updated_ms = json_text_integer(json, ASSAY_NO_TIME);
        else
            json_text_skip(json);
    }
    if (!json->fault && !is_id(out->id))
        note_odd(page, "experiments", part, strcmp(kind, "a text") == 0 ? "no id" : kind);
}

enum assay_status
mlflow_parse_experiments(const char *where, const char *body, size_t length,
                         struct mlflow_page *page,
                         void (*fn)(void *context, const struct mlflow_experiment *experiment),
                         void *context, struct assay_error *err)
{
    struct mlflow_experiment experiment;
    struct json_text json;
    const char *key;

    page->next = NULL;
    json_text_init(&json, body, length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") == 0) {
            page->next = (char *)(uintptr_t)json_text_string_keep(&json, &page->arena, NULL);
        } else if (strcmp(key, "experiments") == 0) {
            if (!enter_list(&json, "its experiments are not a list"))
                continue;
            for (; json_text_element(&json); page->listed++) {
                read_experiment(&json, page, &experiment);
                if (json.fault || !is_id(experiment.id))
                    continue;
                page->count++;
                fn(context, &experiment);
            }
        } else {
            json_text_skip(&json);
        }
    }
    return finish(&json, where, err);
}

/* ---- parts of a run ---- */

void mlflow_take_pairs(struct json_text *json, struct assay_arena *arena,
                       struct assay_pair **pairs, size_t *count)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        struct assay_pair pair = {.key = NULL, .value = ""};

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "key") == 0)
                pair.key = json_text_string_keep(json, arena, NULL);
            else if (strcmp(key, "value") == 0)
                pair.value = json_text_string_keep(json, arena, "");
            else
                json_text_skip(json);
        }
        if (pair.key)
            *ASSAY_PUSH(arena, *pairs, *count) = pair;
    }
}

/* The latest point of each metric. How many there are, and their extremes, the list does not
   say: n stays 0. */
void mlflow_take_metrics(struct json_text *json, struct assay_arena *arena,
                         struct assay_metric **metrics, size_t *count, size_t *no_numbers)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        struct assay_metric metric = {.summary = ASSAY_SUMMARY_EMPTY};
        bool number = false;

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "key") == 0)
                metric.key = json_text_string_keep(json, arena, NULL);
            else if (strcmp(key, "value") == 0)
                number = json_text_number(json, &metric.summary.last);
            else if (strcmp(key, "timestamp") == 0)
                metric.summary.time_ms = json_text_integer(json, 0);
            else if (strcmp(key, "step") == 0)
                metric.summary.step = json_text_integer(json, 0);
            else
                json_text_skip(json);
        }
        if (metric.key && number)
            *ASSAY_PUSH(arena, *metrics, *count) = metric;
        else if (no_numbers)
            ++*no_numbers;
    }
}

static void read_dataset(struct json_text *json, struct assay_arena *arena,
                         struct assay_input *input)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        const char **out = strcmp(key, "name") == 0          ? &input->name
                           : strcmp(key, "digest") == 0      ? &input->digest
                           : strcmp(key, "source_type") == 0 ? &input->source_type
                           : strcmp(key, "source") == 0      ? &input->source
                           : strcmp(key, "schema") == 0      ? &input->schema
                           : strcmp(key, "profile") == 0     ? &input->profile
                                                             : NULL;

        if (out)
            *out = json_text_string_keep(json, arena, "");
        else
            json_text_skip(json);
    }
}

static void read_dataset_inputs(struct json_text *json, struct assay_arena *arena,
                                struct assay_attrs *attrs)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        struct assay_input input = {.type = "dataset",
                                    .name = "",
                                    .digest = "",
                                    .context = "",
                                    .source_type = "",
                                    .source = "",
                                    .schema = "",
                                    .profile = ""};
        struct assay_pair *tags = NULL;
        size_t tag_count = 0;

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "dataset") == 0)
                read_dataset(json, arena, &input);
            else if (strcmp(key, "tags") == 0)
                mlflow_take_pairs(json, arena, &tags, &tag_count);
            else
                json_text_skip(json);
        }
        for (size_t i = 0; i < tag_count; i++)
            if (strcmp(tags[i].key, "mlflow.data.context") == 0)
                input.context = tags[i].value;
        *ASSAY_PUSH(arena, attrs->inputs, attrs->input_count) = input;
    }
}

/* model_inputs and model_outputs: what they have in common. */
static void read_models(struct json_text *json, struct assay_arena *arena,
                        struct assay_attrs *attrs, bool made)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        const char *id = NULL;
        int64_t step = 0;

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "model_id") == 0)
                id = json_text_string_keep(json, arena, NULL);
            else if (strcmp(key, "step") == 0)
                step = json_text_integer(json, 0);
            else
                json_text_skip(json);
        }
        if (!id)
            continue;
        if (made)
            *ASSAY_PUSH(arena, attrs->outputs, attrs->output_count) =
                (struct assay_output){.type = "model", .id = id, .name = id, .step = step};
        else
            *ASSAY_PUSH(arena, attrs->inputs, attrs->input_count) =
                (struct assay_input){.type = "model",
                                     .name = id,
                                     .source = id,
                                     .digest = "",
                                     .context = "",
                                     .source_type = "",
                                     .schema = "",
                                     .profile = ""};
    }
}

static void read_lists(struct json_text *json, struct assay_arena *arena,
                       struct assay_attrs *attrs, size_t *no_numbers)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "metrics") == 0)
            mlflow_take_metrics(json, arena, &attrs->metrics, &attrs->metric_count, no_numbers);
        else if (strcmp(key, "params") == 0)
            mlflow_take_pairs(json, arena, &attrs->params, &attrs->param_count);
        else if (strcmp(key, "tags") == 0)
            mlflow_take_pairs(json, arena, &attrs->tags, &attrs->tag_count);
        else if (strcmp(key, "dataset_inputs") == 0)
            read_dataset_inputs(json, arena, attrs);
        else if (strcmp(key, "model_inputs") == 0)
            read_models(json, arena, attrs, false);
        else if (strcmp(key, "model_outputs") == 0)
            read_models(json, arena, attrs, true);
        else
            json_text_skip(json);
    }
}

/* ---- a run ---- */

static enum assay_run_status read_status(struct json_text *json)
{
    static const enum assay_run_status numbers[] = {ASSAY_RUN_UNKNOWN,   ASSAY_RUN_RUNNING,
                                                    ASSAY_RUN_SCHEDULED, ASSAY_RUN_FINISHED,
                                                    ASSAY_RUN_FAILED,    ASSAY_RUN_KILLED};
    int64_t number;

    if (json_text_peek(json) == '"')
        return assay_run_status_parse(json_text_string(json, ""));
    number = json_text_integer(json, 0);
    return number > 0 && number < 6 ? numbers[number] : ASSAY_RUN_UNKNOWN;
}

static void read_info(struct json_text *json, struct assay_arena *arena, struct ingest_run *run)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "run_id") == 0 || (strcmp(key, "run_uuid") == 0 && !*run->id))
            run->id = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "experiment_id") == 0)
            run->experiment_id = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "run_name") == 0)
            run->name = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "user_id") == 0)
            run->user = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "artifact_uri") == 0)
            run->artifact_uri = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "status") == 0)
            run->status = read_status(json);
        else if (strcmp(key, "start_time") == 0)
            run->start_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "end_time") == 0)
            run->end_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "lifecycle_stage") == 0)
            run->deleted = strcmp(json_text_string(json, ""), "deleted") == 0;
        else
            json_text_skip(json);
    }
}

static void read_run(struct json_text *json, struct assay_arena *arena, struct ingest_run *run,
                     struct assay_attrs *attrs, size_t *no_numbers)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "info") == 0)
            read_info(json, arena, run);
        else if (strcmp(key, "data") == 0 || strcmp(key, "inputs") == 0 ||
                 strcmp(key, "outputs") == 0)
            read_lists(json, arena, attrs, no_numbers);
        else
            json_text_skip(json);
    }
}

static const char *tag_of(const struct assay_attrs *attrs, const char *key)
{
    for (size_t i = 0; i < attrs->tag_count; i++)
        if (strcmp(attrs->tags[i].key, key) == 0)
            return attrs->tags[i].value;
    return "";
}

uint64_t mlflow_hash(const char *bytes, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325), word;

    for (; length >= 8; bytes += 8, length -= 8) {
        memcpy(&word, bytes, 8);
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 29;
    }
    for (; length; bytes++, length--)
        hash = (hash ^ (unsigned char)*bytes) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

/* The id in a run's JSON, read no further than its "info". Where there is none, *PART is IS. */
static bool peek_id(const char *bytes, size_t length, char out[256], const char **part,
                    const char **is)
{
    struct json_text json;
    const char *key, *inner;

    out[0] = '\0';
    json_text_init(&json, bytes, length);
    *part = "";
    *is = json_text_kind(&json);
    if (json_text_enter(&json, '{')) {
        *part = ".info";
        *is = "missing";
    }
    while (!out[0] && json_text_member(&json, &key)) {
        if (strcmp(key, "info") != 0) {
            json_text_skip(&json);
            continue;
        }
        *is = json_text_kind(&json);
        if (!json_text_enter(&json, '{'))
            continue;
        *part = ".info.run_id";
        *is = "missing";
        while (!out[0] && json_text_member(&json, &inner)) {
            if (strcmp(inner, "run_id") == 0) {
                *is = json_text_peek(&json) == '"' ? "no id" : json_text_kind(&json);
                strncpy(out, json_text_string(&json, ""), 255)[255] = '\0';
            } else {
                json_text_skip(&json);
            }
        }
    }
    json_text_free(&json);
    return is_id(out);
}

struct run_reading {
    struct mlflow_page *page;
    bool (*fresh)(void *context, const char *id, uint64_t hash);
    void (*fn)(void *context, const struct ingest_run *run, uint64_t hash);
    void *context;
};

static void one_run(struct json_text *json, const struct run_reading *reading)
{
    struct json_text own;
    struct assay_arena arena = {0};
    struct assay_attrs attrs = {0};
    struct ingest_run run = {.id = "",
                             .experiment_id = "",
                             .name = "",
                             .user = "",
                             .artifact_uri = "",
                             .start_ms = ASSAY_NO_TIME,
                             .end_ms = ASSAY_NO_TIME,
                             .attrs = &attrs};
    const char *from, *part, *is;
    uint64_t hash;
    size_t length, no_numbers = 0;
    char id[256];

    json_text_peek(json);
    from = json->at;
    json_text_skip(json);
    if (json->fault)
        return;
    length = (size_t)(json->at - from);
    hash = mlflow_hash(from, length);
    reading->page->count++;
    if (!peek_id(from, length, id, &part, &is)) {
        note_odd(reading->page, "runs", part, is);
        return;
    }
    if (!reading->fresh(reading->context, id, hash))
        return;
    json_text_init(&own, from, length);
    own.limit = TEXT_MAX;
    read_run(&own, &arena, &run, &attrs, &no_numbers);
    if (!*run.name)
        run.name = tag_of(&attrs, "mlflow.runName");
    if (!*run.user)
        run.user = tag_of(&attrs, "mlflow.user");
    if (!own.fault && strcmp(run.id, id) == 0 && is_id(run.experiment_id)) {
        reading->fn(reading->context, &run, no_numbers ? 0 : hash); /* 0: told again */
    } else if (own.fault) {
        json->at = own.at;
        json->fault = own.fault;
    } else {
        note_odd(reading->page, "runs", ".info.experiment_id", "no id");
    }
    reading->page->cut += own.cut;
    reading->page->no_numbers += no_numbers;
    json_text_free(&own);
    assay_arena_free(&arena);
}

enum assay_status
mlflow_parse_runs(const char *where, const char *body, size_t length, struct mlflow_page *page,
                  bool (*fresh)(void *context, const char *id, uint64_t hash),
                  void (*fn)(void *context, const struct ingest_run *run, uint64_t hash),
                  void *context, struct assay_error *err)
{
    struct run_reading reading = {.page = page, .fresh = fresh, .fn = fn, .context = context};
    struct json_text json;
    const char *key;

    page->next = NULL;
    json_text_init(&json, body, length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") == 0) {
            page->next = (char *)(uintptr_t)json_text_string_keep(&json, &page->arena, NULL);
        } else if (strcmp(key, "runs") == 0) {
            if (!enter_list(&json, "its runs are not a list"))
                continue;
            for (; json_text_element(&json); page->listed++)
                one_run(&json, &reading);
        } else {
            json_text_skip(&json);
        }
    }
    return finish(&json, where, err);
}

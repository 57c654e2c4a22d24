/*
 * Gathering what is to be logged: from arguments, and from JSON lines through jansson.
 */
#include "pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <assay/text.h>

static void add_point(struct cli_batch *batch, const char *metric, int64_t step,
                      int64_t time_ms, double value)
{
    ASSAY_GROW(batch->points, batch->point_capacity, batch->point_count + 1);
    batch->points[batch->point_count++] = (struct assay_log_point){
        .metric = assay_arena_strdup(&batch->arena, metric),
        .point = {.step = step, .time_ms = time_ms, .value = value},
    };
}

static void add_param(struct cli_batch *batch, const char *key, const char *value)
{
    ASSAY_GROW(batch->params, batch->param_capacity, batch->param_count + 1);
    batch->params[batch->param_count++] = (struct assay_pair){
        assay_arena_strdup(&batch->arena, key), assay_arena_strdup(&batch->arena, value)};
}

static void add_tag(struct cli_batch *batch, const char *key, const char *value)
{
    ASSAY_GROW(batch->tags, batch->tag_capacity, batch->tag_count + 1);
    batch->tags[batch->tag_count++] = (struct assay_pair){
        assay_arena_strdup(&batch->arena, key), assay_arena_strdup(&batch->arena, value)};
}

void cli_batch_file(struct cli_batch *batch, const char *path, const char *file)
{
    ASSAY_GROW(batch->files, batch->file_capacity, batch->file_count + 1);
    batch->files[batch->file_count++] =
        (struct cli_file){path ? assay_arena_strdup(&batch->arena, path) : NULL,
                          assay_arena_strdup(&batch->arena, file)};
}

/* ---- arguments ---- */

static enum assay_status split(struct cli_batch *batch, const struct cli *cli,
                               const char *option, const char *text, const char **key,
                               const char **value, struct assay_error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: --%s %s: not NAME=VALUE",
                          cli->command->name, option, text);
    *key = assay_arena_strndup(&batch->arena, text, (size_t)(equals - text));
    *value = equals + 1;
    return ASSAY_OK;
}

/* "[PATH=]FILE" */
static void add_file_argument(struct cli_batch *batch, const char *text)
{
    const char *equals = strchr(text, '=');
    const char *path =
        equals ? assay_arena_strndup(&batch->arena, text, (size_t)(equals - text)) : NULL;
    cli_batch_file(batch, path, equals ? equals + 1 : text);
}

enum assay_status cli_batch_arguments(struct cli_batch *batch, const struct cli *cli,
                                      int64_t step, int64_t time_ms, struct assay_error *err)
{
    static const char *const options[] = {"param", "tag", "metric"};
    for (size_t o = 0; o < ASSAY_COUNT(options); o++)
        for (size_t i = 0; cli_value_at(cli, options[o], i); i++) {
            const char *text = cli_value_at(cli, options[o], i), *key = "", *value = "";
            double number;
            enum assay_status status = split(batch, cli, options[o], text, &key, &value, err);
            if (status != ASSAY_OK)
                return status;
            if (o == 0)
                add_param(batch, key, value);
            else if (o == 1)
                add_tag(batch, key, value);
            else if (assay_number_parse(value, strlen(value), &number))
                add_point(batch, key, step, time_ms, number);
            else
                return assay_fail(err, ASSAY_BAD_INPUT, "%s: --metric %s: not a number",
                                  cli->command->name, text);
        }
    for (size_t i = 0; cli_value_at(cli, "artifact", i); i++)
        add_file_argument(batch, cli_value_at(cli, "artifact", i));
    return ASSAY_OK;
}

/* ---- JSON lines ---- */

struct json_line {
    struct cli_batch *batch;
    size_t line;
    int64_t step, time_ms;
    struct assay_error *err;
};

static enum assay_status bad_line(struct json_line *j, const char *what)
{
    return assay_fail(j->err, ASSAY_BAD_INPUT, "standard input:%zu: %s", j->line, what);
}

static enum assay_status take_metric(struct json_line *j, const char *key, json_t *value)
{
    double number;
    const char *text = json_string_value(value);
    if (json_is_number(value))
        number = json_number_value(value);
    else if (!text || !assay_number_parse(text, strlen(text), &number))
        return bad_line(j, "a metric's value is neither a number nor NaN or Infinity as text");
    add_point(j->batch, key, j->step, j->time_ms, number);
    return ASSAY_OK;
}

/* Params and tags are text; other scalars are taken as they are written. */
static enum assay_status take_pair(struct json_line *j, const char *key, json_t *value,
                                   void (*add)(struct cli_batch *, const char *, const char *))
{
    char number[32];
    if (json_is_string(value)) {
        add(j->batch, key, json_string_value(value));
    } else if (json_is_integer(value)) {
        struct assay_buf text = {0};
        assay_buf_format(&text, "%lld", (long long)json_integer_value(value));
        add(j->batch, key, assay_buf_text(&text));
        assay_buf_free(&text);
    } else if (json_is_real(value)) {
        add(j->batch, key, assay_number_exact(number, json_real_value(value)));
    } else if (json_is_boolean(value)) {
        add(j->batch, key, json_is_true(value) ? "true" : "false");
    } else {
        return bad_line(j, "a param's or tag's value is no text, number or truth value");
    }
    return ASSAY_OK;
}

static enum assay_status take_integer(struct json_line *j, json_t *object, const char *key,
                                      int64_t *value)
{
    json_t *member = json_object_get(object, key);
    if (member && !json_is_integer(member))
        return bad_line(j, "step and time_ms are whole numbers");
    if (member)
        *value = json_integer_value(member);
    return ASSAY_OK;
}

static enum assay_status take_param(struct json_line *j, const char *key, json_t *value)
{
    return take_pair(j, key, value, add_param);
}

static enum assay_status take_tag(struct json_line *j, const char *key, json_t *value)
{
    return take_pair(j, key, value, add_tag);
}

static enum assay_status take_file(struct json_line *j, const char *key, json_t *value)
{
    if (!json_is_string(value))
        return bad_line(j, "an artifact's value is the name of a file");
    cli_batch_file(j->batch, key, json_string_value(value));
    return ASSAY_OK;
}

static const struct {
    const char *name;
    enum assay_status (*take)(struct json_line *j, const char *key, json_t *value);
} members[] = {
    {"metrics", take_metric},
    {"params", take_param},
    {"tags", take_tag},
    {"artifacts", take_file},
};

static enum assay_status take_member(struct json_line *j, const char *name, json_t *member)
{
    const char *key;
    json_t *value;
    size_t i = 0;
    while (i < ASSAY_COUNT(members) && strcmp(members[i].name, name) != 0)
        i++;
    if (i == ASSAY_COUNT(members))
        return bad_line(
            j, "a member that is none of step, time_ms, metrics, params, tags, artifacts");
    if (!json_is_object(member))
        return bad_line(j, "metrics, params, tags and artifacts are objects");
    json_object_foreach(member, key, value)
    {
        enum assay_status status = members[i].take(j, key, value);
        if (status != ASSAY_OK)
            return status;
    }
    return ASSAY_OK;
}

static enum assay_status take_object(struct json_line *j, json_t *object)
{
    const char *name;
    json_t *member;
    enum assay_status status = take_integer(j, object, "step", &j->step);
    if (status == ASSAY_OK)
        status = take_integer(j, object, "time_ms", &j->time_ms);
    json_object_foreach(object, name, member)
    {
        if (status == ASSAY_OK && strcmp(name, "step") != 0 && strcmp(name, "time_ms") != 0)
            status = take_member(j, name, member);
    }
    return status;
}

enum assay_status cli_batch_json(struct cli_batch *batch, const char *text, size_t length,
                                 size_t line, int64_t now_ms, struct assay_error *err)
{
    json_error_t why;
    const struct cli_batch before = *batch;
    struct json_line j = {.batch = batch, .line = line, .time_ms = now_ms, .err = err};
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!object)
        return assay_fail(err, ASSAY_BAD_INPUT, "standard input:%zu:%d: %s", line, why.column,
                          why.text);
    enum assay_status status =
        json_is_object(object) ? take_object(&j, object) : bad_line(&j, "not a JSON object");
    json_decref(object);
    if (status != ASSAY_OK)
        cli_batch_back(batch, &before);
    return status;
}

void cli_batch_back(struct cli_batch *batch, const struct cli_batch *before)
{
    batch->point_count = before->point_count;
    batch->param_count = before->param_count;
    batch->tag_count = before->tag_count;
    batch->file_count = before->file_count;
}

struct assay_log_batch cli_batch_view(const struct cli_batch *batch)
{
    return (struct assay_log_batch){
        .points = batch->points,
        .point_count = batch->point_count,
        .params = batch->params,
        .param_count = batch->param_count,
        .tags = batch->tags,
        .tag_count = batch->tag_count,
    };
}

void cli_batch_reset(struct cli_batch *batch)
{
    batch->point_count = batch->param_count = batch->tag_count = batch->file_count = 0;
    assay_arena_free(&batch->arena);
}

void cli_batch_free(struct cli_batch *batch)
{
    free(batch->points);
    free(batch->params);
    free(batch->tags);
    free(batch->files);
    assay_arena_free(&batch->arena);
    *batch = (struct cli_batch){0};
}

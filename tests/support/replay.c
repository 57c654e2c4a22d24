/*
 * Recorded answers, played again; see replay.h.
 */
#include "support/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/memory.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The query's parts in order, but for how many are asked for. */
static void add_query(struct assay_buf *key, const char *query)
{
    char *copy = assay_strdup(query), *parts[256], *next = copy;
    size_t count = 0;

    while (next && count < ASSAY_COUNT(parts)) {
        char *part = strsep(&next, "&");

        if (*part && strncmp(part, "max_results=", 12) != 0)
            parts[count++] = part;
    }
    qsort(parts, count, sizeof *parts, by_text);
    for (size_t i = 0; i < count; i++)
        assay_buf_format(key, "&%s", parts[i]);
    free(copy);
}

static void add_body(struct assay_buf *key, const char *body, size_t length)
{
    json_t *json = length ? json_loadb(body, length, 0, NULL) : NULL;
    char *text;

    if (!json)
        return;
    json_object_del(json, "max_results");
    text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    assay_buf_format(key, " %s", text);
    free(text);
    json_decref(json);
}

static char *key_of(const char *method, const char *target, const char *body, size_t length)
{
    struct assay_buf key = {0};
    const char *query = strchr(target, '?');

    assay_buf_format(&key, "%s %.*s", method,
                     (int)(query ? query - target : (long)strlen(target)), target);
    if (query)
        add_query(&key, query + 1);
    add_body(&key, body, length);
    return assay_buf_take(&key);
}

/* The request as it was, to the byte. */
static char *exact_key(const char *method, const char *target, const char *body, size_t length)
{
    struct assay_buf key = {0};

    assay_buf_format(&key, "= %s %s %.*s", method, target, (int)length, length ? body : "");
    return assay_buf_take(&key);
}

static void add_key(struct replay *replay, char *key, size_t i)
{
    if (!json_object_get(replay->by_key, key)) /* the first is what was asked for as usual */
        json_object_set_new(replay->by_key, key, json_integer((json_int_t)i));
    free(key);
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void answer(void *context, const struct web_request *request, struct web_answer *out)
{
    struct replay *replay = context;
    char *exact = exact_key(request->method, request->target, request->body, request->length);
    char *key = key_of(request->method, request->target, request->body, request->length);
    const json_t *same = json_object_get(replay->by_key, exact);
    const json_t *index = same ? same : json_object_get(replay->by_key, key);
    const json_t *one = json_array_get(replay->answers, (size_t)json_integer_value(index));

    if (index) {
        out->status = (int)json_integer_value(json_object_get(one, "status"));
        out->type = text_at(one, "type");
        out->body = text_at(one, "body");
    } else {
        replay->unknown++;
        snprintf(replay->missing, sizeof replay->missing, "%s", key);
        out->status = 404;
        out->body = "";
    }
    free(exact);
    free(key);
}

void replay_start(struct replay *replay, const char *path)
{
    const json_t *one;
    size_t i;

    *replay =
        (struct replay){.answers = json_load_file(path, 0, NULL), .by_key = json_object()};
    if (!json_array_size(replay->answers)) {
        fprintf(stderr, "%s: no recording\n", path);
        abort();
    }
    json_array_foreach(replay->answers, i, one)
    {
        const char *body = text_at(one, "request");
        const char *method = text_at(one, "method"), *target = text_at(one, "target");

        add_key(replay, exact_key(method, target, body, strlen(body)), i);
        add_key(replay, key_of(method, target, body, strlen(body)), i);
    }
    replay->web = web_start(answer, replay);
}

void replay_stop(struct replay *replay)
{
    web_stop(&replay->web);
    json_decref(replay->answers);
    json_decref(replay->by_key);
}

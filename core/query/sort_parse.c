/*
 * Fields as columns and sort keys name them, and sort keys: "metrics.val_loss@min:desc",
 * "start desc", "params.`a b`". What comes out is the field in one spelling, without quotes,
 * and a direction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/memory.h>
#include <assay/query.h>

#include "query/fields.h"

/* Takes ":asc", ":desc", " asc" or " desc" off the end: +1, -1, or 0 where there is none. */
static int take_direction(const char *text, size_t *length)
{
    static const struct {
        const char *word;
        int direction;
    } words[] = {{"asc", 1}, {"desc", -1}};
    for (size_t i = 0; i < ASSAY_COUNT(words); i++) {
        size_t cut = strlen(words[i].word);
        if (*length <= cut || strncasecmp(text + *length - cut, words[i].word, cut) != 0)
            continue;
        char before = text[*length - cut - 1];
        if (before != ':' && before != ' ' && before != '\t')
            continue;
        *length -= cut + 1;
        return words[i].direction;
    }
    return 0;
}

static void trim(const char **text, size_t *length)
{
    while (*length > 0 && strchr(" \t\r\n", (*text)[0])) {
        ++*text;
        --*length;
    }
    while (*length > 0 && strchr(" \t\r\n", (*text)[*length - 1]))
        --*length;
}

/* "`name`@min" becomes "name@min", in place. */
static void unquote(char *name)
{
    char quote = name[0];
    char *end = quote == '`' || quote == '"' ? strchr(name + 1, quote) : NULL;
    if (!end || (end[1] && end[1] != '@'))
        return;
    size_t length = (size_t)(end - name) - 1, rest = strlen(end + 1);
    memmove(name, name + 1, length);
    memmove(name + length, end + 1, rest + 1);
}

/* The field's name, quotes taken off, into out->key; which of the kinds was written before it.
 */
static enum assay_status split(struct assay_field *out, const char *text, size_t length,
                               enum field_prefix *prefix, struct assay_error *err)
{
    const char *dot = memchr(text, '.', length);
    *prefix = dot ? field_prefix(text, (size_t)(dot - text)) : PREFIX_NONE;
    size_t skip = *prefix == PREFIX_NONE ? 0 : (size_t)(dot - text) + 1;
    if (length + KIND_ROOM > sizeof out->key)
        return assay_fail(err, ASSAY_BAD_INPUT, "a field's name is longer than %zu bytes",
                          sizeof out->key - KIND_ROOM);
    snprintf(out->key, sizeof out->key, "%.*s", (int)(length - skip), text + skip);
    unquote(out->key);
    if (!out->key[0])
        return assay_fail(err, ASSAY_BAD_INPUT, "'%.*s' names no field", (int)length, text);
    return ASSAY_OK;
}

size_t assay_field_length(const char *list)
{
    size_t length = 0;
    for (bool quoted = false; list[length] && (quoted || list[length] != ','); length++)
        quoted ^= list[length] == '`';
    return length;
}

enum assay_status assay_field_parse(struct assay_field *out, const char *text, size_t length,
                                    struct assay_error *err)
{
    enum field_prefix prefix;
    enum query_attr attr;

    memset(out, 0, sizeof *out);
    out->kind = ASSAY_FIELD_METRIC;
    out->stat = ASSAY_STAT_LAST;
    trim(&text, &length);
    enum assay_status status = split(out, text, length, &prefix, err);
    if (status != ASSAY_OK)
        return status;
    length = strlen(out->key);
    bool known = field_attr(out->key, length, &attr);
    if (prefix == PREFIX_ATTR && !known) {
        const char *near = field_suggestion(out->key, length, false);
        return assay_fail(err, ASSAY_BAD_INPUT, "unknown attribute '%s'%s%s%s", out->key,
                          near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (prefix == PREFIX_DATASET)
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "dataset.%s is for filters alone: a run may have several datasets",
                          out->key);
    out->named = prefix == PREFIX_NONE && !known;
    if (known && (prefix == PREFIX_ATTR || prefix == PREFIX_NONE)) {
        out->attribute = attr_name(attr);
        return ASSAY_OK;
    }
    out->kind = prefix == PREFIX_PARAM ? ASSAY_FIELD_PARAM
                : prefix == PREFIX_TAG ? ASSAY_FIELD_TAG
                                       : ASSAY_FIELD_METRIC;
    if (out->kind == ASSAY_FIELD_METRIC) {
        out->stat = field_take_stat(out->key, &length);
        out->key[length] = '\0';
    }
    return ASSAY_OK;
}

const char *assay_field_text(const struct assay_field *field, char out[ASSAY_FIELD_TEXT])
{
    static const char *const prefixes[] = {
        [ASSAY_FIELD_METRIC] = "metrics.",
        [ASSAY_FIELD_PARAM] = "params.",
        [ASSAY_FIELD_TAG] = "tags.",
    };
    static const char *const stats[] = {
        [ASSAY_STAT_LAST] = "",
        [ASSAY_STAT_BEST] = "@best",
        [ASSAY_STAT_MIN] = "@min",
        [ASSAY_STAT_MAX] = "@max",
    };
    if (field->attribute)
        snprintf(out, ASSAY_FIELD_TEXT, "%s", field->attribute);
    else
        snprintf(out, ASSAY_FIELD_TEXT, "%s%s%s", prefixes[field->kind], field->key,
                 field->kind == ASSAY_FIELD_METRIC ? stats[field->stat] : "");
    return out;
}

enum assay_status assay_sort_parse(struct assay_sort *out, const char *text,
                                   struct assay_error *err)
{
    size_t length = strnlen(text, 2 * sizeof out->field);
    struct assay_field field;

    memset(out, 0, sizeof *out);
    trim(&text, &length);
    int direction = take_direction(text, &length);
    trim(&text, &length);
    if (length == 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "a sort key is empty");
    enum assay_status status = assay_field_parse(&field, text, length, err);
    if (status != ASSAY_OK)
        return status;
    assay_field_text(&field, out->field);
    out->named = field.named;
    out->descending = direction < 0 ||
                      (direction == 0 && !field.attribute && field.kind == ASSAY_FIELD_METRIC &&
                       assay_metric_direction(field.key) > 0);
    return ASSAY_OK;
}

/* The first few of the fields, for a hint. */
static void hint_fields(const struct assay_field *fields, size_t count, struct assay_error *err)
{
    char text[300] = "", one[ASSAY_FIELD_TEXT];
    for (size_t i = 0; i < count && i < 4; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.60s", i ? ", " : "",
                 assay_field_text(&fields[i], one));
    }
    assay_hint(err, "say which: %s%s", text, count > 4 ? ", …" : "");
}

enum assay_status assay_sort_settle(struct assay_sort *sort, struct assay_catalog *catalog,
                                    struct assay_error *err)
{
    struct assay_field field, *found = NULL;
    if (!sort->named ||
        assay_field_parse(&field, sort->field, strlen(sort->field), NULL) != ASSAY_OK)
        return ASSAY_OK;
    size_t count = assay_field_look_up(&field, catalog, &found);
    /* Just that name comes first of all, and there a metric is meant before a param. */
    bool sure = count == 1 || (count && strcmp(found[0].key, field.key) == 0);
    if (sure) {
        assay_field_text(&found[0], sort->field);
        sort->named = false;
    } else if (count) {
        assay_fail(err, ASSAY_BAD_INPUT, "the sort key '%s' may be one of %zu", field.key,
                   count);
        hint_fields(found, count, err);
    }
    free(found);
    return sure || !count ? ASSAY_OK : ASSAY_BAD_INPUT;
}

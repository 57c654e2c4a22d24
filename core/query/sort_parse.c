/*
 * Sort keys as users write them: "metrics.val_loss@min:desc", "start desc", "params.`a b`".
 * What comes out is the field in one spelling, without quotes, and a direction.
 */
#include <stdio.h>
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

static bool best_is_greatest(const char *name)
{
    char metric[256];
    size_t length = strlen(name);
    field_take_stat(name, &length);
    snprintf(metric, sizeof metric, "%.*s", (int)length, name);
    return assay_metric_direction(metric) > 0;
}

enum assay_status assay_sort_parse(struct assay_sort *out, const char *text,
                                   struct assay_error *err)
{
    static const char *const prefixes[] = {"", "metrics.", "params.", "tags.", "", ""};
    size_t length = strnlen(text, 2 * sizeof out->field);
    char name[sizeof out->field];
    enum query_attr attr;

    memset(out, 0, sizeof *out);
    trim(&text, &length);
    int direction = take_direction(text, &length);
    trim(&text, &length);
    if (length == 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "a sort key is empty");
    if (length + sizeof "metrics." > sizeof name)
        return assay_fail(err, ASSAY_BAD_INPUT, "a sort key is longer than %zu bytes",
                          sizeof name - sizeof "metrics.");

    const char *dot = memchr(text, '.', length);
    enum field_prefix prefix = dot ? field_prefix(text, (size_t)(dot - text)) : PREFIX_NONE;
    size_t skip = prefix == PREFIX_NONE ? 0 : (size_t)(dot - text) + 1;
    snprintf(name, sizeof name, "%.*s", (int)(length - skip), text + skip);
    unquote(name);
    if (!name[0])
        return assay_fail(err, ASSAY_BAD_INPUT, "the sort key '%.*s' names nothing",
                          (int)length, text);
    bool known = field_attr(name, strlen(name), &attr);
    if (prefix == PREFIX_ATTR && !known) {
        const char *near = field_suggestion(name, strlen(name), false);
        return assay_fail(err, ASSAY_BAD_INPUT, "unknown attribute '%s'%s%s%s", name,
                          near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (prefix == PREFIX_DATASET)
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "runs are not sorted by dataset.%s: a run may have several", name);
    if (prefix == PREFIX_NONE)
        prefix = known ? PREFIX_ATTR : PREFIX_METRIC;
    snprintf(out->field, sizeof out->field, "%s%s", prefixes[prefix],
             prefix == PREFIX_ATTR ? attr_name(attr) : name);
    out->descending =
        direction < 0 || (direction == 0 && prefix == PREFIX_METRIC && best_is_greatest(name));
    return ASSAY_OK;
}

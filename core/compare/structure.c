/*
 * Paths inside a param whose value is a structure: JSON as most loggers write it, or Python's
 * repr of dicts, lists and tuples. Nested configurations are then compared leaf by leaf. A
 * scanner, not a parser: what it does not understand ends the walk and the value is compared as
 * a whole as well. The input is hostile: depth and number of leaves are bounded, nothing is
 * allocated by what it says.
 */
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define DEPTH_MAX  32
#define LEAVES_MAX 1000
#define PATH_MAX_  400

struct walk {
    const char *at, *end;
    char path[PATH_MAX_];
    size_t path_length;
    size_t leaves;
    int depth;
    compare_leaf *each;
    void *context;
};

static void skip_blanks(struct walk *w)
{
    while (w->at < w->end && strchr(" \t\r\n", *w->at) && *w->at)
        w->at++;
}

static bool take(struct walk *w, char c)
{
    skip_blanks(w);
    if (w->at == w->end || *w->at != c)
        return false;
    w->at++;
    return true;
}

bool compare_is_structure(const char *text, size_t length)
{
    size_t first = 0;
    while (first < length && strchr(" \t\r\n", text[first]) && text[first])
        first++;
    while (length > first && strchr(" \t\r\n", text[length - 1]) && text[length - 1])
        length--;
    /* Lists of plain values read better as they are; a dict anywhere is worth opening. */
    return length - first >= 2 && text[first] == '{' && text[length - 1] == '}';
}

/* A quoted text, its quotes left away; escapes stay as they are written. */
static bool take_quoted(struct walk *w, const char **text, size_t *length)
{
    char quote = *w->at;
    const char *from = ++w->at;
    while (w->at < w->end && *w->at != quote)
        w->at += *w->at == '\\' && w->at + 1 < w->end ? 2 : 1;
    if (w->at >= w->end)
        return false;
    *text = from;
    *length = (size_t)(w->at - from);
    w->at++;
    return true;
}

/* A number, True, null, or what else stands there up to the next comma or bracket; brackets of
   calls ("<Enum.A: 1>", "Path('x')") are counted. */
static bool take_bare(struct walk *w, const char **text, size_t *length)
{
    const char *from = w->at;
    int open = 0;
    for (; w->at < w->end; w->at++) {
        char c = *w->at;
        if (c == '(' || c == '<')
            open++;
        else if ((c == ')' || c == '>') && open > 0)
            open--;
        else if (open == 0 && strchr(",:]})", c))
            break;
    }
    const char *last = w->at;
    while (last > from && strchr(" \t\r\n", last[-1]))
        last--;
    *text = from;
    *length = (size_t)(last - from);
    return last > from;
}

static bool take_scalar(struct walk *w, const char **text, size_t *length)
{
    skip_blanks(w);
    if (w->at == w->end)
        return false;
    return *w->at == '"' || *w->at == '\'' ? take_quoted(w, text, length)
                                           : take_bare(w, text, length);
}

static bool walk_value(struct walk *w);

/* Adds ".KEY" (or "KEY" to an empty path) for as long as the value is walked. */
static bool walk_member(struct walk *w, const char *key, size_t length)
{
    size_t had = w->path_length;
    bool dot = had > 0;
    if (had + length + 2 > sizeof w->path)
        return false;
    if (dot)
        w->path[w->path_length++] = '.';
    memcpy(w->path + w->path_length, key, length);
    w->path_length += length;
    bool good = walk_value(w);
    w->path_length = had;
    return good;
}

static bool walk_object(struct walk *w)
{
    const char *key;
    size_t length;
    if (take(w, '}')) {
        w->each(w->context, w->path, w->path_length, "{}", 2);
        w->leaves++;
        return true;
    }
    do {
        if (take(w, '}')) /* a comma before the end, as Python writes */
            return true;
        if (!take_scalar(w, &key, &length) || !take(w, ':') || !walk_member(w, key, length))
            return false;
    } while (take(w, ','));
    return take(w, '}');
}

/* A list of plain values is one leaf, as it is written; one of structures is walked by index.
 */
static bool is_plain_list(const struct walk *w, char close)
{
    for (const char *at = w->at; at < w->end && *at != close; at++)
        if (strchr("{[(", *at))
            return false;
    return true;
}

static bool walk_list(struct walk *w, const char *from, char close)
{
    if (is_plain_list(w, close)) {
        const char *last = memchr(w->at, close, (size_t)(w->end - w->at));
        if (!last)
            return false;
        w->at = last + 1;
        w->each(w->context, w->path, w->path_length, from, (size_t)(w->at - from));
        w->leaves++;
        return true;
    }
    for (size_t i = 0;; i++) {
        char index[32];
        if (take(w, close))
            return true;
        if (i > 0 && !take(w, ','))
            return false;
        if (i > 0 && take(w, close)) /* a comma before the end */
            return true;
        int length = snprintf(index, sizeof index, "%zu", i);
        if (!walk_member(w, index, (size_t)length))
            return false;
    }
}

static bool walk_value(struct walk *w)
{
    const char *text;
    size_t length;
    bool good;
    skip_blanks(w);
    if (w->at == w->end || w->depth == DEPTH_MAX || w->leaves >= LEAVES_MAX)
        return false;
    const char *from = w->at;
    char c = *from;
    if (c == '{' || c == '[' || c == '(') {
        w->at++;
        w->depth++;
        good = c == '{' ? walk_object(w) : walk_list(w, from, c == '[' ? ']' : ')');
        w->depth--;
        return good;
    }
    if (!take_scalar(w, &text, &length))
        return false;
    w->each(w->context, w->path, w->path_length, text, length);
    w->leaves++;
    return true;
}

bool compare_leaves(const char *text, size_t length, const char *prefix, compare_leaf *each,
                    void *context)
{
    struct walk w = {.at = text, .end = text + length, .each = each, .context = context};
    size_t had = strlen(prefix);
    if (had >= sizeof w.path / 2)
        return false;
    memcpy(w.path, prefix, had);
    w.path_length = had;
    return walk_value(&w);
}

/*
 * Regular expressions of filters, through POSIX regcomp(). What it would take without bound is
 * refused before it sees it: repetitions multiply the compiled pattern, nesting deepens its
 * recursion, and back references make matching exponential.
 */
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"

enum {
    MOST_PATTERN = 4096,
    MOST_NESTING = 64,
    MOST_REPEATS = 100000, /* the product of all upper bounds, times the length */
    MOST_TEXT = 65536,     /* of a value, what is looked at */
};

/* The greater bound of the braces at *at ("{2}", "{2,5}", "{2,}"), which moves behind them. */
static size_t repeat_bound(const char **at)
{
    size_t bound = 1, number = 0;
    const char *text = *at + 1;
    for (; *text && *text != '}'; text++) {
        bool digit = *text >= '0' && *text <= '9';
        number = digit ? number * 10 + (size_t)(*text - '0') : 0;
        number = number > MOST_REPEATS ? MOST_REPEATS + 1 : number;
        bound = number > bound ? number : bound;
    }
    *at = *text ? text : text - 1;
    return bound;
}

/* Behind the bracket expression at TEXT, where nothing is special. */
static const char *skip_brackets(const char *text)
{
    text++;
    text += *text == '^';
    text += *text == ']';
    while (*text && *text != ']')
        text++;
    return *text ? text : text - 1;
}

static const char *refusal(const char *pattern)
{
    size_t depth = 0, repeats = strlen(pattern);
    if (repeats > MOST_PATTERN)
        return "it is longer than 4 KiB";
    for (const char *at = pattern; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
            if (*at >= '1' && *at <= '9')
                return "back references are not supported";
        } else if (*at == '[') {
            at = skip_brackets(at);
        } else if (*at == '(' && ++depth > MOST_NESTING) {
            return "it is nested too deeply";
        } else if (*at == ')') {
            depth -= depth > 0;
        } else if (*at == '{') {
            repeats *= repeat_bound(&at);
            if (repeats > MOST_REPEATS)
                return "it repeats too much";
        }
    }
    return NULL;
}

regex_t *query_regex_new(struct assay_query *query, const char *pattern,
                         struct assay_error *err)
{
    const char *why = refusal(pattern);
    if (why) {
        assay_fail(err, ASSAY_BAD_INPUT, "this regular expression cannot be used: %s", why);
        return NULL;
    }
    struct query_regex *regex = assay_arena_alloc(&query->arena, sizeof *regex);
    int code = regcomp(&regex->regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (code) {
        char text[128];
        regerror(code, &regex->regex, text, sizeof text);
        assay_fail(err, ASSAY_BAD_INPUT, "this regular expression cannot be read: %s", text);
        return NULL;
    }
    regex->next = query->regexes;
    query->regexes = regex;
    return &regex->regex;
}

bool query_regex_match(const regex_t *regex, const char *text)
{
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)strnlen(text, MOST_TEXT)};
    return regexec(regex, text, 1, &range, REG_STARTEND) == 0;
}

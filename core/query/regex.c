/*
 * Regular expressions of filters, through PCRE2: compiled to machine code where the system
 * allows that, interpreted elsewhere. A pattern comes from a prompt and a value from anywhere,
 * so both the compiled size and the work of one match are bounded; a value on which a pattern
 * gives up is counted, never taken silently as "no match".
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "query/regex.h"

enum {
    MOST_PATTERN = 4096,  /* bytes */
    MOST_NESTING = 64,    /* parentheses */
    MOST_STEPS = 200000,  /* of one match: about a millisecond */
    MOST_HEAP_KIB = 4096, /* of one match, interpreted */
    MOST_GIVEN_UP = 1000, /* then the pattern is not tried again: the prompt must answer */
};

struct query_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    size_t given_up;
    struct query_regex *next;
};

static pcre2_code *compile(const char *pattern, struct assay_error *err)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    PCRE2_UCHAR why[160];
    size_t length = strlen(pattern);
    pcre2_compile_context *bounds;
    pcre2_code *compiled;

    if (length > MOST_PATTERN) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "this regular expression cannot be used: it is longer than 4 KiB");
        return NULL;
    }
    bounds = pcre2_compile_context_create(NULL);
    if (bounds)
        pcre2_set_parens_nest_limit(bounds, MOST_NESTING);
    compiled = pcre2_compile((PCRE2_SPTR)pattern, length,
                             PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NO_AUTO_CAPTURE |
                                 PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL,
                             &code, &offset, bounds);
    pcre2_compile_context_free(bounds);
    if (!compiled) {
        pcre2_get_error_message(code, why, sizeof why);
        assay_fail(err, ASSAY_BAD_INPUT,
                   "this regular expression cannot be read, near its character %zu: %s",
                   (size_t)offset + 1, (const char *)why);
    }
    return compiled;
}

struct query_regex *query_regex_new(struct query_regex *next, const char *pattern,
                                    struct assay_error *err)
{
    pcre2_code *code = compile(pattern, err);
    struct query_regex *regex;
    if (!code)
        return NULL;
    regex = assay_alloc(sizeof *regex);
    *regex = (struct query_regex){
        .code = code,
        .match = pcre2_match_data_create(1, NULL),
        .limits = pcre2_match_context_create(NULL),
        .next = next,
    };
    if (!regex->match || !regex->limits) {
        assay_fail(err, ASSAY_IO, "there is no memory for this regular expression");
        regex->next = NULL;
        query_regex_free(regex);
        return NULL;
    }
    pcre2_set_match_limit(regex->limits, MOST_STEPS);
    pcre2_set_heap_limit(regex->limits, MOST_HEAP_KIB);
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where refused, it is interpreted */
    return regex;
}

void query_regex_free(struct query_regex *regex)
{
    while (regex) {
        struct query_regex *next = regex->next;
        pcre2_code_free(regex->code);
        pcre2_match_data_free(regex->match);
        pcre2_match_context_free(regex->limits);
        free(regex);
        regex = next;
    }
}

enum query_found query_regex_match(struct query_regex *regex, const char *text)
{
    int found;
    size_t length = strlen(text);
    if (regex->given_up >= MOST_GIVEN_UP) {
        regex->given_up++;
        return QUERY_GAVE_UP;
    }
    found =
        pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, 0, regex->match, regex->limits);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_JIT,
                            regex->match, regex->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return QUERY_ABSENT;
    if (found < 0) {
        regex->given_up++;
        return QUERY_GAVE_UP;
    }
    return QUERY_FOUND;
}

size_t query_regex_given_up(const struct query_regex *regex)
{
    size_t sum = 0;
    for (; regex; regex = regex->next)
        sum += regex->given_up;
    return sum;
}

void query_regex_reset(struct query_regex *regex)
{
    for (; regex; regex = regex->next)
        regex->given_up = 0;
}

/* Regular expressions of filters: a list of them belongs to each query. Any thread, one at a
   time. Internal to core/query. */
#ifndef QUERY_REGEX_H
#define QUERY_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/error.h>
#include <assay/memory.h>

struct query_regex; /* opaque */

/* Compiles PATTERN (Perl's syntax, UTF-8, unanchored) within bounds and puts it before NEXT;
   NULL and *err set (without a column) where it is refused. */
struct query_regex *query_regex_new(struct query_regex *next, const char *pattern,
                                    struct assay_error *err);
void query_regex_free(struct query_regex *regex); /* and all behind it */

enum query_found { QUERY_ABSENT, QUERY_FOUND, QUERY_GAVE_UP };

/* GAVE_UP where the match would take too much work: neither found nor absent, and counted. */
enum query_found query_regex_match(struct query_regex *regex, const char *text);
/* How many values the patterns of this list gave up on since the last reset. */
size_t query_regex_given_up(const struct query_regex *regex);
void query_regex_reset(struct query_regex *regex);

#endif

/*
 * What stands on the right of a comparison, read for the field on its left.
 */
#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

#include "query/ast.h"

/* A time: "now", "-7d", "now-1h30m", ISO 8601, or milliseconds since 1970. */
bool value_time(const char *text, int64_t now_ms, double *ms);
/* A span: "90s", "1h30m", "250ms", or seconds. */
bool value_span(const char *text, double *ms);
/* The text within a LIKE pattern of the form %text% without other wildcards; else NULL. */
const char *value_contains(struct assay_arena *arena, const char *pattern);

#endif

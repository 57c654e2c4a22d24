/*
 * The filter language: MLflow's search grammar made complete.
 *
 *   filter  = or
 *   or      = and { OR and }
 *   and     = not { [AND] not }
 *   not     = NOT not | "(" or ")" | test | word
 *   test    = field op value
 *           | field [NOT] IN "(" value { "," value } ")"
 *           | field IS [NOT] NULL
 *   op      = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=" | "~" | "!~"
 *           | [NOT] LIKE | [NOT] ILIKE
 *   field   = kind "." name | attribute | name
 *   kind    = metrics | params | tags | attributes | run | dataset   (singular or plural)
 *   ~ takes a regular expression as Perl writes them, found anywhere in the value.
 *   name    = word | "quoted" | `quoted`   (metrics take an "@best|min|max|last" suffix)
 *   value   = number | word | 'text' | "text" | time | duration
 *
 * Attributes are id, name, status, user, start, end, duration, experiment, experiment_id,
 * source, lifecycle, artifact_uri and MLflow's own names of them (run_id, run_name, start_time,
 * ...).
 *
 * A name that is neither, as in "lr = 0.1", is a run's param, metric or tag of that name; where
 * no run has one, those of that last part: "loss" of "train/loss", "lr" of "optim.lr". Several
 * may be meant: a comparison holds where it does for one of them, a denied one (!=, NOT IN) for
 * all the run has. A text is compared with metrics as no metric is: never equal.
 *
 * dataset.name, dataset.digest and dataset.context are of the datasets a run has used; the test
 * holds where it does for one of them.
 *
 * A param or tag beside a number without quotes compares as a number where its text is one;
 * beside 'text' in quotes it compares as text, as in MLflow. Times are -7d, now, now-90m, ISO
 * 8601 or milliseconds since 1970; a duration is 90s, 15m, 1h30m or seconds. "= nan" finds NaN.
 *
 * Keywords are case-insensitive. A bare word matches the run's name, id, user or experiment,
 * ignoring case. Comparisons with something absent are false (NULL rule), so NOT
 * (metrics.x < 1) is true for a run without x, and `IS NULL` asks for it outright.
 */
#ifndef ASSAY_QUERY_H
#define ASSAY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>

struct assay_query; /* opaque; one thread at a time */

/* Parses TEXT; an empty one matches everything. On failure err->column is the byte column at
   fault, 1-based. Depth, length (64 KiB) and regular expressions (4 KiB) are bounded. */
enum assay_status assay_query_parse(struct assay_query **out, const char *text, int64_t now_ms,
                                    struct assay_error *err);
void assay_query_free(struct assay_query **query);

/* Keeps of rows[0..count) those the filter matches, in their order; returns how many. Uses the
   catalog's columns; *loading (may be NULL) is set where one of them is not ready yet. */
size_t assay_query_select(const struct assay_query *query, struct assay_catalog *catalog,
                          uint32_t *rows, size_t count, bool *loading);
/* On how many values the last select's regular expressions gave up, because one match would
   have taken too long: those match neither ~ nor !~, and the person must be told. */
size_t assay_query_given_up(const struct assay_query *query);
/* Whether the last select found every name without a kind: fails with the first that is no
   param, metric or tag of any run in the catalog, err->column where it stands. Good while that
   is not known yet, as columns are still being read. */
enum assay_status assay_query_check(const struct assay_query *query, struct assay_error *err);

/* A sort key: attribute, "metrics.NAME", "metrics.NAME@best|min|max|last", "params.NAME",
   "tags.NAME", each with ":asc" or ":desc" after it. A bare NAME that is no attribute is taken
   as a metric. Default direction: ascending; metrics sort best first where their direction is
   known. */
struct assay_sort {
    char field[256]; /* "start", "metrics.val_loss@min", … */
    bool descending;
};
enum assay_status assay_sort_parse(struct assay_sort *out, const char *text,
                                   struct assay_error *err);
/* Sorts rows in place. Stable; runs without a value, and NaN after the numbers, come last
   either way; params and tags compare as numbers where both are, else naturally. */
void assay_sort_apply(const struct assay_sort *sort, struct assay_catalog *catalog,
                      uint32_t *rows, size_t count, bool *loading);

#endif

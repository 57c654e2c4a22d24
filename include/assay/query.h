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
 * source, source_kind, lifecycle, artifact_uri and MLflow's own names of them (run_id,
 * run_name, start_time, ...).
 *
 * A name that is neither, as in "lr = 0.1", is a run's metric, param or tag of that name; where
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
 * A status or lifecycle that there is not is an error where it stands. "status = UNKNOWN" finds
 * the runs whose status is not known, as "status IS NULL" does.
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

#include <assay/buf.h>
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
/* The same of rows that BEFORE kept, the catalog being the same and nothing of it still being
   read: what QUERY asks as BEFORE did is not asked again. NULL: nothing is known of the rows.
 */
size_t assay_query_select_from(const struct assay_query *query,
                               const struct assay_query *before, struct assay_catalog *catalog,
                               uint32_t *rows, size_t count, bool *loading);
/* Finds out what the names without a kind are, as a select does, for whoever knows already
   which runs the filter keeps. Sets *loading where a column of them is not ready yet. */
void assay_query_look_up(const struct assay_query *query, struct assay_catalog *catalog,
                         bool *loading);
/* Appends to OUT what of QUERY a server of MLflow can be asked, as the filter of its
   runs/search: every run that QUERY keeps is surely among its answer, and others may be.
   Returns how many conditions there are; 0: none, ask for all runs. */
size_t assay_query_ask(const struct assay_query *query, struct assay_buf *out);
/* Whether every run that matches NOW surely matched BEFORE, the catalog being the same and
   nothing of it still being read: then only those need be looked at again. True of what is
   typed further; false where that is not easily seen. Neither may be NULL. */
bool assay_query_narrows(const struct assay_query *now, const struct assay_query *before);
/* On how many values the last select's regular expressions gave up, because one match would
   have taken too long: those match neither ~ nor !~, and the person must be told. */
size_t assay_query_given_up(const struct assay_query *query);
/* Whether the last select found every name without a kind: fails with the first that is no
   param, metric or tag of any run in the catalog, or that ends as a statistic might
   ("metrics.loss@bst") and is no metric of any; err->column where it stands. Good while that
   is not known yet, as columns are still being read. */
enum assay_status assay_query_check(const struct assay_query *query, struct assay_error *err);

/* Whether QUERY asks for a metric, param or tag, its kind written before it, that no run in
   CATALOG has: fills *NOTE with the first such, with what may have been meant and where it
   stands. It is no error: runs may come that have it; READING: more are being read now. Not of
   "IS NULL", and false while it is not known. */
bool assay_query_unlogged(const struct assay_query *query, struct assay_catalog *catalog,
                          bool reading, struct assay_error *note);

/* The attributes of a run by their first names, in order; NULL behind the last. */
const char *assay_query_attribute(size_t i);

/* A field as sort keys and columns are written: an attribute, or a metric, param or tag with
   its kind before it, or its name alone. */
#define ASSAY_FIELD_TEXT 512
struct assay_field {
    const char *attribute;      /* its first name; NULL: it is none */
    enum assay_field_kind kind; /* of the others */
    enum assay_stat stat;
    bool named; /* the name alone was written: taken as a metric until it is looked up */
    char key[ASSAY_FIELD_TEXT]; /* without kind, quotes and "@best" */
};
/* How long the first field of a comma-separated LIST is: up to the first comma that is not in
   backticks, or the end. */
size_t assay_field_length(const char *list);
/* LENGTH bytes of TEXT. */
enum assay_status assay_field_parse(struct assay_field *out, const char *text, size_t length,
                                    struct assay_error *err);
/* The fields of CATALOG that the name alone of FIELD stands for, as for filters: those of just
   that name, else those of that last part; metrics first, then params, then tags, of each what
   most runs have first. Returns how many; the caller frees *OUT. */
size_t assay_field_look_up(const struct assay_field *field, struct assay_catalog *catalog,
                           struct assay_field **out);
/* "start", "metrics.val_loss@min", …; returns OUT. */
const char *assay_field_text(const struct assay_field *field, char out[ASSAY_FIELD_TEXT]);

/* A sort key: attribute, "metrics.NAME", "metrics.NAME@best|min|max|last", "params.NAME",
   "tags.NAME", each with ":asc" or ":desc" after it. A bare NAME that is no attribute is taken
   as a metric until assay_sort_settle() looks it up. Default direction: ascending; metrics sort
   best first where their direction is known. */
struct assay_sort {
    char field[ASSAY_FIELD_TEXT]; /* "start", "metrics.val_loss@min", … */
    bool descending;
    bool named; /* the name alone was written */
};
enum assay_status assay_sort_parse(struct assay_sort *out, const char *text,
                                   struct assay_error *err);
/* Looks up a name that was written alone: of just that name the metric before the param before
   the tag, else the only one of that last part. ASSAY_BAD_INPUT, and which there are, where it
   may be several; the key stays a metric's where there is none. */
enum assay_status assay_sort_settle(struct assay_sort *sort, struct assay_catalog *catalog,
                                    struct assay_error *err);
/* Sorts rows in place. Of equal ones the newest comes first, then as they came; runs without a
   value, and NaN after the numbers, come last either way; params and tags compare as numbers
   where both are, else naturally. */
void assay_sort_apply(const struct assay_sort *sort, struct assay_catalog *catalog,
                      uint32_t *rows, size_t count, bool *loading);

#endif

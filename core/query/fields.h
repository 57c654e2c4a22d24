/*
 * The fields of a run that filters and sort keys can name.
 */
#ifndef QUERY_FIELDS_H
#define QUERY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/catalog.h>

#define KIND_ROOM sizeof "metrics.@best" /* what assay_field_text() may add to a key */

enum query_attr {
    ATTR_ID,
    ATTR_NAME,
    ATTR_STATUS,
    ATTR_USER,
    ATTR_START,
    ATTR_END,
    ATTR_DURATION,
    ATTR_EXPERIMENT,
    ATTR_EXPERIMENT_ID,
    ATTR_SOURCE,
    ATTR_SOURCE_KIND,
    ATTR_LIFECYCLE,
    ATTR_ARTIFACT_URI,
};

enum attr_type { ATTR_TEXT, ATTR_TIME, ATTR_SPAN /* milliseconds */ };

enum field_prefix {
    PREFIX_NONE,
    PREFIX_METRIC,
    PREFIX_PARAM,
    PREFIX_TAG,
    PREFIX_ATTR,
    PREFIX_DATASET,
};

/* The prefix NAME[0..length), without its dot; PREFIX_NONE where it is none. */
enum field_prefix field_prefix(const char *name, size_t length);
bool field_attr(const char *name, size_t length, enum query_attr *attr);
const char *attr_name(enum query_attr attr);
enum attr_type attr_type(enum query_attr attr);
/* The edit distance (Levenshtein) of NAME to KNOWN, whatever their capitals, or something great
   where either is long. */
size_t field_distance(const char *name, size_t length, const char *known);
/* The name of an attribute or prefix ("metrics.") most like NAME; NULL where none is near. */
const char *field_suggestion(const char *name, size_t length, bool prefix);
/* The key of a column of datasets (ASSAY_FIELD_DATASET) that NAME means; NULL where it is none.
 */
const char *field_dataset_key(const char *name, size_t length);
/* The values an attribute may have, where they are few: number I of them, NULL behind the last,
   and at once where it may have any. */
const char *attr_value(enum query_attr attr, size_t i);
/* The one of them most like TEXT; NULL where none is near. */
const char *attr_value_near(enum query_attr attr, const char *text, size_t length);
/* Where in NAME an '@' stands behind which there are but letters, as of a misspelt statistic:
   such names may be metrics, too. LENGTH where there is none. */
size_t field_odd_stat(const char *name, size_t length);
/* Takes "@best", "@min", "@max" or "@last" off a metric's name. */
enum assay_stat field_take_stat(const char *name, size_t *length);

/* The text of RUN's attribute, NULL where it is absent. */
const char *attr_text(const struct assay_catalog *catalog, const struct assay_run *run,
                      enum query_attr attr);
/* A time or span in milliseconds; false where it is absent. */
bool attr_number(const struct assay_catalog *catalog, const struct assay_run *run,
                 enum query_attr attr, int64_t now_ms, double *number);

#endif

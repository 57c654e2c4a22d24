/*
 * The names of fields, ours and MLflow's, and what they are of a run.
 */
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>

#include "query/fields.h"

static const struct {
    const char *name;
    enum query_attr attr;
} attributes[] = {
    /* The first name of each is the one we speak of it by. */
    {"id", ATTR_ID},
    {"name", ATTR_NAME},
    {"status", ATTR_STATUS},
    {"user", ATTR_USER},
    {"start", ATTR_START},
    {"end", ATTR_END},
    {"duration", ATTR_DURATION},
    {"experiment", ATTR_EXPERIMENT},
    {"experiment_id", ATTR_EXPERIMENT_ID},
    {"source", ATTR_SOURCE},
    {"source_kind", ATTR_SOURCE_KIND},
    {"lifecycle", ATTR_LIFECYCLE},
    {"artifact_uri", ATTR_ARTIFACT_URI},
    {"run_id", ATTR_ID},
    {"run_uuid", ATTR_ID},
    {"run_name", ATTR_NAME},
    {"run name", ATTR_NAME},
    {"user_id", ATTR_USER},
    {"start_time", ATTR_START},
    {"created", ATTR_START},
    {"end_time", ATTR_END},
    {"experiment_name", ATTR_EXPERIMENT},
    {"lifecycle_stage", ATTR_LIFECYCLE},
};

static const struct {
    const char *name;
    enum field_prefix prefix;
} prefixes[] = {
    {"metrics", PREFIX_METRIC},  {"metric", PREFIX_METRIC},    {"params", PREFIX_PARAM},
    {"param", PREFIX_PARAM},     {"parameters", PREFIX_PARAM}, {"parameter", PREFIX_PARAM},
    {"tags", PREFIX_TAG},        {"tag", PREFIX_TAG},          {"attributes", PREFIX_ATTR},
    {"attribute", PREFIX_ATTR},  {"attr", PREFIX_ATTR},        {"run", PREFIX_ATTR},
    {"dataset", PREFIX_DATASET}, {"datasets", PREFIX_DATASET},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *name, size_t length, const char *known)
{
    for (size_t i = 0; i < length; i++)
        if (!known[i] || lower(name[i]) != known[i])
            return false;
    return !known[length];
}

enum field_prefix field_prefix(const char *name, size_t length)
{
    for (size_t i = 0; i < ASSAY_COUNT(prefixes); i++)
        if (same(name, length, prefixes[i].name))
            return prefixes[i].prefix;
    return PREFIX_NONE;
}

const char *field_dataset_key(const char *name, size_t length)
{
    static const char *const keys[] = {"name", "digest", "context"};
    for (size_t i = 0; i < ASSAY_COUNT(keys); i++)
        if (same(name, length, keys[i]))
            return keys[i];
    return NULL;
}

bool field_attr(const char *name, size_t length, enum query_attr *attr)
{
    for (size_t i = 0; i < ASSAY_COUNT(attributes); i++) {
        if (same(name, length, attributes[i].name)) {
            *attr = attributes[i].attr;
            return true;
        }
    }
    return false;
}

const char *assay_query_attribute(size_t i)
{
    return i <= ATTR_ARTIFACT_URI ? attr_name((enum query_attr)i) : NULL;
}

const char *attr_name(enum query_attr attr)
{
    for (size_t i = 0; i < ASSAY_COUNT(attributes); i++)
        if (attributes[i].attr == attr)
            return attributes[i].name;
    return "";
}

enum attr_type attr_type(enum query_attr attr)
{
    switch (attr) {
    case ATTR_START:
    case ATTR_END:
        return ATTR_TIME;
    case ATTR_DURATION:
        return ATTR_SPAN;
    default:
        return ATTR_TEXT;
    }
}

size_t field_distance(const char *name, size_t length, const char *known)
{
    enum { MOST = 64 };
    size_t row[MOST + 1], known_length = strlen(known);
    if (length > MOST || known_length > MOST)
        return SIZE_MAX;
    for (size_t k = 0; k <= known_length; k++)
        row[k] = k;
    for (size_t i = 0; i < length; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < known_length; k++) {
            size_t change = corner + (lower(name[i]) != lower(known[k]));
            corner = row[k + 1];
            size_t drop = (row[k + 1] < row[k] ? row[k + 1] : row[k]) + 1;
            row[k + 1] = change < drop ? change : drop;
        }
    }
    return row[known_length];
}

const char *field_suggestion(const char *name, size_t length, bool prefix)
{
    const char *best = NULL;
    size_t nearest = length / 3 + 1; /* one slip in short names, a third of long ones */
    size_t count = prefix ? ASSAY_COUNT(prefixes) : ASSAY_COUNT(attributes);
    for (size_t i = 0; i < count; i++) {
        const char *known = prefix ? prefixes[i].name : attributes[i].name;
        size_t far = field_distance(name, length, known);
        if (far < nearest || (!best && far == nearest)) {
            nearest = far;
            best = known;
        }
    }
    return best;
}

enum assay_stat field_take_stat(const char *name, size_t *length)
{
    static const struct {
        const char *suffix;
        enum assay_stat stat;
    } stats[] = {{"@best", ASSAY_STAT_BEST},
                 {"@min", ASSAY_STAT_MIN},
                 {"@max", ASSAY_STAT_MAX},
                 {"@last", ASSAY_STAT_LAST}};
    for (size_t i = 0; i < ASSAY_COUNT(stats); i++) {
        size_t cut = strlen(stats[i].suffix);
        if (*length > cut && same(name + *length - cut, cut, stats[i].suffix)) {
            *length -= cut;
            return stats[i].stat;
        }
    }
    return ASSAY_STAT_LAST;
}

size_t field_odd_stat(const char *name, size_t length)
{
    size_t at = length;
    while (at > 0 && name[at - 1] != '@') {
        char c = lower(name[at - 1]);
        if (c < 'a' || c > 'z')
            return length;
        at--;
    }
    return at > 1 && at < length ? at - 1 : length;
}

const char *attr_value(enum query_attr attr, size_t i)
{
    static const char *const lifecycles[] = {"active", "deleted"};
    if (attr == ATTR_STATUS && i <= ASSAY_RUN_KILLED)
        return assay_run_status_name((enum assay_run_status)i);
    if (attr == ATTR_LIFECYCLE && i < ASSAY_COUNT(lifecycles))
        return lifecycles[i];
    return NULL;
}

const char *attr_value_near(enum query_attr attr, const char *text, size_t length)
{
    const char *best = NULL, *value;
    size_t nearest = length / 3 + 2;
    for (size_t i = 0; (value = attr_value(attr, i)); i++) {
        size_t far = field_distance(text, length, value);
        if (far < nearest) {
            nearest = far;
            best = value;
        }
    }
    return best;
}

static const char *or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

const char *attr_text(const struct assay_catalog *catalog, const struct assay_run *run,
                      enum query_attr attr)
{
    switch (attr) {
    case ATTR_ID:
        return or_null(run->id);
    case ATTR_NAME:
        return or_null(run->name);
    case ATTR_STATUS:
        return run->status == ASSAY_RUN_UNKNOWN ? NULL : assay_run_status_name(run->status);
    case ATTR_USER:
        return or_null(run->user);
    case ATTR_EXPERIMENT:
        return or_null(assay_catalog_experiment(catalog, run->experiment)->name);
    case ATTR_EXPERIMENT_ID:
        return or_null(assay_catalog_experiment(catalog, run->experiment)->id);
    case ATTR_SOURCE:
        return or_null(assay_catalog_source(catalog, run->source)->name);
    case ATTR_SOURCE_KIND:
        return or_null(assay_catalog_source(catalog, run->source)->kind);
    case ATTR_LIFECYCLE:
        return run->deleted ? "deleted" : "active";
    case ATTR_ARTIFACT_URI:
        return or_null(run->artifact_uri);
    default:
        return NULL;
    }
}

bool attr_number(const struct assay_catalog *catalog, const struct assay_run *run,
                 enum query_attr attr, int64_t now_ms, double *number)
{
    int64_t start = run->start_ms, end = run->end_ms;
    if (attr == ATTR_DURATION) {
        if (end == ASSAY_NO_TIME && run->status == ASSAY_RUN_RUNNING)
            end = assay_catalog_as_of(catalog, run->source, now_ms);
        *number = (double)end - (double)start;
        return start != ASSAY_NO_TIME && end != ASSAY_NO_TIME;
    }
    *number = (double)(attr == ATTR_START ? start : end);
    return (attr == ATTR_START ? start : end) != ASSAY_NO_TIME;
}

/*
 * Names written without a kind, as in "lr = 0.1": a run's param, metric or tag of that name,
 * or, where no run has one, of that last part ("train/loss" and "optim.lr" end in "loss" and
 * "lr"). Looked up anew at each select, for a session learns names while it reads.
 */
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"

static const enum assay_field_kind kinds[] = {ASSAY_FIELD_METRIC, ASSAY_FIELD_PARAM,
                                              ASSAY_FIELD_TAG};

/* Keeps the column of KEY where a run has a value in it, or may have once it is read. */
static void take_column(struct query_test *test, struct assay_catalog *catalog,
                        enum assay_field_kind kind, const char *key, bool *loading)
{
    const struct assay_column *column =
        assay_catalog_column(catalog, kind, key, test->field.stat);

    *loading |= !column->ready;
    if (column->ready && (!column->count || !memchr(column->present, 1, column->count)))
        return;
    ASSAY_GROW(test->columns, test->column_capacity, test->column_count + 1);
    test->columns[test->column_count++] = column;
}

/* Whether NAME ends in the part KEY, after a '/' or '.'. */
static bool has_last_part(const char *name, const char *key)
{
    size_t length = strlen(name), part = strlen(key);
    return length > part && strcmp(name + length - part, key) == 0 &&
           strchr("/.", name[length - part - 1]);
}

static void take_last_parts(struct query_test *test, struct assay_catalog *catalog,
                            enum assay_field_kind kind, bool *loading)
{
    const char **names;
    size_t count = assay_catalog_keys(catalog, ASSAY_NONE, kind, &names);

    for (size_t i = 0; i < count; i++)
        if (has_last_part(names[i], test->field.key))
            take_column(test, catalog, kind, names[i], loading);
    free(names);
}

/* A metric whose name ends as a statistic might: whether a run has it. */
static void find_odd(struct query_test *test, struct assay_catalog *catalog, bool *loading)
{
    const struct assay_column *column =
        assay_catalog_column(catalog, ASSAY_FIELD_METRIC, test->field.key, test->field.stat);
    *loading |= !column->ready;
    test->unknown =
        column->ready && (!column->count || !memchr(column->present, 1, column->count));
}

static void find(struct query_test *test, struct assay_catalog *catalog, bool *loading)
{
    bool reading = false;

    if (!test->field.named) {
        find_odd(test, catalog, loading);
        return;
    }

    test->column_count = 0;
    for (int last_part = 0; last_part < 2 && !test->column_count; last_part++)
        for (size_t i = 0; i < ASSAY_COUNT(kinds); i++) {
            if (test->field.stat != ASSAY_STAT_LAST && kinds[i] != ASSAY_FIELD_METRIC)
                continue;
            if (last_part)
                take_last_parts(test, catalog, kinds[i], &reading);
            else
                take_column(test, catalog, kinds[i], test->field.key, &reading);
        }
    test->unknown = !reading && !test->column_count;
    *loading |= reading;
}

struct found {
    struct assay_field *items;
    size_t count, capacity;
};

/* Adds those of the NAMES that FIELD means: just its name, or those of that last part. */
static void add_found(struct found *found, const struct assay_field *field,
                      enum assay_field_kind kind, const char *const *names, size_t count,
                      bool last_part)
{
    for (size_t i = 0; i < count; i++) {
        struct assay_field one = {.kind = kind, .stat = field->stat};
        if (last_part ? !has_last_part(names[i], field->key)
                      : strcmp(names[i], field->key) != 0)
            continue;
        if (strlen(names[i]) + KIND_ROOM > sizeof one.key)
            continue;
        memcpy(one.key, names[i], strlen(names[i]) + 1);
        ASSAY_GROW(found->items, found->capacity, found->count + 1);
        found->items[found->count++] = one;
    }
}

size_t assay_field_look_up(const struct assay_field *field, struct assay_catalog *catalog,
                           struct assay_field **out)
{
    struct found found = {0};
    for (int last_part = 0; last_part < 2 && !found.count; last_part++)
        for (size_t i = 0; i < ASSAY_COUNT(kinds); i++) {
            const char **names;
            if (field->stat != ASSAY_STAT_LAST && kinds[i] != ASSAY_FIELD_METRIC)
                continue;
            size_t count = assay_catalog_keys(catalog, ASSAY_NONE, kinds[i], &names);
            add_found(&found, field, kinds[i], names, count, last_part);
            free(names);
        }
    *out = found.items;
    return found.count;
}

void named_find(const struct assay_query *query, struct assay_catalog *catalog, bool *loading)
{
    for (struct query_test *test = query->named; test; test = test->next_named)
        find(test, catalog, loading);
}

void assay_query_look_up(const struct assay_query *query, struct assay_catalog *catalog,
                         bool *loading)
{
    named_find(query, catalog, loading);
}

/* Says what is wrong with a name that is nobody's; what it may have been meant for. */
static void fail_unknown(const struct query_test *test, struct assay_error *err)
{
    const char *key = test->field.key, *dot = strchr(key, '.');
    int length = strlen(key) > 60 ? 60 : (int)strlen(key);
    const char *near = dot && dot > key ? field_suggestion(key, (size_t)(dot - key), true)
                                        : field_suggestion(key, strlen(key), false);

    if (near && dot)
        assay_fail(err, ASSAY_BAD_INPUT, "unknown kind of field '%.*s'; did you mean %s?",
                   (int)(dot - key), key, near);
    else
        assay_fail(err, ASSAY_BAD_INPUT, "no run has a param, metric or tag '%.*s'%s%s%s",
                   length, key, near ? "; did you mean " : "", near ? near : "",
                   near ? "?" : "");
    assay_hint(err, "metrics., params., tags., attributes. or dataset. before a name say what "
                    "it is");
}

/* The same of a name that ends as a statistic might. */
static void fail_odd(const struct query_test *test, struct assay_error *err)
{
    const char *key = test->field.key, *stat = strrchr(key, '@');
    int length = strlen(key) > 60 ? 60 : (int)strlen(key);
    assay_fail(err, ASSAY_BAD_INPUT, "no run has a %s '%.*s', and '%.20s' is no value of one",
               test->field.named ? "param, metric or tag" : "metric", length, key, stat);
    assay_hint(err, "of a metric there are @best, @min, @max and @last");
}

enum assay_status assay_query_check(const struct assay_query *query, struct assay_error *err)
{
    for (const struct query_test *test = query ? query->named : NULL; test;
         test = test->next_named) {
        if (!test->unknown)
            continue;
        if (test->stat_at)
            fail_odd(test, err);
        else
            fail_unknown(test, err);
        if (err)
            err->column = test->stat_at ? test->stat_at : test->at;
        return ASSAY_BAD_INPUT;
    }
    return ASSAY_OK;
}

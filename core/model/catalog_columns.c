/*
 * Columns: one field of every run in flat arrays, which is what filters and sorts work on. A
 * column is built when it is first asked for and then kept up to date run by run. It covers no
 * run before there is a value: a name is asked of metrics, params and tags, and mostly one of
 * them has it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "model/attrs.h"
#include "model/catalog_private.h"

double catalog_stat(const char *metric, const struct assay_summary *summary,
                    enum assay_stat stat)
{
    int direction;

    switch (stat) {
    case ASSAY_STAT_LAST:
        return summary->last;
    case ASSAY_STAT_MIN:
        return summary->min;
    case ASSAY_STAT_MAX:
        return summary->max;
    case ASSAY_STAT_BEST:
        break;
    }
    direction = assay_metric_direction(metric);
    return direction > 0 ? summary->max : direction < 0 ? summary->min : summary->last;
}

static struct column_node *node_of(struct assay_column *column)
{
    return (struct column_node *)((char *)column - offsetof(struct column_node, column));
}

/* Makes room for every run of the catalog; new ones have no value. */
static void column_fit(struct assay_catalog *catalog, struct column_node *node)
{
    struct assay_column *column = &node->column;
    size_t need = catalog->run_count;

    if (need > node->capacity) {
        size_t capacity = need + need / 2 + 64;

        column->present = assay_realloc_array(column->present, capacity, 1);
        column->numbers = assay_realloc_array(column->numbers, capacity, sizeof(double));
        if (column->kind != ASSAY_FIELD_METRIC)
            column->texts = assay_realloc_array(column->texts, capacity, sizeof(char *));
        node->capacity = capacity;
    }
    for (; column->count < need; column->count++) {
        column->present[column->count] = 0;
        column->numbers[column->count] = NAN;
        if (column->texts)
            column->texts[column->count] = NULL;
    }
}

void catalog_column_put(struct assay_catalog *catalog, struct assay_column *column,
                        uint32_t run, double number, const char *text)
{
    struct column_node *node = node_of(column);

    column_fit(catalog, node);
    column->present[run] = 1;
    column->numbers[run] = number;
    if (column->kind == ASSAY_FIELD_METRIC)
        return;
    if (!column->texts[run] || strcmp(column->texts[run], text) != 0)
        column->texts[run] = assay_arena_strdup(&node->text, text);
    if (!assay_number_parse(text, strlen(text), &column->numbers[run]))
        column->numbers[run] = NAN;
}

void catalog_column_value(struct assay_catalog *catalog, struct assay_column *column,
                          uint32_t run, const void *attrs, size_t length)
{
    struct assay_summary summary;
    struct assay_buf joined = {0};
    const char *text = NULL;

    if (run < column->count)
        column->present[run] = 0;
    if (attrs_find(attrs, length, column->kind, column->key, &summary, &text, &joined))
        catalog_column_put(catalog, column, run,
                           column->kind == ASSAY_FIELD_METRIC
                               ? catalog_stat(column->key, &summary, column->stat)
                               : NAN,
                           text);
    assay_buf_free(&joined);
}

void catalog_column_ready(struct assay_catalog *catalog, struct assay_column *column)
{
    column->ready = true;
    catalog_touch(catalog);
}

/* Takes the value from the run's attributes where they are in memory. */
static bool column_from_memory(struct assay_catalog *catalog, struct assay_column *column,
                               uint32_t run)
{
    const struct run_private *hidden = &catalog->privates[run];

    if (hidden->attrs)
        catalog_column_value(catalog, column, run, hidden->attrs, hidden->attrs_length);
    return hidden->attrs || !hidden->row;
}

static void column_fetch(struct assay_catalog *catalog, struct assay_column *column,
                         uint32_t run)
{
    void *bytes = NULL;
    size_t length = 0;

    if (catalog->hooks.fetch &&
        catalog->hooks.fetch(catalog->hooks.context, run, &bytes, &length))
        catalog_column_value(catalog, column, run, bytes, length);
    free(bytes);
}

/* A run changed: its value in every column there is, its attributes fetched once. */
void columns_update(struct assay_catalog *catalog, uint32_t run)
{
    void *bytes = NULL;
    size_t length = 0;
    bool asked = false;

    for (struct column_node *node = catalog->columns; node; node = node->next) {
        if (column_from_memory(catalog, &node->column, run) || !node->column.ready)
            continue;
        if (!asked && catalog->hooks.fetch &&
            !catalog->hooks.fetch(catalog->hooks.context, run, &bytes, &length))
            bytes = NULL;
        asked = true;
        if (bytes)
            catalog_column_value(catalog, &node->column, run, bytes, length);
    }
    free(bytes);
}

static void column_build(struct assay_catalog *catalog, struct assay_column *column)
{
    size_t missing = 0;

    if (catalog->hooks.fill_rare && catalog->hooks.fill_rare(catalog->hooks.context, column)) {
        column->ready = true;
        return;
    }
    for (uint32_t run = 0; run < catalog->run_count; run++)
        missing += !column_from_memory(catalog, column, run);
    if (missing && catalog->hooks.load_column) {
        catalog->hooks.load_column(catalog->hooks.context, column);
        return;
    }
    for (uint32_t run = 0; missing && run < catalog->run_count; run++)
        if (!catalog->privates[run].attrs && catalog->privates[run].row)
            column_fetch(catalog, column, run);
    column->ready = true;
}

static struct column_node *find_node(struct assay_catalog *catalog, enum assay_field_kind kind,
                                     const char *key, enum assay_stat stat)
{
    struct column_node *node = catalog->columns;

    while (node && (node->column.kind != kind || node->column.stat != stat ||
                    strcmp(node->column.key, key) != 0))
        node = node->next;
    return node;
}

static struct column_node *add_node(struct assay_catalog *catalog, enum assay_field_kind kind,
                                    const char *key, enum assay_stat stat)
{
    struct column_node *node = assay_alloc(sizeof *node);

    node->column = (struct assay_column){
        .kind = kind,
        .stat = stat,
        .key = assay_arena_strdup(&catalog->text, key),
    };
    node->next = catalog->columns;
    catalog->columns = node;
    return node;
}

const struct assay_column *assay_catalog_column(struct assay_catalog *catalog,
                                                enum assay_field_kind kind, const char *key,
                                                enum assay_stat stat)
{
    struct column_node *node;

    need_all(catalog);
    if (kind != ASSAY_FIELD_METRIC)
        stat = ASSAY_STAT_LAST;
    node = find_node(catalog, kind, key, stat);
    if (!node) {
        node = add_node(catalog, kind, key, stat);
        column_build(catalog, &node->column);
    }
    return &node->column;
}

void catalog_column_refresh(struct assay_catalog *catalog, struct assay_column *column,
                            const uint32_t *stale, size_t stale_count)
{
    for (size_t i = 0; i < stale_count; i++) {
        if (stale[i] < column->count)
            column->present[stale[i]] = 0;
        if (!column_from_memory(catalog, column, stale[i]))
            column_fetch(catalog, column, stale[i]);
    }
}

static void node_clear(struct column_node *node)
{
    free(node->column.present);
    free(node->column.numbers);
    free(node->column.texts);
    assay_arena_free(&node->text);
}

bool catalog_column_take(struct assay_catalog *catalog, struct catalog_values *values,
                         const uint32_t *stale, size_t stale_count)
{
    struct column_node *node = find_node(catalog, values->kind, values->key, ASSAY_STAT_LAST);
    bool waited = node != NULL;

    if (node && node->column.ready) {
        catalog_values_free(values);
        return false;
    }
    if (!node)
        node = add_node(catalog, values->kind, values->key, ASSAY_STAT_LAST);
    node_clear(node);
    node->column.present = values->present;
    node->column.numbers = values->numbers;
    node->column.texts = values->texts;
    node->column.count = node->capacity = values->count;
    node->text = values->text;
    *values = (struct catalog_values){0};
    catalog_column_refresh(catalog, &node->column, stale, stale_count);
    node->column.ready = true;
    return waited;
}

void catalog_values_free(struct catalog_values *values)
{
    free(values->present);
    free(values->numbers);
    free(values->texts);
    assay_arena_free(&values->text);
    *values = (struct catalog_values){0};
}

void columns_free(struct assay_catalog *catalog)
{
    while (catalog->columns) {
        struct column_node *node = catalog->columns;

        catalog->columns = node->next;
        node_clear(node);
        free(node);
    }
}

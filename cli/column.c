/*
 * Columns of runs: their names, and the cells they make. Used by `assay runs`.
 */
#include "column.h"

#include <stdlib.h>
#include <string.h>

#include <assay/map.h>
#include <assay/memory.h>
#include <assay/query.h>
#include <assay/text.h>

#define MAIN_METRICS 3

/* The attributes that are columns, by the names that core/query gives them. */
static const struct {
    const char *name;
    enum cli_field field;
} attributes[] = {
    {"id", CLI_FIELD_ID},
    {"name", CLI_FIELD_NAME},
    {"experiment", CLI_FIELD_EXPERIMENT},
    {"experiment_id", CLI_FIELD_EXPERIMENT_ID},
    {"source", CLI_FIELD_SOURCE},
    {"source_kind", CLI_FIELD_SOURCE_KIND},
    {"status", CLI_FIELD_STATUS},
    {"lifecycle", CLI_FIELD_LIFECYCLE},
    {"user", CLI_FIELD_USER},
    {"start", CLI_FIELD_START},
    {"end", CLI_FIELD_END},
    {"duration", CLI_FIELD_DURATION},
    {"artifact_uri", CLI_FIELD_ARTIFACT_URI},
};

static void add(struct cli_columns *columns, struct cli_column column)
{
    ASSAY_GROW(columns->items, columns->capacity, columns->count + 1);
    columns->items[columns->count++] = column;
}

static void add_attribute(struct cli_columns *columns, enum cli_field field)
{
    for (size_t i = 0; i < ASSAY_COUNT(attributes); i++)
        if (attributes[i].field == field) {
            add(columns,
                (struct cli_column){.field = field, .title = assay_strdup(attributes[i].name)});
            return;
        }
}

static void add_key(struct cli_columns *columns, enum cli_field field, const char *key)
{
    static const char *const prefixes[] = {
        [CLI_FIELD_METRIC] = "metrics.",
        [CLI_FIELD_PARAM] = "params.",
        [CLI_FIELD_TAG] = "tags.",
    };
    struct assay_buf title = {0};
    assay_buf_format(&title, "%s%s", prefixes[field], key);
    add(columns, (struct cli_column){
                     .field = field,
                     .key = assay_strdup(key),
                     .title = assay_buf_take(&title),
                 });
}

static enum cli_field attribute_of(const char *name)
{
    for (size_t i = 0; i < ASSAY_COUNT(attributes); i++)
        if (strcmp(attributes[i].name, name) == 0)
            return attributes[i].field;
    return CLI_FIELD_ID;
}

/* Adds FIELD under TITLE, which is taken. */
static void add_field(struct cli_columns *columns, const struct assay_field *field, char *title)
{
    static const enum cli_field kinds[] = {
        [ASSAY_FIELD_METRIC] = CLI_FIELD_METRIC,
        [ASSAY_FIELD_PARAM] = CLI_FIELD_PARAM,
        [ASSAY_FIELD_TAG] = CLI_FIELD_TAG,
    };
    struct cli_column column = {.title = title, .stat = field->stat};
    column.field = field->attribute ? attribute_of(field->attribute) : kinds[field->kind];
    if (!field->attribute)
        column.key = assay_strdup(field->key);
    column.named = field->named;
    add(columns, column);
}

static enum assay_status parse_one(struct cli_columns *columns, const char *text, size_t length,
                                   struct assay_error *err)
{
    struct assay_field field;
    if (!length || assay_field_parse(&field, text, length, err) != ASSAY_OK) {
        if (!length)
            assay_fail(err, ASSAY_BAD_INPUT, "runs: --columns: an empty name");
        assay_hint(err, "assay runs --help lists the columns");
        return ASSAY_BAD_INPUT;
    }
    add_field(columns, &field, assay_strndup(text, length));
    return ASSAY_OK;
}

enum assay_status cli_columns_parse(struct cli_columns *columns, const char *list,
                                    struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    while (status == ASSAY_OK) {
        size_t length = assay_field_length(list);
        status = parse_one(columns, list, length, err);
        if (!list[length])
            break;
        list += length + 1;
    }
    return status;
}

enum assay_status cli_columns_sort(struct cli_columns *columns, const struct assay_sort *sort,
                                   const char *key, struct assay_error *err)
{
    size_t before = columns->count;
    enum assay_status status = parse_one(columns, sort->field, strlen(sort->field), err);
    if (columns->count > before) {
        free(columns->items[before].title);
        columns->items[before].title = assay_strdup(key);
        columns->items[before].named = sort->named;
    }
    return status;
}

/* What the name of ONE alone stands for, in its place: itself where there is only that, else
   each under its full name. */
static void settle_one(struct cli_columns *columns, struct cli_column *one,
                       struct assay_catalog *catalog)
{
    struct assay_field field = {.stat = one->stat, .named = true}, *found = NULL;
    char text[ASSAY_FIELD_TEXT];
    memcpy(field.key, one->key, strlen(one->key) + 1);
    size_t count = assay_field_look_up(&field, catalog, &found);
    for (size_t i = 0; i < count; i++)
        add_field(columns, &found[i],
                  assay_strdup(count == 1 ? one->title : assay_field_text(&found[i], text)));
    free(found);
    if (!count) {
        add(columns, *one);
        return;
    }
    free(one->key);
    free(one->title);
}

void cli_columns_settle(struct cli_columns *columns, struct assay_catalog *catalog)
{
    struct cli_columns settled = {0};
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->items[i].named)
            settle_one(&settled, &columns->items[i], catalog);
        else
            add(&settled, columns->items[i]);
    }
    free(columns->items);
    *columns = settled;
}

/* ---- the columns that are there without -c ---- */

struct tally {
    const char *key;
    size_t runs;
};
struct tallies {
    struct assay_map map;
    struct tally *items;
    size_t count, capacity;
};

static void count_key(struct tallies *tallies, const char *key)
{
    uint32_t at = assay_map_get(&tallies->map, key, strlen(key));
    if (at == ASSAY_MAP_NONE) {
        at = (uint32_t)tallies->count;
        ASSAY_GROW(tallies->items, tallies->capacity, tallies->count + 1);
        const char *kept = assay_map_set(&tallies->map, key, strlen(key), at);
        tallies->items[tallies->count++] = (struct tally){.key = kept};
    }
    tallies->items[at].runs++;
}

static void count_keys(struct tallies *tallies, enum cli_field field,
                       const struct assay_attrs *attrs)
{
    if (field == CLI_FIELD_METRIC)
        for (size_t i = 0; i < attrs->metric_count; i++)
            count_key(tallies, attrs->metrics[i].key);
    else if (field == CLI_FIELD_PARAM)
        for (size_t i = 0; i < attrs->param_count; i++)
            count_key(tallies, attrs->params[i].key);
    else
        for (size_t i = 0; i < attrs->tag_count; i++)
            count_key(tallies, attrs->tags[i].key);
}

static int by_name(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return assay_text_natural(x->key, y->key);
}

/* What a run is judged by comes first, and of that what it was not trained on; system metrics
   (GPU load and so on) come last. */
static int rank(const char *metric)
{
    if (strncmp(metric, "system/", 7) == 0)
        return 3;
    if (!assay_metric_direction(metric))
        return 2;
    return assay_text_contains(metric, "val") || assay_text_contains(metric, "test") ? 0 : 1;
}

static int by_use(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    int x_rank = rank(x->key), y_rank = rank(y->key);
    if (x_rank != y_rank)
        return x_rank - y_rank;
    if (x->runs != y->runs)
        return x->runs > y->runs ? -1 : 1;
    return by_name(a, b);
}

static void add_keys(struct cli_columns *columns, struct cli *cli, enum cli_field field,
                     const uint32_t *rows, size_t count, size_t most)
{
    struct tallies tallies = {0};
    for (size_t i = 0; i < count; i++)
        count_keys(&tallies, field, assay_catalog_attrs(cli->catalog, rows[i]));
    if (tallies.count)
        qsort(tallies.items, tallies.count, sizeof *tallies.items,
              most < SIZE_MAX ? by_use : by_name);
    for (size_t i = 0; i < tallies.count && i < most; i++)
        add_key(columns, field, tallies.items[i].key);
    free(tallies.items);
    assay_map_free(&tallies.map);
}

void cli_columns_main(struct cli_columns *columns, struct cli *cli, const uint32_t *rows,
                      size_t count)
{
    static const enum cli_field fields[] = {CLI_FIELD_ID,         CLI_FIELD_NAME,
                                            CLI_FIELD_EXPERIMENT, CLI_FIELD_STATUS,
                                            CLI_FIELD_START,      CLI_FIELD_DURATION};
    for (size_t i = 0; i < ASSAY_COUNT(fields); i++)
        add_attribute(columns, fields[i]);
    add_keys(columns, cli, CLI_FIELD_METRIC, rows, count, MAIN_METRICS);
}

void cli_columns_all(struct cli_columns *columns, struct cli *cli, const uint32_t *rows,
                     size_t count)
{
    for (int field = CLI_FIELD_ID; field <= CLI_FIELD_ARTIFACT_URI; field++)
        add_attribute(columns, (enum cli_field)field);
    add_keys(columns, cli, CLI_FIELD_PARAM, rows, count, SIZE_MAX);
    add_keys(columns, cli, CLI_FIELD_METRIC, rows, count, SIZE_MAX);
    add_keys(columns, cli, CLI_FIELD_TAG, rows, count, SIZE_MAX);
}

void cli_columns_free(struct cli_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        free(columns->items[i].key);
        free(columns->items[i].title);
    }
    free(columns->items);
    *columns = (struct cli_columns){0};
}

/* ---- cells ---- */

void cli_columns_head(const struct cli_columns *columns, struct cli_table *table)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct cli_column *c = &columns->items[i];
        bool right = c->field == CLI_FIELD_METRIC || c->field == CLI_FIELD_DURATION ||
                     c->field == CLI_FIELD_START || c->field == CLI_FIELD_END;
        const char *heading = c->key ? strchr(c->title, '.') : NULL;
        const char *name = c->title;
        if (c->field == CLI_FIELD_START && strcmp(name, "start") == 0)
            name = "start_ms";
        else if (c->field == CLI_FIELD_END && strcmp(name, "end") == 0)
            name = "end_ms";
        else if (c->field == CLI_FIELD_DURATION)
            name = "duration_ms";
        cli_table_column(table, name, heading && heading[1] ? heading + 1 : c->title, right);
        if (c->field == CLI_FIELD_ID || c->field == CLI_FIELD_STATUS)
            cli_table_whole(table);
    }
}

static double stat_of(const struct assay_metric *metric, enum assay_stat stat)
{
    const struct assay_summary *s = &metric->summary;
    if (stat == ASSAY_STAT_BEST) {
        int direction = assay_metric_direction(metric->key);
        stat = direction > 0   ? ASSAY_STAT_MAX
               : direction < 0 ? ASSAY_STAT_MIN
                               : ASSAY_STAT_LAST;
    }
    return stat == ASSAY_STAT_MIN ? s->min : stat == ASSAY_STAT_MAX ? s->max : s->last;
}

static void add_attrs_cell(const struct cli_column *column, struct cli *cli, uint32_t run,
                           struct cli_table *table)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    if (column->field == CLI_FIELD_METRIC) {
        const struct assay_metric *metric = assay_attrs_metric(attrs, column->key);
        if (metric)
            cli_table_number(table, stat_of(metric, column->stat), metric->single);
        else
            cli_table_none(table);
        return;
    }
    const char *text = column->field == CLI_FIELD_PARAM ? assay_attrs_param(attrs, column->key)
                                                        : assay_attrs_tag(attrs, column->key);
    if (text)
        cli_table_value(table, text);
    else
        cli_table_none(table);
}

static void add_text_cell(struct cli_table *table, const char *text)
{
    if (text && *text)
        cli_table_text(table, text);
    else
        cli_table_none(table);
}

static void add_cell(const struct cli_column *column, struct cli *cli, uint32_t run,
                     struct cli_table *table)
{
    const struct assay_run *r = assay_catalog_run(cli->catalog, run);
    const struct assay_source *source = assay_catalog_source(cli->catalog, r->source);
    const struct assay_experiment *experiment =
        r->experiment == ASSAY_NONE ? NULL
                                    : assay_catalog_experiment(cli->catalog, r->experiment);
    char id[72], age[24];
    switch (column->field) {
    case CLI_FIELD_ID:
        cli_table_text(table, cli->format == CLI_TABLE
                                  ? assay_catalog_short_id(cli->catalog, run, id)
                                  : r->id);
        break;
    case CLI_FIELD_NAME:
        add_text_cell(table, r->name);
        break;
    case CLI_FIELD_EXPERIMENT:
        add_text_cell(table, experiment ? experiment->name : "");
        break;
    case CLI_FIELD_EXPERIMENT_ID:
        add_text_cell(table, experiment ? experiment->id : "");
        break;
    case CLI_FIELD_SOURCE:
        cli_table_text(table, cli->format == CLI_TABLE ? source->name : source->where);
        break;
    case CLI_FIELD_SOURCE_KIND:
        cli_table_text(table, source->kind);
        break;
    case CLI_FIELD_STATUS:
        assay_catalog_state_age(age, cli->catalog, run, assay_now_ms());
        cli_table_status(table, r, age);
        break;
    case CLI_FIELD_LIFECYCLE:
        cli_table_text(table, r->deleted ? "deleted" : "active");
        break;
    case CLI_FIELD_USER:
        add_text_cell(table, r->user);
        break;
    case CLI_FIELD_START:
        cli_table_age(table, r->start_ms);
        break;
    case CLI_FIELD_END:
        cli_table_age(table, r->end_ms);
        break;
    case CLI_FIELD_DURATION:
        cli_table_duration(table, assay_catalog_duration(cli->catalog, r, assay_now_ms()));
        break;
    case CLI_FIELD_ARTIFACT_URI:
        add_text_cell(table, r->artifact_uri);
        break;
    case CLI_FIELD_METRIC:
    case CLI_FIELD_PARAM:
    case CLI_FIELD_TAG:
        add_attrs_cell(column, cli, run, table);
        break;
    }
}

void cli_columns_row(const struct cli_columns *columns, struct cli *cli, uint32_t run,
                     struct cli_table *table)
{
    for (size_t i = 0; i < columns->count; i++)
        add_cell(&columns->items[i], cli, run, table);
}

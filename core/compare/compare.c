/*
 * Filling a comparison: runs come one by one, their attributes are interned row by row. Called
 * by the front ends with runs of the catalog or of a bundle.
 *
 * Half a thousand runs of two thousand keys are a million cells, so the common case is short:
 * the run before had the same keys in the same order (hints) and, mostly, the same values (the
 * first comparison is with its cell).
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define MANY_VALUES   12           /* from here on a map finds the value */
#define NUMBER_LENGTH 40           /* longer texts are no numbers */
#define STRUCTURE_MAX (256u << 10) /* longer ones are compared as a whole */
#define NOTICES_MAX   64
#define CELLS_MAX     ((size_t)256 << 20) /* bytes that are made room for before they come */

struct assay_comparison *assay_comparison_new(void)
{
    return assay_alloc(sizeof(struct assay_comparison));
}

void assay_comparison_free(struct assay_comparison **comparison)
{
    struct assay_comparison *c = *comparison;
    if (!c)
        return;
    for (size_t i = 0; i < c->row_count; i++) {
        free(c->rows[i].values);
        free(c->rows[i].instead);
        assay_map_free(&c->rows[i].by_text);
    }
    for (size_t k = 0; k < ASSAY_COUNT(c->hints); k++)
        free(c->hints[k]);
    for (size_t i = 0; i < c->notice_count; i++)
        free((char *)c->notices[i]);
    for (size_t i = 0; i < c->run_count; i++)
        compare_metrics_free(&c->metrics[i]);
    free(c->metrics);
    free(c->shapes);
    free(c->rows);
    free(c->runs);
    free(c->order);
    free(c->place);
    free(c->directions);
    free(c->notices);
    free(c->twins);
    assay_map_free(&c->run_ids);
    assay_map_free(&c->row_keys);
    assay_arena_free(&c->arena);
    assay_arena_free(&c->cells);
    free(c);
    *comparison = NULL;
}

void compare_notice(struct assay_comparison *comparison, const char *format, ...)
{
    char text[512];
    struct assay_buf clean = {0};
    va_list args;
    if (comparison->notice_count == NOTICES_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assay_text_clean(&clean, text, strlen(text));
    ASSAY_GROW(comparison->notices, comparison->notice_capacity, comparison->notice_count + 1);
    comparison->notices[comparison->notice_count++] = assay_buf_take(&clean);
}

/* ---- rows ---- */

static struct compare_row *new_row(struct assay_comparison *c, enum assay_row_kind kind,
                                   const char *key, size_t length)
{
    ASSAY_GROW(c->rows, c->row_capacity, c->row_count + 1);
    struct compare_row *row = &c->rows[c->row_count];
    *row = (struct compare_row){.shown = {.kind = kind}};
    row->shown.key = assay_arena_strndup(&c->arena, key, length);
    row->shown.section = compare_section(kind, row->shown.key, &row->shown.label);
    row->gpu_rank = compare_gpu_rank(kind, row->shown.key);
    row->identifier = compare_is_identifier(row->shown.key);
    return row;
}

static void keep_hint(struct assay_comparison *c, enum assay_row_kind kind, size_t hint,
                      uint32_t row)
{
    if (hint == SIZE_MAX)
        return;
    size_t had = c->hint_capacity[kind];
    if (hint >= had) {
        ASSAY_GROW(c->hints[kind], c->hint_capacity[kind], hint + 1);
        for (size_t i = had; i < c->hint_capacity[kind]; i++)
            c->hints[kind][i] = UINT32_MAX;
    }
    c->hints[kind][hint] = row;
}

struct compare_row *compare_row_of(struct assay_comparison *c, enum assay_row_kind kind,
                                   const char *key, size_t length, size_t hint)
{
    if (hint < c->hint_capacity[kind] && c->hints[kind][hint] != UINT32_MAX) {
        struct compare_row *row = &c->rows[c->hints[kind][hint]];
        if (strcmp(row->shown.key, key) == 0) /* with a hint the key ends where it ends */
            return row;
    }
    length = length == SIZE_MAX ? strlen(key) : length;
    struct assay_buf name = {0};
    assay_buf_char(&name, (char)('a' + (int)kind));
    assay_buf_add(&name, key, length);
    uint32_t at = assay_map_get(&c->row_keys, assay_buf_text(&name), name.length);
    if (at == ASSAY_MAP_NONE) {
        at = (uint32_t)c->row_count;
        assay_map_set(&c->row_keys, assay_buf_text(&name), name.length, at);
        new_row(c, kind, key, length);
        c->row_count++;
    }
    assay_buf_free(&name);
    keep_hint(c, kind, hint, at);
    return &c->rows[at];
}

/* What stood in the old room is left to the arena. */
static void grow_row(struct assay_comparison *c, struct compare_row *row, size_t need)
{
    size_t capacity = row->capacity ? row->capacity * 2 : 8;
    capacity = capacity < c->expected ? c->expected : capacity;
    capacity = capacity < need ? need : capacity;
    uint32_t *cells = assay_arena_take(&c->cells, capacity * sizeof *cells);
    if (row->filled)
        memcpy(cells, row->cells, row->filled * sizeof *cells);
    row->cells = cells;
    row->capacity = capacity;
}

/* Room for a cell in COLUMN; what was skipped is nothing. */
static inline void reach_column(struct assay_comparison *c, struct compare_row *row,
                                size_t column)
{
    if (column >= row->capacity)
        grow_row(c, row, column + 1);
    while (row->filled <= column)
        row->cells[row->filled++] = 0;
}

struct compare_row *compare_find_row(const struct assay_comparison *c, enum assay_row_kind kind,
                                     const char *key)
{
    struct assay_buf name = {0};
    assay_buf_char(&name, (char)('a' + (int)kind));
    assay_buf_text_add(&name, key);
    uint32_t at = assay_map_get(&c->row_keys, assay_buf_text(&name), name.length);
    assay_buf_free(&name);
    return at == ASSAY_MAP_NONE ? NULL : &c->rows[at];
}

/* Before the first of many runs: the others have about as many keys. */
static void reserve_cells(struct assay_comparison *c, const struct assay_attrs *attrs)
{
    size_t texts = attrs->param_count + attrs->tag_count + attrs->input_count + 16;
    size_t each = texts * sizeof(uint32_t);
    if (c->expected > 1 && each < CELLS_MAX / c->expected)
        assay_arena_reserve(&c->cells, each * c->expected + texts * 64);
}

void assay_comparison_expect(struct assay_comparison *comparison, size_t runs)
{
    comparison->expected = runs < ASSAY_COMPARE_RUNS_MAX ? runs : ASSAY_COMPARE_RUNS_MAX;
}

/* ---- texts ---- */

/* Whether values of ROW are numbers where they look like it. Versions, digests and names are
   texts: 1.1 and 1.10 are two versions. What was worked out from metrics (an area, a cost, the
   steps to a target) is as good as one. */
static bool has_numbers(const struct assay_row *row)
{
    return row->kind != ASSAY_ROW_INPUT && row->kind != ASSAY_ROW_OUTPUT &&
           (row->kind != ASSAY_ROW_FACT || row->section == ASSAY_SECTION_DATA ||
            row->section == ASSAY_SECTION_METRICS);
}

/* As long as what readers keep, or cut there at the end of a character: there may have been
   more. */
static bool may_be_cut(size_t length)
{
    return length <= ASSAY_VALUE_MAX && length + 4 >= ASSAY_VALUE_MAX;
}

/* Params that are the same number are the same: 0.001 and 1e-3. Anything else is what it is
   written as: a commit that looks like a number is none. */
static void find_same(struct compare_row *row, uint32_t at)
{
    struct compare_value *value = &row->values[at];
    bool param = row->shown.kind == ASSAY_ROW_PARAM || row->shown.kind == ASSAY_ROW_PATH;
    value->same = at;
    if (!param || !value->numeric || !isfinite(value->number))
        return;
    size_t looked = at < 64 ? at : 64; /* many values are many numbers: no need to go on */
    for (uint32_t i = 0; i < looked; i++)
        if (row->values[i].numeric && row->values[i].number == value->number) {
            value->same = row->values[i].same;
            return;
        }
}

static bool is_value(const struct compare_value *value, const char *text, size_t length)
{
    return value->length == length && memcmp(value->text, text, length) == 0;
}

static uint32_t find_value(struct compare_row *row, const char *text, size_t length)
{
    if (row->value_count >= MANY_VALUES)
        return assay_map_get(&row->by_text, text, length);
    for (size_t i = 0; i < row->value_count; i++)
        if (is_value(&row->values[i], text, length))
            return (uint32_t)i;
    return ASSAY_MAP_NONE;
}

static uint32_t add_value(struct assay_comparison *c, struct compare_row *row, const char *text,
                          size_t length)
{
    uint32_t at = (uint32_t)row->value_count;
    ASSAY_GROW(row->values, row->value_capacity, row->value_count + 1);
    struct compare_value *value = &row->values[row->value_count++];
    *value = (struct compare_value){
        .text = assay_arena_strndup(&c->arena, text, length), .length = length, .number = NAN};
    value->numeric = length <= NUMBER_LENGTH && has_numbers(&row->shown) &&
                     assay_number_parse(text, length, &value->number);
    value->unsure = may_be_cut(length);
    find_same(row, at);
    if (row->value_count == MANY_VALUES)
        for (uint32_t i = 0; i < at; i++)
            assay_map_set(&row->by_text, row->values[i].text, row->values[i].length, i);
    if (row->value_count >= MANY_VALUES)
        assay_map_set(&row->by_text, value->text, length, at);
    return at;
}

void compare_put(struct assay_comparison *c, struct compare_row *row, size_t column,
                 const char *text, size_t length)
{
    reach_column(c, row, column);
    uint32_t before = column > 0 ? row->cells[column - 1] : 0;
    if (before && is_value(&row->values[before - 1], text, length)) {
        row->cells[column] = before;
        return;
    }
    uint32_t at = find_value(row, text, length);
    if (at == ASSAY_MAP_NONE)
        at = add_value(c, row, text, length);
    row->cells[column] = at + 1;
}

static void put_text(struct assay_comparison *c, enum assay_row_kind kind, const char *key,
                     const char *text, size_t column)
{
    if (text && *text)
        compare_put(c, compare_row_of(c, kind, key, strlen(key), SIZE_MAX), column, text,
                    strlen(text));
}

/* ---- one run ---- */

struct leaf_context {
    struct assay_comparison *comparison;
    size_t column, count;
};

static void put_leaf(void *context, const char *path, size_t path_length, const char *text,
                     size_t length)
{
    struct leaf_context *leaf = context;
    struct compare_row *row =
        compare_row_of(leaf->comparison, ASSAY_ROW_PATH, path, path_length, SIZE_MAX);
    compare_put(leaf->comparison, row, leaf->column, text, length);
    leaf->count++;
}

/* How many GPUs the run says it had; rank 0: it says nothing. */
struct gpus {
    unsigned rank;
    double count;
};

static void param_gpus(struct gpus *gpus, unsigned rank, const char *text, size_t length)
{
    double count;
    if ((gpus->rank && gpus->rank <= rank) || length > NUMBER_LENGTH ||
        !assay_number_parse(text, length, &count) || !(count >= 0 && count <= 1e6))
        return;
    *gpus = (struct gpus){rank, count};
}

static void metric_gpus(struct gpus *gpus, unsigned rank)
{
    double count = rank - COMPARE_GPU_METRIC + 1;
    if (!gpus->rank || (gpus->rank >= COMPARE_GPU_METRIC && count > gpus->count))
        *gpus = (struct gpus){rank, count};
}

static void add_params(struct assay_comparison *c, const struct assay_attrs *attrs,
                       size_t column, struct gpus *gpus)
{
    for (size_t i = 0; i < attrs->param_count; i++) {
        const char *key = attrs->params[i].key, *text = attrs->params[i].value;
        size_t length = strlen(text);
        struct compare_row *row = compare_row_of(c, ASSAY_ROW_PARAM, key, SIZE_MAX, i);
        compare_put(c, row, column, text, length);
        if (row->gpu_rank)
            param_gpus(gpus, row->gpu_rank, text, length);
        if (length <= STRUCTURE_MAX && compare_is_structure(text, length)) {
            struct leaf_context leaf = {c, column, 0};
            size_t at = (size_t)(row - c->rows); /* rows may move */
            compare_leaves(text, length, key, put_leaf, &leaf);
            c->rows[at].shown.parent |= leaf.count > 0;
        }
    }
}

/* Datasets are aligned by what they were used for, models likewise: what differs is then the
   digest. */
static void add_lineage(struct assay_comparison *c, const struct assay_attrs *attrs,
                        size_t column)
{
    char key[400];
    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *in = &attrs->inputs[i];
        snprintf(key, sizeof key, "%.80s%s%.300s", in->context, *in->context ? ": " : "",
                 in->name);
        put_text(c, ASSAY_ROW_INPUT, key, *in->digest ? in->digest : in->source, column);
    }
    for (size_t i = 0; i < attrs->output_count; i++) {
        snprintf(key, sizeof key, "%.120s", attrs->outputs[i].type);
        put_text(c, ASSAY_ROW_OUTPUT, key, attrs->outputs[i].name, column);
    }
}

static void add_attributes(struct assay_comparison *c, const struct assay_compared_run *run,
                           size_t column)
{
    put_text(c, ASSAY_ROW_ATTRIBUTE, "name", run->name, column);
    put_text(c, ASSAY_ROW_ATTRIBUTE, "experiment", run->experiment, column);
    put_text(c, ASSAY_ROW_ATTRIBUTE, "source", run->source, column);
    put_text(c, ASSAY_ROW_ATTRIBUTE, "status", run->status, column);
    put_text(c, ASSAY_ROW_ATTRIBUTE, "user", run->user, column);
    if (run->start_ms != ASSAY_NO_TIME && run->end_ms != ASSAY_NO_TIME &&
        run->end_ms >= run->start_ms) {
        char seconds[32];
        double took = (double)((uint64_t)run->end_ms - (uint64_t)run->start_ms) / 1000;
        put_text(c, ASSAY_ROW_ATTRIBUTE, "duration", assay_number_exact(seconds, took), column);
    }
}

/* What it cost: how long it ran, times the GPUs it says it had, or whose load it logged. Both
   are what the run said; what it did not say is not guessed. */
static void add_cost(struct assay_comparison *c, const struct assay_compared_run *run,
                     const struct gpus *gpus, size_t column)
{
    char text[32];
    if (!gpus->rank || run->start_ms == ASSAY_NO_TIME || run->end_ms == ASSAY_NO_TIME ||
        run->end_ms < run->start_ms)
        return;
    double hours = (double)((uint64_t)run->end_ms - (uint64_t)run->start_ms) / 3.6e6;
    put_text(c, ASSAY_ROW_ATTRIBUTE, "gpu-hours", assay_number_exact(text, hours * gpus->count),
             column);
}

/* The same id may stand in two sources: both are runs. */
static bool is_new(struct assay_comparison *c, const struct assay_compared_run *run)
{
    struct assay_buf name = {0};
    assay_buf_format(&name, "%s\n%s", run->source, run->id);
    bool known =
        assay_map_get(&c->run_ids, assay_buf_text(&name), name.length) != ASSAY_MAP_NONE;
    if (!known)
        assay_map_set(&c->run_ids, assay_buf_text(&name), name.length, (uint32_t)c->run_count);
    assay_buf_free(&name);
    return !known;
}

/* READY: its metrics, which are taken; NULL: they are in ATTRS. */
static bool add_column(struct assay_comparison *c, const struct assay_compared_run *run,
                       const struct assay_attrs *attrs, struct compare_metrics *ready)
{
    if (c->run_count >= ASSAY_COMPARE_RUNS_MAX || !is_new(c, run))
        return false;
    size_t column = c->run_count;
    ASSAY_GROW(c->runs, c->run_capacity, c->run_count + 1);
    ASSAY_GROW(c->metrics, c->metrics_capacity, c->run_count + 1);
    c->metrics[c->run_count] = (struct compare_metrics){0};
    struct assay_compared_run *kept = &c->runs[c->run_count++];
    *kept = *run;
    const char **texts[] = {&kept->id,          &kept->name, &kept->experiment, &kept->source,
                            &kept->source_kind, &kept->user, &kept->status};
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++)
        *texts[i] = assay_arena_strdup(&c->arena, *texts[i] ? *texts[i] : "");
    add_attributes(c, kept, column);
    struct gpus gpus = {0};
    if (column == 0)
        reserve_cells(c, attrs);
    add_params(c, attrs, column, &gpus);
    add_lineage(c, attrs, column);
    unsigned load = compare_metrics_add(c, attrs->metrics, attrs->metric_count, ready);
    if (load)
        metric_gpus(&gpus, load);
    add_cost(c, kept, &gpus, column);
    for (size_t i = 0; i < attrs->tag_count; i++) {
        const char *key = attrs->tags[i].key, *text = attrs->tags[i].value;
        compare_put(c, compare_row_of(c, ASSAY_ROW_TAG, key, SIZE_MAX, i), column, text,
                    strlen(text));
    }
    return true;
}

bool assay_comparison_add(struct assay_comparison *c, const struct assay_compared_run *run,
                          const struct assay_attrs *attrs)
{
    return add_column(c, run, attrs, NULL);
}

struct adding {
    struct assay_comparison *comparison;
    const struct assay_compared_run *run;
    bool added;
};

static void add_looked_at(void *context, const struct assay_attrs *attrs)
{
    struct adding *adding = context;
    adding->added = assay_comparison_add(adding->comparison, adding->run, attrs);
}

static struct assay_compared_run facts_of(const struct assay_catalog *catalog, uint32_t run)
{
    const struct assay_run *r = assay_catalog_run(catalog, run);
    const struct assay_source *source = assay_catalog_source(catalog, r->source);
    return (struct assay_compared_run){
        .run = run,
        .id = r->id,
        .name = r->name,
        .experiment = r->experiment == ASSAY_NONE
                          ? ""
                          : assay_catalog_experiment(catalog, r->experiment)->name,
        .source = source->name,
        .source_kind = source->kind,
        .user = r->user,
        .status = assay_run_status_name(r->status),
        .start_ms = r->start_ms,
        .end_ms = r->end_ms,
    };
}

bool assay_comparison_add_run(struct assay_comparison *comparison,
                              struct assay_catalog *catalog, uint32_t run)
{
    const struct assay_compared_run facts = facts_of(catalog, run);
    if (comparison->run_count < ASSAY_COMPARE_LOOKED_AGAIN)
        return assay_comparison_add(comparison, &facts, assay_catalog_attrs(catalog, run));
    struct adding adding = {.comparison = comparison, .run = &facts};
    assay_catalog_look(catalog, run, add_looked_at, &adding);
    return adding.added;
}

bool assay_comparison_add_prepared(struct assay_comparison *comparison,
                                   struct assay_catalog *catalog, uint32_t run,
                                   struct assay_prepared **prepared)
{
    const struct assay_compared_run facts = facts_of(catalog, run);
    struct assay_prepared *p = *prepared;
    bool like_another = p->metrics.shape != NULL;
    bool whole = !like_another && comparison->run_count < ASSAY_COMPARE_LOOKED_AGAIN;
    bool added = add_column(comparison, &facts, &p->attrs, like_another ? &p->metrics : NULL);
    if (whole)
        assay_catalog_keep(catalog, run, &p->arena, &p->attrs);
    assay_prepared_free(prepared);
    return added;
}

void assay_comparison_add_fact(struct assay_comparison *comparison, size_t column,
                               enum assay_section section, const char *key, const char *text)
{
    struct compare_row *row =
        compare_row_of(comparison, ASSAY_ROW_FACT, key, strlen(key), SIZE_MAX);
    row->shown.section = section;
    if (column < comparison->run_count)
        compare_put(comparison, row, column, text, strlen(text));
}

void assay_comparison_fact_direction(struct assay_comparison *comparison, const char *key,
                                     int direction)
{
    compare_row_of(comparison, ASSAY_ROW_FACT, key, strlen(key), SIZE_MAX)->shown.direction =
        direction;
}

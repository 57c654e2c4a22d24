/*
 * The columns of the runs table (run_columns.h), for view_home.c.
 */
#include "run_columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/map.h>
#include <assay/memory.h>
#include <assay/query.h>
#include <assay/text.h>

#define SAMPLE_RUNS   24
#define GUESS_FIRST   3 /* metrics before the params */
#define GUESS_METRICS 7
#define GUESS_PARAMS  8
#define GUESS_SCORE   41 /* what a metric after the params must have */
#define VALUE_DIGITS  5
#define METRIC_WIDTH  6
#define WIDTH_MAX     22

static const struct {
    const char *name;
    enum run_column_kind kind;
    const char *title;
    const char *sort;
    int width;
    bool right;
} built_in[] = {
    {"name", RUN_COLUMN_NAME, "NAME", "name", 12, false},
    {"state", RUN_COLUMN_STATE, "STATE", "status", 6, false},
    {"status", RUN_COLUMN_STATE, "STATE", "status", 6, false},
    {"age", RUN_COLUMN_AGE, "AGE", "start", 4, true},
    {"start", RUN_COLUMN_AGE, "AGE", "start", 4, true},
    {"time", RUN_COLUMN_TIME, "TIME", "duration", 6, true},
    {"duration", RUN_COLUMN_TIME, "TIME", "duration", 6, true},
    {"experiment", RUN_COLUMN_EXPERIMENT, "EXPERIMENT", "experiment", 10, false},
    {"source", RUN_COLUMN_SOURCE, "SOURCE", "source", 8, false},
    {"user", RUN_COLUMN_USER, "USER", "user", 6, false},
    {"id", RUN_COLUMN_ID, "ID", "id", 8, false},
};

static void add_built_in(struct run_columns *columns, enum run_column_kind kind)
{
    for (size_t i = 0; i < ASSAY_COUNT(built_in); i++) {
        if (built_in[i].kind == kind && columns->count < RUN_COLUMNS_MAX) {
            struct run_column *column = &columns->items[columns->count++];
            *column = (struct run_column){
                .kind = kind,
                .width = built_in[i].width,
                .right = built_in[i].right,
            };
            snprintf(column->title, sizeof column->title, "%s", built_in[i].title);
            snprintf(column->sort, sizeof column->sort, "%s", built_in[i].sort);
            return;
        }
    }
}

/* A name of the query language, quoted where it has to be. */
static void field_text(char *out, size_t capacity, const char *prefix, const char *key)
{
    bool plain = *key != '\0';
    for (const char *c = key; *c; c++) {
        plain &= strchr("`\" ()=<>!~,:@'", *c) == NULL && (unsigned char)*c > ' ';
    }
    snprintf(out, capacity, plain ? "%s.%s" : "%s.`%s`", prefix, key);
}

static void add_key(struct run_columns *columns, enum run_column_kind kind, const char *key,
                    enum assay_stat stat)
{
    static const char *const suffixes[] = {"", "@min", "@max", "@best"};
    if (columns->count == RUN_COLUMNS_MAX || strlen(key) >= RUN_COLUMN_KEY_SIZE) {
        return;
    }
    struct run_column *column = &columns->items[columns->count++];
    *column = (struct run_column){.kind = kind, .stat = stat, .right = true};
    snprintf(column->key, sizeof column->key, "%s", key);
    assay_text_clean_to(column->title, sizeof column->title, key);
    field_text(column->sort, sizeof column->sort - 8,
               kind == RUN_COLUMN_METRIC  ? "metrics"
               : kind == RUN_COLUMN_PARAM ? "params"
                                          : "tags",
               key);
    if (kind == RUN_COLUMN_METRIC) {
        strncat(column->sort, suffixes[stat], sizeof column->sort - strlen(column->sort) - 1);
        size_t length = strlen(column->title);
        snprintf(column->title + length, sizeof column->title - length, "%s", suffixes[stat]);
    }
    int width = assay_text_width(column->title);
    column->width = width < METRIC_WIDTH ? METRIC_WIDTH : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* ---- guessing ---- */

struct tally {
    const char *key;
    const char *value; /* of a param: the first one seen */
    size_t count;
    bool varies;
    int score;
};
struct tallies {
    struct assay_map index;
    struct tally *items;
    size_t count, capacity;
};

static struct tally *tally_of(struct tallies *tallies, const char *key)
{
    size_t length = strlen(key);
    uint32_t at = assay_map_get(&tallies->index, key, length);
    if (at == ASSAY_MAP_NONE) {
        ASSAY_GROW(tallies->items, tallies->capacity, tallies->count + 1);
        at = (uint32_t)tallies->count++;
        tallies->items[at] =
            (struct tally){.key = assay_map_set(&tallies->index, key, length, at)};
    }
    return &tallies->items[at];
}

static int metric_score(const struct tally *tally, size_t runs)
{
    static const char *const ends[] = {"epoch", "step",    "time",    "learning_rate",
                                       "lr",    "system/", "system.", "grad"};
    int score = (int)(tally->count * 100 / (runs ? runs : 1));
    const char *key = tally->key;
    score += assay_text_contains(key, "val") || assay_text_contains(key, "eval") ||
                     assay_text_contains(key, "test")
                 ? 45
                 : 0;
    score += assay_metric_direction(key) ? 25 : 0;
    score += assay_text_contains(key, "loss") ? 10 : 0;
    for (size_t i = 0; i < ASSAY_COUNT(ends); i++) {
        score -= assay_text_contains(key, ends[i]) ? 60 : 0;
    }
    return score;
}

static int by_score(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return x->score != y->score ? y->score - x->score : assay_text_natural(x->key, y->key);
}

static void tallies_free(struct tallies *tallies)
{
    assay_map_free(&tallies->index);
    free(tallies->items);
}

static void take_sample(struct assay_catalog *catalog, const uint32_t *rows, size_t count,
                        struct tallies *metrics, struct tallies *params)
{
    for (size_t i = 0; i < count; i++) {
        const struct assay_attrs *attrs = assay_catalog_attrs(catalog, rows[i]);
        for (size_t m = 0; m < attrs->metric_count && metrics->count < 4096; m++) {
            tally_of(metrics, attrs->metrics[m].key)->count++;
        }
        for (size_t p = 0; p < attrs->param_count && params->count < 4096; p++) {
            const char *value = attrs->params[p].value;
            if (!*value) {
                continue;
            }
            struct tally *tally = tally_of(params, attrs->params[p].key);
            tally->varies |= tally->value && strcmp(tally->value, value) != 0;
            tally->value = value; /* attributes stay in memory for as long as the sample does */
            tally->count++;
        }
    }
}

static void add_guesses(struct run_columns *columns, struct tallies *metrics,
                        struct tallies *params, size_t runs)
{
    for (size_t i = 0; i < metrics->count; i++) {
        metrics->items[i].score = metric_score(&metrics->items[i], runs);
    }
    for (size_t i = 0; i < params->count; i++) {
        struct tally *tally = &params->items[i];
        bool varies = tally->varies || (tally->count < runs && runs > 1);
        tally->score = varies ? (int)(tally->count * 100 / runs) : -1;
    }
    if (metrics->count > 0) {
        qsort(metrics->items, metrics->count, sizeof *metrics->items, by_score);
    }
    if (params->count > 0) {
        qsort(params->items, params->count, sizeof *params->items, by_score);
    }
    for (size_t i = 0; i < metrics->count && i < GUESS_FIRST; i++) {
        add_key(columns, RUN_COLUMN_METRIC, metrics->items[i].key, ASSAY_STAT_LAST);
    }
    for (size_t i = 0; i < params->count && i < GUESS_PARAMS; i++) {
        if (params->items[i].score >= 0) {
            add_key(columns, RUN_COLUMN_PARAM, params->items[i].key, ASSAY_STAT_LAST);
        }
    }
    for (size_t i = GUESS_FIRST; i < metrics->count && i < GUESS_METRICS; i++) {
        if (metrics->items[i].score >= GUESS_SCORE) {
            add_key(columns, RUN_COLUMN_METRIC, metrics->items[i].key, ASSAY_STAT_LAST);
        }
    }
}

void run_columns_choose(struct run_columns *columns, struct assay_catalog *catalog,
                        const uint32_t *rows, size_t count, bool wide)
{
    struct tallies metrics = {0}, params = {0};
    size_t sample = count < SAMPLE_RUNS ? count : SAMPLE_RUNS;
    *columns = (struct run_columns){0};
    add_built_in(columns, RUN_COLUMN_NAME);
    if (wide) {
        add_built_in(columns, RUN_COLUMN_EXPERIMENT);
    }
    add_built_in(columns, RUN_COLUMN_STATE);
    add_built_in(columns, RUN_COLUMN_AGE);
    add_built_in(columns, RUN_COLUMN_TIME);
    take_sample(catalog, rows, sample, &metrics, &params);
    add_guesses(columns, &metrics, &params, sample);
    columns->settled = metrics.count > 0;
    tallies_free(&metrics);
    tallies_free(&params);
}

/* ---- as the user names them ---- */

/* The column that shows the attribute NAME, as core/query or the table's head calls it. */
static bool add_attribute(struct run_columns *columns, const char *name)
{
    for (size_t i = 0; i < ASSAY_COUNT(built_in); i++) {
        if (strcmp(name, built_in[i].name) == 0) {
            add_built_in(columns, built_in[i].kind);
            return true;
        }
    }
    return false;
}

/* A field that is no attribute; false where there is no room for it. */
static bool add_field(struct run_columns *columns, const struct assay_field *field)
{
    static const enum run_column_kind kinds[] = {
        [ASSAY_FIELD_METRIC] = RUN_COLUMN_METRIC,
        [ASSAY_FIELD_PARAM] = RUN_COLUMN_PARAM,
        [ASSAY_FIELD_TAG] = RUN_COLUMN_TAG,
    };
    size_t before = columns->count;
    add_key(columns, kinds[field->kind], field->key, field->stat);
    return columns->count > before;
}

/* A name alone is what it is for filters: every field that it stands for. */
static bool add_named(struct run_columns *columns, struct assay_catalog *catalog,
                      const struct assay_field *field)
{
    struct assay_field *found = NULL;
    size_t count = assay_field_look_up(field, catalog, &found);
    bool room = count > 0 || add_field(columns, field);
    for (size_t i = 0; i < count && room; i++) {
        room = add_field(columns, &found[i]);
    }
    free(found);
    return room;
}

static enum assay_status parse_one(struct run_columns *columns, struct assay_catalog *catalog,
                                   const char *text, size_t length, struct assay_error *err)
{
    struct assay_field field;
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), text);
    if (add_attribute(columns, name)) {
        return ASSAY_OK;
    }
    enum assay_status status = assay_field_parse(&field, text, length, err);
    if (status != ASSAY_OK || (field.attribute && add_attribute(columns, field.attribute))) {
        return status;
    }
    if (field.attribute) {
        assay_fail(err, ASSAY_BAD_INPUT, "columns: the table has none for %s", field.attribute);
        assay_hint(err,
                   "a metric, param or tag of that name has its kind before it: metrics.%s",
                   field.attribute);
        return ASSAY_BAD_INPUT;
    }
    if (field.named ? !add_named(columns, catalog, &field) : !add_field(columns, &field)) {
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "columns: no room for \"%.60s\": a table has at most %d, and their "
                          "names less than %d bytes",
                          field.key, RUN_COLUMNS_MAX, RUN_COLUMN_KEY_SIZE);
    }
    return ASSAY_OK;
}

enum assay_status run_columns_parse(struct run_columns *columns, struct assay_catalog *catalog,
                                    const char *text, struct assay_error *err)
{
    struct run_columns made = {.chosen = true, .settled = true};
    for (;; text++) {
        text += strspn(text, " ");
        size_t length = assay_field_length(text), plain = length;
        while (plain > 0 && text[plain - 1] == ' ') {
            plain--;
        }
        if (plain > 0) {
            enum assay_status status = parse_one(&made, catalog, text, plain, err);
            if (status != ASSAY_OK) {
                return status;
            }
        }
        text += length;
        if (*text == '\0') {
            break;
        }
    }
    if (made.count == 0) {
        return assay_fail(err, ASSAY_BAD_INPUT, "columns: none is named");
    }
    *columns = made;
    return ASSAY_OK;
}

const char *run_column_name(const struct run_column *column)
{
    switch (column->kind) {
    case RUN_COLUMN_AGE:
        return "age";
    case RUN_COLUMN_TIME:
        return "time";
    case RUN_COLUMN_STATE:
        return "state";
    default:
        return column->sort;
    }
}

char *run_columns_text(const struct run_columns *columns)
{
    struct assay_buf out = {0};
    for (size_t i = 0; i < columns->count; i++) {
        assay_buf_text_add(&out, i ? "," : "");
        assay_buf_text_add(&out, run_column_name(&columns->items[i]));
    }
    return assay_buf_take(&out);
}

size_t run_columns_metrics(const struct run_columns *columns, const char **names,
                           size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < columns->count && count < capacity; i++) {
        if (columns->items[i].kind == RUN_COLUMN_METRIC) {
            names[count++] = columns->items[i].key;
        }
    }
    return count;
}

/* ---- cells ---- */

char *run_title(struct assay_catalog *catalog, uint32_t run, char *out, size_t capacity)
{
    const struct assay_run *it = assay_catalog_run(catalog, run);
    char id[72];
    return assay_text_clean_to(out, capacity,
                               *it->name ? it->name : assay_catalog_short_id(catalog, run, id));
}

static void put_number(struct run_cell *cell, double value)
{
    char text[32];
    cell->number = value;
    cell->is_number = true;
    snprintf(cell->text, sizeof cell->text, "%s",
             assay_number_short(text, value, VALUE_DIGITS));
}

static double metric_value(const struct assay_metric *metric, enum assay_stat stat)
{
    int direction = stat == ASSAY_STAT_BEST ? assay_metric_direction(metric->key) : 0;
    if (stat == ASSAY_STAT_MIN || direction < 0) {
        return metric->summary.min;
    }
    if (stat == ASSAY_STAT_MAX || direction > 0) {
        return metric->summary.max;
    }
    return metric->summary.last;
}

static void attribute_cell(struct run_cell *cell, const struct run_column *column,
                           struct assay_catalog *catalog, uint32_t run)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(catalog, run);
    if (column->kind == RUN_COLUMN_METRIC) {
        const struct assay_metric *metric = assay_attrs_metric(attrs, column->key);
        /* What a server's list does not say, is not known until the points are read. */
        if (metric && (metric->summary.n > 0 || column->stat == ASSAY_STAT_LAST)) {
            put_number(cell, metric_value(metric, column->stat));
        }
        return;
    }
    const char *text = column->kind == RUN_COLUMN_PARAM ? assay_attrs_param(attrs, column->key)
                                                        : assay_attrs_tag(attrs, column->key);
    if (!text) {
        return;
    }
    assay_text_clean_to(cell->text, sizeof cell->text, text);
    double value;
    if (assay_number_parse(text, strlen(text), &value)) {
        cell->number = value;
        cell->is_number = true;
    }
}

static const char *state_text(enum assay_run_status status)
{
    switch (status) {
    case ASSAY_RUN_RUNNING:
        return "live";
    case ASSAY_RUN_SCHEDULED:
        return "queued";
    case ASSAY_RUN_FAILED:
        return "failed";
    case ASSAY_RUN_KILLED:
        return "killed";
    case ASSAY_RUN_FINISHED:
        return "done";
    case ASSAY_RUN_UNKNOWN:
        break;
    }
    return "";
}

void run_cell_get(struct run_cell *cell, const struct run_column *column,
                  struct assay_catalog *catalog, uint32_t run, int64_t now_ms)
{
    const struct assay_run *it = assay_catalog_run(catalog, run);
    char text[72];
    *cell = (struct run_cell){.number = NAN};
    switch (column->kind) {
    case RUN_COLUMN_NAME:
        run_title(catalog, run, cell->text, sizeof cell->text);
        break;
    case RUN_COLUMN_STATE:
        snprintf(cell->text, sizeof cell->text, "%s%s", state_text(it->status),
                 assay_catalog_state_age(text, catalog, run, now_ms));
        break;
    case RUN_COLUMN_AGE:
        snprintf(cell->text, sizeof cell->text, "%s",
                 assay_age_text(text, it->start_ms, now_ms));
        break;
    case RUN_COLUMN_TIME:
        assay_duration_text(text, assay_catalog_duration(catalog, it, now_ms));
        snprintf(cell->text, sizeof cell->text, "%s", text);
        break;
    case RUN_COLUMN_EXPERIMENT:
        assay_text_clean_to(cell->text, sizeof cell->text,
                            assay_catalog_experiment(catalog, it->experiment)->name);
        break;
    case RUN_COLUMN_SOURCE:
        assay_text_clean_to(cell->text, sizeof cell->text,
                            assay_catalog_source(catalog, it->source)->name);
        break;
    case RUN_COLUMN_USER:
        assay_text_clean_to(cell->text, sizeof cell->text, it->user);
        break;
    case RUN_COLUMN_ID:
        assay_text_clean_to(cell->text, sizeof cell->text,
                            assay_catalog_short_id(catalog, run, text));
        break;
    case RUN_COLUMN_METRIC:
    case RUN_COLUMN_PARAM:
    case RUN_COLUMN_TAG:
        attribute_cell(cell, column, catalog, run);
        break;
    }
    cell->missing = cell->text[0] == '\0';
}

/*
 * The metrics of a comparison (comparison.h). Half a thousand runs of two thousand metrics are
 * a million numbers, so they stay in the order they come in, run by run; a row finds its number
 * through the run's shape, which runs with the same metrics share. What a run shares with the
 * one before is compared as bytes and not looked up, and may be on any thread.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/comparison.h"
#include "model/attrs.h"

#define POINTS_MANY  100 /* one point against this many is worth a word */
#define SHAPES_TRIED 8   /* runs of a few kinds may come mixed */
#define SPREAD       4   /* rows that lie further apart on average are found by halving */

/* ---- shapes ---- */

static int by_row(const void *a, const void *b)
{
    const struct compare_pair *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* How the shape finds a row's position. */
static void index_rows(struct assay_comparison *c, struct compare_shape *shape)
{
    uint32_t least = UINT32_MAX, most = 0;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->rows[i] != UINT32_MAX) {
            least = shape->rows[i] < least ? shape->rows[i] : least;
            most = shape->rows[i] > most ? shape->rows[i] : most;
        }
    shape->first = least;
    shape->span = shape->count ? (size_t)most - least + 1 : 0;
    if (shape->span <= shape->count * SPREAD) {
        uint32_t *place = assay_arena_alloc(&c->arena, shape->span * sizeof *place);
        for (uint32_t i = 0; i < shape->count; i++)
            if (shape->rows[i] != UINT32_MAX)
                place[shape->rows[i] - least] = i + 1;
        shape->place = place;
        return;
    }
    struct compare_pair *pairs = assay_arena_take(&c->arena, shape->count * sizeof *pairs);
    for (uint32_t i = 0; i < shape->count; i++)
        if (shape->rows[i] != UINT32_MAX)
            pairs[shape->pair_count++] = (struct compare_pair){shape->rows[i], i};
    qsort(pairs, shape->pair_count, sizeof *pairs, by_row);
    shape->pairs = pairs;
}

/* The rows of ITEMS' keys, made where there are none. Of equal keys the last one counts. */
static uint32_t *find_rows(struct assay_comparison *c, const struct assay_metric *items,
                           size_t count, unsigned *gpu_rank)
{
    uint32_t *rows = assay_arena_take(&c->arena, count * sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        struct compare_row *row =
            compare_row_of(c, ASSAY_ROW_METRIC, items[i].key, SIZE_MAX, i);
        rows[i] = (uint32_t)(row - c->rows);
        *gpu_rank = row->gpu_rank > *gpu_rank ? row->gpu_rank : *gpu_rank;
    }
    uint8_t *met = assay_alloc_array(c->row_count, 1);
    for (size_t i = count; i-- > 0;) {
        if (met[rows[i]])
            rows[i] = UINT32_MAX;
        else
            met[rows[i]] = 1;
    }
    free(met);
    return rows;
}

static const struct compare_shape *new_shape(struct assay_comparison *c,
                                             const struct assay_metric *items, size_t count)
{
    struct compare_shape *shape = assay_arena_alloc(&c->arena, sizeof *shape);
    uint32_t *lengths = assay_arena_take(&c->arena, count * sizeof *lengths);
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += (lengths[i] = (uint32_t)strlen(items[i].key)) + (size_t)1;
    char *keys = assay_arena_take(&c->arena, all), *to = keys;
    for (size_t i = 0; i < count; to += lengths[i++] + (size_t)1)
        memcpy(to, items[i].key, lengths[i] + (size_t)1);
    shape->number = c->shape_count;
    shape->count = count;
    shape->keys = keys;
    shape->lengths = lengths;
    shape->rows = find_rows(c, items, count, &shape->gpu_rank);
    index_rows(c, shape);
    ASSAY_GROW(c->shapes, c->shape_capacity, c->shape_count + 1);
    c->shapes[c->shape_count++] = shape;
    return shape;
}

static bool is_shape(const struct compare_shape *shape, const struct assay_metric *items,
                     size_t count)
{
    const char *key = shape->keys;
    if (shape->count != count)
        return false;
    for (size_t i = 0; i < count; key += shape->lengths[i++] + (size_t)1)
        if (strcmp(key, items[i].key) != 0)
            return false;
    return true;
}

size_t compare_metric_at(const struct assay_comparison *c, const struct compare_row *row,
                         size_t column, const struct compare_metrics **metrics)
{
    const struct compare_shape *shape = column < c->run_count ? c->metrics[column].shape : NULL;
    uint32_t at = (uint32_t)(row - c->rows);
    if (!shape)
        return SIZE_MAX;
    *metrics = &c->metrics[column];
    if (shape->place)
        return at >= shape->first && at - shape->first < shape->span
                   ? (size_t)shape->place[at - shape->first] - 1
                   : SIZE_MAX;
    const struct compare_pair wanted = {.row = at},
                              *pair = bsearch(&wanted, shape->pairs, shape->pair_count,
                                              sizeof wanted, by_row);
    return pair ? pair->position : SIZE_MAX;
}

/* ---- one run ---- */

static void make_room(struct compare_metrics *metrics, const struct compare_shape *shape)
{
    *metrics = (struct compare_metrics){
        .shape = shape,
        .numbers = assay_realloc_array(NULL, shape->count + 1, sizeof *metrics->numbers),
        .extents = assay_realloc_array(NULL, shape->count + 1, sizeof *metrics->extents)};
}

void compare_metrics_free(struct compare_metrics *metrics)
{
    free(metrics->numbers);
    free(metrics->extents);
    free(metrics->list);
    *metrics = (struct compare_metrics){0};
}

static inline void put_metric(struct compare_metrics *metrics, size_t at,
                              const struct assay_summary *s, bool single)
{
    const struct compare_extent *last =
        metrics->list_count ? &metrics->list[metrics->list_count - 1] : NULL;
    metrics->numbers[at] = (struct compare_numbers){{s->last, s->min, s->max}};
    if (!last || last->step != s->step || last->time_ms != s->time_ms || last->n != s->n ||
        last->nonfinite != s->nonfinite) {
        ASSAY_GROW(metrics->list, metrics->list_capacity, metrics->list_count + 1);
        metrics->list[metrics->list_count++] =
            (struct compare_extent){s->step, s->time_ms, s->n, s->nonfinite};
    }
    metrics->extents[at] = (uint32_t)(metrics->list_count - 1) << 1 | single;
}

unsigned compare_metrics_add(struct assay_comparison *c, const struct assay_metric *items,
                             size_t count, struct compare_metrics *ready)
{
    struct compare_metrics *metrics = &c->metrics[c->run_count - 1];
    const struct compare_shape *shape = NULL;
    if (ready) {
        *metrics = *ready;
        *ready = (struct compare_metrics){0};
        return metrics->shape->gpu_rank;
    }
    if (!count)
        return 0;
    for (size_t i = 0; i < c->shape_count && i < SHAPES_TRIED && !shape; i++)
        if (is_shape(c->shapes[c->shape_count - 1 - i], items, count))
            shape = c->shapes[c->shape_count - 1 - i];
    make_room(metrics, shape ? shape : new_shape(c, items, count));
    for (size_t i = 0; i < count; i++)
        put_metric(metrics, i, &items[i].summary, items[i].single);
    return metrics->shape->gpu_rank;
}

/* ---- made ready on another thread ---- */

struct taking {
    const struct assay_comparison *c;
    struct compare_metrics *metrics;
};

/* COUNT packed metrics of SHAPE; 0 where they are others, or cut off. */
static size_t take_shape(const struct compare_shape *shape, struct compare_metrics *metrics,
                         const unsigned char *at, size_t left)
{
    const char *key = shape->keys;
    size_t used = 0;
    for (size_t i = 0; i < shape->count; i++) {
        const size_t length = shape->lengths[i], size = ATTRS_METRIC_HEAD + length + 1;
        struct assay_summary summary;
        bool single;
        if (left - used < size || attrs_get_u32(at + used) != length ||
            memcmp(at + used + ATTRS_METRIC_HEAD, key, length + 1) != 0)
            return 0;
        if (i == 0)
            make_room(metrics, shape);
        attrs_get_metric(at + used, &summary, &single);
        put_metric(metrics, i, &summary, single);
        used += size;
        key += length + 1;
    }
    return used;
}

static size_t take_metrics(void *context, const unsigned char *at, size_t left, size_t count)
{
    const struct taking *taking = context;
    const struct assay_comparison *c = taking->c;
    size_t used = 0;
    for (size_t i = 0; i < c->shape_count && i < SHAPES_TRIED && !used; i++) {
        const struct compare_shape *shape = c->shapes[c->shape_count - 1 - i];
        if (shape->count != count)
            continue;
        used = take_shape(shape, taking->metrics, at, left);
        if (!used)
            compare_metrics_free(taking->metrics);
    }
    return used;
}

struct assay_prepared *assay_comparison_prepare(const struct assay_comparison *comparison,
                                                const void *packed, size_t length)
{
    struct assay_prepared *prepared = assay_alloc(sizeof *prepared);
    struct taking taking = {comparison, &prepared->metrics};
    /* Where they are damaged, there are none. */
    if (comparison->run_count < ASSAY_COMPARE_LOOKED_AGAIN)
        attrs_unpack(packed, length, &prepared->arena, &prepared->attrs);
    else if (!attrs_unpack_beside(packed, length, &prepared->arena, take_metrics, &taking,
                                  &prepared->attrs))
        compare_metrics_free(&prepared->metrics);
    return prepared;
}

void assay_prepared_free(struct assay_prepared **prepared)
{
    if (!*prepared)
        return;
    compare_metrics_free(&(*prepared)->metrics);
    assay_arena_free(&(*prepared)->arena);
    free(*prepared);
    *prepared = NULL;
}

/* ---- what follows from the numbers ---- */

enum compare_number compare_by_stat(enum assay_stat stat, int direction)
{
    if (stat == ASSAY_STAT_MIN || (stat == ASSAY_STAT_BEST && direction < 0))
        return NUMBER_MIN;
    if (stat == ASSAY_STAT_MAX || (stat == ASSAY_STAT_BEST && direction > 0))
        return NUMBER_MAX;
    return NUMBER_LAST;
}

/* How far the curves of some metrics go, and in how many runs they are. */
struct reach {
    size_t runs;
    uint64_t fewest, most;
    int64_t least_step, most_step;
};
#define REACH_NONE                                                                             \
    ((struct reach){.fewest = UINT64_MAX, .least_step = INT64_MAX, .most_step = INT64_MIN})

static inline void reach_add(struct reach *reach, const struct compare_extent *e)
{
    reach->fewest = e->n < reach->fewest ? e->n : reach->fewest;
    reach->most = e->n > reach->most ? e->n : reach->most;
    reach->least_step = e->step < reach->least_step ? e->step : reach->least_step;
    reach->most_step = e->step > reach->most_step ? e->step : reach->most_step;
}

static void reach_merge(struct reach *reach, const struct reach *other)
{
    reach->runs += other->runs;
    reach->fewest = other->fewest < reach->fewest ? other->fewest : reach->fewest;
    reach->most = other->most > reach->most ? other->most : reach->most;
    reach->least_step =
        other->least_step < reach->least_step ? other->least_step : reach->least_step;
    reach->most_step =
        other->most_step > reach->most_step ? other->most_step : reach->most_step;
}

struct tally { /* of one row */
    double first;
    struct reach reach;
    uint32_t nonfinite;
    uint8_t distinct;
    uint8_t number; /* which one is shown */
};

static struct tally empty_tally(const struct assay_comparison *c, const struct compare_row *row)
{
    return (struct tally){.reach = REACH_NONE,
                          .number = (uint8_t)compare_by_stat(c->stat, row->shown.direction)};
}

static inline bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static inline void tally_number(struct tally *t, double number)
{
    if (t->distinct == 0)
        t->first = number;
    if (t->distinct < 2)
        t->distinct = 1 + (t->distinct && !same_number(t->first, number));
    t->nonfinite += !isfinite(number);
}

static void take_tally(struct compare_row *row, const struct tally *t)
{
    const struct reach *r = &t->reach;
    bool one = r->fewest == 1 && r->most >= POINTS_MANY;
    bool apart = r->runs > 1 && r->fewest > 1 && r->least_step >= 0 && r->most_step > 1 &&
                 r->least_step < r->most_step / 2;
    row->shown.present = r->runs;
    row->shown.distinct = t->distinct;
    row->shown.nonfinite = t->nonfinite;
    row->shown.numeric = true;
    row->shown.uneven = one || apart;
    row->longest = r->most;
}

/* One row whose values were set from outside, in part. */
void compare_settle_metric(struct assay_comparison *c, struct compare_row *row)
{
    struct tally tally = empty_tally(c, row);
    for (size_t i = 0; i < c->run_count; i++) {
        const struct compare_metrics *metrics;
        double number;
        if (!compare_number_at(c, row, i, &number))
            continue;
        tally_number(&tally, number);
        tally.reach.runs++;
        size_t at = compare_metric_at(c, row, i, &metrics);
        if (at != SIZE_MAX)
            reach_add(&tally.reach, &metrics->list[metrics->extents[at] >> 1]);
    }
    take_tally(row, &tally);
}

/* The numbers of one run. How far its curves go is mostly the same for all of them, and then
   belongs to its SHARED shape; else to each row. */
static void tally_run(const struct compare_metrics *m, struct tally *tallies,
                      struct reach *shared)
{
    const struct compare_shape *shape = m->shape;
    bool alike = m->list_count == 1;
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->rows[i] == UINT32_MAX)
            continue;
        struct tally *t = &tallies[shape->rows[i]];
        tally_number(t, m->numbers[i].by[t->number]);
        if (!alike)
            reach_add(&t->reach, &m->list[m->extents[i] >> 1]);
    }
    shared->runs++;
    if (alike)
        reach_add(shared, m->list);
}

/* As the numbers lie: run by run. */
void compare_settle_metrics(struct assay_comparison *c)
{
    struct tally *tallies = assay_alloc_array(c->row_count + 1, sizeof *tallies);
    struct reach *shared = assay_alloc_array(c->shape_count + 1, sizeof *shared);
    for (size_t i = 0; i < c->row_count; i++)
        tallies[i] = empty_tally(c, &c->rows[i]);
    for (size_t i = 0; i < c->shape_count; i++)
        shared[i] = REACH_NONE;
    for (size_t column = 0; column < c->run_count; column++)
        if (c->metrics[column].shape)
            tally_run(&c->metrics[column], tallies, &shared[c->metrics[column].shape->number]);
    for (size_t s = 0; s < c->shape_count; s++)
        for (size_t i = 0; i < c->shapes[s]->count; i++)
            if (c->shapes[s]->rows[i] != UINT32_MAX)
                reach_merge(&tallies[c->shapes[s]->rows[i]].reach, &shared[s]);
    for (size_t i = 0; i < c->row_count; i++) {
        struct compare_row *row = &c->rows[i];
        if (row->instead)
            compare_settle_metric(c, row);
        else if (row->shown.kind == ASSAY_ROW_METRIC)
            take_tally(row, &tallies[i]);
    }
    free(tallies);
    free(shared);
}

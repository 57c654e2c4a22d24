/*
 * A series: its chunks in the order written, an open tail, and the levels of the pyramid above
 * the chunks. Readers of one series, the stores and the session's catalog add to it; views and
 * charts look at it (core/series/view.c).
 */
#include <stdlib.h>
#include <string.h>

#include "series/parts.h"

/* A chunk at least this long is taken as it is even where the one before is short; a shorter
   one is joined with it. So chunks hold half of this on average at the very least. */
#define LONG_CHUNK (ASSAY_CHUNK_POINTS / 4)

struct assay_series *assay_series_new(enum assay_last_rule rule)
{
    struct assay_series *series = assay_alloc(sizeof *series);
    series->rule = rule;
    series->summary = ASSAY_SUMMARY_EMPTY;
    return series;
}

void assay_series_free(struct assay_series **series)
{
    struct assay_series *old = *series;
    *series = NULL;
    if (!old)
        return;
    for (size_t i = 0; i < old->span_count; i++)
        assay_chunk_unref(old->spans[i].chunk);
    for (size_t i = 0; i < SERIES_LEVELS; i++)
        free(old->levels[i].nodes);
    for (size_t i = 0; i < ASSAY_COUNT(old->orders); i++)
        series_order_free(&old->orders[i]);
    free(old->spans);
    free(old->tail);
    free(old);
}

/* ---- the pyramid above the chunks ---- */

static struct series_node span_node(const struct series_span *span)
{
    const struct assay_summary *summary = &span->chunk->summary;
    struct series_node node = {.extremes = CHUNK_NODE_EMPTY, .nonfinite = summary->nonfinite};
    if (summary->nonfinite < summary->n)
        node.extremes = (struct chunk_node){.min = summary->min, .max = summary->max};
    return node;
}

static struct series_node child_node(const struct assay_series *series, size_t level, size_t i)
{
    return level == 0 ? span_node(&series->spans[i]) : series->levels[level - 1].nodes[i];
}

/* After a span was added: every node that is complete with it. */
static void grow_levels(struct assay_series *series)
{
    size_t children = series->span_count;
    for (size_t level = 0; level < SERIES_LEVELS && children % CHUNK_FAN == 0; level++) {
        struct series_level *out = &series->levels[level];
        struct series_node node = {.extremes = CHUNK_NODE_EMPTY};
        for (size_t i = children - CHUNK_FAN; i < children; i++) {
            struct series_node child = child_node(series, level, i);
            node_add(&node.extremes, child.extremes);
            node.nonfinite += child.nonfinite;
        }
        ASSAY_GROW(out->nodes, out->capacity, out->count + 1);
        out->nodes[out->count++] = node;
        children /= CHUNK_FAN;
    }
}

/* After a span was taken back: nodes it was part of go. */
static void cut_levels(struct assay_series *series)
{
    size_t complete = series->span_count;
    for (size_t level = 0; level < SERIES_LEVELS; level++) {
        complete /= CHUNK_FAN;
        if (series->levels[level].count > complete)
            series->levels[level].count = complete;
    }
}

/* ---- adding ---- */

static void push_chunk(struct assay_series *series, struct assay_chunk *chunk_take)
{
    ASSAY_GROW(series->spans, series->span_capacity, series->span_count + 1);
    series->spans[series->span_count++] = (struct series_span){
        .chunk = chunk_take,
        .first = series->sealed,
        .step = packed_at(&chunk_take->steps, 0),
        .time_ms = packed_at(&chunk_take->times, 0),
    };
    series->sealed += chunk_take->count;
    grow_levels(series);
}

void series_seal(struct assay_series *series)
{
    if (!series->tail) /* nothing is written: others may be looking, too */
        return;
    if (series->tail_count > 0)
        push_chunk(series, assay_chunk_pack(series->tail, series->tail_count));
    free(series->tail);
    series->tail = NULL;
    series->tail_count = series->tail_capacity = 0;
}

/* Makes the last chunk the tail again if there is room in it. */
static void open_tail(struct assay_series *series)
{
    if (series->tail_count > 0 || series->span_count == 0)
        return;
    struct assay_chunk *chunk = series->spans[series->span_count - 1].chunk;
    if (chunk->count == ASSAY_CHUNK_POINTS)
        return;
    ASSAY_GROW(series->tail, series->tail_capacity, chunk->count);
    assay_chunk_get(chunk, 0, chunk->count, series->tail);
    series->tail_count = chunk->count;
    series->sealed -= chunk->count;
    series->span_count--;
    cut_levels(series);
    assay_chunk_unref(chunk);
}

static void add_points(struct assay_series *series, const struct assay_point *points,
                       size_t count)
{
    open_tail(series);
    while (count > 0) {
        size_t take = ASSAY_CHUNK_POINTS - series->tail_count;
        take = take < count ? take : count;
        if (take == ASSAY_CHUNK_POINTS) {
            push_chunk(series, assay_chunk_pack(points, take));
        } else {
            ASSAY_GROW(series->tail, series->tail_capacity, series->tail_count + take);
            memcpy(series->tail + series->tail_count, points, take * sizeof *points);
            series->tail_count += take;
        }
        if (series->tail_count == ASSAY_CHUNK_POINTS) {
            push_chunk(series, assay_chunk_pack(series->tail, series->tail_count));
            series->tail_count = 0;
        }
        points += take;
        count -= take;
    }
}

static void note_time(struct assay_series *series, int64_t time_ms)
{
    if (series->summary.n == 0 || time_ms < series->origin_ms)
        series->origin_ms = time_ms;
}

void assay_series_add(struct assay_series *series, const struct assay_point *points,
                      size_t count)
{
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        note_time(series, points[i].time_ms);
        assay_summary_add(&series->summary, &points[i], series->rule);
    }
    add_points(series, points, count);
    series->version++;
}

/* A chunk's own summary goes by what was written last; the other rule asks its points. */
static struct assay_summary chunk_summary_by(const struct assay_chunk *chunk,
                                             enum assay_last_rule rule)
{
    struct assay_summary summary = chunk->summary;
    if (rule == ASSAY_LAST_WRITTEN)
        return summary;
    summary = ASSAY_SUMMARY_EMPTY;
    for (size_t i = 0; i < chunk->count; i++) {
        struct assay_point point = chunk_point(chunk, i);
        assay_summary_add(&summary, &point, rule);
    }
    return summary;
}

void assay_series_add_chunk(struct assay_series *series, struct assay_chunk *chunk_take)
{
    struct assay_summary summary = chunk_summary_by(chunk_take, series->rule);
    size_t count = chunk_take->count;
    bool short_before =
        series->tail_count > 0 ||
        (series->span_count > 0 &&
         series->spans[series->span_count - 1].chunk->count + count <= ASSAY_CHUNK_POINTS);

    note_time(series, chunk_first_time(chunk_take));
    assay_summary_merge(&series->summary, &summary, series->rule);
    if (short_before && count < LONG_CHUNK) {
        struct assay_point points[LONG_CHUNK];
        assay_chunk_get(chunk_take, 0, count, points);
        add_points(series, points, count);
        assay_chunk_unref(chunk_take);
    } else {
        series_seal(series);
        push_chunk(series, chunk_take);
    }
    series->version++;
}

/* ---- reading ---- */

size_t assay_series_count(const struct assay_series *series)
{
    return series->sealed + series->tail_count;
}

const struct assay_summary *assay_series_summary(const struct assay_series *series)
{
    return &series->summary;
}

void assay_series_lacks(struct assay_series *series)
{
    series->incomplete = true;
}

bool assay_series_incomplete(const struct assay_series *series)
{
    return series->incomplete;
}

uint64_t assay_series_version(const struct assay_series *series)
{
    return series->version;
}

int64_t assay_series_origin(const struct assay_series *series)
{
    return series->origin_ms;
}

size_t assay_series_bytes(const struct assay_series *series)
{
    size_t bytes = sizeof *series + series->span_capacity * sizeof *series->spans +
                   series->tail_capacity * sizeof *series->tail;
    for (size_t i = 0; i < series->span_count; i++)
        bytes += series->spans[i].chunk->total;
    for (size_t i = 0; i < SERIES_LEVELS; i++)
        bytes += series->levels[i].capacity * sizeof *series->levels[i].nodes;
    for (size_t i = 0; i < ASSAY_COUNT(series->orders); i++) {
        const struct series_order *order = &series->orders[i];
        bytes += order->capacity * sizeof *order->segments;
        if (order->sorted)
            bytes += assay_series_bytes(order->sorted);
    }
    return bytes;
}

size_t series_span_of(const struct assay_series *series, size_t index)
{
    const struct series_span *spans = series->spans;
    size_t low = index / ASSAY_CHUNK_POINTS, high = series->span_count;

    /* Chunks are full as a rule; a chunk before has at most that many points, so the guess is
       never too high. */
    if (index - spans[low].first < spans[low].chunk->count)
        return low;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (spans[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void assay_series_get(const struct assay_series *series, size_t from, size_t count,
                      struct assay_point *out)
{
    size_t span = from < series->sealed ? series_span_of(series, from) : series->span_count;
    while (count > 0 && span < series->span_count) {
        const struct series_span *at = &series->spans[span++];
        size_t local = from - at->first, take = at->chunk->count - local;
        take = take < count ? take : count;
        assay_chunk_get(at->chunk, local, take, out);
        out += take;
        from += take;
        count -= take;
    }
    if (count > 0)
        memcpy(out, series->tail + (from - series->sealed), count * sizeof *out);
}

struct assay_point *assay_series_sorted(const struct assay_series *series, size_t *count)
{
    size_t total = assay_series_count(series);
    struct assay_point *points = assay_alloc_array(total ? total : 1, sizeof *points);
    assay_series_get(series, 0, total, points);
    series_sort_points(points, total, SERIES_BY_STEP);
    *count = total;
    return points;
}

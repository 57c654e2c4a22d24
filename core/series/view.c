/*
 * Views: a series looked at along one axis, for charts and cursors. The stretches along which x
 * never goes back are found once and kept in the series; they grow with it. Searches turn x
 * into the first key (a step or a time, both integers) that reaches it, so that what is
 * compared afterwards is packed integers, and exactly.
 */
#include <stdlib.h>
#include <string.h>

#include "series/parts.h"

static enum series_key key_of(enum assay_axis axis)
{
    return axis == ASSAY_AXIS_STEP ? SERIES_BY_STEP : SERIES_BY_TIME;
}

static const struct packed_ints *keys_of(const struct assay_chunk *chunk, enum series_key key)
{
    return key == SERIES_BY_STEP ? &chunk->steps : &chunk->times;
}

/* ---- x ---- */

static double x_of_key(int64_t key, enum assay_axis axis, int64_t origin_ms)
{
    if (axis != ASSAY_AXIS_RELATIVE)
        return (double)key;
    /* Through unsigned numbers, for no difference of two times fits a signed one. */
    if (key >= origin_ms)
        return (double)((uint64_t)key - (uint64_t)origin_ms) / 1000.0;
    return -(double)((uint64_t)origin_ms - (uint64_t)key) / 1000.0;
}

double assay_point_x(const struct assay_point *point, enum assay_axis axis, int64_t origin_ms)
{
    return x_of_key(axis == ASSAY_AXIS_STEP ? point->step : point->time_ms, axis, origin_ms);
}

/* Whether KEY lies at or (with AFTER) beyond X; once true it stays so for greater keys. */
struct reach {
    enum assay_axis axis;
    int64_t origin_ms;
    double x;
    bool after;
};

static bool reaches(const struct reach *reach, int64_t key)
{
    double x = x_of_key(key, reach->axis, reach->origin_ms);
    return reach->after ? x > reach->x : x >= reach->x;
}

/* Near the answer, and for all but enormous numbers right at it. */
static int64_t guess_key(const struct reach *reach)
{
    double x = reach->x;
    if (reach->axis == ASSAY_AXIS_RELATIVE)
        x = x * 1000.0 + (double)reach->origin_ms;
    x = reach->after ? floor(x) + 1 : ceil(x);
    if (x >= 0x1p63)
        return INT64_MAX;
    return x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

/* The smallest key that reaches X. False where none does (or X is NaN). */
static bool first_key(const struct reach *reach, int64_t *key)
{
    int64_t guess = guess_key(reach);
    for (int near = 0; near < 3; near++) { /* rounding is off by one at most, as a rule */
        bool hit = reaches(reach, guess);
        if (hit && (guess == INT64_MIN || !reaches(reach, guess - 1))) {
            *key = guess;
            return true;
        }
        if (guess == (hit ? INT64_MIN : INT64_MAX))
            break;
        guess += hit ? -1 : 1;
    }
    if (!reaches(reach, INT64_MAX))
        return false;
    int64_t low = INT64_MIN, high = INT64_MAX; /* high reaches */
    while (low < high) {
        int64_t middle = (int64_t)((uint64_t)low + ((uint64_t)high - (uint64_t)low) / 2);
        if (reaches(reach, middle))
            high = middle;
        else
            low = middle + 1;
    }
    *key = low;
    return true;
}

/* ---- finding ---- */

/* The number of spans in (low, high] whose first key is below KEY, added to LOW. */
static size_t last_span_below(const struct assay_series *series, size_t low, size_t high,
                              enum series_key by, int64_t key)
{
    const struct series_span *spans = series->spans;
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        int64_t first = by == SERIES_BY_STEP ? spans[middle].step : spans[middle].time_ms;
        if (first < key)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* The smallest index in [from, to), a piece of one segment, with a key >= KEY; TO where none.
   SPAN is the span of FROM. */
static size_t find_key(const struct assay_series *series, size_t span, size_t from, size_t to,
                       enum series_key by, int64_t key)
{
    if (from >= to)
        return to;
    const struct series_span *spans = series->spans;
    size_t last = span;
    if (to > spans[span].first + spans[span].chunk->count)
        last = last_span_below(series, span, series_span_of(series, to - 1), by, key);
    const struct series_span *at = &spans[last];
    size_t low = last == span ? from - at->first : 0;
    size_t high = to - at->first < at->chunk->count ? to - at->first : at->chunk->count;
    return at->first + packed_find(keys_of(at->chunk, by), low, high, key);
}

size_t assay_view_find(const struct assay_view *view, const struct assay_segment *segment,
                       double x, bool after)
{
    struct reach reach = {
        .axis = view->axis, .origin_ms = view->origin_ms, .x = x, .after = after};
    size_t end = segment->first + segment->count;
    int64_t key;
    if (segment->count == 0 || !first_key(&reach, &key))
        return end;
    return find_key(view->series, series_span_of(view->series, segment->first), segment->first,
                    end, key_of(view->axis), key);
}

struct assay_point assay_view_point(const struct assay_view *view, size_t index)
{
    const struct series_span *span = &view->series->spans[series_span_of(view->series, index)];
    return chunk_point(span->chunk, index - span->first);
}

/* ---- extremes ---- */

static void add_node(struct series_node *sum, const struct series_node *node)
{
    node_add(&sum->extremes, node->extremes);
    sum->nonfinite += node->nonfinite;
}

/* Children [from, to) of the lowest level, which are spans. */
static void add_spans(const struct assay_series *series, size_t from, size_t to,
                      struct series_node *sum)
{
    for (; from < to; from++) {
        const struct assay_chunk *chunk = series->spans[from].chunk;
        chunk_extent(chunk, 0, chunk->count, &sum->extremes, &sum->nonfinite);
    }
}

static void add_level(const struct assay_series *series, size_t level, size_t from, size_t to,
                      struct series_node *sum)
{
    if (level == 0) {
        add_spans(series, from, to, sum);
        return;
    }
    for (; from < to; from++)
        add_node(sum, &series->levels[level - 1].nodes[from]);
}

/* Whole spans [from, to): at each level what does not fill a node of the next, at either end.
 */
static void add_whole(const struct assay_series *series, size_t from, size_t to,
                      struct series_node *sum)
{
    size_t level = 0;
    for (; level < SERIES_LEVELS && to - from >= CHUNK_FAN; level++) {
        size_t head = (from + CHUNK_FAN - 1) / CHUNK_FAN, foot = to / CHUNK_FAN;
        if (head >= foot)
            break;
        add_level(series, level, from, head * CHUNK_FAN, sum);
        add_level(series, level, foot * CHUNK_FAN, to, sum);
        from = head;
        to = foot;
    }
    add_level(series, level, from, to, sum);
}

/* The points [from, to), of which there is at least one; SPAN is the span of FROM. */
static struct series_node extent_from(const struct assay_series *series, size_t span,
                                      size_t from, size_t to)
{
    struct series_node sum = {.extremes = CHUNK_NODE_EMPTY};
    const struct series_span *at = &series->spans[span];
    size_t local = from - at->first, count = at->chunk->count;
    if (to <= at->first + count) {
        chunk_extent(at->chunk, local, to - at->first, &sum.extremes, &sum.nonfinite);
        return sum;
    }
    size_t last = series_span_of(series, to - 1);
    chunk_extent(at->chunk, local, count, &sum.extremes, &sum.nonfinite);
    add_whole(series, span + 1, last, &sum);
    at = &series->spans[last];
    chunk_extent(at->chunk, 0, to - at->first, &sum.extremes, &sum.nonfinite);
    return sum;
}

static double or_nan(double extreme)
{
    return isfinite(extreme) ? extreme : NAN;
}

struct assay_extent assay_view_extent(const struct assay_view *view, size_t from, size_t to)
{
    struct series_node sum = {.extremes = CHUNK_NODE_EMPTY};
    if (from < to)
        sum = extent_from(view->series, series_span_of(view->series, from), from, to);
    return (struct assay_extent){.min = or_nan(sum.extremes.min),
                                 .max = or_nan(sum.extremes.max),
                                 .nonfinite = sum.nonfinite};
}

/* Where the column that begins at AT ends: about EXPECTED points further, in the same chunk, as
   a rule. */
static size_t column_end(const struct assay_view *view, size_t span, size_t at, size_t end,
                         size_t expected, double x)
{
    struct reach reach = {.axis = view->axis, .origin_ms = view->origin_ms, .x = x};
    const struct series_span *place = &view->series->spans[span];
    const struct packed_ints *keys = keys_of(place->chunk, key_of(view->axis));
    size_t count = place->chunk->count;
    int64_t key;

    if (!first_key(&reach, &key))
        return end;
    if (end > place->first + count && packed_at(keys, count - 1) < key)
        return find_key(view->series, span, at, end, key_of(view->axis), key);
    size_t local = at - place->first;
    size_t high = end - place->first < count ? end - place->first : count;
    return place->first + packed_find_near(keys, local, high, local + expected, key);
}

/* Asks for the memory around the end of the column after the next, or where that lies beyond
   the chunk, for the next chunk itself. */
static void look_ahead(const struct assay_view *view, size_t span, size_t at, size_t count)
{
    const struct assay_series *series = view->series;
    const struct series_span *place = &series->spans[span];
    size_t local = at - place->first + 2 * count;
    if (local < place->chunk->count) {
        chunk_prefetch(place->chunk, keys_of(place->chunk, key_of(view->axis)), local);
    } else if (span + 1 < series->span_count) {
        const char *next = (const char *)place[1].chunk;
        for (size_t line = 0; line < sizeof(struct assay_chunk); line += 64)
            __builtin_prefetch(next + line);
    }
}

/* The first and the last point of a column, of which the first lies in AT. */
static void ends(const struct assay_view *view, const struct series_span *at, size_t first,
                 size_t last, struct assay_view_column *out)
{
    enum series_key by = key_of(view->axis);
    const struct assay_chunk *chunk = at->chunk;
    size_t local = first - at->first;

    out->x_first = x_of_key(packed_at(keys_of(chunk, by), local), view->axis, view->origin_ms);
    out->first = chunk_value(chunk, local);
    if (last - at->first >= chunk->count) {
        at = &view->series->spans[series_span_of(view->series, last)];
        chunk = at->chunk;
    }
    local = last - at->first;
    out->x_last = x_of_key(packed_at(keys_of(chunk, by), local), view->axis, view->origin_ms);
    out->last = chunk_value(chunk, local);
}

void assay_view_columns(const struct assay_view *view, const struct assay_segment *segment,
                        const double *edges, size_t columns, struct assay_view_column *out)
{
    const struct assay_series *series = view->series;
    size_t end = segment->first + segment->count, count = 0;
    size_t at = columns ? assay_view_find(view, segment, edges[0], false) : end;

    for (size_t i = 0; i < columns; i++) {
        out[i] = (struct assay_view_column){.from = at, .min = NAN, .max = NAN};
        if (at >= end)
            continue;
        size_t span = series_span_of(series, at);
        const struct series_span *place = &series->spans[span];
        look_ahead(view, span, at, count);
        size_t next = column_end(view, span, at, end, count, edges[i + 1]);
        if (next == at)
            continue;
        struct series_node sum = extent_from(series, span, at, next);
        count = next - at;
        out[i].count = count;
        out[i].nonfinite = sum.nonfinite;
        out[i].min = or_nan(sum.extremes.min);
        out[i].max = or_nan(sum.extremes.max);
        ends(view, place, at, next - 1, &out[i]);
        at = next;
    }
}

/* ---- segments ---- */

void series_order_free(struct series_order *order)
{
    free(order->segments);
    assay_series_free(&order->sorted);
}

/* Begins a segment at point FIRST; false where there are too many. */
static bool begin_segment(struct series_order *order, size_t first)
{
    if (order->count == ASSAY_SEGMENTS_MAX)
        return false;
    ASSAY_GROW(order->segments, order->capacity, order->count + 1);
    order->segments[order->count++] = (struct assay_segment){.first = first};
    return true;
}

/* Follows one chunk from its point LOCAL on. *before is the key written before it. */
static bool follow_chunk(struct series_order *order, const struct series_span *span,
                         enum series_key by, size_t local, int64_t *before)
{
    const struct packed_ints *keys = keys_of(span->chunk, by);
    size_t count = span->chunk->count;
    for (size_t i = local; i < count; i++) {
        int64_t key = packed_at(keys, i);
        if ((order->count == 0 || key < *before) && !begin_segment(order, span->first + i))
            return false;
        *before = key;
        if (keys->ascending) { /* nothing more to see in it */
            order->segments[order->count - 1].count += count - i;
            *before = packed_at(keys, count - 1);
            break;
        }
        order->segments[order->count - 1].count++;
    }
    return true;
}

/* How many points of each segment lie before every later segment's beginning. */
static void count_live(const struct assay_series *series, struct series_order *order,
                       enum series_key by)
{
    int64_t bound = INT64_MAX;
    for (size_t i = order->count; i-- > 0;) {
        struct assay_segment *segment = &order->segments[i];
        size_t end = segment->first + segment->count;
        size_t span = series_span_of(series, segment->first);
        const struct series_span *at = &series->spans[span];
        int64_t first = packed_at(keys_of(at->chunk, by), segment->first - at->first);
        segment->live = segment->count;
        if (i + 1 < order->count)
            segment->live =
                find_key(series, span, segment->first, end, by, bound) - segment->first;
        bound = first < bound ? first : bound;
    }
}

/* Brings the segments up to date with the points added since. */
static void follow(struct assay_series *series, struct series_order *order, enum series_key by)
{
    if (order->unordered || order->scanned == series->sealed)
        return;
    int64_t before = 0;
    size_t span = series_span_of(series, order->scanned);
    if (order->scanned > 0) {
        size_t prior = series_span_of(series, order->scanned - 1);
        const struct series_span *at = &series->spans[prior];
        before = packed_at(keys_of(at->chunk, by), order->scanned - 1 - at->first);
    }
    size_t local = order->scanned - series->spans[span].first;
    for (; span < series->span_count; span++, local = 0) {
        if (!follow_chunk(order, &series->spans[span], by, local, &before)) {
            order->unordered = true;
            return;
        }
    }
    order->scanned = series->sealed;
    count_live(series, order, by);
}

/* The sorted copy in place of a series that is in no order. */
static struct assay_series *sorted_copy(struct assay_series *series, struct series_order *order,
                                        enum series_key by)
{
    if (order->sorted && order->sorted_version == series->version)
        return order->sorted;
    assay_series_free(&order->sorted);
    size_t count = series->sealed;
    struct assay_point *points = assay_alloc_array(count, sizeof *points);
    assay_series_get(series, 0, count, points);
    series_sort_points(points, count, by);
    order->sorted = assay_series_new(series->rule);
    order->sorted_version = series->version;
    assay_series_add(order->sorted, points, count);
    free(points);
    return order->sorted;
}

void assay_series_view(struct assay_series *series, enum assay_axis axis,
                       struct assay_view *out)
{
    enum series_key by = key_of(axis);
    struct series_order *order = &series->orders[by];
    int64_t origin_ms = series->origin_ms;

    series_seal(series);
    follow(series, order, by);
    if (order->unordered) {
        series = sorted_copy(series, order, by);
        order = &series->orders[by];
        series_seal(series);
        follow(series, order, by);
    }
    *out = (struct assay_view){
        .series = series,
        .axis = axis,
        .origin_ms = origin_ms,
        .segments = order->segments,
        .segment_count = order->count,
    };
}

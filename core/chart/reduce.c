/*
 * From points to pixel columns (see reduce.h). Called by the rasteriser, the character grids
 * and the vector export. Few points are walked one by one; many are answered by the series'
 * pyramid, so the work depends on the width of the picture and not on the number of points.
 */
#include "chart/reduce.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <assay/memory.h>

/* Beyond this a position is as good as infinite: it keeps slopes and integers sane. */
#define FAR_AWAY 1e8

/* Up to this many points per column a walk is cheaper than asking the pyramid. */
#define WALK_PER_COLUMN 8

static double clamp_far(double position)
{
    return position < -FAR_AWAY ? -FAR_AWAY : position > FAR_AWAY ? FAR_AWAY : position;
}

static void linear_part(double lo, double hi, bool log, double *half, double *from,
                        double *range)
{
    if (log) {
        lo = log10(lo);
        hi = log10(hi);
    }
    *half = isfinite(hi - lo) ? 1 : 0.5;
    *from = lo * *half;
    *range = hi * *half - *from;
    if (!(*range > 0))
        *range = 1;
}

void chart_map_init(struct chart_map *map, const struct assay_chart *chart, int width,
                    int height)
{
    double range;

    *map = (struct chart_map){.width = width,
                              .height = height,
                              .log_x = chart->log_x,
                              .log_y = chart->log_y,
                              .x_lo = chart->x_min,
                              .x_hi = chart->x_max};
    linear_part(chart->x_min, chart->x_max, chart->log_x, &map->x_half, &map->x_from, &range);
    map->x_base = width > 1 ? 0.5 : 0;
    map->x_scale = (width > 1 ? width - 1 : 1) / range;
    linear_part(chart->y_min, chart->y_max, chart->log_y, &map->y_half, &map->y_from, &range);
    map->y_base = height > 1 ? height - 0.5 : 1;
    map->y_scale = -(height > 1 ? height - 1 : 1) / range;
}

static inline double linear_x(const struct chart_map *map, double x)
{
    return clamp_far(map->x_base + (x * map->x_half - map->x_from) * map->x_scale);
}

static inline double linear_y(const struct chart_map *map, double value)
{
    return clamp_far(map->y_base + (value * map->y_half - map->y_from) * map->y_scale);
}

double chart_map_x(const struct chart_map *map, double x)
{
    if (map->log_x)
        x = x > 0 ? log10(x) : NAN;
    return linear_x(map, x);
}

double chart_map_y(const struct chart_map *map, double value)
{
    if (map->log_y)
        value = value > 0 ? log10(value) : NAN;
    return linear_y(map, value);
}

static bool drawable(const struct chart_map *map, double value)
{
    return isfinite(value) && (!map->log_y || value > 0);
}

void chart_bounds_make(struct chart_bounds *bounds, const struct chart_map *map)
{
    int width = map->width;

    ASSAY_GROW(bounds->x, bounds->capacity, (size_t)width + 1);
    for (int c = 0; c <= width; c++) {
        double linear = (c - map->x_base) / map->x_scale + map->x_from;
        bounds->x[c] = map->log_x ? fmax(pow(10, linear), DBL_TRUE_MIN) : linear / map->x_half;
    }
    if (width == 1) /* the greatest x belongs to the only column */
        bounds->x[1] = nextafter(bounds->x[1], INFINITY);
}

void chart_bounds_free(struct chart_bounds *bounds)
{
    free(bounds->x);
    *bounds = (struct chart_bounds){0};
}

void chart_columns_free(struct chart_columns *columns)
{
    free(columns->items);
    *columns = (struct chart_columns){0};
}

size_t chart_segment_count(const struct assay_segment *segment, bool hide_superseded)
{
    return hide_superseded && segment->live < segment->count ? segment->live : segment->count;
}

/* ---- walking ---- */

static double point_x(const struct assay_view *view, const struct assay_point *point)
{
    return assay_point_x(point, view->axis, view->origin_ms);
}

static struct chart_column *column_add(struct chart_columns *columns, int column)
{
    struct chart_column *item = &columns->items[columns->count++];

    *item = (struct chart_column){.column = column};
    return item;
}

/* A point on the picture; TOP is NaN where it cannot be drawn. */
struct mapped {
    double x, left, top;
};

/* Adds a point to the column it lies in; VALUE is what it was before it was mapped. */
static void add_mapped(struct chart_column *item, const struct mapped *at, double value)
{
    if (isnan(at->top)) {
        item->nonfinite += !isfinite(value);
        if (item->count == 0)
            item->open_left = false;
        item->open_right = false;
        return;
    }
    if (item->count++ == 0) {
        item->x_first = at->left;
        item->y_first = item->y_top = item->y_bottom = at->top;
    }
    item->y_top = at->top < item->y_top ? at->top : item->y_top;
    item->y_bottom = at->top > item->y_bottom ? at->top : item->y_bottom;
    item->x_last = at->left;
    item->y_last = at->top;
    item->open_right = true;
}

static void column_point(struct chart_column *item, const struct chart_map *map, double x,
                         double value)
{
    const struct mapped at = {
        .left = chart_map_x(map, x),
        .top = drawable(map, value) ? chart_map_y(map, value) : NAN,
    };

    add_mapped(item, &at, value);
}

/* The column that holds X, which is not left of column FROM. */
static int column_of(const double *bounds, int width, int from, double x)
{
    int lo = from, hi = width - 1;

    for (int step = 0; step < 4; step++, lo++)
        if (lo >= hi || x < bounds[lo + 1])
            return lo;
    while (lo < hi) {
        int middle = lo + (hi - lo) / 2;
        if (x < bounds[middle + 1])
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

#define BLOCK 256 /* points that are mapped at a time */

/* The common case, of which all points take the same few steps, apart from the logarithms. */
static void map_block(const struct assay_view *view, const struct chart_map *map,
                      const struct assay_point *points, size_t count, struct mapped *out)
{
    bool steps = view->axis == ASSAY_AXIS_STEP;

    for (size_t i = 0; i < count; i++)
        out[i].x = steps ? (double)points[i].step : point_x(view, &points[i]);
    if (map->log_x)
        for (size_t i = 0; i < count; i++)
            out[i].left = chart_map_x(map, out[i].x);
    else
        for (size_t i = 0; i < count; i++)
            out[i].left = linear_x(map, out[i].x);
    for (size_t i = 0; i < count; i++) {
        double value = points[i].value;
        if (map->log_y)
            out[i].top = drawable(map, value) ? chart_map_y(map, value) : NAN;
        else
            out[i].top = isfinite(value) ? linear_y(map, value) : NAN;
    }
}

static void column_put(struct chart_columns *columns, const struct chart_column *item)
{
    columns->items[columns->count++] = *item;
    columns->nonfinite |= item->nonfinite > 0;
}

static void walk(const struct assay_view *view, size_t from, size_t to,
                 const struct chart_map *map, const struct chart_bounds *bounds,
                 struct chart_columns *columns)
{
    struct assay_point points[BLOCK];
    struct mapped at[BLOCK];
    struct chart_column item = {0};
    double end = -INFINITY; /* where the column ends */
    bool any = false;

    while (from < to) {
        size_t take = to - from < BLOCK ? to - from : BLOCK;
        assay_series_get(view->series, from, take, points);
        map_block(view, map, points, take, at);
        for (size_t i = 0; i < take; i++) {
            if (at[i].x >= end) {
                if (any)
                    column_put(columns, &item);
                int column = column_of(bounds->x, map->width, item.column, at[i].x);
                item = (struct chart_column){.column = column, .open_left = true};
                end = column < map->width - 1 ? bounds->x[column + 1] : INFINITY;
                any = true;
            }
            add_mapped(&item, &at[i], points[i].value);
        }
        from += take;
    }
    if (any)
        column_put(columns, &item);
}

/* ---- through the pyramid ---- */

static void column_range(const struct assay_view *view, const struct assay_view_column *raw,
                         const struct chart_map *map, struct chart_column *item)
{
    item->nonfinite = (uint32_t)raw->nonfinite;
    if (isnan(raw->max) || (map->log_y && raw->max <= 0))
        return;
    if (map->log_y && raw->min <= 0) { /* only some of them can be shown: which? */
        item->nonfinite = 0;
        item->open_left = true;
        for (size_t i = raw->from; i < raw->from + raw->count; i++) {
            struct assay_point point = assay_view_point(view, i);
            column_point(item, map, point_x(view, &point), point.value);
        }
        return;
    }
    item->count = (uint32_t)(raw->count - raw->nonfinite);
    item->y_top = chart_map_y(map, raw->max);
    item->y_bottom = chart_map_y(map, raw->min);
    item->open_left = isfinite(raw->first);
    item->open_right = isfinite(raw->last);
    item->x_first = chart_map_x(map, raw->x_first);
    item->x_last = chart_map_x(map, raw->x_last);
    item->y_first = item->open_left ? chart_map_y(map, raw->first) : item->y_top;
    item->y_last = item->open_right ? chart_map_y(map, raw->last) : item->y_top;
}

/* So many columns are asked for at once that the answers stay near at hand. */
#define ASK 64

static void ask(const struct assay_view *view, const struct assay_segment *segment,
                size_t count, const struct chart_map *map, const struct chart_bounds *bounds,
                struct chart_columns *columns)
{
    struct assay_segment part = *segment;
    struct assay_view_column raw[ASK];
    size_t width = (size_t)map->width;

    part.count = count;
    for (size_t from = 0; from < width; from += ASK) {
        size_t take = width - from < ASK ? width - from : ASK;
        assay_view_columns(view, &part, bounds->x + from, take, raw);
        for (size_t c = 0; c < take; c++)
            if (raw[c].count > 0) {
                struct chart_column *item = column_add(columns, (int)(from + c));
                column_range(view, &raw[c], map, item);
                columns->nonfinite |= item->nonfinite > 0;
            }
    }
}

/* The point beside the picture that the line at its edge leads to. */
static void neighbour(const struct assay_view *view, size_t index, int column,
                      const struct chart_map *map, struct chart_columns *columns)
{
    struct assay_point point = assay_view_point(view, index);
    double x = point_x(view, &point);

    if (!drawable(map, point.value) || (map->log_x && x <= 0))
        return;
    struct chart_column *item = column_add(columns, column);
    item->open_left = true;
    column_point(item, map, x, point.value);
}

void chart_reduce(const struct assay_view *view, const struct assay_segment *segment,
                  size_t count, const struct chart_map *map, const struct chart_bounds *bounds,
                  struct chart_columns *columns)
{
    size_t end = segment->first + count;
    size_t from = assay_view_find(view, segment, bounds->x[0], false);
    size_t to = assay_view_find(view, segment, bounds->x[map->width], false);

    columns->count = 0;
    columns->nonfinite = false;
    ASSAY_GROW(columns->items, columns->capacity, (size_t)map->width + 2);
    from = from < end ? from : end;
    to = to < end ? to : end;
    if (from > segment->first)
        neighbour(view, from - 1, -1, map, columns);
    if (to - from <= (size_t)map->width * WALK_PER_COLUMN)
        walk(view, from, to, map, bounds, columns);
    else
        ask(view, segment, count, map, bounds, columns);
    if (to < end)
        neighbour(view, to, map->width, map, columns);
}

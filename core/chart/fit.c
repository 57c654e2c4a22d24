/*
 * The ranges of a chart: x to the data, y to what is visible in the x range; and the counts
 * that stand under it. Called before every drawing. Exact, and through the pyramid wherever a
 * linear axis allows it.
 */
#include <assay/chart.h>

#include <float.h>
#include <math.h>

#include "chart/reduce.h"

#define ROOM 0.04 /* above and below the line */

struct range {
    double lo, hi; /* NaN while empty */
};

static void include(struct range *range, double value)
{
    if (isnan(value))
        return;
    if (!(range->lo <= value))
        range->lo = value;
    if (!(range->hi >= value))
        range->hi = value;
}

/* ---- x ---- */

static void fit_series_x(const struct assay_chart *chart, struct assay_series *series,
                         struct range *x)
{
    struct assay_view view;

    assay_series_view(series, chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++) {
        const struct assay_segment *segment = &view.segments[i];
        size_t end = segment->first + chart_segment_count(segment, chart->hide_superseded);
        size_t from = chart->log_x ? assay_view_find(&view, segment, 0, true) : segment->first;
        if (from >= end)
            continue;
        struct assay_point first = assay_view_point(&view, from);
        struct assay_point last = assay_view_point(&view, end - 1);
        include(x, assay_point_x(&first, view.axis, view.origin_ms));
        include(x, assay_point_x(&last, view.axis, view.origin_ms));
    }
}

/* Widens a range that is a single value. */
static void widen(struct range *range, double room, bool log)
{
    if (range->lo < range->hi)
        return;
    if (log) {
        range->lo /= 2;
        range->hi *= 2;
        if (!(range->lo > 0))
            range->lo = DBL_TRUE_MIN;
    } else {
        range->lo -= room;
        range->hi += room;
    }
    range->lo = fmax(range->lo, -DBL_MAX);
    range->hi = fmin(range->hi, DBL_MAX);
}

static bool fit_x(struct assay_chart *chart)
{
    struct range data = {NAN, NAN}, x = {chart->x_min, chart->x_max};
    bool any;

    for (size_t i = 0; i < chart->line_count; i++) {
        if (chart->lines[i].series != NULL)
            fit_series_x(chart, chart->lines[i].series, &data);
        if (chart->lines[i].faint != NULL)
            fit_series_x(chart, chart->lines[i].faint, &data);
    }
    any = !isnan(data.lo);
    if (!any)
        data = chart->log_x ? (struct range){1, 10} : (struct range){0, 1};
    if (!isfinite(x.lo) || (chart->log_x && x.lo <= 0))
        x.lo = isfinite(x.hi) ? fmin(data.lo, x.hi) : data.lo;
    if (!isfinite(x.hi) || (chart->log_x && x.hi <= 0))
        x.hi = fmax(data.hi, x.lo);
    if (x.lo > x.hi) {
        double lo = x.hi;
        x.hi = x.lo;
        x.lo = lo;
    }
    widen(&x, fmax(chart->axis == ASSAY_AXIS_TIME ? 1000 : 1, fabs(x.lo) * 1e-12),
          chart->log_x);
    chart->x_min = x.lo;
    chart->x_max = x.hi;
    return any;
}

/* ---- y ---- */

#define SCAN 256

/* The least positive value of points [from, to), and how many values are not positive: read
   point by point, because the pyramid knows the least value only. */
static uint64_t scan_positive(const struct assay_view *view, size_t from, size_t to,
                              double *least)
{
    struct assay_point points[SCAN];
    uint64_t others = 0;

    while (from < to) {
        size_t take = to - from < SCAN ? to - from : SCAN;
        assay_series_get(view->series, from, take, points);
        for (size_t i = 0; i < take; i++) {
            double value = points[i].value;
            if (value > 0 && isfinite(value))
                *least = value < *least || isnan(*least) ? value : *least;
            else if (isfinite(value))
                others++;
        }
        from += take;
    }
    return others;
}

/* The same, asking the pyramid first, block by block. */
static uint64_t find_positive(const struct assay_view *view, size_t from, size_t to,
                              double *least)
{
    uint64_t others = 0;

    while (from < to) {
        size_t take = to - from < ASSAY_CHUNK_POINTS ? to - from : ASSAY_CHUNK_POINTS;
        struct assay_extent extent = assay_view_extent(view, from, from + take);
        if (extent.min > 0)
            *least = extent.min < *least || isnan(*least) ? extent.min : *least;
        else if (extent.max <= 0)
            others += take - extent.nonfinite;
        else if (!isnan(extent.max))
            others += scan_positive(view, from, from + take, least);
        from += take;
    }
    return others;
}

/* The points of SEGMENT in the chart's x range, among those that are to be drawn. */
static void in_view(const struct assay_chart *chart, const struct assay_view *view,
                    const struct assay_segment *segment, size_t end, size_t *from, size_t *to)
{
    *from = assay_view_find(view, segment, chart->x_min, false);
    *to = assay_view_find(view, segment, chart->x_max, true);
    *from = *from < end ? *from : end;
    *to = *to < end ? *to : end;
}

static void look_at_segment(const struct assay_chart *chart, const struct assay_view *view,
                            const struct assay_segment *segment, struct range *y,
                            struct assay_chart_info *info)
{
    size_t all = segment->first + segment->count, from, to, hidden_to;
    size_t end = segment->first + chart_segment_count(segment, chart->hide_superseded);

    in_view(chart, view, segment, end, &from, &to);
    struct assay_extent extent = assay_view_extent(view, from, to);
    if (chart->log_y) {
        double least = NAN;
        if (from < to && !(extent.min > 0))
            info->not_positive += find_positive(view, from, to, &least);
        else
            least = extent.min;
        include(y, least);
        if (extent.max > 0)
            include(y, extent.max);
    } else {
        include(y, extent.min);
        include(y, extent.max);
    }
    info->points += to - from;
    info->nonfinite += extent.nonfinite;
    in_view(chart, view, segment, all, &from, &hidden_to);
    info->superseded += hidden_to - (to < from ? from : to);
    if (chart->log_x)
        info->not_positive += assay_view_find(view, segment, 0, true) - segment->first;
}

/* What of a line is seen where no point of it lies in view: it leads through from the point
   before to the point after. */
static void include_crossing(const struct assay_chart *chart, const struct assay_view *view,
                             const struct assay_segment *segment, struct range *y)
{
    size_t end = segment->first + chart_segment_count(segment, chart->hide_superseded), from,
           to;

    in_view(chart, view, segment, end, &from, &to);
    if (from != to || from == segment->first || from >= end)
        return;
    for (size_t i = from - 1; i <= from; i++) {
        struct assay_point point = assay_view_point(view, i);
        if (isfinite(point.value) && (!chart->log_y || point.value > 0))
            include(y, point.value);
    }
}

static void look_at_series(const struct assay_chart *chart, struct assay_series *series,
                           struct range *y, struct assay_chart_info *info)
{
    struct assay_view view;

    assay_series_view(series, chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++)
        look_at_segment(chart, &view, &view.segments[i], y, info);
    for (size_t i = 0; isnan(y->lo) && i < view.segment_count; i++)
        include_crossing(chart, &view, &view.segments[i], y);
    info->total += assay_series_count(series);
}

static void add_room(struct range *y, bool log)
{
    double lo = log ? log10(y->lo) : y->lo, hi = log ? log10(y->hi) : y->hi;
    double room = (hi * ROOM - lo * ROOM);

    lo -= room;
    hi += room;
    y->lo = log ? fmax(pow(10, lo), DBL_TRUE_MIN) : fmax(lo, -DBL_MAX);
    y->hi = log ? fmin(pow(10, hi), DBL_MAX) : fmin(hi, DBL_MAX);
}

static void fit_y(struct assay_chart *chart, struct range data)
{
    if (isnan(data.lo))
        data = chart->log_y ? (struct range){0.1, 1} : (struct range){0, 1};
    else if (data.lo < data.hi)
        add_room(&data, chart->log_y);
    widen(&data, data.lo == 0 ? 1 : fmax(fabs(data.lo) * 0.1, DBL_MIN * 1e16), chart->log_y);
    bool keep_lo = isfinite(chart->y_min) && !(chart->log_y && chart->y_min <= 0);
    bool keep_hi = isfinite(chart->y_max) && !(chart->log_y && chart->y_max <= 0);
    struct range y = {keep_lo ? chart->y_min : data.lo, keep_hi ? chart->y_max : data.hi};
    if (y.lo > y.hi && keep_lo && keep_hi)
        y = (struct range){y.hi, y.lo};
    else if (y.lo > y.hi)
        y = keep_lo ? (struct range){y.lo, y.lo} : (struct range){y.hi, y.hi};
    widen(&y, y.lo == 0 ? 1 : fmax(fabs(y.lo) * 0.1, DBL_MIN * 1e16), chart->log_y);
    chart->y_min = y.lo;
    chart->y_max = y.hi;
}

bool assay_chart_fit(struct assay_chart *chart, struct assay_chart_info *info)
{
    struct assay_chart_info found = {0}, unseen = {0};
    struct range y = {NAN, NAN};

    fit_x(chart);
    for (size_t i = 0; i < chart->line_count; i++) {
        const struct assay_chart_line *line = &chart->lines[i];
        if (line->series != NULL)
            look_at_series(chart, line->series, &y, &found);
        if (line->faint != NULL)
            look_at_series(chart, line->faint, &y, line->series == NULL ? &found : &unseen);
        if (line->low != NULL && line->high != NULL) {
            look_at_series(chart, line->low, &y, &unseen);
            look_at_series(chart, line->high, &y, &unseen);
        }
    }
    fit_y(chart, y);
    if (info != NULL)
        *info = found;
    return !isnan(y.lo);
}

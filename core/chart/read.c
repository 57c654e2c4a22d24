/*
 * Reading a chart: the value under a cursor, and the places worth jumping to. Called by the
 * front ends for every key that moves the cursor, and by raster.c to mark what the cursor
 * reads.
 */
#include <assay/chart.h>

#include <math.h>

#include "chart/reduce.h"

static double x_at(const struct assay_view *view, size_t index)
{
    struct assay_point point = assay_view_point(view, index);

    return assay_point_x(&point, view->axis, view->origin_ms);
}

struct assay_reading assay_chart_read(const struct assay_chart *chart, size_t line, double x)
{
    struct assay_reading reading = {0};
    struct assay_view view;
    double nearest = INFINITY;
    size_t found_in = 0;

    if (line >= chart->line_count || chart->lines[line].series == NULL || isnan(x))
        return reading;
    assay_series_view(chart->lines[line].series, chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++) {
        const struct assay_segment *segment = &view.segments[i];
        size_t end = segment->first + chart_segment_count(segment, chart->hide_superseded);
        size_t after = assay_view_find(&view, segment, x, true);
        after = after < end ? after : end;
        /* The last point at or before x, the first one after it. */
        for (size_t j = after > segment->first ? after - 1 : after; j <= after && j < end;
             j++) {
            double distance = fabs(x_at(&view, j) - x);
            if (distance > nearest || (distance == nearest && reading.found && found_in == i))
                continue;
            nearest = distance;
            found_in = i;
            reading.found = true;
            reading.point = assay_view_point(&view, j);
            reading.x = x_at(&view, j);
        }
    }
    return reading;
}

/* ---- landmarks ---- */

struct search {
    double x;
    bool forward;
    bool found;
    double best;
    enum assay_landmark which;
};

static void offer(struct search *search, double x, enum assay_landmark which)
{
    if (search->forward ? !(x > search->x) : !(x < search->x))
        return;
    if (search->found && (search->forward ? x >= search->best : x <= search->best))
        return;
    search->found = true;
    search->best = x;
    search->which = which;
}

/* The first index of [from, to) where the extreme VALUE stands, by halving. */
static size_t find_value(const struct assay_view *view, size_t from, size_t to, double value,
                         bool least)
{
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        struct assay_extent left = assay_view_extent(view, from, middle);
        if ((least ? left.min : left.max) == value)
            to = middle;
        else
            from = middle;
    }
    return from;
}

/* The first (or last) index of [from, to) whose value is not finite; TO where there is none. */
static size_t find_nonfinite(const struct assay_view *view, size_t from, size_t to, bool first)
{
    if (from >= to || assay_view_extent(view, from, to).nonfinite == 0)
        return SIZE_MAX;
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        bool left = assay_view_extent(view, from, middle).nonfinite > 0;
        bool right = !first && assay_view_extent(view, middle, to).nonfinite > 0;
        if (first ? left : !right)
            to = middle;
        else
            from = middle;
    }
    return from;
}

static void search_extremes(const struct assay_chart *chart, const struct assay_view *view,
                            enum assay_landmark kind, struct search *search)
{
    struct assay_extent all = {.min = NAN, .max = NAN};
    size_t min_at = 0, max_at = 0;

    for (size_t i = 0; i < view->segment_count; i++) {
        const struct assay_segment *segment = &view->segments[i];
        size_t to = segment->first + chart_segment_count(segment, chart->hide_superseded);
        struct assay_extent extent = assay_view_extent(view, segment->first, to);
        if (extent.min < all.min || (isnan(all.min) && !isnan(extent.min))) {
            all.min = extent.min;
            min_at = find_value(view, segment->first, to, extent.min, true);
        }
        if (extent.max > all.max || (isnan(all.max) && !isnan(extent.max))) {
            all.max = extent.max;
            max_at = find_value(view, segment->first, to, extent.max, false);
        }
    }
    if (isnan(all.min))
        return;
    if (kind == ASSAY_LANDMARK_MIN || kind == ASSAY_LANDMARK_ANY)
        offer(search, x_at(view, min_at), ASSAY_LANDMARK_MIN);
    if (kind == ASSAY_LANDMARK_MAX || kind == ASSAY_LANDMARK_ANY)
        offer(search, x_at(view, max_at), ASSAY_LANDMARK_MAX);
}

static void search_segments(const struct assay_chart *chart, const struct assay_view *view,
                            enum assay_landmark kind, struct search *search)
{
    for (size_t i = 0; i < view->segment_count; i++) {
        const struct assay_segment *segment = &view->segments[i];
        size_t end = segment->first + chart_segment_count(segment, chart->hide_superseded);
        if (i > 0 && kind != ASSAY_LANDMARK_NONFINITE)
            offer(search, x_at(view, segment->first), ASSAY_LANDMARK_RESTART);
        if (kind == ASSAY_LANDMARK_RESTART)
            continue;
        size_t at = assay_view_find(view, segment, search->x, search->forward);
        at = at < end ? at : end;
        size_t found = search->forward ? find_nonfinite(view, at, end, true)
                                       : find_nonfinite(view, segment->first, at, false);
        if (found != SIZE_MAX)
            offer(search, x_at(view, found), ASSAY_LANDMARK_NONFINITE);
    }
}

bool assay_chart_landmark(const struct assay_chart *chart, double x, bool forward,
                          enum assay_landmark kind, double *found_x, enum assay_landmark *which)
{
    struct search search = {.x = x, .forward = forward};

    for (size_t i = 0; i < chart->line_count; i++) {
        struct assay_view view;
        if (chart->lines[i].series == NULL)
            continue;
        assay_series_view(chart->lines[i].series, chart->axis, &view);
        if (kind != ASSAY_LANDMARK_RESTART && kind != ASSAY_LANDMARK_NONFINITE)
            search_extremes(chart, &view, kind, &search);
        if (kind != ASSAY_LANDMARK_MIN && kind != ASSAY_LANDMARK_MAX)
            search_segments(chart, &view, kind, &search);
    }
    if (!search.found)
        return false;
    *found_x = search.best;
    if (which != NULL)
        *which = search.which;
    return true;
}

/*
 * Curves as numbers: the value at an equal step or time, the area under a curve, the first
 * point that reaches a target. All look at a series as it stands after its restarts: what a
 * later stretch wrote again is left out. Called by the front ends.
 */
#include <math.h>

#include <assay/compare.h>

/* Walks the live points of a series, x never going back. */
struct walker {
    struct assay_view view;
    size_t segment, at;
};

static void walk(struct walker *w, struct assay_series *series, enum assay_axis axis)
{
    *w = (struct walker){0};
    assay_series_view(series, axis, &w->view);
}

static bool next(struct walker *w, struct assay_point *point, double *x)
{
    while (w->segment < w->view.segment_count && w->at >= w->view.segments[w->segment].live) {
        w->segment++;
        w->at = 0;
    }
    if (w->segment == w->view.segment_count)
        return false;
    *point = assay_view_point(&w->view, w->view.segments[w->segment].first + w->at++);
    *x = assay_point_x(point, w->view.axis, w->view.origin_ms);
    return true;
}

/* The last live point of the series; false where there is none. */
static bool last_point(const struct assay_view *view, double *x)
{
    for (size_t s = view->segment_count; s-- > 0;)
        if (view->segments[s].live > 0) {
            struct assay_point point =
                assay_view_point(view, view->segments[s].first + view->segments[s].live - 1);
            *x = assay_point_x(&point, view->axis, view->origin_ms);
            return true;
        }
    return false;
}

double assay_series_at(struct assay_series *series, enum assay_axis axis, double x)
{
    struct assay_view view;
    double last, first = NAN;
    if (!series || isnan(x) || assay_series_count(series) == 0)
        return NAN;
    assay_series_view(series, axis, &view);
    if (!last_point(&view, &last))
        return NAN;
    size_t live = 0;
    for (size_t s = 0; s < view.segment_count; s++) {
        if (live == 0 && view.segments[s].live > 0) {
            struct assay_point point = assay_view_point(&view, view.segments[s].first);
            first = assay_point_x(&point, axis, view.origin_ms);
        }
        live += view.segments[s].live;
    }
    /* A point stands until the next one was due. */
    double due = live > 1 ? (last - first) / (double)(live - 1) : 0;
    if (x > last + due)
        return NAN;
    for (size_t s = view.segment_count; s-- > 0;) {
        const struct assay_segment *segment = &view.segments[s];
        size_t at = assay_view_find(&view, segment, x, true);
        size_t end = segment->first + segment->live;
        at = at > end ? end : at;
        if (at > segment->first)
            return assay_view_point(&view, at - 1).value;
    }
    return NAN;
}

/* ---- the area ---- */

struct area {
    double from, to;
    double sum, x, y;
    bool begun;
};

/* The trapezoid from the point before, as far as it lies in range. */
static void add_point(struct area *a, double x, double y)
{
    if (a->begun && x > a->x) {
        double left = fmax(a->x, a->from), right = fmin(x, a->to);
        if (right > left) {
            double slope = (y - a->y) / (x - a->x);
            double at_left = a->y + slope * (left - a->x);
            double at_right = a->y + slope * (right - a->x);
            a->sum += (at_left / 2 + at_right / 2) * (right - left);
        }
    }
    a->begun = true;
    a->x = x;
    a->y = y;
}

struct assay_curve assay_curve_area(struct assay_series *series, enum assay_axis axis,
                                    double from, double to)
{
    struct assay_curve curve = {.area = NAN, .from = NAN, .to = NAN};
    struct area area = {.from = isnan(from) ? -INFINITY : from,
                        .to = isnan(to) ? INFINITY : to};
    struct assay_point point;
    struct walker w;
    double x, first = NAN, last = NAN;
    if (!series || assay_series_count(series) == 0)
        return curve;
    walk(&w, series, axis);
    while (next(&w, &point, &x)) {
        if (!isfinite(point.value)) {
            curve.nonfinite++;
            continue;
        }
        first = isnan(first) ? x : first;
        last = x;
        curve.points++;
        add_point(&area, x, point.value);
    }
    curve.from = fmax(area.from, first);
    curve.to = fmin(area.to, last);
    if (curve.points > 1 && curve.to > curve.from)
        curve.area = area.sum / (curve.to - curve.from);
    return curve;
}

/* ---- a target ---- */

struct assay_reach assay_curve_reach(struct assay_series *series, double target, int direction)
{
    struct assay_reach reach = {.seconds = NAN};
    struct walker w;
    double x;
    if (!series || isnan(target) || assay_series_count(series) == 0)
        return reach;
    walk(&w, series, ASSAY_AXIS_STEP);
    while (!reach.reached && next(&w, &reach.point, &x)) {
        double value = reach.point.value;
        reach.reached = direction < 0 ? value <= target : value >= target;
    }
    if (reach.reached)
        reach.seconds =
            assay_point_x(&reach.point, ASSAY_AXIS_RELATIVE, assay_series_origin(series));
    return reach;
}

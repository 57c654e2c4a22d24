/*
 * Several series as one: each is averaged in bins along the axis, and the bins of all give a
 * mean and how far the series lie apart. For charts of groups of runs (tui/chart_group.c).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/series.h>

#define BLOCK 512

static void bin_add(struct assay_bins *bins, size_t bin, double x, double value)
{
    if (!isfinite(value)) {
        if (bins->count[bin] == 0)
            bins->x[bin] += x;
        bins->gaps[bin]++;
        return;
    }
    if (bins->count[bin] == 0)
        bins->x[bin] = 0; /* what is there is more than where something is missing */
    bins->value[bin] += value;
    bins->x[bin] += x;
    bins->count[bin]++;
}

struct assay_bins *assay_series_bin(struct assay_series *series, enum assay_axis axis,
                                    double lo, double hi)
{
    struct assay_bins *bins = assay_alloc(sizeof *bins);
    struct assay_point points[BLOCK];
    struct assay_view view;
    double width = (hi - lo) / ASSAY_BINS;

    assay_series_view(series, axis, &view);
    for (size_t s = 0; s < view.segment_count; s++) {
        const struct assay_segment *segment = &view.segments[s];
        size_t end = segment->first + segment->live;
        size_t from = assay_view_find(&view, segment, lo, false);
        size_t to = assay_view_find(&view, segment, hi, true);

        to = to < end ? to : end;
        while (from < to) {
            size_t take = to - from < BLOCK ? to - from : BLOCK;
            assay_series_get(view.series, from, take, points);
            for (size_t i = 0; i < take; i++) {
                double x = assay_point_x(&points[i], axis, view.origin_ms);
                double at = width > 0 ? (x - lo) / width : 0;
                size_t bin = at >= ASSAY_BINS ? ASSAY_BINS - 1 : at > 0 ? (size_t)at : 0;
                bin_add(bins, bin, x, points[i].value);
            }
            from += take;
        }
    }
    for (size_t i = 0; i < ASSAY_BINS; i++) {
        if (bins->count[i] > 0) {
            bins->value[i] /= bins->count[i];
            bins->x[i] /= bins->count[i];
        } else if (bins->gaps[i] > 0) {
            bins->x[i] /= bins->gaps[i];
        }
    }
    return bins;
}

/* The value of BINS at X, which lies in bin AT: its own there, or on the line between what it
   has before and after; NaN outside of all it has, and between values that are not finite.
   BEFORE is its last filled bin up to AT, SIZE_MAX where there is none since its last gap. */
static double value_at(const struct assay_bins *bins, size_t at, size_t before, double x)
{
    size_t after = at + 1;

    if (bins->count[at] > 0)
        return bins->value[at];
    if (before == SIZE_MAX)
        return NAN;
    while (after < ASSAY_BINS && bins->count[after] == 0 && bins->gaps[after] == 0)
        after++;
    if (after == ASSAY_BINS || bins->count[after] == 0 || !(bins->x[after] > bins->x[before]))
        return NAN;
    double part = (x - bins->x[before]) / (bins->x[after] - bins->x[before]);
    return bins->value[before] + part * (bins->value[after] - bins->value[before]);
}

struct sums {
    double mean, square, least, greatest; /* square: of distances from the mean, as they come */
    size_t count;
};

static void sums_add(struct sums *sums, double value)
{
    if (isnan(value))
        return;
    double off = value - sums->mean;
    sums->least = sums->count == 0 ? value : fmin(sums->least, value);
    sums->greatest = sums->count == 0 ? value : fmax(sums->greatest, value);
    sums->count++;
    sums->mean += off / (double)sums->count;
    sums->square += off * (value - sums->mean);
}

static void add_point(struct assay_series *series, enum assay_axis axis, double x, double value)
{
    struct assay_point point = {.value = value};

    if (axis == ASSAY_AXIS_STEP)
        point.step = (int64_t)llround(x);
    else
        point.time_ms = (int64_t)llround(axis == ASSAY_AXIS_TIME ? x : x * 1000);
    assay_series_add(series, &point, 1);
}

static void add_place(struct assay_curves *curves, enum assay_axis axis,
                      enum assay_spread spread, double x, const struct sums *sums)
{
    double mean = sums->mean, low = sums->least, high = sums->greatest;

    if (sums->count == 0) { /* no run has a number here */
        mean = low = high = NAN;
    } else if (spread == ASSAY_SPREAD_DEVIATION) {
        double off = sums->count > 1 ? sqrt(sums->square / (double)(sums->count - 1)) : 0;
        low = sums->mean - off;
        high = sums->mean + off;
    }
    /* Since the start: the group's own start is where all others' are. */
    if (axis == ASSAY_AXIS_RELATIVE && assay_series_count(curves->mean) == 0 && x > 0) {
        add_point(curves->mean, axis, 0, mean);
        add_point(curves->low, axis, 0, low);
        add_point(curves->high, axis, 0, high);
    }
    add_point(curves->mean, axis, x, mean);
    add_point(curves->low, axis, x, low);
    add_point(curves->high, axis, x, high);
}

/* Where along the axis bin AT of all stands: where their finite points are, else where values
   are missing; NaN where there is nothing at all. */
static double place_x(const struct assay_bins *const *bins, size_t count, size_t at)
{
    double x = 0, gap = 0;
    size_t have = 0, gaps = 0;

    for (size_t i = 0; i < count; i++) {
        if (bins[i]->count[at] > 0) {
            x += bins[i]->x[at];
            have++;
        } else if (bins[i]->gaps[at] > 0) {
            gap += bins[i]->x[at];
            gaps++;
        }
    }
    return have > 0 ? x / (double)have : gaps > 0 ? gap / (double)gaps : NAN;
}

void assay_curves_make(struct assay_curves *curves, const struct assay_bins *const *bins,
                       size_t count, enum assay_axis axis, enum assay_spread spread)
{
    size_t *before = assay_alloc_array(count + 1, sizeof *before);

    assay_curves_free(curves);
    curves->mean = assay_series_new(ASSAY_LAST_WRITTEN);
    curves->low = assay_series_new(ASSAY_LAST_WRITTEN);
    curves->high = assay_series_new(ASSAY_LAST_WRITTEN);
    for (size_t i = 0; i < count; i++)
        before[i] = SIZE_MAX;
    for (size_t at = 0; at < ASSAY_BINS; at++) {
        struct sums sums = {0};
        double x = place_x(bins, count, at);
        for (size_t i = 0; !isnan(x) && i < count; i++) {
            if (bins[i]->count[at] > 0)
                before[i] = at;
            else if (bins[i]->gaps[at] > 0)
                before[i] = SIZE_MAX;
            sums_add(&sums, value_at(bins[i], at, before[i], x));
        }
        if (!isnan(x))
            add_place(curves, axis, spread, x, &sums);
    }
    free(before);
}

void assay_curves_free(struct assay_curves *curves)
{
    assay_series_free(&curves->mean);
    assay_series_free(&curves->low);
    assay_series_free(&curves->high);
}

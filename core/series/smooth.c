/*
 * Smoothing for charts: the exponential moving average that TensorBoard draws.
 *
 *     a[0] = 0,  a[i] = w a[i-1] + (1 - w) y[i],  s[i] = a[i] / (1 - w^i)
 *
 * over the finite values, counted from 1. The division takes out the pull of the zero it starts
 * from (as in Kingma and Ba, Adam, 2015, section 3). Source: TensorBoard's line chart, its
 * "classic smoothing"; as there, a series whose values are all the same stays exactly as it is.
 *
 * A run that was started again begins a new average where its steps go back: what it does then
 * has nothing to do with what it did before. A series written in no order at all is smoothed in
 * the order of its steps, which is how it is drawn.
 */
#include <math.h>
#include <stdlib.h>

#include <assay/memory.h>
#include <assay/series.h>

struct average {
    double weight;
    double sum;   /* a[i] */
    double power; /* w^i */
    int64_t step; /* of the point before */
};

static void smooth_points(struct average *average, struct assay_point *points, size_t count)
{
    double weight = average->weight;
    for (size_t i = 0; i < count; i++) {
        double value = points[i].value;
        if (points[i].step < average->step) {
            average->sum = 0;
            average->power = 1;
        }
        average->step = points[i].step;
        if (!isfinite(value))
            continue;
        average->sum = average->sum * weight + (1 - weight) * value;
        average->power *= weight;
        if (average->power < 1e-300) /* no slow subnormals; 1 - this is 1 long before */
            average->power = 0;
        points[i].value = average->sum / (1 - average->power);
    }
}

/* All points in the order of their steps, where the series is written in none; else NULL. */
static struct assay_point *in_order(const struct assay_series *series,
                                    struct assay_point *points)
{
    size_t total = assay_series_count(series), stretches = 1;
    int64_t step = INT64_MIN;

    for (size_t from = 0, count; from < total; from += count) {
        count = total - from < ASSAY_CHUNK_POINTS ? total - from : ASSAY_CHUNK_POINTS;
        assay_series_get(series, from, count, points);
        for (size_t i = 0; i < count; i++) {
            stretches += points[i].step < step;
            step = points[i].step;
        }
    }
    return stretches > ASSAY_SEGMENTS_MAX ? assay_series_sorted(series, &total) : NULL;
}

struct assay_series *assay_series_smooth(const struct assay_series *series, double weight)
{
    const struct assay_summary *summary = assay_series_summary(series);
    struct assay_series *out = assay_series_new(ASSAY_LAST_WRITTEN);
    bool same = (summary->nonfinite == 0 && summary->min == summary->max) || !(weight > 0);
    struct average average = {.weight = weight, .power = 1, .step = INT64_MIN};
    struct assay_point *block = assay_alloc_array(ASSAY_CHUNK_POINTS, sizeof *block);
    struct assay_point *sorted = same ? NULL : in_order(series, block);
    size_t total = assay_series_count(series);

    if (average.weight > 0.999999) /* 1 would divide by zero */
        average.weight = 0.999999;
    for (size_t from = 0, count; from < total; from += count) {
        struct assay_point *points = sorted != NULL ? sorted + from : block;

        count = total - from < ASSAY_CHUNK_POINTS ? total - from : ASSAY_CHUNK_POINTS;
        if (sorted == NULL)
            assay_series_get(series, from, count, points);
        if (!same)
            smooth_points(&average, points, count);
        assay_series_add(out, points, count);
    }
    free(sorted);
    free(block);
    return out;
}

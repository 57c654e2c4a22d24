/*
 * Smoothing for charts: the exponential moving average that TensorBoard draws.
 *
 *     a[0] = 0,  a[i] = w a[i-1] + (1 - w) y[i],  s[i] = a[i] / (1 - w^i)
 *
 * over the finite values, counted from 1. The division takes out the pull of the zero it starts
 * from (as in Kingma and Ba, Adam, 2015, section 3). Source: TensorBoard's line chart, its
 * "classic smoothing"; as there, a series whose values are all the same stays exactly as it is.
 */
#include <math.h>
#include <stdlib.h>

#include <assay/memory.h>
#include <assay/series.h>

struct average {
    double weight;
    double sum;   /* a[i] */
    double power; /* w^i */
};

static void smooth_points(struct average *average, struct assay_point *points, size_t count)
{
    double weight = average->weight;
    for (size_t i = 0; i < count; i++) {
        double value = points[i].value;
        if (!isfinite(value))
            continue;
        average->sum = average->sum * weight + (1 - weight) * value;
        average->power *= weight;
        if (average->power < 1e-300) /* no slow subnormals; 1 - this is 1 long before */
            average->power = 0;
        points[i].value = average->sum / (1 - average->power);
    }
}

struct assay_series *assay_series_smooth(const struct assay_series *series, double weight)
{
    const struct assay_summary *summary = assay_series_summary(series);
    struct assay_series *out = assay_series_new(ASSAY_LAST_WRITTEN);
    bool constant = summary->nonfinite == 0 && summary->min == summary->max;
    struct average average = {.weight = weight > 0 ? weight : 0, .power = 1};
    struct assay_point *points = assay_alloc_array(ASSAY_CHUNK_POINTS, sizeof *points);
    size_t total = assay_series_count(series);

    if (average.weight > 0.999999) /* 1 would divide by zero */
        average.weight = 0.999999;
    for (size_t from = 0, count; from < total; from += count) {
        count = total - from < ASSAY_CHUNK_POINTS ? total - from : ASSAY_CHUNK_POINTS;
        assay_series_get(series, from, count, points);
        if (!constant && average.weight > 0)
            smooth_points(&average, points, count);
        assay_series_add(out, points, count);
    }
    free(points);
    return out;
}

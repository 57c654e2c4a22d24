/*
 * Times what charts and readers ask of series: packing, the pixel columns of a full chart,
 * single searches, smoothing. Prints median and 99th percentile, and bytes a point.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/series.h>

enum { SERIES = 20, POINTS = 1000000, COLUMNS = 1600 };

static uint64_t random_state = 42;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *what, double *ms, size_t count, double points)
{
    qsort(ms, count, sizeof *ms, compare);
    printf("%-34s median %8.2f ms  p99 %8.2f ms  n %zu", what, ms[count / 2],
           ms[count * 99 / 100], count);
    if (points > 0)
        printf("  %.2f ns/point", ms[count / 2] * 1e6 / points);
    printf("\n");
}

static double since(int64_t start_us)
{
    return (double)(assay_monotonic_us() - start_us) / 1000.0;
}

/* A random walk; JITTER makes the clock and the values the awkward kind. */
static void fill(struct assay_point *points, bool jitter)
{
    double value = 0;
    int64_t time_ms = 1700000000000;
    for (size_t i = 0; i < POINTS; i++) {
        value += (double)(next_random() >> 11) * 0x1p-53 - 0.5;
        time_ms += 20 + (int64_t)(jitter ? next_random() % 16 : 0);
        points[i] = (struct assay_point){.step = (int64_t)i * 10,
                                         .time_ms = time_ms,
                                         .value = jitter ? value : (double)(float)value};
    }
}

static double chart(struct assay_series **series, enum assay_axis axis, double from, double to)
{
    static double edges[COLUMNS + 1];
    static struct assay_view_column columns[COLUMNS];
    double sum = 0;
    for (size_t s = 0; s < SERIES; s++) {
        struct assay_view view;
        assay_series_view(series[s], axis, &view);
        struct assay_point a = assay_view_point(&view, 0);
        struct assay_point b = assay_view_point(&view, POINTS - 1);
        double x0 = assay_point_x(&a, axis, view.origin_ms);
        double x1 = assay_point_x(&b, axis, view.origin_ms);
        for (size_t i = 0; i <= COLUMNS; i++)
            edges[i] = x0 + (x1 - x0) * (from + (to - from) * (double)i / COLUMNS);
        assay_view_columns(&view, &view.segments[0], edges, COLUMNS, columns);
        sum += columns[0].max;
    }
    return sum;
}

static void run(const char *kind, bool jitter)
{
    static const char *const axes[] = {"step", "time", "relative"};
    struct assay_point *points = assay_alloc_array(POINTS, sizeof *points);
    struct assay_series *series[SERIES];
    double ms[101], pack[SERIES], sum = 0;
    size_t bytes = 0;
    char what[64];

    for (size_t s = 0; s < SERIES; s++) {
        fill(points, jitter);
        int64_t start = assay_monotonic_us();
        series[s] = assay_series_new(ASSAY_LAST_WRITTEN);
        for (size_t i = 0; i < POINTS; i += ASSAY_CHUNK_POINTS)
            assay_series_add_chunk(series[s],
                                   assay_chunk_pack(points + i, POINTS - i < ASSAY_CHUNK_POINTS
                                                                    ? POINTS - i
                                                                    : ASSAY_CHUNK_POINTS));
        pack[s] = since(start);
        bytes += assay_series_bytes(series[s]);
    }
    printf("%s: %d series of %d points, %.2f bytes a point\n", kind, SERIES, POINTS,
           (double)bytes / SERIES / POINTS);
    report("  pack and add one series", pack, SERIES, POINTS);
    for (int axis = 0; axis < 3; axis++) {
        for (int zoom = 0; zoom < 2; zoom++) {
            for (size_t i = 0; i < ASSAY_COUNT(ms); i++) {
                int64_t start = assay_monotonic_us();
                double from = zoom ? 0.3 + (double)i / 1000 : 0;
                sum += chart(series, (enum assay_axis)axis, from, zoom ? from + 0.01 : 1);
                ms[i] = since(start);
            }
            snprintf(what, sizeof what, "  %d columns each, by %s%s", COLUMNS, axes[axis],
                     zoom ? ", 1%" : "");
            report(what, ms, ASSAY_COUNT(ms), 0);
        }
    }
    for (size_t i = 0; i < 5; i++) {
        int64_t start = assay_monotonic_us();
        struct assay_series *smooth = assay_series_smooth(series[i], 0.9);
        ms[i] = since(start);
        sum += assay_series_summary(smooth)->last;
        assay_series_free(&smooth);
    }
    report("  smooth one series", ms, 5, POINTS);
    for (size_t i = 0; i < 101; i++) { /* a live source: ten points, then a look at it */
        int64_t start = assay_monotonic_us();
        struct assay_view view;
        assay_series_add(series[0], points + POINTS - 10, 10);
        assay_series_view(series[0], ASSAY_AXIS_STEP, &view);
        ms[i] = since(start);
    }
    report("  append ten points and view", ms, 101, 0);
    for (size_t s = 0; s < SERIES; s++)
        assay_series_free(&series[s]);
    free(points);
    if (isnan(sum))
        printf("?\n");
}

int main(void)
{
    run("floats, regular clock", false);
    run("doubles, jittered clock", true);
    return 0;
}

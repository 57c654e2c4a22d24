/*
 * Times what a chart costs between its points and the terminal: fitting, drawing, and the bytes
 * of the image. Prints the best and the median of each, and a number that differs where any
 * pixel does, so that two versions can be told to draw the same.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/chart.h>
#include <assay/clock.h>
#include <assay/memory.h>

enum { LINES = 50, ROUNDS = 31 };

static uint64_t random_state = 42;

static double next_unit(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) * 0x1p-53;
}

/* A decay with noise on it, as tests/bench/gen_store.c has them. */
static struct assay_series *make_series(size_t points)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_point *all = assay_alloc_array(points, sizeof *all);
    double value = 2 * next_unit(), low = next_unit(), noise = 0.02 + 0.1 * next_unit();
    double keep = exp(-6.0 / (double)points);
    for (size_t i = 0; i < points; i++) {
        value = low + (value - low) * keep;
        all[i] = (struct assay_point){.step = (int64_t)i * 10,
                                      .time_ms = 1700000000000 + (int64_t)i * 700,
                                      .value = (float)(value + noise * (next_unit() - 0.5))};
    }
    assay_series_add(series, all, points);
    free(all);
    return series;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *what, double *ms)
{
    qsort(ms, ROUNDS, sizeof *ms, compare);
    printf("  %-10s best %7.3f ms  median %7.3f ms\n", what, ms[0], ms[ROUNDS / 2]);
}

static double since(int64_t start_us)
{
    return (double)(assay_monotonic_us() - start_us) / 1000.0;
}

static uint64_t hash_of(const struct assay_frame *frame)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < (size_t)frame->width * (size_t)frame->height; i++)
        hash = (hash ^ frame->pixels[i]) * UINT64_C(1099511628211);
    return hash;
}

static void run(size_t count, size_t points, int width, int height)
{
    struct assay_chart_line lines[LINES] = {0};
    struct assay_frame frame = {0};
    struct assay_buf bytes = {0};
    double fit[ROUNDS], raster[ROUNDS], encode[ROUNDS];
    const struct assay_raster_options options = {
        .registers = 256, .cursor_x = NAN, .grid_x = 6, .grid_y = 5};

    for (size_t i = 0; i < count; i++)
        lines[i] = (struct assay_chart_line){
            .series = make_series(points), .label = "", .color = (int)i};
    assay_frame_resize(&frame, width, height);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct assay_chart chart = {.lines = lines,
                                    .line_count = count,
                                    .x_min = NAN,
                                    .x_max = NAN,
                                    .y_min = NAN,
                                    .y_max = NAN};
        struct assay_chart_info info = {0};
        int64_t start = assay_monotonic_us();
        assay_chart_fit(&chart, &info);
        fit[i] = since(start);
        start = assay_monotonic_us();
        assay_chart_raster(&chart, &options, &frame);
        raster[i] = since(start);
        start = assay_monotonic_us();
        assay_buf_reset(&bytes);
        if (assay_encode_sixel(&frame, NULL, &bytes, NULL) != ASSAY_OK)
            abort();
        encode[i] = since(start);
    }
    printf("%zu lines of %zu points on %d x %d pixels: %016llx, %zu bytes\n", count, points,
           width, height, (unsigned long long)hash_of(&frame), bytes.length);
    report("fit", fit);
    report("raster", raster);
    report("sixel", encode);
    for (size_t i = 0; i < count; i++)
        assay_series_free(&lines[i].series);
    assay_buf_free(&bytes);
    assay_frame_free(&frame);
}

int main(void)
{
    run(50, 1000, 744, 120);
    run(1, 1000, 744, 120);
    run(20, 1000000, 1520, 810);
    return 0;
}

/*
 * Charts drawn by several hands: whoever draws what of a picture, and in whatever order, it is
 * the picture that one draws alone.
 */
#include "support/points.h"

#include <assay/chart.h>
#include <assay/memory.h>

static struct assay_series *make_series(struct points_rng *rng, size_t count)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_point *points = assay_alloc_array(count, sizeof *points);
    double value = 1, drift = points_random_unit(rng) - 0.3;
    int64_t step = 0, stride = 1 + (int64_t)(points_random(rng) % 20);
    uint64_t odd = 20 + points_random(rng) % 2000; /* one of so many is not finite */

    for (size_t i = 0; i < count; i++) {
        value += points_random_unit(rng) - 0.5 + drift / (double)count;
        points[i] = (struct assay_point){.step = step, .value = value};
        if (points_random(rng) % odd == 0)
            points[i].value = points_random(rng) % 2 ? NAN : INFINITY;
        step = points_random(rng) % 3000 == 0 ? step / 2 : step + stride;
    }
    assay_series_add(series, points, count);
    free(points);
    return series;
}

static void random_zoom(struct points_rng *rng, struct assay_chart *chart)
{
    chart->x_min = chart->x_max = chart->y_min = chart->y_max = NAN;
    chart->log_x = points_random(rng) % 5 == 0;
    chart->log_y = points_random(rng) % 4 == 0;
    assay_chart_fit(chart, NULL);
    double range = chart->x_max - chart->x_min, part = pow(10, -3 * points_random_unit(rng));
    chart->x_min += range * points_random_unit(rng) * (1 - part);
    chart->x_max = chart->x_min + fmax(range * part, 1);
    chart->y_min = chart->y_max = NAN;
    assay_chart_fit(chart, NULL);
}

struct helping {
    struct points_rng rng;
    size_t spreads;
    bool busy; /* nobody ever has time */
};

/* Does the parts in an order drawn anew each time. */
static void spread_anyhow(void *self, size_t parts, void (*run)(void *context, size_t part),
                          void *context)
{
    struct helping *helping = self;
    size_t from = points_random(&helping->rng) % parts;

    helping->spreads++;
    for (size_t i = 0; i < parts; i++)
        run(context, (from + parts - i) % parts);
}

/* Now and then somebody has time: lines are painted alone and together by turns. */
static bool idle_anyhow(void *self)
{
    struct helping *helping = self;

    return !helping->busy && points_random(&helping->rng) % 3 == 0;
}

/* The picture is that of one hand, whoever draws what of it and when. */
static void test_hands(void **state)
{
    enum { LINES = 30, WIDTH = 523, HEIGHT = 150 };
    struct helping helping = {.rng = {.state = 5}};
    struct assay_hands hands = {.self = &helping, .spread = spread_anyhow};
    struct assay_frame alone = {0}, shared = {0};
    struct points_rng rng = {.state = 78};
    struct assay_chart_line lines[LINES] = {0};
    struct assay_chart chart = {.lines = lines, .line_count = LINES};

    (void)state;
    assay_frame_resize(&alone, WIDTH, HEIGHT);
    assay_frame_resize(&shared, WIDTH, HEIGHT);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < LINES; i++) {
            static const size_t counts[] = {1, 3, 40, 900, 9000};
            assay_series_free(&lines[i].series);
            lines[i].series = make_series(&rng, counts[points_random(&rng) % 5]);
            lines[i].faint = points_random(&rng) % 4 == 0 ? lines[i].series : NULL;
            lines[i].color = i + round * 20;
        }
        for (int zoom = 0; zoom < 12; zoom++) {
            random_zoom(&rng, &chart);
            struct assay_raster_options options = {
                .registers = zoom % 4 == 0 ? 16 : 256,
                .line_width = points_random(&rng) % 2 ? 0 : 1 + 3 * points_random_unit(&rng),
                .cursor_x = chart.x_min,
                .grid_x = 5,
                .grid_y = 5};
            assay_chart_raster(&chart, &options, &alone);
            hands.count = 2 + points_random(&rng) % 3;
            hands.idle = zoom % 3 == 0 ? NULL : idle_anyhow;
            helping.busy = zoom % 3 == 1;
            options.hands = &hands;
            size_t before = helping.spreads;
            assay_chart_raster(&chart, &options, &shared);
            assert_memory_equal(shared.pixels, alone.pixels, WIDTH * HEIGHT);
            assert_true(zoom % 3 != 0 || helping.spreads >= before + 2); /* they did help */
            assert_true(zoom % 3 != 1 || helping.spreads == before);
        }
    }
    for (int i = 0; i < LINES; i++)
        assay_series_free(&lines[i].series);
    assay_frame_free(&alone);
    assay_frame_free(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Smoothing: the formula of TensorBoard's chart, evaluated directly; what it leaves alone. */
#include "support/points.h"

#include <assay/memory.h>

static void test_formula(void **state)
{
    (void)state;
    enum { N = 9000 };
    static struct assay_point points[N], smoothed[N];
    static const double weights[] = {0.1, 0.6, 0.9, 0.99, 0.999};
    struct points_rng rng = {.state = 21};
    for (size_t w = 0; w < ASSAY_COUNT(weights); w++) {
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        for (size_t i = 0; i < N; i++) {
            points[i] = (struct assay_point){.step = (int64_t)(i % 700),
                                             .time_ms = (int64_t)i,
                                             .value = points_random_unit(&rng) * 10};
            if (i % 97 == 3)
                points[i].value = i % 2 ? NAN : INFINITY;
        }
        assay_series_add(series, points, N);
        struct assay_series *out = assay_series_smooth(series, weights[w]);
        assert_int_equal(assay_series_count(out), N);
        assay_series_get(out, 0, N, smoothed);
        double last = 0;
        size_t n = 0;
        for (size_t i = 0; i < N; i++) {
            double expected = points[i].value;
            if (isfinite(expected)) {
                last = last * weights[w] + (1 - weights[w]) * expected;
                expected = last / (1 - pow(weights[w], (double)++n));
                assert_true(fabs(smoothed[i].value - expected) <= 1e-9 * fabs(expected));
            } else {
                assert_true(points_same_value(smoothed[i].value, expected));
            }
            assert_true(smoothed[i].step == points[i].step);
            assert_true(smoothed[i].time_ms == points[i].time_ms);
        }
        assay_series_free(&out);
        assay_series_free(&series);
    }
}

static void test_left_alone(void **state)
{
    (void)state;
    struct assay_point points[100], back[100];
    for (int varied = 0; varied < 2; varied++) {
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        for (int i = 0; i < 100; i++)
            points[i] = (struct assay_point){.step = i, .value = varied ? i * 0.1 : 0.1};
        assay_series_add(series, points, 100);
        /* A constant stays exactly itself; weight 0 changes nothing. */
        struct assay_series *out = assay_series_smooth(series, varied ? 0 : 0.9);
        assay_series_get(out, 0, 100, back);
        assert_points_equal(points, back, 100);
        assay_series_free(&out);
        out = assay_series_smooth(series, 1); /* out of range, yet no division by zero */
        assert_int_equal(assay_series_summary(out)->nonfinite, 0);
        assay_series_free(&out);
        assay_series_free(&series);
    }
    struct assay_series *empty = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_series *out = assay_series_smooth(empty, 0.5);
    assert_int_equal(assay_series_count(out), 0);
    assay_series_free(&out);
    assay_series_free(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

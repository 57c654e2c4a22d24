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
            if (i > 0 && points[i].step < points[i - 1].step) { /* started again */
                last = 0;
                n = 0;
            }
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

/* The first value after a restart is its own, whatever came before; a repeated step is none. */
static void test_restart(void **state)
{
    (void)state;
    struct assay_point points[] = {{.step = 0, .value = 100}, {.step = 1, .value = 100},
                                   {.step = 1, .value = 90},  {.step = 2, .value = 100},
                                   {.step = 1, .value = 2},   {.step = 2, .value = 4}};
    struct assay_point back[6];
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    assay_series_add(series, points, 6);
    struct assay_series *out = assay_series_smooth(series, 0.9);
    assay_series_get(out, 0, 6, back);
    assert_true(back[2].value > 96 && back[2].value < 97);
    assert_true(fabs(back[4].value - 2) < 1e-12);
    assert_true(fabs(back[5].value - (2 * 0.9 + 4) / 1.9) < 1e-12);
    assay_series_free(&out);
    assay_series_free(&series);
}

/* Points in no order are smoothed as they are drawn: sorted by step. */
static void test_unsorted(void **state)
{
    (void)state;
    enum { N = 10000 };
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_series *plain = assay_series_new(ASSAY_LAST_WRITTEN);

    for (int64_t i = 0; i < N; i++) {
        int64_t step = i * 7919 % N;
        struct assay_point wild = {.step = step, .value = (double)(step % 13)};
        struct assay_point calm = {.step = i, .value = (double)(i % 13)};
        assay_series_add(series, &wild, 1);
        assay_series_add(plain, &calm, 1);
    }
    struct assay_series *out = assay_series_smooth(series, 0.6);
    struct assay_series *expected = assay_series_smooth(plain, 0.6);
    struct assay_point a, b;
    for (size_t i = 0; i < N; i++) {
        assay_series_get(out, i, 1, &a);
        assay_series_get(expected, i, 1, &b);
        assert_true(a.step == b.step);
        assert_true(a.value == b.value);
    }
    assay_series_free(&out);
    assay_series_free(&expected);
    assay_series_free(&series);
    assay_series_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_unsorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

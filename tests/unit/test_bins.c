/*
 * Several series as one (core/series/bins.c): the mean and the spread at each step against sums
 * taken directly, and that a gap in the data is one in the line.
 */
#include "support/points.h"

#include <assay/memory.h>

#define RUNS 5

static struct assay_series *series_of(const double *values, size_t count, int64_t stride)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    for (size_t i = 0; i < count; i++)
        assay_series_add(series,
                         &(struct assay_point){.step = (int64_t)i * stride,
                                               .time_ms = (int64_t)i * 1000,
                                               .value = values[i]},
                         1);
    return series;
}

/* The curves of COUNT series with one step in a bin. */
static void make(struct assay_curves *curves, struct assay_series **series, size_t count,
                 enum assay_spread spread)
{
    struct assay_bins *bins[RUNS] = {NULL};

    for (size_t i = 0; i < count; i++)
        bins[i] = assay_series_bin(series[i], ASSAY_AXIS_STEP, -0.5, ASSAY_BINS - 0.5);
    assay_curves_make(curves, (const struct assay_bins *const *)bins, count, ASSAY_AXIS_STEP,
                      spread);
    for (size_t i = 0; i < count; i++)
        free(bins[i]);
}

static struct assay_point at(struct assay_series *series, size_t index)
{
    struct assay_point point;

    assert_true(index < assay_series_count(series));
    assay_series_get(series, index, 1, &point);
    return point;
}

static void assert_near(double actual, double expected)
{
    if (isnan(expected) ? !isnan(actual) : !(fabs(actual - expected) <= 1e-9))
        fail_msg("%.17g is not %.17g", actual, expected);
}

/* Every run has every step, some values are no numbers: what each step's numbers give. */
static void test_every_step(void **state)
{
    enum { STEPS = 400 };
    static double values[RUNS][STEPS];
    struct points_rng rng = {.state = 77};

    (void)state;
    for (int spread = 0; spread < 2; spread++) {
        struct assay_series *series[RUNS];
        struct assay_curves curves = {0};
        for (size_t i = 0; i < RUNS; i++) {
            for (size_t s = 0; s < STEPS; s++) {
                bool gap = (s >= 100 && s < 110) || points_random_unit(&rng) < 0.2;
                values[i][s] = gap ? (s % 2 ? NAN : INFINITY) : points_random_unit(&rng) * 4;
            }
            series[i] = series_of(values[i], STEPS, 1);
        }
        make(&curves, series, RUNS, spread ? ASSAY_SPREAD_DEVIATION : ASSAY_SPREAD_RANGE);
        assert_int_equal(assay_series_count(curves.mean), STEPS);
        for (size_t s = 0; s < STEPS; s++) {
            double sum = 0, square = 0, least = INFINITY, greatest = -INFINITY, n = 0;
            for (size_t i = 0; i < RUNS; i++) {
                if (!isfinite(values[i][s]))
                    continue;
                sum += values[i][s];
                least = fmin(least, values[i][s]);
                greatest = fmax(greatest, values[i][s]);
                n++;
            }
            double mean = n > 0 ? sum / n : NAN;
            for (size_t i = 0; i < RUNS; i++)
                square +=
                    isfinite(values[i][s]) ? (values[i][s] - mean) * (values[i][s] - mean) : 0;
            double off = n > 1 ? sqrt(square / (n - 1)) : 0;
            assert_true(at(curves.mean, s).step == (int64_t)s);
            assert_near(at(curves.mean, s).value, mean);
            assert_near(at(curves.low, s).value, n == 0 ? NAN : spread ? mean - off : least);
            assert_near(at(curves.high, s).value, n == 0   ? NAN
                                                  : spread ? mean + off
                                                           : greatest);
        }
        assay_curves_free(&curves);
        for (size_t i = 0; i < RUNS; i++)
            assay_series_free(&series[i]);
    }
}

/* A run of few points counts between them, on the line that joins them; but not across a value
   that is no number, and not beyond its ends. */
static void test_between_points(void **state)
{
    static const double dense[] = {10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
    static const double sparse[] = {0, 4, NAN, 0, 8};                /* at 0, 2, 4, 6, 8 */
    static const double mean[] = {5, 6, 7, 10, 10, 10, 5, 7, 9, 10}; /* of both, by step */
    struct assay_series *series[] = {series_of(dense, ASSAY_COUNT(dense), 1),
                                     series_of(sparse, ASSAY_COUNT(sparse), 2)};
    struct assay_curves curves = {0};

    (void)state;
    make(&curves, series, 2, ASSAY_SPREAD_RANGE);
    assert_int_equal(assay_series_count(curves.mean), ASSAY_COUNT(dense));
    for (size_t i = 0; i < ASSAY_COUNT(mean); i++) {
        assert_near(at(curves.mean, i).value, mean[i]);
        assert_near(at(curves.high, i).value, 10);
    }
    assay_curves_free(&curves);
    /* Alone, its gap is one in the mean: a value that is none, at its step. */
    make(&curves, &series[1], 1, ASSAY_SPREAD_DEVIATION);
    assert_int_equal(assay_series_count(curves.mean), ASSAY_COUNT(sparse));
    for (size_t i = 0; i < ASSAY_COUNT(sparse); i++) {
        assert_true(at(curves.mean, i).step == (int64_t)i * 2);
        assert_near(at(curves.mean, i).value, sparse[i]);
        assert_near(at(curves.low, i).value, sparse[i]);
    }
    assay_curves_free(&curves);
    assay_series_free(&series[0]);
    assay_series_free(&series[1]);
}

/* Where a bin holds many points its value is the mean of the finite ones, wherever the others
   stand among them. */
static void test_full_bins(void **state)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    (void)state;
    for (int64_t i = 0; i < ASSAY_BINS * 8; i++)
        assay_series_add(
            series,
            &(struct assay_point){
                .step = i, .value = i / 8 == 5 || i % 8 == i / 8 % 8 ? NAN : (double)(i / 8)},
            1);
    struct assay_bins *bins =
        assay_series_bin(series, ASSAY_AXIS_STEP, -0.5, ASSAY_BINS * 8 - 0.5);
    for (size_t i = 0; i < ASSAY_BINS; i++) {
        assert_int_equal(bins->count[i], i == 5 ? 0 : 7);
        assert_int_equal(bins->gaps[i], i == 5 ? 8 : 1);
        double middle = (double)i * 8 + 3.5, missing = (double)(i * 8 + i % 8);
        assert_near(bins->x[i], i == 5 ? middle : (middle * 8 - missing) / 7);
        assert_near(i == 5 ? 0 : bins->value[i], i == 5 ? 0 : (double)i);
    }
    free(bins);
    assay_series_free(&series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_step),
        cmocka_unit_test(test_between_points),
        cmocka_unit_test(test_full_bins),
    };
    return cmocka_run_group_tests_name("bins", tests, NULL, NULL);
}

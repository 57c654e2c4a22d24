/* The curves of several series (core/series/bins.c; gaps in them: test_bins.c): bins against
   plain sums over the steps, means and spreads against straight lines, whose values are known
   everywhere. */
#include "support/points.h"

#include <assay/memory.h>

#define STEPS 2048

/* A series that was restarted at step 700 after 1000 steps; PLAIN gets what counts of it. */
static struct assay_series *make_restarted(double plain[STEPS])
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct points_rng rng = {.state = 5};
    for (int i = 0; i < STEPS; i++)
        plain[i] = NAN;
    for (int pass = 0; pass < 2; pass++)
        for (int step = pass ? 700 : 0; step < (pass ? STEPS : 1000); step++) {
            struct assay_point point = {.step = step, .value = points_random_unit(&rng)};
            if (step % 31 == 7)
                point.value = step % 2 ? NAN : -INFINITY;
            plain[step] = point.value;
            assay_series_add(series, &point, 1);
        }
    return series;
}

static void test_bins_are_means_of_what_counts(void **state)
{
    static const struct {
        int lo, hi;
    } ranges[] = {{0, STEPS}, {100, 1124}, {0, 512}, {690, 710}, {300, 300}};
    static double plain[STEPS];
    (void)state;
    struct assay_series *series = make_restarted(plain);
    for (size_t r = 0; r < ASSAY_COUNT(ranges); r++) {
        double sums[ASSAY_BINS] = {0};
        uint32_t counts[ASSAY_BINS] = {0};
        int lo = ranges[r].lo, span = ranges[r].hi - lo;
        for (int step = lo; step <= ranges[r].hi && step < STEPS; step++) {
            int bin = span ? (step - lo) * ASSAY_BINS / span : 0;
            bin = bin < ASSAY_BINS ? bin : ASSAY_BINS - 1; /* the end of the range */
            if (isfinite(plain[step])) {
                sums[bin] += plain[step];
                counts[bin]++;
            }
        }
        struct assay_bins *bins = assay_series_bin(series, ASSAY_AXIS_STEP, lo, ranges[r].hi);
        for (int i = 0; i < ASSAY_BINS; i++) {
            assert_int_equal(bins->count[i], counts[i]);
            if (counts[i])
                assert_true(fabs(bins->value[i] - sums[i] / counts[i]) < 1e-12);
        }
        free(bins);
    }
    assay_series_free(&series);
}

/* Steps FROM, FROM + BY, … up to TO of the line SLOPE x + RISE. */
static struct assay_bins *make_line(int from, int to, int by, double slope, double rise)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    for (int step = from; step <= to; step += by)
        assay_series_add(series,
                         &(struct assay_point){.step = step, .value = slope * step + rise}, 1);
    struct assay_bins *bins = assay_series_bin(series, ASSAY_AXIS_STEP, 0, ASSAY_BINS);
    assay_series_free(&series);
    return bins;
}

static void expect_lines(const struct assay_curves *curves, enum assay_spread spread)
{
    size_t at = 0;
    for (int step = 0; step <= 200; step++) {
        bool in_a = step >= 10 && step <= 100, in_b = step >= 20;
        struct assay_point mean, low, high;
        if (!((in_a && step % 2 == 0) || (in_b && step % 5 == 0)))
            continue;
        double a = 2.0 * step, b = 4.0 * step + 1;
        double middle = in_a && in_b ? (a + b) / 2 : in_a ? a : b;
        double off = in_a && in_b ? fabs(a - b) / 2 : 0;
        if (spread == ASSAY_SPREAD_DEVIATION)
            off *= sqrt(2); /* of two values, n - 1 */
        assay_series_get(curves->mean, at, 1, &mean);
        assay_series_get(curves->low, at, 1, &low);
        assay_series_get(curves->high, at, 1, &high);
        assert_int_equal(mean.step, step);
        assert_int_equal(low.step, step);
        assert_int_equal(high.step, step);
        assert_true(fabs(mean.value - middle) < 1e-9);
        assert_true(fabs(low.value - (middle - off)) < 1e-9);
        assert_true(fabs(high.value - (middle + off)) < 1e-9);
        at++;
    }
    assert_int_equal(assay_series_count(curves->mean), at);
    assert_int_equal(assay_series_count(curves->low), at);
    assert_int_equal(assay_series_count(curves->high), at);
}

static void test_lines_are_joined_between_their_points(void **state)
{
    (void)state;
    struct assay_bins *a = make_line(10, 100, 2, 2, 0), *b = make_line(20, 200, 5, 4, 1);
    struct assay_curves curves = {0};
    for (int turn = 0; turn < 2; turn++) {
        const struct assay_bins *both[] = {turn ? b : a, turn ? a : b};
        assay_curves_make(&curves, both, 2, ASSAY_AXIS_STEP, ASSAY_SPREAD_RANGE);
        expect_lines(&curves, ASSAY_SPREAD_RANGE);
        assay_curves_make(&curves, both, 2, ASSAY_AXIS_STEP, ASSAY_SPREAD_DEVIATION);
        expect_lines(&curves, ASSAY_SPREAD_DEVIATION);
    }
    assay_curves_free(&curves);
    free(a);
    free(b);
}

static void test_one_series_is_its_own_mean(void **state)
{
    (void)state;
    struct assay_bins *bins = make_line(3, 900, 7, -0.5, 2);
    const struct assay_bins *one[] = {bins};
    struct assay_curves curves = {0};
    assay_curves_make(&curves, one, 1, ASSAY_AXIS_STEP, ASSAY_SPREAD_DEVIATION);
    assert_int_equal(assay_series_count(curves.mean), (900 - 3) / 7 + 1);
    for (size_t i = 0; i < assay_series_count(curves.mean); i++) {
        struct assay_point point;
        const struct assay_series *const all[] = {curves.mean, curves.low, curves.high};
        for (size_t c = 0; c < ASSAY_COUNT(all); c++) {
            assay_series_get(all[c], i, 1, &point);
            assert_int_equal(point.step, 3 + 7 * (int64_t)i);
            assert_true(point.value == -0.5 * (double)point.step + 2);
        }
    }
    assay_curves_free(&curves);
    free(bins);
}

/* Nothing finite in sight gives curves of nothing but the gap. */
static void test_nothing_to_show(void **state)
{
    (void)state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    assay_series_add(series, &(struct assay_point){.step = 1, .value = NAN}, 1);
    assay_series_add(series, &(struct assay_point){.step = 5000, .value = 1}, 1);
    struct assay_bins *bins = assay_series_bin(series, ASSAY_AXIS_STEP, 0, 100);
    const struct assay_bins *one[] = {bins};
    struct assay_curves curves = {0};
    assay_curves_make(&curves, one, 1, ASSAY_AXIS_STEP, ASSAY_SPREAD_RANGE);
    const struct assay_series *const all[] = {curves.mean, curves.low, curves.high};
    for (size_t c = 0; c < ASSAY_COUNT(all); c++) {
        struct assay_point point;
        assert_int_equal(assay_series_count(all[c]), 1);
        assay_series_get(all[c], 0, 1, &point);
        assert_int_equal(point.step, 1);
        assert_true(isnan(point.value));
    }
    assay_curves_free(&curves);
    assay_series_free(&series);
    free(bins);
}

/* Since the start, a group begins at 0, where all others do, although the first bin's mean time
   is later. */
static void test_a_group_begins_at_its_start(void **state)
{
    (void)state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    static const int64_t times[] = {70000, 70500, 73000};
    static const int64_t expected[] = {0, 250, 3000};
    static const double values[] = {4, 4, 9};
    for (size_t i = 0; i < 3; i++)
        assay_series_add(series,
                         &(struct assay_point){.step = (int64_t)i,
                                               .time_ms = times[i],
                                               .value = i == 0   ? 3
                                                        : i == 1 ? 5
                                                                 : 9},
                         1);
    struct assay_bins *bins = assay_series_bin(series, ASSAY_AXIS_RELATIVE, 0, ASSAY_BINS);
    const struct assay_bins *one[] = {bins};
    struct assay_curves curves = {0};
    assay_curves_make(&curves, one, 1, ASSAY_AXIS_RELATIVE, ASSAY_SPREAD_RANGE);
    assert_int_equal(assay_series_count(curves.mean), 3);
    for (size_t i = 0; i < 3; i++) {
        struct assay_point point;
        assay_series_get(curves.mean, i, 1, &point);
        assert_int_equal(point.time_ms, expected[i]);
        assert_true(point.value == values[i]);
    }
    assay_curves_free(&curves);
    assay_series_free(&series);
    free(bins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bins_are_means_of_what_counts),
        cmocka_unit_test(test_lines_are_joined_between_their_points),
        cmocka_unit_test(test_one_series_is_its_own_mean),
        cmocka_unit_test(test_nothing_to_show),
        cmocka_unit_test(test_a_group_begins_at_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

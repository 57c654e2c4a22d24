/*
 * Intervals of a mean, of a median, and of the difference of two means; and the choice among
 * them. Called by verdict.c; the choice rests on the coverage tests/bench/coverage.c prints.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>

#include "compare/parts.h"

const char *assay_interval_name(enum assay_interval_method method)
{
    static const char *const names[] = {
        [ASSAY_INTERVAL_NONE] = "none",
        [ASSAY_INTERVAL_STUDENT] = "Student",
        [ASSAY_INTERVAL_WELCH] = "Welch",
        [ASSAY_INTERVAL_BCA] = "BCa bootstrap",
        [ASSAY_INTERVAL_ORDER] = "order statistics",
    };
    return (size_t)method < ASSAY_COUNT(names) ? names[method] : "none";
}

static struct assay_interval none(const char *why)
{
    return (struct assay_interval){
        .low = NAN, .high = NAN, .level = NAN, .estimate = NAN, .why = why};
}

#define WHY_FEW   "fewer than two values"
#define WHY_EQUAL "all values are equal"

/* ---- Student and Welch ---- */

struct assay_interval assay_interval_student(const double *values, size_t n, double level)
{
    struct assay_sample s = assay_sample_of(values, n);
    if (s.n < 2)
        return none(WHY_FEW);
    double half =
        assay_student_quantile((1 + level) / 2, (double)(s.n - 1)) * s.sd / sqrt((double)s.n);
    return (struct assay_interval){.method = ASSAY_INTERVAL_STUDENT,
                                   .low = s.mean - half,
                                   .high = s.mean + half,
                                   .level = level,
                                   .estimate = s.mean};
}

struct assay_interval assay_interval_welch(const double *a, size_t na, const double *b,
                                           size_t nb, double level)
{
    struct assay_sample x = assay_sample_of(a, na), y = assay_sample_of(b, nb);
    if (x.n < 2 || y.n < 2)
        return none(WHY_FEW);
    double u = x.sd * x.sd / (double)x.n, v = y.sd * y.sd / (double)y.n;
    double df = (u + v) * (u + v) / (u * u / (double)(x.n - 1) + v * v / (double)(y.n - 1));
    if (!(u + v > 0) || !isfinite(df))
        return none(WHY_EQUAL);
    double half = assay_student_quantile((1 + level) / 2, df) * sqrt(u + v);
    double difference = x.mean - y.mean;
    return (struct assay_interval){.method = ASSAY_INTERVAL_WELCH,
                                   .low = difference - half,
                                   .high = difference + half,
                                   .level = level,
                                   .estimate = difference};
}

/* ---- the bootstrap ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double resampled_mean(struct assay_random *random, const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[assay_random_below(random, n)];
    return sum / (double)n;
}

/* Skewness of the influence of each value on the mean, a sixth of it: BCa's acceleration. The
   sides' own values enter with the weight they have in the difference. */
struct influence {
    double squares, cubes;
};

static void add_influence(struct influence *sum, const double *values, size_t n, double sign)
{
    double mean = mean_of(values, n);
    for (size_t i = 0; i < n; i++) {
        double away = sign * (values[i] - mean) / (double)(n - 1) / (double)n;
        sum->squares += away * away;
        sum->cubes += away * away * away;
    }
}

static double quantile(const double *sorted, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t low = (size_t)floor(at);
    if (low + 1 >= n)
        return sorted[n - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

/* The share of the resampled values that stands for P once bias and acceleration are in. */
static double shifted_share(double p, double bias, double acceleration)
{
    double z = bias + assay_normal_quantile(p);
    return assay_normal_cdf(bias + z / (1 - acceleration * z));
}

static struct assay_interval bca_from(double *means, size_t count, double estimate,
                                      const struct influence *influence, double level)
{
    size_t below = 0, equal = 0;
    qsort(means, count, sizeof *means, by_value);
    /* The same values in another order add up to another last bit, and are equal all the same.
     */
    double rounding = (means[count - 1] - means[0]) * 1e-12;
    for (size_t i = 0; i < count; i++) {
        below += means[i] < estimate - rounding;
        equal += fabs(means[i] - estimate) <= rounding;
    }
    double share = ((double)below + (double)equal / 2) / (double)count;
    double bias = assay_normal_quantile(share);
    double acceleration =
        influence->squares > 0 ? influence->cubes / (6 * pow(influence->squares, 1.5)) : 0;
    if (!isfinite(bias))
        return none(WHY_EQUAL);
    double low = shifted_share((1 - level) / 2, bias, acceleration);
    double high = shifted_share((1 + level) / 2, bias, acceleration);
    return (struct assay_interval){.method = ASSAY_INTERVAL_BCA,
                                   .low = quantile(means, count, low),
                                   .high = quantile(means, count, high),
                                   .level = level,
                                   .estimate = estimate};
}

struct assay_interval assay_interval_bca(const double *values, size_t count, double level,
                                         size_t resamples, uint64_t seed)
{
    size_t n;
    double *kept = finite_copy(values, count, &n);
    struct assay_interval result = none(WHY_FEW);
    if (n >= 2 && resamples > 0) {
        struct assay_random random = {seed};
        struct influence influence = {0};
        double *means = assay_alloc_array(resamples, sizeof *means);
        for (size_t i = 0; i < resamples; i++)
            means[i] = resampled_mean(&random, kept, n);
        add_influence(&influence, kept, n, 1);
        result = bca_from(means, resamples, mean_of(kept, n), &influence, level);
        free(means);
    }
    free(kept);
    return result;
}

struct assay_interval assay_interval_bca_two(const double *a, size_t na, const double *b,
                                             size_t nb, double level, size_t resamples,
                                             uint64_t seed)
{
    size_t n, m;
    double *x = finite_copy(a, na, &n), *y = finite_copy(b, nb, &m);
    struct assay_interval result = none(WHY_FEW);
    if (n >= 2 && m >= 2 && resamples > 0) {
        struct assay_random random = {seed};
        struct influence influence = {0};
        double *means = assay_alloc_array(resamples, sizeof *means);
        for (size_t i = 0; i < resamples; i++) {
            double first = resampled_mean(&random, x, n);
            means[i] = first - resampled_mean(&random, y, m);
        }
        add_influence(&influence, x, n, 1);
        add_influence(&influence, y, m, -1);
        result = bca_from(means, resamples, mean_of(x, n) - mean_of(y, m), &influence, level);
        free(means);
    }
    free(x);
    free(y);
    return result;
}

/* ---- order statistics ---- */

/* How surely the K-th smallest and K-th greatest of N enclose the median. */
static double order_level(size_t n, size_t k)
{
    /* 1 - 2 P(fewer than k of n fair coins fall heads) */
    return 1 - 2 * assay_beta_regularized((double)(n - k + 1), (double)k, 0.5);
}

struct assay_interval assay_interval_order(const double *values, size_t count, double level)
{
    size_t n;
    double *sorted = finite_sorted(values, count, &n);
    struct assay_interval result = none("fewer than five values: their range covers the median "
                                        "too rarely");
    double least = level;
    if (n >= 2 && order_level(n, 1) < level)
        least = fmin(level, 0.93);
    if (n >= 2 && order_level(n, 1) >= least) {
        size_t k = 1;
        while (2 * (k + 1) <= n && order_level(n, k + 1) >= least)
            k++;
        double median = n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
        result = (struct assay_interval){.method = ASSAY_INTERVAL_ORDER,
                                         .low = sorted[k - 1],
                                         .high = sorted[n - k],
                                         .level = order_level(n, k),
                                         .estimate = median};
    }
    free(sorted);
    return result;
}

/* ---- the choice ---- */

/* Measured (docs/compare.md): Student's interval of paired differences covers too rarely below
   100 where the two sides are skewed and differ in spread; order statistics assume no shape,
   and allow 93.75 % at five. BCa covers 80 to 92 % below 100 and is never better. */
#define PAIRED_LEAST   5
#define PAIRED_STUDENT 100
/* Welch's at 95 % covers as little as 91 % below 50, less where the sides differ in size; built
   at these levels it stays above 93. */
#define UNPAIRED_LEAST 5

static double welch_level(size_t least, size_t most)
{
    bool even = most <= least + least / 2;
    if (even)
        return least < 100 ? 0.98 : 0.95;
    return least < 20 ? 0.995 : least < 100 ? 0.99 : least < 500 ? 0.98 : 0.95;
}

static const char *few_pairs(size_t n)
{
    static const char *const why[PAIRED_LEAST] = {
        "no interval: there are no pairs",
        "no interval: one pair has no spread",
        "no interval: with 2 pairs none covers the truth often enough",
        "no interval: with 3 pairs none covers the truth often enough; 5 are the least",
        "no interval: with 4 pairs none covers the truth often enough; 5 are the least",
    };
    return why[n];
}

struct assay_interval assay_interval_paired(const double *differences, size_t n, uint64_t seed)
{
    struct assay_sample sample = assay_sample_of(differences, n);
    (void)seed; /* neither of the methods chosen draws at random */
    if (sample.n < PAIRED_LEAST)
        return none(few_pairs(sample.n));
    if (sample.min == sample.max)
        return none("no interval: every pair differs by the same");
    if (sample.n >= PAIRED_STUDENT)
        return assay_interval_student(differences, n, 0.95);
    return assay_interval_order(differences, n, 0.95);
}

struct assay_interval assay_interval_unpaired(const double *a, size_t na, const double *b,
                                              size_t nb, uint64_t seed)
{
    struct assay_sample x = assay_sample_of(a, na), y = assay_sample_of(b, nb);
    size_t least = x.n < y.n ? x.n : y.n, most = x.n < y.n ? y.n : x.n;
    (void)seed;
    if (least < UNPAIRED_LEAST)
        return none(
            "no interval: with fewer than 5 values on a side none covers the truth often "
            "enough");
    if (x.min == x.max && y.min == y.max)
        return none("no interval: neither side varies");
    return assay_interval_welch(a, na, b, nb, welch_level(least, most));
}

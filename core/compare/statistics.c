/*
 * What a sample says of itself, effect sizes, and corrections for having tested often. Called
 * by verdict.c, by the front ends for means over groups, and by the tests' oracle.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>

#include "compare/parts.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double *finite_copy(const double *values, size_t count, size_t *n)
{
    double *copy = assay_alloc_array(count, sizeof *copy);
    *n = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]))
            copy[(*n)++] = values[i];
    return copy;
}

double *finite_sorted(const double *values, size_t count, size_t *n)
{
    double *sorted = finite_copy(values, count, n);
    if (*n > 1)
        qsort(sorted, *n, sizeof *sorted, by_value);
    return sorted;
}

/* Neumaier's compensated sum: a million equal values keep their mean. */
double exact_sum(const double *values, size_t n)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        double next = sum + values[i];
        lost +=
            fabs(sum) >= fabs(values[i]) ? (sum - next) + values[i] : (values[i] - next) + sum;
        sum = next;
    }
    return isfinite(lost) ? sum + lost : sum;
}

double mean_of(const double *values, size_t n)
{
    if (n == 0)
        return NAN;
    double sum = exact_sum(values, n);
    if (isfinite(sum))
        return sum / (double)n;
    double mean = 0; /* the sum is beyond what a double holds, the mean is not */
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    return mean;
}

double variance_of(const double *values, size_t n, double mean)
{
    if (n < 2)
        return NAN;
    double sum = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        double away = values[i] - mean;
        sum += away * away;
        rest += away;
    }
    /* Corrected for what rounding left in the mean. */
    double variance = (sum - rest * rest / (double)n) / (double)(n - 1);
    return variance > 0 ? variance : 0;
}

static bool all_equal(const double *sorted, size_t n)
{
    return n > 0 && sorted[0] == sorted[n - 1];
}

struct assay_sample assay_sample_of(const double *values, size_t count)
{
    size_t n;
    double *sorted = finite_sorted(values, count, &n);
    struct assay_sample sample = {.n = n,
                                  .dropped = count - n,
                                  .mean = NAN,
                                  .sd = NAN,
                                  .min = NAN,
                                  .max = NAN,
                                  .median = NAN,
                                  .skewness = NAN};
    if (n > 0) {
        sample.min = sorted[0];
        sample.max = sorted[n - 1];
        sample.mean = all_equal(sorted, n) ? sorted[0] : mean_of(sorted, n);
        sample.sd = n < 2 ? NAN : sqrt(variance_of(sorted, n, sample.mean));
        sample.median = n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
    }
    if (n >= 3 && !all_equal(sorted, n)) {
        double second = 0, third = 0;
        for (size_t i = 0; i < n; i++) {
            double away = sorted[i] - sample.mean;
            second += away * away;
            third += away * away * away;
        }
        second /= (double)n;
        third /= (double)n;
        sample.skewness = second > 0 ? third / (second * sqrt(second)) : NAN;
    }
    free(sorted);
    return sample;
}

/* The expected greatest of n standard normal values: the integral over its own density, by
   Simpson's rule, which for so smooth a function is exact to twelve digits. */
double assay_best_of_bias(size_t n)
{
    enum { STEPS = 4000 };
    if (n < 2)
        return 0;
    double sum = 0, from = -12, width = 24.0 / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        double z = from + i * width;
        double density = exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846);
        double term = z * density * pow(assay_normal_cdf(z), (double)(n - 1));
        sum += term * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return (double)n * sum * width / 3;
}

/* ---- effect sizes ---- */

double assay_effect_cohen_d(const double *a, size_t na, const double *b, size_t nb)
{
    struct assay_sample x = assay_sample_of(a, na), y = assay_sample_of(b, nb);
    if (x.n < 2 || y.n < 2)
        return NAN;
    double freedom = (double)(x.n + y.n - 2);
    double pooled =
        ((double)(x.n - 1) * x.sd * x.sd + (double)(y.n - 1) * y.sd * y.sd) / freedom;
    return pooled > 0 ? (x.mean - y.mean) / sqrt(pooled) : NAN;
}

double assay_effect_hedges_g(const double *a, size_t na, const double *b, size_t nb)
{
    struct assay_sample x = assay_sample_of(a, na), y = assay_sample_of(b, nb);
    double d = assay_effect_cohen_d(a, na, b, nb);
    double freedom = (double)(x.n + y.n) - 2;
    if (isnan(d))
        return NAN;
    int sign;
    double j = exp(lgamma_r(freedom / 2, &sign) - lgamma_r((freedom - 1) / 2, &sign)) /
               sqrt(freedom / 2);
    return freedom > 1 ? d * j : NAN;
}

double assay_effect_paired(const double *differences, size_t n)
{
    struct assay_sample sample = assay_sample_of(differences, n);
    return sample.n >= 2 && sample.sd > 0 ? sample.mean / sample.sd : NAN;
}

double assay_effect_cliff(const double *a, size_t na, const double *b, size_t nb)
{
    size_t n, m, below = 0, equal = 0;
    double *x = finite_sorted(a, na, &n), *y = finite_sorted(b, nb, &m);
    double sum = 0;
    for (size_t i = 0; i < n; i++) { /* both sorted: the borders in y only move up */
        while (below < m && y[below] < x[i])
            below++;
        equal = equal < below ? below : equal;
        while (equal < m && y[equal] <= x[i])
            equal++;
        sum += (double)below - (double)(m - equal);
    }
    free(x);
    free(y);
    return n && m ? sum / ((double)n * (double)m) : NAN;
}

/* ---- corrections ---- */

struct ordered {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    return x->p < y->p ? -1 : x->p > y->p ? 1 : (x->at > y->at) - (x->at < y->at);
}

static struct ordered *order_p(const double *p, size_t n, size_t *count)
{
    struct ordered *order = assay_alloc_array(n, sizeof *order);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            order[(*count)++] = (struct ordered){p[i], i};
    if (*count > 1)
        qsort(order, *count, sizeof *order, by_p);
    return order;
}

void assay_correct_holm(double *p, size_t n)
{
    size_t count;
    struct ordered *order = order_p(p, n, &count);
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        double adjusted = order[i].p * (double)(count - i);
        most = fmax(most, fmin(adjusted, 1));
        p[order[i].at] = most;
    }
    free(order);
}

void assay_correct_benjamini_hochberg(double *p, size_t n)
{
    size_t count;
    struct ordered *order = order_p(p, n, &count);
    double least = 1;
    for (size_t i = count; i-- > 0;) {
        least = fmin(least, order[i].p * (double)count / (double)(i + 1));
        p[order[i].at] = least;
    }
    free(order);
}

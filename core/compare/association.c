/*
 * What goes with what: ranks, correlations, and the front of points that nothing else beats.
 * Called by explain.c and the front ends.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>

#include "compare/parts.h"

struct ranked {
    double value;
    size_t at;
};

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->value < y->value   ? -1
           : x->value > y->value ? 1
                                 : (x->at > y->at) - (x->at < y->at);
}

void assay_ranks(const double *values, size_t count, double *ranks)
{
    struct ranked *order = assay_alloc_array(count, sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = (struct ranked){values[i], i};
    if (count > 1)
        qsort(order, count, sizeof *order, by_value);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && order[end].value == order[i].value)
            end++;
        for (size_t k = i; k < end; k++)
            ranks[order[k].at] = ((double)i + 1 + (double)end) / 2;
        i = end;
    }
    free(order);
}

struct pairs {
    double *x, *y;
    size_t n;
};

static struct pairs finite_pairs(const double *x, const double *y, size_t count)
{
    struct pairs p = {assay_alloc_array(count, sizeof(double)),
                      assay_alloc_array(count, sizeof(double)), 0};
    for (size_t i = 0; i < count; i++)
        if (isfinite(x[i]) && isfinite(y[i])) {
            p.x[p.n] = x[i];
            p.y[p.n++] = y[i];
        }
    return p;
}

static void pairs_free(struct pairs *p)
{
    free(p->x);
    free(p->y);
}

/* Scaled so that the greatest deviation is 1: no square over- or underflows. */
static bool center(double *values, size_t n)
{
    double mean = mean_of(values, n), most = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] -= mean;
        most = fmax(most, fabs(values[i]));
    }
    /* What is left of equal values is rounding. */
    if (!(most > fabs(mean) * 1e-14))
        return false;
    for (size_t i = 0; i < n; i++)
        values[i] /= most;
    return true;
}

static struct assay_correlation correlate(struct pairs *p)
{
    struct assay_correlation result = {.n = p->n, .value = NAN, .p = NAN};
    if (p->n < 3 || !center(p->x, p->n) || !center(p->y, p->n))
        return result;
    double xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < p->n; i++) {
        xy += p->x[i] * p->y[i];
        xx += p->x[i] * p->x[i];
        yy += p->y[i] * p->y[i];
    }
    double r = xy / (sqrt(xx) * sqrt(yy));
    r = fmax(-1, fmin(1, r));
    double freedom = (double)(p->n - 2);
    double t = r * sqrt(freedom / ((1 - r) * (1 + r)));
    result.value = r;
    result.p = fabs(r) == 1 ? 0 : fmin(1, 2 * assay_student_cdf(-fabs(t), freedom));
    return result;
}

struct assay_correlation assay_pearson(const double *x, const double *y, size_t count)
{
    struct pairs p = finite_pairs(x, y, count);
    struct assay_correlation result = correlate(&p);
    pairs_free(&p);
    return result;
}

struct assay_correlation assay_spearman(const double *x, const double *y, size_t count)
{
    struct pairs p = finite_pairs(x, y, count);
    assay_ranks(p.x, p.n, p.x);
    assay_ranks(p.y, p.n, p.y);
    struct assay_correlation result = correlate(&p);
    pairs_free(&p);
    return result;
}

/* ---- ranks of few pairs ---- */

#define EXACT_MOST 7 /* pairs of which all orders are tried: 5,040 */

struct orders {
    const double *x;
    double *y;
    size_t n, as_far, all;
    double observed;
};

/* All orders of the last ranks of y from AT on. What is summed are halves: it is exact. */
static void try_orders(struct orders *o, size_t at, double sum)
{
    if (at == o->n) {
        o->all++;
        o->as_far += fabs(sum) >= o->observed;
        return;
    }
    for (size_t i = at; i < o->n; i++) {
        double y = o->y[i];
        o->y[i] = o->y[at];
        o->y[at] = y;
        try_orders(o, at + 1, sum + o->x[at] * y);
        o->y[at] = o->y[i];
        o->y[i] = y;
    }
}

/* The share of all orders of y in which the ranks go together at least as far. */
static double exact_p(const struct pairs *p)
{
    double middle = (double)(p->n + 1) / 2, observed = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->x[i] -= middle;
        p->y[i] -= middle;
        observed += p->x[i] * p->y[i];
    }
    struct orders o = {.x = p->x, .y = p->y, .n = p->n, .observed = fabs(observed)};
    try_orders(&o, 0, 0);
    return (double)o.as_far / (double)o.all;
}

/* The share of orders that look like the one there is, because equal ranks change places: no p
   is less. */
static double least_p(const double *ranks, size_t n)
{
    double sum = -lgamma((double)n + 1);
    size_t count;
    double *sorted = finite_sorted(ranks, n, &count);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && sorted[end] == sorted[i])
            end++;
        sum += lgamma((double)(end - i) + 1);
        i = end;
    }
    free(sorted);
    return exp(sum);
}

struct assay_correlation assay_rank_correlation(const double *x, const double *y, size_t count)
{
    struct pairs p = finite_pairs(x, y, count);
    assay_ranks(p.x, p.n, p.x);
    assay_ranks(p.y, p.n, p.y);
    double least = fmax(least_p(p.x, p.n), least_p(p.y, p.n));
    double exact = p.n >= 3 && p.n <= EXACT_MOST ? exact_p(&p) : NAN;
    struct assay_correlation result = correlate(&p);
    if (!isnan(result.value))
        result.p = isnan(exact) ? fmax(result.p, least) : exact;
    pairs_free(&p);
    return result;
}

/* ---- Kendall's tau-b ---- */

struct ties {
    double pairs, triples, weighted; /* t(t-1)/2, t(t-1)(t-2), t(t-1)(2t+5), summed */
};

static struct ties ties_of(const double *values, size_t n)
{
    struct ties ties = {0};
    size_t count;
    double *sorted = finite_sorted(values, n, &count);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && sorted[end] == sorted[i])
            end++;
        double t = (double)(end - i);
        ties.pairs += t * (t - 1) / 2;
        ties.triples += t * (t - 1) * (t - 2);
        ties.weighted += t * (t - 1) * (2 * t + 5);
        i = end;
    }
    free(sorted);
    return ties;
}

/* All pairs are looked at: runs are thousands at most. */
struct assay_correlation assay_kendall(const double *x, const double *y, size_t count)
{
    struct pairs p = finite_pairs(x, y, count);
    struct assay_correlation result = {.n = p.n, .value = NAN, .p = NAN};
    double n = (double)p.n, all = n * (n - 1) / 2, agree = 0;
    struct ties tx = ties_of(p.x, p.n), ty = ties_of(p.y, p.n);
    for (size_t i = 0; i < p.n; i++)
        for (size_t k = i + 1; k < p.n; k++) {
            int a = (p.x[i] > p.x[k]) - (p.x[i] < p.x[k]);
            int b = (p.y[i] > p.y[k]) - (p.y[i] < p.y[k]);
            agree += a * b;
        }
    if (p.n >= 3 && tx.pairs < all && ty.pairs < all) {
        result.value = agree / (sqrt(all - tx.pairs) * sqrt(all - ty.pairs));
        double variance = (n * (n - 1) * (2 * n + 5) - tx.weighted - ty.weighted) / 18 +
                          2 * tx.pairs * ty.pairs / (n * (n - 1)) +
                          tx.triples * ty.triples / (9 * n * (n - 1) * (n - 2));
        double z = agree / sqrt(variance);
        result.p = fmin(1, 2 * assay_normal_cdf(-fabs(z)));
    }
    pairs_free(&p);
    return result;
}

/* ---- the front ---- */

/* Is A nowhere worse than B, and somewhere better? */
static bool beats(const double *a, const double *b, const int *directions, size_t aims)
{
    bool better = false;
    for (size_t i = 0; i < aims; i++) {
        double gain = directions[i] < 0 ? b[i] - a[i] : a[i] - b[i];
        if (gain < 0)
            return false;
        better |= gain > 0;
    }
    return better;
}

size_t assay_pareto_front(const double *values, size_t count, const int *directions,
                          size_t aims, bool *front)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        front[i] = aims > 0;
        for (size_t a = 0; a < aims; a++)
            front[i] &= isfinite(values[i * aims + a]) != 0;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; front[i] && k < count; k++) {
            bool whole = true;
            for (size_t a = 0; a < aims; a++)
                whole &= isfinite(values[k * aims + a]) != 0;
            if (whole && beats(values + k * aims, values + i * aims, directions, aims))
                front[i] = false;
        }
    for (size_t i = 0; i < count; i++)
        found += front[i];
    return found;
}

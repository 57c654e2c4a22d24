/*
 * Tests that need no distribution: signs flipped, labels exchanged, signs counted, signed
 * ranks; and Student's and Welch's for where theirs holds. Small samples are enumerated, so
 * their p is exact; larger ones are drawn from the seeded generator, with the arrangement that
 * was seen counted as one of them (Phipson and Smyth 2010), so p is never 0.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>

#include "compare/parts.h"

#define FLIP_EXACT     20      /* pairs: 2^20 arrangements */
#define EXCHANGE_EXACT 200000u /* arrangements */
#define DRAWN          9999u
#define RANKS_EXACT    60

static struct assay_p nothing(void)
{
    return (struct assay_p){.p = NAN, .least = NAN, .statistic = NAN};
}

/* What counts as "at least as far out": sums of the same numbers in another order may differ in
   their last bits. */
static double tolerance(double statistic)
{
    return fabs(statistic) * 1e-12;
}

/* ---- sign flips ---- */

struct flips {
    const double *values;
    size_t n;
    double border;
    uint64_t beyond;
};

/* Gray code: each arrangement differs from the last by one sign. The first sign stays, for each
   arrangement's mirror image is as far out as itself. */
static void flip_all(struct flips *f)
{
    double sum = exact_sum(f->values, f->n);
    uint64_t signs = 0, count = UINT64_C(1) << (f->n - 1);
    for (uint64_t i = 0;; i++) {
        f->beyond += fabs(sum) >= f->border;
        if (i + 1 == count)
            break;
        unsigned at = (unsigned)__builtin_ctzll(i + 1);
        signs ^= UINT64_C(1) << at;
        double value = f->values[at + 1];
        sum += signs >> at & 1 ? -2 * value : 2 * value;
        if ((i & 0xfff) == 0xfff) { /* what rounding has gathered */
            sum = f->values[0];
            for (size_t k = 1; k < f->n; k++)
                sum += signs >> (k - 1) & 1 ? -f->values[k] : f->values[k];
        }
    }
}

static void flip_some(struct flips *f, uint64_t seed)
{
    struct assay_random random = {seed};
    for (unsigned i = 0; i < DRAWN; i++) {
        double sum = 0;
        uint64_t bits = 0;
        for (size_t k = 0; k < f->n; k++) {
            if (k % 64 == 0)
                bits = assay_random_next(&random);
            sum += bits >> (k % 64) & 1 ? -f->values[k] : f->values[k];
        }
        f->beyond += fabs(sum) >= f->border;
    }
}

struct assay_p assay_test_sign_flip(const double *differences, size_t count, uint64_t seed)
{
    size_t n;
    double *values = finite_copy(differences, count, &n);
    struct assay_p result = nothing();
    if (n > 0) {
        double sum = exact_sum(values, n);
        struct flips f = {values, n, fabs(sum) - tolerance(sum), 0};
        result.exact = n <= FLIP_EXACT;
        result.statistic = sum / (double)n;
        if (result.exact) {
            flip_all(&f);
            result.tried = UINT64_C(1) << n;
            result.p = (double)f.beyond * 2 / (double)result.tried;
            result.least = ldexp(2, -(int)n);
        } else {
            flip_some(&f, seed);
            result.tried = DRAWN;
            result.p = (double)(f.beyond + 1) / (DRAWN + 1);
            result.least = 1.0 / (DRAWN + 1);
        }
        result.p = fmin(result.p, 1);
    }
    free(values);
    return result;
}

/* ---- labels exchanged ---- */

struct exchange {
    double *values; /* both sides */
    size_t n, na;
    double total, seen, rounding; /* the mean difference seen */
    uint64_t below, above;        /* arrangements at least as far out on that side */
};

static void weigh(struct exchange *e, double sum_a)
{
    double mean_a = sum_a / (double)e->na;
    double mean_b = (e->total - sum_a) / (double)(e->n - e->na);
    e->below += mean_a - mean_b <= e->seen + e->rounding;
    e->above += mean_a - mean_b >= e->seen - e->rounding;
}

/* Arrangements, or 0 where there are too many to enumerate. */
static uint64_t arrangements(size_t n, size_t k)
{
    uint64_t count = 1;
    k = k < n - k ? k : n - k;
    for (size_t i = 1; i <= k; i++) {
        count = count * (n - k + i) / i; /* exact at every step */
        if (count > EXCHANGE_EXACT)
            return 0;
    }
    return count;
}

/* Every choice of NA indices out of N, in order. */
static void exchange_all(struct exchange *e)
{
    size_t *chosen = assay_alloc_array(e->na, sizeof *chosen);
    for (size_t i = 0; i < e->na; i++)
        chosen[i] = i;
    for (;;) {
        double sum = 0;
        for (size_t i = 0; i < e->na; i++)
            sum += e->values[chosen[i]];
        weigh(e, sum);
        size_t i = e->na;
        while (i > 0 && chosen[i - 1] == e->n - e->na + i - 1)
            i--;
        if (i == 0)
            break;
        chosen[i - 1]++;
        for (size_t k = i; k < e->na; k++)
            chosen[k] = chosen[k - 1] + 1;
    }
    free(chosen);
}

static void exchange_some(struct exchange *e, uint64_t seed)
{
    struct assay_random random = {seed};
    for (unsigned drawn = 0; drawn < DRAWN; drawn++) {
        double sum = 0;
        for (size_t i = 0; i < e->na; i++) { /* the first NA of a shuffle */
            size_t other = i + (size_t)assay_random_below(&random, e->n - i);
            double value = e->values[other];
            e->values[other] = e->values[i];
            e->values[i] = value;
            sum += value;
        }
        weigh(e, sum);
    }
}

struct assay_p assay_test_permutation(const double *a, size_t na, const double *b, size_t nb,
                                      uint64_t seed)
{
    size_t n, m;
    double *x = finite_copy(a, na, &n), *y = finite_copy(b, nb, &m);
    struct assay_p result = nothing();
    struct exchange e = {
        .values = assay_alloc_array(n + m, sizeof(double)), .n = n + m, .na = n};
    if (n > 0 && m > 0) {
        memcpy(e.values, x, n * sizeof *x);
        memcpy(e.values + n, y, m * sizeof *y);
        e.total = exact_sum(e.values, e.n);
        result.statistic = mean_of(x, n) - mean_of(y, m);
        double largest = 0;
        for (size_t i = 0; i < e.n; i++)
            largest = fmax(largest, fabs(e.values[i]));
        e.seen = result.statistic;
        e.rounding = fmax(tolerance(e.seen), largest * 1e-14);
        uint64_t all = arrangements(e.n, n);
        result.exact = all > 0;
        result.tried = result.exact ? all : DRAWN;
        if (result.exact)
            exchange_all(&e);
        else
            exchange_some(&e, seed);
        /* Twice the smaller tail; what was seen is one of the arrangements drawn. */
        double tail = (double)(e.below < e.above ? e.below : e.above);
        double count = (double)result.tried;
        result.p = fmin(1, 2 * (result.exact ? tail / count : (tail + 1) / (count + 1)));
        result.least = fmin(1, 2 / (result.exact ? count : count + 1));
    }
    free(x);
    free(y);
    free(e.values);
    return result;
}

/* ---- signs counted ---- */

/* P(X <= k) of a fair coin thrown n times. */
static double coin_tail(size_t k, size_t n)
{
    return k >= n ? 1 : assay_beta_regularized((double)(n - k), (double)k + 1, 0.5);
}

struct assay_p assay_test_sign(const double *differences, size_t count)
{
    size_t up = 0, down = 0;
    for (size_t i = 0; i < count; i++) {
        up += isfinite(differences[i]) && differences[i] > 0;
        down += isfinite(differences[i]) && differences[i] < 0;
    }
    struct assay_p result = nothing();
    size_t n = up + down;
    if (n > 0) {
        result.statistic = (double)up;
        result.p = fmin(1, 2 * coin_tail(up < down ? up : down, n));
        result.least = fmin(1, ldexp(2, n > 1000 ? -1000 : -(int)n));
        result.exact = true;
    }
    return result;
}

/* ---- signed ranks ---- */

/* How many of the 2^n ways to sign the ranks give each sum; ranks are doubled, so that the
   halves of ties are whole. The counts are kept as shares. */
static double *rank_sums(const double *ranks, size_t n, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < n; i++)
        *total += (size_t)lround(2 * ranks[i]);
    double *share = assay_alloc_array(*total + 1, sizeof *share);
    share[0] = 1;
    size_t reached = 0;
    for (size_t i = 0; i < n; i++) {
        size_t rank = (size_t)lround(2 * ranks[i]);
        reached += rank;
        for (size_t sum = reached + 1; sum-- > 0;)
            share[sum] = share[sum] / 2 + (sum >= rank ? share[sum - rank] / 2 : 0);
    }
    return share;
}

static double exact_ranks(const double *ranks, size_t n, double plus)
{
    size_t total, at = (size_t)lround(2 * plus);
    double *share = rank_sums(ranks, n, &total);
    double below = 0, above = 0;
    for (size_t sum = 0; sum <= total; sum++) {
        below += sum <= at ? share[sum] : 0;
        above += sum >= at ? share[sum] : 0;
    }
    free(share);
    return fmin(1, 2 * fmin(below, above));
}

static double normal_ranks(const double *ranks, size_t n, double plus)
{
    double squares = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        squares += ranks[i] * ranks[i];
        sum += ranks[i];
    }
    double z = (plus - sum / 2) / sqrt(squares / 4);
    return fmin(1, 2 * assay_normal_cdf(-fabs(z)));
}

struct assay_p assay_test_wilcoxon(const double *differences, size_t count)
{
    size_t n = 0;
    double *values = assay_alloc_array(count, sizeof *values);
    double *sizes = assay_alloc_array(count, sizeof *sizes);
    double *ranks = assay_alloc_array(count, sizeof *ranks);
    struct assay_p result = nothing();
    for (size_t i = 0; i < count; i++)
        if (isfinite(differences[i]) && differences[i] != 0) {
            values[n] = differences[i];
            sizes[n++] = fabs(differences[i]);
        }
    if (n > 0) {
        double plus = 0;
        assay_ranks(sizes, n, ranks);
        for (size_t i = 0; i < n; i++)
            plus += values[i] > 0 ? ranks[i] : 0;
        result.statistic = plus;
        result.exact = n <= RANKS_EXACT;
        result.p = result.exact ? exact_ranks(ranks, n, plus) : normal_ranks(ranks, n, plus);
        result.least = fmin(1, ldexp(2, n > 1000 ? -1000 : -(int)n));
    }
    free(values);
    free(sizes);
    free(ranks);
    return result;
}

/* ---- Student and Welch ---- */

static struct assay_p from_t(double t, double df)
{
    struct assay_p result = nothing();
    result.statistic = t;
    result.p = isnan(t) ? NAN : fmin(1, 2 * assay_student_cdf(-fabs(t), df));
    result.least = 0;
    return result;
}

struct assay_p assay_test_student(const double *differences, size_t n)
{
    struct assay_sample s = assay_sample_of(differences, n);
    if (s.n < 2 || !(s.sd > 0))
        return nothing();
    return from_t(s.mean / (s.sd / sqrt((double)s.n)), (double)(s.n - 1));
}

struct assay_p assay_test_welch(const double *a, size_t na, const double *b, size_t nb)
{
    struct assay_sample x = assay_sample_of(a, na), y = assay_sample_of(b, nb);
    if (x.n < 2 || y.n < 2)
        return nothing();
    double u = x.sd * x.sd / (double)x.n, v = y.sd * y.sd / (double)y.n;
    if (!(u + v > 0))
        return nothing();
    double df = (u + v) * (u + v) / (u * u / (double)(x.n - 1) + v * v / (double)(y.n - 1));
    return from_t((x.mean - y.mean) / sqrt(u + v), df);
}

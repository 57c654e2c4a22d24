/*
 * Distributions and chance: the normal, Student's t and the beta function behind it, and the
 * generator all resampling is driven by. Called by the intervals and tests beside it.
 *
 * The incomplete beta function is evaluated by its continued fraction (Lentz's way, DLMF
 * 8.17.22) to full double precision; quantiles are found by bracketing and bisection on the
 * distribution itself, so that they agree with it to the last digits.
 */
#include <math.h>

#include <assay/statistics.h>

#define PI 3.14159265358979323846

/* ---- chance ---- */

uint64_t assay_random_next(struct assay_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The high word of x * BOUND, and its low word in *low. */
static uint64_t multiply_high(uint64_t x, uint64_t bound, uint64_t *low)
{
    uint64_t x_low = x & UINT32_MAX, x_high = x >> 32;
    uint64_t b_low = bound & UINT32_MAX, b_high = bound >> 32;
    uint64_t ll = x_low * b_low, lh = x_low * b_high, hl = x_high * b_low;
    uint64_t middle = (ll >> 32) + (lh & UINT32_MAX) + (hl & UINT32_MAX);
    *low = x * bound;
    return x_high * b_high + (lh >> 32) + (hl >> 32) + (middle >> 32);
}

uint64_t assay_random_below(struct assay_random *random, uint64_t bound)
{
    if (bound < 2)
        return 0;
    uint64_t low, high = multiply_high(assay_random_next(random), bound, &low);
    if (low < bound) {
        uint64_t least =
            (0 - bound) % bound; /* 2^64 mod bound: what would be drawn too often */
        while (low < least)
            high = multiply_high(assay_random_next(random), bound, &low);
    }
    return high;
}

double assay_random_unit(struct assay_random *random)
{
    return (double)(assay_random_next(random) >> 11) * 0x1p-53;
}

/* ---- the normal distribution ---- */

double assay_normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

/* The z in [low, high] where the tail below z reaches p; works on the smaller tail, so that
   nothing is lost near 0. */
static double normal_lower_quantile(double p)
{
    double low = -40, high = 0;
    for (int i = 0; i < 200 && high - low > 0; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (assay_normal_cdf(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double assay_normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1)
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (p == 0.5)
        return 0;
    return p < 0.5 ? normal_lower_quantile(p) : -normal_lower_quantile(1 - p);
}

/* ---- beta and Student ---- */

static double log_gamma(double x)
{
    int sign; /* lgamma() itself writes a global */
    return lgamma_r(x, &sign);
}

static double away_from_zero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* The continued fraction of I_x(a, b), for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        value *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return value;
}

/* With y = 1 - x given apart, for it may be known better than the difference. */
static double beta_with_rest(double a, double b, double x, double y)
{
    if (x <= 0 || y <= 0)
        return x <= 0 ? 0 : 1;
    double front =
        exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, y) / b;
}

double assay_beta_regularized(double a, double b, double x)
{
    if (!(a > 0) || !(b > 0) || isnan(x))
        return NAN;
    return beta_with_rest(a, b, x, 1 - x);
}

/* P(T > t) for t >= 0. */
static double student_upper(double t, double df)
{
    double square = t * t, sum = df + square;
    if (isinf(sum))
        return 0;
    return 0.5 * beta_with_rest(df / 2, 0.5, df / sum, square / sum);
}

double assay_student_cdf(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return NAN;
    if (isinf(df))
        return assay_normal_cdf(t);
    return t >= 0 ? 1 - student_upper(t, df) : student_upper(-t, df);
}

/* The density at T. */
static double student_density(double t, double df)
{
    return exp(log_gamma((df + 1) / 2) - log_gamma(df / 2) - (df + 1) / 2 * log1p(t * t / df)) /
           sqrt(df * PI);
}

/* The t >= 0 above which a tail of P lies, P <= 0.5: Newton's steps, kept between brackets. */
static double student_tail_quantile(double p, double df)
{
    double low = 0, high = 1;
    while (student_upper(high, df) > p && high < 1e300)
        high *= 2;
    double t = low + (high - low) / 2;
    for (int i = 0; i < 200; i++) {
        double away = student_upper(t, df) - p;
        if (away > 0)
            low = t;
        else
            high = t;
        double next = t + away / student_density(t, df);
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        if (fabs(next - t) <= fabs(t) * 1e-16 || next <= low || next >= high)
            return next;
        t = next;
    }
    return t;
}

double assay_student_quantile(double p, double df)
{
    if (isnan(p) || p < 0 || p > 1 || !(df > 0))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? -INFINITY : INFINITY;
    if (isinf(df))
        return assay_normal_quantile(p);
    if (p == 0.5)
        return 0;
    return p < 0.5 ? -student_tail_quantile(p, df) : student_tail_quantile(1 - p, df);
}

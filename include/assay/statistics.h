/*
 * Statistics for comparing runs: what a few values per side can and cannot say. Pure functions
 * over arrays of doubles; values that are not finite never enter a calculation and are counted
 * as dropped. Anything random is driven by a seed and gives the same bits on every machine.
 * docs/compare.md says which method is used when, and what its coverage was measured to be.
 */
#ifndef ASSAY_STATISTICS_H
#define ASSAY_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- chance: SplitMix64 (Steele, Lea, Flood 2014), bounded by Lemire's multiplication ---- */

#define ASSAY_SEED 20240229u /* where the user gives none */

struct assay_random {
    uint64_t state; /* the seed; any number is a good one */
};
uint64_t assay_random_next(struct assay_random *random);
uint64_t assay_random_below(struct assay_random *random, uint64_t bound); /* 0..bound-1 */
double assay_random_unit(struct assay_random *random);                    /* [0, 1), 53 bits */

/* ---- distributions ---- */

double assay_normal_cdf(double z);
double assay_normal_quantile(double p);        /* p in (0, 1), else ±infinity or NaN */
double assay_student_cdf(double t, double df); /* df > 0 */
double assay_student_quantile(double p, double df);
double assay_beta_regularized(double a, double b, double x); /* I_x(a, b) */

/* ---- one sample ---- */

struct assay_sample {
    size_t n;        /* finite values */
    size_t dropped;  /* NaN and infinities left out */
    double mean, sd; /* sd: n - 1 in the divisor; NaN for n < 2 */
    double min, max, median;
    double skewness; /* moment coefficient g1; NaN for n < 3 or where all are equal */
};
struct assay_sample assay_sample_of(const double *values, size_t count);
/* The best of N equal values drawn from a normal distribution lies this many standard
   deviations above their mean: what "best of n" owes to luck. */
double assay_best_of_bias(size_t n);

/* ---- intervals ---- */

enum assay_interval_method {
    ASSAY_INTERVAL_NONE,    /* `why` says why there is none */
    ASSAY_INTERVAL_STUDENT, /* of the mean (difference), n - 1 degrees of freedom */
    ASSAY_INTERVAL_WELCH,   /* of a difference of two means */
    ASSAY_INTERVAL_BCA,     /* of the mean (difference), bias-corrected bootstrap */
    ASSAY_INTERVAL_ORDER,   /* of the median difference, from order statistics */
};
struct assay_interval {
    enum assay_interval_method method;
    double low, high;
    double level;    /* its confidence as constructed: 0.95, or what order statistics allow */
    double estimate; /* what it is about: the mean or the median */
    const char *why; /* a constant; NULL where there is an interval */
};
const char *assay_interval_name(enum assay_interval_method method); /* "Student", "BCa", … */

#define ASSAY_RESAMPLES 9999u

struct assay_interval assay_interval_student(const double *values, size_t n, double level);
struct assay_interval assay_interval_welch(const double *a, size_t na, const double *b,
                                           size_t nb, double level);
/* Efron's BCa interval of the mean; RESAMPLES drawn from SEED, quantiles interpolated. */
struct assay_interval assay_interval_bca(const double *values, size_t n, double level,
                                         size_t resamples, uint64_t seed);
/* Of a difference of two means: each side resampled by itself. */
struct assay_interval assay_interval_bca_two(const double *a, size_t na, const double *b,
                                             size_t nb, double level, size_t resamples,
                                             uint64_t seed);
/* The widest pair of order statistics is used where LEVEL cannot be reached but 0.93 can. */
struct assay_interval assay_interval_order(const double *values, size_t n, double level);

/* The 95 % interval the screens show, or none: the first method that was measured to cover the
   truth in at least 93 % of 10,000 draws for that n and every shape tried (docs/compare.md,
   tests/bench/coverage.c). Of paired differences, and of two sides without pairs (a - b). */
struct assay_interval assay_interval_paired(const double *differences, size_t n, uint64_t seed);
struct assay_interval assay_interval_unpaired(const double *a, size_t na, const double *b,
                                              size_t nb, uint64_t seed);

/* ---- tests; every p is two-sided; NaN where there is nothing to test ---- */

struct assay_p {
    double p;
    double least; /* the smallest p this test can give with so many values */
    double statistic;
    bool exact;     /* all arrangements were enumerated */
    uint64_t tried; /* arrangements */
};
/* Signs of the differences flipped in every way (to 20 pairs), else 9,999 times by SEED. */
struct assay_p assay_test_sign_flip(const double *differences, size_t n, uint64_t seed);
/* Labels exchanged in every way (to 200,000), else 9,999 times by SEED; of the difference of
   means. */
struct assay_p assay_test_permutation(const double *a, size_t na, const double *b, size_t nb,
                                      uint64_t seed);
/* Exact binomial test of how many differences are positive; zeros are left out (McNemar's
   exact test where the values are 0 and 1). */
struct assay_p assay_test_sign(const double *differences, size_t n);
/* Wilcoxon's signed ranks; zeros left out; exact to 60 pairs, ties included, else normal. */
struct assay_p assay_test_wilcoxon(const double *differences, size_t n);
struct assay_p assay_test_student(const double *differences, size_t n);
struct assay_p assay_test_welch(const double *a, size_t na, const double *b, size_t nb);

/* Adjusts p[0..n) in place for having tested n times; NaN stay and are not counted. */
void assay_correct_holm(double *p, size_t n);
void assay_correct_benjamini_hochberg(double *p, size_t n);

/* ---- effect sizes; NaN where the spread is zero or n too small ---- */

double assay_effect_cohen_d(const double *a, size_t na, const double *b, size_t nb);
double assay_effect_hedges_g(const double *a, size_t na, const double *b, size_t nb);
double assay_effect_paired(const double *differences, size_t n); /* mean over sd: d_z */
/* P(a > b) - P(a < b). */
double assay_effect_cliff(const double *a, size_t na, const double *b, size_t nb);

/* ---- association; pairs with a value that is not finite are left out ---- */

struct assay_correlation {
    size_t n;
    double value; /* NaN where one side is constant or n < 3 */
    double p;     /* by Student's t (Spearman, Pearson) or the normal (Kendall) */
};
struct assay_correlation assay_pearson(const double *x, const double *y, size_t count);
struct assay_correlation assay_spearman(const double *x, const double *y, size_t count);
/* Spearman's, with a p that so few pairs can have: up to 7 the share of all orders that go
   together as far, beyond that never less than the least such share. */
struct assay_correlation assay_rank_correlation(const double *x, const double *y, size_t count);
struct assay_correlation assay_kendall(const double *x, const double *y, size_t count);
/* Ranks from 1, ties share their mean; RANKS has room for COUNT. */
void assay_ranks(const double *values, size_t count, double *ranks);

/* ---- several aims at once ---- */

/* Which of COUNT points nothing else beats: VALUES by point, then aim; DIRECTIONS +1 or -1 by
   aim. A point with a value that is not finite is never on the front. Returns how many are. */
size_t assay_pareto_front(const double *values, size_t count, const int *directions,
                          size_t aims, bool *front);

/* ---- what mattered: a small forest ---- */

struct assay_feature {
    const double *values; /* by run; NaN: missing, a value of its own */
    bool categorical;     /* values are codes 0, 1, … without an order */
};
struct assay_importance {
    double mean;   /* how much worse the forest predicts once the feature is shuffled, as a
                      share of the target's variance */
    double spread; /* standard deviation of it over the repeats */
};
struct assay_forest_result {
    size_t n, features;
    double r2;       /* of what each tree had not seen; below 0.1 importances say little */
    const char *why; /* why there is no result; NULL where there is one */
};
#define ASSAY_FOREST_LEAST 20 /* runs below which nothing is said */
/* Trees grown on bootstrap draws by SEED; runs whose TARGET is not finite are left out.
   IMPORTANCES has room for COUNT. */
struct assay_forest_result assay_forest_importance(const struct assay_feature *features,
                                                   size_t count, const double *target,
                                                   size_t runs, uint64_t seed,
                                                   struct assay_importance *importances);

#endif

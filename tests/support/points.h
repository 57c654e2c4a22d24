/*
 * Points for tests of series: random ones of every awkward kind, and brute force to compare
 * with.
 */
#ifndef TEST_POINTS_H
#define TEST_POINTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#include <cmocka.h>

#include <assay/series.h>

struct points_rng {
    uint64_t state; /* not 0 */
};
uint64_t points_random(struct points_rng *rng);
double points_random_unit(struct points_rng *rng); /* [0, 1) */

/* Fills POINTS in a manner drawn anew at each call: regular, jittered, restarted, unsorted or
   extreme steps and times; float, double, special or constant values. */
void points_fill(struct points_rng *rng, struct assay_point *points, size_t count);

/* A series of COUNT points at steps 0, 1, …, each with VALUE of its step. */
struct assay_series *points_series(size_t count, double (*value)(size_t step));

bool points_same_value(double a, double b); /* bit for bit, but any NaN is a NaN */
void assert_points_equal(const struct assay_point *expected, const struct assay_point *actual,
                         size_t count);
void assert_summary_equal(const struct assay_summary *actual, const struct assay_point *points,
                          size_t count, enum assay_last_rule rule);

#endif

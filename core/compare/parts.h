/*
 * What the files of this folder share and nobody else sees.
 */
#ifndef COMPARE_PARTS_H
#define COMPARE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/statistics.h>

/* The finite ones of VALUES, in a new array (never NULL); *n gets how many. */
double *finite_copy(const double *values, size_t count, size_t *n);
double *finite_sorted(const double *values, size_t count, size_t *n);
double exact_sum(const double *values, size_t n);
double mean_of(const double *values, size_t n);
double variance_of(const double *values, size_t n, double mean); /* n - 1; NaN for n < 2 */

#endif

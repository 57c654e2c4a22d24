/*
 * The steps of plain numbers, and the two kinds of ticks that are none. Those fill at most WANT
 * ticks (value and label) and return how many; lo < hi are finite.
 */
#ifndef CORE_CHART_SCALE_H
#define CORE_CHART_SCALE_H

#include <assay/chart.h>

/* The least of 1, 2 and 5 times a power of ten that is not below ROUGH. */
double scale_nice_step(double rough);

size_t scale_time_ticks(double lo, double hi, size_t want, struct assay_tick *ticks);
size_t scale_duration_ticks(double lo, double hi, bool log, size_t want,
                            struct assay_tick *ticks);

#endif

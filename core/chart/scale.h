/*
 * The two kinds of ticks that are not plain numbers. Both fill at most WANT ticks (value and
 * label) and return how many; lo < hi are finite.
 */
#ifndef CORE_CHART_SCALE_H
#define CORE_CHART_SCALE_H

#include <assay/chart.h>

size_t scale_time_ticks(double lo, double hi, size_t want, struct assay_tick *ticks);
size_t scale_duration_ticks(double lo, double hi, bool log, size_t want,
                            struct assay_tick *ticks);

#endif

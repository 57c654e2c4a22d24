/*
 * The band around a line, column by column: what is painted between its lower and its upper
 * edge. For every drawing of a chart: pixels, characters, vectors.
 */
#ifndef CORE_CHART_BAND_H
#define CORE_CHART_BAND_H

#include "chart/reduce.h"

/* Fills TOP and BOTTOM, map->width of each: the y of the upper and the lower edge in the middle
   of each pixel column, within the picture; NaN both where there is no band. */
void chart_band(const struct assay_chart *chart, const struct assay_chart_line *line,
                const struct chart_map *map, double *top, double *bottom);

#endif

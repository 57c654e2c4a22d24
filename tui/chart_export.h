/*
 * Writing a chart to a file: the picture (.svg, .png) or the points behind it (.csv).
 */
#ifndef TUI_CHART_EXPORT_H
#define TUI_CHART_EXPORT_H

#include "chart_state.h"

/* A name for the chart's file that is not taken in the current directory. */
void chart_export_name(const struct chart_state *state, char *out, size_t capacity);

/* Writes the chart as it is seen (a .csv: every raw point of its lines, in view or not) to
   PATH, which must not be there yet; the ending says how. */
enum assay_status chart_export(struct chart_state *state, const char *path, bool light,
                               struct assay_error *err);

#endif

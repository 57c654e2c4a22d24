/*
 * The legend of the chart in full, which reads the values off at the cursor: in a panel beside
 * the plot, or in lines below it.
 */
#ifndef TUI_CHART_LEGEND_H
#define TUI_CHART_LEGEND_H

#include "chart_state.h"
#include "draw.h"

/* Columns the panel wants on a screen of WIDTH. */
int chart_legend_width(const struct chart_state *state, int width);
void chart_legend_panel(const struct chart_state *state, struct area area);
/* Rows the lines want on a screen of HEIGHT. */
int chart_legend_rows(const struct chart_state *state, int height);
void chart_legend_lines(const struct chart_state *state, struct area area);

#endif

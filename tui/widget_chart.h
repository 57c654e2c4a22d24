/*
 * A chart on the screen: tick labels as text around a plot rectangle, which holds an image
 * where the terminal can show one and characters where it cannot.
 */
#ifndef TUI_WIDGET_CHART_H
#define TUI_WIDGET_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "chart_state.h"
#include "draw.h"

struct app;

struct chart_paint; /* how the image is made, beside the screen's thread */

struct chart_widget { /* what was made for it, kept from frame to frame */
    struct assay_frame frame;
    struct chart_paint *paint;
    uint64_t version; /* of what is painted in `frame`; 0 nothing */
    struct assay_cells cells;
    struct rect plot; /* where it stands, on the screen; width 0: nowhere */
};

void chart_widget_free(struct chart_widget *widget);
/* Draws STATE (updated before) into AREA: axes, labels and plot, no title. SLOT is the image's
   place among those of the screen. */
void chart_widget_draw(struct chart_widget *widget, struct app *app,
                       const struct chart_state *state, struct area area, int slot);
/* Aligns CHART with the cells of a plot of COLUMNS x ROWS; how many ticks and grid lines it has
   at most along each axis. */
void chart_widget_ticks(struct assay_chart *chart, int columns, double rows, size_t *want_x,
                        size_t *want_y);
/* The labels of a plot whose left edge is right of column GUTTER of AREA, and the line between:
   ROWS high, which may be a fraction (the part of the last row that an image fills); below it,
   WIDTH cells across, with UNIT at the end where there is room. */
void chart_axis_y(struct area area, int gutter, double rows, const struct assay_tick *ticks,
                  size_t count);
void chart_axis_x(struct area line, int gutter, int width, const struct assay_tick *ticks,
                  size_t count, const char *unit);
/* Where across the plot the cell column x of the screen stands, 0..1; false where it is
 * outside.
 */
bool chart_widget_unit(const struct chart_widget *widget, int x, int y, double *unit);

/* What stands for the line COLOR in a legend; the role of its colour. */
const char *chart_dot(const struct area *area, int color);
enum role chart_role(int color);

#endif

/*
 * The plane of two fields, in which runs or groups are points: axes as those of charts, with
 * what the point under the cursor is on both. For the scatter (compare_factors.c) and the front
 * (compare_front.c).
 */
#ifndef TUI_COMPARE_PLANE_H
#define TUI_COMPARE_PLANE_H

#include <assay/compare.h>

#include "draw.h"
#include "widget_figure.h"

#define PLANE_TICKS ASSAY_FIGURE_GRID

struct plane_axis {
    const struct assay_row *row;
    double low, high; /* of the points: begin with PLANE_AXIS() */
    size_t kinds;     /* texts stand at 0, 1, … and are as many; 0: numbers */
    bool log;
    double from, to; /* the ends of the axis */
    struct assay_tick ticks[PLANE_TICKS];
    size_t tick_count, wanted;
};
#define PLANE_AXIS(field)                                                                      \
    (struct plane_axis)                                                                        \
    {                                                                                          \
        .row = (field), .low = INFINITY, .high = -INFINITY                                     \
    }
struct plane {
    struct plane_axis x, y;
    struct area area, plot; /* with the labels, without them */
    double rows;            /* of the plot */
};

void plane_axis_take(struct plane_axis *axis, double value);
/* Settles both axes for AREA, in which labels stand to the left and below, and begins the
   figure of WIDGET anew with the grid. False where there is nothing to show or no room. */
bool plane_lay_out(struct plane *plane, struct app *app, struct area area,
                   struct figure_widget *widget);
double plane_unit(const struct plane_axis *axis, double value);
/* Puts a point into the figure. */
void plane_dot(const struct plane *plane, struct figure_widget *widget, double x, double y,
               int color, enum assay_dot_kind kind);
/* The labels; and where X_TEXT and Y_TEXT are not NULL, those of the point at X, Y. */
void plane_draw_axes(const struct plane *plane, double x, const char *x_text, double y,
                     const char *y_text);

#endif

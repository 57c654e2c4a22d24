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

struct plane {
    struct assay_plane_axis x, y;
    const struct assay_row *x_row, *y_row;
    struct area area, plot; /* with the labels, without them */
    double rows;            /* of the plot */
};

/* The plane of two fields; its axes take in their values (assay_plane_take()). */
struct plane plane_of(const struct assay_row *x, const struct assay_row *y);
/* Settles both axes for AREA, in which labels stand to the left and below, and begins the
   figure of WIDGET anew with the grid. False where there is nothing to show or no room. */
bool plane_lay_out(struct plane *plane, struct app *app, struct area area,
                   struct figure_widget *widget);
/* Puts a point into the figure. */
void plane_dot(const struct plane *plane, struct figure_widget *widget, double x, double y,
               int color, enum assay_dot_kind kind);
/* The labels; and where X_TEXT and Y_TEXT are not NULL, those of the point at X, Y. */
void plane_draw_axes(const struct plane *plane, double x, const char *x_text, double y,
                     const char *y_text);

#endif

/*
 * A figure (assay/figure.h) on the screen: an image where the terminal can show one, characters
 * where it cannot. Axes and words are the caller's.
 */
#ifndef TUI_WIDGET_FIGURE_H
#define TUI_WIDGET_FIGURE_H

#include <assay/figure.h>

#include "draw.h"

struct app;

struct figure_paint; /* how the image is made, beside the screen's thread */

struct figure_widget {          /* what was made for it, kept from frame to frame */
    struct assay_figure figure; /* filled by the caller before each drawing */
    struct assay_frame frame;
    struct figure_paint *paint;
    uint64_t version; /* of what is painted in `frame`; 0 nothing */
    struct assay_cells cells;
};

void figure_widget_free(struct figure_widget *widget);
/* How many rows of PLOT a figure takes there: a fraction where an image ends within the last.
 */
double figure_widget_rows(const struct app *app, struct area plot);
/* Draws what the widget's figure holds, which then stays as it is until the frame is sent. SLOT
   is the image's place among those of the screen. */
void figure_widget_draw(struct figure_widget *widget, struct app *app, struct area plot,
                        int slot);

#endif

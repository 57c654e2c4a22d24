/*
 * A picture on the screen: as pixels where the terminal shows images, as characters by
 * lightness elsewhere. What was fitted is kept until the place or the picture changes.
 */
#ifndef TUI_WIDGET_IMAGE_H
#define TUI_WIDGET_IMAGE_H

#include <assay/image.h>

#include "draw.h"

struct app;

struct image_widget {
    struct assay_frame frame;
    int width, height, colors; /* what the frame was fitted for */
    uint64_t version;          /* 0: nothing is fitted */
};

/* Draws IMAGE into AREA, in slot SLOT of the terminal's images. VERSION is another one for each
   picture, and never 0. */
void image_widget_draw(struct image_widget *widget, struct app *app,
                       const struct assay_image *image, uint64_t version, struct area area,
                       int slot);
void image_widget_free(struct image_widget *widget);

#endif

/*
 * What the two rasterisers share, charts' (raster.c) and figures' (figure.c): the memory that
 * stays with a frame, and the last step, from a canvas in columns to a picture in rows.
 */
#ifndef CORE_CHART_RASTER_H
#define CORE_CHART_RASTER_H

#include "chart/ink.h"

#define RASTER_LINE_WIDTH 1.6 /* pixels, where nobody says */

struct lines_scratch;

struct assay_frame_scratch {
    size_t pixel_capacity;
    uint8_t *canvas; /* the picture, column by column */
    size_t canvas_capacity;
    struct lines_scratch *lines;
    struct inks inks;
    bool *gaps; /* by column: there are values there that are not finite */
    size_t gap_capacity;
    struct canvas_cover *covers; /* by column */
    size_t cover_capacity;
    double *edges; /* of a band: the upper ones by column, then the lower ones */
    size_t edge_capacity;
};

/* Columns to rows. HANDS may be NULL. */
void raster_turn(const struct canvas *canvas, const struct assay_hands *hands, uint8_t *pixels);

#endif

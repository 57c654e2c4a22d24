/*
 * The lines of a chart as pixels, by as many hands as there are. All hands reduce some lines to
 * columns of pixels first, then each paints all of those on strips of the picture, in the order
 * of painting: the picture does not depend on who did what. Called by raster.c.
 */
#ifndef CORE_CHART_LINES_H
#define CORE_CHART_LINES_H

#include "chart/ink.h"

struct lines_scratch; /* opaque: memory for what is reduced, kept from frame to frame */
void lines_scratch_free(struct lines_scratch **scratch);

/* Everything is borrowed. */
struct lines {
    const struct assay_chart *chart;
    const struct chart_map *map;
    const struct inks *inks;
    double width;                    /* of a line, pixels */
    const struct assay_hands *hands; /* or NULL */
    struct canvas *canvas;           /* with what lies below the lines painted; gathering */
    bool *gaps; /* by column; set where there are values that are not finite */
};
/* Paints all lines, the faint ones below the others. *SCRATCH is made where it is NULL. */
void lines_draw(const struct lines *lines, struct lines_scratch **scratch);

#endif

/*
 * The colours of a frame: which palette entry paints what. The first sixteen entries are
 * background, grid, cursor, mark and the twelve series, so that a terminal with sixteen
 * registers shows every line in its own colour; shades for smooth edges and faint lines come
 * after them.
 */
#ifndef CORE_CHART_INK_H
#define CORE_CHART_INK_H

#include "chart/canvas.h"

enum { INK_BACKGROUND, INK_GRID, INK_CURSOR, INK_MARK, INK_SERIES };

struct inks {
    bool smooth;
    bool grey; /* the palette is */
    uint8_t axis;
    struct pen line[ASSAY_CHART_COLORS], faint[ASSAY_CHART_COLORS];
    uint8_t rank[256]; /* solid series above their edges above faint ones above the grid */
};
/* Fills the frame's palette and the pens for lines WIDTH pixels wide. Bit I of USED says that
   series colour I is drawn, of FAINT that it is drawn faintly. */
void inks_init(struct inks *inks, struct assay_frame *frame,
               const struct assay_chart_palette *palette, int registers, double width,
               unsigned used, unsigned faint);

/* The colour PART of the way (0..1) from A to B, mixed as light is, as sixel can say it. */
struct assay_rgb ink_mix(struct assay_rgb a, struct assay_rgb b, double part);

#endif

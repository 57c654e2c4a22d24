/*
 * The characters that stand for dots: braille (2 x 4 a cell), quadrant blocks (2 x 2), ASCII
 * (three heights a cell), and what the rest of a picture is drawn with. For cells.c and
 * figure_cells.c.
 */
#ifndef CORE_CHART_GLYPHS_H
#define CORE_CHART_GLYPHS_H

#include <assay/chart.h>

struct glyph_set {
    int across, down; /* dots of a cell */
    uint32_t horizontal, vertical, cursor, point, gap, restart;
    uint32_t small, hollow, diamond, here, bar; /* of figures */
};
const struct glyph_set *glyph_set_of(enum assay_glyphs glyphs);

/* The character whose dots are MASK: bit Y * across + X is the one at (X, Y). In ASCII, where
   SEVERAL lines are drawn, the one that tells COLOR from the others. */
uint32_t glyph_of(enum assay_glyphs glyphs, unsigned mask, bool several, int color);

#endif

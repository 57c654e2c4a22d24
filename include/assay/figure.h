/*
 * Figures: strokes and dots in a square, where a chart (chart.h) has series over an axis. What
 * scatter plots, fronts and parallel coordinates are drawn as, by the charts' own rasteriser:
 * pixels where the terminal shows them, else characters. Whoever fills a figure knows the
 * axes; all places here are parts of the picture, 0..1 from the left and from the bottom.
 * Words beside it are text and are no business of it. Pure.
 */
#ifndef ASSAY_FIGURE_H
#define ASSAY_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/chart.h>

#define ASSAY_FIGURE_GRID 32 /* grid lines along each axis */

#define ASSAY_FIGURE_PLAIN (-1) /* the colour of what belongs to no series */

struct assay_stroke { /* a straight line */
    double x0, y0, x1, y1;
    int color;  /* of the series, as a chart's lines have them; or PLAIN, not faint */
    bool faint; /* below all that are not */
};
enum assay_dot_kind {
    ASSAY_DOT_SMALL,
    ASSAY_DOT_HOLLOW, /* beside LARGE ones: what counts less */
    ASSAY_DOT_LARGE,
    ASSAY_DOT_DIAMOND, /* what the others are measured against */
    ASSAY_DOT_HERE,    /* under the cursor: ringed, and joined to both axes */
};
struct assay_dot {
    double x, y;
    int color;
    enum assay_dot_kind kind;
};
enum assay_rule_kind { ASSAY_RULE_AXIS, ASSAY_RULE_HERE, ASSAY_RULE_BRUSH };
struct assay_rule { /* an upright axis within the picture, or a part of one that is chosen */
    double x, y0, y1;
    enum assay_rule_kind kind;
};
/* Starts as zero. Painted in this order, and each of a kind in the order it was added. */
struct assay_figure {
    double grid_x[ASSAY_FIGURE_GRID], grid_y[ASSAY_FIGURE_GRID];
    size_t grid_x_count, grid_y_count;
    struct assay_stroke *strokes;
    size_t stroke_count, stroke_capacity;
    struct assay_rule *rules;
    size_t rule_count, rule_capacity;
    struct assay_dot *dots;
    size_t dot_count, dot_capacity;
};
void assay_figure_clear(struct assay_figure *figure); /* keeps its memory */
void assay_figure_free(struct assay_figure *figure);
/* What has a place that is not finite is left out. */
void assay_figure_stroke(struct assay_figure *figure, struct assay_stroke stroke);
void assay_figure_dot(struct assay_figure *figure, struct assay_dot dot);
void assay_figure_rule(struct assay_figure *figure, struct assay_rule rule);
/* The same number for figures that look the same. */
uint64_t assay_figure_version(const struct assay_figure *figure);

/* Draws it into *frame (resized by the caller). Of OPTIONS the palette, the registers, the
   lines' width and the hands count; the picture is the same whoever helps. */
void assay_figure_raster(const struct assay_figure *figure,
                         const struct assay_raster_options *options, struct assay_frame *frame);
/* The same in characters. */
void assay_figure_cells(const struct assay_figure *figure, enum assay_glyphs glyphs,
                        struct assay_cells *cells);

#endif

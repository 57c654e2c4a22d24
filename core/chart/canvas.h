/*
 * Where lines become pixels: a byte per pixel, column by column (a chart is drawn in columns,
 * so its runs are contiguous), and the two shapes everything is made of: a thick line segment
 * with round ends, and a vertical bar one column wide. Both are convex, so in each column each
 * level of coverage is one run of pixels; there is no arithmetic per pixel.
 */
#ifndef CORE_CHART_CANVAS_H
#define CORE_CHART_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "chart/reduce.h"

#define CANVAS_LEVELS 3

/* The rows of one column that a line covers, level by level, each within the one before. */
struct canvas_cover {
    int from[CANVAS_LEVELS], to[CANVAS_LEVELS];
};

struct canvas {
    uint8_t *pixels; /* pixels[x * height + y] */
    int width, height;
    int left;            /* lines paint the columns [left, width): a strip has its own */
    const uint8_t *rank; /* by what a pixel holds: the higher stays on top; 256 entries */
    bool marked;         /* something may lie there that a line's solid core does not cover */
    struct canvas_cover *gathered; /* by column, see canvas_gather(); or NULL */
};

/* How a line is painted. Level 0 is the outermost and palest; the last is solid. */
struct pen {
    int levels;
    uint8_t index[CANVAS_LEVELS];
    double reach[CANVAS_LEVELS]; /* pixels from the line's centre that the level covers */
    double dot;            /* radius of a point that stands alone, beyond the line's own */
    int dash_on, dash_off; /* columns; 0: an unbroken line */
    bool stipple;          /* every other pixel only: faint where there are few colours */
};
/* Fills levels and reach for a line WIDTH pixels wide, anti-aliased or not. */
void pen_shape(struct pen *pen, double width, bool smooth);

/* A segment with round ends, grown by GROW. */
void canvas_segment(struct canvas *canvas, const struct pen *pen, double x0, double y0,
                    double x1, double y1, double grow);
/* A segment that others go on from: cheaper, with ends that are cut off at its columns unless
   it is nearly upright. */
void canvas_stroke(struct canvas *canvas, const struct pen *pen, double x0, double y0,
                   double x1, double y1);
/* Lines drawn from now on gather what they cover in COVERS, of which there are `width`, and
   paint each column once: the same picture, with less painted over. */
void canvas_gather(struct canvas *canvas, struct canvas_cover *covers);
/* Whether the line through COLUMNS is drawn in bars: it has more points than columns, and turns
   all the time. */
bool canvas_dense(const struct pen *pen, const struct chart_columns *columns);
/* Draws the line through COLUMNS, for which canvas_dense() said DENSE. Of a canvas that is a
   strip only what can be seen there is looked at: strips side by side make the whole picture.
 */
void canvas_line(struct canvas *canvas, const struct pen *pen,
                 const struct chart_columns *columns, bool dense);

/* Writes the rows [from, to) of the canvas to their places in OUT, which holds width * height
   bytes, row by row. FROM is a multiple of CANVAS_BLOCK. */
#define CANVAS_BLOCK 8
void canvas_transpose(const struct canvas *canvas, int from, int to, uint8_t *out);

#endif

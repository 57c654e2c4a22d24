/*
 * Figures: strokes and dots in a square, where a chart (chart.h) has series over an axis. What
 * scatter plots, fronts and parallel coordinates are drawn as, by the charts' own rasteriser:
 * pixels where the terminal shows them, else characters. Whoever fills a figure knows the
 * axes; all places here are parts of the picture, 0..1 from the left and from the bottom.
 * Words beside it are text and are no business of it. Pure.
 */
#ifndef ASSAY_FIGURE_H
#define ASSAY_FIGURE_H

#include <math.h>
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

/* ---- the axes of a plane in which points stand ---- */

struct assay_plane_axis {
    double low, high; /* of the points: begin with ASSAY_PLANE_AXIS */
    size_t kinds;     /* texts stand at 0, 1, ... and are as many; 0: numbers */
    bool duration;    /* seconds, which read as along a chart of relative time */
    bool log;
    double from, to; /* the ends of the axis */
    struct assay_tick ticks[ASSAY_FIGURE_GRID];
    size_t tick_count;
};
#define ASSAY_PLANE_AXIS                                                                       \
    {                                                                                          \
        .low = INFINITY, .high = -INFINITY                                                     \
    }
/* Whether values that go from LOW to HIGH span so much that an axis of them is logarithmic. */
bool assay_axis_is_log(double low, double high);
/* Takes in a value that is to be seen; finite. */
void assay_plane_take(struct assay_plane_axis *axis, double value);
/* Sets the ends, a little beyond the values, logarithmic where they span much. False where it
   has none. */
bool assay_plane_settle(struct assay_plane_axis *axis);
/* Makes WANT ticks at most, between the ends there are now; none for texts. */
void assay_plane_ticks(struct assay_plane_axis *axis, size_t want);
/* Adds a grid line to FIGURE for each tick. */
void assay_plane_grid(struct assay_figure *figure, const struct assay_plane_axis *x,
                      const struct assay_plane_axis *y);
/* Where VALUE stands, 0..1. */
double assay_plane_unit(const struct assay_plane_axis *axis, double value);

/* A figure with its axes as a picture in vectors. */
struct assay_figure_words {
    const char *title, *x, *y; /* clean text: above, and what the axes are */
    const char *const *kinds;  /* clean text: the texts along x, as many as `kinds` says; or
                                  NULL:  they have no room */
};
/* Begins FIGURE anew for X and Y: settles both, makes the ticks and the grid. False where there
   is nothing to show. */
bool assay_figure_plane(struct assay_figure *figure, struct assay_plane_axis *x,
                        struct assay_plane_axis *y);
/* Appends one <svg> element, on a light ground, without anything before it. */
void assay_figure_svg(const struct assay_figure *figure, const struct assay_plane_axis *x,
                      const struct assay_plane_axis *y, const struct assay_figure_words *words,
                      struct assay_buf *out);

/* ---- parallel coordinates: upright axes side by side, and a line through them for each run
 * ---- */

#define ASSAY_PARALLEL_AXES  8  /* in one picture */
#define ASSAY_PARALLEL_KINDS 40 /* different texts on one axis */

struct assay_parallel_axis { /* begin with ASSAY_PARALLEL_AXIS */
    bool texts;              /* not numbers */
    bool duration;           /* seconds, whose ends read as durations */
    double low, high;        /* its ends, where it has numbers */
    bool log;
    const char *kinds[ASSAY_PARALLEL_KINDS]; /* its texts, in the order they came, from below */
    size_t kind_count;
};
#define ASSAY_PARALLEL_AXIS(of_texts)                                                          \
    {                                                                                          \
        .texts = (of_texts), .low = INFINITY, .high = -INFINITY                                \
    }
/* Takes in what a run has: NUMBER, or TEXT on an axis of texts (NULL: none), where equal texts
   have equal addresses and stay as long as the axis. What is not finite, and texts beyond the
   KINDS there are places for, is left out. */
void assay_parallel_take(struct assay_parallel_axis *axis, double number, const char *text);
/* After the last one was taken. */
void assay_parallel_settle(struct assay_parallel_axis *axis);
/* Where it stands, from 0 below to 1; NaN where it has no place. */
double assay_parallel_unit(const struct assay_parallel_axis *axis, double number,
                           const char *text);
/* The same of the text of that index; and the number that stands at UNIT. */
double assay_parallel_kind_unit(const struct assay_parallel_axis *axis, size_t kind);
double assay_parallel_number(const struct assay_parallel_axis *axis, double unit);
/* What stands at the upper or the lower end, as clean text; of a number as many digits, four at
   most, as so many CELLS have room for. */
void assay_parallel_end(const struct assay_parallel_axis *axis, bool high, int cells,
                        char out[32]);
/* Adds a run's line: UNITS says where it is on each of COUNT axes, which stand ACROSS the
   picture at these places. Between axes of which it has no place on one it is broken. */
void assay_parallel_line(struct assay_figure *figure, const double *across, const double *units,
                         size_t count, int color, bool faint);
/* Where axis AXIS of COUNT stands across a picture that is written to a file; from 0 to 1. */
double assay_parallel_across(size_t axis, size_t count);
/* Appends one <svg> element: what FIGURE has, the axes and their ends; NAMES are clean text. */
void assay_parallel_svg(const struct assay_figure *figure,
                        const struct assay_parallel_axis *axes, const char *const *names,
                        size_t count, const char *title, struct assay_buf *out);

#endif

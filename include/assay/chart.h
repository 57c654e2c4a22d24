/*
 * Charts: series in, pixels or cells out. Pure functions; no terminal, no files.
 *
 * A chart is drawn in two steps. assay_chart_fit() settles the ranges; then either
 * assay_chart_raster() fills a palette framebuffer for the plot rectangle (encoded by
 * assay_encode_*), or assay_chart_cells() fills a grid of characters. Axis labels are text and
 * are placed by assay_chart_ticks(); the caller (tui/, or assay_plot_render() for a whole chart
 * on standard output) prints them as terminal cells.
 *
 * What a pixel column shows: for each segment the least and the greatest finite value of all
 * its points whose x falls in the column, joined to the neighbouring columns through the first
 * and last point of each (Jugel et al., M4, VLDB 2014), so a spike of one step is visible at
 * every zoom and the picture equals the one drawn from all points.
 */
#ifndef ASSAY_CHART_H
#define ASSAY_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/error.h>
#include <assay/series.h>

#define ASSAY_CHART_COLORS 12 /* series colours; more series reuse them with another dash */

struct assay_rgb {
    uint8_t r, g, b;
};
/* What pixels are painted with. Chosen from the 256-colour cube, so that legends in cells look
   the same; the values survive sixel's rounding to percent. */
struct assay_chart_palette {
    struct assay_rgb background, grid, axis, cursor, mark; /* mark: NaN and restart marks */
    struct assay_rgb series[ASSAY_CHART_COLORS];
    bool grey; /* no colours: series share three greys, and dashes tell apart those that do */
};
/* The built-in palettes, safe for colour-blind readers: for dark and for light backgrounds. The
   256-colour index of a series colour, for text, is assay_rgb_index256(). */
extern const struct assay_chart_palette assay_palette_dark, assay_palette_light;
/* The same without colours. */
extern const struct assay_chart_palette assay_palette_grey_dark, assay_palette_grey_light;
/* How the line of COLOR is broken: 0 not at all, 1..3 ever shorter dashes. */
int assay_chart_dash(bool grey, int color);
int assay_rgb_index256(struct assay_rgb rgb); /* 16..255, the nearest */
/* What tells series apart where there is no colour: the character that draws COLOR in ASCII
   when there are several lines. */
char assay_chart_mark(int color);
/* What stands for a line in a legend: a dot, or a dash as it is drawn (assay_chart_dash()); in
   ASCII the character above. */
const char *assay_chart_sign(int color, bool grey, bool ascii);
struct assay_rgb assay_index256_rgb(int index);

struct assay_chart_line {
    struct assay_series *series; /* borrowed; may be NULL (nothing there yet) */
    struct assay_series
        *faint; /* drawn faintly below it (the raw series under a smoothed), or NULL */
    struct assay_series *low, *high; /* the edges of a band around it, or NULL both; their
                                        points have the same x */
    const char *label;               /* clean text */
    int color;                       /* index into palette.series, modulo ASSAY_CHART_COLORS */
};
struct assay_chart {
    const struct assay_chart_line *lines;
    size_t line_count;
    enum assay_axis axis;
    bool log_x, log_y;
    bool hide_superseded; /* draw only what no restart superseded */
    double x_min, x_max;  /* NaN: fit. As assay_point_x() gives it, never a logarithm */
    double y_min, y_max;  /* NaN: fit to what is visible in the x range */
};
/* What drawing found out; all counts are over the x range in view. */
struct assay_chart_info {
    uint64_t points;       /* points in view */
    uint64_t total;        /* points of the lines altogether */
    uint64_t nonfinite;    /* NaN and infinities in view */
    uint64_t not_positive; /* values a log axis cannot show, in view */
    uint64_t superseded;   /* points hidden because of a restart, in view */
};
/* Fills the NaN ends of the ranges in *chart: x to the data, y to the data in view with 4 %
   room; an empty or constant range gets a sensible width. Returns false where there is nothing
   to draw. */
bool assay_chart_fit(struct assay_chart *chart, struct assay_chart_info *info);

/* Widens the y range of a fitted CHART whose plot is ROWS rows of cells high (a fraction, where
   an image ends within its last row), so that the labels of its ticks, which are text, stand in
   the middle of rows where the ticks are: all of them, but for a logarithmic axis of less than
   a decade, where two do at least. Returns how many ticks to ask for. */
size_t assay_chart_align(struct assay_chart *chart, double rows);

/* ---- scales ---- */

/* Position in 0..1 of VALUE on the axis [lo, hi] (may be outside it), and back. */
double assay_scale_to_unit(double value, double lo, double hi, bool log);
double assay_scale_from_unit(double unit, double lo, double hi, bool log);

struct assay_tick {
    double value;
    double unit;    /* 0..1 along the axis */
    char label[24]; /* text: "0.25", "40k", "1e-4", "14:30", "2h" */
};
/* At most CAPACITY readable ticks (1-2-5 steps; decades on a log axis; times on calendar steps,
   local time) with at most WANT of them. AXIS says how x values read; for y give
   ASSAY_AXIS_STEP with IS_Y. Labels of one axis are distinct and share their number of
   decimals. Returns how many. */
size_t assay_chart_ticks(double lo, double hi, bool log, enum assay_axis axis, bool is_y,
                         size_t want, struct assay_tick *ticks, size_t capacity);

/* The rows of cells, from the top of a plot ROWS high, where the labels of COUNT ticks stand:
   to ROW, -1 where a label is left out because it would be off its line by more than a quarter
   of a row. Where fewer than two would be left, all are written. Returns how many are. */
size_t assay_chart_label_rows(const struct assay_tick *ticks, size_t count, double rows,
                              int *row);

/* ---- pixels ---- */

struct assay_frame {
    int width, height; /* pixels */
    uint8_t *pixels;   /* width*height palette indices, row by row; owned */
    struct assay_rgb palette[256];
    int colors;                          /* entries of palette in use */
    struct assay_frame_scratch *scratch; /* what drawing keeps from frame to frame; owned */
};
/* Makes the frame width x height (keeps its memory where it fits). Limits: 1..16384 each. */
void assay_frame_resize(struct assay_frame *frame, int width, int height);
void assay_frame_free(struct assay_frame *frame);

/* Who helps with a picture, where several threads may: spread() has RUN called with CONTEXT and
   each of the numbers below PARTS, on whatever threads there are, this one among them, and
   returns when all are done. idle() says whether anybody else has nothing to do just now, since
   sharing costs memory and is in vain while all are busy; NULL: it may always be so. */
struct assay_hands {
    void (*spread)(void *self, size_t parts, void (*run)(void *context, size_t part),
                   void *context);
    bool (*idle)(void *self);
    void *self;
    size_t count; /* threads, as a rule; 1: nobody else */
};

struct assay_raster_options {
    const struct assay_chart_palette *palette;
    int registers;     /* colours the terminal has: <= 16 no anti-aliasing; >= 64 three levels;
                          0: unknown, taken as 16 */
    double line_width; /* pixels, 1.0 .. 4.0; 0: 1.6 */
    double cursor_x;   /* x of a vertical cursor line; NaN none */
    size_t grid_x, grid_y;           /* grid lines wanted, as for assay_chart_ticks(); 0 none */
    const struct assay_hands *hands; /* NULL: this thread draws alone */
};
/* Draws CHART (fitted) into *frame (resized by the caller). The picture is the same whoever
   helps. With helpers, every series of it must have been looked at once along the chart's axis
   (assay_series_view()) since it changed: they only read. */
void assay_chart_raster(const struct assay_chart *chart,
                        const struct assay_raster_options *options, struct assay_frame *frame);

/* ---- characters ---- */

enum assay_glyphs { ASSAY_GLYPHS_BRAILLE, ASSAY_GLYPHS_BLOCKS, ASSAY_GLYPHS_ASCII };
struct assay_cell {
    uint32_t code; /* character; ' ' where nothing is drawn */
    int8_t color;  /* series colour 0.., -1 grid, -2 cursor, -3 mark, -4 nothing */
};
struct assay_cells {
    int columns, rows;
    struct assay_cell *cells; /* row by row; owned */
};
void assay_cells_resize(struct assay_cells *cells, int columns, int rows);
void assay_cells_free(struct assay_cells *cells);
/* OPTIONS as for pixels; registers and line_width are not looked at, and of the palette (or
   NULL) only whether it is grey. */
void assay_chart_cells(const struct assay_chart *chart,
                       const struct assay_raster_options *options, enum assay_glyphs glyphs,
                       struct assay_cells *cells);

/* A sparkline of WIDTH cells (eighth blocks; ASCII: "_.-=^") over the whole of SERIES, "!"
   where a cell holds nothing but values that are not finite. Appends to OUT. */
void assay_sparkline(struct assay_series *series, int width, bool ascii, struct assay_buf *out);

/* ---- reading values off ---- */

struct assay_reading {
    bool found;
    struct assay_point point; /* the nearest point to x (in the newest segment on a tie) */
    double x;                 /* of that point, on the chart's axis */
};
struct assay_reading assay_chart_read(const struct assay_chart *chart, size_t line, double x);
/* Where to jump from x: the next (or previous) place of the kind, over all visible lines. */
enum assay_landmark {
    ASSAY_LANDMARK_MIN,
    ASSAY_LANDMARK_MAX,
    ASSAY_LANDMARK_RESTART,
    ASSAY_LANDMARK_NONFINITE,
    ASSAY_LANDMARK_ANY,
};
bool assay_chart_landmark(const struct assay_chart *chart, double x, bool forward,
                          enum assay_landmark kind, double *found_x,
                          enum assay_landmark *which);

/* ---- encoders: the one seam between pixels and terminals or files ---- */

/* One sixel image (a whole DCS ... ST). Height must be >= 6. HANDS may be NULL; the bytes are
   the same whoever helps. */
enum assay_status assay_encode_sixel(const struct assay_frame *frame,
                                     const struct assay_hands *hands, struct assay_buf *out,
                                     struct assay_error *err);
/* kitty graphics: transmit and place image ID over COLUMNS x ROWS cells, replies silenced. */
enum assay_status assay_encode_kitty(const struct assay_frame *frame, unsigned id, int columns,
                                     int rows, struct assay_buf *out, struct assay_error *err);
enum assay_status assay_encode_png(const struct assay_frame *frame, struct assay_buf *out,
                                   struct assay_error *err);

/* ---- a whole chart on standard output or in a file ---- */

enum assay_plot_as {
    ASSAY_PLOT_SIXEL,
    ASSAY_PLOT_KITTY,
    ASSAY_PLOT_BRAILLE,
    ASSAY_PLOT_ASCII,
    ASSAY_PLOT_SVG,
    ASSAY_PLOT_PNG,
};
struct assay_plot_options {
    enum assay_plot_as as;
    int columns, rows; /* of the whole chart, in cells; SVG and PNG: 1 cell = cell_* pixels */
    int cell_width, cell_height; /* pixels; 0: 10 x 20 */
    int registers;
    bool color;        /* text may use SGR colours (SIXEL, KITTY, BRAILLE, ASCII) */
    bool light;        /* palette for a light background */
    const char *title; /* clean text */
};
/* Title, y labels, plot, x labels, legend with last values, and the count of points drawn. */
enum assay_status assay_plot_render(struct assay_chart *chart,
                                    const struct assay_plot_options *options,
                                    struct assay_buf *out, struct assay_error *err);

#endif

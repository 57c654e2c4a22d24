/*
 * What the ways of printing a whole chart share: where its parts go, and the pieces of text.
 */
#ifndef CORE_CHART_PLOT_H
#define CORE_CHART_PLOT_H

#include <assay/chart.h>

#define PLOT_TICKS 64

struct plot_layout {
    struct assay_chart_info info;
    bool drawable;     /* there is something to draw; else only the frame and a sentence */
    int left;          /* cells of the y labels, their tick included */
    int columns, rows; /* cells of the plot rectangle */
    int legend;        /* rows of it */
    struct assay_tick x[PLOT_TICKS], y[PLOT_TICKS];
    size_t x_count, y_count;
    int y_row[PLOT_TICKS]; /* where labels that are text stand, -1 where one is left out */
    size_t y_want;         /* ticks asked for: what grid lines are asked for with, too */
};
/* Fits CHART and divides COLUMNS x ROWS cells. */
enum assay_status plot_lay_out(struct assay_chart *chart, int columns, int rows,
                               struct plot_layout *layout, struct assay_error *err);

/* "120,000 of 3,000,000 points in view (least and greatest of each column)", and what is not
   drawn. */
void plot_count_text(const struct plot_layout *layout, struct assay_buf *out);
/* "label  0.2143": a legend's line without its swatch. */
void plot_legend_text(const struct assay_chart_line *line, struct assay_buf *out);

enum assay_status plot_svg(struct assay_chart *chart, const struct assay_plot_options *options,
                           const struct plot_layout *layout, struct assay_buf *out);
enum assay_status plot_png(struct assay_chart *chart, const struct assay_plot_options *options,
                           const struct plot_layout *layout, struct assay_buf *out,
                           struct assay_error *err);

/* font.c: draws TEXT (letters as capitals) at (x, y) in palette entry INK; a character is
   FONT_WIDTH x FONT_HEIGHT pixels with its gap, times SCALE. */
#define FONT_WIDTH  4
#define FONT_HEIGHT 6
void font_draw(struct assay_frame *frame, int x, int y, const char *text, int scale,
               uint8_t ink);

#endif

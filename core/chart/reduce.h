/*
 * From points to pixel columns: what every drawing of a chart (pixels, characters, vectors)
 * starts from. A column keeps the first, last, least and greatest of the points whose x falls
 * in it; the line through those is the line through all points, as far as pixels can tell.
 */
#ifndef CORE_CHART_REDUCE_H
#define CORE_CHART_REDUCE_H

#include <assay/chart.h>

/* From values to positions in a picture of width x height pixels: the ends of the ranges lie on
   the centres of the outermost pixels; y grows downwards. */
struct chart_map {
    int width, height;
    bool log_x, log_y;
    double x_lo, x_hi; /* as the chart has them */
    /* Position = base + (value * half - from) * scale, of the value or its logarithm; half is
       0.5 where the range itself does not fit a double, else 1. */
    double x_base, x_half, x_from, x_scale;
    double y_base, y_half, y_from, y_scale;
};
void chart_map_init(struct chart_map *map, const struct assay_chart *chart, int width,
                    int height);
double chart_map_x(const struct chart_map *map, double x);
double chart_map_y(const struct chart_map *map, double value);

struct chart_column {
    int column;         /* -1: the point left of the picture, width: the one right of it */
    uint32_t count;     /* points that can be drawn */
    uint32_t nonfinite; /* NaN and infinities beside them */
    bool open_left, open_right; /* the first, the last point of the column can be drawn */
    double x_first, y_first, x_last,
        y_last;             /* pixels; of the outermost drawable points known */
    double y_top, y_bottom; /* of the greatest and the least value */
};

/* Where the columns of a picture begin: width + 1 values of x. Keep it between frames. */
struct chart_bounds {
    double *x;
    size_t capacity;
};
void chart_bounds_make(struct chart_bounds *bounds, const struct chart_map *map);
void chart_bounds_free(struct chart_bounds *bounds);

/* The columns of one segment; keep the memory between segments. */
struct chart_columns {
    struct chart_column *items;
    size_t count, capacity;
    bool nonfinite; /* some of them hold values that are not finite */
};
void chart_columns_free(struct chart_columns *columns);

/* How many points of SEGMENT are to be drawn. */
size_t chart_segment_count(const struct assay_segment *segment, bool hide_superseded);

/* Reduces the first COUNT points of SEGMENT. Columns come in ascending order; empty ones are
   left out; one column at either side of the picture holds the neighbour that the line leads
   to. */
void chart_reduce(const struct assay_view *view, const struct assay_segment *segment,
                  size_t count, const struct chart_map *map, const struct chart_bounds *bounds,
                  struct chart_columns *columns);

#endif

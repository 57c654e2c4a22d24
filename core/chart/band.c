/*
 * Bands around lines (band.h), for raster.c, cells.c and plot_file.c.
 */
#include "chart/band.h"

#include <math.h>

static double edge(const struct chart_map *map, double value)
{
    double y = map->log_y && value <= 0 ? map->height : chart_map_y(map, value);

    return fmin(fmax(y, 0), map->height - 1);
}

/* Between two neighbours of an edge: straight, as the line itself is drawn. */
static void between(const struct chart_map *map, double x0, double y0, double x1, double y1,
                    double *out)
{
    int from = (int)fmax(ceil(x0), 0), to = (int)fmin(floor(x1), map->width - 1);

    for (int x = from; x <= to; x++) {
        double part = x1 > x0 ? (x - x0) / (x1 - x0) : 0;
        out[x] = y0 + part * (y1 - y0);
    }
}

static void draw_edge(struct assay_series *series, const struct assay_chart *chart,
                      const struct chart_map *map, double *out)
{
    struct assay_view view;
    double before_x = NAN, before_y = NAN;

    for (int x = 0; x < map->width; x++)
        out[x] = NAN;
    assay_series_view(series, chart->axis, &view);
    size_t count = assay_series_count(series);
    for (size_t i = 0; i < count; i++) {
        struct assay_point point = assay_view_point(&view, i);
        double x = chart_map_x(map, assay_point_x(&point, view.axis, view.origin_ms));
        double y = isfinite(point.value) ? edge(map, point.value) : NAN;
        if (!isnan(before_y) && !isnan(y) && x >= 0 && before_x < map->width)
            between(map, before_x, before_y, x, y, out);
        before_x = x;
        before_y = y;
    }
}

void chart_band(const struct assay_chart *chart, const struct assay_chart_line *line,
                const struct chart_map *map, double *top, double *bottom)
{
    draw_edge(line->high, chart, map, top);
    draw_edge(line->low, chart, map, bottom);
    for (int x = 0; x < map->width; x++)
        if (isnan(top[x]) || isnan(bottom[x]))
            top[x] = bottom[x] = NAN;
}

/*
 * Axes around the points of a comparison (compare_plane.h).
 */
#include "compare_plane.h"

#include <math.h>
#include <string.h>

#include <assay/text.h>

#include "widget_chart.h"

#define GUTTER       9  /* cells of the labels along y: also of a point's value */
#define TICK_EVERY   11 /* cells */
#define WIDTH_LEAST  10
#define HEIGHT_LEAST 2

static struct assay_plane_axis axis_of(const struct assay_row *row)
{
    struct assay_plane_axis axis = ASSAY_PLANE_AXIS;
    axis.duration = assay_row_is_duration(row);
    return axis;
}

struct plane plane_of(const struct assay_row *x, const struct assay_row *y)
{
    return (struct plane){.x = axis_of(x), .y = axis_of(y), .x_row = x, .y_row = y};
}

bool plane_lay_out(struct plane *plane, struct app *app, struct area area,
                   struct figure_widget *widget)
{
    struct assay_figure *figure = &widget->figure;
    int width = area.rect.width - GUTTER - 2, height = area.rect.height - 1;
    assay_figure_clear(figure);
    if (width < WIDTH_LEAST || height < HEIGHT_LEAST || plane->x.low > plane->x.high ||
        plane->y.low > plane->y.high) {
        return false;
    }
    plane->area = area;
    plane->plot = area_part(area, GUTTER + 1, 0, width, height);
    plane->rows = figure_widget_rows(app, plane->plot);
    assay_plane_settle(&plane->x);
    assay_plane_settle(&plane->y);
    struct assay_chart chart = {
        .log_y = plane->y.log, .y_min = plane->y.from, .y_max = plane->y.to};
    size_t want = assay_chart_align(&chart, plane->rows);
    plane->y.from = chart.y_min;
    plane->y.to = chart.y_max;
    assay_plane_ticks(&plane->y, want);
    assay_plane_ticks(&plane->x, (size_t)(width / TICK_EVERY > 2 ? width / TICK_EVERY : 2));
    assay_plane_grid(figure, &plane->x, &plane->y);
    return true;
}

void plane_dot(const struct plane *plane, struct figure_widget *widget, double x, double y,
               int color, enum assay_dot_kind kind)
{
    assay_figure_dot(&widget->figure, (struct assay_dot){.x = assay_plane_unit(&plane->x, x),
                                                         .y = assay_plane_unit(&plane->y, y),
                                                         .color = color,
                                                         .kind = kind});
}

/* The labels along x that leave the cells [from, to) of the plot to the point's own. */
static size_t around(const struct plane *plane, int from, int to, struct assay_tick *ticks)
{
    size_t count = 0;
    for (size_t i = 0; i < plane->x.tick_count; i++) {
        const struct assay_tick *tick = &plane->x.ticks[i];
        int wide = assay_text_width(tick->label), width = plane->plot.rect.width;
        int at = (int)lround(tick->unit * width - 0.5) - wide / 2;
        at = at + wide > width ? width - wide : at;
        if (at + wide < from || at > to) {
            ticks[count++] = *tick;
        }
    }
    return count;
}

void plane_draw_axes(const struct plane *plane, double x, const char *x_text, double y,
                     const char *y_text)
{
    struct assay_tick ticks[ASSAY_FIGURE_GRID];
    struct area below = area_row(plane->area, plane->plot.rect.height);
    int width = plane->plot.rect.width, wide = x_text ? assay_text_width(x_text) : 0;
    int at = x_text ? (int)lround(assay_plane_unit(&plane->x, x) * width - 0.5) - wide / 2 : -1;
    at = x_text && at < 0 ? 0 : at + wide > width ? width - wide : at;
    chart_axis_y(plane->area, GUTTER, plane->rows, plane->y.ticks, plane->y.tick_count);
    size_t count = around(plane, x_text ? at : width + 1, x_text ? at + wide : width, ticks);
    chart_axis_x(below, GUTTER, width, ticks, count, "");
    if (x_text && wide <= width) {
        draw_text(below, GUTTER + 1 + at, 0, ROLE_ACCENT, x_text);
    }
    if (y_text) {
        int row = (int)lround((1 - assay_plane_unit(&plane->y, y)) * plane->rows - 0.5);
        draw_field(plane->area, 0, row < 0 ? 0 : row, GUTTER, ALIGN_RIGHT, ROLE_ACCENT, y_text);
    }
}

/*
 * A chart on the screen (widget_chart.h), for the previews, the run screen and the chart in
 * full.
 */
#include "widget_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "crew.h"

#define TICKS     64
#define LABEL_MAX 12

const char *chart_dot(const struct area *area, int color)
{
    const struct canvas *canvas = area->canvas;
    return assay_chart_sign(color, canvas->theme && canvas->theme->colors < 8, canvas->ascii);
}

enum role chart_role(int color)
{
    return (enum role)(ROLE_SERIES + color % ASSAY_CHART_COLORS);
}

/* All that making the image takes: the chart as it is in this frame. Its series stay as they
   are until the session's next dispatch, and were looked at once, so that whoever looks at them
   now changes nothing in them. */
struct chart_paint {
    struct assay_chart chart;
    struct assay_chart_line lines[CHART_LINES_MAX];
    struct assay_raster_options options;
    struct assay_hands hands;
    struct assay_frame *frame;
    struct graphics *graphics;
    int slot;
};

void chart_widget_free(struct chart_widget *widget)
{
    assay_frame_free(&widget->frame);
    free(widget->paint);
    assay_cells_free(&widget->cells);
    *widget = (struct chart_widget){0};
}

bool chart_widget_unit(const struct chart_widget *widget, int x, int y, double *unit)
{
    if (!rect_contains(widget->plot, x, y)) {
        return false;
    }
    *unit = (x - widget->plot.x + 0.5) / widget->plot.width;
    return true;
}

/* ---- what the picture depends on, in one number ---- */

static void mix(uint64_t *hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        *hash = (*hash ^ at[i]) * 0x100000001b3u;
    }
}

static uint64_t version_of(const struct chart_state *state, const struct assay_chart *chart,
                           int width, int height, const struct assay_raster_options *options)
{
    uint64_t hash = 0xcbf29ce484222325u;
    double numbers[] = {chart->x_min, chart->x_max, chart->y_min, chart->y_max,
                        options->cursor_x};
    int flags[] = {(int)chart->axis,   chart->log_x, chart->log_y, chart->hide_superseded,
                   options->registers, width,        height};
    mix(&hash, numbers, sizeof numbers);
    mix(&hash, flags, sizeof flags);
    mix(&hash, options->palette, sizeof *options->palette);
    for (size_t i = 0; i < chart->line_count; i++) {
        const struct assay_chart_line *line = &chart->lines[i];
        uint64_t versions[] = {(uint64_t)line->color,
                               line->series ? assay_series_version(line->series) : 0,
                               line->faint ? assay_series_version(line->faint) : 0,
                               state->sources[i].run, state->sources[i].smooth_version};
        double weight = state->sources[i].smooth ? state->sources[i].smooth_weight : 0;
        mix(&hash, versions, sizeof versions);
        mix(&hash, &weight, sizeof weight);
    }
    if (state->grouped) {
        mix(&hash, &state->group.serial, sizeof state->group.serial);
        mix(&hash, &state->group.made_of, sizeof state->group.made_of);
    }
    mix(&hash, state->metric, strlen(state->metric));
    return hash | 1;
}

/* ---- the plot ---- */

/* The size of the image that fills PLOT; false where it is drawn in characters. */
static bool image_size(const struct app *app, struct rect plot, int *width, int *height)
{
    return !app->text_charts && !rect_overlap(plot, app->cover) &&
           graphics_pixels(term_graphics(app->term), plot, width, height);
}

static void paint(void *context)
{
    struct chart_paint *paint = context;
    assay_chart_raster(&paint->chart, &paint->options, paint->frame);
    graphics_encode(paint->graphics, paint->slot, &paint->hands);
}

static void look_once(struct assay_series *series, enum assay_axis axis)
{
    struct assay_view view;
    if (series) {
        assay_series_view(series, axis, &view);
    }
}

/* Has the image made, of the widget's size, while other things are drawn. */
static void start_paint(struct chart_widget *widget, struct app *app,
                        const struct assay_chart *chart,
                        const struct assay_raster_options *options, int slot)
{
    if (!widget->paint) {
        widget->paint = assay_alloc(sizeof *widget->paint);
    }
    struct chart_paint *work = widget->paint;
    work->chart = *chart;
    work->chart.lines = work->lines;
    for (size_t i = 0; i < chart->line_count; i++) {
        work->lines[i] = chart->lines[i];
        look_once(chart->lines[i].series, chart->axis);
        look_once(chart->lines[i].faint, chart->axis);
        look_once(chart->lines[i].low, chart->axis);
        look_once(chart->lines[i].high, chart->axis);
    }
    work->options = *options;
    work->hands = crew_hands(app->crew);
    work->options.hands = &work->hands;
    work->frame = &widget->frame;
    work->graphics = term_graphics(app->term);
    work->slot = slot;
    crew_add(app->crew, paint, work);
}

static bool draw_image(struct chart_widget *widget, struct app *app,
                       const struct chart_state *state, const struct assay_chart *chart,
                       struct rect plot, int slot, struct assay_raster_options *options)
{
    struct graphics *graphics = term_graphics(app->term);
    int width, height;
    if (!image_size(app, plot, &width, &height)) {
        return false;
    }
    options->registers = graphics_caps(graphics)->registers;
    uint64_t version = version_of(state, chart, width, height, options);
    bool fits = widget->frame.width == width && widget->frame.height == height;
    bool anew = version != widget->version;
    if (anew && fits && widget->version && !graphics_ready(graphics)) {
        app->retry = true; /* the terminal has not yet taken the last one: keep that */
        anew = false;
    }
    if (anew) {
        assay_frame_resize(&widget->frame, width, height);
        widget->frame.colors = 1; /* until it is painted */
        widget->version = version;
    }
    if (!graphics_place(graphics, slot, plot, &widget->frame, widget->version)) {
        return false;
    }
    if (anew) {
        start_paint(widget, app, chart, options, slot);
    }
    return true;
}

static void draw_plot(struct chart_widget *widget, struct app *app,
                      const struct chart_state *state, const struct assay_chart *chart,
                      struct area plot, int slot, size_t grid_x, size_t grid_y)
{
    struct assay_raster_options options = {
        .palette = term_theme(app->term)->chart,
        .cursor_x = state->cursor,
        .grid_x = grid_x,
        .grid_y = grid_y,
    };
    widget->plot = plot.rect;
    if (draw_image(widget, app, state, chart, plot.rect, slot, &options)) {
        return;
    }
    widget->version = 0;
    assay_cells_resize(&widget->cells, plot.rect.width, plot.rect.height);
    assay_chart_cells(chart, &options,
                      term_ascii(app->term) ? ASSAY_GLYPHS_ASCII : ASSAY_GLYPHS_BRAILLE,
                      &widget->cells);
    draw_cells(plot, 0, 0, &widget->cells);
}

/* ---- the labels ---- */

void chart_axis_y(struct area area, int gutter, double rows, const struct assay_tick *ticks,
                  size_t count)
{
    int height = (int)ceil(rows), row[TICKS];
    bool ascii = area.canvas->ascii;
    for (int y = 0; y < height; y++) {
        draw_text(area, gutter, y, ROLE_AXIS, ascii ? "|" : "│");
    }
    assay_chart_label_rows(ticks, count, rows, row);
    for (size_t i = 0; i < count; i++) {
        if (row[i] >= 0 && row[i] < height) {
            draw_field(area, 0, row[i], gutter, ALIGN_RIGHT, ROLE_AXIS, ticks[i].label);
            draw_text(area, gutter, row[i], ROLE_AXIS, ascii ? "+" : "┤");
        }
    }
}

void chart_axis_x(struct area line, int gutter, int width, const struct assay_tick *ticks,
                  size_t count, const char *unit)
{
    int end = 0;
    int room = gutter + 1 + width;
    for (size_t i = 0; i < count; i++) {
        int label = assay_text_width(ticks[i].label);
        int x = gutter + 1 + (int)lround(ticks[i].unit * width - 0.5) - label / 2;
        x = x < gutter - 1 ? gutter - 1 : x;
        x = x + label > room ? room - label : x;
        if (x >= end) {
            draw_text(line, x, 0, ROLE_AXIS, ticks[i].label);
            end = x + label + 1;
        }
    }
    int name = assay_text_width(unit);
    if (end + name + 1 <= room) {
        draw_text(line, room - name, 0, ROLE_DIM, unit);
    }
}

static void draw_nothing(const struct chart_state *state, struct area area)
{
    const char *why = "no such metric in this run";
    if (state->count == 0) {
        why = "";
    } else if (!state->metric[0]) {
        why = "no metrics";
    } else if (state->busy) {
        why = "reading…";
    } else if (state->info.nonfinite > 0) {
        why = "no finite value to draw";
    } else if (state->info.not_positive > 0) {
        why = "nothing above zero: a log axis cannot show it";
    } else {
        for (size_t i = 0; i < state->count; i++) {
            why = state->sources[i].load == ASSAY_LOAD_FAILED
                      ? "the points could not be read: ! says why"
                      : why;
        }
    }
    draw_field(area, 0, area.rect.height / 2, area.rect.width, ALIGN_CENTER, ROLE_DIM,
               area.canvas->ascii && state->busy ? "reading..." : why);
}

void chart_widget_ticks(struct assay_chart *chart, int columns, double rows, size_t *want_x,
                        size_t *want_y)
{
    *want_x = (size_t)(columns / 11 > 2 ? columns / 11 : 2);
    *want_y = assay_chart_align(chart, rows);
}

void chart_widget_draw(struct chart_widget *widget, struct app *app,
                       const struct chart_state *state, struct area area, int slot)
{
    int height = area.rect.height - 1, width = area.rect.width;
    widget->plot = (struct rect){0};
    app->retry |= state->more;
    if (state->more) {
        app_draw_in(app, 1);
    }
    if (height < 3 || width < 20) {
        return;
    }
    if (!state->drawable) {
        draw_nothing(state, area);
        return;
    }
    struct assay_tick y_ticks[TICKS], x_ticks[TICKS];
    struct assay_chart chart = state->chart;
    size_t want_x, want_y;
    int pixel_width, pixel_height;
    double rows = height;
    if (image_size(app, area_part(area, 0, 0, width, height).rect, &pixel_width,
                   &pixel_height)) {
        rows = (double)pixel_height / graphics_caps(term_graphics(app->term))->cell_height;
    }
    chart_widget_ticks(&chart, width, rows, &want_x, &want_y);
    size_t y_count = assay_chart_ticks(chart.y_min, chart.y_max, chart.log_y, ASSAY_AXIS_STEP,
                                       true, want_y, y_ticks, TICKS);
    int gutter = 4;
    for (size_t i = 0; i < y_count; i++) {
        int label = assay_text_width(y_ticks[i].label) + 1;
        gutter = label > gutter ? label : gutter;
    }
    gutter = gutter > LABEL_MAX ? LABEL_MAX : gutter;
    int plot_width = width - gutter - 2;
    want_x = (size_t)(plot_width / 11 > 2 ? plot_width / 11 : 2);
    size_t x_count = assay_chart_ticks(chart.x_min, chart.x_max, chart.log_x, chart.axis, false,
                                       want_x, x_ticks, TICKS);
    chart_axis_y(area, gutter, rows, y_ticks, y_count);
    chart_axis_x(area_row(area, height), gutter, plot_width, x_ticks, x_count,
                 state->axis == ASSAY_AXIS_STEP ? "step" : "");
    draw_plot(widget, app, state, &chart, area_part(area, gutter + 1, 0, plot_width, height),
              slot, want_x, want_y);
}

/*
 * The plot rectangle of a chart as palette pixels. Order of painting, from below: grid,
 * restarts, cursor line, faint lines, lines (the first one of the chart on top), marks at the
 * edges, cursor points. Nothing is allocated once a frame has been drawn at its size. Called by
 * the front ends for every frame, and by plot.c.
 */
#include "chart/band.h"
#include "chart/lines.h"
#include "chart/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#define FRAME_LIMIT 16384
#define GRID_TICKS  64
#define DOTTED      64 /* more restarts than this are marked at the edge only */

static int within(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

void assay_frame_resize(struct assay_frame *frame, int width, int height)
{
    if (frame->scratch == NULL)
        frame->scratch = assay_alloc(sizeof *frame->scratch);
    frame->width = within(width, 1, FRAME_LIMIT);
    frame->height = within(height, 1, FRAME_LIMIT);
    size_t need = (size_t)frame->width * (size_t)frame->height;
    ASSAY_GROW(frame->pixels, frame->scratch->pixel_capacity, need);
}

void assay_frame_free(struct assay_frame *frame)
{
    if (frame->scratch != NULL) {
        lines_scratch_free(&frame->scratch->lines);
        free(frame->scratch->canvas);
        free(frame->scratch->gaps);
        free(frame->scratch->covers);
        free(frame->scratch->edges);
        free(frame->scratch);
    }
    free(frame->pixels);
    *frame = (struct assay_frame){0};
}

/* Everything one drawing needs at hand. */
struct drawing {
    const struct assay_chart *chart;
    const struct assay_raster_options *options;
    struct assay_frame_scratch *scratch;
    struct chart_map map;
    struct canvas canvas;
    double width; /* of a line */
};

static void draw_vertical(struct drawing *d, double x, uint8_t index, int on, int off)
{
    double position = chart_map_x(&d->map, x);

    if (!(position >= 0) || position >= d->canvas.width)
        return;
    int height = d->canvas.height;
    uint8_t *column = d->canvas.pixels + (size_t)position * (size_t)height;
    for (int y = 0; y < height; y++)
        if (y % (on + off) < on)
            column[y] = index;
}

static void draw_grid(struct drawing *d)
{
    const struct assay_chart *chart = d->chart;
    struct assay_tick ticks[GRID_TICKS];
    size_t height = (size_t)d->canvas.height;
    uint8_t *first = d->canvas.pixels;
    size_t want = d->options->grid_y < GRID_TICKS ? d->options->grid_y : GRID_TICKS;

    memset(first, INK_BACKGROUND, height);
    size_t count = assay_chart_ticks(chart->y_min, chart->y_max, chart->log_y, ASSAY_AXIS_STEP,
                                     true, want, ticks, GRID_TICKS);
    for (size_t i = 0; i < count; i++) {
        double y = chart_map_y(&d->map, ticks[i].value);
        if (y >= 0 && y < (double)height)
            first[(size_t)y] = ticks[i].value == 0 ? d->scratch->inks.axis : INK_GRID;
    }
    for (int x = 1; x < d->canvas.width; x++)
        memcpy(first + (size_t)x * height, first, height);

    want = d->options->grid_x < GRID_TICKS ? d->options->grid_x : GRID_TICKS;
    count = assay_chart_ticks(chart->x_min, chart->x_max, chart->log_x, chart->axis, false,
                              want, ticks, GRID_TICKS);
    for (size_t i = 0; i < count; i++)
        draw_vertical(d, ticks[i].value, INK_GRID, 1, 0);
}

/* ---- lines ---- */

/* Below all lines: paler than they are, or every other pixel where there are few colours. */
static void draw_band(struct drawing *d, const struct assay_chart_line *line)
{
    const struct pen *pen = &d->scratch->inks.faint[(unsigned)line->color % ASSAY_CHART_COLORS];
    size_t height = (size_t)d->canvas.height, width = (size_t)d->canvas.width;

    ASSAY_GROW(d->scratch->edges, d->scratch->edge_capacity, width * 2);
    double *top = d->scratch->edges, *bottom = top + width;
    chart_band(d->chart, line, &d->map, top, bottom);
    for (size_t x = 0; x < width; x++) {
        if (isnan(top[x]))
            continue;
        size_t last = (size_t)fmax(bottom[x], top[x]);
        for (size_t y = (size_t)fmin(bottom[x], top[x]); y <= last; y++)
            if (!pen->stipple || (x + y) % 2 == 0)
                d->canvas.pixels[x * height + y] = pen->index[0];
    }
}

static void draw_lines(struct drawing *d)
{
    for (size_t i = d->chart->line_count; i-- > 0;) {
        const struct assay_chart_line *line = &d->chart->lines[i];
        if (line->low != NULL && line->high != NULL)
            draw_band(d, line);
    }
    const struct lines lines = {.chart = d->chart,
                                .map = &d->map,
                                .inks = &d->scratch->inks,
                                .width = d->width,
                                .hands = d->options->hands,
                                .canvas = &d->canvas,
                                .gaps = d->scratch->gaps};
    lines_draw(&lines, &d->scratch->lines);
}

/* ---- marks ---- */

/* A small triangle whose base lies on the upper or the lower edge. */
static void draw_triangle(struct drawing *d, int x, int size, bool upper)
{
    int height = d->canvas.height;

    for (int dx = -size + 1; dx < size; dx++) {
        if (x + dx < 0 || x + dx >= d->canvas.width)
            continue;
        uint8_t *column = d->canvas.pixels + (size_t)(x + dx) * (size_t)height;
        int tall = within(size - abs(dx), 0, height);
        memset(upper ? column : column + height - tall, INK_MARK, (size_t)tall);
    }
}

/* The first points of the segments after the first: where a run was started again. */
static void draw_restarts(struct drawing *d, bool lines, int size)
{
    for (size_t i = 0; i < d->chart->line_count; i++) {
        struct assay_view view;
        if (d->chart->lines[i].series == NULL)
            continue;
        assay_series_view(d->chart->lines[i].series, d->chart->axis, &view);
        if (lines && view.segment_count > DOTTED)
            continue;
        for (size_t j = 1; j < view.segment_count; j++) {
            struct assay_point point = assay_view_point(&view, view.segments[j].first);
            double x = assay_point_x(&point, view.axis, view.origin_ms);
            double position = chart_map_x(&d->map, x);
            if (!(position >= 0) || position >= d->canvas.width)
                continue;
            d->canvas.marked |= lines;
            if (lines)
                draw_vertical(d, x, INK_MARK, 1, 3);
            else
                draw_triangle(d, (int)position, size, true);
        }
    }
}

static void draw_marks(struct drawing *d)
{
    int size = within((int)(d->width * 3 + 0.5), 2, d->canvas.height / 4 + 1);

    for (int x = 0; x < d->canvas.width; x++)
        if (d->scratch->gaps[x])
            draw_triangle(d, x, size, false);
    draw_restarts(d, false, size);
}

/* A ring in the background's colour and a dot in the line's, where the cursor reads each line.
 */
static void draw_cursor_points(struct drawing *d)
{
    static const uint8_t no_rank[256] = {0};
    struct canvas top = d->canvas;

    top.rank = no_rank;
    for (size_t i = d->chart->line_count; i-- > 0;) {
        const struct assay_chart_line *line = &d->chart->lines[i];
        struct assay_reading reading = assay_chart_read(d->chart, i, d->options->cursor_x);
        if (!reading.found || !isfinite(reading.point.value))
            continue;
        double x = chart_map_x(&d->map, reading.x),
               y = chart_map_y(&d->map, reading.point.value);
        if (!(x >= 0 && x < d->canvas.width && y >= 0 && y < d->canvas.height))
            continue;
        struct pen ring = {.levels = 1, .reach = {d->width * 2.4}, .index = {INK_BACKGROUND}};
        canvas_segment(&top, &ring, x, y, x, y, 0);
        const struct pen *pen =
            &d->scratch->inks.line[(unsigned)line->color % ASSAY_CHART_COLORS];
        canvas_segment(&top, pen, x, y, x, y, d->width);
    }
}

/* ---- the picture ---- */

#define TURN_ROWS 64 /* rows of a part: whole blocks */

struct turning {
    const struct canvas *canvas;
    uint8_t *pixels;
};

static void turn_rows(void *context, size_t part)
{
    const struct turning *turning = context;
    int from = (int)part * TURN_ROWS, height = turning->canvas->height;

    canvas_transpose(turning->canvas, from,
                     height - from > TURN_ROWS ? from + TURN_ROWS : height, turning->pixels);
}

void raster_turn(const struct canvas *canvas, const struct assay_hands *hands, uint8_t *pixels)
{
    struct turning turning = {.canvas = canvas, .pixels = pixels};
    size_t parts = ((size_t)canvas->height + TURN_ROWS - 1) / TURN_ROWS;

    if (hands != NULL && hands->count > 1 && parts > hands->count &&
        (hands->idle == NULL || hands->idle(hands->self)))
        hands->spread(hands->self, parts, turn_rows, &turning);
    else
        canvas_transpose(canvas, 0, canvas->height, pixels);
}

void assay_chart_raster(const struct assay_chart *chart,
                        const struct assay_raster_options *options, struct assay_frame *frame)
{
    if (frame->width < 1 || frame->height < 1 || frame->scratch == NULL)
        return;
    struct assay_frame_scratch *scratch = frame->scratch;
    double width = options->line_width > 0 ? options->line_width : RASTER_LINE_WIDTH;
    struct drawing d = {.chart = chart,
                        .options = options,
                        .scratch = scratch,
                        .width = fmin(fmax(width, 1), 4)};
    unsigned used = 0, faint = 0;
    for (size_t i = 0; i < chart->line_count; i++) {
        unsigned bit = 1u << (unsigned)chart->lines[i].color % ASSAY_CHART_COLORS;
        used |= chart->lines[i].series != NULL ? bit : 0;
        faint |= chart->lines[i].faint != NULL || chart->lines[i].low != NULL ? bit : 0;
    }
    inks_init(&scratch->inks, frame,
              options->palette != NULL ? options->palette : &assay_palette_dark,
              options->registers > 0 ? options->registers : 16, d.width, used, faint);
    size_t pixels = (size_t)frame->width * (size_t)frame->height;
    ASSAY_GROW(scratch->canvas, scratch->canvas_capacity, pixels);
    ASSAY_GROW(scratch->gaps, scratch->gap_capacity, (size_t)frame->width);
    memset(scratch->gaps, 0, (size_t)frame->width * sizeof *scratch->gaps);
    chart_map_init(&d.map, chart, frame->width, frame->height);
    d.canvas = (struct canvas){.pixels = scratch->canvas,
                               .width = frame->width,
                               .height = frame->height,
                               .rank = scratch->inks.rank};
    ASSAY_GROW(scratch->covers, scratch->cover_capacity, (size_t)frame->width);
    canvas_gather(&d.canvas, scratch->covers);
    draw_grid(&d);
    draw_restarts(&d, true, 0);
    if (isfinite(options->cursor_x))
        draw_vertical(&d, options->cursor_x, INK_CURSOR, 1, 0);
    draw_lines(&d);
    draw_marks(&d);
    if (isfinite(options->cursor_x))
        draw_cursor_points(&d);
    raster_turn(&d.canvas, options->hands, frame->pixels);
}

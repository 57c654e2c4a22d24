/*
 * A chart drawn with characters: braille dots (2 x 4 a cell), quadrant blocks (2 x 2) or ASCII
 * (three heights a cell). Each line is drawn as pixels are, without smooth edges, and a cell
 * takes the colour of a line in it, in turns. Called by the front ends until a terminal has
 * said that it can show pixels, and by plot.c.
 */
#include "chart/band.h"
#include "chart/canvas.h"
#include "chart/glyphs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#define CELL_LIMIT 4096
#define GRID_TICKS 64

void assay_cells_resize(struct assay_cells *cells, int columns, int rows)
{
    columns = columns < 1 ? 1 : columns > CELL_LIMIT ? CELL_LIMIT : columns;
    rows = rows < 1 ? 1 : rows > CELL_LIMIT ? CELL_LIMIT : rows;
    if (cells->cells != NULL && cells->columns == columns && cells->rows == rows)
        return;
    free(cells->cells);
    cells->cells = assay_alloc_array((size_t)columns * (size_t)rows, sizeof *cells->cells);
    cells->columns = columns;
    cells->rows = rows;
}

void assay_cells_free(struct assay_cells *cells)
{
    free(cells->cells);
    *cells = (struct assay_cells){0};
}

/* ---- drawing ---- */

struct sketch {
    const struct assay_chart *chart;
    const struct glyph_set *set;
    struct assay_cells *cells;
    struct chart_map map;
    struct chart_columns columns;
    struct chart_bounds bounds;
    struct canvas dots; /* of one line at a time */
    uint8_t *sharing;   /* by cell: how many lines have dots in it */
    uint8_t *lone;      /* by cell: 1 + the colour of a line that is one point and lies there */
    bool *gaps;         /* by dot column */
    bool grey;          /* lines are told apart by dashes */
};

static void put(struct sketch *s, int column, int row, uint32_t code, int color)
{
    if (column >= 0 && column < s->cells->columns && row >= 0 && row < s->cells->rows)
        s->cells->cells[(size_t)row * (size_t)s->cells->columns + (size_t)column] =
            (struct assay_cell){.code = code, .color = (int8_t)color};
}

static void sketch_vertical(struct sketch *s, double x, uint32_t code, int color)
{
    double position = chart_map_x(&s->map, x) / s->set->across;

    if (position >= 0 && position < s->cells->columns)
        for (int row = 0; row < s->cells->rows; row++)
            put(s, (int)position, row, code, color);
}

static void sketch_frame(struct sketch *s, const struct assay_raster_options *options)
{
    const struct assay_chart *chart = s->chart;
    struct assay_tick ticks[GRID_TICKS];
    size_t want = options->grid_x < GRID_TICKS ? options->grid_x : GRID_TICKS;
    size_t cells = (size_t)s->cells->columns * (size_t)s->cells->rows;

    for (size_t i = 0; i < cells; i++)
        s->cells->cells[i] = (struct assay_cell){.code = ' ', .color = -4};
    size_t count = assay_chart_ticks(chart->x_min, chart->x_max, chart->log_x, chart->axis,
                                     false, want, ticks, GRID_TICKS);
    for (size_t i = 0; i < count; i++)
        sketch_vertical(s, ticks[i].value, s->set->vertical, -1);
    want = options->grid_y < GRID_TICKS ? options->grid_y : GRID_TICKS;
    count = assay_chart_ticks(chart->y_min, chart->y_max, chart->log_y, ASSAY_AXIS_STEP, true,
                              want, ticks, GRID_TICKS);
    for (size_t i = 0; i < count; i++) {
        double row = chart_map_y(&s->map, ticks[i].value) / s->set->down;
        for (int column = 0; row >= 0 && column < s->cells->columns; column++)
            put(s, column, (int)row, s->set->horizontal, -1);
    }
    if (isfinite(options->cursor_x))
        sketch_vertical(s, options->cursor_x, s->set->cursor, -2);
}

static unsigned mask_of(const struct sketch *s, int column, int row)
{
    unsigned mask = 0;

    for (int y = 0; y < s->set->down; y++)
        for (int x = 0; x < s->set->across; x++) {
            size_t at = (size_t)(column * s->set->across + x) * (size_t)s->dots.height +
                        (size_t)(row * s->set->down + y);
            if (s->dots.pixels[at] != 0)
                mask |= 1u << (y * s->set->across + x);
        }
    return mask;
}

/* Puts the dots of one line into the cells. A cell has one colour: where lines share it the
   shape is that of all, and the colours take turns from cell to cell, so that lines that run
   together are seen to be several. */
static void merge(struct sketch *s, enum assay_glyphs glyphs, unsigned *masks, int color)
{
    bool several = s->chart->line_count > 1;

    for (int row = 0; row < s->cells->rows; row++)
        for (int column = 0; column < s->cells->columns; column++) {
            size_t cell = (size_t)row * (size_t)s->cells->columns + (size_t)column;
            unsigned mask = mask_of(s, column, row);
            if (mask == 0)
                continue;
            masks[cell] |= mask;
            int lines = s->sharing[cell] < UINT8_MAX ? ++s->sharing[cell] : UINT8_MAX;
            bool turn = (column + row) % lines == lines - 1;
            int kept = turn ? color : s->cells->cells[cell].color;
            put(s, column, row, glyph_of(glyphs, masks[cell], several, kept), kept);
        }
}

/* A line of which there is one point: a single dot would be taken for dirt. */
static void note_lone(struct sketch *s, int color)
{
    const struct chart_column *item = s->columns.items;
    int column, row;

    if (s->columns.count != 1 || item->count == 0 || item->y_bottom - item->y_top >= 1 ||
        item->column < 0 || item->column >= s->dots.width || !(item->y_top >= 0) ||
        item->y_top > s->dots.height)
        return;
    column = item->column / s->set->across;
    row = (int)fmax(ceil(item->y_top - 1), 0) / s->set->down; /* where its dot is */
    s->lone[(size_t)row * (size_t)s->cells->columns + (size_t)column] =
        (uint8_t)(1 + (unsigned)color % ASSAY_CHART_COLORS);
}

/* In letters no line is broken for want of colours: they tell lines apart. */
static void break_line(const struct sketch *s, struct pen *pen, int color)
{
    static const int cells[] = {0, 6, 2, 1}; /* by assay_chart_dash() */
    int across = s->set->across;

    if (s->grey && across > 1) {
        pen->dash_on = cells[assay_chart_dash(true, color)] * across;
        pen->dash_off = pen->dash_on > 0 ? (pen->dash_on > across ? 2 : 1) * across : 0;
    } else if (assay_chart_dash(false, color) % 2 == 1) {
        pen->dash_on = pen->dash_off = 2 * across;
    }
}

static void sketch_line(struct sketch *s, struct assay_series *series, int color)
{
    struct pen pen = {.index = {1}};
    struct assay_view view;

    pen_shape(&pen, 1, false);
    break_line(s, &pen, color);
    memset(s->dots.pixels, 0, (size_t)s->dots.width * (size_t)s->dots.height);
    assay_series_view(series, s->chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++) {
        const struct assay_segment *segment = &view.segments[i];
        size_t count = chart_segment_count(segment, s->chart->hide_superseded);
        if (count == 0)
            continue;
        chart_reduce(&view, segment, count, &s->map, &s->bounds, &s->columns);
        canvas_line(&s->dots, &pen, &s->columns, false);
        if (view.segment_count == 1)
            note_lone(s, color);
        for (size_t j = 0; j < s->columns.count; j++) {
            const struct chart_column *item = &s->columns.items[j];
            if (item->nonfinite > 0 && item->column >= 0 && item->column < s->dots.width)
                s->gaps[item->column] = true;
        }
    }
}

static void sketch_lone(struct sketch *s)
{
    bool letters = s->set->across == 1 && s->chart->line_count > 1; /* they tell lines apart */

    for (int row = 0; row < s->cells->rows; row++)
        for (int column = 0; column < s->cells->columns; column++) {
            size_t cell = (size_t)row * (size_t)s->cells->columns + (size_t)column;
            int color = s->lone[cell] - 1;
            if (color >= 0)
                put(s, column, row,
                    letters ? (unsigned char)assay_chart_mark(color) : s->set->point, color);
        }
}

/* Every other dot of every other column: paler than a line. */
static void sketch_band(struct sketch *s, const struct assay_chart_line *line)
{
    size_t width = (size_t)s->dots.width, height = (size_t)s->dots.height;
    double *top = assay_alloc_array(width * 2, sizeof *top), *bottom = top + width;

    memset(s->dots.pixels, 0, width * height);
    chart_band(s->chart, line, &s->map, top, bottom);
    for (size_t x = 0; x < width; x++) {
        if (isnan(top[x]))
            continue;
        size_t last = (size_t)fmax(bottom[x], top[x]);
        for (size_t y = (size_t)fmin(bottom[x], top[x]); y <= last; y++)
            if ((x / 2 + y) % 2 == 0)
                s->dots.pixels[x * height + y] = 1;
    }
    free(top);
}

static void sketch_marks(struct sketch *s)
{
    for (int x = 0; x < s->dots.width; x++)
        if (s->gaps[x])
            put(s, x / s->set->across, s->cells->rows - 1, s->set->gap, -3);
    for (size_t i = 0; i < s->chart->line_count; i++) {
        struct assay_view view;
        if (s->chart->lines[i].series == NULL)
            continue;
        assay_series_view(s->chart->lines[i].series, s->chart->axis, &view);
        for (size_t j = 1; j < view.segment_count; j++) {
            struct assay_point point = assay_view_point(&view, view.segments[j].first);
            double x = chart_map_x(&s->map, assay_point_x(&point, view.axis, view.origin_ms));
            if (x >= 0 && x < s->dots.width)
                put(s, (int)x / s->set->across, 0, s->set->restart, -3);
        }
    }
}

/* Where the cursor reads each line. */
static void sketch_points(struct sketch *s, double cursor_x)
{
    for (size_t i = s->chart->line_count; i-- > 0;) {
        const struct assay_chart_line *line = &s->chart->lines[i];
        struct assay_reading reading = assay_chart_read(s->chart, i, cursor_x);

        if (!reading.found || !isfinite(reading.point.value))
            continue;
        double x = chart_map_x(&s->map, reading.x),
               y = chart_map_y(&s->map, reading.point.value);
        if (x >= 0 && x < s->dots.width && y >= 0 && y < s->dots.height)
            put(s, (int)x / s->set->across, (int)y / s->set->down, s->set->point,
                (int)((unsigned)line->color % ASSAY_CHART_COLORS));
    }
}

void assay_chart_cells(const struct assay_chart *chart,
                       const struct assay_raster_options *options, enum assay_glyphs glyphs,
                       struct assay_cells *cells)
{
    static const uint8_t rank[256] = {[1] = 1};
    struct sketch s = {.chart = chart,
                       .set = glyph_set_of(glyphs),
                       .cells = cells,
                       .grey = options->palette != NULL && options->palette->grey};

    if (cells->cells == NULL)
        return;
    size_t count = (size_t)cells->columns * (size_t)cells->rows;
    s.dots = (struct canvas){.width = cells->columns * s.set->across,
                             .height = cells->rows * s.set->down,
                             .rank = rank};
    s.dots.pixels = assay_alloc_array((size_t)s.dots.width, (size_t)s.dots.height);
    s.sharing = assay_alloc(count);
    s.lone = assay_alloc(count);
    s.gaps = assay_alloc_array((size_t)s.dots.width, sizeof *s.gaps);
    unsigned *masks = assay_alloc_array(count, sizeof *masks);
    chart_map_init(&s.map, chart, s.dots.width, s.dots.height);
    chart_bounds_make(&s.bounds, &s.map);
    sketch_frame(&s, options);
    for (size_t i = 0; i < chart->line_count; i++)
        if (chart->lines[i].low != NULL && chart->lines[i].high != NULL)
            sketch_band(&s, &chart->lines[i]),
                merge(&s, glyphs, masks,
                      (int)((unsigned)chart->lines[i].color % ASSAY_CHART_COLORS));
    for (size_t i = 0; i < chart->line_count; i++)
        if (chart->lines[i].series != NULL)
            sketch_line(&s, chart->lines[i].series, chart->lines[i].color),
                merge(&s, glyphs, masks,
                      (int)((unsigned)chart->lines[i].color % ASSAY_CHART_COLORS));
    sketch_lone(&s);
    sketch_marks(&s);
    if (isfinite(options->cursor_x))
        sketch_points(&s, options->cursor_x);
    free(masks);
    free(s.gaps);
    free(s.sharing);
    free(s.lone);
    free(s.dots.pixels);
    chart_columns_free(&s.columns);
    chart_bounds_free(&s.bounds);
}

/*
 * A whole chart as a file: a vector picture (SVG) and a PNG, each with title, labelled axes,
 * legend and the count of its points.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "chart/band.h"
#include "chart/plot.h"
#include "chart/reduce.h"
#include "chart/svg.h"

struct box { /* pixels */
    int cell_width, cell_height;
    int left, top, width, height; /* of the plot rectangle */
    int total_width, total_height;
};

static struct box box_of(const struct assay_plot_options *options,
                         const struct plot_layout *layout)
{
    struct box box = {
        .cell_width = options->cell_width ? options->cell_width : 10,
        .cell_height = options->cell_height ? options->cell_height : 20,
    };

    box.left = layout->left * box.cell_width;
    box.top = box.cell_height * 3 / 2;
    box.width = layout->columns * box.cell_width - box.cell_width;
    box.height = layout->rows * box.cell_height - box.cell_height / 2;
    box.total_width = (layout->left + layout->columns) * box.cell_width;
    box.total_height = (layout->rows + layout->legend + 3) * box.cell_height;
    return box;
}

/* ---- SVG ---- */

/* Whether a line leads from column AT to the next one. */
static bool goes_on(const struct chart_columns *columns, size_t at)
{
    return columns->items[at].open_right && at + 1 < columns->count &&
           columns->items[at + 1].count > 0 && columns->items[at + 1].open_left;
}

/* One path for each stretch of finite values: every column's first, greatest, least and last.
 */
static void svg_segment(struct assay_buf *out, const struct chart_columns *columns)
{
    bool joined = false;

    for (size_t i = 0; i < columns->count; i++) {
        const struct chart_column *column = &columns->items[i];

        if (!column->count) {
            joined = false;
            continue;
        }
        assay_buf_format(out, "%s%.2f %.2f", joined && column->open_left ? "L" : "M",
                         column->x_first, column->y_first);
        if (column->count > 1)
            assay_buf_format(out, "L%.2f %.2fL%.2f %.2fL%.2f %.2f",
                             (column->x_first + column->x_last) / 2, column->y_top,
                             (column->x_first + column->x_last) / 2, column->y_bottom,
                             column->x_last, column->y_last);
        else if (!(joined && column->open_left) && !goes_on(columns, i))
            assay_buf_text_add(out, "h0"); /* a point by itself is a dot */
        joined = column->open_right;
    }
}

static void svg_series(struct assay_buf *out, const struct assay_chart *chart,
                       struct assay_series *series, struct assay_rgb color, bool faint,
                       const struct box *box)
{
    struct chart_columns columns = {0};
    struct chart_bounds bounds = {0};
    struct assay_view view;
    struct chart_map map;

    if (!series || !assay_series_count(series))
        return;
    chart_map_init(&map, chart, box->width, box->height);
    chart_bounds_make(&bounds, &map);
    assay_series_view(series, chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++) {
        const struct assay_segment *segment = &view.segments[i];

        chart_reduce(&view, segment, chart_segment_count(segment, chart->hide_superseded), &map,
                     &bounds, &columns);
        assay_buf_text_add(out, "<path fill=\"none\" stroke=\"");
        svg_color(out, color);
        assay_buf_format(out,
                         "\" stroke-width=\"1.6\" stroke-linecap=\"round\" "
                         "stroke-linejoin=\"round\" opacity=\"%s\" d=\"",
                         faint ? "0.35" : "1");
        svg_segment(out, &columns);
        assay_buf_text_add(out, "\"/>\n");
    }
    chart_columns_free(&columns);
    chart_bounds_free(&bounds);
}

/* The band as one shape for each stretch without a gap: along the top and back below. */
static void svg_band(struct assay_buf *out, const struct assay_chart *chart,
                     const struct assay_chart_line *line, struct assay_rgb color,
                     const struct box *box)
{
    struct chart_map map;
    size_t width = (size_t)box->width, from = 0;
    double *top = assay_alloc_array(width * 2 + 1, sizeof *top), *bottom = top + width;

    chart_map_init(&map, chart, box->width, box->height);
    chart_band(chart, line, &map, top, bottom);
    assay_buf_text_add(out, "<path stroke=\"none\" fill=\"");
    svg_color(out, color);
    assay_buf_text_add(out, "\" opacity=\"0.25\" d=\"");
    while (from < width) {
        size_t to = from;
        while (to < width && !isnan(top[to]))
            to++;
        for (size_t x = from; x < to; x++)
            assay_buf_format(out, "%s%zu %.2f", x == from ? "M" : "L", x, top[x]);
        for (size_t x = to; x > from; x--)
            assay_buf_format(out, "L%zu %.2f", x - 1, bottom[x - 1]);
        assay_buf_text_add(out, to > from ? "Z" : "");
        from = to > from ? to : from + 1;
    }
    assay_buf_text_add(out, "\"/>\n");
    free(top);
}

static const char *axis_name(enum assay_axis axis)
{
    return axis == ASSAY_AXIS_TIME       ? "wall time"
           : axis == ASSAY_AXIS_RELATIVE ? "time since start"
                                         : "step";
}

/* Where the lines of text below the plot stand: the labels of the x axis on 0, the legend from
   1 on. They are a little closer than cells, so that the count below them stands clear. */
static double svg_row(const struct box *box, int row)
{
    return box->top + box->height + (row + 0.8) * box->cell_height;
}

static void svg_axes(struct assay_buf *out, const struct plot_layout *layout,
                     const struct box *box, const struct assay_chart_palette *palette,
                     enum assay_axis axis)
{
    for (size_t i = 0; i < layout->y_count; i++) {
        double y = box->top + (1 - layout->y[i].unit) * (box->height - 1);

        assay_buf_format(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"",
                         box->left, box->left + box->width, y, y);
        svg_color(out, palette->grid);
        assay_buf_text_add(out, "\"/>\n");
        svg_text(out, box->left - box->cell_width, y + box->cell_height * 0.25, "end",
                 layout->y[i].label);
    }
    for (size_t i = 0; i < layout->x_count; i++)
        svg_text(out, box->left + layout->x[i].unit * (box->width - 1), svg_row(box, 0),
                 "middle", layout->x[i].label);
    svg_text(out, box->left + box->width, svg_row(box, 1), "end", axis_name(axis));
}

enum assay_status plot_svg(struct assay_chart *chart, const struct assay_plot_options *options,
                           const struct plot_layout *layout, struct assay_buf *out)
{
    const struct assay_chart_palette *palette =
        options->light ? &assay_palette_light : &assay_palette_dark;
    struct box box = box_of(options, layout);
    struct assay_buf text = {0};

    assay_buf_format(out,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                     "viewBox=\"0 0 %d %d\" "
                     "font-family=\"monospace\" font-size=\"%d\" fill=\"%s\">\n"
                     "<rect width=\"100%%\" height=\"100%%\" fill=\"",
                     box.total_width, box.total_height, box.total_width, box.total_height,
                     box.cell_height * 13 / 20, options->light ? "#303030" : "#c6c6c6");
    svg_color(out, palette->background);
    assay_buf_text_add(out, "\"/>\n");
    if (options->title)
        svg_text(out, box.left, box.cell_height, "start", options->title);
    svg_axes(out, layout, &box, palette, chart->axis);
    assay_buf_format(out,
                     "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" overflow=\"hidden\">\n",
                     box.left, box.top, box.width, box.height);
    for (size_t i = 0; i < chart->line_count; i++)
        if (chart->lines[i].low != NULL && chart->lines[i].high != NULL)
            svg_band(out, chart, &chart->lines[i],
                     palette->series[chart->lines[i].color % ASSAY_CHART_COLORS], &box);
    for (int faint = 1; faint >= 0; faint--)
        for (size_t i = 0; i < chart->line_count; i++)
            svg_series(out, chart, faint ? chart->lines[i].faint : chart->lines[i].series,
                       palette->series[chart->lines[i].color % ASSAY_CHART_COLORS], faint,
                       &box);
    assay_buf_text_add(out, "</svg>\n");
    for (int i = 0; i < layout->legend; i++) {
        double y = svg_row(&box, i + 1);

        assay_buf_reset(&text);
        plot_legend_text(&chart->lines[i], &text);
        assay_buf_format(out, "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"4\" fill=\"",
                         box.left, y - box.cell_height * 0.3, box.cell_width * 2);
        svg_color(out, palette->series[chart->lines[i].color % ASSAY_CHART_COLORS]);
        assay_buf_text_add(out, "\"/>\n");
        svg_text(out, box.left + box.cell_width * 3, y, "start", assay_buf_text(&text));
    }
    assay_buf_reset(&text);
    plot_count_text(layout, &text);
    svg_text(out, box.left, box.total_height - box.cell_height * 0.3, "start",
             assay_buf_text(&text));
    assay_buf_text_add(out, "</svg>\n");
    assay_buf_free(&text);
    return ASSAY_OK;
}

/* ---- PNG ---- */

static void png_labels(struct assay_frame *whole, const struct assay_chart *chart,
                       const struct assay_plot_options *options,
                       const struct plot_layout *layout, const struct box *box, uint8_t ink,
                       const uint8_t *series)
{
    int scale = box->cell_height >= 18 ? 2 : 1;
    int rise = FONT_HEIGHT * scale / 2;
    struct assay_buf text = {0};

    if (options->title)
        font_draw(whole, box->left, box->cell_height / 3, options->title, scale, ink);
    for (size_t i = 0; i < layout->y_count; i++)
        font_draw(whole,
                  box->left - box->cell_width / 2 -
                      (int)strlen(layout->y[i].label) * FONT_WIDTH * scale,
                  box->top + (int)((1 - layout->y[i].unit) * (box->height - 1)) - rise,
                  layout->y[i].label, scale, ink);
    for (size_t i = 0; i < layout->x_count; i++)
        font_draw(whole,
                  box->left + (int)(layout->x[i].unit * (box->width - 1)) -
                      (int)strlen(layout->x[i].label) * FONT_WIDTH * scale / 2,
                  box->top + box->height + box->cell_height / 3, layout->x[i].label, scale,
                  ink);
    for (int i = 0; i < layout->legend; i++) {
        int y = box->top + box->height + (i + 1) * box->cell_height + box->cell_height / 3;

        assay_buf_reset(&text);
        plot_legend_text(&chart->lines[i], &text);
        font_draw(whole, box->left, y, "--", scale, series[i]);
        font_draw(whole, box->left + 3 * box->cell_width, y, assay_buf_text(&text), scale, ink);
    }
    assay_buf_reset(&text);
    plot_count_text(layout, &text);
    font_draw(whole, box->left, box->total_height - box->cell_height * 2 / 3,
              assay_buf_text(&text), scale, ink);
    assay_buf_free(&text);
}

/* The palette entry for COLOR, added where the plot did not use it. */
static uint8_t ink_for(struct assay_frame *frame, struct assay_rgb color)
{
    for (int i = 0; i < frame->colors; i++)
        if (memcmp(&frame->palette[i], &color, sizeof color) == 0)
            return (uint8_t)i;
    if (frame->colors >= 256)
        return 0;
    frame->palette[frame->colors] = color;
    return (uint8_t)frame->colors++;
}

enum assay_status plot_png(struct assay_chart *chart, const struct assay_plot_options *options,
                           const struct plot_layout *layout, struct assay_buf *out,
                           struct assay_error *err)
{
    const struct assay_chart_palette *palette =
        options->light ? &assay_palette_light : &assay_palette_dark;
    struct box box = box_of(options, layout);
    struct assay_frame plot = {0}, whole = {0};
    uint8_t series[16], ink;
    enum assay_status status;

    if (box.total_width > 16384 || box.total_height > 16384 || box.width < 1 || box.height < 1)
        return assay_fail(err, ASSAY_BAD_INPUT, "%d x %d pixels: a picture takes at most 16384",
                          box.total_width, box.total_height);
    assay_frame_resize(&plot, box.width, box.height);
    assay_chart_raster(
        chart,
        &(struct assay_raster_options){
            .palette = palette, .registers = 256, .cursor_x = NAN, .grid_y = layout->y_want},
        &plot);
    assay_frame_resize(&whole, box.total_width, box.total_height);
    memcpy(whole.palette, plot.palette, sizeof whole.palette);
    whole.colors = plot.colors;
    memset(whole.pixels, ink_for(&whole, palette->background),
           (size_t)whole.width * (size_t)whole.height);
    ink = ink_for(&whole, options->light ? (struct assay_rgb){48, 48, 48}
                                         : (struct assay_rgb){198, 198, 198});
    for (int i = 0; i < layout->legend && i < 16; i++)
        series[i] =
            ink_for(&whole, palette->series[chart->lines[i].color % ASSAY_CHART_COLORS]);
    for (int y = 0; y < box.height; y++)
        memcpy(whole.pixels + (size_t)(box.top + y) * (size_t)whole.width + (size_t)box.left,
               plot.pixels + (size_t)y * (size_t)plot.width, (size_t)plot.width);
    png_labels(&whole, chart, options, layout, &box, ink, series);
    status = assay_encode_png(&whole, out, err);
    assay_frame_free(&plot);
    assay_frame_free(&whole);
    return status;
}

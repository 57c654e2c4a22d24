/*
 * A whole chart as text for standard output (title, labelled axes, the plot rectangle in
 * characters or as an image, legend, count of points), and the division of the room that the
 * file formats share. Called by `assay plot` and by the workbench's export.
 */
#include "chart/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define LEGEND_MAX  12
#define COLUMNS_MIN 20
#define ROWS_MIN    6

enum assay_status plot_lay_out(struct assay_chart *chart, int columns, int rows,
                               struct plot_layout *layout, struct assay_error *err)
{
    size_t lines = chart->line_count > LEGEND_MAX ? LEGEND_MAX : chart->line_count;

    *layout = (struct plot_layout){.legend = (int)lines};
    if (columns < COLUMNS_MIN || rows < ROWS_MIN || columns > 2000 || rows > 2000)
        return assay_fail(err, ASSAY_BAD_INPUT, "%dx%d cells: a chart takes %dx%d to 2000x2000",
                          columns, rows, COLUMNS_MIN, ROWS_MIN);
    layout->drawable = assay_chart_fit(chart, &layout->info);
    while (layout->legend > 1 && rows - layout->legend - 3 < ROWS_MIN)
        layout->legend--;
    layout->rows = rows - layout->legend - 3; /* title, x labels, count */
    if (layout->rows < 2)
        layout->rows = 2;
    if (!layout->drawable) {
        layout->left = 2;
        layout->columns = columns - layout->left;
        return ASSAY_OK;
    }
    layout->y_want = assay_chart_align(chart, layout->rows);
    layout->y_count =
        assay_chart_ticks(chart->y_min, chart->y_max, chart->log_y, ASSAY_AXIS_STEP, true,
                          layout->y_want, layout->y, PLOT_TICKS);
    assay_chart_label_rows(layout->y, layout->y_count, layout->rows, layout->y_row);
    for (size_t i = 0; i < layout->y_count; i++) {
        int width = assay_text_width(layout->y[i].label) + 2;

        if (width > layout->left)
            layout->left = width;
    }
    layout->columns = columns - layout->left;
    layout->x_count =
        assay_chart_ticks(chart->x_min, chart->x_max, chart->log_x, chart->axis, false,
                          (size_t)(layout->columns / 12 + 2), layout->x, PLOT_TICKS);
    return ASSAY_OK;
}

void plot_count_text(const struct plot_layout *layout, struct assay_buf *out)
{
    const struct assay_chart_info *info = &layout->info;
    char points[32], total[32];

    assay_buf_format(out, "%s of %s points in view", assay_count_text(points, info->points),
                     assay_count_text(total, info->total));
    if (layout->columns > 0 && info->points > (uint64_t)layout->columns)
        assay_buf_text_add(out, " (least and greatest of each column)");
    if (info->nonfinite)
        assay_buf_format(out, ", %s not finite", assay_count_text(points, info->nonfinite));
    if (info->not_positive)
        assay_buf_format(out, ", %s not above zero",
                         assay_count_text(points, info->not_positive));
    if (info->superseded)
        assay_buf_format(out, ", %s superseded", assay_count_text(points, info->superseded));
}

void plot_legend_text(const struct assay_chart_line *line, struct assay_buf *out)
{
    char number[32];

    assay_buf_text_add(out, line->label);
    if (line->series && assay_series_count(line->series))
        assay_buf_format(
            out, "  %s",
            assay_number_short(number, assay_series_summary(line->series)->last, 6));
}

/* ---- text ---- */

struct text_plot {
    struct assay_chart *chart;
    const struct assay_plot_options *options;
    const struct plot_layout *layout;
    const struct assay_chart_palette *palette;
    struct assay_cells cells; /* of the plot rectangle, where it is drawn in characters */
    bool image, ascii;
    struct assay_buf *out;
};

static void colored(struct text_plot *plot, int index)
{
    if (plot->options->color)
        assay_buf_format(plot->out, "\033[38;5;%dm", index);
}

static void plain(struct text_plot *plot)
{
    if (plot->options->color)
        assay_buf_text_add(plot->out, "\033[0m");
}

static int series_index(const struct text_plot *plot, int color)
{
    return assay_rgb_index256(plot->palette->series[color % ASSAY_CHART_COLORS]);
}

static void y_label(struct text_plot *plot, int row)
{
    const struct plot_layout *layout = plot->layout;
    const char *axis = plot->ascii ? "|" : "│", *tick = plot->ascii ? "+" : "┤";

    for (size_t i = 0; i < layout->y_count; i++)
        if (layout->y_row[i] == row) {
            assay_text_pad(plot->out, layout->y[i].label, layout->left - 2, true, plot->ascii);
            assay_buf_format(plot->out, " %s", tick);
            return;
        }
    assay_buf_repeat(plot->out, " ", (size_t)layout->left - 1);
    assay_buf_text_add(plot->out, axis);
}

static void plot_row(struct text_plot *plot, int row)
{
    int color = -4;

    y_label(plot, row);
    for (int column = 0; !plot->image && column < plot->cells.columns; column++) {
        const struct assay_cell *cell =
            &plot->cells.cells[(size_t)row * (size_t)plot->cells.columns + (size_t)column];
        char code[4];

        if (cell->color != color && cell->code != ' ') {
            plain(plot);
            color = cell->color;
            if (color >= 0)
                colored(plot, series_index(plot, color));
            else if (color == -1)
                colored(plot, assay_rgb_index256(plot->palette->axis));
            else if (color == -3)
                colored(plot, assay_rgb_index256(plot->palette->mark));
        }
        assay_buf_add(plot->out, code, assay_utf8_encode(cell->code, code));
    }
    if (color != -4)
        plain(plot);
    assay_buf_char(plot->out, '\n');
}

static void x_labels(struct text_plot *plot)
{
    const struct plot_layout *layout = plot->layout;
    int at = 0; /* cells written */

    for (size_t i = 0; i < layout->x_count; i++) {
        int width = assay_text_width(layout->x[i].label);
        int from =
            layout->left + (int)lround(layout->x[i].unit * (layout->columns - 1)) - width / 2;

        if (from + width > layout->left + layout->columns)
            from = layout->left + layout->columns - width;
        if (from < at + (at > 0))
            continue;
        assay_buf_repeat(plot->out, " ", (size_t)(from - at));
        assay_buf_text_add(plot->out, layout->x[i].label);
        at = from + width;
    }
    assay_buf_char(plot->out, '\n');
}

static void legend(struct text_plot *plot)
{
    int width = plot->layout->left + plot->layout->columns;
    struct assay_buf text = {0};

    for (int i = 0; i < plot->layout->legend; i++) {
        const struct assay_chart_line *line = &plot->chart->lines[i];
        int used;

        assay_buf_reset(&text);
        plot_legend_text(line, &text);
        assay_buf_repeat(plot->out, " ", (size_t)plot->layout->left);
        colored(plot, series_index(plot, line->color));
        assay_buf_text_add(plot->out, assay_chart_sign(line->color, false, plot->ascii));
        plain(plot);
        assay_buf_char(plot->out, ' ');
        assay_buf_add(
            plot->out, assay_buf_text(&text),
            assay_text_fit(assay_buf_text(&text), width - plot->layout->left - 2, &used));
        if ((size_t)plot->layout->legend < plot->chart->line_count &&
            i == plot->layout->legend - 1)
            assay_buf_format(plot->out, "  and %zu more",
                             plot->chart->line_count - (size_t)plot->layout->legend);
        assay_buf_char(plot->out, '\n');
    }
    assay_buf_free(&text);
}

/* The image goes into the room that the text left blank: up from the line below the chart,
   which is on the screen by now, and back. Its last row is above that line, so nothing scrolls.
 */
static enum assay_status place_image(struct text_plot *plot, int rows_below,
                                     struct assay_error *err)
{
    const struct assay_plot_options *options = plot->options;
    const struct plot_layout *layout = plot->layout;
    struct assay_frame frame = {0};
    enum assay_status status;
    int width = layout->columns * (options->cell_width ? options->cell_width : 10);
    int height = layout->rows * (options->cell_height ? options->cell_height : 20);

    height -= height % 6;
    assay_frame_resize(&frame, width > 16384 ? 16384 : width, height > 16384 ? 16380 : height);
    assay_chart_raster(plot->chart,
                       &(struct assay_raster_options){.palette = plot->palette,
                                                      .registers = options->registers,
                                                      .cursor_x = NAN,
                                                      .grid_y = layout->y_want},
                       &frame);
    assay_buf_format(plot->out, "\0337\033[%dA\033[%dC", rows_below + layout->rows,
                     layout->left);
    if (options->as == ASSAY_PLOT_KITTY)
        status = assay_encode_kitty(&frame, 1, layout->columns, layout->rows, plot->out, err);
    else
        status = assay_encode_sixel(&frame, NULL, plot->out, err);
    assay_buf_text_add(plot->out, "\0338");
    assay_frame_free(&frame);
    return status;
}

static enum assay_status plot_text(struct text_plot *plot, struct assay_error *err)
{
    const struct plot_layout *layout = plot->layout;
    enum assay_status status = ASSAY_OK;

    if (plot->options->title && *plot->options->title) {
        assay_buf_repeat(plot->out, " ", (size_t)layout->left);
        assay_text_pad(plot->out, plot->options->title, layout->columns, false, plot->ascii);
    }
    assay_buf_char(plot->out, '\n');
    if (!plot->image) {
        assay_cells_resize(&plot->cells, layout->columns, layout->rows);
        assay_chart_cells(plot->chart, &(struct assay_raster_options){.cursor_x = NAN},
                          plot->ascii ? ASSAY_GLYPHS_ASCII : ASSAY_GLYPHS_BRAILLE,
                          &plot->cells);
    }
    for (int row = 0; row < layout->rows; row++)
        plot_row(plot, row);
    x_labels(plot);
    legend(plot);
    assay_buf_repeat(plot->out, " ", (size_t)layout->left);
    plot_count_text(layout, plot->out);
    assay_buf_char(plot->out, '\n');
    if (plot->image)
        status = place_image(plot, layout->legend + 2, err);
    assay_cells_free(&plot->cells);
    return status;
}

enum assay_status assay_plot_render(struct assay_chart *chart,
                                    const struct assay_plot_options *options,
                                    struct assay_buf *out, struct assay_error *err)
{
    struct plot_layout layout;
    enum assay_status status =
        plot_lay_out(chart, options->columns, options->rows, &layout, err);
    struct text_plot plot = {
        .chart = chart,
        .options = options,
        .layout = &layout,
        .palette = options->light ? &assay_palette_light : &assay_palette_dark,
        .image = options->as == ASSAY_PLOT_SIXEL || options->as == ASSAY_PLOT_KITTY,
        .ascii = options->as == ASSAY_PLOT_ASCII,
        .out = out,
    };

    if (status != ASSAY_OK)
        return status;
    if (!layout.drawable) {
        assay_fail(err, ASSAY_NO,
                   "there is nothing to draw: no finite value in the range asked for");
        return ASSAY_NO;
    }
    if (options->as == ASSAY_PLOT_SVG)
        return plot_svg(chart, options, &layout, out);
    if (options->as == ASSAY_PLOT_PNG)
        return plot_png(chart, options, &layout, out, err);
    return plot_text(&plot, err);
}

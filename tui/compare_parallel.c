/*
 * Parallel coordinates (compare_view.h): each run a line through its params to the metric. A
 * brush on an axis keeps the runs in one fifth of it bright; brushes on several axes are
 * taken together.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define FIFTHS     5
#define WORDS_FROM 11 /* rows from which on there is room for another line of words */
#define MARGIN     8  /* cells beside the outer axes */
#define BESIDE     2  /* of those, cells that belong to the picture */

struct axis {
    size_t field;
    struct assay_parallel_axis scale;
};

/* Where RUN stands on the axis, 0 at the bottom; NaN where it has no value. */
static double place(const struct compare_view *view, const struct axis *axis, size_t run)
{
    struct assay_compare_cell cell = assay_comparison_cell(view->comparison, axis->field, run);
    return cell.present ? assay_parallel_unit(&axis->scale, cell.number, cell.text) : NAN;
}

static struct axis make_axis(const struct compare_view *view, size_t field)
{
    bool numeric = assay_comparison_row(view->comparison, field)->numeric;
    struct axis axis = {.field = field, .scale = ASSAY_PARALLEL_AXIS(!numeric)};
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, i);
        if (cell.present) {
            assay_parallel_take(&axis.scale, cell.number, cell.text);
        }
    }
    assay_parallel_settle(&axis.scale);
    return axis;
}

static size_t make_axes(const struct compare_view *view, struct axis *axes)
{
    size_t count = 0;
    for (size_t i = 0; i < view->explanation.count && count + 1 < ASSAY_PARALLEL_AXES; i++) {
        axes[count++] = make_axis(view, view->explanation.factors[i].row);
    }
    axes[count++] = make_axis(view, view->explained);
    return count;
}

struct picture {
    struct axis axes[ASSAY_PARALLEL_AXES];
    size_t count;
    struct area plot;
    double rows; /* of it */
};

static int axis_cell(const struct area *plot, size_t axis, size_t count)
{
    int room = plot->rect.width - 2 * BESIDE - 1;
    return BESIDE + (count > 1 ? (int)(axis * (size_t)room / (count - 1)) : 0);
}

/* From 1 at the bottom; 0 where the run has no value. */
static int fifth_of(double unit)
{
    int fifth = isnan(unit) ? 0 : (int)(unit * FIFTHS) + 1;
    return fifth > FIFTHS ? FIFTHS : fifth;
}

static bool is_brushed(const struct compare_view *view, const struct axis *axes, size_t count,
                       size_t run)
{
    for (size_t a = 0; a < count; a++) {
        if (view->brushes[a] && fifth_of(place(view, &axes[a], run)) != view->brushes[a]) {
            return false;
        }
    }
    return true;
}

/* ---- the picture ---- */

/* The axes stand in the middle of cells, the outer ones BESIDE cells from its edges, and end in
   the middle of the first and the last row, beside their labels. */
static double unit_x(const struct area *plot, size_t axis, size_t count)
{
    return (axis_cell(plot, axis, count) + 0.5) / plot->rect.width;
}

static double unit_y(double rows, double value)
{
    return (0.5 + value * (rows - 1)) / rows;
}

static void put_run(struct compare_view *view, const struct picture *p, size_t run, int color,
                    bool faint)
{
    double across[ASSAY_PARALLEL_AXES], units[ASSAY_PARALLEL_AXES];
    for (size_t a = 0; a < p->count; a++) {
        across[a] = unit_x(&p->plot, a, p->count);
        units[a] = unit_y(p->rows, place(view, &p->axes[a], run));
    }
    assay_parallel_line(&view->figure.figure, across, units, p->count, color, faint);
}

static void put_axis(struct compare_view *view, const struct picture *p, size_t axis)
{
    struct assay_rule rule = {.x = unit_x(&p->plot, axis, p->count),
                              .y0 = unit_y(p->rows, 0),
                              .y1 = unit_y(p->rows, 1),
                              .kind =
                                  axis == view->brush_axis ? ASSAY_RULE_HERE : ASSAY_RULE_AXIS};
    int brush = view->brushes[axis];
    assay_figure_rule(&view->figure.figure, rule);
    if (brush) {
        rule.kind = ASSAY_RULE_BRUSH;
        rule.y0 = unit_y(p->rows, (double)(brush - 1) / FIFTHS);
        rule.y1 = unit_y(p->rows, (double)brush / FIFTHS);
        assay_figure_rule(&view->figure.figure, rule);
    }
}

static void draw_picture(struct compare_view *view, const struct picture *p)
{
    int *colors = compare_run_colors(view);
    bool any = false; /* brush */
    assay_figure_clear(&view->figure.figure);
    for (size_t a = 0; a < p->count; a++) {
        any |= view->brushes[a] != 0;
    }
    for (size_t run = 0; run < assay_comparison_runs(view->comparison); run++) {
        put_run(view, p, run, colors[run], any && !is_brushed(view, p->axes, p->count, run));
    }
    compare_spots_figure(view, p->plot.rect, p->rows);
    for (size_t a = 0; a < p->count; a++) {
        put_axis(view, p, a);
        compare_spot_add(view, unit_x(&p->plot, a, p->count), NAN, a);
    }
    free(colors);
    figure_widget_draw(&view->figure, view->app, p->plot, 0);
}

/* ---- axes and words ---- */

/* The names above, the ends above and below. */
static void draw_axis(const struct compare_view *view, const struct axis *axis, size_t index,
                      int x, int room, struct area area)
{
    char text[80];
    int left = x - room / 2;
    bool here = index == view->brush_axis;
    compare_label(view, axis->field, text, sizeof text);
    draw_field(area, left, 0, room, ALIGN_CENTER, here ? ROLE_ACCENT : ROLE_NORMAL, text);
    assay_parallel_end(&axis->scale, true, room, text);
    draw_field(area, left, 1, room, ALIGN_CENTER, ROLE_AXIS, text);
    assay_parallel_end(&axis->scale, false, room, text);
    draw_field(area, left, area.rect.height - 1, room, ALIGN_CENTER, ROLE_AXIS, text);
}

/* What the axis the cursor is on is about: its range, or the part of it that is brushed. */
static void say_axis(const struct compare_view *view, const struct axis *axis, int brush,
                     char *out, size_t capacity)
{
    char label[80], low[32], high[32], kinds[120] = "";
    compare_label(view, axis->field, label, sizeof label);
    for (size_t k = 0; brush && k < axis->scale.kind_count; k++) {
        double unit = assay_parallel_kind_unit(&axis->scale, k);
        size_t used = strlen(kinds);
        if (fifth_of(unit) == brush && used + 4 < sizeof kinds) {
            snprintf(kinds + used, sizeof kinds - used, "%s", used ? ", " : "");
            used = strlen(kinds);
            assay_text_clean_to(kinds + used, sizeof kinds - used, axis->scale.kinds[k]);
        }
    }
    if (axis->scale.kind_count) {
        snprintf(out, capacity, "%s: %s", label, brush ? kinds : "all");
        return;
    }
    double from = brush ? (double)(brush - 1) / FIFTHS : 0;
    double to = brush ? (double)brush / FIFTHS : 1;
    assay_number_short(low, assay_parallel_number(&axis->scale, from), 4);
    assay_number_short(high, assay_parallel_number(&axis->scale, to), 4);
    snprintf(out, capacity, "%s: %s to %s%s", label, low, high,
             axis->scale.log ? " (logarithmic)" : "");
}

static void draw_counts(const struct compare_view *view, const struct axis *axes, size_t count,
                        struct area line)
{
    size_t runs = assay_comparison_runs(view->comparison), kept = 0;
    double *values = assay_alloc_array(runs, sizeof *values);
    char mean[32], sd[32];
    for (size_t i = 0; i < runs; i++) {
        if (is_brushed(view, axes, count, i)) {
            values[kept++] = assay_comparison_cell(view->comparison, view->explained, i).number;
        }
    }
    struct assay_sample s = assay_sample_of(values, kept);
    static const char keys[] = "h l another axis, j k brush it";
    int x =
        1 + draw_format(line, 1, 0, ROLE_NORMAL, "%zu of %zu runs%s%s%s%s", kept, runs,
                        s.n ? ": mean " : "", s.n ? assay_number_short(mean, s.mean, 5) : "",
                        s.n > 1 ? line.canvas->ascii ? " +-" : " ±" : "",
                        s.n > 1 ? assay_number_short(sd, s.sd, 2) : "");
    int end = line.rect.width - 1 - assay_text_width(keys);
    if (end > x + 1) {
        draw_text(line, end, 0, ROLE_DIM, keys);
    }
    free(values);
}

void compare_parallel_draw(struct compare_view *view, struct area area)
{
    struct picture p = {.count = 0};
    p.count = make_axes(view, p.axes);
    bool words = area.rect.height >= WORDS_FROM; /* a line below for colours and the cursor */
    int width = area.rect.width - 2 * MARGIN, height = area.rect.height - 4 - words;
    if (width < 20 || height < 5 || p.count < 2) {
        draw_text(area, 1, 0, ROLE_DIM,
                  p.count < 2 ? "no param varies: there is nothing to draw"
                              : "more room, please");
        return;
    }
    p.plot = area_part(area, MARGIN - BESIDE, 3, width + 2 * BESIDE, height);
    p.rows = figure_widget_rows(view->app, p.plot);
    draw_picture(view, &p);
    struct area body = area_part(area, 0, 1, area.rect.width, height + 3);
    int room = width / (int)(p.count - 1) - 1;
    for (size_t a = 0; a < p.count; a++) {
        draw_axis(view, &p.axes[a], a, MARGIN - BESIDE + axis_cell(&p.plot, a, p.count), room,
                  body);
    }
    draw_counts(view, p.axes, p.count, area_row(area, 0));
    if (words) {
        struct area line = area_row(area, area.rect.height - 1);
        char text[300];
        say_axis(view, &p.axes[view->brush_axis], view->brushes[view->brush_axis], text,
                 sizeof text);
        int x = 1 + draw_text(line, 1, 0, ROLE_ACCENT, text) + 2;
        if (view->grouped) {
            compare_groups_draw(view, x, line);
        }
    }
}

/* Whether a run stands in the fifth BRUSH of AXIS: others are passed over. */
static bool has_run(const struct compare_view *view, const struct axis *axis, int brush)
{
    for (size_t run = 0; run < assay_comparison_runs(view->comparison); run++) {
        if (fifth_of(place(view, axis, run)) == brush) {
            return true;
        }
    }
    return false;
}

/* None, then the lowest fifth, up to the highest. */
static void turn_brush(struct compare_view *view, size_t count, int delta)
{
    struct axis axes[ASSAY_PARALLEL_AXES];
    int *brush = &view->brushes[view->brush_axis];
    if (make_axes(view, axes) != count) {
        return;
    }
    do {
        *brush = (*brush + FIFTHS + 1 + delta) % (FIFTHS + 1);
    } while (*brush && !has_run(view, &axes[view->brush_axis], *brush));
}

/* Axes by which the brushes are counted: the params shown, and the metric. */
static size_t count_axes(const struct compare_view *view)
{
    size_t count = view->explanation.count + 1;
    return count < ASSAY_PARALLEL_AXES ? count : ASSAY_PARALLEL_AXES;
}

void compare_parallel_click(struct compare_view *view, size_t axis, double y)
{
    struct axis axes[ASSAY_PARALLEL_AXES];
    if (axis != view->brush_axis) {
        view->brush_axis = axis < count_axes(view) ? axis : view->brush_axis;
        return;
    }
    double rows = view->spots.rows, value = (y * rows - 0.5) / (rows - 1);
    int brush = fifth_of(fmin(fmax(value, 0), 1)), *now = &view->brushes[axis];
    if (*now == brush) {
        *now = 0;
    } else if (make_axes(view, axes) > axis && has_run(view, &axes[axis], brush)) {
        *now = brush;
    }
}

bool compare_parallel_command(struct compare_view *view, enum command_id id)
{
    size_t count = count_axes(view);
    bool any = false;
    switch (id) {
    case CMD_LEFT:
        view->brush_axis -= view->brush_axis > 0;
        return true;
    case CMD_RIGHT:
        view->brush_axis += view->brush_axis + 1 < count;
        return true;
    case CMD_UP:
    case CMD_DOWN:
        turn_brush(view, count, id == CMD_UP ? 1 : -1);
        return true;
    case CMD_CANCEL:
        for (size_t a = 0; a < ASSAY_PARALLEL_AXES; a++) {
            any |= view->brushes[a] != 0;
            view->brushes[a] = 0;
        }
        return any;
    default:
        return false;
    }
}

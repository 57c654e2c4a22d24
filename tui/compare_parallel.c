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

#define FIFTHS 5
#define KINDS  40 /* different texts on one axis */
#define MARGIN 8  /* cells beside the outer axes */

struct axis {
    size_t field;
    double low, high;
    bool log;
    const char *kinds[KINDS]; /* of texts, in the order they come */
    size_t kind_count;        /* 0: numbers */
};

/* Where RUN stands on the axis, 0 at the bottom; NaN where it has no value. */
static double place(const struct compare_view *view, const struct axis *axis, size_t run)
{
    struct assay_compare_cell cell = assay_comparison_cell(view->comparison, axis->field, run);
    if (!cell.present) {
        return NAN;
    }
    for (size_t k = 0; k < axis->kind_count; k++) {
        if (axis->kinds[k] == cell.text) {
            return axis->kind_count > 1 ? (double)k / (double)(axis->kind_count - 1) : 0.5;
        }
    }
    if (axis->kind_count || !isfinite(cell.number)) {
        return NAN;
    }
    return axis->high > axis->low
               ? assay_scale_to_unit(cell.number, axis->low, axis->high, axis->log)
               : 0.5;
}

static struct axis make_axis(const struct compare_view *view, size_t field)
{
    struct axis axis = {.field = field, .low = INFINITY, .high = -INFINITY};
    bool numeric = assay_comparison_row(view->comparison, field)->numeric;
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, i);
        size_t k = 0;
        while (k < axis.kind_count && axis.kinds[k] != cell.text) {
            k++;
        }
        if (!numeric && cell.present && k == axis.kind_count && k < KINDS) {
            axis.kinds[axis.kind_count++] = cell.text;
        } else if (numeric && isfinite(cell.number)) {
            axis.low = fmin(axis.low, cell.number);
            axis.high = fmax(axis.high, cell.number);
        }
    }
    axis.log = numeric && axis.low > 0 && axis.high / axis.low > 50;
    return axis;
}

static size_t make_axes(const struct compare_view *view, struct axis *axes)
{
    size_t count = 0;
    for (size_t i = 0; i < view->explanation.count && count + 1 < COMPARE_AXES; i++) {
        axes[count++] = make_axis(view, view->explanation.factors[i].row);
    }
    axes[count++] = make_axis(view, view->explained);
    return count;
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

/* ---- dots: two across and four down in each cell ---- */

struct dots {
    int width, height; /* in dots */
    uint8_t *cells;    /* bits of braille by cell */
    bool *bright;      /* by cell */
};

static void put_dot(struct dots *dots, int x, int y, bool bright)
{
    static const uint8_t bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    if (x < 0 || y < 0 || x >= dots->width || y >= dots->height) {
        return;
    }
    int cell = y / 4 * (dots->width / 2) + x / 2;
    if (bright && !dots->bright[cell]) { /* what is bright is not mixed with what is not */
        dots->bright[cell] = true;
        dots->cells[cell] = 0;
    }
    if (bright == dots->bright[cell]) {
        dots->cells[cell] |= bits[y % 4][x % 2];
    }
}

static void put_line(struct dots *dots, int x0, double y0, int x1, double y1, bool bright)
{
    for (int x = x0; x <= x1; x++) {
        double share = x1 > x0 ? (double)(x - x0) / (x1 - x0) : 0;
        double y = y0 + (y1 - y0) * share, step = fabs(y1 - y0) / (x1 > x0 ? x1 - x0 : 1);
        for (double at = 0; at <= step; at += 1) { /* steep lines stay whole */
            put_dot(dots, x, (int)lround(y + (y1 > y0 ? at : -at)), bright);
        }
    }
}

static int axis_dot(const struct dots *dots, size_t axis, size_t count)
{
    return count > 1 ? (int)(axis * (size_t)(dots->width - 1) / (count - 1)) : 0;
}

static void put_runs(const struct compare_view *view, const struct axis *axes, size_t count,
                     struct dots *dots)
{
    double low = dots->height - 1;
    for (int bright = 0; bright <= 1; bright++) { /* bright ones last: on top */
        for (size_t run = 0; run < assay_comparison_runs(view->comparison); run++) {
            if (is_brushed(view, axes, count, run) != (bright == 1)) {
                continue;
            }
            for (size_t a = 0; a + 1 < count; a++) {
                double from = place(view, &axes[a], run), to = place(view, &axes[a + 1], run);
                if (!isnan(from) && !isnan(to)) {
                    put_line(dots, axis_dot(dots, a, count), (1 - from) * low,
                             axis_dot(dots, a + 1, count), (1 - to) * low, bright == 1);
                }
            }
        }
    }
}

static void draw_dots(const struct dots *dots, struct area area)
{
    int columns = dots->width / 2;
    for (int y = 0; y < dots->height / 4; y++) {
        for (int x = 0; x < columns; x++) {
            uint8_t bits = dots->cells[y * columns + x];
            enum role role = dots->bright[y * columns + x] ? chart_role(0) : ROLE_GRID;
            if (bits) {
                draw_char(area, x, y, role, area.canvas->ascii ? '*' : 0x2800u + bits);
            }
        }
    }
}

/* ---- axes and words ---- */

static void end_text(const struct axis *axis, bool high, char out[32])
{
    if (axis->kind_count) {
        assay_text_clean_to(out, 32, axis->kinds[high ? axis->kind_count - 1 : 0]);
    } else {
        assay_number_short(out, high ? axis->high : axis->low, 4);
    }
}

static void draw_axis(const struct compare_view *view, const struct axis *axis, size_t index,
                      int x, int room, struct area area)
{
    char text[80];
    int height = area.rect.height - 3, left = x - room / 2;
    bool here = index == view->brush_axis;
    compare_label(view, axis->field, text, sizeof text);
    draw_field(area, left, 0, room, ALIGN_CENTER, here ? ROLE_ACCENT : ROLE_NORMAL, text);
    end_text(axis, true, text);
    draw_field(area, left, 1, room, ALIGN_CENTER, ROLE_AXIS, text);
    end_text(axis, false, text);
    draw_field(area, left, height + 2, room, ALIGN_CENTER, ROLE_AXIS, text);
    for (int y = 0; y < height; y++) {
        int fifth = FIFTHS - 1 - y * FIFTHS / height;
        bool brushed = view->brushes[index] == fifth + 1;
        draw_char(area, x, 2 + y,
                  brushed ? ROLE_ACCENT
                  : here  ? ROLE_STRONG
                          : ROLE_AXIS,
                  area.canvas->ascii ? brushed ? '#' : '|'
                  : brushed          ? 0x2588
                                     : 0x2502);
    }
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
    struct axis axes[COMPARE_AXES];
    size_t count = make_axes(view, axes);
    int width = area.rect.width - 2 * MARGIN, height = area.rect.height - 4;
    if (width < 20 || height < 5 || count < 2) {
        draw_text(area, 1, 0, ROLE_DIM,
                  count < 2 ? "no param varies: there is nothing to draw"
                            : "more room, please");
        return;
    }
    struct dots dots = {width * 2, height * 4, NULL, NULL};
    dots.cells = assay_alloc_array((size_t)width, (size_t)height);
    dots.bright = assay_alloc_array((size_t)width, (size_t)height);
    put_runs(view, axes, count, &dots);
    draw_dots(&dots, area_part(area, MARGIN, 3, width, height));
    struct area body = area_part(area, 0, 1, area.rect.width, height + 3);
    int room = width / (int)(count - 1) - 1;
    for (size_t a = 0; a < count; a++) {
        draw_axis(view, &axes[a], a, MARGIN + axis_dot(&dots, a, count) / 2, room, body);
    }
    draw_counts(view, axes, count, area_row(area, 0));
    free(dots.cells);
    free(dots.bright);
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
    struct axis axes[COMPARE_AXES];
    int *brush = &view->brushes[view->brush_axis];
    if (make_axes(view, axes) != count) {
        return;
    }
    do {
        *brush = (*brush + FIFTHS + 1 + delta) % (FIFTHS + 1);
    } while (*brush && !has_run(view, &axes[view->brush_axis], *brush));
}

bool compare_parallel_command(struct compare_view *view, enum command_id id)
{
    size_t count = view->explanation.count + 1;
    count = count < COMPARE_AXES ? count : COMPARE_AXES;
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
        for (size_t a = 0; a < COMPARE_AXES; a++) {
            any |= view->brushes[a] != 0;
            view->brushes[a] = 0;
        }
        return any;
    default:
        return false;
    }
}

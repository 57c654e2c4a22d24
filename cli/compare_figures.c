/*
 * Figures of a comparison that is written as HTML: the front of --pareto, and the scatters of
 * --explain; parallel coordinates are compare_parallel.c's. Called by compare_html.c and
 * compare.c.
 */
#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/figure.h>
#include <assay/memory.h>
#include <assay/text.h>

#define SCATTERS    4  /* params that get one */
#define KINDS_NAMED 12 /* texts that have room under a scatter */
#define KINDS_WIDE  85 /* characters of all of them side by side */

struct plane {
    struct assay_plane_axis x, y;
    const struct assay_row *x_row, *y_row;
    struct assay_figure figure;
    struct point {
        double x, y;
        size_t column; /* of the run, or the group */
    } * points;
    size_t count;
    const char **texts; /* along x, interned: as many as x.kinds */
    bool groups;        /* points are groups, not runs */
};

static struct assay_plane_axis axis_of(const struct assay_row *row)
{
    struct assay_plane_axis axis = ASSAY_PLANE_AXIS;
    axis.duration = assay_row_is_duration(row);
    return axis;
}

static struct plane plane_new(struct compare_job *job, size_t x, size_t y)
{
    size_t runs = assay_comparison_runs(job->comparison);
    struct plane p = {.x_row = assay_comparison_row(job->comparison, x),
                      .y_row = assay_comparison_row(job->comparison, y),
                      .points = assay_alloc_array(runs + 1, sizeof *p.points),
                      .texts = assay_alloc_array(runs + 1, sizeof *p.texts)};
    p.x = axis_of(p.x_row);
    p.y = axis_of(p.y_row);
    return p;
}

static void plane_free(struct plane *p)
{
    assay_figure_free(&p->figure);
    free(p->points);
    free(p->texts);
}

static void take(struct plane *p, double x, double y, size_t column)
{
    p->points[p->count++] = (struct point){x, y, column};
    assay_plane_take(&p->x, x);
    assay_plane_take(&p->y, y);
}

int compare_run_color(const struct compare_job *job, size_t run)
{
    for (size_t g = 0; job->by_group && g < job->grouping.count; g++)
        for (size_t i = 0; i < job->grouping.groups[g].count; i++)
            if (job->grouping.groups[g].columns[i] == run)
                return (int)g;
    return 0;
}

/* Whose colour is which, for the figures below it; more groups than there are colours share
 * them. */
static void print_groups(struct compare_job *job)
{
    struct assay_buf *out = &job->cli->out;
    if (!job->by_group)
        return;
    assay_buf_text_add(out, "<p>");
    for (size_t g = 0; g < job->grouping.count; g++) {
        struct assay_rgb color = assay_palette_light.series[g % ASSAY_CHART_COLORS];
        assay_buf_format(out, "<span style=\"color:#%02x%02x%02x\">●</span> ", color.r, color.g,
                         color.b);
        compare_html_text(out, job->grouping.groups[g].title);
        assay_buf_text_add(out, g + 1 < job->grouping.count ? "&ensp; " : "</p>\n");
    }
}

static void put_point(const struct compare_job *job, struct plane *p, size_t at,
                      enum assay_dot_kind kind)
{
    const struct point *point = &p->points[at];
    int color = p->groups ? (int)point->column : compare_run_color(job, point->column);
    assay_figure_dot(&p->figure, (struct assay_dot){.x = assay_plane_unit(&p->x, point->x),
                                                    .y = assay_plane_unit(&p->y, point->y),
                                                    .color = color,
                                                    .kind = kind});
}

static void put_baseline(const struct compare_job *job, struct plane *p)
{
    size_t base = p->groups ? job->base_group : job->baseline;
    for (size_t i = 0; i < p->count; i++)
        if (p->points[i].column == base)
            put_point(job, p, i, ASSAY_DOT_DIAMOND);
}

static void axis_name(struct assay_buf *out, const struct assay_row *row,
                      const struct assay_plane_axis *axis, int direction)
{
    assay_text_clean(out, row->label, strlen(row->label));
    assay_buf_format(out, "%s%s",
                     direction > 0   ? ": greater is better"
                     : direction < 0 ? ": smaller is better"
                                     : "",
                     axis->log ? " (logarithmic)" : "");
}

/* The texts along x, where all of them have room beside each other. */
static bool have_room(const struct plane *p)
{
    size_t wide = 0;
    for (size_t i = 0; i < p->x.kinds; i++) {
        size_t width = (size_t)assay_text_width(p->texts[i]);
        wide = width > wide ? width : wide;
    }
    return p->x.kinds <= KINDS_NAMED && (wide + 1) * p->x.kinds <= KINDS_WIDE;
}

static void print_svg(struct compare_job *job, struct plane *p, const char *title, int x_better,
                      int y_better)
{
    struct assay_buf x = {0}, y = {0}, clean[KINDS_NAMED] = {{0}};
    const char *kinds[KINDS_NAMED];
    bool named = have_room(p);
    for (size_t i = 0; named && i < p->x.kinds; i++) {
        assay_text_clean(&clean[i], p->texts[i], strlen(p->texts[i]));
        kinds[i] = assay_buf_text(&clean[i]);
    }
    axis_name(&x, p->x_row, &p->x, x_better);
    axis_name(&y, p->y_row, &p->y, y_better);
    assay_figure_svg(&p->figure, &p->x, &p->y,
                     &(struct assay_figure_words){.title = title,
                                                  .x = assay_buf_text(&x),
                                                  .y = assay_buf_text(&y),
                                                  .kinds = named ? kinds : NULL},
                     &job->cli->out);
    for (size_t i = 0; i < KINDS_NAMED; i++)
        assay_buf_free(&clean[i]);
    assay_buf_free(&x);
    assay_buf_free(&y);
}

/* ---- the front ---- */

static int by_place(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->y != q->y ? (p->y < q->y ? -1 : 1)
                        : (p->column > q->column) - (p->column < q->column);
}

/* What is reached at each cost: level until the next point of the front, then up or down to it.
   A greater x is the better one where X_BETTER says so: then it is level on the other side. */
static void put_steps(struct plane *p, const struct assay_front *front, int x_better)
{
    double x0 = NAN, y0 = NAN;
    int color = p->groups ? ASSAY_FIGURE_PLAIN : 0;
    for (size_t i = 0; i < p->count; i++) {
        if (!front->on[p->points[i].column])
            continue;
        double x = assay_plane_unit(&p->x, p->points[i].x);
        double y = assay_plane_unit(&p->y, p->points[i].y);
        double corner_x = x_better < 0 ? x : x0, corner_y = x_better < 0 ? y0 : y;
        assay_figure_stroke(&p->figure,
                            (struct assay_stroke){x0, y0, corner_x, corner_y, color, false});
        assay_figure_stroke(&p->figure,
                            (struct assay_stroke){corner_x, corner_y, x, y, color, false});
        x0 = x;
        y0 = y;
    }
}

static void draw_front(struct compare_job *job, const struct assay_aim *x,
                       const struct assay_aim *y)
{
    const struct assay_aim aims[] = {*x, *y};
    struct assay_front front;
    struct plane p = plane_new(job, x->row, y->row);
    char title[120];
    p.groups = job->by_group;
    assay_comparison_front(job->comparison, compare_front_groups(job), aims, 2, &front);
    for (size_t i = 0; i < front.count; i++)
        if (front.whole[i])
            take(&p, front.values[2 * i], front.values[2 * i + 1], i);
    qsort(p.points, p.count, sizeof *p.points, by_place);
    if (assay_figure_plane(&p.figure, &p.x, &p.y)) {
        put_steps(&p, &front, x->direction);
        for (int on = 0; on <= 1; on++)
            for (size_t i = 0; i < p.count; i++)
                if (front.on[p.points[i].column] == (on == 1))
                    put_point(job, &p, i, on ? ASSAY_DOT_LARGE : ASSAY_DOT_HOLLOW);
        put_baseline(job, &p);
        snprintf(title, sizeof title,
                 "%zu of %zu %s on the front (filled); hollow: beaten; diamond: baseline",
                 front.found, front.count, p.groups ? "groups, by their means," : "runs");
        print_svg(job, &p, title, x->direction, y->direction);
    }
    plane_free(&p);
    assay_front_free(&front);
}

void compare_html_front(struct compare_job *job)
{
    struct assay_aim aims[COMPARE_AIMS];
    struct assay_error failed = {0}; /* said when the rows were made */
    size_t count = 0;
    const char *list = cli_value(job->cli, "pareto");
    if (!list || compare_aims(job, list, aims, &count, &failed) != ASSAY_OK)
        return;
    assay_buf_text_add(&job->cli->out, "<h2>Pareto front</h2>\n");
    print_groups(job);
    if (count != 2) {
        compare_parallel_front(job, aims, count);
        return;
    }
    bool cost_first = aims[0].cost && !aims[1].cost;
    draw_front(job, &aims[cost_first ? 0 : 1], &aims[cost_first ? 1 : 0]);
}

/* ---- what mattered ---- */

/* Texts stand along x by the order they come in. */
static double kind_of(struct plane *p, const char *text)
{
    size_t k = 0;
    while (k < p->x.kinds && p->texts[k] != text)
        k++;
    p->texts[k] = text;
    p->x.kinds += k == p->x.kinds;
    return (double)k;
}

static void draw_scatter(struct compare_job *job, size_t metric, const struct assay_factor *f)
{
    struct plane p = plane_new(job, f->row, metric);
    char title[100];
    size_t runs = assay_comparison_runs(job->comparison);
    for (size_t i = 0; i < runs; i++) {
        struct assay_compare_cell x = assay_comparison_cell(job->comparison, f->row, i);
        struct assay_compare_cell y = assay_comparison_cell(job->comparison, metric, i);
        if (!x.present || !isfinite(y.number) || (!f->categorical && !isfinite(x.number)))
            continue;
        take(&p, f->categorical ? kind_of(&p, x.text) : x.number, y.number, i);
    }
    if (assay_figure_plane(&p.figure, &p.x, &p.y)) {
        for (size_t i = 0; i < p.count; i++)
            put_point(job, &p, i, ASSAY_DOT_SMALL);
        put_baseline(job, &p);
        snprintf(title, sizeof title, "%zu of %zu runs have both; diamond: baseline", p.count,
                 runs);
        print_svg(job, &p, title, 0, p.y_row->direction);
    }
    plane_free(&p);
}

static void factor_row(struct compare_job *job, const struct assay_factor *f)
{
    struct assay_buf *out = &job->cli->out;
    const double numbers[] = {f->importance.mean, f->importance.spread, f->rank.value, f->p};
    char text[32];
    assay_buf_text_add(out, "<tr><th>");
    compare_html_text(out, assay_comparison_row(job->comparison, f->row)->label);
    assay_buf_text_add(out, "</th>");
    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++)
        assay_buf_format(out, "<td>%s</td>",
                         isnan(numbers[i]) ? "" : assay_number_short(text, numbers[i], 4));
    assay_buf_format(out, "<td>%zu</td></tr>\n", f->distinct);
}

void compare_html_explain(struct compare_job *job, size_t metric_row,
                          const struct assay_explanation *e)
{
    struct assay_buf *out = &job->cli->out, title = {0}, forest = {0};
    assay_buf_format(&title, "What goes with %s, over %zu runs",
                     assay_comparison_row(job->comparison, metric_row)->key,
                     assay_comparison_runs(job->comparison));
    compare_html_head(out, assay_buf_text(&title));
    compare_forest_text(e, &forest);
    assay_buf_text_add(out, "<p>");
    compare_html_text(out, assay_buf_text(&forest));
    assay_buf_format(out, "</p>\n<p class=\"s\">params that never vary: %zu; ", e->constant);
    compare_html_made(out);
    assay_buf_text_add(out, "<div class=\"wide\"><table><thead><tr><th>param</th>"
                            "<th>importance</th><th>spread</th><th>rank correlation</th>"
                            "<th>p, corrected</th><th>values</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < e->count; i++)
        factor_row(job, &e->factors[i]);
    assay_buf_text_add(out, "</tbody></table></div>\n");
    print_groups(job);
    compare_parallel_explain(job, metric_row, e);
    for (size_t i = 0; i < e->count && i < SCATTERS; i++)
        draw_scatter(job, metric_row, &e->factors[i]);
    assay_buf_text_add(out, "</body></html>\n");
    assay_buf_free(&title);
    assay_buf_free(&forest);
}

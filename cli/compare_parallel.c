/*
 * Parallel coordinates of a comparison that is written as HTML. A page has no brush: what it
 * would be set to first is drawn strongly, the runs on the front, or the best fifth by the
 * metric. Called by compare_figures.c.
 */
#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/figure.h>
#include <assay/memory.h>
#include <assay/text.h>

#define FIFTH 5

struct parallel {
    struct assay_parallel_axis axes[ASSAY_PARALLEL_AXES];
    size_t rows[ASSAY_PARALLEL_AXES];
    struct assay_buf names[ASSAY_PARALLEL_AXES];
    size_t count;
    struct assay_figure figure;
    const struct assay_front *front; /* whose values the lines are of; NULL: the runs' own */
    bool groups;                     /* it is one of groups */
};

static size_t count_lines(const struct compare_job *job, const struct parallel *p)
{
    return p->front ? p->front->count : assay_comparison_runs(job->comparison);
}

/* What the run or the group COLUMN has on AXIS. */
static struct assay_compare_cell value_of(const struct compare_job *job,
                                          const struct parallel *p, size_t axis, size_t column)
{
    if (p->front)
        return (struct assay_compare_cell){
            .present = true, .number = p->front->values[column * p->front->aims + axis]};
    return assay_comparison_cell(job->comparison, p->rows[axis], column);
}

static void add_axis(const struct compare_job *job, struct parallel *p, size_t row,
                     int direction)
{
    const struct assay_row *shown = assay_comparison_row(job->comparison, row);
    struct assay_parallel_axis *axis = &p->axes[p->count];
    struct assay_buf *name = &p->names[p->count];
    *axis = (struct assay_parallel_axis)ASSAY_PARALLEL_AXIS(!shown->numeric);
    axis->duration = assay_row_is_duration(shown);
    p->rows[p->count] = row;
    for (size_t i = 0; i < count_lines(job, p); i++) {
        struct assay_compare_cell cell = value_of(job, p, p->count, i);
        if (cell.present)
            assay_parallel_take(axis, cell.number, cell.text);
    }
    assay_parallel_settle(axis);
    assay_text_clean(name, shown->label, strlen(shown->label));
    assay_buf_format(name, "%s%s",
                     direction > 0   ? " ↑"
                     : direction < 0 ? " ↓"
                                     : "",
                     axis->log ? " (log)" : "");
    p->count++;
}

/* Where the run or the group COLUMN is on each axis. */
static void units_of(const struct compare_job *job, const struct parallel *p, size_t column,
                     double *units)
{
    for (size_t a = 0; a < p->count; a++) {
        struct assay_compare_cell cell = value_of(job, p, a, column);
        units[a] =
            cell.present ? assay_parallel_unit(&p->axes[a], cell.number, cell.text) : NAN;
    }
}

/* A line for each run or group, STRONG ones above the others, the baseline's with diamonds on
 * it. */
static void draw(struct compare_job *job, struct parallel *p, const bool *strong,
                 const char *title)
{
    double across[ASSAY_PARALLEL_AXES], units[ASSAY_PARALLEL_AXES];
    const char *names[ASSAY_PARALLEL_AXES];
    for (size_t a = 0; a < p->count; a++) {
        across[a] = assay_parallel_across(a, p->count);
        names[a] = assay_buf_text(&p->names[a]);
    }
    size_t base = p->groups ? job->base_group : job->baseline;
    for (size_t i = 0; i < count_lines(job, p); i++) {
        int color = p->groups ? (int)i : compare_run_color(job, i);
        units_of(job, p, i, units);
        assay_parallel_line(&p->figure, across, units, p->count, color, !strong[i]);
        for (size_t a = 0; i == base && a < p->count; a++)
            assay_figure_dot(&p->figure,
                             (struct assay_dot){across[a], units[a], color, ASSAY_DOT_DIAMOND});
    }
    assay_parallel_svg(&p->figure, p->axes, names, p->count, title, &job->cli->out);
}

static void parallel_free(struct parallel *p)
{
    assay_figure_free(&p->figure);
    for (size_t a = 0; a < p->count; a++)
        assay_buf_free(&p->names[a]);
}

void compare_parallel_front(struct compare_job *job, const struct assay_aim *aims, size_t count)
{
    struct assay_front front;
    struct parallel p = {.front = &front, .groups = job->by_group};
    const char *what = p.groups ? "groups, by their means," : "runs";
    char title[160];
    assay_comparison_front(job->comparison, compare_front_groups(job), aims, count, &front);
    for (size_t a = 0; a < count && a < ASSAY_PARALLEL_AXES; a++)
        add_axis(job, &p, aims[a].row, aims[a].direction);
    snprintf(title, sizeof title,
             "%zu of %zu %s on the front (strong lines); faint: beaten%s; diamonds: baseline",
             front.found, front.count, what, front.lacking ? " or without a value" : "");
    if (count > 1)
        draw(job, &p, front.on, title);
    else
        assay_buf_format(&job->cli->out,
                         "<p>%zu of %zu %s on the front. Of one aim there is no figure.</p>\n",
                         front.found, front.count, what);
    parallel_free(&p);
    assay_front_free(&front);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Marks the best fifth by the metric in ROW, ties with the last of them too. Returns how many;
   all of them where nothing says which way is better, or there are too few. */
static size_t best_fifth(const struct compare_job *job, size_t row, bool *best)
{
    size_t runs = assay_comparison_runs(job->comparison), count = 0, found = 0;
    int direction = assay_comparison_row(job->comparison, row)->direction;
    double *values = assay_alloc_array(runs + 1, sizeof *values);
    for (size_t i = 0; i < runs; i++) {
        double value = assay_comparison_cell(job->comparison, row, i).number;
        if (isfinite(value))
            values[count++] = -direction * value;
    }
    qsort(values, count, sizeof *values, ascending);
    bool all = !direction || count < FIFTH;
    double last = all ? 0 : values[count / FIFTH - 1];
    for (size_t i = 0; i < runs; i++) {
        double value = assay_comparison_cell(job->comparison, row, i).number;
        best[i] = all || (isfinite(value) && -direction * value <= last);
        found += best[i];
    }
    free(values);
    return found;
}

void compare_parallel_explain(struct compare_job *job, size_t metric_row,
                              const struct assay_explanation *e)
{
    size_t runs = assay_comparison_runs(job->comparison), params = 0;
    bool *best = assay_alloc_array(runs + 1, sizeof *best);
    int direction = assay_comparison_row(job->comparison, metric_row)->direction;
    struct assay_buf title = {0};
    struct parallel p = {.count = 0};
    while (params < e->count && params + 1 < ASSAY_PARALLEL_AXES)
        add_axis(job, &p, e->factors[params++].row, 0);
    add_axis(job, &p, metric_row, direction);
    size_t found = best_fifth(job, metric_row, best);
    assay_buf_format(&title, "a line for each of %zu runs", runs);
    if (params < e->count)
        assay_buf_format(&title, ", through %zu of %zu params", params, e->count);
    if (found < runs)
        assay_buf_format(&title, "; strong: the best fifth, %zu", found);
    assay_buf_text_add(&title, "; diamonds: baseline");
    if (params > 0)
        draw(job, &p, best, assay_buf_text(&title));
    assay_buf_free(&title);
    parallel_free(&p);
    free(best);
}

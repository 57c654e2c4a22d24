/*
 * What mattered (compare_view.h): which params go with a metric, and of the one highlighted a
 * scatter of the runs, with a cursor that reads them off, and the means by its values.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "compare_plane.h"

#define SCATTER_FROM 90 /* columns from which on there is room for it beside the list */
#define KINDS_NAMED  16 /* texts under a scatter */
#define SCATTER_ROWS 6  /* ... and rows that it has at least below the list */
#define FACTORS_WIDE 66
#define MEANS_MAX    12 /* different numbers */
#define MEANS_SHOWN  64 /* different values */

/* ---- the list ---- */

static size_t metric_in_mind(const struct compare_view *view)
{
    size_t field = compare_field(view);
    if (field != SIZE_MAX &&
        assay_comparison_row(view->comparison, field)->kind == ASSAY_ROW_METRIC) {
        return field;
    }
    return view->metric_count ? view->metrics[view->metric_at] : SIZE_MAX;
}

void compare_factors_list(struct compare_view *view)
{
    char text[400];
    view->explained = metric_in_mind(view);
    assay_explanation_free(&view->explanation);
    if (view->explained == SIZE_MAX) {
        compare_add_line(view, ROLE_DIM, "there is no metric to explain");
        return;
    }
    struct assay_explanation *e = &view->explanation;
    assay_comparison_explain(view->comparison, view->explained, ASSAY_SEED, e);
    if (e->forest.why) {
        snprintf(text, sizeof text, "no importance: %s (%zu here)", e->forest.why, e->forest.n);
    } else {
        snprintf(text, sizeof text,
                 "the forest explains %.0f %% of what it had not seen, of %zu runs%s",
                 100 * fmax(e->forest.r2, 0), e->forest.n,
                 e->forest.r2 < 0.1 ? ": too little to trust the importances" : "");
    }
    compare_add_line(view, ROLE_DIM, text);
    compare_add_line(view, ROLE_DIM, "")->heads = true;
    for (size_t i = 0; i < e->count; i++) {
        compare_add_line(view, ROLE_NORMAL, "")->factor = i;
    }
    view->page_list.cursor = e->count ? 2 : 0;
}

enum { IMPORTANCE, SPREAD, RANK, P, VALUES, FACTOR_COLUMNS };

/* What is said of a param in one column; NULL: the column's name. */
static const char *factor_text(const struct assay_factor *f, int column, char out[32])
{
    static const char *const names[] = {"importance", "spread", "rank", "p", "values"};
    if (!f) {
        return names[column];
    }
    bool known = !isnan(f->importance.mean), ranked = !isnan(f->rank.value);
    out[0] = '\0';
    if (column == IMPORTANCE && known) {
        assay_number_short(out, f->importance.mean, 3);
    } else if (column == SPREAD && known) {
        assay_number_short(out, f->importance.spread, 2);
    } else if (column == RANK && ranked) {
        assay_number_short(out, f->rank.value, 3);
    } else if (column == P && ranked) {
        assay_number_short(out, f->p, 2);
    } else if (column == VALUES) {
        snprintf(out, 32, "%zu", f->distinct);
    }
    return out;
}

/* A param's line, or the heads of the columns: where there is little room the name goes before
   the spread and the number of values. */
void compare_factor_draw(const struct compare_view *view, const struct assay_factor *f,
                         enum role role, struct area row)
{
    static const int widths[] = {10, 8, 8, 8, 7};
    bool wide = row.rect.width >= FACTORS_WIDE;
    int x = row.rect.width - 2;
    char text[32], label[200] = "param";
    for (int i = FACTOR_COLUMNS; i-- > 0;) {
        if (wide || (i != SPREAD && i != VALUES)) {
            x -= widths[i] + 1;
            draw_field(row, x + 1, 0, widths[i], ALIGN_RIGHT, role, factor_text(f, i, text));
        }
    }
    if (f) {
        compare_label(view, f->row, label, sizeof label);
    }
    draw_field(row, 1, 0, x - 1, ALIGN_LEFT, role, label);
}

/* ---- a scatter of the metric against one param ---- */

struct scatter {
    struct plane plane;
    struct scatter_point {
        double x, y;
        size_t run;
    } * points; /* from the left, from the bottom */
    size_t count;
    const char *kinds[KINDS_NAMED]; /* the first of the texts along x */
};

static int by_place(const void *a, const void *b)
{
    const struct scatter_point *p = a, *q = b;
    if (p->x != q->x) {
        return p->x < q->x ? -1 : 1;
    }
    return p->y != q->y ? (p->y < q->y ? -1 : 1) : (p->run > q->run) - (p->run < q->run);
}

/* Texts stand along x by the order they come in. */
static double kind_of(struct scatter *s, const char **texts, const char *text)
{
    size_t k = 0, known = s->plane.x.kinds;
    while (k < known && texts[k] != text) {
        k++;
    }
    texts[k] = text;
    if (k == known && k < KINDS_NAMED) {
        s->kinds[k] = text;
    }
    s->plane.x.kinds += k == known;
    return (double)k;
}

static void take_points(const struct compare_view *view, const struct assay_factor *f,
                        struct scatter *s)
{
    size_t runs = assay_comparison_runs(view->comparison);
    const char **texts = assay_alloc_array(runs, sizeof *texts);
    *s = (struct scatter){
        .points = assay_alloc_array(runs, sizeof *s->points),
        .plane = plane_of(assay_comparison_row(view->comparison, f->row),
                          assay_comparison_row(view->comparison, view->explained))};
    for (size_t i = 0; i < runs; i++) {
        struct assay_compare_cell x = assay_comparison_cell(view->comparison, f->row, i);
        struct assay_compare_cell y =
            assay_comparison_cell(view->comparison, view->explained, i);
        double value = x.number;
        if (f->categorical && x.present) {
            value = kind_of(s, texts, x.text);
        }
        if (!x.present || !isfinite(value) || !isfinite(y.number)) {
            continue;
        }
        s->points[s->count++] = (struct scatter_point){value, y.number, i};
        assay_plane_take(&s->plane.x, value);
        assay_plane_take(&s->plane.y, y.number);
    }
    qsort(s->points, s->count, sizeof *s->points, by_place);
    free(texts);
}

/* The texts of a categorical axis, each under its column, where all have room. */
static void name_kinds(const struct scatter *s, struct area line)
{
    int count = (int)s->plane.x.kinds, width = line.rect.width;
    int room = count > 0 ? width / count - 1 : 0;
    char text[60];
    for (int i = 0; i < count && count <= KINDS_NAMED && room >= 4 && s->kinds[i]; i++) {
        int at = (int)lround(assay_plane_unit(&s->plane.x, i) * width - 0.5);
        assay_text_clean_to(text, sizeof text, s->kinds[i]);
        int wide = assay_text_width(text);
        wide = wide < room ? wide : room;
        at -= wide / 2;
        at = at < 0 ? 0 : at + wide > width ? width - wide : at;
        draw_field(line, at, 0, wide, ALIGN_LEFT, ROLE_AXIS, text);
    }
}

/* The runs, in the colours of their groups; the baseline is seen among them, and the run under
   the scatter's cursor, which is returned. */
static const struct scatter_point *put_points(struct compare_view *view,
                                              const struct scatter *s)
{
    int *colors = compare_run_colors(view);
    const struct scatter_point *here = NULL, *base = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct scatter_point *p = &s->points[i];
        here = p->run == view->scatter_run ? p : here;
        base = p->run == view->base ? p : base;
        plane_dot(&s->plane, &view->figure, p->x, p->y, colors[p->run], ASSAY_DOT_SMALL);
    }
    if (base) {
        plane_dot(&s->plane, &view->figure, base->x, base->y, colors[base->run],
                  ASSAY_DOT_DIAMOND);
    }
    if (here) {
        plane_dot(&s->plane, &view->figure, here->x, here->y, colors[here->run],
                  ASSAY_DOT_HERE);
    }
    free(colors);
    return here;
}

/* What the run under the cursor is called, or how one gets there; and whose colour is whose. */
static void draw_scatter_words(const struct compare_view *view, const struct scatter *s,
                               const struct scatter_point *here, struct area area)
{
    char label[100], text[300];
    struct area top = area_row(area, 0), bottom = area_row(area, area.rect.height - 1);
    int left = s->plane.plot.rect.x - area.rect.x, width = s->plane.plot.rect.width;
    if (here) {
        compare_run_name(view, here->run, label, sizeof label);
        draw_field(top, left, 0, width, ALIGN_LEFT, ROLE_STRONG, label);
    } else {
        draw_field(top, left, 0, width, ALIGN_LEFT, ROLE_DIM, "h l reads runs off");
    }
    assay_text_clean_to(label, sizeof label, s->plane.x_row->label);
    snprintf(text, sizeof text, "%s%s", label, s->plane.x.log ? " (logarithmic)" : "");
    if (view->grouped) {
        int wide = assay_text_width(text);
        draw_field(bottom, left, 0, wide < width ? wide : width, ALIGN_LEFT, ROLE_DIM, text);
        compare_groups_draw(view, left + wide + 2, area_part(bottom, 0, 0, left + width, 1));
    } else {
        draw_field(bottom, left, 0, width, ALIGN_CENTER, ROLE_DIM, text);
    }
}

static void draw_scatter(struct compare_view *view, const struct assay_factor *f,
                         struct area area)
{
    struct scatter s;
    char x[80] = "", y[32] = "";
    take_points(view, f, &s);
    if (plane_lay_out(&s.plane, view->app,
                      area_part(area, 0, 1, area.rect.width, area.rect.height - 2),
                      &view->figure)) {
        const struct scatter_point *here = put_points(view, &s);
        compare_spots_figure(view, s.plane.plot.rect, s.plane.rows);
        for (size_t i = 0; i < s.count; i++) {
            compare_spot_add(view, assay_plane_unit(&s.plane.x, s.points[i].x),
                             assay_plane_unit(&s.plane.y, s.points[i].y), s.points[i].run);
        }
        if (here) {
            struct assay_compare_cell cell =
                assay_comparison_cell(view->comparison, f->row, here->run);
            assay_text_clean_to(x, sizeof x, cell.text);
            assay_row_value_text(y, s.plane.y_row, here->y, 6);
        }
        figure_widget_draw(&view->figure, view->app, s.plane.plot, 0);
        plane_draw_axes(&s.plane, here ? here->x : NAN, here && !f->categorical ? x : NULL,
                        here ? here->y : NAN, here ? y : NULL);
        if (f->categorical) {
            name_kinds(&s, area_part(s.plane.area, s.plane.plot.rect.x - area.rect.x,
                                     s.plane.plot.rect.height, s.plane.plot.rect.width, 1));
        }
        draw_scatter_words(view, &s, here, area);
    }
    free(s.points);
}

/* The param under the cursor of the list; NULL where that is on none. */
static const struct assay_factor *factor_here(const struct compare_view *view)
{
    size_t at = view->page_list.cursor;
    size_t factor = at < view->line_count ? view->lines[at].factor : SIZE_MAX;
    return factor == SIZE_MAX ? NULL : &view->explanation.factors[factor];
}

/* To the next run from the left, or back; from none to the first, or the last. */
static void move_along(struct compare_view *view, const struct assay_factor *f, int delta)
{
    struct scatter s;
    take_points(view, f, &s);
    size_t at = 0;
    while (at < s.count && s.points[at].run != view->scatter_run) {
        at++;
    }
    if (at == s.count) {
        at = delta > 0 ? 0 : s.count - 1;
    } else if (delta > 0 ? at + 1 < s.count : at > 0) {
        at += (size_t)(long)delta;
    }
    view->scatter_run = s.count ? s.points[at].run : SIZE_MAX;
    free(s.points);
}

void compare_factors_click(struct compare_view *view, size_t run)
{
    view->scatter_run = run;
}

bool compare_factors_command(struct compare_view *view, enum command_id id)
{
    const struct assay_factor *f = factor_here(view);
    if (id == CMD_LEFT || id == CMD_RIGHT) {
        if (f) {
            move_along(view, f, id == CMD_LEFT ? -1 : 1);
        }
        return true;
    }
    if (id == CMD_OPEN && view->scatter_run != SIZE_MAX) {
        compare_open_run(view, view->scatter_run);
        return true;
    }
    return false;
}

/* ---- means by the values of a param ---- */

struct mean_of_value {
    const char *text;
    double number;
    struct assay_sample sample;
};

static int by_text(const void *a, const void *b)
{
    const struct mean_of_value *x = a, *y = b;
    if (!isnan(x->number) && !isnan(y->number) && x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    return assay_text_natural(x->text, y->text);
}

/* The metric by each value of a param, in their order; at most CAPACITY. */
static size_t means_of(const struct compare_view *view, const struct assay_factor *f,
                       struct mean_of_value *means, size_t capacity)
{
    size_t runs = assay_comparison_runs(view->comparison), found = 0;
    double *values = assay_alloc_array(runs, sizeof *values);
    bool *done = assay_alloc_array(runs, sizeof *done);
    for (size_t i = 0; i < runs && found < capacity; i++) {
        struct assay_compare_cell cell = assay_comparison_cell(view->comparison, f->row, i);
        size_t count = 0;
        if (done[i] || !cell.present) {
            continue;
        }
        for (size_t k = i; k < runs; k++) {
            if (assay_comparison_cell(view->comparison, f->row, k).text == cell.text) {
                done[k] = true;
                values[count++] =
                    assay_comparison_cell(view->comparison, view->explained, k).number;
            }
        }
        means[found++] =
            (struct mean_of_value){cell.text, cell.number, assay_sample_of(values, count)};
    }
    if (found > 1) {
        qsort(means, found, sizeof *means, by_text);
    }
    free(values);
    free(done);
    return found;
}

/* The mean with as many digits as it takes beside the nearest of the others. */
static const char *mean_text(const struct compare_view *view, const struct mean_of_value *means,
                             size_t count, size_t at, char out[32])
{
    double mine = means[at].sample.mean, nearest = NAN;
    for (size_t i = 0; i < count; i++) {
        double other = means[i].sample.mean;
        if (means[i].sample.n && other != mine &&
            (isnan(nearest) || fabs(other - mine) < fabs(nearest - mine))) {
            nearest = other;
        }
    }
    return means[at].sample.n
               ? assay_row_value_beside(out,
                                        assay_comparison_row(view->comparison, view->explained),
                                        mine, nearest, 4)
               : "";
}

/* n, mean and standard deviation of the metric by each value of a param. */
static void draw_means(const struct compare_view *view, const struct assay_factor *f,
                       struct area area)
{
    struct mean_of_value means[MEANS_SHOWN];
    size_t count = means_of(view, f, means, MEANS_SHOWN);
    int room = area.rect.height - 1, width = area.rect.width;
    int name = width > 42 ? 16 : width - 26;
    char text[120], clean[40], mean[32], sd[32];
    draw_text(area, 1, 0, ROLE_TITLE, "means by value");
    for (size_t i = 0; i < count && (int)i < room; i++) {
        const struct assay_sample *s = &means[i].sample;
        struct area row = area_row(area, 1 + (int)i);
        if ((int)i + 1 == room && i + 1 < count) {
            draw_format(row, 1, 0, ROLE_DIM, "and %zu more: i lists them", count - i);
            break;
        }
        assay_text_clean_to(clean, sizeof clean, means[i].text);
        draw_field(row, 1, 0, name, ALIGN_LEFT, ROLE_NORMAL, clean);
        snprintf(text, sizeof text, "%9s %s%-6s n=%zu", mean_text(view, means, count, i, mean),
                 s->n < 2             ? " " /* one value has no spread */
                 : area.canvas->ascii ? "+-"
                                      : "±",
                 s->n > 1 ? assay_number_short(sd, s->sd, 2) : "", s->n);
        draw_field(row, name + 2, 0, width - name - 3, ALIGN_LEFT, ROLE_NORMAL, text);
    }
}

/* ---- the page ---- */

/* The list with the scatter of the param under the cursor, and the means by its values: beside
   it where the screen is wide, else below. */
void compare_factors_draw(struct compare_view *view, struct area area)
{
    int width = area.rect.width, height = area.rect.height;
    bool side = width >= SCATTER_FROM;
    int rows = (int)view->line_count, below = height - rows;
    below = below < SCATTER_ROWS ? SCATTER_ROWS : below;
    below = height < 2 * SCATTER_ROWS - 1 || side ? 0 : below;
    int list = side ? width - width * 2 / 5 : width;
    compare_lines_draw(view, area_part(area, 0, 0, list, height - below));
    const struct assay_factor *f = factor_here(view);
    if (!f || (!side && below == 0)) {
        return;
    }
    bool means = f->categorical || f->distinct <= MEANS_MAX; /* else each stands alone */
    struct area plot = side ? area_part(area, list, 0, width - list, height)
                            : area_part(area, 0, height - below, width, below);
    if (!means) {
        draw_scatter(view, f, plot);
    } else if (side) {
        int tall = height * 3 / 5;
        draw_scatter(view, f, area_part(plot, 0, 0, width - list, tall));
        draw_means(view, f, area_part(plot, 0, tall, width - list, height - tall));
    } else {
        draw_scatter(view, f, area_part(plot, 0, 0, width / 2 - 2, below));
        draw_means(view, f, area_part(plot, width / 2 - 2, 0, width - width / 2 + 2, below));
    }
}

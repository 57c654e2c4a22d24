/*
 * Pages over the comparison's table (compare_view.h): every value of one field with the runs
 * that have it, the verdicts on all metrics, which params go with a metric, with a scatter of
 * the one highlighted, and how a file differs.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"

#define VALUES_MAX     2000
#define DIFF_LINES_MAX 20000
#define NAMES_MAX      12 /* runs named beside a value */
#define SCATTER_FROM   90 /* columns from which on there is room for it beside the list */
#define KINDS_NAMED    16 /* texts under a scatter */
#define SCATTER_ROWS   6  /* ... and rows that it has at least below the list */
#define FACTORS_WIDE   66
#define AXIS_WIDTH     9
#define WRAP_ROWS      3
#define MEANS_MAX      12 /* different numbers */
#define MEANS_SHOWN    64 /* different values */

static struct compare_line *add_line(struct compare_view *view, enum role role,
                                     const char *text)
{
    ASSAY_GROW(view->lines, view->line_capacity, view->line_count + 1);
    struct compare_line *line = &view->lines[view->line_count++];
    *line = (struct compare_line){.role = role, .factor = SIZE_MAX};
    assay_text_clean_to(line->text, sizeof line->text, text);
    return line;
}

/* ---- every value of one field ---- */

struct value_of_run {
    const char *text;
    double number;
    bool present;
    size_t run, count; /* count: how many share it */
};

static int by_value(const void *a, const void *b)
{
    const struct value_of_run *x = a, *y = b;
    if (x->present != y->present) {
        return x->present ? -1 : 1;
    }
    if (!isnan(x->number) && !isnan(y->number) && x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    int order = assay_text_natural(x->text, y->text);
    return order ? order : (x->run > y->run) - (x->run < y->run);
}

static void add_names(const struct compare_view *view, const struct value_of_run *values,
                      size_t count, struct assay_buf *out)
{
    for (size_t i = 0; i < count && i < NAMES_MAX; i++) {
        assay_buf_text_add(out, i ? ", " : "");
        assay_comparison_title(view->comparison, values[i].run, out);
    }
    if (count > NAMES_MAX) {
        assay_buf_format(out, " and %zu more", count - NAMES_MAX);
    }
}

static void list_values(struct compare_view *view, size_t field)
{
    size_t runs = assay_comparison_runs(view->comparison);
    struct value_of_run *values = assay_alloc_array(runs, sizeof *values);
    for (size_t i = 0; i < runs; i++) {
        struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, i);
        values[i] = (struct value_of_run){cell.text, cell.number, cell.present, i, 1};
    }
    qsort(values, runs, sizeof *values, by_value);
    for (size_t i = 0; i < runs && view->line_count < VALUES_MAX;) {
        size_t end = i + 1;
        char number[32], head[160];
        struct assay_buf text = {0};
        while (end < runs && values[end].present == values[i].present &&
               values[end].text == values[i].text &&
               (values[end].number == values[i].number ||
                (isnan(values[end].number) && isnan(values[i].number)))) {
            end++;
        }
        const struct assay_row *row = assay_comparison_row(view->comparison, field);
        bool measured =
            row->kind == ASSAY_ROW_METRIC || (row->kind == ASSAY_ROW_ATTRIBUTE && row->numeric);
        assay_text_clean_to(head, sizeof head,
                            !values[i].present ? "(none)"
                            : measured ? assay_row_value_text(number, row, values[i].number, 7)
                                       : values[i].text);
        assay_buf_format(&text, "%5zu x  %-24s  ", end - i, head);
        add_names(view, values + i, end - i, &text);
        add_line(view, ROLE_NORMAL, assay_buf_text(&text));
        assay_buf_free(&text);
        i = end;
    }
    free(values);
}

/* ---- verdicts ---- */

static void list_verdicts(struct compare_view *view)
{
    struct assay_judgement *verdicts = NULL;
    size_t *groups = NULL, count = 0, capacity = 0, group_capacity = 0;
    for (size_t i = 0; i < assay_comparison_rows(view->comparison); i++) {
        const struct assay_row *row = assay_comparison_row(view->comparison, i);
        if (row->kind != ASSAY_ROW_METRIC || !row->differs || row->direction == 0) {
            continue;
        }
        for (size_t g = 0; g < view->grouping.count; g++) {
            if (g != view->base_group) {
                ASSAY_GROW(verdicts, capacity, count + 1);
                ASSAY_GROW(groups, group_capacity, count + 1);
                groups[count] = g;
                verdicts[count++] = assay_comparison_verdict(
                    view->comparison, i, &view->grouping, g, view->base_group, ASSAY_SEED);
            }
        }
    }
    assay_verdicts_correct(verdicts, count);
    for (size_t i = 0; i < count; i++) {
        struct assay_buf text = {0};
        const struct assay_judgement *v = &verdicts[i];
        if (view->grouping.count > 2) /* else both stand above */
            assay_buf_format(&text, "%s, %s: ", v->metric,
                             view->grouping.groups[groups[i]].title);
        else
            assay_buf_format(&text, "%s: ", v->metric);
        assay_verdict_sentence(v, term_ascii(view->app->term), &text);
        add_line(view,
                 v->answer == ASSAY_ANSWER_BETTER  ? ROLE_BETTER
                 : v->answer == ASSAY_ANSWER_WORSE ? ROLE_WORSE
                                                   : ROLE_NORMAL,
                 assay_buf_text(&text));
        assay_buf_free(&text);
    }
    if (count == 0) {
        add_line(view, ROLE_DIM,
                 "no metric whose direction is known differs: = says which way");
    }
    free(verdicts);
    free(groups);
}

static void list_notices(struct compare_view *view)
{
    const char *const *notices;
    size_t count = assay_comparison_notices(view->comparison, &notices);
    for (size_t i = 0; i < count; i++) {
        add_line(view, ROLE_WARNING, notices[i]);
    }
}

/* ---- what mattered ---- */

static size_t metric_in_mind(const struct compare_view *view)
{
    size_t field = compare_field(view);
    if (field != SIZE_MAX &&
        assay_comparison_row(view->comparison, field)->kind == ASSAY_ROW_METRIC) {
        return field;
    }
    return view->metric_count ? view->metrics[view->metric_at] : SIZE_MAX;
}

static void list_factors(struct compare_view *view)
{
    char text[400];
    view->explained = metric_in_mind(view);
    assay_explanation_free(&view->explanation);
    if (view->explained == SIZE_MAX) {
        add_line(view, ROLE_DIM, "there is no metric to explain");
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
    add_line(view, ROLE_DIM, text);
    add_line(view, ROLE_DIM, "")->heads = true;
    for (size_t i = 0; i < e->count; i++) {
        add_line(view, ROLE_NORMAL, "")->factor = i;
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
static void draw_factor(const struct compare_view *view, const struct assay_factor *f,
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
    double *x, *y;
    size_t count;
    double x_low, x_high, y_low, y_high;
    bool log_x, categorical;
    const char *kinds[KINDS_NAMED]; /* the first of the texts along x */
};

static bool take_points(const struct compare_view *view, const struct assay_factor *f,
                        struct scatter *s)
{
    size_t runs = assay_comparison_runs(view->comparison);
    const char **texts = assay_alloc_array(runs, sizeof *texts);
    size_t known = 0;
    *s = (struct scatter){.x = assay_alloc_array(runs, sizeof *s->x),
                          .y = assay_alloc_array(runs, sizeof *s->y),
                          .x_low = INFINITY,
                          .x_high = -INFINITY,
                          .y_low = INFINITY,
                          .y_high = -INFINITY,
                          .categorical = f->categorical};
    for (size_t i = 0; i < runs; i++) {
        struct assay_compare_cell x = assay_comparison_cell(view->comparison, f->row, i);
        struct assay_compare_cell y =
            assay_comparison_cell(view->comparison, view->explained, i);
        double value = x.number;
        if (f->categorical && x.present) { /* by the order they come in */
            size_t k = 0;
            while (k < known && texts[k] != x.text) {
                k++;
            }
            texts[known] = x.text;
            if (k == known && known < KINDS_NAMED) {
                s->kinds[known] = x.text;
            }
            known += k == known;
            value = (double)k;
        }
        if (!x.present || !isfinite(value) || !isfinite(y.number)) {
            continue;
        }
        s->x[s->count] = value;
        s->y[s->count++] = y.number;
        s->x_low = fmin(s->x_low, value);
        s->x_high = fmax(s->x_high, value);
        s->y_low = fmin(s->y_low, y.number);
        s->y_high = fmax(s->y_high, y.number);
    }
    free(texts);
    s->log_x = !f->categorical && s->x_low > 0 && s->x_high / s->x_low > 50;
    return s->count > 0;
}

/* The texts of a categorical axis, each under its column, where all have room. */
static void name_kinds(const struct scatter *s, struct area line)
{
    int count = (int)s->x_high + 1, width = line.rect.width;
    int room = count > 1 ? (width - 1) / (count - 1) - 1 : width;
    char text[60];
    for (int i = 0; i < count && count <= KINDS_NAMED && room >= 4 && s->kinds[i]; i++) {
        int at = count > 1 ? (int)lround((double)i / (count - 1) * (width - 1)) : width / 2;
        assay_text_clean_to(text, sizeof text, s->kinds[i]);
        int wide = assay_text_width(text);
        wide = wide < room ? wide : room;
        at -= wide / 2;
        at = at < 0 ? 0 : at + wide > width ? width - wide : at;
        draw_field(line, at, 0, wide, ALIGN_LEFT, ROLE_AXIS, text);
    }
}

static void draw_scatter(const struct compare_view *view, const struct assay_factor *f,
                         struct area area)
{
    struct scatter s;
    int width = area.rect.width - AXIS_WIDTH - 2, height = area.rect.height - 3;
    char low[32], high[32], label[80];
    if (width < 10 || height < 3) {
        return;
    }
    if (take_points(view, f, &s)) {
        assay_number_short(high, s.y_high, 4);
        assay_number_short(low, s.y_low, 4);
        draw_field(area, 0, 1, AXIS_WIDTH, ALIGN_RIGHT, ROLE_AXIS, high);
        draw_field(area, 0, height, AXIS_WIDTH, ALIGN_RIGHT, ROLE_AXIS, low);
        draw_vline(area, AXIS_WIDTH + 1, 1, height, ROLE_AXIS);
        struct area plot = area_part(area, AXIS_WIDTH + 2, 1, width, height);
        for (size_t i = 0; i < s.count; i++) {
            double x = s.x_high > s.x_low
                           ? assay_scale_to_unit(s.x[i], s.x_low, s.x_high, s.log_x)
                           : 0.5;
            double y = s.y_high > s.y_low ? (s.y[i] - s.y_low) / (s.y_high - s.y_low) : 0.5;
            draw_char(plot, (int)lround(x * (width - 1)), (int)lround((1 - y) * (height - 1)),
                      chart_role(0), area.canvas->ascii ? '*' : 0x2022);
        }
        assay_number_short(low, s.x_low, 4);
        assay_number_short(high, s.x_high, 4);
        if (!s.categorical) {
            draw_field(area, AXIS_WIDTH + 2, height + 1, width, ALIGN_RIGHT, ROLE_AXIS, high);
            draw_text(area, AXIS_WIDTH + 2, height + 1, ROLE_AXIS, low);
        } else {
            name_kinds(&s, area_part(area, AXIS_WIDTH + 2, height + 1, width, 1));
        }
        compare_label(view, f->row, label, sizeof label);
        draw_field(area, AXIS_WIDTH + 2, height + 2, width, ALIGN_CENTER, ROLE_DIM, label);
    }
    free(s.x);
    free(s.y);
}

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
    qsort(means, found, sizeof *means, by_text);
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
                 area.canvas->ascii ? "+-" : "±",
                 s->n > 1 ? assay_number_short(sd, s->sd, 2) : "-", s->n);
        draw_field(row, name + 2, 0, width - name - 3, ALIGN_LEFT, ROLE_NORMAL, text);
    }
}

/* ---- a file's difference ---- */

/* The run a difference is asked for: the one under the cursor; of two the other. */
static size_t other_run(const struct compare_view *view)
{
    size_t run = compare_entity(view);
    bool other = view->order_count == 2 && (run == SIZE_MAX || run == view->base);
    return other ? view->order[1] : run;
}

static void add_diff_lines(struct compare_view *view, const char *text)
{
    while (*text && view->line_count < DIFF_LINES_MAX) {
        size_t length = strcspn(text, "\n");
        char *one = assay_strndup(text, length < 399 ? length : 399);
        enum role role = *text == '+'   ? ROLE_BETTER
                         : *text == '-' ? ROLE_WORSE
                         : *text == '@' ? ROLE_ACCENT
                         : *text == '~' ? ROLE_STRONG
                                        : ROLE_NORMAL;
        add_line(view, role, one);
        free(one);
        text += length + (text[length] == '\n');
    }
    if (*text) {
        add_line(view, ROLE_DIM, "(more: assay compare prints all of it)");
    }
}

static bool ask_code(struct compare_view *view, size_t field)
{
    size_t run = other_run(view);
    if (run == SIZE_MAX || run == view->base) {
        app_say(view->app, "move to another run's column first (l)");
        return false;
    }
    view->explained = field;
    return compare_code_ask(view, view->base, run);
}

/* Takes over what git said, or what the two files are. */
static void answer_step(struct compare_view *view)
{
    struct assay_buf diff = {0};
    struct assay_error err = {0};
    char waiting[100];
    bool code = view->page == COMPARE_CODE;
    if (code ? compare_code_answer(view, &diff, &err)
             : compare_files_answer(view, &diff, &err)) {
        view->line_count = 0;
        add_diff_lines(view, assay_buf_text(&diff));
        if (err.what[0]) {
            add_line(view, ROLE_NORMAL, err.what);
            add_line(view, ROLE_DIM, err.hint);
        } else if (!code && view->images) {
            view->page = COMPARE_IMAGES;
        }
    } else if (code && view->code) {
        app_draw_in(view->app, 50);
    } else if (!code && compare_files_waiting(view, waiting, sizeof waiting)) {
        view->line_count = 0;
        add_line(view, ROLE_DIM, waiting);
        app_draw_in(view->app, 50);
    }
    assay_buf_free(&diff);
}

/* ---- opening and drawing ---- */

void compare_page_open(struct compare_view *view, enum compare_page page)
{
    size_t field = compare_field(view);
    view->line_count = 0;
    view->page_list = (struct list){0};
    if (page == COMPARE_VALUES && field == SIZE_MAX) {
        return;
    }
    if (page == COMPARE_VERDICTS && !view->proposed) {
        app_say(view->app,
                "no two of these runs differ only by their seed: there are no groups");
        list_notices(view);
        view->page = view->line_count > 0 ? page : view->page;
        return;
    }
    if (page == COMPARE_CODE) {
        if (ask_code(view, field)) {
            add_line(view, ROLE_DIM, "asking git");
            view->page = page;
        }
        return;
    }
    if (page == COMPARE_DIFF) {
        compare_images_free(&view->images);
        if (!compare_files_ask(view, field, other_run(view))) {
            compare_page_open(view, COMPARE_VALUES);
            return;
        }
        view->explained = field;
        add_line(view, ROLE_DIM, "reading both");
    }
    view->page = page;
    if (page == COMPARE_VALUES) {
        view->explained = field;
        list_values(view, field);
    } else if (page == COMPARE_VERDICTS) {
        list_verdicts(view);
        list_notices(view);
    } else if (page == COMPARE_FACTORS || page == COMPARE_PARALLEL) {
        list_factors(view);
        memset(view->brushes, 0, sizeof view->brushes);
        view->brush_axis = 0;
    }
}

static void verdicts_title(const struct compare_view *view, char *out, size_t capacity)
{
    const struct assay_grouping *groups = &view->grouping;
    if (!view->proposed) {
        snprintf(out, capacity, "what there is to know of these runs");
        return;
    }
    snprintf(out, capacity, "%s%sagainst %s, all metrics together (Holm)",
             groups->count == 2 ? groups->groups[1 - view->base_group].title : "",
             groups->count == 2 ? " " : "", groups->groups[view->base_group].title);
}

static void page_title(const struct compare_view *view, char *out, size_t capacity)
{
    char label[200] = "";
    if (view->page != COMPARE_VERDICTS && view->explained != SIZE_MAX) {
        compare_label(view, view->explained, label, sizeof label);
    }
    switch (view->page) {
    case COMPARE_VALUES:
        snprintf(out, capacity, "values of %s", label);
        break;
    case COMPARE_IMAGES:
    case COMPARE_DIFF:
    case COMPARE_CODE:
        snprintf(out, capacity, "%s", label);
        break;
    case COMPARE_FACTORS:
    case COMPARE_PARALLEL:
        snprintf(out, capacity, "what goes with %s", label);
        break;
    case COMPARE_FRONT:
        compare_front_title(view, out, capacity);
        break;
    default:
        verdicts_title(view, out, capacity);
        break;
    }
}

static void draw_lines(struct compare_view *view, struct area body)
{
    int width = body.rect.width, height = body.rect.height;
    list_fit(&view->page_list, view->line_count, height);
    for (int y = 0; y < height; y++) {
        size_t at = view->page_list.top + (size_t)y;
        if (at >= view->line_count) {
            break;
        }
        const struct compare_line *line = &view->lines[at];
        struct area row = area_row(body, y);
        if (at == view->page_list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        if (line->factor != SIZE_MAX || line->heads) {
            draw_factor(view, line->heads ? NULL : &view->explanation.factors[line->factor],
                        line->role, row);
        } else {
            draw_field(row, 1, 0, width - 2, ALIGN_LEFT, line->role, line->text);
        }
    }
    draw_scrollbar(body, width - 1, 0, height, view->page_list.top, view->line_count);
}

/* The list with the scatter of the param under the cursor, and the means by its values: beside
   it where the screen is wide, else below. */
static void draw_factors(struct compare_view *view, struct area area)
{
    int width = area.rect.width, height = area.rect.height;
    bool side = width >= SCATTER_FROM;
    int rows = (int)view->line_count, below = height - rows;
    below = below < SCATTER_ROWS ? SCATTER_ROWS : below;
    below = height < 2 * SCATTER_ROWS - 1 || side ? 0 : below;
    int list = side ? width - width * 2 / 5 : width;
    draw_lines(view, area_part(area, 0, 0, list, height - below));
    size_t at = view->page_list.cursor;
    size_t factor = at < view->line_count ? view->lines[at].factor : SIZE_MAX;
    if (factor == SIZE_MAX || (!side && below == 0)) {
        return;
    }
    const struct assay_factor *f = &view->explanation.factors[factor];
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

void compare_page_draw(struct compare_view *view, struct area area)
{
    char title[400];
    int width = area.rect.width, height = area.rect.height - 1;
    if (view->page == COMPARE_CODE || view->page == COMPARE_DIFF) {
        answer_step(view);
    }
    page_title(view, title, sizeof title);
    draw_field(area, 1, 0, width - 2, ALIGN_LEFT, ROLE_TITLE, title);
    if (view->page == COMPARE_IMAGES) {
        compare_images_draw(view, area_part(area, 0, 1, width, height));
        return;
    }
    if (view->page == COMPARE_PARALLEL) {
        compare_parallel_draw(view, area_part(area, 0, 1, width, height));
        return;
    }
    if (view->page == COMPARE_FRONT) {
        compare_front_draw(view, area_part(area, 0, 1, width, height));
        return;
    }
    if (view->page == COMPARE_FACTORS) {
        draw_factors(view, area_part(area, 0, 1, width, height));
        return;
    }
    bool whole = view->page == COMPARE_VALUES || view->page == COMPARE_VERDICTS;
    if (whole && height > 3 * WRAP_ROWS) { /* the line in full, below */
        height -= WRAP_ROWS + 1;
        draw_wrapped(area, 1, height + 2, width - 2, WRAP_ROWS, ROLE_NORMAL,
                     view->page_list.cursor < view->line_count
                         ? view->lines[view->page_list.cursor].text
                         : "");
    }
    draw_lines(view, area_part(area, 0, 1, width, height));
}

/*
 * Pages over the comparison's table (compare_view.h): every value of one field with the runs
 * that have it, the verdicts on all metrics, and how a file differs; what the other pages
 * share.
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
#define WRAP_ROWS      3

struct compare_line *compare_add_line(struct compare_view *view, enum role role,
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
        compare_add_line(view, ROLE_NORMAL, assay_buf_text(&text));
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
        compare_add_line(view,
                         v->answer == ASSAY_ANSWER_BETTER  ? ROLE_BETTER
                         : v->answer == ASSAY_ANSWER_WORSE ? ROLE_WORSE
                                                           : ROLE_NORMAL,
                         assay_buf_text(&text));
        assay_buf_free(&text);
    }
    if (count == 0) {
        compare_add_line(view, ROLE_DIM,
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
        compare_add_line(view, ROLE_WARNING, notices[i]);
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
        compare_add_line(view, role, one);
        free(one);
        text += length + (text[length] == '\n');
    }
    if (*text) {
        compare_add_line(view, ROLE_DIM, "(more: assay compare prints all of it)");
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
            compare_add_line(view, ROLE_NORMAL, err.what);
            compare_add_line(view, ROLE_DIM, err.hint);
        } else if (!code && view->images) {
            view->page = COMPARE_IMAGES;
        }
    } else if (code && view->code) {
        app_draw_in(view->app, 50);
    } else if (!code && compare_files_waiting(view, waiting, sizeof waiting)) {
        view->line_count = 0;
        compare_add_line(view, ROLE_DIM, waiting);
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
            compare_add_line(view, ROLE_DIM, "asking git");
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
        compare_add_line(view, ROLE_DIM, "reading both");
    }
    view->page = page;
    if (page == COMPARE_VALUES) {
        view->explained = field;
        list_values(view, field);
    } else if (page == COMPARE_VERDICTS) {
        list_verdicts(view);
        list_notices(view);
    } else if (page == COMPARE_FACTORS || page == COMPARE_PARALLEL) {
        compare_factors_list(view);
        memset(view->brushes, 0, sizeof view->brushes);
        view->brush_axis = 0;
        view->scatter_run = SIZE_MAX;
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

void compare_lines_draw(struct compare_view *view, struct area body)
{
    int width = body.rect.width, height = body.rect.height;
    list_fit(&view->page_list, view->line_count, height);
    compare_spots_lines(view, body.rect);
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
            compare_factor_draw(view,
                                line->heads ? NULL : &view->explanation.factors[line->factor],
                                line->role, row);
        } else {
            draw_field(row, 1, 0, width - 2, ALIGN_LEFT, line->role, line->text);
        }
    }
    draw_scrollbar(body, width - 1, 0, height, view->page_list.top, view->line_count);
}

void compare_page_draw(struct compare_view *view, struct area area)
{
    char title[400];
    int width = area.rect.width, height = area.rect.height - 1;
    compare_spots_clear(view);
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
        compare_factors_draw(view, area_part(area, 0, 1, width, height));
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
    compare_lines_draw(view, area_part(area, 0, 1, width, height));
}

/* ---- the bottom line ---- */

const enum command_id *compare_hints(void *self)
{
    static const enum command_id table[] = {
        CMD_DOWN,        CMD_UP,      CMD_BASELINE, CMD_DIFFERENCES, CMD_TRANSPOSE, CMD_SEEDS,
        CMD_VERDICTS,    CMD_FACTORS, CMD_VALUES,   CMD_GROUP_BY,    CMD_SORT_RUNS, CMD_FILTER,
        CMD_NEXT_METRIC, CMD_EXPORT,  CMD_FILES,    CMD_FRONT,       CMD_NONE};
    static const enum command_id front[] = {CMD_DOWN,  CMD_UP,   CMD_NEXT_METRIC, CMD_LEFT,
                                            CMD_RIGHT, CMD_OPEN, CMD_BACK,        CMD_NONE};
    static const enum command_id across[] = {CMD_DOWN,  CMD_UP,   CMD_LEFT,
                                             CMD_RIGHT, CMD_BACK, CMD_NONE};
    static const enum command_id page[] = {CMD_DOWN, CMD_UP, CMD_BACK, CMD_NONE};
    struct compare_view *view = self;
    return view->page == COMPARE_TABLE                                       ? table
           : view->page == COMPARE_FRONT                                     ? front
           : view->page == COMPARE_FACTORS || view->page == COMPARE_PARALLEL ? across
                                                                             : page;
}

const char *compare_hint(void *self, enum command_id id)
{
    struct compare_view *view = self;
    bool across = id == CMD_LEFT || id == CMD_RIGHT;
    if (view->page == COMPARE_PARALLEL && (id == CMD_DOWN || id == CMD_UP)) {
        return "brush";
    }
    return !across                          ? NULL
           : view->page == COMPARE_FRONT    ? "cost"
           : view->page == COMPARE_PARALLEL ? "axis"
           : view->page == COMPARE_FACTORS  ? "run"
                                            : NULL;
}

/*
 * What a cell of the comparison says (compare_view.h), and the lines below the table that say
 * it in full: long values from where they differ, groups with what can be concluded.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "run_columns.h"

#define DIGITS       5
#define CONTEXT      12 /* bytes shown before the first difference */
#define SPREAD_TEXTS 3  /* values named with their counts */
#define NOTICES_FROM 24 /* rows of the view from which on there is room for more of them */
#define NOTICES_MOST 4
#define SPREAD_LOOK  400 /* different values that are told apart; more are only counted */

void compare_run_name(const struct compare_view *view, size_t column, char *out,
                      size_t capacity)
{
    struct assay_buf title = {0};
    assay_comparison_title(view->comparison, column, &title);
    assay_text_clean_to(out, capacity, assay_buf_text(&title));
    assay_buf_free(&title);
}

void compare_name(const struct compare_view *view, size_t entity, char *out, size_t capacity)
{
    if (view->grouped) {
        snprintf(out, capacity, "%s", view->grouping.groups[entity].title);
        return;
    }
    compare_run_name(view, entity, out, capacity);
}

void compare_label(const struct compare_view *view, size_t field, char *out, size_t capacity)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    bool ascii = term_ascii(view->app->term);
    const char *arrow = "";
    if (row->kind == ASSAY_ROW_METRIC && row->direction) {
        arrow = row->direction > 0 ? ascii ? " ^" : " ↑" : ascii ? " v" : " ↓";
    }
    assay_text_clean_to(out, capacity > 8 ? capacity - 8 : capacity, row->label);
    size_t length = strlen(out);
    snprintf(out + length, capacity - length, "%s", arrow);
}

/* As filters and gates call what is of this kind; "" of what nothing else is called like. */
static const char *prefix_of(enum assay_row_kind kind)
{
    return kind == ASSAY_ROW_METRIC                            ? "metrics."
           : kind == ASSAY_ROW_TAG                             ? "tags."
           : kind == ASSAY_ROW_PARAM || kind == ASSAY_ROW_PATH ? "params."
                                                               : "";
}

void compare_label_alone(const struct compare_view *view, size_t field, char *out,
                         size_t capacity)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    const char *prefix = "";
    for (size_t i = 0; i < view->row_count && !*prefix; i++) {
        const struct assay_row *other = assay_comparison_row(view->comparison, view->rows[i]);
        if (other->kind != row->kind && strcmp(other->label, row->label) == 0) {
            prefix = prefix_of(row->kind);
        }
    }
    size_t length = (size_t)snprintf(out, capacity, "%s", prefix);
    compare_label(view, field, out + length, capacity - length);
}

/* From a little before the first byte that differs from the baseline's value. */
static void text_from_difference(const struct compare_view *view, size_t field,
                                 const struct assay_compare_cell *cell, char *out,
                                 size_t capacity)
{
    struct assay_compare_cell base = assay_comparison_cell(view->comparison, field, view->base);
    struct assay_text_delta d =
        assay_text_delta(cell->text, cell->length, base.text, base.length);
    size_t from = cell->length > 24 && d.prefix > CONTEXT && d.prefix < cell->length
                      ? d.prefix - CONTEXT
                      : 0;
    while (from > 0 && ((unsigned char)cell->text[from] & 0xc0) == 0x80) {
        from--;
    }
    const char *dots = from == 0 ? "" : term_ascii(view->app->term) ? ".." : "…";
    size_t used = (size_t)snprintf(out, capacity, "%s", dots);
    char *raw =
        assay_strndup(cell->text + from,
                      cell->length - from < 4 * capacity ? cell->length - from : 4 * capacity);
    assay_text_clean_to(out + used, capacity - used, raw);
    free(raw);
}

static void run_cell(const struct compare_view *view, size_t field, size_t run,
                     struct table_cell *out)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, run);
    if (!cell.present) {
        snprintf(out->text, sizeof out->text, "%s", term_ascii(view->app->term) ? "-" : "–");
        out->role = ROLE_DIM;
        return;
    }
    struct assay_delta delta = assay_comparison_delta(view->comparison, field, run, view->base);
    if (assay_row_is_measured(row) && cell.numeric) {
        char text[32];
        snprintf(out->text, sizeof out->text, "%s",
                 assay_comparison_value_text(text, view->comparison, field, run, view->base,
                                             DIGITS));
        out->number = true;
    } else if (run == view->base) {
        assay_text_clean_to(out->text, sizeof out->text, cell.text);
    } else {
        text_from_difference(view, field, &cell, out->text, sizeof out->text);
    }
    out->number |= cell.numeric;
    if (row->kind == ASSAY_ROW_METRIC && !isfinite(cell.number)) {
        out->role = ROLE_FAILED;
    } else if (delta.better) {
        out->role = delta.better > 0 ? ROLE_BETTER : ROLE_WORSE;
    } else if (delta.kind == ASSAY_DELTA_SAME) {
        out->role = ROLE_DIM;
    }
}

static struct assay_sample sample_of(const struct compare_view *view, size_t field,
                                     const struct assay_group *group)
{
    double *values = assay_alloc_array(group->count, sizeof *values);
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct assay_compare_cell cell =
            assay_comparison_cell(view->comparison, field, group->columns[i]);
        if (cell.present) {
            values[count++] = cell.number;
        }
    }
    struct assay_sample sample = assay_sample_of(values, count);
    free(values);
    return sample;
}

static void group_number(const struct compare_view *view, size_t field, size_t group,
                         struct table_cell *out)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    struct assay_sample s = sample_of(view, field, &view->grouping.groups[group]);
    struct assay_sample base = sample_of(view, field, &view->grouping.groups[view->base_group]);
    char mean[32], sd[32];
    bool ascii = term_ascii(view->app->term);
    if (s.n == 0) {
        snprintf(out->text, sizeof out->text, "%s", s.dropped ? "NaN" : ascii ? "-" : "–");
        out->role = s.dropped ? ROLE_FAILED : ROLE_DIM;
        return;
    }
    assay_row_value_beside(mean, row, s.mean, base.mean, DIGITS);
    assay_row_value_text(sd, row, s.sd, 2);
    if (s.n > 1 && isfinite(s.sd)) {
        snprintf(out->text, sizeof out->text, "%s %s%s", mean, ascii ? "+-" : "±", sd);
    } else {
        snprintf(out->text, sizeof out->text, "%s", mean);
    }
    int better = row->direction * ((s.mean > base.mean) - (s.mean < base.mean));
    out->role = better > 0 ? ROLE_BETTER : better < 0 ? ROLE_WORSE : ROLE_NORMAL;
}

static void group_cell(const struct compare_view *view, size_t field, size_t entity,
                       struct table_cell *out)
{
    const struct assay_group *group = &view->grouping.groups[entity];
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    if (row->numeric && assay_row_is_measured(row)) {
        group_number(view, field, entity, out);
        return;
    }
    struct assay_compare_cell first =
        assay_comparison_cell(view->comparison, field, group->columns[0]);
    for (size_t i = 1; i < group->count; i++) {
        struct assay_compare_cell cell =
            assay_comparison_cell(view->comparison, field, group->columns[i]);
        if (cell.present != first.present || cell.text != first.text) {
            snprintf(out->text, sizeof out->text, "varies");
            out->role = ROLE_DIM;
            return;
        }
    }
    run_cell(view, field, group->columns[0], out);
}

void compare_cell(const struct compare_view *view, size_t field, size_t entity,
                  struct table_cell *out)
{
    if (view->deltas && entity != compare_base_entity(view)) {
        compare_delta(view, field, entity, out);
    } else if (view->grouped) {
        group_cell(view, field, entity, out);
    } else {
        run_cell(view, field, entity, out);
    }
}

/* ---- deltas ---- */

static struct assay_delta group_delta(const struct compare_view *view, size_t field,
                                      size_t entity)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    struct assay_delta delta = {.percent = NAN};
    if (!row->numeric || !assay_row_is_measured(row)) {
        return delta;
    }
    struct assay_sample a = sample_of(view, field, &view->grouping.groups[entity]);
    struct assay_sample b = sample_of(view, field, &view->grouping.groups[view->base_group]);
    if (a.n > 0 && b.n > 0) {
        delta = assay_delta_of(a.mean, b.mean, row->direction);
    }
    return delta;
}

void compare_delta(const struct compare_view *view, size_t field, size_t entity,
                   struct table_cell *out)
{
    struct assay_delta delta =
        view->grouped ? group_delta(view, field, entity)
                      : assay_comparison_delta(view->comparison, field, entity, view->base);
    char number[80];
    out->role = ROLE_DIM;
    switch (delta.kind) {
    case ASSAY_DELTA_NUMBER:
        snprintf(out->text, sizeof out->text, "%s",
                 assay_delta_text(number, assay_comparison_row(view->comparison, field), &delta,
                                  false));
        out->role = delta.better > 0   ? ROLE_BETTER
                    : delta.better < 0 ? ROLE_WORSE
                                       : ROLE_NORMAL;
        break;
    case ASSAY_DELTA_ADDED:
        snprintf(out->text, sizeof out->text, "added");
        break;
    case ASSAY_DELTA_REMOVED:
        snprintf(out->text, sizeof out->text, "missing");
        break;
    case ASSAY_DELTA_NOT_FINITE:
        snprintf(out->text, sizeof out->text, "not finite");
        out->role = ROLE_FAILED;
        break;
    case ASSAY_DELTA_TEXT:
        snprintf(out->text, sizeof out->text, "other");
        break;
    case ASSAY_DELTA_SAME:
        snprintf(out->text, sizeof out->text, "same");
        break;
    case ASSAY_DELTA_UNKNOWN:
        snprintf(out->text, sizeof out->text, "not known whole");
        break;
    case ASSAY_DELTA_NONE:
        break;
    }
}

/* ---- all runs together ---- */

struct tally {
    const char *text;
    size_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                                : assay_text_natural(x->text, y->text);
}

/* ", NaN ×2": what the span before it leaves out. Returns the bytes used now. */
static size_t say_left_out(const struct compare_view *view, struct table_cell *out, size_t used,
                           const char *what, size_t count)
{
    if (count && used + 24 < sizeof out->text) {
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%s %s%zu",
                                 used ? ", " : "", what,
                                 term_ascii(view->app->term) ? "x" : "×", count);
    }
    return used;
}

/* "0.21 … 0.35, NaN ×2": the span of the finite numbers, then the runs that are not in it. */
static void number_spread(const struct compare_view *view, size_t field, struct table_cell *out)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    double low = INFINITY, high = -INFINITY;
    size_t nan = 0, infinite = 0, missing = 0, used = 0;
    char a[32], b[32];
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, i);
        if (cell.present && isfinite(cell.number)) {
            low = cell.number < low ? cell.number : low;
            high = cell.number > high ? cell.number : high;
        }
        missing += !cell.present;
        nan += cell.present && isnan(cell.number);
        infinite += cell.present && isinf(cell.number);
    }
    if (low < high) {
        used = (size_t)snprintf(out->text, sizeof out->text, "%s %s %s",
                                assay_row_value_beside(a, row, low, high, 4),
                                term_ascii(view->app->term) ? ".." : "…",
                                assay_row_value_beside(b, row, high, low, 4));
    } else if (low <= high) {
        used = (size_t)snprintf(out->text, sizeof out->text, "%s",
                                assay_row_value_beside(a, row, low, high, 4));
    }
    used = say_left_out(view, out, used, "NaN", nan);
    used = say_left_out(view, out, used, "infinite", infinite);
    say_left_out(view, out, used, "none", missing);
}

/* "adamw 497, sgd 3": what is rare stands out by its count. */
static void text_spread(const struct compare_view *view, size_t field, struct table_cell *out)
{
    struct tally tallies[SPREAD_LOOK] = {{0}};
    size_t count = 0, missing = 0, used = 0;
    const char *times = term_ascii(view->app->term) ? "x" : "×";
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, i);
        size_t k = 0;
        missing += !cell.present;
        while (k < count && tallies[k].text != cell.text) {
            k++;
        }
        if (!cell.present || k == SPREAD_LOOK) {
            continue;
        }
        if (k == count) {
            tallies[count++] = (struct tally){cell.text, 0};
        }
        tallies[k].count++;
    }
    qsort(tallies, count, sizeof *tallies, by_count);
    bool all = count < SPREAD_LOOK;
    if (!all || (count > 2 * SPREAD_TEXTS && tallies[0].count == 1)) {
        const struct assay_row *row = assay_comparison_row(view->comparison, field);
        used = (size_t)snprintf(out->text, sizeof out->text, "%zu values",
                                all ? count : row->distinct);
        say_left_out(view, out, used, "none", missing);
        return;
    }
    for (size_t i = 0; i < count && i < SPREAD_TEXTS && used + 40 < sizeof out->text; i++) {
        char text[26];
        assay_text_clean_to(text, sizeof text, tallies[i].text);
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%s %s%zu",
                                 used ? ", " : "", text, times, tallies[i].count);
    }
    if (count > SPREAD_TEXTS && used + 20 < sizeof out->text) {
        used += (size_t)snprintf(out->text + used, sizeof out->text - used, ", +%zu",
                                 count - SPREAD_TEXTS);
    }
    say_left_out(view, out, used, "none", missing);
}

void compare_spread(const struct compare_view *view, size_t field, struct table_cell *out)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    out->role = ROLE_DIM;
    if (row->numeric && assay_row_is_measured(row)) {
        number_spread(view, field, out);
    } else {
        text_spread(view, field, out);
    }
}

/* ---- the lines below ---- */

/* Notices, and before them that there are groups to be had. */
static size_t said_lines(const struct compare_view *view, const char *const **notices)
{
    return assay_comparison_notices(view->comparison, notices) +
           (view->proposed && !view->grouped);
}

int compare_readout_rows(const struct compare_view *view, int height)
{
    const char *const *notices;
    size_t lines = said_lines(view, &notices);
    size_t most = height >= NOTICES_FROM ? NOTICES_MOST : 2;
    return lines > most ? (int)most : lines > 2 ? (int)lines : 2;
}

static void draw_notices(const struct compare_view *view, struct area area)
{
    const char *const *notices;
    size_t lines = said_lines(view, &notices), room = (size_t)area.rect.height;
    size_t count = assay_comparison_notices(view->comparison, &notices);
    size_t y = 0, shown = lines > room ? room - 1 : lines;
    if (view->proposed && !view->grouped && y < shown) {
        struct assay_buf text = {0};
        assay_buf_format(&text, "%zu groups of runs %s%s%s%s", view->grouping.count,
                         view->grouping.seed_key ? "differ only by their seed" : "are alike",
                         *view->grouping.by ? " (by " : "", view->grouping.by,
                         *view->grouping.by ? ")" : "");
        draw_field(area, 1, (int)y++, area.rect.width - 2, ALIGN_LEFT, ROLE_DIM,
                   assay_buf_text(&text));
        assay_buf_free(&text);
    }
    for (size_t i = 0; i < count && y < shown; i++) {
        draw_field(area, 1, (int)y++, area.rect.width - 2, ALIGN_LEFT, ROLE_WARNING,
                   notices[i]);
    }
    if (shown < lines) {
        draw_format(area_part(area, 0, (int)y, area.rect.width - 1, 1), 1, 0, ROLE_WARNING,
                    "and %zu more to know: v lists them", lines - shown);
    }
}

static void draw_verdict(struct compare_view *view, struct area area, size_t field,
                         size_t group)
{
    struct assay_buf said = {0};
    if (!view->judged.valid || view->judged.row != field || view->judged.group != group) {
        view->judged.verdict = assay_comparison_verdict(
            view->comparison, field, &view->grouping, group, view->base_group, ASSAY_SEED);
        view->judged.row = field;
        view->judged.group = group;
        view->judged.valid = true;
    }
    const struct assay_judgement *v = &view->judged.verdict;
    assay_verdict_sentence(v, area.canvas->ascii, &said);
    enum role role = v->answer == ASSAY_ANSWER_BETTER  ? ROLE_BETTER
                     : v->answer == ASSAY_ANSWER_WORSE ? ROLE_WORSE
                                                       : ROLE_NORMAL;
    draw_field(area, 1, 0, area.rect.width - 2, ALIGN_LEFT, role, assay_buf_text(&said));
    if (v->interval.why && v->answer != ASSAY_ANSWER_NONE) {
        draw_field(area, 1, 1, area.rect.width - 2, ALIGN_LEFT, ROLE_DIM, v->interval.why);
    } else if (v->interval.method != ASSAY_INTERVAL_NONE) {
        draw_format(area, 1, 1, ROLE_DIM, "interval: %s; effect size %.2f; seed %llu",
                    assay_interval_name(v->interval.method), v->effect,
                    (unsigned long long)v->seed);
    }
    assay_buf_free(&said);
}

/* What is equal before and after plain, what differs marked. */
static void draw_difference(struct area line, const struct assay_compare_cell *cell,
                            const struct assay_text_delta *d)
{
    size_t from = d->prefix > 30 ? d->prefix - 30 : 0;
    while (from > 0 && ((unsigned char)cell->text[from] & 0xc0) == 0x80) {
        from--;
    }
    const size_t ends[] = {d->prefix, cell->length - d->suffix, cell->length};
    static const enum role roles[] = {ROLE_DIM, ROLE_MATCH, ROLE_DIM};
    int x = 1;
    if (from > 0) {
        x += draw_text(line, x, 0, ROLE_DIM, line.canvas->ascii ? ".." : "…");
    }
    for (size_t part = 0; part < 3 && x < line.rect.width; part++) {
        size_t length = ends[part] > from ? ends[part] - from : 0;
        struct assay_buf clean = {0};
        assay_text_clean(&clean, cell->text + from, length < 600 ? length : 600);
        x += draw_text(line, x, 0, roles[part], assay_buf_text(&clean));
        assay_buf_free(&clean);
        from = ends[part] > from ? ends[part] : from;
    }
}

static void draw_values(struct compare_view *view, struct area area, size_t field, size_t run)
{
    struct assay_compare_cell base = assay_comparison_cell(view->comparison, field, view->base);
    struct assay_compare_cell cell = assay_comparison_cell(view->comparison, field, run);
    struct assay_text_delta d =
        assay_text_delta(base.text, base.length, cell.text, cell.length);
    if (assay_comparison_row(view->comparison, field)->kind == ASSAY_ROW_METRIC) {
        struct assay_summary s;
        char last[32], least[32], most[32];
        if (assay_comparison_summary(view->comparison, field, run, &s)) {
            draw_format(area, 1, 0, ROLE_DIM,
                        "last %s at step %lld, min %s, max %s, %llu points",
                        assay_number_short(last, s.last, 7), (long long)s.step,
                        assay_number_short(least, s.min, 7), assay_number_short(most, s.max, 7),
                        (unsigned long long)s.n);
        }
        return;
    }
    bool other = run != view->base && cell.present && base.present;
    draw_difference(area_row(area, 0), &cell,
                    other ? &d : &(struct assay_text_delta){.prefix = cell.length});
    if (other) {
        draw_difference(area_row(area, 1), &base, &d);
    }
}

void compare_readout_draw(struct compare_view *view, struct area area)
{
    size_t field = compare_field(view), entity = compare_entity(view);
    if (field == SIZE_MAX) {
        return;
    }
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    if (view->grouped && row->kind == ASSAY_ROW_METRIC) {
        size_t group = entity;
        if (group == SIZE_MAX || group == view->base_group) { /* the first that is not it */
            group = view->base_group == 0 ? 1 : 0;
        }
        draw_verdict(view, area, field, group);
        return;
    }
    if (entity != SIZE_MAX && !view->grouped) {
        draw_values(view, area, field, entity);
        return;
    }
    draw_notices(view, area);
}

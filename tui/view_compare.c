/*
 * The comparison: what differs between runs, and is it real. Differences first, equal rows
 * folded and counted; below, the cell under the cursor in full, and the curves that matter.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "run_args.h"
#include "run_columns.h"

#define MARGIN       11  /* the section's name stands there */
#define TIGHT        72  /* narrower: runs and groups have no room beside that */
#define WIDE         100 /* from here on names and what all say together need not give way */
#define FILTER_LEAST 18  /* columns of the line above that a filter takes, at least */
#define CHARTS_FROM  24  /* rows of the screen from which on there are curves */
#define CHART_LEAST  8   /* ... or so many that the table leaves free */

static void *compare_open(struct app *app, const void *argument)
{
    const struct compare_args *args = argument;
    struct compare_view *view = assay_alloc(sizeof *view);
    view->app = app;
    view->runs = assay_alloc_array(args->count, sizeof *view->runs);
    for (size_t i = 0; i < args->count && i < ASSAY_COMPARE_RUNS_MAX; i++) {
        view->runs[view->run_count++] = args->runs[i];
    }
    view->baseline = args->baseline;
    view->comparison = assay_comparison_new();
    view->hidden = assay_strdup("");
    view->pinned = assay_strdup("");
    view->sorted_by = SIZE_MAX;
    view->explained = SIZE_MAX;
    view->scatter_run = SIZE_MAX;
    for (size_t i = 0; i < COMPARE_CHARTS; i++) {
        chart_state_init(&view->charts[i], app->session);
    }
    return view;
}

static void compare_close(void *self)
{
    struct compare_view *view = self;
    for (size_t i = 0; i < COMPARE_CHARTS; i++) {
        chart_state_free(&view->charts[i]);
        chart_widget_free(&view->widgets[i]);
    }
    compare_export_stop(view);
    assay_session_read_attrs_end(view->app->session);
    errand_drop(&view->code, view->app);
    errand_drop(&view->reading, view->app);
    compare_files_stop(view);
    compare_files_forget(view);
    compare_images_free(&view->images);
    compare_front_free(view);
    figure_widget_free(&view->figure);
    free(view->spots.items);
    assay_grouping_free(&view->grouping);
    assay_explanation_free(&view->explanation);
    assay_comparison_free(&view->comparison);
    prompt_free(&view->filter);
    table_free(&view->table);
    free(view->runs);
    free(view->rows);
    free(view->order);
    free(view->hidden);
    free(view->pinned);
    free(view->group_by);
    free(view->lines);
    free(view);
}

/* ---- the table: fields down and runs across, or the other way ---- */

static bool is_pair(const struct compare_view *view)
{
    return view->order_count == 2;
}

/* Columns before the first run: the field's name, and what all runs say together. */
static size_t lead(const struct compare_view *view)
{
    return view->order_count > 2 ? 2 : 1;
}

static size_t across(const struct compare_view *view)
{
    return view->transposed ? view->row_count : view->order_count;
}

static void heading(struct table_column *column, const char *title, bool right, int most)
{
    assay_text_clean_to(column->title, sizeof column->title, title);
    column->right = right;
    column->most = most;
}

static void base_title(const struct compare_view *view, size_t entity, char *out, size_t size)
{
    bool base = entity == compare_base_entity(view);
    const char *sign = term_ascii(view->app->term) ? "* " : "◆ ";
    char title[80];
    compare_name(view, entity, title, sizeof title);
    snprintf(out, size, "%s%s", base ? sign : "", title);
}

/* Whether runs stand beside each other in so little room that sections have no names. */
static bool is_tight(const struct compare_view *view, int width)
{
    return view->order_count > 1 && !view->transposed && width < TIGHT;
}

/* Where names begin: behind those of the sections, where these have room. */
static int margin_of(const struct compare_view *view, int width)
{
    return view->transposed || is_tight(view, width) ? 3 : MARGIN;
}

/* What all runs say together leaves the first of them its place. */
static int together_most(int width)
{
    int most = (width - MARGIN - 16) / (width < WIDE ? 3 : 2);
    return most > 34 ? 34 : most < 12 ? 12 : most;
}

/* What a run's or a group's column has at most: of two both are seen, and the delta; of more
   the first beside what all say together, with its id where it is called like another. */
static int column_most(const struct compare_view *view, int width)
{
    int most = (width - MARGIN - (is_pair(view) ? 56 : 36)) / 2, wide = view->grouped ? 34 : 26;
    int least = !is_pair(view) ? 20 : view->grouped ? 18 : 16;
    return most > wide ? wide : most < least ? least : most;
}

static size_t head_columns(struct compare_view *view, int width)
{
    char title[100];
    size_t count = 0;
    heading(&view->columns[count++], view->transposed ? "run" : "", false,
            is_tight(view, width)                   ? 16
            : view->transposed                      ? 30
            : width < WIDE && view->order_count > 2 ? 24
                                                    : 34);
    if (!view->transposed && lead(view) == 2) {
        heading(&view->columns[count++], "all together", false, together_most(width));
    }
    for (size_t i = view->window; i < across(view) && i < view->window + COMPARE_WINDOW; i++) {
        if (view->transposed) {
            compare_label_alone(view, view->rows[i], title, sizeof title);
            heading(&view->columns[count++], title,
                    assay_comparison_row(view->comparison, view->rows[i])->numeric, 20);
        } else {
            base_title(view, view->order[i], title, sizeof title);
            heading(&view->columns[count++], title, false, column_most(view, width));
        }
    }
    if (!view->transposed && is_pair(view)) {
        heading(&view->columns[count++], "delta", true, 16);
    }
    return count;
}

static void table_text(void *context, size_t row, size_t column, struct table_cell *out)
{
    struct compare_view *view = context;
    if (view->transposed) {
        if (column == 0) {
            base_title(view, view->order[row], out->text, sizeof out->text);
        } else {
            compare_cell(view, view->rows[view->window + column - 1], view->order[row], out);
        }
        return;
    }
    size_t field = view->rows[row], at = view->window + column - lead(view);
    if (column == 0) {
        bool alone = is_tight(view, view->table_rect.width);
        (alone ? compare_label_alone : compare_label)(view, field, out->text, sizeof out->text);
        if (row < view->pinned_count) {
            out->role = ROLE_STRONG;
        }
    } else if (column < lead(view)) {
        compare_spread(view, field, out);
    } else if (at < view->order_count) {
        compare_cell(view, field, view->order[at], out);
        out->number = false;
    } else {
        compare_delta(view, field, view->order[1], out);
    }
}

/* The section's name, where a section begins. */
static void table_mark(void *context, size_t row, struct area margin)
{
    struct compare_view *view = context;
    if (view->transposed) {
        draw_text(margin, 1, 0, chart_role((int)row), chart_dot(&margin, (int)row));
        return;
    }
    const struct assay_row *r = assay_comparison_row(view->comparison, view->rows[row]);
    bool first =
        row == view->table.list.top || row == view->pinned_count ||
        assay_comparison_row(view->comparison, view->rows[row - 1])->section != r->section;
    bool tight = is_tight(view, view->table_rect.width);
    if (row < view->pinned_count) {
        draw_text(margin, 1, 0, ROLE_ACCENT, row > 0 ? "" : tight ? "*" : "pinned");
    } else if (first && !tight) {
        draw_field(margin, 1, 0, MARGIN - 2, ALIGN_LEFT, ROLE_DIM,
                   assay_section_name(r->section));
    }
}

static void draw_table(struct compare_view *view, struct area area)
{
    size_t count = head_columns(view, area.rect.width);
    view->table_rect = area.rect;
    struct table_rows rows = {
        .context = view,
        .count = view->transposed ? view->order_count : view->row_count,
        .cell = table_text,
        .mark = table_mark,
    };
    struct table_look look = {
        .focus = true,
        .pick_column = true,
        .sorted = SIZE_MAX,
        .margin = margin_of(view, area.rect.width),
        .empty = view->filter_kept[0] || view->filtering ? "nothing here has that name"
                                                         : "these runs do not differ",
    };
    table_draw(&view->table, area, view->columns, count, &rows, &look);
}

/* ---- the line above it ---- */

static const char *const stat_names[] = {
    [ASSAY_STAT_LAST] = "last",
    [ASSAY_STAT_MIN] = "min",
    [ASSAY_STAT_MAX] = "max",
    [ASSAY_STAT_BEST] = "best",
};

static void draw_summary(struct compare_view *view, struct area line)
{
    char text[300], sorted[80] = "", at[80] = "";
    const char *dot = line.canvas->ascii ? " - " : " · ";
    int x = 1 + draw_text(line, 1, 0, ROLE_TITLE, "COMPARE") + 2;
    size_t runs = assay_comparison_runs(view->comparison);
    if (view->sorted_by < assay_comparison_rows(view->comparison)) {
        compare_label(view, view->sorted_by, sorted, sizeof sorted);
    }
    if (view->at.on) {
        chart_x_text(at, sizeof at, view->at.axis, view->at.x, INFINITY);
        if (view->at.metric[0]) {
            char number[32], name[50];
            assay_text_clean_to(name, sizeof name, view->at.metric);
            snprintf(at, sizeof at, "%s %s", name, assay_number_short(number, view->at.x, 6));
        }
    }
    snprintf(text, sizeof text, "%zu runs%s%s%s%s%s%s%s", runs, dot,
             *at ? "at " : stat_names[assay_comparison_stat(view->comparison)],
             *at ? at : " value", *sorted ? dot : "", *sorted ? "by " : "", sorted,
             view->deltas ? ", deltas" : "");
    x += draw_text(line, x, 0, ROLE_NORMAL, text) + 2;
    char differ[80];
    snprintf(differ, sizeof differ, "%zu of %zu rows differ",
             assay_comparison_differing(view->comparison),
             assay_comparison_counted(view->comparison));
    int end = line.rect.width - 1 - assay_text_width(differ);
    bool filter = view->filtering || view->filter_kept[0];
    if (filter && x + FILTER_LEAST > end) { /* what is typed matters more than the count */
        end = line.rect.width - 1;
    } else {
        draw_text(line, end, 0, ROLE_DIM, differ);
    }
    if (view->grouped && x + 2 < end) {
        snprintf(text, sizeof text, "%zu groups by %s", view->grouping.count,
                 view->grouping.by);
        int wide = assay_text_width(text), room = end - 2 - x;
        draw_field(line, x, 0, wide < room ? wide : room, ALIGN_LEFT, ROLE_ACCENT, text);
        x += (wide < room ? wide : room) + 2;
    }
    if (view->filtering) {
        int cursor = prompt_draw(&view->filter, line, x + 2, 0, line.rect.width / 3, 0, NULL);
        draw_text(line, x, 0, ROLE_ACCENT, "/");
        term_cursor(view->app->term, line.rect.x + cursor, line.rect.y);
    } else if (view->filter_kept[0]) {
        snprintf(text, sizeof text, "/ %.200s", view->filter_kept);
        int wide = assay_text_width(text), room = end - 1 - x;
        draw_field(line, x, 0, wide < room ? wide : room, ALIGN_LEFT, ROLE_MATCH, text);
    }
}

static void draw_folded(struct compare_view *view, struct area line)
{
    if (!view->all && view->equal > 0) {
        draw_format(line, margin_of(view, line.rect.width), 0, ROLE_DIM, "%zu equal %s folded",
                    view->equal, view->equal == 1 ? "row" : "rows");
    }
    size_t done, count;
    if (compare_files_fetching(view, &done, &count)) {
        char text[120];
        snprintf(text, sizeof text, "fetching artifacts: %zu of %zu, run %zu of %zu; esc stops",
                 done, count, view->file_run + 1, assay_comparison_runs(view->comparison));
        draw_text(line, line.rect.width - 1 - assay_text_width(text), 0, ROLE_DIM, text);
    } else {
        char left[120];
        compare_files_left(view, left, sizeof left);
        draw_text(line, line.rect.width - 1 - assay_text_width(left), 0, ROLE_WARNING, left);
    }
}

static void draw_building(struct compare_view *view, struct area area)
{
    char text[100];
    snprintf(text, sizeof text, "comparing %zu of %zu runs", view->added, view->run_count);
    draw_field(area, 0, area.rect.height / 2, area.rect.width, ALIGN_CENTER, ROLE_DIM, text);
    app_draw_in(view->app, 0); /* keys are looked at first */
}

static void compare_draw(void *self, struct area area)
{
    struct compare_view *view = self;
    int width = area.rect.width, height = area.rect.height;
    if (!compare_build(view)) {
        draw_building(view, area);
        return;
    }
    compare_export_step(view);
    if (compare_files_step(view)) {
        compare_settled(view);
    }
    if (compare_at_step(view)) {
        compare_choose(view);
    }
    draw_summary(view, area_row(area, 0));
    struct area body = area_part(area, 0, 1, width, height - 1);
    if (view->page != COMPARE_TABLE) {
        compare_page_draw(view, body);
        return;
    }
    int readout = compare_readout_rows(view, height);
    size_t down = view->transposed ? view->order_count : view->row_count;
    bool spare = down + (size_t)readout + 3 + CHART_LEAST <= (size_t)height;
    int charts = spare || height >= CHARTS_FROM - 2 ? height * 2 / 5 : 0;
    int most = height - 1 - readout - 1 - charts;
    int rows = (int)(down + 1 < (size_t)most ? down + 1 : (size_t)most);
    view->chart_rect = (struct rect){0};
    if (charts > 0) { /* first: other threads make the images while the table is drawn here */
        int from = rows + 1 + readout;
        compare_charts_draw(view, area_part(body, 0, from, width, height - 1 - from));
    }
    draw_table(view, area_part(body, 0, 0, width, rows));
    draw_folded(view, area_row(body, rows));
    compare_readout_draw(view, area_part(body, 0, rows + 1, width, readout));
}

/* ---- commands ---- */

/* The window the table has moves on when the cursor comes to its edge. */
static void move_column(struct compare_view *view, int delta)
{
    size_t before = view->transposed ? 1 : lead(view), total = across(view);
    size_t here = total - view->window < COMPARE_WINDOW ? total - view->window : COMPARE_WINDOW;
    size_t extra = !view->transposed && is_pair(view) ? 1 : 0;
    bool last = view->window + here == total;
    if (delta > 0 && !last && view->table.column + 1 >= before + here) {
        view->window += COMPARE_WINDOW / 2;
        view->table.column -= COMPARE_WINDOW / 2;
        view->table.left =
            view->table.left > COMPARE_WINDOW / 2 ? view->table.left - COMPARE_WINDOW / 2 : 0;
    } else if (delta < 0 && view->window > 0 && view->table.column <= before) {
        size_t back = view->window < COMPARE_WINDOW / 2 ? view->window : COMPARE_WINDOW / 2;
        view->window -= back;
        view->table.column += back;
    }
    table_move_column(&view->table, before + here + extra, delta);
    view->judged.valid = false;
}

static void set_baseline(struct compare_view *view)
{
    size_t entity = compare_entity(view);
    if (entity == SIZE_MAX) {
        app_say(view->app, "move to a run's column first (l): it becomes the baseline");
        return;
    }
    char title[80];
    compare_name(view, entity, title, sizeof title);
    compare_set_base(view, entity);
    app_say(view->app, "measured against %s", title);
}

static void next_stat(struct compare_view *view)
{
    static const enum assay_stat next[] = {
        [ASSAY_STAT_LAST] = ASSAY_STAT_BEST,
        [ASSAY_STAT_BEST] = ASSAY_STAT_MIN,
        [ASSAY_STAT_MIN] = ASSAY_STAT_MAX,
        [ASSAY_STAT_MAX] = ASSAY_STAT_LAST,
    };
    assay_comparison_set_stat(view->comparison, next[assay_comparison_stat(view->comparison)]);
    compare_choose(view);
}

/* Greater is better, smaller is better, not known: round and round. */
static void turn_direction(struct compare_view *view)
{
    size_t field = compare_field(view);
    const struct assay_row *row =
        field == SIZE_MAX ? NULL : assay_comparison_row(view->comparison, field);
    if (!row || row->kind != ASSAY_ROW_METRIC) {
        app_say(view->app, "only a metric has a direction");
        return;
    }
    static const char *const words[] = {"smaller is better", "not judged", "greater is better"};
    int next = row->direction > 0 ? -1 : row->direction < 0 ? 0 : 1;
    assay_comparison_set_direction(view->comparison, row->key, next);
    app_say(view->app, "%s: %s", row->label, words[next + 1]);
    struct assay_error err = {0};
    if (assay_directions_write(assay_session_store_path(view->app->session), row->key, next,
                               &err) != ASSAY_OK) {
        app_fail(view->app, &err);
    }
    view->judged.valid = false;
}

/* A pinned row that is hidden is not kept on top any more. */
static void hide_or_pin(struct compare_view *view, bool hide)
{
    size_t field = compare_field(view);
    if (field == SIZE_MAX) {
        return;
    }
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    if (!hide || compare_has_row(view->pinned, row)) {
        bool pinned = compare_toggle_row(&view->pinned, row);
        app_say(view->app, "%s: %s", row->label, pinned ? "pinned" : "no longer pinned");
    }
    if (hide && compare_toggle_row(&view->hidden, row)) {
        app_say(view->app, "%s: hidden", row->label);
    }
    compare_choose(view);
}

static bool cancel(struct compare_view *view)
{
    if (view->page != COMPARE_TABLE) {
        view->page = COMPARE_TABLE;
    } else if (compare_files_stop(view)) {
        app_say(view->app, "no more artifacts are fetched: f goes on");
    } else if (view->filter_kept[0]) {
        view->filter_kept[0] = '\0';
        compare_choose(view);
    } else if (!isnan(view->charts[0].cursor)) {
        view->charts[0].cursor = NAN;
    } else {
        app_back(view->app);
    }
    return true;
}

static void open_filter(struct compare_view *view, const char *text)
{
    if (*text) {
        snprintf(view->filter_kept, sizeof view->filter_kept, "%s", text);
        compare_choose(view);
        return;
    }
    memcpy(view->filter_before, view->filter_kept, sizeof view->filter_before);
    prompt_set(&view->filter, view->filter_kept);
    view->filtering = true;
}

static bool is_commit(const struct compare_view *view, size_t field)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    return row->kind == ASSAY_ROW_TAG && row->section == ASSAY_SECTION_CODE &&
           assay_text_contains(row->label, "commit");
}

void compare_open_run(struct compare_view *view, size_t entity)
{
    struct run_args args = {
        .run = assay_comparison_run(view->comparison, entity)->run,
        .rows = view->runs,
        .count = view->run_count,
        .metric = "",
    };
    app_open(view->app, &view_run, &args);
}

/* A commit opens as the code between, a file opens as its difference, a run's column as the
 * run, a field as its values. */
static void open_here(struct compare_view *view)
{
    size_t entity = compare_entity(view), field = compare_field(view);
    bool fact = field != SIZE_MAX &&
                assay_comparison_row(view->comparison, field)->kind == ASSAY_ROW_FACT;
    bool pair = view->order_count == 2;
    if (fact && (entity != SIZE_MAX || pair) && !view->grouped) {
        compare_page_open(view, COMPARE_DIFF);
        return;
    }
    if (field != SIZE_MAX && (entity != SIZE_MAX || pair) && !view->grouped &&
        is_commit(view, field)) {
        compare_page_open(view, COMPARE_CODE);
        return;
    }
    if (entity == SIZE_MAX || view->grouped) {
        compare_page_open(view, COMPARE_VALUES);
        return;
    }
    compare_open_run(view, entity);
}

static bool look_command(struct compare_view *view, enum command_id id)
{
    switch (id) {
    case CMD_DIFFERENCES:
        view->all = !view->all;
        compare_choose(view);
        return true;
    case CMD_DELTAS:
        view->deltas = !view->deltas;
        compare_choose(view);
        /* Where there is little room, what all say gives way to differences. */
        if (is_tight(view, view->table_rect.width)) {
            view->table.left = view->deltas && lead(view) == 2 ? 1 : 0;
        }
        return true;
    case CMD_TRANSPOSE:
        compare_transpose(view);
        return true;
    case CMD_SEEDS:
        compare_seeds(view);
        return true;
    case CMD_ONLY:
        compare_only(view);
        return true;
    case CMD_BASELINE:
        set_baseline(view);
        return true;
    case CMD_SORT_RUNS:
        if (compare_field(view) != SIZE_MAX) {
            compare_sort_by(view, compare_field(view));
        }
        return true;
    case CMD_STAT:
        next_stat(view);
        return true;
    case CMD_DIRECTION:
        turn_direction(view);
        return true;
    case CMD_HIDE:
    case CMD_PIN:
        hide_or_pin(view, id == CMD_HIDE);
        return true;
    case CMD_FILES:
        view->files = true;
        if (view->file_run >= assay_comparison_runs(view->comparison)) {
            app_say(view->app, "the artifacts are among the rows: enter shows what differs");
        }
        return true;
    case CMD_BLINK:
        if (view->page != COMPARE_IMAGES || !compare_images_blink(view)) {
            app_say(view->app, "enter on a picture among the artifacts (f), then blink it");
        }
        return true;
    case CMD_UNHIDE:
        view->hidden[0] = '\0';
        compare_choose(view);
        return true;
    default:
        return false;
    }
}

static bool compare_command(void *self, enum command_id id, const char *argument)
{
    struct compare_view *view = self;
    size_t down = view->transposed ? view->order_count : view->row_count;
    if (!view->built) {
        return id == CMD_CANCEL && (app_back(view->app), true);
    }
    if (view->page == COMPARE_PARALLEL && compare_parallel_command(view, id)) {
        return true;
    }
    if (view->page == COMPARE_FACTORS && compare_factors_command(view, id)) {
        return true;
    }
    if (view->page == COMPARE_FRONT && compare_front_command(view, id, argument)) {
        return true;
    }
    if (view->page != COMPARE_TABLE && (id == CMD_BACK || id == CMD_CANCEL)) {
        compare_files_forget(view);
        view->page = COMPARE_TABLE;
        return true;
    }
    if (view->page != COMPARE_TABLE && list_command(&view->page_list, view->line_count, id)) {
        return true;
    }
    if (list_command(&view->table.list, down, id)) {
        return true;
    }
    if (look_command(view, id)) {
        return true;
    }
    switch (id) {
    case CMD_EXPORT:
    case CMD_BUNDLE:
        compare_export(view, argument, id == CMD_BUNDLE);
        return true;
    case CMD_GROUP_BY:
        compare_group(view, argument);
        return true;
    case CMD_LEFT:
    case CMD_RIGHT:
        move_column(view, id == CMD_LEFT ? -1 : 1);
        return true;
    case CMD_CANCEL:
        return cancel(view);
    case CMD_OPEN:
        open_here(view);
        return true;
    case CMD_ASK:
        compare_ask_here(view);
        return true;
    case CMD_VALUES:
        compare_page_open(view, COMPARE_VALUES);
        return true;
    case CMD_VERDICTS:
        compare_page_open(view, COMPARE_VERDICTS);
        return true;
    case CMD_PARALLEL:
        compare_page_open(view, COMPARE_PARALLEL);
        return true;
    case CMD_FACTORS:
        compare_page_open(view, COMPARE_FACTORS);
        return true;
    case CMD_FRONT:
        compare_front_open(view, argument);
        return true;
    case CMD_FILTER:
        open_filter(view, argument);
        return true;
    case CMD_NEXT_METRIC:
    case CMD_PREVIOUS_METRIC:
        compare_charts_metric(view, id == CMD_NEXT_METRIC ? 1 : -1, argument);
        return true;
    case CMD_CHART_LEFT:
    case CMD_CHART_RIGHT:
        compare_charts_cursor(view, id == CMD_CHART_LEFT ? -1 : 1);
        return true;
    case CMD_AT:
        compare_at(view, argument);
        return true;
    case CMD_REFRESH:
        compare_rebuild(view);
        return true;
    default:
        return false;
    }
}

/* ---- events ---- */

static bool filter_event(struct compare_view *view, const struct event *event)
{
    switch (prompt_event(&view->filter, event)) {
    case PROMPT_CHANGED:
        compare_choose(view);
        break;
    case PROMPT_ENTER:
        prompt_remember(&view->filter);
        snprintf(view->filter_kept, sizeof view->filter_kept, "%s", view->filter.text);
        view->filtering = false;
        break;
    case PROMPT_ESCAPE:
        memcpy(view->filter_kept, view->filter_before, sizeof view->filter_kept);
        view->filtering = false;
        compare_choose(view);
        break;
    case PROMPT_MOVED:
    case PROMPT_NOTHING:
        break;
    }
    return true;
}

static bool compare_event(void *self, const struct event *event)
{
    struct compare_view *view = self;
    if (view->filtering && event->kind != EVENT_MOUSE) {
        return filter_event(view, event);
    }
    if (event->kind != EVENT_MOUSE || !view->built || view->page != COMPARE_TABLE) {
        if (event->kind == EVENT_MOUSE && view->built) {
            compare_page_mouse(view, event);
        }
        return event->kind == EVENT_MOUSE;
    }
    size_t down = view->transposed ? view->order_count : view->row_count, row, column;
    double unit;
    if (rect_contains(view->table_rect, event->x, event->y)) {
        if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN) {
            list_scroll(&view->table.list, down, event->action == MOUSE_WHEEL_UP ? -3 : 3);
        } else if (event->action == MOUSE_PRESS) {
            if (list_hit(&view->table.list, down, event->y - view->table_rect.y - 1, &row)) {
                view->table.list.cursor = row;
            }
            if (table_column_at(view->columns, ASSAY_COUNT(view->columns),
                                event->x - view->table_rect.x, &column)) {
                view->table.column = column;
            }
        }
    } else if (event->action == MOUSE_PRESS) {
        for (size_t i = 0; i < view->charts_shown; i++) {
            if (chart_widget_unit(&view->widgets[i], event->x, event->y, &unit)) {
                chart_state_put_cursor(&view->charts[i], unit);
                view->charts[0].cursor = view->charts[i].cursor;
            }
        }
    }
    return true;
}

/* Results are taken while drawing; here they are only noticed, whatever lies on top. */
static bool compare_poll(void *self)
{
    struct compare_view *view = self;
    struct errand *const sent[] = {view->code, view->reading, view->comparing};
    bool any = false;
    for (size_t i = 0; i < ASSAY_COUNT(sent); i++) {
        any = (sent[i] && errand_done(sent[i])) || any;
    }
    return any;
}

/* ---- what the frame asks ---- */

static void compare_where(void *self, struct assay_buf *out)
{
    struct compare_view *view = self;
    char title[100] = "";
    assay_buf_text_add(out, "compare");
    if (view->built && compare_entities(view) > 0) {
        compare_name(view, compare_base_entity(view), title, sizeof title);
        size_t others = compare_entities(view) - 1;
        assay_buf_format(out, " %s against %zu %s%s", title, others,
                         view->grouped ? "group" : "run", others == 1 ? "" : "s");
    }
}

static const char *compare_typing(void *self)
{
    struct compare_view *view = self;
    return view->filtering ? "enter=keep\tesc=restore\tup=earlier filters" : NULL;
}

static bool compare_has(void *self, enum command_needs needs)
{
    struct compare_view *view = self;
    return needs == NEEDS_RUN && view->built;
}

static void compare_complete(void *self, enum command_argument argument, struct assay_buf *out)
{
    struct compare_view *view = self;
    if (argument == ARG_FIELDS && view->built) {
        compare_group_names(view, out);
    }
    for (size_t i = 0; argument == ARG_METRIC && view->built && i < view->metric_count; i++) {
        assay_buf_format(out, "%s\n",
                         assay_comparison_row(view->comparison, view->metrics[i])->key);
    }
}

const struct view_ops view_compare = {
    .where = WHERE_COMPARE,
    .stacks = true, /* a group's runs out of a comparison of groups */
    .open = compare_open,
    .close = compare_close,
    .draw = compare_draw,
    .command = compare_command,
    .event = compare_event,
    .poll = compare_poll,
    .title = compare_where,
    .hints = compare_hints,
    .hint = compare_hint,
    .typing = compare_typing,
    .complete = compare_complete,
    .has = compare_has,
};

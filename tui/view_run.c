/*
 * The run screen: what, where, who, how long, state and best values in one glance; then metrics
 * with their chart, params, tags, artifacts, log, system metrics, lineage, and the note.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "run_args.h"
#include "run_view.h"
#include "view_ask.h"

static void show_run(struct run_view *view, uint32_t run, const char *metric)
{
    view->run = run;
    view->scroll = 0;
    view->best_version = 0;
    view->best.count = 0;
    view->looking = false;
    view->list = (struct list){0};
    view->log = 0;
    memset(view->logged_counts, 0, sizeof view->logged_counts);
    run_files_forget(view);
    if (*metric && view->tab == RUN_METRICS) {
        run_select_metric(view, metric);
    }
    assay_session_focus(view->app->session, run);
}

static void *run_open(struct app *app, const void *argument)
{
    const struct run_args *args = argument;
    struct run_view *view = assay_alloc(sizeof *view);
    view->app = app;
    view->rows = assay_alloc_array(args->count + 1, sizeof *view->rows);
    if (args->count > 0) {
        memcpy(view->rows, args->rows, args->count * sizeof *view->rows);
    }
    view->row_count = args->count;
    chart_state_init(&view->chart, app->session);
    file_preview_init(&view->preview);
    show_run(view, args->run, args->metric);
    return view;
}

static void run_close(void *self)
{
    struct run_view *view = self;
    run_files_forget(view);
    run_system_free(view);
    run_lineage_free(view);
    tree_free(&view->files);
    for (size_t i = 0; i < RUN_TABLES; i++) {
        table_free(&view->tables[i]);
    }
    prompt_free(&view->filter);
    change_ask_free(&view->ask);
    chart_state_free(&view->chart);
    chart_widget_free(&view->widget);
    free(view->shown);
    free(view->rows);
    free(view);
}

static void run_draw(void *self, struct area area)
{
    struct run_view *view = self;
    int width = area.rect.width, height = area.rect.height;
    int top = run_header_draw(view, area);
    draw_hline(area, 0, top + 1, width, ROLE_BORDER);
    struct area body = area_part(area, 0, top + 2, width, height - top - 2);
    view->list_rect = (struct rect){0};
    view->widget.plot = (struct rect){0};
    switch (view->tab) {
    case RUN_METRICS:
        run_metrics_draw(view, body);
        break;
    case RUN_PARAMS:
    case RUN_TAGS:
        run_pairs_draw(view, body);
        break;
    case RUN_ARTIFACTS:
        run_files_draw(view, body);
        break;
    case RUN_LOG:
        run_log_draw(view, body);
        break;
    case RUN_SYSTEM:
        run_system_draw(view, body);
        break;
    case RUN_LINEAGE:
        run_lineage_draw(view, body);
        break;
    case RUN_MODELS:
    case RUN_TRACES:
        run_logged_draw(view, body);
        break;
    case RUN_NOTES:
    case RUN_TABS:
        run_note_draw(view, body);
        break;
    }
    run_tabs_draw(view, area_row(area, top)); /* last: what is listed was counted above */
    change_ask_draw(&view->ask, area_row(area, height - 1));
}

static void run_title_text(void *self, struct assay_buf *out)
{
    struct run_view *view = self;
    struct assay_catalog *catalog = view->app->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, view->run);
    const char *name = assay_catalog_source(catalog, run->source)->name;
    const char *sign = term_ascii(view->app->term) ? " > " : " › ";
    char title[200];
    assay_text_clean(out, name, strlen(name));
    if (run->experiment != ASSAY_NONE) {
        name = assay_catalog_experiment(catalog, run->experiment)->name;
        assay_buf_text_add(out, sign);
        assay_text_clean(out, name, strlen(name));
    }
    assay_buf_text_add(out, sign);
    assay_buf_text_add(out, run_title(catalog, view->run, title, sizeof title));
}

/* ---- commands ---- */

static void set_tab(struct run_view *view, enum run_tab tab)
{
    if (tab == view->tab) {
        return;
    }
    if (view->tab == RUN_LOG || tab == RUN_LOG) { /* they share what looks at files */
        file_preview_free(&view->preview, view->app);
    }
    view->tab = tab;
    view->filtering = view->looking = false;
    view->scroll = 0;
    view->list = (struct list){0};
    prompt_set(&view->filter, "");
}

static void next_run(struct run_view *view, int delta)
{
    for (size_t i = 0; i < view->row_count; i++) {
        if (view->rows[i] != view->run) {
            continue;
        }
        if ((delta < 0 && i == 0) || (delta > 0 && i + 1 >= view->row_count)) {
            app_say(view->app, "that was the %s of the list", delta < 0 ? "first" : "last");
            return;
        }
        const char *metric = run_metric(view);
        char *kept = assay_strdup(metric ? metric : "");
        show_run(view, view->rows[delta < 0 ? i - 1 : i + 1], kept);
        free(kept);
        return;
    }
}

static void plot(struct run_view *view, const char *metric)
{
    const struct assay_attrs *attrs = run_attrs(view);
    char **names = assay_alloc_array(attrs->metric_count + 1, sizeof *names);
    const char *here = run_metric(view);
    for (size_t i = 0; i < attrs->metric_count; i++) {
        names[i] = assay_strdup(attrs->metrics[i].key);
    }
    struct chart_args args = {
        .metric = *metric               ? metric
                  : here                ? here
                  : attrs->metric_count ? names[0]
                                        : "",
        .metrics = names,
        .metric_count = attrs->metric_count,
        .run = view->run,
    };
    size_t count = attrs->metric_count;
    app_open(view->app, &view_chart, &args);
    for (size_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
}

static bool list_tab_command(struct run_view *view, enum command_id id)
{
    if (run_table(view) < RUN_TABLES) {
        return list_command(&view->tables[run_table(view)].list, view->shown_count, id);
    }
    if (view->looking && (view->tab == RUN_ARTIFACTS || view->tab == RUN_LOG)) {
        return file_preview_command(&view->preview, id);
    }
    if (view->tab == RUN_ARTIFACTS) {
        return run_files_command(view, id);
    }
    if (view->tab == RUN_SYSTEM) {
        return run_system_command(view, id);
    }
    if (view->tab == RUN_LINEAGE) {
        return run_lineage_command(view, id);
    }
    if (id == CMD_DOWN || id == CMD_PAGE_DOWN) {
        view->scroll += id == CMD_DOWN ? 1 : 10;
        return true;
    }
    if (id == CMD_UP || id == CMD_PAGE_UP || id == CMD_TOP) {
        view->scroll -= id == CMD_UP ? 1 : 10;
        view->scroll = view->scroll < 0 || id == CMD_TOP ? 0 : view->scroll;
        return true;
    }
    if (id == CMD_BOTTOM) {
        view->scroll = LONG_MAX / 2; /* the last line there is, once it is drawn */
    }
    return id == CMD_BOTTOM;
}

/* Whether what is typed after / goes to the file that is looked at. */
static bool filters_file(const struct run_view *view)
{
    return view->looking && (view->tab == RUN_ARTIFACTS || view->tab == RUN_LOG);
}

static void open_here(struct run_view *view)
{
    const char *metric = NULL;
    if (view->tab == RUN_METRICS && run_metric(view)) {
        plot(view, "");
    } else if (view->tab == RUN_SYSTEM &&
               (metric = run_system_metric(view, view->list.cursor)) != NULL) {
        plot(view, metric);
    } else if (view->tab == RUN_LOG) {
        view->log++;
    } else if (view->tab == RUN_LINEAGE && run_lineage_run(view) != ASSAY_NONE) {
        show_run(view, run_lineage_run(view), "");
    } else if (view->tab == RUN_NOTES) {
        run_note_edit(view);
    }
}

/* One step back: what is being read, the filter, the file, the screen. */
static void cancel(struct run_view *view)
{
    bool file = filters_file(view);
    if (file && file_preview_cancel(&view->preview, view->app)) {
        return;
    }
    if (view->filter.length) {
        prompt_set(&view->filter, "");
        file_preview_filter(&view->preview, "");
    } else if (view->looking && view->tab == RUN_ARTIFACTS) {
        view->looking = false;
    } else {
        app_back(view->app);
    }
}

static bool run_command(void *self, enum command_id id, const char *argument)
{
    struct run_view *view = self;
    if (list_tab_command(view, id)) {
        return true;
    }
    if (id >= CMD_TAB_1 && id <= CMD_TAB_10) {
        set_tab(view, (enum run_tab)(id - CMD_TAB_1));
        return true;
    }
    switch (id) {
    case CMD_NEXT_PANE:
    case CMD_RIGHT:
        set_tab(view, (enum run_tab)((view->tab + 1) % RUN_TABS));
        return true;
    case CMD_PREVIOUS_PANE:
    case CMD_LEFT:
        set_tab(view, (enum run_tab)((view->tab + RUN_TABS - 1) % RUN_TABS));
        return true;
    case CMD_OPEN:
        open_here(view);
        return true;
    case CMD_BACK:
        if (view->looking && view->tab == RUN_ARTIFACTS) {
            view->looking = false;
            return true;
        }
        return false;
    case CMD_PLOT:
        plot(view, argument);
        return true;
    case CMD_FILTER:
        prompt_set(&view->filter, argument);
        view->filtering = !*argument && (run_table(view) < RUN_TABLES || filters_file(view));
        if (filters_file(view)) {
            file_preview_filter(&view->preview, argument);
        }
        return true;
    case CMD_CANCEL:
        cancel(view);
        return true;
    case CMD_ASK:
        view_ask_runs(view->app, &view->run, 1);
        return true;
    case CMD_EDIT_NOTE:
        set_tab(view, RUN_NOTES);
        run_note_edit(view);
        return true;
    case CMD_NEXT_RUN:
    case CMD_PREVIOUS_RUN:
        next_run(view, id == CMD_NEXT_RUN ? 1 : -1);
        return true;
    default:
        return change_ask_run_command(&view->ask, view->app, id, view->run);
    }
}

/* ---- events ---- */

static bool filter_event(struct run_view *view, const struct event *event)
{
    switch (prompt_event(&view->filter, event)) {
    case PROMPT_ENTER:
        view->filtering = false;
        break;
    case PROMPT_ESCAPE:
        view->filtering = false;
        prompt_set(&view->filter, "");
        break;
    case PROMPT_CHANGED:
        if (run_table(view) < RUN_TABLES) {
            view->tables[run_table(view)].list.cursor = 0;
        }
        break;
    case PROMPT_MOVED:
    case PROMPT_NOTHING:
        break;
    }
    if (filters_file(view)) {
        file_preview_filter(&view->preview, view->filter.text);
    }
    return true;
}

static void press(struct run_view *view, const struct event *event)
{
    size_t row;
    for (int i = 0; i < RUN_TABS; i++) {
        if (rect_contains(view->tab_rects[i], event->x, event->y)) {
            set_tab(view, (enum run_tab)i);
            return;
        }
    }
    if (view->tab == RUN_SYSTEM && run_system_hit(view, event->x, event->y, &row)) {
        view->list.cursor = row;
        open_here(view);
    } else if (filters_file(view)) {
        file_preview_click(&view->preview, event->x, event->y);
    } else if (rect_contains(view->widget.plot, event->x, event->y)) {
        plot(view, "");
    } else if (view->tab == RUN_LINEAGE && rect_contains(view->list_rect, event->x, event->y)) {
        if (list_hit(&view->list, run_lineage_rows(view), event->y - view->list_rect.y, &row)) {
            view->list.cursor = row;
            open_here(view);
        }
    } else if (rect_contains(view->list_rect, event->x, event->y)) {
        bool files = view->tab == RUN_ARTIFACTS;
        size_t table = run_table(view) < RUN_TABLES ? run_table(view) : 0;
        struct list *list = files ? &view->files.list : &view->tables[table].list;
        size_t count = files ? view->files.count : view->shown_count;
        if (list_hit(list, count, event->y - view->list_rect.y - (files ? 0 : 1), &row)) {
            list->cursor = row;
            if (files) {
                run_files_command(view, CMD_OPEN);
            }
        }
    }
}

static bool run_event(void *self, const struct event *event)
{
    struct run_view *view = self;
    if (change_ask_event(&view->ask, view->app, event))
        return true;
    if (view->filtering && event->kind != EVENT_MOUSE) {
        return filter_event(view, event);
    }
    if (event->kind != EVENT_MOUSE) {
        return false;
    }
    if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN) {
        enum command_id id = event->action == MOUSE_WHEEL_UP ? CMD_UP : CMD_DOWN;
        if (rect_contains(view->preview.rect, event->x, event->y) &&
            (view->tab == RUN_ARTIFACTS || view->tab == RUN_LOG)) {
            file_preview_wheel(&view->preview, id == CMD_UP ? -3 : 3);
            return true;
        }
        for (int i = 0; i < (view->tab == RUN_SYSTEM ? 1 : 3); i++) {
            list_tab_command(view, id);
        }
    } else if (event->action == MOUSE_PRESS) {
        press(view, event);
    }
    return true;
}

static void run_complete(void *self, enum command_argument argument, struct assay_buf *out)
{
    struct run_view *view = self;
    const struct assay_attrs *attrs = run_attrs(view);
    for (size_t i = 0; argument == ARG_METRIC && i < attrs->metric_count; i++) {
        assay_buf_format(out, "%s\n", attrs->metrics[i].key);
    }
}

static void run_changed(void *self, unsigned changes)
{
    struct run_view *view = self;
    if (changes & ASSAY_CHANGED_JOBS) {
        change_ask_poll(&view->ask, view->app);
    }
}

static bool run_poll(void *self)
{
    struct run_view *view = self;
    return file_preview_take(&view->preview, view->app);
}

/* What stands under the cursor of the tab; of lists of names and values the value. */
static bool run_copy(void *self, struct assay_buf *out)
{
    struct run_view *view = self;
    const char *text = NULL;
    char number[32], *line = NULL;
    const struct assay_metric *metric = NULL;
    if (view->tab == RUN_METRICS || view->tab == RUN_SYSTEM) {
        const char *key = view->tab == RUN_METRICS ? run_metric(view)
                                                   : run_system_metric(view, view->list.cursor);
        metric = key ? assay_attrs_metric(run_attrs(view), key) : NULL;
        text = metric ? assay_number_exact(number, metric->summary.last) : NULL;
    } else if (view->tab == RUN_PARAMS || view->tab == RUN_TAGS) {
        text = run_pair_value(view);
    } else if (filters_file(view)) {
        text = file_preview_line(&view->preview, &line) ? line : NULL;
    } else if (view->tab == RUN_ARTIFACTS) {
        text = run_files_path(view);
    } else if (view->tab == RUN_LINEAGE) {
        text = run_lineage_text(view);
    } else if (view->tab == RUN_MODELS || view->tab == RUN_TRACES) {
        text = run_logged_id(view);
    } else if (view->tab == RUN_NOTES) {
        text = assay_session_note(view->app->session, view->run);
        text = *text ? text : run_note_of_source(view);
    }
    /* Where there is nothing under a cursor, the run itself is meant. */
    text = text && *text ? text : assay_catalog_run(view->app->catalog, view->run)->id;
    assay_buf_text_add(out, text);
    free(line);
    return true;
}

static bool run_has(void *self, enum command_needs needs)
{
    (void)self;
    return needs == NEEDS_RUN;
}

static const enum command_id *run_hints(void *self)
{
    static const enum command_id metrics[] = {CMD_DOWN, CMD_UP,      CMD_NEXT_PANE,
                                              CMD_OPEN, CMD_FILTER,  CMD_NEXT_RUN,
                                              CMD_BACK, CMD_PALETTE, CMD_NONE};
    static const enum command_id notes[] = {CMD_EDIT_NOTE, CMD_NEXT_PANE, CMD_NEXT_RUN,
                                            CMD_BACK, CMD_NONE};
    static const enum command_id others[] = {CMD_DOWN,     CMD_UP,   CMD_NEXT_PANE, CMD_FILTER,
                                             CMD_NEXT_RUN, CMD_BACK, CMD_PALETTE,   CMD_NONE};
    struct run_view *view = self;
    static const enum command_id file[] = {CMD_DOWN, CMD_PAGE_DOWN, CMD_BOTTOM, CMD_FILTER,
                                           CMD_COPY, CMD_CANCEL,    CMD_NONE};
    if (filters_file(view)) {
        return file;
    }
    bool opens = view->tab < RUN_PARAMS || view->tab == RUN_ARTIFACTS ||
                 view->tab == RUN_SYSTEM || view->tab == RUN_LINEAGE;
    return view->tab == RUN_NOTES ? notes : opens ? metrics : others;
}

static const char *run_typing(void *self)
{
    struct run_view *view = self;
    if (change_ask_typing(&view->ask)) {
        return change_ask_typing(&view->ask);
    }
    return view->filtering ? "enter=keep\tesc=everything" : NULL;
}

static int64_t run_wake(void *self, int64_t now_us)
{
    struct run_view *view = self;
    const struct assay_run *run = assay_catalog_run(view->app->catalog, view->run);
    return assay_catalog_is_live(view->app->catalog, run) ? now_us + 1000000 : INT64_MAX;
}

const struct view_ops view_run = {
    .where = WHERE_RUN,
    .open = run_open,
    .close = run_close,
    .draw = run_draw,
    .command = run_command,
    .event = run_event,
    .changed = run_changed,
    .poll = run_poll,
    .title = run_title_text,
    .hints = run_hints,
    .typing = run_typing,
    .has = run_has,
    .copy = run_copy,
    .complete = run_complete,
    .wake_us = run_wake,
};

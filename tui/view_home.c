/*
 * The first screen: what is running, did it diverge, which won. Sources and experiments in a
 * tree, their runs in a table, the highlighted or marked runs as charts below. Its parts stand
 * in home_*.c; this file puts them on the screen and hands events and commands to them.
 */
#include "home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "run_args.h"
#include "view_ask.h"

#define TREE_WIDTH_FROM 100 /* the tree has its own pane from this many columns on */
#define PREVIEW_FROM    20  /* rows of the screen from which on there always are charts */
#define PREVIEW_LEAST   7   /* a line between, the title, four rows of chart, its axis */
#define ROWS_STEP       8
#define LOW_STEP        4   /* where fewer rows are at stake */
#define TOP_ROWS        256 /* a first frame is sure of so many, on terminals no higher */
#define VISIBLE_MAX     100 /* runs a server is asked after at once */

/* The terminal, the settings and the keys are not there yet: opening.c is making them. */
static void *home_open(struct app *app, const void *argument)
{
    (void)argument;
    struct home *home = assay_alloc(sizeof *home);
    home->app = app;
    home->source_before = home->experiment_before = ASSAY_NONE;
    run_list_init(&home->list, app->catalog);
    run_list_start(&home->list, TOP_ROWS);
    for (size_t i = 0; i < HOME_CHARTS; i++) {
        chart_state_init(&home->charts[i], app->session);
    }
    home_tree_build(home);
    home_choose_scope(home);
    if (home->columns.count == 0) { /* nothing to choose from yet */
        run_list_sort(&home->list);
        home_guess_columns(home);
    }
    return home;
}

static void home_close(void *self)
{
    struct home *home = self;
    for (size_t i = 0; i < HOME_CHARTS; i++) {
        chart_state_free(&home->charts[i]);
        chart_widget_free(&home->widgets[i]);
    }
    for (size_t i = 0; i < home->metric_count; i++) {
        free(home->metrics[i]);
    }
    free(home->metrics);
    change_ask_free(&home->ask);
    free(home->folded);
    home_picker_close(home);
    prompt_free(&home->filter);
    prompt_free(&home->picker.prompt);
    tree_free(&home->tree);
    table_free(&home->table);
    run_list_free(&home->list);
    free(home);
}

/* ---- nothing to show ---- */

static int empty_line(struct area area, int y, enum role role, const char *left,
                      const char *right)
{
    draw_field(area, 4, y, 25, ALIGN_LEFT, role, left);
    draw_field(area, 30, y, area.rect.width - 32, ALIGN_LEFT, ROLE_DIM, right);
    return y + 1;
}

static int empty_key(struct home *home, struct area area, int y, enum command_id id,
                     const char *what)
{
    char key[32];
    keymap_key(&home->app->keymap, id, WHERE_HOME, key);
    draw_field(area, 4, y, 5, ALIGN_LEFT, ROLE_KEY, key);
    draw_field(area, 9, y, area.rect.width - 11, ALIGN_LEFT, ROLE_NORMAL, what);
    return y + 1;
}

/* Places that hold no experiments; the one we are in is called so. */
static int empty_looked(struct home *home, struct area area, int y, int last)
{
    const char *const *places;
    size_t count = assay_session_empty_places(home->app->session, &places);
    char path[4096], here[4096] = "";
    if (getcwd(path, sizeof path)) {
        assay_text_clean_to(here, sizeof here, path);
    }
    for (size_t i = 0; i < count && y < last; i++) {
        const char *name = strrchr(places[i], '/');
        if (strcmp(places[i], here) == 0) {
            name = "this directory";
        } else {
            name = name != NULL && name[1] != '\0' ? name + 1 : places[i];
        }
        y = empty_line(area, y, ROLE_NORMAL, name, places[i]);
    }
    return y;
}

/* Whether nobody knows what is in SOURCE: of a server never reached nothing is kept. */
static bool is_unread(const struct assay_source *source)
{
    return source->state == ASSAY_SOURCE_FAILED || source->state == ASSAY_SOURCE_OFFLINE;
}

static bool any_unread(const struct assay_catalog *catalog)
{
    bool unread = false;
    for (uint32_t i = 0; i < assay_catalog_sources(catalog); i++) {
        unread |= is_unread(assay_catalog_source(catalog, i));
    }
    return unread;
}

/* Why, below its place, which most errors begin with, and what to do. */
static int empty_reason(struct area area, int y, int last, const struct assay_source *source)
{
    const char *what = source->error.what;
    size_t where = strlen(source->where);
    int width = area.rect.width - 8;
    if (strncmp(what, source->where, where) == 0 && strncmp(what + where, ": ", 2) == 0) {
        what += where + 2;
    }
    if (y < last) {
        y += draw_wrapped(area, 6, y, width, last - y, ROLE_NORMAL, what);
    }
    if (y < last && source->error.hint[0]) {
        y += draw_wrapped(area, 6, y, width, last - y, ROLE_DIM, source->error.hint);
    }
    return y;
}

/* Where it was looked, and what came of it. */
static int empty_places(struct home *home, struct area area, int y, int last)
{
    struct assay_catalog *catalog = home->app->catalog;
    const char *store = assay_session_store_path(home->app->session);
    char name[120], where[400];
    bool local = false;
    for (uint32_t i = 0; i < assay_catalog_sources(catalog) && y < last; i++) {
        const struct assay_source *source = assay_catalog_source(catalog, i);
        bool failed = is_unread(source);
        assay_text_clean_to(name, sizeof name, source->name);
        assay_text_clean_to(where, sizeof where, source->where);
        local |= strcmp(source->kind, "local") == 0;
        y = empty_line(area, y, failed ? ROLE_FAILED : ROLE_NORMAL, name, where);
        if (failed) {
            y = empty_reason(area, y, last, source);
        }
    }
    if (!local && *store && assay_session_reads_local(home->app->session) && y < last) {
        assay_text_clean_to(where, sizeof where, store);
        y = empty_line(area, y, ROLE_NORMAL, "the local store", where);
    }
    return empty_looked(home, area, y, last);
}

/* Nothing there, or nothing that could be read: then what is wrong is a key away. */
static int empty_problems(struct home *home, struct area area, int y)
{
    char what[96];
    size_t problems = 0;
    for (uint32_t i = 0; i < assay_catalog_sources(home->app->catalog); i++) {
        problems += assay_catalog_source(home->app->catalog, i)->problems;
    }
    if (problems == 0) {
        return y;
    }
    snprintf(what, sizeof what, "what is wrong with the %zu %s that could not be read",
             problems, problems == 1 ? "thing" : "things");
    return empty_key(home, area, y, CMD_ACTIVITY, what);
}

static void draw_empty(struct home *home, struct area area)
{
    int rows = area.rect.height;
    int y = rows > 24 ? 3 : 1;
    draw_text(area, 4, y, ROLE_STRONG, "Nothing to show yet");
    y += 2;
    draw_text(area, 4, y++, ROLE_DIM,
              any_unread(home->app->catalog) ? "Looked at:"
                                             : "Looked at, and found no runs in:");
    y = empty_places(home, area, y, rows - 7) + 1;
    y = empty_problems(home, area, y);
    y = empty_key(home, area, y, CMD_DEMO,
                  "train small models here, for a second or two, and look at their runs");
    y = empty_key(home, area, y, CMD_HELP, "every key and command");
    y = empty_key(home, area, y, CMD_BACK, "leave, and name what holds your experiments:");
    draw_text(area, 9, y + 1, ROLE_DIM, "assay mlruns/    assay runs/    assay mlflow.db");
}

/* ---- drawing ---- */

static int tree_width(const struct home *home, int width)
{
    if (home->focus != HOME_TREE && (width < TREE_WIDTH_FROM || home->no_tree)) {
        return 0;
    }
    int wide = width / 5;
    return wide < 24 ? 24 : wide > 36 ? 36 : wide;
}

/* Rows the table and what stands beside it have use for, with its line of counts and its
   headings: in steps of STEP, so that one more run moves nothing. */
static size_t table_height(const struct home *home, bool tree, size_t step)
{
    size_t rows = home->rows_wanted;
    if (tree && home->tree_wanted > rows) {
        rows = home->tree_wanted;
    }
    return (rows / step + 1) * step + 2;
}

/* In a low window the chart has what the table leaves, and takes nothing from it. */
static int low_preview_height(const struct home *home, int width, int height)
{
    size_t table = table_height(home, width >= TREE_WIDTH_FROM, LOW_STEP);
    int left = table < (size_t)height ? height - (int)table : 0;
    return left < PREVIEW_LEAST ? 0 : left;
}

static int preview_height(const struct home *home, int width, int height)
{
    if (home->no_preview || home->list.scope_count == 0) {
        return 0;
    }
    if (height < PREVIEW_FROM) {
        return low_preview_height(home, width, height);
    }
    int rows = height * 2 / 5, most = height * 3 / 5;
    rows = rows < 9 ? 9 : rows > 24 ? 24 : rows;
    size_t table = table_height(home, true, ROWS_STEP);
    int left = table < (size_t)height ? height - (int)table : 0;
    left = left < most ? left : most;
    return left > rows ? left : rows; /* what the table has no use for */
}

static void draw_panes(struct home *home, struct area area)
{
    int width = area.rect.width, height = area.rect.height;
    int preview = preview_height(home, width, height);
    int tree = tree_width(home, width);
    int rows = height - preview;
    home->tree_shown = tree > 0;
    if (tree > 0) {
        home_tree_draw(home, area_part(area, 0, 0, tree, rows));
        draw_vline(area, tree, 0, rows, ROLE_BORDER);
    }
    int left = tree ? tree + 1 : 0;
    home_table_draw(home, area_part(area, left, 0, width - left, rows));
    if (preview > 0) {
        draw_hline(area, 0, rows, width, ROLE_BORDER);
        home_preview_draw(home, area_part(area, 0, rows + 1, width, preview - 1));
    }
}

/* What is in sight or marked: servers are asked after these runs, and no others. */
static void tell_visible(struct home *home)
{
    const struct marks *marks = &home->app->marks;
    uint32_t runs[VISIBLE_MAX];
    size_t count = 0, end = home->table.list.top + (size_t)home->table.list.height;
    for (size_t i = 0; i < marks->count && count < VISIBLE_MAX; i++) {
        runs[count++] = marks->runs[i];
    }
    for (size_t i = home->table.list.top;
         i < end && i < home->list.count && count < VISIBLE_MAX; i++) {
        runs[count++] = home->list.rows[i];
    }
    assay_session_visible(home->app->session, runs, count);
}

static void home_draw(void *self, struct area area)
{
    struct home *home = self;
    home->tree_rect = home->table_rect = home->preview_rect = (struct rect){0};
    if (area.rect.height > TOP_ROWS) {
        run_list_all(&home->list);
    }
    home_refresh(home);
    if (app_empty(home->app)) {
        draw_empty(home, area);
        return;
    }
    if (home->picker.open) {
        home->app->cover = home_picker_box(home, area); /* no image may lie below it */
    }
    draw_panes(home, area);
    if (home->picker.open) {
        home_picker_draw(home, area);
    }
    change_ask_draw(&home->ask, area_row(area, area.rect.height - 1));
    uint32_t run = home_run(home);
    assay_session_focus(home->app->session, run);
    tell_visible(home);
}

static void home_title(void *self, struct assay_buf *out)
{
    struct home *home = self;
    struct assay_catalog *catalog = home->app->catalog;
    for (uint32_t i = 0; i < assay_catalog_sources(catalog) && i < 12; i++) {
        const char *name = assay_catalog_source(catalog, i)->name;
        assay_buf_text_add(out, i ? ", " : "");
        assay_text_clean(out, name, strlen(name));
    }
}

/* ---- commands ---- */

static void open_run(struct home *home)
{
    struct run_args args = {
        .run = home_run(home),
        .rows = home->list.rows,
        .count = home->list.count,
        .metric = home->metric_count ? home->metrics[home->metric_at] : "",
    };
    if (args.run != ASSAY_NONE) {
        app_open(home->app, &view_run, &args);
    }
}

static void plot(struct home *home, const char *metric)
{
    if (*metric) {
        home_next_metric(home, 0, metric);
    }
    home_metrics_whole(home);
    struct chart_args args = {
        .metric = home->metric_count ? home->metrics[home->metric_at] : "",
        .metrics = home->metrics,
        .metric_count = home->metric_count,
        .run = home_run(home),
        .marked = true,
    };
    app_open(home->app, &view_chart, &args);
}

static void save_view(struct home *home, const char *name)
{
    struct assay_error err = {0};
    char sort[ASSAY_FIELD_TEXT + 8];
    if (!*name) {
        palette_open(home->app, "save-view ");
        return;
    }
    char *columns = run_columns_text(&home->columns);
    snprintf(sort, sizeof sort, "%s:%s", home->list.sort.field,
             home->list.sort.descending ? "desc" : "asc");
    struct assay_saved_view view = {.name = name,
                                    .filter = home->filter_kept,
                                    .sort = sort,
                                    .columns = home->columns.chosen ? columns : ""};
    if (assay_session_save_view(home->app->session, &view, &err) == ASSAY_OK) {
        app_say(home->app, "saved as \"%s\": it stands below the experiments", name);
        home_tree_build(home);
    } else {
        app_fail(home->app, &err);
    }
    free(columns);
}

static void delete_view(struct home *home, const char *name)
{
    struct assay_error err = {0};
    if (!*name) {
        palette_open(home->app, "delete-view ");
    } else if (assay_session_delete_view(home->app->session, name, &err) == ASSAY_OK) {
        app_say(home->app, "the view \"%s\" is forgotten", name);
        home_tree_build(home);
    } else {
        app_fail(home->app, &err);
    }
}

static void set_columns(struct home *home, const char *names)
{
    struct assay_error err = {0};
    struct run_columns columns;
    if (!*names) {
        home_picker_open(home);
    } else if (run_columns_parse(&columns, home->app->catalog, names, &err) == ASSAY_OK) {
        home_set_columns(home, &columns);
        home_tell_unlogged(home, names);
    } else {
        app_fail(home->app, &err);
    }
}

/* Gives up one thing at a time: the filter, then the marks. */
static bool cancel(struct home *home)
{
    if (home->filter_kept[0]) {
        home_filter_set(home, "");
    } else if (home->app->marks.count > 0) {
        marks_clear(&home->app->marks);
    }
    return true;
}

static void show_deleted(struct home *home)
{
    uint32_t run = home_run(home);
    run_list_set_deleted(&home->list, !home->list.deleted);
    size_t at = run_list_find(&home->list, run);
    home->table.list.cursor = at < home->list.count ? at : 0;
    home_tree_build(home);
    app_say(home->app, "deleted experiments and runs are %s",
            home->list.deleted ? "shown" : "hidden");
}

static void ask(struct home *home)
{
    const struct marks *marks = &home->app->marks;
    uint32_t run = home_run(home);
    view_ask_runs(home->app, marks->count ? marks->runs : &run,
                  marks->count ? marks->count : 1);
}

static bool own_command(struct home *home, enum command_id id, const char *argument)
{
    switch (id) {
    case CMD_CANCEL:
        return cancel(home);
    case CMD_OPEN:
        open_run(home);
        return true;
    case CMD_PLOT:
        plot(home, argument);
        return true;
    case CMD_COMPARE:
        home_compare(home, argument);
        return true;
    case CMD_ASK:
        ask(home);
        return true;
    case CMD_FILTER:
        if (*argument) {
            home_filter_set(home, argument);
        } else {
            home_filter_open(home);
        }
        return true;
    case CMD_UNMARK:
        marks_clear(&home->app->marks);
        return true;
    case CMD_COLUMNS:
        set_columns(home, argument);
        return true;
    case CMD_TREE:
        home->no_tree = !home->no_tree;
        home->focus = HOME_TABLE;
        return true;
    case CMD_ALL_RUNS:
        home_all_runs(home);
        return true;
    case CMD_PREVIEW:
        home->no_preview = !home->no_preview;
        return true;
    case CMD_DELETED:
        show_deleted(home);
        return true;
    case CMD_SAVE_VIEW:
        save_view(home, argument);
        return true;
    case CMD_DELETE_VIEW:
        delete_view(home, argument);
        return true;
    case CMD_NEXT_METRIC:
    case CMD_PREVIOUS_METRIC:
        home_next_metric(home, id == CMD_NEXT_METRIC ? 1 : -1, argument);
        return true;
    case CMD_REFRESH:
        run_list_sort(&home->list);
        return true;
    case CMD_DEMO:
        app_demo(home->app);
        return true;
    default:
        return change_ask_run_command(&home->ask, home->app, id, home_run(home));
    }
}

static bool home_command(void *self, enum command_id id, const char *argument)
{
    struct home *home = self;
    home->touched |= id != CMD_DEMO && id != CMD_REFRESH;
    if (home->focus == HOME_TREE && home_tree_command(home, id)) {
        return true;
    }
    if (home->focus == HOME_TABLE && home_table_command(home, id, argument)) {
        return true;
    }
    if (own_command(home, id, argument)) {
        return true;
    }
    /* With the focus in the tree, what is meant for the table still works. */
    return home->focus == HOME_TREE && home_table_command(home, id, argument);
}

/* ---- the mouse, and what the palette offers ---- */

static bool home_mouse(struct home *home, const struct event *event)
{
    bool wheel = event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN;
    long delta = event->action == MOUSE_WHEEL_UP ? -3 : 3;
    home->touched = true;
    if (rect_contains(home->tree_rect, event->x, event->y)) {
        size_t row;
        if (wheel) {
            list_scroll(&home->tree.list, home->tree.count, delta);
        } else if (event->action == MOUSE_PRESS &&
                   list_hit(&home->tree.list, home->tree.count, event->y - home->tree_rect.y,
                            &row)) {
            home->focus = HOME_TREE;
            home->tree.list.cursor = row;
            home_tree_follow(home);
        }
    } else if (rect_contains(home->table_rect, event->x, event->y)) {
        if (wheel) {
            list_scroll(&home->table.list, home->list.count, delta);
        } else if (event->action == MOUSE_PRESS) {
            home_table_click(home, event->x, event->y);
        }
    } else if (rect_contains(home->preview_rect, event->x, event->y) &&
               event->action == MOUSE_PRESS) {
        bool second = rect_contains(home->widgets[1].plot, event->x, event->y);
        if (second && home->metric_count > 0) {
            home->metric_at = (home->metric_at + 1) % home->metric_count;
        }
        app_command(home->app, CMD_PLOT, "");
    }
    return true;
}

static bool home_event(void *self, const struct event *event)
{
    struct home *home = self;
    if (home->picker.open && (event->kind == EVENT_KEY || event->kind == EVENT_PASTE)) {
        home_picker_event(home, event);
        return true;
    }
    if (change_ask_event(&home->ask, home->app, event)) {
        return true;
    }
    if (home->filtering && home_filter_event(home, event)) {
        home->touched = true;
        return true;
    }
    return event->kind == EVENT_MOUSE && !home->picker.open && home_mouse(home, event);
}

static void complete_fields(struct home *home, struct assay_buf *out, bool sort)
{
    static const enum assay_field_kind kinds[] = {ASSAY_FIELD_METRIC, ASSAY_FIELD_PARAM,
                                                  ASSAY_FIELD_TAG};
    static const char *const prefixes[] = {"metrics.", "params.", "tags."};
    assay_buf_text_add(out, sort ? "start\nduration\nname\nstatus\nuser\n"
                                 : "name\nstate\nage\ntime\nuser\nid\nexperiment\nsource\n");
    for (size_t k = 0; k < ASSAY_COUNT(kinds); k++) {
        const char **keys = NULL;
        size_t count =
            assay_catalog_keys(home->app->catalog, home->list.experiment, kinds[k], &keys);
        for (size_t i = 0; i < count && i < 300; i++) {
            assay_buf_format(out, "%s%s\n", prefixes[k], keys[i]);
        }
        free((void *)keys);
    }
}

static void home_complete(void *self, enum command_argument argument, struct assay_buf *out)
{
    struct home *home = self;
    const struct assay_saved_view *views;
    switch (argument) {
    case ARG_FIELD:
    case ARG_FIELDS:
    case ARG_FILTER:
        complete_fields(home, out, argument == ARG_FIELD);
        break;
    case ARG_METRIC:
        home_metrics_whole(home);
        for (size_t i = 0; i < home->metric_count; i++) {
            assay_buf_format(out, "%s\n", home->metrics[i]);
        }
        break;
    case ARG_VIEW:
        for (size_t i = 0, n = assay_session_views(home->app->session, &views); i < n; i++) {
            assay_buf_format(out, "%s\n", views[i].name);
        }
        break;
    default:
        break;
    }
}

/* The id of the run under the cursor. */
static bool home_copy(void *self, struct assay_buf *out)
{
    struct home *home = self;
    uint32_t run = home_run(home);
    if (run == ASSAY_NONE) {
        return false;
    }
    assay_buf_text_add(out, assay_catalog_run(home->app->catalog, run)->id);
    return true;
}

static bool home_has(void *self, enum command_needs needs)
{
    struct home *home = self;
    if (needs == NEEDS_RUN) {
        return home_run(home) != ASSAY_NONE;
    }
    return app_empty(home->app);
}

static const enum command_id *home_hints(void *self)
{
    static const enum command_id empty[] = {CMD_DEMO, CMD_BACK, CMD_NONE};
    static const enum command_id tree[] = {CMD_DOWN,   CMD_UP,      CMD_OPEN, CMD_NEXT_PANE,
                                           CMD_FILTER, CMD_PALETTE, CMD_NONE};
    static const enum command_id table[] = {
        CMD_DOWN,   CMD_UP,          CMD_MARK, CMD_OPEN,    CMD_COMPARE, CMD_PLOT,
        CMD_FILTER, CMD_NEXT_METRIC, CMD_SORT, CMD_PALETTE, CMD_NONE};
    struct home *home = self;
    if (app_empty(home->app)) {
        return empty;
    }
    return home->focus == HOME_TREE ? tree : table;
}

static const char *home_typing(void *self)
{
    struct home *home = self;
    if (home->picker.open) {
        return "space=in or out\tenter=done\tesc=leave as it was";
    }
    if (change_ask_typing(&home->ask)) {
        return change_ask_typing(&home->ask);
    }
    return home->filtering ? "enter=keep\tesc=restore\tup=earlier filters" : NULL;
}

static void home_changed(void *self, unsigned changes)
{
    struct home *home = self;
    if (changes & ASSAY_CHANGED_SOURCES) {
        home_tree_build(home);
    }
    if (changes & ASSAY_CHANGED_JOBS) {
        change_ask_poll(&home->ask, home->app);
    }
}

static bool home_poll(void *self)
{
    home_compare_poll(self);
    return false;
}

static void home_complete_all(void *self)
{
    struct home *home = self;
    run_list_all(&home->list);
}

/* Durations of what runs now move on once a second, ages of what began lately with their last
   figure. */
static int64_t home_wake(void *self, int64_t now_us)
{
    enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
    struct home *home = self;
    size_t end = home->table.list.top + (size_t)home->table.list.height;
    int64_t wait_ms = INT64_MAX;
    for (size_t i = home->table.list.top; i < end && i < home->list.count; i++) {
        const struct assay_run *run = assay_catalog_run(home->app->catalog, home->list.rows[i]);
        int64_t age =
            run->start_ms == ASSAY_NO_TIME ? INT64_MAX : home->app->now_ms - run->start_ms;
        int64_t step = assay_catalog_is_live(home->app->catalog, run) || age < MINUTE ? SECOND
                       : age < HOUR                                                   ? MINUTE
                       : age < 24 * HOUR                                              ? HOUR
                                         : INT64_MAX;
        if (step < INT64_MAX && step - age % step < wait_ms) {
            wait_ms = step - (age < 0 ? 0 : age % step);
        }
    }
    return wait_ms == INT64_MAX ? INT64_MAX : now_us + wait_ms * 1000;
}

const struct view_ops view_home = {
    .where = WHERE_HOME,
    .open = home_open,
    .close = home_close,
    .draw = home_draw,
    .command = home_command,
    .event = home_event,
    .changed = home_changed,
    .poll = home_poll,
    .complete_all = home_complete_all,
    .title = home_title,
    .hints = home_hints,
    .typing = home_typing,
    .has = home_has,
    .copy = home_copy,
    .complete = home_complete,
    .wake_us = home_wake,
};

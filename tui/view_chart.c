/*
 * The chart in full: read a value, see a spike, judge a curve, with the keyboard or the mouse.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "chart_export.h"
#include "chart_legend.h"
#include "chart_notes.h"
#include "run_args.h"
#include "run_columns.h"
#include "widget_chart.h"

#define METRICS_MAX 2000
#define ZOOM_STEP   1.6
#define PANEL_FROM  96 /* columns from which on the legend stands beside the plot */

static const double weights[] = {0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999};

struct chart_view {
    struct app *app;
    struct chart_state state;
    struct chart_widget widget;
    char **metrics;
    size_t metric_count, metric_at;
    struct chart_notes notes;
    bool no_legend;
    bool dragging, dragged;
    int drag_x;
};

static void *chart_open(struct app *app, const void *argument)
{
    const struct chart_args *args = argument;
    struct chart_view *view = assay_alloc(sizeof *view);
    int first = 0;
    view->app = app;
    chart_state_init(&view->state, app->session);
    if (args->marked && app->marks.count > 0) {
        chart_state_set_runs(&view->state, app->marks.runs, app->marks.colors,
                             app->marks.count);
    } else {
        chart_state_set_runs(&view->state, &args->run, &first, 1);
    }
    chart_state_set_metric(&view->state, args->metric);
    chart_notes_read(&view->notes, &view->state);
    view->metrics = assay_alloc_array(args->metric_count + 1, sizeof *view->metrics);
    for (size_t i = 0; i < args->metric_count && i < METRICS_MAX; i++) {
        if (strcmp(args->metrics[i], args->metric) == 0) {
            view->metric_at = i;
        }
        view->metrics[view->metric_count++] = assay_strdup(args->metrics[i]);
    }
    return view;
}

static void chart_close(void *self)
{
    struct chart_view *view = self;
    chart_state_free(&view->state);
    chart_widget_free(&view->widget);
    for (size_t i = 0; i < view->metric_count; i++) {
        free(view->metrics[i]);
    }
    free(view->metrics);
    free(view);
}

/* ---- drawing ---- */

/* How much of everything the picture was made from, in as many words as there is room for. */
static void points_text(const struct chart_state *state, int columns, int room, char *out,
                        size_t capacity)
{
    char points[32], total[32];
    assay_count_text(points, state->info.points);
    assay_count_text(total, state->info.total);
    snprintf(out, capacity, "%s of %s points in view (min and max of each column)", points,
             total);
    /* Where there is a column for every point there is nothing to explain. */
    bool each = state->info.points <= state->count * (uint64_t)(columns * 2);
    if (each || assay_text_width(out) > room) {
        snprintf(out, capacity, "%s of %s points in view", points, total);
    }
    if (assay_text_width(out) > room) {
        snprintf(out, capacity, "%s points", points);
    }
}

static void draw_title(const struct chart_view *view, struct area line)
{
    const struct chart_state *state = &view->state;
    char metric[CHART_METRIC_SIZE], how[200], points[120];
    const char *dot = line.canvas->ascii ? " - " : " · ";
    assay_text_clean_to(metric, sizeof metric, state->metric);
    int x = 1 + draw_text(line, 1, 0, ROLE_TITLE, metric) + 3;
    int used = snprintf(how, sizeof how, "%zu %s%s%s%s", state->count,
                        state->count == 1 ? "run" : "runs", dot, chart_axis_name(state->axis),
                        state->log_x ? " (log)" : "");
    if (state->grouped) {
        used += snprintf(how + used, sizeof how - (size_t)used, "%smean, %s", dot,
                         chart_group_name(state->group.how, line.canvas->ascii));
    } else if (state->group.how != CHART_SINGLE) {
        used += snprintf(how + used, sizeof how - (size_t)used, "%sno mean yet", dot);
    }
    if (state->weight > 0) {
        used += snprintf(how + used, sizeof how - (size_t)used, "%ssmoothing %g", dot,
                         state->weight);
    }
    if (state->log_y) {
        used += snprintf(how + used, sizeof how - (size_t)used, "%slog y", dot);
    }
    if (state->hide_superseded) {
        snprintf(how + used, sizeof how - (size_t)used, "%swithout what restarts wrote again",
                 dot);
    }
    x += draw_text(line, x, 0, ROLE_NORMAL, how) + 3;
    size_t prefix = 0;
    enum role role = ROLE_DIM;
    if (chart_state_incomplete(state) > 0) {
        prefix = (size_t)snprintf(points, sizeof points, "incomplete: ");
        role = ROLE_WARNING;
    }
    points_text(state, line.rect.width, line.rect.width - x - 1 - (int)prefix, points + prefix,
                sizeof points - prefix);
    int width = assay_text_width(points);
    if (x + width < line.rect.width) {
        draw_text(line, line.rect.width - width - 1, 0, role, points);
    }
}

/* Where notes stand, below the plot; the labels of the axis come first. */
static void draw_notes(const struct chart_view *view, struct area area)
{
    const struct chart_state *state = &view->state;
    struct rect plot = view->widget.plot;
    int y = plot.y + plot.height;
    for (size_t i = 0; plot.width > 0 && i < view->notes.count; i++) {
        double unit = assay_scale_to_unit(chart_note_x(&view->notes.items[i], state),
                                          state->chart.x_min, state->chart.x_max, state->log_x);
        int x = plot.x + (int)lround(unit * plot.width - 0.5);
        const struct cell *cell = canvas_cell(area.canvas, x, y);
        if (unit >= 0 && unit <= 1 && cell && cell->code == ' ') {
            draw_text(area, x - area.rect.x, y - area.rect.y, ROLE_MARK,
                      area.canvas->ascii ? "^" : "▴");
        }
    }
}

static void chart_draw(void *self, struct area area)
{
    struct chart_view *view = self;
    int width = area.rect.width, height = area.rect.height;
    chart_state_update(&view->state);
    draw_title(view, area_row(area, 0));
    int top = height > 18 ? 2 : 1;
    struct area body = area_part(area, 0, top, width, height - top);
    if (!view->no_legend && width >= PANEL_FROM) {
        int panel = chart_legend_width(&view->state, width);
        chart_widget_draw(&view->widget, view->app, &view->state,
                          area_part(body, 0, 0, width - panel, height - top), 0);
        draw_notes(view, area);
        chart_legend_panel(&view->state,
                           area_part(body, width - panel, 0, panel, height - top));
        return;
    }
    int rows = view->no_legend ? 0 : chart_legend_rows(&view->state, height);
    chart_widget_draw(&view->widget, view->app, &view->state,
                      area_part(body, 0, 0, width, height - top - rows), 0);
    draw_notes(view, area);
    if (rows > 0) {
        chart_legend_lines(&view->state, area_part(body, 0, height - top - rows, width, rows));
    }
}

/* How many sources (or experiments) the runs drawn come from. */
static size_t count_origins(const struct chart_view *view, bool experiments)
{
    uint32_t seen[CHART_LINES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < view->state.count; i++) {
        const struct assay_run *run =
            assay_catalog_run(view->app->catalog, view->state.sources[i].run);
        uint32_t from = experiments ? run->experiment : run->source;
        size_t at = 0;
        while (at < count && seen[at] != from) {
            at++;
        }
        if (at == count) {
            seen[count++] = from;
        }
    }
    return count;
}

/* Where the runs come from: named where it is one place, counted where they are several. */
static void chart_title(void *self, struct assay_buf *out)
{
    struct chart_view *view = self;
    struct assay_catalog *catalog = view->app->catalog;
    if (view->state.count == 0) {
        return;
    }
    const struct assay_run *run = assay_catalog_run(catalog, view->state.sources[0].run);
    const char *name = assay_catalog_source(catalog, run->source)->name;
    const char *sign = term_ascii(view->app->term) ? " > " : " › ";
    size_t sources = count_origins(view, false), experiments = count_origins(view, true);
    if (sources > 1) {
        assay_buf_format(out, "%zu sources", sources);
    } else {
        assay_text_clean(out, name, strlen(name));
    }
    if (experiments > 1) {
        if (sources == 1) {
            assay_buf_format(out, "%s%zu experiments", sign, experiments);
        }
    } else if (run->experiment != ASSAY_NONE) {
        name = assay_catalog_experiment(catalog, run->experiment)->name;
        assay_buf_text_add(out, sign);
        assay_text_clean(out, name, strlen(name));
    }
    if (view->state.count == 1) {
        assay_buf_text_add(out, sign);
        assay_buf_text_add(out, view->state.sources[0].label);
    }
    assay_buf_text_add(out, sign);
    assay_buf_text_add(out, "chart");
}

/* ---- commands ---- */

static int plot_width(const struct chart_view *view)
{
    return view->widget.plot.width > 0 ? view->widget.plot.width : 80;
}

static void set_metric(struct chart_view *view, int delta, const char *name)
{
    struct chart_state *state = &view->state;
    if (view->metric_count == 0) {
        return;
    }
    size_t at =
        (view->metric_at + view->metric_count + (size_t)(long)delta) % view->metric_count;
    for (size_t i = 0; *name; i++) {
        if (i == view->metric_count) {
            app_say(view->app, "there is no metric of that name here");
            return;
        }
        if (strcmp(view->metrics[i], name) == 0) {
            at = i;
            break;
        }
    }
    /* What is looked at stays: the same steps of another metric. */
    double x_min = state->x_min, x_max = state->x_max, cursor = state->cursor;
    view->metric_at = at;
    chart_state_set_metric(state, view->metrics[at]);
    state->x_min = x_min;
    state->x_max = x_max;
    state->cursor = cursor;
}

static void set_axis(struct chart_view *view, const char *name)
{
    enum assay_axis axis = (enum assay_axis)((view->state.axis + 1) % 3);
    if (strcmp(name, "step") == 0) {
        axis = ASSAY_AXIS_STEP;
    } else if (strcmp(name, "time") == 0) {
        axis = ASSAY_AXIS_TIME;
    } else if (strcmp(name, "relative") == 0) {
        axis = ASSAY_AXIS_RELATIVE;
    } else if (*name) {
        app_say(view->app, "axis: step, time or relative");
        return;
    }
    chart_state_set_axis(&view->state, axis);
}

static void smooth(struct chart_view *view, int delta, const char *text)
{
    double weight;
    if (*text) {
        if (assay_number_parse(text, strlen(text), &weight) && weight >= 0 && weight < 1) {
            view->state.weight = weight;
        } else {
            app_say(view->app, "smoothing is a weight from 0 to 0.999");
        }
        return;
    }
    size_t count = ASSAY_COUNT(weights), at = 0;
    while (at + 1 < count && weights[at] < view->state.weight) {
        at++;
    }
    if (delta > 0 && at + 1 < count && weights[at] <= view->state.weight) {
        at++;
    } else if (delta < 0 && at > 0) {
        at--;
    }
    view->state.weight = weights[at];
}

/* The cursor on a note, which is said. */
static void go_to_note(struct chart_view *view, const struct chart_note *note, double x)
{
    char count[32];
    chart_state_go(&view->state, x);
    app_say(view->app, "note on %s, step %s%s: %s", view->state.sources[note->source].label,
            note->step < 0 ? "-" : "", assay_count_text(count, (uint64_t)llabs(note->step)),
            note->text);
}

static void say_landmark(struct chart_view *view, enum assay_landmark which, size_t line)
{
    static const char *const names[] = {
        [ASSAY_LANDMARK_MIN] = "minimum",
        [ASSAY_LANDMARK_MAX] = "maximum",
        [ASSAY_LANDMARK_RESTART] = "restart",
        [ASSAY_LANDMARK_NONFINITE] = "not a finite number",
    };
    struct chart_state *state = &view->state;
    if ((size_t)which >= ASSAY_COUNT(names)) {
        return;
    }
    chart_state_update(state); /* the view may have moved with the cursor */
    if (line >= state->chart.line_count) {
        return;
    }
    const char *label = state->chart.lines[line].label;
    struct assay_reading reading = assay_chart_read(&state->chart, line, state->cursor);
    if ((which == ASSAY_LANDMARK_MIN || which == ASSAY_LANDMARK_MAX) && reading.found) {
        char number[32];
        app_say(view->app, "%s of %s: %s%s", names[which], label,
                assay_number_short(number, reading.point.value, 5),
                state->weight > 0 ? ", smoothed" : "");
    } else {
        app_say(view->app, "%s: %s", label, names[which]);
    }
}

/* To what comes first that way: a place of the curves, or one that a note names. */
static void landmark(struct chart_view *view, bool forward)
{
    struct chart_state *state = &view->state;
    enum assay_landmark which = ASSAY_LANDMARK_ANY;
    double from = state->cursor, x = NAN;
    size_t line;
    from = isnan(from) ? (forward ? -INFINITY : INFINITY) : from;
    chart_state_update(state);
    chart_notes_read(&view->notes, state);
    const struct chart_note *note = chart_notes_next(&view->notes, state, from, forward, &x);
    double before = state->cursor;
    bool found = chart_state_landmark(state, forward, &which, &line);
    if (note && (!found || (forward ? x <= state->cursor : x >= state->cursor))) {
        state->cursor = before;
        go_to_note(view, note, x);
    } else if (found) {
        say_landmark(view, which, line);
    } else {
        app_say(view->app, "nothing more that way");
    }
}

static void export(struct chart_view *view, const char *name)
{
    struct assay_error err = {0};
    char own[120];
    if (!*name) {
        chart_export_name(&view->state, own, sizeof own);
        name = own;
    }
    bool light = term_theme(view->app->term)->light;
    if (chart_export(&view->state, name, light, &err) != ASSAY_OK) {
        app_fail(view->app, &err);
        return;
    }
    char *path = realpath(name, NULL);
    app_say(view->app, "written: %s", path ? path : name);
    free(path);
}

static bool move_command(struct chart_view *view, enum command_id id)
{
    struct chart_state *state = &view->state;
    int width = plot_width(view);
    double unit = chart_state_cursor_unit(state);
    unit = isnan(unit) ? 0.5 : unit;
    switch (id) {
    case CMD_CURSOR_LEFT:
    case CMD_CURSOR_RIGHT:
        chart_state_move_cursor(state, id == CMD_CURSOR_LEFT ? -1 : 1, width);
        return true;
    case CMD_JUMP_LEFT:
    case CMD_JUMP_RIGHT:
        chart_state_move_cursor(state, (id == CMD_JUMP_LEFT ? -1 : 1) * (width / 10 + 1),
                                width);
        return true;
    case CMD_PAN_LEFT:
    case CMD_PAN_RIGHT:
        chart_state_pan(state, id == CMD_PAN_LEFT ? -0.25 : 0.25);
        return true;
    case CMD_ZOOM_IN:
        chart_state_zoom(state, 1 / ZOOM_STEP, unit);
        return true;
    case CMD_ZOOM_OUT:
        chart_state_zoom(state, ZOOM_STEP, unit);
        return true;
    case CMD_ZOOM_ALL:
        chart_state_zoom_all(state);
        return true;
    case CMD_LANDMARK_NEXT:
    case CMD_LANDMARK_PREVIOUS:
        landmark(view, id == CMD_LANDMARK_NEXT);
        return true;
    default:
        return false;
    }
}

static bool chart_command(void *self, enum command_id id, const char *argument)
{
    struct chart_view *view = self;
    struct chart_state *state = &view->state;
    if (move_command(view, id)) {
        return true;
    }
    switch (id) {
    case CMD_CANCEL:
        if (isnan(state->cursor)) {
            app_back(view->app); /* the view is no more */
        } else {
            state->cursor = NAN;
        }
        return true;
    case CMD_AXIS:
        set_axis(view, argument);
        return true;
    case CMD_LOG_X:
        state->log_x = !state->log_x;
        chart_state_zoom_all(state);
        return true;
    case CMD_LOG_Y:
        state->log_y = !state->log_y;
        return true;
    case CMD_SMOOTH_MORE:
    case CMD_SMOOTH_LESS:
        smooth(view, id == CMD_SMOOTH_MORE ? 1 : -1, argument);
        return true;
    case CMD_GROUP:
        if (state->count < 2) {
            app_say(view->app, "a group takes two runs: mark them at home, then p");
        } else {
            state->group.how = (enum chart_grouping)((state->group.how + 1) % 3);
        }
        return true;
    case CMD_LEGEND:
        view->no_legend = !view->no_legend;
        return true;
    case CMD_SUPERSEDED:
        state->hide_superseded = !state->hide_superseded;
        return true;
    case CMD_NEXT_METRIC:
    case CMD_PREVIOUS_METRIC:
        set_metric(view, id == CMD_NEXT_METRIC ? 1 : -1, argument);
        return true;
    case CMD_EXPORT:
        export(view, argument);
        return true;
    default:
        return false;
    }
}

/* ---- the mouse: wheel zooms, a click puts the cursor, a drag pans ---- */

static bool chart_event(void *self, const struct event *event)
{
    struct chart_view *view = self;
    double unit;
    if (event->kind != EVENT_MOUSE) {
        return false;
    }
    bool inside = chart_widget_unit(&view->widget, event->x, event->y, &unit);
    switch (event->action) {
    case MOUSE_WHEEL_UP:
    case MOUSE_WHEEL_DOWN:
        if (inside) {
            chart_state_zoom(&view->state,
                             event->action == MOUSE_WHEEL_UP ? 1 / ZOOM_STEP : ZOOM_STEP, unit);
        }
        break;
    case MOUSE_PRESS:
        view->dragging = inside;
        view->dragged = false;
        view->drag_x = event->x;
        break;
    case MOUSE_DRAG:
        if (view->dragging && event->x != view->drag_x) {
            chart_state_pan(&view->state, (double)(view->drag_x - event->x) / plot_width(view));
            view->drag_x = event->x;
            view->dragged = true;
        }
        break;
    case MOUSE_RELEASE:
        if (view->dragging && !view->dragged && inside) {
            chart_state_put_cursor(&view->state, unit);
        }
        view->dragging = false;
        break;
    }
    return true;
}

static void chart_complete(void *self, enum command_argument argument, struct assay_buf *out)
{
    struct chart_view *view = self;
    if (argument == ARG_METRIC) {
        for (size_t i = 0; i < view->metric_count; i++) {
            assay_buf_format(out, "%s\n", view->metrics[i]);
        }
    } else if (argument == ARG_FILE) {
        char name[120];
        chart_export_name(&view->state, name, sizeof name);
        size_t stem = strlen(name) - 4;
        assay_buf_format(out, "%s\n%.*s.png\n%.*s.csv\n", name, (int)stem, name, (int)stem,
                         name);
    } else if (argument == ARG_NUMBER) {
        for (size_t i = 0; i < ASSAY_COUNT(weights); i++) {
            assay_buf_format(out, "%g\n", weights[i]);
        }
    }
}

/* The values at the cursor as they were written, of several runs each with its name before it;
   without a cursor the last ones. */
static bool chart_copy(void *self, struct assay_buf *out)
{
    struct chart_view *view = self;
    struct chart_state *state = &view->state;
    chart_state_update(state);
    for (size_t i = 0; i < state->count; i++) {
        struct assay_point raw = {.value = state->sources[i].last};
        char number[32];
        double shown;
        bool away = false;
        if (!isnan(state->cursor) && !chart_state_read(state, i, &shown, &raw, &away)) {
            continue;
        }
        if (state->count > 1) {
            assay_buf_format(out, "%s%s\t", out->length > 0 ? "\n" : "",
                             state->sources[i].label);
        }
        assay_buf_text_add(out, assay_number_exact(number, raw.value));
    }
    return out->length > 0;
}

static const enum command_id *chart_hints(void *self)
{
    static const enum command_id hints[] = {
        CMD_CURSOR_LEFT, CMD_CURSOR_RIGHT, CMD_PAN_LEFT,      CMD_PAN_RIGHT, CMD_ZOOM_IN,
        CMD_ZOOM_OUT,    CMD_ZOOM_ALL,     CMD_LANDMARK_NEXT, CMD_AXIS,      CMD_LOG_Y,
        CMD_SMOOTH_MORE, CMD_GROUP,        CMD_NEXT_METRIC,   CMD_EXPORT,    CMD_NONE};
    (void)self;
    return hints;
}

const struct view_ops view_chart = {
    .where = WHERE_CHART,
    .open = chart_open,
    .close = chart_close,
    .draw = chart_draw,
    .command = chart_command,
    .event = chart_event,
    .title = chart_title,
    .hints = chart_hints,
    .copy = chart_copy,
    .complete = chart_complete,
};

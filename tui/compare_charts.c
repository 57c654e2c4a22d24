/*
 * The curves below the comparison (compare_view.h): the metric under the cursor, or those that
 * matter most, all runs together, with one cursor through all of them.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define GROUP_LABEL 24 /* columns of a group's title above a chart */
#define LINE_LABEL                                                                             \
    22               /* ... and of a run's, which has a piece of its id where names are equal */
#define CHART_ROWS 9 /* of one chart, its title among them, where there are several */

/* The columns drawn: the first in the order they are shown, the baseline among them. */
static size_t lines_of(const struct compare_view *view, uint32_t *runs, int *colors)
{
    size_t count = 0;
    for (size_t i = 0; i < view->order_count; i++) {
        size_t entity = view->order[i];
        const struct assay_group one = {.columns = &(uint32_t){(uint32_t)entity}, .count = 1};
        const struct assay_group *group = view->grouped ? &view->grouping.groups[entity] : &one;
        for (size_t k = 0; k < group->count && count < CHART_LINES_MAX; k++) {
            runs[count] = assay_comparison_run(view->comparison, group->columns[k])->run;
            colors[count++] = (int)i; /* groups share a colour */
        }
    }
    return count;
}

void compare_groups_draw(const struct compare_view *view, int x, struct area line)
{
    for (size_t i = 0; i < view->order_count; i++) {
        const char *title = view->grouping.groups[view->order[i]].title;
        int room = line.rect.width - x - 3, wide = assay_text_width(title);
        if (room < 8) {
            draw_format(line, x, 0, ROLE_DIM, "+%zu", view->order_count - i);
            return;
        }
        wide = wide < GROUP_LABEL ? wide : GROUP_LABEL;
        wide = wide < room ? wide : room;
        draw_text(line, x, 0, chart_role((int)i), chart_dot(&line, (int)i));
        draw_field(line, x + 2, 0, wide, ALIGN_LEFT, ROLE_NORMAL, title);
        x += 2 + wide + 2;
    }
}

static void draw_title(const struct compare_view *view, const struct chart_state *state,
                       struct area line)
{
    char text[CHART_METRIC_SIZE], value[32];
    int width = line.rect.width;
    assay_text_clean_to(text, sizeof text, state->metric);
    int x = 1 + draw_text(line, 1, 0, ROLE_TITLE, text) + 2;
    if (!isnan(state->cursor)) {
        char at[60];
        chart_x_text(at, sizeof at, state->axis, state->cursor,
                     state->chart.x_max - state->chart.x_min);
        x += draw_text(line, x, 0, ROLE_DIM, at) + 2;
    }
    if (view->grouped) {
        compare_groups_draw(view, x, line);
        return;
    }
    for (size_t i = 0; i < state->count; i++) {
        const struct chart_source *source = &state->sources[i];
        double shown = source->last;
        struct assay_point raw;
        bool away = false;
        if (!source->series ||
            (!isnan(state->cursor) && !chart_state_read(state, i, &shown, &raw, &away))) {
            continue;
        }
        assay_number_short(value, shown, 5);
        int label = assay_text_width(source->label);
        label = label < LINE_LABEL ? label : LINE_LABEL;
        int wide = 2 + label + (label ? 1 : 0) + assay_text_width(value);
        if (x + wide + 5 > width) {
            draw_format(line, x, 0, ROLE_DIM, "+%zu", state->count - i);
            return;
        }
        draw_text(line, x, 0, chart_role(source->color), chart_dot(&line, source->color));
        draw_field(line, x + 2, 0, label, ALIGN_LEFT, ROLE_NORMAL, source->label);
        draw_text(line, x + 2 + label + (label ? 1 : 0), 0, away ? ROLE_DIM : ROLE_STRONG,
                  value);
        x += wide + 2;
    }
}

static bool has_curve(const struct compare_view *view, size_t field)
{
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        struct assay_summary s;
        if (assay_comparison_summary(view->comparison, field, i, &s) && s.n > 1) {
            return true;
        }
    }
    return false;
}

/* The metric under the cursor first; then those that matter, from the chosen one on. */
static size_t choose(const struct compare_view *view, size_t *fields, size_t capacity)
{
    size_t count = 0, here = compare_field(view);
    if (here != SIZE_MAX &&
        assay_comparison_row(view->comparison, here)->kind == ASSAY_ROW_METRIC &&
        has_curve(view, here)) {
        fields[count++] = here;
    }
    for (size_t i = 0; i < view->metric_count && count < capacity; i++) {
        size_t field = view->metrics[(view->metric_at + i) % view->metric_count];
        if ((count == 0 || fields[0] != field) && has_curve(view, field)) {
            fields[count++] = field;
        }
    }
    return count;
}

/* Up to four side by side where the screen is wide; two above two where it is tall. */
static int across_of(int width)
{
    return width >= 240 ? 4 : width >= 100 ? 2 : 1;
}

static int down_of(int width, int height)
{
    return width >= 100 && width < 240 && height >= 2 * CHART_ROWS ? 2 : 1;
}

void compare_charts_draw(struct compare_view *view, struct area area)
{
    size_t fields[COMPARE_CHARTS];
    uint32_t runs[CHART_LINES_MAX];
    int colors[CHART_LINES_MAX];
    int width = area.rect.width, height = area.rect.height;
    size_t most = (size_t)across_of(width) * (size_t)down_of(width, height);
    size_t wanted = choose(view, fields, most < COMPARE_CHARTS ? most : COMPARE_CHARTS);
    size_t lines = lines_of(view, runs, colors);
    view->chart_rect = area.rect;
    view->charts_shown = wanted;
    if (wanted == 0) {
        draw_field(area, 0, height / 2, width, ALIGN_CENTER, ROLE_DIM,
                   "no metric here has more than one point");
        return;
    }
    int across = (int)wanted < across_of(width) ? (int)wanted : across_of(width);
    int down = ((int)wanted + across - 1) / across;
    int each = (width - across + 1) / across, tall = height / down;
    double cursor = view->charts[0].cursor;
    for (size_t i = 0; i < wanted; i++) {
        struct chart_state *state = &view->charts[i];
        struct area part =
            area_part(area, (int)i % across * (each + 1), (int)i / across * tall, each, tall);
        chart_state_set_metric(state, assay_comparison_row(view->comparison, fields[i])->key);
        chart_state_set_runs(state, runs, colors, lines);
        state->cursor = cursor;
        chart_state_update(state);
        draw_title(view, state, area_row(part, 0));
        chart_widget_draw(&view->widgets[i], view->app, state,
                          area_part(part, 0, 1, each, tall - 1), (int)i);
    }
}

void compare_charts_metric(struct compare_view *view, int delta, const char *name)
{
    for (size_t i = 0; *name && i < view->metric_count; i++) {
        if (strcmp(assay_comparison_row(view->comparison, view->metrics[i])->key, name) == 0) {
            view->metric_at = i;
            return;
        }
    }
    if (view->metric_count > 0 && !*name) {
        view->metric_at =
            (view->metric_at + view->metric_count + (size_t)(long)delta) % view->metric_count;
    } else {
        app_say(view->app, "no run here has a metric of that name");
    }
}

void compare_charts_cursor(struct compare_view *view, int steps)
{
    struct chart_state *state = &view->charts[0];
    int width = view->widgets[0].plot.width > 0 ? view->widgets[0].plot.width : 80;
    if (view->charts_shown == 0) {
        return;
    }
    chart_state_move_cursor(state, steps, width);
}

/* ---- values at an equal step or time ---- */

#define AT_BUDGET_US 6000

/* Splits "NAME=NUMBER" at the last "="; false where it is none. */
static bool split_place(struct compare_view *view, const char *place, double *x)
{
    const char *equals = strrchr(place, '=');
    size_t length = equals ? (size_t)(equals - place) : 0;
    if (!length || length >= sizeof view->at.metric ||
        !assay_number_parse(equals + 1, strlen(equals + 1), x) || !isfinite(*x)) {
        return false;
    }
    snprintf(view->at.metric, sizeof view->at.metric, "%.*s", (int)length, place);
    return true;
}

void compare_at(struct compare_view *view, const char *place)
{
    double x = NAN;
    if (!*place && view->at.on) {
        view->at.on = false;
        assay_comparison_clear_values(view->comparison);
        compare_choose(view);
        return;
    }
    view->at.axis = ASSAY_AXIS_STEP;
    if (!*place && view->charts[0].axis == ASSAY_AXIS_STEP) {
        x = view->charts[0].cursor;
        view->at.metric[0] = '\0';
    }
    if ((*place && !split_place(view, place, &x)) || isnan(x)) {
        app_say(view->app, "put the curves' cursor somewhere ([ ]), or :at step=1000, time=60, "
                           "tokens=1e9");
        return;
    }
    if (strcmp(view->at.metric, "time") == 0) {
        view->at.axis = ASSAY_AXIS_RELATIVE;
        view->at.metric[0] = '\0';
    } else if (strcmp(view->at.metric, "step") == 0) {
        view->at.metric[0] = '\0';
    }
    if (view->at.metric[0] && assay_comparison_find(view->comparison, ASSAY_ROW_METRIC,
                                                    view->at.metric) == SIZE_MAX) {
        app_say(view->app, "no run here has a metric of that name");
        return;
    }
    assay_comparison_clear_values(view->comparison);
    view->at.on = true;
    view->at.x = x;
    view->at.row = view->at.run = 0;
}

/* Where along the axis RUN stands at the point asked for: the step at which the metric that
   was named reaches it (equal tokens); NaN where it never does. False while its points are
   being read. */
static bool place_in(struct compare_view *view, size_t run, double *x)
{
    enum assay_load load = ASSAY_LOAD_NONE;
    *x = view->at.x;
    if (!view->at.metric[0]) {
        return true;
    }
    struct assay_series *series = assay_session_series(
        view->app->session, assay_comparison_run(view->comparison, run)->run, view->at.metric,
        &load);
    if (load == ASSAY_LOAD_BUSY) {
        return false;
    }
    struct assay_reach reach = assay_curve_reach(series, view->at.x, 1);
    *x = reach.reached ? (double)reach.point.step : NAN;
    return true;
}

/* False while its points are being read. */
static bool read_at(struct compare_view *view, size_t field, size_t run)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    struct assay_summary s;
    bool there = assay_comparison_summary(view->comparison, field, run, &s);
    enum assay_load load = ASSAY_LOAD_NONE;
    if (row->kind != ASSAY_ROW_METRIC || !there || s.n < 2) {
        return true;
    }
    struct assay_series *series = assay_session_series(
        view->app->session, assay_comparison_run(view->comparison, run)->run, row->key, &load);
    if (load == ASSAY_LOAD_BUSY) {
        return false;
    }
    double x, value = assay_series_at(series, view->at.axis, view->at.x);
    if (view->at.metric[0]) {
        if (!place_in(view, run, &x)) {
            return false;
        }
        /* What was just asked for may have taken the place of the series. */
        series = assay_session_series(view->app->session,
                                      assay_comparison_run(view->comparison, run)->run,
                                      row->key, &load);
        value = isnan(x) ? NAN : assay_series_at(series, view->at.axis, x);
    }
    assay_comparison_set_value(view->comparison, field, run, value);
    return true;
}

bool compare_at_step(struct compare_view *view)
{
    int64_t began = assay_monotonic_us();
    size_t rows = assay_comparison_rows(view->comparison), read = 0;
    size_t runs = assay_comparison_runs(view->comparison);
    if (!view->at.on || view->at.row >= rows) {
        return false;
    }
    while (view->at.row < rows && assay_monotonic_us() - began < AT_BUDGET_US) {
        if (!read_at(view, view->at.row, view->at.run)) {
            app_draw_in(view->app, 30);
            return false;
        }
        if (++view->at.run == runs) {
            view->at.run = 0;
            view->at.row++;
            read++;
        }
    }
    app_draw_in(view->app, 1);
    return view->at.row >= rows && read > 0;
}

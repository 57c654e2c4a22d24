/*
 * What one chart shows (chart_state.h), for view_chart.c, view_run.c and the preview at home.
 */
#include "chart_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "run_columns.h"

/* Smoothing a million points takes some ten milliseconds: what does not fit into this much of
   one turn waits for the next, and the raw line stands in for it. */
#define SMOOTH_BUDGET_US 8000
/* Seconds have parts where a chart by wall time shows less than this. */
#define FRACTION_SPAN_MS 20000

void chart_state_init(struct chart_state *state, struct assay_session *session)
{
    *state = (struct chart_state){
        .session = session,
        .x_min = NAN,
        .x_max = NAN,
        .cursor = NAN,
    };
}

/* What the lines of the chart were made of goes: until the next update there is nothing to
   draw. */
static void forget_smooth(struct chart_state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        assay_series_free(&state->sources[i].smooth);
        free(state->sources[i].bins);
        state->sources[i].bins = NULL;
    }
    chart_group_free(&state->group);
    state->drawable = state->grouped = false;
}

void chart_state_free(struct chart_state *state)
{
    forget_smooth(state);
    state->count = 0;
}

#define TWIN_NAME 13 /* columns of a name that others have, too, before a piece of its id */

/* Lines of one name cannot be told apart by it: a piece of their ids stands beside it. */
static void name_twins(struct chart_state *state)
{
    bool twin[CHART_LINES_MAX] = {false};
    for (size_t i = 0; i < state->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(state->sources[i].label, state->sources[k].label) == 0 &&
                state->sources[i].run != state->sources[k].run) {
                twin[i] = twin[k] = true;
            }
        }
    }
    for (size_t i = 0; i < state->count; i++) {
        char name[sizeof state->sources->label], id[72];
        if (twin[i]) {
            struct assay_buf label = {0};
            snprintf(name, sizeof name, "%s", state->sources[i].label);
            name[assay_text_fit(name, TWIN_NAME, NULL)] = '\0';
            assay_buf_format(&label, "%s %s", name,
                             assay_catalog_short_id(assay_session_catalog(state->session),
                                                    state->sources[i].run, id));
            assay_text_clean_to(state->sources[i].label, sizeof state->sources[i].label,
                                assay_buf_text(&label));
            assay_buf_free(&label);
        }
    }
}

void chart_state_set_runs(struct chart_state *state, const uint32_t *runs, const int *colors,
                          size_t count)
{
    if (count > CHART_LINES_MAX) {
        count = CHART_LINES_MAX;
    }
    bool same = count == state->count;
    for (size_t i = 0; same && i < count; i++) {
        same = state->sources[i].run == runs[i];
    }
    if (!same) {
        forget_smooth(state);
        memset(state->sources, 0, sizeof state->sources);
        state->count = count;
    }
    struct assay_catalog *catalog = assay_session_catalog(state->session);
    for (size_t i = 0; i < count; i++) {
        struct chart_source *source = &state->sources[i];
        source->run = runs[i];
        source->color = colors[i];
        run_title(catalog, runs[i], source->label, sizeof source->label);
    }
    name_twins(state);
}

void chart_state_set_metric(struct chart_state *state, const char *metric)
{
    if (strcmp(state->metric, metric) == 0) {
        return;
    }
    snprintf(state->metric, sizeof state->metric, "%s", metric);
    forget_smooth(state);
    chart_state_zoom_all(state);
    state->cursor = NAN;
}

static void smooth_source(struct chart_state *state, struct chart_source *source, int64_t until)
{
    if (state->weight <= 0 || !source->series) {
        assay_series_free(&source->smooth);
        return;
    }
    uint64_t version = assay_series_version(source->series);
    if (source->smooth && source->smooth_version == version &&
        source->smooth_weight == state->weight) {
        return;
    }
    if (assay_monotonic_us() > until) {
        state->more = true;
        return;
    }
    assay_series_free(&source->smooth);
    source->smooth = assay_series_smooth(source->series, state->weight);
    source->smooth_version = version;
    source->smooth_weight = state->weight;
}

/* Nothing in sight is finite, but something elsewhere is: its y range, so that there are axes,
   a cursor and the marks. */
static void fit_void(struct chart_state *state)
{
    struct assay_chart whole = state->chart;
    struct assay_chart_info info = {0};
    whole.x_min = whole.x_max = whole.y_min = whole.y_max = NAN;
    if (assay_chart_fit(&whole, &info)) {
        state->chart.y_min = whole.y_min;
        state->chart.y_max = whole.y_max;
        state->drawable = true;
    }
}

void chart_state_update(struct chart_state *state)
{
    int64_t until = assay_monotonic_us() + SMOOTH_BUDGET_US;
    state->busy = state->more = false;
    assay_session_series_begin(state->session);
    for (size_t i = 0; i < state->count; i++) {
        struct chart_source *source = &state->sources[i];
        source->series = NULL;
        source->load = ASSAY_LOAD_NONE;
        if (state->metric[0]) {
            source->series =
                assay_session_series(state->session, source->run, state->metric, &source->load);
        }
        state->busy |= source->load == ASSAY_LOAD_BUSY;
        source->last = source->series ? assay_series_summary(source->series)->last : NAN;
        smooth_source(state, source, until);
        state->lines[i] = (struct assay_chart_line){
            .series = source->smooth ? source->smooth : source->series,
            .faint = source->smooth ? source->series : NULL,
            .label = source->label,
            .color = source->color,
        };
    }
    assay_session_series_end(state->session);
    state->chart = (struct assay_chart){
        .lines = state->lines,
        .line_count = state->count,
        .axis = state->axis,
        .log_x = state->log_x,
        .log_y = state->log_y,
        .hide_superseded = state->hide_superseded,
        .x_min = state->x_min,
        .x_max = state->x_max,
        .y_min = NAN,
        .y_max = NAN,
    };
    state->info = (struct assay_chart_info){0};
    state->drawable = assay_chart_fit(&state->chart, &state->info);
    if (!state->drawable && state->info.nonfinite > 0) {
        fit_void(state);
    }
    state->grouped = state->group.how != CHART_SINGLE && state->drawable &&
                     chart_group_update(&state->group, state, until);
    if (state->grouped) { /* the same places of the axis; the values of the mean and its band */
        struct assay_chart chart = state->chart;
        chart.lines = &state->group.line;
        chart.line_count = 1;
        chart.y_min = chart.y_max = NAN;
        state->grouped = assay_chart_fit(&chart, NULL);
        state->chart = state->grouped ? chart : state->chart;
    }
}

/* ---- ranges ---- */

static double unit_to_x(const struct chart_state *state, double unit)
{
    return assay_scale_from_unit(unit, state->chart.x_min, state->chart.x_max, state->log_x);
}

static void set_range(struct chart_state *state, double from, double to)
{
    double lo = unit_to_x(state, from), hi = unit_to_x(state, to);
    /* Closer than two steps or milliseconds there is nothing to see. */
    double least = fmax(fabs(lo), fabs(hi)) * 1e-12;
    least = fmax(least, state->axis == ASSAY_AXIS_RELATIVE ? 0.002 : 2);
    if (!isfinite(lo) || !isfinite(hi) || hi - lo < least) {
        return;
    }
    state->x_min = lo;
    state->x_max = hi;
}

/* The range of everything, whatever is seen now. */
static bool whole_range(const struct chart_state *state, double *lo, double *hi)
{
    struct assay_chart whole = state->chart;
    whole.lines = state->lines; /* a group knows only what is seen */
    whole.line_count = state->count;
    whole.x_min = whole.x_max = whole.y_min = whole.y_max = NAN;
    struct assay_chart_info info;
    bool found = assay_chart_fit(&whole, &info);
    *lo = whole.x_min;
    *hi = whole.x_max;
    return found;
}

/* Before anything that looks at points between two frames. The series are the session's, and
   good until its next dispatch, which may have been since the last frame. */
static bool look_again(struct chart_state *state)
{
    chart_state_update(state);
    return state->drawable;
}

void chart_state_zoom(struct chart_state *state, double factor, double unit)
{
    if (!look_again(state)) {
        return;
    }
    set_range(state, unit - unit * factor, unit + (1 - unit) * factor);
    double lo, hi;
    if (factor > 1 && whole_range(state, &lo, &hi)) {
        if (state->x_min <= lo && state->x_max >= hi) {
            chart_state_zoom_all(state);
            return;
        }
        /* Further out never shows more void than the data's own ends. */
        state->x_min = fmax(state->x_min, lo);
        state->x_max = fmin(state->x_max, hi);
    }
}

void chart_state_zoom_all(struct chart_state *state)
{
    state->x_min = state->x_max = NAN;
}

void chart_state_pan(struct chart_state *state, double share)
{
    double lo, hi;
    if (!look_again(state) || isnan(state->x_min) || !whole_range(state, &lo, &hi)) {
        return; /* everything is in sight */
    }
    double least =
        assay_scale_to_unit(lo, state->chart.x_min, state->chart.x_max, state->log_x);
    double most = assay_scale_to_unit(hi, state->chart.x_min, state->chart.x_max, state->log_x);
    share = share < 0 ? fmax(share, fmin(least, 0)) : fmin(share, fmax(most - 1, 0));
    if (share != 0) {
        set_range(state, share, 1 + share);
    }
}

/* ---- the cursor ---- */

size_t chart_state_incomplete(const struct chart_state *state)
{
    size_t count = 0;
    for (size_t i = 0; i < state->count; i++) {
        const struct assay_series *series = state->sources[i].series;
        count += series && assay_series_incomplete(series);
    }
    return count;
}

double chart_state_cursor_unit(const struct chart_state *state)
{
    if (isnan(state->cursor) || !state->drawable) {
        return NAN;
    }
    double unit = assay_scale_to_unit(state->cursor, state->chart.x_min, state->chart.x_max,
                                      state->log_x);
    return unit < -1e-9 || unit > 1 + 1e-9 ? NAN : unit;
}

/* x of the point nearest to X over all lines; NaN where there is none. */
static double nearest(const struct chart_state *state, double x)
{
    double best = NAN;
    for (size_t i = 0; i < state->chart.line_count; i++) {
        struct assay_reading reading = assay_chart_read(&state->chart, i, x);
        if (reading.found && (isnan(best) || fabs(reading.x - x) < fabs(best - x))) {
            best = reading.x;
        }
    }
    return best;
}

void chart_state_put_cursor(struct chart_state *state, double unit)
{
    if (look_again(state)) {
        double x = nearest(state, unit_to_x(state, fmin(fmax(unit, 0), 1)));
        state->cursor = x;
    }
}

/* Pans so that the cursor is in sight. */
static void follow_cursor(struct chart_state *state)
{
    if (isnan(state->x_min) || isnan(state->cursor)) {
        return;
    }
    double unit = assay_scale_to_unit(state->cursor, state->chart.x_min, state->chart.x_max,
                                      state->log_x);
    if (unit < 0) {
        set_range(state, unit - 0.1, unit + 0.9);
    } else if (unit > 1) {
        set_range(state, unit - 0.9, unit + 0.1);
    }
}

void chart_state_move_cursor(struct chart_state *state, int steps, int width)
{
    if (steps == 0 || !look_again(state)) {
        return;
    }
    double unit = chart_state_cursor_unit(state);
    if (isnan(unit)) {
        chart_state_put_cursor(state, 0.5);
        return;
    }
    for (int tried = 0; tried <= width; tried++) {
        unit += (double)steps / width;
        double x = nearest(state, unit_to_x(state, unit));
        bool further = steps > 0 ? x > state->cursor : x < state->cursor;
        if (further) {
            state->cursor = x;
            follow_cursor(state);
            return;
        }
    }
}

/* The line whose next landmark from FROM is WHICH at X. */
static size_t landmark_line(const struct chart_state *state, double from, bool forward,
                            enum assay_landmark which, double x)
{
    for (size_t i = 0; i < state->chart.line_count; i++) {
        struct assay_chart one = state->chart;
        enum assay_landmark kind;
        double at;
        one.lines = &state->chart.lines[i];
        one.line_count = 1;
        if (assay_chart_landmark(&one, from, forward, which, &at, &kind) && at == x) {
            return i;
        }
    }
    return 0;
}

bool chart_state_landmark(struct chart_state *state, bool forward, enum assay_landmark *which,
                          size_t *line)
{
    if (!look_again(state)) {
        return false;
    }
    double from = state->cursor, x;
    if (isnan(from)) {
        from = forward ? -INFINITY : INFINITY;
    }
    if (!assay_chart_landmark(&state->chart, from, forward, ASSAY_LANDMARK_ANY, &x, which)) {
        return false;
    }
    *line = landmark_line(state, from, forward, *which, x);
    state->cursor = x;
    follow_cursor(state);
    return true;
}

void chart_state_go(struct chart_state *state, double x)
{
    state->cursor = x;
    if (look_again(state)) {
        follow_cursor(state);
    }
}

void chart_state_set_axis(struct chart_state *state, enum assay_axis axis)
{
    double cursor = NAN;
    if (!isnan(state->cursor) && look_again(state)) {
        for (size_t i = 0; i < state->count && isnan(cursor); i++) {
            struct assay_reading reading = assay_chart_read(&state->chart, i, state->cursor);
            if (reading.found && state->sources[i].series) {
                cursor = assay_point_x(&reading.point, axis,
                                       assay_series_origin(state->sources[i].series));
            }
        }
    }
    state->axis = axis;
    state->cursor = cursor;
    chart_state_zoom_all(state);
}

bool chart_state_read(const struct chart_state *state, size_t index, double *shown,
                      struct assay_point *raw, bool *away)
{
    if (!state->drawable || isnan(state->cursor) || !state->sources[index].series) {
        return false;
    }
    struct assay_chart runs = state->chart;
    runs.lines = state->lines;
    runs.line_count = state->count;
    struct assay_reading reading = assay_chart_read(&runs, index, state->cursor);
    if (!reading.found) {
        return false;
    }
    double units =
        assay_scale_to_unit(reading.x, state->chart.x_min, state->chart.x_max, state->log_x) -
        assay_scale_to_unit(state->cursor, state->chart.x_min, state->chart.x_max,
                            state->log_x);
    *away = fabs(units) > 0.01;
    *shown = reading.point.value;
    *raw = reading.point;
    if (state->lines[index].faint) {
        struct assay_chart_line line = {.series = state->sources[index].series};
        struct assay_chart chart = state->chart;
        chart.lines = &line;
        chart.line_count = 1;
        reading = assay_chart_read(&chart, 0, state->cursor);
        if (reading.found) {
            *raw = reading.point;
        }
    }
    return true;
}

/* ---- words ---- */

const char *chart_axis_name(enum assay_axis axis)
{
    switch (axis) {
    case ASSAY_AXIS_TIME:
        return "wall time";
    case ASSAY_AXIS_RELATIVE:
        return "time since start";
    case ASSAY_AXIS_STEP:
        break;
    }
    return "step";
}

void chart_x_text(char *out, size_t capacity, enum assay_axis axis, double x, double span)
{
    char text[40];
    switch (axis) {
    case ASSAY_AXIS_TIME:
        snprintf(out, capacity, "%s", assay_time_text(text, (int64_t)x));
        if (span < FRACTION_SPAN_MS) {
            size_t length = strlen(out);
            snprintf(out + length, capacity - length, ".%03d", (int)((int64_t)x % 1000));
        }
        return;
    case ASSAY_AXIS_RELATIVE:
        snprintf(out, capacity, "%s", assay_duration_text(text, (int64_t)(x * 1000)));
        return;
    case ASSAY_AXIS_STEP:
        snprintf(out, capacity, "step %s%s", x < 0 ? "-" : "",
                 assay_count_text(text, (uint64_t)fabs(x)));
        return;
    }
}

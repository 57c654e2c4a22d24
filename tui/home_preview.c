/*
 * The charts below the runs table: the marked runs together, or the one under the cursor.
 */
#include "home.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define METRICS_MAX 2000

static void add_metric(struct home *home, const char *name)
{
    for (size_t i = 0; i < home->metric_count; i++) {
        if (strcmp(home->metrics[i], name) == 0) {
            return;
        }
    }
    home->metrics =
        assay_realloc_array(home->metrics, home->metric_count + 1, sizeof *home->metrics);
    home->metrics[home->metric_count++] = assay_strdup(name);
}

void home_metrics_collect(struct home *home)
{
    const char *names[RUN_COLUMNS_MAX];
    for (size_t i = 0; i < home->metric_count; i++) {
        free(home->metrics[i]);
    }
    home->metric_count = home->metric_at = 0;
    home->metrics_whole = false;
    size_t count = run_columns_metrics(&home->columns, names, RUN_COLUMNS_MAX);
    for (size_t i = 0; i < count; i++) {
        add_metric(home, names[i]);
    }
}

void home_metrics_whole(struct home *home)
{
    const char **all = NULL;
    if (home->metrics_whole) {
        return;
    }
    home->metrics_whole = true;
    size_t count =
        assay_catalog_keys(home->app->catalog, home->list.experiment, ASSAY_FIELD_METRIC, &all);
    for (size_t i = 0; i < count && i < METRICS_MAX; i++) {
        add_metric(home, all[i]);
    }
    free((void *)all);
}

void home_next_metric(struct home *home, int delta, const char *name)
{
    home_metrics_whole(home);
    if (home->metric_count == 0) {
        app_say(home->app, "there are no metrics here");
        return;
    }
    for (size_t i = 0; *name && i < home->metric_count; i++) {
        if (strcmp(home->metrics[i], name) == 0) {
            home->metric_at = i;
            return;
        }
    }
    if (*name) {
        app_say(home->app, "no run here has a metric of that name");
        return;
    }
    home->metric_at =
        (home->metric_at + home->metric_count + (size_t)(long)delta) % home->metric_count;
}

/* The metric's name and, as far as there is room, each line's last value. */
static void draw_title(const struct chart_state *state, struct area line)
{
    char text[200];
    int width = line.rect.width;
    assay_text_clean_to(text, sizeof text, state->metric);
    int name = assay_text_width(text);
    name = name < width / 2 ? name : width / 2;
    draw_field(line, 1, 0, name, ALIGN_LEFT, ROLE_TITLE, text);
    int x = name + 4;
    for (size_t i = 0; i < state->count; i++) {
        const struct chart_source *source = &state->sources[i];
        char value[32] = "";
        if (source->series) {
            assay_number_short(value, source->last, 5);
        }
        int label = assay_text_width(source->label);
        label = label < 24 ? label : 24;
        int wide = 2 + label + 2 + assay_text_width(value);
        if (x + wide + (i + 1 < state->count ? 5 : 0) > width) {
            draw_format(line, x, 0, ROLE_DIM, "+%zu", state->count - i);
            return;
        }
        draw_text(line, x, 0, chart_role(source->color), chart_dot(&line, source->color));
        draw_field(line, x + 2, 0, label, ALIGN_LEFT, ROLE_NORMAL, source->label);
        draw_text(line, x + 2 + label + 2, 0,
                  isfinite(source->last) ? ROLE_STRONG : ROLE_FAILED, value);
        x += wide + 3;
    }
}

static void follow(struct home *home, struct chart_state *state, const char *metric)
{
    const struct marks *marks = &home->app->marks;
    uint32_t run = home_run(home);
    int first = 0;
    chart_state_set_metric(state, metric);
    if (marks->count > 0) {
        chart_state_set_runs(state, marks->runs, marks->colors, marks->count);
    } else {
        chart_state_set_runs(state, &run, &first, run == ASSAY_NONE ? 0 : 1);
    }
    chart_state_update(state);
}

static void draw_one(struct home *home, size_t which, const char *metric, struct area area)
{
    struct chart_state *state = &home->charts[which];
    follow(home, state, metric);
    draw_title(state, area_row(area, 0));
    chart_widget_draw(&home->widgets[which], home->app, state,
                      area_part(area, 0, 1, area.rect.width, area.rect.height - 1), (int)which);
}

/* The metrics to show, from the chosen one on. Of a single run only those it has: a chart that
   says "no such metric" says nothing. */
static size_t choose(struct home *home, const char **names, size_t capacity)
{
    const struct assay_attrs *attrs =
        home->app->marks.count ? NULL : assay_catalog_attrs(home->app->catalog, home_run(home));
    size_t count = 0;
    for (size_t i = 0; i < home->metric_count && count < capacity; i++) {
        const char *name = home->metrics[(home->metric_at + i) % home->metric_count];
        if (!attrs || assay_attrs_metric(attrs, name)) {
            names[count++] = name;
        }
    }
    if (attrs && count == 0 && attrs->metric_count > 0) {
        names[count++] = attrs->metrics[0].key;
    }
    return count;
}

void home_preview_draw(struct home *home, struct area area)
{
    int width = area.rect.width, height = area.rect.height;
    const char *names[HOME_CHARTS];
    home->preview_rect = area.rect;
    if (home_run(home) == ASSAY_NONE && home->app->marks.count == 0) {
        return;
    }
    if (home->metric_count == 0) {
        home_metrics_whole(home);
        home->metrics_whole = home->metric_count > 0; /* else it is asked again */
    }
    size_t charts = choose(home, names, width >= 100 ? HOME_CHARTS : 1);
    if (charts == 0) {
        draw_field(area, 0, height / 2, width, ALIGN_CENTER, ROLE_DIM,
                   "this run has no metrics");
        return;
    }
    int each = (width - (int)charts + 1) / (int)charts;
    for (size_t i = 0; i < charts; i++) {
        draw_one(home, i, names[i], area_part(area, (int)i * (each + 1), 0, each, height));
    }
}

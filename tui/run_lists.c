/*
 * The tabs of the run screen that are tables: metrics, with the chart of the one under the
 * cursor; params and tags, with the whole of a long value below.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "run_view.h"

#define DIGITS      5
#define DETAIL_ROWS 4
#define CHART_FROM  100 /* columns from which on the chart stands beside the list */

const struct assay_attrs *run_attrs(const struct run_view *view)
{
    return assay_catalog_attrs(view->app->catalog, view->run);
}

static size_t key_count(const struct run_view *view, const struct assay_attrs *attrs)
{
    switch (view->tab) {
    case RUN_METRICS:
        return attrs->metric_count;
    case RUN_PARAMS:
        return attrs->param_count;
    case RUN_TAGS:
        return attrs->tag_count;
    default:
        return 0;
    }
}

static const struct assay_pair *pair_at(const struct run_view *view,
                                        const struct assay_attrs *attrs, size_t at)
{
    return view->tab == RUN_PARAMS ? &attrs->params[at] : &attrs->tags[at];
}

void run_list_rows(struct run_view *view)
{
    const struct assay_attrs *attrs = run_attrs(view);
    size_t count = key_count(view, attrs);
    const char *pattern = view->filter.text;
    ASSAY_GROW(view->shown, view->shown_capacity, count + 1);
    view->shown_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool fits;
        if (view->tab == RUN_METRICS) {
            fits = assay_text_contains(attrs->metrics[i].key, pattern);
        } else {
            const struct assay_pair *pair = pair_at(view, attrs, i);
            fits = assay_text_contains(pair->key, pattern) ||
                   assay_text_contains(pair->value, pattern);
        }
        if (fits) {
            view->shown[view->shown_count++] = i;
        }
    }
}

const char *run_metric(struct run_view *view)
{
    const struct assay_attrs *attrs = run_attrs(view);
    size_t at = view->tables[RUN_METRICS].list.cursor;
    if (view->tab != RUN_METRICS || at >= view->shown_count ||
        view->shown[at] >= attrs->metric_count) {
        return NULL;
    }
    return attrs->metrics[view->shown[at]].key;
}

void run_select_metric(struct run_view *view, const char *metric)
{
    const struct assay_attrs *attrs = run_attrs(view);
    run_list_rows(view);
    for (size_t i = 0; i < view->shown_count; i++) {
        if (strcmp(attrs->metrics[view->shown[i]].key, metric) == 0) {
            view->tables[RUN_METRICS].list.cursor = i;
        }
    }
}

/* ---- metrics ---- */

static void put_number(struct table_cell *out, double value)
{
    char text[32];
    snprintf(out->text, sizeof out->text, "%s", assay_number_short(text, value, DIGITS));
    out->number = isfinite(value);
    out->role = isfinite(value) ? ROLE_NORMAL : ROLE_FAILED;
}

static void metric_cell(void *context, size_t row, size_t column, struct table_cell *out)
{
    struct run_view *view = context;
    const struct assay_metric *metric = &run_attrs(view)->metrics[view->shown[row]];
    const struct assay_summary *summary = &metric->summary;
    int direction = assay_metric_direction(metric->key);
    char count[32];
    switch (column) {
    case 0:
        assay_text_clean_to(out->text, sizeof out->text, metric->key);
        break;
    case 1:
        put_number(out, summary->last);
        break;
    case 2:
        if (direction && summary->n > 0) {
            put_number(out, direction < 0 ? summary->min : summary->max);
        }
        break;
    case 3:
        if (summary->n > 0) { /* else a server has not said so yet */
            snprintf(out->text, sizeof out->text, "%s", assay_count_text(count, summary->n));
        }
        out->role = summary->nonfinite ? ROLE_FAILED : ROLE_DIM;
        break;
    default:
        if (summary->n > 0) {
            put_number(out, column == 4 ? summary->min : summary->max);
        }
        out->role = ROLE_DIM;
        break;
    }
}

bool run_filter_draw(struct run_view *view, struct area line)
{
    int x = 1;
    if (!view->filtering && view->filter.length == 0) {
        return false;
    }
    x += draw_text(line, x, 0, ROLE_ACCENT, "/") + 1;
    int room = line.rect.width - x - 2;
    int cursor = prompt_draw(&view->filter, line, x, 0, room, 0, NULL);
    if (view->filtering) {
        term_cursor(view->app->term, line.rect.x + cursor, line.rect.y);
    }
    return true;
}

size_t run_table(const struct run_view *view)
{
    return view->tab < RUN_LISTS     ? (size_t)view->tab
           : view->tab == RUN_MODELS ? RUN_LISTS
           : view->tab == RUN_TRACES ? RUN_LISTS + 1
                                     : RUN_TABLES;
}

void run_table_draw(struct run_view *view, struct area area,
                    void (*cell)(void *, size_t, size_t, struct table_cell *), size_t columns,
                    const char *empty)
{
    size_t table = run_table(view);
    int top = view->filtering || view->filter.length ? 1 : 0;
    struct area below = area_part(area, 0, top, area.rect.width, area.rect.height - top);
    struct table_rows rows = {.context = view, .count = view->shown_count, .cell = cell};
    struct table_look look = {
        .focus = true,
        .sorted = SIZE_MAX,
        .margin = 3,
        .empty = view->filter.length ? "nothing matches" : empty,
    };
    run_filter_draw(view, area_row(area, 0));
    view->list_rect = below.rect;
    table_draw(&view->tables[table], below, view->headings[table], columns, &rows, &look);
}

static void metric_headings(struct table_column *headings, int width)
{
    static const char *const titles[] = {"METRIC", "LAST", "BEST", "POINTS", "MIN", "MAX"};
    for (size_t i = 0; i < ASSAY_COUNT(titles); i++) {
        snprintf(headings[i].title, sizeof headings[i].title, "%s", titles[i]);
        headings[i].right = i > 0;
        headings[i].most = i > 0 ? 14 : width / 2;
    }
}

static void draw_metric_chart(struct run_view *view, struct area area)
{
    const char *metric = run_metric(view);
    int color = marks_color(&view->app->marks, view->run);
    char title[CHART_METRIC_SIZE];
    color = color >= 0 ? color : 0;
    chart_state_set_runs(&view->chart, &view->run, &color, 1);
    chart_state_set_metric(&view->chart, metric ? metric : "");
    chart_state_update(&view->chart);
    assay_text_clean_to(title, sizeof title, view->chart.metric);
    int x = 1 + draw_text(area, 1, 0, ROLE_TITLE, title) + 3;
    if (view->chart.drawable) {
        char points[32];
        x += draw_format(area, x, 0, ROLE_DIM, "%s %s",
                         assay_count_text(points, view->chart.info.total),
                         view->chart.info.total == 1 ? "point" : "points");
        if (chart_state_incomplete(&view->chart)) {
            draw_text(area, x, 0, ROLE_WARNING, ", incomplete: the source is damaged");
        }
    }
    chart_widget_draw(&view->widget, view->app, &view->chart,
                      area_part(area, 0, 1, area.rect.width, area.rect.height - 1), 0);
}

void run_metrics_draw(struct run_view *view, struct area area)
{
    int width = area.rect.width, height = area.rect.height;
    run_list_rows(view);
    struct table_column *headings = view->headings[RUN_METRICS];
    if (width >= CHART_FROM) {
        int list = width * 2 / 5;
        metric_headings(headings, list);
        run_table_draw(view, area_part(area, 0, 0, list, height), metric_cell, 6,
                       "this run has no metrics");
        draw_vline(area, list, 0, height, ROLE_BORDER);
        draw_metric_chart(view, area_part(area, list + 1, 0, width - list - 1, height));
        return;
    }
    metric_headings(headings, width);
    int chart = height >= 14 ? height * 3 / 5 : 0;
    run_table_draw(view, area_part(area, 0, 0, width, height - chart), metric_cell, 6,
                   "this run has no metrics");
    if (chart > 0) {
        draw_hline(area, 0, height - chart, width, ROLE_BORDER);
        draw_metric_chart(view, area_part(area, 0, height - chart + 1, width, chart - 1));
    }
}

/* ---- params and tags ---- */

static void pair_cell(void *context, size_t row, size_t column, struct table_cell *out)
{
    struct run_view *view = context;
    const struct assay_pair *pair = pair_at(view, run_attrs(view), view->shown[row]);
    assay_text_clean_to(out->text, sizeof out->text, column == 0 ? pair->key : pair->value);
    out->role = column == 0 ? ROLE_DIM : ROLE_NORMAL;
}

static void draw_value(struct run_view *view, struct area area)
{
    size_t at = view->tables[view->tab].list.cursor;
    if (at >= view->shown_count) {
        return;
    }
    const struct assay_pair *pair = pair_at(view, run_attrs(view), view->shown[at]);
    struct assay_buf text = {.limit = 16384};
    size_t length = strlen(pair->value);
    assay_text_clean(&text, pair->value, length < 4096 ? length : 4096);
    draw_wrapped(area, 3, 0, area.rect.width - 6, area.rect.height, ROLE_NORMAL,
                 assay_buf_text(&text));
    assay_buf_free(&text);
}

const char *run_pair_value(struct run_view *view)
{
    size_t at = view->tables[view->tab].list.cursor;
    return at < view->shown_count ? pair_at(view, run_attrs(view), view->shown[at])->value
                                  : NULL;
}

void run_pairs_draw(struct run_view *view, struct area area)
{
    int width = area.rect.width, height = area.rect.height;
    struct table_column *headings = view->headings[view->tab];
    bool params = view->tab == RUN_PARAMS;
    run_list_rows(view);
    snprintf(headings[0].title, sizeof headings[0].title, "%s", params ? "PARAM" : "TAG");
    snprintf(headings[1].title, sizeof headings[1].title, "VALUE");
    headings[0].most = width / 2 - 4;
    headings[1].most = width - 10;
    int detail = height >= 12 ? DETAIL_ROWS : 0;
    run_table_draw(view, area_part(area, 0, 0, width, height - detail), pair_cell, 2,
                   params ? "this run has no params" : "this run has no tags");
    if (detail) {
        draw_hline(area, 0, height - detail, width, ROLE_BORDER);
        draw_value(view, area_part(area, 0, height - detail + 1, width, detail - 1));
    }
}

/*
 * The system tab of the run screen: what the machine did meanwhile, one small chart a metric
 * under "system/" (as MLflow names them) or "system." (as W&B does), on one axis of time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "run_view.h"

#define TILE_WIDTH  38 /* the least at which axes are still readable */
#define TILE_HEIGHT 9
#define PREFIX      7

struct run_system {
    struct chart_state charts[SYSTEM_TILES];
    struct chart_widget widgets[SYSTEM_TILES];
    struct rect rects[SYSTEM_TILES];
    size_t shown, first; /* tiles on the screen; the metric of the first */
};

static bool of_system(const char *metric)
{
    return strncmp(metric, "system/", PREFIX) == 0 || strncmp(metric, "system.", PREFIX) == 0;
}

size_t run_system_count(const struct run_view *view)
{
    const struct assay_attrs *attrs = run_attrs(view);
    size_t count = 0;
    for (size_t i = 0; i < attrs->metric_count; i++) {
        count += of_system(attrs->metrics[i].key);
    }
    return count;
}

const char *run_system_metric(const struct run_view *view, size_t at)
{
    const struct assay_attrs *attrs = run_attrs(view);
    for (size_t i = 0; i < attrs->metric_count; i++) {
        if (of_system(attrs->metrics[i].key) && at-- == 0) {
            return attrs->metrics[i].key;
        }
    }
    return NULL;
}

void run_system_free(struct run_view *view)
{
    for (size_t i = 0; view->system && i < SYSTEM_TILES; i++) {
        chart_state_free(&view->system->charts[i]);
        chart_widget_free(&view->system->widgets[i]);
    }
    free(view->system);
    view->system = NULL;
}

static struct run_system *system_of(struct run_view *view)
{
    if (!view->system) {
        view->system = assay_alloc(sizeof *view->system);
        for (size_t i = 0; i < SYSTEM_TILES; i++) {
            chart_state_init(&view->system->charts[i], view->app->session);
            view->system->charts[i].axis = ASSAY_AXIS_RELATIVE;
        }
    }
    return view->system;
}

static void draw_tile(struct run_view *view, size_t tile, const char *metric, struct area area,
                      bool here)
{
    struct chart_state *chart = &view->system->charts[tile];
    int color = marks_color(&view->app->marks, view->run);
    char name[CHART_METRIC_SIZE], last[32];
    color = color >= 0 ? color : 0;
    chart_state_set_runs(chart, &view->run, &color, 1);
    chart_state_set_metric(chart, metric);
    chart_state_update(chart);
    assay_text_clean_to(name, sizeof name, metric + PREFIX);
    struct area head = area_part(area, 0, 0, area.rect.width - 1, 1);
    if (here) {
        head = area_under(head, ROLE_HERE);
        draw_clear(head);
    }
    int x = 1 + draw_text(head, 1, 0, ROLE_TITLE, name) + 2;
    const struct assay_metric *of = assay_attrs_metric(run_attrs(view), metric);
    if (of) {
        draw_text(head, x, 0, ROLE_NORMAL, assay_number_short(last, of->summary.last, 4));
    }
    chart_widget_draw(&view->system->widgets[tile], view->app, chart,
                      area_part(area, 0, 1, area.rect.width - 1, area.rect.height - 2),
                      (int)tile);
}

void run_system_draw(struct run_view *view, struct area area)
{
    size_t count = run_system_count(view);
    int width = area.rect.width, height = area.rect.height;
    if (count == 0) {
        draw_text(area, 3, 1, ROLE_DIM,
                  "no system metrics were logged with this run (metrics named system/...)");
        return;
    }
    struct run_system *system = system_of(view);
    int columns = width / TILE_WIDTH > 0 ? width / TILE_WIDTH : 1;
    int rows = height / TILE_HEIGHT > 0 ? height / TILE_HEIGHT : 1;
    columns = columns < (int)count ? columns : (int)count;
    while (rows > 1 && (rows - 1) * columns >= (int)count) {
        rows--;
    }
    while (columns * rows > SYSTEM_TILES) {
        rows > columns ? rows-- : columns--;
    }
    size_t tiles = (size_t)(columns * rows);
    view->list.cursor = view->list.cursor < count ? view->list.cursor : count - 1;
    system->first = view->list.cursor / tiles * tiles;
    system->shown = 0;
    for (size_t i = 0; i < tiles && system->first + i < count; i++) {
        int x = (int)i % columns * (width / columns), y = (int)i / columns * (height / rows);
        struct area tile = area_part(area, x, y, width / columns, height / rows);
        system->rects[i] = tile.rect;
        system->shown++;
        draw_tile(view, i, run_system_metric(view, system->first + i), tile,
                  system->first + i == view->list.cursor);
    }
    view->system_columns = columns;
}

bool run_system_hit(struct run_view *view, int x, int y, size_t *metric)
{
    for (size_t i = 0; view->system && i < view->system->shown; i++) {
        if (rect_contains(view->system->rects[i], x, y)) {
            *metric = view->system->first + i;
            return true;
        }
    }
    return false;
}

bool run_system_command(struct run_view *view, enum command_id id)
{
    size_t count = run_system_count(view);
    long by = id == CMD_RIGHT  ? 1
              : id == CMD_LEFT ? -1
              : id == CMD_DOWN ? view->system_columns
              : id == CMD_UP   ? -view->system_columns
                               : 0;
    if (by == 0) {
        return list_command(&view->list, count, id);
    }
    if ((id == CMD_LEFT && view->list.cursor == 0) ||
        (id == CMD_RIGHT && view->list.cursor + 1 >= count)) {
        return false; /* on to the next tab */
    }
    list_move(&view->list, count, by);
    return true;
}

/*
 * The course of the charted metric in the room that the columns of the runs table leave free:
 * what fell, what rose, what broke off, row by row. Drawn for home_table.c after the table.
 *
 * It never costs a column its place. Long series would have to be kept in memory for every row
 * in sight, and a server would be asked for each: those rows stay without.
 */
#include "home.h"

#include <assay/text.h>

#define WIDTH_MIN  8
#define WIDTH_MAX  20
#define POINTS_MAX 20000

/* Where the columns end, or 0 where not all of them are in sight. */
static int columns_end(const struct home *home)
{
    int end = 0;
    for (size_t i = 0; i < home->columns.count; i++) {
        const struct table_column *column = &home->headings[i];
        if (column->shown_width == 0) {
            return 0;
        }
        int right = column->shown_x + column->shown_width;
        end = right > end ? right : end;
    }
    return end;
}

static struct assay_series *short_series(struct home *home, uint32_t run, const char *name)
{
    struct assay_catalog *catalog = home->app->catalog;
    struct assay_server server;
    enum assay_load load;
    const struct assay_metric *metric =
        assay_attrs_metric(assay_catalog_attrs(catalog, run), name);
    if (!metric || metric->summary.n < 2 || metric->summary.n > POINTS_MAX ||
        assay_session_server(home->app->session, assay_catalog_run(catalog, run)->source,
                             &server)) {
        return NULL;
    }
    return assay_session_series(home->app->session, run, name, &load);
}

void home_sparks_draw(struct home *home, struct area area)
{
    const struct list *list = &home->table.list;
    int x = columns_end(home) + 3, room = area.rect.width - 2 - x;
    if (x == 3 || room < WIDTH_MIN || home->metric_count == 0) {
        return;
    }
    if (!home->sparks_due) { /* the first frame does not wait for this */
        home->sparks_due = true;
        app_draw_in(home->app, 20);
        return;
    }
    const char *metric = home->metrics[home->metric_at];
    char title[200];
    int width = room < WIDTH_MAX ? room : WIDTH_MAX;
    assay_text_clean_to(title, sizeof title, metric);
    struct assay_buf spark = {0};
    bool any = false;
    for (int y = 1; y < area.rect.height && list->top + (size_t)y - 1 < home->list.count; y++) {
        size_t at = list->top + (size_t)y - 1;
        struct area row = area_row(area, y);
        struct assay_series *series = short_series(home, home->list.rows[at], metric);
        int color = marks_color(&home->app->marks, home->list.rows[at]);
        if (!series) {
            continue;
        }
        if (at == list->cursor) {
            row = area_under(row, home->focus == HOME_TABLE ? ROLE_HERE : ROLE_HERE_IDLE);
        }
        any = true;
        assay_buf_reset(&spark);
        assay_sparkline(series, width, row.canvas->ascii, &spark);
        draw_text(row, x, 0, color >= 0 ? chart_role(color) : ROLE_DIM, assay_buf_text(&spark));
    }
    assay_buf_free(&spark);
    if (any) {
        draw_field(area, x, 0, width, ALIGN_LEFT, ROLE_DIM, title);
    }
}

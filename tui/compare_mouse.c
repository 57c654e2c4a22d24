/*
 * The mouse on the pages over a comparison's table (compare_view.h). Whoever draws a figure
 * says what stands where in it; a click anywhere in it means what is nearest.
 */
#include "compare_view.h"

#include <math.h>
#include <stdlib.h>

#include <assay/memory.h>

#define WHEEL  3
#define ASPECT 2 /* a cell is about twice as high as it is wide */

void compare_spots_clear(struct compare_view *view)
{
    view->spots.plot = view->spots.lines = (struct rect){0};
    view->spots.count = 0;
}

void compare_spots_figure(struct compare_view *view, struct rect plot, double rows)
{
    view->spots.plot = plot;
    view->spots.rows = rows;
}

void compare_spots_lines(struct compare_view *view, struct rect lines)
{
    view->spots.lines = lines;
}

void compare_spot_add(struct compare_view *view, double x, double y, size_t item)
{
    struct compare_spots *spots = &view->spots;
    ASSAY_GROW(spots->items, spots->capacity, spots->count + 1);
    spots->items[spots->count++] =
        (struct compare_spot){.x = spots->plot.x + x * spots->plot.width,
                              .y = spots->plot.y + (1 - y) * spots->rows,
                              .item = item};
}

/* The nearest to the middle of a cell; of equally near ones the first. NULL: there is none. */
static const struct compare_spot *nearest(const struct compare_spots *spots, int x, int y)
{
    const struct compare_spot *found = NULL;
    double least = INFINITY;
    for (size_t i = 0; i < spots->count; i++) {
        const struct compare_spot *spot = &spots->items[i];
        double across = x + 0.5 - spot->x;
        double along = isnan(spot->y) ? 0 : (y + 0.5 - spot->y) * ASPECT;
        double far = across * across + along * along;
        if (far < least) {
            least = far;
            found = spot;
        }
    }
    return found;
}

static void click_figure(struct compare_view *view, int x, int y)
{
    const struct compare_spots *spots = &view->spots;
    const struct compare_spot *spot = nearest(spots, x, y);
    if (!spot) {
        return;
    }
    if (view->page == COMPARE_PARALLEL) {
        compare_parallel_click(view, spot->item, 1 - (y + 0.5 - spots->plot.y) / spots->rows);
    } else if (view->page == COMPARE_FRONT) {
        compare_front_click(view, spot->item);
    } else if (view->page == COMPARE_FACTORS) {
        compare_factors_click(view, spot->item);
    }
}

/* Heads and words above the params are no rows to go to. */
static bool is_row(const struct compare_view *view, size_t row)
{
    return view->page != COMPARE_FACTORS || view->lines[row].factor != SIZE_MAX;
}

void compare_page_mouse(struct compare_view *view, const struct event *event)
{
    const struct compare_spots *spots = &view->spots;
    bool wheel = event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN;
    size_t row;
    if (rect_contains(spots->lines, event->x, event->y)) {
        if (wheel) {
            list_scroll(&view->page_list, view->line_count,
                        event->action == MOUSE_WHEEL_UP ? -WHEEL : WHEEL);
        } else if (event->action == MOUSE_PRESS &&
                   list_hit(&view->page_list, view->line_count, event->y - spots->lines.y,
                            &row) &&
                   is_row(view, row)) {
            view->page_list.cursor = row;
        }
    } else if (event->action == MOUSE_PRESS && rect_contains(spots->plot, event->x, event->y)) {
        click_figure(view, event->x, event->y);
    }
}

/*
 * A cursor and a scroll position (widget_list.h), for every list of the workbench.
 */
#include "widget_list.h"

void list_fit(struct list *list, size_t count, int height)
{
    size_t rows = height > 0 ? (size_t)height : 1;
    list->height = (int)rows;
    if (list->cursor >= count) {
        list->cursor = count ? count - 1 : 0;
    }
    if (list->top > list->cursor) {
        list->top = list->cursor;
    }
    if (list->cursor - list->top >= rows) {
        list->top = list->cursor - rows + 1;
    }
    size_t last = count > rows ? count - rows : 0;
    if (list->top > last) {
        list->top = last;
    }
}

static size_t moved(size_t at, size_t count, long delta)
{
    if (delta < 0) {
        size_t back = (size_t)-delta;
        return back > at ? 0 : at - back;
    }
    size_t to = at + (size_t)delta;
    return to >= count ? (count ? count - 1 : 0) : to;
}

void list_move(struct list *list, size_t count, long delta)
{
    list->cursor = moved(list->cursor, count, delta);
    list_fit(list, count, list->height);
}

void list_scroll(struct list *list, size_t count, long delta)
{
    size_t rows = (size_t)(list->height > 0 ? list->height : 1);
    size_t last = count > rows ? count - rows : 0;
    list->top = moved(list->top, last + 1, delta);
    if (list->cursor < list->top) {
        list->cursor = list->top;
    }
    if (list->cursor >= list->top + rows) {
        list->cursor = list->top + rows - 1;
    }
    list_fit(list, count, list->height);
}

bool list_command(struct list *list, size_t count, enum command_id id)
{
    long page = list->height > 2 ? list->height - 1 : 1;
    switch (id) {
    case CMD_DOWN:
        list_move(list, count, 1);
        return true;
    case CMD_UP:
        list_move(list, count, -1);
        return true;
    case CMD_PAGE_DOWN:
        list_move(list, count, page);
        return true;
    case CMD_PAGE_UP:
        list_move(list, count, -page);
        return true;
    case CMD_TOP:
        list->cursor = 0;
        list_fit(list, count, list->height);
        return true;
    case CMD_BOTTOM:
        list->cursor = count ? count - 1 : 0;
        list_fit(list, count, list->height);
        return true;
    default:
        return false;
    }
}

bool list_hit(const struct list *list, size_t count, int y, size_t *row)
{
    if (y < 0 || y >= list->height || list->top + (size_t)y >= count) {
        return false;
    }
    *row = list->top + (size_t)y;
    return true;
}

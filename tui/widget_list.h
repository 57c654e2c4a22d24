/*
 * A cursor and a scroll position over any rows. Knows nothing of what the rows are: their
 * number and the height of the window are told each time.
 */
#ifndef TUI_WIDGET_LIST_H
#define TUI_WIDGET_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"

struct list {
    size_t cursor, top;
    int height; /* rows shown at the last list_fit() */
};

/* Brings cursor and scroll into COUNT rows of which HEIGHT are shown. */
void list_fit(struct list *list, size_t count, int height);
/* Moves by DELTA rows. */
void list_move(struct list *list, size_t count, long delta);
/* Scrolls by DELTA rows; the cursor comes along only where it would leave the window. */
void list_scroll(struct list *list, size_t count, long delta);
/* Does the commands of moving (up, down, pages, top, bottom); false where ID is none of them.
 */
bool list_command(struct list *list, size_t count, enum command_id id);
/* The row under line Y of the window; false where there is none. */
bool list_hit(const struct list *list, size_t count, int y, size_t *row);

#endif

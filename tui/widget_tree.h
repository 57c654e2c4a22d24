/*
 * A tree, as the rows it shows now: the owner keeps what is open and builds the rows; this
 * draws them.
 */
#ifndef TUI_WIDGET_TREE_H
#define TUI_WIDGET_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "draw.h"
#include "widget_list.h"

struct tree_row {
    int depth;
    bool branch, open; /* it has rows below; they are shown */
    enum role role;    /* of its text */
    char text[160];    /* clean */
    char note[24];     /* against the right edge, dim: a count, a size */
    int kind;          /* the owner's own */
    uint32_t index;
};

struct tree {
    struct list list;
    struct tree_row *rows;
    size_t count, capacity;
};

void tree_free(struct tree *tree);
void tree_clear(struct tree *tree); /* no rows; cursor and scroll stay */
struct tree_row *tree_add(struct tree *tree);
/* The row under the cursor; NULL where there is none. */
struct tree_row *tree_row(struct tree *tree);
/* CURRENT (or -1) is the row marked as the one looked at. */
void tree_draw(struct tree *tree, struct area area, bool focus, long current);

#endif

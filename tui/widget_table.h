/*
 * A table: columns with headings, rows asked for one by one as they come into sight, numbers
 * aligned on their point, the first column always in sight. Widths grow with what was seen and
 * never shrink, so nothing moves while one scrolls.
 */
#ifndef TUI_WIDGET_TABLE_H
#define TUI_WIDGET_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "draw.h"
#include "widget_list.h"

#define TABLE_COLUMNS 64

struct table_cell {
    char text[160]; /* clean */
    enum role role;
    bool number;   /* the text is one, as somebody wrote it: aligned on its point */
    bool measured; /* `value` is shown, with as many decimals as its column has */
    double value;
    int before, after; /* cells before the point and from it on; set by the table */
};

struct table_column { /* kept by the owner; widths are kept up by the table */
    char title[48];
    bool right;      /* numbers, or text against the right edge */
    bool rest;       /* the last: cut to what the line has left rather than left out */
    int width, most; /* cells; never wider than `most` (0: 24) */
    int before, after;
    double largest; /* of the measured values seen, but for those far above the rest */
    bool fractions; /* one of them is no integer */
    int shown_x, shown_width; /* where it was drawn; width 0: not in sight */
};

struct table {
    struct list list;
    size_t left;              /* the first of the columns after the fixed one */
    size_t column;            /* under the cursor */
    struct table_cell *cells; /* of the rows in sight */
    size_t cells_capacity;
};

struct table_look {
    bool focus;
    bool no_header;
    bool pick_column; /* the heading under the column cursor is marked */
    size_t sorted;    /* the column in whose order the rows are; SIZE_MAX none */
    bool descending;
    int margin;        /* cells left free before each row, for row_mark() */
    const char *empty; /* what to say where there is no row */
};

struct table_rows {
    void *context;
    size_t count;
    void (*cell)(void *context, size_t row, size_t column, struct table_cell *out);
    /* What stands in the margin of a row; may be NULL. */
    void (*mark)(void *context, size_t row, struct area margin);
};

void table_free(struct table *table);
/* Draws headings and rows into AREA and keeps cursor and scroll in it. */
void table_draw(struct table *table, struct area area, struct table_column *columns,
                size_t column_count, const struct table_rows *rows,
                const struct table_look *look);
/* Moves the column cursor; false at the edge. */
bool table_move_column(struct table *table, size_t column_count, int delta);
/* The column drawn at x; false where none. */
bool table_column_at(const struct table_column *columns, size_t count, int x, size_t *column);

#endif

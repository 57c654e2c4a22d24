/*
 * Drawing on cells. A canvas is a rectangle of character cells in memory; an area is a clipped
 * part of one, with its own origin. Screens draw on areas only; term.c brings the canvas to the
 * terminal and sends what changed. Nothing here knows a terminal, so everything can be tested
 * without one.
 *
 * Text must be UTF-8. Control characters and broken sequences never reach the canvas (they
 * become U+FFFD), but text from outside should still go through assay_text_clean(), which knows
 * more.
 */
#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/chart.h>

#include "theme.h"

struct rect {
    int x, y, width, height; /* in cells */
};
bool rect_empty(struct rect rect);
bool rect_equal(struct rect a, struct rect b);
bool rect_overlap(struct rect a, struct rect b);
bool rect_contains(struct rect rect, int x, int y);
struct rect rect_cut(struct rect a, struct rect b); /* what both share; width 0 where nothing */

struct cell {
    uint32_t code;     /* base character; 0 in the right half of a wide one */
    uint32_t marks[2]; /* combining characters upon it; 0 where none */
    struct style style;
    uint8_t width; /* 1 or 2; 0 in the right half of a wide one */
};
struct canvas {
    int width, height;
    struct cell *cells;        /* row by row; owned */
    const struct theme *theme; /* borrowed: what roles look like */
    bool ascii; /* the terminal shows ASCII only: helpers choose their glyphs so */
};
/* Makes it WIDTH x HEIGHT (each clamped to 0..1000) and blank. */
void canvas_resize(struct canvas *canvas, int width, int height);
void canvas_free(struct canvas *canvas);
/* The cell at x, y; NULL outside. */
const struct cell *canvas_cell(const struct canvas *canvas, int x, int y);

struct area {
    struct canvas *canvas;
    struct rect rect; /* on the canvas; lies wholly in it */
    enum role under;  /* what shines through under the roles drawn here; ROLE_NORMAL at first */
};
struct area area_all(struct canvas *canvas);
/* The part of AREA at x, y (its own coordinates), clipped to it; may be empty. */
struct area area_part(struct area area, int x, int y, int width, int height);
struct area area_row(struct area area, int y); /* one row of it */
/* The same area with another role under what is drawn: a highlighted row is
   area_under(area_row(pane, 3), ROLE_HERE), cleared and drawn as any other. */
struct area area_under(struct area area, enum role under);

/* All coordinates below are the area's own; what falls outside is clipped (a wide character
   that would be cut in half becomes a blank). ROLE may be ROLE_NORMAL for plain text. */

void draw_clear(struct area area); /* blanks in the style of area.under */
/* Returns the cells TEXT takes (also those clipped), so that x + result is where to go on. */
int draw_text(struct area area, int x, int y, enum role role, const char *text);
int draw_format(struct area area, int x, int y, enum role role, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER };
/* TEXT in exactly WIDTH cells: cut with "…" (ASCII "~"), padded with blanks (which take the
   colours of ROLE, but not its underline). */
void draw_field(struct area area, int x, int y, int width, enum align align, enum role role,
                const char *text);
void draw_char(struct area area, int x, int y, enum role role, uint32_t code);
void draw_hline(struct area area, int x, int y, int width, enum role role);
void draw_vline(struct area area, int x, int y, int height, enum role role);
/* A box around the edge of AREA with TITLE (or NULL) in its top line; its inside is cleared.
   Returns the inside. */
struct area draw_box(struct area area, enum role role, const char *title);
/* A horizontal bar of WIDTH cells filled to FRACTION (clamped to 0..1; NaN: empty), in eighths
   of a cell. */
void draw_bar(struct area area, int x, int y, int width, double fraction);
/* A scroll mark in one column: which part of TOTAL rows the HEIGHT rows from FIRST are. Nothing
   is drawn where all are visible. */
void draw_scrollbar(struct area area, int x, int y, int height, size_t first, size_t total);
/* A chart in characters, in the colours of the series. */
void draw_cells(struct area area, int x, int y, const struct assay_cells *cells);
/* Gives WIDTH cells from x, y the look of ROLE above what the area has under it, keeping their
   characters. */
void draw_restyle(struct area area, int x, int y, int width, enum role role);

#endif

/*
 * Text over several rows, broken at blanks where there are any.
 */
#ifndef TUI_DRAW_WRAP_H
#define TUI_DRAW_WRAP_H

#include "draw.h"

/* Draws clean TEXT (its line ends are kept) into WIDTH x HEIGHT cells from x, y; returns the
   rows used. What does not fit is left out. */
int draw_wrapped(struct area area, int x, int y, int width, int height, enum role role,
                 const char *text);

#endif

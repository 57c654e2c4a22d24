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

/* The rows that all of TEXT would take. */
int draw_wrapped_rows(int width, const char *text);

/* Bytes of TEXT[0..length), clean and without line ends, that stand in its first row of WIDTH
 *cells; ADVANCE: how many bytes on the next row begins. */
size_t draw_first_row(const char *text, size_t length, int width, size_t *advance);

#endif

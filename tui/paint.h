/*
 * A whole frame as bytes, for terminals whose sequences are those of xterm: what term.c sends
 * in place of curses where nothing of the screen is known. Pure.
 */
#ifndef TUI_PAINT_H
#define TUI_PAINT_H

#include <wchar.h>

#include <assay/buf.h>

#include "draw.h"

/* Whether a terminal with these capabilities (terminfo's names; NULL where it lacks one) is
   such a one, with 256 colours. */
bool paint_suits(const char *(*capability)(const char *name));

/* What a cell shows (two marks at most upon a character, 0 ends them). */
typedef void (*paint_text_fn)(const void *context, const struct cell *cell, wchar_t text[4]);

/* Appends to OUT what clears a screen of WIDTH x HEIGHT and shows CELLS on it, row by row; the
   cursor and the colours to write with are as before. UTF8: how characters are written, else
   they are ASCII. Colours are those of 256. */
void paint_frame(struct assay_buf *out, const struct cell *cells, int width, int height,
                 bool utf8, paint_text_fn text, const void *context);

#endif

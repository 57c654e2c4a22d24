/*
 * What the two halves of the terminal share: term.c (curses, output, modes) and term_input.c
 * (bytes from the terminal). Nobody else includes this.
 */
#ifndef TUI_TERM_PRIVATE_H
#define TUI_TERM_PRIVATE_H

#include <stdio.h>
#include <termios.h>

#include "capture.h"
#include "term.h"
#include "tmux.h"

#define PAIRS_MAX 2048 /* a power of two; distinct pairs of colours in use */

struct color_pair {
    int16_t fg, bg;
    int number; /* 0: free */
};

struct term {
    struct screen *screen; /* of curses */
    FILE *out_file;
    struct capture capture; /* of what curses writes to out_file */
    int in, out;
    struct termios modes_before;
    bool left; /* the terminal is lent to somebody else */
    bool gone;
    bool no_mouse;
    bool utf8, own_colors, auto_theme;
    bool paints; /* whole frames are written as paint.c does */
    int colors;
    int64_t looked_us;

    struct theme theme;
    bool background_known;
    struct assay_rgb background;        /* the terminal's, as it said */
    struct assay_chart_palette palette; /* the theme's, with the terminal's own background */
    char theme_directory[512];
    char notice[256];

    struct canvas canvas;
    struct cell *shown; /* what curses has been given; code 0: unknown */
    uint8_t *under;     /* by cell: 1 where an image stands */
    bool lost;          /* curses must send everything */
    int cursor_x, cursor_y;
    bool cursor_on;

    struct color_pair pairs[PAIRS_MAX];
    int pair_count;

    struct keys *keys;
    struct graphics *graphics;
    struct tmux_query tmux;
    bool redraw, resized; /* events to give */
};

/* term_input.c: paints charts on the terminal's own background, where the theme suits it; the
   theme that does. */
void term_use_background(struct term *term);
const char *term_auto_theme(const struct term *term);

/* Sends all of BYTES; a terminal that is gone is noted in term->gone. */
void term_write(struct term *term, const void *bytes, size_t length);

#endif

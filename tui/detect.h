/*
 * What the terminal can show, from its own answers. The part of graphics.c that asks and
 * decides; nobody else includes this. Pure.
 */
#ifndef TUI_DETECT_H
#define TUI_DETECT_H

#include "graphics.h"

struct detect_size {
    int width, height; /* pixels; 0 unknown */
};
struct detect {
    bool asked;
    bool answered; /* a DA1 reply has come: all earlier questions are answered, or never will be
                    */
    bool gave_up;
    bool sixel;   /* attribute 4 */
    bool kitty;   /* the kitty query was answered with OK */
    bool sync;    /* DECRQM 2026 said 1 or 2 */
    bool in_tmux; /* by the environment, or the terminal said so itself */
    enum { TMUX_UNASKED, TMUX_CAN, TMUX_CANNOT } tmux;
    int registers;               /* XTSMGRAPHICS; 0 unknown */
    struct detect_size geometry; /* XTSMGRAPHICS: the largest image */
    struct detect_size cell;     /* CSI 16 t */
    struct detect_size area;     /* CSI 14 t: the text area */
    struct detect_size kernel;   /* TIOCGWINSZ */
    int columns, rows;           /* TIOCGWINSZ */
    struct detect_size known;    /* the cell, once the sizes of a window left no doubt */
    bool loose; /* the cell's height is not certain: it may be a pixel too much */
    char terminal[64];
};

/* Appends the questions, DA1 last. AGAIN: only those whose answers change with the size.
   NESTED: none that tmux and screen take for the title of the window. */
void detect_ask(struct detect *detect, bool again, bool nested, struct assay_buf *out);
/* Takes a reply. */
void detect_reply(struct detect *detect, const struct reply *reply);
/* Fills *caps from what is known and what is wished. */
void detect_decide(struct detect *detect, const struct graphics_options *options,
                   struct graphics_caps *caps);

#endif

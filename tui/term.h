/*
 * The terminal. The only file that includes curses (for output: capabilities, modes and the
 * difference between two screens; bytes from the terminal are read and decoded here and in
 * keys.c, since curses' own input cannot keep late replies apart from keys). Screens draw on
 * the canvas and call term_flush(); what is the same as before is not sent.
 *
 * The loop of a program:
 *
 *     term_open(); loop_open(); loop_watch(term_fd()) ...
 *     for (;;) {
 *         while (term_event(term, &event)) handle(event);
 *         draw what changed on term_canvas(), place images; term_flush(term, NULL, NULL);
 *         wake = loop_wait(loop, min(term_deadline(term), own deadline));
 *         if (wake & LOOP_RESIZE) term_resize(term);
 *         if (wake & LOOP_SUSPEND) term_suspend(term);     (also for the key ctrl+z)
 *         if (wake & LOOP_CONTINUE) term_enter(term);
 *         if (wake & LOOP_QUIT) break;
 *         term_input(term);                                (never blocks)
 *     }
 *     term_close();
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include <assay/error.h>

#include "draw.h"
#include "graphics.h"
#include "keys.h"
#include "theme.h"

#define TERM_MIN_COLUMNS 60 /* below this screens say that the terminal is too small */
#define TERM_MIN_ROWS    16

struct term; /* opaque */

struct term_options {
    const char *graphics; /* "auto", "sixel", "kitty", "text"; NULL: $ASSAY_GRAPHICS, auto */
    const char *theme;    /* a theme's name or path; NULL or "auto": dark or light as the
                             terminal's background is, once it has answered; $NO_COLOR: mono */
    const char *theme_directory; /* where the user's own lie; NULL: none */
    int cell_width, cell_height; /* pixels; 0: find out */
    int registers;               /* 0: find out */
    bool no_mouse;
};

/* Takes the terminal of standard input and output. Fails with words for the user where there is
   none. A theme that does not load is no failure: the default is used, and term_notice() says
   so. */
enum assay_status term_open(struct term **out, const struct term_options *options,
                            struct assay_error *err);
/* Gives the terminal back as it was. NULL is fine; a second call does nothing. */
void term_close(struct term **term);
const char *term_notice(const struct term *term); /* "" where there is nothing to say */

/* ---- output ---- */

struct canvas *term_canvas(struct term *term); /* the whole screen; keeps its content */
struct graphics *term_graphics(struct term *term);
const struct theme *term_theme(const struct term *term);
/* Changes the theme at once (colours of what is drawn already do not change by themselves). */
enum assay_status term_set_theme(struct term *term, const char *name, struct assay_error *err);
bool term_ascii(const struct term *term); /* no UTF-8: only ASCII is shown */
/* Shows the blinking cursor at x, y from the next flush on; x < 0 hides it (as it is at first).
 */
void term_cursor(struct term *term, int x, int y);
/* Sends what changed: text, then images. IMAGES_MADE is called with CONTEXT once the text is
   ready, and returns when the pixels of what was placed are; NULL where they are already. It is
   not called while the terminal is left. */
void term_flush(struct term *term, void (*images_made)(void *context), void *context);
/* Forgets what is on the screen: the next flush sends all (^L). */
void term_redraw(struct term *term);
void term_bell(struct term *term);
/* Puts TEXT on the clipboard (OSC 52) where the terminal allows it, which it does not tell.
   False where TEXT is longer than terminals take. */
bool term_copy(struct term *term, const char *text);

/* ---- input ---- */

int term_fd(const struct term *term);     /* readable when there is input */
int term_aux_fd(const struct term *term); /* a second one to watch (changes over time), or -1 */
/* Takes what has arrived and what time has decided. Never blocks. False where the terminal is
 * gone. */
bool term_input(struct term *term);
/* Takes the next event; false where there is none. Never gives EVENT_REPLY. */
bool term_event(struct term *term, struct event *event);
int64_t
term_deadline(const struct term *term); /* when term_input() is wanted; INT64_MAX: never */

/* ---- modes ---- */

/* Looks at the terminal's size; a new one becomes EVENT_RESIZE. */
void term_resize(struct term *term);
/* Gives the terminal back, stops the process as ^Z does, and takes it again when continued. */
void term_suspend(struct term *term);
/* For running another program in the terminal. term_enter() is also the answer to
   LOOP_CONTINUE: somebody stopped the process from outside, and the shell has used the terminal
   since. */
void term_leave(struct term *term);
void term_enter(struct term *term);

#endif

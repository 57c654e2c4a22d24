/*
 * Images in the terminal: which kind it can show, found out without waiting; where they stand;
 * what must be sent so that they appear, move and go away. Knows no curses and writes to no
 * file: it reads replies (keys.h) and appends bytes to buffers, which term.c sends in the right
 * order:
 *
 *     graphics_erase() | the text of the frame | graphics_draw()
 *
 * An image belongs to a rectangle of cells. Nothing else may be drawn there: term.c keeps text
 * of the canvas away from cells of visible images. A box that comes above an image takes it
 * away first (graphics_cover()). Text shows until the terminal has answered that it can do
 * better.
 */
#ifndef TUI_GRAPHICS_H
#define TUI_GRAPHICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/chart.h>

#include "draw.h"
#include "keys.h"

#define GRAPHICS_SLOTS     16
#define GRAPHICS_GIVE_UP_S 10 /* seconds without an answer until the terminal stays in text */

enum graphics_kind { GRAPHICS_TEXT, GRAPHICS_SIXEL, GRAPHICS_KITTY };
enum graphics_wish {
    GRAPHICS_AUTO,
    GRAPHICS_WANT_SIXEL,
    GRAPHICS_WANT_KITTY,
    GRAPHICS_WANT_TEXT
};

struct graphics; /* opaque */

struct graphics_options {
    enum graphics_wish wish;
    bool tmux;   /* inside tmux */
    bool nested; /* inside tmux or screen, here or on another machine */
    bool silent; /* never ask the terminal (one that would print the questions) */
    int cell_width, cell_height; /* override in pixels; 0: find out */
    int registers;               /* override; 0: find out */
};
/* What is known now. */
struct graphics_caps {
    enum graphics_kind kind;
    bool settled;  /* nothing more is expected from the terminal */
    int registers; /* colours an image may use: the raster option of the same name */
    int cell_width, cell_height; /* pixels; 0 unknown */
    int max_width, max_height;   /* of one image as sent; larger ones are sent as tiles */
    bool sync;                   /* synchronized output is understood */
    char terminal[64];           /* its own name and version, clean; "" unknown */
    char why[96];                /* why this kind, in words */
};

struct graphics *graphics_new(const struct graphics_options *options);
void graphics_free(struct graphics **graphics);
const struct graphics_caps *graphics_caps(const struct graphics *graphics);
/* Reads "auto", "sixel", "kitty", "text". */
bool graphics_wish_parse(const char *text, enum graphics_wish *wish);

/* ---- for screens ---- */

/* The size in pixels of an image that fills RECT, whose last row must lie above the last row of
   the screen. False where images cannot be shown there: draw text instead. */
bool graphics_pixels(const struct graphics *graphics, struct rect rect, int *width,
                     int *height);
/* Shows FRAME (of the size graphics_pixels() gave) in RECT from the next flush on. VERSION says
   whether it is the one already there: same slot, rectangle and version costs nothing. FRAME is
   borrowed and must stay as it is until the slot is placed again or hidden. False as above, and
   the slot is then hidden. */
bool graphics_place(struct graphics *graphics, int slot, struct rect rect,
                    const struct assay_frame *frame, uint64_t version);
/* Makes the bytes of what was just placed, so that the flush need not. May be called on another
   thread, for different slots at once, while the screen's thread places and hides others. HANDS
   may be NULL. */
void graphics_encode(struct graphics *graphics, int slot, const struct assay_hands *hands);
void graphics_hide(struct graphics *graphics, int slot);
/* Hides all: a screen that draws itself anew calls this first and then places what it shows;
   what was there before and is placed again unchanged is not sent again. */
void graphics_hide_all(struct graphics *graphics);
/* Hides what shares a cell with RECT (a box is about to be drawn there). True if anything did.
 */
bool graphics_cover(struct graphics *graphics, struct rect rect);
/* False while the terminal is still busy with the last image: rendering a new one now would be
   for nothing (a place is still fine, and is sent once the terminal is ready). */
bool graphics_ready(const struct graphics *graphics);

/* ---- for term.c ---- */

/* Appends the questions. */
void graphics_ask(struct graphics *graphics, struct assay_buf *out, int64_t now_us);
/* The size in cells and pixels (0 unknown) as the kernel has it. True where anything changed.
 */
bool graphics_resized(struct graphics *graphics, int columns, int rows, int pixel_width,
                      int pixel_height);
/* Takes a reply; true where graphics_caps() changed. */
bool graphics_reply(struct graphics *graphics, const struct reply *reply, int64_t now_us);
/* What tmux says its client can ("sixel" among words), where it had to be asked. */
bool graphics_tmux_asks(const struct graphics *graphics);
bool graphics_tmux_reply(struct graphics *graphics, const char *features);
bool graphics_waiting(const struct graphics *graphics);          /* a reply is outstanding */
int64_t graphics_deadline(const struct graphics *graphics);      /* INT64_MAX: none */
bool graphics_expire(struct graphics *graphics, int64_t now_us); /* true as graphics_reply() */
/* Everything on the terminal is lost (cleared, resized, resumed): send all again. */
void graphics_lost(struct graphics *graphics);
/* Whether the next flush has anything to send. */
bool graphics_pending(const struct graphics *graphics);
/* Appends what takes away images that moved, changed size or are hidden. BACKGROUND is a
   sequence that sets the colour the blanks get, "" the terminal's own: cells that an image
   stands in before and after are not written again, and show it below the image's end. */
void graphics_erase(struct graphics *graphics, const char *background, struct assay_buf *out);
/* Appends the images to be shown anew, unless the terminal is still busy with the last ones. */
void graphics_draw(struct graphics *graphics, struct assay_buf *out, int64_t now_us);
/* The rectangles of images that are, or after this flush will be, on the screen; RECTS has room
   for GRAPHICS_SLOTS. Returns how many. */
size_t graphics_rects(const struct graphics *graphics, struct rect *rects);

#endif

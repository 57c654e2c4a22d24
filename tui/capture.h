/*
 * A whole frame in one write. Curses writes at every movement of the cursor: hundreds of times
 * for a full screen, and each time the terminal wakes up and may paint half a frame. While it
 * draws, its descriptor is a file in memory; what lies there then goes out with the rest of the
 * frame. Used by term.c.
 */
#ifndef TUI_CAPTURE_H
#define TUI_CAPTURE_H

#include <assay/buf.h>

struct capture {
    int target;   /* what curses writes to; not owned */
    int terminal; /* what it leads to otherwise */
    int memory;   /* -1: there is none, and curses writes as it likes */
};

void capture_open(struct capture *capture, int target);
void capture_close(struct capture *capture);
void capture_begin(struct capture *capture);
/* Appends what was written since. */
void capture_end(struct capture *capture, struct assay_buf *out);

#endif

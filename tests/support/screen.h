/*
 * A terminal for tests: a program (or a function, in a child process) runs on a pty whose other
 * side is libvterm for text and colours, and a layer of pixels for images: sixels are cut out
 * of the stream, decoded and laid at the cursor, and text that is written over them destroys
 * them, as in the terminal that is played. Questions are answered as that terminal would.
 */
#ifndef TESTS_SCREEN_H
#define TESTS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/sixel_decode.h"

enum screen_kind {
    SCREEN_XTERM,       /* as it comes: no sixel, answers little */
    SCREEN_XTERM_VT340, /* sixel, 1024 registers, drops images above 1000 x 1000 */
    SCREEN_XTERM_16,    /* sixel, 16 registers */
    SCREEN_FOOT,        /* sixel, answers everything, the kernel knows no pixels */
    SCREEN_KITTY,
    SCREEN_TMUX,    /* claims sixel; text deletes whole images; loses those inside mode 2026 */
    SCREEN_KONSOLE, /* sixel; text never erases an image */
    SCREEN_MUTE,    /* answers nothing */
    SCREEN_LATE,    /* SCREEN_XTERM_VT340 whose answers wait for screen_release() */
    SCREEN_LYING,   /* says it has sixel; everything else it says is nonsense */
    SCREEN_LIGHT,   /* SCREEN_FOOT with a white background */
};

#define SCREEN_CELL_WIDTH  9
#define SCREEN_CELL_HEIGHT 19

struct screen; /* opaque */

struct screen_options {
    int columns, rows;
    enum screen_kind kind;
    const char *const *argv; /* ends with NULL; argv[0] "assay" is $ASSAY_PROGRAM */
    const char *const *env;  /* NAME=VALUE or NAME (to unset), ends with NULL; may be NULL */
    /* Instead of argv: runs in the child, whose exit status is what it returns. */
    int (*function)(void *context);
    void *context;
};
/* Fails the test where the child cannot be started. */
struct screen *screen_open(const struct screen_options *options);
/* Ends the child (SIGHUP, then SIGKILL) and frees all. */
void screen_close(struct screen **screen);

/* Presses keys, by their names in keys.h ("j", "enter", "ctrl+l", "up"); the last argument is
   NULL. Each is sent by itself. */
void screen_press(struct screen *screen, ...) __attribute__((sentinel));
void screen_type(struct screen *screen, const char *text); /* as it is */
void screen_send(struct screen *screen, const void *bytes, size_t length);
void screen_mouse(struct screen *screen, char what, int x,
                  int y); /* 'p'ress, 'r'elease, 'u', 'd' */
void screen_resize(struct screen *screen, int columns, int rows);
void screen_signal(struct screen *screen, int number);

/* Waits until the program is idle: everything read, all its threads asleep, nothing written for
   a while. Fails the test (with a dump) after two minutes. True while the program lives. */
bool screen_settle(struct screen *screen);
/* Waits until TEXT is somewhere on the screen; fails the test with a dump if it does not come.
 */
void screen_wait(struct screen *screen, const char *text);
/* Waits for the program to end; its exit status, or 128 + signal. */
int screen_end(struct screen *screen);

/* One row as UTF-8 without the blanks at its end; valid until the next call. */
const char *screen_text(struct screen *screen, int row);
bool screen_find(struct screen *screen, const char *text, int *row, int *column);
struct screen_look {
    int fg, bg; /* number of the colour, -1 the default, -2 none of the 256 */
    bool bold, underline, reverse, italic;
};
struct screen_look screen_look(struct screen *screen, int row, int column);
bool screen_cursor(struct screen *screen, int *row, int *column); /* false: hidden */

/* Images as they were sent, in order, those that are still wholly or partly visible first to
   last. Kitty's have no pixels. */
struct screen_image {
    int row, column;   /* of the upper left cell */
    int width, height; /* pixels */
    int columns, rows; /* cells it touches */
    uint32_t id;       /* kitty's */
    uint64_t serial;   /* which image sent this was, from 1 */
};
size_t screen_images(struct screen *screen);
struct screen_image screen_image(struct screen *screen, size_t index);
/* The pixel on the glass, SIXEL_UNPAINTED where no image is. */
uint32_t screen_pixel(struct screen *screen, int x, int y);
/* Pixels of images left within the cells. */
size_t screen_pixels_in(struct screen *screen, int row, int column, int rows, int columns);

struct screen_counts {
    uint64_t bytes;       /* received in all */
    uint64_t image_bytes; /* of them images */
    uint64_t images;      /* received */
    uint64_t dropped;     /* images the terminal refused: too large, or lost by tmux */
    uint64_t last_row;    /* images that touched the last row (which scrolls) */
    uint64_t scrolls;     /* of the whole screen */
    uint64_t questions;   /* received */
    uint64_t titles;      /* of the window, changed */
    uint64_t fences;      /* DA1 questions among them */
};
struct screen_counts screen_counts(struct screen *screen);

/* SCREEN_LATE: sends the answers held back, in pieces of PIECE bytes (0: at once), the program
   settling in between. */
void screen_release(struct screen *screen, size_t piece);
size_t screen_held(struct screen *screen); /* bytes of answers held back */

/* Prints the screen with its images to standard error. */
void screen_dump(struct screen *screen);

/* Fails the test, after a dump, where TEXT does not come to the screen, or where it is there. It
   is waited for until the program has slept for fifteen seconds (one whose threads all wait for
   a busy disk looks idle), and while it works for as long as it has to settle. */
#define screen_assert_text(screen, text) screen_assert_(screen, text, true, __FILE__, __LINE__)
#define screen_refute_text(screen, text) screen_assert_(screen, text, false, __FILE__, __LINE__)
void screen_assert_(struct screen *screen, const char *text, bool there, const char *file,
                    int line);
/* Fails the test, after a dump, where the screen does not come to show COUNT images; they are
   waited for as a text is. */
#define screen_assert_images(screen, count)                                                    \
    screen_assert_images_(screen, count, __FILE__, __LINE__)
void screen_assert_images_(struct screen *screen, size_t count, const char *file, int line);

#endif

/*
 * Waiting: one poll() over the terminal, the session's and other descriptors, and signals
 * (through a pipe), with one deadline. Sleeps as long as nothing happens.
 */
#ifndef TUI_LOOP_H
#define TUI_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <assay/error.h>

struct loop; /* opaque; one per process, since signals are */

enum loop_wake {
    LOOP_RESIZE = 1,   /* SIGWINCH */
    LOOP_QUIT = 2,     /* SIGTERM, SIGHUP, SIGINT: restore the terminal and leave */
    LOOP_SUSPEND = 4,  /* SIGTSTP from outside (^Z arrives as a key) */
    LOOP_CONTINUE = 8, /* SIGCONT */
    LOOP_TIMER = 16,   /* the deadline has come */
    LOOP_FD = 256, /* LOOP_FD << i: descriptor i, as loop_watch() numbered it, is readable or
                      closed */
};
#define LOOP_FDS 16

/* Call it after term_open(), so that its signal handlers win over those of curses. */
enum assay_status loop_open(struct loop **out, struct assay_error *err);
/* Gives the signals back to whom they belonged. */
void loop_close(struct loop **loop);

/* Watches FD; returns its number, or -1 where there are too many. */
int loop_watch(struct loop *loop, int fd);
void loop_unwatch(struct loop *loop, int fd);
/* Sleeps until something happens or DEADLINE_US (monotonic; INT64_MAX: no deadline) and returns
   a mask of enum loop_wake; 0 never. */
unsigned loop_wait(struct loop *loop, int64_t deadline_us);
/* The signal that LOOP_QUIT stands for. */
int loop_signal(const struct loop *loop);

#endif

/*
 * A terminal for benchmarks: runs a program on a pseudo terminal, answers its questions as a
 * terminal with or without sixel would, and stamps every byte that comes back. What the screen
 * showed at which time is worked out afterwards, so that looking costs the program nothing.
 */
#ifndef TESTS_BENCH_PTY_H
#define TESTS_BENCH_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <assay/buf.h>

enum {
    PTY_COLUMNS = 200,
    PTY_ROWS = 60,
    PTY_CELL_WIDTH = 8,
    PTY_CELL_HEIGHT = 15, /* 1600 x 900 pixels */
};

struct pty_piece { /* what one read() brought */
    double time;   /* ms since the program was executed */
    size_t end;    /* of its bytes in `seen` */
};

struct pty {
    pid_t child;
    int fd;
    bool sixel, ended;
    struct assay_buf seen; /* all the program wrote */
    size_t answered;       /* up to where questions were looked for */
    struct pty_piece *pieces;
    size_t count, capacity;
    double *started; /* monotonic ms; shared with the child, which sets it before execve() */
};

/* ARGV ends with NULL. Exits the benchmark where the program cannot be started. */
void pty_start(struct pty *pty, char *const *argv, bool sixel);
/* Ends the program (SIGHUP, then SIGKILL) and frees all. */
void pty_end(struct pty *pty);
/* Milliseconds since execve(). */
double pty_now(const struct pty *pty);
/* Takes what comes until nothing came for QUIET ms, or until the clock (pty_now) shows UNTIL.
   Returns the time of the last byte since the call, 0 where there was none. */
double pty_take(struct pty *pty, double quiet, double until);
/* The same until the bytes since FROM (an offset in `seen`) hold TEXT, or until UNTIL: the time
   when they did, 0 where they never did. */
double pty_take_text(struct pty *pty, const char *text, size_t from, double until);
void pty_press(struct pty *pty, const char *keys);

/* ---- what was on the screen: a second look at the bytes ---- */

struct pty_screen; /* opaque: a virtual terminal that is shown piece after piece */

struct pty_screen *pty_screen_new(void);
void pty_screen_free(struct pty_screen **screen);
/* Shows it the pieces of PTY up to (not including) piece END. */
void pty_screen_show(struct pty_screen *screen, const struct pty *pty, size_t end);
/* Whether TEXT (UTF-8) stands in some row. */
bool pty_screen_has(struct pty_screen *screen, const char *text);
/* A number that differs where any cell differs (FNV-1a over characters and colours). */
uint64_t pty_screen_hash(struct pty_screen *screen);
void pty_screen_dump(struct pty_screen *screen);

/* ---- of the program and its threads, from /proc ---- */

struct pty_use {
    long wakes;         /* context switches, voluntary or not */
    double cpu_ms;      /* to the clock's tick */
    long peak_kib;      /* VmHWM */
    long resident_kib;  /* VmRSS */
    long anonymous_kib; /* RssAnon: what is the program's alone */
};
struct pty_use pty_use(const struct pty *pty);

#endif

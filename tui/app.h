/*
 * The application: the session, the terminal, the stack of screens, and what the screens share.
 * Everything here belongs to the one thread that runs tui_run().
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <assay/session.h>

#include "keymap.h"
#include "loop.h"
#include "marks.h"
#include "palette.h"
#include "process.h"
#include "settings.h"
#include "term.h"
#include "view.h"

#define APP_DEPTH    8
#define APP_MESSAGES 200

struct app_message {
    char text[800]; /* clean */
    bool error;
    int64_t time_ms;
};

struct app_screen {
    const struct view_ops *ops;
    void *self;
};

struct app {
    struct term *term;
    struct crew *crew; /* draws charts; done with each before the frame is sent */
    struct loop *loop;
    struct assay_session *session;
    struct assay_catalog *catalog;
    struct settings settings;
    struct keymap keymap;
    struct app_screen screens[APP_DEPTH];
    size_t depth;
    struct palette palette;
    struct marks marks; /* the runs looked at together, on every screen */

    struct app_message *messages; /* the latest ones, oldest first */
    size_t message_count;
    bool message_shown;  /* the newest stands in the bottom line */
    size_t notices_told; /* of the session's, those that were said */

    struct {                    /* what waits for approval (inbox.h) */
        struct desk *desk;      /* read from the first frame on */
        size_t waiting;         /* for me */
        struct assay_error err; /* why it could not be read the last time */
        int64_t looked_us;      /* at the store's files */
        struct timespec changed[2];
    } inbox;

    struct { /* the demo, running beside us */
        struct process process;
        int watch;
    } demo;

    int64_t now_ms; /* of this frame */
    bool dirty;     /* something on screen has changed */
    bool retry;     /* a chart waits until the terminal has taken the last image */
    bool quit;
    int64_t redraw_us; /* when to draw again at the latest; INT64_MAX */
    int64_t drawn_us;
    int aux_fd;        /* the terminal's second descriptor that is watched; -1 */
    int status;        /* to exit with */
    bool text_charts;  /* the user wants no images */
    size_t diverged;   /* live runs with a metric that is NaN now */
    size_t infinite;   /* and those with one that is infinite, and none that is NaN */
    size_t quiet;      /* runs recorded as running that are not: nothing was logged for a day */
    bool diverged_cut; /* there may be more of them: not all live runs were looked at */
    struct rect cover; /* where a box will be drawn above the screen: no images there */
};

/* ---- for screens ---- */

void app_dirty(struct app *app);
void app_open(struct app *app, const struct view_ops *ops, const void *argument);
void app_back(struct app *app);
/* Puts a line into the bottom line and the activity list. */
void app_say(struct app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));
void app_fail(struct app *app, const struct assay_error *err);
/* Does a command as if its key had been pressed; what it needs is checked here. */
void app_command(struct app *app, enum command_id id, const char *argument);
/* Draws again in MS milliseconds even if nothing happens. */
void app_draw_in(struct app *app, int64_t ms);
/* Trains the demo in the background; the runs appear as they come. */
void app_demo(struct app *app);
/* True while nothing is known and nothing is being read. */
bool app_empty(const struct app *app);

#endif

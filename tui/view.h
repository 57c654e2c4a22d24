/*
 * A screen: a constant table of functions and its own state. Screens do not know one another:
 * they open the next one by its table (app_open) and share only struct app.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <assay/buf.h>

#include "command.h"
#include "draw.h"
#include "keys.h"

struct app;

struct view_ops {
    bool stacks;    /* one may lie on another of its kind */
    unsigned where; /* its bit of enum command_where */

    void *(*open)(struct app *app, const void *argument);
    void (*close)(void *self);

    /* Draws all of it into AREA, which is cleared, between the top and the bottom line. Images
       are placed here too: all were hidden before. */
    void (*draw)(void *self, struct area area);
    /* Does a command; false where it is not this screen's. ARGUMENT is "" where none was typed.
     */
    bool (*command)(void *self, enum command_id id, const char *argument);

    /* Any of the following may be NULL. */

    /* Sees each event before the keymap does (a prompt of its own, the mouse); true where it
       took it. */
    bool (*event)(void *self, const struct event *event);
    /* The session has changed: a mask of enum assay_session_change. */
    void (*changed)(void *self, unsigned changes);
    /* Called whenever the loop has woken: takes what has arrived on descriptors of its own;
       true where there is something new to draw. */
    bool (*poll)(void *self);
    /* It is on top again: the screen above it was closed. */
    void (*shown)(void *self);
    /* The first frame stands: what it had no need of is to be taken in now. */
    void (*complete_all)(void *self);
    /* Where one is, for the top line; clean text. */
    void (*title)(void *self, struct assay_buf *out);
    /* The commands to name in the bottom line, ended by CMD_NONE. */
    const enum command_id *(*hints)(void *self);
    /* Another word for one of those commands, where it means something else on what is shown;
       NULL: its own. */
    const char *(*hint)(void *self, enum command_id id);
    /* Other words for the bottom line ("enter=keep\tesc=restore") while it takes text; else
     * NULL.
     */
    const char *(*typing)(void *self);
    /* Whether what a command needs is there. */
    bool (*has)(void *self, enum command_needs needs);
    /* What stands under the cursor, as it came, to be copied; false where nothing does. */
    bool (*copy)(void *self, struct assay_buf *out);
    /* Words that may follow COMMAND in the palette, each added to OUT with a line end. */
    void (*complete)(void *self, enum command_argument argument, struct assay_buf *out);
    /* When it wants to be drawn again though nothing has happened; INT64_MAX: not at all. */
    int64_t (*wake_us)(void *self, int64_t now_us);
};

extern const struct view_ops view_home, view_run, view_chart, view_help, view_activity,
    view_compare, view_models;
extern const struct view_ops view_queue, view_request, view_ask;

#endif

/*
 * Writing to a server from a screen: one line is typed, what the server has now is looked at
 * and stands there beside what it would become, enter writes. What came of it is said in the
 * bottom line and kept among the jobs. One at a time; each screen that writes holds one.
 */
#ifndef TUI_CHANGE_ASK_H
#define TUI_CHANGE_ASK_H

#include <assay/change.h>
#include <assay/memory.h>

#include "app.h"
#include "widget_prompt.h"

enum change_asking {
    ASKING_NOTHING,
    ASKING_TEXT,
    ASKING_LOOK, /* what the server has now is being asked */
    ASKING_YES,  /* it is on screen; enter writes */
    ASKING_WRITE,
};
struct change_ask {
    enum change_asking asking;
    struct prompt prompt;
    struct assay_arena arena; /* of the change's texts */
    struct assay_change change;
    char *before;
    uint64_t job;
};

/* Begins CHANGE (copied): its kind, source, and what it is about; key and value are typed by
   the user, TEXT standing there first. False, and said why, where that source is not written
   to. */
bool change_ask_begin(struct change_ask *ask, struct app *app,
                      const struct assay_change *change, const char *text);
/* The same where key and value are known: nothing is typed, the look comes at once. */
bool change_ask_known(struct change_ask *ask, struct app *app,
                      const struct assay_change *change);
/* The same where the value is a text that may have many lines: it is written in the user's
   editor, NOW being what is known of it. */
bool change_ask_edit(struct change_ask *ask, struct app *app, const struct assay_change *change,
                     const char *now);
/* A version registered from the run RUN of the catalog, the name MODEL standing there first;
   its files are those of the model the run logged last, unless the user types another path. */
bool change_ask_register(struct change_ask *ask, struct app *app, uint32_t run,
                         const char *model);
/* What the command ID writes about RUN (ASSAY_NONE: there is none); false where it is none that
   does. */
bool change_ask_run_command(struct change_ask *ask, struct app *app, enum command_id id,
                            uint32_t run);
/* True where it took the event. */
bool change_ask_event(struct change_ask *ask, struct app *app, const struct event *event);
/* Takes what came of the look, or of the change: for ASSAY_CHANGED_JOBS. */
void change_ask_poll(struct change_ask *ask, struct app *app);
/* Draws itself over ROW, where something is asked. */
void change_ask_draw(struct change_ask *ask, struct area row);
const char *change_ask_typing(const struct change_ask *ask); /* as view_ops.typing */
void change_ask_free(struct change_ask *ask);

/* Where the server SOURCE is not written to, or SOURCE is none: says why, and returns true. */
bool change_ask_refused(struct app *app, uint32_t source);

#endif

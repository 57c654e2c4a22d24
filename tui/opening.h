/*
 * What the workbench needs beside its session: settings, keys and the terminal. They are made
 * on a thread of their own while the session reads the local store, each of which is a third
 * of the way to the first frame. Called by tui_run() alone.
 */
#ifndef TUI_OPENING_H
#define TUI_OPENING_H

#include <pthread.h>
#include <stdbool.h>

#include <assay/error.h>

struct app;

struct opening {
    struct app *app; /* gets crew, keymap, settings and term; nobody else's until finished */
    pthread_t thread;
    bool begun, aside; /* aside: on that thread */
    enum assay_status status;
    struct assay_error err;    /* of the terminal */
    struct assay_error config; /* of the settings, which goes on without them */
};

/* The session's hook (`sure`): CONTEXT is a struct opening. Does not wait. */
void opening_begin(void *context);
/* Waits for it. What was made is in the app whatever the status, which is the terminal's. */
enum assay_status opening_finish(struct opening *opening, struct assay_error *err);

#endif

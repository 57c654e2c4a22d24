/*
 * What the queue gives to the screen of one request.
 */
#ifndef TUI_VIEW_REQUEST_H
#define TUI_VIEW_REQUEST_H

#include "desk.h"

struct request_arguments {
    struct desk *desk; /* the queue's, which stays open below */
    const char *id;
};

/* Tells the screen, if it is on top, what the desk has done; *TAKEN is set where that was its.
 */
void view_request_result(struct app *app, struct desk_result *result, bool *taken);

/* ---- what the queue tells the screen of a request (view_queue.c) ---- */

/* The request DELTA rows from ID, of those that are open, as the queue has them; false where
   there is none. */
bool view_queue_step(struct desk *desk, const char *id, int delta, char out[17]);
/* The first request but ID that waits for me and has no draft. */
bool view_queue_waiting(struct desk *desk, const char *id, char out[17]);

#endif

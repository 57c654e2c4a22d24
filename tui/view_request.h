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
/* The open request of a version at PLACE; false where there is none, or nothing was read yet.
 */
bool view_queue_asked(struct desk *desk, const char *place, const char *model,
                      const char *version, char out[17]);
/* Goes to the queue, of which there is one: what lies over it is closed. With ID the screen of
   that request lies on it. The caller's screen may be gone afterwards. */
void view_queue_go(struct app *app, const char *id);
/* The first request but ID that waits for me and has no draft. */
bool view_queue_waiting(struct desk *desk, const char *id, char out[17]);
/* Whether DRAFT, a vote, would count no more: what it was on is over. */
bool view_queue_too_late(const struct assay_request *request, const struct assay_draft *draft);

#endif

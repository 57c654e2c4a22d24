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

#endif

/*
 * The inbox (inbox.h), opened and polled by app.c, used by view_queue.c.
 */
#include "inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/clock.h>

#include "desk.h"

void inbox_open(struct app *app)
{
    struct stat st;
    app->inbox.desk = desk_open(app);
    /* Without a store there is nothing to read, and none is made for that. */
    if (stat(assay_session_store_path(app->session), &st) == 0)
        desk_ask(app->inbox.desk, &(struct desk_wish){.task = DESK_READ});
}

void inbox_close(struct app *app)
{
    desk_close(&app->inbox.desk);
}

void inbox_taken(struct app *app, const struct desk_result *result)
{
    const struct assay_request *const *requests;
    struct assay_ledger *ledger = desk_ledger(app->inbox.desk);
    size_t count = ledger ? assay_ledger_requests(ledger, &requests) : 0;
    if (result->wish.task == DESK_READ || result->status == ASSAY_OK)
        app->inbox.err = result->err;
    app->inbox.waiting = 0;
    for (size_t i = 0; i < count; i++)
        app->inbox.waiting += requests[i]->mine;
}

/* What nobody took: the queue was closed meanwhile. A signature is said all the same. */
bool inbox_poll(struct app *app)
{
    struct desk_result result;
    if (!app->inbox.desk)
        return false;
    inbox_look(app, false);
    if (!desk_poll(app->inbox.desk, &result))
        return false;
    const bool refused = result.wish.task == DESK_READ && result.status != ASSAY_OK &&
                         desk_ledger(app->inbox.desk);
    const bool acted = result.wish.task == DESK_SIGN || result.wish.task == DESK_APPLY;
    if (refused || (acted && result.status != ASSAY_OK))
        app_fail(app, &result.err);
    else if (result.wish.task == DESK_SYNC)
        desk_synced(app, &result);
    else if (result.followed.status != ASSAY_OK)
        app_fail(app, &result.followed);
    else if (acted)
        app_say(app, "signed and recorded");
    free(result.text);
    assay_sides_free(&result.sides);
    inbox_taken(app, &result);
    return true;
}

void inbox_look(struct app *app, bool now)
{
    struct desk *desk = app->inbox.desk;
    struct timespec found[2] = {{0}, {0}};
    struct stat st;
    char log[4200];
    const int64_t now_us = assay_monotonic_us();
    if (desk_busy(desk) || (!now && now_us - app->inbox.looked_us < INBOX_LOOK_US))
        return;
    const char *place = desk_ledger(desk) ? assay_ledger_info(desk_ledger(desk)).place
                                          : assay_session_store_path(app->session);
    snprintf(log, sizeof log, "%s-wal", place);
    if (stat(place, &st) == 0)
        found[0] = st.st_mtim;
    if (stat(log, &st) == 0)
        found[1] = st.st_mtim;
    if (memcmp(found, app->inbox.changed, sizeof found) != 0 && app->inbox.looked_us != 0)
        desk_ask(desk, &(struct desk_wish){.task = DESK_READ});
    memcpy(app->inbox.changed, found, sizeof found);
    app->inbox.looked_us = now_us;
}

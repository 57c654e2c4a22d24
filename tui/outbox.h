/*
 * Sending a draft: the box in which the user sees exactly what will be signed, byte for byte,
 * and says so with a key, or, for production, with characters of the digest. Enter never
 * confirms, nothing pasted counts, and keys that come too soon (a key held down, a paste that
 * the terminal did not mark) are dropped.
 */
#ifndef TUI_OUTBOX_H
#define TUI_OUTBOX_H

#include "desk.h"

#define OUTBOX_QUIET_US 300000 /* after it is shown, before a key counts */
#define OUTBOX_DIGITS   6

struct outbox {
    bool open;
    bool ready;       /* what would be signed is shown */
    bool waits;       /* for the desk to be free */
    int64_t shown_us; /* when it was, or when a key came too soon; assay_keys_us() */
    struct desk_wish wish;
    bool production;
    size_t at, total; /* the draft's place among those that are sent; total 0: one alone */
    char title[200];
    char digits[OUTBOX_DIGITS + 1]; /* typed so far */
    char *text;                     /* the statement */
    char *words;                    /* what it says; NULL there are none */
    int scroll, page;               /* rows */
};

/* Asks the desk for what the draft on REQUEST would sign. */
void outbox_begin(struct outbox *box, struct app *app, struct desk *desk,
                  const struct assay_request *request, const struct assay_draft *draft,
                  uint64_t dwell_seconds);
/* The same for applying an approved request: what will happen, then the key. */
void outbox_begin_apply(struct outbox *box, struct app *app,
                        const struct assay_request *request);
/* Asks the desk what is still to be asked, once it is free. */
void outbox_go(struct outbox *box, struct desk *desk);
/* Takes an event while it is open; true where a signature was asked of the desk. Every event is
 * its. */
bool outbox_event(struct outbox *box, struct app *app, struct desk *desk,
                  const struct event *event);
/* Whether a key that comes now comes too soon after *SINCE_US (assay_keys_us()), which then
 * becomes now. */
bool outbox_too_soon(int64_t *since_us);
/* Takes a result of the desk that is its (a preview, a signature); false where it is not. */
bool outbox_result(struct outbox *box, struct app *app, struct desk_result *result);
void outbox_draw(struct outbox *box, struct area area);
void outbox_close(struct outbox *box);

#endif

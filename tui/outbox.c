/*
 * Sending drafts (outbox.h), for view_queue.c and view_request.c.
 */
#include "outbox.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"

void outbox_close(struct outbox *box)
{
    free(box->text);
    *box = (struct outbox){0};
}

void outbox_begin(struct outbox *box, struct app *app, struct desk *desk,
                  const struct assay_request *request, const struct assay_draft *draft,
                  uint64_t dwell_seconds)
{
    struct assay_buf title = {0};
    outbox_close(box);
    if (desk_busy(desk)) {
        app_say(app, "one moment: the ledger is being read");
        return;
    }
    if (strcmp(draft->binding, request->binding) != 0) {
        app_say(app, "the request has changed since the draft was written: look at it again");
        return;
    }
    box->wish = (struct desk_wish){
        .task = DESK_PREVIEW, .verdict = draft->verdict, .dwell_seconds = dwell_seconds};
    snprintf(box->wish.request, sizeof box->wish.request, "%s", request->id);
    snprintf(box->wish.binding, sizeof box->wish.binding, "%s", request->binding);
    snprintf(box->wish.reason, sizeof box->wish.reason, "%s", draft->reason);
    box->production = strcmp(request->tier, "production") == 0;
    assay_buf_format(&title, "%s: %s %s to %s", assay_verdict_name(draft->verdict),
                     request->model, request->version, request->target);
    assay_text_clean_to(box->title, sizeof box->title, assay_buf_text(&title));
    assay_buf_free(&title);
    box->open = desk_ask(desk, &box->wish);
    app_dirty(app);
}

static bool sign(struct outbox *box, struct app *app, struct desk *desk)
{
    box->wish.task = DESK_SIGN;
    box->wish.text = box->text;
    box->ready = false;
    if (!desk_ask(desk, &box->wish)) {
        outbox_close(box);
        return false;
    }
    app_say(app, "waiting for the key: touch it if it asks");
    return true;
}

/* The digits must be the digest's last ones, in order; a wrong one begins anew. */
static bool take_digit(struct outbox *box, uint32_t key)
{
    const char *wanted = box->wish.binding + strlen(box->wish.binding) - OUTBOX_DIGITS;
    size_t length = strlen(box->digits);
    if (key < 0x80 && tolower((int)key) == wanted[length]) {
        box->digits[length] = wanted[length];
        box->digits[length + 1] = '\0';
    } else {
        box->digits[0] = '\0';
    }
    return strlen(box->digits) == OUTBOX_DIGITS;
}

bool outbox_event(struct outbox *box, struct app *app, struct desk *desk,
                  const struct event *event)
{
    if (event->kind == EVENT_PASTE)
        app_say(app, "nothing that is pasted signs anything");
    if (event->kind != EVENT_KEY)
        return false;
    app_dirty(app);
    if (event->key == KEYS_ESCAPE) {
        if (!desk_busy(desk) || desk_task(desk) != DESK_SIGN)
            outbox_close(box);
        return false;
    }
    if (!box->ready)
        return false;
    if (event->key == KEYS_DOWN || event->key == KEYS_UP) {
        box->scroll += event->key == KEYS_DOWN ? 1 : box->scroll > 0 ? -1 : 0;
        return false;
    }
    if (assay_monotonic_us() - box->shown_us < OUTBOX_QUIET_US) {
        box->shown_us = assay_monotonic_us(); /* a key held down never comes through */
        return false;
    }
    if (box->production)
        return take_digit(box, event->key) ? sign(box, app, desk) : false;
    if (event->key == 'y')
        return sign(box, app, desk);
    outbox_close(box);
    return false;
}

bool outbox_result(struct outbox *box, struct app *app, struct desk_result *result)
{
    if (!box->open || (result->wish.task != DESK_PREVIEW && result->wish.task != DESK_SIGN))
        return false;
    if (result->wish.task == DESK_PREVIEW && result->status == ASSAY_OK) {
        box->text = result->text;
        result->text = NULL;
        box->ready = true;
        box->shown_us = assay_monotonic_us();
        return true;
    }
    if (result->status != ASSAY_OK)
        app_fail(app, &result->err);
    else
        app_say(app, "signed and recorded: %s", box->title);
    outbox_close(box);
    return true;
}

void outbox_draw(struct outbox *box, struct area area)
{
    const int width = area.rect.width - 4, height = area.rect.height - 2;
    struct area all = area_part(area, 2, 1, width, height);
    struct area inside = draw_box(area_under(all, ROLE_POPUP), ROLE_BORDER, box->title);
    const int rows = inside.rect.height - 3;
    if (!box->ready) {
        draw_text(inside, 1, 1, ROLE_DIM,
                  box->wish.task == DESK_SIGN ? "waiting for the key: touch it if it asks"
                                              : "looking at files, champion and gates again");
        return;
    }
    /* The statement as it is; what a terminal cannot show is made visible, not executed. */
    struct assay_buf clean = {0};
    assay_text_clean(&clean, box->text, strlen(box->text));
    const char *text = assay_buf_text(&clean);
    for (int skip = box->scroll * (inside.rect.width - 2); skip > 0 && *text; skip--)
        text++;
    while ((*text & 0xc0) == 0x80)
        text++;
    draw_wrapped(inside, 1, 0, inside.rect.width - 2, rows, ROLE_NORMAL, text);
    assay_buf_free(&clean);
    draw_format(inside, 1, rows, ROLE_STRONG, "digest %s", box->wish.binding);
    if (box->production)
        draw_format(inside, 1, rows + 1, ROLE_WAITING,
                    "type the last %d digits of the digest to sign: %s", OUTBOX_DIGITS,
                    box->digits);
    else
        draw_text(inside, 1, rows + 1, ROLE_WAITING,
                  "y signs exactly this; any other key leaves it a draft");
}

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
    box->open = box->waits = true;
    outbox_go(box, desk);
    app_dirty(app);
}

void outbox_go(struct outbox *box, struct desk *desk)
{
    if (box->open && box->waits && !desk_busy(desk))
        box->waits = !desk_ask(desk, &box->wish);
}

void outbox_begin_apply(struct outbox *box, struct app *app,
                        const struct assay_request *request)
{
    struct assay_buf text = {0};
    outbox_close(box);
    box->wish = (struct desk_wish){.task = DESK_APPLY};
    snprintf(box->wish.request, sizeof box->wish.request, "%s", request->id);
    snprintf(box->wish.binding, sizeof box->wish.binding, "%s", request->binding);
    box->production = strcmp(request->tier, "production") == 0;
    assay_buf_format(&text, "apply: %s %s to %s", request->model, request->version,
                     request->target);
    assay_text_clean_to(box->title, sizeof box->title, assay_buf_text(&text));
    assay_buf_reset(&text);
    assay_buf_format(&text,
                     "%s of %s moves from %s to version %s, at %s. Files, gates, votes and "
                     "champion are looked at again first; the move is recorded and signed "
                     "before and after. If the champion has moved meanwhile, nothing is done.",
                     request->target, request->model,
                     request->from_version[0] ? request->from_version : "nothing",
                     request->version,
                     request->place[0] ? request->place : "the local registry");
    box->text = assay_buf_take(&text);
    box->open = box->ready = true;
    box->shown_us = assay_monotonic_us();
    app_dirty(app);
}

static bool sign(struct outbox *box, struct app *app, struct desk *desk)
{
    if (box->wish.task == DESK_PREVIEW)
        box->wish.task = DESK_SIGN;
    box->wish.text = box->text;
    box->ready = false;
    box->waits = true;
    outbox_go(box, desk);
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
        if (!desk_busy(desk) || (desk_task(desk) != DESK_SIGN && desk_task(desk) != DESK_APPLY))
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
    if (!box->open || (result->wish.task != DESK_PREVIEW && result->wish.task != DESK_SIGN &&
                       result->wish.task != DESK_APPLY))
        return false;
    if (strcmp(result->wish.request, box->wish.request) != 0 || box->waits)
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
        app_say(app, "%s: %s",
                result->wish.task == DESK_APPLY ? "applied and recorded"
                                                : "signed and recorded",
                box->title);
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
                  box->wish.task != DESK_PREVIEW
                      ? "waiting for the key: touch it if it asks"
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
    int x = 1 + draw_format(inside, 1, rows, ROLE_STRONG, "digest %s", box->wish.binding);
    if (box->total > 1)
        draw_format(inside, x + 3, rows, ROLE_DIM, "%zu of %zu drafts", box->at, box->total);
    if (box->production)
        draw_format(inside, 1, rows + 1, ROLE_WAITING,
                    "type the last %d digits of the digest to %s: %s", OUTBOX_DIGITS,
                    box->wish.task == DESK_APPLY ? "apply" : "sign", box->digits);
    else
        draw_text(inside, 1, rows + 1, ROLE_WAITING,
                  box->wish.task == DESK_APPLY
                      ? "y applies it; any other key leaves it as it is"
                      : "y signs exactly this; any other key leaves it a draft");
}

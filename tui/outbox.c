/*
 * Sending drafts (outbox.h), for view_queue.c and view_request.c.
 */
#include "outbox.h"

#include "draw_wrap.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define STATEMENT_ROWS 3 /* at least, beside the words */

void outbox_close(struct outbox *box)
{
    free(box->text);
    free(box->words);
    *box = (struct outbox){0};
}

/* False where the draft says more than a wish has room for. */
static bool take_draft(struct desk_wish *wish, const struct assay_draft *draft)
{
    bool fits = draft->condition_count <= DESK_CONDITIONS;
    for (size_t i = 0; fits && i < draft->condition_count; i++)
        fits = snprintf(wish->conditions[i], sizeof wish->conditions[i], "%s",
                        draft->conditions[i]) < (int)sizeof wish->conditions[i];
    wish->condition_count = draft->condition_count;
    return fits &&
           snprintf(wish->reason, sizeof wish->reason, "%s", draft->reason) <
               (int)sizeof wish->reason &&
           snprintf(wish->delegate, sizeof wish->delegate, "%s", draft->delegate) <
               (int)sizeof wish->delegate;
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
    if (!take_draft(&box->wish, draft)) {
        app_say(app, "the draft is too long to be sent from here: assay sign %s",
                box->wish.request);
        return;
    }
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
    box->shown_us = assay_keys_us();
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

/* Drawing keeps it within the statement. */
static bool scrolled(struct outbox *box, uint32_t key)
{
    const int by = key == KEYS_DOWN        ? 1
                   : key == KEYS_UP        ? -1
                   : key == KEYS_PAGE_DOWN ? box->page
                   : key == KEYS_PAGE_UP   ? -box->page
                                           : 0;
    box->scroll = box->scroll + by > 0 ? box->scroll + by : 0;
    return by != 0;
}

bool outbox_too_soon(int64_t *since_us)
{
    const int64_t now_us = assay_keys_us();
    const bool soon = now_us - *since_us < OUTBOX_QUIET_US;
    if (soon)
        *since_us = now_us; /* a key held down never comes through */
    return soon;
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
    if (scrolled(box, event->key))
        return false;
    if (outbox_too_soon(&box->shown_us))
        return false;
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
        box->words = result->words;
        result->text = result->words = NULL;
        box->ready = true;
        box->shown_us = assay_keys_us();
        return true;
    }
    if (result->status != ASSAY_OK)
        app_fail(app, &result->err);
    else if (result->followed.status != ASSAY_OK)
        app_fail(app, &result->followed);
    else
        app_say(app, "%s: %s%s%s",
                result->wish.task == DESK_APPLY ? "applied and recorded"
                                                : "signed and recorded",
                box->title, result->place[0] ? "; S sends it to " : "", result->place);
    outbox_close(box);
    return true;
}

/* The statement as it is, every byte in its place; what a terminal cannot show is made visible,
   not executed. Rows end where they are full, wherever that is. */
static void draw_statement(struct outbox *box, struct area area)
{
    struct assay_buf clean = {0}, row = {0};
    const int width = area.rect.width - 1, height = area.rect.height;
    int total = 0, used;
    assay_text_clean(&clean, box->text, strlen(box->text));
    for (int pass = 0; pass < 2; pass++) {
        int y = 0;
        for (const char *at = assay_buf_text(&clean); *at; y++) {
            size_t fits = assay_text_fit(at, width, &used);
            fits = fits > 0 ? fits : 1;
            assay_buf_reset(&row);
            assay_buf_add(&row, at, fits);
            if (pass == 1 && y >= box->scroll && y < box->scroll + height)
                draw_text(area, 0, y - box->scroll, ROLE_NORMAL, assay_buf_text(&row));
            at += fits;
        }
        total = y;
        if (box->scroll > total - height)
            box->scroll = total > height ? total - height : 0;
    }
    box->page = height;
    draw_scrollbar(area, width, 0, height, (size_t)box->scroll, (size_t)total);
    assay_buf_free(&clean);
    assay_buf_free(&row);
}

/* What will be done is words, not bytes. */
static void draw_said(const struct outbox *box, struct area area)
{
    struct assay_buf clean = {0};
    assay_text_clean(&clean, box->text, strlen(box->text));
    draw_wrapped(area, 0, 0, area.rect.width, area.rect.height, ROLE_NORMAL,
                 assay_buf_text(&clean));
    assay_buf_free(&clean);
}

/* What it says, and under it what is signed, of which some rows always show. */
static void draw_both(struct outbox *box, struct area area)
{
    const int width = area.rect.width, room = area.rect.height - STATEMENT_ROWS - 1;
    int used = 0;
    if (box->words && room > 0) {
        const bool fits = draw_wrapped_rows(width - 1, box->words) <= room;
        used = draw_wrapped(area, 0, 0, width - 1, room, ROLE_NORMAL, box->words);
        draw_text(area, 0, used++, ROLE_DIM,
                  fits ? "what is signed:" : "… what is signed, with the rest of that:");
    }
    draw_statement(box, area_part(area, 0, used, width, area.rect.height - used));
}

/* Whole, or its two ends where there is no room: the last digits are those that are typed. */
static int draw_binding(struct area inside, int y, const char *binding)
{
    const size_t length = strlen(binding), end = 16;
    if (8 + (int)length <= inside.rect.width || length < 2 * end)
        return draw_format(inside, 1, y, ROLE_STRONG, "digest %s", binding);
    return draw_format(inside, 1, y, ROLE_STRONG, "digest %.16s … %s", binding,
                       binding + length - end);
}

void outbox_draw(struct outbox *box, struct area area)
{
    const int width = area.rect.width - 4, height = area.rect.height - 2;
    struct area all = area_part(area, 2, 1, width, height);
    draw_clear(area_part(area, 0, 1, area.rect.width, height)); /* no ends of rows beside it */
    struct area inside = draw_box(area_under(all, ROLE_POPUP), ROLE_BORDER, box->title);
    const int rows = inside.rect.height - 3;
    if (!box->ready) {
        draw_text(inside, 1, 1, ROLE_DIM,
                  box->wish.task != DESK_PREVIEW
                      ? "waiting for the key: touch it if it asks"
                      : "looking at files, champion and gates again");
        return;
    }
    if (box->wish.task == DESK_APPLY)
        draw_said(box, area_part(inside, 1, 0, inside.rect.width - 2, rows));
    else
        draw_both(box, area_part(inside, 1, 0, inside.rect.width - 1, rows));
    const int x = 1 + draw_binding(inside, rows, box->wish.binding);
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

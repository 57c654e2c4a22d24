/*
 * Approvals: what waits, mine first. Each row has the requester's words, the gates, the quorum
 * and the time left; enter opens a request, $ sends the drafts one by one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "outbox.h"
#include "view_request.h"
#include "widget_list.h"

struct queue_view {
    struct app *app;
    struct desk *desk;
    struct outbox outbox;
    const struct assay_request **rows;
    size_t count, mine, open;
    size_t drafts;
    char here[17]; /* the request under the cursor, across readings */
    bool all;      /* closed ones as well */
    bool stale;    /* the rows must be made anew */
    struct list list;
    struct rect rect;
};

static void *queue_open(struct app *app, const void *argument)
{
    struct queue_view *view = assay_alloc(sizeof *view);
    (void)argument;
    view->app = app;
    view->stale = true;
    view->desk = desk_open(app);
    desk_ask(view->desk, &(struct desk_wish){.task = DESK_READ});
    return view;
}

static void queue_close(void *self)
{
    struct queue_view *view = self;
    outbox_close(&view->outbox);
    desk_close(&view->desk);
    free(view->rows);
    free(view);
}

/* ---- rows ---- */

static int tier_rank(const struct assay_request *r)
{
    return strcmp(r->tier, "production") == 0 ? 0 : 1;
}

static int by_urgency(const void *a, const void *b)
{
    const struct assay_request *x = *(const struct assay_request *const *)a;
    const struct assay_request *y = *(const struct assay_request *const *)b;
    const bool x_open = assay_request_open_state(x->state) || x->review_due;
    const bool y_open = assay_request_open_state(y->state) || y->review_due;
    if (x->mine != y->mine)
        return x->mine ? -1 : 1;
    if (x_open != y_open)
        return x_open ? -1 : 1;
    if (tier_rank(x) != tier_rank(y))
        return tier_rank(x) - tier_rank(y);
    if (x->expires_ms != y->expires_ms)
        return x->expires_ms < y->expires_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void build(struct queue_view *view)
{
    const struct assay_request *const *requests;
    const struct assay_draft *drafts;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    view->stale = false;
    free(view->rows);
    view->rows = NULL;
    view->count = view->mine = view->open = view->drafts = 0;
    if (!ledger)
        return;
    size_t all = assay_ledger_requests(ledger, &requests);
    view->rows = assay_alloc_array(all + 1, sizeof *view->rows);
    for (size_t i = 0; i < all; i++) {
        bool open = assay_request_open_state(requests[i]->state) || requests[i]->review_due;
        view->open += open;
        view->mine += requests[i]->mine;
        if (open || view->all)
            view->rows[view->count++] = requests[i];
    }
    if (view->count > 1)
        qsort(view->rows, view->count, sizeof *view->rows, by_urgency);
    view->drafts = assay_ledger_drafts(ledger, &drafts);
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->rows[i]->id, view->here) == 0)
            view->list.cursor = i;
}

static const struct assay_request *here(struct queue_view *view)
{
    return view->list.cursor < view->count ? view->rows[view->list.cursor] : NULL;
}

static void left_text(char out[32], const struct assay_request *r, int64_t now_ms)
{
    int64_t end = r->apply_by_ms != ASSAY_NO_TIME ? r->apply_by_ms : r->expires_ms;
    char age[16];
    if (!assay_request_open_state(r->state)) {
        snprintf(out, 32, "%s", assay_age_text(age, r->revised_ms, now_ms));
        return;
    }
    snprintf(out, 32, "%s left", assay_age_text(age, now_ms, end));
}

static void draw_row(struct queue_view *view, const struct assay_request *r, struct area row)
{
    const int width = row.rect.width;
    struct assay_buf text = {0}, clean = {0};
    char left[32], number[48];
    int x = 1;
    draw_text(row, x, 0, ROLE_WAITING, r->mine ? "!" : " ");
    x += 3;
    assay_buf_format(&text, "%s %s", r->model, r->version);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    const int name = width >= 100 ? 24 : 16;
    draw_field(row, x, 0, name, ALIGN_LEFT, r->mine ? ROLE_STRONG : ROLE_NORMAL,
               assay_buf_text(&clean));
    x += name + 2;
    assay_buf_reset(&clean);
    assay_text_clean(&clean, r->target, strlen(r->target));
    draw_field(row, x, 0, 18, ALIGN_LEFT, ROLE_NORMAL, assay_buf_text(&clean));
    x += 20;
    draw_field(row, x, 0, 10, ALIGN_LEFT,
               strcmp(r->tier, "production") == 0 ? ROLE_STRONG : ROLE_DIM, r->tier);
    x += 12;
    if (r->state == ASSAY_STATE_PENDING)
        snprintf(number, sizeof number, "%zu/%zu signed", r->have, r->needed);
    else
        snprintf(number, sizeof number, "%s", assay_request_state_name(r->state));
    draw_field(row, x, 0, 17, ALIGN_LEFT,
               r->state == ASSAY_STATE_APPROVED || r->state == ASSAY_STATE_APPLIED ? ROLE_DONE
               : r->state == ASSAY_STATE_REJECTED || r->review_due                 ? ROLE_FAILED
                                                                   : ROLE_NORMAL,
               r->review_due ? "REVIEW OVERDUE" : number);
    x += 18;
    snprintf(number, sizeof number, "%zu/%zu", r->gates_passed, r->gate_count);
    draw_field(row, x, 0, 6, ALIGN_RIGHT,
               r->gates_passed == r->gate_count ? ROLE_BETTER : ROLE_WORSE, number);
    x += 8;
    left_text(left, r, view->app->now_ms);
    draw_field(row, x, 0, 9, ALIGN_RIGHT, ROLE_DIM, left);
    x += 11;
    assay_buf_reset(&clean);
    assay_text_clean(&clean, r->words, strlen(r->words));
    if (width - x > 4)
        draw_field(row, x, 0, width - x - 1, ALIGN_LEFT, ROLE_DIM, assay_buf_text(&clean));
    assay_buf_free(&text);
    assay_buf_free(&clean);
}

static void draw_empty(struct queue_view *view, struct area area)
{
    struct assay_ledger *ledger = desk_ledger(view->desk);
    if (!ledger) {
        draw_text(area, 3, 2, ROLE_DIM,
                  desk_busy(view->desk) ? "reading the ledger" : "the ledger cannot be read");
    } else if (!assay_ledger_info(ledger).digest[0]) {
        draw_text(area, 3, 2, ROLE_NORMAL, "There is no ledger yet. In a shell:");
        draw_text(area, 3, 4, ROLE_KEY,
                  "assay keys add YOU --name \"Your Name\" --key ~/.ssh/id_ed25519.pub");
        draw_text(area, 3, 5, ROLE_KEY, "assay policy set POLICY.ini");
    } else {
        draw_text(area, 3, 2, ROLE_NORMAL, "Nothing waits.");
        draw_text(area, 3, 3, ROLE_DIM,
                  "assay request --model M --version V --target alias:NAME -m WHY asks for "
                  "something; f shows what is closed.");
    }
}

static void queue_draw(void *self, struct area area)
{
    struct queue_view *view = self;
    const int width = area.rect.width, height = area.rect.height;
    char counts[120];
    if (view->list.cursor < view->count)
        snprintf(view->here, sizeof view->here, "%s", view->rows[view->list.cursor]->id);
    if (view->stale)
        build(view);
    snprintf(counts, sizeof counts, "%zu wait for you   %zu open%s", view->mine, view->open,
             view->all ? "   closed ones as well" : "");
    int x = 1 + draw_text(area, 1, 0, ROLE_TITLE, "APPROVALS") + 3;
    x += draw_text(area, x, 0, view->mine ? ROLE_WAITING : ROLE_DIM, counts) + 3;
    if (view->drafts)
        draw_format(area, x, 0, ROLE_ACCENT, "%zu %s to send [$]", view->drafts,
                    view->drafts == 1 ? "draft" : "drafts");
    struct area rows = area_part(area, 0, 1, width, height - 1);
    view->rect = rows.rect;
    if (view->count == 0)
        draw_empty(view, rows);
    list_fit(&view->list, view->count, height - 1);
    for (int y = 0; y < height - 1 && view->list.top + (size_t)y < view->count; y++) {
        size_t at = view->list.top + (size_t)y;
        struct area row = area_row(rows, y);
        if (at == view->list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        draw_row(view, view->rows[at], row);
    }
    draw_scrollbar(rows, width - 1, 0, height - 1, view->list.top, view->count);
    if (view->outbox.open)
        outbox_draw(&view->outbox, area);
}

/* ---- what it does ---- */

/* The first draft whose request is as it was when the draft was written. */
static void send_next(struct queue_view *view)
{
    const struct assay_draft *drafts;
    const struct assay_request *request;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    size_t count = ledger ? assay_ledger_drafts(ledger, &drafts) : 0;
    for (size_t i = 0; i < count; i++) {
        if (assay_ledger_find(ledger, drafts[i].request, &request, NULL) != ASSAY_OK ||
            strcmp(request->binding, drafts[i].binding) != 0)
            continue;
        outbox_begin(&view->outbox, view->app, view->desk, request, &drafts[i], 0);
        return;
    }
    app_say(view->app, count ? "the drafts are on requests that have changed: look again"
                             : "there is no draft to send");
}

static bool queue_command(void *self, enum command_id id, const char *argument)
{
    struct queue_view *view = self;
    const struct assay_request *request = here(view);
    (void)argument;
    if (list_command(&view->list, view->count, id)) {
        if (here(view))
            snprintf(view->here, sizeof view->here, "%s", here(view)->id);
        return true;
    }
    switch (id) {
    case CMD_OPEN:
        if (request)
            app_open(view->app, &view_request,
                     &(struct request_arguments){view->desk, request->id});
        return true;
    case CMD_ALL_REQUESTS:
        view->all = !view->all;
        view->stale = true;
        app_dirty(view->app);
        return true;
    case CMD_SEND:
        send_next(view);
        return true;
    case CMD_REREAD:
        desk_ask(view->desk, &(struct desk_wish){.task = DESK_READ});
        return true;
    case CMD_CANCEL:
        app_back(view->app);
        return true;
    default:
        return false;
    }
}

static bool queue_event(void *self, const struct event *event)
{
    struct queue_view *view = self;
    size_t row;
    if (view->outbox.open) {
        outbox_event(&view->outbox, view->app, view->desk, event);
        return event->kind == EVENT_KEY || event->kind == EVENT_PASTE ||
               event->kind == EVENT_MOUSE;
    }
    if (event->kind != EVENT_MOUSE)
        return false;
    if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN)
        list_scroll(&view->list, view->count, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    else if (event->action == MOUSE_PRESS &&
             list_hit(&view->list, view->count, event->y - view->rect.y, &row))
        view->list.cursor = row;
    if (here(view))
        snprintf(view->here, sizeof view->here, "%s", here(view)->id);
    return true;
}

static bool queue_poll(void *self)
{
    struct queue_view *view = self;
    struct desk_result result;
    if (!desk_poll(view->desk, &result))
        return false;
    bool taken = outbox_result(&view->outbox, view->app, &result);
    view_request_result(view->app, &result, &taken);
    if (!taken && result.status != ASSAY_OK)
        app_fail(view->app, &result.err);
    free(result.text);
    build(view);
    return true;
}

/* Drafts may have been written on the screen above. */
static void queue_shown(void *self)
{
    struct queue_view *view = self;
    view->stale = true;
}

static void queue_title(void *self, struct assay_buf *out)
{
    struct queue_view *view = self;
    assay_buf_text_add(out, "approvals");
    if (*desk_me(view->desk))
        assay_buf_format(out, " as %s", desk_me(view->desk));
    if (desk_busy(view->desk))
        assay_buf_text_add(out,
                           desk_task(view->desk) == DESK_SIGN ? "   signing" : "   reading");
}

static const enum command_id *queue_hints(void *self)
{
    static const enum command_id hints[] = {CMD_DOWN,         CMD_UP,   CMD_OPEN, CMD_SEND,
                                            CMD_ALL_REQUESTS, CMD_BACK, CMD_NONE};
    (void)self;
    return hints;
}

static const char *queue_typing(void *self)
{
    struct queue_view *view = self;
    return view->outbox.open ? "esc=leave it a draft" : NULL;
}

const struct view_ops view_queue = {
    .where = WHERE_QUEUE,
    .open = queue_open,
    .close = queue_close,
    .draw = queue_draw,
    .command = queue_command,
    .event = queue_event,
    .poll = queue_poll,
    .shown = queue_shown,
    .title = queue_title,
    .hints = queue_hints,
    .typing = queue_typing,
};

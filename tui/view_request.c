/*
 * One request: its page (request_page.c), the curves of candidate and champion, and what can be
 * done: a verdict is a draft until it is sent (outbox.h). The digest of what is decided on
 * stands below the page, where no text can scroll over it.
 */
#include "request_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define CHART_FROM 30 /* rows of the screen from which on there is a chart */

const struct assay_request *request_of(struct request_view *view)
{
    const struct assay_request *request = NULL;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    if (ledger)
        (void)assay_ledger_find(ledger, view->id, &request, NULL);
    return request;
}

const struct assay_draft *request_draft(struct request_view *view)
{
    const struct assay_draft *drafts;
    const size_t count = desk_drafts(view->desk, &drafts);
    for (size_t i = 0; i < count; i++)
        if (strcmp(drafts[i].request, view->id) == 0)
            return &drafts[i];
    return NULL;
}

static void draw_digest(struct request_view *view, struct area row)
{
    const struct assay_request *r = request_of(view);
    if (!r)
        return;
    draw_clear(row);
    int x = 1 + draw_text(row, 1, 0, ROLE_DIM, "digest ");
    x += draw_format(row, x, 0, ROLE_STRONG, "%.4s %.4s … %.4s %s", r->binding, r->binding + 4,
                     r->binding + 56, r->binding + 60);
    /* What has no room whole is left out: half a word says nothing. */
    char name[100], policy[140], revision[40];
    snprintf(policy, sizeof policy, "policy %s version %llu",
             assay_text_clean_to(name, sizeof name, r->policy),
             (unsigned long long)r->policy_version);
    snprintf(revision, sizeof revision, "revision %llu", (unsigned long long)r->revision);
    const char *const more[] = {policy, revision};
    for (size_t i = 0; i < ASSAY_COUNT(more); i++)
        if (x + 3 + assay_text_width(more[i]) < row.rect.width)
            x += 3 + draw_text(row, x + 3, 0, ROLE_DIM, more[i]);
}

static void draw_lines(struct request_view *view, struct area rows)
{
    const int width = rows.rect.width, height = rows.rect.height;
    view->rect = rows.rect;
    list_fit(&view->list, view->count, height);
    for (int y = 0; y < height && view->list.top + (size_t)y < view->count; y++) {
        size_t at = view->list.top + (size_t)y;
        struct area row = area_row(rows, y);
        if (at == view->list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        draw_field(row, 1, 0, width - 3, ALIGN_LEFT, view->lines[at].role,
                   view->lines[at].text);
    }
    draw_scrollbar(rows, width - 1, 0, height, view->list.top, view->count);
}

static void request_draw(void *self, struct area area)
{
    struct request_view *view = self;
    const int width = area.rect.width;
    int height = area.rect.height - 2, chart = 0;
    if (!view->outbox.open) {
        request_evidence_ask(view);
        request_sides_ask(view);
    }
    request_sides_find(view);
    if (view->dirty || view->width != width ||
        view->generation != desk_generation(view->desk)) {
        view->width = width;
        request_build(view);
    }
    view->dirty = false;
    /* Nothing is drawn over an image: while a box is open there is no chart, and no evidence.
     */
    const bool evidence = request_evidence_open(view) && !view->outbox.open;
    if (!evidence && area.rect.height >= CHART_FROM && request_sides_chart(view) &&
        !view->outbox.open)
        chart = area.rect.height / 4;
    height -= chart;
    if (evidence)
        request_evidence_draw(view, area_part(area, 0, 0, width, height));
    else
        draw_lines(view, area_part(area, 0, 0, width, height));
    if (chart > 0)
        request_sides_draw(view, area_part(area, 0, height, width, chart));
    draw_hline(area, 0, height + chart, width, ROLE_BORDER);
    if (view->asking) {
        struct area row = area_row(area, height + chart + 1);
        struct assay_buf label = {0};
        request_prompt_label(view, &label);
        int x = 1 + draw_text(row, 1, 0, ROLE_PROMPT, assay_buf_text(&label));
        assay_buf_free(&label);
        prompt_draw(&view->prompt, row, x, 0, width - x - 1, 0, NULL);
    } else {
        draw_digest(view, area_row(area, height + chart + 1));
    }
    if (view->outbox.open)
        outbox_draw(&view->outbox, area);
}

/* ---- what it does ---- */

static void *request_open(struct app *app, const void *argument)
{
    const struct request_arguments *arguments = argument;
    struct request_view *view = assay_alloc(sizeof *view);
    view->app = app;
    view->desk = arguments->desk;
    view->dirty = true;
    view->opened_us = assay_monotonic_us();
    snprintf(view->id, sizeof view->id, "%s", arguments->id);
    request_sides_open(view);
    return view;
}

static void request_close(void *self)
{
    struct request_view *view = self;
    outbox_close(&view->outbox);
    prompt_free(&view->prompt);
    request_sides_close(view);
    request_evidence_close(view);
    request_clear(view);
    free(view->lines);
    free(view);
}

/* Another request on this screen. */
static void show_request(struct request_view *view, const char *id)
{
    snprintf(view->id, sizeof view->id, "%s", id);
    request_sides_close(view);
    request_sides_open(view);
    request_evidence_close(view);
    view->list = (struct list){0};
    view->dirty = true;
    view->opened_us = assay_monotonic_us();
    app_dirty(view->app);
}

static void step_request(struct request_view *view, int delta)
{
    char id[17];
    if (view_queue_step(view->desk, view->id, delta, id))
        show_request(view, id);
    else
        app_say(view->app, delta > 0 ? "this is the last one" : "this is the first one");
}

/* One key to the next unseen thing: evidence of this request, then the next request that waits
   for me. */
static void next_unseen(struct request_view *view)
{
    char id[17];
    if (request_evidence_next(view))
        return;
    if (view_queue_waiting(view->desk, view->id, id))
        show_request(view, id);
    else
        app_say(view->app, "all evidence is seen, and nothing else waits for you");
}

/* To what changed since my last decision. */
static void show_changes(struct request_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->lines[i].changes) {
            view->list.cursor = view->list.top = i;
            app_dirty(view->app);
            return;
        }
    app_say(view->app, request_voted(view) ? "nothing has changed since your last decision"
                                           : "you have not decided on this request yet");
}

static void apply(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    if (!r)
        return;
    if (r->state != ASSAY_STATE_APPROVED && r->state != ASSAY_STATE_APPLYING &&
        r->state != ASSAY_STATE_APPLY_FAILED)
        app_say(view->app, "it is %s: only what is approved can be applied",
                assay_request_state_name(r->state));
    else
        outbox_begin_apply(&view->outbox, view->app, r);
}

static void send(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    const struct assay_draft *draft = request_draft(view);
    if (r && draft)
        outbox_begin(&view->outbox, view->app, view->desk, r, draft,
                     (uint64_t)((assay_monotonic_us() - view->opened_us) / 1000000));
    else
        app_say(view->app, "there is no draft to send: A, X or C writes one");
}

static bool request_command(void *self, enum command_id id, const char *argument)
{
    struct request_view *view = self;
    if (request_evidence_open(view) ? request_evidence_command(view, id)
                                    : list_command(&view->list, view->count, id))
        return true;
    switch (id) {
    case CMD_APPROVE:
        request_decide(view, ASSAY_APPROVE);
        return true;
    case CMD_REJECT:
        request_decide(view, ASSAY_REJECT);
        return true;
    case CMD_ASK_CHANGES:
        request_decide(view, ASSAY_REQUEST_CHANGES);
        return true;
    case CMD_WITHDRAW:
        request_decide(view, ASSAY_WITHDRAW);
        return true;
    case CMD_DECIDE:
        request_decide_named(view, argument);
        return true;
    case CMD_CONDITION:
        request_condition(view, argument);
        return true;
    case CMD_ASK:
        request_revise(view);
        return true;
    case CMD_ROLLBACK:
        request_rollback(view);
        return true;
    case CMD_APPLY:
        apply(view);
        return true;
    case CMD_COMPARE:
        request_sides_compare(view);
        return true;
    case CMD_PLOT:
        request_sides_plot(view);
        return true;
    case CMD_NEXT_METRIC:
    case CMD_PREVIOUS_METRIC:
        request_sides_metric(view, id == CMD_NEXT_METRIC ? !*argument : -1, argument);
        return true;
    case CMD_ALL_ROWS:
        view->all = !view->all;
        view->dirty = true;
        app_dirty(view->app);
        return true;
    case CMD_CHANGES:
        show_changes(view);
        return true;
    case CMD_NEXT_REQUEST:
    case CMD_PREVIOUS_REQUEST:
        step_request(view, id == CMD_NEXT_REQUEST ? 1 : -1);
        return true;
    case CMD_NEXT_UNSEEN:
        next_unseen(view);
        return true;
    case CMD_OPEN:
        request_evidence_here(view);
        return true;
    case CMD_DROP_DRAFT:
        request_drop_draft(view);
        return true;
    case CMD_SEND:
        send(view);
        return true;
    case CMD_SYNC:
        desk_sync(view->desk, argument);
        app_dirty(view->app);
        return true;
    case CMD_REREAD:
        view->sides.asked = false; /* reading the other side reads the ledger as well */
        app_dirty(view->app);
        return true;
    case CMD_CANCEL:
        app_back(view->app);
        return true;
    default:
        return false;
    }
}

/* A click on evidence opens it. */
static void press(struct request_view *view, const struct event *event)
{
    size_t row;
    if (!rect_contains(view->rect, event->x, event->y) ||
        !list_hit(&view->list, view->count, event->y - view->rect.y, &row))
        return;
    view->list.cursor = row;
    if (view->lines[row].evidence)
        request_evidence_here(view);
}

static bool request_event(void *self, const struct event *event)
{
    struct request_view *view = self;
    if (view->outbox.open) {
        outbox_event(&view->outbox, view->app, view->desk, event);
        return event->kind == EVENT_KEY || event->kind == EVENT_PASTE ||
               event->kind == EVENT_MOUSE;
    }
    if (view->asking && (event->kind == EVENT_KEY || event->kind == EVENT_PASTE)) {
        enum prompt_did did = prompt_event(&view->prompt, event);
        if (did == PROMPT_ENTER)
            request_typed(view);
        else if (did == PROMPT_ESCAPE)
            view->asking = TYPING_NOTHING;
        app_dirty(view->app);
        return true;
    }
    if (event->kind != EVENT_MOUSE)
        return false;
    if (request_evidence_open(view))
        request_evidence_event(view, event);
    else if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN)
        list_scroll(&view->list, view->count, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    else if (event->action == MOUSE_PRESS)
        press(view, event);
    return true;
}

/* The queue below takes what the desk has done; what is this screen's it gives on. */
void view_request_result(struct app *app, struct desk_result *result, bool *taken)
{
    struct request_view *view = NULL;
    for (size_t i = 0; i < app->depth; i++)
        if (app->screens[i].ops == &view_request)
            view = app->screens[i].self;
    if (!view)
        return;
    view->dirty = true;
    if (result->wish.task == DESK_SIDES) {
        request_sides_take(view, result);
        *taken = true;
    }
    if (result->wish.task == DESK_EVIDENCE) {
        request_evidence_take(view, result);
        *taken = true;
    }
    if (!*taken)
        *taken = outbox_result(&view->outbox, app, result);
    outbox_go(&view->outbox, view->desk);
    if (result->wish.task == DESK_SIGN || result->wish.task == DESK_APPLY)
        view->sides.asked = false; /* what is there has changed: look again */
}

/* Runs of other sources come later than the request: then they are looked for again. */
static void request_changed(void *self, unsigned changes)
{
    struct request_view *view = self;
    if (changes & ASSAY_CHANGED_RUNS)
        request_sides_find(view);
}

static void request_complete(void *self, enum command_argument argument, struct assay_buf *out)
{
    struct request_view *view = self;
    for (int i = ASSAY_APPROVE; argument == ARG_VERDICT && i <= ASSAY_COMMENT; i++)
        assay_buf_format(out, "%s\n", assay_verdict_name((enum assay_verdict)i));
    for (size_t i = 0; argument == ARG_METRIC && i < view->sides.metric_count; i++)
        assay_buf_format(out, "%s\n", view->sides.metrics[i]);
}

/* What needs a run looks for candidate and champion itself, and says why they are not there. */
static bool request_has(void *self, enum command_needs needs)
{
    (void)self;
    return needs == NEEDS_RUN;
}

static void request_title(void *self, struct assay_buf *out)
{
    struct request_view *view = self;
    const struct assay_request *r = request_of(view);
    char doing[64];
    assay_buf_text_add(out, "request ");
    if (r) {
        assay_text_clean(out, r->model, strlen(r->model));
        assay_buf_char(out, ' ');
        assay_text_clean(out, r->version, strlen(r->version));
    }
    assay_buf_text_add(out, desk_doing(view->desk, doing));
}

static bool request_poll(void *self)
{
    struct request_view *view = self;
    return file_preview_take(&view->evidence.preview, view->app);
}

static const enum command_id *request_hints(void *self)
{
    return request_may_hints(self);
}

static const char *request_typing(void *self)
{
    struct request_view *view = self;
    if (view->outbox.open)
        return view->outbox.wish.task == DESK_APPLY ? "esc=leave it as it is"
                                                    : "esc=leave it a draft\tdown/up=scroll";
    return view->asking ? "enter=keep as a draft\tesc=give up" : NULL;
}

const struct view_ops view_request = {
    .where = WHERE_REQUEST,
    .open = request_open,
    .close = request_close,
    .draw = request_draw,
    .command = request_command,
    .event = request_event,
    .changed = request_changed,
    .poll = request_poll,
    .complete = request_complete,
    .has = request_has,
    .title = request_title,
    .hints = request_hints,
    .typing = request_typing,
};

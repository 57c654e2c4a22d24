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
#include "draw_wrap.h"
#include "inbox.h"
#include "outbox.h"
#include "view_request.h"
#include "widget_list.h"

#define NARROW      76 /* columns of the screen below which the tier is said in the detail */
#define MODEL_LEAST 3  /* cells of its name, however wide its version is */

struct queue_view {
    struct app *app;
    struct desk *desk;
    struct outbox outbox;
    const struct assay_request **rows;
    size_t count, mine, open, soon;    /* soon: expire within a day */
    const struct assay_draft *written; /* the desk's, until it has others */
    size_t drafts, to_go;              /* to_go: those that can be sent */
    char here[17];                     /* the request under the cursor, across readings */
    bool all;                          /* closed ones as well */
    bool stale;                        /* the rows must be made anew */
    size_t sent, to_send;              /* drafts, while they are sent one after the other */
    struct list list;
    struct rect rect;
};

static void *queue_open(struct app *app, const void *argument)
{
    struct queue_view *view = assay_alloc(sizeof *view);
    (void)argument;
    view->app = app;
    view->stale = true;
    view->desk = app->inbox.desk;
    if (desk_ledger(view->desk) && !app->inbox.err.what[0])
        inbox_look(app, true);
    else
        desk_ask(view->desk, &(struct desk_wish){.task = DESK_READ});
    return view;
}

static void queue_close(void *self)
{
    struct queue_view *view = self;
    outbox_close(&view->outbox);
    free(view->rows);
    free(view);
}

/* ---- rows ---- */

/* Production first, then staging, then whatever a policy calls its tiers, by name. */
static int tier_rank(const char *tier)
{
    return strcmp(tier, "production") == 0 ? 0 : strcmp(tier, "staging") == 0 ? 1 : 2;
}

static bool is_open(const struct assay_request *r)
{
    return assay_request_open_state(r->state) || r->review_due ||
           (r->review_open && r->state == ASSAY_STATE_APPLIED);
}

static int compare_times(int64_t x, int64_t y)
{
    return x < y ? -1 : x > y;
}

/* Mine first, then by tier, by expiry, by age; closed ones last, the newest of them first. */
static int by_urgency(const void *a, const void *b)
{
    const struct assay_request *x = *(const struct assay_request *const *)a;
    const struct assay_request *y = *(const struct assay_request *const *)b;
    int order = (int)y->mine - (int)x->mine;
    if (order == 0)
        order = (int)is_open(y) - (int)is_open(x);
    if (order == 0 && !is_open(x))
        order = compare_times(y->revised_ms, x->revised_ms);
    if (order == 0)
        order = tier_rank(x->tier) - tier_rank(y->tier);
    if (order == 0)
        order = strcmp(x->tier, y->tier);
    if (order == 0)
        order = compare_times(x->expires_ms, y->expires_ms);
    if (order == 0)
        order = compare_times(x->opened_ms, y->opened_ms);
    return order ? order : strcmp(x->id, y->id);
}

/* The open requests (or ALL) in that order; the caller frees. */
static size_t in_order(struct assay_ledger *ledger, bool all, const struct assay_request ***out)
{
    const struct assay_request *const *requests;
    size_t total = assay_ledger_requests(ledger, &requests), count = 0;
    const struct assay_request **rows = assay_alloc_array(total + 1, sizeof *rows);
    for (size_t i = 0; i < total; i++)
        if (all || is_open(requests[i]))
            rows[count++] = requests[i];
    if (count > 1)
        qsort(rows, count, sizeof *rows, by_urgency);
    *out = rows;
    return count;
}

bool view_queue_step(struct desk *desk, const char *id, int delta, char out[17])
{
    const struct assay_request **rows = NULL;
    size_t count = desk_ledger(desk) ? in_order(desk_ledger(desk), false, &rows) : 0, at = 0;
    while (at < count && strcmp(rows[at]->id, id) != 0)
        at++;
    size_t to = at < count ? at + (size_t)(long)delta : 0; /* below 0 it wraps, beyond COUNT */
    if (to < count)
        memcpy(out, rows[to]->id, 17);
    free(rows);
    return to < count;
}

bool view_queue_asked(struct desk *desk, const char *place, const char *model,
                      const char *version, char out[17])
{
    const struct assay_request **rows = NULL;
    size_t count = desk_ledger(desk) ? in_order(desk_ledger(desk), false, &rows) : 0, at = 0;
    while (at < count &&
           (strcmp(rows[at]->place, place) != 0 || strcmp(rows[at]->model, model) != 0 ||
            strcmp(rows[at]->version, version) != 0))
        at++;
    const bool found = at < count;
    if (found)
        memcpy(out, rows[at]->id, 17);
    free(rows);
    return found;
}

/* Two of them would each take what the one desk has done for the other. */
void view_queue_go(struct app *app, const char *id)
{
    char wanted[17] = "";
    bool there = false;
    if (id)
        snprintf(wanted, sizeof wanted, "%s", id); /* it may lie in what is closed here */
    for (size_t i = 0; i < app->depth; i++)
        there = there || app->screens[i].ops == &view_queue;
    while (there && app->screens[app->depth - 1].ops != &view_queue)
        app_back(app);
    if (!there)
        app_open(app, &view_queue, NULL);
    if (wanted[0])
        app_open(app, &view_request, &(struct request_arguments){app->inbox.desk, wanted});
}

static const struct assay_draft *draft_of(const struct assay_draft *drafts, size_t count,
                                          const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(drafts[i].request, id) == 0)
            return &drafts[i];
    return NULL;
}

/* A refusal can be taken back, and an approval renewed that was not applied in time. */
static bool is_over(const struct assay_request *r)
{
    return r->state == ASSAY_STATE_APPLIED || r->state == ASSAY_STATE_REVOKED ||
           r->state == ASSAY_STATE_WITHDRAWN || r->state == ASSAY_STATE_SUPERSEDED ||
           (r->state == ASSAY_STATE_EXPIRED && r->apply_by_ms == ASSAY_NO_TIME);
}

bool view_queue_too_late(const struct assay_request *r, const struct assay_draft *draft)
{
    return is_over(r) && draft->verdict != ASSAY_COMMENT && draft->verdict != ASSAY_REVOKE &&
           draft->verdict != ASSAY_RATIFY && draft->verdict != ASSAY_FULFIL;
}

/* Whether DRAFT can be sent: written on what REQUEST is now, and not too late. */
static bool can_go(const struct assay_request *request, const struct assay_draft *draft)
{
    return strcmp(request->binding, draft->binding) == 0 &&
           !view_queue_too_late(request, draft);
}

bool view_queue_waiting(struct desk *desk, const char *id, char out[17])
{
    const struct assay_request **rows = NULL;
    const struct assay_draft *drafts;
    struct assay_ledger *ledger = desk_ledger(desk);
    size_t count = ledger ? in_order(ledger, false, &rows) : 0;
    const size_t written = desk_drafts(desk, &drafts);
    bool found = false;
    for (size_t i = 0; i < count && !found; i++) {
        found = rows[i]->mine && strcmp(rows[i]->id, id) != 0 &&
                !draft_of(drafts, written, rows[i]->id);
        if (found)
            memcpy(out, rows[i]->id, 17);
    }
    free(rows);
    return found;
}

static void build(struct queue_view *view)
{
    const struct assay_request *const *requests;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    const int64_t soon = view->app->now_ms + 24 * INT64_C(3600000);
    view->stale = false;
    free(view->rows);
    view->rows = NULL;
    view->count = view->mine = view->open = view->drafts = view->soon = view->to_go = 0;
    if (!ledger)
        return;
    view->drafts = desk_drafts(view->desk, &view->written);
    size_t all = assay_ledger_requests(ledger, &requests);
    for (size_t i = 0; i < all; i++) {
        view->open += is_open(requests[i]);
        view->mine += requests[i]->mine;
        view->soon +=
            assay_request_open_state(requests[i]->state) && requests[i]->expires_ms < soon;
    }
    view->count = in_order(ledger, view->all, &view->rows);
    for (size_t i = 0; i < view->drafts; i++) {
        const struct assay_request *r;
        if (assay_ledger_find(ledger, view->written[i].request, &r, NULL) == ASSAY_OK)
            view->to_go += can_go(r, &view->written[i]);
    }
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
    if (!assay_request_open_state(r->state))
        snprintf(out, 32, "%s", is_open(r) ? "applied" : "closed");
    else if (end <= now_ms)
        snprintf(out, 32, "expired");
    else
        snprintf(out, 32, "%s left", assay_age_text(age, now_ms, end));
}

/* The gate that keeps it from going on; NULL where all pass. */
static const struct assay_gate_result *worst_gate(const struct assay_request *r)
{
    const struct assay_gate_result *worst = NULL;
    for (size_t i = 0; i < r->gate_count; i++)
        if (!assay_requirement_passes(r->gates[i].state) &&
            (!worst || r->gates[i].state > worst->state))
            worst = &r->gates[i];
    return worst;
}

static int clean_field(struct area row, int x, int width, enum role role, const char *text)
{
    struct assay_buf clean = {0};
    assay_text_clean(&clean, text, strlen(text));
    draw_field(row, x, 0, width, ALIGN_LEFT, role, assay_buf_text(&clean));
    assay_buf_free(&clean);
    return x + width + 1;
}

static int draw_state(const struct assay_request *r, struct area row, int x)
{
    const bool narrow = row.rect.width < NARROW;
    const bool review = r->review_open && r->state == ASSAY_STATE_APPLIED;
    char number[48];
    if (r->state == ASSAY_STATE_PENDING)
        snprintf(number, sizeof number, "%zu/%zu %s", r->have, r->needed,
                 r->turn[0] ? "later" : "signed");
    else if (r->state == ASSAY_STATE_CHANGES) /* its name is wider than the column */
        snprintf(number, sizeof number, narrow ? "CHANGES" : "CHANGES ASKED");
    else
        snprintf(number, sizeof number, "%s", assay_request_state_name(r->state));
    draw_field(row, x, 0, narrow ? 10 : 14, ALIGN_LEFT,
               r->state == ASSAY_STATE_REJECTED || r->review_due ? ROLE_FAILED
               : review                                          ? ROLE_WAITING
               : r->state == ASSAY_STATE_APPROVED || r->state == ASSAY_STATE_APPLIED
                   ? ROLE_DONE
                   : ROLE_NORMAL,
               r->review_due ? narrow ? "OVERDUE" : "REVIEW OVERDUE"
               : review      ? "REVIEW DUE"
                             : number);
    x += narrow ? 11 : 15;
    const bool pass = r->gates_passed == r->gate_count;
    snprintf(number, sizeof number, "%zu/%zu%s", r->gates_passed, r->gate_count,
             pass                ? ""
             : row.canvas->ascii ? " x"
                                 : " ✗");
    draw_field(row, x, 0, narrow ? 5 : 7, ALIGN_LEFT, pass ? ROLE_BETTER : ROLE_WORSE,
               r->gate_count ? number : "-");
    return x + (narrow ? 6 : 8);
}

/* Model and version; where there is no room for both, the model's name gives way: two versions
   of one model must not look the same. */
static int draw_version(const struct assay_request *r, struct area row, int x, int width)
{
    const enum role role = r->mine ? ROLE_STRONG : ROLE_NORMAL;
    struct assay_buf model = {0}, version = {0};
    assay_text_clean(&model, r->model, strlen(r->model));
    assay_text_clean(&version, r->version, strlen(r->version));
    const int wanted = assay_text_width(assay_buf_text(&model));
    const int room = width - 1 - assay_text_width(assay_buf_text(&version));
    const int given = wanted <= room ? wanted : room > MODEL_LEAST ? room : MODEL_LEAST;
    draw_field(row, x, 0, given, ALIGN_LEFT, role, assay_buf_text(&model));
    draw_field(row, x + given + 1, 0, width - given - 1, ALIGN_LEFT, role,
               assay_buf_text(&version));
    assay_buf_free(&model);
    assay_buf_free(&version);
    return x + width + 1;
}

static void draw_row(struct queue_view *view, const struct assay_request *r, struct area row)
{
    const int width = row.rect.width;
    const struct assay_draft *draft = draft_of(view->written, view->drafts, r->id);
    char left[32], age[16];
    draw_text(row, 1, 0, ROLE_WAITING, r->mine ? "!" : " ");
    if (draft)
        draw_text(row, 2, 0, can_go(r, draft) ? ROLE_ACCENT : ROLE_WARNING, "$");
    int x = draw_version(r, row, 4, width >= 130 ? 24 : width >= 100 ? 18 : 14);
    x = clean_field(row, x, width >= 100 ? 16 : 14, ROLE_NORMAL, r->target);
    if (width >= NARROW)
        x = clean_field(row, x, 11, tier_rank(r->tier) == 0 ? ROLE_STRONG : ROLE_DIM, r->tier);
    x = draw_state(r, row, x);
    left_text(left, r, view->app->now_ms);
    draw_field(row, x, 0, width < NARROW ? 8 : 9, ALIGN_RIGHT,
               strcmp(left, "expired") == 0 ? ROLE_FAILED : ROLE_NORMAL, left);
    x += 10;
    if (width >= 110) {
        draw_field(row, x, 0, 4, ALIGN_RIGHT, ROLE_DIM,
                   assay_age_text(age, r->opened_ms, view->app->now_ms));
        x += 6;
    }
    if (width - x > 6)
        clean_field(row, x, width - x - 2, ROLE_DIM, r->words);
}

/* The request under the cursor in full: its words, who asks, what stands in its way. */
static void draw_detail(struct queue_view *view, const struct assay_request *r,
                        struct area area)
{
    const struct assay_gate_result *worst = worst_gate(r);
    const struct assay_draft *draft = draft_of(view->written, view->drafts, r->id);
    const int width = area.rect.width;
    struct assay_buf text = {.limit = 8192}, clean = {0};
    char age[16];
    draw_hline(area, 0, 0, width, ROLE_BORDER);
    assay_buf_format(&text, "%s (%s) asked %s ago%s%s, revision %llu, at %s: %s",
                     r->requester_name, r->requester,
                     assay_age_text(age, r->opened_ms, view->app->now_ms),
                     width < NARROW ? ", tier " : "", width < NARROW ? r->tier : "",
                     (unsigned long long)r->revision,
                     r->place[0] ? r->place : "the local registry", r->words);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    int y = 1 + draw_wrapped(area, 1, 1, width - 2, area.rect.height - 2, ROLE_NORMAL,
                             assay_buf_text(&clean));
    assay_buf_reset(&text);
    assay_buf_reset(&clean);
    if (draft)
        assay_buf_format(&text, "draft: %s%s%s%s   ", assay_verdict_name(draft->verdict),
                         draft->reason[0] ? ", " : "", draft->reason,
                         view_queue_too_late(r, draft)
                             ? " (the request is closed: it would not count)"
                         : !can_go(r, draft) ? " (the request has changed since: look again)"
                                             : "");
    if (r->turn[0] && assay_request_open_state(r->state) && strncmp(r->why, "after ", 6) != 0)
        assay_buf_format(&text, "its turn comes after %s: %s   ", r->turn, r->turn_why);
    if (worst)
        assay_buf_format(&text, "gate %s: %s, %s", worst->name,
                         assay_requirement_state_name(worst->state), worst->why);
    else
        assay_buf_format(&text, "%s", r->why);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    draw_field(area, 1, y, width - 2, ALIGN_LEFT, worst ? ROLE_WORSE : ROLE_DIM,
               assay_buf_text(&clean));
    assay_buf_free(&text);
    assay_buf_free(&clean);
}

/* Why nothing can be shown, and what to do about it. */
static void draw_broken(struct queue_view *view, struct area area)
{
    const int width = area.rect.width - 6;
    struct assay_buf clean = {0};
    if (!view->app->inbox.err.what[0]) {
        draw_text(area, 3, 2, ROLE_DIM, "reading the ledger");
        return;
    }
    draw_text(area, 3, 2, ROLE_FAILED, "The ledger cannot be read, so nothing can be decided:");
    assay_text_clean(&clean, view->app->inbox.err.what, strlen(view->app->inbox.err.what));
    int y = 4 + draw_wrapped(area, 3, 4, width, 4, ROLE_NORMAL, assay_buf_text(&clean));
    assay_buf_reset(&clean);
    assay_text_clean(&clean, view->app->inbox.err.hint, strlen(view->app->inbox.err.hint));
    y += draw_wrapped(area, 3, y, width, 4, ROLE_DIM, assay_buf_text(&clean));
    assay_buf_free(&clean);
    draw_text(area, 3, y + 1, ROLE_NORMAL, "In a shell:");
    draw_text(area, 3, y + 2, ROLE_KEY, "assay verify");
    draw_text(area, 20, y + 2, ROLE_DIM, "names the first record at fault");
    draw_text(area, 3, y + 3, ROLE_KEY, "assay doctor");
    draw_text(area, 20, y + 3, ROLE_DIM, "says where the store and the keys are");
    draw_text(area, 3, y + 4, ROLE_KEY, "assay sync PLACE");
    draw_text(area, 20, y + 4, ROLE_DIM,
              "fetches what is missing from where the team keeps it; S here as well");
    draw_text(area, 3, y + 6, ROLE_DIM, "r reads it again.");
}

static void draw_empty(struct queue_view *view, struct area area)
{
    struct assay_ledger *ledger = desk_ledger(view->desk);
    if (!ledger) {
        draw_broken(view, area);
    } else if (!assay_ledger_info(ledger).digest[0]) {
        draw_text(area, 3, 2, ROLE_NORMAL, "There is no ledger yet. In a shell:");
        draw_text(area, 3, 4, ROLE_KEY,
                  "assay keys add YOU --name \"Your Name\" --key ~/.ssh/id_ed25519.pub");
        draw_text(area, 3, 5, ROLE_KEY, "assay policy set POLICY.ini");
        int x = 3 + draw_text(area, 3, 7, ROLE_DIM, "or, where your team has one, here: ");
        x += draw_text(area, x, 7, ROLE_KEY, ":sync PLACE");
        draw_text(area, x + 2, 7, ROLE_DIM, "a directory, a server, git+URL");
    } else {
        const struct assay_policy_info *policies;
        const bool policy = assay_ledger_policies(ledger, &policies) > 0;
        draw_text(area, 3, 2, ROLE_NORMAL, "Nothing waits.");
        draw_wrapped(area, 3, 3, area.rect.width - 6, 3, ROLE_DIM,
                     policy
                         ? "Q on a model or a run asks for something, as does assay request "
                           "in a shell. S fetches what others asked for; f shows what is "
                           "closed."
                         : "There is no policy yet, so nothing can be asked for: assay policy "
                           "set POLICY.ini");
    }
}

/* What keeps me from signing, or what is shown from being all: one line, or none. */
static int draw_warning(struct queue_view *view, struct area area)
{
    struct assay_ledger *ledger = desk_ledger(view->desk);
    struct assay_buf clean = {0};
    if (!ledger)
        return 0;
    struct assay_ledger_info info = assay_ledger_info(ledger);
    if (view->app->inbox.err.what[0])
        assay_buf_format(&clean, "this is as it was read before; now: %s",
                         view->app->inbox.err.what);
    else if (info.digest[0] && info.problems)
        assay_buf_format(&clean, "%zu %s: assay verify says which", info.problems,
                         info.problems == 1 ? "record is at fault or to be noted"
                                            : "records are at fault or to be noted");
    else if (info.digest[0] && !desk_me(view->desk)[0] && !desk_busy(view->desk))
        assay_buf_text_add(&clean, "you can look, not sign: no key of a person of this ledger "
                                   "is in your agent (ssh-add -L, assay keys list)");
    if (clean.length == 0)
        return 0;
    struct assay_buf safe = {0};
    assay_text_clean(&safe, assay_buf_text(&clean), clean.length);
    draw_field(area, 1, 1, area.rect.width - 2, ALIGN_LEFT,
               view->app->inbox.err.what[0] ? ROLE_FAILED : ROLE_WARNING,
               assay_buf_text(&safe));
    assay_buf_free(&safe);
    assay_buf_free(&clean);
    return 1;
}

/* What there is to do comes first: where it does not fit beside the counts, they are cut. */
static void draw_head(struct queue_view *view, struct area area)
{
    char counts[120], drafts[48] = "";
    const int width = area.rect.width;
    int x = 1 + draw_text(area, 1, 0, ROLE_TITLE, "APPROVALS") + 3;
    if (view->to_go)
        snprintf(drafts, sizeof drafts, "%zu %s to send [$]", view->to_go,
                 view->to_go == 1 ? "draft" : "drafts");
    const int room = width - x - (view->to_go ? (int)strlen(drafts) + 4 : 1);
    int used = snprintf(counts, sizeof counts, "%zu %s for you   %zu open", view->mine,
                        view->mine == 1 ? "waits" : "wait", view->open);
    if (view->soon)
        used += snprintf(counts + used, sizeof counts - (size_t)used, "   %zu %s today",
                         view->soon, view->soon == 1 ? "expires" : "expire");
    if (view->all)
        snprintf(counts + used, sizeof counts - (size_t)used, "%s",
                 used + 22 <= room ? "   closed ones as well" : "   and closed");
    draw_field(area, x, 0, room, ALIGN_LEFT, view->mine ? ROLE_WAITING : ROLE_DIM, counts);
    x += (int)strlen(counts) < room ? (int)strlen(counts) : room;
    draw_text(area, x + 3, 0, ROLE_ACCENT, drafts);
}

static void queue_draw(void *self, struct area area)
{
    struct queue_view *view = self;
    const int width = area.rect.width, height = area.rect.height;
    if (view->list.cursor < view->count)
        snprintf(view->here, sizeof view->here, "%s", view->rows[view->list.cursor]->id);
    if (view->stale)
        build(view);
    draw_head(view, area);
    const int top = 1 + draw_warning(view, area);
    const int detail = height >= 14 && view->count > 0 ? 5 : 0;
    struct area rows = area_part(area, 0, top, width, height - top - detail);
    const int shown = rows.rect.height;
    view->rect = rows.rect;
    if (view->count == 0)
        draw_empty(view, rows);
    list_fit(&view->list, view->count, shown);
    for (int y = 0; y < shown && view->list.top + (size_t)y < view->count; y++) {
        size_t at = view->list.top + (size_t)y;
        struct area row = area_row(rows, y);
        if (at == view->list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        draw_row(view, view->rows[at], row);
    }
    draw_scrollbar(rows, width - 1, 0, shown, view->list.top, view->count);
    if (detail && here(view))
        draw_detail(view, here(view), area_part(area, 0, height - detail, width, detail));
    if (view->outbox.open)
        outbox_draw(&view->outbox, area);
}

/* ---- what it does ---- */

/* The first draft whose request is as it was when the draft was written; those on requests
   that have changed are left, and said. */
static void send_next(struct queue_view *view)
{
    const struct assay_draft *drafts;
    const struct assay_request *request;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    size_t count = ledger ? desk_drafts(view->desk, &drafts) : 0, old = 0, late = 0;
    build(view); /* counts what can go */
    view->stale = true;
    for (size_t i = 0; i < count; i++) {
        const bool found =
            assay_ledger_find(ledger, drafts[i].request, &request, NULL) == ASSAY_OK;
        if (!found || !can_go(request, &drafts[i])) {
            if (found && view_queue_too_late(request, &drafts[i]))
                late++;
            else
                old++;
            continue;
        }
        if (view->to_send == 0)
            view->to_send = view->to_go;
        outbox_begin(&view->outbox, view->app, view->desk, request, &drafts[i], 0);
        view->outbox.at = view->sent + 1;
        view->outbox.total = view->to_send;
        return;
    }
    if (old > 0)
        app_say(view->app,
                "%zu %s on a request that has changed since: look again and write "
                "it anew",
                old, old == 1 ? "draft is" : "drafts are each");
    else if (late > 0)
        app_say(view->app, "%zu %s on a request that is closed, and would not count", late,
                late == 1 ? "draft is" : "drafts are each");
    else if (view->sent > 0)
        app_say(view->app, "%zu signed and recorded", view->sent);
    else
        app_say(view->app, "there is no draft to send");
    view->sent = view->to_send = 0;
}

static bool queue_command(void *self, enum command_id id, const char *argument)
{
    struct queue_view *view = self;
    const struct assay_request *request = here(view);
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
        view->sent = view->to_send = 0;
        send_next(view);
        return true;
    case CMD_SYNC:
        desk_sync(view->desk, argument);
        app_dirty(view->app);
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
             list_hit(&view->list, view->count, event->y - view->rect.y, &row)) {
        const bool again = view->list.cursor == row;
        view->list.cursor = row;
        if (again)
            queue_command(view, CMD_OPEN, "");
    }
    if (here(view))
        snprintf(view->here, sizeof view->here, "%s", here(view)->id);
    return true;
}

static int64_t queue_wake(void *self, int64_t now_us)
{
    struct queue_view *view = self;
    inbox_look(view->app, false);
    if (desk_busy(view->desk) && desk_task(view->desk) == DESK_SYNC)
        app_dirty(view->app); /* how far it has come */
    return now_us + INBOX_LOOK_US;
}

static bool queue_poll(void *self)
{
    struct queue_view *view = self;
    struct desk_result result;
    if (!desk_poll(view->desk, &result))
        return false;
    const bool sends = view->outbox.open;
    const bool read = result.wish.task == DESK_READ;
    bool taken = outbox_result(&view->outbox, view->app, &result);
    if (sends && taken && result.wish.task == DESK_SIGN && result.status == ASSAY_OK) {
        view->sent++;
        send_next(view); /* the next one, in a box of its own */
    }
    view_request_result(view->app, &result, &taken);
    if (!taken && result.wish.task == DESK_SYNC)
        desk_synced(view->app, &result);
    else if (!taken && result.status != ASSAY_OK && !read)
        app_fail(view->app, &result.err);
    outbox_go(&view->outbox, view->desk);
    free(result.text);
    free(result.words);
    assay_sides_free(&result.sides);
    inbox_taken(view->app, &result);
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
    char doing[64];
    assay_buf_text_add(out, "approvals");
    if (*desk_me(view->desk))
        assay_buf_format(out, " as %s", desk_me(view->desk));
    assay_buf_text_add(out, desk_doing(view->desk, doing));
}

static const enum command_id *queue_hints(void *self)
{
    static const enum command_id hints[] = {CMD_DOWN, CMD_UP,           CMD_OPEN, CMD_SEND,
                                            CMD_SYNC, CMD_ALL_REQUESTS, CMD_BACK, CMD_NONE};
    (void)self;
    return hints;
}

static const char *queue_typing(void *self)
{
    struct queue_view *view = self;
    return view->outbox.open ? "esc=leave it a draft\tdown/up=scroll" : NULL;
}

const struct view_ops view_queue = {
    .where = WHERE_QUEUE,
    .open = queue_open,
    .close = queue_close,
    .draw = queue_draw,
    .command = queue_command,
    .event = queue_event,
    .poll = queue_poll,
    .wake_us = queue_wake,
    .shown = queue_shown,
    .title = queue_title,
    .hints = queue_hints,
    .typing = queue_typing,
};

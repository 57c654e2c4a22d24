/*
 * One request: why, candidate against champion, gates, evidence with its marks, who signed,
 * what is missing, what I may do. A verdict is a draft until it is sent; the digest of what is
 * decided on stands below the page, where no text can scroll over it.
 */
#include "view_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "outbox.h"
#include "widget_list.h"
#include "widget_prompt.h"

#define EVIDENCE_LINES 400

struct request_line {
    enum role role;
    char *text;      /* clean */
    size_t evidence; /* index + 1; 0: none */
};

struct request_view {
    struct app *app;
    struct desk *desk;
    char id[17];
    struct request_line *lines;
    size_t count, capacity;
    uint64_t generation; /* of the desk's ledger when the lines were made */
    size_t expanded;     /* evidence that is open, index + 1 */
    struct list list;
    struct rect rect;
    bool asking; /* the reason is being typed */
    enum assay_verdict verdict;
    struct prompt prompt;
    struct outbox outbox;
    bool dirty;
    int64_t opened_us;
};

static const struct assay_request *request_of(struct request_view *view)
{
    const struct assay_request *request = NULL;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    if (ledger)
        (void)assay_ledger_find(ledger, view->id, &request, NULL);
    return request;
}

static const struct assay_draft *draft_of(struct request_view *view)
{
    const struct assay_draft *drafts;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    size_t count = ledger ? assay_ledger_drafts(ledger, &drafts) : 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(drafts[i].request, view->id) == 0)
            return &drafts[i];
    return NULL;
}

/* ---- the page ---- */

static void clear_lines(struct request_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        free(view->lines[i].text);
    view->count = 0;
}

static struct request_line *add(struct request_view *view, enum role role, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

static struct request_line *add(struct request_view *view, enum role role, const char *format,
                                ...)
{
    struct assay_buf text = {.limit = 16384}, clean = {0};
    va_list args;
    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    ASSAY_GROW(view->lines, view->capacity, view->count + 1);
    struct request_line *line = &view->lines[view->count++];
    *line = (struct request_line){.role = role, .text = assay_buf_take(&clean)};
    if (!line->text)
        line->text = assay_strdup("");
    assay_buf_free(&text);
    return line;
}

/* Letters that look like others have no place in a name: said, where there are any. */
static const char *ascii_note(const char *name)
{
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at >= 0x80)
            return "   (the name is not plain ASCII)";
    return "";
}

static enum role state_role(enum assay_requirement_state state)
{
    return state == ASSAY_SATISFIED || state == ASSAY_NOT_APPLICABLE ? ROLE_BETTER
           : state == ASSAY_OVERRIDDEN                               ? ROLE_WARNING
                                                                     : ROLE_WORSE;
}

static const char *state_mark(enum assay_requirement_state state)
{
    static const char *const marks[] = {
        [ASSAY_UNSATISFIED] = "no ",    [ASSAY_SATISFIED] = "ok ",
        [ASSAY_MISSING] = "?  ",        [ASSAY_ERROR] = "err",
        [ASSAY_NOT_APPLICABLE] = "-  ", [ASSAY_OVERRIDDEN] = "OVERRIDDEN"};
    return marks[state];
}

static void add_gates(struct request_view *view, const struct assay_request *r)
{
    if (r->gate_count)
        add(view, ROLE_TITLE, "GATES   %zu of %zu", r->gates_passed, r->gate_count);
    for (size_t i = 0; i < r->gate_count; i++) {
        const struct assay_gate_result *g = &r->gates[i];
        add(view, state_role(g->state), "  %s  %-24s %s%s%s", state_mark(g->state), g->name,
            g->why, g->champion[0] ? "   champion " : "", g->champion);
    }
}

static void add_opened(struct request_view *view, const struct assay_evidence *e)
{
    char *bytes = NULL;
    size_t length = 0;
    struct assay_error err = {0};
    if (assay_evidence_read(desk_ledger(view->desk), e->digest, &bytes, &length, &err) !=
        ASSAY_OK) {
        add(view, ROLE_FAILED, "        %s", err.what);
        return;
    }
    size_t lines = 0;
    for (char *at = bytes; at && *at && lines < EVIDENCE_LINES; lines++) {
        char *end = strchr(at, '\n');
        if (end)
            *end = '\0';
        add(view, ROLE_DIM, "        %.400s", at);
        at = end ? end + 1 : NULL;
    }
    free(bytes);
}

static void add_evidence(struct request_view *view, const struct assay_request *r)
{
    char size[32];
    if (r->evidence_count)
        add(view, ROLE_TITLE, "EVIDENCE");
    for (size_t i = 0; i < r->evidence_count; i++) {
        const struct assay_evidence *e = &r->evidence[i];
        add(view, e->seen ? ROLE_NORMAL : ROLE_STRONG, "  [%s] %s   %s   %.16s",
            e->seen ? "x" : " ", e->name, assay_bytes_text(size, e->bytes), e->digest)
            ->evidence = i + 1;
        if (view->expanded == i + 1)
            add_opened(view, e);
    }
}

static void add_votes(struct request_view *view, const struct assay_request *r)
{
    char age[16];
    if (r->vote_count)
        add(view, ROLE_TITLE, "SIGNED");
    for (size_t i = 0; i < r->vote_count; i++) {
        const struct assay_vote *v = &r->votes[i];
        add(view, v->counts ? ROLE_NORMAL : ROLE_DIM, "  %-16s %s (%s)   %s   %s ago%s%s%s%s%s",
            assay_verdict_name(v->verdict), v->name, v->person,
            assay_verdict_meaning(v->verdict),
            assay_age_text(age, v->time_ms, view->app->now_ms), v->key[0] ? "" : "   UNSIGNED",
            v->counts ? "" : "   does not count: ", v->counts ? "" : v->why_not,
            v->reason[0] ? "   " : "", v->reason);
    }
}

static void add_needs(struct request_view *view, const struct assay_request *r)
{
    add(view, ROLE_TITLE, "NEEDS");
    for (size_t i = 0; i < r->requirement_count; i++) {
        const struct assay_requirement *q = &r->requirements[i];
        if (strncmp(q->name, "gate ", 5) != 0)
            add(view, state_role(q->state), "  %s  %-24s %s", state_mark(q->state), q->name,
                q->why);
    }
    add(view, ROLE_TITLE, "MAY SIGN");
    for (size_t i = 0; i < r->eligible_count; i++) {
        const struct assay_eligible *e = &r->eligible[i];
        add(view, e->eligible ? ROLE_NORMAL : ROLE_DIM, "  %s (%s)   %s%s", e->name, e->role,
            e->eligible ? (e->voted ? "has" : "may") : "may not: ", e->eligible ? "" : e->why);
    }
}

static void build(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    const struct assay_draft *draft;
    char age[16], left[16];
    clear_lines(view);
    view->generation = desk_generation(view->desk);
    if (!r) {
        add(view, ROLE_DIM, "%s", desk_busy(view->desk) ? "reading" : "the request is gone");
        return;
    }
    add(view, ROLE_STRONG, "%s %s to %s   now %s%s", r->model, r->version, r->target,
        r->from_version[0] ? r->from_version : "nothing", ascii_note(r->model));
    add(view, r->state == ASSAY_STATE_REJECTED ? ROLE_FAILED : ROLE_NORMAL, "%s   %s",
        assay_request_state_name(r->state), r->why);
    add(view, ROLE_NORMAL, "WHY   %s", r->words);
    add(view, ROLE_DIM, "asked by %s (%s) %s ago   %s left   tier %s", r->requester_name,
        r->requester, assay_age_text(age, r->opened_ms, view->app->now_ms),
        assay_age_text(left, view->app->now_ms, r->expires_ms), r->tier);
    if (r->overridden)
        add(view, ROLE_WARNING, "THE GLASS WAS BROKEN%s",
            r->review_due ? ": its review is overdue" : "");
    if (r->since_my_vote)
        add(view, ROLE_ACCENT, "since your last decision: %zu records, revision %llu now",
            r->since_my_vote, (unsigned long long)r->revision);
    draft = draft_of(view);
    if (draft)
        add(view, ROLE_ACCENT, "DRAFT   %s%s%s%s   $ sends it, u takes it back",
            assay_verdict_name(draft->verdict), draft->reason[0] ? ": " : "", draft->reason,
            strcmp(draft->binding, r->binding) != 0 ? "   (on an older revision)" : "");
    add_gates(view, r);
    add_evidence(view, r);
    add_votes(view, r);
    add_needs(view, r);
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
    draw_format(row, x + 3, 0, ROLE_DIM, "policy %s version %llu   revision %llu", r->policy,
                (unsigned long long)r->policy_version, (unsigned long long)r->revision);
}

static void request_draw(void *self, struct area area)
{
    struct request_view *view = self;
    const int width = area.rect.width, height = area.rect.height - 2;
    if (view->dirty || view->generation != desk_generation(view->desk))
        build(view);
    view->dirty = false;
    struct area rows = area_part(area, 0, 0, width, height);
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
    draw_hline(area, 0, height, width, ROLE_BORDER);
    if (view->asking) {
        struct area row = area_row(area, height + 1);
        int x = 1 + draw_format(row, 1, 0, ROLE_PROMPT,
                                "%s, because: ", assay_verdict_name(view->verdict));
        prompt_draw(&view->prompt, row, x, 0, width - x - 1, 0, NULL);
    } else {
        draw_digest(view, area_row(area, height + 1));
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
    return view;
}

static void request_close(void *self)
{
    struct request_view *view = self;
    outbox_close(&view->outbox);
    prompt_free(&view->prompt);
    clear_lines(view);
    free(view->lines);
    free(view);
}

static void ask_reason(struct request_view *view, enum assay_verdict verdict)
{
    view->asking = true;
    view->verdict = verdict;
    prompt_set(&view->prompt, "");
    app_dirty(view->app);
}

/* Keeps the verdict as a draft: nothing is signed here. */
static void keep_draft(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    struct assay_error err = {0};
    if (!r)
        return;
    if (view->verdict != ASSAY_APPROVE && !view->prompt.text[0]) {
        app_say(view->app, "%s needs a reason", assay_verdict_name(view->verdict));
        return;
    }
    const struct assay_draft draft = {.request = r->id,
                                      .binding = r->binding,
                                      .reason = view->prompt.text,
                                      .verdict = view->verdict};
    view->asking = false;
    if (assay_draft_set(desk_ledger(view->desk), &draft, &err) != ASSAY_OK)
        app_fail(view->app, &err);
    else
        app_say(view->app, "kept as a draft: $ shows what will be signed");
    view->dirty = true;
}

/* Marks what is open as seen and goes to the next that is not. */
static void next_unseen(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    struct assay_error err = {0};
    if (!r)
        return;
    if (view->expanded && view->expanded <= r->evidence_count &&
        !r->evidence[view->expanded - 1].seen) {
        char digest[ASSAY_SHA256_TEXT];
        snprintf(digest, sizeof digest, "%s", r->evidence[view->expanded - 1].digest);
        if (assay_evidence_seen(desk_ledger(view->desk), digest, true, &err) != ASSAY_OK)
            app_fail(view->app, &err);
    }
    r = request_of(view);
    view->expanded = 0;
    for (size_t i = 0; r && i < r->evidence_count && !view->expanded; i++)
        if (!r->evidence[i].seen)
            view->expanded = i + 1;
    build(view);
    if (!view->expanded)
        app_say(view->app, "all evidence is seen");
    for (size_t i = 0; i < view->count && view->expanded; i++)
        if (view->lines[i].evidence == view->expanded)
            view->list.cursor = i;
    app_dirty(view->app);
}

static void open_here(struct request_view *view)
{
    size_t at = view->list.cursor < view->count ? view->lines[view->list.cursor].evidence : 0;
    if (!at) {
        app_say(view->app, "the line is no evidence: space goes to the next unseen");
        return;
    }
    view->expanded = view->expanded == at ? 0 : at;
    view->dirty = true;
    app_dirty(view->app);
}

static void drop_draft(struct request_view *view)
{
    struct assay_error err = {0};
    if (!draft_of(view))
        app_say(view->app, "there is no draft");
    else if (assay_draft_drop(desk_ledger(view->desk), view->id, &err) != ASSAY_OK)
        app_fail(view->app, &err);
    view->dirty = true;
    app_dirty(view->app);
}

static void send(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    const struct assay_draft *draft = draft_of(view);
    if (r && draft)
        outbox_begin(&view->outbox, view->app, view->desk, r, draft,
                     (uint64_t)((assay_monotonic_us() - view->opened_us) / 1000000));
    else
        app_say(view->app, "there is no draft to send: A, R or C writes one");
}

static bool request_command(void *self, enum command_id id, const char *argument)
{
    struct request_view *view = self;
    (void)argument;
    if (list_command(&view->list, view->count, id))
        return true;
    switch (id) {
    case CMD_APPROVE:
        ask_reason(view, ASSAY_APPROVE);
        return true;
    case CMD_REJECT:
        ask_reason(view, ASSAY_REJECT);
        return true;
    case CMD_ASK_CHANGES:
        ask_reason(view, ASSAY_REQUEST_CHANGES);
        return true;
    case CMD_WITHDRAW:
        ask_reason(view, ASSAY_WITHDRAW);
        return true;
    case CMD_NEXT_UNSEEN:
        next_unseen(view);
        return true;
    case CMD_OPEN:
        open_here(view);
        return true;
    case CMD_DROP_DRAFT:
        drop_draft(view);
        return true;
    case CMD_SEND:
        send(view);
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
            keep_draft(view);
        else if (did == PROMPT_ESCAPE)
            view->asking = false;
        app_dirty(view->app);
        return true;
    }
    if (event->kind != EVENT_MOUSE)
        return false;
    if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN)
        list_scroll(&view->list, view->count, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    return true;
}

/* The queue below takes what the desk has done; what is this screen's it gives on. */
void view_request_result(struct app *app, struct desk_result *result, bool *taken)
{
    struct app_screen *top = &app->screens[app->depth - 1];
    if (top->ops != &view_request)
        return;
    struct request_view *view = top->self;
    view->dirty = true;
    if (!*taken)
        *taken = outbox_result(&view->outbox, app, result);
}

static void request_title(void *self, struct assay_buf *out)
{
    struct request_view *view = self;
    const struct assay_request *r = request_of(view);
    assay_buf_text_add(out, "request ");
    if (r) {
        assay_text_clean(out, r->model, strlen(r->model));
        assay_buf_char(out, ' ');
        assay_text_clean(out, r->version, strlen(r->version));
    }
    if (desk_busy(view->desk))
        assay_buf_text_add(out,
                           desk_task(view->desk) == DESK_SIGN ? "   signing" : "   reading");
}

static const enum command_id *request_hints(void *self)
{
    static const enum command_id hints[] = {CMD_NEXT_UNSEEN, CMD_OPEN, CMD_APPROVE, CMD_REJECT,
                                            CMD_ASK_CHANGES, CMD_SEND, CMD_BACK,    CMD_NONE};
    (void)self;
    return hints;
}

static const char *request_typing(void *self)
{
    struct request_view *view = self;
    if (view->outbox.open)
        return "esc=leave it a draft\tdown/up=scroll";
    return view->asking ? "enter=keep as a draft\tesc=give up" : NULL;
}

const struct view_ops view_request = {
    .where = WHERE_REQUEST,
    .open = request_open,
    .close = request_close,
    .draw = request_draw,
    .command = request_command,
    .event = request_event,
    .title = request_title,
    .hints = request_hints,
    .typing = request_typing,
};

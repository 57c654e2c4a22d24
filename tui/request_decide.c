/*
 * Deciding on the screen of a request: what is typed becomes a draft, and nothing is signed
 * here (outbox.h does that). Called by view_request.c.
 */
#include "request_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "palette.h"
#include "view_ask.h"

void request_prompt_label(const struct request_view *view, struct assay_buf *out)
{
    if (view->asking == TYPING_CONDITION)
        assay_buf_text_add(out, "on condition that (… until 2026-12-24): ");
    else if (view->verdict == ASSAY_DELEGATE)
        assay_buf_text_add(out, "hand my vote to (PERSON, then why): ");
    else if (view->verdict == ASSAY_FULFIL)
        assay_buf_text_add(out, "the condition that is met: ");
    else
        assay_buf_format(out, "%s, because: ", assay_verdict_name(view->verdict));
}

/* The condition of the line under the cursor, else the first that is still to be met. */
static const char *open_condition(const struct request_view *view)
{
    const char *first = "";
    for (size_t i = view->count; i-- > 0;)
        if (view->lines[i].condition)
            first = view->lines[i].condition;
    return view->list.cursor < view->count && view->lines[view->list.cursor].condition
               ? view->lines[view->list.cursor].condition
               : first;
}

void request_decide(struct request_view *view, enum assay_verdict verdict)
{
    view->asking = TYPING_REASON;
    view->verdict = verdict;
    prompt_set(&view->prompt, verdict == ASSAY_FULFIL ? open_condition(view) : "");
    app_dirty(view->app);
}

void request_decide_named(struct request_view *view, const char *name)
{
    enum assay_verdict verdict;
    if (!*name)
        palette_open(view->app, "decide ");
    else if (!assay_verdict_parse(name, &verdict))
        app_say(view->app, "%.40s: there is no such decision", name);
    else
        request_decide(view, verdict);
}

/* Whether the draft is one; says what it lacks. */
static bool complete(struct request_view *view, const struct assay_request *r,
                     const struct assay_draft *draft)
{
    const bool reason = draft->reason[0] != '\0';
    if (draft->verdict == ASSAY_DELEGATE && !draft->delegate[0])
        app_say(view->app, "to whom is the vote handed?");
    else if (draft->verdict == ASSAY_APPROVE && !reason &&
             (r->gates_passed < r->gate_count || r->overridden))
        app_say(view->app, "not every gate passes: an approval says why nevertheless");
    else if (draft->verdict != ASSAY_APPROVE && draft->verdict != ASSAY_ABSTAIN &&
             draft->verdict != ASSAY_DELEGATE && !reason)
        app_say(view->app, "%s needs a reason", assay_verdict_name(draft->verdict));
    else
        return true;
    return false;
}

/* "PERSON WHY": the person goes to WHO. */
static const char *split_person(const char *text, char *who, size_t size)
{
    size_t length = strcspn(text, " ");
    snprintf(who, size, "%.*s", (int)length, text);
    return text + length + strspn(text + length, " ");
}

static void keep(struct request_view *view, const struct assay_draft *draft, const char *said)
{
    const struct assay_note note = {.kind = ASSAY_NOTE_DRAFT, .draft = *draft};
    view->asking = TYPING_NOTHING;
    app_say(view->app, "%s: $ shows what will be signed", said);
    desk_note(view->desk, &note);
    view->dirty = true;
}

static void typed_reason(struct request_view *view, const struct assay_request *r)
{
    char who[80] = "";
    struct assay_draft draft = {.request = r->id,
                                .binding = r->binding,
                                .reason = view->prompt.text,
                                .verdict = view->verdict,
                                .delegate = who};
    if (view->verdict == ASSAY_DELEGATE)
        draft.reason = split_person(view->prompt.text, who, sizeof who);
    if (complete(view, r, &draft))
        keep(view, &draft, "kept as a draft");
}

/* The draft as it is, with one condition more. */
static void add_condition(struct request_view *view, const char *text)
{
    const struct assay_draft *old = request_draft(view);
    struct assay_error err = {0};
    size_t length;
    int64_t due_ms;
    if (!old || old->verdict != ASSAY_APPROVE) {
        view->asking = TYPING_NOTHING;
        app_say(view->app, "a condition belongs to an approval: write that first, with A");
    } else if (assay_condition_read(text, &length, &due_ms, &err) != ASSAY_OK) {
        app_fail(view->app, &err);
    } else if (old->condition_count == DESK_CONDITIONS ||
               strlen(text) >= sizeof((struct desk_wish *)0)->conditions[0]) {
        app_say(view->app, "no more than %d conditions of 255 bytes each", DESK_CONDITIONS);
    } else {
        const char *all[DESK_CONDITIONS];
        struct assay_draft draft = *old;
        for (size_t i = 0; i < old->condition_count; i++)
            all[i] = old->conditions[i];
        all[draft.condition_count++] = text;
        draft.conditions = all;
        keep(view, &draft, "the approval has that condition");
    }
}

void request_condition(struct request_view *view, const char *text)
{
    const struct assay_draft *old = request_draft(view);
    if (*text || !old || old->verdict != ASSAY_APPROVE) {
        add_condition(view, text);
    } else {
        view->asking = TYPING_CONDITION;
        prompt_set(&view->prompt, "");
    }
    app_dirty(view->app);
}

void request_typed(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    if (!r)
        return;
    if (view->asking == TYPING_CONDITION)
        add_condition(view, view->prompt.text);
    else
        typed_reason(view, r);
}

void request_drop_draft(struct request_view *view)
{
    const struct assay_note note = {.kind = ASSAY_NOTE_DROP, .draft = {.request = view->id}};
    if (!request_draft(view))
        app_say(view->app, "there is no draft");
    else
        desk_note(view->desk, &note);
    view->dirty = true;
    app_dirty(view->app);
}

void request_revise(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    if (!r)
        return;
    if (strcmp(r->requester, desk_me(view->desk)) != 0)
        app_say(view->app, "only who asked for it writes its next revision");
    else if (r->state != ASSAY_STATE_PENDING && r->state != ASSAY_STATE_CHANGES &&
             r->state != ASSAY_STATE_APPROVED)
        app_say(view->app, "it is %s: ask for the version anew from the models screen",
                assay_request_state_name(r->state));
    else
        app_open(view->app, &view_ask,
                 &(struct ask_arguments){.server = r->place,
                                         .model = r->model,
                                         .version = r->version,
                                         .target = r->target,
                                         .words = r->words,
                                         .revises = r->id});
}

void request_rollback(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    struct assay_error err = {0};
    if (!r)
        return;
    const char *version = assay_request_rollback(r, &err);
    const struct ask_arguments arguments = {
        .server = r->place,
        .model = r->model,
        .version = version,
        .target = r->target,
        .takes_back = r->id,
    };
    if (version)
        app_open(view->app, &view_ask, &arguments);
    else
        app_fail(view->app, &err);
}

/*
 * Deciding on a request: what a decision may say, what it will sign, and signing it. Nothing is
 * signed that would mean nothing: a condition that nobody set, a vote handed to nobody known.
 */
#include "approval/act.h"

#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* ---- conditions ---- */

enum assay_status assay_condition_read(const char *text, size_t *length, int64_t *due_ms,
                                       struct assay_error *err)
{
    const char *until = NULL;

    for (const char *at = strstr(text, " until "); at; at = strstr(at + 1, " until "))
        until = at;
    *due_ms = ASSAY_NO_TIME;
    *length = until ? (size_t)(until - text) : strlen(text);
    if (*length == 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "a condition says what must hold");
    if (until && !assay_time_parse(until + 7, strlen(until + 7), due_ms))
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: is no date such as 2026-12-24", until + 7);
    return ASSAY_OK;
}

static enum assay_status take_conditions(const struct assay_decision *decision,
                                         struct assay_arena *arena,
                                         struct statement_decision *d, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    d->conditions =
        assay_arena_alloc(arena, (decision->condition_count + 1) * sizeof *d->conditions);
    for (size_t i = 0; i < decision->condition_count && status == ASSAY_OK; i++) {
        struct assay_condition *c = &d->conditions[d->condition_count++];
        size_t length = 0;
        status = assay_condition_read(decision->conditions[i], &length, &c->due_ms, err);
        c->text = assay_arena_strndup(arena, decision->conditions[i], length);
    }
    return status;
}

/* ---- what is signed ---- */

static const char *role_of(const struct assay_ledger *ledger,
                           const struct fold_request *request)
{
    const struct person *me = people_find(&ledger->fold.people, ledger->me);
    const struct policy *policy = &request->policy->policy;

    for (size_t i = 0; me && i < policy->clause_count; i++)
        if (texts_has(&me->roles, policy->clauses[i].role))
            return policy->clauses[i].role;
    if (me && policy->break_role && texts_has(&me->roles, policy->break_role))
        return policy->break_role;
    return strcmp(request->opened->s.person, ledger->me) == 0 ? "requester" : "";
}

static const char *gates_digest(const struct statement_request *bound,
                                struct assay_arena *arena)
{
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];

    statement_gates_text(&text, bound->gates, bound->gate_count);
    assay_sha256(digest, text.data, text.length);
    assay_buf_free(&text);
    return assay_arena_strdup(arena, digest);
}

/* Of the gates that everybody runs, those that pass. */
static uint64_t passed_here(const struct fold_request *request)
{
    const struct policy *policy = &request->policy->policy;
    const struct assay_request *view = &request->view;
    uint64_t passed = 0;

    for (size_t i = 0; i < view->gate_count; i++)
        for (size_t k = 0; k < policy->gate_count; k++)
            passed += strcmp(policy->gates[k].name, view->gates[i].name) == 0 &&
                      policy_gate_rechecked(&policy->gates[k]) &&
                      assay_requirement_passes(view->gates[i].state);
    return passed;
}

static void fill_decision(struct assay_ledger *ledger, const struct fold_request *request,
                          const struct assay_decision *decision, uint64_t ran,
                          struct assay_arena *arena, struct statement *s)
{
    const struct statement_request *bound = request->bound;
    struct statement_decision *d = &s->decision;
    struct assay_buf subject = {0};

    d->verdict = decision->verdict;
    d->request = request->view.id;
    d->revision = bound->revision;
    d->binding = bound->binding;
    d->reason = decision->reason ? decision->reason : "";
    d->gates = gates_digest(bound, arena);
    d->gates_passed = ran > 0 ? passed_here(request) : 0;
    d->gates_total = ran;
    d->dwell_seconds = decision->dwell_seconds;
    d->delegate = decision->delegate ? decision->delegate : "";
    d->until_ms = ASSAY_NO_TIME;
    if (d->delegate[0])
        d->until_ms =
            bound->expires_ms < assay_now_ms() + request->policy->policy.delegation_longest_ms
                ? bound->expires_ms
                : assay_now_ms() + request->policy->policy.delegation_longest_ms;
    d->seen.items = assay_arena_alloc(arena, (bound->evidence_count + 1) * sizeof(char *));
    for (size_t i = 0; i < bound->evidence_count; i++)
        if (texts_has(&ledger->seen, bound->evidence[i].digest))
            d->seen.items[d->seen.count++] = bound->evidence[i].digest;
    assay_buf_format(&subject, "%s/%s", bound->model, bound->version);
    s->subject = assay_arena_strdup(arena, assay_buf_text(&subject));
    s->subject_digest = bound->model_digest;
    s->role = assay_arena_strdup(arena, role_of(ledger, request));
    assay_buf_free(&subject);
}

static bool needs_reason(enum assay_verdict verdict)
{
    return verdict == ASSAY_REJECT || verdict == ASSAY_REQUEST_CHANGES ||
           verdict == ASSAY_REVOKE || verdict == ASSAY_OVERRIDE || verdict == ASSAY_FULFIL ||
           verdict == ASSAY_COMMENT || verdict == ASSAY_RATIFY;
}

/* ---- what would mean nothing ---- */

static enum assay_status check_delegate(struct assay_ledger *ledger,
                                        const struct fold_request *request, const char *to,
                                        struct assay_error *err)
{
    struct fold *fold = &ledger->fold;
    const struct person *person = people_find(&fold->people, to);

    if (!request->policy->policy.delegation)
        return assay_fail(err, ASSAY_NO, "the policy %s lets nobody hand on a vote",
                          request->policy->policy.name);
    if (!person)
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: nobody of this ledger is called that", to);
    if (same_text(to, ledger->me))
        return assay_fail(err, ASSAY_BAD_INPUT, "a vote is handed to somebody else");
    const char *excluded = fold_excluded(fold, request, person);
    const struct person *me = people_find(&fold->people, ledger->me);
    if (excluded)
        return assay_fail(err, ASSAY_NO, "%s could not vote: %s", to, excluded);
    if (me && (excluded = fold_excluded(fold, request, me)))
        return assay_fail(err, ASSAY_NO, "%s has no vote to hand on: %s", ledger->me, excluded);
    return ASSAY_OK;
}

/* The condition must be one that an approval set and that is still to be met. */
static enum assay_status check_condition(const struct fold_request *request, const char *text,
                                         struct assay_error *err)
{
    struct assay_buf open = {.limit = 300};

    for (size_t i = 0; i < request->view.vote_count; i++) {
        const struct assay_vote *v = &request->view.votes[i];
        for (size_t k = 0; k < v->condition_count && v->counts; k++) {
            if (v->conditions[k].met)
                continue;
            if (same_text(v->conditions[k].text, text)) {
                assay_buf_free(&open);
                return ASSAY_OK;
            }
            assay_buf_format(&open, "%s%s", open.length ? ", " : "", v->conditions[k].text);
        }
    }
    assay_fail(err, ASSAY_BAD_INPUT, "%.200s: is no condition that is still to be met", text);
    assay_hint(err, "to be met: %s", open.length ? assay_buf_text(&open) : "none");
    assay_buf_free(&open);
    return ASSAY_BAD_INPUT;
}

static enum assay_status check_sense(struct assay_ledger *ledger,
                                     const struct fold_request *request,
                                     const struct assay_decision *decision,
                                     struct assay_error *err)
{
    const bool hands_on = decision->verdict == ASSAY_DELEGATE;
    const char *to = decision->delegate ? decision->delegate : "";

    if (decision->condition_count > 0 && decision->verdict != ASSAY_APPROVE)
        return assay_fail(err, ASSAY_BAD_INPUT, "only an approval has conditions");
    if (hands_on != (to[0] != '\0'))
        return assay_fail(err, ASSAY_BAD_INPUT,
                          hands_on ? "to whom is the vote handed?"
                                   : "only a delegation names somebody else");
    if (hands_on)
        return check_delegate(ledger, request, to, err);
    if (decision->verdict == ASSAY_FULFIL)
        return check_condition(request, decision->reason, err);
    if (decision->verdict == ASSAY_RATIFY && !request->view.overridden)
        return assay_fail(err, ASSAY_NO, "request %s: there is no override to review",
                          request->view.id);
    return ASSAY_OK;
}

/* All that comes before the signature. */
static enum assay_status prepare(struct assay_ledger *ledger, const char *id,
                                 const struct assay_decision *decision,
                                 struct assay_arena *arena, struct statement *s,
                                 struct assay_error *err)
{
    struct fold_request *request = NULL;
    uint64_t ran = 0;
    enum assay_status status = ledger_read(ledger, assay_now_ms(), NULL, err);

    if (status == ASSAY_OK)
        status = ledger_need_me(ledger, err);
    if (status == ASSAY_OK)
        status = act_find_request(ledger, id, &request, err);
    if (status == ASSAY_OK && decision->binding &&
        strncmp(request->bound->binding, decision->binding, strlen(decision->binding)) != 0 &&
        !same_text(request->bound->binding + 64 -
                       (strlen(decision->binding) <= 64 ? strlen(decision->binding) : 64),
                   decision->binding))
        status =
            assay_fail(err, ASSAY_NO, "the request is another one by now: its digest is %s",
                       request->bound->binding);
    if (status == ASSAY_OK && needs_reason(decision->verdict) &&
        !(decision->reason && decision->reason[0]))
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: needs a reason",
                            assay_verdict_name(decision->verdict));
    if (status == ASSAY_OK)
        status = check_sense(ledger, request, decision, err);
    if (status == ASSAY_OK && decision->reason)
        status =
            act_check_secrets("the reason", decision->reason, strlen(decision->reason), err);
    if (status == ASSAY_OK &&
        (decision->verdict == ASSAY_APPROVE || decision->verdict == ASSAY_OVERRIDE))
        status = act_check_all(ledger, request, false, &ran, err);
    if (status == ASSAY_OK)
        status = take_conditions(decision, arena, &s->decision, err);
    if (status == ASSAY_OK)
        fill_decision(ledger, request, decision, ran, arena, s);
    return status;
}

static bool same_conditions(const struct statement_decision *a,
                            const struct statement_decision *b)
{
    if (a->condition_count != b->condition_count)
        return false;
    for (size_t i = 0; i < a->condition_count; i++)
        if (!same_text(a->conditions[i].text, b->conditions[i].text) ||
            a->conditions[i].due_ms != b->conditions[i].due_ms)
            return false;
    return true;
}

/* The bytes that were shown must say what is being decided. */
static enum assay_status append_shown(struct assay_ledger *ledger, const struct statement *s,
                                      const char *text, struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct json_doc doc = {0};
    struct statement shown;
    enum assay_status status =
        statement_parse(&shown, &doc, &arena, text, strlen(text), "the draft", err);

    if (status == ASSAY_OK &&
        (shown.event != EVENT_DECISION || shown.decision.verdict != s->decision.verdict ||
         !same_text(shown.decision.request, s->decision.request) ||
         !same_text(shown.decision.binding, s->decision.binding) ||
         !same_text(shown.decision.reason, s->decision.reason) ||
         !same_text(shown.decision.delegate, s->decision.delegate) ||
         !same_conditions(&shown.decision, &s->decision)))
        status = assay_fail(err, ASSAY_NO, "what was shown is not what is decided on now");
    json_doc_free(&doc);
    assay_arena_free(&arena);
    return status == ASSAY_OK ? ledger_append_text(ledger, text, strlen(text), err) : status;
}

enum assay_status assay_request_decide(struct assay_ledger *ledger, const char *id,
                                       const struct assay_decision *decision,
                                       struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct statement s = {.event = EVENT_DECISION};
    char request[17];
    enum assay_status status = prepare(ledger, id, decision, &arena, &s, err);

    if (status == ASSAY_OK) {
        memcpy(request, s.decision.request, sizeof request);
        status = decision->text ? append_shown(ledger, &s, decision->text, err)
                                : ledger_append(ledger, &s, err);
    }
    if (status == ASSAY_OK)
        (void)assay_draft_drop(ledger, request, NULL);
    assay_arena_free(&arena);
    return status;
}

enum assay_status assay_request_preview(struct assay_ledger *ledger, const char *id,
                                        const struct assay_decision *decision, char **text,
                                        struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct statement s = {.event = EVENT_DECISION};
    enum assay_status status = prepare(ledger, id, decision, &arena, &s, err);

    *text = NULL;
    if (status == ASSAY_OK)
        status = ledger_draft_text(ledger, &s, text, err);
    assay_arena_free(&arena);
    return status;
}

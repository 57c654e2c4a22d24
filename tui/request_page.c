/*
 * The page of one request, as lines: why, what I may do (request_may.c), what changed since I
 * looked, candidate against champion (request_sides.c), gates, evidence (request_evidence.c),
 * who signed, what is missing, the policy. Called by view_request.c. Everything from outside is
 * cleaned in request_add(), the one way to a line.
 */
#include "request_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define LINE_BYTES 16384
#define NAME_CELLS 24 /* of a gate or a requirement; a longer one pushes on what follows */

void request_clear(struct request_view *view)
{
    for (size_t i = 0; i < view->count; i++) {
        free(view->lines[i].text);
        free(view->lines[i].condition);
    }
    view->count = 0;
}

/* Where TEXT is to be broken so that it takes at most CELLS. */
static size_t break_at(const char *text, int cells)
{
    int used;
    size_t fits = assay_text_fit(text, cells, &used);
    if (!text[fits])
        return fits;
    size_t blank = fits;
    while (blank > 0 && text[blank] != ' ')
        blank--;
    if (blank > fits / 2)
        return blank;
    return fits > 0 ? fits : 1;
}

struct request_line *request_add(struct request_view *view, enum role role, int indent,
                                 const char *format, ...)
{
    struct assay_buf text = {.limit = LINE_BYTES}, clean = {0};
    va_list args;
    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    const char *rest = assay_buf_text(&clean);
    const int room = view->width - 4 > 20 ? view->width - 4 : 20;
    const size_t first = view->count;
    do {
        const int before = view->count > first ? indent : 0;
        struct assay_buf row = {0};
        size_t length = break_at(rest, room - before);
        assay_buf_format(&row, "%*s%.*s", before, "", (int)length, rest);
        ASSAY_GROW(view->lines, view->capacity, view->count + 1);
        view->lines[view->count++] =
            (struct request_line){.role = role, .text = assay_buf_take(&row)};
        rest += length;
        while (*rest == ' ')
            rest++;
    } while (*rest);
    assay_buf_free(&text);
    assay_buf_free(&clean);
    return &view->lines[first];
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
        [ASSAY_NOT_APPLICABLE] = "-  ", [ASSAY_OVERRIDDEN] = "!  "};
    return marks[state];
}

/* What a row says of a requirement or a gate, after its mark and its name. That one was
   overridden stays a whole word, in the column where the others say why. */
static const char *state_word(enum assay_requirement_state state)
{
    return state == ASSAY_OVERRIDDEN ? "OVERRIDDEN: " : "";
}

/* The blanks that bring NAME to the width of its column. */
static int name_blanks(const char *name)
{
    const int width = assay_text_width(name);
    return width < NAME_CELLS ? NAME_CELLS - width : 0;
}

/* ---- the head ---- */

static void add_head(struct request_view *view, const struct assay_request *r)
{
    char age[16], left[16];
    /* What stood there when it was asked for stands there no more once it was applied, or where
       somebody moved it. */
    const char *there =
        request_champion_moved(view, r) ? view->sides.facts->champion_version : r->from_version;
    request_add(view, ROLE_STRONG, 4, "%s %s to %s   %s %s%s", r->model, r->version, r->target,
                assay_request_open_state(r->state) ? "now" : "then",
                there[0] ? there : "nothing", ascii_note(r->model));
    request_add(view,
                r->state == ASSAY_STATE_REJECTED || r->state == ASSAY_STATE_APPLY_FAILED
                    ? ROLE_FAILED
                    : ROLE_NORMAL,
                4, "%s   %s", assay_request_state_name(r->state), r->why);
    if (r->turn[0] && assay_request_open_state(r->state) && strncmp(r->why, "after ", 6) != 0)
        request_add(view, ROLE_WAITING, 4, "ITS TURN   comes after %s: %s", r->turn,
                    r->turn_why);
    request_add(view, ROLE_NORMAL, 6, "WHY   %s", r->words);
    request_add(
        view, ROLE_DIM, 4, "asked by %s (%s) %s ago   %s%s   tier %s   at %s%s%s",
        r->requester_name, r->requester, assay_age_text(age, r->opened_ms, view->app->now_ms),
        assay_request_open_state(r->state)
            ? assay_age_text(left, view->app->now_ms, r->expires_ms)
            : "",
        assay_request_open_state(r->state) ? " left" : "closed", r->tier,
        r->place[0] ? r->platform : "the local registry", r->place[0] ? " " : "", r->place);
    if (r->rollback)
        request_add(view, ROLE_NORMAL, 4,
                    "A ROLLBACK   version %s was approved and stood there before", r->version);
    if (r->overridden)
        request_add(view, ROLE_WARNING, 4, "THE GLASS WAS BROKEN%s",
                    r->review_due    ? ": its review is overdue"
                    : r->review_open ? ": somebody else is still to review it"
                                     : "");
    if (r->unsigned_votes)
        request_add(view, ROLE_WARNING, 4, "something in it was decided without a signature");
    request_may_add(view, r);
}

/* Between my last decision and now: what the requester changed, and who said what. */
static void add_since(struct request_view *view, const struct assay_request *r)
{
    struct assay_arena arena = {0};
    const char *const *changes;
    char age[16];
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < r->vote_count; i++)
        if (strcmp(r->votes[i].person, desk_me(view->desk)) == 0)
            last = i;
    if (last == SIZE_MAX)
        return;
    size_t count = assay_request_changes(desk_ledger(view->desk), r->id, &arena, &changes);
    if (r->since_my_vote || count > 0) {
        request_add(view, ROLE_TITLE, 2,
                    "SINCE YOUR LAST DECISION   %s, %s ago, on revision %llu; %zu %s since",
                    assay_verdict_name(r->votes[last].verdict),
                    assay_age_text(age, r->votes[last].time_ms, view->app->now_ms),
                    (unsigned long long)r->votes[last].revision, r->since_my_vote,
                    r->since_my_vote == 1 ? "record" : "records")
            ->changes = true;
        for (size_t i = 0; i < count; i++)
            request_add(view, ROLE_ACCENT, 6, "  %s", changes[i]);
        if (count > 0)
            request_add(view, ROLE_WARNING, 4,
                        "  what you decided on is not what there is now: decide again");
        for (size_t i = last + 1; i < r->vote_count; i++)
            request_add(view, ROLE_ACCENT, 6, "  %s (%s): %s%s%s", r->votes[i].name,
                        r->votes[i].person, assay_verdict_name(r->votes[i].verdict),
                        r->votes[i].reason[0] ? ": " : "", r->votes[i].reason);
    }
    assay_arena_free(&arena);
}

static void add_draft(struct request_view *view, const struct assay_request *r)
{
    const struct assay_draft *draft = request_draft(view);
    if (!draft)
        return;
    const bool old = strcmp(draft->binding, r->binding) != 0;
    const bool late = view_queue_too_late(r, draft);
    for (size_t i = 0; i < draft->condition_count; i++)
        request_add(view, ROLE_ACCENT, 8, "DRAFT   on condition that %s", draft->conditions[i]);
    request_add(view, old || late ? ROLE_WARNING : ROLE_ACCENT, 8, "DRAFT   %s%s%s%s%s   %s",
                assay_verdict_name(draft->verdict), draft->delegate[0] ? " to " : "",
                draft->delegate, draft->reason[0] ? ": " : "", draft->reason,
                late ? "the request is closed: it would not count; u drops it"
                : old
                    ? "written on an older revision: look again, then write it anew; u drops it"
                    : "$ sends it, u takes it back");
}

/* ---- gates, evidence, signatures ---- */

/* What a gate found of the champion. A number is rounded for the eye as those above it are; the
   record keeps every digit, and `assay review` prints them. */
static const char *gate_champion(char out[32], const struct assay_gate_result *gate)
{
    double value;

    if (!assay_number_parse(gate->champion, strlen(gate->champion), &value) || !isfinite(value))
        return gate->champion;
    return assay_number_short(out, value, 5);
}

static void add_gates(struct request_view *view, const struct assay_request *r)
{
    if (r->gate_count)
        request_add(view, ROLE_TITLE, 2, "GATES   %zu of %zu", r->gates_passed, r->gate_count);
    for (size_t i = 0; i < r->gate_count; i++) {
        const struct assay_gate_result *g = &r->gates[i];
        char champion[32];
        request_add(view, state_role(g->state), 8, "  %s  %s%*s %s%s%s%s", state_mark(g->state),
                    g->name, name_blanks(g->name), "", state_word(g->state), g->why,
                    g->champion[0] ? "   champion " : "", gate_champion(champion, g));
    }
}

static void add_condition(struct request_view *view, const struct assay_vote *vote,
                          const struct assay_condition *c)
{
    char due[32] = "";
    const bool dated = c->due_ms != ASSAY_NO_TIME;
    const bool late = dated && !c->met && c->due_ms < view->app->now_ms;
    struct request_line *line =
        request_add(view,
                    c->met ? ROLE_DIM
                    : late ? ROLE_FAILED
                           : ROLE_WAITING,
                    10, "      condition: %s%s%s   %s", c->text, dated ? " until " : "",
                    dated ? assay_time_text(due, c->due_ms) : "",
                    c->met ? "met"
                    : late ? "OVERDUE: v revoke, or v fulfil"
                           : "not met yet");
    if (!c->met && vote->counts)
        line->condition = assay_strdup(c->text);
}

static void add_votes(struct request_view *view, const struct assay_request *r)
{
    char age[16];
    if (r->vote_count)
        request_add(view, ROLE_TITLE, 2, "SIGNED");
    for (size_t i = 0; i < r->vote_count; i++) {
        const struct assay_vote *v = &r->votes[i];
        request_add(view, v->counts ? ROLE_NORMAL : ROLE_DIM, 6,
                    "  %-16s %s (%s)%s%s   %s   %s ago   revision %llu%s%s%s%s%s%s",
                    assay_verdict_name(v->verdict), v->name, v->person,
                    v->role[0] ? " as " : "", v->role, assay_verdict_meaning(v->verdict),
                    assay_age_text(age, v->time_ms, view->app->now_ms),
                    (unsigned long long)v->revision, v->key[0] ? "" : "   UNSIGNED",
                    v->touched ? "   touched" : "",
                    v->counts ? "" : "   does not count: ", v->counts ? "" : v->why_not,
                    v->reason[0] ? "   " : "", v->reason);
        for (size_t k = 0; k < v->condition_count; k++)
            add_condition(view, v, &v->conditions[k]);
    }
}

/* Whether it is a gate that stands among the gates: said there, it is not said again. */
static bool is_among_gates(const struct assay_request *r, const struct assay_requirement *q)
{
    bool found = false;
    for (size_t i = 0; i < r->gate_count && strncmp(q->name, "gate ", 5) == 0; i++)
        found |= strcmp(q->name + 5, r->gates[i].name) == 0 && q->state == r->gates[i].state;
    return found;
}

static void add_needs(struct request_view *view, const struct assay_request *r)
{
    size_t there = 0, all = 0;
    for (size_t i = 0; i < r->requirement_count; i++) {
        const struct assay_requirement *q = &r->requirements[i];
        all += !is_among_gates(r, q);
        there += !is_among_gates(r, q) && assay_requirement_passes(q->state);
    }
    request_add(view, ROLE_TITLE, 2, "NEEDS   %zu of %zu there", there, all);
    for (size_t i = 0; i < r->requirement_count; i++) {
        const struct assay_requirement *q = &r->requirements[i];
        if (!is_among_gates(r, q))
            request_add(view, state_role(q->state), 8, "  %s  %s%*s %s%s", state_mark(q->state),
                        q->name, name_blanks(q->name), "", state_word(q->state), q->why);
    }
    const bool open = assay_request_open_state(r->state);
    request_add(view, ROLE_TITLE, 2, open ? "MAY SIGN" : "COULD SIGN");
    for (size_t i = 0; i < r->eligible_count; i++) {
        const struct assay_eligible *e = &r->eligible[i];
        const char *could = open ? "may" : "could";
        if (e->eligible)
            request_add(view, ROLE_NORMAL, 6, "  %s (%s)   %s", e->name, e->role,
                        e->voted ? "has" : could);
        else
            request_add(view, ROLE_DIM, 6, "  %s (%s)   %s not: %s", e->name, e->role, could,
                        e->why);
    }
    if (r->lineage_count)
        request_add(view, ROLE_TITLE, 2, "HAD A PART");
    for (size_t i = 0; i < r->lineage_count; i++) {
        const struct assay_fact *fact = &r->lineage[i];
        const struct assay_person *who =
            assay_ledger_person_of(desk_ledger(view->desk), fact->account);
        const bool says_more = who && strcmp(who->person, fact->account) != 0;
        request_add(view, ROLE_DIM, 6, "  %-16s %s (%s%s%s)", fact->part,
                    who ? who->name : fact->account, who ? who->person : "nobody known",
                    says_more ? ", as " : "", says_more ? fact->account : "");
    }
}

static void add_policy(struct request_view *view, const struct assay_request *r)
{
    const struct assay_policy_info *policies;
    size_t count = assay_ledger_policies(desk_ledger(view->desk), &policies);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(policies[i].digest, r->policy_digest) != 0)
            continue;
        request_add(view, ROLE_TITLE, 2, "POLICY   %s version %llu   %.16s%s", r->policy,
                    (unsigned long long)r->policy_version, r->policy_digest,
                    policies[i].in_force ? "" : "   (a newer version is in force by now)");
        char *text = assay_strdup(policies[i].text);
        for (char *at = text; at && *at;) {
            char *end = strchr(at, '\n');
            if (end)
                *end = '\0';
            if (*at)
                request_add(view, ROLE_DIM, 6, "  %s", at);
            at = end ? end + 1 : NULL;
        }
        free(text);
        return;
    }
}

void request_build(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    request_clear(view);
    view->generation = desk_generation(view->desk);
    if (!r) {
        request_add(view, ROLE_DIM, 0, "%s",
                    desk_busy(view->desk) ? "reading" : "the request is gone");
        return;
    }
    add_head(view, r);
    add_draft(view, r);
    add_since(view, r);
    request_sides_add(view, r);
    add_gates(view, r);
    request_evidence_add(view, r);
    add_votes(view, r);
    add_needs(view, r);
    add_policy(view, r);
}

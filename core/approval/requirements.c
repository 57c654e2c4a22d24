/*
 * What a request has come to at one time (fold.h): which votes count, what each requirement
 * says, and so its state. Called by the fold, in the middle of its walk (may it be applied
 * now?) and at its end.
 */
#include "approval/fold.h"

#include <stdlib.h>
#include <string.h>

#define VOTERS_MAX 512

struct evaluation {
    struct fold *fold;
    struct fold_request *request;
    const struct policy *policy;
    int64_t time_ms;
    struct assay_requirement *list;
    size_t count, capacity;
    const struct fold_vote *veto, *changes, *override;
    int64_t approved_ms; /* the latest time of a vote that counts */
};

static void require(struct evaluation *e, const char *name, enum assay_requirement_state state,
                    const char *why)
{
    ASSAY_GROW(e->list, e->capacity, e->count + 1);
    e->list[e->count++] = (struct assay_requirement){name, state, why};
}

/* ---- separation of duties ---- */

static const char *part_in_words(const char *part)
{
    static const char *const words[][2] = {
        {"requester", "requested it"},           {"run-owner", "ran the training"},
        {"registrar", "registered the version"}, {"evidence", "made the evidence"},
        {"commit-author", "wrote the code"},     {"commit-committer", "committed the code"},
        {"policy-editor", "wrote the policy"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(words); i++)
        if (strcmp(words[i][0], part) == 0)
            return words[i][1];
    return "had a part in it";
}

const char *fold_excluded(struct fold *fold, const struct fold_request *request,
                          const struct person *person)
{
    const struct policy *policy = &request->policy->policy;

    if (texts_has(&policy->exclude, "requester") &&
        strcmp(person->id, request->opened->s.person) == 0)
        return part_in_words("requester");
    if (texts_has(&policy->exclude, "policy-editor") &&
        strcmp(person->id, request->policy->record->s.person) == 0)
        return part_in_words("policy-editor");
    for (size_t i = 0; i < request->bound->lineage_count; i++) {
        const struct assay_fact *fact = &request->bound->lineage[i];
        if (texts_has(&policy->exclude, fact->part) &&
            people_by_account(&fold->people, fact->account) == person)
            return part_in_words(fact->part);
    }
    return NULL;
}

static const char *unknown_account(const struct evaluation *e)
{
    for (size_t i = 0; i < e->request->bound->lineage_count; i++) {
        const struct assay_fact *fact = &e->request->bound->lineage[i];
        if (texts_has(&e->policy->exclude, fact->part) &&
            !people_by_account(&e->fold->people, fact->account))
            return fold_text(e->fold,
                             "nobody known has the account %s (%s); an owner says who: assay "
                             "keys add PERSON --account",
                             fact->account, fact->part);
    }
    return NULL;
}

static void require_separation(struct evaluation *e)
{
    const char *unknown = unknown_account(e);

    if (!unknown)
        require(e, "separation", ASSAY_SATISFIED, "everybody who had a part is known");
    else if (e->policy->unknown_accounts)
        require(e, "separation", ASSAY_NOT_APPLICABLE, unknown);
    else
        require(e, "separation", ASSAY_MISSING, unknown);
}

/* ---- votes ---- */

static bool has_clause_role(const struct policy *policy, const struct texts *roles)
{
    for (size_t i = 0; i < policy->clause_count; i++)
        if (texts_has(roles, policy->clauses[i].role))
            return true;
    return false;
}

/* Applied, or begun to be and not failed: whoever finishes it does so on what held at its
   beginning. */
static bool was_begun(const struct evaluation *e)
{
    return e->request->begun && !e->request->failed;
}

/* What was good when it was applied does not go bad by waiting: the freshness of evidence and a
   vote handed on for some days are asked for then, and until then, now. */
static int64_t judged_ms(const struct evaluation *e)
{
    return was_begun(e) ? e->request->begun->s.time_ms : e->time_ms;
}

/* What a policy asks of the signature of everything that decides. Taking back what came of a
   request, and comments, are for everybody: they let nothing through. */
static const char *signing_fault(const struct evaluation *e, const struct fold_vote *v)
{
    const struct record *r = v->record;

    if (v->d->verdict == ASSAY_REVOKE || v->d->verdict == ASSAY_COMMENT)
        return NULL;
    if (r->s.key[0] == '\0' && !e->policy->unsigned_votes)
        return "is not signed";
    if (e->policy->touch && !r->touched)
        return "was signed without touching a hardware key";
    if (e->policy->pin && !r->pin)
        return "was signed without a hardware key's PIN";
    return NULL;
}

/* The vote by which FROM handed theirs to TO, as it stands; NULL where there is none. */
static const struct fold_vote *delegation(const struct evaluation *e, const char *from,
                                          const char *to)
{
    const struct fold_vote *found = NULL;

    for (size_t i = 0; i < e->request->vote_count; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        if ((from && strcmp(v->record->s.person, from) != 0) || signing_fault(e, v))
            continue;
        if (v->d->verdict == ASSAY_WITHDRAW && from)
            found = NULL;
        if (v->d->verdict == ASSAY_DELEGATE && (!to || strcmp(v->d->delegate, to) == 0) &&
            v->d->until_ms >= judged_ms(e))
            found = v;
    }
    return found;
}

/* The roles TO has through somebody else: who themselves could have voted, and who had their
   roles from nobody else. */
static const struct texts *delegated_roles(const struct evaluation *e, const char *to)
{
    const struct fold_vote *v = e->policy->delegation ? delegation(e, NULL, to) : NULL;
    const struct person *from;

    if (!v || delegation(e, v->record->s.person, to) != v ||
        v->d->until_ms > v->record->s.time_ms + e->policy->delegation_longest_ms)
        return NULL;
    from = people_find(&e->fold->people, v->record->s.person);
    if (!from || fold_excluded(e->fold, e->request, from))
        return NULL;
    return &v->roles;
}

static const char *missing_seen(const struct evaluation *e, const struct fold_vote *v)
{
    for (size_t i = 0; e->policy->seen && i < e->request->bound->evidence_count; i++)
        if (!texts_has(&v->d->seen, e->request->bound->evidence[i].digest))
            return fold_text(e->fold, "did not look at %s",
                             e->request->bound->evidence[i].name);
    return NULL;
}

static bool same_gates(const struct evaluation *e, const struct fold_vote *v)
{
    struct fold_request *request = e->request;

    /* Once for each revision, not for each vote. */
    if (request->gates_of != request->bound) {
        struct assay_buf text = {0};
        statement_gates_text(&text, request->bound->gates, request->bound->gate_count);
        assay_sha256(request->gates, text.data, text.length);
        assay_buf_free(&text);
        request->gates_of = request->bound;
    }
    return strcmp(request->gates, v->d->gates) == 0;
}

/* What keeps a vote from counting, whoever's it is. */
static const char *vote_fault(const struct evaluation *e, const struct fold_vote *v)
{
    const struct record *r = v->record;

    if (strcmp(v->d->binding, e->request->bound->binding) != 0)
        return "was given to another revision";
    if (r->s.time_ms > e->request->bound->expires_ms)
        return "came after the request had expired";
    if (signing_fault(e, v))
        return signing_fault(e, v);
    if (v->outdated)
        return v->outdated;
    if (v->d->verdict != ASSAY_APPROVE)
        return NULL;
    if (!same_gates(e, v))
        return "its signer found other results of the gates";
    if (e->policy->recheck && policy_rechecked(e->policy) > 0 && v->d->gates_total == 0)
        return "its signer did not run the gates";
    return missing_seen(e, v);
}

static const char *person_fault(const struct evaluation *e, const struct fold_vote *v)
{
    const struct person *person = people_find(&e->fold->people, v->record->s.person);
    const char *excluded = fold_excluded(e->fold, e->request, person);
    const struct texts *more = delegated_roles(e, person->id);

    if (excluded)
        return fold_text(e->fold, "who votes %s", excluded);
    if (!has_clause_role(e->policy, &v->roles) && !(more && has_clause_role(e->policy, more)))
        return "has no role that the policy asks for";
    if (e->policy->delegation && delegation(e, person->id, NULL))
        return "handed the vote to somebody else";
    return NULL;
}

static bool is_stance(enum assay_verdict verdict)
{
    return verdict == ASSAY_APPROVE || verdict == ASSAY_REJECT ||
           verdict == ASSAY_REQUEST_CHANGES || verdict == ASSAY_ABSTAIN ||
           verdict == ASSAY_WITHDRAW;
}

/* What its author's other stances do to vote I: a later one takes its place, if it is signed as
   the policy asks; one that is not signed takes no place of one that is. */
static const char *other_stance(const struct evaluation *e, size_t i)
{
    const struct fold_request *request = e->request;
    const struct fold_vote *v = &request->votes[i];
    const bool is_signed = v->record->s.key[0] != '\0';

    for (size_t k = 0; k < request->vote_count; k++) {
        const struct fold_vote *other = &request->votes[k];
        const bool other_signed = other->record->s.key[0] != '\0';
        if (k == i || !is_stance(other->d->verdict) || signing_fault(e, other) ||
            strcmp(other->record->s.person, v->record->s.person) != 0)
            continue;
        if (other_signed && !is_signed)
            return "is not signed, and its author signed another";
        if (k > i && other_signed == is_signed)
            return "was taken back";
    }
    return NULL;
}

/* Decisions that are no stance: what they do is found where it is asked for. */
static void judge_other(struct evaluation *e, struct fold_vote *v)
{
    if (v->d->verdict == ASSAY_OVERRIDE)
        v->why_not = vote_fault(e, v);
    else
        v->why_not = signing_fault(e, v);
    v->counts = !v->why_not;
    if (v->counts && v->d->verdict == ASSAY_OVERRIDE)
        e->override = v;
}

static void judge_vote(struct evaluation *e, size_t i)
{
    struct fold_vote *v = &e->request->votes[i];
    const enum assay_verdict verdict = v->d->verdict;

    if (!is_stance(verdict)) {
        judge_other(e, v);
        return;
    }
    v->why_not = other_stance(e, i);
    if (!v->why_not)
        v->why_not = vote_fault(e, v);
    if (!v->why_not && verdict != ASSAY_WITHDRAW)
        v->why_not = person_fault(e, v);
    v->counts = !v->why_not;
    if (!v->counts)
        return;
    if (verdict == ASSAY_REJECT)
        e->veto = v;
    else if (verdict == ASSAY_REQUEST_CHANGES)
        e->changes = v;
}

/* Fills VOTERS with those whose approval counts; each person once. */
static size_t approvers(const struct evaluation *e, struct quorum_voter *voters)
{
    size_t count = 0;

    for (size_t i = 0; i < e->request->vote_count && count < VOTERS_MAX; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        if (v->d->verdict == ASSAY_APPROVE && v->counts)
            voters[count++] =
                (struct quorum_voter){&v->roles, delegated_roles(e, v->record->s.person)};
    }
    return count;
}

/* Everybody who could still approve. */
static size_t could_approve(const struct evaluation *e, struct quorum_voter *voters)
{
    size_t count = 0;

    for (size_t i = 0; i < e->fold->people.count && count < VOTERS_MAX; i++) {
        const struct person *person = &e->fold->people.items[i];
        bool usable = e->policy->unsigned_votes;
        for (size_t k = 0; k < person->key_count; k++)
            usable =
                usable || (!person->keys[k].revoked &&
                           (person->keys[k].hardware || !(e->policy->touch || e->policy->pin)));
        if (usable && !fold_excluded(e->fold, e->request, person))
            voters[count++] = (struct quorum_voter){&person->roles, NULL};
    }
    return count;
}

bool fold_satisfiable(struct fold *fold, const struct fold_request *request, const char **why)
{
    struct evaluation e = {.fold = fold,
                           .request = (struct fold_request *)(uintptr_t)request,
                           .policy = &request->policy->policy};
    struct quorum_voter *voters = assay_alloc_array(VOTERS_MAX, sizeof *voters);
    size_t *filled = assay_alloc_array(e.policy->clause_count + 1, sizeof *filled);
    const size_t total = quorum_fill(e.policy, voters, could_approve(&e, voters), filled);

    *why = NULL;
    for (size_t i = 0; i < e.policy->clause_count && !*why; i++) {
        const struct policy_clause *clause = &e.policy->clauses[i];
        if (filled[i] < clause->count)
            *why = fold_text(fold, "clause %s asks for %llu %s%s, and only %zu could sign",
                             clause->name, (unsigned long long)clause->count, clause->role,
                             clause->count == 1 ? "" : "s", filled[i]);
    }
    free(voters);
    free(filled);
    return total >= quorum_needed(e.policy);
}

static void require_clauses(struct evaluation *e)
{
    struct quorum_voter *voters = assay_alloc_array(e->request->vote_count + 1, sizeof *voters);
    size_t *filled = assay_alloc_array(e->policy->clause_count + 1, sizeof *filled);
    size_t have = quorum_fill(e->policy, voters, approvers(e, voters), filled);

    for (size_t i = 0; i < e->policy->clause_count; i++) {
        const struct policy_clause *clause = &e->policy->clauses[i];
        const bool full = filled[i] >= clause->count;
        require(e, fold_text(e->fold, "clause %s", clause->name),
                full ? ASSAY_SATISFIED : ASSAY_UNSATISFIED,
                fold_text(e->fold, "%zu of %llu signed as %s", filled[i],
                          (unsigned long long)clause->count, clause->role));
    }
    e->request->view.have = have;
    e->request->view.needed = quorum_needed(e->policy);
    free(voters);
    free(filled);
}

/* ---- evidence, gates, plan, conditions ---- */

static void require_evidence(struct evaluation *e)
{
    const struct statement_request *bound = e->request->bound;
    const int64_t time_ms = judged_ms(e);

    for (size_t i = 0; i < e->policy->evidence_count; i++) {
        const struct policy_evidence *wanted = &e->policy->evidence[i];
        const struct assay_evidence *found = NULL;
        const char *name = fold_text(e->fold, "evidence %s", wanted->name);
        for (size_t k = 0; k < bound->evidence_count; k++)
            if (strcmp(bound->evidence[k].name, wanted->name) == 0)
                found = &bound->evidence[k];
        if (!found)
            require(e, name, ASSAY_MISSING, "is not there");
        else if (wanted->max_age_ms > 0 && found->time_ms + wanted->max_age_ms < time_ms)
            require(e, name, ASSAY_UNSATISFIED, "is too old");
        else
            require(e, name, ASSAY_SATISFIED, "is there");
    }
}

static void require_gates(struct evaluation *e)
{
    const struct statement_request *bound = e->request->bound;

    for (size_t i = 0; i < e->policy->gate_count; i++) {
        const struct policy_gate *wanted = &e->policy->gates[i];
        const struct assay_gate_result *found = NULL;
        const char *name = fold_text(e->fold, "gate %s", wanted->name);
        for (size_t k = 0; k < bound->gate_count; k++)
            if (strcmp(bound->gates[k].name, wanted->name) == 0 &&
                strcmp(bound->gates[k].kind, wanted->kind) == 0)
                found = &bound->gates[k];
        if (!found)
            require(e, name, ASSAY_MISSING, "was not run");
        else if (found->state == ASSAY_OVERRIDDEN)
            require(e, name, ASSAY_ERROR, "claims to be overridden by its own result");
        else
            require(e, name, found->state, found->why);
    }
}

/* The step before this one: the same version must have been there, at the same place, for long
   enough. */
static void require_plan(struct evaluation *e)
{
    const struct statement_request *bound = e->request->bound;
    const struct fold_request *before = NULL;
    const char *name;

    e->request->view.turn = e->request->view.turn_why = "";
    if (!e->policy->after_target)
        return;
    name = fold_text(e->fold, "after %s", e->policy->after_target);
    for (size_t i = 0; i < e->fold->request_count; i++) {
        const struct fold_request *r = e->fold->requests[i];
        if (r->done && !r->revoked_by && strcmp(r->bound->platform, bound->platform) == 0 &&
            strcmp(r->bound->place, bound->place) == 0 &&
            strcmp(r->bound->model, bound->model) == 0 &&
            strcmp(r->bound->version, bound->version) == 0 &&
            strcmp(r->bound->model_digest, bound->model_digest) == 0 &&
            strcmp(r->bound->target, e->policy->after_target) == 0)
            before = r;
    }
    if (!before)
        require(e, name, ASSAY_MISSING, "the version was not there yet");
    else if (before->done->s.time_ms + e->policy->after_ms > e->time_ms)
        require(e, name, ASSAY_UNSATISFIED, "the version was not there for long enough");
    else
        require(e, name, ASSAY_SATISFIED, fold_text(e->fold, "request %s", before->view.id));
    if (e->list[e->count - 1].state != ASSAY_SATISFIED && !e->override) {
        e->request->view.turn = e->policy->after_target;
        e->request->view.turn_why = e->list[e->count - 1].why;
    }
}

static bool fulfilled(const struct evaluation *e, const struct fold_vote *of,
                      const struct assay_condition *condition)
{
    for (size_t i = 0; i < e->request->vote_count; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        const struct person *person = people_find(&e->fold->people, v->record->s.person);
        if (v->d->verdict != ASSAY_FULFIL || strcmp(v->d->reason, condition->text) != 0 ||
            signing_fault(e, v))
            continue;
        /* By who set it, or by another who could have voted. */
        if (strcmp(person->id, of->record->s.person) == 0 ||
            (has_clause_role(e->policy, &v->roles) &&
             !fold_excluded(e->fold, e->request, person)))
            return true;
    }
    return false;
}

static void require_conditions(struct evaluation *e)
{
    for (size_t i = 0; i < e->request->vote_count; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        if (v->d->verdict != ASSAY_APPROVE || !v->counts)
            continue;
        for (size_t k = 0; k < v->d->condition_count; k++) {
            struct assay_condition *c = &v->d->conditions[k];
            const char *name = fold_text(e->fold, "condition %s", c->text);
            c->person = v->record->s.person;
            c->met = fulfilled(e, v, c);
            if (c->met)
                require(e, name, ASSAY_SATISFIED, "is met");
            else if (c->due_ms == ASSAY_NO_TIME || e->time_ms <= c->due_ms)
                require(e, name, ASSAY_NOT_APPLICABLE, "is not due yet");
            else
                require(e, name, ASSAY_UNSATISFIED,
                        "is overdue: revoke, or say that it is met");
        }
    }
}

/* Broken glass: what is not satisfied is overridden, for everybody to see; somebody else must
   look at it in time. */
static void apply_override(struct evaluation *e)
{
    const struct record *by;
    bool ratified = false;

    e->request->view.overridden = e->override != NULL;
    e->request->view.review_open = e->request->view.review_due = false;
    if (!e->override)
        return;
    by = e->override->record;
    for (size_t i = 0; i < e->count; i++)
        if (!assay_requirement_passes(e->list[i].state))
            e->list[i].state = ASSAY_OVERRIDDEN;
    for (size_t i = 0; i < e->request->vote_count; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        const struct person *person = people_find(&e->fold->people, v->record->s.person);
        if (v->d->verdict == ASSAY_RATIFY && strcmp(person->id, by->s.person) != 0 &&
            !signing_fault(e, v) && strcmp(v->d->binding, e->request->bound->binding) == 0 &&
            has_clause_role(e->policy, &v->roles) &&
            !fold_excluded(e->fold, e->request, person))
            ratified = true;
    }
    if (ratified)
        require(e, "review of the override", ASSAY_SATISFIED, "was done");
    else if (e->time_ms <= by->s.time_ms + e->policy->review_within_ms)
        require(e, "review of the override", ASSAY_NOT_APPLICABLE, "is still to be done");
    else
        require(e, "review of the override", ASSAY_UNSATISFIED, "is overdue");
    e->request->view.review_open = !ratified;
    e->request->view.review_due =
        !ratified && e->time_ms > by->s.time_ms + e->policy->review_within_ms;
}

/* ---- the state ---- */

/* What was overridden is not there, and nobody is told that it is. */
static const char *approved_words(const struct evaluation *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->list[i].state == ASSAY_OVERRIDDEN)
            return fold_text(e->fold,
                             "%s broke the glass: not all that the policy asks for is there",
                             e->override->record->s.person);
    return "all that the policy asks for is there";
}

static int64_t last_vote(const struct evaluation *e)
{
    int64_t last = e->request->revised_ms;

    for (size_t i = 0; i < e->request->vote_count; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        if (v->counts && (v->d->verdict == ASSAY_APPROVE || v->d->verdict == ASSAY_OVERRIDE) &&
            v->record->s.time_ms > last)
            last = v->record->s.time_ms;
    }
    return last;
}

static void set_state(struct evaluation *e, enum assay_request_state state, const char *why)
{
    e->request->view.state = state;
    e->request->view.why = why;
}

/* What ends a request comes before what it would be otherwise. */
static void decide_closed(struct evaluation *e)
{
    const struct fold_request *r = e->request;

    if (r->revoked_by)
        set_state(e, ASSAY_STATE_REVOKED, fold_text(e->fold, "revoked by %s", r->revoked_by));
    else if (r->done)
        set_state(e, ASSAY_STATE_APPLIED,
                  fold_text(e->fold, "applied by %s", r->done->s.person));
    else if (r->withdrawn_by)
        set_state(e, ASSAY_STATE_WITHDRAWN, "withdrawn by its author");
    else if (e->veto)
        set_state(e, ASSAY_STATE_REJECTED,
                  fold_text(e->fold, "%s: %s", e->veto->record->s.person, e->veto->d->reason));
    else if (r->superseded_by)
        set_state(e, ASSAY_STATE_SUPERSEDED,
                  fold_text(e->fold, "request %s took its place", r->superseded_by));
}

static void decide_open(struct evaluation *e)
{
    struct assay_request *view = &e->request->view;
    const bool approved = view->satisfied_count == e->count;
    const char *first = "";

    for (size_t i = e->count; i-- > 0;)
        if (!assay_requirement_passes(e->list[i].state))
            first = fold_text(e->fold, "%s: %s", e->list[i].name, e->list[i].why);
    view->approved_ms = approved ? last_vote(e) : ASSAY_NO_TIME;
    view->apply_by_ms =
        approved ? view->approved_ms + e->policy->apply_within_ms : ASSAY_NO_TIME;
    if (e->changes)
        set_state(
            e, ASSAY_STATE_CHANGES,
            fold_text(e->fold, "%s: %s", e->changes->record->s.person, e->changes->d->reason));
    else if (approved && e->time_ms > view->apply_by_ms && !was_begun(e))
        set_state(e, ASSAY_STATE_EXPIRED, "the approval was not applied in time");
    else if (!approved && e->time_ms > view->expires_ms)
        set_state(e, ASSAY_STATE_EXPIRED, "it was not approved in time");
    else if (approved && e->request->failed)
        set_state(e, ASSAY_STATE_APPLY_FAILED, e->request->failed->s.application.why);
    else if (approved && e->request->begun)
        set_state(e, ASSAY_STATE_APPLYING,
                  e->time_ms > view->apply_by_ms
                      ? "its application was begun in time, and not finished"
                      : "its application was begun");
    else if (approved)
        set_state(e, ASSAY_STATE_APPROVED, approved_words(e));
    else
        set_state(e, ASSAY_STATE_PENDING, first);
}

/* ---- the view ---- */

static void view_votes(struct evaluation *e)
{
    struct assay_request *view = &e->request->view;
    struct assay_vote *votes =
        assay_arena_alloc(&e->fold->arena, (e->request->vote_count + 1) * sizeof *votes);

    view->unsigned_votes = e->request->opened->s.key[0] == '\0';
    for (size_t i = 0; i < e->request->vote_count; i++) {
        const struct fold_vote *v = &e->request->votes[i];
        const struct statement *s = &v->record->s;
        votes[i] = (struct assay_vote){
            .verdict = v->d->verdict,
            .person = s->person,
            .name = s->name,
            .role = s->role,
            .reason = v->d->reason,
            .time_ms = s->time_ms,
            .revision = v->d->revision,
            .record = v->record->digest,
            .key = s->key,
            .touched = v->record->touched,
            .pin = v->record->pin,
            .counts = v->counts,
            .why_not = v->why_not ? v->why_not : "",
            .conditions = v->d->conditions,
            .condition_count = v->d->condition_count,
        };
        view->unsigned_votes = view->unsigned_votes || s->key[0] == '\0';
    }
    view->votes = votes;
    view->vote_count = e->request->vote_count;
}

static void view_eligible(struct evaluation *e)
{
    struct assay_request *view = &e->request->view;
    const struct people *people = &e->fold->people;
    struct assay_eligible *list =
        assay_arena_alloc(&e->fold->arena, (people->count + 1) * sizeof *list);

    view->eligible_count = 0;
    for (size_t i = 0; i < people->count; i++) {
        const struct person *person = &people->items[i];
        const struct texts *more = delegated_roles(e, person->id);
        const char *role = NULL;
        for (size_t c = 0; c < e->policy->clause_count && !role; c++)
            if (texts_has(&person->roles, e->policy->clauses[c].role) ||
                (more && texts_has(more, e->policy->clauses[c].role)))
                role = e->policy->clauses[c].role;
        if (!role)
            continue;
        const char *why = fold_excluded(e->fold, e->request, person);
        if (!why && e->policy->delegation && delegation(e, person->id, NULL))
            why = "handed the vote to somebody else";
        struct assay_eligible *item = &list[view->eligible_count++];
        *item = (struct assay_eligible){person->id, person->name, role,
                                        !why,       false,        why ? why : ""};
        for (size_t v = 0; v < e->request->vote_count; v++)
            if (e->request->votes[v].counts && is_stance(e->request->votes[v].d->verdict) &&
                e->request->votes[v].d->verdict != ASSAY_WITHDRAW &&
                strcmp(e->request->votes[v].record->s.person, person->id) == 0)
                item->voted = true;
    }
    view->eligible = list;
}

static void view_evidence(struct evaluation *e)
{
    struct assay_request *view = &e->request->view;
    const struct texts *seen = e->fold->input->seen;
    struct assay_evidence *list = e->request->bound->evidence;

    for (size_t i = 0; i < e->request->bound->evidence_count; i++)
        list[i].seen = seen && texts_has(seen, list[i].digest);
    view->evidence = list;
    view->evidence_count = e->request->bound->evidence_count;
    view->gates = e->request->bound->gates;
    view->gate_count = e->request->bound->gate_count;
    view->gates_passed = 0;
    for (size_t i = 0; i < view->gate_count; i++)
        view->gates_passed += assay_requirement_passes(view->gates[i].state) ? 1 : 0;
}

static void view_bound(struct evaluation *e)
{
    struct assay_request *view = &e->request->view;
    const struct statement_request *b = e->request->bound;

    view->revision = b->revision;
    view->binding = b->binding;
    view->platform = b->platform;
    view->place = b->place;
    view->model = b->model;
    view->version = b->version;
    view->target = b->target;
    view->from_version = b->from_version;
    view->from_digest = b->from_digest;
    view->model_digest = b->model_digest;
    view->files = b->files;
    view->file_count = b->file_count;
    view->requester = e->request->opened->s.person;
    view->requester_name = e->request->opened->s.name;
    view->tier = b->tier;
    view->break_role = e->policy && e->policy->break_role ? e->policy->break_role : "";
    view->apply_role = e->policy ? e->policy->apply_role : "";
    view->policy = b->policy;
    view->policy_digest = b->policy_digest;
    view->policy_version = b->policy_version;
    view->opened_ms = e->request->opened->s.time_ms;
    view->revised_ms = e->request->revised_ms;
    view->expires_ms = b->expires_ms;
    view->applied_ms = e->request->done ? e->request->done->s.time_ms : ASSAY_NO_TIME;
    view->lineage = b->lineage;
    view->lineage_count = b->lineage_count;
}

void fold_evaluate(struct fold *fold, struct fold_request *request, int64_t time_ms)
{
    struct evaluation e = {.fold = fold,
                           .request = request,
                           .policy = &request->policy->policy,
                           .time_ms = time_ms};
    struct assay_request *view = &request->view;
    const char *named;

    view_bound(&e);
    for (size_t i = 0; i < request->vote_count; i++)
        judge_vote(&e, i);
    require(&e, "policy", ASSAY_SATISFIED,
            fold_text(fold, "%s version %llu", request->bound->policy,
                      (unsigned long long)request->bound->policy_version));
    require_clauses(&e);
    require_separation(&e);
    if ((named = fold_named_by_one(fold, request)) != NULL)
        require(&e, "independence", ASSAY_NOT_APPLICABLE, named);
    require_evidence(&e);
    require_gates(&e);
    require_plan(&e);
    require_conditions(&e);
    apply_override(&e);
    view->requirement_count = e.count;
    view->satisfied_count = 0;
    for (size_t i = 0; i < e.count; i++)
        view->satisfied_count += assay_requirement_passes(e.list[i].state) ? 1 : 0;
    decide_open(&e);
    decide_closed(&e);
    view_votes(&e);
    view_evidence(&e);
    view_eligible(&e);
    struct assay_requirement *list =
        assay_arena_alloc(&fold->arena, (e.count + 1) * sizeof *list);
    memcpy(list, e.list, e.count * sizeof *list);
    view->requirements = list;
    free(e.list);
}

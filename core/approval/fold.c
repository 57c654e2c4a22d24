/*
 * The fold (fold.h): walks the records in their one order, decides of each whether it counts,
 * and keeps what those that count have done.
 */
#include "approval/fold_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64
#define NEAR       8 /* records */

const char *fold_text(struct fold *fold, const char *format, ...)
{
    char small[256];
    struct assay_buf buf = {.limit = 8192};
    va_list args;

    va_start(args, format);
    const int fits = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (fits >= 0 && (size_t)fits < sizeof small)
        return assay_arena_strndup(&fold->arena, small, (size_t)fits);
    va_start(args, format);
    assay_buf_vformat(&buf, format, args);
    va_end(args);
    const char *text = assay_arena_strndup(&fold->arena, assay_buf_text(&buf), buf.length);
    assay_buf_free(&buf);
    return text;
}

static void problem(struct fold *fold, const struct record *record, bool invalid,
                    const char *what)
{
    ASSAY_GROW(fold->problems, fold->problem_capacity, fold->problem_count + 1);
    fold->problems[fold->problem_count++] = (struct assay_ledger_problem){
        .seq = record->seq,
        .digest = record->digest,
        .author = record->fault ? "" : record->s.person,
        .what = what,
        .invalid = invalid,
    };
}

/* ---- is it authentic? ---- */

const char *fold_check_signer(struct fold *fold, const struct record *record)
{
    const struct statement *s = &record->s;
    const struct person *person = people_find(&fold->people, s->person);
    struct person_key *key;

    if (!person)
        return "nobody of this name is known";
    if (record->checked == SIGNATURE_FAILS)
        return record->signature_why;
    if (s->key[0] == '\0') {
        if (record->signature_length > 0)
            return "it says it is unsigned and carries a signature";
        if (s->event <= EVENT_ENDORSE)
            return "it is not signed";
        return NULL;
    }
    if (record->signature_length == 0)
        return "its signature is missing";
    if (record->checked == SIGNATURE_HOLDS && strcmp(record->signed_by, s->key) != 0)
        return "it is signed with another key than it says";
    key = person_find_key(person, s->key);
    if (!key)
        return "it is signed with a key that was not the person's then";
    if (!person_key_allows(key, record->chain, s->number))
        return "it is signed with a key that is revoked";
    return NULL;
}

/* Whether it, or what it continues, is by a key that is revoked. */
static bool is_revoked(struct fold *fold, uint32_t index)
{
    const struct record *record = &fold->input->records[index];
    const struct person *person = people_find(&fold->people, record->s.person);
    struct person_key *key = person ? person_find_key(person, record->s.key) : NULL;
    const uint32_t before =
        record->s.number > 1 ? fold->links.to[fold->links.start[index]] : ASSAY_MAP_NONE;

    if (key && !person_key_allows(key, record->chain, record->s.number))
        return true;
    return before != ASSAY_MAP_NONE && fold->fates[before].revoked &&
           strcmp(fold->input->records[before].chain, record->chain) == 0;
}

/* A hardware key counts its signatures. One that does not grow may be a copy. */
static void check_counter(struct fold *fold, const struct record *record, size_t index)
{
    const struct person *person = people_find(&fold->people, record->s.person);
    struct person_key *key = person ? person_find_key(person, record->s.key) : NULL;

    if (!key || !record->hardware)
        return;
    if (record->counter != 0 && record->counter <= key->counter)
        fold->fates[index].remark = "the hardware key's counter did not grow: it may be a copy";
    if (record->counter > key->counter)
        key->counter = record->counter;
}

/* Whether its author signed another record for the same place: from there on none of the chain
   counts, on either side. */
static const char *check_fork(struct fold *fold, uint32_t index)
{
    const struct record *record = &fold->input->records[index];

    for (uint32_t i = fold->rivals[index]; i != index; i = fold->rivals[i]) {
        const struct record *other = &fold->input->records[i];
        if ((other == fold->begin || strcmp(other->s.ledger, fold->begin->digest) == 0) &&
            !fold_check_signer(fold, other)) {
            fold->fates[index].forks = true;
            return fold_text(fold, "the chain %s forks at its record %llu: %.16s and %.16s",
                             record->chain, (unsigned long long)record->s.number,
                             i < index ? other->digest : record->digest,
                             i < index ? record->digest : other->digest);
        }
    }
    return NULL;
}

static const char *check_place(struct fold *fold, uint32_t index,
                               const struct fold_chain *chain)
{
    const struct record *record = &fold->input->records[index];
    const struct statement *s = &record->s;
    const char *forks = check_fork(fold, index);

    if (forks)
        return forks;
    if (chain->broken)
        return "it follows a record that does not count";
    if (s->number != chain->number + 1 ||
        strcmp(s->previous, chain->number > 0 ? chain->digest : "") != 0)
        return "it does not continue its author's chain";
    return NULL;
}

/* The latest time among what the record builds on. */
static int64_t floor_of(const struct fold *fold, uint32_t index, const struct fold_chain *chain)
{
    const struct record_links *links = &fold->links;
    const size_t seen =
        links->start[index] + (fold->input->records[index].s.number > 1 ? 1 : 0);
    int64_t floor = chain->time_ms;

    for (size_t i = seen; i < links->start[index + 1]; i++) {
        const uint32_t at = links->to[i];
        if (at != ASSAY_MAP_NONE && fold->fates[at].counts &&
            fold->input->records[at].s.time_ms > floor)
            floor = fold->input->records[at].s.time_ms;
    }
    return floor;
}

bool fold_ahead(const struct fold *fold, const struct record *record)
{
    return record->s.time_ms > fold->input->now_ms + FOLD_SKEW_MS;
}

static const char *check_time(struct fold *fold, uint32_t index, const struct fold_chain *chain)
{
    const struct record *record = &fold->input->records[index];
    const int64_t floor = floor_of(fold, index, chain);

    fold->any_ahead = fold->any_ahead || fold_ahead(fold, record);
    if (fold_ahead(fold, record))
        return "its time lies in the future";
    if (floor != ASSAY_NO_TIME && record->s.time_ms < floor - FOLD_SKEW_MS)
        return "its time is before what it builds on";
    return NULL;
}

/* ---- requests ---- */

struct fold_request *fold_find(const struct fold *fold, const char *id)
{
    uint32_t at = assay_map_get(&fold->request_index, id, strlen(id));
    return at != ASSAY_MAP_NONE ? fold->requests[at] : NULL;
}

const struct fold_request *fold_replaced(const struct fold *fold,
                                         const struct fold_request *request)
{
    const struct statement_request *b = request->bound;
    const struct fold_request *last = NULL;

    for (size_t i = 0; i < fold->request_count && request->done; i++) {
        const struct fold_request *r = fold->requests[i];
        if (r->applied > (last ? last->applied : request->applied) &&
            strcmp(r->bound->platform, b->platform) == 0 &&
            strcmp(r->bound->place, b->place) == 0 && strcmp(r->bound->model, b->model) == 0 &&
            strcmp(r->bound->target, b->target) == 0)
            last = r;
    }
    return last;
}

/* Where R points, as a key of the maps by target. */
static size_t target_key(struct assay_buf *key, const struct statement_request *r)
{
    const char *const parts[] = {r->platform, r->place, r->model, r->target};

    for (size_t i = 0; i < ASSAY_COUNT(parts); i++)
        assay_buf_add(key, parts[i], strlen(parts[i]) + 1);
    return key->length;
}

static const struct fold_request *last_applied(const struct fold *fold,
                                               const struct statement_request *r)
{
    struct assay_buf key = {0};
    const size_t length = target_key(&key, r);
    const uint32_t at = assay_map_get(&fold->applied_index, key.data, length);

    assay_buf_free(&key);
    return at != ASSAY_MAP_NONE ? fold->requests[at] : NULL;
}

bool fold_is_rollback(const struct fold *fold, const struct statement_request *r)
{
    const struct fold_request *last = last_applied(fold, r);
    const struct fold_request *before = last ? last->applied_before : NULL;

    /* Back from where a rollback led is what failed: that is asked for as anything new is. */
    return before && !last->view.rollback && !before->revoked_by &&
           strcmp(last->bound->version, r->from_version) == 0 &&
           strcmp(last->bound->model_digest, r->from_digest) == 0 &&
           strcmp(last->bound->from_version, r->version) == 0 &&
           strcmp(last->bound->from_digest, r->model_digest) == 0 &&
           strcmp(before->bound->version, r->version) == 0 &&
           strcmp(before->bound->model_digest, r->model_digest) == 0;
}

/* The policy that is more exactly for what R asks than the one it is pinned to: who asks does
   not choose an easier one. */
static const struct fold_policy *more_exact(const struct fold *fold,
                                            const struct statement_request *r, bool rollback,
                                            const struct fold_policy *pinned)
{
    const uint64_t exact = policy_exactness(&pinned->policy, r->model, r->target, rollback);

    for (size_t i = 0; i < fold->policy_count; i++) {
        const struct fold_policy *p = fold->policies[i];
        if (p->in_force &&
            policy_exactness(&p->policy, r->model, r->target, rollback) > exact &&
            fold_policy(fold, p->policy.name) == p)
            return p;
    }
    return NULL;
}

/* The policy a request is pinned to: the version that is in force here, and no older one. */
static const char *check_pin(struct fold *fold, const struct record *record,
                             const struct fold_policy **out)
{
    const struct statement_request *r = &record->s.request;
    const struct fold_policy *policy = fold_policy(fold, r->policy), *better;
    const bool rollback = fold_is_rollback(fold, r);

    if (!policy)
        return fold_text(fold, "no policy %s is in force", r->policy);
    if (r->policy_version != policy->record->s.policy.version ||
        strcmp(r->policy_digest, policy->record->s.policy.digest) != 0)
        return fold_text(fold,
                         "it names version %llu of the policy %s; version %llu is in force",
                         (unsigned long long)r->policy_version, r->policy,
                         (unsigned long long)policy->record->s.policy.version);
    if (!policy_matches(&policy->policy, r->model, r->target, rollback))
        return fold_text(fold, "the policy %s is %s %s and %s", r->policy,
                         policy->policy.rollback && !rollback
                             ? "for rollbacks alone, and this is none, of"
                             : "not for",
                         r->model, r->target);
    if ((better = more_exact(fold, r, rollback, policy)) != NULL)
        return fold_text(fold, "the policy %s is more exactly for %s and %s than %s",
                         better->policy.name, r->model, r->target, r->policy);
    if (strcmp(r->tier, policy->policy.tier) != 0)
        return "it claims another tier than its policy's";
    if (r->expires_ms > record->s.time_ms + policy->policy.expires_ms)
        return "it would live longer than its policy allows";
    if (record->s.key[0] == '\0' && !policy->policy.unsigned_votes)
        return "it is not signed, and its policy asks for that";
    *out = policy;
    return NULL;
}

static bool under_way(const struct fold_request *request)
{
    return request->begun && !request->failed && !request->done;
}

/* Whether who signed RECORD knew of the request ID. */
static bool knew(const struct fold *fold, const struct record *record, const char *id)
{
    const struct fold_request *request = fold_find(fold, id);
    uint32_t at = assay_map_get(&fold->record_index, request->opened->digest, 64);
    bool *past = fold_past(fold, record);
    const bool known = past[at];

    free(past);
    return known;
}

/* A newer request for the same target takes the place of the one before, unless that is being
   applied: how that ends is a fact, whatever is asked for meanwhile. */
static void supersede(struct fold *fold, const struct fold_request *by, uint32_t index)
{
    struct assay_buf key = {0};
    uint32_t at;

    (void)target_key(&key, by->bound);
    at = assay_map_get(&fold->target_index, key.data, key.length);
    struct fold_request *before = at != ASSAY_MAP_NONE ? fold->requests[at] : NULL;
    if (before && !before->done && !under_way(before) && !before->superseded_by)
        before->superseded_by = by->view.id;
    assay_map_set(&fold->target_index, key.data, key.length, index);
    assay_buf_free(&key);
}

static const char *take_new_request(struct fold *fold, const struct record *record,
                                    const struct fold_policy *policy)
{
    struct fold_request *request = assay_arena_alloc(&fold->arena, sizeof *request);

    if (record->s.request.revision != 1)
        return "it is a later revision of a request that is not there";
    request->opened = request->revised = record;
    request->bound = &record->s.request;
    request->policy = policy;
    request->revised_ms = record->s.time_ms;
    request->view.id = record->s.request.id;
    request->view.words = record->s.request.words;
    request->view.rollback = fold_is_rollback(fold, request->bound);
    ASSAY_GROW(fold->requests, fold->request_capacity, fold->request_count + 1);
    assay_map_set(&fold->request_index, request->view.id, 16, (uint32_t)fold->request_count);
    fold->requests[fold->request_count++] = request;
    supersede(fold, request, (uint32_t)fold->request_count - 1);
    return NULL;
}

static const char *take_request(struct fold *fold, const struct record *record)
{
    const struct statement_request *r = &record->s.request;
    struct fold_request *request = fold_find(fold, r->id);
    const struct fold_policy *policy = NULL;

    if (request && r->revision == request->bound->revision) {
        /* The same in all that is bound: only its words change, and votes stand. */
        if (strcmp(r->binding, request->bound->binding) != 0)
            return "it changes a revision without numbering a new one";
        if (strcmp(record->s.person, request->opened->s.person) != 0)
            return "only its author may change a request";
        request->view.words = r->words;
        return NULL;
    }
    const char *why = check_pin(fold, record, &policy);
    if (why)
        return why;
    if (!request)
        return take_new_request(fold, record, policy);
    if (strcmp(record->s.person, request->opened->s.person) != 0)
        return "only its author may change a request";
    if (r->revision != request->bound->revision + 1 ||
        strcmp(r->model, request->bound->model) != 0 ||
        strcmp(r->target, request->bound->target) != 0 ||
        strcmp(r->platform, request->bound->platform) != 0 ||
        strcmp(r->place, request->bound->place) != 0)
        return "it is no next revision of its request";
    fold_evaluate(fold, request, record->s.time_ms);
    if (!assay_request_open_state(request->view.state) ||
        request->view.state == ASSAY_STATE_APPLYING)
        return "its request is closed";
    request->revised = record;
    request->bound = r;
    request->policy = policy;
    request->revised_ms = record->s.time_ms;
    request->view.words = r->words;
    request->view.rollback = fold_is_rollback(fold, r);
    return NULL;
}

static bool has_active_vote(const struct fold_request *request, const char *person)
{
    bool active = false;

    for (size_t i = 0; i < request->vote_count; i++) {
        const struct fold_vote *v = &request->votes[i];
        if (strcmp(v->record->s.person, person) != 0)
            continue;
        if (v->d->verdict == ASSAY_APPROVE || v->d->verdict == ASSAY_REJECT ||
            v->d->verdict == ASSAY_REQUEST_CHANGES)
            active = true;
        else if (v->d->verdict == ASSAY_WITHDRAW || v->d->verdict == ASSAY_ABSTAIN)
            active = false;
    }
    return active;
}

/* Whether PERSON has a part in the request's policy, and may so revoke what came of it. */
static bool has_part(const struct fold_request *request, const struct person *person)
{
    const struct policy *p = &request->policy->policy;

    for (size_t i = 0; i < p->clause_count; i++)
        if (texts_has(&person->roles, p->clauses[i].role))
            return true;
    return texts_has(&person->roles, ROLE_OWNER) ||
           (p->break_role && texts_has(&person->roles, p->break_role));
}

static bool is_stance(enum assay_verdict verdict)
{
    return verdict == ASSAY_APPROVE || verdict == ASSAY_REJECT ||
           verdict == ASSAY_REQUEST_CHANGES || verdict == ASSAY_ABSTAIN ||
           verdict == ASSAY_WITHDRAW || verdict == ASSAY_DELEGATE || verdict == ASSAY_OVERRIDE;
}

static const char *take_verdict(struct fold *fold, struct fold_request *request,
                                const struct record *record)
{
    const struct statement_decision *d = &record->s.decision;
    const struct person *person = people_find(&fold->people, record->s.person);
    const bool requester = strcmp(record->s.person, request->opened->s.person) == 0;

    if (is_stance(d->verdict) && (request->done || request->revoked_by))
        return "the request is applied or revoked: what undoes it is a revocation";
    switch (d->verdict) {
    case ASSAY_WITHDRAW:
        if (has_active_vote(request, record->s.person) || !requester)
            return NULL;
        fold_evaluate(fold, request, record->s.time_ms);
        if (!assay_request_open_state(request->view.state) ||
            request->view.state == ASSAY_STATE_APPLYING)
            return "the request is closed";
        request->withdrawn_by = record->s.person;
        return NULL;
    case ASSAY_REVOKE:
        if (!has_part(request, person))
            return "only who has a part in the policy may revoke";
        if (d->reason[0] == '\0')
            return "it gives no reason";
        request->revoked_by = record->s.person;
        return NULL;
    case ASSAY_OVERRIDE:
        if (!request->policy->policy.break_role ||
            !texts_has(&person->roles, request->policy->policy.break_role))
            return "the policy lets nobody of this person's roles override";
        return requester ? "who requested it may not override" : NULL;
    case ASSAY_REJECT:
    case ASSAY_REQUEST_CHANGES:
        return d->reason[0] == '\0' ? "it gives no reason" : NULL;
    case ASSAY_APPROVE:
    case ASSAY_ABSTAIN:
    case ASSAY_RATIFY:
    case ASSAY_FULFIL:
    case ASSAY_DELEGATE:
    case ASSAY_COMMENT:
        return NULL;
    }
    return "an unknown decision";
}

static const char *take_decision(struct fold *fold, const struct record *record)
{
    const struct statement_decision *d = &record->s.decision;
    struct fold_request *request = fold_find(fold, d->request);
    const struct person *person = people_find(&fold->people, record->s.person);

    if (!request)
        return "there is no such request";
    if (record->s.key[0] == '\0' && !request->policy->policy.unsigned_votes)
        return "it is not signed, and the policy asks for that";
    const char *why = take_verdict(fold, request, record);
    if (why)
        return why;
    ASSAY_GROW(request->votes, request->vote_capacity, request->vote_count + 1);
    request->votes[request->vote_count++] =
        (struct fold_vote){.record = record, .d = d, .roles = person->roles};
    if (d->verdict == ASSAY_APPROVE || d->verdict == ASSAY_OVERRIDE)
        request->votes[request->vote_count - 1].outdated = fold_outdated(fold, record, request);
    return NULL;
}

static void note_applied(struct fold *fold, struct fold_request *request)
{
    struct assay_buf key = {0};
    const size_t length = target_key(&key, request->bound);
    const uint32_t index = assay_map_get(&fold->request_index, request->view.id, 16);

    request->applied_before = last_applied(fold, request->bound);
    assay_map_set(&fold->applied_index, key.data, length, index);
    assay_buf_free(&key);
}

static const char *take_application(struct fold *fold, const struct record *record)
{
    const struct statement_application *a = &record->s.application;
    struct fold_request *request = fold_find(fold, a->request);
    const struct person *person = people_find(&fold->people, record->s.person);
    const char *why = NULL;

    if (!request)
        return "there is no such request";
    if (record->s.key[0] == '\0' && !request->policy->policy.unsigned_votes)
        return "it is not signed, and the policy asks for that";
    const char *role = request->policy->policy.apply_role;
    if (role[0] != '\0' && !texts_has(&person->roles, role))
        return fold_text(fold, "only a %s may apply it", role);
    if (strcmp(a->binding, request->bound->binding) != 0)
        return "it applies something else than the request's latest revision";
    /* Somebody asked for something else at another place, a little earlier: that came too late.
     */
    if (a->phase == PHASE_BEGIN && request->superseded_by &&
        !knew(fold, record, request->superseded_by))
        request->superseded_by = NULL;
    fold_evaluate(fold, request, record->s.time_ms);
    const enum assay_request_state state = request->view.state;
    if (a->phase == PHASE_BEGIN) {
        if (state != ASSAY_STATE_APPROVED && state != ASSAY_STATE_APPLYING &&
            state != ASSAY_STATE_APPLY_FAILED)
            return fold_text(fold, "it was applied while it was %s",
                             assay_request_state_name(state));
        if ((why = fold_outdated(fold, record, request)) != NULL)
            return fold_text(fold, "it %s", why);
        /* Going on with one is no other beginning. */
        if (!under_way(request))
            request->begun = record;
        request->failed = NULL;
        return NULL;
    }
    /* Also where a vote was taken back meanwhile: then it stands there without its approval. */
    if (!under_way(request))
        return "it ends an application that was not begun";
    if (a->phase == PHASE_DONE) {
        request->done = record;
        request->applied = ++fold->applied_count;
        note_applied(fold, request);
    } else {
        request->failed = record;
    }
    return NULL;
}

/* ---- the walk ---- */

static const char *take(struct fold *fold, const struct record *record)
{
    switch (record->s.event) {
    case EVENT_LEDGER:
        return "a ledger has one beginning";
    case EVENT_SIGNER:
    case EVENT_POLICY:
        return fold_take_change(fold, record);
    case EVENT_ENDORSE:
        return fold_take_endorse(fold, record);
    case EVENT_REQUEST:
        return take_request(fold, record);
    case EVENT_DECISION:
        return take_decision(fold, record);
    case EVENT_APPLICATION:
        return take_application(fold, record);
    }
    return "an unknown kind of record";
}

static bool is_begin(const struct fold *fold, const struct record *record)
{
    return record->s.event == EVENT_LEDGER && !fold->begin && record->s.number == 1 &&
           (!fold->input->expect || strcmp(fold->input->expect, record->digest) == 0);
}

static void walk_one(struct fold *fold, uint32_t index)
{
    const struct record *record = &fold->input->records[index];
    struct fold_fate *fate = &fold->fates[index];
    struct fold_chain *chain = &fold->chains[fold->chain_of[index]];
    const char *why;
    bool theirs = true, placed = false;

    if (is_begin(fold, record)) {
        why = fold_take_begin(fold, record);
        theirs = placed = !why;
    } else if (!fold->begin || strcmp(record->s.ledger, fold->begin->digest) != 0) {
        why = "it belongs to another ledger";
        theirs = false;
    } else {
        why = fold_check_signer(fold, record);
        theirs = !why;
        if (!why)
            why = check_place(fold, index, chain);
        /* It has its place in the chain, whether or not what it says is allowed. */
        placed = !why;
        if (!why)
            why = check_time(fold, index, chain);
        if (!why) {
            check_counter(fold, record, index);
            why = take(fold, record);
        }
    }
    if (!placed) {
        /* What others wrote in its author's name changes nothing. */
        chain->broken = chain->broken || theirs;
    } else {
        chain->number = record->s.number;
        chain->digest = record->digest;
        /* One from a clock that ran ahead counts later. What its author signs before that time
           would count until then and not afterwards: it must not count at all. */
        if (!why || fold_ahead(fold, record))
            chain->time_ms = record->s.time_ms;
    }
    fate->placed = placed;
    fate->authentic = !why || (placed && record->s.key[0] != '\0');
    fate->counts = !why;
    fate->revoked = !placed && is_revoked(fold, index);
    fate->why_not = why;
}

/* A record lies far from the one before it, and its texts elsewhere again: what is walked over
   a little later is fetched while others are walked over. */
static void come_near(const struct fold *fold, size_t at)
{
    const struct record *records = fold->input->records;

    if (at + 2 * NEAR < fold->placed) {
        const char *next = (const char *)&records[fold->order[at + 2 * NEAR]];
        for (size_t line = 0; line < sizeof *records; line += CACHE_LINE)
            __builtin_prefetch(next + line);
    }
    if (at + NEAR < fold->placed) {
        const char *text = records[fold->order[at + NEAR]].s.subject;
        for (size_t line = 0; line < 1280; line += CACHE_LINE)
            __builtin_prefetch(text + line);
    }
}

static void clear(struct fold *fold)
{
    for (size_t i = 0; i < fold->request_count; i++)
        free(fold->requests[i]->votes);
    for (size_t i = 0; i < fold->policy_count; i++)
        free(fold->policies[i]->past);
    free(fold->requests);
    free(fold->policies);
    free(fold->chains);
    free(fold->fates);
    free(fold->order);
    free(fold->rivals);
    free(fold->chain_of);
    free(fold->problems);
    free(fold->views);
    free(fold->pending);
    free(fold->pending_signers);
    people_free(&fold->people);
    assay_map_free(&fold->request_index);
    assay_map_free(&fold->target_index);
    assay_map_free(&fold->applied_index);
    assay_map_free(&fold->chain_index);
    assay_map_free(&fold->record_index);
    record_links_free(&fold->links);
    assay_arena_free(&fold->arena);
}

void fold_free(struct fold *fold)
{
    clear(fold);
    free(fold->revocations);
    *fold = (struct fold){0};
}

static void walk(struct fold *fold, const struct fold_input *input)
{
    clear(fold);
    *fold = (struct fold){
        .input = input,
        .revocations = fold->revocations,
        .revocation_count = fold->revocation_count,
        .revocation_capacity = fold->revocation_capacity,
    };
    fold->people.arena = &fold->arena;
    fold->fates = assay_alloc_array(input->count + 1, sizeof *fold->fates);
    fold->order = assay_alloc_array(input->count + 1, sizeof *fold->order);
    fold->rivals = assay_alloc_array(input->count + 1, sizeof *fold->rivals);
    fold->chain_of = assay_alloc_array(input->count + 1, sizeof *fold->chain_of);
    assay_map_reserve(&fold->record_index, input->count);
    for (size_t i = 0; i < input->count; i++)
        if (!input->records[i].fault)
            assay_map_set(&fold->record_index, input->records[i].digest, 64, (uint32_t)i);
    fold_find_chains(fold);
    fold_find_rivals(fold);
    record_links_find(&fold->links, input->records, input->count, &fold->record_index);
    fold->placed = order_records(input->records, input->count, &fold->links, fold->order);
    for (size_t i = 0; i < fold->placed; i++) {
        come_near(fold, i);
        walk_one(fold, fold->order[i]);
    }
}

static void list_problems(struct fold *fold)
{
    for (size_t i = 0; i < fold->input->count; i++) {
        const struct record *record = &fold->input->records[i];
        struct fold_fate *fate = &fold->fates[i];
        if (record->fault)
            fate->why_not = record->fault;
        else if (!fate->counts && !fate->why_not)
            fate->why_not = "a record that it follows is missing";
        if (fate->why_not)
            problem(fold, record, true, fate->why_not);
        else if (fate->remark)
            problem(fold, record, false, fate->remark);
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct assay_request *x = *(const struct assay_request *const *)a;
    const struct assay_request *y = *(const struct assay_request *const *)b;

    if (x->opened_ms != y->opened_ms)
        return x->opened_ms > y->opened_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

void fold_run(struct fold *fold, const struct fold_input *input)
{
    size_t known;

    fold->revocation_count = 0;
    /* Until no revocation is found that was not known from the start. */
    do {
        known = fold->revocation_count;
        walk(fold, input);
    } while (fold->revocation_count != known);
    for (size_t i = 0; i < fold->request_count && !input->unjudged; i++)
        fold_evaluate(fold, fold->requests[i], input->now_ms);
    list_problems(fold);
    fold_mark_built_on(fold);
    fold->views = assay_alloc_array(fold->request_count + 1, sizeof *fold->views);
    for (size_t i = 0; i < fold->request_count; i++)
        fold->views[i] = &fold->requests[i]->view;
    if (fold->request_count > 1)
        qsort(fold->views, fold->request_count, sizeof *fold->views, newest_first);
    fold_look_as(fold, input->me);
}

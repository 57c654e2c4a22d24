/*
 * Looking: the whole ledger from its bytes, one version at one target, and targets that stand
 * where nobody approved.
 */
#include "approval/act.h"

#include <stdlib.h>
#include <string.h>

#include "approval/mlflow_platform.h"
#include "approval/signer.h"

/* ---- the whole ledger ---- */

static const char *key_line(const struct assay_ledger *ledger, const struct record *record)
{
    const struct person *person = people_find(&ledger->fold.people, record->s.person);
    const struct person_key *key = person ? person_find_key(person, record->s.key) : NULL;
    return key ? key->line : NULL;
}

static enum assay_status fault_at(const struct record *record, const char *what,
                                  struct assay_error *err)
{
    return assay_fail(err, ASSAY_NO, "record %zu (%.16s, %s): %s", record->seq, record->digest,
                      record->fault ? "unreadable" : record->s.person, what);
}

enum assay_status assay_ledger_verify(struct assay_ledger *ledger, bool quick,
                                      struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    ledger_check(ledger, NULL);
    for (size_t i = 0; i < ledger->count; i++) {
        const struct record *record = &ledger->records[i];
        if (ledger->broken_row != 0 && (int64_t)record->seq >= ledger->broken_row)
            return fault_at(record, "the rows were changed: their chain breaks here", err);
        if (!ledger->fold.fates[i].counts && record->fault)
            return fault_at(record, record->fault, err);
        /* One that is authentic and was not allowed is a fact, not a fault; its chain goes on.
         */
        if (record->checked == SIGNATURE_FAILS)
            return fault_at(record, record->signature_why, err);
    }
    for (size_t i = 0; i < ledger->count; i++) {
        const char *why = fold_unsound(&ledger->fold, i);
        if (why)
            return fault_at(&ledger->records[i], why, err);
    }
    for (size_t i = 0; !quick && i < ledger->count && status == ASSAY_OK; i++) {
        const struct record *record = &ledger->records[i];
        const char *line = key_line(ledger, record);
        if (record->signature_length == 0)
            continue;
        if (!line)
            return fault_at(record, "its key is not known", err);
        status = signer_second_opinion(record->s.person, line, statement_space(record->s.event),
                                       record->bytes, record->length, record->signature,
                                       record->signature_length, err);
    }
    return status;
}

/* ---- one version at one target ---- */

/* The latest request for what is asked. What was requested at several places is not looked for
   at any of them: an approval at one is none at another. */
static enum assay_status find_asked(const struct fold *fold,
                                    const struct assay_gate_question *question,
                                    const struct fold_request **out, struct assay_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < fold->request_count; i++) {
        const struct fold_request *r = fold->requests[i], *other = *out;
        if (strcmp(r->bound->model, question->model) != 0 ||
            strcmp(r->bound->version, question->version) != 0 ||
            strcmp(r->bound->target, question->target) != 0 ||
            (question->server && strcmp(r->bound->place, question->server) != 0))
            continue;
        if (other && strcmp(other->bound->place, r->bound->place) != 0) {
            assay_fail(err, ASSAY_NO, "%s %s was requested for %s at several places: %s and %s",
                       question->model, question->version, question->target,
                       other->bound->place[0] ? other->bound->place : "the local registry",
                       r->bound->place[0] ? r->bound->place : "the local registry");
            assay_hint(err, "-S says which is meant; -S '' is the local registry");
            return ASSAY_NO;
        }
        *out = r;
    }
    return *out ? ASSAY_OK
                : assay_fail(err, ASSAY_NO, "%s %s: nobody requested it for %s",
                             question->model, question->version, question->target);
}

static enum assay_status check_state(const struct assay_ledger *ledger,
                                     const struct fold_request *request,
                                     const struct assay_gate_question *question,
                                     struct assay_error *err)
{
    const struct assay_request *view = &request->view;

    if (view->state != ASSAY_STATE_APPROVED && view->state != ASSAY_STATE_APPLYING &&
        view->state != ASSAY_STATE_APPLIED)
        return assay_fail(err, ASSAY_NO, "%s %s: request %s is %s: %s", question->model,
                          question->version, view->id, assay_request_state_name(view->state),
                          view->why);
    /* What was begun may be finished at any time; until it is, it is late like all else. */
    if (view->state != ASSAY_STATE_APPLYING || ledger->input.now_ms <= view->apply_by_ms)
        return ASSAY_OK;
    assay_fail(err, ASSAY_NO, "%s %s: request %s: %s", question->model, question->version,
               view->id, view->why);
    assay_hint(err, "assay apply %s finishes it", view->id);
    return ASSAY_NO;
}

enum assay_status assay_ledger_gate(struct assay_ledger *ledger,
                                    const struct assay_gate_question *question,
                                    const struct assay_request **by, struct assay_error *err)
{
    const struct fold_request *found = NULL;

    *by = NULL;
    if (!ledger->fold.begin)
        return assay_fail(err, ASSAY_NO, "there is no ledger here");
    if (find_asked(&ledger->fold, question, &found, err) != ASSAY_OK)
        return ASSAY_NO;
    char id[17];
    memcpy(id, found->view.id, sizeof id);
    ledger_check(ledger, id);
    struct fold_request *judged = fold_find(&ledger->fold, id);
    if (!judged)
        return assay_fail(err, ASSAY_NO, "request %s: its records do not hold", id);
    if (ledger->input.unjudged)
        fold_evaluate(&ledger->fold, judged, ledger->input.now_ms);
    found = judged;
    if (ledger_check_sound(ledger, err) != ASSAY_OK)
        return ASSAY_NO;
    *by = &found->view;
    if (check_state(ledger, found, question, err) != ASSAY_OK)
        return ASSAY_NO;
    const struct fold_request *after = fold_replaced(&ledger->fold, found);
    if (after)
        return assay_fail(err, ASSAY_NO,
                          "%s %s: request %s was applied to %s, and %s (version %s) took its "
                          "place",
                          question->model, question->version, id, question->target,
                          after->view.id, after->bound->version);
    for (size_t i = 0; i < found->view.requirement_count; i++)
        if (!assay_requirement_passes(found->view.requirements[i].state))
            return assay_fail(err, ASSAY_NO, "%s %s: request %s: %s: %s", question->model,
                              question->version, id, found->view.requirements[i].name,
                              found->view.requirements[i].why);
    if (question->digest && strcmp(question->digest, found->bound->model_digest) != 0)
        return assay_fail(err, ASSAY_NO, "%s %s: approved was %s, and not %s", question->model,
                          question->version, found->bound->model_digest, question->digest);
    return ASSAY_OK;
}

/* ---- drift ---- */

struct drifting {
    struct assay_ledger *ledger;
    const struct platform *platform;
    size_t count, capacity;
    /* What stands as it was approved, to look at its files afterwards; in the drifts' arena. */
    struct assay_drift *standing;
    size_t standing_count;
    bool files;
};

static struct assay_drift drift_of(const struct drifting *d, const char *model,
                                   const char *target, const char *version, const char *why,
                                   const char *request)
{
    struct assay_arena *arena = &d->ledger->drift_arena;

    return (struct assay_drift){
        .platform = d->platform->ops->kind,
        .model = assay_arena_strdup(arena, model),
        .target = assay_arena_strdup(arena, target),
        .version = assay_arena_strdup(arena, version),
        .why = assay_arena_strdup(arena, why),
        .request = assay_arena_strdup(arena, request),
    };
}

static void add_drift(struct drifting *d, const struct assay_drift *drift)
{
    struct assay_ledger *ledger = d->ledger;

    if (d->count == d->capacity) {
        size_t more = d->capacity ? 2 * d->capacity : 16;
        struct assay_drift *grown =
            assay_arena_alloc(&ledger->drift_arena, more * sizeof *grown);
        if (d->count > 0)
            memcpy(grown, ledger->drifts, d->count * sizeof *grown);
        ledger->drifts = grown;
        d->capacity = more;
    }
    ledger->drifts[d->count++] = *drift;
}

static bool take_target(void *context, const char *model, const char *target,
                        const char *version)
{
    struct drifting *d = context;
    const struct assay_request *by = NULL;
    struct assay_error why = {0};
    const struct assay_gate_question question = {model, version, target, NULL,
                                                 d->platform->place};
    enum assay_status status = assay_ledger_gate(d->ledger, &question, &by, &why);

    if (status == ASSAY_OK && by->state != ASSAY_STATE_APPLIED)
        status =
            assay_fail(&why, ASSAY_NO, "request %s is approved and was not applied", by->id);
    if (status == ASSAY_OK && !d->files)
        return true;
    const struct assay_drift it =
        drift_of(d, model, target, version, why.what, by ? by->id : "");
    if (status == ASSAY_OK)
        *ASSAY_PUSH(&d->ledger->drift_arena, d->standing, d->standing_count) = it;
    else
        add_drift(d, &it);
    return true;
}

/* What cannot be read is no answer, and so it is named like what was changed. */
static void check_standing(struct drifting *d)
{
    for (size_t i = 0; i < d->standing_count; i++) {
        struct assay_drift *it = &d->standing[i];
        const struct fold_request *request = fold_find(&d->ledger->fold, it->request);
        struct assay_error why = {0};
        if (request && act_check_version(d->ledger, request, &why) == ASSAY_OK)
            continue;
        it->why = assay_arena_strdup(&d->ledger->drift_arena, why.what);
        add_drift(d, it);
    }
}

enum assay_status assay_ledger_drift(struct assay_ledger *ledger, const char *server,
                                     bool files, const struct assay_drift **drifts,
                                     size_t *count, struct assay_error *err)
{
    struct drifting d = {.ledger = ledger, .files = files};
    struct platform platform = {0};
    const bool remote = server && server[0];
    /* Where there is no store, there is no registry in it; a server stands without one. */
    const bool any = remote || ledger->store;
    enum assay_status status = ASSAY_OK;

    assay_arena_free(&ledger->drift_arena);
    ledger->drifts = NULL;
    if (any) {
        ledger_check(ledger, NULL);
        status = ledger_platform(ledger, remote ? mlflow_platform.kind : registry_platform.kind,
                                 remote ? server : "", &platform, err);
        d.platform = &platform;
    }
    if (status == ASSAY_OK && any)
        status =
            platform.ops->targets(platform.self, &ledger->drift_arena, take_target, &d, err);
    if (status == ASSAY_OK)
        check_standing(&d);
    *drifts = ledger->drifts;
    *count = d.count;
    return status;
}

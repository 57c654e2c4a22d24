/*
 * Whose eyes a fold is looked at with (fold.h). Who looks is known only once the fold has said
 * whose key the agent holds, and decides nothing: so it is asked of the fold, which need not
 * run again. Called by the fold at its end, and by ledger.c.
 */
#include "approval/fold.h"

#include <string.h>

static const char *request_id(const struct statement *s)
{
    return s->event == EVENT_REQUEST       ? s->request.id
           : s->event == EVENT_DECISION    ? s->decision.request
           : s->event == EVENT_APPLICATION ? s->application.request
                                           : NULL;
}

/* Counts those of a request's records which came after the last decision of ME. */
static void note_record(struct fold *fold, const struct record *record, const char *me)
{
    const char *id = request_id(&record->s);
    struct fold_request *request = id ? fold_find(fold, id) : NULL;

    if (!request)
        return;
    if (record->s.event == EVENT_DECISION && strcmp(record->s.person, me) == 0) {
        request->last_of_me = record;
        request->after_me = 0;
    } else {
        request->after_me++;
    }
}

static bool broke_the_glass(const struct assay_request *view, const char *me)
{
    for (size_t i = 0; i < view->vote_count; i++)
        if (view->votes[i].verdict == ASSAY_OVERRIDE && view->votes[i].counts &&
            strcmp(view->votes[i].person, me) == 0)
            return true;
    return false;
}

static bool waits_for(const struct assay_request *view, const char *me)
{
    if (view->state == ASSAY_STATE_CHANGES)
        return strcmp(me, view->requester) == 0;
    /* What was let through by one waits for another, who need not be asked for it. */
    const bool review =
        view->state == ASSAY_STATE_APPLIED && view->review_open && !broke_the_glass(view, me);
    for (size_t i = 0;
         (review || view->state == ASSAY_STATE_PENDING) && i < view->eligible_count; i++)
        if (view->eligible[i].eligible && (review || !view->eligible[i].voted) &&
            strcmp(view->eligible[i].person, me) == 0)
            return true;
    return false;
}

void fold_look_as(struct fold *fold, const char *me)
{
    for (size_t i = 0; i < fold->request_count; i++) {
        fold->requests[i]->last_of_me = NULL;
        fold->requests[i]->after_me = 0;
    }
    for (size_t i = 0; *me && i < fold->placed; i++)
        if (fold->fates[fold->order[i]].counts)
            note_record(fold, &fold->input->records[fold->order[i]], me);
    for (size_t i = 0; i < fold->request_count; i++) {
        struct fold_request *request = fold->requests[i];
        request->view.mine = waits_for(&request->view, me);
        request->view.since_my_vote = request->last_of_me ? request->after_me : 0;
    }
}

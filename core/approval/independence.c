/*
 * Persons who owe their names to somebody with a part in the request (fold.h): an owner can
 * name another person with a key of their own. A policy that asks for two owners keeps one from
 * doing so alone; where it asks for one, this is said of the request. Called by requirements.c.
 */
#include "approval/fold.h"

#include <string.h>

static const struct fold_vote *approval_of(const struct fold_request *request,
                                           const char *person)
{
    for (size_t i = 0; i < request->vote_count; i++) {
        const struct fold_vote *v = &request->votes[i];
        if (v->counts && v->d->verdict == ASSAY_APPROVE &&
            strcmp(v->record->s.person, person) == 0)
            return v;
    }
    return NULL;
}

/* What part OWNER has in the request; NULL where they have none. That they wrote its policy is
   none: owners do. */
static const char *part_of(struct fold *fold, const struct fold_request *request,
                           const struct person *owner)
{
    if (strcmp(request->opened->s.person, owner->id) == 0)
        return "requested it";
    for (size_t i = 0; i < request->bound->lineage_count; i++) {
        const struct assay_fact *fact = &request->bound->lineage[i];
        if (people_by_account(&fold->people, fact->account) == owner)
            return fold_text(fold, "had a part in it (%s)", fact->part);
    }
    return approval_of(request, owner->id) ? "approved it too" : NULL;
}

const char *fold_named_by_one(struct fold *fold, const struct fold_request *request)
{
    for (size_t i = 0; i < request->vote_count; i++) {
        const struct fold_vote *v = &request->votes[i];
        const struct person *person = people_find(&fold->people, v->record->s.person);
        const char *part = NULL;
        if (!v->counts || v->d->verdict != ASSAY_APPROVE || person->named_by.count != 1 ||
            strcmp(person->named_by.items[0], person->id) == 0)
            continue;
        const struct person *owner = people_find(&fold->people, person->named_by.items[0]);
        if (owner)
            part = part_of(fold, request, owner);
        if (part)
            return fold_text(fold, "%s was named by %s alone, who %s", person->id, owner->id,
                             part);
    }
    return NULL;
}

/*
 * What a record that does not count means for the ledger (fold.h): whether it can be there at
 * all without somebody having changed the store, and whether others need it. Called by the fold
 * at its end, and by who exchanges, keeps and hands out records.
 */
#include "approval/fold_private.h"

#include <string.h>

const char *fold_unsound(const struct fold *fold, size_t index)
{
    const struct record *record = &fold->input->records[index];
    const struct fold_fate *fate = &fold->fates[index];

    if (record->fault || record->checked == SIGNATURE_FAILS)
        return record->fault ? record->fault : record->signature_why;
    if (record->s.key[0] == '\0' || fate->authentic || fate->revoked)
        return NULL;
    if (!fate->why_not)
        return "a record that it follows is missing";
    /* By a clock that is behind, persons and keys are still to come. */
    return fold->any_ahead && record->signature_length > 0 ? NULL : fate->why_not;
}

void fold_mark_built_on(struct fold *fold)
{
    bool all = true;

    for (size_t i = 0; i < fold->input->count && all; i++)
        all = fold->fates[i].authentic;
    /* From the last to the first: whoever builds on one comes after it in the order. */
    for (size_t at = fold->placed; at-- > 0 && !all;) {
        const uint32_t index = fold->order[at];
        if (!fold->fates[index].authentic && !fold->fates[index].built_on)
            continue;
        for (size_t k = fold->links.start[index]; k < fold->links.start[index + 1]; k++) {
            const uint32_t on = fold->links.to[k];
            if (on != ASSAY_MAP_NONE)
                fold->fates[on].built_on = true;
        }
    }
}

bool fold_belongs(const struct fold *fold, size_t index)
{
    const struct record *record = &fold->input->records[index];
    const struct fold_fate *fate = &fold->fates[index];

    if (fate->authentic)
        return true;
    return fate->built_on && (fate->revoked || fate->placed) && !record->fault &&
           record->checked != SIGNATURE_FAILS;
}

/*
 * Which chain each record says it belongs to, and who else says the same of its place there
 * (fold_private.h). Called by the fold before its walk, of every record: so places are counted
 * out and not looked up.
 */
#include "approval/fold_private.h"

#include <stdlib.h>
#include <string.h>

#define NO_RECORD UINT32_MAX

static uint32_t number_of_chain(struct fold *fold, const char *chain)
{
    const size_t length = strlen(chain);
    uint32_t at = assay_map_get(&fold->chain_index, chain, length);

    if (at != ASSAY_MAP_NONE)
        return at;
    at = (uint32_t)fold->chain_count++;
    ASSAY_GROW(fold->chains, fold->chain_capacity, fold->chain_count);
    assay_map_set(&fold->chain_index, chain, length, at);
    fold->chains[at] =
        (struct fold_chain){.chain = chain, .digest = "", .time_ms = ASSAY_NO_TIME};
    return at;
}

void fold_find_chains(struct fold *fold)
{
    for (size_t i = 0; i < fold->input->count; i++)
        if (!fold->input->records[i].fault)
            fold->chain_of[i] = number_of_chain(fold, fold->input->records[i].chain);
}

/* A chain of so many records has no place behind so many: what claims one is out of reach of
   the walk, whoever else claims it. */
static bool within_reach(const struct fold *fold, size_t i, const size_t *start)
{
    const struct record *record = &fold->input->records[i];

    if (record->fault || record->checked == SIGNATURE_FAILS)
        return false;
    const uint32_t chain = fold->chain_of[i];
    return record->s.number > 0 && record->s.number <= start[chain + 1] - start[chain];
}

void fold_find_rivals(struct fold *fold)
{
    const size_t count = fold->input->count;
    size_t *start = assay_alloc_array(fold->chain_count + 2, sizeof *start);
    uint32_t *first = assay_alloc_array(count + 1, sizeof *first); /* by place */

    for (size_t i = 0; i < count; i++) {
        first[i] = NO_RECORD;
        fold->rivals[i] = (uint32_t)i;
        if (!fold->input->records[i].fault)
            start[fold->chain_of[i] + 1]++;
    }
    for (size_t c = 0; c < fold->chain_count; c++)
        start[c + 1] += start[c];
    for (size_t i = 0; i < count; i++) {
        if (!within_reach(fold, i, start))
            continue;
        uint32_t *other =
            &first[start[fold->chain_of[i]] + (size_t)fold->input->records[i].s.number - 1];
        if (*other == NO_RECORD) {
            *other = (uint32_t)i;
            continue;
        }
        fold->rivals[i] = fold->rivals[*other];
        fold->rivals[*other] = (uint32_t)i;
    }
    free(first);
    free(start);
}

/*
 * Authors who signed two records for one place of their chain (sync.h): which of the two comes
 * in. The fold counts neither, and so nothing of the chain behind them; taken both, either
 * would void what everybody has long built on, at a time of its author's choosing. So a store
 * gets one. Called by sync.c of what was received.
 */
#include "approval/fold_private.h"
#include "approval/sync.h"

#include <stdlib.h>
#include <string.h>

/* An author can fork their chain as often as they like; the work for it has an end. */
#define FOLDS_MOST 256
#define NO_RECORD  UINT32_MAX

/* How much of the ledger builds on a side, besides its author's own. */
struct weight {
    size_t persons, records;
    const char *digest;
};
/* A side of a fork: the record, and what of the same chain follows it; ROUGH tells which sides
   are worth a look before there is one. */
struct branch {
    uint32_t *records;
    size_t count;
    struct weight rough;
};
struct forks {
    struct assay_ledger *ledger;
    size_t first; /* the first that was received */
    size_t folds; /* so far */
};

static void fold_again(struct forks *forks)
{
    forks->folds++;
    ledger_fold(forks->ledger, assay_now_ms());
}

/* Whether its author signed the record AT, as far as the fold came to know them. */
static bool is_signed(const struct forks *forks, uint32_t at)
{
    struct fold *fold = &forks->ledger->fold;

    return fold->fates[at].forks || !fold_check_signer(fold, &forks->ledger->records[at]);
}

/* The record AT, which may follow what is missing, and what of its chain follows it. */
static struct branch branch_of(const struct forks *forks, uint32_t at)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct record *records = forks->ledger->records;
    bool *in = assay_alloc_array(forks->ledger->count + 1, sizeof *in);
    struct branch branch = {.records =
                                assay_alloc_array(fold->placed + 1, sizeof *branch.records)};

    branch.records[branch.count++] = at;
    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i];
        const uint32_t before =
            records[index].s.number > 1
                ? assay_map_get(&fold->record_index, records[index].s.previous, 64)
                : ASSAY_MAP_NONE;
        in[index] = index == at || (before != ASSAY_MAP_NONE && in[before] &&
                                    strcmp(records[index].chain, records[at].chain) == 0);
        if (in[index] && index != at)
            branch.records[branch.count++] = index;
    }
    free(in);
    branch.records = assay_realloc_array(branch.records, branch.count, sizeof *branch.records);
    return branch;
}

static void put_fault(struct forks *forks, const struct branch *branch, const char *why)
{
    for (size_t i = 0; i < branch->count; i++)
        if (branch->records[i] >= forks->first)
            forks->ledger->records[branch->records[i]].fault = why;
}

/* ---- where one is here ---- */

/* Whether another for the place of the record AT, of the same author, is here. */
static bool is_held(const struct forks *forks, uint32_t at)
{
    const struct fold *fold = &forks->ledger->fold;

    for (uint32_t i = fold->rivals[at]; i != at; i = fold->rivals[i])
        if (i < forks->first && is_signed(forks, i))
            return true;
    return false;
}

static bool leave_what_is_held(struct forks *forks)
{
    const struct fold *fold = &forks->ledger->fold;
    bool any = false;

    for (size_t i = forks->first; i < forks->ledger->count; i++) {
        if (fold->rivals[i] == i || !is_signed(forks, (uint32_t)i) ||
            !is_held(forks, (uint32_t)i))
            continue;
        forks->ledger->records[i].fault =
            "its author forked their chain: for its place there is another here";
        any = true;
    }
    if (any)
        fold_again(forks);
    return any;
}

/* ---- where neither is ---- */

/* Whether the record INDEX counts as one that somebody signed: in a ROUGH look, in which all
   sides void each other and what follows them, by its signature alone. */
static bool is_somebodys(const struct forks *forks, uint32_t index, bool rough)
{
    struct fold *fold = &forks->ledger->fold;

    return rough ? !fold_check_signer(fold, &forks->ledger->records[index])
                 : fold->fates[index].authentic;
}

static struct weight weigh(const struct forks *forks, uint32_t at, bool rough)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct record *records = forks->ledger->records;
    bool *on = assay_alloc_array(forks->ledger->count + 1, sizeof *on);
    struct assay_map persons = {0};
    struct weight weight = {.digest = records[at].digest};

    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i];
        const struct statement *s = &records[index].s;
        uint32_t before = s->number > 1 ? assay_map_get(&fold->record_index, s->previous, 64)
                                        : ASSAY_MAP_NONE;
        on[index] = index == at || (before != ASSAY_MAP_NONE && on[before]);
        for (size_t k = 0; k < s->seen_count && !on[index]; k++) {
            before = assay_map_get(&fold->record_index, s->seen[k].digest, 64);
            on[index] = before != ASSAY_MAP_NONE && on[before];
        }
        if (!on[index] || strcmp(s->person, records[at].s.person) == 0 ||
            !is_somebodys(forks, index, rough))
            continue;
        weight.records++;
        if (assay_map_get(&persons, s->person, strlen(s->person)) == ASSAY_MAP_NONE)
            assay_map_set(&persons, s->person, strlen(s->person), (uint32_t)weight.persons++);
    }
    assay_map_free(&persons);
    free(on);
    return weight;
}

static bool outweighs(const struct weight *a, const struct weight *b)
{
    if (a->persons != b->persons)
        return a->persons > b->persons;
    if (a->records != b->records)
        return a->records > b->records;
    return strcmp(a->digest, b->digest) < 0;
}

static int heaviest_first(const void *a, const void *b)
{
    return outweighs(&((const struct branch *)a)->rough, &((const struct branch *)b)->rough)
               ? -1
               : 1;
}

static uint32_t first_fork(const struct forks *forks)
{
    const struct fold *fold = &forks->ledger->fold;

    for (size_t i = 0; i < fold->placed; i++)
        if (fold->fates[fold->order[i]].forks && fold->order[i] >= forks->first)
            return fold->order[i];
    return NO_RECORD;
}

/* Folds as if each side were the only one, and leaves out all but that on which most is built:
   who is known, and what counts, may hang on it. Sides for which no fold is left are not looked
   at, and stay out: those are the ones on which, by the signatures alone, least is built, so
   that nobody hides the side that others know behind many of their own. False where there are
   no two. */
static bool choose(struct forks *forks, uint32_t at)
{
    const struct fold *fold = &forks->ledger->fold;
    struct branch *sides = NULL;
    size_t count = 0, capacity = 0, best = 0;
    struct weight heaviest = {0};
    uint32_t i = at;

    do {
        if (is_signed(forks, i)) {
            ASSAY_GROW(sides, capacity, count + 1);
            sides[count] = branch_of(forks, i);
            sides[count++].rough = weigh(forks, i, true);
        }
    } while ((i = fold->rivals[i]) != at);
    if (count > 1)
        qsort(sides, count, sizeof *sides, heaviest_first);
    for (size_t side = 0; side < count && count > 1 && forks->folds < FOLDS_MOST; side++) {
        for (size_t k = 0; k < count; k++)
            put_fault(forks, &sides[k], k == side ? NULL : "another side");
        fold_again(forks);
        const struct weight weight = weigh(forks, sides[side].records[0], false);
        if (side == 0 || outweighs(&weight, &heaviest)) {
            heaviest = weight;
            best = side;
        }
    }
    for (size_t k = 0; k < count; k++) {
        put_fault(forks, &sides[k],
                  k == best ? NULL
                            : "its author forked their chain, and others built on another "
                              "record for its place");
        free(sides[k].records);
    }
    free(sides);
    fold_again(forks);
    return count > 1;
}

void sync_settle_forks(struct assay_ledger *ledger, size_t first)
{
    struct forks forks = {.ledger = ledger, .first = first};
    uint32_t at;

    while (forks.folds < FOLDS_MOST && leave_what_is_held(&forks))
        continue;
    while (forks.folds < FOLDS_MOST && (at = first_fork(&forks)) != NO_RECORD &&
           choose(&forks, at))
        continue;
}

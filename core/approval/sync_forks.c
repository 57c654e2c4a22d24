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
    size_t count, capacity;
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

static void branch_add(struct branch *branch, uint32_t index)
{
    ASSAY_GROW(branch->records, branch->capacity, branch->count + 1);
    branch->records[branch->count++] = index;
}

/* The record before INDEX in its chain; NO_RECORD: it is the first, or what it follows is
   missing. */
static uint32_t before(const struct forks *forks, uint32_t index)
{
    const struct statement *s = &forks->ledger->records[index].s;
    const uint32_t found =
        s->number > 1 ? assay_map_get(&forks->ledger->fold.record_index, s->previous, 64)
                      : ASSAY_MAP_NONE;

    return found == ASSAY_MAP_NONE ? NO_RECORD : found;
}

/* Fills the COUNT sides, each of which has its first record: what follows it in its chain
   follows no other. */
static void fill_branches(const struct forks *forks, struct branch *sides, size_t count)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct record *records = forks->ledger->records;
    uint32_t *side_of = assay_alloc_array(forks->ledger->count + 1, sizeof *side_of);

    for (size_t side = 0; side < count; side++)
        side_of[sides[side].records[0]] = (uint32_t)side + 1;
    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i], previous = before(forks, index);
        if (side_of[index] || previous == NO_RECORD || !side_of[previous] ||
            strcmp(records[index].chain, records[previous].chain) != 0)
            continue;
        side_of[index] = side_of[previous];
        branch_add(&sides[side_of[index] - 1], index);
    }
    free(side_of);
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

#define WEIGHED_MOST 64 /* sides in one pass, a bit each */

/* A bit for each of the COUNT sides on which the record INDEX builds, or that it is. */
static uint64_t sides_below(const struct forks *forks, const uint64_t *below, uint32_t index)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct statement *s = &forks->ledger->records[index].s;
    const uint32_t previous = before(forks, index);
    uint64_t all = below[index] | (previous == NO_RECORD ? 0 : below[previous]);

    for (size_t k = 0; k < s->seen_count; k++) {
        const uint32_t seen = assay_map_get(&fold->record_index, s->seen[k].digest, 64);
        all |= seen == ASSAY_MAP_NONE ? 0 : below[seen];
    }
    return all;
}

static uint32_t number_of(struct assay_map *persons, const char *person)
{
    const size_t length = strlen(person);
    const uint32_t known = assay_map_get(persons, person, length);

    if (known != ASSAY_MAP_NONE)
        return known;
    assay_map_set(persons, person, length, (uint32_t)persons->count);
    return (uint32_t)persons->count - 1;
}

/* Weighs COUNT sides, at most WEIGHED_MOST, which begin with the records AT. */
static void weigh(const struct forks *forks, const uint32_t *at, size_t count, bool rough,
                  struct weight *out)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct record *records = forks->ledger->records;
    const size_t most = forks->ledger->count + WEIGHED_MOST;
    uint64_t *below = assay_alloc_array(most, sizeof *below);
    /* Per person: the sides of which they are the author, or for which they are counted. */
    uint64_t *own = assay_alloc_array(most, sizeof *own);
    uint64_t *counted = assay_alloc_array(most, sizeof *counted);
    struct assay_map persons = {0};

    for (size_t side = 0; side < count; side++) {
        out[side] = (struct weight){.digest = records[at[side]].digest};
        below[at[side]] |= UINT64_C(1) << side;
        own[number_of(&persons, records[at[side]].s.person)] |= UINT64_C(1) << side;
    }
    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i];
        below[index] = sides_below(forks, below, index);
        if (!below[index] || !is_somebodys(forks, index, rough))
            continue;
        const uint32_t person = number_of(&persons, records[index].s.person);
        const uint64_t builds = below[index] & ~own[person];
        for (size_t side = 0; builds >> side && side < count; side++) {
            const bool here = builds >> side & 1;
            out[side].records += here;
            out[side].persons += here && !(counted[person] >> side & 1);
        }
        counted[person] |= builds;
    }
    assay_map_free(&persons);
    free(counted);
    free(own);
    free(below);
}

static void weigh_roughly(const struct forks *forks, struct branch *sides, size_t count)
{
    for (size_t first = 0; first < count; first += WEIGHED_MOST) {
        uint32_t at[WEIGHED_MOST] = {0};
        struct weight weights[WEIGHED_MOST];
        const size_t here = count - first < WEIGHED_MOST ? count - first : WEIGHED_MOST;

        for (size_t i = 0; i < here; i++)
            at[i] = sides[first + i].records[0];
        weigh(forks, at, here, true, weights);
        for (size_t i = 0; i < here; i++)
            sides[first + i].rough = weights[i];
    }
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
            sides[count] = (struct branch){0};
            branch_add(&sides[count++], i);
        }
    } while ((i = fold->rivals[i]) != at);
    fill_branches(forks, sides, count);
    if (count > 1) {
        weigh_roughly(forks, sides, count);
        qsort(sides, count, sizeof *sides, heaviest_first);
    }
    for (size_t side = 0; side < count && count > 1 && forks->folds < FOLDS_MOST; side++) {
        for (size_t k = 0; k < count; k++)
            put_fault(forks, &sides[k], k == side ? NULL : "another side");
        fold_again(forks);
        struct weight weight;
        weigh(forks, sides[side].records, 1, false, &weight);
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

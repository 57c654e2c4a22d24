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
#define AT_ONCE    64 /* sides that are weighed in one walk: a bit for each */
#define NO_SIDE    UINT32_MAX
#define NO_RECORD  UINT32_MAX

/* How much of the ledger builds on a side, besides its author's own. */
struct weight {
    size_t persons, records;
    const char *digest;
};
/* A side of a fork: the record it begins with; ROUGH tells which sides are worth a look before
   there is one. */
struct side {
    uint32_t at;
    struct weight rough;
};
struct forks {
    struct assay_ledger *ledger;
    size_t first;        /* the first that was received */
    size_t folds;        /* so far */
    uint32_t *person_of; /* whose each record is, counted out */
    size_t persons;
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

/* Which of the SIDES each record belongs to, which is what follows a side's first in the same
   chain; a first may itself follow what is missing. To be freed. */
static uint32_t *sides_of(const struct forks *forks, const struct side *sides, size_t count)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct record *records = forks->ledger->records;
    uint32_t *of = assay_alloc_array(forks->ledger->count + 1, sizeof *of);

    for (size_t i = 0; i < forks->ledger->count; i++)
        of[i] = NO_SIDE;
    for (size_t k = 0; k < count; k++)
        of[sides[k].at] = (uint32_t)k;
    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i];
        const uint32_t before = records[index].s.number > 1
                                    ? fold->links.to[fold->links.start[index]]
                                    : ASSAY_MAP_NONE;
        if (of[index] == NO_SIDE && before != ASSAY_MAP_NONE &&
            strcmp(records[index].chain, records[before].chain) == 0)
            of[index] = of[before];
    }
    return of;
}

/* Leaves out all sides but one, for WHY. */
static void leave_all_but(struct forks *forks, const uint32_t *side_of, size_t one,
                          const char *why)
{
    for (size_t i = forks->first; i < forks->ledger->count; i++)
        if (side_of[i] != NO_SIDE)
            forks->ledger->records[i].fault = side_of[i] == one ? NULL : why;
}

/* ---- where one is here ---- */

/* Marks in HELD those of the ring of AT, records for one place, whose author has another for it
   here; what is here stays. All of a ring are looked at at once: it may be long. */
static bool mark_held(const struct forks *forks, uint32_t at, bool *looked, bool *held)
{
    const struct fold *fold = &forks->ledger->fold;
    bool here = false, any = false;
    uint32_t i = at;

    do {
        here = here || (i < forks->first && is_signed(forks, i));
        looked[i] = true;
    } while ((i = fold->rivals[i]) != at);
    do {
        held[i] = here && i >= forks->first && is_signed(forks, i);
        any = any || held[i];
    } while ((i = fold->rivals[i]) != at);
    return any;
}

static bool leave_what_is_held(struct forks *forks)
{
    const struct fold *fold = &forks->ledger->fold;
    const size_t count = forks->ledger->count;
    bool *looked = assay_alloc_array(count + 1, sizeof *looked);
    bool *held = assay_alloc_array(count + 1, sizeof *held);
    bool any = false;

    for (size_t i = forks->first; i < count; i++)
        if (fold->rivals[i] != i && !looked[i] && mark_held(forks, (uint32_t)i, looked, held))
            any = true;
    for (size_t i = forks->first; i < count; i++)
        if (held[i])
            forks->ledger->records[i].fault =
                "its author forked their chain: for its place there is another here";
    free(looked);
    free(held);
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

/* Marks, a bit for each of COUNT sides, what builds on them: MARKS by record. */
static void mark_builders(const struct forks *forks, const struct side *sides, size_t count,
                          uint64_t *marks)
{
    const struct fold *fold = &forks->ledger->fold;

    for (size_t k = 0; k < count; k++)
        marks[sides[k].at] |= UINT64_C(1) << k;
    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i];
        for (size_t k = fold->links.start[index]; k < fold->links.start[index + 1]; k++)
            if (fold->links.to[k] != ASSAY_MAP_NONE)
                marks[index] |= marks[fold->links.to[k]];
    }
}

/* Weighs COUNT sides, AT_ONCE at most, in one walk over the ledger. */
static void weigh(const struct forks *forks, const struct side *sides, size_t count, bool rough,
                  struct weight *weights)
{
    const struct fold *fold = &forks->ledger->fold;
    const struct record *records = forks->ledger->records;
    const char *author = records[sides[0].at].s.person;
    uint64_t *marks = assay_alloc_array(forks->ledger->count + 1, sizeof *marks);
    uint64_t *known = assay_alloc_array(forks->persons + 1, sizeof *known);

    mark_builders(forks, sides, count, marks);
    for (size_t k = 0; k < count; k++)
        weights[k] = (struct weight){.digest = records[sides[k].at].digest};
    for (size_t i = 0; i < fold->placed; i++) {
        const uint32_t index = fold->order[i];
        uint64_t *before = &known[forks->person_of[index]];
        if (!marks[index] || strcmp(records[index].s.person, author) == 0 ||
            !is_somebodys(forks, index, rough))
            continue;
        for (size_t k = 0; k < count; k++) {
            weights[k].records += marks[index] >> k & 1;
            weights[k].persons += (marks[index] & ~*before) >> k & 1;
        }
        *before |= marks[index];
    }
    free(known);
    free(marks);
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
    return outweighs(&((const struct side *)a)->rough, &((const struct side *)b)->rough) ? -1
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

/* The sides of the fork that AT is one of, that on which most is built first, as far as their
   signatures alone tell; to be freed. */
static struct side *find_sides(const struct forks *forks, uint32_t at, size_t *count)
{
    struct weight weights[AT_ONCE];
    struct side *sides = NULL;
    size_t capacity = 0;
    uint32_t i = at;

    *count = 0;
    do {
        if (is_signed(forks, i)) {
            ASSAY_GROW(sides, capacity, *count + 1);
            sides[(*count)++] = (struct side){.at = i};
        }
    } while ((i = forks->ledger->fold.rivals[i]) != at);
    for (size_t from = 0; from < *count; from += AT_ONCE) {
        const size_t some = *count - from < AT_ONCE ? *count - from : AT_ONCE;
        weigh(forks, sides + from, some, true, weights);
        for (size_t k = 0; k < some; k++)
            sides[from + k].rough = weights[k];
    }
    if (*count > 1)
        qsort(sides, *count, sizeof *sides, heaviest_first);
    return sides;
}

/* Folds as if each side were the only one, and leaves out all but that on which most is built:
   who is known, and what counts, may hang on it. Sides for which no fold is left are not looked
   at, and stay out: those are the ones on which, by the signatures alone, least is built, so
   that nobody hides the side that others know behind many of their own. False where there are
   no two. */
static bool choose(struct forks *forks, uint32_t at)
{
    size_t count, best = 0;
    struct side *sides = find_sides(forks, at, &count);
    uint32_t *side_of = sides_of(forks, sides, count);
    struct weight heaviest = {0}, weight;

    for (size_t side = 0; side < count && count > 1 && forks->folds < FOLDS_MOST; side++) {
        leave_all_but(forks, side_of, side, "another side");
        fold_again(forks);
        weigh(forks, &sides[side], 1, false, &weight);
        if (side == 0 || outweighs(&weight, &heaviest)) {
            heaviest = weight;
            best = side;
        }
    }
    leave_all_but(forks, side_of, best,
                  "its author forked their chain, and others built on another record for its "
                  "place");
    free(side_of);
    free(sides);
    fold_again(forks);
    return count > 1;
}

static void number_persons(struct forks *forks)
{
    struct assay_map numbers = {0};

    forks->person_of = assay_alloc_array(forks->ledger->count + 1, sizeof *forks->person_of);
    for (size_t i = 0; i < forks->ledger->count; i++) {
        const struct record *record = &forks->ledger->records[i];
        if (record->fault)
            continue;
        const size_t length = strlen(record->s.person);
        uint32_t number = assay_map_get(&numbers, record->s.person, length);
        if (number == ASSAY_MAP_NONE) {
            number = (uint32_t)forks->persons++;
            assay_map_set(&numbers, record->s.person, length, number);
        }
        forks->person_of[i] = number;
    }
    assay_map_free(&numbers);
}

void sync_settle_forks(struct assay_ledger *ledger, size_t first)
{
    struct forks forks = {.ledger = ledger, .first = first};
    uint32_t at;

    while (forks.folds < FOLDS_MOST && leave_what_is_held(&forks))
        continue;
    if (first_fork(&forks) != NO_RECORD)
        number_persons(&forks);
    while (forks.folds < FOLDS_MOST && (at = first_fork(&forks)) != NO_RECORD &&
           choose(&forks, at))
        continue;
    free(forks.person_of);
}

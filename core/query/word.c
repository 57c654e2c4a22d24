/*
 * A bare word of a filter, asked of many runs at once (word.h).
 */
#include "query/word.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "model/letters.h"
#include "model/texts.h"
#include "query/needle.h"

/* Below one in so many of the runs whose texts lie side by side, each is looked at by itself.
 */
#define FEW_OF 16

/* What a needle's search of a few texts, told apart by their addresses, answered: runs share
   the texts of users. */
struct remembered {
    const char *text[16];
    bool answer[16];
};

static bool contains_remembered(struct remembered *known, const struct needle *needle,
                                const char *text)
{
    size_t at = ((uintptr_t)text >> 4) % ASSAY_COUNT(known->text);
    if (known->text[at] != text) {
        known->text[at] = text;
        known->answer[at] = needle_in(needle, text);
    }
    return known->answer[at];
}

/* Which experiments' names hold a word, found out when one is asked for. */
struct experiments {
    uint8_t *known; /* by index: UNKNOWN, ABSENT or THERE */
    bool none;      /* that of no experiment does */
};
enum { UNKNOWN, ABSENT, THERE };

static bool in_experiment(struct experiments *experiments, const struct assay_catalog *catalog,
                          const struct needle *needle, uint32_t at)
{
    if (at == ASSAY_NONE)
        return false;
    if (experiments->known[at] == UNKNOWN) {
        const char *name = assay_catalog_experiment(catalog, at)->name;
        experiments->known[at] = needle_in(needle, name) ? THERE : ABSENT;
    }
    return experiments->known[at] == THERE;
}

/* Asks all of them at once where runs are more. */
static void ask_experiments(struct experiments *experiments,
                            const struct assay_catalog *catalog, const struct needle *needle,
                            size_t runs)
{
    size_t count = assay_catalog_experiments(catalog);
    experiments->known = assay_alloc_array(count + 1, sizeof *experiments->known);
    experiments->none = count <= runs;
    for (uint32_t i = 0; experiments->none && i < count; i++)
        experiments->none = !in_experiment(experiments, catalog, needle, i);
}

struct word {
    struct assay_catalog *catalog;
    struct needle needle;
    uint64_t wanted; /* its letters */
    bool single;     /* one letter that has a bit of its own: the bit says it all */
    const uint64_t *letters;
    struct experiments experiments;
    struct remembered users;
};

/* Most runs lack one of its letters, and of a single letter nothing else is to be known. What
   an experiment's name and the users answered is remembered. */
static bool in_run(struct word *word, uint32_t row)
{
    bool likely = (word->wanted & ~word->letters[row]) == 0;
    if (word->experiments.none && (!likely || word->single))
        return likely;
    const struct assay_run *run = assay_catalog_run(word->catalog, row);
    return in_experiment(&word->experiments, word->catalog, &word->needle, run->experiment) ||
           (likely &&
            (word->single || contains_remembered(&word->users, &word->needle, run->user) ||
             needle_in(&word->needle, run->name) || needle_in(&word->needle, run->id)));
}

/* Whether texts that have these LETTERS together may hold the word. */
static bool may_hold(const struct word *word, uint64_t letters)
{
    return (word->wanted & ~letters) == 0;
}

static const char *text_in_row(const struct text_row *row, uint32_t run)
{
    return row->bytes + (run ? row->ends[run - 1] : 0);
}

/* Which of the users hold the word; NULL where none does. The caller's to free. */
static uint8_t *find_users(const struct word *word, const struct run_texts *texts)
{
    bool any = false;
    if (!may_hold(word, texts->user_letters))
        return NULL;
    uint8_t *found = assay_alloc_array(texts->user_count + 1, sizeof *found);
    for (size_t i = 0; i < texts->user_count; i++)
        any |= found[i] = needle_in(&word->needle, texts->users[i]);
    if (any)
        return found;
    free(found);
    return NULL;
}

/* All names, then all ids are walked through, whichever runs are asked. */
static void eval_all_texts(struct word *word, const struct run_texts *texts,
                           const uint32_t *rows, size_t count, uint8_t *marks)
{
    bool names = may_hold(word, texts->names.letters), ids = may_hold(word, texts->ids.letters);
    uint8_t *by_user = find_users(word, texts);
    memset(marks, 0, count);
    if (names || ids) {
        uint8_t *found = assay_alloc_array(texts->count, sizeof *found);
        if (names)
            needle_mark(&word->needle, texts->names.bytes, texts->names.ends, texts->count,
                        found);
        if (ids)
            needle_mark(&word->needle, texts->ids.bytes, texts->ids.ends, texts->count, found);
        for (size_t i = 0; i < count; i++)
            marks[i] = found[rows[i]];
        free(found);
    }
    for (size_t i = 0; by_user && i < count; i++)
        marks[i] |= by_user[texts->user[rows[i]]];
    free(by_user);
}

/* Each run by itself; those of its letters that lack the word's are told by them. */
static void eval_few_texts(struct word *word, const struct run_texts *texts,
                           const uint32_t *rows, size_t count, uint8_t *marks)
{
    const struct needle *needle = &word->needle;
    uint8_t *by_user = find_users(word, texts);
    word->letters = catalog_letters(word->catalog, rows, count);
    for (size_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        marks[i] = may_hold(word, word->letters[row]) &&
                   ((by_user && by_user[texts->user[row]]) ||
                    needle_in(needle, text_in_row(&texts->names, row)) ||
                    needle_in(needle, text_in_row(&texts->ids, row)));
    }
    free(by_user);
}

static void eval_known(struct word *word, const struct run_texts *texts, const uint32_t *rows,
                       size_t count, uint8_t *marks)
{
    if (count > texts->count / FEW_OF)
        eval_all_texts(word, texts, rows, count, marks);
    else
        eval_few_texts(word, texts, rows, count, marks);
}

/* Runs that have no place in TEXTS, being newer, are looked at where they lie. */
static void eval_with_newer(struct word *word, const struct run_texts *texts,
                            const uint32_t *rows, size_t count, uint8_t *marks)
{
    size_t old = 0;
    uint32_t *known = assay_alloc_array(count, sizeof *known);
    for (size_t i = 0; i < count; i++) {
        known[old] = rows[i];
        old += rows[i] < texts->count;
    }
    eval_known(word, texts, known, old, marks);
    free(known);
    word->letters = catalog_letters(word->catalog, rows, count);
    for (size_t i = count; i-- > 0;) /* from the back: a mark never moves forward */
        marks[i] = rows[i] < texts->count ? marks[--old] : in_run(word, rows[i]);
}

static void eval_side_by_side(struct word *word, const struct run_texts *texts,
                              const uint32_t *rows, size_t count, uint8_t *marks)
{
    if (texts->count == assay_catalog_runs(word->catalog))
        eval_known(word, texts, rows, count, marks);
    else
        eval_with_newer(word, texts, rows, count, marks);
    for (size_t i = 0; !word->experiments.none && i < count; i++)
        marks[i] =
            marks[i] || in_experiment(&word->experiments, word->catalog, &word->needle,
                                      assay_catalog_run(word->catalog, rows[i])->experiment);
}

void word_eval(struct assay_catalog *catalog, const char *text, const uint32_t *rows,
               size_t count, uint8_t *marks)
{
    const struct run_texts *texts = catalog_texts(catalog);
    struct word word = {
        .catalog = catalog,
        .needle = needle_of(text),
        .wanted = letters_of(text),
        .single = text[0] && !text[1] && letters_own(text[0]),
    };
    ask_experiments(&word.experiments, catalog, &word.needle, count);
    if (texts && word.needle.length > 0 && !word.single) {
        eval_side_by_side(&word, texts, rows, count, marks);
    } else {
        word.letters = catalog_letters(catalog, rows, count);
        for (size_t i = 0; i < count; i++)
            marks[i] = in_run(&word, rows[i]);
    }
    free(word.experiments.known);
}

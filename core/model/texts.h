/*
 * The names and the ids of all runs, each one after another: looking for a word in them all is
 * one walk over memory in its order, where going from run to run costs ten times as much. Made
 * on any thread from what the session's thread took out of the catalog; read-only afterwards.
 */
#ifndef CORE_MODEL_TEXTS_H
#define CORE_MODEL_TEXTS_H

#include <stdatomic.h>

#include <assay/catalog.h>

/* So many bytes after the last text may be read; they are zero. */
#define RUN_TEXTS_BEYOND 80

struct text_row {
    char *bytes;      /* each text ends with a NUL */
    uint32_t *ends;   /* by run: the offset after that */
    uint64_t letters; /* of all of them together (letters.h) */
};
struct run_texts {
    size_t count; /* of the runs 0..count) of the catalog */
    struct text_row names, ids;
    uint32_t *user;     /* by run: which of the users */
    const char **users; /* each once, as the catalog has it */
    size_t user_count;
    uint64_t user_letters; /* of all of them together */
    uint64_t *letters;     /* by run: of name, id and user together; the catalog takes them */
    uint64_t renamed;      /* how often runs of the catalog had been renamed */
    const char **name_of, **id_of, **user_of; /* by run: the catalog's, until it is made */
};

/* What there is now, still to be made. Session's thread; the caller's, freed by
   run_texts_free(). The texts must stay, as the catalog's do until it is freed. */
struct run_texts *run_texts_of(const struct assay_catalog *catalog);
/* Lays the texts out. False where they are more than a filter is to keep in memory, or where
 *STOP came true. Any thread. */
bool run_texts_make(struct run_texts *texts, const atomic_bool *stop);
void run_texts_free(struct run_texts **texts);

/* Takes TEXTS over in place of those there were; not where a run was renamed since they were
   begun. Session's thread. */
void catalog_texts_take(struct assay_catalog *catalog, struct run_texts *texts_take);
/* Those that were taken, right for their `count` runs; NULL where there are none. */
const struct run_texts *catalog_texts(const struct assay_catalog *catalog);

#endif

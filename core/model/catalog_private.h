/*
 * The catalog's insides, shared by the files of core/model alone.
 */
#ifndef CORE_MODEL_CATALOG_PRIVATE_H
#define CORE_MODEL_CATALOG_PRIVATE_H

#include <assay/map.h>
#include <assay/memory.h>

#include "model/catalog_edit.h"

/* What belongs to a run and is nobody else's business. */
struct run_private {
    int64_t row;
    void *attrs; /* packed, or NULL: in the database */
    uint32_t attrs_length;
    uint16_t slot; /* in the attribute cache, plus one; 0: not there */
    bool counted;  /* its keys were counted */
};

struct attrs_slot {
    uint32_t run; /* ASSAY_NONE: empty */
    uint64_t version;
    struct assay_arena arena;
    struct assay_attrs attrs;
};

struct key_count {
    const char *name;
    uint32_t experiment;
    enum assay_field_kind kind;
    uint32_t count;
};

struct column_node {
    struct column_node *next;
    struct assay_column column;
    size_t capacity;
    struct assay_arena text;
};

struct assay_catalog {
    struct catalog_hooks hooks;
    uint64_t version;
    struct assay_arena text; /* names and ids */
    const char *users[8];    /* lately met, so that runs of one user share one text */
    size_t next_user;

    struct assay_source *sources;
    size_t source_count, source_capacity;
    struct assay_experiment *experiments;
    size_t experiment_count, experiment_capacity;
    struct assay_run *runs;
    struct run_private *privates; /* beside runs, same capacity */
    size_t run_count, run_capacity;
    struct unread *unread; /* catalog_unread.c: NULL where all runs are there */
    uint32_t unread_runs;  /* the first so many are not */

    uint64_t *letters; /* catalog_letters.c: of the first letters_count runs, 0: not known */
    size_t letters_count, letters_capacity;
    struct run_texts *texts; /* catalog_texts.c: NULL where there are none */
    uint64_t renamed;        /* how often a run got another name or user */

    struct assay_map experiment_index; /* "source id" -> experiment */
    struct assay_map run_index;        /* likewise; filled on demand up to run_indexed */
    size_t run_indexed;

    struct attrs_slot *slots; /* ASSAY_ATTRS_CACHE of them */
    size_t next_slot;

    struct key_count *keys;
    size_t key_count, key_capacity;
    uint32_t last_key; /* the one counted last */
    struct assay_map key_index;

    struct column_node *columns;

    uint32_t *by_id; /* runs sorted by id, for prefixes */
    size_t by_id_count;
};

/* catalog_unread.c */
struct unread {
    struct assay_catalog *catalog;
    uint32_t source;
    size_t count;     /* runs */
    size_t put;       /* of them by now */
    bool putting;     /* catalog_put_run() is being called with them */
    uint64_t version; /* the catalog's before them */
    struct catalog_tally *tallies;
    size_t tally_count;
};
void unread_read(struct unread *unread);
void unread_free(struct unread **unread);

/* Before RUN is looked at; before any is. */
static inline void need_run(const struct assay_catalog *catalog, uint32_t run)
{
    if (run < catalog->unread_runs)
        unread_read(catalog->unread);
}
static inline void need_all(const struct assay_catalog *catalog)
{
    need_run(catalog, 0);
}

/* catalog_texts.c */
void texts_renamed(struct assay_catalog *catalog);

/* catalog_columns.c */
void columns_update(struct assay_catalog *catalog, uint32_t run);
void columns_free(struct assay_catalog *catalog);

#endif

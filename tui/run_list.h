/*
 * The rows of the runs table: which runs are in scope, which of them the filter keeps, in what
 * order. Pure bookkeeping over the catalog and the query language; no drawing. A refresh never
 * reorders what is already there (run_list_refresh): only the user's own act does.
 */
#ifndef TUI_RUN_LIST_H
#define TUI_RUN_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/query.h>

/* What an earlier filter kept, which the one now only narrows. */
struct run_level {
    struct assay_query *query;
    uint32_t *rows;
    size_t count;
};
#define RUN_LEVELS 32

struct run_list {
    struct assay_catalog *catalog;
    uint32_t source, experiment; /* the scope; ASSAY_NONE: any */
    bool deleted;                /* deleted and vanished ones too */
    struct assay_query *query;   /* NULL: everything */
    struct assay_sort sort;
    uint32_t *scope; /* the runs in scope, in order */
    size_t scope_count, scope_capacity;
    uint32_t *rows; /* those of them that the filter keeps */
    size_t count, rows_capacity;
    struct run_level levels[RUN_LEVELS]; /* for letters taken back, widest first */
    size_t level_count;
    uint64_t rows_version; /* the catalog's when it was narrowed */
    bool loading;          /* a column the filter or the order needs is still being read */
    bool stale;            /* values have changed since it was put in order */
    uint64_t version;
    size_t top;    /* so many rows do for a first frame; 0: all are wanted */
    bool top_only; /* no more than those are known; the others are counted */
    int64_t refreshed_us, took_us;
    struct {            /* of run_list_elsewhere() */
        bool collected; /* `runs` are those outside the scope, at `version` of the catalog */
        bool asked;     /* `kept` are those of them that a filter kept, which `query` narrows */
        bool known;     /* ... and which is `query` itself */
        uint64_t version;
        uint32_t *runs, *kept;
        size_t run_count, count, capacity;
    } elsewhere;
};

/* Everything, newest first; empty until one of the calls below puts it in order. */
void run_list_init(struct run_list *list, struct assay_catalog *catalog);
void run_list_free(struct run_list *list);

/* For a first frame of at most TOP rows: while runs of a large store are not read, the list may
   have no more than its first TOP rows right, and how many there are. run_list_all() ends that;
   so does whatever changes the scope, the order or the filter. */
void run_list_start(struct run_list *list, size_t top);
void run_list_all(struct run_list *list);

/* Each of these puts the list in order anew. */
void run_list_set_scope(struct run_list *list, uint32_t source, uint32_t experiment);
void run_list_set_deleted(struct run_list *list, bool deleted);
void run_list_set_sort(struct run_list *list, const struct assay_sort *sort);
void run_list_sort(struct run_list *list);
/* Takes over QUERY (NULL: everything); only narrows again, the order stays. */
void run_list_set_query(struct run_list *list, struct assay_query *query_take);

/* Whether run_list_refresh() has something to do and enough time has passed since the last (a
   fraction of the time goes to it, however many runs there are); *wait_ms says when to ask
   again where it has not. */
bool run_list_due(const struct run_list *list, int64_t now_us, int *wait_ms);
/* Takes in what has changed in the catalog: runs known before keep their order among
   themselves, new ones come where they belong. */
void run_list_refresh(struct run_list *list);

/* How many runs outside the scope the filter keeps (deleted ones only where the list shows
   such); counted once for each state of the list. A lower bound, and asked again at the next
   call, while a column is still being read. */
size_t run_list_elsewhere(struct run_list *list);

/* The row RUN is in; list->count where it is in none. */
size_t run_list_find(const struct run_list *list, uint32_t run);

#endif

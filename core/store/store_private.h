/*
 * Inside core/store: the handle, its cache of prepared statements, and how a change finds its
 * transaction.
 */
#ifndef CORE_STORE_PRIVATE_H
#define CORE_STORE_PRIVATE_H

#include <assay/buf.h>

#include "store/sql.h"
#include "store/store.h"

/* One slot per statement; the text stands where it is used. */
enum store_slot {
    SLOT_COUNTER_READ,
    SLOT_COUNTER_WRITE,
    SLOT_BEGIN,
    SLOT_BEGIN_READ,
    SLOT_COMMIT,
    SLOT_DATA_VERSION,
    SLOT_SOURCE_FIND,
    SLOT_SOURCE_MAKE,
    SLOT_SOURCE_TIME,
    SLOT_SOURCE_SET_TIME,
    SLOT_SOURCE_RUNS,
    SLOT_SOURCES_READ,
    SLOT_EXPERIMENTS_READ,
    SLOT_EXPERIMENT_PUT,
    SLOT_EXPERIMENT_FIND,
    SLOT_EXPERIMENT_LAST,
    SLOT_EXPERIMENT_COUNT,
    SLOT_RUNS_SINCE,
    SLOT_RUNS_BEHIND,
    SLOT_RUNS_CHANGED,
    SLOT_PACKS_READ,
    SLOT_OLDER_READ,
    SLOT_OLDER_CHANGED,
    SLOT_RUN_READ,
    SLOT_RUN_PUT,
    SLOT_RUN_FIND,
    SLOT_RUN_STATUS,
    SLOT_RUN_URI,
    SLOT_RUN_TOUCH,
    SLOT_ATTRS_READ,
    SLOT_ATTRS_SCAN,
    SLOT_ATTRS_PUT,
    SLOT_SERIES_FIND,
    SLOT_SERIES_PUT,
    SLOT_SERIES_OF_RUN,
    SLOT_SERIES_DELETE,
    SLOT_SERIES_LOOSE,
    SLOT_CHUNKS_READ,
    SLOT_CHUNK_PUT,
    SLOT_CHUNKS_DELETE,
    SLOT_LOOSE_READ,
    SLOT_LOOSE_PUT,
    SLOT_LOOSE_DELETE,
    SLOT_STATE_READ,
    SLOT_STATE_PUT,
    SLOT_STATE_DELETE,
    SLOT_NOTE_READ,
    SLOT_NOTE_PUT,
    SLOT_NOTE_DELETE,
    SLOT_VIEWS_READ,
    SLOT_VIEW_PUT,
    SLOT_VIEW_DELETE,
    SLOTS,
};

struct store {
    struct sql *sql;
    bool local; /* store.db, which has one source: its tables are read along, by no index */
    struct sql_statement *statements[SLOTS];
    bool damaged; /* what lay there was put aside */
    bool read_only;
    bool open;                  /* store_begin() was called */
    bool dirty;                 /* the counter row must be written before the commit */
    int64_t change;             /* number of the transaction under way */
    int64_t last_series;        /* last series id given away */
    int64_t touched;            /* the run last marked with `change` in it */
    int64_t data_version;       /* as store_changed() last saw it; -1 never */
    struct assay_point *points; /* room for packing */
    size_t point_capacity;
};

/* The prepared statement of SLOT, reset. */
enum assay_status store_statement(struct store *store, enum store_slot slot, const char *text,
                                  struct sql_statement **out, struct assay_error *err);
/* Runs a statement that gives no rows. */
enum assay_status store_run_once(struct sql_statement *statement, struct assay_error *err);
/* Runs one that gives at most one row of one number; *out stays where there is none. */
enum assay_status store_number(struct sql_statement *statement, int64_t *out,
                               struct assay_error *err);
/* Runs one that gives at most one row of one blob: a malloc'd copy, or NULL. */
enum assay_status store_blob(struct sql_statement *statement, void **bytes, size_t *length,
                             struct assay_error *err);

/* Brackets around a change: a transaction of its own (*own) where none is open. leave passes on
   STATUS and commits or rolls back what enter began. */
enum assay_status store_enter(struct store *store, bool *own, struct assay_error *err);
enum assay_status store_leave(struct store *store, bool own, enum assay_status status,
                              struct assay_error *err);
/* The number that marks what changes in this transaction. */
int64_t store_mark(struct store *store);

void store_bind_time(struct sql_statement *statement, int index, int64_t time_ms);
int64_t store_column_time(struct sql_statement *statement, int column);

/* ---- run headers ---- */

#define STORE_RUN_COLUMNS                                                                      \
    "row, experiment, change, status, deleted, gone, start_ms, end_ms, id, name, user,"        \
    " artifact_uri"

/* The header in the row of a statement that selects STORE_RUN_COLUMNS; its text lives until the
   next step. */
void store_fill_run(struct sql_statement *statement, struct store_run *run);
/* A status a later version may know: shown as unknown, not trusted as an index. */
enum assay_run_status store_to_status(int64_t number);
/* Runs of SOURCE by row: those changed after SINCE, or all that lie behind the row BEHIND. */
enum assay_status store_select_runs(struct store *store, int64_t source, int64_t since,
                                    int64_t behind, struct sql_statement **out,
                                    struct assay_error *err);

/* Every run of SOURCE by row: the packed ones from the packs, those that changed since from
   their rows, and all from their rows where there are no packs or a pack is damaged. */
enum assay_status store_read_packed(struct store *store, int64_t source, store_run_fn fn,
                                    void *context, struct assay_error *err);
/* Whether the packs of SOURCE can be read to their end; so they can where there are none. */
enum assay_status store_packs_sound(struct store *store, int64_t source, bool *sound,
                                    struct assay_error *err);
/* Packs what was written since the last time, where it has become much. Called when a store
   that could write is closed: a failure costs time at the next start and nothing else. */
void store_pack(struct store *store);
/* FNV-1a over eight bytes at a time. */
uint64_t store_pack_sum(const char *bytes, size_t length);

/* store_older.c: the record behind the packs, while it is made, and as it lies there. */
void store_older_add(struct store_older *older, const struct store_run *run);
void store_older_pack(const struct store_older *older, struct assay_buf *out);
bool store_is_older_record(const void *bytes, size_t length);
/* False where it is damaged. One that tells nothing is sound, and has no runs. */
bool store_older_unpack(struct store_older *older, const char *bytes, size_t length);

#endif

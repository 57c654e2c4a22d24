/*
 * Our two databases, which share one schema: store.db (the local store: precious, WAL,
 * synchronous=FULL) and cache.db (the index of foreign sources: WAL, synchronous=NORMAL, may be
 * deleted at any moment). A handle belongs to one thread; open several for several threads.
 *
 *   source 1-* experiment 1-* run 1-1 attrs (packed, core/model/attrs.h)
 *                             run 1-* metric series 1-* chunk (packed points), and loose points
 *   source 1-* state (what a reader remembers), and in store.db only: note, view
 */
#ifndef CORE_STORE_STORE_H
#define CORE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/series.h>
#include <assay/session.h>

struct store;

enum store_role { STORE_LOCAL, STORE_CACHE };
/* Opens (creates, migrates by user_version) the database; directories are made 0700, the file
   0600. One that is newer than this program is refused; a cache that is damaged or of another
   version is put aside (renamed *.damaged) and made anew. READ_ONLY never creates or migrates
   (ASSAY_NO: nothing has been written to it yet). */
enum assay_status store_open(struct store **out, const char *path, enum store_role role,
                             bool read_only, struct assay_error *err);
void store_close(struct store **store);
/* Whether the cache was found damaged when it was opened: this is a new, empty one. */
bool store_was_damaged(const struct store *store);
/* For a cache found damaged after it was opened (ASSAY_CORRUPT from any call here): close it,
   put it aside, open anew. */
enum assay_status store_put_aside(const char *path, struct assay_error *err);
/* Writes a consistent copy to PATH, which must not exist yet. */
enum assay_status store_backup(struct store *store, const char *path, struct assay_error *err);
/* $ASSAY_STORE or $XDG_DATA_HOME/assay/store.db (~/.local/share); $ASSAY_CACHE or
   $XDG_CACHE_HOME/assay/cache.db (~/.cache). malloc'd; NULL where there is no home at all. */
char *store_default_path(enum store_role role);
/* Whether the file is one of these two. Such a one is never opened as somebody else's,
   read-only: its shared memory would be that for the connection that writes, too. */
bool store_is_default(const struct stat *st);
/* Whether PATH is a database of ours, one of these two or another. */
bool store_is_one(const char *path);

/* What changes the database outside of a transaction is one of its own. Where a call in one
   fails, roll it back: a part of what the call does may be done. */
enum assay_status store_begin(struct store *store, struct assay_error *err); /* IMMEDIATE */
enum assay_status store_commit(struct store *store, struct assay_error *err);
void store_rollback(struct store *store);

/* Finds or makes the source's row. PLACE is the canonical path or URL without credentials. */
enum assay_status store_source(struct store *store, const char *kind, const char *place,
                               int64_t *id, struct assay_error *err);
/* The same without making it: *id is 0 where there is none. Works read-only. */
enum assay_status store_find_source(struct store *store, const char *kind, const char *place,
                                    int64_t *id, struct assay_error *err);
enum assay_status store_source_read_time(struct store *store, int64_t source, int64_t *time_ms,
                                         struct assay_error *err);
enum assay_status store_set_source_read_time(struct store *store, int64_t source,
                                             int64_t time_ms, struct assay_error *err);
/* Removes everything of a source but its row and the notes. The rows of its runs and
   experiments are given to others afterwards: nobody may hold them. */
enum assay_status store_clear_source(struct store *store, int64_t source,
                                     struct assay_error *err);

/* Bytes of the database that hold something, and those that are free for what comes. */
enum assay_status store_size(struct store *store, uint64_t *used, uint64_t *unused,
                             struct assay_error *err);
/* The sources of which something is stored; READ_MS is ASSAY_NO_TIME where none was read to its
   end. */
typedef bool (*store_source_fn)(void *context, int64_t id, const char *kind, int64_t read_ms);
enum assay_status store_read_sources(struct store *store, store_source_fn fn, void *context,
                                     struct assay_error *err);

struct store_experiment {
    int64_t row; /* set by reads and by put */
    const char *id, *name;
    bool deleted;
    bool gone; /* no longer in the source: kept for the runs that were in it */
    int64_t created_ms, updated_ms;
};
struct store_run {
    int64_t row;        /* set by reads and by put */
    int64_t experiment; /* row */
    int64_t change;     /* the number of the transaction that last changed the run or its
                           attributes; set by reads and by put: read "since" */
    const char *id, *name, *user, *artifact_uri;
    size_t texts_length; /* where reads give those four one after the other, each with its NUL:
                            their bytes; else 0 */
    enum assay_run_status status;
    bool deleted, gone;
    int64_t start_ms, end_ms;
};
/* Text in the callbacks lives until they return. A callback that returns false stops the read.
 */
typedef bool (*store_experiment_fn)(void *context, const struct store_experiment *experiment);
typedef bool (*store_run_fn)(void *context, const struct store_run *run);
enum assay_status store_read_experiments(struct store *store, int64_t source,
                                         store_experiment_fn fn, void *context,
                                         struct assay_error *err);
/* Runs whose change is greater than SINCE (0: all), by row. */
enum assay_status store_read_runs(struct store *store, int64_t source, int64_t since,
                                  store_run_fn fn, void *context, struct assay_error *err);
/* Those whose change is greater than AFTER and at most UPTO. */
enum assay_status store_read_changed(struct store *store, int64_t source, int64_t after,
                                     int64_t upto, store_run_fn fn, void *context,
                                     struct assay_error *err);

/* What the older runs of a source come to, where it is known without reading them: all but
   some hundred that were packed last and those that came since. Everything below is of one
   moment: between store_begin_read() and store_end_read(). */
struct store_tally {
    int64_t experiment;          /* row */
    int64_t runs, deleted, gone; /* `runs` are neither of the others; a deleted one that is gone
                                    is gone */
    int64_t running;             /* of `runs` */
    int64_t last_ms, newest_ms;  /* of `runs`, the latest start or end, and the latest start;
                                    ASSAY_NO_TIME where there is none */
};
struct store_older {
    int64_t runs; /* 0: nothing is known, and nothing below holds */
    int64_t last_row;
    struct store_tally *tallies;
    size_t count;
    int64_t change, pack; /* where the newer packs begin */
    size_t last;          /* of `tallies`, the one used last */
    bool too_many;        /* more experiments than are told apart */
};
enum assay_status store_read_older(struct store *store, int64_t source,
                                   struct store_older *older, struct assay_error *err);
void store_older_free(struct store_older *older);
/* The runs behind the older ones, and the older ones. */
enum assay_status store_read_newer(struct store *store, int64_t source,
                                   const struct store_older *older, store_run_fn fn,
                                   void *context, struct assay_error *err);
enum assay_status store_read_rest(struct store *store, int64_t source,
                                  const struct store_older *older, store_run_fn fn,
                                  void *context, struct assay_error *err);
/* The run of ROW alone; FN is not called where there is none. */
enum assay_status store_read_run(struct store *store, int64_t row, store_run_fn fn,
                                 void *context, struct assay_error *err);
enum assay_status store_put_experiment(struct store *store, int64_t source,
                                       struct store_experiment *experiment,
                                       struct assay_error *err);
enum assay_status store_put_run(struct store *store, int64_t source, struct store_run *run,
                                struct assay_error *err);

/* One run or experiment by id, by name; *row is 0 where there is none. */
enum assay_status store_find_run(struct store *store, int64_t source, const char *id,
                                 int64_t *row, struct assay_error *err);
enum assay_status store_find_experiment(struct store *store, int64_t source, const char *name,
                                        int64_t *row, struct assay_error *err);
/* What a run becomes when it ends. */
enum assay_status store_set_run_status(struct store *store, int64_t run,
                                       enum assay_run_status status, int64_t end_ms,
                                       struct assay_error *err);
/* Where the run's artifacts lie; the run counts as changed, whatever it said before. */
enum assay_status store_set_artifact_uri(struct store *store, int64_t run, const char *uri,
                                         struct assay_error *err);
/* How many runs EXPERIMENT has; the greatest row of any experiment. */
enum assay_status store_count_runs(struct store *store, int64_t experiment, int64_t *count,
                                   struct assay_error *err);
enum assay_status store_last_experiment(struct store *store, int64_t *row,
                                        struct assay_error *err);

/* Packed attributes. read: *bytes is malloc'd, NULL with length 0 where there are none. */
enum assay_status store_read_attrs(struct store *store, int64_t run, void **bytes,
                                   size_t *length, struct assay_error *err);
/* The same, without a copy: calls USE where there are some (*there). */
enum assay_status store_look_at_attrs(struct store *store, int64_t run,
                                      void (*use)(void *with, const void *bytes, size_t length),
                                      void *with, bool *there, struct assay_error *err);
typedef bool (*store_attrs_fn)(void *context, int64_t run, const void *bytes, size_t length);
enum assay_status store_scan_attrs(struct store *store, int64_t source, store_attrs_fn fn,
                                   void *context, struct assay_error *err);
enum assay_status store_put_attrs(struct store *store, int64_t run, const void *bytes,
                                  size_t length, struct assay_error *err);

/* One moment of the database for all that is read between. */
enum assay_status store_begin_read(struct store *store, struct assay_error *err);
void store_end_read(struct store *store);

/* Points: chunks in the order appended; a short last chunk is merged with what is appended
   after it, so that series stay packed. read adds all points to OUT (chunks whole, then loose
   points). */
enum assay_status store_add_chunk(struct store *store, int64_t run, const char *metric,
                                  struct assay_chunk *chunk, struct assay_error *err);
enum assay_status store_read_series(struct store *store, int64_t run, const char *metric,
                                    struct assay_series *out, struct assay_error *err);
enum assay_status store_clear_series(struct store *store, int64_t run, struct assay_error *err);
/* The points of one metric alone. */
enum assay_status store_clear_metric(struct store *store, int64_t run, const char *metric,
                                     struct assay_error *err);
/* Appends single points (of a run that is being logged): few are kept loose until they fill a
   chunk. seal packs what is loose of all the run's series. */
enum assay_status store_append(struct store *store, int64_t run, const char *metric,
                               const struct assay_point *points, size_t count,
                               struct assay_error *err);
enum assay_status store_seal(struct store *store, int64_t run, struct assay_error *err);

/* What a reader remembers; read: as store_read_attrs. put with NULL removes. */
enum assay_status store_read_state(struct store *store, int64_t source, const char *key,
                                   void **bytes, size_t *length, struct assay_error *err);
enum assay_status store_put_state(struct store *store, int64_t source, const char *key,
                                  const void *bytes, size_t length, struct assay_error *err);

/* The number of the last transaction that changed rows; 0 where there was none. */
int64_t store_change(struct store *store);
/* Whether another connection committed since the last call (PRAGMA data_version). */
bool store_changed(struct store *store);

/* Notes on any run, keyed by the source's kind and place and the run's id. *text is malloc'd
 * ("").*/
enum assay_status store_read_note(struct store *store, const char *kind, const char *place,
                                  const char *run_id, char **text, struct assay_error *err);
enum assay_status store_put_note(struct store *store, const char *kind, const char *place,
                                 const char *run_id, const char *text, struct assay_error *err);
typedef bool (*store_view_fn)(void *context, const struct assay_saved_view *view);
enum assay_status store_read_views(struct store *store, store_view_fn fn, void *context,
                                   struct assay_error *err);
enum assay_status store_put_view(struct store *store, const struct assay_saved_view *view,
                                 struct assay_error *err);
enum assay_status store_delete_view(struct store *store, const char *name,
                                    struct assay_error *err);

/* The kind and place of the one source of store.db. */
#define STORE_LOCAL_KIND  "local"
#define STORE_LOCAL_PLACE "store"

#endif

/*
 * What a reader of experiments looks like (one per format, behind one vtable), and the `ingest`
 * it reports to. Readers are called on worker threads and know nothing of catalogs, databases
 * or screens; they turn bytes into the nouns of <assay/catalog.h>. A reader object is used by
 * one thread at a time, except inside ingest_parallel().
 */
#ifndef CORE_SOURCE_SOURCE_H
#define CORE_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/series.h>

struct assay_registry;
struct ingest; /* where a scan reports to; implemented by the session, and by tests */

struct ingest_experiment {
    const char *id; /* unique within the source */
    const char *name;
    bool deleted;
    int64_t created_ms, updated_ms; /* or ASSAY_NO_TIME */
};
/* Something to remember: see ingest_state_put(). */
struct ingest_state {
    const char *key;
    const void *bytes; /* NULL: remove */
    size_t length;
};
struct ingest_run {
    const char *id;            /* unique within the source */
    const char *experiment_id; /* reported before */
    const char *name;
    const char *user;
    const char *artifact_uri;
    enum assay_run_status status;
    bool deleted;
    int64_t start_ms, end_ms;
    const struct assay_attrs
        *attrs; /* all of it, metrics' summaries included; need not be sorted */
    /* How far the source was read when it said this. Kept in one transaction with the rest:
       between the two, another process could store what it knows of the run, and the cache
       would hold the one's words under the other's state. */
    const struct ingest_state *states;
    size_t state_count;
};

/* Each report replaces what was said of that id before. All text is copied. Callable from any
   thread of ingest_parallel(). */
void ingest_experiment(struct ingest *in, const struct ingest_experiment *experiment);
/* It is not in the source any more; what is to be said of its runs is said one by one. */
void ingest_experiment_gone(struct ingest *in, const char *id);
void ingest_run(struct ingest *in, const struct ingest_run *run);
/* It is not in the source any more, whatever anybody else read of it. */
void ingest_run_gone(struct ingest *in, const char *run_id);
/* It is known and was not asked for this time, because it is not what the session looks for
   (assay_session_options.filter): not shown, and kept as it was. */
void ingest_run_passed(struct ingest *in, const char *run_id);
/* What was taken for a run, or might have been, is none as far as it was read: which is what
   the STATES remember. */
void ingest_run_none(struct ingest *in, const char *run_id, const struct ingest_state *states,
                     size_t count);
/* Points of a streamed source, appended in the order written; the chunk is taken. The run must
   have been reported before (with no metrics yet, if need be). */
void ingest_chunk(struct ingest *in, const char *run_id, const char *metric,
                  struct assay_chunk *chunk_take);
/* Forgets the points of a run given so far (its file was replaced). */
void ingest_restart(struct ingest *in, const char *run_id);

/* Something that could not be read: file, byte offset (UINT64_MAX none), and why. */
void ingest_problem(struct ingest *in, const char *path, uint64_t offset, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
void ingest_progress(struct ingest *in, uint64_t done, uint64_t total);
bool ingest_cancelled(const struct ingest *in); /* ask often; stop soon */
/* Whether nobody looks at the source again (a one-shot command): what may only be half written
   is to be told as it is now. */
bool ingest_once(const struct ingest *in);
/* The id of the run on screen ("" none), to read first. Copied to OUT (128 bytes). */
void ingest_focus(const struct ingest *in, char out[128]);

/* What a source remembers between scans (offsets, sizes, inodes, accumulators): bytes under a
   key, kept in the cache together with what the same scan reported, so that both or neither are
   there. get: false where there is none; the copy is the caller's (free()). put with NULL
   removes. What is remembered of a run goes with its report (struct ingest_run). A streamed
   source puts its state of a run under the run's id, after the run's chunks: the cache holds
   the chunks back until then and writes both in one transaction, so that a scan that is cut off
   half-way never leaves points that the next one would add again.
 */
bool ingest_state_get(struct ingest *in, const char *key, void **bytes, size_t *length);
void ingest_state_put(struct ingest *in, const char *key, const void *bytes, size_t length);
/* As state_put, of how far the scan as a whole got, put last. Not put where another process put
   one of its own since this scan asked for it (state_get, in every scan): then what this one
   claimed does not stand. */
void ingest_end_put(struct ingest *in, const char *key, const void *bytes, size_t length);
/* Says before anything is reported what ingest_end_put() will be about: CLAIM lies under its
   key from the first report on until the end is put. Where another process claimed or ended a
   scan of its own meanwhile, what is reported is shown, but not stored: it may be older than
   what the other one stores. END, unless NULL, is the end that the reports from here on lead
   to: whoever reports for the same claim or the same end says the same of every run, and the
   two do not disturb each other. May be said anew in a scan. */
void ingest_claim(struct ingest *in, const struct ingest_state *claim,
                  const struct ingest_state *end);
/* Whether another process was first to store a newer state of the run KEY: what the reader
   remembers of it does not count, and it is to ask state_get again. A streamed source asks this
   of every run at the beginning of a scan. */
bool ingest_state_moved(struct ingest *in, const char *key);

/* Runs task(context, 0..count-1) on the pool's threads and this one; returns when all are done.
 */
void ingest_parallel(struct ingest *in, size_t count, void (*task)(void *context, size_t index),
                     void *context);

struct artifact_list; /* collects what artifacts() finds */
void artifact_list_add(struct artifact_list *list, const char *path, bool directory,
                       uint64_t bytes, int64_t modified_ms);
bool artifact_list_full(const struct artifact_list *list);

/* A directory that holds a file of this name is passed over where something above it was asked
   for; named itself, it is read. */
#define SOURCE_IGNORE ".assayignore"

struct source_found; /* collects what detect() finds */
/* PATH holds a source of KIND. */
void source_found_add(struct source_found *found, const char *kind, const char *path);

struct source_ops {
    const char *kind;  /* "tensorboard": the `kind` of the JSON contract */
    const char *title; /* "TensorBoard event files" */

    /* Looks at PATH (which exists) and reports what it finds there, through source_found_add():
       cheap (a few stats and small reads), never a deep walk. */
    void (*detect)(const char *path, struct source_found *found);
    bool spreads; /* one such source takes in all that lies below its path: detect() has looked
                     there, and is not asked again for the directories inside */

    enum assay_status (*open)(void **self, const char *path, struct assay_error *err);
    void (*close)(void *self);

    /* Reads everything, or, where ingest_state_get() or its own memory says it was here before,
       only what is new. Called again and again while the session lives. Problems with one file
       are reported and passed over; it fails only where the source as a whole cannot be read.
     */
    enum assay_status (*scan)(void *self, struct ingest *in, struct assay_error *err);

    /* Every point of one metric, in the order written. NULL for streamed sources, whose points
       came with the scan. May be called from another thread than scan's, at the same time. */
    enum assay_status (*read_series)(void *self, const char *experiment_id, const char *run_id,
                                     const char *metric, struct assay_series *out,
                                     struct assay_error *err);

    /* The artifacts of a run; *directory (may stay NULL) is the local folder, malloc'd. Thread
       as read_series. */
    enum assay_status (*artifacts)(void *self, const char *experiment_id, const char *run_id,
                                   const char *artifact_uri, struct artifact_list *list,
                                   char **directory, struct assay_error *err);

    /* Writes the artifact PATH, one of those listed, to FD; NULL where they all lie in the
       folder that artifacts() names. Thread as read_series. */
    enum assay_status (*artifact)(void *self, const char *run_id, const char *path, int fd,
                                  struct assay_error *err);

    /* The model registry that lies beside the runs (<assay/registry.h>); NULL where the format
       has none. One without models is an empty one. Thread as read_series. */
    enum assay_status (*registry)(void *self, struct assay_registry **out,
                                  struct assay_error *err);

    /* Files and directories to watch for changes (inotify), most useful first. Returns a
       malloc'd NULL-terminated array of malloc'd paths. Called after a scan, on its thread. */
    char **(*watch)(void *self);
    /* After a scan, on its thread: when (assay_monotonic_us()) the source is to be looked at
       once more although nothing happens to it; INT64_MAX: it need not be. May be NULL. */
    int64_t (*again_us)(void *self);

    enum assay_last_rule last_rule;
};

/* The readers, in the order they are asked. */
extern const struct source_ops source_mlflow_files, source_mlflow_db, source_tensorboard,
    source_bundle;
extern const struct source_ops *const source_readers[]; /* NULL-terminated */

#endif

/*
 * The session's insides, shared by the files of core/session alone. What each file does:
 *
 *   session.c   open, close, dispatch, wait; the messages from the other threads
 *   places.c    which sources were asked for: arguments, environment, configuration file
 *   missing.c   those of them that are not there
 *   scan.c      the session's ingest: what a reader reports becomes batches
 *   batch.c     batches: applied to the catalog, then handed to the writer
 *   writer.c    the one thread that writes the cache
 *   cache.c     what the session and the cache know of each other: another process that was
 *               first, a cache that went
 *   cache_room.c  how large the cache may become
 *   points.c    series: asked for, loaded, kept, dropped
 *   stored.c    what the databases know: the local store's runs, the cache's, attributes
 *   columns.c   columns over all runs, read when they are asked for; columns_ahead.c those of
 *               every name, before they are; texts_ahead.c the names of runs; attrs_read.c
 *               attributes of many runs by several threads
 *   details.c   artifacts, notes, saved views
 *   logged_run.c  the models and traces that one run logged
 *   registry.c  registered models, of servers and of stores on disk; digest.c the digests of
 *               their files
 *   activity.c  jobs, problems, notices
 *   watch.c     inotify, and the timer that gathers its events
 *   pool.c      threads
 *   server.c    sources on servers: their clients, threads and clocks; server_points.c their
 *               points, server_files.c their artifacts, server_copies.c copies of them,
 *               copy_room.c how much room those may take
 *   merge.c     summaries of metrics kept over a change of the run
 */
#ifndef CORE_SESSION_SESSION_PRIVATE_H
#define CORE_SESSION_SESSION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <assay/map.h>
#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/session.h>

#include "model/catalog_edit.h"
#include "session/pool.h"
#include "remote/mlflow.h"
#include "source/artifact_list.h"
#include "source/ingest.h"
#include "source/readers.h"
#include "store/store.h"

/* Something another thread made for the session's thread. */
struct message {
    struct message *next;
    /* Takes the message in and frees it or hands it on; returns a mask of enum
       assay_session_change. Clearing *done asks to be called again later (a long batch). */
    unsigned (*apply)(struct assay_session *session, struct message *message, int64_t until_us,
                      bool *done);
    void (*discard)(struct message *message);
};

struct session_source {
    uint32_t index; /* in the catalog */
    size_t problems_listed;
    const struct source_ops *ops; /* NULL: the local store */
    /* The reader; NULL until the first scan has opened it. That is another thread, while points
       of what the cache knew are already asked for. */
    _Atomic(void *) self;
    struct server *server; /* NULL: the source is on this machine */
    char *kind, *path;
    _Atomic int64_t row; /* in its database; 0 none. The writer sets the cache's */
    bool scanning;
    bool again;       /* something changed while it was being scanned */
    bool scanned;     /* read to the end once, well or not */
    size_t unwritten; /* batches the writer has not finished */
    uint64_t job;     /* of the scan under way */
    int64_t ended_us; /* when the last scan ended */
    bool due;         /* to be scanned when the timer fires */
    int64_t again_us; /* to be scanned then, as its reader wishes; INT64_MAX: it does not */
    struct {          /* registry.c: what the screens show of the models */
        struct assay_registry *shown;
        bool asked, busy, again;
        bool offline; /* the last look found nobody there */
        bool kept;    /* what is shown is the cache's: the server has not been heard yet */
        bool stale;   /* the source was looked at since; the next call looks at the models */
        struct assay_error error;
    } registry;
    struct run_logged
        *run_logged[2]; /* logged_run.c: models, traces of one run; NULL: not asked */
    bool slow_watch;    /* on a file system that sends no events: looked at by the clock */
    uint64_t watched;   /* over the paths that are; 0: all are to be asked for again */
    atomic_bool stop;
    _Atomic uint64_t done, total;

    /* The states of runs this session's reader stands on (cache_mark()); the scan's. */
    struct assay_map marks_index;
    uint64_t *marks;
    size_t mark_count, mark_capacity;
    /* Runs of which another process stored a newer state: the next scan takes it over. Until
       it did, no points are read from the cache. */
    bool resync;
    struct assay_map moved;
    int64_t loaded_change; /* of the cache, when its rows were shown */
    char *end_key; /* where its reader keeps how far a scan got; NULL: nowhere, or not yet */
    /* cache_take_over(): the cache's transactions up to SHOWN_CHANGE are shown, whoever made
       them, and behind them those of this session itself. */
    int64_t shown_change;
    int64_t *own_changes;
    size_t own_count, own_capacity;

    pthread_mutex_t memory_lock; /* guards the rest: a reader's state where there is no cache */
    struct assay_map memory_index;
    struct memory_state {
        void *bytes;
        size_t length;
    } * memory;
    size_t memory_count, memory_capacity;
};

/* ---- batches ---- */

enum batch_kind {
    BATCH_EXPERIMENT,
    BATCH_EXPERIMENT_GONE, /* all but its id is filled in when it is applied */
    BATCH_RUN,
    BATCH_GONE,
    BATCH_PASSED, /* not asked for in this session: not shown, and left in the cache as it is */
    BATCH_CHUNK,
    BATCH_RESTART,
    BATCH_SERIES, /* all points of one metric, in place of what there was */
    BATCH_STATE,
    BATCH_PROBLEM,
    BATCH_STORED, /* the reader goes on from what the cache has of a run */
    BATCH_READ,   /* the source was read to its end; u.offset is the time in ms */
};
struct batch_item {
    struct batch_item *next;
    enum batch_kind kind;
    const char *id;   /* of the experiment or run; state: its key; problem: the path */
    const char *name; /* of the experiment or run; chunk: the metric; problem: the message */
    uint32_t run;     /* run, gone, chunk, restart: index, set when applied */
    uint64_t base;    /* mark of the run's state this builds on */
    uint64_t mark;    /* state: its own */
    uint64_t end;     /* state, of a claim: mark of the end it leads to; 0 none */
    bool of_run;      /* state: of the run of that id, to be compared with the cache's */
    bool of_scan;     /* state: of the scan as a whole; void where another one came between */
    union {
        struct {
            bool deleted, known;
            int64_t created_ms, updated_ms;
        } experiment;
        struct {
            const char *experiment_id, *user, *artifact_uri;
            enum assay_run_status status;
            bool deleted;
            int64_t start_ms, end_ms;
            const void *attrs; /* packed */
            size_t attrs_length;
            uint64_t version; /* set when applied */
            int64_t row;      /* set when written */
        } run;
        struct assay_chunk *chunk; /* a reference */
        struct batch_series {
            struct assay_chunk **chunks; /* references; the array is the item's */
            size_t count;
            struct assay_summary summary;
            const void *mark; /* what the cache remembers with them (server_points.c) */
            size_t mark_length;
        } series;
        struct {
            const void *bytes; /* NULL removes */
            size_t length;
        } state;
        uint64_t offset; /* problem; read */
    } u;
};
struct batch {
    struct message message;
    struct session_source *source;
    struct assay_arena arena;
    struct batch_item *first, *last;
    struct batch_item *cursor; /* the next to apply */
    size_t count;
    bool started;
};
struct batch *batch_new(struct session_source *source);
void batch_free(struct batch *batch);
struct batch_item *batch_add(struct batch *batch, enum batch_kind kind, const char *id,
                             const char *name);
void batch_post(struct assay_session *session, struct batch *batch); /* any thread */

/* ---- series ---- */

struct series_entry {
    uint32_t run;
    char *metric;
    struct assay_series *series; /* NULL: nothing yet */
    size_t bytes;                /* of the series, as counted in the session's total */
    bool failed;
    char *why;        /* it failed; NULL: it did not, or nobody knows */
    bool stale;       /* of a server: what an earlier day left, for want of an answer */
    int64_t came_us;  /* when it did, or failed */
    uint64_t version; /* of the run when it was read */
    bool loading;     /* a job is under way */
    bool streamed;    /* it is filled by the chunks of a scan */
    bool again;       /* chunks came while it was being loaded */
    size_t unwritten; /* chunks on their way to the cache */
    uint64_t base;    /* read from the cache: mark of the run's state then; else ANY */
    uint64_t used;    /* session->tick when last asked for */
};

/* columns_ahead.c: what was read before it was asked for. Session's thread but for `stop`. */
struct columns_ahead {
    enum { AHEAD_NOT, AHEAD_READING, AHEAD_READ } state;
    atomic_bool stop;
    bool every;    /* each name of the runs SEEN has a column: any other name is of none */
    uint8_t *seen; /* by run: its attributes were read */
    size_t seen_count;
    uint64_t version; /* of the catalog when the reading began */
    uint32_t *stale;  /* runs of which it does not tell, when the catalog ... */
    size_t stale_count;
    uint64_t stale_version;        /* ... was this one; 0: not known */
    struct assay_column **waiting; /* asked for while it goes on */
    size_t waiting_count, waiting_capacity;
    bool texts_reading; /* texts_ahead.c */
};

/* attrs_read.c: the connections of one thread, to the local store and to the cache. */
struct attrs_reader {
    struct store *stores[2];
    bool tried[2];
};
#define ATTRS_READERS 4 /* threads that read attributes of many runs at once */

struct assay_session {
    struct assay_catalog *catalog;
    bool live, cached;
    const char *filter; /* the options', while it is opened */
    int64_t patience_ms;
    bool reads_local; /* the local store is one of the sources asked for */
    int epoll_fd, event_fd, timer_fd, inotify_fd;
    bool *reported; /* by run: a reader of this session's said what is shown of it */
    size_t reported_capacity;

    pthread_mutex_t inbox_lock;
    struct message *inbox_first, *inbox_last;
    struct message *held_first, *held_last; /* taken from the inbox, not applied yet */

    struct pool *pool;
    struct net *net;       /* NULL until there is a server */
    struct writer *writer; /* NULL: there is no cache */

    struct session_source **sources;
    size_t source_count, source_capacity;
    size_t detecting; /* places being looked at */
    struct assay_error wait_error;

    char *store_path, *cache_path;
    struct store *store; /* this thread's; NULL where there is none (yet) */
    struct store *cache;
    bool cache_tried;
    uint64_t cache_most, copies_most; /* bytes */
    int use_fd;                       /* the file of locks beside the cache; -1 not open */
    uint32_t asked;                   /* places, so far */
    bool closing;
    int64_t local_change;
    struct session_source *local;
    struct rest *rest; /* stored.c: what is read later of the local store; or NULL */
    struct columns_ahead ahead;
    struct attrs_reader readers[ATTRS_READERS];

    struct series_entry **series;
    size_t series_count, series_capacity;
    struct assay_map series_index;
    size_t series_bytes;
    uint64_t tick;
    bool series_many;    /* many are being asked for ... */
    bool series_reading; /* ... and one of them had to be read: the local store is held */

    struct digest_entry *digests; /* digest.c */
    struct change_job *changed;   /* the last that was done */
    struct pull **pulls;
    size_t pull_count, pull_capacity;

    struct artifacts_entry *artifacts;
    struct copy *copies; /* of artifacts on servers */
    char *note;
    struct assay_saved_view *views;
    size_t view_count;
    struct assay_arena view_arena;
    bool views_read;

    struct assay_job_info *jobs;
    size_t job_count, job_capacity;
    uint64_t next_job;
    struct assay_problem *problems;
    size_t problem_count, problem_capacity;
    struct assay_map problem_index;     /* those told already */
    struct problem_file *problem_files; /* what is listed of each file */
    size_t problem_file_count, problem_file_capacity;
    struct assay_map problem_file_index;
    struct assay_arena problem_arena;
    const char **notices;
    size_t notice_count, notice_capacity;
    const char **empty_places; /* their text is in the notices' arena */
    size_t empty_count, empty_capacity;
    struct assay_arena notice_arena;

    pthread_mutex_t focus_lock;
    char focus[128];

    struct watch_entry *watches;
    size_t watch_count, watch_capacity;
    char *awaited;           /* the folder watched for the local store while it is not there */
    bool local_due;          /* something happened in it */
    bool local_slow;         /* nothing would tell: it is looked for by the clock */
    int64_t local_looked_us; /* when the store was last looked for, and what its files were */
    int64_t local_looked_at[4];
    unsigned changes; /* made outside dispatch, told at the next one */
};

/* session.c */
void session_post(struct assay_session *session, struct message *message); /* any thread */
void session_wake(struct assay_session *session); /* dispatch is to be called. Any thread */
struct store *session_cache(struct assay_session *session); /* opened on demand; NULL: none */
/* A connection for writing to the local store, which is made where it is not there; to be
 * closed. */
enum assay_status session_store(struct assay_session *session, struct store **out,
                                struct assay_error *err);
struct session_source *session_add_source(struct assay_session *session, const char *kind,
                                          const char *name, const char *path,
                                          const struct source_ops *ops);

/* places.c: what the user asked for, as a list of places. */
struct session_place {
    char *name;                       /* from the configuration file, or NULL */
    char *place;                      /* path or URL */
    bool named;                       /* by the user: nothing there is an error */
    struct server_settings *settings; /* of a server; NULL: a path */
    bool secret, server_only;         /* while the configuration file is read */
};
struct session_places {
    struct session_place *items;
    size_t count, capacity;
    bool local; /* the local store as well */
};
enum assay_status places_collect(const struct assay_session_options *options,
                                 struct session_places *out, struct assay_error *err);
void places_free(struct session_places *places);
/* A short name for PATH that no source has yet; malloc'd. WANTED may be NULL. */
char *places_name(struct assay_session *session, const char *wanted, const char *path);

/* missing.c */
/* Why PLACE cannot be read: errno, or 0 where it can. */
int missing_reason(const char *place);
/* Adds PLACE, which cannot be read, as a source that says so. NAME may be NULL. */
void missing_add(struct assay_session *session, const char *name, const char *place);

/* scan.c */
void scan_start(struct assay_session *session, struct session_source *source);

/* writer.c */
struct writer *writer_new(struct assay_session *session, const char *path);
void writer_add(struct writer *writer, struct batch *batch_take);
/* FINISH: writes all there is first; else only what it has begun and what servers said. */
void writer_free(struct writer **writer, bool finish);

/* cache_room.c: the bound of the cache, and the locks that keep a source in it. */
/* Opens the file of locks beside the cache; MAKE: where it is missing, too. -1 where it is not
   to be had. */
int cache_use_open(const char *cache_path, bool make);
/* Has the source in ROW of the cache stay there until FD is closed. False where it is just
   being removed; with WAIT that is waited for, which only the writer may. */
bool cache_use(int fd, int64_t row, bool wait);
/* Where the cache has more than MOST bytes, removes whole sources that no session has open
   until it has not. */
enum assay_status cache_make_room(struct store *cache, const char *cache_path, uint64_t most,
                                  struct assay_error *err);

/* cache.c: marks say whether two states are the same. */
#define CACHE_MARK_NONE UINT64_C(0)                    /* there is no state */
#define CACHE_MARK_ANY  UINT64_C(1)                    /* not known, not compared */
uint64_t cache_mark(const void *bytes, size_t length); /* NULL: NONE */
/* What a reader stands on; the scan's thread, with its lock held. */
uint64_t cache_mark_of(const struct session_source *source, const char *key);
void cache_set_mark(struct session_source *source, const char *key, uint64_t mark);
/* Another process stored a newer state of the run ID: what is in memory of its points goes, and
   the source is looked at again from that state. */
void cache_moved(struct assay_session *session, struct session_source *source, const char *id);
/* To be called when a scan or a write ended: ends the state above once all is in order. */
void cache_settle(struct session_source *source);
/* CHANGE is a transaction of this session's that wrote runs of SOURCE. */
void cache_own_change(struct session_source *source, int64_t change);
/* Shows what other processes stored of the runs of SOURCE: the reader finds it read already.
   To be called when a scan or a write ended. */
void cache_take_over(struct assay_session *session, struct session_source *source);

/* merge.c: metrics whose latest point is the same as before keep the summary that was known.
   True where PACKED (length in *LENGTH) was replaced by a copy in ARENA. */
bool merge_summaries(const struct assay_attrs *before, const void **packed, size_t *length,
                     struct assay_arena *arena);
/* The attributes with METRIC's summary set, packed; NULL where it was the same already. */
void *merge_metric(const struct assay_attrs *attrs, const char *metric,
                   const struct assay_summary *summary, size_t *length,
                   struct assay_arena *arena);

/* server.c: what a source on a server has besides. The session's thread, but where it says. */
struct server *server_new(struct assay_session *session, struct session_source *source,
                          const struct server_settings *settings);
void server_stop(struct server *server); /* its threads end; what they post waits to be taken */
void server_free(struct server **server);
struct pool *
server_pool(struct server *server); /* its own threads: they wait for the network */
/* The client, opened at the first call; any thread that may wait. */
enum assay_status server_client(struct server *server, struct mlflow **out,
                                struct assay_error *err);
/* On the thread that scans: says what this scan is to look at. */
void server_before_scan(struct server *server, struct mlflow *client);
void server_whole(
    struct server *server); /* the user wants the next scan to look at everything */
bool server_asked(struct server *server); /* whether that is so of this one */
void server_scanned(struct assay_session *session, struct session_source *source,
                    const struct assay_error *error); /* when, and how, it is to be next */
/* When the source is to be looked at next, assay_monotonic_us(); INT64_MAX never. */
int64_t server_due_us(const struct session_source *source);
bool server_offline(const struct session_source *source);
/* The runs that FILTER keeps come before the list, or, ONLY, instead of it (mlflow_ask()). */
void server_ask(struct session_source *source, const char *filter, bool only);
/* Whether it was asked ONLY. */
bool server_asked_only(struct server *server);

/* server_points.c */
void server_want(struct assay_session *session, struct series_entry *entry);
void server_dispatch(struct session_source *source); /* has what is wanted fetched */

/* server_files.c: the list of a run's artifacts in the cache. Any thread that may wait. END_MS:
   of the run when it was read, ASSAY_NO_TIME where it went on; READ_MS: when that was. */
void server_keep_artifacts(struct session_source *source, const char *run_id, int64_t end_ms,
                           const struct artifact_list *list);
bool server_recall_artifacts(struct session_source *source, const char *run_id,
                             struct artifact_list *list, int64_t *read_ms);

/* server_change.c */
void change_job_free(struct change_job **job);

/* server_copies.c */
void copies_free(struct assay_session *session);

/* server_pull.c */
void pulls_progress(const struct assay_session *session, struct assay_job_info *job);
void pulls_cancel(struct assay_session *session, uint64_t job); /* 0: all */
void pulls_free(struct assay_session *session);

/* points.c */
/* What came for an entry that is being loaded; SERIES is taken (NULL on failure). PARTIAL: more
   is on its way. */
void points_arrived(struct assay_session *session, struct series_entry *entry,
                    struct assay_series *series_take, uint64_t version, bool partial,
                    const struct assay_error *error);
void points_chunk(struct assay_session *session, uint32_t run, const char *metric,
                  struct assay_chunk *chunk, uint64_t base);
void points_written(struct assay_session *session, uint32_t run, const char *metric);
void points_restart(struct assay_session *session, uint32_t run);
void points_free(struct assay_session *session);

/* stored.c */
void stored_open_local(struct assay_session *session);
/* Reads what it left for later; for the catalog's hook. */
void stored_put_rest(void *context);
void stored_rest_free(struct assay_session *session);
unsigned stored_reload_local(struct assay_session *session);
/* Whether the local store, which was not there, is there by now; another program may be making
   it just then, so what cannot be read yet is no failure. */
unsigned stored_find_local(struct assay_session *session);
void stored_load_cached(struct assay_session *session, struct session_source *source);
/* What the cache has of the run ID, in place of what is shown of it. */
void stored_reload_run(struct assay_session *session, struct session_source *source,
                       const char *id);
/* The runs of which the cache's transactions behind AFTER, up to UPTO, say something, in place
   of what is shown of them, where WANTED says so of an id. */
void stored_reload_changed(struct assay_session *session, struct session_source *source,
                           int64_t after, int64_t upto,
                           bool (*wanted)(const void *context, const char *id),
                           const void *context);
bool stored_fetch_attrs(void *context, uint32_t run, void **bytes, size_t *length);
bool stored_look_at_attrs(void *context, uint32_t run,
                          void (*use)(void *with, const void *bytes, size_t length),
                          void *with);
/* The database a source's rows are in: its path, for a thread's own connection. */
const char *stored_path(const struct assay_session *session,
                        const struct session_source *source, enum store_role *role);

/* columns.c: the runs of one source that have to be looked up in its database. */
struct column_part {
    const char *path;
    enum store_role role;
    int64_t source_row;
    struct run_row {
        int64_t row;
        uint32_t run;
    } * rows;
    size_t count, capacity;
    size_t next; /* while it is read: rows come in their order */
};
struct column_parts {
    struct column_part *items;
    size_t count;
    size_t runs; /* of all of them */
};
#define COLUMN_AT_ONCE                                                                         \
    3000 /* runs whose attributes are read without a detour over the pool                      \
          */
/* The runs whose attributes are not in memory. Session's thread. */
void column_parts_find(struct assay_session *session, struct column_parts *out);
void column_parts_free(struct column_parts *parts);
/* Gives FN the packed attributes of each of them, with the run's index in the catalog, until it
   returns false. False where that or a failure came before the end. Any thread that may wait.
 */
typedef bool (*column_attrs_fn)(void *context, uint32_t run, const void *bytes, size_t length);
bool column_parts_read(struct column_parts *parts, column_attrs_fn fn, void *context);
/* The catalog's hook: COLUMN is read, at once or in the background. */
void columns_load(void *context, struct assay_column *column);
/* The same, whatever was read ahead. */
void columns_start(struct assay_session *session, struct assay_column *column);

/* columns_ahead.c */
/* Whether COLUMN, which was just asked for, needs no reading of its own: it is being read, or
   known to be of no run that was read. */
bool columns_ahead_has(struct assay_session *session, struct assay_column *column);
/* The catalog's hook: where COLUMN is known to be of no run that was read, it is filled from
   the others. */
bool columns_ahead_fill(void *context, struct assay_column *column);
void columns_ahead_free(struct assay_session *session);

/* texts_ahead.c: has the names and ids of all runs laid side by side, where they are many. */
void texts_ahead(struct assay_session *session);

/* details.c */
void details_free(struct assay_session *session);
void details_run_changed(struct assay_session *session, uint32_t run);

/* digest.c */
void digests_free(struct assay_session *session);

/* registry.c: the source was read to its end. */
void registry_scanned(struct session_source *source, bool good);

/* logged_run.c: the source was looked at, PART: not at all of it. */
void run_logged_scanned(struct assay_session *session, struct session_source *source, bool good,
                        bool part);
void run_logged_free(struct session_source *source);

/* activity.c */
uint64_t activity_job(struct assay_session *session, const char *title);
struct assay_job_info *activity_find(struct assay_session *session, uint64_t job);
void activity_problem(struct assay_session *session, uint32_t source, const char *path,
                      uint64_t offset, const char *message);
void activity_notice(struct assay_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Keeps PATH as a place that holds no experiments. */
void activity_empty_place(struct assay_session *session, const char *path);
void activity_free(struct assay_session *session);

/* watch.c */
void watch_open(struct assay_session *session);
void watch_set(struct assay_session *session, struct session_source *source, char **paths_take);
void watch_local(struct assay_session *session);
void watch_later(struct assay_session *session, struct session_source *source);
unsigned watch_dispatch(struct assay_session *session);
void watch_close(struct assay_session *session);

#endif

/*
 * What the files about sources on servers share: server.c (client, threads, clock),
 * server_points.c (series for the screens), server_pull.c (everything, for the cache),
 * server_change.c (writing).
 */
#ifndef CORE_SESSION_SERVER_PRIVATE_H
#define CORE_SESSION_SERVER_PRIVATE_H

#include <assay/registry.h>

#include "session/session_private.h"

/* A series that the session waits for. */
struct want {
    struct want *next;
    struct series_entry *entry; /* the session's thread's: only carried here */
    uint64_t version;           /* of the run */
    char *run_id, *metric;
    struct assay_summary latest;
    bool known;   /* latest is something */
    bool running; /* the run is: what is read now is not the end */
};

struct server {
    struct assay_session *session;
    struct session_source *source; /* set once it is in the session */
    struct server_settings settings;
    struct pool *pool;
    atomic_bool stop;

    pthread_mutex_t open_lock; /* guards client */
    struct mlflow *client;

    pthread_mutex_t lock; /* guards the rest */
    struct want *first, *last;
    size_t draining; /* tasks that take from there */
    char **visible;  /* ids of the runs on screen that are running */
    size_t visible_count;
    bool whole;       /* the next scan is to look at everything */
    int64_t whole_us; /* when the last one did */
    char *filter;     /* for mlflow_ask() */
    bool only;

    /* The session's thread's. */
    bool asked;        /* the user wants a look */
    unsigned failures; /* scans that failed in a row */
    int64_t due_us;
    bool offline;
};

bool server_stopped(const struct server *server);
void want_free(struct want *want);

/* ---- what the cache has of a server's series ---- */

/* How far a series in the cache goes: it is complete while the run's latest point is this. */
struct points_mark {
    double last;
    int64_t step, time_ms;
    uint64_t n;
    uint64_t final; /* read after the run had ended */
};
struct points_cache { /* one thread's connection */
    struct server *server;
    struct store *store;
};
void points_cache_open(struct points_cache *cache, struct server *server);
void points_cache_close(struct points_cache *cache);

/* ---- what runs logged, in the cache (logged.c) ---- */

/* Before the text of a list; and all there is of the state that speaks for all experiments. */
struct logged_head {
    int64_t read_ms;
    uint64_t cut;
};
/* What the cache has under KEY: HEAD, then a text; false: nothing. The caller frees BYTES. */
bool logged_kept(const struct points_cache *cache, const char *key, struct logged_head *head,
                 char **bytes, size_t *length);
void logged_put(struct batch *batch, const char *key, const struct logged_head *head,
                const struct assay_buf *text);
/* The list of an experiment; NULL where there is none. */
struct assay_logged *logged_recall_experiment(const struct points_cache *cache,
                                              const char *experiment, bool traces);
/* The mark of a series; false where the cache has none. */
bool points_cache_mark(struct points_cache *cache, const char *run_id, const char *metric,
                       struct points_mark *mark);
bool points_mark_fits(const struct points_mark *mark, const struct assay_summary *latest,
                      bool running);
/* The series itself; NULL where the cache has none. */
struct assay_series *points_cache_read(struct points_cache *cache, const char *run_id,
                                       const char *metric);
/* Adds a complete SERIES to BATCH, for the cache and the run's summary. */
void points_cache_add(struct batch *batch, const char *run_id, const char *metric,
                      const struct assay_series *series, bool running);

/* ---- lists (server_files.c, registry.c, logged.c, pull_lists.c) ---- */

/* Adds a run's list of artifacts to BATCH, for the cache. */
void server_add_artifacts(struct batch *batch, const char *run_id, int64_t end_ms,
                          const struct artifact_list *list);
/* Whether the cache has that list as it was after the run had ended, at END_MS. */
bool server_artifacts_current(const struct points_cache *cache, const char *run_id,
                              int64_t end_ms);
/* The registry into the cache. Not on the session's thread. */
struct registry_counts {
    size_t models, versions, prompts;
};
enum assay_status registry_pull(struct server *server, bool (*cancelled)(void *context),
                                void *context, struct registry_counts *counts,
                                struct assay_error *err);

/* Those of COUNT experiments (EVERY: they are all there are) into the cache; FOUND: how many.
   Not on the session's thread. ASSAY_NO where the server is too old for them. */
enum assay_status server_pull_logged(struct server *server, const char *const *experiments,
                                     size_t count, bool every, bool traces,
                                     bool (*cancelled)(void *context), void *context,
                                     size_t *found, struct assay_error *err);
/* Everything that is no point, for the cache: what of it the cache has already is passed over.
 */
struct pull_lists {
    struct server *server;
    bool (*stopped)(void *context);
    void *context;
    /* What is wanted. Of runs the caller keeps the arrays; that of experiments is freed by
       pull_lists_free(). */
    const char *const *run_ids;
    const int64_t *end_ms; /* of each; ASSAY_NO_TIME: it goes on */
    size_t run_count;
    const char **experiments; /* whose logged models and traces */
    size_t experiment_count;
    bool registry; /* and all experiments there are */

    /* How it stands. */
    _Atomic uint64_t done, unchanged, failed;
    _Atomic uint64_t artifacts, models, versions, prompts, logged, traces;
    struct pull_beside *besides; /* while they are asked for */
    struct assay_error error;    /* the first; once it has ended */
};
uint64_t pull_lists_total(const struct pull_lists *lists);
/* Asks for all of them, on threads of their own; waits until all are here, or failed. */
void pull_lists_begin(struct pull_lists *lists);
void pull_lists_end(struct pull_lists *lists);
void pull_lists_free(struct pull_lists *lists);
/* The ids of the experiments of SOURCE that are not deleted, or of EXPERIMENT alone; the texts
   are the catalog's. Free the array. */
size_t server_experiments(const struct assay_session *session, uint32_t source,
                          uint32_t experiment, const char ***ids);

/* ---- copies of artifacts beside the cache (copy_room.c) ---- */

#define COPY_NAME_SIZE 48 /* 32 hex digits, and what mkstemp() makes of them */

/* Has the copy in PATH stay until the descriptor that is returned is closed, and counts as a
   use of it; -1 where there is none. */
int copy_hold(const char *path);
/* Removes copies in DIRECTORY that nobody holds, those used longest ago first, until the rest
   has at most MOST bytes. */
void copies_make_room(const char *directory, uint64_t most);

#endif

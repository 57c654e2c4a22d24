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

/* ---- copies of artifacts beside the cache (copy_room.c) ---- */

#define COPY_NAME_SIZE 48 /* 32 hex digits, and what mkstemp() makes of them */

/* Has the copy in PATH stay until the descriptor that is returned is closed, and counts as a
   use of it; -1 where there is none. */
int copy_hold(const char *path);
/* Removes copies in DIRECTORY that nobody holds, those used longest ago first, until the rest
   has at most MOST bytes. */
void copies_make_room(const char *directory, uint64_t most);

#endif

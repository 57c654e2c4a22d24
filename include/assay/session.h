/*
 * A session: the sources that were asked for, the two databases, the threads that read, and the
 * catalog and series they fill. One thread (the UI thread, or a one-shot command's only thread)
 * calls everything here; no call waits for a file, SQL or the network unless its comment says
 * so.
 */
#ifndef ASSAY_SESSION_H
#define ASSAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/query.h>
#include <assay/series.h>

struct assay_session; /* opaque */
struct assay_hands;   /* <assay/chart.h> */

struct assay_session_options {
    const char *const *sources; /* paths, URLs, names from the config file */
    size_t source_count;        /* 0: the defaults of the contract, in its order */
    const char *also;           /* one more source beside those; NULL none */
    bool live;                  /* keep watching and following; false reads once */
    /* What servers are asked for instead of their lists (assay_query_ask()); NULL or "": the
       lists. For whoever reads once and then applies the whole filter: runs that it cannot keep
       may be missing, or gone. Other sources are read whole. */
    const char *filter;
    /* How long a server may say nothing at all, not even that it is there, before what the
       cache has of its runs is shown as OFFLINE; 0: as long as one request may take, two
       minutes. One that says that it is there is waited for as ever. */
    int64_t patience_ms; /* with each failure it doubles, four times */
    bool cached; /* only what the cache and the local store know: no source is read, no server
                    asked, nothing written (completions) */
    /* Bytes: how large the cache, and the copies of artifacts beside it, may become before what
       was used longest ago is removed; 0: the bounds below. What a session has open stays. */
    uint64_t cache_most, copies_most;
    /* Called once it is sure that the session will open, before the local store is read: what
       needs no session can be begun there, on another thread. It must not wait. NULL: nothing.
     */
    void (*sure)(void *context);
    void *sure_context;
};
#define ASSAY_PATIENCE_MS  INT64_C(10000) /* of those who sit before it */
#define ASSAY_CACHE_BYTES  UINT64_C(2000000000)
#define ASSAY_COPIES_BYTES UINT64_C(500000000)

/* The kind of a source that was asked for, or is configured, and is not there or not readable:
   it is FAILED, with the reason, and holds nothing. */
#define ASSAY_KIND_MISSING "missing"

/* Opens the databases and the sources, shows what the cache knows, starts reading. A store or
   cache that cannot be opened is no failure: the session goes on without and says so in
   assay_session_notices(). Fails on a source that is no source at all. */
enum assay_status assay_session_open(struct assay_session **out,
                                     const struct assay_session_options *options,
                                     struct assay_error *err);
/* Stops the threads, waits for what is being written, closes. */
void assay_session_close(struct assay_session **session);

struct assay_catalog *assay_session_catalog(struct assay_session *session);

/* For the caller's poll(): readable when assay_session_dispatch() has something to take. */
int assay_session_fd(const struct assay_session *session);
enum assay_session_change {
    ASSAY_CHANGED_RUNS = 1,    /* catalog: runs, experiments, attributes */
    ASSAY_CHANGED_SOURCES = 2, /* a source's state or progress */
    ASSAY_CHANGED_SERIES = 4,  /* points arrived for a series that was asked for */
    ASSAY_CHANGED_COLUMNS = 8, /* a column became ready */
    ASSAY_CHANGED_JOBS = 16,
    ASSAY_CHANGED_ARTIFACTS = 32,
    ASSAY_CHANGED_NOTICES = 64,
};
/* Takes what has arrived, for at most about 4 ms (the fd stays readable if there is more);
   returns a mask of enum assay_session_change. Never blocks. */
unsigned assay_session_dispatch(struct assay_session *session);

/* For one-shots: blocks until every source has been read to the end once. ASSAY_IO where one
   failed (its error names it; the others are there all the same). */
enum assay_status assay_session_wait(struct assay_session *session, struct assay_error *err);
/* The same, for whoever sits before it: once it has lasted two seconds, SLOW (NULL: nobody) is
   told of the first server that is still waited for. */
enum assay_status assay_session_wait_aloud(struct assay_session *session,
                                           void (*slow)(const struct assay_source *source),
                                           struct assay_error *err);

/* Looks at the sources again now (one, or all with ASSAY_NONE). */
void assay_session_refresh(struct assay_session *session, uint32_t source);
/* Of the servers that were asked for what options.filter keeps, those that answered are asked
   for their lists after all; those that did not are not waited for once more. Whether there are
   any: assay_session_wait() until the lists are here. */
bool assay_session_read_lists(struct assay_session *session);
/* Tells the readers what is on screen, so that it is read first. ASSAY_NONE: nothing. */
void assay_session_focus(struct assay_session *session, uint32_t run);

/* The runs on screen and the marked ones: of those on servers, the running ones are asked after
   every few seconds, and no others. */
void assay_session_visible(struct assay_session *session, const uint32_t *runs, size_t count);

/* Somebody filters by QUERY (NULL: no longer): a server whose list is still being read is asked
   first for what QUERY may keep (assay_query_ask()), one filter at a time. Whoever calls it
   goes on filtering what is there. */
void assay_session_ask(struct assay_session *session, const struct assay_query *query);
/* How that stands with SOURCE. */
enum assay_asked {
    ASSAY_ASKED_NOT,      /* nothing to ask, nobody to ask, or its list is here */
    ASSAY_ASKED,          /* its answer is being waited for */
    ASSAY_ASKED_ANSWERED, /* all that it says the filter keeps is here; the list is not */
};
enum assay_asked assay_session_asked(struct assay_session *session, uint32_t source);

/* Somebody is about to filter: reads the columns of all names the stored runs use (metrics,
   params, tags; up to 48 MiB of them) on another thread, so that no key has to wait for one,
   once; and lays the runs' names and ids side by side there. Does nothing where the runs are
   few. */
void assay_session_read_columns(struct assay_session *session);

/* Gives USE the packed attributes of RUNS[AT], in any order, by all HANDS (NULL: by this thread
   and those of the session's own that are free), several at once; returns when that is done.
   Left out are runs whose attributes are in memory, not stored (yet) or cannot be read:
   assay_catalog_look() has them. Its connections stay open for the next call until the end is
   said. */
void assay_session_read_attrs(struct assay_session *session, const struct assay_hands *hands,
                              const uint32_t *runs, size_t count,
                              void (*use)(void *context, size_t at, const void *bytes,
                                          size_t length),
                              void *context);
void assay_session_read_attrs_end(struct assay_session *session);

/* ---- servers ---- */

/* What is known of a source on a server without asking it. False where SOURCE is none. */
struct assay_server {
    bool offline;          /* it could not be reached when it was last looked at */
    bool unverified;       /* its certificate is not checked: say so on screen */
    bool read_only;        /* writing is switched off */
    const char *workspace; /* "" where none is set */
};
bool assay_session_server(struct assay_session *session, uint32_t source,
                          struct assay_server *out);

/* What `assay doctor` asks a server, waiting for it. */
struct assay_server_look {
    enum assay_status status; /* OK: reached, and it answers as it should */
    struct assay_error error;
    char version[32]; /* "3.15.2"; "" unknown */
    char user[128];   /* who the server takes us for; "" where it does not say */
    char from[96];    /* where the credentials come from */
    char store[32];   /* "SqlStore"; "" unknown */
    bool workspaces;  /* it has them */
    bool unverified, read_only;
    int may_read, may_admin; /* 1 yes, 0 no, -1 not known */
    int proxied_artifacts;   /* likewise */
    int64_t round_trip_us;
    /* What we are granted by name ("EDIT on experiment 3, …", clean), as MLflow 3's basic
       authentication says; "" nothing. What is not named has the server's default, which it
       does not tell. */
    bool grants_known;
    char grants[256];
};
bool assay_session_server_look(struct assay_session *session, uint32_t source,
                               struct assay_server_look *out);

/* Reads the points of RUNS (COUNT of them; NULL: of every run) of the server SOURCE into the
   cache, in the background. Returns the job, 0 where SOURCE is no server. */
uint64_t assay_session_pull(struct assay_session *session, uint32_t source,
                            const uint32_t *runs, size_t count);
/* The same, and first what else there is: the lists of artifacts of these runs; the models that
   were logged in EXPERIMENT (with all runs: in every one) and the traces; with all runs the
   registry. What the cache has as it is now is not asked for again. */
uint64_t assay_session_pull_all(struct assay_session *session, uint32_t source,
                                const uint32_t *runs, size_t count, uint32_t experiment);
struct assay_pull {
    bool finished;
    uint64_t series, series_total; /* complete so far; known from the start */
    uint64_t unchanged;            /* of series: the cache had them already */
    uint64_t failed;
    uint64_t points, bytes;      /* points read; bytes over the network */
    uint64_t lists, lists_total; /* of artifacts, models …: looked through so far; in all */
    uint64_t lists_unchanged, lists_failed;
    /* Which lists: of so many runs' artifacts, and how much was on the others. */
    uint64_t artifact_lists, models, versions, prompts, logged_models, traces;
    int64_t started_us;
    struct assay_error error; /* the first that went wrong */
};
/* How a pull stands; false where JOB is none. */
bool assay_session_pull_state(const struct assay_session *session, uint64_t job,
                              struct assay_pull *out);

/* ---- series ---- */

enum assay_load {
    ASSAY_LOAD_BUSY,   /* being read; what is there so far may be drawn */
    ASSAY_LOAD_READY,  /* complete as of the last look; a live run may still grow */
    ASSAY_LOAD_FAILED, /* see the source's problems */
    ASSAY_LOAD_NONE,   /* the run has no such metric */
};
/* The points of one metric. Starts reading at the first call; NULL while nothing has come.
   Stays in memory while used; the least recently used are dropped past a budget (and read again
   later), so hold the pointer only until the next assay_session_dispatch(). */
struct assay_series *assay_session_series(struct assay_session *session, uint32_t run,
                                          const char *metric, enum assay_load *load);
/* The same, waiting for it: for one-shots. */
enum assay_status assay_session_series_wait(struct assay_session *session, uint32_t run,
                                            const char *metric, struct assay_series **out,
                                            struct assay_error *err);
/* Many are asked for until the end is said: those that are read at once are read of one state
   of the local store, and not each of a look at it of its own. */
void assay_session_series_begin(struct assay_session *session);
void assay_session_series_end(struct assay_session *session);

/* ---- artifacts ---- */

struct assay_artifact {
    const char *path; /* relative to the run's artifact root, '/' between parts */
    bool directory;
    uint64_t bytes;
    int64_t modified_ms;
};
struct assay_artifacts {
    enum assay_load load;
    const struct assay_artifact *items; /* whole tree, sorted by path, at most 10,000 */
    size_t count;
    bool cut;              /* there are more */
    const char *directory; /* the local folder they lie in; NULL where they are elsewhere. Open
                              what is in it with assay_open_inside() */
    int64_t kept_ms;       /* of a server that cannot be reached: when it said this, from the
                              cache; else ASSAY_NO_TIME */
    struct assay_error error; /* why there is no list; in a list that is READY: the first folder
                                 in it that could not be read */
};
/* Lists a run's artifacts, in the background at the first call. Valid until the next dispatch.
 */
const struct assay_artifacts *assay_session_artifacts(struct assay_session *session,
                                                      uint32_t run);
const struct assay_artifacts *assay_session_artifacts_wait(struct assay_session *session,
                                                           uint32_t run);
/* A copy on this machine of an artifact that lies on a server (for small ones: it is fetched
   whole, in the background at the first call, and kept beside the cache) or in a review bundle.
   NULL where the run is neither's. Valid until the next dispatch. */
struct assay_copy {
    enum assay_load load;
    const char *path; /* of the copy; NULL until it is READY */
    uint64_t fetched; /* bytes so far, while it is BUSY */
    struct assay_error error;
};
const struct assay_copy *assay_session_copy(struct assay_session *session, uint32_t run,
                                            const struct assay_artifact *artifact);
/* The same, once it is READY or has FAILED. */
const struct assay_copy *assay_session_copy_wait(struct assay_session *session, uint32_t run,
                                                 const struct assay_artifact *artifact);
/* Nobody waits for the copy of ARTIFACT (a path) any more: it is not fetched to its end. Who
   asks again starts anew. */
void assay_session_copy_stop(struct assay_session *session, uint32_t run, const char *artifact);
/* Writes the artifact PATH of a run that lies on a server, or in a review bundle, to FD,
   waiting for it. PROGRESS (may be NULL) hears of a server's bytes, on another thread and on
   this one; false from it stops. */
enum assay_status assay_session_download(struct assay_session *session, uint32_t run,
                                         const char *path, int fd,
                                         bool (*progress)(void *context, uint64_t bytes),
                                         void *context, struct assay_error *err);

/* ---- what is kept locally about any run, and saved views ---- */

/* The note on a run ("" where none); the pointer is valid until the next call. */
const char *assay_session_note(struct assay_session *session, uint32_t run);
/* Stores it (durable when this returns); "" removes it. */
enum assay_status assay_session_set_note(struct assay_session *session, uint32_t run,
                                         const char *text, struct assay_error *err);

struct assay_saved_view {
    const char *name;
    const char *filter;
    const char *sort;    /* as assay_sort_parse() reads it */
    const char *columns; /* comma-separated fields; "" default */
};
size_t assay_session_views(struct assay_session *session,
                           const struct assay_saved_view **views);
enum assay_status assay_session_save_view(struct assay_session *session,
                                          const struct assay_saved_view *view,
                                          struct assay_error *err);
enum assay_status assay_session_delete_view(struct assay_session *session, const char *name,
                                            struct assay_error *err);

/* ---- activity ---- */

struct assay_job_info {
    uint64_t id;
    char title[160];      /* "reading ~/runs (tensorboard)", clean */
    uint64_t done, total; /* bytes; total 0 unknown */
    int64_t started_us;   /* assay_monotonic_us() */
    bool finished, failed, cancelled;
    bool look; /* at files that had been read before: mostly nothing has changed */
};
/* Jobs under way, then the latest finished ones; at most CAPACITY. */
size_t assay_session_jobs(const struct assay_session *session, struct assay_job_info *out,
                          size_t capacity);
void assay_session_cancel(struct assay_session *session, uint64_t job); /* 0: all reading */

struct assay_problem { /* something that could not be read; the rest was */
    uint32_t source;
    const char *path;    /* file */
    uint64_t offset;     /* byte in it; UINT64_MAX where there is none */
    const char *message; /* clean */
    size_t rest; /* not 0: it stands for so many further ones of the file, as its message
                    says */
};
/* At most 20 per file and 1000 per source are kept; assay_source.problems counts all. */
size_t assay_session_problems(const struct assay_session *session,
                              const struct assay_problem **problems);

/* What the session itself cannot do (no cache, read-only home, full disk), clean, newest last.
 */
size_t assay_session_notices(const struct assay_session *session, const char *const **notices);

/* Where it was looked and no experiments were found: absolute paths, clean, in the order in
   which the looking ended. The session's, until it is closed. */
size_t assay_session_empty_places(const struct assay_session *session,
                                  const char *const **places);
/* Whether the local store is among what is shown: not where other places were named. */
bool assay_session_reads_local(const struct assay_session *session);

/* Where the databases lie ("" where there is none). */
const char *assay_session_store_path(const struct assay_session *session);
const char *assay_session_cache_path(const struct assay_session *session);
/* The folder of the copies of servers' artifacts beside it, whether it is there or not; free()
   it. NULL where there is no place for it. */
char *assay_session_copies_path(const struct assay_session *session);

#endif

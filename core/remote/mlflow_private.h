/*
 * What the parts of the MLflow client share: mlflow.c (opening, one call, errors),
 * mlflow_runs.c (the scan; mlflow_experiments.c its first part), mlflow_parse.c (JSON to
 * nouns), mlflow_history.c (points), mlflow_files.c (artifacts), mlflow_look.c (what the server
 * is).
 */
#ifndef CORE_REMOTE_MLFLOW_PRIVATE_H
#define CORE_REMOTE_MLFLOW_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <assay/map.h>

#include "remote/json_text.h"
#include "remote/mlflow.h"
#include "remote/mlflow_pulse.h"

#define MLFLOW_API "/api/2.0/mlflow"

struct mlflow_run { /* one that was met in a scan */
    const char *id;
    uint64_t hash;        /* of what was reported; 0 not known */
    uint32_t seen;        /* the scan that met it last */
    unsigned listed : 29; /* ... in the list itself, not beside it */
    unsigned in_list : 1; /* the state's list has it; else it came by a filter */
    unsigned gone : 1;
    unsigned passed : 1; /* not shown, because a filter does not keep it */
};

struct mlflow_met { /* an experiment that was met in a scan, or is known from the state */
    char *id;
    uint64_t hash; /* of what was reported; 0 not known */
    uint32_t seen; /* the scan that met it last */
    bool gone;
};

struct mlflow {
    struct net *net;
    struct net_server *server;
    struct server_settings settings;
    char from[96];
    char *user; /* who signs in with a password; NULL: nobody does */
    bool read_only;
    atomic_bool offline;
    atomic_bool mute; /* given up (mlflow_pulse.c), and nothing came of it since */
    atomic_bool kept; /* the cache has runs of it */
    _Atomic int64_t patience_us;
    atomic_bool greeted;    /* the workspace was asked about */
    atomic_bool old_traces; /* the server has traces as MLflow 2 has them, or none */
    atomic_int no_bulk;     /* the server has no get-history-bulk-interval */
    atomic_uint page;       /* points asked for at once: less where the server refuses more */

    pthread_mutex_t lock; /* guards what the next scan is to look at */
    bool whole;
    char **visible;
    size_t visible_count;
    char *filter; /* to be asked for first, or, ONLY, instead of the list; NULL: none */
    bool only;
    unsigned filter_number; /* each is another */
    enum mlflow_asked asked;
    bool have_list; /* it was read to its end once */

    /* The scan's. */
    struct assay_map by_run, by_experiment;
    struct mlflow_run *runs;
    size_t run_count, run_capacity;
    struct mlflow_met *experiments;
    size_t experiment_count, experiment_capacity;
    uint64_t experiments_hash; /* of the list of experiments in the state */
    bool experiments_loaded;
    uint32_t scan;
    uint64_t ids_hash; /* of the list of runs in the state */
    bool loaded;
    bool some; /* the state has runs that came by a filter, without the list */
    bool part; /* the last scan read no list */
    int64_t newest_start_ms, newest_end_ms;
};

/* Before the first request: the workspace's header, where one is set and the server has them.
 */
enum assay_status mlflow_greet(struct mlflow *mlflow, bool (*cancelled)(void *context),
                               void *context, struct assay_error *err);
/* One element of "files" in an answer of artifacts/list (MLflow's FileInfo); false where it
   cannot be read. PATH lives in ARENA and is hostile. */
struct mlflow_listed {
    const char *path; /* "" none */
    bool directory;
    int64_t bytes; /* -1 not said */
};
bool mlflow_listed_read(struct json_text *json, struct assay_arena *arena,
                        struct mlflow_listed *out);
/* Notes whether an answer came at all. */
void mlflow_note(struct mlflow *mlflow, const struct net_answer *answer);

/* ---- mlflow_parse.c ---- */

struct mlflow_experiment {
    const char *id, *name;
    bool deleted;
    int64_t created_ms, updated_ms;
};
struct mlflow_page { /* of a search; start with {0} */
    struct assay_arena arena;
    char *next; /* the token of the next page; "" none. In arena */
    size_t count;
    size_t cut;         /* texts of more than a megabyte: the rest of them was dropped */
    size_t listed, odd; /* items, and those that cannot be read, */
    char why[96];       /* and what the first of them is: "runs[3].info is a number" */
    size_t no_numbers;  /* values of metrics that are none: they are left out */
};
/* Calls FN for each; its texts live in PAGE. */
enum assay_status
mlflow_parse_experiments(const char *where, const char *body, size_t length,
                         struct mlflow_page *page,
                         void (*fn)(void *context, const struct mlflow_experiment *experiment),
                         void *context, struct assay_error *err);
/* Of what a server said, to know it again; never 0. In memory only. */
uint64_t mlflow_hash(const char *bytes, size_t length);
/* HASH is over the run's own JSON. Attributes live in PAGE's arena only until FN returns. */
enum assay_status
mlflow_parse_runs(const char *where, const char *body, size_t length, struct mlflow_page *page,
                  bool (*fresh)(void *context, const char *id, uint64_t hash),
                  void (*fn)(void *context, const struct ingest_run *run, uint64_t hash),
                  void *context, struct assay_error *err);

/* A list of {"key", "value"}. */
void mlflow_take_pairs(struct json_text *json, struct assay_arena *arena,
                       struct assay_pair **pairs, size_t *count);

/* A list of metrics' latest values. What is no number is left out, and counted (NO_NUMBERS may
   be NULL). */
void mlflow_take_metrics(struct json_text *json, struct assay_arena *arena,
                         struct assay_metric **metrics, size_t *count, size_t *no_numbers);

/* An address that the server signed for one file in a store of its own, and what is to be sent
   there besides. Start with {0}. */
#define MLFLOW_SIGNED_LINES 16u
struct mlflow_signed {
    char *url;
    char *lines[MLFLOW_SIGNED_LINES + 1]; /* of the header, NULL-terminated */
    size_t count;
};
void mlflow_signed_free(struct mlflow_signed *address);
/* Asks for one to fetch PATH of the run from, or to put it to. The source is
   CreatePresignedDownloadUrl and CreatePresignedUploadUrl of MLflow's service.proto (3.11 and
   newer). */
enum assay_status mlflow_ask_signed(struct mlflow *mlflow, bool upload, const char *run_id,
                                    const char *path, struct mlflow_signed *out,
                                    struct mlflow_failure *failure, struct assay_error *err);

/* The path of the proxy for a file of a run whose artifacts lie behind it; false where they do
   not. Appended to OUT. */
bool mlflow_proxied_path(const char *artifact_uri, const char *path, struct assay_buf *out);
/* A time as protobuf writes it ("2026-01-31T12:00:00.25Z"); ASSAY_NO_TIME where it is none. */
int64_t mlflow_time_ms(const char *text);

/* ---- mlflow_experiments.c ---- */

#define MLFLOW_STALE_MAX                                                                       \
    8u /* pages with nothing new, one behind the other, that are followed */
#define MLFLOW_DOUBT_MAX 64u /* things asked for by id before they are given up as gone */

/* Reports the experiments that are new or changed, and those that are no longer there. FEWER:
   some are not. */
enum assay_status mlflow_read_experiments(struct mlflow *mlflow, struct ingest *in, bool *fewer,
                                          struct assay_error *err);
/* What of an answer could not be read, or not be kept whole. */
void mlflow_tell_of_odd(const struct mlflow *mlflow, struct ingest *in,
                        const struct mlflow_page *page, const char *what);
/* A list whose pages lead on without bringing anything. What came of it may not be all. */
enum assay_status mlflow_list_short(const struct mlflow *mlflow, const char *what,
                                    struct assay_error *err);

/* ---- mlflow_runs.c, mlflow_history.c, mlflow_files.c ---- */

enum assay_status mlflow_scan(void *self, struct ingest *in, struct assay_error *err);
enum assay_status mlflow_read_series(void *self, const char *experiment_id, const char *run_id,
                                     const char *metric, struct assay_series *out,
                                     struct assay_error *err);
enum assay_status mlflow_artifacts(void *self, const char *experiment_id, const char *run_id,
                                   const char *artifact_uri, struct artifact_list *list,
                                   char **directory, struct assay_error *err);

#endif

/*
 * The client of one MLflow server (2.x and 3.x, and what speaks as they do). The session opens
 * it and scans it as any source, through mlflow_source; the other calls here are for what disks
 * do not have: sampled histories of many runs at once, downloads, what the server says of
 * itself. All of them may wait for the network: never on the session's thread. A client is
 * used by several threads at once.
 */
#ifndef CORE_REMOTE_MLFLOW_H
#define CORE_REMOTE_MLFLOW_H

#include <stdatomic.h>

#include <assay/series.h>
#include <assay/session.h>

#include "remote/net.h"
#include "source/source.h"

struct mlflow; /* opaque; the `self` of mlflow_source */

/* kind "mlflow"; its open and detect are NULL: mlflow_open() instead. */
extern const struct source_ops mlflow_source;

/* Finds the credentials; says nothing to the server yet. */
enum assay_status mlflow_open(struct mlflow **out, struct net *net,
                              const struct server_settings *settings, struct assay_error *err);
void mlflow_close(struct mlflow **mlflow);
const char *mlflow_shown(const struct mlflow *mlflow); /* the URL, without secrets */
bool mlflow_read_only(const struct mlflow *mlflow);    /* writing is refused */
/* Whether the last request got no answer at all: no network, or nobody there. */
bool mlflow_offline(const struct mlflow *mlflow);
/* How long a server may say nothing at all where the cache has its runs, before it counts as
   offline; 0, as it begins: as long as a request may take. Writing waits in any case. */
void mlflow_set_patience(struct mlflow *mlflow, int64_t ms);
/* What the next scan looks at: everything (WHOLE), or new runs, those that ended lately and the
   ones in VISIBLE (ids, copied; at most MLFLOW_VISIBLE_MAX). */
#define MLFLOW_VISIBLE_MAX 100u
void mlflow_next_scan(struct mlflow *mlflow, bool whole, const char *const *visible,
                      size_t count);
/* The runs that FILTER keeps (assay_query_ask(); copied; NULL: none) are asked for before all
   others by a scan that reads the list, also while it does; or, ONLY, by the next scans instead
   of the list, after which runs that were known and are not among them count as passed over. A
   server that refuses the filter is asked for its list. */
void mlflow_ask(struct mlflow *mlflow, const char *filter, bool only);
enum mlflow_asked {
    MLFLOW_ASKED_NOT, /* there is nothing to ask, or the list is here */
    MLFLOW_ASKED,     /* the answer is not here yet */
    MLFLOW_ANSWERED,  /* whole */
    MLFLOW_ASK_REFUSED,
};
enum mlflow_asked mlflow_asked(struct mlflow *mlflow);
/* Whether the last scan read what the filter keeps and no list. On the scan's thread. */
bool mlflow_scanned_part(const struct mlflow *mlflow);
struct net *mlflow_net(const struct mlflow *mlflow);
struct net_server *mlflow_server(const struct mlflow *mlflow);

/* ---- one call of the API: what reading and writing are made of ---- */

struct mlflow_call {
    enum net_method method;
    const char *path; /* "/api/2.0/mlflow/runs/search", with its query where it has one */
    const char *body; /* JSON text; NULL: none */
    bool repeatable;  /* a POST that only asks, or writes the same thing twice */
    bool writes;      /* refused where the server is read-only */
    uint64_t limit;   /* of the answer; 0: NET_BODY_LIMIT */
    bool (*cancelled)(void *context); /* may be NULL */
    void *context;
};
/* Appends the answer's JSON text to OUT. Failures carry the server's own words ("WHERE:
   RESOURCE_DOES_NOT_EXIST: Run 'x' not found") and, in *failure (may be NULL), its code. */
struct mlflow_failure {
    int http;      /* 0: the server was not reached */
    char code[64]; /* "RESOURCE_DOES_NOT_EXIST"; "" where it gave none */
};
enum assay_status mlflow_call(struct mlflow *mlflow, const struct mlflow_call *call,
                              struct assay_buf *out, struct mlflow_failure *failure,
                              struct assay_error *err);
/* The same for an answer that came through a batch. */
enum assay_status mlflow_answer_error(const struct mlflow *mlflow,
                                      const struct net_answer *answer,
                                      struct mlflow_failure *failure, struct assay_error *err);

/* Whether the server knows no such question: it is too old, or another one. */
bool mlflow_unknown(const struct mlflow_failure *failure);

/* ---- points ---- */

struct mlflow_wanted {
    const char *run_id, *metric;
    /* All points up to its latest step, where they are known: only what came since is asked
       for. NULL: everything is. */
    const struct assay_series *known;
};
/* How much is known of a series after an answer. */
enum mlflow_part { MLFLOW_SAMPLED, MLFLOW_COMPLETE };
struct mlflow_got {
    const struct mlflow_wanted *wanted;
    enum mlflow_part part;
    struct assay_series *series; /* the callee's to take (set it to NULL); NULL on failure */
    enum assay_status status;
    struct assay_error error;
};
/* Reads the histories of COUNT series. QUICK: first sampled ones, a hundred runs a request, so
   that charts can be drawn, and then, for those that the sample cut, all points. GOT is called
   on this thread for each as it comes, sampled before complete; false from it stops. */
enum assay_status mlflow_histories(struct mlflow *mlflow, const struct mlflow_wanted *wanted,
                                   size_t count, bool quick,
                                   bool (*got)(void *context, struct mlflow_got *got),
                                   bool (*cancelled)(void *context), void *context,
                                   struct assay_error *err);

/* ---- artifacts ---- */

/* Lists the artifacts of many runs. GOT is called for each on this thread, as it comes,
   with what there is of its list, which is all of it where STATUS is good; false from
   it stops. Fails where the server cannot be reached, and as ASSAY_CANCELLED where it was
   stopped. */
struct artifact_list;
struct mlflow_lists {
    const char *const *run_ids;
    size_t count;
    bool (*got)(void *context, size_t index, enum assay_status status,
                struct artifact_list *list, const struct assay_error *error);
    bool (*cancelled)(void *context);
    void *context;
};
enum assay_status mlflow_list_many(struct mlflow *mlflow, const struct mlflow_lists *wanted,
                                   struct assay_error *err);

/* Writes the file PATH of a run to FD, from its current place on. PROGRESS (may be NULL) hears
   of the bytes, on the net's thread and, while nothing comes, on this one; false from it stops.
 */
enum assay_status mlflow_download(struct mlflow *mlflow, const char *run_id,
                                  const char *artifact_uri, const char *path, int fd,
                                  bool (*progress)(void *context, uint64_t bytes),
                                  void *context, struct assay_error *err);

/* ---- what a server is ---- */

/* Asks the server about itself and us; fills all of *out. */
void mlflow_look(struct mlflow *mlflow, struct assay_server_look *out);
bool mlflow_unverified(const struct mlflow *mlflow); /* https, certificate unchecked */

#endif

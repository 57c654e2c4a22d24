/*
 * Whether a server that lets us wait is there at all. One that thinks for long about a list
 * still says how it is (GET /health, by any HTTP status: a proxy's, or one that knows no such
 * path, will do); one that hangs behind an open port says nothing to anybody. Where the cache
 * has something to show, and whoever asks said how long they wait (mlflow_set_patience()), the
 * second is given up: long before a request's own time is over.
 */
#ifndef CORE_REMOTE_MLFLOW_PULSE_H
#define CORE_REMOTE_MLFLOW_PULSE_H

#include "remote/mlflow.h"

/* One wait of one thread. Start with {.mlflow = …}. */
struct mlflow_pulse {
    struct mlflow *mlflow;
    struct net_batch *probe; /* under way; NULL: none is */
    int64_t since_us;        /* nothing was heard since; 0: not waited yet */
    bool lost;
};
/* To be asked some times a second while nothing comes: whether to give up. */
bool mlflow_pulse_lost(struct mlflow_pulse *pulse);
/* Something came. Also ends the pulse: it holds nothing then. */
void mlflow_pulse_heard(struct mlflow_pulse *pulse);

/* The error of a server that was given up; from then on, until something comes of it, all that
   asks it ends with this at once. */
enum assay_status mlflow_is_mute(struct mlflow *mlflow, struct assay_error *err);
/* net_perform() that gives up on a server without a pulse. */
struct net_answer *mlflow_perform(struct mlflow *mlflow, const struct net_request *request,
                                  bool (*cancelled)(void *context), void *context);

#endif

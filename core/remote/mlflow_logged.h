/*
 * What runs leave behind besides metrics on an MLflow server: the models they logged (MLflow 3)
 * and traces (2.14 and newer), asked of it and kept as text. Called by core/session/logged.c.
 */
#ifndef CORE_REMOTE_MLFLOW_LOGGED_H
#define CORE_REMOTE_MLFLOW_LOGGED_H

#include <assay/registry.h>

#include "remote/mlflow.h"

struct mlflow_logged_ask {
    const char *const *experiments; /* their ids */
    size_t count;
    const char *run_id;               /* of this run alone; NULL: of any */
    bool traces;                      /* else models */
    size_t limit;                     /* the newest so many; 0: all */
    bool (*cancelled)(void *context); /* may be NULL */
    void *context;
};
/* The newest first. ASSAY_NO where the server is too old for them. */
enum assay_status mlflow_logged_fetch(struct mlflow *mlflow,
                                      const struct mlflow_logged_ask *ask,
                                      struct assay_logged **out, struct assay_error *err);

/* ---- as the cache keeps them: text as of a server, with just what is read of it; pure ---- */

/* Appends those of EXPERIMENT. */
void mlflow_logged_write(const struct assay_logged *logged, bool traces, const char *experiment,
                         struct assay_buf *out);
/* Adds those of such a text, or of a page of a server's, to LOGGED. TOKEN (may be NULL) becomes
   that of the next page, malloc'd; NULL where there is none. WHERE names the server in errors.
 */
enum assay_status mlflow_logged_read(const char *where, const void *bytes, size_t length,
                                     bool traces, struct assay_logged *logged, char **token,
                                     struct assay_error *err);
/* Drops those that another run logged. */
void mlflow_logged_of_run(struct assay_logged *logged, const char *run_id);
/* Sorts them, the newest first, and drops those behind the first LIMIT (0: none). */
void mlflow_logged_order(struct assay_logged *logged, size_t limit);

#endif

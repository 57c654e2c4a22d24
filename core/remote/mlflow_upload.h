/*
 * The requests that a run's upload is made of. Called by core/session/upload.c, which knows
 * what is to be sent and what is there already. Nothing here is sent twice on its own: where an
 * answer is lost the caller looks at what the server has.
 */
#ifndef CORE_REMOTE_MLFLOW_UPLOAD_H
#define CORE_REMOTE_MLFLOW_UPLOAD_H

#include <assay/change.h>

#include "remote/mlflow.h"

#define MLFLOW_UPLOAD_TAG   "assay.upload"       /* names what was uploaded */
#define MLFLOW_UPLOAD_STATE "assay.upload.state" /* "complete" or "partial" at the end */
#define MLFLOW_BATCH_POINTS 1000u
#define MLFLOW_BATCH_PAIRS  100u
#define MLFLOW_BATCH_BYTES  900000u

struct mlflow_target { /* where an upload goes */
    char experiment[128];
    char run_id[128];
    char *artifact_uri; /* malloc'd */
    bool found;         /* the run is there */
    bool complete;      /* … and said to be whole */
    bool deleted;       /* … and is deleted */
    enum assay_run_status status;
    int64_t end_ms; /* ASSAY_NO_TIME: none */
    /* What a run that was found has of these, in arena. */
    struct assay_pair *params, *tags;
    size_t param_count, tag_count;
    struct assay_arena arena;
};
void mlflow_target_free(struct mlflow_target *target);

/* The experiment NAME, which is made where CREATE is set; an empty id where there is none. */
enum assay_status mlflow_upload_experiment(struct mlflow *mlflow, const char *name, bool create,
                                           struct mlflow_target *target,
                                           struct assay_error *err);
/* The run that carries MARKER, in the target's experiment. */
enum assay_status mlflow_upload_find(struct mlflow *mlflow, const char *marker,
                                     struct mlflow_target *target, struct assay_error *err);
/* Makes it, with the marker. */
enum assay_status mlflow_upload_create(struct mlflow *mlflow, const struct assay_run *run,
                                       const char *marker, struct mlflow_target *target,
                                       struct assay_error *err);
/* One log-batch: BODY is what stands inside its braces behind the run's id. *LOST: no answer
   came, or one that may go away: look at what is there, and try again. */
enum assay_status mlflow_upload_batch(struct mlflow *mlflow, const char *run_id,
                                      const struct assay_buf *body, bool *lost,
                                      struct assay_error *err);
void mlflow_upload_point(struct assay_buf *body, const char *metric,
                         const struct assay_point *point);
enum assay_status mlflow_upload_inputs(struct mlflow *mlflow, const char *run_id,
                                       const struct assay_attrs *attrs, uint64_t *sent,
                                       struct assay_error *err);
/* The first LENGTH bytes of FD as the artifact PATH. *REFUSED: the server does not take this
   one, and would not if it was sent again; others it may. */
enum assay_status mlflow_upload_file(struct mlflow *mlflow, const struct mlflow_target *target,
                                     const char *path, int fd, uint64_t length, bool *refused,
                                     struct assay_error *err);
/* Status and end, then the tag that says that all is there ("complete"), or that something was
   left out ("partial"). */
enum assay_status mlflow_upload_finish(struct mlflow *mlflow, const struct assay_run *run,
                                       const struct mlflow_target *target, bool partial,
                                       struct assay_error *err);

#endif

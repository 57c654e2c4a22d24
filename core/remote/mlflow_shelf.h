/*
 * Shelves: runs of an MLflow server that carry one tag and hold many small files, each written
 * once under a name made of what is in it. Called by approval/sync_server.c. Everything here
 * waits for the network; what comes is hostile. The source of the protocol is MLflow's REST
 * API, as for the rest of the client.
 */
#ifndef CORE_REMOTE_MLFLOW_SHELF_H
#define CORE_REMOTE_MLFLOW_SHELF_H

#include "remote/mlflow_upload.h"

#define MLFLOW_SHELVES_MAX 16u

struct mlflow_shelf_tag {
    const char *experiment; /* its name */
    const char *key, *value;
};
struct mlflow_shelves { /* start with {0}; the one to write to is the first */
    struct mlflow_target items[MLFLOW_SHELVES_MAX];
    size_t count;
};
void mlflow_shelves_free(struct mlflow_shelves *shelves);

/* The runs that carry TAG (with any value where it has none), the oldest first; none where the
   experiment is not there. */
enum assay_status mlflow_shelves_find(struct mlflow *mlflow, const struct mlflow_shelf_tag *tag,
                                      struct mlflow_shelves *out, struct assay_error *err);
/* Makes one where there is still none. NOTE is shown with the run. */
enum assay_status mlflow_shelves_make(struct mlflow *mlflow, const struct mlflow_shelf_tag *tag,
                                      const char *note, struct mlflow_shelves *out,
                                      struct assay_error *err);

/* Calls FOUND with the name of each file directly in FOLDER; BYTES is -1 where the server does
   not say how large it is. False from it ends the list. */
enum assay_status
mlflow_shelf_list(struct mlflow *mlflow, const struct mlflow_target *shelf, const char *folder,
                  bool (*found)(void *context, const char *name, int64_t bytes), void *context,
                  struct assay_error *err);

struct mlflow_shelf_file {
    const struct mlflow_target *shelf;
    const char *path;
    size_t limit;           /* more bytes than these are an error */
    struct assay_buf bytes; /* the caller's to free */
    enum assay_status status;
    struct assay_error error;
    bool hopeless; /* to ask for others as well is of no use: nobody is there, or says no */
};
/* Fetches COUNT of them at once, by whichever way leads there. */
void mlflow_shelf_fetch(struct mlflow *mlflow, struct mlflow_shelf_file *files, size_t count);
enum assay_status mlflow_shelf_put(struct mlflow *mlflow, const struct mlflow_target *shelf,
                                   const char *path, const void *bytes, size_t length,
                                   struct assay_error *err);

#endif

/*
 * Single changes on an MLflow server: looking at what is there, and writing. Called by
 * core/session/server_change.c, which decides between the two.
 */
#ifndef CORE_REMOTE_MLFLOW_CHANGE_H
#define CORE_REMOTE_MLFLOW_CHANGE_H

#include <assay/change.h>

#include "remote/mlflow.h"

/* Whether the change can be asked of a server at all (names, lengths). Pure. */
enum assay_status mlflow_change_check(const struct assay_change *change,
                                      struct assay_error *err);
/* What the server has now; *before NULL: nothing. */
enum assay_status mlflow_change_look(struct mlflow *mlflow, const struct assay_change *change,
                                     char **before, struct assay_error *err);
/* Writes, whatever there is. */
enum assay_status mlflow_change_write(struct mlflow *mlflow, const struct assay_change *change,
                                      struct assay_error *err);
/* Appends ,"KEY":"VALUE" (without the comma at the start of an object). */
void mlflow_json_member(struct assay_buf *body, const char *key, const char *value);

#endif

/*
 * Where things lie in an MLflow file store: detection, and the questions about one run that
 * need nothing but the store's folder and so may come from any thread.
 */
#ifndef CORE_SOURCE_MLFLOW_LAYOUT_H
#define CORE_SOURCE_MLFLOW_LAYOUT_H

#include "source/source.h"

#define MLFLOW_TRASH     ".trash"
#define MLFLOW_MODELS    "models" /* the registry, no experiment */
#define MLFLOW_NAME_SIZE 256u     /* NAME_MAX and a NUL */

bool mlflow_reserved(const char *name); /* no experiment's folder */
bool mlflow_is_store(const char *path);

/* As the functions of struct source_ops; ROOT is the store's folder. */
void mlflow_files_detect(const char *path, struct source_found *found);
enum assay_status mlflow_files_series(const char *root, const char *experiment_id,
                                      const char *run_id, const char *metric,
                                      struct assay_series *out, struct assay_error *err);
enum assay_status mlflow_files_artifacts(const char *root, const char *experiment_id,
                                         const char *run_id, const char *artifact_uri,
                                         struct artifact_list *list, char **directory,
                                         struct assay_error *err);

/* mlflow_files_registry.c: any thread. What could not be read is told in the registry. */
enum assay_status mlflow_files_registry(const char *root, struct assay_registry **out,
                                        struct assay_error *err);

#endif

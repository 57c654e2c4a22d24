/*
 * MLflow's model registry: what is asked of the server, and the answers turned into the nouns
 * of <assay/registry.h>. The answers travel as they came (framed, bounded), so that the cache
 * keeps them and an offline start reads them as if the server had just spoken. Called by
 * core/session/registry.c.
 */
#ifndef CORE_REMOTE_MLFLOW_REGISTRY_H
#define CORE_REMOTE_MLFLOW_REGISTRY_H

#include <assay/registry.h>

#include "remote/mlflow.h"

/* Every registered model, prompt and version, as framed answers appended to OUT. */
enum assay_status mlflow_registry_fetch(struct mlflow *mlflow, struct assay_buf *out,
                                        bool (*cancelled)(void *context), void *context,
                                        struct assay_error *err);
/* Reads such answers. WHERE names the server in errors. Pure. */
enum assay_status mlflow_registry_parse(const char *where, const void *bytes, size_t length,
                                        struct assay_registry **out, struct assay_error *err);
/* Frames one answer: what mlflow_registry_parse() reads. For tests, too. */
enum mlflow_registry_part { MLFLOW_PART_MODELS, MLFLOW_PART_VERSIONS };
void mlflow_registry_frame(struct assay_buf *out, enum mlflow_registry_part part,
                           const char *body, size_t length);

#endif

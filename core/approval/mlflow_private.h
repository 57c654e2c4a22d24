/*
 * Between mlflow_platform.c (servers and targets) and mlflow_version.c (what a version is).
 */
#ifndef CORE_APPROVAL_MLFLOW_PRIVATE_H
#define CORE_APPROVAL_MLFLOW_PRIVATE_H

#include "approval/mlflow_platform.h"
#include "remote/json_text.h"
#include "remote/mlflow.h"

#define MLFLOW_API_PATH "/api/2.0/mlflow"

struct mlflow_site {
    struct net *net;
    struct mlflow *mlflow;
    bool (*cancelled)(void *context); /* of what is read; may be NULL */
    void *context;
};

/* The answer to a GET, appended to OUT. */
enum assay_status mlflow_site_get(struct mlflow_site *site, const char *path, uint64_t limit,
                                  struct assay_buf *out, struct mlflow_failure *failure,
                                  struct assay_error *err);
/* Fails where what was read so far is no JSON. */
enum assay_status mlflow_site_sound(const struct mlflow_site *site,
                                    const struct json_text *json, struct assay_error *err);
enum assay_status mlflow_facts(void *self, struct assay_arena *arena, const char *model,
                               const char *version, struct version_facts *out,
                               struct assay_error *err);

#endif

/*
 * MLflow servers as a platform: the decision is ours (MLflow has none), an alias, stage or tag
 * is where it is applied. MLflow compares nothing when it writes: the target is read just
 * before and just after.
 */
#ifndef CORE_APPROVAL_MLFLOW_PLATFORM_H
#define CORE_APPROVAL_MLFLOW_PLATFORM_H

#include "approval/platform.h"

extern const struct platform_ops mlflow_platform;

struct mlflow_site; /* opaque: the `self` of mlflow_platform */
/* Connects to the server at URL, with the credentials MLflow's own variables and files give. */
enum assay_status mlflow_site_open(struct mlflow_site **out, const char *url,
                                   struct assay_error *err);
void mlflow_site_close(struct mlflow_site **site);
const char *mlflow_site_place(const struct mlflow_site *site); /* its URL, without secrets */

#endif

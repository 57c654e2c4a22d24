/*
 * MLflow servers as a platform: the decision is ours (MLflow has none), an alias, stage or tag
 * is where it is applied. MLflow compares nothing when it writes: the target is read just
 * before and just after.
 */
#ifndef CORE_APPROVAL_MLFLOW_PLATFORM_H
#define CORE_APPROVAL_MLFLOW_PLATFORM_H

#include "approval/platform.h"

extern const struct platform_ops mlflow_platform;

struct mlflow;
struct mlflow_site; /* opaque: the `self` of mlflow_platform */
/* Connects to the server at URL, with the credentials MLflow's own variables and files give. */
enum assay_status mlflow_site_open(struct mlflow_site **out, const char *url,
                                   struct assay_error *err);
/* The same for the configured source NAME. ASSAY_NO, without a word, where no section of that
   name is a server's. */
enum assay_status mlflow_site_open_named(struct mlflow_site **out, const char *name,
                                         struct assay_error *err);
void mlflow_site_close(struct mlflow_site **site);
/* The facts of a version (files hashed one by one) through a client that is there already,
   until CANCELLED(CONTEXT) says so. All texts into ARENA. */
enum assay_status mlflow_client_facts(struct mlflow *client, bool (*cancelled)(void *context),
                                      void *context, struct assay_arena *arena,
                                      const char *model, const char *version,
                                      struct version_facts *out, struct assay_error *err);
const char *mlflow_site_place(const struct mlflow_site *site); /* its URL, without secrets */

#endif

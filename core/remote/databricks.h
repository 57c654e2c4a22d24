/*
 * Databricks' own names of a workspace, for servers that speak MLflow's API there: "databricks"
 * and "databricks://PROFILE", as MLflow's client takes them for a tracking URI. Source of the
 * format: Databricks' page on configuration profiles
 * (https://docs.databricks.com/aws/en/dev-tools/auth/config-profiles). On any thread.
 */
#ifndef CORE_REMOTE_DATABRICKS_H
#define CORE_REMOTE_DATABRICKS_H

#include <assay/buf.h>

#include "remote/credentials.h"

/* Whether PLACE is such a name; the bare word might be a directory's, too. */
bool databricks_is_place(const char *place);
bool databricks_is_uri(const char *place); /* with "://" */
/* "databricks://PROFILE" of either name, appended to OUT: no path is called so. */
void databricks_uri(const char *place, struct assay_buf *out);
/* Host and token into SETTINGS: of the bare word from $DATABRICKS_HOST and $DATABRICKS_TOKEN,
   else from the profile $DATABRICKS_CONFIG_PROFILE or DEFAULT; else from PROFILE. Profiles lie
   in $DATABRICKS_CONFIG_FILE or ~/.databrickscfg, which is refused when others can read it.
   ASSAY_NO: there is no host and token of that name. */
enum assay_status databricks_settings(const char *place, struct server_settings *settings,
                                      struct assay_error *err);

#endif

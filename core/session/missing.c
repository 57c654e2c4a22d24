/*
 * A place that was asked for and is not to be had: gone, not readable, a profile that is not
 * known. It is a source like the others, so that it is seen where sources are seen, whose
 * reader fails with the reason. session.c adds it when a place has been looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remote/databricks.h"
#include "session/session_private.h"

int missing_reason(const char *place)
{
    struct stat info;

    if (stat(place, &info) != 0)
        return errno;
    return access(place, S_ISDIR(info.st_mode) ? R_OK | X_OK : R_OK) == 0 ? 0 : errno;
}

/* Where PATH was named, as far as it can be seen. */
static const char *named_in(const char *path)
{
    const char *uri = getenv("MLFLOW_TRACKING_URI");
    const size_t all = uri ? strlen(uri) : 0, length = strlen(path);

    return all >= length && all > 0 && strcmp(uri + all - length, path) == 0
               ? "MLFLOW_TRACKING_URI"
               : "the configuration file";
}

/* Why there is no workspace of that name; ASSAY_OK where there is one now. */
static enum assay_status databricks_reason(const char *place, struct assay_error *err)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    enum assay_status status = databricks_settings(place, &settings, err);

    server_settings_free(&settings);
    return status;
}

/* Called at each look: what was missing may have come back meanwhile. */
static enum assay_status missing_open(void **self, const char *path, struct assay_error *err)
{
    bool workspace = databricks_is_uri(path);
    int reason = workspace ? 0 : missing_reason(path);

    *self = NULL;
    if (workspace && databricks_reason(path, err) != ASSAY_OK)
        return ASSAY_IO;
    if (reason == 0) {
        assay_fail(err, ASSAY_IO, "%s: it was missing, and is there now", path);
        assay_hint(err, "start assay again to read it");
    } else {
        assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(reason));
        if (reason == EACCES)
            assay_hint(err, "make it readable for you, or name another place");
        else
            assay_hint(err, "put it back, or correct its place in %s", named_in(path));
    }
    return ASSAY_IO;
}

static void missing_close(void *self)
{
    (void)self;
}

static const struct source_ops missing_ops = {
    .kind = ASSAY_KIND_MISSING,
    .title = "not there",
    .open = missing_open,
    .close = missing_close,
};

void missing_add(struct assay_session *session, const char *name, const char *place)
{
    scan_start(session,
               session_add_source(session, ASSAY_KIND_MISSING, name, place, &missing_ops));
}

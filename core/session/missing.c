/*
 * A place that was asked for and is not to be had: gone, or not readable. It is a source like
 * the others, so that it is seen where sources are seen, whose reader fails with the reason.
 * session.c adds it when a place has been looked at.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/session_private.h"

int missing_reason(const char *place)
{
    struct stat info;

    if (stat(place, &info) != 0)
        return errno;
    return access(place, S_ISDIR(info.st_mode) ? R_OK | X_OK : R_OK) == 0 ? 0 : errno;
}

/* Called at each look: what was missing may have come back meanwhile. */
static enum assay_status missing_open(void **self, const char *path, struct assay_error *err)
{
    int reason = missing_reason(path);

    *self = NULL;
    if (reason == 0) {
        assay_fail(err, ASSAY_IO, "%s: it was missing, and is there now", path);
        assay_hint(err, "start assay again to read it");
    } else {
        assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(reason));
        assay_hint(err, "%s",
                   reason == EACCES ? "make it readable for you, or name another place"
                                    : "put it back, or correct its place in the configuration "
                                      "file");
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

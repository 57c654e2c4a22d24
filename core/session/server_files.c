/*
 * Questions to a server that wait for its answer: what it is, the content of an artifact. For
 * the one-shot commands, and for threads of the front end; never for the drawing one.
 */
#include <string.h>

#include "session/server_private.h"

static struct session_source *source_at(struct assay_session *session, uint32_t source)
{
    return source < session->source_count && session->sources[source]->server
               ? session->sources[source]
               : NULL;
}

bool assay_session_server(struct assay_session *session, uint32_t index,
                          struct assay_server *out)
{
    struct session_source *source = source_at(session, index);
    const struct server *server;

    *out = (struct assay_server){.workspace = ""};
    if (!source)
        return false;
    server = source->server;
    out->offline = server->offline;
    out->read_only = server_settings_read_only(&server->settings);
    out->unverified = source->scanned && server->client && mlflow_unverified(server->client);
    if (server->settings.workspace)
        out->workspace = server->settings.workspace;
    return true;
}

bool assay_session_server_look(struct assay_session *session, uint32_t index,
                               struct assay_server_look *out)
{
    struct session_source *source = source_at(session, index);
    struct mlflow *client = NULL;

    *out = (struct assay_server_look){.may_read = -1, .may_admin = -1, .proxied_artifacts = -1};
    if (!source)
        return false;
    out->status = server_client(source->server, &client, &out->error);
    if (out->status == ASSAY_OK)
        mlflow_look(client, out);
    return true;
}

enum assay_status assay_session_download(struct assay_session *session, uint32_t index,
                                         const char *path, int fd,
                                         bool (*progress)(void *context, uint64_t bytes),
                                         void *context, struct assay_error *err)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, index);
    struct session_source *source = source_at(session, run->source);
    struct mlflow *client = NULL;
    enum assay_status status;

    if (!source)
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: not on a server", run->id);
    status = server_client(source->server, &client, err);
    if (status != ASSAY_OK)
        return status;
    return mlflow_download(client, run->id, run->artifact_uri, path, fd, progress, context,
                           err);
}

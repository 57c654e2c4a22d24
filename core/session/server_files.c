/*
 * Questions to a server that wait for its answer: what it is, the content of an artifact. For
 * the one-shot commands, and for threads of the front end; never for the drawing one. And lists
 * of artifacts in the cache, for days without a network.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/server_private.h"

#define KEPT_MAX (1u << 20) /* bytes of one list */

/* ---- lists of artifacts in the cache ---- */

static void list_key(struct assay_buf *key, const char *run_id)
{
    assay_buf_format(key, "artifacts/%s", run_id);
}

/* "d 0 PATH" or "f BYTES PATH", each with a NUL behind it. */
void server_keep_artifacts(struct session_source *source, const char *run_id,
                           const struct artifact_list *list)
{
    struct assay_buf bytes = {.limit = KEPT_MAX}, key = {0};
    struct batch_item *item;
    struct batch *batch;
    char *copy;

    for (size_t i = 0; i < list->count; i++) {
        assay_buf_format(&bytes, "%c %" PRIu64 " %s", list->items[i].directory ? 'd' : 'f',
                         list->items[i].bytes, list->items[i].path);
        assay_buf_char(&bytes, '\0');
    }
    if (!bytes.overflow) {
        batch = batch_new(source);
        list_key(&key, run_id);
        item = batch_add(batch, BATCH_STATE, assay_buf_text(&key), NULL);
        copy = assay_arena_alloc(&batch->arena, bytes.length + 1);
        memcpy(copy, assay_buf_text(&bytes), bytes.length);
        item->u.state.bytes = copy;
        item->u.state.length = bytes.length;
        batch_post(source->server->session, batch);
    }
    assay_buf_free(&bytes);
    assay_buf_free(&key);
}

bool server_recall_artifacts(struct session_source *source, const char *run_id,
                             struct artifact_list *list)
{
    struct points_cache cache;
    struct assay_buf key = {0};
    void *bytes = NULL;
    size_t length = 0;
    bool found;

    points_cache_open(&cache, source->server);
    list_key(&key, run_id);
    if (cache.store)
        store_read_state(cache.store, source->row, assay_buf_text(&key), &bytes, &length, NULL);
    for (const char *at = bytes, *end = at + length; bytes && at < end;) {
        const char *stop = memchr(at, '\0', (size_t)(end - at));
        uint64_t size;
        char kind;
        int used = 0;

        if (!stop || sscanf(at, "%c %" SCNu64 " %n", &kind, &size, &used) != 2 || !used)
            break;
        artifact_list_add(list, at + used, kind == 'd', size, ASSAY_NO_TIME);
        at = stop + 1;
    }
    points_cache_close(&cache);
    assay_buf_free(&key);
    found = bytes != NULL;
    free(bytes);
    return found;
}

/* ---- questions ---- */

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
    struct session_source *source = session->sources[run->source];
    struct mlflow *client = NULL;
    enum assay_status status;

    if (!source->server && source->ops && source->self && source->ops->artifact)
        return source->ops->artifact(source->self, run->id, path, fd, err);
    if (!source->server) {
        assay_fail(err, ASSAY_IO, "%s: not on this machine", path);
        assay_hint(err, "the run's artifacts lie elsewhere; assay show names the place");
        return ASSAY_IO;
    }
    status = server_client(source->server, &client, err);
    if (status != ASSAY_OK)
        return status;
    return mlflow_download(client, run->id, run->artifact_uri, path, fd, progress, context,
                           err);
}

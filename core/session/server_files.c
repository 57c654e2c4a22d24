/*
 * Questions to a server that wait for its answer: what it is, the content of an artifact. For
 * the one-shot commands, and for threads of the front end; never for the drawing one. And lists
 * of artifacts in the cache, for days without a network.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "session/server_private.h"

#define KEPT_MAX (16u << 20) /* bytes of one list */

/* ---- lists of artifacts in the cache ---- */

static void list_key(struct assay_buf *key, const char *run_id)
{
    assay_buf_format(key, "artifacts/%s", run_id);
}

/* "h READ_MS END_MS CUT", then "d 0 PATH" or "f BYTES PATH", each with a NUL behind it. */
void server_add_artifacts(struct batch *batch, const char *run_id, int64_t end_ms,
                          const struct artifact_list *list)
{
    struct assay_buf bytes = {.limit = KEPT_MAX}, key = {0};
    struct batch_item *item;
    char *copy;

    assay_buf_format(&bytes, "h %" PRId64 " %" PRId64 " %d", assay_now_ms(), end_ms, list->cut);
    assay_buf_char(&bytes, '\0');
    for (size_t i = 0; i < list->count; i++) {
        assay_buf_format(&bytes, "%c %" PRIu64 " %s", list->items[i].directory ? 'd' : 'f',
                         list->items[i].bytes, list->items[i].path);
        assay_buf_char(&bytes, '\0');
    }
    if (!bytes.overflow) {
        list_key(&key, run_id);
        item = batch_add(batch, BATCH_STATE, assay_buf_text(&key), NULL);
        copy = assay_arena_alloc(&batch->arena, bytes.length + 1);
        memcpy(copy, assay_buf_text(&bytes), bytes.length);
        item->u.state.bytes = copy;
        item->u.state.length = bytes.length;
    }
    assay_buf_free(&bytes);
    assay_buf_free(&key);
}

void server_keep_artifacts(struct session_source *source, const char *run_id, int64_t end_ms,
                           const struct artifact_list *list)
{
    struct batch *batch = batch_new(source);

    server_add_artifacts(batch, run_id, end_ms, list);
    batch_post(source->server->session, batch);
}

/* What the cache has under the run's key; NULL: nothing. The caller frees. */
static char *read_kept(const struct points_cache *cache, const char *run_id, size_t *length)
{
    struct assay_buf key = {0};
    void *bytes = NULL;

    *length = 0;
    list_key(&key, run_id);
    if (cache->store)
        store_read_state(cache->store, cache->server->source->row, assay_buf_text(&key), &bytes,
                         length, NULL);
    assay_buf_free(&key);
    return bytes;
}

/* Of the first line; false where there is none. */
static bool read_head(const char *bytes, size_t length, int64_t *read_ms, int64_t *end_ms,
                      int *cut)
{
    return bytes && memchr(bytes, '\0', length) &&
           sscanf(bytes, "h %" SCNd64 " %" SCNd64 " %d", read_ms, end_ms, cut) == 3;
}

bool server_artifacts_current(const struct points_cache *cache, const char *run_id,
                              int64_t end_ms)
{
    int64_t read_ms, then_ms;
    size_t length;
    char *bytes;
    bool current;
    int cut;

    if (end_ms == ASSAY_NO_TIME) /* it goes on */
        return false;
    bytes = read_kept(cache, run_id, &length);
    current = read_head(bytes, length, &read_ms, &then_ms, &cut) && then_ms == end_ms;
    free(bytes);
    return current;
}

bool server_recall_artifacts(struct session_source *source, const char *run_id,
                             struct artifact_list *list, int64_t *read_ms)
{
    struct points_cache cache;
    int64_t end_ms;
    size_t length;
    char *bytes;
    bool found;
    int cut = 0;

    points_cache_open(&cache, source->server);
    bytes = read_kept(&cache, run_id, &length);
    points_cache_close(&cache);
    *read_ms = ASSAY_NO_TIME;
    read_head(bytes, length, read_ms, &end_ms, &cut);
    list->cut = cut != 0;
    for (const char *at = bytes, *end = at + length; bytes && at < end;) {
        const char *stop = memchr(at, '\0', (size_t)(end - at));
        uint64_t size;
        char kind;
        int used = 0;

        if (!stop)
            break;
        if (*at != 'h') {
            if (sscanf(at, "%c %" SCNu64 " %n", &kind, &size, &used) != 2 || !used)
                break;
            artifact_list_add(list, at + used, kind == 'd', size, ASSAY_NO_TIME);
        }
        at = stop + 1;
    }
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

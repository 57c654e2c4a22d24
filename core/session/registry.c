/*
 * Model registries, for the screens (in the background, kept) and for one-shots (waiting). A
 * server's answers are kept in the cache as they came, under one key of the source, and shown
 * from there while the server is silent; a store on disk is read when it is asked for, and
 * again when the store was scanned since: it is as near as the cache.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "remote/mlflow_registry.h"
#include "session/server_private.h"

#define STATE_KEY "registry"

/* ---- the cache: the time, then the answers ---- */

static void keep(struct session_source *source, struct assay_session *session,
                 const struct assay_buf *raw, int64_t now_ms)
{
    struct batch *batch = batch_new(source);
    struct batch_item *item = batch_add(batch, BATCH_STATE, STATE_KEY, NULL);
    char *bytes = assay_arena_alloc(&batch->arena, sizeof now_ms + raw->length);

    memcpy(bytes, &now_ms, sizeof now_ms);
    if (raw->length)
        memcpy(bytes + sizeof now_ms, raw->data, raw->length);
    item->u.state.bytes = bytes;
    item->u.state.length = sizeof now_ms + raw->length;
    batch_post(session, batch);
}

static struct assay_registry *recall(struct session_source *source,
                                     struct assay_session *session)
{
    struct assay_registry *registry = NULL;
    struct store *store = NULL;
    void *bytes = NULL;
    size_t length = 0;
    int64_t read_ms;

    if (!session->cache_path || !source->row ||
        store_open(&store, session->cache_path, STORE_CACHE, true, NULL) != ASSAY_OK)
        return NULL;
    if (store_read_state(store, source->row, STATE_KEY, &bytes, &length, NULL) == ASSAY_OK &&
        bytes && length >= sizeof read_ms) {
        memcpy(&read_ms, bytes, sizeof read_ms);
        mlflow_registry_parse(source->path, (char *)bytes + sizeof read_ms,
                              length - sizeof read_ms, &registry, NULL);
        if (registry)
            registry->read_ms = read_ms;
    }
    free(bytes);
    store_close(&store);
    return registry;
}

static bool is_stopped(void *context)
{
    return server_stopped(context);
}

/* From the server, into the cache too. On any thread that may wait. */
static enum assay_status ask_server(struct session_source *source,
                                    struct assay_session *session,
                                    bool (*stopped)(void *context), void *context,
                                    struct assay_registry **out, bool *offline,
                                    struct assay_error *err)
{
    struct assay_buf raw = {0};
    struct mlflow *client = NULL;
    int64_t now_ms = assay_now_ms();
    enum assay_status status = server_client(source->server, &client, err);

    *out = NULL;
    if (status == ASSAY_OK)
        status = mlflow_registry_fetch(client, &raw, stopped, context, err);
    *offline = status != ASSAY_OK && client && mlflow_offline(client);
    if (status == ASSAY_OK)
        status =
            mlflow_registry_parse(source->path, assay_buf_text(&raw), raw.length, out, err);
    if (status == ASSAY_OK) {
        (*out)->read_ms = now_ms;
        keep(source, session, &raw, now_ms);
    }
    assay_buf_free(&raw);
    return status;
}

/* From wherever it lies. On any thread that may wait. */
static enum assay_status fetch(struct session_source *source, struct assay_session *session,
                               struct assay_registry **out, bool *offline,
                               struct assay_error *err)
{
    enum assay_status status;

    *out = NULL;
    *offline = false;
    if (source->server)
        return ask_server(source, session, is_stopped, source->server, out, offline, err);
    status = source->ops->registry(source->self, out, err);
    if (status == ASSAY_OK)
        (*out)->read_ms = assay_now_ms();
    return status;
}

enum assay_status registry_pull(struct server *server, bool (*cancelled)(void *context),
                                void *context, struct registry_counts *counts,
                                struct assay_error *err)
{
    struct assay_registry *registry = NULL;
    bool offline;
    enum assay_status status = ask_server(server->source, server->session, cancelled, context,
                                          &registry, &offline, err);

    *counts = (struct registry_counts){0};
    for (size_t i = 0; registry && i < registry->count; i++) {
        const bool prompt = registry->models[i].prompt;

        counts->prompts += prompt;
        counts->models += !prompt;
        counts->versions += prompt ? 0 : registry->models[i].version_count;
    }
    assay_registry_free(&registry);
    return status;
}

/* ---- in the background ---- */

struct look {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct session_source *source;
    bool first; /* the cache is looked at before the server */
    bool last;  /* no other message of this look follows */
    bool offline;
    struct assay_registry *registry;
    struct assay_error error;
};

static struct look *look_of(struct message *message)
{
    return (struct look *)((char *)message - offsetof(struct look, message));
}

static void look_start(struct assay_session *session, struct session_source *source,
                       bool first);

static unsigned look_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *done)
{
    struct look *look = look_of(message);
    struct session_source *source = look->source;

    (void)until_us;
    (void)done;
    if (look->registry) {
        assay_registry_free(&source->registry.shown);
        source->registry.shown = look->registry;
        source->registry.kept = !look->last;
    }
    if (look->last) {
        source->registry.busy = false;
        source->registry.error = look->error;
        source->registry.offline = look->offline;
        if (source->registry.again && !session->closing)
            look_start(session, source, false);
    }
    free(look);
    return ASSAY_CHANGED_SOURCES;
}

static void look_discard_message(struct message *message)
{
    assay_registry_free(&look_of(message)->registry);
    free(look_of(message));
}

static void look_post(struct look *look)
{
    look->message.apply = look_apply;
    look->message.discard = look_discard_message;
    session_post(look->session, &look->message);
}

static void look_task(struct pool_task *task)
{
    struct look *look = (struct look *)task;

    if (look->first && look->source->server) {
        struct look *known = assay_alloc(sizeof *known);

        known->session = look->session;
        known->source = look->source;
        known->registry = recall(look->source, look->session);
        look_post(known);
    }
    fetch(look->source, look->session, &look->registry, &look->offline, &look->error);
    look->last = true;
    look_post(look);
}

static void look_discard(struct pool_task *task)
{
    free(task);
}

static void look_start(struct assay_session *session, struct session_source *source, bool first)
{
    struct look *look = assay_alloc(sizeof *look);

    source->registry.asked = source->registry.busy = true;
    source->registry.again = source->registry.stale = false;
    look->task.run = look_task;
    look->task.discard = look_discard;
    look->session = session;
    look->source = source;
    look->first = first;
    pool_add(source->server ? server_pool(source->server) : session->pool, &look->task, true);
}

/* ---- <assay/registry.h> ---- */

void registry_scanned(struct session_source *source, bool good)
{
    if (source->server ? good && source->registry.offline : true)
        source->registry.stale = true;
}

static struct session_source *source_at(const struct assay_session *session, uint32_t source)
{
    return source < session->source_count && session->sources[source]->ops &&
                   (session->sources[source]->server || session->sources[source]->ops->registry)
               ? session->sources[source]
               : NULL;
}

/* A store on disk that is not open yet is looked at once its first scan has opened it. */
static bool may_look(const struct assay_session *session, const struct session_source *source)
{
    return !session->closing && (source->server || (source->scanned && source->self));
}

const struct assay_registry *assay_session_registry(struct assay_session *session,
                                                    uint32_t index,
                                                    struct assay_registry_state *state)
{
    struct session_source *source = source_at(session, index);

    *state = (struct assay_registry_state){.load = ASSAY_LOAD_NONE};
    if (!source)
        return NULL;
    if ((!source->registry.asked || source->registry.stale) && !source->registry.busy &&
        may_look(session, source))
        look_start(session, source, !source->registry.asked);
    state->error = source->registry.error;
    if (!source->registry.asked && source->scanned) /* it could not be opened */
        state->error = assay_catalog_source(session->catalog, index)->error;
    state->load = source->registry.busy || (!source->registry.asked && !source->scanned)
                      ? ASSAY_LOAD_BUSY
                  : state->error.status != ASSAY_OK ? ASSAY_LOAD_FAILED
                                                    : ASSAY_LOAD_READY;
    state->offline = source->registry.offline;
    state->kept = source->registry.kept;
    return source->registry.shown;
}

bool assay_session_has_registry(const struct assay_session *session, uint32_t source)
{
    return source_at(session, source) != NULL;
}

void assay_session_registry_refresh(struct assay_session *session, uint32_t index)
{
    struct session_source *source = source_at(session, index);

    if (!source || !may_look(session, source))
        return;
    if (source->registry.busy)
        source->registry.again = true;
    else
        look_start(session, source, !source->registry.asked);
}

enum assay_status assay_session_registry_wait(struct assay_session *session, uint32_t index,
                                              struct assay_registry **out,
                                              struct assay_error *err)
{
    struct session_source *source = source_at(session, index);
    enum assay_status status;
    bool offline;

    *out = NULL;
    if (!source)
        return assay_fail(err, ASSAY_BAD_INPUT, "models: this source has no registry");
    if (session->cached && source->server) {
        *out = recall(source, session);
        return ASSAY_OK;
    }
    if (session->cached && !source->self) { /* as near as the cache */
        void *self = NULL;

        source->ops->open(&self, source->path, NULL);
        source->self = self;
    }
    if (!source->server && !source->self) { /* its scan could not open it, and said why */
        const struct assay_error *why = &assay_catalog_source(session->catalog, index)->error;

        return assay_fail(err, why->status != ASSAY_OK ? why->status : ASSAY_IO, "%s",
                          why->status != ASSAY_OK ? why->what : "it was not read yet");
    }
    status = fetch(source, session, out, &offline, err);
    do /* what is to be kept goes to the writer */
        assay_session_dispatch(session);
    while (session->held_first);
    if (status != ASSAY_OK && !*out && source->server)
        *out = recall(source, session);
    return status;
}

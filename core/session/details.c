/*
 * What a single run has besides numbers: its artifacts (listed in the background), the note
 * kept on it locally; and the saved views.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session_private.h"

#define ARTIFACTS_KEPT 8

/* ---- artifacts ---- */

struct artifacts_entry {
    struct artifacts_entry *next; /* most recently asked for first */
    uint32_t run;
    bool loading, stale;
    struct assay_artifacts shown;
    struct artifact_list list;
    char *directory;
};

struct artifacts_load {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct session_source *source;
    uint32_t run;
    char *experiment_id, *run_id, *uri;
    int64_t end_ms;  /* of the run; ASSAY_NO_TIME: it goes on */
    int64_t kept_ms; /* the list is what a server said then; ASSAY_NO_TIME: it is of now */
    struct artifact_list list;
    char *directory;
    enum assay_status status;
    struct assay_error error;
};

static void load_free(struct artifacts_load *load)
{
    artifact_list_free(&load->list);
    free(load->directory);
    free(load->experiment_id);
    free(load->run_id);
    free(load->uri);
    free(load);
}

static struct artifacts_load *load_of(struct message *message)
{
    return (struct artifacts_load *)((char *)message -
                                     offsetof(struct artifacts_load, message));
}

static void entry_free(struct artifacts_entry *entry)
{
    artifact_list_free(&entry->list);
    free(entry->directory);
    free(entry);
}

static struct artifacts_entry *find_entry(struct assay_session *session, uint32_t run)
{
    for (struct artifacts_entry *entry = session->artifacts; entry; entry = entry->next)
        if (entry->run == run)
            return entry;
    return NULL;
}

static unsigned artifacts_apply(struct assay_session *session, struct message *message,
                                int64_t until_us, bool *done)
{
    struct artifacts_load *load = load_of(message);
    struct artifacts_entry *entry = find_entry(session, load->run);

    (void)until_us;
    (void)done;
    if (entry) {
        artifact_list_free(&entry->list);
        free(entry->directory);
        entry->list = load->list;
        entry->directory = load->directory;
        load->list = (struct artifact_list){0};
        load->directory = NULL;
        entry->loading = false;
        entry->shown = (struct assay_artifacts){
            .load = load->status == ASSAY_OK ? ASSAY_LOAD_READY : ASSAY_LOAD_FAILED,
            .items = entry->list.items,
            .count = entry->list.count,
            .cut = entry->list.cut,
            .directory = entry->directory,
            .kept_ms = load->kept_ms,
            .error = load->status == ASSAY_OK ? entry->list.closed : load->error,
        };
    }
    load_free(load);
    return ASSAY_CHANGED_ARTIFACTS;
}

static void artifacts_discard(struct message *message)
{
    load_free(load_of(message));
}

/* A run of the local store that came from elsewhere: its files stayed where its source has
 * them.
 */
static enum assay_status left_behind(struct artifacts_load *load)
{
    load->directory = artifact_local_path(load->uri);
    if (load->directory && access(load->directory, F_OK) == 0)
        return artifact_list_walk(&load->list, load->directory, &load->error);
    free(load->directory);
    load->directory = NULL;
    return assay_fail(&load->error, ASSAY_IO, "the artifacts of run %s are not here: %s",
                      load->run_id, load->uri);
}

static void artifacts_task(struct pool_task *task)
{
    struct artifacts_load *load = (struct artifacts_load *)task;

    load->kept_ms = ASSAY_NO_TIME;
    load->status = load->source->ops
                       ? load->source->ops->artifacts(load->source->self, load->experiment_id,
                                                      load->run_id, load->uri, &load->list,
                                                      &load->directory, &load->error)
                       : left_behind(load);
    if (load->source->server && load->status == ASSAY_OK)
        server_keep_artifacts(load->source, load->run_id, load->end_ms, &load->list);
    else if (load->source->server && mlflow_offline(load->source->self) &&
             server_recall_artifacts(load->source, load->run_id, &load->list, &load->kept_ms))
        load->status = ASSAY_OK; /* as it was; the source says that it is offline */
    artifact_list_sort(&load->list);
    load->message.apply = artifacts_apply;
    load->message.discard = artifacts_discard;
    session_post(load->session, &load->message);
}

static void artifacts_discard_task(struct pool_task *task)
{
    load_free((struct artifacts_load *)task);
}

static void artifacts_start(struct assay_session *session, struct artifacts_entry *entry)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, entry->run);
    struct session_source *source = session->sources[run->source];
    struct artifacts_load *load;

    entry->stale = false;
    if (source->ops ? !source->ops->artifacts : !*run->artifact_uri) {
        entry->shown =
            (struct assay_artifacts){.load = ASSAY_LOAD_READY, .kept_ms = ASSAY_NO_TIME};
        return;
    }
    if (source->ops &&
        !source->self) /* nothing but the cache so far: ask again once it is open */
        return;
    load = assay_alloc(sizeof *load);
    load->task.run = artifacts_task;
    load->task.discard = artifacts_discard_task;
    load->session = session;
    load->source = source;
    load->run = entry->run;
    load->end_ms = run->status == ASSAY_RUN_RUNNING ? ASSAY_NO_TIME : run->end_ms;
    load->experiment_id =
        assay_strdup(assay_catalog_experiment(session->catalog, run->experiment)->id);
    load->run_id = assay_strdup(run->id);
    load->uri = assay_strdup(run->artifact_uri);
    entry->loading = true;
    pool_add(source->server ? server_pool(source->server) : session->pool, &load->task, true);
}

/* Moves or makes the entry to the front, and lets go of the ones not asked for lately. */
static struct artifacts_entry *entry_to_front(struct assay_session *session, uint32_t run)
{
    struct artifacts_entry **link = &session->artifacts, *entry;
    size_t kept = 0;

    while (*link && (*link)->run != run)
        link = &(*link)->next;
    entry = *link;
    if (entry) {
        *link = entry->next;
    } else {
        entry = assay_alloc(sizeof *entry);
        entry->run = run;
        entry->stale = true;
        entry->shown.kept_ms = ASSAY_NO_TIME;
    }
    entry->next = session->artifacts;
    session->artifacts = entry;
    for (link = &session->artifacts; *link;) {
        struct artifacts_entry *each = *link;

        if (++kept <= ARTIFACTS_KEPT || each->loading) {
            link = &each->next;
            continue;
        }
        *link = each->next;
        entry_free(each);
    }
    return entry;
}

const struct assay_artifacts *assay_session_artifacts(struct assay_session *session,
                                                      uint32_t run)
{
    struct artifacts_entry *entry = entry_to_front(session, run);

    if (!entry->loading && (entry->stale || entry->shown.load == ASSAY_LOAD_BUSY))
        artifacts_start(session, entry);
    return &entry->shown;
}

const struct assay_artifacts *assay_session_artifacts_wait(struct assay_session *session,
                                                           uint32_t run)
{
    for (;;) {
        struct pollfd ready = {.fd = session->epoll_fd, .events = POLLIN};
        const struct assay_artifacts *artifacts = assay_session_artifacts(session, run);

        if (artifacts->load != ASSAY_LOAD_BUSY)
            return artifacts;
        poll(&ready, 1, 1000);
        assay_session_dispatch(session);
    }
}

void details_run_changed(struct assay_session *session, uint32_t run)
{
    struct artifacts_entry *entry = find_entry(session, run);

    if (entry)
        entry->stale = true;
}

/* ---- notes ---- */

const char *assay_session_note(struct assay_session *session, uint32_t run)
{
    const struct assay_run *shown = assay_catalog_run(session->catalog, run);
    const struct session_source *source = session->sources[shown->source];

    free(session->note);
    session->note = NULL;
    if (session->store)
        store_read_note(session->store, source->kind,
                        source->ops ? source->path : STORE_LOCAL_PLACE, shown->id,
                        &session->note, NULL);
    return session->note ? session->note : "";
}

enum assay_status assay_session_set_note(struct assay_session *session, uint32_t run,
                                         const char *text, struct assay_error *err)
{
    const struct assay_run *shown = assay_catalog_run(session->catalog, run);
    const struct session_source *source = session->sources[shown->source];
    struct store *store = NULL;
    enum assay_status status = session_store(session, &store, err);

    if (status == ASSAY_OK)
        status =
            store_put_note(store, source->kind, source->ops ? source->path : STORE_LOCAL_PLACE,
                           shown->id, text, err);
    store_close(&store);
    return status;
}

/* ---- saved views ---- */

static bool take_view(void *context, const struct assay_saved_view *view)
{
    struct assay_session *session = context;
    struct assay_arena *arena = &session->view_arena;

    session->views =
        assay_realloc_array(session->views, session->view_count + 1, sizeof *session->views);
    session->views[session->view_count++] = (struct assay_saved_view){
        .name = assay_arena_strdup(arena, view->name),
        .filter = assay_arena_strdup(arena, view->filter),
        .sort = assay_arena_strdup(arena, view->sort),
        .columns = assay_arena_strdup(arena, view->columns),
    };
    return true;
}

size_t assay_session_views(struct assay_session *session, const struct assay_saved_view **views)
{
    if (!session->views_read && session->store) {
        assay_arena_free(&session->view_arena);
        session->view_count = 0;
        session->views_read = true;
        store_read_views(session->store, take_view, session, NULL);
    }
    *views = session->views;
    return session->view_count;
}

enum assay_status assay_session_save_view(struct assay_session *session,
                                          const struct assay_saved_view *view,
                                          struct assay_error *err)
{
    struct store *store = NULL;
    enum assay_status status = session_store(session, &store, err);

    if (status == ASSAY_OK)
        status = store_put_view(store, view, err);
    store_close(&store);
    session->views_read = false;
    return status;
}

enum assay_status assay_session_delete_view(struct assay_session *session, const char *name,
                                            struct assay_error *err)
{
    struct store *store = NULL;
    enum assay_status status = session_store(session, &store, err);

    if (status == ASSAY_OK)
        status = store_delete_view(store, name, err);
    store_close(&store);
    session->views_read = false;
    return status;
}

void details_free(struct assay_session *session)
{
    while (session->artifacts) {
        struct artifacts_entry *entry = session->artifacts;

        session->artifacts = entry->next;
        entry_free(entry);
    }
    free(session->note);
    free(session->views);
    assay_arena_free(&session->view_arena);
}

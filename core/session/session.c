/*
 * The session: opens what was asked for, takes in what the other threads made, closes. The rest
 * of the folder is listed in session_private.h.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>

#include "session/session_private.h"

#define DISPATCH_US 4000
#define THREADS_MIN 2
#define THREADS_MAX 4

/* ---- messages ---- */

void session_wake(struct assay_session *session)
{
    uint64_t one = 1;
    ssize_t ignored = write(session->event_fd, &one, sizeof one);

    (void)ignored;
}

void session_post(struct assay_session *session, struct message *message)
{
    message->next = NULL;
    pthread_mutex_lock(&session->inbox_lock);
    if (session->inbox_last)
        session->inbox_last->next = message;
    else
        session->inbox_first = message;
    session->inbox_last = message;
    pthread_mutex_unlock(&session->inbox_lock);
    session_wake(session);
}

/* Moves what came to the end of what is at hand. */
static void take_inbox(struct assay_session *session)
{
    pthread_mutex_lock(&session->inbox_lock);
    if (session->inbox_first) {
        if (session->held_last)
            session->held_last->next = session->inbox_first;
        else
            session->held_first = session->inbox_first;
        session->held_last = session->inbox_last;
        session->inbox_first = session->inbox_last = NULL;
    }
    pthread_mutex_unlock(&session->inbox_lock);
}

static void progress(struct assay_session *session)
{
    for (size_t i = 0; i < session->source_count; i++) {
        struct session_source *source = session->sources[i];

        if (!source->scanning)
            continue;
        catalog_source(session->catalog, source->index)->done = atomic_load(&source->done);
        catalog_source(session->catalog, source->index)->total = atomic_load(&source->total);
        session->changes |= ASSAY_CHANGED_SOURCES;
    }
}

unsigned assay_session_dispatch(struct assay_session *session)
{
    int64_t until = assay_monotonic_us() + DISPATCH_US;
    uint64_t woken, one = 1;
    unsigned changed;
    ssize_t ignored = read(session->event_fd, &woken, sizeof woken);

    take_inbox(session);
    while (session->held_first) {
        struct message *message = session->held_first;
        struct message *next = message->next;
        bool done = true;

        session->changes |= message->apply(session, message, until, &done);
        if (!done)
            break;
        session->held_first = next;
        if (!next)
            session->held_last = NULL;
        if (assay_monotonic_us() > until)
            break;
    }
    if (session->held_first) /* more to do: stay readable */
        ignored = write(session->event_fd, &one, sizeof one);
    (void)ignored;
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->server)
            server_dispatch(session->sources[i]);
    session->changes |= watch_dispatch(session);
    progress(session);
    changed = session->changes;
    session->changes = 0;
    return changed;
}

static bool is_settled(struct assay_session *session)
{
    bool empty;

    pthread_mutex_lock(&session->inbox_lock);
    empty = !session->inbox_first;
    pthread_mutex_unlock(&session->inbox_lock);
    if (!empty || session->held_first || session->detecting)
        return false;
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->scanning || !session->sources[i]->scanned)
            return false;
    return true;
}

static enum assay_status offline_error(const struct assay_source *source,
                                       struct assay_error *err)
{
    char age[16];

    if (source->read_ms == ASSAY_NO_TIME)
        assay_fail(err, ASSAY_IO, "%s", source->error.what);
    else
        assay_fail(err, ASSAY_IO, "%s (offline, as of %s ago)", source->error.what,
                   assay_age_text(age, source->read_ms, assay_now_ms()));
    assay_hint(err, "%s", source->error.hint);
    return ASSAY_IO;
}

/* The first server that is still being read; NULL where none is. */
static const struct assay_source *waited_for(const struct assay_session *session)
{
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->server &&
            (session->sources[i]->scanning || !session->sources[i]->scanned))
            return assay_catalog_source(session->catalog, session->sources[i]->index);
    return NULL;
}

enum assay_status assay_session_wait(struct assay_session *session, struct assay_error *err)
{
    return assay_session_wait_aloud(session, NULL, err);
}

enum assay_status assay_session_wait_aloud(struct assay_session *session,
                                           void (*slow)(const struct assay_source *source),
                                           struct assay_error *err)
{
    struct pollfd ready = {.fd = session->epoll_fd, .events = POLLIN};
    int64_t slow_us = assay_monotonic_us() + 2000000;

    while (!is_settled(session)) {
        poll(&ready, 1, slow ? 200 : 1000);
        assay_session_dispatch(session);
        if (slow && assay_monotonic_us() >= slow_us && waited_for(session)) {
            slow(waited_for(session));
            slow = NULL;
        }
    }
    if (session->wait_error.status != ASSAY_OK) {
        if (err && err->status == ASSAY_OK)
            *err = session->wait_error;
        return session->wait_error.status;
    }
    for (size_t i = 0; i < session->source_count; i++) {
        const struct assay_source *source =
            assay_catalog_source(session->catalog, session->sources[i]->index);

        if (source->state == ASSAY_SOURCE_OFFLINE)
            return offline_error(source, err);
        if (source->state != ASSAY_SOURCE_FAILED)
            continue;
        if (session->sources[i]->server || /* its client names it */
            strncmp(source->error.what, source->where, strlen(source->where)) == 0)
            assay_fail(err, ASSAY_IO, "%s", source->error.what);
        else
            assay_fail(err, ASSAY_IO, "%s: %s", source->where, source->error.what);
        assay_hint(err, "%s", source->error.hint);
        return ASSAY_IO;
    }
    return ASSAY_OK;
}

/* ---- sources ---- */

struct session_source *session_add_source(struct assay_session *session, const char *kind,
                                          const char *name, const char *path,
                                          const struct source_ops *ops)
{
    struct session_source *source = assay_alloc(sizeof *source);
    char *unique = places_name(session, name, path);

    source->index = catalog_add_source(session->catalog, kind, unique, path);
    source->ops = ops;
    source->kind = assay_strdup(kind);
    source->path = assay_strdup(path);
    source->again_us = INT64_MAX;
    pthread_mutex_init(&source->memory_lock, NULL);
    ASSAY_GROW(session->sources, session->source_capacity, session->source_count + 1);
    session->sources[session->source_count++] = source;
    session->changes |= ASSAY_CHANGED_SOURCES;
    free(unique);
    return source;
}

static void source_free(struct session_source *source)
{
    if (source->server)
        server_free(&source->server); /* the client goes with it */
    else if (source->self)
        source->ops->close(source->self);
    assay_registry_free(&source->registry.shown);
    run_logged_free(source);
    for (size_t i = 0; i < source->memory_count; i++)
        free(source->memory[i].bytes);
    free(source->memory);
    assay_map_free(&source->memory_index);
    assay_map_free(&source->marks_index);
    assay_map_free(&source->moved);
    free(source->marks);
    free(source->end_key);
    free(source->own_changes);
    pthread_mutex_destroy(&source->memory_lock);
    free(source->kind);
    free(source->path);
    free(source);
}

/* What the cache has of a new source is shown, then the source is read; or that is all. */
static void first_look(struct assay_session *session, struct session_source *source)
{
    stored_load_cached(session, source);
    if (session->cached)
        source->scanned = true;
    else
        scan_start(session, source);
}

/* Looking at one place, on a pool thread: a slow disk must not hold up the first frame. */
struct detection {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    char *name, *place, *real; /* REAL: PLACE without links, NULL where there is none */
    bool named;
    uint32_t asked; /* of struct assay_source */
    int missing;    /* errno where the place itself is not to be had, or not readable */
    struct source_found found;
};

static void detection_free(struct detection *detection)
{
    source_found_free(&detection->found);
    free(detection->name);
    free(detection->place);
    free(detection->real);
    free(detection);
}

static struct detection *detection_of(struct message *message)
{
    return (struct detection *)((char *)message - offsetof(struct detection, message));
}

static bool is_open(const struct assay_session *session, const char *kind, const char *path)
{
    for (size_t i = 0; i < session->source_count; i++)
        if (strcmp(session->sources[i]->kind, kind) == 0 &&
            strcmp(session->sources[i]->path, path) == 0)
            return true;
    return false;
}

/* One of ours is no source: a process has one local store. Whether PLACE is one; it is told. */
static bool own_database(struct assay_session *session, const char *place)
{
    if (!store_is_one(place))
        return false;
    assay_fail(&session->wait_error, ASSAY_BAD_INPUT,
               "%s: a database of Assay's own, which is no source", place);
    assay_hint(&session->wait_error,
               "a local store is read by the name local, and ASSAY_STORE=FILE in the "
               "environment says which");
    activity_notice(session, "%s: a database of Assay's own (ASSAY_STORE=FILE opens it)",
                    place);
    return true;
}

/* What is in the configuration file was asked for, even where nothing was named. */
static void nothing_found(struct assay_session *session, const struct detection *detection)
{
    if (detection->missing && (detection->name || detection->named)) {
        missing_add(session, detection->name, detection->place);
        return;
    }
    activity_empty_place(session, detection->real ? detection->real : detection->place);
    if (detection->name && !detection->named)
        activity_notice(session, "%s: no experiments found in %s", detection->name,
                        detection->place);
    if (!detection->named || own_database(session, detection->place))
        return;
    assay_fail(&session->wait_error, ASSAY_BAD_INPUT, "%s: no experiments found there",
               detection->place);
    assay_hint(&session->wait_error,
               "Assay reads mlruns/ directories, mlflow.db files, TensorBoard event files and "
               "bundles of assay compare");
    activity_notice(session,
                    "%s: no experiments found there (mlruns/ directories, mlflow.db "
                    "files and TensorBoard event files are looked for)",
                    detection->place);
}

static unsigned detection_apply(struct assay_session *session, struct message *message,
                                int64_t until_us, bool *done)
{
    struct detection *detection = detection_of(message);

    (void)until_us;
    (void)done;
    session->detecting--;
    for (size_t i = 0; i < detection->found.count; i++) {
        const struct source_place *place = &detection->found.places[i];
        struct session_source *source;

        if (is_open(session, place->ops->kind, place->path))
            continue;
        source = session_add_source(session, place->ops->kind, detection->name, place->path,
                                    place->ops);
        catalog_source(session->catalog, source->index)->asked = detection->asked;
        first_look(session, source);
    }
    if (!detection->found.count)
        nothing_found(session, detection);
    detection_free(detection);
    return ASSAY_CHANGED_SOURCES | ASSAY_CHANGED_RUNS;
}

static void detection_discard(struct message *message)
{
    detection_free(detection_of(message));
}

static void detection_task(struct pool_task *task)
{
    struct detection *detection = (struct detection *)task;

    detection->real = realpath(detection->place, NULL);
    detection->missing = missing_reason(detection->place);
    source_detect(detection->real ? detection->real : detection->place, &detection->found);
    detection->message.apply = detection_apply;
    detection->message.discard = detection_discard;
    session_post(detection->session, &detection->message);
}

static void detection_discard_task(struct pool_task *task)
{
    detection_free((struct detection *)task);
}

/* A server is there or not: nothing to detect. What the cache has of it is shown at once. */
static void add_server(struct assay_session *session, const struct session_place *place)
{
    struct session_source *source = session_add_source(session, mlflow_source.kind, place->name,
                                                       place->place, &mlflow_source);

    source->server = server_new(session, source, place->settings);
    if (session->filter)
        server_ask(source, session->filter, true);
    catalog_source(session->catalog, source->index)->asked = ++session->asked;
    first_look(session, source);
}

static void detect(struct assay_session *session, const struct session_place *place)
{
    struct detection *detection = assay_alloc(sizeof *detection);

    detection->task.run = detection_task;
    detection->task.discard = detection_discard_task;
    detection->session = session;
    detection->name = assay_strdup(place->name);
    detection->place = assay_strdup(place->place);
    detection->named = place->named;
    detection->asked = ++session->asked;
    session->detecting++;
    pool_add(session->pool, &detection->task, false);
}

/* ---- databases ---- */

struct store *session_cache(struct assay_session *session)
{
    if (!session->cache && session->cache_path && access(session->cache_path, F_OK) == 0)
        store_open(&session->cache, session->cache_path, STORE_CACHE, true, NULL);
    return session->cache;
}

enum assay_status session_store(struct assay_session *session, struct store **out,
                                struct assay_error *err)
{
    enum assay_status status;

    *out = NULL;
    if (!session->store_path)
        return assay_fail(err, ASSAY_IO,
                          "there is no home directory to keep the local store in");
    status = store_open(out, session->store_path, STORE_LOCAL, false, err);
    if (status == ASSAY_OK && !session->store)
        store_open(&session->store, session->store_path, STORE_LOCAL, true, NULL);
    return status;
}

/* The cache is written by a thread of its own; without a place for it there is none. */
static void open_cache(struct assay_session *session)
{
    session->cache_path = store_default_path(STORE_CACHE);
    if (!session->cache_path) {
        activity_notice(session, "there is no home directory to keep the cache in");
        return;
    }
    if (!session->cached)
        session->writer = writer_new(session, session->cache_path);
}

/* ---- opening and closing ---- */

static size_t thread_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors < THREADS_MIN   ? THREADS_MIN
           : processors > THREADS_MAX ? THREADS_MAX
                                      : (size_t)processors;
}

static struct assay_session *session_new(bool live)
{
    struct assay_session *session = assay_alloc(sizeof *session);
    struct epoll_event event = {.events = EPOLLIN};

    session->live = live;
    session->use_fd = -1;
    session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    session->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    event.data.fd = session->event_fd;
    epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, session->event_fd, &event);
    pthread_mutex_init(&session->inbox_lock, NULL);
    pthread_mutex_init(&session->focus_lock, NULL);
    session->pool = pool_new(thread_count());
    session->catalog = catalog_new(&(struct catalog_hooks){
        .context = session,
        .fetch = stored_fetch_attrs,
        .look = stored_look_at_attrs,
        .load_column = columns_load,
        .fill_rare = columns_ahead_fill,
        .put_expected = stored_put_rest,
    });
    watch_open(session);
    return session;
}

enum assay_status assay_session_open(struct assay_session **out,
                                     const struct assay_session_options *options,
                                     struct assay_error *err)
{
    struct assay_session *session = session_new(options->live);
    struct session_places places = {0};
    enum assay_status status = places_collect(options, &places, err);

    *out = NULL;
    session->cached = options->cached;
    session->patience_ms = options->patience_ms;
    session->cache_most = options->cache_most ? options->cache_most : ASSAY_CACHE_BYTES;
    session->copies_most = options->copies_most ? options->copies_most : ASSAY_COPIES_BYTES;
    if (status != ASSAY_OK)
        goto fail;
    if (options->sure)
        options->sure(options->sure_context);
    session->store_path = store_default_path(STORE_LOCAL);
    open_cache(session);
    session->reads_local = places.local;
    if (places.local) {
        stored_open_local(session);
        watch_local(session);
    } else if (session->store_path && access(session->store_path, F_OK) == 0) {
        store_open(&session->store, session->store_path, STORE_LOCAL, true, NULL); /* notes */
    }
    session->filter = options->live ? NULL : options->filter;
    for (size_t i = 0; i < places.count; i++)
        if (places.items[i].settings)
            add_server(session, &places.items[i]);
        else
            detect(session, &places.items[i]);
    session->filter = NULL;
    places_free(&places);
    *out = session;
    return ASSAY_OK;
fail:
    places_free(&places);
    assay_session_close(&session);
    return status;
}

static void discard_messages(struct message *first)
{
    while (first) {
        struct message *next = first->next;

        first->discard(first);
        first = next;
    }
}

void assay_session_close(struct assay_session **session_ptr)
{
    struct assay_session *session = *session_ptr;

    if (!session)
        return;
    session->closing = true;
    atomic_store(&session->ahead.stop, true);
    assay_session_cancel(session, 0);
    if (session->net)
        net_stop(session->net);
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->server)
            server_stop(session->sources[i]->server);
    pool_free(&session->pool);
    /* A one-shot leaves a whole cache behind; the workbench ends at once. */
    writer_free(&session->writer, !session->live);
    discard_messages(session->held_first);
    discard_messages(session->inbox_first);
    points_free(session);
    change_job_free(&session->changed);
    pulls_free(session);
    copies_free(session);
    digests_free(session);
    details_free(session);
    columns_ahead_free(session);
    assay_session_read_attrs_end(session);
    activity_free(session);
    watch_close(session);
    for (size_t i = 0; i < session->source_count; i++)
        source_free(session->sources[i]);
    net_free(&session->net);
    free(session->sources);
    free(session->reported);
    stored_rest_free(session);
    store_close(&session->store);
    store_close(&session->cache);
    catalog_free(&session->catalog);
    if (session->use_fd >= 0)
        close(session->use_fd);
    free(session->store_path);
    free(session->cache_path);
    pthread_mutex_destroy(&session->inbox_lock);
    pthread_mutex_destroy(&session->focus_lock);
    close(session->event_fd);
    close(session->epoll_fd);
    free(session);
    *session_ptr = NULL;
}

/* ---- small things ---- */

struct assay_catalog *assay_session_catalog(struct assay_session *session)
{
    return session->catalog;
}

int assay_session_fd(const struct assay_session *session)
{
    return session->epoll_fd;
}

void assay_session_refresh(struct assay_session *session, uint32_t source)
{
    if (!session->local || source == ASSAY_NONE || source == session->local->index) {
        session->changes |= stored_reload_local(session);
        watch_local(session);
    }
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->ops && (source == ASSAY_NONE || source == i)) {
            if (session->sources[i]->server)
                server_whole(session->sources[i]->server);
            scan_start(session, session->sources[i]);
        }
}

void assay_session_focus(struct assay_session *session, uint32_t run)
{
    pthread_mutex_lock(&session->focus_lock);
    memset(session->focus, 0, sizeof session->focus);
    if (run != ASSAY_NONE)
        strncpy(session->focus, assay_catalog_run(session->catalog, run)->id,
                sizeof session->focus - 1);
    pthread_mutex_unlock(&session->focus_lock);
}

bool assay_session_reads_local(const struct assay_session *session)
{
    return session->reads_local;
}

const char *assay_session_store_path(const struct assay_session *session)
{
    return session->store_path ? session->store_path : "";
}

const char *assay_session_cache_path(const struct assay_session *session)
{
    return session->cache_path ? session->cache_path : "";
}

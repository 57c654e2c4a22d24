/*
 * The points that screens ask a server for. What is wanted is gathered in a queue, so that the
 * fifty series of a chart become a handful of requests instead of fifty; a task of the server's
 * own threads takes them from there, looks into the cache, asks the server for the rest, and
 * posts each series as it comes: first a sample where there are many points, then all of them.
 */
#include <stdlib.h>
#include <string.h>

#include "session/server_private.h"

#define DRAINS      2
#define DRAIN_WANTS 4096

/* ---- arriving: on the session's thread ---- */

struct arrival {
    struct message message;
    struct series_entry *entry;
    struct assay_series *series;
    uint64_t version;
    bool partial;
    struct assay_error error;
};

static unsigned arrival_apply(struct assay_session *session, struct message *message,
                              int64_t until_us, bool *done)
{
    struct arrival *arrival = (struct arrival *)message;

    (void)until_us;
    (void)done;
    points_arrived(session, arrival->entry, arrival->series, arrival->version, arrival->partial,
                   &arrival->error);
    free(arrival);
    return ASSAY_CHANGED_SERIES;
}

static void arrival_discard(struct message *message)
{
    struct arrival *arrival = (struct arrival *)message;

    assay_series_free(&arrival->series);
    free(arrival);
}

static void post(struct server *server, const struct want *want, struct assay_series *series,
                 bool partial, const struct assay_error *error)
{
    struct arrival *arrival = assay_alloc(sizeof *arrival);

    arrival->message.apply = arrival_apply;
    arrival->message.discard = arrival_discard;
    arrival->entry = want->entry;
    arrival->series = series;
    arrival->version = want->version;
    arrival->partial = partial;
    if (error)
        arrival->error = *error;
    session_post(server->session, &arrival->message);
}

/* ---- draining: on a thread of the server's ---- */

struct drain {
    struct pool_task task;
    struct server *server;
    struct points_cache cache;
    struct want **wants; /* those the server is asked for */
    struct mlflow_wanted *wanted;
    struct assay_series **known; /* of running runs: what the cache has */
    bool *answered;
    size_t count;
};

/* What is queued, up to DRAIN_WANTS of it. */
static struct want *take_wants(struct server *server)
{
    struct want *first, *last = NULL;
    size_t count = 0;

    pthread_mutex_lock(&server->lock);
    first = server->first;
    for (struct want *want = first; want && count < DRAIN_WANTS; want = want->next, count++)
        last = want;
    if (last) {
        server->first = last->next;
        last->next = NULL;
        if (!server->first)
            server->last = NULL;
    } else {
        server->draining--;
    }
    pthread_mutex_unlock(&server->lock);
    return first;
}

/* True where the cache has all there is. Else *KNOWN is what it has of a run that goes on:
   while it does, only what came since is asked for; when it has ended, everything once more. */
static bool from_cache(struct drain *drain, const struct want *want,
                       struct assay_series **known)
{
    struct points_mark mark;
    struct assay_series *series;
    bool fits;

    *known = NULL;
    if (!want->known || !points_cache_mark(&drain->cache, want->run_id, want->metric, &mark))
        return false;
    fits = points_mark_fits(&mark, &want->latest, want->running);
    if (!fits && !want->running)
        return false;
    series = points_cache_read(&drain->cache, want->run_id, want->metric);
    if (!series || assay_series_count(series) != mark.n) {
        assay_series_free(&series);
        return false;
    }
    if (!fits)
        *known = series;
    else
        post(drain->server, want, series, false, NULL);
    return fits;
}

static bool got_series(void *context, struct mlflow_got *got)
{
    struct drain *drain = context;
    size_t i = (size_t)(got->wanted - drain->wanted);
    const struct want *want = drain->wants[i];
    struct server *server = drain->server;

    if (!got->series) {
        /* What an earlier day left is better than nothing; its source says that it is offline.
         */
        struct assay_series *old =
            got->status == ASSAY_CANCELLED
                ? NULL
                : points_cache_read(&drain->cache, want->run_id, want->metric);

        if (old && !assay_series_count(old))
            assay_series_free(&old);
        post(server, want, old, false, &got->error);
        drain->answered[i] = true;
        return !server_stopped(server);
    }
    if (got->part == MLFLOW_COMPLETE) {
        struct batch *batch = batch_new(server->source);

        points_cache_add(batch, want->run_id, want->metric, got->series, want->running);
        batch_post(server->session, batch);
        drain->answered[i] = true;
    }
    post(server, want, got->series, got->part == MLFLOW_SAMPLED, NULL);
    got->series = NULL;
    return !server_stopped(server);
}

static bool drain_stopped(void *context)
{
    return server_stopped(((struct drain *)context)->server);
}

/* The wants of a list that the cache does not answer, put to the server. */
static void answer(struct drain *drain, struct want *first)
{
    struct server *server = drain->server;
    struct assay_error error = {0};
    struct mlflow *client = NULL;
    enum assay_status status;
    size_t all = 0;

    for (struct want *want = first; want; want = want->next)
        all++;
    drain->wants = assay_alloc_array(all, sizeof(struct want *));
    drain->wanted = assay_alloc_array(all, sizeof *drain->wanted);
    drain->answered = assay_alloc_array(all, sizeof *drain->answered);
    drain->known = assay_alloc_array(all, sizeof(struct assay_series *));
    drain->count = 0;
    for (struct want *want = first; want && !server_stopped(server); want = want->next) {
        if (from_cache(drain, want, &drain->known[drain->count]))
            continue;
        drain->wants[drain->count] = want;
        drain->wanted[drain->count] =
            (struct mlflow_wanted){.run_id = want->run_id,
                                   .metric = want->metric,
                                   .known = drain->known[drain->count]};
        drain->count++;
    }
    status = drain->count ? server_client(server, &client, &error) : ASSAY_OK;
    if (status == ASSAY_OK && drain->count)
        status = mlflow_histories(client, drain->wanted, drain->count, server->session->live,
                                  got_series, drain_stopped, drain, &error);
    for (size_t i = 0; i < drain->count; i++) {
        struct mlflow_got failed = {.wanted = &drain->wanted[i], .status = status};

        if (drain->answered[i])
            continue;
        assay_fail(&error, ASSAY_IO, "%s: no answer", server->source->path);
        failed.error = error;
        got_series(drain, &failed);
    }
    for (size_t i = 0; i < drain->count; i++)
        assay_series_free(&drain->known[i]);
    free(drain->known);
    free(drain->wants);
    free(drain->wanted);
    free(drain->answered);
}

static void drain_task(struct pool_task *task)
{
    struct drain *drain = (struct drain *)task;
    struct want *first;

    while ((first = take_wants(drain->server))) {
        points_cache_open(&drain->cache, drain->server);
        answer(drain, first);
        points_cache_close(&drain->cache);
        while (first) {
            struct want *want = first;

            first = want->next;
            want_free(want);
        }
    }
    free(drain);
}

static void drain_discard(struct pool_task *task)
{
    free(task);
}

void server_want(struct assay_session *session, struct series_entry *entry)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, entry->run);
    const struct assay_metric *metric =
        assay_attrs_metric(assay_catalog_attrs(session->catalog, entry->run), entry->metric);
    struct server *server = session->sources[run->source]->server;
    struct want *want = assay_alloc(sizeof *want);

    want->entry = entry;
    want->version = run->version;
    want->run_id = assay_strdup(run->id);
    want->metric = assay_strdup(entry->metric);
    want->running = run->status == ASSAY_RUN_RUNNING;
    want->known = metric != NULL;
    if (metric)
        want->latest = metric->summary;
    pthread_mutex_lock(&server->lock);
    if (server->last)
        server->last->next = want;
    else
        server->first = want;
    server->last = want;
    pthread_mutex_unlock(&server->lock);
    session_wake(session);
}

/* Once a frame has asked for all it wants. */
void server_dispatch(struct session_source *source)
{
    struct server *server = source->server;
    struct drain *drain = NULL;

    pthread_mutex_lock(&server->lock);
    if (server->first && server->draining < DRAINS) {
        server->draining++;
        drain = assay_alloc(sizeof *drain);
    }
    pthread_mutex_unlock(&server->lock);
    if (!drain)
        return;
    drain->task.run = drain_task;
    drain->task.discard = drain_discard;
    drain->server = server;
    pool_add(server->pool, &drain->task, true);
}

/*
 * What a pull brings besides points: the registry, the models that were logged, traces, and the
 * list of each run's artifacts. Each is asked for on a thread of its own, beside the points, so
 * that all together take the way to the server once where nothing has changed, and nobody waits
 * for a list while points could come. Called by server_pull.c.
 */
#include <pthread.h>
#include <stdlib.h>

#include "session/server_private.h"

#define BATCH_LISTS 64

/* One of those that are asked for, on a thread of its own. */
struct pull_beside {
    struct pull_lists *lists;
    enum { ARTIFACTS, REGISTRY, LOGGED, TRACES, BESIDES } kind;
    pthread_t thread;
    bool started;
    enum assay_status status;
    uint64_t failed;          /* lists */
    struct assay_error error; /* of the first of them */
};
struct artifacts { /* the lists that are on their way */
    struct pull_beside *beside;
    struct pull_lists *lists;
    const char **ids;
    int64_t *end_ms;
    size_t count;
    struct batch *batch;
};

static void note_error(struct pull_beside *beside, const struct assay_error *error)
{
    atomic_fetch_add(&beside->lists->failed, 1);
    if (!beside->failed++)
        beside->error = *error;
}

uint64_t pull_lists_total(const struct pull_lists *lists)
{
    return lists->run_count + lists->registry + (lists->experiment_count ? 2 : 0);
}

/* ---- artifacts ---- */

static void send(struct artifacts *artifacts)
{
    if (artifacts->batch)
        batch_post(artifacts->lists->server->session, artifacts->batch);
    artifacts->batch = NULL;
}

static bool got(void *context, size_t index, enum assay_status status,
                struct artifact_list *list, const struct assay_error *error)
{
    struct artifacts *artifacts = context;
    struct pull_lists *lists = artifacts->lists;

    if (status == ASSAY_OK) {
        if (!artifacts->batch)
            artifacts->batch = batch_new(lists->server->source);
        server_add_artifacts(artifacts->batch, artifacts->ids[index], artifacts->end_ms[index],
                             list);
        atomic_fetch_add(&lists->artifacts, 1);
        atomic_fetch_add(&lists->done, 1);
        if (artifacts->batch->count >= BATCH_LISTS)
            send(artifacts);
    } else if (status != ASSAY_CANCELLED) {
        note_error(artifacts->beside, error);
    }
    session_wake(lists->server->session);
    return !lists->stopped(lists->context);
}

static bool is_stopped(void *context)
{
    const struct pull_lists *lists = ((const struct artifacts *)context)->lists;

    return lists->stopped(lists->context);
}

/* Those that the cache has not. */
static void choose(struct artifacts *artifacts)
{
    struct pull_lists *lists = artifacts->lists;
    struct points_cache cache;

    artifacts->ids = assay_alloc_array(lists->run_count + 1, sizeof *artifacts->ids);
    artifacts->end_ms = assay_alloc_array(lists->run_count + 1, sizeof *artifacts->end_ms);
    points_cache_open(&cache, lists->server);
    for (size_t i = 0; i < lists->run_count; i++) {
        if (server_artifacts_current(&cache, lists->run_ids[i], lists->end_ms[i])) {
            atomic_fetch_add(&lists->unchanged, 1);
            atomic_fetch_add(&lists->artifacts, 1);
            atomic_fetch_add(&lists->done, 1);
            continue;
        }
        artifacts->ids[artifacts->count] = lists->run_ids[i];
        artifacts->end_ms[artifacts->count++] = lists->end_ms[i];
    }
    points_cache_close(&cache);
}

static void list_artifacts(struct pull_beside *beside)
{
    struct pull_lists *lists = beside->lists;
    struct artifacts artifacts = {.beside = beside, .lists = lists};
    struct mlflow *client = NULL;
    struct assay_error error = {0};

    choose(&artifacts);
    beside->status = server_client(lists->server, &client, &error);
    if (beside->status == ASSAY_OK && artifacts.count)
        beside->status = mlflow_list_many(client,
                                          &(struct mlflow_lists){.run_ids = artifacts.ids,
                                                                 .count = artifacts.count,
                                                                 .got = got,
                                                                 .cancelled = is_stopped,
                                                                 .context = &artifacts},
                                          &error);
    send(&artifacts);
    free(artifacts.ids);
    free(artifacts.end_ms);
    if (beside->status != ASSAY_OK && beside->status != ASSAY_CANCELLED)
        note_error(beside, &error);
}

/* ---- the others ---- */

static void ask_registry(struct pull_beside *beside, struct assay_error *error)
{
    struct pull_lists *lists = beside->lists;
    struct registry_counts counts;

    beside->status =
        registry_pull(lists->server, lists->stopped, lists->context, &counts, error);
    atomic_store(&lists->models, counts.models);
    atomic_store(&lists->versions, counts.versions);
    atomic_store(&lists->prompts, counts.prompts);
}

static void ask_logged(struct pull_beside *beside, struct assay_error *error)
{
    struct pull_lists *lists = beside->lists;
    bool traces = beside->kind == TRACES;
    size_t found = 0;

    beside->status = server_pull_logged(lists->server, lists->experiments,
                                        lists->experiment_count, lists->registry, traces,
                                        lists->stopped, lists->context, &found, error);
    atomic_store(traces ? &lists->traces : &lists->logged, found);
}

/* A server that knows no such thing has none: that is no failure. */
static void ask_other(struct pull_beside *beside)
{
    struct assay_error error = {0};

    if (beside->kind == REGISTRY)
        ask_registry(beside, &error);
    else
        ask_logged(beside, &error);
    if (beside->status != ASSAY_OK && beside->status != ASSAY_NO &&
        beside->status != ASSAY_CANCELLED)
        note_error(beside, &error);
    atomic_fetch_add(&beside->lists->done, 1);
}

/* ---- all of them ---- */

static bool is_wanted(const struct pull_beside *beside)
{
    const struct pull_lists *lists = beside->lists;

    return beside->kind == ARTIFACTS  ? lists->run_count > 0
           : beside->kind == REGISTRY ? lists->registry
                                      : lists->experiment_count > 0;
}

static void *ask_beside(void *context)
{
    struct pull_beside *beside = context;

    if (beside->kind == ARTIFACTS)
        list_artifacts(beside);
    else
        ask_other(beside);
    session_wake(beside->lists->server->session);
    return NULL;
}

void pull_lists_begin(struct pull_lists *lists)
{
    lists->besides = assay_alloc_array(BESIDES, sizeof *lists->besides);
    for (unsigned i = 0; i < BESIDES; i++) {
        struct pull_beside *beside = &lists->besides[i];

        *beside = (struct pull_beside){.lists = lists, .kind = i};
        if (!is_wanted(beside))
            continue;
        beside->started = pthread_create(&beside->thread, NULL, ask_beside, beside) == 0;
        if (!beside->started)
            ask_beside(beside);
    }
}

void pull_lists_end(struct pull_lists *lists)
{
    for (unsigned i = 0; lists->besides && i < BESIDES; i++) {
        struct pull_beside *beside = &lists->besides[i];

        if (beside->started)
            pthread_join(beside->thread, NULL);
        if (beside->failed && lists->error.status == ASSAY_OK)
            lists->error = beside->error;
    }
    free(lists->besides);
    lists->besides = NULL;
}

void pull_lists_free(struct pull_lists *lists)
{
    free(lists->experiments);
    lists->experiments = NULL;
}

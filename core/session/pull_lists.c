/*
 * What a pull brings besides points: the registry, the models that were logged, traces, and the
 * list of each run's artifacts. The first three are asked for beside the last, so that all
 * together take the way to the server once where nothing has changed. Called by server_pull.c.
 */
#include <pthread.h>
#include <stdlib.h>

#include "session/server_private.h"

#define BATCH_LISTS 64

/* One of those that are asked for beside the artifacts, on a thread of its own. */
struct beside {
    struct pull_lists *lists;
    enum { REGISTRY, LOGGED, TRACES, BESIDES } kind;
    pthread_t thread;
    bool started;
    enum assay_status status;
    struct assay_error error;
};
struct artifacts { /* the lists that are on their way */
    struct pull_lists *lists;
    const char **ids;
    int64_t *end_ms;
    size_t count;
    struct batch *batch;
};

static void note_error(struct pull_lists *lists, const struct assay_error *error)
{
    atomic_fetch_add(&lists->failed, 1);
    if (lists->error.status == ASSAY_OK)
        lists->error = *error;
}

uint64_t pull_lists_total(const struct pull_lists *lists)
{
    return lists->run_count + lists->registry + (lists->experiment_count ? 2 : 0);
}

/* ---- beside ---- */

static bool is_wanted(const struct beside *beside)
{
    return beside->kind == REGISTRY ? beside->lists->registry
                                    : beside->lists->experiment_count > 0;
}

static void ask_registry(struct beside *beside)
{
    struct pull_lists *lists = beside->lists;
    struct registry_counts counts;

    beside->status =
        registry_pull(lists->server, lists->stopped, lists->context, &counts, &beside->error);
    atomic_store(&lists->models, counts.models);
    atomic_store(&lists->versions, counts.versions);
    atomic_store(&lists->prompts, counts.prompts);
}

static void *ask_beside(void *context)
{
    struct beside *beside = context;
    struct pull_lists *lists = beside->lists;
    size_t found = 0;

    if (beside->kind == REGISTRY)
        ask_registry(beside);
    else
        beside->status = server_pull_logged(
            lists->server, lists->experiments, lists->experiment_count, lists->registry,
            beside->kind == TRACES, lists->stopped, lists->context, &found, &beside->error);
    if (beside->kind == LOGGED)
        atomic_store(&lists->logged, found);
    else if (beside->kind == TRACES)
        atomic_store(&lists->traces, found);
    atomic_fetch_add(&lists->done, 1);
    session_wake(lists->server->session);
    return NULL;
}

static void begin(struct beside *beside)
{
    if (!is_wanted(beside))
        return;
    beside->started = pthread_create(&beside->thread, NULL, ask_beside, beside) == 0;
    if (!beside->started)
        ask_beside(beside);
}

/* A server that knows no such thing has none: that is no failure. */
static void end(struct beside *beside)
{
    if (beside->started)
        pthread_join(beside->thread, NULL);
    if (beside->status != ASSAY_OK && beside->status != ASSAY_NO &&
        beside->status != ASSAY_CANCELLED)
        note_error(beside->lists, &beside->error);
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
        note_error(lists, error);
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

static bool list_artifacts(struct pull_lists *lists)
{
    struct artifacts artifacts = {.lists = lists};
    struct mlflow *client = NULL;
    struct assay_error error = {0};
    enum assay_status status;

    choose(&artifacts);
    status = server_client(lists->server, &client, &error);
    if (status == ASSAY_OK && artifacts.count)
        status = mlflow_list_many(client,
                                  &(struct mlflow_lists){.run_ids = artifacts.ids,
                                                         .count = artifacts.count,
                                                         .got = got,
                                                         .cancelled = is_stopped,
                                                         .context = &artifacts},
                                  &error);
    send(&artifacts);
    free(artifacts.ids);
    free(artifacts.end_ms);
    if (status != ASSAY_OK && status != ASSAY_CANCELLED)
        note_error(lists, &error);
    return status == ASSAY_OK;
}

bool pull_lists_run(struct pull_lists *lists)
{
    struct beside besides[BESIDES];
    bool good;

    for (unsigned i = 0; i < BESIDES; i++) {
        besides[i] = (struct beside){.lists = lists, .kind = i};
        begin(&besides[i]);
    }
    good = list_artifacts(lists);
    for (unsigned i = 0; i < BESIDES; i++)
        end(&besides[i]);
    return good;
}

void pull_lists_free(struct pull_lists *lists)
{
    free(lists->experiments);
    lists->experiments = NULL;
}

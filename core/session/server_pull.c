/*
 * Pulling: every point of a server's runs into the cache, and beside them the lists of what
 * else there is (pull_lists.c), so that they are there without a network. What the cache has
 * already is passed over, so a pull that was cut off goes on where it ended. A task of the
 * server's own threads does it; the session's thread looks at its figures.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "session/server_private.h"

/* Series asked for together: mlflow_histories() sends some at a time. */
#define ASK_AT_ONCE      50000
#define BATCH_SERIES_MAX 64

struct pull_series {
    uint32_t run; /* in `ids` */
    const char *metric;
    struct assay_summary latest;
    bool running;
};
struct pull {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct server *server;
    uint64_t job;
    struct assay_arena arena;
    const char **ids;
    size_t id_count, id_capacity;
    int64_t *end_ms; /* of each; ASSAY_NO_TIME: it goes on */
    size_t end_capacity;
    struct pull_series *series;
    size_t count, capacity;
    struct pull_lists lists; /* of nothing, where points alone are wanted */
    uint64_t lists_total;
    int64_t started_us;

    atomic_bool stop, finished;
    _Atomic uint64_t done, unchanged, failed, points, bytes;
    struct assay_error error; /* whole once finished */

    /* Its own thread's. */
    struct points_cache cache;
    struct mlflow_wanted *wanted;
    struct pull_series **asked;
    struct batch *batch;
    uint64_t bytes_before;
};

static bool pull_stopped(void *context)
{
    struct pull *pull = context;

    return atomic_load(&pull->stop) || server_stopped(pull->server);
}

static void send_batch(struct pull *pull)
{
    if (pull->batch)
        batch_post(pull->session, pull->batch);
    pull->batch = NULL;
}

static bool pull_got(void *context, struct mlflow_got *got)
{
    struct pull *pull = context;
    const struct pull_series *series = pull->asked[got->wanted - pull->wanted];
    uint64_t received = net_statistics(pull->session->net).received;

    atomic_store(&pull->bytes, received - pull->bytes_before);
    if (!got->series) {
        atomic_fetch_add(&pull->failed, 1);
        if (pull->error.status == ASSAY_OK)
            pull->error = got->error;
        return !pull_stopped(pull);
    }
    if (!pull->batch)
        pull->batch = batch_new(pull->server->source);
    points_cache_add(pull->batch, pull->ids[series->run], series->metric, got->series,
                     series->running);
    atomic_fetch_add(&pull->points, assay_series_count(got->series));
    atomic_fetch_add(&pull->done, 1);
    if (pull->batch->count >= BATCH_SERIES_MAX)
        send_batch(pull);
    session_wake(pull->session);
    return !pull_stopped(pull);
}

/* Asks for COUNT series, of which the cache has none. */
static enum assay_status pull_some(struct pull *pull, size_t count)
{
    struct mlflow *client = NULL;
    enum assay_status status;

    if (!count)
        return ASSAY_OK;
    status = server_client(pull->server, &client, &pull->error);
    if (status == ASSAY_OK)
        status = mlflow_histories(client, pull->wanted, count, false, pull_got, pull_stopped,
                                  pull, &pull->error);
    send_batch(pull);
    return status;
}

static unsigned pull_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *done)
{
    struct pull *pull = (struct pull *)((char *)message - offsetof(struct pull, message));
    struct assay_job_info *job = activity_find(session, pull->job);

    (void)until_us;
    (void)done;
    atomic_store(&pull->finished, true);
    if (job) {
        job->finished = true;
        job->failed = pull->error.status != ASSAY_OK && !atomic_load(&pull->stop);
        job->cancelled = atomic_load(&pull->stop);
        job->done = atomic_load(&pull->done) + atomic_load(&pull->lists.done);
    }
    free(pull->series);
    free(pull->ids);
    free(pull->end_ms);
    pull_lists_free(&pull->lists);
    pull->series = NULL;
    pull->ids = NULL;
    pull->end_ms = NULL;
    assay_arena_free(&pull->arena);
    return ASSAY_CHANGED_JOBS | ASSAY_CHANGED_SERIES;
}

static void pull_discard_message(struct message *message)
{
    (void)message; /* the session has it in its list */
}

/* Waits for the lists. */
static void end_lists(struct pull *pull)
{
    pull_lists_end(&pull->lists);
    atomic_store(&pull->bytes,
                 net_statistics(pull->session->net).received - pull->bytes_before);
    if (pull->error.status == ASSAY_OK)
        pull->error = pull->lists.error;
}

static void pull_task(struct pool_task *task)
{
    struct pull *pull = (struct pull *)task;
    enum assay_status status = ASSAY_OK;
    size_t count = 0;

    pull->wanted = assay_alloc_array(ASK_AT_ONCE, sizeof *pull->wanted);
    pull->asked = assay_alloc_array(ASK_AT_ONCE, sizeof(struct pull_series *));
    pull->bytes_before = net_statistics(pull->session->net).received;
    if (pull->lists_total)
        pull_lists_begin(&pull->lists);
    points_cache_open(&pull->cache, pull->server);
    for (size_t i = 0; i < pull->count && status == ASSAY_OK && !pull_stopped(pull); i++) {
        struct pull_series *series = &pull->series[i];
        struct points_mark mark;

        if (points_cache_mark(&pull->cache, pull->ids[series->run], series->metric, &mark) &&
            points_mark_fits(&mark, &series->latest, series->running)) {
            atomic_fetch_add(&pull->unchanged, 1);
            atomic_fetch_add(&pull->done, 1);
            continue;
        }
        pull->asked[count] = series;
        pull->wanted[count++] =
            (struct mlflow_wanted){.run_id = pull->ids[series->run], .metric = series->metric};
        if (count == ASK_AT_ONCE) {
            status = pull_some(pull, count);
            count = 0;
        }
    }
    if (status == ASSAY_OK && !pull_stopped(pull))
        pull_some(pull, count);
    end_lists(pull);
    if (pull_stopped(pull))
        assay_fail(&pull->error, ASSAY_CANCELLED, "%s: cancelled", pull->server->source->path);
    points_cache_close(&pull->cache);
    free(pull->wanted);
    free(pull->asked);
    pull->message.apply = pull_apply;
    pull->message.discard = pull_discard_message;
    session_post(pull->session, &pull->message);
}

static void pull_discard(struct pool_task *task)
{
    (void)task;
}

/* ---- on the session's thread ---- */

static void add_run(struct pull *pull, uint32_t index)
{
    struct assay_catalog *catalog = pull->session->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, index);
    const struct assay_attrs *attrs;

    if (run->source != pull->server->source->index || run->gone)
        return;
    attrs = assay_catalog_attrs(catalog, index);
    ASSAY_GROW(pull->ids, pull->id_capacity, pull->id_count + 1);
    ASSAY_GROW(pull->end_ms, pull->end_capacity, pull->id_count + 1);
    pull->end_ms[pull->id_count] =
        run->status == ASSAY_RUN_RUNNING ? ASSAY_NO_TIME : run->end_ms;
    pull->ids[pull->id_count++] = assay_arena_strdup(&pull->arena, run->id);
    for (size_t i = 0; i < attrs->metric_count; i++) {
        ASSAY_GROW(pull->series, pull->capacity, pull->count + 1);
        pull->series[pull->count++] = (struct pull_series){
            .run = (uint32_t)pull->id_count - 1,
            .metric = assay_arena_strdup(&pull->arena, attrs->metrics[i].key),
            .latest = attrs->metrics[i].summary,
            .running = run->status == ASSAY_RUN_RUNNING,
        };
    }
}

/* Not begun yet. */
static struct pull *pull_new(struct assay_session *session, uint32_t source,
                             const uint32_t *runs, size_t count)
{
    struct pull *pull = assay_alloc(sizeof *pull);

    pull->session = session;
    pull->server = session->sources[source]->server;
    pull->started_us = assay_monotonic_us();
    if (runs)
        for (size_t i = 0; i < count; i++)
            add_run(pull, runs[i]);
    else
        for (uint32_t i = 0; i < assay_catalog_runs(session->catalog); i++)
            add_run(pull, i);
    return pull;
}

static uint64_t pull_start(struct pull *pull)
{
    struct assay_session *session = pull->session;
    struct assay_buf title = {0};

    pull->lists_total = pull_lists_total(&pull->lists);
    assay_buf_format(&title, "pulling %s", pull->server->source->path);
    pull->job = activity_job(session, assay_buf_text(&title));
    assay_buf_free(&title);
    ASSAY_GROW(session->pulls, session->pull_capacity, session->pull_count + 1);
    session->pulls[session->pull_count++] = pull;
    pull->task.run = pull_task;
    pull->task.discard = pull_discard;
    pool_add(pull->server->pool, &pull->task, false);
    return pull->job;
}

static bool is_server(const struct assay_session *session, uint32_t source)
{
    return source < session->source_count && session->sources[source]->server;
}

uint64_t assay_session_pull(struct assay_session *session, uint32_t source,
                            const uint32_t *runs, size_t count)
{
    return is_server(session, source) ? pull_start(pull_new(session, source, runs, count)) : 0;
}

uint64_t assay_session_pull_all(struct assay_session *session, uint32_t source,
                                const uint32_t *runs, size_t count, uint32_t experiment)
{
    struct pull *pull;
    struct pull_lists *lists;

    if (!is_server(session, source))
        return 0;
    pull = pull_new(session, source, runs, count);
    lists = &pull->lists;
    lists->server = pull->server;
    lists->stopped = pull_stopped;
    lists->context = pull;
    lists->run_ids = pull->ids;
    lists->end_ms = pull->end_ms;
    lists->run_count = pull->id_count;
    lists->registry = !runs;
    if (!runs || experiment != ASSAY_NONE) {
        lists->experiment_count =
            server_experiments(session, source, experiment, &lists->experiments);
        for (size_t i = 0; i < lists->experiment_count; i++) /* the catalog's may move */
            lists->experiments[i] = assay_arena_strdup(&pull->arena, lists->experiments[i]);
    }
    return pull_start(pull);
}

static struct pull *find_pull(const struct assay_session *session, uint64_t job)
{
    for (size_t i = 0; i < session->pull_count; i++)
        if (session->pulls[i]->job == job)
            return session->pulls[i];
    return NULL;
}

bool assay_session_pull_state(const struct assay_session *session, uint64_t job,
                              struct assay_pull *out)
{
    struct pull *pull = find_pull(session, job);

    if (!pull)
        return false;
    *out = (struct assay_pull){
        .finished = atomic_load(&pull->finished),
        .series = atomic_load(&pull->done),
        .series_total = pull->count,
        .unchanged = atomic_load(&pull->unchanged),
        .failed = atomic_load(&pull->failed),
        .points = atomic_load(&pull->points),
        .bytes = atomic_load(&pull->bytes),
        .lists = atomic_load(&pull->lists.done),
        .lists_total = pull->lists_total,
        .lists_unchanged = atomic_load(&pull->lists.unchanged),
        .lists_failed = atomic_load(&pull->lists.failed),
        .artifact_lists = atomic_load(&pull->lists.artifacts),
        .models = atomic_load(&pull->lists.models),
        .versions = atomic_load(&pull->lists.versions),
        .prompts = atomic_load(&pull->lists.prompts),
        .logged_models = atomic_load(&pull->lists.logged),
        .traces = atomic_load(&pull->lists.traces),
        .started_us = pull->started_us,
    };
    if (out->finished)
        out->error = pull->error;
    return true;
}

void pulls_progress(const struct assay_session *session, struct assay_job_info *job)
{
    struct pull *pull = find_pull(session, job->id);

    if (!pull || job->finished)
        return;
    job->done = atomic_load(&pull->done) + atomic_load(&pull->lists.done);
    job->total = pull->count + pull->lists_total;
}

void pulls_cancel(struct assay_session *session, uint64_t job)
{
    for (size_t i = 0; i < session->pull_count; i++)
        if (job == 0 || session->pulls[i]->job == job)
            atomic_store(&session->pulls[i]->stop, true);
}

void pulls_free(struct assay_session *session)
{
    for (size_t i = 0; i < session->pull_count; i++) {
        struct pull *pull = session->pulls[i];

        batch_free(pull->batch);
        free(pull->series);
        free(pull->ids);
        free(pull->end_ms);
        pull_lists_free(&pull->lists);
        assay_arena_free(&pull->arena);
        free(pull);
    }
    free(session->pulls);
}

/*
 * The ingest for tests; see the header.
 */
#include "support/ingest_collect.h"

#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "model/attrs.h"

static struct ingest_collect *collect_of(const struct ingest *in)
{
    return (struct ingest_collect *)(uintptr_t)in;
}

static void replace(char **place, const char *text)
{
    free(*place);
    *place = assay_strdup(text ? text : "");
}

/* With the lock held. */
static struct collected_run *run_of(struct ingest_collect *collect, const char *id)
{
    uint32_t index = assay_map_get(&collect->run_index, id, strlen(id));
    if (index == ASSAY_MAP_NONE) {
        index = (uint32_t)collect->run_count;
        assay_map_set(&collect->run_index, id, strlen(id), index);
        ASSAY_GROW(collect->runs, collect->run_capacity, collect->run_count + 1);
        collect->runs[collect->run_count++] = (struct collected_run){.id = assay_strdup(id)};
    }
    return &collect->runs[index];
}

const struct collected_experiment *
ingest_collect_experiment(const struct ingest_collect *collect, const char *id)
{
    for (size_t i = 0; i < collect->experiment_count; i++) {
        if (strcmp(collect->experiments[i].id, id) == 0)
            return &collect->experiments[i];
    }
    return NULL;
}

static void on_experiment(struct ingest *in, const struct ingest_experiment *experiment)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    struct collected_experiment *known = (struct collected_experiment *)(uintptr_t)
        ingest_collect_experiment(collect, experiment->id);
    if (!known) {
        ASSAY_GROW(collect->experiments, collect->experiment_capacity,
                   collect->experiment_count + 1);
        known = &collect->experiments[collect->experiment_count++];
        *known = (struct collected_experiment){.id = assay_strdup(experiment->id)};
    }
    replace(&known->name, experiment->name);
    known->deleted = experiment->deleted;
    known->gone = false;
    known->reports++;
    pthread_mutex_unlock(&collect->lock);
}

static void on_experiment_gone(struct ingest *in, const char *id)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    struct collected_experiment *known =
        (struct collected_experiment *)(uintptr_t)ingest_collect_experiment(collect, id);
    if (known)
        known->gone = true;
    pthread_mutex_unlock(&collect->lock);
}

static struct collected_state *find_state(struct ingest_collect *collect, const char *key)
{
    for (size_t i = 0; i < collect->state_count; i++) {
        if (strcmp(collect->states[i].key, key) == 0)
            return &collect->states[i];
    }
    return NULL;
}

static bool state_get(struct ingest *in, const char *key, void **bytes, size_t *length)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    const struct collected_state *state = find_state(collect, key);
    bool found = state && state->bytes;
    if (found) {
        *bytes = assay_alloc(state->length + 1);
        memcpy(*bytes, state->bytes, state->length);
        *length = state->length;
    }
    pthread_mutex_unlock(&collect->lock);
    return found;
}

static void state_put(struct ingest *in, const char *key, const void *bytes, size_t length)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    struct collected_state *state = find_state(collect, key);
    if (!state) {
        ASSAY_GROW(collect->states, collect->state_capacity, collect->state_count + 1);
        state = &collect->states[collect->state_count++];
        *state = (struct collected_state){.key = assay_strdup(key)};
    }
    free(state->bytes);
    state->bytes = NULL;
    if (bytes) {
        state->bytes = assay_alloc(length + 1);
        memcpy(state->bytes, bytes, length);
    }
    state->length = length;
    pthread_mutex_unlock(&collect->lock);
}

static void on_run(struct ingest *in, const struct ingest_run *report)
{
    struct ingest_collect *collect = collect_of(in);
    struct assay_buf packed = {0};
    attrs_pack(report->attrs, &packed);
    pthread_mutex_lock(&collect->lock);
    struct collected_run *run = run_of(collect, report->id);
    replace(&run->experiment, report->experiment_id);
    replace(&run->name, report->name);
    replace(&run->user, report->user);
    replace(&run->artifact_uri, report->artifact_uri);
    run->status = report->status;
    run->deleted = report->deleted;
    run->gone = false;
    run->start_ms = report->start_ms;
    run->end_ms = report->end_ms;
    run->reports++;
    assay_arena_free(&run->arena);
    char *bytes = assay_arena_alloc(&run->arena, packed.length + 1);
    memcpy(bytes, assay_buf_text(&packed), packed.length);
    attrs_unpack(bytes, packed.length, &run->arena, &run->attrs);
    run->with_state = report->state_count > 0;
    pthread_mutex_unlock(&collect->lock);
    for (size_t i = 0; i < report->state_count; i++)
        state_put(in, report->states[i].key, report->states[i].bytes, report->states[i].length);
    assay_buf_free(&packed);
}

static void on_gone(struct ingest *in, const char *run_id)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    run_of(collect, run_id)->gone = true;
    pthread_mutex_unlock(&collect->lock);
}

static void on_none(struct ingest *in, const char *run_id, const struct ingest_state *states,
                    size_t count)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    if (ingest_collect_run(collect, run_id))
        run_of(collect, run_id)->gone = true;
    pthread_mutex_unlock(&collect->lock);
    for (size_t i = 0; i < count; i++)
        state_put(in, states[i].key, states[i].bytes, states[i].length);
}

static void on_chunk(struct ingest *in, const char *run_id, const char *metric,
                     struct assay_chunk *chunk)
{
    struct ingest_collect *collect = collect_of(in);
    struct collected_series *series = NULL;
    pthread_mutex_lock(&collect->lock);
    if (!collect->first_point_us)
        collect->first_point_us = assay_monotonic_us();
    struct collected_run *run = run_of(collect, run_id);
    uint32_t index = assay_map_get(&run->series_index, metric, strlen(metric));
    if (index != ASSAY_MAP_NONE) {
        series = &run->series[index];
    } else {
        assay_map_set(&run->series_index, metric, strlen(metric), (uint32_t)run->series_count);
        ASSAY_GROW(run->series, run->series_capacity, run->series_count + 1);
        series = &run->series[run->series_count++];
        *series = (struct collected_series){.metric = assay_strdup(metric),
                                            .series = assay_series_new(collect->last_rule)};
    }
    assay_series_add_chunk(series->series, chunk);
    series->chunks++;
    pthread_mutex_unlock(&collect->lock);
}

static void drop_series(struct collected_run *run)
{
    for (size_t i = 0; i < run->series_count; i++) {
        free(run->series[i].metric);
        assay_series_free(&run->series[i].series);
    }
    run->series_count = 0;
    assay_map_free(&run->series_index);
}

static void on_restart(struct ingest *in, const char *run_id)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    struct collected_run *run = run_of(collect, run_id);
    run->restarts++;
    drop_series(run);
    pthread_mutex_unlock(&collect->lock);
}

static void on_problem(struct ingest *in, const char *path, uint64_t offset,
                       const char *message)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    ASSAY_GROW(collect->problems, collect->problem_capacity, collect->problem_count + 1);
    collect->problems[collect->problem_count++] = (struct collected_problem){
        .path = assay_strdup(path), .message = assay_strdup(message), .offset = offset};
    pthread_mutex_unlock(&collect->lock);
}

static void on_progress(struct ingest *in, uint64_t done, uint64_t total)
{
    struct ingest_collect *collect = collect_of(in);
    pthread_mutex_lock(&collect->lock);
    collect->done = done;
    collect->total = total;
    pthread_mutex_unlock(&collect->lock);
}

/* Once yes, always yes. */
static bool is_cancelled(const struct ingest *in)
{
    struct ingest_collect *collect = collect_of(in);
    int left = atomic_load(&collect->cancel_after);
    if (left == 0)
        return false;
    if (left > 1)
        atomic_fetch_sub(&collect->cancel_after, 1);
    return left == 1;
}

static void get_focus(const struct ingest *in, char out[128])
{
    memcpy(out, collect_of(in)->focus, 128);
}

struct job {
    void (*task)(void *context, size_t index);
    void *context;
    size_t count;
    _Atomic size_t next;
};

static void *job_work(void *context)
{
    struct job *job = context;
    size_t index;
    while ((index = atomic_fetch_add(&job->next, 1)) < job->count)
        job->task(job->context, index);
    return NULL;
}

static void in_parallel(struct ingest *in, size_t count,
                        void (*task)(void *context, size_t index), void *context)
{
    pthread_t threads[16];
    unsigned started = 0, wanted = collect_of(in)->threads;
    struct job job = {.task = task, .context = context, .count = count};
    while (started + 1 < wanted && started < 16 &&
           pthread_create(&threads[started], NULL, job_work, &job) == 0)
        started++;
    job_work(&job);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

static const struct ingest_ops collect_ops = {
    .experiment = on_experiment,
    .experiment_gone = on_experiment_gone,
    .run = on_run,
    .run_gone = on_gone,
    .run_none = on_none,
    .chunk = on_chunk,
    .restart = on_restart,
    .problem = on_problem,
    .progress = on_progress,
    .cancelled = is_cancelled,
    .focus = get_focus,
    .state_get = state_get,
    .state_put = state_put,
    .end_put = state_put,
    .parallel = in_parallel,
};

void ingest_collect_init(struct ingest_collect *collect, enum assay_last_rule last_rule)
{
    *collect = (struct ingest_collect){.ingest.ops = &collect_ops, .last_rule = last_rule};
    pthread_mutex_init(&collect->lock, NULL);
}

void ingest_collect_forget_problems(struct ingest_collect *collect)
{
    for (size_t i = 0; i < collect->problem_count; i++) {
        free(collect->problems[i].path);
        free(collect->problems[i].message);
    }
    collect->problem_count = 0;
}

void ingest_collect_free(struct ingest_collect *collect)
{
    ingest_collect_forget_problems(collect);
    for (size_t i = 0; i < collect->run_count; i++) {
        struct collected_run *run = &collect->runs[i];
        drop_series(run);
        assay_arena_free(&run->arena);
        free(run->series);
        free(run->id);
        free(run->experiment);
        free(run->name);
        free(run->user);
        free(run->artifact_uri);
    }
    for (size_t i = 0; i < collect->experiment_count; i++) {
        free(collect->experiments[i].id);
        free(collect->experiments[i].name);
    }
    for (size_t i = 0; i < collect->state_count; i++) {
        free(collect->states[i].key);
        free(collect->states[i].bytes);
    }
    free(collect->runs);
    free(collect->experiments);
    free(collect->problems);
    free(collect->states);
    assay_map_free(&collect->run_index);
    pthread_mutex_destroy(&collect->lock);
}

const struct collected_run *ingest_collect_run(const struct ingest_collect *collect,
                                               const char *id)
{
    uint32_t index = assay_map_get(&collect->run_index, id, strlen(id));
    return index == ASSAY_MAP_NONE ? NULL : &collect->runs[index];
}

struct assay_series *ingest_collect_series(const struct ingest_collect *collect, const char *id,
                                           const char *metric)
{
    const struct collected_run *run = ingest_collect_run(collect, id);
    uint32_t index =
        run ? assay_map_get(&run->series_index, metric, strlen(metric)) : ASSAY_MAP_NONE;
    return index == ASSAY_MAP_NONE ? NULL : run->series[index].series;
}

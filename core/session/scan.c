/*
 * Scanning a source: a task of the pool that lets the reader report to an ingest of ours, which
 * gathers what it says into batches for the session's thread. A batch leaves when it is large
 * or some milliseconds old, so that the first runs and points are on the screen while the rest
 * is still being read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "model/attrs.h"
#include "session/session_private.h"

#define BATCH_ITEMS   512
#define BATCH_BYTES   (4u << 20)
#define BATCH_AGE_US  15000
#define PROGRESS_US   100000
#define PROBLEMS_KEY  "\001problems"
#define PROBLEMS_KEPT 1000

struct scan {
    struct pool_task task;
    struct ingest in; /* what the reader is given */
    struct assay_session *session;
    struct session_source *source;
    pthread_mutex_t lock; /* guards the rest: a reader may report from several threads */
    struct batch *batch;
    int64_t batch_us, progress_us;
    struct {
        char *key; /* NULL: nothing is claimed */
        void *bytes;
        size_t length;
        uint64_t end; /* mark of the end it leads to; 0 none */
    } claim;
    struct assay_map moved; /* runs whose state is to be asked for again */
    struct store *states;   /* for state_get; opened when first needed */
    bool cached;            /* there was a cache when it began: all earlier states are in it */
    bool states_tried;
    bool others;               /* wrote to the cache since its rows were shown */
    struct assay_buf problems; /* those of this scan, to be kept */
    size_t problem_count;
    struct assay_map problems_seen;
};

static struct scan *scan_of(const struct ingest *in)
{
    return (struct scan *)((char *)(uintptr_t)in - offsetof(struct scan, in));
}

/* With the lock held. */
static void scan_flush(struct scan *scan)
{
    if (!scan->batch)
        return;
    batch_post(scan->session, scan->batch);
    scan->batch = NULL;
}

/* A claim stands before whatever its batch says. With the lock held. */
static void add_claim(struct scan *scan)
{
    struct batch_item *item = batch_add(scan->batch, BATCH_STATE, scan->claim.key, NULL);
    void *copy = assay_arena_alloc(&scan->batch->arena, scan->claim.length + 1);

    memcpy(copy, scan->claim.bytes, scan->claim.length);
    item->u.state.bytes = copy;
    item->u.state.length = scan->claim.length;
    item->base = cache_mark_of(scan->source, scan->claim.key);
    item->mark = cache_mark(copy, scan->claim.length);
    item->end = scan->claim.end;
    item->of_scan = true;
    cache_set_mark(scan->source, scan->claim.key, item->mark);
}

static struct batch_item *scan_add(struct scan *scan, enum batch_kind kind, const char *id,
                                   const char *name)
{
    if (!scan->batch) {
        scan->batch = batch_new(scan->source);
        scan->batch_us = assay_monotonic_us();
        if (scan->claim.key)
            add_claim(scan);
    }
    return batch_add(scan->batch, kind, id, name);
}

/* With the lock held, after each report. */
static void scan_maybe_flush(struct scan *scan)
{
    struct batch *batch = scan->batch;

    if (batch && (batch->count >= BATCH_ITEMS || batch->arena.total >= BATCH_BYTES ||
                  assay_monotonic_us() - scan->batch_us >= BATCH_AGE_US))
        scan_flush(scan);
}

/* ---- the functions of the ingest ---- */

static void scan_experiment(struct ingest *in, const struct ingest_experiment *experiment)
{
    struct scan *scan = scan_of(in);
    struct batch_item *item;

    pthread_mutex_lock(&scan->lock);
    item = scan_add(scan, BATCH_EXPERIMENT, experiment->id, experiment->name);
    item->u.experiment.deleted = experiment->deleted;
    item->u.experiment.created_ms = experiment->created_ms;
    item->u.experiment.updated_ms = experiment->updated_ms;
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

static void scan_simple(struct ingest *in, enum batch_kind kind, const char *id)
{
    struct scan *scan = scan_of(in);

    pthread_mutex_lock(&scan->lock);
    scan_add(scan, kind, id, NULL);
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

static void scan_experiment_gone(struct ingest *in, const char *id)
{
    scan_simple(in, BATCH_EXPERIMENT_GONE, id);
}

static const void *keep_bytes(struct batch *batch, const void *bytes, size_t length)
{
    void *copy = assay_arena_alloc(&batch->arena, length + 1);

    memcpy(copy, bytes, length);
    return copy;
}

/* With the lock held. RUN_ID: it goes with what is said of that run; or NULL. */
static struct batch_item *add_state(struct scan *scan, const struct ingest_state *state,
                                    const char *run_id)
{
    struct batch_item *item = scan_add(scan, BATCH_STATE, state->key, NULL);

    item->base = cache_mark_of(scan->source, state->key);
    item->mark = cache_mark(state->bytes, state->length);
    item->of_run = run_id && strcmp(run_id, state->key) == 0;
    if (item->base != CACHE_MARK_ANY)
        cache_set_mark(scan->source, state->key, item->mark);
    if (state->bytes) {
        item->u.state.bytes = keep_bytes(scan->batch, state->bytes, state->length);
        item->u.state.length = state->length;
    }
    return item;
}

static void scan_run(struct ingest *in, const struct ingest_run *run)
{
    static const struct assay_attrs none = {0};
    struct scan *scan = scan_of(in);
    struct assay_buf packed = {0};
    struct batch_item *item;
    struct batch *batch;

    attrs_pack(run->attrs ? run->attrs : &none, &packed);
    pthread_mutex_lock(&scan->lock);
    item = scan_add(scan, BATCH_RUN, run->id, run->name);
    batch = scan->batch;
    item->u.run.experiment_id = assay_arena_strdup(&batch->arena, run->experiment_id);
    item->u.run.user = assay_arena_strdup(&batch->arena, run->user);
    item->u.run.artifact_uri = assay_arena_strdup(&batch->arena, run->artifact_uri);
    item->u.run.status = run->status;
    item->u.run.deleted = run->deleted;
    item->u.run.start_ms = run->start_ms;
    item->u.run.end_ms = run->end_ms;
    item->u.run.attrs = keep_bytes(batch, assay_buf_text(&packed), packed.length);
    item->u.run.attrs_length = packed.length;
    item->base = cache_mark_of(scan->source, run->id);
    for (size_t i = 0; i < run->state_count; i++)
        add_state(scan, &run->states[i], run->id); /* one batch: one transaction */
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
    assay_buf_free(&packed);
}

static void scan_run_gone(struct ingest *in, const char *run_id)
{
    scan_simple(in, BATCH_GONE, run_id);
}

static void scan_run_passed(struct ingest *in, const char *run_id)
{
    scan_simple(in, BATCH_PASSED, run_id);
}

static void scan_run_none(struct ingest *in, const char *run_id,
                          const struct ingest_state *states, size_t count)
{
    struct scan *scan = scan_of(in);

    pthread_mutex_lock(&scan->lock);
    scan_add(scan, BATCH_GONE, run_id, NULL)->base = cache_mark_of(scan->source, run_id);
    for (size_t i = 0; i < count; i++)
        add_state(scan, &states[i], run_id);
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

static void scan_restart(struct ingest *in, const char *run_id)
{
    scan_simple(in, BATCH_RESTART, run_id);
}

static void scan_chunk(struct ingest *in, const char *run_id, const char *metric,
                       struct assay_chunk *chunk)
{
    struct scan *scan = scan_of(in);

    struct batch_item *item;

    pthread_mutex_lock(&scan->lock);
    item = scan_add(scan, BATCH_CHUNK, run_id, metric);
    item->u.chunk = chunk;
    item->base = cache_mark_of(scan->source, run_id);
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

static void scan_progress(struct ingest *in, uint64_t done, uint64_t total)
{
    struct scan *scan = scan_of(in);
    int64_t now = assay_monotonic_us();
    uint64_t one = 1;
    ssize_t ignored;

    atomic_store(&scan->source->done, done);
    atomic_store(&scan->source->total, total);
    pthread_mutex_lock(&scan->lock);
    if (now - scan->progress_us >= PROGRESS_US) {
        scan->progress_us = now;
        ignored = write(scan->session->event_fd, &one, sizeof one); /* only wakes */
        (void)ignored;
    }
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

static bool scan_cancelled(const struct ingest *in)
{
    return atomic_load(&scan_of(in)->source->stop);
}

static void scan_focus(const struct ingest *in, char out[128])
{
    struct assay_session *session = scan_of(in)->session;

    pthread_mutex_lock(&session->focus_lock);
    memcpy(out, session->focus, sizeof session->focus);
    pthread_mutex_unlock(&session->focus_lock);
}

static void scan_parallel(struct ingest *in, size_t count,
                          void (*task)(void *context, size_t index), void *context)
{
    pool_parallel(scan_of(in)->session->pool, count, task, context);
}

/* ---- what readers remember ---- */

static bool memory_state_get(struct session_source *source, const char *key, void **bytes,
                             size_t *length)
{
    const struct memory_state *slot;
    uint32_t at;

    pthread_mutex_lock(&source->memory_lock);
    at = assay_map_get(&source->memory_index, key, strlen(key));
    slot = at == ASSAY_MAP_NONE ? NULL : &source->memory[at];
    if (slot && slot->bytes) {
        *bytes = assay_alloc(slot->length + 1);
        memcpy(*bytes, slot->bytes, slot->length);
        *length = slot->length;
    }
    pthread_mutex_unlock(&source->memory_lock);
    return slot && slot->bytes;
}

/* With the lock held: from the cache, or where there is none from memory. */
static void find_state(struct scan *scan, const char *key, void **bytes, size_t *length)
{
    struct session_source *source = scan->source;

    if (!scan->cached) {
        memory_state_get(source, key, bytes, length);
        return;
    }
    if (!source->row)
        return;
    if (!scan->states_tried) {
        scan->states_tried = true;
        if (store_open(&scan->states, scan->session->cache_path, STORE_CACHE, true, NULL) ==
            ASSAY_OK)
            scan->others = store_change(scan->states) != source->loaded_change;
    }
    if (scan->states)
        store_read_state(scan->states, source->row, key, bytes, length, NULL);
}

static bool scan_state_get(struct ingest *in, const char *key, void **bytes, size_t *length)
{
    struct scan *scan = scan_of(in);

    *bytes = NULL;
    *length = 0;
    pthread_mutex_lock(&scan->lock);
    find_state(scan, key, bytes, length);
    cache_set_mark(scan->source, key, cache_mark(*bytes, *length));
    if (*bytes && scan->others && !scan->source->ops->read_series) {
        scan_add(scan, BATCH_STORED, key, NULL);
        scan_maybe_flush(scan);
    }
    pthread_mutex_unlock(&scan->lock);
    return *bytes != NULL;
}

static bool scan_state_moved(struct ingest *in, const char *key)
{
    return assay_map_get(&scan_of(in)->moved, key, strlen(key)) != ASSAY_MAP_NONE;
}

static void scan_state_put(struct ingest *in, const char *key, const void *bytes, size_t length)
{
    struct scan *scan = scan_of(in);

    pthread_mutex_lock(&scan->lock);
    add_state(scan, &(struct ingest_state){key, bytes, length}, NULL);
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

/* With the lock held. */
static void drop_claim(struct scan *scan)
{
    free(scan->claim.key);
    free(scan->claim.bytes);
    scan->claim.key = NULL;
    scan->claim.bytes = NULL;
}

static void scan_claim(struct ingest *in, const struct ingest_state *claim,
                       const struct ingest_state *end)
{
    struct scan *scan = scan_of(in);

    pthread_mutex_lock(&scan->lock);
    scan_flush(scan);
    drop_claim(scan);
    scan->claim.key = assay_strdup(claim->key);
    scan->claim.bytes = assay_alloc(claim->length + 1);
    memcpy(scan->claim.bytes, claim->bytes, claim->length);
    scan->claim.length = claim->length;
    scan->claim.end = end ? cache_mark(end->bytes, end->length) : 0;
    pthread_mutex_unlock(&scan->lock);
}

static void scan_end_put(struct ingest *in, const char *key, const void *bytes, size_t length)
{
    struct scan *scan = scan_of(in);

    pthread_mutex_lock(&scan->lock);
    add_state(scan, &(struct ingest_state){key, bytes, length}, NULL)->of_scan = true;
    drop_claim(scan);
    if (!scan->source->end_key)
        scan->source->end_key = assay_strdup(key);
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

/* ---- problems ---- */

/* Adds a problem to the batch and to the list that is kept with the file's size and time, so
   that a later start, which does not read the unchanged file again, still knows of it. */
static void scan_add_problem(struct scan *scan, const char *path, uint64_t offset,
                             const char *message)
{
    struct assay_buf key = {0};
    struct stat status;

    assay_buf_format(&key, "%s\n%" PRIu64 "\n%s", path, offset, message);
    if (assay_map_get(&scan->problems_seen, key.data, key.length) == ASSAY_MAP_NONE) {
        assay_map_set(&scan->problems_seen, key.data, key.length, 1);
        scan_add(scan, BATCH_PROBLEM, path, message)->u.offset = offset;
        if (scan->problem_count < PROBLEMS_KEPT && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            scan->problem_count++;
            assay_buf_format(&scan->problems, "%lld %lld.%09ld %" PRIu64, //
                             (long long)status.st_size, (long long)status.st_mtim.tv_sec,
                             status.st_mtim.tv_nsec, offset);
            assay_buf_char(&scan->problems, '\0');
            assay_buf_add(&scan->problems, path, strlen(path) + 1);
            assay_buf_add(&scan->problems, message, strlen(message) + 1);
        }
    }
    assay_buf_free(&key);
}

static void scan_problem(struct ingest *in, const char *path, uint64_t offset,
                         const char *message)
{
    struct scan *scan = scan_of(in);

    pthread_mutex_lock(&scan->lock);
    scan_add_problem(scan, path, offset, message);
    scan_maybe_flush(scan);
    pthread_mutex_unlock(&scan->lock);
}

/* One NUL-terminated field of the kept list; NULL at its end. */
static const char *next_field(const char **at, const char *end)
{
    const char *field = *at;
    const char *stop = field < end ? memchr(field, '\0', (size_t)(end - field)) : NULL;

    if (!stop)
        return NULL;
    *at = stop + 1;
    return field;
}

/* Reports again what is known of files that have not changed since. */
static void recall_problems(struct scan *scan)
{
    const char *at, *end, *facts, *path, *message;
    void *bytes = NULL;
    size_t length = 0;

    if (!scan_state_get(&scan->in, PROBLEMS_KEY, &bytes, &length))
        return;
    at = bytes;
    end = at + length;
    while ((facts = next_field(&at, end)) && (path = next_field(&at, end)) &&
           (message = next_field(&at, end))) {
        long long size, seconds;
        long nanoseconds;
        uint64_t offset;
        struct stat status;

        if (sscanf(facts, "%lld %lld.%ld %" SCNu64, &size, &seconds, &nanoseconds, &offset) ==
                4 &&
            stat(path, &status) == 0 && status.st_size == size &&
            status.st_mtim.tv_sec == seconds && status.st_mtim.tv_nsec == nanoseconds)
            scan_add_problem(scan, path, offset, message);
    }
    free(bytes);
}

static void keep_problems(struct scan *scan)
{
    scan_state_put(&scan->in, PROBLEMS_KEY, scan->problems.length ? scan->problems.data : NULL,
                   scan->problems.length);
}

static const struct ingest_ops scan_ops = {
    .experiment = scan_experiment,
    .experiment_gone = scan_experiment_gone,
    .run = scan_run,
    .run_gone = scan_run_gone,
    .run_passed = scan_run_passed,
    .run_none = scan_run_none,
    .chunk = scan_chunk,
    .restart = scan_restart,
    .problem = scan_problem,
    .progress = scan_progress,
    .cancelled = scan_cancelled,
    .focus = scan_focus,
    .state_get = scan_state_get,
    .state_put = scan_state_put,
    .end_put = scan_end_put,
    .claim = scan_claim,
    .state_moved = scan_state_moved,
    .parallel = scan_parallel,
};

/* ---- the end of a scan ---- */

struct scan_done {
    struct message message;
    struct session_source *source;
    enum assay_status status;
    struct assay_error error;
    char **watch;
    int64_t again_us; /* struct session_source */
    bool part;        /* no list was read, but what a filter keeps */
};

static void free_paths(char **paths)
{
    for (size_t i = 0; paths && paths[i]; i++)
        free(paths[i]);
    free(paths);
}

static unsigned done_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *finished)
{
    struct scan_done *done = (struct scan_done *)message;
    struct session_source *source = done->source;
    struct assay_source *shown = catalog_source(session->catalog, source->index);
    struct assay_job_info *job = activity_find(session, source->job);

    (void)until_us;
    (void)finished;
    source->scanning = false;
    source->scanned = true;
    source->ended_us = assay_monotonic_us();
    shown->error = done->error;
    shown->done = shown->total = 0;
    shown->state = done->status == ASSAY_OK || done->status == ASSAY_CANCELLED
                       ? ASSAY_SOURCE_READY
                       : ASSAY_SOURCE_FAILED;
    if (source->server)
        server_scanned(session, source, &done->error);
    if (source->server && server_offline(source))
        shown->state = ASSAY_SOURCE_OFFLINE;
    if (done->status == ASSAY_OK && !done->part)
        shown->read_ms = assay_now_ms();
    if (job) {
        job->finished = true;
        job->failed = done->status != ASSAY_OK && done->status != ASSAY_CANCELLED;
        job->cancelled = done->status == ASSAY_CANCELLED;
    }
    catalog_touch(session->catalog);
    source->again_us = done->again_us;
    if (session->live)
        watch_set(session, source, done->watch);
    else
        free_paths(done->watch);
    if (source->again && (done->status != ASSAY_CANCELLED || source->resync))
        watch_later(session, source);
    source->again = false;
    registry_scanned(source, done->status == ASSAY_OK);
    run_logged_scanned(session, source, done->status == ASSAY_OK, done->part);
    cache_settle(source);
    if (!session->live || !source->unwritten)
        cache_take_over(session, source);
    free(done);
    return ASSAY_CHANGED_SOURCES | ASSAY_CHANGED_JOBS | ASSAY_CHANGED_SERIES;
}

static void done_discard(struct message *message)
{
    struct scan_done *done = (struct scan_done *)message;

    free_paths(done->watch);
    free(done);
}

static void scan_free(struct scan *scan)
{
    batch_free(scan->batch);
    drop_claim(scan);
    store_close(&scan->states);
    assay_buf_free(&scan->problems);
    assay_map_free(&scan->problems_seen);
    assay_map_free(&scan->moved);
    pthread_mutex_destroy(&scan->lock);
    free(scan);
}

static void scan_task(struct pool_task *task)
{
    struct scan *scan = (struct scan *)task;
    struct session_source *source = scan->source;
    struct scan_done *done = assay_alloc(sizeof *done);

    done->message.apply = done_apply;
    done->message.discard = done_discard;
    done->source = source;
    done->again_us = INT64_MAX;
    if (!source->self && source->server) {
        struct mlflow *client = NULL;

        done->status = server_client(source->server, &client, &done->error);
        source->self = client;
    } else if (!source->self) {
        void *self = NULL;

        done->status = source->ops->open(&self, source->path, &done->error);
        source->self = self;
    }
    if (done->status == ASSAY_OK && source->server)
        server_before_scan(source->server, source->self);
    if (done->status == ASSAY_OK) {
        recall_problems(scan);
        done->status = source->ops->scan(source->self, &scan->in, &done->error);
        keep_problems(scan);
        if (scan->session->live && source->ops->watch)
            done->watch = source->ops->watch(source->self);
        if (scan->session->live && source->ops->again_us)
            done->again_us = source->ops->again_us(source->self);
    }
    if (atomic_load(&source->stop))
        done->status = ASSAY_CANCELLED;
    pthread_mutex_lock(&scan->lock);
    done->part =
        source->server && done->status == ASSAY_OK && mlflow_scanned_part(source->self);
    if (done->status == ASSAY_OK && !done->part)
        scan_add(scan, BATCH_READ, NULL, NULL)->u.offset = (uint64_t)assay_now_ms();
    scan_flush(scan);
    pthread_mutex_unlock(&scan->lock);
    session_post(scan->session, &done->message);
    scan_free(scan);
}

static void scan_discard(struct pool_task *task)
{
    scan_free((struct scan *)task);
}

void scan_start(struct assay_session *session, struct session_source *source)
{
    struct assay_source *shown = catalog_source(session->catalog, source->index);
    struct scan *scan;
    char title[160];

    if (source->scanning || session->closing) {
        source->again = source->scanning;
        return;
    }
    if (source->unwritten) { /* the reader must find in the cache what it said last time */
        source->again = true;
        return;
    }
    scan = assay_alloc(sizeof *scan);
    scan->task.run = scan_task;
    scan->task.discard = scan_discard;
    scan->in.ops = &scan_ops;
    scan->in.once = !session->live;
    scan->session = session;
    scan->cached = session->writer != NULL; /* the session's thread may lose it meanwhile */
    scan->source = source;
    scan->moved = source->moved;
    source->moved = (struct assay_map){0};
    pthread_mutex_init(&scan->lock, NULL);
    source->scanning = true;
    source->again = false;
    source->due = false;
    source->again_us = INT64_MAX;
    atomic_store(&source->stop, false);
    atomic_store(&source->done, 0);
    atomic_store(&source->total, 0);
    if (source->server && source->scanned && !server_asked(source->server)) {
        /* A look by the clock: no job that anybody waits for, and the state stays. */
        source->job = 0;
        pool_add(server_pool(source->server), &scan->task, false);
        return;
    }
    /* What was read is there, and mostly nothing has changed: it is not said to be read again.
     */
    bool look = !source->server && shown->state == ASSAY_SOURCE_READY;
    if (!look)
        shown->state = ASSAY_SOURCE_READING;
    snprintf(title, sizeof title, "reading %s (%s)", shown->where, source->kind);
    source->job = activity_job(session, title);
    activity_find(session, source->job)->look = look;
    pool_add(source->server ? server_pool(source->server) : session->pool, &scan->task, false);
}

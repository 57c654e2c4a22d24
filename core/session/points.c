/*
 * Series: asked for by the screens, read in the background, kept while there is room.
 *
 * Four ways points come: the chunks of a scan (streamed sources), the databases (the local
 * store; streamed sources of an earlier day), a reader's read_series(), and servers
 * (server_points.c). An entry's series
 * is complete or it is not there at all; chunks that arrive for one that is not there go to the
 * cache only.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "session/session_private.h"

#define BUDGET_BYTES ((size_t)1 << 30)
#define ASKED_LATELY 1024  /* series: more than the charts of a screen draw in one frame */
#define AT_ONCE      20000 /* points read from a database without a detour over the pool */

static struct session_source *source_of(struct assay_session *session, uint32_t run)
{
    return session->sources[assay_catalog_run(session->catalog, run)->source];
}

static struct series_entry *entry_of(struct assay_session *session, uint32_t run,
                                     const char *metric, bool make)
{
    struct assay_buf key = {0};
    struct series_entry *entry = NULL;
    uint32_t at;

    assay_buf_format(&key, "%u %s", run, metric);
    at = assay_map_get(&session->series_index, key.data, key.length);
    if (at != ASSAY_MAP_NONE) {
        entry = session->series[at];
    } else if (make) {
        struct session_source *source = source_of(session, run);

        entry = assay_alloc(sizeof *entry);
        entry->run = run;
        entry->metric = assay_strdup(metric);
        entry->base = CACHE_MARK_ANY;
        entry->streamed = source->ops && !source->ops->read_series;
        ASSAY_GROW(session->series, session->series_capacity, session->series_count + 1);
        assay_map_set(&session->series_index, key.data, key.length,
                      (uint32_t)session->series_count);
        session->series[session->series_count++] = entry;
    }
    assay_buf_free(&key);
    return entry;
}

static void entry_count_bytes(struct assay_session *session, struct series_entry *entry)
{
    size_t bytes = entry->series ? assay_series_bytes(entry->series) : 0;

    session->series_bytes += bytes - entry->bytes;
    entry->bytes = bytes;
}

static void entry_drop(struct assay_session *session, struct series_entry *entry)
{
    assay_series_free(&entry->series);
    entry_count_bytes(session, entry);
}

/* Drops the series used longest ago until the rest fits; never one that could not be read again
   or that was asked for just now. */
static void keep_budget(struct assay_session *session)
{
    while (session->series_bytes > BUDGET_BYTES) {
        struct series_entry *oldest = NULL;

        for (size_t i = 0; i < session->series_count; i++) {
            struct series_entry *entry = session->series[i];

            if (entry->series && !entry->loading && !entry->unwritten &&
                entry->used + ASKED_LATELY < session->tick &&
                (!oldest || entry->used < oldest->used) &&
                (!entry->streamed ||
                 (session->writer && catalog_run_row(session->catalog, entry->run))))
                oldest = entry;
        }
        if (!oldest)
            return;
        entry_drop(session, oldest);
    }
}

/* ---- chunks of a scan ---- */

void points_chunk(struct assay_session *session, uint32_t run, const char *metric,
                  struct assay_chunk *chunk, uint64_t base)
{
    struct series_entry *entry = entry_of(session, run, metric, true);
    bool stored_before = session->writer && catalog_run_row(session->catalog, run) != 0;

    if (session->writer)
        entry->unwritten++;
    if (entry->loading) {
        entry->again = true;
        return;
    }
    /* What was read from the cache is not what this chunk follows: another process wrote. */
    if (entry->series && entry->base != CACHE_MARK_ANY && entry->base != base)
        entry_drop(session, entry);
    entry->base = CACHE_MARK_ANY;
    if (!entry->series && stored_before)
        return; /* its beginning is in the cache: it will be read from there, this chunk with it
                 */
    if (!entry->series)
        entry->series = assay_series_new(source_of(session, run)->ops->last_rule);
    assay_series_add_chunk(entry->series, assay_chunk_ref(chunk));
    entry_count_bytes(session, entry);
}

void points_written(struct assay_session *session, uint32_t run, const char *metric)
{
    struct series_entry *entry = entry_of(session, run, metric, false);

    if (entry && entry->unwritten)
        entry->unwritten--;
}

void points_restart(struct assay_session *session, uint32_t run)
{
    for (size_t i = 0; i < session->series_count; i++) {
        struct series_entry *entry = session->series[i];

        if (entry->run != run)
            continue;
        entry_drop(session, entry);
        entry->base = CACHE_MARK_ANY;
        entry->unwritten = 0; /* what was on its way is dropped by the writer too */
        entry->again = entry->loading;
    }
}

/* ---- loading ---- */

static void entry_failed(struct series_entry *entry, bool failed, const struct assay_error *err)
{
    entry->failed = failed;
    free(entry->why);
    entry->why = failed && err->what[0] ? assay_strdup(err->what) : NULL;
}

void points_arrived(struct assay_session *session, struct series_entry *entry,
                    struct assay_series *series, uint64_t version, bool partial,
                    const struct assay_error *error)
{
    struct session_source *source = source_of(session, entry->run);

    entry->loading = partial;
    entry_failed(entry, !series, error);
    entry->stale = error->status != ASSAY_OK;
    entry->came_us = assay_monotonic_us();
    entry->version = version;
    if (error->status != ASSAY_OK && error->status != ASSAY_CANCELLED &&
        !server_offline(source))
        activity_problem(session, source->index, source->path, UINT64_MAX, error->what);
    if (!series)
        return;
    /* A sample never takes the place of all the points of a moment ago. */
    if (partial && entry->series) {
        assay_series_free(&series);
        return;
    }
    assay_series_free(&entry->series);
    entry->series = series;
    entry_count_bytes(session, entry);
    keep_budget(session);
}

struct series_load {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct session_source *source;
    struct series_entry *entry;
    char *experiment_id, *run_id, *metric;
    const char *path; /* of the database, or NULL: ask the reader */
    enum store_role role;
    int64_t row;
    uint64_t version;
    uint64_t base; /* mark of the run's state in the same snapshot */
    struct assay_series *series;
    enum assay_status status;
    struct assay_error error;
};

static void load_free(struct series_load *load)
{
    assay_series_free(&load->series);
    free(load->experiment_id);
    free(load->run_id);
    free(load->metric);
    free(load);
}

static void load_discard_message(struct message *message)
{
    load_free((struct series_load *)((char *)message - offsetof(struct series_load, message)));
}

static unsigned load_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *done)
{
    struct series_load *load =
        (struct series_load *)((char *)message - offsetof(struct series_load, message));
    struct series_entry *entry = load->entry;

    (void)until_us;
    (void)done;
    entry->loading = false;
    if (entry->again) {
        entry->again = false; /* what was read may lack the chunks that came meanwhile */
    } else {
        entry_failed(entry, load->status != ASSAY_OK, &load->error);
        entry->version = load->version;
        entry->base = load->base;
        if (!entry->failed) {
            assay_series_free(&entry->series);
            entry->series = load->series;
            load->series = NULL;
            entry_count_bytes(session, entry);
            keep_budget(session);
        } else {
            activity_problem(session, load->source->index, load->source->path, UINT64_MAX,
                             load->error.what);
        }
    }
    load_free(load);
    return ASSAY_CHANGED_SERIES;
}

/* The points, and of what state of their run. */
static enum assay_status load_stored(struct series_load *load, struct store *store)
{
    void *bytes = NULL;
    size_t length = 0;
    enum assay_status status = store_begin_read(store, &load->error);

    if (status == ASSAY_OK && load->role == STORE_CACHE) {
        status = store_read_state(store, load->source->row, load->run_id, &bytes, &length,
                                  &load->error);
        load->base = cache_mark(bytes, length);
        free(bytes);
    }
    if (status == ASSAY_OK)
        status = store_read_series(store, load->row, load->metric, load->series, &load->error);
    store_end_read(store);
    return status;
}

static void load_read(struct series_load *load)
{
    struct session_source *source = load->source;

    load->series = assay_series_new(source->ops ? source->ops->last_rule : ASSAY_LAST_WRITTEN);
    if (load->path) {
        struct store *store = NULL;

        load->status = store_open(&store, load->path, load->role, true, &load->error);
        if (load->status == ASSAY_OK)
            load->status = load_stored(load, store);
        store_close(&store);
    } else {
        /* A run that the cache knew is on the screen before its source was opened. */
        void *self = source->self, *own = NULL;

        if (!self)
            load->status = source->ops->open(&own, source->path, &load->error);
        if (load->status == ASSAY_OK)
            load->status =
                source->ops->read_series(self ? self : own, load->experiment_id, load->run_id,
                                         load->metric, load->series, &load->error);
        if (own)
            source->ops->close(own);
    }
}

static void load_task(struct pool_task *task)
{
    struct series_load *load = (struct series_load *)task;

    load_read(load);
    load->message.apply = load_apply;
    load->message.discard = load_discard_message;
    session_post(load->session, &load->message);
}

static void load_discard_task(struct pool_task *task)
{
    load_free((struct series_load *)task);
}

/* A short series of the local store, read here and now: sooner than a thread would start. */
static bool load_at_once(struct assay_session *session, struct series_entry *entry,
                         uint64_t version, uint64_t points)
{
    struct assay_series *series;

    if (source_of(session, entry->run)->ops || points > AT_ONCE || !session->store)
        return false;
    /* Where it cannot be begun, each is read by itself. */
    if (session->series_many && !session->series_reading)
        session->series_reading = store_begin_read(session->store, NULL) == ASSAY_OK;
    series = assay_series_new(ASSAY_LAST_WRITTEN);
    if (store_read_series(session->store, catalog_run_row(session->catalog, entry->run),
                          entry->metric, series, NULL) != ASSAY_OK) {
        assay_series_free(&series);
        return false;
    }
    assay_series_free(&entry->series);
    entry->series = series;
    entry->version = version;
    entry->failed = false;
    entry_count_bytes(session, entry);
    keep_budget(session);
    return true;
}

static void load_start(struct assay_session *session, struct series_entry *entry)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, entry->run);
    struct session_source *source = source_of(session, entry->run);
    struct series_load *load;

    entry->loading = true;
    if (source->server) {
        server_want(session, entry);
        return;
    }
    load = assay_alloc(sizeof *load);
    load->task.run = load_task;
    load->task.discard = load_discard_task;
    load->session = session;
    load->source = source;
    load->entry = entry;
    load->experiment_id =
        assay_strdup(assay_catalog_experiment(session->catalog, run->experiment)->id);
    load->run_id = assay_strdup(run->id);
    load->metric = assay_strdup(entry->metric);
    load->version = run->version;
    load->base = CACHE_MARK_ANY;
    load->row = catalog_run_row(session->catalog, entry->run);
    if (!source->ops || !source->ops->read_series)
        load->path = stored_path(session, source, &load->role);
    pool_add(session->pool, &load->task, true);
}

/* ---- asking ---- */

/* Whether what is in memory is still all there is to know. */
static bool is_current(struct assay_session *session, struct series_entry *entry,
                       const struct assay_metric *metric)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, entry->run);

    struct session_source *source = source_of(session, entry->run);

    if (entry->streamed)
        return entry->series != NULL;
    /* What a server did not give is asked for again once it has answered something else. */
    if (entry->stale && source->server && !server_offline(source) &&
        source->ended_us > entry->came_us)
        return false;
    if (entry->version == run->version)
        return entry->series || entry->failed;
    if (entry->series && metric && metric->summary.n == assay_series_count(entry->series) &&
        metric->summary.step == assay_series_summary(entry->series)->step) {
        entry->version = run->version; /* something else of the run changed */
        return true;
    }
    return false;
}

static enum assay_load streamed_state(struct assay_session *session, struct series_entry *entry,
                                      const struct assay_metric *metric)
{
    struct session_source *source = source_of(session, entry->run);

    if (entry->series)
        return source->scanned ? ASSAY_LOAD_READY : ASSAY_LOAD_BUSY;
    if (entry->unwritten || !source->scanned || source->resync)
        return ASSAY_LOAD_BUSY;
    return metric ? ASSAY_LOAD_READY : ASSAY_LOAD_NONE;
}

struct assay_series *assay_session_series(struct assay_session *session, uint32_t run,
                                          const char *name, enum assay_load *load)
{
    const struct assay_metric *metric =
        assay_attrs_metric(assay_catalog_attrs(session->catalog, run), name);
    struct session_source *source = source_of(session, run);
    struct series_entry *entry = entry_of(session, run, name, metric != NULL);

    if (!entry) {
        *load = source->scanned || !source->ops ? ASSAY_LOAD_NONE : ASSAY_LOAD_BUSY;
        return NULL;
    }
    entry->used = ++session->tick;
    if (!entry->loading && !is_current(session, entry, metric)) {
        bool waits =
            entry->streamed && (entry->unwritten || source->resync || !session->writer ||
                                !catalog_run_row(session->catalog, run));

        if (!waits &&
            !load_at_once(session, entry, assay_catalog_run(session->catalog, run)->version,
                          metric ? metric->summary.n : 0))
            load_start(session, entry);
    }
    if (entry->loading)
        *load = ASSAY_LOAD_BUSY;
    else if (entry->streamed)
        *load = streamed_state(session, entry, metric);
    else
        *load = entry->failed ? ASSAY_LOAD_FAILED : ASSAY_LOAD_READY;
    return entry->series;
}

void assay_session_series_begin(struct assay_session *session)
{
    session->series_many = true;
}

void assay_session_series_end(struct assay_session *session)
{
    if (session->series_reading)
        store_end_read(session->store);
    session->series_many = session->series_reading = false;
}

enum assay_status assay_session_series_wait(struct assay_session *session, uint32_t run,
                                            const char *metric, struct assay_series **out,
                                            struct assay_error *err)
{
    enum assay_load load;

    for (;;) {
        struct pollfd ready = {.fd = session->epoll_fd, .events = POLLIN};

        *out = assay_session_series(session, run, metric, &load);
        if (load != ASSAY_LOAD_BUSY)
            break;
        poll(&ready, 1, 1000);
        assay_session_dispatch(session);
    }
    if (load == ASSAY_LOAD_READY && *out)
        return ASSAY_OK;
    if (load == ASSAY_LOAD_FAILED) {
        const char *why = entry_of(session, run, metric, false)->why;

        return assay_fail(err, ASSAY_IO, "%s: metric %s: its points could not be read%s%s",
                          assay_catalog_run(session->catalog, run)->id, metric, why ? ": " : "",
                          why ? why : "");
    }
    assay_fail(err, ASSAY_BAD_INPUT, "%s: no metric %s",
               assay_catalog_run(session->catalog, run)->id, metric);
    assay_hint(err, "`assay show` lists the metrics of a run");
    return ASSAY_BAD_INPUT;
}

void points_free(struct assay_session *session)
{
    for (size_t i = 0; i < session->series_count; i++) {
        assay_series_free(&session->series[i]->series);
        free(session->series[i]->metric);
        free(session->series[i]->why);
        free(session->series[i]);
    }
    free(session->series);
    assay_map_free(&session->series_index);
}

/*
 * Batches: what a reader reported, on its way to the catalog and then to the cache. A batch is
 * owned by the reader's thread while it is filled, by the session's while it is applied, by the
 * writer's while it is stored; then it comes back as "written" and is freed.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "session/session_private.h"

struct batch *batch_new(struct session_source *source)
{
    struct batch *batch = assay_alloc(sizeof *batch);

    batch->source = source;
    return batch;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    for (struct batch_item *item = batch->first; item; item = item->next) {
        if (item->kind == BATCH_CHUNK)
            assay_chunk_unref(item->u.chunk);
        for (size_t i = 0; item->kind == BATCH_SERIES && i < item->u.series.count; i++)
            assay_chunk_unref(item->u.series.chunks[i]);
    }
    assay_arena_free(&batch->arena);
    free(batch);
}

struct batch_item *batch_add(struct batch *batch, enum batch_kind kind, const char *id,
                             const char *name)
{
    struct batch_item *item = assay_arena_alloc(&batch->arena, sizeof *item);

    item->kind = kind;
    item->id = assay_arena_strdup(&batch->arena, id ? id : "");
    item->name = assay_arena_strdup(&batch->arena, name ? name : "");
    item->run = ASSAY_NONE;
    item->base = CACHE_MARK_ANY;
    if (batch->last)
        batch->last->next = item;
    else
        batch->first = item;
    batch->last = item;
    batch->count++;
    return item;
}

/* ---- applying: on the session's thread ---- */

static void apply_experiment(struct assay_session *session, struct batch *batch,
                             struct batch_item *item)
{
    catalog_put_experiment(session->catalog, batch->source->index,
                           &(struct catalog_experiment){
                               .id = item->id,
                               .name = item->name,
                               .deleted = item->u.experiment.deleted,
                               .created_ms = item->u.experiment.created_ms,
                               .updated_ms = item->u.experiment.updated_ms,
                           });
}

/* Marks an experiment as gone, and fills the item with what the writer needs to say so. */
static void apply_experiment_gone(struct assay_session *session, struct batch *batch,
                                  struct batch_item *item)
{
    uint32_t at = catalog_find_experiment_id(session->catalog, batch->source->index, item->id);
    const struct assay_experiment *experiment;

    if (at == ASSAY_NONE)
        return;
    experiment = assay_catalog_experiment(session->catalog, at);
    item->name = assay_arena_strdup(&batch->arena, experiment->name);
    item->u.experiment.known = true;
    item->u.experiment.deleted = experiment->deleted;
    item->u.experiment.created_ms = experiment->created_ms;
    item->u.experiment.updated_ms = experiment->last_ms;
    catalog_put_experiment(session->catalog, batch->source->index,
                           &(struct catalog_experiment){
                               .id = item->id,
                               .name = item->name,
                               .deleted = item->u.experiment.deleted,
                               .gone = true,
                               .created_ms = item->u.experiment.created_ms,
                               .updated_ms = item->u.experiment.updated_ms,
                           });
}

static void set_reported(struct assay_session *session, uint32_t run)
{
    size_t capacity = session->reported_capacity;

    ASSAY_GROW(session->reported, session->reported_capacity, (size_t)run + 1);
    if (session->reported_capacity > capacity)
        memset(session->reported + capacity, 0,
               (session->reported_capacity - capacity) * sizeof *session->reported);
    session->reported[run] = true;
}

/* The run of ITEM into the catalog. */
static void put_run(struct assay_session *session, struct batch *batch, struct batch_item *item,
                    bool gone)
{
    uint32_t source = batch->source->index;
    uint32_t experiment =
        catalog_find_experiment_id(session->catalog, source, item->u.run.experiment_id);

    if (experiment == ASSAY_NONE) /* not reported before: keep the run all the same */
        experiment = catalog_put_experiment(
            session->catalog, source,
            &(struct catalog_experiment){.id = item->u.run.experiment_id,
                                         .name = item->u.run.experiment_id,
                                         .created_ms = ASSAY_NO_TIME,
                                         .updated_ms = ASSAY_NO_TIME});
    item->run = catalog_put_run(session->catalog, source,
                                &(struct catalog_run){
                                    .id = item->id,
                                    .name = item->name,
                                    .user = item->u.run.user,
                                    .artifact_uri = item->u.run.artifact_uri,
                                    .experiment = experiment,
                                    .status = item->u.run.status,
                                    .deleted = item->u.run.deleted,
                                    .gone = gone,
                                    .start_ms = item->u.run.start_ms,
                                    .end_ms = item->u.run.end_ms,
                                    .attrs = item->u.run.attrs,
                                    .attrs_length = item->u.run.attrs_length,
                                },
                                false);
    item->u.run.version = assay_catalog_run(session->catalog, item->run)->version;
    set_reported(session, item->run);
    details_run_changed(session, item->run);
}

/* A run of a server's list: what is known of its metrics beyond the list stays known. */
static void keep_summaries(struct assay_session *session, struct batch *batch,
                           struct batch_item *item)
{
    uint32_t at = catalog_find_run_id(session->catalog, batch->source->index, item->id);

    if (at != ASSAY_NONE)
        merge_summaries(assay_catalog_attrs(session->catalog, at), &item->u.run.attrs,
                        &item->u.run.attrs_length, &batch->arena);
}

/* Fills ITEM with what the catalog has of a run. */
static void fill_run(struct assay_session *session, struct batch *batch,
                     struct batch_item *item, uint32_t at)
{
    struct assay_arena *arena = &batch->arena;
    const struct assay_run *run = assay_catalog_run(session->catalog, at);

    item->name = assay_arena_strdup(arena, run->name);
    item->u.run.user = assay_arena_strdup(arena, run->user);
    item->u.run.artifact_uri = assay_arena_strdup(arena, run->artifact_uri);
    item->u.run.experiment_id = assay_arena_strdup(
        arena, assay_catalog_experiment(session->catalog, run->experiment)->id);
    item->u.run.status = run->status;
    item->u.run.deleted = run->deleted;
    item->u.run.start_ms = run->start_ms;
    item->u.run.end_ms = run->end_ms;
}

/* Marks a run as gone, and fills the item with what the writer needs to say so. */
static void apply_gone(struct assay_session *session, struct batch *batch,
                       struct batch_item *item)
{
    uint32_t at = catalog_find_run_id(session->catalog, batch->source->index, item->id);

    if (at == ASSAY_NONE)
        return;
    fill_run(session, batch, item, at);
    put_run(session, batch, item, true);
}

/* All points of a metric were read: the run's summary of it is known now. */
static void apply_series(struct assay_session *session, struct batch *batch,
                         struct batch_item *item)
{
    struct batch_item *run;
    size_t length;
    void *packed;

    item->run = catalog_find_run_id(session->catalog, batch->source->index, item->id);
    if (item->run == ASSAY_NONE || assay_catalog_run(session->catalog, item->run)->gone)
        return;
    packed = merge_metric(assay_catalog_attrs(session->catalog, item->run), item->name,
                          &item->u.series.summary, &length, &batch->arena);
    if (!packed)
        return;
    run = assay_arena_alloc(&batch->arena, sizeof *run);
    run->kind = BATCH_RUN;
    run->base = CACHE_MARK_ANY;
    run->id = item->id;
    fill_run(session, batch, run, item->run);
    run->u.run.attrs = packed;
    run->u.run.attrs_length = length;
    put_run(session, batch, run, false);
    /* Behind this item, so that the writer comes by it; applying goes past it. */
    run->next = item->next;
    item->next = run;
    if (batch->last == item)
        batch->last = run;
}

/* Keeps a reader's state in memory: there is no cache to keep it in. */
static void remember_state(struct session_source *source, const struct batch_item *item)
{
    struct memory_state *slot;
    uint32_t at;

    pthread_mutex_lock(&source->memory_lock);
    at = assay_map_get(&source->memory_index, item->id, strlen(item->id));
    if (at == ASSAY_MAP_NONE) {
        ASSAY_GROW(source->memory, source->memory_capacity, source->memory_count + 1);
        at = (uint32_t)source->memory_count++;
        source->memory[at] = (struct memory_state){0};
        assay_map_set(&source->memory_index, item->id, strlen(item->id), at);
    }
    slot = &source->memory[at];
    free(slot->bytes);
    *slot = (struct memory_state){0};
    if (item->u.state.bytes) {
        slot->bytes = assay_alloc(item->u.state.length + 1);
        slot->length = item->u.state.length;
        memcpy(slot->bytes, item->u.state.bytes, slot->length);
    }
    pthread_mutex_unlock(&source->memory_lock);
}

static unsigned apply_item(struct assay_session *session, struct batch *batch,
                           struct batch_item *item)
{
    switch (item->kind) {
    case BATCH_EXPERIMENT:
        apply_experiment(session, batch, item);
        return ASSAY_CHANGED_RUNS;
    case BATCH_EXPERIMENT_GONE:
        apply_experiment_gone(session, batch, item);
        return ASSAY_CHANGED_RUNS;
    case BATCH_RUN:
        if (item->run != ASSAY_NONE)
            return 0; /* put there by apply_series() */
        if (batch->source->server)
            keep_summaries(session, batch, item);
        put_run(session, batch, item, false);
        return ASSAY_CHANGED_RUNS;
    case BATCH_GONE:
    case BATCH_PASSED:
        apply_gone(session, batch, item);
        return ASSAY_CHANGED_RUNS;
    case BATCH_CHUNK:
    case BATCH_RESTART:
        item->run = catalog_find_run_id(session->catalog, batch->source->index, item->id);
        if (item->run == ASSAY_NONE)
            return 0;
        if (item->kind == BATCH_CHUNK)
            points_chunk(session, item->run, item->name, item->u.chunk, item->base);
        else
            points_restart(session, item->run);
        return ASSAY_CHANGED_SERIES;
    case BATCH_SERIES:
        apply_series(session, batch, item);
        return ASSAY_CHANGED_RUNS;
    case BATCH_STATE:
        if (!session->writer)
            remember_state(batch->source, item);
        return 0;
    case BATCH_PROBLEM:
        activity_problem(session, batch->source->index, item->id, item->u.offset, item->name);
        return ASSAY_CHANGED_SOURCES;
    case BATCH_STORED:
        stored_reload_run(session, batch->source, item->id);
        return ASSAY_CHANGED_RUNS;
    case BATCH_READ:
        return 0;
    }
    return 0;
}

static unsigned batch_apply(struct assay_session *session, struct message *message,
                            int64_t until_us, bool *done)
{
    struct batch *batch = (struct batch *)message;
    unsigned changed = 0;
    size_t applied = 0;

    if (!batch->started)
        batch->cursor = batch->first;
    batch->started = true;
    for (; batch->cursor; batch->cursor = batch->cursor->next) {
        if (++applied % 16 == 0 && assay_monotonic_us() > until_us) {
            *done = false;
            return changed;
        }
        changed |= apply_item(session, batch, batch->cursor);
    }
    if (session->writer) {
        batch->source->unwritten++;
        writer_add(session->writer, batch);
    } else {
        batch_free(batch);
    }
    return changed;
}

static void batch_discard(struct message *message)
{
    batch_free((struct batch *)message);
}

void batch_post(struct assay_session *session, struct batch *batch)
{
    batch->message.apply = batch_apply;
    batch->message.discard = batch_discard;
    session_post(session, &batch->message);
}

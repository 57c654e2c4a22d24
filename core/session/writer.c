/*
 * The writer: one thread that stores applied batches in the cache, behind what is on the
 * screen.
 *
 * A batch comes from the session's thread and goes back to it as "written". Several batches
 * share a transaction, committed when the queue runs dry or the transaction is large or old.
 * Chunks of a run are held back until the reader's state of that run comes (see
 * ingest_state_put), so that points and the offset they were read up to are stored together or
 * not at all.
 *
 * Other processes may write the same cache. What a reader says of a run builds on the state it
 * started from; if that is not the state in the cache any more, somebody else read the same
 * bytes and was first: what builds on the old state is dropped, and the session is told
 * (cache.c). A transaction is IMMEDIATE, so nothing changes between the look and the write.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <assay/clock.h>

#include "session/session_private.h"

#define COMMIT_BATCHES 64
#define COMMIT_AGE_US  400000
#define NICE           5

/* Chunks of one run waiting for its state. */
struct held {
    struct held_chunk {
        char *metric;
        struct assay_chunk *chunk; /* a reference */
        uint32_t run;
    } * chunks;
    size_t count, capacity;
    int64_t row;  /* of the run; 0 not known yet */
    bool restart; /* the points stored before go when the state comes */
    bool stale;   /* builds on another state than the cache's */
};

struct written {
    struct message message;
    struct batch *batches; /* linked by message.next */
    int64_t change;        /* of the transaction; 0: no run was written */
    struct told {          /* chunks that were stored */
        uint32_t run;
        char *metric;
    } * told;
    size_t told_count, told_capacity;
    struct moved { /* runs of which somebody else stored a newer state */
        struct session_source *source;
        char *id;
    } * moved;
    size_t moved_count, moved_capacity;
    struct assay_error error; /* where the cache failed: nothing was written */
    bool lost;                /* nor was this: it had failed before, which was told */
};

struct writer {
    struct assay_session *session;
    char *path;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct batch *first, *last; /* linked by message.next */
    bool ending, finish, running;

    /* The rest belongs to the writer's thread. */
    struct store *store;
    bool open; /* a transaction */
    int64_t begun_us;
    size_t open_batches;
    struct written *written;
    struct assay_map held_index; /* "source run-id" */
    struct held *held;
    size_t held_count, held_capacity;
    struct assay_map experiment_rows; /* "source id" -> index into rows */
    int64_t *rows;
    size_t row_count, row_capacity;
    bool broken;
    bool refused; /* the claim of the batch under way did not stand */
    bool filled;  /* something was stored since room was looked for */
    int use_fd;   /* the locks of the sources that were new to the cache */
};

static size_t key_of(struct assay_buf *key, const struct session_source *source, const char *id)
{
    assay_buf_reset(key);
    assay_buf_format(key, "%u %s", source->index, id);
    return key->length;
}

static struct held *held_of(struct writer *writer, const struct session_source *source,
                            const char *run_id, bool make)
{
    struct assay_buf key = {0};
    size_t length = key_of(&key, source, run_id);
    uint32_t at = assay_map_get(&writer->held_index, key.data, length);

    if (at == ASSAY_MAP_NONE && make) {
        ASSAY_GROW(writer->held, writer->held_capacity, writer->held_count + 1);
        at = (uint32_t)writer->held_count++;
        writer->held[at] = (struct held){0};
        assay_map_set(&writer->held_index, key.data, length, at);
    }
    assay_buf_free(&key);
    return at == ASSAY_MAP_NONE ? NULL : &writer->held[at];
}

static void held_clear(struct held *held)
{
    for (size_t i = 0; i < held->count; i++) {
        assay_chunk_unref(held->chunks[i].chunk);
        free(held->chunks[i].metric);
    }
    free(held->chunks);
    held->chunks = NULL;
    held->count = held->capacity = 0;
    held->restart = held->stale = false;
}

/* ---- storing the items ---- */

static enum assay_status put_experiment(struct writer *writer, struct batch *batch,
                                        const struct batch_item *item, struct assay_error *err)
{
    struct store_experiment experiment = {
        .id = item->id,
        .name = item->name,
        .deleted = item->u.experiment.deleted,
        .gone = item->kind == BATCH_EXPERIMENT_GONE,
        .created_ms = item->u.experiment.created_ms,
        .updated_ms = item->u.experiment.updated_ms,
    };
    struct assay_buf key = {0};
    enum assay_status status =
        store_put_experiment(writer->store, batch->source->row, &experiment, err);

    if (status == ASSAY_OK) {
        ASSAY_GROW(writer->rows, writer->row_capacity, writer->row_count + 1);
        writer->rows[writer->row_count] = experiment.row;
        key_of(&key, batch->source, item->id);
        assay_map_set(&writer->experiment_rows, key.data, key.length,
                      (uint32_t)writer->row_count++);
    }
    assay_buf_free(&key);
    return status;
}

static int64_t experiment_row(struct writer *writer, const struct session_source *source,
                              const char *id)
{
    struct assay_buf key = {0};
    uint32_t at;

    key_of(&key, source, id);
    at = assay_map_get(&writer->experiment_rows, key.data, key.length);
    assay_buf_free(&key);
    return at == ASSAY_MAP_NONE ? 0 : writer->rows[at];
}

/* The row of an experiment that this scan did not report (unchanged since an earlier one). */
static enum assay_status find_experiment(struct writer *writer, struct batch *batch,
                                         const char *id, int64_t *row, struct assay_error *err)
{
    struct batch_item unknown = {.id = id, .name = id};

    *row = experiment_row(writer, batch->source, id);
    if (*row)
        return ASSAY_OK;
    unknown.u.experiment.created_ms = unknown.u.experiment.updated_ms = ASSAY_NO_TIME;
    if (put_experiment(writer, batch, &unknown, err) != ASSAY_OK)
        return err ? err->status : ASSAY_IO;
    *row = experiment_row(writer, batch->source, id);
    return ASSAY_OK;
}

/* How the cache's state of a run stands to what ITEM builds on. */
enum standing { STANDING_SAME, STANDING_DONE /* it is ITEM's own */, STANDING_OTHER };

static enum assay_status look(struct writer *writer, const struct batch *batch,
                              const struct batch_item *item, enum standing *standing,
                              struct assay_error *err)
{
    enum assay_status status;
    uint64_t mark;
    size_t length;
    void *bytes;

    *standing = STANDING_SAME;
    if (item->base == CACHE_MARK_ANY)
        return ASSAY_OK;
    status =
        store_read_state(writer->store, batch->source->row, item->id, &bytes, &length, err);
    mark = cache_mark(bytes, length);
    free(bytes);
    if (status == ASSAY_OK && mark != item->base) {
        bool done = item->kind == BATCH_STATE &&
                    (mark == item->mark || (item->end && mark == item->end));

        *standing = done ? STANDING_DONE : STANDING_OTHER;
    }
    return status;
}

static enum assay_status put_run(struct writer *writer, struct batch *batch,
                                 struct batch_item *item, bool gone, struct assay_error *err)
{
    enum standing standing;
    struct store_run run = {
        .id = item->id,
        .name = item->name,
        .user = item->u.run.user,
        .artifact_uri = item->u.run.artifact_uri,
        .status = item->u.run.status,
        .deleted = item->u.run.deleted,
        .gone = gone,
        .start_ms = item->u.run.start_ms,
        .end_ms = item->u.run.end_ms,
    };
    enum assay_status status = look(writer, batch, item, &standing, err);

    if (status == ASSAY_OK && standing == STANDING_OTHER) {
        struct held *held = held_of(writer, batch->source, item->id, true);

        held->stale = true;
        status = store_find_run(writer->store, batch->source->row, item->id, &held->row, err);
        item->u.run.row = held->row;
        return status;
    }
    if (status == ASSAY_OK)
        status =
            find_experiment(writer, batch, item->u.run.experiment_id, &run.experiment, err);
    if (status == ASSAY_OK)
        status = store_put_run(writer->store, batch->source->row, &run, err);
    if (status == ASSAY_OK && !gone)
        status = store_put_attrs(writer->store, run.row, item->u.run.attrs,
                                 item->u.run.attrs_length, err);
    item->u.run.row = run.row;
    writer->written->change = run.change;
    held_of(writer, batch->source, item->id, true)->row = run.row;
    return status;
}

static enum assay_status hold_chunk(struct writer *writer, struct batch *batch,
                                    struct batch_item *item)
{
    struct held *held = held_of(writer, batch->source, item->id, true);

    ASSAY_GROW(held->chunks, held->capacity, held->count + 1);
    held->chunks[held->count++] = (struct held_chunk){
        .metric = assay_strdup(item->name),
        .chunk = assay_chunk_ref(item->u.chunk),
        .run = item->run,
    };
    return ASSAY_OK;
}

/* Remembers to tell the session that a chunk of RUN's METRIC is stored; takes METRIC. */
static void tell(struct written *written, uint32_t run, char *metric)
{
    ASSAY_GROW(written->told, written->told_capacity, written->told_count + 1);
    written->told[written->told_count++] = (struct told){.run = run, .metric = metric};
}

/* Remembers to tell the session that the run ID of SOURCE was stored by somebody else. */
static void tell_moved(struct written *written, struct session_source *source, const char *id)
{
    ASSAY_GROW(written->moved, written->moved_capacity, written->moved_count + 1);
    written->moved[written->moved_count++] =
        (struct moved){.source = source, .id = assay_strdup(id)};
}

/* The chunks of a run whose state has come. WRITE: they are not in the cache yet. */
static enum assay_status put_held(struct writer *writer, struct held *held, bool clear,
                                  bool write, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    if (write && clear)
        status = store_clear_series(writer->store, held->row, err);
    for (size_t i = 0; i < held->count && status == ASSAY_OK; i++) {
        if (write)
            status = store_add_chunk(writer->store, held->row, held->chunks[i].metric,
                                     held->chunks[i].chunk, err);
        if (held->chunks[i].run != ASSAY_NONE) {
            tell(writer->written, held->chunks[i].run, held->chunks[i].metric);
            held->chunks[i].metric = NULL;
        }
    }
    return status;
}

static enum assay_status put_state(struct writer *writer, struct batch *batch,
                                   struct batch_item *item, struct assay_error *err)
{
    struct held *held = held_of(writer, batch->source, item->id, item->of_run);
    enum standing standing = STANDING_SAME;
    enum assay_status status = ASSAY_OK;

    if (item->of_run) {
        status = look(writer, batch, item, &standing, err);
        if (standing == STANDING_SAME && held->stale)
            standing = STANDING_OTHER;
        if (status == ASSAY_OK && !held->row)
            status =
                store_find_run(writer->store, batch->source->row, item->id, &held->row, err);
        if (standing == STANDING_OTHER) {
            tell_moved(writer->written, batch->source, item->id);
        } else if (status == ASSAY_OK && held->row) {
            /* Points without a state are nobody's: they would be read again. */
            bool clear = held->restart || item->base == CACHE_MARK_NONE;

            status = put_held(writer, held, clear, standing == STANDING_SAME, err);
        }
    }
    if (held)
        held_clear(held);
    if (item->of_scan) {
        status = look(writer, batch, item, &standing, err);
        writer->refused = standing == STANDING_OTHER;
    }
    if (status == ASSAY_OK && standing == STANDING_SAME)
        status = store_put_state(writer->store, batch->source->row, item->id,
                                 item->u.state.bytes, item->u.state.length, err);
    return status;
}

/* The points stored before go together with the state that does not count them any more. */
static void restart_run(struct writer *writer, struct batch *batch, struct batch_item *item)
{
    struct held *held = held_of(writer, batch->source, item->id, true);
    bool stale = held->stale;

    held_clear(held);
    held->stale = stale;
    held->restart = true;
}

/* All points of one metric in place of what there was, and how far they go: both or neither. */
static enum assay_status put_series(struct writer *writer, struct batch *batch,
                                    struct batch_item *item, struct assay_error *err)
{
    const struct batch_series *series = &item->u.series;
    struct assay_buf key = {0};
    int64_t row = 0;
    enum assay_status status =
        store_find_run(writer->store, batch->source->row, item->id, &row, err);

    if (status != ASSAY_OK || !row)
        return status;
    status = store_clear_metric(writer->store, row, item->name, err);
    for (size_t i = 0; i < series->count && status == ASSAY_OK; i++)
        status = store_add_chunk(writer->store, row, item->name, series->chunks[i], err);
    assay_buf_format(&key, "points/%s/%s", item->id, item->name);
    if (status == ASSAY_OK)
        status = store_put_state(writer->store, batch->source->row, assay_buf_text(&key),
                                 series->mark, series->mark_length, err);
    assay_buf_free(&key);
    return status;
}

/* What a scan reports whose claim does not stand builds on what is not in the cache any more,
   and may be older than what is: it is shown where it was read, and not stored. */
static bool is_refused(const struct writer *writer, struct batch_item *item)
{
    bool of_scan = item->kind == BATCH_STATE && item->of_scan;

    if (!writer->refused || of_scan)
        return false;
    if (item->kind == BATCH_RUN || item->kind == BATCH_GONE) {
        item->run = ASSAY_NONE; /* its attributes stay in memory */
        return true;
    }
    return item->kind == BATCH_STATE;
}

static enum assay_status store_item(struct writer *writer, struct batch *batch,
                                    struct batch_item *item, struct assay_error *err)
{
    if (is_refused(writer, item))
        return ASSAY_OK;
    switch (item->kind) {
    case BATCH_EXPERIMENT:
        return put_experiment(writer, batch, item, err);
    case BATCH_EXPERIMENT_GONE:
        return item->u.experiment.known ? put_experiment(writer, batch, item, err) : ASSAY_OK;
    case BATCH_RUN:
        return put_run(writer, batch, item, false, err);
    case BATCH_GONE:
        return item->run == ASSAY_NONE ? ASSAY_OK : put_run(writer, batch, item, true, err);
    case BATCH_CHUNK:
        return hold_chunk(writer, batch, item);
    case BATCH_RESTART:
        restart_run(writer, batch, item);
        return ASSAY_OK;
    case BATCH_SERIES:
        return put_series(writer, batch, item, err);
    case BATCH_STATE:
        return put_state(writer, batch, item, err);
    case BATCH_PASSED:
    case BATCH_PROBLEM:
    case BATCH_STORED:
        return ASSAY_OK;
    case BATCH_READ:
        return store_set_source_read_time(writer->store, batch->source->row,
                                          (int64_t)item->u.offset, err);
    }
    return ASSAY_OK;
}

/* ---- transactions ---- */

static unsigned written_apply(struct assay_session *session, struct message *message,
                              int64_t until_us, bool *done);

static void written_free(struct written *written)
{
    while (written->batches) {
        struct batch *batch = written->batches;

        written->batches = (struct batch *)batch->message.next;
        batch_free(batch);
    }
    for (size_t i = 0; i < written->told_count; i++)
        free(written->told[i].metric);
    free(written->told);
    for (size_t i = 0; i < written->moved_count; i++)
        free(written->moved[i].id);
    free(written->moved);
    free(written);
}

static void written_discard(struct message *message)
{
    written_free((struct written *)message);
}

static void send_written(struct writer *writer)
{
    struct written *written = writer->written;

    writer->written = NULL;
    writer->open_batches = 0;
    if (!written)
        return;
    written->message.apply = written_apply;
    written->message.discard = written_discard;
    session_post(writer->session, &written->message);
}

/* The cache cannot be written: gives up on it and says why, once. */
static void writer_break(struct writer *writer, const struct assay_error *err)
{
    if (writer->open)
        store_rollback(writer->store);
    writer->open = false;
    writer->broken = true;
    if (writer->written)
        writer->written->error = *err;
    send_written(writer);
}

static void writer_commit(struct writer *writer)
{
    struct assay_error err = {0};

    if (!writer->open)
        return;
    if (store_commit(writer->store, &err) != ASSAY_OK) {
        writer_break(writer, &err);
        return;
    }
    writer->open = false;
    send_written(writer);
}

static void writer_store(struct writer *writer, struct batch *batch)
{
    struct assay_error err = {0};
    enum assay_status status = ASSAY_OK;

    if (!writer->written)
        writer->written = assay_alloc(sizeof *writer->written);
    batch->message.next = (struct message *)writer->written->batches;
    writer->written->batches = batch;
    writer->open_batches++;
    if (!writer->broken && !writer->store)
        status = store_open(&writer->store, writer->path, STORE_CACHE, false, &err);
    if (status == ASSAY_OK && !writer->broken && !writer->open) {
        status = store_begin(writer->store, &err);
        writer->open = status == ASSAY_OK;
        writer->begun_us = assay_monotonic_us();
    }
    if (status == ASSAY_OK && !writer->broken && !batch->source->row) {
        int64_t row = 0;

        status =
            store_source(writer->store, batch->source->kind, batch->source->path, &row, &err);
        if (writer->use_fd < 0)
            writer->use_fd = cache_use_open(writer->path, true);
        (void)cache_use(writer->use_fd, row, true);
        batch->source->row = row;
    }
    writer->filled = true;
    writer->refused = false; /* a claim stands before whatever its batch says */
    for (struct batch_item *item = batch->first; item && status == ASSAY_OK && !writer->broken;
         item = item->next)
        status = store_item(writer, batch, item, &err);
    if (status != ASSAY_OK) {
        writer_break(writer, &err);
    } else if (writer->broken) {
        writer->written->lost = true;
        send_written(writer);
    }
}

/* When there is nothing else to do. That it fails is told when something is stored next. */
static void writer_make_room(struct writer *writer)
{
    if (!writer->filled || !writer->store || writer->broken)
        return;
    writer->filled = false;
    (void)cache_make_room(writer->store, writer->path, writer->session->cache_most, NULL);
}

/* Takes the next batch to be stored. The workbench ends at once, and what waits to be stored is
   read again tomorrow; not so what a server said, because it may be out of reach then. */
static struct batch *take_batch(struct writer *writer)
{
    struct batch *before = NULL, *batch = writer->first;

    while (writer->ending && !writer->finish && batch && !batch->source->server) {
        before = batch;
        batch = (struct batch *)batch->message.next;
    }
    if (!batch || (writer->ending && writer->broken))
        return NULL;
    if (before)
        before->message.next = batch->message.next;
    else
        writer->first = (struct batch *)batch->message.next;
    if (!batch->message.next)
        writer->last = before;
    return batch;
}

static struct batch *writer_next(struct writer *writer, bool *end)
{
    struct batch *batch;

    pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->ending && !writer->open)
        pthread_cond_wait(&writer->work, &writer->lock);
    batch = take_batch(writer);
    *end = !batch && writer->ending;
    pthread_mutex_unlock(&writer->lock);
    return batch;
}

static void *writer_main(void *argument)
{
    struct writer *writer = argument;
    bool end = false;

    /* Readers come first where there are not enough processors for all; by no more than that,
       since others wait for the cache while a transaction is open. On Linux a thread has a
       priority of its own. */
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    while (!end) {
        struct batch *batch = writer_next(writer, &end);

        if (batch)
            writer_store(writer, batch);
        if (!batch || writer->open_batches >= COMMIT_BATCHES ||
            (writer->open && assay_monotonic_us() - writer->begun_us > COMMIT_AGE_US))
            writer_commit(writer);
        if (!batch && (!end || writer->finish))
            writer_make_room(writer);
    }
    store_close(&writer->store);
    return NULL;
}

/* ---- on the session's thread ---- */

static unsigned written_apply(struct assay_session *session, struct message *message,
                              int64_t until_us, bool *done)
{
    struct written *written = (struct written *)message;
    bool good = written->error.status == ASSAY_OK && !written->lost;

    (void)until_us;
    (void)done;
    if (!good && !written->lost)
        activity_notice(session, "the cache is not kept: %s", written->error.what);
    for (struct batch *batch = written->batches; batch;
         batch = (struct batch *)batch->message.next) {
        if (batch->source->unwritten)
            batch->source->unwritten--;
        if (good && written->change)
            cache_own_change(batch->source, written->change);
        for (struct batch_item *item = batch->first; good && item; item = item->next)
            if ((item->kind == BATCH_RUN || item->kind == BATCH_GONE) &&
                item->run != ASSAY_NONE)
                catalog_run_written(session->catalog, item->run, item->u.run.row,
                                    item->u.run.version);
    }
    for (size_t i = 0; good && i < written->told_count; i++)
        points_written(session, written->told[i].run, written->told[i].metric);
    for (size_t i = 0; good && i < written->moved_count; i++)
        cache_moved(session, written->moved[i].source, written->moved[i].id);
    for (size_t i = 0; i < session->source_count; i++) {
        struct session_source *source = session->sources[i];

        cache_settle(source);
        if (good && !source->unwritten && !source->scanning)
            cache_take_over(session, source);
        if (source->again && !source->unwritten && !source->scanning)
            watch_later(session, source);
    }
    written_free(written);
    if (good)
        return ASSAY_CHANGED_SERIES;
    /* From here on readers' states are kept in memory, and nothing waits for the cache. */
    writer_free(&session->writer, false);
    for (size_t i = 0; i < session->source_count; i++)
        session->sources[i]->unwritten = 0;
    return ASSAY_CHANGED_NOTICES;
}

struct writer *writer_new(struct assay_session *session, const char *path)
{
    struct writer *writer = assay_alloc(sizeof *writer);

    writer->session = session;
    writer->use_fd = -1;
    writer->path = assay_strdup(path);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->work, NULL);
    return writer;
}

void writer_add(struct writer *writer, struct batch *batch)
{
    pthread_mutex_lock(&writer->lock);
    batch->message.next = NULL;
    if (writer->last)
        writer->last->message.next = &batch->message;
    else
        writer->first = batch;
    writer->last = batch;
    if (!writer->running)
        writer->running = pthread_create(&writer->thread, NULL, writer_main, writer) == 0;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
}

void writer_free(struct writer **writer_ptr, bool finish)
{
    struct writer *writer = *writer_ptr;

    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->ending = true;
    writer->finish = finish;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    if (writer->running)
        pthread_join(writer->thread, NULL);
    while (writer->first) {
        struct batch *batch = writer->first;

        writer->first = (struct batch *)batch->message.next;
        batch_free(batch);
    }
    for (size_t i = 0; i < writer->held_count; i++)
        held_clear(&writer->held[i]);
    free(writer->held);
    free(writer->rows);
    assay_map_free(&writer->held_index);
    assay_map_free(&writer->experiment_rows);
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->work);
    if (writer->use_fd >= 0)
        close(writer->use_fd);
    free(writer->path);
    free(writer);
    *writer_ptr = NULL;
}

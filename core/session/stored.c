/*
 * What the two databases know: the local store's runs, what the cache remembers of a source,
 * attributes of single runs, and columns over all of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/attrs.h"
#include "session/session_private.h"

#define COLUMN_AT_ONCE                                                                         \
    3000 /* runs whose attributes are read without a detour over the pool                      \
          */

const char *stored_path(const struct assay_session *session,
                        const struct session_source *source, enum store_role *role)
{
    *role = source->ops ? STORE_CACHE : STORE_LOCAL;
    return source->ops ? session->cache_path : session->store_path;
}

static struct store *store_of(struct assay_session *session,
                              const struct session_source *source)
{
    return source->ops ? session_cache(session) : session->store;
}

/* ---- rows into the catalog ---- */

struct loading {
    struct assay_session *session;
    struct session_source *source;
    bool fresh; /* every run is new to the catalog */
    int64_t newest_change;
    struct row_of_experiment {
        int64_t row;
        uint32_t experiment;
    } * experiments;
    size_t count, capacity;
    size_t last; /* where the last one was found: runs of one experiment come together */
    size_t runs;
};

static bool load_experiment(void *context, const struct store_experiment *from)
{
    struct loading *loading = context;

    ASSAY_GROW(loading->experiments, loading->capacity, loading->count + 1);
    loading->experiments[loading->count++] = (struct row_of_experiment){
        .row = from->row,
        .experiment = catalog_put_experiment(loading->session->catalog, loading->source->index,
                                             &(struct catalog_experiment){
                                                 .id = from->id,
                                                 .name = from->name,
                                                 .deleted = from->deleted,
                                                 .created_ms = from->created_ms,
                                                 .updated_ms = from->updated_ms,
                                             }),
    };
    return true;
}

static bool load_run(void *context, const struct store_run *from)
{
    struct loading *loading = context;

    if (from->change > loading->newest_change)
        loading->newest_change = from->change;
    if (loading->last >= loading->count ||
        loading->experiments[loading->last].row != from->experiment)
        for (loading->last = 0; loading->last < loading->count; loading->last++)
            if (loading->experiments[loading->last].row == from->experiment)
                break;
    if (loading->last >= loading->count)
        return true; /* a run without an experiment: a damaged row, not worth the rest */
    catalog_put_run(loading->session->catalog, loading->source->index,
                    &(struct catalog_run){
                        .id = from->id,
                        .name = from->name,
                        .user = from->user,
                        .artifact_uri = from->artifact_uri,
                        .experiment = loading->experiments[loading->last].experiment,
                        .status = from->status,
                        .deleted = from->deleted,
                        .gone = from->gone,
                        .start_ms = from->start_ms,
                        .end_ms = from->end_ms,
                        .row = from->row,
                    },
                    loading->fresh);
    loading->runs++;
    return true;
}

static enum assay_status load_rows(struct store *store, struct loading *loading, int64_t since,
                                   struct assay_error *err)
{
    enum assay_status status =
        store_read_experiments(store, loading->source->row, load_experiment, loading, err);

    if (status == ASSAY_OK)
        status = store_read_runs(store, loading->source->row, since, load_run, loading, err);
    free(loading->experiments);
    return status;
}

void stored_load_cached(struct assay_session *session, struct session_source *source)
{
    struct store *cache = session_cache(session);
    struct loading loading = {.session = session, .source = source, .fresh = true};
    struct assay_source *shown = catalog_source(session->catalog, source->index);
    int64_t row = 0;

    if (!cache ||
        store_find_source(cache, source->kind, source->path, &row, NULL) != ASSAY_OK || !row)
        return;
    source->row = row;
    source->loaded_change = store_change(cache);
    if (load_rows(cache, &loading, 0, NULL) != ASSAY_OK)
        return;
    store_source_read_time(cache, row, &shown->read_ms, NULL);
    if (loading.runs)
        shown->state = ASSAY_SOURCE_CACHED;
}

void stored_reload_run(struct assay_session *session, struct session_source *source,
                       const char *id)
{
    struct loading loading = {.session = session, .source = source};
    struct store *cache = session_cache(session);
    int64_t row = 0;

    if (!cache || !source->row ||
        store_find_run(cache, source->row, id, &row, NULL) != ASSAY_OK || !row)
        return;
    if (store_read_experiments(cache, source->row, load_experiment, &loading, NULL) == ASSAY_OK)
        store_read_run(cache, row, load_run, &loading, NULL);
    free(loading.experiments);
}

/* ---- the local store ---- */

static void local_failed(struct assay_session *session, const struct assay_error *err)
{
    activity_notice(session, "the local store cannot be read: %s", err->what);
}

/* Opens the local store to read. One that an earlier version wrote is opened to write once,
   which brings it up to date and keeps a copy of what it was. */
static bool local_open(struct assay_session *session, struct assay_error *err)
{
    const char *path = session->store_path;
    struct store *writer = NULL;

    if (store_open(&session->store, path, STORE_LOCAL, true, err) == ASSAY_OK)
        return true;
    if (store_open(&writer, path, STORE_LOCAL, false, NULL) != ASSAY_OK)
        return false;
    store_close(&writer);
    assay_error_clear(err);
    return store_open(&session->store, path, STORE_LOCAL, true, err) == ASSAY_OK;
}

/* Adds the local store as a source once its file is there. */
static bool local_find(struct assay_session *session, struct assay_error *err)
{
    int64_t row = 0;

    if (session->local)
        return true;
    if (!session->store_path || access(session->store_path, F_OK) != 0)
        return false;
    if (!session->store && !local_open(session, err))
        return false;
    if (store_find_source(session->store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &row, err) !=
            ASSAY_OK ||
        !row)
        return false;
    session->local = session_add_source(session, STORE_LOCAL_KIND, STORE_LOCAL_KIND,
                                        session->store_path, NULL);
    session->local->row = row;
    session->local->scanned = true;
    catalog_source(session->catalog, session->local->index)->state = ASSAY_SOURCE_READY;
    return true;
}

void stored_open_local(struct assay_session *session)
{
    struct assay_error err = {0};
    struct loading loading = {.session = session, .fresh = true};

    if (!local_find(session, &err)) {
        if (err.status != ASSAY_OK)
            local_failed(session, &err);
        return;
    }
    loading.source = session->local;
    if (load_rows(session->store, &loading, 0, &err) != ASSAY_OK)
        local_failed(session, &err);
    session->local_change = loading.newest_change;
    store_changed(session->store);
}

unsigned stored_reload_local(struct assay_session *session)
{
    struct assay_error err = {0};
    struct loading loading = {.session = session};

    if (!session->local) {
        stored_open_local(session);
        return session->local ? ASSAY_CHANGED_RUNS | ASSAY_CHANGED_SOURCES : 0;
    }
    if (!store_changed(session->store))
        return 0;
    loading.source = session->local;
    loading.newest_change = session->local_change;
    if (load_rows(session->store, &loading, session->local_change, &err) != ASSAY_OK)
        local_failed(session, &err);
    session->local_change = loading.newest_change;
    return ASSAY_CHANGED_RUNS | ASSAY_CHANGED_SERIES;
}

/* ---- attributes ---- */

bool stored_fetch_attrs(void *context, uint32_t run, void **bytes, size_t *length)
{
    struct assay_session *session = context;
    struct session_source *source =
        session->sources[assay_catalog_run(session->catalog, run)->source];
    struct store *store = store_of(session, source);

    *bytes = NULL;
    *length = 0;
    return store &&
           store_read_attrs(store, catalog_run_row(session->catalog, run), bytes, length,
                            NULL) == ASSAY_OK &&
           *bytes;
}

bool stored_look_at_attrs(void *context, uint32_t run,
                          void (*use)(void *with, const void *bytes, size_t length), void *with)
{
    struct assay_session *session = context;
    struct session_source *source =
        session->sources[assay_catalog_run(session->catalog, run)->source];
    struct store *store = store_of(session, source);
    bool there = false;

    return store &&
           store_look_at_attrs(store, catalog_run_row(session->catalog, run), use, with, &there,
                               NULL) == ASSAY_OK &&
           there;
}

/* ---- columns ---- */

struct run_row {
    int64_t row;
    uint32_t run;
};
struct column_part { /* the runs of one source whose attributes are not in memory */
    const char *path;
    enum store_role role;
    int64_t source_row;
    struct run_row *rows; /* by row */
    size_t count, capacity;
};
struct column_value {
    uint32_t run;
    double number;
    const char *text;
};
struct column_load {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct assay_column
        *column;      /* only its address, kind, key and stat are used off the thread */
    uint64_t version; /* of the catalog when it was asked for */
    struct column_part *parts;
    size_t part_count;
    struct column_part *current;
    struct column_value *values;
    size_t count, capacity;
    struct assay_arena text;
    struct assay_buf joined;
};

static void column_load_free(struct column_load *load)
{
    for (size_t i = 0; i < load->part_count; i++)
        free(load->parts[i].rows);
    free(load->parts);
    free(load->values);
    assay_arena_free(&load->text);
    assay_buf_free(&load->joined);
    free(load);
}

static int row_order(const void *a, const void *b)
{
    int64_t x = ((const struct run_row *)a)->row, y = ((const struct run_row *)b)->row;

    return x < y ? -1 : x > y;
}

static bool take_value(void *context, int64_t row, const void *bytes, size_t length)
{
    struct column_load *load = context;
    const struct run_row *found = bsearch(&(struct run_row){.row = row}, load->current->rows,
                                          load->current->count, sizeof *found, row_order);
    struct assay_summary summary;
    const char *text = NULL;

    if (!found || !attrs_find(bytes, length, load->column->kind, load->column->key, &summary,
                              &text, &load->joined))
        return true;
    ASSAY_GROW(load->values, load->capacity, load->count + 1);
    load->values[load->count++] = (struct column_value){
        .run = found->run,
        .number = text ? 0 : catalog_stat(load->column->key, &summary, load->column->stat),
        .text = assay_arena_strdup(&load->text, text),
    };
    return true;
}

static void column_read(struct column_load *load)
{
    for (size_t i = 0; i < load->part_count; i++) {
        struct store *store = NULL;

        load->current = &load->parts[i];
        if (store_open(&store, load->current->path, load->current->role, true, NULL) ==
            ASSAY_OK)
            store_scan_attrs(store, load->current->source_row, take_value, load, NULL);
        store_close(&store);
    }
}

static void column_fill(struct assay_session *session, struct column_load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        const struct column_value *value = &load->values[i];

        if (assay_catalog_run(session->catalog, value->run)->version <= load->version)
            catalog_column_put(session->catalog, load->column, value->run, value->number,
                               value->text);
    }
    catalog_column_ready(session->catalog, load->column);
}

static struct column_load *load_of_message(struct message *message)
{
    return (struct column_load *)((char *)message - offsetof(struct column_load, message));
}

static unsigned column_apply(struct assay_session *session, struct message *message,
                             int64_t until_us, bool *done)
{
    struct column_load *load = load_of_message(message);

    (void)until_us;
    (void)done;
    column_fill(session, load);
    column_load_free(load);
    return ASSAY_CHANGED_COLUMNS;
}

static void column_discard(struct message *message)
{
    column_load_free(load_of_message(message));
}

static void column_task(struct pool_task *task)
{
    struct column_load *load = (struct column_load *)task;

    column_read(load);
    load->message.apply = column_apply;
    load->message.discard = column_discard;
    session_post(load->session, &load->message);
}

static void column_discard_task(struct pool_task *task)
{
    column_load_free((struct column_load *)task);
}

/* Notes which runs have to be looked up in which database. */
static size_t column_parts(struct assay_session *session, struct column_load *load)
{
    size_t total = 0;

    load->parts = assay_alloc_array(session->source_count + 1, sizeof *load->parts);
    load->part_count = session->source_count;
    for (size_t i = 0; i < load->part_count; i++) {
        load->parts[i].path = stored_path(session, session->sources[i], &load->parts[i].role);
        load->parts[i].source_row = session->sources[i]->row;
    }
    for (uint32_t run = 0; run < assay_catalog_runs(session->catalog); run++) {
        struct column_part *part =
            &load->parts[assay_catalog_run(session->catalog, run)->source];
        int64_t row = catalog_run_row(session->catalog, run);

        if (!row || catalog_attrs_in_memory(session->catalog, run))
            continue;
        ASSAY_GROW(part->rows, part->capacity, part->count + 1);
        part->rows[part->count++] = (struct run_row){.row = row, .run = run};
        total++;
    }
    for (size_t i = 0; i < load->part_count; i++)
        if (load->parts[i].count)
            qsort(load->parts[i].rows, load->parts[i].count, sizeof(struct run_row), row_order);
    return total;
}

void stored_load_column(void *context, struct assay_column *column)
{
    struct assay_session *session = context;
    struct column_load *load = assay_alloc(sizeof *load);
    size_t kept = 0, missing;

    load->task.run = column_task;
    load->task.discard = column_discard_task;
    load->session = session;
    load->column = column;
    load->version = assay_catalog_version(session->catalog);
    missing = column_parts(session, load);
    for (size_t i = 0; i < load->part_count; i++) /* only the sources that have some */
        if (load->parts[i].count && load->parts[i].path)
            load->parts[kept++] = load->parts[i];
        else
            free(load->parts[i].rows);
    load->part_count = kept;
    if (session->live && missing > COLUMN_AT_ONCE) {
        pool_add(session->pool, &load->task, true);
        return;
    }
    column_read(load);
    column_fill(session, load);
    column_load_free(load);
}

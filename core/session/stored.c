/*
 * What the two databases know: the local store's runs, what the cache remembers of a source,
 * and attributes of single runs. Columns over all of them: columns.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session_private.h"

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
    bool (*wanted)(const void *context, const char *id); /* NULL: all are */
    const void *context;
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
                                                 .gone = from->gone,
                                                 .created_ms = from->created_ms,
                                                 .updated_ms = from->updated_ms,
                                             }),
    };
    return true;
}

/* Sets loading->last to the experiment of that row; false where there is none. */
static bool find_experiment(struct loading *loading, int64_t row)
{
    if (loading->last >= loading->count || loading->experiments[loading->last].row != row)
        for (loading->last = 0; loading->last < loading->count; loading->last++)
            if (loading->experiments[loading->last].row == row)
                break;
    return loading->last < loading->count;
}

static bool load_run(void *context, const struct store_run *from)
{
    struct loading *loading = context;
    uint32_t run;

    if (from->change > loading->newest_change)
        loading->newest_change = from->change;
    if (loading->wanted && !loading->wanted(loading->context, from->id))
        return true;
    if (!find_experiment(loading, from->experiment))
        return true; /* a run without an experiment: a damaged row, not worth the rest */
    run = catalog_put_run(loading->session->catalog, loading->source->index,
                          &(struct catalog_run){
                              .id = from->id,
                              .name = from->name,
                              .user = from->user,
                              .artifact_uri = from->artifact_uri,
                              .texts_length = from->texts_length,
                              .experiment = loading->experiments[loading->last].experiment,
                              .status = from->status,
                              .deleted = from->deleted,
                              .gone = from->gone,
                              .start_ms = from->start_ms,
                              .end_ms = from->end_ms,
                              .row = from->row,
                          },
                          loading->fresh);
    if (!loading->fresh)
        details_run_changed(loading->session, run);
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

    if (cache) /* before the rows are read: what comes meanwhile is shown later */
        source->shown_change = store_change(cache);
    if (!cache ||
        store_find_source(cache, source->kind, source->path, &row, NULL) != ASSAY_OK || !row)
        return;
    if (session->use_fd < 0)
        session->use_fd = cache_use_open(session->cache_path, !session->cached);
    if (!cache_use(session->use_fd, row, false))
        return; /* it is being removed: as if it had never been there */
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

void stored_reload_changed(struct assay_session *session, struct session_source *source,
                           int64_t after, int64_t upto,
                           bool (*wanted)(const void *context, const char *id),
                           const void *context)
{
    struct loading loading = {
        .session = session, .source = source, .wanted = wanted, .context = context};
    struct store *cache = session_cache(session);

    if (store_read_experiments(cache, source->row, load_experiment, &loading, NULL) == ASSAY_OK)
        store_read_changed(cache, source->row, after, upto, load_run, &loading, NULL);
    free(loading.experiments);
    if (loading.runs)
        session->changes |= ASSAY_CHANGED_RUNS;
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

/* Of a large store the newest runs, and what the others come to: they are read behind the first
   frame, from the same moment of the database. */
struct rest {
    struct loading loading;
    struct store_older older;
};

/* Has the catalog expect what REST is of; false where a run has no experiment. */
static bool expect(struct rest *rest)
{
    struct store_older *older = &rest->older;
    struct catalog_tally *tallies = assay_alloc_array(older->count + 1, sizeof *tallies);
    bool known = true;

    for (size_t i = 0; i < older->count && known; i++) {
        const struct store_tally *tally = &older->tallies[i];

        known = find_experiment(&rest->loading, tally->experiment);
        if (known)
            tallies[i] = (struct catalog_tally){
                .experiment = rest->loading.experiments[rest->loading.last].experiment,
                .runs = (size_t)tally->runs,
                .deleted = (size_t)tally->deleted,
                .running = (size_t)tally->running,
                .last_ms = tally->last_ms,
                .newest_ms = tally->newest_ms};
    }
    if (known)
        catalog_expect(rest->loading.session->catalog, rest->loading.source->index,
                       (size_t)older->runs, tallies, older->count);
    free(tallies);
    return known;
}

void stored_rest_free(struct assay_session *session)
{
    struct rest *rest = session->rest;

    if (!rest)
        return;
    session->rest = NULL;
    store_end_read(session->store);
    free(rest->loading.experiments);
    store_older_free(&rest->older);
    free(rest);
}

void stored_put_rest(void *context)
{
    struct assay_session *session = context;
    struct rest *rest = session->rest;
    struct assay_error err = {0};

    if (rest && store_read_rest(session->store, rest->loading.source->row, &rest->older,
                                load_run, &rest->loading, &err) != ASSAY_OK)
        local_failed(session, &err);
    stored_rest_free(session);
}

/* False where all runs are to be read at once, and nothing has been done yet. */
static bool load_newest(struct assay_session *session, struct loading *loading,
                        struct assay_error *err)
{
    struct rest *rest = assay_alloc(sizeof *rest);

    rest->loading = *loading;
    session->rest = rest;
    if (store_begin_read(session->store, NULL) != ASSAY_OK ||
        store_read_older(session->store, loading->source->row, &rest->older, NULL) !=
            ASSAY_OK ||
        rest->older.runs == 0 ||
        store_read_experiments(session->store, loading->source->row, load_experiment,
                               &rest->loading, NULL) != ASSAY_OK ||
        !expect(rest)) {
        stored_rest_free(session);
        return false;
    }
    loading->newest_change = rest->older.change;
    loading->experiments = rest->loading.experiments;
    loading->count = rest->loading.count;
    if (store_read_newer(session->store, loading->source->row, &rest->older, load_run, loading,
                         err) != ASSAY_OK)
        local_failed(session, err);
    return true;
}

void stored_open_local(struct assay_session *session)
{
    struct assay_error err = {0};
    struct loading loading = {.session = session, .fresh = true};
    bool first = session->live && assay_catalog_runs(session->catalog) == 0;

    if (!local_find(session, &err)) {
        if (err.status != ASSAY_OK)
            local_failed(session, &err);
        return;
    }
    loading.source = session->local;
    if (!(first && load_newest(session, &loading, &err)) &&
        load_rows(session->store, &loading, 0, &err) != ASSAY_OK)
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

unsigned stored_find_local(struct assay_session *session)
{
    if (access(session->store_path, F_OK) != 0 ||
        (!session->store &&
         store_open(&session->store, session->store_path, STORE_LOCAL, true, NULL) != ASSAY_OK))
        return 0;
    return stored_reload_local(session);
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

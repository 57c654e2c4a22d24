/*
 * The series of servers in the cache: which there are, how far they go, reading and adding
 * them. Used on the threads that fetch points (server_points.c, server_pull.c).
 */
#include <stdlib.h>
#include <string.h>

#include "session/server_private.h"

static void mark_key(struct assay_buf *key, const char *run_id, const char *metric)
{
    assay_buf_format(key, "points/%s/%s", run_id, metric);
}

void points_cache_open(struct points_cache *cache, struct server *server)
{
    struct assay_session *session = server->session;

    *cache = (struct points_cache){.server = server};
    if (session->cache_path && server->source->row)
        store_open(&cache->store, session->cache_path, STORE_CACHE, true, NULL);
}

void points_cache_close(struct points_cache *cache)
{
    store_close(&cache->store);
}

bool points_cache_mark(struct points_cache *cache, const char *run_id, const char *metric,
                       struct points_mark *mark)
{
    struct assay_buf key = {0};
    void *bytes = NULL;
    size_t length = 0;
    bool good;

    if (!cache->store)
        return false;
    mark_key(&key, run_id, metric);
    good = store_read_state(cache->store, cache->server->source->row, assay_buf_text(&key),
                            &bytes, &length, NULL) == ASSAY_OK &&
           bytes && length == sizeof *mark;
    if (good)
        memcpy(mark, bytes, sizeof *mark);
    free(bytes);
    assay_buf_free(&key);
    return good;
}

bool points_mark_fits(const struct points_mark *mark, const struct assay_summary *latest,
                      bool running)
{
    return memcmp(&mark->last, &latest->last, sizeof mark->last) == 0 &&
           mark->step == latest->step && mark->time_ms == latest->time_ms &&
           (mark->final || running);
}

struct assay_series *points_cache_read(struct points_cache *cache, const char *run_id,
                                       const char *metric)
{
    struct assay_series *series = NULL;
    int64_t row = 0;

    if (!cache->store ||
        store_find_run(cache->store, cache->server->source->row, run_id, &row, NULL) !=
            ASSAY_OK ||
        !row)
        return NULL;
    series = assay_series_new(mlflow_source.last_rule);
    if (store_read_series(cache->store, row, metric, series, NULL) != ASSAY_OK)
        assay_series_free(&series);
    return series;
}

void points_cache_add(struct batch *batch, const char *run_id, const char *metric,
                      const struct assay_series *series, bool running)
{
    struct batch_item *item = batch_add(batch, BATCH_SERIES, run_id, metric);
    const struct assay_summary *summary = assay_series_summary(series);
    size_t count = assay_series_count(series), chunks;
    struct assay_point *points =
        assay_alloc_array(ASSAY_CHUNK_POINTS, sizeof(struct assay_point));
    struct points_mark *mark = assay_arena_alloc(&batch->arena, sizeof *mark);

    chunks = (count + ASSAY_CHUNK_POINTS - 1) / ASSAY_CHUNK_POINTS;
    item->u.series.chunks = assay_arena_alloc(&batch->arena, (chunks + 1) * sizeof(void *));
    for (size_t from = 0; from < count; from += ASSAY_CHUNK_POINTS) {
        size_t some = count - from < ASSAY_CHUNK_POINTS ? count - from : ASSAY_CHUNK_POINTS;

        assay_series_get(series, from, some, points);
        item->u.series.chunks[item->u.series.count++] = assay_chunk_pack(points, some);
    }
    item->u.series.summary = *summary;
    memset(mark, 0, sizeof *mark);
    mark->last = summary->last;
    mark->step = summary->step;
    mark->time_ms = summary->time_ms;
    mark->n = count;
    mark->final = !running;
    item->u.series.mark = mark;
    item->u.series.mark_length = sizeof *mark;
    free(points);
}

/*
 * What runs logged on servers besides metrics (models of MLflow 3, traces), for one-shots and
 * for pulling. The cache keeps one list for each experiment, with the time when the server said
 * it; a look at all experiments that finds a list as it was says so once for all of them.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "remote/mlflow_logged.h"
#include "session/server_private.h"

struct lists { /* what is asked or kept of one kind */
    struct session_source *source;
    struct assay_session *session;
    bool traces;
    const char *const *experiments;
    size_t count;
    bool every; /* they are all there are */
    struct points_cache cache;
};

static void list_key(const struct lists *lists, const char *experiment, struct assay_buf *key)
{
    assay_buf_format(key, "%s/%s", lists->traces ? "traces" : "logged", experiment);
}

static const char *every_key(const struct lists *lists)
{
    return lists->traces ? "traces" : "logged";
}

bool logged_kept(const struct points_cache *cache, const char *key, struct logged_head *head,
                 char **bytes, size_t *length)
{
    void *state = NULL;

    *bytes = NULL;
    if (!cache->store || store_read_state(cache->store, cache->server->source->row, key, &state,
                                          length, NULL) != ASSAY_OK)
        return false;
    *bytes = state;
    if (!state || *length < sizeof *head)
        return false;
    memcpy(head, state, sizeof *head);
    return true;
}

/* ---- into the cache ---- */

void logged_put(struct batch *batch, const char *key, const struct logged_head *head,
                const struct assay_buf *text)
{
    struct batch_item *item = batch_add(batch, BATCH_STATE, key, NULL);
    size_t length = text ? text->length : 0;
    char *bytes = assay_arena_alloc(&batch->arena, sizeof *head + length);

    memcpy(bytes, head, sizeof *head);
    if (length)
        memcpy(bytes + sizeof *head, text->data, length);
    item->u.state.bytes = bytes;
    item->u.state.length = sizeof *head + length;
}

/* Whether TEXT, the list of an experiment now, is to be written. What is kept and whole is
   better than what is cut short. */
static bool is_news(const struct lists *lists, const char *key, const struct logged_head *now,
                    const struct assay_buf *text)
{
    struct logged_head head;
    size_t length = 0;
    char *bytes;
    bool is_kept = logged_kept(&lists->cache, key, &head, &bytes, &length), same, news;

    same = is_kept && head.cut == now->cut && length - sizeof head == text->length &&
           memcmp(bytes + sizeof head, text->data, text->length) == 0;
    news = !is_kept || (now->cut ? head.cut != 0 : !same || !lists->every);
    free(bytes);
    return news;
}

static void keep(const struct lists *lists, const struct assay_logged *logged)
{
    struct batch *batch = batch_new(lists->source);
    const struct logged_head head = {logged->read_ms, logged->cut};
    struct assay_buf text = {0}, key = {0};

    for (size_t i = 0; i < lists->count; i++) {
        assay_buf_reset(&text);
        assay_buf_reset(&key);
        list_key(lists, lists->experiments[i], &key);
        mlflow_logged_write(logged, lists->traces, lists->experiments[i], &text);
        if (is_news(lists, assay_buf_text(&key), &head, &text))
            logged_put(batch, assay_buf_text(&key), &head, &text);
    }
    if (lists->every && !logged->cut)
        logged_put(batch, every_key(lists), &head, NULL);
    batch_post(lists->session, batch);
    assay_buf_free(&text);
    assay_buf_free(&key);
}

/* ---- out of it ---- */

/* What is known of each experiment; NULL where that is nothing at all. */
static struct assay_logged *recall(const struct lists *lists, size_t limit)
{
    struct assay_logged *logged = assay_alloc(sizeof *logged);
    struct logged_head every = {.read_ms = ASSAY_NO_TIME}, head;
    struct assay_buf key = {0};
    size_t known = 0, length = 0;
    char *bytes;

    logged->read_ms = INT64_MAX;
    logged_kept(&lists->cache, every_key(lists), &every, &bytes, &length);
    free(bytes);
    for (size_t i = 0; i < lists->count; i++) {
        assay_buf_reset(&key);
        list_key(lists, lists->experiments[i], &key);
        if (logged_kept(&lists->cache, assay_buf_text(&key), &head, &bytes, &length) &&
            mlflow_logged_read(lists->source->path, bytes + sizeof head, length - sizeof head,
                               lists->traces, logged, NULL, NULL) == ASSAY_OK) {
            known++;
            logged->cut |= head.cut != 0;
            if (head.read_ms < every.read_ms)
                head.read_ms = every.read_ms;
            if (head.read_ms < logged->read_ms)
                logged->read_ms = head.read_ms;
        }
        free(bytes);
    }
    logged->unknown = lists->count - known;
    assay_buf_free(&key);
    mlflow_logged_order(logged, limit);
    if (!known && lists->count)
        assay_logged_free(&logged);
    return logged;
}

struct assay_logged *logged_recall_experiment(const struct points_cache *cache,
                                              const char *experiment, bool traces)
{
    const struct lists lists = {.source = cache->server->source,
                                .session = cache->server->session,
                                .traces = traces,
                                .experiments = &experiment,
                                .count = 1,
                                .cache = *cache};

    return recall(&lists, 0);
}

/* ---- asking ---- */

static enum assay_status ask(const struct lists *lists, size_t limit,
                             bool (*cancelled)(void *context), void *context,
                             struct assay_logged **out, struct assay_error *err)
{
    const struct mlflow_logged_ask question = {
        .experiments = lists->experiments,
        .count = lists->count,
        .traces = lists->traces,
        .limit = limit,
        .cancelled = cancelled,
        .context = context,
    };
    int64_t now_ms = assay_now_ms();
    struct mlflow *client = NULL;
    enum assay_status status = server_client(lists->source->server, &client, err);

    *out = NULL;
    if (status == ASSAY_OK)
        status = mlflow_logged_fetch(client, &question, out, err);
    if (status != ASSAY_OK)
        return status;
    (*out)->read_ms = now_ms;
    keep(lists, *out);
    return ASSAY_OK;
}

enum assay_status server_pull_logged(struct server *server, const char *const *experiments,
                                     size_t count, bool every, bool traces,
                                     bool (*cancelled)(void *context), void *context,
                                     size_t *found, struct assay_error *err)
{
    struct lists lists = {.source = server->source,
                          .session = server->session,
                          .traces = traces,
                          .experiments = experiments,
                          .count = count,
                          .every = every};
    struct assay_logged *logged = NULL;
    enum assay_status status;

    points_cache_open(&lists.cache, server);
    status = ask(&lists, 0, cancelled, context, &logged, err);
    points_cache_close(&lists.cache);
    *found = logged ? logged->model_count + logged->trace_count : 0;
    assay_logged_free(&logged);
    return status;
}

size_t server_experiments(const struct assay_session *session, uint32_t source,
                          uint32_t experiment, const char ***ids)
{
    size_t count = 0, capacity = 0;

    *ids = NULL;
    for (uint32_t i = 0; i < assay_catalog_experiments(session->catalog); i++) {
        const struct assay_experiment *one = assay_catalog_experiment(session->catalog, i);

        if (one->source != source ||
            (experiment == ASSAY_NONE ? one->deleted : i != experiment))
            continue;
        ASSAY_GROW(*ids, capacity, count + 1);
        (*ids)[count++] = one->id;
    }
    return count;
}

enum assay_status assay_session_logged_wait(struct assay_session *session, uint32_t index,
                                            uint32_t experiment, bool traces, size_t limit,
                                            struct assay_logged **out, struct assay_error *err)
{
    struct lists lists = {
        .session = session, .traces = traces, .every = experiment == ASSAY_NONE};
    enum assay_status status = ASSAY_OK;
    const char **ids;

    *out = NULL;
    if (index >= session->source_count || !session->sources[index]->server)
        return assay_fail(err, ASSAY_BAD_INPUT, "models: this source is no server");
    lists.source = session->sources[index];
    lists.count = server_experiments(session, index, experiment, &ids);
    lists.experiments = ids;
    points_cache_open(&lists.cache, lists.source->server);
    if (!session->cached)
        status = ask(&lists, limit, NULL, NULL, out, err);
    if (status != ASSAY_OK || session->cached)
        *out = recall(&lists, limit);
    points_cache_close(&lists.cache);
    free(ids);
    do /* what is to be kept goes to the writer */
        assay_session_dispatch(session);
    while (session->held_first);
    return status;
}

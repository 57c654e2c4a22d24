/*
 * The models and traces that one run logged on a server, for the run screen: from the cache at
 * once, then from the server, and again when its source was looked at and there may be others.
 * Of each kind those of the run that was asked for last are in memory. The cache keeps a list
 * for each run that was looked at; where there is none, or an older one, what a pull kept of
 * the run's experiment is taken.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "remote/mlflow_logged.h"
#include "session/server_private.h"

struct run_logged {
    uint32_t run;
    uint64_t turn; /* grows with each other run: answers about those before are dropped */
    bool busy, offline;
    bool stale; /* the next call asks again */
    bool kept;  /* what is shown is the cache's */
    struct assay_logged *shown;
    struct assay_error error;
};

struct look {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct session_source *source;
    char *run_id, *experiment_id;
    uint64_t turn;
    bool traces, first;
    bool last; /* no other message of this look follows */
    bool offline;
    struct assay_logged *logged;
    struct assay_error error;
};

static void look_free(struct look *look)
{
    assay_logged_free(&look->logged);
    free(look->run_id);
    free(look->experiment_id);
    free(look);
}

/* ---- on the server's threads ---- */

static void key_of(const struct look *look, struct assay_buf *key)
{
    assay_buf_format(key, "%s/%s", look->traces ? "run-traces" : "run-logged", look->run_id);
}

/* The list of this run, as it was when somebody looked at it. */
static struct assay_logged *recall_own(const struct look *look,
                                       const struct points_cache *cache)
{
    struct assay_logged *logged = NULL;
    struct assay_buf key = {0};
    struct logged_head head;
    size_t length = 0;
    char *bytes;

    key_of(look, &key);
    if (logged_kept(cache, assay_buf_text(&key), &head, &bytes, &length)) {
        logged = assay_alloc(sizeof *logged);
        logged->read_ms = head.read_ms;
        logged->cut = head.cut != 0;
        if (mlflow_logged_read(look->source->path, bytes + sizeof head, length - sizeof head,
                               look->traces, logged, NULL, NULL) != ASSAY_OK)
            assay_logged_free(&logged);
    }
    free(bytes);
    assay_buf_free(&key);
    return logged;
}

static struct assay_logged *recall(const struct look *look)
{
    struct points_cache cache;
    struct assay_logged *own, *all;

    points_cache_open(&cache, look->source->server);
    own = recall_own(look, &cache);
    all = logged_recall_experiment(&cache, look->experiment_id, look->traces);
    points_cache_close(&cache);
    if (all && own && own->read_ms >= all->read_ms)
        assay_logged_free(&all);
    if (!all)
        return own;
    assay_logged_free(&own);
    mlflow_logged_of_run(all, look->run_id);
    mlflow_logged_order(all, ASSAY_RUN_LOGGED_MAX);
    return all;
}

static void keep(const struct look *look)
{
    struct batch *batch = batch_new(look->source);
    const struct logged_head head = {look->logged->read_ms, look->logged->cut};
    struct assay_buf text = {0}, key = {0};

    key_of(look, &key);
    mlflow_logged_write(look->logged, look->traces, look->experiment_id, &text);
    logged_put(batch, assay_buf_text(&key), &head, &text);
    batch_post(look->session, batch);
    assay_buf_free(&text);
    assay_buf_free(&key);
}

static bool is_stopped(void *context)
{
    return server_stopped(context);
}

static void ask(struct look *look)
{
    const char *experiment = look->experiment_id;
    const struct mlflow_logged_ask question = {
        .experiments = &experiment,
        .count = 1,
        .run_id = look->run_id,
        .traces = look->traces,
        .limit = ASSAY_RUN_LOGGED_MAX,
        .cancelled = is_stopped,
        .context = look->source->server,
    };
    struct mlflow *client = NULL;
    int64_t now_ms = assay_now_ms();
    enum assay_status status = server_client(look->source->server, &client, &look->error);

    if (status == ASSAY_OK)
        status = mlflow_logged_fetch(client, &question, &look->logged, &look->error);
    look->offline = status != ASSAY_OK && client && mlflow_offline(client);
    if (status != ASSAY_OK)
        return;
    look->logged->read_ms = now_ms;
    keep(look);
}

static unsigned look_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *done);

static void look_discard_message(struct message *message)
{
    look_free((struct look *)((char *)message - offsetof(struct look, message)));
}

static void look_post(struct look *look)
{
    look->message.apply = look_apply;
    look->message.discard = look_discard_message;
    session_post(look->session, &look->message);
}

static void look_task(struct pool_task *task)
{
    struct look *look = (struct look *)task;

    if (look->first) {
        struct look *known = assay_alloc(sizeof *known);

        *known = (struct look){.session = look->session,
                               .source = look->source,
                               .turn = look->turn,
                               .traces = look->traces,
                               .last = look->session->cached,
                               .logged = recall(look)};
        look_post(known);
    }
    if (look->session->cached) { /* no server is asked */
        look_free(look);
        return;
    }
    ask(look);
    look->last = true;
    look_post(look);
}

static void look_discard(struct pool_task *task)
{
    look_free((struct look *)task);
}

/* ---- on the session's ---- */

static unsigned look_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *done)
{
    struct look *look = (struct look *)((char *)message - offsetof(struct look, message));
    struct run_logged *slot = look->source->run_logged[look->traces];
    bool current = slot && slot->turn == look->turn;

    (void)session;
    (void)until_us;
    (void)done;
    if (current && look->logged) {
        assay_logged_free(&slot->shown);
        slot->shown = look->logged;
        slot->kept = !look->last || session->cached;
        look->logged = NULL;
    }
    if (current && look->last) {
        slot->busy = false;
        slot->offline = look->offline;
        slot->kept |= look->error.status != ASSAY_OK; /* what is shown is as old as it was */
        slot->error = look->error;
    }
    look_free(look);
    return current ? ASSAY_CHANGED_SOURCES : 0;
}

static void look_start(struct assay_session *session, struct session_source *source,
                       bool traces)
{
    struct run_logged *slot = source->run_logged[traces];
    const struct assay_run *run = assay_catalog_run(session->catalog, slot->run);
    struct look *look = assay_alloc(sizeof *look);

    *look = (struct look){
        .task = {.run = look_task, .discard = look_discard},
        .session = session,
        .source = source,
        .run_id = assay_strdup(run->id),
        .experiment_id =
            assay_strdup(assay_catalog_experiment(session->catalog, run->experiment)->id),
        .turn = slot->turn,
        .traces = traces,
        .first = !slot->shown,
    };
    slot->busy = true;
    slot->stale = false;
    pool_add(server_pool(source->server), &look->task, true);
}

void run_logged_scanned(struct assay_session *session, struct session_source *source, bool good,
                        bool part)
{
    for (int traces = 0; traces < 2; traces++) {
        struct run_logged *slot = source->run_logged[traces];

        /* What has ended, and was heard of, logs no more: a whole look asks again. */
        if (slot && good)
            slot->stale |=
                !part || slot->offline ||
                assay_catalog_is_live(session->catalog,
                                      assay_catalog_run(session->catalog, slot->run));
    }
}

void run_logged_free(struct session_source *source)
{
    for (int traces = 0; traces < 2; traces++) {
        if (source->run_logged[traces])
            assay_logged_free(&source->run_logged[traces]->shown);
        free(source->run_logged[traces]);
        source->run_logged[traces] = NULL;
    }
}

void assay_session_run_logged(struct assay_session *session, uint32_t index, bool traces,
                              struct assay_run_logged *out)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, index);
    struct session_source *source = session->sources[run->source];
    struct run_logged *slot = source->run_logged[traces];

    *out = (struct assay_run_logged){.load = ASSAY_LOAD_NONE};
    if (!source->server || run->experiment == ASSAY_NONE)
        return;
    if (!slot) {
        slot = source->run_logged[traces] = assay_alloc(sizeof *slot);
        slot->run = ASSAY_NONE;
    }
    if (slot->run != index) {
        assay_logged_free(&slot->shown);
        *slot = (struct run_logged){.run = index, .turn = slot->turn + 1, .stale = true};
    }
    if (slot->stale && !slot->busy && !session->closing)
        look_start(session, source, traces);
    out->load = slot->busy                       ? ASSAY_LOAD_BUSY
                : slot->error.status != ASSAY_OK ? ASSAY_LOAD_FAILED
                                                 : ASSAY_LOAD_READY;
    out->logged = slot->shown;
    out->kept = slot->kept;
    out->error = slot->error;
}

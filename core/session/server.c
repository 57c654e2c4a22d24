/*
 * A source on a server: its client, the threads that wait for the network on its behalf (so
 * that a server that hangs holds up no disk and no other server), and the clock by which it is
 * looked at again. Called by session.c, scan.c and watch.c.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "session/server_private.h"

#define THREADS          3                  /* a scan, series, files */
#define POLL_US          INT64_C(5000000)   /* while a run on screen is running */
#define LIST_US          INT64_C(30000000)  /* else: are there new runs? */
#define WHOLE_US         INT64_C(300000000) /* everything, tags of old runs included */
#define AGAIN_US         INT64_C(5000000)   /* after a failure, doubled with each */
#define AGAIN_MAX        INT64_C(80000000)
#define PATIENCE_DOUBLED 4u /* so many times, with each failure */

struct server *server_new(struct assay_session *session, struct session_source *source,
                          const struct server_settings *settings)
{
    struct server *server = assay_alloc(sizeof *server);

    server->session = session;
    server->source = source;
    server_settings_copy(&server->settings, settings);
    server->pool = pool_new(THREADS);
    pthread_mutex_init(&server->open_lock, NULL);
    pthread_mutex_init(&server->lock, NULL);
    server->whole = true;
    server->due_us = INT64_MAX;
    if (!session->net)
        session->net = net_new();
    return server;
}

void server_stop(struct server *server)
{
    atomic_store(&server->stop, true);
    pool_free(&server->pool);
}

bool server_stopped(const struct server *server)
{
    return atomic_load(&server->stop);
}

static void forget_visible(struct server *server)
{
    for (size_t i = 0; i < server->visible_count; i++)
        free(server->visible[i]);
    free(server->visible);
    server->visible = NULL;
    server->visible_count = 0;
}

void want_free(struct want *want)
{
    free(want->run_id);
    free(want->metric);
    free(want);
}

void server_free(struct server **server_ptr)
{
    struct server *server = *server_ptr;

    if (!server)
        return;
    if (server->pool)
        server_stop(server);
    while (server->first) {
        struct want *want = server->first;

        server->first = want->next;
        want_free(want);
    }
    forget_visible(server);
    free(server->filter);
    mlflow_close(&server->client);
    server_settings_free(&server->settings);
    pthread_mutex_destroy(&server->open_lock);
    pthread_mutex_destroy(&server->lock);
    free(server);
    *server_ptr = NULL;
}

struct pool *server_pool(struct server *server)
{
    return server->pool;
}

enum assay_status server_client(struct server *server, struct mlflow **out,
                                struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    pthread_mutex_lock(&server->open_lock);
    if (!server->client)
        status = mlflow_open(&server->client, server->session->net, &server->settings, err);
    if (status == ASSAY_OK)
        mlflow_set_patience(server->client, server->session->patience_ms);
    *out = server->client;
    pthread_mutex_unlock(&server->open_lock);
    return status;
}

/* ---- the clock ---- */

void server_before_scan(struct server *server, struct mlflow *client)
{
    int64_t now = assay_monotonic_us();

    pthread_mutex_lock(&server->lock);
    server->whole = server->whole || now - server->whole_us >= WHOLE_US;
    if (server->whole)
        server->whole_us = now;
    mlflow_next_scan(client, server->whole, (const char *const *)server->visible,
                     server->visible_count);
    mlflow_ask(client, server->filter, server->only);
    server->whole = false;
    pthread_mutex_unlock(&server->lock);
}

void server_scanned(struct assay_session *session, struct session_source *source,
                    const struct assay_error *error)
{
    struct server *server = source->server;
    int64_t now = assay_monotonic_us(), pause = AGAIN_US;
    bool failed = error->status != ASSAY_OK && error->status != ASSAY_CANCELLED;

    server->offline = failed && server->client && mlflow_offline(server->client);
    pthread_mutex_lock(&server->lock);
    if (error->status != ASSAY_OK)
        server->whole = true;
    if (!failed)
        pause = server->visible_count ? POLL_US : LIST_US;
    pthread_mutex_unlock(&server->lock);
    server->failures = failed ? server->failures + 1 : 0;
    for (unsigned i = 1; i < server->failures && pause < AGAIN_MAX; i++)
        pause *= 2;
    if (server->client) /* one that is only slow is not cut off for ever */
        mlflow_set_patience(server->client,
                            session->patience_ms
                                << (server->failures < PATIENCE_DOUBLED ? server->failures
                                                                        : PATIENCE_DOUBLED));
    server->due_us = session->live ? now + pause : INT64_MAX;
}

int64_t server_due_us(const struct session_source *source)
{
    return source->server->due_us;
}

bool server_offline(const struct session_source *source)
{
    return source->server->offline;
}

bool server_asked(struct server *server)
{
    bool asked = server->asked;

    server->asked = false;
    return asked;
}

void server_whole(struct server *server)
{
    server->asked = true;
    pthread_mutex_lock(&server->lock);
    server->whole = true;
    pthread_mutex_unlock(&server->lock);
}

/* ---- filters ---- */

void server_ask(struct session_source *source, const char *filter, bool only)
{
    struct server *server = source->server;
    struct mlflow *client = atomic_load(&source->self);

    pthread_mutex_lock(&server->lock);
    free(server->filter);
    server->filter = filter && *filter ? assay_strdup(filter) : NULL;
    server->only = only;
    if (client) /* else it hears of it before its first scan */
        mlflow_ask(client, server->filter, only);
    pthread_mutex_unlock(&server->lock);
}

bool server_asked_only(struct server *server)
{
    bool only;

    pthread_mutex_lock(&server->lock);
    only = server->only && server->filter;
    pthread_mutex_unlock(&server->lock);
    return only;
}

/* What was read of SOURCE is in the cache: before, no other scan of it would begin. */
static void wait_written(struct assay_session *session, const struct session_source *source)
{
    struct pollfd ready = {.fd = session->epoll_fd, .events = POLLIN};

    while (source->unwritten && !session->closing) {
        poll(&ready, 1, 1000);
        assay_session_dispatch(session);
    }
}

bool assay_session_read_lists(struct assay_session *session)
{
    bool any = false;

    for (size_t i = 0; i < session->source_count; i++) {
        struct session_source *source = session->sources[i];

        if (!source->server || !server_asked_only(source->server) || server_offline(source))
            continue;
        wait_written(session, source);
        server_ask(source, NULL, false);
        server_whole(source->server);
        scan_start(session, source);
        any = true;
    }
    return any;
}

void assay_session_ask(struct assay_session *session, const struct assay_query *query)
{
    struct assay_buf filter = {0};

    assay_query_ask(query, &filter);
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->server)
            server_ask(session->sources[i], assay_buf_text(&filter), false);
    assay_buf_free(&filter);
}

enum assay_asked assay_session_asked(struct assay_session *session, uint32_t source)
{
    struct session_source *at = NULL;

    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->index == source)
            at = session->sources[i];
    if (!at || !at->server || !at->scanning || !atomic_load(&at->self))
        return ASSAY_ASKED_NOT;
    switch (mlflow_asked(atomic_load(&at->self))) {
    case MLFLOW_ASKED:
        return ASSAY_ASKED;
    case MLFLOW_ANSWERED:
        return ASSAY_ASKED_ANSWERED;
    default:
        return ASSAY_ASKED_NOT;
    }
}

/* The runs of SOURCE among RUNS that are running: what the next look is at. */
static void see(struct assay_session *session, struct session_source *source,
                const uint32_t *runs, size_t count)
{
    struct server *server = source->server;
    size_t capacity = 0, had = server->visible_count;

    pthread_mutex_lock(&server->lock);
    forget_visible(server);
    for (size_t i = 0; i < count; i++) {
        const struct assay_run *run = assay_catalog_run(session->catalog, runs[i]);

        if (run->source != source->index || run->status != ASSAY_RUN_RUNNING ||
            server->visible_count >= MLFLOW_VISIBLE_MAX)
            continue;
        ASSAY_GROW(server->visible, capacity, server->visible_count + 1);
        server->visible[server->visible_count++] = assay_strdup(run->id);
    }
    pthread_mutex_unlock(&server->lock);
    if (session->live && server->visible_count && !had && !server->failures &&
        source->ended_us + POLL_US < server->due_us)
        server->due_us = source->ended_us + POLL_US;
}

void assay_session_visible(struct assay_session *session, const uint32_t *runs, size_t count)
{
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->server)
            see(session, session->sources[i], runs, count);
}

/*
 * Batches: how callers hand requests to the net thread and take answers back. Called by the
 * clients on their threads, and by net.c when a request ends.
 */
#include "remote/net_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <assay/clock.h>
#include <assay/memory.h>

#include "remote/url.h"

/* ---- servers ---- */

enum assay_status net_server_new(struct net_server **out, const char *url,
                                 const struct credentials *credentials, struct assay_error *err)
{
    struct net_server *server;
    struct url_parts parts;

    *out = NULL;
    if (!url_parse(url, &parts) || parts.user) {
        assay_fail(err, ASSAY_BAD_INPUT, "not the address of a server");
        assay_hint(err, "it looks like http://host:5000 or https://host/prefix");
        return ASSAY_BAD_INPUT;
    }
    server = assay_alloc(sizeof *server);
    server->url = url_shown(url);
    server->shown = assay_strdup(server->url);
    credentials_copy(&server->credentials, credentials);
    net_window_init(&server->window);
    *out = server;
    return ASSAY_OK;
}

void net_server_free(struct net_server **server)
{
    if (!*server)
        return;
    credentials_free(&(*server)->credentials);
    free((*server)->url);
    free((*server)->shown);
    free((*server)->header);
    free(*server);
    *server = NULL;
}

const char *net_server_shown(const struct net_server *server)
{
    return server->shown;
}

bool net_server_unverified(const struct net_server *server)
{
    return server->credentials.insecure && strncasecmp(server->url, "https", 5) == 0;
}

void net_server_header(struct net_server *server, const char *header)
{
    free(server->header);
    server->header = assay_strdup(header);
}

/* ---- jobs ---- */

static char **copy_lines(const char *const *lines)
{
    size_t count = 0;
    char **copy;

    while (lines && lines[count])
        count++;
    copy = assay_alloc_array(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = assay_strdup(lines[i]);
    return copy;
}

static struct net_job *job_new(struct net_batch *batch, const struct net_request *request)
{
    struct net_job *job = assay_alloc(sizeof *job);
    struct net_request *own = &job->request;
    struct assay_buf url = {0};
    struct url_parts parts;

    job->batch = batch;
    *own = *request;
    if (url_parse(request->path, &parts)) {
        assay_buf_text_add(&url, request->path);
        job->foreign = !url_same_origin(request->path, request->server->url);
    } else {
        assay_buf_text_add(&url, request->server->url);
        assay_buf_text_add(&url, request->path);
    }
    job->url = assay_buf_take(&url);
    own->path = assay_strdup(request->path);
    own->type = assay_strdup(request->type);
    if (request->body) {
        char *body = assay_alloc(request->length + 1);

        memcpy(body, request->body, request->length);
        own->body = body;
    }
    own->header = (const char *const *)copy_lines(request->header);
    own->limit = request->limit ? request->limit : NET_BODY_LIMIT;
    own->seconds = request->seconds ? request->seconds : NET_SECONDS;
    own->repeatable = request->repeatable || request->method == NET_GET;
    job->answer = assay_alloc(sizeof *job->answer);
    job->answer->tag = request->tag;
    job->answer->body.limit = 2 * own->limit + (1u << 20);
    return job;
}

void net_job_free(struct net_job *job)
{
    if (!job)
        return;
    net_answer_free(&job->answer);
    for (size_t i = 0; job->request.header[i]; i++)
        free((char *)(uintptr_t)job->request.header[i]);
    free((void *)(uintptr_t)job->request.header);
    free((void *)(uintptr_t)job->request.body);
    free((char *)(uintptr_t)job->request.path);
    free((char *)(uintptr_t)job->request.type);
    free(job->url);
    free(job->fault);
    free(job);
}

void net_answer_free(struct net_answer **answer)
{
    if (!*answer)
        return;
    assay_buf_free(&(*answer)->body);
    free(*answer);
    *answer = NULL;
}

void net_job_done(struct net *net, struct net_job *job)
{
    struct net_batch *batch = job->batch;

    pthread_mutex_lock(&net->lock);
    job->next = NULL;
    if (batch->last)
        batch->last->next = job;
    else
        batch->first = job;
    batch->last = job;
    batch->under_way--;
    pthread_cond_broadcast(&batch->ready);
    pthread_mutex_unlock(&net->lock);
}

/* ---- batches ---- */

struct net_batch *net_batch_new(struct net *net)
{
    struct net_batch *batch = assay_alloc(sizeof *batch);
    pthread_condattr_t attributes;

    batch->net = net;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&batch->ready, &attributes);
    pthread_condattr_destroy(&attributes);
    return batch;
}

void net_batch_add(struct net_batch *batch, const struct net_request *request)
{
    struct net *net = batch->net;
    struct net_job *job = job_new(batch, request);

    pthread_mutex_lock(&net->lock);
    if (net->inbox_last)
        net->inbox_last->next = job;
    else
        net->inbox = job;
    net->inbox_last = job;
    batch->left++;
    batch->under_way++;
    net_wake(net);
    pthread_mutex_unlock(&net->lock);
}

/* With the lock held: waits for the batch to move, until UNTIL_US (-1: for ever). */
static bool wait_for(struct net_batch *batch, int64_t until_us)
{
    struct timespec until = {.tv_sec = until_us / 1000000,
                             .tv_nsec = until_us % 1000000 * 1000};

    if (until_us >= 0)
        return pthread_cond_timedwait(&batch->ready, &batch->net->lock, &until) == 0;
    pthread_cond_wait(&batch->ready, &batch->net->lock);
    return true;
}

struct net_answer *net_batch_next(struct net_batch *batch, int timeout_ms)
{
    int64_t until = timeout_ms < 0 ? -1 : assay_monotonic_us() + (int64_t)timeout_ms * 1000;
    struct net_answer *answer = NULL;
    struct net_job *job;

    pthread_mutex_lock(&batch->net->lock);
    while (!batch->first && batch->left && wait_for(batch, until))
        ;
    job = batch->first;
    if (job) {
        batch->first = job->next;
        if (!batch->first)
            batch->last = NULL;
        batch->left--;
    }
    pthread_mutex_unlock(&batch->net->lock);
    if (job) {
        answer = job->answer;
        job->answer = NULL;
        net_job_free(job);
    }
    return answer;
}

size_t net_batch_left(const struct net_batch *batch)
{
    size_t left;

    pthread_mutex_lock(&batch->net->lock);
    left = batch->left;
    pthread_mutex_unlock(&batch->net->lock);
    return left;
}

/* With the lock held. */
static void abandon(struct net_batch *batch)
{
    if (!batch->under_way || batch->abandoned)
        return;
    batch->abandoned = true;
    batch->net->abandoning = true;
    net_wake(batch->net);
}

void net_batch_cancel(struct net_batch *batch)
{
    pthread_mutex_lock(&batch->net->lock);
    abandon(batch);
    pthread_mutex_unlock(&batch->net->lock);
}

void net_batch_free(struct net_batch **batch_ptr)
{
    struct net_batch *batch = *batch_ptr;

    if (!batch)
        return;
    pthread_mutex_lock(&batch->net->lock);
    abandon(batch);
    while (batch->under_way)
        wait_for(batch, -1);
    pthread_mutex_unlock(&batch->net->lock);
    while (batch->first) {
        struct net_job *job = batch->first;

        batch->first = job->next;
        net_job_free(job);
    }
    pthread_cond_destroy(&batch->ready);
    free(batch);
    *batch_ptr = NULL;
}

struct net_answer *net_perform(struct net *net, const struct net_request *request,
                               bool (*cancelled)(void *context), void *context)
{
    struct net_batch *batch = net_batch_new(net);
    struct net_answer *answer = NULL;

    net_batch_add(batch, request);
    while (!answer) {
        answer = net_batch_next(batch, 100);
        if (!answer && cancelled && cancelled(context))
            break;
    }
    net_batch_free(&batch);
    if (!answer) {
        answer = assay_alloc(sizeof *answer);
        answer->tag = request->tag;
        answer->status = assay_fail(&answer->error, ASSAY_CANCELLED, "%s: cancelled",
                                    request->server->shown);
    }
    return answer;
}

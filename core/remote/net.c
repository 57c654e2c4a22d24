/*
 * HTTP: the thread that owns curl's multi handle, and the only user of curl. The library is
 * loaded when the first request is made (see docs/decisions/curl.md). Callers come through
 * net_batch.c; when and whether to try again says net_policy.c.
 */
#include "remote/net_private.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/memory.h>

#include "base/library.h"
#include "remote/url.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define CONNECT_SECONDS 10L
#define DRIP_SECONDS    60L /* this long slower than DRIP_BYTES a second: given up */
#define DRIP_BYTES      64L
#define REDIRECTS_MAX   5u
#define FAILURE_BODY    (64u << 10)
#define IDLE_MS         1000

/* What is used of the library. */
struct curl_door {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    void (*easy_cleanup)(CURL *easy);
    void (*easy_reset)(CURL *easy);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_perform)(CURLM *multi, int *running);
    CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *extra, unsigned count, int ms,
                            int *ready);
    CURLMcode (*multi_wakeup)(CURLM *multi);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
};

static struct curl_door *door_open(struct assay_error *err)
{
    static const char *const files[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so",
                                        NULL};
    static const struct library_function functions[] = {
#define FUNCTION(field) {"curl_" #field, offsetof(struct curl_door, field)}
        FUNCTION(global_init),      FUNCTION(easy_init),           FUNCTION(easy_setopt),
        FUNCTION(easy_getinfo),     FUNCTION(easy_cleanup),        FUNCTION(easy_reset),
        FUNCTION(easy_strerror),    FUNCTION(slist_append),        FUNCTION(slist_free_all),
        FUNCTION(multi_init),       FUNCTION(multi_cleanup),       FUNCTION(multi_setopt),
        FUNCTION(multi_add_handle), FUNCTION(multi_remove_handle), FUNCTION(multi_perform),
        FUNCTION(multi_poll),       FUNCTION(multi_wakeup),        FUNCTION(multi_info_read),
#undef FUNCTION
    };
    static const struct library curl = {
        .title = "libcurl",
        .purpose = "servers cannot be read",
        .advice = "install libcurl 7.68 or newer (Debian: apt install libcurl4)",
        .files = files,
        .functions = functions,
        .count = ASSAY_COUNT(functions),
    };
    struct curl_door *door = assay_alloc(sizeof *door);

    if (library_open(&curl, door, err) == ASSAY_OK) {
        if (door->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
            return door;
        assay_fail(err, ASSAY_IO, "servers cannot be read: libcurl does not start");
    }
    free(door);
    return NULL;
}

/* ---- curl's callbacks, on the net thread ---- */

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct net_job *job = context;
    const struct net_request *request = &job->request;
    size_t length = size * count;
    bool good = job->http >= 200 && job->http < 300;

    job->taken += length;
    if (!good) { /* an error's words: the beginning is enough */
        size_t room = FAILURE_BODY - job->answer->body.length;

        assay_buf_add(&job->answer->body, bytes, length < room ? length : room);
        return job->taken > (1u << 20) ? 0 : length;
    }
    if (job->taken > request->limit) {
        job->too_large = true;
        return 0;
    }
    if (!request->on_body) {
        assay_buf_add(&job->answer->body, bytes, length);
        return length;
    }
    if (!job->began && !request->on_body(request->context, NULL, 0))
        job->refused = true;
    job->began = true;
    if (!job->refused && !request->on_body(request->context, bytes, length))
        job->refused = true;
    return job->refused ? 0 : length;
}

static int look_at_rate(void *context, curl_off_t all, curl_off_t down, curl_off_t all_up,
                        curl_off_t up)
{
    struct net_job *job = context;
    unsigned patience = job->request.drip_seconds;

    (void)all, (void)down, (void)all_up, (void)up;
    job->dripped = net_drips(&job->rate, job->taken, patience ? patience : NET_DRIP_SECONDS,
                             assay_monotonic_us());
    return job->dripped;
}

/* The status line is the only header that is of interest here. */
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct net_job *job = context;
    size_t length = size * count;
    const char *blank = memchr(bytes, ' ', length);

    if (length >= 12 && strncmp(bytes, "HTTP/", 5) == 0 && blank &&
        blank + 4 <= bytes + length && blank[1] >= '1' && blank[1] <= '5')
        job->http = (blank[1] - '0') * 100 + (blank[2] - '0') * 10 + (blank[3] - '0');
    return length;
}

static size_t give_upload(char *out, size_t size, size_t count, void *context)
{
    struct net_job *job = context;
    const struct net_request *request = &job->request;
    size_t room = size * count;
    ssize_t got;

    if (room > request->length - job->uploaded)
        room = request->length - job->uploaded;
    do
        got =
            pread(request->upload_fd, out, room, (off_t)(request->upload_from + job->uploaded));
    while (got < 0 && errno == EINTR);
    if (got < 0 || (got == 0 && room > 0))
        return CURL_READFUNC_ABORT; /* the file became shorter */
    job->uploaded += (uint64_t)got;
    return (size_t)got;
}

static int seek_upload(void *context, curl_off_t offset, int origin)
{
    struct net_job *job = context;

    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_FAIL;
    job->uploaded = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* ---- one attempt ---- */

static void add_line(struct net *net, struct net_job *job, const char *line)
{
    job->lines = net->curl->slist_append(job->lines, line);
}

static void set_body(struct net *net, struct net_job *job)
{
    static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const struct net_request *request = &job->request;
    const struct curl_door *curl = net->curl;
    CURL *easy = job->easy;
    struct assay_buf line = {0};

    if (request->body) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    } else if (request->length) {
        curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl->easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
        curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_upload);
        curl->easy_setopt(easy, CURLOPT_READDATA, job);
        curl->easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_upload);
        curl->easy_setopt(easy, CURLOPT_SEEKDATA, job);
        job->uploaded = 0;
    } else if (request->method == NET_POST || request->method == NET_PUT) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    }
    if (request->method != NET_GET)
        curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, names[request->method]);
    if (request->type) {
        assay_buf_format(&line, "Content-Type: %s", request->type);
        add_line(net, job, assay_buf_text(&line));
    }
    add_line(net, job, "Expect:");
    assay_buf_free(&line);
}

static void set_trust(struct net *net, struct net_job *job)
{
    const struct credentials *who = &job->request.server->credentials;
    const struct curl_door *curl = net->curl;
    CURL *easy = job->easy;
    struct stat st;

    if (who->ca_path)
        curl->easy_setopt(easy,
                          stat(who->ca_path, &st) == 0 && S_ISDIR(st.st_mode) ? CURLOPT_CAPATH
                                                                              : CURLOPT_CAINFO,
                          who->ca_path);
    if (who->proxy)
        curl->easy_setopt(easy, CURLOPT_PROXY, who->proxy);
    if (job->foreign)
        return; /* the rest is between us and the server */
    if (who->insecure) {
        curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (who->client_cert) {
        curl->easy_setopt(easy, CURLOPT_SSLCERT, who->client_cert);
        curl->easy_setopt(easy, CURLOPT_SSLKEY, who->client_cert);
        curl->easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or it is asked for on the terminal */
    }
    if (who->token) {
        curl->easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl->easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, who->token);
    } else if (who->user || who->password) {
        curl->easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl->easy_setopt(easy, CURLOPT_USERNAME, who->user ? who->user : "");
        curl->easy_setopt(easy, CURLOPT_PASSWORD, who->password ? who->password : "");
    }
    if (job->request.server->header)
        add_line(net, job, job->request.server->header);
}

static void set_limits(struct net *net, struct net_job *job)
{
    const struct curl_door *curl = net->curl;
    CURL *easy = job->easy;

    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK)
        curl->easy_setopt(easy, (CURLoption)181, 3L);    /* CURLOPT_PROTOCOLS, before 7.85 */
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L); /* see redirected() */
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    if (job->request.seconds == UINT_MAX) {
        curl->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, DRIP_BYTES);
        curl->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, DRIP_SECONDS);
    } else {
        curl->easy_setopt(easy, CURLOPT_TIMEOUT, (long)job->request.seconds);
        curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_at_rate);
        curl->easy_setopt(easy, CURLOPT_XFERINFODATA, job);
        curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    }
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl->easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    /* On a connection that was used before and dies, curl sends again by itself, whatever it
       is. */
    if (!job->request.repeatable || job->request.apart)
        curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, 131072L);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "assay/" ASSAY_VERSION);
}

static void job_send(struct net *net, struct net_job *job)
{
    const struct curl_door *curl = net->curl;

    job->easy = curl->easy_init();
    job->lines = NULL;
    job->http = 0;
    job->taken = 0;
    job->rate = (struct net_rate){0};
    job->began = job->too_large = job->refused = job->dripped = false;
    job->attempt++;
    job->sent_us = assay_monotonic_us();
    assay_buf_reset(&job->answer->body);
    if (!job->fault)
        job->fault = assay_alloc(CURL_ERROR_SIZE);
    job->fault[0] = '\0';
    curl->easy_setopt(job->easy, CURLOPT_URL, job->url);
    curl->easy_setopt(job->easy, CURLOPT_PRIVATE, job);
    curl->easy_setopt(job->easy, CURLOPT_ERRORBUFFER, job->fault);
    curl->easy_setopt(job->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(job->easy, CURLOPT_WRITEDATA, job);
    curl->easy_setopt(job->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl->easy_setopt(job->easy, CURLOPT_HEADERDATA, job);
    set_limits(net, job);
    set_body(net, job);
    set_trust(net, job);
    for (size_t i = 0; job->request.header[i]; i++)
        add_line(net, job, job->request.header[i]);
    curl->easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->lines);
    curl->multi_add_handle(net->multi, job->easy);
    job->request.server->window.in_flight++;
    atomic_fetch_add(&net->in_flight, 1);
    atomic_fetch_add(&net->requests, 1);
    if (job->attempt > 1)
        atomic_fetch_add(&net->repeats, 1);
}

/* Takes the job out of curl's hands. */
static void job_unsend(struct net *net, struct net_job *job)
{
    struct net_job **link = &net->sent;

    net->curl->multi_remove_handle(net->multi, job->easy);
    net->curl->easy_cleanup(job->easy);
    net->curl->slist_free_all(job->lines);
    job->easy = job->lines = NULL;
    while (*link && *link != job)
        link = &(*link)->next;
    if (*link)
        *link = job->next;
    job->next = NULL;
    job->request.server->window.in_flight--;
    atomic_fetch_sub(&net->in_flight, 1);
}

/* ---- the end of an attempt ---- */

/* The content type, lower case, without its parameters. */
static void note_type(const struct net *net, struct net_job *job)
{
    char *out = job->answer->type;
    const char *type = NULL;

    net->curl->easy_getinfo(job->easy, CURLINFO_CONTENT_TYPE, &type);
    out[0] = '\0';
    if (!type)
        return;
    strncpy(out, type, sizeof job->answer->type - 1);
    out[strcspn(out, "; \t\r\n")] = '\0';
    for (; *out; out++)
        *out = *out >= 'A' && *out <= 'Z' ? (char)(*out + 32) : *out;
}

/* What to do with an answer that points elsewhere. True: the job is on its way again. */
static bool redirected(struct net *net, struct net_job *job, const char *to)
{
    struct net_answer *answer = job->answer;
    const char *where = job->request.server->shown;
    bool same = url_same_origin(to, job->request.server->url);
    char *shown = url_shown(to);
    struct url_parts parts;

    if (job->request.method != NET_GET || job->redirects >= REDIRECTS_MAX ||
        !url_parse(to, &parts) || parts.user || (!same && !job->request.elsewhere)) {
        answer->status =
            assay_fail(&answer->error, ASSAY_IO, "%s: the server sends us on to %s%s", where,
                       shown, job->redirects >= REDIRECTS_MAX ? ", again and again" : "");
        assay_hint(&answer->error, "if that is the right one, give its address instead%s",
                   same ? "" : "; credentials are not sent to another host");
        free(shown);
        return false;
    }
    free(shown);
    free(job->url);
    job->url = assay_strdup(to);
    job->foreign |= !same; /* for good: elsewhere does not send us back with credentials */
    job->redirects++;
    job->attempt = 0;
    job->due_us = 0;
    job->next = net->waiting;
    net->waiting = job;
    return true;
}

static uint64_t next_random(struct net *net)
{
    net->random ^= net->random << 13;
    net->random ^= net->random >> 7;
    net->random ^= net->random << 17;
    return net->random;
}

static void wait_again(struct net *net, struct net_job *job, int64_t pause_us)
{
    struct net_job **link = &net->waiting;

    job->due_us = assay_monotonic_us() + pause_us;
    while (*link)
        link = &(*link)->next;
    job->next = NULL;
    *link = job;
}

static void job_ended(struct net *net, struct net_job *job, CURLcode code)
{
    struct net_window *window = &job->request.server->window;
    const struct curl_door *curl = net->curl;
    int64_t now = assay_monotonic_us(), pause;
    curl_off_t wait_s = 0, received = 0;
    char *to = NULL;
    long connections = 0, system_error = 0;
    struct net_attempt attempt;

    curl->easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &wait_s);
    curl->easy_getinfo(job->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    curl->easy_getinfo(job->easy, CURLINFO_NUM_CONNECTS, &connections);
    curl->easy_getinfo(job->easy, CURLINFO_REDIRECT_URL, &to);
    curl->easy_getinfo(job->easy, CURLINFO_OS_ERRNO, &system_error);
    job->system_error = (int)system_error;
    to = assay_strdup(to); /* it goes with the handle */
    note_type(net, job);
    job->answer->http = job->http;
    job->answer->received += (uint64_t)received;
    job->answer->attempts = job->attempt;
    atomic_fetch_add(&net->received, (uint64_t)received);
    atomic_fetch_add(&net->connections, (uint64_t)connections);
    attempt = (struct net_attempt){
        .end = net_fault_end(code, job),
        .http = job->http,
        .body = job->answer->body.data,
        .length = job->answer->body.length,
        .number = job->attempt,
        .retry_after_s = wait_s,
        .repeatable = job->request.repeatable,
        .random = next_random(net),
    };
    if (net_is_strain(&attempt))
        net_window_strained(window, now);
    else if (code == CURLE_OK)
        net_window_answered(window, now - job->sent_us);
    job_unsend(net, job);
    if (code == CURLE_OK && job->http >= 200 && job->http < 300) {
        if (job->request.on_body && !job->began)
            (void)job->request.on_body(job->request.context, NULL, 0);
        net_job_done(net, job);
    } else if (code == CURLE_OK && job->http >= 300 && job->http < 400 && to) {
        if (!redirected(net, job, to))
            net_job_done(net, job);
    } else if ((pause = net_retry_after(&attempt)) >= 0) {
        if (wait_s > 0)
            window->quiet_until_us = now + pause;
        wait_again(net, job, pause);
    } else {
        net_fault_explain(job, code, curl->easy_strerror(code));
        net_job_done(net, job);
    }
    free(to);
}

/* ---- the thread ---- */

static void job_cancel(struct net *net, struct net_job *job)
{
    job->answer->status = assay_fail(&job->answer->error, ASSAY_CANCELLED, "%s: cancelled",
                                     job->request.server->shown);
    net_job_done(net, job);
}

/* Ends what nobody wants any more: all, or what belongs to abandoned batches. */
static void sweep(struct net *net, bool all)
{
    for (struct net_job **link = &net->waiting, *job; (job = *link);) {
        if (!all && !job->batch->abandoned) {
            link = &job->next;
            continue;
        }
        *link = job->next;
        job_cancel(net, job);
    }
    for (struct net_job *job = net->sent, *next; job; job = next) {
        next = job->next;
        if (!all && !job->batch->abandoned)
            continue;
        job_unsend(net, job);
        job_cancel(net, job);
    }
}

/* Sends what is due and may be; returns the milliseconds until the next may be due. */
static int send_due(struct net *net)
{
    int64_t now = assay_monotonic_us(), next = INT64_MAX;

    for (struct net_job **link = &net->waiting, *job; (job = *link);) {
        struct net_window *window = &job->request.server->window;
        int64_t due =
            job->due_us > window->quiet_until_us ? job->due_us : window->quiet_until_us;

        if (due > now || !net_window_open(window, now)) {
            if (due > now && due < next)
                next = due;
            link = &job->next;
            continue;
        }
        *link = job->next;
        job->next = net->sent;
        net->sent = job;
        job_send(net, job);
    }
    return next == INT64_MAX ? IDLE_MS : (int)((next - now) / 1000 + 1);
}

/* Moves what came in behind what waits. False at the end. */
static bool take_inbox(struct net *net)
{
    struct net_job **link = &net->waiting;
    bool going, abandoning;

    while (*link)
        link = &(*link)->next;
    pthread_mutex_lock(&net->lock);
    *link = net->inbox;
    net->inbox = net->inbox_last = NULL;
    abandoning = net->abandoning;
    net->abandoning = false;
    going = !net->ending;
    pthread_mutex_unlock(&net->lock);
    if (!going || abandoning || atomic_load(&net->stopped))
        sweep(net, !going || atomic_load(&net->stopped));
    return going;
}

static void take_messages(struct net *net)
{
    CURLMsg *message;
    int left;

    while ((message = net->curl->multi_info_read(net->multi, &left))) {
        struct net_job *job = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        net->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
        if (job)
            job_ended(net, job, code);
    }
}

static void *net_main(void *argument)
{
    struct net *net = argument;

    while (take_inbox(net)) {
        int running = 0, wait_ms = send_due(net);

        net->curl->multi_perform(net->multi, &running);
        take_messages(net);
        if (net->waiting) /* there may be room for them now */
            wait_ms = send_due(net);
        net->curl->multi_poll(net->multi, NULL, 0, wait_ms < IDLE_MS ? wait_ms : IDLE_MS, NULL);
    }
    return NULL;
}

/* With the lock held: everything in the inbox fails, because there is no curl or no thread. */
static void refuse_inbox(struct net *net)
{
    struct net_job *job = net->inbox;

    net->inbox = net->inbox_last = NULL;
    pthread_mutex_unlock(&net->lock);
    while (job) {
        struct net_job *next = job->next;

        job->answer->error = net->fault;
        job->answer->status = net->fault.status;
        net_job_done(net, job);
        job = next;
    }
    pthread_mutex_lock(&net->lock);
}

void net_wake(struct net *net)
{
    if (!net->curl && net->fault.status == ASSAY_OK) {
        net->curl = door_open(&net->fault);
        net->multi = net->curl ? net->curl->multi_init() : NULL;
        if (net->multi) {
            net->curl->multi_setopt(net->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                                    (long)NET_WINDOW_MAX);
            net->curl->multi_setopt(net->multi, CURLMOPT_MAXCONNECTS, 2L * NET_WINDOW_MAX);
            net->running = pthread_create(&net->thread, NULL, net_main, net) == 0;
        }
        if (!net->running)
            assay_fail(&net->fault, ASSAY_IO, "no thread for the network could be started");
    }
    if (net->running)
        net->curl->multi_wakeup(net->multi);
    else
        refuse_inbox(net);
}

struct net *net_new(void)
{
    struct net *net = assay_alloc(sizeof *net);

    pthread_mutex_init(&net->lock, NULL);
    if (getrandom(&net->random, sizeof net->random, 0) != sizeof net->random || !net->random)
        net->random = (uint64_t)assay_monotonic_us() | 1;
    return net;
}

void net_stop(struct net *net)
{
    atomic_store(&net->stopped, true);
    pthread_mutex_lock(&net->lock);
    if (net->running)
        net->curl->multi_wakeup(net->multi);
    pthread_mutex_unlock(&net->lock);
}

bool net_stopped(const struct net *net)
{
    return atomic_load(&net->stopped);
}

void net_free(struct net **net_ptr)
{
    struct net *net = *net_ptr;

    if (!net)
        return;
    pthread_mutex_lock(&net->lock);
    net->ending = true;
    if (net->running)
        net->curl->multi_wakeup(net->multi);
    pthread_mutex_unlock(&net->lock);
    if (net->running)
        pthread_join(net->thread, NULL);
    if (net->multi)
        net->curl->multi_cleanup(net->multi);
    free(net->curl); /* the library stays: what it started cannot be undone */
    pthread_mutex_destroy(&net->lock);
    free(net);
    *net_ptr = NULL;
}

struct net_statistics net_statistics(const struct net *net)
{
    return (struct net_statistics){
        .requests = atomic_load(&net->requests),
        .repeats = atomic_load(&net->repeats),
        .connections = atomic_load(&net->connections),
        .received = atomic_load(&net->received),
        .in_flight = atomic_load(&net->in_flight),
    };
}

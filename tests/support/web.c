/*
 * A web server for tests; see web.h. A thread for each connection, blocking calls only.
 */
#include "support/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/memory.h>

#define CONNECTIONS_MAX 1024
#define HEAD_MAX        (256u << 10)

struct web {
    web_fn fn;
    void *context;
    int listener;
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock; /* guards fn and the rest */
    struct connection {
        struct web *web;
        pthread_t thread;
        int fd;
    } connections[CONNECTIONS_MAX];
    size_t connection_count;
    struct web_counts counts;
    unsigned answering;
    unsigned number;
    atomic_bool ending;
};

/* Sleeps, but no longer than the server lives. */
static void rest(struct web *web, unsigned ms)
{
    for (unsigned slept = 0; slept < ms && !atomic_load(&web->ending);) {
        unsigned some = ms - slept < 20 ? ms - slept : 20;

        poll(NULL, 0, (int)some);
        slept += some;
    }
}

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* One request into IN, its body's place into *HEAD. False at the connection's end. */
static bool read_request(int fd, struct assay_buf *in, size_t *head)
{
    char block[65536], *end = NULL, *length;
    size_t body = 0;

    while (!(end && in->length >= *head + body)) {
        ssize_t got;

        if (!end && in->length && (end = memmem(in->data, in->length, "\r\n\r\n", 4))) {
            *head = (size_t)(end - in->data) + 4;
            length = strcasestr(in->data, "\r\ncontent-length:");
            if (length && length < end)
                body = strtoul(length + 17, NULL, 10);
            continue;
        }
        if (!end && in->length > HEAD_MAX)
            return false;
        got = recv(fd, block, sizeof block, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        assay_buf_add(in, block, (size_t)got);
        if (end)
            end = in->data; /* it is known; the buffer may have moved */
    }
    return true;
}

static bool send_faulty(struct web *web, int fd, const struct web_answer *answer,
                        const char *head, size_t head_length, size_t length)
{
    switch (answer->fault) {
    case WEB_FINE:
        return send_all(fd, head, head_length) && send_all(fd, answer->body, length);
    case WEB_CLOSE:
        return false;
    case WEB_HALF:
        (void)(send_all(fd, head, head_length) && send_all(fd, answer->body, length / 2));
        return false;
    case WEB_HANG:
        while (!atomic_load(&web->ending))
            rest(web, 100);
        return false;
    case WEB_DRIP:
        if (!send_all(fd, head, head_length))
            return false;
        for (size_t i = 0; i < length && !atomic_load(&web->ending); i++) {
            if (!send_all(fd, answer->body + i, 1))
                return false;
            rest(web, 50);
        }
        return true;
    case WEB_ENDLESS:
        while (!atomic_load(&web->ending) && send_all(fd, head, head_length)) {
            head_length = 0;
            if (!send_all(fd, answer->body, length))
                return false;
        }
        return false;
    }
    return false;
}

static bool respond(struct web *web, int fd, struct web_answer *answer)
{
    struct assay_buf head = {0};
    size_t length = answer->length ? answer->length : answer->body ? strlen(answer->body) : 0;
    bool good;

    if (!answer->body)
        answer->body = "";
    rest(web, answer->delay_ms);
    assay_buf_format(&head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s",
                     answer->status ? answer->status : 200, "Answer",
                     answer->type ? answer->type : "application/json",
                     answer->header ? answer->header : "");
    if (answer->fault != WEB_ENDLESS)
        assay_buf_format(&head, "Content-Length: %zu\r\n", length);
    assay_buf_text_add(&head, "\r\n");
    if (answer->fault == WEB_FINE && length < 60000) { /* in one packet */
        assay_buf_add(&head, answer->body, length);
        good = send_all(fd, head.data, head.length);
    } else {
        good = send_faulty(web, fd, answer, head.data, head.length, length);
    }
    assay_buf_free(&head);
    return good;
}

static bool serve(struct web *web, int fd, struct assay_buf *in)
{
    struct web_answer answer = {0};
    struct web_request request = {0};
    char *method, *target, *line, *text;
    size_t head = 0;
    bool good;

    assay_buf_reset(in);
    if (!read_request(fd, in, &head))
        return false;
    text = assay_strndup(in->data, head);
    line = strchr(text, '\r');
    if (line)
        *line = '\0';
    method = text;
    target = strchr(text, ' ');
    if (target) {
        *target++ = '\0';
        target[strcspn(target, " ")] = '\0';
    }
    request.method = method;
    request.target = target ? target : "";
    request.head = line ? line + 1 : "";
    request.body = in->data + head;
    request.length = in->length - head;
    pthread_mutex_lock(&web->lock);
    request.number = web->number++;
    web->counts.requests++;
    if (++web->answering > web->counts.at_once)
        web->counts.at_once = web->answering;
    web->fn(web->context, &request, &answer);
    pthread_mutex_unlock(&web->lock);
    good = respond(web, fd, &answer);
    pthread_mutex_lock(&web->lock);
    web->answering--;
    pthread_mutex_unlock(&web->lock);
    free(answer.take);
    free(text);
    return good;
}

static void *connection_main(void *argument)
{
    struct connection *connection = argument;
    struct assay_buf in = {0};

    while (!atomic_load(&connection->web->ending) &&
           serve(connection->web, connection->fd, &in))
        ;
    shutdown(connection->fd, SHUT_RDWR);
    assay_buf_free(&in);
    return NULL;
}

static void *listener_main(void *argument)
{
    struct web *web = argument;

    while (!atomic_load(&web->ending)) {
        int fd = accept4(web->listener, NULL, NULL, SOCK_CLOEXEC), one = 1;
        struct connection *connection;

        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_mutex_lock(&web->lock);
        if (web->connection_count == CONNECTIONS_MAX) {
            pthread_mutex_unlock(&web->lock);
            close(fd);
            continue;
        }
        connection = &web->connections[web->connection_count];
        *connection = (struct connection){.web = web, .fd = fd};
        web->counts.connections++;
        if (pthread_create(&connection->thread, NULL, connection_main, connection) == 0)
            web->connection_count++;
        else
            close(fd);
        pthread_mutex_unlock(&web->lock);
    }
    return NULL;
}

struct web *web_start(web_fn fn, void *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct web *web = assay_alloc(sizeof *web);

    web->fn = fn;
    web->context = context;
    pthread_mutex_init(&web->lock, NULL);
    web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (web->listener < 0 ||
        bind(web->listener, (struct sockaddr *)(void *)&address, sizeof address) != 0 ||
        listen(web->listener, 256) != 0 ||
        getsockname(web->listener, (struct sockaddr *)(void *)&address, &size) != 0)
        abort();
    snprintf(web->url, sizeof web->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    if (pthread_create(&web->thread, NULL, listener_main, web) != 0)
        abort();
    return web;
}

const char *web_url(const struct web *web)
{
    return web->url;
}

void web_stop(struct web **web_ptr)
{
    struct web *web = *web_ptr;

    if (!web)
        return;
    atomic_store(&web->ending, true);
    shutdown(web->listener, SHUT_RDWR);
    close(web->listener);
    pthread_join(web->thread, NULL);
    for (size_t i = 0; i < web->connection_count; i++)
        shutdown(web->connections[i].fd, SHUT_RDWR);
    for (size_t i = 0; i < web->connection_count; i++) {
        pthread_join(web->connections[i].thread, NULL);
        close(web->connections[i].fd);
    }
    pthread_mutex_destroy(&web->lock);
    free(web);
    *web_ptr = NULL;
}

void web_hold(struct web *web)
{
    pthread_mutex_lock(&web->lock);
}

void web_go_on(struct web *web)
{
    pthread_mutex_unlock(&web->lock);
}

struct web_counts web_counts(struct web *web)
{
    struct web_counts counts;

    pthread_mutex_lock(&web->lock);
    counts = web->counts;
    pthread_mutex_unlock(&web->lock);
    return counts;
}

void web_reset_counts(struct web *web)
{
    pthread_mutex_lock(&web->lock);
    web->counts = (struct web_counts){0};
    pthread_mutex_unlock(&web->lock);
}

const char *web_query(const struct web_request *request, const char *key, char *out,
                      size_t capacity)
{
    size_t length = strlen(key), used = 0;
    const char *at = strchr(request->target, '?');

    out[0] = '\0';
    while (at && !(strncmp(at + 1, key, length) == 0 && at[1 + length] == '='))
        at = strchr(at + 1, '&');
    if (!at)
        return out;
    for (at += length + 2; *at && *at != '&' && used + 1 < capacity; at++) {
        unsigned code;

        if (*at == '%' && sscanf(at + 1, "%2x", &code) == 1) {
            out[used++] = (char)code;
            at += 2;
        } else {
            out[used++] = *at;
        }
    }
    out[used] = '\0';
    return out;
}

/*
 * Requests over HTTP, made by one thread for everybody. The only user of curl is net.c, which
 * loads it when the first request is made: a session without servers never pays for it.
 *
 * A caller (on any thread but the net's own) makes a batch, adds requests to it and takes the
 * answers as they come; net_perform() is the same for a single request. How many are under way
 * at once is bounded per server and adapts to what the server bears. What failed on the way and
 * may be sent again is repeated here, with growing pauses, and never otherwise.
 */
#ifndef CORE_REMOTE_NET_H
#define CORE_REMOTE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/error.h>

#include "remote/credentials.h"

struct net;        /* the thread, and all that is under way */
struct net_server; /* one server: base URL, credentials, TLS, how much it bears */
struct net_batch;  /* one caller's requests */

struct net *net_new(void); /* starts nothing */
/* Cancels everything and ends the thread. All batches must be freed before. */
void net_free(struct net **net);
/* From now on every request ends at once as ASSAY_CANCELLED, so that whoever waits for one goes
   home: called before the threads that wait are joined. Any thread. */
void net_stop(struct net *net);
bool net_stopped(const struct net *net);

/* URL without a final slash; a path in it (a static prefix) stays. CREDENTIALS are copied. */
enum assay_status net_server_new(struct net_server **out, const char *url,
                                 const struct credentials *credentials,
                                 struct assay_error *err);
void net_server_free(struct net_server **server); /* no request of it may be under way */
const char *net_server_shown(const struct net_server *server); /* its URL, without secrets */
bool net_server_unverified(const struct net_server *server); /* https, certificate unchecked */
/* A header for every request ("X-MLFLOW-WORKSPACE: red"), before the first of them. */
void net_server_header(struct net_server *server, const char *header);

enum net_method { NET_GET, NET_POST, NET_PUT, NET_PATCH, NET_DELETE };

/* Where a server wants to see a certificate of ours. */
#define NET_CLIENT_CERT_ADVICE                                                                 \
    "client_cert or MLFLOW_TRACKING_CLIENT_CERT_PATH names a PEM file with it and its key"

#define NET_BODY_LIMIT (64u << 20) /* of an answer, where the request sets none */
#define NET_SECONDS    120u        /* a request may take, likewise */

/* LENGTH bytes of a successful answer's body, on the net's thread. BYTES NULL: it begins (anew,
   where an attempt broke off): forget what came before. False ends the request as
   ASSAY_CORRUPT. */
typedef bool (*net_body_fn)(void *context, const char *bytes, size_t length);

struct net_request {
    struct net_server *server;
    enum net_method method;
    const char *path; /* "/api/…?…", put behind the server's URL; or a whole URL of elsewhere (a
                         presigned one), to which no credentials are sent */
    const char *type; /* of the body, "application/json"; NULL: there is none */
    const void *body; /* copied; or NULL and */
    size_t length;
    int upload_fd; /* where body is NULL and length is not 0: LENGTH bytes of this
                      file, from UPLOAD_FROM on (pread) */
    uint64_t upload_from;
    const char *const *header; /* more of them, NULL-terminated; may be NULL */
    bool repeatable;           /* may be sent twice (GET always may) */
    bool apart;                /* on a connection of its own: it waits for no other request */
    bool elsewhere;            /* a redirect to another host is followed, without credentials */
    uint64_t limit;            /* most bytes of the answer's body; 0: NET_BODY_LIMIT */
    unsigned seconds;          /* 0: NET_SECONDS; UINT_MAX: as long as bytes keep coming */
    unsigned drip_seconds;     /* a body so long slower than NET_DRIP_RATE is given up; 0:
                                  NET_DRIP_SECONDS */
    net_body_fn on_body;       /* NULL: collected in the answer */
    void *context;             /* for on_body */
    void *tag;                 /* comes back with the answer */
};

struct net_answer {
    enum assay_status status; /* OK: an HTTP status of 2xx, and the body is whole */
    struct assay_error error;
    int http;              /* the HTTP status; 0 where none came */
    char type[64];         /* content type, lower case, without parameters */
    struct assay_buf body; /* of a success without on_body; of a failure its first 64 KiB */
    uint64_t received;     /* bytes of body over the wire */
    unsigned attempts;
    bool unreachable; /* no HTTP answer came at all: no network, or nobody there */
    void *tag;
};
void net_answer_free(struct net_answer **answer);

struct net_batch *net_batch_new(struct net *net);
void net_batch_add(struct net_batch *batch, const struct net_request *request);
/* The next answer, waiting at most TIMEOUT_MS (-1: for ever); NULL where none came in that time
   or none is left. The caller frees it. */
struct net_answer *net_batch_next(struct net_batch *batch, int timeout_ms);
size_t net_batch_left(const struct net_batch *batch); /* added, not taken */
/* What is under way ends soon, as ASSAY_CANCELLED; its answers are to be taken all the same. */
void net_batch_cancel(struct net_batch *batch);
void net_batch_free(struct net_batch **batch); /* cancels what is left */

/* One request; the answer is never NULL. Asks CANCELLED (may be NULL) some times a second. */
struct net_answer *net_perform(struct net *net, const struct net_request *request,
                               bool (*cancelled)(void *context), void *context);

/* What went over the wire so far, for progress and tests. Any thread. */
struct net_statistics {
    uint64_t requests;    /* sent, repeats included */
    uint64_t repeats;     /* of those, sent again */
    uint64_t connections; /* opened */
    uint64_t received;    /* bytes of bodies, compressed as they came */
    unsigned in_flight;   /* now */
};
struct net_statistics net_statistics(const struct net *net);

#endif

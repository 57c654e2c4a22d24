/*
 * What net.c (curl and its thread) and net_batch.c (what callers see) share: a request on its
 * way, and who has it.
 */
#ifndef CORE_REMOTE_NET_PRIVATE_H
#define CORE_REMOTE_NET_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "remote/net.h"
#include "remote/net_policy.h"

struct net_server {
    char *url;   /* without a final slash */
    char *shown; /* the same, for people */
    char *header;
    struct credentials credentials;
    struct net_window window; /* the net thread's */
};

/* One request, from net_batch_add() to its answer. The net thread's, but for `next` and `batch`
   under the lock. */
struct net_job {
    struct net_job *next;
    struct net_batch *batch;
    struct net_request request; /* its texts are this job's own copies */
    char *url;                  /* whole */
    bool foreign;               /* not the server's own origin: no credentials */
    unsigned attempt, redirects;
    int64_t due_us; /* not to be sent before */
    int64_t sent_us;
    void *easy, *lines; /* curl's */
    char *fault;        /* curl's words, CURL_ERROR_SIZE bytes */
    uint64_t taken;     /* bytes of body of this attempt */
    struct net_rate rate;
    bool began, too_large, refused, dripped;
    int http;
    int system_error; /* errno of a connection that was not made; 0 not known */
    uint64_t uploaded;
    struct net_answer *answer;
};

struct net_batch {
    struct net *net;
    struct net_job *first, *last; /* finished: their answers wait */
    size_t left;                  /* added, not taken */
    size_t under_way;             /* with the net thread */
    atomic_bool abandoned;
    pthread_cond_t ready;
};

struct net {
    pthread_mutex_t lock;
    pthread_t thread;
    bool running, ending;
    atomic_bool stopped;
    struct net_job *inbox, *inbox_last; /* new ones, under the lock */
    struct curl_door *curl; /* from when the thread runs; NULL: it cannot be loaded */
    void *multi;
    bool abandoning;          /* some batch was: its jobs are to be ended */
    struct assay_error fault; /* why there is no curl */

    /* The net thread's. */
    struct net_job *waiting; /* to be sent: oldest first */
    struct net_job *sent;
    uint64_t random;

    _Atomic uint64_t requests, repeats, connections, received;
    atomic_uint in_flight;
};

/* net.c: has the thread run and look at its inbox. With the lock held. */
void net_wake(struct net *net);
/* net_batch.c: a job ends; its answer is the caller's from now on. */
void net_job_done(struct net *net, struct net_job *job);
void net_job_free(struct net_job *job);

/* net_fault.c: how an attempt ended that curl has the number CODE for (a CURLcode). */
enum net_end net_fault_end(int code, const struct net_job *job);
/* Where it failed for good: says so in the job's answer, with curl's WORDS for the number. The
   server's own words are the client's to add. */
void net_fault_explain(struct net_job *job, int code, const char *words);

/* What to do where TLS, a certificate or a proxy is the matter. */
#define NET_NO_TLS_ADVICE "what answers there does not speak TLS: try http:// instead"
#define NET_NAME_ADVICE                                                                        \
    "its certificate is for another name: give the address that stands in the certificate"
#define NET_TRUST_ADVICE                                                                       \
    "ca_file or MLFLOW_TRACKING_SERVER_CERT_PATH names the certificates to trust"
#define NET_KEY_ADVICE                                                                         \
    "client_cert or MLFLOW_TRACKING_CLIENT_CERT_PATH is a PEM file with the certificate and "  \
    "its key, which has no pass phrase"
#define NET_PROXY_ADVICE                                                                       \
    "a proxy is asked (`proxy` in the configuration file, else http_proxy, https_proxy; "      \
    "no_proxy names what is reached without): is it right?"

#endif

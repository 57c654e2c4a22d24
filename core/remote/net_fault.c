/*
 * How an attempt ended, and why in words (net_private.h). Of curl only its numbers.
 */
#include "remote/net_private.h"

#include <curl/curl.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "remote/url.h"

/* Whether the other side ended the connection because of our certificate, or for want of one:
   over TLS 1.3 that comes after the handshake, as an alert where an answer is read. */
static bool is_certificate_alert(int code, const struct net_job *job)
{
    return code == CURLE_SSL_CLIENTCERT ||
           (job->http == 0 && strstr(job->fault, "alert") &&
            (strstr(job->fault, "certificate") || strstr(job->fault, "unknown ca") ||
             strstr(job->fault, "handshake failure")));
}

/* Whether a connection over TLS ended before any answer: the alert that said why may have been
   lost with it. */
static bool is_cut_early(int code, const struct net_job *job)
{
    return (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR) && job->http == 0 &&
           strncmp(job->url, "https:", 6) == 0;
}

enum net_end net_fault_end(int code, const struct net_job *job)
{
    if (is_certificate_alert(code, job))
        return NET_END_FINAL;
    switch (code) {
    case CURLE_OK:
        return NET_END_ANSWER;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return NET_END_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        /* What took all of its time would take it again; what came to a halt may not. */
        return job->http && job->request.seconds == UINT_MAX ? NET_END_BROKEN : NET_END_FINAL;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WRITE_ERROR:
        return job->too_large || job->refused ? NET_END_FINAL : NET_END_BROKEN;
    default:
        return NET_END_FINAL;
    }
}

/* Whether it was the server itself that nobody answered for, by the place that curl names. */
static bool is_own_place(const struct net_job *job)
{
    struct assay_buf place = {0};
    struct url_parts parts;
    const char *colon;
    bool own = false;

    if (url_parse(job->url, &parts)) {
        colon = memrchr(parts.host, ':', parts.host_length);
        assay_buf_add(&place, parts.host,
                      colon ? (size_t)(colon - parts.host) : parts.host_length);
        if (colon)
            assay_buf_format(&place, " port %.*s ",
                             (int)(parts.host + parts.host_length - colon - 1), colon + 1);
        else
            assay_buf_format(&place, " port %s ", parts.scheme_length == 5 ? "443" : "80");
        own = strstr(job->fault, assay_buf_text(&place)) != NULL;
    }
    assay_buf_free(&place);
    return own;
}

/* Whether what failed may be a proxy's doing: it is one that curl names, or one is asked for
   and nobody answered. */
static bool is_proxy_matter(int code, const struct net_job *job)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    bool set = job->request.server->credentials.proxy != NULL;

    for (size_t i = 0; i < ASSAY_COUNT(names) && !set; i++)
        set = getenv(names[i]) && *getenv(names[i]);
    return code == CURLE_COULDNT_RESOLVE_PROXY ||
           (code == CURLE_COULDNT_CONNECT && set && !is_own_place(job)) ||
           (set && job->http == 0 && strstr(job->fault, "proxy"));
}

/* Curl's words name the host, which stands before them already. */
static void explain_connection(const struct net_job *job, int code, const char *where,
                               const char *words, struct assay_error *err)
{
    if (code == CURLE_COULDNT_CONNECT && job->system_error)
        assay_fail(err, ASSAY_IO, "%s: no connection: %s", where, strerror(job->system_error));
    else if (code == CURLE_COULDNT_CONNECT)
        assay_fail(err, ASSAY_IO, "%s: nobody answers there", where);
    else if (code == CURLE_COULDNT_RESOLVE_HOST)
        assay_fail(err, ASSAY_IO, "%s: no host of this name is known", where);
    else
        assay_fail(err, ASSAY_IO, "%s: %s", where, job->fault[0] ? job->fault : words);
    if (is_proxy_matter(code, job))
        assay_hint(err, NET_PROXY_ADVICE);
    else if (strstr(job->fault, "wrong version number"))
        assay_hint(err, NET_NO_TLS_ADVICE);
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        assay_hint(err,
                   strstr(job->fault, "subject name") ? NET_NAME_ADVICE : NET_TRUST_ADVICE);
    else if (code == CURLE_SSL_CERTPROBLEM)
        assay_hint(err, NET_KEY_ADVICE);
    else if (is_certificate_alert(code, job) || is_cut_early(code, job))
        assay_hint(err, "if it wants a client certificate: " NET_CLIENT_CERT_ADVICE);
}

void net_fault_explain(struct net_job *job, int code, const char *words)
{
    struct net_answer *answer = job->answer;
    const char *where = job->request.server->shown;
    char *shown = job->foreign ? url_shown(job->url) : NULL;
    struct assay_error *err = &answer->error;

    if (shown)
        where = shown;
    answer->unreachable = job->http == 0 && !job->refused && !job->too_large;
    if (code == CURLE_OK) {
        assay_fail(err, ASSAY_IO, "%s: the server answers %d", where, job->http);
    } else if (job->too_large) {
        assay_fail(err, ASSAY_CORRUPT, "%s: an answer of more than %llu bytes", where,
                   (unsigned long long)job->request.limit);
    } else if (job->dripped) {
        assay_fail(err, ASSAY_IO, "%s: the answer comes at less than 1 kB a second", where);
    } else if (job->refused) {
        assay_fail(err, ASSAY_CORRUPT, "%s: the answer is not what it should be", where);
    } else {
        explain_connection(job, code, where, words, err);
    }
    answer->status = err->status;
    free(shown);
}

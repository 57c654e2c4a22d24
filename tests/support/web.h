/*
 * A web server on the loopback interface, inside the test: a function of the test answers each
 * request, and may have the answer come late, broken, without end or not at all.
 */
#ifndef TESTS_SUPPORT_WEB_H
#define TESTS_SUPPORT_WEB_H

#include <stdbool.h>
#include <stddef.h>

struct web; /* opaque */

struct web_request {
    const char *method, *target; /* "POST", "/api/…?…" */
    const char *head;            /* all lines of the header */
    const char *body;
    size_t length;
    unsigned number; /* 0, 1, … in the order they came */
};
enum web_fault {
    WEB_FINE,
    WEB_CLOSE,   /* the connection is closed without a word */
    WEB_HALF,    /* … after half of the body */
    WEB_HANG,    /* nothing comes */
    WEB_DRIP,    /* a byte at a time, 20 a second */
    WEB_ENDLESS, /* the body is repeated for ever */
};
struct web_answer {
    int status;         /* 0: 200 */
    const char *type;   /* NULL: application/json */
    const char *header; /* more lines, each with its \r\n; NULL none */
    const char *body;   /* text; copied before the function is called again */
    size_t length;      /* 0: strlen(body) */
    void *take;         /* freed when sent */
    unsigned delay_ms;
    enum web_fault fault;
};
/* Called on the server's threads, one at a time. */
typedef void (*web_fn)(void *context, const struct web_request *request,
                       struct web_answer *answer);

struct web *web_start(web_fn fn, void *context);
const char *web_url(const struct web *web); /* "http://127.0.0.1:PORT" */
/* While it serves: what CONTEXT holds is changed between these two, when nobody is answered. */
void web_hold(struct web *web);
void web_go_on(struct web *web);
/* The port is let go of and taken again: what was there is gone in between. */
void web_stop(struct web **web);

struct web_counts {
    unsigned connections, requests;
    unsigned at_once; /* the most requests that were being answered at the same time */
};
struct web_counts web_counts(struct web *web);
void web_reset_counts(struct web *web);

/* The value of KEY in the request's query, decoded; "" where it has none. Into OUT. */
const char *web_query(const struct web_request *request, const char *key, char *out,
                      size_t capacity);

#endif

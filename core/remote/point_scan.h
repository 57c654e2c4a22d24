/*
 * Points out of the body of MLflow's get-history answers, as it streams in: a history of a
 * hundred megabytes is never in memory as text. What comes in pieces is read where it lies;
 * only the object that a piece's end cuts is kept for the next. Pure; hostile input ends in
 * `fault`.
 */
#ifndef CORE_REMOTE_POINT_SCAN_H
#define CORE_REMOTE_POINT_SCAN_H

#include <stdbool.h>

#include <assay/buf.h>
#include <assay/series.h>

struct point_scan {
    /* Each point; RUN_ID only where the answer has one ("" else), valid during the call. */
    void (*point)(void *context, const struct assay_point *point, const char *run_id);
    void *context;
    struct assay_buf token; /* next_page_token; empty where there is none */
    const char *fault;      /* what is wrong; NULL so far nothing */
    uint64_t bytes;         /* that were read */
    enum point_scan_state {
        SCAN_START,
        SCAN_NAME,  /* before a member of the answer */
        SCAN_COLON, /* behind its name */
        SCAN_VALUE,
        SCAN_SKIP,    /* inside a value that is of no interest */
        SCAN_ELEMENT, /* in "metrics", before a point */
        SCAN_END,
    } state;
    bool metrics, wants_token; /* whose value comes */
    unsigned depth;            /* of what is skipped */
    bool quoted, escaped;
    struct assay_buf rest; /* what the last piece left */
    struct assay_buf text; /* of a string */
};
/* Start with {.point = …, .context = …}. */
void point_scan_again(struct point_scan *scan); /* a body begins */
bool point_scan_feed(struct point_scan *scan, const char *bytes, size_t length);
bool point_scan_end(struct point_scan *scan); /* the body is over: was it whole? */
void point_scan_free(struct point_scan *scan);

#endif

/*
 * A record as it lies in memory: the exact bytes, what they say, and what checking its
 * signature gave. Filled by ledger.c (or a bundle, or a remote), ordered by order.c, judged by
 * fold.c.
 */
#ifndef CORE_APPROVAL_RECORD_H
#define CORE_APPROVAL_RECORD_H

#include <assay/map.h>

#include "approval/statement.h"

enum record_signature { SIGNATURE_UNCHECKED, SIGNATURE_NONE, SIGNATURE_HOLDS, SIGNATURE_FAILS };

struct record {
    size_t seq; /* in the local log, from 1 */
    const char *digest;
    const char *bytes;
    size_t length;
    const char *signature; /* the armour; length 0: unsigned */
    size_t signature_length;
    /* Of a row of a store: what the chain over the rows says before it and at it, and whether
       the second does not follow from the first. */
    const char *rows_before, *rows_here;
    bool rows_break;
    const char *fault; /* it could not be read at all: why; then nothing below is set */
    struct statement s;
    const char *chain; /* "person/device" */
    enum record_signature checked;
    const char *signature_why; /* SIGNATURE_FAILS */
    const char *signed_by;     /* fingerprint inside the signature; "" unchecked */
    bool hardware, touched, pin;
    uint32_t counter;
};

/* Fills RECORD from its bytes; a fault is kept in it, not returned. DOC is scratch. */
void record_read(struct record *record, struct json_doc *doc, struct assay_arena *arena);
/* Checks its signature with our own code (once). */
void record_check(struct record *record, struct assay_arena *arena);

/* records.c: does WORK on COUNT records, from LEAST on on several threads, each with an arena
   of its own for what the records then hold. */
#define RECORD_THREADS 4
struct records_sharing;
typedef void record_work(struct record *record, struct json_doc *doc,
                         struct assay_arena *arena);
void records_work(struct record **records, size_t count, size_t least, record_work *work,
                  struct assay_arena arenas[RECORD_THREADS]);
/* The same of records that are still coming: the first COUNT of ROW are there, and stay where
   they are until the end, which does what is left and frees SHARING. */
struct records_sharing *records_begin(record_work *work, size_t least,
                                      struct assay_arena arenas[RECORD_THREADS]);
void records_ready(struct records_sharing *sharing, struct record *row, size_t count);
void records_end(struct records_sharing *sharing);

/* What each record follows, by place: those of record I are TO[START[I]] up to before
   TO[START[I + 1]], the one it continues first, where it does, then what it had seen.
   ASSAY_MAP_NONE stands for one that is not there. */
struct record_links {
    size_t *start;
    uint32_t *to;
};
/* INDEX has the digests of the records without a fault, with their places in RECORDS. */
void record_links_find(struct record_links *links, const struct record *records, size_t count,
                       const struct assay_map *index);
void record_links_free(struct record_links *links);

/* Puts records into the one order that every replica computes: each after what it continues and
   what its author had seen; among those free to come next, the earliest time first, then the
   smallest digest. ORDER has room for COUNT; returns how many could be placed: the others
   follow something that is not there. */
size_t order_records(const struct record *records, size_t count,
                     const struct record_links *links, uint32_t *order);

#endif

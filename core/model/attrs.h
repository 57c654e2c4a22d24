/*
 * Attributes packed into bytes, as the databases keep them and the catalog caches them: sorted,
 * versioned, checked in full when unpacked (a database may be damaged).
 */
#ifndef CORE_MODEL_ATTRS_H
#define CORE_MODEL_ATTRS_H

#include <endian.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/catalog.h>
#include <assay/memory.h>

/* Sorts (a copy of) the arrays by key and appends the packed form. Of equal keys the last wins.
 */
void attrs_pack(const struct assay_attrs *attrs, struct assay_buf *out);
/* Unpacks into ARENA. False where the bytes are damaged (*out is then empty). */
bool attrs_unpack(const void *bytes, size_t length, struct assay_arena *arena,
                  struct assay_attrs *out);
/* The same, but texts point into BYTES, which must live as long; only the arrays are ARENA's.
 */
bool attrs_unpack_in(const void *bytes, size_t length, struct assay_arena *arena,
                     struct assay_attrs *out);
/* The same for readers of many runs that are alike: params, tags, inputs and outputs come with
   copies of their texts in ARENA; the COUNT metrics, packed from AT on, are TAKE's, which
   returns how many of the LEFT bytes they took. Where it returns 0, or TAKE is NULL, they are
   unpacked like the rest. */
typedef size_t attrs_take_fn(void *context, const unsigned char *at, size_t left, size_t count);
bool attrs_unpack_beside(const void *bytes, size_t length, struct assay_arena *arena,
                         attrs_take_fn *take, void *context, struct assay_attrs *out);
/* Finds one field without unpacking the rest. False where it is not there. For a metric
 *summary is filled; for a param or tag *text points into BYTES (NUL-terminated), for datasets
 into JOINED, which is emptied first and stays the caller's (NULL where none is asked for). */
bool attrs_find(const void *bytes, size_t length, enum assay_field_kind kind, const char *key,
                struct assay_summary *summary, const char **text, struct assay_buf *joined);
/* Gives FN every param, tag and metric as attrs_find() would find it: TEXT of a param or tag
   (into BYTES), SUMMARY of a metric, NULL of the other. Where the bytes are
   damaged, what lies before. */
typedef void (*attrs_item_fn)(void *context, enum assay_field_kind kind, const char *key,
                              const struct assay_summary *summary, const char *text);
void attrs_each(const void *bytes, size_t length, attrs_item_fn fn, void *context);

/* ---- a packed metric, for TAKE: its head, then the key and a NUL ---- */

#define ATTRS_METRIC_HEAD (4u + 7 * 8 + 1) /* key length, summary, single */

static inline uint32_t attrs_get_u32(const unsigned char *b)
{
    uint32_t value;
    memcpy(&value, b, sizeof value);
    return le32toh(value);
}

static inline uint64_t attrs_get_u64(const unsigned char *b)
{
    uint64_t value;
    memcpy(&value, b, sizeof value);
    return le64toh(value);
}

static inline double attrs_get_double(const unsigned char *b)
{
    uint64_t bits = attrs_get_u64(b);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* HEAD holds ATTRS_METRIC_HEAD bytes. The length of the key is attrs_get_u32(HEAD). */
static inline void attrs_get_metric(const unsigned char *head, struct assay_summary *s,
                                    bool *single)
{
    s->last = attrs_get_double(head + 4);
    s->step = (int64_t)attrs_get_u64(head + 12);
    s->time_ms = (int64_t)attrs_get_u64(head + 20);
    s->min = attrs_get_double(head + 28);
    s->max = attrs_get_double(head + 36);
    s->n = attrs_get_u64(head + 44);
    s->nonfinite = attrs_get_u64(head + 52);
    *single = head[ATTRS_METRIC_HEAD - 1] != 0;
}

#endif

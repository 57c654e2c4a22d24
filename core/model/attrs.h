/*
 * Attributes packed into bytes, as the databases keep them and the catalog caches them: sorted,
 * versioned, checked in full when unpacked (a database may be damaged).
 */
#ifndef CORE_MODEL_ATTRS_H
#define CORE_MODEL_ATTRS_H

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

#endif

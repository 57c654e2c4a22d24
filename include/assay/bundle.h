/*
 * Reading review bundles: a comparison carried away in one JSON file (cli/compare_bundle.c says
 * what is in one and writes it; docs/compare.md). A bundle is hostile until its seal, the
 * SHA-256 of all that stands before it, was checked, and what is in it is checked even then:
 * whoever changes a bundle can seal it anew. Any thread; the texts that are handed out are the
 * bundle's and live as long as it does.
 */
#ifndef ASSAY_BUNDLE_H
#define ASSAY_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/compare.h>
#include <assay/error.h>
#include <assay/series.h>

#define ASSAY_BUNDLE_SEAL                                                                      \
    "\"sha256\": \"" /* stands before the last digest, which is of all before it */

struct json_t; /* of jansson */

struct assay_bundle {
    struct json_t *root;
    bool sealed; /* the digest of the whole holds */
    size_t run_count, curve_count, file_count;
};

/* Whether PATH begins as bundles do: a few bytes are read. */
bool assay_bundle_begins(const char *path);
/* Reads the bundle PATH of at most LIMIT bytes into *out (to be freed, whatever is returned).
   ASSAY_CORRUPT where it is none; a seal that does not hold is only noted. */
enum assay_status assay_bundle_read(struct assay_bundle *out, const char *path, size_t limit,
                                    struct assay_error *err);
void assay_bundle_free(struct assay_bundle *bundle);
/* "ASSAY_CORRUPT, PATH: WHAT", with the advice. */
enum assay_status assay_bundle_broken(const char *path, const char *what,
                                      struct assay_error *err);

/* Run INDEX: what is known of it and its attributes (to be freed below). False where the entry
   is no run. */
bool assay_bundle_run(const struct assay_bundle *bundle, size_t index,
                      struct assay_compared_run *facts, struct assay_attrs *attrs);
void assay_bundle_attrs_free(struct assay_attrs *attrs);

/* Curve INDEX: of which metric of which run. False where the entry is none. */
bool assay_bundle_curve(const struct assay_bundle *bundle, size_t index, size_t *run,
                        const char **metric);
/* Its points, added to SERIES. */
void assay_bundle_points(const struct assay_bundle *bundle, size_t index,
                         struct assay_series *series);

/* Artifact INDEX of the bundle. */
struct assay_bundle_file {
    size_t run;       /* whose it is, an index */
    const char *path; /* not empty; a name to show and look up, never a place */
    uint64_t bytes;
    const char *sha256; /* 64 digits */
    bool here;          /* its bytes came along */
};
/* False where the entry is none. */
bool assay_bundle_file(const struct assay_bundle *bundle, size_t index,
                       struct assay_bundle_file *out);
/* Its bytes, to be freed, with a NUL behind them. ASSAY_CORRUPT where they are none, or not
   those of its digest; *data is NULL then. */
enum assay_status assay_bundle_file_bytes(const struct assay_bundle *bundle, size_t index,
                                          char **data, size_t *length, struct assay_error *err);

#endif

/*
 * Writing to the local store: experiments and runs logged with Assay itself. Every call is one
 * transaction, durable when it returns ASSAY_OK (WAL, synchronous=FULL). A handle belongs to
 * one thread; several processes may write to one store.
 */
#ifndef ASSAY_LOCAL_H
#define ASSAY_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/series.h>

struct assay_local; /* opaque */

/* PATH NULL: $ASSAY_STORE, else $XDG_DATA_HOME/assay/store.db. Creates it (directories 0700).
 */
enum assay_status assay_local_open(struct assay_local **out, const char *path,
                                   struct assay_error *err);
void assay_local_close(struct assay_local **local);

#define ASSAY_RUN_ID_SIZE 33 /* 32 hex digits and a NUL */

/* Starts a run (status RUNNING) in EXPERIMENT, which is made if new. NAME NULL: one is invented
   ("calm-elk-03" fashion). START_MS ASSAY_NO_TIME: now. The id goes to OUT. */
enum assay_status assay_local_start(struct assay_local *local, const char *experiment,
                                    const char *name, int64_t start_ms,
                                    char out[ASSAY_RUN_ID_SIZE], struct assay_error *err);
enum assay_status assay_local_finish(struct assay_local *local, const char *run,
                                     enum assay_run_status status, int64_t end_ms,
                                     struct assay_error *err);

struct assay_log_point {
    const char *metric;
    struct assay_point point;
};
struct assay_log_batch { /* any part may be empty */
    const struct assay_log_point *points;
    size_t point_count;
    const struct assay_pair *params; /* a param set before with another value is an error */
    size_t param_count;
    const struct assay_pair *tags; /* replaced */
    size_t tag_count;
};
/* All of the batch or nothing. */
enum assay_status assay_local_log(struct assay_local *local, const char *run,
                                  const struct assay_log_batch *batch, struct assay_error *err);

#endif

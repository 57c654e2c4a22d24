/*
 * What implements an ingest: a table of functions that the ingest_* calls of source.h forward
 * to. The session has one implementation (batches for the catalog and the cache), the tests
 * another (everything kept in memory). An implementation's own struct starts with a struct
 * ingest.
 */
#ifndef CORE_SOURCE_INGEST_H
#define CORE_SOURCE_INGEST_H

#include "source/source.h"

/* Each does what the ingest_* function of the same name promises. */
struct ingest_ops {
    void (*experiment)(struct ingest *in, const struct ingest_experiment *experiment);
    void (*experiment_gone)(struct ingest *in, const char *id);
    void (*run)(struct ingest *in, const struct ingest_run *run);
    void (*run_gone)(struct ingest *in, const char *run_id);
    void (*run_passed)(struct ingest *in, const char *run_id); /* may be NULL */
    void (*run_none)(struct ingest *in, const char *run_id, const struct ingest_state *states,
                     size_t count);
    void (*chunk)(struct ingest *in, const char *run_id, const char *metric,
                  struct assay_chunk *chunk_take);
    void (*restart)(struct ingest *in, const char *run_id);
    void (*problem)(struct ingest *in, const char *path, uint64_t offset, const char *message);
    void (*progress)(struct ingest *in, uint64_t done, uint64_t total);
    bool (*cancelled)(const struct ingest *in);
    void (*focus)(const struct ingest *in, char out[128]);
    bool (*state_get)(struct ingest *in, const char *key, void **bytes, size_t *length);
    void (*state_put)(struct ingest *in, const char *key, const void *bytes, size_t length);
    void (*end_put)(struct ingest *in, const char *key, const void *bytes, size_t length);
    void (*claim)(struct ingest *in, const struct ingest_state *claim,
                  const struct ingest_state *end);           /* may be NULL */
    bool (*state_moved)(struct ingest *in, const char *key); /* may be NULL: never */
    void (*parallel)(struct ingest *in, size_t count, void (*task)(void *context, size_t index),
                     void *context);
};

struct ingest {
    const struct ingest_ops *ops;
    bool once; /* see ingest_once() */
};

#endif

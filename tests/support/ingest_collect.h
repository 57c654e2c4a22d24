/*
 * An ingest that keeps everything in memory, for tests and benchmarks of readers: what a scan
 * reported, the points as series, the states for the next scan.
 */
#ifndef TESTS_SUPPORT_INGEST_COLLECT_H
#define TESTS_SUPPORT_INGEST_COLLECT_H

#include <assay/map.h>
#include <assay/memory.h>

#include <pthread.h>
#include <stdatomic.h>

#include "source/ingest.h"

struct collected_series {
    char *metric;
    struct assay_series *series;
    size_t chunks;
};
struct collected_run {
    char *id, *experiment, *name, *user, *artifact_uri;
    enum assay_run_status status;
    bool deleted, gone;
    int64_t start_ms, end_ms;
    struct assay_attrs attrs; /* unpacked into arena */
    struct assay_arena arena;
    struct collected_series *series;
    size_t series_count, series_capacity;
    struct assay_map series_index; /* by metric */
    unsigned reports, restarts; /* how often it was reported; its points forgotten */
    bool with_state; /* the last report said what is to be remembered of it */
};
struct collected_experiment {
    char *id, *name;
    bool deleted, gone;
    unsigned reports;
};
struct collected_problem {
    char *path, *message;
    uint64_t offset;
};
struct collected_state {
    char *key;
    void *bytes;
    size_t length;
};
struct ingest_collect {
    struct ingest ingest; /* give its address to the reader */
    pthread_mutex_t lock;
    enum assay_last_rule last_rule;
    unsigned threads; /* for ingest_parallel(); 0: this one alone */
    struct collected_run *runs;
    size_t run_count, run_capacity;
    struct assay_map run_index;
    struct collected_experiment *experiments;
    size_t experiment_count, experiment_capacity;
    struct collected_problem *problems;
    size_t problem_count, problem_capacity;
    struct collected_state *states;
    size_t state_count, state_capacity;
    uint64_t done, total;
    _Atomic int cancel_after; /* > 0: the N-th question whether to stop is answered with yes */
    char focus[128];
    int64_t first_point_us; /* assay_monotonic_us() when the first points came; 0 before */
};

void ingest_collect_init(struct ingest_collect *collect, enum assay_last_rule last_rule);
void ingest_collect_free(struct ingest_collect *collect);
/* Forgets the problems reported so far. */
void ingest_collect_forget_problems(struct ingest_collect *collect);
/* NULL where there is none. */
const struct collected_run *ingest_collect_run(const struct ingest_collect *collect,
                                               const char *id);
const struct collected_experiment *
ingest_collect_experiment(const struct ingest_collect *collect, const char *id);
struct assay_series *ingest_collect_series(const struct ingest_collect *collect,
                                           const char *run, const char *metric);

#endif

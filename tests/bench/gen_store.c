/*
 * Writes a local store for benchmarks: RUNS runs with METRICS metrics of POINTS points each,
 * and with params and tags as training code logs them; the same store every time. Usage:
 * gen_store FILE RUNS METRICS POINTS
 *
 * Points are written for the newest 200 runs, summaries for all: nothing that is measured looks
 * at more series than fit on a screen, and 50 million points would only fill the disk.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "core/model/attrs.h"
#include "core/store/store.h"

enum { WITH_POINTS = 200, MOST_METRICS = 256, PARAMS = 20, EXPERIMENT_RUNS = 500 };

static const int64_t epoch_ms = INT64_C(1790000000000), run_ms = 60000;

struct generator {
    struct store *store;
    int64_t source, experiment;
    size_t runs, metrics, points;
    uint64_t random;
    struct assay_error err;
};

static double uniform(struct generator *g)
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 7;
    g->random ^= g->random << 17;
    return (double)(g->random >> 11) / 9007199254740992.0;
}

static void need(struct generator *g, enum assay_status status)
{
    if (status != ASSAY_OK) {
        fprintf(stderr, "gen_store: %s\n", g->err.what);
        exit(3);
    }
}

static void metric_name(size_t i, char out[48])
{
    static const char *const known[] = {"train/loss",   "val/loss",     "train/accuracy",
                                        "val/accuracy", "lr",           "grad_norm",
                                        "throughput",   "epoch_seconds"};
    if (i < ASSAY_COUNT(known))
        snprintf(out, 48, "%s", known[i]);
    else
        snprintf(out, 48, "layer.%02zu/activation_norm", i);
}

/* The points of one metric: falling, with noise; kept as floats, as frameworks log them. */
static struct assay_summary put_points(struct generator *g, int64_t run, size_t number,
                                       size_t metric, const char *name)
{
    struct assay_summary summary = ASSAY_SUMMARY_EMPTY;
    size_t kept = number + WITH_POINTS >= g->runs ? g->points : 1;
    struct assay_point *points = assay_alloc_array(kept, sizeof *points);
    double rate = 2 + 6 * uniform(g), floor = 0.1 + 0.4 * uniform(g);
    for (size_t i = 0; i < kept; i++) {
        size_t step = kept == 1 ? g->points - 1 : i;
        double way = (double)step / (double)g->points;
        points[i] = (struct assay_point){
            .step = (int64_t)step,
            .time_ms = epoch_ms + (int64_t)number * run_ms + (int64_t)step * 100,
            .value = (float)(floor + (metric % 2 ? 1 : 3) * exp(-rate * way) +
                             0.05 * (uniform(g) - 0.5)),
        };
        assay_summary_add(&summary, &points[i], ASSAY_LAST_WRITTEN);
    }
    for (size_t at = 0; kept > 1 && at < kept; at += ASSAY_CHUNK_POINTS) {
        size_t count = kept - at < ASSAY_CHUNK_POINTS ? kept - at : ASSAY_CHUNK_POINTS;
        struct assay_chunk *chunk = assay_chunk_pack(points + at, count);
        need(g, store_add_chunk(g->store, run, name, chunk, &g->err));
        assay_chunk_unref(chunk);
    }
    summary.n = g->points;
    free(points);
    return summary;
}

static void put_attrs(struct generator *g, int64_t run, size_t number)
{
    static const char *const models[] = {"fox", "eel", "owl", "bear", "seal", "toad", "wren"};
    struct assay_metric metrics[MOST_METRICS];
    struct assay_pair params[PARAMS], tags[3];
    char names[MOST_METRICS][48], keys[PARAMS][24], values[PARAMS][32];
    struct assay_buf packed = {0};
    for (size_t i = 0; i < g->metrics; i++) {
        metric_name(i, names[i]);
        metrics[i] = (struct assay_metric){.key = names[i],
                                           .summary = put_points(g, run, number, i, names[i])};
    }
    for (size_t i = 0; i < PARAMS; i++) {
        snprintf(keys[i], sizeof keys[i], i == 0 ? "lr" : i == 1 ? "model" : "option_%02zu", i);
        if (i == 0)
            snprintf(values[i], sizeof values[i], "%.3g", pow(10, -1 - 4 * uniform(g)));
        else if (i == 1)
            snprintf(values[i], sizeof values[i], "%s", models[number % ASSAY_COUNT(models)]);
        else
            snprintf(values[i], sizeof values[i], "%d",
                     (int)(uniform(g) * (double)(4 << i % 8)));
        params[i] = (struct assay_pair){keys[i], values[i]};
    }
    tags[0] = (struct assay_pair){"team", number % 3 ? "vision" : "language"};
    tags[1] = (struct assay_pair){"host", number % 2 ? "gpu-01" : "gpu-02"};
    tags[2] = (struct assay_pair){"git_commit", "8d1f0a6b2c"};
    attrs_pack(&(struct assay_attrs){.params = params,
                                     .param_count = PARAMS,
                                     .tags = tags,
                                     .tag_count = 3,
                                     .metrics = metrics,
                                     .metric_count = g->metrics},
               &packed);
    need(g, store_put_attrs(g->store, run, packed.data, packed.length, &g->err));
    assay_buf_free(&packed);
}

static void put_run(struct generator *g, size_t number)
{
    static const char *const animals[] = {"fox", "eel", "owl", "bear", "seal", "toad", "wren"};
    char id[33], name[48];
    if (number % EXPERIMENT_RUNS == 0) {
        snprintf(id, sizeof id, "%zu", 1 + number / EXPERIMENT_RUNS);
        snprintf(name, sizeof name, "sweep %03zu", 1 + number / EXPERIMENT_RUNS);
        struct store_experiment experiment = {
            .id = id, .name = name, .created_ms = epoch_ms, .updated_ms = epoch_ms};
        need(g, store_put_experiment(g->store, g->source, &experiment, &g->err));
        g->experiment = experiment.row;
    }
    uint64_t high = (uint64_t)(uniform(g) * 18446744073709549568.0);
    snprintf(id, sizeof id, "%016" PRIx64 "%016zx", high, number);
    snprintf(name, sizeof name, "%s-%s-%zu", number % 2 ? "calm" : "brisk",
             animals[number % ASSAY_COUNT(animals)], number);
    struct store_run run = {
        .experiment = g->experiment,
        .id = id,
        .name = name,
        .user = number % 4 ? "ann" : "bob",
        .artifact_uri = "",
        .status = number % 17 ? ASSAY_RUN_FINISHED : ASSAY_RUN_FAILED,
        .start_ms = epoch_ms + (int64_t)number * run_ms,
        .end_ms = epoch_ms + (int64_t)(number + 40) * run_ms,
    };
    need(g, store_put_run(g->store, g->source, &run, &g->err));
    put_attrs(g, run.row, number);
}

int main(int argc, char **argv)
{
    struct generator g = {.random = 0x9e3779b97f4a7c15u};
    if (argc == 5) {
        g.runs = strtoul(argv[2], NULL, 10);
        g.metrics = strtoul(argv[3], NULL, 10);
        g.points = strtoul(argv[4], NULL, 10);
    }
    if (g.runs == 0 || g.metrics > MOST_METRICS || g.points == 0) {
        fputs("usage: gen_store FILE RUNS METRICS POINTS\n", stderr);
        return 2;
    }
    need(&g, store_open(&g.store, argv[1], STORE_LOCAL, false, &g.err));
    need(&g, store_source(g.store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &g.source, &g.err));
    for (size_t i = 0; i < g.runs;) {
        need(&g, store_begin(g.store, &g.err));
        for (size_t end = i + 10000; i < g.runs && i < end; i++)
            put_run(&g, i);
        need(&g, store_commit(g.store, &g.err));
    }
    store_close(&g.store);
    return 0;
}

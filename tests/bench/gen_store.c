/*
 * Writes a local store for benchmarks: RUNS runs of METRICS metrics with POINTS points each, in
 * EXPERIMENTS experiments, with names, params and tags as people give them; the same content
 * every time. Usage: gen_store FILE RUNS METRICS POINTS [EXPERIMENTS]
 *
 * It goes through core/store and not through the public interface, which would make every call
 * durable: here everything is one transaction. 10000 50 100 makes 0.4 GB in about ten seconds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>

#include "model/attrs.h"
#include "store/store.h"

#define FIRST_MS     1700000000000 /* when the first run began */
#define METRICS_MAX  2000
#define POINTS_MAX   10000000
#define RUN_EVERY_MS 97000
#define STEP_MS      700

static const char *const metric_names[] = {
    "train/loss",     "val/loss", "train/accuracy", "val/accuracy",      "train/perplexity",
    "val/perplexity", "lr",       "grad_norm",      "tokens_per_second", "system/gpu_memory"};
static const char *const adjectives[] = {"able",   "bold",   "calm",      "dapper", "eager",
                                         "fancy",  "gentle", "honest",    "jolly",  "keen",
                                         "lively", "mellow", "intrigued", "proud",  "quiet"};
static const char *const animals[] = {"ant", "bear", "crane", "deer", "eel",
                                      "fox", "goat", "heron", "ibex", "jay"};
static const char *const models[] = {"vit-b16", "vit-l14", "resnet50", "convnext", "mlp-mixer"};
static const char *const optimizers[] = {"adamw", "sgd", "lion", "adafactor"};
static const char *const teams[] = {"vision", "ads", "search", "speech"};

#define PICK(writer, list) ((list)[next_random(writer) % ASSAY_COUNT(list)])

struct writer {
    struct store *store;
    int64_t source;
    uint64_t random;
    unsigned metrics;
    size_t points;
    struct assay_point *curve;
    struct assay_metric summary[METRICS_MAX];
    char names[METRICS_MAX][32];
};

static uint64_t next_random(struct writer *writer) /* xorshift64 (Marsaglia 2003) */
{
    writer->random ^= writer->random << 13;
    writer->random ^= writer->random >> 7;
    writer->random ^= writer->random << 17;
    return writer->random;
}

static double next_unit(struct writer *writer)
{
    return (double)(next_random(writer) >> 11) * 0x1p-53;
}

static void check(enum assay_status status, const struct assay_error *err)
{
    if (status == ASSAY_OK)
        return;
    fprintf(stderr, "gen_store: %s\n", err->what);
    exit(1);
}

static void name_metrics(struct writer *writer)
{
    for (unsigned i = 0; i < writer->metrics; i++) {
        if (i < ASSAY_COUNT(metric_names))
            snprintf(writer->names[i], sizeof writer->names[i], "%s", metric_names[i]);
        else
            snprintf(writer->names[i], sizeof writer->names[i], "layer_%02u/norm",
                     i - (unsigned)ASSAY_COUNT(metric_names));
        writer->summary[i].key = writer->names[i];
    }
}

/* A decay to a floor of its own with noise on it: no two runs end alike. */
static void make_curve(struct writer *writer, int64_t start_ms, double level)
{
    double value = level + 2 * next_unit(writer), floor = level + next_unit(writer);
    double keep = exp(-6.0 / (double)writer->points), noise = 0.02 + 0.1 * next_unit(writer);

    for (size_t i = 0; i < writer->points; i++) {
        value = floor + (value - floor) * keep;
        writer->curve[i] = (struct assay_point){
            .step = (int64_t)i * 10,
            .time_ms = start_ms + (int64_t)i * STEP_MS + (int64_t)(next_random(writer) & 31),
            .value = (float)(value + noise * (next_unit(writer) - 0.5)),
        };
    }
}

static void add_series(struct writer *writer, int64_t run, unsigned metric, int64_t start_ms)
{
    struct assay_error err = {0};
    struct assay_summary *summary = &writer->summary[metric].summary;

    *summary = ASSAY_SUMMARY_EMPTY;
    make_curve(writer, start_ms, metric % 7);
    for (size_t from = 0; from < writer->points; from += ASSAY_CHUNK_POINTS) {
        size_t count = writer->points - from;
        if (count > ASSAY_CHUNK_POINTS)
            count = ASSAY_CHUNK_POINTS;
        struct assay_chunk *chunk = assay_chunk_pack(writer->curve + from, count);
        assay_summary_merge(summary, assay_chunk_summary(chunk), ASSAY_LAST_WRITTEN);
        check(store_add_chunk(writer->store, run, writer->names[metric], chunk, &err), &err);
        assay_chunk_unref(chunk);
    }
}

static void add_attrs(struct writer *writer, int64_t run)
{
    char lr[32], batch[32], seed[32], dropout[32], commit[48];
    struct assay_error err = {0};
    struct assay_buf packed = {0};

    snprintf(lr, sizeof lr, "%.3g", pow(10, -5 + 3 * next_unit(writer)));
    snprintf(batch, sizeof batch, "%d", 1 << (4 + next_random(writer) % 6));
    snprintf(seed, sizeof seed, "%u", (unsigned)(next_random(writer) % 10));
    snprintf(dropout, sizeof dropout, "0.%u", (unsigned)(next_random(writer) % 5));
    snprintf(commit, sizeof commit, "%016llx%08x", (unsigned long long)next_random(writer),
             (unsigned)next_random(writer));
    struct assay_pair params[] = {
        {"batch_size", batch},
        {"dropout", dropout},
        {"lr", lr},
        {"model", PICK(writer, models)},
        {"seed", seed},
        {"optimizer", PICK(writer, optimizers)},
    };
    struct assay_pair tags[] = {{"git.commit", commit}, {"team", PICK(writer, teams)}};
    struct assay_attrs attrs = {
        .params = params,
        .param_count = ASSAY_COUNT(params),
        .tags = tags,
        .tag_count = ASSAY_COUNT(tags),
        .metrics = writer->summary,
        .metric_count = writer->metrics,
    };
    attrs_pack(&attrs, &packed);
    check(store_put_attrs(writer->store, run, packed.data, packed.length, &err), &err);
    assay_buf_free(&packed);
}

static void add_run(struct writer *writer, int64_t experiment, unsigned number)
{
    int64_t start_ms = FIRST_MS + (int64_t)number * RUN_EVERY_MS;
    uint64_t luck = next_random(writer) % 100;
    char id[33], name[64];
    struct assay_error err = {0};
    struct store_run run = {
        .experiment = experiment,
        .id = id,
        .name = name,
        .user = PICK(writer, teams),
        .artifact_uri = "",
        .status = luck < 4   ? ASSAY_RUN_FAILED
                  : luck < 6 ? ASSAY_RUN_KILLED
                             : ASSAY_RUN_FINISHED,
        .start_ms = start_ms,
        .end_ms = start_ms + (int64_t)writer->points * STEP_MS,
    };
    snprintf(id, sizeof id, "%016llx%016llx", (unsigned long long)next_random(writer),
             (unsigned long long)next_random(writer));
    snprintf(name, sizeof name, "%s-%s-%u", PICK(writer, adjectives), PICK(writer, animals),
             number);
    check(store_put_run(writer->store, writer->source, &run, &err), &err);
    for (unsigned metric = 0; writer->points > 0 && metric < writer->metrics; metric++)
        add_series(writer, run.row, metric, start_ms);
    /* Without points: what they would have come to. */
    for (unsigned metric = 0; writer->points == 0 && metric < writer->metrics; metric++) {
        double last = metric % 7 + next_unit(writer);
        writer->summary[metric].summary = (struct assay_summary){
            .last = last, .min = last, .max = last + 2, .step = 990, .n = 100};
    }
    add_attrs(writer, run.row);
}

static void write_store(struct writer *writer, unsigned runs, unsigned experiments)
{
    struct assay_error err = {0};
    int64_t rows[100];

    check(store_begin(writer->store, &err), &err);
    check(
        store_source(writer->store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &writer->source, &err),
        &err);
    for (unsigned i = 0; i < experiments; i++) {
        char id[16], name[32];
        snprintf(id, sizeof id, "%u", i + 1);
        snprintf(name, sizeof name, "sweep-%02u", i + 1);
        struct store_experiment experiment = {
            .id = id, .name = name, .created_ms = FIRST_MS, .updated_ms = FIRST_MS};
        check(store_put_experiment(writer->store, writer->source, &experiment, &err), &err);
        rows[i] = experiment.row;
    }
    for (unsigned i = 0; i < runs; i++)
        add_run(writer, rows[(uint64_t)i * experiments / runs], i);
    check(store_commit(writer->store, &err), &err);
}

int main(int argc, char **argv)
{
    static struct writer writer = {.random = 42};
    struct assay_error err = {0};

    if (argc < 5) {
        fprintf(stderr, "usage: gen_store FILE RUNS METRICS POINTS [EXPERIMENTS]\n");
        return 2;
    }
    unsigned runs = (unsigned)atoi(argv[2]);
    unsigned experiments = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
    writer.metrics = (unsigned)atoi(argv[3]);
    writer.points = strtoull(argv[4], NULL, 10);
    if (writer.metrics > METRICS_MAX || writer.points > POINTS_MAX || experiments < 1 ||
        experiments > 100) {
        fprintf(stderr, "gen_store: at most %d metrics, %d points, 100 experiments\n",
                METRICS_MAX, POINTS_MAX);
        return 2;
    }
    unlink(argv[1]);
    check(store_open(&writer.store, argv[1], STORE_LOCAL, false, &err), &err);
    writer.curve = assay_alloc_array(writer.points + 1, sizeof *writer.curve);
    name_metrics(&writer);
    write_store(&writer, runs, experiments);
    store_close(&writer.store);
    free(writer.curve);
    return 0;
}

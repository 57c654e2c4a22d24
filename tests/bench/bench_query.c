/*
 * Times what the filter prompt and the sort keys ask of 100,000 runs. Prints median and 99th
 * percentile per clause and per sort key.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/query.h>

#include "core/model/attrs.h"
#include "core/model/catalog_edit.h"

enum { RUNS = 100000, ROUNDS = 51 };

static uint64_t random_state = 42;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void add_runs(struct assay_catalog *catalog)
{
    static const char *const adjectives[] = {"able",  "bold",   "calm",   "dapper",    "eager",
                                             "fancy", "gentle", "honest", "intrigued", "jolly"};
    static const char *const animals[] = {"ant", "bear", "crane", "deer", "eel", "fox", "goat"};
    uint32_t source = catalog_add_source(catalog, "local", "home", "/nowhere"), experiments[20];
    for (int i = 0; i < 20; i++) {
        char id[16], name[32];
        snprintf(id, sizeof id, "%d", i);
        snprintf(name, sizeof name, "experiment-%d", i);
        experiments[i] = catalog_put_experiment(
            catalog, source, &(struct catalog_experiment){.id = id, .name = name});
    }
    for (int i = 0; i < RUNS; i++) {
        char id[40], name[64], lr[32];
        snprintf(id, sizeof id, "%016llx%016llx", (unsigned long long)next_random(),
                 (unsigned long long)next_random());
        snprintf(name, sizeof name, "%s-%s-%d", adjectives[next_random() % 10],
                 animals[next_random() % 7], (int)(next_random() % 1000));
        snprintf(lr, sizeof lr, "%g", (double)(next_random() % 1000) * 1e-5);
        struct assay_pair params[] = {{"lr", lr}, {"model", animals[next_random() % 7]}};
        struct assay_metric metric = {
            .key = "val_loss",
            .summary = {.last = (double)(next_random() >> 11) * 0x1p-53, .n = 100}};
        struct assay_attrs attrs = {
            .params = params, .param_count = 2, .metrics = &metric, .metric_count = 1};
        struct assay_buf packed = {0};
        attrs_pack(&attrs, &packed);
        catalog_put_run(catalog, source,
                        &(struct catalog_run){
                            .id = id,
                            .name = name,
                            .user = "ann",
                            .artifact_uri = "",
                            .experiment = experiments[next_random() % 20],
                            .status = (enum assay_run_status)(next_random() % 6),
                            .start_ms = 1700000000000 + (int64_t)(next_random() % 100000000),
                            .end_ms = ASSAY_NO_TIME,
                            .attrs = packed.data,
                            .attrs_length = packed.length},
                        true);
        assay_buf_free(&packed);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *what, double *ms, size_t rows)
{
    qsort(ms, ROUNDS, sizeof *ms, compare);
    printf("  %-48s median %7.3f ms  p99 %7.3f ms  %zu runs\n", what, ms[ROUNDS / 2],
           ms[ROUNDS * 99 / 100], rows);
}

static void all_rows(uint32_t *rows)
{
    for (uint32_t i = 0; i < RUNS; i++)
        rows[i] = i;
}

static void bench_filter(struct assay_catalog *catalog, const char *filter, uint32_t *rows)
{
    double ms[ROUNDS];
    size_t kept = 0;
    for (int i = -1; i < ROUNDS; i++) { /* the first makes the columns, and is not counted */
        struct assay_query *query = NULL;
        struct assay_error err = {0};
        all_rows(rows);
        int64_t start = assay_monotonic_us();
        if (assay_query_parse(&query, filter, 1700000100000, &err) != ASSAY_OK) {
            printf("%s: %s\n", filter, err.what);
            return;
        }
        kept = assay_query_select(query, catalog, rows, RUNS, NULL);
        ms[i < 0 ? 0 : i] = (double)(assay_monotonic_us() - start) / 1000;
        assay_query_free(&query);
    }
    report(filter, ms, kept);
}

static void bench_sort(struct assay_catalog *catalog, const char *key, uint32_t *rows)
{
    double ms[ROUNDS];
    struct assay_sort sort;
    if (assay_sort_parse(&sort, key, NULL) != ASSAY_OK)
        return;
    for (int i = 0; i < ROUNDS; i++) {
        all_rows(rows);
        int64_t start = assay_monotonic_us();
        assay_sort_apply(&sort, catalog, rows, RUNS, NULL);
        ms[i] = (double)(assay_monotonic_us() - start) / 1000;
    }
    report(key, ms, RUNS);
}

int main(void)
{
    static const char *const filters[] = {
        "metrics.val_loss < 0.3",
        "metrics.val_loss < 0.3 and metrics.val_loss > 0.1",
        "params.lr < 0.001",
        "params.model = 'fox'",
        "params.model like '%ea%'",
        "name ilike '%fox%'",
        "fox",
        "a1",
        "status = FINISHED and start > -1d",
        "params.model ~ '^(fox|eel)$'",
        "name ~ '-(fox|eel)-1'",
    };
    static const char *const keys[] = {"metrics.val_loss", "start:desc",   "name",  "id",
                                       "params.lr",        "params.model", "status"};
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    uint32_t *rows = assay_alloc_array(RUNS, sizeof *rows);
    add_runs(catalog);
    printf("filters over %d runs\n", RUNS);
    for (size_t i = 0; i < ASSAY_COUNT(filters); i++)
        bench_filter(catalog, filters[i], rows);
    printf("sorting %d runs\n", RUNS);
    for (size_t i = 0; i < ASSAY_COUNT(keys); i++)
        bench_sort(catalog, keys[i], rows);
    free(rows);
    catalog_free(&catalog);
    return 0;
}

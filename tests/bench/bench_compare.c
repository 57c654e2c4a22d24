/*
 * How long a comparison takes: filling and settling 500 runs of 2,000 keys, choosing rows again
 * after a change of stat, and a forest over 500 runs. Prints medians.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/compare.h>

#define RUNS   500
#define KEYS   2000 /* half params, half metrics */
#define ROUNDS 5

static struct assay_attrs make_attrs(struct assay_pair *params, struct assay_metric *metrics,
                                     struct assay_arena *arena, size_t run,
                                     struct assay_random *random)
{
    char text[64];
    for (size_t i = 0; i < KEYS / 2; i++) {
        bool odd = assay_random_below(random, 50) == 0;
        snprintf(text, sizeof text, "module%zu.param%zu", i / 50, i % 50);
        params[i].key = assay_arena_strdup(arena, text);
        snprintf(text, sizeof text, "value-%zu", odd ? run : i);
        params[i].value = assay_arena_strdup(arena, text);
        snprintf(text, sizeof text, "group%zu/metric%zu", i / 50, i % 50);
        metrics[i] = (struct assay_metric){
            .key = assay_arena_strdup(arena, text),
            .summary = {.last = assay_random_unit(random), .n = 100, .step = 990}};
    }
    return (struct assay_attrs){.params = params,
                                .param_count = KEYS / 2,
                                .metrics = metrics,
                                .metric_count = KEYS / 2};
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, int64_t *times)
{
    qsort(times, ROUNDS, sizeof *times, by_time);
    printf("%-44s %8.2f ms\n", what, (double)times[ROUNDS / 2] / 1000);
}

static struct assay_comparison *fill(const struct assay_attrs *attrs, int64_t *took)
{
    int64_t began = assay_monotonic_us();
    struct assay_comparison *c = assay_comparison_new();
    assay_comparison_expect(c, RUNS);
    for (size_t i = 0; i < RUNS; i++) {
        char id[16];
        snprintf(id, sizeof id, "run-%zu", i);
        const struct assay_compared_run run = {.id = id, .name = id, .source = "bench"};
        assay_comparison_add(c, &run, &attrs[i]);
    }
    *took = assay_monotonic_us() - began;
    return c;
}

int main(void)
{
    struct assay_arena arena = {0};
    struct assay_random random = {1};
    struct assay_attrs *attrs = assay_alloc_array(RUNS, sizeof *attrs);
    for (size_t i = 0; i < RUNS; i++)
        attrs[i] = make_attrs(assay_alloc_array(KEYS / 2, sizeof(struct assay_pair)),
                              assay_alloc_array(KEYS / 2, sizeof(struct assay_metric)), &arena,
                              i, &random);
    int64_t fills[ROUNDS], finishes[ROUNDS], stats[ROUNDS], explains[ROUNDS], groups[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        struct assay_comparison *c = fill(attrs, &fills[round]);
        int64_t began = assay_monotonic_us();
        assay_comparison_finish(c);
        finishes[round] = assay_monotonic_us() - began;
        began = assay_monotonic_us();
        assay_comparison_set_stat(c, ASSAY_STAT_BEST);
        stats[round] = assay_monotonic_us() - began;
        struct assay_grouping grouping;
        began = assay_monotonic_us();
        assay_comparison_propose(c, &grouping);
        groups[round] = assay_monotonic_us() - began;
        assay_grouping_free(&grouping);
        struct assay_explanation e;
        began = assay_monotonic_us();
        assay_comparison_explain(
            c, assay_comparison_find(c, ASSAY_ROW_METRIC, "group0/metric0"), 1, &e);
        explains[round] = assay_monotonic_us() - began;
        assay_explanation_free(&e);
        assay_comparison_free(&c);
    }
    printf("%d runs, %d keys\n", RUNS, KEYS);
    report("filling (in slices of 6 ms on the screen)", fills);
    report("settling and sorting", finishes);
    report("another stat", stats);
    report("proposing groups", groups);
    report("what mattered, 1000 params", explains);
    return 0;
}

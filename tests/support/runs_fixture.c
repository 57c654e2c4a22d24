/*
 * The store described in runs_fixture.h, for the tests in tests/screen/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <assay/local.h>
#include <assay/memory.h>

#include "support/runs_fixture.h"

#define HOUR_MS      3600000
#define TRAIN_POINTS 1000
#define VAL_EVERY    10

static void must(enum assay_status status, const struct assay_error *err)
{
    if (status != ASSAY_OK) {
        fail_msg("fixture: %s", err->what);
    }
}

static void log_points(struct assay_local *local, const char *run, int i, int64_t start)
{
    struct assay_error err = {0};
    struct assay_log_point *points = assay_alloc_array(TRAIN_POINTS * 2, sizeof *points);
    size_t count = 0;
    for (int step = 0; step < TRAIN_POINTS; step++) {
        double left = 1 - (double)step / TRAIN_POINTS;
        int64_t time = start + step * 1000;
        double spike = step == 500 ? 9 : 0;
        points[count++] = (struct assay_log_point){
            "train/loss", {step, time, spike > 0 ? spike : 0.1 + left}};
        if (step % VAL_EVERY != 0) {
            continue;
        }
        bool last = step == TRAIN_POINTS - VAL_EVERY;
        double loss = last ? 0.2 + 0.01 * i : 0.5 + left;
        points[count++] =
            (struct assay_log_point){"val/loss", {step, time, last && i == 5 ? NAN : loss}};
        points[count++] =
            (struct assay_log_point){"val/acc", {step, time, last ? 0.95 - 0.01 * i : 0.3}};
    }
    struct assay_log_batch batch = {.points = points, .point_count = count};
    must(assay_local_log(local, run, &batch, &err), &err);
    free(points);
}

static void add_run(struct assay_local *local, const char *experiment, const char *name, int i,
                    int64_t start, bool running)
{
    struct assay_error err = {0};
    char run[ASSAY_RUN_ID_SIZE], seed[16];
    snprintf(seed, sizeof seed, "%d", i);
    must(assay_local_start(local, experiment, name, start, run, &err), &err);
    const struct assay_pair params[] = {
        {"lr", i % 2 ? "0.001" : "0.0003"}, {"opt", "adamw"}, {"seed", seed}};
    const struct assay_pair tags[] = {{"team", "vision"}, {"note", "a\x1b[31mred\x07 tag"}};
    struct assay_log_batch batch = {
        .params = params, .param_count = 3, .tags = tags, .tag_count = 2};
    must(assay_local_log(local, run, &batch, &err), &err);
    log_points(local, run, i, start);
    if (!running) {
        enum assay_run_status how = i == 5 ? ASSAY_RUN_FAILED : ASSAY_RUN_FINISHED;
        must(assay_local_finish(local, run, how, start + HOUR_MS / 2, &err), &err);
    }
}

static struct assay_local *open_store(const char *path)
{
    struct assay_error err = {0};
    struct assay_local *local = NULL;
    must(assay_local_open(&local, path, &err), &err);
    return local;
}

void fixture_make(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[512];
    for (size_t i = 0; i < ASSAY_COUNT(endings); i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    struct assay_local *local = open_store(path);
    for (int i = 1; i <= 2; i++) {
        snprintf(name, sizeof name, "base-%d", i);
        add_run(local, "baseline", name, i, FIXTURE_NOW_MS - (int64_t)(100 + i) * HOUR_MS,
                false);
    }
    for (int i = FIXTURE_RUNS; i >= 1; i--) {
        snprintf(name, sizeof name, "run-%02d", i);
        add_run(local, "vit-sweep", name, i, FIXTURE_NOW_MS - (int64_t)i * HOUR_MS, i == 1);
    }
    assay_local_close(&local);
}

void fixture_add_run(const char *path, const char *name)
{
    struct assay_local *local = open_store(path);
    add_run(local, "vit-sweep", name, 20, FIXTURE_NOW_MS - 1000, true);
    assay_local_close(&local);
}

/*
 * A local store with runs whose every value is known, for tests of screens.
 */
#ifndef TESTS_RUNS_FIXTURE_H
#define TESTS_RUNS_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#define FIXTURE_NOW_MS INT64_C(1760000000000)
#define FIXTURE_NOW    "ASSAY_NOW_MS=1760000000000"
#define FIXTURE_RUNS   12

/*
 * Makes the store PATH anew. Experiment "vit-sweep": run-01 (the newest, running) to run-12,
 * an hour apart, each with val/loss (100 points to step 990, the last 0.20 + 0.01 i), val/acc
 * (100 points, 0.95 - 0.01 i) and train/loss (1000 points, a spike of 9 at step 500), params
 * lr, seed and opt, and a tag with an escape sequence; run-05 ends in NaN. Experiment
 * "baseline": base-1 and base-2, older.
 */
void fixture_make(const char *path);
/* One more run of vit-sweep, newer than all others. */
void fixture_add_run(const char *path, const char *name);

#endif

/*
 * What the real MLflow read back from a store (tests/source/data/make_mlflow.py), compared with
 * what a reader of ours reported.
 */
#ifndef TESTS_SUPPORT_MLFLOW_EXPECT_H
#define TESTS_SUPPORT_MLFLOW_EXPECT_H

#include <jansson.h>

#include "source/source.h"
#include "support/ingest_collect.h"

/* The double a JSON number or one of "NaN", "Infinity", "-Infinity" means. */
double mlflow_expect_number(const json_t *value);
/* Asserts that every experiment and run of EXPECTED was reported as it is there, and nothing
   else, and that OPS->read_series() gives each metric's points. */
void mlflow_expect_store(const json_t *expected, const struct ingest_collect *collect,
                         const struct source_ops *ops, void *self);
/* The run of EXPECTED whose name begins with NAME. */
const json_t *mlflow_expect_run(const json_t *expected, const char *name);

#endif

/*
 * A store of MLflow's files made by the test, and the reader's view of it.
 */
#ifndef TEST_MLFLOW_STORE_H
#define TEST_MLFLOW_STORE_H

#include <stddef.h>

#include "support/ingest_collect.h"

#define RUN  "0123456789abcdef0123456789abcdef"
#define RUN2 "fedcba9876543210fedcba9876543210"

struct mlflow_store {
    char root[256]; /* the folder mlruns/ lies in */
    char store[300];
    struct ingest_collect collect;
    void *self;
};

/* Writes BYTES to PATH, opened with MODE. */
void mlflow_store_write_bytes(const char *path, const void *bytes, size_t length,
                              const char *mode);
/* Writes STORE/PATH, making its folders, with a time in the past so that nothing is "young". */
void mlflow_store_put(struct mlflow_store *world, const char *path, const char *text);
/* Appends, with another time in the past. */
void mlflow_store_append(struct mlflow_store *world, const char *path, const char *text);
void mlflow_store_put_experiment(struct mlflow_store *world, const char *id);
void mlflow_store_put_run(struct mlflow_store *world, const char *experiment, const char *id,
                          int status);
/* A test's setup and end: *state is the store, with experiment 0 in it. */
int mlflow_store_open(void **state);
int mlflow_store_close(void **state);
void mlflow_store_scan(struct mlflow_store *world);
/* As if the program had ended and begun again: only the states are left. */
void mlflow_store_restart(struct mlflow_store *world);
/* What was collected of a run, and of its metric; it fails where that is not there. */
const struct collected_run *mlflow_store_run(struct mlflow_store *world, const char *id);
const struct assay_summary *mlflow_store_summary(struct mlflow_store *world, const char *id,
                                                 const char *metric);

#endif

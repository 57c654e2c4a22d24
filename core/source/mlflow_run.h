/*
 * Reading one run of an MLflow file store, whole or only what is new of it.
 */
#ifndef CORE_SOURCE_MLFLOW_RUN_H
#define CORE_SOURCE_MLFLOW_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

/* What a scan remembers of a run in memory; the first four also lie in the ingest's state. */
struct mlflow_run_memory {
    uint64_t all;     /* over the stamps of every file; 0: not read, or to be read again */
    uint64_t folders; /* over meta.yaml and the folders alone: cheap to look at */
    bool ended;       /* its status is final: files of it seldom change now */
    bool known;       /* it was reported from a sound meta.yaml */
    bool loaded;      /* the state was looked up */
    bool told;        /* its problems were reported */
    bool young;       /* its meta.yaml, which may be half written, is left to a later scan */
    uint64_t faulty;  /* `all` at which those of meta.yaml were reported */
};

struct mlflow_run_place {
    struct ingest *in;
    int root;         /* the store's directory, open */
    const char *path; /* of the run's directory, below the store's */
    const char *full; /* the same from the root of all, for messages */
    const char *experiment_id;
    const char *run_id;
};

enum mlflow_run_result {
    MLFLOW_RUN_SAME, /* nothing changed */
    MLFLOW_RUN_REPORTED,
    MLFLOW_RUN_SKIPPED, /* cannot be read, or not yet */
};
/* Looks at the run and reports it where it changed. SHALLOW: an ended run whose folders are as
   they were is taken to be unchanged. */
enum mlflow_run_result mlflow_run_scan(const struct mlflow_run_place *place,
                                       struct mlflow_run_memory *memory, bool shallow);
/* Forgets the state of a run that is gone. */
void mlflow_run_forget(struct ingest *in, const char *run_id);

#endif

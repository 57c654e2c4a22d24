/*
 * MLflow's metric files: one point a line, `timestamp value [step [dataset digest]]`.
 */
#ifndef CORE_SOURCE_MLFLOW_METRIC_H
#define CORE_SOURCE_MLFLOW_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>
#include <assay/series.h>

/* Lines that are no points: how many, and where the first one starts. */
struct mlflow_metric_faults {
    uint64_t count;
    uint64_t offset;
};

/* Reads complete lines of BYTES, which lie at OFFSET of their file, until they or the room for
   points are used up. Returns the bytes used; sets *count. */
size_t mlflow_metric_parse(const char *bytes, size_t length, uint64_t offset,
                           struct assay_point *points, size_t capacity, size_t *count,
                           struct mlflow_metric_faults *faults);

/* Takes points in the order written; false stops the reading. */
typedef bool (*mlflow_metric_fn)(void *context, const struct assay_point *points, size_t count);

/* Reads the file FD from *offset to its last complete line; *offset is left behind that.
   ASSAY_IO leaves the reason in errno, ASSAY_CANCELLED means that FN returned false. */
enum assay_status mlflow_metric_read(int fd, uint64_t *offset, mlflow_metric_fn fn,
                                     void *context, struct mlflow_metric_faults *faults);

#endif

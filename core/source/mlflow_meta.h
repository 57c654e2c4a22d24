/*
 * One run of an MLflow file store on disk: the files it consists of, what its meta.yaml says,
 * its params, tags, inputs and outputs. Shared by mlflow_files.c (the store) and mlflow_run.c
 * (a run).
 */
#ifndef CORE_SOURCE_MLFLOW_META_H
#define CORE_SOURCE_MLFLOW_META_H

#include <sys/stat.h>

#include <assay/buf.h>
#include <assay/catalog.h>
#include <assay/memory.h>

#include "source/source.h"
#include "source/yaml.h"

/* The stage of a version that was deleted: MLflow keeps it, and shows it nowhere. */
#define MLFLOW_DELETED_VERSION "Deleted_Internal"

/* What a stat tells of a file: enough to see that it changed. */
struct mlflow_stamp {
    uint64_t dev, ino, size, mtime_ns;
};
struct mlflow_stamp mlflow_stamp_of(const struct stat *st);
/* A number that differs when the stamp or the name does; 0 for a file that is not there. Sums
   of them do not depend on the order files are met in. */
uint64_t mlflow_stamp_hash(const char *name, const struct mlflow_stamp *stamp);

struct mlflow_file {
    const char *key; /* path below the folder walked, '/' between parts: the metric's name */
    struct mlflow_stamp stamp;
};
struct mlflow_files {
    struct mlflow_file *items;
    size_t count, capacity;
};

/* Where a run's reading reports to, and what it needs on the way. */
struct mlflow_place {
    struct ingest *in;
    const char *path; /* of the run's directory (or the experiment's), for messages */
    int fd;           /* that directory, open */
    struct assay_arena *arena;
    bool quiet;       /* its problems were told before */
    size_t *problems; /* counts them all the same */
};
/* Reports a problem with PATH, unless the place is quiet. */
void mlflow_tell(const struct mlflow_place *place, const char *path, uint64_t offset,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Every regular file below FOLDER, however deep. Symbolic links are not followed: a folder of
   keys holds none, and they can lead in circles. A missing FOLDER is an empty one. */
void mlflow_walk(const struct mlflow_place *place, const char *folder,
                 struct mlflow_files *out);

/* The file's whole content up to LIMIT bytes, NUL-terminated in the arena; *cut where there is
   more. NULL (with errno) where it cannot be read. */
char *mlflow_slurp(const struct mlflow_place *place, const char *path, size_t limit,
                   size_t *length, bool *cut);

/* Reads and parses PATH. ASSAY_NO: it is not there or empty, which is what a file looks like
   while MLflow rewrites it. ASSAY_CORRUPT: a problem, told if COMPLAIN. */
enum assay_status mlflow_read_meta(const struct mlflow_place *place, const char *path,
                                   bool complain, struct yaml_map *out);

#define MLFLOW_SETTLE_NS UINT64_C(10000000000)
/* Whether a meta.yaml of this time is empty or broken for good: it is "being written" for ten
   seconds, and then a problem. */
bool mlflow_is_settled(uint64_t mtime_ns);

/* FOLDER's files as key and value (params, tags). False where one could not be read. */
bool mlflow_read_pairs(const struct mlflow_place *place, const char *folder,
                       const struct mlflow_files *files, struct assay_pair **pairs,
                       size_t *count);

/* The datasets and models the run used and the models it made. False where one was incomplete.
 */
bool mlflow_read_inputs(const struct mlflow_place *place, struct assay_attrs *attrs);
bool mlflow_read_outputs(const struct mlflow_place *place, struct assay_attrs *attrs);

/* RUN's own fields from meta.yaml and, for name and user, from tags. Text lies in the arena. */
void mlflow_run_fields(const struct yaml_map *meta, const struct assay_pair *tags,
                       size_t tag_count, struct ingest_run *run);
enum assay_run_status mlflow_status(const char *text); /* a number or a name */

#endif

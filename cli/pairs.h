/*
 * "NAME=VALUE" arguments and JSON lines, gathered into a batch for the local store. Used by
 * `assay log` and `assay track`.
 */
#ifndef CLI_PAIRS_H
#define CLI_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include <assay/local.h>
#include <assay/memory.h>

#include "cli.h"

struct cli_file {     /* an artifact */
    const char *path; /* NULL: by the file's own name */
    const char *file; /* or a folder, until cli_batch_folders() */
};
struct cli_batch {
    struct assay_arena arena; /* holds all text */
    struct assay_log_point *points;
    size_t point_count, point_capacity;
    struct assay_pair *params;
    size_t param_count, param_capacity;
    struct assay_pair *tags;
    size_t tag_count, tag_capacity;
    struct cli_file *files;
    size_t file_count, file_capacity;
};

/* Takes every -p and -t given (and every -m, as points at STEP and TIME_MS, and -a). */
enum assay_status cli_batch_arguments(struct cli_batch *batch, const struct cli *cli,
                                      int64_t step, int64_t time_ms, struct assay_error *err);
/* Takes one JSON line, all of it or nothing; LINE is its number, for errors. */
enum assay_status cli_batch_json(struct cli_batch *batch, const char *text, size_t length,
                                 size_t line, int64_t now_ms, struct assay_error *err);
/* Takes back what was taken since BATCH was as BEFORE, a plain copy of it: a line whose files
   turn out not to be there. */
void cli_batch_back(struct cli_batch *batch, const struct cli_batch *before);
/* One more artifact; PATH may be NULL, and both are copied. */
void cli_batch_file(struct cli_batch *batch, const char *path, const char *file);
/* Each folder among the artifacts becomes the files in it, below its path or its own name, by
   name; links are followed to files only. At most 10,000 a folder, and at least one
   (log_folders.c). */
enum assay_status cli_batch_folders(struct cli_batch *batch, struct assay_error *err);
/* All of it but the files. */
struct assay_log_batch cli_batch_view(const struct cli_batch *batch);
void cli_batch_reset(struct cli_batch *batch); /* empty, to be filled again */
void cli_batch_free(struct cli_batch *batch);

#endif

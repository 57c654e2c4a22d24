/*
 * Writing to the local store: experiments and runs logged with Assay itself. Every call is one
 * transaction, durable when it returns ASSAY_OK (WAL, synchronous=FULL). A handle belongs to
 * one thread; several processes may write to one store.
 */
#ifndef ASSAY_LOCAL_H
#define ASSAY_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/series.h>

struct assay_local; /* opaque */

/* PATH NULL: $ASSAY_STORE, else $XDG_DATA_HOME/assay/store.db. Creates it (directories 0700).
 */
enum assay_status assay_local_open(struct assay_local **out, const char *path,
                                   struct assay_error *err);
void assay_local_close(struct assay_local **local);

#define ASSAY_RUN_ID_SIZE 33 /* 32 hex digits and a NUL */

/* Starts a run (status RUNNING) in EXPERIMENT, which is made if new. NAME NULL: one is invented
   ("calm-elk-03" fashion). START_MS ASSAY_NO_TIME: now. The id goes to OUT. */
enum assay_status assay_local_start(struct assay_local *local, const char *experiment,
                                    const char *name, int64_t start_ms,
                                    char out[ASSAY_RUN_ID_SIZE], struct assay_error *err);
enum assay_status assay_local_finish(struct assay_local *local, const char *run,
                                     enum assay_run_status status, int64_t end_ms,
                                     struct assay_error *err);

struct assay_log_point {
    const char *metric;
    struct assay_point point;
};
struct assay_log_batch { /* any part may be empty */
    const struct assay_log_point *points;
    size_t point_count;
    const struct assay_pair *params; /* a param set before with another value is an error */
    size_t param_count;
    const struct assay_pair *tags; /* replaced */
    size_t tag_count;
};
/* All of the batch or nothing. */
enum assay_status assay_local_log(struct assay_local *local, const char *run,
                                  const struct assay_log_batch *batch, struct assay_error *err);

/* Copies the regular file FILE (one that a link leads to, too) to PATH among the artifacts of
   RUN, in the place of what is there of that name; PATH NULL: FILE's own name. PATH is names
   with / between them, UTF-8, without "..". The copy is whole and on the disk when it returns
   ASSAY_OK, and whoever looks meanwhile sees what was there before. They lie in the folder
   PATH-OF-THE-STORE.artifacts/RUN (0700, files 0600). ASSAY_BAD_INPUT also where the run was
   imported: its artifacts are where its source has them. */
enum assay_status assay_local_artifact(struct assay_local *local, const char *run,
                                       const char *path, const char *file,
                                       struct assay_error *err);
/* The folder they lie in, of the store in the file STORE (NULL: where it lies by default);
   malloc'd, NULL where there is no such file. */
char *assay_local_artifacts_path(const char *store);
/* The first part of that: whether PATH is one, and FILE a file that can be read. */
enum assay_status assay_local_check_artifact(const char *path, const char *file,
                                             struct assay_error *err);

/* ---- importing: whole runs of another source ---- */

struct assay_import; /* opaque: one run on its way into the store */

struct assay_import_run {
    const char *kind, *where; /* of the source it comes from, as the catalog has them */
    const char *experiment;   /* name */
    const struct assay_run *run;
    const struct assay_attrs *attrs; /* copied */
};
enum assay_import_state {
    ASSAY_IMPORT_NEW,
    ASSAY_IMPORT_CHANGED, /* imported before, and more or other since, or only half */
    ASSAY_IMPORT_SAME,    /* imported before, and as it was: nothing is left to do */
    ASSAY_IMPORT_TAKEN,   /* the store has another run of that id, of its own: left alone */
};
/* Takes up a run: its id, where that is 32 hex digits, else one made from KIND, WHERE and its
   id there, so that the same run comes to the same place again. Writes nothing yet. */
enum assay_status assay_import_begin(struct assay_import **out, struct assay_local *local,
                                     const struct assay_import_run *from,
                                     enum assay_import_state *state, struct assay_error *err);
/* The id it has in the local store; its metrics, in order (NULL after the last). */
const char *assay_import_id(const struct assay_import *import);
const char *assay_import_metric(const struct assay_import *import, size_t i);
/* Every point of one of its metrics. Stored now, or with what comes later: transactions end
   about every million points, and nothing is locked between two. */
enum assay_status assay_import_points(struct assay_import *import, size_t metric,
                                      const struct assay_series *series,
                                      struct assay_error *err);
/* Stores the rest and notes that the run is whole. A run that does not get here is shown with
   what was stored of it and imported anew next time. Tags that were added here stay. */
enum assay_status assay_import_end(struct assay_import *import, struct assay_error *err);
void assay_import_free(struct assay_import **import);

/* ---- looking after the databases ---- */

enum assay_database { ASSAY_DATABASE_STORE, ASSAY_DATABASE_CACHE };

struct assay_database_check {
    uint64_t runs, series, points; /* that were looked at */
    uint64_t faults;
    uint64_t bytes, unused; /* of the file: what holds something, what is free within it */
};
/* Reads all of a database, without changing it and while others may write: SQLite's own check,
   then ours (every row belongs to something, every chunk of points decodes, the counts agree
   with the runs' summaries). PATH NULL: where it lies by default. FAULT hears of each fault, at
   most 20 of them; the text is clean. ASSAY_OK: sound; ASSAY_CORRUPT: it is not; ASSAY_IO: it
   could not be read; ASSAY_NO: there is none, or nothing has been written to it yet. */
enum assay_status assay_database_check(enum assay_database which, const char *path,
                                       struct assay_database_check *out,
                                       void (*fault)(void *context, const char *text),
                                       void *context, struct assay_error *err);

/* Writes a copy of the local store (PATH NULL: where it lies by default) to TO, which must not
   exist yet, and checks the copy. The copy is of one moment, whoever writes meanwhile. */
enum assay_status assay_local_backup(const char *path, const char *to,
                                     struct assay_database_check *out, struct assay_error *err);

#endif

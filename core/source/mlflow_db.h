/*
 * What the parts of the reader of MLflow's SQLite stores share: mlflow_db.c (the source and its
 * scan), mlflow_db_look.c (which files they are), mlflow_db_damage.c (what of a damaged one can
 * be read), mlflow_db_fold.c (summaries of the metrics table), mlflow_db_report.c (runs as they
 * are reported), mlflow_db_run.c (one series, artifacts).
 */
#ifndef CORE_SOURCE_MLFLOW_DB_H
#define CORE_SOURCE_MLFLOW_DB_H

#include <assay/buf.h>
#include <assay/catalog.h>
#include <assay/map.h>
#include <assay/memory.h>

#include "source/source.h"
#include "store/sql.h"

/* Rows one statement reads: the lock that a training job waits for is held for some
   milliseconds at a time. */
#define DB_BATCH    10000
#define DB_POSITION "position" /* the key of a scan's end in the state */
#define DB_SLICE    256u       /* runs reported together */
/* How often something is read again because a program began to write meanwhile. */
#define DB_ATTEMPTS 5

/* What this file's version of the schema has. */
struct db_schema {
    bool is_nan, step, latest, inputs, input_tags, logged_models, output_step;
    bool run_lifecycle, experiment_lifecycle, experiment_times;
};

struct db_run {
    const char *id;     /* in by_run */
    uint64_t row, tags; /* hashes of what was reported; 0: never */
    int64_t start_ms;
    int64_t
        folded_to;  /* the rowid its summaries in the state reach, put by this program; or -1 */
    uint32_t seen;  /* the scan that met it last */
    uint32_t slot;  /* its place in the fold, or ASSAY_NONE */
    uint32_t slice; /* its place in the slice being reported, or ASSAY_NONE */
    bool dirty;     /* to be reported */
    bool loaded;    /* the hashes were looked up in the state */
    bool gone;
};

/* How far the tables were read; kept in the state, written last. */
struct db_position {
    uint64_t version;
    uint64_t schema; /* over the schema's and Alembic's version */
    uint64_t epoch;  /* summaries of another one do not count */
    uint64_t stamp;  /* of the files when all was read; 0 unless they lay still */
    int64_t metrics, params, inputs;  /* rowids */
    uint64_t metrics_row, params_row; /* over the rows there: rowids are used again */
};

/* What lies under the position's key while a scan is reporting: where it began, from which the
   next one goes on if this one is cut off, and where it leads. */
struct db_claim {
    struct db_position from, to;
    uint64_t turn; /* no two are alike while what is reported is not the whole of a run; or 0 */
};

struct mlflow_db {
    char *path;
    struct sql *sql; /* open during a scan */
    struct db_schema schema;
    struct db_run *runs;
    size_t run_count, run_capacity;
    struct assay_map by_run;
    struct assay_map experiments; /* id to a hash of its row */
    struct db_position at;
    bool ids_loaded;
    uint32_t scan;
};

/* One metric of one run, folded from the rows read so far. */
struct fold_metric {
    const char *key;
    struct assay_summary summary;
    uint32_t next; /* of the same run, or ASSAY_NONE */
};
struct fold_run {
    uint32_t run;
    uint32_t first; /* fold_metric, or ASSAY_NONE */
    uint32_t count;
    int64_t folded_to; /* rows up to here are in */
    bool touched;      /* by rows of this scan */
};
struct db_fold {
    struct fold_metric *metrics;
    size_t metric_count, metric_capacity;
    struct fold_run *runs;
    size_t run_count, run_capacity;
    struct assay_map by_key; /* run index and key to metric */
};

struct db_scan {
    struct mlflow_db *db;
    struct ingest *in;
    struct assay_error *err;
    struct db_fold fold;
    struct db_position to; /* where this scan ends */
    enum { DB_CLAIMED_NOTHING, DB_CLAIMED_PART, DB_CLAIMED_WHOLE } claimed;
    size_t reported, to_report;
    /* The database is damaged: whatever can be read is read anew, what cannot is told, and how
       far it went is not kept. */
    bool salvage;
    bool cut_off;  /* that was told */
    uint32_t told; /* 1 << enum db_part */
    uint64_t rows_done, rows_total;
};

uint64_t db_hash(uint64_t hash, const void *bytes, size_t length);
/* Over columns FROM..TO-1 of the row STATEMENT is at. */
uint64_t db_row_hash(struct sql_statement *statement, int from, int to);
/* A number that nobody else has drawn, in any process; not 0. */
uint64_t db_unique(void);
void db_progress(struct db_scan *scan);
/* mlflow_db_report.c. Before anything is reported: what comes is WHOLE, each run as it is where
   this scan ends, or only a first part of that. */
void db_claim(struct db_scan *scan, bool whole);

/* ---- mlflow_db_look.c: any thread ---- */

enum db_look {
    DB_LOOK_OTHER,   /* no database, or another program's */
    DB_LOOK_STORE,   /* an MLflow database */
    DB_LOOK_TROUBLE, /* one that could be: damaged, or locked all the time; see err */
};
enum db_look db_look_at(const char *path, struct assay_error *err);
/* The file itself, whatever its name; in a folder, whatever ends as databases do. */
void db_detect(const char *path, struct source_found *found);

/* ---- mlflow_db_damage.c ---- */

enum db_part {
    DB_PART_EXPERIMENTS,
    DB_PART_RUNS,
    DB_PART_METRICS,
    DB_PART_PARAMS,
    DB_PART_TAGS,
    DB_PART_LINKS,
};
/* Of a database whose end is missing that is told, once, and the rest is salvaged. */
void db_tell_cut_off(struct db_scan *scan);
/* Whether STATUS is damage to PART that the scan leaves behind; it is told, once. */
bool db_leaves(struct db_scan *scan, enum db_part part, enum assay_status status);
/* Where to go on in TABLE, whose rows cannot be read right behind the rowid FROM; INT64_MAX
   where nothing can be read any more. */
int64_t db_behind_damage(struct sql *sql, const char *table, int64_t from);

/* ---- mlflow_db_fold.c ---- */

/* Folds the rows of the metrics table from where the last scan ended to scan->to; reports runs
   on the way where there are too many to hold. */
enum assay_status db_fold_rows(struct db_scan *scan);
/* The run's summaries, from this scan or the state, caught up. */
enum assay_status db_fold_run(struct db_scan *scan, uint32_t run, struct fold_run **out);
/* The summary of one of its metrics, made where there is none. */
struct assay_summary *db_fold_summary(struct db_fold *fold, struct fold_run *run,
                                      const char *key, size_t length);
/* Keeps the run's summaries in the state where rows of this scan changed them. */
void db_fold_put(struct db_scan *scan, struct fold_run *fold_run);
void db_fold_reset(struct db_scan *scan);

/* ---- mlflow_db_report.c ---- */

#define DB_RUN_COLUMNS 9 /* of db_run_columns(), after rowid and run_uuid */
/* "SELECT rowid, run_uuid, … FROM runs", as this schema has it. */
void db_run_query(const struct mlflow_db *db, struct assay_buf *out);
/* Reports the runs of LIST (sorted by recency here). QUICK: without summaries, and they stay
   dirty. */
enum assay_status db_report(struct db_scan *scan, uint32_t *list, size_t count, bool quick);

/* ---- mlflow_db_run.c: any thread ---- */

enum assay_status mlflow_db_series(const char *path, const char *run_id, const char *metric,
                                   struct assay_series *out, struct assay_error *err);
enum assay_status mlflow_db_artifacts(const char *path, const char *experiment_id,
                                      const char *run_id, const char *artifact_uri,
                                      struct artifact_list *list, char **directory,
                                      struct assay_error *err);

/* ---- mlflow_db_registry.c: any thread ---- */

enum assay_status mlflow_db_registry(const char *path, struct assay_registry **out,
                                     struct assay_error *err);

#endif

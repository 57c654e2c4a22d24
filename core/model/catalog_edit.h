/*
 * How the session fills the catalog. Everything here runs on the thread that owns the catalog.
 */
#ifndef CORE_MODEL_CATALOG_EDIT_H
#define CORE_MODEL_CATALOG_EDIT_H

#include <assay/catalog.h>

struct catalog_hooks {
    void *context;
    /* The packed attributes of a run that are not in memory: malloc'd, or false. */
    bool (*fetch)(void *context, uint32_t run, void **bytes, size_t *length);
    /* The same, where they are looked at once: calls USE with them as they lie. May be NULL. */
    bool (*look)(void *context, uint32_t run,
                 void (*use)(void *with, const void *bytes, size_t length), void *with);
    /* A column was asked for and some runs' attributes are not in memory: give them through
       catalog_column_value() now or later, then call catalog_column_ready(). May be NULL: then
       fetch() is called run by run. */
    void (*load_column)(void *context, struct assay_column *column);
    /* Asked before all runs are gone through: a column that is known to be of hardly any run is
       filled, from those it may be of, and true. May be NULL. */
    bool (*fill_rare)(void *context, struct assay_column *column);
    /* Puts the runs that catalog_expect() told of, in their order, by catalog_put_run(). */
    void (*put_expected)(void *context);
};

struct assay_catalog *catalog_new(const struct catalog_hooks *hooks);
void catalog_free(struct assay_catalog **catalog);

/* NAME is made unique by the caller. All text is copied. */
uint32_t catalog_add_source(struct assay_catalog *catalog, const char *kind, const char *name,
                            const char *where);
/* To change state, error, progress and counts; then call catalog_touch(). */
struct assay_source *catalog_source(struct assay_catalog *catalog, uint32_t source);
void catalog_touch(struct assay_catalog *catalog);

struct catalog_experiment {
    const char *id, *name;
    bool deleted, gone;
    int64_t created_ms, updated_ms;
};
/* Adds or replaces by (source, id). */
uint32_t catalog_put_experiment(struct assay_catalog *catalog, uint32_t source,
                                const struct catalog_experiment *experiment);
uint32_t catalog_find_experiment_id(const struct assay_catalog *catalog, uint32_t source,
                                    const char *id); /* ASSAY_NONE where there is none */

struct catalog_run {
    const char *id, *name, *user, *artifact_uri;
    size_t texts_length; /* where those four lie one after the other, each with its NUL: in so
                            many bytes, and are copied at once; else 0 */
    uint32_t experiment;
    enum assay_run_status status;
    bool deleted, gone;
    int64_t start_ms, end_ms;
    int64_t row;       /* in the source's database; 0 where it is in none yet */
    const void *attrs; /* packed; NULL: to be fetched by row */
    size_t attrs_length;
};
/* Adds or replaces by (source, id). FRESH: the caller knows that the id is new (first load). */
uint32_t catalog_put_run(struct assay_catalog *catalog, uint32_t source,
                         const struct catalog_run *run, bool fresh);

/* ---- runs that are read later (catalog_unread.c) ---- */

/* What they come to in one experiment; times ASSAY_NO_TIME where there is none. */
struct catalog_tally {
    uint32_t experiment;
    size_t runs, deleted, running; /* as struct assay_experiment has them */
    int64_t last_ms, newest_ms;    /* the latest start or end of `runs`; the latest start */
};
/* The first COUNT runs of the catalog, which has none yet, are of SOURCE and in a database:
   they count as being there, as TALLIES say, and are put (hooks.put_expected) as soon as one of
   them is asked for, or all. Until then nothing shows the difference. */
void catalog_expect(struct assay_catalog *catalog, uint32_t source, size_t count,
                    const struct catalog_tally *tallies, size_t tally_count);

uint32_t catalog_find_run_id(struct assay_catalog *catalog, uint32_t source, const char *id);
int64_t catalog_run_row(const struct assay_catalog *catalog, uint32_t run);
/* The run is in the database now under ROW: its packed attributes may leave memory if they are
   still those of VERSION. */
void catalog_run_written(struct assay_catalog *catalog, uint32_t run, int64_t row,
                         uint64_t version);

bool catalog_attrs_in_memory(const struct assay_catalog *catalog, uint32_t run);
/* Has it the attributes unpacked, as they are now? */
bool catalog_attrs_kept(const struct assay_catalog *catalog, uint32_t run);
/* Sets COLUMN's value of RUN from packed attributes. */
void catalog_column_value(struct assay_catalog *catalog, struct assay_column *column,
                          uint32_t run, const void *attrs, size_t length);
/* The same from a value found elsewhere: a number (metric) or a text (param, tag). */
void catalog_column_put(struct assay_catalog *catalog, struct assay_column *column,
                        uint32_t run, double number, const char *text);
void catalog_column_ready(struct assay_catalog *catalog, struct assay_column *column);
/* A column (of metrics: the last values) made on another thread, as struct assay_column has it;
   arrays malloc'd, COUNT long, texts in `text`. */
struct catalog_values {
    enum assay_field_kind kind;
    const char *key;
    size_t count;
    uint8_t *present;
    double *numbers;
    const char **texts;
    struct assay_arena text;
};
/* Takes VALUES as the column of that key, but for the STALE runs, which are looked at anew, and
   leaves it empty. A column that was ready before stays as it is. True where somebody had asked
   for it and waits. */
bool catalog_column_take(struct assay_catalog *catalog, struct catalog_values *values,
                         const uint32_t *stale, size_t stale_count);
void catalog_values_free(struct catalog_values *values);
/* Sets COLUMN's value of each STALE run that has attributes, in memory or in a database. */
void catalog_column_refresh(struct assay_catalog *catalog, struct assay_column *column,
                            const uint32_t *stale, size_t stale_count);
/* What STAT of a metric is, with BEST by the metric's direction (last where it has none). */
double catalog_stat(const char *metric, const struct assay_summary *summary,
                    enum assay_stat stat);

#endif

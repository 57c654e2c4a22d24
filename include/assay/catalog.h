/*
 * The catalog: every source, experiment and run a session knows, in memory, by index. Indices
 * are stable for the life of the session (nothing is ever removed; a run that vanished is
 * `gone`). Owned by the session's thread (the UI thread); nothing here may be called from
 * another one. All text is as it came from outside: clean it (assay_text_clean) before showing
 * it.
 */
#ifndef ASSAY_CATALOG_H
#define ASSAY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/clock.h>
#include <assay/error.h>
#include <assay/memory.h>
#include <assay/series.h>

struct assay_catalog; /* opaque */

#define ASSAY_NONE UINT32_MAX

/* Bytes readers keep of one param or tag: a longer value is cut, at the end of a character. */
#define ASSAY_VALUE_MAX (1u << 20)

enum assay_run_status {
    ASSAY_RUN_UNKNOWN,
    ASSAY_RUN_RUNNING,
    ASSAY_RUN_SCHEDULED,
    ASSAY_RUN_FINISHED,
    ASSAY_RUN_FAILED,
    ASSAY_RUN_KILLED,
};
const char *assay_run_status_name(enum assay_run_status status); /* "RUNNING", … */
enum assay_run_status assay_run_status_parse(const char *name);  /* any case; else UNKNOWN */

enum assay_source_state {
    ASSAY_SOURCE_WAITING, /* nothing is known yet */
    ASSAY_SOURCE_CACHED,  /* what is shown comes from the cache; the source is not looked at yet
                           */
    ASSAY_SOURCE_READING,
    ASSAY_SOURCE_READY,
    ASSAY_SOURCE_FAILED,  /* see `error`; what was known before is still there */
    ASSAY_SOURCE_OFFLINE, /* a server that cannot be reached: what is shown is as of read_ms */
};

struct assay_source {
    const char *kind;  /* "mlflow-files", "mlflow-db", "tensorboard", "local", … */
    const char *name;  /* short and unique in the session: the last parts of its place */
    const char *where; /* path or URL, without credentials */
    enum assay_source_state state;
    struct assay_error error;
    uint64_t done, total; /* bytes (or items) of the reading under way; total 0: not known */
    size_t problems;      /* things in it that could not be read */
    int64_t read_ms;      /* when it was last read to the end; ASSAY_NO_TIME never */
    uint32_t asked; /* its place's position among those asked for, from 1: the order to show
                       sources in, which are found in any; 0 the local store */
};

struct assay_experiment {
    const char *id;
    const char *name;
    uint32_t source;
    bool deleted;
    bool gone;          /* no longer there, in no list; it is `deleted` then, too */
    int64_t created_ms; /* or ASSAY_NO_TIME */
    int64_t last_ms;    /* latest activity: start or end of a run, or its own update */
    size_t runs;        /* active ones */
    size_t deleted_runs;
    size_t running; /* of the active ones */
};

struct assay_run {
    const char *id;
    const char *name; /* "" where it has none */
    const char *user; /* "" where unknown */
    const char *artifact_uri;
    uint32_t source;
    uint32_t experiment;
    enum assay_run_status status;
    bool deleted;             /* lifecycle "deleted" */
    bool gone;                /* no longer there */
    int64_t start_ms, end_ms; /* or ASSAY_NO_TIME */
    uint64_t version;         /* grows when anything of the run changes */
};

struct assay_pair {
    const char *key;
    const char *value;
};
struct assay_metric {
    const char *key;
    struct assay_summary summary;
    bool single; /* its values are floats by nature: show about 7 digits */
};
struct assay_input {  /* a dataset or model a run used; any text may be "" */
    const char *type; /* "dataset", "model" */
    const char *name;
    const char *digest;
    const char *context; /* "training", "evaluation", … */
    const char *source_type;
    const char *source;
    const char *schema;
    const char *profile;
};
struct assay_output { /* a model a run made */
    const char *type; /* "model" */
    const char *id;
    const char *name;
    int64_t step;
};

/* Everything of one run but its points. Each array is sorted by key (natural order of bytes).
 */
struct assay_attrs {
    struct assay_pair *params;
    size_t param_count;
    struct assay_pair *tags;
    size_t tag_count;
    struct assay_metric *metrics;
    size_t metric_count;
    struct assay_input *inputs;
    size_t input_count;
    struct assay_output *outputs;
    size_t output_count;
};
const struct assay_metric *assay_attrs_metric(const struct assay_attrs *attrs, const char *key);
const char *assay_attrs_param(const struct assay_attrs *attrs, const char *key); /* or NULL */
const char *assay_attrs_tag(const struct assay_attrs *attrs, const char *key);   /* or NULL */

size_t assay_catalog_sources(const struct assay_catalog *catalog);
size_t assay_catalog_experiments(const struct assay_catalog *catalog);
size_t assay_catalog_runs(const struct assay_catalog *catalog);
/* Whether SOURCE cannot be reached or read now, and what is shown is what was once there. */
bool assay_catalog_is_kept(const struct assay_catalog *catalog, uint32_t source);
/* The time that what is known of SOURCE holds for: NOW_MS, but the last reading's where it is
   kept; ASSAY_NO_TIME where that is not known. */
int64_t assay_catalog_as_of(const struct assay_catalog *catalog, uint32_t source,
                            int64_t now_ms);
/* Whether RUN is known to run now: "running" of a source out of reach is what it was once. */
bool assay_catalog_is_live(const struct assay_catalog *catalog, const struct assay_run *run);
/* When RUN, which nobody ended, logged its last point, where that is more than a day ago: its
   program may have died without a word. ASSAY_NO_TIME where it goes on, or nothing is known. */
int64_t assay_catalog_quiet_since(struct assay_catalog *catalog, uint32_t run, int64_t now_ms);
/* What stands behind the name of RUN's state: "" where it is known to be so, " 3h ago" where it
   was when its source was last reached or it was last heard of, " once" where that is not
   known. How a run ended stays. */
char *assay_catalog_state_age(char out[24], struct assay_catalog *catalog, uint32_t run,
                              int64_t now_ms);
/* How long RUN took, or runs, as far as is known; ASSAY_NO_TIME where it is not. */
int64_t assay_catalog_duration(const struct assay_catalog *catalog, const struct assay_run *run,
                               int64_t now_ms);
const struct assay_source *assay_catalog_source(const struct assay_catalog *catalog,
                                                uint32_t i);
const struct assay_experiment *assay_catalog_experiment(const struct assay_catalog *catalog,
                                                        uint32_t i);
const struct assay_run *assay_catalog_run(const struct assay_catalog *catalog, uint32_t i);
/* Grows when any run, experiment or source changes. */
uint64_t assay_catalog_version(const struct assay_catalog *catalog);

/* A large store's newest runs are there at once, and the others are read when the first of them
   is asked for, which takes milliseconds: for a first frame that does without. */
struct assay_unread {
    uint32_t first;    /* the runs before this index are not read yet */
    size_t runs;       /* of them in the scope asked for, neither deleted nor gone */
    int64_t newest_ms; /* the latest start of those, ASSAY_NO_TIME where none has one */
};
/* What is not read of EXPERIMENT, or (ASSAY_NONE) of the experiments of SOURCE, or of all, that
   are not deleted; false where all runs are read. */
bool assay_catalog_unread(const struct assay_catalog *catalog, uint32_t source,
                          uint32_t experiment, struct assay_unread *out);
/* Reads them now. */
void assay_catalog_read_all(struct assay_catalog *catalog);

/* A run's attributes; read from the databases where they are not in memory (a point look-up,
   tens of microseconds). Never NULL. Valid until the next call that may change the catalog
   (assay_session_dispatch) or ASSAY_ATTRS_CACHE further calls of this. */
#define ASSAY_ATTRS_CACHE 512
const struct assay_attrs *assay_catalog_attrs(struct assay_catalog *catalog, uint32_t run);

/* Gives the catalog the attributes of RUN as they were just read elsewhere, so that the next
   call of assay_catalog_attrs() has them. ARENA, which holds all of them, is taken. */
void assay_catalog_keep(struct assay_catalog *catalog, uint32_t run, struct assay_arena *arena,
                        const struct assay_attrs *attrs);

/* Calls LOOK with a run's attributes, which are gone afterwards: for those who look once at
   many runs, which neither fills nor needs the memory of the ones used last. */
void assay_catalog_look(struct assay_catalog *catalog, uint32_t run,
                        void (*look)(void *context, const struct assay_attrs *attrs),
                        void *context);

/* ---- columns: one field of every run, for sorting and filtering in memory ---- */

enum assay_field_kind {
    ASSAY_FIELD_METRIC,
    ASSAY_FIELD_PARAM,
    ASSAY_FIELD_TAG,
    ASSAY_FIELD_DATASET, /* of the datasets a run used; the key is "name", "digest" or
                            "context". A run may have several: the column's text has the value
                            of each, ASSAY_VALUES_BREAK between them. */
};
#define ASSAY_VALUES_BREAK '\x1e' /* the record separator of ASCII */
enum assay_stat { ASSAY_STAT_LAST, ASSAY_STAT_MIN, ASSAY_STAT_MAX, ASSAY_STAT_BEST };

struct assay_column {
    enum assay_field_kind kind;
    enum assay_stat stat;
    const char *key;
    bool ready;   /* false while it is still being read in the background: values may miss */
    size_t count; /* runs covered; a later run has no value */
    uint8_t *present; /* by run: 0 none, 1 there */
    double *
        numbers; /* metric: the value; param, tag: the text as a number, NaN where it is none */
    const char **texts; /* param, tag, dataset: the text (NULL where none); metric: NULL */
};
/* Builds it at the first call (possibly in the background: see `ready`), keeps it up to date
   afterwards. Owned by the catalog, stable address for the session. */
const struct assay_column *assay_catalog_column(struct assay_catalog *catalog,
                                                enum assay_field_kind kind, const char *key,
                                                enum assay_stat stat);

/* Which way is better for METRIC, by its name: +1 greater (acc, auc, f1, reward, …), -1 smaller
   (loss, error, perplexity, latency, …), 0 not known. The list stands in
   core/model/direction.c. */
int assay_metric_direction(const char *metric);

/* Metric, param or tag names met so far in EXPERIMENT (ASSAY_NONE: any), most frequent first,
   natural order on ties. *names is a new array of pointers into the catalog; the caller frees
   the array alone. Returns how many. */
size_t assay_catalog_keys(struct assay_catalog *catalog, uint32_t experiment,
                          enum assay_field_kind kind, const char ***names);

/* Finds the run REF means: a unique prefix (4 characters at least) of a run id, or
   EXPERIMENT/NAME, either with SOURCE-NAME: before it. An ambiguous one fails, naming up to ten
   candidates in err->hint. */
enum assay_status assay_catalog_find_run(struct assay_catalog *catalog, const char *ref,
                                         uint32_t *run, struct assay_error *err);
/* The experiment NAME_OR_ID means, likewise. */
enum assay_status assay_catalog_find_experiment(struct assay_catalog *catalog, const char *ref,
                                                uint32_t *experiment, struct assay_error *err);
/* The shortest prefix (at least 8 characters, or the whole id) that is unique among all runs.
 */
const char *assay_catalog_short_id(struct assay_catalog *catalog, uint32_t run, char out[72]);

#endif

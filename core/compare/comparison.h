/*
 * The inside of a comparison, for the files of this folder: rows with their interned values.
 */
#ifndef COMPARE_COMPARISON_H
#define COMPARE_COMPARISON_H

#include <assay/compare.h>
#include <assay/map.h>

/* One of the texts a row has. */
struct compare_value {
    const char *text; /* in the comparison's arena */
    size_t length;
    double number; /* NaN where it is none */
    bool numeric;
    bool unsure;   /* not known whole: equal texts prove nothing */
    uint32_t same; /* index of the first value that means the same */
};

struct compare_row {
    struct assay_row shown;
    struct compare_value *values; /* not of metrics */
    size_t value_count, value_capacity;
    struct assay_map by_text; /* used once there are many values */
    uint32_t *cells; /* by column: 0 nothing, else 1 + index into values; not of metrics */
    size_t capacity; /* of cells */
    size_t filled;   /* columns written, the rest is nothing */
    struct compare_instead *instead; /* of a metric: values set from outside; NULL where none */
    size_t instead_count;
    uint64_t longest;  /* of a metric: the points of the run that has most */
    unsigned gpu_rank; /* by compare_gpu_rank() */
    bool identifier;   /* by compare_is_identifier() */
};
struct compare_instead {
    double value;
    bool set;
};

/* ---- metrics: their numbers lie by run, because they come by run (metrics.c) ---- */

/* Which metrics a run has, in which order: many runs have the same. Never changed once made. */
struct compare_shape {
    size_t number; /* of this shape */
    size_t count;
    const char *keys;        /* one behind the other, each with its NUL */
    const uint32_t *lengths; /* of the keys */
    const uint32_t *rows;    /* UINT32_MAX: the same key comes again */
    /* From a row to its position: by row - first, 1 + position or 0; where the rows lie far
       apart, pairs in the order of rows. */
    uint32_t first;
    size_t span;
    const uint32_t *place; /* NULL: pairs */
    const struct compare_pair *pairs;
    size_t pair_count;
    unsigned gpu_rank; /* the highest of its metrics */
};
struct compare_pair {
    uint32_t row, position;
};
enum compare_number { NUMBER_LAST, NUMBER_MIN, NUMBER_MAX, NUMBERS };
struct compare_numbers {
    double by[NUMBERS];
};
struct compare_extent { /* what is mostly the same for all metrics of a run */
    int64_t step, time_ms;
    uint64_t n, nonfinite;
};
struct compare_metrics { /* of one column; all zero: it has none */
    const struct compare_shape *shape;
    struct compare_numbers *numbers; /* as the shape has them */
    uint32_t *extents;               /* index into list * 2 + single */
    struct compare_extent *list;
    size_t list_count, list_capacity;
};

struct compare_direction {
    const char *metric;
    int direction;
};

struct assay_prepared {
    struct assay_arena arena;
    struct assay_attrs attrs;
    struct compare_metrics metrics; /* no shape: they are in attrs */
};

struct assay_comparison {
    struct assay_arena arena;
    struct assay_arena cells; /* of all rows */
    struct assay_compared_run *runs;
    size_t run_count, run_capacity;
    size_t expected; /* runs */
    struct assay_map run_ids;

    struct compare_metrics *metrics; /* by column */
    size_t metrics_capacity;
    struct compare_shape **shapes; /* in the arena; the last one met is the last */
    size_t shape_count, shape_capacity;

    struct compare_row *rows; /* in the order they were met */
    size_t row_count, row_capacity;
    struct assay_map row_keys; /* kind and key */
    /* The rows the run before filled, by kind and position: the next run has the same, as a
       rule. */
    uint32_t *hints[ASSAY_ROW_FACT + 1];
    size_t hint_capacity[ASSAY_ROW_FACT + 1];

    uint32_t *order;                    /* public index -> row */
    uint32_t *place;                    /* row -> public index */
    size_t ordered, counted, differing; /* the last two without those said elsewhere */
    enum assay_stat stat;
    struct compare_direction *directions; /* the user's */
    size_t direction_count, direction_capacity;
    bool *twins;                  /* by column: another run has the same name */
    size_t twin_count, id_length; /* how much of their ids tells them apart */
    const char **notices;
    size_t notice_count, notice_capacity;
};

/* ---- compare.c ---- */

/* The row of KIND and KEY, made where there is none; HINT is its place among those of its run
   and kind (SIZE_MAX: unknown). */
struct compare_row *compare_row_of(struct assay_comparison *comparison,
                                   enum assay_row_kind kind, const char *key, size_t length,
                                   size_t hint);
/* NULL where there is none. */
struct compare_row *compare_find_row(const struct assay_comparison *comparison,
                                     enum assay_row_kind kind, const char *key);
void compare_put(struct assay_comparison *comparison, struct compare_row *row, size_t column,
                 const char *text, size_t length);
void compare_notice(struct assay_comparison *comparison, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* NULL where a text row has nothing there. */
const struct compare_value *compare_value_at(const struct compare_row *row, size_t column);
/* A metric's number by the comparison's stat; false where it has none. */
bool compare_number_at(const struct assay_comparison *comparison, const struct compare_row *row,
                       size_t column, double *number);
const struct compare_row *compare_row_at(const struct assay_comparison *comparison, size_t row);
/* Settles present, distinct, differs and what else follows from the cells. */
void compare_settle_all(struct assay_comparison *comparison);

/* ---- metrics.c ---- */

/* Gives the last column the metrics of its run: ITEMS as they came, or READY, which is taken.
   Returns what of its shape says how many GPUs there were (compare_gpu_rank()), or 0. */
unsigned compare_metrics_add(struct assay_comparison *comparison,
                             const struct assay_metric *items, size_t count,
                             struct compare_metrics *ready);
void compare_metrics_free(struct compare_metrics *metrics);
/* Which of a metric's numbers is shown. */
enum compare_number compare_by_stat(enum assay_stat stat, int direction);
/* Where COLUMN has the metric in ROW: its position in *metrics; SIZE_MAX where it has not. */
size_t compare_metric_at(const struct assay_comparison *comparison,
                         const struct compare_row *row, size_t column,
                         const struct compare_metrics **metrics);
/* What follows from the numbers of all metrics, or of one row: present, distinct and so on. */
void compare_settle_metrics(struct assay_comparison *comparison);
void compare_settle_metric(struct assay_comparison *comparison, struct compare_row *row);

/* ---- titles.c ---- */

/* Finds the runs of equal names, and says so. */
void compare_titles(struct assay_comparison *comparison);

/* ---- keys.c ---- */

/* The section a row belongs to, and the label it is shown with. */
enum assay_section compare_section(enum assay_row_kind kind, const char *key,
                                   const char **label);
/* Does KEY say how many GPUs a run had? A param does by a number from 1 on, the least is
   believed first; a metric of the load of GPU n (from 0) by COMPARE_GPU_METRIC + n; else 0. */
#define COMPARE_GPU_METRIC 1000u
unsigned compare_gpu_rank(enum assay_row_kind kind, const char *key);
/* Is this param the seed of everything random? */
bool compare_is_seed(const char *key);
/* Does a number under KEY only name something (a seed, an id, a port, a fold, a year), so that
   how much greater it is says nothing? */
bool compare_is_identifier(const char *key);
/* What MLflow keeps a run's name in, beside the name itself. */
#define COMPARE_NAME_TAG "mlflow.runName"
/* Which way METRIC is better: the user's word, `mode` params, its name. */
void compare_directions(struct assay_comparison *comparison);
/* Warns of keys that look like one thing in two units. */
void compare_units(struct assay_comparison *comparison);

/* ---- structure.c ---- */

/* Calls EACH for every leaf of a JSON or Python structure with its dotted path; returns false,
   possibly after some calls, where TEXT is none. */
typedef void compare_leaf(void *context, const char *path, size_t path_length, const char *text,
                          size_t length);
bool compare_is_structure(const char *text, size_t length);
bool compare_leaves(const char *text, size_t length, const char *prefix, compare_leaf *each,
                    void *context);
/* The same of a YAML file (structure_yaml.c). */
bool compare_yaml_leaves(const char *text, size_t length, const char *prefix,
                         compare_leaf *each, void *context);

#endif

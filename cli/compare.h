/*
 * What the files of `assay compare` share: the comparison that is printed, and how.
 */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/compare.h>
#include <assay/map.h>
#include <assay/sha256.h>

#include "cli.h"
#include "json.h"

struct assay_bundle; /* <assay/bundle.h> */

#define COMPARE_CHARTS    4
#define COMPARE_AIMS      8    /* of --pareto */
#define COMPARE_FILES_MAX 2000 /* artifacts of a run that are looked at */

/* The points of one metric of one run, kept in a bundle or read from the session. */
struct compare_series {
    size_t column;
    char *metric;
    struct assay_series *series;
};

/* An artifact out of a bundle. */
struct compare_file {
    size_t column;
    char *path;
    uint64_t bytes;
    char digest[ASSAY_SHA256_TEXT];
    char *data; /* NULL: too large to have come along */
    size_t length;
};

/* A run against the baseline, example by example. */
struct compare_example {
    size_t column;
    char *metric;
    struct assay_judgement verdict;
    size_t alone, repeated, unread; /* ids on one side only; ids twice; lines that were none */
};

struct compare_job {
    struct cli *cli;
    struct assay_comparison *comparison;
    size_t baseline; /* column */
    bool all;        /* equal rows too */
    bool files_told; /* what cannot be had of the runs' artifacts was said */
    uint64_t seed;
    struct assay_grouping grouping;
    bool grouped;  /* there is a grouping */
    bool by_group; /* columns are groups */
    size_t base_group;
    struct assay_judgement *verdicts; /* by candidate group, then metric */
    size_t *verdict_groups;
    size_t verdict_count, verdict_capacity;
    struct compare_example *examples;
    size_t example_count, example_capacity;
    size_t charts[COMPARE_CHARTS]; /* rows of the metrics that are drawn */
    size_t chart_count;
    struct compare_series *series; /* of a bundle */
    size_t series_count, series_capacity;
    struct compare_file *files; /* of a bundle */
    size_t file_count, file_capacity;
    struct assay_map file_at; /* where each is, by "COLUMN PATH" */
    char *group_by;           /* of a bundle: how its runs were grouped; NULL: they were not */
};

/* Before the session is opened: servers are asked for no more than what will be compared, where
   that can be told from the arguments alone. */
void compare_ask(struct cli *cli);

/* compare_select.c: the runs that are named, in *runs (to be freed). */
enum assay_status compare_select(struct cli *cli, uint32_t **runs, size_t *count,
                                 struct assay_error *err);

/* compare_extra.c: rows that are computed: values at an equal step, areas, targets; and, once
   there are groups, the front of --pareto, which is one of groups where they are the columns.
 */
enum assay_status compare_extra_check(struct cli *cli, struct assay_error *err);
enum assay_status compare_extra(struct compare_job *job, struct assay_error *err);
enum assay_status compare_front(struct compare_job *job, struct assay_error *err);
/* Whose front it is; NULL: single runs'. */
const struct assay_grouping *compare_front_groups(const struct compare_job *job);
/* The points of METRIC in COLUMN, from the bundle or the session; NULL where there are none.
   Valid until the next call. */
struct assay_series *compare_points(struct compare_job *job, size_t column, const char *metric);

/* The aims of LIST, "A,B": COMPARE_AIMS at most, counted up from *count. */
enum assay_status compare_aims(struct compare_job *job, const char *list,
                               struct assay_aim *aims, size_t *count, struct assay_error *err);

/* compare_examples.c */
enum assay_status compare_examples(struct compare_job *job, struct assay_error *err);

/* compare_files.c: artifacts as rows, where they were asked for or lie in the bundle; one of
   them line by line. */
void compare_files(struct compare_job *job);
enum assay_status compare_diff(struct compare_job *job, const char *path,
                               struct assay_error *err);

/* A run's artifacts, sorted by path: COMPARE_FILES_MAX at most, what is left out is said on
   standard error, once where all runs are asked. */
struct compare_artifact {
    char *path;
    uint64_t bytes;
};
struct compare_artifacts {
    uint32_t run;
    char *directory; /* where they lie; NULL: on a server */
    struct compare_artifact *items;
    size_t count;
};
/* False, said on standard error, where they cannot be had; `compare_artifacts_free` either way.
 */
bool compare_artifacts(struct compare_job *job, size_t column, struct compare_artifacts *out);
void compare_artifacts_free(struct compare_artifacts *artifacts);
/* Whether it is read without having been named: what lies here is, and what a server has while
   it is small. *SUM is for those of one run, in turn, and begins with 0. */
bool compare_is_near(const struct compare_artifacts *all, const struct compare_artifact *item,
                     uint64_t *sum);
/* Where an artifact is read from: where it lies, or the copy of it that is fetched for this,
   which takes its time. Ended by compare_place_free(), filled or not. */
struct compare_place {
    char *folder, *name; /* for assay_open_inside() and its like */
};
enum assay_status compare_place(struct compare_job *job, const struct compare_artifacts *all,
                                const struct compare_artifact *item, struct compare_place *out,
                                struct assay_error *err);
void compare_place_free(struct compare_place *place);
/* The artifact PATH of COLUMN whole, from the bundle or from where it lies; *text is the
   caller's to free() and ends in a NUL. */
enum assay_status compare_read_file(struct compare_job *job, size_t column, const char *path,
                                    size_t limit, char **text, size_t *length,
                                    struct assay_error *err);

/* compare_code.c: the code between the commits, where the repository is at hand. */
enum assay_status compare_code(struct compare_job *job, struct assay_error *err);
/* A difference with its colours, made harmless line by line where it goes to a terminal. */
void compare_print_diff(struct compare_job *job, const struct assay_buf *diff);

/* compare_cell.c: what cells say, for people. */
bool compare_shown(const struct compare_job *job, const struct assay_row *row);
/* The title of a column: a run's name (its id where it has none) or a group's title. */
void compare_title(const struct compare_job *job, size_t column, struct assay_buf *out);
size_t compare_columns(const struct compare_job *job);
size_t compare_base_column(const struct compare_job *job);
void compare_cell_text(const struct compare_job *job, size_t row, size_t column,
                       struct assay_buf *out);
/* "+0.0035, +0.37 % better", BRIEF: "+0.37 % better"; nothing where there is nothing to say. */
void compare_delta_text(const struct compare_job *job, size_t row, size_t column, bool brief,
                        struct assay_buf *out);
int compare_delta_better(const struct compare_job *job, size_t row, size_t column);
/* "adamw against sgd: val_loss better by …" */
void compare_verdict_text(const struct compare_job *job, size_t verdict, struct assay_buf *out);

void compare_print_table(struct compare_job *job); /* table and md */
void compare_print_csv(struct compare_job *job);
void compare_print_json(struct compare_job *job);
/* compare_latex.c */
void compare_print_latex(struct compare_job *job);
void compare_latex_explain(struct compare_job *job, size_t metric_row,
                           const struct assay_explanation *e);
void compare_print_html(struct compare_job *job);
/* TEXT made clean and harmless; the beginning of a page, up to its heading; what made it and
   when, which ends a paragraph. */
void compare_html_text(struct assay_buf *out, const char *text);
void compare_html_head(struct assay_buf *out, const char *title);
void compare_html_made(struct assay_buf *out);

/* compare_figures.c: the front of --pareto, with its figure; what goes with the metric in
   METRIC_ROW as a page, with a scatter of each of the first params. */
void compare_html_front(struct compare_job *job);
void compare_html_explain(struct compare_job *job, size_t metric_row,
                          const struct assay_explanation *e);
/* The number of its group, whose colours its figures have; one colour where there are none. */
int compare_run_color(const struct compare_job *job, size_t run);

/* compare_parallel.c: parallel coordinates, as pieces of a page: the aims of a front; the
   params that go with the metric in METRIC_ROW. */
void compare_parallel_front(struct compare_job *job, const struct assay_aim *aims,
                            size_t count);
void compare_parallel_explain(struct compare_job *job, size_t metric_row,
                              const struct assay_explanation *e);
/* How far the importances are to be trusted, or why there are none. */
void compare_forest_text(const struct assay_explanation *e, struct assay_buf *out);
enum assay_status compare_explain(struct compare_job *job, const char *metric,
                                  struct assay_error *err);

/* compare_bundle.c */
enum assay_status compare_bundle_save(struct compare_job *job, const char *path,
                                      struct assay_error *err);
enum assay_status compare_bundle_load(struct compare_job *job, const char *path,
                                      struct assay_error *err);
/* compare_bundle_files.c */
void compare_bundle_write_files(struct compare_job *job, struct assay_buf *out);
/* Takes in artifact INDEX of the bundle. */
enum assay_status compare_bundle_load_file(struct compare_job *job,
                                           const struct assay_bundle *bundle, size_t index,
                                           struct assay_error *err);
const struct compare_file *compare_bundle_file(const struct compare_job *job, size_t column,
                                               const char *path); /* or NULL */
void compare_bundle_free_files(struct compare_job *job);
/* One run of the comparison as the JSON contract has it; also what a bundle keeps. */
void compare_run_json(struct cli_json *json, const struct assay_comparison *comparison,
                      size_t column);

#endif

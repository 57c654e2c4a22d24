/*
 * Comparing runs: what differs, and is the difference real. A comparison copies what it is
 * given, so it can be made from a catalog or from a bundle of another machine, may be filled
 * run by run within a time budget, and holds no pointers into the catalog. Pure but for one
 * small file (assay_directions_*); no threads. All text is as it came from outside: clean it
 * before showing it.
 *
 *   comparison -> rows (a field) x columns (a run) -> cells, and against a baseline: deltas
 *   comparison -> grouping (runs that differ only by seed) -> verdicts (one metric, two groups)
 *
 * docs/compare.md has the nouns and the rules in words.
 */
#ifndef ASSAY_COMPARE_H
#define ASSAY_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/memory.h>
#include <assay/series.h>
#include <assay/statistics.h>

struct assay_comparison; /* opaque */

#define ASSAY_COMPARE_RUNS_MAX 5000u

/* What is known of a run beside its attributes; copied. */
struct assay_compared_run {
    uint32_t run; /* in the catalog; ASSAY_NONE: from a bundle */
    const char *id;
    const char *name;
    const char *experiment;
    const char *source; /* the source's name */
    const char *source_kind;
    const char *user;
    const char *status;
    int64_t start_ms, end_ms; /* or ASSAY_NO_TIME */
};

/* Where a row's values come from. */
enum assay_row_kind {
    ASSAY_ROW_ATTRIBUTE, /* name, experiment, source, status, user, duration */
    ASSAY_ROW_PARAM,
    ASSAY_ROW_PATH, /* inside a param whose value is a structure (JSON, Python, nested) */
    ASSAY_ROW_TAG,
    ASSAY_ROW_INPUT,  /* digest of a dataset or model used */
    ASSAY_ROW_OUTPUT, /* a model made */
    ASSAY_ROW_METRIC,
    ASSAY_ROW_FACT, /* found elsewhere: a package's version, an artifact's digest */
};
/* Where it is shown. Tags with known meanings (the commit, the command line, versions) leave
   TAGS for CODE and ENVIRONMENT. */
enum assay_section {
    ASSAY_SECTION_RUN,
    ASSAY_SECTION_PARAMS,
    ASSAY_SECTION_DATA,
    ASSAY_SECTION_CODE,
    ASSAY_SECTION_ENVIRONMENT,
    ASSAY_SECTION_METRICS,
    ASSAY_SECTION_TAGS,
    ASSAY_SECTIONS
};
const char *assay_section_name(enum assay_section section); /* "params", … */

struct assay_row {
    enum assay_row_kind kind;
    enum assay_section section;
    const char *key;   /* as logged; of a PATH "config.optimizer.lr" */
    const char *label; /* shown: tags of known meaning have a shorter name ("commit") */
    size_t present;    /* runs that have it */
    size_t distinct;   /* different values among those, 1 or more; of a metric 2 is "several".
                          Params whose texts are the same number are the same (1e-3, 0.001) */
    bool differs;      /* distinct > 1, or some have it and some not, or it is unproven */
    bool unproven;     /* of some run it is not known whole: of an artifact only its size, of
                          a value only what a reader keeps (ASSAY_VALUE_MAX) */
    bool numeric;      /* every value there is a number */
    bool parent;       /* said elsewhere: a structure whose paths stand in rows of their own;
                          the name, which stands above the column */
    int direction;     /* of a metric: +1 greater is better, -1 smaller, 0 not known */
    size_t nonfinite;  /* runs whose value is NaN or infinite */
    bool uneven;       /* of a metric: one point against a hundred or more, or last steps that
                          differ by more than a factor of two */
};

struct assay_compare_cell {
    bool present;
    bool numeric;
    bool single;      /* a float by nature: show about 7 digits */
    double number;    /* NaN where it is no number */
    const char *text; /* of anything but a metric; "" where not present */
    size_t length;    /* of text */
};

/* ---- filling ---- */

struct assay_comparison *assay_comparison_new(void);
void assay_comparison_free(struct assay_comparison **comparison);
/* How many runs are to come, where that is known: their cells then get their room at once. */
void assay_comparison_expect(struct assay_comparison *comparison, size_t runs);
/* Adds a run. One that is in already (same id and source) is refused: returns false. */
bool assay_comparison_add(struct assay_comparison *comparison,
                          const struct assay_compared_run *run,
                          const struct assay_attrs *attrs);
/* The same from the catalog. */
bool assay_comparison_add_run(struct assay_comparison *comparison,
                              struct assay_catalog *catalog, uint32_t run);
/* The first runs' attributes are kept by the catalog as they are added: the charts of a
   comparison ask for them again. */
#define ASSAY_COMPARE_LOOKED_AGAIN 64
/* The same in two steps. Any thread may make a run ready from its packed attributes
   (assay_session_read_attrs()) while nobody changes COMPARISON; it is told what the other runs
   have, so there is one run in it already. Adding is short. Both of the second step take
   *prepared, which must have been made for this comparison. */
struct assay_prepared;
struct assay_prepared *assay_comparison_prepare(const struct assay_comparison *comparison,
                                                const void *packed, size_t length);
bool assay_comparison_add_prepared(struct assay_comparison *comparison,
                                   struct assay_catalog *catalog, uint32_t run,
                                   struct assay_prepared **prepared);
void assay_prepared_free(struct assay_prepared **prepared);
/* One thing more about the run in COLUMN: KEY says TEXT in SECTION. */
void assay_comparison_add_fact(struct assay_comparison *comparison, size_t column,
                               enum assay_section section, const char *key, const char *text);
/* Which way the fact KEY, a number, is better: -1 smaller, 1 greater. */
void assay_comparison_fact_direction(struct assay_comparison *comparison, const char *key,
                                     int direction);
/* What an artifact says, as facts: its size and digest; of a JSON file every leaf; of
   requirements.txt, conda.yaml and python_env.yaml the packages and Python's version, as
   ENVIRONMENT. TEXT may be NULL where the file was not read. DIGEST is hexadecimal, or says why
   there is none; without both the row is never taken for equal. Call finish afterwards. */
#define ASSAY_COMPARE_FILE_MAX (256u << 10) /* larger ones are compared by digest alone */
/* Bytes of the artifacts of one run on a server that are fetched without being asked for one by
   one; each is at most ASSAY_COMPARE_FILE_MAX. */
#define ASSAY_COMPARE_FETCH_MAX (16u << 20)
bool assay_comparison_reads_file(const char *path); /* is its text worth reading? */
void assay_comparison_add_file(struct assay_comparison *comparison, size_t column,
                               const char *path, uint64_t bytes, const char *digest,
                               const char *text, size_t length);
/* Sorts rows and settles what differs; again after more were added. Rows come by section, then
   by key in natural order; their indices are stable until the next finish. */
void assay_comparison_finish(struct assay_comparison *comparison);

/* ---- looking ---- */

size_t assay_comparison_runs(const struct assay_comparison *comparison);
const struct assay_compared_run *assay_comparison_run(const struct assay_comparison *comparison,
                                                      size_t column);
size_t assay_comparison_rows(const struct assay_comparison *comparison);
const struct assay_row *assay_comparison_row(const struct assay_comparison *comparison,
                                             size_t row);
/* Rows, and those of them that differ, without what is said elsewhere: a structure counts by
   its paths. */
size_t assay_comparison_counted(const struct assay_comparison *comparison);
size_t assay_comparison_differing(const struct assay_comparison *comparison);
/* SIZE_MAX where there is none. */
size_t assay_comparison_find(const struct assay_comparison *comparison,
                             enum assay_row_kind kind, const char *key);
/* What a run is called where it stands beside the others: its name, with as much of its id as
   it takes where several have that name; without a name the beginning of its id. Clean,
   appended; valid after finish. */
void assay_comparison_title(const struct assay_comparison *comparison, size_t column,
                            struct assay_buf *out);
struct assay_compare_cell assay_comparison_cell(const struct assay_comparison *comparison,
                                                size_t row, size_t column);
/* Whether ROW says how long its run took, in seconds. */
bool assay_row_is_duration(const struct assay_row *row);
/* VALUE of a row that was measured, for people: how long a run took as durations are written
   everywhere, anything else with DIGITS digits. Returns OUT. */
char *assay_row_value_text(char out[32], const struct assay_row *row, double value, int digits);
/* Likewise beside OTHER: with more digits, and how long a run took in seconds, where the two
   are unequal and would look alike. */
char *assay_row_value_beside(char out[32], const struct assay_row *row, double value,
                             double other, int digits);
/* The number of ROW in COLUMN beside the baseline's; and the baseline's, among up to 64 runs,
   beside the nearest. */
char *assay_comparison_value_text(char out[32], const struct assay_comparison *comparison,
                                  size_t row, size_t column, size_t base, int digits);

/* The whole summary of a metric's cell; false, and *out empty, where it has none. */
bool assay_comparison_summary(const struct assay_comparison *comparison, size_t row,
                              size_t column, struct assay_summary *out);
/* What there is to warn of (units or directions that disagree, nothing in common, …), clean;
   valid until the next finish. */
size_t assay_comparison_notices(const struct assay_comparison *comparison,
                                const char *const **notices);

/* ---- choosing what is compared ---- */

/* Which of a metric's values its cells show. BEST is by direction, LAST where that is unknown.
 */
void assay_comparison_set_stat(struct assay_comparison *comparison, enum assay_stat stat);
enum assay_stat assay_comparison_stat(const struct assay_comparison *comparison);
/* The user's word on a metric's direction; overrides names and `mode` params. */
void assay_comparison_set_direction(struct assay_comparison *comparison, const char *metric,
                                    int direction);
/* The user's words, kept in a file beside the local store at STORE_PATH (nowhere where that is
   ""): "max METRIC" a line. Reading gives them to COMPARISON, a missing file is no failure;
   writing adds or replaces one. The only files this header touches. */
enum assay_status assay_directions_read(struct assay_comparison *comparison,
                                        const char *store_path, struct assay_error *err);
enum assay_status assay_directions_write(const char *store_path, const char *metric,
                                         int direction, struct assay_error *err);
/* A value found elsewhere (at an equal step) to show instead; NaN: there is none there. */
void assay_comparison_set_value(struct assay_comparison *comparison, size_t row, size_t column,
                                double value);
void assay_comparison_clear_values(struct assay_comparison *comparison);
/* The value of SERIES at X along AXIS (step; milliseconds; seconds since its start): of the
   last point at or before X, what restarts wrote again left out. NaN where it begins later, or
   where the point after its last was due by X. */
double assay_series_at(struct assay_series *series, enum assay_axis axis, double x);

/* The metrics a reader would look at first, at most CAPACITY of ROWS: judged ones (a direction
   is known), of validation, that differ and are curves. Returns how many. */
size_t assay_comparison_main_metrics(const struct assay_comparison *comparison, size_t *rows,
                                     size_t capacity);

/* The git commit the run in COLUMN says it was made from, and where its script lay; "" where it
   says nothing. */
const char *assay_comparison_commit(const struct assay_comparison *comparison, size_t column);
const char *assay_comparison_script(const struct assay_comparison *comparison, size_t column);

/* ---- against a baseline ---- */

enum assay_delta_kind {
    ASSAY_DELTA_NONE, /* both lack it, or it is the baseline itself */
    ASSAY_DELTA_SAME,
    ASSAY_DELTA_NUMBER,     /* `difference`, and `percent` where the baseline is not 0 */
    ASSAY_DELTA_TEXT,       /* another text */
    ASSAY_DELTA_ADDED,      /* the baseline lacks it */
    ASSAY_DELTA_REMOVED,    /* the run lacks it */
    ASSAY_DELTA_NOT_FINITE, /* NaN or infinity on either side, or too far apart for a number:
                               there is no difference */
    ASSAY_DELTA_UNKNOWN,    /* equal as far as they are known, and not known whole */
};
struct assay_delta {
    enum assay_delta_kind kind;
    double difference;
    double percent; /* of the baseline's magnitude; NaN where that is 0 */
    int better;     /* of a metric: +1 better, -1 worse, 0 equal or not known */
};
struct assay_delta assay_comparison_delta(const struct assay_comparison *comparison, size_t row,
                                          size_t column, size_t baseline);
/* The delta of two numbers; DIRECTION: which way is better (0: not known). */
struct assay_delta assay_delta_of(double value, double base, int direction);
/* Whether the row's numbers were measured, and not chosen: metrics, facts, how long it took. */
bool assay_row_is_measured(const struct assay_row *row);
/* An ASSAY_DELTA_NUMBER of ROW in words: "+0.02, +4.76 %" of what was measured, "-70 %" of what
   was chosen, the difference alone where the baseline is 0; BRIEF: the percent alone wherever
   there is one. OUT needs 80 bytes. Returns OUT. */
char *assay_delta_text(char out[80], const struct assay_row *row,
                       const struct assay_delta *delta, bool brief);
/* How two long texts differ: bytes equal at the front and, of the rest, at the back; both at
   characters' ends. */
struct assay_text_delta {
    size_t prefix, suffix;
};
struct assay_text_delta assay_text_delta(const char *a, size_t a_length, const char *b,
                                         size_t b_length);

/* Which lines of two texts differ, as `diff -u` has it; false, and nothing written, where they
   are equal. Texts of more than 20,000 lines, or with more than 1,500 lines between them that
   differ, are said to be too different and not diffed. */
bool assay_text_diff(const char *a, size_t a_length, const char *b, size_t b_length,
                     const char *a_name, const char *b_name, struct assay_buf *out);
/* How two versions of the artifact PATH differ, by what it is: JSON and YAML by path, tables
   (CSV, TSV) by key, confusion matrices subtracted, of bytes that are no text where they begin
   to differ; everything else, and what is not what its
   name says, line by line. A line begins with what it is: "~" changed, "+" added, "-" removed,
   "@" a heading, " " context. False, and nothing written, where the bytes are equal. */
bool assay_file_diff(const char *path, const char *a, size_t a_length, const char *b,
                     size_t b_length, const char *a_name, const char *b_name,
                     struct assay_buf *out);

/* ---- groups: runs that differ only by their seed ---- */

struct assay_group {
    const char *title; /* "opt=adamw lr=0.1", made of what tells the groups apart */
    uint32_t *columns; /* runs of the comparison */
    size_t count;
};
struct assay_grouping {
    struct assay_group *groups; /* in the order of their first run */
    size_t count;
    const char *seed_key; /* of the param that is the seed; NULL where there is none */
    const char *by;       /* what groups differ in: "opt, lr"; clean */
    const char *ignored;  /* what was not looked at: "out_dir (holds the run's name)" */
    struct assay_arena arena;
};
/* Proposes groups from what varies: runs with equal params but for the seed. False where no
   two runs belong together. */
bool assay_comparison_propose(const struct assay_comparison *comparison,
                              struct assay_grouping *grouping);
/* Groups by KEYS ("params.opt,tags.team" or bare names of params, tags or attributes; ""
   groups all together). */
enum assay_status assay_comparison_group_by(const struct assay_comparison *comparison,
                                            const char *keys, struct assay_grouping *grouping,
                                            struct assay_error *err);
void assay_grouping_free(struct assay_grouping *grouping);

/* ---- is it real ---- */

enum assay_answer {
    ASSAY_ANSWER_NONE,   /* nothing could be compared: `why` */
    ASSAY_ANSWER_BETTER, /* p < 0.05 after correction */
    ASSAY_ANSWER_WORSE,
    ASSAY_ANSWER_DIFFERENT,   /* real, but which way is better is not known */
    ASSAY_ANSWER_CANNOT_TELL, /* too few values for any p below 0.05 */
    ASSAY_ANSWER_NO_EVIDENCE, /* enough values, and they do not show it */
    ASSAY_ANSWER_SAME,        /* every pair is equal */
};
struct assay_judgement {
    enum assay_answer answer;
    const char *metric; /* the row's key */
    int direction;
    struct assay_sample candidate, baseline;
    size_t pairs;      /* matched by seed; 0: the sides are not paired */
    size_t unmatched;  /* runs whose seed has no partner (paired only) */
    size_t repeated;   /* runs left out because their seed stands twice on a side */
    double difference; /* mean of the pairs, or of the means; candidate - baseline */
    double percent;    /* of the baseline's mean; NaN where that is 0 */
    double spread;     /* standard deviation of the paired differences */
    double effect;     /* Hedges' g, or mean over sd of the pairs */
    struct assay_interval interval;
    struct assay_p test; /* permutation, or sign flips of the pairs */
    double p;            /* test.p, corrected by assay_verdicts_correct() */
    size_t family;       /* how many were tested together; 1 alone */
    uint64_t seed;       /* of everything random in it */
    const char *why;     /* a constant, for NONE */
};
struct assay_judgement assay_comparison_verdict(const struct assay_comparison *comparison,
                                                size_t row,
                                                const struct assay_grouping *grouping,
                                                size_t candidate, size_t baseline,
                                                uint64_t seed);
/* The same of values by item (per-example scores: one run each side, paired by id). */
struct assay_judgement assay_verdict_paired(const char *metric, int direction,
                                            const double *candidate, const double *baseline,
                                            size_t pairs, uint64_t seed);
/* Corrects the p of verdicts that are judged together (Holm) and answers anew. */
void assay_verdicts_correct(struct assay_judgement *verdicts, size_t count);
/* "better by 0.8 % ± 0.3 (n=6 pairs, p=0.031)"; plain text, appended. ASCII: without signs
   outside it. */
void assay_verdict_sentence(const struct assay_judgement *verdict, bool ascii,
                            struct assay_buf *out);

/* ---- curves ---- */

struct assay_curve {
    double area;      /* under the curve over [from, to], divided by its width; NaN: none */
    double from, to;  /* what it was taken over, along the axis */
    size_t points;    /* finite ones used */
    size_t nonfinite; /* left out */
};
/* By trapezoids, along the series as it stands after restarts; FROM and TO NaN: all of it. */
struct assay_curve assay_curve_area(struct assay_series *series, enum assay_axis axis,
                                    double from, double to);
struct assay_reach {
    bool reached;
    struct assay_point point; /* the first at or beyond the target */
    double seconds;           /* since the series' first time */
};
/* The first point with a value <= TARGET (DIRECTION -1) or >= TARGET (+1). */
struct assay_reach assay_curve_reach(struct assay_series *series, double target, int direction);

/* ---- several aims at once: quality against cost ---- */

struct assay_aim { /* a metric whose direction is known, or what a run cost */
    size_t row;
    int direction; /* +1 greater is better, -1 smaller */
    bool cost;     /* duration or GPU-hours */
};
/* The aim ROW is; false where it is none, or nothing says which way it is better. */
bool assay_comparison_aim_of(const struct assay_comparison *comparison, size_t row,
                             struct assay_aim *out);
/* The aim called NAME: "duration", "gpu-hours", or a metric. */
enum assay_status assay_comparison_aim(const struct assay_comparison *comparison,
                                       const char *name, struct assay_aim *out,
                                       struct assay_error *err);
/* All there are, at most CAPACITY: costs first. Returns how many. */
size_t assay_comparison_aims(const struct assay_comparison *comparison, struct assay_aim *out,
                             size_t capacity);

struct assay_front {
    size_t count, aims; /* runs, or groups */
    double *values;     /* by run, then aim; of a group the mean of its runs */
    bool *on;           /* nothing beats it */
    bool *whole;        /* it has every value; one that has not is neither on it nor beaten */
    size_t found, lacking;
};
/* Which runs, or groups (GROUPING; NULL: runs), nothing else beats in all AIMS. The caller
   frees with assay_front_free(). */
void assay_comparison_front(const struct assay_comparison *comparison,
                            const struct assay_grouping *grouping, const struct assay_aim *aims,
                            size_t count, struct assay_front *out);
void assay_front_free(struct assay_front *front);

/* ---- gates: "metrics.val_loss <= baseline * 1.01 and metrics.acc@max > 0.9" ---- */

struct assay_gate; /* opaque; immutable once parsed */
enum assay_status assay_gate_parse(struct assay_gate **out, const char *text,
                                   struct assay_error *err);
void assay_gate_free(struct assay_gate **gate);
enum assay_gate_answer {
    ASSAY_GATE_FALSE,
    ASSAY_GATE_TRUE,
    ASSAY_GATE_UNKNOWN, /* something in it is missing or not finite: `why` */
};
/* Whether the expression holds for the run in COLUMN; `baseline` in it is the same field of the
   run in BASELINE. WHY (may be NULL) gets what could not be decided, or the values that were
   compared; clean. */
enum assay_gate_answer assay_gate_check(const struct assay_gate *gate,
                                        const struct assay_comparison *comparison,
                                        size_t column, size_t baseline, struct assay_buf *why);

/* ---- what mattered ---- */

struct assay_factor { /* one param (or path, tag, attribute) that varies */
    size_t row;
    size_t distinct;
    bool categorical;
    struct assay_correlation rank; /* assay_rank_correlation(), of numeric ones */
    struct assay_importance importance;
    double p; /* of rank.p, corrected (Benjamini-Hochberg) over all factors */
};
struct assay_explanation {
    struct assay_factor *factors; /* most important first */
    size_t count;
    size_t constant; /* params that never vary: not looked at */
    struct assay_forest_result forest;
};
/* Which params explain METRIC_ROW. The caller frees with assay_explanation_free(). */
void assay_comparison_explain(const struct assay_comparison *comparison, size_t metric_row,
                              uint64_t seed, struct assay_explanation *out);
void assay_explanation_free(struct assay_explanation *explanation);

#endif

/*
 * The columns of the runs table: which ones an experiment deserves, and what a run says in
 * each. No drawing; view_home.c lays the cells out.
 */
#ifndef TUI_RUN_COLUMNS_H
#define TUI_RUN_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>

enum run_column_kind {
    RUN_COLUMN_NAME,
    RUN_COLUMN_STATE,
    RUN_COLUMN_AGE,
    RUN_COLUMN_TIME,
    RUN_COLUMN_EXPERIMENT,
    RUN_COLUMN_SOURCE,
    RUN_COLUMN_USER,
    RUN_COLUMN_ID,
    RUN_COLUMN_METRIC,
    RUN_COLUMN_PARAM,
    RUN_COLUMN_TAG,
};

#define RUN_COLUMN_KEY_SIZE 240
#define RUN_COLUMNS_MAX     48

struct run_column {
    enum run_column_kind kind;
    enum assay_stat stat; /* of a metric */
    char key[RUN_COLUMN_KEY_SIZE];
    char title[48]; /* clean */
    char sort[256]; /* what assay_sort_parse() takes, without a direction */
    bool right;     /* numbers: aligned on the point */
    int width;      /* cells; grows with what was seen, never shrinks by itself */
};

struct run_columns {
    struct run_column items[RUN_COLUMNS_MAX];
    size_t count;
    bool chosen;  /* by the user: not to be replaced by a better guess */
    bool settled; /* the guess was made with all there is to know */
};

/* Guesses from the first of ROWS: the metrics most runs have, those of validation first, and
   the params that differ between runs. WIDE adds the experiment's name (a scope of several). */
void run_columns_choose(struct run_columns *columns, struct assay_catalog *catalog,
                        const uint32_t *rows, size_t count, bool wide);

/* Columns as the user names them: "name,val_loss,metrics.acc@max,params.lr,tags.team". A name
   alone is looked up in CATALOG, as in a filter (assay_field_look_up()); one that no run has is
   taken as a metric's. *COLUMNS is as before where it fails. */
enum assay_status run_columns_parse(struct run_columns *columns, struct assay_catalog *catalog,
                                    const char *text, struct assay_error *err);
/* One of them, so named. */
const char *run_column_name(const struct run_column *column);
/* The same text back; the caller frees it. */
char *run_columns_text(const struct run_columns *columns);

/* The names of the metrics among them; at most CAPACITY pointers into *columns. */
size_t run_columns_metrics(const struct run_columns *columns, const char **names,
                           size_t capacity);

/* What RUN says in COLUMN. */
struct run_cell {
    char text[160];
    double number; /* a metric's value or a numeric param; NaN otherwise */
    bool is_number;
    bool missing; /* there is nothing to say */
};
void run_cell_get(struct run_cell *cell, const struct run_column *column,
                  struct assay_catalog *catalog, uint32_t run, int64_t now_ms);

/* The run's name, or where it has none its short id; clean. Returns OUT. */
char *run_title(struct assay_catalog *catalog, uint32_t run, char *out, size_t capacity);

#endif

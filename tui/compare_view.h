/*
 * The comparison on the screen: its state, shared by view_compare.c (commands, layout) and its
 * parts compare_model.c (what is compared), compare_groups.c, compare_cells.c (what a cell
 * says), compare_files.c (artifacts), compare_factors.c (what mattered), compare_parallel.c,
 * compare_front.c (quality against cost), compare_pages.c (values, verdicts, a file's
 * difference), compare_mouse.c (clicks on those pages) and compare_charts.c (the curves below).
 */
#ifndef TUI_COMPARE_VIEW_H
#define TUI_COMPARE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/compare.h>
#include <assay/image.h>

#include "app.h"
#include "chart_state.h"
#include "errand.h"
#include "widget_chart.h"
#include "widget_figure.h"
#include "widget_prompt.h"
#include "widget_table.h"

#define COMPARE_WINDOW  40 /* columns the table is given at a time */
#define COMPARE_CHARTS  4
#define COMPARE_METRICS 16

enum compare_page {
    COMPARE_TABLE,
    COMPARE_VALUES,
    COMPARE_VERDICTS,
    COMPARE_FACTORS,
    COMPARE_DIFF,
    COMPARE_PARALLEL,
    COMPARE_CODE,
    COMPARE_IMAGES,
    COMPARE_FRONT,
};

struct compare_line { /* of a page of text */
    char text[400];   /* clean */
    enum role role;
    size_t factor; /* of COMPARE_FACTORS; SIZE_MAX none */
    bool heads;    /* the heads of its columns */
};

struct compare_spot { /* what a click on a figure can mean */
    double x, y;      /* in cells of the screen; y NaN: all of an upright line */
    size_t item;      /* a run, a group, an axis */
};

struct compare_view {
    struct app *app;
    uint32_t *runs;
    size_t run_count, added; /* those in the comparison so far */
    struct assay_comparison *comparison;
    bool built;
    int64_t took_us; /* building, in all */

    uint32_t baseline; /* run of the catalog; survives a rebuild */
    size_t base;       /* its column */
    bool all, transposed, deltas, grouped;
    struct assay_grouping grouping;
    bool proposed;  /* there are groups to be had */
    char *group_by; /* the fields they are made by; NULL: what differs beside the seed */
    size_t base_group;

    size_t *rows; /* fields shown, pinned ones first */
    size_t row_count, pinned_count;
    size_t equal;          /* folded */
    char *hidden, *pinned; /* rows, each before a line's end: its kind and its key */
    size_t *order;         /* columns (runs or groups) as shown, the baseline first */
    size_t order_count;
    size_t sorted_by; /* a field; SIZE_MAX: as they came */
    bool sorted_down;

    struct table table;
    struct table_column columns[COMPARE_WINDOW + 2];
    size_t window; /* the first of the columns the table has */
    struct rect table_rect, chart_rect;

    struct prompt filter;
    bool filtering;
    char filter_kept[PROMPT_SIZE], filter_before[PROMPT_SIZE];

    enum compare_page page;
    struct compare_line *lines;
    size_t line_count, line_capacity;
    struct list page_list;
    struct assay_explanation explanation;
    size_t explained;                 /* the metric's row */
    int brushes[ASSAY_PARALLEL_AXES]; /* by axis: 0 none, else the fifth from below */
    size_t brush_axis;
    size_t scatter_run;          /* under the scatter's cursor; SIZE_MAX none */
    struct figure_widget figure; /* of the page that has one */
    struct compare_spots {
        struct rect plot, lines; /* where on the screen: the figure, the rows of page_list */
        double rows;             /* of the figure */
        struct compare_spot *items;
        size_t count, capacity;
    } spots; /* of the page as it was last drawn */

    struct compare_front {
        char names[2][CHART_METRIC_SIZE]; /* quality, cost; rows are found by them anew */
        struct assay_aim aims[2];
        struct assay_front front;
        size_t *order; /* runs or groups as listed: the front, what it beats, the others */
    } front;           /* of COMPARE_FRONT */

    struct compare_export *export; /* a file is being written; NULL none is */
    struct compare_images *images; /* of COMPARE_IMAGES; NULL there are none */
    uint64_t pictures;             /* pairs of them shown so far */
    struct errand *code;           /* git is being asked; NULL it is not */
    struct errand *reading;        /* the artifacts of a run; NULL none are being read */
    struct errand *comparing;      /* two versions of an artifact, likewise */
    struct run_files *fetching;    /* of a run on a server: copied here before they are read */
    struct two_files *placing;     /* two versions that are not both here yet */

    bool files;               /* artifacts are rows as well */
    size_t file_run, file_at; /* the next one to read */
    size_t files_failed;      /* artifacts, or whole lists of them, that could not be had */
    size_t files_large;       /* on servers: not fetched for their rows */
    size_t files_beyond;      /* of runs with too many: left out */
    bool files_cut;           /* and there are more of them than are listed */
    char files_error[300];    /* what was wrong with the first that failed, clean */

    struct { /* metrics at an equal x instead of their last values */
        bool on;
        enum assay_axis axis;
        double x;
        char metric[CHART_METRIC_SIZE]; /* that reaches x; "": x is a place on the axis */
        size_t row, run;                /* the next to read, of rows and runs */
    } at;

    struct { /* the verdict last asked for */
        bool valid;
        size_t row, group;
        struct assay_judgement verdict;
    } judged;

    size_t metrics[COMPARE_METRICS];
    size_t metric_count, metric_at;
    struct chart_state charts[COMPARE_CHARTS];
    struct chart_widget widgets[COMPARE_CHARTS];
    size_t charts_shown;
};

/* ---- compare_model.c ---- */

/* Adds runs for a few milliseconds; true once all are in and the rest is settled. */
bool compare_build(struct compare_view *view);
void compare_rebuild(struct compare_view *view); /* from what the catalog says now */
/* Chooses and orders fields and columns anew; keeps the cursor on its field. */
void compare_choose(struct compare_view *view);
void compare_settled(struct compare_view *view);   /* after facts were added */
void compare_transpose(struct compare_view *view); /* runs down, or across again */
void compare_set_grouped(struct compare_view *view, bool grouped);
void compare_regrouped(struct compare_view *view, bool grouped); /* the groups are others */
void compare_set_base(struct compare_view *view, size_t entity);
/* Opens the screen of the run ENTITY, which is no group. */
void compare_open_run(struct compare_view *view, size_t entity);
void compare_sort_by(struct compare_view *view, size_t field);
/* Puts a row among those that are hidden or pinned, or takes it out; true where it is in now.
 */
bool compare_toggle_row(char **list, const struct assay_row *row);
bool compare_has_row(const char *list, const struct assay_row *row);
size_t compare_entities(const struct compare_view *view); /* runs or groups */
size_t compare_base_entity(const struct compare_view *view);
/* The field and the column under the cursor; SIZE_MAX where there is none. */
size_t compare_field(const struct compare_view *view);
size_t compare_entity(const struct compare_view *view);

/* ---- compare_groups.c ---- */

/* Makes the groups there are to be had; what is wrong with the fields they are made by is said.
 */
void compare_find_groups(struct compare_view *view);
void compare_seeds(struct compare_view *view); /* groups that differ by their seed, and back */
/* Groups by KEYS, as `assay compare --group-by` reads them; "": the field under the cursor, and
   back. */
void compare_group(struct compare_view *view, const char *keys);
void compare_group_names(const struct compare_view *view,
                         struct assay_buf *out); /* a line each */
/* Opens the comparison of the baseline and the run under the cursor alone, or of the runs of
   the group under it. */
void compare_only(struct compare_view *view);
/* Asks for approval of the candidate: the column under the cursor, or the only one that is not
   the baseline; of a group all its runs. */
void compare_ask_here(struct compare_view *view);

/* The colours of runs in figures, by their columns: those of their groups, or all the same; the
   caller frees them. */
int *compare_run_colors(const struct compare_view *view);
int compare_color(const struct compare_view *view, size_t entity);

/* ---- compare_cells.c ---- */

/* What the run in COLUMN is called, grouped or not. */
void compare_run_name(const struct compare_view *view, size_t column, char *out,
                      size_t capacity);
void compare_name(const struct compare_view *view, size_t entity, char *out, size_t capacity);
void compare_label(const struct compare_view *view, size_t field, char *out, size_t capacity);
/* The same where nothing beside it says what it is: "params.lr" where another row shown is an
   lr, too. */
void compare_label_alone(const struct compare_view *view, size_t field, char *out,
                         size_t capacity);
void compare_cell(const struct compare_view *view, size_t field, size_t entity,
                  struct table_cell *out);
void compare_delta(const struct compare_view *view, size_t field, size_t entity,
                   struct table_cell *out);
/* What the values of a field are, all runs together: "adamw 497, sgd 3", "0.21 … 0.35". */
void compare_spread(const struct compare_view *view, size_t field, struct table_cell *out);
/* The cell under the cursor in full, or what can be said of its group; else what there is to
   warn of: two lines, more where a screen of HEIGHT rows has room for them. */
void compare_readout_draw(struct compare_view *view, struct area area);
int compare_readout_rows(const struct compare_view *view, int height);

/* ---- compare_files.c ---- */

/* Takes what was read of the artifacts for a few milliseconds and sends for more; true once,
   when the last one is in. */
bool compare_files_step(struct compare_view *view);
/* Whether a run's artifacts are being fetched from a server: how many of how many are here. */
bool compare_files_fetching(const struct compare_view *view, size_t *done, size_t *count);
/* What was left out because a run has too many, for a line of the page; "" where nothing was.
 */
void compare_files_left(const struct compare_view *view, char *out, size_t capacity);
/* Stops that; false where there was nothing to stop. */
bool compare_files_stop(struct compare_view *view);
/* Has the file in FIELD compared between the baseline and RUN, on a thread; false where it is
   no file, or RUN no other run. */
bool compare_files_ask(struct compare_view *view, size_t field, size_t run);
/* What is being done for it, with how far it is, while it is; false: nothing is. */
bool compare_files_waiting(const struct compare_view *view, char *out, size_t capacity);
void compare_files_forget(struct compare_view *view); /* nobody waits for it any more */
/* True once the answer is in: *out has how they differ, view->images the pictures they are, or
 *err what went wrong. */
bool compare_files_answer(struct compare_view *view, struct assay_buf *out,
                          struct assay_error *err);

/* ---- compare_code.c ---- */

/* Asks git, on a thread of its own, for the code between the commits of two runs; false, said,
   where they name none. */
bool compare_code_ask(struct compare_view *view, size_t base, size_t run);
/* True once the answer is in: *out has it, or what went wrong is in *err. */
bool compare_code_answer(struct compare_view *view, struct assay_buf *out,
                         struct assay_error *err);

/* ---- compare_images.c ---- */

/* Reads two files as pictures and compares them; what could be made is in *out (to be freed)
   even where that failed. Any thread. */
enum assay_status compare_images_make(struct compare_images **out, char *const texts[2],
                                      const size_t lengths[2], const char *const names[2],
                                      struct assay_error *err);
void compare_images_free(struct compare_images **images);
void compare_images_draw(struct compare_view *view, struct area area);
/* Side by side, or in turn in one place; false where there are none. */
bool compare_images_blink(struct compare_view *view);

/* ---- compare_export.c ---- */

/* Writes what is on the screen to PATH ("": a free name), in the format its ending says, or as
   a bundle. */
void compare_export(struct compare_view *view, const char *path, bool bundle);
void compare_export_step(struct compare_view *view); /* says when it is done */
void compare_export_stop(struct compare_view *view);

/* ---- compare_pages.c ---- */

void compare_page_open(struct compare_view *view, enum compare_page page);
void compare_page_draw(struct compare_view *view, struct area area);
/* The commands to name in the bottom line, and what those keys mean on the page that is open.
 */
const enum command_id *compare_hints(void *self);
const char *compare_hint(void *self, enum command_id id);
/* What a page of lines is made of; TEXT is cleaned. */
struct compare_line *compare_add_line(struct compare_view *view, enum role role,
                                      const char *text);
void compare_lines_draw(struct compare_view *view, struct area body);

/* ---- compare_mouse.c ---- */

/* Forgets what clicks meant; then where the figure and the rows of the page's list stand, and
   what is in the figure: ITEM at X and Y from its left and its bottom, 0 to 1. */
void compare_spots_clear(struct compare_view *view);
void compare_spots_figure(struct compare_view *view, struct rect plot, double rows);
void compare_spot_add(struct compare_view *view, double x, double y, size_t item);
void compare_spots_lines(struct compare_view *view, struct rect lines);
/* A click goes to the run, axis or line it is nearest to; the wheel moves the list. */
void compare_page_mouse(struct compare_view *view, const struct event *event);

/* ---- compare_factors.c ---- */

void compare_factors_list(struct compare_view *view);
/* A param's line, or, where FACTOR is NULL, the heads of the columns. */
void compare_factor_draw(const struct compare_view *view, const struct assay_factor *factor,
                         enum role role, struct area row);
void compare_factors_draw(struct compare_view *view, struct area area);
void compare_factors_click(struct compare_view *view, size_t run);
bool compare_factors_command(struct compare_view *view, enum command_id id);

/* ---- compare_parallel.c ---- */

/* Of the metric and params of view->explanation. */
void compare_parallel_draw(struct compare_view *view, struct area area);
/* To AXIS; on the axis it is on a brush on the fifth at Y (0 to 1 from below), or none there.
 */
void compare_parallel_click(struct compare_view *view, size_t axis, double y);
bool compare_parallel_command(struct compare_view *view, enum command_id id);

/* ---- compare_front.c ---- */

/* Opens the page on NAMES, "QUALITY,COST" or one of them; "": what there is to choose. */
void compare_front_open(struct compare_view *view, const char *names);
void compare_front_make(struct compare_view *view); /* anew, after what is compared changed */
void compare_front_free(struct compare_view *view);
void compare_front_title(const struct compare_view *view, char *out, size_t capacity);
void compare_front_draw(struct compare_view *view, struct area area);
void compare_front_click(struct compare_view *view, size_t entity);
bool compare_front_command(struct compare_view *view, enum command_id id, const char *argument);

/* ---- compare_charts.c ---- */

/* Whose colour is whose, from X of LINE on: the groups, each once. */
void compare_groups_draw(const struct compare_view *view, int x, struct area line);
void compare_charts_draw(struct compare_view *view, struct area area);
void compare_charts_metric(struct compare_view *view, int delta, const char *name);
void compare_charts_cursor(struct compare_view *view, int steps);
/* Shows every metric at "step=N", "time=SECONDS" or "METRIC=N" (equal tokens); "" where the
   curves' cursor stands, or back to the values as they were. */
void compare_at(struct compare_view *view, const char *place);
/* Reads on; true once, when the last value is in. */
bool compare_at_step(struct compare_view *view);

#endif

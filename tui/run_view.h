/*
 * The run screen, inside: shared by view_run.c and the files run_*.c that draw its tabs.
 */
#ifndef TUI_RUN_VIEW_H
#define TUI_RUN_VIEW_H

#include <assay/map.h>

#include "app.h"
#include "change_ask.h"
#include "file_preview.h"
#include "run_columns.h"
#include "widget_chart.h"
#include "widget_prompt.h"
#include "widget_table.h"
#include "widget_tree.h"

enum run_tab {
    RUN_METRICS,
    RUN_PARAMS,
    RUN_TAGS,
    RUN_ARTIFACTS,
    RUN_LOG,
    RUN_SYSTEM,
    RUN_LINEAGE,
    RUN_NOTES,
    RUN_MODELS,
    RUN_TRACES,
    RUN_TABS
};
#define RUN_LISTS    3 /* the first tabs are tables of keys and values */
#define RUN_TABLES   5 /* and so, behind them, are the last two */
#define SYSTEM_TILES 12

struct run_system;
struct run_lineage;

struct run_view {
    struct app *app;
    uint32_t run;
    uint32_t *rows; /* the list it was opened from */
    size_t row_count;
    enum run_tab tab;

    struct table tables[RUN_TABLES];
    struct table_column headings[RUN_TABLES][8];
    size_t *shown; /* of the tab's keys, those the filter keeps */
    size_t shown_count, shown_capacity;
    struct prompt filter;
    bool filtering;
    size_t logged_counts[2]; /* models, traces, as last seen; 0: not looked at */

    struct chart_state chart;
    struct chart_widget widget;
    struct run_columns best; /* the metrics named in the header */
    uint64_t best_version;

    struct tree files;
    struct assay_map opened; /* folders: 1 open, 0 closed */
    size_t *file_at;         /* by row of the tree: index of the artifact */
    size_t file_capacity;
    struct file_preview preview;
    bool looking; /* the file has the whole tab, and the keys */
    size_t log;   /* which of the run's logs */

    struct list list; /* of the tabs system and lineage */
    struct run_system *system;
    int system_columns;
    struct run_lineage *lineage;

    struct change_ask ask; /* what is written to its server */
    long scroll;           /* of the note */
    struct rect list_rect, tab_rects[RUN_TABS];
};

/* The attributes of the run now; good for this frame only. */
const struct assay_attrs *run_attrs(const struct run_view *view);
/* Draws what is typed after /; false where there is nothing of it. (run_lists.c) */
bool run_filter_draw(struct run_view *view, struct area line);
/* Which of the tables the tab is; RUN_TABLES where it is none. */
size_t run_table(const struct run_view *view);
/* Draws it: CELLS of the rows that the filter keeps, EMPTY where there is none. (run_lists.c)
 */
void run_table_draw(struct run_view *view, struct area area,
                    void (*cell)(void *, size_t, size_t, struct table_cell *), size_t columns,
                    const char *empty);

/* ---- run_header.c ---- */
/* Draws name, state, times and best values; returns the rows used. */
int run_header_draw(struct run_view *view, struct area area);
void run_tabs_draw(struct run_view *view, struct area line);

/* ---- run_lists.c ---- */
void run_list_rows(struct run_view *view); /* which keys the filter keeps */
void run_metrics_draw(struct run_view *view, struct area area);
void run_pairs_draw(struct run_view *view, struct area area);
/* The metric under the cursor; NULL where there is none. */
const char *run_metric(struct run_view *view);
/* The value under the cursor of params or tags; NULL where there is none. */
const char *run_pair_value(struct run_view *view);
void run_select_metric(struct run_view *view, const char *metric);

/* ---- run_files.c ---- */
void run_files_draw(struct run_view *view, struct area area);
bool run_files_command(struct run_view *view, enum command_id id);
void run_files_forget(struct run_view *view);
/* The path of the file or folder under the cursor; NULL where there is none. */
const char *run_files_path(struct run_view *view);
/* Draws ITEM, one of FILES, or why it cannot be shown yet. */
void run_file_draw(struct run_view *view, const struct assay_artifacts *files,
                   const struct assay_artifact *item, struct area area);

/* ---- run_log.c ---- */
void run_log_draw(struct run_view *view, struct area area);
size_t run_log_count(struct run_view *view);

/* ---- run_system.c ---- */
void run_system_draw(struct run_view *view, struct area area);
bool run_system_command(struct run_view *view, enum command_id id);
size_t run_system_count(const struct run_view *view);
/* The metric AT of them; NULL where there are not so many. */
const char *run_system_metric(const struct run_view *view, size_t at);
/* Which of them is drawn at a place of the screen. */
bool run_system_hit(struct run_view *view, int x, int y, size_t *metric);
void run_system_free(struct run_view *view);

/* ---- run_lineage.c ---- */
void run_lineage_draw(struct run_view *view, struct area area);
bool run_lineage_command(struct run_view *view, enum command_id id);
bool run_lineage_any(struct run_view *view); /* whether there is any of it; cheap */
size_t run_lineage_rows(struct run_view *view);
/* What stands under the cursor, as it came (of a run: its id); NULL where nothing does. */
const char *run_lineage_text(struct run_view *view);
uint32_t run_lineage_run(struct run_view *view); /* the run under it, or ASSAY_NONE */
void run_lineage_free(struct run_view *view);

/* ---- run_logged.c ---- */
void run_logged_draw(struct run_view *view, struct area area);          /* models, traces */
size_t run_logged_count(const struct run_view *view, enum run_tab tab); /* without asking */
const char *run_logged_id(struct run_view *view); /* under the cursor, or NULL */

/* ---- run_note.c ---- */
void run_note_draw(struct run_view *view, struct area area);
/* What the source itself has as the run's note; NULL where it has none. */
const char *run_note_of_source(const struct run_view *view);
void run_note_edit(struct run_view *view);

#endif

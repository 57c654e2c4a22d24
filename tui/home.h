/*
 * The first screen, inside: shared by the files home_*.c and view_home.c only.
 */
#ifndef TUI_HOME_H
#define TUI_HOME_H

#include "app.h"
#include "change_ask.h"
#include "run_columns.h"
#include "run_list.h"
#include "widget_chart.h"
#include "widget_prompt.h"
#include "widget_table.h"
#include "widget_tree.h"

#define HOME_CHARTS 2

enum home_focus { HOME_TABLE, HOME_TREE };
enum home_tree_kind { TREE_ALL, TREE_SOURCE, TREE_EXPERIMENT, TREE_VIEWS, TREE_VIEW };

struct home_choice { /* one line of the column picker */
    enum run_column_kind kind;
    char name[RUN_COLUMN_KEY_SIZE + 16]; /* as run_columns_parse() reads it */
    char text[96];                       /* clean */
    bool on;
};

struct home {
    struct app *app;
    enum home_focus focus;
    uint32_t source_before, experiment_before; /* the scope home_all_runs() goes back to */
    bool touched; /* the user has done something: nothing is chosen for them any more */
    bool no_tree, no_preview;
    size_t rows_wanted, tree_wanted; /* lines that the table, and the tree, have use for */
    bool tree_shown;                 /* in this frame */
    bool sparks_due;                 /* the first frame is out */

    struct tree tree;
    uint64_t tree_version;
    uint64_t counted_version; /* of the catalog whose live runs were looked at */
    uint8_t *folded;          /* by source */
    size_t folded_capacity, folded_count;
    bool views_folded;

    struct run_list list;
    struct run_columns columns;
    struct table table;
    struct table_column headings[RUN_COLUMNS_MAX];

    struct change_ask ask; /* what is written about a run to its server */

    bool filtering;
    struct prompt filter;
    char filter_kept[PROMPT_SIZE];   /* the filter in force */
    char filter_before[PROMPT_SIZE]; /* what esc goes back to */
    struct assay_error filter_error;
    /* What of it is nobody's, found out once for each state of the catalog. */
    struct {
        struct assay_error note;
        uint64_t version;
        bool reading;
    } unlogged;

    char **metrics; /* of the scope, those of the columns first */
    size_t metric_count, metric_at;
    bool metrics_whole; /* all there are, and not only the columns' */
    struct chart_state charts[HOME_CHARTS];
    struct chart_widget widgets[HOME_CHARTS];

    struct { /* the column picker */
        bool open;
        struct home_choice *choices;
        size_t count;
        size_t *shown; /* those that match what is typed */
        size_t shown_count;
        struct list list;
        struct prompt prompt;
    } picker;

    bool champion_awaited; /* the registry is being read, for */
    uint32_t champion_for; /* ... this run's comparison */

    struct rect tree_rect, table_rect, preview_rect; /* on the screen, for the mouse */
    uint64_t diverged_version;
};

/* The run under the cursor; ASSAY_NONE where there is none. */
uint32_t home_run(const struct home *home);

/* ---- home_tree.c ---- */
void home_tree_build(struct home *home);
void home_tree_draw(struct home *home, struct area area);
/* The scope with where it lies, where there is no room for the tree; returns the cells used. */
int home_tree_line(struct home *home, struct area line, int room);
bool home_tree_command(struct home *home, enum command_id id);
/* Looks at what the row under the tree's cursor stands for. */
void home_tree_follow(struct home *home);
/* Puts the tree's cursor on the scope in force. */
void home_tree_find(struct home *home);
/* The name of the scope, clean, into OUT. */
char *home_scope_text(const struct home *home, char *out, size_t capacity);
void home_apply_view(struct home *home, const struct assay_saved_view *view);

/* ---- home_table.c ---- */
void home_set_scope(struct home *home, uint32_t source, uint32_t experiment);
/* The scope of a user who has said nothing: the experiment that was last active. */
void home_choose_scope(struct home *home);
/* All runs; from all runs, back to what was looked at before. */
void home_all_runs(struct home *home);
/* Takes in what has changed, without moving anything under the eyes. */
void home_refresh(struct home *home);
void home_set_columns(struct home *home, const struct run_columns *columns);
void home_guess_columns(struct home *home);
bool home_is_reading(const struct home *home); /* some source */
void home_table_draw(struct home *home, struct area area);
bool home_table_command(struct home *home, enum command_id id, const char *argument);
bool home_sort(struct home *home, const char *field);
void home_tell_unlogged(struct home *home, const char *names);
void home_table_click(struct home *home, int x, int y);

/* ---- home_sparks.c ---- */
/* The charted metric of each row, in the room that the columns leave in AREA. */
void home_sparks_draw(struct home *home, struct area area);

/* ---- home_filter.c ---- */
void home_filter_open(struct home *home);
bool home_filter_event(struct home *home, const struct event *event);
bool home_filter_set(struct home *home, const char *text);
/* The line above the table: what is shown, how much of it, the filter. */
void home_filter_draw(struct home *home, struct area area);
/* Where the table is empty: that nothing here matches, what does elsewhere, and what to press.
 */
void home_filter_nothing(struct home *home, struct area area);

/* ---- home_preview.c ---- */
void home_metrics_collect(struct home *home); /* the columns' */
void home_metrics_whole(struct home *home);   /* and all others */
void home_preview_draw(struct home *home, struct area area);
void home_next_metric(struct home *home, int delta, const char *name);

/* ---- home_picker.c ---- */
void home_picker_open(struct home *home);
void home_picker_close(struct home *home);
void home_picker_event(struct home *home, const struct event *event);
/* Where on the screen it is drawn. */
struct rect home_picker_box(const struct home *home, struct area area);
void home_picker_draw(struct home *home, struct area area);

/* ---- home_compare.c ---- */

/* Opens the comparison of the marked runs, or of all in the table where none is marked; WHICH
   may name others: "last 2", "parent", "champion". */
void home_compare(struct home *home, const char *which);
/* Opens the comparison with the champion once the registry has been read, if its run is still
   the one under the cursor and nothing else was begun. */
void home_compare_poll(struct home *home);

#endif

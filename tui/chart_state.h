/*
 * What one chart shows: which metric of which runs, along which axis, how far in, how smooth,
 * and where the cursor stands. No drawing and no keys: view_chart.c and the previews own one
 * each and draw it through widget_chart.c.
 */
#ifndef TUI_CHART_STATE_H
#define TUI_CHART_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/chart.h>
#include <assay/session.h>

#include "chart_group.h"

#define CHART_LINES_MAX   64
#define CHART_METRIC_SIZE 240

struct chart_source { /* one line of the chart and where it comes from */
    uint32_t run;
    int color;
    char label[96];              /* clean */
    struct assay_series *series; /* the session's, only until its next dispatch */
    enum assay_load load;
    struct assay_series *smooth; /* ours, or NULL */
    uint64_t smooth_version;     /* of the series it was made from */
    double smooth_weight;
    double last;             /* of the raw series */
    struct assay_bins *bins; /* for the mean of a group; ours, or NULL */
    uint64_t bins_key;       /* what they were made of */
};

struct chart_state {
    struct assay_session *session;
    char metric[CHART_METRIC_SIZE];
    struct chart_source sources[CHART_LINES_MAX];
    size_t count;
    double weight; /* of smoothing: 0 none */
    enum assay_axis axis;
    bool log_x, log_y, hide_superseded;
    double x_min, x_max; /* what is seen; NaN: everything, also what is still to come */
    double cursor;       /* x; NaN none */

    struct chart_group group; /* how = CHART_SINGLE: every run has its own line */

    /* made by chart_state_update() */
    struct assay_chart_line lines[CHART_LINES_MAX]; /* of each run */
    bool grouped;                                   /* the chart has the group's line instead */
    struct assay_chart chart;                       /* what is drawn */
    struct assay_chart_info info;
    bool drawable; /* there is something to draw */
    bool busy;     /* points are being read */
    bool more;     /* smoothing is not done with: update and draw again soon */
};

void chart_state_init(struct chart_state *state, struct assay_session *session);
void chart_state_free(struct chart_state *state);
/* Which runs, with the colour each has on the screen; keeps what is known of those that stay.
 */
void chart_state_set_runs(struct chart_state *state, const uint32_t *runs, const int *colors,
                          size_t count);
/* Another metric: the range and the cursor go back to the whole. */
void chart_state_set_metric(struct chart_state *state, const char *metric);
/* Asks the session for the points, smooths within a few milliseconds' work, fits the ranges.
   Call it before each drawing: what it made holds until the session's next dispatch. The
   functions below that look for points call it themselves. */
void chart_state_update(struct chart_state *state);

void chart_state_zoom(struct chart_state *state, double factor, double unit);
void chart_state_zoom_all(struct chart_state *state);
void chart_state_pan(struct chart_state *state, double share);
/* Moves the cursor by STEPS columns of WIDTH, at least to the next point in that direction. */
void chart_state_move_cursor(struct chart_state *state, int steps, int width);
void chart_state_put_cursor(struct chart_state *state, double unit);
/* *line is one of the chart's lines that have it there. */
bool chart_state_landmark(struct chart_state *state, bool forward, enum assay_landmark *which,
                          size_t *line);
/* Puts the cursor at X, and has it in sight. */
void chart_state_go(struct chart_state *state, double x);
void chart_state_set_axis(struct chart_state *state, enum assay_axis axis);
/* Where the cursor stands across the plot, 0..1; NaN where it is out of sight. */
double chart_state_cursor_unit(const struct chart_state *state);

/* Of how many runs points are missing because what they are read from is damaged. */
size_t chart_state_incomplete(const struct chart_state *state);

/* The value of run INDEX at the cursor, whether its line is drawn or the group's: as drawn in
   *shown, and as written in *raw. *away says that its nearest point lies elsewhere: the line
   ends before the cursor, or has a gap there.
 */
bool chart_state_read(const struct chart_state *state, size_t index, double *shown,
                      struct assay_point *raw, bool *away);

/* "step", "wall time", "since start" */
const char *chart_axis_name(enum assay_axis axis);
/* The x of the cursor for people, in a chart that shows SPAN of the axis: "step 41,250",
   "2026-01-31 12:04:31", "1:23:45". */
void chart_x_text(char *out, size_t capacity, enum assay_axis axis, double x, double span);

#endif

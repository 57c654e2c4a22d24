/*
 * What runs' notes say of places on a chart: lines of a note that begin with "step N:" stand at
 * that step. For view_chart.c.
 */
#ifndef TUI_CHART_NOTES_H
#define TUI_CHART_NOTES_H

#include "chart_state.h"

#define CHART_NOTES_MAX 64

struct chart_note {
    size_t source; /* index of the run in the chart */
    int64_t step;
    char text[160]; /* clean */
};
struct chart_notes {
    struct chart_note items[CHART_NOTES_MAX];
    size_t count;
};

/* Reads the notes of the runs of STATE anew. */
void chart_notes_read(struct chart_notes *notes, const struct chart_state *state);
/* Where NOTE stands on the chart's axis now: at its step, or where the run was at that step;
   NaN where the run has no point from there on. STATE is up to date. */
double chart_note_x(const struct chart_note *note, const struct chart_state *state);
/* The next (or previous) note from X; NULL where there is none. *found is where it stands. */
const struct chart_note *chart_notes_next(const struct chart_notes *notes,
                                          const struct chart_state *state, double x,
                                          bool forward, double *found);

#endif

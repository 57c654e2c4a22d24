/*
 * The runs of a chart as one line: their mean with a band that says how far they lie apart, in
 * the range that is seen. Made anew where a run, the range or the smoothing changes; for
 * chart_state.c.
 */
#ifndef TUI_CHART_GROUP_H
#define TUI_CHART_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/chart.h>

struct chart_state;

enum chart_grouping { CHART_SINGLE, CHART_RANGE, CHART_DEVIATION };

struct chart_group {
    enum chart_grouping how;
    struct assay_curves curves;
    struct assay_chart_line line;
    char label[64];
    uint64_t serial;  /* another one for each time the curves were made */
    uint64_t made_of; /* says what: a hash; 0 nothing */
    size_t runs;      /* that have points */
};

void chart_group_free(struct chart_group *group);
/* Works on the mean of what STATE has found until UNTIL (monotonic, microseconds). False where
   that is not done yet, or there is nothing to group; else `line` is what to draw. */
bool chart_group_update(struct chart_group *group, struct chart_state *state, int64_t until);
/* The mean and the edges of its band nearest to X; false where there is none. */
bool chart_group_read(const struct chart_group *group, const struct assay_chart *chart,
                      double x, double *mean, double *low, double *high);
/* "least to greatest", "± standard deviation" */
const char *chart_group_name(enum chart_grouping how, bool ascii);

#endif

/*
 * The runs of a chart as one line (chart_group.h).
 */
#include "chart_group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "chart_state.h"

void chart_group_free(struct chart_group *group)
{
    assay_curves_free(&group->curves);
    group->made_of = 0;
}

const char *chart_group_name(enum chart_grouping how, bool ascii)
{
    return how == CHART_RANGE ? "least to greatest"
           : ascii            ? "+- standard deviation"
                              : "± standard deviation";
}

static uint64_t mixed(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ at[i]) * 0x100000001b3u;
    }
    return hash;
}

/* What one run's bins depend on. */
static uint64_t source_key(const struct chart_state *state, const struct chart_source *source,
                           double lo, double hi)
{
    double numbers[] = {lo, hi, source->smooth ? source->smooth_weight : 0};
    uint64_t counts[] = {(uint64_t)state->axis, assay_series_version(source->series),
                         source->smooth ? source->smooth_version : 0, source->run};
    uint64_t hash = mixed(0xcbf29ce484222325u, numbers, sizeof numbers);
    return mixed(hash, counts, sizeof counts) | 1;
}

bool chart_group_update(struct chart_group *group, struct chart_state *state, int64_t until)
{
    const struct assay_bins *bins[CHART_LINES_MAX];
    double lo = state->chart.x_min, hi = state->chart.x_max;
    double beside = (hi - lo) / ASSAY_BINS; /* so that the line leads out of the picture */
    uint64_t made_of = 0xcbf29ce484222325u ^ (uint64_t)group->how;
    size_t count = 0;
    if (state->axis == ASSAY_AXIS_STEP && lo == floor(lo) && hi == floor(hi) &&
        hi - lo < ASSAY_BINS - 2) {
        hi = lo + ASSAY_BINS - 1; /* one step in a bin */
        beside = 0.5;
    }
    for (size_t i = 0; i < state->count; i++) {
        struct chart_source *source = &state->sources[i];
        if (!source->series || assay_series_count(source->series) == 0) {
            continue;
        }
        uint64_t key = source_key(state, source, lo, hi);
        if (!source->bins || source->bins_key != key) {
            if (assay_monotonic_us() > until) {
                state->more = true;
                return false;
            }
            free(source->bins);
            source->bins = assay_series_bin(source->smooth ? source->smooth : source->series,
                                            state->axis, lo - beside, hi + beside);
            source->bins_key = key;
        }
        bins[count++] = source->bins;
        made_of = mixed(made_of, &key, sizeof key);
    }
    if (count < 2) {
        return false;
    }
    if (group->made_of != made_of) {
        assay_curves_make(&group->curves, bins, count, state->axis,
                          group->how == CHART_RANGE ? ASSAY_SPREAD_RANGE
                                                    : ASSAY_SPREAD_DEVIATION);
        group->made_of = made_of;
        group->serial++;
    }
    group->runs = count;
    snprintf(group->label, sizeof group->label, "mean of %zu runs", count);
    group->line = (struct assay_chart_line){
        .series = group->curves.mean,
        .low = group->curves.low,
        .high = group->curves.high,
        .label = group->label,
        .color = state->sources[0].color,
    };
    return true;
}

bool chart_group_read(const struct chart_group *group, const struct assay_chart *chart,
                      double x, double *mean, double *low, double *high)
{
    struct assay_series *const of[] = {group->curves.mean, group->curves.low,
                                       group->curves.high};
    double *const out[] = {mean, low, high};
    for (size_t i = 0; i < 3; i++) {
        struct assay_chart_line line = {.series = of[i]};
        struct assay_chart one = *chart;
        one.lines = &line;
        one.line_count = 1;
        struct assay_reading reading = {0};
        if (of[i]) {
            reading = assay_chart_read(&one, 0, x);
        }
        if (!reading.found) {
            return false;
        }
        *out[i] = reading.point.value;
    }
    return true;
}

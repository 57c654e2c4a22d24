/*
 * A series: every point of one metric of one run, in the order it was written, with a pyramid
 * of extremes above it. Points are kept in immutable packed chunks (ASSAY_CHUNK_POINTS at
 * most), the same bytes in memory and in the databases. NaN and infinities are kept and
 * counted; steps may go back (restarts), repeat or be unsorted. Pure data: no I/O, no threads
 * of its own; one owner.
 */
#ifndef ASSAY_SERIES_H
#define ASSAY_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/error.h>

struct assay_point {
    int64_t step;
    int64_t time_ms; /* since 1970 UTC */
    double value;
};

/* What is known of a series without its points. min and max range over the finite values and
   are NaN where there is none. */
struct assay_summary {
    double last;
    int64_t step;    /* of the last */
    int64_t time_ms; /* of the last */
    double min, max;
    uint64_t n;         /* every point */
    uint64_t nonfinite; /* NaN and infinities among them */
};

/* Which point is "last": the greatest (step, time), and on a tie the later written, or for
   MLflow the greater value (NaN compares as 0 there, which is how its SQL store keeps it). */
enum assay_last_rule { ASSAY_LAST_WRITTEN, ASSAY_LAST_VALUE };
#define ASSAY_SUMMARY_EMPTY                                                                    \
    ((struct assay_summary){                                                                   \
        .last = __builtin_nan(""), .min = __builtin_nan(""), .max = __builtin_nan("")})
void assay_summary_add(struct assay_summary *summary, const struct assay_point *point,
                       enum assay_last_rule rule);
void assay_summary_merge(struct assay_summary *summary, const struct assay_summary *later,
                         enum assay_last_rule rule);

/* ---- chunks: immutable, reference-counted (atomically: a chunk may be shared by threads) ----
 */

#define ASSAY_CHUNK_POINTS 4096u

struct assay_chunk; /* opaque */

/* Packs 1..ASSAY_CHUNK_POINTS points: steps and times as offsets in the fewest of 0, 1, 2, 4 or
   8 bytes (0: a constant stride), values as float where every one survives it, else double. */
struct assay_chunk *assay_chunk_pack(const struct assay_point *points, size_t count);
struct assay_chunk *assay_chunk_ref(struct assay_chunk *chunk);
void assay_chunk_unref(struct assay_chunk *chunk); /* NULL is fine */
size_t assay_chunk_count(const struct assay_chunk *chunk);
/* Copies COUNT points from index FROM. */
void assay_chunk_get(const struct assay_chunk *chunk, size_t from, size_t count,
                     struct assay_point *out);
/* n, nonfinite, min, max and last (by ASSAY_LAST_WRITTEN) of the chunk. */
const struct assay_summary *assay_chunk_summary(const struct assay_chunk *chunk);
/* The bytes to store; they live as long as the chunk. */
const void *assay_chunk_bytes(const struct assay_chunk *chunk, size_t *length);
/* A chunk from stored bytes, checked in full (they are hostile until then). */
enum assay_status assay_chunk_load(struct assay_chunk **out, const void *bytes, size_t length,
                                   struct assay_error *err);

/* ---- series ---- */

struct assay_series; /* opaque */

struct assay_series *assay_series_new(enum assay_last_rule rule);
void assay_series_free(struct assay_series **series);
void assay_series_add(struct assay_series *series, const struct assay_point *points,
                      size_t count);
void assay_series_add_chunk(struct assay_series *series, struct assay_chunk *chunk_take);

/* Where the series comes from it has points that can no longer be read: damage. Said once by
   who reads it, asked by who shows it. */
void assay_series_lacks(struct assay_series *series);
bool assay_series_incomplete(const struct assay_series *series);

size_t assay_series_count(const struct assay_series *series);
const struct assay_summary *assay_series_summary(const struct assay_series *series);
/* Grows by one with each change: caches of derived things compare it. */
uint64_t assay_series_version(const struct assay_series *series);
/* Bytes of memory the series holds, its pyramid included. */
size_t assay_series_bytes(const struct assay_series *series);
/* Points FROM.. in the order written. */
void assay_series_get(const struct assay_series *series, size_t from, size_t count,
                      struct assay_point *out);
/* A new array of all points in the order (step, time, order written); the caller frees it. */
struct assay_point *assay_series_sorted(const struct assay_series *series, size_t *count);

/* The x axis a chart looks along. */
enum assay_axis {
    ASSAY_AXIS_STEP,
    ASSAY_AXIS_TIME,     /* milliseconds since 1970 */
    ASSAY_AXIS_RELATIVE, /* seconds since the series' earliest time */
};
/* x of a point along AXIS; ORIGIN_MS is assay_series_origin() for RELATIVE. */
double assay_point_x(const struct assay_point *point, enum assay_axis axis, int64_t origin_ms);
int64_t assay_series_origin(const struct assay_series *series); /* earliest time, ms */

/* A maximal stretch of points, as written, along which x never goes back: a series without
   restarts is one segment. `live` counts the points of it that no later segment supersedes
   (those with x below the first x of every later segment: TensorBoard's per-tag rule, applied
   to whole segments). A series written in no order at all (more than ASSAY_SEGMENTS_MAX
   stretches) is given as one segment of a sorted copy, which then is what the functions below
   index. */
struct assay_segment {
    size_t first, count, live;
};
#define ASSAY_SEGMENTS_MAX 4096u

/* A series looked at along one axis; cheap to make again, holds pointers into the series and is
   valid until the series changes. */
struct assay_view {
    const struct assay_series *series; /* or its sorted copy */
    enum assay_axis axis;
    int64_t origin_ms;
    const struct assay_segment *segments;
    size_t segment_count;
};
void assay_series_view(struct assay_series *series, enum assay_axis axis,
                       struct assay_view *out);

/* The smallest index in SEGMENT whose x is >= X (or > X with AFTER); first+count where none. */
size_t assay_view_find(const struct assay_view *view, const struct assay_segment *segment,
                       double x, bool after);
struct assay_point assay_view_point(const struct assay_view *view, size_t index);
/* Extremes of points [from, to): finite minimum and maximum (NaN where none), and how many
   values are not finite. Exact, through the pyramid: O(log n). */
struct assay_extent {
    double min, max;
    size_t nonfinite;
};
struct assay_extent assay_view_extent(const struct assay_view *view, size_t from, size_t to);

/* What a chart needs of one pixel column: the points of a segment with edges[i] <= x <
   edges[i+1]. Joining the first and last points of neighbouring columns and drawing min to max
   in each gives the picture of all points. */
struct assay_view_column {
    size_t from,
        count; /* indices of its points; count may be 0, and nothing else is set then */
    size_t nonfinite;
    double min, max;        /* of the finite values; NaN where there is none */
    double x_first, x_last; /* of the first and the last point, on the view's axis ... */
    double first, last;     /* ... and their values, which may be NaN or infinite */
};
/* Fills out[0..columns) in one sweep; EDGES are columns + 1 numbers that never go back, at
   whatever distances the scale gives them. */
void assay_view_columns(const struct assay_view *view, const struct assay_segment *segment,
                        const double *edges, size_t columns, struct assay_view_column *out);

/* ---- derived ---- */

/* Exponential moving average with TensorBoard's debiasing; WEIGHT in [0, 1). Non-finite values
   pass through and do not enter the average. The result is a new series. Source: TensorBoard,
   tb_line_chart data loader; the formula stands in core/series/smooth.c. */
struct assay_series *assay_series_smooth(const struct assay_series *series, double weight);

/* ---- several series as one ---- */

#define ASSAY_BINS 1024

/* One series in ASSAY_BINS equal parts of [lo, hi]: in each the mean x and the mean value of
   its finite points, those that no restart superseded. Where there is at most one step in a bin
   they are the points themselves. */
struct assay_bins {
    double x[ASSAY_BINS], value[ASSAY_BINS];
    uint32_t count[ASSAY_BINS]; /* finite points in it; 0: the value says nothing */
    uint32_t gaps[ASSAY_BINS];  /* points that are not finite; x is theirs where there are no
                                   others, and says nothing where both are 0 */
};
/* O(points in [lo, hi]). The caller frees it with free(). */
struct assay_bins *assay_series_bin(struct assay_series *series, enum assay_axis axis,
                                    double lo, double hi);

enum assay_spread {
    ASSAY_SPREAD_RANGE,     /* the least and the greatest of the series */
    ASSAY_SPREAD_DEVIATION, /* their standard deviation (n - 1) either side of the mean */
};
/* The three have the same points: wherever at least one of the series has any. A series counts
   from its first to its last finite point, between its points on the straight line that joins
   them, but not across a value that is not finite: there it is left out, and where none of the
   series has a value the three are NaN. */
struct assay_curves {
    struct assay_series *mean, *low, *high; /* owned; good for the axis they were made for */
};
/* Of COUNT >= 1 series, all of the same AXIS, lo and hi; what was in *curves is freed. */
void assay_curves_make(struct assay_curves *curves, const struct assay_bins *const *bins,
                       size_t count, enum assay_axis axis, enum assay_spread spread);
void assay_curves_free(struct assay_curves *curves);

#endif

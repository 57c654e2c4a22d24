/*
 * Sorting points, for the sorted copies of series. Series are nearly always sorted but for a
 * few restarts, so this merges the stretches that are sorted already (a natural merge sort, as
 * Knuth, The Art of Computer Programming 3, 5.2.4 describes): one comparison a point where
 * nothing is to be done, n log r for r stretches, stable.
 */
#include <stdlib.h>
#include <string.h>

#include "series/parts.h"

static bool before(const struct assay_point *a, const struct assay_point *b,
                   enum series_key key)
{
    int64_t first_a = key == SERIES_BY_STEP ? a->step : a->time_ms;
    int64_t first_b = key == SERIES_BY_STEP ? b->step : b->time_ms;
    if (first_a != first_b)
        return first_a < first_b;
    return key == SERIES_BY_STEP ? a->time_ms < b->time_ms : a->step < b->step;
}

static void merge(struct assay_point *out, const struct assay_point *a, size_t a_count,
                  const struct assay_point *b, size_t b_count, enum series_key key)
{
    while (a_count > 0 && b_count > 0) {
        if (before(b, a, key)) {
            *out++ = *b++;
            b_count--;
        } else {
            *out++ = *a++;
            a_count--;
        }
    }
    memcpy(out, a, a_count * sizeof *a);
    memcpy(out + a_count, b, b_count * sizeof *b);
}

/* Merges neighbouring stretches pairwise from IN to OUT; ends[] holds where each ends. Returns
   how many are left. */
static size_t merge_pass(struct assay_point *out, const struct assay_point *in, size_t *ends,
                         size_t stretches, enum series_key key)
{
    size_t left = 0, start = 0;
    for (size_t i = 0; i < stretches; i += 2) {
        size_t middle = ends[i], end = i + 1 < stretches ? ends[i + 1] : middle;
        merge(out + start, in + start, middle - start, in + middle, end - middle, key);
        ends[left++] = start = end;
    }
    return left;
}

void series_sort_points(struct assay_point *points, size_t count, enum series_key key)
{
    size_t *ends = NULL, capacity = 0, stretches = 0;
    for (size_t i = 1; i <= count; i++) {
        if (i < count && !before(&points[i], &points[i - 1], key))
            continue;
        ASSAY_GROW(ends, capacity, stretches + 1);
        ends[stretches++] = i;
    }
    if (stretches > 1) {
        struct assay_point *spare = assay_alloc_array(count, sizeof *spare);
        struct assay_point *in = points, *out = spare;
        while (stretches > 1) {
            stretches = merge_pass(out, in, ends, stretches, key);
            struct assay_point *swap = in;
            in = out;
            out = swap;
        }
        if (in != points)
            memcpy(points, in, count * sizeof *points);
        free(spare);
    }
    free(ends);
}

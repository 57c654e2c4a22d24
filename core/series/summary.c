/*
 * Summaries: what is known of a series without its points. Readers keep one per metric while
 * they scan, series keep one of all their points, and the catalog shows them.
 */
#include <math.h>

#include <assay/series.h>

/* MLflow compares (step, timestamp, value) tuples. Its SQL store keeps NaN as 0 beside a flag,
   and infinities as the greatest doubles, so there NaN compares as 0. Its file store compares
   NaN itself, and the answer then depends on the order of the lines; of the two only the first
   is an order that summaries of parts can be merged by, so it is the rule here. */
static double rank_of(double value)
{
    return isnan(value) ? 0 : value;
}

static bool replaces(const struct assay_summary *summary, int64_t step, int64_t time_ms,
                     double value, enum assay_last_rule rule)
{
    if (summary->n == 0)
        return true;
    if (step != summary->step)
        return step > summary->step;
    if (time_ms != summary->time_ms)
        return time_ms > summary->time_ms;
    return rule == ASSAY_LAST_WRITTEN || rank_of(value) > rank_of(summary->last);
}

void assay_summary_add(struct assay_summary *summary, const struct assay_point *point,
                       enum assay_last_rule rule)
{
    double value = point->value;
    if (replaces(summary, point->step, point->time_ms, value, rule)) {
        summary->last = value;
        summary->step = point->step;
        summary->time_ms = point->time_ms;
    }
    if (isfinite(value)) {
        summary->min = value >= summary->min ? summary->min : value;
        summary->max = value <= summary->max ? summary->max : value;
    } else {
        summary->nonfinite++;
    }
    summary->n++;
}

void assay_summary_merge(struct assay_summary *summary, const struct assay_summary *later,
                         enum assay_last_rule rule)
{
    if (later->n == 0)
        return;
    if (replaces(summary, later->step, later->time_ms, later->last, rule)) {
        summary->last = later->last;
        summary->step = later->step;
        summary->time_ms = later->time_ms;
    }
    if (!isnan(later->min) && !(later->min >= summary->min))
        summary->min = later->min;
    if (!isnan(later->max) && !(later->max <= summary->max))
        summary->max = later->max;
    summary->n += later->n;
    summary->nonfinite += later->nonfinite;
}

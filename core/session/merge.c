/*
 * A server's list of runs has the latest point of each metric and nothing of the others. What
 * was learnt of a series by reading it (its extremes, how many points) is kept while the latest
 * point stays the same. Called by batch.c when runs and series of servers are applied.
 */
#include <string.h>

#include "model/attrs.h"
#include "session/session_private.h"

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_latest(const struct assay_summary *a, const struct assay_summary *b)
{
    return a->step == b->step && a->time_ms == b->time_ms && same_bits(a->last, b->last);
}

static void *pack(const struct assay_attrs *attrs, size_t *length, struct assay_arena *arena)
{
    struct assay_buf packed = {0};
    void *copy;

    attrs_pack(attrs, &packed);
    copy = assay_arena_alloc(arena, packed.length + 1);
    memcpy(copy, assay_buf_text(&packed), packed.length);
    *length = packed.length;
    assay_buf_free(&packed);
    return copy;
}

bool merge_summaries(const struct assay_attrs *before, const void **packed, size_t *length,
                     struct assay_arena *arena)
{
    struct assay_attrs after;
    bool changed = false;

    if (!before->metric_count || !attrs_unpack(*packed, *length, arena, &after))
        return false;
    for (size_t i = 0; i < after.metric_count; i++) {
        struct assay_summary *now = &after.metrics[i].summary;
        const struct assay_metric *then = assay_attrs_metric(before, after.metrics[i].key);

        if (now->n || !then || !then->summary.n || !same_latest(now, &then->summary))
            continue;
        *now = then->summary;
        changed = true;
    }
    if (changed)
        *packed = pack(&after, length, arena);
    return changed;
}

void *merge_metric(const struct assay_attrs *attrs, const char *metric,
                   const struct assay_summary *summary, size_t *length,
                   struct assay_arena *arena)
{
    const struct assay_metric *then = assay_attrs_metric(attrs, metric);
    struct assay_attrs after = *attrs;

    /* No points where the list has a latest one: the value that is known is not given up. */
    if (!then || !summary->n ||
        (then->summary.n == summary->n && same_latest(&then->summary, summary) &&
         then->summary.nonfinite == summary->nonfinite &&
         same_bits(then->summary.min, summary->min) &&
         same_bits(then->summary.max, summary->max)))
        return NULL;
    after.metrics = assay_arena_alloc(arena, attrs->metric_count * sizeof *after.metrics);
    memcpy(after.metrics, attrs->metrics, attrs->metric_count * sizeof *after.metrics);
    after.metrics[then - attrs->metrics].summary = *summary;
    return pack(&after, length, arena);
}

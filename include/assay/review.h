/*
 * What a reviewer looks at beside the request itself: candidate and champion side by side, and
 * what has changed since a decision of theirs. Used by the request screen and `assay review`.
 * Texts are as their authors wrote them: clean them before showing.
 */
#ifndef ASSAY_REVIEW_H
#define ASSAY_REVIEW_H

#include <assay/approval.h>
#include <assay/memory.h>

struct assay_side_metric {
    const char *key;
    double candidate, champion; /* NaN where one has none */
    /* Over the runs (seeds) of both: the 95 % interval of the difference. */
    bool interval; /* else WHY says why there is none */
    bool paired;   /* by seed */
    size_t runs;
    double low, high, mean;
    const char *why;
};
struct assay_side_item { /* a file or a dataset; a digest is "" on the side that lacks it */
    const char *name, *context;
    const char *candidate, *champion;
    uint64_t candidate_bytes, champion_bytes;
};
struct assay_sides {
    struct assay_arena arena;
    const char *champion_version;             /* as the platform has it now; "" none */
    const char *candidate_run, *champion_run; /* ids; "" not known */
    const char *candidate_digest, *champion_digest;
    struct assay_side_metric *metrics; /* of either */
    size_t metric_count;
    struct assay_side_item *files, *datasets;
    size_t file_count, dataset_count;
};
/* Asks the platform of the request (files and the network: this waits). The caller frees. */
enum assay_status assay_sides_read(struct assay_ledger *ledger, const char *id,
                                   struct assay_sides **out, struct assay_error *err);
void assay_sides_free(struct assay_sides **sides);

/* What differs between the revision that this user's last decision was on and the one there is
   now, one sentence each; nothing where there was no decision or it was on this one. */
size_t assay_request_changes(const struct assay_ledger *ledger, const char *id,
                             struct assay_arena *arena, const char *const **out);

#endif

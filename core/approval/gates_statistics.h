/*
 * What gates ask of statistics: intervals over several runs of candidate and champion, and what
 * a drift measure gives where nothing drifts.
 */
#ifndef CORE_APPROVAL_GATES_STATISTICS_H
#define CORE_APPROVAL_GATES_STATISTICS_H

#include "approval/gates.h"

struct gate_interval {
    bool there;      /* else WHY says why not */
    const char *why; /* a constant */
    bool paired;
    size_t n;               /* pairs, or runs of the candidate */
    double low, high, mean; /* of candidate minus champion */
};
/* The 95 % interval of the difference of METRIC: paired by seed where both have the same seeds.
 */
struct gate_interval gate_interval_of(const struct version_facts *candidate,
                                      const struct version_facts *champion, const char *metric);
/* The 99 % quantile of a population stability index over BINS bins between samples of N and M
   rows of one distribution: (1/N + 1/M) times that of chi-squared with BINS - 1 degrees of
   freedom. */
double gate_psi_limit(double n, double m, double bins);

#endif

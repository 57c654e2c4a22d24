/*
 * Statistics for gates (gates_statistics.h), over assay/statistics.h. Called by gates.c.
 */
#include "approval/gates_statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/statistics.h>

/* Values of METRIC, at most one of each seed; false where a seed comes twice. */
static bool collect(const struct version_facts *facts, const char *metric,
                    const struct version_sample **out, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < facts->sample_count; i++) {
        if (strcmp(facts->samples[i].key, metric) != 0)
            continue;
        for (size_t k = 0; k < *count; k++)
            if (strcmp(out[k]->pair, facts->samples[i].pair) == 0)
                return false;
        out[(*count)++] = &facts->samples[i];
    }
    return true;
}

/* Why there is none, without saying first that there is none: whoever shows it says so. */
static const char *reason(const char *why)
{
    static const char said[] = "no interval: ";
    if (!why)
        return "none can be given";
    return strncmp(why, said, strlen(said)) == 0 ? why + strlen(said) : why;
}

static struct gate_interval from(struct assay_interval interval, bool paired, size_t n)
{
    return (struct gate_interval){
        .there = interval.method != ASSAY_INTERVAL_NONE && isfinite(interval.low) &&
                 isfinite(interval.high),
        .why = reason(interval.why),
        .paired = paired,
        .n = n,
        .low = interval.low,
        .high = interval.high,
        .mean = interval.estimate,
    };
}

struct gate_interval gate_interval_of(const struct version_facts *candidate,
                                      const struct version_facts *champion, const char *metric)
{
    const size_t room = candidate->sample_count + champion->sample_count + 1;
    const struct version_sample **a = assay_alloc_array(room, sizeof *a);
    const struct version_sample **b = assay_alloc_array(room, sizeof *b);
    double *x = assay_alloc_array(room, sizeof *x), *y = assay_alloc_array(room, sizeof *y);
    size_t na = 0, nb = 0, pairs = 0;
    struct gate_interval result = {.why = "a seed stands for two runs"};

    if (!collect(candidate, metric, a, &na) || !collect(champion, metric, b, &nb))
        goto done;
    result.why = "there are not several runs of both";
    for (size_t i = 0; i < na; i++)
        for (size_t k = 0; k < nb; k++)
            if (strcmp(a[i]->pair, b[k]->pair) == 0)
                x[pairs++] = a[i]->value - b[k]->value;
    for (size_t i = 0; i < pairs; i++)
        if (!isfinite(x[i])) {
            result.why = "a value is not finite";
            goto done;
        }
    if (pairs >= 2 && pairs == na && pairs == nb) {
        result = from(assay_interval_paired(x, pairs, ASSAY_SEED), true, pairs);
        goto done;
    }
    for (size_t i = 0; i < na; i++)
        x[i] = a[i]->value;
    for (size_t i = 0; i < nb; i++)
        y[i] = b[i]->value;
    for (size_t i = 0; i < na + nb; i++)
        if (!isfinite(i < na ? x[i] : y[i - na])) {
            result.why = "a value is not finite";
            goto done;
        }
    if (na >= 2 && nb >= 2)
        result = from(assay_interval_unpaired(x, na, y, nb, ASSAY_SEED), false, na);
done:
    free(a);
    free(b);
    free(x);
    free(y);
    return result;
}

double gate_psi_limit(double n, double m, double bins)
{
    /* Wilson and Hilferty's approximation of the quantile of chi-squared. */
    const double k = bins - 1, z = assay_normal_quantile(0.99);
    const double root = 1 - 2 / (9 * k) + z * sqrt(2 / (9 * k));

    return (1 / n + 1 / m) * k * root * root * root;
}

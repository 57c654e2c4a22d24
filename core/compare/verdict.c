/*
 * Is it real: one metric of two groups of runs, paired by seed where the seeds match, with a
 * test that assumes no distribution and an interval where one is honest. Called by the front
 * ends for each metric that is looked at; sentence.c says it in words.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/comparison.h"

#define SIGNIFICANT 0.05

/* ---- values by seed ---- */

struct seeded {
    uint32_t seed; /* UINT32_MAX: the run has none */
    double value;
};
struct side {
    struct seeded *items;
    double *values;
    size_t count;    /* runs that have the metric */
    size_t repeated; /* left out of the pairs: their seed stands twice */
};

static int by_seed(const void *a, const void *b)
{
    const struct seeded *x = a, *y = b;
    return (x->seed > y->seed) - (x->seed < y->seed);
}

static struct side take_side(const struct assay_comparison *c, const struct compare_row *row,
                             const struct compare_row *seeds, const struct assay_group *group)
{
    struct side side = {.items = assay_alloc_array(group->count, sizeof *side.items),
                        .values = assay_alloc_array(group->count, sizeof *side.values)};
    for (size_t i = 0; i < group->count; i++) {
        double value;
        if (!compare_number_at(c, row, group->columns[i], &value))
            continue;
        const struct compare_value *seed =
            seeds ? compare_value_at(seeds, group->columns[i]) : NULL;
        side.values[side.count] = value;
        side.items[side.count++] = (struct seeded){seed ? seed->same : UINT32_MAX, value};
    }
    if (side.count > 1)
        qsort(side.items, side.count, sizeof *side.items, by_seed);
    return side;
}

/* How many items from AT on share its seed. */
static size_t run_of(const struct side *side, size_t at)
{
    size_t end = at + 1;
    while (end < side->count && side->items[end].seed == side->items[at].seed)
        end++;
    return end - at;
}

struct matched {
    double *differences;
    double *candidate, *baseline;
    size_t count;
    size_t unmatched, repeated;
};

/* Both sides are sorted by seed. A seed that stands twice on a side pairs with nothing: which
   of the two would it be? */
static struct matched match(const struct side *a, const struct side *b)
{
    size_t most = a->count + b->count;
    struct matched m = {.differences = assay_alloc_array(most, sizeof(double)),
                        .candidate = assay_alloc_array(most, sizeof(double)),
                        .baseline = assay_alloc_array(most, sizeof(double))};
    size_t i = 0, k = 0;
    while (i < a->count || k < b->count) {
        uint32_t x = i < a->count ? a->items[i].seed : UINT32_MAX;
        uint32_t y = k < b->count ? b->items[k].seed : UINT32_MAX;
        uint32_t seed = x < y ? x : y;
        size_t in_a = i < a->count && a->items[i].seed == seed ? run_of(a, i) : 0;
        size_t in_b = k < b->count && b->items[k].seed == seed ? run_of(b, k) : 0;
        if (in_a == 1 && in_b == 1 && seed != UINT32_MAX) {
            m.candidate[m.count] = a->items[i].value;
            m.baseline[m.count] = b->items[k].value;
            m.differences[m.count++] = a->items[i].value - b->items[k].value;
        } else if (seed != UINT32_MAX && (in_a > 1 || in_b > 1)) {
            m.repeated += in_a + in_b;
        } else {
            m.unmatched += in_a + in_b;
        }
        i += in_a;
        k += in_b;
    }
    return m;
}

static void matched_free(struct matched *m)
{
    free(m->differences);
    free(m->candidate);
    free(m->baseline);
}

/* ---- the answer ---- */

static enum assay_answer answer_of(const struct assay_judgement *v)
{
    if (v->why || isnan(v->p))
        return ASSAY_ANSWER_NONE;
    if (v->difference == 0 && v->candidate.min == v->candidate.max &&
        v->baseline.min == v->baseline.max)
        return ASSAY_ANSWER_SAME;
    if (v->pairs && v->spread == 0 && v->difference == 0)
        return ASSAY_ANSWER_SAME;
    if (v->p < SIGNIFICANT) {
        if (v->direction == 0)
            return ASSAY_ANSWER_DIFFERENT;
        return v->difference * v->direction > 0 ? ASSAY_ANSWER_BETTER : ASSAY_ANSWER_WORSE;
    }
    /* Holm's first step: the smallest p there could be, tested together with the others. */
    bool hopeless = v->test.least * (double)v->family > SIGNIFICANT;
    return hopeless ? ASSAY_ANSWER_CANNOT_TELL : ASSAY_ANSWER_NO_EVIDENCE;
}

static void finish(struct assay_judgement *v)
{
    double base = v->baseline.mean;
    v->percent = isfinite(base) && base != 0 ? v->difference / fabs(base) * 100 : NAN;
    if (!isfinite(v->percent))
        v->percent = NAN;
    if (!isfinite(v->difference) && !v->why)
        v->why = "no finite values to compare";
    v->p = v->test.p;
    v->family = 1;
    v->answer = answer_of(v);
}

static void judge_pairs(struct assay_judgement *v, const double *differences, size_t count)
{
    struct assay_sample sample = assay_sample_of(differences, count);
    v->pairs = sample.n;
    v->difference = sample.mean;
    v->spread = sample.sd;
    v->effect = assay_effect_paired(differences, count);
    v->interval = assay_interval_paired(differences, count, v->seed);
    v->test = assay_test_sign_flip(differences, count, v->seed);
}

static void judge_sides(struct assay_judgement *v, const struct side *a, const struct side *b)
{
    v->difference = v->candidate.mean - v->baseline.mean;
    v->spread = NAN;
    v->effect = assay_effect_hedges_g(a->values, a->count, b->values, b->count);
    v->interval = assay_interval_unpaired(a->values, a->count, b->values, b->count, v->seed);
    v->test = assay_test_permutation(a->values, a->count, b->values, b->count, v->seed);
}

static const struct compare_row *seeds_of(const struct assay_comparison *c,
                                          const struct assay_grouping *grouping)
{
    if (!grouping->seed_key)
        return NULL;
    size_t at = assay_comparison_find(c, ASSAY_ROW_PARAM, grouping->seed_key);
    if (at == SIZE_MAX)
        at = assay_comparison_find(c, ASSAY_ROW_PATH, grouping->seed_key);
    return at == SIZE_MAX ? NULL : compare_row_at(c, at);
}

struct assay_judgement assay_comparison_verdict(const struct assay_comparison *c, size_t row,
                                                const struct assay_grouping *grouping,
                                                size_t candidate, size_t baseline,
                                                uint64_t seed)
{
    const struct compare_row *r = compare_row_at(c, row), *seeds = seeds_of(c, grouping);
    struct assay_judgement v = {.metric = r->shown.key,
                                .direction = r->shown.direction,
                                .seed = seed,
                                .difference = NAN,
                                .spread = NAN,
                                .effect = NAN,
                                .test = {.p = NAN, .least = NAN}};
    struct side a = take_side(c, r, seeds, &grouping->groups[candidate]);
    struct side b = take_side(c, r, seeds, &grouping->groups[baseline]);
    struct matched m = match(&a, &b);
    size_t fewer = a.count < b.count ? a.count : b.count;
    v.candidate = assay_sample_of(a.values, a.count);
    v.baseline = assay_sample_of(b.values, b.count);
    if (v.candidate.n == 0 || v.baseline.n == 0) {
        v.why = a.count == 0   ? "the candidate's runs lack this metric"
                : b.count == 0 ? "the baseline's runs lack this metric"
                               : "no finite value on one side";
    } else if (m.count >= 2 && m.count * 2 >= fewer) {
        v.unmatched = m.unmatched;
        v.repeated = m.repeated;
        v.candidate = assay_sample_of(m.candidate, m.count);
        v.baseline = assay_sample_of(m.baseline, m.count);
        judge_pairs(&v, m.differences, m.count);
    } else {
        judge_sides(&v, &a, &b);
    }
    finish(&v);
    matched_free(&m);
    free(a.items);
    free(a.values);
    free(b.items);
    free(b.values);
    return v;
}

struct assay_judgement assay_verdict_paired(const char *metric, int direction,
                                            const double *candidate, const double *baseline,
                                            size_t pairs, uint64_t seed)
{
    struct assay_judgement v = {.metric = metric, .direction = direction, .seed = seed};
    double *differences = assay_alloc_array(pairs, sizeof *differences);
    for (size_t i = 0; i < pairs; i++)
        differences[i] = candidate[i] - baseline[i];
    v.candidate = assay_sample_of(candidate, pairs);
    v.baseline = assay_sample_of(baseline, pairs);
    judge_pairs(&v, differences, pairs);
    finish(&v);
    free(differences);
    return v;
}

void assay_verdicts_correct(struct assay_judgement *verdicts, size_t count)
{
    double *p = assay_alloc_array(count, sizeof *p);
    size_t family = 0;
    for (size_t i = 0; i < count; i++) {
        p[i] = verdicts[i].why ? NAN : verdicts[i].test.p;
        family += !isnan(p[i]);
    }
    assay_correct_holm(p, count);
    for (size_t i = 0; i < count; i++) {
        verdicts[i].p = p[i];
        verdicts[i].family = family ? family : 1;
        verdicts[i].answer = answer_of(&verdicts[i]);
    }
    free(p);
}

/*
 * What mattered: every param that varies, how its rank goes with the metric's, and how much a
 * forest misses it. Called by the front ends; the forest is importance.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define FACTORS_MAX 2000
#define FOREST_MAX                                                                             \
    100 /* of more than these the forest gets those that go most with the metric */

/* A text that is another one in every run is a name, not a choice. */
static bool is_factor(const struct compare_row *row)
{
    bool param = row->shown.kind == ASSAY_ROW_PARAM || row->shown.kind == ASSAY_ROW_PATH;
    if (!param || row->shown.parent || !row->shown.differs)
        return false;
    bool name = !row->shown.numeric && row->shown.present > 8 &&
                row->shown.distinct == row->shown.present;
    return !name;
}

static double *values_of(const struct assay_comparison *c, const struct compare_row *row)
{
    double *values = assay_alloc_array(c->run_count, sizeof *values);
    for (size_t i = 0; i < c->run_count; i++) {
        const struct compare_value *value = compare_value_at(row, i);
        values[i] = !value ? NAN : row->shown.numeric ? value->number : (double)value->same;
    }
    return values;
}

static void add_factor(const struct assay_comparison *c, size_t at, const double *target,
                       struct assay_explanation *out, double **values)
{
    const struct compare_row *row = compare_row_at(c, at);
    struct assay_factor *factor = &out->factors[out->count];
    *factor = (struct assay_factor){
        .row = at,
        .distinct = row->shown.distinct,
        .categorical = !row->shown.numeric,
        .rank = {.value = NAN, .p = NAN},
        .importance = {NAN, NAN},
        .p = NAN,
    };
    values[out->count++] = values_of(c, row);
    if (row->shown.numeric)
        factor->rank = assay_rank_correlation(values[out->count - 1], target, c->run_count);
}

struct candidate {
    size_t at;
    double strength; /* values without an order have no rank: they are let in */
};

static int by_strength(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->strength > y->strength   ? -1
           : x->strength < y->strength ? 1
                                       : (x->at > y->at) - (x->at < y->at);
}

static void grow_forest(const struct assay_comparison *c, struct assay_explanation *out,
                        double *const *values, const double *target, uint64_t seed)
{
    struct candidate *candidates = assay_alloc_array(out->count, sizeof *candidates);
    struct assay_feature features[FOREST_MAX];
    struct assay_importance found[FOREST_MAX];
    size_t count = out->count < FOREST_MAX ? out->count : FOREST_MAX;
    for (size_t i = 0; i < out->count; i++) {
        const struct assay_factor *factor = &out->factors[i];
        double rank = fabs(factor->rank.value);
        candidates[i] = (struct candidate){i, factor->categorical ? 1 : isnan(rank) ? 0 : rank};
    }
    if (out->count > FOREST_MAX)
        qsort(candidates, out->count, sizeof *candidates, by_strength);
    for (size_t i = 0; i < count; i++)
        features[i] = (struct assay_feature){values[candidates[i].at],
                                             out->factors[candidates[i].at].categorical};
    out->forest = assay_forest_importance(features, count, target, c->run_count, seed, found);
    for (size_t i = 0; i < count; i++)
        out->factors[candidates[i].at].importance = found[i];
    free(candidates);
}

static void correct(struct assay_explanation *out)
{
    double *p = assay_alloc_array(out->count, sizeof *p);
    for (size_t i = 0; i < out->count; i++)
        p[i] = out->factors[i].rank.p;
    assay_correct_benjamini_hochberg(p, out->count);
    for (size_t i = 0; i < out->count; i++)
        out->factors[i].p = p[i];
    free(p);
}

static double weight(const struct assay_factor *factor)
{
    if (!isnan(factor->importance.mean))
        return factor->importance.mean;
    return isnan(factor->rank.value) ? -1 : fabs(factor->rank.value);
}

static int by_weight(const void *a, const void *b)
{
    const struct assay_factor *x = a, *y = b;
    double wx = weight(x), wy = weight(y);
    return wx > wy ? -1 : wx < wy ? 1 : (x->row > y->row) - (x->row < y->row);
}

void assay_comparison_explain(const struct assay_comparison *c, size_t metric_row,
                              uint64_t seed, struct assay_explanation *out)
{
    const struct compare_row *metric = compare_row_at(c, metric_row);
    double *target = assay_alloc_array(c->run_count, sizeof *target);
    size_t most = c->ordered < FACTORS_MAX ? c->ordered : FACTORS_MAX;
    double **values = assay_alloc_array(most, sizeof *values);
    *out = (struct assay_explanation){.factors = assay_alloc_array(most, sizeof *out->factors)};
    for (size_t i = 0; i < c->run_count; i++)
        compare_number_at(c, metric, i, &target[i]);
    for (size_t i = 0; i < c->ordered; i++) {
        const struct compare_row *row = compare_row_at(c, i);
        if (is_factor(row) && out->count < most)
            add_factor(c, i, target, out, values);
        else
            out->constant += row->shown.kind == ASSAY_ROW_PARAM && !row->shown.differs;
    }
    grow_forest(c, out, values, target, seed);
    correct(out);
    if (out->count > 1)
        qsort(out->factors, out->count, sizeof *out->factors, by_weight);
    for (size_t i = 0; i < out->count; i++)
        free(values[i]);
    free(values);
    free(target);
}

void assay_explanation_free(struct assay_explanation *explanation)
{
    free(explanation->factors);
    *explanation = (struct assay_explanation){0};
}

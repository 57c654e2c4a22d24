/*
 * What mattered: every param that varies, how its rank goes with the metric's, and how much a
 * forest misses it. Called by the front ends; the forest is importance.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define FACTORS_MAX 400 /* the forest would find nothing among more */

struct columns {
    struct assay_feature *features;
    double **values;
    size_t count;
};

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
                       struct assay_explanation *out, struct columns *columns)
{
    const struct compare_row *row = compare_row_at(c, at);
    double *values = values_of(c, row);
    struct assay_factor *factor = &out->factors[out->count++];
    *factor = (struct assay_factor){
        .row = at,
        .distinct = row->shown.distinct,
        .categorical = !row->shown.numeric,
        .rank = {.value = NAN, .p = NAN},
        .p = NAN,
    };
    if (row->shown.numeric)
        factor->rank = assay_spearman(values, target, c->run_count);
    columns->values[columns->count] = values;
    columns->features[columns->count++] =
        (struct assay_feature){.values = values, .categorical = !row->shown.numeric};
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
    struct columns columns = {.features = assay_alloc_array(most, sizeof(struct assay_feature)),
                              .values = assay_alloc_array(most, sizeof(double *))};
    *out = (struct assay_explanation){.factors = assay_alloc_array(most, sizeof *out->factors)};
    for (size_t i = 0; i < c->run_count; i++)
        compare_number_at(c, metric, i, &target[i]);
    for (size_t i = 0; i < c->ordered; i++) {
        const struct compare_row *row = compare_row_at(c, i);
        if (is_factor(row) && out->count < most)
            add_factor(c, i, target, out, &columns);
        else
            out->constant += row->shown.kind == ASSAY_ROW_PARAM && !row->shown.differs;
    }
    struct assay_importance *found = assay_alloc_array(out->count, sizeof *found);
    out->forest = assay_forest_importance(columns.features, columns.count, target, c->run_count,
                                          seed, found);
    for (size_t i = 0; i < out->count; i++)
        out->factors[i].importance = found[i];
    correct(out);
    if (out->count > 1)
        qsort(out->factors, out->count, sizeof *out->factors, by_weight);
    for (size_t i = 0; i < columns.count; i++)
        free(columns.values[i]);
    free(columns.values);
    free(columns.features);
    free(found);
    free(target);
}

void assay_explanation_free(struct assay_explanation *explanation)
{
    free(explanation->factors);
    *explanation = (struct assay_explanation){0};
}

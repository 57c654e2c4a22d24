/*
 * What mattered: a small random forest (Breiman 2001) that predicts the metric from the params,
 * and how much worse it predicts once one param is shuffled among what each tree had not seen.
 * Called by explain.c. Seeded throughout: the same runs give the same numbers.
 *
 * Features are values by run; a missing value is a category of its own (below every number). A
 * split of a numeric feature is a threshold, of a categorical one "is this value or not".
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>

#include "compare/parts.h"

#define TREES    100
#define REPEATS  10 /* shufflings, whose spread is told */
#define LEAF     3  /* runs at least in a leaf */
#define DEPTH    12
#define TRIED    24   /* thresholds tried for one feature at one node */
#define RUNS_MAX 3000 /* more say nothing new and take long */

struct node {
    uint32_t feature; /* UINT32_MAX: a leaf */
    double border;    /* numeric: left is <= border; categorical: left is == border */
    double value;     /* of a leaf */
    uint32_t left, right;
};

struct tree {
    struct node *nodes;
    size_t count, capacity;
    bool *seen; /* by sample: was it in the draw this tree grew on? */
};

struct forest {
    const struct assay_feature *features;
    size_t feature_count;
    double *target; /* by sample, mean 0 and variance 1 */
    uint32_t *rows; /* run of each sample */
    size_t n;
    size_t tried; /* features looked at in each node */
    struct tree trees[TREES];
    struct assay_random random;
};

static double feature_at(const struct forest *f, uint32_t feature, size_t sample)
{
    double value = f->features[feature].values[f->rows[sample]];
    return isfinite(value) ? value : -INFINITY; /* missing: below every number */
}

static bool goes_left(const struct forest *f, const struct node *node, double value)
{
    return f->features[node->feature].categorical ? value == node->border
                                                  : value <= node->border;
}

/* ---- growing ---- */

struct split {
    uint32_t feature;
    double border, gain;
};

/* How much of the squared error a split takes away: the squares of the sides' sums. */
static void try_border(const struct forest *f, const uint32_t *samples, size_t count,
                       uint32_t feature, double border, struct split *best)
{
    struct node node = {.feature = feature, .border = border};
    double left = 0, right = 0;
    size_t left_n = 0;
    for (size_t i = 0; i < count; i++) {
        double y = f->target[samples[i]];
        if (goes_left(f, &node, feature_at(f, feature, samples[i]))) {
            left += y;
            left_n++;
        } else {
            right += y;
        }
    }
    size_t right_n = count - left_n;
    if (left_n < LEAF || right_n < LEAF)
        return;
    double sum = left + right;
    double gain = left * left / (double)left_n + right * right / (double)right_n -
                  sum * sum / (double)count;
    if (gain > best->gain)
        *best = (struct split){feature, border, gain};
}

static struct split find_split(struct forest *f, const uint32_t *samples, size_t count)
{
    struct split best = {.feature = UINT32_MAX, .gain = 1e-9};
    for (size_t t = 0; t < f->tried; t++) {
        uint32_t feature = (uint32_t)assay_random_below(&f->random, f->feature_count);
        size_t borders = count < TRIED ? count : TRIED;
        for (size_t b = 0; b < borders; b++) {
            size_t at = count <= TRIED ? b : (size_t)assay_random_below(&f->random, count);
            try_border(f, samples, count, feature, feature_at(f, feature, samples[at]), &best);
        }
    }
    return best;
}

static uint32_t add_leaf(struct forest *f, struct tree *tree, const uint32_t *samples,
                         size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += f->target[samples[i]];
    ASSAY_GROW(tree->nodes, tree->capacity, tree->count + 1);
    tree->nodes[tree->count] =
        (struct node){.feature = UINT32_MAX, .value = sum / (double)count};
    return (uint32_t)tree->count++;
}

/* Depth is bounded by DEPTH, so the recursion is. */
static uint32_t grow(struct forest *f, struct tree *tree, uint32_t *samples, size_t count,
                     int depth)
{
    uint32_t at = add_leaf(f, tree, samples, count);
    if (depth == DEPTH || count < 2 * LEAF)
        return at;
    struct split split = find_split(f, samples, count);
    if (split.feature == UINT32_MAX)
        return at;
    struct node node = {.feature = split.feature, .border = split.border};
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (goes_left(f, &node, feature_at(f, split.feature, samples[i]))) {
            uint32_t other = samples[left];
            samples[left++] = samples[i];
            samples[i] = other;
        }
    node.left = grow(f, tree, samples, left, depth + 1);
    node.right = grow(f, tree, samples + left, count - left, depth + 1);
    tree->nodes[at] = node;
    return at;
}

static void grow_tree(struct forest *f, struct tree *tree, uint32_t *samples)
{
    tree->seen = assay_alloc_array(f->n, sizeof *tree->seen);
    for (size_t i = 0; i < f->n; i++) {
        samples[i] = (uint32_t)assay_random_below(&f->random, f->n);
        tree->seen[samples[i]] = true;
    }
    grow(f, tree, samples, f->n, 0);
}

/* ---- predicting ---- */

/* What TREE says of SAMPLE, with FEATURE taken from another sample. */
static double predict(const struct forest *f, const struct tree *tree, size_t sample,
                      uint32_t feature, size_t other)
{
    const struct node *node = &tree->nodes[0];
    while (node->feature != UINT32_MAX) {
        size_t from = node->feature == feature ? other : sample;
        bool left = goes_left(f, node, feature_at(f, node->feature, from));
        node = &tree->nodes[left ? node->left : node->right];
    }
    return node->value;
}

/* Mean squared error of what the trees had not seen say together; FEATURE is taken as SHUFFLED
   says (NULL: as it is). */
static double error_of(const struct forest *f, uint32_t feature, const uint32_t *shuffled)
{
    double sum = 0;
    size_t judged = 0;
    for (size_t i = 0; i < f->n; i++) {
        double said = 0;
        size_t trees = 0;
        for (size_t t = 0; t < TREES; t++)
            if (!f->trees[t].seen[i]) {
                said += predict(f, &f->trees[t], i, feature, shuffled ? shuffled[i] : i);
                trees++;
            }
        if (trees > 0) {
            double away = said / (double)trees - f->target[i];
            sum += away * away;
            judged++;
        }
    }
    return judged ? sum / (double)judged : NAN;
}

static void shuffle(struct assay_random *random, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)assay_random_below(random, i);
        uint32_t item = items[other];
        items[other] = items[i - 1];
        items[i - 1] = item;
    }
}

static bool is_used(const struct forest *f, uint32_t feature)
{
    for (size_t t = 0; t < TREES; t++)
        for (size_t i = 0; i < f->trees[t].count; i++)
            if (f->trees[t].nodes[i].feature == feature)
                return true;
    return false;
}

static void measure(struct forest *f, double base, struct assay_importance *importances)
{
    uint32_t *order = assay_alloc_array(f->n, sizeof *order);
    for (uint32_t feature = 0; feature < f->feature_count; feature++) {
        double worse[REPEATS];
        importances[feature] = (struct assay_importance){0};
        if (!is_used(f, feature))
            continue;
        for (size_t r = 0; r < REPEATS; r++) {
            for (size_t i = 0; i < f->n; i++)
                order[i] = (uint32_t)i;
            shuffle(&f->random, order, f->n);
            worse[r] = error_of(f, feature, order) - base;
        }
        struct assay_sample sample = assay_sample_of(worse, REPEATS);
        importances[feature] = (struct assay_importance){sample.mean, sample.sd};
    }
    free(order);
}

/* ---- all of it ---- */

/* Takes the runs whose target is finite, scaled to mean 0 and variance 1. */
static const char *take_runs(struct forest *f, const double *target, size_t runs)
{
    f->target = assay_alloc_array(runs, sizeof *f->target);
    f->rows = assay_alloc_array(runs, sizeof *f->rows);
    for (size_t i = 0; i < runs; i++)
        if (isfinite(target[i])) {
            f->rows[f->n] = (uint32_t)i;
            f->target[f->n++] = target[i];
        }
    if (f->n < ASSAY_FOREST_LEAST)
        return "too few runs: a forest says nothing of fewer than 20";
    if (f->n > RUNS_MAX) { /* a fair part of them */
        shuffle(&f->random, f->rows, f->n);
        f->n = RUNS_MAX;
        for (size_t i = 0; i < f->n; i++)
            f->target[i] = target[f->rows[i]];
    }
    struct assay_sample sample = assay_sample_of(f->target, f->n);
    if (!(sample.sd > 0) || !isfinite(sample.sd))
        return "the metric is the same in every run";
    double scale = sample.sd * sqrt((double)(f->n - 1) / (double)f->n);
    for (size_t i = 0; i < f->n; i++)
        f->target[i] = (f->target[i] - sample.mean) / scale;
    return NULL;
}

static void forest_free(struct forest *f)
{
    for (size_t t = 0; t < TREES; t++) {
        free(f->trees[t].nodes);
        free(f->trees[t].seen);
    }
    free(f->target);
    free(f->rows);
    free(f);
}

struct assay_forest_result assay_forest_importance(const struct assay_feature *features,
                                                   size_t count, const double *target,
                                                   size_t runs, uint64_t seed,
                                                   struct assay_importance *importances)
{
    struct forest *f = assay_alloc(sizeof *f);
    f->features = features;
    f->feature_count = count;
    f->random.state = seed;
    f->tried = count < 3 ? count : (count + 2) / 3;
    struct assay_forest_result result = {.features = count, .r2 = NAN};
    result.why = take_runs(f, target, runs);
    result.n = f->n;
    if (!result.why && count == 0)
        result.why = "no param varies";
    for (size_t i = 0; i < count; i++)
        importances[i] = (struct assay_importance){NAN, NAN};
    if (!result.why) {
        uint32_t *samples = assay_alloc_array(f->n, sizeof *samples);
        for (size_t t = 0; t < TREES; t++)
            grow_tree(f, &f->trees[t], samples);
        free(samples);
        double error = error_of(f, UINT32_MAX, NULL);
        result.r2 = 1 - error;
        measure(f, error, importances);
    }
    forest_free(f);
    return result;
}

/*
 * What mattered: a small random forest (Breiman 2001) that predicts the metric from the params,
 * and how much worse it predicts once one param is shuffled among what each tree had not seen.
 * Called by explain.c. Seeded throughout: the same runs give the same numbers.
 *
 * Every feature is cut into at most 32 bins first (quantiles; values without an order: the most
 * frequent ones; a missing value is a bin of its own), so that a split is found by one pass
 * over a node's runs. A split of numbers is a border between bins, of values without an order
 * "is it this one".
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>

#include "compare/parts.h"

#define TREES        100
#define REPEATS      10 /* shufflings, whose spread is told */
#define REPEATS_MANY 5  /* of more than MANY features */
#define MANY         60
#define LEAF         3 /* runs at least in a leaf */
#define DEPTH        12
#define BINS         32
#define RUNS_MAX     3000 /* more say nothing new and take long */
#define NOWHERE      UINT32_MAX

struct node {
    uint32_t feature; /* NOWHERE: a leaf */
    uint8_t border;   /* numeric: left is <= border; categorical: left is == border */
    double value;     /* of a leaf */
    uint32_t left, right;
};

struct tree {
    struct node *nodes;
    size_t count, capacity;
    uint32_t *unseen; /* samples it did not grow on */
    double *said;     /* what it says of each of them */
    size_t unseen_count;
};

struct forest {
    const struct assay_feature *features;
    size_t feature_count;
    double *target; /* by sample, mean 0 and variance 1 */
    uint32_t *rows; /* run of each sample */
    size_t n;
    uint8_t *bins;   /* by feature, then sample */
    uint32_t *order; /* features, shuffled as nodes draw from them */
    size_t tried;    /* features looked at in each node */
    struct tree trees[TREES];
    struct assay_random random;
};

/* ---- bins ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct category {
    double value;
    size_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct category *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
                                : (x->value > y->value) - (x->value < y->value);
}

/* Borders above which the next bin begins, at most BINS - 2 of them: bin 0 is for missing. */
static size_t quantile_borders(const double *sorted, size_t n, double *borders)
{
    size_t count = 0;
    for (size_t b = 1; b < BINS - 1 && n > 0; b++) {
        double border = sorted[b * (n - 1) / (BINS - 1)];
        if (border < sorted[n - 1] && (count == 0 || border > borders[count - 1]))
            borders[count++] = border;
    }
    return count;
}

static void bin_numbers(const struct forest *f, const double *values, const double *sorted,
                        size_t n, uint8_t *bins)
{
    double borders[BINS];
    size_t count = quantile_borders(sorted, n, borders);
    for (size_t i = 0; i < f->n; i++) {
        double value = values[f->rows[i]];
        size_t bin = 0;
        while (bin < count && value > borders[bin])
            bin++;
        bins[i] = isfinite(value) ? (uint8_t)(1 + bin) : 0;
    }
}

static void bin_categories(const struct forest *f, const double *values, const double *sorted,
                           size_t n, uint8_t *bins)
{
    struct category *kinds = assay_alloc_array(n, sizeof *kinds);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (count == 0 || kinds[count - 1].value != sorted[i])
            kinds[count++] = (struct category){sorted[i], 0};
        kinds[count - 1].count++;
    }
    if (count > 1)
        qsort(kinds, count, sizeof *kinds, by_count);
    for (size_t i = 0; i < f->n; i++) {
        size_t k = 0, last = count < BINS - 2 ? count : BINS - 2;
        while (k < last && kinds[k].value != values[f->rows[i]])
            k++;
        bins[i] = isfinite(values[f->rows[i]]) ? (uint8_t)(1 + k) : 0;
    }
    free(kinds);
}

static void make_bins(struct forest *f)
{
    double *sorted = assay_alloc_array(f->n, sizeof *sorted);
    f->bins = assay_alloc_array(f->feature_count * f->n, 1);
    f->order = assay_alloc_array(f->feature_count, sizeof *f->order);
    for (uint32_t k = 0; k < f->feature_count; k++) {
        const struct assay_feature *feature = &f->features[k];
        uint8_t *bins = f->bins + k * f->n;
        size_t n = 0;
        f->order[k] = k;
        for (size_t i = 0; i < f->n; i++)
            if (isfinite(feature->values[f->rows[i]]))
                sorted[n++] = feature->values[f->rows[i]];
        if (n > 1)
            qsort(sorted, n, sizeof *sorted, by_value);
        if (feature->categorical)
            bin_categories(f, feature->values, sorted, n, bins);
        else
            bin_numbers(f, feature->values, sorted, n, bins);
    }
    free(sorted);
}

static uint8_t bin_at(const struct forest *f, uint32_t feature, size_t sample)
{
    return f->bins[feature * f->n + sample];
}

static bool goes_left(const struct forest *f, const struct node *node, uint8_t bin)
{
    return f->features[node->feature].categorical ? bin == node->border : bin <= node->border;
}

/* ---- growing ---- */

struct split {
    uint32_t feature;
    uint8_t border;
    double gain;
};

struct bin_sums {
    double sums[BINS];
    size_t counts[BINS];
};

/* How much of the squared error each border of FEATURE takes away: the squares of the sides'
   sums over their sizes. */
static void try_feature(const struct forest *f, const uint32_t *samples, size_t count,
                        uint32_t feature, struct split *best)
{
    struct bin_sums b = {{0}, {0}};
    double total = 0, left = 0;
    size_t left_count = 0;
    bool categorical = f->features[feature].categorical;
    for (size_t i = 0; i < count; i++) {
        uint8_t bin = bin_at(f, feature, samples[i]);
        b.sums[bin] += f->target[samples[i]];
        b.counts[bin]++;
        total += f->target[samples[i]];
    }
    for (uint8_t bin = 0; bin < BINS; bin++) {
        left = categorical ? b.sums[bin] : left + b.sums[bin];
        left_count = categorical ? b.counts[bin] : left_count + b.counts[bin];
        size_t right_count = count - left_count;
        if (b.counts[bin] == 0 || left_count < LEAF || right_count < LEAF)
            continue;
        double right = total - left;
        double gain = left * left / (double)left_count + right * right / (double)right_count -
                      total * total / (double)count;
        if (gain > best->gain)
            *best = (struct split){feature, bin, gain};
    }
}

static struct split find_split(struct forest *f, const uint32_t *samples, size_t count)
{
    struct split best = {.feature = NOWHERE, .gain = 1e-9};
    for (size_t t = 0; t < f->tried; t++) { /* the first of a shuffle: no feature twice */
        size_t other = t + (size_t)assay_random_below(&f->random, f->feature_count - t);
        uint32_t feature = f->order[other];
        f->order[other] = f->order[t];
        f->order[t] = feature;
        try_feature(f, samples, count, feature, &best);
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
    tree->nodes[tree->count] = (struct node){.feature = NOWHERE, .value = sum / (double)count};
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
    if (split.feature == NOWHERE)
        return at;
    struct node node = {.feature = split.feature, .border = split.border};
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (goes_left(f, &node, bin_at(f, split.feature, samples[i]))) {
            uint32_t other = samples[left];
            samples[left++] = samples[i];
            samples[i] = other;
        }
    node.left = grow(f, tree, samples, left, depth + 1);
    node.right = grow(f, tree, samples + left, count - left, depth + 1);
    tree->nodes[at] = node;
    return at;
}

/* What TREE says of SAMPLE, with FEATURE taken from another sample. */
static double predict(const struct forest *f, const struct tree *tree, size_t sample,
                      uint32_t feature, size_t other)
{
    const struct node *node = &tree->nodes[0];
    while (node->feature != NOWHERE) {
        size_t from = node->feature == feature ? other : sample;
        bool left = goes_left(f, node, bin_at(f, node->feature, from));
        node = &tree->nodes[left ? node->left : node->right];
    }
    return node->value;
}

static void grow_tree(struct forest *f, struct tree *tree, uint32_t *samples, bool *seen)
{
    memset(seen, 0, f->n * sizeof *seen);
    for (size_t i = 0; i < f->n; i++) {
        samples[i] = (uint32_t)assay_random_below(&f->random, f->n);
        seen[samples[i]] = true;
    }
    grow(f, tree, samples, f->n, 0);
    tree->unseen = assay_alloc_array(f->n, sizeof *tree->unseen);
    tree->said = assay_alloc_array(f->n, sizeof *tree->said);
    for (uint32_t i = 0; i < f->n; i++)
        if (!seen[i]) {
            tree->said[tree->unseen_count] = predict(f, tree, i, NOWHERE, i);
            tree->unseen[tree->unseen_count++] = i;
        }
}

/* ---- measuring ---- */

static bool uses(const struct tree *tree, uint32_t feature)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].feature == feature)
            return true;
    return false;
}

struct votes {
    double *sum;
    uint32_t *count;
};

/* Mean squared error of what the trees that had not seen a sample say of it together; FEATURE
   is taken as SHUFFLED says (NULL: as it is), and only USERS have to be asked anew. */
static double error_of(const struct forest *f, uint32_t feature, const uint32_t *shuffled,
                       const bool *users, struct votes *votes)
{
    double sum = 0;
    size_t judged = 0;
    memset(votes->sum, 0, f->n * sizeof *votes->sum);
    memset(votes->count, 0, f->n * sizeof *votes->count);
    for (size_t t = 0; t < TREES; t++) {
        const struct tree *tree = &f->trees[t];
        for (size_t k = 0; k < tree->unseen_count; k++) {
            uint32_t i = tree->unseen[k];
            votes->sum[i] += shuffled && users[t] ? predict(f, tree, i, feature, shuffled[i])
                                                  : tree->said[k];
            votes->count[i]++;
        }
    }
    for (size_t i = 0; i < f->n; i++)
        if (votes->count[i] > 0) {
            double away = votes->sum[i] / votes->count[i] - f->target[i];
            sum += away * away;
            judged++;
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

static void measure(struct forest *f, double base, struct votes *votes,
                    struct assay_importance *importances)
{
    size_t repeats = f->feature_count > MANY ? REPEATS_MANY : REPEATS;
    uint32_t *order = assay_alloc_array(f->n, sizeof *order);
    for (uint32_t feature = 0; feature < f->feature_count; feature++) {
        double worse[REPEATS];
        bool users[TREES], used = false;
        for (size_t t = 0; t < TREES; t++)
            used |= users[t] = uses(&f->trees[t], feature);
        importances[feature] = (struct assay_importance){0};
        for (size_t r = 0; used && r < repeats; r++) {
            for (size_t i = 0; i < f->n; i++)
                order[i] = (uint32_t)i;
            shuffle(&f->random, order, f->n);
            worse[r] = error_of(f, feature, order, users, votes) - base;
        }
        if (used) {
            struct assay_sample sample = assay_sample_of(worse, repeats);
            importances[feature] = (struct assay_importance){sample.mean, sample.sd};
        }
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
        free(f->trees[t].unseen);
        free(f->trees[t].said);
    }
    free(f->target);
    free(f->rows);
    free(f->bins);
    free(f->order);
    free(f);
}

static double grow_and_measure(struct forest *f, struct assay_importance *importances)
{
    uint32_t *samples = assay_alloc_array(f->n, sizeof *samples);
    bool *seen = assay_alloc_array(f->n, sizeof *seen);
    struct votes votes = {assay_alloc_array(f->n, sizeof(double)),
                          assay_alloc_array(f->n, sizeof(uint32_t))};
    make_bins(f);
    for (size_t t = 0; t < TREES; t++)
        grow_tree(f, &f->trees[t], samples, seen);
    double error = error_of(f, NOWHERE, NULL, NULL, &votes);
    measure(f, error, &votes, importances);
    free(samples);
    free(seen);
    free(votes.sum);
    free(votes.count);
    return 1 - error;
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
    if (!result.why)
        result.r2 = grow_and_measure(f, importances);
    forest_free(f);
    return result;
}

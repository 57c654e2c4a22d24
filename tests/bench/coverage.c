/*
 * How often intervals cover the truth: 10,000 draws for each n and shape, every method, and at
 * the end the choice that is shown (assay_interval_paired(), assay_interval_unpaired()). Two
 * sides are drawn from one shape each, the candidate's with SPREAD times the deviation of the
 * baseline's, so the differences are as skewed as they get where seeds are drawn alike but not
 * alike enough. `coverage [DRAWS [RESAMPLES [N]]]` prints a table (of samples of N alone, where
 * that is given) and ends with status 1 where the choice shows an interval that covers less
 * than 93 %; RESAMPLES 0 leaves the bootstrap out, which takes most of the time.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/statistics.h>
#include <assay/text.h>

#define LARGEST 400

static double normal(struct assay_random *random)
{
    double u = 1 - assay_random_unit(random), v = assay_random_unit(random);
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static double draw_normal(struct assay_random *random)
{
    return normal(random);
}

static double draw_uniform(struct assay_random *random)
{
    return (assay_random_unit(random) - 0.5) * sqrt(12);
}

static double draw_laplace(struct assay_random *random)
{
    double size = -log(1 - assay_random_unit(random)) / sqrt(2);
    return assay_random_next(random) & 1 ? size : -size;
}

/* Student's t with 3 degrees of freedom: heavy tails. */
static double draw_t3(struct assay_random *random)
{
    double chi = 0, z = normal(random);
    for (int i = 0; i < 3; i++) {
        double x = normal(random);
        chi += x * x;
    }
    return z / sqrt(chi / 3) / sqrt(3);
}

static double draw_exponential(struct assay_random *random)
{
    return -log(1 - assay_random_unit(random)) - 1;
}

static double draw_lognormal(struct assay_random *random)
{
    double e = exp(1.0);
    return (exp(normal(random)) - sqrt(e)) / sqrt((e - 1) * e);
}

/* Nine seeds of ten are fine, the tenth goes wrong: three deviations lower and wider. */
static double draw_outliers(struct assay_random *random)
{
    bool wrong = assay_random_below(random, 10) == 0;
    return wrong ? -3 + 2 * normal(random) + 0.3 : 0.3 + normal(random) * 0.6;
}

/* Two basins of equal depth. */
static double draw_two(struct assay_random *random)
{
    return (assay_random_next(random) & 1 ? 1 : -1) + 0.2 * normal(random);
}

static const struct shape {
    const char *name;
    double (*draw)(struct assay_random *random); /* of mean 0 */
} shapes[] = {
    {"normal", draw_normal},           {"uniform", draw_uniform},
    {"laplace", draw_laplace},         {"t(3)", draw_t3},
    {"exponential", draw_exponential}, {"lognormal", draw_lognormal},
    {"outliers", draw_outliers},       {"two basins", draw_two},
};
static const double spreads[] = {1, 2};

enum method { STUDENT, ORDER, BCA, PAIRED, WELCH, BCA_TWO, UNPAIRED, UNEQUAL, METHODS };
static const char *const method_names[METHODS] = {"Student",        "order",      "BCa",
                                                  "SHOWN paired",   "Welch",      "BCa two",
                                                  "SHOWN unpaired", "SHOWN n, 3n"};

struct tally {
    unsigned shown[METHODS], covered[METHODS];
};

static void count(struct tally *tally, enum method method, struct assay_interval interval,
                  double mean, double median)
{
    if (interval.method == ASSAY_INTERVAL_NONE)
        return;
    double truth = interval.method == ASSAY_INTERVAL_ORDER ? median : mean;
    tally->shown[method]++;
    tally->covered[method] += interval.low <= truth && truth <= interval.high;
}

/* The median of the differences, from many of them. */
static double find_median(const struct shape *shape, double spread)
{
    enum { MANY = 400001 };
    struct assay_random random = {99};
    double *values = assay_alloc_array(MANY, sizeof *values);
    for (size_t i = 0; i < MANY; i++) {
        double a = spread * shape->draw(&random);
        values[i] = a - shape->draw(&random);
    }
    double median = assay_sample_of(values, MANY).median;
    free(values);
    return median;
}

static double true_median(size_t shape, size_t spread)
{
    static struct {
        bool known;
        double median;
    } medians[ASSAY_COUNT(shapes)][ASSAY_COUNT(spreads)];
    if (!medians[shape][spread].known)
        medians[shape][spread].median = find_median(&shapes[shape], spreads[spread]);
    medians[shape][spread].known = true;
    return medians[shape][spread].median;
}

static struct tally simulate(const struct shape *shape, double spread, double median, size_t n,
                             unsigned draws, unsigned resamples)
{
    struct tally tally = {0};
    struct assay_random random = {n * 1000003 + (uint64_t)(shape - shapes) * 17 +
                                  (uint64_t)(spread * 5)};
    double a[LARGEST], b[3 * LARGEST], d[LARGEST];
    for (unsigned draw = 0; draw < draws; draw++) {
        for (size_t i = 0; i < n; i++) {
            a[i] = spread * shape->draw(&random);
            for (size_t k = i; k < 3 * n; k += n)
                b[k] = shape->draw(&random);
            d[i] = a[i] - b[i];
        }
        uint64_t seed = assay_random_next(&random);
        count(&tally, STUDENT, assay_interval_student(d, n, 0.95), 0, median);
        count(&tally, ORDER, assay_interval_order(d, n, 0.95), 0, median);
        if (resamples) {
            count(&tally, BCA, assay_interval_bca(d, n, 0.95, resamples, seed), 0, median);
            count(&tally, BCA_TWO, assay_interval_bca_two(a, n, b, n, 0.95, resamples, seed), 0,
                  median);
        }
        count(&tally, WELCH, assay_interval_welch(a, n, b, n, 0.95), 0, median);
        count(&tally, PAIRED, assay_interval_paired(d, n, seed), 0, median);
        count(&tally, UNPAIRED, assay_interval_unpaired(a, n, b, n, seed), 0, median);
        count(&tally, UNEQUAL, assay_interval_unpaired(a, n, b, 3 * n, seed), 0, median);
    }
    return tally;
}

static bool print_row(const struct shape *shape, double spread, size_t n, unsigned draws,
                      const struct tally *tally)
{
    bool good = true;
    printf("%4zu  %-12s %3.0fx", n, shape->name, spread);
    for (int m = 0; m < METHODS; m++) {
        double rate = (double)tally->covered[m] / (tally->shown[m] ? tally->shown[m] : 1);
        bool judged = m == PAIRED || m == UNPAIRED || m == UNEQUAL;
        if (!tally->shown[m])
            printf("  %14s", "-");
        else if (tally->shown[m] == draws)
            printf("  %14.2f", 100 * rate);
        else
            printf("  %6.2f of %3.0f%%", 100 * rate, 100.0 * tally->shown[m] / draws);
        if (judged && tally->shown[m] && rate < 0.93)
            good = false;
    }
    printf("%s\n", good ? "" : "  BELOW 93 %");
    fflush(stdout);
    return good;
}

int main(int argc, char **argv)
{
    static const size_t every[] = {2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100};
    int64_t draws = 10000, resamples = 999, only = 0;
    bool good = true;
    if (argc > 1 && !assay_int_parse(argv[1], strlen(argv[1]), &draws))
        return 2;
    if (argc > 2 && !assay_int_parse(argv[2], strlen(argv[2]), &resamples))
        return 2;
    if (argc > 3 && !assay_int_parse(argv[3], strlen(argv[3]), &only))
        return 2;
    printf("coverage in percent of %lld draws; nominal 95\n   n  shape     spread",
           (long long)draws);
    for (int m = 0; m < METHODS; m++)
        printf("  %14s", method_names[m]);
    printf("\n");
    for (size_t i = 0; i < ASSAY_COUNT(every); i++)
        for (size_t s = 0; s < ASSAY_COUNT(shapes) && (!only || every[i] == (size_t)only); s++)
            for (size_t k = 0; k < ASSAY_COUNT(spreads); k++) {
                struct tally tally = simulate(&shapes[s], spreads[k], true_median(s, k),
                                              every[i], (unsigned)draws, (unsigned)resamples);
                good &= print_row(&shapes[s], spreads[k], every[i], (unsigned)draws, &tally);
            }
    printf("%s\n", good ? "every interval shown covers at least 93 %"
                        : "an interval is shown that covers less than 93 %");
    return good ? 0 : 1;
}

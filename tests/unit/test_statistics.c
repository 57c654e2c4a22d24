/*
 * The statistics: every committed case (what SciPy, statsmodels and plain enumeration make of
 * it, tests/live/statistics.py) to 1e-9, and what no case can say: seeds, limits, nonsense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/statistics.h>
#include <assay/text.h>

#define ARRAYS 4
#define VALUES 256

struct sample_case {
    char name[64];
    double values[ARRAYS][VALUES];
    size_t counts[ARRAYS];
    size_t arrays; /* inputs; the expectation is the one after them */
};

static void read_array(struct sample_case *c, const char *text, size_t length)
{
    double *values = c->values[c->arrays];
    size_t *count = &c->counts[c->arrays];
    *count = 0;
    for (const char *at = text, *end = text + length; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t size = comma ? (size_t)(comma - at) : (size_t)(end - at);
        assert_true(*count < VALUES);
        assert_true(assay_number_parse(at, size, &values[(*count)++]));
        at += size + 1;
    }
}

/* "name TAB numbers TAB numbers TAB = TAB expected" */
static void read_case(struct sample_case *c, const char *line, size_t length)
{
    const char *end = line + length, *at = memchr(line, '\t', length);
    memset(c->name, 0, sizeof c->name);
    memcpy(c->name, line, (size_t)(at - line));
    c->arrays = 0;
    for (at++; at[0] != '='; at = (const char *)memchr(at, '\t', (size_t)(end - at)) + 1) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        read_array(c, at, (size_t)(tab - at));
        c->arrays++;
    }
    read_array(c, at + 2, (size_t)(end - at - 2));
}

static void near_to(const struct sample_case *c, size_t at, double got)
{
    assert_true(at < c->counts[c->arrays]);
    double want = c->values[c->arrays][at];
    double away = fabs(got - want);
    if (isnan(want) ? isnan(got) : away <= 1e-9 * fabs(want) || away < 1e-300)
        return;
    print_message("%s [%zu]: got %.17g, expected %.17g (first value %.17g of %zu)\n", c->name,
                  at, got, want, c->values[0][0], c->counts[0]);
    fail();
}

static void check_sample(const struct sample_case *c)
{
    struct assay_sample s = assay_sample_of(c->values[0], c->counts[0]);
    const double got[] = {s.mean, s.sd, s.min, s.max, s.median, s.skewness};
    for (size_t i = 0; i < 6; i++)
        near_to(c, i, got[i]);
}

static void check_ends(const struct sample_case *c, struct assay_interval i)
{
    near_to(c, 0, i.low);
    near_to(c, 1, i.high);
}

static void check_correlation(const struct sample_case *c, struct assay_correlation r)
{
    near_to(c, 0, r.value);
    near_to(c, 1, r.p);
}

static void check_correction(const struct sample_case *c,
                             void (*correct)(double *p, size_t n))
{
    double p[VALUES];
    memcpy(p, c->values[0], sizeof p);
    correct(p, c->counts[0]);
    for (size_t i = 0; i < c->counts[0]; i++)
        near_to(c, i, p[i]);
}

static bool check_distribution(const struct sample_case *c)
{
    const double *v = c->values[0];
    if (strcmp(c->name, "normal") == 0)
        near_to(c, 0, assay_normal_cdf(v[0]));
    else if (strcmp(c->name, "normal_quantile") == 0)
        near_to(c, 0, assay_normal_quantile(v[0]));
    else if (strcmp(c->name, "student_cdf") == 0)
        near_to(c, 0, assay_student_cdf(v[0], v[1]));
    else if (strcmp(c->name, "student_quantile") == 0)
        near_to(c, 0, assay_student_quantile(v[0], v[1]));
    else if (strcmp(c->name, "best_of") == 0)
        near_to(c, 0, assay_best_of_bias((size_t)v[0]));
    else
        return false;
    return true;
}

static bool check_one_array(const struct sample_case *c)
{
    const double *v = c->values[0];
    size_t n = c->counts[0];
    struct assay_interval i;
    if (strcmp(c->name, "sample") == 0) {
        check_sample(c);
    } else if (strcmp(c->name, "student") == 0) {
        check_ends(c, assay_interval_student(v, n, 0.95));
        near_to(c, 2, assay_test_student(v, n).p);
    } else if (strcmp(c->name, "order") == 0) {
        i = assay_interval_order(v, n, 0.95);
        check_ends(c, i);
        near_to(c, 2, i.level);
        near_to(c, 3, i.estimate);
    } else if (strcmp(c->name, "bca") == 0) {
        check_ends(c, assay_interval_bca(v, n, 0.95, 999, 7));
    } else if (strcmp(c->name, "sign_flip") == 0) {
        struct assay_p p = assay_test_sign_flip(v, n, 1);
        assert_true(p.exact);
        near_to(c, 0, p.p);
        near_to(c, 1, p.least);
    } else if (strcmp(c->name, "sign") == 0) {
        near_to(c, 0, assay_test_sign(v, n).p);
    } else if (strcmp(c->name, "wilcoxon") == 0) {
        near_to(c, 0, assay_test_wilcoxon(v, n).statistic);
        near_to(c, 1, assay_test_wilcoxon(v, n).p);
    } else if (strcmp(c->name, "paired_effect") == 0) {
        near_to(c, 0, assay_effect_paired(v, n));
    } else if (strcmp(c->name, "holm") == 0) {
        check_correction(c, assay_correct_holm);
    } else if (strcmp(c->name, "benjamini_hochberg") == 0) {
        check_correction(c, assay_correct_benjamini_hochberg);
    } else {
        return false;
    }
    return true;
}

static bool check_two_arrays(const struct sample_case *c)
{
    const double *a = c->values[0], *b = c->values[1];
    size_t na = c->counts[0], nb = c->counts[1];
    if (strcmp(c->name, "welch") == 0) {
        check_ends(c, assay_interval_welch(a, na, b, nb, 0.95));
        near_to(c, 2, assay_test_welch(a, na, b, nb).p);
    } else if (strcmp(c->name, "bca_two") == 0) {
        check_ends(c, assay_interval_bca_two(a, na, b, nb, 0.95, 999, 7));
    } else if (strcmp(c->name, "permutation") == 0) {
        struct assay_p p = assay_test_permutation(a, na, b, nb, 1);
        assert_true(p.exact);
        near_to(c, 0, p.statistic);
        near_to(c, 1, p.p);
    } else if (strcmp(c->name, "effects") == 0) {
        near_to(c, 0, assay_effect_cohen_d(a, na, b, nb));
        near_to(c, 1, assay_effect_hedges_g(a, na, b, nb));
        near_to(c, 2, assay_effect_cliff(a, na, b, nb));
    } else if (strcmp(c->name, "pearson") == 0) {
        check_correlation(c, assay_pearson(a, b, na));
    } else if (strcmp(c->name, "spearman") == 0) {
        check_correlation(c, assay_spearman(a, b, na));
    } else if (strcmp(c->name, "kendall") == 0) {
        check_correlation(c, assay_kendall(a, b, na));
    } else {
        return false;
    }
    return true;
}

static void the_committed_cases(void **state)
{
    (void)state;
    char *text;
    size_t length, cases = 0;
    struct assay_error err = {0};
    assert_int_equal(assay_file_read(TEST_DATA "/unit/data/statistics.tsv", 1 << 20, &text,
                                     &length, &err),
                     ASSAY_OK);
    struct sample_case *c = assay_alloc(sizeof *c);
    for (const char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        read_case(c, line, (size_t)(end - line));
        if (!check_distribution(c) && !check_one_array(c) && !check_two_arrays(c))
            fail_msg("%s: no such case", c->name);
        cases++;
    }
    assert_true(cases > 350);
    free(c);
    free(text);
}

static void chance_is_the_same_everywhere(void **state)
{
    (void)state;
    /* The first outputs of SplitMix64 from 1234567, as its authors' code gives them. */
    struct assay_random random = {1234567};
    assert_true(assay_random_next(&random) == UINT64_C(6457827717110365317));
    assert_true(assay_random_next(&random) == UINT64_C(3203168211198807973));
    unsigned counts[6] = {0};
    for (int i = 0; i < 60000; i++)
        counts[assay_random_below(&random, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(counts[i], 9600, 10400);
    assert_int_equal(assay_random_below(&random, 0), 0);
    double unit = assay_random_unit(&random);
    assert_true(unit >= 0 && unit < 1);
}

static void few_pairs_prove_nothing(void **state)
{
    (void)state;
    /* n pairs that all agree: the smallest p there is. */
    static const double least[] = {0, 1, 0.5, 0.25, 0.125, 0.0625, 0.03125};
    double values[6] = {0.1, 0.2, 0.3, 0.15, 0.12, 0.4};
    for (size_t n = 1; n <= 6; n++) {
        struct assay_p p = assay_test_sign_flip(values, n, 1);
        assert_true(fabs(p.p - least[n]) < 1e-15 && p.least == least[n]);
        struct assay_interval i = assay_interval_paired(values, n, 1);
        assert_int_equal(i.method, n < 5 ? ASSAY_INTERVAL_NONE : ASSAY_INTERVAL_ORDER);
        assert_int_equal(i.why != NULL, n < 5);
    }
}

static void many_pairs_are_drawn_with_the_seed(void **state)
{
    (void)state;
    double values[200];
    struct assay_random random = {5};
    for (size_t i = 0; i < 200; i++)
        values[i] = assay_random_unit(&random) - 0.45;
    struct assay_p one = assay_test_sign_flip(values, 200, 7);
    struct assay_p same = assay_test_sign_flip(values, 200, 7);
    struct assay_p student = assay_test_student(values, 200);
    assert_false(one.exact);
    assert_true(one.p == same.p && one.tried == 9999);
    assert_true(fabs(one.p - student.p) < 0.02);
    assert_int_equal(assay_interval_paired(values, 200, 1).method, ASSAY_INTERVAL_STUDENT);
    struct assay_p exchanged = assay_test_permutation(values, 100, values + 100, 100, 7);
    assert_false(exchanged.exact);
    assert_true(fabs(exchanged.p - assay_test_welch(values, 100, values + 100, 100).p) < 0.02);
}

static void what_is_not_finite_stays_out(void **state)
{
    (void)state;
    const double values[] = {1, NAN, 2, INFINITY, 3, -INFINITY};
    struct assay_sample s = assay_sample_of(values, 6);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.dropped, 3);
    assert_true(s.mean == 2 && s.sd == 1 && s.min == 1 && s.max == 3 && s.median == 2);
    s = assay_sample_of(values + 1, 1);
    assert_true(s.n == 0 && isnan(s.mean) && isnan(s.sd) && isnan(s.median));
    assert_true(isnan(assay_test_sign_flip(values + 1, 1, 1).p));
    assert_true(isnan(assay_test_wilcoxon(NULL, 0).p));
    assert_true(isnan(assay_effect_cohen_d(values, 1, values, 2)));
    assert_true(isnan(assay_spearman(values, values, 2).value));
    assert_int_equal(assay_interval_bca(values, 2, 0.95, 99, 1).method, ASSAY_INTERVAL_NONE);
    double p[] = {0.01, NAN, 0.04};
    assay_correct_holm(p, 3);
    assert_true(p[0] == 0.02 && isnan(p[1]) && p[2] == 0.04);
}

/* The p of ranks of few pairs, counted by hand: of all orders those that go together as far. */
static void few_ranks_prove_little(void **state)
{
    (void)state;
    const double up[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, two[] = {1, 1, 2, 2};
    const double twice[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2};
    struct assay_correlation c = assay_rank_correlation(up, up, 4);
    assert_true(c.value == 1);
    assert_true(fabs(c.p - 2.0 / 24) < 1e-12);
    assert_true(fabs(assay_rank_correlation(two, two, 4).p - 8.0 / 24) < 1e-12);
    assert_true(fabs(assay_rank_correlation(up, two, 4).p - 8.0 / 24) < 1e-12);
    assert_true(assay_rank_correlation(up, up, 12).p > 0);
    assert_true(fabs(assay_rank_correlation(twice, twice, 12).p - 1.0 / 924) < 1e-12);
    const double mixed[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
    assert_true(assay_rank_correlation(up, mixed, 12).p == assay_spearman(up, mixed, 12).p);
    assert_true(isnan(assay_rank_correlation(up, two, 2).p));
    assert_true(isnan(assay_rank_correlation(up, twice, 6).p)); /* one side is constant */
}

static void equal_values_have_no_spread(void **state)
{
    (void)state;
    double values[100];
    for (size_t i = 0; i < 100; i++)
        values[i] = 0.1;
    struct assay_sample s = assay_sample_of(values, 100);
    assert_true(s.mean == 0.1 && s.sd == 0 && isnan(s.skewness));
    assert_true(isnan(assay_effect_paired(values, 100)));
    assert_true(isnan(assay_test_student(values, 100).p));
    assert_int_equal(assay_interval_paired(values, 10, 1).method, ASSAY_INTERVAL_NONE);
    assert_int_equal(assay_interval_unpaired(values, 10, values, 10, 1).method,
                     ASSAY_INTERVAL_NONE);
    assert_true(assay_test_permutation(values, 5, values, 5, 1).p == 1);
    assert_true(isnan(assay_pearson(values, values, 100).value));
    const double huge[] = {1.7e308, 1.7e308, 1.7e308};
    assert_true(assay_sample_of(huge, 3).mean == 1.7e308);
}

static void the_front_is_what_nothing_beats(void **state)
{
    (void)state;
    const double points[] = {0.9, 10, 0.8, 5, 0.85, 20, 0.95, NAN, 0.9, 10};
    const int directions[] = {1, -1};
    bool front[5];
    assert_int_equal(assay_pareto_front(points, 5, directions, 2, front), 3);
    assert_true(front[0] && front[1] && !front[2] && !front[3] && front[4]);
    assert_int_equal(assay_pareto_front(points, 5, directions, 0, front), 0);
}

static void the_forest_finds_what_matters(void **state)
{
    (void)state;
    enum { RUNS = 200 };
    double lr[RUNS], kind[RUNS], noise[RUNS], target[RUNS];
    struct assay_random random = {3};
    for (size_t i = 0; i < RUNS; i++) {
        lr[i] = assay_random_unit(&random);
        kind[i] = (double)assay_random_below(&random, 4);
        noise[i] = i % 7 == 0 ? NAN : assay_random_unit(&random);
        target[i] = 3 * fabs(lr[i] - 0.5) + (kind[i] == 2 ? 1 : 0);
    }
    target[9] = NAN;
    const struct assay_feature features[] = {{noise, false}, {lr, false}, {kind, true}};
    struct assay_importance found[3], again[3];
    struct assay_forest_result result =
        assay_forest_importance(features, 3, target, RUNS, 11, found);
    assert_null(result.why);
    assert_int_equal(result.n, RUNS - 1);
    assert_true(result.r2 > 0.8);
    assert_true(found[1].mean > 0.3 && found[2].mean > 0.3 && fabs(found[0].mean) < 0.1);
    assert_true(found[1].spread > 0);
    assay_forest_importance(features, 3, target, RUNS, 11, again);
    assert_memory_equal(found, again, sizeof found);
    result = assay_forest_importance(features, 3, target, 15, 11, found);
    assert_non_null(result.why);
    assert_true(isnan(found[0].mean));
    for (size_t i = 0; i < RUNS; i++)
        target[i] = 1;
    assert_non_null(assay_forest_importance(features, 3, target, RUNS, 11, found).why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committed_cases),
        cmocka_unit_test(chance_is_the_same_everywhere),
        cmocka_unit_test(few_pairs_prove_nothing),
        cmocka_unit_test(many_pairs_are_drawn_with_the_seed),
        cmocka_unit_test(what_is_not_finite_stays_out),
        cmocka_unit_test(few_ranks_prove_little),
        cmocka_unit_test(equal_values_have_no_spread),
        cmocka_unit_test(the_front_is_what_nothing_beats),
        cmocka_unit_test(the_forest_finds_what_matters),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}

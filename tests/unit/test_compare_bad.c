/*
 * Comparisons of what is no good, a test for each way of being so: it is said, nothing is
 * guessed, and no number comes of it that is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/compare.h>

static struct assay_comparison *c;

static int begin(void **state)
{
    (void)state;
    c = assay_comparison_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    assay_comparison_free(&c);
    return 0;
}

/* A run called NAME; what it has may be NULL. */
static size_t add(const char *id, const char *name, const struct assay_pair *params,
                  size_t param_count, const struct assay_metric *metrics, size_t metric_count)
{
    const struct assay_attrs attrs = {.params = (struct assay_pair *)params,
                                      .param_count = param_count,
                                      .metrics = (struct assay_metric *)metrics,
                                      .metric_count = metric_count};
    const struct assay_compared_run run = {.run = ASSAY_NONE,
                                           .id = id,
                                           .name = name,
                                           .source = "here",
                                           .start_ms = ASSAY_NO_TIME,
                                           .end_ms = ASSAY_NO_TIME};
    assert_true(assay_comparison_add(c, &run, &attrs));
    return assay_comparison_runs(c) - 1;
}

/* N points of which the last is VALUE at STEP. */
static struct assay_metric metric(const char *key, double value, uint64_t n, int64_t step)
{
    return (struct assay_metric){.key = key,
                                 .summary = {.last = value,
                                             .min = value,
                                             .max = value,
                                             .n = n,
                                             .step = step,
                                             .nonfinite = !isfinite(value)}};
}

static size_t add_metric(const char *id, struct assay_metric one)
{
    return add(id, id, NULL, 0, &one, 1);
}

static size_t add_param(const char *id, const char *key, const char *value)
{
    return add(id, id, &(struct assay_pair){key, value}, 1, NULL, 0);
}

static const struct assay_row *row(enum assay_row_kind kind, const char *key, size_t *at)
{
    *at = assay_comparison_find(c, kind, key);
    assert_true(*at != SIZE_MAX);
    return assay_comparison_row(c, *at);
}

static bool noticed(const char *words)
{
    const char *const *notices;
    size_t count = assay_comparison_notices(c, &notices);
    for (size_t i = 0; i < count; i++)
        if (strstr(notices[i], words))
            return true;
    return false;
}

static void title_is(size_t column, const char *title)
{
    struct assay_buf text = {0};
    assay_comparison_title(c, column, &text);
    assert_string_equal(assay_buf_text(&text), title);
    assay_buf_free(&text);
}

static void steps_that_do_not_align(void **state)
{
    (void)state;
    size_t at;
    add_metric("a", metric("loss", 0.5, 100, 990));
    add_metric("b", metric("loss", 0.4, 30, 300));
    assay_comparison_finish(c);
    assert_true(row(ASSAY_ROW_METRIC, "loss", &at)->uneven);
    assert_true(noticed("1 metric is not equally long in all runs (loss)"));
}

/* Values are read at an equal step only where both curves are. */
static void steps_between_each_other(void **state)
{
    (void)state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    for (int i = 0; i < 10; i++)
        assay_series_add(series,
                         &(struct assay_point){.step = 3 + 7 * i, .time_ms = i, .value = i}, 1);
    assert_true(isnan(assay_series_at(series, ASSAY_AXIS_STEP, 2)));
    assert_true(assay_series_at(series, ASSAY_AXIS_STEP, 3) == 0);
    assert_true(assay_series_at(series, ASSAY_AXIS_STEP, 16) == 1); /* the last before it */
    assert_true(assay_series_at(series, ASSAY_AXIS_STEP, 66) == 9);
    assert_true(assay_series_at(series, ASSAY_AXIS_STEP, 73) == 9); /* the next is due then */
    assert_true(isnan(assay_series_at(series, ASSAY_AXIS_STEP, 74)));
    assay_series_free(&series);
}

static void one_point_against_a_million(void **state)
{
    (void)state;
    size_t at;
    add_metric("a", metric("acc", 0.5, 1, 0));
    add_metric("b", metric("acc", 0.9, 1000000, 999999));
    assay_comparison_finish(c);
    assert_true(row(ASSAY_ROW_METRIC, "acc", &at)->uneven);
    assert_true(noticed("not equally long"));
    struct assay_delta d = assay_comparison_delta(c, at, 1, 0);
    assert_int_equal(d.kind, ASSAY_DELTA_NUMBER);
    assert_true(fabs(d.percent - 80) < 1e-9);
}

static void missing_params(void **state)
{
    (void)state;
    size_t at;
    add_param("a", "lr", "0.1");
    add("b", "b", NULL, 0, NULL, 0);
    assay_comparison_finish(c);
    const struct assay_row *lr = row(ASSAY_ROW_PARAM, "lr", &at);
    assert_true(lr->differs && lr->present == 1 && lr->distinct == 1);
    assert_int_equal(assay_comparison_delta(c, at, 1, 0).kind, ASSAY_DELTA_REMOVED);
    assert_int_equal(assay_comparison_delta(c, at, 0, 1).kind, ASSAY_DELTA_ADDED);
    assert_false(assay_comparison_cell(c, at, 1).present);
    struct assay_grouping grouping;
    assert_false(assay_comparison_propose(c, &grouping)); /* none is not equal to any value */
    assay_grouping_free(&grouping);
}

static void duplicate_names(void **state)
{
    (void)state;
    add("0123456789ab", "net", NULL, 0, NULL, 0);
    add("0123456789ac", "net", NULL, 0, NULL, 0);
    add("ffffffffffff", "other", NULL, 0, NULL, 0);
    add("eeeeeeeeeeee", "", NULL, 0, NULL, 0);
    add("eeeeeeeeffff", "", NULL, 0, NULL, 0);
    assay_comparison_finish(c);
    assert_true(noticed("2 runs share a name with another (net)"));
    title_is(0, "net 0123456789ab"); /* as much as it takes */
    title_is(1, "net 0123456789ac");
    title_is(2, "other");
    title_is(3, "eeeeeeee");
    add("012345678888", "other", NULL, 0, NULL, 0);
    assay_comparison_finish(c);
    assert_true(noticed("4 runs share a name with another (net)"));
    title_is(2, "other ffffffffffff");
}

static void different_units(void **state)
{
    (void)state;
    size_t at;
    add_metric("a", metric("latency_ms", 14, 1, 0));
    add_metric("b", metric("latency_s", 0.014, 1, 0));
    assay_comparison_finish(c);
    assert_true(noticed("latency_ms and latency_s look like one thing in two units"));
    row(ASSAY_ROW_METRIC, "latency_s", &at);
    assert_int_equal(assay_comparison_delta(c, at, 1, 0).kind, ASSAY_DELTA_ADDED);
}

/* Two that agree do not outvote one that does not, whichever comes when. */
static void different_directions(void **state)
{
    (void)state;
    static const char *const modes[][3] = {
        {"min", "max", "min"}, {"max", "min", "min"}, {"min", "min", "max"}};
    for (size_t order = 0; order < 3; order++) {
        size_t at;
        for (int i = 0; i < 3; i++) {
            char id[2] = {(char)('a' + i), '\0'};
            const struct assay_pair params[] = {
                {"metric_for_best_model", "score"},
                {"greater_is_better", strcmp(modes[order][i], "max") ? "False" : "True"}};
            const struct assay_metric one = metric("score", i, 5, 10);
            add(id, id, params, 2, &one, 1);
        }
        assay_comparison_finish(c);
        assert_true(noticed("score: the runs disagree on which way it is better"));
        assert_int_equal(row(ASSAY_ROW_METRIC, "score", &at)->direction, 0);
        assert_int_equal(assay_comparison_delta(c, at, 1, 0).better, 0);
        assay_comparison_free(&c);
        c = assay_comparison_new();
    }
}

static void not_a_number(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    size_t at;
    for (size_t i = 0; i < 3; i++) {
        add_metric("a", metric("loss", bad[i], 10, 10));
        add_metric("b", metric("loss", 0.1, 10, 10));
        assay_comparison_finish(c);
        row(ASSAY_ROW_METRIC, "loss", &at);
        struct assay_delta d = assay_comparison_delta(c, at, 1, 0);
        assert_int_equal(d.kind, ASSAY_DELTA_NOT_FINITE);
        assert_true(d.better == 0 && isnan(d.percent) && d.difference == 0);
        assert_true(noticed("1 metric is not finite in some run (loss)"));
        assay_comparison_free(&c);
        c = assay_comparison_new();
    }
}

/* Finite values whose difference, or its percent, is beyond what a number holds. */
static void too_far_apart(void **state)
{
    (void)state;
    struct assay_delta d = assay_delta_of(-DBL_MAX, DBL_MAX, -1);
    assert_int_equal(d.kind, ASSAY_DELTA_NOT_FINITE);
    assert_true(isnan(d.percent) && d.difference == 0 && d.better == 1);
    d = assay_delta_of(1, 5e-324, 1);
    assert_int_equal(d.kind, ASSAY_DELTA_NUMBER);
    assert_true(d.difference == 1 && isnan(d.percent));
    d = assay_delta_of(5, 0, 1);
    assert_true(d.kind == ASSAY_DELTA_NUMBER && isnan(d.percent));
    d = assay_delta_of(0.0, -0.0, 1);
    assert_true(d.kind == ASSAY_DELTA_SAME && d.better == 0);
}

/* What is kept of a longer value is equal: that says nothing of the rest. */
static void values_that_were_cut(void **state)
{
    (void)state;
    size_t at;
    char *text = assay_alloc(ASSAY_VALUE_MAX + 1);
    memset(text, 'x', ASSAY_VALUE_MAX);
    add_param("a", "cfg", text);
    add_param("b", "cfg", text);
    assay_comparison_finish(c);
    const struct assay_row *cfg = row(ASSAY_ROW_PARAM, "cfg", &at);
    assert_true(cfg->differs && cfg->unproven);
    assert_int_equal(cfg->distinct, 1);
    assert_int_equal(assay_comparison_delta(c, at, 1, 0).kind, ASSAY_DELTA_UNKNOWN);
    assert_true(noticed("only the first 1048576 bytes were read (cfg)"));
    struct assay_grouping groups; /* nor do they make runs the same thing tried again */
    struct assay_error err = {0};
    assert_int_equal(assay_comparison_group_by(c, "cfg", &groups, &err), ASSAY_OK);
    assert_int_equal(groups.count, 2);
    assay_grouping_free(&groups);
    assert_false(assay_comparison_propose(c, &groups));
    assay_grouping_free(&groups);
    text[ASSAY_VALUE_MAX - 5] = '\0'; /* shorter ones are whole */
    add_param("d", "short", text);
    add_param("e", "short", text);
    assay_comparison_finish(c);
    assert_false(row(ASSAY_ROW_PARAM, "short", &at)->unproven);
    assert_int_equal(assay_comparison_delta(c, at, 3, 2).kind, ASSAY_DELTA_SAME);
    free(text);
}

/* Of a file of which only the size is known, likewise; what was read since counts. */
static void files_known_by_size_alone(void **state)
{
    (void)state;
    size_t at;
    for (int i = 0; i < 3; i++) {
        add(i == 0 ? "a" : i == 1 ? "b" : "d", "", NULL, 0, NULL, 0);
        assay_comparison_add_file(c, (size_t)i, "m.bin", 5, i < 2 ? "too large" : "0a0b", NULL,
                                  0);
    }
    assay_comparison_finish(c);
    assert_true(row(ASSAY_ROW_FACT, "file m.bin", &at)->unproven);
    assert_int_equal(assay_comparison_delta(c, at, 1, 0).kind, ASSAY_DELTA_UNKNOWN);
    assay_comparison_add_file(c, 0, "m.bin", 5, "0a0b", NULL, 0);
    assay_comparison_add_file(c, 1, "m.bin", 5, "0a0b", NULL, 0);
    assay_comparison_finish(c);
    assert_false(row(ASSAY_ROW_FACT, "file m.bin", &at)->unproven);
    assert_false(row(ASSAY_ROW_FACT, "file m.bin", &at)->differs);
    assert_int_equal(assay_comparison_delta(c, at, 1, 0).kind, ASSAY_DELTA_SAME);
}

/* 1.1 and 1.10 are two versions, 1e5 and 100000 two digests. */
static void texts_that_look_like_numbers(void **state)
{
    (void)state;
    size_t at;
    add("a", "a", NULL, 0, NULL, 0);
    add("b", "b", NULL, 0, NULL, 0);
    assay_comparison_add_file(c, 0, "requirements.txt", 12, "0a", "numpy==1.1\n", 11);
    assay_comparison_add_file(c, 1, "requirements.txt", 13, "0b", "numpy==1.10\n", 12);
    assay_comparison_finish(c);
    const struct assay_row *numpy = row(ASSAY_ROW_FACT, "package numpy", &at);
    assert_true(numpy->differs && !numpy->numeric && numpy->distinct == 2);
    assert_int_equal(assay_comparison_delta(c, at, 1, 0).kind, ASSAY_DELTA_TEXT);
    assert_string_equal(assay_comparison_cell(c, at, 1).text, "1.10");
}

static void many_things_are_counted(void **state)
{
    (void)state;
    struct assay_metric five[5];
    static const char *const keys[] = {"m1", "m2", "m3", "m4", "m5"};
    for (int i = 0; i < 5; i++)
        five[i] = metric(keys[i], NAN, 1, 0);
    add("a", "a", NULL, 0, five, 5);
    add("b", "b", NULL, 0, five, 5);
    assay_comparison_finish(c);
    assert_true(noticed("5 metrics are not finite in some run (m1, m2, m3 and 2 more)"));
}

/* A gate that cannot be decided says why. */
static void gates_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *gate, *why;
    } cases[] = {
        {"metrics.loss > baseline / 0", "divided by zero"},
        {"metrics.loss > baseline * 1e308 * 1e308", "too large for a number"},
        {"metrics.los > baseline", "los is missing"},
        {"metrics.loss > metrics.bad", "bad is not finite"},
        {"params.opt > 3", "opt 'adamw', a text has no size"},
        {"abs(params.opt) > 3", "opt 'adamw'"},
    };
    const struct assay_metric two[] = {metric("loss", 2, 1, 0), metric("bad", NAN, 1, 0)};
    const struct assay_pair opt = {"opt", "adamw"};
    add("a", "a", &opt, 1, two, 2);
    add("b", "b", &opt, 1, two, 2);
    assay_comparison_finish(c);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct assay_gate *gate;
        struct assay_buf why = {0};
        assert_int_equal(assay_gate_parse(&gate, cases[i].gate, NULL), ASSAY_OK);
        assert_int_equal(assay_gate_check(gate, c, 1, 0, &why), ASSAY_GATE_UNKNOWN);
        assert_non_null(strstr(assay_buf_text(&why), cases[i].why));
        assay_buf_free(&why);
        assay_gate_free(&gate);
    }
}

/* What VALUES print as, each beside the first. */
static void prints(const double *values, const char *const *texts, size_t count)
{
    char out[32];
    size_t row;
    assay_comparison_free(&c);
    c = assay_comparison_new();
    for (size_t i = 0; i < count; i++) {
        const struct assay_metric m = metric("m", values[i], 1, 1);
        add((const char *const[]){"a", "b", "c"}[i], "run", NULL, 0, &m, 1);
    }
    assay_comparison_finish(c);
    row = assay_comparison_find(c, ASSAY_ROW_METRIC, "m");
    for (size_t i = 0; i < count; i++)
        assert_string_equal(assay_comparison_value_text(out, c, row, i, 0, 5), texts[i]);
}

/* Numbers that are unequal never look alike beside the baseline; equal ones always do. */
static void unequal_numbers_look_unequal(void **state)
{
    (void)state;
    prints((double[]){0.1234561, 0.1234569}, (const char *[]){"0.123456", "0.123457"}, 2);
    prints((double[]){0.1234561, 0.1234561}, (const char *[]){"0.12346", "0.12346"}, 2);
    prints((double[]){0.1234561, 0.1234569, 0.9},
           (const char *[]){"0.123456", "0.123457", "0.9"}, 3);
    prints((double[]){1, 1 + DBL_EPSILON, 0.5},
           (const char *[]){"1", "1.0000000000000002", "0.5"}, 3);
    prints((double[]){NAN, 0.5, NAN}, (const char *[]){"NaN", "0.5", "NaN"}, 3);
    prints((double[]){3, 4, INFINITY}, (const char *[]){"3", "4", "inf"}, 3);
}

/* Nor do two runs that took unequally long. */
static void unequal_times_look_unequal(void **state)
{
    (void)state;
    const struct assay_row row = {.kind = ASSAY_ROW_ATTRIBUTE, .key = "duration"};
    char out[32];
    assert_string_equal(assay_row_value_beside(out, &row, 61, 65, 5), "1:01");
    assert_string_equal(assay_row_value_beside(out, &row, 61.1, 61.25, 3), "61.1s");
    assert_string_equal(assay_row_value_beside(out, &row, 61.25, 61.1, 5), "61.25s");
    assert_string_equal(assay_row_value_beside(out, &row, 61.25, 61.25, 5), "1:01");
}

#define BAD(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BAD(steps_that_do_not_align),
        BAD(steps_between_each_other),
        BAD(one_point_against_a_million),
        BAD(missing_params),
        BAD(duplicate_names),
        BAD(different_units),
        BAD(different_directions),
        BAD(not_a_number),
        BAD(too_far_apart),
        BAD(values_that_were_cut),
        BAD(files_known_by_size_alone),
        BAD(texts_that_look_like_numbers),
        BAD(many_things_are_counted),
        BAD(gates_say_why),
        BAD(unequal_numbers_look_unequal),
        BAD(unequal_times_look_unequal),
    };
    return cmocka_run_group_tests_name("comparisons of bad input", tests, NULL, NULL);
}

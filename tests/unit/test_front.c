/*
 * The Pareto front of runs and of groups: which aims there are, who is on it, who lacks a value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/compare.h>

/* A run that took SECONDS on as many GPUs as GPUS says ("": it says nothing). */
static void add(struct assay_comparison *c, const char *name, const char *lr, const char *gpus,
                int64_t seconds, double acc, double blob)
{
    struct assay_pair params[] = {{"lr", lr}, {"num_gpus", gpus}};
    struct assay_metric metrics[] = {
        {.key = "val_acc", .summary = {.last = acc, .min = acc, .max = acc, .n = 1}},
        {.key = "blob", .summary = {.last = blob, .min = blob, .max = blob, .n = 1}}};
    const struct assay_attrs attrs = {.params = params,
                                      .param_count = *gpus ? 2 : 1,
                                      .metrics = metrics,
                                      .metric_count = 2};
    const struct assay_compared_run run = {.run = ASSAY_NONE,
                                           .id = name,
                                           .name = name,
                                           .experiment = "exp",
                                           .source = "here",
                                           .source_kind = "test",
                                           .user = "",
                                           .status = "FINISHED",
                                           .start_ms = 1000,
                                           .end_ms = 1000 + seconds * 1000};
    assert_true(assay_comparison_add(c, &run, &attrs));
}

static struct assay_comparison *four_runs(const char *gpus)
{
    struct assay_comparison *c = assay_comparison_new();
    add(c, "cheap", "0.1", gpus, 3600, 0.70, 1);
    add(c, "beaten", "0.1", gpus, 7200, 0.69, 2);
    add(c, "dear", "0.2", gpus, 10800, 0.90, 3);
    add(c, "broken", "0.2", gpus, 60, NAN, 4);
    assay_comparison_finish(c);
    return c;
}

static void runs_that_nothing_beats(void **state)
{
    (void)state;
    struct assay_comparison *c = four_runs("2");
    struct assay_error err = {0};
    struct assay_aim aims[2];
    struct assay_front front;
    assert_int_equal(assay_comparison_aim(c, "val_acc", &aims[0], &err), ASSAY_OK);
    assert_int_equal(assay_comparison_aim(c, "gpu-hours", &aims[1], &err), ASSAY_OK);
    assert_true(aims[0].direction == 1 && !aims[0].cost);
    assert_true(aims[1].direction == -1 && aims[1].cost);
    assay_comparison_front(c, NULL, aims, 2, &front);
    assert_int_equal(front.count, 4);
    assert_int_equal(front.found, 2);
    assert_int_equal(front.lacking, 1);
    assert_true(front.on[0] && !front.on[1] && front.on[2] && !front.on[3]);
    assert_true(front.whole[1] && !front.whole[3]); /* the cheapest of all has no accuracy */
    assert_true(front.values[0 * 2 + 1] == 2);      /* an hour on two */
    assay_front_free(&front);
    assay_comparison_free(&c);
}

static void what_can_be_aimed_at(void **state)
{
    (void)state;
    struct assay_comparison *c = four_runs("");
    struct assay_error err = {0};
    struct assay_aim aim, all[8];
    assert_int_equal(assay_comparison_aim(c, "gpu-hours", &aim, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "how many GPUs"));
    err = (struct assay_error){0};
    assert_int_equal(assay_comparison_aim(c, "nothing", &aim, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "no run has a metric nothing"));
    err = (struct assay_error){0};
    assert_int_equal(assay_comparison_aim(c, "blob", &aim, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "which way is blob better?"));
    assert_true(aim.row != SIZE_MAX);
    assert_int_equal(assay_comparison_aims(c, all, 8), 2); /* duration, then val_acc */
    assert_true(all[0].cost && !all[1].cost);
    assay_comparison_set_direction(c, "blob", -1);
    assert_int_equal(assay_comparison_aim(c, "blob", &aim, &err), ASSAY_OK);
    assert_int_equal(assay_comparison_aims(c, all, 8), 3);
    assert_int_equal(assay_comparison_aims(c, all, 2), 2);
    assay_comparison_free(&c);
}

/* A group stands by its mean; one of whose runs lacks a value has none. */
static void groups_by_their_means(void **state)
{
    (void)state;
    struct assay_comparison *c = four_runs("1");
    struct assay_error err = {0};
    struct assay_aim aims[2];
    struct assay_front front;
    struct assay_grouping grouping;
    assert_int_equal(assay_comparison_group_by(c, "lr", &grouping, &err), ASSAY_OK);
    assert_int_equal(assay_comparison_aim(c, "val_acc", &aims[0], &err), ASSAY_OK);
    assert_int_equal(assay_comparison_aim(c, "duration", &aims[1], &err), ASSAY_OK);
    assay_comparison_front(c, &grouping, aims, 2, &front);
    assert_int_equal(front.count, 2);
    assert_int_equal(front.lacking, 1);
    assert_int_equal(front.found, 1);
    assert_true(fabs(front.values[0] - 0.695) < 1e-12);
    assert_true(fabs(front.values[1] - 5400) < 1e-9);
    assay_front_free(&front);
    assay_grouping_free(&grouping);
    assay_comparison_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_that_nothing_beats),
        cmocka_unit_test(what_can_be_aimed_at),
        cmocka_unit_test(groups_by_their_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

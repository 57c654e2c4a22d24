/*
 * What of a comparison only names something: the runs' own names, and numbers that are names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <assay/compare.h>

static void add(struct assay_comparison *c, const char *name, const struct assay_attrs *attrs)
{
    const struct assay_compared_run run = {.run = ASSAY_NONE,
                                           .id = name,
                                           .name = name,
                                           .experiment = "exp",
                                           .source = "here",
                                           .source_kind = "test",
                                           .user = "",
                                           .status = "FINISHED",
                                           .start_ms = ASSAY_NO_TIME,
                                           .end_ms = ASSAY_NO_TIME};
    assert_true(assay_comparison_add(c, &run, attrs));
}

static void add_named(struct assay_comparison *c, const char *name, const char *lr,
                      const char *tag)
{
    struct assay_pair params[] = {{"lr", lr}}, tags[] = {{"mlflow.runName", tag}};
    const struct assay_attrs attrs = {
        .params = params, .param_count = 1, .tags = tags, .tag_count = tag ? 1 : 0};
    add(c, name, &attrs);
}

static size_t row_of(const struct assay_comparison *c, enum assay_row_kind kind,
                     const char *key)
{
    size_t row = assay_comparison_find(c, kind, key);
    assert_true(row != SIZE_MAX);
    return row;
}

/* Names stand above the columns: nobody is told them again as a difference, whichever tool
   wrote them down, unless a tag says another one. */
static void names_are_the_runs_own(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    add_named(c, "a", "1", NULL);
    add_named(c, "b", "2", "b");
    assay_comparison_finish(c);
    size_t name = row_of(c, ASSAY_ROW_ATTRIBUTE, "name");
    assert_string_equal(assay_comparison_cell(c, name, 0).text, "a");
    assert_string_equal(assay_comparison_cell(c, name, 1).text, "b");
    assert_true(assay_comparison_row(c, name)->parent);
    size_t tag = row_of(c, ASSAY_ROW_TAG, "mlflow.runName");
    assert_true(assay_comparison_row(c, tag)->parent);
    assert_int_equal(assay_comparison_counted(c), assay_comparison_rows(c) - 2);
    assert_int_equal(assay_comparison_differing(c), 1);
    add_named(c, "c", "3", "before it was renamed");
    assay_comparison_finish(c);
    tag = row_of(c, ASSAY_ROW_TAG, "mlflow.runName");
    assert_false(assay_comparison_row(c, tag)->parent);
    assert_int_equal(assay_comparison_differing(c), 2);
    assay_comparison_free(&c);
}

static struct assay_delta delta_of(const struct assay_comparison *c, const char *param)
{
    return assay_comparison_delta(c, row_of(c, ASSAY_ROW_PARAM, param), 1, 0);
}

static void numbers_that_only_name_have_no_delta(void **state)
{
    (void)state;
    static const char *const names[] = {
        "seed",         "train.random_state", "optuna_trial", "run-id",
        "jobId",        "ddp/master_port",    "cv.fold",      "data_year",
        "SLURM_JOB_ID", "dataSeed",           "model.version"};
    static const char *const amounts[] = {"lr",      "lora.rank", "width",   "grid",
                                          "dropout", "report",    "support", "seeds_used"};
    struct assay_comparison *c = assay_comparison_new();
    for (int run = 0; run < 2; run++) {
        struct assay_pair params[ASSAY_COUNT(names) + ASSAY_COUNT(amounts)];
        size_t count = 0;
        for (size_t i = 0; i < ASSAY_COUNT(names); i++)
            params[count++] = (struct assay_pair){names[i], run ? "4" : "2"};
        for (size_t i = 0; i < ASSAY_COUNT(amounts); i++)
            params[count++] = (struct assay_pair){amounts[i], run ? "4" : "2"};
        add(c, run ? "b" : "a",
            &(const struct assay_attrs){.params = params, .param_count = count});
    }
    assay_comparison_finish(c);
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        assert_int_equal(delta_of(c, names[i]).kind, ASSAY_DELTA_TEXT);
        assert_true(isnan(delta_of(c, names[i]).percent));
    }
    for (size_t i = 0; i < ASSAY_COUNT(amounts); i++) {
        assert_int_equal(delta_of(c, amounts[i]).kind, ASSAY_DELTA_NUMBER);
        assert_true(delta_of(c, amounts[i]).percent == 100);
    }
    assay_comparison_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_runs_own),
        cmocka_unit_test(numbers_that_only_name_have_no_delta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* `assay compare` as scripts use it: every format, groups, gates, bundles, bad usage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/program.h"
#include "support/runs_fixture.h"

/* Runs `assay compare` with the arguments, ended by NULL; its exit status. */
#define compare(...) program_run(NULL, "compare", __VA_ARGS__)

static char *in_tmp(const char *name)
{
    return assay_path_join(getenv("TMPDIR"), name);
}

static int make_store(void **state)
{
    (void)state;
    char *path = in_tmp("store.db");
    fixture_make(path);
    setenv("ASSAY_STORE", path, 1);
    assert_int_equal(chdir(getenv("TMPDIR")), 0); /* nothing else is found there */
    unsetenv("ASSAY_SOURCES");
    free(path);
    return 0;
}

static void two_runs(void **state)
{
    (void)state;
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", NULL), 0);
    program_says("◆ run-01");
    program_says("val/loss ↓");
    program_says("0.21");
    program_says("+0.01, +4.76 % worse");
    program_says("rows differ");
    assert_null(strstr(program_last.out, "a\x1b[31m")); /* the tag's escape */
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--all", NULL), 0);
    program_says("experiment");
}

static void json_has_the_contract(void **state)
{
    (void)state;
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-05", "--format", "json", NULL),
                     0);
    json_error_t why;
    json_t *root = json_loads(program_last.out, JSON_REJECT_DUPLICATES, &why);
    assert_non_null(root);
    json_t *run = json_array_get(json_object_get(root, "runs"), 0);
    assert_string_equal(json_string_value(json_object_get(run, "name")), "run-01");
    assert_string_equal(json_string_value(json_object_get(root, "baseline")),
                        json_string_value(json_object_get(run, "id")));
    json_t *metrics = json_object_get(root, "metrics"), *metric;
    size_t i, found = 0;
    json_array_foreach(metrics, i, metric)
    {
        if (strcmp(json_string_value(json_object_get(metric, "key")), "val/loss") != 0)
            continue;
        found++;
        json_t *values = json_object_get(metric, "values");
        double away = json_number_value(json_array_get(values, 0)) - 0.21;
        assert_true(away < 1e-9 && away > -1e-9);
        assert_string_equal(json_string_value(json_array_get(values, 1)), "NaN");
        assert_true(json_is_true(json_object_get(metric, "differs")));
        assert_true(json_is_null(json_array_get(json_object_get(metric, "deltas"), 1)));
    }
    assert_int_equal(found, 1);
    assert_true(json_array_size(json_object_get(root, "params")) == 3);
    assert_true(json_array_size(json_object_get(root, "notices")) > 0); /* the NaN is said */
    json_decref(root);
}

static void every_format(void **state)
{
    (void)state;
    assert_int_equal(compare("-e", "vit-sweep", "--format", "csv", NULL), 0);
    program_says("kind,key,differs,");
    program_says("metric,val/loss,true,");
    assert_int_equal(compare("-e", "vit-sweep", "--format", "md", NULL), 0);
    program_says("|---|");
    program_says("\nnote: ");
    assert_null(strstr(program_last.out, "note: \n")); /* one line, one paragraph */
    assert_int_equal(compare("-e", "vit-sweep", "--format", "latex", NULL), 0);
    program_says("\\begin{tabular}");
    program_says("val/loss $\\downarrow$");
    assert_int_equal(compare("-e", "vit-sweep", "--format", "html", NULL), 0);
    program_says("<!DOCTYPE html>");
    program_says("<svg");
    program_says("val/acc");
    assert_null(strstr(program_last.out, "<script"));
    assert_null(strstr(program_last.out, "http://www.example"));
    char *file = in_tmp("page.html");
    assert_int_equal(compare("--last", "2", "--format", "html", "-o", file, NULL), 0);
    assert_int_equal(program_last.out_length, 0);
    assert_int_equal(access(file, R_OK), 0);
    free(file);
}

static size_t count_of(const char *what)
{
    size_t count = 0;
    for (const char *at = program_last.out; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

/* Figures are on the page as they are on the screen: a dot for each run that has both values. */
static void figures_are_on_the_page(void **state)
{
    (void)state;
    assert_int_equal(compare("-e", "vit-sweep", "--explain", "val/loss", "--format", "html",
                             NULL),
                     0);
    program_says("<!DOCTYPE html>");
    program_says("What goes with val/loss");
    program_says("<circle ");
    program_says("val/loss: smaller is better");
    assert_int_equal(compare("-e", "vit-sweep", "--explain", "val/loss", "--format", "latex",
                             NULL),
                     0);
    program_says("% what goes with val/loss, over 12 runs; no importance");
    program_says("param & importance & spread & rank & $p$ & values");
    program_says("\\end{tabular}");
    assert_null(strstr(program_last.out, "|"));
    assert_int_equal(compare("-e", "vit-sweep", "--pareto", "val/loss,duration", "--format",
                             "html", NULL),
                     0);
    program_says("Pareto front</h2>");
    program_says("runs on the front (filled)");
    program_says("duration: smaller is better");
    assert_in_range(count_of("<circle "), 2, 100);
}

/* A path for each run that has values on neighbouring axes; what a brush would leave is strong. */
static void parallel_coordinates_are_on_the_page(void **state)
{
    (void)state;
    assert_int_equal(compare("-e", "vit-sweep", "--explain", "val/loss", "--format", "html",
                             NULL),
                     0);
    program_says("a line for each of 12 runs; strong: the best fifth, 2; diamonds: baseline");
    program_says(">val/loss ↓</text>");
    assert_int_equal(count_of("<path fill=\"none\""), 12);
    assert_int_equal(count_of("stroke-width=\"0.8\""), 10);
    assert_int_equal(compare("-e", "vit-sweep", "--pareto", "val/loss,val/acc,duration", "--format",
                             "html", NULL),
                     0);
    program_says("Pareto front</h2>");
    program_says("runs on the front (strong lines)");
    program_says(">val/acc ↑</text>");
    program_says(">duration ↓</text>");
    assert_int_equal(compare("-e", "vit-sweep", "--pareto", "val/loss", "--format", "html", NULL),
                     0);
    program_says("of 12 runs on the front. Of one aim there is no figure.");
}

/* Where groups are the columns, the front is theirs, in the table as in the figure, as it is on the
   screen; each says what it counts. */
static void fronts_of_groups_say_so(void **state)
{
    (void)state;
    static const char *const aims[] = {"val/acc,train/loss", "val/acc,train/loss,val/acc"};
    for (size_t i = 0; i < ASSAY_COUNT(aims); i++) {
        assert_int_equal(compare("-e", "vit-sweep", "--group-by", "lr", "--pareto", aims[i], "--all",
                                 NULL),
                         0);
        program_says("Pareto front of groups (val/acc");
        const char *row = strstr(program_last.out, "Pareto front of groups");
        assert_null(memmem(row, strcspn(row, "\n"), "values)", 7));
        assert_int_equal(compare("-e", "vit-sweep", "--group-by", "lr", "--pareto", aims[i],
                                 "--format", "html", NULL),
                         0);
        program_says("groups, by their means, on the front");
        program_says("<span style=\"color:#005fd7\">●</span> lr=0.0003"); /* whose colour it is */
        assert_null(strstr(program_last.out, "runs on the front"));
    }
}

static void gates_end_in_the_exit_status(void **state)
{
    (void)state;
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--fail-if",
                             "metrics.`val/loss` > baseline * 1.01", NULL),
                     1);
    program_complains("--fail-if holds");
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--fail-if",
                             "metrics.`val/loss` > baseline * 1.2", NULL),
                     0);
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-05", "--fail-if",
                             "metrics.`val/loss` > baseline * 1.2", NULL),
                     1);
    program_complains("cannot be decided");
    program_complains("is not finite");
    assert_int_equal(compare("a", "b", "--fail-if", "metrics.x >", NULL), 2);
    program_complains("compare: --fail-if: at column 12: a number, a field or ( is expected");
    program_complains("for example: metrics.val_loss > baseline * 1.01");
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--fail-if",
                             "metrics.\"val/loss\" > baseline * 1.01", NULL),
                     1);
}

static void bundles_travel(void **state)
{
    (void)state;
    char *file = in_tmp("bundle.json"), *bytes;
    size_t length;
    assert_int_equal(compare("-e", "vit-sweep", "--format", "csv", NULL), 0);
    char *before = assay_strdup(program_last.out);
    assert_int_equal(compare("-e", "vit-sweep", "--save", file, NULL), 0);
    program_says("sha256 ");
    assert_int_equal(compare("--bundle", file, "--format", "csv", NULL), 0);
    assert_string_equal(program_last.out, before);
    assert_int_equal(compare("--bundle", file, "--format", "html", NULL), 0);
    program_says("<svg"); /* the curves came along */
    assert_int_equal(compare("--bundle", file, "--baseline", "run-03", NULL), 0);
    program_says("◆ run-03");
    assert_int_equal(compare("--bundle", file, "--baseline", "nobody", NULL), 2);
    assert_int_equal(compare("--bundle", file, "run-03", NULL), 2);
    free(before);

    assert_int_equal(assay_file_read(file, 1 << 26, &bytes, &length, NULL), ASSAY_OK);
    char *at = strstr(bytes, "\"last\": 0.2");
    assert_non_null(at);
    at[8] = '1'; /* 1.2… */
    assert_int_equal(assay_file_write(file, bytes, length, 0600, NULL), ASSAY_OK);
    assert_int_equal(compare("--bundle", file, NULL), 3);
    program_complains("digest does not hold");
    at[8] = '0';
    static const char *const elsewhere[] = {"\"column\": 0", "\"metric\": \"",
                                            "\"made_by\": \"a"};
    for (size_t i = 0; i < ASSAY_COUNT(elsewhere); i++) { /* no byte changes unseen */
        char *byte = strstr(bytes, elsewhere[i]);
        assert_non_null(byte);
        byte += strlen(elsewhere[i]) - (i == 1 ? 0 : 1);
        *byte ^= 1;
        assert_int_equal(assay_file_write(file, bytes, length, 0600, NULL), ASSAY_OK);
        assert_int_equal(compare("--bundle", file, NULL), 3);
        program_complains("digest of the whole does not hold");
        *byte ^= 1;
    }
    assert_int_equal(assay_file_write(file, bytes, length, 0600, NULL), ASSAY_OK);
    assert_int_equal(compare("--bundle", file, NULL), 0);
    assert_int_equal(assay_file_write(file, "{}", 2, 0600, NULL), ASSAY_OK);
    assert_int_equal(compare("--bundle", file, NULL), 3);
    assert_int_equal(assay_file_write(file, "[[[", 3, 0600, NULL), ASSAY_OK);
    assert_int_equal(compare("--bundle", file, NULL), 3);
    free(bytes);
    free(file);
}

/* Durations are written as everywhere, but for programs, who get seconds. */
static void durations(void **state)
{
    (void)state;
    char seconds[64];
    double took;
    char expect[24];
    assert_int_equal(
        compare("vit-sweep/run-02", "vit-sweep/run-03", "--all", "--format", "csv", NULL), 0);
    const char *at = strstr(program_last.out, "\nattribute,duration,");
    assert_non_null(at);
    at = strchr(at + strlen("\nattribute,duration,"), ',') + 1;
    snprintf(seconds, sizeof seconds, "%.*s", (int)strcspn(at, ",\n"), at);
    took = strtod(seconds, NULL);
    assert_true(took > 0);
    assay_duration_text(expect, (int64_t)(took * 1000 + 0.5));
    assert_non_null(strpbrk(expect, ":s"));
    static const char *const formats[] = {"table", "md", "html", "latex"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        assert_int_equal(compare("vit-sweep/run-02", "vit-sweep/run-03", "--all", "--format",
                                 formats[i], NULL),
                         0);
        program_says(expect);
    }
}

static void rows_from_curves(void **state)
{
    (void)state;
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--curves", "--target",
                             "val/loss=0.5", "--pareto", "val/acc,duration", "--at", "step=500",
                             "--all", NULL),
                     0);
    program_says("val/loss (area)");
    program_says("val/loss <= 0.5 (step)");
    program_says("Pareto front");
    /* What was worked out is a number like what was logged: with its delta, or as a mean. */
    const char *area = strstr(program_last.out, "val/loss (area)");
    assert_non_null(area);
    assert_true(memchr(area, '%', strcspn(area, "\n")) != NULL);
    size_t length = strcspn(area, "\n"); /* and better or worse by its metric's direction */
    assert_true(memmem(area, length, "better", 6) || memmem(area, length, "worse", 5));
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "vit-sweep/run-03",
                             "vit-sweep/run-04", "--group-by", "opt", "--all", "--curves", NULL),
                     0);
    area = strstr(program_last.out, "val/loss (area)");
    assert_non_null(area);
    assert_non_null(memmem(area, strcspn(area, "\n"), "(n=", 3));
    /* A run without a value is on no front, and no front beats it. */
    assert_int_equal(compare("vit-sweep/run-05", "vit-sweep/run-06", "vit-sweep/run-07",
                             "--pareto", "val/loss,duration", NULL),
                     0);
    program_complains("1 of 3 runs have no finite value of one of val/loss,duration");
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--pareto", "lr", NULL), 2);
    program_complains("no run has a metric lr");
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--target", "no=1", NULL),
                     2);
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-02", "--at", "step", NULL), 2);
    assert_int_equal(
        compare("vit-sweep/run-01", "vit-sweep/run-02", "--direction", "train/loss=up", NULL),
        2);
}

/* Runs put together by what they all share are no runs of different seeds. */
static void one_group_is_called_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(compare("vit-sweep/run-02", "vit-sweep/run-04", NULL), 0);
    program_says("these runs differ only by their seed");
    assert_int_equal(
        compare("vit-sweep/run-02", "vit-sweep/run-03", "--group-by", "params.opt", NULL), 0);
    program_says("all of them have the same opt: one group, nothing to test");
}

static void groups_and_what_mattered(void **state)
{
    (void)state;
    assert_int_equal(compare("-e", "vit-sweep", "--group-by", "lr", NULL), 0);
    program_says("◆ lr=0.0003");
    program_says("±");
    assert_int_equal(compare("-e", "vit-sweep", "--group-by", "none", NULL), 2);
    assert_int_equal(compare("-e", "vit-sweep", "--explain", "val/acc", NULL), 0);
    program_says("too few runs");
    assert_int_equal(compare("-e", "vit-sweep", "--explain", "nothing", NULL), 2);
}

/* Two runs of an MLflow directory, each with 40 scores: the second is right where the first is,
   and in every fourth of the others. */
static char *make_mlruns(void)
{
    char *root = in_tmp("examples"), path[600], text[4000];
    for (int r = 0; r < 2; r++) {
        char id[33];
        size_t used = (size_t)snprintf(text, sizeof text, "id,text,correct\n");
        memset(id, 'a' + r, 32);
        id[32] = '\0';
        snprintf(path, sizeof path, "%s/mlruns/1/%s/artifacts", root, id);
        assert_int_equal(assay_make_directories(path, NULL), ASSAY_OK);
        for (int i = 0; i < 40; i++) {
            bool right = i % 3 == 0 || (r == 1 && i % 4 != 0);
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "ex%d,\"a, \"\"b\"\"\",%d\n", i, right);
        }
        snprintf(path, sizeof path, "%s/mlruns/1/%s/artifacts/scores.csv", root, id);
        assert_int_equal(assay_file_write(path, text, used, 0600, NULL), ASSAY_OK);
        used = (size_t)snprintf(text, sizeof text,
                                "artifact_uri: file://%s/mlruns/1/%s/artifacts\nend_time: "
                                "1700000060000\nentry_point_name: ''\nexperiment_id: '1'\n"
                                "lifecycle_stage: active\nrun_id: %s\nrun_name: net-%d\n"
                                "source_name: ''\nsource_type: 4\nsource_version: ''\n"
                                "start_time: 170000000000%d\nstatus: 3\ntags: []\nuser_id: u\n",
                                root, id, id, r, r);
        snprintf(path, sizeof path, "%s/mlruns/1/%s/meta.yaml", root, id);
        assert_int_equal(assay_file_write(path, text, used, 0600, NULL), ASSAY_OK);
    }
    size_t length =
        (size_t)snprintf(text, sizeof text,
                         "artifact_location: file://%s/mlruns/1\nexperiment_id: '1'\n"
                         "lifecycle_stage: active\nname: eval\n",
                         root);
    snprintf(path, sizeof path, "%s/mlruns/1/meta.yaml", root);
    assert_int_equal(assay_file_write(path, text, length, 0600, NULL), ASSAY_OK);
    return root;
}

static void examples_test_single_runs(void **state)
{
    (void)state;
    char *root = make_mlruns();
    assert_int_equal(
        compare("-S", root, "eval/net-0", "eval/net-1", "--examples", "scores.csv", NULL), 0);
    program_says("correct by example, net-1 against net-0: better by");
    program_says("n=40 pairs");
    assert_int_equal(
        compare("-S", root, "eval/net-0", "eval/net-1", "--examples", "scores.csv:text", NULL),
        0);
    program_says("no verdict");
    program_says("lines without a score");
    assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "--examples",
                             "scores.csv:nothing", NULL),
                     2);
    assert_int_equal(
        compare("-S", root, "eval/net-0", "eval/net-1", "--examples", "no.csv", NULL), 3);
    assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "--files", NULL), 0);
    program_says("file scores.csv");
    assert_int_equal(
        compare("-S", root, "eval/net-0", "eval/net-1", "--diff", "scores.csv", NULL), 0);
    program_says("--- net-0/scores.csv\n+++ net-1/scores.csv\n@@ by ");
    program_says("\n~ex1: correct 0 -> 1 (+1)\n");
    free(root);
}

/* Version 2 of fraud, of run-1, has the alias: what the real MLflow wrote. */
static void beside_the_champion(void **state)
{
    (void)state;
    const char *root = TEST_DATA "/source/data/registry-3/mlruns";
    assert_int_equal(compare("-S", root, "run-2", "--champion", NULL), 0);
    program_says("◆ run-1"); /* what it is measured against */
    program_says("-0.04, -4.35 % worse");
    assert_int_equal(compare("-S", root, "-e", "fraud", "--champion", "--format", "csv", NULL),
                     0);
    assert_non_null(strstr(program_last.out, "run-1,run-0,run-2"));
    assert_int_equal(compare("-S", root, "run-1", "--champion", NULL), 2);
    program_complains("is the champion itself");
    assert_int_equal(compare("vit-sweep/run-01", "--champion", NULL), 2);
    program_complains("no champion comes from another run");
}

static void bad_usage(void **state)
{
    (void)state;
    assert_int_equal(compare("vit-sweep/run-01", NULL), 2);
    program_complains("only one run to compare");
    assert_int_equal(compare("vit-sweep/run-01", "vit-sweep/run-01", NULL), 2);
    assert_int_equal(compare("vit-sweep/run-01", "nobody", NULL), 2);
    assert_int_equal(compare("vit-sweep/run-01", "--parent", NULL), 2);
    program_complains("no parent");
    assert_int_equal(compare("--view", "none", NULL), 2);
    assert_int_equal(compare("--last", "0", NULL), 2);
}

/* What cannot be had is said of each run once, though the rows and the bundle both ask for it. */
static void missing_artifacts_are_said_once(void **state)
{
    (void)state;
    char *root = make_mlruns(), *file = in_tmp("missing.json"), from[600], to[600];
    size_t said = 0;
    for (int r = 0; r < 2; r++) {
        char id[33];
        memset(id, 'a' + r, 32);
        id[32] = '\0';
        snprintf(from, sizeof from, "%s/mlruns/1/%s/artifacts", root, id);
        snprintf(to, sizeof to, "%s/moved-%d", root, r);
        assert_int_equal(rename(from, to), 0);
    }
    assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "--files", "--save", file,
                             NULL),
                     3);
    for (const char *at = program_last.err; (at = strstr(at, ": its artifacts")) != NULL; at++)
        said++;
    assert_int_equal(said, 2);
    free(file);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs),
        cmocka_unit_test(json_has_the_contract),
        cmocka_unit_test(every_format),
        cmocka_unit_test(figures_are_on_the_page),
        cmocka_unit_test(parallel_coordinates_are_on_the_page),
        cmocka_unit_test(fronts_of_groups_say_so),
        cmocka_unit_test(gates_end_in_the_exit_status),
        cmocka_unit_test(bundles_travel),
        cmocka_unit_test(durations),
        cmocka_unit_test(rows_from_curves),
        cmocka_unit_test(one_group_is_called_what_it_is),
        cmocka_unit_test(groups_and_what_mattered),
        cmocka_unit_test(examples_test_single_runs),
        cmocka_unit_test(beside_the_champion),
        cmocka_unit_test(bad_usage),
        cmocka_unit_test(missing_artifacts_are_said_once),
    };
    return cmocka_run_group_tests_name("assay compare", tests, make_store, program_end);
}

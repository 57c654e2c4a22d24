/*
 * Rows that are computed from curves: every metric at an equal step, time or number of tokens
 * (--at), areas under curves (--curves), how soon a target is reached (--target), and the runs
 * nothing else beats (--pareto). Called by compare.c.
 */
#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

struct assay_series *compare_points(struct compare_job *job, size_t column, const char *metric)
{
    for (size_t i = 0; i < job->series_count; i++)
        if (job->series[i].column == column && strcmp(job->series[i].metric, metric) == 0)
            return job->series[i].series;
    uint32_t run = assay_comparison_run(job->comparison, column)->run;
    struct assay_series *series = NULL;
    struct assay_summary summary;
    size_t row = assay_comparison_find(job->comparison, ASSAY_ROW_METRIC, metric);
    if (run == ASSAY_NONE || row == SIZE_MAX ||
        !assay_comparison_summary(job->comparison, row, column, &summary))
        return NULL;
    struct assay_error failed = {0};
    if (assay_session_series_wait(job->cli->session, run, metric, &series, &failed) == ASSAY_OK)
        return series;
    cli_complain(&failed);
    job->cli->worst = failed.status;
    return NULL;
}

/* Splits "NAME=NUMBER" at the last "=". */
static enum assay_status split(const char *option, const char *text, char *name,
                               size_t capacity, double *number, struct assay_error *err)
{
    const char *equals = strrchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (!length || length >= capacity ||
        !assay_number_parse(equals + 1, strlen(equals + 1), number) || !isfinite(*number)) {
        assay_fail(err, ASSAY_BAD_INPUT, "compare: --%s %s: not NAME=NUMBER", option, text);
        return ASSAY_BAD_INPUT;
    }
    memcpy(name, text, length);
    name[length] = '\0';
    return ASSAY_OK;
}

/* Where along STEP or time COLUMN stands at the point asked for; NaN where it never gets there.
 */
static double place_of(struct compare_job *job, size_t column, const char *name, double number,
                       enum assay_axis *axis)
{
    *axis = ASSAY_AXIS_STEP;
    if (strcmp(name, "step") == 0)
        return number;
    if (strcmp(name, "time") == 0) {
        *axis = ASSAY_AXIS_RELATIVE;
        return number;
    }
    struct assay_reach reach = assay_curve_reach(compare_points(job, column, name), number, 1);
    return reach.reached ? (double)reach.point.step : NAN;
}

static void apply_at(struct compare_job *job, const char *name, double number)
{
    struct assay_comparison *c = job->comparison;
    size_t runs = assay_comparison_runs(c), rows = assay_comparison_rows(c);
    for (size_t column = 0; column < runs; column++) {
        enum assay_axis axis;
        double x = place_of(job, column, name, number, &axis);
        for (size_t row = 0; row < rows; row++) {
            const struct assay_row *r = assay_comparison_row(c, row);
            struct assay_summary s;
            if (assay_comparison_summary(c, row, column, &s) && s.n > 1)
                assay_comparison_set_value(
                    c, row, column,
                    assay_series_at(compare_points(job, column, r->key), axis, x));
        }
    }
}

static void add_number_fact(struct compare_job *job, size_t column, const char *key,
                            double number, int direction)
{
    char text[32];
    if (!isfinite(number))
        return;
    assay_comparison_add_fact(job->comparison, column, ASSAY_SECTION_METRICS, key,
                              assay_number_exact(text, number));
    assay_comparison_fact_direction(job->comparison, key, direction);
}

static void add_areas(struct compare_job *job)
{
    struct assay_comparison *c = job->comparison;
    size_t rows = assay_comparison_rows(c);
    char **metrics = assay_alloc_array(rows, sizeof *metrics);
    int *directions = assay_alloc_array(rows, sizeof *directions);
    size_t count = 0;
    for (size_t row = 0; row < rows; row++)
        if (assay_comparison_row(c, row)->kind == ASSAY_ROW_METRIC) {
            directions[count] = assay_comparison_row(c, row)->direction;
            metrics[count++] = assay_strdup(assay_comparison_row(c, row)->key);
        }
    for (size_t i = 0; i < count; i++) {
        struct assay_buf key = {0};
        assay_buf_format(&key, "%s (area)", metrics[i]);
        for (size_t column = 0; column < assay_comparison_runs(c); column++) {
            struct assay_series *series = compare_points(job, column, metrics[i]);
            if (series && assay_series_count(series) > 1)
                add_number_fact(job, column, assay_buf_text(&key),
                                assay_curve_area(series, ASSAY_AXIS_STEP, NAN, NAN).area,
                                directions[i]);
        }
        assay_buf_free(&key);
        free(metrics[i]);
    }
    free(metrics);
    free(directions);
}

static enum assay_status add_target(struct compare_job *job, const char *text,
                                    struct assay_error *err)
{
    struct assay_comparison *c = job->comparison;
    char metric[256], number[32];
    double target;
    enum assay_status status = split("target", text, metric, sizeof metric, &target, err);
    size_t row = assay_comparison_find(c, ASSAY_ROW_METRIC, metric);
    if (status != ASSAY_OK)
        return status;
    if (row == SIZE_MAX)
        return assay_fail(err, ASSAY_BAD_INPUT, "compare: --target: no run has a metric %s",
                          metric);
    int direction = assay_comparison_row(c, row)->direction;
    if (direction == 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "compare: --target: which way is %s better?", metric);
        assay_hint(err, "say so: --direction %s=min or %s=max", metric, metric);
        return ASSAY_BAD_INPUT;
    }
    struct assay_buf steps = {0}, seconds = {0};
    assay_number_short(number, target, 6);
    assay_buf_format(&steps, "%s %s %s (step)", metric, direction < 0 ? "<=" : ">=", number);
    assay_buf_format(&seconds, "%s %s %s (seconds)", metric,
                     direction < 0 ? "<=" : ">=", number);
    for (size_t column = 0; column < assay_comparison_runs(c); column++) {
        struct assay_reach reach =
            assay_curve_reach(compare_points(job, column, metric), target, direction);
        if (reach.reached) {
            add_number_fact(job, column, assay_buf_text(&steps), (double)reach.point.step, -1);
            add_number_fact(job, column, assay_buf_text(&seconds), reach.seconds, -1);
        }
    }
    assay_buf_free(&steps);
    assay_buf_free(&seconds);
    return ASSAY_OK;
}

/* What the GPU-hours cost at PRICE each. */
static void add_cost(struct compare_job *job, double price)
{
    struct assay_comparison *c = job->comparison;
    size_t row = assay_comparison_find(c, ASSAY_ROW_ATTRIBUTE, "gpu-hours");
    if (row == SIZE_MAX) {
        cli_complain(&(struct assay_error){
            .what = "compare: --gpu-price: no run says how many GPUs it had, and for how long",
            .hint =
                "a param gpus, num_gpus or world_size says so, or MLflow's system metrics"});
        return;
    }
    for (size_t i = 0; i < assay_comparison_runs(c); i++)
        add_number_fact(job, i, "cost", assay_comparison_cell(c, row, i).number * price, -1);
}

enum assay_status compare_aims(struct compare_job *job, const char *list,
                               struct assay_aim *aims, size_t *count, struct assay_error *err)
{
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ",");
        if (*count == COMPARE_AIMS)
            return assay_fail(err, ASSAY_BAD_INPUT, "compare: --pareto: at most %d aims",
                              COMPARE_AIMS);
        char *name = assay_strndup(at, length);
        struct assay_error wrong = {0};
        struct assay_aim *aim = &aims[*count];
        enum assay_status status = assay_comparison_aim(job->comparison, name, aim, &wrong);
        if (status != ASSAY_OK && aim->row != SIZE_MAX)
            assay_fail(err, status, "compare: --pareto: %s say --direction %s=max or =min",
                       wrong.what, name);
        else if (status != ASSAY_OK)
            assay_fail(err, status, "compare: --pareto: %s", wrong.what);
        free(name);
        if (status != ASSAY_OK)
            return status;
        (*count)++;
        at += length + (at[length] == ',');
    }
    return ASSAY_OK;
}

const struct assay_grouping *compare_front_groups(const struct compare_job *job)
{
    return job->by_group ? &job->grouping : NULL;
}

static void say_lacking(const struct compare_job *job, const struct assay_front *front,
                        const char *list)
{
    struct assay_error said = {0};
    snprintf(said.what, sizeof said.what,
             "compare: --pareto: %zu of %zu %s have no finite value of %s%.200s: they are "
             "neither on the front nor beaten",
             front->lacking, front->count, job->by_group ? "groups" : "runs",
             front->aims > 1 ? "one of " : "", list);
    cli_complain(&said);
}

/* What ENTITY, a run or a group, is said to be stands in the column of each of its runs. */
static void add_place(struct compare_job *job, const char *key, size_t entity, bool on)
{
    const struct assay_group *group = job->by_group ? &job->grouping.groups[entity] : NULL;
    for (size_t i = 0; i < (group ? group->count : 1); i++)
        assay_comparison_add_fact(job->comparison, group ? group->columns[i] : entity,
                                  ASSAY_SECTION_METRICS, key, on ? "yes" : "no");
}

enum assay_status compare_front(struct compare_job *job, struct assay_error *err)
{
    const char *list = cli_value(job->cli, "pareto");
    struct assay_aim aims[COMPARE_AIMS];
    struct assay_front front;
    size_t count = 0;
    if (!list)
        return ASSAY_OK;
    enum assay_status status = compare_aims(job, list, aims, &count, err);
    if (status != ASSAY_OK)
        return status;
    assay_comparison_front(job->comparison, compare_front_groups(job), aims, count, &front);
    struct assay_buf key = {0};
    assay_buf_format(&key, "Pareto front%s (%s)", job->by_group ? " of groups" : "", list);
    for (size_t i = 0; i < front.count; i++)
        if (front.whole[i])
            add_place(job, assay_buf_text(&key), i, front.on[i]);
    if (front.lacking > 0)
        say_lacking(job, &front, list);
    assay_buf_free(&key);
    assay_front_free(&front);
    assay_comparison_finish(job->comparison);
    return ASSAY_OK;
}

enum assay_status compare_extra_check(struct cli *cli, struct assay_error *err)
{
    char name[256];
    double number;
    const char *at = cli_value(cli, "at"), *text;
    enum assay_status status = at ? split("at", at, name, sizeof name, &number, err) : ASSAY_OK;
    for (size_t i = 0; status == ASSAY_OK && (text = cli_value_at(cli, "target", i)); i++)
        status = split("target", text, name, sizeof name, &number, err);
    return status;
}

enum assay_status compare_extra(struct compare_job *job, struct assay_error *err)
{
    struct cli *cli = job->cli;
    const char *at = cli_value(cli, "at"), *text;
    enum assay_status status = ASSAY_OK;
    char name[256];
    double number;
    if (at) {
        status = split("at", at, name, sizeof name, &number, err);
        if (status == ASSAY_OK)
            apply_at(job, name, number);
    }
    if (status == ASSAY_OK && cli_has(cli, "gpu-price")) {
        status = cli_number(cli, "gpu-price", 0, 1e9, &number, err);
        if (status == ASSAY_OK)
            add_cost(job, number);
    }
    if (status == ASSAY_OK && cli_has(cli, "curves"))
        add_areas(job);
    for (size_t i = 0; status == ASSAY_OK && (text = cli_value_at(cli, "target", i)); i++)
        status = add_target(job, text, err);
    return status;
}

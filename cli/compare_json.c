/*
 * A comparison as JSON: every run, every row, every verdict, nothing folded. Called by
 * compare.c; the run's object is also what a bundle keeps.
 */
#include "compare.h"
#include "run_json.h"

#include <math.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

/* ---- runs ---- */

static void texts(struct cli_json *json, const struct assay_comparison *c, size_t column,
                  enum assay_row_kind kind)
{
    cli_json_open(json, '{');
    for (size_t row = 0; row < assay_comparison_rows(c); row++) {
        const struct assay_row *r = assay_comparison_row(c, row);
        struct assay_compare_cell cell = {0};
        if (r->kind == kind)
            cell = assay_comparison_cell(c, row, column);
        if (cell.present)
            cli_json_member(json, r->key, cell.text);
    }
    cli_json_close(json);
}

void compare_run_json(struct cli_json *json, const struct assay_comparison *c, size_t column)
{
    const struct assay_compared_run *run = assay_comparison_run(c, column);
    cli_json_open(json, '{');
    cli_json_member(json, "id", run->id);
    cli_json_member(json, "name", run->name);
    cli_json_key(json, "experiment");
    cli_json_open(json, '{');
    cli_json_member(json, "name", run->experiment);
    cli_json_close(json);
    cli_json_key(json, "source");
    cli_json_open(json, '{');
    cli_json_member(json, "kind", run->source_kind);
    cli_json_member(json, "name", run->source);
    cli_json_close(json);
    cli_json_member(json, "status", run->status);
    cli_json_member(json, "user", run->user);
    cli_json_key(json, "start_ms");
    cli_json_time(json, run->start_ms);
    cli_json_key(json, "end_ms");
    cli_json_time(json, run->end_ms);
    cli_json_key(json, "params");
    texts(json, c, column, ASSAY_ROW_PARAM);
    cli_json_key(json, "tags");
    texts(json, c, column, ASSAY_ROW_TAG);
    cli_json_key(json, "inputs");
    texts(json, c, column, ASSAY_ROW_INPUT);
    cli_json_key(json, "outputs");
    texts(json, c, column, ASSAY_ROW_OUTPUT);
    cli_json_key(json, "metrics");
    cli_json_open(json, '{');
    for (size_t row = 0; row < assay_comparison_rows(c); row++) {
        struct assay_summary s;
        if (assay_comparison_summary(c, row, column, &s)) {
            cli_json_key(json, assay_comparison_row(c, row)->key);
            cli_summary_json(json, &s);
        }
    }
    cli_json_close(json);
    cli_json_close(json);
}

static void runs_json(struct compare_job *job, struct cli_json *json)
{
    cli_json_key(json, "runs");
    cli_json_open(json, '[');
    for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++) {
        uint32_t run = assay_comparison_run(job->comparison, i)->run;
        if (run == ASSAY_NONE) {
            compare_run_json(json, job->comparison, i);
        } else {
            cli_json_open(json, '{');
            cli_run_json(json, job->cli, run);
            cli_json_close(json);
        }
        cli_spill(job->cli);
    }
    cli_json_close(json);
}

/* ---- rows ---- */

static void finite_or_null(struct cli_json *json, double number)
{
    if (isfinite(number))
        cli_json_number(json, number);
    else
        cli_json_text(json, NULL);
}

static void values_json(struct compare_job *job, struct cli_json *json, size_t row)
{
    bool metric = assay_comparison_row(job->comparison, row)->kind == ASSAY_ROW_METRIC;
    cli_json_key(json, "values");
    cli_json_open(json, '[');
    for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++) {
        struct assay_compare_cell cell = assay_comparison_cell(job->comparison, row, i);
        if (!cell.present)
            cli_json_text(json, NULL);
        else if (metric)
            cli_json_number(json, cell.number);
        else
            cli_json_text(json, cell.text);
    }
    cli_json_close(json);
}

static void deltas_json(struct compare_job *job, struct cli_json *json, size_t row)
{
    size_t runs = assay_comparison_runs(job->comparison);
    cli_json_key(json, "deltas");
    cli_json_open(json, '[');
    for (size_t i = 0; i < runs; i++) {
        struct assay_delta d = assay_comparison_delta(job->comparison, row, i, job->baseline);
        bool number = d.kind == ASSAY_DELTA_NUMBER || d.kind == ASSAY_DELTA_SAME;
        finite_or_null(json, number ? d.difference : NAN);
    }
    cli_json_close(json);
    cli_json_key(json, "percent");
    cli_json_open(json, '[');
    for (size_t i = 0; i < runs; i++)
        finite_or_null(json,
                       assay_comparison_delta(job->comparison, row, i, job->baseline).percent);
    cli_json_close(json);
    cli_json_key(json, "better");
    cli_json_open(json, '[');
    for (size_t i = 0; i < runs; i++)
        cli_json_integer(json,
                         assay_comparison_delta(job->comparison, row, i, job->baseline).better);
    cli_json_close(json);
}

static void rows_json(struct compare_job *job, struct cli_json *json, const char *name,
                      enum assay_row_kind kind)
{
    cli_json_key(json, name);
    cli_json_open(json, '[');
    for (size_t row = 0; row < assay_comparison_rows(job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(job->comparison, row);
        if (r->kind != kind)
            continue;
        cli_json_open(json, '{');
        cli_json_member(json, "key", r->key);
        values_json(job, json, row);
        cli_json_key(json, "differs");
        cli_json_bool(json, r->differs);
        if (kind == ASSAY_ROW_METRIC) {
            cli_json_key(json, "direction");
            cli_json_integer(json, r->direction);
            deltas_json(job, json, row);
        }
        cli_json_close(json);
        cli_spill(job->cli);
    }
    cli_json_close(json);
}

/* ---- groups and verdicts ---- */

static void sample_json(struct cli_json *json, const char *name, const struct assay_sample *s)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"mean", s->mean},     {"sd", s->sd},
                   {"min", s->min},       {"max", s->max},
                   {"median", s->median}, {"best_of_n_luck_sd", assay_best_of_bias(s->n)}};
    cli_json_key(json, name);
    cli_json_open(json, '{');
    cli_json_key(json, "n");
    cli_json_count(json, s->n);
    cli_json_key(json, "not_finite");
    cli_json_count(json, s->dropped);
    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++) {
        cli_json_key(json, numbers[i].key);
        finite_or_null(json, numbers[i].value);
    }
    cli_json_close(json);
}

static const char *answer_name(enum assay_answer answer)
{
    static const char *const names[] = {
        [ASSAY_ANSWER_NONE] = "none",
        [ASSAY_ANSWER_BETTER] = "better",
        [ASSAY_ANSWER_WORSE] = "worse",
        [ASSAY_ANSWER_DIFFERENT] = "different",
        [ASSAY_ANSWER_CANNOT_TELL] = "cannot tell",
        [ASSAY_ANSWER_NO_EVIDENCE] = "no evidence",
        [ASSAY_ANSWER_SAME] = "same",
    };
    return names[answer];
}

static void interval_json(struct cli_json *json, const struct assay_interval *i)
{
    cli_json_key(json, "interval");
    if (i->method == ASSAY_INTERVAL_NONE) {
        cli_json_text(json, NULL);
        cli_json_member(json, "no_interval", i->why);
        return;
    }
    cli_json_open(json, '{');
    cli_json_key(json, "low");
    cli_json_number(json, i->low);
    cli_json_key(json, "high");
    cli_json_number(json, i->high);
    cli_json_key(json, "estimate");
    cli_json_number(json, i->estimate);
    cli_json_key(json, "level");
    cli_json_number(json, i->level);
    cli_json_member(json, "method", assay_interval_name(i->method));
    cli_json_close(json);
}

/* The members of a verdict's object. */
static void verdict_json(struct cli_json *json, const struct assay_judgement *v)
{
    struct assay_buf sentence = {0};
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"difference", v->difference}, {"percent", v->percent},
                   {"effect", v->effect},         {"p", v->test.p},
                   {"p_corrected", v->p},         {"p_least", v->test.least}};
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {{"pairs", v->pairs},
                  {"unmatched", v->unmatched},
                  {"repeated", v->repeated},
                  {"family", v->family},
                  {"seed", v->seed}};
    cli_json_member(json, "metric", v->metric);
    cli_json_member(json, "answer", answer_name(v->answer));
    for (size_t i = 0; i < ASSAY_COUNT(counts); i++) {
        cli_json_key(json, counts[i].key);
        cli_json_count(json, counts[i].value);
    }
    sample_json(json, "candidate", &v->candidate);
    sample_json(json, "baseline", &v->baseline);
    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++) {
        cli_json_key(json, numbers[i].key);
        finite_or_null(json, numbers[i].value);
    }
    interval_json(json, &v->interval);
    assay_verdict_sentence(v, false, &sentence);
    cli_json_member(json, "sentence", assay_buf_text(&sentence));
    assay_buf_free(&sentence);
}

static void groups_json(struct compare_job *job, struct cli_json *json)
{
    cli_json_key(json, "groups");
    cli_json_open(json, '[');
    for (size_t g = 0; job->grouped && g < job->grouping.count; g++) {
        const struct assay_group *group = &job->grouping.groups[g];
        cli_json_open(json, '{');
        cli_json_member(json, "title", group->title);
        cli_json_key(json, "runs");
        cli_json_open(json, '[');
        for (size_t i = 0; i < group->count; i++)
            cli_json_text(json, assay_comparison_run(job->comparison, group->columns[i])->id);
        cli_json_close(json);
        cli_json_close(json);
    }
    cli_json_close(json);
    if (job->grouped)
        cli_json_member(json, "seed_key", job->grouping.seed_key);
    cli_json_key(json, "verdicts");
    cli_json_open(json, '[');
    for (size_t i = 0; i < job->verdict_count; i++) {
        cli_json_open(json, '{');
        cli_json_key(json, "candidate_group");
        cli_json_count(json, job->verdict_groups[i]);
        cli_json_key(json, "baseline_group");
        cli_json_count(json, job->base_group);
        verdict_json(json, &job->verdicts[i]);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void examples_json(struct compare_job *job, struct cli_json *json)
{
    cli_json_key(json, "examples");
    cli_json_open(json, '[');
    for (size_t i = 0; i < job->example_count; i++) {
        const struct compare_example *e = &job->examples[i];
        cli_json_open(json, '{');
        cli_json_member(json, "run", assay_comparison_run(job->comparison, e->column)->id);
        cli_json_key(json, "alone");
        cli_json_count(json, e->alone);
        cli_json_key(json, "ids_twice");
        cli_json_count(json, e->repeated);
        cli_json_key(json, "unread");
        cli_json_count(json, e->unread);
        verdict_json(json, &e->verdict);
        cli_json_close(json);
    }
    cli_json_close(json);
}

void compare_print_json(struct compare_job *job)
{
    struct cli_json json = {.out = &job->cli->out};
    const char *const *notices;
    size_t count = assay_comparison_notices(job->comparison, &notices);
    cli_json_open(&json, '{');
    runs_json(job, &json);
    cli_json_member(&json, "baseline",
                    assay_comparison_run(job->comparison, job->baseline)->id);
    rows_json(job, &json, "params", ASSAY_ROW_PARAM);
    rows_json(job, &json, "paths", ASSAY_ROW_PATH);
    rows_json(job, &json, "metrics", ASSAY_ROW_METRIC);
    rows_json(job, &json, "tags", ASSAY_ROW_TAG);
    rows_json(job, &json, "attributes", ASSAY_ROW_ATTRIBUTE);
    rows_json(job, &json, "inputs", ASSAY_ROW_INPUT);
    rows_json(job, &json, "outputs", ASSAY_ROW_OUTPUT);
    rows_json(job, &json, "facts", ASSAY_ROW_FACT);
    groups_json(job, &json);
    examples_json(job, &json);
    cli_json_key(&json, "notices");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < count; i++)
        cli_json_text(&json, notices[i]);
    cli_json_close(&json);
    cli_json_close(&json);
}

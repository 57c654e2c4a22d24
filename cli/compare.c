/*
 * assay compare: what differs between runs, and is the difference real. This file reads the
 * options and builds the comparison; compare_*.c choose the runs, compute rows from curves and
 * print.
 */
#include "compare.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>
#include <assay/text.h>

/* ---- options ---- */

/* "METRIC=max" or "METRIC=min"; returns where the "=" stands, or NULL. */
static const char *parse_direction(const char *text, int *direction)
{
    const char *equals = strrchr(text, '=');
    bool max = equals && strcmp(equals + 1, "max") == 0;
    bool min = equals && strcmp(equals + 1, "min") == 0;
    *direction = max ? 1 : -1;
    return max || min ? equals : NULL;
}

static enum assay_status check_directions(struct cli *cli, struct assay_error *err)
{
    const char *text;
    int direction;
    for (size_t i = 0; (text = cli_value_at(cli, "direction", i)) != NULL; i++)
        if (!parse_direction(text, &direction))
            return assay_fail(err, ASSAY_BAD_INPUT,
                              "compare: --direction %s: not METRIC=min or METRIC=max", text);
    return ASSAY_OK;
}

/* What was remembered first, then what this command line says. */
static void set_directions(struct compare_job *job)
{
    const char *text;
    int direction;
    struct assay_error failed = {0};
    if (job->cli->session &&
        assay_directions_read(job->comparison, assay_session_store_path(job->cli->session),
                              &failed) != ASSAY_OK)
        cli_complain(&failed);
    for (size_t i = 0; (text = cli_value_at(job->cli, "direction", i)) != NULL; i++) {
        const char *equals = parse_direction(text, &direction);
        char *metric = assay_strndup(text, (size_t)(equals - text));
        assay_comparison_set_direction(job->comparison, metric, direction);
        free(metric);
    }
}

static enum assay_stat stat_of(const struct cli *cli)
{
    static const char *const names[] = {
        [ASSAY_STAT_LAST] = "last",
        [ASSAY_STAT_MIN] = "min",
        [ASSAY_STAT_MAX] = "max",
        [ASSAY_STAT_BEST] = "best",
    };
    const char *name = cli_value(cli, "stat");
    for (size_t i = 0; name && i < ASSAY_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum assay_stat)i;
    return ASSAY_STAT_LAST;
}

/* ---- building ---- */

static enum assay_status build_from_sources(struct compare_job *job, struct assay_error *err)
{
    struct cli *cli = job->cli;
    uint32_t *runs = NULL, base = 0;
    size_t count = 0;
    const char *baseline = cli_value(cli, "baseline");
    if (!baseline)
        compare_ask(cli);
    enum assay_status status = cli_open(cli, err);
    if (status == ASSAY_OK && baseline)
        status = cli_find_run(cli, baseline, &base, err);
    if (status == ASSAY_OK)
        status = compare_select(cli, &runs, &count, err);
    if (status == ASSAY_OK && baseline)
        assay_comparison_add_run(job->comparison, cli->catalog, base); /* the first column */
    for (size_t i = 0; status == ASSAY_OK && i < count; i++)
        assay_comparison_add_run(job->comparison, cli->catalog, runs[i]);
    free(runs);
    return status;
}

static enum assay_status find_in_bundle(struct compare_job *job, const char *ref,
                                        struct assay_error *err)
{
    size_t found = 0, runs = assay_comparison_runs(job->comparison), length = strlen(ref);
    for (size_t i = 0; i < runs; i++) {
        const struct assay_compared_run *run = assay_comparison_run(job->comparison, i);
        if (strncmp(run->id, ref, length) == 0 || strcmp(run->name, ref) == 0) {
            job->baseline = i;
            found++;
        }
    }
    if (found != 1)
        return assay_fail(err, ASSAY_BAD_INPUT, "compare: --baseline %s: %s run in the bundle",
                          ref, found ? "more than one" : "no");
    return ASSAY_OK;
}

static enum assay_status build(struct compare_job *job, struct assay_error *err)
{
    const char *bundle = cli_value(job->cli, "bundle");
    const char *baseline = cli_value(job->cli, "baseline");
    if (!bundle)
        return build_from_sources(job, err);
    if (job->cli->args.operand_count)
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "compare: a bundle brings its runs: name none beside --bundle");
    enum assay_status status = compare_bundle_load(job, bundle, err);
    if (status == ASSAY_OK && baseline)
        status = find_in_bundle(job, baseline, err);
    return status;
}

/* ---- groups and verdicts ---- */

static enum assay_status make_groups(struct compare_job *job, struct assay_error *err)
{
    const char *keys = cli_value(job->cli, "group-by");
    keys = keys ? keys : job->group_by;
    enum assay_status status = ASSAY_OK;
    if (!keys || strcmp(keys, "auto") == 0) {
        job->grouped = assay_comparison_propose(job->comparison, &job->grouping);
        if (keys && !job->grouped)
            cli_complain(&(struct assay_error){
                .what = "compare: no two of these runs differ only by their seed",
                .hint = "name what to group by: --group-by params.NAME"});
    } else {
        status = assay_comparison_group_by(job->comparison, keys, &job->grouping, err);
        job->grouped = status == ASSAY_OK;
    }
    job->by_group = keys && job->grouped;
    for (size_t g = 0; job->grouped && g < job->grouping.count; g++)
        for (size_t i = 0; i < job->grouping.groups[g].count; i++)
            if (job->grouping.groups[g].columns[i] == job->baseline)
                job->base_group = g;
    return status;
}

static bool is_wanted(const struct compare_job *job, const char *metric)
{
    const char *name;
    for (size_t i = 0; (name = cli_value_at(job->cli, "metric", i)) != NULL; i++)
        if (strcmp(name, metric) == 0)
            return true;
    return !cli_has(job->cli, "metric");
}

static void judge(struct compare_job *job, size_t row, size_t group)
{
    ASSAY_GROW(job->verdict_groups, job->verdict_capacity, job->verdict_count + 1);
    job->verdicts =
        assay_realloc_array(job->verdicts, job->verdict_capacity, sizeof *job->verdicts);
    job->verdict_groups[job->verdict_count] = group;
    job->verdicts[job->verdict_count++] = assay_comparison_verdict(
        job->comparison, row, &job->grouping, group, job->base_group, job->seed);
}

/* Metrics whose direction is known, or the ones that were named: what nobody could call better
   or worse is not tested, so that it costs the others nothing. */
static void judge_all(struct compare_job *job)
{
    bool named = cli_has(job->cli, "metric");
    for (size_t row = 0; job->grouped && row < assay_comparison_rows(job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(job->comparison, row);
        if (r->kind != ASSAY_ROW_METRIC || !r->differs || !is_wanted(job, r->key) ||
            (!named && r->direction == 0))
            continue;
        for (size_t g = 0; g < job->grouping.count; g++)
            if (g != job->base_group)
                judge(job, row, g);
    }
    assay_verdicts_correct(job->verdicts, job->verdict_count);
}

static void choose_charts(struct compare_job *job)
{
    const char *name;
    for (size_t i = 0; (name = cli_value_at(job->cli, "metric", i)) != NULL; i++) {
        size_t row = assay_comparison_find(job->comparison, ASSAY_ROW_METRIC, name);
        if (row != SIZE_MAX && job->chart_count < COMPARE_CHARTS)
            job->charts[job->chart_count++] = row;
    }
    if (!job->chart_count)
        job->chart_count =
            assay_comparison_main_metrics(job->comparison, job->charts, COMPARE_CHARTS);
}

/* ---- the gate ---- */

static enum assay_status parse_gate(struct assay_gate **gate, const char *text,
                                    struct assay_error *err)
{
    struct assay_error wrong = {0};
    enum assay_status status = assay_gate_parse(gate, text, &wrong);
    if (status != ASSAY_OK) {
        assay_fail(err, status, "compare: --fail-if: %s", wrong.what);
        assay_hint(err, "%s", wrong.hint);
    }
    return status;
}

static void complain_of_run(struct compare_job *job, size_t column, const char *what,
                            const struct assay_buf *why)
{
    struct assay_buf title = {0};
    struct assay_error said = {0};
    bool by_group = job->by_group;
    job->by_group = false;
    compare_title(job, column, &title);
    job->by_group = by_group;
    assay_fail(&said, ASSAY_NO, "%s: --fail-if %s: %s", assay_buf_text(&title), what,
               assay_buf_text(why));
    cli_complain(&said);
    assay_buf_free(&title);
}

/* What cannot be decided fails as well: a gate that looks away is none. */
static enum assay_status check_gate(struct compare_job *job, const struct assay_gate *gate)
{
    enum assay_status status = ASSAY_OK;
    for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++) {
        struct assay_buf why = {0};
        if (i == job->baseline)
            continue;
        enum assay_gate_answer answer =
            assay_gate_check(gate, job->comparison, i, job->baseline, &why);
        if (answer != ASSAY_GATE_FALSE) {
            complain_of_run(job, i, answer == ASSAY_GATE_TRUE ? "holds" : "cannot be decided",
                            &why);
            status = ASSAY_NO;
        }
        assay_buf_free(&why);
    }
    return status;
}

/* ---- what mattered ---- */

static void factor_row(struct compare_job *job, struct cli_table *table,
                       const struct assay_factor *f)
{
    cli_table_text(table, assay_comparison_row(job->comparison, f->row)->label);
    const double numbers[] = {f->importance.mean, f->importance.spread, f->rank.value, f->p};
    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++) {
        if (isnan(numbers[i]))
            cli_table_none(table);
        else
            cli_table_number(table, numbers[i], false);
    }
    cli_table_count(table, f->distinct);
}

static void explain_json(struct compare_job *job, const char *metric,
                         const struct assay_explanation *e)
{
    struct cli_json json = {.out = &job->cli->out};
    cli_json_open(&json, '{');
    cli_json_member(&json, "metric", metric);
    cli_json_key(&json, "runs");
    cli_json_count(&json, e->forest.n);
    cli_json_key(&json, "r2");
    cli_json_number(&json, e->forest.r2);
    cli_json_member(&json, "why_not", e->forest.why);
    cli_json_key(&json, "factors");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < e->count; i++) {
        const struct assay_factor *f = &e->factors[i];
        const struct {
            const char *key;
            double value;
        } numbers[] = {{"importance", f->importance.mean},
                       {"spread", f->importance.spread},
                       {"rank_correlation", f->rank.value},
                       {"p_corrected", f->p}};
        cli_json_open(&json, '{');
        cli_json_member(&json, "key", assay_comparison_row(job->comparison, f->row)->key);
        for (size_t n = 0; n < ASSAY_COUNT(numbers); n++) {
            cli_json_key(&json, numbers[n].key);
            if (isnan(numbers[n].value))
                cli_json_text(&json, NULL);
            else
                cli_json_number(&json, numbers[n].value);
        }
        cli_json_key(&json, "distinct");
        cli_json_count(&json, f->distinct);
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

void compare_forest_text(const struct assay_explanation *e, struct assay_buf *out)
{
    if (e->forest.why)
        assay_buf_format(out, "no importance: %s (%zu here)", e->forest.why, e->forest.n);
    else
        assay_buf_format(out, "%zu runs; the forest explains %.0f %% of what it had not seen%s",
                         e->forest.n, 100 * fmax(e->forest.r2, 0),
                         e->forest.r2 < 0.1 ? ": too little to trust the importances" : "");
}

enum assay_status compare_explain(struct compare_job *job, const char *metric,
                                  struct assay_error *err)
{
    static const char *const names[] = {"importance", "spread", "rank", "p", "values"};
    size_t row = assay_comparison_find(job->comparison, ASSAY_ROW_METRIC, metric);
    struct assay_explanation e;
    if (row == SIZE_MAX)
        return assay_fail(err, ASSAY_BAD_INPUT, "compare: --explain: no run has a metric %s",
                          metric);
    assay_comparison_explain(job->comparison, row, job->seed, &e);
    const char *format = cli_value(job->cli, "format");
    if (format && strcmp(format, "html") == 0) {
        compare_html_explain(job, row, &e);
    } else if (format && strcmp(format, "latex") == 0) {
        compare_latex_explain(job, row, &e);
    } else if (job->cli->format == CLI_JSON) {
        explain_json(job, metric, &e);
    } else {
        struct cli_table *table = cli_table_new(job->cli);
        cli_table_column(table, "param", "param", false);
        for (size_t i = 0; i < ASSAY_COUNT(names); i++)
            cli_table_column(table, names[i], names[i], true);
        for (size_t i = 0; i < e.count; i++)
            factor_row(job, table, &e.factors[i]);
        cli_table_print(table);
        cli_table_free(&table);
    }
    if (job->cli->format == CLI_TABLE) {
        compare_forest_text(&e, &job->cli->out);
        assay_buf_format(&job->cli->out, "\nparams that never vary: %zu\n", e.constant);
    }
    assay_explanation_free(&e);
    return ASSAY_OK;
}

/* ---- printing ---- */

static enum assay_status redirect(struct cli *cli, struct assay_error *err)
{
    const char *path = cli_output(cli);
    if (!path)
        return ASSAY_OK;
    cli->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (cli->fd < 0)
        return assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    cli->tty = cli->color = false;
    return ASSAY_OK;
}

static enum assay_status print(struct compare_job *job, struct assay_error *err)
{
    const char *format = cli_value(job->cli, "format"), *save = cli_value(job->cli, "save");
    const char *explain = cli_value(job->cli, "explain");
    if (save)
        return compare_bundle_save(job, save, err);
    enum assay_status status = redirect(job->cli, err);
    if (status != ASSAY_OK)
        return status;
    if (explain)
        return compare_explain(job, explain, err);
    if (cli_has(job->cli, "diff"))
        return compare_diff(job, cli_value(job->cli, "diff"), err);
    if (cli_has(job->cli, "code"))
        return compare_code(job, err);
    if (format && strcmp(format, "html") == 0)
        compare_print_html(job);
    else if (format && strcmp(format, "latex") == 0)
        compare_print_latex(job);
    else if (job->cli->format == CLI_JSON)
        compare_print_json(job);
    else if (job->cli->format == CLI_CSV)
        compare_print_csv(job);
    else
        compare_print_table(job);
    return ASSAY_OK;
}

static void job_free(struct compare_job *job)
{
    for (size_t i = 0; i < job->series_count; i++) {
        assay_series_free(&job->series[i].series);
        free(job->series[i].metric);
    }
    for (size_t i = 0; i < job->example_count; i++)
        free(job->examples[i].metric);
    compare_bundle_free_files(job);
    free(job->group_by);
    free(job->examples);
    free(job->series);
    free(job->verdicts);
    free(job->verdict_groups);
    assay_grouping_free(&job->grouping);
    assay_comparison_free(&job->comparison);
}

enum assay_status cli_compare(struct cli *cli, struct assay_error *err)
{
    struct compare_job job = {
        .cli = cli,
        .comparison = assay_comparison_new(),
        .all = cli_has(cli, "all"),
        .seed = ASSAY_SEED,
    };
    struct assay_gate *gate = NULL;
    const char *fail_if = cli_value(cli, "fail-if");
    int64_t seed = ASSAY_SEED;
    /* What is wrong with the arguments is said before anything is read. */
    enum assay_status status = cli_integer(cli, "seed", 0, INT64_MAX, &seed, err);
    if (status == ASSAY_OK)
        status = check_directions(cli, err);
    if (status == ASSAY_OK)
        status = compare_extra_check(cli, err);
    if (status == ASSAY_OK && fail_if)
        status = parse_gate(&gate, fail_if, err);
    job.seed = (uint64_t)seed;
    if (status == ASSAY_OK)
        status = build(&job, err);
    if (status == ASSAY_OK) {
        set_directions(&job);
        assay_comparison_set_stat(job.comparison, stat_of(cli));
        assay_comparison_finish(job.comparison);
        compare_files(&job);
        status = compare_extra(&job, err);
    }
    if (status == ASSAY_OK) {
        assay_comparison_finish(job.comparison);
        status = make_groups(&job, err);
    }
    if (status == ASSAY_OK)
        status = compare_front(&job, err);
    if (status == ASSAY_OK) {
        choose_charts(&job);
        judge_all(&job);
        status = compare_examples(&job, err);
    }
    if (status == ASSAY_OK) {
        status = print(&job, err);
    }
    if (status == ASSAY_OK && gate)
        status = check_gate(&job, gate);
    assay_gate_free(&gate);
    job_free(&job);
    return status;
}

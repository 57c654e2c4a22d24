/*
 * assay show: everything known of one run.
 */
#include "cli.h"
#include "json.h"
#include "run_json.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#define SYSTEM_PREFIX "system/"

/* ---- JSON ---- */

static void inputs_json(struct cli_json *json, const struct assay_attrs *attrs)
{
    cli_json_key(json, "inputs");
    cli_json_open(json, '[');
    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *in = &attrs->inputs[i];
        cli_json_open(json, '{');
        cli_json_member(json, "type", in->type);
        cli_json_member(json, "name", in->name);
        cli_json_member(json, "digest", in->digest);
        cli_json_member(json, "context", in->context);
        cli_json_member(json, "source_type", in->source_type);
        cli_json_member(json, "source", in->source);
        cli_json_member(json, "schema", in->schema);
        cli_json_member(json, "profile", in->profile);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void outputs_json(struct cli_json *json, const struct assay_attrs *attrs)
{
    cli_json_key(json, "outputs");
    cli_json_open(json, '[');
    for (size_t i = 0; i < attrs->output_count; i++) {
        const struct assay_output *out = &attrs->outputs[i];
        cli_json_open(json, '{');
        cli_json_member(json, "type", out->type);
        cli_json_member(json, "id", out->id);
        cli_json_member(json, "name", out->name);
        cli_json_key(json, "step");
        cli_json_integer(json, out->step);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_key(json, "models");
    cli_json_open(json, '[');
    for (size_t i = 0; i < attrs->output_count; i++) {
        const struct assay_output *out = &attrs->outputs[i];
        if (strcmp(out->type, "model") != 0)
            continue;
        cli_json_open(json, '{');
        cli_json_member(json, "id", out->id);
        cli_json_member(json, "name", out->name);
        cli_json_key(json, "step");
        cli_json_integer(json, out->step);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void artifacts_json(struct cli_json *json, const struct assay_artifacts *artifacts)
{
    cli_json_key(json, "artifacts");
    if (artifacts->load == ASSAY_LOAD_FAILED) {
        cli_json_text(json, NULL);
        return;
    }
    cli_json_open(json, '[');
    for (size_t i = 0; i < artifacts->count; i++) {
        const struct assay_artifact *a = &artifacts->items[i];
        cli_json_open(json, '{');
        cli_json_member(json, "path", a->path);
        cli_json_key(json, "directory");
        cli_json_bool(json, a->directory);
        cli_json_key(json, "bytes");
        cli_json_count(json, a->bytes);
        cli_json_key(json, "modified_ms");
        cli_json_time(json, a->modified_ms);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void system_json(struct cli_json *json, const struct assay_attrs *attrs)
{
    cli_json_key(json, "system");
    cli_json_open(json, '{');
    for (size_t i = 0; i < attrs->metric_count; i++) {
        const char *key = attrs->metrics[i].key;
        if (strncmp(key, SYSTEM_PREFIX, strlen(SYSTEM_PREFIX)) != 0)
            continue;
        cli_json_key(json, key + strlen(SYSTEM_PREFIX));
        cli_summary_json(json, &attrs->metrics[i].summary);
    }
    cli_json_close(json);
}

static void print_json(struct cli *cli, uint32_t run, const struct assay_artifacts *artifacts)
{
    struct cli_json json = {.out = &cli->out};
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    cli_json_open(&json, '{');
    cli_run_json(&json, cli, run);
    inputs_json(&json, attrs);
    outputs_json(&json, attrs);
    cli_json_member(&json, "notes", assay_session_note(cli->session, run));
    artifacts_json(&json, artifacts);
    system_json(&json, attrs);
    cli_json_close(&json);
}

/* ---- one table of section, key and value for the other programs ---- */

static void add_row(struct cli_table *table, const char *section, const char *key,
                    const char *value)
{
    cli_table_text(table, section);
    cli_table_text(table, key);
    cli_table_text(table, value);
}

static void add_time_row(struct cli_table *table, const char *key, int64_t time_ms)
{
    cli_table_text(table, "run");
    cli_table_text(table, key);
    cli_table_time(table, time_ms);
}

static void add_number_row(struct cli_table *table, const char *metric, const char *what,
                           double value)
{
    struct assay_buf key = {0};
    assay_buf_format(&key, "%s.%s", metric, what);
    cli_table_text(table, "metrics");
    cli_table_text(table, assay_buf_text(&key));
    cli_table_number(table, value, false);
    assay_buf_free(&key);
}

static void add_count_row(struct cli_table *table, const char *metric, const char *what,
                          int64_t value)
{
    struct assay_buf key = {0};
    assay_buf_format(&key, "%s.%s", metric, what);
    cli_table_text(table, "metrics");
    cli_table_text(table, assay_buf_text(&key));
    cli_table_integer(table, value);
    assay_buf_free(&key);
}

static void add_run_rows(struct cli *cli, uint32_t run, struct cli_table *table)
{
    const struct assay_run *r = assay_catalog_run(cli->catalog, run);
    const struct assay_source *source = assay_catalog_source(cli->catalog, r->source);
    const struct assay_experiment *experiment =
        r->experiment == ASSAY_NONE ? NULL
                                    : assay_catalog_experiment(cli->catalog, r->experiment);
    add_row(table, "run", "id", r->id);
    add_row(table, "run", "name", r->name);
    add_row(table, "run", "experiment", experiment ? experiment->name : "");
    add_row(table, "run", "experiment_id", experiment ? experiment->id : "");
    add_row(table, "run", "source_kind", source->kind);
    add_row(table, "run", "source", source->where);
    add_row(table, "run", "status", assay_run_status_name(r->status));
    add_row(table, "run", "lifecycle", r->deleted ? "deleted" : "active");
    add_row(table, "run", "user", r->user);
    add_time_row(table, "start_ms", r->start_ms);
    add_time_row(table, "end_ms", r->end_ms);
    add_row(table, "run", "artifact_uri", r->artifact_uri);
}

static void print_rows(struct cli *cli, uint32_t run, const struct assay_artifacts *artifacts)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "section", "section", false);
    cli_table_column(table, "key", "key", false);
    cli_table_column(table, "value", "value", false);
    add_run_rows(cli, run, table);
    for (size_t i = 0; i < attrs->param_count; i++)
        add_row(table, "params", attrs->params[i].key, attrs->params[i].value);
    for (size_t i = 0; i < attrs->metric_count; i++) {
        const struct assay_metric *m = &attrs->metrics[i];
        add_number_row(table, m->key, "last", m->summary.last);
        add_count_row(table, m->key, "step", m->summary.step);
        add_count_row(table, m->key, "time_ms", m->summary.time_ms);
        if (!m->summary.n) /* a server's list has no more */
            continue;
        add_number_row(table, m->key, "min", m->summary.min);
        add_number_row(table, m->key, "max", m->summary.max);
        add_count_row(table, m->key, "n", (int64_t)m->summary.n);
        add_count_row(table, m->key, "nonfinite", (int64_t)m->summary.nonfinite);
    }
    for (size_t i = 0; i < attrs->tag_count; i++)
        add_row(table, "tags", attrs->tags[i].key, attrs->tags[i].value);
    for (size_t i = 0; i < attrs->input_count; i++)
        add_row(table, "inputs", attrs->inputs[i].name, attrs->inputs[i].digest);
    for (size_t i = 0; i < attrs->output_count; i++)
        add_row(table, "outputs", attrs->outputs[i].id, attrs->outputs[i].name);
    add_row(table, "notes", "text", assay_session_note(cli->session, run));
    for (size_t i = 0; i < artifacts->count; i++) {
        cli_table_text(table, "artifacts");
        cli_table_text(table, artifacts->items[i].path);
        cli_table_bytes(table, artifacts->items[i].bytes);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

/* ---- for people ---- */

static void heading(struct cli *cli, const char *text, size_t count)
{
    char number[32];
    assay_buf_format(&cli->out, cli->color ? "\n\x1b[1m%s\x1b[0m" : "\n%s", text);
    if (count)
        assay_buf_format(&cli->out, " (%s)", assay_count_text(number, count));
    assay_buf_char(&cli->out, '\n');
}

static void line(struct cli *cli, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    assay_buf_text_add(&cli->out, "  ");
    assay_text_pad(&cli->out, key, 12, false, !cli->utf8);
    assay_text_clean(&cli->out, value, strlen(value));
    assay_buf_char(&cli->out, '\n');
}

static void show_head(struct cli *cli, uint32_t run)
{
    const struct assay_run *r = assay_catalog_run(cli->catalog, run);
    const struct assay_source *source = assay_catalog_source(cli->catalog, r->source);
    char text[48], age[24];
    struct assay_buf buf = {0};
    if (cli->color)
        assay_buf_text_add(&cli->out, "\x1b[1m");
    const char *title = *r->name ? r->name : r->id;
    assay_text_clean(&cli->out, title, strlen(title));
    assay_buf_text_add(&cli->out, cli->color ? "\x1b[0m\n" : "\n");
    line(cli, "id", r->id);
    if (r->experiment != ASSAY_NONE)
        line(cli, "experiment", assay_catalog_experiment(cli->catalog, r->experiment)->name);
    assay_buf_format(&buf, "%s (%s)", source->where, source->kind);
    line(cli, "source", assay_buf_text(&buf));
    snprintf(text, sizeof text, "%s%s", assay_run_status_name(r->status),
             assay_catalog_state_age(age, cli->catalog, run, assay_now_ms()));
    line(cli, "status", text);
    line(cli, "lifecycle", r->deleted ? "deleted" : "");
    line(cli, "user", r->user);
    if (r->start_ms != ASSAY_NO_TIME) {
        assay_buf_reset(&buf);
        assay_buf_format(&buf, "%s (%s ago)", assay_time_text(text, r->start_ms),
                         assay_age_text(age, r->start_ms, assay_now_ms()));
        line(cli, "start", assay_buf_text(&buf));
    }
    line(cli, "end", assay_time_text(text, r->end_ms));
    if (r->start_ms != ASSAY_NO_TIME && r->end_ms != ASSAY_NO_TIME && r->end_ms >= r->start_ms)
        line(cli, "duration",
             assay_duration_text(text, (int64_t)((uint64_t)r->end_ms - (uint64_t)r->start_ms)));
    line(cli, "artifacts", r->artifact_uri);
    line(cli, "note", assay_session_note(cli->session, run));
    assay_buf_free(&buf);
}

static void show_pairs(struct cli *cli, const char *title, const struct assay_pair *pairs,
                       size_t count)
{
    if (!count)
        return;
    heading(cli, title, count);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "key", "key", false);
    cli_table_column(table, "value", "value", false);
    for (size_t i = 0; i < count; i++) {
        cli_table_text(table, pairs[i].key);
        cli_table_text(table, pairs[i].value);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

static void show_metrics(struct cli *cli, const struct assay_attrs *attrs)
{
    static const char *const names[] = {"last", "step", "min", "max", "points", "not finite"};
    if (!attrs->metric_count)
        return;
    heading(cli, "Metrics", attrs->metric_count);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "metric", "metric", false);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cli_table_column(table, names[i], names[i], true);
    for (size_t i = 0; i < attrs->metric_count; i++) {
        const struct assay_metric *m = &attrs->metrics[i];
        cli_table_text(table, m->key);
        cli_table_number(table, m->summary.last, m->single);
        cli_table_integer(table, m->summary.step);
        if (!m->summary.n) { /* a server's list has no more */
            for (int cell = 0; cell < 4; cell++)
                cli_table_none(table);
            continue;
        }
        cli_table_number(table, m->summary.min, m->single);
        cli_table_number(table, m->summary.max, m->single);
        cli_table_count(table, m->summary.n);
        cli_table_count(table, m->summary.nonfinite);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

static void show_lineage(struct cli *cli, const struct assay_attrs *attrs)
{
    if (!attrs->input_count && !attrs->output_count)
        return;
    heading(cli, "Inputs and outputs", attrs->input_count + attrs->output_count);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "direction", "", false);
    cli_table_column(table, "type", "type", false);
    cli_table_column(table, "name", "name", false);
    cli_table_column(table, "context", "context", false);
    cli_table_column(table, "id", "digest or id", false);
    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *in = &attrs->inputs[i];
        const char *cells[] = {"in", in->type, in->name, in->context, in->digest};
        for (size_t c = 0; c < 5; c++)
            cli_table_text(table, cells[c]);
    }
    for (size_t i = 0; i < attrs->output_count; i++) {
        const struct assay_output *out = &attrs->outputs[i];
        const char *cells[] = {"out", out->type, out->name, "", out->id};
        for (size_t c = 0; c < 5; c++)
            cli_table_text(table, cells[c]);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

static void show_artifacts(struct cli *cli, const struct assay_artifacts *artifacts)
{
    if (artifacts->load == ASSAY_LOAD_FAILED)
        assay_buf_text_add(&cli->out, "\nArtifacts: not to be had here\n");
    if (!artifacts->count)
        return;
    heading(cli, "Artifacts", artifacts->count);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "path", "path", false);
    cli_table_column(table, "bytes", "size", true);
    for (size_t i = 0; i < artifacts->count; i++) {
        cli_table_text(table, artifacts->items[i].path);
        if (artifacts->items[i].directory)
            cli_table_none(table);
        else
            cli_table_bytes(table, artifacts->items[i].bytes);
    }
    cli_table_print(table);
    cli_table_free(&table);
    if (artifacts->cut)
        assay_buf_text_add(&cli->out, "(there are more)\n");
}

static void print_people(struct cli *cli, uint32_t run, const struct assay_artifacts *artifacts)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    show_head(cli, run);
    show_metrics(cli, attrs);
    show_pairs(cli, "Params", attrs->params, attrs->param_count);
    show_pairs(cli, "Tags", attrs->tags, attrs->tag_count);
    show_lineage(cli, attrs);
    show_artifacts(cli, artifacts);
}

/* A store copied from another machine, or with its artifacts in a bucket, is nothing that went
   wrong: the URI is shown. A server that does not answer, or a folder that may not be read, is.
 */
static bool are_elsewhere(struct cli *cli, uint32_t run,
                          const struct assay_artifacts *artifacts)
{
    const struct assay_run *r = assay_catalog_run(cli->catalog, run);
    const char *kind = assay_catalog_source(cli->catalog, r->source)->kind;
    return !artifacts->directory && strcmp(kind, "mlflow") != 0;
}

enum assay_status cli_show(struct cli *cli, struct assay_error *err)
{
    uint32_t run;
    cli_ask_named(cli, 1);
    enum assay_status status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = cli_find_run(cli, cli->args.operands[0], &run, err);
    if (status != ASSAY_OK)
        return status;
    cli_pull_run(cli, run);
    const struct assay_artifacts *artifacts = assay_session_artifacts_wait(cli->session, run);
    if (artifacts->error.what[0] && !are_elsewhere(cli, run, artifacts)) {
        cli_complain_of(cli, assay_catalog_run(cli->catalog, run)->source, "artifacts",
                        &artifacts->error);
    }
    if (cli->format == CLI_JSON)
        print_json(cli, run, artifacts);
    else if (cli->format == CLI_TABLE)
        print_people(cli, run, artifacts);
    else
        print_rows(cli, run, artifacts);
    return ASSAY_OK;
}

/*
 * Runs in JSON, for `assay runs` and `assay show`.
 */
#include "run_json.h"

void cli_source_json(struct cli_json *json, const struct assay_source *source)
{
    cli_json_open(json, '{');
    cli_json_member(json, "kind", source->kind);
    cli_json_member(json, "where", source->where);
    if (source->state == ASSAY_SOURCE_OFFLINE) {
        cli_json_key(json, "as_of_ms");
        cli_json_time(json, source->read_ms);
    }
    cli_json_close(json);
}

static void number_or_null(struct cli_json *json, const struct assay_summary *summary,
                           double value)
{
    if (summary->n)
        cli_json_number(json, value);
    else
        cli_json_text(json, NULL);
}

static void count_or_null(struct cli_json *json, const struct assay_summary *summary,
                          uint64_t value)
{
    if (summary->n)
        cli_json_count(json, value);
    else
        cli_json_text(json, NULL);
}

void cli_summary_json(struct cli_json *json, const struct assay_summary *summary)
{
    cli_json_open(json, '{');
    cli_json_key(json, "last");
    cli_json_number(json, summary->last);
    cli_json_key(json, "step");
    cli_json_integer(json, summary->step);
    cli_json_key(json, "time_ms");
    cli_json_time(json, summary->time_ms);
    /* A server's list says nothing but the last point: the rest is not known until it is read.
     */
    cli_json_key(json, "min");
    number_or_null(json, summary, summary->min);
    cli_json_key(json, "max");
    number_or_null(json, summary, summary->max);
    cli_json_key(json, "n");
    count_or_null(json, summary, summary->n);
    cli_json_key(json, "nonfinite");
    count_or_null(json, summary, summary->nonfinite);
    cli_json_close(json);
}

static void pairs_json(struct cli_json *json, const char *key, const struct assay_pair *pairs,
                       size_t count)
{
    cli_json_key(json, key);
    cli_json_open(json, '{');
    for (size_t i = 0; i < count; i++)
        cli_json_member(json, pairs[i].key, pairs[i].value);
    cli_json_close(json);
}

static void attributes_json(struct cli_json *json, struct cli *cli, const struct assay_run *run)
{
    const struct assay_experiment *experiment =
        run->experiment == ASSAY_NONE ? NULL
                                      : assay_catalog_experiment(cli->catalog, run->experiment);
    cli_json_member(json, "id", run->id);
    cli_json_member(json, "name", run->name);
    cli_json_key(json, "experiment");
    cli_json_open(json, '{');
    cli_json_member(json, "id", experiment ? experiment->id : "");
    cli_json_member(json, "name", experiment ? experiment->name : "");
    cli_json_close(json);
    cli_json_key(json, "source");
    cli_source_json(json, assay_catalog_source(cli->catalog, run->source));
    cli_json_member(json, "status", assay_run_status_name(run->status));
    cli_json_member(json, "lifecycle", run->deleted ? "deleted" : "active");
    cli_json_member(json, "user", run->user);
    cli_json_key(json, "start_ms");
    cli_json_time(json, run->start_ms);
    cli_json_key(json, "end_ms");
    cli_json_time(json, run->end_ms);
    cli_json_member(json, "artifact_uri", run->artifact_uri);
}

void cli_run_json(struct cli_json *json, struct cli *cli, uint32_t run)
{
    attributes_json(json, cli, assay_catalog_run(cli->catalog, run));
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    pairs_json(json, "params", attrs->params, attrs->param_count);
    pairs_json(json, "tags", attrs->tags, attrs->tag_count);
    cli_json_key(json, "metrics");
    cli_json_open(json, '{');
    for (size_t i = 0; i < attrs->metric_count; i++) {
        cli_json_key(json, attrs->metrics[i].key);
        cli_summary_json(json, &attrs->metrics[i].summary);
    }
    cli_json_close(json);
}

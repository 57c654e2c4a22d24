/*
 * assay series: every raw point of a run's metrics, in the order (step, time, order written).
 * Points are printed as they come, metric after metric: there may be tens of millions.
 */
#include "cli.h"
#include "json.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

struct printing {
    struct cli *cli;
    struct cli_json json;
    bool single;      /* the metric's values are floats by nature */
    int metric_width; /* for people: the widest name */
};

static void begin(struct printing *p, const char *run_id)
{
    struct assay_buf *out = &p->cli->out;
    switch (p->cli->format) {
    case CLI_JSON:
        cli_json_open(&p->json, '{');
        cli_json_member(&p->json, "run", run_id);
        cli_json_key(&p->json, "series");
        cli_json_open(&p->json, '[');
        break;
    case CLI_CSV:
        assay_buf_text_add(out, "metric,step,time_ms,value\n");
        break;
    case CLI_MD:
        assay_buf_text_add(out, "| metric | step | time_ms | value |\n|---|---:|---:|---:|\n");
        break;
    case CLI_TABLE:
        assay_buf_text_add(out, p->cli->color ? "\x1b[1m" : "");
        assay_text_pad(out, "metric", p->metric_width, false, true);
        assay_buf_format(out, "%14s  %-23s  value%s\n", "step", "time",
                         p->cli->color ? "\x1b[0m" : "");
        break;
    }
}

static void end(struct printing *p)
{
    if (p->cli->format == CLI_JSON) {
        cli_json_close(&p->json);
        cli_json_close(&p->json);
    }
}

static void print_point_people(struct printing *p, const char *metric,
                               const struct assay_point *point)
{
    struct assay_buf *out = &p->cli->out, clean = {0};
    char value[32], time[32];
    assay_text_clean(&clean, metric, strlen(metric));
    assay_text_pad(out, assay_buf_text(&clean), p->metric_width, false, !p->cli->utf8);
    assay_buf_free(&clean);
    if (p->single)
        assay_number_exact_float(value, (float)point->value);
    else
        assay_number_exact(value, point->value);
    assay_buf_format(out, "%14" PRId64 "  %-23s  %s\n", point->step,
                     assay_time_text(time, point->time_ms), value);
}

static void print_point(struct printing *p, const char *metric, const struct assay_point *point)
{
    struct cli *cli = p->cli;
    char value[32];
    switch (cli->format) {
    case CLI_JSON:
        cli_json_open(&p->json, '[');
        cli_json_integer(&p->json, point->step);
        cli_json_time(&p->json, point->time_ms);
        cli_json_number(&p->json, point->value);
        cli_json_close(&p->json);
        break;
    case CLI_CSV:
        cli_csv_field(cli, metric);
        assay_buf_format(&cli->out, ",%" PRId64 ",", point->step);
        if (point->time_ms != ASSAY_NO_TIME)
            assay_buf_format(&cli->out, "%" PRId64, point->time_ms);
        assay_buf_format(&cli->out, ",%s\n", assay_number_exact(value, point->value));
        break;
    case CLI_MD:
        assay_buf_text_add(&cli->out, "| ");
        cli_md_field(cli, metric);
        assay_buf_format(&cli->out, " | %" PRId64 " | ", point->step);
        if (point->time_ms != ASSAY_NO_TIME)
            assay_buf_format(&cli->out, "%" PRId64, point->time_ms);
        assay_buf_format(&cli->out, " | %s |\n", assay_number_exact(value, point->value));
        break;
    case CLI_TABLE:
        print_point_people(p, metric, point);
        break;
    }
    cli_spill(cli);
}

static void print_points(struct printing *p, const char *metric,
                         const struct assay_series *series)
{
    size_t count;
    struct assay_point *points = assay_series_sorted(series, &count);
    if (p->cli->format == CLI_JSON) {
        cli_json_open(&p->json, '{');
        cli_json_member(&p->json, "metric", metric);
        cli_json_key(&p->json, "n");
        cli_json_count(&p->json, count);
        cli_json_key(&p->json, "points");
        cli_json_open(&p->json, '[');
    }
    for (size_t i = 0; i < count && !p->cli->gone; i++)
        print_point(p, metric, &points[i]);
    if (p->cli->format == CLI_JSON) {
        cli_json_close(&p->json);
        cli_json_close(&p->json);
    }
    free(points);
}

/* The names asked for, or all; copies, since reading a series may move the attributes. */
static char **metric_names(struct cli *cli, uint32_t run, size_t *count)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    char **names = NULL;
    size_t capacity = 0;
    *count = 0;
    for (const char *name; (name = cli_value_at(cli, "metric", *count)) != NULL;) {
        ASSAY_GROW(names, capacity, *count + 1);
        names[(*count)++] = assay_strdup(name);
    }
    if (*count)
        return names;
    for (size_t i = 0; i < attrs->metric_count; i++) {
        ASSAY_GROW(names, capacity, *count + 1);
        names[(*count)++] = assay_strdup(attrs->metrics[i].key);
    }
    return names;
}

static enum assay_status check_metrics(struct cli *cli, uint32_t run, char *const *names,
                                       size_t count, struct assay_error *err)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(cli->catalog, run);
    for (size_t i = 0; i < count; i++)
        if (!assay_attrs_metric(attrs, names[i])) {
            char id[72];
            assay_fail(err, ASSAY_BAD_INPUT, "%s: no metric %s",
                       assay_catalog_short_id(cli->catalog, run, id), names[i]);
            assay_hint(err, "assay show %s lists its metrics", id);
            return ASSAY_BAD_INPUT;
        }
    return ASSAY_OK;
}

static enum assay_status print_series(struct cli *cli, uint32_t run, char *const *names,
                                      size_t count, struct assay_error *err)
{
    struct printing p = {.cli = cli, .json = {.out = &cli->out}, .metric_width = 6};
    for (size_t i = 0; i < count; i++) {
        struct assay_buf clean = {0};
        assay_text_clean(&clean, names[i], strlen(names[i]));
        int width = assay_text_width(assay_buf_text(&clean));
        p.metric_width = width > p.metric_width ? width : p.metric_width;
        assay_buf_free(&clean);
    }
    begin(&p, assay_catalog_run(cli->catalog, run)->id);
    enum assay_status status = ASSAY_OK;
    for (size_t i = 0; i < count && !cli->gone; i++) {
        struct assay_series *series;
        struct assay_error failed = {0};
        const struct assay_metric *metric =
            assay_attrs_metric(assay_catalog_attrs(cli->catalog, run), names[i]);
        p.single = metric && metric->single;
        status = assay_session_series_wait(cli->session, run, names[i], &series, &failed);
        if (status == ASSAY_CANCELLED)
            return assay_fail(err, status, "%s", failed.what);
        if (status == ASSAY_OK) {
            print_points(&p, names[i], series);
        } else {
            cli_complain(&failed);
            cli->worst = status;
        }
    }
    end(&p);
    return ASSAY_OK;
}

enum assay_status cli_series(struct cli *cli, struct assay_error *err)
{
    uint32_t run;
    cli_ask_named(cli, 1);
    enum assay_status status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = cli_find_run(cli, cli->args.operands[0], &run, err);
    if (status != ASSAY_OK)
        return status;
    size_t count;
    char **names = metric_names(cli, run, &count);
    status = check_metrics(cli, run, names, count, err);
    if (status == ASSAY_OK)
        status = print_series(cli, run, names, count, err);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return status;
}

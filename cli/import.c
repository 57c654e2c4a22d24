/*
 * assay import: copies the runs of other sources into the local store, with every point, so
 * that they stay when the source goes. Importing again brings what is new and changes nothing
 * else.
 */
#include "cli.h"
#include "json.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/local.h>
#include <assay/memory.h>
#include <assay/text.h>

#define LOOK_US 200000

struct importing {
    struct cli *cli;
    struct assay_local *local;
    uint32_t experiment; /* or ASSAY_NONE: all */
    bool progress;       /* on standard error, which is a terminal */
    int64_t shown_us;
    size_t done, total; /* runs */
};

struct imported { /* of one source */
    const struct assay_source *source;
    uint64_t states[ASSAY_IMPORT_TAKEN + 1]; /* runs, by what became of them */
    uint64_t failed, points;
};

static bool is_wanted(const struct importing *job, uint32_t run)
{
    const struct assay_run *r = assay_catalog_run(job->cli->catalog, run);
    const struct assay_source *source = assay_catalog_source(job->cli->catalog, r->source);

    if (strcmp(source->kind, "local") == 0 || r->experiment == ASSAY_NONE || r->gone)
        return false;
    if (job->experiment != ASSAY_NONE && r->experiment != job->experiment)
        return false;
    return cli_has(job->cli, "deleted") || !cli_run_hidden(job->cli, run);
}

static void show_progress(struct importing *job)
{
    int64_t now = assay_monotonic_us();
    char done[32], total[32];

    if (!job->progress || now - job->shown_us < LOOK_US)
        return;
    job->shown_us = now;
    fprintf(stderr, "\rimporting: %s of %s runs\x1b[K", assay_count_text(done, job->done),
            assay_count_text(total, job->total));
}

static enum assay_status read_points(struct importing *job, struct assay_import *import,
                                     uint32_t run, uint64_t *points, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    const char *metric;

    for (size_t i = 0; status == ASSAY_OK && (metric = assay_import_metric(import, i)) != NULL;
         i++) {
        struct assay_series *series = NULL;

        status = assay_session_series_wait(job->cli->session, run, metric, &series, err);
        if (status == ASSAY_OK) {
            *points += assay_series_count(series);
            status = assay_import_points(import, i, series, err);
        }
        show_progress(job);
    }
    return status;
}

static enum assay_status import_run(struct importing *job, uint32_t run, struct imported *out,
                                    struct assay_error *err)
{
    const struct assay_run *r;
    struct assay_import *import = NULL;
    enum assay_import_state state;
    uint64_t points = 0;
    enum assay_status status;

    cli_pull_run(job->cli, run);
    r = assay_catalog_run(job->cli->catalog, run);
    const struct assay_import_run from = {
        .kind = out->source->kind,
        .where = out->source->where,
        .experiment = assay_catalog_experiment(job->cli->catalog, r->experiment)->name,
        .run = r,
        .attrs = assay_catalog_attrs(job->cli->catalog, run),
    };
    status = assay_import_begin(&import, job->local, &from, &state, err);
    if (status == ASSAY_OK && state == ASSAY_IMPORT_TAKEN) {
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: the local store has a run of its own of that id", r->id);
    } else if (status == ASSAY_OK && state != ASSAY_IMPORT_SAME) {
        status = read_points(job, import, run, &points, err);
        if (status == ASSAY_OK)
            status = assay_import_end(import, err);
    }
    assay_import_free(&import);
    if (status == ASSAY_OK) {
        out->states[state]++;
        out->points += points;
    }
    return status;
}

/* The local store itself: there is no going on when it cannot be written. */
static bool is_fatal(const struct importing *job, const struct assay_error *err)
{
    const char *store = assay_session_store_path(job->cli->session);

    return *store && strncmp(err->what, store, strlen(store)) == 0;
}

static enum assay_status import_runs(struct importing *job, struct imported *all,
                                     struct assay_error *err)
{
    struct cli *cli = job->cli;
    uint32_t count = (uint32_t)assay_catalog_runs(cli->catalog);

    for (uint32_t run = 0; run < count; run++)
        job->total += is_wanted(job, run);
    for (uint32_t run = 0; run < count && !cli->gone; run++) {
        struct assay_error why = {0};

        if (!is_wanted(job, run))
            continue;
        struct imported *out = &all[assay_catalog_run(cli->catalog, run)->source];
        if (import_run(job, run, out, &why) != ASSAY_OK) {
            if (is_fatal(job, &why)) {
                *err = why;
                return why.status;
            }
            out->failed++;
            cli_complain(&why);
            cli->worst = ASSAY_IO;
        }
        job->done++;
        show_progress(job);
    }
    if (job->progress)
        fputs("\r\x1b[K", stderr);
    return ASSAY_OK;
}

/* ---- what became of them ---- */

static const char *const columns[] = {"new", "changed", "unchanged", "failed", "points"};

static void numbers_of(const struct imported *one, uint64_t out[ASSAY_COUNT(columns)])
{
    out[0] = one->states[ASSAY_IMPORT_NEW];
    out[1] = one->states[ASSAY_IMPORT_CHANGED];
    out[2] = one->states[ASSAY_IMPORT_SAME];
    out[3] = one->failed;
    out[4] = one->points;
}

static void print_json(struct cli *cli, const struct imported *all, size_t count)
{
    struct cli_json json = {.out = &cli->out};
    uint64_t numbers[ASSAY_COUNT(columns)];

    cli_json_open(&json, '{');
    cli_json_key(&json, "imported");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].source->kind, "local") == 0)
            continue;
        numbers_of(&all[i], numbers);
        cli_json_open(&json, '{');
        cli_json_member(&json, "kind", all[i].source->kind);
        cli_json_member(&json, "source", all[i].source->where);
        for (size_t k = 0; k < ASSAY_COUNT(columns); k++) {
            cli_json_key(&json, columns[k]);
            cli_json_count(&json, numbers[k]);
        }
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static void print_table(struct cli *cli, const struct imported *all, size_t count)
{
    struct cli_table *table = cli_table_new(cli);
    uint64_t numbers[ASSAY_COUNT(columns)];

    cli_table_column(table, "source", "source", false);
    for (size_t k = 0; k < ASSAY_COUNT(columns); k++)
        cli_table_column(table, columns[k], columns[k], true);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].source->kind, "local") == 0)
            continue;
        numbers_of(&all[i], numbers);
        cli_table_text(table, all[i].source->where);
        for (size_t k = 0; k < ASSAY_COUNT(columns); k++)
            cli_table_count(table, numbers[k]);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

static size_t other_sources(const struct cli *cli)
{
    size_t others = 0;

    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++)
        others += strcmp(assay_catalog_source(cli->catalog, s)->kind, "local") != 0;
    return others;
}

enum assay_status cli_import(struct cli *cli, struct assay_error *err)
{
    struct importing job = {
        .cli = cli, .experiment = ASSAY_NONE, .progress = isatty(STDERR_FILENO) == 1};
    const char *experiment = cli_value(cli, "experiment");
    struct imported *all = NULL;
    size_t count = 0;

    enum assay_status status = cli_open(cli, err);
    if (status == ASSAY_OK && other_sources(cli) == 0) {
        status =
            assay_fail(err, ASSAY_BAD_INPUT, "import: there is no source but the local store");
        assay_hint(err, "name one: assay import PATH-OR-URL");
    }
    if (status == ASSAY_OK && experiment)
        status = assay_catalog_find_experiment(cli->catalog, experiment, &job.experiment, err);
    if (status == ASSAY_OK)
        status = assay_local_open(&job.local, NULL, err);
    if (status == ASSAY_OK) {
        count = assay_catalog_sources(cli->catalog);
        all = assay_alloc_array(count, sizeof *all);
        for (uint32_t s = 0; s < count; s++)
            all[s].source = assay_catalog_source(cli->catalog, s);
        status = import_runs(&job, all, err);
    }
    if (status == ASSAY_OK && cli->format == CLI_JSON)
        print_json(cli, all, count);
    else if (status == ASSAY_OK)
        print_table(cli, all, count);
    free(all);
    assay_local_close(&job.local);
    return status;
}

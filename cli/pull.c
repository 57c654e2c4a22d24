/*
 * assay pull: reads everything of the servers into the cache, so that it is there without a
 * network: runs by opening the session; artifacts' lists, models, traces and points by asking
 * it to pull them. Also for the other commands: a run's metrics in full before they are shown.
 */
#include "cli.h"
#include "json.h"
#include "table.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define LOOK_MS 200

struct pulling {
    struct cli *cli;
    uint32_t source;
    const struct assay_source *shown;
    bool progress; /* on standard error, which is a terminal */
    struct assay_pull state;
    int64_t ended_us;
};

/* "1,234 of 10,000 series, 12 MB, 3.4 MB/s, left 0:12  http://…": what counts comes first,
   should there be no room for more. */
static void print_progress(const struct pulling *p)
{
    const struct assay_pull *state = &p->state;
    int64_t took = assay_monotonic_us() - state->started_us;
    uint64_t fetched = state->series - state->unchanged;
    uint64_t left = state->series_total - state->series - state->failed;
    char done[32], total[32], bytes[32], rate[32], time[24] = "";

    if (state->lists < state->lists_total - state->lists_failed &&
        (!state->series || (!left && !fetched))) {
        cli_progress(p->cli, "%s of %s lists, %s  %s", assay_count_text(done, state->lists),
                     assay_count_text(total, state->lists_total),
                     assay_bytes_text(bytes, state->bytes), p->shown->where);
        return;
    }
    if (fetched && took > 500000)
        assay_left_text(time, (int64_t)((double)took / 1000 / (double)fetched * (double)left));
    cli_progress(
        p->cli, "%s of %s series, %s, %s/s%s%s  %s", assay_count_text(done, state->series),
        assay_count_text(total, state->series_total), assay_bytes_text(bytes, state->bytes),
        assay_bytes_text(rate,
                         took > 0 ? (uint64_t)((double)state->bytes * 1e6 / (double)took) : 0),
        *time ? ", left " : "", time, p->shown->where);
}

static void wait_for(struct pulling *p, uint64_t job)
{
    struct pollfd ready = {.fd = assay_session_fd(p->cli->session), .events = POLLIN};
    int64_t next = 0;

    while (assay_session_pull_state(p->cli->session, job, &p->state) && !p->state.finished) {
        if (p->progress && assay_monotonic_us() >= next) {
            print_progress(p);
            next = assay_monotonic_us() + LOOK_MS * 1000;
        }
        poll(&ready, 1, LOOK_MS);
        assay_session_dispatch(p->cli->session);
    }
    p->ended_us = assay_monotonic_us();
    if (p->progress)
        cli_progress(p->cli, "%s", "");
}

void cli_pull_run(struct cli *cli, uint32_t run)
{
    uint32_t source = assay_catalog_run(cli->catalog, run)->source;
    struct pulling p = {.cli = cli, .source = source};
    struct assay_server server;
    uint64_t job;

    if (!assay_session_server(cli->session, source, &server) || server.offline)
        return;
    job = assay_session_pull(cli->session, source, &run, 1);
    wait_for(&p, job);
    if (p.state.error.status != ASSAY_OK) {
        cli_complain(&p.state.error);
        cli->worst = ASSAY_IO;
    }
}

/* ---- the command ---- */

/* The runs that were asked for and are on SOURCE; NULL in *RUNS: all of them. */
static size_t choose(struct cli *cli, const uint32_t *named, uint32_t experiment,
                     uint32_t source, uint32_t **runs)
{
    size_t count = 0, capacity = 0;
    uint32_t all = (uint32_t)assay_catalog_runs(cli->catalog);

    *runs = NULL;
    if (!named && experiment == ASSAY_NONE)
        return 0;
    *runs = assay_alloc_array(1, sizeof **runs);
    capacity = 1;
    for (size_t i = 0; named && i < cli->args.operand_count; i++) {
        if (assay_catalog_run(cli->catalog, named[i])->source != source)
            continue;
        ASSAY_GROW(*runs, capacity, count + 1);
        (*runs)[count++] = named[i];
    }
    for (uint32_t i = 0; experiment != ASSAY_NONE && i < all; i++) {
        const struct assay_run *run = assay_catalog_run(cli->catalog, i);

        if (run->source != source || run->experiment != experiment)
            continue;
        ASSAY_GROW(*runs, capacity, count + 1);
        (*runs)[count++] = i;
    }
    return count;
}

static void add_row(struct cli_table *table, const struct pulling *p)
{
    const struct assay_pull *state = &p->state;
    const uint64_t others[] = {state->artifact_lists, state->models,        state->versions,
                               state->prompts,        state->logged_models, state->traces};
    char text[24];

    cli_table_text(table, p->shown->name);
    cli_table_count(table, state->series_total);
    cli_table_count(table, state->series - state->unchanged);
    cli_table_count(table, state->unchanged);
    cli_table_count(table, state->failed);
    cli_table_count(table, state->points);
    cli_table_bytes(table, state->bytes);
    cli_table_text(table, assay_duration_text(text, (p->ended_us - state->started_us) / 1000));
    for (size_t i = 0; i < ASSAY_COUNT(others); i++)
        cli_table_count(table, others[i]);
}

static void add_json(struct cli_json *json, const struct pulling *p)
{
    const struct assay_pull *state = &p->state;
    const struct {
        const char *name;
        uint64_t count;
    } others[] = {{"artifact_lists", state->artifact_lists},
                  {"lists_unchanged", state->lists_unchanged},
                  {"lists_failed", state->lists_failed},
                  {"models", state->models},
                  {"versions", state->versions},
                  {"prompts", state->prompts},
                  {"logged_models", state->logged_models},
                  {"traces", state->traces}};

    cli_json_open(json, '{');
    cli_json_member(json, "source", p->shown->where);
    cli_json_key(json, "series");
    cli_json_count(json, state->series_total);
    cli_json_key(json, "fetched");
    cli_json_count(json, state->series - state->unchanged);
    cli_json_key(json, "unchanged");
    cli_json_count(json, state->unchanged);
    cli_json_key(json, "failed");
    cli_json_count(json, state->failed);
    cli_json_key(json, "points");
    cli_json_count(json, state->points);
    cli_json_key(json, "bytes");
    cli_json_count(json, state->bytes);
    cli_json_key(json, "ms");
    cli_json_integer(json, (p->ended_us - state->started_us) / 1000);
    for (size_t i = 0; i < ASSAY_COUNT(others); i++) {
        cli_json_key(json, others[i].name);
        cli_json_count(json, others[i].count);
    }
    cli_json_close(json);
}

static void print(struct cli *cli, const struct pulling *pulls, size_t count)
{
    static const char *const names[] = {"series",  "fetched", "unchanged", "failed", "points",
                                        "bytes",   "time",    "artifacts", "models", "versions",
                                        "prompts", "logged",  "traces"};

    if (cli->format == CLI_JSON) {
        struct cli_json json = {.out = &cli->out};

        cli_json_open(&json, '{');
        cli_json_key(&json, "pulled");
        cli_json_open(&json, '[');
        for (size_t i = 0; i < count; i++)
            add_json(&json, &pulls[i]);
        cli_json_close(&json);
        cli_json_close(&json);
        return;
    }
    struct cli_table *table = cli_table_new(cli);

    cli_table_column(table, "source", "source", false);
    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        cli_table_column(table, names[i], names[i], true);
    for (size_t i = 0; i < count; i++)
        add_row(table, &pulls[i]);
    cli_table_print(table);
    cli_table_free(&table);
}

static enum assay_status find_named(struct cli *cli, uint32_t **named, uint32_t *experiment,
                                    struct assay_error *err)
{
    const char *wanted = cli_value(cli, "experiment");
    enum assay_status status = ASSAY_OK;

    *named = NULL;
    *experiment = ASSAY_NONE;
    if (wanted)
        status = assay_catalog_find_experiment(cli->catalog, wanted, experiment, err);
    if (cli->args.operand_count)
        *named = assay_alloc_array(cli->args.operand_count, sizeof **named);
    for (size_t i = 0; i < cli->args.operand_count && status == ASSAY_OK; i++)
        status = cli_find_run(cli, cli->args.operands[i], &(*named)[i], err);
    return status;
}

enum assay_status cli_pull(struct cli *cli, struct assay_error *err)
{
    struct pulling *pulls = NULL;
    size_t count = 0, capacity = 0;
    uint32_t *named = NULL, experiment, *runs;
    enum assay_status status;

    cli->patient = true;
    status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = find_named(cli, &named, &experiment, err);
    for (uint32_t s = 0; status == ASSAY_OK && s < assay_catalog_sources(cli->catalog); s++) {
        struct assay_server server;
        struct pulling *p;
        size_t chosen;

        if (!assay_session_server(cli->session, s, &server) || server.offline)
            continue;
        chosen = choose(cli, named, experiment, s, &runs);
        ASSAY_GROW(pulls, capacity, count + 1);
        p = &pulls[count++];
        *p = (struct pulling){.cli = cli,
                              .source = s,
                              .shown = assay_catalog_source(cli->catalog, s),
                              .progress = isatty(STDERR_FILENO) == 1};
        wait_for(p, assay_session_pull_all(cli->session, s, runs, chosen, experiment));
        free(runs);
        if (p->state.error.status != ASSAY_OK) {
            cli_complain(&p->state.error);
            cli->worst = ASSAY_IO;
        }
    }
    if (status == ASSAY_OK && !count && cli->worst == ASSAY_OK) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "pull: none of the sources is a server");
        assay_hint(err, "name one with -S, as http://host:5000");
    } else if (status == ASSAY_OK && count) {
        print(cli, pulls, count);
    }
    free(pulls);
    free(named);
    return status;
}

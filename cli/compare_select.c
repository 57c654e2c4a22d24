/*
 * Which runs are compared: those named, the last ones, those of an experiment, a filter or a
 * saved view, the parents of those named, the champions of all. Called by compare.c.
 */
#include "compare.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>
#include <assay/related.h>

struct chosen {
    struct cli *cli;
    uint32_t *runs;
    size_t count, capacity;
};

static void choose(struct chosen *c, uint32_t run)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->runs[i] == run)
            return;
    ASSAY_GROW(c->runs, c->capacity, c->count + 1);
    c->runs[c->count++] = run;
}

static enum assay_status choose_named(struct chosen *c, struct assay_error *err)
{
    const struct cli_args *args = &c->cli->args;
    enum assay_status status = ASSAY_OK;
    for (size_t i = 0; status == ASSAY_OK && i < args->operand_count; i++) {
        uint32_t run = 0;
        status = cli_find_run(c->cli, args->operands[i], &run, err);
        if (status == ASSAY_OK && cli_has(c->cli, "parent")) {
            uint32_t parent;
            status = assay_related_parent(c->cli->catalog, run, &parent, err);
            if (status == ASSAY_OK)
                choose(c, parent);
        }
        if (status == ASSAY_OK)
            choose(c, run);
    }
    return status;
}

static void wait_for_more(struct cli *cli)
{
    struct pollfd ready = {.fd = assay_session_fd(cli->session), .events = POLLIN};
    poll(&ready, 1, 1000);
    assay_session_dispatch(cli->session);
}

/* The champion RUN is measured against, once every registry was read. */
static enum assay_status find_champion(struct cli *cli, uint32_t run, uint32_t *champion,
                                       struct assay_error *err)
{
    bool busy = true;
    for (;;) {
        struct assay_error why = {0};
        enum assay_status status =
            assay_related_champion(cli->session, run, champion, &busy, &why);
        if (!busy) {
            if (status != ASSAY_OK)
                *err = why;
            return status;
        }
        wait_for_more(cli);
    }
}

/* The champions of what was chosen come before it: the first is what the others are measured
   against. One that was chosen itself has none. */
static enum assay_status choose_champions(struct chosen *c, struct assay_error *err)
{
    struct chosen before = {.cli = c->cli};
    struct assay_error itself = {0};
    enum assay_status status = ASSAY_OK;
    for (size_t i = 0; i < c->count && status == ASSAY_OK; i++) {
        uint32_t champion = ASSAY_NONE;
        struct assay_error why = {0};
        status = find_champion(c->cli, c->runs[i], &champion, &why);
        if (status == ASSAY_OK)
            choose(&before, champion);
        else if (status == ASSAY_NO)
            itself = why;
        else
            *err = why;
        status = status == ASSAY_NO ? ASSAY_OK : status;
    }
    if (status == ASSAY_OK && c->count && !before.count) {
        *err = itself;
        status = err->status = ASSAY_BAD_INPUT;
    }
    for (size_t i = 0; i < c->count; i++)
        choose(&before, c->runs[i]);
    free(c->runs);
    *c = before;
    return status;
}

static const struct assay_saved_view *find_view(struct cli *cli, const char *name)
{
    const struct assay_saved_view *views;
    size_t count = assay_session_views(cli->session, &views);
    for (size_t i = 0; i < count; i++)
        if (strcmp(views[i].name, name) == 0)
            return &views[i];
    return NULL;
}

static enum assay_status filter(struct cli *cli, const char *text, uint32_t *rows,
                                size_t *count, struct assay_error *err)
{
    struct assay_query *query;
    enum assay_status status = assay_query_parse(&query, text, assay_now_ms(), err);
    if (status != ASSAY_OK)
        return status;
    uint32_t *all = assay_alloc_array(*count, sizeof *all);
    size_t before = *count;
    bool loading = true;
    if (before)
        memcpy(all, rows, before * sizeof *all);
    while (loading) {
        loading = false;
        if (before)
            memcpy(rows, all, before * sizeof *all);
        *count = assay_query_select(query, cli->catalog, rows, before, &loading);
        if (loading)
            wait_for_more(cli);
    }
    free(all);
    status = assay_query_check(query, err);
    if (status == ASSAY_OK)
        cli_note_unlogged(cli, query);
    assay_query_free(&query);
    return status;
}

static enum assay_status choose_matching(struct chosen *c, struct assay_error *err)
{
    struct cli *cli = c->cli;
    const char *experiment = cli_value(cli, "experiment"), *text = cli_value(cli, "filter");
    const char *view = cli_value(cli, "view");
    uint32_t only = ASSAY_NONE;
    int64_t last = INT64_MAX;
    enum assay_status status = cli_integer(cli, "last", 1, ASSAY_COMPARE_RUNS_MAX, &last, err);
    if (status == ASSAY_OK && experiment)
        status = assay_catalog_find_experiment(cli->catalog, experiment, &only, err);
    if (status != ASSAY_OK)
        return status;
    const struct assay_saved_view *saved = view ? find_view(cli, view) : NULL;
    if (view && !saved)
        return assay_fail(err, ASSAY_BAD_INPUT, "compare: there is no saved view %s", view);
    size_t all = assay_catalog_runs(cli->catalog), count = 0;
    uint32_t *rows = assay_alloc_array(all, sizeof *rows);
    for (uint32_t i = 0; i < all; i++) {
        bool there =
            only == ASSAY_NONE || assay_catalog_run(cli->catalog, i)->experiment == only;
        if (there && !cli_run_hidden(cli, i))
            rows[count++] = i;
    }
    if (saved)
        status = filter(cli, saved->filter, rows, &count, err);
    if (status == ASSAY_OK && text)
        status = filter(cli, text, rows, &count, err);
    /* Oldest first, so that the baseline is what was there before. */
    for (size_t i = assay_related_last(cli->catalog, rows, count, (size_t)last);
         status == ASSAY_OK && i < count; i++)
        choose(c, rows[i]);
    free(rows);
    return status;
}

void compare_ask(struct cli *cli)
{
    const char *text = cli_value(cli, "filter");
    struct assay_query *query = NULL;
    if (cli_has(cli, "parent") || cli_has(cli, "champion") || cli_has(cli, "view"))
        return;
    if (text && !cli->args.operand_count &&
        assay_query_parse(&query, text, assay_now_ms(), NULL) == ASSAY_OK)
        cli_ask_matching(cli, query);
    if (!text && !cli_has(cli, "last") && !cli_has(cli, "experiment"))
        cli_ask_named(cli, cli->args.operand_count);
    assay_query_free(&query);
}

enum assay_status compare_select(struct cli *cli, uint32_t **runs, size_t *count,
                                 struct assay_error *err)
{
    struct chosen c = {.cli = cli};
    bool matching = cli_has(cli, "last") || cli_has(cli, "filter") || cli_has(cli, "view") ||
                    cli_has(cli, "experiment");
    enum assay_status status = choose_named(&c, err);
    if (status == ASSAY_OK && matching)
        status = choose_matching(&c, err);
    if (status == ASSAY_OK && cli_has(cli, "champion"))
        status = choose_champions(&c, err);
    if (status == ASSAY_OK && c.count < 2) {
        assay_fail(err, ASSAY_BAD_INPUT, "compare: %s to compare",
                   c.count ? "only one run" : "no runs");
        assay_hint(err,
                   "name two, or --last 2, --champion, -e EXPERIMENT, -f FILTER, --view NAME");
        status = ASSAY_BAD_INPUT;
    }
    if (status == ASSAY_OK && c.count > ASSAY_COMPARE_RUNS_MAX)
        status = assay_fail(err, ASSAY_BAD_INPUT, "compare: %zu runs are too many: at most %u",
                            c.count, ASSAY_COMPARE_RUNS_MAX);
    *runs = c.runs;
    *count = c.count;
    return status;
}

/*
 * assay runs: the runs of all sources, or those of an experiment or a filter, sorted.
 */
#include "cli.h"
#include "column.h"
#include "json.h"
#include "run_json.h"
#include "table.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>
#include <assay/text.h>

struct selection {
    uint32_t *rows;
    size_t count;
};

/* The filter with a mark under the byte at fault: on a line of its own, so that it can be seen
   where it went wrong. */
static void point_at(const char *filter, size_t column, struct assay_error *err)
{
    struct assay_buf shown = {0}, before = {0};
    size_t length = strlen(filter), at = column ? column - 1 : 0;
    assay_text_clean(&shown, filter, length);
    assay_text_clean(&before, filter, at < length ? at : length);
    cli_complain(&(struct assay_error){0});
    fprintf(stderr, "assay: %s\n  %s\n", err->what, assay_buf_text(&shown));
    if (column)
        fprintf(stderr, "  %*s^\n", assay_text_width(assay_buf_text(&before)), "");
    if (err->hint[0])
        fprintf(stderr, "  %s\n", err->hint);
    assay_buf_free(&shown);
    assay_buf_free(&before);
    err->what[0] = err->hint[0] = '\0'; /* said */
}

/* Waits for something that is being read in the background. */
static void wait_for_more(struct cli *cli)
{
    struct pollfd ready = {.fd = assay_session_fd(cli->session), .events = POLLIN};
    poll(&ready, 1, 1000);
    assay_session_dispatch(cli->session);
}

static enum assay_status select_runs(struct cli *cli, struct selection *s,
                                     struct assay_error *err)
{
    uint32_t experiment = ASSAY_NONE;
    const char *ref = cli_value(cli, "experiment");
    if (ref) {
        enum assay_status status =
            assay_catalog_find_experiment(cli->catalog, ref, &experiment, err);
        if (status != ASSAY_OK)
            return status;
    }
    bool deleted = cli_has(cli, "deleted");
    size_t all = assay_catalog_runs(cli->catalog);
    s->rows = assay_alloc_array(all, sizeof *s->rows);
    for (uint32_t i = 0; i < all; i++) {
        const struct assay_run *run = assay_catalog_run(cli->catalog, i);
        if ((experiment == ASSAY_NONE || run->experiment == experiment) && !run->gone &&
            (deleted || !cli_run_hidden(cli, i)))
            s->rows[s->count++] = i;
    }
    return ASSAY_OK;
}

/* Whether any run has logged KEY. */
static bool is_logged(struct cli *cli, enum assay_field_kind kind, const char *key)
{
    const char **names = NULL;
    size_t count = assay_catalog_keys(cli->catalog, ASSAY_NONE, kind, &names);
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = strcmp(names[i], key) == 0;
    free(names);
    return found;
}

/* A metric, param or tag that no run has is a slip of the pen, or not logged yet. Where it was
   written out (metrics.NAME) that is said and the command goes on; a name alone that stands for
   nothing is an error: the order or the column would be nothing. */
static enum assay_status check_key(struct cli *cli, enum assay_field_kind kind,
                                   const struct cli_column *column, struct assay_error *err)
{
    static const char *const prefixes[] = {"metrics.", "params.", "tags."};
    struct assay_error note = {0};
    if (!assay_catalog_runs(cli->catalog))
        return ASSAY_OK;
    if (column->named) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: no column of that name, and no run has logged it",
                   column->title);
        assay_hint(err, "assay runs --help lists the columns; assay show RUN what a run has");
        return ASSAY_BAD_INPUT;
    }
    if (is_logged(cli, kind, column->key))
        return ASSAY_OK;
    assay_fail(&note, ASSAY_BAD_INPUT,
               cli->ask ? "no run that was asked for has %s%s" : "no run has %s%s",
               prefixes[kind], column->key);
    cli_complain(&note);
    return ASSAY_OK;
}

/* What -s names, and the columns of -c, once it is known what there is. */
static enum assay_status settle_keys(struct cli *cli, struct assay_sort *sort,
                                     struct cli_columns *shown, struct assay_error *err)
{
    struct cli_columns by = {0};
    const struct cli_columns *const both[] = {&by, shown};
    const char *key = cli_value(cli, "sort");
    enum assay_status status = assay_sort_settle(sort, cli->catalog, err);
    if (status == ASSAY_OK && key)
        status = cli_columns_sort(&by, sort, key, err);
    cli_columns_settle(shown, cli->catalog);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; status == ASSAY_OK && i < both[k]->count; i++) {
            const struct cli_column *column = &both[k]->items[i];
            if (column->field >= CLI_FIELD_METRIC)
                status = check_key(cli,
                                   column->field == CLI_FIELD_METRIC  ? ASSAY_FIELD_METRIC
                                   : column->field == CLI_FIELD_PARAM ? ASSAY_FIELD_PARAM
                                                                      : ASSAY_FIELD_TAG,
                                   column, err);
        }
    cli_columns_free(&by);
    return status;
}

static enum assay_status filter_runs(struct cli *cli, struct assay_query *query,
                                     struct selection *s, struct assay_error *err)
{
    uint32_t *all = assay_alloc_array(s->count, sizeof *all);
    size_t count = s->count;
    if (count)
        memcpy(all, s->rows, count * sizeof *all);
    for (bool loading = true; loading;) {
        loading = false;
        if (count)
            memcpy(s->rows, all, count * sizeof *all);
        s->count = assay_query_select(query, cli->catalog, s->rows, count, &loading);
        if (loading)
            wait_for_more(cli);
    }
    free(all);
    if (assay_query_check(query, err) != ASSAY_OK) {
        point_at(cli_value(cli, "filter"), err->column, err);
        return ASSAY_BAD_INPUT;
    }
    cli_note_unlogged(cli, query);
    size_t given_up = assay_query_given_up(query);
    if (given_up == 0)
        return ASSAY_OK;
    assay_fail(
        err, ASSAY_BAD_INPUT,
        "the filter's regular expression takes too long on %zu values: it tries too many "
        "ways to match them",
        given_up);
    assay_hint(err, "repeat only what is not repeated within, or use LIKE");
    return ASSAY_BAD_INPUT;
}

static void sort_runs(struct cli *cli, const struct assay_sort *sort, struct selection *s)
{
    for (bool loading = true; loading;) {
        loading = false;
        assay_sort_apply(sort, cli->catalog, s->rows, s->count, &loading);
        if (loading)
            wait_for_more(cli);
    }
}

static void print_json(struct cli *cli, const struct selection *s)
{
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    cli_json_key(&json, "runs");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < s->count; i++) {
        cli_json_open(&json, '{');
        cli_run_json(&json, cli, s->rows[i]);
        cli_json_close(&json);
        cli_spill(cli);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static void print_table(struct cli *cli, const struct selection *s, struct cli_columns *columns)
{
    if (!columns->count && cli->format == CLI_TABLE)
        cli_columns_main(columns, cli, s->rows, s->count);
    else if (!columns->count)
        cli_columns_all(columns, cli, s->rows, s->count);
    struct cli_table *table = cli_table_new(cli);
    cli_columns_head(columns, table);
    for (size_t i = 0; i < s->count; i++)
        cli_columns_row(columns, cli, s->rows[i], table);
    cli_table_print(table);
    cli_table_free(&table);
}

static void print_runs(struct cli *cli, const struct selection *s, struct cli_columns *columns)
{
    if (cli->format == CLI_JSON) {
        print_json(cli, s);
    } else if (cli->format == CLI_TABLE && !s->count) {
        bool asked = cli_has(cli, "filter") || cli_has(cli, "experiment");
        struct assay_error none = {.what = "no runs found"};
        if (asked && !cli_has(cli, "deleted"))
            assay_hint(&none, "--deleted looks at deleted ones as well");
        else if (!asked && cli->worst == ASSAY_OK) /* else it has been said what to mend */
            assay_hint(&none, "name a directory with -S, or try: assay demo");
        cli_complain(&none);
    } else {
        print_table(cli, s, columns);
    }
}

/* What is wrong with the arguments is said before anything is read. */
static enum assay_status read_arguments(struct cli *cli, struct assay_sort *sort,
                                        struct cli_columns *columns, struct assay_query **query,
                                        struct assay_error *err)
{
    const char *filter = cli_value(cli, "filter"), *key = cli_value(cli, "sort");
    enum assay_status status = assay_sort_parse(sort, key ? key : "start:desc", err);
    for (size_t i = 0; status == ASSAY_OK && cli_value_at(cli, "columns", i); i++)
        status = cli_columns_parse(columns, cli_value_at(cli, "columns", i), err);
    if (status != ASSAY_OK || !filter)
        return status;
    status = assay_query_parse(query, filter, assay_now_ms(), err);
    if (status != ASSAY_OK)
        point_at(filter, err->column, err);
    return status;
}

/* Servers need to be asked for no other runs than the filter may keep, unless a name written
   alone is to be looked up among all there are. */
static void ask_servers(struct cli *cli, const struct assay_query *query,
                        const struct assay_sort *sort, const struct cli_columns *columns)
{
    bool named = sort->named;
    for (size_t i = 0; i < columns->count; i++)
        named |= columns->items[i].named;
    if (query && !named)
        cli_ask_matching(cli, query);
}

enum assay_status cli_runs(struct cli *cli, struct assay_error *err)
{
    struct assay_query *query = NULL;
    struct selection s = {0};
    struct assay_sort sort;
    int64_t limit = INT64_MAX;
    struct cli_columns columns = {0};

    enum assay_status status = cli_integer(cli, "limit", 0, INT64_MAX, &limit, err);
    if (status == ASSAY_OK)
        status = read_arguments(cli, &sort, &columns, &query, err);
    if (status == ASSAY_OK) {
        ask_servers(cli, query, &sort, &columns);
        status = cli_open(cli, err);
    }
    if (status == ASSAY_OK)
        status = settle_keys(cli, &sort, &columns, err);
    if (status == ASSAY_OK)
        status = select_runs(cli, &s, err);
    if (status == ASSAY_OK && query)
        status = filter_runs(cli, query, &s, err);
    if (status == ASSAY_OK) {
        sort_runs(cli, &sort, &s);
        if ((uint64_t)limit < s.count)
            s.count = (size_t)limit;
        print_runs(cli, &s, &columns);
    }
    if (status == ASSAY_OK && !s.count && cli_has(cli, "fail-empty"))
        status = ASSAY_NO;
    cli_columns_free(&columns);
    free(s.rows);
    assay_query_free(&query);
    return status;
}

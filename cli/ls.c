/*
 * assay ls: the experiments of all sources, the one last active first.
 */
#include "cli.h"
#include "json.h"
#include "run_json.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

struct entry {
    const struct assay_experiment *experiment;
    const struct assay_source *source;
};

/* Unknown times are the smallest numbers, and so come last. */
static int by_activity(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->experiment->last_ms != y->experiment->last_ms)
        return x->experiment->last_ms > y->experiment->last_ms ? -1 : 1;
    int order = assay_text_natural(x->experiment->name, y->experiment->name);
    return order ? order : strcmp(x->source->where, y->source->where);
}

static size_t collect(struct cli *cli, struct entry **entries)
{
    bool deleted = cli_has(cli, "deleted");
    size_t all = assay_catalog_experiments(cli->catalog), count = 0;
    *entries = assay_alloc_array(all, sizeof **entries);
    for (uint32_t i = 0; i < all; i++) {
        const struct assay_experiment *e = assay_catalog_experiment(cli->catalog, i);
        if (!e->gone && (!e->deleted || deleted))
            (*entries)[count++] =
                (struct entry){e, assay_catalog_source(cli->catalog, e->source)};
    }
    if (count)
        qsort(*entries, count, sizeof **entries, by_activity);
    return count;
}

static void print_json(struct cli *cli, const struct entry *entries, size_t count)
{
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    cli_json_key(&json, "experiments");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        const struct assay_experiment *e = entries[i].experiment;
        cli_json_open(&json, '{');
        cli_json_member(&json, "id", e->id);
        cli_json_member(&json, "name", e->name);
        cli_json_key(&json, "source");
        cli_source_json(&json, entries[i].source);
        cli_json_key(&json, "runs");
        cli_json_count(&json, e->runs);
        cli_json_key(&json, "last_ms");
        cli_json_time(&json, e->last_ms);
        cli_json_member(&json, "lifecycle", e->deleted ? "deleted" : "active");
        if (cli_has(cli, "deleted")) {
            cli_json_key(&json, "deleted_runs"); /* besides "runs" */
            cli_json_count(&json, e->deleted_runs);
        }
        cli_json_close(&json);
        cli_spill(cli);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static void print_table(struct cli *cli, const struct entry *entries, size_t count)
{
    bool people = cli->format == CLI_TABLE;
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "id", "id", false);
    cli_table_whole(table);
    cli_table_column(table, "name", "name", false);
    cli_table_column(table, "source_kind", "kind", false);
    cli_table_column(table, "source", "source", false);
    cli_table_column(table, "runs", "runs", true);
    cli_table_column(table, "last_ms", "last", true);
    if (!people || cli_has(cli, "deleted"))
        cli_table_column(table, "lifecycle", "lifecycle", false);
    if (cli_has(cli, "deleted"))
        cli_table_column(table, "deleted_runs", "deleted runs", true);
    for (size_t i = 0; i < count; i++) {
        const struct assay_experiment *e = entries[i].experiment;
        cli_table_text(table, e->id);
        cli_table_text(table, e->name);
        cli_table_text(table, entries[i].source->kind);
        cli_table_text(table, people ? entries[i].source->name : entries[i].source->where);
        cli_table_count(table, e->runs);
        cli_table_age(table, e->last_ms);
        if (!people || cli_has(cli, "deleted"))
            cli_table_text(table, e->deleted ? "deleted" : "active");
        if (cli_has(cli, "deleted"))
            cli_table_count(table, e->deleted_runs);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

enum assay_status cli_ls(struct cli *cli, struct assay_error *err)
{
    enum assay_status status = cli_open(cli, err);
    if (status != ASSAY_OK)
        return status;
    struct entry *entries;
    size_t count = collect(cli, &entries);
    if (cli->format == CLI_JSON)
        print_json(cli, entries, count);
    else if (cli->format == CLI_TABLE && !count)
        cli_complain(
            &(struct assay_error){.what = "no experiments found",
                                  .hint = "name a directory with -S, or try: assay demo"});
    else
        print_table(cli, entries, count);
    free(entries);
    return ASSAY_OK;
}

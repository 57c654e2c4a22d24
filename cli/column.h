/*
 * The columns of a table of runs: what -c names, and what is shown without it.
 */
#ifndef CLI_COLUMN_H
#define CLI_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include <assay/query.h>

#include "cli.h"
#include "table.h"

enum cli_field {
    CLI_FIELD_ID,
    CLI_FIELD_NAME,
    CLI_FIELD_EXPERIMENT,
    CLI_FIELD_EXPERIMENT_ID,
    CLI_FIELD_SOURCE,
    CLI_FIELD_SOURCE_KIND,
    CLI_FIELD_STATUS,
    CLI_FIELD_LIFECYCLE,
    CLI_FIELD_USER,
    CLI_FIELD_START,
    CLI_FIELD_END,
    CLI_FIELD_DURATION,
    CLI_FIELD_ARTIFACT_URI,
    CLI_FIELD_METRIC,
    CLI_FIELD_PARAM,
    CLI_FIELD_TAG,
};

struct cli_column {
    enum cli_field field;
    enum assay_stat stat; /* of a metric */
    char *key;            /* of a metric, param or tag */
    char *title;          /* as the user wrote it, or as he could have */
    bool named;           /* a name alone, not looked up yet: taken as a metric's */
};
struct cli_columns {
    struct cli_column *items;
    size_t count, capacity;
};

/* Adds the columns of the comma-separated LIST. */
enum assay_status cli_columns_parse(struct cli_columns *columns, const char *list,
                                    struct assay_error *err);
/* Adds the column that SORT, written as KEY, goes by. */
enum assay_status cli_columns_sort(struct cli_columns *columns, const struct assay_sort *sort,
                                   const char *key, struct assay_error *err);
/* Looks up names that were written alone: a column for each field that one stands for. */
void cli_columns_settle(struct cli_columns *columns, struct assay_catalog *catalog);
/* Those of ROWS that people want first: the main attributes and the most common metrics. */
void cli_columns_main(struct cli_columns *columns, struct cli *cli, const uint32_t *rows,
                      size_t count);
/* Every attribute, param, metric (last value) and tag that ROWS have. */
void cli_columns_all(struct cli_columns *columns, struct cli *cli, const uint32_t *rows,
                     size_t count);
void cli_columns_free(struct cli_columns *columns);

/* Adds the heads of the columns, or one row's cells, to TABLE. */
void cli_columns_head(const struct cli_columns *columns, struct cli_table *table);
void cli_columns_row(const struct cli_columns *columns, struct cli *cli, uint32_t run,
                     struct cli_table *table);

#endif

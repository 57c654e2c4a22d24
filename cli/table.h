/*
 * Rows and columns printed for people (aligned, cut to the terminal where there is one) or for
 * programs (CSV quoted after RFC 4180, lines ending in a bare line feed as everything
 * on Unix reads them; Markdown): complete, never cut. The caller adds columns, then the
 * cells of each row in their order.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>

#include "cli.h"

struct cli_table; /* opaque */

struct cli_table *cli_table_new(struct cli *cli);
/* NAME heads the column in CSV, HEADING (from outside or not) for people. Numbers go RIGHT,
   for people with their points below each other. */
void cli_table_column(struct cli_table *table, const char *name, const char *heading,
                      bool right);
/* The column added last is never cut: what is in it is meant to be copied, or says nothing
   when it is cut. */
void cli_table_whole(struct cli_table *table);

void cli_table_text(struct cli_table *table, const char *text);
/* What somebody wrote, a param or tag: a column where all of them are numbers is lined up for
   people as one of numbers. */
void cli_table_value(struct cli_table *table, const char *text);
void cli_table_number(struct cli_table *table, double value, bool single);
void cli_table_count(struct cli_table *table, uint64_t count);
void cli_table_integer(struct cli_table *table, int64_t value);
void cli_table_bytes(struct cli_table *table, uint64_t bytes);
void cli_table_age(struct cli_table *table, int64_t time_ms);  /* "2h" for people */
void cli_table_time(struct cli_table *table, int64_t time_ms); /* date and time for people */
void cli_table_duration(struct cli_table *table, int64_t duration_ms);
/* For people with its AGE (of assay_catalog_state_age()): "RUNNING 3h ago", and with ",
   deleted" where that is marked. */
void cli_table_status(struct cli_table *table, const struct assay_run *run, const char *age);
void cli_table_none(struct cli_table *table); /* there is no value */

size_t cli_table_rows(const struct cli_table *table);
/* Appends the table to cli->out. */
void cli_table_print(struct cli_table *table);
void cli_table_free(struct cli_table **table);

/* One field of CSV, quoted where it has to be; one cell of Markdown. On a terminal both are
   made clean, so that nobody's name moves its cursor. */
void cli_csv_field(struct cli *cli, const char *text);
void cli_md_field(struct cli *cli, const char *text);

#endif

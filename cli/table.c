/*
 * Tables: cells are turned into text as they come, since the format is known; widths are
 * settled when the table is printed.
 */
#include "table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define GAP       2   /* blanks between columns */
#define NARROWEST 10  /* a column is not cut below this */
#define WIDEST    240 /* nor let be wider than this, with no terminal to fit it to */

struct column {
    char *name, *heading;
    bool right, whole;
    /* As they are measured, for people: numbers stand with their points below each other. */
    bool to_right;
    int width, before, after;
};

enum cell_kind {
    CELL_TEXT,
    CELL_NONE,
    CELL_NUMBER, /* a finite one */
    CELL_VALUE,  /* a text that reads as a number, finite or not */
};

struct cell {
    const char *text;  /* in the arena */
    const char *color; /* SGR, or NULL */
    enum cell_kind kind;
};

struct cli_table {
    struct cli *cli;
    struct column *columns;
    size_t column_count, column_capacity;
    struct cell *cells;
    size_t cell_count, cell_capacity;
    struct assay_arena arena;
    int64_t now_ms;
    bool cut; /* there are texts wider than WIDEST */
};

struct cli_table *cli_table_new(struct cli *cli)
{
    struct cli_table *table = assay_alloc(sizeof *table);
    table->cli = cli;
    table->now_ms = assay_now_ms();
    return table;
}

/* Clean, and without what the terminal's character set lacks. */
static char *clean_copy(const struct cli *cli, const char *text)
{
    struct assay_buf buf = {0};
    assay_text_clean(&buf, text, strlen(text));
    char *copy = assay_buf_take(&buf);
    if (cli->utf8)
        return copy;
    char *to = copy;
    for (const char *at = copy; *at;) {
        uint32_t code;
        at += assay_utf8_decode(at, strlen(at), &code);
        *to++ = code < 0x80 ? (char)code : '?';
    }
    *to = '\0';
    return copy;
}

void cli_table_column(struct cli_table *table, const char *name, const char *heading,
                      bool right)
{
    ASSAY_GROW(table->columns, table->column_capacity, table->column_count + 1);
    table->columns[table->column_count++] = (struct column){
        .name = assay_strdup(name),
        .heading = clean_copy(table->cli, heading),
        .right = right,
    };
}

void cli_table_whole(struct cli_table *table)
{
    table->columns[table->column_count - 1].whole = true;
}

static struct cell *add_cell(struct cli_table *table, const char *text, const char *color)
{
    ASSAY_GROW(table->cells, table->cell_capacity, table->cell_count + 1);
    struct cell *cell = &table->cells[table->cell_count++];
    *cell = (struct cell){assay_arena_strdup(&table->arena, text), color, CELL_TEXT};
    return cell;
}

void cli_table_none(struct cli_table *table)
{
    bool people = table->cli->format == CLI_TABLE;
    add_cell(table, people ? "-" : "", people ? "2" : NULL)->kind = CELL_NONE;
}

void cli_table_text(struct cli_table *table, const char *text)
{
    if (table->cli->format != CLI_TABLE) {
        add_cell(table, text, NULL);
        return;
    }
    char *clean = clean_copy(table->cli, text);
    add_cell(table, clean, NULL);
    free(clean);
}

#define LONGEST_VALUE 32 /* more digits than that are a text, which can be cut */

void cli_table_value(struct cli_table *table, const char *text)
{
    double value;
    size_t length = strlen(text);
    cli_table_text(table, text);
    if (length <= LONGEST_VALUE && assay_number_parse(text, length, &value))
        table->cells[table->cell_count - 1].kind = isfinite(value) ? CELL_NUMBER : CELL_VALUE;
}

void cli_table_number(struct cli_table *table, double value, bool single)
{
    char text[32];
    if (table->cli->format == CLI_TABLE)
        assay_number_short(text, value, single ? 5 : 6);
    else
        assay_number_exact(text, value);
    add_cell(table, text, NULL)->kind = isfinite(value) ? CELL_NUMBER : CELL_VALUE;
}

void cli_table_count(struct cli_table *table, uint64_t count)
{
    char text[32];
    if (table->cli->format == CLI_TABLE)
        assay_count_text(text, count);
    else
        snprintf(text, sizeof text, "%" PRIu64, count);
    add_cell(table, text, NULL)->kind = CELL_NUMBER;
}

void cli_table_integer(struct cli_table *table, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_cell(table, text, NULL)->kind = CELL_NUMBER;
}

void cli_table_bytes(struct cli_table *table, uint64_t bytes)
{
    char text[32];
    if (table->cli->format == CLI_TABLE)
        add_cell(table, assay_bytes_text(text, bytes), NULL);
    else
        cli_table_count(table, bytes);
}

void cli_table_age(struct cli_table *table, int64_t time_ms)
{
    char text[32];
    if (time_ms == ASSAY_NO_TIME || table->cli->format != CLI_TABLE)
        cli_table_time(table, time_ms);
    else
        add_cell(table, assay_age_text(text, time_ms, table->now_ms), NULL);
}

void cli_table_time(struct cli_table *table, int64_t time_ms)
{
    char text[32];
    if (time_ms == ASSAY_NO_TIME)
        cli_table_none(table);
    else if (table->cli->format == CLI_CSV)
        cli_table_integer(table, time_ms);
    else if (table->cli->format == CLI_MD)
        add_cell(table, assay_time_iso(text, time_ms), NULL);
    else
        add_cell(table, assay_time_text(text, time_ms), NULL);
}

void cli_table_duration(struct cli_table *table, int64_t duration_ms)
{
    char text[32];
    if (duration_ms == ASSAY_NO_TIME)
        cli_table_none(table);
    else if (table->cli->format == CLI_CSV)
        cli_table_integer(table, duration_ms);
    else
        add_cell(table, assay_duration_text(text, duration_ms), NULL);
}

void cli_table_status(struct cli_table *table, const struct assay_run *run, const char *age)
{
    static const char *const colors[] = {
        [ASSAY_RUN_RUNNING] = "34", [ASSAY_RUN_SCHEDULED] = "36", [ASSAY_RUN_FINISHED] = "32",
        [ASSAY_RUN_FAILED] = "31",  [ASSAY_RUN_KILLED] = "33",
    };
    size_t i = (size_t)run->status;
    char text[64];
    bool people = table->cli->format == CLI_TABLE;
    snprintf(text, sizeof text, "%s%s%s", assay_run_status_name(run->status), people ? age : "",
             people && run->deleted ? ", deleted" : "");
    add_cell(table, text, people && *age ? "2" : i < ASSAY_COUNT(colors) ? colors[i] : NULL);
}

size_t cli_table_rows(const struct cli_table *table)
{
    return table->column_count ? table->cell_count / table->column_count : 0;
}

/* ---- for people ---- */

/* A column of params or tags that are all numbers is one of numbers. */
static bool holds_numbers(const struct cli_table *table, size_t column)
{
    bool any = false;
    for (size_t i = column; i < table->cell_count; i += table->column_count) {
        if (table->cells[i].kind == CELL_TEXT)
            return false;
        any = any || table->cells[i].kind != CELL_NONE;
    }
    return any;
}

static int cell_width(struct column *column, const struct cell *cell)
{
    int before, after;
    if (!column->to_right || cell->kind != CELL_NUMBER)
        return assay_text_width(cell->text);
    assay_number_halves(cell->text, &before, &after);
    column->before = before > column->before ? before : column->before;
    column->after = after > column->after ? after : column->after;
    return column->before + column->after;
}

static void measure(struct cli_table *table)
{
    for (size_t c = 0; c < table->column_count; c++) {
        struct column *column = &table->columns[c];
        column->width = assay_text_width(column->heading);
        column->before = column->after = 0;
        column->to_right = column->right || holds_numbers(table, c);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        struct column *column = &table->columns[i % table->column_count];
        int width = cell_width(column, &table->cells[i]);
        if (width > WIDEST && !column->whole) {
            width = WIDEST;
            table->cut = true;
        }
        if (width > column->width)
            column->width = width;
    }
}

static int total_width(const struct cli_table *table, size_t columns)
{
    int total = 0;
    for (size_t c = 0; c < columns; c++)
        total += table->columns[c].width + (c ? GAP : 0);
    return total;
}

/* Cuts the widest text column, one cell at a time in effect, until all fit in the terminal;
   then leaves columns away at the right. Returns how many are shown. */
static size_t fit(struct cli_table *table)
{
    size_t shown = table->column_count;
    if (!table->cli->tty)
        return shown;
    for (;;) {
        int over = total_width(table, shown) - table->cli->columns;
        if (over <= 0)
            return shown;
        struct column *widest = NULL;
        for (size_t c = 0; c < shown; c++) {
            struct column *column = &table->columns[c];
            if (!column->to_right && !column->whole && column->width > NARROWEST &&
                (!widest || column->width > widest->width))
                widest = column;
        }
        if (widest) {
            widest->width--;
        } else if (shown > 1) {
            shown--;
            measure(table); /* the others may have the room again */
        } else {
            return shown;
        }
    }
}

static void print_cell(struct cli_table *table, const struct column *column,
                       const struct cell *cell, bool last)
{
    struct assay_buf *out = &table->cli->out;
    bool colored = cell->color && table->cli->color;
    int before, after, behind = 0; /* blanks that put its point below the others' */
    if (column->to_right && cell->kind == CELL_NUMBER) {
        assay_number_halves(cell->text, &before, &after);
        behind = column->after - after;
    }
    if (colored)
        assay_buf_format(out, "\x1b[%sm", cell->color);
    /* The last column is left unpadded: no blanks at the ends of lines. */
    if (last && !column->to_right && assay_text_width(cell->text) <= column->width)
        assay_buf_text_add(out, cell->text);
    else
        assay_text_pad(out, cell->text, column->width - behind, column->to_right,
                       !table->cli->utf8);
    if (colored)
        assay_buf_text_add(out, "\x1b[0m");
    if (!last)
        assay_buf_repeat(out, " ", (size_t)(behind + GAP));
}

static void print_people(struct cli_table *table)
{
    struct assay_buf *out = &table->cli->out;
    measure(table);
    size_t shown = fit(table), rows = cli_table_rows(table);
    for (size_t c = 0; c < shown; c++) {
        struct cell heading = {table->columns[c].heading, "1", CELL_TEXT};
        print_cell(table, &table->columns[c], &heading, c + 1 == shown);
    }
    assay_buf_char(out, '\n');
    for (size_t r = 0; r < rows; r++) {
        const struct cell *cells = &table->cells[r * table->column_count];
        for (size_t c = 0; c < shown; c++)
            print_cell(table, &table->columns[c], &cells[c], c + 1 == shown);
        assay_buf_char(out, '\n');
        cli_spill(table->cli);
    }
    if (shown < table->column_count)
        assay_buf_format(out, "(columns that do not fit: %zu)\n", table->column_count - shown);
    if (table->cut && !table->cli->tty) /* where lines are cut to fit, that is seen */
        fprintf(stderr, "assay: texts are cut to %d columns: --format json has them whole\n",
                WIDEST);
}

/* ---- for programs ---- */

void cli_csv_field(struct cli *cli, const char *text)
{
    struct assay_buf clean = {0};
    if (cli->tty) {
        assay_text_clean(&clean, text, strlen(text));
        text = assay_buf_text(&clean);
    }
    if (!strpbrk(text, ",\"\r\n") && *text != ' ' && *text != '\t') {
        assay_buf_text_add(&cli->out, text);
    } else {
        assay_buf_char(&cli->out, '"');
        for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
            assay_buf_add(&cli->out, text, (size_t)(quote - text));
            assay_buf_text_add(&cli->out, "\"\"");
        }
        assay_buf_text_add(&cli->out, text);
        assay_buf_char(&cli->out, '"');
    }
    assay_buf_free(&clean);
}

void cli_md_field(struct cli *cli, const char *text)
{
    struct assay_buf clean = {0};
    assay_text_clean(&clean, text, strlen(text));
    for (const char *at = assay_buf_text(&clean); *at; at++) {
        /* What Markdown would take for a column's end, code, a link or a tag. */
        if (strchr("|\\`*_<>[]", *at))
            assay_buf_char(&cli->out, '\\');
        assay_buf_char(&cli->out, *at);
    }
    assay_buf_free(&clean);
}

static void print_csv(struct cli_table *table)
{
    size_t columns = table->column_count, rows = cli_table_rows(table);
    for (size_t c = 0; c < columns; c++) {
        cli_csv_field(table->cli, table->columns[c].name);
        assay_buf_text_add(&table->cli->out, c + 1 < columns ? "," : "\n");
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            cli_csv_field(table->cli, table->cells[r * columns + c].text);
            assay_buf_text_add(&table->cli->out, c + 1 < columns ? "," : "\n");
        }
        cli_spill(table->cli);
    }
}

static void print_md_row(struct cli_table *table,
                         const char *(*text)(struct cli_table *, size_t), size_t first)
{
    for (size_t c = 0; c < table->column_count; c++) {
        assay_buf_text_add(&table->cli->out, c ? " | " : "| ");
        cli_md_field(table->cli, text(table, first + c));
    }
    assay_buf_text_add(&table->cli->out, " |\n");
}

static const char *name_of(struct cli_table *table, size_t column)
{
    return table->columns[column].name;
}

static const char *text_of(struct cli_table *table, size_t cell)
{
    return table->cells[cell].text;
}

static void print_md(struct cli_table *table)
{
    size_t rows = cli_table_rows(table);
    print_md_row(table, name_of, 0);
    for (size_t c = 0; c < table->column_count; c++)
        assay_buf_text_add(&table->cli->out, table->columns[c].right ? "|---:" : "|---");
    assay_buf_text_add(&table->cli->out, "|\n");
    for (size_t r = 0; r < rows; r++) {
        print_md_row(table, text_of, r * table->column_count);
        cli_spill(table->cli);
    }
}

void cli_table_print(struct cli_table *table)
{
    if (table->cli->format == CLI_CSV)
        print_csv(table);
    else if (table->cli->format == CLI_MD)
        print_md(table);
    else
        print_people(table);
}

void cli_table_free(struct cli_table **table)
{
    if (!*table)
        return;
    for (size_t c = 0; c < (*table)->column_count; c++) {
        free((*table)->columns[c].name);
        free((*table)->columns[c].heading);
    }
    free((*table)->columns);
    free((*table)->cells);
    assay_arena_free(&(*table)->arena);
    free(*table);
    *table = NULL;
}

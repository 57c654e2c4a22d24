/*
 * Comma- and tab-separated values as a table (preview_page.h): RFC 4180's quotes, columns as
 * wide as what is in them, numbers aligned on their point. The first row is the heading. Two
 * passes over the same bytes: one measures, one writes.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "preview_page.h"

#define COLUMNS_MAX 200
#define CELL_MAX    48 /* cells a column is wide at most */

struct column {
    int width;       /* of the widest text */
    int whole, part; /* of numbers: cells before the point, and from it on */
    size_t numbers, filled;
};

struct table {
    const char *at, *end;
    char separator;
    struct assay_buf cell, clean; /* the one last read, as it is and as it is shown */
    struct column columns[COLUMNS_MAX];
    size_t count;
    bool partial; /* something was too wide, or one column too many */
};

/* Reads one cell into table->cell; true where its row goes on after it. */
static bool next_cell(struct table *table)
{
    assay_buf_reset(&table->cell);
    if (table->at < table->end && *table->at == '"') {
        table->at++;
        while (table->at < table->end) {
            if (*table->at == '"') {
                table->at++;
                if (table->at == table->end || *table->at != '"') {
                    break;
                }
            }
            assay_buf_char(&table->cell, *table->at++);
        }
    }
    const char *from = table->at;
    while (table->at < table->end && *table->at != table->separator && *table->at != '\n') {
        table->at++;
    }
    size_t length = (size_t)(table->at - from);
    if (length > 0 && from[length - 1] == '\r') {
        length--;
    }
    assay_buf_add(&table->cell, from, length);
    if (table->at == table->end) {
        return false;
    }
    return *table->at++ == table->separator;
}

/* The cell's text, clean, no wider than a column; the cells it takes. */
static int cell_text(struct table *table)
{
    const char *text = assay_buf_text(&table->cell);
    int used;
    assay_buf_reset(&table->clean);
    assay_text_clean(&table->clean, text, table->cell.length < 400 ? table->cell.length : 400);
    table->partial |= table->cell.length > 400;
    const char *clean = assay_buf_text(&table->clean);
    size_t fits = assay_text_fit(clean, CELL_MAX, &used);
    if (fits < table->clean.length) {
        table->partial = true;
        fits = assay_text_fit(clean, CELL_MAX - 1, &used);
        table->clean.length = fits;
        assay_buf_text_add(&table->clean, "~");
        used++;
    }
    return used;
}

static bool number(const struct table *table, int *whole)
{
    double value;
    const char *text = assay_buf_text(&table->clean);
    if (!assay_number_parse(text, table->clean.length, &value)) {
        return false;
    }
    *whole = (int)strcspn(text, ".eE");
    return true;
}

static void measure_row(struct table *table, bool head)
{
    bool more = true;
    for (size_t i = 0; more; i++) {
        more = next_cell(table);
        if (i >= COLUMNS_MAX) {
            table->partial = true;
            continue;
        }
        struct column *column = &table->columns[i];
        int width = cell_text(table), whole;
        table->count = i + 1 > table->count ? i + 1 : table->count;
        column->width = width > column->width ? width : column->width;
        if (head || width == 0) {
            continue;
        }
        column->filled++;
        if (number(table, &whole)) {
            column->numbers++;
            column->whole = whole > column->whole ? whole : column->whole;
            column->part = width - whole > column->part ? width - whole : column->part;
        }
    }
}

static void add_blanks(struct preview_page *page, int count)
{
    assay_buf_repeat(&page->text, " ", count > 0 ? (size_t)count : 0);
}

static void write_row(struct table *table, struct preview_page *page, bool head)
{
    bool more = true;
    for (size_t i = 0; more; i++) {
        more = next_cell(table);
        if (i >= COLUMNS_MAX) {
            continue;
        }
        struct column *column = &table->columns[i];
        int used = cell_text(table), whole = used, before = 0;
        bool numeric = column->numbers > 0 && column->numbers == column->filled;
        int numbers = column->whole + column->part;
        int room = numbers > column->width ? numbers : column->width;
        if (numeric && head) {
            before = room - used;
        } else if (numeric && number(table, &whole)) {
            before = room - column->part - whole;
        }
        add_blanks(page, before);
        assay_buf_add(&page->text, table->clean.data, table->clean.length);
        if (more) {
            add_blanks(page, room - before - used + 2);
        }
    }
}

void preview_table(struct preview_page *page, const char *bytes, size_t length, char separator)
{
    struct table *table = assay_alloc(sizeof *table);
    table->separator = separator;
    table->cell.limit = 1u << 20;
    table->end = bytes + length;
    table->at = bytes;
    for (size_t row = 0; table->at < table->end && row < PREVIEW_LINES_MAX; row++) {
        measure_row(table, row == 0);
    }
    table->at = bytes;
    page->headed = true;
    page->columns = table->count;
    while (table->at < table->end) {
        if (!preview_add(page, page->count == 0 ? ROLE_HEADER : ROLE_NORMAL)) {
            break;
        }
        write_row(table, page, page->count == 1);
    }
    page->partial = table->partial;
    page->rows = page->count > 0 ? page->count - 1 : 0;
    assay_buf_free(&table->cell);
    assay_buf_free(&table->clean);
    free(table);
}

/*
 * Tables within Markdown (preview_page.h), as GitHub's flavour has them: a row of headings, a
 * row of dashes, rows; cells between bars. Columns are as wide as what is in them, up to a
 * bound, beyond which a cell goes on below itself; nothing is cut. Called by
 * preview_markdown.c.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "preview_page.h"

#define COLUMNS_MAX 64
#define CELL_WIDE   40 /* cells of the screen, then it goes on below */
#define GAP         2
#define CELLS_MAX   (1u << 20) /* of one table; what follows is shown as it was written */

enum side { LEFT, RIGHT, MIDDLE };

struct cell {
    size_t at, length; /* in the table's text, with marks */
    char look;         /* the mark in force where what is left of it begins */
};
struct table {
    struct preview_page made; /* its text alone: what the cells say, one after the other */
    struct cell *cells;       /* `columns` for each row */
    size_t columns, rows, capacity;
    int widths[COLUMNS_MAX];
    enum side sides[COLUMNS_MAX];
};

static size_t line_length(const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    return end ? (size_t)(end - bytes) : length;
}

static void trim(const char **text, size_t *length)
{
    while (*length > 0 && strchr(" \t\r", (*text)[*length - 1])) {
        --*length;
    }
    while (*length > 0 && strchr(" \t", **text)) {
        ++*text;
        --*length;
    }
}

/* The next cell of a row: up to a bar that no backslash stands before. False past the end. */
static bool next_cell(const char **row, size_t *left, const char **cell, size_t *length)
{
    size_t at = 0;
    if (*left == 0) {
        return false;
    }
    while (at < *left && (*row)[at] != '|') {
        at += (*row)[at] == '\\' && at + 1 < *left ? 2 : 1;
    }
    *cell = *row;
    *length = at;
    at += at < *left ? 1 : 0;
    *row += at;
    *left -= at;
    trim(cell, length);
    return true;
}

/* A line without its blanks and the bars around it; false where no bar is in it. */
static bool open_row(const char **row, size_t *length)
{
    trim(row, length);
    bool barred = memchr(*row, '|', *length) != NULL;
    if (*length > 0 && **row == '|') {
        ++*row;
        --*length;
    }
    return barred;
}

static size_t count_cells(const char *row, size_t length)
{
    const char *cell;
    size_t count = 0, size;
    open_row(&row, &length);
    while (next_cell(&row, &length, &cell, &size)) {
        count++;
    }
    return count;
}

/* ":--", "--:" or ":-:". */
static bool is_dashes(const char *cell, size_t length, enum side *side)
{
    bool left = length > 0 && cell[0] == ':', right = length > 1 && cell[length - 1] == ':';
    size_t dashes = length - left - right;
    *side = right ? (left ? MIDDLE : RIGHT) : LEFT;
    for (size_t i = 0; i < dashes; i++) {
        if (cell[left + i] != '-') {
            return false;
        }
    }
    return length > 0 && dashes > 0;
}

/* Whether the line is the row of dashes under so many headings. */
static bool read_sides(struct table *table, const char *row, size_t length)
{
    const char *cell;
    size_t count = 0, size;
    open_row(&row, &length);
    while (next_cell(&row, &length, &cell, &size)) {
        if (count == COLUMNS_MAX || !is_dashes(cell, size, &table->sides[count++])) {
            return false;
        }
    }
    return count == table->columns;
}

static int shown_width(const char *text, size_t length)
{
    int width = 0;
    for (size_t at = 0; at < length;) {
        uint32_t code = 0;
        size_t bytes = assay_utf8_decode(text + at, length - at, &code);
        int wide = code < ' ' ? 0 : assay_code_width(code);
        width += wide > 0 ? wide : 0;
        at += bytes > 0 ? bytes : 1;
    }
    return width;
}

/* What a cell says goes to the text; a bar that was written with a backslash is a bar. */
static struct cell make_cell(struct table *table, const char *bytes, size_t length)
{
    struct assay_buf plain = {0};
    struct cell cell = {.at = table->made.text.length, .look = PREVIEW_PLAIN};
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\\' && i + 1 < length && bytes[i + 1] == '|') {
            continue;
        }
        assay_buf_char(&plain, bytes[i]);
    }
    preview_markdown_inline(&table->made, assay_buf_text(&plain), plain.length);
    cell.length = table->made.text.length - cell.at;
    assay_buf_char(&table->made.text, '\0');
    assay_buf_free(&plain);
    return cell;
}

/* Cells behind the last column are said in it: what is written is shown. */
static void add_row(struct table *table, const char *row, size_t length)
{
    const char *cell;
    size_t column = 0, size;
    open_row(&row, &length);
    ASSAY_GROW(table->cells, table->capacity, (table->rows + 1) * table->columns);
    struct cell *cells = &table->cells[table->rows++ * table->columns];
    memset(cells, 0, table->columns * sizeof *cells);
    while (column < table->columns && next_cell(&row, &length, &cell, &size)) {
        if (column + 1 == table->columns) {
            size_t rest = (size_t)(row + length - cell);
            trim(&cell, &rest);
            size = rest > 0 && cell[rest - 1] == '|' && (rest < 2 || cell[rest - 2] != '\\')
                       ? rest - 1
                       : rest;
            trim(&cell, &size);
        }
        cells[column] = make_cell(table, cell, size);
        int width = shown_width(table->made.text.data + cells[column].at, cells[column].length);
        width = width < CELL_WIDE ? width : CELL_WIDE;
        table->widths[column] = width > table->widths[column] ? width : table->widths[column];
        column++;
    }
}

/* ---- writing ---- */

static void blanks(struct preview_page *page, int count)
{
    assay_buf_repeat(&page->text, " ", count > 0 ? (size_t)count : 0);
}

/* The next piece of a cell, as much as its column holds. OWED are blanks that stand before it,
   where something does; returns those that stand behind it. */
static int write_piece(struct preview_page *page, const struct table *table, size_t column,
                       struct cell *cell, int owed)
{
    const char *text = table->made.text.data + cell->at;
    const int room = table->widths[column];
    size_t advance = 0, shown;
    if (cell->length == 0) {
        return owed + room + GAP;
    }
    shown = preview_row(text, room > 0 ? room : 1, &advance);
    const int spare = room - shown_width(text, shown);
    const int before = table->sides[column] == RIGHT    ? spare
                       : table->sides[column] == MIDDLE ? spare / 2
                                                        : 0;
    blanks(page, owed + before);
    if (cell->look > PREVIEW_PLAIN) {
        assay_buf_char(&page->text, cell->look);
    }
    assay_buf_add(&page->text, text, shown);
    for (size_t i = 0; i < advance; i++) {
        cell->look = (unsigned char)text[i] < ' ' ? text[i] : cell->look;
    }
    if (cell->look > PREVIEW_PLAIN) {
        assay_buf_char(&page->text, PREVIEW_PLAIN);
    }
    cell->at += advance;
    cell->length -= advance;
    return spare - before + GAP;
}

/* A row in as many lines as its longest cell takes. */
static void write_row(struct preview_page *page, const struct table *table, size_t row)
{
    struct cell *cells = &table->cells[row * table->columns];
    bool more = true;
    while (more) {
        struct preview_line *line = preview_add(page, row == 0 ? ROLE_STRONG : ROLE_NORMAL);
        int owed = 0;
        if (!line) {
            return;
        }
        line->wraps = true;
        more = false;
        for (size_t i = 0; i < table->columns; i++) {
            owed = write_piece(page, table, i, &cells[i], owed);
            more |= cells[i].length > 0;
        }
    }
}

static void write_table(struct preview_page *page, const struct table *table)
{
    for (size_t row = 0; row < table->rows; row++) {
        write_row(page, table, row);
        struct preview_line *line = row == 0 ? preview_add(page, ROLE_BORDER) : NULL;
        for (size_t i = 0; line && i < table->columns; i++) {
            line->wraps = true;
            blanks(page, i > 0 ? GAP : 0);
            assay_buf_repeat(&page->text, "-",
                             table->widths[i] > 0 ? (size_t)table->widths[i] : 1);
        }
    }
}

/* Whether a line is no row: an empty one, or the beginning of something else. */
static bool ends_table(const char *line, size_t length)
{
    trim(&line, &length);
    return length == 0 || *line == '>' || *line == '#' ||
           (length >= 3 && (memcmp(line, "```", 3) == 0 || memcmp(line, "~~~", 3) == 0));
}

size_t preview_markdown_table(struct preview_page *page, const char *bytes, size_t length)
{
    struct table table = {.made = {.text = {.limit = PREVIEW_OUT_MAX}}};
    const char *row = bytes;
    size_t head = line_length(bytes, length), at = head + 1, size = head;
    if (at >= length || !open_row(&row, &size)) {
        return 0;
    }
    table.columns = count_cells(bytes, head);
    size = line_length(bytes + at, length - at);
    if (table.columns == 0 || table.columns > COLUMNS_MAX ||
        !read_sides(&table, bytes + at, size)) {
        return 0;
    }
    add_row(&table, bytes, head);
    at += size + 1;
    while (at < length && table.rows * table.columns < CELLS_MAX) {
        size = line_length(bytes + at, length - at);
        if (ends_table(bytes + at, size)) {
            break;
        }
        add_row(&table, bytes + at, size);
        at += size + 1;
    }
    write_table(page, &table);
    page->cut |= table.made.text.overflow;
    preview_page_free(&table.made);
    free(table.cells);
    return at < length ? at : length;
}

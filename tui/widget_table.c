/*
 * A table (widget_table.h), for the runs at home, a run's metrics and params, and the activity.
 */
#include "widget_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define GAP  2
#define MOST 24

void table_free(struct table *table)
{
    free(table->cells);
    *table = (struct table){0};
}

static struct table_cell *cell_at(struct table *table, size_t columns, size_t y, size_t column)
{
    return &table->cells[y * columns + column];
}

static int column_width(const struct table_column *column)
{
    int most = column->most > 0 ? column->most : MOST;
    return column->width < most ? column->width : most;
}

#define REST_LEAST 8 /* cells that are worth showing of a longer text */

/* Digits before the point of a finite value; not positive where it begins behind it. */
static int magnitude(double value)
{
    return value == 0 ? 1 : (int)floor(log10(fabs(value))) + 1;
}

/* Decimals with which VALUE has so many DIGITS, MOST of them at most. */
static int decimals_for(double value, int digits, int most)
{
    int decimals = digits - magnitude(value);
    return decimals < 0 ? 0 : decimals < most ? decimals : most;
}

/* Five digits of what is usual in the column, and every value about that to as many decimals:
   what is below the last of them would not be seen beside it. What is far above (a run that
   diverged) has five digits of its own and takes none from the others; what is far below has
   the decimals that show two digits, or is written in full. */
static void write_value(const struct table_column *column, struct table_cell *cell)
{
    double value = fabs(cell->value);
    bool usual = value <= column->largest;
    if (!isfinite(cell->value)) {
        assay_number_short(cell->text, cell->value, 5);
        return;
    }
    cell->number = true;
    if (!column->fractions && value < (column->largest < 1e9 ? 1e9 : 1e6)) {
        snprintf(cell->text, sizeof cell->text, "%.0f", cell->value);
    } else if (value >= 1e6 || (usual && column->largest < 0.01)) {
        assay_number_short(cell->text, cell->value, 4);
    } else if (value > 0 && value < 0.002) {
        snprintf(cell->text, sizeof cell->text, "%.1e", cell->value);
    } else {
        int decimals = usual ? decimals_for(column->largest, 5, 4) : 0;
        int least = decimals_for(cell->value, usual ? 2 : 5, 4);
        decimals = usual && decimals < 1 ? 1 : decimals;
        snprintf(cell->text, sizeof cell->text, "%.*f", decimals > least ? decimals : least,
                 cell->value);
    }
}

#define MAGNITUDES 40 /* from 1e-20 on */

/* Column C's largest value that is usual among the rows in sight: no more than two digits
   longer than the middle one. What was usual on another page stays so. */
static void note_values(struct table *table, struct table_column *columns, size_t count,
                        size_t visible, size_t c)
{
    unsigned seen[MAGNITUDES] = {0}, all = 0, below = 0;
    int middle = 0;
    for (size_t y = 0; y < visible; y++) {
        const struct table_cell *cell = cell_at(table, count, y, c);
        if (!cell->measured || !isfinite(cell->value)) {
            continue;
        }
        columns[c].fractions |= cell->value != floor(cell->value);
        if (cell->value != 0) {
            int at = magnitude(cell->value) + MAGNITUDES / 2;
            seen[at < 0 ? 0 : at < MAGNITUDES ? at : MAGNITUDES - 1]++;
            all++;
        }
    }
    while (all > 0 && (below += seen[middle]) * 2 < all) {
        middle++;
    }
    for (size_t y = 0; y < visible && all > 0; y++) {
        const struct table_cell *cell = cell_at(table, count, y, c);
        if (cell->measured && isfinite(cell->value) &&
            magnitude(cell->value) + MAGNITUDES / 2 <= middle + 2) {
            columns[c].largest = fmax(columns[c].largest, fabs(cell->value));
        }
    }
}

static void measure(struct table_column *column, const struct table_cell *cell)
{
    int width;
    if (cell->number && column->right) {
        column->before = cell->before > column->before ? cell->before : column->before;
        column->after = cell->after > column->after ? cell->after : column->after;
        width = column->before + column->after;
    } else {
        width = assay_text_width(cell->text);
    }
    column->width = width > column->width ? width : column->width;
}

static void fetch(struct table *table, struct table_column *columns, size_t count,
                  const struct table_rows *rows, size_t visible)
{
    ASSAY_GROW(table->cells, table->cells_capacity, visible * count + 1);
    for (size_t c = 0; c < count; c++) {
        int title = assay_text_width(columns[c].title);
        columns[c].width = title > columns[c].width ? title : columns[c].width;
        columns[c].shown_width = 0;
    }
    for (size_t y = 0; y < visible; y++) {
        for (size_t c = 0; c < count; c++) {
            struct table_cell *cell = cell_at(table, count, y, c);
            *cell = (struct table_cell){.role = ROLE_NORMAL};
            rows->cell(rows->context, table->list.top + y, c, cell);
        }
    }
    for (size_t c = 0; c < count; c++) {
        note_values(table, columns, count, visible, c);
    }
    for (size_t y = 0; y < visible; y++) {
        for (size_t c = 0; c < count; c++) {
            struct table_cell *cell = cell_at(table, count, y, c);
            if (cell->measured) {
                write_value(&columns[c], cell);
            }
            if (cell->number) {
                assay_number_halves(cell->text, &cell->before, &cell->after);
            }
            measure(&columns[c], cell);
        }
    }
}

/* Gives what is left beside the columns up to LAST to those that are cut, from the left. */
static void widen(struct table *table, struct table_column *columns, size_t last, int spare)
{
    int shift = 0;
    for (size_t c = 0; c <= last; c = c ? c + 1 : table->left + 1) {
        int more = columns[c].width - columns[c].shown_width;
        more = more < spare ? more : spare;
        columns[c].shown_x += shift;
        if (more > 0) {
            columns[c].shown_width += more;
            shift += more;
            spare -= more;
        }
    }
}

/* Gives each column that fits its place; the first one is always there. The
   last SPARED cells of WIDTH are taken only by a column that does not fit without them. */
static size_t place(struct table *table, struct table_column *columns, size_t count, int margin,
                    int width, int spared)
{
    int first = column_width(&columns[0]);
    int x = margin + first + GAP;
    size_t last = 0;
    columns[0].shown_x = margin;
    columns[0].shown_width = first;
    for (size_t c = table->left + 1; c < count; c++) {
        int wide = column_width(&columns[c]);
        if (columns[c].rest && x + wide > width && width - x >= REST_LEAST) {
            wide = width - spared - x;
        }
        if (x + wide > width && c > table->left + 1) {
            break;
        }
        columns[c].shown_x = x;
        columns[c].shown_width = x + wide > width ? width - spared - x : wide;
        x += wide + GAP;
        last = c;
    }
    widen(table, columns, last, width - spared - (x - GAP));
    return last;
}

/* Scrolls sideways until the column under the cursor is in sight. */
static void lay_out(struct table *table, struct table_column *columns, size_t count, int margin,
                    int width, int spared)
{
    if (table->column >= count) {
        table->column = count - 1;
    }
    if (table->column > 0 && table->column <= table->left) {
        table->left = table->column - 1;
    }
    while (place(table, columns, count, margin, width, spared) < table->column &&
           table->left + 1 < table->column) {
        columns[table->left + 1].shown_width = 0;
        table->left++;
    }
}

static void draw_header(struct area row, const struct table *table,
                        const struct table_column *columns, size_t count,
                        const struct table_look *look)
{
    const char *up = row.canvas->ascii ? "^" : "▴";
    const char *down = row.canvas->ascii ? "v" : "▾";
    for (size_t c = 0; c < count; c++) {
        const struct table_column *column = &columns[c];
        if (column->shown_width == 0) {
            continue;
        }
        enum role role = c == look->sorted ? ROLE_STRONG : ROLE_DIM;
        if (look->pick_column && look->focus && c == table->column) {
            role = ROLE_ACCENT;
        }
        enum align align = column->right ? ALIGN_RIGHT : ALIGN_LEFT;
        draw_field(row, column->shown_x, 0, column->shown_width, align, role, column->title);
        if (c == look->sorted) {
            int title = assay_text_width(column->title);
            title = title < column->shown_width ? title : column->shown_width;
            int x = column->shown_x + (column->right ? column->shown_width : title);
            draw_text(row, x, 0, ROLE_ACCENT, look->descending ? down : up);
        }
    }
}

static void draw_table_cell(struct area row, const struct table_column *column,
                            const struct table_cell *cell)
{
    int x = column->shown_x, width = column->shown_width;
    if (cell->number && column->right) {
        int after = column->after - cell->after;
        int text = cell->before + cell->after;
        if (text + after > width) {
            after = width - text;
        }
        draw_field(row, x, 0, width - (after > 0 ? after : 0), ALIGN_RIGHT, cell->role,
                   cell->text);
        return;
    }
    draw_field(row, x, 0, width, column->right ? ALIGN_RIGHT : ALIGN_LEFT, cell->role,
               cell->text);
}

static void draw_row(struct table *table, struct area row, const struct table_column *columns,
                     size_t count, size_t y, const struct table_rows *rows, int margin)
{
    for (size_t c = 0; c < count; c++) {
        if (columns[c].shown_width > 0) {
            draw_table_cell(row, &columns[c], cell_at(table, count, y, c));
        }
    }
    if (rows->mark) {
        rows->mark(rows->context, table->list.top + y, area_part(row, 0, 0, margin, 1));
    }
}

void table_draw(struct table *table, struct area area, struct table_column *columns,
                size_t count, const struct table_rows *rows, const struct table_look *look)
{
    int header = look->no_header ? 0 : 1;
    int height = area.rect.height - header, width = area.rect.width;
    if (height < 1 || width < 4 || count == 0) {
        return;
    }
    list_fit(&table->list, rows->count, height);
    size_t visible = rows->count - table->list.top;
    visible = visible < (size_t)height ? visible : (size_t)height;
    fetch(table, columns, count, rows, visible);
    int before_bar = rows->count > (size_t)height ? 1 : 0; /* a number would touch the bar */
    lay_out(table, columns, count, look->margin, width - 1, before_bar);
    if (header) {
        draw_header(area_row(area, 0), table, columns, count, look);
    }
    for (size_t y = 0; y < visible; y++) {
        struct area row = area_row(area, (int)y + header);
        if (table->list.top + y == table->list.cursor) {
            row = area_under(row, look->focus ? ROLE_HERE : ROLE_HERE_IDLE);
            draw_clear(row);
        }
        draw_row(table, row, columns, count, y, rows, look->margin);
    }
    if (rows->count == 0 && look->empty) {
        draw_field(area, look->margin, header, width - look->margin, ALIGN_LEFT, ROLE_DIM,
                   look->empty);
    }
    draw_scrollbar(area, width - 1, header, height, table->list.top, rows->count);
}

bool table_move_column(struct table *table, size_t column_count, int delta)
{
    if ((delta < 0 && table->column == 0) || (delta > 0 && table->column + 1 >= column_count)) {
        return false;
    }
    table->column = delta < 0 ? table->column - 1 : table->column + 1;
    return true;
}

bool table_column_at(const struct table_column *columns, size_t count, int x, size_t *column)
{
    for (size_t c = 0; c < count; c++) {
        if (columns[c].shown_width > 0 && x >= columns[c].shown_x &&
            x <= columns[c].shown_x + columns[c].shown_width) {
            *column = c;
            return true;
        }
    }
    return false;
}

/*
 * Tables by key: which rows of two CSV or TSV files are new, gone or changed, in which cells,
 * and what that is on the whole. The rows may stand in any order. Called by file_diff.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/statistics.h>
#include <assay/text.h>

#include "compare/parts_of_file.h"

#define CELLS_MAX ((size_t)4 << 20)
#define WIDTH_MAX 500u
#define LINES_MAX 1000u
#define SHOWN_MAX 80 /* bytes of a cell */

/* ---- reading ---- */

static char separator_of(const char *text, size_t length)
{
    static const char signs[] = {',', '\t', ';'};
    size_t counts[sizeof signs] = {0}, best = 0;
    for (size_t i = 0; i < length && text[i] != '\n'; i++)
        for (size_t k = 0; k < sizeof signs; k++)
            counts[k] += text[i] == signs[k];
    for (size_t k = 1; k < sizeof signs; k++)
        best = counts[k] > counts[best] ? k : best;
    return signs[best];
}

/* A cell in quotes, its doubled quotes single. Returns where it ends. */
static const char *take_quoted(struct file_table *t, const char *at, const char *end,
                               struct file_cell *cell)
{
    const char *from = ++at;
    size_t doubled = 0;
    while (at < end && (*at != '"' || (at + 1 < end && at[1] == '"'))) {
        doubled += *at == '"';
        at += *at == '"' ? 2 : 1;
    }
    *cell = (struct file_cell){from, (size_t)(at - from)};
    if (doubled > 0) {
        char *text = assay_arena_alloc(&t->arena, cell->length + 1);
        size_t length = 0;
        for (const char *c = from; c < at; c++) {
            text[length++] = *c;
            c += *c == '"';
        }
        *cell = (struct file_cell){text, length};
    }
    return at < end ? at + 1 : at;
}

static void begin_row(struct file_table *t)
{
    ASSAY_GROW(t->rows, t->row_capacity, t->row_count + 2);
    t->rows[t->row_count] = t->cell_count;
}

bool file_table_read(struct file_table *t, const char *text, size_t length)
{
    const char *at = text, *end = text + length;
    const char sign = separator_of(text, length);
    bool wide = false;
    *t = (struct file_table){0};
    begin_row(t);
    while (at < end && t->cell_count < CELLS_MAX) {
        struct file_cell cell;
        if (*at == '"') {
            at = take_quoted(t, at, end, &cell);
        } else {
            const char *from = at;
            while (at < end && *at != sign && *at != '\n')
                at++;
            size_t size = (size_t)(at - from);
            cell =
                (struct file_cell){from, size > 0 && from[size - 1] == '\r' ? size - 1 : size};
        }
        while (at < end && *at != sign && *at != '\n') /* what follows a closing quote */
            at++;
        ASSAY_GROW(t->cells, t->cell_capacity, t->cell_count + 1);
        t->cells[t->cell_count++] = cell;
        bool more = at < end && *at == sign;
        at += at < end;
        if (more && at < end)
            continue;
        bool empty = t->cell_count == t->rows[t->row_count] + 1 && cell.length == 0;
        t->cell_count -= empty;
        t->row_count += !empty;
        wide = wide || t->cell_count > t->rows[t->row_count - !empty] + 1;
        begin_row(t);
    }
    return at == end && wide && t->row_count > 0;
}

void file_table_free(struct file_table *t)
{
    assay_arena_free(&t->arena);
    free(t->cells);
    free(t->rows);
    *t = (struct file_table){0};
}

size_t file_table_width(const struct file_table *t, size_t row)
{
    return row < t->row_count ? t->rows[row + 1] - t->rows[row] : 0;
}

struct file_cell file_table_at(const struct file_table *t, size_t row, size_t column)
{
    return column < file_table_width(t, row) ? t->cells[t->rows[row] + column]
                                             : (struct file_cell){"", 0};
}

/* ---- which columns belong together ---- */

static bool is_header(const struct file_table *t)
{
    double number;
    for (size_t i = 0; i < file_table_width(t, 0); i++)
        if (file_cell_number(file_table_at(t, 0, i), &number))
            return false;
    return true;
}

struct pairing {
    const struct file_table *a, *b;
    size_t first;                     /* row of data */
    size_t columns[WIDTH_MAX], width; /* of a's column, b's; SIZE_MAX none */
    size_t key;                       /* of a's; SIZE_MAX by place */
    struct assay_map rows;            /* of b, by key */
};

static void pair_columns(struct pairing *p)
{
    p->width = file_table_width(p->a, 0) < WIDTH_MAX ? file_table_width(p->a, 0) : WIDTH_MAX;
    for (size_t i = 0; i < p->width; i++) {
        struct file_cell name = file_table_at(p->a, 0, i);
        p->columns[i] = p->first || i >= file_table_width(p->b, 0) ? SIZE_MAX : i;
        for (size_t k = 0; p->first && k < file_table_width(p->b, 0); k++) {
            struct file_cell other = file_table_at(p->b, 0, k);
            if (other.length == name.length &&
                memcmp(other.text, name.text, name.length) == 0) {
                p->columns[i] = k;
                break;
            }
        }
    }
}

/* Fills MAP with the rows of T by their cell in COLUMN; false where two have the same. */
static bool index_rows(struct assay_map *map, const struct file_table *t, size_t first,
                       size_t column)
{
    for (size_t row = first; row < t->row_count; row++) {
        struct file_cell cell = file_table_at(t, row, column);
        if (assay_map_get(map, cell.text, cell.length) != ASSAY_MAP_NONE)
            return false;
        assay_map_set(map, cell.text, cell.length, (uint32_t)row);
    }
    return true;
}

static bool try_key(struct pairing *p, size_t column)
{
    struct assay_map seen = {0};
    if (p->columns[column] == SIZE_MAX)
        return false;
    bool good = index_rows(&seen, p->a, p->first, column) &&
                index_rows(&p->rows, p->b, p->first, p->columns[column]);
    assay_map_free(&seen);
    if (good)
        p->key = column;
    else
        assay_map_free(&p->rows);
    return good;
}

static bool is_named(struct file_cell cell)
{
    static const char *const names[] = {"id",    "key",     "name",       "slice", "label",
                                        "class", "example", "example_id", "index"};
    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        if (strlen(names[i]) == cell.length &&
            strncasecmp(names[i], cell.text, cell.length) == 0)
            return true;
    return false;
}

/* A column named as keys are; else the first of texts; else the first, in which no two rows are
   the same on either side. Whole numbers that measure something are rarely all different. */
static void choose_key(struct pairing *p)
{
    p->key = SIZE_MAX;
    for (int turn = 0; turn < 3 && p->first; turn++)
        for (size_t i = 0; i < p->width; i++) {
            double number;
            bool text = !file_cell_number(file_table_at(p->a, 1, i), &number);
            bool named = is_named(file_table_at(p->a, 0, i));
            if ((turn == 0 ? named : turn == 1 ? text : i == 0) && try_key(p, i))
                return;
        }
}

/* ---- what is different ---- */

static void add_cell(struct assay_buf *out, struct file_cell cell)
{
    assay_buf_add(out, cell.text, cell.length < SHOWN_MAX ? cell.length : SHOWN_MAX);
    assay_buf_text_add(out, cell.length > SHOWN_MAX ? "..." : "");
}

static void add_column(const struct pairing *p, size_t column, struct assay_buf *out)
{
    if (p->first)
        add_cell(out, file_table_at(p->a, 0, column));
    else
        assay_buf_format(out, "column %zu", column + 1);
}

static void add_key(const struct pairing *p, const struct file_table *t, size_t row,
                    size_t column, struct assay_buf *out)
{
    if (p->key == SIZE_MAX)
        assay_buf_format(out, "row %zu", row + 1 - p->first);
    else
        add_cell(out, file_table_at(t, row, column));
}

/* The row of b that stands for a's; SIZE_MAX where there is none. */
static size_t other_row(const struct pairing *p, size_t row)
{
    if (p->key == SIZE_MAX)
        return row < p->b->row_count ? row : SIZE_MAX;
    struct file_cell key = file_table_at(p->a, row, p->key);
    uint32_t found = assay_map_get(&p->rows, key.text, key.length);
    return found == ASSAY_MAP_NONE ? SIZE_MAX : found;
}

static bool row_differs(const struct pairing *p, size_t row, size_t other,
                        struct assay_buf *out)
{
    bool differs = false;
    for (size_t i = 0; i < p->width; i++) {
        if (p->columns[i] == SIZE_MAX)
            continue;
        struct file_cell a = file_table_at(p->a, row, i);
        struct file_cell b = file_table_at(p->b, other, p->columns[i]);
        if (file_cell_same(a, b))
            continue;
        if (out) {
            assay_buf_text_add(out, differs ? ", " : ": ");
            add_column(p, i, out);
            assay_buf_char(out, ' ');
            file_change(out, a, b);
        }
        differs = true;
    }
    return differs;
}

static void add_columns_alone(const struct pairing *p, struct assay_buf *out)
{
    for (size_t i = 0; i < p->width; i++)
        if (p->columns[i] == SIZE_MAX) {
            assay_buf_text_add(out, "-column ");
            add_column(p, i, out);
            assay_buf_char(out, '\n');
        }
    for (size_t k = 0; k < file_table_width(p->b, 0) && k < WIDTH_MAX; k++) {
        bool known = false;
        for (size_t i = 0; i < p->width; i++)
            known = known || p->columns[i] == k;
        if (known)
            continue;
        assay_buf_text_add(out, "+column ");
        if (p->first)
            add_cell(out, file_table_at(p->b, 0, k));
        else
            assay_buf_format(out, "%zu", k + 1);
        assay_buf_char(out, '\n');
    }
}

/* What a column of numbers does on the whole, over the rows both have. */
static void add_mean(const struct pairing *p, size_t column, struct assay_buf *out)
{
    double a, b, sum_a = 0, sum_b = 0;
    size_t n = 0, up = 0, down = 0, left = 0;
    char text[3][32];
    if (column == p->key || p->columns[column] == SIZE_MAX)
        return;
    for (size_t row = p->first; row < p->a->row_count; row++) {
        size_t other = other_row(p, row);
        if (other == SIZE_MAX)
            continue;
        if (!file_cell_number(file_table_at(p->a, row, column), &a) ||
            !file_cell_number(file_table_at(p->b, other, p->columns[column]), &b) ||
            !isfinite(a) || !isfinite(b)) {
            left++;
            continue;
        }
        n++;
        sum_a += a;
        sum_b += b;
        up += b > a;
        down += b < a;
    }
    if (n < 2 || up + down == 0)
        return;
    sum_a /= (double)n;
    sum_b /= (double)n;
    assay_buf_text_add(out, "@@ ");
    add_column(p, column, out);
    assay_buf_format(out, ": mean %s -> %s (%s%s), %zu up, %zu down, %zu equal",
                     assay_number_short(text[0], sum_a, 5),
                     assay_number_short(text[1], sum_b, 5), sum_b > sum_a ? "+" : "",
                     assay_number_short(text[2], sum_b - sum_a, 3), up, down, n - up - down);
    if (left)
        assay_buf_format(out, ", %zu without two numbers", left);
    assay_buf_text_add(out, " @@\n");
}

/* Rows that changed, are gone, and are new, in this order; bounded. */
static void add_rows(const struct pairing *p, size_t lines, struct assay_buf *out)
{
    size_t said = 0;
    const size_t key_b = p->key == SIZE_MAX ? SIZE_MAX : p->columns[p->key];
    for (int turn = 0; turn < 2; turn++)
        for (size_t row = p->first; row < p->a->row_count && said < LINES_MAX; row++) {
            size_t other = other_row(p, row);
            if ((other == SIZE_MAX) != (turn == 1) ||
                (other != SIZE_MAX && !row_differs(p, row, other, NULL)))
                continue;
            assay_buf_char(out, turn ? '-' : '~');
            add_key(p, p->a, row, p->key, out);
            if (other != SIZE_MAX)
                row_differs(p, row, other, out);
            assay_buf_char(out, '\n');
            said++;
        }
    struct assay_map known = {0};
    if (p->key != SIZE_MAX)
        index_rows(&known, p->a, p->first, p->key);
    for (size_t row = p->first; row < p->b->row_count && said < LINES_MAX; row++) {
        struct file_cell key = file_table_at(p->b, row, key_b);
        bool there = p->key == SIZE_MAX
                         ? row < p->a->row_count
                         : assay_map_get(&known, key.text, key.length) != ASSAY_MAP_NONE;
        if (there)
            continue;
        assay_buf_char(out, '+');
        add_key(p, p->b, row, key_b, out);
        assay_buf_char(out, '\n');
        said++;
    }
    assay_map_free(&known);
    if (said < lines)
        assay_buf_format(out, "@@ %zu more rows @@\n", lines - said);
}

bool file_table_diff(const struct file_table *a, const struct file_table *b,
                     struct assay_buf *out)
{
    struct pairing p = {.a = a, .b = b};
    size_t common = 0, both = 0, changed = 0;
    p.first = is_header(a) && is_header(b) ? 1 : 0;
    pair_columns(&p);
    for (size_t i = 0; i < p.width; i++)
        common += p.columns[i] != SIZE_MAX;
    if (common == 0)
        return false;
    choose_key(&p);
    for (size_t row = p.first; row < a->row_count; row++) {
        size_t other = other_row(&p, row);
        both += other != SIZE_MAX;
        changed += other != SIZE_MAX && row_differs(&p, row, other, NULL);
    }
    size_t gone = a->row_count - p.first - both, new = b->row_count - p.first - both;
    assay_buf_text_add(out, "@@ by ");
    if (p.key == SIZE_MAX)
        assay_buf_text_add(out, "place, no column has a key");
    else
        add_column(&p, p.key, out);
    assay_buf_format(out, ": %zu rows in both, %zu of them differ, %zu removed, %zu added @@\n",
                     both, changed, gone, new);
    add_columns_alone(&p, out);
    for (size_t i = 0; i < p.width; i++)
        add_mean(&p, i, out);
    add_rows(&p, changed + gone + new, out);
    assay_map_free(&p.rows);
    return true;
}

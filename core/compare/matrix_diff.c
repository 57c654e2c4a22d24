/*
 * Confusion matrices subtracted: what more, or less, is taken for what. Called by file_diff.c.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

#include "compare/parts_of_file.h"

#define WIDE_MAX 16 /* larger ones are told by what changed most */
#define LARGEST  12

static void set_label(struct file_matrix *m, size_t i, struct file_cell cell)
{
    snprintf(m->labels[i], sizeof m->labels[i], "%.*s",
             (int)(cell.length < 39 ? cell.length : 39), cell.text);
}

static bool same_text(struct file_cell a, struct file_cell b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

bool file_matrix_of_table(struct file_matrix *m, const struct file_table *t, bool named)
{
    size_t n = t->row_count, first = 0;
    double number;
    if (n >= 3 && file_table_width(t, 0) == n &&
        !file_cell_number(file_table_at(t, 1, 0), &number)) { /* names above and beside */
        first = 1;
        n--;
    }
    if (n < 2 || n > MATRIX_MAX || (!first && !named))
        return false;
    m->n = n;
    for (size_t i = 0; i < n; i++) {
        struct file_cell name = file_table_at(t, i + first, 0);
        if (file_table_width(t, i + first) != n + first ||
            (first && !same_text(name, file_table_at(t, 0, i + 1))))
            return false;
        if (first)
            set_label(m, i, name);
        else
            snprintf(m->labels[i], sizeof m->labels[i], "%zu", i);
        for (size_t k = 0; k < n; k++)
            if (!file_cell_number(file_table_at(t, i + first, k + first), &m->cells[i][k]) ||
                !isfinite(m->cells[i][k]))
                return false;
    }
    return true;
}

/* ---- of JSON ---- */

struct matrix_walk {
    struct file_matrix *matrix;
    size_t rows;
    bool bad;
};

/* Does PATH end with the number ROW, as the next list of a list does? */
static bool is_row(const char *path, size_t length, size_t row)
{
    char index[32];
    size_t size = (size_t)snprintf(index, sizeof index, "%zu", row);
    return row < MATRIX_MAX && length >= size &&
           memcmp(path + length - size, index, size) == 0 &&
           (length == size || path[length - size - 1] == '.');
}

/* One row, "[50, 3, 2]", or the names, ["cat", "dog"], where the path ends with "labels". */
static void take_row(void *context, const char *path, size_t path_length, const char *text,
                     size_t length)
{
    struct matrix_walk *w = context;
    struct file_matrix *m = w->matrix;
    bool labels = path_length >= 6 && memcmp(path + path_length - 6, "labels", 6) == 0;
    size_t count = 0;
    if (length < 2 || text[0] != '[' || (!labels && !is_row(path, path_length, w->rows)))
        return;
    const char *at = text + 1, *end = text + length - 1;
    while (at < end && count < MATRIX_MAX) {
        const char *stop = memchr(at, ',', (size_t)(end - at));
        stop = stop ? stop : end;
        while (at < stop && strchr(" \t\r\n\"'", *at))
            at++;
        const char *last = stop;
        while (last > at && strchr(" \t\r\n\"'", last[-1]))
            last--;
        struct file_cell cell = {at, (size_t)(last - at)};
        if (labels)
            set_label(m, count, cell);
        else if (!file_cell_number(cell, &m->cells[w->rows][count]) ||
                 !isfinite(m->cells[w->rows][count]))
            w->bad = true;
        count++;
        at = stop + (stop < end ? 1 : 0);
        if (stop == end)
            break;
    }
    if (labels)
        return;
    w->bad = w->bad || (w->rows > 0 && count != m->n);
    m->n = count;
    w->rows++;
}

bool file_matrix_of_json(struct file_matrix *m, const char *text, size_t length)
{
    struct matrix_walk w = {.matrix = m};
    for (size_t i = 0; i < MATRIX_MAX; i++)
        snprintf(m->labels[i], sizeof m->labels[i], "%zu", i);
    return compare_leaves(text, length, "", take_row, &w) && !w.bad && w.rows == m->n &&
           m->n >= 2;
}

/* ---- subtracted ---- */

static void say_number(struct assay_buf *out, double value, bool sign, int width)
{
    char text[32], with[34];
    assay_number_short(text, value, 5);
    snprintf(with, sizeof with, "%s%s", sign && value > 0 ? "+" : "", text);
    assay_buf_format(out, "%*s", width, with);
}

static void say_table(const struct file_matrix *a, const struct file_matrix *b,
                      struct assay_buf *out)
{
    assay_buf_format(out, " %-16s", "");
    for (size_t i = 0; i < a->n; i++)
        assay_buf_format(out, " %8.8s", b->labels[i]);
    assay_buf_char(out, '\n');
    for (size_t i = 0; i < a->n; i++) {
        bool changed = false;
        for (size_t k = 0; k < a->n; k++)
            changed = changed || a->cells[i][k] != b->cells[i][k];
        assay_buf_format(out, "%c%-16.16s", changed ? '~' : ' ', b->labels[i]);
        for (size_t k = 0; k < a->n; k++) {
            assay_buf_char(out, ' ');
            say_number(out, b->cells[i][k] - a->cells[i][k], true, 8);
        }
        assay_buf_char(out, '\n');
    }
}

static double sum_of(const struct file_matrix *m, bool diagonal)
{
    double sum = 0;
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k < m->n; k++)
            sum += !diagonal || i == k ? m->cells[i][k] : 0;
    return sum;
}

/* The changes by size, the greatest first; each found by one look at all. */
static void say_largest(const struct file_matrix *a, const struct file_matrix *b,
                        struct assay_buf *out)
{
    bool said[MATRIX_MAX][MATRIX_MAX] = {{false}};
    for (size_t turn = 0; turn < LARGEST; turn++) {
        size_t row = 0, column = 0;
        double most = 0;
        for (size_t i = 0; i < a->n; i++)
            for (size_t k = 0; k < a->n; k++) {
                double by = fabs(b->cells[i][k] - a->cells[i][k]);
                if (!said[i][k] && by > most) {
                    most = by;
                    row = i;
                    column = k;
                }
            }
        if (most == 0)
            return;
        said[row][column] = true;
        assay_buf_format(out, "~%s in column %s: ", b->labels[row], b->labels[column]);
        say_number(out, a->cells[row][column], false, 0);
        assay_buf_text_add(out, " -> ");
        say_number(out, b->cells[row][column], false, 0);
        assay_buf_text_add(out, " (");
        say_number(out, b->cells[row][column] - a->cells[row][column], true, 0);
        assay_buf_text_add(out, ")\n");
    }
}

static void say_diagonal(const struct file_matrix *m, struct assay_buf *out)
{
    double on = sum_of(m, true), all = sum_of(m, false);
    char text[32];
    say_number(out, on, false, 0);
    assay_buf_text_add(out, " of ");
    say_number(out, all, false, 0);
    if (all > 0)
        assay_buf_format(out, " (%s %%)", assay_number_short(text, 100 * on / all, 4));
}

bool file_matrix_diff(const struct file_matrix *a, const struct file_matrix *b,
                      struct assay_buf *out)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    assay_buf_format(out, "@@ confusion matrix, second minus first, %zu x %zu @@\n", a->n,
                     a->n);
    if (a->n <= WIDE_MAX)
        say_table(a, b, out);
    assay_buf_text_add(out, "@@ on the diagonal: ");
    say_diagonal(a, out);
    assay_buf_text_add(out, " -> ");
    say_diagonal(b, out);
    assay_buf_text_add(out, " @@\n");
    say_largest(a, b, out);
    return true;
}

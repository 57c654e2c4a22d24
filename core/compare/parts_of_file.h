/*
 * What the files that compare artifacts by their contents share: tables of cells, and how a
 * number that changed is said (file_diff.c, table_diff.c, matrix_diff.c).
 */
#ifndef CORE_COMPARE_PARTS_OF_FILE_H
#define CORE_COMPARE_PARTS_OF_FILE_H

#include "compare/comparison.h"

struct file_cell {
    const char *text;
    size_t length;
};
/* A CSV or TSV file. The cells point into its text, or into the arena where quotes were taken
   away. */
struct file_table {
    struct assay_arena arena;
    struct file_cell *cells; /* row by row */
    size_t cell_count, cell_capacity;
    size_t *rows; /* where each begins; one more than there are */
    size_t row_count, row_capacity;
};
/* False where it is too large, or no table: no line with two cells. */
bool file_table_read(struct file_table *table, const char *text, size_t length);
void file_table_free(struct file_table *table);
/* The cell, empty where the row is shorter. */
struct file_cell file_table_at(const struct file_table *table, size_t row, size_t column);
size_t file_table_width(const struct file_table *table, size_t row);

bool file_cell_number(struct file_cell cell, double *number);
/* Equal texts, or texts of the same number. */
bool file_cell_same(struct file_cell a, struct file_cell b);
/* About ROOM bytes of a text that differs from another in all but PREFIX bytes at its front and
   SUFFIX at its back: from a little before the difference, "..." where something is left out.
 */
void file_part(struct assay_buf *out, struct file_cell text, size_t prefix, size_t suffix,
               size_t room);
/* "0.1 -> 0.001 (-99 %)"; long texts from where they differ. */
void file_change(struct assay_buf *out, struct file_cell a, struct file_cell b);

/* Both by key; false, nothing written, where they have no column in common. */
bool file_table_diff(const struct file_table *a, const struct file_table *b,
                     struct assay_buf *out);

#define MATRIX_MAX 64
struct file_matrix {
    size_t n;
    double cells[MATRIX_MAX][MATRIX_MAX];
    char labels[MATRIX_MAX][40];
};
/* A square of numbers, with or without the names of its rows and columns, as a table or JSON
   holds it. A table without names counts only where NAMED, since any table may be square. */
bool file_matrix_of_table(struct file_matrix *matrix, const struct file_table *table,
                          bool named);
bool file_matrix_of_json(struct file_matrix *matrix, const char *text, size_t length);
/* False, nothing written, where they are not of one size. */
bool file_matrix_diff(const struct file_matrix *a, const struct file_matrix *b,
                      struct assay_buf *out);

#endif

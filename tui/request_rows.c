/*
 * Rows of the comparison of two runs for the request screen (request_rows.h), called by
 * request_sides.c.
 */
#include "request_rows.h"

#include <stdlib.h>

#include <assay/compare.h>
#include <assay/memory.h>

void request_rows_free(struct request_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->items[i].label);
        free(rows->items[i].now);
        free(rows->items[i].was);
    }
    free(rows->items);
    *rows = (struct request_rows){0};
}

static char *text_of(const struct assay_comparison *comparison, size_t row, size_t column)
{
    struct assay_compare_cell cell = assay_comparison_cell(comparison, row, column);
    return cell.present ? assay_strndup(cell.text, cell.length) : assay_strdup("not set");
}

void request_rows_make(struct request_rows *rows, struct assay_catalog *catalog,
                       uint32_t candidate, uint32_t champion)
{
    struct assay_comparison *c = assay_comparison_new();
    request_rows_free(rows);
    assay_comparison_add_run(c, catalog, candidate);
    assay_comparison_add_run(c, catalog, champion);
    assay_comparison_finish(c);
    rows->items = assay_alloc_array(assay_comparison_rows(c) + 1, sizeof *rows->items);
    for (size_t i = 0; i < assay_comparison_rows(c); i++) {
        const struct assay_row *row = assay_comparison_row(c, i);
        if (row->section != ASSAY_SECTION_PARAMS && row->section != ASSAY_SECTION_DATA &&
            row->section != ASSAY_SECTION_CODE && row->section != ASSAY_SECTION_ENVIRONMENT)
            continue;
        if (!row->differs) {
            rows->equal++;
            continue;
        }
        rows->items[rows->count++] =
            (struct request_row){.section = assay_section_name(row->section),
                                 .label = assay_strdup(row->label),
                                 .now = text_of(c, i, 0),
                                 .was = text_of(c, i, 1)};
    }
    rows->made = true;
    assay_comparison_free(&c);
}

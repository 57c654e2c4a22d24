/*
 * What differs between the runs of candidate and champion beside their metrics: params, data,
 * code, environment. Knows the comparison and nothing of approvals.
 */
#ifndef TUI_REQUEST_ROWS_H
#define TUI_REQUEST_ROWS_H

#include <assay/catalog.h>

struct request_row {
    const char *section; /* a constant */
    char *label, *now, *was;
};
struct request_rows {
    bool made;
    struct request_row *items;
    size_t count, equal;
};
/* Makes them anew; texts are as they came. */
void request_rows_make(struct request_rows *rows, struct assay_catalog *catalog,
                       uint32_t candidate, uint32_t champion);
void request_rows_free(struct request_rows *rows);

#endif

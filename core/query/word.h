/*
 * A bare word of a filter: in the name, the id, the user or the experiment of a run, ignoring
 * the case of ASCII letters. Internal to core/query; session's thread.
 */
#ifndef QUERY_WORD_H
#define QUERY_WORD_H

#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>

/* marks[i]: whether TEXT is in the run rows[i], for all COUNT of them. */
void word_eval(struct assay_catalog *catalog, const char *text, const uint32_t *rows,
               size_t count, uint8_t *marks);

#endif

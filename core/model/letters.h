/*
 * Which letters a run has, one bit for each: what tells a filter that a word is not in a run
 * without looking at its texts. Session's thread.
 */
#ifndef CORE_MODEL_LETTERS_H
#define CORE_MODEL_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include <assay/catalog.h>

/* The letters of TEXT, whatever their case. Latin letters and digits have a bit of their own;
   other bytes share the rest. */
uint64_t letters_of(const char *text);
/* Whether BYTE has a bit of its own: then who has the bit has the letter. */
bool letters_own(char byte);

/* The letters of name, id and user together, by index of run: right for the COUNT runs of ROWS
   until the catalog changes. Looked at once and kept; the catalog's to free. */
const uint64_t *catalog_letters(struct assay_catalog *catalog, const uint32_t *rows,
                                size_t count);

#endif

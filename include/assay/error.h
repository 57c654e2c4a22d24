/*
 * Errors: a function that can fail returns an enum assay_status and fills the caller's struct
 * assay_error. The first error wins: a later one never overwrites it, so the message names the
 * cause and not its last echo. A NULL error pointer is allowed everywhere.
 */
#ifndef ASSAY_ERROR_H
#define ASSAY_ERROR_H

#include <stddef.h>

enum assay_status {
    ASSAY_OK = 0,
    ASSAY_NO,        /* the answer is no: nothing matched, a check did not hold */
    ASSAY_BAD_INPUT, /* what the user gave (an argument, a filter, a file's content) is wrong */
    ASSAY_IO,        /* something could not be read, written or reached */
    ASSAY_CORRUPT,   /* it was read and is damaged */
    ASSAY_CANCELLED, /* the user stopped it */
};

struct assay_error {
    enum assay_status status;
    size_t column;  /* 1-based byte column in the text at fault (filters); 0 where none */
    char what[512]; /* "WHAT: WHY", clean of control characters, no final full stop */
    char hint[256]; /* what to do about it; may be empty */
};

/* Sets *err (unless one is set already) and returns STATUS, for `return assay_fail(...)`. The
   formatted text is cleaned as assay_text_clean() does, so names from outside are safe in it.
 */
enum assay_status assay_fail(struct assay_error *err, enum assay_status status,
                             const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds the advice to *err where it has none yet. */
void assay_hint(struct assay_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes *err empty again. */
void assay_error_clear(struct assay_error *err);

/* The exit status of the command line for a status: 0, 1, 2, 3 or 130. */
int assay_exit_status(enum assay_status status);

#endif

/*
 * Shared libraries that are opened only when something needs them: a list of names to try and
 * of the functions wanted. Such a library is never closed again: what it started (threads,
 * handlers at the program's end) cannot be undone.
 */
#ifndef CORE_BASE_LIBRARY_H
#define CORE_BASE_LIBRARY_H

#include <stddef.h>

#include <assay/error.h>

struct library_function {
    const char *name; /* as the library exports it */
    size_t offset;    /* of the pointer to it in the caller's table */
};

struct library {
    const char *title;        /* "libcurl" */
    const char *purpose;      /* what cannot be done without it: "servers cannot be read" */
    const char *advice;       /* how to get it: "install it (Debian: apt install libcurl4)" */
    const char *const *files; /* names for dlopen, the best first; ends with NULL */
    const struct library_function *functions;
    size_t count;
};

/* Fills TABLE, a struct of function pointers at the offsets named. ASSAY_IO where no file of
   that name is there or it has not all the functions; the table is then not to be used. Any
   thread. */
enum assay_status library_open(const struct library *library, void *table,
                               struct assay_error *err);

#endif

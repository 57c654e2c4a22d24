/*
 * The workbench on a test terminal, over the store of runs_fixture.h.
 */
#ifndef TESTS_WORKBENCH_H
#define TESTS_WORKBENCH_H

#include "support/screen.h"

/* Where the store lies that workbench_open() shows. */
const char *workbench_store(void);
/* Makes the store and opens the workbench on it; returns when all of it is read. EXTRA is one
   more NAME=VALUE, or NULL. */
struct screen *workbench_open(int columns, int rows, enum screen_kind kind, const char *extra);
/* The same on a store with nothing in it. */
struct screen *workbench_open_empty(int columns, int rows);
/* The workbench on SOURCE, a place, an address or "local", with the local store at STORE (NULL:
   there is none) and a cache of its own, called NAME. Nothing is waited for. */
struct screen *workbench_open_on(const char *source, const char *store, const char *name,
                                 int columns, int rows, enum screen_kind kind);
/* The row of the screen TEXT is in; fails the test where it is in none. */
int workbench_row(struct screen *screen, const char *text);

#endif

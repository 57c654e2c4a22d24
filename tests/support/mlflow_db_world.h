/*
 * A database as MLflow keeps it, its writer and its reader, for tests of the reader.
 */
#ifndef TESTS_SUPPORT_MLFLOW_DB_WORLD_H
#define TESTS_SUPPORT_MLFLOW_DB_WORLD_H

#include "store/sql.h"
#include "support/ingest_collect.h"

struct db_world {
    char folder[256], path[300];
    struct sql *writer;
    struct ingest_collect collect;
    void *self;
};

/* A test's setup: a database with nothing in it; or with what every schema has, no more (one
   older than any that MLflow's own files show), with the runs aaaa and bbbb. */
int db_world_empty(void **state);
int db_world_old(void **state);
int db_world_end(void **state); /* its teardown */
void db_world_write(struct db_world *world, const char *text);
void db_world_load(struct db_world *world, const char *path); /* the same from a file */
/* Sets the file's time back, so that it does not count as written just now. */
void db_world_settle(struct db_world *world);
/* What the reader says of it now, into world->collect; the reader is opened where it is not. */
void db_world_scan(struct db_world *world);
/* The next scan is another program's. */
void db_world_restart(struct db_world *world);
/* In place of what is there: run0001 to run0400, each with a param lr (value0001 and so on) and a
   point of loss; run0007 has long, 400 points, with rows whose keys are mark-middle and
   mark-last among and behind them. The writer is done. */
void db_world_fill(struct db_world *world);
/* Blanks the pages that hold rows of a table with TEXT among them; how many. */
unsigned db_world_blank(struct db_world *world, const char *text);
/* The run ID as it was reported; fails where it was not. */
const struct collected_run *db_world_run(struct db_world *world, const char *id);

#endif

/*
 * The workbench over a world of approvals (world.h), with one person sitting at it.
 */
#ifndef TESTS_SUPPORT_WORLD_SCREEN_H
#define TESTS_SUPPORT_WORLD_SCREEN_H

#include <stdbool.h>

#include "support/screen.h"
#include "support/world.h"

/* The agent keeps the key of PERSON alone, who then sits here. */
void world_only(struct world *world, const char *person);
/* The workbench on the store STORE; without AGENT nobody can sign. */
struct screen *world_workbench(struct world *world, const char *store, bool agent, int columns,
                               int rows);
/* The same with the queue open. */
struct screen *world_queue(struct world *world, int columns, int rows);
/* The clock of keys stands still; this moves it on by more than the time in which no key counts
   after a box was opened, or by MS. Nobody waits. */
void world_quiet(struct world *world);
void world_keys_pass(struct world *world, int ms);
/* rex asks for version 2 at TARGET, with the file report.txt of the world as evidence where it
   is there; OF: a new revision of that request, or NULL. */
void world_request(struct world *world, const char *target, const char *words, const char *of,
                   char out[17]);
void world_write(struct world *world, const char *name, const char *text);

#endif

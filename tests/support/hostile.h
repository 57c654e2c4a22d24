/*
 * Records of every kind with something hostile in each field that takes words, signed by a
 * member of the ledger past everything the program refuses to write.
 */
#ifndef TESTS_SUPPORT_HOSTILE_H
#define TESTS_SUPPORT_HOSTILE_H

#include "support/world.h"

/* Clears the screen, sets the title and the clipboard, draws, begins a row of its own, turns
   the direction, hides, deletes, opens a tag; "#NAME" says whose it is. */
#define PAINT                                                                                  \
    "\x1b[2J\x1b]0;owned\x07\x1b]52;c;eA==\x1b\\\x1bPq#0!9~\x1b\\\xc2\x9b"                     \
    "31m\xe2\x80\xaetxet\xe2\x80\x8b\x08\x7f\r\nFORGED<script>x</script>"
#define HOSTILE(name) "#" name PAINT

/* Adds them to the world: a person and a policy, an application that failed, a request REQUEST
   of the model "fraud" with a decision, and one OTHER of a model of a hostile name. */
void hostile_records(struct world *world, char request[17], char other[17]);
/* Begins a ledger with a hostile title in the store STORE, and exports it to BUNDLE. */
void hostile_first(struct world *world, const char *store, const char *bundle);

#endif

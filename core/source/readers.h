/*
 * Finding out what a path holds: every reader is asked. Called by the session when a source is
 * added, and by `assay doctor`.
 */
#ifndef CORE_SOURCE_READERS_H
#define CORE_SOURCE_READERS_H

#include "source/source.h"

struct source_place {
    const struct source_ops *ops;
    char *path; /* what open() is to be given; owned */
};
struct source_found {
    struct source_place *places;
    size_t count, capacity;
};
/* Asks every reader about PATH, and those whose sources do not spread about the directories
   some levels below it; adds what they found to *found (start with {0}). PATH should be
   absolute and resolved: places are told apart by their text. Not for a thread that must not
   wait. */
void source_detect(const char *path, struct source_found *found);
void source_found_free(struct source_found *found);
const struct source_ops *source_reader(const char *kind); /* NULL where there is none */

#endif

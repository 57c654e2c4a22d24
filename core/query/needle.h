/*
 * A text to be found in many others ignoring the case of ASCII letters. Pure. Internal to
 * core/query.
 */
#ifndef QUERY_NEEDLE_H
#define QUERY_NEEDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Eight places at a time are looked at for a pair of its bytes, with bit 5 set in both sides,
   which folds letters (and a few other characters, so that what is found is compared exactly).
   Ids make single bytes a bad sign: every one has an "a". */
struct needle {
    const char *text;
    size_t length,
        pivot; /* where the pair begins: at its rarest byte, if that is not the last */
    uint64_t first, second; /* the pair's bytes, eight times over */
};

/* TEXT is the caller's, and must outlive it. */
struct needle needle_of(const char *text);
/* Whether it stands anywhere in TEXT; an empty one does in all. */
bool needle_in(const struct needle *needle, const char *text);
/* The first place from FROM on at which it stands in TEXT of LENGTH bytes; LENGTH where there
   is none. Reads up to NEEDLE_BEYOND bytes after the text, whatever they are. Not of an empty
   one. */
#define NEEDLE_BEYOND 17
size_t needle_next(const struct needle *needle, const char *text, size_t length, size_t from);

#endif

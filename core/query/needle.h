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
    bool is_pair;           /* two Latin letters: where the pair is, it is */
};

/* TEXT is the caller's, and must outlive it. */
struct needle needle_of(const char *text);
/* Whether it stands anywhere in TEXT; an empty one does in all. */
bool needle_in(const struct needle *needle, const char *text);
/* Sets FOUND of each of COUNT texts in which it stands. They lie one after another in TEXTS,
   each up to its end in ENDS, where the NUL after it is its own. Reads up to NEEDLE_BEYOND
   bytes after the last, whatever they are. Not of an empty one. */
#define NEEDLE_BEYOND 65
void needle_mark(const struct needle *needle, const char *texts, const uint32_t *ends,
                 size_t count, uint8_t *found);

#endif

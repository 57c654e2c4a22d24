/*
 * A hash map from byte strings to 32-bit numbers (usually an index into somebody's array). Keys
 * are copied. Hashing is seeded per process, so hostile keys cannot make it slow on purpose.
 */
#ifndef ASSAY_MAP_H
#define ASSAY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/memory.h>

struct assay_map {
    struct assay_map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    struct assay_arena keys;
};

#define ASSAY_MAP_NONE UINT32_MAX

uint32_t assay_map_get(const struct assay_map *map, const char *key, size_t length);
/* Sets or replaces. Returns the key's stable copy (NUL-terminated), which lives with the map.
 */
const char *assay_map_set(struct assay_map *map, const char *key, size_t length,
                          uint32_t value);
/* Makes room for COUNT keys at once. */
void assay_map_reserve(struct assay_map *map, size_t count);
void assay_map_free(struct assay_map *map); /* empty and reusable afterwards */

#endif

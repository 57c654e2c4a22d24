/*
 * Memory. Small allocations abort on exhaustion (there is nothing sensible left to do); sizes
 * that come from a file, a server or a terminal are bounded by the caller before they come
 * here. An arena holds everything of one loaded result and is freed whole.
 */
#ifndef ASSAY_MEMORY_H
#define ASSAY_MEMORY_H

#include <stddef.h>

void *assay_alloc(size_t bytes);                    /* zeroed; never NULL; free with free() */
void *assay_alloc_array(size_t count, size_t size); /* zeroed; checks the product */
void *assay_realloc_array(void *old, size_t count, size_t size); /* new part not zeroed */
char *assay_strdup(const char *text);                            /* NULL gives NULL */
char *assay_strndup(const char *text, size_t length);

/* Grows *items (of SIZE bytes each) so that it holds at least NEED; doubles. Use ASSAY_GROW. */
void *assay_grow(void *items, size_t *capacity, size_t need, size_t size);
#define ASSAY_GROW(items, capacity, need)                                                      \
    ((items) = assay_grow((items), &(capacity), (need), sizeof *(items)))

#define ASSAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An arena: bump allocation, one free. Not thread-safe; one owner at a time. */
struct assay_arena {
    struct assay_arena_block *blocks; /* newest first */
    size_t total;                     /* bytes handed out */
};
void *assay_arena_alloc(struct assay_arena *arena, size_t bytes); /* zeroed, 16-byte aligned */
void *assay_arena_take(struct assay_arena *arena, size_t bytes);  /* the same, not zeroed */
/* Makes room for BYTES at once. */
void assay_arena_reserve(struct assay_arena *arena, size_t bytes);
char *assay_arena_strndup(struct assay_arena *arena, const char *text, size_t length);
char *assay_arena_strdup(struct assay_arena *arena, const char *text); /* NULL gives NULL */
/* An array in the arena that grows by one: ASSAY_PUSH gives its new last item, not set. ITEMS
   starts as NULL, COUNT as 0; what it outgrows stays in the arena. */
void *assay_arena_push(struct assay_arena *arena, void *items, size_t count, size_t size);
#define ASSAY_PUSH(arena, items, count)                                                        \
    ((items) = assay_arena_push((arena), (items), (count), sizeof *(items)),                   \
     &(items)[(count)++])
void assay_arena_free(struct assay_arena *arena); /* frees all; the arena is empty, reusable */

#endif

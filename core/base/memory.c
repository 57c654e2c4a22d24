/*
 * Memory: allocation that never returns NULL, growing arrays, and arenas. Everybody calls this.
 */
#include <assay/memory.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is asked for here has been bounded by the caller: a size that does not fit is a fault of
   the program, and no memory leaves nothing to do. */
static void *require(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void *assay_alloc(size_t bytes)
{
    return require(calloc(1, bytes ? bytes : 1));
}

void *assay_alloc_array(size_t count, size_t size)
{
    return require(calloc(count ? count : 1, size ? size : 1));
}

void *assay_realloc_array(void *old, size_t count, size_t size)
{
    return require(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *assay_strndup(const char *text, size_t length)
{
    if (length == SIZE_MAX)
        abort();
    char *copy = require(malloc(length + 1));
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *assay_strdup(const char *text)
{
    return text ? assay_strndup(text, strlen(text)) : NULL;
}

void *assay_grow(void *items, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return items;
    size_t next = *capacity ? *capacity : 8;
    while (next < need) {
        if (next > SIZE_MAX / 2)
            abort();
        next *= 2;
    }
    items = assay_realloc_array(items, next, size);
    *capacity = next;
    return items;
}

/* ---- arenas ---- */

#define ARENA_ALIGN 16u
#define ARENA_FIRST 4096u
#define ARENA_MOST  (1024u * 1024u)

struct assay_arena_block {
    struct assay_arena_block *next;
    size_t used, size; /* of data */
    _Alignas(16) unsigned char data[];
};

static struct assay_arena_block *arena_block(struct assay_arena *arena, size_t bytes)
{
    struct assay_arena_block *newest = arena->blocks;
    size_t size = newest ? newest->size * 2 : ARENA_FIRST;
    if (size > ARENA_MOST)
        size = ARENA_MOST;
    if (size < bytes)
        size = bytes;
    struct assay_arena_block *block = require(malloc(sizeof *block + size));
    block->used = 0;
    block->size = size;
    /* A block made for one large thing is full: it goes behind the one that still has room. */
    if (newest && size == bytes && newest->size - newest->used > ARENA_FIRST / 4) {
        block->next = newest->next;
        newest->next = block;
    } else {
        block->next = newest;
        arena->blocks = block;
    }
    return block;
}

void assay_arena_reserve(struct assay_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 4)
        abort();
    struct assay_arena_block *block = require(malloc(sizeof *block + bytes));
    block->used = 0;
    block->size = bytes;
    block->next = arena->blocks;
    arena->blocks = block;
}

void *assay_arena_take(struct assay_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        abort();
    bytes = bytes ? (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;
    struct assay_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < bytes)
        block = arena_block(arena, bytes);
    void *memory = block->data + block->used;
    block->used += bytes;
    arena->total += bytes;
    return memory;
}

void *assay_arena_alloc(struct assay_arena *arena, size_t bytes)
{
    return memset(assay_arena_take(arena, bytes), 0, bytes);
}

char *assay_arena_strndup(struct assay_arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        abort();
    char *copy = assay_arena_take(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *assay_arena_strdup(struct assay_arena *arena, const char *text)
{
    return text ? assay_arena_strndup(arena, text, strlen(text)) : NULL;
}

void *assay_arena_push(struct assay_arena *arena, void *items, size_t count, size_t size)
{
    if (items && (count < 8 || (count & (count - 1)) != 0))
        return items;
    void *grown = assay_arena_alloc(arena, (count < 8 ? 8 : 2 * count) * size);
    if (count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

void assay_arena_free(struct assay_arena *arena)
{
    struct assay_arena_block *block = arena->blocks;
    while (block) {
        struct assay_arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct assay_arena){0};
}

/*
 * What the session and the cache know of each other. Several processes may keep one cache of
 * one source and follow the same growing file: each reads what is new from where it stands, and
 * the first to store it wins. Every report of a run carries the mark of the state it builds on;
 * the writer compares it with the state in the cache, in the transaction that would change it
 * (writer.c), and drops what builds on another one. The session then forgets what it has of the
 * run's points and takes over the state that is there. Called by the other files of the
 * session.
 */
#include <stdlib.h>
#include <string.h>

#include "session/session_private.h"

/* ---- marks ---- */

uint64_t cache_mark(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t mark = UINT64_C(0x9e3779b97f4a7c15) ^ length;

    if (!bytes)
        return CACHE_MARK_NONE;
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t word;

        memcpy(&word, at, sizeof word);
        mark = (mark ^ word) * UINT64_C(0xff51afd7ed558ccd);
        mark ^= mark >> 32;
    }
    for (; length; at++, length--)
        mark = (mark ^ *at) * UINT64_C(0x100000001b3);
    mark ^= mark >> 29;
    return mark > CACHE_MARK_ANY ? mark : mark + 2;
}

uint64_t cache_mark_of(const struct session_source *source, const char *key)
{
    uint32_t at = assay_map_get(&source->marks_index, key, strlen(key));

    return at == ASSAY_MAP_NONE ? CACHE_MARK_ANY : source->marks[at];
}

void cache_set_mark(struct session_source *source, const char *key, uint64_t mark)
{
    uint32_t at = assay_map_get(&source->marks_index, key, strlen(key));

    if (at == ASSAY_MAP_NONE) {
        ASSAY_GROW(source->marks, source->mark_capacity, source->mark_count + 1);
        at = (uint32_t)source->mark_count++;
        assay_map_set(&source->marks_index, key, strlen(key), at);
    }
    source->marks[at] = mark;
}

/* ---- another process was first ---- */

void cache_moved(struct assay_session *session, struct session_source *source, const char *id)
{
    uint32_t run = catalog_find_run_id(session->catalog, source->index, id);

    source->resync = true;
    source->again = true;
    assay_map_set(&source->moved, id, strlen(id), 1);
    if (run != ASSAY_NONE)
        points_restart(session, run);
}

void cache_settle(struct session_source *source)
{
    if (!source->moved.count && !source->scanning && !source->unwritten)
        source->resync = false;
}

/*
 * What the session and the cache know of each other. Several processes may keep one cache of
 * one source and follow the same growing file: each reads what is new from where it stands, and
 * the first to store it wins. Every report of a run carries the mark of the state it builds on;
 * the writer compares it with the state in the cache, in the transaction that would change it
 * (writer.c), and drops what builds on another one. The session then forgets what it has of the
 * run's points and takes over the state that is there. What another process was the first to
 * read the reader does not report, and the session shows it from the cache. Called by the other
 * files of the session.
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

/* ---- what other processes stored ---- */

/* With so many behind the last moment that was whole, processes disturb each other's ends all
   the time, and each reads everything itself. */
#define OWN_CHANGES_MOST 64

void cache_own_change(struct session_source *source, int64_t change)
{
    if (source->own_count && source->own_changes[source->own_count - 1] >= change)
        return; /* another batch of the same transaction */
    ASSAY_GROW(source->own_changes, source->own_capacity, source->own_count + 1);
    source->own_changes[source->own_count++] = change;
}

struct taking {
    const struct assay_session *session;
    const struct session_source *source;
    bool whole; /* all of the cache's runs are as they were where the last scan ended */
};

/* Where nothing says that the cache's runs are of one moment, what this session read itself is
   not given up for what may be older. */
static bool is_wanted(const void *context, const char *id)
{
    const struct taking *taking = context;
    const struct assay_session *session = taking->session;
    uint32_t run = catalog_find_run_id(session->catalog, taking->source->index, id);

    return run == ASSAY_NONE || taking->whole || run >= session->reported_capacity ||
           !session->reported[run];
}

/* Whether the end in the cache is the one this session's last scan left there. */
static bool ends_here(struct store *cache, const struct session_source *source)
{
    void *bytes = NULL;
    size_t length = 0;
    bool here;

    if (!source->end_key || store_read_state(cache, source->row, source->end_key, &bytes,
                                             &length, NULL) != ASSAY_OK)
        return false;
    here = bytes && cache_mark(bytes, length) == cache_mark_of(source, source->end_key);
    free(bytes);
    return here;
}

void cache_take_over(struct assay_session *session, struct session_source *source)
{
    bool settled = !source->scanning && !source->unwritten;
    struct taking taking = {.session = session, .source = source};
    int64_t after = source->shown_change, last;
    struct store *cache;

    /* Streamed sources ask for each run's state (scan_state_get()). */
    if (!source->ops || source->server || !source->ops->read_series || !source->row ||
        !session->writer || !(cache = session_cache(session)))
        return;
    last = store_change(cache);
    taking.whole = settled && ends_here(cache, source);
    for (size_t i = 0; i <= source->own_count && after < last; i++) {
        int64_t own = i < source->own_count ? source->own_changes[i] : last + 1;
        int64_t upto = own <= last ? own - 1 : last;

        if (upto > after)
            stored_reload_changed(session, source, after, upto, is_wanted, &taking);
        after = own;
    }
    if (settled &&
        (taking.whole || !source->end_key || source->own_count >= OWN_CHANGES_MOST)) {
        source->shown_change = last;
        source->own_count = 0;
    }
}

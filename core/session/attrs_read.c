/*
 * Attributes of many runs, read by several threads: half a thousand runs of two thousand keys
 * are 76 MB, most of the time it takes to compare them. Each thread has a connection of its
 * own; what is made of the bytes is the caller's.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <assay/chart.h>

#include "session/session_private.h"

struct attrs_job {
    uint32_t source;
    int64_t row; /* 0: not to be read */
};
struct attrs_reading {
    struct assay_session *session;
    struct attrs_job *jobs;
    size_t count;
    atomic_size_t next; /* the first nobody has taken */
    void (*use)(void *context, size_t at, const void *bytes, size_t length);
    void *context;
};

/* The connection of thread SLOT to the database of SOURCE; NULL where there is none. */
static struct store *reader_of(struct assay_session *session, size_t slot, uint32_t source)
{
    struct attrs_reader *reader = &session->readers[slot];
    enum store_role role;
    const char *path = stored_path(session, session->sources[source], &role);
    size_t at = role == STORE_LOCAL ? 0 : 1;

    if (!reader->tried[at] && path) {
        reader->tried[at] = true;
        store_open(&reader->stores[at], path, role, true, NULL);
    }
    return reader->stores[at];
}

struct attrs_use {
    struct attrs_reading *reading;
    size_t at;
};

static void use_attrs(void *with, const void *bytes, size_t length)
{
    const struct attrs_use *use = with;

    use->reading->use(use->reading->context, use->at, bytes, length);
}

/* The thread that holds SLOT takes one run after the other until none is left. */
static void read_some(void *context, size_t slot)
{
    struct attrs_reading *reading = context;
    bool there;

    for (;;) {
        size_t at = atomic_fetch_add(&reading->next, 1);
        if (at >= reading->count)
            return;
        const struct attrs_job *job = &reading->jobs[at];
        struct store *store = job->row ? reader_of(reading->session, slot, job->source) : NULL;
        if (store)
            store_look_at_attrs(store, job->row, use_attrs, &(struct attrs_use){reading, at},
                                &there, NULL);
    }
}

void assay_session_read_attrs(struct assay_session *session, const struct assay_hands *hands,
                              const uint32_t *runs, size_t count,
                              void (*use)(void *context, size_t at, const void *bytes,
                                          size_t length),
                              void *context)
{
    struct attrs_reading reading = {.session = session,
                                    .jobs = assay_alloc_array(count, sizeof *reading.jobs),
                                    .count = count,
                                    .use = use,
                                    .context = context};

    for (size_t i = 0; i < count; i++) {
        bool here = catalog_attrs_in_memory(session->catalog, runs[i]) ||
                    catalog_attrs_kept(session->catalog, runs[i]);

        reading.jobs[i].source = assay_catalog_run(session->catalog, runs[i])->source;
        reading.jobs[i].row = here ? 0 : catalog_run_row(session->catalog, runs[i]);
    }
    atomic_init(&reading.next, 0);
    if (hands)
        hands->spread(hands->self, ASSAY_COUNT(session->readers), read_some, &reading);
    else
        pool_parallel(session->pool, ASSAY_COUNT(session->readers), read_some, &reading);
    free(reading.jobs);
}

void assay_session_read_attrs_end(struct assay_session *session)
{
    for (size_t i = 0; i < ASSAY_COUNT(session->readers); i++) {
        store_close(&session->readers[i].stores[0]);
        store_close(&session->readers[i].stores[1]);
        session->readers[i] = (struct attrs_reader){0};
    }
}

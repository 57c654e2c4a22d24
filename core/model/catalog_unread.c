/*
 * Runs of a large store that are read later. They count from the beginning, as their
 * experiments' tallies say, and lie where they would if they had been read first; the first
 * look at one of them reads all. What is counted is counted anew then, from the runs
 * themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "model/catalog_private.h"

#define ROOM 1024 /* for runs behind those that are expected */

void unread_free(struct unread **unread)
{
    if (*unread == NULL) {
        return;
    }
    free((*unread)->tallies);
    free(*unread);
    *unread = NULL;
}

/* Room for runs that nobody has written to yet: memory that is not met costs nothing. */
static void make_room(struct assay_catalog *catalog, size_t count)
{
    catalog->run_capacity = count + count / 4 + ROOM;
    catalog->runs = assay_alloc_array(catalog->run_capacity, sizeof *catalog->runs);
    catalog->privates = assay_alloc_array(catalog->run_capacity, sizeof *catalog->privates);
    catalog->run_count = count;
    catalog->unread_runs = (uint32_t)count;
}

void catalog_expect(struct assay_catalog *catalog, uint32_t source, size_t count,
                    const struct catalog_tally *tallies, size_t tally_count)
{
    struct unread *unread = assay_alloc(sizeof *unread);

    *unread = (struct unread){.catalog = catalog,
                              .source = source,
                              .count = count,
                              .version = catalog->version,
                              .tally_count = tally_count};
    unread->tallies = assay_alloc_array(tally_count + 1, sizeof *unread->tallies);
    for (size_t i = 0; i < tally_count; i++) {
        const struct catalog_tally *tally = &tallies[i];
        struct assay_experiment *experiment = &catalog->experiments[tally->experiment];

        unread->tallies[i] = *tally;
        experiment->runs += tally->runs;
        experiment->deleted_runs += tally->deleted;
        experiment->running += tally->running;
        if (tally->last_ms != ASSAY_NO_TIME && tally->last_ms > experiment->last_ms) {
            experiment->last_ms = tally->last_ms;
        }
    }
    make_room(catalog, count);
    catalog->unread = unread;
    catalog->version += count;
}

static void take_back(struct assay_catalog *catalog, const struct unread *unread)
{
    for (size_t i = 0; i < unread->tally_count; i++) {
        const struct catalog_tally *tally = &unread->tallies[i];
        struct assay_experiment *experiment = &catalog->experiments[tally->experiment];

        experiment->runs -= tally->runs;
        experiment->deleted_runs -= tally->deleted;
        experiment->running -= tally->running;
    }
}

/* Runs that were counted and are not to be had: a database that damaged itself while it was
   read. Their places stay. */
static void leave_out(struct assay_catalog *catalog, const struct unread *unread)
{
    for (size_t i = unread->put; i < unread->count; i++) {
        catalog->runs[i] = (struct assay_run){.id = "",
                                              .name = "",
                                              .user = "",
                                              .artifact_uri = "",
                                              .source = unread->source,
                                              .experiment = unread->tallies[0].experiment,
                                              .gone = true,
                                              .start_ms = ASSAY_NO_TIME,
                                              .end_ms = ASSAY_NO_TIME,
                                              .version = unread->version + i + 1};
    }
}

void unread_read(struct unread *unread)
{
    struct assay_catalog *catalog = unread->catalog;

    catalog->unread_runs = 0; /* what is put may be looked at */
    take_back(catalog, unread);
    unread->putting = true;
    if (catalog->hooks.put_expected) {
        catalog->hooks.put_expected(catalog->hooks.context);
    }
    unread->putting = false;
    leave_out(catalog, unread);
    unread_free(&catalog->unread);
}

void assay_catalog_read_all(struct assay_catalog *catalog)
{
    need_all(catalog);
}

static bool in_scope(const struct assay_catalog *catalog, const struct catalog_tally *tally,
                     uint32_t source, uint32_t experiment)
{
    if (experiment != ASSAY_NONE) {
        return tally->experiment == experiment;
    }
    return (source == ASSAY_NONE || source == catalog->unread->source) &&
           !catalog->experiments[tally->experiment].deleted;
}

bool assay_catalog_unread(const struct assay_catalog *catalog, uint32_t source,
                          uint32_t experiment, struct assay_unread *out)
{
    *out = (struct assay_unread){.first = catalog->unread_runs, .newest_ms = ASSAY_NO_TIME};
    for (size_t i = 0; catalog->unread_runs > 0 && i < catalog->unread->tally_count; i++) {
        const struct catalog_tally *tally = &catalog->unread->tallies[i];

        if (!in_scope(catalog, tally, source, experiment)) {
            continue;
        }
        out->runs += tally->runs;
        if (tally->newest_ms != ASSAY_NO_TIME &&
            (out->newest_ms == ASSAY_NO_TIME || tally->newest_ms > out->newest_ms)) {
            out->newest_ms = tally->newest_ms;
        }
    }
    return catalog->unread_runs > 0;
}

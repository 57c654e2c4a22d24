/*
 * What the older runs of a source come to: the record behind its packs (store_pack.c), by which
 * the newest runs can be shown before the others are read.
 *
 * It is written with the packs and says what they hold: `change` beside it is theirs, so that a
 * record left over by whatever accident is not believed. Runs that changed since make it worth
 * nothing where they are older ones; new runs do not.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "store/store_private.h"

#define RECORD_MARK  0x1102030405060708ull
#define RUNS_MOST    (INT64_C(1) << 31) /* of an index in the catalog */
#define TALLIES_MOST 256

struct record {
    uint64_t mark, sum;
    int64_t runs, last_row, pack;
    uint64_t tallies;
};

bool store_is_older_record(const void *bytes, size_t length)
{
    uint64_t mark = 0;

    if (length >= sizeof mark) {
        memcpy(&mark, bytes, sizeof mark);
    }
    return mark == RECORD_MARK;
}

/* ---- writing ---- */

static struct store_tally *tally_of(struct store_older *older, int64_t experiment)
{
    size_t at = older->last;

    if (at < older->count && older->tallies[at].experiment == experiment) {
        return &older->tallies[at];
    }
    for (at = 0; at < older->count; at++) {
        if (older->tallies[at].experiment == experiment) {
            older->last = at;
            return &older->tallies[at];
        }
    }
    if (older->count == TALLIES_MOST) {
        return NULL;
    }
    older->tallies =
        assay_realloc_array(older->tallies, older->count + 1, sizeof *older->tallies);
    older->tallies[at] = (struct store_tally){
        .experiment = experiment, .last_ms = ASSAY_NO_TIME, .newest_ms = ASSAY_NO_TIME};
    older->count++;
    older->last = at;
    return &older->tallies[at];
}

static void later(int64_t *time_ms, int64_t other_ms)
{
    if (other_ms != ASSAY_NO_TIME && (*time_ms == ASSAY_NO_TIME || other_ms > *time_ms)) {
        *time_ms = other_ms;
    }
}

void store_older_add(struct store_older *older, const struct store_run *run)
{
    struct store_tally *tally = tally_of(older, run->experiment);

    older->last_row = run->row;
    older->runs++;
    if (tally == NULL) {
        older->too_many = true;
    } else if (run->gone) {
        tally->gone++;
    } else if (run->deleted) {
        tally->deleted++;
    } else {
        tally->runs++;
        tally->running += run->status == ASSAY_RUN_RUNNING;
        later(&tally->newest_ms, run->start_ms);
        later(&tally->last_ms, run->start_ms);
        later(&tally->last_ms, run->end_ms);
    }
}

void store_older_pack(const struct store_older *older, struct assay_buf *out)
{
    struct record record = {.mark = RECORD_MARK};
    const size_t summed = offsetof(struct record, runs);

    if (older->pack != 0 && !older->too_many) {
        record.runs = older->runs;
        record.last_row = older->last_row;
        record.pack = older->pack;
        record.tallies = older->count;
    }
    assay_buf_reset(out);
    assay_buf_add(out, &record, sizeof record);
    assay_buf_add(out, older->tallies, record.tallies * sizeof *older->tallies);
    record.sum = store_pack_sum(out->data + summed, out->length - summed);
    memcpy(out->data, &record, summed);
}

/* ---- reading ---- */

void store_older_free(struct store_older *older)
{
    free(older->tallies);
    *older = (struct store_older){0};
}

/* What experiments come to is as much as all runs are. */
static bool adds_up(const struct store_older *older)
{
    int64_t runs = 0;

    for (size_t i = 0; i < older->count; i++) {
        const struct store_tally *tally = &older->tallies[i];
        if (tally->runs < 0 || tally->deleted < 0 || tally->gone < 0 || tally->running < 0 ||
            tally->runs > RUNS_MOST || tally->deleted > RUNS_MOST || tally->gone > RUNS_MOST ||
            tally->running > tally->runs) {
            return false;
        }
        runs += tally->runs + tally->deleted + tally->gone;
    }
    return runs == older->runs && older->runs > 0 && older->runs <= RUNS_MOST;
}

bool store_older_unpack(struct store_older *older, const char *bytes, size_t length)
{
    struct record record;
    const size_t summed = offsetof(struct record, runs);

    *older = (struct store_older){0};
    if (!store_is_older_record(bytes, length) || length < sizeof record) {
        return false;
    }
    memcpy(&record, bytes, sizeof record);
    if (record.tallies > TALLIES_MOST ||
        length != sizeof record + record.tallies * sizeof *older->tallies ||
        record.sum != store_pack_sum(bytes + summed, length - summed)) {
        return false;
    }
    if (record.runs == 0) {
        return true; /* sound, and tells nothing */
    }
    older->runs = record.runs;
    older->last_row = record.last_row;
    older->pack = record.pack;
    older->count = (size_t)record.tallies;
    older->tallies = assay_alloc_array(older->count + 1, sizeof *older->tallies);
    memcpy(older->tallies, bytes + sizeof record, older->count * sizeof *older->tallies);
    if (!adds_up(older)) {
        store_older_free(older);
        return false;
    }
    return true;
}

/* Whether an older run is another one than its pack says. */
static enum assay_status any_changed(struct store *store, int64_t source,
                                     const struct store_older *older, bool *changed,
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    int64_t count = 0;
    enum assay_status status = store_statement(store, SLOT_OLDER_CHANGED,
                                               "SELECT count(*) FROM run INDEXED BY run_change"
                                               " WHERE source=?1 AND change>?2 AND row<=?3",
                                               &statement, err);

    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        sql_bind_int(statement, 2, older->change);
        sql_bind_int(statement, 3, older->last_row);
        status = store_number(statement, &count, err);
    }
    *changed = count > 0;
    return status;
}

enum assay_status store_read_older(struct store *store, int64_t source,
                                   struct store_older *older, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = false, changed = false;
    enum assay_status status =
        store_statement(store, SLOT_OLDER_READ,
                        "SELECT change, data FROM pack INDEXED BY pack_source WHERE source=?1"
                        " ORDER BY row DESC LIMIT 1",
                        &statement, err);

    *older = (struct store_older){0};
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, source);
        status = sql_step(statement, &row, err);
    }
    if (status == ASSAY_OK && row) {
        size_t length = 0;
        int64_t change = sql_column_int(statement, 0);
        const char *bytes = sql_column_blob(statement, 1, &length);
        (void)store_older_unpack(older, bytes, length);
        older->change = change;
        sql_reset(statement);
    }
    if (status == ASSAY_OK && older->runs > 0) {
        status = any_changed(store, source, older, &changed, err);
    }
    if (status != ASSAY_OK || changed) {
        store_older_free(older);
    }
    return status;
}

/*
 * Points. A series is a row in `series`, its chunks under neighbouring keys in `chunk`, and the
 * points appended since the last of them as rows in `loose`. Called by the session's writer
 * (whole chunks of streamed sources), by local.c (single points) and by whoever draws a series.
 *
 * The order of points is chunks by number, then loose points by number; every step that packs
 * keeps it: what is packed is always the short last chunk, then all loose points, then the new.
 */
#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

/* Fewer new points than this wait as rows; more are packed at once. */
#define LOOSE_BATCH 256
/* A last chunk with at least so many points is full enough to be followed by a full one. */
#define TAIL_ENOUGH (ASSAY_CHUNK_POINTS / 2)
#define CHUNK_BITS  20
#define CHUNKS_MAX  ((int64_t)1 << CHUNK_BITS)
#define SERIES_MAX  ((int64_t)1 << (62 - CHUNK_BITS))

struct series_row {
    int64_t run;
    const char *metric;
    int64_t id; /* 0: there is none yet */
    int64_t chunks, tail, loose;
};

static int64_t chunk_key(int64_t series, int64_t number)
{
    return series * CHUNKS_MAX + number;
}

/* Rows of a damaged database must not become sizes. */
static bool sane(const struct series_row *row)
{
    return row->id > 0 && row->id < SERIES_MAX && row->chunks >= 0 &&
           row->chunks <= CHUNKS_MAX && row->tail >= 0 && row->tail <= ASSAY_CHUNK_POINTS &&
           row->loose >= 0 && row->loose <= ASSAY_CHUNK_POINTS;
}

static enum assay_status damaged(const char *metric, struct assay_error *err)
{
    return assay_fail(err, ASSAY_CORRUPT, "the stored points of %s are damaged", metric);
}

static enum assay_status find_series(struct store *store, int64_t run, const char *metric,
                                     struct series_row *out, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = false;

    *out = (struct series_row){.run = run, .metric = metric};
    enum assay_status status =
        store_statement(store, SLOT_SERIES_FIND,
                        "SELECT id, chunks, tail, loose FROM series WHERE run=?1 AND metric=?2",
                        &statement, err);
    if (status != ASSAY_OK) {
        return status;
    }
    sql_bind_int(statement, 1, run);
    sql_bind_text(statement, 2, metric);
    status = sql_step(statement, &row, err);
    if (status == ASSAY_OK && row) {
        out->id = sql_column_int(statement, 0);
        out->chunks = sql_column_int(statement, 1);
        out->tail = sql_column_int(statement, 2);
        out->loose = sql_column_int(statement, 3);
        sql_reset(statement);
        if (!sane(out)) {
            return damaged(metric, err);
        }
    }
    return status;
}

static enum assay_status put_series(struct store *store, const struct series_row *row,
                                    struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        store_statement(store, SLOT_SERIES_PUT,
                        "INSERT INTO series(run,metric,id,chunks,tail,loose)"
                        " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(run,metric) DO UPDATE SET"
                        " chunks=excluded.chunks, tail=excluded.tail, loose=excluded.loose",
                        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, row->run);
        sql_bind_text(statement, 2, row->metric);
        sql_bind_int(statement, 3, row->id);
        sql_bind_int(statement, 4, row->chunks);
        sql_bind_int(statement, 5, row->tail);
        sql_bind_int(statement, 6, row->loose);
        status = store_run_once(statement, err);
    }
    return status;
}

/* ---- reading ---- */

/* Runs a statement bound to one series' key range or id. */
static enum assay_status on_series(struct store *store, enum store_slot slot, const char *text,
                                   int64_t low, int64_t high, struct sql_statement **out,
                                   struct assay_error *err)
{
    enum assay_status status = store_statement(store, slot, text, out, err);
    if (status == ASSAY_OK) {
        sql_bind_int(*out, 1, low);
        if (high != 0) {
            sql_bind_int(*out, 2, high);
        }
    }
    return status;
}

static enum assay_status load_chunk(struct sql_statement *statement, int column,
                                    struct assay_chunk **out, struct assay_error *err)
{
    size_t length = 0;
    const void *bytes = sql_column_blob(statement, column, &length);
    *out = NULL;
    return assay_chunk_load(out, bytes != NULL ? bytes : "", length, err);
}

/* Adds the chunks FROM.. of the series to OUT, each where it should be. */
static enum assay_status read_chunks(struct store *store, const struct series_row *series,
                                     struct assay_series *out, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    int64_t number = 0;
    bool row = true;
    enum assay_status status = on_series(
        store, SLOT_CHUNKS_READ,
        "SELECT key, data FROM chunk WHERE key>=?1 AND key<?2 ORDER BY key",
        chunk_key(series->id, 0), chunk_key(series->id, series->chunks), &statement, err);
    while (status == ASSAY_OK) {
        struct assay_chunk *chunk = NULL;
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        if (sql_column_int(statement, 0) != chunk_key(series->id, number++)) {
            status = damaged(series->metric, err);
            break;
        }
        status = load_chunk(statement, 1, &chunk, err);
        if (status == ASSAY_OK) {
            assay_series_add_chunk(out, chunk);
        }
    }
    if (statement != NULL) {
        sql_reset(statement);
    }
    if (status == ASSAY_OK && number != series->chunks) {
        status = damaged(series->metric, err);
    }
    return status;
}

/* Reads the loose points, as many as the series says. */
static enum assay_status read_loose(struct store *store, const struct series_row *series,
                                    struct assay_point *out, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    int64_t count = 0;
    bool row = true;
    enum assay_status status =
        on_series(store, SLOT_LOOSE_READ,
                  "SELECT step, time_ms, bits FROM loose WHERE series=?1 ORDER BY no",
                  series->id, 0, &statement, err);
    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row || count == series->loose) {
            break;
        }
        int64_t bits = sql_column_int(statement, 2);
        out[count].step = sql_column_int(statement, 0);
        out[count].time_ms = sql_column_int(statement, 1);
        memcpy(&out[count].value, &bits, sizeof bits);
        count++;
    }
    if (statement != NULL) {
        sql_reset(statement);
    }
    if (status == ASSAY_OK && (row || count != series->loose)) {
        status = damaged(series->metric, err);
    }
    return status;
}

enum assay_status store_read_series(struct store *store, int64_t run, const char *metric,
                                    struct assay_series *out, struct assay_error *err)
{
    struct series_row series;
    /* One snapshot for the row and what it counts. */
    bool own = !sql_in_transaction(store->sql);
    enum assay_status status = own ? store_begin_read(store, err) : ASSAY_OK;

    if (status != ASSAY_OK) {
        return status;
    }
    status = find_series(store, run, metric, &series, err);
    if (status == ASSAY_OK && series.chunks > 0) {
        status = read_chunks(store, &series, out, err);
    }
    if (status == ASSAY_OK && series.loose > 0) {
        ASSAY_GROW(store->points, store->point_capacity, (size_t)series.loose);
        status = read_loose(store, &series, store->points, err);
        if (status == ASSAY_OK) {
            assay_series_add(out, store->points, (size_t)series.loose);
        }
    }
    if (own) {
        store_end_read(store);
    }
    return status;
}

/* ---- writing ---- */

static enum assay_status put_chunk(struct store *store, struct series_row *series,
                                   const struct assay_chunk *chunk, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    size_t length = 0;
    const void *bytes = assay_chunk_bytes(chunk, &length);

    if (series->chunks >= CHUNKS_MAX) {
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: has too many points", series->metric);
    }
    enum assay_status status =
        store_statement(store, SLOT_CHUNK_PUT,
                        "INSERT INTO chunk(key,data) VALUES(?1,?2)"
                        " ON CONFLICT(key) DO UPDATE SET data=excluded.data",
                        &statement, err);
    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, chunk_key(series->id, series->chunks));
        sql_bind_blob(statement, 2, bytes, length);
        status = store_run_once(statement, err);
        series->chunks++;
        series->tail = (int64_t)assay_chunk_count(chunk);
    }
    return status;
}

/* Takes the short last chunk back: its points go to OUT, its number to the next one written. */
static enum assay_status take_tail(struct store *store, struct series_row *series,
                                   struct assay_point *out, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    struct assay_chunk *chunk = NULL;
    int64_t key = chunk_key(series->id, series->chunks - 1);
    bool row = false;
    enum assay_status status =
        on_series(store, SLOT_CHUNKS_READ,
                  "SELECT key, data FROM chunk WHERE key>=?1 AND key<?2 ORDER BY key", key,
                  key + 1, &statement, err);
    if (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
    }
    if (status == ASSAY_OK) {
        status = row ? load_chunk(statement, 1, &chunk, err) : damaged(series->metric, err);
    }
    if (status == ASSAY_OK && (int64_t)assay_chunk_count(chunk) != series->tail) {
        status = damaged(series->metric, err);
    }
    if (status == ASSAY_OK) {
        assay_chunk_get(chunk, 0, (size_t)series->tail, out);
        series->chunks--;
        series->tail = series->chunks > 0 ? ASSAY_CHUNK_POINTS : 0; /* not looked at again */
    }
    if (statement != NULL) {
        sql_reset(statement);
    }
    assay_chunk_unref(chunk);
    return status;
}

/* Packs the short last chunk, the loose points and COUNT new ones. */
static enum assay_status pack(struct store *store, struct series_row *series,
                              const struct assay_point *points, size_t count,
                              struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    size_t tail = series->tail < ASSAY_CHUNK_POINTS ? (size_t)series->tail : 0;
    size_t loose = (size_t)series->loose, total = tail + loose + count;
    enum assay_status status = ASSAY_OK;

    ASSAY_GROW(store->points, store->point_capacity, total);
    if (tail > 0) {
        status = take_tail(store, series, store->points, err);
    }
    if (status == ASSAY_OK && loose > 0) {
        status = read_loose(store, series, store->points + tail, err);
    }
    if (status == ASSAY_OK && count > 0) {
        memcpy(store->points + tail + loose, points, count * sizeof *points);
    }
    for (size_t i = 0; status == ASSAY_OK && i < total; i += ASSAY_CHUNK_POINTS) {
        size_t n = total - i < ASSAY_CHUNK_POINTS ? total - i : ASSAY_CHUNK_POINTS;
        struct assay_chunk *chunk = assay_chunk_pack(store->points + i, n);
        status = put_chunk(store, series, chunk, err);
        assay_chunk_unref(chunk);
    }
    if (status == ASSAY_OK && loose > 0) {
        status = on_series(store, SLOT_LOOSE_DELETE, "DELETE FROM loose WHERE series=?1",
                           series->id, 0, &statement, err);
        if (status == ASSAY_OK) {
            status = store_run_once(statement, err);
        }
        series->loose = 0;
    }
    return status;
}

static enum assay_status put_loose(struct store *store, struct series_row *series,
                                   const struct assay_point *points, size_t count,
                                   struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        store_statement(store, SLOT_LOOSE_PUT,
                        "INSERT INTO loose(series,no,step,time_ms,bits) VALUES(?1,?2,?3,?4,?5)",
                        &statement, err);
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        int64_t bits;
        memcpy(&bits, &points[i].value, sizeof bits);
        sql_bind_int(statement, 1, series->id);
        sql_bind_int(statement, 2, series->loose);
        sql_bind_int(statement, 3, points[i].step);
        sql_bind_int(statement, 4, points[i].time_ms);
        sql_bind_int(statement, 5, bits);
        status = store_run_once(statement, err);
        series->loose++;
    }
    return status;
}

/* The series to write to, made where it is new. */
static enum assay_status writable_series(struct store *store, int64_t run, const char *metric,
                                         struct series_row *out, struct assay_error *err)
{
    enum assay_status status = find_series(store, run, metric, out, err);
    if (status == ASSAY_OK && out->id == 0) {
        (void)store_mark(store);
        out->id = ++store->last_series;
        if (out->id >= SERIES_MAX) {
            status = damaged(metric, err);
        }
    }
    return status;
}

enum assay_status store_append(struct store *store, int64_t run, const char *metric,
                               const struct assay_point *points, size_t count,
                               struct assay_error *err)
{
    struct series_row series;
    bool own = false;

    if (count == 0) {
        return ASSAY_OK;
    }
    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = writable_series(store, run, metric, &series, err);
    if (status == ASSAY_OK) {
        bool few = count < LOOSE_BATCH && (size_t)series.loose + count < ASSAY_CHUNK_POINTS;
        status = few ? put_loose(store, &series, points, count, err)
                     : pack(store, &series, points, count, err);
    }
    if (status == ASSAY_OK) {
        status = put_series(store, &series, err);
    }
    return store_leave(store, own, status, err);
}

enum assay_status store_add_chunk(struct store *store, int64_t run, const char *metric,
                                  struct assay_chunk *chunk, struct assay_error *err)
{
    struct assay_point points[LOOSE_BATCH];
    struct series_row series;
    size_t count = assay_chunk_count(chunk);
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = writable_series(store, run, metric, &series, err);
    if (status == ASSAY_OK) {
        bool follows =
            series.loose == 0 && (series.chunks == 0 || series.tail == ASSAY_CHUNK_POINTS ||
                                  (series.tail >= TAIL_ENOUGH && count == ASSAY_CHUNK_POINTS));
        if (follows) {
            status = put_chunk(store, &series, chunk, err);
        } else if (count < LOOSE_BATCH && (size_t)series.loose + count < ASSAY_CHUNK_POINTS) {
            assay_chunk_get(chunk, 0, count, points);
            status = put_loose(store, &series, points, count, err);
        } else {
            struct assay_point *all = assay_alloc_array(count, sizeof *all);
            assay_chunk_get(chunk, 0, count, all);
            status = pack(store, &series, all, count, err);
            free(all);
        }
    }
    if (status == ASSAY_OK) {
        status = put_series(store, &series, err);
    }
    return store_leave(store, own, status, err);
}

/* ---- all series of a run ---- */

typedef enum assay_status (*series_fn)(struct store *store, struct series_row *series,
                                       struct assay_error *err);

/* Calls FN with each series of the run. The rows are collected first: FN changes the table. */
static enum assay_status each_series(struct store *store, enum store_slot slot,
                                     const char *text, int64_t run, series_fn fn,
                                     struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    struct assay_arena arena = {0};
    struct series_row *rows = NULL;
    size_t count = 0, capacity = 0;
    bool row = true;

    enum assay_status status = on_series(store, slot, text, run, 0, &statement, err);
    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        ASSAY_GROW(rows, capacity, count + 1);
        rows[count] = (struct series_row){
            .run = run,
            .metric = assay_arena_strdup(&arena, sql_column_text(statement, 0, NULL)),
            .id = sql_column_int(statement, 1),
            .chunks = sql_column_int(statement, 2),
            .tail = sql_column_int(statement, 3),
            .loose = sql_column_int(statement, 4),
        };
        count++;
    }
    if (statement != NULL) {
        sql_reset(statement);
    }
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        status = sane(&rows[i]) ? fn(store, &rows[i], err) : damaged(rows[i].metric, err);
    }
    free(rows);
    assay_arena_free(&arena);
    return status;
}

static enum assay_status remove_points(struct store *store, struct series_row *series,
                                       struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status =
        on_series(store, SLOT_CHUNKS_DELETE, "DELETE FROM chunk WHERE key>=?1 AND key<?2",
                  chunk_key(series->id, 0), chunk_key(series->id + 1, 0), &statement, err);
    if (status == ASSAY_OK) {
        status = store_run_once(statement, err);
    }
    if (status == ASSAY_OK && series->loose > 0) {
        status = on_series(store, SLOT_LOOSE_DELETE, "DELETE FROM loose WHERE series=?1",
                           series->id, 0, &statement, err);
        if (status == ASSAY_OK) {
            status = store_run_once(statement, err);
        }
    }
    return status;
}

enum assay_status store_clear_series(struct store *store, int64_t run, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = each_series(store, SLOT_SERIES_OF_RUN,
                         "SELECT metric, id, chunks, tail, loose FROM series WHERE run=?1", run,
                         remove_points, err);
    if (status == ASSAY_OK) {
        status = on_series(store, SLOT_SERIES_DELETE, "DELETE FROM series WHERE run=?1", run, 0,
                           &statement, err);
    }
    if (status == ASSAY_OK) {
        status = store_run_once(statement, err);
    }
    return store_leave(store, own, status, err);
}

static enum assay_status seal_one(struct store *store, struct series_row *series,
                                  struct assay_error *err)
{
    enum assay_status status = pack(store, series, NULL, 0, err);
    return status == ASSAY_OK ? put_series(store, series, err) : status;
}

enum assay_status store_seal(struct store *store, int64_t run, struct assay_error *err)
{
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = each_series(store, SLOT_SERIES_LOOSE,
                         "SELECT metric, id, chunks, tail, loose FROM series"
                         " WHERE run=?1 AND loose>0",
                         run, seal_one, err);
    return store_leave(store, own, status, err);
}

enum assay_status store_clear_metric(struct store *store, int64_t run, const char *metric,
                                     struct assay_error *err)
{
    struct series_row series;
    bool own = false;

    enum assay_status status = store_enter(store, &own, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = find_series(store, run, metric, &series, err);
    if (status == ASSAY_OK && series.id > 0 && (series.chunks > 0 || series.loose > 0)) {
        status = remove_points(store, &series, err);
        if (status == ASSAY_OK) {
            series.chunks = series.tail = series.loose = 0;
            status = put_series(store, &series, err);
        }
    }
    return store_leave(store, own, status, err);
}

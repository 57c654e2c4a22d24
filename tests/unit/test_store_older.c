/*
 * What the older runs of a store come to, as it is known without reading them: SQLite's own
 * sums over the rows are the oracle. The newest runs and the others, read apart, are all runs
 * of one moment, whatever is written, damaged or missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <assay/buf.h>
#include <assay/local.h>

#include "store/store.h"
#include "support/good.h"
#include "support/places.h"
#include "support/points.h"

#define RUNS        2200
#define EXPERIMENTS 7

static struct points_rng dice = {88172645463325252u};

static uint64_t roll(uint64_t sides)
{
    return points_random(&dice) % sides;
}

static int64_t roll_time(void)
{
    return roll(9) ? (int64_t)roll(1u << 30) : ASSAY_NO_TIME;
}

static void put_runs(const char *path, size_t from, size_t to, size_t experiments)
{
    struct store *store = NULL;
    int64_t source = 0;

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_source(store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, good));
    for (size_t i = from; i < to; i++) {
        char id[40], name[16];
        snprintf(name, sizeof name, "%zu", (size_t)roll(experiments));
        struct store_experiment experiment = {.id = name, .name = name, .created_ms = 1};
        GOOD(store_put_experiment(store, source, &experiment, good));
        snprintf(id, sizeof id, "run-%zu", i);
        struct store_run run = {.experiment = experiment.row,
                                .id = id,
                                .name = i % 2 ? "heron" : "",
                                .user = "dev",
                                .artifact_uri = "",
                                .status = (enum assay_run_status)roll(6),
                                .deleted = roll(9) == 0,
                                .gone = roll(9) == 0,
                                .start_ms = roll_time(),
                                .end_ms = roll_time()};
        GOOD(store_put_run(store, source, &run, good));
    }
    GOOD(store_commit(store, good));
    store_close(&store);
}

static void execute(const char *path, const char *text)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The rows of a SELECT, a line each. */
static void ask(const char *path, const char *text, struct assay_buf *out)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const char *cell = (const char *)sqlite3_column_text(rows, i);
            assay_buf_format(out, "%s ", cell ? cell : "-");
        }
        assay_buf_text_add(out, "\n");
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
}

static void add_time(struct assay_buf *out, int64_t time_ms)
{
    if (time_ms == ASSAY_NO_TIME) {
        assay_buf_text_add(out, "- ");
    } else {
        assay_buf_format(out, "%lld ", (long long)time_ms);
    }
}

static bool see(void *context, const struct store_run *run)
{
    assay_buf_format(context, "%lld %lld %lld %d %d %d ", (long long)run->row,
                     (long long)run->experiment, (long long)run->change, (int)run->status,
                     run->deleted, run->gone);
    add_time(context, run->start_ms);
    add_time(context, run->end_ms);
    assay_buf_format(context, "%s %s \n", run->id, run->name);
    return true;
}

#define ALL_RUNS                                                                               \
    "SELECT row, experiment, change, status, deleted, gone, start_ms, end_ms, id, name FROM "  \
    "run ORDER BY row"

/* Opened to look at one moment, and what it says of the older runs. */
static struct store *look(const char *path, struct store_older *older)
{
    struct store *store = NULL;

    GOOD(store_open(&store, path, STORE_LOCAL, true, good));
    GOOD(store_begin_read(store, good));
    GOOD(store_read_older(store, 1, older, good));
    return store;
}

/* How many runs are told of without being read; they and the newest are all there are. */
static int64_t assert_whole(const char *path)
{
    struct assay_buf parts = {0}, newer = {0}, rows = {0};
    struct store_older older;
    struct store *store = look(path, &older);
    int64_t runs = older.runs;

    if (runs > 0) {
        GOOD(store_read_newer(store, 1, &older, see, &newer, good));
        GOOD(store_read_rest(store, 1, &older, see, &parts, good));
        assay_buf_text_add(&parts, assay_buf_text(&newer));
        ask(path, ALL_RUNS, &rows);
        assert_string_equal(assay_buf_text(&parts), assay_buf_text(&rows));
    }
    store_older_free(&older);
    store_end_read(store);
    store_close(&store);
    assay_buf_free(&parts);
    assay_buf_free(&newer);
    assay_buf_free(&rows);
    return runs;
}

/* ---- tests ---- */

static int by_experiment(const void *a, const void *b)
{
    const struct store_tally *x = a, *y = b;

    return (x->experiment > y->experiment) - (x->experiment < y->experiment);
}

static void test_tallies_are_the_sums_of_the_rows(void **state)
{
    char *path = place_new("store.db"), query[600];
    struct assay_buf told = {0}, sums = {0};
    struct store_older older;

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    struct store *store = look(path, &older);
    assert_true(older.runs > 0 && older.runs < RUNS);
    assert_int_equal(older.last_row, older.runs); /* rows are given from 1 on here */
    qsort(older.tallies, older.count, sizeof *older.tallies, by_experiment);
    for (size_t i = 0; i < older.count; i++) {
        const struct store_tally *tally = &older.tallies[i];
        assay_buf_format(&told, "%lld %lld %lld %lld %lld ", (long long)tally->experiment,
                         (long long)tally->runs, (long long)tally->deleted,
                         (long long)tally->gone, (long long)tally->running);
        add_time(&told, tally->last_ms);
        add_time(&told, tally->newest_ms);
        assay_buf_text_add(&told, "\n");
    }
    snprintf(query, sizeof query,
             "SELECT experiment, sum(NOT deleted AND NOT gone), sum(deleted AND NOT gone),"
             " sum(gone), sum(status=%d AND NOT deleted AND NOT gone),"
             " max(CASE WHEN NOT deleted AND NOT gone THEN max(coalesce(start_ms,end_ms),"
             " coalesce(end_ms,start_ms)) END),"
             " max(CASE WHEN NOT deleted AND NOT gone THEN start_ms END)"
             " FROM run WHERE row<=%lld GROUP BY experiment ORDER BY experiment",
             (int)ASSAY_RUN_RUNNING, (long long)older.last_row);
    ask(path, query, &sums);
    assert_string_equal(assay_buf_text(&told), assay_buf_text(&sums));
    store_older_free(&older);
    store_close(&store);
    assay_buf_free(&told);
    assay_buf_free(&sums);
    assert_int_equal(assert_whole(path), RUNS - 512);
    free(path);
}

/* New runs and changes of the newest leave it true; a change of an older run does not. */
static void test_changes(void **state)
{
    char *path = place_new("store.db");
    struct store *store = NULL;

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    put_runs(path, RUNS, RUNS + 60, EXPERIMENTS);
    assert_int_equal(assert_whole(path), RUNS - 512);
    put_runs(path, RUNS - 500, RUNS - 480, EXPERIMENTS);
    assert_int_equal(assert_whole(path), RUNS - 512);
    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_set_run_status(store, RUNS - 512, ASSAY_RUN_KILLED, 7, good));
    store_close(&store);
    assert_int_equal(assert_whole(path), 0);
    put_runs(path, 0, RUNS / 2, EXPERIMENTS); /* packed anew */
    assert_int_equal(assert_whole(path), RUNS + 60 - 512);
    free(path);
}

static void test_small_stores_and_many_experiments(void **state)
{
    char *path = place_new("store.db");

    (void)state;
    put_runs(path, 0, 1000, EXPERIMENTS);
    assert_int_equal(assert_whole(path), 0);
    free(path);
    path = place_new("store.db");
    put_runs(path, 0, RUNS, 1000);
    assert_int_equal(assert_whole(path), 0);
    free(path);
}

/* What is read apart is of one moment, though another process writes and packs in between. */
static void test_one_moment(void **state)
{
    char *path = place_new("store.db");
    struct assay_buf before = {0}, parts = {0}, newer = {0};
    struct store_older older;

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    ask(path, ALL_RUNS, &before);
    struct store *store = look(path, &older);
    assert_true(older.runs > 0);
    put_runs(path, RUNS / 2, 2 * RUNS, EXPERIMENTS);
    GOOD(store_read_newer(store, 1, &older, see, &newer, good));
    put_runs(path, 0, RUNS, EXPERIMENTS);
    GOOD(store_read_rest(store, 1, &older, see, &parts, good));
    assay_buf_text_add(&parts, assay_buf_text(&newer));
    assert_string_equal(assay_buf_text(&parts), assay_buf_text(&before));
    store_older_free(&older);
    store_end_read(store);
    store_close(&store);
    assert_int_equal(assert_whole(path), 2 * RUNS - 512);
    assay_buf_free(&before);
    assay_buf_free(&parts);
    assay_buf_free(&newer);
    free(path);
}

static int64_t number(const char *path, const char *text)
{
    struct assay_buf out = {0};

    ask(path, text, &out);
    int64_t value = strtoll(assay_buf_text(&out), NULL, 10);
    assay_buf_free(&out);
    return value;
}

/* A bit anywhere in a pack or in the record behind them, or either cut short. */
static void test_damage(void **state)
{
    char *path = place_new("store.db"), text[300];
    size_t length = 0;

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    int64_t packs = number(path, "SELECT count(*) FROM pack");
    execute(path, "PRAGMA wal_checkpoint(TRUNCATE)");
    char *whole = place_read(path, &length);
    for (int round = 0; round < 40; round++) {
        long long pack = round % 2 ? packs : 1 + (long long)roll((uint64_t)packs);
        snprintf(text, sizeof text, "SELECT length(data) FROM pack WHERE row=%lld", pack);
        int64_t bytes = number(path, text);
        long long at = 1 + (long long)roll((uint64_t)bytes - 1);
        if (round % 3 == 0) {
            snprintf(text, sizeof text,
                     "UPDATE pack SET data=substr(data,1,%lld) WHERE row=%lld", at, pack);
        } else {
            snprintf(text, sizeof text,
                     "UPDATE pack SET data=CAST(substr(data,1,%lld)||x'5a'||substr(data,%lld)"
                     " AS BLOB) WHERE row=%lld",
                     at - 1, at + 1, pack);
        }
        execute(path, text);
        int64_t known = assert_whole(path);
        assert_true(pack != packs || known == 0 || known == RUNS - 512);
        execute(path, "PRAGMA wal_checkpoint(TRUNCATE)");
        place_write(path, whole, length);
    }
    free(whole);
    free(path);
}

/* Packs of an earlier version have no record: they are read whole, and get it from the next one
   who closes the store after writing. */
static void test_packs_of_an_earlier_version(void **state)
{
    char *path = place_new("store.db");
    struct assay_buf read = {0}, rows = {0};
    struct store *store = NULL;

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    execute(path, "DELETE FROM pack WHERE row=(SELECT max(row) FROM pack)");
    assert_int_equal(assert_whole(path), 0);
    GOOD(store_open(&store, path, STORE_LOCAL, true, good));
    GOOD(store_read_runs(store, 1, 0, see, &read, good));
    store_close(&store);
    ask(path, ALL_RUNS, &rows);
    assert_string_equal(assay_buf_text(&read), assay_buf_text(&rows));
    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    store_close(&store);
    assert_int_equal(assert_whole(path), RUNS - 512);
    assert_int_equal(number(path, "SELECT count(*) FROM pack WHERE source<>1"), 0);
    assay_buf_free(&read);
    assay_buf_free(&rows);
    free(path);
}

/* Packing that stops half way leaves the packs and the record that were there. */
static void test_packing_is_interrupted(void **state)
{
    char *path = place_new("store.db"), text[300];
    struct assay_buf before = {0}, after = {0};

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    int64_t packs = number(path, "SELECT count(*) FROM pack");
    snprintf(text, sizeof text,
             "CREATE TRIGGER stop BEFORE INSERT ON pack WHEN NEW.row=%lld"
             " BEGIN SELECT RAISE(ABORT,'no room'); END",
             (long long)packs);
    execute(path, text);
    ask(path, "SELECT row, change, hex(data) FROM pack ORDER BY row", &before);
    put_runs(path, RUNS, 2 * RUNS, EXPERIMENTS);
    ask(path, "SELECT row, change, hex(data) FROM pack ORDER BY row", &after);
    assert_string_equal(assay_buf_text(&before), assay_buf_text(&after));
    assert_int_equal(assert_whole(path), RUNS - 512);
    execute(path, "DROP TRIGGER stop");
    put_runs(path, 0, 1, 1);
    assert_int_equal(assert_whole(path), 2 * RUNS - 512);
    assay_buf_free(&before);
    assay_buf_free(&after);
    free(path);
}

static void gather(void *context, const char *text)
{
    assay_buf_format(context, "%s\n", text);
}

/* A record that is whole and belongs to other runs is told by the check. */
static void test_the_check_tells_of_another_record(void **state)
{
    char *path = place_new("store.db"), *other = place_new("store.db"), text[500];
    struct assay_database_check found;
    struct assay_buf faults = {0};
    struct assay_error err = {0};

    (void)state;
    put_runs(path, 0, RUNS, EXPERIMENTS);
    put_runs(other, 0, RUNS, EXPERIMENTS);
    (void)assay_database_check(ASSAY_DATABASE_STORE, path, &found, gather, &faults, &err);
    assert_null(strstr(assay_buf_text(&faults), "packed headers"));
    snprintf(text, sizeof text,
             "ATTACH '%s' AS other; UPDATE pack SET data=(SELECT data FROM other.pack ORDER BY"
             " row DESC LIMIT 1) WHERE row=(SELECT max(row) FROM pack)",
             other);
    execute(path, text);
    assert_int_equal(
        assay_database_check(ASSAY_DATABASE_STORE, path, &found, gather, &faults, &err),
        ASSAY_CORRUPT);
    assert_non_null(strstr(assay_buf_text(&faults), "are not what is said of them"));
    assay_buf_free(&faults);
    free(other);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tallies_are_the_sums_of_the_rows),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_small_stores_and_many_experiments),
        cmocka_unit_test(test_one_moment),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_packs_of_an_earlier_version),
        cmocka_unit_test(test_packing_is_interrupted),
        cmocka_unit_test(test_the_check_tells_of_another_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

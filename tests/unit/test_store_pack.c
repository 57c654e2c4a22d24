/*
 * Packed run headers: whatever is written, removed or damaged, what a reader is given is what
 * the rows say, in their order. The oracle is SQLite's own answer to a plain SELECT.
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

#define RUNS 900

static uint64_t dice = 88172645463325252ull;

static uint64_t roll(uint64_t sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % sides;
}

static void put_runs(const char *path, const char *kind, size_t from, size_t to)
{
    struct store *store = NULL;
    int64_t source = 0;

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_source(store, kind, "/x", &source, good));
    struct store_experiment experiment = {.id = "0", .name = "ex", .created_ms = 1};
    GOOD(store_put_experiment(store, source, &experiment, good));
    for (size_t i = from; i < to; i++) {
        char id[40], name[40];

        snprintf(id, sizeof id, "run-%zu", i);
        snprintf(name, sizeof name, "%.*s", (int)roll(30), "größer und kleiner, älter und neu");
        struct store_run run = {.experiment = experiment.row,
                                .id = id,
                                .name = name,
                                .user = i % 3 ? "dev" : "",
                                .artifact_uri = "file:///a",
                                .status = (enum assay_run_status)roll(6),
                                .deleted = roll(9) == 0,
                                .gone = roll(9) == 0,
                                .start_ms = roll(9) ? (int64_t)roll(1u << 30) : ASSAY_NO_TIME,
                                .end_ms = ASSAY_NO_TIME};
        GOOD(store_put_run(store, source, &run, good));
    }
    GOOD(store_commit(store, good));
    store_close(&store);
}

/* ---- the two sides ---- */

static void add_line(struct assay_buf *out, int64_t row, int64_t experiment, int64_t change,
                     int status, int deleted, int gone, int64_t start, const char *id,
                     const char *name, const char *user, const char *uri)
{
    assay_buf_format(out, "%lld %lld %lld %d %d %d %lld %s|%s|%s|%s\n", (long long)row,
                     (long long)experiment, (long long)change, status, deleted, gone,
                     (long long)start, id, name, user, uri);
}

/* Texts that are said to lie one after the other do. */
static void check_texts(const struct store_run *run)
{
    const char *const texts[] = {run->id, run->name, run->user, run->artifact_uri};
    const char *at = run->id;

    for (size_t i = 0; run->texts_length > 0 && i < 4; i++) {
        assert_ptr_equal(texts[i], at);
        at += strlen(at) + 1;
    }
    if (run->texts_length > 0)
        assert_int_equal(at - run->id, run->texts_length);
}

static bool see(void *context, const struct store_run *run)
{
    check_texts(run);
    add_line(context, run->row, run->experiment, run->change, (int)run->status, run->deleted,
             run->gone, run->start_ms, run->id, run->name, run->user, run->artifact_uri);
    return true;
}

static void what_is_read(const char *path, const char *kind, struct assay_buf *out)
{
    struct store *store = NULL;
    int64_t source = 0;

    GOOD(store_open(&store, path, STORE_LOCAL, true, good));
    GOOD(store_find_source(store, kind, "/x", &source, good));
    GOOD(store_read_runs(store, source, 0, see, out, good));
    store_close(&store);
}

static void what_rows_say(const char *path, const char *kind, struct assay_buf *out)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db,
            "SELECT row, experiment, change, status, deleted, gone, start_ms, id,"
            " name, user, artifact_uri FROM run WHERE source=(SELECT id FROM source"
            " WHERE kind=?1) ORDER BY row",
            -1, &rows, NULL),
        SQLITE_OK);
    sqlite3_bind_text(rows, 1, kind, -1, SQLITE_STATIC);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        int64_t start = sqlite3_column_type(rows, 6) == SQLITE_NULL
                            ? ASSAY_NO_TIME
                            : sqlite3_column_int64(rows, 6);
        add_line(out, sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1),
                 sqlite3_column_int64(rows, 2), sqlite3_column_int(rows, 3),
                 sqlite3_column_int(rows, 4), sqlite3_column_int(rows, 5), start,
                 (const char *)sqlite3_column_text(rows, 7),
                 (const char *)sqlite3_column_text(rows, 8),
                 (const char *)sqlite3_column_text(rows, 9),
                 (const char *)sqlite3_column_text(rows, 10));
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
}

static void assert_same(const char *path, const char *kind)
{
    struct assay_buf read = {0}, said = {0};

    what_is_read(path, kind, &read);
    what_rows_say(path, kind, &said);
    assert_string_equal(assay_buf_text(&read), assay_buf_text(&said));
    assay_buf_free(&read);
    assay_buf_free(&said);
}

static int64_t ask(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t answer = -1;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        answer = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}

/* ---- tests ---- */

static void test_packs_are_made_when_it_is_much(void **state)
{
    char *path = place_new("store.db");

    (void)state;
    put_runs(path, "local", 0, 100);
    assert_int_equal(ask(path, "SELECT count(*) FROM pack"), 0);
    assert_same(path, "local");
    put_runs(path, "local", 100, RUNS);
    assert_true(ask(path, "SELECT count(*) FROM pack") > 1);
    assert_same(path, "local");
    /* A pack holds what the rows did: the rows are not needed for it. */
    int64_t known = ask(path, "SELECT max(change) FROM pack");
    assert_int_equal(known, ask(path, "SELECT max(change) FROM run"));
    free(path);
}

static void test_changes_after_packing(void **state)
{
    char *path = place_new("store.db");

    (void)state;
    put_runs(path, "local", 0, RUNS);
    int64_t known = ask(path, "SELECT max(change) FROM pack");
    for (int round = 0; round < 20; round++) {
        struct store *store = NULL;
        GOOD(store_open(&store, path, STORE_LOCAL, false, good));
        for (int i = 0; i < 5; i++) {
            GOOD(store_set_run_status(store, 1 + (int64_t)roll(RUNS), ASSAY_RUN_FAILED, 7,
                                      good));
        }
        store_close(&store);
        assert_same(path, "local");
    }
    put_runs(path, "local", RUNS, RUNS + 40);
    assert_same(path, "local");
    assert_int_equal(ask(path, "SELECT max(change) FROM pack"), known);
    put_runs(path, "local", 0, RUNS);
    assert_same(path, "local");
    assert_true(ask(path, "SELECT max(change) FROM pack") > known);
    free(path);
}

static void test_a_source_is_cleared(void **state)
{
    char *path = place_new("store.db");
    struct store *store = NULL;
    int64_t source = 0;

    (void)state;
    put_runs(path, "one", 0, RUNS);
    put_runs(path, "two", 0, RUNS);
    assert_same(path, "one");
    assert_same(path, "two");
    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_find_source(store, "one", "/x", &source, good));
    GOOD(store_clear_source(store, source, good));
    store_close(&store);
    assert_same(path, "one");
    assert_same(path, "two");
    assert_int_equal(ask(path, "SELECT count(*) FROM run WHERE source=1"), 0);
    free(path);
}

/* A bit anywhere, a pack cut anywhere, a pack that is gone: the rows are read in its place. */
static void test_damage(void **state)
{
    char *path = place_new("store.db"), text[200];

    (void)state;
    put_runs(path, "local", 0, RUNS);
    int64_t packs = ask(path, "SELECT count(*) FROM pack");
    for (int round = 0; round < 60; round++) {
        sqlite3 *db = NULL;
        long long pack = 1 + (long long)roll((uint64_t)packs);

        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(
            sqlite3_exec(db, "CREATE TEMP TABLE kept AS SELECT * FROM pack", NULL, NULL, NULL),
            SQLITE_OK);
        int64_t length = 0;
        snprintf(text, sizeof text, "SELECT length(data) FROM pack WHERE row=%lld", pack);
        length = ask(path, text);
        assert_true(length > 40);
        long long at = 1 + (long long)roll((uint64_t)length - 1);
        if (round % 3 == 0) {
            snprintf(
                text, sizeof text,
                "UPDATE pack SET data=CAST(substr(data,1,%lld)||x'5a'||substr(data,%lld) AS"
                " BLOB) WHERE row=%lld",
                at - 1, at + 1, pack);
        } else if (round % 3 == 1) {
            snprintf(text, sizeof text,
                     "UPDATE pack SET data=substr(data,1,%lld) WHERE row=%lld", at, pack);
        } else {
            snprintf(text, sizeof text, "UPDATE pack SET change=change+1 WHERE row=%lld", pack);
        }
        assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
        if (round % 3 != 2 || packs > 1) {
            assert_same(path, "local");
        }
        assert_int_equal(sqlite3_exec(db,
                                      "DELETE FROM pack; INSERT INTO pack SELECT * FROM kept;"
                                      "DROP TABLE kept",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
        sqlite3_close(db);
    }
    assert_same(path, "local");
    free(path);
}

static void gather(void *context, const char *text)
{
    assay_buf_format(context, "%s\n", text);
}

/* What nothing else would notice is told by the check. */
static void test_the_check_tells_of_packs(void **state)
{
    static const struct {
        const char *harm, *told;
    } cases[] = {
        {"UPDATE pack SET data=substr(data,1,length(data)-1) WHERE row=2",
         "packed headers of source 1 are damaged"},
        {"DELETE FROM pack WHERE row=1", "packed headers of source 1 are missing: "},
        {"UPDATE run SET name='other' WHERE row=5", "its packed header is not the run's"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = place_new("store.db");
        struct assay_database_check found;
        struct assay_buf faults = {0};
        struct assay_error err = {0};
        sqlite3 *db = NULL;

        put_runs(path, "local", 0, RUNS);
        (void)assay_database_check(ASSAY_DATABASE_STORE, path, &found, gather, &faults, &err);
        assert_null(strstr(assay_buf_text(&faults), "packed header"));
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, cases[i].harm, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(
            assay_database_check(ASSAY_DATABASE_STORE, path, &found, gather, &faults, &err),
            ASSAY_CORRUPT);
        if (!strstr(assay_buf_text(&faults), cases[i].told)) {
            fail_msg("%s: %s", cases[i].told, assay_buf_text(&faults));
        }
        assay_buf_free(&faults);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packs_are_made_when_it_is_much),
        cmocka_unit_test(test_changes_after_packing),
        cmocka_unit_test(test_a_source_is_cleared),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_the_check_tells_of_packs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

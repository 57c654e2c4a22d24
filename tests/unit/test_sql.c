/*
 * The door to SQLite: what a hostile, busy, damaged or read-only database gets, and that a
 * foreign one is left exactly as it was.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/sql.h"
#include "support/places.h"

static struct sql *open_new(const char *path, const char *text)
{
    struct sql *sql = NULL;
    struct assay_error err = {0};
    if (sql_open(&sql, path, SQL_CREATE, &err) != ASSAY_OK ||
        sql_exec(sql, text, &err) != ASSAY_OK) {
        fail_msg("%s", err.what);
    }
    return sql;
}

/* A database another program made: rollback journal, one table of COUNT rows. */
static char *foreign(const char *extra)
{
    char *path = place_new("their.db");
    struct sql *sql =
        open_new(path, "CREATE TABLE runs(id TEXT PRIMARY KEY, n INT);"
                       "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c"
                       " LIMIT 5000) INSERT INTO runs SELECT 'run ' || i, i FROM c;");
    assert_int_equal(sql_exec(sql, extra, NULL), ASSAY_OK);
    sql_close(&sql);
    return path;
}

static int64_t number(struct sql *sql, const char *text)
{
    int64_t out = 0;
    struct assay_error err = {0};
    if (sql_int(sql, text, -1, &out, &err) != ASSAY_OK) {
        fail_msg("%s", err.what);
    }
    return out;
}

static void refused(const char *path, enum assay_status status, const char *why)
{
    struct sql *sql = NULL;
    struct assay_error err = {0};
    assert_int_equal(sql_open(&sql, path, SQL_FOREIGN, &err), status);
    assert_null(sql);
    assert_non_null(strstr(err.what, path));
    if (strstr(err.what, why) == NULL) {
        fail_msg("'%s' does not say '%s'", err.what, why);
    }
}

static void test_files_that_are_no_database(void **state)
{
    (void)state;
    char *path = place_new("x.db");
    char garbage[10000];

    refused(path, ASSAY_IO, "No such file");
    assert_false(place_exists(path));

    for (size_t i = 0; i < sizeof garbage; i++) {
        garbage[i] = (char)(i * 7919 >> 3);
    }
    place_write(path, garbage, sizeof garbage);
    refused(path, ASSAY_CORRUPT, "not an SQLite database");

    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    refused(path, ASSAY_IO, "not a regular file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(path, ASSAY_IO, "not a regular file");
    free(path);
}

/* A file that ends early, HAVE bytes of it being there: its first rows are read, the others are
   damage, and it can be written no more than others. */
static void what_is_there_of_it(const char *path, const char *bytes, size_t have,
                                size_t missing)
{
    struct sql *sql = NULL;
    struct assay_error err = {0};
    int64_t n = 0;
    size_t length = 0;

    assert_int_equal(sql_open(&sql, path, SQL_FOREIGN, &err), ASSAY_OK);
    assert_int_equal(sql_cut_off(sql), missing);
    assert_int_equal(sql_int(sql, "SELECT count(*) FROM runs WHERE rowid<5", 0, &n, &err),
                     ASSAY_OK);
    assert_int_equal(n, 4);
    assert_int_equal(sql_int(sql, "SELECT sum(n) FROM runs", 0, &n, &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "damaged"));
    assert_int_not_equal(sql_exec(sql, "DELETE FROM runs", NULL), ASSAY_OK);
    assert_int_not_equal(sql_exec(sql, "DELETE FROM sqlite_master", NULL), ASSAY_OK);
    sql_close(&sql);
    char *after = place_read(path, &length);
    assert_int_equal(length, have);
    assert_memory_equal(after, bytes, have);
    free(after);
}

static void test_truncated_and_overwritten(void **state)
{
    (void)state;
    char *path = foreign("");
    size_t length = 0;
    char *bytes = place_read(path, &length);
    struct sql *sql = NULL;
    int64_t n = 0;

    assert_true(length > 100000);
    place_write(path, bytes, length / 2);
    what_is_there_of_it(path, bytes, length / 2, length - length / 2);

    /* Every page but the first overwritten in turn by noise: an answer or an error, no crash.
     */
    for (size_t page = 4096; page + 4096 <= length; page += 4096 * 5) {
        char *copy = malloc(length);
        memcpy(copy, bytes, length);
        for (size_t i = 0; i < 4096; i++) {
            copy[page + i] = (char)((i * 2654435761u) >> 7);
        }
        place_write(path, copy, page % 8192 == 0 ? length : length / 2);
        free(copy);
        if (sql_open(&sql, path, SQL_FOREIGN, NULL) == ASSAY_OK) {
            (void)sql_int(sql, "SELECT sum(n) FROM runs", 0, &n, NULL);
            (void)sql_int(sql, "SELECT count(*) FROM runs WHERE id='run 77'", 0, &n, NULL);
            sql_close(&sql);
        }
    }
    free(bytes);
    free(path);
}

static void test_foreign_is_left_alone(void **state)
{
    (void)state;
    char *path = foreign("");
    size_t before = 0, after = 0;
    char *old = place_read(path, &before);
    struct sql *sql = NULL;
    struct assay_error err = {0};

    assert_int_equal(sql_open(&sql, path, SQL_FOREIGN, &err), ASSAY_OK);
    assert_int_equal(number(sql, "SELECT count(*) FROM runs"), 5000);
    assert_int_equal(sql_exec(sql, "INSERT INTO runs VALUES('x',1)", &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "read-only"));
    assert_int_not_equal(sql_exec(sql, "CREATE TABLE t(a)", NULL), ASSAY_OK);
    (void)sql_exec(sql, "PRAGMA journal_mode=WAL", NULL);
    assert_false(place_exists(place_with(path, "-wal")));
    assert_false(place_exists(place_with(path, "-shm")));
    assert_false(place_exists(place_with(path, "-journal")));
    sql_close(&sql);
    assert_false(place_exists(place_with(path, "-wal")));
    char *new = place_read(path, &after);
    assert_int_equal(before, after);
    assert_memory_equal(old, new, before);
    free(old);
    free(new);
    free(path);
}

static void test_reads_do_not_hold_up_a_writer(void **state)
{
    (void)state;
    char *path = foreign("");
    struct sql *reader = NULL, *writer = NULL;
    struct sql_statement *statement = NULL;
    bool row = false;

    assert_int_equal(sql_open(&reader, path, SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_equal(sql_prepare(reader, &statement, "SELECT n FROM runs WHERE n>4990", NULL),
                     ASSAY_OK);
    size_t rows = 0;
    do {
        assert_int_equal(sql_step(statement, &row, NULL), ASSAY_OK);
        rows += row;
    } while (row);
    assert_int_equal(rows, 10);
    /* The statement is still there, but holds no lock: a commit goes through at once. */
    writer = open_new(path, "INSERT INTO runs VALUES('new', 4999)");
    assert_int_equal(sql_step(statement, &row, NULL), ASSAY_OK);
    assert_true(row);
    sql_finish(&statement);
    sql_close(&reader);
    sql_close(&writer);
    free(path);
}

/* ---- locks ---- */

struct waiting {
    struct sql *sql;
    enum assay_status status;
    struct assay_error err;
    int64_t n;
    atomic_bool done;
};

static void *read_count(void *context)
{
    struct waiting *waiting = context;
    waiting->status =
        sql_int(waiting->sql, "SELECT count(*) FROM runs", -1, &waiting->n, &waiting->err);
    atomic_store(&waiting->done, true);
    return NULL;
}

static void test_lock_is_waited_for(void **state)
{
    (void)state;
    char *path = foreign("");
    struct waiting waiting = {.status = ASSAY_NO};
    pthread_t thread;

    assert_int_equal(sql_open(&waiting.sql, path, SQL_FOREIGN, NULL), ASSAY_OK);
    struct sql *writer = open_new(path, "BEGIN EXCLUSIVE; INSERT INTO runs VALUES('new', 1);");
    assert_int_equal(pthread_create(&thread, NULL, read_count, &waiting), 0);
    assert_int_equal(sql_exec(writer, "COMMIT", NULL), ASSAY_OK);
    pthread_join(thread, NULL);
    assert_int_equal(waiting.status, ASSAY_OK);
    assert_true(waiting.n >= 5000);
    sql_close(&writer);
    sql_close(&waiting.sql);
    free(path);
}

static void test_wait_can_be_interrupted(void **state)
{
    (void)state;
    char *path = foreign("");
    struct waiting waiting = {.status = ASSAY_OK};
    pthread_t thread;

    assert_int_equal(sql_open(&waiting.sql, path, SQL_FOREIGN, NULL), ASSAY_OK);
    struct sql *writer = open_new(path, "BEGIN EXCLUSIVE; INSERT INTO runs VALUES('new', 1);");
    assert_int_equal(pthread_create(&thread, NULL, read_count, &waiting), 0);
    while (!atomic_load(&waiting.done)) { /* the reader may not have begun to wait yet */
        sql_interrupt(waiting.sql);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    pthread_join(thread, NULL);
    assert_int_equal(waiting.status, ASSAY_CANCELLED);
    sql_close(&writer);
    sql_close(&waiting.sql);
    free(path);
}

/* ---- write-ahead logs ---- */

static int read_in_place(void *path)
{
    struct sql *sql = NULL;
    int64_t n = 0;
    child_drop_powers();
    if (sql_open(&sql, path, SQL_FOREIGN, NULL) != ASSAY_OK) {
        return 1;
    }
    if (sql_int(sql, "SELECT count(*) FROM runs", 0, &n, NULL) != ASSAY_OK || n != 5000) {
        return 2;
    }
    sql_close(&sql);
    return 0;
}

static void test_wal_in_a_read_only_folder(void **state)
{
    (void)state;
    char *path = foreign("PRAGMA journal_mode=WAL;");
    char *folder = strdup(path);
    *strrchr(folder, '/') = '\0';

    assert_false(place_exists(place_with(path, "-wal")));
    assert_int_equal(chmod(folder, 0500), 0);
    assert_int_equal(child_wait(child_start(read_in_place, path)), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_false(place_exists(place_with(path, "-wal")));
    assert_false(place_exists(place_with(path, "-shm")));
    free(folder);
    free(path);
}

static void test_wal_with_a_live_writer(void **state)
{
    (void)state;
    char *path = foreign("PRAGMA journal_mode=WAL;");
    struct sql *writer = open_new(path, "INSERT INTO runs VALUES('new', 1);");
    struct sql *reader = NULL;

    assert_int_equal(sql_open(&reader, path, SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_equal(number(reader, "SELECT count(*) FROM runs"), 5001);
    assert_int_equal(sql_exec(writer, "BEGIN IMMEDIATE; DELETE FROM runs WHERE n<100", NULL),
                     ASSAY_OK);
    assert_int_equal(number(reader, "SELECT count(*) FROM runs"), 5001);
    assert_int_equal(sql_exec(writer, "COMMIT", NULL), ASSAY_OK);
    assert_int_equal(number(reader, "SELECT count(*) FROM runs"), 5001 - 100);
    sql_close(&reader);
    sql_close(&writer);
    free(path);
}

/* ---- hostile content ---- */

static void test_views_are_not_run(void **state)
{
    (void)state;
    char *path =
        foreign("CREATE VIEW metrics AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT "
                "i+1 FROM c) SELECT i FROM c;");
    struct sql *sql = NULL;
    struct assay_error err = {0};
    int64_t n = 0;

    assert_int_equal(sql_open(&sql, path, SQL_FOREIGN, &err), ASSAY_OK);
    assert_int_equal(sql_int(sql, "SELECT count(*) FROM metrics", 0, &n, &err), ASSAY_CORRUPT);
    assert_false(sql_has(sql, "metrics", NULL));
    assert_true(sql_has(sql, "runs", NULL));
    assert_true(sql_has(sql, "RUNS", "N"));
    assert_false(sql_has(sql, "runs", "step"));
    assert_false(sql_has(sql, "missing", NULL));
    sql_close(&sql);
    free(path);
}

static void test_huge_values_are_refused(void **state)
{
    (void)state;
    char *path = foreign("CREATE TABLE tags(value TEXT); INSERT INTO tags VALUES('small');");
    struct sql *sql = NULL;
    struct assay_error err = {0};
    int64_t n = 0;

    assert_int_equal(sql_open(&sql, path, SQL_FOREIGN, &err), ASSAY_OK);
    assert_int_equal(sql_int(sql, "SELECT length(zeroblob(1000000000))", 0, &n, &err),
                     ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "too large"));
    assert_int_equal(number(sql, "SELECT count(*) FROM tags"), 1);
    sql_close(&sql);
    free(path);
}

/* ---- values ---- */

static void test_values_come_back(void **state)
{
    (void)state;
    char *path = place_new("v.db");
    struct sql *sql = open_new(path, "CREATE TABLE v(i, d, t, b, e, z)");
    struct sql_statement *put = NULL, *get = NULL;
    bool row = false;
    size_t length = 0;

    assert_int_equal(sql_prepare(sql, &put, "INSERT INTO v VALUES(?,?,?,?,?,?)", NULL),
                     ASSAY_OK);
    sql_bind_int(put, 1, INT64_MIN);
    sql_bind_double(put, 2, 0.1);
    sql_bind_text(put, 3, "größer \x1b[31m");
    sql_bind_blob(put, 4, "a\0b", 3);
    sql_bind_blob(put, 5, "", 0);
    sql_bind_text(put, 6, NULL);
    assert_int_equal(sql_step(put, &row, NULL), ASSAY_OK);
    assert_false(row);
    assert_int_equal(sql_last_row(sql), 1);
    assert_int_equal(sql_changes(sql), 1);

    assert_int_equal(sql_prepare(sql, &get, "SELECT * FROM v", NULL), ASSAY_OK);
    for (int round = 0; round < 2; round++) { /* after the last row it starts again by itself */
        assert_int_equal(sql_step(get, &row, NULL), ASSAY_OK);
        assert_true(row);
        assert_true(sql_column_int(get, 0) == INT64_MIN);
        assert_true(sql_column_double(get, 1) == 0.1);
        assert_string_equal(sql_column_text(get, 2, &length), "größer \x1b[31m");
        assert_int_equal(length, strlen("größer \x1b[31m"));
        assert_memory_equal(sql_column_blob(get, 3, &length), "a\0b", 3);
        assert_int_equal(length, 3);
        (void)sql_column_blob(get, 4, &length);
        assert_int_equal(length, 0);
        assert_false(sql_is_null(get, 4));
        assert_true(sql_is_null(get, 5));
        assert_string_equal(sql_column_text(get, 5, &length), "");
        assert_int_equal(sql_step(get, &row, NULL), ASSAY_OK);
        assert_false(row);
    }
    sql_bind_int(get, 9, 1); /* no such parameter: the next step says so */
    assert_int_not_equal(sql_step(get, &row, NULL), ASSAY_OK);
    sql_finish(&put);
    sql_finish(&get);
    sql_finish(&get);
    sql_close(&sql);
    free(path);
}

static void test_odd_file_names(void **state)
{
    (void)state;
    static const char *const names[] = {"file:x?mode=memory", ":memory:", "a b%20c?d#e.db",
                                        "uni\xc3\xb6.db"};
    char *path = place_new("");
    char here[4096];

    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(path), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct sql *sql =
            open_new(names[i], "CREATE TABLE runs(a); INSERT INTO runs VALUES(7)");
        sql_close(&sql);
        assert_true(place_exists(names[i]));
        assert_int_equal(place_mode(names[i]), 0600);
        assert_int_equal(sql_open(&sql, names[i], SQL_FOREIGN, NULL), ASSAY_OK);
        assert_int_equal(number(sql, "SELECT a FROM runs"), 7);
        sql_close(&sql);
    }
    assert_int_equal(chdir(here), 0);
    free(path);
}

static void test_backup(void **state)
{
    (void)state;
    char *path = foreign("PRAGMA journal_mode=WAL;");
    struct sql *sql = open_new(path, "INSERT INTO runs VALUES('new', 1);"), *copy = NULL;
    struct assay_error err = {0};

    assert_int_equal(sql_backup(sql, place_with(path, ".copy"), &err), ASSAY_OK);
    assert_int_equal(sql_backup(sql, place_with(path, ".copy"), &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "is there already"));
    assert_int_equal(sql_open(&copy, place_with(path, ".copy"), SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_equal(number(copy, "SELECT count(*) FROM runs"), 5001);
    assert_int_equal(place_mode(place_with(path, ".copy")), 0600);
    sql_close(&copy);
    sql_close(&sql);
    free(path);
}

static int fill_the_disk(void *path)
{
    struct sql *sql = NULL;
    struct assay_error err = {0};
    enum assay_status status = ASSAY_OK;

    if (sql_open(&sql, path, SQL_CREATE, NULL) != ASSAY_OK) {
        return 1;
    }
    child_limit_files(1 << 20);
    for (int i = 0; i < 1000 && status == ASSAY_OK; i++) {
        status = sql_exec(
            sql, "INSERT INTO runs VALUES(hex(randomblob(20)), randomblob(20000))", &err);
    }
    if (status != ASSAY_IO || strstr(err.what, path) == NULL || err.hint[0] == '\0') {
        return 2;
    }
    sql_close(&sql);
    return 0;
}

static void test_full_disk(void **state)
{
    (void)state;
    char *path = foreign("");
    struct sql *sql = NULL;

    assert_int_equal(child_wait(child_start(fill_the_disk, path)), 0);
    assert_int_equal(sql_open(&sql, path, SQL_CREATE, NULL), ASSAY_OK);
    assert_true(number(sql, "SELECT count(*) FROM runs") > 5000);
    assert_int_equal(number(sql, "SELECT count(*) FROM pragma_integrity_check "
                                 "WHERE integrity_check<>'ok'"),
                     0);
    sql_close(&sql);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_that_are_no_database),
        cmocka_unit_test(test_truncated_and_overwritten),
        cmocka_unit_test(test_foreign_is_left_alone),
        cmocka_unit_test(test_reads_do_not_hold_up_a_writer),
        cmocka_unit_test(test_lock_is_waited_for),
        cmocka_unit_test(test_wait_can_be_interrupted),
        cmocka_unit_test(test_wal_in_a_read_only_folder),
        cmocka_unit_test(test_wal_with_a_live_writer),
        cmocka_unit_test(test_views_are_not_run),
        cmocka_unit_test(test_huge_values_are_refused),
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_odd_file_names),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

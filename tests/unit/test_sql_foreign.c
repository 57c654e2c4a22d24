/*
 * Databases of other programs in WAL mode: what is read of them is what their writer committed,
 * and nothing beside them is made, changed or removed, whoever has them open and however their
 * writer ended. The folder is compared entry by entry: names, sizes, times, content.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>

#include "store/sql.h"
#include "support/places.h"

#define ROWS 5000

static struct sql *writer_open(const char *path, const char *text)
{
    struct sql *sql = NULL;
    struct assay_error err = {0};

    if (sql_open(&sql, path, SQL_CREATE, &err) != ASSAY_OK ||
        sql_exec(sql, text, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    return sql;
}

/* A closed database in WAL mode: the file alone. */
static char *new_database(void)
{
    char *path = place_new("their.db");
    struct sql *sql = writer_open(
        path, "PRAGMA journal_mode=WAL; CREATE TABLE runs(id TEXT PRIMARY KEY, n INT);"
              "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c LIMIT 5000) "
              "INSERT INTO runs SELECT 'run ' || i, i FROM c;");

    sql_close(&sql);
    assert_false(place_exists(place_with(path, "-wal")));
    assert_false(place_exists(place_with(path, "-shm")));
    return path;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Everything about the folder PATH lies in that a reader could change. */
static char *folder_of(const char *path)
{
    char *folder = assay_path_directory(path);
    struct assay_buf out = {0};
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, by_name);

    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        char *inner = assay_path_join(folder, entries[i]->d_name);
        struct stat st;

        assert_int_equal(lstat(inner, &st), 0);
        if (strcmp(entries[i]->d_name, "..") != 0)
            assay_buf_format(&out, "%s %o %lld %lld.%09ld", entries[i]->d_name, st.st_mode,
                             (long long)st.st_size, (long long)st.st_mtim.tv_sec,
                             st.st_mtim.tv_nsec);
        if (S_ISREG(st.st_mode)) {
            size_t length;
            char *bytes = place_read(inner, &length), hex[ASSAY_SHA256_TEXT];

            assay_sha256(hex, bytes, length);
            assay_buf_format(&out, " %s", hex);
            free(bytes);
        }
        assay_buf_char(&out, '\n');
        free(entries[i]);
        free(inner);
    }
    free(entries);
    free(folder);
    return assay_buf_take(&out);
}

static int64_t count_rows(struct sql *sql)
{
    struct assay_error err = {0};
    int64_t out = 0;

    if (sql_int(sql, "SELECT count(*) FROM runs", -1, &out, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    return out;
}

static int64_t rows_in(const char *path)
{
    struct assay_error err = {0};
    struct sql *sql = NULL;

    if (sql_open(&sql, path, SQL_FOREIGN, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    int64_t rows = count_rows(sql);
    sql_close(&sql);
    return rows;
}

static void reads_and_leaves(const char *path, int64_t rows)
{
    char *before = folder_of(path);

    assert_int_equal(rows_in(path), rows);
    assert_int_equal(rows_in(path), rows);
    char *after = folder_of(path);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void copy(const char *from, const char *to)
{
    size_t length;
    char *bytes = place_read(from, &length);

    place_write(to, bytes, length);
    free(bytes);
}

static void test_nobody_has_it_open(void **state)
{
    char *path = new_database();

    (void)state;
    reads_and_leaves(path, ROWS);
    free(path);
}

/* Writes and is gone, as a killed training job is: nothing is closed. */
static int write_and_die(void *path)
{
    struct sql *sql = NULL;

    if (sql_open(&sql, path, SQL_CREATE, NULL) != ASSAY_OK ||
        sql_exec(sql, "INSERT INTO runs VALUES('new', 1)", NULL) != ASSAY_OK ||
        sql_exec(sql, "BEGIN; INSERT INTO runs VALUES('half', 1)", NULL) != ASSAY_OK)
        return 1;
    raise(SIGKILL);
    return 2;
}

static void test_its_writer_died(void **state)
{
    char *path = new_database();

    (void)state;
    assert_int_equal(child_wait(child_start(write_and_die, path)), -1);
    assert_true(place_exists(place_with(path, "-wal")));
    assert_true(place_exists(place_with(path, "-shm")));
    reads_and_leaves(path, ROWS + 1);

    /* Copied without the index, as backups are. */
    char *away = place_new("copy.db");
    copy(path, away);
    copy(place_with(path, "-wal"), place_with(away, "-wal"));
    reads_and_leaves(away, ROWS + 1);
    assert_false(place_exists(place_with(away, "-shm")));

    /* The log alone lost: SQLite's own rule is that its pages are gone. */
    char *bare = place_new("bare.db");
    copy(path, bare);
    copy(place_with(path, "-shm"), place_with(bare, "-shm"));
    reads_and_leaves(bare, ROWS);
    free(path);
    free(away);
    free(bare);
}

static int read_without_powers(void *context)
{
    struct sql *sql = NULL;
    int64_t n = 0;

    child_drop_powers();
    if (sql_open(&sql, context, SQL_FOREIGN, NULL) != ASSAY_OK)
        return 1;
    if (sql_int(sql, "SELECT count(*) FROM runs", 0, &n, NULL) != ASSAY_OK || n != ROWS + 1)
        return 2;
    sql_close(&sql);
    return 0;
}

static void test_left_log_in_a_read_only_folder(void **state)
{
    char *path = new_database(), *folder = assay_path_directory(path);

    (void)state;
    assert_int_equal(child_wait(child_start(write_and_die, path)), -1);
    for (int shm = 1; shm >= 0; shm--) {
        assert_int_equal(chmod(path, 0400), 0);
        assert_int_equal(chmod(folder, 0500), 0);
        char *before = folder_of(path);
        assert_int_equal(child_wait(child_start(read_without_powers, path)), 0);
        char *after = folder_of(path);
        assert_string_equal(before, after);
        free(before);
        free(after);
        assert_int_equal(chmod(folder, 0700), 0);
        if (shm)
            assert_int_equal(unlink(place_with(path, "-shm")), 0);
    }
    free(folder);
    free(path);
}

/* ---- beside a writer in another process ---- */

struct peer {
    char *path;
    int told[2], said[2]; /* pipes: orders to it, answers from it */
    pid_t pid;
};

/* Carries out SQL statements, one a line; "close" and "open" are the connection's. */
static int be_peer(void *context)
{
    struct peer *peer = context;
    FILE *orders = fdopen(peer->told[0], "r");
    struct sql *sql = NULL;
    char line[200];

    close(peer->told[1]);
    while (orders && fgets(line, sizeof line, orders)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "close") == 0)
            sql_close(&sql);
        else if (strcmp(line, "open") == 0)
            (void)sql_open(&sql, peer->path, SQL_CREATE, NULL);
        else if (sql_exec(sql, line, NULL) != ASSAY_OK)
            return 1;
        if (write(peer->said[1], "", 1) != 1)
            return 2;
    }
    return 0;
}

static void peer_start(struct peer *peer)
{
    assert_int_equal(pipe2(peer->told, O_CLOEXEC), 0);
    assert_int_equal(pipe2(peer->said, O_CLOEXEC), 0);
    peer->pid = child_start(be_peer, peer);
    close(peer->told[0]);
    close(peer->said[1]);
}

static void tell(struct peer *peer, const char *order)
{
    char done;

    dprintf(peer->told[1], "%s\n", order);
    if (read(peer->said[0], &done, 1) != 1)
        fail_msg("the writer did not do: %s", order);
}

static void peer_end(struct peer *peer)
{
    close(peer->told[1]);
    assert_int_equal(child_wait(peer->pid), 0);
    close(peer->said[0]);
    free(peer->path);
}

static void test_beside_a_live_writer(void **state)
{
    struct peer peer = {.path = new_database()};
    struct sql *reader = NULL;

    (void)state;
    peer_start(&peer);
    tell(&peer, "open");
    tell(&peer, "INSERT INTO runs VALUES('a', 1)");
    assert_int_equal(sql_open(&reader, peer.path, SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_equal(count_rows(reader), ROWS + 1);
    tell(&peer, "BEGIN IMMEDIATE; INSERT INTO runs VALUES('b', 1)");
    assert_int_equal(count_rows(reader), ROWS + 1);
    tell(&peer, "COMMIT");
    assert_int_equal(count_rows(reader), ROWS + 2);
    tell(&peer, "PRAGMA wal_checkpoint(TRUNCATE)");
    tell(&peer, "INSERT INTO runs VALUES('c', 1)");
    assert_int_equal(count_rows(reader), ROWS + 3);
    sql_close(&reader);
    /* Nothing of ours keeps it from clearing up. */
    tell(&peer, "close");
    assert_false(place_exists(place_with(peer.path, "-wal")));
    assert_false(place_exists(place_with(peer.path, "-shm")));
    reads_and_leaves(peer.path, ROWS + 3);
    peer_end(&peer);
}

static void test_a_writer_comes(void **state)
{
    struct peer peer = {.path = new_database()};
    struct sql_statement *statement = NULL;
    struct sql *reader = NULL;
    struct assay_error err = {0};
    enum assay_status status;
    bool row = false;
    int64_t sum = 0;

    (void)state;
    peer_start(&peer);
    assert_int_equal(sql_open(&reader, peer.path, SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_equal(
        sql_prepare(reader, &statement, "SELECT n FROM runs ORDER BY rowid", NULL), ASSAY_OK);
    assert_int_equal(sql_step(statement, &row, NULL), ASSAY_OK);
    assert_true(row);
    /* Every page is another one by the time the statement goes on. */
    tell(&peer, "open");
    tell(&peer, "UPDATE runs SET n=n+1000000");
    tell(&peer, "PRAGMA wal_checkpoint(TRUNCATE)");
    do {
        sum += row ? sql_column_int(statement, 0) : 0;
        status = sql_step(statement, &row, &err);
    } while (status == ASSAY_OK && row);
    assert_int_equal(status, ASSAY_IO); /* no mixture passes for the whole */
    assert_true(sql_disturbed(reader));
    assert_true(sum < (int64_t)ROWS * (ROWS + 1) / 2);
    sql_finish(&statement);
    sql_close(&reader);

    assert_int_equal(sql_open(&reader, peer.path, SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_equal(sql_int(reader, "SELECT min(n) FROM runs", 0, &sum, NULL), ASSAY_OK);
    assert_int_equal(sum, 1000001);
    assert_false(sql_disturbed(reader));
    sql_close(&reader);
    peer_end(&peer);
}

/* The connection outlives writers that come and go, and sees what each left. */
static void test_writers_come_and_go(void **state)
{
    struct peer peer = {.path = new_database()};

    (void)state;
    peer_start(&peer);
    for (int i = 1; i <= 20; i++) {
        char insert[64];

        snprintf(insert, sizeof insert, "INSERT INTO runs VALUES('w%d', 1)", i);
        tell(&peer, "open");
        assert_int_equal(rows_in(peer.path), ROWS + i - 1);
        tell(&peer, insert);
        assert_int_equal(rows_in(peer.path), ROWS + i);
        tell(&peer, "close");
        reads_and_leaves(peer.path, ROWS + i);
    }
    peer_end(&peer);
}

static void test_nothing_can_be_written(void **state)
{
    char *path = new_database();
    struct sql *sql = NULL;

    (void)state;
    char *before = folder_of(path);
    assert_int_equal(sql_open(&sql, path, SQL_FOREIGN, NULL), ASSAY_OK);
    assert_int_not_equal(sql_exec(sql, "PRAGMA query_only=0; DELETE FROM runs", NULL),
                         ASSAY_OK);
    (void)sql_exec(sql, "PRAGMA journal_mode=DELETE", NULL);
    (void)sql_exec(sql, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
    (void)sql_exec(sql, "PRAGMA user_version=7", NULL);
    assert_int_not_equal(sql_exec(sql, "VACUUM", NULL), ASSAY_OK);
    assert_int_equal(count_rows(sql), ROWS);
    sql_close(&sql);
    char *after = folder_of(path);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_has_it_open),
        cmocka_unit_test(test_its_writer_died),
        cmocka_unit_test(test_left_log_in_a_read_only_folder),
        cmocka_unit_test(test_beside_a_live_writer),
        cmocka_unit_test(test_a_writer_comes),
        cmocka_unit_test(test_writers_come_and_go),
        cmocka_unit_test(test_nothing_can_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

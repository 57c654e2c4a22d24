/*
 * Looking after the databases: a sound one is called sound, every kind of fault is found and
 * told, and a backup made while others write opens and is equal.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "store/schema.h"
#include "store/store.h"
#include "store/store_private.h"
#include "support/good.h"
#include "support/places.h"

#define POINTS 5000

/* A store with two runs of two metrics each. */
static char *make(void)
{
    char *path = place_new("store.db"), id[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = NULL;
    struct assay_log_point *points = assay_alloc_array(2 * POINTS, sizeof *points);
    const struct assay_pair lr = {"lr", "0.1"};

    GOOD(assay_local_open(&local, path, good));
    for (int i = 0; i < 2 * POINTS; i++) {
        points[i] = (struct assay_log_point){i % 2 ? "a" : "b", {i, i, i / 3.0}};
    }
    for (int run = 0; run < 2; run++) {
        GOOD(assay_local_start(local, "e", NULL, 0, id, good));
        GOOD(assay_local_log(
            local, id,
            &(struct assay_log_batch){
                .points = points, .point_count = 2 * POINTS, .params = &lr, .param_count = 1},
            good));
        GOOD(assay_local_log(
            local, id, &(struct assay_log_batch){.points = points, .point_count = 30}, good));
    }
    assay_local_close(&local);
    free(points);
    return path;
}

static void gather(void *context, const char *text)
{
    assay_buf_format(context, "%s\n", text);
}

static enum assay_status check(const char *path, struct assay_database_check *out,
                               struct assay_buf *faults)
{
    struct assay_error err = {0};
    assay_buf_reset(faults);
    return assay_database_check(ASSAY_DATABASE_STORE, path, out, gather, faults, &err);
}

static void test_sound(void **state)
{
    (void)state;
    char *path = make();
    struct assay_database_check found;
    struct assay_buf faults = {0};

    assert_int_equal(check(path, &found, &faults), ASSAY_OK);
    assert_int_equal(found.runs, 2);
    assert_int_equal(found.series, 4);
    assert_int_equal(found.points, 2 * (2 * POINTS + 30));
    assert_int_equal(found.faults, 0);
    assert_string_equal(assay_buf_text(&faults), "");
    assert_int_equal(check(place_with(path, ".none"), &found, &faults), ASSAY_NO);
    assert_false(place_exists(place_with(path, ".none")));
    assay_buf_free(&faults);
    free(path);
}

static void test_every_fault_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *change, *told;
    } harm[] = {
        {"DELETE FROM counter", "counters"},
        {"DELETE FROM run WHERE row=1", "belong to no run"},
        {"DELETE FROM experiment", "belong to no experiment"},
        {"DELETE FROM source", "belong to no source"},
        {"UPDATE counter SET series=2", "never given"},
        {"UPDATE series SET id=1", "share their points"},
        {"INSERT INTO chunk SELECT key+9000000, data FROM chunk LIMIT 1",
         "chunks of points belong to no series"},
        {"INSERT INTO loose VALUES(77,0,0,0,0)", "single points belong to no series"},
        {"DELETE FROM chunk WHERE key=(SELECT min(key) FROM chunk)", "damaged"},
        {"UPDATE chunk SET data=substr(data,1,length(data)-8)", "run "},
        {"UPDATE attrs SET data=x'01' WHERE run=2", "params, tags and metrics are damaged"},
        {"DELETE FROM series WHERE metric='a' AND run=1; DELETE FROM chunk WHERE key<(1<<20)*2;"
         "DELETE FROM loose WHERE series=1",
         "its points are gone"},
        {"UPDATE series SET metric='c' WHERE metric='a'", "no such metric"},
        {"DELETE FROM loose WHERE no>=5; UPDATE series SET loose=5", "are counted"},
        {"UPDATE loose SET bits=4890909195324358656 WHERE no=1", "summary is not that"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(harm); i++) {
        char *path = make();
        struct assay_database_check found;
        struct assay_buf faults = {0};
        struct sql *sql = NULL;

        GOOD(sql_open(&sql, path, SQL_CREATE, good));
        GOOD(sql_exec(sql, harm[i].change, good));
        sql_close(&sql);
        if (check(path, &found, &faults) != ASSAY_CORRUPT ||
            strstr(assay_buf_text(&faults), harm[i].told) == NULL || found.faults == 0) {
            fail_msg("%s: told '%s', not '%s'", harm[i].change, assay_buf_text(&faults),
                     harm[i].told);
        }
        assay_buf_free(&faults);
        free(path);
    }
}

static void test_damaged_pages(void **state)
{
    (void)state;
    char *path = make();
    size_t length = 0;
    char *bytes = place_read(path, &length);
    size_t sound = 0;

    for (size_t page = 1; page * 8192 < length; page++) {
        struct assay_database_check found;
        struct assay_buf faults = {0};
        char *copy = assay_alloc(length);
        memcpy(copy, bytes, length);
        for (size_t i = page * 8192; i < (page + 1) * 8192 && i < length; i++) {
            copy[i] = (char)(i * 2654435761u >> 11);
        }
        place_write(path, copy, length);
        free(copy);
        sound += check(path, &found, &faults) == ASSAY_OK;
        for (const char *p = assay_buf_text(&faults); *p != '\0'; p++) {
            assert_true((unsigned char)*p >= ' ' || *p == '\n');
        }
        assay_buf_free(&faults);
    }
    assert_int_equal(sound, 0); /* no page of it may go unnoticed */
    free(bytes);
    free(path);
}

/* In a cache a run may be stored before its points are: that is no fault, the reverse is. */
static void test_a_cache_between_two_transactions(void **state)
{
    (void)state;
    char *path = make();
    struct assay_database_check found;
    struct assay_buf faults = {0};
    struct sql *sql = NULL;

    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    GOOD(sql_exec(sql, "DELETE FROM loose WHERE no>=5; UPDATE series SET loose=5", good));
    sql_close(&sql);
    GOOD(assay_database_check(ASSAY_DATABASE_CACHE, path, &found, NULL, NULL, good));
    assert_int_equal(check(path, &found, &faults), ASSAY_CORRUPT);
    assay_buf_free(&faults);
    free(path);
}

/* ---- backups ---- */

/* Every row of every table, as one text. */
static void dump(const char *path, struct assay_buf *out)
{
    struct sql *sql = NULL;
    struct sql_statement *tables = NULL, *rows = NULL;
    bool row = true;

    GOOD(sql_open(&sql, path, SQL_READ_ONLY, good));
    GOOD(sql_prepare(sql, &tables,
                     "SELECT 'SELECT ' || (SELECT group_concat('quote(\"' || name || '\")', "
                     "'||') FROM pragma_table_info(m.name)) || ' FROM ' || name || ' ORDER BY "
                     "1' FROM sqlite_master AS m WHERE type='table' ORDER BY name",
                     good));
    for (;;) {
        GOOD(sql_step(tables, &row, good));
        if (!row) {
            break;
        }
        GOOD(sql_prepare(sql, &rows, sql_column_text(tables, 0, NULL), good));
        for (;;) {
            GOOD(sql_step(rows, &row, good));
            if (!row) {
                break;
            }
            assay_buf_format(out, "%s\n", sql_column_text(rows, 0, NULL));
        }
        sql_finish(&rows);
    }
    sql_finish(&tables);
    sql_close(&sql);
}

static void test_a_backup_is_equal(void **state)
{
    (void)state;
    char *path = make();
    const char *copy = place_with(path, ".copy");
    struct assay_database_check found;
    struct assay_error err = {0};
    struct assay_buf old = {0}, new = {0};
    struct assay_local *local = NULL;

    GOOD(assay_local_backup(path, copy, &found, good));
    assert_int_equal(found.points, 2 * (2 * POINTS + 30));
    assert_int_equal(place_mode(copy), 0600);
    dump(path, &old);
    dump(copy, &new);
    assert_true(old.length > 100000);
    assert_string_equal(assay_buf_text(&old), assay_buf_text(&new));
    assert_false(place_exists(place_with(copy, "-wal")));

    assert_int_equal(assay_local_backup(path, copy, &found, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "is there already"));
    err = (struct assay_error){0};
    assert_int_equal(assay_local_backup(path, place_with(path, ".no/such/copy"), &found, &err),
                     ASSAY_IO);
    assert_non_null(strstr(err.what, ".no/such/copy"));
    err = (struct assay_error){0};
    assert_int_equal(
        assay_local_backup(place_with(path, ".none"), place_with(path, ".copy2"), &found, &err),
        ASSAY_IO);
    assert_false(place_exists(place_with(path, ".copy2")));
    assert_false(place_exists(place_with(path, ".none")));

    GOOD(assay_local_open(&local, copy, good)); /* in its place it is a store like the other */
    assay_local_close(&local);
    assay_buf_free(&old);
    assay_buf_free(&new);
    free(path);
}

static void test_a_backup_before_an_upgrade(void **state)
{
    (void)state;
    char *path = place_new("store.db");
    struct assay_database_check found;
    struct sql *sql = NULL;
    int64_t version = 0;

    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    GOOD(schema_apply(sql, schema_steps, 1, good));
    sql_close(&sql);
    GOOD(assay_local_backup(path, place_with(path, ".copy"), &found, good));
    GOOD(sql_open(&sql, place_with(path, ".copy"), SQL_READ_ONLY, good));
    GOOD(sql_int(sql, "PRAGMA user_version", 0, &version, good));
    assert_int_equal(version, 1);
    sql_close(&sql);
    free(path);
}

static int log_without_end(void *context)
{
    struct assay_local *local = NULL;
    char id[ASSAY_RUN_ID_SIZE];
    struct assay_log_point points[50];

    if (assay_local_open(&local, context, NULL) != ASSAY_OK ||
        assay_local_start(local, "e", "writer", 0, id, NULL) != ASSAY_OK) {
        return 1;
    }
    for (int64_t step = 0;; step += 50) {
        for (int i = 0; i < 50; i++) {
            points[i] = (struct assay_log_point){"m", {step + i, 0, 1.0}};
        }
        if (assay_local_log(local, id,
                            &(struct assay_log_batch){.points = points, .point_count = 50},
                            NULL) != ASSAY_OK) {
            return 2;
        }
    }
}

static void test_backups_while_others_write(void **state)
{
    (void)state;
    char *path = make();
    struct assay_database_check found;
    uint64_t before = 0;
    pid_t child = child_start(log_without_end, path);

    for (int i = 0; i < 12; i++) {
        char end[32];
        (void)snprintf(end, sizeof end, ".copy%d", i);
        GOOD(assay_local_backup(path, place_with(path, end), &found, good));
        assert_int_equal((found.points - 2 * (2 * POINTS + 30)) % 50, 0); /* whole batches */
        assert_true(found.points >= before);
        before = found.points;
    }
    assert_int_equal(kill(child, 0), 0); /* nothing it wrote was refused meanwhile */
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(child_wait(child), -1);
    free(path);
}

static int back_up_until_full(void *path)
{
    struct assay_database_check found;
    struct assay_error err = {0};
    child_limit_files(100000);
    if (assay_local_backup(path, place_with(path, ".copy"), &found, &err) != ASSAY_IO) {
        return 1;
    }
    return strstr(err.what, "cannot be written") != NULL ? 0 : 2;
}

static void test_no_room_for_a_backup(void **state)
{
    (void)state;
    char *path = make();
    char command[4096];
    assert_int_equal(child_wait(child_start(back_up_until_full, path)), 0);
    (void)snprintf(command, sizeof command, "! ls -A '%.*s' | grep -q copy",
                   (int)(strrchr(path, '/') - path), path);
    assert_int_equal(system(command), 0); /* no half copy was left */
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_every_fault_is_told),
        cmocka_unit_test(test_damaged_pages),
        cmocka_unit_test(test_a_cache_between_two_transactions),
        cmocka_unit_test(test_a_backup_is_equal),
        cmocka_unit_test(test_a_backup_before_an_upgrade),
        cmocka_unit_test(test_backups_while_others_write),
        cmocka_unit_test(test_no_room_for_a_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

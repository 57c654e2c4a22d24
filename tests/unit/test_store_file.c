/*
 * How the databases are opened: made where there are none, brought up to date, refused where
 * they are newer, foreign or damaged; the precious one is never overwritten, the cache is made
 * anew. And what a full disk, a read-only folder and a removed file do to an open one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/memory.h>

#include "store/schema.h"
#include "store/store.h"
#include "store/store_private.h"
#include "support/good.h"
#include "support/places.h"

static int64_t number(struct sql *sql, const char *text)
{
    int64_t out = -1;
    GOOD(sql_int(sql, text, -1, &out, good));
    return out;
}

static bool is_sound(struct sql *sql)
{
    return number(sql, "SELECT count(*) FROM pragma_integrity_check"
                       " WHERE integrity_check<>'ok'") == 0;
}

/* A database of an earlier VERSION with a note in it. */
static void make_version(const char *path, size_t version)
{
    struct sql *sql = NULL;
    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    GOOD(schema_apply(sql, schema_steps, version, good));
    GOOD(sql_exec(sql, "INSERT INTO note VALUES('k','p','r',1,'from long ago')", good));
    sql_close(&sql);
}

static void set_version(const char *path, int version)
{
    struct sql *sql = NULL;
    char text[64];
    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    (void)snprintf(text, sizeof text, "PRAGMA user_version=%d", version);
    GOOD(sql_exec(sql, text, good));
    sql_close(&sql);
}

static void expect_note(struct store *store)
{
    char *text = NULL;
    GOOD(store_read_note(store, "k", "p", "r", &text, good));
    assert_string_equal(text, "from long ago");
    free(text);
}

/* Opening PATH is refused with words that hold WHY and what to do, and changes no byte of it.
 */
static void refused(const char *path, enum store_role role, const char *why)
{
    struct store *store = NULL;
    struct assay_error err = {0};
    size_t before = 0, after = 0;
    char *old = place_read(path, &before);

    assert_int_not_equal(store_open(&store, path, role, false, &err), ASSAY_OK);
    assert_null(store);
    if (strstr(err.what, path) == NULL || strstr(err.what, why) == NULL ||
        err.hint[0] == '\0') {
        fail_msg("'%s' ('%s') does not say '%s'", err.what, err.hint, why);
    }
    char *new = place_read(path, &after);
    assert_int_equal(before, after);
    assert_memory_equal(old, new, before);
    assert_false(place_exists(place_with(path, ".damaged")));
    free(old);
    free(new);
}

/* ---- making ---- */

static void test_made_for_its_owner_alone(void **state)
{
    (void)state;
    char *base = place_new("a");
    const char *path = place_with(base, "/b/store.db");
    struct store *store = NULL;
    bool wal = false;

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    assert_int_equal(place_mode(base), 0700);
    assert_int_equal(place_mode(place_with(base, "/b")), 0700);
    assert_int_equal(place_mode(path), 0600);
    assert_int_equal(place_mode(place_with(path, "-wal")), 0600);
    assert_int_equal(number(store->sql, "PRAGMA synchronous"), 2);
    GOOD(sql_use_wal(store->sql, &wal, good));
    assert_true(wal);
    store_close(&store);
    assert_false(place_exists(place_with(path, "-wal")));

    GOOD(store_open(&store, place_with(base, "/b/cache.db"), STORE_CACHE, false, good));
    assert_int_equal(number(store->sql, "PRAGMA synchronous"), 1);
    store_close(&store);
    /* What is only read is never made. */
    assert_int_equal(
        store_open(&store, place_with(base, "/c/store.db"), STORE_LOCAL, true, NULL), ASSAY_IO);
    assert_false(place_exists(place_with(base, "/c")));
    free(base);
}

static void test_default_places(void **state)
{
    (void)state;
    static const char *const names[] = {"ASSAY_STORE", "XDG_DATA_HOME", "HOME"};
    char *kept[ASSAY_COUNT(names)];
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        kept[i] = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;
        unsetenv(names[i]);
    }
    assert_null(store_default_path(STORE_LOCAL));
    static const struct {
        const char *name, *value, *path;
    } steps[] = {{"HOME", "relative", NULL},
                 {"HOME", "/h", "/h/.local/share/assay/store.db"},
                 {"XDG_DATA_HOME", "relative", "/h/.local/share/assay/store.db"},
                 {"XDG_DATA_HOME", "/d", "/d/assay/store.db"},
                 {"ASSAY_STORE", "", "/d/assay/store.db"},
                 {"ASSAY_STORE", "x.db", "x.db"}};
    for (size_t i = 0; i < ASSAY_COUNT(steps); i++) {
        setenv(steps[i].name, steps[i].value, 1);
        char *path = store_default_path(STORE_LOCAL);
        if (steps[i].path == NULL) {
            assert_null(path);
        } else {
            assert_string_equal(path, steps[i].path);
        }
        free(path);
    }
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        unsetenv(names[i]);
        if (kept[i] != NULL) {
            setenv(names[i], kept[i], 1);
        }
        free(kept[i]);
    }
}

/* ---- versions ---- */

static void test_older_is_brought_up_to_date(void **state)
{
    (void)state;
    for (size_t version = 1; version < schema_version; version++) {
        char *path = place_new("store.db"), copy[32];
        struct store *store = NULL;
        struct sql *old = NULL;

        make_version(path, version);
        assert_int_equal(store_open(&store, path, STORE_LOCAL, true, NULL), ASSAY_IO);
        for (int times = 0; times < 2; times++) {
            GOOD(store_open(&store, path, STORE_LOCAL, false, good));
            assert_int_equal(number(store->sql, "PRAGMA user_version"), schema_version);
            expect_note(store);
            assert_true(is_sound(store->sql));
            store_close(&store);
        }
        /* As it was before, beside it. */
        (void)snprintf(copy, sizeof copy, ".v%zu", version);
        GOOD(sql_open(&old, place_with(path, copy), SQL_READ_ONLY, good));
        assert_int_equal(number(old, "PRAGMA user_version"), version);
        assert_int_equal(number(old, "SELECT count(*) FROM note WHERE text='from long ago'"),
                         1);
        sql_close(&old);
        free(path);
    }
}

static void test_a_step_that_fails_leaves_it_as_it_was(void **state)
{
    (void)state;
    char *path = place_new("store.db");
    const char *const steps[] = {schema_steps[0],
                                 "CREATE TABLE more(a); DELETE FROM note; INSERT INTO nowhere "
                                 "VALUES(1);"};
    struct sql *sql = NULL;
    struct assay_error err = {0};

    make_version(path, 1);
    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    assert_int_not_equal(schema_apply(sql, steps, 2, &err), ASSAY_OK);
    assert_int_equal(number(sql, "PRAGMA user_version"), 1);
    assert_int_equal(number(sql, "SELECT count(*) FROM note"), 1);
    assert_false(sql_has(sql, "more", NULL));
    sql_close(&sql);
    free(path);
}

static int open_and_write(void *path)
{
    struct store *store = NULL;
    struct assay_error err = {0};
    int64_t id = 0;
    if (store_open(&store, path, STORE_LOCAL, false, &err) != ASSAY_OK ||
        store_source(store, "local", "store", &id, &err) != ASSAY_OK || id == 0) {
        fprintf(stderr, "child: %s\n", err.what);
        return 1;
    }
    store_close(&store);
    return 0;
}

static void test_several_open_it_at_once(void **state)
{
    (void)state;
    for (size_t version = 0; version < schema_version; version++) {
        char *path = place_new("store.db");
        struct store *store = NULL;
        pid_t children[6];

        if (version > 0) {
            make_version(path, version);
        }
        for (size_t i = 0; i < ASSAY_COUNT(children); i++) {
            children[i] = child_start(open_and_write, path);
        }
        for (size_t i = 0; i < ASSAY_COUNT(children); i++) {
            assert_int_equal(child_wait(children[i]), 0);
        }
        GOOD(store_open(&store, path, STORE_LOCAL, false, good));
        assert_int_equal(number(store->sql, "SELECT count(*) FROM source"), 1);
        assert_int_equal(number(store->sql, "SELECT count(*) FROM counter"), 1);
        assert_int_equal(number(store->sql, "SELECT count(*) FROM note"), version > 0);
        store_close(&store);
        free(path);
    }
}

/* One process looks at it all the while another makes it: it is empty, then whole, and never
   another program's. */
static void test_one_looks_while_another_makes_it(void **state)
{
    (void)state;
    for (int times = 0; times < 20; times++) {
        char *path = place_new("store.db");
        struct sql *sql = NULL;
        enum schema_state seen = SCHEMA_EMPTY;

        GOOD(sql_open(&sql, path, SQL_CREATE, good));
        pid_t child = child_start(open_and_write, path);
        while (seen == SCHEMA_EMPTY) {
            GOOD(schema_look(sql, schema_version, &seen, good));
        }
        assert_int_equal(seen, SCHEMA_CURRENT);
        sql_close(&sql);
        assert_int_equal(child_wait(child), 0);
        free(path);
    }
}

static void test_newer_is_refused(void **state)
{
    (void)state;
    char *path = place_new("store.db");
    make_version(path, schema_version);
    set_version(path, 99);
    refused(path, STORE_LOCAL, "newer version of assay");
    assert_int_equal(open_and_write(path), 1);
    free(path);
}

static void test_foreign_is_refused(void **state)
{
    (void)state;
    char *path = place_new("their.db");
    struct sql *sql = NULL;
    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    GOOD(sql_exec(sql, "CREATE TABLE theirs(a)", good));
    sql_close(&sql);
    refused(path, STORE_LOCAL, "another program");
    refused(path, STORE_CACHE, "another program");
    free(path);
}

/* ---- damage ---- */

enum damage { GARBAGE, HALF, NOISE_AT_THE_START, EMPTY_PAGES, DAMAGES };

/* A database of some pages that then comes to harm. */
static void make_damaged(const char *path, enum damage damage)
{
    struct store *store = NULL;
    size_t length = 0;

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    for (int i = 0; i < 200; i++) {
        char name[16], text[200];
        (void)snprintf(name, sizeof name, "%d", i);
        memset(text, 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        GOOD(store_put_note(store, "k", "p", name, text, good));
    }
    store_close(&store);
    char *bytes = place_read(path, &length);
    assert_true(length > 50000);
    switch (damage) {
    case GARBAGE:
        memset(bytes, 'g', length);
        break;
    case HALF:
        length /= 2;
        break;
    case NOISE_AT_THE_START:
        for (size_t i = 100; i < 8192; i++) {
            bytes[i] = (char)(i * 2654435761u >> 9);
        }
        break;
    case EMPTY_PAGES:
        memset(bytes + 100, 0, 30000);
        break;
    case DAMAGES:
        break;
    }
    unlink(path);
    place_write(path, bytes, length);
    free(bytes);
}

static void test_a_damaged_store_is_left_alone(void **state)
{
    (void)state;
    for (int damage = 0; damage < DAMAGES; damage++) {
        char *path = place_new("store.db");
        make_damaged(path, (enum damage)damage);
        refused(path, STORE_LOCAL, "");
        struct assay_error err = {0};
        struct store *store = NULL;
        assert_int_equal(store_open(&store, path, STORE_LOCAL, false, &err), ASSAY_CORRUPT);
        assert_non_null(strstr(err.hint, "backup"));
        free(path);
    }
}

static void test_a_damaged_cache_is_made_anew(void **state)
{
    (void)state;
    for (int damage = 0; damage < DAMAGES; damage++) {
        char *path = place_new("cache.db");
        struct store *store = NULL;
        int64_t id = 0;

        make_damaged(path, (enum damage)damage);
        /* A reader makes nothing; whoever writes does. */
        assert_int_equal(store_open(&store, path, STORE_CACHE, true, NULL), ASSAY_CORRUPT);
        assert_false(place_exists(place_with(path, ".damaged")));
        GOOD(store_open(&store, path, STORE_CACHE, false, good));
        assert_true(store_was_damaged(store));
        assert_true(place_exists(place_with(path, ".damaged")));
        GOOD(store_source(store, "k", "p", &id, good));
        assert_true(is_sound(store->sql));
        store_close(&store);
        GOOD(store_open(&store, path, STORE_CACHE, false, good));
        assert_false(store_was_damaged(store));
        assert_int_equal(number(store->sql, "SELECT count(*) FROM source"), 1);
        store_close(&store);
        free(path);
    }
}

static void test_a_cache_of_another_version_is_made_anew(void **state)
{
    (void)state;
    static const int versions[] = {1, 99};
    for (size_t i = 0; i < ASSAY_COUNT(versions); i++) {
        char *path = place_new("cache.db");
        struct store *store = NULL;
        make_version(path, schema_version);
        set_version(path, versions[i]);
        GOOD(store_open(&store, path, STORE_CACHE, false, good));
        assert_false(store_was_damaged(store));
        assert_int_equal(number(store->sql, "SELECT count(*) FROM note"), 0);
        assert_int_equal(number(store->sql, "PRAGMA user_version"), schema_version);
        store_close(&store);
        free(path);
    }
}

/* ---- places that are no good ---- */

static int refuses(void *path)
{
    struct store *store = NULL;
    struct assay_error err = {0};
    child_drop_powers();
    if (store_open(&store, path, STORE_LOCAL, false, &err) != ASSAY_IO) {
        return 1;
    }
    return strstr(err.what, "/ro") != NULL && strlen(err.what) > strlen("/ro") + 10 ? 0 : 2;
}

static void test_places_that_take_no_file(void **state)
{
    (void)state;
    char *base = place_new("ro");
    struct store *store = NULL;
    struct assay_error err = {0};
    char loop[4096];

    assert_int_equal(mkdir(base, 0700), 0);
    GOOD(store_open(&store, place_with(base, "/there.db"), STORE_LOCAL, false, good));
    store_close(&store);
    assert_int_equal(chmod(base, 0500), 0);
    (void)snprintf(loop, sizeof loop, "%s/new.db", base);
    assert_int_equal(child_wait(child_start(refuses, loop)), 0);
    (void)snprintf(loop, sizeof loop, "%s/deep/new.db", base);
    assert_int_equal(child_wait(child_start(refuses, loop)), 0);
    assert_int_equal(chmod(base, 0700), 0);

    assert_int_equal(mkdir(place_with(base, "/dir.db"), 0700), 0);
    assert_int_equal(store_open(&store, place_with(base, "/dir.db"), STORE_LOCAL, false, &err),
                     ASSAY_IO);
    assert_non_null(strstr(err.what, "not a regular file"));
    assert_int_equal(symlink("loop.db", place_with(base, "/loop.db")), 0);
    err = (struct assay_error){0};
    assert_int_equal(store_open(&store, place_with(base, "/loop.db"), STORE_CACHE, false, &err),
                     ASSAY_IO);
    assert_non_null(strstr(err.what, "symbolic links"));
    err = (struct assay_error){0};
    assert_int_equal(
        store_open(&store, place_with(base, "/there.db/x/store.db"), STORE_LOCAL, false, &err),
        ASSAY_IO);
    assert_non_null(strstr(err.what, "there.db"));
    free(base);
}

static int read_there(void *path)
{
    struct store *store = NULL;
    char *text = NULL;
    child_drop_powers();
    if (store_open(&store, path, STORE_LOCAL, true, NULL) != ASSAY_OK ||
        store_read_note(store, "k", "p", "r", &text, NULL) != ASSAY_OK) {
        return 1;
    }
    int result = strcmp(text, "from long ago") == 0 ? 0 : 2;
    free(text);
    store_close(&store);
    return result;
}

static void test_read_in_a_read_only_folder(void **state)
{
    (void)state;
    char *base = place_new("ro");
    const char *path = place_with(base, "/store.db");
    struct store *store = NULL;

    assert_int_equal(mkdir(base, 0700), 0);
    make_version(path, schema_version);
    GOOD(store_open(&store, path, STORE_LOCAL, false, good)); /* into WAL mode */
    store_close(&store);
    assert_int_equal(chmod(base, 0500), 0);
    assert_int_equal(child_wait(child_start(read_there, (void *)(uintptr_t)path)), 0);
    assert_int_equal(chmod(base, 0700), 0);
    free(base);
}

/* ---- a full disk ---- */

/* Notes until one is refused; exits with how many were taken, of at most 250. */
static int note_until_full(void *path)
{
    struct store *store = NULL;
    struct assay_error err = {0};
    char name[32], text[20001];
    int taken = 0;

    if (store_open(&store, path, STORE_LOCAL, false, NULL) != ASSAY_OK) {
        return 0;
    }
    child_limit_files(1 << 20);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (;; taken++) {
        (void)snprintf(name, sizeof name, "%d", taken);
        if (taken > 250 || store_put_note(store, "k", "p", name, text, &err) != ASSAY_OK) {
            break;
        }
    }
    if (err.status != ASSAY_IO || strstr(err.what, "cannot be written") == NULL ||
        strstr(err.hint, "make room") == NULL) {
        (void)fprintf(stderr, "%s\n", err.what);
        return 0;
    }
    /* Smaller ones may still find room; in a transaction, all or nothing. */
    if (store_begin(store, NULL) == ASSAY_OK) {
        for (int i = 0; i < 50; i++) {
            (void)snprintf(name, sizeof name, "late %d", i);
            (void)store_put_note(store, "k", "p", name, text, NULL);
        }
        if (store_commit(store, NULL) == ASSAY_OK) {
            return 0;
        }
    }
    store_close(&store);
    return taken;
}

static void test_full_disk(void **state)
{
    (void)state;
    char *path = place_new("store.db");
    struct store *store = NULL;

    int taken = child_wait(child_start(note_until_full, path));
    assert_in_range(taken, 10, 250);
    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    assert_int_equal(number(store->sql, "SELECT count(*) FROM note WHERE run NOT LIKE 'late%'"),
                     taken);
    assert_int_equal(number(store->sql, "SELECT count(*) FROM note WHERE run LIKE 'late%'"), 0);
    assert_true(is_sound(store->sql));
    GOOD(store_put_note(store, "k", "p", "r", "room again", good));
    store_close(&store);
    free(path);
}

static void test_backup_of_one_moment(void **state)
{
    (void)state;
    char *path = place_new("store.db");
    struct store *store = NULL, *copy = NULL;

    make_version(path, schema_version);
    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_put_note(store, "k", "p", "r2", "not there yet", good));
    GOOD(store_open(&copy, path, STORE_LOCAL, true, good));
    GOOD(store_backup(copy, place_with(path, ".copy"), good));
    store_close(&copy);
    GOOD(store_commit(store, good));
    store_close(&store);
    GOOD(store_open(&copy, place_with(path, ".copy"), STORE_LOCAL, false, good));
    expect_note(copy);
    assert_int_equal(number(copy->sql, "SELECT count(*) FROM note"), 1);
    store_close(&copy);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_for_its_owner_alone),
        cmocka_unit_test(test_default_places),
        cmocka_unit_test(test_older_is_brought_up_to_date),
        cmocka_unit_test(test_a_step_that_fails_leaves_it_as_it_was),
        cmocka_unit_test(test_several_open_it_at_once),
        cmocka_unit_test(test_one_looks_while_another_makes_it),
        cmocka_unit_test(test_newer_is_refused),
        cmocka_unit_test(test_foreign_is_refused),
        cmocka_unit_test(test_a_damaged_store_is_left_alone),
        cmocka_unit_test(test_a_damaged_cache_is_made_anew),
        cmocka_unit_test(test_a_cache_of_another_version_is_made_anew),
        cmocka_unit_test(test_places_that_take_no_file),
        cmocka_unit_test(test_read_in_a_read_only_folder),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_backup_of_one_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

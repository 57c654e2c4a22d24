/*
 * Artifacts of runs in the local store: what is acknowledged is there whole, nothing that lies
 * in the folders leads the writing elsewhere, and what fails leaves what was there before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/local.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "support/good.h"
#include "support/places.h"

struct place {
    char *store; /* ".../store.db" */
    char *file, *root, *folder;
    char run[ASSAY_RUN_ID_SIZE];
    struct assay_local *local;
};

static void begin(struct place *place)
{
    *place = (struct place){.store = place_new("store.db")};
    GOOD(assay_local_open(&place->local, place->store, good));
    GOOD(assay_local_start(place->local, "files", "one", 1000, place->run, good));
    place->file = assay_strdup(place_with(place->store, ".given"));
    place->root = assay_strdup(place_with(place->store, ".artifacts"));
    place->folder = assay_strdup(place_with(place_with(place->root, "/"), place->run));
    place_write(place->file, "hello", 5);
}

static void end(struct place *place)
{
    assay_local_close(&place->local);
    free(place->store);
    free(place->file);
    free(place->root);
    free(place->folder);
}

static void expect_file(const char *path, const char *text)
{
    size_t length;
    char *bytes = place_read(path, &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
    free(bytes);
}

static void refuse(struct place *place, const char *path, const char *file,
                   enum assay_status status, const char *why)
{
    struct assay_error err = {0};
    assert_int_equal(assay_local_artifact(place->local, place->run, path, file, &err), status);
    if (!strstr(err.what, why))
        fail_msg("\"%s\" says nothing of \"%s\"", err.what, why);
}

/* As the session shows them, for the run NAME: PATHS ends with NULL. */
static void expect_listed(const char *store, const char *name, const char *const *paths)
{
    static const char *const sources[] = {"local"};
    struct assay_session *session = NULL;
    uint32_t run;

    setenv("ASSAY_STORE", store, 1);
    GOOD(assay_session_open(
        &session, &(struct assay_session_options){.sources = sources, .source_count = 1},
        good));
    GOOD(assay_session_wait(session, good));
    GOOD(assay_catalog_find_run(assay_session_catalog(session), name, &run, good));
    const struct assay_artifacts *all = assay_session_artifacts_wait(session, run);
    assert_int_equal(all->load, ASSAY_LOAD_READY);
    for (size_t i = 0; i < all->count; i++) {
        assert_non_null(paths[i]);
        assert_string_equal(all->items[i].path, paths[i]);
    }
    assert_null(paths[all->count]);
    assay_session_close(&session);
}

static void test_kept(void **state)
{
    static const char *const paths[] = {"models", "models/best", "models/best/w.bin",
                                        "store.db.given", NULL};
    struct place place;

    (void)state;
    begin(&place);
    expect_listed(place.store, "files/one", (const char *const[]){NULL});
    GOOD(assay_local_artifact(place.local, place.run, NULL, place.file, good));
    GOOD(assay_local_artifact(place.local, place.run, "models/best/w.bin", place.file, good));
    expect_file(place_with(place.folder, "/store.db.given"), "hello");
    expect_file(place_with(place.folder, "/models/best/w.bin"), "hello");
    assert_int_equal(place_mode(place.root), 0700);
    assert_int_equal(place_mode(place.folder), 0700);
    assert_int_equal(place_mode(place_with(place.folder, "/store.db.given")), 0600);
    expect_listed(place.store, "files/one", paths);
    /* Another file of that name takes its place. */
    place_write(place.file, "other", 5);
    GOOD(assay_local_artifact(place.local, place.run, "models/best/w.bin", place.file, good));
    expect_file(place_with(place.folder, "/models/best/w.bin"), "other");
    expect_listed(place.store, "files/one", paths);
    end(&place);
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",     "/",        "/a",     "a/",       "a//b",   ".",
        "..",   "../a",     "a/../b", "a/./b",    "a/..",   "a\\b",
        "a\nb", "\x1b[31m", "a\x7f",  "\xff\xfe", "a/\xc3", "\xed\xa0\x80",
    };
    char part[300], path[1200];
    struct place place;

    (void)state;
    begin(&place);
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++) {
        refuse(&place, bad[i], place.file, ASSAY_BAD_INPUT, "no path of an artifact");
    }
    memset(part, 'x', sizeof part);
    part[256] = '\0';
    refuse(&place, part, place.file, ASSAY_BAD_INPUT, "no path");
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (size_t i = 100; i < sizeof path - 1; i += 100) {
        path[i] = '/';
    }
    refuse(&place, path, place.file, ASSAY_BAD_INPUT, "no path");
    assert_false(place_exists(place.root)); /* nothing was made for any of them */
    part[255] = '\0';
    GOOD(assay_local_artifact(place.local, place.run, part, place.file, good));
    GOOD(assay_local_artifact(place.local, place.run, "…/ü ñ", place.file, good));
    GOOD(assay_local_artifact(place.local, place.run, "..a/.hidden/-o", place.file, good));
    expect_file(place_with(place.folder, "/…/ü ñ"), "hello");
    end(&place);
}

static void test_what_is_given(void **state)
{
    struct place place;

    (void)state;
    begin(&place);
    refuse(&place, NULL, place_with(place.store, ".none"), ASSAY_BAD_INPUT, "No such file");
    refuse(&place, "a", place_with(place.store, "/."), ASSAY_BAD_INPUT, "Not a directory");
    refuse(&place, "a", ".", ASSAY_BAD_INPUT, "not a regular file");
    refuse(&place, "a", "/dev/zero", ASSAY_BAD_INPUT, "not a regular file");
    const char *pipe =
        place_with(place.store, ".pipe"); /* nobody writes to it: not waited for */
    assert_int_equal(mkfifo(pipe, 0600), 0);
    refuse(&place, "a", pipe, ASSAY_BAD_INPUT, "not a regular file");
    /* A link to a file is what the user names: what it leads to is copied. */
    const char *link = place_with(place.store, ".link");
    assert_int_equal(symlink(place.file, link), 0);
    GOOD(assay_local_artifact(place.local, place.run, "linked", link, good));
    expect_file(place_with(place.folder, "/linked"), "hello");
    end(&place);
}

/* What lies in the folders may be anything: nothing outside of them is written. */
static void test_links_are_not_followed(void **state)
{
    struct place place;
    const char *outside;

    (void)state;
    begin(&place);
    outside = place_with(place.store, ".outside");
    assert_int_equal(mkdir(outside, 0700), 0);
    /* The run's folder. */
    assert_int_equal(mkdir(place.root, 0700), 0);
    assert_int_equal(symlink(outside, place.folder), 0);
    refuse(&place, "a", place.file, ASSAY_IO, "a link or a file");
    assert_int_equal(unlink(place.folder), 0);
    /* One below it. */
    GOOD(assay_local_artifact(place.local, place.run, "a", place.file, good));
    assert_int_equal(symlink(outside, place_with(place.folder, "/deep")), 0);
    refuse(&place, "deep/a", place.file, ASSAY_IO, "a link or a file");
    refuse(&place, "a/b", place.file, ASSAY_IO, "a link or a file");
    /* The file itself: the link is replaced, what it leads to is not. */
    const char *precious = place_with(outside, "/precious");
    place_write(precious, "precious", 8);
    assert_int_equal(symlink(precious, place_with(place.folder, "/b")), 0);
    GOOD(assay_local_artifact(place.local, place.run, "b", place.file, good));
    expect_file(precious, "precious");
    expect_file(place_with(place.folder, "/b"), "hello");
    /* The folder of all. */
    assert_int_equal(rename(place.root, place_with(place.root, ".real")), 0);
    assert_int_equal(symlink(outside, place.root), 0);
    refuse(&place, "c", place.file, ASSAY_IO, "a link or a file");
    assert_false(place_exists(place_with(outside, "/c")));
    assert_false(place_exists(place_with(place_with(outside, "/"), place.run)));
    end(&place);
}

static int put_until_full(void *context)
{
    struct place *place = context;
    struct assay_local *local = NULL;
    struct assay_error err = {0};

    if (assay_local_open(&local, place->store, NULL) != ASSAY_OK) {
        return 1;
    }
    child_limit_files(100000);
    enum assay_status status = assay_local_artifact(local, place->run, "a", place->file, &err);
    assay_local_close(&local);
    return status == ASSAY_IO && strstr(err.what, "artifact a: ") ? 42 : 2;
}

/* Files there are in FOLDER whose names begin as HEAD does. */
static size_t count_of(const char *folder, const char *head)
{
    struct assay_buf command = {0};
    unsigned count = 0;

    assay_buf_format(&command, "ls -A '%s' | grep -c '^%s'", folder, head);
    FILE *pipe = popen(assay_buf_text(&command), "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &count), 1);
    pclose(pipe);
    assay_buf_free(&command);
    return count;
}

static void test_full_disk(void **state)
{
    struct place place;
    char *large = assay_alloc(200000);

    (void)state;
    begin(&place);
    GOOD(assay_local_artifact(place.local, place.run, "a", place.file, good));
    place_write(place.file, large, 200000);
    free(large);
    assert_int_equal(child_wait(child_start(put_until_full, &place)), 42);
    expect_file(place_with(place.folder, "/a"), "hello"); /* as it was */
    assert_int_equal(count_of(place.root, "[.]new-"), 0);
    end(&place);
}

/* What a killed program left half written goes after a day; what is being written stays. */
static void test_left_behind(void **state)
{
    struct place place;
    const struct timespec old[2] = {{.tv_sec = time(NULL) - 2 * 86400},
                                    {.tv_sec = time(NULL) - 2 * 86400}};

    (void)state;
    begin(&place);
    GOOD(assay_local_artifact(place.local, place.run, "a", place.file, good));
    const char *left = place_with(place.root, "/.new-0123456789abcdef");
    const char *young = place_with(place.root, "/.new-fedcba9876543210");
    place_write(left, "half", 4);
    place_write(young, "half", 4);
    assert_int_equal(utimensat(AT_FDCWD, left, old, 0), 0);
    GOOD(assay_local_artifact(place.local, place.run, "b", place.file, good));
    assert_false(place_exists(left));
    assert_true(place_exists(young));
    expect_listed(place.store, "files/one", (const char *const[]){"a", "b", NULL});
    end(&place);
}

static void test_which_runs(void **state)
{
    struct place place;
    struct assay_run run = {.id = "00000000000000000000000000000001",
                            .name = "far",
                            .user = "",
                            .artifact_uri = "",
                            .start_ms = 1000,
                            .end_ms = ASSAY_NO_TIME};
    struct assay_attrs attrs = {0};
    struct assay_import *import = NULL;
    enum assay_import_state is;
    const struct assay_import_run from = {
        .kind = "csv", .where = "/x", .experiment = "files", .run = &run, .attrs = &attrs};

    (void)state;
    begin(&place);
    memset(place.run, '0', 32); /* nobody's */
    refuse(&place, "a", place.file, ASSAY_BAD_INPUT, "there is no such run");
    memcpy(place.run, "../../../../../../../../../etc/x", 32);
    refuse(&place, "a", place.file, ASSAY_BAD_INPUT, "no id of a run");
    GOOD(assay_import_begin(&import, place.local, &from, &is, good));
    GOOD(assay_import_end(import, good));
    memcpy(place.run, run.id, 32);
    assay_import_free(&import);
    refuse(&place, "a", place.file, ASSAY_BAD_INPUT, "its artifacts lie elsewhere");
    assert_false(place_exists(place_with(place_with(place.root, "/"), run.id)));
    end(&place);
}

/* The store and its folder are moved to another place together: the next file finds its way. */
static void test_moved(void **state)
{
    struct place place;
    char *now = place_new("store.db");

    (void)state;
    begin(&place);
    GOOD(assay_local_artifact(place.local, place.run, "a", place.file, good));
    assay_local_close(&place.local);
    assert_int_equal(rename(place.store, now), 0);
    assert_int_equal(rename(place.root, place_with(now, ".artifacts")), 0);
    GOOD(assay_local_open(&place.local, now, good));
    GOOD(assay_local_artifact(place.local, place.run, "b", place.file, good));
    expect_listed(now, "files/one", (const char *const[]){"a", "b", NULL});
    end(&place);
    free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_is_given), cmocka_unit_test(test_links_are_not_followed),
        cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_which_runs),    cmocka_unit_test(test_moved),
    };
    return cmocka_run_group_tests_name("artifacts of the local store", tests, NULL, NULL);
}

/*
 * The bounds of the cache and of the copies beside it: what was used longest ago goes, whole,
 * and is read again when it is wanted; what a session has open stays, and so do servers before
 * anything that lies here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "store/store.h"
#include "support/good.h"
#include "support/mlflow_web.h"
#include "support/own_home.h"
#include "support/places.h"

#define DATA  TEST_DATA "/source/data/"
#define TB    DATA "tb-logs/torch"
#define FIRST DATA "mlflow-1/mlruns"
#define THIRD DATA "mlflow-3/mlruns"

/* Read at the time NOW_MS, everything of it stored; the bound is kept when it is closed. */
static struct assay_session *open_at(const char *place, const char *now_ms, uint64_t most)
{
    struct assay_session *session = NULL;

    /* Only while no session is open, whose threads might read it. */
    if (!getenv("ASSAY_NOW_MS") || strcmp(getenv("ASSAY_NOW_MS"), now_ms) != 0)
        setenv("ASSAY_NOW_MS", now_ms, 1);
    GOOD(assay_session_open(&session,
                            &(struct assay_session_options){
                                .sources = &place, .source_count = 1, .cache_most = most},
                            good));
    GOOD(assay_session_wait(session, good));
    return session;
}

static void read_at(const char *place, const char *now_ms, uint64_t most)
{
    struct assay_session *session = open_at(place, now_ms, most);

    assay_session_close(&session);
}

/* ---- what is in the cache ---- */

struct stored {
    char text[400];
};

static bool add_source(void *context, int64_t id, const char *kind, int64_t read_ms)
{
    struct stored *stored = context;
    size_t used = strlen(stored->text);

    (void)id;
    snprintf(stored->text + used, sizeof stored->text - used, "%s%s@%lld", used ? " " : "",
             kind, (long long)read_ms);
    return true;
}

static struct store *open_cache(void)
{
    struct store *cache = NULL;

    GOOD(store_open(&cache, getenv("ASSAY_CACHE"), STORE_CACHE, true, good));
    return cache;
}

static void expect_stored(const char *expected)
{
    struct stored stored = {0};
    struct store *cache = open_cache();

    GOOD(store_read_sources(cache, add_source, &stored, good));
    store_close(&cache);
    assert_string_equal(stored.text, expected);
}

static uint64_t bytes_stored(void)
{
    struct store *cache = open_cache();
    uint64_t used = 0, unused = 0;

    GOOD(store_size(cache, &used, &unused, good));
    store_close(&cache);
    return used;
}

static void no_cache(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".use"};
    for (size_t i = 0; i < 4; i++)
        remove(place_with(getenv("ASSAY_CACHE"), ends[i]));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *run_content(struct assay_session *session, uint32_t run)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    const struct assay_attrs *attrs = assay_catalog_attrs(catalog, run);
    struct assay_buf out = {0};

    assay_buf_format(&out, "%s %zu %zu\n", assay_catalog_run(catalog, run)->id,
                     attrs->param_count, attrs->tag_count);
    for (size_t m = 0; m < attrs->metric_count; m++) {
        struct assay_series *series = NULL;
        struct assay_point points[4];
        size_t count;

        GOOD(assay_session_series_wait(session, run, attrs->metrics[m].key, &series, good));
        count = assay_series_count(series);
        assay_series_get(series, 0, count < 4 ? count : 4, points);
        assay_buf_format(&out, "  %s %zu %a\n", attrs->metrics[m].key, count,
                         count ? points[0].value : 0.0);
    }
    return assay_buf_take(&out);
}

/* Everything there is of a source, as text; runs come in the order they were read. */
static char *content(struct assay_session *session)
{
    size_t count = assay_catalog_runs(assay_session_catalog(session));
    char **runs = assay_alloc_array(count + 1, sizeof *runs);
    struct assay_buf out = {0};

    assert_true(count > 0);
    for (uint32_t r = 0; r < count; r++)
        runs[r] = run_content(session, r);
    qsort(runs, count, sizeof *runs, by_text);
    for (uint32_t r = 0; r < count; r++) {
        assay_buf_text_add(&out, runs[r]);
        free(runs[r]);
    }
    free(runs);
    return assay_buf_take(&out);
}

/* A store with one run that takes about 300 kB of the cache; free() it. */
static char *large_store(void)
{
    static const char meta[] = "artifact_location: ''\nexperiment_id: '1'\n"
                               "lifecycle_stage: active\nname: large\n";
    static const char run[] = "artifact_uri: ''\nexperiment_id: '1'\nlifecycle_stage: active\n"
                              "run_id: 0123456789abcdef0123456789abcdef\nrun_name: large\n"
                              "start_time: 1\nstatus: 3\nuser_id: dev\n";
    char *root = place_new("mlruns"), *text = assay_alloc(300000);
    char *tags = assay_strdup(place_with(root, "/1/0123456789abcdef0123456789abcdef/tags"));

    memset(text, 'x', 300000);
    GOOD(assay_make_directories(tags, good));
    place_write(place_with(root, "/1/meta.yaml"), meta, strlen(meta));
    place_write(place_with(tags, "/../meta.yaml"), run, strlen(run));
    place_write(place_with(tags, "/big"), text, 300000);
    free(text);
    free(tags);
    return root;
}

/* ---- the cache ---- */

static void the_oldest_goes_whole(void **state)
{
    char *first = large_store(), *second = large_store(), *third = large_store();
    uint64_t two, one;

    (void)state;
    no_cache();
    read_at(first, "1000", 0);
    one = bytes_stored();
    read_at(second, "2000", 0);
    two = bytes_stored();
    assert_true(two > one + 300000);
    read_at(first, "3000", 0); /* again: now the other is the oldest */
    expect_stored("mlflow-files@3000 mlflow-files@2000");
    read_at(third, "4000", two);
    expect_stored("mlflow-files@3000 mlflow-files@4000");
    assert_true(bytes_stored() <= two);
    read_at(second, "5000", one);
    expect_stored("mlflow-files@5000");
    assert_true(bytes_stored() <= one);
    /* Nothing fits: what is open stays all the same. */
    read_at(first, "6000", 1);
    expect_stored("mlflow-files@6000");
    /* Far below the bound, nothing goes. */
    read_at(third, "7000", 0);
    read_at(second, "8000", 0);
    expect_stored("mlflow-files@6000 mlflow-files@8000 mlflow-files@7000");
    free(first);
    free(second);
    free(third);
}

/* What was removed is read again and is what it was, however often. */
static void what_went_comes_back(void **state)
{
    static const char *const places[] = {TB, FIRST, THIRD};
    char *before[3], *now, time[16];
    struct assay_session *session;

    (void)state;
    no_cache();
    for (int round = 0; round < 9; round++) {
        snprintf(time, sizeof time, "%d", 1000 + round);
        session = open_at(places[round % 3], time, 1);
        now = content(session);
        if (round < 3)
            before[round] = now;
        else
            assert_string_equal(now, before[round % 3]);
        if (round >= 3)
            free(now);
        assay_session_close(&session);
    }
    for (int i = 0; i < 3; i++)
        free(before[i]);
}

static void what_is_open_stays(void **state)
{
    struct assay_session *held, *again;
    char *before, *now;

    (void)state;
    no_cache();
    held = open_at(TB, "1000", 0);
    before = content(held);
    assay_session_close(&held);
    /* Once as the session that stored it, once as one that found it there. */
    for (int found = 0; found < 2; found++) {
        if (!found)
            no_cache();
        held = open_at(TB, "1000", 0);
        again = open_at(FIRST, "1000", 1);
        assay_session_close(&again);
        read_at(THIRD, "1000", 1); /* by now it is stored, whatever the first was doing */
        now = content(held);
        assert_string_equal(now, before);
        free(now);
        assay_session_close(&held);
        held = open_at(TB, "1500", 0);
        now = content(held);
        assert_string_equal(now, before);
        free(now);
        assay_session_close(&held);
    }
    expect_stored("tensorboard@1500 mlflow-files@1000");
    read_at(THIRD, "4000", 1); /* nobody has it open any more */
    expect_stored("mlflow-files@4000");
    free(before);
}

static void servers_go_last(void **state)
{
    struct fake_mlflow fake = {0};
    char *first = large_store(), *second = large_store();
    uint64_t most;

    (void)state;
    no_cache();
    fake_mlflow_start(&fake, 1, 3, 2, 50);
    read_at(web_url(fake.web), "1000", 0); /* the oldest */
    read_at(first, "2000", 0);
    most = bytes_stored();
    read_at(second, "3000", most);
    expect_stored("mlflow@1000 mlflow-files@3000");
    read_at(first, "4000", 1);
    expect_stored("mlflow-files@4000");
    fake_mlflow_stop(&fake);
    free(first);
    free(second);
}

/* ---- copies of artifacts ---- */

static char *copy_of(struct assay_session *session, uint32_t run)
{
    struct assay_artifact wanted = {.path = "deep dir/a.txt", .bytes = 6};
    const struct assay_copy *copy = assay_session_copy_wait(session, run, &wanted);

    assert_int_equal(copy->load, ASSAY_LOAD_READY);
    assert_true(place_exists(copy->path));
    return assay_strdup(copy->path);
}

static void set_used(const char *path, time_t second)
{
    const struct timespec times[2] = {{.tv_sec = second}, {.tv_nsec = UTIME_OMIT}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct assay_session *open_server(const char *url, uint64_t copies_most)
{
    struct assay_session *session = NULL;

    GOOD(assay_session_open(&session,
                            &(struct assay_session_options){
                                .sources = &url, .source_count = 1, .copies_most = copies_most},
                            good));
    GOOD(assay_session_wait(session, good));
    return session;
}

static void old_copies_go(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session, *other;
    char *paths[4], *folder, *stranger;
    char *left;

    (void)state;
    no_cache();
    fake_mlflow_start(&fake, 1, 4, 1, 1);
    session = open_server(web_url(fake.web), 0);
    for (uint32_t i = 0; i < 3; i++)
        paths[i] = copy_of(session, i);
    assay_session_close(&session);
    folder = assay_path_directory(paths[0]);
    stranger = assay_path_join(folder, "not a copy");
    left = assay_strdup(place_with(paths[2], ".part"));
    place_write(stranger, "hello\n", 6);
    place_write(left, "hel", 3); /* of a program that was killed */
    set_used(left, 50);
    set_used(stranger, 10);
    for (int i = 0; i < 3; i++)
        set_used(paths[i], 100 + i);
    /* Looked at again, the first is not the oldest any more; held, it would stay anyhow. */
    session = open_server(web_url(fake.web), 0);
    free(copy_of(session, 0));
    other = open_server(web_url(fake.web), 13); /* room for two of them */
    paths[3] = copy_of(other, 3);
    assert_true(place_exists(paths[0]));
    assert_false(place_exists(paths[1]));
    assert_false(place_exists(paths[2]));
    assert_true(place_exists(paths[3]));
    assert_false(place_exists(left));
    assert_true(place_exists(stranger));
    assay_session_close(&other);
    /* What is held stays however old it is, and what is wanted again is fetched again. */
    set_used(paths[0], 100);
    other = open_server(web_url(fake.web), 1);
    free(copy_of(other, 1));
    assert_true(place_exists(paths[0]));
    assert_true(place_exists(paths[1]));
    assert_false(place_exists(paths[3]));
    assay_session_close(&other);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
    for (int i = 0; i < 4; i++)
        free(paths[i]);
    free(folder);
    free(stranger);
    free(left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_goes_whole), cmocka_unit_test(what_went_comes_back),
        cmocka_unit_test(what_is_open_stays),    cmocka_unit_test(servers_go_last),
        cmocka_unit_test(old_copies_go),
    };
    return cmocka_run_group_tests_name("room", tests, own_home_make, own_home_remove);
}

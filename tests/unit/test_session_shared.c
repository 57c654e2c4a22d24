/*
 * Several processes with one cache: they follow the same growing TensorBoard files, and each of
 * them may store what is new. Every point must be in the cache once, and on every screen once.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "store/store.h"
#include "support/good.h"
#include "support/places.h"
#include "support/tb_writer.h"

#define DEADLINE_US 30000000
#define RUNS        3
#define TAGS        4

static char *logs;
static int64_t written[RUNS]; /* points of each tag so far */

static const char *run_name(int run)
{
    static const char *const names[RUNS] = {"a", "b", "c"};
    return names[run];
}

static const char *tag_name(int tag)
{
    static const char *const names[TAGS] = {"loss", "acc", "train/x", "train/y"};
    return names[tag];
}

/* COUNT further points of every tag of RUN; the value says which. */
static void grow(int run, int count)
{
    struct assay_buf bytes = {0};
    const char *directory = place_with(logs, place_with("/", run_name(run)));
    const char *path = place_with(directory, "/events.out.tfevents.1760000000.host.1.0");
    bool append = written[run] > 0;

    if (!append) {
        assert_int_equal(mkdir(directory, 0700), 0);
        tb_put_version(&bytes, 1760000000);
    }
    for (int i = 0; i < count; i++, written[run]++) {
        for (int tag = 0; tag < TAGS; tag++) {
            tb_put_point(&bytes, 1760000000 + (double)written[run], written[run], tag_name(tag),
                         (float)(written[run] * TAGS + tag));
        }
    }
    tb_write_file(path, &bytes, append, assay_now_ms());
    assay_buf_free(&bytes);
}

static int make_logs(void **state)
{
    (void)state;
    logs = place_new("logs");
    assert_int_equal(mkdir(logs, 0700), 0);
    setenv("ASSAY_CACHE", place_with(logs, "-cache.db"), 1);
    setenv("ASSAY_STORE", place_with(logs, "-store.db"), 1);
    unsetenv("ASSAY_SOURCES");
    memset(written, 0, sizeof written);
    return 0;
}

static int free_logs(void **state)
{
    (void)state;
    free(logs);
    return 0;
}

/* ---- what is there ---- */

/* Whether SERIES holds the first COUNT points of TAG and no other. */
static bool is_exact(const struct assay_series *series, int tag, int64_t count)
{
    size_t n = series ? assay_series_count(series) : 0;
    struct assay_point *points = assay_alloc_array(n + 1, sizeof *points);
    bool exact = (int64_t)n == count;

    if (n > 0) {
        assay_series_get(series, 0, n, points);
    }
    for (size_t i = 0; i < n && exact; i++) {
        exact = points[i].step == (int64_t)i && points[i].value == (double)(i * TAGS) + tag;
    }
    free(points);
    return exact;
}

/* The cache itself: every tag of every run, none twice. *COUNTS: points of the first tag of each
   run, and WHOLE, of all its tags; not so where a file was last read while it was written. */
static void check_cache(bool whole, int64_t counts[RUNS])
{
    struct store *store = NULL;
    int64_t source = 0, row = 0;

    GOOD(store_open(&store, getenv("ASSAY_CACHE"), STORE_CACHE, true, good));
    GOOD(store_find_source(store, "tensorboard", logs, &source, good));
    for (int run = 0; run < RUNS; run++) {
        GOOD(store_find_run(store, source, run_name(run), &row, good));
        for (int tag = 0; tag < TAGS && row != 0; tag++) {
            struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
            GOOD(store_read_series(store, row, tag_name(tag), series, good));
            int64_t count = (int64_t)assay_series_count(series);
            if (tag == 0) {
                counts[run] = count;
            }
            if (!is_exact(series, tag, whole ? counts[run] : count)) {
                fail_msg("run %s, %s: %lld points, and not the first %lld", run_name(run),
                         tag_name(tag), (long long)count, (long long)counts[run]);
            }
            assay_series_free(&series);
        }
    }
    store_close(&store);
}

static struct assay_session *open_session(bool live)
{
    struct assay_session *session = NULL;
    const char *source = logs;
    const struct assay_session_options options = {
        .sources = &source, .source_count = 1, .live = live};
    GOOD(assay_session_open(&session, &options, good));
    return session;
}

static uint32_t find_run(struct assay_session *session, int run)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    for (uint32_t i = 0; i < assay_catalog_runs(catalog); i++) {
        if (strcmp(assay_catalog_run(catalog, i)->id, run_name(run)) == 0) {
            return i;
        }
    }
    return ASSAY_NONE;
}

/* Whether SESSION shows every point written so far, in the series and in the summaries. */
static bool shows_all(struct assay_session *session)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    bool all = true;
    for (int run = 0; run < RUNS; run++) {
        uint32_t at = find_run(session, run);
        for (int tag = 0; tag < TAGS && written[run] > 0; tag++) {
            enum assay_load load;
            const struct assay_metric *metric =
                at == ASSAY_NONE
                    ? NULL
                    : assay_attrs_metric(assay_catalog_attrs(catalog, at), tag_name(tag));
            all = all && metric && (int64_t)metric->summary.n == written[run];
            all = at != ASSAY_NONE &&
                  is_exact(assay_session_series(session, at, tag_name(tag), &load), tag,
                           written[run]) &&
                  all;
        }
    }
    return all;
}

static void fail_late(struct assay_session *session)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    for (int run = 0; run < RUNS; run++) {
        uint32_t at = find_run(session, run);
        for (int tag = 0; tag < TAGS && at != ASSAY_NONE; tag++) {
            enum assay_load load;
            const struct assay_series *series =
                assay_session_series(session, at, tag_name(tag), &load);
            const struct assay_metric *metric =
                assay_attrs_metric(assay_catalog_attrs(catalog, at), tag_name(tag));
            print_error("run %s, %s: %lld written, %lld in its summary, %lld points, load %d\n",
                        run_name(run), tag_name(tag), (long long)written[run],
                        metric ? (long long)metric->summary.n : -1LL,
                        series ? (long long)assay_series_count(series) : -1LL, (int)load);
        }
    }
    fail_msg("not everything is shown after %d s", DEADLINE_US / 1000000);
}

/* Lets all COUNT sessions go on until each of them shows everything. */
static void until_all_shown(struct assay_session **sessions, size_t count)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    for (size_t ready = 0; ready < count;) {
        struct pollfd polls[8];
        for (size_t i = 0; i < count; i++) {
            polls[i] = (struct pollfd){.fd = assay_session_fd(sessions[i]), .events = POLLIN};
        }
        (void)poll(polls, count, 50);
        ready = 0;
        for (size_t i = 0; i < count; i++) {
            (void)assay_session_dispatch(sessions[i]);
            ready += shows_all(sessions[i]);
        }
        for (size_t i = 0; i < count && assay_monotonic_us() >= until; i++) {
            if (!shows_all(sessions[i])) {
                fail_late(sessions[i]);
            }
        }
    }
}

/* ---- live sessions ---- */

static void test_two_workbenches_follow_one_file(void **state)
{
    (void)state;
    struct assay_session *sessions[3];
    int64_t counts[RUNS] = {0};

    grow(0, 5000);
    grow(1, 10);
    for (size_t i = 0; i < ASSAY_COUNT(sessions); i++) {
        sessions[i] = open_session(true);
        GOOD(assay_session_wait(sessions[i], good));
    }
    until_all_shown(sessions, ASSAY_COUNT(sessions));
    for (int round = 0; round < 12; round++) {
        grow(round % RUNS, 1 + round * 37);
        if (round % 3 == 0) {
            grow(0, 1);
        }
        until_all_shown(sessions, ASSAY_COUNT(sessions));
    }
    for (size_t i = 0; i < ASSAY_COUNT(sessions); i++) {
        assay_session_close(&sessions[i]);
    }
    check_cache(true, counts);
    sessions[0] = open_session(false);
    GOOD(assay_session_wait(sessions[0], good));
    until_all_shown(sessions, 1);
    assay_session_close(&sessions[0]);
    check_cache(true, counts);
    for (int run = 0; run < RUNS; run++) {
        assert_int_equal(counts[run], written[run]);
    }
}

/* ---- processes that come and go ---- */

static int look_again_and_again(void *context)
{
    int end = *(int *)context;
    struct pollfd closed = {.fd = end, .events = POLLIN};
    while (poll(&closed, 1, 0) == 0) {
        struct assay_session *session = open_session(false);
        enum assay_load load;
        if (assay_session_wait(session, NULL) != ASSAY_OK) {
            return 1;
        }
        for (int run = 0; run < RUNS; run++) {
            uint32_t at = find_run(session, run);
            if (at != ASSAY_NONE) {
                (void)assay_session_series(session, at, tag_name(run), &load);
            }
        }
        assay_session_close(&session);
    }
    return 0;
}

/* Grows the files for MS, ROUNDS times at least, while three processes look, and judges what they
   leave. */
static void come_and_go(int64_t ms, int rounds)
{
    int ends[2];
    pid_t children[3];
    int64_t counts[RUNS] = {0};
    struct assay_session *session = NULL;

    assert_int_equal(pipe(ends), 0);
    grow(0, 100);
    for (size_t i = 0; i < ASSAY_COUNT(children); i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            close(ends[1]);
            _exit(look_again_and_again(&ends[0]));
        }
    }
    int64_t until = assay_monotonic_us() + ms * 1000;
    for (int round = 0; assay_monotonic_us() < until || round < rounds; round++) {
        grow(round % RUNS, 1 + round % 50);
        (void)poll(NULL, 0, 3);
    }
    close(ends[1]); /* the children see it and end */
    close(ends[0]);
    for (size_t i = 0; i < ASSAY_COUNT(children); i++) {
        assert_int_equal(child_wait(children[i]), 0);
    }
    check_cache(false, counts);
    session = open_session(false);
    GOOD(assay_session_wait(session, good));
    until_all_shown(&session, 1);
    assay_session_close(&session);
    check_cache(true, counts);
    for (int run = 0; run < RUNS; run++) {
        assert_int_equal(counts[run], written[run]);
    }
}

static void test_processes_that_come_and_go(void **state)
{
    (void)state;
    come_and_go(1500, 100);
}

/* Most goes wrong at the beginning, when a run is first met, and at the end, when nothing comes
   after that would mend it. */
static void test_short_lives(void **state)
{
    for (int round = 0; round < 15; round++) {
        come_and_go(30, RUNS);
        free_logs(state);
        make_logs(state);
    }
}

/* ---- a run that is removed ---- */

static void look_once(bool there)
{
    struct assay_session *session = open_session(false);
    GOOD(assay_session_wait(session, good));
    for (int run = 0; run < 2; run++) {
        uint32_t at = find_run(session, run);
        bool gone = at == ASSAY_NONE || assay_catalog_run(assay_session_catalog(session), at)->gone;
        assert_int_equal(gone, run == 1 && !there);
    }
    if (there) {
        struct assay_series *series = NULL;
        GOOD(assay_session_series_wait(session, find_run(session, 1), tag_name(0), &series,
                                       good));
        assert_true(is_exact(series, 0, written[1]));
    }
    assay_session_close(&session);
}

static void test_a_run_that_was_removed_stays_so(void **state)
{
    (void)state;
    const char *directory = place_with(logs, "/b");
    const char *away = place_with(logs, "-b");
    grow(0, 10);
    grow(1, 20);
    look_once(true);
    assert_int_equal(rename(directory, away), 0);
    for (int again = 0; again < 3; again++) {
        look_once(false);
    }
    assert_int_equal(rename(away, directory), 0);
    grow(1, 1);
    for (int again = 0; again < 3; again++) {
        look_once(true);
    }
}

/* A process that is killed while it stores leaves nothing that is read twice. */
static void test_killed_while_storing(void **state)
{
    (void)state;
    int64_t counts[RUNS] = {0};
    struct assay_session *session = NULL;

    for (int round = 0; round < 25; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        grow(round % RUNS, 2000);
        grow(0, 1);
        pid_t child = child_start(look_again_and_again, &ends[0]);
        int64_t until = assay_monotonic_us() + round * 1700;
        while (assay_monotonic_us() < until) {
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(child_wait(child), -1);
        close(ends[0]);
        close(ends[1]);
    }
    session = open_session(false);
    GOOD(assay_session_wait(session, good));
    until_all_shown(&session, 1);
    assay_session_close(&session);
    check_cache(true, counts);
    for (int run = 0; run < RUNS; run++) {
        assert_int_equal(counts[run], written[run]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_workbenches_follow_one_file, make_logs,
                                        free_logs),
        cmocka_unit_test_setup_teardown(test_processes_that_come_and_go, make_logs, free_logs),
        cmocka_unit_test_setup_teardown(test_short_lives, make_logs, free_logs),
        cmocka_unit_test_setup_teardown(test_a_run_that_was_removed_stays_so, make_logs,
                                        free_logs),
        cmocka_unit_test_setup_teardown(test_killed_while_storing, make_logs, free_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

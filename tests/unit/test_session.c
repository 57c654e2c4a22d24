/*
 * The session end to end: a file store and the local store read into the catalog, the cache
 * behind it, a second start from the cache, changes followed, and life without a cache.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/session.h>

#include "model/attrs.h"
#include "session/session_private.h"

#define DEADLINE_US 20000000

static char root[256]; /* a directory of this test's own */

static void put_file(const char *name, const char *text)
{
    char *path = assay_path_join(root, name);
    char *directory = assay_path_directory(path);

    assert_int_equal(assay_make_directories(directory, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(directory);
    free(path);
}

static void append(const char *name, const char *text)
{
    char *path = assay_path_join(root, name);
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(path);
}

#define RUN_A "0123456789abcdef0123456789abcdef"
#define RUN_B "fedcba98765432100123456789abcdef"

static void put_run(const char *id, const char *name, int status, const char *end)
{
    struct assay_buf path = {0}, meta = {0};
    static const char *const folders[] = {"params", "tags", "artifacts"};

    assay_buf_format(&path, "mlruns/1/%s/meta.yaml", id);
    assay_buf_format(&meta,
                     "artifact_uri: file://%s/mlruns/1/%s/artifacts\nend_time: %s\n"
                     "entry_point_name: ''\nexperiment_id: '1'\nlifecycle_stage: active\n"
                     "run_id: %s\nrun_name: %s\nrun_uuid: %s\nsource_name: ''\nsource_type: 4\n"
                     "source_version: ''\nstart_time: 1760000000000\nstatus: %d\ntags: []\n"
                     "user_id: adm\n",
                     root, id, end, id, name, id, status);
    put_file(assay_buf_text(&path), assay_buf_text(&meta));
    for (size_t i = 0; i < 3; i++) {
        assay_buf_reset(&path);
        assay_buf_format(&path, "%s/mlruns/1/%s/%s", root, id, folders[i]);
        assert_int_equal(assay_make_directories(assay_buf_text(&path), NULL), ASSAY_OK);
    }
    assay_buf_free(&path);
    assay_buf_free(&meta);
}

static void make_tree(void)
{
    put_file(
        "mlruns/1/meta.yaml",
        "artifact_location: ''\ncreation_time: 1\nexperiment_id: '1'\nlast_update_time: 1\n"
        "lifecycle_stage: active\nname: sweep\n");
    put_run(RUN_A, "first", 3, "1760000060000");
    put_run(RUN_B, "second", 1, "null");
    put_file("mlruns/1/" RUN_A "/metrics/train/loss", "1760000000001 0.5 0\n"
                                                      "1760000000002 0.25 1\n"
                                                      "1760000000003 nan 2\n");
    put_file("mlruns/1/" RUN_A "/params/lr", "0.1");
    put_file("mlruns/1/" RUN_B "/metrics/train/loss", "1760000000001 0.75 0\n");
    put_file("mlruns/1/" RUN_B "/params/lr", "0.01");
    put_file("mlruns/1/" RUN_A "/artifacts/model/weights.bin", "12345");
}

static int set_up(void **state)
{
    const char *base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    struct assay_buf path = {0};

    (void)state;
    snprintf(root, sizeof root, "%s/session-XXXXXX", base);
    assert_non_null(mkdtemp(root));
    assay_buf_format(&path, "%s/store.db", root);
    setenv("ASSAY_STORE", assay_buf_text(&path), 1);
    assay_buf_reset(&path);
    assay_buf_format(&path, "%s/cache.db", root);
    setenv("ASSAY_CACHE", assay_buf_text(&path), 1);
    assay_buf_free(&path);
    unsetenv("ASSAY_SOURCES");
    return 0;
}

static int tear_down(void **state)
{
    struct assay_buf command = {0};
    int status;

    (void)state;
    assay_buf_format(&command, "chmod -R u+rwX '%s' && rm -rf '%s'", root, root);
    status = system(assay_buf_text(&command));
    assay_buf_free(&command);
    return status;
}

static struct assay_session *open_tree(bool live)
{
    struct assay_session *session = NULL;
    struct assay_error err = {0};
    char *path = assay_path_join(root, "mlruns");
    const char *const sources[] = {path};

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){.sources = sources,
                                                                        .source_count = 1,
                                                                        .live = live},
                                        &err),
                     ASSAY_OK);
    free(path);
    return session;
}

static void pack_them(void *context, const struct assay_attrs *attrs)
{
    attrs_pack(attrs, context);
}

/* Attributes looked at once are those that are kept. */
static void check_look(struct assay_catalog *catalog, uint32_t run)
{
    struct assay_buf before = {0}, kept = {0}, after = {0};

    assay_catalog_look(catalog, run, pack_them, &before);
    attrs_pack(assay_catalog_attrs(catalog, run), &kept);
    assay_catalog_look(catalog, run, pack_them, &after);
    assert_true(kept.length > 0);
    assert_int_equal(before.length, kept.length);
    assert_memory_equal(before.data, kept.data, kept.length);
    assert_int_equal(after.length, kept.length);
    assert_memory_equal(after.data, kept.data, kept.length);
    assay_buf_free(&before);
    assay_buf_free(&kept);
    assay_buf_free(&after);
}

static void check_runs(struct assay_session *session)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    const struct assay_attrs *attrs;
    const struct assay_metric *metric;
    struct assay_error err = {0};
    uint32_t run;

    assert_int_equal(assay_catalog_runs(catalog), 2);
    assert_int_equal(assay_catalog_find_run(catalog, "0123", &run, &err), ASSAY_OK);
    assert_string_equal(assay_catalog_run(catalog, run)->name, "first");
    assert_int_equal(assay_catalog_run(catalog, run)->status, ASSAY_RUN_FINISHED);
    assert_int_equal(assay_catalog_run(catalog, run)->end_ms, 1760000060000);
    check_look(catalog, run);
    attrs = assay_catalog_attrs(catalog, run);
    assert_string_equal(assay_attrs_param(attrs, "lr"), "0.1");
    metric = assay_attrs_metric(attrs, "train/loss");
    assert_non_null(metric);
    assert_int_equal(metric->summary.n, 3);
    assert_int_equal(metric->summary.nonfinite, 1);
    assert_true(metric->summary.min == 0.25 && metric->summary.max == 0.5);
    assert_true(isnan(metric->summary.last));
    assert_int_equal(assay_catalog_find_run(catalog, "sweep/second", &run, &err), ASSAY_OK);
    assert_int_equal(assay_catalog_run(catalog, run)->status, ASSAY_RUN_RUNNING);
    assert_int_equal(assay_catalog_experiment(catalog, 0)->runs, 2);
    assert_int_equal(assay_catalog_experiment(catalog, 0)->running, 1);
}

static void reads_a_file_store_and_its_points(void **state)
{
    struct assay_session *session;
    struct assay_series *series = NULL;
    const struct assay_artifacts *artifacts;
    struct assay_point points[3];
    struct assay_error err = {0};
    uint32_t run;

    (void)state;
    make_tree();
    session = open_tree(false);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    check_runs(session);
    assert_int_equal(assay_catalog_find_run(assay_session_catalog(session), RUN_A, &run, &err),
                     ASSAY_OK);
    assert_int_equal(assay_session_series_wait(session, run, "train/loss", &series, &err),
                     ASSAY_OK);
    assert_int_equal(assay_series_count(series), 3);
    assay_series_get(series, 0, 3, points);
    assert_int_equal(points[1].step, 1);
    assert_int_equal(points[1].time_ms, 1760000000002);
    assert_true(points[1].value == 0.25 && isnan(points[2].value));
    assert_int_equal(assay_session_series_wait(session, run, "nothing", &series, &err),
                     ASSAY_BAD_INPUT);
    artifacts = assay_session_artifacts_wait(session, run);
    assert_int_equal(artifacts->load, ASSAY_LOAD_READY);
    assert_int_equal(artifacts->count, 2);
    assert_string_equal(artifacts->items[1].path, "model/weights.bin");
    assert_int_equal(artifacts->items[1].bytes, 5);
    assay_session_close(&session);
}

static void starts_again_from_the_cache(void **state)
{
    struct assay_session *session;
    struct assay_error err = {0};
    int64_t until = assay_monotonic_us() + DEADLINE_US;

    (void)state;
    make_tree();
    session = open_tree(false);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    assay_session_close(&session);

    session = open_tree(true);
    while (!assay_catalog_sources(assay_session_catalog(session)) &&
           assay_monotonic_us() < until) {
        struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
    /* Known the moment the source is: nothing has been read from its files yet or it just has.
     */
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 2);
    check_runs(session);
    assert_true(assay_catalog_source(assay_session_catalog(session), 0)->read_ms !=
                ASSAY_NO_TIME);
    assay_session_close(&session);
}

static void follows_a_growing_file(void **state)
{
    struct assay_session *session;
    struct assay_error err = {0};
    struct assay_catalog *catalog;
    const struct assay_metric *metric = NULL;
    enum assay_load load;
    struct assay_series *series;
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    uint32_t run;

    (void)state;
    make_tree();
    session = open_tree(true);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_find_run(catalog, RUN_B, &run, &err), ASSAY_OK);
    assert_int_equal(assay_session_series_wait(session, run, "train/loss", &series, &err),
                     ASSAY_OK);
    append("mlruns/1/" RUN_B "/metrics/train/loss", "1760000000005 0.125 1\n");
    do {
        struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

        poll(&ready, 1, 100);
        assay_session_dispatch(session);
        metric = assay_attrs_metric(assay_catalog_attrs(catalog, run), "train/loss");
        series = assay_session_series(session, run, "train/loss", &load);
    } while ((metric->summary.n < 2 || !series || assay_series_count(series) < 2) &&
             assay_monotonic_us() < until);
    assert_int_equal(metric->summary.n, 2);
    assert_true(metric->summary.last == 0.125);
    assert_int_equal(assay_series_count(series), 2);
    assay_session_close(&session);
}

/* A param logged alone, and one in a folder of its own, are shown without waiting for a metric. */
static void follows_params(void **state)
{
    static const char *const keys[] = {"late", "optimizer/lr", "optimizer/decay"};
    struct assay_session *session;
    struct assay_error err = {0};
    uint32_t run;

    (void)state;
    make_tree();
    session = open_tree(true);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    struct assay_catalog *catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_find_run(catalog, RUN_B, &run, &err), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(keys); i++) {
        int64_t until = assay_monotonic_us() + DEADLINE_US;
        char path[200];
        const char *value = NULL;

        snprintf(path, sizeof path, "mlruns/1/" RUN_B "/params/%s", keys[i]);
        put_file(path, "7");
        while (!value && assay_monotonic_us() < until) {
            struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

            poll(&ready, 1, 100);
            assay_session_dispatch(session);
            value = assay_attrs_param(assay_catalog_attrs(catalog, run), keys[i]);
        }
        assert_non_null(value);
        assert_string_equal(value, "7");
    }
    assay_session_close(&session);
}

/* Whether the one source is looked at again. That is not said to be reading: what was read is
   there, and the word would come and go with every file that moves. */
static bool is_looked_at(struct assay_session *session)
{
    const struct assay_catalog *catalog = assay_session_catalog(session);
    struct assay_job_info jobs[8];
    size_t count = assay_session_jobs(session, jobs, 8);
    bool looked = false;

    assert_int_equal(assay_catalog_source(catalog, 0)->state, ASSAY_SOURCE_READY);
    for (size_t i = 0; i < count; i++) {
        assert_true(jobs[i].finished || jobs[i].look);
        looked |= !jobs[i].finished;
    }
    return looked;
}

/* Dispatches until the one source is being looked at again, or no longer. */
static void wait_for_scan(struct assay_session *session, bool scanning)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;

    while (is_looked_at(session) != scanning) {
        struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

        assert_true(assay_monotonic_us() < until);
        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
}

/* What comes into a folder after it was read, and before it is watched, is no event. */
static void misses_nothing_before_it_watches(void **state)
{
    struct assay_session *session;
    struct assay_error err = {0};
    struct pollfd ready;
    uint32_t run;

    (void)state;
    make_tree();
    session = open_tree(true);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    struct assay_catalog *catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_find_run(catalog, RUN_B, &run, &err), ASSAY_OK);
    /* The look that setting the first watches asks for. */
    wait_for_scan(session, true);
    wait_for_scan(session, false);
    put_file("mlruns/1/" RUN_B "/params/optimizer/lr", "7");
    wait_for_scan(session, true);
    /* It tells what it read, and nobody has listened yet. */
    ready = (struct pollfd){.fd = assay_session_fd(session), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 20000), 1);
    put_file("mlruns/1/" RUN_B "/params/optimizer/decay", "8");
    wait_for_scan(session, false);
    wait_for_scan(session, true);
    wait_for_scan(session, false);
    const struct assay_attrs *attrs = assay_catalog_attrs(catalog, run);
    assert_string_equal(assay_attrs_param(attrs, "optimizer/lr"), "7");
    assert_string_equal(assay_attrs_param(attrs, "optimizer/decay"), "8");
    assay_session_close(&session);
}

static void lives_without_a_cache(void **state)
{
    struct assay_session *session;
    struct assay_error err = {0};
    const char *const *notices;

    (void)state;
    make_tree();
    setenv("ASSAY_CACHE", "/proc/no/such/cache.db", 1);
    session = open_tree(false);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    check_runs(session);
    while (!assay_session_notices(session, &notices)) {
        struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

        assert_int_equal(poll(&ready, 1, 10000), 1);
        assay_session_dispatch(session);
    }
    assert_non_null(strstr(notices[0], "cache"));
    assay_session_close(&session);
}

static void check_params(struct assay_session *session)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_runs(catalog), 8);
    for (uint32_t run = 0; run < 8; run++)
        assert_non_null(assay_attrs_param(assay_catalog_attrs(catalog, run), "lr"));
}

/* What comes to be kept after the cache was given up, before that is known here, is as little
   kept as what came first: it stays in memory. How far the writer gets in the meantime is
   chance, so there are many rounds. */
static void loses_nothing_with_the_cache(void **state)
{
    char places[4][300];
    const char *sources[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char to[300];
        make_tree();
        snprintf(to, sizeof to, "%s/mlruns", root);
        snprintf(places[i], sizeof places[i], "%s/copy-%zu", root, i);
        assert_int_equal(rename(to, places[i]), 0);
        sources[i] = places[i];
    }
    setenv("ASSAY_CACHE", "/proc/no/such/cache.db", 1);
    for (int round = 0; round < 30; round++) {
        const struct assay_session_options options = {.sources = sources, .source_count = 4};
        struct assay_session *session = NULL;
        struct assay_error err = {0};
        assert_int_equal(assay_session_open(&session, &options, &err), ASSAY_OK);
        assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
        while (session->writer) {
            struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};
            assert_int_equal(poll(&ready, 1, 10000), 1);
            assay_session_dispatch(session);
        }
        while (session->inbox_first) /* the writer's thread has ended */
            assay_session_dispatch(session);
        check_params(session);
        assay_session_close(&session);
    }
}

static void shows_the_local_store_and_what_is_added(void **state)
{
    struct assay_session *session = NULL;
    struct assay_local *local = NULL;
    struct assay_error err = {0};
    struct assay_catalog *catalog;
    struct assay_series *series = NULL;
    char id[ASSAY_RUN_ID_SIZE];
    char cwd[4096];
    struct assay_log_point points[2] = {
        {.metric = "loss", .point = {.step = 0, .time_ms = 1, .value = 2}},
        {.metric = "loss", .point = {.step = 1, .time_ms = 2, .value = 1}},
    };
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    uint32_t run;

    (void)state;
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(root), 0);
    assert_int_equal(assay_local_open(&local, NULL, &err), ASSAY_OK);
    assert_int_equal(assay_local_start(local, "demo", "one", 5, id, &err), ASSAY_OK);
    assert_int_equal(
        assay_session_open(&session, &(struct assay_session_options){.live = true}, &err),
        ASSAY_OK);
    catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_runs(catalog), 1); /* at once, before any dispatch */
    assert_int_equal(assay_catalog_find_run(catalog, "demo/one", &run, &err), ASSAY_OK);
    assert_int_equal(
        assay_local_log(local, id,
                        &(struct assay_log_batch){.points = points, .point_count = 2}, &err),
        ASSAY_OK);
    while (!assay_catalog_attrs(catalog, run)->metric_count && assay_monotonic_us() < until) {
        struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
    /* Asked for among many: what comes meanwhile is seen once they are through. */
    assay_session_series_begin(session);
    assert_int_equal(assay_session_series_wait(session, run, "loss", &series, &err), ASSAY_OK);
    assert_int_equal(assay_series_count(series), 2);
    points[0].point.step = 2;
    assert_int_equal(
        assay_local_log(local, id,
                        &(struct assay_log_batch){.points = points, .point_count = 1}, &err),
        ASSAY_OK);
    assay_session_series_end(session);
    while (assay_series_count(series) < 3 && assay_monotonic_us() < until) {
        struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

        poll(&ready, 1, 100);
        assay_session_dispatch(session);
        assert_int_equal(assay_session_series_wait(session, run, "loss", &series, &err),
                         ASSAY_OK);
    }
    assert_int_equal(assay_series_count(series), 3);
    assert_int_equal(assay_session_set_note(session, run, "good one", &err), ASSAY_OK);
    assert_string_equal(assay_session_note(session, run), "good one");
    assay_local_close(&local);
    assay_session_close(&session);
    assert_int_equal(chdir(cwd), 0);
}

/* What is begun beside a session. */
static void start_a_run(void *context)
{
    char id[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = NULL;
    int *calls = context;

    assert_int_equal(assay_local_open(&local, NULL, NULL), ASSAY_OK);
    assert_int_equal(assay_local_start(local, "demo", "beside", 5, id, NULL), ASSAY_OK);
    assay_local_close(&local);
    ++*calls;
}

/* Once, before the local store is read, and only where the session will open. */
static void says_when_it_is_sure_to_open(void **state)
{
    static const char *const nothing[] = {"/no/such/place"};
    struct assay_session_options options = {.sure = start_a_run};
    struct assay_session *session = NULL;
    struct assay_error err = {0};
    char cwd[4096];
    int calls = 0;

    (void)state;
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(root), 0);
    options.sure_context = &calls;
    options.sources = nothing;
    options.source_count = 1;
    assert_int_equal(assay_session_open(&session, &options, &err), ASSAY_BAD_INPUT);
    assert_int_equal(calls, 0);
    assay_error_clear(&err);
    options.source_count = 0;
    assert_int_equal(assay_session_open(&session, &options, &err), ASSAY_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 1);
    assay_session_close(&session);
    assert_int_equal(chdir(cwd), 0);
}

/* Takes in what comes until there are RUNS runs. */
static void await_runs(struct assay_session *session, size_t runs)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    while (assay_catalog_runs(assay_session_catalog(session)) < runs &&
           assay_monotonic_us() < until) {
        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), runs);
}

/* The store is made by another program, its folders, too, while a session is open; and what is
   added to it after that is seen as ever. */
static void sees_a_local_store_that_appears(void **state)
{
    struct assay_session *session = NULL;
    struct assay_local *local = NULL;
    struct assay_error err = {0};
    char id[ASSAY_RUN_ID_SIZE], cwd[4096], path[4200];

    (void)state;
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(root), 0);
    snprintf(path, sizeof path, "%s/not/yet/store.db", root);
    setenv("ASSAY_STORE", path, 1);
    assert_int_equal(
        assay_session_open(&session, &(struct assay_session_options){.live = true}, &err),
        ASSAY_OK);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    assert_int_equal(assay_catalog_sources(assay_session_catalog(session)), 0);
    assert_int_equal(assay_local_open(&local, NULL, &err), ASSAY_OK);
    assert_int_equal(assay_local_start(local, "demo", "one", 5, id, &err), ASSAY_OK);
    await_runs(session, 1);
    assert_int_equal(assay_local_start(local, "demo", "two", 5, id, &err), ASSAY_OK);
    await_runs(session, 2);
    assay_local_close(&local);
    assay_session_close(&session);
    assert_int_equal(chdir(cwd), 0);
}

/* What is no store lies in its place: nothing is awake because of it. */
static void rests_beside_what_is_no_store(void **state)
{
    struct assay_session *session = NULL;
    struct assay_error err = {0};
    struct pollfd ready;
    char cwd[4096], path[4200];
    int woken = 0;

    (void)state;
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(root), 0);
    snprintf(path, sizeof path, "%s/own", root);
    assert_int_equal(mkdir(path, 0700), 0);
    append("own/store.db", "this is no database at all\n");
    snprintf(path, sizeof path, "%s/own/store.db", root);
    setenv("ASSAY_STORE", path, 1);
    assert_int_equal(
        assay_session_open(&session, &(struct assay_session_options){.live = true}, &err),
        ASSAY_OK);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    ready = (struct pollfd){.fd = assay_session_fd(session), .events = POLLIN};
    while (woken < 50 && poll(&ready, 1, 1000) > 0) {
        assay_session_dispatch(session);
        woken++;
    }
    assert_true(woken < 50);
    assay_session_close(&session);
    assert_int_equal(chdir(cwd), 0);
}

static void says_what_is_wrong_with_a_place(void **state)
{
    struct assay_session *session = NULL;
    struct assay_error err = {0};
    const char *nothing[] = {"/no/such/place"};
    const char *empty[] = {root};

    (void)state;
    assert_int_equal(assay_session_open(
                         &session,
                         &(struct assay_session_options){.sources = nothing, .source_count = 1},
                         &err),
                     ASSAY_BAD_INPUT);
    assert_null(session);
    assert_non_null(strstr(err.what, "/no/such/place"));
    assay_error_clear(&err);
    assert_int_equal(
        assay_session_open(&session,
                           &(struct assay_session_options){.sources = empty, .source_count = 1},
                           &err),
        ASSAY_OK);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "no experiments"));
    assay_session_close(&session);
}

static void columns_come_from_the_databases(void **state)
{
    struct assay_session *session;
    struct assay_error err = {0};
    const struct assay_column *column;
    uint32_t run;

    (void)state;
    make_tree();
    session = open_tree(false);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    assay_session_close(&session);
    session = open_tree(false);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    assert_int_equal(assay_catalog_find_run(assay_session_catalog(session), RUN_B, &run, &err),
                     ASSAY_OK);
    column = assay_catalog_column(assay_session_catalog(session), ASSAY_FIELD_METRIC,
                                  "train/loss", ASSAY_STAT_MIN);
    assert_true(column->ready && column->present[run]);
    assert_true(column->numbers[run] == 0.75);
    column = assay_catalog_column(assay_session_catalog(session), ASSAY_FIELD_PARAM, "lr",
                                  ASSAY_STAT_LAST);
    assert_string_equal(column->texts[run], "0.01");
    assert_true(column->numbers[run] == 0.01);
    assay_session_close(&session);
}

/* Of a file with many problems the first are listed and the rest is counted in one line; what
   is told again is no further one; other files are listed as if it were not there. */
static void counts_what_a_broken_file_has_too_much_of(void **state)
{
    const struct assay_problem *problems;
    struct assay_session *session;
    struct assay_error err = {0};

    (void)state;
    make_tree();
    session = open_tree(false);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    for (int turn = 0; turn < 2; turn++) {
        for (uint64_t i = 0; i < 20; i++)
            activity_problem(session, 0, "/x/broken", i, "is no point");
        assert_int_equal(assay_session_problems(session, &problems), 20 + turn * 2);
        activity_problem(session, 0, "/x/broken", 20, "is no point");
        activity_problem(session, 0, "/x/other", 7, "/x/other: is none, either");
        activity_problem(session, 0, "/x/broken", 21, "is no point");
    }
    assert_int_equal(assay_session_problems(session, &problems), 22);
    assert_int_equal(problems[19].offset, 19);
    assert_int_equal(problems[19].rest, 0);
    assert_string_equal(problems[20].path, "/x/broken");
    assert_string_equal(problems[20].message, "2 more messages about this file");
    assert_int_equal(problems[20].rest, 2);
    assert_true(problems[20].offset == UINT64_MAX);
    assert_string_equal(problems[21].path, "/x/other");
    assert_string_equal(problems[21].message, "is none, either");
    assert_int_equal(assay_catalog_source(assay_session_catalog(session), 0)->problems, 23);
    assay_session_close(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_a_file_store_and_its_points, set_up, tear_down),
        cmocka_unit_test_setup_teardown(starts_again_from_the_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_a_growing_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_params, set_up, tear_down),
        cmocka_unit_test_setup_teardown(misses_nothing_before_it_watches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lives_without_a_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(loses_nothing_with_the_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shows_the_local_store_and_what_is_added, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(says_when_it_is_sure_to_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sees_a_local_store_that_appears, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rests_beside_what_is_no_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_what_is_wrong_with_a_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_what_a_broken_file_has_too_much_of, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(columns_come_from_the_databases, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

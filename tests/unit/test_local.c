/*
 * Logging to the local store: what a call acknowledged is there afterwards, whole, whatever
 * comes between: several processes at once, a process that is killed in the middle, a disk that
 * fills, a home that cannot be written.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "model/attrs.h"
#include "store/store.h"
#include "store/store_private.h"
#include "support/good.h"
#include "support/places.h"
#include "support/points.h"

static struct assay_local *open_local(const char *path)
{
    struct assay_local *local = NULL;
    GOOD(assay_local_open(&local, path, good));
    return local;
}

static void start(struct assay_local *local, const char *name, char id[ASSAY_RUN_ID_SIZE])
{
    GOOD(assay_local_start(local, "experiment", name, 1000, id, good));
}

/* ---- looking at what is there, past the interface that wrote it ---- */

struct found {
    struct store *store;
    struct assay_arena arena;
    struct assay_attrs attrs;
    struct store_run run;
    int64_t row;
    char name[64];
};

static bool take_run(void *context, const struct store_run *run)
{
    struct found *found = context;
    if (run->row == found->row) {
        found->run = *run;
        (void)snprintf(found->name, sizeof found->name, "%s", run->name);
    }
    return true;
}

static void find(struct found *found, const char *path, const char *id)
{
    int64_t source = 0;
    void *bytes = NULL;
    size_t length = 0;

    *found = (struct found){0};
    GOOD(store_open(&found->store, path, STORE_LOCAL, true, good));
    GOOD(store_find_source(found->store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, good));
    GOOD(store_find_run(found->store, source, id, &found->row, good));
    assert_int_not_equal(found->row, 0);
    GOOD(store_read_runs(found->store, source, 0, take_run, found, good));
    GOOD(store_read_attrs(found->store, found->row, &bytes, &length, good));
    if (bytes != NULL) {
        assert_true(attrs_unpack(bytes, length, &found->arena, &found->attrs));
    }
    free(bytes);
}

static void find_end(struct found *found)
{
    assay_arena_free(&found->arena);
    store_close(&found->store);
}

/* The points of METRIC (free()), which must agree with its summary. */
static struct assay_point *points_of(struct found *found, const char *metric, size_t *count)
{
    const struct assay_metric *kept = assay_attrs_metric(&found->attrs, metric);
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    GOOD(store_read_series(found->store, found->row, metric, series, good));
    *count = assay_series_count(series);
    struct assay_point *points = assay_alloc_array(*count + 1, sizeof *points);
    assay_series_get(series, 0, *count, points);
    assay_series_free(&series);
    assert_int_equal(kept != NULL ? kept->summary.n : 0, *count);
    if (*count > 0) {
        assert_summary_equal(&kept->summary, points, *count, ASSAY_LAST_WRITTEN);
    }
    return points;
}

static bool is_sound(const char *path)
{
    struct sql *sql = NULL;
    int64_t bad = -1;
    GOOD(sql_open(&sql, path, SQL_READ_ONLY, good));
    GOOD(sql_int(sql, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check<>'ok'",
                 -1, &bad, good));
    sql_close(&sql);
    return bad == 0;
}

/* ---- one writer ---- */

static void test_a_run_comes_back(void **state)
{
    (void)state;
    char *path = place_new("store.db"), id[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = open_local(path);
    struct points_rng rng = {.state = 77};
    const size_t total = 9000;
    struct assay_point *points = assay_alloc_array(total, sizeof *points);
    struct assay_log_point *log = assay_alloc_array(2 * total, sizeof *log);
    struct found found;
    size_t given = 0, count = 0;

    start(local, "first", id);
    assert_int_equal(strlen(id), 32);
    points_fill(&rng, points, total);
    while (given < total) {
        size_t some = 1 + points_random(&rng) % 900;
        some = some > total - given ? total - given : some;
        for (size_t i = 0; i < some; i++) { /* two metrics, mixed */
            log[2 * i] = (struct assay_log_point){"a", points[given + i]};
            log[2 * i + 1] = (struct assay_log_point){"b/c", points[given + i]};
        }
        GOOD(assay_local_log(local, id,
                             &(struct assay_log_batch){.points = log, .point_count = 2 * some},
                             good));
        given += some;
    }
    const struct assay_pair params[] = {{"lr", "0.1"}, {"model", "größe"}};
    const struct assay_pair tags[] = {{"t", "1"}, {"t", "2"}};
    GOOD(assay_local_log(local, id,
                         &(struct assay_log_batch){
                             .params = params, .param_count = 2, .tags = tags, .tag_count = 2},
                         good));
    for (int finished = 0; finished < 2; finished++) {
        find(&found, path, id);
        struct assay_point *back = points_of(&found, "b/c", &count);
        assert_int_equal(count, total);
        assert_points_equal(points, back, total);
        free(back);
        back = points_of(&found, "a", &count);
        assert_int_equal(count, total);
        assert_points_equal(points, back, total);
        free(back);
        assert_string_equal(assay_attrs_param(&found.attrs, "model"), "größe");
        assert_string_equal(assay_attrs_tag(&found.attrs, "t"), "2");
        assert_string_equal(found.name, "first");
        assert_int_equal(found.run.start_ms, 1000);
        assert_int_equal(found.run.status, finished ? ASSAY_RUN_FAILED : ASSAY_RUN_RUNNING);
        assert_int_equal(found.run.end_ms, finished ? 2000 : ASSAY_NO_TIME);
        find_end(&found);
        GOOD(assay_local_finish(local, id, ASSAY_RUN_FAILED, 2000, good));
    }
    assay_local_close(&local);
    free(points);
    free(log);
    free(path);
}

static void refuse(struct assay_local *local, const char *id,
                   const struct assay_log_batch *batch, const char *why)
{
    struct assay_error err = {0};
    assert_int_equal(assay_local_log(local, id, batch, &err), ASSAY_BAD_INPUT);
    if (strstr(err.what, why) == NULL) {
        fail_msg("'%s' does not say '%s'", err.what, why);
    }
}

static void test_a_refused_batch_leaves_no_trace(void **state)
{
    (void)state;
    char *path = place_new("store.db"), id[ASSAY_RUN_ID_SIZE], out[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = open_local(path);
    struct assay_log_point log[] = {{"a", {1, 2, 3.0}}, {"b", {1, 2, 3.0}}};
    const struct assay_pair lr = {"lr", "0.1"}, other = {"lr", "0.2"}, tag = {"t", "1"};
    const struct assay_pair twice[] = {{"x", "1"}, {"x", "2"}}, empty = {"", "v"};
    struct found found;
    size_t count = 0;
    char *huge = assay_alloc(5001);
    memset(huge, 'm', 5000);

    start(local, "r", id);
    GOOD(assay_local_log(local, id, &(struct assay_log_batch){.params = &lr, .param_count = 1},
                         good));
    GOOD(assay_local_log(local, id, /* the same again is no change */
                         &(struct assay_log_batch){.params = &lr, .param_count = 1}, good));
    struct assay_log_batch batch = {
        .points = log, .point_count = 2, .tags = &tag, .tag_count = 1};
    batch.params = &other, batch.param_count = 1;
    refuse(local, id, &batch, "cannot become");
    batch.params = twice, batch.param_count = 2;
    refuse(local, id, &batch, "cannot become");
    batch.params = &empty, batch.param_count = 1;
    refuse(local, id, &batch, "has no name");
    batch.param_count = 0;
    log[1].metric = huge;
    refuse(local, id, &batch, "longer than");
    log[1].metric = "";
    refuse(local, id, &batch, "has no name");
    refuse(local, "0123456789", &batch, "no such run");
    find(&found, path, id);
    free(points_of(&found, "a", &count));
    assert_int_equal(count, 0);
    assert_null(assay_attrs_tag(&found.attrs, "t"));
    assert_string_equal(assay_attrs_param(&found.attrs, "lr"), "0.1");
    find_end(&found);

    struct assay_error err = {0};
    assert_int_equal(assay_local_start(local, "", NULL, 0, out, &err), ASSAY_BAD_INPUT);
    assert_string_equal(out, "");
    assert_int_equal(assay_local_start(local, "e", huge, 0, out, NULL), ASSAY_BAD_INPUT);
    assert_int_equal(assay_local_finish(local, "none", ASSAY_RUN_FINISHED, 0, NULL),
                     ASSAY_BAD_INPUT);
    free(huge);
    assay_local_close(&local);
    free(path);
}

/* ---- several writers ---- */

#define WRITERS 4
#define BATCHES 60

struct writer {
    const char *path, *shared;
    int number, report; /* a pipe the writer's own run id goes to */
};

/* A run of its own, and one that all share. */
static int write_much(void *context)
{
    struct writer *writer = context;
    struct assay_local *local = NULL;
    char id[ASSAY_RUN_ID_SIZE], tag[16];

    if (assay_local_open(&local, writer->path, NULL) != ASSAY_OK ||
        assay_local_start(local, "own", NULL, ASSAY_NO_TIME, id, NULL) != ASSAY_OK ||
        write(writer->report, id, sizeof id) != (ssize_t)sizeof id) {
        return 1;
    }
    (void)snprintf(tag, sizeof tag, "writer-%d", writer->number);
    for (int i = 0; i < BATCHES; i++) {
        struct assay_log_point points[20];
        const struct assay_pair pair = {tag, tag};
        for (int k = 0; k < 20; k++) {
            points[k] = (struct assay_log_point){k % 2 ? "odd" : "even",
                                                 {i * 20 + k, writer->number, writer->number}};
        }
        struct assay_log_batch batch = {.points = points, .point_count = 20};
        if (assay_local_log(local, id, &batch, NULL) != ASSAY_OK) {
            return 2;
        }
        batch.tags = &pair, batch.tag_count = 1;
        if (assay_local_log(local, writer->shared, &batch, NULL) != ASSAY_OK) {
            return 3;
        }
    }
    if (assay_local_finish(local, id, ASSAY_RUN_FINISHED, ASSAY_NO_TIME, NULL) != ASSAY_OK) {
        return 4;
    }
    assay_local_close(&local);
    return 0;
}

/* Each writer's points are all there, once, in its order, among those of FROM..TO writers. */
static void check_written(const char *path, const char *id, int from, int to)
{
    struct found found;
    find(&found, path, id);
    for (int odd = 0; odd < 2; odd++) {
        int64_t next[WRITERS];
        size_t count = 0;
        struct assay_point *points = points_of(&found, odd ? "odd" : "even", &count);
        assert_int_equal(count, (size_t)(to - from) * BATCHES * 10);
        for (int i = 0; i < WRITERS; i++) {
            next[i] = odd;
        }
        for (size_t i = 0; i < count; i++) {
            int who = (int)points[i].time_ms;
            assert_in_range(who, from, to - 1);
            assert_true(points[i].value == who);
            assert_int_equal(points[i].step, next[who]);
            next[who] += 2;
        }
        free(points);
    }
    find_end(&found);
}

static void test_several_processes_at_once(void **state)
{
    (void)state;
    char *path = place_new("store.db"), shared[ASSAY_RUN_ID_SIZE];
    char own[WRITERS][ASSAY_RUN_ID_SIZE];
    struct writer writers[WRITERS];
    pid_t children[WRITERS];
    int ends[2];
    struct found found;
    struct assay_local *local = open_local(path);

    start(local, "shared", shared);
    assay_local_close(&local);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pipe(ends), 0);
        writers[i] = (struct writer){path, shared, i, ends[1]};
        children[i] = child_start(write_much, &writers[i]);
        close(ends[1]);
        assert_int_equal(read(ends[0], own[i], sizeof own[i]), sizeof own[i]);
        close(ends[0]);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(child_wait(children[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        check_written(path, own[i], i, i + 1);
    }
    check_written(path, shared, 0, WRITERS);
    find(&found, path, shared);
    assert_int_equal(found.attrs.tag_count, WRITERS);
    int64_t experiments = 0;
    GOOD(sql_int(found.store->sql, "SELECT count(*) FROM experiment", 0, &experiments, good));
    assert_int_equal(experiments, 2); /* the same name is the same experiment */
    find_end(&found);
    assert_true(is_sound(path));
    free(path);
}

/* ---- killed in the middle ---- */

#define BATCH_POINTS 37

struct acknowledge {
    const char *path, *run;
    int report;
};

/* Logs without end; a byte for each batch that was acknowledged. */
static int log_for_ever(void *context)
{
    const struct acknowledge *to = context;
    struct assay_local *local = NULL;

    if (assay_local_open(&local, to->path, NULL) != ASSAY_OK) {
        return 1;
    }
    for (int64_t batch = 0;; batch++) {
        struct assay_log_point points[BATCH_POINTS];
        for (int k = 0; k < BATCH_POINTS; k++) {
            points[k] =
                (struct assay_log_point){"m", {batch * BATCH_POINTS + k, batch, (double)k / 7}};
        }
        if (assay_local_log(
                local, to->run,
                &(struct assay_log_batch){.points = points, .point_count = BATCH_POINTS},
                NULL) != ASSAY_OK) {
            return 2;
        }
        if (write(to->report, "+", 1) != 1) {
            return 3;
        }
    }
}

/* Kills the logger some MICROSECONDS after it has acknowledged AFTER batches; what it
   acknowledged in all. */
static size_t kill_after(struct acknowledge *to, size_t after, long microseconds)
{
    int ends[2], status = 0;
    char bytes[256];
    size_t acknowledged = 0;

    assert_int_equal(pipe(ends), 0);
    to->report = ends[1];
    pid_t child = child_start(log_for_ever, to);
    close(ends[1]);
    while (acknowledged < after) {
        ssize_t n = read(ends[0], bytes, 1);
        assert_int_equal(n, 1);
        acknowledged++;
    }
    int64_t until = assay_monotonic_us() + microseconds; /* a moment within the next batch */
    while (assay_monotonic_us() < until) {
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0;) {
        acknowledged += (size_t)n;
    }
    close(ends[0]);
    return acknowledged;
}

static void test_killed_in_the_middle(void **state)
{
    (void)state;
    char *path = place_new("store.db"), id[ASSAY_RUN_ID_SIZE];

    for (size_t round = 0; round < 24; round++) {
        struct assay_local *local = open_local(path); /* repairs what the last one left */
        struct found found;
        size_t count = 0;

        start(local, "killed", id);
        assay_local_close(&local);
        struct acknowledge to = {.path = path, .run = id};
        size_t acknowledged =
            kill_after(&to, round % 4 == 3 ? 130 : 1 + round, (long)(round * 173 % 2000));
        find(&found, path, id);
        struct assay_point *points = points_of(&found, "m", &count);
        assert_int_equal(count % BATCH_POINTS, 0); /* no half batch */
        assert_in_range(count / BATCH_POINTS, acknowledged, acknowledged + 1);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(points[i].step, i);
            assert_true(points[i].value == (double)(i % BATCH_POINTS) / 7);
        }
        free(points);
        find_end(&found);
    }
    assert_true(is_sound(path));
    free(path);
}

/* ---- no room, no place ---- */

static int log_until_full(void *context)
{
    struct acknowledge *to = context;
    struct assay_local *local = NULL;
    struct assay_error err = {0};
    struct assay_log_point *points = assay_alloc_array(1000, sizeof *points);
    struct points_rng rng = {.state = 99};
    int taken = 0;

    if (assay_local_open(&local, to->path, NULL) != ASSAY_OK) {
        return 0;
    }
    child_limit_files(800000);
    for (; taken < 250; taken++) {
        for (int i = 0; i < 1000; i++) {
            points[i] =
                (struct assay_log_point){"m", {taken * 1000 + i, 0, points_random_unit(&rng)}};
        }
        if (assay_local_log(local, to->run,
                            &(struct assay_log_batch){.points = points, .point_count = 1000},
                            &err) != ASSAY_OK) {
            break;
        }
    }
    assay_local_close(&local);
    free(points);
    return err.status == ASSAY_IO && strstr(err.hint, "make room") != NULL ? taken : 0;
}

static void test_full_disk(void **state)
{
    (void)state;
    char *path = place_new("store.db"), id[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = open_local(path);
    struct found found;
    size_t count = 0;

    start(local, "r", id);
    assay_local_close(&local);
    struct acknowledge to = {.path = path, .run = id};
    int taken = child_wait(child_start(log_until_full, &to));
    assert_in_range(taken, 5, 249);
    find(&found, path, id);
    free(points_of(&found, "m", &count));
    assert_int_equal(count, (size_t)taken * 1000);
    find_end(&found);
    assert_true(is_sound(path));
    local = open_local(path); /* with room again it goes on */
    GOOD(assay_local_log(
        local, id,
        &(struct assay_log_batch){.points = &(struct assay_log_point){"m", {1, 2, 3}},
                                  .point_count = 1},
        good));
    assay_local_close(&local);
    free(path);
}

static int open_in_no_home(void *context)
{
    struct assay_local *local = NULL;
    struct assay_error err = {0};

    child_drop_powers();
    unsetenv("ASSAY_STORE");
    unsetenv("XDG_DATA_HOME");
    if (context == NULL) {
        unsetenv("HOME");
        return assay_local_open(&local, NULL, &err) == ASSAY_IO &&
                       strstr(err.hint, "ASSAY_STORE") != NULL
                   ? 0
                   : 1;
    }
    setenv("HOME", context, 1);
    return assay_local_open(&local, NULL, &err) == ASSAY_IO &&
                   strstr(err.what, context) != NULL && strstr(err.what, "ermission") != NULL
               ? 0
               : 2;
}

static void test_no_home(void **state)
{
    (void)state;
    char *home = place_new("home");
    assert_int_equal(mkdir(home, 0500), 0);
    assert_int_equal(child_wait(child_start(open_in_no_home, home)), 0);
    assert_int_equal(child_wait(child_start(open_in_no_home, NULL)), 0);
    assert_int_equal(rmdir(home), 0); /* nothing was left in it */
    free(home);
}

static void test_damaged_attributes_are_not_lost(void **state)
{
    (void)state;
    char *path = place_new("store.db"), id[ASSAY_RUN_ID_SIZE];
    struct assay_local *local = open_local(path);
    const struct assay_pair lr = {"lr", "0.1"}, more = {"x", "1"};
    struct assay_error err = {0};
    struct sql *sql = NULL;
    int64_t n = 0;

    start(local, "r", id);
    GOOD(assay_local_log(local, id, &(struct assay_log_batch){.params = &lr, .param_count = 1},
                         good));
    GOOD(sql_open(&sql, path, SQL_CREATE, good));
    GOOD(sql_exec(sql, "UPDATE attrs SET data=x'00112233'", good));
    assert_int_equal(
        assay_local_log(local, id, &(struct assay_log_batch){.params = &more, .param_count = 1},
                        &err),
        ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "damaged"));
    GOOD(sql_int(sql, "SELECT count(*) FROM attrs WHERE data=x'00112233'", 0, &n, good));
    assert_int_equal(n, 1);
    sql_close(&sql);
    assay_local_close(&local);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_comes_back),
        cmocka_unit_test(test_a_refused_batch_leaves_no_trace),
        cmocka_unit_test(test_several_processes_at_once),
        cmocka_unit_test(test_killed_in_the_middle),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_no_home),
        cmocka_unit_test(test_damaged_attributes_are_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

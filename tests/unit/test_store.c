/*
 * What the databases hold: sources, experiments, runs, attributes, points, states, notes and
 * views come back as they were put, transactions are whole or not there, and rows that were
 * tampered with are an error and nothing worse. How the files are opened: test_store_file.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/memory.h>

#include "model/attrs.h"
#include "store/store.h"
#include "store/store_private.h"
#include "support/good.h"
#include "support/places.h"
#include "support/points.h"

static int make(void **state)
{
    char *path = place_new("store.db");
    struct store *store = NULL;
    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    free(path);
    *state = store;
    return 0;
}

static int end(void **state)
{
    struct store *store = *state;
    store_close(&store);
    return 0;
}

/* The store's only experiment and a run in it. */
static int64_t one_run(struct store *store, const char *id)
{
    int64_t source = 0;
    GOOD(store_source(store, "tensorboard", "/logs", &source, good));
    struct store_experiment experiment = {
        .id = "0", .name = "ex", .created_ms = 1, .updated_ms = ASSAY_NO_TIME};
    GOOD(store_put_experiment(store, source, &experiment, good));
    struct store_run run = {.experiment = experiment.row,
                            .id = id,
                            .name = "n",
                            .user = "",
                            .artifact_uri = "",
                            .start_ms = 5,
                            .end_ms = ASSAY_NO_TIME};
    GOOD(store_put_run(store, source, &run, good));
    return run.row;
}

/* ---- rows ---- */

struct seen {
    struct store_run run;
    char id[64], name[64], user[64], uri[64];
    size_t count;
};

static bool see_run(void *context, const struct store_run *run)
{
    struct seen *seen = context;
    seen->run = *run;
    (void)snprintf(seen->id, sizeof seen->id, "%s", run->id);
    (void)snprintf(seen->name, sizeof seen->name, "%s", run->name);
    (void)snprintf(seen->user, sizeof seen->user, "%s", run->user);
    (void)snprintf(seen->uri, sizeof seen->uri, "%s", run->artifact_uri);
    seen->count++;
    return true;
}

static bool see_experiment(void *context, const struct store_experiment *experiment)
{
    assert_string_equal(experiment->id, "7");
    assert_string_equal(experiment->name, "größe \x1b[31m");
    assert_true(experiment->deleted);
    assert_int_equal(experiment->created_ms, 17);
    assert_int_equal(experiment->updated_ms, ASSAY_NO_TIME);
    ++*(size_t *)context;
    return true;
}

static void test_runs_come_back(void **state)
{
    struct store *store = *state;
    struct seen seen = {0};
    int64_t source = 0, again = 0, row = 0, count = 0, last = 0;
    size_t experiments = 0;

    GOOD(store_source(store, "mlflow-files", "/a", &source, good));
    GOOD(store_source(store, "mlflow-files", "/a", &again, good));
    assert_int_equal(source, again);
    GOOD(store_find_source(store, "mlflow-files", "/b", &again, good));
    assert_int_equal(again, 0);
    struct store_experiment experiment = {.id = "7",
                                          .name = "größe \x1b[31m",
                                          .deleted = true,
                                          .created_ms = 17,
                                          .updated_ms = ASSAY_NO_TIME};
    GOOD(store_put_experiment(store, source, &experiment, good));
    GOOD(store_read_experiments(store, source, see_experiment, &experiments, good));
    assert_int_equal(experiments, 1);

    struct store_run run = {.experiment = experiment.row,
                            .id = "abc",
                            .name = "first",
                            .user = "adm",
                            .artifact_uri = "file:///x",
                            .status = ASSAY_RUN_FAILED,
                            .deleted = true,
                            .start_ms = -1,
                            .end_ms = INT64_MAX};
    GOOD(store_put_run(store, source, &run, good));
    int64_t change = run.change, first = run.row;
    run.name = "renamed";
    run.gone = true;
    GOOD(store_put_run(store, source, &run, good));
    assert_int_equal(run.row, first);
    assert_true(run.change > change);
    GOOD(store_read_runs(store, source, 0, see_run, &seen, good));
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.id, "abc");
    assert_string_equal(seen.name, "renamed");
    assert_string_equal(seen.user, "adm");
    assert_string_equal(seen.uri, "file:///x");
    assert_int_equal(seen.run.status, ASSAY_RUN_FAILED);
    assert_true(seen.run.deleted && seen.run.gone);
    assert_int_equal(seen.run.start_ms, -1);
    assert_int_equal(seen.run.end_ms, INT64_MAX);

    GOOD(store_read_runs(store, source, run.change, see_run, &seen, good));
    assert_int_equal(seen.count, 1); /* nothing is newer */
    GOOD(store_put_attrs(store, run.row, "x", 1, good));
    GOOD(store_read_runs(store, source, run.change, see_run, &seen, good));
    assert_int_equal(seen.count, 2); /* its attributes are */
    GOOD(store_find_run(store, source, "abc", &row, good));
    assert_int_equal(row, first);
    GOOD(store_find_run(store, source, "abcd", &row, good));
    assert_int_equal(row, 0);
    GOOD(store_find_experiment(store, source, "größe \x1b[31m", &row, good));
    assert_int_equal(row, experiment.row);
    GOOD(store_count_runs(store, experiment.row, &count, good));
    assert_int_equal(count, 1);
    GOOD(store_last_experiment(store, &last, good));
    assert_int_equal(last, experiment.row);
}

static void test_attributes_and_states(void **state)
{
    struct store *store = *state;
    struct assay_buf packed = {0};
    struct assay_arena arena = {0};
    struct assay_attrs back;
    struct assay_pair params[] = {{"lr", "0.1"}, {"", ""}}, tags[] = {{"t", "a\nb"}};
    struct assay_attrs attrs = {
        .params = params, .param_count = 2, .tags = tags, .tag_count = 1};
    void *bytes = NULL;
    size_t length = 1;
    int64_t run = one_run(store, "r"), source = 0;

    GOOD(store_read_attrs(store, run, &bytes, &length, good));
    assert_null(bytes);
    assert_int_equal(length, 0);
    attrs_pack(&attrs, &packed);
    GOOD(store_put_attrs(store, run, packed.data, packed.length, good));
    GOOD(store_read_attrs(store, run, &bytes, &length, good));
    assert_true(attrs_unpack(bytes, length, &arena, &back));
    assert_string_equal(assay_attrs_param(&back, "lr"), "0.1");
    assert_string_equal(assay_attrs_tag(&back, "t"), "a\nb");
    free(bytes);

    GOOD(store_source(store, "tensorboard", "/logs", &source, good));
    GOOD(store_put_state(store, source, "k", "a\0b", 3, good));
    GOOD(store_put_state(store, source, "empty", "", 0, good));
    GOOD(store_read_state(store, source, "k", &bytes, &length, good));
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "a\0b", 3);
    free(bytes);
    GOOD(store_read_state(store, source, "empty", &bytes, &length, good));
    assert_non_null(bytes); /* there, and of no length */
    assert_int_equal(length, 0);
    free(bytes);
    GOOD(store_put_state(store, source, "k", NULL, 0, good));
    GOOD(store_read_state(store, source, "k", &bytes, &length, good));
    assert_null(bytes);
    assay_buf_free(&packed);
    assay_arena_free(&arena);
}

static bool see_view(void *context, const struct assay_saved_view *view)
{
    struct assay_buf *out = context;
    assay_buf_format(out, "%s|%s|%s|%s;", view->name, view->filter, view->sort, view->columns);
    return true;
}

static void test_notes_and_views(void **state)
{
    struct store *store = *state;
    struct assay_buf seen = {0};
    char *text = NULL;

    GOOD(store_read_note(store, "k", "p", "r", &text, good));
    assert_string_equal(text, "");
    free(text);
    GOOD(store_put_note(store, "k", "p", "r", "first", good));
    GOOD(store_put_note(store, "k", "p", "r", "zwei\n\xf0\x9f\x98\x80", good));
    GOOD(store_put_note(store, "k", "other", "r", "there", good));
    GOOD(store_read_note(store, "k", "p", "r", &text, good));
    assert_string_equal(text, "zwei\n\xf0\x9f\x98\x80");
    free(text);
    GOOD(store_put_note(store, "k", "p", "r", "", good));
    GOOD(store_read_note(store, "k", "p", "r", &text, good));
    assert_string_equal(text, "");
    free(text);

    const struct assay_saved_view views[] = {{"b", "x > 1", "name", ""}, {"a", "", "", "c,d"}};
    GOOD(store_put_view(store, &views[0], good));
    GOOD(store_put_view(store, &views[1], good));
    GOOD(store_read_views(store, see_view, &seen, good));
    assert_string_equal(assay_buf_text(&seen), "a|||c,d;b|x > 1|name|;");
    GOOD(store_delete_view(store, "b", good));
    assay_buf_reset(&seen);
    GOOD(store_read_views(store, see_view, &seen, good));
    assert_string_equal(assay_buf_text(&seen), "a|||c,d;");
    assay_buf_free(&seen);
}

/* ---- points ---- */

static void expect_points(struct store *store, int64_t run, const char *metric,
                          const struct assay_point *points, size_t count)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_point *back = assay_alloc_array(count + 1, sizeof *back);

    GOOD(store_read_series(store, run, metric, series, good));
    assert_int_equal(assay_series_count(series), count);
    assay_series_get(series, 0, count, back);
    assert_points_equal(points, back, count);
    if (count > 0) {
        assert_summary_equal(assay_series_summary(series), points, count, ASSAY_LAST_WRITTEN);
    }
    free(back);
    assay_series_free(&series);
}

static int64_t number(struct store *store, const char *text)
{
    int64_t out = -1;
    GOOD(sql_int(store->sql, text, -1, &out, good));
    return out;
}

/* Points given in every manner, one by one, by the hundred, in chunks full and short, sealed in
   between: what is read is what was given, in its order. */
static void test_points_in_every_manner(void **state)
{
    struct store *store = *state;
    const size_t total = 60000;
    struct points_rng rng = {.state = 20261124};
    struct assay_point *points = assay_alloc_array(total, sizeof *points);
    int64_t run = one_run(store, "r");
    size_t given = 0;

    for (size_t at = 0; at < total; at += 5000) {
        points_fill(&rng, points + at, 5000);
    }
    for (int round = 0; given < total; round++) {
        static const size_t sizes[] = {1, 1, 3, 255, 256, 300, 4095, 4096, 2048, 5000};
        size_t count = sizes[points_random(&rng) % ASSAY_COUNT(sizes)];
        count = count > total - given ? total - given : count;
        if (points_random(&rng) % 2 && count <= ASSAY_CHUNK_POINTS) {
            struct assay_chunk *chunk = assay_chunk_pack(points + given, count);
            GOOD(store_add_chunk(store, run, "loss", chunk, good));
            assay_chunk_unref(chunk);
        } else {
            GOOD(store_append(store, run, "loss", points + given, count, good));
        }
        given += count;
        if (points_random(&rng) % 7 == 0) {
            GOOD(store_seal(store, run, good));
        }
        if (round % 9 == 0) {
            expect_points(store, run, "loss", points, given);
        }
    }
    expect_points(store, run, "loss", points, total);
    GOOD(store_seal(store, run, good));
    expect_points(store, run, "loss", points, total);
    assert_int_equal(number(store, "SELECT count(*) FROM loose"), 0);
    /* Packed, not scattered. */
    assert_true(number(store, "SELECT count(*) FROM chunk") <=
                (int64_t)(2 * (total / ASSAY_CHUNK_POINTS) + 2));
    free(points);
}

static void test_points_are_cleared(void **state)
{
    struct store *store = *state;
    struct points_rng rng = {.state = 5};
    struct assay_point points[700];
    int64_t run = one_run(store, "r"), other = one_run(store, "s"), source = 0;

    points_fill(&rng, points, ASSAY_COUNT(points));
    for (int i = 0; i < 2; i++) {
        int64_t to = i ? other : run;
        GOOD(store_append(store, to, "a", points, 600, good));
        GOOD(store_append(store, to, "a", points + 600, 100, good));
        GOOD(store_append(store, to, "b", points, 10, good));
    }
    GOOD(store_clear_metric(store, run, "a", good));
    expect_points(store, run, "a", points, 0);
    expect_points(store, run, "b", points, 10);
    GOOD(store_append(store, run, "a", points, 3, good));
    expect_points(store, run, "a", points, 3);
    GOOD(store_clear_series(store, run, good));
    expect_points(store, run, "a", points, 0);
    expect_points(store, other, "a", points, 700);
    GOOD(store_source(store, "tensorboard", "/logs", &source, good));
    GOOD(store_put_note(store, "tensorboard", "/logs", "s", "kept", good));
    GOOD(store_clear_source(store, source, good));
    assert_int_equal(number(store, "SELECT (SELECT count(*) FROM run)"
                                   "+(SELECT count(*) FROM chunk)"
                                   "+(SELECT count(*) FROM loose)"
                                   "+(SELECT count(*) FROM series)"
                                   "+(SELECT count(*) FROM attrs)"),
                     0);
    assert_int_equal(number(store, "SELECT count(*) FROM note"), 1);
}

/* ---- transactions ---- */

static void test_taken_back(void **state)
{
    struct store *store = *state;
    struct points_rng rng = {.state = 9};
    struct assay_point points[500];
    int64_t run = one_run(store, "r");

    points_fill(&rng, points, ASSAY_COUNT(points));
    GOOD(store_append(store, run, "a", points, 100, good));
    GOOD(store_begin(store, good));
    GOOD(store_append(store, run, "a", points + 100, 400, good));
    GOOD(store_append(store, run, "new", points, 300, good));
    GOOD(store_put_note(store, "k", "p", "r", "never", good));
    store_rollback(store);
    expect_points(store, run, "a", points, 100);
    expect_points(store, run, "new", points, 0);
    /* The numbers it gave away are given again to others, and nothing is mixed up. */
    GOOD(store_append(store, run, "later", points + 7, 300, good));
    GOOD(store_append(store, run, "a", points + 100, 400, good));
    expect_points(store, run, "later", points + 7, 300);
    expect_points(store, run, "a", points, 500);
    assert_int_not_equal(store_commit(store, NULL), ASSAY_OK); /* nothing was begun */
}

/* ---- damage ---- */

static void tamper(const char *what, const char *change)
{
    void *state = NULL;
    struct points_rng rng = {.state = 3};
    struct assay_point points[5000];
    struct assay_error err = {0};

    make(&state);
    struct store *store = state;
    int64_t run = one_run(store, "r");
    points_fill(&rng, points, ASSAY_COUNT(points));
    GOOD(store_append(store, run, "a", points, 4500, good));
    GOOD(store_append(store, run, "a", points, 50, good));
    GOOD(sql_exec(store->sql, change, good));
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    enum assay_status status = store_read_series(store, run, "a", series, &err);
    if (status != ASSAY_CORRUPT || err.what[0] == '\0') {
        fail_msg("%s: %d, %s", what, (int)status, err.what);
    }
    assay_series_free(&series);
    /* Nor does adding to it make things worse: it is refused, or what comes is whole. */
    (void)store_append(store, run, "a", points, 300, NULL);
    (void)store_seal(store, run, NULL);
    GOOD(store_append(store, run, "sound", points, 300, good));
    expect_points(store, run, "sound", points, 300);
    store_close(&store);
}

static void test_tampered_rows(void **state)
{
    (void)state;
    tamper("a chunk less", "DELETE FROM chunk WHERE key=(SELECT max(key) FROM chunk)");
    tamper("a hole", "DELETE FROM chunk WHERE key=(SELECT min(key) FROM chunk)");
    tamper("noise", "UPDATE chunk SET data=randomblob(length(data))");
    tamper("a short chunk", "UPDATE chunk SET data=substr(data,1,20)");
    tamper("an empty chunk", "UPDATE chunk SET data=x''");
    tamper("text", "UPDATE chunk SET data='once upon a time'");
    tamper("a loose point less", "DELETE FROM loose WHERE no=0");
    tamper("more loose points", "INSERT INTO loose SELECT series, no+1000, step, time_ms, bits"
                                " FROM loose");
    tamper("counts too large", "UPDATE series SET chunks=1<<40");
    tamper("counts below zero", "UPDATE series SET loose=-1");
    tamper("no id", "UPDATE series SET id=0");
    tamper("a huge id", "UPDATE series SET id=9223372036854775807");
}

static void test_no_counter(void **state)
{
    struct store *store = *state;
    struct assay_error err = {0};
    GOOD(sql_exec(store->sql, "DELETE FROM counter", good));
    assert_int_equal(store_begin(store, &err), ASSAY_CORRUPT);
    assert_false(sql_in_transaction(store->sql));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_runs_come_back, make, end),
        cmocka_unit_test_setup_teardown(test_attributes_and_states, make, end),
        cmocka_unit_test_setup_teardown(test_notes_and_views, make, end),
        cmocka_unit_test_setup_teardown(test_points_in_every_manner, make, end),
        cmocka_unit_test_setup_teardown(test_points_are_cleared, make, end),
        cmocka_unit_test_setup_teardown(test_taken_back, make, end),
        cmocka_unit_test(test_tampered_rows),
        cmocka_unit_test_setup_teardown(test_no_counter, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The MLflow client: answers recorded from a real server turned into nouns; scans of a server
 * in the test, page by page; histories, sampled and whole; artifacts; errors in the server's
 * words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "remote/mlflow_private.h"
#include "source/artifact_list.h"
#include "support/ingest_collect.h"
#include "support/mlflow_web.h"

/* ---- recorded answers ---- */

static char *recorded(const char *name, size_t *length)
{
    char path[4096], *bytes;

    snprintf(path, sizeof path, "%s/remote/data/mlflow-3.17/%s", TEST_DATA, name);
    assert_int_equal(assay_file_read(path, 1u << 20, &bytes, length, NULL), ASSAY_OK);
    return bytes;
}

struct read_runs {
    struct ingest_collect collect;
    uint64_t hashes[16];
    size_t count;
};

static bool always(void *context, const char *id, uint64_t hash)
{
    (void)context;
    (void)id;
    return hash != 0;
}

static void keep_run(void *context, const struct ingest_run *run, uint64_t hash)
{
    struct read_runs *read = context;

    ingest_run(&read->collect.ingest, run);
    read->hashes[read->count++] = hash;
}

static const char *param(const struct collected_run *run, const char *key)
{
    return assay_attrs_param(&run->attrs, key);
}

static void recorded_runs_are_read(void **state)
{
    struct read_runs read = {0};
    struct mlflow_page page = {0};
    const struct collected_run *run;
    const struct assay_metric *metric;
    size_t length;
    char *body = recorded("runs.json", &length);

    (void)state;
    ingest_collect_init(&read.collect, ASSAY_LAST_VALUE);
    assert_int_equal(mlflow_parse_runs("x", body, length, &page, always, keep_run, &read, NULL),
                     ASSAY_OK);
    assert_int_equal(page.count, 3);
    assert_null(page.next);
    run = ingest_collect_run(&read.collect, "876fa3821c1540479e4f146159ffdbdd");
    assert_non_null(run);
    assert_string_equal(run->name, "rich");
    assert_string_equal(run->user, "ops"); /* the tag: user_id is "unknown" to the server */
    assert_string_equal(run->experiment, "2");
    assert_int_equal(run->status, ASSAY_RUN_FINISHED);
    assert_int_equal(run->start_ms, INT64_C(1760000000000));
    assert_int_equal(run->end_ms, INT64_C(1760000001000));
    assert_string_equal(param(run, "lr"), "0.1");
    assert_string_equal(param(run, "weird/key name"), "v\\x");
    assert_string_equal(assay_attrs_tag(&run->attrs, "note"),
                        "line one\nline \"two\" \xe2\x80\xa8 \xf0\x9f\x98\x80");
    metric = assay_attrs_metric(&run->attrs, "inf");
    assert_non_null(metric);
    assert_true(metric->summary.last == 1.7976931348623157e308);
    assert_int_equal(metric->summary.n, 0); /* not known */
    metric = assay_attrs_metric(&run->attrs, "neg");
    assert_int_equal(metric->summary.step, 3);
    assert_true(metric->summary.last == -2.0);
    assert_int_equal(run->attrs.input_count, 1);
    assert_string_equal(run->attrs.inputs[0].name, "zeros");
    assert_string_equal(run->attrs.inputs[0].context, "training");
    run = ingest_collect_run(&read.collect, "0d418109c85a40779a39c9621c0aa1d7");
    assert_true(run->deleted);
    assert_int_equal(run->status, ASSAY_RUN_FAILED);
    run = ingest_collect_run(&read.collect, "210f649e038c466d890e705a0a874167");
    assert_int_equal(run->status, ASSAY_RUN_RUNNING);
    assert_int_equal(run->end_ms, ASSAY_NO_TIME);
    assay_arena_free(&page.arena);
    ingest_collect_free(&read.collect);
    free(body);
}

static void recorded_pages_have_a_next(void **state)
{
    struct read_runs read = {0};
    struct mlflow_page page = {0};
    size_t length;
    char *body = recorded("runs-page.json", &length);

    (void)state;
    ingest_collect_init(&read.collect, ASSAY_LAST_VALUE);
    assert_int_equal(mlflow_parse_runs("x", body, length, &page, always, keep_run, &read, NULL),
                     ASSAY_OK);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.next, "eyJvZmZzZXQiOiAyfQ==");
    assert_true(read.hashes[0] != read.hashes[1]);
    assay_arena_free(&page.arena);
    ingest_collect_free(&read.collect);
    free(body);
}

static void keep_experiment(void *context, const struct mlflow_experiment *experiment)
{
    struct ingest_collect *collect = context;

    ingest_experiment(&collect->ingest,
                      &(struct ingest_experiment){.id = experiment->id,
                                                  .name = experiment->name,
                                                  .deleted = experiment->deleted});
}

static void recorded_experiments_are_read(void **state)
{
    struct ingest_collect collect;
    struct mlflow_page page = {0};
    size_t length;
    char *body = recorded("experiments.json", &length);

    (void)state;
    ingest_collect_init(&collect, ASSAY_LAST_VALUE);
    assert_int_equal(
        mlflow_parse_experiments("x", body, length, &page, keep_experiment, &collect, NULL),
        ASSAY_OK);
    assert_int_equal(page.count, 4);
    assert_string_equal(ingest_collect_experiment(&collect, "2")->name,
                        "recorded \xc3\xbcn\xc3\xaf"
                        "code / slash");
    assert_true(ingest_collect_experiment(&collect, "3")->deleted);
    assay_arena_free(&page.arena);
    ingest_collect_free(&collect);
    free(body);
}

/* Cut anywhere, an answer is an error or fewer runs, and never anything else. */
static void cut_answers_are_errors(void **state)
{
    size_t length;
    char *body = recorded("runs.json", &length);

    (void)state;
    for (size_t cut = 0; cut < length - 1; cut++) {
        struct read_runs read = {0};
        struct mlflow_page page = {0};
        struct assay_error err = {0};
        char *copy = assay_alloc(cut + 1);

        memcpy(copy, body, cut);
        ingest_collect_init(&read.collect, ASSAY_LAST_VALUE);
        assert_int_equal(
            mlflow_parse_runs("x", copy, cut, &page, always, keep_run, &read, &err),
            ASSAY_CORRUPT);
        assert_non_null(strstr(err.what, "x: its answer cannot be read: byte"));
        assay_arena_free(&page.arena);
        ingest_collect_free(&read.collect);
        free(copy);
    }
    free(body);
}

static void wrong_kinds_are_passed_over(void **state)
{
    static const char body[] =
        "{\"runs\":[7,null,\"x\",[],{\"info\":[]},{\"info\":{\"run_id\":5}},"
        "{\"info\":{\"run_id\":\"../"
        "etc\"}},{\"info\":{\"run_id\":\"ok\",\"experiment_id\":\"1\","
        "\"status\":3,\"start_time\":\"12\",\"end_time\":1e99},\"data\":{\"metrics\":[{\"key\":"
        "\"m\",\"value\":\"-Infinity\"},{\"key\":\"n\",\"value\":NaN},{\"value\":1}],"
        "\"params\":"
        "{\"a\":1},\"tags\":[{\"key\":\"t\",\"value\":{}}]},\"inputs\":[],\"outputs\":5}],"
        "\"next_page_token\":{}}";
    struct read_runs read = {0};
    struct mlflow_page page = {0};
    const struct collected_run *run;

    (void)state;
    ingest_collect_init(&read.collect, ASSAY_LAST_VALUE);
    assert_int_equal(
        mlflow_parse_runs("x", body, sizeof body - 1, &page, always, keep_run, &read, NULL),
        ASSAY_OK);
    assert_int_equal(read.count, 1);
    run = ingest_collect_run(&read.collect, "ok");
    assert_int_equal(run->status, ASSAY_RUN_FINISHED);
    assert_int_equal(run->start_ms, 12);
    assert_int_equal(run->end_ms, ASSAY_NO_TIME);
    assert_int_equal(run->attrs.metric_count, 2);
    assert_true(isinf(run->attrs.metrics[0].summary.last));
    assert_true(isnan(run->attrs.metrics[1].summary.last));
    assert_string_equal(assay_attrs_tag(&run->attrs, "t"), "");
    assay_arena_free(&page.arena);
    ingest_collect_free(&read.collect);
}

static void endless_names_are_cut(void **state)
{
    struct assay_buf body = {0};
    struct read_runs read = {0};
    struct mlflow_page page = {0};

    (void)state;
    assay_buf_text_add(&body, "{\"runs\":[{\"info\":{\"run_id\":\"a\",\"experiment_id\":\"1\","
                              "\"run_name\":\"");
    assay_buf_repeat(&body, "\xc3\xbc", 5u << 20); /* ten megabytes */
    assay_buf_text_add(&body, "\"}}]}");
    ingest_collect_init(&read.collect, ASSAY_LAST_VALUE);
    assert_int_equal(
        mlflow_parse_runs("x", body.data, body.length, &page, always, keep_run, &read, NULL),
        ASSAY_OK);
    assert_int_equal(strlen(ingest_collect_run(&read.collect, "a")->name), 1u << 20);
    assert_int_equal(page.cut, 1);
    assay_arena_free(&page.arena);
    ingest_collect_free(&read.collect);
    assay_buf_free(&body);
}

/* ---- scans ---- */

struct client {
    struct fake_mlflow fake;
    struct net *net;
    struct mlflow *mlflow;
    struct ingest_collect collect;
};

static void open_client(struct client *c, int experiments, int runs, int metrics, int points)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;

    fake_mlflow_start(&c->fake, experiments, runs, metrics, points);
    settings.url = assay_strdup(web_url(c->fake.web));
    c->net = net_new();
    assert_int_equal(mlflow_open(&c->mlflow, c->net, &settings, NULL), ASSAY_OK);
    server_settings_free(&settings);
    ingest_collect_init(&c->collect, ASSAY_LAST_VALUE);
}

static void close_client(struct client *c)
{
    mlflow_close(&c->mlflow);
    net_free(&c->net);
    fake_mlflow_stop(&c->fake);
    ingest_collect_free(&c->collect);
}

static enum assay_status scan(struct client *c, struct assay_error *err)
{
    return mlflow_source.scan(c->mlflow, &c->collect.ingest, err);
}

static void scans_page_to_any_number(void **state)
{
    struct client c = {0};

    (void)state;
    open_client(&c, 3, 2500, 2, 5);
    c.fake.page_max = 400;
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    assert_int_equal(c.collect.run_count, 2500);
    assert_int_equal(c.collect.experiment_count, 3);
    assert_int_equal(c.fake.searches, 7);
    for (int r = 0; r < 2500; r++) {
        const struct collected_run *run = ingest_collect_run(&c.collect, c.fake.runs[r].id);

        assert_non_null(run);
        assert_int_equal(run->reports, 1);
        assert_int_equal(run->attrs.metric_count, 2);
        assert_true(run->attrs.metrics[1].summary.last == fake_mlflow_value(r, 1, 4));
    }
    close_client(&c);
}

static void scans_report_what_changed(void **state)
{
    struct client c = {0};

    (void)state;
    open_client(&c, 2, 50, 1, 5);
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    snprintf(c.fake.runs[7].tag, sizeof c.fake.runs[7].tag, "new");
    c.fake.runs[9].absent = true;
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    for (int r = 0; r < 50; r++)
        assert_int_equal(ingest_collect_run(&c.collect, c.fake.runs[r].id)->reports,
                         r == 7 ? 2 : 1);
    assert_string_equal(
        assay_attrs_tag(&ingest_collect_run(&c.collect, c.fake.runs[7].id)->attrs, "mark"),
        "new");
    assert_true(ingest_collect_run(&c.collect, c.fake.runs[9].id)->gone);
    /* It comes back. */
    c.fake.runs[9].absent = false;
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    assert_false(ingest_collect_run(&c.collect, c.fake.runs[9].id)->gone);
    close_client(&c);
}

/* Another program, with what this one left in the cache. */
static void a_later_program_knows_what_was_said(void **state)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct client c = {0};

    (void)state;
    open_client(&c, 1, 20, 1, 5);
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    mlflow_close(&c.mlflow);
    settings.url = assay_strdup(web_url(c.fake.web));
    assert_int_equal(mlflow_open(&c.mlflow, c.net, &settings, NULL), ASSAY_OK);
    server_settings_free(&settings);
    c.fake.runs[3].absent = true;
    c.fake.runs[4].points = 6;
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    for (int r = 0; r < 20; r++)
        assert_int_equal(ingest_collect_run(&c.collect, c.fake.runs[r].id)->reports,
                         r == 4 ? 2 : 1);
    assert_true(ingest_collect_run(&c.collect, c.fake.runs[3].id)->gone);
    close_client(&c);
}

static void polls_look_at_little(void **state)
{
    struct client c = {0};
    const char *visible[1];

    (void)state;
    open_client(&c, 1, 3000, 1, 5);
    c.fake.runs[2000].status = "RUNNING";
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    c.fake.runs[2000].points = 9;
    c.fake.runs[1000].points = 9; /* nobody looks at this one */
    visible[0] = c.fake.runs[2000].id;
    mlflow_next_scan(c.mlflow, false, visible, 1);
    c.fake.searches = 0;
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    assert_int_equal(c.fake.searches, 3); /* new ones, ended ones, the one on screen */
    assert_int_equal(ingest_collect_run(&c.collect, c.fake.runs[2000].id)->reports, 2);
    assert_int_equal(ingest_collect_run(&c.collect, c.fake.runs[1000].id)->reports, 1);
    mlflow_next_scan(c.mlflow, true, NULL, 0);
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    assert_int_equal(ingest_collect_run(&c.collect, c.fake.runs[1000].id)->reports, 2);
    close_client(&c);
}

static void servers_with_small_pages_are_read(void **state)
{
    struct client c = {0};

    (void)state;
    open_client(&c, 1, 250, 1, 5);
    c.fake.refuse_large = true;
    assert_int_equal(scan(&c, NULL), ASSAY_OK);
    assert_int_equal(c.collect.run_count, 250);
    close_client(&c);
}

static void tokens_that_lead_nowhere_end(void **state)
{
    struct client c = {0};
    struct assay_error err = {0};
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);

    (void)state;
    open_client(&c, 1, 10, 1, 5);
    c.fake.tokens_stuck = true;
    assert_int_equal(scan(&c, &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "its list of runs repeat"));
    assert_true(c.fake.searches <= 2);
    memset(&err, 0, sizeof err);
    assert_int_equal(
        mlflow_source.read_series(c.mlflow, "1", c.fake.runs[0].id, "loss0", series, &err),
        ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "the pages of \"loss0\" repeat"));
    assert_true(c.fake.histories <= 3);
    assay_series_free(&series);
    close_client(&c);
}

static void errors_are_in_the_servers_words(void **state)
{
    struct client c = {0};
    struct assay_error err = {0};
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);

    (void)state;
    open_client(&c, 1, 2, 1, 5);
    assert_int_equal(mlflow_source.read_series(c.mlflow, "1", "0000", "loss0", series, &err),
                     ASSAY_IO);
    assert_non_null(strstr(err.what, "RESOURCE_DOES_NOT_EXIST: Run with id=0000 not found"));
    snprintf(c.fake.user, sizeof c.fake.user, "Basic b3BzOnMzY3JldA==");
    memset(&err, 0, sizeof err);
    assert_int_equal(scan(&c, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "401"));
    assert_non_null(strstr(err.hint, "MLFLOW_TRACKING_USERNAME"));
    assert_false(mlflow_offline(c.mlflow));
    web_stop(&c.fake.web);
    memset(&err, 0, sizeof err);
    assert_int_equal(scan(&c, &err), ASSAY_IO);
    assert_true(mlflow_offline(c.mlflow));
    assay_series_free(&series);
    close_client(&c);
}

/* ---- points ---- */

struct got_series {
    struct client *c;
    const struct mlflow_wanted *wanted;
    unsigned sampled[200], complete[200];
    unsigned samples_before_any; /* that came while nothing was complete */
    unsigned completes, failed;
};

static bool keep_series(void *context, struct mlflow_got *got)
{
    struct got_series *all = context;
    size_t i = (size_t)(got->wanted - all->wanted);
    struct assay_point point;

    if (!got->series) {
        all->failed++;
        return true;
    }
    for (size_t p = 0; p < assay_series_count(got->series); p += 7) {
        assay_series_get(got->series, p, 1, &point);
        assert_true(point.value == fake_mlflow_value((int)i, 0, (int)point.step));
    }
    if (got->part == MLFLOW_SAMPLED) {
        all->sampled[i]++;
        all->samples_before_any += all->completes == 0;
    } else {
        all->complete[i]++;
        all->completes++;
        assert_int_equal(assay_series_count(got->series), all->c->fake.runs[i].points);
    }
    return true;
}

static void want_all(const struct client *c, struct mlflow_wanted *wanted)
{
    for (int r = 0; r < c->fake.run_count; r++)
        wanted[r] = (struct mlflow_wanted){.run_id = c->fake.runs[r].id, .metric = "loss0"};
}

static void long_series_come_sampled_first(void **state)
{
    struct client c = {0};
    struct mlflow_wanted wanted[150];
    struct got_series got = {.c = &c, .wanted = wanted};

    (void)state;
    open_client(&c, 1, 150, 1, 3000);
    c.fake.history_max = 1000; /* three pages each */
    want_all(&c, wanted);
    assert_int_equal(
        mlflow_histories(c.mlflow, wanted, 150, true, keep_series, NULL, &got, NULL), ASSAY_OK);
    assert_int_equal(c.fake.bulks, 2); /* a hundred runs a request */
    assert_int_equal(c.fake.histories, 450);
    assert_int_equal(got.samples_before_any, 150);
    for (int r = 0; r < 150; r++)
        assert_int_equal(got.complete[r], 1);
    close_client(&c);
}

static void short_series_come_whole_at_once(void **state)
{
    struct client c = {0};
    struct mlflow_wanted wanted[150];
    struct got_series got = {.c = &c, .wanted = wanted};

    (void)state;
    open_client(&c, 1, 150, 1, 90);
    want_all(&c, wanted);
    assert_int_equal(
        mlflow_histories(c.mlflow, wanted, 150, true, keep_series, NULL, &got, NULL), ASSAY_OK);
    assert_int_equal(c.fake.bulks, 2);
    assert_int_equal(c.fake.histories, 0);
    assert_int_equal(got.completes, 150);
    close_client(&c);
}

static void old_servers_have_no_samples(void **state)
{
    struct client c = {0};
    struct mlflow_wanted wanted[20];
    struct got_series got = {.c = &c, .wanted = wanted};

    (void)state;
    open_client(&c, 1, 20, 1, 500);
    c.fake.no_bulk = true;
    want_all(&c, wanted);
    assert_int_equal(
        mlflow_histories(c.mlflow, wanted, 20, true, keep_series, NULL, &got, NULL), ASSAY_OK);
    assert_int_equal(got.completes, 20);
    assert_int_equal(
        mlflow_histories(c.mlflow, wanted, 20, true, keep_series, NULL, &got, NULL), ASSAY_OK);
    assert_int_equal(c.fake.bulks, 1); /* it is not asked again */
    close_client(&c);
}

/* ---- artifacts ---- */

static void artifacts_are_listed_and_fetched(void **state)
{
    struct client c = {0};
    struct artifact_list list = {0};
    char *directory, text[16] = "";
    FILE *file = tmpfile();

    (void)state;
    open_client(&c, 1, 1, 1, 1);
    assert_int_equal(mlflow_source.artifacts(c.mlflow, "1", c.fake.runs[0].id,
                                             "mlflow-artifacts:/1/x", &list, &directory, NULL),
                     ASSAY_OK);
    artifact_list_sort(&list);
    /* What leads out of the run's folder is not in the list. */
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0].path, "deep dir");
    assert_true(list.items[0].directory);
    assert_string_equal(list.items[1].path, "deep dir/a.txt");
    assert_int_equal(list.items[1].bytes, 6);
    assert_string_equal(list.items[2].path, "top.txt");
    assert_null(directory);
    artifact_list_free(&list);
    assert_int_equal(mlflow_download(c.mlflow, c.fake.runs[0].id, "mlflow-artifacts:/1/x",
                                     "deep dir/a.txt", fileno(file), NULL, NULL, NULL),
                     ASSAY_OK);
    assert_int_equal(pread(fileno(file), text, sizeof text - 1, 0), 6);
    assert_string_equal(text, "hello\n");
    fclose(file);
    close_client(&c);
}

static void a_read_only_server_is_not_written_to(void **state)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct assay_error err = {0};
    struct client c = {0};

    (void)state;
    open_client(&c, 1, 1, 1, 1);
    mlflow_close(&c.mlflow);
    settings.url = assay_strdup(web_url(c.fake.web));
    settings.name = assay_strdup("Prod-EU");
    assert_int_equal(mlflow_open(&c.mlflow, c.net, &settings, NULL), ASSAY_OK);
    server_settings_free(&settings);
    web_reset_counts(c.fake.web);
    assert_int_equal(mlflow_call(c.mlflow,
                                 &(struct mlflow_call){.method = NET_POST,
                                                       .path = MLFLOW_API "/runs/set-tag",
                                                       .body = "{}",
                                                       .writes = true},
                                 NULL, NULL, &err),
                     ASSAY_NO);
    assert_int_equal(web_counts(c.fake.web).requests, 0);
    assert_non_null(strstr(err.hint, "read_only"));
    close_client(&c);
}

static void a_server_says_what_it_is(void **state)
{
    struct client c = {0};
    struct assay_server_look look;

    (void)state;
    open_client(&c, 1, 1, 1, 1);
    mlflow_look(c.mlflow, &look);
    assert_int_equal(look.status, ASSAY_OK);
    assert_string_equal(look.version, "3.15.2");
    assert_int_equal(look.may_read, 1);
    assert_string_equal(look.from, "no credentials");
    assert_true(look.round_trip_us > 0);
    close_client(&c);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_runs_are_read),
        cmocka_unit_test(recorded_pages_have_a_next),
        cmocka_unit_test(recorded_experiments_are_read),
        cmocka_unit_test(cut_answers_are_errors),
        cmocka_unit_test(wrong_kinds_are_passed_over),
        cmocka_unit_test(endless_names_are_cut),
        cmocka_unit_test(scans_page_to_any_number),
        cmocka_unit_test(scans_report_what_changed),
        cmocka_unit_test(a_later_program_knows_what_was_said),
        cmocka_unit_test(polls_look_at_little),
        cmocka_unit_test(servers_with_small_pages_are_read),
        cmocka_unit_test(tokens_that_lead_nowhere_end),
        cmocka_unit_test(errors_are_in_the_servers_words),
        cmocka_unit_test(long_series_come_sampled_first),
        cmocka_unit_test(short_series_come_whole_at_once),
        cmocka_unit_test(old_servers_have_no_samples),
        cmocka_unit_test(artifacts_are_listed_and_fetched),
        cmocka_unit_test(a_read_only_server_is_not_written_to),
        cmocka_unit_test(a_server_says_what_it_is),
    };

    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    unsetenv("NETRC");
    unsetenv("MLFLOW_TRACKING_URI");
    unsetenv("MLFLOW_TRACKING_USERNAME");
    unsetenv("MLFLOW_TRACKING_TOKEN");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Servers in a session: lists within a few round trips, the cache behind them, no network,
 * two at once, points sampled and whole, pulling, and what the configuration file says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/session.h>

#include "support/mlflow_web.h"
#include "support/own_home.h"

#define DEADLINE_US 20000000

static struct assay_session *open_with(const char *const *places, size_t count, bool live)
{
    struct assay_session *session = NULL;

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){.sources = places,
                                                                        .source_count = count,
                                                                        .live = live},
                                        NULL),
                     ASSAY_OK);
    return session;
}

static struct assay_session *open_url(const char *url, bool live)
{
    return open_with(&url, 1, live);
}

static void step(struct assay_session *session)
{
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    poll(&ready, 1, 100);
    assay_session_dispatch(session);
}

static const struct assay_source *source_of(struct assay_session *session, uint32_t i)
{
    return assay_catalog_source(assay_session_catalog(session), i);
}

static void put_file(const char *name, const char *text, unsigned mode)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", own_home, name);
    remove(path);
    assert_int_equal(assay_file_write(path, text, strlen(text), mode, NULL), ASSAY_OK);
    assert_int_equal(chmod(path, mode), 0);
}

/* ---- lists ---- */

/* Over a long way: connecting is free here, so it is two of the three. */
static void a_thousand_runs_are_listed_in_two_round_trips(void **state)
{
    struct fake_mlflow fake = {.delay_ms = 50};
    struct assay_session *session;
    int64_t before, took;

    (void)state;
    fake_mlflow_start(&fake, 4, 1000, 10, 1000);
    before = assay_monotonic_us();
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    took = assay_monotonic_us() - before;
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 1000);
    assert_int_equal(web_counts(fake.web).requests, 2);
    print_message("1000 runs over 50 ms: %.0f ms\n", (double)took / 1000);
    assay_session_close(&session);
    /* Again, with nothing changed. */
    web_reset_counts(fake.web);
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 1000); /* at once */
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_in_range(web_counts(fake.web).requests, 1, 4);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

static void without_a_network_the_last_state_is_there(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    struct assay_server server;
    const struct assay_artifacts *artifacts;
    struct assay_error err = {0};
    struct assay_series *series;
    char url[64];

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 2, 100);
    snprintf(url, sizeof url, "%s", web_url(fake.web));
    session = open_url(url, false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_int_equal(assay_session_series_wait(session, 0, "loss0", &series, NULL), ASSAY_OK);
    assert_int_equal(assay_series_count(series), 100);
    assert_int_equal(assay_session_artifacts_wait(session, 0)->count, 3);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);

    session = open_url(url, false);
    assert_int_equal(source_of(session, 0)->state, ASSAY_SOURCE_READING);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "offline, as of"));
    assert_int_equal(source_of(session, 0)->state, ASSAY_SOURCE_OFFLINE);
    assert_true(source_of(session, 0)->read_ms != ASSAY_NO_TIME);
    assert_true(assay_session_server(session, 0, &server));
    assert_true(server.offline);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 5);
    /* What was read of a metric is there, whole; what was not is an error. */
    assert_int_equal(assay_session_series_wait(session, 0, "loss0", &series, NULL), ASSAY_OK);
    assert_int_equal(assay_series_count(series), 100);
    assert_int_equal(assay_session_series_wait(session, 1, "loss1", &series, NULL), ASSAY_IO);
    artifacts = assay_session_artifacts_wait(session, 0);
    assert_int_equal(artifacts->load, ASSAY_LOAD_READY);
    assert_int_equal(artifacts->count, 3);
    assert_string_equal(artifacts->items[1].path, "deep dir/a.txt");
    assert_int_equal(assay_session_artifacts_wait(session, 1)->load, ASSAY_LOAD_FAILED);
    assay_session_close(&session);
}

/* A chart is open while the server is away; when it is back the chart is drawn. */
static unsigned told;

static void be_told(const struct assay_source *source)
{
    assert_non_null(strstr(source->where, "http://127.0.0.1"));
    told++;
}

/* Who sits before a command hears which server it is that takes so long, once. */
static void a_slow_server_is_named(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    char url[64];

    (void)state;
    told = 0;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    snprintf(url, sizeof url, "%s", web_url(fake.web));
    session = open_url(url, false);
    assert_int_equal(assay_session_wait_aloud(session, be_told, NULL), ASSAY_OK);
    assay_session_close(&session);
    assert_int_equal(told, 0);
    fake.delay_ms = 2500;
    session = open_url(url, false);
    assert_int_equal(assay_session_wait_aloud(session, be_told, NULL), ASSAY_OK);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 5);
    assay_session_close(&session);
    assert_int_equal(told, 1);
    fake_mlflow_stop(&fake);
}

static void points_come_when_the_server_is_back(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    struct assay_series *series;
    enum assay_load load;
    int64_t until = assay_monotonic_us() + DEADLINE_US;

    (void)state;
    fake_mlflow_start(&fake, 1, 2, 1, 30);
    session = open_url(web_url(fake.web), true);
    while (source_of(session, 0)->state != ASSAY_SOURCE_READY)
        step(session);
    fake.histories_fail = true;
    while (assay_session_series(session, 0, "loss0", &load), load == ASSAY_LOAD_BUSY)
        step(session);
    assert_int_equal(load, ASSAY_LOAD_FAILED);
    fake.histories_fail = false;
    assay_session_refresh(session, 0);
    do {
        step(session);
        series = assay_session_series(session, 0, "loss0", &load);
        assert_true(assay_monotonic_us() < until);
    } while (load != ASSAY_LOAD_READY);
    assert_int_equal(assay_series_count(series), 30);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

/* The command that is to give the password asks somebody; they close the workbench instead. */
static void a_command_that_waits_can_be_left(void **state)
{
    int64_t before = assay_monotonic_us();
    struct assay_session *session;
    const char *name = "slow";

    (void)state;
    put_file("config.ini",
             "[source slow]\nplace = http://127.0.0.1:9\npassword_command = sleep 60\n", 0600);
    session = open_with(&name, 1, true);
    step(session);
    assay_session_close(&session);
    assert_true(assay_monotonic_us() - before < DEADLINE_US);
    put_file("config.ini", "", 0600);
}

/* Nor does one keep them that will not end: it is deaf to the asking, or was stopped. */
static void a_command_that_will_not_end_is_ended(void **state)
{
    static const char *const commands[] = {
        "trap '' TERM; touch $BEGUN; sleep 3600 & wait; sleep 3600",
        "touch $BEGUN; kill -STOP $$; sleep 3600",
        "exec >&-; touch $BEGUN; sleep 3600", /* its output has ended, and it has not */
    };
    char begun[300], text[600];
    const char *name = "deaf";

    (void)state;
    snprintf(begun, sizeof begun, "%s/begun", own_home);
    setenv("BEGUN", begun, 1);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct assay_session *session;

        snprintf(text, sizeof text,
                 "[source deaf]\nplace = http://127.0.0.1:9\npassword_command = %s\n",
                 commands[i]);
        put_file("config.ini", text, 0600);
        session = open_with(&name, 1, true);
        while (access(begun, F_OK) != 0)
            step(session);
        assay_session_close(&session); /* an hour before the command would end by itself */
        assert_int_equal(remove(begun), 0);
    }
    unsetenv("BEGUN");
    put_file("config.ini", "", 0600);
}

static void two_servers_are_one_catalog(void **state)
{
    struct fake_mlflow a = {0}, b = {0};
    struct assay_session *session;
    struct assay_series *series;
    const char *places[2];
    uint32_t run;

    (void)state;
    fake_mlflow_start(&a, 1, 3, 1, 10);
    fake_mlflow_start(&b, 1, 4, 1, 20);
    places[0] = web_url(a.web);
    places[1] = web_url(b.web);
    session = open_with(places, 2, false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 7);
    for (run = 0; run < 7; run++) {
        uint32_t source = assay_catalog_run(assay_session_catalog(session), run)->source;

        assert_int_equal(assay_session_series_wait(session, run, "loss0", &series, NULL),
                         ASSAY_OK);
        assert_int_equal(assay_series_count(series), source == 0 ? 10 : 20);
    }
    assay_session_close(&session);
    fake_mlflow_stop(&a);
    fake_mlflow_stop(&b);
}

/* A server that hangs is left to itself; the other is read, and the end is quick. */
static void hang(void *context, const struct web_request *request, struct web_answer *answer)
{
    (void)context;
    (void)request;
    answer->fault = WEB_HANG;
}

static void a_server_that_hangs_holds_up_nothing(void **state)
{
    struct web *hanging = web_start(hang, NULL);
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    const char *places[2];
    int64_t before = assay_monotonic_us();

    (void)state;
    fake_mlflow_start(&fake, 1, 3, 1, 10);
    places[0] = web_url(hanging);
    places[1] = web_url(fake.web);
    session = open_with(places, 2, true);
    while (source_of(session, 1)->state != ASSAY_SOURCE_READY)
        step(session);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 3);
    assert_int_equal(source_of(session, 0)->state, ASSAY_SOURCE_READING);
    assay_session_close(&session);
    assert_true(assay_monotonic_us() - before < DEADLINE_US);
    fake_mlflow_stop(&fake);
    web_stop(&hanging);
}

/* ---- copies of artifacts ---- */

static void artifacts_are_copied_to_look_into(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    const struct assay_artifacts *artifacts;
    const struct assay_copy *copy;
    struct assay_artifact wanted;
    char *bytes, path[512], url[64];
    size_t length;

    (void)state;
    fake_mlflow_start(&fake, 1, 1, 1, 1);
    snprintf(url, sizeof url, "%s", web_url(fake.web));
    session = open_url(url, false); /* one that leaves a whole cache behind */
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    artifacts = assay_session_artifacts_wait(session, 0);
    assert_int_equal(artifacts->count, 3);
    wanted = artifacts->items[1];
    wanted.path = "deep dir/a.txt";
    while ((copy = assay_session_copy(session, 0, &wanted))->load == ASSAY_LOAD_BUSY)
        step(session);
    assert_int_equal(copy->load, ASSAY_LOAD_READY);
    assert_int_equal(assay_file_read(copy->path, 100, &bytes, &length, NULL), ASSAY_OK);
    assert_string_equal(bytes, "hello\n");
    free(bytes);
    snprintf(path, sizeof path, "%s", copy->path);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
    /* It is there without the server. */
    session = open_url(url, false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_IO);
    copy = assay_session_copy(session, 0, &wanted);
    assert_int_equal(copy->load, ASSAY_LOAD_READY);
    assert_string_equal(copy->path, path);
    wanted.path = "top.txt"; /* this one is not */
    while ((copy = assay_session_copy(session, 0, &wanted))->load == ASSAY_LOAD_BUSY)
        step(session);
    assert_int_equal(copy->load, ASSAY_LOAD_FAILED);
    assert_null(copy->path);
    assay_session_close(&session);
    remove(path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(remove(path), 0); /* nothing half-fetched is left */
}

/* Whoever waits for points that do not come is told why not. */
static void why_points_are_not_there_is_said(void **state)
{
    struct fake_mlflow fake = {.histories_fail = true, .no_bulk = true};
    struct assay_session *session;
    struct assay_series *series;
    struct assay_error err = {0};

    (void)state;
    fake_mlflow_start(&fake, 1, 1, 1, 10);
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_int_equal(assay_session_series_wait(session, 0, "loss0", &series, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "loss0"));
    assert_non_null(strstr(err.what, web_url(fake.web)));
    assert_non_null(strstr(err.what, "403"));
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

/* ---- hostile ones ---- */

struct hostile {
    const char *body, *type, *expected; /* in the message */
    enum web_fault fault;
    int status;
};

static void be_hostile(void *context, const struct web_request *request,
                       struct web_answer *answer)
{
    const struct hostile *hostile = context;

    (void)request;
    answer->body = hostile->body;
    answer->type = hostile->type;
    answer->fault = hostile->fault;
    answer->status = hostile->status;
}

static void hostile_servers_end_in_a_clear_message(void **state)
{
    static char deep[200001], large[1u << 16];
    static const struct hostile all[] = {
        {.body = "<html>\x1b[31mhello</html>",
         .type = "text/html",
         .expected = "a page for a browser"},
        {.body = "{\"experiments\":[{\"experiment_id\":\"1\",", .expected = "it ends early"},
        {.body = deep, .expected = "it ends early"},
        {.body = large, .fault = WEB_ENDLESS, .expected = "an answer of more than"},
        {.body = "x", .status = 404, .type = "text/html", .expected = "404"},
        {.body = "{\"error_code\":\"\\u001b]0;x\\u0007\",\"message\":\"no\"}",
         .status = 403,
         .expected = "no"},
        {.body = "", .expected = "it ends early"},
    };

    (void)state;
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "{\"experiments\":", 15);
    memset(large, ' ', sizeof large - 1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct hostile hostile = all[i];
        struct web *web = web_start(be_hostile, &hostile);
        struct assay_session *session = open_url(web_url(web), false);
        struct assay_error err = {0};

        assert_int_equal(assay_session_wait(session, &err), ASSAY_IO);
        assert_non_null(strstr(err.what, hostile.expected));
        assert_non_null(strstr(err.what, web_url(web)));
        assert_null(strchr(err.what, '\x1b'));
        assert_int_equal(source_of(session, 0)->state, ASSAY_SOURCE_FAILED);
        assay_session_close(&session);
        web_stop(&web);
    }
}

/* ---- points ---- */

static void charts_show_a_sample_first(void **state)
{
    struct fake_mlflow fake = {.history_max = 1000, .delay_ms = 30};
    struct assay_session *session;
    struct assay_series *series = NULL;
    enum assay_load load;
    size_t sampled = 0, runs = 40, ready = 0;
    int64_t until = assay_monotonic_us() + DEADLINE_US;

    (void)state;
    fake_mlflow_start(&fake, 1, (int)runs, 1, 5000);
    session = open_url(web_url(fake.web), true);
    while (source_of(session, 0)->state != ASSAY_SOURCE_READY)
        step(session);
    while (ready < runs) {
        ready = 0;
        for (uint32_t run = 0; run < runs; run++) {
            series = assay_session_series(session, run, "loss0", &load);
            assert_int_not_equal(load, ASSAY_LOAD_FAILED);
            if (load == ASSAY_LOAD_BUSY && series && assay_series_count(series) < 5000)
                sampled++; /* drawn, and said to be on its way */
            if (load == ASSAY_LOAD_READY) {
                assert_int_equal(assay_series_count(series), 5000);
                ready++;
            }
        }
        step(session);
        assert_true(assay_monotonic_us() < until);
    }
    assert_true(sampled > 0);
    assert_int_equal(fake.bulks, 1); /* one frame's wishes are one request */
    assert_int_equal(fake.histories, 40 * 5);
    /* The list said nothing of extremes; now they are known. */
    assert_int_equal(
        assay_catalog_attrs(assay_session_catalog(session), 0)->metrics[0].summary.n, 5000);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

static struct assay_series *wait_points(struct assay_session *session, uint32_t run,
                                        size_t count)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    struct assay_series *series;
    enum assay_load load;

    do {
        step(session);
        series = assay_session_series(session, run, "loss0", &load);
        assert_true(assay_monotonic_us() < until);
    } while (load == ASSAY_LOAD_BUSY || assay_series_count(series) != count);
    return series;
}

static void a_running_run_is_followed(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    struct assay_series *series;
    struct assay_point last;
    uint32_t run = 1;

    (void)state;
    fake_mlflow_start(&fake, 1, 3, 1, 5000);
    fake.runs[1].status = "RUNNING";
    session = open_url(web_url(fake.web), true);
    while (source_of(session, 0)->state != ASSAY_SOURCE_READY)
        step(session);
    wait_points(session, run, 5000);
    assert_int_equal(fake.histories, 1);
    assay_session_visible(session, &run, 1);
    fake.runs[1].points = 5020;
    series = wait_points(session, run, 5020);
    assay_series_get(series, 5019, 1, &last);
    assert_true(last.value == fake_mlflow_value(1, 0, 5019));
    /* Only what came since was asked for. */
    assert_int_equal(fake.tails, 1);
    assert_int_equal(fake.histories, 1);
    /* When it ends all points are read once more. */
    fake.runs[1].status = "FINISHED";
    fake.runs[1].points = 5021;
    assay_session_refresh(session, 0);
    wait_points(session, run, 5021);
    assert_int_equal(fake.histories, 2);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

static void pull(struct assay_session *session, struct assay_pull *out)
{
    uint64_t job = assay_session_pull(session, 0, NULL, 0);

    assert_int_not_equal(job, 0);
    do
        step(session);
    while (assay_session_pull_state(session, job, out) && !out->finished);
}

static void what_is_pulled_is_there_without_a_network(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    struct assay_series *series;
    struct assay_pull pulled;
    char url[64];

    (void)state;
    fake_mlflow_start(&fake, 2, 30, 3, 50);
    snprintf(url, sizeof url, "%s", web_url(fake.web));
    session = open_url(url, false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    pull(session, &pulled);
    assert_int_equal(pulled.series_total, 90);
    assert_int_equal(pulled.series, 90);
    assert_int_equal(pulled.unchanged, 0);
    assert_int_equal(pulled.points, 90 * 50);
    assert_int_equal(pulled.error.status, ASSAY_OK);
    assay_session_close(&session);
    /* Again: nothing but what changed. */
    fake.histories = 0;
    fake.runs[4].points = 51;
    session = open_url(url, false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    pull(session, &pulled);
    assert_int_equal(pulled.unchanged, 87);
    assert_int_equal(fake.histories, 3);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
    session = open_url(url, false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_IO);
    for (uint32_t run = 0; run < 30; run++) {
        const struct assay_run *r = assay_catalog_run(assay_session_catalog(session), run);
        size_t points = strncmp(r->id, "00000004", 8) == 0 ? 51 : 50;

        assert_int_equal(assay_session_series_wait(session, run, "loss2", &series, NULL),
                         ASSAY_OK);
        assert_int_equal(assay_series_count(series), points);
        assert_int_equal(assay_attrs_metric(
                             assay_catalog_attrs(assay_session_catalog(session), run), "loss2")
                             ->summary.n,
                         points);
    }
    assay_session_close(&session);
}

/* A tag of a run whose metrics were read changes: what was learnt of them stays. */
static void changed_runs_keep_their_summaries(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;
    const struct assay_attrs *attrs;
    struct assay_pull pulled;

    (void)state;
    fake_mlflow_start(&fake, 1, 2, 2, 10);
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    pull(session, &pulled);
    assay_session_close(&session);
    snprintf(fake.runs[0].tag, sizeof fake.runs[0].tag, "other");
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    for (uint32_t run = 0; run < 2; run++) {
        attrs = assay_catalog_attrs(assay_session_catalog(session), run);
        assert_int_equal(assay_attrs_metric(attrs, "loss1")->summary.n, 10);
    }
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

/* A server may have a latest point of what it has no points of. */
static void a_value_without_a_history_is_kept(void **state)
{
    struct fake_mlflow fake = {.histories_empty = true};
    struct assay_session *session;
    const struct assay_metric *metric;
    struct assay_pull pulled;

    (void)state;
    fake_mlflow_start(&fake, 1, 1, 1, 10);
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    pull(session, &pulled);
    assert_true(fake.histories > 0);
    metric =
        assay_attrs_metric(assay_catalog_attrs(assay_session_catalog(session), 0), "loss0");
    assert_non_null(metric);
    assert_true(metric->summary.last == fake_mlflow_value(0, 0, 9));
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

/* ---- who we are ---- */

static enum assay_status read_named(const char *name, struct assay_error *err)
{
    struct assay_session *session = NULL;
    enum assay_status status = assay_session_open(
        &session, &(struct assay_session_options){.sources = &name, .source_count = 1}, err);

    if (status == ASSAY_OK)
        status = assay_session_wait(session, err);
    assay_session_close(&session);
    return status;
}

static void the_configuration_file_names_servers(void **state)
{
    struct fake_mlflow fake = {.user = "Basic b3BzOnMzY3JldA=="};
    struct assay_error err = {0};
    char text[512];

    (void)state;
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    snprintf(text, sizeof text, "[source team]\nplace = %s\nuser = ops\npassword = s3cret\n",
             web_url(fake.web));
    put_file("config.ini", text, 0644);
    assert_int_equal(read_named("team", &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "others can read it"));
    assert_null(strstr(err.what, "s3cret"));
    put_file("config.ini", text, 0600);
    assert_int_equal(read_named("team", NULL), ASSAY_OK);
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_OK); /* the same server */
    snprintf(text, sizeof text,
             "[source team]\nplace = %s\nuser = ops\n"
             "password_command = echo s3cret; echo more\n",
             web_url(fake.web));
    put_file("config.ini", text, 0644); /* no secret in it */
    assert_int_equal(read_named("team", NULL), ASSAY_OK);
    snprintf(text, sizeof text, "[source team]\nplace = %s\npassword_command = exit 3\n",
             web_url(fake.web));
    put_file("config.ini", text, 0644);
    memset(&err, 0, sizeof err);
    assert_int_equal(read_named("team", &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "password_command"));
    put_file(
        "config.ini",
        "[source team]\nplace = http://127.0.0.1:2\nproxy = http://ops:pr0xy@127.0.0.1:1\n",
        0644);
    memset(&err, 0, sizeof err);
    assert_int_equal(read_named("team", &err), ASSAY_BAD_INPUT); /* a password, too */
    assert_non_null(strstr(err.what, "others can read it"));
    assert_null(strstr(err.what, "pr0xy"));
    put_file("config.ini", "[source here]\nplace = /tmp\ntoken = x\n", 0600);
    assert_int_equal(read_named("here", NULL), ASSAY_BAD_INPUT);
    put_file("config.ini", "", 0600);
    /* In the URL; which is shown and kept without. */
    snprintf(text, sizeof text, "http://ops:s3cret@%s", web_url(fake.web) + 7);
    assert_int_equal(read_named(text, NULL), ASSAY_OK);
    fake_mlflow_stop(&fake);
    memset(&err, 0, sizeof err);
    assert_int_equal(read_named(text, &err), ASSAY_IO);
    assert_null(strstr(err.what, "s3cret"));
}

static void workspaces_are_sources_of_their_own(void **state)
{
    struct fake_mlflow fake = {.workspace = "X-MLFLOW-WORKSPACE: red\r\n"}, plain = {0};
    struct assay_error err = {0};
    struct assay_session *session;

    (void)state;
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    fake_mlflow_start(&plain, 1, 2, 1, 5);
    setenv("MLFLOW_WORKSPACE", "red", 1);
    session = open_url(web_url(fake.web), false);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_non_null(strstr(source_of(session, 0)->where, "#red"));
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 2);
    assay_session_close(&session);
    setenv("MLFLOW_WORKSPACE", "blue", 1);
    assert_int_equal(read_named(web_url(fake.web), &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "no such workspace"));
    /* A server without them is never sent the header. */
    memset(&err, 0, sizeof err);
    assert_int_equal(read_named(web_url(plain.web), &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "has no workspaces"));
    unsetenv("MLFLOW_WORKSPACE");
    fake_mlflow_stop(&fake);
    fake_mlflow_stop(&plain);
}

static bool file_has(const char *name, const char *text)
{
    char path[512], *bytes = NULL;
    size_t length = 0;
    bool has;

    snprintf(path, sizeof path, "%s/%s", own_home, name);
    if (assay_file_read(path, 1u << 26, &bytes, &length, NULL) != ASSAY_OK)
        return false;
    has = memmem(bytes, length, text, strlen(text)) != NULL;
    free(bytes);
    return has;
}

static void secrets_stay_out_of_the_cache(void **state)
{
    (void)state; /* after the test before, which used one in every way */
    assert_true(file_has("cache.db", "http://127.0.0.1"));
    assert_false(file_has("cache.db", "s3cret"));
    assert_false(file_has("cache.db-wal", "s3cret"));
}

static void mlflows_own_variables_are_honoured(void **state)
{
    struct fake_mlflow fake = {.user = "Basic b3BzOnMzY3JldA=="};
    char directory[300];

    (void)state;
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_IO);
    setenv("MLFLOW_TRACKING_USERNAME", "ops", 1);
    setenv("MLFLOW_TRACKING_PASSWORD", "s3cret", 1);
    setenv("MLFLOW_TRACKING_TOKEN", "ignored", 1);
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_OK);
    /* They are for the server that the variable names, if it names one. */
    setenv("MLFLOW_TRACKING_URI", "http://elsewhere.invalid:5000", 1);
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_IO);
    setenv("MLFLOW_TRACKING_URI", web_url(fake.web), 1);
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_OK);
    /* Each from the environment, else from the file. */
    unsetenv("MLFLOW_TRACKING_PASSWORD");
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_IO);
    snprintf(directory, sizeof directory, "%s/.mlflow", own_home);
    assert_int_equal(mkdir(directory, 0700), 0);
    put_file(".mlflow/credentials",
             "[mlflow]\nmlflow_tracking_username = dev\nmlflow_tracking_password = s3cret\n",
             0600);
    assert_int_equal(read_named(web_url(fake.web), NULL), ASSAY_OK);
    unsetenv("MLFLOW_TRACKING_URI");
    unsetenv("MLFLOW_TRACKING_USERNAME");
    unsetenv("MLFLOW_TRACKING_TOKEN");
    fake_mlflow_stop(&fake);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_runs_are_listed_in_two_round_trips),
        cmocka_unit_test(without_a_network_the_last_state_is_there),
        cmocka_unit_test(a_slow_server_is_named),
        cmocka_unit_test(points_come_when_the_server_is_back),
        cmocka_unit_test(a_command_that_waits_can_be_left),
        cmocka_unit_test(a_command_that_will_not_end_is_ended),
        cmocka_unit_test(two_servers_are_one_catalog),
        cmocka_unit_test(a_server_that_hangs_holds_up_nothing),
        cmocka_unit_test(artifacts_are_copied_to_look_into),
        cmocka_unit_test(why_points_are_not_there_is_said),
        cmocka_unit_test(hostile_servers_end_in_a_clear_message),
        cmocka_unit_test(charts_show_a_sample_first),
        cmocka_unit_test(a_running_run_is_followed),
        cmocka_unit_test(what_is_pulled_is_there_without_a_network),
        cmocka_unit_test(changed_runs_keep_their_summaries),
        cmocka_unit_test(a_value_without_a_history_is_kept),
        cmocka_unit_test(the_configuration_file_names_servers),
        cmocka_unit_test(secrets_stay_out_of_the_cache),
        cmocka_unit_test(mlflows_own_variables_are_honoured),
        cmocka_unit_test(workspaces_are_sources_of_their_own),
    };

    return cmocka_run_group_tests(tests, own_home_make, own_home_remove);
}

/*
 * Experiments that a server no longer has, or no longer shows: they leave the list at the next
 * look, whichever program makes it, with their runs, and come back when the server has them
 * again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <poll.h>

#include <assay/memory.h>
#include <assay/session.h>

#include "remote/mlflow_private.h"
#include "support/ingest_collect.h"
#include "support/mlflow_web.h"
#include "support/own_home.h"

/* ---- the client ---- */

struct client {
    struct fake_mlflow fake;
    struct net *net;
    struct mlflow *mlflow;
    struct ingest_collect collect;
};

static void open_mlflow(struct client *c)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;

    settings.url = assay_strdup(web_url(c->fake.web));
    assert_int_equal(mlflow_open(&c->mlflow, c->net, &settings, NULL), ASSAY_OK);
    server_settings_free(&settings);
}

static void open_client(struct client *c)
{
    fake_mlflow_start(&c->fake, 3, 30, 1, 2);
    c->net = net_new();
    open_mlflow(c);
    ingest_collect_init(&c->collect, ASSAY_LAST_VALUE);
}

static void close_client(struct client *c)
{
    mlflow_close(&c->mlflow);
    net_free(&c->net);
    fake_mlflow_stop(&c->fake);
    ingest_collect_free(&c->collect);
}

static void look(struct client *c)
{
    assert_int_equal(mlflow_source.scan(c->mlflow, &c->collect.ingest, NULL), ASSAY_OK);
}

/* Whether just the experiment GONE (0: none) and its runs are no longer there. */
static void assert_gone(const struct client *c, int gone)
{
    char id[16];

    for (int e = 1; e <= 3; e++) {
        snprintf(id, sizeof id, "%d", e);
        assert_int_equal(ingest_collect_experiment(&c->collect, id)->gone, e == gone);
    }
    for (int r = 0; r < 30; r++)
        assert_int_equal(ingest_collect_run(&c->collect, c->fake.runs[r].id)->gone,
                         c->fake.runs[r].experiment == gone);
}

/* Also at a look that would ask for new runs only. */
static void one_that_goes_is_missed_with_its_runs(void **state)
{
    struct client c = {0};

    (void)state;
    open_client(&c);
    look(&c);
    assert_gone(&c, 0);
    c.fake.absent_experiment = 2;
    mlflow_next_scan(c.mlflow, false, NULL, 0);
    look(&c);
    assert_gone(&c, 2);
    c.fake.searches = 0;
    look(&c); /* it is missed once: afterwards little is asked */
    assert_int_equal(c.fake.searches, 2);
    c.fake.absent_experiment = 0;
    mlflow_next_scan(c.mlflow, true, NULL, 0);
    look(&c);
    assert_gone(&c, 0);
    close_client(&c);
}

static void a_later_program_misses_it(void **state)
{
    struct client c = {0};

    (void)state;
    open_client(&c);
    look(&c);
    mlflow_close(&c.mlflow);
    open_mlflow(&c);
    c.fake.absent_experiment = 3;
    look(&c);
    assert_gone(&c, 3);
    /* And the one after that finds it again, runs and all. */
    mlflow_close(&c.mlflow);
    open_mlflow(&c);
    c.fake.absent_experiment = 0;
    look(&c);
    assert_gone(&c, 0);
    close_client(&c);
}

static void one_that_the_list_skips_is_asked_for(void **state)
{
    struct client c = {0};

    (void)state;
    open_client(&c);
    look(&c);
    c.fake.absent_experiment = 1;
    c.fake.absent_in_list = true;
    mlflow_next_scan(c.mlflow, true, NULL, 0);
    look(&c);
    assert_gone(&c, 0);
    close_client(&c);
}

/* ---- the session ---- */

static struct assay_session *open_session(const char *url, bool cached)
{
    struct assay_session *session = NULL;

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){.sources = &url,
                                                                        .source_count = 1,
                                                                        .cached = cached},
                                        NULL),
                     ASSAY_OK);
    return session;
}

/* How many experiments and runs are there to be listed. */
static void assert_listed(struct assay_session *session, size_t experiments, size_t runs)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    size_t live = 0, there = 0;

    for (uint32_t e = 0; e < assay_catalog_experiments(catalog); e++)
        live += !assay_catalog_experiment(catalog, e)->gone;
    for (uint32_t r = 0; r < assay_catalog_runs(catalog); r++)
        there += !assay_catalog_run(catalog, r)->gone;
    assert_int_equal(live, experiments);
    assert_int_equal(there, runs);
}

static void open_and_count(const char *url, bool cached, size_t experiments, size_t runs)
{
    struct assay_session *session = open_session(url, cached);
    uint32_t found;

    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_listed(session, experiments, runs);
    assert_int_equal(
        assay_catalog_find_experiment(assay_session_catalog(session), "exp 2", &found, NULL),
        experiments == 3 ? ASSAY_OK : ASSAY_BAD_INPUT);
    assay_session_close(&session);
}

static void the_cache_forgets_it_too(void **state)
{
    struct fake_mlflow fake = {0};
    const char *url;

    (void)state;
    fake_mlflow_start(&fake, 3, 30, 1, 2);
    url = web_url(fake.web);
    open_and_count(url, false, 3, 30);
    fake.absent_experiment = 2;
    open_and_count(url, false, 2, 20);
    open_and_count(url, true, 2, 20);
    fake.absent_experiment = 0;
    open_and_count(url, false, 3, 30);
    open_and_count(url, true, 3, 30);
    fake_mlflow_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_goes_is_missed_with_its_runs),
        cmocka_unit_test(a_later_program_misses_it),
        cmocka_unit_test(one_that_the_list_skips_is_asked_for),
        cmocka_unit_test(the_cache_forgets_it_too),
    };

    return cmocka_run_group_tests(tests, own_home_make, own_home_remove);
}

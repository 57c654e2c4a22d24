/*
 * Filters that a server answers: what comes is what the whole list, filtered here, comes to,
 * for fewer runs sent; what was known and is not among it is not shown; the list that is read
 * later misses nothing. A workbench whose list is slow has what it filters for before it.
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

#include <assay/memory.h>
#include <assay/query.h>
#include <assay/session.h>

#include "support/mlflow_web.h"
#include "support/own_home.h"

enum { RUNS = 400, EXPERIMENTS = 3 };

static struct fake_mlflow fake;

/* Every tenth has failed, every seventh is marked. */
static void start(void)
{
    fake = (struct fake_mlflow){0};
    fake_mlflow_start(&fake, EXPERIMENTS, RUNS, 2, 20);
    for (int r = 0; r < RUNS; r++) {
        if (r % 10 == 0)
            fake.runs[r].status = "FAILED";
        if (r % 7 == 0)
            snprintf(fake.runs[r].tag, sizeof fake.runs[r].tag, "gold");
    }
}

static struct assay_query *query_of(const char *filter)
{
    struct assay_query *query = NULL;

    assert_int_equal(assay_query_parse(&query, filter, 0, NULL), ASSAY_OK);
    return query;
}

static void step(struct assay_session *session)
{
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    poll(&ready, 1, 100);
    assay_session_dispatch(session);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ids of the runs of SESSION that FILTER keeps, in order, one a line; the caller's. */
static char *kept(struct assay_session *session, const struct assay_query *query)
{
    struct assay_catalog *catalog = assay_session_catalog(session);
    size_t all = assay_catalog_runs(catalog), count = 0, kept_count;
    uint32_t *rows = assay_alloc_array(all + 1, sizeof *rows);
    const char **ids = assay_alloc_array(all + 1, sizeof *ids);
    struct assay_buf out = {0};
    bool loading = true;

    for (uint32_t i = 0; i < all; i++)
        if (!assay_catalog_run(catalog, i)->gone)
            rows[count++] = i;
    for (;;) {
        uint32_t *some = assay_alloc_array(count + 1, sizeof *some);

        memcpy(some, rows, count * sizeof *some);
        kept_count = assay_query_select(query, catalog, some, count, &loading);
        for (size_t i = 0; i < kept_count; i++)
            ids[i] = assay_catalog_run(catalog, some[i])->id;
        free(some);
        if (!loading)
            break;
        step(session);
    }
    qsort(ids, kept_count, sizeof *ids, compare_text);
    assay_buf_text_add(&out, "");
    for (size_t i = 0; i < kept_count; i++)
        assay_buf_format(&out, "%s\n", ids[i]);
    free(rows);
    free(ids);
    return assay_buf_take(&out);
}

/* Opens a session that is read once, asked for FILTER where ASK is set, and waits. */
static struct assay_session *open_once(const char *asked)
{
    struct assay_session *session = NULL;
    const char *url = web_url(fake.web);

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){.sources = &url,
                                                                        .source_count = 1,
                                                                        .filter = asked},
                                        NULL),
                     ASSAY_OK);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    return session;
}

/* The workbench's: it goes on looking. */
static struct assay_session *open_live(void)
{
    struct assay_session *session = NULL;
    const char *url = web_url(fake.web);

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){
                                            .sources = &url, .source_count = 1, .live = true},
                                        NULL),
                     ASSAY_OK);
    return session;
}

static char *answer_to(const char *filter, bool ask)
{
    struct assay_query *query = query_of(filter);
    struct assay_buf asked = {0};
    struct assay_session *session;
    char *answer;

    if (ask)
        assert_true(assay_query_ask(query, &asked) > 0);
    session = open_once(ask ? assay_buf_text(&asked) : NULL);
    answer = kept(session, query);
    assay_session_close(&session);
    assay_query_free(&query);
    assay_buf_free(&asked);
    return answer;
}

static size_t lines(const char *text)
{
    size_t count = 0;

    while ((text = strchr(text, '\n'))) {
        text++;
        count++;
    }
    return count;
}

/* The whole filter's answer, with a condition in it that the server is not asked. */
static const char gold[] = "tags.mark = gold status = failed name LIKE '%run%'";

static void only_what_may_match_is_sent(void **state)
{
    char *ours, *all;

    (void)state;
    start();
    ours = answer_to(gold, true);
    assert_int_equal(lines(ours), 6); /* every seventieth of 400 */
    assert_int_equal(fake.filtered, 1);
    assert_int_equal(fake.searches, 1);
    assert_int_equal(fake.runs_given, 6);
    all = answer_to(gold, false);
    assert_string_equal(ours, all);
    assert_int_equal(fake.runs_given, 6 + RUNS); /* the list misses nothing afterwards */
    free(ours);
    free(all);
    fake_mlflow_stop(&fake);
}

/* What came by a filter is in the cache, and is shown when it still matches, no longer when it
   does not, in both directions, and when the run is deleted for good. */
static void what_changed_since_is_not_taken_for_what_is(void **state)
{
    char *before, *after;

    (void)state;
    start();
    before = answer_to(gold, true);
    snprintf(fake.runs[70].tag, sizeof fake.runs[70].tag, "lead");
    snprintf(fake.runs[30].tag, sizeof fake.runs[30].tag, "gold");
    fake.runs[140].absent = true;
    after = answer_to(gold, true);
    assert_int_equal(lines(before), 6);
    assert_non_null(strstr(before, fake.runs[70].id));
    assert_non_null(strstr(before, fake.runs[140].id));
    assert_int_equal(lines(after), 5);
    assert_null(strstr(after, fake.runs[70].id));
    assert_null(strstr(after, fake.runs[140].id));
    assert_non_null(strstr(after, fake.runs[30].id));
    free(before);
    before = answer_to("tags.mark = lead", true);
    assert_int_equal(lines(before), 1);
    free(before);
    free(after);
    fake_mlflow_stop(&fake);
}

/* A list that is read after filters knows what they brought, and misses what went since. */
static void the_list_afterwards_is_whole(void **state)
{
    struct assay_session *session;
    char *some, *none;

    (void)state;
    start();
    some = answer_to(gold, true);
    none = answer_to("status = killed", true);
    assert_int_equal(lines(none), 0);
    fake.runs[140].absent = true;
    session = open_once(NULL);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), RUNS);
    for (uint32_t i = 0; i < RUNS; i++) {
        const struct assay_run *run = assay_catalog_run(assay_session_catalog(session), i);

        assert_int_equal(run->gone, strcmp(run->id, fake.runs[140].id) == 0);
    }
    assay_session_close(&session);
    free(some);
    free(none);
    fake_mlflow_stop(&fake);
}

static void a_server_that_refuses_is_asked_for_its_list(void **state)
{
    char *ours;

    (void)state;
    start();
    fake.filters_fail = true;
    ours = answer_to(gold, true);
    assert_int_equal(lines(ours), 6);
    assert_int_equal(fake.runs_given, RUNS);
    free(ours);
    fake_mlflow_stop(&fake);
}

/* Filters of metrics, drawn at random (always the same): the server's way and ours agree, and
   together fewer runs are sent than by one list for each. */
static void random_filters_agree(void **state)
{
    static const char *const signs[] = {"<", "<=", ">", ">=", "=", "!="};
    uint32_t random = 7;

    (void)state;
    start();
    for (int i = 0; i < 12; i++) {
        char filter[200], *ours, *all;
        unsigned given = fake.runs_given;

        random = random * 1103515245 + 12345;
        snprintf(filter, sizeof filter, "metrics.loss%u %s %.17g metrics.loss0 > %.17g",
                 random >> 16 & 1, signs[random >> 17 & 3],
                 fake_mlflow_value((int)(random >> 8) % RUNS, (int)(random >> 16 & 1), 19),
                 fake_mlflow_value((int)(random >> 12) % RUNS, 0, 19));
        ours = answer_to(filter, true);
        assert_int_equal(fake.runs_given - given, lines(ours));
        all = answer_to(filter, false);
        assert_string_equal(ours, all);
        free(ours);
        free(all);
    }
    fake_mlflow_stop(&fake);
}

/* A list whose second page never comes: what the filter keeps is here all the same, and what is
   typed further is asked for next. */
static void a_filter_overtakes_the_list(void **state)
{
    struct assay_query *gold_query = query_of("tags.mark = gold"), *lead = query_of(gold);
    struct assay_session *session;
    char *ours;

    (void)state;
    start();
    fake.page_max = 50;
    fake.pages_hang = true;
    session = open_live();
    while (assay_catalog_runs(assay_session_catalog(session)) < 50)
        step(session);
    assert_int_equal(assay_session_asked(session, 0), ASSAY_ASKED_NOT);
    assay_session_ask(session, gold_query);
    while (assay_session_asked(session, 0) != ASSAY_ASKED_ANSWERED)
        step(session);
    assert_int_equal(fake.filtered, 2); /* 58 runs, in pages of 50 */
    assay_session_ask(session, lead);
    while (assay_session_asked(session, 0) != ASSAY_ASKED_ANSWERED)
        step(session);
    assert_int_equal(fake.filtered, 3);
    while (ours = kept(session, gold_query), lines(ours) < 58) {
        free(ours);
        step(session);
    }
    free(ours);
    ours = kept(session, lead);
    assert_int_equal(lines(ours), 6);
    free(ours);
    assay_session_ask(session, NULL);
    assert_int_equal(assay_session_asked(session, 0), ASSAY_ASKED_NOT);
    assay_session_close(&session);
    assay_query_free(&gold_query);
    assay_query_free(&lead);
    fake_mlflow_stop(&fake);
}

/* Runs that a filter brought before the list did are no sign that the list ends there. */
static void the_list_goes_on_behind_a_filter(void **state)
{
    struct assay_query *query = query_of("metrics.loss0 > -1e300");
    struct assay_session *session;

    (void)state;
    start();
    fake.page_max = 50;
    session = open_live();
    assay_session_ask(session, query);
    while (assay_catalog_source(assay_session_catalog(session), 0)->state != ASSAY_SOURCE_READY)
        step(session);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), RUNS);
    assert_int_equal(assay_session_asked(session, 0), ASSAY_ASKED_NOT);
    assert_int_equal(fake.searches - fake.filtered, RUNS / 50);
    assay_session_close(&session);
    assay_query_free(&query);
    fake_mlflow_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_may_match_is_sent, own_home_make,
                                        own_home_remove),
        cmocka_unit_test_setup_teardown(what_changed_since_is_not_taken_for_what_is,
                                        own_home_make, own_home_remove),
        cmocka_unit_test_setup_teardown(the_list_afterwards_is_whole, own_home_make,
                                        own_home_remove),
        cmocka_unit_test_setup_teardown(a_server_that_refuses_is_asked_for_its_list,
                                        own_home_make, own_home_remove),
        cmocka_unit_test_setup_teardown(random_filters_agree, own_home_make, own_home_remove),
        cmocka_unit_test_setup_teardown(a_filter_overtakes_the_list, own_home_make,
                                        own_home_remove),
        cmocka_unit_test_setup_teardown(the_list_goes_on_behind_a_filter, own_home_make,
                                        own_home_remove),
    };

    return cmocka_run_group_tests_name("filters of servers", tests, NULL, NULL);
}

/*
 * A server that takes the connection and says nothing: where the cache has its runs they are
 * shown long before a request's time is over; one that says that it is there may think for as
 * long as it likes, and one of which nothing is kept is waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/registry.h>
#include <assay/session.h>

#include "support/mlflow_web.h"
#include "support/own_home.h"
#include "support/program.h"

#define PATIENCE_MS 2500
#define UNKNOWN     "0123456789abcdef0123456789abcdef"
#define MUCH_US     INT64_C(30000000) /* and still far from the two minutes of a request */

static struct assay_session *open_as(const struct fake_mlflow *fake, bool live)
{
    struct assay_session *session = NULL;
    const char *url = web_url(fake->web);

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){
                                            .sources = &url,
                                            .source_count = 1,
                                            .live = live,
                                            .patience_ms = PATIENCE_MS,
                                        },
                                        NULL),
                     ASSAY_OK);
    return session;
}

static struct assay_session *open_session(const struct fake_mlflow *fake)
{
    return open_as(fake, false);
}

static const struct assay_source *source_of(struct assay_session *session)
{
    return assay_catalog_source(assay_session_catalog(session), 0);
}

static void read_once(const struct fake_mlflow *fake)
{
    struct assay_session *session = open_session(fake);

    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assay_session_close(&session);
}

static void what_is_kept_of_a_mute_server_is_shown(void **state)
{
    struct fake_mlflow fake = {0};
    const struct assay_artifacts *artifacts;
    struct assay_registry *registry = NULL;
    struct assay_session *session;
    struct assay_error err = {0};
    int64_t began = assay_monotonic_us();

    (void)state;
    fake_mlflow_start(&fake, 2, 5, 1, 10);
    read_once(&fake);
    fake.mute = true;
    session = open_session(&fake);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "says nothing (offline, as of"));
    assert_int_equal(source_of(session)->state, ASSAY_SOURCE_OFFLINE);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 5);
    /* What else is asked of it is not waited for again. */
    web_reset_counts(fake.web);
    artifacts = assay_session_artifacts_wait(session, 0);
    assert_int_equal(artifacts->load, ASSAY_LOAD_FAILED);
    assert_int_equal(assay_session_registry_wait(session, 0, &registry, NULL), ASSAY_IO);
    assert_null(registry);
    assert_int_equal(web_counts(fake.web).requests, 0);
    assay_session_close(&session);
    assert_true(assay_monotonic_us() - began < MUCH_US);
    fake_mlflow_stop(&fake);
}

/* It hangs behind its experiments, among the pages of the list. */
static void a_list_that_comes_to_a_halt_is_given_up(void **state)
{
    struct fake_mlflow fake = {.page_max = 2};
    struct assay_session *session;
    int64_t began = assay_monotonic_us();

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    read_once(&fake);
    fake.pages_hang = true;
    fake.health_hangs = true;
    session = open_session(&fake);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_IO);
    assert_int_equal(source_of(session)->state, ASSAY_SOURCE_OFFLINE);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 5);
    assay_session_close(&session);
    assert_true(assay_monotonic_us() - began < MUCH_US);
    fake_mlflow_stop(&fake);
}

static void a_server_that_thinks_is_waited_for(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_error err = {0};
    struct assay_session *session;

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    read_once(&fake);
    fake.thinks_ms = PATIENCE_MS + PATIENCE_MS / 2;
    session = open_session(&fake);
    if (assay_session_wait(session, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(source_of(session)->state, ASSAY_SOURCE_READY);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

static void step_until(struct assay_session *session, enum assay_source_state state)
{
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};
    int64_t until = assay_monotonic_us() + MUCH_US;

    while (source_of(session)->state != state) {
        assert_true(assay_monotonic_us() < until);
        poll(&ready, 1, 100);
        assay_session_dispatch(session);
    }
}

/* In a workbench it counts as offline, and comes back by itself. */
static void a_workbench_goes_offline_and_back(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_session *session;

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    read_once(&fake);
    fake.mute = true;
    session = open_as(&fake, true);
    step_until(session, ASSAY_SOURCE_OFFLINE);
    assert_non_null(strstr(source_of(session)->error.what, "says nothing"));
    assert_true(source_of(session)->read_ms != ASSAY_NO_TIME);
    fake.mute = false;
    step_until(session, ASSAY_SOURCE_READY);
    assay_session_close(&session);
    fake_mlflow_stop(&fake);
}

static void a_server_that_nothing_is_kept_of_is_waited_for(void **state)
{
    struct fake_mlflow fake = {.delay_ms = PATIENCE_MS + PATIENCE_MS / 2};

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    read_once(&fake);
    fake_mlflow_stop(&fake);
}

/* How often TEXT is among what the latest run complained of. */
static unsigned complained(const char *text)
{
    unsigned times = 0;

    for (const char *at = program_last.err; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

/* Whole ids are asked for by themselves, and names may look like them: the list that would say so
   is not waited for where the server said nothing to the first question. */
static void an_unknown_id_is_waited_for_once(void **state)
{
    struct fake_mlflow fake = {0};
    int64_t began;

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    assert_int_equal(program_run(NULL, "ls", "-S", web_url(fake.web), NULL), 0);
    fake.mute = true;
    began = assay_monotonic_us();
    program_run(NULL, "show", UNKNOWN, "-S", web_url(fake.web), NULL);
    program_expect(3); /* it may be there */
    program_complains("no such run");
    assert_int_equal(complained("says nothing (offline, as of"), 1);
    assert_true(assay_monotonic_us() - began < INT64_C(2000) * ASSAY_PATIENCE_MS);
    fake_mlflow_stop(&fake);
}

/* A name may look like a whole id: what the question for it brought may still be on its way into
   the cache when the list is asked for. */
static void a_name_that_looks_like_an_id_is_found(void **state)
{
    struct fake_mlflow fake = {0};

    (void)state;
    fake_mlflow_start(&fake, 1, 300, 4, 10);
    snprintf(fake.runs[2].name, sizeof fake.runs[2].name, "%s", UNKNOWN);
    for (int again = 0; again < 3; again++) {
        program_run(NULL, "show", UNKNOWN, "-S", web_url(fake.web), NULL);
        program_expect(0);
        program_says(fake.runs[2].id);
    }
    fake_mlflow_stop(&fake);
}

static void of_two_servers_the_mute_one_is_waited_for_once(void **state)
{
    struct fake_mlflow fake = {0}, other = {0};
    int64_t began;

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    fake_mlflow_start(&other, 1, 5, 1, 10);
    snprintf(other.runs[2].name, sizeof other.runs[2].name, "%s", UNKNOWN);
    assert_int_equal(
        program_run(NULL, "ls", "-S", web_url(fake.web), "-S", web_url(other.web), NULL), 0);
    fake.mute = true;
    began = assay_monotonic_us();
    program_run(NULL, "show", UNKNOWN, "-S", web_url(fake.web), "-S",
                web_url(other.web), NULL);
    program_says(other.runs[2].id); /* its list, of which the first question kept nothing, says it */
    assert_int_equal(complained("says nothing"), 1);
    assert_true(assay_monotonic_us() - began < INT64_C(2000) * ASSAY_PATIENCE_MS);
    fake_mlflow_stop(&fake);
    fake_mlflow_stop(&other);
}

static void what_is_offline_is_said_once(void **state)
{
    struct fake_mlflow fake = {0};

    (void)state;
    fake_mlflow_start(&fake, 1, 5, 1, 10);
    assert_int_equal(program_run(NULL, "pull", "-S", web_url(fake.web), NULL), 0);
    fake.mute = true;
    program_run(NULL, "models", "-S", web_url(fake.web), NULL);
    assert_int_equal(complained("says nothing"), 1);
    assert_int_equal(complained("assay doctor asks it again"), 1);
    assert_int_equal(complained("shown is what it said"), 1);
    fake_mlflow_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_of_a_mute_server_is_shown),
        cmocka_unit_test(a_list_that_comes_to_a_halt_is_given_up),
        cmocka_unit_test(a_server_that_thinks_is_waited_for),
        cmocka_unit_test(a_workbench_goes_offline_and_back),
        cmocka_unit_test(a_server_that_nothing_is_kept_of_is_waited_for),
        cmocka_unit_test(an_unknown_id_is_waited_for_once),
        cmocka_unit_test(a_name_that_looks_like_an_id_is_found),
        cmocka_unit_test(of_two_servers_the_mute_one_is_waited_for_once),
        cmocka_unit_test(what_is_offline_is_said_once),
    };

    return cmocka_run_group_tests_name("mute servers", tests, own_home_make, own_home_remove);
}

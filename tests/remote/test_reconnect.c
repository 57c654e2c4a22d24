/*
 * A workbench whose server goes silent and comes back: what it said stays, even when the
 * workbench is closed in the next moment; afterwards little is asked, and the models too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/registry.h>
#include <assay/session.h>

#include "support/own_home.h"
#include "support/registry_web.h"

static struct assay_session *open_live(const char *url)
{
    struct assay_session *session = NULL;

    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){
                                            .sources = &url, .source_count = 1, .live = true},
                                        NULL),
                     ASSAY_OK);
    return session;
}

static void step(struct assay_session *session)
{
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    poll(&ready, 1, 100);
    assay_session_dispatch(session);
}

static enum assay_source_state state_of(struct assay_session *session)
{
    return assay_catalog_source(assay_session_catalog(session), 0)->state;
}

/* Goes on until a look at the models has ended. */
static const struct assay_registry *models(struct assay_session *session,
                                           struct assay_registry_state *state)
{
    const struct assay_registry *registry;

    while (registry = assay_session_registry(session, 0, state), state->load == ASSAY_LOAD_BUSY)
        step(session);
    return registry;
}

/* Asks for a look and goes on until one has come to STATE. */
static void look_until(struct assay_session *session, enum assay_source_state state)
{
    assay_session_refresh(session, 0);
    while (state_of(session) != state)
        step(session);
}

static void what_was_said_is_kept_by_one_who_leaves(void **state)
{
    const struct assay_registry *registry;
    struct assay_registry_state models_state;
    struct fake_registry fake;
    struct assay_session *session;

    (void)state;
    fake_registry_start(&fake);
    session = open_live(web_url(fake.web));
    look_until(session, ASSAY_SOURCE_READY);
    registry = models(session, &models_state);
    assert_non_null(registry);
    assert_false(models_state.kept);
    assay_session_close(&session); /* in the moment in which it came */
    fake_registry_silent(&fake, true);
    session = open_live(web_url(fake.web));
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 2);
    registry = models(session, &models_state);
    assert_non_null(registry);
    assert_true(models_state.kept);
    assert_true(models_state.offline);
    assert_int_equal(registry->models[0].champion, 1);
    assay_session_close(&session);
    fake_registry_stop(&fake);
}

static void a_reconnect_asks_little(void **state)
{
    const struct assay_registry *registry;
    struct assay_registry_state models_state;
    struct fake_registry fake;
    struct assay_session *session;

    (void)state;
    fake_registry_start(&fake);
    session = open_live(web_url(fake.web));
    look_until(session, ASSAY_SOURCE_READY);
    models(session, &models_state);
    fake_registry_silent(&fake, true);
    assay_session_registry_refresh(session, 0);
    registry = models(session, &models_state);
    assert_true(models_state.offline);
    assert_non_null(registry); /* what is known stays */
    look_until(session, ASSAY_SOURCE_OFFLINE);
    web_reset_counts(fake.web);
    fake_registry_silent(&fake, false);
    look_until(session, ASSAY_SOURCE_READY);
    assert_in_range(web_counts(fake.web).requests, 1, 4);
    /* Nobody asks for the models: that the server is back is enough. */
    registry = models(session, &models_state);
    assert_non_null(registry);
    assert_int_equal(models_state.error.status, ASSAY_OK);
    assert_false(models_state.offline || models_state.kept);
    assay_session_close(&session);
    fake_registry_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_is_kept_by_one_who_leaves),
        cmocka_unit_test(a_reconnect_asks_little),
    };

    return cmocka_run_group_tests_name("reconnecting", tests, own_home_make, own_home_remove);
}

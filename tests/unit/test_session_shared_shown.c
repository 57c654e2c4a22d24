/*
 * Several processes with one cache: what one of them read and stored, the others find read and
 * do not read again. They must show it all the same.
 */
#include <poll.h>
#include <stdlib.h>

#include <assay/memory.h>
#include <assay/session.h>

#include "support/good.h"
#include "support/growing.h"

#include "session/session_private.h"

/* A process that reads, stores and ends. */
static void look_once(const struct growing *at)
{
    struct assay_session *session = growing_session(at, false);

    GOOD(assay_session_wait(session, good));
    growing_check(session, at);
    assay_session_close(&session);
}

/* ---- the tests ---- */

/* A workbench is open when another process is the first to read what is new. */
static void another_is_first(struct growing at)
{
    at.grow(&at, 0);
    struct assay_session *session = growing_session(&at, true);
    GOOD(assay_session_wait(session, good));
    growing_wait(session, &at);
    for (int round = 0; round < 3; round++) {
        at.grow(&at, 0);
        look_once(&at);
        growing_wait(session, &at);
        at.grow(&at, 1); /* a run that the workbench has not met, at first */
        look_once(&at);
        growing_wait(session, &at);
    }
    assay_session_close(&session);
    look_once(&at);
}

static void test_another_is_first_files(void **state)
{
    another_is_first(growing_files(state));
}

static void test_another_is_first_database(void **state)
{
    another_is_first(growing_database(state));
}

/* Keeps the threads of a session's pool busy until it is let go. */
struct hold {
    pthread_mutex_t lock;
    pthread_cond_t let_go;
    bool gone;
};
struct holding {
    struct pool_task task;
    struct hold *hold;
};

static void hold_on(struct pool_task *task)
{
    struct hold *hold = ((struct holding *)task)->hold;

    pthread_mutex_lock(&hold->lock);
    while (!hold->gone) {
        pthread_cond_wait(&hold->let_go, &hold->lock);
    }
    pthread_mutex_unlock(&hold->lock);
    free(task);
}

static void discard_hold(struct pool_task *task)
{
    free(task);
}

static void hold_pool(struct assay_session *session, struct hold *hold)
{
    *hold = (struct hold){0};
    pthread_mutex_init(&hold->lock, NULL);
    pthread_cond_init(&hold->let_go, NULL);
    for (int i = 0; i < 8; i++) { /* more than a pool has threads */
        struct holding *holding = assay_alloc(sizeof *holding);
        *holding = (struct holding){{NULL, hold_on, discard_hold}, hold};
        pool_add(session->pool, &holding->task, false);
    }
}

static void let_go(struct hold *hold)
{
    pthread_mutex_lock(&hold->lock);
    hold->gone = true;
    pthread_cond_broadcast(&hold->let_go);
    pthread_mutex_unlock(&hold->lock);
}

/* A session that has taken from the cache what is there, and whose reader has not begun. */
static struct assay_session *open_before_it_reads(const struct growing *at, struct hold *hold)
{
    struct assay_session *session = growing_session(at, false);
    bool found = false;

    while (!found) { /* what kind of place it is, by a thread of the pool */
        pthread_mutex_lock(&session->inbox_lock);
        found = session->inbox_first != NULL;
        pthread_mutex_unlock(&session->inbox_lock);
        (void)poll(NULL, 0, 1);
    }
    hold_pool(session, hold);
    assay_session_dispatch(session);
    assert_int_equal(session->source_count, 1);
    assert_true(session->sources[0]->scanning);
    return session;
}

/* Another process stores what is new between a session's look into the cache and its reading.
 */
static void another_is_between(struct growing at)
{
    for (int round = 0; round < 3; round++) {
        struct hold hold;
        struct assay_session *session = open_before_it_reads(&at, &hold);

        at.grow(&at, 0);
        if (round > 0) {
            at.grow(&at, 1);
        }
        look_once(&at);
        let_go(&hold);
        GOOD(assay_session_wait(session, good));
        growing_check(session, &at);
        assay_session_close(&session);
        pthread_cond_destroy(&hold.let_go);
        pthread_mutex_destroy(&hold.lock);
        look_once(&at);
    }
}

static void test_another_is_between_files(void **state)
{
    another_is_between(growing_files(state));
}

static void test_another_is_between_database(void **state)
{
    another_is_between(growing_database(state));
}

/* A process reads, is slow, and comes to the cache with what it read when another one has stored
   what is newer. What is newer stays there. */
static void test_another_is_slow_database(void **state)
{
    struct growing at = growing_database(state);
    const struct assay_session_options options = {
        .sources = &at.path, .source_count = 1, .cached = true};

    at.grow(&at, 0);
    for (int round = 0; round < 3; round++) {
        struct assay_session *slow = growing_session(&at, false), *cached = NULL;
        bool read = false;

        while (slow->source_count == 0 || !slow->sources[0]->scanning) {
            assay_session_dispatch(slow);
            (void)poll(NULL, 0, 1);
        }
        while (!read) { /* a batch of runs, and behind it the end of the scan */
            pthread_mutex_lock(&slow->inbox_lock);
            read = slow->inbox_first && slow->inbox_last->apply != slow->inbox_first->apply;
            pthread_mutex_unlock(&slow->inbox_lock);
            (void)poll(NULL, 0, 1);
        }
        at.grow(&at, 0);
        look_once(&at);
        GOOD(assay_session_wait(slow, good));
        assert_int_equal(growing_shown(slow, at.runs[0]), at.written[0] - 1);
        assay_session_close(&slow);
        GOOD(assay_session_open(&cached, &options, good));
        GOOD(assay_session_wait(cached, good));
        growing_check(cached, &at);
        assay_session_close(&cached);
        at.grow(&at, 0); /* so that the next has something to read */
    }
}

#define PLACE(name) cmocka_unit_test_setup_teardown(name, growing_open, mlflow_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(test_another_is_first_files),
        PLACE(test_another_is_first_database),
        PLACE(test_another_is_between_files),
        PLACE(test_another_is_between_database),
        PLACE(test_another_is_slow_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

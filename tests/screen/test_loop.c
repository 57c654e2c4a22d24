/*
 * The one poll(): what wakes it, and that nothing else does.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/clock.h>

#include "tui/loop.h"

static void test_descriptors(void **state)
{
    struct loop *loop;
    int a[2], b[2], first, second;

    (void)state;
    assert_int_equal(loop_open(&loop, NULL), ASSAY_OK);
    assert_int_equal(pipe(a) | pipe(b), 0);
    first = loop_watch(loop, a[0]);
    second = loop_watch(loop, b[0]);
    assert_int_equal(write(b[1], "x", 1), 1);
    assert_int_equal(loop_wait(loop, INT64_MAX), (unsigned)LOOP_FD << second);
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(loop_wait(loop, INT64_MAX),
                     (unsigned)LOOP_FD << first | (unsigned)LOOP_FD << second);
    loop_unwatch(loop, b[0]);
    assert_int_equal(loop_wait(loop, INT64_MAX), (unsigned)LOOP_FD << first);
    close(a[1]); /* a closed other end wakes as well */
    assert_int_equal(loop_wait(loop, INT64_MAX), (unsigned)LOOP_FD << first);
    for (int i = 0; i < LOOP_FDS - 1; i++)
        assert_true(loop_watch(loop, b[0]) >= 0);
    assert_int_equal(loop_watch(loop, b[0]), -1);
    loop_close(&loop);
    loop_close(&loop); /* twice is fine */
    close(a[0]);
    close(b[0]);
    close(b[1]);
}

static void test_deadline(void **state)
{
    struct loop *loop;
    int64_t start = assay_monotonic_us();

    (void)state;
    assert_int_equal(loop_open(&loop, NULL), ASSAY_OK);
    assert_int_equal(loop_wait(loop, start + 15000), LOOP_TIMER);
    assert_true(assay_monotonic_us() - start >= 15000);
    assert_int_equal(loop_wait(loop, start), LOOP_TIMER); /* past already */
    loop_close(&loop);
}

static void test_signals(void **state)
{
    static const struct {
        int number;
        unsigned wake;
    } cases[] = {{SIGWINCH, LOOP_RESIZE}, {SIGTERM, LOOP_QUIT},    {SIGHUP, LOOP_QUIT},
                 {SIGINT, LOOP_QUIT},     {SIGTSTP, LOOP_SUSPEND}, {SIGCONT, LOOP_CONTINUE}};
    struct sigaction before, after;
    struct loop *loop;

    (void)state;
    sigaction(SIGTERM, NULL, &before);
    assert_int_equal(loop_open(&loop, NULL), ASSAY_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        raise(cases[i].number);
        assert_int_equal(loop_wait(loop, INT64_MAX), cases[i].wake);
        if (cases[i].wake == LOOP_QUIT)
            assert_int_equal(loop_signal(loop), cases[i].number);
    }
    for (int i = 0; i < 100000; i++) /* more than the pipe holds: never blocks */
        raise(SIGWINCH);
    assert_int_equal(loop_wait(loop, INT64_MAX), LOOP_RESIZE);
    loop_close(&loop);
    sigaction(SIGTERM, NULL, &after);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

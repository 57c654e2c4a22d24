/*
 * tests/side_by_side.sh, by which many tests are run at once: a script that uses it, ended from
 * outside, takes all with it that it started, and its folder.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/places.h"

#define WAIT_MS 30000

/* Two that do not end by themselves, each in a group of its own, as a test is. Each says a dot. */
static const char script[] = "work=$1; export work; . \"$2/side_by_side.sh\"\n"
                             "one() { timeout 600 sh -c 'printf .; exec sleep 600'; }\n"
                             "export -f one\n"
                             "each_of 2 one < <(printf '1\\n2\\n3\\n')\n";

static pid_t begin(const char *work, int *said)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        (void)signal(SIGINT, SIG_DFL);
        execlp("bash", "bash", "-c", script, "bash", work, TEST_DATA, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *said = ends[0];
    return pid;
}

/* One byte; 0 at the end, which comes when nobody is left who could write; -1 if nothing came. */
static int take(int said)
{
    struct pollfd ready = {.fd = said, .events = POLLIN};
    char byte;
    if (poll(&ready, 1, WAIT_MS) != 1)
        return -1;
    return (int)read(said, &byte, 1);
}

static void ended_by(int signal_number)
{
    char *work = place_new("many");
    int said, status;
    assert_int_equal(mkdir(work, 0700), 0);
    pid_t pid = begin(work, &said);
    assert_int_equal(take(said), 1);
    assert_int_equal(take(said), 1);
    kill(pid, signal_number);
    assert_int_equal(take(said), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + signal_number);
    assert_false(place_exists(work));
    close(said);
    free(work);
}

static void test_ended(void **state)
{
    (void)state;
    ended_by(SIGTERM);
    ended_by(SIGINT);
    ended_by(SIGHUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ended)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

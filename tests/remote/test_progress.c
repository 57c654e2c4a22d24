/*
 * What a pull says on a terminal while it is under way stays on one line, however narrow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/buf.h>

#include "support/mlflow_web.h"
#include "support/program.h"

#define COLUMNS 40

/* All that `assay pull` writes to a terminal of COLUMNS. */
static void pull_on_terminal(const char *url, struct assay_buf *out)
{
    struct winsize size = {.ws_row = 24, .ws_col = COLUMNS};
    char *argv[] = {(char *)(uintptr_t) "assay", (char *)(uintptr_t) "pull",
                    (char *)(uintptr_t) "-S", (char *)(uintptr_t)url, NULL};
    char bytes[4096];
    ssize_t got;
    int fd, status;
    pid_t pid = forkpty(&fd, NULL, NULL, &size);

    assert_true(pid >= 0);
    if (pid == 0)
        program_become(argv);
    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        assay_buf_add(out, bytes, (size_t)got);
    close(fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void progress_stays_on_its_line(void **state)
{
    struct fake_mlflow fake = {.delay_ms = 200};
    struct assay_buf out = {0};
    size_t lines = 0;
    char *save = NULL;

    (void)state;
    fake_mlflow_start(&fake, 1, 100, 3, 20);
    pull_on_terminal(web_url(fake.web), &out);
    for (char *line = strtok_r(out.data, "\r", &save); line;
         line = strtok_r(NULL, "\r", &save)) {
        char *end = strstr(line, "\x1b[K");

        if (!end || end == line)
            continue; /* not of the progress, or what takes it away */
        *end = '\0';
        assert_true(strstr(line, " of 300 series") || strstr(line, " lists, "));
        assert_in_range(strlen(line), 1, COLUMNS - 1 + strlen("…") - 1);
        lines += strstr(line, " of 300 series") != NULL;
    }
    assert_true(lines > 0);
    assay_buf_free(&out);
    fake_mlflow_stop(&fake);
}

/* A guess of seconds, not of their hundredths. */
static void time_left_is_whole_seconds(void **state)
{
    struct fake_mlflow fake = {.delay_ms = 200};
    char *argv[] = {(char *)(uintptr_t) "assay", (char *)(uintptr_t) "pull",
                    (char *)(uintptr_t) "-S", NULL, NULL};
    unsigned times = 0;

    (void)state;
    fake_mlflow_start(&fake, 1, 100, 3, 20);
    argv[3] = (char *)(uintptr_t)web_url(fake.web);
    program_run_terminal(argv);
    program_expect(0);
    for (const char *at = program_last.out; (at = strstr(at, ", left ")) != NULL; times++) {
        at += strlen(", left ");
        if (at[strspn(at, "0123456789:s")] != ' ')
            fail_msg("%.40s", at);
    }
    assert_true(times > 0);
    fake_mlflow_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_stays_on_its_line),
        cmocka_unit_test(time_left_is_whole_seconds),
    };

    return cmocka_run_group_tests_name("progress", tests, program_begin, program_end);
}

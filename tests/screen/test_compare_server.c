/*
 * The comparison on the screen of runs that lie on a server: their artifacts are fetched to be
 * compared, what cannot be had is said, and nobody has to wait for what does not come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/mlflow_web.h"
#include "support/runs_fixture.h"
#include "support/screen.h"
#include "support/workbench.h"

/* The workbench on both runs of the server, compared. */
static struct screen *open_compared(struct fake_mlflow *fake, const char *name)
{
    struct screen *screen =
        workbench_open_on(web_url(fake->web), NULL, name, 120, 36, SCREEN_XTERM);
    screen_wait(screen, fake->runs[0].name);
    screen_wait(screen, fake->runs[1].name);
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "rows differ");
    return screen;
}

static void artifacts_are_fetched(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true};
    char added[64];
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    struct screen *screen = open_compared(&fake, "fetched");
    screen_press(screen, "f", NULL);
    screen_wait(screen, "file top.txt");
    screen_assert_text(screen, "file deep dir/a.txt");
    screen_press(screen, "/", NULL);
    screen_type(screen, "top");
    screen_press(screen, "enter", "enter", NULL);
    screen_wait(screen, " hello");
    snprintf(added, sizeof added, "from %s", fake.runs[0].name);
    screen_assert_text(screen, added);
    snprintf(added, sizeof added, "from %s", fake.runs[1].name);
    screen_assert_text(screen, added);
    screen_press(screen, "esc", NULL);
    screen_wait(screen, "file top.txt");
    screen_close(&screen);
    fake_mlflow_stop(&fake);
}

static void what_cannot_be_fetched_is_said(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true, .files_fail = true};
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    struct screen *screen = open_compared(&fake, "refused");
    screen_press(screen, "f", NULL);
    screen_wait(screen, "4 artifacts could not be read");
    screen_wait(screen, "not fetched");
    screen_close(&screen);
    fake_mlflow_stop(&fake);
}

/* A list says more than is fetched unasked: it is compared by size, and fetched by enter. */
static void large_ones_are_fetched_when_asked_for(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true, .top_bytes = 1 << 20};
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    struct screen *screen = open_compared(&fake, "large");
    screen_press(screen, "f", NULL);
    screen_wait(screen, "2 large artifacts on servers are compared by size alone");
    screen_press(screen, "/", NULL);
    screen_type(screen, "top");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "by size alone");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, " hello");
    screen_close(&screen);
    fake_mlflow_stop(&fake);
}

static void what_does_not_come_is_left(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true, .files_hang = true};
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    struct screen *screen = open_compared(&fake, "hanging");
    screen_press(screen, "f", NULL);
    screen_wait(screen, "fetching artifacts: 1 of 2, run 1 of 2");
    screen_press(screen, "esc", NULL);
    screen_wait(screen, "no more artifacts are fetched");
    screen_refute_text(screen, "fetching artifacts");
    web_hold(fake.web);
    fake.files_hang = false; /* asked for again it comes */
    web_go_on(fake.web);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "file top.txt");
    screen_close(&screen);
    fake_mlflow_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(artifacts_are_fetched),
        cmocka_unit_test(what_cannot_be_fetched_is_said),
        cmocka_unit_test(large_ones_are_fetched_when_asked_for),
        cmocka_unit_test(what_does_not_come_is_left),
    };
    return cmocka_run_group_tests_name("compare on a server", tests, NULL, NULL);
}

/*
 * The runs table while a server's list is still being read, or the server is away: the filter
 * is asked of the server, and the screen says how much of the list the answer stands on.
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

enum { RUNS = 200, GOLD = 170 };

static struct screen *open_on(const char *url)
{
    return workbench_open_on(url, NULL, "filtered", 120, 36, SCREEN_XTERM);
}

static void a_filter_does_not_wait_for_the_list(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.page_max = 50};
    char url[64];
    fake.pages_hang = true;
    fake_mlflow_start(&fake, 1, RUNS, 1, 5);
    web_hold(fake.web);
    snprintf(fake.runs[GOLD].tag, sizeof fake.runs[GOLD].tag, "gold");
    web_go_on(fake.web);
    snprintf(url, sizeof url, "%s", web_url(fake.web));
    struct screen *screen = open_on(url);
    screen_wait(screen, "run-0 ");
    screen_refute_text(screen, "run-170 ");
    screen_press(screen, "/", NULL);
    screen_type(screen, "name LIKE 'run%'"); /* nothing the server is asked */
    screen_wait(screen, "only what is here; 50 of the list read");
    screen_type(screen, " tags.mark = gold");
    screen_wait(screen, "the server answered; 50 of the list read");
    screen_wait(screen, "run-170 ");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "1 of 51");
    screen_close(&screen);
    fake_mlflow_stop(&fake);

    /* The server is away: what came is here, and no more is claimed. */
    screen = open_on(url);
    screen_wait(screen, "run-0 ");
    screen_press(screen, "/", NULL);
    screen_type(screen, "tags.mark = gold");
    screen_wait(screen, "offline: only what is here");
    screen_assert_text(screen, "1 of 51");
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_does_not_wait_for_the_list),
    };

    return cmocka_run_group_tests_name("filters on a server", tests, NULL, NULL);
}

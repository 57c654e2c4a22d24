/*
 * The workbench on a server that says nothing: runs and models are there as they were last
 * known, both screens say how old that is, and what is new comes when the server is back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/program.h"
#include "support/registry_screen.h"

/* One-shots keep all they were told before they end: what the cache has is certain. */
static void know_all(const char *url)
{
    static const char *const names[][2] = {{"ASSAY_STORE", "/store.db"},
                                           {"ASSAY_CACHE", "/cache.db"},
                                           {"ASSAY_CONFIG", "/config.ini"},
                                           {"XDG_STATE_HOME", ""},
                                           {"HOME", ""}};
    char path[400];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s%s", registry_screen_root(), names[i][1]);
        setenv(names[i][0], path, 1);
    }
    setenv("no_proxy", "*", 1);
    unsetenv("MLFLOW_TRACKING_URI");
    program_run(NULL, "runs", "-S", url, NULL);
    program_expect(0);
    program_run(NULL, "models", "-S", url, NULL);
    program_expect(0);
}

static void the_last_known_state_and_its_age(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    know_all(web_url(fake.web));
    /* Not stopped: another test's server might come to its port. */
    fake_registry_silent(&fake, true);
    struct screen *screen = registry_screen_again(web_url(fake.web), NULL, 140, 34);
    screen_wait(screen, "offline, ");
    screen_press(screen, "enter", NULL); /* a run of it is as old */
    screen_wait(screen, "offline, as of ");
    screen_press(screen, "q", NULL);
    screen_wait(screen, "RUNS");
    screen_press(screen, "V", NULL);
    screen_wait(screen, "as of "); /* from the first moment on, while the server is asked */
    screen_assert_text(screen, "2 versions");
    screen_wait(screen, "offline, as of ");
    registry_screen_row(screen, "★ v1", "champion");
    screen_press(screen, "g", "j", NULL);
    screen_wait(screen, "fraud version 2");
    screen_wait(screen, "CHANGED SINCE THE CHAMPION, version 1");
    registry_screen_row(screen, "0.92", "auc");
    snprintf(fake.champion, sizeof fake.champion, "2");
    fake_registry_silent(&fake, false);
    screen_press(screen, "R", NULL);
    screen_wait(screen, "★ v2");
    screen_refute_text(screen, "as of ");
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static int begin(void **state)
{
    return program_begin(state) || registry_screen_begin(state);
}

static int end(void **state)
{
    return registry_screen_end(state) | program_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_known_state_and_its_age),
    };
    return cmocka_run_group_tests_name("without a network", tests, begin, end);
}

/*
 * The tabs of the run screen about what a run left on its server: models it logged, and traces,
 * against a played server; what other runs logged stays away, without a network the lists are there
 * with their age, and they fit every size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/registry_screen.h"

static struct screen *open_run(const struct fake_registry *fake, const char *url, int columns,
                               int rows)
{
    struct screen *screen = fake ? registry_screen_open(fake, "", NULL, columns, rows)
                                 : registry_screen_again(url, NULL, columns, rows);
    screen_press(screen, "/", NULL);
    screen_type(screen, "hopeful");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "metrics");
    return screen;
}

static void start_logging(struct fake_registry *fake, bool filters_fail)
{
    fake_registry_start(fake);
    fake_registry_hold();
    fake->logs = true;
    fake->filters_fail = filters_fail;
    fake_registry_go_on();
}

static void expect_models(struct screen *screen)
{
    screen_press(screen, "9", NULL);
    screen_wait(screen, "detector");
    registry_screen_row(screen, "detector  ", "ready");
    screen_refute_text(screen, "stranger");
    screen_refute_text(screen, "[31m\x1b");
}

static void models_with_status_step_and_metrics(void **state)
{
    (void)state;
    struct fake_registry fake;
    start_logging(&fake, false);
    struct screen *screen = open_run(&fake, NULL, 120, 40);
    assert_int_equal(fake_registry_seen(&fake).logged_asked, 0); /* nobody looked at them */
    screen_assert_text(screen, "models 1");                      /* the run itself says so */
    screen_refute_text(screen, "NaN"); /* the extremes of its metric are not known: no points came */
    expect_models(screen);
    registry_screen_row(screen, "detector  ", "auc 0.9251   loss NaN");
    registry_screen_row(screen, "detector  ", "agent");
    registry_screen_row(screen, "draft ", "upload failed");
    screen_settle(screen);
    assert_true(screen_find(screen, "models 2", NULL, NULL)); /* the tab counts what it lists */
    screen_assert_text(screen, "registered as fraud v2");
    screen_assert_text(screen, "params depth=4");
    screen_press(screen, "/", NULL);
    screen_type(screen, "draft");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "id m-late");
    screen_assert_text(screen, "acc 0.5 (step 1)   acc 0.75 (step 2)");
    screen_refute_text(screen, "detector");
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static void traces_with_state_time_and_request(void **state)
{
    (void)state;
    struct fake_registry fake;
    start_logging(&fake, true); /* all are asked for then */
    struct screen *screen = open_run(&fake, NULL, 120, 40);
    screen_press(screen, "0", NULL);
    registry_screen_row(screen, "✓ ok", "why was it refused?");
    registry_screen_row(screen, "✓ ok", "38 ms");
    registry_screen_row(screen, "✗ error", "paint");
    registry_screen_row(screen, "▶ goes on", "and now?");
    screen_assert_text(screen, "traces 3");
    screen_refute_text(screen, "another run's");
    screen_assert_text(screen, "response because of tr-1");
    screen_press(screen, "j", NULL);
    screen_wait(screen, "response because of tr-2");
    expect_models(screen);
    screen_close(&screen);
    fake_registry_stop(&fake);
}

/* What was looked at once is there, and says when that was. */
static void kept_for_days_without_a_network(void **state)
{
    (void)state;
    struct fake_registry fake;
    start_logging(&fake, false);
    setenv("ASSAY_NOW_MS", "1760000600000", 1);
    struct screen *screen = open_run(&fake, NULL, 120, 40);
    expect_models(screen);
    screen_press(screen, "0", NULL);
    screen_wait(screen, "why was it refused?");
    screen_close(&screen);
    fake_registry_silent(&fake, true);
    setenv("ASSAY_NOW_MS", "1760011400000", 1);
    screen = open_run(NULL, web_url(fake.web), 120, 40);
    expect_models(screen);
    screen_wait(screen, "as of 3h ago: ");
    screen_press(screen, "0", NULL);
    screen_wait(screen, "why was it refused?");
    screen_wait(screen, "as of 3h ago: ");
    fake_registry_silent(&fake, false);
    screen_press(screen, "R", NULL);
    screen_wait(screen, "traces 3");
    for (int row; screen_find(screen, "as of 3h ago", &row, NULL);)
        screen_settle(screen);
    screen_assert_text(screen, "why was it refused?");
    screen_close(&screen);
    unsetenv("ASSAY_NOW_MS");
    fake_registry_stop(&fake);
}

static void every_size_has_room(void **state)
{
    (void)state;
    static const int sizes[][2] = {{80, 24}, {60, 16}};
    struct fake_registry fake;
    start_logging(&fake, false);
    for (int i = 0; i < 2; i++) {
        struct screen *screen = open_run(&fake, NULL, sizes[i][0], sizes[i][1]);
        expect_models(screen);
        screen_press(screen, "0", NULL);
        registry_screen_row(screen, "✓ ok", "why was");
        registry_screen_row(screen, "✓ ok", "38 ms");
        screen_close(&screen);
    }
    fake_registry_stop(&fake);
}

/* A server that has neither says so, and so do runs that lie on no server. */
static void where_there_are_none(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    struct screen *screen = open_run(&fake, NULL, 120, 40);
    screen_press(screen, "0", NULL);
    screen_wait(screen, "this server knows no traces");
    screen_press(screen, "9", NULL);
    screen_wait(screen, REGISTRY_LOGGED); /* what the run itself says it made */
    screen_close(&screen);
    fake_registry_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_with_status_step_and_metrics),
        cmocka_unit_test(traces_with_state_time_and_request),
        cmocka_unit_test(kept_for_days_without_a_network),
        cmocka_unit_test(every_size_has_room),
        cmocka_unit_test(where_there_are_none),
    };
    return cmocka_run_group_tests_name("what runs logged", tests, registry_screen_begin,
                                       registry_screen_end);
}

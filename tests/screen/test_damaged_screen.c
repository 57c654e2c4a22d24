/*
 * A damaged source on the screen: what is left of a series is drawn, and the chart says that it
 * is not all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/mlflow_db_world.h"
#include "support/workbench.h"

static void charts_say_what_is_missing(void **state)
{
    struct db_world *world = *state;

    db_world_fill(world);
    assert_int_equal(db_world_blank(world, "mark-middle"), 1);
    struct screen *screen = workbench_open_on(world->path, NULL, "damaged", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "400 runs");
    screen_press(screen, "/", NULL);
    screen_type(screen, "id = 'run0007'");
    screen_press(screen, "enter", "enter", NULL);
    screen_wait(screen, "METRIC");
    screen_press(screen, "/", NULL);
    screen_type(screen, "long");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, " points, incomplete: the source is damaged");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "incomplete: ");
    screen_wait(screen, "1 incomplete: the source");
    screen_close(&screen);
}

static void charts_of_what_is_whole_say_nothing(void **state)
{
    struct db_world *world = *state;

    db_world_fill(world);
    struct screen *screen = workbench_open_on(world->path, NULL, "whole", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "400 runs");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "METRIC");
    screen_wait(screen, "1 point");
    screen_refute_text(screen, "incomplete");
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(charts_say_what_is_missing, db_world_old, db_world_end),
        cmocka_unit_test_setup_teardown(charts_of_what_is_whole_say_nothing, db_world_old,
                                        db_world_end),
    };
    return cmocka_run_group_tests_name("damaged", tests, NULL, NULL);
}

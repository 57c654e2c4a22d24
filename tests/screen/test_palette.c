/*
 * The palette, help, activity, themes: what is on every screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/workbench.h"

static void completes_names_and_arguments(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, NULL);
    screen_press(screen, ":", NULL);
    screen_type(screen, "rev");
    screen_settle(screen);
    screen_assert_text(screen, "turn the order round");
    screen_press(screen, "ctrl+u", NULL);
    screen_type(screen, "sor");
    screen_press(screen, "tab", NULL);
    screen_type(screen, "vloss");
    screen_settle(screen);
    screen_assert_text(screen, "metrics.val/loss");
    screen_press(screen, "tab", "enter", NULL);
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "run-01"), 3);
    screen_press(screen, ":", NULL);
    screen_type(screen, "nonsense");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "there is no such command");
    screen_close(&screen);
}

static void nearly_is_enough(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, NULL);
    screen_press(screen, ":", NULL);
    screen_type(screen, "activ");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "JOBS");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_close(&screen);
}

static void help_lists_and_searches(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, NULL);
    screen_press(screen, "?", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "HOME");
    screen_assert_text(screen, "save-view");
    screen_press(screen, "/", NULL);
    screen_type(screen, "smooth");
    screen_settle(screen);
    screen_assert_text(screen, "CHART");
    screen_assert_text(screen, "smooth-more");
    screen_refute_text(screen, "save-view");
    screen_press(screen, "esc", "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_close(&screen);
}

static void themes_change_at_once(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, NULL);
    int before = screen_look(screen, 0, 50).bg;
    screen_press(screen, ":", NULL);
    screen_type(screen, "theme light");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "theme light");
    assert_int_not_equal(before, screen_look(screen, 0, 50).bg);
    screen_close(&screen);
}

static void columns_are_picked(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "v", NULL);
    screen_type(screen, "opt");
    screen_press(screen, "space", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "adamw");
    screen_press(screen, ":", NULL);
    screen_type(screen, "columns name,val/acc@max");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "val/acc@max");
    screen_refute_text(screen, "STATE");
    screen_close(&screen);
}

static void keys_of_the_users_own(void **state)
{
    (void)state;
    char path[400], config[500];
    snprintf(path, sizeof path, "%s.config", workbench_store());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("[keys.home]\nactivity = z\n[ui]\ntheme = dark\n", file);
    fclose(file);
    snprintf(config, sizeof config, "ASSAY_CONFIG=%s", path);
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, config);
    screen_press(screen, "z", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "JOBS");
    screen_close(&screen);
}

static void leaves_when_asked(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, NULL);
    screen_press(screen, "enter", "ctrl+c", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completes_names_and_arguments),
        cmocka_unit_test(nearly_is_enough),
        cmocka_unit_test(help_lists_and_searches),
        cmocka_unit_test(themes_change_at_once),
        cmocka_unit_test(columns_are_picked),
        cmocka_unit_test(keys_of_the_users_own),
        cmocka_unit_test(leaves_when_asked),
    };
    return cmocka_run_group_tests_name("palette", tests, NULL, NULL);
}

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
    screen_press(screen, ":", NULL);
    screen_type(screen, "graphics nonsense");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "graphics: text or auto; ");
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

/* The colon that opened the line, typed once more, and blanks before the name are no part of it. */
static void a_second_colon_is_no_name(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(100, 30, SCREEN_XTERM, NULL);
    screen_press(screen, ":", NULL);
    screen_type(screen, ": rev");
    screen_settle(screen);
    screen_assert_text(screen, "turn the order round");
    screen_press(screen, "ctrl+u", NULL);
    screen_type(screen, ":theme li");
    screen_press(screen, "tab", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "theme light");
    screen_press(screen, ":", NULL);
    screen_type(screen, " :activity");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "JOBS");
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

/* What a command does is told to the end, however narrow the terminal: the last words of
   long texts are there on some page, and no page has a cut. */
static void help_is_never_cut(void **state)
{
    static const char *const ends[] = {"(val_loss@min:desc)", "restores", "searchable"};
    bool seen[3] = {false};
    int row, column;
    (void)state;
    struct screen *screen = workbench_open(60, 24, SCREEN_XTERM, NULL);
    screen_press(screen, "?", NULL);
    for (int page = 0; page < 20; page++) {
        screen_settle(screen);
        for (size_t i = 0; i < 3; i++) {
            seen[i] = seen[i] || screen_find(screen, ends[i], &row, &column);
        }
        screen_refute_text(screen, "\u2026");
        screen_press(screen, "pgdn", NULL);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    screen_close(&screen);
}

/* The key in the cursor's row, which is the one with another background, in KEY. */
static void key_here(struct screen *screen, int rows, char *key, size_t size)
{
    int plain = screen_look(screen, 1, 50).bg;
    for (int row = 2; row < rows - 1; row++) {
        if (screen_look(screen, row, 50).bg != plain) {
            snprintf(key, size, "%.8s", screen_text(screen, row) + 2);
            key[strcspn(key + strspn(key, " "), " ") + strspn(key, " ")] = '\0';
            memmove(key, key + strspn(key, " "), strlen(key + strspn(key, " ")) + 1);
            return;
        }
    }
    fail_msg("no row has the cursor");
}

/* Broken anew at another width, the cursor stays on its command. */
static void help_keeps_its_place(void **state)
{
    char before[16], after[16];
    (void)state;
    struct screen *screen = workbench_open(60, 24, SCREEN_XTERM, NULL);
    screen_press(screen, "?", "pgdn", "pgdn", "pgdn", NULL);
    do {
        screen_press(screen, "j", NULL);
        screen_settle(screen);
        key_here(screen, 24, before, sizeof before);
    } while (!*before); /* the next row that names a key */
    screen_resize(screen, 140, 40);
    screen_settle(screen);
    key_here(screen, 40, after, sizeof after);
    assert_string_equal(before, after);
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
        cmocka_unit_test(a_second_colon_is_no_name),
        cmocka_unit_test(help_lists_and_searches),
        cmocka_unit_test(help_is_never_cut),
        cmocka_unit_test(help_keeps_its_place),
        cmocka_unit_test(themes_change_at_once),
        cmocka_unit_test(columns_are_picked),
        cmocka_unit_test(keys_of_the_users_own),
        cmocka_unit_test(leaves_when_asked),
    };
    return cmocka_run_group_tests_name("palette", tests, NULL, NULL);
}

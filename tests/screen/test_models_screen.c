/*
 * The models screen against a played server: models, versions, the champion, what changed since
 * it; a change that is typed, looked at and only then written; one that somebody else was
 * quicker with; a server that may only be read; names that paint.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/registry_screen.h"
#include "support/workbench.h"

/* The models on screen. CONFIG is the configuration file. */
static struct screen *open_models(const struct fake_registry *fake, const char *config,
                                  int columns, int rows)
{
    struct screen *screen = registry_screen_open(fake, config, NULL, columns, rows);
    screen_press(screen, "V", NULL);
    screen_wait(screen, "2 versions");
    screen_settle(screen);
    return screen;
}

/* How many rows below the one with HEADING have TEXT. */
static int rows_below(struct screen *screen, const char *heading, const char *text)
{
    int row, found = 0;

    assert_true(screen_find(screen, heading, &row, NULL));
    while (++row < 34)
        found += strstr(screen_text(screen, row), text) != NULL;
    return found;
}

static void versions_and_the_champion(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    struct screen *screen = open_models(&fake, "", 140, 34);
    screen_assert_text(screen, "1 model ");
    screen_assert_text(screen, "fraud");
    screen_assert_text(screen, "finds fraud");
    registry_screen_row(screen, "★ v1", "champion");
    registry_screen_row(screen, "v2  ", "canary");
    screen_refute_text(screen, "★ v2");
    /* The version that is not the champion: its run, and what is another since. */
    screen_press(screen, "j", NULL);
    screen_wait(screen, "fraud version 2");
    screen_assert_text(screen, "hopeful");
    screen_wait(screen, "CHANGED SINCE THE CHAMPION, version 1");
    registry_screen_row(screen, "0.92", "auc");
    screen_assert_text(screen, "bbbbbbb"); /* its commit */
    screen_refute_text(screen, "more differ");
    assert_int_equal(rows_below(screen, "CHANGED SINCE", "m-0123"), 0); /* ids are no change */
    screen_press(screen, "c", NULL); /* the comparison of both runs */
    screen_wait(screen, "steady");
    screen_assert_text(screen, "hopeful");
    screen_press(screen, "escape", NULL);
    screen_wait(screen, "MODELS");
    screen_press(screen, "g", "h", NULL); /* folded, and open again */
    screen_settle(screen);
    screen_refute_text(screen, "v2  ");
    screen_press(screen, "l", NULL);
    screen_wait(screen, "v2  ");
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static void on_version_2(struct screen *screen)
{
    screen_press(screen, "g", "j", NULL);
    screen_wait(screen, "fraud version 2");
}

static void a_change_is_shown_before_it_is_written(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    struct screen *screen = open_models(&fake, "", 140, 34);
    on_version_2(screen);
    screen_press(screen, "a", NULL);
    screen_wait(screen, "alias for this version");
    screen_type(screen, "champion");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "write?");
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    screen_press(screen, "escape", NULL); /* left as it is */
    screen_settle(screen);
    screen_refute_text(screen, "write?");
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    assert_string_equal(fake_registry_seen(&fake).champion, "1");
    screen_press(screen, "a", NULL);
    screen_wait(screen, "alias for this version");
    screen_type(screen, "champion");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "write?");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "written:");
    assert_string_equal(fake_registry_seen(&fake).champion, "2");
    screen_wait(screen, "★ v2"); /* read back, not believed */
    /* A tag, and a description. */
    on_version_2(screen);
    screen_press(screen, "T", NULL);
    screen_type(screen, "team");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "a tag is NAME=VALUE");
    screen_type(screen, "=ads");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "write?");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "written:");
    assert_string_equal(fake_registry_seen(&fake).tag, "ads");
    screen_wait(screen, "team=ads");
    screen_press(screen, "e", NULL);
    screen_wait(screen, "description: smaller");
    screen_type(screen, " and quicker");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "write?");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "smaller and quicker");
    assert_string_equal(fake_registry_seen(&fake).about, "smaller and quicker");
    assert_int_equal(fake_registry_seen(&fake).writes, 3);
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static void a_conflict_is_told(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    struct screen *screen = open_models(&fake, "", 140, 34);
    on_version_2(screen);
    fake_registry_after_look(&fake, "7"); /* between the look and the key */
    screen_press(screen, "a", NULL);
    screen_type(screen, "champion");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "write?");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "written:");
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    assert_string_equal(fake_registry_seen(&fake).champion, "7");
    screen_assert_text(screen, "7"); /* what it is now is said */
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static void a_server_to_be_read_is_only_read(void **state)
{
    (void)state;
    struct fake_registry fake;
    char config[400];
    fake_registry_start(&fake);
    snprintf(config, sizeof config, "[source mine]\nplace = %s\nread_only = yes\n",
             web_url(fake.web));
    struct screen *screen = open_models(&fake, config, 140, 34);
    on_version_2(screen);
    screen_press(screen, "a", NULL);
    screen_wait(screen, "read-only");
    screen_refute_text(screen, "alias for this version");
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    screen_close(&screen);
    fake_registry_stop(&fake);
}

/* A description may hold anything; a small screen shows list and detail above each other. */
static void nothing_paints(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    fake_registry_hold();
    snprintf(fake.about, sizeof fake.about, "a\\u001b[31mb\\u0007\\u009bc\\u202ed");
    snprintf(fake.tag, sizeof fake.tag, "\\u001b]0;title\\u0007");
    fake_registry_go_on();
    struct screen *screen = open_models(&fake, "", 60, 16);
    const uint64_t titles = screen_counts(screen).titles;
    on_version_2(screen);
    screen_settle(screen);
    screen_assert_text(screen, "a");
    assert_int_equal(screen_counts(screen).titles, titles);
    for (int row = 0; row < 16; row++) {
        const char *text = screen_text(screen, row);
        assert_null(strchr(text, '\x1b'));
        assert_null(strstr(text, "\xe2\x80\xae"));
    }
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static void without_a_server(void **state)
{
    (void)state;
    struct screen *screen = workbench_open_empty(100, 24);
    screen_press(screen, "V", NULL);
    screen_wait(screen, "None of the sources registers models");
    screen_assert_text(screen, "assay http://");
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_and_the_champion),
        cmocka_unit_test(a_change_is_shown_before_it_is_written),
        cmocka_unit_test(a_conflict_is_told),
        cmocka_unit_test(a_server_to_be_read_is_only_read),
        cmocka_unit_test(nothing_paints),
        cmocka_unit_test(without_a_server),
    };
    return cmocka_run_group_tests_name("models screen", tests, registry_screen_begin,
                                       registry_screen_end);
}

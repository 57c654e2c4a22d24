/*
 * Themes: what is read, what is refused, how looks are put together, and that every theme that
 * is compiled in is complete and can be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "tui/theme.h"

static enum assay_status parse(struct theme *theme, const char *text, int colors,
                               struct assay_error *err)
{
    return theme_parse(theme, "test.theme", text, strlen(text), colors, err);
}

static void test_builtin(void **state)
{
    static const int counts[] = {256, 88, 16, 8, 0};
    const char *name;
    size_t themes = 0;

    (void)state;
    for (; (name = theme_builtin(themes)) != NULL; themes++) {
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            struct assay_error err = {0};
            struct theme theme;

            assert_int_equal(theme_load(&theme, name, NULL, counts[i], &err), ASSAY_OK);
            assert_string_equal(theme.name, name);
            assert_non_null(theme.chart);
            for (int role = 0; role < ROLE_COUNT; role++) {
                struct style style = theme_style(&theme, (enum role)role, ROLE_NORMAL);

                assert_in_range(style.fg + 1, 0, 256);
                assert_in_range(style.bg + 1, 0, 256);
                assert_true(style.fg < counts[i] && style.bg < counts[i]);
            }
            /* The cursor's row can be told from another. */
            struct style here = theme_style(&theme, ROLE_NORMAL, ROLE_HERE);
            struct style plain = theme_style(&theme, ROLE_NORMAL, ROLE_NORMAL);
            assert_true(here.bg != plain.bg || here.attrs != plain.attrs);
        }
    }
    assert_int_equal(themes, 3);
}

/* Legends in text have the very colours of the lines in pixels. */
static void test_series(void **state)
{
    static const char *const names[] = {"dark", "light"};

    (void)state;
    for (int n = 0; n < 2; n++) {
        const struct assay_chart_palette *palette =
            n == 0 ? &assay_palette_dark : &assay_palette_light;
        struct theme theme;

        assert_int_equal(theme_load(&theme, names[n], NULL, 256, NULL), ASSAY_OK);
        assert_true(theme.light == (n == 1));
        for (int i = 0; i < ASSAY_CHART_COLORS; i++) {
            struct style style = theme_style(&theme, ROLE_SERIES + i, ROLE_NORMAL);
            struct assay_rgb rgb = assay_index256_rgb(style.fg);

            assert_memory_equal(&rgb, &palette->series[i], sizeof rgb);
            for (int k = 0; k < i; k++)
                assert_int_not_equal(style.fg, theme_style(&theme, ROLE_SERIES + k, 0).fg);
        }
        /* With sixteen colours the first ten are still all different. */
        theme_load(&theme, names[n], NULL, 16, NULL);
        for (int i = 0; i < 10; i++)
            for (int k = 0; k < i; k++)
                assert_int_not_equal(theme_style(&theme, ROLE_SERIES + i, 0).fg,
                                     theme_style(&theme, ROLE_SERIES + k, 0).fg);
    }
}

static void test_mono(void **state)
{
    struct theme theme;

    (void)state;
    assert_int_equal(theme_load(&theme, "dark", NULL, 0, NULL), ASSAY_OK);
    for (int role = 0; role < ROLE_COUNT; role++) {
        assert_int_equal(theme_style(&theme, (enum role)role, ROLE_HERE).fg, STYLE_DEFAULT);
        assert_int_equal(theme_style(&theme, (enum role)role, ROLE_HERE).bg, STYLE_DEFAULT);
    }
    theme_load(&theme, "dark", NULL, 256, NULL); /* grey on blue could not be read */
    assert_int_equal(theme_style(&theme, ROLE_DIM, ROLE_HERE).fg,
                     theme_style(&theme, ROLE_NORMAL, ROLE_HERE).fg);
    assert_int_not_equal(theme_style(&theme, ROLE_DIM, ROLE_NORMAL).fg,
                         theme_style(&theme, ROLE_NORMAL, ROLE_NORMAL).fg);
    theme_load(&theme, "mono", NULL, 256, NULL);
    assert_int_equal(theme.colors, 0); /* wants none, whatever the terminal has */
    assert_true(theme.chart->grey);
    for (int role = 0; role < ROLE_COUNT; role++)
        assert_int_equal(theme_style(&theme, (enum role)role, ROLE_HERE).fg, STYLE_DEFAULT);
    assert_true(theme_style(&theme, ROLE_NORMAL, ROLE_HERE).attrs & STYLE_REVERSE);
    assert_true(theme_style(&theme, ROLE_DIM, ROLE_NORMAL).attrs & STYLE_DIM);
    assert_false(theme_style(&theme, ROLE_DIM, ROLE_STATUS).attrs & STYLE_DIM);
    /* What failed stands out, and is not taken for the cursor. */
    static const enum role failures[] = {ROLE_FAILED, ROLE_ERROR};
    for (size_t i = 0; i < ASSAY_COUNT(failures); i++) {
        struct style style = theme_style(&theme, failures[i], ROLE_NORMAL);
        assert_false(style.attrs & STYLE_REVERSE);
        assert_int_equal(style.attrs & (STYLE_BOLD | STYLE_UNDERLINE),
                         STYLE_BOLD | STYLE_UNDERLINE);
    }
    theme_load(&theme, "mono", NULL, 0, NULL);
    assert_int_not_equal(theme_style(&theme, ROLE_SERIES, ROLE_NORMAL).attrs,
                         theme_style(&theme, ROLE_SERIES + 1, ROLE_NORMAL).attrs);
}

/* A painted theme leaves nothing to the terminal, in any number of colours that it has. */
static void test_paint(void **state)
{
    static const struct {
        const char *name;
        int colors, fg, bg;
    } cases[] = {{"light", 256, 234, 231}, {"light", 16, 0, 15}, {"light", 8, 0, 7},
                 {"dark", 256, 252, 233},  {"dark", 16, 7, 0},   {"dark", 8, 7, 0}};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct theme theme;
        struct style plain;

        theme_load(&theme, cases[i].name, NULL, cases[i].colors, NULL);
        theme_paint(&theme);
        plain = theme_style(&theme, ROLE_NORMAL, ROLE_NORMAL);
        assert_int_equal(plain.fg, cases[i].fg);
        assert_int_equal(plain.bg, cases[i].bg);
        for (int role = 0; role < ROLE_COUNT; role++) {
            struct style style = theme_style(&theme, (enum role)role, ROLE_NORMAL);
            assert_true(style.fg >= 0 && style.bg >= 0);
        }
    }
}

static void test_parse(void **state)
{
    struct theme theme;
    struct style style;

    (void)state;
    assert_int_equal(
        parse(&theme,
              "# a comment\n[theme]\nbackground = light\n[roles]\n"
              "normal = 252 default\nhere = - 24 bold\n"
              "worse = bright-red - | red - underline\nkey = #5fafff - bold italic\n"
              "match = - 58\n",
              256, NULL),
        ASSAY_OK);
    assert_true(theme.light);
    style = theme_style(&theme, ROLE_WORSE, ROLE_HERE);
    assert_int_equal(style.fg, 9);
    assert_int_equal(style.bg, 24); /* what lies under it */
    assert_int_equal(style.attrs, STYLE_BOLD);
    style = theme_style(&theme, ROLE_NORMAL, ROLE_HERE);
    assert_int_equal(style.fg, 252);
    assert_int_equal(style.bg, 24);
    style = theme_style(&theme, ROLE_MATCH, ROLE_HERE);
    assert_int_equal(style.bg, 58); /* its own */
    style = theme_style(&theme, ROLE_KEY, ROLE_NORMAL);
    assert_int_equal(style.fg, 75);
    assert_int_equal(style.bg, STYLE_DEFAULT);
    assert_int_equal(style.attrs, STYLE_BOLD | STYLE_ITALIC);
    parse(&theme, "[roles]\nworse = 215 - bold | red - underline\n", 8, NULL);
    style = theme_style(&theme, ROLE_WORSE, ROLE_NORMAL);
    assert_int_equal(style.fg, 1);
    assert_int_equal(style.attrs, STYLE_UNDERLINE);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *what;
    } cases[] = {
        {"[roles]\nnosuch = 1 2\n", "test.theme:2: unknown role \"nosuch\""},
        {"[roles]\nkey = purplish\n", "\"purplish\" is no colour"},
        {"[roles]\nkey = 256 -\n", "\"256\" is no colour"},
        {"[roles]\nkey = #12345 -\n", "\"#12345\" is no colour"},
        {"[roles]\nkey = 1 2 3\n", "\"3\" is no attribute"},
        {"[roles]\nkey = 1 2 | 1 2 blinking\n", "\"blinking\" is no attribute"},
        {"[theme]\nbackground = pink\n", "not \"pink\""},
        {"[theme]\nforeground = pink\n", "unknown setting"},
        {"[colours]\nkey = 1\n", "unknown section"},
        {"[roles]\nkey = \033[31m\n", "is no colour"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct assay_error err = {0};
        struct theme theme;

        assert_int_equal(parse(&theme, cases[i].text, 256, &err), ASSAY_BAD_INPUT);
        if (strstr(err.what, cases[i].what) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.what, cases[i].what);
        assert_null(strchr(err.what, '\033'));
    }
}

/* A user's theme goes before the one of the same name; a bad or missing one leaves the default.
 */
static void test_files(void **state)
{
    char directory[] = "/tmp/assay-theme-XXXXXX", path[64];
    struct assay_error err = {0};
    struct theme theme;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/dark.theme", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("[roles]\nkey = 99 -\n", file);
    fclose(file);
    assert_int_equal(theme_load(&theme, "dark", directory, 256, &err), ASSAY_OK);
    assert_int_equal(theme_style(&theme, ROLE_KEY, ROLE_NORMAL).fg, 99);
    assert_int_equal(theme_load(&theme, "light", directory, 256, &err), ASSAY_OK);
    assert_int_equal(theme_load(&theme, path, NULL, 256, &err), ASSAY_OK);
    assert_int_equal(theme_style(&theme, ROLE_KEY, ROLE_NORMAL).fg, 99);
    file = fopen(path, "w");
    fputs("[roles]\nkey = nonsense\n", file);
    fclose(file);
    assert_int_equal(theme_load(&theme, "dark", directory, 256, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "dark.theme:2"));
    assert_string_equal(theme.name, "dark");
    assert_int_equal(theme_style(&theme, ROLE_KEY, ROLE_NORMAL).fg, 117);
    unlink(path);
    rmdir(directory);
    err = (struct assay_error){0};
    assert_int_equal(theme_load(&theme, "nosuch", NULL, 256, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "no theme \"nosuch\""));
    assert_int_not_equal(theme_load(&theme, "/no/such.theme", NULL, 256, NULL), ASSAY_OK);
    assert_string_equal(theme.name, "dark");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin), cmocka_unit_test(test_series),
        cmocka_unit_test(test_mono),    cmocka_unit_test(test_paint),
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_errors),
        cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

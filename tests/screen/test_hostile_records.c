/*
 * Records of every kind with something hostile in each field that takes words
 * (support/hostile.h): whatever shows them, on a terminal, on the screen, in a report or in a
 * bundle, shows them as words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/good.h"
#include "support/hostile.h"
#include "support/program.h"
#include "support/world_screen.h"

static struct world world;
static char request[17], other[17];

static int start(void **state)
{
    world_start(&world, WORLD_POLICY);
    hostile_records(&world, request, other);
    return program_begin(state);
}

static int stop(void **state)
{
    world_stop(&world);
    return program_end(state);
}

/* ---- what shows them ---- */

/* In what the program printed nothing is left that acts, and no record begins a line. */
static void assert_clean(const char *what, const char *text)
{
    static const char *const bad[] = {"\x1b]",        "\x1bP",    "\x1b[2J",  "\x07",
                                      "\x08",         "\x7f",     "\xc2\x9b", "\xe2\x80\xae",
                                      "\xe2\x80\x8b", "\nFORGED", "\rFORGED"};
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++) {
        const char *at = strstr(text, bad[i]);
        if (at)
            fail_msg("%s: hostile %zu: …%.120s", what, i,
                     at - (at - text > 60 ? 60 : at - text));
    }
}

static void terminals(void **state)
{
    static const char *const formats[] = {"table", "json", "csv", "md"};
    static const char *const commands[][4] = {{"queue", "--state", "all"},
                                              {"review", request},
                                              {"review", other},
                                              {"audit", "log"},
                                              {"audit", "report"},
                                              {"audit", "drift"},
                                              {"keys", "list"},
                                              {"policy", "show"},
                                              {"policy", "check", request},
                                              {"policy", "show", "prod"},
                                              {"verify"},
                                              {"verify", request},
                                              {"verify", other},
                                              {"apply", request},
                                              {"apply", other},
                                              {"sign", request, "--dry-run"},
                                              {"sign", other, "--approve"},
                                              {"request", "--rollback", request},
                                              {"verify", "--model", HOSTILE("model")}};
    (void)state;
    setenv("ASSAY_STORE", world.store, 1);
    setenv("NO_COLOR", "1", 1);
    unsetenv("SSH_AUTH_SOCK");
    for (size_t i = 0; i < ASSAY_COUNT(commands); i++)
        for (size_t f = 0; f < ASSAY_COUNT(formats); f++) {
            const char *argv[8] = {"assay"};
            size_t n = 1;
            for (size_t k = 0; k < 4 && commands[i][k]; k++)
                argv[n++] = commands[i][k];
            argv[n++] = "--format";
            argv[n++] = formats[f];
            program_run_terminal((char **)(uintptr_t)argv);
            if (program_last.status == 2 && f == 0) { /* it knows no formats */
                argv[n - 2] = NULL;
                program_run_terminal((char **)(uintptr_t)argv);
            }
            assert_true(program_last.out_length > 0);
            assert_clean(argv[1], program_last.out);
        }
    unsetenv("NO_COLOR");
}

/* To a program JSON goes as it is, and is JSON; reports are for people, wherever they go. */
static void reports(void **state)
{
    char *bundle = world_export(&world, "adm", "bundle"), path[400], *text = NULL;
    size_t length = 0;
    (void)state;
    setenv("ASSAY_STORE", world.store, 1);
    program_run(NULL, "audit", "report", NULL);
    program_expect(0);
    assert_clean("report", program_last.out);
    program_says("#words");
    program_run(NULL, "audit", "report", "--html", NULL);
    program_expect(0);
    assert_clean("page", program_last.out);
    assert_null(strstr(program_last.out, "<script"));
    program_says("#words");
    static const char *const asked[][3] = {
        {"queue", "--mine"}, {"audit", "log"}, {"review", request}, {"keys", "list"}};
    for (size_t i = 0; i < ASSAY_COUNT(asked); i++) {
        program_run(NULL, asked[i][0], asked[i][1], "--format", "json", NULL);
        program_expect(0);
        json_decref(program_json());
    }
    static const char *const files[] = {"report.txt", "report.html"};
    for (size_t i = 0; i < ASSAY_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", bundle, files[i]);
        GOOD(assay_file_read(path, 1 << 20, &text, &length, good));
        assert_clean(files[i], text);
        assert_true(i == 0 || !strstr(text, "<script"));
        free(text);
    }
    snprintf(path, sizeof path,
             "cd '%s' && sh verify.sh >out 2>&1 && ! LC_ALL=C grep -q '[^ -~]' out", bundle);
    const char *const argv[] = {"sh", "-c", path, NULL};
    assert_int_equal(test_command_status(argv), 0);
    free(bundle);
}

/* Nothing on the screen is where it should not be, and nothing was done to the terminal. */
static void assert_calm(struct screen *screen, int rows)
{
    screen_settle(screen);
    screen_refute_text(screen, "\xe2\x80\xae");
    screen_refute_text(screen, "\xe2\x80\x8b");
    screen_assert_images(screen, 0);
    assert_true(screen_counts(screen).titles <= 1);
    for (int y = 0; y < rows; y++)
        assert_true(strncmp(screen_text(screen, y), "FORGED", 6) != 0);
    assert_non_null(strstr(screen_text(screen, 0), "assay"));
}

static void on_the_screen(void **state)
{
    static const int sizes[][2] = {{120, 40}, {80, 24}, {60, 16}};
    (void)state;
    setenv("SSH_AUTH_SOCK", world.agent.socket, 1);
    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        const int rows = sizes[i][1];
        struct screen *screen = world_queue(&world, sizes[i][0], rows);
        screen_press(screen, "f", NULL);
        screen_wait(screen, "#");
        assert_calm(screen, rows);
        screen_press(screen, "enter", NULL);
        for (int which = 0; which < 3; which++) {
            screen_wait(screen, "WHY");
            assert_calm(screen, rows);
            for (int page = 0; page < 8; page++) {
                screen_press(screen, "pgdn", NULL);
                assert_calm(screen, rows);
            }
            screen_press(screen, "g", "J", NULL);
        }
        screen_press(screen, "!", NULL); /* what was said so far */
        assert_calm(screen, rows);
        screen_close(&screen);
    }
}

/* The first record of all names a ledger, too. */
static void the_first_record(void **state)
{
    char *store = world_path(&world, "first.db"), *bundle = world_path(&world, "first");
    (void)state;
    setenv("SSH_AUTH_SOCK", world.agent.socket, 1);
    hostile_first(&world, store, bundle);
    setenv("ASSAY_STORE", store, 1);
    static const char *const commands[][3] = {
        {"audit", "log"}, {"audit", "report"}, {"keys", "list"}, {"verify"}, {"queue"}};
    for (size_t i = 0; i < ASSAY_COUNT(commands); i++) {
        const char *const argv[] = {"assay", commands[i][0], commands[i][1], NULL};
        program_run_terminal((char **)(uintptr_t)argv);
        assert_clean(argv[1], program_last.out);
    }
    char *shared = world_path(&world, "shared"), *fresh = world_path(&world, "fresh.db");
    const char *const send[] = {"assay", "sync", shared, NULL};
    program_run_terminal((char **)(uintptr_t)send);
    assert_clean("sync", program_last.out);
    setenv("ASSAY_STORE", fresh, 1);
    program_run_terminal((char **)(uintptr_t)send);
    assert_clean("sync", program_last.out);
    free(shared);
    free(fresh);
    free(bundle);
    free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(terminals), cmocka_unit_test(reports),
                                       cmocka_unit_test(the_first_record),
                                       cmocka_unit_test(on_the_screen)};
    return cmocka_run_group_tests(tests, start, stop);
}

/*
 * The real program where nothing can be kept: a home that cannot be written to (a file is where
 * its directories should be, which stops root, too), and a disk that is full. What was asked
 * for is shown all the same, and what is not kept is said. Likewise a source that is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>

#include "support/places.h"
#include "support/program.h"
#include "support/screen.h"

#define LOGS TEST_DATA "/source/data/tb-logs"

struct place {
    const char *store, *cache; /* where they would lie */
    size_t limit;              /* no file grows past it; 0: any may */
};

static void begin(struct place *place, const char *folder, size_t limit)
{
    place->store = place_with(folder, "/store.db");
    place->cache = place_with(folder, "/cache.db");
    place->limit = limit;
    setenv("ASSAY_STORE", place->store, 1);
    setenv("ASSAY_CACHE", place->cache, 1);
}

static int workbench(void *context)
{
    const struct place *place = context;
    char *argv[] = {(char *)(uintptr_t) "assay", (char *)(uintptr_t) "local",
                    (char *)(uintptr_t)LOGS, NULL};
    if (place->limit)
        child_limit_files(place->limit);
    program_become(argv);
    return 99;
}

/* The workbench opens on all runs, says what it does not keep, and can be left. */
static void expect_workbench(struct place *place)
{
    struct screen *screen = screen_open(&(struct screen_options){.columns = 120,
                                                                 .rows = 36,
                                                                 .kind = SCREEN_XTERM,
                                                                 .function = workbench,
                                                                 .context = place});
    screen_wait(screen, "nested/restarted");
    screen_wait(screen, "the cache is not kept: ");
    screen_settle(screen);
    screen_assert_text(screen, "validation");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "POINTS"); /* the points, too, without a cache to read them from */
    screen_press(screen, "q", "q", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

static void a_home_that_cannot_be_written_to(void **state)
{
    (void)state;
    struct place place;
    char *file = place_new("file");
    place_write(file, "in the way", 10);
    begin(&place, file, 0);
    expect_workbench(&place);
    program_run(NULL, "runs", "-S", LOGS, "--format", "csv", "-c", "name", NULL);
    program_expect(3); /* one value in the logs is none */
    assert_int_equal(program_lines(program_last.out), 10);
    program_run(NULL, "log", "-e", "tests", "-n", "lost", "-p", "lr=1", NULL);
    program_expect(3);
    assert_non_null(strstr(program_last.err, file));
    program_run(NULL, "doctor", "-S", LOGS, NULL);
    program_expect(3);
    assert_non_null(strstr(program_last.out, place.store));
    assert_non_null(strstr(program_last.out, place.cache));
    assert_non_null(strstr(program_last.out, "point ASSAY_CACHE elsewhere"));
    free(file);
}

static void a_full_disk(void **state)
{
    (void)state;
    struct place place;
    char *store = place_new("store.db");
    *strrchr(store, '/') = '\0';
    begin(&place, store, 16384);
    expect_workbench(&place);
    /* What little is there is no cache that anybody would take for one. */
    program_run(NULL, "runs", "-S", LOGS, "--format", "csv", "-c", "name", NULL);
    program_expect(3);
    assert_int_equal(program_lines(program_last.out), 10);
    free(store);
}

/* In an empty folder, with two configured sources, one of them gone. */
static int workbench_of_the_gone(void *context)
{
    char *argv[] = {(char *)(uintptr_t) "assay", NULL};
    if (chdir(context) != 0)
        return 98;
    program_become(argv);
    return 99;
}

static void a_source_that_is_gone(void **state)
{
    (void)state;
    static const char config[] = "[source gone]\nplace = /no/such/runs\n"
                                 "[source logs]\nplace = " LOGS "\n";
    char *file = place_new("config.ini"), *folder = place_new("");
    int row, column;
    place_write(file, config, strlen(config));
    setenv("ASSAY_CONFIG", file, 1);
    setenv("ASSAY_STORE", "/no/such/store.db", 1);
    struct screen *screen =
        screen_open(&(struct screen_options){.columns = 120,
                                             .rows = 36,
                                             .kind = SCREEN_XTERM,
                                             .function = workbench_of_the_gone,
                                             .context = folder});
    screen_wait(screen, "failed");
    screen_settle(screen);
    screen_assert_text(screen, "validation");
    screen_press(screen, "tab", "g", NULL);
    for (int i = 0; i < 3 && !screen_find(screen, "put it back, or", &row, &column); i++) {
        screen_press(screen, "j", NULL);
        screen_settle(screen);
    }
    screen_assert_text(screen, "/no/such/runs: No such file or directory; put it back, or");
    screen_press(screen, "q", NULL);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
    unsetenv("ASSAY_CONFIG");
    free(file);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_that_cannot_be_written_to),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(a_source_that_is_gone),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}

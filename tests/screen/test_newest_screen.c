/*
 * The first screen over a store whose newest runs are drawn before the others are read, against
 * the same store without packs, of which all is read at once: the same to the letter, at once
 * and after keys that need every run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/store/store.h"
#include "support/good.h"
#include "support/places.h"
#include "support/runs_fixture.h"
#include "support/screen.h"
#include "support/workbench.h"

#define RUNS 1500

static void put_run(struct store *store, int64_t source, int i)
{
    char id[40], name[40];
    struct store_experiment experiment = {
        .id = i % 5 ? "1" : "2", .name = i % 5 ? "sweep" : "other", .created_ms = 1};

    GOOD(store_put_experiment(store, source, &experiment, good));
    snprintf(id, sizeof id, "%08x%08x", (unsigned)i * 2654435761u, (unsigned)i);
    snprintf(name, sizeof name, "heron-%04d", i);
    struct store_run run = {.experiment = experiment.row,
                            .id = id,
                            .name = name,
                            .user = "dev",
                            .artifact_uri = "",
                            .status = i % 7 ? ASSAY_RUN_FINISHED : ASSAY_RUN_FAILED,
                            .deleted = i % 11 == 0,
                            .start_ms = INT64_C(1600000000000) + i % 3 * 500 + i * 1000,
                            .end_ms = INT64_C(1600000009000) + i * 1000};
    GOOD(store_put_run(store, source, &run, good));
}

static char *make_store(bool packed)
{
    char *path = place_new("store.db");
    struct store *store = NULL;
    int64_t source = 0;

    GOOD(store_open(&store, path, STORE_LOCAL, false, good));
    GOOD(store_begin(store, good));
    GOOD(store_source(store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, good));
    for (int i = 0; i < RUNS; i++) {
        put_run(store, source, i);
    }
    GOOD(store_commit(store, good));
    store_close(&store);
    if (!packed) {
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "DELETE FROM pack", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
    }
    return path;
}

static struct screen *open_on(const char *path, int columns, int rows)
{
    struct screen *screen =
        workbench_open_on("local", path, strrchr(path, '/') + 1, columns, rows, SCREEN_XTERM);
    screen_settle(screen);
    return screen;
}

static void assert_same(struct screen *a, struct screen *b, int rows)
{
    for (int row = 0; row < rows; row++) {
        char *line = strdup(screen_text(a, row));
        if (strcmp(line, screen_text(b, row)) != 0) {
            screen_dump(a);
            screen_dump(b);
            fail_msg("row %d differs", row);
        }
        free(line);
    }
}

static void press(struct screen *a, struct screen *b, const char *key, int rows)
{
    screen_press(a, key, NULL);
    screen_press(b, key, NULL);
    screen_settle(a);
    screen_settle(b);
    assert_same(a, b, rows);
}

static void is_the_same_screen(void **state)
{
    static const int sizes[][2] = {{200, 60}, {80, 24}, {100, 300}};
    static const char *const keys[] = {"G", "g", "S", "S", "ctrl+d", "tab", "j", "tab", "G"};
    char *packed = make_store(true), *plain = make_store(false);

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int columns = sizes[i][0], rows = sizes[i][1];
        struct screen *a = open_on(packed, columns, rows), *b = open_on(plain, columns, rows);
        screen_assert_text(a, "1,091 runs"); /* of the experiment, but for deleted ones */
        screen_assert_text(a, "heron-1499");
        assert_same(a, b, rows);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            press(a, b, keys[k], rows);
        }
        screen_close(&a);
        screen_close(&b);
    }
    free(packed);
    free(plain);
}

static void filters_all_runs(void **state)
{
    char *packed = make_store(true);
    struct screen *screen = open_on(packed, 120, 36);

    (void)state;
    screen_type(screen, "/heron-0001");
    screen_settle(screen);
    screen_assert_text(screen, "1 of 1,091");
    screen_close(&screen);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_same_screen),
        cmocka_unit_test(filters_all_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The workbench on a test terminal (workbench.h), for the tests in tests/screen/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

static const char *in_home(char *out, size_t capacity, const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(out, capacity, "%s/%s", folder ? folder : "/tmp", name);
    return out;
}

const char *workbench_store(void)
{
    static char path[400];
    return in_home(path, sizeof path, "store.db");
}

static struct screen *open_on(const char *store, int columns, int rows, enum screen_kind kind,
                              const char *extra)
{
    char store_text[500], cache_text[500], path[400];
    snprintf(store_text, sizeof store_text, "ASSAY_STORE=%s", store);
    snprintf(cache_text, sizeof cache_text, "ASSAY_CACHE=%s",
             in_home(path, sizeof path, "cache.db"));
    const char *const env[] = {store_text, cache_text, FIXTURE_NOW, extra, NULL};
    const char *const argv[] = {"assay", "local", NULL};
    return screen_open(&(struct screen_options){
        .columns = columns, .rows = rows, .kind = kind, .argv = argv, .env = env});
}

struct screen *workbench_open(int columns, int rows, enum screen_kind kind, const char *extra)
{
    fixture_make(workbench_store());
    struct screen *screen = open_on(workbench_store(), columns, rows, kind, extra);
    screen_settle(screen);
    return screen;
}

struct screen *workbench_open_empty(int columns, int rows)
{
    char path[400];
    struct screen *screen =
        open_on(in_home(path, sizeof path, "empty.db"), columns, rows, SCREEN_XTERM, NULL);
    screen_settle(screen);
    return screen;
}

struct screen *workbench_open_on(const char *source, const char *store, const char *name,
                                 int columns, int rows, enum screen_kind kind)
{
    char store_text[600], cache_text[600], path[400];
    snprintf(store_text, sizeof store_text, "ASSAY_STORE=%s",
             store ? store : in_home(path, sizeof path, "none.db"));
    snprintf(cache_text, sizeof cache_text, "ASSAY_CACHE=%s-cache/cache.db",
             in_home(path, sizeof path, name));
    const char *const env[] = {store_text, cache_text, FIXTURE_NOW, NULL};
    const char *const argv[] = {"assay", source, NULL};
    return screen_open(&(struct screen_options){
        .columns = columns, .rows = rows, .kind = kind, .argv = argv, .env = env});
}

int workbench_row(struct screen *screen, const char *text)
{
    int row = -1, column;
    if (!screen_find(screen, text, &row, &column)) {
        screen_dump(screen);
        fail_msg("\"%s\" is not on the screen", text);
    }
    return row;
}

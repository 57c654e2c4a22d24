/*
 * The workbench on a played server; see registry_screen.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/registry_screen.h"

#define TRIES  200 /* what is read a moment later is drawn a moment later */
#define TRY_US 50000

static char root[256];

int registry_screen_begin(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(root, sizeof root, "%s/assay-models-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(root));
    return 0;
}

int registry_screen_end(void **state)
{
    char command[400];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

const char *registry_screen_root(void)
{
    return root;
}

struct screen *registry_screen_again(const char *url, const char *extra, int columns, int rows)
{
    static char text[5][400];
    static const char *const names[][2] = {{"ASSAY_STORE", "/store.db"},
                                           {"ASSAY_CACHE", "/cache.db"},
                                           {"ASSAY_CONFIG", "/config.ini"},
                                           {"XDG_STATE_HOME", ""},
                                           {"HOME", ""}};
    const char *env[] = {
        text[0], text[1], text[2], text[3], text[4], "no_proxy=*", "MLFLOW_TRACKING_URI",
        extra,   NULL};
    const char *argv[] = {"assay", url, NULL};

    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        snprintf(text[i], sizeof text[i], "%s=%s%s", names[i][0], root, names[i][1]);
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = columns, .rows = rows, .kind = SCREEN_XTERM, .argv = argv, .env = env});
    screen_wait(screen, "hopeful"); /* a run of the server's */
    screen_settle(screen);
    return screen;
}

struct screen *registry_screen_open(const struct fake_registry *fake, const char *config,
                                    const char *extra, int columns, int rows)
{
    char path[300];

    snprintf(path, sizeof path, "%s/cache.db", root);
    unlink(path);
    snprintf(path, sizeof path, "%s/config.ini", root);
    assert_int_equal(assay_file_write(path, config, strlen(config), 0600, NULL), ASSAY_OK);
    return registry_screen_again(web_url(fake->web), extra, columns, rows);
}

void registry_screen_row(struct screen *screen, const char *text, const char *with)
{
    int number;

    for (int tries = 0; tries < TRIES; tries++) {
        if (screen_find(screen, text, &number, NULL) &&
            strstr(screen_text(screen, number), with))
            return;
        usleep(TRY_US);
        screen_settle(screen);
    }
    screen_dump(screen);
    fail_msg("no \"%s\" beside \"%s\"", with, text);
}

/*
 * The workbench over a world of approvals (world_screen.h).
 */
#include "support/world_screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

void world_only(struct world *world, const char *person)
{
    static const char *const all[] = {"adm", "rex", "val", "app", "two", "brk"};
    for (size_t i = 0; i < ASSAY_COUNT(all); i++) {
        char path[400];
        if (strcmp(all[i], person) == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s.pub", world->agent.directory, all[i]);
        const char *const argv[] = {"ssh-add", "-q", "-d", path, NULL};
        test_command(argv);
    }
}

void world_write(struct world *world, const char *name, const char *text)
{
    char *path = world_path(world, name);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(path);
}

void world_request(struct world *world, const char *target, const char *words, const char *of,
                   char out[17])
{
    struct assay_error err = {0};
    char *report = world_path(world, "report.txt");
    const char *evidence[] = {report};
    struct assay_request_options options = {.model = "fraud",
                                            .version = "2",
                                            .target = target,
                                            .words = words,
                                            .request = of,
                                            .evidence = evidence,
                                            .evidence_count = access(report, R_OK) == 0};
    struct assay_ledger *ledger = world_open(world, "rex");
    if (assay_request_send(ledger, &options, out, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    free(report);
}

struct screen *world_workbench(struct world *world, const char *store_path, bool agent,
                               int columns, int rows)
{
    static char store[400], state[400], socket[400];
    static const char *env[4];
    static const char *const argv[] = {"assay", "local", NULL};
    snprintf(store, sizeof store, "ASSAY_STORE=%s", store_path);
    snprintf(state, sizeof state, "XDG_STATE_HOME=%s/state", world->directory);
    snprintf(socket, sizeof socket, agent ? "SSH_AUTH_SOCK=%s" : "SSH_AUTH_SOCK",
             world->agent.socket);
    env[0] = store;
    env[1] = state;
    env[2] = socket;
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = columns, .rows = rows, .kind = SCREEN_XTERM, .argv = argv, .env = env});
    screen_settle(screen);
    return screen;
}

struct screen *world_queue(struct world *world, int columns, int rows)
{
    struct screen *screen = world_workbench(world, world->store, true, columns, rows);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "for you");
    screen_settle(screen);
    return screen;
}

void world_keys_pass(struct world *world, int ms)
{
    world_keys_clock(world, world->keys_us + (int64_t)ms * 1000);
}

void world_quiet(struct world *world)
{
    world_keys_pass(world, 350);
}

/*
 * The demo as a child process (demo.h): app_demo() starts it at the user's key.
 */
#include "demo.h"

#include <errno.h>
#include <string.h>

#include "app.h"

void app_demo(struct app *app)
{
    struct process *process = &app->demo.process;
    char *const words[] = {(char[]){"assay"}, (char[]){"demo"}, (char[]){"--no-open"}, NULL};
    if (process->pid != 0) {
        app_say(app, "the demo is training already");
        return;
    }
    if (!process_start(process, words, false)) {
        app_say(app, "demo: %s", strerror(errno));
        return;
    }
    app->demo.watch = loop_watch(app->loop, process->fd);
    app_say(app, "training small models; their runs appear here");
}

bool demo_woken(struct app *app, unsigned wake)
{
    struct process *process = &app->demo.process;
    const int fd = process->fd;
    if (process->pid == 0 || app->demo.watch < 0 ||
        !(wake & ((unsigned)LOOP_FD << app->demo.watch))) {
        return false;
    }
    enum process_state state = process_read(process);
    if (state == PROCESS_RUNS) {
        return false;
    }
    loop_unwatch(app->loop, fd);
    if (state == PROCESS_DONE) {
        app_say(app, "the demo has trained its models: enter opens a run, p its chart");
    } else {
        app_say(app, "the demo did not finish: %s",
                process->length ? process->said : "it said nothing");
    }
    assay_session_refresh(app->session, ASSAY_NONE);
    return true;
}

void demo_stop(struct app *app)
{
    process_stop(&app->demo.process);
}

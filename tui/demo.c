/*
 * The demo as a child process (demo.h): app_demo() starts it at the user's key.
 */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app.h"

extern char **environ;

void app_demo(struct app *app)
{
    int ends[2];
    if (app->demo.pid != 0) {
        app_say(app, "the demo is training already");
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        app_say(app, "demo: %s", strerror(errno));
        return;
    }
    char *const words[] = {(char[]){"assay"}, (char[]){"demo"}, (char[]){"--no-open"}, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    int failed = posix_spawn(&app->demo.pid, "/proc/self/exe", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        app->demo.pid = 0;
        app_say(app, "demo: %s", strerror(failed));
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    app->demo.fd = ends[0];
    app->demo.said_length = 0;
    app->demo.watch = loop_watch(app->loop, ends[0]);
    app_say(app, "training small models; their runs appear here");
}

static void ended(struct app *app)
{
    int status = 0;
    waitpid(app->demo.pid, &status, 0);
    loop_unwatch(app->loop, app->demo.fd);
    close(app->demo.fd);
    app->demo.fd = -1;
    app->demo.pid = 0;
    app->demo.said[app->demo.said_length] = '\0';
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        app_say(app, "the demo has trained its models: enter opens a run, p its chart");
    } else {
        app_say(app, "the demo did not finish: %s",
                app->demo.said_length ? app->demo.said : "it said nothing");
    }
    assay_session_refresh(app->session, ASSAY_NONE);
}

bool demo_woken(struct app *app, unsigned wake)
{
    if (app->demo.pid == 0 || app->demo.watch < 0 ||
        !(wake & ((unsigned)LOOP_FD << app->demo.watch))) {
        return false;
    }
    char bytes[256];
    ssize_t got;
    while ((got = read(app->demo.fd, bytes, sizeof bytes)) > 0) {
        size_t room = sizeof app->demo.said - 1 - app->demo.said_length;
        size_t some = (size_t)got < room ? (size_t)got : room;
        memcpy(app->demo.said + app->demo.said_length, bytes, some);
        app->demo.said_length += some;
    }
    if (got == 0) {
        ended(app);
        return true;
    }
    return false;
}

void demo_stop(struct app *app)
{
    if (app->demo.pid != 0) {
        kill(app->demo.pid, SIGTERM);
        waitpid(app->demo.pid, NULL, 0);
        close(app->demo.fd);
        app->demo.pid = 0;
    }
}

/*
 * `tmux display -p '#{client_termfeatures}'` in a child process. tmux itself always says that
 * it has sixel; only this tells whether the terminal it is shown in has it too. Used by term.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tmux.h"

extern char **environ;

static int spawn(const char *const *argv, int out, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failed;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawnp(child, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

bool tmux_ask(struct tmux_query *query)
{
    static const char *const argv[] = {"tmux", "display-message", "-p",
                                       "#{client_termfeatures}", NULL};
    int ends[2];

    *query = (struct tmux_query){.fd = -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    if (spawn(argv, ends[1], &query->child) != 0) {
        close(ends[0]);
        close(ends[1]);
        query->child = 0;
        return false;
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    query->fd = ends[0];
    return true;
}

static void finish(struct tmux_query *query)
{
    close(query->fd);
    query->fd = -1;
    while (waitpid(query->child, NULL, 0) < 0 && errno == EINTR)
        continue;
    query->child = 0;
}

bool tmux_read(struct tmux_query *query)
{
    char bytes[256];
    ssize_t got;

    if (query->child == 0)
        return false;
    while ((got = read(query->fd, bytes, sizeof bytes)) > 0) {
        size_t room = sizeof query->text - 1 - query->length;
        size_t take = (size_t)got < room ? (size_t)got : room;

        memcpy(query->text + query->length, bytes, take);
        query->length += take;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    query->text[query->length] = '\0';
    finish(query);
    return true;
}

void tmux_cancel(struct tmux_query *query)
{
    if (query->child == 0)
        return;
    kill(query->child, SIGKILL);
    finish(query);
}

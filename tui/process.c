/*
 * Child processes of the workbench (process.h).
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool process_start(struct process *process, char *const *words, bool output)
{
    int ends[2];
    *process = (struct process){.fd = -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    if (output) {
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    } else {
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    }
    int failed = posix_spawn(&process->pid, "/proc/self/exe", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        process->pid = 0;
        errno = failed;
        return false;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    process->fd = ends[0];
    return true;
}

/* How it ended. */
static int reap(struct process *process)
{
    int status = 0;
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
        continue;
    }
    close(process->fd);
    process->fd = -1;
    process->pid = 0;
    return status;
}

enum process_state process_read(struct process *process)
{
    char bytes[256];
    ssize_t got;
    while ((got = read(process->fd, bytes, sizeof bytes)) > 0) {
        size_t room = sizeof process->said - 1 - process->length;
        size_t some = (size_t)got < room ? (size_t)got : room;
        memcpy(process->said + process->length, bytes, some);
        process->length += some;
    }
    if (got < 0) {
        return PROCESS_RUNS;
    }
    process->said[process->length] = '\0';
    int status = reap(process);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PROCESS_DONE : PROCESS_FAILED;
}

void process_stop(struct process *process)
{
    if (process->pid != 0) {
        kill(process->pid, SIGTERM);
        reap(process);
    }
}

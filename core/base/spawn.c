/*
 * Running ssh-keygen, ssh-add, git and gate commands (spawn.h). Called by what
 * signs, checks and exchanges approvals, and by session/code.c. Whoever runs these inside the
 * workbench does so on a thread of its own.
 */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <spawn.h>

#include <assay/clock.h>
#include <assay/memory.h>

#define OUTPUT_LIMIT ((size_t)64 << 10)

static const char *const places[] = {"/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"};

const char *spawn_find(const char *name, char out[128])
{
    struct assay_buf path = {0};
    bool found = false;

    for (size_t i = 0; i < ASSAY_COUNT(places) && !found; i++) {
        assay_buf_reset(&path);
        assay_buf_format(&path, "%s/%s", places[i], name);
        found = path.length < 128 && access(assay_buf_text(&path), X_OK) == 0;
    }
    if (found)
        memcpy(out, assay_buf_text(&path), path.length + 1);
    assay_buf_free(&path);
    return found ? out : NULL;
}

size_t spawn_words(const char *text, struct assay_arena *arena, const char **words, size_t most)
{
    size_t count = 0;

    for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
        const size_t length = strcspn(text, " \t");
        if (count == most)
            return 0;
        words[count++] = assay_arena_strndup(arena, text, length);
        text += length;
    }
    words[count] = NULL;
    return count;
}

int spawn_memory_file(const void *bytes, size_t length)
{
    int fd = memfd_create("assay", MFD_CLOEXEC);

    for (size_t done = 0; fd >= 0 && done < length;) {
        ssize_t count = write(fd, (const char *)bytes + done, length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)count;
    }
    return fd;
}

/* ---- the environment ---- */

static char **environment(const struct spawn *spawn)
{
    static const char *const passed[] = {"SSH_AUTH_SOCK", "HOME", "USER", "TMPDIR",
                                         "GIT_SSH_COMMAND"};
    size_t count = 0, extra = 0;

    while (spawn->env && spawn->env[extra])
        extra++;
    char **env = assay_alloc_array(ASSAY_COUNT(passed) + extra + 4, sizeof *env);
    for (size_t i = 0; i < ASSAY_COUNT(passed); i++) {
        const char *value = getenv(passed[i]);
        struct assay_buf text = {0};
        if (!value)
            continue;
        assay_buf_format(&text, "%s=%s", passed[i], value);
        env[count++] = assay_buf_take(&text);
    }
    env[count++] = assay_strdup("LC_ALL=C");
    env[count++] = assay_strdup("PATH=/usr/bin:/bin:/usr/local/bin");
    for (size_t i = 0; i < extra; i++)
        env[count++] = assay_strdup(spawn->env[i]);
    return env;
}

static void environment_free(char **env)
{
    for (size_t i = 0; env[i]; i++)
        free(env[i]);
    free(env);
}

/* ---- starting ---- */

struct child {
    pid_t pid;
    int in, out, errors; /* our ends; -1 closed */
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int start(const struct spawn *spawn, struct child *child, int in, int out, int errors)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    char **env = environment(spawn);

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    /* dup2 onto itself clears close-on-exec. */
    for (size_t i = 0; i < spawn->keep_count; i++)
        posix_spawn_file_actions_adddup2(&actions, spawn->keep[i], spawn->keep[i]);
    if (spawn->directory)
        posix_spawn_file_actions_addchdir_np(&actions, spawn->directory);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* A session of its own: no terminal to prompt on, and one group to kill. */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    int code = posix_spawn(&child->pid, spawn->argv[0], &actions, &attributes,
                           (char *const *)(uintptr_t)spawn->argv, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    environment_free(env);
    return code;
}

/* ---- feeding and listening ---- */

/* One turn on a pipe we read; false once there is no more. */
static bool listen_to(int *fd, struct assay_buf *out)
{
    char block[4096];
    ssize_t count = read(*fd, block, sizeof block);

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (count <= 0) {
        close_end(fd);
        return false;
    }
    assay_buf_add(out, block, (size_t)count);
    return true;
}

static void feed(const struct spawn *spawn, int *fd, size_t *done)
{
    ssize_t count = write(*fd, (const char *)spawn->input + *done, spawn->input_length - *done);

    if (count > 0)
        *done += (size_t)count;
    if ((count < 0 && errno != EINTR && errno != EAGAIN) || *done == spawn->input_length)
        close_end(fd);
}

static enum assay_status talk(const struct spawn *spawn, struct child *child,
                              struct assay_buf *out, struct assay_buf *errors,
                              struct assay_error *err)
{
    const int64_t deadline = assay_monotonic_us() + (int64_t)spawn->timeout_ms * 1000;
    size_t done = 0;

    if (spawn->input_length == 0)
        close_end(&child->in);
    while (child->out >= 0 || child->errors >= 0) {
        struct pollfd fds[3] = {
            {child->in, POLLOUT, 0}, {child->out, POLLIN, 0}, {child->errors, POLLIN, 0}};
        int64_t left = (deadline - assay_monotonic_us()) / 1000;
        int ready = left > 0 ? poll(fds, 3, (int)left) : 0;
        if (ready == 0)
            return assay_fail(err, ASSAY_IO, "%s: gave no answer in %d seconds", spawn->argv[0],
                              spawn->timeout_ms / 1000);
        if (fds[0].revents)
            feed(spawn, &child->in, &done);
        if (fds[1].revents)
            listen_to(&child->out, out);
        if (fds[2].revents)
            listen_to(&child->errors, errors);
        if (out->overflow || errors->overflow)
            return assay_fail(err, ASSAY_IO, "%s: printed more than %zu bytes", spawn->argv[0],
                              out->limit);
    }
    return ASSAY_OK;
}

/* Waits for the end of a child whose pipes are closed, up to the deadline. */
static enum assay_status reap(const struct spawn *spawn, pid_t pid, int *code,
                              struct assay_error *err)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    const int64_t deadline = assay_monotonic_us() + (int64_t)spawn->timeout_ms * 1000;
    int status = 0;

    for (;;) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid)
            break;
        if (got < 0 && errno != EINTR)
            return assay_fail(err, ASSAY_IO, "%s: %s", spawn->argv[0], strerror(errno));
        if (assay_monotonic_us() > deadline)
            return assay_fail(err, ASSAY_IO, "%s: does not end", spawn->argv[0]);
        nanosleep(&pause, NULL);
    }
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return ASSAY_OK;
}

/* Ignores SIGPIPE on this thread's write: a child that does not read its input must not end us.
 */
static void block_pipe_signal(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

static void restore_signals(const sigset_t *old)
{
    const struct timespec now = {0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    if (!sigismember(old, SIGPIPE))
        while (sigtimedwait(&set, NULL, &now) > 0)
            continue;
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

enum assay_status spawn_run(const struct spawn *spawn, int *code, struct assay_buf *out,
                            struct assay_buf *errors, struct assay_error *err)
{
    const size_t limit = spawn->output_limit ? spawn->output_limit : OUTPUT_LIMIT;
    struct assay_buf own_out = {.limit = limit}, own_errors = {.limit = limit};
    int in[2] = {-1, -1}, to[2] = {-1, -1}, er[2] = {-1, -1};
    struct child child = {.pid = -1, .in = -1, .out = -1, .errors = -1};
    enum assay_status status = ASSAY_OK;
    sigset_t old;

    *code = -1;
    block_pipe_signal(&old);
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(to, O_CLOEXEC) != 0 || pipe2(er, O_CLOEXEC) != 0) {
        status = assay_fail(err, ASSAY_IO, "%s: %s", spawn->argv[0], strerror(errno));
        goto done;
    }
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    int failed = start(spawn, &child, in[0], to[1], er[1]);
    close_end(&in[0]);
    close_end(&to[1]);
    close_end(&er[1]);
    if (failed != 0) {
        child.pid = -1;
        status = assay_fail(err, ASSAY_IO, "%s: %s", spawn->argv[0], strerror(failed));
        goto done;
    }
    child.in = in[1];
    child.out = to[0];
    child.errors = er[0];
    in[1] = to[0] = er[0] = -1;
    status = talk(spawn, &child, &own_out, &own_errors, err);
    if (status == ASSAY_OK)
        status = reap(spawn, child.pid, code, err);
    if (status != ASSAY_OK) {
        kill(-child.pid, SIGKILL);
        kill(child.pid, SIGKILL);
        while (waitpid(child.pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    if (out)
        assay_buf_add(out, assay_buf_text(&own_out), own_out.length);
    if (errors)
        assay_buf_add(errors, assay_buf_text(&own_errors), own_errors.length);
done:
    close_end(&in[0]);
    close_end(&in[1]);
    close_end(&to[0]);
    close_end(&to[1]);
    close_end(&er[0]);
    close_end(&er[1]);
    close_end(&child.in);
    close_end(&child.out);
    close_end(&child.errors);
    assay_buf_free(&own_out);
    assay_buf_free(&own_errors);
    restore_signals(&old);
    return status;
}

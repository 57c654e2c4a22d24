/*
 * The one place that waits. Signals become bytes in a pipe (the handler does nothing else), so
 * that poll() sees them like any other input and none is lost between two calls. Used by app.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/memory.h>

#include "loop.h"

static const int watched_signals[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT};
#define SIGNALS (sizeof watched_signals / sizeof watched_signals[0])

struct loop {
    int pipe[2];
    int fds[LOOP_FDS]; /* -1: free */
    int quit_signal;
    struct sigaction before[SIGNALS];
};

/* The one thing a signal handler can know. */
static volatile sig_atomic_t signal_pipe = -1;

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;

    if (signal_pipe >= 0) {
        /* A full pipe holds what is needed already. */
        ssize_t ignored = write(signal_pipe, &byte, 1);
        (void)ignored;
    }
    errno = saved;
}

enum assay_status loop_open(struct loop **out, struct assay_error *err)
{
    struct loop *loop = assay_alloc(sizeof *loop);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    *out = NULL;
    if (pipe2(loop->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(loop);
        return assay_fail(err, ASSAY_IO, "signals: %s", strerror(errno));
    }
    for (int i = 0; i < LOOP_FDS; i++)
        loop->fds[i] = -1;
    signal_pipe = loop->pipe[1];
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(watched_signals[i], &action, &loop->before[i]);
    *out = loop;
    return ASSAY_OK;
}

void loop_close(struct loop **loop)
{
    struct loop *l = *loop;

    if (l == NULL)
        return;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(watched_signals[i], &l->before[i], NULL);
    signal_pipe = -1;
    close(l->pipe[0]);
    close(l->pipe[1]);
    free(l);
    *loop = NULL;
}

int loop_watch(struct loop *loop, int fd)
{
    for (int i = 0; i < LOOP_FDS; i++) {
        if (loop->fds[i] < 0) {
            loop->fds[i] = fd;
            return i;
        }
    }
    return -1;
}

void loop_unwatch(struct loop *loop, int fd)
{
    for (int i = 0; i < LOOP_FDS; i++)
        if (loop->fds[i] == fd)
            loop->fds[i] = -1;
}

int loop_signal(const struct loop *loop)
{
    return loop->quit_signal;
}

static unsigned take_signals(struct loop *loop)
{
    unsigned char bytes[64];
    unsigned wake = 0;
    ssize_t got;

    while ((got = read(loop->pipe[0], bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            switch (bytes[i]) {
            case SIGWINCH:
                wake |= LOOP_RESIZE;
                break;
            case SIGTSTP:
                wake |= LOOP_SUSPEND;
                break;
            case SIGCONT:
                wake |= LOOP_CONTINUE;
                break;
            default:
                wake |= LOOP_QUIT;
                loop->quit_signal = bytes[i];
                break;
            }
        }
    }
    return wake;
}

/* poll()'s timeout until DEADLINE_US, rounded up so that the deadline has passed when it ends.
 */
static int timeout_ms(int64_t deadline_us)
{
    int64_t left;

    if (deadline_us == INT64_MAX)
        return -1;
    left = deadline_us - assay_monotonic_us();
    if (left <= 0)
        return 0;
    left = (left + 999) / 1000;
    return left > INT_MAX ? INT_MAX : (int)left;
}

unsigned loop_wait(struct loop *loop, int64_t deadline_us)
{
    unsigned wake = 0;

    while (wake == 0) {
        struct pollfd polls[LOOP_FDS + 1] = {{.fd = loop->pipe[0], .events = POLLIN}};
        int ready;

        for (int i = 0; i < LOOP_FDS; i++)
            polls[i + 1] = (struct pollfd){.fd = loop->fds[i], .events = POLLIN};
        ready = poll(polls, LOOP_FDS + 1, timeout_ms(deadline_us));
        if (ready < 0 && errno != EINTR) {
            loop->quit_signal = SIGHUP;
            return LOOP_QUIT;
        }
        wake |= take_signals(loop);
        for (int i = 0; ready > 0 && i < LOOP_FDS; i++)
            if (polls[i + 1].revents != 0)
                wake |= (unsigned)LOOP_FD << i;
        if (deadline_us != INT64_MAX && assay_monotonic_us() >= deadline_us)
            wake |= LOOP_TIMER;
    }
    return wake;
}

/*
 * The last words of a dying process. Called by term.c when it takes and gives back the
 * terminal. What a signal handler needs can only lie in static memory: that is all there is of
 * it here.
 */
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define FATAL (sizeof fatal_signals / sizeof fatal_signals[0])

static struct {
    volatile sig_atomic_t armed;
    int fd;
    struct termios modes;
    char reset[512];
    size_t length;
    struct sigaction before[FATAL];
} last;

/* Only calls that are safe in a signal handler. */
static void on_fatal(int number)
{
    if (last.armed) {
        ssize_t ignored;

        last.armed = 0;
        ignored = write(last.fd, last.reset, last.length);
        (void)ignored;
        tcsetattr(last.fd, TCSANOW, &last.modes);
    }
    for (size_t i = 0; i < FATAL; i++)
        if (fatal_signals[i] == number)
            sigaction(number, &last.before[i], NULL);
    raise(number);
}

void crash_arm(int fd, const struct termios *modes, const char *reset, size_t length)
{
    struct sigaction action = {.sa_handler = on_fatal};

    if (last.armed)
        return;
    last.fd = fd;
    last.modes = *modes;
    last.length = length < sizeof last.reset ? length : sizeof last.reset;
    memcpy(last.reset, reset, last.length);
    last.armed = 1;
    for (size_t i = 0; i < FATAL; i++)
        sigaction(fatal_signals[i], &action, &last.before[i]);
}

void crash_disarm(void)
{
    if (!last.armed)
        return;
    last.armed = 0;
    for (size_t i = 0; i < FATAL; i++)
        sigaction(fatal_signals[i], &last.before[i], NULL);
}

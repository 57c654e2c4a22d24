/*
 * Asking the terminal: the size of a cell, its colour registers, and last what it is (DA1),
 * which every terminal answers, so that what comes before that answer is all there will be.
 * Attribute 4 in it means sixel; names in $TERM mean nothing.
 */
#include "terminal.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <assay/clock.h>

#define QUESTIONS  "\x1b[16t\x1b[?1;1;0S\x1b[c"
#define BACKGROUND "\x1b]11;?\x1b\\"
#define NUMBERS    16

/* One control sequence "ESC [ mark numbers final". */
struct sequence {
    char mark, final; /* mark: '?', '>' or 0 */
    int numbers[NUMBERS];
    size_t count;
    const char *text; /* behind the "ESC [" */
    size_t length;
};

/* Reads the sequence at TEXT (behind "ESC ["); false where it is cut or none. */
static bool read_sequence(const char *text, size_t length, struct sequence *s)
{
    *s = (struct sequence){.text = text};
    size_t i = 0;
    if (i < length && (text[i] == '?' || text[i] == '>' || text[i] == '='))
        s->mark = text[i++];
    int number = 0;
    for (; i < length; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            number = number < 100000 ? number * 10 + (c - '0') : number;
        } else {
            if (s->count < NUMBERS)
                s->numbers[s->count++] = number;
            number = 0;
            if (c != ';')
                break;
        }
    }
    if (i == length)
        return false;
    s->final = text[i];
    s->length = i + 1;
    return true;
}

static void take_identity(struct cli_terminal *terminal, const struct sequence *s)
{
    terminal->answered = true;
    /* The first number is the level of the terminal, the others are what it can. */
    for (size_t n = 1; n < s->count; n++)
        terminal->sixel = terminal->sixel || s->numbers[n] == 4;
    size_t length = s->length < sizeof terminal->reply ? s->length : sizeof terminal->reply - 1;
    memcpy(terminal->reply, s->text, length);
    terminal->reply[length] = '\0';
}

/* "ESC ] 11 ; rgb:RRRR/GGGG/BBBB": takes the first two digits of each. */
static void take_background(struct cli_terminal *terminal, const char *text, size_t length)
{
    static const char head[] = "11;rgb:";
    static const double weights[] = {0.30, 0.59, 0.11};
    size_t i = strlen(head);
    double luminance = 0;
    if (length < i || memcmp(text, head, i) != 0)
        return;
    for (int channel = 0; channel < 3; channel++) {
        int value = 0, digits = 0;
        for (; i < length && isxdigit((unsigned char)text[i]); i++, digits++)
            if (digits < 2)
                value = value * 16 + (isdigit((unsigned char)text[i])
                                          ? text[i] - '0'
                                          : tolower((unsigned char)text[i]) - 'a' + 10);
        if (digits < 2)
            return;
        luminance += weights[channel] * value / 255;
        if (channel < 2 && (i == length || text[i++] != '/'))
            return;
    }
    terminal->light = luminance > 0.5;
}

bool cli_terminal_parse(struct cli_terminal *terminal, const char *reply, size_t length)
{
    *terminal = (struct cli_terminal){0};
    for (size_t i = 0; i + 2 < length; i++) {
        struct sequence s;
        if (reply[i] == '\x1b' && reply[i + 1] == ']')
            take_background(terminal, reply + i + 2, length - i - 2);
        if (reply[i] != '\x1b' || reply[i + 1] != '[' ||
            !read_sequence(reply + i + 2, length - i - 2, &s))
            continue;
        if (s.mark == '?' && s.final == 'c') {
            take_identity(terminal, &s);
        } else if (!s.mark && s.final == 't' && s.count == 3 && s.numbers[0] == 6) {
            bool sane = s.numbers[1] >= 4 && s.numbers[1] <= 256 && s.numbers[2] >= 2 &&
                        s.numbers[2] <= 256;
            terminal->cell_height = sane ? s.numbers[1] : 0;
            terminal->cell_width = sane ? s.numbers[2] : 0;
        } else if (s.mark == '?' && s.final == 'S' && s.count == 3 && s.numbers[0] == 1 &&
                   s.numbers[1] == 0) {
            terminal->registers = s.numbers[2];
        }
        if (terminal->answered)
            return true;
    }
    return false;
}

static void exchange(int fd, struct cli_terminal *terminal, int timeout_ms)
{
    char reply[1024];
    size_t length = 0;
    int64_t deadline = assay_monotonic_us() + (int64_t)timeout_ms * 1000;
    /* The Linux console would print the question for the background. */
    const char *term = getenv("TERM");
    const char *questions =
        term && strcmp(term, "linux") == 0 ? QUESTIONS : BACKGROUND QUESTIONS;
    if (write(fd, questions, strlen(questions)) != (ssize_t)strlen(questions))
        return;
    while (length < sizeof reply) {
        int64_t left = (deadline - assay_monotonic_us()) / 1000;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&ready, 1, (int)left) <= 0)
            return;
        ssize_t count = read(fd, reply + length, sizeof reply - length);
        if (count <= 0)
            return;
        length += (size_t)count;
        if (cli_terminal_parse(terminal, reply, length))
            return;
    }
}

/* Where the terminal did not say: what the kernel knows. Both include the window's border,
   which rounding down takes off. */
static void cell_from_kernel(int fd, struct cli_terminal *terminal)
{
    struct winsize size;
    if (terminal->cell_width || ioctl(fd, TIOCGWINSZ, &size) != 0 || !size.ws_col ||
        !size.ws_row)
        return;
    int width = size.ws_xpixel / size.ws_col, height = size.ws_ypixel / size.ws_row;
    if (width >= 2 && height >= 4 && width <= 256 && height <= 256) {
        terminal->cell_width = width;
        terminal->cell_height = height;
    }
}

bool cli_terminal_ask(struct cli_terminal *terminal, int timeout_ms)
{
    *terminal = (struct cli_terminal){0};
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct termios before;
    if (tcgetpgrp(fd) != getpgrp() || tcgetattr(fd, &before) != 0) {
        close(fd);
        return false;
    }
    /* Signals wait until the terminal is itself again. */
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(fd, TCSADRAIN, &raw) == 0) {
        exchange(fd, terminal, timeout_ms);
        /* Throws away what came late, so that it is not typed into the shell. */
        tcsetattr(fd, TCSAFLUSH, &before);
    }
    cell_from_kernel(fd, terminal);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(fd);
    return true;
}

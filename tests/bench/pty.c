/*
 * The benchmarks' terminal (pty.h).
 */
#include "pty.h"

#include <dirent.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vterm.h>

#include <assay/memory.h>

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- the program ---- */

void pty_start(struct pty *pty, char *const *argv, bool sixel)
{
    struct winsize size = {.ws_row = PTY_ROWS,
                           .ws_col = PTY_COLUMNS,
                           .ws_xpixel = PTY_COLUMNS * PTY_CELL_WIDTH,
                           .ws_ypixel = PTY_ROWS * PTY_CELL_HEIGHT};
    *pty = (struct pty){.sixel = sixel};
    pty->started = mmap(NULL, sizeof *pty->started, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pty->started == MAP_FAILED)
        die("no memory");
    *pty->started = now_ms();
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    pty->child = forkpty(&pty->fd, NULL, NULL, &size);
    if (pty->child < 0)
        die("no pseudo terminal");
    if (pty->child == 0) {
        *pty->started = now_ms();
        execv(argv[0], argv);
        _exit(127);
    }
}

void pty_end(struct pty *pty)
{
    kill(pty->child, SIGHUP);
    for (int i = 0; i < 1000 && waitpid(pty->child, NULL, WNOHANG) == 0; i++)
        pty_take(pty, 10, pty_now(pty) + 10);
    kill(pty->child, SIGKILL);
    waitpid(pty->child, NULL, 0);
    close(pty->fd);
    munmap(pty->started, sizeof *pty->started);
    assay_buf_free(&pty->seen);
    free(pty->pieces);
    *pty = (struct pty){.fd = -1};
}

double pty_now(const struct pty *pty)
{
    return now_ms() - *pty->started;
}

void pty_press(struct pty *pty, const char *keys)
{
    size_t length = strlen(keys);
    if (write(pty->fd, keys, length) != (ssize_t)length)
        die("keys could not be written");
}

/* ---- its bytes ---- */

/* Answers what the new bytes ask. A question may be cut by the end of a read: those are looked
   at again with the next. */
static void answer(struct pty *pty)
{
    static const struct {
        const char *question, *sixel, *text;
    } known[] = {
        {"\033[c", "\033[?63;1;2;4;9;15;22c", "\033[?64;1;2;9;15;22c"},
        {"\033[16t", "\033[6;15;8t", NULL},
        {"\033[14t", "\033[4;900;1600t", NULL},
        {"\033[?1;1;0S", "\033[?1;0;1024S", NULL},
        {"\033[?2;1;0S", "\033[?2;0;1600;900S", NULL},
        {"\033[?2026$p", "\033[?2026;0$y", "\033[?2026;0$y"},
    };
    for (; pty->answered < pty->seen.length; pty->answered++) {
        const char *at = pty->seen.data + pty->answered;
        size_t left = pty->seen.length - pty->answered;
        for (size_t i = 0; *at == '\033' && i < ASSAY_COUNT(known); i++) {
            size_t length = strlen(known[i].question);
            const char *reply = pty->sixel ? known[i].sixel : known[i].text;
            if (left < length && memcmp(at, known[i].question, left) == 0)
                return;
            if (left >= length && memcmp(at, known[i].question, length) == 0 && reply)
                pty_press(pty, reply);
        }
    }
}

/* One read; false where nothing came within WAIT ms. */
static bool take_once(struct pty *pty, double wait)
{
    struct pollfd poller = {.fd = pty->fd, .events = POLLIN};
    struct timespec time = {.tv_sec = (time_t)(wait / 1e3)};
    static char bytes[1 << 16];
    if (pty->ended || wait < 0)
        return false;
    time.tv_nsec = (long)((wait - (double)time.tv_sec * 1e3) * 1e6);
    if (ppoll(&poller, 1, &time, NULL) <= 0)
        return false;
    ssize_t got = read(pty->fd, bytes, sizeof bytes);
    if (got <= 0) {
        pty->ended = true;
        return false;
    }
    double when = pty_now(pty);
    assay_buf_add(&pty->seen, bytes, (size_t)got);
    ASSAY_GROW(pty->pieces, pty->capacity, pty->count + 1);
    pty->pieces[pty->count++] = (struct pty_piece){.time = when, .end = pty->seen.length};
    answer(pty);
    return true;
}

static double at_most(double wait, double until, const struct pty *pty)
{
    double left = until - pty_now(pty);
    return left < wait ? left : wait;
}

double pty_take(struct pty *pty, double quiet, double until)
{
    double last = 0;
    while (take_once(pty, at_most(quiet, until, pty)))
        last = pty->pieces[pty->count - 1].time;
    return last;
}

double pty_take_text(struct pty *pty, const char *text, size_t from, double until)
{
    size_t length = strlen(text);
    for (;;) {
        if (pty->seen.length > from &&
            memmem(pty->seen.data + from, pty->seen.length - from, text, length))
            return pty->pieces[pty->count - 1].time;
        /* What was looked at is not looked at again. */
        if (pty->seen.length > from + length)
            from = pty->seen.length - length;
        if (!take_once(pty, until - pty_now(pty)))
            return 0;
    }
}

/* ---- the screen ---- */

struct pty_screen {
    VTerm *vterm;
    VTermScreen *screen;
    size_t shown; /* bytes */
};

struct pty_screen *pty_screen_new(void)
{
    struct pty_screen *screen = assay_alloc(sizeof *screen);
    screen->vterm = vterm_new(PTY_ROWS, PTY_COLUMNS);
    vterm_set_utf8(screen->vterm, 1);
    screen->screen = vterm_obtain_screen(screen->vterm);
    vterm_screen_enable_altscreen(screen->screen, 1);
    vterm_screen_reset(screen->screen, 1);
    return screen;
}

void pty_screen_free(struct pty_screen **screen)
{
    vterm_free((*screen)->vterm);
    free(*screen);
    *screen = NULL;
}

void pty_screen_show(struct pty_screen *screen, const struct pty *pty, size_t end)
{
    size_t to = end > 0 ? pty->pieces[end - 1].end : 0;
    if (to > screen->shown)
        vterm_input_write(screen->vterm, pty->seen.data + screen->shown, to - screen->shown);
    if (to > screen->shown)
        screen->shown = to;
}

static void row_text(struct pty_screen *screen, int row, struct assay_buf *out)
{
    assay_buf_reset(out);
    for (int column = 0; column < PTY_COLUMNS; column++) {
        VTermScreenCell cell;
        char utf8[4 * VTERM_MAX_CHARS_PER_CELL + 1];
        size_t length = 0;
        vterm_screen_get_cell(screen->screen, (VTermPos){.row = row, .col = column}, &cell);
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++) {
            uint32_t code = cell.chars[i];
            if (code < 0x80) {
                utf8[length++] = (char)code;
            } else if (code < 0x800) {
                utf8[length++] = (char)(0xc0 | code >> 6);
                utf8[length++] = (char)(0x80 | (code & 63));
            } else if (code < 0x10000) {
                utf8[length++] = (char)(0xe0 | code >> 12);
                utf8[length++] = (char)(0x80 | (code >> 6 & 63));
                utf8[length++] = (char)(0x80 | (code & 63));
            }
        }
        assay_buf_add(out, length ? utf8 : " ", length ? length : 1);
    }
}

bool pty_screen_has(struct pty_screen *screen, const char *text)
{
    struct assay_buf line = {0};
    bool found = false;
    for (int row = 0; row < PTY_ROWS && !found; row++) {
        row_text(screen, row, &line);
        found = strstr(assay_buf_text(&line), text) != NULL;
    }
    assay_buf_free(&line);
    return found;
}

void pty_screen_dump(struct pty_screen *screen)
{
    struct assay_buf line = {0};
    for (int row = 0; row < PTY_ROWS; row++) {
        row_text(screen, row, &line);
        fprintf(stderr, "%s\n", assay_buf_text(&line));
    }
    assay_buf_free(&line);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *p = bytes;
    while (length-- > 0)
        hash = (hash ^ *p++) * UINT64_C(1099511628211);
    return hash;
}

uint64_t pty_screen_hash(struct pty_screen *screen)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (int row = 0; row < PTY_ROWS; row++)
        for (int column = 0; column < PTY_COLUMNS; column++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(screen->screen, (VTermPos){.row = row, .col = column}, &cell);
            vterm_screen_convert_color_to_rgb(screen->screen, &cell.fg);
            vterm_screen_convert_color_to_rgb(screen->screen, &cell.bg);
            hash = mix(hash, &cell.chars[0], sizeof cell.chars[0]);
            hash = mix(hash, &cell.fg.rgb.red, 3);
            hash = mix(hash, &cell.bg.rgb.red, 3);
        }
    return hash;
}

/* ---- /proc ---- */

static void read_status(const char *path, struct pty_use *use)
{
    char line[256];
    FILE *file = fopen(path, "r");
    long value;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "voluntary_ctxt_switches: %ld", &value) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %ld", &value) == 1)
            use->wakes += value;
        else if (sscanf(line, "VmHWM: %ld", &value) == 1)
            use->peak_kib = value;
        else if (sscanf(line, "VmRSS: %ld", &value) == 1)
            use->resident_kib = value;
        else if (sscanf(line, "RssAnon: %ld", &value) == 1)
            use->anonymous_kib = value;
    }
    if (file)
        fclose(file);
}

static double read_cpu(pid_t child)
{
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file)
        fclose(file);
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                         &user, &kernel) != 2)
        die("/proc/PID/stat cannot be read");
    return (double)(user + kernel) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

struct pty_use pty_use(const struct pty *pty)
{
    struct pty_use use = {.cpu_ms = read_cpu(pty->child)};
    char path[400];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pty->child);
    DIR *threads = opendir(path);
    for (struct dirent *entry; threads && (entry = readdir(threads));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pty->child, entry->d_name);
        read_status(path, &use);
    }
    if (threads)
        closedir(threads);
    return use;
}

/*
 * The test terminal: the child on its pty, keys, waiting until the program is idle, and what
 * tests ask of the screen. See screen.h; the stream itself is in screen_glass.c.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "support/screen_private.h"
#include "tui/keys.h"

#define SETTLE_US     120000000 /* a sanitizer on a busy machine takes ten times as long */
#define STILL_US      15000000 /* a program asleep for this long comes to nothing more */
#define WAKE_US       1000000
#define QUIET_US      12000 /* two looks this far apart must find the program in the same sleep */
#define ESC_US        60000
#define ESC_EXPECT_US 450000

/* ---- the child ---- */

static void set_environment(const char *const *env)
{
    setenv("TERM", "xterm-256color", 1);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    unsetenv("TMUX");
    for (; env != NULL && *env != NULL; env++) {
        const char *equals = strchr(*env, '=');

        if (equals == NULL) {
            unsetenv(*env);
        } else {
            char *name = assay_strndup(*env, (size_t)(equals - *env));

            setenv(name, equals + 1, 1);
            free(name);
        }
    }
}

static void run_child(const struct screen_options *options)
{
    const char *program;

    set_environment(options->env);
    if (options->function != NULL) {
        int status = options->function(options->context);

        fflush(NULL);
        _exit(status);
    }
    program = getenv("ASSAY_PROGRAM");
    if (strcmp(options->argv[0], "assay") != 0 || program == NULL)
        program = options->argv[0];
    execvp(program, (char *const *)options->argv);
    fprintf(stderr, "cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

static struct winsize window_size(const struct screen *screen)
{
    int width, height;

    glass_window(screen, &width, &height);
    return (struct winsize){.ws_col = (unsigned short)screen->columns,
                            .ws_row = (unsigned short)screen->rows,
                            .ws_xpixel = (unsigned short)width,
                            .ws_ypixel = (unsigned short)height};
}

struct screen *screen_open(const struct screen_options *options)
{
    struct screen *screen = assay_alloc(sizeof *screen);
    struct winsize size;

    screen->kind = options->kind;
    screen->columns = options->columns;
    screen->rows = options->rows;
    glass_open(screen);
    size = window_size(screen);
    fflush(NULL);
    screen->child = forkpty(&screen->master, NULL, NULL, &size);
    if (screen->child == 0)
        run_child(options);
    if (screen->child < 0)
        fail_msg("no pty: %s", strerror(errno));
    return screen;
}

static void reap(struct screen *screen, int flags)
{
    int status;

    if (!screen->ended && waitpid(screen->child, &status, flags) == screen->child) {
        screen->ended = true;
        screen->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
}

void screen_close(struct screen **screen)
{
    struct screen *s = *screen;

    if (s == NULL)
        return;
    close(s->master); /* a hang-up for the child */
    for (int i = 0; i < 200 && !s->ended; i++) {
        reap(s, WNOHANG);
        if (!s->ended)
            poll(NULL, 0, 5);
    }
    if (!s->ended) {
        kill(s->child, SIGKILL);
        reap(s, 0);
    }
    glass_close(s);
    assay_buf_free(&s->answers);
    assay_buf_free(&s->line);
    free(s);
    *screen = NULL;
}

/* ---- bytes both ways ---- */

/* Moves what can be moved within TIMEOUT_MS; true if the program wrote anything. */
static bool pump(struct screen *screen, int timeout_ms)
{
    bool answers = screen->answers.length > 0 && screen->kind != SCREEN_LATE;
    struct pollfd ready = {.fd = screen->master,
                           .events = (short)(POLLIN | (answers ? POLLOUT : 0))};
    char bytes[65536];
    ssize_t got;

    if (poll(&ready, 1, timeout_ms) <= 0)
        return false;
    if (answers && (ready.revents & POLLOUT)) {
        ssize_t put = write(screen->master, screen->answers.data, screen->answers.length);

        if (put > 0) {
            memmove(screen->answers.data, screen->answers.data + put,
                    screen->answers.length - (size_t)put);
            screen->answers.length -= (size_t)put;
        }
    }
    if (!(ready.revents & (POLLIN | POLLHUP)))
        return false;
    got = read(screen->master, bytes, sizeof bytes);
    if (got <= 0) { /* the last writer has gone */
        reap(screen, 0);
        return false;
    }
    glass_take(screen, bytes, (size_t)got);
    return true;
}

/* Reads the number after KEY in the file PATH; -1 where it is not there. */
static long long number_in(const char *path, const char *key)
{
    char line[256];
    long long number = -1;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            number = strtoll(line + strlen(key), NULL, 10);
    fclose(file);
    return number;
}

/* How often the program's first thread, which reads the keys, has gone to sleep; -1 where it
   has ended or is stopped. */
static long long first_sleeps(const struct screen *screen)
{
    char path[100], line[256], state = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)screen->child);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "State: %c", &state) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return file == NULL || state == 'T' ? -1 : number_in(path, "voluntary_ctxt_switches:");
}

void screen_send(struct screen *screen, const void *bytes, size_t length)
{
    const char *p = bytes;

    screen->slept_before = first_sleeps(screen);
    screen->woken_by = assay_monotonic_us() + WAKE_US;
    while (length > 0 && !screen->ended) {
        ssize_t put = write(screen->master, p, length);

        if (put > 0) {
            p += put;
            length -= (size_t)put;
        } else if (errno != EINTR && errno != EAGAIN) {
            return;
        }
        pump(screen, 0);
    }
}

static void send_key(struct screen *screen, const char *name)
{
    static const struct {
        uint32_t key;
        const char *bytes;
    } special[] = {
        {KEYS_ENTER, "\r"},        {KEYS_TAB, "\t"},
        {KEYS_ESCAPE, "\033"},     {KEYS_BACKSPACE, "\177"},
        {KEYS_UP, "\033[A"},       {KEYS_DOWN, "\033[B"},
        {KEYS_RIGHT, "\033[C"},    {KEYS_LEFT, "\033[D"},
        {KEYS_HOME, "\033[H"},     {KEYS_END, "\033[F"},
        {KEYS_PAGE_UP, "\033[5~"}, {KEYS_PAGE_DOWN, "\033[6~"},
        {KEYS_INSERT, "\033[2~"},  {KEYS_DELETE, "\033[3~"},
        {KEYS_F1, "\033OP"},       {KEYS_SHIFT | KEYS_TAB, "\033[Z"},
    };
    struct assay_buf bytes = {0};
    uint32_t key;

    if (!keys_parse(name, &key))
        fail_msg("\"%s\" is no key", name);
    if (key & KEYS_ALT)
        assay_buf_char(&bytes, '\033');
    key &= ~(uint32_t)KEYS_ALT;
    for (size_t i = 0; i < ASSAY_COUNT(special); i++)
        if (special[i].key == key)
            assay_buf_text_add(&bytes, special[i].bytes);
    if (bytes.length == 0 || (key & 0x1fffff) < KEYS_SPECIAL) {
        char utf8[4];

        if (key & KEYS_CTRL)
            assay_buf_char(&bytes, (char)(key & 0x1f));
        else
            assay_buf_add(&bytes, utf8, assay_utf8_encode(key, utf8));
    }
    screen_send(screen, bytes.data, bytes.length);
    if (key == KEYS_ESCAPE)
        screen->escape_us = screen->kind == SCREEN_MUTE || screen->kind == SCREEN_LATE
                                ? ESC_EXPECT_US
                                : ESC_US;
    assay_buf_free(&bytes);
}

void screen_press(struct screen *screen, ...)
{
    va_list keys;
    const char *name;

    va_start(keys, screen);
    while ((name = va_arg(keys, const char *)) != NULL) {
        send_key(screen, name);
        screen_settle(screen);
    }
    va_end(keys);
}

void screen_type(struct screen *screen, const char *text)
{
    screen_send(screen, text, strlen(text));
    screen_settle(screen);
}

void screen_mouse(struct screen *screen, char what, int x, int y)
{
    char bytes[48];

    snprintf(bytes, sizeof bytes, "\033[<%d;%d;%d%c",
             what == 'u'   ? 64
             : what == 'd' ? 65
                           : 0,
             x + 1, y + 1, what == 'r' ? 'm' : 'M');
    screen_type(screen, bytes);
}

void screen_resize(struct screen *screen, int columns, int rows)
{
    struct winsize size;

    glass_resize(screen, columns, rows);
    size = window_size(screen);
    ioctl(screen->master, TIOCSWINSZ, &size); /* sends SIGWINCH */
    screen_settle(screen);
}

void screen_signal(struct screen *screen, int number)
{
    kill(screen->child, number);
    screen_settle(screen);
}

/* ---- waiting ---- */

/* How often the program's threads have gone to sleep so far; -1 while one of them is awake. */
static long long sleeps(const struct screen *screen)
{
    char path[600];
    long long total = 0;
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", (int)screen->child);
    tasks = opendir(path);
    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        char state = 0;
        FILE *file;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)screen->child,
                 entry->d_name);
        file = fopen(path, "r");
        if (file == NULL)
            continue;
        for (char line[256]; fgets(line, sizeof line, file) != NULL;)
            if (sscanf(line, "State: %c", &state) == 1)
                break;
        fclose(file);
        if (state != 'S' && state != 'T') {
            closedir(tasks);
            return -1;
        }
        total += number_in(path, "voluntary_ctxt_switches:");
    }
    if (tasks != NULL)
        closedir(tasks);
    return total;
}

/* Whether the keys sent last have woken the program. The kernel may hand them over later than
   they were written, and until then the pty looks empty. A program that reads whole lines is
   not woken by a key: it is not waited for longer than WAKE_US. */
static bool woken(struct screen *screen)
{
    if (screen->slept_before < 0)
        return true;
    if (assay_monotonic_us() < screen->woken_by && first_sleeps(screen) == screen->slept_before)
        return false;
    screen->slept_before = -1;
    return true;
}

/* Whether the program has read all that lies in the pty for it. */
static bool input_taken(const struct screen *screen)
{
    int slave = open(ptsname(screen->master), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    int waiting = 0;

    if (slave < 0)
        return true;
    if (ioctl(slave, FIONREAD, &waiting) != 0)
        waiting = 0;
    close(slave);
    return waiting == 0;
}

bool screen_settle(struct screen *screen)
{
    int64_t deadline = assay_monotonic_us() + SETTLE_US;
    long long before = -2;

    while (!screen->ended) {
        long long now;
        bool busy = pump(screen, QUIET_US / 1000);

        reap(screen, WNOHANG);
        if (assay_monotonic_us() > deadline) {
            screen_dump(screen);
            fail_msg("the program does not become idle");
        }
        now = sleeps(screen);
        if (busy || now < 0 || !woken(screen) || !input_taken(screen) ||
            (screen->answers.length > 0 && screen->kind != SCREEN_LATE) ||
            assay_monotonic_us() < screen->not_idle_before) {
            before = -2;
            continue;
        }
        if (screen->escape_us) { /* its wait has begun, since it has read the key and sleeps */
            screen->not_idle_before = assay_monotonic_us() + screen->escape_us;
            screen->escape_us = 0;
            before = -2;
            continue;
        }
        if (now == before)
            return true;
        before = now;
    }
    while (pump(screen, 0)) /* its last words */
        continue;
    return false;
}

void screen_wait(struct screen *screen, const char *text)
{
    int64_t deadline = assay_monotonic_us() + SETTLE_US;

    while (!screen_find(screen, text, NULL, NULL)) {
        if (screen->ended || assay_monotonic_us() > deadline) {
            screen_dump(screen);
            fail_msg("\"%s\" does not appear", text);
        }
        pump(screen, 20);
        reap(screen, WNOHANG);
    }
    screen_settle(screen);
}

int screen_end(struct screen *screen)
{
    int64_t deadline = assay_monotonic_us() + SETTLE_US;

    while (!screen->ended) {
        pump(screen, 10);
        reap(screen, WNOHANG);
        if (assay_monotonic_us() > deadline) {
            screen_dump(screen);
            fail_msg("the program does not end");
        }
    }
    while (pump(screen, 0))
        continue;
    return screen->status;
}

void screen_release(struct screen *screen, size_t piece)
{
    while (screen->answers.length > 0) {
        size_t length = screen->answers.length;
        char bytes[512];

        if (piece > 0 && length > piece)
            length = piece;
        if (length > sizeof bytes)
            length = sizeof bytes;
        memcpy(bytes, screen->answers.data, length);
        memmove(screen->answers.data, screen->answers.data + length,
                screen->answers.length - length);
        screen->answers.length -= length;
        screen_send(screen, bytes, length);
        screen_settle(screen);
    }
}

size_t screen_held(struct screen *screen)
{
    return screen->answers.length;
}

/* ---- what is on the screen ---- */

static void add_row(struct screen *screen, int row, struct assay_buf *out)
{
    size_t start = out->length;

    for (int column = 0; column < screen->columns; column++) {
        VTermScreenCell cell;

        if (!vterm_screen_get_cell(screen->text, (VTermPos){.row = row, .col = column}, &cell))
            continue;
        if (cell.chars[0] == UINT32_MAX) /* the right half of a wide one */
            continue;
        if (cell.chars[0] == 0) {
            assay_buf_char(out, ' ');
            continue;
        }
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++) {
            char utf8[4];

            /* The hidden character under images looks like a blank. */
            if (cell.chars[i] == 0xa0)
                assay_buf_char(out, ' ');
            else
                assay_buf_add(out, utf8, assay_utf8_encode(cell.chars[i], utf8));
        }
    }
    while (out->length > start && out->data[out->length - 1] == ' ')
        out->data[--out->length] = '\0';
}

const char *screen_text(struct screen *screen, int row)
{
    assay_buf_reset(&screen->line);
    add_row(screen, row, &screen->line);
    return assay_buf_text(&screen->line);
}

bool screen_find(struct screen *screen, const char *text, int *row, int *column)
{
    for (int y = 0; y < screen->rows; y++) {
        const char *line = screen_text(screen, y);
        const char *at = strstr(line, text);

        if (at == NULL)
            continue;
        if (row != NULL)
            *row = y;
        if (column != NULL) {
            char *before = assay_strndup(line, (size_t)(at - line));

            *column = assay_text_width(before);
            free(before);
        }
        return true;
    }
    return false;
}

static int color_number(const VTermColor *color, bool foreground)
{
    if (foreground ? VTERM_COLOR_IS_DEFAULT_FG(color) : VTERM_COLOR_IS_DEFAULT_BG(color))
        return -1;
    return VTERM_COLOR_IS_INDEXED(color) ? color->indexed.idx : -2;
}

struct screen_look screen_look(struct screen *screen, int row, int column)
{
    VTermScreenCell cell = {0};

    vterm_screen_get_cell(screen->text, (VTermPos){.row = row, .col = column}, &cell);
    return (struct screen_look){.fg = color_number(&cell.fg, true),
                                .bg = color_number(&cell.bg, false),
                                .bold = cell.attrs.bold,
                                .underline = cell.attrs.underline != 0,
                                .reverse = cell.attrs.reverse,
                                .italic = cell.attrs.italic};
}

bool screen_cursor(struct screen *screen, int *row, int *column)
{
    VTermPos pos;

    vterm_state_get_cursorpos(vterm_obtain_state(screen->vt), &pos);
    *row = pos.row;
    *column = pos.col;
    return screen->cursor_visible;
}

size_t screen_images(struct screen *screen)
{
    return screen->image_count;
}

struct screen_image screen_image(struct screen *screen, size_t index)
{
    assert_true(index < screen->image_count);
    return screen->images[index];
}

uint32_t screen_pixel(struct screen *screen, int x, int y)
{
    int width = screen->columns * SCREEN_CELL_WIDTH;

    if (x < 0 || y < 0 || x >= width || y >= screen->rows * SCREEN_CELL_HEIGHT)
        return SIXEL_UNPAINTED;
    return screen->glass[y * width + x];
}

size_t screen_pixels_in(struct screen *screen, int row, int column, int rows, int columns)
{
    size_t count = 0;

    for (int y = row * SCREEN_CELL_HEIGHT; y < (row + rows) * SCREEN_CELL_HEIGHT; y++)
        for (int x = column * SCREEN_CELL_WIDTH; x < (column + columns) * SCREEN_CELL_WIDTH;
             x++)
            count += screen_pixel(screen, x, y) != SIXEL_UNPAINTED;
    return count;
}

struct screen_counts screen_counts(struct screen *screen)
{
    return screen->counts;
}

void screen_dump(struct screen *screen)
{
    fprintf(stderr, "+--- %d x %d, %s\n", screen->columns, screen->rows,
            screen->ended ? "the program has ended" : "the program runs");
    for (int row = 0; row < screen->rows; row++)
        fprintf(stderr, "|%s\n", screen_text(screen, row));
    for (size_t i = 0; i < screen->image_count; i++)
        fprintf(stderr, "+--- image %llu at row %d column %d: %d x %d pixels, %d x %d cells\n",
                (unsigned long long)screen->images[i].serial, screen->images[i].row,
                screen->images[i].column, screen->images[i].width, screen->images[i].height,
                screen->images[i].columns, screen->images[i].rows);
    if (screen->ended)
        fprintf(stderr, "+--- exit status %d\n", screen->status);
}

struct patience {
    int64_t deadline, still_since;
};

static struct patience patience(void)
{
    const int64_t now_us = assay_monotonic_us();

    return (struct patience){now_us + SETTLE_US, now_us};
}

/* Takes what comes for a moment; whether nothing more is to be waited for: the program is gone,
   or was asleep all the while. One that works has as long as it has to settle. */
static bool is_over(struct screen *screen, struct patience *patience)
{
    if (screen->ended)
        return true;
    if (pump(screen, 20) || sleeps(screen) < 0)
        patience->still_since = assay_monotonic_us();
    reap(screen, WNOHANG);
    const int64_t now_us = assay_monotonic_us();
    return now_us > patience->deadline || now_us - patience->still_since > STILL_US;
}

void screen_assert_images_(struct screen *screen, size_t count, const char *file, int line)
{
    struct patience left = patience();

    while (screen_images(screen) != count)
        if (is_over(screen, &left)) {
            screen_dump(screen);
            fail_msg("%s:%d: %zu images are on the screen, not %zu", file, line,
                     screen_images(screen), count);
        }
}

void screen_assert_(struct screen *screen, const char *text, bool there, const char *file,
                    int line)
{
    struct patience left = patience();

    while (screen_find(screen, text, NULL, NULL) != there)
        if (!there || is_over(screen, &left)) {
            screen_dump(screen);
            fail_msg("%s:%d: \"%s\" is %son the screen", file, line, text,
                     there ? "not " : "");
        }
}

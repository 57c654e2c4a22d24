/*
 * The workbench as a person meets it: the real program on a pseudo terminal which answers as an
 * xterm with sixel does, timed from outside. Usage: bench_screen PROGRAM WHAT [ARGUMENT...]
 *
 *   first TEXT [SOURCE]   exec to the first frame that holds TEXT; the program's memory then
 *   chart SOURCE          exec to the first picture (sixel) on the screen
 *   keys KEYS             each byte of KEYS, from its writing to the end of the frame it causes
 *   idle SECONDS          wake-ups and processor time of the program while nobody does anything
 *
 * Prints "NAME VALUE" lines that tests/bench/run.sh reads. ASSAY_STORE, ASSAY_CACHE and the
 * rest of the environment are the caller's.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/memory.h>

enum { COLUMNS = 160, ROWS = 50, CELL_WIDTH = 9, CELL_HEIGHT = 19 };

struct terminal {
    pid_t child;
    int fd;
    struct assay_buf seen; /* all output since the last forget() */
    size_t answered;       /* up to where questions were looked for */
    double started, last;  /* seconds; of exec, of the last bytes read */
    bool ended;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_screen: %s\n", what);
    exit(1);
}

/* ---- the terminal ---- */

static void answer(struct terminal *t)
{
    static const struct {
        const char *question, *answer;
    } known[] = {
        {"\033[c", "\033[?63;1;2;4;9;15;22c"},   {"\033[16t", "\033[6;19;9t"},
        {"\033[14t", "\033[4;950;1440t"},        {"\033[?1;1;0S", "\033[?1;0;1024S"},
        {"\033[?2;1;0S", "\033[?2;0;1440;950S"}, {"\033[?2026$p", "\033[?2026;2$y"},
    };
    for (; t->answered < t->seen.length; t->answered++) {
        const char *at = t->seen.data + t->answered;
        size_t left = t->seen.length - t->answered;
        for (size_t i = 0; *at == '\033' && i < ASSAY_COUNT(known); i++) {
            size_t length = strlen(known[i].question);
            size_t reply = strlen(known[i].answer);
            if (length <= left && memcmp(at, known[i].question, length) == 0 &&
                write(t->fd, known[i].answer, reply) != (ssize_t)reply)
                die("the answer could not be written");
        }
    }
}

/* Reads what there is within SECONDS; false where there was nothing. */
static bool take(struct terminal *t, double seconds)
{
    struct pollfd poller = {.fd = t->fd, .events = POLLIN};
    struct timespec wait = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    static char bytes[1 << 16];
    if (t->ended || ppoll(&poller, 1, &wait, NULL) <= 0)
        return false;
    ssize_t got = read(t->fd, bytes, sizeof bytes);
    if (got <= 0) {
        t->ended = true;
        return false;
    }
    t->last = now();
    assay_buf_add(&t->seen, bytes, (size_t)got);
    answer(t);
    return true;
}

static void forget(struct terminal *t)
{
    t->seen.length = t->answered = 0;
}

static void launch(struct terminal *t, char *const *argv)
{
    struct winsize size = {.ws_row = ROWS,
                           .ws_col = COLUMNS,
                           .ws_xpixel = COLUMNS * CELL_WIDTH,
                           .ws_ypixel = ROWS * CELL_HEIGHT};
    *t = (struct terminal){.started = now()};
    t->child = forkpty(&t->fd, NULL, NULL, &size);
    if (t->child < 0)
        die("no pseudo terminal");
    if (t->child == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execv(argv[0], argv);
        _exit(127);
    }
}

static void finish(struct terminal *t)
{
    kill(t->child, SIGHUP);
    for (int i = 0; i < 200 && waitpid(t->child, NULL, WNOHANG) == 0; i++)
        take(t, 0.01);
    kill(t->child, SIGKILL);
    waitpid(t->child, NULL, 0);
    close(t->fd);
    assay_buf_free(&t->seen);
}

static bool holds(const struct terminal *t, const char *text)
{
    return t->seen.length > 0 && memmem(t->seen.data, t->seen.length, text, strlen(text));
}

/* Until nothing was written for QUIET seconds. */
static void settle(struct terminal *t, double quiet)
{
    while (take(t, quiet))
        forget(t);
    forget(t);
}

/* ---- of the program, from /proc ---- */

static long status_field(pid_t child, const char *thread, const char *field)
{
    char path[320], line[256];
    long value = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)child, thread);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtol(line + strlen(field), NULL, 10);
    if (file)
        fclose(file);
    return value;
}

static long memory_kib(pid_t child)
{
    char thread[24];
    snprintf(thread, sizeof thread, "%d", (int)child);
    return status_field(child, thread, "VmHWM:");
}

static long wake_ups(pid_t child)
{
    char path[64];
    long sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)child);
    DIR *threads = opendir(path);
    for (struct dirent *entry; threads && (entry = readdir(threads));)
        if (entry->d_name[0] != '.')
            sum += status_field(child, entry->d_name, "voluntary_ctxt_switches:") +
                   status_field(child, entry->d_name, "nonvoluntary_ctxt_switches:");
    if (threads)
        closedir(threads);
    return sum;
}

static long ticks(pid_t child)
{
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = 0;
    if (file)
        fclose(file);
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                         &user, &kernel) != 2)
        die("/proc/PID/stat cannot be read");
    return (long)(user + kernel);
}

/* ---- what is measured ---- */

static int measure_first(const char *program, const char *text, char *source)
{
    struct terminal t;
    char *argv[] = {(char *)program, source, NULL};
    launch(&t, argv);
    while (!holds(&t, text) && take(&t, 30)) {
    }
    bool seen = holds(&t, text);
    printf("first_ms %.3f\nmemory_kib %ld\n", (t.last - t.started) * 1e3, memory_kib(t.child));
    settle(&t, 0.3);
    printf("settled_kib %ld\n", memory_kib(t.child));
    finish(&t);
    return seen ? 0 : 1;
}

static int measure_chart(const char *program, char *source)
{
    struct terminal t;
    char *argv[] = {(char *)program, source, NULL};
    launch(&t, argv);
    const char *end = "\033\\";
    bool seen = false;
    while (!seen && take(&t, 60)) {
        const char *image =
            t.seen.length ? memmem(t.seen.data, t.seen.length, "\033P", 2) : NULL;
        const char *stop = t.seen.data + t.seen.length;
        seen = image && memmem(image, (size_t)(stop - image), "#0;2;", 5) &&
               memmem(image, (size_t)(stop - image), end, 2);
    }
    printf("chart_ms %.3f\nmemory_kib %ld\n", (t.last - t.started) * 1e3, memory_kib(t.child));
    finish(&t);
    return seen ? 0 : 1;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A frame ends where the program says so (mode 2026). */
static double key_seconds(struct terminal *t, char key)
{
    forget(t);
    double pressed = now(), shown = 0;
    if (write(t->fd, &key, 1) != 1)
        die("the key could not be written");
    while (!holds(t, "\033[?2026l") && take(t, 5)) {
    }
    shown = t->last;
    if (!holds(t, "\033[?2026l"))
        die("a key caused no frame");
    return shown - pressed;
}

static int measure_keys(const char *program, const char *keys, char *source)
{
    struct terminal t;
    char *argv[] = {(char *)program, source, NULL};
    size_t count = 0;
    double *times = assay_alloc_array(strlen(keys) + 1, sizeof *times);
    launch(&t, argv);
    settle(&t, 1);
    for (const char *key = keys; *key; key++) {
        bool timed = *key != '/' && *key != '\033' && *key != '\r';
        double seconds = key_seconds(&t, *key);
        if (timed)
            times[count++] = seconds;
        settle(&t, 0.05);
    }
    finish(&t);
    qsort(times, count, sizeof *times, by_size);
    if (count)
        printf("keys %zu\nmedian_ms %.3f\np99_ms %.3f\nmost_ms %.3f\n", count,
               times[count / 2] * 1e3, times[(count * 99 - 1) / 100] * 1e3,
               times[count - 1] * 1e3);
    free(times);
    return 0;
}

static int measure_idle(const char *program, double seconds, char *source)
{
    struct terminal t;
    char *argv[] = {(char *)program, source, NULL};
    launch(&t, argv);
    settle(&t, 2);
    long wakes = wake_ups(t.child), used = ticks(t.child);
    double until = now() + seconds;
    while (now() < until)
        take(&t, until - now());
    printf("wake_ups %ld\nticks %ld\nbytes %zu\n", wake_ups(t.child) - wakes,
           ticks(t.child) - used, t.seen.length);
    finish(&t);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[2], "first") == 0)
        return measure_first(argv[1], argv[3], argv[4]);
    if (argc == 4 && strcmp(argv[2], "chart") == 0)
        return measure_chart(argv[1], argv[3]);
    if (argc >= 4 && strcmp(argv[2], "keys") == 0)
        return measure_keys(argv[1], argv[3], argv[4]);
    if (argc >= 4 && strcmp(argv[2], "idle") == 0)
        return measure_idle(argv[1], strtod(argv[3], NULL), argv[4]);
    fputs("usage: bench_screen PROGRAM first TEXT | chart SOURCE | keys KEYS | idle SECONDS\n",
          stderr);
    return 2;
}

/*
 * The workbench as a person meets it: the real program on a pseudo terminal (pty.h), timed from
 * outside. tests/bench/run.py starts it and makes the table. Usage:
 *
 *   bench_workbench first TEXT PROGRAM [SOURCE]        exec to the first frame that nothing is
 *                                                      added to any more; it must hold TEXT
 *   bench_workbench chart PROGRAM [SOURCE]             exec to the first picture, and until all
 *                                                      is read
 *   bench_workbench keys SETUP KEYS PROGRAM [SOURCE]   each byte of KEYS, from its writing to
 *                                                      the last byte it causes; SETUP is typed
 *                                                      before, byte by byte, and not timed
 *   bench_workbench busy TEXT PROGRAM [SOURCE]         TEXT typed as a filter, and taken away,
 *                                                      again and again while files are read
 *   bench_workbench idle SECONDS PROGRAM [SOURCE]      wake-ups and processor time
 *
 * Prints lines "NAME VALUE". The terminal has sixel but for `first`, `busy` and `idle`. The
 * environment (ASSAY_STORE, ASSAY_CACHE, ...) is the caller's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pty.h"

#define QUIET_MS   60  /* nothing for so long: the answer to a key is complete */
#define FIRST_MS   400 /* ... and nothing at all for so long: it has none */
#define SETTLE_MS  400
#define LIMIT_MS   120000
#define BETWEEN_MS 16 /* from an answer to the next key, in `busy` */

static int fail(struct pty *pty, const char *what)
{
    struct pty_screen *screen = pty_screen_new();
    fprintf(stderr, "bench_workbench: %s; the screen was:\n", what);
    pty_screen_show(screen, pty, pty->count);
    pty_screen_dump(screen);
    pty_screen_free(&screen);
    pty_end(pty);
    return 1;
}

static void print_memory(const struct pty *pty)
{
    struct pty_use use = pty_use(pty);
    printf("peak_kib %ld\nresident_kib %ld\nanonymous_kib %ld\n", use.peak_kib,
           use.resident_kib, use.anonymous_kib);
}

/* ---- the first frame ---- */

/* The time of the first piece after which every cell is as it is at the end. */
static double complete_at(const struct pty *pty)
{
    struct pty_screen *screen = pty_screen_new();
    pty_screen_show(screen, pty, pty->count);
    uint64_t last = pty_screen_hash(screen);
    pty_screen_free(&screen);
    screen = pty_screen_new();
    double when = 0;
    bool same = false;
    for (size_t i = 0; i < pty->count; i++) {
        pty_screen_show(screen, pty, i + 1);
        bool now = pty_screen_hash(screen) == last;
        if (now && !same)
            when = pty->pieces[i].time;
        same = now;
    }
    pty_screen_free(&screen);
    return when;
}

static int measure_first(const char *text, char **argv)
{
    struct pty pty;
    pty_start(&pty, argv, false);
    /* The memory at the first frame, before anything that happens later. */
    pty_take(&pty, 20, LIMIT_MS);
    struct pty_use early = pty_use(&pty);
    pty_take(&pty, SETTLE_MS, LIMIT_MS);
    struct pty_screen *screen = pty_screen_new();
    pty_screen_show(screen, &pty, pty.count);
    bool found = pty_screen_has(screen, text);
    pty_screen_free(&screen);
    if (!found)
        return fail(&pty, "the first frame is not the one that was expected");
    printf("first_byte_ms %.3f\ncomplete_ms %.3f\n", pty.pieces[0].time, complete_at(&pty));
    printf("first_peak_kib %ld\nfirst_anonymous_kib %ld\n", early.peak_kib,
           early.anonymous_kib);
    print_memory(&pty);
    pty_end(&pty);
    return 0;
}

/* ---- the first chart ---- */

/* When the first picture had come in whole. */
static double picture_at(const struct pty *pty)
{
    const char *bytes = pty->seen.data, *end = bytes + pty->seen.length;
    const char *start = memmem(bytes, pty->seen.length, "\033P", 2);
    const char *stop = start ? memmem(start, (size_t)(end - start), "\033\\", 2) : NULL;
    for (size_t i = 0; stop && i < pty->count; i++)
        if (pty->pieces[i].end >= (size_t)(stop + 2 - bytes))
            return pty->pieces[i].time;
    return 0;
}

/* When the word that says so left the screen for the last time. */
static double read_at(const struct pty *pty)
{
    struct pty_screen *screen = pty_screen_new();
    double when = 0;
    bool was = true;
    for (size_t i = 0; i < pty->count; i++) {
        pty_screen_show(screen, pty, i + 1);
        bool is = pty_screen_has(screen, "reading");
        if (was && !is)
            when = pty->pieces[i].time;
        was = is;
    }
    pty_screen_free(&screen);
    return was ? 0 : when;
}

static int measure_chart(char **argv)
{
    struct pty pty;
    pty_start(&pty, argv, true);
    double read = 0;
    do { /* a slow disk may be silent for long */
        pty_take(&pty, 2 * SETTLE_MS, LIMIT_MS);
        read = read_at(&pty);
    } while (read == 0 && !pty.ended && pty_now(&pty) < LIMIT_MS);
    double picture = picture_at(&pty);
    if (picture == 0 || read == 0)
        return fail(&pty, "no picture, or the reading did not end");
    printf("first_byte_ms %.3f\npicture_ms %.3f\nread_ms %.3f\n", pty.pieces[0].time, picture,
           read);
    print_memory(&pty);
    pty_end(&pty);
    return 0;
}

/* ---- keys ---- */

/* The time of the last byte that a key caused; 0 where it caused none. A comparison that is
   still being filled has not been answered, however long nothing comes. */
static double take_answer(struct pty *pty, struct pty_screen *screen)
{
    double last = pty_take(pty, QUIET_MS, LIMIT_MS), more;
    if (last == 0)
        last = pty_take(pty, FIRST_MS, LIMIT_MS);
    pty_screen_show(screen, pty, pty->count);
    while (pty_screen_has(screen, "comparing ") && !pty->ended && pty_now(pty) < LIMIT_MS) {
        more = pty_take(pty, QUIET_MS, LIMIT_MS);
        last = more > 0 ? more : last;
        pty_screen_show(screen, pty, pty->count);
    }
    return last;
}

static int measure_keys(const char *setup, const char *keys, char **argv)
{
    struct pty pty;
    struct pty_screen *screen = pty_screen_new();
    char key[2] = "";
    pty_start(&pty, argv, true);
    pty_take(&pty, SETTLE_MS, LIMIT_MS);
    for (; *setup; setup++) {
        key[0] = *setup;
        pty_press(&pty, key);
        pty_take(&pty, SETTLE_MS, LIMIT_MS);
    }
    for (; *keys; keys++) {
        size_t from = pty.seen.length;
        double pressed = pty_now(&pty);
        key[0] = *keys;
        pty_press(&pty, key);
        double last = take_answer(&pty, screen);
        if (pty.ended) {
            pty_screen_free(&screen);
            return fail(&pty, "the program ended");
        }
        /* What causes nothing at all would look as if it were quick: not counted. */
        if (last == 0)
            printf("nothing 1\n");
        else
            printf("key_ms %.3f\nkey_bytes %zu\n", last - pressed, pty.seen.length - from);
    }
    print_memory(&pty);
    pty_screen_free(&screen);
    pty_end(&pty);
    return 0;
}

/* ---- keys while files are read ---- */

/* Waits until the prompt holds TEXT[0..length); false where it never does. */
static bool take_prompt(struct pty *pty, struct pty_screen *screen, const char *text,
                        size_t length, double until)
{
    char prompt[128];
    snprintf(prompt, sizeof prompt, "/ %.*s  ", (int)length, text);
    while (!pty_screen_has(screen, prompt)) {
        size_t before = pty->seen.length;
        if (pty_now(pty) > until || pty->ended)
            return false;
        pty_take(pty, 0.2, pty_now(pty) + 0.2);
        if (pty->seen.length > before)
            pty_screen_show(screen, pty, pty->count);
    }
    return true;
}

static int measure_busy(const char *text, char **argv)
{
    struct pty pty;
    struct pty_screen *screen = pty_screen_new();
    size_t length = 0, most = strlen(text);
    bool growing = true;
    pty_start(&pty, argv, false);
    if (pty_take_text(&pty, "reading", 0, LIMIT_MS) == 0)
        return fail(&pty, "nothing is being read");
    pty_press(&pty, "/");
    bool shown = take_prompt(&pty, screen, text, 0, LIMIT_MS);
    while (shown) {
        double until = pty_now(&pty) + BETWEEN_MS;
        while (pty_now(&pty) < until)
            pty_take(&pty, BETWEEN_MS, until);
        pty_screen_show(screen, &pty, pty.count);
        if (!pty_screen_has(screen, "reading"))
            break;
        growing = length == 0 || (growing && length < most);
        char key[2] = {growing ? text[length] : '\177', '\0'};
        length += growing ? 1 : (size_t)-1;
        double pressed = pty_now(&pty);
        pty_press(&pty, key);
        shown = take_prompt(&pty, screen, text, length, pressed + 5000);
        printf("key_ms %.3f\n", pty.pieces[pty.count - 1].time - pressed);
    }
    pty_screen_free(&screen);
    if (!shown)
        return fail(&pty, "a key was not answered");
    pty_end(&pty);
    return 0;
}

/* ---- doing nothing ---- */

static int measure_idle(double seconds, char **argv)
{
    struct pty pty;
    pty_start(&pty, argv, false);
    pty_take(&pty, 1500, LIMIT_MS);
    struct pty_use before = pty_use(&pty);
    size_t bytes = pty.seen.length;
    double until = pty_now(&pty) + seconds * 1e3;
    while (pty_now(&pty) < until && !pty.ended)
        pty_take(&pty, seconds * 1e3, until);
    struct pty_use after = pty_use(&pty);
    printf("wakes %ld\ncpu_ms %.0f\nbytes %zu\n", after.wakes - before.wakes,
           after.cpu_ms - before.cpu_ms, pty.seen.length - bytes);
    print_memory(&pty);
    pty_end(&pty);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    const char *what = argc > 1 ? argv[1] : "";
    if (argc >= 4 && strcmp(what, "first") == 0)
        return measure_first(argv[2], argv + 3);
    if (argc >= 3 && strcmp(what, "chart") == 0)
        return measure_chart(argv + 2);
    if (argc >= 5 && strcmp(what, "keys") == 0)
        return measure_keys(argv[2], argv[3], argv + 4);
    if (argc >= 4 && strcmp(what, "busy") == 0)
        return measure_busy(argv[2], argv + 3);
    if (argc >= 4 && strcmp(what, "idle") == 0)
        return measure_idle(strtod(argv[2], NULL), argv + 3);
    fputs("usage: bench_workbench first TEXT | chart | keys SETUP KEYS | busy TEXT | "
          "idle SECONDS, then PROGRAM [SOURCE]\n",
          stderr);
    return 2;
}

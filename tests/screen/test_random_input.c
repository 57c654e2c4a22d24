/*
 * Keys, answers, torn answers, noise and resizes in an order nobody would think of, the same
 * each time: the workbench must live, and leave when it is told to. Means most under the
 * address sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/workbench.h"

#define EVENTS 240

static const char *const pieces[] = {
    "\x1b[?62;4;22c",
    "\x1b[6;19;9t",
    "\x1b[4;1;1t",
    "\x1b[?1;0;1024S",
    "\x1b[?2;0;9999;9999S",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[12;5R",
    "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
    "\x1b[<0;10;10M",
    "\x1b[<64;50;10M",
    "\x1b[<0;999;999m",
    "\x1b[200~val\x1b[201~",
    "\x1b[6;65535;65535t",
    "\x1b[6;0;0t",
    "\x1b[6;-1;2t",
    "\x1b[?4c",
    "\x1b[A",
    "\x1b[B",
    "\r",
    "\t",
    "\x1b",
    "\x1bP",
    "\x1b]52;c;x",
};
/* Every key but those that leave (q, ctrl+c), stop (ctrl+z) or start other programs (e). */
static const char keys[] = "jkhlgGsSmMpPbtvu/:?!RxXywWnNJK123456HL+-0fdcDaoiz \f\x06\x15\x7f";

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

static void send_noise(struct screen *screen, uint64_t *random)
{
    char noise[16];
    size_t length = next_random(random) % sizeof noise;
    for (size_t i = 0; i < length; i++) {
        noise[i] = (char)next_random(random);
        if (memchr("\x03\x1a\x1cqe", noise[i], 5) || noise[i] == '\0')
            noise[i] = 'j';
    }
    screen_send(screen, noise, length);
}

static void send_something(struct screen *screen, uint64_t *random)
{
    static const int widths[] = {20, 60, 80, 100, 200}, heights[] = {5, 16, 24, 50};
    const char *piece = pieces[next_random(random) % (sizeof pieces / sizeof *pieces)];
    switch (next_random(random) % 16) {
    case 0:
        screen_resize(screen, widths[next_random(random) % 5],
                      heights[next_random(random) % 4]);
        break;
    case 1:
        send_noise(screen, random);
        break;
    case 2:
        screen_send(screen, piece, next_random(random) % (strlen(piece) + 1));
        break;
    case 3:
    case 4:
    case 5:
        screen_send(screen, piece, strlen(piece));
        break;
    default:
        screen_send(screen, &keys[next_random(random) % (sizeof keys - 1)], 1);
        break;
    }
}

static void lives_through(enum screen_kind kind, uint64_t seed)
{
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
    struct screen *screen = workbench_open(100, 30, kind, NULL);
    for (int i = 0; i < EVENTS; i++) {
        send_something(screen, &random);
        if (i % 8 == 0 && !screen_settle(screen)) {
            screen_dump(screen);
            fail_msg("seed %d: the program ended after %d events", (int)seed, i);
        }
    }
    screen_send(screen, "\x1b[201~", 6); /* in what is being pasted no key is one */
    for (int i = 0; i < 3 && screen_settle(screen); i++)
        screen_press(screen, "ctrl+c", NULL); /* the first may close a prompt */
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

static void as_text(void **state)
{
    (void)state;
    lives_through(SCREEN_XTERM, 1);
    lives_through(SCREEN_XTERM, 2);
}

static void with_images(void **state)
{
    (void)state;
    lives_through(SCREEN_FOOT, 3);
    lives_through(SCREEN_XTERM_VT340, 4);
    lives_through(SCREEN_KITTY, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_text),
                                       cmocka_unit_test(with_images)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

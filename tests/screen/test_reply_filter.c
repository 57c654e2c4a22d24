/*
 * What terminals answer, as recorded from real ones, cut at every byte, with pauses, out of
 * order, with keys typed in between: never does a byte of it become a key, and never is a key
 * lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "tui/keys.h"

#define MS 1000

static const char *const replies[] = {
    /* DA1: xterm, xterm -ti vt340, mlterm, foot, Konsole, kitty, tmux 3.3a, tmux 3.8, screen */
    "\033[?64;1;2;6;9;15;16;17;18;21;22;28c",
    "\033[?63;1;2;4;6;9;15;16;22;28c",
    "\033[?63;1;2;3;4;7;29c",
    "\033[?62;4;22c",
    "\033[?62;1;4c",
    "\033[?62;c",
    "\033[?1;2c",
    "\033[?1;2;4c",
    /* XTSMGRAPHICS, the malformed one of mlterm too */
    "\033[?1;0;1024S",
    "\033[?2;0;720;456S",
    "\033[?1;3;0S",
    "\033[?2;3;0S",
    /* sizes, tmux's swapped one too */
    "\033[6;19;9t",
    "\033[4;456;720t",
    "\033[8;24;80t",
    "\033[8;80;23t",
    /* DECRQM, the kitty query, names, colours, cursor and status reports, DA2, DA3 */
    "\033[?2026;0$y",
    "\033[?2026;2$y",
    "\033_Gi=31;OK\033\\",
    "\033_Gi=31;EINVAL:unsupported\033\\",
    "\033P>|XTerm(379)\033\\",
    "\033P>|kitty(0.26.5)\033\\",
    "\033P1$r0m\033\\",
    "\033P0+r524742\033\\",
    "\033P!|00000000\033\\",
    "\033]11;rgb:1010/1414/1818\033\\",
    "\033]11;rgb:ffff/ffff/ffff\a",
    "\033[?12;40R",
    "\033[?12;40;1R",
    "\033[24;80R",
    "\033[0n",
    "\033[>41;379;0c",
    "\033[=0c",
};

/* Takes all events; fails on a key that is none of EXPECTED (in order). Returns the replies. */
static int take(struct keys *keys, const char *expected, const char *where)
{
    struct event event;
    int count = 0;

    while (keys_next(keys, &event)) {
        if (event.kind == EVENT_REPLY) {
            count++;
            continue;
        }
        if (event.kind != EVENT_KEY || event.key != (uint32_t)(unsigned char)*expected) {
            char name[32];

            fail_msg("%s: event %d, key \"%s\"", where, (int)event.kind,
                     keys_name(event.key, name));
        }
        expected++;
    }
    if (*expected != '\0')
        fail_msg("%s: \"%s\" was lost", where, expected);
    return count;
}

static void feed(struct keys *keys, const char *bytes, size_t length, int64_t now)
{
    keys_feed(keys, bytes, length, now);
}

/* Each reply, cut once at each place, with a pause of PAUSE_MS there. */
static void cut_everywhere(bool expect, int64_t pause_ms)
{
    for (size_t i = 0; i < ASSAY_COUNT(replies); i++) {
        size_t length = strlen(replies[i]);

        for (size_t cut = 1; cut <= length; cut++) {
            struct keys *keys = keys_new();
            char where[96];
            int64_t now = 1000;

            snprintf(where, sizeof where, "reply %d cut at %d after %d ms", (int)i, (int)cut,
                     (int)pause_ms);
            keys_expect(keys, expect);
            feed(keys, replies[i], cut, now);
            now += pause_ms * MS;
            keys_expire(keys, now);
            feed(keys, replies[i] + cut, length - cut, now);
            feed(keys, "j", 1, now);
            assert_int_equal(take(keys, "j", where), 1);
            keys_free(&keys);
        }
    }
}

static void test_cut(void **state)
{
    (void)state;
    cut_everywhere(true, 0);
    cut_everywhere(true, 30);
    cut_everywhere(true, 390);
    cut_everywhere(false, 0);
    cut_everywhere(false, 30);
}

/* Torn by a long pause: behind the introducer anything is waited for. */
static void test_long_pause(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(replies); i++) {
        size_t length = strlen(replies[i]);

        for (size_t cut = 2; cut < length; cut++) {
            struct keys *keys = keys_new();

            keys_expect(keys, true);
            feed(keys, replies[i], cut, 0);
            keys_expire(keys, 5000 * MS);
            feed(keys, replies[i] + cut, length - cut, 5000 * MS);
            assert_int_equal(take(keys, "", replies[i] + 1), 1);
            keys_free(&keys);
        }
    }
}

/* The ESC was taken for the key, since nothing followed for very long: that key has been given,
   but the rest of the reply is still recognised. */
static void test_late_tail(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(replies); i++) {
        struct keys *keys = keys_new();
        struct event event;

        feed(keys, replies[i], 1, 0);
        keys_expire(keys, 1000 * MS);
        assert_true(keys_next(keys, &event));
        assert_int_equal(event.key, KEYS_ESCAPE);
        feed(keys, replies[i] + 1, strlen(replies[i]) - 1, 2000 * MS);
        keys_expire(keys, 3000 * MS);
        feed(keys, "j", 1, 3000 * MS);
        assert_int_equal(take(keys, "j", replies[i] + 1), 1);
        keys_free(&keys);
    }
}

/* And what a person types after Escape is typed. */
static void test_typed_after_escape(void **state)
{
    static const char *const typed[] = {"[",   "]",    "P",  "_",  "[1",
                                        "[1j", "[6;1", "Pj", "]x", "_x"};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(typed); i++) {
        struct keys *keys = keys_new();
        struct event event;
        int64_t now = 0;

        feed(keys, "\033", 1, now);
        now += 100 * MS;
        keys_expire(keys, now);
        assert_true(keys_next(keys, &event));
        assert_int_equal(event.key, KEYS_ESCAPE);
        for (const char *p = typed[i]; *p != '\0'; p++) {
            now += 100 * MS;
            keys_expire(keys, now);
            feed(keys, p, 1, now);
        }
        now += 100 * MS;
        keys_expire(keys, now);
        take(keys, typed[i], typed[i]);
        assert_int_equal(keys_deadline(keys), INT64_MAX);
        keys_free(&keys);
    }
}

/* All of them at once, in an order that no terminal has, byte by byte, with keys in between. */
static void test_out_of_order(void **state)
{
    struct keys *keys = keys_new();
    char expected[sizeof replies / sizeof replies[0] + 1] = "";
    int64_t now = 0;

    (void)state;
    keys_expect(keys, true);
    for (size_t i = 0; i < ASSAY_COUNT(replies); i++) {
        const char *reply = replies[(i * 7 + 3) % ASSAY_COUNT(replies)];
        char key = (char)('a' + i % 26);

        for (const char *p = reply; *p != '\0'; p++) {
            feed(keys, p, 1, now);
            now += 20 * MS;
            keys_expire(keys, now);
        }
        feed(keys, &key, 1, now);
        expected[i] = key;
    }
    assert_int_equal(take(keys, expected, "out of order"), (int)ASSAY_COUNT(replies));
    keys_free(&keys);
}

/* A reply that breaks off does not swallow what is typed for ever. */
static void test_broken_off(void **state)
{
    static const char *const broken[] = {"\033P>|XTe", "\033_Gi=31;O",
                                         "\033]11;rgb:", "\033[?62;"};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(broken); i++) {
        struct keys *keys = keys_new();
        struct event event;

        feed(keys, broken[i], strlen(broken[i]), 0);
        keys_expire(keys, keys_deadline(keys));
        feed(keys, "j", 1, 20000 * MS);
        take(keys, "j", broken[i]);
        /* And ctrl+c gets through at once. */
        feed(keys, broken[i], strlen(broken[i]), 20000 * MS);
        feed(keys, "\003k", 2, 20000 * MS);
        assert_true(keys_next(keys, &event));
        assert_int_equal(event.key, KEYS_CTRL | 'c');
        take(keys, "k", broken[i]);
        keys_free(&keys);
    }
}

static void test_numbers(void **state)
{
    static const char all[] =
        "\033[?63;1;2;4;22c\033[6;19;9t\033]11;rgb:1/2/3\a\033P>|tmux 3.4\033\\";
    struct keys *keys = keys_new();
    struct event event;

    (void)state;
    feed(keys, all, strlen(all), 0);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.reply->kind, REPLY_DA1);
    assert_int_equal(event.reply->count, 5);
    assert_int_equal(event.reply->numbers[3], 4);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.reply->kind, REPLY_CELL);
    assert_int_equal(event.reply->numbers[1], 19);
    assert_int_equal(event.reply->numbers[3], -1);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.reply->kind, REPLY_BACKGROUND);
    assert_string_equal(event.reply->text, "rgb:1/2/3");
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.reply->kind, REPLY_VERSION);
    assert_string_equal(event.reply->text, "tmux 3.4");
    assert_false(keys_next(keys, &event));
    keys_free(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_long_pause),
        cmocka_unit_test(test_late_tail),    cmocka_unit_test(test_typed_after_escape),
        cmocka_unit_test(test_out_of_order), cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

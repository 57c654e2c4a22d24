/*
 * Keys, mouse, pasted text, and the names of keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "tui/keys.h"

static void feed(struct keys *keys, const char *text)
{
    keys_feed(keys, text, strlen(text), 0);
}

static void assert_keys(const char *bytes, const char *expected)
{
    struct keys *keys = keys_new();
    struct event event;
    char all[256] = "";

    keys_feed(keys, bytes, strlen(bytes), 0);
    keys_expire(keys, INT64_C(1) << 40);
    while (keys_next(keys, &event)) {
        char name[32];

        if (event.kind == EVENT_REPLY)
            continue;
        assert_int_equal(event.kind, EVENT_KEY);
        if (all[0] != '\0')
            strncat(all, " ", sizeof all - strlen(all) - 1);
        strncat(all, keys_name(event.key, name), sizeof all - strlen(all) - 1);
    }
    assert_string_equal(all, expected);
    keys_free(&keys);
}

static void test_keys(void **state)
{
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        {"jG /", "j G space /"},
        {"\r\n\t\177\b", "enter enter tab backspace backspace"},
        {"\001\032\034\037", "ctrl+a ctrl+z ctrl+\\ ctrl+_"},
        {"\303\244\346\274\242\360\237\230\200", "\303\244 \346\274\242 \360\237\230\200"},
        {"\033[A\033[B\033[C\033[D\033[H\033[F", "up down right left home end"},
        {"\033OA\033OB\033OH\033OF", "up down home end"},
        {"\033[1~\033[4~\033[7~\033[8~\033[2~\033[3~", "home end home end ins del"},
        {"\033[5~\033[6~\033[5;5~", "pgup pgdn ctrl+pgup"},
        {"\033[1;5C\033[1;2A\033[1;3D\033[1;8B",
         "ctrl+right shift+up alt+left ctrl+alt+shift+down"},
        {"\033OP\033OQ\033OR\033OS\033[15~\033[24~", "f1 f2 f3 f4 f5 f12"},
        {"\033[11~\033[14~\033[[A\033[[E", "f1 f4 f1 f5"},
        {"\033[1;2R\033[1;5P", "shift+f3 ctrl+f1"},
        {"\033[Z", "shift+tab"},
        {"\033x\033\r\033\303\244", "alt+x alt+enter alt+\303\244"},
        {"\033\033", "esc esc"},
        {"\033\033[A", "esc up"},
        {"\033", "esc"},
        {"\033[", "alt+["},
        {"\033O", "alt+O"},
        {"\033P", "alt+P"},
        {"\033OM\033Ok\033Op", "enter + 0"},
        {"\033[27;5;105~\033[105;5u\033[97;2u\033[13;5u", "ctrl+i ctrl+i A ctrl+enter"},
        /* What is no key is nothing: broken characters, unknown and overlong sequences. */
        {"a\377\300b", "a b"},
        {"\303jx\346\274k", "j x k"},
        {"\302\205z", "z"},
        {"\033[99~\033[1;2W\033[>4m\033[?xz", "z"},
        {"\033[57441u\033[9999999999999999u.", "."},
        {"\033[1;2\030x\033[1\003", "x ctrl+c"},
        {"\033[M !!q", "q"},
        {"\033\\q", "q"},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++)
        assert_keys(cases[i].bytes, cases[i].expected);
}

/* A sequence of 100,000 digits is one unknown sequence, and costs no memory. */
static void test_overlong(void **state)
{
    struct keys *keys = keys_new();
    struct event event;

    (void)state;
    keys_feed(keys, "\033[", 2, 0);
    for (int i = 0; i < 100000; i++)
        keys_feed(keys, "1", 1, 0);
    keys_feed(keys, "Ax", 2, 0);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.key, 'x');
    assert_false(keys_next(keys, &event));
    keys_free(&keys);
}

static void test_learned(void **state)
{
    struct keys *keys = keys_new();
    struct event event;

    (void)state;
    keys_learn(keys, "\033[@", KEYS_INSERT);
    keys_learn(keys, "\033Ox", KEYS_F1);
    keys_learn(keys, "\033", KEYS_UP); /* too short to be told from others: not learned */
    feed(keys, "\033[@\033Ox");
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.key, KEYS_INSERT);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.key, KEYS_F1);
    keys_free(&keys);
}

static void test_escape_timer(void **state)
{
    struct keys *keys = keys_new();
    struct event event;
    int64_t deadline;

    (void)state;
    assert_int_equal(keys_deadline(keys), INT64_MAX);
    keys_feed(keys, "\033", 1, 1000);
    assert_false(keys_next(keys, &event));
    deadline = keys_deadline(keys);
    assert_in_range(deadline, 1000 + 20000, 1000 + 100000);
    keys_expire(keys, deadline - 1);
    assert_false(keys_next(keys, &event));
    keys_expire(keys, deadline);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.key, KEYS_ESCAPE);
    assert_int_equal(keys_deadline(keys), INT64_MAX);
    /* Longer while the terminal owes an answer. */
    keys_expect(keys, true);
    keys_feed(keys, "\033", 1, 0);
    assert_true(keys_deadline(keys) > 200000);
    /* A key that comes later than the deadline finds the Escape decided, even if nobody looked.
     */
    keys_feed(keys, "[A", 2, INT64_C(1000000));
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.key, KEYS_ESCAPE);
    keys_free(&keys);
}

/* While the terminal owes an answer an Escape is not decided for long. Whoever goes on typing
   meanwhile has pressed two keys; only what comes at once, or begins a reply, belongs to it. */
static void test_escape_then_a_key(void **state)
{
    static const struct {
        const char *then;
        int64_t after_us;
        uint32_t first, second;
    } cases[] = {
        {":", 100000, KEYS_ESCAPE, ':'},
        {"X", 100000, KEYS_ESCAPE, 'X'},
        {"\r", 100000, KEYS_ESCAPE, KEYS_ENTER},
        {"\033", 100000, KEYS_ESCAPE, KEYS_ESCAPE},
        {"\303\251", 100000, KEYS_ESCAPE, 0xe9},
        {":", 1000, KEYS_ALT | ':', 0},
        {"[A", 100000, KEYS_UP, 0},
        {"[?62;4c", 100000, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct keys *keys = keys_new();
        uint32_t got[2] = {0};
        struct event event;
        size_t count = 0;

        keys_expect(keys, true);
        keys_feed(keys, "\033", 1, 1000);
        keys_feed(keys, cases[i].then, strlen(cases[i].then), 1000 + cases[i].after_us);
        keys_expire(keys, 1000 + cases[i].after_us + INT64_C(1000000));
        while (keys_next(keys, &event))
            if (event.kind == EVENT_KEY && count < 2)
                got[count++] = event.key;
        assert_int_equal(got[0], cases[i].first);
        assert_int_equal(got[1], cases[i].second);
        keys_free(&keys);
    }
}

static void assert_mouse(struct keys *keys, const char *bytes, enum mouse_action action,
                         int button, int x, int y, uint32_t modifiers)
{
    struct event event;

    keys_feed(keys, bytes, strlen(bytes), 0);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.kind, EVENT_MOUSE);
    assert_int_equal(event.action, action);
    assert_int_equal(event.button, button);
    assert_int_equal(event.x, x);
    assert_int_equal(event.y, y);
    assert_int_equal(event.key, modifiers);
}

static void test_mouse(void **state)
{
    struct keys *keys = keys_new();
    struct event event;

    (void)state;
    assert_mouse(keys, "\033[<0;1;1M", MOUSE_PRESS, 1, 0, 0, 0);
    assert_mouse(keys, "\033[<2;300;90m", MOUSE_RELEASE, 3, 299, 89, 0);
    assert_mouse(keys, "\033[<32;5;6M", MOUSE_DRAG, 1, 4, 5, 0);
    assert_mouse(keys, "\033[<64;5;6M", MOUSE_WHEEL_UP, 0, 4, 5, 0);
    assert_mouse(keys, "\033[<81;5;6M", MOUSE_WHEEL_DOWN, 0, 4, 5, KEYS_CTRL);
    feed(keys, "\033[<35;5;6M\033[<66;5;6M\033[<0;0;6M\033[<0;5M\033[<M");
    assert_false(keys_next(keys, &event)); /* moved, sideways, outside, incomplete */
    feed(keys, "\033[I\033[O");
    assert_true(keys_next(keys, &event));
    assert_true(event.kind == EVENT_FOCUS && event.on);
    assert_true(keys_next(keys, &event));
    assert_true(event.kind == EVENT_FOCUS && !event.on);
    keys_free(&keys);
}

/* Pasted text arrives as one event, clean, whatever is in it, cut anywhere. */
static void test_paste(void **state)
{
    static const char bytes[] =
        "\033[200~:quit\r\033[201x \033\033[31m\303\244\377end\033[201~q";

    (void)state;
    for (size_t cut = 1; cut < sizeof bytes - 1; cut++) {
        struct keys *keys = keys_new();
        struct event event;

        keys_feed(keys, bytes, cut, 0);
        keys_expire(keys, 40000);
        keys_feed(keys, bytes + cut, sizeof bytes - 1 - cut, 40000);
        assert_true(keys_next(keys, &event));
        assert_int_equal(event.kind, EVENT_PASTE);
        assert_int_equal(event.length, strlen(event.text));
        assert_memory_equal(event.text, ":quit ", 6);
        assert_null(strchr(event.text, '\033'));
        assert_non_null(strstr(event.text, "\303\244\357\277\275end"));
        assert_true(keys_next(keys, &event));
        assert_int_equal(event.key, 'q');
        assert_false(keys_next(keys, &event));
        keys_free(&keys);
    }
}

static void test_endless_paste(void **state)
{
    struct keys *keys = keys_new();
    struct event event;
    char block[4096];

    (void)state;
    memset(block, 'x', sizeof block);
    feed(keys, "\033[200~");
    for (int i = 0; i < 1000; i++)
        keys_feed(keys, block, sizeof block, 0);
    assert_false(keys_next(keys, &event));
    keys_expire(keys, keys_deadline(keys)); /* its end never comes */
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.kind, EVENT_PASTE);
    assert_true(event.length <= 1 << 20);
    keys_feed(keys, "j", 1, 0);
    assert_true(keys_next(keys, &event));
    assert_int_equal(event.key, 'j');
    keys_free(&keys);
}

static void test_names(void **state)
{
    static const struct {
        const char *name, *canonical;
    } cases[] = {
        {"j", "j"},
        {"G", "G"},
        {"/", "/"},
        {"^", "^"},
        {"-", "-"},
        {"+", "+"},
        {"space", "space"},
        {"Enter", "enter"},
        {"RETURN", "enter"},
        {"escape", "esc"},
        {"Ctrl+L", "ctrl+l"},
        {"C-l", "ctrl+l"},
        {"^L", "ctrl+l"},
        {"M-x", "alt+x"},
        {"alt+Enter", "alt+enter"},
        {"S-tab", "shift+tab"},
        {"shift+a", "A"},
        {"F12", "f12"},
        {"page-down", "pgdn"},
        {"ctrl+alt+del", "ctrl+alt+del"},
        {"\303\244", "\303\244"},
    };
    static const char *const wrong[] = {"",      "ctrl+", "f13",  "f0",
                                        "nokey", "ab",    "\001", "\377"};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        uint32_t key, again;
        char name[32];

        assert_true(keys_parse(cases[i].name, &key));
        assert_string_equal(keys_name(key, name), cases[i].canonical);
        assert_true(keys_parse(name, &again));
        assert_int_equal(key, again);
    }
    for (size_t i = 0; i < ASSAY_COUNT(wrong); i++) {
        uint32_t key;

        assert_false(keys_parse(wrong[i], &key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_overlong),
        cmocka_unit_test(test_learned),
        cmocka_unit_test(test_escape_timer),
        cmocka_unit_test(test_escape_then_a_key),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_paste),
        cmocka_unit_test(test_endless_paste),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

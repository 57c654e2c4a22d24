/* What terminals answer, and what is made of it: the answers of real ones, whole and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "cli/terminal.h"

static const struct {
    const char *reply;
    bool sixel;
    int registers, width, height;
} replies[] = {
    {"\x1b[?64;1;2;6;9;15;18;21;22c", false, 0, 0, 0},                /* xterm as it comes */
    {"\x1b[?1;0;1024S\x1b[?63;1;2;4;6;9;15;22c", true, 1024, 0, 0},   /* xterm -ti vt340 */
    {"\x1b[?1;3;0S\x1b[?64;1;2c", false, 0, 0, 0},                    /* refuses registers */
    {"\x1b[6;19;9t\x1b[?1;0;1024S\x1b[?62;4;22c", true, 1024, 9, 19}, /* foot */
    {"\x1b[6;17;8t\x1b[?62;1;4c", true, 0, 8, 17},                    /* Konsole */
    {"\x1b[?62;c", false, 0, 0, 0},                                   /* kitty */
    {"\x1b[?1;2c", false, 0, 0, 0},                                   /* tmux, screen */
    {"\x1b[?4c", false, 0, 0, 0}, /* the level is no attribute */
    {"\x1b[?1;14;40c", false, 0, 0, 0},
    {"\x1b[6;0;0t\x1b[6;99999;99999t\x1b[?62;4c", true, 0, 0, 0}, /* nonsense sizes */
    {"typed\x1bOA\x1b[A\x1b[?62;4c", true, 0, 0, 0},              /* keys in between */
};

static void test_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(replies); i++) {
        struct cli_terminal t;
        size_t length = strlen(replies[i].reply);
        assert_true(cli_terminal_parse(&t, replies[i].reply, length));
        assert_int_equal(t.sixel, replies[i].sixel);
        assert_int_equal(t.registers, replies[i].registers);
        assert_int_equal(t.cell_width, replies[i].width);
        assert_int_equal(t.cell_height, replies[i].height);
        for (size_t cut = 0; cut < length; cut++) {
            char *part = malloc(cut + 1);
            memcpy(part, replies[i].reply, cut);
            assert_false(cli_terminal_parse(&t, part, cut));
            free(part);
        }
    }
}

static bool is_light(const char *reply)
{
    struct cli_terminal t;
    cli_terminal_parse(&t, reply, strlen(reply));
    return t.light;
}

static void test_background(void **state)
{
    (void)state;
    assert_true(is_light("\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;4c"));
    assert_true(is_light("\x1b]11;rgb:fd/f6/e3\x07\x1b[?62c"));
    assert_false(is_light("\x1b]11;rgb:1111/1111/1111\x1b\\\x1b[?62;4c"));
    assert_false(is_light("\x1b]11;rgb:f/f/f\x1b\\\x1b[?62;4c"));
    assert_false(is_light("\x1b]11;rgb:ffff/ffff"));
    assert_false(is_light("\x1b]10;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;4c"));
}

static void test_long_reply(void **state)
{
    (void)state;
    struct cli_terminal t;
    char reply[900] = "\x1b[?62";
    while (strlen(reply) < 880)
        strncat(reply, ";9", sizeof reply - strlen(reply) - 1);
    strncat(reply, "c", 2);
    assert_true(cli_terminal_parse(&t, reply, strlen(reply)));
    assert_false(t.sixel);
    assert_true(strlen(t.reply) < sizeof t.reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_long_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

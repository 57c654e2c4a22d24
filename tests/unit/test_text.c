/* Text: UTF-8 from hostile hands, cleaning, cells, matching, natural order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define FFFD "\xef\xbf\xbd"

static void test_decode_rejects_broken(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "\x80",
        "\xbf",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xe2(\xa1",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xfe",
        "\xff",
    };
    for (size_t i = 0; i < ASSAY_COUNT(broken); i++) {
        uint32_t code;
        assert_int_equal(assay_utf8_decode(broken[i], strlen(broken[i]), &code), 1);
        assert_int_equal(code, 0xfffd);
        assert_false(assay_utf8_valid(broken[i], strlen(broken[i])));
    }
    uint32_t code;
    assert_int_equal(assay_utf8_decode("", 0, &code), 0);
    /* A sequence cut by the given length, whatever stands behind it. */
    assert_int_equal(assay_utf8_decode("\xe2\x82\xac", 2, &code), 1);
}

static void test_encode_decode_every_code(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char bytes[4];
        uint32_t back;
        size_t length = assay_utf8_encode(code, bytes);
        assert_int_equal(assay_utf8_decode(bytes, length, &back), length);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        assert_int_equal(back, surrogate ? 0xfffd : code);
    }
}

static void check_clean(const char *text, size_t length, const char *expected)
{
    struct assay_buf buf = {0};
    assay_text_clean(&buf, text, length);
    assert_string_equal(assay_buf_text(&buf), expected);
    assert_true(assay_utf8_valid(assay_buf_text(&buf), buf.length));
    assay_buf_free(&buf);
}

static void test_clean(void **state)
{
    (void)state;
    check_clean("plain", 5, "plain");
    check_clean("a\tb\nc\r", 6, "a b c ");
    check_clean("\x1b[31m", 5, FFFD "[31m");
    check_clean("a\0b", 3, "a" FFFD "b");
    check_clean("\x7f", 1, FFFD);
    check_clean("\xc2\x9b"
                "31m",
                5, FFFD "31m"); /* C1 CSI */
    check_clean("\xe2\x80\xae"
                "evil",
                7, FFFD "evil"); /* right-to-left override */
    check_clean("a\xe2\x80\x8b"
                "b",
                5, "a" FFFD "b");        /* zero-width space */
    check_clean("\xe2\x80\xa8", 3, " "); /* line separator */
    check_clean("\xef\xbb\xbf"
                "bom",
                6, FFFD "bom");
    check_clean("\xe2\x9a\xa0\xef\xb8\x8f", 6, "\xe2\x9a\xa0"); /* emoji selector dropped */
    check_clean("\xf3\xa0\x81\x81", 4, FFFD);                   /* tag letter */
    check_clean("\xe2\x82", 2, FFFD FFFD);
    check_clean("caf\xc3\xa9 \xe6\x97\xa5", 9, "caf\xc3\xa9 \xe6\x97\xa5");
}

static void test_clean_to_cuts_at_characters(void **state)
{
    (void)state;
    char out[6];
    assert_string_equal(assay_text_clean_to(out, sizeof out, "abc\xe2\x82\xac"), "abc");
    assert_string_equal(assay_text_clean_to(out, sizeof out, "ab\xe2\x82\xac"),
                        "ab\xe2\x82\xac");
    assert_string_equal(assay_text_clean_to(out, 1, "abc"), "");
    assert_string_equal(assay_text_clean_to(out, sizeof out, "\x01\x02"), FFFD);
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(assay_text_width("abc"), 3);
    assert_int_equal(assay_text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two ideographs */
    assert_int_equal(assay_text_width("e\xcc\x81"), 1);                /* combining acute */
    assert_int_equal(assay_code_width(0x1f600), 2);
    assert_int_equal(assay_code_width(0xac00), 2);
    assert_int_equal(assay_code_width(0x1160), 0);
    assert_int_equal(assay_code_width(0xff21), 2);
    assert_int_equal(assay_code_width(0x2800), 1); /* braille */
    assert_int_equal(assay_code_width(0x2588), 1);
    assert_int_equal(assay_code_width(0x2026), 1);
    assert_int_equal(assay_code_width(0xfffd), 1);
    assert_int_equal(assay_code_width(0x10ffff), 1);
}

static void check_pad(const char *text, int cells, bool right, bool ascii, const char *expected)
{
    struct assay_buf buf = {0};
    assay_text_pad(&buf, text, cells, right, ascii);
    assert_string_equal(assay_buf_text(&buf), expected);
    assay_buf_free(&buf);
}

static void test_fit_and_pad(void **state)
{
    (void)state;
    int used;
    assert_int_equal(assay_text_fit("a\xe6\x97\xa5z", 2, &used), 1);
    assert_int_equal(used, 1);
    assert_int_equal(assay_text_fit("e\xcc\x81z", 1, &used), 3); /* the accent comes along */
    check_pad("abc", 5, false, false, "abc  ");
    check_pad("abc", 5, true, false, "  abc");
    check_pad("abcdef", 4, false, false, "abc\xe2\x80\xa6");
    check_pad("abcdef", 4, false, true, "abc~");
    check_pad("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4, false, false,
              "\xe6\x97\xa5\xe2\x80\xa6 ");
    check_pad("abc", 0, false, false, "");
    check_pad("abc", 1, false, false, "\xe2\x80\xa6");
}

static void test_contains(void **state)
{
    (void)state;
    assert_true(assay_text_contains("ResNet-50", "resnet"));
    assert_true(assay_text_contains("aab", "AB"));
    assert_true(assay_text_contains("x", ""));
    assert_false(assay_text_contains("", "x"));
    assert_false(assay_text_contains("abc", "abcd"));
}

static void test_like(void **state)
{
    (void)state;
    assert_true(assay_text_like("resnet-50", "res%", false));
    assert_true(assay_text_like("resnet-50", "%net%", false));
    assert_false(assay_text_like("resnet-50", "NET", false));
    assert_true(assay_text_like("resnet-50", "%NET%", true));
    assert_true(assay_text_like("", "%", false));
    assert_true(assay_text_like("", "", false));
    assert_false(assay_text_like("", "_", false));
    assert_true(assay_text_like("a", "_", false));
    assert_true(assay_text_like("\xc3\xa9", "_", false)); /* one character, two bytes */
    assert_true(assay_text_like("abc", "a%%c", false));
    assert_false(assay_text_like("abcd", "a%c", false));
    assert_true(assay_text_like("acbc", "a%c", false));
    assert_true(assay_text_like("50%", "50%", false));
    assert_true(assay_text_like("\xff\xfe", "__", false));
}

static void test_like_does_not_explode(void **state)
{
    (void)state;
    char text[4001], pattern[64];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i < 60; i++)
        pattern[i] = i % 2 ? 'a' : '%';
    memcpy(pattern + 60, "%b", 3);
    int64_t start = assay_monotonic_us();
    for (int i = 0; i < 100; i++)
        assert_false(assay_text_like(text, pattern, false));
    assert_true(assay_monotonic_us() - start < 2000000);
}

static void test_natural(void **state)
{
    (void)state;
    static const char *const ordered[] = {"",
                                          "a",
                                          "a1",
                                          "a02b",
                                          "a2b1",
                                          "a10",
                                          "lr0.01-seed2",
                                          "lr0.1-seed1",
                                          "lr0.15",
                                          "lr0.6",
                                          "lr1.05",
                                          "lr1.9",
                                          "lr1.10",
                                          "run-2",
                                          "run-9",
                                          "run-10",
                                          "run-10a",
                                          "run-99999999999999999999999999",
                                          "run-a"};
    for (size_t i = 0; i < ASSAY_COUNT(ordered); i++)
        for (size_t j = 0; j < ASSAY_COUNT(ordered); j++) {
            int order = assay_text_natural(ordered[i], ordered[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    assert_int_equal(assay_text_natural("x1", "x1"), 0);
    assert_true(assay_text_natural("x01", "x1") != 0); /* ties go by bytes */
}

/* As a real shell reads it: one word, nothing run. */
static void test_word(void **state)
{
    static const char *const texts[] = {"report.md", "a'; touch x; '", "$(id) `id` \\ \"", "''",
                                        "-n %s * ~ #"};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++) {
        struct assay_buf command = {0};
        char read[100] = "";
        assay_buf_text_add(&command, "printf %s. ");
        assay_text_word(&command, texts[i]);
        FILE *shell = popen(assay_buf_text(&command), "r");
        assert_non_null(shell);
        const size_t length = fread(read, 1, sizeof read - 1, shell);
        assert_int_equal(pclose(shell), 0);
        assert_int_equal(length, strlen(texts[i]) + 1);
        assert_memory_equal(read, texts[i], length - 1);
        assay_buf_free(&command);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_rejects_broken),
        cmocka_unit_test(test_encode_decode_every_code),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_clean_to_cuts_at_characters),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit_and_pad),
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_like),
        cmocka_unit_test(test_like_does_not_explode),
        cmocka_unit_test(test_natural),
        cmocka_unit_test(test_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

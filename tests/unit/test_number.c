/* Numbers: every bit survives text, in every locale, and text that is no number is none. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "support/places.h"

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void check_double(double value)
{
    char text[32];
    double back;
    assay_number_exact(text, value);
    assert_true(strlen(text) < 26);
    assert_true(assay_number_parse(text, strlen(text), &back));
    if (isnan(value))
        assert_true(isnan(back));
    else
        assert_memory_equal(&back, &value, sizeof value);
    /* The C library reads it alike. */
    if (isfinite(value))
        assert_true(strtod(text, NULL) == value);
}

static void test_round_trip_doubles(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_random(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        check_double(value);
        check_double((double)(bits >> 11) / 9007199254740992.0); /* metrics look like these */
        check_double((double)(int64_t)(bits % 2000000) / 1000.0);
    }
    static const double edges[] = {0.0,
                                   -0.0,
                                   5e-324,
                                   2.2250738585072014e-308,
                                   1e22,
                                   1e23,
                                   1e15,
                                   1e16,
                                   1e17,
                                   1.7976931348623157e308,
                                   -1.0,
                                   0.1,
                                   1e-4,
                                   1e-5,
                                   123456789012345678.0,
                                   9007199254740993.0};
    for (size_t i = 0; i < ASSAY_COUNT(edges); i++)
        check_double(edges[i]);
    for (int e = -1074; e < 1024; e++)
        check_double(ldexp(1.0, e));
}

static void test_round_trip_floats(void **state)
{
    (void)state;
    uint64_t random = 11;
    for (int i = 0; i < 300000; i++) {
        uint32_t bits = (uint32_t)next_random(&random);
        float value;
        memcpy(&value, &bits, sizeof value);
        char text[32];
        double back;
        assay_number_exact_float(text, value);
        assert_true(assay_number_parse(text, strlen(text), &back));
        float narrow = (float)back;
        if (isnan(value))
            assert_true(isnan(narrow));
        else
            assert_true(narrow == value && signbit(narrow) == signbit(value));
    }
}

static void test_shortest(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {0.30000000000000004, "0.30000000000000004"},
        {1.0, "1"},
        {-0.0, "-0"},
        {100.0, "100"},
        {1e15, "1000000000000000"},
        {1e16, "1e16"},
        {1.5e300, "1.5e300"},
        {1e-4, "0.0001"},
        {1.25e-5, "1.25e-5"},
        {5e-324, "5e-324"},
        {0x1p-44, "5.684341886080802e-14"}, /* the nearest 16 digits do not read back */
        {9007199254740993.0, "9007199254740992"},
        {123456.789, "123456.789"},
        {NAN, "NaN"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
    };
    char text[32];
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++)
        assert_string_equal(assay_number_exact(text, cases[i].value), cases[i].text);
    assert_string_equal(assay_number_exact_float(text, 0.1f), "0.1");
    assert_string_equal(assay_number_exact_float(text, 16777216.0f), "16777216");
    assert_string_equal(assay_number_exact_float(text, 3.4028235e38f), "3.4028235e38");
}

static void test_short(void **state)
{
    (void)state;
    static const struct {
        double value;
        int digits;
        const char *text;
    } cases[] = {
        {0.123456789, 4, "0.1235"},
        {1234567.0, 7, "1234567"},
        {12345678.0, 4, "1.235e7"},
        {0.00001234, 3, "1.23e-5"},
        {0.0001, 3, "0.0001"},
        {100.0, 4, "100"},
        {-0.0, 4, "0"},
        {99999.6, 5, "100000"},
        {-2.5, 4, "-2.5"},
        {NAN, 4, "NaN"},
        {INFINITY, 4, "inf"},
        {-INFINITY, 4, "-inf"},
        {1.0 / 3, 99, "0.33333333333333331"},
    };
    char text[32];
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        assay_number_short(text, cases[i].value, cases[i].digits);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_counts_and_bytes(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(assay_count_text(text, 0), "0");
    assert_string_equal(assay_count_text(text, 999), "999");
    assert_string_equal(assay_count_text(text, 1000), "1,000");
    assert_string_equal(assay_count_text(text, 1234567), "1,234,567");
    assert_string_equal(assay_count_text(text, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(assay_bytes_text(text, 999), "999 B");
    assert_string_equal(assay_bytes_text(text, 1000), "1.0 kB");
    assert_string_equal(assay_bytes_text(text, 1100000000), "1.1 GB");
    assert_string_equal(assay_bytes_text(text, 999999), "999 kB");
    assert_string_equal(assay_bytes_text(text, UINT64_MAX), "18.4 EB");
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},
        {"-1.5e-3", -1.5e-3},
        {"+2", 2},
        {".5", 0.5},
        {"5.", 5},
        {"1E5", 1e5},
        {"1e+05", 1e5},
        {"0.69314718055994530941", 0.69314718055994530941},
        {"17976931348623157e292", 17976931348623157e292},
        {"1e999", INFINITY},
        {"-1e999", -INFINITY},
        {"1e-999", 0},
        {"1e99999999999999999999", INFINITY},
        {"0e99999999999999999999", 0},
        {"inf", INFINITY},
        {"-Infinity", -INFINITY},
        {"INF", INFINITY},
        {"000000000000000000000000001", 1},
        {"0.000000000000000000000000000001", 1e-30},
        {"9007199254740993", 9007199254740992.0},
        {"2.2250738585072012e-308", 2.2250738585072014e-308},
    };
    double value;
    for (size_t i = 0; i < ASSAY_COUNT(good); i++) {
        assert_true(assay_number_parse(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    assert_true(assay_number_parse("nan", 3, &value) && isnan(value));
    assert_true(assay_number_parse("-NaN", 4, &value) && isnan(value));
    assert_true(assay_number_parse("1234xyz", 4, &value) && value == 1234);
    static const char *const bad[] = {"",    " 1",   "1 ",     "1,5", "0x10",  "1e",
                                      "1e+", ".",    "-",      "e5",  "1.2.3", "--1",
                                      "1_0", "infi", "nan(1)", "1f",  "\xff"};
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++)
        assert_false(assay_number_parse(bad[i], strlen(bad[i]), &value));
}

static void test_parse_long(void **state)
{
    (void)state;
    size_t length = 100000;
    char *text = malloc(length);
    memset(text, '3', length);
    text[1] = '.';
    double value;
    assert_true(assay_number_parse(text, length, &value));
    assert_true(value == 10.0 / 3);
    free(text);
}

static void test_parse_agrees_with_the_library(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int i = 0; i < 300000; i++) {
        char text[64];
        uint64_t bits = next_random(&random);
        int digits = (int)(bits % 19) + 1, exponent = (int)(next_random(&random) % 60) - 30;
        uint64_t mantissa = next_random(&random);
        for (int d = digits; d < 19; d++)
            mantissa /= 10;
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(mantissa / 1000),
                 (unsigned long long)(mantissa % 1000), exponent);
        double value;
        assert_true(assay_number_parse(text, strlen(text), &value));
        assert_true(value == strtod(text, NULL));
    }
}

/* Makes a locale whose decimal point is a comma, from nothing but what is written here: which
   locales a machine has differs. Returns the folder to look for it in. */
static char *make_comma_locale(void)
{
    char *source = place_new("comma"), *map = place_new("ascii"), *made = place_new("comma");
    static const char text[] = "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\n"
                               "grouping 3;3\nEND LC_NUMERIC\n";
    struct assay_buf buf = {0};

    place_write(source, text, sizeof text - 1);
    assay_buf_text_add(&buf, "<code_set_name> ANSI_X3.4-1968\n<mb_cur_min> 1\n"
                             "<mb_cur_max> 1\nCHARMAP\n");
    for (unsigned c = 0; c < 128; c++)
        assay_buf_format(&buf, "<U%04X> /x%02x c\n", c, c);
    assay_buf_text_add(&buf, "END CHARMAP\n");
    place_write(map, buf.data, buf.length);
    assay_buf_reset(&buf);
    assay_buf_format(&buf, "localedef -c -f '%s' -i '%s' '%s' >'%s.log' 2>&1", map, source,
                     made, source);
    (void)!system(assay_buf_text(&buf)); /* its warnings count as failures to it */
    assay_buf_free(&buf);
    free(source);
    free(map);
    *strrchr(made, '/') = '\0';
    return made;
}

static void test_locale_is_not_looked_at(void **state)
{
    char *folder = make_comma_locale();
    char text[32];
    double value;

    (void)state;
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    assert_non_null(setlocale(LC_NUMERIC, "comma"));
    assert_string_equal(localeconv()->decimal_point, ",");
    snprintf(text, sizeof text, "%g", 0.5);
    assert_string_equal(text, "0,5");
    assert_string_equal(assay_number_exact(text, 0.1), "0.1");
    assert_string_equal(assay_number_short(text, 2.5, 4), "2.5");
    assert_string_equal(assay_bytes_text(text, 1500), "1.5 kB");
    assert_true(assay_number_parse("0.69314718055994530941", 22, &value));
    assert_true(value == 0x1.62e42fefa39efp-1);
    assert_false(assay_number_parse("0,5", 3, &value));
    setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
    free(folder);
}

static void test_int(void **state)
{
    (void)state;
    int64_t value;
    assert_true(assay_int_parse("9223372036854775807", 19, &value) && value == INT64_MAX);
    assert_true(assay_int_parse("-9223372036854775808", 20, &value) && value == INT64_MIN);
    assert_true(assay_int_parse("+7", 2, &value) && value == 7);
    assert_false(assay_int_parse("9223372036854775808", 19, &value));
    assert_false(assay_int_parse("-9223372036854775809", 20, &value));
    static const char *const bad[] = {"", "-", "+", "1.0", "1e3", " 1", "0x1", "--1"};
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++)
        assert_false(assay_int_parse(bad[i], strlen(bad[i]), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_doubles),
        cmocka_unit_test(test_round_trip_floats),
        cmocka_unit_test(test_shortest),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_counts_and_bytes),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_long),
        cmocka_unit_test(test_parse_agrees_with_the_library),
        cmocka_unit_test(test_locale_is_not_looked_at),
        cmocka_unit_test(test_int),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

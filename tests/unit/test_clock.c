/* Times as text and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <assay/clock.h>
#include <assay/memory.h>

#include "support/program.h"

#define S INT64_C(1000)
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

static void test_age(void **state)
{
    (void)state;
    static const struct {
        int64_t age;
        const char *text;
    } cases[] = {
        {0, "0s"},      {59999, "59s"},        {M, "1m"},       {59 * M, "59m"},
        {H, "1h"},      {23 * H, "23h"},       {D, "1d"},       {13 * D, "13d"},
        {14 * D, "2w"}, {365 * D, "52w"},      {366 * D, "1y"}, {800 * D, "2y"},
        {-5 * S, "0s"}, {36500000 * D, "99y"},
    };
    char text[16];
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        assay_age_text(text, 1000000, 1000000 + cases[i].age);
        assert_string_equal(text, cases[i].text);
        assert_true(strlen(text) <= 3);
    }
    assert_string_equal(assay_age_text(text, ASSAY_NO_TIME, 0), "?");
    assert_string_equal(assay_age_text(text, 0, ASSAY_NO_TIME), "?");
    assert_string_equal(assay_age_text(text, INT64_MIN + 1, INT64_MAX), "?");
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0.000s"},
        {7, "0.007s"},
        {999, "0.999s"},
        {1240, "1.24s"},
        {9999, "9.99s"},
        {10 * S, "0:10"},
        {11 * M + 58 * S, "11:58"},
        {2 * H + 3 * M + 11 * S, "2:03:11"},
        {3 * D + 4 * H + 11 * M, "3d 04:11"},
        {ASSAY_NO_TIME, ""},
        {-1, ""},
        {INT64_MAX, "106751991167d 07:12"},
    };
    char text[24];
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++)
        assert_string_equal(assay_duration_text(text, cases[i].ms), cases[i].text);
}

static void test_left(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"},          {1, "1s"},           {2420, "3s"}, {9000, "9s"},
        {9001, "0:10"},     {80 * S, "1:20"},    {2 * H + 1, "2:00:01"},
        {ASSAY_NO_TIME, ""}, {INT64_MAX, "106751991167d 07:12"},
    };
    char text[24];
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++)
        assert_string_equal(assay_left_text(text, cases[i].ms), cases[i].text);
}

static void test_text(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(assay_time_iso(text, 1795453445123), "2026-11-23T17:04:05.123Z");
    assert_string_equal(assay_time_iso(text, -1), "1969-12-31T23:59:59.999Z");
    assert_string_equal(assay_time_iso(text, ASSAY_NO_TIME), "");
    assert_string_equal(assay_time_iso(text, INT64_MAX), "292278994-08-17T07:12:55.807Z");
    setenv("TZ", "UTC-2", 1); /* two hours east */
    tzset();
    assert_string_equal(assay_time_text(text, 1795453445123), "2026-11-23 19:04:05");
    assert_string_equal(assay_time_text(text, ASSAY_NO_TIME), "");
    setenv("TZ", "UTC", 1);
    tzset();
}

static void check_time(const char *text, int64_t expected)
{
    int64_t ms = 0;
    assert_true(assay_time_parse(text, strlen(text), &ms));
    assert_int_equal(ms, expected);
}

static void test_parse(void **state)
{
    (void)state;
    check_time("2026-11-23T17:04:05.123Z", 1795453445123);
    check_time("2026-11-23 17:04:05.1239999Z", 1795453445123);
    check_time("2026-11-23T19:04:05.123+02:00", 1795453445123);
    check_time("2026-11-23T12:34:05.123-0430", 1795453445123);
    check_time("2026-11-23T19:04:05,123+02", 1795453445123);
    check_time("2024-02-29", 1709164800000);
    check_time("1969-12-31T23:59:59.999Z", -1);
    setenv("TZ", "UTC-2", 1);
    tzset();
    check_time("2026-11-23T19:04:05", 1795453445000); /* no zone: local */
    check_time("2026-11-23T19:04", 1795453440000);
    check_time("2026-11-23", 1795392000000 - 2 * H);
    setenv("TZ", "UTC", 1);
    tzset();
    static const char *const bad[] = {
        "",
        "2026",
        "2026-13-01",
        "2026-02-30",
        "2023-02-29",
        "2026-00-10",
        "2026-11-23T",
        "2026-11-23T25:00",
        "2026-11-23T17:60",
        "2026-11-23T17:04:05.",
        "2026-11-23T17:04:05Zx",
        "2026-11-23T17:04:05+2",
        "2026-11-23T17:04:05+99:00",
        "x026-11-23",
        "2026-11-23T17:04:05 ",
        "+026-11-23",
    };
    int64_t ms;
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++)
        assert_false(assay_time_parse(bad[i], strlen(bad[i]), &ms));
    char text[32];
    for (int64_t t = -60 * 365 * D; t < 200 * 365 * D; t += 37 * D + 12345678) {
        assay_time_iso(text, t);
        check_time(text, t);
    }
}

/* Each day of the years that are reckoned here, and beyond, as the C library has it. */
static void test_calendar(void **state)
{
    (void)state;
    char text[32], expected[32];
    for (int64_t day = -400000; day < 1200000; day += 1 + (day % 5 == 0)) {
        const time_t seconds = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
        const int64_t ms = (int64_t)seconds * 1000 + (day % 1000 + 1000) % 1000;
        struct tm tm;
        int64_t read_ms;
        gmtime_r(&seconds, &tm);
        /* The year by itself: strftime() gives 875 three digits. */
        snprintf(expected, 6, "%04u-", (unsigned)(tm.tm_year + 1900) % 10000u);
        strftime(expected + 5, sizeof expected - 5, "%m-%dT%H:%M:%S", &tm);
        snprintf(expected + strlen(expected), 8, ".%03dZ", (int)((day % 1000 + 1000) % 1000));
        assert_string_equal(assay_time_iso(text, ms), expected);
        assert_true(assay_time_parse(text, strlen(text), &read_ms));
        assert_int_equal(read_ms, ms);
    }
    assert_true(assay_time_parse("0000-01-01T00:00:00Z", 20, &(int64_t){0}));
    for (int year = 0; year < 1000; year += 7) {
        struct tm tm = {.tm_year = year - 1900, .tm_mon = year % 12, .tm_mday = 1 + year % 28};
        int64_t read_ms;
        snprintf(text, sizeof text, "%04u-%02u-%02uT00:00:00Z", (unsigned)year % 10000u,
                 (unsigned)tm.tm_mon % 12u + 1u, (unsigned)tm.tm_mday % 32u);
        assert_true(assay_time_parse(text, strlen(text), &read_ms));
        assert_int_equal(read_ms, (int64_t)timegm(&tm) * 1000);
    }
}

static void test_now(void **state)
{
    (void)state;
    unsetenv("ASSAY_NOW_MS");
    int64_t now = assay_now_ms();
    assert_true(now > INT64_C(1600000000000) && now / 1000 - time(NULL) <= 1);
    setenv("ASSAY_NOW_MS", "1795453445123", 1);
    assert_int_equal(assay_now_ms(), 1795453445123);
    setenv("ASSAY_NOW_MS", "soon", 1);
    assert_true(assay_now_ms() >= now);
    unsetenv("ASSAY_NOW_MS");
    int64_t a = assay_monotonic_us();
    assert_true(assay_monotonic_us() >= a);
}

/* When it is, is nothing that who starts the installed program may say: expiry is counted by it. */
static void test_installed(void **state)
{
    const char *tests_own = getenv("ASSAY_PROGRAM"), *installed = getenv("ASSAY_INSTALLED");
    (void)state;
    assert_true(tests_own && installed);
    char *kept = assay_strdup(tests_own);
    setenv("ASSAY_NOW_MS", "1000000000000", 1);
    for (int own = 0; own < 2; own++) {
        setenv("ASSAY_PROGRAM", own ? kept : installed, 1);
        assert_int_equal(program_run(NULL, "log", "-e", "e", "-m", "loss=1", NULL), 0);
        char *id = assay_strndup(program_last.out, strcspn(program_last.out, "\n"));
        assert_int_equal(program_run(NULL, "show", id, "--format", "json", NULL), 0);
        if (own)
            program_says("\"start_ms\": 1000000000000");
        else
            assert_null(strstr(program_last.out, "1000000000000"));
        free(id);
    }
    unsetenv("ASSAY_NOW_MS");
    setenv("ASSAY_PROGRAM", kept, 1);
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),  cmocka_unit_test(test_duration),
        cmocka_unit_test(test_left),
        cmocka_unit_test(test_text), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_installed),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}

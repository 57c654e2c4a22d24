/*
 * Time: the clock for durations, and times and durations as text for people and as ISO 8601.
 */
#include <assay/clock.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <assay/memory.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

int64_t assay_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

char *assay_age_text(char out[16], int64_t then_ms, int64_t now_ms)
{
    int64_t age;
    if (then_ms == ASSAY_NO_TIME || now_ms == ASSAY_NO_TIME ||
        __builtin_sub_overflow(now_ms, then_ms, &age)) {
        memcpy(out, "?", 2);
        return out;
    }
    if (age < 0)
        age = 0; /* a clock elsewhere is a little ahead */
    static const struct {
        int64_t below, unit;
        char letter;
    } scale[] = {
        {MINUTE, SECOND, 's'}, {HOUR, MINUTE, 'm'},       {DAY, HOUR, 'h'},
        {14 * DAY, DAY, 'd'},  {366 * DAY, 7 * DAY, 'w'},
    };
    for (size_t i = 0; i < sizeof scale / sizeof scale[0]; i++)
        if (age < scale[i].below) {
            snprintf(out, 16, "%d%c", (int)(age / scale[i].unit % 1000), scale[i].letter);
            return out;
        }
    int64_t years = age / (365 * DAY);
    snprintf(out, 16, "%" PRId64 "y", years > 99 ? 99 : years);
    return out;
}

char *assay_duration_text(char out[24], int64_t duration_ms)
{
    out[0] = '\0';
    if (duration_ms == ASSAY_NO_TIME || duration_ms < 0)
        return out;
    if (duration_ms < SECOND) {
        snprintf(out, 24, "0.%03ds", (int)duration_ms);
        return out;
    }
    if (duration_ms < 10 * SECOND) {
        snprintf(out, 24, "%d.%02ds", (int)(duration_ms / 1000),
                 (int)(duration_ms % 1000 / 10));
        return out;
    }
    int64_t days = duration_ms / DAY;
    int hours = (int)(duration_ms % DAY / HOUR);
    int minutes = (int)(duration_ms % HOUR / MINUTE);
    int seconds = (int)(duration_ms % MINUTE / SECOND);
    if (days)
        snprintf(out, 24, "%" PRId64 "d %02d:%02d", days, hours, minutes);
    else if (hours)
        snprintf(out, 24, "%d:%02d:%02d", hours, minutes, seconds);
    else
        snprintf(out, 24, "%d:%02d", minutes, seconds);
    return out;
}

char *assay_left_text(char out[24], int64_t left_ms)
{
    if (left_ms < 0 || left_ms > INT64_MAX - SECOND)
        return assay_duration_text(out, left_ms);
    const int64_t seconds = (left_ms + SECOND - 1) / SECOND;
    if (seconds >= 10)
        return assay_duration_text(out, seconds * SECOND);
    snprintf(out, 24, "%ds", (int)seconds);
    return out;
}

/* Splits off the milliseconds, rounding towards the past. */
static int64_t split_seconds(int64_t time_ms, int *ms)
{
    int64_t seconds = time_ms / 1000;
    int rest = (int)(time_ms % 1000);
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    *ms = rest;
    return seconds;
}

/* ---- days of the calendar, without the C library: every record of a ledger has times, and
   gmtime_r() and timegm() take a lock and ten times as long ---- */

#define SECONDS_A_DAY     86400
#define SECONDS_TO_10000  INT64_C(253402300800) /* from 1970 to the year 10000 */
#define DAYS_OF_400_YEARS 146097
#define DAYS_TO_1970      INT64_C(719468) /* from the first of March of the year 0 */

/* Days from 1970 to a date of the years from 0 on. Years are taken to begin in March, so that a
   leap day is their last. */
static int64_t days_of(int year, int month, int day)
{
    const int64_t years = month > 2 ? year + 400 : year + 399;
    const int64_t in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

    return years * 365 + years / 4 - years / 100 + years / 400 + in_year - DAYS_OF_400_YEARS -
           DAYS_TO_1970;
}

/* The date that is DAYS after the first day of 1970, from the first of March of the year 0 on.
 */
static void date_of(int64_t days, int *year, int *month, int *day)
{
    const int64_t from_march = days + DAYS_TO_1970;
    const int64_t era = from_march / DAYS_OF_400_YEARS, of_era = from_march % DAYS_OF_400_YEARS;
    const int64_t years =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / (DAYS_OF_400_YEARS - 1)) / 365;
    const int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    const int64_t months = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * months + 2) / 5 + 1);
    *month = (int)(months < 10 ? months + 3 : months - 9);
    *year = (int)(years + 400 * era + (*month <= 2));
}

char *assay_time_text(char out[32], int64_t time_ms)
{
    int ms;
    struct tm tm;
    time_t seconds = (time_t)split_seconds(time_ms, &ms);
    if (time_ms == ASSAY_NO_TIME || !localtime_r(&seconds, &tm) ||
        !strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm))
        out[0] = '\0';
    return out;
}

/* NUMBER in DIGITS digits, at AT; returns what follows. */
static char *put_digits(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

/* Digit by digit: strftime() takes ten times as long. */
static char *put_iso(char out[32], int64_t seconds, int ms)
{
    const int64_t from_start = seconds + DAYS_TO_1970 * SECONDS_A_DAY;
    const int of_day = (int)(from_start % SECONDS_A_DAY);
    int year, month, day;

    date_of(from_start / SECONDS_A_DAY - DAYS_TO_1970, &year, &month, &day);
    const struct {
        int number, digits;
        char after;
    } parts[] = {{year, 4, '-'},
                 {month, 2, '-'},
                 {day, 2, 'T'},
                 {of_day / 3600, 2, ':'},
                 {of_day / 60 % 60, 2, ':'},
                 {of_day % 60, 2, '.'},
                 {ms, 3, 'Z'}};
    char *at = out;
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++) {
        at = put_digits(at, parts[i].number, parts[i].digits);
        *at++ = parts[i].after;
    }
    *at = '\0';
    return out;
}

char *assay_time_iso(char out[32], int64_t time_ms)
{
    int ms;
    struct tm tm;
    const int64_t seconds = split_seconds(time_ms, &ms);
    const time_t time = (time_t)seconds;

    out[0] = '\0';
    if (time_ms == ASSAY_NO_TIME)
        return out;
    if (seconds >= -DAYS_TO_1970 * SECONDS_A_DAY && seconds < SECONDS_TO_10000)
        return put_iso(out, seconds, ms);
    if (!gmtime_r(&time, &tm))
        return out;
    const size_t length = strftime(out, 27, "%Y-%m-%dT%H:%M:%S", &tm);
    if (length)
        snprintf(out + length, 32 - length, ".%03dZ", ms);
    return out;
}

/* ---- reading ISO 8601 ---- */

struct cursor {
    const char *at, *end;
};

/* Exactly DIGITS digits. */
static bool take_digits(struct cursor *c, int digits, int *value)
{
    int number = 0;
    if (c->end - c->at < digits)
        return false;
    for (int i = 0; i < digits; i++) {
        unsigned digit = (unsigned char)c->at[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        number = number * 10 + (int)digit;
    }
    c->at += digits;
    *value = number;
    return true;
}

static bool take_char(struct cursor *c, const char *any_of)
{
    if (c->at == c->end || !*c->at || !strchr(any_of, *c->at))
        return false;
    c->at++;
    return true;
}

/* The fraction after '.', in milliseconds, further digits dropped. */
static bool take_fraction(struct cursor *c, int *ms)
{
    int digits = 0, number = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, digits++)
        if (digits < 3)
            number = number * 10 + (*c->at - '0');
    for (int i = digits; i < 3; i++)
        number *= 10;
    *ms = number;
    return digits > 0;
}

/* "Z", "+02:00", "+0200", "+02" or nothing. */
static bool take_zone(struct cursor *c, bool *local, int *offset_minutes)
{
    *local = false;
    *offset_minutes = 0;
    if (c->at == c->end) {
        *local = true;
        return true;
    }
    if (take_char(c, "Zz"))
        return true;
    bool negative = *c->at == '-';
    int hours, minutes = 0;
    if (!take_char(c, "+-") || !take_digits(c, 2, &hours))
        return false;
    take_char(c, ":");
    if (c->at < c->end && !take_digits(c, 2, &minutes))
        return false;
    *offset_minutes = (negative ? -1 : 1) * (hours * 60 + minutes);
    return hours <= 23 && minutes <= 59;
}

static bool date_exists(const struct tm *tm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = tm->tm_year + 1900;
    if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return tm->tm_mday <= days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

bool assay_time_parse(const char *text, size_t length, int64_t *time_ms)
{
    struct cursor c = {text, text + length};
    struct tm tm = {.tm_isdst = -1};
    int ms = 0, offset = 0;
    bool local = true;
    if (!take_digits(&c, 4, &tm.tm_year) || !take_char(&c, "-") ||
        !take_digits(&c, 2, &tm.tm_mon) || !take_char(&c, "-") ||
        !take_digits(&c, 2, &tm.tm_mday))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (!date_exists(&tm))
        return false;
    if (c.at < c.end) {
        if (!take_char(&c, "Tt ") || !take_digits(&c, 2, &tm.tm_hour) || !take_char(&c, ":") ||
            !take_digits(&c, 2, &tm.tm_min))
            return false;
        if (take_char(&c, ":")) {
            if (!take_digits(&c, 2, &tm.tm_sec))
                return false;
            if (take_char(&c, ".,") && !take_fraction(&c, &ms))
                return false;
        }
        if (!take_zone(&c, &local, &offset) || c.at != c.end)
            return false;
    }
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    const int64_t seconds =
        local ? (int64_t)mktime(&tm)
              : days_of(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * SECONDS_A_DAY +
                    tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    *time_ms = (seconds - (int64_t)offset * 60) * 1000 + ms;
    return true;
}

/*
 * Ticks in time: wall time on calendar steps in local time (a day starts at midnight here, a
 * month on its first), relative time on steps people count in. Called by scale.c.
 */
#include "chart/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE 60.0
#define HOUR   3600.0
#define DAY    86400.0

/* Seconds per step of both kinds of time, below the calendar's months. */
static const double steps[] = {
    0.001,      0.002,      0.005,       0.01,        0.02,        0.05,    0.1,      0.2,
    0.5,        1,          2,           5,           10,          15,      30,       MINUTE,
    2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,    2 * HOUR, 3 * HOUR,
    6 * HOUR,   12 * HOUR,  DAY,         2 * DAY,     7 * DAY,     14 * DAY};
#define STEP_COUNT (sizeof steps / sizeof steps[0])

/* How many multiples of STEP lie in [lo, hi]. */
static double multiples(double lo, double hi, double step)
{
    return floor(hi / step + 1e-9) - ceil(lo / step - 1e-9) + 1;
}

/* ---- wall time ---- */

/* Local midnight, or the whole unit of STEP seconds, at or before SECONDS. */
static time_t local_floor(time_t seconds, double step, struct tm *broken)
{
    localtime_r(&seconds, broken);
    if (step >= DAY) {
        broken->tm_hour = 0;
        if (step >= 7 * DAY) /* weeks start on Monday */
            broken->tm_mday -= (broken->tm_wday + 6) % 7;
    } else if (step >= HOUR) {
        broken->tm_hour -= broken->tm_hour % (int)(step / HOUR);
    }
    if (step >= HOUR)
        broken->tm_min = 0;
    else if (step >= MINUTE)
        broken->tm_min -= broken->tm_min % (int)(step / MINUTE);
    if (step >= MINUTE)
        broken->tm_sec = 0;
    else if (step >= 1)
        broken->tm_sec -= broken->tm_sec % (int)step;
    broken->tm_isdst = step >= HOUR ? -1 : broken->tm_isdst;
    return mktime(broken);
}

static void time_label(char out[24], double ms, double step, bool with_date)
{
    double whole = floor(ms / 1000);
    time_t seconds = (time_t)whole;
    struct tm broken;
    localtime_r(&seconds, &broken);

    if (step >= DAY) {
        strftime(out, 24, "%b %e", &broken);
        if (out[4] == ' ') /* "Nov  3" */
            memmove(out + 4, out + 5, strlen(out + 5) + 1);
    } else if (step >= MINUTE) {
        strftime(out, 24, with_date ? "%m-%d %H:%M" : "%H:%M", &broken);
    } else if (step >= 1) {
        strftime(out, 24, "%H:%M:%S", &broken);
    } else {
        int digits = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
        size_t length = strftime(out, 24, "%M:%S", &broken);
        int fraction = (int)lround((ms - whole * 1000) / pow(10, 3 - digits));
        snprintf(out + length, 24 - length, ".%0*d", digits, fraction);
    }
}

static size_t below_month_ticks(double lo, double hi, double step, size_t want,
                                struct assay_tick *ticks)
{
    size_t count = 0;
    bool with_date = hi - lo >= DAY * 1000;

    if (step < 1) {
        double ms = step * 1000;
        for (double at = ceil(lo / ms - 1e-9) * ms; at <= hi && count < want; at += ms) {
            ticks[count].value = at;
            time_label(ticks[count++].label, at, step, false);
        }
        return count;
    }
    struct tm broken;
    time_t at = local_floor((time_t)floor(lo / 1000), step, &broken), last = at;
    for (int guard = 0; guard < 1000 && count < want && (double)at * 1000 <= hi; guard++) {
        if ((double)at * 1000 >= lo) {
            ticks[count].value = (double)at * 1000;
            time_label(ticks[count++].label, (double)at * 1000, step, with_date);
        }
        if (step >= HOUR) { /* through the calendar: days differ in length */
            localtime_r(&at, &broken);
            if (step >= DAY)
                broken.tm_mday += (int)(step / DAY);
            else
                broken.tm_hour += (int)(step / HOUR) - broken.tm_hour % (int)(step / HOUR);
            broken.tm_isdst = -1;
            at = mktime(&broken);
        } else {
            at += (time_t)step;
        }
        if (at <= last)
            at = last + (time_t)step; /* the hour that a clock repeats */
        last = at;
    }
    return count;
}

static size_t month_ticks(double lo, double hi, size_t want, struct assay_tick *ticks)
{
    static const int months[] = {1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12000};
    double span = (hi - lo) / 1000 / (30.44 * DAY);
    size_t choice = 0;
    while (choice + 1 < sizeof months / sizeof months[0] &&
           span / months[choice] + 1 > (double)want)
        choice++;
    int step = months[choice];
    time_t seconds = (time_t)floor(lo / 1000);
    struct tm broken;
    if (localtime_r(&seconds, &broken) == NULL)
        return 0;
    long month = (broken.tm_year + 1900L) * 12 + broken.tm_mon;
    size_t count = 0;
    for (month -= month % step; count < want; month += step) {
        struct tm first = {.tm_year = (int)(month / 12 - 1900),
                           .tm_mon = (int)(month % 12),
                           .tm_mday = 1,
                           .tm_isdst = -1};
        double at = (double)mktime(&first) * 1000;
        if (at > hi)
            break;
        if (at < lo)
            continue;
        ticks[count].value = at;
        strftime(ticks[count++].label, sizeof ticks->label, step >= 12 ? "%Y" : "%Y-%m",
                 &first);
    }
    return count;
}

size_t scale_time_ticks(double lo, double hi, size_t want, struct assay_tick *ticks)
{
    /* Beyond the years 1 to 9999 a calendar says nothing useful. */
    if (lo < -6.2e13 || hi > 2.5e14)
        return 0;
    double range = (hi - lo) / 1000;
    for (size_t i = 0; i < STEP_COUNT; i++) {
        if (range / steps[i] + 1 <= (double)want ||
            (steps[i] < 1 && multiples(lo / 1000, hi / 1000, steps[i]) <= (double)want))
            return below_month_ticks(lo, hi, steps[i], want, ticks);
    }
    return month_ticks(lo, hi, want, ticks);
}

/* ---- relative time ---- */

/* "0", "0.25s", "90s" never: "1m30s", "2h", "1d6h": every part that is not zero. */
static void duration_label(char out[24], double seconds, double step)
{
    const char *sign = seconds < 0 ? "-" : "";
    double rest = fabs(seconds);
    char text[64];
    size_t length = 0;

    if (rest < step * 1e-6) {
        snprintf(out, 24, "0");
        return;
    }
    if (step < 1) {
        int digits = step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
        snprintf(out, 24, "%.*fs", digits, seconds);
        return;
    }
    static const struct {
        double unit;
        char letter;
    } parts[] = {{DAY, 'd'}, {HOUR, 'h'}, {MINUTE, 'm'}, {1, 's'}};
    rest = floor(rest + 0.5);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        double whole = floor(rest / parts[i].unit);
        rest -= whole * parts[i].unit;
        if (whole > 0 && length < sizeof text - 24)
            length += (size_t)snprintf(text + length, sizeof text - length, "%.0f%c", whole,
                                       parts[i].letter);
    }
    text[length] = '\0';
    snprintf(out, 24, "%s%.22s", sign, text);
}

static size_t duration_log_ticks(double lo, double hi, size_t want, struct assay_tick *ticks)
{
    static const double marks[] = {0.001,    0.01,        0.1,       1,         10,
                                   MINUTE,   10 * MINUTE, HOUR,      10 * HOUR, DAY,
                                   10 * DAY, 100 * DAY,   1000 * DAY};
    size_t inside = 0, count = 0;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        inside += marks[i] >= lo && marks[i] <= hi;
    size_t stride = (inside + want - 1) / want;
    for (size_t i = 0, seen = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (marks[i] < lo || marks[i] > hi || seen++ % stride != 0)
            continue;
        ticks[count].value = marks[i];
        duration_label(ticks[count++].label, marks[i], fmin(marks[i], 1));
    }
    return count;
}

size_t scale_duration_ticks(double lo, double hi, bool log, size_t want,
                            struct assay_tick *ticks)
{
    if (log && hi / lo > 20)
        return duration_log_ticks(lo, hi, want, ticks);
    double step = 0;
    for (size_t i = 0; i < STEP_COUNT && step == 0; i++)
        if (multiples(lo, hi, steps[i]) <= (double)want)
            step = steps[i];
    for (double days = 10; step == 0; days *= 10) {
        static const double leads[] = {2, 5, 10};
        for (size_t i = 0; i < 3 && step == 0; i++)
            if (multiples(lo, hi, days * leads[i] * DAY) <= (double)want)
                step = days * leads[i] * DAY;
        if (days > 1e300)
            return 0;
    }
    size_t count = 0;
    double first = ceil(lo / step - 1e-9);
    for (double i = 0; count < want; i++) {
        double value = (first + i) * step;
        if (value > hi + step * 1e-9)
            break;
        ticks[count].value = value;
        duration_label(ticks[count++].label, value, step);
    }
    return count;
}

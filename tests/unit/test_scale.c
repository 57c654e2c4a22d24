/*
 * Scales and ticks: what every axis must keep, over random ranges of every magnitude, and
 * particular axes by eye. Ranges of charts: what fitting makes of awkward data.
 */
#include "support/points.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <assay/chart.h>
#include <assay/memory.h>

#define TICKS 64

/* ---- the scale ---- */

static void test_units(void **state)
{
    static const double ranges[][2] = {
        {0, 1},          {-5, 5},    {1e-300, 2e-300},    {1e9, 1e9 + 1},
        {-1e308, 1e308}, {3, 1e308}, {-DBL_MAX, DBL_MAX}, {1e-9, 1e12}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(ranges); i++)
        for (int log = 0; log < 2; log++)
            for (double unit = 0; unit <= 1; unit += 0.125) {
                double lo = ranges[i][0], hi = ranges[i][1];
                if (log && lo <= 0) {
                    assert_true(isnan(assay_scale_to_unit(1, lo, hi, true)));
                    assert_true(isnan(assay_scale_from_unit(0.5, lo, hi, true)));
                    continue;
                }
                double value = assay_scale_from_unit(unit, lo, hi, log == 1);
                assert_true(isfinite(value));
                assert_true(value >= lo * (1 - 1e-9) - 1e-12 || lo < 0);
                assert_true(fabs(assay_scale_to_unit(value, lo, hi, log == 1) - unit) < 1e-5);
            }
    assert_true(isnan(assay_scale_to_unit(-1, 1, 10, true)));
}

/* ---- ticks ---- */

/* What a label says, as a number. */
static double label_value(const char *label)
{
    char *end;
    double value = strtod(label, &end);
    static const char suffixes[] = "kMGTP";
    const char *found = *end ? strchr(suffixes, *end) : NULL;

    if (found != NULL) {
        value *= pow(1000, (double)(found - suffixes) + 1);
        end++;
    }
    assert_string_equal(end, "");
    return value;
}

static void check_ticks(double lo, double hi, bool log, bool is_y, size_t want)
{
    struct assay_tick ticks[TICKS];
    size_t count = assay_chart_ticks(lo, hi, log, ASSAY_AXIS_STEP, is_y, want, ticks, TICKS);

    assert_true(count <= want);
    for (size_t i = 0; i < count; i++) {
        const struct assay_tick *tick = &ticks[i];
        double slack = log ? lo * 1e-8 : (hi / 2 - lo / 2) * 1e-8;
        if (!(tick->value >= lo - slack && tick->value <= hi * (log ? 1 + 1e-8 : 1) + slack))
            fail_msg("%g outside [%g, %g]", tick->value, lo, hi);
        assert_true(i == 0 || tick->value > ticks[i - 1].value);
        assert_true(fabs(tick->unit - assay_scale_to_unit(tick->value, lo, hi, log)) < 1e-9);
        assert_true(strlen(tick->label) > 0 && strlen(tick->label) < sizeof tick->label);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(tick->label, ticks[k].label);
        double step = log     ? fabs(tick->value)
                      : i > 0 ? ticks[i].value - ticks[i - 1].value
                              : fmax(fabs(hi), fabs(lo));
        if (isfinite(step) && fabs(label_value(tick->label) - tick->value) > step * 0.02)
            fail_msg("\"%s\" stands at %.17g of [%.17g, %.17g]", tick->label, tick->value, lo,
                     hi);
    }
}

static void test_any_range(void **state)
{
    struct points_rng rng = {.state = 3};

    (void)state;
    for (int i = 0; i < 60000; i++) {
        double scale = pow(10, points_random_unit(&rng) * 40 - 20);
        double middle =
            (points_random_unit(&rng) - 0.5) * scale * pow(10, points_random_unit(&rng) * 6);
        double lo = middle - scale * points_random_unit(&rng);
        double hi = middle + scale * points_random_unit(&rng);
        size_t want = 2 + points_random(&rng) % 12;
        if (lo < hi)
            check_ticks(lo, hi, false, i % 2, want);
        if (lo > 0 && lo < hi)
            check_ticks(lo, hi, true, i % 2, want);
        check_ticks(scale, scale * pow(10, points_random_unit(&rng) * 25 + 0.01), true, i % 2,
                    want);
    }
}

static void test_awkward_ranges(void **state)
{
    static const double ranges[][2] = {
        {-DBL_MAX, DBL_MAX},  {0, DBL_MAX},      {1e308, DBL_MAX}, {5e-324, 1e-323},
        {0, 5e-324},          {-1e-310, 1e-310}, {DBL_MIN, 1},     {5e-324, 1e308},
        {1, 1 + DBL_EPSILON}, {1e15, 1e15 + 1},  {-1e18, 1e18},    {0.1, 0.1 + 1e-16},
        {-5e-324, 0}};
    struct assay_tick ticks[TICKS];

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(ranges); i++)
        for (size_t want = 0; want <= TICKS; want += 3)
            for (int log = 0; log < 2; log++) {
                double lo = ranges[i][0], hi = ranges[i][1];
                size_t count = assay_chart_ticks(lo, hi, log == 1, ASSAY_AXIS_STEP, true, want,
                                                 ticks, TICKS);
                assert_true(count <= want);
                for (size_t k = 0; k < count; k++) {
                    assert_true(isfinite(ticks[k].value));
                    assert_true(k == 0 || ticks[k].value > ticks[k - 1].value);
                }
            }
    /* No axis is without a number because the step that would do is none. */
    assert_int_equal(
        assay_chart_ticks(-1.1e308, 1.1e308, false, ASSAY_AXIS_STEP, true, 2, ticks, TICKS), 2);
    assert_string_equal(ticks[0].label, "-1e308");
    assert_string_equal(ticks[1].label, "0");
    /* No range, no ticks. */
    assert_int_equal(assay_chart_ticks(1, 1, false, 0, true, 5, ticks, TICKS), 0);
    assert_int_equal(assay_chart_ticks(2, 1, false, 0, true, 5, ticks, TICKS), 0);
    assert_int_equal(assay_chart_ticks(NAN, 1, false, 0, true, 5, ticks, TICKS), 0);
    assert_int_equal(assay_chart_ticks(0, INFINITY, false, 0, true, 5, ticks, TICKS), 0);
    assert_int_equal(assay_chart_ticks(0, 1, true, 0, true, 5, ticks, TICKS), 0);
    assert_int_equal(assay_chart_ticks(-1, 1, true, 0, true, 5, ticks, TICKS), 0);
}

/* The labels of an axis, in one line. */
static const char *labels(double lo, double hi, bool log, enum assay_axis axis, bool is_y,
                          size_t want)
{
    static char text[1000];
    struct assay_tick ticks[TICKS];
    size_t count = assay_chart_ticks(lo, hi, log, axis, is_y, want, ticks, TICKS), used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? " " : "",
                                 ticks[i].label);
    return text;
}

#define Y(lo, hi, log, want) labels(lo, hi, log, ASSAY_AXIS_STEP, true, want)
#define X(lo, hi, log, want) labels(lo, hi, log, ASSAY_AXIS_STEP, false, want)

static void test_number_labels(void **state)
{
    (void)state;
    assert_string_equal(Y(0, 1, false, 6), "0.0 0.2 0.4 0.6 0.8 1.0");
    assert_string_equal(Y(-3, 3, false, 7), "-3 -2 -1 0 1 2 3");
    assert_string_equal(Y(0.1981, 0.4123, false, 5), "0.20 0.25 0.30 0.35 0.40");
    assert_string_equal(Y(0, 4e-5, false, 5), "0 1e-5 2e-5 3e-5 4e-5");
    assert_string_equal(X(0, 40000, false, 5), "0 10k 20k 30k 40k");
    assert_string_equal(X(0, 3, false, 12), "0 1 2 3"); /* half a step is none */
    assert_string_equal(X(0, 5e6, false, 6), "0 1M 2M 3M 4M 5M");
    assert_string_equal(X(1000000, 1000040, false, 5),
                        "1000.00k 1000.01k 1000.02k 1000.03k 1000.04k");
    assert_string_equal(Y(1e-4, 10, true, 6), "1e-4 1e-3 1e-2 1e-1 1e0 1e1");
    assert_string_equal(Y(0.01, 10, true, 5), "0.01 0.1 1 10");
    assert_string_equal(Y(1, 100, true, 9), "1 2 5 10 20 50 100");
    assert_string_equal(X(1, 1e6, true, 7), "1 10 100 1k 10k 100k 1M");
    assert_string_equal(Y(3, 4, true, 6), "3.0 3.2 3.4 3.6 3.8 4.0");
}

/* ---- time ---- */

static double at(const char *zone, int year, int month, int day, int hour, int minute)
{
    struct tm broken = {.tm_year = year - 1900,
                        .tm_mon = month - 1,
                        .tm_mday = day,
                        .tm_hour = hour,
                        .tm_min = minute,
                        .tm_isdst = -1};

    setenv("TZ", zone, 1);
    tzset();
    return (double)mktime(&broken) * 1000;
}

#define BERLIN              "CET-1CEST,M3.5.0,M10.5.0/3"
#define DATES(lo, hi, want) labels(lo, hi, false, ASSAY_AXIS_TIME, false, want)

static void test_calendar(void **state)
{
    (void)state;
    double noon = at("UTC0", 2024, 2, 28, 12, 0), hour = 3600e3, day = 24 * hour;

    assert_string_equal(DATES(noon, noon + 2 * hour, 5), "12:00 12:30 13:00 13:30 14:00");
    assert_string_equal(DATES(noon, noon + 40e3, 5),
                        "12:00:00 12:00:10 12:00:20 12:00:30 12:00:40");
    assert_string_equal(DATES(noon, noon + 400, 5), "00:00.0 00:00.1 00:00.2 00:00.3 00:00.4");
    /* Through the leap day, from midnight to midnight. */
    assert_string_equal(DATES(noon, noon + 3 * day, 5), "Feb 29 Mar 1 Mar 2");
    assert_string_equal(DATES(noon, noon + 300 * day, 8), "2024-04 2024-07 2024-10");
    assert_string_equal(DATES(noon, noon + 4000 * day, 8), "2026 2028 2030 2032 2034");
    /* Days that are 23 and 25 hours long still begin at midnight. */
    double spring = at(BERLIN, 2024, 3, 30, 0, 0), autumn = at(BERLIN, 2024, 10, 26, 0, 0);
    assert_string_equal(DATES(spring, spring + 3 * day, 5), "Mar 30 Mar 31 Apr 1 Apr 2");
    assert_string_equal(DATES(autumn, autumn + 3 * day, 5), "Oct 26 Oct 27 Oct 28");
    assert_string_equal(DATES(spring, spring + 1.5 * day, 7),
                        "03-30 00:00 03-30 06:00 03-30 12:00 03-30 18:00 03-31 00:00 "
                        "03-31 06:00 03-31 12:00");
    /* Far from any calendar. */
    assert_string_equal(DATES(-1e300, 1e300, 5), "");
    assert_string_equal(DATES(0, 1e18, 5), "");
    at("UTC0", 2000, 1, 1, 0, 0);
}

/* Every tick of days and above stands at local midnight; all lie in the range and are distinct.
 */
static void test_any_time(void **state)
{
    static const char *const zones[] = {
        "UTC0",         BERLIN,   "EST5EDT,M3.2.0,M11.1.0",
        "<+0545>-5:45", "<-03>3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};
    struct points_rng rng = {.state = 12};
    struct assay_tick ticks[TICKS];

    (void)state;
    for (int i = 0; i < 6000; i++) {
        setenv("TZ", zones[i % 6], 1);
        tzset();
        double lo = points_random_unit(&rng) * 4e12 - 1e12;
        double hi = lo + pow(10, points_random_unit(&rng) * 11 + 1);
        size_t want = 2 + points_random(&rng) % 9;
        size_t count =
            assay_chart_ticks(lo, hi, false, ASSAY_AXIS_TIME, false, want, ticks, TICKS);
        assert_true(count <= want);
        for (size_t k = 0; k < count; k++) {
            assert_true(ticks[k].value >= lo && ticks[k].value <= hi);
            assert_true(k == 0 || ticks[k].value > ticks[k - 1].value);
            for (size_t j = 0; j < k; j++)
                assert_string_not_equal(ticks[k].label, ticks[j].label);
            time_t seconds = (time_t)floor(ticks[k].value / 1000);
            struct tm broken;
            localtime_r(&seconds, &broken);
            if (strchr(ticks[k].label, ':') == NULL) {
                assert_int_equal(broken.tm_hour * 60 + broken.tm_min, 0);
                assert_int_equal(broken.tm_sec, 0);
            }
        }
    }
    at("UTC0", 2000, 1, 1, 0, 0);
}

static void test_durations(void **state)
{
#define LENGTHS(lo, hi, want) labels(lo, hi, false, ASSAY_AXIS_RELATIVE, false, want)
    (void)state;
    assert_string_equal(LENGTHS(0, 90, 7), "0 15s 30s 45s 1m 1m15s 1m30s");
    assert_string_equal(LENGTHS(0, 2, 5), "0 0.5s 1.0s 1.5s 2.0s");
    assert_string_equal(LENGTHS(0, 7200, 5), "0 30m 1h 1h30m 2h");
    assert_string_equal(LENGTHS(0, 4 * 86400, 5), "0 1d 2d 3d 4d");
    assert_string_equal(labels(0.5, 100000, true, ASSAY_AXIS_RELATIVE, false, 7),
                        "1s 10s 1m 10m 1h 10h 1d");
}

/* ---- fitting ---- */

static struct assay_chart fitted(const double *values, size_t count, bool log, bool *drawable,
                                 struct assay_chart_info *info)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_chart_line line = {.series = series};
    struct assay_chart chart = {.lines = &line,
                                .line_count = 1,
                                .log_y = log,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};

    for (size_t i = 0; i < count; i++)
        assay_series_add(series, &(struct assay_point){.step = (int64_t)i, .value = values[i]},
                         1);
    *drawable = assay_chart_fit(&chart, info);
    assay_series_free(&series);
    return chart;
}

static void test_fit(void **state)
{
    struct assay_chart_info info;
    struct assay_chart chart;
    bool drawable;

    (void)state;
    chart = fitted((double[]){1, 2, 3}, 3, false, &drawable, &info);
    assert_true(drawable && info.points == 3 && info.total == 3);
    assert_true(chart.x_min == 0 && chart.x_max == 2);
    assert_true(fabs(chart.y_min - 0.92) < 1e-9 && fabs(chart.y_max - 3.08) < 1e-9);

    chart = fitted((double[]){5, 5}, 2, false, &drawable, &info); /* a constant */
    assert_true(drawable && chart.y_min < 5 && chart.y_max > 5 && chart.y_max < 6);
    chart = fitted((double[]){0, 0}, 2, false, &drawable, &info);
    assert_true(drawable && chart.y_min == -1 && chart.y_max == 1);
    chart = fitted((double[]){7}, 1, false, &drawable, &info); /* a single point */
    assert_true(drawable && chart.x_min < 0 && chart.x_max > 0);

    chart = fitted((double[]){NAN, INFINITY, -INFINITY}, 3, false, &drawable, &info);
    assert_true(!drawable && info.nonfinite == 3 && info.points == 3);
    chart = fitted(NULL, 0, false, &drawable, &info);
    assert_true(!drawable && info.total == 0);

    chart = fitted((double[]){-1, 0, 10, 1000}, 4, true, &drawable, &info);
    assert_true(drawable && info.not_positive == 2);
    assert_true(chart.y_min > 0 && chart.y_min < 10 && chart.y_max > 1000);
    chart = fitted((double[]){-1, 0, -0.0}, 3, true, &drawable, &info);
    assert_true(!drawable && info.not_positive == 3);

    chart = fitted((double[]){-1e308, 1e308}, 2, false, &drawable, &info);
    assert_true(drawable && chart.y_min <= -1e308 && isfinite(chart.y_min));
    assert_true(chart.y_max >= 1e308 && isfinite(chart.y_max));
    chart = fitted((double[]){1e308, 1e308}, 2, false, &drawable, &info);
    assert_true(drawable && chart.y_min < 1e308 && isfinite(chart.y_max));
    chart = fitted((double[]){5e-324, 1e308}, 2, true, &drawable, &info);
    assert_true(drawable && chart.y_min > 0 && isfinite(chart.y_max));
}

/* Zoomed to where no point lies: the line that leads through is still seen. */
static void test_fit_between_points(void **state)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_chart_line line = {.series = series};
    struct assay_chart chart = {
        .lines = &line, .line_count = 1, .x_min = 10, .x_max = 20, .y_min = NAN, .y_max = NAN};
    struct assay_chart_info info;

    (void)state;
    assay_series_add(series, &(struct assay_point){.step = 0, .value = 1}, 1);
    assay_series_add(series, &(struct assay_point){.step = 100, .value = 2}, 1);
    assert_true(assay_chart_fit(&chart, &info));
    assert_true(chart.y_min < 1.1 && chart.y_max > 1.2);
    assert_int_equal(info.points, 0);
    assert_int_equal(info.total, 2);
    assay_series_free(&series);
}

/* ---- ticks in the middle of rows ---- */

static void test_align(void **state)
{
    struct points_rng rng = {.state = 8};
    double worst = 0, sum = 0, counted = 0;

    (void)state;
    for (int i = 0; i < 40000; i++) {
        double scale = pow(10, points_random_unit(&rng) * 30 - 15);
        double lo = (points_random_unit(&rng) - 0.5) * scale * (i % 3 == 0 ? 1000 : 2);
        double hi = lo + scale * (0.01 + points_random_unit(&rng));
        double rows =
            4 + floor(points_random_unit(&rng) * 90) + (i % 2 ? points_random_unit(&rng) : 0);
        struct assay_chart chart = {.y_min = lo, .y_max = hi};
        struct assay_tick ticks[TICKS];
        size_t want = assay_chart_align(&chart, rows);
        size_t count = assay_chart_ticks(chart.y_min, chart.y_max, false, ASSAY_AXIS_STEP, true,
                                         want, ticks, TICKS);
        double room = 0.02 * (hi - lo);
        if (!(chart.y_min <= lo + room && chart.y_max >= hi - room))
            fail_msg("[%g, %g] became [%g, %g]", lo, hi, chart.y_min, chart.y_max);
        if (rows >= 9) {
            worst = fmax(worst, (chart.y_max - chart.y_min) / (hi - lo));
            sum += (chart.y_max - chart.y_min) / (hi - lo);
            counted++;
        }
        assert_true(want <= 32 && count >= 2);
        for (size_t k = 0; k < count; k++) {
            double row = (1 - ticks[k].unit) * rows - 0.5;
            if (fabs(row - round(row)) > 1e-3)
                fail_msg("%s stands in row %g of %g: [%g, %g] became [%g, %g]", ticks[k].label,
                         row, rows, lo, hi, chart.y_min, chart.y_max);
        }
    }
    print_message("ranges grow by %.0f %%, at most %.0f %%\n", (sum / counted - 1) * 100,
                  (worst - 1) * 100);
    assert_true(worst < 2);
    /* What cannot be aligned stays as it is. */
    static const double odd[][2] = {
        {-1e308, 1e308}, {1e9, 1e9 + 1e-6}, {1, 1}, {NAN, 1}, {0, 5e-324}};
    for (size_t i = 0; i < ASSAY_COUNT(odd); i++) {
        struct assay_chart chart = {.y_min = odd[i][0], .y_max = odd[i][1]};
        assert_true(assay_chart_align(&chart, 20) == 6);
        assert_true(points_same_value(chart.y_min, odd[i][0]) && chart.y_max == odd[i][1]);
    }
}

/* The powers of ten of a logarithmic axis likewise. */
static void test_align_log(void **state)
{
    struct points_rng rng = {.state = 9};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        double lo = points_random_unit(&rng) * 60 - 30;
        double hi = lo + 2.5 + points_random_unit(&rng) * 30, rows = 6 + (double)(i % 60);
        struct assay_chart chart = {.y_min = pow(10, lo), .y_max = pow(10, hi), .log_y = true};
        struct assay_tick ticks[TICKS];
        size_t want = assay_chart_align(&chart, rows);
        size_t count = assay_chart_ticks(chart.y_min, chart.y_max, true, ASSAY_AXIS_STEP, true,
                                         want, ticks, TICKS);
        double low = log10(chart.y_min), high = log10(chart.y_max), room = 0.02 * (hi - lo);
        assert_true(low <= lo + room && high >= hi - room);
        assert_true(count >= 1);
        bool same = fabs(low - lo) + fabs(high - hi) < 1e-9;
        if (same) /* too many for a row or two each */
            assert_true(hi - lo > (rows - 1) / 3);
        for (size_t k = 0; !same && k < count; k++) {
            double row = (1 - ticks[k].unit) * rows - 0.5;
            if (fabs(row - round(row)) > 1e-3)
                fail_msg("%s stands in row %g of %g: [%g, %g] became [%g, %g], %zu wanted",
                         ticks[k].label, row, rows, lo, hi, low, high, want);
        }
    }
}

/* Where a decade or two fill the axis, ticks within them are near the middle of their rows, and
   the range grows little. Within a decade they are round numbers: some are, and only those have
   labels. */
static void test_align_few_decades(void **state)
{
    struct points_rng rng = {.state = 10};
    double worst = 0, within = 0, widest = 0;
    size_t counted = 0, labels = 0, all = 0, least = SIZE_MAX;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        double lo = points_random_unit(&rng) * 20 - 10, range = 0.05 + 2 * (i % 100) / 100.0;
        double hi = lo + range, rows = 8 + (double)(i % 37);
        struct assay_chart chart = {.y_min = pow(10, lo), .y_max = pow(10, hi), .log_y = true};
        struct assay_tick ticks[TICKS];
        size_t want = assay_chart_align(&chart, rows);
        size_t count = assay_chart_ticks(chart.y_min, chart.y_max, true, ASSAY_AXIS_STEP, true,
                                         want, ticks, TICKS);
        double low = log10(chart.y_min), high = log10(chart.y_max), room = 0.02 * (hi - lo);
        assert_true(low <= lo + room && high >= hi - room);
        if (count < 1)
            fail_msg("[%g, %g] of %g rows became [%g, %g]: no ticks, %zu wanted", lo, hi, rows,
                     low, high, want);
        if (rows >= 20)
            widest = fmax(widest, (high - low) / range);
        double off = 0;
        int at[TICKS];
        size_t written = assay_chart_label_rows(ticks, count, rows, at), found = 0;
        for (size_t k = 0; k < count; k++) {
            double row = (1 - ticks[k].unit) * rows - 0.5;
            assert_true(at[k] == -1 || fabs(at[k] - row) <= 0.5 + 1e-9);
            found += at[k] >= 0;
            if (at[k] >= 0 || range >= 1.05)
                off = fmax(off, fabs(row - round(row)));
        }
        assert_int_equal(found, written);
        if (range >= 1.05 && range <= 1.9 && rows / range > 8) {
            worst = fmax(worst, off);
        } else if (range < 0.7 && rows >= 12) {
            counted++;
            labels += written;
            all += count;
            least = written < least ? written : least;
            within = fmax(within, off);
        }
    }
    print_message(
        "off by %.2f rows at most; within a decade by %.2f, with %.1f of %.1f labels, "
        "%zu at least; ranges grow by %.0f %% at most\n",
        worst, within, (double)labels / (double)counted, (double)all / (double)counted, least,
        (widest - 1) * 100);
    assert_true(worst <= 0.14);
    assert_true(within <= 0.25 && least >= 2);
    assert_true(widest < 1.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_any_range),
        cmocka_unit_test(test_awkward_ranges),
        cmocka_unit_test(test_number_labels),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_any_time),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_fit_between_points),
        cmocka_unit_test(test_align),
        cmocka_unit_test(test_align_log),
        cmocka_unit_test(test_align_few_decades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

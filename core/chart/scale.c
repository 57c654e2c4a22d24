/*
 * Scales and ticks: where a value lies on an axis, and which values of an axis are written
 * beside it. Plain numbers step by 1, 2 or 5 times a power of ten, logarithmic axes by decades,
 * wall time by calendar units in local time (calendar.c), relative time by durations. Called by
 * the rasterisers for their grid lines and by whoever writes the labels.
 */
#include <assay/chart.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart/scale.h"

double assay_scale_to_unit(double value, double lo, double hi, bool log)
{
    if (log) {
        if (!(value > 0) || !(lo > 0) || !(hi > 0))
            return NAN;
        value = log10(value);
        lo = log10(lo);
        hi = log10(hi);
    } else if (!isfinite(hi - lo)) {
        value /= 2;
        lo /= 2;
        hi /= 2;
    }
    return (value - lo) / (hi - lo);
}

double assay_scale_from_unit(double unit, double lo, double hi, bool log)
{
    if (log) {
        if (!(lo > 0) || !(hi > 0))
            return NAN;
        double from = log10(lo);
        return pow(10, from + unit * (log10(hi) - from));
    }
    if (!isfinite(hi - lo))
        return lo * (1 - unit) + hi * unit;
    return lo + unit * (hi - lo);
}

double scale_nice_step(double rough)
{
    double power = pow(10, floor(log10(rough)));
    if (!(power > 0) || !isfinite(power))
        return rough;
    double lead = rough / power;
    /* The slack keeps a range of exactly N steps from being pushed to the next by rounding. */
    double factor = lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10;
    return factor * power;
}

static int decimals_of(double step)
{
    int decimals = (int)ceil(-log10(step) - 1e-9);
    return decimals < 0 ? 0 : decimals;
}

/* How the numbers of one axis are written: value / unit with DECIMALS, then SUFFIX. */
struct number_style {
    double unit;
    int decimals;
    char suffix[8];
};

/* Large numbers take k, M, G, T; very small ones a common power of ten. The largest unit that
   needs no more than two decimals wins, so that 1.5M is not written 1500k, nor 1005k 1.005M. */
static struct number_style number_style(double greatest, double step)
{
    static const struct {
        double unit;
        const char *suffix;
    } units[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    struct number_style style = {.unit = 1, .decimals = decimals_of(step)};

    if (greatest >= 1e18 || (greatest < 1e-3 && greatest > 0)) {
        int exponent = (int)floor(log10(greatest) + 1e-9);
        style.unit = pow(10, exponent);
        if (!(style.unit > 0))
            style.unit = DBL_MIN;
        style.decimals = decimals_of(step / style.unit);
        snprintf(style.suffix, sizeof style.suffix, "e%d", exponent);
    } else if (greatest >= 1e4 || (greatest >= 1e3 && step >= 100)) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            if (greatest < units[i].unit)
                continue;
            int decimals = decimals_of(step / units[i].unit);
            if (decimals > 2 || (decimals > 0 && greatest < 1e4))
                continue;
            style.unit = units[i].unit;
            style.decimals = decimals;
            snprintf(style.suffix, sizeof style.suffix, "%s", units[i].suffix);
            break;
        }
    }
    if (style.decimals > 15)
        style.decimals = 15;
    return style;
}

static void number_label(char out[24], double value, const struct number_style *style)
{
    if (value == 0 && style->suffix[0] != '\0') {
        snprintf(out, 24, "0");
        return;
    }
    snprintf(out, 24, "%.*f%s", style->decimals, value / style->unit, style->suffix);
}

static size_t number_ticks(double lo, double hi, size_t want, bool whole,
                           struct assay_tick *ticks, size_t capacity)
{
    double range = isfinite(hi - lo) ? hi - lo : DBL_MAX;
    double step = scale_nice_step(range / (double)want);
    if (whole && step < 1)
        step = 1;
    /* The first multiple may need the next step up: N intervals can hold N + 1 ticks. */
    for (int tries = 0; tries < 4; tries++) {
        double count = floor(hi / step + 1e-9) - ceil(lo / step - 1e-9) + 1;
        if (count <= (double)want)
            break;
        double wider = scale_nice_step(step * 1.5);
        if (!isfinite(wider))
            break; /* of the widest ranges the first WANT ticks are what there is */
        step = wider;
    }
    double greatest = fmax(fabs(lo), fabs(hi));
    struct number_style style = number_style(greatest, step);
    size_t count = 0;
    double first = ceil(lo / step - 1e-9);
    for (double i = 0; count < want && count < capacity; i++) {
        double value = (first + i) * step;
        if (!(value <= hi + step * 1e-9) || !isfinite(value))
            break;
        if (fabs(value) < step * 1e-9)
            value = 0;
        if (count > 0 && value <= ticks[count - 1].value)
            break; /* the range is finer than a double */
        ticks[count].value = value;
        number_label(ticks[count].label, value, &style);
        count++;
    }
    return count;
}

/* A number that stands alone on a logarithmic axis. */
static void log_label(char out[24], double value, bool exponents)
{
    int exponent = (int)floor(log10(value) + 1e-9);
    double lead = value / pow(10, exponent);
    if (exponents || exponent < -3 || exponent >= 15)
        snprintf(out, 24, "%.0fe%d", lead, exponent);
    else if (exponent < 0)
        snprintf(out, 24, "%.*f", -exponent, value);
    else if (exponent < 3)
        snprintf(out, 24, "%.0f", value);
    else
        snprintf(out, 24, "%.0f%c", value / pow(10, exponent / 3 * 3), " kMGT"[exponent / 3]);
}

static size_t log_ticks(double lo, double hi, size_t want, struct assay_tick *ticks,
                        size_t capacity)
{
    double from = log10(lo), to = log10(hi);
    int first = (int)ceil(from - 1e-9), last = (int)floor(to + 1e-9);
    int decades = last - first + 1;

    if (decades < 2 && to - from < 1)
        return number_ticks(lo, hi, want, false, ticks, capacity);
    static const double leads[] = {1, 2, 5};
    size_t per_decade = (double)want >= (to - from) * 3 + 1 ? 3 : 1;
    int stride = 1;
    while (per_decade == 1 && (size_t)((decades + stride - 1) / stride) > want)
        stride++;
    bool exponents = first < -3 || last > 6;
    size_t count = 0;
    for (int exponent = first - 1; exponent <= last + 1; exponent++) {
        if (stride > 1 && (exponent % stride + stride) % stride != 0)
            continue;
        for (size_t i = 0; i < per_decade && count < want && count < capacity; i++) {
            double value = leads[i] * pow(10, exponent);
            if (value < lo * (1 - 1e-9) || value > hi * (1 + 1e-9) || !(value > 0))
                continue;
            ticks[count].value = value;
            log_label(ticks[count].label, value, exponents);
            count++;
        }
    }
    return count;
}

/* Makes labels distinct, which rounding (or a clock set back for winter) may have made equal.
 */
static size_t drop_equal_labels(struct assay_tick *ticks, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t j = 0; j < kept && !seen; j++)
            seen = strcmp(ticks[j].label, ticks[i].label) == 0;
        if (!seen)
            ticks[kept++] = ticks[i];
    }
    return kept;
}

size_t assay_chart_ticks(double lo, double hi, bool log, enum assay_axis axis, bool is_y,
                         size_t want, struct assay_tick *ticks, size_t capacity)
{
    size_t count;

    if (want > capacity)
        want = capacity;
    if (want == 0 || !isfinite(lo) || !isfinite(hi) || !(lo < hi) || (log && !(lo > 0)))
        return 0;
    if (!is_y && axis == ASSAY_AXIS_TIME)
        count = scale_time_ticks(lo, hi, want, ticks);
    else if (!is_y && axis == ASSAY_AXIS_RELATIVE)
        count = scale_duration_ticks(lo, hi, log, want, ticks);
    else if (log)
        count = log_ticks(lo, hi, want, ticks, capacity);
    else
        count = number_ticks(lo, hi, want, !is_y && hi - lo >= 2, ticks, capacity);
    for (size_t i = 0; i < count; i++)
        ticks[i].unit = assay_scale_to_unit(ticks[i].value, lo, hi, log);
    return drop_equal_labels(ticks, count);
}

/* Points for tests of series: see points.h. */
#include "support/points.h"

/* xorshift64*, Vigna 2014. */
uint64_t points_random(struct points_rng *rng)
{
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return rng->state * 0x2545f4914f6cdd1dULL;
}

double points_random_unit(struct points_rng *rng)
{
    return (double)(points_random(rng) >> 11) * 0x1p-53;
}

static int64_t next_key(struct points_rng *rng, int manner, int64_t key, size_t i)
{
    uint64_t random = points_random(rng);
    switch (manner) {
    case 0: /* regular */
        return key + 10;
    case 1: /* forward, sometimes not at all */
        return key + (int64_t)(random % 4);
    case 2: /* restarts */
        return random % 500 == 0 ? key - (int64_t)(random >> 32) % 2000 : key + 1;
    case 3: /* no order at all */
        return (int64_t)(random % 100000) - 50000;
    case 4: /* anything that fits */
        return (int64_t)random;
    case 5: /* the ends of the range */
        return i % 3 ? (i % 3 == 1 ? INT64_MIN : INT64_MAX) : (int64_t)i;
    case 6: /* slow clocks */
        return 1700000000000 + (int64_t)(i * 977 + random % 3000);
    default: /* all the same */
        return key;
    }
}

static double next_value(struct points_rng *rng, int manner, double value)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, -0.0,
                                     0.0, 1e300,    5e-324,    -1e-310};
    double unit = points_random_unit(rng);
    switch (manner) {
    case 0:
        return (double)(float)(value + unit - 0.5);
    case 1:
        return value + unit - 0.5;
    case 2:
        return unit < 0.05 ? special[points_random(rng) % 8] : unit;
    case 3:
        return special[points_random(rng) % 3]; /* nothing finite */
    case 4:
        return (double)(int64_t)(unit * 3); /* few, so that ties happen */
    default:
        return 0.25;
    }
}

void points_fill(struct points_rng *rng, struct assay_point *points, size_t count)
{
    int steps = (int)(points_random(rng) % 8), times = (int)(points_random(rng) % 8);
    int values = (int)(points_random(rng) % 6);
    struct assay_point point = {.step = (int64_t)(points_random(rng) % 1000) - 500,
                                .time_ms = (int64_t)(points_random(rng) % 100000)};
    for (size_t i = 0; i < count; i++) {
        point.step = next_key(rng, steps, point.step, i);
        point.time_ms = next_key(rng, times, point.time_ms, i);
        point.value = next_value(rng, values, isfinite(point.value) ? point.value : 0);
        points[i] = point;
    }
}

struct assay_series *points_series(size_t count, double (*value)(size_t step))
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    for (size_t i = 0; i < count; i++)
        assay_series_add(series, &(struct assay_point){.step = (int64_t)i, .value = value(i)},
                         1);
    return series;
}

bool points_same_value(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return memcmp(&a, &b, sizeof a) == 0;
}

void assert_points_equal(const struct assay_point *expected, const struct assay_point *actual,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (expected[i].step == actual[i].step && expected[i].time_ms == actual[i].time_ms &&
            points_same_value(expected[i].value, actual[i].value))
            continue;
        fail_msg("point %zu of %zu: expected (%lld, %lld, %.17g), got (%lld, %lld, %.17g)", i,
                 count, (long long)expected[i].step, (long long)expected[i].time_ms,
                 expected[i].value, (long long)actual[i].step, (long long)actual[i].time_ms,
                 actual[i].value);
    }
}

static double rank(double value)
{
    return isnan(value) ? 0 : value;
}

void assert_summary_equal(const struct assay_summary *actual, const struct assay_point *points,
                          size_t count, enum assay_last_rule rule)
{
    double min = NAN, max = NAN;
    size_t nonfinite = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        const struct assay_point *a = &points[i], *b = &points[last];
        min = isfinite(a->value) ? fmin(min, a->value) : min;
        max = isfinite(a->value) ? fmax(max, a->value) : max;
        nonfinite += !isfinite(a->value);
        if (a->step > b->step || (a->step == b->step && (a->time_ms > b->time_ms ||
                                                         (a->time_ms == b->time_ms &&
                                                          (rule == ASSAY_LAST_WRITTEN ||
                                                           rank(a->value) > rank(b->value))))))
            last = i;
    }
    assert_int_equal(actual->n, count);
    assert_int_equal(actual->nonfinite, nonfinite);
    assert_true(actual->min == min || (isnan(min) && isnan(actual->min)));
    assert_true(actual->max == max || (isnan(max) && isnan(actual->max)));
    assert_true(actual->step == points[last].step);
    assert_true(actual->time_ms == points[last].time_ms);
    assert_true(points_same_value(actual->last, points[last].value));
}

/*
 * Views: segments, searches, extremes and pixel columns against brute force over the points,
 * along every axis, for orderly and for hopeless series.
 */
#include "support/points.h"

#include <assay/memory.h>

enum { MOST = 40000 };

struct fixture {
    struct points_rng rng;
    struct assay_point *points;
    size_t count;
    struct assay_series *series;
};

static int64_t key_of(const struct assay_point *point, enum assay_axis axis)
{
    return axis == ASSAY_AXIS_STEP ? point->step : point->time_ms;
}

static size_t count_stretches(const struct assay_point *points, size_t count,
                              enum assay_axis axis)
{
    size_t stretches = count > 0;
    for (size_t i = 1; i < count; i++)
        stretches += key_of(&points[i], axis) < key_of(&points[i - 1], axis);
    return stretches;
}

/* The segments of a series that is in some order, against the definition. */
static void check_segments(const struct assay_view *view, const struct assay_point *points,
                           size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < view->segment_count; i++) {
        const struct assay_segment *segment = &view->segments[i];
        assert_int_equal(segment->first, at);
        assert_true(segment->count > 0);
        at += segment->count;
        int64_t bound = INT64_MAX;
        for (size_t k = i + 1; k < view->segment_count; k++) {
            int64_t first = key_of(&points[view->segments[k].first], view->axis);
            bound = first < bound ? first : bound;
        }
        size_t live = 0;
        for (size_t k = segment->first; k < at; k++)
            live += i + 1 == view->segment_count || key_of(&points[k], view->axis) < bound;
        assert_int_equal(segment->live, live);
    }
    assert_int_equal(at, count);
}

static double some_x(struct fixture *fixture, const struct assay_view *view)
{
    uint64_t random = points_random(&fixture->rng);
    struct assay_point point = assay_view_point(view, random % fixture->count);
    double x = assay_point_x(&point, view->axis, view->origin_ms);
    switch (random >> 61) {
    case 0:
        return x + 0.5;
    case 1:
        return nextafter(x, -INFINITY);
    case 2:
        return nextafter(x, INFINITY);
    case 3:
        return (points_random_unit(&fixture->rng) - 0.5) * 1e5;
    default:
        return x;
    }
}

static void check_find(const struct assay_view *view, const struct assay_segment *segment,
                       double x)
{
    for (int after = 0; after < 2; after++) {
        size_t found = assay_view_find(view, segment, x, after),
               end = segment->first + segment->count;
        assert_in_range(found, segment->first, end);
        /* Along a segment x never goes back, so its two neighbours prove the answer. */
        for (size_t i = found ? found - 1 : 0; i <= found; i++) {
            if (i < segment->first || i >= end)
                continue;
            struct assay_point point = assay_view_point(view, i);
            double at = assay_point_x(&point, view->axis, view->origin_ms);
            assert_true((i >= found) == (after ? at > x : at >= x));
        }
    }
}

static struct assay_extent brute_extent(const struct assay_point *points, size_t from,
                                        size_t to)
{
    struct assay_extent extent = {.min = NAN, .max = NAN};
    for (size_t i = from; i < to; i++) {
        if (!isfinite(points[i].value)) {
            extent.nonfinite++;
            continue;
        }
        extent.min = fmin(extent.min, points[i].value);
        extent.max = fmax(extent.max, points[i].value);
    }
    return extent;
}

static void assert_extent_equal(struct assay_extent expected, double min, double max,
                                size_t nonfinite)
{
    assert_true(expected.min == min || (isnan(expected.min) && isnan(min)));
    assert_true(expected.max == max || (isnan(expected.max) && isnan(max)));
    assert_int_equal(expected.nonfinite, nonfinite);
}

static void check_columns(struct fixture *fixture, const struct assay_view *view,
                          const struct assay_segment *segment, const struct assay_point *points)
{
    enum { COLUMNS = 50 };
    double edges[COLUMNS + 1];
    struct assay_view_column columns[COLUMNS];
    double a = some_x(fixture, view), b = some_x(fixture, view);
    for (size_t i = 0; i <= COLUMNS; i++)
        edges[i] = fmin(a, b) + fabs(b - a) * (double)i / COLUMNS;
    assay_view_columns(view, segment, edges, COLUMNS, columns);
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t from = assay_view_find(view, segment, edges[i], false);
        size_t to = assay_view_find(view, segment, edges[i + 1], false);
        assert_int_equal(columns[i].count, to - from);
        assert_extent_equal(brute_extent(points, from, to), columns[i].min, columns[i].max,
                            columns[i].nonfinite);
        if (from == to)
            continue;
        assert_int_equal(columns[i].from, from);
        assert_true(columns[i].x_first ==
                    assay_point_x(&points[from], view->axis, view->origin_ms));
        assert_true(columns[i].x_last ==
                    assay_point_x(&points[to - 1], view->axis, view->origin_ms));
        assert_true(points_same_value(columns[i].first, points[from].value));
        assert_true(points_same_value(columns[i].last, points[to - 1].value));
    }
}

static void check_axis(struct fixture *fixture, enum assay_axis axis)
{
    struct assay_view view;
    assay_series_view(fixture->series, axis, &view);
    const struct assay_point *points = fixture->points;
    struct assay_point *copy = NULL;
    size_t count = fixture->count;
    size_t stretches = count_stretches(points, count, axis);
    if (stretches <= ASSAY_SEGMENTS_MAX) {
        assert_ptr_equal(view.series, fixture->series);
        assert_int_equal(view.segment_count, stretches);
        if (stretches < 50)
            check_segments(&view, points, count);
    } else {
        assert_int_equal(view.segment_count, 1);
        assert_int_equal(view.segments[0].count, count);
        assert_int_equal(view.segments[0].live, count);
        points = copy = assay_alloc_array(count, sizeof *copy);
        assay_series_get(view.series, 0, count, copy);
        assert_int_equal(count_stretches(copy, count, axis), 1);
    }
    for (int i = 0; i < 40; i++) {
        size_t from = points_random(&fixture->rng) % count;
        size_t to = from + points_random(&fixture->rng) % (count - from + 1);
        struct assay_extent extent = assay_view_extent(&view, from, to);
        assert_extent_equal(brute_extent(points, from, to), extent.min, extent.max,
                            extent.nonfinite);
        struct assay_point point = assay_view_point(&view, from);
        assert_points_equal(&points[from], &point, 1);
        const struct assay_segment *segment =
            &view.segments[points_random(&fixture->rng) % view.segment_count];
        check_find(&view, segment, some_x(fixture, &view));
        if (i % 10 == 0)
            check_columns(fixture, &view, segment, points);
    }
    free(copy);
}

static void test_against_brute_force(void **state)
{
    (void)state;
    struct fixture fixture = {.rng = {.state = 3}};
    fixture.points = assay_alloc_array(MOST, sizeof *fixture.points);
    for (int round = 0; round < 150; round++) {
        fixture.series = assay_series_new(ASSAY_LAST_WRITTEN);
        fixture.count = 0;
        size_t total = 1 + points_random(&fixture.rng) % (round % 5 ? 9000 : MOST);
        points_fill(&fixture.rng, fixture.points, total);
        while (fixture.count < total) { /* looked at while it grows, as live series are */
            size_t take = 1 + points_random(&fixture.rng) % (total - fixture.count);
            assay_series_add(fixture.series, fixture.points + fixture.count, take);
            fixture.count += take;
            check_axis(&fixture, (enum assay_axis)(points_random(&fixture.rng) % 3));
        }
        for (int axis = 0; axis < 3; axis++)
            check_axis(&fixture, (enum assay_axis)axis);
        assay_series_free(&fixture.series);
    }
    free(fixture.points);
}

static void test_long_series_use_every_level(void **state)
{
    (void)state;
    enum { N = 4500000 }; /* more than 16 * 16 chunks */
    struct points_rng rng = {.state = 11};
    struct assay_point *points = assay_alloc_array(N, sizeof *points);
    for (size_t i = 0; i < N; i++)
        points[i] = (struct assay_point){.step = (int64_t)i, .value = points_random_unit(&rng)};
    points[3000000].value = 1e6; /* one spike */
    points[17].value = NAN;
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    assay_series_add(series, points, 70000);
    for (size_t i = 70000; i < N; i += ASSAY_CHUNK_POINTS) /* off the chunks' own grid */
        assay_series_add_chunk(series, assay_chunk_pack(points + i, N - i < ASSAY_CHUNK_POINTS
                                                                        ? N - i
                                                                        : ASSAY_CHUNK_POINTS));
    struct assay_view view;
    assay_series_view(series, ASSAY_AXIS_STEP, &view);
    assert_true(assay_view_extent(&view, 0, N).max == 1e6);
    assert_int_equal(assay_view_extent(&view, 0, N).nonfinite, 1);
    for (int i = 0; i < 60; i++) {
        size_t from = points_random(&rng) % N, to = from + points_random(&rng) % (N - from + 1);
        struct assay_extent extent = assay_view_extent(&view, from, to);
        assert_extent_equal(brute_extent(points, from, to), extent.min, extent.max,
                            extent.nonfinite);
        assert_int_equal(assay_view_find(&view, &view.segments[0], (double)from, false), from);
        assert_true(assay_view_point(&view, from).step == (int64_t)from);
    }
    assay_series_free(&series);
    free(points);
}

static void test_restart(void **state)
{
    (void)state;
    static const int64_t steps[] = {0, 1, 2, 3, 4, 2, 3, 3, 4, 5, 4, 6};
    struct assay_point points[ASSAY_COUNT(steps)];
    for (size_t i = 0; i < ASSAY_COUNT(steps); i++)
        points[i] = (struct assay_point){.step = steps[i], .time_ms = (int64_t)i * 1000};
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_view view;
    assay_series_add(series, points, ASSAY_COUNT(points));
    assay_series_view(series, ASSAY_AXIS_STEP, &view);
    assert_int_equal(view.segment_count, 3);
    assert_int_equal(view.segments[0].count, 5);
    assert_int_equal(view.segments[0].live, 2);
    assert_int_equal(view.segments[1].count, 5);
    assert_int_equal(view.segments[1].live, 3);
    assert_int_equal(view.segments[2].live, 2);
    assay_series_view(series, ASSAY_AXIS_RELATIVE, &view);
    assert_int_equal(view.segment_count, 1);
    assert_int_equal(assay_view_find(&view, view.segments, 3.0, false), 3);
    assert_int_equal(assay_view_find(&view, view.segments, 3.0, true), 4);
    assert_int_equal(assay_view_find(&view, view.segments, NAN, false), ASSAY_COUNT(points));
    assert_int_equal(assay_view_find(&view, view.segments, INFINITY, false),
                     ASSAY_COUNT(points));
    assert_int_equal(assay_view_find(&view, view.segments, -INFINITY, true), 0);
    assay_series_free(&series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_brute_force),
        cmocka_unit_test(test_long_series_use_every_level),
        cmocka_unit_test(test_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

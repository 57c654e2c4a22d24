/*
 * Series: however points come (one by one, in heaps, in chunks short and long, with views in
 * between), they are the same series; sorting and summaries agree with brute force.
 */
#include "support/points.h"

#include <assay/memory.h>

enum { MOST = 30000 };

/* Adds POINTS in pieces of all sizes by both ways, with a view now and then. */
static struct assay_series *series_in_pieces(struct points_rng *rng, enum assay_last_rule rule,
                                             const struct assay_point *points, size_t count)
{
    static const size_t sizes[] = {1, 3, 60, 900, 1500, 4096, 9000};
    struct assay_series *series = assay_series_new(rule);
    size_t largest = sizes[points_random(rng) % ASSAY_COUNT(sizes)];
    for (size_t at = 0, take; at < count; at += take) {
        take = 1 + points_random(rng) % largest;
        take = take < count - at ? take : count - at;
        uint64_t version = assay_series_version(series);
        if (take <= ASSAY_CHUNK_POINTS && points_random(rng) % 2)
            assay_series_add_chunk(series, assay_chunk_pack(points + at, take));
        else
            assay_series_add(series, points + at, take);
        assert_true(assay_series_version(series) == version + 1);
        if (points_random(rng) % 8 == 0) {
            struct assay_view view;
            assay_series_view(series, (enum assay_axis)(points_random(rng) % 3), &view);
        }
    }
    return series;
}

static void test_pieces_make_the_whole(void **state)
{
    (void)state;
    struct points_rng rng = {.state = 7};
    struct assay_point *points = assay_alloc_array(MOST, sizeof *points);
    struct assay_point *back = assay_alloc_array(MOST, sizeof *back);
    for (int round = 0; round < 120; round++) {
        size_t count = 1 + points_random(&rng) % (round % 4 ? 3000 : MOST);
        enum assay_last_rule rule = round % 2 ? ASSAY_LAST_VALUE : ASSAY_LAST_WRITTEN;
        points_fill(&rng, points, count);
        struct assay_series *series = series_in_pieces(&rng, rule, points, count);

        assert_int_equal(assay_series_count(series), count);
        assay_series_get(series, 0, count, back);
        assert_points_equal(points, back, count);
        assert_summary_equal(assay_series_summary(series), points, count, rule);
        int64_t earliest = points[0].time_ms;
        for (size_t i = 0; i < count; i++)
            earliest = points[i].time_ms < earliest ? points[i].time_ms : earliest;
        assert_true(assay_series_origin(series) == earliest);
        for (int i = 0; i < 20; i++) {
            size_t from = points_random(&rng) % count;
            size_t some = points_random(&rng) % (count - from + 1);
            assay_series_get(series, from, some, back);
            assert_points_equal(points + from, back, some);
        }
        assay_series_free(&series);
        assert_null(series);
    }
    free(points);
    free(back);
}

/* An independent stable sort: by the key, then by the place it was written at. */
struct placed {
    struct assay_point point;
    size_t place;
};

static int compare_placed(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    if (a->point.step != b->point.step)
        return a->point.step < b->point.step ? -1 : 1;
    if (a->point.time_ms != b->point.time_ms)
        return a->point.time_ms < b->point.time_ms ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

static void test_sorted(void **state)
{
    (void)state;
    struct points_rng rng = {.state = 99};
    struct assay_point *points = assay_alloc_array(MOST, sizeof *points);
    struct placed *placed = assay_alloc_array(MOST, sizeof *placed);
    for (int round = 0; round < 60; round++) {
        size_t count = 1 + points_random(&rng) % 9000, sorted_count;
        points_fill(&rng, points, count);
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        assay_series_add(series, points, count);
        for (size_t i = 0; i < count; i++)
            placed[i] = (struct placed){.point = points[i], .place = i};
        qsort(placed, count, sizeof *placed, compare_placed);
        for (size_t i = 0; i < count; i++)
            points[i] = placed[i].point;
        struct assay_point *sorted = assay_series_sorted(series, &sorted_count);
        assert_int_equal(sorted_count, count);
        assert_points_equal(points, sorted, count);
        free(sorted);
        assay_series_free(&series);
    }
    free(points);
    free(placed);
}

static void test_empty(void **state)
{
    (void)state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_view view;
    size_t count = 1;
    assay_series_add(series, NULL, 0);
    assert_int_equal(assay_series_count(series), 0);
    assert_int_equal(assay_series_version(series), 0);
    assert_true(isnan(assay_series_summary(series)->last));
    assert_true(isnan(assay_series_summary(series)->min));
    struct assay_point *sorted = assay_series_sorted(series, &count);
    assert_int_equal(count, 0);
    free(sorted);
    assay_series_view(series, ASSAY_AXIS_RELATIVE, &view);
    assert_int_equal(view.segment_count, 0);
    assert_true(isnan(assay_view_extent(&view, 0, 0).min));
    assay_series_free(&series);
    assay_series_free(&series);
}

/* MLflow's rule on one step and time: the greatest value, NaN counting as 0. */
static void test_last_by_value(void **state)
{
    (void)state;
    static const struct {
        double values[3];
        double last;
    } cases[] = {
        {{1, 3, 2}, 3},
        {{-1, NAN, -2}, NAN},
        {{1, NAN, -1}, 1},
        {{NAN, 5, 2}, 5},
        {{-INFINITY, NAN, -3}, NAN},
        {{-3, -1, -2}, -1},
        {{1, INFINITY, 2}, INFINITY},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_summary whole = ASSAY_SUMMARY_EMPTY, merged = ASSAY_SUMMARY_EMPTY;
        struct assay_series *chunks = assay_series_new(ASSAY_LAST_VALUE);
        struct assay_point points[3];
        for (size_t k = 0; k < 3; k++) {
            points[k] =
                (struct assay_point){.step = 4, .time_ms = 9, .value = cases[i].values[k]};
            struct assay_summary one = ASSAY_SUMMARY_EMPTY;
            assay_summary_add(&one, &points[k], ASSAY_LAST_VALUE);
            assay_summary_add(&whole, &points[k], ASSAY_LAST_VALUE);
            assay_summary_merge(&merged, &one, ASSAY_LAST_VALUE);
        }
        assay_series_add_chunk(chunks, assay_chunk_pack(points, 3));
        assert_true(points_same_value(whole.last, cases[i].last));
        assert_true(points_same_value(merged.last, cases[i].last));
        assert_true(points_same_value(assay_series_summary(chunks)->last, cases[i].last));
        assay_series_free(&chunks);
    }
}

/* What a long series costs: the promise of the header, for the usual kind and the worst. */
static void test_memory(void **state)
{
    (void)state;
    enum { N = 200000 };
    struct assay_point *points = assay_alloc_array(N, sizeof *points);
    struct points_rng rng = {.state = 5};
    for (int worst = 0; worst < 2; worst++) {
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        for (size_t i = 0; i < N; i++) {
            double unit = points_random_unit(&rng);
            points[i].step = (int64_t)i * 100;
            points[i].time_ms = 1700000000000 + (int64_t)i * 50 + (int64_t)(unit * 9);
            points[i].value = worst ? unit : (double)(float)unit;
            if (worst)
                points[i].step = (int64_t)(points_random(&rng) >> 1) / N * (int64_t)i;
        }
        for (size_t i = 0; i < N; i += 10) /* as a live source appends */
            assay_series_add(series, points + i, 10);
        struct assay_view view;
        assay_series_view(series, ASSAY_AXIS_TIME, &view);
        double each = (double)assay_series_bytes(series) / N;
        assert_true(each < (worst ? 24 : 9.5));
        assay_series_free(&series);
    }
    free(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_make_the_whole),
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_last_by_value),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

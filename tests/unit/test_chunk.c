/*
 * Chunks: what is packed comes back bit for bit, in the width it should take; stored bytes that
 * do not hold together are refused.
 */
#include "support/points.h"

#include <assay/memory.h>

#include "series/parts.h"

static void check_round_trip(const struct assay_point *points, size_t count)
{
    struct assay_chunk *chunk = assay_chunk_pack(points, count);
    struct assay_point *back = assay_alloc_array(count, sizeof *back);
    size_t length;
    const void *bytes = assay_chunk_bytes(chunk, &length);

    assert_int_equal(assay_chunk_count(chunk), count);
    assay_chunk_get(chunk, 0, count, back);
    assert_points_equal(points, back, count);
    assert_summary_equal(assay_chunk_summary(chunk), points, count, ASSAY_LAST_WRITTEN);

    struct assay_error err = {0};
    struct assay_chunk *loaded = NULL;
    assert_int_equal(assay_chunk_load(&loaded, bytes, length, &err), ASSAY_OK);
    memset(back, 0, count * sizeof *back);
    for (size_t i = 0; i < count; i += 7) /* in pieces, from anywhere */
        assay_chunk_get(loaded, i, count - i < 7 ? count - i : 7, back + i);
    assert_points_equal(points, back, count);
    assert_summary_equal(assay_chunk_summary(loaded), points, count, ASSAY_LAST_WRITTEN);
    size_t again;
    assert_memory_equal(bytes, assay_chunk_bytes(loaded, &again), length);
    assert_int_equal(again, length);
    /* What loading finds out is what packing found out. */
    assert_int_equal(loaded->steps.ascending, chunk->steps.ascending);
    assert_int_equal(loaded->times.ascending, chunk->times.ascending);
    assert_int_equal(chunk_first_time(loaded), chunk_first_time(chunk));
    assert_int_equal(loaded->node_count, chunk->node_count);
    assert_memory_equal(loaded->nodes, chunk->nodes, chunk->node_count * sizeof *chunk->nodes);
    assay_chunk_unref(loaded);

    unsigned char *anywhere = assay_alloc(length + 1); /* bytes that lie at no multiple */
    memcpy(anywhere + 1, bytes, length);
    assert_int_equal(assay_chunk_load(&loaded, anywhere + 1, length, &err), ASSAY_OK);
    assert_memory_equal(bytes, assay_chunk_bytes(loaded, &again), length);
    free(anywhere);

    assay_chunk_unref(loaded);
    assay_chunk_unref(chunk);
    free(back);
}

static size_t packed_length(const struct assay_point *points, size_t count)
{
    struct assay_chunk *chunk = assay_chunk_pack(points, count);
    size_t length;
    assay_chunk_bytes(chunk, &length);
    assay_chunk_unref(chunk);
    return length;
}

static void test_random_points_survive(void **state)
{
    (void)state;
    struct assay_point points[ASSAY_CHUNK_POINTS];
    struct points_rng rng = {.state = 42};
    for (int round = 0; round < 400; round++) {
        size_t count =
            round < 40 ? (size_t)round + 1 : 1 + points_random(&rng) % ASSAY_CHUNK_POINTS;
        points_fill(&rng, points, count);
        check_round_trip(points, count);
    }
}

static void test_widths(void **state)
{
    (void)state;
    enum { N = 4096, HEADER = 96 };
    static struct assay_point points[N];
    for (int i = 0; i < N; i++)
        points[i] = (struct assay_point){.step = i * 10, .time_ms = 5000 + i, .value = i * 0.5};
    assert_int_equal(packed_length(points, N), HEADER + N * 4);
    points[7].value = 0.1; /* no float */
    assert_int_equal(packed_length(points, N), HEADER + N * 8);
    points[7].value = NAN;
    assert_int_equal(packed_length(points, N), HEADER + N * 4);
    points[7].value = 1e300; /* beyond floats */
    assert_int_equal(packed_length(points, N), HEADER + N * 8);
    points[7].value = -INFINITY;
    points[9].value = -0.0;
    assert_int_equal(packed_length(points, N), HEADER + N * 4);
    check_round_trip(points, N);
    for (int i = 0; i < N; i++)
        points[i].time_ms = -i * i % 251;
    assert_int_equal(packed_length(points, N), HEADER + N * 5);
    points[3].time_ms = 300;
    assert_int_equal(packed_length(points, N), HEADER + N * 6);
    points[3].time_ms = 70000;
    points[4].step = 11;
    assert_int_equal(packed_length(points, N), HEADER + N * 4 + N * 4 + N * 2);
    points[3].time_ms = INT64_MAX;
    points[4].time_ms = INT64_MIN;
    assert_int_equal(packed_length(points, N), HEADER + N * 4 + N * 8 + N * 2);
    check_round_trip(points, N);
}

static void test_extreme_keys(void **state)
{
    (void)state;
    static const int64_t keys[][3] = {
        {INT64_MIN, INT64_MAX, INT64_MIN}, {INT64_MAX, INT64_MIN, 0},
        {INT64_MIN, 0, INT64_MAX},         {INT64_MIN, -1, INT64_MAX - 1},
        {INT64_MAX, INT64_MAX, INT64_MAX}, {INT64_MAX, 0, -INT64_MAX},
        {-1, INT64_MAX, INT64_MIN},        {0, INT64_MIN, 1},
    };
    for (size_t i = 0; i < ASSAY_COUNT(keys); i++) {
        struct assay_point points[3];
        for (size_t k = 0; k < 3; k++)
            points[k] = (struct assay_point){
                .step = keys[i][k], .time_ms = keys[i][2 - k], .value = (double)k};
        check_round_trip(points, 1);
        check_round_trip(points, 2);
        check_round_trip(points, 3);
    }
}

static void assert_refused(const void *bytes, size_t length)
{
    struct assay_error err = {0};
    struct assay_chunk *chunk = NULL;
    assert_int_equal(assay_chunk_load(&chunk, bytes, length, &err), ASSAY_CORRUPT);
    assert_null(chunk);
    assert_non_null(strstr(err.what, "stored points"));
}

static void test_damage_is_refused(void **state)
{
    (void)state;
    struct assay_point points[100];
    for (int i = 0; i < 100; i++)
        points[i] = (struct assay_point){.step = i * i, .time_ms = i, .value = i};
    struct assay_chunk *chunk = assay_chunk_pack(points, 100);
    size_t length;
    const unsigned char *bytes = assay_chunk_bytes(chunk, &length);
    unsigned char *copy = assay_alloc(length + 8);

    for (size_t cut = 0; cut < length; cut++)
        assert_refused(bytes, cut);
    memcpy(copy, bytes, length);
    assert_refused(copy, length + 8);
    for (size_t at = 0; at < 96; at++) { /* every byte of the header is checked */
        memcpy(copy, bytes, length);
        copy[at] ^= 0xff;
        assert_refused(copy, length);
    }
    memcpy(copy, bytes, length);
    copy[length - 4] ^= 0x40; /* the last value */
    assert_refused(copy, length);
    free(copy);
    assay_chunk_unref(chunk);
}

/* Offsets that lead past 64 bits, in every width. */
static void test_keys_out_of_range(void **state)
{
    static const int64_t spans[] = {200, 60000, 4000000000, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(spans); i++) {
        const struct assay_point points[] = {
            {.step = 0}, {.step = 1}, {.step = spans[i]}, {.step = spans[i]}};
        struct assay_chunk *chunk = assay_chunk_pack(points, 4), *loaded = NULL;
        struct assay_error err = {0};
        int64_t base = INT64_MAX - spans[i] + 1;
        size_t length;
        const void *bytes = assay_chunk_bytes(chunk, &length);
        unsigned char *copy = assay_alloc(length);
        memcpy(copy, bytes, length);
        memcpy(copy + 16, &base, sizeof base);
        assert_int_equal(assay_chunk_load(&loaded, copy, length, &err), ASSAY_CORRUPT);
        assert_non_null(strstr(err.what, "out of range"));
        free(copy);
        assay_chunk_unref(chunk);
    }
}

static void test_references(void **state)
{
    (void)state;
    struct assay_point point = {.step = 1, .value = 2};
    struct assay_chunk *chunk = assay_chunk_pack(&point, 1);
    assert_ptr_equal(assay_chunk_ref(chunk), chunk);
    assay_chunk_unref(chunk);
    assert_int_equal(assay_chunk_count(chunk), 1);
    assay_chunk_unref(chunk);
    assay_chunk_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_points_survive), cmocka_unit_test(test_widths),
        cmocka_unit_test(test_extreme_keys),          cmocka_unit_test(test_damage_is_refused),
        cmocka_unit_test(test_keys_out_of_range),     cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

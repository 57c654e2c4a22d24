/* Memory, buffers, maps, errors: growth, bounds, and what is left after a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/error.h>
#include <assay/map.h>
#include <assay/memory.h>

static void test_buf_grows(void **state)
{
    (void)state;
    struct assay_buf buf = {0};
    assert_string_equal(assay_buf_text(&buf), "");
    assay_buf_text_add(&buf, NULL);
    for (int i = 0; i < 1000; i++)
        assay_buf_format(&buf, "%d,", i);
    assert_int_equal(buf.length, strlen(buf.data));
    assert_int_equal(strncmp(buf.data, "0,1,2,", 6), 0);
    assay_buf_reset(&buf);
    assert_string_equal(assay_buf_text(&buf), "");
    assay_buf_format(&buf, "%0*d", 5000, 7); /* longer than any fixed buffer inside */
    assert_int_equal(buf.length, 5000);
    assert_int_equal(buf.data[4999], '7');
    char *text = assay_buf_take(&buf);
    assert_int_equal(strlen(text), 5000);
    assert_null(buf.data);
    free(text);
    assay_buf_repeat(&buf, "ab", 3);
    assay_buf_char(&buf, '!');
    assert_string_equal(assay_buf_text(&buf), "ababab!");
    assay_buf_free(&buf);
}

static void test_buf_limit(void **state)
{
    (void)state;
    struct assay_buf buf = {.limit = 10};
    assay_buf_text_add(&buf, "12345");
    assert_false(buf.overflow);
    assay_buf_text_add(&buf, "678901");
    assert_true(buf.overflow);
    assert_string_equal(assay_buf_text(&buf), "12345");
    assay_buf_repeat(&buf, "ab", SIZE_MAX);
    assay_buf_format(&buf, "%0*d", 400, 1);
    assert_string_equal(assay_buf_text(&buf), "12345");
    assay_buf_free(&buf);
}

static void test_arena(void **state)
{
    (void)state;
    struct assay_arena arena = {0};
    char *first = assay_arena_strdup(&arena, "first");
    for (size_t i = 0; i < 2000; i++) {
        unsigned char *memory = assay_arena_alloc(&arena, i * 7 % 3000);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t b = 0; b < i * 7 % 3000; b++)
            assert_int_equal(memory[b], 0);
        memset(memory, 0xee, i * 7 % 3000);
    }
    char *large = assay_arena_alloc(&arena, 5u << 20);
    large[(5u << 20) - 1] = 'x';
    assert_string_equal(first, "first");
    assert_null(assay_arena_strdup(&arena, NULL));
    assert_string_equal(assay_arena_strndup(&arena, "abcdef", 3), "abc");
    assay_arena_free(&arena);
    assert_null(arena.blocks);
    assert_string_equal(assay_arena_strdup(&arena, "again"), "again");
    assay_arena_free(&arena);
}

static void test_grow(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        ASSAY_GROW(items, capacity, (size_t)i + 1);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    free(items);
    char *copy = assay_strdup("copy");
    assert_string_equal(copy, "copy");
    free(copy);
    assert_null(assay_strdup(NULL));
}

static void test_map(void **state)
{
    (void)state;
    struct assay_map map = {0};
    char key[32];
    assert_int_equal(assay_map_get(&map, "x", 1), ASSAY_MAP_NONE);
    for (uint32_t i = 0; i < 50000; i++) {
        int length = snprintf(key, sizeof key, "key %u", i);
        const char *kept = assay_map_set(&map, key, (size_t)length, i);
        assert_string_equal(kept, key);
        assert_ptr_not_equal(kept, key);
    }
    assert_int_equal(map.count, 50000);
    for (uint32_t i = 0; i < 50000; i++) {
        int length = snprintf(key, sizeof key, "key %u", i);
        assert_int_equal(assay_map_get(&map, key, (size_t)length), i);
    }
    assert_int_equal(assay_map_get(&map, "key 50000", 9), ASSAY_MAP_NONE);
    const char *first = assay_map_set(&map, "key 7", 5, 700);
    assert_ptr_equal(assay_map_set(&map, "key 7", 5, 701), first);
    assert_int_equal(assay_map_get(&map, "key 7", 5), 701);
    assert_int_equal(map.count, 50000);
    assay_map_set(&map, "a\0b", 3, 1); /* keys are bytes */
    assert_int_equal(assay_map_get(&map, "a\0c", 3), ASSAY_MAP_NONE);
    assert_int_equal(assay_map_get(&map, "a\0b", 3), 1);
    assay_map_set(&map, "", 0, 5);
    assert_int_equal(assay_map_get(&map, "", 0), 5);
    assay_map_reserve(&map, 200000); /* those that are there stay */
    assay_map_reserve(&map, 10);
    assert_true(map.capacity > 200000 && map.count > 50000);
    assert_int_equal(assay_map_get(&map, "key 49999", 9), 49999);
    assay_map_free(&map);
    assert_int_equal(assay_map_get(&map, "key 7", 5), ASSAY_MAP_NONE);
    assay_map_reserve(&map, 100);
    assert_int_equal(assay_map_get(&map, "key 7", 5), ASSAY_MAP_NONE);
    assay_map_free(&map);
}

static void test_error(void **state)
{
    (void)state;
    struct assay_error err = {0};
    assert_int_equal(assay_fail(&err, ASSAY_IO, "%s: %s", "a\x1b[31mb", "why"), ASSAY_IO);
    assert_string_equal(err.what, "a\xef\xbf\xbd[31mb: why");
    assay_hint(&err, "try %d", 1);
    assay_hint(&err, "try %d", 2);
    assert_string_equal(err.hint, "try 1");
    assert_int_equal(assay_fail(&err, ASSAY_NO, "later"), ASSAY_NO);
    assert_int_equal(err.status, ASSAY_IO);
    assert_string_equal(err.what, "a\xef\xbf\xbd[31mb: why");
    assay_error_clear(&err);
    assert_string_equal(err.what, "");
    char *huge = malloc(5000);
    memset(huge, '\x01', 4999);
    huge[4999] = '\0';
    assay_fail(&err, ASSAY_BAD_INPUT, "%s", huge);
    assert_true(strlen(err.what) < sizeof err.what);
    free(huge);
    assert_int_equal(assay_fail(NULL, ASSAY_NO, "nobody listens"), ASSAY_NO);
    assay_hint(NULL, "nor here");
    assay_error_clear(NULL);
    static const int expected[] = {0, 1, 2, 3, 3, 130};
    for (int i = 0; i < 6; i++)
        assert_int_equal(assay_exit_status((enum assay_status)i), expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_grows), cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_arena),     cmocka_unit_test(test_grow),
        cmocka_unit_test(test_map),       cmocka_unit_test(test_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

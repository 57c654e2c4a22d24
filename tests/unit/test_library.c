/*
 * Libraries opened at run time: one that is there is used; one that is not, or lacks a function,
 * is said with what it was for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "base/library.h"

struct roots {
    double (*cbrt)(double of);
    double (*missing)(double of);
};

static void test_a_library_that_is_there(void **state)
{
    static const char *const files[] = {"libnot-there.so.77", "libm.so.6", NULL};
    static const struct library_function functions[] = {{"cbrt", offsetof(struct roots, cbrt)}};
    struct library math = {"libm", "no roots", "install it", files, functions, 1};
    struct roots roots = {0};

    (void)state;
    assert_int_equal(library_open(&math, &roots, NULL), ASSAY_OK);
    assert_true(roots.cbrt(27.0) > 2.99 && roots.cbrt(27.0) < 3.01);
    assert_null(roots.missing);
}

static void test_a_library_that_is_not_there(void **state)
{
    static const char *const files[] = {"libnot-there.so.77", NULL};
    struct library none = {"libnot", "nothing can be done", "make it", files, NULL, 0};
    struct assay_error err = {0};
    struct roots roots = {0};

    (void)state;
    assert_int_equal(library_open(&none, &roots, &err), ASSAY_IO);
    assert_string_equal(err.what, "nothing can be done: libnot is not installed");
    assert_string_equal(err.hint, "make it");
}

static void test_a_function_that_is_not_there(void **state)
{
    static const char *const files[] = {"libm.so.6", NULL};
    static const struct library_function functions[] = {
        {"cbrt", offsetof(struct roots, cbrt)},
        {"assay_no_such_root", offsetof(struct roots, missing)},
    };
    struct library math = {"libm", "no roots", "a newer one is needed", files, functions, 2};
    struct assay_error err = {0};
    struct roots roots = {0};

    (void)state;
    assert_int_equal(library_open(&math, &roots, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "has no assay_no_such_root"));
    assert_string_equal(err.hint, "a newer one is needed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_library_that_is_there),
        cmocka_unit_test(test_a_library_that_is_not_there),
        cmocka_unit_test(test_a_function_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

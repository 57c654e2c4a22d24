/*
 * What MLflow takes. The verdicts are those of its own functions, _validate_param_name() and
 * validate_path_is_safe() of 2.22 and 3.17, which agree; a path that they would change counts
 * as not taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <assay/memory.h>

#include "remote/mlflow_limits.h"

struct verdict {
    const char *text;
    bool taken;
};

static void names_are_judged_as_there(void **state)
{
    static const struct verdict names[] = {
        {"loss", true},    {"a/b c", true},  {"weird#name!", false}, {"a:b", true},
        {"a.b-c_d", true}, {"", false},      {"/abs", false},        {"a/", false},
        {"a//b", false},   {"./a", false},   {"../a", false},        {"..a", false},
        {"a/../b", false}, {"a/./b", false}, {"...", false},         {"ü/é", true},
        {"a\tb", false},   {"a\nb", false},  {"a\\b", false},        {"a@b", false},
        {"a,b", false},    {"a(b)", false},  {"a%b", false},         {"a=b", false},
        {"a+b", false},    {"a?b", false},   {"a*b", false},         {"1", true},
        {"-", true},       {" ", true},      {"a..b", true},         {".hidden", true},
        {"a/..", false},
    };
    char name[252];

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        if (!mlflow_name_fault(names[i].text) != names[i].taken)
            fail_msg("%s", names[i].text);
    memset(name, 'n', sizeof name);
    name[250] = '\0';
    assert_null(mlflow_name_fault(name));
    name[250] = 'n';
    name[251] = '\0';
    assert_non_null(mlflow_name_fault(name));
}

static void paths_are_judged_as_there(void **state)
{
    static const struct verdict paths[] = {
        {"a.txt", true},    {"d/e f.txt", true}, {"a#b", false},    {"a?b", true},
        {"a%20b", false},   {"a%b", true},       {"%zz", true},     {"..", false},
        {"../a", false},    {"a/../b", false},   {"/abs", false},   {"C:/x", false},
        {"c:\\x", false},   {"a\nb", false},     {"a\177b", false}, {" a", false},
        {"a ", true},       {"a?", false},       {"a;", false},     {"ü.txt", true},
        {"100%", true},     {"a:b", true},       {"a&b", true},     {"a+b", true},
        {"a=b", true},      {"~a", true},        {"..a", true},     {"a..", true},
        {"a%2e%2e", false}, {"-", true},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(paths); i++)
        if (!mlflow_path_fault(paths[i].text) != paths[i].taken)
            fail_msg("%s", paths[i].text);
}

/* Python counts characters, and so does MLflow. */
static void lengths_are_in_characters(void **state)
{
    size_t all;

    (void)state;
    assert_int_equal(mlflow_first_characters("", 5, &all), 0);
    assert_int_equal(all, 0);
    assert_int_equal(mlflow_first_characters("a\xc3\xbc\xe2\x82\xac"
                                             "b",
                                             3, &all),
                     6);
    assert_int_equal(all, 4);
    assert_int_equal(mlflow_first_characters("abc", 3, &all), 3);
    assert_int_equal(mlflow_first_characters("abc", 0, &all), 0);
    assert_int_equal(all, 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_judged_as_there),
        cmocka_unit_test(paths_are_judged_as_there),
        cmocka_unit_test(lengths_are_in_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

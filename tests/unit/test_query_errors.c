/*
 * Filters that cannot be read: what is said of each, and the column it points at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>
#include <assay/query.h>

#define NOW INT64_C(1760000000000)

static void test_errors_point_at_the_column(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        size_t column;
        const char *what;
    } cases[] = {
        {"metrics.loss <", 15, "expected a value after <"},
        {"metrics.loss < ", 16, "expected a value after <"},
        {"metrics.loss", 13, "expected a comparison after metrics.loss"},
        {"metrics.", 9, "expected a name after metrics."},
        {"metrics. < 3", 9, "expected a name after metrics."},
        {"metrics.loss < abc", 16, "metrics are compared with numbers, not 'abc'"},
        {"metrics.loss like '%a%'", 14, "like compares texts, and this field is a number"},
        {"attributes.foo = 3", 12, "unknown attribute 'foo'"},
        {"metrcs.`loss` < 3", 1, "unknown kind of field 'metrcs'; did you mean metrics?"},
        {"lr@min < low", 10, "metrics are compared with numbers, not 'low'"},
        {"lr <", 5, "expected a value after <"},
        {"`` < 3", 1, "expected a name between the quotes"},
        {"params.x = 'abc", 12, "the quote ' is never closed"},
        {"metrics.`a", 9, "the quote ` is never closed"},
        {"(vit", 5, "expected ) for the ( at column 1"},
        {"(vit or", 8, "expected a condition after OR"},
        {"vit and", 8, "expected a condition after AND"},
        {"vit and or x", 9, "expected a condition after AND"},
        {"and vit", 1, "expected a condition"},
        {"not", 4, "expected a condition after NOT"},
        {"()", 2, "expected a condition"},
        {"vit)", 4, "there is no ( for this )"},
        {"< 3", 1, "expected a field before <"},
        {"metrics.a < 1 < 2", 15, "expected AND or OR before <"},
        {"a, b", 2, "unexpected ,"},
        {"params.x in", 12, "expected ( after IN"},
        {"params.x in (", 14, "expected a value after ( of IN"},
        {"params.x in ()", 14, "expected a value after ( of IN"},
        {"params.x in ('a'", 17, "expected , or ) in the list that began at 13"},
        {"params.x in ('a',", 18, "expected a value after ,"},
        {"params.x is", 12, "expected NULL or NOT NULL after IS"},
        {"params.x is not", 16, "expected NULL after IS NOT"},
        {"params.x ~ '('", 12, "this regular expression cannot be read"},
        {"params.x ~ '((a{100}){100}){100}'", 12, "regular expression is too large"},
        {"params.x ~ '(a)\\1'", 12, "near its character 5: reference to non-existent"},
        {"start > yesterdayish", 9, "'yesterdayish' is no time"},
        {"duration > soon", 12, "'soon' is no duration"},
        {"metrics.`a`@median < 1", 12, "expected @best, @min, @max or @last of a metric"},
        {"status = RUNING", 10, "no run has the status 'RUNING'; did you mean RUNNING?"},
        {"vit status != 'done'", 15, "no run has the status 'done'"},
        {"status in (failed, kiled)", 20,
         "no run has the status 'kiled'; did you mean KILLED?"},
        {"lifecycle = delete", 13, "no run has the lifecycle 'delete'; did you mean deleted?"},
        {"params.`a`@min < 1", 11, "expected @best, @min, @max or @last of a metric"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_query *query = NULL;
        struct assay_error err = {0};
        if (assay_query_parse(&query, cases[i].filter, NOW, &err) != ASSAY_BAD_INPUT || query)
            fail_msg("%s: expected an error", cases[i].filter);
        if (err.column != cases[i].column || !strstr(err.what, cases[i].what))
            fail_msg("%s: expected %zu: %s\n but got %zu: %s", cases[i].filter, cases[i].column,
                     cases[i].what, err.column, err.what);
        assert_int_equal(assay_query_parse(&query, cases[i].filter, NOW, NULL),
                         ASSAY_BAD_INPUT);
    }
}

/* Every prefix of a good filter is either good or an error with a column within it. */
static void test_half_typed(void **state)
{
    (void)state;
    static const char whole[] =
        "metrics.`val/loss`@min <= 0.3 and (params.model in ('vit', \"b\") or not tags.team "
        "NOT ILIKE '%ads%') and start > -7d and name ~ '^a(b|c)*' and user is not null";
    char text[sizeof whole];
    for (size_t length = 0; length < sizeof whole; length++) {
        struct assay_query *query = NULL;
        struct assay_error err = {0};
        snprintf(text, sizeof text, "%.*s", (int)length, whole);
        if (assay_query_parse(&query, text, NOW, &err) != ASSAY_OK) {
            assert_in_range(err.column, 1, length + 1);
            assert_true(err.what[0]);
        }
        assay_query_free(&query);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_point_at_the_column),
        cmocka_unit_test(test_half_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

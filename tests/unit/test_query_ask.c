/*
 * What of a filter a server of MLflow is asked. That the server's answer is never narrower than
 * the filter is what tests/live/queries.py asks a real one; here stands what is asked, and what
 * is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>

#define NOW_MS INT64_C(1700000000000)
#define ID     "0123456789abcdef0123456789abcdef"

static char *asked(const char *filter, size_t *count)
{
    struct assay_query *query = NULL;
    struct assay_buf out = {0};

    assert_int_equal(assay_query_parse(&query, filter, NOW_MS, NULL), ASSAY_OK);
    *count = assay_query_ask(query, &out);
    assay_query_free(&query);
    if (!out.length)
        assay_buf_text_add(&out, "");
    return assay_buf_take(&out);
}

static void check(const char *filter, const char *want)
{
    size_t count;
    char *text = asked(filter, &count);

    assert_string_equal(text ? text : "", want);
    assert_int_equal(count > 0, *want != '\0');
    free(text);
}

static void what_means_the_same_is_asked(void **state)
{
    (void)state;
    check("metrics.loss < 0.5", "metrics.`loss` < 0.5");
    check("metrics.\"val/loss\" >= -1e-09", "metrics.`val/loss` >= -1e-9");
    check("metrics.loss = 1e20", "metrics.`loss` = 1e20"); /* not "1e+20" */
    check("metrics.loss != 0.1", "metrics.`loss` != 0.1");
    check("params.model = 'vit'", "params.`model` = 'vit'");
    check("params.model = vit", "params.`model` = 'vit'");
    check("params.lr = '0.1'", "params.`lr` = '0.1'");
    check("tags.`a b` = \"x y\"", "tags.`a b` = 'x y'");
    check("status = finished", "attributes.status = 'FINISHED'");
    check("status != Failed", "attributes.status != 'FAILED'");
    check("start >= 2000.5", "attributes.start_time >= 2001");
    check("start < 2000.5", "attributes.start_time < 2001");
    check("start > 2000.5", "attributes.start_time > 2000");
    check("end <= 2000.5", "attributes.end_time <= 2000");
    check("start > -1d", "attributes.start_time > 1699913600000");
    check("id = " ID, "attributes.run_id = '" ID "'");
    check("id IN ('" ID "')", "attributes.run_id IN ('" ID "')");
    check("dataset.name = 'cards'", "dataset.name = 'cards'");
}

static void conditions_are_joined_and_the_rest_is_left(void **state)
{
    (void)state;
    check("metrics.a < 1 AND metrics.b > 2", "metrics.`a` < 1 AND metrics.`b` > 2");
    check("metrics.a < 1 (metrics.b > 2 status = running)",
          "metrics.`a` < 1 AND metrics.`b` > 2 AND attributes.status = 'RUNNING'");
    check("adam metrics.a < 1 params.m LIKE '%x%'", "metrics.`a` < 1");
    check("metrics.a < 1 AND (metrics.b > 2 OR metrics.c > 3)", "metrics.`a` < 1");
    check("dataset.name = 'a' AND dataset.digest = 'b'", "dataset.name = 'a'");
    check("metrics.a<1 metrics.a<2 metrics.a<3 metrics.a<4 metrics.a<5 metrics.a<6 metrics.a<7 "
          "metrics.a<8 metrics.a<9",
          "metrics.`a` < 1 AND metrics.`a` < 2 AND metrics.`a` < 3 AND metrics.`a` < 4 AND "
          "metrics.`a` < 5 AND metrics.`a` < 6 AND metrics.`a` < 7 AND metrics.`a` < 8");
}

static void what_might_be_narrower_there_is_not_asked(void **state)
{
    static const char *const filters[] = {
        "",
        "adam",
        "metrics.a < 1 OR metrics.b < 1",
        "NOT metrics.a < 1",
        "metrics.a != 0",
        "metrics.a != -0.0",
        "metrics.a = nan",
        "metrics.a < inf",
        "metrics.a@min < 1",
        "metrics.a NOT IN (1, 2)",
        "metrics.a IS NOT NULL",
        "metrics.`a'b` < 1",
        "metrics.`\xc3\xa9t\xc3\xa9` < 1",
        "params.lr = 0.1",
        "params.lr < 0.1",
        "params.m != 'x'",
        "params.m LIKE '%x%'",
        "params.m ILIKE 'x'",
        "params.m ~ 'x'",
        "params.m IN ('a', 'b')",
        "params.m = ''",
        "params.m = \"it's\"",
        "params.m = 'a\\b'",
        "params.m = 'a\tb'",
        "params.m = '\xef\xbf\xbd'",
        "tags.t IS NULL",
        "name = 'x'",
        "user = 'dev'",
        "artifact_uri = 'x'",
        "experiment = 'x'",
        "lifecycle = active",
        "duration > 1h",
        "start = 2000.5",
        "start > -5",
        "start != 5",
        "status = unknown",
        "status != unknown",
        "metrics.loss@bst < 1",
        "status LIKE 'F%'",
        "id = 0123",
        "id = '01234567890123456789012345678901'",
        "id IN ('" ID "', 'x')",
        "dataset.name != 'x'",
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(filters); i++)
        check(filters[i], "");
}

/* What a name alone means depends on what other runs have, which would be missing. */
static void names_alone_need_all_runs(void **state)
{
    (void)state;
    check("lr = 0.1", "");
    check("metrics.a < 1 AND lr = 0.1", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_the_same_is_asked),
        cmocka_unit_test(conditions_are_joined_and_the_rest_is_left),
        cmocka_unit_test(what_might_be_narrower_there_is_not_asked),
        cmocka_unit_test(names_alone_need_all_runs),
    };

    return cmocka_run_group_tests_name("filters for servers", tests, NULL, NULL);
}

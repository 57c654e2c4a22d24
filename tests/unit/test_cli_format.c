/* What the one-shot commands print: JSON that any parser takes, CSV, Markdown, tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "cli/column.h"
#include "cli/json.h"
#include "cli/table.h"

/* ---- JSON ---- */

static void check_text(const char *text, const char *expected)
{
    struct assay_buf out = {0};
    struct cli_json json = {.out = &out};
    json_error_t why;
    cli_json_open(&json, '{');
    cli_json_member(&json, text, text);
    cli_json_close(&json);
    json_t *value = json_loads(assay_buf_text(&out), JSON_REJECT_DUPLICATES, &why);
    assert_non_null(value);
    assert_string_equal(json_object_iter_key(json_object_iter(value)), expected);
    assert_string_equal(json_string_value(json_object_iter_value(json_object_iter(value))),
                        expected);
    /* Nothing in it that a terminal would take for a command. */
    for (size_t i = 0; i < out.length; i++)
        assert_true((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
    json_decref(value);
    assay_buf_free(&out);
}

static void test_json_text(void **state)
{
    (void)state;
    check_text("", "");
    check_text("a\"b\\c/d", "a\"b\\c/d");
    check_text("\x01\x1b[31m\t\r\n\x7f", "\x01\x1b[31m\t\r\n\x7f");
    check_text("\xc2\x9b"
               "c1",
               "\xc2\x9b"
               "c1");
    check_text("\xe2\x80\xae"
               "bidi",
               "\xe2\x80\xae"
               "bidi");
    check_text("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
    check_text("\xf3\xa0\x81\x81", "\xf3\xa0\x81\x81"); /* escaped as a surrogate pair */
    check_text("\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd");
    check_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_json_numbers(void **state)
{
    (void)state;
    static const double values[] = {0.1,     -0.0, 1e300, 5e-324, 0x1.fffffffffffffp+1023,
                                    1.0 / 3, 42};
    struct assay_buf out = {0};
    struct cli_json json = {.out = &out};
    cli_json_open(&json, '[');
    for (size_t i = 0; i < ASSAY_COUNT(values); i++)
        cli_json_number(&json, values[i]);
    cli_json_number(&json, NAN);
    cli_json_number(&json, INFINITY);
    cli_json_number(&json, -INFINITY);
    cli_json_time(&json, ASSAY_NO_TIME);
    cli_json_time(&json, -5);
    cli_json_count(&json, UINT64_MAX / 2);
    cli_json_bool(&json, true);
    cli_json_close(&json);
    json_t *array = json_loads(assay_buf_text(&out), JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(array);
    for (size_t i = 0; i < ASSAY_COUNT(values); i++) {
        double back = json_real_value(json_array_get(array, i));
        assert_memory_equal(&back, &values[i], sizeof back);
    }
    static const char *const rest[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_array_get(array, ASSAY_COUNT(values) + i)),
                            rest[i]);
    assert_true(json_is_null(json_array_get(array, ASSAY_COUNT(values) + 3)));
    assert_true(json_is_true(json_array_get(array, ASSAY_COUNT(values) + 6)));
    json_decref(array);
    assay_buf_free(&out);
}

static void test_json_nesting(void **state)
{
    (void)state;
    struct assay_buf out = {0};
    struct cli_json json = {.out = &out};
    cli_json_open(&json, '{');
    cli_json_key(&json, "a");
    cli_json_open(&json, '[');
    for (int i = 0; i < 2; i++) {
        cli_json_open(&json, '{');
        cli_json_key(&json, "b");
        cli_json_open(&json, '[');
        cli_json_integer(&json, 1);
        cli_json_integer(&json, 2);
        cli_json_close(&json);
        cli_json_member(&json, "c", NULL);
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_key(&json, "d");
    cli_json_open(&json, '{');
    cli_json_close(&json);
    cli_json_close(&json);
    assert_string_equal(assay_buf_text(&out), "{\"a\": [\n{\"b\": [1, 2], \"c\": null},\n"
                                              "{\"b\": [1, 2], \"c\": null}], \"d\": {}}\n");
    assay_buf_free(&out);
}

/* ---- tables ---- */

static struct cli_table *sample(struct cli *cli)
{
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "name", "name", false);
    cli_table_column(table, "note", "note", false);
    cli_table_column(table, "loss", "loss", true);
    cli_table_column(table, "start_ms", "start", true);
    cli_table_text(table, "a,b\"c\"");
    cli_table_text(table, "pipe | and\nline");
    cli_table_number(table, 1.0 / 3, false);
    cli_table_time(table, 1795453445123);
    cli_table_text(table, "\x1b[31mred");
    cli_table_text(table, "\xe6\x97\xa5\xe6\x9c\xac");
    cli_table_number(table, NAN, false);
    cli_table_none(table);
    return table;
}

static void check_table(struct cli *cli, const char *expected)
{
    struct cli_table *table = sample(cli);
    assert_int_equal(cli_table_rows(table), 2);
    cli_table_print(table);
    assert_string_equal(assay_buf_text(&cli->out), expected);
    cli_table_free(&table);
    assay_buf_free(&cli->out);
}

static void test_csv(void **state)
{
    (void)state;
    struct cli cli = {.format = CLI_CSV, .utf8 = true};
    check_table(&cli, "name,note,loss,start_ms\n"
                      "\"a,b\"\"c\"\"\",\"pipe | and\nline\",0.3333333333333333,1795453445123\n"
                      "\x1b[31mred,\xe6\x97\xa5\xe6\x9c\xac,NaN,\n");
    cli.tty = true; /* whoever looks at it on a terminal gets it clean */
    cli.columns = 20;
    check_table(&cli, "name,note,loss,start_ms\n"
                      "\"a,b\"\"c\"\"\",pipe | and line,0.3333333333333333,1795453445123\n"
                      "\xef\xbf\xbd[31mred,\xe6\x97\xa5\xe6\x9c\xac,NaN,\n");
}

static void test_markdown(void **state)
{
    (void)state;
    struct cli cli = {.format = CLI_MD, .utf8 = true};
    check_table(&cli, "| name | note | loss | start\\_ms |\n|---|---|---:|---:|\n"
                      "| a,b\"c\" | pipe \\| and line | 0.3333333333333333 | "
                      "2026-11-23T17:04:05.123Z |\n"
                      "| \xef\xbf\xbd\\[31mred | \xe6\x97\xa5\xe6\x9c\xac | NaN |  |\n");
}

static void test_people(void **state)
{
    (void)state;
    struct cli cli = {.format = CLI_TABLE, .utf8 = true};
    check_table(&cli, "name      note                 loss                start\n"
                      "a,b\"c\"    pipe | and line  0.333333  2026-11-23 17:04:05\n"
                      "\xef\xbf\xbd[31mred  \xe6\x97\xa5\xe6\x9c\xac"
                      "                  NaN                    -\n");
    cli.utf8 = false;
    check_table(&cli, "name      note                 loss                start\n"
                      "a,b\"c\"    pipe | and line  0.333333  2026-11-23 17:04:05\n"
                      "?[31mred  ??                    NaN                    -\n");
}

/* A params' column that is all numbers, one that is not, and a metric that diverged: what is
   lined up is for people only. */
static struct cli_table *numbers(struct cli *cli)
{
    static const char *const params[][2] = {{"0.1", "8"}, {"1e-5", "auto"}, {"12", "16"}};
    static const double values[] = {0.98, 1e30, -152.25, NAN, INFINITY, 3};
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "lr", "lr", false);
    cli_table_column(table, "bs", "bs", false);
    cli_table_column(table, "loss", "loss", true);
    cli_table_column(table, "acc", "acc", true);
    for (size_t r = 0; r < 7; r++) {
        for (size_t c = 0; c < 2; c++) {
            if (r < 3)
                cli_table_value(table, params[r][c]);
            else
                cli_table_none(table);
        }
        for (size_t c = 0; c < 2; c++) {
            if (r < 6)
                cli_table_number(table, values[r] / (c ? 4 : 1), false);
            else
                cli_table_none(table);
        }
    }
    return table;
}

static void test_numbers_by_their_point(void **state)
{
    (void)state;
    static const struct {
        enum cli_format format;
        const char *expected;
    } cases[] = {
        {CLI_TABLE, "   lr  bs       loss       acc\n"
                    " 0.1   8        0.98    0.245\n"
                    " 1e-5  auto     1e30    2.5e29\n"
                    "12     16    -152.25  -38.0625\n"
                    "    -  -         NaN       NaN\n"
                    "    -  -         inf       inf\n"
                    "    -  -        3       0.75\n"
                    "    -  -           -         -\n"},
        {CLI_CSV, "lr,bs,loss,acc\n0.1,8,0.98,0.245\n1e-5,auto,1e30,2.5e29\n"
                  "12,16,-152.25,-38.0625\n,,NaN,NaN\n,,Infinity,Infinity\n,,3,0.75\n,,,\n"},
        {CLI_MD, "| lr | bs | loss | acc |\n|---|---|---:|---:|\n"
                 "| 0.1 | 8 | 0.98 | 0.245 |\n| 1e-5 | auto | 1e30 | 2.5e29 |\n"
                 "| 12 | 16 | -152.25 | -38.0625 |\n|  |  | NaN | NaN |\n"
                 "|  |  | Infinity | Infinity |\n|  |  | 3 | 0.75 |\n|  |  |  |  |\n"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct cli cli = {.format = cases[i].format, .utf8 = true};
        struct cli_table *table = numbers(&cli);
        cli_table_print(table);
        assert_string_equal(assay_buf_text(&cli.out), cases[i].expected);
        cli_table_free(&table);
        assay_buf_free(&cli.out);
    }
}

static void test_people_on_a_terminal(void **state)
{
    (void)state;
    struct cli cli = {.format = CLI_TABLE, .utf8 = true, .tty = true};
    for (cli.columns = 20; cli.columns < 80; cli.columns++) {
        struct cli_table *table = sample(&cli);
        cli_table_print(table);
        char *line = assay_buf_take(&cli.out), *at = line;
        for (char *end; (end = strchr(at, '\n')) != NULL && *at != '('; at = end + 1) {
            *end = '\0';
            assert_true(assay_text_width(at) <= cli.columns);
        }
        free(line);
        cli_table_free(&table);
    }
    cli.color = true;
    cli.columns = 80;
    struct cli_table *table = cli_table_new(&cli);
    cli_table_column(table, "status", "status", false);
    cli_table_status(table, &(struct assay_run){.status = ASSAY_RUN_FAILED}, "");
    cli_table_print(table);
    assert_string_equal(assay_buf_text(&cli.out),
                        "\x1b[1mstatus\x1b[0m\n\x1b[31mFAILED\x1b[0m\n");
    cli_table_free(&table);
    cli.color = false;
    assay_buf_reset(&cli.out);
    table = cli_table_new(&cli);
    cli_table_column(table, "status", "status", false);
    cli_table_status(table, &(struct assay_run){.status = ASSAY_RUN_FAILED, .deleted = true},
                     "");
    cli_table_print(table);
    assert_string_equal(assay_buf_text(&cli.out), "status\nFAILED, deleted\n");
    cli_table_free(&table);
    assay_buf_free(&cli.out);
}

/* ---- columns ---- */

static void test_columns(void **state)
{
    (void)state;
    struct cli_columns columns = {0};
    struct assay_error err = {0};
    assert_int_equal(
        cli_columns_parse(&columns,
                          "id,start_time,metrics.val/loss@min,param.lr,tags.a.b,acc,"
                          "metrics.x@y,params.`a, b`",
                          &err),
        ASSAY_OK);
    assert_int_equal(columns.count, 8);
    assert_int_equal(columns.items[0].field, CLI_FIELD_ID);
    assert_int_equal(columns.items[1].field, CLI_FIELD_START);
    assert_int_equal(columns.items[2].field, CLI_FIELD_METRIC);
    assert_int_equal(columns.items[2].stat, ASSAY_STAT_MIN);
    assert_string_equal(columns.items[2].key, "val/loss");
    assert_string_equal(columns.items[3].key, "lr");
    assert_int_equal(columns.items[3].field, CLI_FIELD_PARAM);
    assert_string_equal(columns.items[4].key, "a.b");
    assert_int_equal(columns.items[5].field, CLI_FIELD_METRIC);
    assert_string_equal(columns.items[5].key, "acc");
    assert_string_equal(columns.items[6].key, "x@y"); /* no statistic: part of the name */
    assert_string_equal(columns.items[7].key, "a, b");
    assert_int_equal(cli_columns_parse(&columns, "id,,name", &err), ASSAY_BAD_INPUT);
    cli_columns_free(&columns);
}

/* What filters and sort keys know of a run is a column as well. */
static void test_every_attribute(void **state)
{
    (void)state;
    struct cli_columns columns = {0};
    const char *name;
    size_t i;
    for (i = 0; (name = assay_query_attribute(i)) != NULL; i++) {
        assert_int_equal(cli_columns_parse(&columns, name, NULL), ASSAY_OK);
        assert_true(columns.items[i].field < CLI_FIELD_METRIC);
        assert_true(!columns.items[i].key && !columns.items[i].named);
        for (size_t k = 0; k < i; k++)
            assert_true(columns.items[i].field != columns.items[k].field);
    }
    assert_int_equal(i, CLI_FIELD_METRIC); /* and no column is an attribute of its own */
    cli_columns_free(&columns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_json_numbers),
        cmocka_unit_test(test_json_nesting),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_numbers_by_their_point),
        cmocka_unit_test(test_people_on_a_terminal),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_every_attribute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Pages of files: which kind a file is, what becomes of it, and that hostile bytes stay within
 * bounds. What is JSON is decided by jansson too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tui/preview_page.h"

/* The lines of the page, '\n' between them, marks left out, indents as blanks. */
static const char *page_text(const struct preview_page *page)
{
    static char out[65536];
    size_t used = 0;
    for (size_t i = 0; i < page->count; i++) {
        const char *text = assay_buf_text(&page->text) + page->lines[i].at;
        for (int k = 0; k < page->lines[i].indent; k++) {
            out[used++] = ' ';
        }
        for (; *text && used < sizeof out - 200; text++) {
            if (*text >= ' ' || *text < 0) {
                out[used++] = *text;
            }
        }
        out[used++] = '\n';
    }
    out[used] = '\0';
    return out;
}

static struct preview_page page_of(const char *name, const char *bytes)
{
    struct preview_page page;
    preview_page_read(&page, name, bytes, strlen(bytes), true);
    return page;
}

static void expect(const char *name, const char *bytes, enum preview_kind kind,
                   const char *text)
{
    struct preview_page page = page_of(name, bytes);
    assert_int_equal(page.kind, kind);
    assert_string_equal(page_text(&page), text);
    preview_page_free(&page);
}

static void text_is_cleaned_line_by_line(void **state)
{
    (void)state;
    expect("a.txt", "one\r\n\ntwo\x1b[31m\n", PREVIEW_TEXT, "one\n\ntwo\xef\xbf\xbd[31m\n");
    expect("bar.log", "10 %\r20 %\r100 %\ndone", PREVIEW_TEXT, "100 %\ndone\n");
    expect("empty.txt", "", PREVIEW_TEXT, "");
}

static void markdown_reads_as_meant(void **state)
{
    (void)state;
    expect("card.md",
           "# A *model* #\n\nfirst line\ngoes on with `code_here` and\n[a link](http://x)\n\n"
           "- one\n  - deeper\n* two\n1. three\n\n> said\n\n```c\nint "
           "*a;\n```\n***\nsnake_case * 2",
           PREVIEW_MARKDOWN,
           "A model\n\nfirst line goes on with code_here and a link (http://x)\n\n"
           "- one\n  - deeper\n- two\n1. three\n\n  said\n\n    int *a;\n--------\n"
           "snake_case * 2\n");
}

static void markdown_tables_align(void **state)
{
    (void)state;
    expect("card.md",
           "Results:\n| metric | new | old |\r\n|:--|--:|:-:|\n| `auc` | **0.91** | 0.9 |\n"
           "| loss\\|log | 1.25 |\n\nafter\n",
           PREVIEW_MARKDOWN,
           "Results:\n"
           "metric     new  old\n"
           "--------  ----  ---\n"
           "auc       0.91  0.9\n"
           "loss|log  1.25\n"
           "\nafter\n");
    /* Without bars around it; a cell too many is said in the last. */
    expect("a.md", "a | b\n--- | ---\n1 | 2 | 3\n> said", PREVIEW_MARKDOWN,
           "a  b\n-  -----\n1  2 | 3\n  said\n");
    /* A long cell goes on below itself, in its look. */
    expect("long.md",
           "|n|why|\n|-|-|\n|1|**forty cells are as many as a column has before it folds**|\n",
           PREVIEW_MARKDOWN,
           "n  why\n-  ----------------------------------------\n"
           "1  forty cells are as many as a column has\n   before it folds\n");
    struct preview_page page = page_of("l.md", "|a|\n|-|\n|**forty cells are as many as a "
                                               "column has before it folds**|\n");
    assert_int_equal(page.count, 4);
    assert_int_equal(page.text.data[page.lines[3].at], PREVIEW_STRONG);
    assert_int_equal(page.text.data[page.lines[2].at], PREVIEW_STRONG);
    preview_page_free(&page);
    /* No tables: no dashes, another number of them, in a block of code. */
    expect("no.md", "| a | b |\n| c | d |\n", PREVIEW_MARKDOWN, "| a | b |\n| c | d |\n");
    expect("no.md", "| a | b |\n|---|\n", PREVIEW_MARKDOWN, "| a | b |\n|---|\n");
    expect("no.md", "```\n|a|\n|-|\n```\n", PREVIEW_MARKDOWN, "    |a|\n    |-|\n");
}

static void tables_align(void **state)
{
    (void)state;
    expect("t.csv", "name,score,n\r\na,0.25,7\r\n\"b, \"\"c\"\"\",-10.5,123\r\n", PREVIEW_TABLE,
           "name     score    n\n"
           "a         0.25    7\n"
           "b, \"c\"  -10.5   123\n");
    struct preview_page page = page_of("t.tsv", "a\tb\n1\tx\n2\ty\n");
    assert_int_equal(page.rows, 2);
    assert_int_equal(page.columns, 2);
    assert_true(page.headed);
    preview_page_free(&page);
}

static void json_is_a_tree(void **state)
{
    (void)state;
    struct preview_page page =
        page_of("r.json", "{\"auc\": 0.90, \"s\": [1, {\"x\": \"y\\n\"}], \"e\": {}}");
    assert_int_equal(page.kind, PREVIEW_JSON);
    assert_int_equal(page.count, 7);
    assert_int_equal(page.lines[0].after, 7);
    assert_int_equal(page.lines[2].after, 6);
    assert_int_equal(page.lines[6].after, 0);
    assert_non_null(strstr(page_text(&page), "  auc: 0.90\n")); /* as it was written */
    assert_non_null(strstr(page_text(&page), "      x: \"y\\n\"\n"));
    assert_non_null(strstr(page_text(&page), "  s: [2]"));
    preview_page_free(&page);
    page = page_of("r.json", "{\"a\": 1,\n \"b\" 2}");
    assert_int_equal(page.kind, PREVIEW_TEXT);
    assert_string_equal(page.why, "no JSON: line 2: a colon is missing");
    preview_page_free(&page);
}

/* Whether a text is JSON: the same verdict as jansson's. */
static void json_as_jansson_has_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1",          "-0",          "01",      "1.",
        ".5",         "1e5",         "1e",      "1E+2",
        "-",          "true",        "True",    "nul",
        "null",       "\"a\"",       "\"a",     "\"\\\"\"",
        "{}",         "{,}",         "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "[1,]",        "[1 2]",   "[]",
        "[[[]]]",     "[",           "]",       "{1:2}",
        "{\"a\":1}",  " [ 1 , 2 ] ", "\"\t\"",  "[1]]",
        "--1",        "1.5.2",       "+1",      "{\"a\":[1,{\"b\":null}]}",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_error_t error;
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY, &error);
        struct preview_page page = {0};
        bool read = preview_json(&page, texts[i], strlen(texts[i]));
        if (read != (value != NULL)) {
            fail_msg("%s: %s, but jansson says otherwise", texts[i], read ? "JSON" : "no JSON");
        }
        preview_page_free(&page);
        json_decref(value);
    }
}

static void hostile_bytes_stay_bounded(void **state)
{
    (void)state;
    size_t length = 1u << 20;
    char *bytes = malloc(length + 1);
    static const char *const seeds[] = {"|\n",  "a|b\n-|-\n", "|-|\n", "[",  "{\"a\":", "`a *",
                                        "[x](", "\"",         ",",     "- ", "\n",      "\xff"};
    static const char *const names[] = {"a.json", "a.md", "a.csv", "a.txt"};
    assert_non_null(bytes);
    for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
        size_t seed = strlen(seeds[s]);
        for (size_t i = 0; i < length; i++) {
            bytes[i] = seeds[s][i % seed];
        }
        bytes[length] = '\0';
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            struct preview_page page;
            preview_page_read(&page, names[n], bytes, length, true);
            assert_true(page.count <= PREVIEW_LINES_MAX);
            assert_true(page.text.length <= PREVIEW_OUT_MAX + (1u << 20));
            preview_page_free(&page);
        }
    }
    free(bytes);
}

static void anything_else_is_bytes(void **state)
{
    (void)state;
    struct preview_page page;
    preview_page_read(&page, "weights.bin", "ab\0c", 4, true);
    assert_int_equal(page.kind, PREVIEW_BYTES);
    assert_non_null(strstr(page_text(&page), "000000  61 62 00 63"));
    preview_page_free(&page);
    preview_page_read(&page, "broken.png", "\x89PNG no", 7, true);
    assert_int_equal(page.kind, PREVIEW_TEXT);
    assert_true(page.why[0] != '\0');
    preview_page_free(&page);
}

/* What a form leaves out is known to whoever must see all of it; plain text leaves nothing out.
 */
static void what_is_left_out_is_known(void **state)
{
    (void)state;
    static const char wide[] = "a,b\n1,a cell that is a good deal wider than a column can be\n";
    static const struct {
        const char *name, *bytes;
        bool partial;
    } cases[] = {
        {"a.txt", "one\r\ntwo\n", false},
        {"a.txt", "ten\rtwenty\n", true},
        {"a.txt", "\xff\xfe", true},
        {"a.md", "# A\n\n```python\nx\n```\n[a](b)\n", false},
        {"a.md", "```do not approve this\nx\n```\n", true},
        {"a.csv", "a,b\n1,2\n", false},
        {"a.csv", wide, true},
        {"a.json", "{\"a\": [1, \"x\"]}", false},
        {"a.json", "{\"a\": ", false}, /* as text */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct preview_page page = page_of(cases[i].name, cases[i].bytes);
        if (page.partial != cases[i].partial)
            fail_msg("%s %zu", cases[i].name, i);
        preview_page_free(&page);
    }
    struct preview_page page;
    preview_page_plain(&page, wide, sizeof wide - 1);
    assert_int_equal(page.kind, PREVIEW_TEXT);
    assert_false(page.partial);
    assert_string_equal(page_text(&page), wide);
    preview_page_free(&page);
    preview_page_plain(&page, "ten\rtwenty\n", 11);
    assert_false(page.partial);
    assert_string_equal(page_text(&page), "ten twenty\n");
    preview_page_free(&page);
    char string[5000];
    memset(string, 'x', sizeof string);
    memcpy(string, "[\"", 2);
    memcpy(string + sizeof string - 3, "\"]", 3);
    page = page_of("long.json", string);
    assert_int_equal(page.kind, PREVIEW_JSON);
    assert_true(page.partial);
    preview_page_free(&page);
}

static void rows_break_at_blanks(void **state)
{
    (void)state;
    size_t advance;
    assert_int_equal(preview_row("hello big world", 11, &advance), 9);
    assert_int_equal(advance, 10);
    assert_int_equal(preview_row("hello\x02 big\x01", 9, &advance),
                     11); /* marks take no room */
    assert_int_equal(preview_row("abcdefghij", 4, &advance), 4);
    assert_int_equal(advance, 4);
    assert_int_equal(preview_row("\xe4\xb8\xad\xe6\x96\x87", 3, &advance),
                     3); /* two cells each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cleaned_line_by_line),
        cmocka_unit_test(markdown_reads_as_meant),
        cmocka_unit_test(markdown_tables_align),
        cmocka_unit_test(tables_align),
        cmocka_unit_test(json_is_a_tree),
        cmocka_unit_test(json_as_jansson_has_it),
        cmocka_unit_test(hostile_bytes_stay_bounded),
        cmocka_unit_test(anything_else_is_bytes),
        cmocka_unit_test(what_is_left_out_is_known),
        cmocka_unit_test(rows_break_at_blanks),
    };
    return cmocka_run_group_tests_name("previews of files", tests, NULL, NULL);
}

/* Artifacts by what they are: structures by path, tables by key, matrices subtracted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/compare.h>

static struct assay_buf out;

static const char *diff(const char *path, const char *a, const char *b)
{
    assay_buf_reset(&out);
    if (!assay_file_diff(path, a, strlen(a), b, strlen(b), "A", "B", &out))
        return "equal";
    return assay_buf_text(&out);
}

static void says(const char *text)
{
    if (!strstr(assay_buf_text(&out), text))
        fail_msg("no \"%s\" in:\n%s", text, assay_buf_text(&out));
}

static void yaml_by_path(void **state)
{
    (void)state;
    diff("config.yaml", "opt: {lr: 0.1, betas: [0.9, 0.99]}\nseed: 1\nold: x\n",
         "seed: 1.0\nopt:\n  betas:\n  - 0.9\n  - 0.95\n  lr: 1e-3\nnew: y\n");
    says("by path: 2 changed, 1 removed, 1 added, 2 equal");
    says("~opt.lr: 0.1 -> 1e-3 (-99 %)");
    says("~opt.betas.1: 0.99 -> 0.95");
    says("-old: x");
    says("+new: y");
    /* What is no YAML is shown line by line, and nothing is lost. */
    diff("config.yaml", "a: [1\nb: 2\n", "a: [1\nb: 3\n");
    says("-b: 2\n+b: 3\n");
    char deep[4000] = "";
    for (size_t i = 0; i < 500; i++)
        strcat(deep, "[");
    diff("deep.yaml", deep, "a: 1\n");
    says("+a: 1");
    assert_string_equal(diff("x.yaml", "a: &x 1\nb: *x\n", "a: &x 1\nb: *x\n"), "equal");
}

static void json_by_path(void **state)
{
    (void)state;
    diff("r.json", "{\"auc\": 0.9, \"list\": [{\"a\": 1}, {\"a\": 2}]}",
         "{\"list\": [{\"a\": 1}, {\"a\": 3}], \"auc\": 0.90}");
    says("by path: 1 changed, 0 removed, 0 added, 2 equal");
    says("~list.1.a: 2 -> 3 (+50 %)");
    diff("two.json", "{\"a\": [1, 2], \"b\": [3, 4]}", "{\"a\": [1, 2], \"b\": [3, 5]}");
    says("~b: [3, 4] -> [3, 5]"); /* no matrix */
}

static void tables_by_key(void **state)
{
    (void)state;
    diff("slices.csv", "slice,n,acc,old\nde,10,0.5,x\nfr,20,0.75,x\nit,5,0.1,x\n",
         "acc,slice,n,new\n0.80,fr,20,y\n0.5,de,10,y\n0.2,es,7,y\n");
    says("by slice: 2 rows in both, 1 of them differ, 1 removed, 1 added");
    says("-column old");
    says("+column new");
    says("~fr: acc 0.75 -> 0.80 (+6.67 %)");
    says("-it\n");
    says("+es\n");
    says("acc: mean 0.625 -> 0.65 (+0.025), 1 up, 0 down, 1 equal");
    diff("t.tsv", "id\ttext\n1\t\"a \"\"b\"\"\n c\"\n", "id\ttext\n1\t\"a \"\"b\"\"\"\n");
    says("~1: text a \"b\"  c -> a \"b\"");
    /* No key: by place; a file that ends inside quotes is still read. */
    diff("n.csv", "1,2\n1,3\n", "1,2\n1,4\n1,5\n");
    says("by place");
    says("~row 2: column 2 3 -> 4");
    says("+row 3");
    diff("q.csv", "a,b\n\"x,1\n", "a,b\n\"x,2\n");
    says("row");
    diff("empty.csv", "", "a,b\n1,2\n");
    says("+a,b");
}

static void matrices_are_subtracted(void **state)
{
    (void)state;
    diff("cm.csv", ",cat,dog\ncat,8,2\ndog,1,9\n", ",cat,dog\ncat,7,3\ndog,1,9\n");
    says("confusion matrix, second minus first, 2 x 2");
    says("on the diagonal: 17 of 20 (85 %) -> 16 of 20 (80 %)");
    says("~cat                    -1       +1");
    says("~cat in column dog: 2 -> 3 (+1)");
    diff("confusion.json", "{\"labels\": [\"a\", \"b\"], \"matrix\": [[1, 2], [3, 4]]}",
         "{\"labels\": [\"a\", \"b\"], \"matrix\": [[1, 2], [5, 4]]}");
    says("~b in column a: 3 -> 5 (+2)");
    diff("confusion.csv", "0,0\n0,0\n", "0,0\n0,1\n"); /* nothing is divided by zero */
    says("on the diagonal: 0 of 0 -> 1 of 1 (100 %)");
    diff("confusion.csv", "1,2\n3,4\n", "1,2,3\n4,5,6\n7,8,9\n"); /* of two sizes */
    says("@@");
}

static int clear(void **state)
{
    (void)state;
    assay_buf_free(&out);
    return 0;
}

static void diff_is(const char *a, const char *b, const char *expected)
{
    struct assay_buf said = {0};
    bool differs = assay_text_diff(a, strlen(a), b, strlen(b), "a", "b", &said);
    assert_int_equal(differs, *expected != '\0');
    assert_string_equal(assay_buf_text(&said), expected);
    assay_buf_free(&said);
}

static void texts_line_by_line(void **state)
{
    (void)state;
    diff_is("x\n", "x\n", "");
    diff_is("", "x\n", "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+x\n");
    diff_is("x", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n");
    diff_is("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    diff_is("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
            "--- a\n+++ b\n@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n");
    /* Two texts with nothing in common, too long to be walked through. */
    struct assay_buf x = {0}, y = {0}, said = {0};
    for (int i = 0; i < 3000; i++) {
        assay_buf_format(&x, "left %d\n", i);
        assay_buf_format(&y, "right %d\n", i);
    }
    assert_true(assay_text_diff(x.data, x.length, y.data, y.length, "a", "b", &said));
    assert_non_null(strstr(assay_buf_text(&said), "too different"));
    assay_buf_free(&x);
    assay_buf_free(&y);
    assay_buf_free(&said);
}

/* A line of a megabyte, in whose middle one character of two bytes stands for another. */
static void long_lines_from_where_they_differ(void **state)
{
    (void)state;
    enum { FRONT = 900000, BACK = 100000 };
    char *a = malloc(FRONT + BACK + 40), *b = malloc(FRONT + BACK + 40);
    assert_true(a && b);
    memset(a, 'x', FRONT);
    strcpy(a + FRONT, "ä");
    memset(a + FRONT + 2, 'z', BACK);
    strcpy(a + FRONT + 2 + BACK, "\nend\n");
    strcpy(b, a);
    memcpy(b + FRONT, "ö", 2);
    diff("notes.txt", a, b);
    says("~line 1: after 900000 equal bytes, 2 became 2, then 100000 equal bytes\n");
    says("\n-...xxxxxxxxxxxxxxxxxxxxxxxxäzzzzzzzzzzzzzzzzzzzzzzzz...\n"
         "+...xxxxxxxxxxxxxxxxxxxxxxxxözzzzzzzzzzzzzzzzzzzzzzzz...\n end\n");
    assert_true(out.length < 600);
    /* The same inside a structure and a table. */
    char *quoted[2] = {malloc(FRONT + BACK + 60), malloc(FRONT + BACK + 60)};
    assert_true(quoted[0] && quoted[1]);
    for (int i = 0; i < 2; i++) {
        char *one = i ? b : a;
        one[FRONT + 2 + BACK] = '\0';
        sprintf(quoted[i], "{\"text\": \"%s\"}", one);
    }
    diff("r.json", quoted[0], quoted[1]);
    says("~text: ...xxxxxxxxxxxxxxxxxxxxxxxxäzzzzzzzzzzzzzzzzzzzzzzzz... -> "
         "...xxxxxxxxxxxxxxxxxxxxxxxxözzzzzzzzzzzzzzzzzzzzzzzz... "
         "(after 900000 equal bytes, of 1000002 and 1000002)");
    for (int i = 0; i < 2; i++)
        sprintf(quoted[i], "id,text\n1,%s\n2,same\n", i ? b : a);
    diff("t.csv", quoted[0], quoted[1]);
    says("(after 900000 equal bytes, of 1000002 and 1000002)");
    for (int i = 0; i < 2; i++)
        free(quoted[i]);
    /* Both ends of a difference too long to be shown, and a line that nothing stands opposite. */
    memset(b, 'q', FRONT);
    diff("notes.txt", a, b);
    says("~line 1: after 0 equal bytes, 900002 became 900002, then 100000 equal bytes\n");
    says("qqqq...qqqq");
    says("özzzzzzzzzzzzzzzzzzzzzzzz...\n");
    diff("notes.txt", "", b);
    says("+qqqq");
    says("zzzz (1000002 bytes)\n");
    assert_true(out.length < 600);
    /* What is appended is seen, up to 380 bytes whole. */
    memset(a, 'k', 381);
    a[380] = '\0';
    diff("notes.txt", "", a);
    assert_null(strstr(assay_buf_text(&out), "..."));
    a[380] = 'k';
    a[381] = '\0';
    memcpy(b, a, 382);
    strcat(b, "!");
    diff("notes.txt", a, b);
    says("~line 1: after 381 equal bytes, 0 became 1, then 0 equal bytes\n");
    says("\n+...kkkkkkkkkkkkkkkkkkkkkkkk!\n");
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_by_path),       cmocka_unit_test(json_by_path),
        cmocka_unit_test(tables_by_key),      cmocka_unit_test(matrices_are_subtracted),
        cmocka_unit_test(texts_line_by_line), cmocka_unit_test(long_lines_from_where_they_differ),
    };
    return cmocka_run_group_tests_name("file diff", tests, NULL, clear);
}

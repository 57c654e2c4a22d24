/*
 * What `assay compare` prints of runs that are no good, in every format: extreme values make no
 * infinite ones, what names and values hold is no markup, and what is not known is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/program.h"

static char root[400];

/* Runs `assay compare` on the runs with the arguments, ended by NULL; its exit status. */
#define compare(...) program_run(NULL, "compare", "-S", root, __VA_ARGS__)

static void put(const char *text, const char *format, ...)
{
    char path[800];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    char *folder = assay_path_directory(path);
    assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(folder);
}

static const char *put_run(const char *experiment, int n, const char *name)
{
    static char folder[500];
    char text[1500];
    snprintf(folder, sizeof folder, "%s/mlruns/%s", root, experiment);
    snprintf(text, sizeof text,
             "artifact_location: file:///nowhere\n"
             "experiment_id: '%s'\nlifecycle_stage: active\nname: exp%s\n",
             experiment, experiment);
    put(text, "%s/meta.yaml", folder);
    snprintf(folder, sizeof folder, "%s/mlruns/%s/%s%030d", root, experiment, experiment, n);
    snprintf(text, sizeof text,
             "artifact_uri: file://%s/artifacts\nend_time: 1700000060000\n"
             "experiment_id: '%s'\nlifecycle_stage: active\nrun_id: %s%030d\nrun_name: '%s'\n"
             "start_time: 170000000000%d\nstatus: 3\ntags: []\nuser_id: dev\n",
             folder, experiment, experiment, n, name, 9 - n);
    put(text, "%s/meta.yaml", folder);
    return folder;
}

/* Experiment 11: finite values at the ends of what a number holds, and markup of all kinds. 12:
   values longer than are kept. */
static int make_runs(void **state)
{
    static const char *const values[][4] = {
        {"huge", "1.7e308", "-1.7e308", "1.7e308"}, {"tiny", "5e-324", "1", "1e308"},
        {"zero", "0", "1e308", "-1e308"},           {"int", "9007199254740993", "3", "-0"},
        {"val/loss", "1e300", "1e-300", "1e200"},
    };
    static const char *const markup[] = {"<b onclick=\"x()\">&amp; 'hi' | _*#`</b>",
                                         "</table><script>alert(1)</script>",
                                         "50% of $x_1^2 {\\a} ~ #3 -- & \\\\ `` ''"};
    (void)state;
    snprintf(root, sizeof root, "%s/runs", getenv("TMPDIR"));
    for (int r = 0; r < 3; r++) {
        const char *folder = put_run("11", r, r == 0 ? "<i>x</i>" : r == 1 ? "a&b_c" : "d|e");
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            char line[80];
            snprintf(line, sizeof line, "1700000000000 %s 1\n", values[v][r + 1]);
            put(line, "%s/metrics/%s", folder, values[v][0]);
        }
        put(markup[r], "%s/params/markup", folder);
        put(r == 2 ? "1" : "2", "%s/params/seed", folder);
    }
    enum { LONG = 1 << 20 };
    snprintf(root, sizeof root, "%s/long", getenv("TMPDIR")); /* a problem is its source's */
    char *text = assay_alloc(LONG + 3);
    memset(text, 'y', LONG + 1);
    for (int r = 0; r < 2; r++) {
        text[LONG] = (char)('a' + r); /* behind what is kept */
        put(text, "%s/params/cfg", put_run("12", r, r ? "other" : "base"));
    }
    free(text);
    snprintf(root, sizeof root, "%s/runs", getenv("TMPDIR"));
    return chdir(getenv("TMPDIR"));
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

/* More rows than a page holds: what is printed goes on, its head repeated; the name of a
   section stands where it begins, and only what is long is broken. */
static void long_tables_go_on(void **state)
{
    (void)state;
    for (int r = 0; r < 2; r++) {
        const char *folder = put_run("13", r, r ? "other" : "base");
        for (int i = 0; i < 60; i++)
            put(r ? "1" : "2", "%s/params/p%02d", folder, i);
        put(r ? "0123456789012345678901234567890" : "x", "%s/params/long", folder);
    }
    assert_int_equal(compare("-e", "exp13", "--format", "latex", NULL), 0);
    program_says("% needs \\usepackage{longtable}\n");
    program_says("\\begin{longtable}{lll}\n");
    program_says("\\end{longtable}\n");
    assert_int_equal(times(program_last.out, "\\endhead\n"), 1);
    assert_int_equal(compare("-e", "exp11", "--format", "latex", NULL), 0);
    assert_int_equal(times(program_last.out, "longtable"), 0);
    assert_int_equal(compare("-e", "exp13", "--format", "html", NULL), 0);
    assert_int_equal(times(program_last.out, "<td class=\"s\">params</td>"), 1);
    assert_int_equal(times(program_last.out, "<td class=\"l\">"), 1);
    program_says("<td class=\"l\">0123456789012345678901234567890</td>");
}

/* Six runs do not fit beside each other: they stand in several tables, none with more columns
   than a page is wide, each with the labels and the baseline in front. */
static void wide_tables_are_several(void **state)
{
    (void)state;
    char name[32];
    for (int r = 0; r < 6; r++) {
        snprintf(name, sizeof name, "run-of-a-sweep-%d", r);
        const char *folder = put_run("14", r, name);
        put(r ? "0.00012345678" : "0.00087654321", "%s/params/lr", folder);
        put("/data/a/folder/with/a/long/name/that/goes/on", "%s/params/data%d", folder, r);
    }
    assert_int_equal(compare("-e", "exp14", "--format", "latex", NULL), 0);
    size_t tables = times(program_last.out, "\\begin{tabular}{");
    assert_in_range(tables, 2, 5);
    assert_int_equal(times(program_last.out, "\\end{tabular}\n"), tables);
    assert_int_equal(times(program_last.out, "\\hline\n & run-of-a-sweep-5 & "), tables);
    program_says("/\\allowbreak{}folder/");
    for (int r = 0; r < 5; r++) {
        snprintf(name, sizeof name, " & run-of-a-sweep-%d", r);
        assert_int_equal(times(program_last.out, name), 1);
    }
    for (const char *at = strstr(program_last.out, "\\begin{tabular}{"); at;
         at = strstr(at + 1, "\\begin{tabular}{")) {
        const char *end = strchr(at, '\n'), *head = strstr(at, " & "),
                   *line = strchr(head, '\n');
        size_t columns = 0, heads = 0;
        for (const char *c = at + strlen("\\begin{tabular}{"); c < end; c++)
            columns += *c == 'l' || *c == 'p';
        for (; head && head < line; head = strstr(head + 1, " & "))
            heads++;
        assert_int_equal(columns, heads + 1);
        assert_in_range(columns, 3, 4); /* of 15 letters and more, on 69 */
    }
}

/* WORD, by itself, in any case. */
static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; *at; at++)
        if (strncasecmp(at, word, length) == 0 && !isalnum((unsigned char)at[length]) &&
            (at == text || !isalnum((unsigned char)at[-1])))
            return true;
    return false;
}

static void finite_values_stay_finite(void **state)
{
    (void)state;
    static const char *const formats[] = {"table", "md", "html", "json", "csv", "latex"};
    static const char *const groups[] = {"", "auto", "seed"};
    for (size_t g = 0; g < 3; g++)
        for (size_t i = 0; i < 6; i++) {
            if (*groups[g])
                assert_int_equal(compare("-e", "exp11", "--group-by", groups[g], "--format",
                                         formats[i], NULL),
                                 0);
            else
                assert_int_equal(compare("-e", "exp11", "--all", "--format", formats[i], NULL),
                                 0);
            program_says("huge");
            if (has_word(program_last.out, "inf") || has_word(program_last.out, "nan") ||
                has_word(program_last.out, "infinity"))
                fail_msg("%s, groups by \"%s\":\n%s", formats[i], groups[g], program_last.out);
        }
}

/* ---- HTML, read strictly ---- */

#define DEPTH_MAX 64

/* Every tag closed in its turn, every attribute quoted, every & an entity; no script. */
static void well_formed(const char *html)
{
    char open[DEPTH_MAX][16];
    size_t depth = 0;
    for (const char *at = html; *at; at++) {
        if (*at == '&') {
            size_t length = strspn(at + 1, "#abcdefghijklmnopqrstuvwxyz0123456789");
            assert_true(length > 0 && at[1 + length] == ';');
        }
        if (*at != '<')
            continue;
        bool closes = *++at == '/', declares = *at == '!', alone = false;
        char name[16];
        size_t length = strspn(at + closes, "abcdefghijklmnopqrstuvwxyz0123456789");
        assert_true(declares || (length > 0 && length < sizeof name));
        snprintf(name, sizeof name, "%.*s", (int)length, at + closes);
        for (bool quoted = false; quoted || *at != '>'; at++) {
            assert_true(*at && *at != '<');
            quoted ^= *at == '"';
            alone = *at == '/' && !quoted;
            assert_true(quoted || *at != '=' || at[1] == '"');
        }
        if (declares || alone || strcmp(name, "meta") == 0)
            continue;
        if (closes) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
            continue;
        }
        assert_true(depth < DEPTH_MAX);
        assert_string_not_equal(name, "script");
        memcpy(open[depth++], name, sizeof name);
    }
    assert_int_equal(depth, 0);
}

static void html_is_strict(void **state)
{
    (void)state;
    assert_int_equal(compare("-e", "exp11", "--all", "--format", "html", NULL), 0);
    well_formed(program_last.out);
    program_says("&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_null(strstr(program_last.out, "<i>x"));
    assert_int_equal(compare("-e", "exp11", "-m", "val/loss", "--group-by", "auto", "--format",
                             "html", NULL),
                     0);
    well_formed(program_last.out);
    assert_int_equal(compare("-e", "exp11", "--explain", "val/loss", "--format", "html", NULL), 0);
    well_formed(program_last.out);
    assert_int_equal(compare("-e", "exp11", "--pareto", "val/loss,duration", "--format", "html",
                             NULL),
                     0);
    well_formed(program_last.out);
}

/* Braces in pairs, and nothing that means something to LaTeX as it stood in a value. */
static void latex_is_latex(void **state)
{
    (void)state;
    int depth = 0;
    assert_int_equal(compare("-e", "exp11", "--all", "--format", "latex", NULL), 0);
    for (const char *at = program_last.out; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
            continue;
        }
        depth += (*at == '{') - (*at == '}');
        assert_true(depth >= 0);
        assert_null(strchr("#_^~<>|\"", *at));
    }
    assert_int_equal(depth, 0);
    program_says("50\\% of \\$x\\_1\\textasciicircum{}2 \\{\\textbackslash{}a\\}");
    program_says("-{}- \\& "); /* no dash */
    program_says("a\\&b\\_c");
}

static void long_values_are_cut_and_never_equal(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "%s/long", getenv("TMPDIR"));
    assert_int_equal(compare("-e", "exp12", NULL), 3); /* what was read is not all */
    program_says("cfg");
    program_says("not known whole");
    program_says("only the first 1048576 bytes were read (cfg)");
    assert_true(program_last.out_length < 3000); /* a table is for people */
    assert_int_equal(compare("-e", "exp12", "--format", "latex", NULL), 3);
    assert_true(program_last.out_length < 3000);
    assert_int_equal(compare("-e", "exp12", "--format", "csv", NULL), 3);
    assert_true(program_last.out_length > 2 << 20); /* for programs it is whole */
    assert_non_null(strstr(program_last.out, "param,cfg,true,"));
    snprintf(root, sizeof root, "%s/runs", getenv("TMPDIR"));
}

/* What is wrong with many runs alike is four lines and a count, in every command. */
static void what_is_alike_is_counted(void **state)
{
    enum { RUNS = 6, NAMED = 4, LONG = 1 << 20 };
    (void)state;
    snprintf(root, sizeof root, "%s/alike", getenv("TMPDIR"));
    char *text = assay_alloc(LONG + RUNS + 1);
    memset(text, 'y', LONG + RUNS);
    for (int r = 0; r < RUNS; r++) {
        text[LONG + r + 1] = '\0'; /* each longer than the one before */
        put(text, "%s/params/cfg", put_run("13", r, "long"));
        text[LONG + r + 1] = 'y';
    }
    free(text);
    assert_int_equal(program_run(NULL, "ls", "-S", root, NULL), 3);
    assert_int_equal(times(program_last.err, "are kept"), NAMED);
    program_complains("the same of 2 more: assay doctor lists them");
    assert_int_equal(times(program_last.err, "\n"), NAMED + 1);
    assert_int_equal(program_run(NULL, "doctor", "-S", root, NULL), 3);
    assert_int_equal(times(program_last.out, "are kept"), RUNS);
    snprintf(root, sizeof root, "%s/runs", getenv("TMPDIR"));
}

static void equal_artifacts_are_said(void **state)
{
    (void)state;
    for (int r = 0; r < 2; r++)
        put("the same\n", "%s/mlruns/11/11%030d/artifacts/notes.txt", root, r);
    char first[40], second[40];
    snprintf(first, sizeof first, "11%030d", 0);
    snprintf(second, sizeof second, "11%030d", 1);
    assert_int_equal(compare(first, second, "--diff", "notes.txt", NULL), 0);
    program_says("the same, byte for byte");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finite_values_stay_finite),
        cmocka_unit_test(html_is_strict),
        cmocka_unit_test(latex_is_latex),
        cmocka_unit_test(wide_tables_are_several),
        cmocka_unit_test(long_tables_go_on),
        cmocka_unit_test(long_values_are_cut_and_never_equal),
        cmocka_unit_test(what_is_alike_is_counted),
        cmocka_unit_test(equal_artifacts_are_said),
    };
    return cmocka_run_group_tests_name("assay compare, of bad runs", tests, make_runs,
                                       program_end);
}

/*
 * Review bundles as another machine gets them: the artifacts and the grouping that were
 * compared come along, and bundles that were damaged or made to harm are refused, whole seal or
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>

#include "support/program.h"

#define COUNT 2

static char root[400], bundle[400];

/* Runs `assay compare` with the arguments, ended by NULL; its exit status. */
#define compare(...) program_run(NULL, "compare", __VA_ARGS__)

static void put(const char *text, size_t length, const char *format, ...)
{
    char path[800];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    char *folder = assay_strdup(path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, text, length, 0600, NULL), ASSAY_OK);
    free(folder);
}

/* Two runs of an MLflow directory with scores, a JSON file full of escapes and bytes that are
   no text. */
static int make_runs(void **state)
{
    (void)state;
    char text[4000];
    snprintf(root, sizeof root, "%s/runs", getenv("TMPDIR"));
    snprintf(bundle, sizeof bundle, "%s/review.json", getenv("TMPDIR"));
    int length = snprintf(text, sizeof text,
                          "artifact_location: file://%s/mlruns/1\nexperiment_id: '1'\n"
                          "lifecycle_stage: active\nname: eval\n",
                          root);
    put(text, (size_t)length, "%s/mlruns/1/meta.yaml", root);
    for (int r = 0; r < COUNT; r++) {
        char at[500], id[33] = {0}, bytes[4] = {(char)0xff, 0, '\n', (char)r};
        memset(id, 'a' + r, 32);
        snprintf(at, sizeof at, "%s/mlruns/1/%s", root, id);
        length = snprintf(text, sizeof text,
                          "artifact_uri: file://%s/artifacts\nend_time: 1700000060000\n"
                          "entry_point_name: ''\nexperiment_id: '1'\nlifecycle_stage: active\n"
                          "run_id: %s\nrun_name: net-%d\nsource_name: ''\nsource_type: 4\n"
                          "source_version: ''\nstart_time: 170000000000%d\nstatus: 3\n"
                          "tags: []\nuser_id: dev\n",
                          at, id, r, r);
        put(text, (size_t)length, "%s/meta.yaml", at);
        put(r ? "0.1" : "0.2", 3, "%s/params/lr", at);
        put("1700000000000 0.5 1\n", 20, "%s/metrics/val_loss", at);
        length = snprintf(text, sizeof text, "id,correct\n");
        for (int i = 0; i < 40; i++)
            length += snprintf(text + length, sizeof text - (size_t)length, "ex%d,%d\n", i,
                               i % 3 == 0 || (r == 1 && i % 4 != 0));
        put(text, (size_t)length, "%s/artifacts/scores.csv", at);
        length = snprintf(text, sizeof text,
                          "{\"esc\": \"\\u001b[31m \\\" \\\\ \xc3\xa9\", \"top\": %d}", r);
        put(text, (size_t)length, "%s/artifacts/config.json", at);
        put(bytes, sizeof bytes, "%s/artifacts/weights.bin", at);
    }
    char away[420]; /* where none of this is found */
    snprintf(away, sizeof away, "%s/elsewhere", getenv("TMPDIR"));
    assert_int_equal(assay_make_directories(away, NULL), ASSAY_OK);
    assert_int_equal(chdir(away), 0);
    return 0;
}

static void save(void)
{
    assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "--files", "--group-by",
                             "lr", "--save", bundle, NULL),
                     0);
}

/* What COMMAND prints of the runs where they lie it prints of the bundle, the runs gone. */
static void artifacts_come_along(void **state)
{
    (void)state;
    static const char *const asked[][2] = {{"--diff", "config.json"},
                                           {"--diff", "weights.bin"},
                                           {"--examples", "scores.csv"},
                                           {"--format", "md"}};
    char *before[ASSAY_COUNT(asked)], gone[420];
    for (size_t i = 0; i < ASSAY_COUNT(asked); i++) {
        assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "--files",
                                 "--group-by", "lr", asked[i][0], asked[i][1], NULL),
                         0);
        before[i] = assay_strdup(program_last.out);
    }
    save();
    snprintf(gone, sizeof gone, "%s-away", root);
    assert_int_equal(rename(root, gone), 0);
    for (size_t i = 0; i < ASSAY_COUNT(asked); i++) {
        assert_int_equal(compare("--bundle", bundle, asked[i][0], asked[i][1], NULL), 0);
        assert_string_equal(program_last.out, before[i]);
        free(before[i]);
    }
    program_says("lr=0.2"); /* grouped as it was */
    program_says("weights.bin");
    assert_int_equal(compare("--bundle", bundle, "--diff", "nothing.txt", NULL), 3);
    program_complains("the bundle does not hold the artifact nothing.txt");
    /* A bundle of a bundle holds the same. */
    char again[420];
    snprintf(again, sizeof again, "%s/again.json", getenv("TMPDIR"));
    assert_int_equal(compare("--bundle", bundle, "--save", again, NULL), 0);
    assert_int_equal(compare("--bundle", again, "--diff", "config.json", NULL), 0);
    program_says("top: 0 -> 1");
    assert_int_equal(rename(gone, root), 0);
}

static void only_what_was_compared(void **state)
{
    (void)state;
    assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "--examples",
                             "scores.csv:correct", "--save", bundle, NULL),
                     0);
    assert_int_equal(compare("--bundle", bundle, "--examples", "scores.csv", NULL), 0);
    program_says("n=40 pairs");
    assert_int_equal(compare("--bundle", bundle, "--diff", "config.json", NULL), 3);
}

/* ---- made to harm ---- */

/* The bundle with FROM replaced by TO, written with a seal that holds: whoever changes a bundle
   can make one. */
static void forge(const char *bytes, const char *from, const char *to)
{
    static const char seal[] = "\"sha256\": \"";
    char digest[ASSAY_SHA256_TEXT];
    struct assay_buf out = {0};
    const char *at = strstr(bytes, from), *end = NULL;
    if (!at)
        fail_msg("no %s in the bundle", from);
    for (const char *s = bytes; (s = strstr(s, seal)) != NULL; s++)
        end = s;
    assay_buf_add(&out, bytes, (size_t)(at - bytes));
    assay_buf_text_add(&out, to);
    assay_buf_add(&out, at + strlen(from), (size_t)(end - at) - strlen(from));
    assay_sha256(digest, out.data, out.length);
    assay_buf_format(&out, "%s%s\"}\n", seal, digest);
    assert_int_equal(assay_file_write(bundle, out.data, out.length, 0600, NULL), ASSAY_OK);
    assay_buf_free(&out);
}

static void forged_bundles_are_refused(void **state)
{
    (void)state;
    static const char *const forgeries[][3] = {
        {"{\"column\": 0, \"path\"", "{\"column\": 7, \"path\"", "an entry of \"files\""},
        {"{\"column\": 0, \"path\"", "{\"column\": -1, \"path\"", "an entry of \"files\""},
        {"\"path\": \"config.json\"", "\"path\": \"\"", "an entry of \"files\""},
        {"\"path\": \"config.json\"", "\"path\": \"scores.csv\"", "stands there twice"},
        {"\"path\": \"config.json\"", "\"path\": 5", "an entry of \"files\""},
        {"\\\"top\\\": 0", "\\\"top\\\": 9", "a file's digest does not hold"},
        {"\"hex\": \"ff", "\"hex\": \"f", "a file's digest does not hold"},
        {"\"hex\": \"ff", "\"hex\": \"zz", "a file's digest does not hold"},
        {"\"bytes\": 4", "\"bytes\": 5", "a file's digest does not hold"},
        {"\"lr\": \"0.2\"", "\"lr\": \"0.9\"", "a run's digest does not hold"},
        {"\"assay_bundle\": 1", "\"assay_bundle\": 2", "this is no bundle"},
        {"\"group_by\": \"lr\"", "\"group_by\": \"no such key\"", "no run here has that"},
    };
    char *bytes;
    size_t length;
    save();
    assert_int_equal(assay_file_read(bundle, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    forge(bytes, "\"made_by\": \"", "\"made_by\": \"another ");
    assert_int_equal(compare("--bundle", bundle, NULL), 0); /* the forging itself is sound */
    for (size_t i = 0; i < ASSAY_COUNT(forgeries); i++) {
        forge(bytes, forgeries[i][0], forgeries[i][1]);
        assert_int_not_equal(compare("--bundle", bundle, NULL), 0);
        program_complains(forgeries[i][2]);
        assert_int_equal(program_last.out_length, 0);
    }
    free(bytes);
}

/* A path is a name: nothing outside is read or written by it. */
static void paths_are_names(void **state)
{
    (void)state;
    char *bytes;
    size_t length;
    save();
    assert_int_equal(assay_file_read(bundle, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    forge(bytes, "\"path\": \"config.json\"", "\"path\": \"../../../etc/passwd\"");
    free(bytes);
    assert_int_equal(compare("--bundle", bundle, "--diff", "../../../etc/passwd", NULL), 3);
    assert_null(strstr(program_last.out, "root:"));
    assert_int_equal(compare("--bundle", bundle, "--diff", "/etc/passwd", NULL), 3);
}

static void cut_or_deep(void **state)
{
    (void)state;
    char *bytes;
    size_t length;
    save();
    assert_int_equal(assay_file_read(bundle, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    for (size_t cut = 1; cut < length; cut = cut * 2 + 7) {
        assert_int_equal(assay_file_write(bundle, bytes, length - cut, 0600, NULL), ASSAY_OK);
        assert_int_equal(compare("--bundle", bundle, NULL), 3);
    }
    free(bytes);
    struct assay_buf deep = {0};
    assay_buf_text_add(&deep, "{\"assay_bundle\": 1, \"runs\": ");
    for (int i = 0; i < 100000; i++)
        assay_buf_char(&deep, '[');
    assert_int_equal(assay_file_write(bundle, deep.data, deep.length, 0600, NULL), ASSAY_OK);
    assert_int_equal(compare("--bundle", bundle, NULL), 3);
    assay_buf_free(&deep);
}

/* ---- as a source ---- */

static size_t rows_of(const char *source)
{
    program_run(NULL, "runs", "-S", source, "--format", "csv", NULL);
    return program_lines(program_last.out);
}

static void its_runs_are_shown(void **state)
{
    (void)state;
    char *bytes;
    size_t length;
    assert_int_equal(compare("-S", root, "eval/net-0", "eval/net-1", "-m", "val_loss", "--save",
                             bundle, NULL),
                     0);
    assert_int_equal(rows_of(bundle), 1 + COUNT);
    program_says("net-0");
    assert_int_equal(program_run(NULL, "show", "-S", bundle, "net-1", NULL), 0);
    program_says("0.1");
    assert_int_equal(program_run(NULL, "series", "-S", bundle, "net-1", "-m", "val_loss",
                                 "--format", "csv", NULL),
                     0);
    program_says("0.5");
    assert_int_equal(compare("-S", bundle, "net-0", "net-1", NULL), 0);
    program_says("◆ net-0");

    /* Another bundle in its place: what was shown of the first is gone. */
    assert_int_equal(assay_file_read(bundle, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    forge(bytes, "\"id\": \"aaaaaaaa", "\"id\": \"cccccccc");
    assert_int_equal(rows_of(bundle), 1 + COUNT);
    program_says("ccccccccaaaa");
    assert_null(strstr(program_last.out, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    forge(bytes, "\"id\": \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
          "\"id\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(rows_of(bundle), COUNT); /* the same run twice is one */

    /* Changed without a seal of its own: nothing of it is believed. */
    bytes[length / 2] ^= 1;
    assert_int_equal(assay_file_write(bundle, bytes, length, 0600, NULL), ASSAY_OK);
    assert_int_equal(program_run(NULL, "runs", "-S", bundle, NULL), 3);
    program_complains("bundle");
    free(bytes);
}

/* What the runs have where they lie they have in the bundle, as a source like any other. */
static void its_artifacts_are_there(void **state)
{
    (void)state;
    static const char weights[] = {(char)0xff, 0, '\n', 1};
    char *before, *bytes;
    size_t length;
    save();
    assert_int_equal(
        program_run(NULL, "artifacts", "-S", bundle, "net-1", "--format", "csv", NULL), 0);
    assert_int_equal(program_lines(program_last.out), 4);
    program_says("config.json,file,");
    assert_int_equal(program_run(NULL, "artifacts", "-S", bundle, "net-1", "weights.bin", NULL),
                     0);
    assert_int_equal(program_last.out_length, sizeof weights);
    assert_memory_equal(program_last.out, weights, sizeof weights);
    for (int i = 0; i < 2; i++) {
        const char *what = i ? "config.json" : "weights.bin";
        assert_int_equal(compare("-S", root, "net-0", "net-1", "--files", "--diff", what, NULL),
                         0);
        before = assay_strdup(program_last.out);
        assert_int_equal(
            compare("-S", bundle, "net-0", "net-1", "--files", "--diff", what, NULL), 0);
        assert_string_equal(program_last.out, before);
        free(before);
    }
    assert_int_equal(compare("-S", bundle, "net-0", "net-1", "--files", NULL), 0);
    program_says("config.json.top");

    /* Another bundle in its place: no copy of the first is taken for it, be it as large. */
    assert_int_equal(assay_file_read(bundle, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    char path[500], text[] = "{\"esc\": \"\\u001b[31m \\\" \\\\ \xc3\xa9\", \"top\": 7}";
    snprintf(path, sizeof path, "%s/mlruns/1/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/artifacts", root);
    put(text, strlen(text), "%s/config.json", path);
    save();
    assert_int_equal(compare("-S", bundle, "net-0", "net-1", "--diff", "config.json", NULL), 0);
    program_says("top: 0 -> 7");

    /* Names that lead out are no artifacts; bytes that are not those of their digest none. */
    forge(bytes, "\"path\": \"config.json\"", "\"path\": \"../../../etc/passwd\"");
    assert_int_equal(program_run(NULL, "artifacts", "-S", bundle, "net-0", NULL), 3);
    program_complains("1 of its artifacts have no name");
    assert_null(strstr(program_last.out, "passwd"));
    forge(bytes, "\\\"top\\\": 0", "\\\"top\\\": 9");
    assert_int_equal(program_run(NULL, "artifacts", "-S", bundle, "net-0", "config.json", NULL),
                     3);
    program_complains("digest does not hold");
    assert_int_equal(program_last.out_length, 0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(artifacts_come_along),
        cmocka_unit_test(only_what_was_compared),
        cmocka_unit_test(forged_bundles_are_refused),
        cmocka_unit_test(paths_are_names),
        cmocka_unit_test(cut_or_deep),
        cmocka_unit_test(its_runs_are_shown),
        cmocka_unit_test(its_artifacts_are_there),
    };
    return cmocka_run_group_tests_name("review bundles", tests, make_runs, program_end);
}

/*
 * A review bundle of many runs and artifacts on another machine: another home, the file moved,
 * the sources removed. What was compared is found there byte for byte; the digests are those
 * that sha256sum gave before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/program.h"

#define RUNS  40
#define FILES 6

static char root[400], away[400];

static void put(const char *path, const char *bytes, size_t length)
{
    char *folder = assay_strdup(path);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, bytes, length, 0600, NULL), ASSAY_OK);
    free(folder);
}

static void artifact_name(int file, char out[64])
{
    static const char *const forms[][2] = {
        {"scores-", ".csv"}, {"deep/er/config ", ".json"}, {"weights-", ".bin"}};
    snprintf(out, 64, "%s%d%s", forms[file % 3][0], file, forms[file % 3][1]);
}

/* Kilobytes that no two artifacts share, of every value a byte has. */
static void put_artifact(const char *folder, int run, int file)
{
    struct assay_buf bytes = {0};
    char path[700], name[64];
    uint32_t state = (uint32_t)(run * FILES + file + 1);
    artifact_name(file, name);
    snprintf(path, sizeof path, "%s/artifacts/%s", folder, name);
    if (file % 3 == 2) {
        for (int i = 0; i < 3000 + run; i++) {
            state = state * 1664525 + 1013904223;
            assay_buf_char(&bytes, (char)(state >> 24));
        }
    } else {
        assay_buf_format(&bytes, file % 3 ? "{\"top\": %d, \"file\": %d}\n" : "id,x\na%d,%d\n", run,
                         file);
    }
    put(path, bytes.data, bytes.length);
    assay_buf_free(&bytes);
}

static void put_run(int run)
{
    char folder[500], path[600], text[1500];
    snprintf(folder, sizeof folder, "%s/mlruns/1/%032x", root, run + 1);
    snprintf(path, sizeof path, "%s/meta.yaml", folder);
    int length = snprintf(text, sizeof text,
                          "artifact_uri: file://%s/artifacts\nend_time: 1700000060000\n"
                          "experiment_id: '1'\nlifecycle_stage: active\nrun_id: %032x\n"
                          "run_name: net-%d\nstart_time: 17000000%05d\nstatus: 3\ntags: []\n"
                          "user_id: dev\n",
                          folder, run + 1, run, run);
    put(path, text, (size_t)length);
    snprintf(path, sizeof path, "%s/params/lr", folder);
    put(path, run % 2 ? "0.1" : "0.2", 3);
    snprintf(path, sizeof path, "%s/metrics/val_loss", folder);
    length = 0;
    for (int i = 0; i < 30; i++)
        length += snprintf(text + length, sizeof text - (size_t)length,
                           "17000000%05d 0.%d%02d %d\n", i, run, i, i);
    put(path, text, (size_t)length);
    for (int file = 0; file < FILES; file++)
        put_artifact(folder, run, file);
}

/* What the shell command COMMAND prints. */
static char *shell(const char *command)
{
    struct assay_buf out = {0};
    char block[4096];
    size_t count;
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((count = fread(block, 1, sizeof block, pipe)) > 0)
        assay_buf_add(&out, block, count);
    assert_int_equal(pclose(pipe), 0);
    return assay_buf_take(&out);
}

static void set_home(const char *home)
{
    static const char *const names[][2] = {{"HOME", ""},
                                           {"XDG_DATA_HOME", "/data"},
                                           {"XDG_CACHE_HOME", "/cache"},
                                           {"XDG_CONFIG_HOME", "/config"},
                                           {"XDG_STATE_HOME", "/state"}};
    char path[500];
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s%s", home, names[i][1]);
        setenv(names[i][0], path, 1);
    }
    assert_int_equal(assay_make_directories(home, NULL), ASSAY_OK);
    assert_int_equal(chdir(home), 0);
}

static char *compared(const char *option, const char *place, const char *more)
{
    assert_int_equal(program_run(NULL, "compare", option, place, "--format", "md", more, NULL),
                     0);
    return assay_strdup(program_last.out);
}

/* Every artifact out of the bundle has the bytes its name had. */
static void artifacts_are_theirs(const char *bundle)
{
    char line[1800], name[64], run[16], folder[500];
    for (int r = 0; r < RUNS; r += 13) {
        for (int file = 0; file < FILES; file++) {
            artifact_name(file, name);
            snprintf(run, sizeof run, "net-%d", r);
            snprintf(folder, sizeof folder, "%s/out.bin", away);
            assert_int_equal(
                program_run(NULL, "artifacts", "-S", bundle, run, name, NULL), 0);
            put(folder, program_last.out, program_last.out_length);
            snprintf(line, sizeof line,
                     "want=$(grep -F '/%032x/artifacts/%s' '%s/sums' | cut -d' ' -f1); "
                     "have=$(sha256sum <'%s' | cut -d' ' -f1); [ -n \"$want\" ] && "
                     "[ \"$want\" = \"$have\" ] && echo same",
                     r + 1, name, away, folder);
            char *said = shell(line);
            assert_string_equal(said, "same\n");
            free(said);
        }
    }
}

static void opens_on_another_machine(void **state)
{
    (void)state;
    char here[420], bundle[500], moved[500], command[5000];
    snprintf(root, sizeof root, "%s/source", getenv("TMPDIR"));
    snprintf(away, sizeof away, "%s/another", getenv("TMPDIR"));
    snprintf(here, sizeof here, "%s/here", getenv("TMPDIR"));
    snprintf(bundle, sizeof bundle, "%s/review.json", here);
    snprintf(moved, sizeof moved, "%s/got it.json", away);
    set_home(here);
    snprintf(command, sizeof command, "%s/mlruns/1/meta.yaml", root);
    char meta[600];
    int length = snprintf(meta, sizeof meta,
                          "artifact_location: file://%s/mlruns/1\nexperiment_id: '1'\n"
                          "lifecycle_stage: active\nname: eval\n",
                          root);
    put(command, meta, (size_t)length);
    for (int run = 0; run < RUNS; run++)
        put_run(run);
    program_run(NULL, "compare", "-S", root, "--last", "40", "--files", "--group-by", "lr",
                "-m", "val_loss", "--save", bundle, NULL);
    program_expect(0);
    char *before = compared("--bundle", bundle, NULL), *all = compared("--bundle", bundle, "--all");

    snprintf(command, sizeof command,
             "mkdir -p '%s' && find '%s' -type f -exec sha256sum {} + >'%s/sums' && "
             "mv '%s' '%s' && rm -rf '%s' '%s'",
             away, root, away, bundle, moved, root, here);
    free(shell(command));
    set_home(away);
    char *after = compared("--bundle", moved, NULL), *after_all = compared("--bundle", moved, "--all");
    assert_string_equal(after, before);
    assert_string_equal(after_all, all);
    assert_non_null(strstr(after, "lr=0.1"));
    program_run(NULL, "runs", "-S", moved, "--format", "csv", NULL);
    assert_int_equal(program_lines(program_last.out), 1 + RUNS);
    artifacts_are_theirs(moved);
    assert_int_equal(program_run(NULL, "series", "-S", moved, "net-7", "-m", "val_loss",
                                 "--format", "csv", NULL),
                     0);
    assert_int_equal(program_lines(program_last.out), 1 + 30);
    program_says("0.729");
    /* One bit elsewhere, and nothing of it is believed. */
    snprintf(command, sizeof command, "sed -i 's/\"net-7\"/\"net-6\"/' '%s'", moved);
    free(shell(command));
    assert_int_equal(program_run(NULL, "compare", "--bundle", moved, NULL), 3);
    program_complains("the bundle was changed");
    free(before);
    free(all);
    free(after);
    free(after_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_on_another_machine),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}

/* The real program keeping runs of its own and reading those of others. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/places.h"
#include "support/program.h"

/* ---- logging and tracking ---- */

static void start_run(char id[40])
{
    program_run(NULL, "log", "-e", "by hand", "-n", "one", "-p", "lr=0.5", NULL);
    program_expect(0);
    assert_int_equal(strlen(program_last.out), 33);
    snprintf(id, 40, "%.32s", program_last.out);
}

static void test_log(void **state)
{
    (void)state;
    char id[40];
    start_run(id);
    program_run(NULL, "log", id, "-m", "loss=0.25", "-m", "acc=nan", "--step", "7", "--time",
                "1000", "-t", "note=a=b", NULL);
    program_expect(0);
    program_run(
        "{\"step\": 8, \"time_ms\": 2000, \"metrics\": {\"loss\": 0.1, \"acc\": "
        "\"-Infinity\"}}\n"
        "\n{\"params\": {\"n\": 3, \"x\": 0.1, \"ok\": true}, \"tags\": {\"k\": \"v\"}}",
        "log", id, "--json", "--finish", "finished", NULL);
    program_expect(0);
    program_run(NULL, "show", "-S", "local", "by hand/one", "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json(), *params = json_object_get(json, "params"),
           *metrics = json_object_get(json, "metrics");
    assert_string_equal(json_string_value(json_object_get(json, "status")), "FINISHED");
    assert_string_equal(json_string_value(json_object_get(params, "lr")), "0.5");
    assert_string_equal(json_string_value(json_object_get(params, "n")), "3");
    assert_string_equal(json_string_value(json_object_get(params, "x")), "0.1");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "tags"), "note")), "a=b");
    json_t *loss = json_object_get(metrics, "loss"), *acc = json_object_get(metrics, "acc");
    assert_true(json_number_value(json_object_get(loss, "last")) == 0.1);
    assert_int_equal(json_integer_value(json_object_get(loss, "time_ms")), 2000);
    assert_string_equal(json_string_value(json_object_get(acc, "last")), "-Infinity");
    assert_string_equal(json_string_value(json_object_get(acc, "min")), "NaN");
    assert_int_equal(json_integer_value(json_object_get(acc, "nonfinite")), 2);
    json_decref(json);
}

static void test_log_misuse(void **state)
{
    (void)state;
    char id[40];
    start_run(id);
    static const char *const lines[] = {
        "{\"metrics\": {\"loss\": 1}}\n{\"metrics\": {\"loss\": \"high\"}}\n",
        "{\"metrics\": {\"loss\": 1}}\n[1]\n",
        "{\"metrics\": {\"loss\": 1}}\n{\"metrics\": \n",
        "{\"metrics\": {\"loss\": 1}}\n{\"metric\": {}}\n",
        "{\"metrics\": {\"loss\": 1}}\n{\"step\": 1.5}\n",
    };
    for (size_t i = 0; i < ASSAY_COUNT(lines); i++) {
        program_run(lines[i], "log", id, "--json", NULL);
        program_expect(2);
        assert_int_equal(strncmp(program_last.err, "assay: standard input:2", 23), 0);
    }
    program_run(NULL, "series", "-S", "local", id, "-m", "loss", "--format", "csv", NULL);
    program_expect(0); /* what stood before the line at fault was kept each time */
    assert_int_equal(program_lines(program_last.out), 1 + ASSAY_COUNT(lines));
    program_run(NULL, "log", id, "-p", "novalue", NULL);
    program_expect(2);
    program_run(NULL, "log", id, "-m", "loss=high", NULL);
    program_expect(2);
    program_run(NULL, "log", "-m", "loss=1", NULL);
    program_expect(2);
    program_run(NULL, "log", "00000000000000000000000000000000", "-m", "loss=1", NULL);
    program_expect(2);
    program_run(NULL, "log", id, "-p", "lr=0.6", NULL); /* set before, to something else */
    program_expect(2);
}

/* What `assay artifacts` prints of PATH. */
static void expect_artifact(const char *id, const char *path, const char *text)
{
    program_run(NULL, "artifacts", "-S", "local", id, path, NULL);
    program_expect(0);
    assert_string_equal(program_last.out, text);
}

static void test_log_artifacts(void **state)
{
    (void)state;
    char id[40], *plot = place_new("plot.csv"), *given = place_new("w=1.txt");
    char line[1200], named[700];
    place_write(plot, "x,y\n", 4);
    place_write(given, "weights", 7);
    start_run(id);
    snprintf(named, sizeof named, "--artifact=model/best w.txt=%s", given);
    program_run(NULL, "log", id, "-a", plot, named, NULL);
    program_expect(0);
    snprintf(line, sizeof line,
             "{\"step\": 1, \"metrics\": {\"loss\": 1}, \"artifacts\": "
             "{\"model/last\": \"%s\", \"é.txt\": \"%s\"}}\n",
             plot, given);
    program_run(line, "log", id, "--json", NULL);
    program_expect(0);
    expect_artifact(id, "plot.csv", "x,y\n");
    expect_artifact(id, "model/best w.txt", "weights");
    expect_artifact(id, "model/last", "x,y\n");
    expect_artifact(id, "é.txt", "weights");
    program_run(NULL, "show", "-S", "local", id, "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json();
    assert_int_equal(json_array_size(json_object_get(json, "artifacts")), 5);
    json_decref(json);
    program_run(NULL, "doctor", "-S", "local", NULL);
    program_expect(0);
    program_says("store.db.artifacts: 4 files, 22 B\n");
    static const char *const wrong[][2] = {{"", "no path"},
                                           {"../x", "no path"},
                                           {"plot.csv/x", "in the place of a folder"},
                                           {"model", "there is a folder of that name"}};
    for (size_t i = 0; i < ASSAY_COUNT(wrong); i++) {
        snprintf(named, sizeof named, "%s=%s", wrong[i][0], plot);
        program_run(NULL, "log", id, "-a", named, NULL);
        program_expect(i < 2 ? 2 : 3);
        program_complains(wrong[i][1]);
    }
    free(plot);
    free(given);
}

/* A folder is what is in it, below its name or another; a link to a folder is not entered. */
static void test_log_folders(void **state)
{
    (void)state;
    char id[40], path[900], named[1000], *top = place_new("out"), *copy = place_new("copy.db");
    static const char *const files[] = {"weights.bin", "eval/a.csv", "eval/deep/b.csv"};
    static const char *const folders[] = {"", "eval", "eval/deep", "none"};
    for (size_t i = 0; i < ASSAY_COUNT(folders); i++) {
        snprintf(path, sizeof path, "%s/%s", top, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < ASSAY_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", top, files[i]);
        place_write(path, files[i], strlen(files[i]));
    }
    start_run(id);
    snprintf(named, sizeof named, "-amodel/v1=%s/eval", top);
    program_run(NULL, "log", id, "-a", top, named, NULL);
    program_expect(0);
    expect_artifact(id, "out/weights.bin", files[0]);
    expect_artifact(id, "out/eval/deep/b.csv", files[2]);
    expect_artifact(id, "model/v1/a.csv", files[1]);
    expect_artifact(id, "model/v1/deep/b.csv", files[2]);
    snprintf(path, sizeof path, "%s/none", top);
    program_run(NULL, "log", "-e", "never begun", "-a", path, NULL);
    program_expect(2);
    program_complains("no file is in the folder");
    snprintf(path, sizeof path, "%s/none/link", top);
    assert_int_equal(symlink(top, path), 0);
    snprintf(named, sizeof named, "{\"artifacts\": {\"all\": \"%s/none\"}}\n", top);
    program_run(named, "log", id, "--json", NULL);
    program_expect(2);
    program_complains("not a regular file");
    program_run(NULL, "ls", "-S", "local", "--format", "csv", NULL);
    assert_null(strstr(program_last.out, "never begun"));
    program_run(NULL, "backup", copy, NULL);
    program_expect(0);
    program_says("artifacts are not in it");
    free(top);
    free(copy);
}

/* Nothing is begun for a file that is not there, and a line at fault leaves nothing. */
static void test_log_artifacts_missing(void **state)
{
    (void)state;
    char id[40];
    program_run(NULL, "log", "-e", "never begun", "-m", "loss=1", "-a", "missing", NULL);
    program_expect(2);
    program_complains("artifact missing: No such file");
    program_run(NULL, "ls", "-S", "local", "--format", "csv", NULL);
    program_expect(0);
    assert_null(strstr(program_last.out, "never begun"));
    start_run(id);
    program_run("{\"metrics\": {\"loss\": 1}}\n"
                "{\"metrics\": {\"loss\": 2}, \"artifacts\": {\"a\": \"missing\"}}\n",
                "log", id, "--json", NULL);
    program_expect(2);
    program_complains("standard input:2: artifact missing: No such file");
    program_run("{\"metrics\": {\"loss\": 3, \"acc\": \"high\"}}\n", "log", id, "--json", NULL);
    program_expect(2);
    program_run("{\"artifacts\": {\"a\": 1}}\n", "log", id, "--json", NULL);
    program_expect(2);
    program_run(NULL, "series", "-S", "local", id, "--format", "csv", NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), 2); /* the head, and the first line's */
}

static void check_tracked(const char *name, const char *status)
{
    char ref[64];
    snprintf(ref, sizeof ref, "tracking/%s", name);
    program_run(NULL, "show", "-S", "local", ref, "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json();
    assert_string_equal(json_string_value(json_object_get(json, "status")), status);
    assert_true(json_is_integer(json_object_get(json, "end_ms")));
    json_decref(json);
}

static void test_track(void **state)
{
    (void)state;
    program_run(NULL, "track", "-e", "tracking", "-n", "good", "-p", "a=1", "--", "sh", "-c",
                "echo run=$ASSAY_RUN; $ASSAY_PROGRAM log -m x=2", NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "run=", 4), 0);
    assert_int_equal(strlen(program_last.out), 4 + 32 + 1);
    check_tracked("good", "FINISHED");
    program_run(NULL, "series", "-S", "local", "tracking/good", "-m", "x", "--format", "csv",
                NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), 2);
    program_run(NULL, "track", "-e", "tracking", "-n", "bad", "sh", "-c", "exit 7", NULL);
    program_expect(7);
    check_tracked("bad", "FAILED");
    program_run(NULL, "track", "-e", "tracking", "-n", "shot", "sh", "-c", "kill -TERM $$",
                NULL);
    program_expect(128 + SIGTERM);
    check_tracked("shot", "KILLED");
    program_run(NULL, "track", "-e", "tracking", "-n", "none", "no-such-program-at-all", NULL);
    program_expect(2);
    check_tracked("none", "FAILED");
    /* A signal that is meant to end it all ends the command, and that is written down. */
    program_run(NULL, "track", "-e", "tracking", "-n", "ended", "sh", "-c",
                "kill -TERM $PPID; exec sleep 600", NULL);
    program_expect(128 + SIGTERM);
    check_tracked("ended", "KILLED");
}

/* ---- files of others ---- */

static void put(const char *directory, const char *name, const char *text)
{
    char *path = assay_path_join(directory, name), *above = assay_path_directory(path);
    assert_int_equal(assay_make_directories(above, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(above);
    free(path);
}

static void put_run(const char *root, const char *id, const char *name, const char *stage)
{
    struct assay_buf text = {0}, path = {0};
    assay_buf_format(
        &text,
        "artifact_uri: %s/1/%s/artifacts\nend_time: 2000\nexperiment_id: '1'\n"
        "lifecycle_stage: %s\nrun_id: %s\nrun_name: %s\nstart_time: 1000\nstatus: 3\n"
        "user_id: ann\n",
        root, id, stage, id, name);
    assay_buf_format(&path, "1/%s/meta.yaml", id);
    put(root, path.data, text.data);
    assay_buf_reset(&path);
    assay_buf_format(&path, "1/%s/metrics/loss", id);
    put(root, path.data, "1000 0.5 0\n1001 0.25 1\n");
    assay_buf_reset(&path);
    assay_buf_format(&path, "1/%s/params/lr", id);
    put(root, path.data, "0.1");
    assay_buf_reset(&path);
    assay_buf_format(&path, "1/%s/artifacts/out/notes.txt", id);
    put(root, path.data, "line\n\x1b[31mred\n");
    assay_buf_free(&text);
    assay_buf_free(&path);
}

static char *make_mlruns(void)
{
    const char *directory = getenv("TMPDIR");
    char *root = assay_path_join(directory ? directory : P_tmpdir, "assay-records/mlruns");
    put(root, "1/meta.yaml",
        "artifact_location: x\ncreation_time: 1\nexperiment_id: '1'\nlast_update_time: 1\n"
        "lifecycle_stage: active\nname: digits\n");
    put_run(root, "aaaa000000000000000000000000000a", "first", "active");
    put_run(root, "bbbb000000000000000000000000000b", "second", "deleted");
    return root;
}

static void test_mlflow_files(void **state)
{
    (void)state;
    char *root = make_mlruns();
    program_run(NULL, "runs", "-S", root, "--format", "csv", "-c",
                "name,metrics.loss,params.lr,lifecycle", NULL);
    program_expect(0);
    assert_string_equal(program_last.out,
                        "name,metrics.loss,params.lr,lifecycle\nfirst,0.25,0.1,active\n");
    program_run(NULL, "runs", "-S", root, "--format", "csv", "-c", "name,lifecycle",
                "--deleted", "-s", "name:asc", NULL);
    program_expect(0);
    assert_string_equal(program_last.out, "name,lifecycle\nfirst,active\nsecond,deleted\n");
    program_run(NULL, "ls", "-S", root, "--deleted", "--format", "csv", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, ",lifecycle,deleted_runs\n"));
    assert_non_null(strstr(program_last.out, ",1,2000,active,1\n"));
    program_run(NULL, "doctor", "-S", root, NULL); /* counts as `ls` does, and says the rest */
    assert_non_null(strstr(program_last.out, "(mlflow-files): 1 run, 1 deleted\n"));
    program_run(NULL, "series", "-S", root, "aaaa", "--format", "csv", NULL);
    program_expect(0);
    assert_string_equal(program_last.out,
                        "metric,step,time_ms,value\nloss,0,1000,0.5\nloss,1,1001,0.25\n");
    free(root);
}

static void test_artifacts(void **state)
{
    (void)state;
    char *root = make_mlruns(), *bytes;
    size_t length;
    program_run(NULL, "artifacts", "-S", root, "digits/first", "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json(), *items = json_object_get(json, "artifacts");
    assert_int_equal(json_array_size(items), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 1), "path")),
                        "out/notes.txt");
    json_decref(json);
    program_run(NULL, "artifacts", "-S", root, "aaaa", "out/notes.txt", NULL);
    program_expect(0);
    assert_string_equal(program_last.out,
                        "line\n\x1b[31mred\n"); /* bytes, since this is no terminal */
    char *copy = assay_path_join(root, "../copy.txt");
    program_run(NULL, "artifacts", "-S", root, "aaaa", "out/notes.txt", NULL);
    program_expect(0);
    char *printed = assay_strdup(program_last.out);
    program_run(NULL, "artifacts", "-S", root, "aaaa", "out/notes.txt", "-o", "-", NULL);
    program_expect(0);
    assert_string_equal(program_last.out, printed);
    free(printed);
    program_run(NULL, "artifacts", "-S", root, "aaaa", "out/notes.txt", "-o", copy, NULL);
    program_expect(0);
    assert_int_equal(assay_file_read(copy, 100, &bytes, &length, NULL), ASSAY_OK);
    assert_int_equal(length, 14);
    free(bytes);
    free(copy);
    program_run(NULL, "artifacts", "-S", root, "aaaa", "../meta.yaml", NULL);
    program_expect(2);
    program_run(NULL, "artifacts", "-S", root, "aaaa", "out", "-o", "x", NULL);
    program_expect(2);
    free(root);
}

/* A store copied from elsewhere: its runs are whole, their artifacts are somewhere else. */
static void test_artifacts_elsewhere(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR");
    char *root = assay_path_join(directory ? directory : P_tmpdir, "assay-cli-far/mlruns");
    put(root, "1/meta.yaml", "artifact_location: x\nexperiment_id: '1'\nname: far\n");
    put(root, "1/cccc000000000000000000000000000c/meta.yaml",
        "artifact_uri: s3://bucket/cccc\nexperiment_id: '1'\nlifecycle_stage: active\n"
        "run_id: cccc000000000000000000000000000c\nrun_name: far\nstart_time: 1000\n"
        "status: 3\n");
    put(root, "1/cccc000000000000000000000000000c/metrics/loss", "1000 0.5 0\n");
    put(root, "1/cccc000000000000000000000000000c/params/lr", "1");
    program_run(NULL, "show", "-S", root, "cccc", "--format", "json", NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    json_t *json = program_json();
    assert_true(json_is_null(json_object_get(json, "artifacts")));
    assert_string_equal(json_string_value(json_object_get(json, "artifact_uri")),
                        "s3://bucket/cccc");
    json_decref(json);
    program_run(NULL, "artifacts", "-S", root, "cccc", NULL);
    program_expect(3);
    free(root);
}

/* A configured source that has gone is missed, not forgotten. */
static void test_configured_source_missing(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR"), *before = getenv("ASSAY_CONFIG");
    char *root = make_mlruns();
    char *config = assay_path_join(directory ? directory : P_tmpdir, "assay-cli/config.ini");
    struct assay_buf text = {0};
    char *empty = assay_path_join(root, "1/bbbb0000");
    assert_int_equal(assay_make_directories(empty, NULL), ASSAY_OK);
    assay_buf_format(&text,
                     "[source here]\nplace = %s\n[source gone]\nplace = /no/such\n"
                     "[source void]\nplace = %s\n",
                     root, empty);
    put(directory ? directory : P_tmpdir, "assay-cli/config.ini", text.data);
    assert_null(before);
    setenv("ASSAY_CONFIG", config, 1);
    program_run(NULL, "ls", NULL);
    program_expect(3);
    assert_non_null(strstr(program_last.out, "digits")); /* what is there is shown */
    assert_non_null(strstr(program_last.err, "assay: gone: /no/such: No such file"));
    assert_non_null(strstr(program_last.err, "  put it back, or correct its place"));
    assert_non_null(strstr(program_last.err, "assay: void: no experiments found in "));
    program_run(NULL, "doctor", NULL);
    program_expect(3);
    assert_non_null(strstr(program_last.out, "fails gone           /no/such: No such file"));
    assert_non_null(strstr(program_last.out, "-> put it back, or correct its place"));
    assert_non_null(strstr(program_last.out, "void: no experiments found in "));
    program_run(NULL, "ls", "-S", "here", NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    program_run(NULL, "ls", "-S", "gone", NULL);
    program_expect(3);
    assert_string_equal(program_last.out, "");
    program_run(NULL, "runs", "-S", "here", "-S", "gone", NULL);
    program_expect(3);
    assert_non_null(strstr(program_last.out, "first"));
    assert_non_null(strstr(program_last.err, "assay: gone: /no/such: No such file"));
    unsetenv("ASSAY_CONFIG");
    free(empty);
    assay_buf_free(&text);
    free(config);
    free(root);
}

/* MLflow's own variable names a place as the configuration file does. */
static void test_tracking_uri_missing(void **state)
{
    (void)state;
    static const char *const uris[] = {"/no/such/mlruns", "file:///no/such/mlruns"};
    for (size_t i = 0; i < ASSAY_COUNT(uris); i++) {
        setenv("MLFLOW_TRACKING_URI", uris[i], 1);
        program_run(NULL, "ls", NULL);
        program_expect(3);
        program_complains("assay: MLFLOW_TRACKING_URI: /no/such/mlruns: No such file");
        program_complains("  put it back, or correct its place in MLFLOW_TRACKING_URI");
    }
    unsetenv("MLFLOW_TRACKING_URI");
}

/* A place in which nothing could be read is not simply empty. */
static void test_only_damage(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR");
    char *root = assay_path_join(directory ? directory : P_tmpdir, "assay-damage");
    put(root, "events.out.tfevents.1.host", "these are no events, but as long as some are");
    program_run(NULL, "runs", "-S", root, NULL);
    program_expect(3);
    program_complains("assay-damage: no runs, and 1 thing could not be read: assay doctor");
    free(root);
}

static void test_damage_is_named(void **state)
{
    (void)state;
    char *root = make_mlruns();
    put(root, "1/aaaa000000000000000000000000000a/metrics/loss",
        "1000 0.5 0\nwhat is this\n1001 0.25 1\n");
    program_run(NULL, "runs", "-S", root, "--format", "csv", "-c", "name,metrics.loss", NULL);
    program_expect(3);
    assert_string_equal(program_last.out,
                        "name,metrics.loss\nfirst,0.25\n"); /* the rest is there */
    assert_int_equal(strncmp(program_last.err, "assay: ", 7), 0);
    assert_non_null(strstr(program_last.err, "metrics/loss"));
    program_run(NULL, "doctor", "-S", root, "--format", "json", NULL);
    program_expect(3);
    json_t *json = program_json();
    assert_true(json_is_false(json_object_get(json, "works")));
    json_decref(json);
    free(root);
}

/* What sha256sum says of the files of DIR and their list, as people check it. */
static void expect_list_digest(const char *directory, const char *digest)
{
    struct assay_buf command = {0};
    char said[65] = "";
    assay_buf_format(&command, "cd '%s' && sha256sum MLmodel data/weights | sha256sum",
                     directory);
    FILE *pipe = popen(assay_buf_text(&command), "r");
    assert_non_null(pipe);
    assert_int_equal(fread(said, 1, 64, pipe), 64);
    while (fgetc(pipe) != EOF)
        ;
    assert_int_equal(pclose(pipe), 0);
    assert_non_null(digest);
    assert_string_equal(digest, said);
    assay_buf_free(&command);
}

/* The digest of a version's files is computed when it is asked for, and only then. */
static void test_model_digest(void **state)
{
    (void)state;
    char *root = make_mlruns(), *files = assay_path_join(root, "../model files");
    struct assay_buf meta = {0};
    put(files, "MLmodel", "flavors:\n");
    put(files, "data/weights", "1 2 3\n");
    put(root, "models/net/meta.yaml", "name: net\ncreation_timestamp: 1\n");
    assay_buf_format(&meta, "name: net\nversion: 1\nstatus: READY\nsource: %s\n", files);
    put(root, "models/net/version-1/meta.yaml", assay_buf_text(&meta));
    program_run(NULL, "models", "-S", root, "net", "--format", "json", NULL);
    program_expect(0);
    assert_null(strstr(program_last.out, "digest"));
    program_run(NULL, "models", "-S", root, "net", "1", "--digest", "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json(), *model = json_array_get(json_object_get(json, "models"), 0),
           *version = json_array_get(json_object_get(model, "versions"), 0);
    expect_list_digest(files, json_string_value(json_object_get(version, "digest")));
    assert_int_equal(json_integer_value(json_object_get(version, "files")), 2);
    assert_int_equal(json_integer_value(json_object_get(version, "bytes")), 15);
    char *one = assay_strdup(program_last.out); /* by MLflow's word for its place */
    program_run(NULL, "models", "-S", root, "models:/net/1", "--digest", "--format", "json", NULL);
    assert_string_equal(program_last.out, one);
    program_run(NULL, "models", "-S", root, "models:/net@nobody", NULL);
    program_complains("there is no net version @nobody");
    free(one);
    json_decref(json);
    put(root, "models/net/version-1/meta.yaml",
        "name: net\nversion: 1\nstatus: READY\nsource: /no/such/place\n");
    program_run(NULL, "models", "-S", root, "net", "--digest", "--format", "json", NULL);
    program_expect(3); /* what can be shown is */
    assert_non_null(strstr(program_last.out, "\"digest\": null, \"files\": null"));
    assert_non_null(strstr(program_last.err, "its files are not here: /no/such/place"));
    program_run(NULL, "models", "-S", root, "--digest", NULL);
    program_expect(2);
    assay_buf_free(&meta);
    free(files);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_misuse),
        cmocka_unit_test(test_log_artifacts),
        cmocka_unit_test(test_log_folders),
        cmocka_unit_test(test_log_artifacts_missing),
        cmocka_unit_test(test_track),
        cmocka_unit_test(test_mlflow_files),
        cmocka_unit_test(test_artifacts),
        cmocka_unit_test(test_artifacts_elsewhere),
        cmocka_unit_test(test_configured_source_missing),
        cmocka_unit_test(test_tracking_uri_missing),
        cmocka_unit_test(test_only_damage),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_model_digest),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}

/*
 * The reader of MLflow file stores: against stores that three major versions of MLflow wrote
 * and what they read back from them, and against stores made awkward here.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>

#include "source/artifact_list.h"
#include "source/mlflow_metric.h"
#include "source/readers.h"
#include "support/ingest_collect.h"
#include "support/mlflow_expect.h"

#define RUN  "0123456789abcdef0123456789abcdef"
#define RUN2 "fedcba9876543210fedcba9876543210"

/* ---- a store of our own making ---- */

struct world {
    char root[256]; /* the folder mlruns/ lies in */
    char store[300];
    struct ingest_collect collect;
    void *self;
};

static void write_bytes(const char *path, const void *bytes, size_t length, const char *mode)
{
    FILE *file = fopen(path, mode);

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static void make_folders(const char *path)
{
    char part[1024];

    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(part, 0777) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

/* Writes STORE/PATH, making its folders, with a time in the past so that nothing is "young". */
static void put(struct world *world, const char *path, const char *text)
{
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    char full[1024];

    snprintf(full, sizeof full, "%s/%s", world->store, path);
    make_folders(full);
    write_bytes(full, text, strlen(text), "w");
    for (char *slash = full + strlen(full); slash > full + strlen(world->store);
         slash = strrchr(full, '/')) {
        *slash = '\0';
        utimensat(AT_FDCWD, full, times, 0);
    }
}

/* Appends, with another time in the past. */
static void append(struct world *world, const char *path, const char *text)
{
    static time_t later = 1700001000;
    struct timespec times[2] = {{.tv_sec = later}, {.tv_sec = later}};
    char full[1024];

    snprintf(full, sizeof full, "%s/%s", world->store, path);
    write_bytes(full, text, strlen(text), "a");
    utimensat(AT_FDCWD, full, times, 0);
    later++;
}

static void put_experiment(struct world *world, const char *id)
{
    char path[200], text[400];

    snprintf(path, sizeof path, "%s/meta.yaml", id);
    snprintf(text, sizeof text,
             "artifact_location: file:///nowhere/%s\nexperiment_id: '%s'\n"
             "lifecycle_stage: active\nname: exp %s\n",
             id, id, id);
    put(world, path, text);
}

static void put_run(struct world *world, const char *experiment, const char *id, int status)
{
    char path[200], text[600];

    snprintf(path, sizeof path, "%s/%s/meta.yaml", experiment, id);
    snprintf(text, sizeof text,
             "artifact_uri: file:///nowhere/%s\nend_time: null\nexperiment_id: %s\n"
             "lifecycle_stage: active\nrun_id: %s\nrun_name: ''\nrun_uuid: %s\n"
             "start_time: 1700000000000\nstatus: %d\nuser_id: ann\n",
             id, experiment, id, id, status);
    put(world, path, text);
}

static int setup(void **state)
{
    struct world *world = assay_alloc(sizeof *world);
    const char *base = getenv("TMPDIR");

    snprintf(world->root, sizeof world->root, "%s/mlflow-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(world->root));
    snprintf(world->store, sizeof world->store, "%s/mlruns", world->root);
    ingest_collect_init(&world->collect, ASSAY_LAST_VALUE);
    put_experiment(world, "0");
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    char command[600];

    if (world->self)
        source_mlflow_files.close(world->self);
    ingest_collect_free(&world->collect);
    snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", world->root,
             world->root);
    assert_int_equal(system(command), 0);
    free(world);
    return 0;
}

static void scan(struct world *world)
{
    struct assay_error err = {0};

    if (!world->self)
        assert_int_equal(source_mlflow_files.open(&world->self, world->store, &err), ASSAY_OK);
    assert_int_equal(source_mlflow_files.scan(world->self, &world->collect.ingest, &err),
                     ASSAY_OK);
}

/* As if the program had ended and begun again: only the states are left. */
static void restart(struct world *world)
{
    source_mlflow_files.close(world->self);
    world->self = NULL;
}

static const struct collected_run *run_of(struct world *world, const char *id)
{
    const struct collected_run *run = ingest_collect_run(&world->collect, id);

    assert_non_null(run);
    return run;
}

static const struct assay_summary *summary_of(struct world *world, const char *id,
                                              const char *metric)
{
    const struct assay_metric *found = assay_attrs_metric(&run_of(world, id)->attrs, metric);

    assert_non_null(found);
    return &found->summary;
}

/* ---- what MLflow wrote ---- */

static void check_version(const char *version)
{
    char path[1024];
    json_error_t fault;
    struct assay_error err = {0};
    struct source_found found = {0};
    struct ingest_collect collect;
    void *self = NULL;
    json_t *expected;

    snprintf(path, sizeof path, "%s/source/data/%s/files.json", TEST_DATA, version);
    expected = json_load_file(path, 0, &fault);
    assert_non_null(expected);
    *strrchr(path, '/') = '\0';
    source_mlflow_files.detect(path, &found);
    assert_int_equal(found.count, 1);
    for (unsigned threads = 0; threads <= 4; threads += 4) {
        ingest_collect_init(&collect, ASSAY_LAST_VALUE);
        collect.threads = threads;
        assert_int_equal(source_mlflow_files.open(&self, found.places[0].path, &err), ASSAY_OK);
        assert_int_equal(source_mlflow_files.scan(self, &collect.ingest, &err), ASSAY_OK);
        assert_int_equal(collect.problem_count, 0);
        mlflow_expect_store(expected, &collect, &source_mlflow_files, self);
        source_mlflow_files.close(self);
        ingest_collect_free(&collect);
    }
    source_found_free(&found);
    json_decref(expected);
}

static void test_mlflow_1(void **state)
{
    (void)state;
    check_version("mlflow-1");
}

static void test_mlflow_2(void **state)
{
    (void)state;
    check_version("mlflow-2");
}

static void test_mlflow_3(void **state)
{
    (void)state;
    check_version("mlflow-3");
}

static void test_inputs_and_outputs(void **state)
{
    struct ingest_collect collect;
    struct assay_error err = {0};
    const struct assay_attrs *attrs = NULL;
    bool dataset = false, model = false;
    void *self = NULL;

    (void)state;
    ingest_collect_init(&collect, ASSAY_LAST_VALUE);
    assert_int_equal(
        source_mlflow_files.open(&self, TEST_DATA "/source/data/mlflow-3/mlruns", &err),
        ASSAY_OK);
    assert_int_equal(source_mlflow_files.scan(self, &collect.ingest, &err), ASSAY_OK);
    for (size_t i = 0; i < collect.run_count; i++) {
        if (strncmp(collect.runs[i].name, "first", 5) == 0)
            attrs = &collect.runs[i].attrs;
    }
    assert_non_null(attrs);
    assert_int_equal(attrs->input_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct assay_input *input = &attrs->inputs[i];

        if (strcmp(input->type, "dataset") == 0) {
            assert_string_equal(input->name, "wine");
            assert_string_equal(input->digest, "abc123");
            assert_string_equal(input->context, "training");
            assert_string_equal(input->source_type, "local");
            assert_string_equal(input->source, "{\"uri\": \"data/wine.csv\"}");
            assert_string_equal(input->schema, "{\"columns\": []}");
            assert_string_equal(input->profile, "{\"rows\": 178}");
            dataset = true;
        } else {
            assert_string_equal(input->type, "model");
            assert_string_equal(input->name, "teacher");
            model = true;
        }
    }
    assert_true(dataset && model);
    assert_int_equal(attrs->output_count, 1);
    assert_string_equal(attrs->outputs[0].name, "vit-base");
    assert_int_equal(attrs->outputs[0].step, 7);
    source_mlflow_files.close(self);
    ingest_collect_free(&collect);
}

/* ---- lines ---- */

static void test_lines(void **state)
{
    struct world *world = *state;
    const struct assay_summary *summary;

    put_run(world, "0", RUN, 1);
    put(world, "0/" RUN "/metrics/old", "1700000000000 0.5\n1700000000001 0.25\n");
    put(world, "0/" RUN "/metrics/new",
        "1700000000000 0.5 3 wine abc\n1700000000001 0.25 4 red wine abc\n");
    put(world, "0/" RUN "/metrics/a/b/c", "1 nan 1\n2 inf 2\n3 -inf 3\n4 -1e-05 4\r\n");
    put(world, "0/" RUN "/metrics/half", "1 2.0 1\n2 3.0 2\n3 4.0 3");
    put(world, "0/" RUN "/metrics/none", "");
    put(world, "0/" RUN "/metrics/only half", "1 2");
    scan(world);
    assert_int_equal(world->collect.problem_count, 0);
    assert_int_equal(run_of(world, RUN)->attrs.metric_count, 4);
    summary = summary_of(world, RUN, "old");
    assert_int_equal(summary->step, 0);
    assert_true(summary->last == 0.25);
    summary = summary_of(world, RUN, "new"); /* the step the file has */
    assert_int_equal(summary->step, 4);
    summary = summary_of(world, RUN, "a/b/c");
    assert_int_equal(summary->n, 4);
    assert_int_equal(summary->nonfinite, 3);
    assert_true(summary->last == -1e-05);
    summary = summary_of(world, RUN, "half"); /* the last line is not yet there */
    assert_int_equal(summary->n, 2);
    append(world, "0/" RUN "/metrics/half", "5\n");
    scan(world);
    summary = summary_of(world, RUN, "half");
    assert_int_equal(summary->n, 3);
    assert_int_equal(summary->step, 35);
}

static void test_bad_lines(void **state)
{
    struct world *world = *state;
    struct assay_buf text = {0};

    put_run(world, "0", RUN, 1);
    assay_buf_text_add(&text, "1 2.0 1\n2 x 2\nhello\n");
    assay_buf_repeat(&text, "z", 200000); /* longer than any line that is looked at */
    assay_buf_text_add(&text, "\n\n3 4.0 3\n99999999999999999999 1 1\n");
    put(world, "0/" RUN "/metrics/m", assay_buf_text(&text));
    scan(world);
    assert_int_equal(summary_of(world, RUN, "m")->n, 2);
    assert_true(summary_of(world, RUN, "m")->last == 4.0);
    assert_int_equal(world->collect.problem_count, 1);
    assert_int_equal(world->collect.problems[0].offset, 8);
    assert_non_null(strstr(world->collect.problems[0].path, "/metrics/m"));
    assert_non_null(strstr(world->collect.problems[0].message, "4 lines"));
    scan(world); /* unchanged: not told again */
    assert_int_equal(world->collect.problem_count, 1);
    assay_buf_free(&text);
}

static void test_parse_in_pieces(void **state)
{
    static const char text[] = "1 1 1\n2 2 2\n3 3 3\n4 4";
    struct assay_point points[2];
    struct mlflow_metric_faults faults = {0};
    size_t count;

    (void)state;
    assert_int_equal(mlflow_metric_parse(text, strlen(text), 0, points, 2, &count, &faults),
                     12);
    assert_int_equal(count, 2);
    assert_int_equal(
        mlflow_metric_parse(text + 12, strlen(text) - 12, 12, points, 2, &count, &faults), 6);
    assert_int_equal(count, 1);
    assert_int_equal(points[0].step, 3);
    assert_int_equal(faults.count, 0);
}

/* ---- only what is new ---- */

static void test_unchanged_is_not_reported(void **state)
{
    struct world *world = *state;

    put_run(world, "0", RUN, 3);
    put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    put(world, "0/" RUN "/params/p", "v");
    scan(world);
    assert_int_equal(run_of(world, RUN)->reports, 1);
    scan(world);
    assert_int_equal(run_of(world, RUN)->reports, 1);
    restart(world);
    scan(world);
    assert_int_equal(run_of(world, RUN)->reports, 1);
    put(world, "0/" RUN "/params/q", "w");
    scan(world);
    assert_int_equal(run_of(world, RUN)->reports, 2);
    assert_string_equal(assay_attrs_param(&run_of(world, RUN)->attrs, "q"), "w");
}

/* A grown file goes on where it was: bytes that were read are not looked at again. */
static void test_growth_costs_new_bytes(void **state)
{
    struct world *world = *state;
    char path[1024];
    int fd;

    put_run(world, "0", RUN, 1);
    put(world, "0/" RUN "/metrics/m",
        "1 2.0 1\n1700000000000 3.0000000000000000 2\n1700000000000 2.5000000000000000 2\n");
    scan(world);
    /* Were the old bytes read again, these would be found. */
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/m", world->store);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "9 9.0 9\n", 8, 0), 8);
    close(fd);
    append(world, "0/" RUN "/metrics/m", "3 4.0 3\n");
    restart(world);
    scan(world);
    assert_int_equal(summary_of(world, RUN, "m")->n, 4);
    assert_true(summary_of(world, RUN, "m")->max == 4.0);
    assert_int_equal(summary_of(world, RUN, "m")->step, 3);
}

static void test_replaced_is_read_anew(void **state)
{
    struct world *world = *state;
    char path[1024];

    put_run(world, "0", RUN, 3);
    put(world, "0/" RUN "/metrics/shrunk", "1 2.0 1\n2 3.0 2\n");
    put(world, "0/" RUN "/metrics/other", "1 2.0 1\n");
    scan(world);
    put(world, "0/" RUN "/metrics/shrunk", "1 7.0 1\n");
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/other", world->store);
    put(world, "0/" RUN "/metrics/other.new", "1 8.0 1\n2 9.0 2\n");
    assert_int_equal(unlink(path), 0);
    put(world, "0/" RUN "/metrics/other", "1 8.0 1\n2 9.0 2\n");
    scan(world);
    assert_int_equal(summary_of(world, RUN, "shrunk")->n, 1);
    assert_true(summary_of(world, RUN, "shrunk")->last == 7.0);
    assert_int_equal(summary_of(world, RUN, "other")->n, 2);
    assert_true(summary_of(world, RUN, "other")->min == 8.0);
}

static void test_gone(void **state)
{
    struct world *world = *state;
    char command[1024];

    put_run(world, "0", RUN, 3);
    put_run(world, "0", RUN2, 3);
    scan(world);
    snprintf(command, sizeof command, "rm -r '%s/0/" RUN "'", world->store);
    assert_int_equal(system(command), 0);
    scan(world);
    assert_true(run_of(world, RUN)->gone);
    assert_false(run_of(world, RUN2)->gone);
    /* And across programs. */
    restart(world);
    snprintf(command, sizeof command, "rm -r '%s/0/" RUN2 "'", world->store);
    assert_int_equal(system(command), 0);
    scan(world);
    assert_true(run_of(world, RUN2)->gone);
    put_run(world, "0", RUN2, 3);
    scan(world);
    assert_false(run_of(world, RUN2)->gone);
}

static void test_moved_to_trash(void **state)
{
    struct world *world = *state;
    char from[1024], to[1024];
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};

    put_experiment(world, "1");
    put_run(world, "1", RUN, 3);
    put(world, "1/" RUN "/metrics/m", "1 2.0 1\n");
    put(world, ".trash/.keep", "");
    scan(world);
    assert_false(ingest_collect_experiment(&world->collect, "1")->deleted);
    snprintf(from, sizeof from, "%s/1", world->store);
    snprintf(to, sizeof to, "%s/.trash/1", world->store);
    assert_int_equal(rename(from, to), 0);
    scan(world);
    assert_true(ingest_collect_experiment(&world->collect, "1")->deleted);
    assert_false(run_of(world, RUN)->gone);
    assert_int_equal(source_mlflow_files.read_series(world->self, "1", RUN, "m", series, &err),
                     ASSAY_OK);
    assert_int_equal(assay_series_count(series), 1);
    assay_series_free(&series);
}

static void test_cancelled(void **state)
{
    struct world *world = *state;
    struct assay_error err = {0};

    put_run(world, "0", RUN, 3);
    put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    for (int after = 1; after < 12; after++) {
        void *self = NULL;

        world->collect.cancel_after = after;
        assert_int_equal(source_mlflow_files.open(&self, world->store, &err), ASSAY_OK);
        source_mlflow_files.scan(self, &world->collect.ingest, &err);
        source_mlflow_files.close(self);
        assay_error_clear(&err);
    }
    world->collect.cancel_after = 0;
    scan(world);
    assert_int_equal(summary_of(world, RUN, "m")->n, 1);
}

/* ---- awkward and hostile ---- */

static void test_meta_spellings(void **state)
{
    struct world *world = *state;
    const struct collected_run *run;

    put(world, "7/meta.yaml",
        "artifact_location: \"file:///C:/Users/jo/mlruns/7\"\nexperiment_id: 7\n"
        "name: a rather long name of an experiment which the writer of YAML folds at the\n"
        "  eightieth column\n");
    put(world, "7/" RUN "/meta.yaml",
        "artifact_uri: file:///C:/Users/jo/mlruns/7/" RUN "/artifacts\n"
        "end_time: 1700000005000\nexperiment_id: 7\nlifecycle_stage: deleted\n"
        "name: ''\nrun_uuid: " RUN "\nsource_name: \"tab\\there\"\nstart_time: 1700000000000\n"
        "status: 4\ntags: []\nuser_id: 'it''s me'\n");
    put(world, "7/" RUN "/tags/mlflow.runName", "from the tag");
    put(world, "7/" RUN "/artifacts/model/weights.bin", "12345");
    scan(world);
    assert_string_equal(ingest_collect_experiment(&world->collect, "7")->name,
                        "a rather long name of an experiment which the writer of YAML folds at "
                        "the eightieth column");
    run = run_of(world, RUN);
    assert_string_equal(run->name, "from the tag");
    assert_string_equal(run->user, "it's me");
    assert_int_equal(run->status, ASSAY_RUN_FAILED);
    assert_true(run->deleted);
    assert_int_equal(run->end_ms, 1700000005000);
    assert_int_equal(world->collect.problem_count, 0);
}

static void test_half_written_meta(void **state)
{
    struct world *world = *state;
    char path[1024];

    put_run(world, "0", RUN, 1);
    put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    snprintf(path, sizeof path, "%s/0/" RUN "/meta.yaml", world->store);
    write_bytes(path, "", 0, "w"); /* just now */
    scan(world);
    assert_null(ingest_collect_run(&world->collect, RUN));
    assert_int_equal(world->collect.problem_count, 0);
    put_run(world, "0", RUN, 1);
    scan(world);
    assert_int_equal(run_of(world, RUN)->status, ASSAY_RUN_RUNNING);
    /* Empty for long: told, and what was known stays. */
    put(world, "0/" RUN "/meta.yaml", "");
    scan(world);
    assert_int_equal(world->collect.problem_count, 1);
    assert_int_equal(run_of(world, RUN)->status, ASSAY_RUN_RUNNING);
    scan(world);
    assert_int_equal(world->collect.problem_count, 1);
}

static void test_lost_meta(void **state)
{
    struct world *world = *state;

    put(world, "0/" RUN "/meta.yaml", "");
    put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    put(world, "0/" RUN2 "/meta.yaml", "run_id: [unclosed\n\tx: {");
    scan(world);
    assert_int_equal(world->collect.problem_count, 2);
    assert_int_equal(run_of(world, RUN)->status, ASSAY_RUN_UNKNOWN);
    assert_int_equal(summary_of(world, RUN, "m")->n, 1);
    assert_int_equal(run_of(world, RUN2)->status, ASSAY_RUN_UNKNOWN);
}

static void test_fakes(void **state)
{
    struct world *world = *state;
    char fake[600];

    put_run(world, "0", RUN, 3);
    snprintf(fake, sizeof fake, "experiment_id: '0'\nrun_id: " RUN2 "\nstatus: 3\n");
    put(world, "0/" RUN "/artifacts/" RUN2 "/meta.yaml", fake);
    put(world, "0/" RUN "/artifacts/metrics/m", "1 2 3\n");
    put(world, "0/models/m-1/meta.yaml", fake);
    put(world, "0/datasets/d/meta.yaml", fake);
    put(world, "0/traces/t/meta.yaml", fake);
    put(world, "models/vit/meta.yaml", "name: vit\n");
    put(world, "artifacts-only/" RUN2 "/artifacts/x", "x");
    /* A folder that says it is another run, and one that lies in the wrong experiment. */
    put(world, "0/aaaa/meta.yaml", fake);
    put_experiment(world, "5");
    put(world, "5/" RUN2 "/meta.yaml", fake);
    scan(world);
    assert_int_equal(world->collect.run_count, 1);
    assert_int_equal(world->collect.experiment_count, 2);
    assert_int_equal(world->collect.problem_count, 2);
    assert_int_equal(run_of(world, RUN)->attrs.metric_count, 0);
}

static void test_links(void **state)
{
    struct world *world = *state;
    char path[1024];

    put_run(world, "0", RUN, 3);
    put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    put(world, "0/" RUN "/tags/t", "v");
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/loop", world->store);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/tags/elsewhere", world->store);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/tags/pipe", world->store);
    assert_int_equal(mkfifo(path, 0600), 0);
    scan(world);
    assert_int_equal(run_of(world, RUN)->attrs.metric_count, 1);
    assert_int_equal(run_of(world, RUN)->attrs.tag_count, 1);
}

static void test_large_and_binary_values(void **state)
{
    struct world *world = *state;
    struct assay_buf large = {0};
    const char *value;
    char path[1024];

    put_run(world, "0", RUN, 3);
    assay_buf_text_add(&large, "x");
    assay_buf_repeat(&large, "é", 5 << 20);
    put(world, "0/" RUN "/tags/large", assay_buf_text(&large));
    snprintf(path, sizeof path, "%s/0/" RUN "/tags/binary", world->store);
    write_bytes(path, "a\0b\x1b[2J", 7, "w");
    scan(world);
    assert_int_equal(world->collect.problem_count, 1);
    assert_non_null(strstr(world->collect.problems[0].message, "10485761 bytes"));
    value = assay_attrs_tag(&run_of(world, RUN)->attrs, "large");
    assert_int_equal(strlen(value), (1 << 20) - 1); /* cut before the character it ends in */
    assert_string_equal(assay_attrs_tag(&run_of(world, RUN)->attrs, "binary"), "a\xef\xbf\xbd"
                                                                               "b\x1b[2J");
    assay_buf_free(&large);
}

static void test_unreadable(void **state)
{
    struct world *world = *state;
    char path[1024];

    if (geteuid() == 0)
        skip();
    put_run(world, "0", RUN, 3);
    put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    put(world, "0/" RUN "/metrics/secret", "1 2.0 1\n");
    put_run(world, "0", RUN2, 3);
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/secret", world->store);
    assert_int_equal(chmod(path, 0), 0);
    snprintf(path, sizeof path, "%s/0/" RUN2, world->store);
    assert_int_equal(chmod(path, 0), 0);
    scan(world);
    assert_int_equal(run_of(world, RUN)->attrs.metric_count, 1);
    assert_true(world->collect.problem_count >= 1);
}

/* ---- the rest of the vtable ---- */

static void test_detect(void **state)
{
    struct world *world = *state;
    struct source_found found = {0};
    char path[1024];

    source_mlflow_files.detect(world->root, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.places[0].path, world->store);
    source_mlflow_files.detect(world->store, &found);
    assert_int_equal(found.count, 1); /* the same */
    snprintf(path, sizeof path, "%s/0", world->store);
    source_mlflow_files.detect(path, &found);
    assert_int_equal(found.count, 1); /* its store is meant */
    source_found_free(&found);
    /* Artifacts alone, as beside an mlflow.db, are no store. */
    snprintf(path, sizeof path, "%s/0/meta.yaml", world->store);
    assert_int_equal(unlink(path), 0);
    put(world, "0/" RUN "/artifacts/x", "x");
    put(world, "models/m/meta.yaml", "name: m\n");
    source_mlflow_files.detect(world->root, &found);
    source_mlflow_files.detect(world->store, &found);
    assert_int_equal(found.count, 0);
    source_found_free(&found);
}

static void test_artifacts(void **state)
{
    struct world *world = *state;
    struct artifact_list list = {0};
    struct assay_error err = {0};
    char path[1024], *directory = NULL;

    put_run(world, "0", RUN, 3);
    put(world, "0/" RUN "/artifacts/model/weights.bin", "12345");
    put(world, "0/" RUN "/artifacts/model.txt", "x");
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts/loop", world->store);
    assert_int_equal(symlink(".", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts/out", world->store);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts/same", world->store);
    assert_int_equal(symlink("model/weights.bin", path), 0);
    scan(world);
    /* A Windows URI and a dead one: the run's own folder. */
    assert_int_equal(source_mlflow_files.artifacts(world->self, "0", RUN,
                                                   "file:///C:/Users/x/artifacts", &list,
                                                   &directory, &err),
                     ASSAY_OK);
    artifact_list_sort(&list);
    assert_int_equal(list.count, 6);
    assert_string_equal(list.items[0].path, "loop");
    assert_false(list.items[0].directory);
    assert_string_equal(list.items[1].path, "model");
    assert_true(list.items[1].directory);
    assert_string_equal(list.items[2].path, "model/weights.bin");
    assert_int_equal(list.items[2].bytes, 5);
    assert_string_equal(list.items[3].path, "model.txt");
    assert_string_equal(list.items[4].path, "out");
    assert_int_equal(list.items[4].bytes, 0);
    assert_string_equal(list.items[5].path, "same");
    assert_int_equal(list.items[5].bytes, 5);
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts", world->store);
    assert_string_equal(directory, path);
    free(directory);
    artifact_list_free(&list);
    directory = NULL;
    assert_int_equal(source_mlflow_files.artifacts(world->self, "0", RUN2, "s3://bucket/x",
                                                   &list, &directory, &err),
                     ASSAY_IO);
    assert_non_null(strstr(err.what, "s3://bucket/x"));
    artifact_list_free(&list);
}

static void test_artifact_list_is_bounded(void **state)
{
    struct artifact_list list = {0};

    (void)state;
    for (unsigned i = 0; i < ARTIFACT_LIST_MAX + 5; i++)
        artifact_list_add(&list, "x", false, 0, 0);
    assert_int_equal(list.count, ARTIFACT_LIST_MAX);
    assert_true(list.cut);
    artifact_list_free(&list);
}

static void test_local_paths(void **state)
{
    static const struct {
        const char *uri, *path;
    } cases[] = {
        {"/a/b", "/a/b"},
        {"file:///a%20b/%C3%A9", "/a b/\xc3\xa9"},
        {"file:/a/b", "/a/b"},
        {"file://localhost/a", "/a"},
        {"file://elsewhere/a", NULL},
        {"file:///C:/Users", NULL},
        {"C:\\Users\\x", NULL},
        {"s3://bucket/key", NULL},
        {"mlflow-artifacts:/0/x", NULL},
        {"file:///a%00b", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        char *path = artifact_local_path(cases[i].uri);

        if (cases[i].path)
            assert_string_equal(path, cases[i].path);
        else
            assert_null(path);
        free(path);
    }
}

static void test_no_way_out(void **state)
{
    struct world *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};

    put_run(world, "0", RUN, 3);
    put(world, "0/secret", "1 2 3\n");
    scan(world);
    assert_int_equal(
        source_mlflow_files.read_series(world->self, "0", RUN, "../../secret", series, &err),
        ASSAY_NO);
    assay_error_clear(&err);
    assert_int_equal(
        source_mlflow_files.read_series(world->self, "../mlruns/0", RUN, "x", series, &err),
        ASSAY_IO);
    assert_int_equal(assay_series_count(series), 0);
    assay_series_free(&series);
}

static void test_watch(void **state)
{
    struct world *world = *state;
    char **paths, want[1024];
    bool metrics = false;

    put_run(world, "0", RUN, 1);
    put(world, "0/" RUN "/metrics/m", "1 2 3\n");
    scan(world);
    paths = source_mlflow_files.watch(world->self);
    snprintf(want, sizeof want, "%s/0/" RUN "/metrics", world->store);
    assert_string_equal(paths[0], world->store);
    for (size_t i = 0; paths[i]; i++) {
        metrics |= strcmp(paths[i], want) == 0;
        free(paths[i]);
    }
    free(paths);
    assert_true(metrics);
}

static void test_focus_first(void **state)
{
    struct world *world = *state;
    char id[33];

    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "%032x", i);
        put_run(world, "0", id, 3);
    }
    snprintf(world->collect.focus, sizeof world->collect.focus, "%032x", 17);
    scan(world);
    assert_int_equal(world->collect.run_count, 30);
    assert_string_equal(world->collect.runs[0].id, world->collect.focus);
    assert_int_equal(world->collect.done, 30);
    assert_int_equal(world->collect.total, 30);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mlflow_1),
        cmocka_unit_test(test_mlflow_2),
        cmocka_unit_test(test_mlflow_3),
        cmocka_unit_test(test_inputs_and_outputs),
        IN_WORLD(test_lines),
        IN_WORLD(test_bad_lines),
        cmocka_unit_test(test_parse_in_pieces),
        IN_WORLD(test_unchanged_is_not_reported),
        IN_WORLD(test_growth_costs_new_bytes),
        IN_WORLD(test_replaced_is_read_anew),
        IN_WORLD(test_gone),
        IN_WORLD(test_moved_to_trash),
        IN_WORLD(test_cancelled),
        IN_WORLD(test_meta_spellings),
        IN_WORLD(test_half_written_meta),
        IN_WORLD(test_lost_meta),
        IN_WORLD(test_fakes),
        IN_WORLD(test_links),
        IN_WORLD(test_large_and_binary_values),
        IN_WORLD(test_unreadable),
        IN_WORLD(test_detect),
        IN_WORLD(test_artifacts),
        cmocka_unit_test(test_artifact_list_is_bounded),
        cmocka_unit_test(test_local_paths),
        IN_WORLD(test_no_way_out),
        IN_WORLD(test_watch),
        IN_WORLD(test_focus_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

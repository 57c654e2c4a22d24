/*
 * The reader of MLflow file stores against stores that are awkward, half written or hostile,
 * and the rest of its vtable.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/clock.h>

#include "source/artifact_list.h"
#include "source/readers.h"
#include "support/ingest_collect.h"
#include "support/mlflow_store.h"
#include "support/places.h"

/* ---- awkward and hostile ---- */

static void test_meta_spellings(void **state)
{
    struct mlflow_store *world = *state;
    const struct collected_run *run;

    mlflow_store_put(
        world, "7/meta.yaml",
        "artifact_location: \"file:///C:/Users/jo/mlruns/7\"\nexperiment_id: 7\n"
        "name: a rather long name of an experiment which the writer of YAML folds at the\n"
        "  eightieth column\n");
    mlflow_store_put(world, "7/" RUN "/meta.yaml",
                     "artifact_uri: file:///C:/Users/jo/mlruns/7/" RUN "/artifacts\n"
                     "end_time: 1700000005000\nexperiment_id: 7\nlifecycle_stage: deleted\n"
                     "name: ''\nrun_uuid: " RUN
                     "\nsource_name: \"tab\\there\"\nstart_time: 1700000000000\n"
                     "status: 4\ntags: []\nuser_id: 'it''s me'\n");
    mlflow_store_put(world, "7/" RUN "/tags/mlflow.runName", "from the tag");
    mlflow_store_put(world, "7/" RUN "/artifacts/model/weights.bin", "12345");
    mlflow_store_scan(world);
    assert_string_equal(ingest_collect_experiment(&world->collect, "7")->name,
                        "a rather long name of an experiment which the writer of YAML folds at "
                        "the eightieth column");
    run = mlflow_store_run(world, RUN);
    assert_string_equal(run->name, "from the tag");
    assert_string_equal(run->user, "it's me");
    assert_int_equal(run->status, ASSAY_RUN_FAILED);
    assert_true(run->deleted);
    assert_int_equal(run->end_ms, 1700000005000);
    assert_int_equal(world->collect.problem_count, 0);
}

static void test_half_written_meta(void **state)
{
    struct mlflow_store *world = *state;
    char path[1024];

    mlflow_store_put_run(world, "0", RUN, 1);
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    snprintf(path, sizeof path, "%s/0/" RUN "/meta.yaml", world->store);
    mlflow_store_write_bytes(path, "", 0, "w"); /* just now */
    mlflow_store_scan(world);
    assert_null(ingest_collect_run(&world->collect, RUN));
    assert_int_equal(world->collect.problem_count, 0);
    mlflow_store_put_run(world, "0", RUN, 1);
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->status, ASSAY_RUN_RUNNING);
    /* Empty for long: told, and what was known stays. */
    mlflow_store_put(world, "0/" RUN "/meta.yaml", "");
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 1);
    assert_int_equal(mlflow_store_run(world, RUN)->status, ASSAY_RUN_RUNNING);
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 1);
}

static void test_lost_meta(void **state)
{
    struct mlflow_store *world = *state;

    mlflow_store_put(world, "0/" RUN "/meta.yaml", "");
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    mlflow_store_put(world, "0/" RUN2 "/meta.yaml", "run_id: [unclosed\n\tx: {");
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 2);
    assert_int_equal(mlflow_store_run(world, RUN)->status, ASSAY_RUN_UNKNOWN);
    assert_int_equal(mlflow_store_summary(world, RUN, "m")->n, 1);
    assert_int_equal(mlflow_store_run(world, RUN2)->status, ASSAY_RUN_UNKNOWN);
}

/* An experiment whose meta.yaml is empty for long hides none of its runs. */
static void test_lost_experiment(void **state)
{
    struct mlflow_store *world = *state;
    char path[1024];

    mlflow_store_put_run(world, "5", RUN, 3);
    snprintf(path, sizeof path, "%s/5/meta.yaml", world->store);
    mlflow_store_write_bytes(path, "", 0, "w"); /* just now: being written */
    mlflow_store_scan(world);
    assert_null(ingest_collect_run(&world->collect, RUN));
    assert_int_equal(world->collect.problem_count, 0);
    mlflow_store_put(world, "5/meta.yaml", "");
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->status, ASSAY_RUN_FINISHED);
    assert_string_equal(ingest_collect_experiment(&world->collect, "5")->name, "5");
    assert_int_equal(world->collect.problem_count, 1);
    assert_string_equal(world->collect.problems[0].path, path);
    assert_string_equal(world->collect.problems[0].message, "is empty");
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 1);
}

/* What may be half written is looked at again by itself; a reader that looks only once tells it
   at once; and a time far ahead is no reason to wait for ever. */
static void test_young_meta(void **state)
{
    const struct timespec ahead[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
    struct mlflow_store *world = *state;
    char path[1024];

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_scan(world);
    assert_true(source_mlflow_files.again_us(world->self) == INT64_MAX);
    snprintf(path, sizeof path, "%s/0/" RUN2, world->store);
    assert_int_equal(mkdir(path, 0755), 0);
    strcat(path, "/meta.yaml");
    mlflow_store_write_bytes(path, "{{{", 3, "w");
    mlflow_store_scan(world);
    assert_null(ingest_collect_run(&world->collect, RUN2));
    assert_in_range(source_mlflow_files.again_us(world->self) - assay_monotonic_us(), 1, 10001000);
    assert_int_equal(world->collect.problem_count, 0);

    world->collect.ingest.once = true;
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN2)->status, ASSAY_RUN_UNKNOWN);
    assert_int_equal(world->collect.problem_count, 1);
    assert_string_equal(world->collect.problems[0].path, path);
    world->collect.ingest.once = false;

    mlflow_store_put(world, "0/" RUN2 "/meta.yaml", "{{{"); /* long ago */
    snprintf(path, sizeof path, "%s/0/00000000000000000000000000000001", world->store);
    assert_int_equal(mkdir(path, 0755), 0);
    strcat(path, "/meta.yaml");
    mlflow_store_write_bytes(path, "[[[", 3, "w");
    assert_int_equal(utimensat(AT_FDCWD, path, ahead, 0), 0);
    mlflow_store_restart(world); /* whose first look is always a whole one */
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 3);
    assert_true(source_mlflow_files.again_us(world->self) == INT64_MAX);
}

static void test_fakes(void **state)
{
    struct mlflow_store *world = *state;
    char fake[600];

    mlflow_store_put_run(world, "0", RUN, 3);
    snprintf(fake, sizeof fake, "experiment_id: '0'\nrun_id: " RUN2 "\nstatus: 3\n");
    mlflow_store_put(world, "0/" RUN "/artifacts/" RUN2 "/meta.yaml", fake);
    mlflow_store_put(world, "0/" RUN "/artifacts/metrics/m", "1 2 3\n");
    mlflow_store_put(world, "0/models/m-1/meta.yaml", fake);
    mlflow_store_put(world, "0/datasets/d/meta.yaml", fake);
    mlflow_store_put(world, "0/traces/t/meta.yaml", fake);
    mlflow_store_put(world, "models/vit/meta.yaml", "name: vit\n");
    mlflow_store_put(world, "artifacts-only/" RUN2 "/artifacts/x", "x");
    /* A folder that says it is another run, and one that lies in the wrong experiment. */
    mlflow_store_put(world, "0/aaaa/meta.yaml", fake);
    mlflow_store_put_experiment(world, "5");
    mlflow_store_put(world, "5/" RUN2 "/meta.yaml", fake);
    mlflow_store_scan(world);
    assert_int_equal(world->collect.run_count, 1);
    assert_int_equal(world->collect.experiment_count, 2);
    assert_int_equal(world->collect.problem_count, 2);
    assert_int_equal(mlflow_store_run(world, RUN)->attrs.metric_count, 0);
}

static void test_links(void **state)
{
    struct mlflow_store *world = *state;
    char path[1024];

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    mlflow_store_put(world, "0/" RUN "/tags/t", "v");
    snprintf(path, sizeof path, "%s/0/" RUN "/metrics/loop", world->store);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/tags/elsewhere", world->store);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/tags/pipe", world->store);
    assert_int_equal(mkfifo(path, 0600), 0);
    mlflow_store_scan(world);
    assert_int_equal(mlflow_store_run(world, RUN)->attrs.metric_count, 1);
    assert_int_equal(mlflow_store_run(world, RUN)->attrs.tag_count, 1);
}

static void test_large_and_binary_values(void **state)
{
    struct mlflow_store *world = *state;
    struct assay_buf large = {0};
    const char *value;
    char path[1024];

    mlflow_store_put_run(world, "0", RUN, 3);
    assay_buf_text_add(&large, "x");
    assay_buf_repeat(&large, "é", 5 << 20);
    mlflow_store_put(world, "0/" RUN "/tags/large", assay_buf_text(&large));
    snprintf(path, sizeof path, "%s/0/" RUN "/tags/binary", world->store);
    mlflow_store_write_bytes(path, "a\0b\x1b[2J", 7, "w");
    mlflow_store_scan(world);
    assert_int_equal(world->collect.problem_count, 1);
    assert_non_null(strstr(world->collect.problems[0].message, "10485761 bytes"));
    value = assay_attrs_tag(&mlflow_store_run(world, RUN)->attrs, "large");
    assert_int_equal(strlen(value), (1 << 20) - 1); /* cut before the character it ends in */
    assert_string_equal(assay_attrs_tag(&mlflow_store_run(world, RUN)->attrs, "binary"),
                        "a\xef\xbf\xbd"
                        "b\x1b[2J");
    assay_buf_free(&large);
}

static bool is_told(const struct mlflow_store *world, const char *path)
{
    for (size_t i = 0; i < world->collect.problem_count; i++) {
        if (strcmp(world->collect.problems[i].path, path) == 0 &&
            strstr(world->collect.problems[i].message, "Permission denied"))
            return true;
    }
    return false;
}

static void test_unreadable(void **state)
{
    struct mlflow_store *world = *state;
    char file[1024], folder[1024], experiment[1024];

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2.0 1\n");
    mlflow_store_put(world, "0/" RUN "/metrics/secret", "1 2.0 1\n");
    mlflow_store_put_run(world, "0", RUN2, 3);
    mlflow_store_put_experiment(world, "7");
    snprintf(file, sizeof file, "%s/0/" RUN "/metrics/secret", world->store);
    snprintf(folder, sizeof folder, "%s/0/" RUN2, world->store);
    snprintf(experiment, sizeof experiment, "%s/7", world->store);
    assert_int_equal(chmod(file, 0), 0);
    assert_int_equal(chmod(folder, 0), 0);
    assert_int_equal(chmod(experiment, 0), 0);
    powers_lay_down();
    mlflow_store_scan(world);
    powers_take_up();
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(chmod(experiment, 0700), 0);
    assert_int_equal(mlflow_store_run(world, RUN)->attrs.metric_count, 1);
    assert_true(is_told(world, file));
    assert_true(is_told(world, folder));
    assert_true(is_told(world, experiment));
}

/* ---- the rest of the vtable ---- */

static void test_detect(void **state)
{
    struct mlflow_store *world = *state;
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
    mlflow_store_put(world, "0/" RUN "/artifacts/x", "x");
    mlflow_store_put(world, "models/m/meta.yaml", "name: m\n");
    source_mlflow_files.detect(world->root, &found);
    source_mlflow_files.detect(world->store, &found);
    assert_int_equal(found.count, 0);
    source_found_free(&found);
}

static void test_artifacts(void **state)
{
    struct mlflow_store *world = *state;
    struct artifact_list list = {0};
    struct assay_error err = {0};
    char path[1024], *directory = NULL;

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/artifacts/model/weights.bin", "12345");
    mlflow_store_put(world, "0/" RUN "/artifacts/model.txt", "x");
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts/loop", world->store);
    assert_int_equal(symlink(".", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts/out", world->store);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/0/" RUN "/artifacts/same", world->store);
    assert_int_equal(symlink("model/weights.bin", path), 0);
    mlflow_store_scan(world);
    /* A Windows URI and a dead one: the run's own folder. */
    assert_int_equal(source_mlflow_files.artifacts(world->self, "0", RUN,
                                                   "file:///C:/Users/x/artifacts", &list,
                                                   &directory, &err),
                     ASSAY_OK);
    artifact_list_sort(&list);
    assert_int_equal(list.count, 4); /* neither what leads out nor what leads in a circle */
    assert_string_equal(list.items[0].path, "model");
    assert_true(list.items[0].directory);
    assert_string_equal(list.items[1].path, "model/weights.bin");
    assert_int_equal(list.items[1].bytes, 5);
    assert_string_equal(list.items[2].path, "model.txt");
    assert_string_equal(list.items[3].path, "same");
    assert_int_equal(list.items[3].bytes, 5);
    assert_string_equal(list.closed.what, "");
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

static void list_artifacts(struct mlflow_store *world, enum assay_status status,
                           struct artifact_list *list, struct assay_error *err)
{
    char *directory = NULL;

    assert_int_equal(source_mlflow_files.artifacts(world->self, "0", RUN, "s3://away/x", list,
                                                   &directory, err),
                     status);
    artifact_list_sort(list);
    free(directory);
}

/* What only looks like a file, and what is closed to us. */
static void test_hostile_artifacts(void **state)
{
    struct mlflow_store *world = *state;
    struct artifact_list list = {0};
    struct assay_error err = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char root[600], path[1024], moved[1024];
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/" RUN "/artifacts/good.txt", "good");
    mlflow_store_put(world, "0/" RUN "/artifacts/closed/inner.txt", "inner");
    mlflow_store_put(world, "secret.txt", "secret");
    snprintf(root, sizeof root, "%s/0/" RUN "/artifacts", world->store);
    snprintf(path, sizeof path, "%s/pipe", root);
    assert_int_equal(mkfifo(path, 0600), 0);
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A socket's name is short. */
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/s", folder);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(path, sizeof path, "%s/up", root);
    assert_int_equal(symlink("../../../secret.txt", path), 0);
    snprintf(path, sizeof path, "%s/null", root);
    assert_int_equal(symlink("/dev/null", path), 0);
    snprintf(path, sizeof path, "%s/etc", root);
    assert_int_equal(symlink("/etc", path), 0);
    snprintf(path, sizeof path, "%s/closed", root);
    assert_int_equal(chmod(path, 0), 0);
    mlflow_store_scan(world);
    powers_lay_down();
    list_artifacts(world, ASSAY_OK, &list, &err);
    powers_take_up();
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].path, "closed");
    assert_string_equal(list.items[1].path, "good.txt");
    assert_non_null(strstr(list.closed.what, "/closed: cannot be read: Permission denied"));
    artifact_list_free(&list);
    close(listener);
    close(folder);

    /* The folder itself a link to elsewhere. */
    snprintf(moved, sizeof moved, "%s/moved", world->root);
    assert_int_equal(rename(root, moved), 0);
    assert_int_equal(symlink(moved, root), 0);
    list_artifacts(world, ASSAY_IO, &list, &err);
    assert_int_equal(list.count, 0);
    assert_non_null(strstr(err.what, "a symbolic link"));
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
    struct mlflow_store *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};

    mlflow_store_put_run(world, "0", RUN, 3);
    mlflow_store_put(world, "0/secret", "1 2 3\n");
    mlflow_store_scan(world);
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
    struct mlflow_store *world = *state;
    char **paths, want[1024];
    bool metrics = false;

    mlflow_store_put_run(world, "0", RUN, 1);
    mlflow_store_put(world, "0/" RUN "/metrics/m", "1 2 3\n");
    mlflow_store_scan(world);
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
    struct mlflow_store *world = *state;
    char id[33];

    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "%032x", i);
        mlflow_store_put_run(world, "0", id, 3);
    }
    snprintf(world->collect.focus, sizeof world->collect.focus, "%032x", 17);
    mlflow_store_scan(world);
    assert_int_equal(world->collect.run_count, 30);
    assert_string_equal(world->collect.runs[0].id, world->collect.focus);
    assert_int_equal(world->collect.done, 30);
    assert_int_equal(world->collect.total, 30);
}

#define IN_WORLD(name)                                                                         \
    cmocka_unit_test_setup_teardown(name, mlflow_store_open, mlflow_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_meta_spellings),
        IN_WORLD(test_half_written_meta),
        IN_WORLD(test_lost_meta),
        IN_WORLD(test_lost_experiment),
        IN_WORLD(test_young_meta),
        IN_WORLD(test_fakes),
        IN_WORLD(test_links),
        IN_WORLD(test_large_and_binary_values),
        IN_WORLD(test_unreadable),
        IN_WORLD(test_detect),
        IN_WORLD(test_artifacts),
        IN_WORLD(test_hostile_artifacts),
        cmocka_unit_test(test_artifact_list_is_bounded),
        cmocka_unit_test(test_local_paths),
        IN_WORLD(test_no_way_out),
        IN_WORLD(test_watch),
        IN_WORLD(test_focus_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

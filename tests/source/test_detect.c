/*
 * What a path holds: stores some levels down, marks that say "not here", and the bounds of the
 * looking.
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

#include <assay/file.h>

#include "source/readers.h"
#include "support/places.h"

static char *root;

static void put(const char *path, const char *text)
{
    const char *whole = place_with(root, path);
    char *folder = assay_path_directory(whole);
    assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
    place_write(whole, text, strlen(text));
    free(folder);
}

static void put_store(const char *path)
{
    char meta[256];
    snprintf(meta, sizeof meta, "%s/0/meta.yaml", path);
    put(meta, "artifact_location: x\nexperiment_id: '0'\nname: Default\n");
}

static int setup(void **state)
{
    (void)state;
    root = place_new("root");
    return assay_make_directories(root, NULL) == ASSAY_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(root);
    return 0;
}

/* Says what was found below the root as "KIND PATH" lines. */
static void expect(const char *below, const char *wanted)
{
    struct source_found found = {0};
    struct assay_buf text = {0};
    const char *path = place_with(root, below);
    source_detect(path, &found);
    for (size_t i = 0; i < found.count; i++) {
        assert_memory_equal(found.places[i].path, root, strlen(root));
        assay_buf_format(&text, "%s %s\n", found.places[i].ops->kind,
                         found.places[i].path + strlen(root));
    }
    assert_string_equal(assay_buf_text(&text), wanted);
    assay_buf_free(&text);
    source_found_free(&found);
}

static void test_projects_side_by_side(void **state)
{
    (void)state;
    put_store("/one/mlruns");
    put_store("/two/deep/mlruns");
    put("/two/logs/events.out.tfevents.1", "");
    put("/.hidden/mlruns/0/meta.yaml", "artifact_location: x\nexperiment_id: '0'\n");
    expect("", "tensorboard \nmlflow-files /one/mlruns\nmlflow-files /two/deep/mlruns\n");
    expect("/one", "mlflow-files /one/mlruns\n");
    expect("/one/mlruns", "mlflow-files /one/mlruns\n");
}

/* A store is looked into no further: what a run keeps as artifacts is no source. */
static void test_artifacts_are_no_sources(void **state)
{
    (void)state;
    put_store("/mlruns");
    put_store("/mlruns/0/run/artifacts/mlruns");
    put_store("/mlruns/loose/mlruns");
    put_store("/other/artifacts/mlruns");
    expect("", "mlflow-files /mlruns\n");
}

static void test_marked_directories(void **state)
{
    (void)state;
    put_store("/tests/data/mlruns");
    put("/tests/logs/events.out.tfevents.1", "");
    put("/tests/" SOURCE_IGNORE, "");
    expect("", "");
    expect("/tests", "tensorboard /tests\nmlflow-files /tests/data/mlruns\n");
}

static void test_bounds(void **state)
{
    (void)state;
    char path[64];
    put_store("/a/b/c/d/mlruns"); /* one too deep */
    expect("", "");
    assert_int_equal(symlink("..", place_with(root, "/a/back")), 0);
    expect("", "");
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "/many/%03d/note", i);
        put(path, "");
    }
    put_store("/many/100/mlruns");
    put_store("/many/499/mlruns"); /* past the number of directories looked at */
    expect("/many", "mlflow-files /many/100/mlruns\n");
}

#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_projects_side_by_side),
        IN_PLACE(test_artifacts_are_no_sources),
        IN_PLACE(test_marked_directories),
        IN_PLACE(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

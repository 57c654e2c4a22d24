/*
 * Stores of MLflow's files, made by hand (mlflow_store.h).
 */
#include "support/mlflow_store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "source/readers.h"

void mlflow_store_write_bytes(const char *path, const void *bytes, size_t length,
                              const char *mode)
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

void mlflow_store_put(struct mlflow_store *world, const char *path, const char *text)
{
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    char full[1024];

    snprintf(full, sizeof full, "%s/%s", world->store, path);
    make_folders(full);
    mlflow_store_write_bytes(full, text, strlen(text), "w");
    for (char *slash = full + strlen(full); slash > full + strlen(world->store);
         slash = strrchr(full, '/')) {
        *slash = '\0';
        utimensat(AT_FDCWD, full, times, 0);
    }
}

void mlflow_store_append(struct mlflow_store *world, const char *path, const char *text)
{
    static time_t later = 1700001000;
    struct timespec times[2] = {{.tv_sec = later}, {.tv_sec = later}};
    char full[1024];

    snprintf(full, sizeof full, "%s/%s", world->store, path);
    mlflow_store_write_bytes(full, text, strlen(text), "a");
    utimensat(AT_FDCWD, full, times, 0);
    later++;
}

void mlflow_store_put_experiment(struct mlflow_store *world, const char *id)
{
    char path[200], text[400];

    snprintf(path, sizeof path, "%s/meta.yaml", id);
    snprintf(text, sizeof text,
             "artifact_location: file:///nowhere/%s\nexperiment_id: '%s'\n"
             "lifecycle_stage: active\nname: exp %s\n",
             id, id, id);
    mlflow_store_put(world, path, text);
}

void mlflow_store_put_run(struct mlflow_store *world, const char *experiment, const char *id,
                          int status)
{
    char path[200], text[600];

    snprintf(path, sizeof path, "%s/%s/meta.yaml", experiment, id);
    snprintf(text, sizeof text,
             "artifact_uri: file:///nowhere/%s\nend_time: null\nexperiment_id: %s\n"
             "lifecycle_stage: active\nrun_id: %s\nrun_name: ''\nrun_uuid: %s\n"
             "start_time: 1700000000000\nstatus: %d\nuser_id: ann\n",
             id, experiment, id, id, status);
    mlflow_store_put(world, path, text);
}

int mlflow_store_open(void **state)
{
    struct mlflow_store *world = assay_alloc(sizeof *world);
    const char *base = getenv("TMPDIR");

    snprintf(world->root, sizeof world->root, "%s/mlflow-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(world->root));
    snprintf(world->store, sizeof world->store, "%s/mlruns", world->root);
    ingest_collect_init(&world->collect, ASSAY_LAST_VALUE);
    mlflow_store_put_experiment(world, "0");
    *state = world;
    return 0;
}

int mlflow_store_close(void **state)
{
    struct mlflow_store *world = *state;
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

void mlflow_store_scan(struct mlflow_store *world)
{
    struct assay_error err = {0};

    if (!world->self)
        assert_int_equal(source_mlflow_files.open(&world->self, world->store, &err), ASSAY_OK);
    assert_int_equal(source_mlflow_files.scan(world->self, &world->collect.ingest, &err),
                     ASSAY_OK);
}

void mlflow_store_restart(struct mlflow_store *world)
{
    source_mlflow_files.close(world->self);
    world->self = NULL;
}

const struct collected_run *mlflow_store_run(struct mlflow_store *world, const char *id)
{
    const struct collected_run *run = ingest_collect_run(&world->collect, id);

    assert_non_null(run);
    return run;
}

const struct assay_summary *mlflow_store_summary(struct mlflow_store *world, const char *id,
                                                 const char *metric)
{
    const struct assay_metric *found =
        assay_attrs_metric(&mlflow_store_run(world, id)->attrs, metric);

    assert_non_null(found);
    return &found->summary;
}

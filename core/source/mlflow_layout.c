/*
 * Where things lie in an MLflow file store: whether a path is one, and the points and artifacts
 * of one run of it. Called by mlflow_files.c.
 */
#include "source/mlflow_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/memory.h>

#include "source/artifact_list.h"
#include "source/mlflow_metric.h"

/* ---- detection ---- */

/* Whether DIRECTORY/NAME/meta.yaml is there and is an experiment's: it is small, and names an
   artifact location, which a run's never does. */
static bool has_experiment_meta(int directory, const char *name)
{
    char path[MLFLOW_NAME_SIZE + 16], bytes[4097];
    ssize_t got;
    int fd;

    if (strlen(name) >= MLFLOW_NAME_SIZE)
        return false;
    snprintf(path, sizeof path, "%s/meta.yaml", name);
    fd = openat(directory, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, bytes, sizeof bytes - 1);
    close(fd);
    if (got <= 0)
        return false;
    bytes[got] = '\0';
    return strstr(bytes, "artifact_location:") && strstr(bytes, "experiment_id:");
}

bool mlflow_reserved(const char *name)
{
    return name[0] == '.' || strcmp(name, MLFLOW_MODELS) == 0;
}

/* Whether a folder of PATH is an experiment. Looks at a bounded number of them. */
static bool holds_experiments(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    bool found = false;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (unsigned looked = 0; !found && looked < 4096 && (entry = readdir(dir)); looked++)
        found = !mlflow_reserved(entry->d_name) && has_experiment_meta(fd, entry->d_name);
    closedir(dir);
    return found;
}

bool mlflow_is_store(const char *path)
{
    char trash[4096];

    if (holds_experiments(path))
        return true;
    if ((size_t)snprintf(trash, sizeof trash, "%s/" MLFLOW_TRASH, path) >= sizeof trash)
        return false;
    return holds_experiments(trash);
}

/* PATH may be the store, hold it as mlruns/, or be one experiment of it. */
void mlflow_files_detect(const char *path, struct source_found *found)
{
    char inner[4096];
    int fd;

    if (mlflow_is_store(path)) {
        source_found_add(found, "mlflow-files", path);
        return;
    }
    if ((size_t)snprintf(inner, sizeof inner, "%s/mlruns", path) < sizeof inner &&
        mlflow_is_store(inner)) {
        source_found_add(found, "mlflow-files", inner);
        return;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (has_experiment_meta(fd, ".") &&
        (size_t)snprintf(inner, sizeof inner, "%s/..", path) < sizeof inner) {
        char *parent = realpath(inner, NULL);

        if (parent && mlflow_is_store(parent))
            source_found_add(found, "mlflow-files", parent);
        free(parent);
    }
    close(fd);
}

/* ---- one run ---- */

/* Whether PATH stays below the folder it is relative to. */
static bool stays_inside(const char *path)
{
    if (*path == '\0' || *path == '/' || strlen(path) > 1024)
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

/* The run's folder, wherever its experiment lies now, opened; PATH gets its name. -1 with
 * errno. */
static int open_run(const char *root, const char *experiment_id, const char *run_id,
                    char path[4096])
{
    static const char *const places[] = {"", MLFLOW_TRASH "/"};

    errno = ENOENT;
    if (!stays_inside(experiment_id) || !stays_inside(run_id))
        return -1;
    for (size_t i = 0; i < ASSAY_COUNT(places); i++) {
        int fd;

        snprintf(path, 4096, "%s/%s%s/%s", root, places[i], experiment_id, run_id);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static bool add_points(void *context, const struct assay_point *points, size_t count)
{
    assay_series_add(context, points, count);
    return true;
}

enum assay_status mlflow_files_series(const char *root, const char *experiment_id,
                                      const char *run_id, const char *metric,
                                      struct assay_series *out, struct assay_error *err)
{
    struct mlflow_metric_faults faults = {0};
    enum assay_status status;
    uint64_t offset = 0;
    char path[4096], key[1100];
    int run, fd;

    run = open_run(root, experiment_id, run_id, path);
    if (run < 0)
        return assay_fail(err, ASSAY_IO, "run %s: %s", run_id, strerror(errno));
    fd = -1;
    errno = ENOENT;
    if (stays_inside(metric)) {
        snprintf(key, sizeof key, "metrics/%s", metric);
        fd = openat(run, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    }
    if (fd < 0) {
        status = assay_fail(err, errno == ENOENT ? ASSAY_NO : ASSAY_IO, "%s/metrics/%s: %s",
                            path, metric, strerror(errno));
        goto out;
    }
    status = mlflow_metric_read(fd, &offset, add_points, out, &faults);
    if (status != ASSAY_OK)
        assay_fail(err, status, "%s/%s: %s", path, key, strerror(errno));
    close(fd);
out:
    close(run);
    return status;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where the URI points if that is here; else the run's own folder, where the store was moved
   from another machine (a Windows path, a home that is no more). */
enum assay_status mlflow_files_artifacts(const char *root, const char *experiment_id,
                                         const char *run_id, const char *artifact_uri,
                                         struct artifact_list *list, char **directory,
                                         struct assay_error *err)
{
    char path[4096], own[4200];
    char *local = artifact_local_path(artifact_uri);
    int run = open_run(root, experiment_id, run_id, path);

    if (run >= 0)
        close(run);
    if (!local || !is_directory(local)) {
        free(local);
        local = NULL;
        snprintf(own, sizeof own, "%s/artifacts", path);
        if (run >= 0 && is_directory(own))
            local = assay_strdup(own);
    }
    if (!local) {
        assay_fail(err, ASSAY_IO, "the artifacts of run %s are not here: %s", run_id,
                   artifact_uri);
        return ASSAY_IO;
    }
    *directory = local;
    return artifact_list_walk(list, local, err);
}

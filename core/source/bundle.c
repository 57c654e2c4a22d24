/*
 * Review bundles as a source: the runs of a comparison that somebody saved, with the curves and
 * artifacts that came along (<assay/bundle.h>). One that was changed since is not shown at all.
 * Read-only. Called by the session through source_bundle.
 */
#include "source/artifact_list.h"
#include "source/source.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/bundle.h>
#include <assay/file.h>
#include <assay/map.h>
#include <assay/memory.h>

/* As a tree in memory a bundle takes ten times its bytes. */
#define BUNDLE_MAX  (64u << 20)
#define STATE_KNOWN "runs" /* the ids last reported, each with its NUL */

struct bundle_source {
    char *path;
    pthread_mutex_t lock; /* curves are asked for from other threads than the scan's */
    struct assay_bundle bundle;
    struct stat seen; /* the file when it was read; st_size 0: it was not */
};

static void detect(const char *path, struct source_found *found)
{
    if (assay_bundle_begins(path))
        source_found_add(found, source_bundle.kind, path);
}

static enum assay_status open_bundle(void **self, const char *path, struct assay_error *err)
{
    struct bundle_source *source;

    if (!assay_bundle_begins(path))
        return assay_bundle_broken(path, "this is no bundle", err);
    source = assay_alloc(sizeof *source);
    source->path = assay_strdup(path);
    pthread_mutex_init(&source->lock, NULL);
    *self = source;
    return ASSAY_OK;
}

static void close_bundle(void *self)
{
    struct bundle_source *source = self;

    assay_bundle_free(&source->bundle);
    pthread_mutex_destroy(&source->lock);
    free(source->path);
    free(source);
}

/* ---- reading it ---- */

static bool is_as_seen(const struct bundle_source *source, const struct stat *now)
{
    const struct stat *seen = &source->seen;

    return seen->st_size > 0 && seen->st_size == now->st_size && seen->st_ino == now->st_ino &&
           seen->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           seen->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* With the lock held. What was read before stays where the file cannot be read now. */
static enum assay_status reread(struct bundle_source *source, struct assay_error *err)
{
    struct assay_bundle bundle;
    struct stat now = {0};
    enum assay_status status;

    if (stat(source->path, &now) == 0 && is_as_seen(source, &now))
        return ASSAY_OK;
    status = assay_bundle_read(&bundle, source->path, BUNDLE_MAX, err);
    if (status == ASSAY_OK && !bundle.sealed)
        status = assay_bundle_broken(
            source->path, "the digest of the whole does not hold: the bundle was changed", err);
    if (status != ASSAY_OK) {
        assay_bundle_free(&bundle);
        return status;
    }
    assay_bundle_free(&source->bundle);
    source->bundle = bundle;
    source->seen = now;
    return ASSAY_OK;
}

/* ---- reporting ---- */

static void report(struct bundle_source *source, struct ingest *in, size_t index,
                   struct assay_map *reported, struct assay_buf *ids)
{
    struct assay_compared_run facts;
    struct assay_attrs attrs;
    bool is = assay_bundle_run(&source->bundle, index, &facts, &attrs);

    if (!is || !*facts.id) {
        ingest_problem(in, source->path, UINT64_MAX, "entry %zu of its runs is none", index);
    } else if (assay_map_get(reported, facts.id, strlen(facts.id)) != ASSAY_MAP_NONE) {
        ingest_problem(in, source->path, UINT64_MAX,
                       "run %.64s stands there twice: the second is not shown", facts.id);
    } else {
        assay_map_set(reported, facts.id, strlen(facts.id), (uint32_t)index);
        assay_buf_add(ids, facts.id, strlen(facts.id) + 1);
        ingest_experiment(in, &(struct ingest_experiment){.id = facts.experiment,
                                                          .name = facts.experiment,
                                                          .created_ms = ASSAY_NO_TIME,
                                                          .updated_ms = ASSAY_NO_TIME});
        ingest_run(in, &(struct ingest_run){.id = facts.id,
                                            .experiment_id = facts.experiment,
                                            .name = facts.name,
                                            .user = facts.user,
                                            .artifact_uri = "",
                                            .status = assay_run_status_parse(facts.status),
                                            .start_ms = facts.start_ms,
                                            .end_ms = facts.end_ms,
                                            .attrs = &attrs});
    }
    assay_bundle_attrs_free(&attrs);
}

/* Runs of the bundle that lay here before and are not in this one. */
static void tell_gone(struct ingest *in, const struct assay_map *reported)
{
    void *known = NULL;
    size_t length = 0;
    const char *id;

    if (!ingest_state_get(in, STATE_KNOWN, &known, &length))
        return;
    for (id = known; length > 0;) {
        size_t size = strnlen(id, length) + 1;

        if (size > length)
            break;
        if (assay_map_get(reported, id, size - 1) == ASSAY_MAP_NONE)
            ingest_run_gone(in, id);
        id += size;
        length -= size;
    }
    free(known);
}

static enum assay_status scan(void *self, struct ingest *in, struct assay_error *err)
{
    struct bundle_source *source = self;
    struct assay_map reported = {0};
    struct assay_buf ids = {0};
    enum assay_status status;

    pthread_mutex_lock(&source->lock);
    status = reread(source, err);
    for (size_t i = 0; status == ASSAY_OK && i < source->bundle.run_count; i++)
        report(source, in, i, &reported, &ids);
    if (status == ASSAY_OK) {
        tell_gone(in, &reported);
        ingest_state_put(in, STATE_KNOWN, assay_buf_text(&ids), ids.length);
    }
    pthread_mutex_unlock(&source->lock);
    assay_map_free(&reported);
    assay_buf_free(&ids);
    return status;
}

/* ---- single curves ---- */

/* The index of the run that was reported by this id; SIZE_MAX where there is none. */
static size_t find_run(const struct assay_bundle *bundle, const char *run_id)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; found == SIZE_MAX && i < bundle->run_count; i++) {
        struct assay_compared_run facts;
        struct assay_attrs attrs;

        if (assay_bundle_run(bundle, i, &facts, &attrs) && strcmp(facts.id, run_id) == 0)
            found = i;
        assay_bundle_attrs_free(&attrs);
    }
    return found;
}

static enum assay_status read_series(void *self, const char *experiment_id, const char *run_id,
                                     const char *metric, struct assay_series *out,
                                     struct assay_error *err)
{
    struct bundle_source *source = self;
    enum assay_status status = ASSAY_NO;
    const struct assay_bundle *bundle = &source->bundle;
    const char *name;
    size_t run, wanted;

    (void)experiment_id;
    pthread_mutex_lock(&source->lock);
    if (!bundle->root)
        reread(source, NULL);
    wanted = find_run(bundle, run_id);
    for (size_t i = 0; status == ASSAY_NO && i < bundle->curve_count; i++)
        if (assay_bundle_curve(bundle, i, &run, &name) && run == wanted &&
            strcmp(name, metric) == 0) {
            assay_bundle_points(bundle, i, out);
            status = ASSAY_OK;
        }
    pthread_mutex_unlock(&source->lock);
    if (status == ASSAY_NO)
        assay_fail(err, ASSAY_NO, "%s: the points of %s did not come along in this bundle",
                   run_id, metric);
    return status;
}

/* ---- artifacts ---- */

/* Whether PATH can be shown as a file in folders: names between slashes, none of them a way
   out. Nothing is ever written to it. */
static bool is_path(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 0 || (length == 1 && path[0] == '.') ||
            (length == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        path += length;
        if (*path && !*++path)
            return false;
    }
    return true;
}

/* PATH and the folders it lies in, each once; false where it stood there before. */
static bool list_path(struct artifact_list *list, struct assay_map *listed, const char *path,
                      uint64_t bytes)
{
    if (assay_map_get(listed, path, strlen(path)) != ASSAY_MAP_NONE)
        return false;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - path);
        char *folder = assay_strndup(path, length);

        if (assay_map_get(listed, folder, length) == ASSAY_MAP_NONE) {
            assay_map_set(listed, folder, length, 1);
            artifact_list_add(list, folder, true, 0, ASSAY_NO_TIME);
        }
        free(folder);
    }
    assay_map_set(listed, path, strlen(path), 0);
    artifact_list_add(list, path, false, bytes, ASSAY_NO_TIME);
    return true;
}

/* Those that came along, without a folder: each is written where it is asked for. */
static enum assay_status artifacts(void *self, const char *experiment_id, const char *run_id,
                                   const char *artifact_uri, struct artifact_list *list,
                                   char **directory, struct assay_error *err)
{
    struct bundle_source *source = self;
    const struct assay_bundle *bundle = &source->bundle;
    struct assay_map listed = {0};
    struct assay_bundle_file file;
    enum assay_status status = ASSAY_OK;
    size_t run, bad = 0;

    (void)experiment_id;
    (void)artifact_uri;
    (void)directory;
    pthread_mutex_lock(&source->lock);
    if (!bundle->root)
        status = reread(source, err);
    run = find_run(bundle, run_id);
    for (size_t i = 0; i < bundle->file_count && !artifact_list_full(list); i++) {
        bool is = assay_bundle_file(bundle, i, &file);

        if (is && file.run != run)
            continue;
        bad += !is || !is_path(file.path) || !list_path(list, &listed, file.path, file.bytes);
    }
    if (bad)
        assay_fail(&list->closed, ASSAY_CORRUPT,
                   "%s: %zu of its artifacts have no name, or one that stands there twice",
                   source->path, bad);
    pthread_mutex_unlock(&source->lock);
    assay_map_free(&listed);
    return status;
}

/* The index of the artifact as it was listed; SIZE_MAX where there is none. */
static size_t find_file(const struct assay_bundle *bundle, size_t run, const char *path)
{
    struct assay_bundle_file file;

    for (size_t i = 0; i < bundle->file_count; i++)
        if (assay_bundle_file(bundle, i, &file) && file.run == run &&
            strcmp(file.path, path) == 0)
            return i;
    return SIZE_MAX;
}

static enum assay_status artifact(void *self, const char *run_id, const char *path, int fd,
                                  struct assay_error *err)
{
    struct bundle_source *source = self;
    struct assay_bundle_file file;
    enum assay_status status = ASSAY_OK;
    char *data = NULL;
    size_t length = 0, at;

    pthread_mutex_lock(&source->lock);
    if (!source->bundle.root)
        status = reread(source, err);
    at = find_file(&source->bundle, find_run(&source->bundle, run_id), path);
    if (status == ASSAY_OK && at == SIZE_MAX)
        status = assay_fail(err, ASSAY_NO, "%s: the bundle does not hold it", path);
    else if (status == ASSAY_OK && assay_bundle_file(&source->bundle, at, &file) && !file.here)
        status = assay_fail(err, ASSAY_NO,
                            "%s: its size and digest came along in this bundle, not its bytes",
                            path);
    else if (status == ASSAY_OK)
        status = assay_bundle_file_bytes(&source->bundle, at, &data, &length, err);
    pthread_mutex_unlock(&source->lock);
    if (status == ASSAY_OK && !assay_write_all(fd, data, length))
        status = assay_fail(err, ASSAY_IO, "%s: cannot be written: %s", path, strerror(errno));
    free(data);
    return status;
}

static char **watch(void *self)
{
    const struct bundle_source *source = self;
    char **paths = assay_alloc_array(2, sizeof *paths);

    paths[0] = assay_strdup(source->path);
    return paths;
}

const struct source_ops source_bundle = {
    .kind = "bundle",
    .title = "review bundle",
    .detect = detect,
    .open = open_bundle,
    .close = close_bundle,
    .scan = scan,
    .read_series = read_series,
    .artifacts = artifacts,
    .artifact = artifact,
    .watch = watch,
    .last_rule = ASSAY_LAST_WRITTEN,
};

/*
 * MLflow file stores (`mlruns/`): finds the experiments and their runs, has each run looked at
 * by mlflow_run.c on several threads, the one on screen and the most recent first, and answers
 * for single series and artifacts. Read-only; what the layout is stands in MLflow's
 * mlflow/store/tracking/file_store.py. Called by the session through source_mlflow_files.
 */
#include "source/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/map.h>
#include <assay/memory.h>

#include "source/mlflow_layout.h"
#include "source/mlflow_meta.h"
#include "source/mlflow_run.h"

#define EXPERIMENTS_MAX 100000u
#define RUNS_MAX        2000000u
#define SLICE_FIRST     8u /* runs read before the first progress report; then more and more */
#define SLICE_MAX       256u
/* Looking at every file of every run may take this much of the time at most: a twentieth, and
   always when it takes no longer than this. */
#define DEEP_SHARE   20
#define DEEP_FREE_US 20000
/* Runs that have ended and are watched all the same: the most recent ones. */
#define ENDED_MAX 256u

struct experiment {
    char *id;
    bool trashed; /* lies in .trash */
    bool sound;   /* it was reported: its runs may be */
    bool listed;  /* its folder could be listed in this scan */
    uint32_t seen;
    uint64_t stamp; /* of its meta.yaml when it was reported; 0 never */
    uint64_t ids;   /* over the ids of its runs that the state holds */
};
struct run {
    const char *id; /* in by_run */
    uint32_t experiment;
    uint32_t seen;
    uint64_t mtime_ns; /* of meta.yaml */
    struct mlflow_run_memory memory;
};

struct mlflow_files_source {
    char *root;
    struct experiment *experiments;
    size_t experiment_count, experiment_capacity;
    struct run *runs;
    size_t run_count, run_capacity;
    struct assay_map by_experiment, by_run; /* id to index */
    uint32_t scan;                          /* number of the present one */
    int64_t deep_us, deep_at_us;            /* cost and time of the last deep one */
    int64_t settled_us; /* when what the last one left as half written is not so any more */
    bool shallow;       /* the last one was not */
    uint32_t recent[ENDED_MAX]; /* runs, in the order the last one took them */
    size_t recent_count;
    uint64_t experiment_ids; /* as experiment.ids, over the experiments' */
};

/* ---- opening ---- */

static enum assay_status open_store(void **self, const char *path, struct assay_error *err)
{
    struct mlflow_files_source *store;

    if (!mlflow_is_store(path)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: not an MLflow file store", path);
        assay_hint(err, "give the mlruns folder, whose folders hold a meta.yaml each");
        return ASSAY_BAD_INPUT;
    }
    store = assay_alloc(sizeof *store);
    store->root = assay_strdup(path);
    *self = store;
    return ASSAY_OK;
}

static void close_store(void *self)
{
    struct mlflow_files_source *store = self;

    for (size_t i = 0; i < store->experiment_count; i++)
        free(store->experiments[i].id);
    free(store->experiments);
    free(store->runs);
    assay_map_free(&store->by_experiment);
    assay_map_free(&store->by_run);
    free(store->root);
    free(store);
}

/* ---- experiments ---- */

struct scan {
    struct mlflow_files_source *store;
    struct ingest *in;
    int root;
    bool deep;
    bool young;       /* a meta.yaml is left to a later scan: it may be half written */
    bool lists_sound; /* every folder of experiments could be listed to its end */
    uint32_t *order;  /* runs to look at, by index */
    size_t count, capacity;
    size_t slice; /* where the slice under way begins in ORDER */
};

static uint64_t text_hash(const char *text)
{
    return mlflow_stamp_hash(text, &(struct mlflow_stamp){0});
}

static uint32_t find_experiment(struct mlflow_files_source *store, const char *id)
{
    uint32_t i = assay_map_get(&store->by_experiment, id, strlen(id));

    if (i != ASSAY_MAP_NONE)
        return i;
    i = (uint32_t)store->experiment_count;
    ASSAY_GROW(store->experiments, store->experiment_capacity, store->experiment_count + 1);
    store->experiments[store->experiment_count++] = (struct experiment){.id = assay_strdup(id)};
    assay_map_set(&store->by_experiment, id, strlen(id), i);
    return i;
}

static void experiment_path(const struct mlflow_files_source *store,
                            const struct experiment *experiment, bool full, char out[4096])
{
    snprintf(out, 4096, "%s%s%s%s", full ? store->root : "", full ? "/" : "",
             experiment->trashed ? MLFLOW_TRASH "/" : "", experiment->id);
}

/* Reports what META says of EXPERIMENT. */
static void report_experiment(struct scan *scan, const struct experiment *experiment,
                              const struct yaml_map *meta)
{
    const char *name = yaml_text(meta, "name");
    bool deleted = strcmp(yaml_text(meta, "lifecycle_stage"), "deleted") == 0;

    ingest_experiment(scan->in,
                      &(struct ingest_experiment){
                          .id = experiment->id,
                          .name = *name ? name : experiment->id,
                          .deleted = experiment->trashed || deleted,
                          .created_ms = yaml_int(meta, "creation_time", ASSAY_NO_TIME),
                          .updated_ms = yaml_int(meta, "last_update_time", ASSAY_NO_TIME),
                      });
}

/* Reads and reports the experiment unless its meta.yaml is as it was. */
static void look_at_experiment(struct scan *scan, struct experiment *experiment, int fd,
                               const char *full)
{
    struct assay_arena arena = {0};
    struct yaml_map meta;
    struct stat st;
    size_t problems = 0;
    struct mlflow_place at = {
        .in = scan->in, .path = full, .fd = fd, .arena = &arena, .problems = &problems};
    struct mlflow_stamp stamp = {0};
    enum assay_status status;
    char path[4200];
    uint64_t hash;

    if (fstatat(fd, "meta.yaml", &st, 0) == 0)
        stamp = mlflow_stamp_of(&st);
    hash = mlflow_stamp_hash(experiment->trashed ? "-" : "+", &stamp);
    if (hash == experiment->stamp)
        return;
    status = mlflow_read_meta(&at, "meta.yaml", true, &meta);
    if (status == ASSAY_NO &&
        (!stamp.ino || !(ingest_once(scan->in) || mlflow_is_settled(stamp.mtime_ns)))) {
        scan->young |= stamp.ino != 0;
        goto out; /* none, or being written: at the next scan */
    }
    if (status == ASSAY_NO) {
        snprintf(path, sizeof path, "%s/meta.yaml", full);
        ingest_problem(scan->in, path, 0, "is empty");
    }
    if (status == ASSAY_OK && strcmp(yaml_text(&meta, "experiment_id"), experiment->id) != 0) {
        ingest_problem(scan->in, full, UINT64_MAX,
                       "its meta.yaml is of experiment \"%.64s\"; the experiment is ignored",
                       yaml_text(&meta, "experiment_id"));
        experiment->sound = false;
        experiment->stamp = hash;
        goto out;
    }
    /* One whose meta.yaml is broken is shown by its id, with its runs. */
    if (status == ASSAY_OK || !experiment->sound)
        report_experiment(scan, experiment, &meta);
    experiment->sound = true;
    experiment->stamp = hash;
out:
    assay_arena_free(&arena);
}

static void add_run(struct scan *scan, uint32_t experiment, const char *id, uint64_t mtime_ns)
{
    struct mlflow_files_source *store = scan->store;
    uint32_t i = assay_map_get(&store->by_run, id, strlen(id));

    if (i == ASSAY_MAP_NONE) {
        if (store->run_count >= RUNS_MAX)
            return;
        i = (uint32_t)store->run_count;
        ASSAY_GROW(store->runs, store->run_capacity, store->run_count + 1);
        store->runs[store->run_count++] = (struct run){.experiment = experiment};
        store->runs[i].id = assay_map_set(&store->by_run, id, strlen(id), i);
    }
    /* A run id stands for one run: a copy of its folder in another experiment is not looked at
       (its meta.yaml names the first). */
    if (store->runs[i].seen == store->scan)
        return;
    store->runs[i].seen = store->scan;
    if (store->runs[i].experiment != experiment)
        store->runs[i].memory = (struct mlflow_run_memory){0};
    store->runs[i].experiment = experiment;
    store->runs[i].mtime_ns = mtime_ns;
    ASSAY_GROW(scan->order, scan->capacity, scan->count + 1);
    scan->order[scan->count++] = i;
}

static bool reserved_in_experiment(const char *name)
{
    static const char *const names[] = {"tags", "datasets", "traces", "models"};

    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return name[0] == '.';
}

/* Whether the folder NAME of FULL holds a meta.yaml (of one that is not ours to look into that
   is said, and *sound becomes false: it may hold one). */
static bool has_meta(struct scan *scan, int fd, const char *full, const char *name,
                     struct stat *st, int flags, bool *sound)
{
    char path[MLFLOW_NAME_SIZE + 16], closed[8192];

    snprintf(path, sizeof path, "%s/meta.yaml", name);
    if (fstatat(fd, path, st, flags) == 0)
        return true;
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
        return false;
    *sound = false;
    snprintf(closed, sizeof closed, "%s/%s", full, name);
    ingest_problem(scan->in, closed, UINT64_MAX, "cannot be read: %s", strerror(errno));
    return false;
}

/* A run is a folder with a meta.yaml directly in its experiment's; nothing below one is looked
   at for runs, so that what lies among the artifacts is never taken for one. */
static void list_runs(struct scan *scan, uint32_t index, DIR *dir, const char *full)
{
    struct experiment *experiment = &scan->store->experiments[index];
    struct dirent *entry;
    struct stat st;

    experiment->listed = true;
    errno = 0;
    while ((entry = readdir(dir))) {
        if (entry->d_type == DT_REG || reserved_in_experiment(entry->d_name) ||
            strlen(entry->d_name) >= MLFLOW_NAME_SIZE)
            continue;
        if (has_meta(scan, dirfd(dir), full, entry->d_name, &st, AT_SYMLINK_NOFOLLOW,
                     &experiment->listed))
            add_run(scan, index, entry->d_name, mlflow_stamp_of(&st).mtime_ns);
        errno = 0;
    }
    experiment->listed = experiment->listed && errno == 0;
}

static void scan_experiment(struct scan *scan, const char *id, bool trashed)
{
    struct mlflow_files_source *store = scan->store;
    uint32_t index = find_experiment(store, id);
    struct experiment *experiment = &store->experiments[index];
    char path[4096];
    DIR *dir;
    int fd;

    if (experiment->seen == store->scan) {
        if (trashed)
            return; /* restored by hand: the active one counts */
    }
    experiment->trashed = trashed;
    experiment->seen = store->scan;
    experiment->listed = false;
    experiment_path(store, experiment, false, path);
    fd = openat(scan->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    experiment_path(store, experiment, true, path);
    if (!dir) {
        ingest_problem(scan->in, path, UINT64_MAX, "cannot be read: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    look_at_experiment(scan, experiment, fd, path);
    if (experiment->sound)
        list_runs(scan, index, dir, path);
    closedir(dir);
}

/* Every folder of FOLDER with a meta.yaml is an experiment; one without holds artifacts. */
static void scan_experiments(struct scan *scan, const char *folder, bool trashed)
{
    int fd = openat(scan->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    struct stat st;
    char full[4096];

    if (!dir) {
        scan->lists_sound = scan->lists_sound && errno == ENOENT;
        if (errno != ENOENT)
            ingest_problem(scan->in, scan->store->root, UINT64_MAX, "cannot list %s: %s",
                           folder, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    snprintf(full, sizeof full, "%s%s", scan->store->root, trashed ? "/" MLFLOW_TRASH : "");
    errno = 0;
    while ((entry = readdir(dir)) && scan->store->experiment_count < EXPERIMENTS_MAX) {
        if (entry->d_type == DT_REG || mlflow_reserved(entry->d_name) ||
            strlen(entry->d_name) >= MLFLOW_NAME_SIZE)
            continue;
        if (has_meta(scan, fd, full, entry->d_name, &st, 0, &scan->lists_sound))
            scan_experiment(scan, entry->d_name, trashed);
        if (ingest_cancelled(scan->in))
            break;
        errno = 0;
    }
    scan->lists_sound = scan->lists_sound && !entry && errno == 0;
    closedir(dir);
}

/* ---- what is gone ---- */

/* The ids, one a line, as the state keeps them: so that what went away between two programs is
   missed. Per experiment, so that a new run rewrites little. */
static void load_ids(struct scan *scan, const char *key, uint32_t experiment)
{
    struct mlflow_files_source *store = scan->store;
    size_t length, start = 0;
    char *text;
    void *bytes;

    if (!ingest_state_get(scan->in, key, &bytes, &length))
        return;
    text = bytes;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\n')
            continue;
        text[i] = '\0';
        if (experiment == ASSAY_NONE) {
            find_experiment(store, text + start);
        } else if (assay_map_get(&store->by_run, text + start, i - start) == ASSAY_MAP_NONE) {
            ASSAY_GROW(store->runs, store->run_capacity, store->run_count + 1);
            store->runs[store->run_count] = (struct run){.experiment = experiment};
            store->runs[store->run_count].id = assay_map_set(
                &store->by_run, text + start, i - start, (uint32_t)store->run_count);
            store->run_count++;
        }
        start = i + 1;
    }
    free(bytes);
}

static void load_known(struct scan *scan)
{
    struct mlflow_files_source *store = scan->store;
    char key[MLFLOW_NAME_SIZE + 16];

    load_ids(scan, "experiments", ASSAY_NONE);
    for (uint32_t i = 0; i < store->experiment_count; i++) {
        snprintf(key, sizeof key, "runs/%s", store->experiments[i].id);
        load_ids(scan, key, i);
    }
}

/* Reports the runs that were there and are not, where that is certain. */
static void report_gone(struct scan *scan)
{
    struct mlflow_files_source *store = scan->store;

    for (size_t i = 0; i < store->run_count; i++) {
        struct run *run = &store->runs[i];
        const struct experiment *experiment = &store->experiments[run->experiment];
        bool vanished = experiment->seen != store->scan && scan->lists_sound;

        if (run->seen == store->scan || run->seen == UINT32_MAX)
            continue;
        if (!vanished && !(experiment->seen == store->scan && experiment->listed))
            continue;
        ingest_run_gone(scan->in, run->id);
        mlflow_run_forget(scan->in, run->id);
        run->memory = (struct mlflow_run_memory){.loaded = true};
        run->seen = UINT32_MAX; /* gone, and said so */
    }
}

/* Keeps the ids for the next program, where they changed. */
static void save_known(struct scan *scan)
{
    struct mlflow_files_source *store = scan->store;
    struct assay_buf *lists = assay_alloc_array(store->experiment_count + 1, sizeof *lists);
    struct assay_buf names = {0};
    uint64_t hash = 1;

    for (size_t i = 0; i < store->experiment_count; i++) {
        assay_buf_format(&names, "%s\n", store->experiments[i].id);
        hash += text_hash(store->experiments[i].id);
    }
    if (hash != store->experiment_ids)
        ingest_state_put(scan->in, "experiments", assay_buf_text(&names), names.length);
    store->experiment_ids = hash;
    assay_buf_free(&names);
    for (size_t i = 0; i < store->run_count; i++) {
        if (store->runs[i].seen != UINT32_MAX)
            assay_buf_format(&lists[store->runs[i].experiment], "%s\n", store->runs[i].id);
    }
    for (size_t i = 0; i < store->experiment_count; i++) {
        char key[MLFLOW_NAME_SIZE + 16];

        hash = 1 + text_hash(assay_buf_text(&lists[i]));
        snprintf(key, sizeof key, "runs/%s", store->experiments[i].id);
        if (hash != store->experiments[i].ids)
            ingest_state_put(scan->in, key, assay_buf_text(&lists[i]), lists[i].length);
        store->experiments[i].ids = hash;
        assay_buf_free(&lists[i]);
    }
    free(lists);
}

/* ---- the scan ---- */

static void look_at_run(void *context, size_t index)
{
    struct scan *scan = context;
    struct run *run = &scan->store->runs[scan->order[scan->slice + index]];
    const struct experiment *experiment = &scan->store->experiments[run->experiment];
    char path[4096], full[8192];

    if (ingest_cancelled(scan->in))
        return;
    experiment_path(scan->store, experiment, false, path);
    if (strlen(path) + strlen(run->id) + 2 > sizeof path)
        return;
    strncat(path, "/", sizeof path - strlen(path) - 1);
    strncat(path, run->id, sizeof path - strlen(path) - 1);
    snprintf(full, sizeof full, "%s/%s", scan->store->root, path);
    mlflow_run_scan(&(struct mlflow_run_place){.in = scan->in,
                                               .root = scan->root,
                                               .path = path,
                                               .full = full,
                                               .experiment_id = experiment->id,
                                               .run_id = run->id},
                    &run->memory, !scan->deep);
}

static int by_recency(const void *a, const void *b, void *context)
{
    const struct run *runs = context;
    const struct run *x = &runs[*(const uint32_t *)a], *y = &runs[*(const uint32_t *)b];

    if (x->mtime_ns != y->mtime_ns)
        return x->mtime_ns > y->mtime_ns ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* The most recent first, and before them the one on screen. */
static void order_runs(struct scan *scan)
{
    char focus[128];
    uint32_t first;

    if (scan->count > 1)
        qsort_r(scan->order, scan->count, sizeof *scan->order, by_recency, scan->store->runs);
    ingest_focus(scan->in, focus);
    first = assay_map_get(&scan->store->by_run, focus, strlen(focus));
    for (size_t i = 0; first != ASSAY_MAP_NONE && i < scan->count; i++) {
        if (scan->order[i] != first)
            continue;
        memmove(scan->order + 1, scan->order, i * sizeof *scan->order);
        scan->order[0] = first;
        break;
    }
}

static void look_at_runs(struct scan *scan)
{
    size_t size = SLICE_FIRST;

    for (scan->slice = 0; scan->slice < scan->count && !ingest_cancelled(scan->in);) {
        size_t left = scan->count - scan->slice;
        size_t count = left < size ? left : size;

        ingest_progress(scan->in, scan->slice, scan->count);
        ingest_parallel(scan->in, count, look_at_run, scan);
        scan->slice += count;
        size = 2 * size < SLICE_MAX ? 2 * size : SLICE_MAX;
    }
    ingest_progress(scan->in, scan->slice, scan->count);
}

static enum assay_status scan_store(void *self, struct ingest *in, struct assay_error *err)
{
    struct mlflow_files_source *store = self;
    struct scan scan = {.store = store, .in = in, .lists_sound = true};
    int64_t start = assay_monotonic_us();

    scan.root = open(store->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scan.root < 0)
        return assay_fail(err, ASSAY_IO, "%s: %s", store->root, strerror(errno));
    if (store->scan++ == 0)
        load_known(&scan);
    scan.deep = store->scan == 1 || store->deep_us < DEEP_FREE_US ||
                start - store->deep_at_us > DEEP_SHARE * store->deep_us;
    scan_experiments(&scan, ".", false);
    scan_experiments(&scan, MLFLOW_TRASH, true);
    order_runs(&scan);
    if (!ingest_cancelled(in)) {
        report_gone(&scan);
        save_known(&scan);
        look_at_runs(&scan);
    }
    if (scan.deep && !ingest_cancelled(in)) {
        store->deep_at_us = assay_monotonic_us();
        /* What was read for the first time is no measure of what looking costs. */
        store->deep_us = store->scan == 1 ? 0 : store->deep_at_us - start;
    }
    for (size_t i = 0; i < scan.count; i++)
        scan.young |= store->runs[scan.order[i]].memory.young;
    store->settled_us =
        scan.young ? start + (int64_t)(MLFLOW_SETTLE_NS / 1000) + 1000 : INT64_MAX;
    store->shallow = !scan.deep;
    store->recent_count = scan.count < ENDED_MAX ? scan.count : ENDED_MAX;
    if (scan.count)
        memcpy(store->recent, scan.order, store->recent_count * sizeof *store->recent);
    free(scan.order);
    close(scan.root);
    return ingest_cancelled(in) ? ASSAY_CANCELLED : ASSAY_OK;
}

/* What grew of an ended run was passed over where the scan was not deep: one that is follows
   when it may. What may be half written is told once it has lain still. */
static int64_t again_us(void *self)
{
    const struct mlflow_files_source *store = self;
    int64_t deep =
        store->shallow ? store->deep_at_us + DEEP_SHARE * store->deep_us + 1 : INT64_MAX;

    return deep < store->settled_us ? deep : store->settled_us;
}

/* ---- what to watch ---- */

#define WATCH_MAX 1024u

struct watch {
    char **paths;
    size_t count, capacity;
};

static void watch_add(struct watch *watch, const char *path)
{
    if (watch->count >= WATCH_MAX)
        return;
    ASSAY_GROW(watch->paths, watch->capacity, watch->count + 2);
    watch->paths[watch->count++] = assay_strdup(path);
    watch->paths[watch->count] = NULL;
}

static void watch_inside(struct watch *watch, const char *path, const char *folder)
{
    char inner[4096];

    if ((size_t)snprintf(inner, sizeof inner, "%s/%s", path, folder) < sizeof inner)
        watch_add(watch, inner);
}

/* FOLDER of the run at PATH, and some of those inside it (a/b). */
static void watch_nested(struct watch *watch, const char *path, const char *folder)
{
    char outer[4096], inner[MLFLOW_NAME_SIZE + 16];
    struct dirent *entry;
    DIR *dir;

    if ((size_t)snprintf(outer, sizeof outer, "%s/%s", path, folder) >= sizeof outer)
        return;
    watch_add(watch, outer);
    dir = opendir(outer);
    for (unsigned n = 0; dir && n < 16 && (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%.255s", folder, entry->d_name);
        watch_inside(watch, path, inner);
        n++;
    }
    if (dir)
        closedir(dir);
}

/* The run's folder, where meta.yaml is rewritten, its metrics and tags; while it goes on, its
   params, too. */
static void watch_run(struct watch *watch, const char *path, bool live)
{
    watch_add(watch, path);
    watch_nested(watch, path, "metrics");
    watch_inside(watch, path, "tags");
    if (live)
        watch_nested(watch, path, "params");
}

/* The registry: models that come and go, aliases that move, new versions. */
static void watch_registry(struct watch *watch, const char *root)
{
    char models[4096], inner[4400];
    struct dirent *entry;
    DIR *dir;

    if ((size_t)snprintf(models, sizeof models, "%s/" MLFLOW_MODELS, root) >= sizeof models ||
        !(dir = opendir(models)))
        return;
    watch_add(watch, models);
    for (unsigned n = 0; n < 64 && (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%.255s", models, entry->d_name);
        watch_add(watch, inner);
        watch_inside(watch, inner, "aliases");
        n++;
    }
    closedir(dir);
}

static void watch_run_of(struct watch *watch, const struct mlflow_files_source *store,
                         const struct run *run)
{
    char path[4096], run_path[4200 + MLFLOW_NAME_SIZE];

    experiment_path(store, &store->experiments[run->experiment], true, path);
    snprintf(run_path, sizeof run_path, "%s/%s", path, run->id);
    watch_run(watch, run_path, !run->memory.ended);
}

/* There is a limit to what can be watched. Runs that go on come first; those that have ended,
   which seldom grow, last. */
static char **watch_store(void *self)
{
    struct mlflow_files_source *store = self;
    struct watch watch = {0};
    char path[4096];
    unsigned live = 0;

    watch_add(&watch, store->root);
    for (size_t i = store->run_count; i > 0 && live < 128; i--) {
        const struct run *run = &store->runs[i - 1];

        if (run->memory.ended || run->seen != store->scan)
            continue;
        watch_run_of(&watch, store, run);
        live++;
    }
    for (size_t i = 0; i < store->experiment_count; i++) {
        if (store->experiments[i].seen != store->scan)
            continue;
        experiment_path(store, &store->experiments[i], true, path);
        watch_add(&watch, path);
    }
    watch_registry(&watch, store->root);
    for (size_t i = 0; i < store->recent_count && watch.count < WATCH_MAX; i++) {
        const struct run *run = &store->runs[store->recent[i]];

        if (run->memory.ended)
            watch_run_of(&watch, store, run);
    }
    return watch.paths;
}

static enum assay_status read_series(void *self, const char *experiment_id, const char *run_id,
                                     const char *metric, struct assay_series *out,
                                     struct assay_error *err)
{
    const struct mlflow_files_source *store = self;

    return mlflow_files_series(store->root, experiment_id, run_id, metric, out, err);
}

static enum assay_status artifacts(void *self, const char *experiment_id, const char *run_id,
                                   const char *artifact_uri, struct artifact_list *list,
                                   char **directory, struct assay_error *err)
{
    const struct mlflow_files_source *store = self;

    return mlflow_files_artifacts(store->root, experiment_id, run_id, artifact_uri, list,
                                  directory, err);
}

static enum assay_status registry(void *self, struct assay_registry **out,
                                  struct assay_error *err)
{
    const struct mlflow_files_source *store = self;

    return mlflow_files_registry(store->root, out, err);
}

const struct source_ops source_mlflow_files = {
    .kind = "mlflow-files",
    .title = "MLflow file store",
    .detect = mlflow_files_detect,
    .open = open_store,
    .close = close_store,
    .scan = scan_store,
    .read_series = read_series,
    .artifacts = artifacts,
    .registry = registry,
    .watch = watch_store,
    .again_us = again_us,
    .last_rule = ASSAY_LAST_VALUE,
};

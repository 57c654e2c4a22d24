/*
 * The reader of TensorBoard log directories: one experiment per log directory, one run per
 * directory with event files, named as TensorBoard names them. The vtable, the comparison of
 * what is on disk with what is known, and the division of the reading among threads: the run on
 * screen first, then those that changed last. The reading itself is tb_read.c.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/map.h>
#include <assay/memory.h>

#include "source/source.h"
#include "source/tb_pack.h"
#include "source/artifact_list.h"
#include "source/tb_run.h"
#include "source/tb_walk.h"

#define RUNS_KEY                                                                               \
    "/runs" /* state: the names of the runs there were; no run's name starts so                \
             */
#define WATCH_MAX 4096u

struct tensorboard {
    char *root; /* absolute */
    char *experiment;
    struct crc32c crc;
    struct tb_run *runs;
    size_t count, capacity;
    struct assay_map by_name;
    struct assay_map told; /* directories whose trouble was reported */
    struct tb_tree tree;   /* of the last scan */
    bool begun;            /* a scan was here before */
};

static void tensorboard_detect(const char *path, struct source_found *found)
{
    struct tb_tree tree;
    struct stat info;
    const char *slash = strrchr(path, '/');
    if (stat(path, &info) != 0)
        return;
    if (!S_ISDIR(info.st_mode)) {
        if (S_ISREG(info.st_mode) && tb_is_event_file(slash ? slash + 1 : path))
            source_found_add(found, "tensorboard", path);
        return;
    }
    tb_walk(path, &tb_walk_glance, NULL, NULL, &tree);
    if (tree.count > 0)
        source_found_add(found, "tensorboard", path);
    tb_tree_free(&tree);
}

static enum assay_status tensorboard_open(void **out, const char *path, struct assay_error *err)
{
    struct stat info;
    char *root = realpath(path, NULL);
    if (!root || stat(root, &info) != 0) {
        free(root);
        return assay_fail(err, ASSAY_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    struct tensorboard *self = assay_alloc(sizeof *self);
    char *directory = S_ISDIR(info.st_mode) ? assay_strdup(root) : assay_path_directory(root);
    const char *slash = strrchr(directory, '/');
    self->root = root;
    self->experiment = assay_strdup(slash && slash[1] ? slash + 1 : directory);
    free(directory);
    crc32c_init(&self->crc);
    *out = self;
    return ASSAY_OK;
}

static void tensorboard_close(void *context)
{
    struct tensorboard *self = context;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        tb_run_free(&self->runs[i]);
    free(self->runs);
    assay_map_free(&self->by_name);
    assay_map_free(&self->told);
    tb_tree_free(&self->tree);
    free(self->root);
    free(self->experiment);
    free(self);
}

/* ---- what is there, against what is known ---- */

struct trouble {
    struct tensorboard *self;
    struct ingest *in;
};

static void on_trouble(void *context, const char *path, const char *why)
{
    struct trouble *trouble = context;
    struct assay_map *told = &trouble->self->told;
    if (assay_map_get(told, path, strlen(path)) != ASSAY_MAP_NONE)
        return;
    assay_map_set(told, path, strlen(path), 1);
    ingest_problem(trouble->in, path, UINT64_MAX, "%s", why);
}

static struct tb_run *run_of(struct tensorboard *self, struct ingest *in,
                             const struct tb_place *place)
{
    size_t length = strlen(place->name);
    uint32_t index = assay_map_get(&self->by_name, place->name, length);
    void *state;
    size_t state_length;
    struct tb_run *run = index == ASSAY_MAP_NONE ? NULL : &self->runs[index];
    bool moved = run && ingest_state_moved(in, place->name);
    if (run && !moved)
        return run;
    if (run) {
        tb_run_free(run);
    } else {
        ASSAY_GROW(self->runs, self->capacity, self->count + 1);
        assay_map_set(&self->by_name, place->name, length, (uint32_t)self->count);
        run = &self->runs[self->count++];
    }
    *run = (struct tb_run){.name = assay_strdup(place->name),
                           .path = assay_strdup(place->path),
                           .latest_ms = ASSAY_NO_TIME};
    if (ingest_state_get(in, run->name, &state, &state_length))
        tb_run_load(run, state, state_length, in);
    else
        run->restart = moved;
    return run;
}

static void run_gone(struct ingest *in, const char *name)
{
    ingest_run_gone(in, name);
    ingest_state_put(in, name, NULL, 0);
}

/* Runs that an earlier process knew and that are not there any more. */
static void compare_with_cache(struct tensorboard *self, struct ingest *in)
{
    void *bytes;
    size_t length;
    if (!ingest_state_get(in, RUNS_KEY, &bytes, &length))
        return;
    struct tb_unpack unpack = {.at = bytes, .end = (const char *)bytes + length};
    while (unpack.at < unpack.end && !unpack.bad) {
        size_t size;
        const char *text = tb_unpack_text(&unpack, &size);
        if (unpack.bad || assay_map_get(&self->by_name, text, size) != ASSAY_MAP_NONE)
            continue;
        char *name = assay_strndup(text, size);
        run_gone(in, name);
        free(name);
    }
    free(bytes);
}

/* Runs that this process knew and that are not there any more become as new ones, should they
   come back. Returns whether there were any. */
static bool drop_gone(struct tensorboard *self, struct ingest *in)
{
    bool any = false;
    for (size_t i = 0; i < self->count; i++) {
        struct tb_run *run = &self->runs[i];
        if (run->here || !run->known)
            continue;
        run_gone(in, run->name);
        struct tb_run empty = {.name = assay_strdup(run->name),
                               .path = assay_strdup(run->path),
                               .latest_ms = ASSAY_NO_TIME,
                               .restart = true};
        tb_run_free(run);
        *run = empty;
        any = true;
    }
    return any;
}

static void remember_runs(const struct tensorboard *self, struct ingest *in)
{
    struct assay_buf out = {0};
    for (size_t i = 0; i < self->count; i++) {
        if (self->runs[i].here)
            tb_pack_text(&out, self->runs[i].name, strlen(self->runs[i].name));
    }
    ingest_state_put(in, RUNS_KEY, assay_buf_text(&out), out.length);
    assay_buf_free(&out);
}

/* ---- reading ---- */

struct work {
    struct tb_reading reading;
    struct tb_run **runs; /* to be read, in the order of wishing */
    bool *taken;
    size_t count, next;
    pthread_mutex_t lock;
};

static int by_newest(const void *a, const void *b)
{
    const struct tb_run *left = *(struct tb_run *const *)a, *right = *(struct tb_run *const *)b;
    if (left->newest_ms != right->newest_ms)
        return left->newest_ms > right->newest_ms ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* The next run to read: the one on screen, unless somebody has it, else the next in line. */
static struct tb_run *take_run(struct work *work)
{
    char focus[128];
    struct tb_run *run = NULL;
    ingest_focus(work->reading.in, focus);
    pthread_mutex_lock(&work->lock);
    for (size_t i = work->next; focus[0] && i < work->count; i++) {
        /* A long id comes cut. */
        if (!work->taken[i] && strncmp(work->runs[i]->name, focus, sizeof focus - 1) == 0) {
            work->taken[i] = true;
            run = work->runs[i];
            break;
        }
    }
    while (!run && work->next < work->count) {
        size_t i = work->next++;
        if (!work->taken[i]) {
            work->taken[i] = true;
            run = work->runs[i];
        }
    }
    pthread_mutex_unlock(&work->lock);
    return run;
}

static void read_one(void *context, size_t index)
{
    struct work *work = context;
    (void)index;
    if (ingest_cancelled(work->reading.in))
        return;
    struct tb_run *run = take_run(work);
    if (run)
        tb_run_read(run, &work->reading);
}

static void read_wanted(struct tensorboard *self, struct work *work)
{
    struct ingest *in = work->reading.in;
    work->runs = assay_alloc_array(self->count + 1, sizeof(struct tb_run *));
    for (size_t i = 0; i < self->count; i++) {
        struct tb_run *run = &self->runs[i];
        if (!run->here || !run->wanted)
            continue;
        if (!run->known)
            tb_run_announce(run, &work->reading);
        work->runs[work->count++] = run;
        work->reading.total += run->work;
    }
    if (work->count > 0) {
        qsort(work->runs, work->count, sizeof(struct tb_run *), by_newest);
        work->taken = assay_alloc_array(work->count, sizeof(bool));
        pthread_mutex_init(&work->lock, NULL);
        ingest_progress(in, 0, work->reading.total);
        ingest_parallel(in, work->count, read_one, work);
        ingest_progress(in, work->reading.total, work->reading.total);
        pthread_mutex_destroy(&work->lock);
    }
    free(work->runs);
    free(work->taken);
}

static enum assay_status tensorboard_scan(void *context, struct ingest *in,
                                          struct assay_error *err)
{
    struct tensorboard *self = context;
    struct trouble trouble = {self, in};
    struct work work = {.reading = {.crc = &self->crc,
                                    .in = in,
                                    .experiment = self->experiment,
                                    .now_ms = assay_now_ms()}};
    struct stat info;
    if (stat(self->root, &info) != 0)
        return assay_fail(err, ASSAY_IO, "%s: cannot be read: %s", self->root, strerror(errno));
    tb_tree_free(&self->tree);
    tb_walk(self->root, &tb_walk_all, on_trouble, &trouble, &self->tree);
    if (!self->begun)
        ingest_experiment(in, &(struct ingest_experiment){.id = self->experiment,
                                                          .name = self->experiment,
                                                          .created_ms = ASSAY_NO_TIME,
                                                          .updated_ms = ASSAY_NO_TIME});
    bool changed = !self->begun;
    for (size_t i = 0; i < self->count; i++)
        self->runs[i].here = false;
    for (size_t i = 0; i < self->tree.count; i++) {
        struct tb_run *run = run_of(self, in, &self->tree.places[i]);
        tb_run_compare(run, &self->tree.places[i], work.reading.now_ms);
        changed = changed || !run->known;
    }
    if (!self->tree.incomplete) {
        /* What could not be entered may still be there. */
        if (!self->begun)
            compare_with_cache(self, in);
        changed = drop_gone(self, in) || changed;
    }
    if (changed && !self->tree.incomplete)
        remember_runs(self, in);
    self->begun = true;
    read_wanted(self, &work);
    if (ingest_cancelled(in))
        return assay_fail(err, ASSAY_CANCELLED, "%s: reading was stopped", self->root);
    return ASSAY_OK;
}

/* ---- artifacts, watching ---- */

/* The files beside the event files: checkpoints, configurations. The run's artifact URI is its
   directory. */
static enum assay_status tensorboard_artifacts(void *context, const char *experiment_id,
                                               const char *run_id, const char *artifact_uri,
                                               struct artifact_list *list, char **directory,
                                               struct assay_error *err)
{
    (void)context, (void)experiment_id, (void)run_id;
    /* The run's directory may be reached through a link; what counts is what is in it. */
    *directory = realpath(artifact_uri, NULL);
    if (!*directory)
        return assay_fail(err, ASSAY_IO, "%s: cannot be read: %s", artifact_uri,
                          strerror(errno));
    return artifact_list_files(list, *directory, err);
}

/* Directories are enough: a change of a file in one is told, too. The newest runs first, for
   there is a limit to what can be watched. */
static char **tensorboard_watch(void *context)
{
    struct tensorboard *self = context;
    const struct tb_tree *tree = &self->tree;
    struct tb_run **runs = assay_alloc_array(self->count + 1, sizeof *runs);
    char **paths = assay_alloc_array(WATCH_MAX + 1, sizeof *paths);
    struct assay_map seen = {0};
    size_t run_count = 0, count = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->runs[i].here)
            runs[run_count++] = &self->runs[i];
    }
    if (run_count > 0)
        qsort(runs, run_count, sizeof *runs, by_newest);
    for (size_t i = 0; i < run_count + tree->directory_count && count < WATCH_MAX; i++) {
        const char *path = i < run_count ? runs[i]->path : tree->directories[i - run_count];
        if (assay_map_get(&seen, path, strlen(path)) != ASSAY_MAP_NONE)
            continue;
        assay_map_set(&seen, path, strlen(path), 1);
        paths[count++] = assay_strdup(path);
    }
    assay_map_free(&seen);
    free(runs);
    return paths;
}

const struct source_ops source_tensorboard = {
    .kind = "tensorboard",
    .title = "TensorBoard event files",
    .detect = tensorboard_detect,
    .spreads = true,
    .open = tensorboard_open,
    .close = tensorboard_close,
    .scan = tensorboard_scan,
    .read_series = NULL,
    .artifacts = tensorboard_artifacts,
    .watch = tensorboard_watch,
    .last_rule = ASSAY_LAST_WRITTEN,
};

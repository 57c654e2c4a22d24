/*
 * Reads one run of an MLflow file store and remembers, in the ingest's state, how far: for
 * every metric file its stamp, the offset behind the last complete line and the summary up to
 * there, so that a grown file costs its new bytes and an unchanged run costs stats. Called by
 * mlflow_files.c, for several runs at once on several threads.
 */
#include "source/mlflow_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <assay/map.h>

#include "source/mlflow_meta.h"
#include "source/mlflow_metric.h"

/* A file written within one tick of the clock that stamps files can change again unseen: what
   is as young as this is looked at once more. */
#define YOUNG_NS UINT64_C(50000000)

#define STATE_VERSION 1u

/* What is remembered of one metric file. Written to the state as it lies here, the key behind
   it: the cache is read by the machine and program that wrote it, or thrown away. */
struct metric_state {
    struct mlflow_stamp stamp;
    uint64_t offset;
    uint64_t tail; /* over the last bytes before offset: inodes are used again */
    struct assay_summary summary;
    struct mlflow_metric_faults faults;
    uint64_t key_length;
};
struct run_state {
    uint64_t version;
    uint64_t all, folders;
    uint32_t ended, known;
};

static void state_key(char out[300], const char *kind, const char *run_id)
{
    snprintf(out, 300, "%s/%s", kind, run_id);
}

void mlflow_run_forget(struct ingest *in, const char *run_id)
{
    char key[300];

    state_key(key, "run", run_id);
    ingest_state_put(in, key, NULL, 0);
    state_key(key, "metrics", run_id);
    ingest_state_put(in, key, NULL, 0);
}

static void load_memory(const struct mlflow_run_place *place, struct mlflow_run_memory *memory)
{
    struct run_state state;
    size_t length;
    void *bytes;
    char key[300];

    memory->loaded = true;
    state_key(key, "run", place->run_id);
    if (!ingest_state_get(place->in, key, &bytes, &length))
        return;
    if (length == sizeof state) {
        memcpy(&state, bytes, sizeof state);
        if (state.version == STATE_VERSION) {
            memory->all = state.all;
            memory->folders = state.folders;
            memory->ended = state.ended != 0;
            memory->known = state.known != 0;
        }
    }
    free(bytes);
}

/* ---- what the run's files look like ---- */

struct survey {
    struct mlflow_files metrics, params, tags, inputs, outputs;
    uint64_t all, folders;
    uint64_t youngest; /* the latest mtime of all */
    struct mlflow_stamp meta;
};

static void survey_one(const struct mlflow_place *at, const char *name, struct survey *survey,
                       struct mlflow_stamp *stamp)
{
    struct stat st;
    uint64_t hash;

    *stamp = (struct mlflow_stamp){0};
    if (fstatat(at->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    *stamp = mlflow_stamp_of(&st);
    if (S_ISDIR(st.st_mode))
        stamp->size = 0; /* on some file systems it says nothing */
    hash = mlflow_stamp_hash(name, stamp);
    survey->folders += hash;
    survey->all += hash;
    if (stamp->mtime_ns > survey->youngest)
        survey->youngest = stamp->mtime_ns;
}

static void survey_folders(const struct mlflow_place *at, struct survey *survey)
{
    static const char *const folders[] = {"metrics", "params", "tags", "inputs", "outputs"};
    struct mlflow_stamp stamp;

    survey_one(at, "meta.yaml", survey, &survey->meta);
    for (size_t i = 0; i < ASSAY_COUNT(folders); i++)
        survey_one(at, folders[i], survey, &stamp);
}

static void survey_files(const struct mlflow_place *at, const char *folder,
                         struct survey *survey, struct mlflow_files *files)
{
    mlflow_walk(at, folder, files);
    for (size_t i = 0; i < files->count; i++) {
        const struct mlflow_file *file = &files->items[i];

        survey->all +=
            mlflow_stamp_hash(file->key, &file->stamp); /* the inode tells folders apart */
        if (file->stamp.mtime_ns > survey->youngest)
            survey->youngest = file->stamp.mtime_ns;
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- metrics ---- */

struct metrics {
    struct metric_state *states; /* as remembered, by old[] */
    size_t count;
    struct assay_map by_key;
    void *bytes; /* owns what the keys were read from */
};

static void load_metrics(const struct mlflow_run_place *place, struct mlflow_place *at,
                         struct metrics *old)
{
    const char *bytes;
    size_t length, offset = 0, capacity = 0;
    char key[300];

    *old = (struct metrics){0};
    state_key(key, "metrics", place->run_id);
    if (!ingest_state_get(place->in, key, &old->bytes, &length))
        return;
    bytes = old->bytes;
    capacity = length / sizeof *old->states;
    old->states = assay_arena_alloc(at->arena, (capacity + 1) * sizeof *old->states);
    while (length - offset >= sizeof *old->states) {
        struct metric_state *state = &old->states[old->count];

        memcpy(state, bytes + offset, sizeof *state);
        offset += sizeof *state;
        if (state->key_length > length - offset)
            break;
        assay_map_set(&old->by_key, bytes + offset, (size_t)state->key_length,
                      (uint32_t)old->count++);
        offset += (size_t)state->key_length;
    }
}

struct fold {
    struct ingest *in;
    struct assay_summary *summary;
};

/* Of equal steps and times MLflow's file store takes the greater value as the last, comparing
   NaN as IEEE 754 does: it is greater than nothing, and nothing is greater. So where one of the
   two is NaN the earlier line stays; assay_summary_add() has the SQL store's order, where NaN
   counts as 0. */
static bool fold_points(void *context, const struct assay_point *points, size_t count)
{
    struct fold *fold = context;
    struct assay_summary *summary = fold->summary;

    for (size_t i = 0; i < count; i++) {
        double last = summary->last;
        bool stays = summary->n > 0 && points[i].step == summary->step &&
                     points[i].time_ms == summary->time_ms &&
                     (isnan(last) || isnan(points[i].value));

        assay_summary_add(summary, &points[i], ASSAY_LAST_VALUE);
        if (stays)
            summary->last = last;
    }
    return !ingest_cancelled(fold->in);
}

/* Tells of lines that are no points: those met now, or, once in the life of a program, those an
   earlier one met. */
static void tell_faults(const struct mlflow_place *at, const struct mlflow_file *file,
                        const struct metric_state *state, uint64_t before)
{
    struct mlflow_place loud = *at;
    char full[4096];

    if (state->faults.count == 0)
        return;
    loud.quiet = at->quiet && state->faults.count == before;
    snprintf(full, sizeof full, "%s/metrics/%s", at->path, file->key);
    if (state->faults.count == 1)
        mlflow_tell(&loud, full, state->faults.offset, "a line that is no point: passed over");
    else
        mlflow_tell(&loud, full, state->faults.offset,
                    "the first of %" PRIu64 " lines that are no points: passed over",
                    state->faults.count);
}

#define TAIL_BYTES 64

static uint64_t tail_hash(int fd, uint64_t offset)
{
    char bytes[TAIL_BYTES + 1] = {0};
    size_t length = offset < TAIL_BYTES ? (size_t)offset : TAIL_BYTES;

    if (pread(fd, bytes, length, (off_t)(offset - length)) != (ssize_t)length)
        return 0;
    return mlflow_stamp_hash(bytes, &(struct mlflow_stamp){.size = length});
}

/* Brings STATE up to what the file holds now. False where it could not, or was cancelled. */
static bool read_metric(const struct mlflow_place *at, const struct mlflow_file *file,
                        struct metric_state *state)
{
    struct fold fold = {.in = at->in, .summary = &state->summary};
    enum assay_status status;
    char path[1100], full[4096];
    int fd;

    snprintf(path, sizeof path, "metrics/%s", file->key);
    snprintf(full, sizeof full, "%s/%s", at->path, path);
    fd = openat(at->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT)
            mlflow_tell(at, full, UINT64_MAX, "cannot be read: %s", strerror(errno));
        return false;
    }
    if (state->offset > 0 && tail_hash(fd, state->offset) != state->tail)
        *state = (struct metric_state){.summary = ASSAY_SUMMARY_EMPTY}; /* another file now */
    status = mlflow_metric_read(fd, &state->offset, fold_points, &fold, &state->faults);
    if (status == ASSAY_IO)
        mlflow_tell(at, full, state->offset, "cannot be read: %s", strerror(errno));
    state->tail = tail_hash(fd, state->offset);
    close(fd);
    return status == ASSAY_OK;
}

/* A file that is the same and longer goes on where it was; anything else starts anew. */
static struct metric_state resume(const struct metrics *old, const struct mlflow_file *file,
                                  bool *same)
{
    struct metric_state fresh = {.summary = ASSAY_SUMMARY_EMPTY};
    uint32_t i = assay_map_get(&old->by_key, file->key, strlen(file->key));
    const struct metric_state *state = i == ASSAY_MAP_NONE ? NULL : &old->states[i];

    *same = false;
    if (!state || state->stamp.dev != file->stamp.dev || state->stamp.ino != file->stamp.ino)
        return fresh;
    *same = memcmp(&state->stamp, &file->stamp, sizeof state->stamp) == 0;
    if (!*same && file->stamp.size <= state->stamp.size)
        return fresh;
    fresh = *state;
    return fresh;
}

/* Fills attrs->metrics and appends to STATE_OUT. False where something is to be read again. */
static bool read_metrics(const struct mlflow_run_place *place, struct mlflow_place *at,
                         const struct survey *survey, struct assay_attrs *attrs,
                         struct assay_buf *state_out)
{
    struct metrics old;
    bool complete = true;

    load_metrics(place, at, &old);
    attrs->metrics =
        assay_arena_alloc(at->arena, (survey->metrics.count + 1) * sizeof *attrs->metrics);
    for (size_t i = 0; i < survey->metrics.count && !ingest_cancelled(at->in); i++) {
        const struct mlflow_file *file = &survey->metrics.items[i];
        bool same;
        struct metric_state state = resume(&old, file, &same);
        uint64_t before = state.faults.count;

        if (!same && !read_metric(at, file, &state)) {
            complete = false;
            continue;
        }
        tell_faults(at, file, &state, before);
        state.stamp = file->stamp;
        state.key_length = strlen(file->key);
        assay_buf_add(state_out, &state, sizeof state);
        assay_buf_add(state_out, file->key, (size_t)state.key_length);
        if (state.summary.n > 0)
            attrs->metrics[attrs->metric_count++] = (struct assay_metric){
                .key = file->key,
                .summary = state.summary,
            };
    }
    assay_map_free(&old.by_key);
    free(old.bytes);
    return complete;
}

/* ---- the run ---- */

static bool is_run_id(const char *text)
{
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

/* Whether meta.yaml speaks of this very run: an artifact or a copied folder may hold another's.
 */
static bool speaks_of(const struct yaml_map *meta, const struct mlflow_run_place *place,
                      char why[200])
{
    const char *id = yaml_text(meta, "run_id");
    const char *experiment = yaml_text(meta, "experiment_id");

    if (!*id)
        id = yaml_text(meta, "run_uuid");
    if (strcmp(id, place->run_id) != 0) {
        snprintf(why, 200, "is of run \"%.64s\", which is not the folder's name", id);
        return false;
    }
    if (strcmp(experiment, place->experiment_id) != 0) {
        snprintf(why, 200, "is of experiment \"%.64s\", which is not where it lies",
                 experiment);
        return false;
    }
    return true;
}

enum meta_state { META_GOOD, META_LATER, META_BROKEN, META_FOREIGN };

static enum meta_state read_run_meta(const struct mlflow_run_place *place,
                                     const struct mlflow_place *at, const struct survey *survey,
                                     struct mlflow_run_memory *memory, struct yaml_map *meta)
{
    bool settled = ingest_once(at->in) || mlflow_is_settled(survey->meta.mtime_ns);
    bool complain = settled && memory->faulty != survey->all;
    enum assay_status status = mlflow_read_meta(at, "meta.yaml", complain, meta);
    char path[4096], why[200];

    memory->young = false;
    snprintf(path, sizeof path, "%s/meta.yaml", at->path);
    if (status == ASSAY_OK && (*yaml_text(meta, "run_id") || *yaml_text(meta, "run_uuid"))) {
        if (speaks_of(meta, place, why))
            return META_GOOD;
        if (memory->faulty != survey->all)
            ingest_problem(at->in, path, UINT64_MAX, "%s; the run is ignored", why);
        memory->faulty = survey->all;
        return META_FOREIGN;
    }
    if (!settled) {
        memory->young = survey->meta.ino != 0;
        return META_LATER;
    }
    if (complain && status == ASSAY_NO && survey->meta.ino != 0)
        ingest_problem(at->in, path, 0, "is empty");
    if (complain && status == ASSAY_OK)
        ingest_problem(at->in, path, 0, "names no run");
    memory->faulty = survey->all;
    return META_BROKEN;
}

/* Reports RUN with what is remembered of it. One with problems is kept as one to be read again,
   so that the next program tells them too. */
static void report(const struct mlflow_run_place *place, struct ingest_run *run,
                   const struct mlflow_run_memory *memory, const struct assay_buf *metrics,
                   bool sound)
{
    struct run_state state = {
        .version = STATE_VERSION,
        .all = sound ? memory->all : 0,
        .folders = memory->folders,
        .ended = memory->ended,
        .known = memory->known,
    };
    char metrics_key[300], run_key[300];
    const struct ingest_state states[] = {
        {metrics_key, metrics->length ? metrics->data : "", metrics->length},
        {run_key, &state, sizeof state},
    };

    state_key(metrics_key, "metrics", place->run_id);
    state_key(run_key, "run", place->run_id);
    run->states = states;
    run->state_count = ASSAY_COUNT(states);
    ingest_run(place->in, run);
}

/* Reads and reports; the survey says what there is. */
static enum mlflow_run_result read_run(const struct mlflow_run_place *place,
                                       struct mlflow_place *at, const struct survey *survey,
                                       struct mlflow_run_memory *memory)
{
    struct assay_attrs attrs = {0};
    struct ingest_run run = {
        .id = place->run_id, .experiment_id = place->experiment_id, .attrs = &attrs};
    struct assay_buf metrics = {0};
    struct yaml_map meta;
    enum meta_state state = read_run_meta(place, at, survey, memory, &meta);
    bool complete = state == META_GOOD;
    bool young;

    if (state == META_FOREIGN || state == META_LATER)
        return MLFLOW_RUN_SKIPPED;
    /* A run whose meta.yaml was lost (a full disk leaves it empty) still has its metrics; but
       what was known of it before is better than what can be said now. */
    if (state == META_BROKEN && (memory->known || !is_run_id(place->run_id)))
        return MLFLOW_RUN_SKIPPED;
    complete &=
        mlflow_read_pairs(at, "params", &survey->params, &attrs.params, &attrs.param_count);
    complete &= mlflow_read_pairs(at, "tags", &survey->tags, &attrs.tags, &attrs.tag_count);
    complete &= mlflow_read_inputs(at, &attrs);
    complete &= mlflow_read_outputs(at, &attrs);
    complete &= read_metrics(place, at, survey, &attrs, &metrics);
    if (ingest_cancelled(at->in)) {
        assay_buf_free(&metrics);
        return MLFLOW_RUN_SKIPPED;
    }
    mlflow_run_fields(&meta, attrs.tags, attrs.tag_count, &run);
    if (state == META_BROKEN)
        run.status = ASSAY_RUN_UNKNOWN;
    young = now_ns() < survey->youngest + YOUNG_NS;
    memory->known |= state == META_GOOD;
    memory->all = young ? 0 : survey->all;
    memory->folders = survey->folders;
    memory->ended = run.status == ASSAY_RUN_FINISHED || run.status == ASSAY_RUN_FAILED ||
                    run.status == ASSAY_RUN_KILLED;
    report(place, &run, memory, &metrics, complete && *at->problems == 0);
    assay_buf_free(&metrics);
    return MLFLOW_RUN_REPORTED;
}

enum mlflow_run_result mlflow_run_scan(const struct mlflow_run_place *place,
                                       struct mlflow_run_memory *memory, bool shallow)
{
    struct assay_arena arena = {0};
    size_t problems = 0;
    struct mlflow_place at = {.in = place->in,
                              .path = place->full,
                              .arena = &arena,
                              .quiet = memory->told,
                              .problems = &problems};
    struct survey survey = {0};
    enum mlflow_run_result result = MLFLOW_RUN_SAME;

    if (!memory->loaded)
        load_memory(place, memory);
    at.fd = openat(place->root, place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at.fd < 0) {
        mlflow_tell(&at, place->full, UINT64_MAX, "cannot be read: %s", strerror(errno));
        memory->told = true;
        return MLFLOW_RUN_SKIPPED;
    }
    survey_folders(&at, &survey);
    if (shallow && memory->ended && memory->all != 0 && memory->folders == survey.folders)
        goto out;
    survey_files(&at, "metrics", &survey, &survey.metrics);
    survey_files(&at, "params", &survey, &survey.params);
    survey_files(&at, "tags", &survey, &survey.tags);
    survey_files(&at, "inputs", &survey, &survey.inputs);
    survey_files(&at, "outputs", &survey, &survey.outputs);
    if (memory->all == 0 || memory->all != survey.all)
        result = read_run(place, &at, &survey, memory);
out:
    memory->told |= problems > 0;
    close(at.fd);
    assay_arena_free(&arena);
    return result;
}

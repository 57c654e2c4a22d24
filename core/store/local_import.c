/*
 * Importing into the local store: a run of any source with all its points, under one id for
 * ever, so that importing again changes nothing or brings what is new. Called by `assay
 * import`, one run after the other. What was imported is remembered by a digest of everything
 * the source says of the run (its metrics' summaries with their counts included), as a state of
 * the local source, put in the last transaction: without it the run is not whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/memory.h>
#include <assay/sha256.h>

#include "model/attrs.h"
#include "store/local_private.h"

/* Points in one transaction, and in memory before it. */
#define POINTS_MAX ((size_t)1 << 20)
#define BLOCK      65536

struct import_points { /* waiting to be stored */
    size_t metric;
    struct assay_point *points;
    size_t count;
};

struct assay_import {
    struct assay_local *local;
    struct assay_arena arena;
    char id[ASSAY_RUN_ID_SIZE];
    char key[LOCAL_IMPORT_KEY_SIZE]; /* of the state */
    char digest[ASSAY_SHA256_TEXT];  /* of what the source says */
    const char *experiment;
    struct assay_run run;        /* its text lies in the arena */
    struct assay_attrs attrs;    /* as the source has them, tags of ours beside its own */
    struct assay_metric *stored; /* those whose points are stored */
    size_t stored_count;
    struct import_points *waiting;
    size_t waiting_count, waiting_capacity, waiting_points;
    int64_t row; /* of the run, once something is stored */
};

/* ---- what it is ---- */

const char *local_import_key(char out[LOCAL_IMPORT_KEY_SIZE], const char *run)
{
    snprintf(out, LOCAL_IMPORT_KEY_SIZE, "import/%.32s", run);
    return out;
}

static void make_id(struct assay_import *import, const struct assay_import_run *from)
{
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];

    if (local_is_id(from->run->id)) {
        memcpy(import->id, from->run->id, sizeof import->id);
    } else {
        assay_buf_format(&text, "%s\n%s\n%s", from->kind, from->where, from->run->id);
        assay_sha256(digest, text.data, text.length);
        memcpy(import->id, digest, sizeof import->id - 1);
    }
    local_import_key(import->key, import->id);
    assay_buf_free(&text);
}

static void make_digest(struct assay_import *import, const struct assay_buf *packed)
{
    const struct assay_run *run = &import->run;
    struct assay_buf all = {0};

    assay_buf_format(&all, "%s\n%s\n%s\n%s\n%d %d %lld %lld\n", import->experiment, run->name,
                     run->user, run->artifact_uri, (int)run->status, (int)run->deleted,
                     (long long)run->start_ms, (long long)run->end_ms);
    assay_buf_add(&all, packed->data, packed->length);
    assay_sha256(import->digest, all.data, all.length);
    assay_buf_free(&all);
}

static void copy_run(struct assay_import *import, const struct assay_import_run *from)
{
    struct assay_arena *arena = &import->arena;
    const struct assay_run *run = from->run;

    import->experiment = assay_arena_strdup(arena, from->experiment);
    import->run = *run;
    import->run.id = import->id;
    import->run.name = assay_arena_strdup(arena, run->name);
    import->run.user = assay_arena_strdup(arena, run->user);
    import->run.artifact_uri = assay_arena_strdup(arena, run->artifact_uri);
}

/* Every name that will be kept can be. */
static enum assay_status check_names(const struct assay_import *import, struct assay_error *err)
{
    const struct assay_attrs *attrs = &import->attrs;
    enum assay_status status = local_check_name("experiment", import->experiment, err);

    for (size_t i = 0; i < attrs->metric_count && status == ASSAY_OK; i++)
        status = local_check_name("metric", attrs->metrics[i].key, err);
    for (size_t i = 0; i < attrs->param_count && status == ASSAY_OK; i++)
        status = local_check_name("param", attrs->params[i].key, err);
    for (size_t i = 0; i < attrs->tag_count && status == ASSAY_OK; i++)
        status = local_check_name("tag", attrs->tags[i].key, err);
    return status;
}

/* The tags the run has here, the source's over them: those added here stay. */
static enum assay_status keep_tags(struct assay_import *import, struct assay_error *err)
{
    struct assay_attrs here = {0};
    struct assay_pair *all;
    void *bytes = NULL;
    size_t length = 0, count = 0;
    enum assay_status status =
        store_read_attrs(import->local->store, import->row, &bytes, &length, err);

    if (status == ASSAY_OK && bytes && !attrs_unpack(bytes, length, &import->arena, &here))
        status = assay_fail(err, ASSAY_CORRUPT, "run %s: its stored attributes are damaged",
                            import->id);
    free(bytes);
    if (status != ASSAY_OK)
        return status;
    count = here.tag_count + import->attrs.tag_count;
    all = assay_arena_alloc(&import->arena, (count + 1) * sizeof *all);
    if (here.tag_count)
        memcpy(all, here.tags, here.tag_count * sizeof *all);
    if (import->attrs.tag_count)
        memcpy(all + here.tag_count, import->attrs.tags, import->attrs.tag_count * sizeof *all);
    import->attrs.tags = all;
    import->attrs.tag_count = count;
    return ASSAY_OK;
}

/* Against what is there. */
static enum assay_status compare(struct assay_import *import, enum assay_import_state *state,
                                 struct assay_error *err)
{
    struct assay_local *local = import->local;
    void *known = NULL;
    size_t length = 0;
    enum assay_status status =
        store_find_run(local->store, local->source, import->id, &import->row, err);

    if (status == ASSAY_OK)
        status =
            store_read_state(local->store, local->source, import->key, &known, &length, err);
    if (status == ASSAY_OK) {
        if (import->row == 0)
            *state = ASSAY_IMPORT_NEW;
        else if (!known)
            *state = ASSAY_IMPORT_TAKEN;
        else if (length == strlen(import->digest) && memcmp(known, import->digest, length) == 0)
            *state = ASSAY_IMPORT_SAME;
        else
            *state = ASSAY_IMPORT_CHANGED;
    }
    free(known);
    if (status == ASSAY_OK && *state == ASSAY_IMPORT_CHANGED)
        status = keep_tags(import, err);
    import->row = 0;
    return status;
}

enum assay_status assay_import_begin(struct assay_import **out, struct assay_local *local,
                                     const struct assay_import_run *from,
                                     enum assay_import_state *state, struct assay_error *err)
{
    struct assay_import *import = assay_alloc(sizeof *import);
    struct assay_buf packed = {0};
    enum assay_status status = ASSAY_OK;

    *state = ASSAY_IMPORT_NEW;
    import->local = local;
    make_id(import, from);
    copy_run(import, from);
    attrs_pack(from->attrs, &packed);
    make_digest(import, &packed);
    if (!attrs_unpack(packed.data, packed.length, &import->arena, &import->attrs))
        status =
            assay_fail(err, ASSAY_CORRUPT, "run %s: its attributes are damaged", from->run->id);
    assay_buf_free(&packed);
    import->stored = assay_arena_alloc(&import->arena, (import->attrs.metric_count + 1) *
                                                           sizeof *import->stored);
    if (status == ASSAY_OK)
        status = check_names(import, err);
    if (status == ASSAY_OK)
        status = compare(import, state, err);
    if (status != ASSAY_OK)
        assay_import_free(&import);
    *out = import;
    return status;
}

const char *assay_import_id(const struct assay_import *import)
{
    return import->id;
}

const char *assay_import_metric(const struct assay_import *import, size_t i)
{
    return i < import->attrs.metric_count ? import->attrs.metrics[i].key : NULL;
}

/* ---- storing ---- */

/* The run as far as it goes, for the first time: what there was of it is replaced. Until it is
   whole a digest stands for it that no run has. */
static enum assay_status put_run(struct assay_import *import, struct assay_error *err)
{
    struct assay_local *local = import->local;
    const struct assay_run *run = &import->run;
    int64_t now_ms = run->start_ms != ASSAY_NO_TIME ? run->start_ms : assay_now_ms();
    struct store_run put = {
        .id = import->id,
        .name = run->name,
        .user = run->user,
        .artifact_uri = run->artifact_uri,
        .status = run->status,
        .deleted = run->deleted,
        .start_ms = run->start_ms,
        .end_ms = run->end_ms,
    };
    enum assay_status status =
        local_experiment(local, import->experiment, now_ms, &put.experiment, err);

    if (status == ASSAY_OK)
        status = store_put_run(local->store, local->source, &put, err);
    if (status == ASSAY_OK)
        status = store_clear_series(local->store, put.row, err);
    if (status == ASSAY_OK)
        status = store_put_state(local->store, local->source, import->key, "half", 4, err);
    import->row = put.row;
    return status;
}

static enum assay_status put_points(struct assay_import *import,
                                    const struct import_points *part, struct assay_error *err)
{
    struct assay_metric metric = import->attrs.metrics[part->metric];
    enum assay_status status = ASSAY_OK;

    metric.summary = ASSAY_SUMMARY_EMPTY;
    for (size_t i = 0; i < part->count; i++)
        assay_summary_add(&metric.summary, &part->points[i], ASSAY_LAST_WRITTEN);
    for (size_t from = 0; from < part->count && status == ASSAY_OK; from += BLOCK) {
        size_t count = part->count - from < BLOCK ? part->count - from : BLOCK;

        status = store_append(import->local->store, import->row, metric.key,
                              part->points + from, count, err);
    }
    import->stored[import->stored_count++] = metric;
    return status;
}

static enum assay_status put_attrs(struct assay_import *import, struct assay_error *err)
{
    struct assay_buf packed = {.limit = LOCAL_ATTRS_MAX};
    struct assay_attrs attrs = import->attrs;
    enum assay_status status;

    attrs.metrics = import->stored;
    attrs.metric_count = import->stored_count;
    attrs_pack(&attrs, &packed);
    status = packed.overflow
                 ? assay_fail(err, ASSAY_BAD_INPUT,
                              "run %s: has more attributes than can be kept", import->id)
                 : store_put_attrs(import->local->store, import->row, packed.data,
                                   packed.length, err);
    assay_buf_free(&packed);
    return status;
}

static void drop_waiting(struct assay_import *import)
{
    for (size_t i = 0; i < import->waiting_count; i++)
        free(import->waiting[i].points);
    import->waiting_count = 0;
    import->waiting_points = 0;
}

/* One transaction with all that waits; the LAST one makes the run whole. */
static enum assay_status store_waiting(struct assay_import *import, bool last,
                                       struct assay_error *err)
{
    struct assay_local *local = import->local;
    size_t stored = import->stored_count;
    int64_t row = import->row;
    enum assay_status status = store_begin(local->store, err);

    if (status != ASSAY_OK)
        return status;
    if (import->row == 0)
        status = put_run(import, err);
    for (size_t i = 0; i < import->waiting_count && status == ASSAY_OK; i++)
        status = put_points(import, &import->waiting[i], err);
    if (status == ASSAY_OK)
        status = put_attrs(import, err);
    if (status == ASSAY_OK && last)
        status = store_seal(local->store, import->row, err);
    if (status == ASSAY_OK && last)
        status = store_put_state(local->store, local->source, import->key, import->digest,
                                 strlen(import->digest), err);
    status = local_end(local, status, err);
    if (status != ASSAY_OK) {
        import->stored_count = stored;
        import->row = row;
    }
    drop_waiting(import);
    return status;
}

enum assay_status assay_import_points(struct assay_import *import, size_t metric,
                                      const struct assay_series *series,
                                      struct assay_error *err)
{
    struct import_points *part;
    size_t count = assay_series_count(series);

    if (import->waiting_points > 0 && import->waiting_points + count > POINTS_MAX) {
        enum assay_status status = store_waiting(import, false, err);

        if (status != ASSAY_OK)
            return status;
    }
    ASSAY_GROW(import->waiting, import->waiting_capacity, import->waiting_count + 1);
    part = &import->waiting[import->waiting_count++];
    *part = (struct import_points){
        .metric = metric,
        .count = count,
        .points = assay_alloc_array(count + 1, sizeof *part->points),
    };
    if (count > 0)
        assay_series_get(series, 0, count, part->points);
    import->waiting_points += count;
    return ASSAY_OK;
}

enum assay_status assay_import_end(struct assay_import *import, struct assay_error *err)
{
    return store_waiting(import, true, err);
}

void assay_import_free(struct assay_import **import)
{
    if (*import) {
        drop_waiting(*import);
        free((*import)->waiting);
        assay_arena_free(&(*import)->arena);
        free(*import);
        *import = NULL;
    }
}

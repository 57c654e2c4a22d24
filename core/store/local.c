/*
 * Logging to the local store: the writing side of `assay track`, `assay log`, `assay demo` and
 * whatever else makes runs of its own. Every call is one transaction: what it acknowledges is
 * on the disk, what it refuses left no trace. Several processes may log at once; each waits for
 * the other's transaction, which lasts as long as one batch.
 */
#include <assay/local.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/memory.h>

#include "model/attrs.h"
#include "store/local_name.h"
#include "store/local_private.h"

/* The longest name of a metric, param, tag, run or experiment. */
#define NAME_MAX_BYTES 4096

/* ---- opening ---- */

static char *user_name(void)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    const char *names[] = {getenv("USER"), getenv("LOGNAME")};

    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        if (names[i] != NULL && names[i][0] != '\0') {
            return assay_strdup(names[i]);
        }
    }
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL) {
        return assay_strdup(found->pw_name);
    }
    return assay_strdup("");
}

enum assay_status assay_local_open(struct assay_local **out, const char *path,
                                   struct assay_error *err)
{
    char *found = path != NULL ? assay_strdup(path) : store_default_path(STORE_LOCAL);
    struct assay_local *local = NULL;
    enum assay_status status = ASSAY_OK;

    *out = NULL;
    if (found == NULL) {
        assay_fail(err, ASSAY_IO, "local store: there is no home directory to keep it in");
        assay_hint(err, "set ASSAY_STORE to a file");
        return ASSAY_IO;
    }
    local = assay_alloc(sizeof *local);
    status = store_open(&local->store, found, STORE_LOCAL, false, err);
    if (status == ASSAY_OK) {
        status = store_source(local->store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &local->source,
                              err);
    }
    if (status != ASSAY_OK) {
        assay_local_close(&local);
    } else {
        local->user = user_name();
        local->path = found;
        found = NULL;
    }
    free(found);
    *out = local;
    return status;
}

void assay_local_close(struct assay_local **local)
{
    if (*local != NULL) {
        store_close(&(*local)->store);
        free((*local)->user);
        free((*local)->path);
        free(*local);
        *local = NULL;
    }
}

enum assay_status local_end(struct assay_local *local, enum assay_status status,
                            struct assay_error *err)
{
    if (status == ASSAY_OK) {
        return store_commit(local->store, err);
    }
    store_rollback(local->store);
    return status;
}

/* ---- starting and finishing ---- */

enum assay_status local_check_name(const char *what, const char *name, struct assay_error *err)
{
    if (name == NULL || name[0] == '\0') {
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: has no name", what);
    }
    if (strlen(name) > NAME_MAX_BYTES) {
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: its name is longer than %d bytes: %.40s…",
                          what, NAME_MAX_BYTES, name);
    }
    return ASSAY_OK;
}

static enum assay_status random_bytes(void *out, size_t length, struct assay_error *err)
{
    unsigned char *bytes = out;
    for (size_t done = 0; done < length;) {
        ssize_t count = getrandom(bytes + done, length - done, 0);
        if (count < 0 && errno != EINTR) {
            return assay_fail(err, ASSAY_IO, "no random numbers: %s", strerror(errno));
        }
        done += count > 0 ? (size_t)count : 0;
    }
    return ASSAY_OK;
}

static void hex(char *out, const unsigned char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * length] = '\0';
}

enum assay_status local_experiment(struct assay_local *local, const char *name, int64_t now_ms,
                                   int64_t *row, struct assay_error *err)
{
    char id[24];
    int64_t last = 0;
    struct assay_buf buf = {0};

    enum assay_status status =
        store_find_experiment(local->store, local->source, name, row, err);
    if (status != ASSAY_OK || *row != 0) {
        return status;
    }
    status = store_last_experiment(local->store, &last, err);
    if (status != ASSAY_OK) {
        return status;
    }
    assay_buf_format(&buf, "%lld", (long long)last + 1);
    memcpy(id, assay_buf_text(&buf), buf.length + 1);
    assay_buf_free(&buf);
    struct store_experiment experiment = {
        .id = id, .name = name, .created_ms = now_ms, .updated_ms = now_ms};
    status = store_put_experiment(local->store, local->source, &experiment, err);
    *row = experiment.row;
    return status;
}

enum assay_status assay_local_start(struct assay_local *local, const char *experiment,
                                    const char *name, int64_t start_ms,
                                    char out[ASSAY_RUN_ID_SIZE], struct assay_error *err)
{
    unsigned char random[24];
    char invented[LOCAL_NAME_SIZE];
    int64_t row = 0, count = 0;
    const int64_t now_ms = start_ms != ASSAY_NO_TIME ? start_ms : assay_now_ms();

    out[0] = '\0';
    enum assay_status status = local_check_name("experiment", experiment, err);
    if (status == ASSAY_OK && name != NULL) {
        status = local_check_name("run", name, err);
    }
    if (status == ASSAY_OK) {
        status = random_bytes(random, sizeof random, err);
    }
    if (status == ASSAY_OK) {
        status = store_begin(local->store, err);
    }
    if (status != ASSAY_OK) {
        return status;
    }
    status = local_experiment(local, experiment, now_ms, &row, err);
    if (status == ASSAY_OK && name == NULL) {
        status = store_count_runs(local->store, row, &count, err);
        name = local_name(invented, random + 16, (uint64_t)count + 1);
    }
    if (status == ASSAY_OK) {
        char id[ASSAY_RUN_ID_SIZE];
        hex(id, random, 16);
        struct store_run run = {
            .experiment = row,
            .id = id,
            .name = name,
            .user = local->user,
            .status = ASSAY_RUN_RUNNING,
            .start_ms = now_ms,
            .end_ms = ASSAY_NO_TIME,
        };
        status = store_put_run(local->store, local->source, &run, err);
        memcpy(out, id, sizeof id);
    }
    status = local_end(local, status, err);
    if (status != ASSAY_OK) {
        out[0] = '\0';
    }
    return status;
}

bool local_is_id(const char *id)
{
    return strlen(id) == ASSAY_RUN_ID_SIZE - 1 &&
           strspn(id, "0123456789abcdef") == ASSAY_RUN_ID_SIZE - 1;
}

enum assay_status local_run_row(struct assay_local *local, const char *run, int64_t *row,
                                struct assay_error *err)
{
    enum assay_status status = store_find_run(local->store, local->source, run, row, err);
    if (status == ASSAY_OK && *row == 0) {
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%.80s: there is no such run in the local store", run);
    }
    return status;
}

enum assay_status assay_local_finish(struct assay_local *local, const char *run,
                                     enum assay_run_status run_status, int64_t end_ms,
                                     struct assay_error *err)
{
    int64_t row = 0;

    enum assay_status status = store_begin(local->store, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = local_run_row(local, run, &row, err);
    if (status == ASSAY_OK) {
        status = store_seal(local->store, row, err);
    }
    if (status == ASSAY_OK) {
        status = store_set_run_status(local->store, row, run_status,
                                      end_ms != ASSAY_NO_TIME ? end_ms : assay_now_ms(), err);
    }
    return local_end(local, status, err);
}

/* ---- logging ---- */

/* A run's attributes on their way from one packed form to the next. */
struct edit {
    struct assay_arena arena;
    struct assay_attrs attrs;
    struct assay_metric *metrics; /* those there were, then those that are new */
    size_t metric_count;
};

static enum assay_status load(struct assay_local *local, int64_t row, const char *run,
                              struct edit *edit, struct assay_error *err)
{
    void *bytes = NULL;
    size_t length = 0;

    enum assay_status status = store_read_attrs(local->store, row, &bytes, &length, err);
    if (status == ASSAY_OK && bytes != NULL &&
        !attrs_unpack(bytes, length, &edit->arena, &edit->attrs)) {
        status =
            assay_fail(err, ASSAY_CORRUPT, "run %.80s: its stored attributes are damaged", run);
    }
    free(bytes);
    return status;
}

/* Two arrays in one: what there was, then what is set now. attrs_pack() lets the last win. */
static void add_pairs(struct edit *edit, struct assay_pair **pairs, size_t *count,
                      const struct assay_pair *set, size_t set_count)
{
    struct assay_pair *all =
        assay_arena_alloc(&edit->arena, (*count + set_count) * sizeof *all);
    if (*count > 0) {
        memcpy(all, *pairs, *count * sizeof *all);
    }
    memcpy(all + *count, set, set_count * sizeof *all);
    *pairs = all;
    *count += set_count;
}

static enum assay_status check_param(const char *run, const char *key, const char *old,
                                     const char *value, struct assay_error *err)
{
    if (old == NULL || strcmp(old, value) == 0) {
        return ASSAY_OK;
    }
    assay_fail(err, ASSAY_BAD_INPUT,
               "run %.40s: param %.60s is \"%.60s\" and cannot become \"%.60s\"", run, key, old,
               value);
    assay_hint(err, "params describe how a run was started; use a tag for what changes");
    return ASSAY_BAD_INPUT;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct assay_pair *)a)->key, ((const struct assay_pair *)b)->key);
}

static enum assay_status check_pairs(const char *what, const struct assay_pair *pairs,
                                     size_t count, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        status = local_check_name(what, pairs[i].key, err);
        if (status == ASSAY_OK && pairs[i].value == NULL) {
            status =
                assay_fail(err, ASSAY_BAD_INPUT, "%s %.80s: has no value", what, pairs[i].key);
        }
    }
    return status;
}

static enum assay_status set_params(struct edit *edit, const char *run,
                                    const struct assay_log_batch *batch,
                                    struct assay_error *err)
{
    struct assay_attrs *attrs = &edit->attrs;
    const size_t count = batch->param_count;
    struct assay_pair *sorted = NULL;
    enum assay_status status = check_pairs("param", batch->params, count, err);

    if (status != ASSAY_OK || count == 0) {
        return status;
    }
    /* Against what there was, and against each other. */
    sorted = assay_arena_alloc(&edit->arena, count * sizeof *sorted);
    memcpy(sorted, batch->params, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_key);
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        const char *key = sorted[i].key;
        const char *old = i > 0 && strcmp(sorted[i - 1].key, key) == 0
                              ? sorted[i - 1].value
                              : assay_attrs_param(attrs, key);
        status = check_param(run, key, old, sorted[i].value, err);
    }
    if (status == ASSAY_OK) {
        add_pairs(edit, &attrs->params, &attrs->param_count, batch->params, count);
    }
    return status;
}

static enum assay_status set_tags(struct edit *edit, const struct assay_log_batch *batch,
                                  struct assay_error *err)
{
    enum assay_status status = check_pairs("tag", batch->tags, batch->tag_count, err);
    if (status == ASSAY_OK && batch->tag_count > 0) {
        add_pairs(edit, &edit->attrs.tags, &edit->attrs.tag_count, batch->tags,
                  batch->tag_count);
    }
    return status;
}

/* A point and its place in the batch, so that sorting by metric keeps the order written. */
struct sorted_point {
    const struct assay_log_point *point;
    size_t place;
};

static int by_metric(const void *a, const void *b)
{
    const struct sorted_point *x = a, *y = b;
    int order =
        x->point->metric == y->point->metric ? 0 : strcmp(x->point->metric, y->point->metric);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

/* Appends the points of one metric and counts them into its summary. */
static enum assay_status log_metric(struct assay_local *local, int64_t row, struct edit *edit,
                                    const struct sorted_point *sorted, size_t count,
                                    struct assay_point *points, struct assay_error *err)
{
    const char *key = sorted[0].point->metric;
    const struct assay_metric *old = assay_attrs_metric(&edit->attrs, key);
    struct assay_metric *metric = NULL;

    if (old != NULL) {
        metric = &edit->metrics[old - edit->attrs.metrics];
    } else {
        metric = &edit->metrics[edit->metric_count++];
        *metric = (struct assay_metric){.key = key, .summary = ASSAY_SUMMARY_EMPTY};
    }
    for (size_t i = 0; i < count; i++) {
        points[i] = sorted[i].point->point;
        assay_summary_add(&metric->summary, &points[i], ASSAY_LAST_WRITTEN);
    }
    return store_append(local->store, row, key, points, count, err);
}

static enum assay_status log_points(struct assay_local *local, int64_t row, struct edit *edit,
                                    const struct assay_log_batch *batch,
                                    struct assay_error *err)
{
    const size_t count = batch->point_count;
    enum assay_status status = ASSAY_OK;

    if (count == 0) {
        return ASSAY_OK;
    }
    struct sorted_point *sorted = assay_alloc_array(count, sizeof *sorted);
    struct assay_point *points = assay_alloc_array(count, sizeof *points);
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        sorted[i] = (struct sorted_point){.point = &batch->points[i], .place = i};
        status = local_check_name("metric", batch->points[i].metric, err);
    }
    if (status == ASSAY_OK) {
        qsort(sorted, count, sizeof *sorted, by_metric);
        edit->metrics = assay_arena_alloc(&edit->arena, (edit->attrs.metric_count + count) *
                                                            sizeof *edit->metrics);
        edit->metric_count = edit->attrs.metric_count;
        if (edit->metric_count > 0) {
            memcpy(edit->metrics, edit->attrs.metrics,
                   edit->metric_count * sizeof *edit->metrics);
        }
    }
    for (size_t from = 0, to = 0; status == ASSAY_OK && from < count; from = to) {
        for (to = from + 1; to < count; to++) {
            if (strcmp(sorted[to].point->metric, sorted[from].point->metric) != 0) {
                break;
            }
        }
        status = log_metric(local, row, edit, sorted + from, to - from, points, err);
    }
    if (status == ASSAY_OK) {
        edit->attrs.metrics = edit->metrics;
        edit->attrs.metric_count = edit->metric_count;
    }
    free(points);
    free(sorted);
    return status;
}

enum assay_status assay_local_log(struct assay_local *local, const char *run,
                                  const struct assay_log_batch *batch, struct assay_error *err)
{
    struct edit edit = {0};
    struct assay_buf packed = {.limit = LOCAL_ATTRS_MAX};
    int64_t row = 0;

    enum assay_status status = store_begin(local->store, err);
    if (status != ASSAY_OK) {
        return status;
    }
    status = local_run_row(local, run, &row, err);
    if (status == ASSAY_OK) {
        status = load(local, row, run, &edit, err);
    }
    if (status == ASSAY_OK) {
        status = log_points(local, row, &edit, batch, err);
    }
    if (status == ASSAY_OK) {
        status = set_params(&edit, run, batch, err);
    }
    if (status == ASSAY_OK) {
        status = set_tags(&edit, batch, err);
    }
    if (status == ASSAY_OK) {
        attrs_pack(&edit.attrs, &packed);
        status = packed.overflow
                     ? assay_fail(err, ASSAY_BAD_INPUT,
                                  "run %.80s: has more attributes than can be kept", run)
                     : store_put_attrs(local->store, row, packed.data, packed.length, err);
    }
    assay_buf_free(&packed);
    assay_arena_free(&edit.arena);
    return local_end(local, status, err);
}

/*
 * Uploading a run to a server so that nothing is lost and nothing doubled, whatever breaks on
 * the way: the run there carries a mark of what it is a copy of, so it is found again; every
 * history is read back and only what misses is sent, again and again until nothing misses; a
 * tag says at the end that all is there. A one-shot's thread does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/change.h>
#include <assay/clock.h>
#include <assay/file.h>
#include <assay/sha256.h>

#include "remote/change_log.h"
#include "remote/json_text.h"
#include "remote/mlflow_upload.h"
#include "session/server_private.h"

#define ROUNDS   5 /* of sending what misses */
#define PAUSE_US 500000

struct upload {
    struct assay_session *session;
    const struct assay_upload_options *options;
    const struct assay_run *run;
    struct assay_run copy; /* its texts stay where they are */
    struct assay_upload *out;
    struct mlflow *client;
    struct mlflow_target target;
    char marker[33];
    struct assay_buf points; /* of the batch being filled */
    size_t point_count;
    uint64_t sent; /* points, for the progress */
    bool lost;     /* a batch's answer did not come: look again */
    enum assay_status status;
    struct assay_error *err;
    const char **metrics;
    size_t metric_count;
};

static bool goes_on(struct upload *u, const char *what, uint64_t done, uint64_t total)
{
    if (u->options->progress && !u->options->progress(u->options->context, what, done, total)) {
        u->status = assay_fail(u->err, ASSAY_CANCELLED, "upload: stopped");
        return false;
    }
    return true;
}

/* What the run is known by: its id where that is unique in the world, else with its place. */
static void make_marker(struct upload *u)
{
    const struct assay_source *source =
        assay_catalog_source(u->session->catalog, u->run->source);
    char digest[ASSAY_SHA256_TEXT];
    struct assay_buf text = {0};

    if (strlen(u->run->id) != 32 || strspn(u->run->id, "0123456789abcdef") != 32)
        assay_buf_format(&text, "%s\n%s\n", source->kind, source->where);
    assay_buf_text_add(&text, u->run->id);
    assay_sha256(digest, assay_buf_text(&text), text.length);
    memcpy(u->marker, digest, 32);
    u->marker[32] = '\0';
    assay_buf_free(&text);
}

/* ---- points ---- */

static void flush_points(struct upload *u)
{
    struct assay_buf body = {0};

    if (!u->point_count || u->status != ASSAY_OK)
        return;
    assay_buf_text_add(&body, "\"metrics\":[");
    assay_buf_add(&body, u->points.data, u->points.length);
    assay_buf_char(&body, ']');
    u->status = mlflow_upload_batch(u->client, u->target.run_id, &body, &u->lost, u->err);
    u->sent += u->point_count;
    u->point_count = 0;
    assay_buf_reset(&u->points);
    assay_buf_free(&body);
    if (u->status == ASSAY_OK)
        goes_on(u, "points", u->sent, u->out->points);
}

static void send_point(struct upload *u, const char *metric, const struct assay_point *point)
{
    mlflow_upload_point(&u->points, metric, point);
    if (++u->point_count >= MLFLOW_BATCH_POINTS || u->points.length >= MLFLOW_BATCH_BYTES)
        flush_points(u);
}

/* What a database of MLflow's makes of a point: no infinities, no times before 1970. */
static struct assay_point as_kept(struct assay_point point)
{
    if (isinf(point.value))
        point.value = point.value > 0 ? DBL_MAX : -DBL_MAX;
    if (isnan(point.value))
        point.value = NAN;
    if (point.value == 0)
        point.value = 0; /* -0.0 is the same key */
    if (point.time_ms < 0)
        point.time_ms = 0;
    return point;
}

static int compare_doubles(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
    return (a > b) - (a < b);
}

static int compare_points(const void *a, const void *b)
{
    const struct assay_point *x = a, *y = b;
    struct assay_point one = as_kept(*x), other = as_kept(*y);

    if (one.step != other.step)
        return one.step < other.step ? -1 : 1;
    if (one.time_ms != other.time_ms)
        return one.time_ms < other.time_ms ? -1 : 1;
    return compare_doubles(one.value, other.value);
}

static struct assay_point *points_of(const struct assay_series *series, size_t *count)
{
    struct assay_point *points;

    *count = series ? assay_series_count(series) : 0;
    points = assay_alloc_array(*count + 1, sizeof *points);
    if (*count)
        assay_series_get(series, 0, *count, points);
    return points;
}

static struct assay_series *local_series(struct upload *u, const char *metric)
{
    struct assay_series *series = NULL;
    enum assay_status status =
        assay_session_series_wait(u->session, u->options->run, metric, &series, u->err);

    if (status != ASSAY_OK)
        u->status = status;
    return status == ASSAY_OK ? series : NULL;
}

static void time_points(const struct upload *u, struct assay_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (points[i].time_ms < 0)
            points[i].time_ms = u->run->start_ms > 0 ? u->run->start_ms : 0;
}

static void send_everything(struct upload *u)
{
    for (size_t m = 0; m < u->metric_count && u->status == ASSAY_OK; m++) {
        size_t count;
        struct assay_series *series = local_series(u, u->metrics[m]);
        struct assay_point *points = points_of(series, &count);

        time_points(u, points, count);
        for (size_t i = 0; i < count && u->status == ASSAY_OK; i++)
            send_point(u, u->metrics[m], &points[i]);
        free(points);
    }
    flush_points(u);
}

struct missing {
    struct upload *upload;
    uint64_t count, there;
    bool send; /* or only count */
};

/* Sends what the server's history has not. Equal points are one: databases keep one of them. */
static void compare_history(struct missing *missing, const char *metric,
                            const struct assay_series *theirs)
{
    struct upload *u = missing->upload;
    size_t ours_count, count;
    struct assay_point *ours = points_of(local_series(u, metric), &ours_count);
    struct assay_point *had = points_of(theirs, &count);

    time_points(u, ours, ours_count);
    qsort(ours, ours_count, sizeof *ours, compare_points);
    qsort(had, count, sizeof *had, compare_points);
    for (size_t i = 0, k = 0; i < ours_count && u->status == ASSAY_OK; i++) {
        int order = 1;

        while (k < count && (order = compare_points(&ours[i], &had[k])) > 0)
            k++;
        if (k < count && order == 0) {
            missing->there++;
            continue;
        }
        if (i && compare_points(&ours[i - 1], &ours[i]) == 0)
            continue;
        missing->count++;
        if (missing->send)
            send_point(u, metric, &ours[i]);
    }
    free(ours);
    free(had);
}

static bool got_history(void *context, struct mlflow_got *got)
{
    struct missing *missing = context;
    struct upload *u = missing->upload;

    if (got->status != ASSAY_OK) {
        u->status = got->status;
        if (u->err && u->err->status == ASSAY_OK)
            *u->err = got->error;
        return false;
    }
    compare_history(missing, got->wanted->metric, got->series);
    return u->status == ASSAY_OK;
}

static void send_missing(struct upload *u, struct missing *missing)
{
    struct mlflow_wanted *wanted = assay_alloc_array(u->metric_count + 1, sizeof *wanted);
    enum assay_status status;

    missing->upload = u;
    for (size_t m = 0; m < u->metric_count; m++)
        wanted[m] = (struct mlflow_wanted){.run_id = u->target.run_id, .metric = u->metrics[m]};
    status = mlflow_histories(u->client, wanted, u->metric_count, false, got_history, NULL,
                              missing, u->err);
    if (u->status == ASSAY_OK)
        u->status = status;
    flush_points(u);
    free(wanted);
}

static void pause_for(unsigned round)
{
    usleep(PAUSE_US << (round < 4 ? round : 4));
}

static void upload_points(struct upload *u)
{
    struct missing missing = {0};

    if (!u->out->resumed)
        send_everything(u);
    for (unsigned round = 0; u->metric_count; round++) {
        if (u->status != ASSAY_OK && !(u->lost && round < ROUNDS))
            return;
        if (u->status != ASSAY_OK) { /* what arrived decides what is sent again */
            assay_error_clear(u->err);
            u->status = ASSAY_OK;
            u->lost = false;
            u->point_count = 0;
            assay_buf_reset(&u->points);
            pause_for(round);
        }
        missing = (struct missing){.send = true};
        send_missing(u, &missing);
        if (u->out->resumed && round == 0)
            u->out->points_there = missing.there;
        if (u->status == ASSAY_OK && missing.count == 0)
            return;
        if (u->status == ASSAY_OK && round >= ROUNDS) {
            u->status = assay_fail(u->err, ASSAY_IO,
                                   "upload: the server does not keep %llu points it was sent",
                                   (unsigned long long)missing.count);
            return;
        }
    }
}

/* ---- params and tags ---- */

static void send_pairs(struct upload *u, const char *list, const struct assay_pair *pairs,
                       size_t count, uint64_t *sent)
{
    struct assay_buf body = {0};
    size_t held = 0;

    for (size_t i = 0; i <= count && u->status == ASSAY_OK; i++) {
        if (held &&
            (i == count || held >= MLFLOW_BATCH_PAIRS || body.length >= MLFLOW_BATCH_BYTES)) {
            assay_buf_char(&body, ']');
            for (unsigned round = 0; round < ROUNDS; round++) { /* setting twice is setting */
                u->status =
                    mlflow_upload_batch(u->client, u->target.run_id, &body, &u->lost, u->err);
                if (u->status == ASSAY_OK || !u->lost || round + 1 == ROUNDS)
                    break;
                assay_error_clear(u->err);
                pause_for(round);
            }
            assay_buf_reset(&body);
            held = 0;
        }
        if (i == count || strcmp(pairs[i].key, "mlflow.runName") == 0)
            continue;
        if (!held)
            assay_buf_format(&body, "\"%s\":[", list);
        assay_buf_text_add(&body, held++ ? ",{\"key\":" : "{\"key\":");
        json_text_quote(&body, pairs[i].key);
        assay_buf_text_add(&body, ",\"value\":");
        json_text_quote(&body, pairs[i].value);
        assay_buf_char(&body, '}');
        ++*sent;
    }
    assay_buf_free(&body);
}

static void upload_pairs(struct upload *u, const struct assay_attrs *attrs)
{
    const char *note = assay_session_note(u->session, u->options->run);

    send_pairs(u, "params", attrs->params, attrs->param_count, &u->out->params);
    send_pairs(u, "tags", attrs->tags, attrs->tag_count, &u->out->tags);
    if (*note && !assay_attrs_tag(attrs, ASSAY_NOTE_TAG)) {
        struct assay_pair pair = {ASSAY_NOTE_TAG, note};

        send_pairs(u, "tags", &pair, 1, &u->out->tags);
    }
    if (u->status == ASSAY_OK)
        u->status =
            mlflow_upload_inputs(u->client, u->target.run_id, attrs, &u->out->inputs, u->err);
}

/* ---- artifacts ---- */

static bool is_there(const struct artifact_list *list, const struct assay_artifact *file)
{
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i].directory && list->items[i].bytes == file->bytes &&
            strcmp(list->items[i].path, file->path) == 0)
            return true;
    return false;
}

static void send_file(struct upload *u, const char *directory,
                      const struct assay_artifact *file)
{
    uint64_t bytes = 0;
    int fd = assay_open_inside(directory, file->path, &bytes, u->err);

    u->status = fd < 0
                    ? ASSAY_IO
                    : mlflow_upload_file(u->client, &u->target, file->path, fd, bytes, u->err);
    if (u->status == ASSAY_OK) {
        u->out->files++;
        u->out->bytes += bytes;
    }
    if (fd >= 0)
        close(fd);
}

static void upload_files(struct upload *u)
{
    const struct assay_artifacts *here =
        assay_session_artifacts_wait(u->session, u->options->run);
    struct artifact_list there = {0};
    char *ignored = NULL;

    if (u->options->no_artifacts)
        return;
    if (here->directory && here->error.what[0]) {
        u->status = assay_fail(u->err, ASSAY_IO, "%s", here->error.what);
        assay_hint(u->err, "--no-artifacts uploads everything else");
        return;
    }
    if (!here->count)
        return;
    if (!here->directory) {
        u->status = assay_fail(u->err, ASSAY_NO,
                               "upload: the run's artifacts do not lie on this machine");
        assay_hint(u->err, "--no-artifacts uploads everything else");
        return;
    }
    if (u->out->resumed)
        u->status = mlflow_source.artifacts(u->client, u->target.experiment, u->target.run_id,
                                            u->target.artifact_uri, &there, &ignored, u->err);
    for (size_t i = 0; i < here->count && u->status == ASSAY_OK; i++) {
        const struct assay_artifact *file = &here->items[i];

        if (file->directory)
            continue;
        if (is_there(&there, file)) {
            u->out->files_there++;
            continue;
        }
        send_file(u, here->directory, file);
        if (u->status == ASSAY_OK && !goes_on(u, "artifacts", i + 1, here->count))
            break;
    }
    if (u->status == ASSAY_OK && here->cut) {
        u->status = assay_fail(u->err, ASSAY_NO, "upload: the run has more than %zu artifacts",
                               here->count);
        assay_hint(u->err, "the first of them are there; copy the others by other means");
    }
    free(ignored);
    artifact_list_free(&there);
}

/* ---- all of it ---- */

static void count_local(struct upload *u, const struct assay_attrs *attrs)
{
    u->metrics = assay_alloc_array(attrs->metric_count + 1, sizeof *u->metrics);
    for (size_t i = 0; i < attrs->metric_count; i++)
        u->metrics[u->metric_count++] = assay_strdup(attrs->metrics[i].key);
    for (size_t m = 0; m < u->metric_count && u->status == ASSAY_OK; m++) {
        struct assay_series *series = local_series(u, u->metrics[m]);

        u->out->points += series ? assay_series_count(series) : 0;
    }
}

/* Where it goes, found or, unless this is only a preview, made. */
static void find_target(struct upload *u)
{
    const struct assay_experiment *here =
        assay_catalog_experiment(u->session->catalog, u->run->experiment);
    const char *name = u->options->experiment ? u->options->experiment : here->name;

    u->status =
        mlflow_upload_experiment(u->client, name, !u->options->preview, &u->target, u->err);
    if (u->status == ASSAY_OK && *u->target.experiment)
        u->status = mlflow_upload_find(u->client, u->marker, &u->target, u->err);
    u->out->resumed = u->target.found;
    if (u->status == ASSAY_OK && !u->target.found && !u->options->preview)
        u->status = mlflow_upload_create(u->client, u->run, u->marker, &u->target, u->err);
    memcpy(u->out->run_id, u->target.run_id, sizeof u->out->run_id);
    memcpy(u->out->experiment, u->target.experiment, sizeof u->out->experiment);
}

static void only_look(struct upload *u, const struct assay_attrs *attrs)
{
    struct missing missing = {.send = false};
    const struct assay_artifacts *here;

    u->out->params = attrs->param_count;
    u->out->tags = attrs->tag_count;
    u->out->inputs = attrs->input_count;
    here = assay_session_artifacts_wait(u->session, u->options->run); /* attrs end here */
    for (size_t i = 0; !u->options->no_artifacts && i < here->count; i++) {
        u->out->files += !here->items[i].directory;
        u->out->bytes += here->items[i].directory ? 0 : here->items[i].bytes;
    }
    if (!u->target.found || !u->metric_count)
        return;
    send_missing(u, &missing);
    u->out->points_there = missing.there;
}

static void send_all(struct upload *u)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(u->session->catalog, u->options->run);

    if (!u->target.complete)
        upload_pairs(u, attrs);
    if (u->status == ASSAY_OK)
        upload_points(u);
    if (u->status == ASSAY_OK)
        upload_files(u);
    if (u->status == ASSAY_OK &&
        !(u->target.complete && u->out->points_there == u->out->points && !u->out->files))
        u->status = mlflow_upload_finish(u->client, u->run, &u->target, u->err);
}

static void put_in_log(const struct upload *u)
{
    struct assay_buf what = {0};

    assay_buf_format(&what, "upload of run %s", u->run->id);
    change_log_add(mlflow_shown(u->client), assay_buf_text(&what),
                   u->out->resumed ? u->target.run_id : NULL,
                   *u->target.run_id ? u->target.run_id : NULL, u->err);
    assay_buf_free(&what);
}

enum assay_status assay_session_upload(struct assay_session *session,
                                       const struct assay_upload_options *options,
                                       struct assay_upload *out, struct assay_error *err)
{
    struct assay_error error = {0};
    struct upload u = {.session = session, .options = options, .out = out, .err = &error};

    *out = (struct assay_upload){.run_id = ""};
    if (options->server >= session->source_count || !session->sources[options->server]->server)
        return assay_fail(err, ASSAY_BAD_INPUT, "upload: that source is no server");
    u.copy = *assay_catalog_run(session->catalog, options->run);
    u.run = &u.copy;
    u.status = server_client(session->sources[options->server]->server, &u.client, &error);
    if (u.status == ASSAY_OK && mlflow_read_only(u.client) && !options->preview) {
        u.status = assay_fail(&error, ASSAY_NO, "%s: writing is switched off for this server",
                              mlflow_shown(u.client));
        assay_hint(&error, "read_only = no in its section of the configuration file allows it");
    }
    make_marker(&u);
    if (u.status == ASSAY_OK)
        count_local(&u, assay_catalog_attrs(session->catalog, options->run));
    if (u.status == ASSAY_OK)
        find_target(&u);
    if (u.status == ASSAY_OK && options->preview)
        only_look(&u, assay_catalog_attrs(session->catalog, options->run));
    else if (u.status == ASSAY_OK)
        send_all(&u);
    if (u.client && !options->preview)
        put_in_log(&u);
    if (u.status != ASSAY_OK && err && err->status == ASSAY_OK)
        *err = error;
    for (size_t m = 0; m < u.metric_count; m++)
        free((char *)(uintptr_t)u.metrics[m]);
    free(u.metrics);
    free(u.target.artifact_uri);
    assay_buf_free(&u.points);
    return u.status;
}

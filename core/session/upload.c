/*
 * Uploading a run to a server so that nothing is lost and nothing doubled, whatever breaks on
 * the way: the run there carries a mark of what it is a copy of, so it is found again; every
 * history is read back and only what misses is sent, again and again until nothing misses; a
 * tag says at the end that all is there. A one-shot's thread does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/sha256.h>

#include "remote/change_log.h"
#include "session/server_private.h"
#include "session/upload_private.h"

#define PAUSE_US 500000

bool upload_goes_on(struct upload *u, const char *what, uint64_t done, uint64_t total)
{
    if (u->options->progress && !u->options->progress(u->options->context, what, done, total)) {
        u->status = assay_fail(u->err, ASSAY_CANCELLED, "upload: stopped");
        return false;
    }
    return true;
}

void upload_pause(unsigned round)
{
    usleep(PAUSE_US << (round < 4 ? round : 4));
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
    u->out->verdict = u->status != ASSAY_OK && !u->lost;
    u->sent += u->point_count;
    u->point_count = 0;
    assay_buf_reset(&u->points);
    assay_buf_free(&body);
    if (u->status == ASSAY_OK)
        upload_goes_on(u, "points", u->sent, u->out->points);
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

static void upload_points(struct upload *u)
{
    struct missing missing = {0};

    if (!u->out->resumed)
        send_everything(u);
    for (unsigned round = 0; u->metric_count; round++) {
        if (u->status != ASSAY_OK && !(u->lost && round < UPLOAD_ROUNDS))
            return;
        if (u->status != ASSAY_OK) { /* what arrived decides what is sent again */
            assay_error_clear(u->err);
            u->status = ASSAY_OK;
            u->lost = false;
            u->point_count = 0;
            assay_buf_reset(&u->points);
            upload_pause(round);
        }
        missing = (struct missing){.send = true};
        send_missing(u, &missing);
        if (u->out->resumed && round == 0)
            u->out->points_there = missing.there;
        if (u->status == ASSAY_OK && missing.count == 0)
            return;
        if (u->status == ASSAY_OK && round >= UPLOAD_ROUNDS) {
            u->status = assay_fail(u->err, ASSAY_IO,
                                   "upload: the server does not keep %llu points it was sent",
                                   (unsigned long long)missing.count);
            return;
        }
    }
}

/* ---- all of it ---- */

/* What there is, and what of it the server would not keep. */
static void look_here(struct upload *u)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(u->session->catalog, u->options->run);
    char **metrics = assay_alloc_array(attrs->metric_count + 1, sizeof *metrics);
    size_t count = attrs->metric_count;

    upload_fit_pairs(u, attrs);
    u->out->inputs = attrs->input_count;
    for (size_t i = 0; i < count; i++)
        metrics[i] = assay_strdup(attrs->metrics[i].key); /* attrs end at the next wait */
    u->metrics = assay_alloc_array(count + 1, sizeof *u->metrics);
    for (size_t m = 0; m < count; m++) {
        struct assay_series *series =
            u->status == ASSAY_OK ? local_series(u, metrics[m]) : NULL;

        if (u->status != ASSAY_OK || !upload_fit_metric(u, metrics[m], series)) {
            free(metrics[m]);
            continue;
        }
        u->metrics[u->metric_count++] = metrics[m];
        u->out->points += series ? assay_series_count(series) : 0;
    }
    free(metrics);
    if (u->status == ASSAY_OK)
        upload_fit_files(u);
}

/* Two that send the same run at once would both find that it is not there, and both make it.
   One file for all, locked at a byte that the run and the server name. -1: there is no lock, or
   no home to have one in, which is no reason to send nothing. */
static int lock_run(struct upload *u)
{
    char digest[ASSAY_SHA256_TEXT], *log = assay_change_log_path();
    char *folder = log ? assay_path_directory(log) : NULL;
    char *path = folder ? assay_path_join(folder, "uploads.lock") : NULL;
    struct assay_buf name = {0};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    int fd = -1;

    assay_buf_format(&name, "%s\n%s", u->marker, mlflow_shown(u->client));
    assay_sha256(digest, assay_buf_text(&name), name.length);
    digest[15] = '\0';
    lock.l_start = (off_t)strtoll(digest, NULL, 16);
    if (path && assay_make_directories(folder, NULL) == ASSAY_OK)
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES)) {
        u->status = assay_fail(u->err, ASSAY_NO,
                               "upload: another program is sending this run to that server");
        assay_hint(u->err, "the same command, once that has ended, sends what is missing");
    }
    assay_buf_free(&name);
    free(log);
    free(folder);
    free(path);
    return fd;
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
    if (u->status == ASSAY_OK && u->target.deleted) {
        u->status = assay_fail(u->err, ASSAY_NO, "%s: the run is there, and deleted: %s",
                               mlflow_shown(u->client), u->target.run_id);
        assay_hint(u->err, "`assay change %s --restore` brings it back", u->target.run_id);
    }
    u->out->resumed = u->target.found;
    if (u->status == ASSAY_OK && !u->target.found && !u->options->preview)
        u->status = mlflow_upload_create(u->client, u->run, u->marker, &u->target, u->err);
    if (!u->out->resumed) /* what a new run has is the server's own doing */
        u->target.param_count = u->target.tag_count = 0;
    memcpy(u->out->run_id, u->target.run_id, sizeof u->out->run_id);
    memcpy(u->out->experiment, u->target.experiment, sizeof u->out->experiment);
}

static void only_look(struct upload *u)
{
    struct missing missing = {.send = false};

    upload_pairs(u, assay_catalog_attrs(u->session->catalog, u->options->run));
    upload_count_files(u);
    if (u->status != ASSAY_OK || !u->target.found || !u->metric_count)
        return;
    send_missing(u, &missing);
    u->out->points_there = missing.there;
}

/* Whether the run there has all, and ended as the one here did. */
static bool is_as_here(const struct upload *u)
{
    const struct assay_upload *out = u->out;

    return u->target.complete && out->points_there == out->points && !out->files &&
           !out->params && !out->tags && !upload_is_partial(out) &&
           (u->run->status == ASSAY_RUN_UNKNOWN || u->target.status == u->run->status) &&
           (u->run->end_ms == ASSAY_NO_TIME || u->target.end_ms == u->run->end_ms);
}

static void send_all(struct upload *u)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(u->session->catalog, u->options->run);

    upload_pairs(u, attrs);
    u->out->inputs = 0;
    if (u->status == ASSAY_OK && !u->target.complete)
        u->status =
            mlflow_upload_inputs(u->client, u->target.run_id, attrs, &u->out->inputs, u->err);
    if (u->status == ASSAY_OK)
        upload_points(u);
    if (u->status == ASSAY_OK)
        upload_files(u);
    if (u->status == ASSAY_OK && !is_as_here(u))
        u->status = mlflow_upload_finish(u->client, u->run, &u->target,
                                         upload_is_partial(u->out), u->err);
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
    int lock = -1;

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
        look_here(&u);
    upload_fit_or_fail(&u);
    if (u.status == ASSAY_OK && !options->preview)
        lock = lock_run(&u);
    if (u.status == ASSAY_OK)
        find_target(&u);
    if (u.status == ASSAY_OK && options->preview)
        only_look(&u);
    else if (u.status == ASSAY_OK)
        send_all(&u);
    if (u.client && !options->preview)
        put_in_log(&u);
    if (u.status != ASSAY_OK && err && err->status == ASSAY_OK)
        *err = error;
    for (size_t m = 0; m < u.metric_count; m++)
        free((char *)(uintptr_t)u.metrics[m]);
    free(u.metrics);
    if (lock >= 0)
        close(lock);
    mlflow_target_free(&u.target);
    assay_arena_free(&u.arena);
    assay_buf_free(&u.points);
    return u.status;
}

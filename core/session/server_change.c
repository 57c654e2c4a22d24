/*
 * Changes on servers, made safely: looked at, compared with what was expected, written, looked
 * at again, and put down in the log of changes, whatever came of it. For one-shots on their own
 * thread; for screens as jobs on the server's threads.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/change.h>
#include <assay/registry.h>
#include <assay/text.h>

#include "remote/change_log.h"
#include "remote/mlflow_change.h"
#include "session/server_private.h"

#define SHOWN_MAX 60 /* characters of a value in a preview */

/* ---- words ---- */

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : !a && !b;
}

/* A description that is not there and an empty one are the same. */
static bool is_text(const struct assay_change *change)
{
    return change->kind == ASSAY_CHANGE_MODEL_TEXT || change->kind == ASSAY_CHANGE_VERSION_TEXT;
}

bool assay_change_is_there(const struct assay_change *change, const char *now)
{
    if (change->kind == ASSAY_CHANGE_REGISTER)
        return now != NULL;
    if (is_text(change))
        return strcmp(now ? now : "", change->value ? change->value : "") == 0;
    return same(now, change->value);
}

static void add_value(struct assay_buf *out, const char *value)
{
    char clean[4 * SHOWN_MAX];
    size_t fit;
    int used;

    if (!value) {
        assay_buf_text_add(out, "(none)");
        return;
    }
    assay_text_clean_to(clean, sizeof clean, value);
    fit = assay_text_fit(clean, SHOWN_MAX, &used);
    assay_buf_char(out, '"');
    assay_buf_add(out, clean, fit);
    assay_buf_text_add(out, clean[fit] || strlen(value) >= sizeof clean ? "…\"" : "\"");
}

static void add_clean(struct assay_buf *out, const char *text)
{
    assay_text_clean(out, text ? text : "", text ? strlen(text) : 0);
}

#define SHOWN_ID 8 /* characters of an id that stands behind a name */

static void add_run(const struct assay_change *change, struct assay_buf *out)
{
    if (!change->run_name || !*change->run_name) {
        add_clean(out, change->run_id);
        return;
    }
    add_clean(out, change->run_name);
    assay_buf_text_add(out, " (");
    assay_text_clean(out, change->run_id, strnlen(change->run_id, SHOWN_ID));
    assay_buf_char(out, ')');
}

static void add_what(const struct assay_change *change, struct assay_buf *out)
{
    switch (change->kind) {
    case ASSAY_CHANGE_RUN_TAG:
        assay_buf_text_add(out, strcmp(change->key, ASSAY_NOTE_TAG) == 0 ? "note" : "tag ");
        if (strcmp(change->key, ASSAY_NOTE_TAG) != 0)
            add_clean(out, change->key);
        break;
    case ASSAY_CHANGE_MODEL_TAG:
    case ASSAY_CHANGE_VERSION_TAG:
        assay_buf_text_add(out, "tag ");
        add_clean(out, change->key);
        break;
    case ASSAY_CHANGE_RUN_NAME:
        assay_buf_text_add(out, "name");
        break;
    case ASSAY_CHANGE_RUN_LIFE:
        assay_buf_text_add(out, "life");
        break;
    case ASSAY_CHANGE_MODEL_TEXT:
    case ASSAY_CHANGE_VERSION_TEXT:
        assay_buf_text_add(out, "description");
        break;
    case ASSAY_CHANGE_ALIAS:
        assay_buf_text_add(out, "alias ");
        add_clean(out, change->key);
        break;
    case ASSAY_CHANGE_REGISTER:
        assay_buf_text_add(out, "a version");
        break;
    }
    assay_buf_text_add(out, " of ");
    if (change->kind < ASSAY_CHANGE_MODEL_TAG)
        add_run(change, out);
    else
        add_clean(out, change->model);
    if (change->kind == ASSAY_CHANGE_VERSION_TAG || change->kind == ASSAY_CHANGE_VERSION_TEXT) {
        assay_buf_text_add(out, " version ");
        add_clean(out, change->version);
    }
}

void assay_change_text(const struct assay_change *change, const char *before,
                       struct assay_buf *out)
{
    const char *logged = assay_registry_logged_model(change->value);

    add_what(change, out);
    if (change->kind == ASSAY_CHANGE_REGISTER) {
        assay_buf_text_add(out, " from run ");
        add_run(change, out);
        assay_buf_text_add(out, logged ? ", logged model " : ", artifacts ");
        add_clean(out, logged                            ? logged
                       : change->value && *change->value ? change->value
                                                         : "(all)");
        if (before) {
            assay_buf_text_add(out, ": it is version ");
            add_clean(out, before);
            assay_buf_text_add(out, " already");
        }
        return;
    }
    if (assay_change_is_there(change, before)) {
        assay_buf_text_add(out, before ? ": it is " : ": there is none already");
        if (before) {
            add_value(out, before);
            assay_buf_text_add(out, " already");
        }
        return;
    }
    assay_buf_text_add(out, ": ");
    add_value(out, before);
    assay_buf_text_add(out, " → ");
    add_value(out, change->value);
}

/* ---- looking and making ---- */

static enum assay_status conflict(const struct assay_change *change, const char *expected,
                                  const char *now, struct assay_error *err)
{
    struct assay_buf text = {0};

    add_what(change, &text);
    assay_buf_text_add(&text, ": it is now ");
    add_value(&text, now);
    assay_buf_text_add(&text, ", no longer ");
    add_value(&text, expected);
    assay_fail(err, ASSAY_NO, "%s; nothing was changed", assay_buf_text(&text));
    assay_hint(err, "look again, and decide anew");
    assay_buf_free(&text);
    return ASSAY_NO;
}

/* What was written is there afterwards, or somebody else was quicker. Where no answer came, the
   change may have been made all the same: what is there decides. */
static enum assay_status settle(struct mlflow *mlflow, const struct assay_change *change,
                                enum assay_status written, char **now, struct assay_error *err)
{
    struct assay_error again = {0};
    struct assay_buf text = {0};
    char *then = NULL;
    enum assay_status status = mlflow_change_look(mlflow, change, &then, &again);

    if (status != ASSAY_OK) {
        if (written == ASSAY_OK && err && err->status == ASSAY_OK)
            *err = again;
        free(then);
        return written == ASSAY_OK ? status : written;
    }
    free(*now);
    *now = then;
    if (assay_change_is_there(change, then)) {
        assay_error_clear(err);
        return ASSAY_OK;
    }
    if (written != ASSAY_OK)
        return written;
    add_what(change, &text);
    assay_buf_text_add(&text, ": it was written, and is now ");
    add_value(&text, then);
    assay_fail(err, ASSAY_NO, "%s: somebody else wrote at the same time",
               assay_buf_text(&text));
    assay_buf_free(&text);
    return ASSAY_NO;
}

static enum assay_status make(struct mlflow *mlflow, const struct assay_change *change,
                              const char *expected, char **now, struct assay_error *err)
{
    enum assay_status status = mlflow_change_look(mlflow, change, now, err);

    if (status != ASSAY_OK || assay_change_is_there(change, *now))
        return status;
    if (!same(*now, expected) &&
        !(is_text(change) && same(*now ? *now : "", expected ? expected : "")))
        return conflict(change, expected, *now, err);
    return settle(mlflow, change, mlflow_change_write(mlflow, change, err), now, err);
}

static enum assay_status may_write(struct mlflow *mlflow, struct assay_error *err)
{
    if (!mlflow_read_only(mlflow))
        return ASSAY_OK;
    assay_fail(err, ASSAY_NO, "%s: writing is switched off for this server",
               mlflow_shown(mlflow));
    assay_hint(err, "read_only = no in its section of the configuration file allows it");
    return ASSAY_NO;
}

static enum assay_status run_change(struct server *server, const struct assay_change *change,
                                    bool making, const char *expected, char **text,
                                    struct assay_error *error)
{
    struct assay_buf what = {0};
    struct mlflow *client = NULL;
    enum assay_status status = server_client(server, &client, error);

    *text = NULL;
    if (status == ASSAY_OK)
        status = mlflow_change_check(change, error);
    if (status == ASSAY_OK && !making)
        return mlflow_change_look(client, change, text, error);
    if (status == ASSAY_OK)
        status = may_write(client, error);
    if (status != ASSAY_OK)
        return status;
    status = make(client, change, expected, text, error);
    /* The log has ids alone: a name may be another's by the time that it is read. */
    struct assay_change logged = *change;
    logged.run_name = NULL;
    assay_change_text(&logged, expected, &what);
    change_log_add(mlflow_shown(client), assay_buf_text(&what), expected, *text, error);
    assay_buf_free(&what);
    return status;
}

static struct server *server_at(struct assay_session *session, uint32_t source)
{
    return source < session->source_count ? session->sources[source]->server : NULL;
}

static enum assay_status change_now(struct assay_session *session,
                                    const struct assay_change *change, bool making,
                                    const char *expected, char **text, struct assay_error *err)
{
    struct server *server = server_at(session, change->source);
    struct assay_error error = {0};
    char *found = NULL;
    enum assay_status status;

    if (!server)
        return assay_fail(err, ASSAY_BAD_INPUT, "only what lies on a server can be changed");
    status = run_change(server, change, making, expected, &found, &error);
    if (status != ASSAY_OK && err && err->status == ASSAY_OK)
        *err = error;
    if (text)
        *text = found;
    else
        free(found);
    return status;
}

enum assay_status assay_change_look(struct assay_session *session,
                                    const struct assay_change *change, char **before,
                                    struct assay_error *err)
{
    return change_now(session, change, false, NULL, before, err);
}

enum assay_status assay_change_make(struct assay_session *session,
                                    const struct assay_change *change, const char *expected,
                                    char **after, struct assay_error *err)
{
    return change_now(session, change, true, expected, after, err);
}

/* ---- as jobs ---- */

struct change_job {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct server *server;
    struct assay_arena arena; /* the change's texts */
    struct assay_change change;
    const char *expected;
    bool making;
    uint64_t job;
    enum assay_status status;
    struct assay_error error;
    char *text;
};

static struct change_job *job_of(struct message *message)
{
    return (struct change_job *)((char *)message - offsetof(struct change_job, message));
}

void change_job_free(struct change_job **job)
{
    if (!*job)
        return;
    assay_arena_free(&(*job)->arena);
    free((*job)->text);
    free(*job);
    *job = NULL;
}

static unsigned job_apply(struct assay_session *session, struct message *message,
                          int64_t until_us, bool *done)
{
    struct change_job *job = job_of(message);
    struct assay_job_info *info = activity_find(session, job->job);

    (void)until_us;
    (void)done;
    if (info) {
        info->finished = true;
        info->failed = job->status != ASSAY_OK;
    }
    change_job_free(&session->changed);
    session->changed = job;
    if (job->making && job->change.kind >= ASSAY_CHANGE_MODEL_TAG)
        assay_session_registry_refresh(session, job->change.source);
    if (job->making && job->change.kind <= ASSAY_CHANGE_RUN_LIFE) {
        server_whole(job->server);
        assay_session_refresh(session, job->change.source);
    }
    return ASSAY_CHANGED_JOBS | ASSAY_CHANGED_SOURCES;
}

static void job_discard_message(struct message *message)
{
    struct change_job *job = job_of(message);

    change_job_free(&job);
}

static void job_task(struct pool_task *task)
{
    struct change_job *job = (struct change_job *)task;

    job->status = run_change(job->server, &job->change, job->making, job->expected, &job->text,
                             &job->error);
    job->message.apply = job_apply;
    job->message.discard = job_discard_message;
    session_post(job->session, &job->message);
}

static void job_discard(struct pool_task *task)
{
    struct change_job *job = (struct change_job *)task;

    change_job_free(&job);
}

static void copy_change(struct change_job *job, const struct assay_change *from)
{
    struct assay_change *to = &job->change;

    *to = *from;
    to->run_id = assay_arena_strdup(&job->arena, from->run_id);
    to->run_name = assay_arena_strdup(&job->arena, from->run_name);
    to->model = assay_arena_strdup(&job->arena, from->model);
    to->version = assay_arena_strdup(&job->arena, from->version);
    to->key = assay_arena_strdup(&job->arena, from->key);
    to->value = assay_arena_strdup(&job->arena, from->value);
}

uint64_t assay_change_start(struct assay_session *session, const struct assay_change *change,
                            bool making, const char *expected)
{
    struct server *server = server_at(session, change->source);
    struct assay_buf title = {0};
    struct change_job *job;

    if (!server || session->closing)
        return 0;
    job = assay_alloc(sizeof *job);
    job->session = session;
    job->server = server;
    job->making = making;
    job->expected = assay_arena_strdup(&job->arena, expected);
    copy_change(job, change);
    assay_buf_text_add(&title, making ? "changing " : "looking at ");
    if (making)
        assay_change_text(change, expected, &title);
    else
        add_what(change, &title);
    job->job = activity_job(session, assay_buf_text(&title));
    assay_buf_free(&title);
    job->task.run = job_task;
    job->task.discard = job_discard;
    uint64_t id = job->job;

    pool_add(server_pool(server), &job->task, true);
    return id;
}

bool assay_change_done(struct assay_session *session, uint64_t id,
                       struct assay_change_result *out)
{
    const struct change_job *job = session->changed;

    if (!job || job->job != id)
        return false;
    *out = (struct assay_change_result){
        .job = id,
        .made = job->making,
        .status = job->status,
        .error = job->error,
        .text = job->text,
    };
    return true;
}

/*
 * Copies of single artifacts that lie in no folder here, for looking into: those of servers,
 * fetched in the background when first asked for and kept beside the cache, where they are
 * found again without a network, as long as there is room (copy_room.c); and those in a review
 * bundle, which are taken out of it anew by every session. Called by the screens through the
 * session.
 *
 * Servers say of an artifact how large it is, and no more. So a copy counts only where it was
 * made after its run had ended; of a run that goes on, or was gone on with, each session
 * fetches its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>

#include "session/server_private.h"

#define COPIES_KNOWN 64
#define COPY_MAX     (64u << 20) /* bytes, whatever the server's list says */

struct copy {
    struct copy *next; /* most recently asked for first */
    uint32_t run;
    char *artifact;
    uint64_t bytes; /* as the list has it */
    bool loading;
    int64_t failed_us; /* when it did */
    _Atomic uint64_t fetched;
    atomic_bool unwanted; /* it is not to be fetched to its end */
    atomic_bool too_large;
    struct assay_copy shown;
    char *path;
    int held; /* while it is shown, nobody removes it; -1 */
};
struct fetch {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct server *server; /* NULL: out of a source that is read here */
    const struct session_source *source;
    struct copy *copy; /* the session thread's: it stays while loading */
    char *run_id, *uri, *artifact, *path;
    int held; /* what was fetched, until it is shown; -1 */
    struct assay_error error;
};

static struct fetch *fetch_of(struct message *message)
{
    return (struct fetch *)((char *)message - offsetof(struct fetch, message));
}

static void fetch_free(struct fetch *fetch)
{
    if (fetch->held >= 0)
        close(fetch->held);
    free(fetch->run_id);
    free(fetch->uri);
    free(fetch->artifact);
    free(fetch->path);
    free(fetch);
}

static void copy_let_go(struct copy *copy)
{
    if (copy->held >= 0)
        close(copy->held);
    copy->held = -1;
}

static void copy_free(struct copy *copy)
{
    copy_let_go(copy);
    free(copy->artifact);
    free(copy->path);
    free(copy);
}

char *assay_session_copies_path(const struct assay_session *session)
{
    char *directory, *path;

    if (!session->cache_path)
        return NULL;
    directory = assay_path_directory(session->cache_path);
    path = assay_path_join(directory, "artifacts");
    free(directory);
    return path;
}

/* A name that says nothing, made from all that the copy depends on. */
static char *path_of(const struct assay_session *session, const struct session_source *source,
                     const char *run_id, const char *artifact, uint64_t bytes)
{
    char *directory = assay_session_copies_path(session);
    uint64_t hashes[2] = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cbf29ce4)};
    struct assay_buf facts = {0}, path = {0};

    assay_buf_format(&facts, "%s\n%s\n%s\n%" PRIu64, source->path, run_id, artifact, bytes);
    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; i < facts.length; i++)
            hashes[h] = (hashes[h] ^ (unsigned char)facts.data[i]) * UINT64_C(0x100000001b3);
    assay_buf_format(&path, "%s/%016" PRIx64 "%016" PRIx64, directory, hashes[0], hashes[1]);
    assay_buf_free(&facts);
    free(directory);
    return assay_buf_take(&path);
}

/* ---- fetching: on a thread of the server's ---- */

static bool going_on(void *context, uint64_t bytes)
{
    const struct fetch *fetch = context;

    atomic_store(&fetch->copy->fetched, bytes);
    if (bytes > COPY_MAX)
        atomic_store(&fetch->copy->too_large, true);
    return bytes <= COPY_MAX && !atomic_load(&fetch->copy->unwanted) &&
           !(fetch->server && server_stopped(fetch->server));
}

/* PART is what mkstemp() takes. The lock says that it is not left over, and stays on what it
   becomes. */
static enum assay_status fetch_to(struct fetch *fetch, char *part)
{
    const struct session_source *source = fetch->source;
    struct mlflow *client = NULL;
    enum assay_status status =
        fetch->server ? server_client(fetch->server, &client, &fetch->error) : ASSAY_OK;
    int fd;

    if (status != ASSAY_OK)
        return status;
    fd = mkostemp(part, O_CLOEXEC);
    if (fd < 0)
        return assay_fail(&fetch->error, ASSAY_IO, "%s: %s", part, strerror(errno));
    (void)flock(fd, LOCK_SH | LOCK_NB);
    status = fetch->server ? mlflow_download(client, fetch->run_id, fetch->uri, fetch->artifact,
                                             fd, going_on, fetch, &fetch->error)
                           : source->ops->artifact(source->self, fetch->run_id, fetch->artifact,
                                                   fd, &fetch->error);
    if (status != ASSAY_OK && atomic_load(&fetch->copy->too_large)) {
        assay_error_clear(&fetch->error);
        status = assay_fail(&fetch->error, ASSAY_CANCELLED,
                            "%s: too large to be copied here: more than %u MB came",
                            fetch->artifact, COPY_MAX >> 20);
        assay_hint(&fetch->error, "assay artifacts saves it");
    }
    fetch->held = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (close(fd) != 0 && status == ASSAY_OK)
        status = assay_fail(&fetch->error, ASSAY_IO, "%s: %s", part, strerror(errno));
    if (status == ASSAY_OK && rename(part, fetch->path) != 0)
        status = assay_fail(&fetch->error, ASSAY_IO, "%s: %s", fetch->path, strerror(errno));
    if (status != ASSAY_OK)
        unlink(part);
    return status;
}

static unsigned fetch_apply(struct assay_session *session, struct message *message,
                            int64_t until_us, bool *done)
{
    struct fetch *fetch = fetch_of(message);
    struct copy *copy = fetch->copy;

    (void)session;
    (void)until_us;
    (void)done;
    copy->loading = false;
    if (fetch->error.status != ASSAY_OK && atomic_load(&copy->unwanted)) {
        fetch_free(fetch); /* it is sent for again when it is asked for again */
        return ASSAY_CHANGED_ARTIFACTS;
    }
    if (fetch->error.status == ASSAY_OK) {
        copy_let_go(copy);
        copy->held = fetch->held;
        fetch->held = -1;
    } else if (fetch->server && server_offline(fetch->source) &&
               (copy->held >= 0 || (copy->held = copy_hold(copy->path)) >= 0)) {
        assay_error_clear(&fetch->error); /* as it was; the source says that it is offline */
    }
    copy->shown.error = fetch->error;
    copy->shown.load = fetch->error.status == ASSAY_OK ? ASSAY_LOAD_READY : ASSAY_LOAD_FAILED;
    copy->shown.path = fetch->error.status == ASSAY_OK ? copy->path : NULL;
    copy->failed_us = assay_monotonic_us();
    fetch_free(fetch);
    return ASSAY_CHANGED_ARTIFACTS;
}

static void fetch_discard_message(struct message *message)
{
    fetch_free(fetch_of(message));
}

static void fetch_task(struct pool_task *task)
{
    struct fetch *fetch = (struct fetch *)task;
    char *directory = assay_path_directory(fetch->path);
    struct assay_buf part = {0};

    assay_buf_format(&part, "%s.XXXXXX", fetch->path);
    if (atomic_load(&fetch->copy->unwanted))
        assay_fail(&fetch->error, ASSAY_CANCELLED, "%s: cancelled", fetch->artifact);
    else if (assay_make_directories(directory, &fetch->error) == ASSAY_OK)
        (void)fetch_to(fetch, part.data);
    copies_make_room(directory, fetch->session->copies_most);
    assay_buf_free(&part);
    free(directory);
    fetch->message.apply = fetch_apply;
    fetch->message.discard = fetch_discard_message;
    session_post(fetch->session, &fetch->message);
}

static void fetch_discard(struct pool_task *task)
{
    fetch_free((struct fetch *)task);
}

/* ---- asking: on the session's thread ---- */

static void fetch_start(struct assay_session *session, struct session_source *source,
                        struct copy *copy, const struct assay_run *run)
{
    struct fetch *fetch = assay_alloc(sizeof *fetch);

    fetch->task.run = fetch_task;
    fetch->task.discard = fetch_discard;
    fetch->session = session;
    fetch->server = source->server;
    fetch->source = source;
    fetch->copy = copy;
    fetch->held = -1;
    fetch->run_id = assay_strdup(run->id);
    fetch->uri = assay_strdup(run->artifact_uri);
    fetch->artifact = assay_strdup(copy->artifact);
    fetch->path = assay_strdup(copy->path);
    copy->loading = true;
    copy->shown.load = ASSAY_LOAD_BUSY;
    atomic_store(&copy->fetched, 0);
    atomic_store(&copy->unwanted, false);
    atomic_store(&copy->too_large, false);
    pool_add(source->server ? server_pool(source->server) : session->pool, &fetch->task, true);
}

/* Lets go of the ones that were not asked for lately. */
static void keep_few(struct assay_session *session)
{
    struct copy **link = &session->copies;

    for (size_t kept = 0; *link;) {
        struct copy *copy = *link;

        if (++kept <= COPIES_KNOWN || copy->loading) {
            link = &copy->next;
            continue;
        }
        *link = copy->next;
        copy_free(copy);
    }
}

/* The link to the copy, or to where its own would be. */
static struct copy **link_of(struct assay_session *session, uint32_t run, const char *artifact)
{
    struct copy **link = &session->copies;

    while (*link && ((*link)->run != run || strcmp((*link)->artifact, artifact) != 0))
        link = &(*link)->next;
    return link;
}

/* Whether what is known of a copy is to be asked for once more. */
static bool is_to_fetch(const struct session_source *source, const struct copy *copy)
{
    if (copy->loading)
        return false;
    if (copy->shown.load == ASSAY_LOAD_BUSY) /* nobody wanted it for a while */
        return true;
    return copy->shown.load == ASSAY_LOAD_FAILED && source->server && !server_offline(source) &&
           source->ended_us > copy->failed_us; /* the server answers again */
}

/* Whether the file at PATH can be taken for the artifact as it is now. */
static bool is_current(const struct session_source *source, const struct assay_run *run,
                       const char *path)
{
    struct stat st;

    return source->server && run->end_ms != ASSAY_NO_TIME && run->status != ASSAY_RUN_RUNNING &&
           stat(path, &st) == 0 && (int64_t)st.st_mtim.tv_sec * 1000 > run->end_ms;
}

static struct copy *new_copy(struct assay_session *session, struct session_source *source,
                             uint32_t index, const struct assay_artifact *artifact)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, index);
    struct copy *copy = assay_alloc(sizeof *copy);

    copy->run = index;
    copy->artifact = assay_strdup(artifact->path);
    copy->bytes = artifact->bytes;
    copy->path = path_of(session, source, run->id, artifact->path, artifact->bytes);
    copy->shown.load = ASSAY_LOAD_BUSY;
    copy->held = is_current(source, run, copy->path) ? copy_hold(copy->path) : -1;
    if (copy->held >= 0) {
        copy->shown.load = ASSAY_LOAD_READY;
        copy->shown.path = copy->path;
    } else {
        fetch_start(session, source, copy, run);
    }
    return copy;
}

const struct assay_copy *assay_session_copy(struct assay_session *session, uint32_t index,
                                            const struct assay_artifact *artifact)
{
    const struct assay_run *run = assay_catalog_run(session->catalog, index);
    struct session_source *source = session->sources[run->source];
    struct copy **link, *copy;

    if (!session->cache_path ||
        !(source->server || (source->ops && source->self && source->ops->artifact)))
        return NULL;
    link = link_of(session, index, artifact->path);
    copy = *link;
    if (copy) {
        *link = copy->next;
        if (copy->bytes != artifact->bytes && !copy->loading) { /* it is another one now */
            copy_free(copy);
            copy = new_copy(session, source, index, artifact);
        } else if (is_to_fetch(source, copy)) {
            fetch_start(session, source, copy, run);
        }
    } else {
        copy = new_copy(session, source, index, artifact);
    }
    copy->next = session->copies;
    session->copies = copy;
    keep_few(session);
    copy->shown.fetched = atomic_load(&copy->fetched);
    return &copy->shown;
}

const struct assay_copy *assay_session_copy_wait(struct assay_session *session, uint32_t run,
                                                 const struct assay_artifact *artifact)
{
    for (;;) {
        struct pollfd ready = {.fd = session->epoll_fd, .events = POLLIN};
        const struct assay_copy *copy = assay_session_copy(session, run, artifact);

        if (!copy || copy->load != ASSAY_LOAD_BUSY)
            return copy;
        poll(&ready, 1, 1000);
        assay_session_dispatch(session);
    }
}

void assay_session_copy_stop(struct assay_session *session, uint32_t run, const char *artifact)
{
    struct copy *copy = *link_of(session, run, artifact);

    if (copy && copy->loading)
        atomic_store(&copy->unwanted, true);
}

void copies_free(struct assay_session *session)
{
    while (session->copies) {
        struct copy *copy = session->copies;

        session->copies = copy->next;
        copy_free(copy);
    }
}

/*
 * An upload's artifacts: what the server has not is sent, then its list is read once more, for
 * "200 OK" comes also from what passed half of a file on. Called by upload.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/text.h>

#include "remote/mlflow_limits.h"
#include "session/server_private.h"
#include "session/upload_private.h"

#define FILE_ROUNDS 3u /* of sending one that does not arrive whole */

struct sending {
    struct upload *upload;
    const struct assay_artifacts *here;
    struct artifact_list there;
    bool listed;
    struct sent { /* one for each item of here */
        bool sent, refused;
        uint64_t bytes; /* as it was when it was sent: it may grow meanwhile */
    } * files;
};

static const struct assay_artifacts *artifacts_here(struct upload *u)
{
    return assay_session_artifacts_wait(u->session, u->options->run);
}

/* Whether files that lie in no folder of this machine can be fetched from where they are: from
   another server, out of a bundle. */
static bool can_be_fetched(const struct upload *u)
{
    const struct session_source *source = u->session->sources[u->run->source];

    return source->server || (source->ops && source->self && source->ops->artifact);
}

static bool may_be_read(struct upload *u, const struct assay_artifacts *here)
{
    const bool far = !here->directory && can_be_fetched(u);

    if ((here->directory || (far && here->load == ASSAY_LOAD_FAILED)) && here->error.what[0])
        u->status = assay_fail(u->err, ASSAY_IO, "%s", here->error.what);
    else if (here->count && !here->directory && !far)
        u->status = assay_fail(u->err, ASSAY_NO,
                               "upload: the run's artifacts do not lie on this machine");
    if (u->status != ASSAY_OK)
        assay_hint(u->err, "--no-artifacts uploads everything else");
    return u->status == ASSAY_OK && here->count;
}

/* ---- fetching from elsewhere ---- */

/* A file may have grown since it was listed, but not by much; and of one whose size nobody
   says, no more than that. */
#define GROWN       (UINT64_C(1) << 20)
#define UNSAID_MOST (UINT64_C(1) << 30)

static bool is_within(void *most, uint64_t bytes)
{
    return bytes <= *(const uint64_t *)most;
}

/* A file without a name, beside the cache, where there is room. */
static int unnamed_file(struct upload *u, struct assay_error *error)
{
    char *directory = assay_session_copies_path(u->session), *path;
    const char *folder = getenv("TMPDIR");
    int fd;

    if (directory)
        (void)assay_make_directories(directory, NULL);
    else
        directory = assay_strdup(folder && *folder ? folder : "/tmp");
    path = assay_path_join(directory, "upload.XXXXXX");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        assay_fail(error, ASSAY_IO, "%s: %s", directory, strerror(errno));
    else
        unlink(path);
    free(directory);
    free(path);
    return fd;
}

/* A descriptor of all of the artifact, as a file of this machine's has; -1 where there is none.
 */
static int fetch(struct upload *u, const struct assay_artifact *file, uint64_t *bytes,
                 struct assay_error *error)
{
    uint64_t most = file->bytes ? file->bytes + GROWN : UNSAID_MOST;
    int fd = unnamed_file(u, error);
    struct stat st;

    if (fd < 0)
        return -1;
    if (assay_session_download(u->session, u->options->run, file->path, fd, is_within, &most,
                               error) == ASSAY_OK &&
        fstat(fd, &st) == 0) {
        *bytes = (uint64_t)st.st_size;
        return fd;
    }
    if (error->status == ASSAY_CANCELLED) { /* it was not within */
        assay_error_clear(error);
        assay_fail(error, ASSAY_CORRUPT, "more comes than the list says, or than a gigabyte");
    }
    close(fd);
    return -1;
}

/* Nothing is begun that cannot be ended: the smallest file is fetched before anything is sent.
 */
static void try_one(struct upload *u, const struct assay_artifacts *here)
{
    const struct assay_artifact *least = NULL;
    struct assay_error error = {0};
    uint64_t bytes;
    int fd;

    for (size_t i = 0; i < here->count; i++)
        if (!here->items[i].directory && (!least || here->items[i].bytes < least->bytes))
            least = &here->items[i];
    if (!least)
        return;
    fd = fetch(u, least, &bytes, &error);
    if (fd >= 0) {
        close(fd);
        return;
    }
    u->status = assay_fail(u->err, error.status, "artifact %s: %s", least->path, error.what);
    assay_hint(u->err, "--no-artifacts uploads everything else");
}

void upload_fit_files(struct upload *u)
{
    const struct assay_artifacts *here;

    if (u->options->no_artifacts)
        return;
    here = artifacts_here(u);
    if (!may_be_read(u, here)) /* said before anything is sent */
        return;
    for (size_t i = 0; i < here->count; i++) {
        const char *fault = mlflow_path_fault(here->items[i].path);

        if (fault && !here->items[i].directory)
            upload_issue(u, ASSAY_UPLOAD_REFUSED, "artifact %.600s: %s", here->items[i].path,
                         fault);
    }
    if (!here->directory)
        try_one(u, here);
}

/* ---- what is there ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct assay_artifact *)a)->path,
                  ((const struct assay_artifact *)b)->path);
}

static void list_there(struct sending *sending)
{
    struct upload *u = sending->upload;
    char *ignored = NULL;

    artifact_list_free(&sending->there);
    sending->there = (struct artifact_list){0};
    u->status =
        mlflow_source.artifacts(u->client, u->target.experiment, u->target.run_id,
                                u->target.artifact_uri, &sending->there, &ignored, u->err);
    if (u->status == ASSAY_OK) {
        if (sending->there.count)
            qsort(sending->there.items, sending->there.count, sizeof *sending->there.items,
                  by_name);
        sending->listed = true;
    }
    free(ignored);
}

static const struct assay_artifact *find_there(const struct sending *sending, const char *path)
{
    const struct assay_artifact key = {.path = path};
    const struct assay_artifact *found =
        sending->there.count
            ? bsearch(&key, sending->there.items, sending->there.count, sizeof key, by_name)
            : NULL;

    return found && !found->directory ? found : NULL;
}

static bool is_there(const struct sending *sending, size_t i)
{
    const struct assay_artifact *file = &sending->here->items[i];
    const struct assay_artifact *theirs =
        sending->listed ? find_there(sending, file->path) : NULL;
    const struct sent *sent = &sending->files[i];

    if (!theirs) /* a list that is cut does not say that it is not there */
        return sent->sent && sending->listed && sending->there.cut;
    return theirs->bytes == (sent->sent ? sent->bytes : file->bytes);
}

/* Whether there is nothing to do for it: no file, or one that the server does not take. */
static bool is_left_out(const struct sending *sending, size_t i)
{
    const struct assay_artifact *file = &sending->here->items[i];

    return file->directory || sending->files[i].refused || mlflow_path_fault(file->path);
}

/* ---- sending ---- */

static void send_file(struct sending *sending, size_t i)
{
    struct upload *u = sending->upload;
    const struct assay_artifact *file = &sending->here->items[i];
    struct sent *sent = &sending->files[i];
    struct assay_error error = {0};
    uint64_t bytes = 0;
    bool refused = false;
    int fd = sending->here->directory
                 ? assay_open_inside(sending->here->directory, file->path, &bytes, &error)
                 : fetch(u, file, &bytes, &error);

    u->status = fd < 0 ? ASSAY_IO
                       : mlflow_upload_file(u->client, &u->target, file->path, fd, bytes,
                                            &refused, &error);
    if (fd >= 0)
        close(fd);
    if (refused) { /* the others may be taken */
        upload_issue(u, ASSAY_UPLOAD_REFUSED, "artifact %.300s: %s", file->path, error.what);
        sent->refused = true;
        u->status = ASSAY_OK;
    } else if (u->status != ASSAY_OK) {
        assay_fail(u->err, u->status, "artifact %s: %s", file->path, error.what);
        if (error.hint[0])
            assay_hint(u->err, "%s", error.hint);
    } else {
        u->out->files += !sent->sent;
        u->out->bytes += sent->sent ? 0 : bytes;
        *sent = (struct sent){.sent = true, .bytes = bytes};
    }
}

static void fail_for_broken(struct sending *sending)
{
    struct upload *u = sending->upload;
    size_t count = 0, first = 0;
    const struct assay_artifact *theirs;
    char had[32], sent[32];

    for (size_t i = sending->here->count; i-- > 0;)
        if (!is_left_out(sending, i) && !is_there(sending, i)) {
            first = i;
            count++;
        }
    theirs = find_there(sending, sending->here->items[first].path);
    u->status = assay_fail(
        u->err, ASSAY_IO, "upload: %s of %s are on the server of the artifact %s%s",
        theirs ? assay_bytes_text(had, theirs->bytes) : "no bytes",
        assay_bytes_text(sent, sending->files[first].bytes), sending->here->items[first].path,
        count > 1 ? ", and others are broken there, too" : "");
    assay_hint(u->err,
               "it was sent %u times, and each time accepted: what lies between here "
               "and there?",
               FILE_ROUNDS);
}

/* One pass over all files; false where nothing was left to send. */
static bool send_round(struct sending *sending, unsigned round)
{
    struct upload *u = sending->upload;
    bool any = false;

    for (size_t i = 0; i < sending->here->count && u->status == ASSAY_OK; i++) {
        if (is_left_out(sending, i))
            continue;
        if (is_there(sending, i)) {
            u->out->files_there += round == 0;
            continue;
        }
        if (round >= FILE_ROUNDS) {
            fail_for_broken(sending);
            break;
        }
        send_file(sending, i);
        any = any || sending->files[i].sent;
        if (u->status == ASSAY_OK)
            upload_goes_on(u, "artifacts", i + 1, sending->here->count);
    }
    return any && u->status == ASSAY_OK;
}

void upload_files(struct upload *u)
{
    struct sending sending = {.upload = u};

    if (u->options->no_artifacts)
        return;
    sending.here = artifacts_here(u);
    if (!may_be_read(u, sending.here))
        return;
    sending.files = assay_alloc_array(sending.here->count, sizeof *sending.files);
    if (u->out->resumed)
        list_there(&sending);
    for (unsigned round = 0; u->status == ASSAY_OK && send_round(&sending, round); round++) {
        if (round)
            upload_pause(round);
        list_there(&sending);
    }
    if (u->status == ASSAY_OK && sending.here->cut) {
        u->status = assay_fail(u->err, ASSAY_NO, "upload: the run has more than %zu artifacts",
                               sending.here->count);
        assay_hint(u->err, "the first of them are there; copy the others by other means");
    }
    free(sending.files);
    artifact_list_free(&sending.there);
}

void upload_count_files(struct upload *u)
{
    struct sending sending = {.upload = u};

    if (u->options->no_artifacts)
        return;
    sending.here = artifacts_here(u);
    sending.files = assay_alloc_array(sending.here->count + 1, sizeof *sending.files);
    if (u->target.found && sending.here->count)
        list_there(&sending);
    for (size_t i = 0; i < sending.here->count && u->status == ASSAY_OK; i++) {
        if (is_left_out(&sending, i))
            continue;
        if (is_there(&sending, i)) {
            u->out->files_there++;
            continue;
        }
        u->out->files++;
        u->out->bytes += sending.here->items[i].bytes;
    }
    free(sending.files);
    artifact_list_free(&sending.there);
}

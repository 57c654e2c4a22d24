/*
 * The digest of a model version's files, computed when it is asked for and kept while the
 * session lives: the list of the files as sha256sum prints it, hashed, as approvals have it.
 * Files of a server are read from there, of a store on disk where they lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/clock.h>
#include <assay/file.h>

#include "approval/manifest.h"
#include "approval/mlflow_platform.h"
#include "session/server_private.h"

struct digest_entry {
    struct digest_entry *next;
    uint32_t source;
    char *model, *version;
    struct assay_version_digest shown;
};

struct digest_look {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct session_source *source;
    struct assay_arena arena; /* the texts */
    const char *model, *version, *where;
    const char *run_id, *experiment_id,
        *artifact_uri; /* of its run; "" where it is not known */
    uint64_t job;
    struct assay_version_digest result;
};

static struct digest_look *look_of(struct message *message)
{
    return (struct digest_look *)((char *)message - offsetof(struct digest_look, message));
}

static struct digest_entry *find_entry(const struct assay_session *session, uint32_t source,
                                       const char *model, const char *version)
{
    for (struct digest_entry *e = session->digests; e; e = e->next)
        if (e->source == source && strcmp(e->model, model) == 0 &&
            strcmp(e->version, version) == 0)
            return e;
    return NULL;
}

static void look_free(struct digest_look *look)
{
    assay_arena_free(&look->arena);
    free(look);
}

static unsigned look_apply(struct assay_session *session, struct message *message,
                           int64_t until_us, bool *done)
{
    struct digest_look *look = look_of(message);
    struct digest_entry *entry =
        find_entry(session, look->source->index, look->model, look->version);
    struct assay_job_info *info = activity_find(session, look->job);

    (void)until_us;
    (void)done;
    if (entry)
        entry->shown = look->result;
    if (info) {
        info->finished = true;
        info->failed = look->result.load == ASSAY_LOAD_FAILED;
    }
    look_free(look);
    return ASSAY_CHANGED_JOBS | ASSAY_CHANGED_SOURCES;
}

static void look_discard_message(struct message *message)
{
    look_free(look_of(message));
}

/* ---- on a thread that may wait ---- */

static bool is_stopped(void *context)
{
    return server_stopped(context);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where a version's files lie on this machine: where it says, or, in a store that was moved, at
   the same place among what its run left. Malloc'd; NULL where they are not here. */
static char *local_folder(const struct digest_look *look)
{
    static const char below[] = "/artifacts/";
    const struct source_ops *ops = look->source->ops;
    char *local = artifact_local_path(look->where), *directory = NULL;
    const char *at = *look->run_id ? strstr(look->where, look->run_id) : NULL;

    if (local && is_folder(local))
        return local;
    free(local);
    local = NULL;
    at = at ? at + strlen(look->run_id) : NULL;
    if (!at || strncmp(at, below, strlen(below)) != 0 || strstr(at, "..") || !ops->artifacts)
        return NULL;
    struct artifact_list list = {0};

    if (ops->artifacts(look->source->self, look->experiment_id, look->run_id,
                       look->artifact_uri, &list, &directory, NULL) == ASSAY_OK &&
        directory)
        local = assay_path_join(directory, at + strlen(below));
    artifact_list_free(&list);
    free(directory);
    if (local && !is_folder(local)) {
        free(local);
        local = NULL;
    }
    return local;
}

static enum assay_status hash_here(struct digest_look *look, struct assay_error *err)
{
    struct manifest manifest;
    char *folder = local_folder(look);
    const char *root = folder;
    enum assay_status status;

    if (!folder)
        return assay_fail(err, ASSAY_IO, "%s version %s: its files are not here: %s",
                          look->model, look->version,
                          *look->where ? look->where : "it names no place");
    status = manifest_read(&manifest, &look->arena, &root, 1, err);
    if (status == ASSAY_OK) {
        memcpy(look->result.digest, manifest.digest, sizeof look->result.digest);
        look->result.files = manifest.count;
        for (size_t i = 0; i < manifest.count; i++)
            look->result.bytes += manifest.files[i].bytes;
    }
    free(folder);
    return status;
}

static enum assay_status hash_there(struct digest_look *look, struct assay_error *err)
{
    struct version_facts facts;
    struct mlflow *client = NULL;
    enum assay_status status = server_client(look->source->server, &client, err);

    if (status == ASSAY_OK)
        status = mlflow_client_facts(client, is_stopped, look->source->server, &look->arena,
                                     look->model, look->version, &facts, err);
    if (status != ASSAY_OK)
        return status;
    snprintf(look->result.digest, sizeof look->result.digest, "%s", facts.digest);
    look->result.files = facts.file_count;
    for (size_t i = 0; i < facts.file_count; i++)
        look->result.bytes += facts.files[i].bytes;
    return ASSAY_OK;
}

static void look_task(struct pool_task *task)
{
    struct digest_look *look = (struct digest_look *)task;
    struct assay_error error = {0};
    enum assay_status status =
        look->source->server ? hash_there(look, &error) : hash_here(look, &error);

    look->result.load = status == ASSAY_OK ? ASSAY_LOAD_READY : ASSAY_LOAD_FAILED;
    look->result.computed_ms = assay_now_ms();
    look->result.error = error;
    look->message.apply = look_apply;
    look->message.discard = look_discard_message;
    session_post(look->session, &look->message);
}

static void look_discard(struct pool_task *task)
{
    look_free((struct digest_look *)task);
}

/* ---- <assay/registry.h> ---- */

void assay_session_version_digest(const struct assay_session *session, uint32_t source,
                                  const char *model, const char *version,
                                  struct assay_version_digest *out)
{
    const struct digest_entry *entry = find_entry(session, source, model, version);

    *out = entry ? entry->shown : (struct assay_version_digest){.load = ASSAY_LOAD_NONE};
}

static struct digest_entry *entry_of(struct assay_session *session, uint32_t source,
                                     const char *model, const char *version)
{
    struct digest_entry *entry = find_entry(session, source, model, version);

    if (entry)
        return entry;
    entry = assay_alloc(sizeof *entry);
    entry->source = source;
    entry->model = assay_strdup(model);
    entry->version = assay_strdup(version);
    entry->shown.load = ASSAY_LOAD_NONE;
    entry->next = session->digests;
    session->digests = entry;
    return entry;
}

/* What the thread will need of the run: it sees no catalog. */
static void copy_run(struct digest_look *look, const char *run_id)
{
    struct assay_catalog *catalog = look->session->catalog;
    uint32_t at =
        *run_id ? catalog_find_run_id(catalog, look->source->index, run_id) : ASSAY_NONE;

    look->run_id = look->experiment_id = look->artifact_uri = "";
    if (at == ASSAY_NONE)
        return;
    const struct assay_run *run = assay_catalog_run(catalog, at);

    look->run_id = assay_arena_strdup(&look->arena, run->id);
    look->artifact_uri = assay_arena_strdup(&look->arena, run->artifact_uri);
    look->experiment_id = assay_arena_strdup(
        &look->arena, assay_catalog_experiment(catalog, run->experiment)->id);
}

void assay_session_compute_digest(struct assay_session *session, uint32_t index,
                                  const char *model, const struct assay_model_version *version)
{
    struct session_source *source =
        assay_session_has_registry(session, index) ? session->sources[index] : NULL;
    struct digest_entry *entry;
    struct digest_look *look;
    char title[300];

    if (!source || session->closing || (!source->server && !(source->scanned && source->self)))
        return;
    entry = entry_of(session, index, model, version->version);
    if (entry->shown.load == ASSAY_LOAD_BUSY)
        return;
    entry->shown = (struct assay_version_digest){.load = ASSAY_LOAD_BUSY};
    look = assay_alloc(sizeof *look);
    look->session = session;
    look->source = source;
    look->model = assay_arena_strdup(&look->arena, model);
    look->version = assay_arena_strdup(&look->arena, version->version);
    look->where = assay_arena_strdup(&look->arena, version->source);
    copy_run(look, version->run_id);
    snprintf(title, sizeof title, "hashing the files of %.200s version %.20s", model,
             version->version);
    look->job = activity_job(session, title);
    look->task.run = look_task;
    look->task.discard = look_discard;
    pool_add(source->server ? server_pool(source->server) : session->pool, &look->task, true);
}

void digests_free(struct assay_session *session)
{
    while (session->digests) {
        struct digest_entry *entry = session->digests;

        session->digests = entry->next;
        free(entry->model);
        free(entry->version);
        free(entry);
    }
}

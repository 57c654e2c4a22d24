/*
 * A model version of an MLflow server: its run's metrics, data and people, and its files, each
 * hashed as the server gives it (MLflow keeps no digests). Called through the vtable of
 * mlflow_platform.c. The answers are hostile: fields may miss or be of another kind.
 */
#include "approval/mlflow_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "approval/manifest.h"
#include "remote/url.h"

#define FOLDERS_MAX 500u
#define FILE_LIMIT  (UINT64_C(1) << 30) /* of one file of a model, which is hashed in memory */

/* ---- a version ---- */

struct version {
    const char *run_id, *user, *source, *model_id;
};

static void take_version(struct json_text *json, struct assay_arena *arena, struct version *out)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "run_id") == 0)
            out->run_id = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "user_id") == 0)
            out->user = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "source") == 0)
            out->source = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "model_id") == 0)
            out->model_id = json_text_string_keep(json, arena, "");
        else
            json_text_skip(json);
    }
}

static enum assay_status read_version(struct mlflow_site *site, struct assay_arena *arena,
                                      const char *model, const char *version,
                                      struct version *out, struct assay_error *err)
{
    struct assay_buf path = {0}, body = {0};
    struct json_text json;
    const char *key;

    *out = (struct version){"", "", "", ""};
    assay_buf_text_add(&path, MLFLOW_API_PATH "/model-versions/get");
    url_query(&path, "name", model);
    url_query(&path, "version", version);
    enum assay_status status =
        mlflow_site_get(site, assay_buf_text(&path), 0, &body, NULL, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key))
            if (strcmp(key, "model_version") == 0)
                take_version(&json, arena, out);
            else
                json_text_skip(&json);
        status = mlflow_site_sound(site, &json, err);
        json_text_free(&json);
    }
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
}

/* ---- its run ---- */

struct facts {
    struct assay_arena *arena;
    struct version_facts *out;
    size_t metrics, datasets, lineage; /* room */
};

static void *more(struct assay_arena *arena, void *items, size_t count, size_t *room,
                  size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? 2 * *room : 16;
    void *grown = assay_arena_alloc(arena, *room * size);
    if (count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

static void add_lineage(struct facts *f, const char *part, const char *account)
{
    struct version_facts *out = f->out;

    for (size_t i = 0; i < out->lineage_count; i++)
        if (strcmp(out->lineage[i].part, part) == 0 &&
            strcmp(out->lineage[i].account, account) == 0)
            return;
    if (!account[0])
        return;
    out->lineage =
        more(f->arena, out->lineage, out->lineage_count, &f->lineage, sizeof *out->lineage);
    out->lineage[out->lineage_count++] =
        (struct assay_fact){part, assay_arena_strdup(f->arena, account)};
}

/* A list of {"key": …, "value": …}. */
static void take_metrics(struct json_text *json, struct facts *f)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        struct version_metric metric = {"", NAN};
        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "key") == 0)
                metric.key = json_text_string_keep(json, f->arena, "");
            else if (strcmp(key, "value") == 0)
                metric.value = json_text_double(json, NAN);
            else
                json_text_skip(json);
        }
        f->out->metrics = more(f->arena, f->out->metrics, f->out->metric_count, &f->metrics,
                               sizeof *f->out->metrics);
        f->out->metrics[f->out->metric_count++] = metric;
    }
}

static void take_pair(struct json_text *json, struct assay_arena *arena, const char **name,
                      const char **value)
{
    const char *key;

    *name = *value = "";
    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "key") == 0)
            *name = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "value") == 0)
            *value = json_text_string_keep(json, arena, "");
        else
            json_text_skip(json);
    }
}

static void take_tags(struct json_text *json, struct facts *f)
{
    static const char *const parts[][2] = {{"mlflow.user", "run-owner"},
                                           {"git.author", "commit-author"},
                                           {"git.committer", "commit-committer"}};
    const char *name, *value;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        take_pair(json, f->arena, &name, &value);
        for (size_t i = 0; i < ASSAY_COUNT(parts); i++)
            if (strcmp(name, parts[i][0]) == 0)
                add_lineage(f, parts[i][1], value);
    }
}

static void take_data(struct json_text *json, struct facts *f)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "metrics") == 0)
            take_metrics(json, f);
        else if (strcmp(key, "tags") == 0)
            take_tags(json, f);
        else
            json_text_skip(json);
    }
}

/* {"dataset": {"name", "digest"}, "tags": [{"key": "mlflow.data.context", "value"}]} */
static void take_input(struct json_text *json, struct facts *f)
{
    struct version_dataset dataset = {"", "", ""};
    const char *key, *name, *value;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "dataset") == 0 && json_text_enter(json, '{')) {
            while (json_text_member(json, &key)) {
                if (strcmp(key, "name") == 0)
                    dataset.name = json_text_string_keep(json, f->arena, "");
                else if (strcmp(key, "digest") == 0)
                    dataset.digest = json_text_string_keep(json, f->arena, "");
                else
                    json_text_skip(json);
            }
        } else if (strcmp(key, "tags") == 0 && json_text_enter(json, '[')) {
            while (json_text_element(json)) {
                take_pair(json, f->arena, &name, &value);
                if (strcmp(name, "mlflow.data.context") == 0)
                    dataset.context = value;
            }
        } else {
            json_text_skip(json);
        }
    }
    f->out->datasets = more(f->arena, f->out->datasets, f->out->dataset_count, &f->datasets,
                            sizeof *f->out->datasets);
    f->out->datasets[f->out->dataset_count++] = dataset;
}

static void take_inputs(struct json_text *json, struct facts *f)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "dataset_inputs") != 0 || !json_text_enter(json, '[')) {
            if (strcmp(key, "dataset_inputs") != 0)
                json_text_skip(json);
            continue;
        }
        while (json_text_element(json))
            take_input(json, f);
    }
}

static void take_run(struct json_text *json, struct facts *f)
{
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "data") == 0) {
            take_data(json, f);
        } else if (strcmp(key, "inputs") == 0) {
            take_inputs(json, f);
        } else if (strcmp(key, "info") == 0 && json_text_enter(json, '{')) {
            while (json_text_member(json, &key))
                if (strcmp(key, "user_id") == 0)
                    add_lineage(f, "run-owner", json_text_string(json, ""));
                else
                    json_text_skip(json);
        } else {
            json_text_skip(json);
        }
    }
}

static enum assay_status read_run(struct mlflow_site *site, const char *run_id, struct facts *f,
                                  struct assay_error *err)
{
    struct assay_buf path = {0}, body = {0};
    struct json_text json;
    const char *key;

    assay_buf_text_add(&path, MLFLOW_API_PATH "/runs/get");
    url_query(&path, "run_id", run_id);
    enum assay_status status =
        mlflow_site_get(site, assay_buf_text(&path), 0, &body, NULL, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key))
            if (strcmp(key, "run") == 0)
                take_run(&json, f);
            else
                json_text_skip(&json);
        status = mlflow_site_sound(site, &json, err);
        json_text_free(&json);
    }
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
}

/* ---- its files ---- */

struct files {
    struct mlflow_site *site;
    struct assay_arena *arena;
    const char *model, *version;
    const char *model_id, *run_id; /* where they are listed: one of the two */
    const char *root;              /* in the run's artifacts; "" in a logged model's */
    const char **folders;          /* to be listed, relative to the root of what is listed */
    size_t folder_count, folder_room;
    struct assay_model_file *items;
    size_t count, room;
    struct assay_error *err;
};

/* PATH below the model's root; NULL where it leads elsewhere. */
static const char *below_root(const struct files *f, const char *path)
{
    size_t length = strlen(f->root);

    if (length == 0)
        return path;
    if (strncmp(path, f->root, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + 1;
}

static bool harmless(const char *path)
{
    return path[0] != '\0' && path[0] != '/' && !strstr(path, "..") && !strpbrk(path, "\n\r\\");
}

static void take_listed(struct files *f, struct json_text *json)
{
    const char *key, *path = "";
    bool directory = false;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "path") == 0)
            path = json_text_string_keep(json, f->arena, "");
        else if (strcmp(key, "is_dir") == 0)
            directory = json_text_bool(json, false);
        else
            json_text_skip(json);
    }
    const char *inside = below_root(f, path);
    if (!inside || !harmless(inside))
        return;
    if (directory) {
        f->folders =
            more(f->arena, f->folders, f->folder_count, &f->folder_room, sizeof *f->folders);
        f->folders[f->folder_count++] = path;
    } else {
        f->items = more(f->arena, f->items, f->count, &f->room, sizeof *f->items);
        f->items[f->count++] = (struct assay_model_file){.path = inside};
    }
}

static enum assay_status list_folder(struct files *f, const char *folder)
{
    struct assay_buf path = {0}, body = {0};
    struct json_text json;
    const char *key;

    if (f->model_id[0]) {
        assay_buf_text_add(&path, MLFLOW_API_PATH "/logged-models/");
        url_escape(&path, f->model_id, false);
        assay_buf_text_add(&path, "/artifacts/directories");
        if (folder[0])
            url_query(&path, "artifact_directory_path", folder);
    } else {
        assay_buf_text_add(&path, MLFLOW_API_PATH "/artifacts/list");
        url_query(&path, "run_id", f->run_id);
        if (folder[0])
            url_query(&path, "path", folder);
    }
    enum assay_status status =
        mlflow_site_get(f->site, assay_buf_text(&path), 0, &body, NULL, f->err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key)) {
            if (strcmp(key, "files") != 0 || !json_text_enter(&json, '[')) {
                if (strcmp(key, "files") != 0)
                    json_text_skip(&json);
                continue;
            }
            while (json_text_element(&json))
                take_listed(f, &json);
        }
        status = mlflow_site_sound(f->site, &json, f->err);
        json_text_free(&json);
    }
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
}

static enum assay_status get_file(struct mlflow_site *site, const char *model,
                                  const char *version, const char *name, uint64_t most,
                                  struct assay_buf *out, struct assay_error *err)
{
    struct assay_buf path = {0};

    assay_buf_text_add(&path, "/model-versions/get-artifact");
    url_query(&path, "name", model);
    url_query(&path, "version", version);
    url_query(&path, "path", name);
    enum assay_status status =
        mlflow_site_get(site, assay_buf_text(&path), most, out, NULL, err);
    assay_buf_free(&path);
    return status;
}

static enum assay_status hash_file(struct files *f, struct assay_model_file *file)
{
    struct assay_buf body = {0};
    char digest[ASSAY_SHA256_TEXT];
    enum assay_status status =
        get_file(f->site, f->model, f->version, file->path, FILE_LIMIT, &body, f->err);

    if (status == ASSAY_OK) {
        assay_sha256(digest, assay_buf_text(&body), body.length);
        file->digest = assay_arena_strdup(f->arena, digest);
        file->bytes = body.length;
    }
    assay_buf_free(&body);
    return status;
}

/* The way of the gates to one file (gates.h). */
static enum assay_status fetch_file(void *fetcher, const struct version_facts *facts,
                                    const char *path, size_t most, struct assay_buf *out,
                                    struct assay_error *err)
{
    return get_file(fetcher, facts->model, facts->version, path, most, out, err);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct assay_model_file *)a)->path,
                  ((const struct assay_model_file *)b)->path);
}

/* Where a version made from a run lies among the run's artifacts: SOURCE ends in
   RUN/artifacts/ROOT, or is runs:/RUN/ROOT. */
static const char *root_in_run(const struct version *version)
{
    const char *at = version->run_id[0] ? strstr(version->source, version->run_id) : NULL;

    if (!at)
        return NULL;
    at += strlen(version->run_id);
    if (strncmp(at, "/artifacts/", 11) == 0)
        return at + 11;
    return at[0] == '/' ? at + 1 : NULL;
}

static enum assay_status read_files(struct mlflow_site *site, struct assay_arena *arena,
                                    const struct version *version, struct version_facts *out,
                                    struct assay_error *err)
{
    struct files f = {.site = site,
                      .arena = arena,
                      .model = out->model,
                      .version = out->version,
                      .model_id = version->model_id,
                      .run_id = version->run_id,
                      .root = "",
                      .err = err};
    char digest[ASSAY_SHA256_TEXT];
    enum assay_status status = ASSAY_OK;

    if (!f.model_id[0] && strncmp(version->source, "models:/m-", 10) == 0)
        f.model_id = version->source + 8;
    if (!f.model_id[0]) {
        f.root = root_in_run(version);
        if (!f.root)
            return assay_fail(err, ASSAY_IO,
                              "%s %s: its files lie where this server does not list them (%s)",
                              out->model, out->version, version->source);
    }
    status = list_folder(&f, f.root);
    for (size_t i = 0; i < f.folder_count && status == ASSAY_OK; i++)
        status = i < FOLDERS_MAX ? list_folder(&f, f.folders[i])
                                 : assay_fail(err, ASSAY_BAD_INPUT, "%s %s: too many folders",
                                              out->model, out->version);
    if (status == ASSAY_OK && (f.count == 0 || f.count > STATEMENT_FILES_MAX))
        status =
            assay_fail(err, ASSAY_BAD_INPUT, "%s %s: has %zu files; 1 to %d can be approved",
                       out->model, out->version, f.count, STATEMENT_FILES_MAX);
    for (size_t i = 0; i < f.count && status == ASSAY_OK; i++)
        status = hash_file(&f, &f.items[i]);
    if (status != ASSAY_OK)
        return status;
    qsort(f.items, f.count, sizeof *f.items, by_path);
    manifest_digest(digest, f.items, f.count);
    out->files = f.items;
    out->file_count = f.count;
    out->digest = assay_arena_strdup(arena, digest);
    return ASSAY_OK;
}

enum assay_status mlflow_facts(void *self, struct assay_arena *arena, const char *model,
                               const char *version, struct version_facts *out,
                               struct assay_error *err)
{
    struct facts f = {.arena = arena, .out = out};
    struct version v;

    *out = (struct version_facts){.model = assay_arena_strdup(arena, model),
                                  .version = assay_arena_strdup(arena, version),
                                  .fetch = fetch_file,
                                  .fetcher = self};
    enum assay_status status = read_version(self, arena, model, version, &v, err);
    if (status == ASSAY_OK) {
        out->run = v.run_id;
        add_lineage(&f, "registrar", v.user);
        status = read_files(self, arena, &v, out, err);
    }
    if (status == ASSAY_OK && v.run_id[0])
        status = read_run(self, v.run_id, &f, err);
    return status;
}

enum assay_status mlflow_client_facts(struct mlflow *client, bool (*cancelled)(void *context),
                                      void *context, struct assay_arena *arena,
                                      const char *model, const char *version,
                                      struct version_facts *out, struct assay_error *err)
{
    struct mlflow_site site = {.mlflow = client, .cancelled = cancelled, .context = context};

    enum assay_status status = mlflow_facts(&site, arena, model, version, out, err);
    out->fetch = NULL; /* the site ends here */
    return status;
}

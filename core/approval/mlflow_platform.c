/*
 * MLflow servers as a platform (mlflow_platform.h): model versions with their runs and files,
 * and the three things that can point at one: an alias, a stage, a tag of the model. Called by
 * act_request.c through the vtable. Waits for the network.
 */
#include "approval/mlflow_platform.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/ini.h>
#include <assay/registry.h>

#include "approval/manifest.h"
#include "remote/json_text.h"
#include "remote/mlflow.h"
#include "remote/mlflow_registry.h"
#include "remote/url.h"

#define API         "/api/2.0/mlflow"
#define FOLDERS_MAX 500u
#define FILE_LIMIT  (UINT64_C(1) << 30) /* of one file of a model, which is hashed in memory */

struct mlflow_site {
    struct net *net;
    struct mlflow *mlflow;
};

/* Looking for the section [source NAME] of the configuration file whose place is the URL. */
struct looking {
    const char *url;
    char section[128];
    bool here, found; /* the section under way is it; one was */
    struct server_settings settings;
};

static void begin_section(struct looking *l, const char *section)
{
    if (l->here)
        l->found = true;
    if (l->found)
        return;
    server_settings_free(&l->settings);
    snprintf(l->section, sizeof l->section, "%s", section);
}

static enum assay_status take_setting(void *context, const char *section, const char *key,
                                      const char *value, struct assay_error *err)
{
    struct looking *l = context;

    if (strncmp(section, "source ", 7) != 0 || strlen(section) >= sizeof l->section)
        return ASSAY_OK;
    if (strcmp(section, l->section) != 0)
        begin_section(l, section);
    if (l->found)
        return ASSAY_OK;
    if (strcmp(key, "place") == 0) {
        size_t length = strlen(value);
        while (length > 0 && value[length - 1] == '/')
            length--;
        l->here = strlen(l->url) == length && strncmp(l->url, value, length) == 0;
        return ASSAY_OK;
    }
    (void)err;
    (void)server_settings_set(&l->settings, key, value, NULL);
    return ASSAY_OK;
}

/* What the configuration file says of the server at URL, where it says anything. */
static void configure(struct server_settings *settings)
{
    struct looking l = {.url = settings->url, .settings = SERVER_SETTINGS_INIT};
    char *path = assay_config_path();

    if (path && access(path, R_OK) == 0)
        (void)assay_ini_read(path, take_setting, &l, NULL);
    if ((l.found || l.here) && !settings->user) {
        char *url = settings->url;
        settings->url = NULL;
        server_settings_free(settings);
        server_settings_copy(settings, &l.settings);
        free(settings->url);
        settings->url = url;
    }
    server_settings_free(&l.settings);
    free(path);
}

enum assay_status mlflow_site_open(struct mlflow_site **out, const char *url,
                                   struct assay_error *err)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct mlflow_site *site = assay_alloc(sizeof *site);
    enum assay_status status = server_settings_url(&settings, url, err);

    if (status == ASSAY_OK)
        configure(&settings);

    if (status == ASSAY_OK) {
        site->net = net_new();
        status = mlflow_open(&site->mlflow, site->net, &settings, err);
    }
    server_settings_free(&settings);
    if (status != ASSAY_OK)
        mlflow_site_close(&site);
    *out = site;
    return status;
}

void mlflow_site_close(struct mlflow_site **site)
{
    if (!*site)
        return;
    mlflow_close(&(*site)->mlflow);
    net_free(&(*site)->net);
    free(*site);
    *site = NULL;
}

const char *mlflow_site_place(const struct mlflow_site *site)
{
    return mlflow_shown(site->mlflow);
}

/* ---- asking ---- */

static enum assay_status get(struct mlflow_site *site, const char *path, uint64_t limit,
                             struct assay_buf *out, struct mlflow_failure *failure,
                             struct assay_error *err)
{
    const struct mlflow_call call = {.method = NET_GET, .path = path, .limit = limit};
    return mlflow_call(site->mlflow, &call, out, failure, err);
}

/* Fails where what was read so far is no JSON. */
static enum assay_status sound(const struct mlflow_site *site, const struct json_text *json,
                               struct assay_error *err)
{
    if (!json->fault)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: %s",
                      mlflow_site_place(site), json->fault);
}

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
    assay_buf_text_add(&path, API "/model-versions/get");
    url_query(&path, "name", model);
    url_query(&path, "version", version);
    enum assay_status status = get(site, assay_buf_text(&path), 0, &body, NULL, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key))
            if (strcmp(key, "model_version") == 0)
                take_version(&json, arena, out);
            else
                json_text_skip(&json);
        status = sound(site, &json, err);
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

    assay_buf_text_add(&path, API "/runs/get");
    url_query(&path, "run_id", run_id);
    enum assay_status status = get(site, assay_buf_text(&path), 0, &body, NULL, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key))
            if (strcmp(key, "run") == 0)
                take_run(&json, f);
            else
                json_text_skip(&json);
        status = sound(site, &json, err);
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
        assay_buf_text_add(&path, API "/logged-models/");
        url_escape(&path, f->model_id, false);
        assay_buf_text_add(&path, "/artifacts/directories");
        if (folder[0])
            url_query(&path, "artifact_directory_path", folder);
    } else {
        assay_buf_text_add(&path, API "/artifacts/list");
        url_query(&path, "run_id", f->run_id);
        if (folder[0])
            url_query(&path, "path", folder);
    }
    enum assay_status status = get(f->site, assay_buf_text(&path), 0, &body, NULL, f->err);
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
        status = sound(f->site, &json, f->err);
        json_text_free(&json);
    }
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
}

static enum assay_status hash_file(struct files *f, struct assay_model_file *file)
{
    struct assay_buf path = {0}, body = {0};
    char digest[ASSAY_SHA256_TEXT];

    assay_buf_text_add(&path, "/model-versions/get-artifact");
    url_query(&path, "name", f->model);
    url_query(&path, "version", f->version);
    url_query(&path, "path", file->path);
    enum assay_status status =
        get(f->site, assay_buf_text(&path), FILE_LIMIT, &body, NULL, f->err);
    if (status == ASSAY_OK) {
        assay_sha256(digest, assay_buf_text(&body), body.length);
        file->digest = assay_arena_strdup(f->arena, digest);
        file->bytes = body.length;
    }
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
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

static enum assay_status mlflow_facts(void *self, struct assay_arena *arena, const char *model,
                                      const char *version, struct version_facts *out,
                                      struct assay_error *err)
{
    struct facts f = {.arena = arena, .out = out};
    struct version v;

    *out = (struct version_facts){.model = assay_arena_strdup(arena, model),
                                  .version = assay_arena_strdup(arena, version)};
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

/* ---- targets ---- */

static enum assay_status read_alias(struct mlflow_site *site, struct assay_arena *arena,
                                    const char *model, const char *alias, const char **version,
                                    struct assay_error *err)
{
    struct assay_buf path = {0}, body = {0};
    struct mlflow_failure failure = {0};
    struct assay_error why = {0};
    struct json_text json;
    const char *key;

    *version = "";
    assay_buf_text_add(&path, API "/registered-models/alias");
    url_query(&path, "name", model);
    url_query(&path, "alias", alias);
    enum assay_status status = get(site, assay_buf_text(&path), 0, &body, &failure, &why);
    /* An alias that is not set is told as an error of the request. */
    if (status != ASSAY_OK && (failure.http == 404 || failure.http == 400)) {
        status = ASSAY_OK;
    } else if (status != ASSAY_OK) {
        assay_fail(err, status, "%s", why.what);
    } else {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key)) {
            if (strcmp(key, "model_version") != 0 || !json_text_enter(&json, '{')) {
                if (strcmp(key, "model_version") != 0)
                    json_text_skip(&json);
                continue;
            }
            while (json_text_member(&json, &key))
                if (strcmp(key, "version") == 0)
                    *version = json_text_string_keep(&json, arena, "");
                else
                    json_text_skip(&json);
        }
        status = sound(site, &json, err);
        json_text_free(&json);
    }
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
}

/* Stages and tags stand in the registry as a whole. */
static enum assay_status read_whole(struct mlflow_site *site, struct assay_registry **out,
                                    struct assay_error *err)
{
    struct assay_buf body = {0};
    enum assay_status status = mlflow_registry_fetch(site->mlflow, &body, NULL, NULL, err);

    *out = NULL;
    if (status == ASSAY_OK)
        status = mlflow_registry_parse(mlflow_site_place(site), assay_buf_text(&body),
                                       body.length, out, err);
    assay_buf_free(&body);
    return status;
}

static enum assay_status mlflow_read(void *self, struct assay_arena *arena, const char *model,
                                     const char *target, const char **version,
                                     struct assay_error *err)
{
    struct assay_registry *registry = NULL;
    const struct assay_registered_model *found;
    enum assay_status status;

    *version = "";
    if (strncmp(target, "alias:", 6) == 0)
        return read_alias(self, arena, model, target + 6, version, err);
    status = read_whole(self, &registry, err);
    found = status == ASSAY_OK ? assay_registry_model(registry, model) : NULL;
    if (found && strncmp(target, "tag:", 4) == 0) {
        const char *value = assay_registry_tag(found->tags, found->tag_count, target + 4);
        *version = value ? assay_arena_strdup(arena, value) : "";
    }
    for (size_t i = 0; found && strncmp(target, "stage:", 6) == 0 && i < found->version_count;
         i++)
        if (!(*version)[0] && strcmp(found->versions[i].stage, target + 6) == 0)
            *version = assay_arena_strdup(arena, found->versions[i].version);
    assay_registry_free(&registry);
    return status;
}

static void member(struct assay_buf *out, const char *key, const char *value)
{
    if (out->length > 1)
        assay_buf_char(out, ',');
    json_text_quote(out, key);
    assay_buf_char(out, ':');
    json_text_quote(out, value);
}

static enum assay_status mlflow_move(void *self, const char *model, const char *target,
                                     const char *expected, const char *version,
                                     const char *request, struct assay_error *err)
{
    struct mlflow_site *site = self;
    struct assay_arena arena = {0};
    struct assay_buf body = {0};
    const char *now = "";
    const char *name = strchr(target, ':') + 1;
    const char *path = API "/registered-models/alias";
    enum assay_status status = mlflow_read(self, &arena, model, target, &now, err);

    (void)request;
    if (status == ASSAY_OK && strcmp(now, expected) != 0)
        status = assay_fail(err, ASSAY_NO, "%s of %s is at version %s and not at %s", target,
                            model, now[0] ? now : "none", expected[0] ? expected : "none");
    assay_buf_char(&body, '{');
    member(&body, "name", model);
    if (target[0] == 'a') {
        member(&body, "alias", name);
        member(&body, "version", version);
    } else if (target[0] == 's') {
        path = API "/model-versions/transition-stage";
        member(&body, "version", version);
        member(&body, "stage", name);
        assay_buf_text_add(&body, ",\"archive_existing_versions\":true");
    } else {
        path = API "/registered-models/set-tag";
        member(&body, "key", name);
        member(&body, "value", version);
    }
    assay_buf_char(&body, '}');
    if (status == ASSAY_OK)
        status = mlflow_call(site->mlflow,
                             &(struct mlflow_call){.method = NET_POST,
                                                   .path = path,
                                                   .body = assay_buf_text(&body),
                                                   .repeatable = true,
                                                   .writes = true},
                             NULL, NULL, err);
    assay_buf_free(&body);
    assay_arena_free(&arena);
    return status;
}

static enum assay_status mlflow_targets(void *self, struct assay_arena *arena,
                                        bool (*fn)(void *context, const char *model,
                                                   const char *target, const char *version),
                                        void *context, struct assay_error *err)
{
    struct assay_registry *registry = NULL;
    struct assay_buf target = {0};
    bool go_on = true;
    enum assay_status status = read_whole(self, &registry, err);

    (void)arena;
    for (size_t i = 0; registry && i < registry->count && go_on; i++) {
        const struct assay_registered_model *m = &registry->models[i];
        for (size_t k = 0; k < m->alias_count && go_on && !m->prompt; k++) {
            assay_buf_reset(&target);
            assay_buf_format(&target, "alias:%s", m->aliases[k].alias);
            go_on = fn(context, m->name, assay_buf_text(&target), m->aliases[k].version);
        }
        for (size_t k = 0; k < m->version_count && go_on && !m->prompt; k++) {
            const char *stage = m->versions[k].stage;
            if (strcmp(stage, "Production") != 0 && strcmp(stage, "Staging") != 0)
                continue;
            assay_buf_reset(&target);
            assay_buf_format(&target, "stage:%s", stage);
            go_on = fn(context, m->name, assay_buf_text(&target), m->versions[k].version);
        }
    }
    assay_buf_free(&target);
    assay_registry_free(&registry);
    return status;
}

const struct platform_ops mlflow_platform = {
    .kind = "mlflow",
    .authority = PLATFORM_OURS,
    .guard = PLATFORM_UNGUARDED,
    .facts = mlflow_facts,
    .read = mlflow_read,
    .move = mlflow_move,
    .targets = mlflow_targets,
};

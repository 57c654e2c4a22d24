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
#define PAGES_MAX   10000u
#define COPIES_MAX  8u                  /* of a version made from a version made from … */
#define FILE_LIMIT  (UINT64_C(1) << 30) /* of one file of a model, which is hashed in memory */

/* ---- a version ---- */

struct version {
    const char *run_id, *user, *source;
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

    *out = (struct version){"", "", ""};
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
    const char *artifact_uri;          /* of its run */
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
                else if (strcmp(key, "artifact_uri") == 0)
                    f->artifact_uri = json_text_string_keep(json, f->arena, "");
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

/* ---- where its files lie ---- */

/* Where a version's files lie: a logged model, or a folder among a run's artifacts. */
struct place {
    const char *model_id, *run_id; /* the one that it is; the other is "" */
    const char *root;              /* the folder of the run; "" all, and of a logged model */
    bool by_run; /* the server gives them as the run's: as the version's it may not */
};

/* What stands behind PREFIX in TEXT; NULL where it does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return length > 0 && strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* The folder that SOURCE names among the artifacts of the run; NULL where it names another
   place. A source only needs to have the run's id somewhere in it to look like the run's: it
   has to lie below what the run itself calls its artifacts. */
static const char *root_in_run(const struct version *version, const char *artifact_uri)
{
    static const char local[] = "file://";
    const char *source = version->source, *rest = behind(source, local);
    const char *below;

    source = rest ? rest : source;
    rest = behind(artifact_uri, local);
    below = behind(source, rest ? rest : artifact_uri);
    if (!version->run_id[0] || !below || (below[0] && below[0] != '/'))
        return NULL;
    while (*below == '/')
        below++;
    return below;
}

/* The same of runs:/RUN/ROOT. */
static const char *root_of_runs(const struct version *version)
{
    const char *at = behind(version->source, "runs:/");

    at = at && version->run_id[0] ? behind(at, version->run_id) : NULL;
    if (!at || at[0] != '/')
        return NULL;
    while (*at == '/')
        at++;
    return at;
}

/* models:/NAME/VERSION: a version that was copied from that one. */
static bool copied_from(struct assay_arena *arena, const char *source, const char **model,
                        const char **version)
{
    const char *name = behind(source, "models:/");
    const char *slash = name ? strrchr(name, '/') : NULL;

    if (!slash || slash == name || !slash[1] ||
        strspn(slash + 1, "0123456789") < strlen(slash + 1))
        return false;
    *model = assay_arena_strndup(arena, name, (size_t)(slash - name));
    *version = slash + 1;
    return true;
}

/* What VERSION was made of, through all copies. */
static enum assay_status read_origin(struct mlflow_site *site, struct assay_arena *arena,
                                     struct version *version, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    const char *model, *number;

    for (unsigned i = 0; i < COPIES_MAX && status == ASSAY_OK; i++) {
        if (!copied_from(arena, version->source, &model, &number))
            break;
        status = read_version(site, arena, model, number, version, err);
    }
    return status;
}

/* A path that leads below the folder it is named from, and stands on one line of a manifest. */
static bool harmless(const char *path)
{
    for (const char *name = path, *end; name; name = end ? end + 1 : NULL) {
        end = strchr(name, '/');
        size_t length = end ? (size_t)(end - name) : strlen(name);
        if (length == 0 || (length <= 2 && strncmp(name, "..", length) == 0))
            return false;
    }
    return !strpbrk(path, "\n\r\\");
}

static enum assay_status find_place(const struct version *version, const char *artifact_uri,
                                    const struct version_facts *facts, struct place *out,
                                    struct assay_error *err)
{
    const char *logged = behind(version->source, "models:/");

    *out = (struct place){"", "", "", false};
    if (logged && strncmp(logged, "m-", 2) == 0) {
        out->model_id = logged;
        return ASSAY_OK;
    }
    out->run_id = version->run_id;
    out->root = root_of_runs(version);
    out->by_run = out->root != NULL;
    if (!out->root)
        out->root = root_in_run(version, artifact_uri ? artifact_uri : "");
    if (out->root && (!out->root[0] || harmless(out->root)))
        return ASSAY_OK;
    return assay_fail(err, ASSAY_IO,
                      "%s %s: its files lie where this server does not list them (%s)",
                      facts->model, facts->version, version->source);
}

/* ---- its files ---- */

struct files {
    struct mlflow_site *site;
    struct assay_arena *arena;
    const struct version_facts *facts;
    struct place place;
    const char **folders; /* to be listed, relative to the root of what is listed */
    size_t folder_count, folder_room;
    unsigned pages;
    struct assay_model_file *items;
    size_t count, room;
    struct assay_error *err;
};

/* PATH below the model's root; NULL where it leads elsewhere. */
static const char *below_root(const struct files *f, const char *path)
{
    const char *below = f->place.root[0] ? behind(path, f->place.root) : NULL;

    if (!f->place.root[0])
        return path;
    return below && *below == '/' ? below + 1 : NULL;
}

/* One file or folder. What cannot be taken fails the whole: a digest that leaves a file out
   would vouch for a model with that file in it. */
static enum assay_status take_listed(struct files *f, struct json_text *json)
{
    const char *key, *path = "";
    bool directory = false;

    if (!json_text_enter(json, '{'))
        return ASSAY_OK;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "path") == 0)
            path = json_text_string_keep(json, f->arena, "");
        else if (strcmp(key, "is_dir") == 0)
            directory = json_text_bool(json, false);
        else
            json_text_skip(json);
    }
    const char *inside = below_root(f, path);
    if (json->fault)
        return ASSAY_OK; /* it is told of the whole answer */
    if (!inside || !harmless(inside))
        return assay_fail(
            f->err, ASSAY_CORRUPT,
            "%s %s: the server lists a file that cannot be one of its own: %.200s",
            f->facts->model, f->facts->version, path);
    if (directory) {
        f->folders =
            more(f->arena, f->folders, f->folder_count, &f->folder_room, sizeof *f->folders);
        f->folders[f->folder_count++] = path;
    } else {
        f->items = more(f->arena, f->items, f->count, &f->room, sizeof *f->items);
        f->items[f->count++] = (struct assay_model_file){.path = inside};
    }
    return ASSAY_OK;
}

static void list_path(const struct files *f, const char *folder, const char *token,
                      struct assay_buf *out)
{
    bool logged = f->place.model_id[0] != '\0';

    if (logged) {
        assay_buf_text_add(out, MLFLOW_API_PATH "/logged-models/");
        url_escape(out, f->place.model_id, false);
        assay_buf_text_add(out, "/artifacts/directories");
    } else {
        assay_buf_text_add(out, MLFLOW_API_PATH "/artifacts/list");
        url_query(out, "run_id", f->place.run_id);
    }
    if (folder[0])
        url_query(out, logged ? "artifact_directory_path" : "path", folder);
    if (token)
        url_query(out, "page_token", token);
}

/* One page of a folder; *token becomes that of the next, NULL after the last. */
static enum assay_status list_page(struct files *f, const char *folder, const char **token)
{
    struct assay_buf path = {0}, body = {0};
    enum assay_status taken = ASSAY_OK;
    struct json_text json;
    const char *key, *next = "";

    list_path(f, folder, *token, &path);
    enum assay_status status =
        mlflow_site_get(f->site, assay_buf_text(&path), 0, &body, NULL, f->err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&body), body.length);
        json_text_enter(&json, '{');
        while (taken == ASSAY_OK && json_text_member(&json, &key)) {
            if (strcmp(key, "next_page_token") == 0)
                next = json_text_string_keep(&json, f->arena, "");
            else if (strcmp(key, "files") != 0)
                json_text_skip(&json);
            else if (json_text_enter(&json, '['))
                while (taken == ASSAY_OK && json_text_element(&json))
                    taken = take_listed(f, &json);
        }
        status = taken == ASSAY_OK ? mlflow_site_sound(f->site, &json, f->err) : taken;
        json_text_free(&json);
    }
    *token = *next ? next : NULL;
    assay_buf_free(&path);
    assay_buf_free(&body);
    return status;
}

static enum assay_status list_folder(struct files *f, const char *folder)
{
    enum assay_status status = ASSAY_OK;
    const char *token = NULL;

    do {
        const char *had = token;

        status = list_page(f, folder, &token);
        if (status == ASSAY_OK && token &&
            (++f->pages > PAGES_MAX || (had && strcmp(had, token) == 0)))
            status =
                assay_fail(f->err, ASSAY_CORRUPT, "%s %s: the list of its files has no end",
                           f->facts->model, f->facts->version);
    } while (status == ASSAY_OK && token && f->count <= STATEMENT_FILES_MAX);
    return status;
}

static enum assay_status get_file(struct mlflow_site *site, const struct version_facts *facts,
                                  const char *name, uint64_t most, struct assay_buf *out,
                                  struct assay_error *err)
{
    struct assay_buf path = {0}, whole = {0};

    if (facts->run_root) {
        assay_buf_format(&whole, "%s%s%s", facts->run_root, facts->run_root[0] ? "/" : "",
                         name);
        assay_buf_text_add(&path, "/get-artifact");
        url_query(&path, "run_id", facts->run_of_files);
        url_query(&path, "path", assay_buf_text(&whole));
    } else {
        assay_buf_text_add(&path, "/model-versions/get-artifact");
        url_query(&path, "name", facts->model);
        url_query(&path, "version", facts->version);
        url_query(&path, "path", name);
    }
    enum assay_status status =
        mlflow_site_get(site, assay_buf_text(&path), most, out, NULL, err);
    assay_buf_free(&path);
    assay_buf_free(&whole);
    return status;
}

static enum assay_status hash_file(struct files *f, struct assay_model_file *file)
{
    struct assay_buf body = {0};
    char digest[ASSAY_SHA256_TEXT];
    enum assay_status status =
        get_file(f->site, f->facts, file->path, FILE_LIMIT, &body, f->err);

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
    return get_file(fetcher, facts, path, most, out, err);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct assay_model_file *)a)->path,
                  ((const struct assay_model_file *)b)->path);
}

static enum assay_status read_files(struct mlflow_site *site, struct assay_arena *arena,
                                    const struct place *place, struct version_facts *out,
                                    struct assay_error *err)
{
    struct files f = {.site = site, .arena = arena, .facts = out, .place = *place, .err = err};
    char digest[ASSAY_SHA256_TEXT];
    enum assay_status status = ASSAY_OK;

    if (place->by_run) {
        out->run_of_files = place->run_id;
        out->run_root = place->root;
    }
    status = list_folder(&f, place->root);
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
    struct place place;

    *out = (struct version_facts){.model = assay_arena_strdup(arena, model),
                                  .version = assay_arena_strdup(arena, version),
                                  .fetch = fetch_file,
                                  .fetcher = self};
    enum assay_status status = read_version(self, arena, model, version, &v, err);
    if (status == ASSAY_OK) {
        out->run = v.run_id;
        add_lineage(&f, "registrar", v.user);
        status = read_origin(self, arena, &v, err);
    }
    if (status == ASSAY_OK && out->run[0])
        status = read_run(self, out->run, &f, err);
    if (status == ASSAY_OK)
        status = find_place(&v, strcmp(v.run_id, out->run) == 0 ? f.artifact_uri : NULL, out,
                            &place, err);
    if (status == ASSAY_OK)
        status = read_files(self, arena, &place, out, err);
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

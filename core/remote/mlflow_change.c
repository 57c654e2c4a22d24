/*
 * Changes of runs and of the registry, over MLflow's REST API: each kind has a question (what
 * is there now) and a request that writes. Whether a request may be sent twice is said for each
 * of them: setting is, deleting and creating are not.
 */
#include "remote/mlflow_change.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "remote/mlflow_private.h"
#include "remote/mlflow_registry.h"
#include "remote/url.h"

#define NAME_MAX_BYTES 250u
#define RUN_TAG_MAX    8000u
#define TEXT_MAX       100000u

void mlflow_json_member(struct assay_buf *body, const char *key, const char *value)
{
    if (body->length && body->data[body->length - 1] != '{')
        assay_buf_char(body, ',');
    json_text_quote(body, key);
    assay_buf_char(body, ':');
    json_text_quote(body, value);
}

/* ---- what can be asked at all ---- */

/* MLflow's own rule, so that it is told before anything is sent. */
static bool alias_is_good(const char *alias)
{
    size_t length = strlen(alias);

    if (!length || length > 255 || strcasecmp(alias, "latest") == 0)
        return false;
    for (const char *at = alias; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '_' && *at != '-')
            return false;
    return !((alias[0] == 'v' || alias[0] == 'V') && length > 1 &&
             strspn(alias + 1, "0123456789") == length - 1);
}

static enum assay_status check_text(const struct assay_change *change, size_t most,
                                    struct assay_error *err)
{
    size_t length = change->value ? strlen(change->value) : 0;

    if (length > most)
        return assay_fail(err, ASSAY_BAD_INPUT, "the text has %zu bytes; the server takes %zu",
                          length, most);
    if (change->value && !assay_utf8_valid(change->value, length))
        return assay_fail(err, ASSAY_BAD_INPUT, "the text is no valid UTF-8");
    return ASSAY_OK;
}

enum assay_status mlflow_change_check(const struct assay_change *change,
                                      struct assay_error *err)
{
    bool run = change->kind <= ASSAY_CHANGE_RUN_LIFE || change->kind == ASSAY_CHANGE_REGISTER;
    bool model = change->kind >= ASSAY_CHANGE_MODEL_TAG;
    bool tag = change->kind == ASSAY_CHANGE_RUN_TAG || change->kind == ASSAY_CHANGE_MODEL_TAG ||
               change->kind == ASSAY_CHANGE_VERSION_TAG;

    if (run && !(change->run_id && *change->run_id))
        return assay_fail(err, ASSAY_BAD_INPUT, "it is not said which run is meant");
    if (model && !(change->model && *change->model))
        return assay_fail(err, ASSAY_BAD_INPUT, "it is not said which model is meant");
    if (change->kind == ASSAY_CHANGE_REGISTER && strpbrk(change->model, "/:"))
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "%s: a model's name has no / and no :", change->model);
    if (tag && !(change->key && *change->key && strlen(change->key) <= NAME_MAX_BYTES))
        return assay_fail(err, ASSAY_BAD_INPUT, "a tag's name has 1 to %u bytes",
                          NAME_MAX_BYTES);
    if (change->kind == ASSAY_CHANGE_ALIAS && !alias_is_good(change->key ? change->key : "")) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: no alias", change->key ? change->key : "");
        assay_hint(err, "letters, digits, - and _; not \"latest\", not v and a number");
        return ASSAY_BAD_INPUT;
    }
    return check_text(change, change->kind == ASSAY_CHANGE_RUN_TAG ? RUN_TAG_MAX : TEXT_MAX,
                      err);
}

/* ---- looking ---- */

struct look {
    const struct assay_change *change;
    char *found;
};

static void keep(struct look *look, const char *text)
{
    free(look->found);
    look->found = assay_strdup(text);
}

/* One of a list of pairs named KEY and VALUE in the answer. */
static void look_in_pairs(struct json_text *json, struct look *look, const char *key_name,
                          const char *value_name)
{
    struct assay_arena arena = {0};
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        const char *name = NULL, *value = "";

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, key_name) == 0)
                name = json_text_string_keep(json, &arena, NULL);
            else if (strcmp(key, value_name) == 0)
                value = json_text_string_keep(json, &arena, "");
            else
                json_text_skip(json);
        }
        if (name && look->change->key && strcmp(name, look->change->key) == 0)
            keep(look, value);
    }
    assay_arena_free(&arena);
}

static void look_at_run(struct json_text *json, struct look *look)
{
    enum assay_change_kind kind = look->change->kind;
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        bool info = strcmp(key, "info") == 0, data = strcmp(key, "data") == 0;

        if ((!info && !data) || !json_text_enter(json, '{')) {
            if (!info && !data)
                json_text_skip(json);
            continue;
        }
        while (json_text_member(json, &key)) {
            if (info && kind == ASSAY_CHANGE_RUN_NAME && strcmp(key, "run_name") == 0)
                keep(look, json_text_string(json, ""));
            else if (info && kind == ASSAY_CHANGE_RUN_LIFE &&
                     strcmp(key, "lifecycle_stage") == 0)
                keep(look, json_text_string(json, ""));
            else if (data && kind == ASSAY_CHANGE_RUN_TAG && strcmp(key, "tags") == 0)
                look_in_pairs(json, look, "key", "value");
            else
                json_text_skip(json);
        }
    }
}

static void look_at_model(struct json_text *json, struct look *look)
{
    enum assay_change_kind kind = look->change->kind;
    bool text = kind == ASSAY_CHANGE_MODEL_TEXT || kind == ASSAY_CHANGE_VERSION_TEXT;
    bool tag = kind == ASSAY_CHANGE_MODEL_TAG || kind == ASSAY_CHANGE_VERSION_TAG;
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (text && strcmp(key, "description") == 0)
            keep(look, json_text_string(json, ""));
        else if (tag && strcmp(key, "tags") == 0)
            look_in_pairs(json, look, "key", "value");
        else if (kind == ASSAY_CHANGE_ALIAS && strcmp(key, "aliases") == 0)
            look_in_pairs(json, look, "alias", "version");
        else
            json_text_skip(json);
    }
}

/* The path of the question, and the member of the answer that is looked at. */
static const char *question(const struct assay_change *change, struct assay_buf *path)
{
    if (change->kind <= ASSAY_CHANGE_RUN_LIFE) {
        assay_buf_text_add(path, MLFLOW_API "/runs/get");
        url_query(path, "run_id", change->run_id);
        return "run";
    }
    if (change->kind == ASSAY_CHANGE_VERSION_TAG || change->kind == ASSAY_CHANGE_VERSION_TEXT) {
        assay_buf_text_add(path, MLFLOW_API "/model-versions/get");
        url_query(path, "name", change->model);
        url_query(path, "version", change->version ? change->version : "");
        return "model_version";
    }
    assay_buf_text_add(path, MLFLOW_API "/registered-models/get");
    url_query(path, "name", change->model);
    return "registered_model";
}

/* The texts KEYS of the object {"OUTER":{"INNER":{…}}} that ANSWER is; "" where it has none. */
static void texts_within(const struct assay_buf *answer, const char *outer, const char *inner,
                         const char *const keys[2], struct assay_arena *arena,
                         const char *texts[2])
{
    const char *const levels[] = {outer, inner};
    struct json_text json;
    const char *key;
    size_t level = 0;

    texts[0] = texts[1] = "";
    json_text_init(&json, assay_buf_text(answer), answer->length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (level < ASSAY_COUNT(levels) && strcmp(key, levels[level]) == 0)
            level += json_text_enter(&json, '{');
        else if (level == ASSAY_COUNT(levels) && strcmp(key, keys[0]) == 0)
            texts[0] = json_text_string_keep(&json, arena, "");
        else if (level == ASSAY_COUNT(levels) && strcmp(key, keys[1]) == 0)
            texts[1] = json_text_string_keep(&json, arena, "");
        else
            json_text_skip(&json);
    }
    json_text_free(&json);
}
/* A logged model is looked at as well: whether it is there, and of this run. */
static enum assay_status check_logged(struct mlflow *mlflow, const struct assay_change *change,
                                      const char *id, struct assay_error *err)
{
    static const char *const keys[2] = {"source_run_id", "status"};
    struct assay_buf path = {0}, answer = {0};
    struct assay_arena arena = {0};
    enum assay_status status;
    const char *texts[2];

    assay_buf_text_add(&path, MLFLOW_API "/logged-models/");
    url_escape(&path, id, false);
    status = mlflow_call(mlflow, &(struct mlflow_call){.path = assay_buf_text(&path)}, &answer,
                         NULL, err);
    if (status == ASSAY_OK) {
        texts_within(&answer, "model", "info", keys, &arena, texts);
        if (strcmp(texts[0], change->run_id) != 0) {
            status = assay_fail(err, ASSAY_BAD_INPUT, "%s: %s is no model that run %s logged",
                                mlflow_shown(mlflow), id, change->run_id);
            assay_hint(err, "assay models --logged lists what each run logged");
        } else if (strcmp(texts[1], "LOGGED_MODEL_READY") != 0) {
            status = assay_fail(err, ASSAY_BAD_INPUT, "%s: %s is not ready: %s",
                                mlflow_shown(mlflow), id, *texts[1] ? texts[1] : "no status");
            assay_hint(err, "assay models --logged lists what the run logged besides; "
                            "--artifact models:/ID registers one of them");
        }
    }
    assay_arena_free(&arena);
    assay_buf_free(&path);
    assay_buf_free(&answer);
    return status;
}

/* The place of a registered model: the logged model itself, or the run's artifact root and the
   path below it. */
static enum assay_status model_source(struct mlflow *mlflow, const struct assay_change *change,
                                      struct assay_buf *out, struct assay_error *err)
{
    static const char *const keys[2] = {"artifact_uri", "run_id"};
    const char *logged = assay_registry_logged_model(change->value), *texts[2];
    struct assay_buf path = {0}, answer = {0};
    struct assay_arena arena = {0};
    enum assay_status status;

    if (logged) {
        assay_buf_text_add(out, change->value);
        return check_logged(mlflow, change, logged, err);
    }
    assay_buf_text_add(&path, MLFLOW_API "/runs/get");
    url_query(&path, "run_id", change->run_id);
    status = mlflow_call(mlflow, &(struct mlflow_call){.path = assay_buf_text(&path)}, &answer,
                         NULL, err);
    if (status == ASSAY_OK) {
        texts_within(&answer, "run", "info", keys, &arena, texts);
        assay_buf_text_add(out, texts[0]);
        if (!out->length)
            status = assay_fail(err, ASSAY_CORRUPT, "%s: run %s: it has no place for artifacts",
                                mlflow_shown(mlflow), change->run_id);
        if (change->value && *change->value)
            assay_buf_format(out, "/%s", change->value);
    }
    assay_arena_free(&arena);
    assay_buf_free(&path);
    assay_buf_free(&answer);
    return status;
}

/* The newest version of the model that was made of the same place of the same run. */
static enum assay_status look_registered(struct mlflow *mlflow,
                                         const struct assay_change *change, char **before,
                                         struct assay_error *err)
{
    struct assay_buf path = {0}, answer = {0}, source = {0}, raw = {0}, filter = {0};
    struct assay_registry *registry = NULL;
    const struct assay_registered_model *model;
    enum assay_status status = model_source(mlflow, change, &source, err);

    assay_buf_text_add(&path, MLFLOW_API "/model-versions/search?max_results=10000");
    assay_buf_format(&filter, "run_id = '%s'", change->run_id);
    url_query(&path, "filter", assay_buf_text(&filter));
    assay_buf_free(&filter);
    if (status == ASSAY_OK)
        status = mlflow_call(mlflow, &(struct mlflow_call){.path = assay_buf_text(&path)},
                             &answer, NULL, err);
    if (status == ASSAY_OK) {
        mlflow_registry_frame(&raw, MLFLOW_PART_VERSIONS, assay_buf_text(&answer),
                              answer.length);
        status =
            mlflow_registry_parse(mlflow_shown(mlflow), raw.data, raw.length, &registry, err);
    }
    model = registry ? assay_registry_model(registry, change->model) : NULL;
    for (size_t i = 0; model && i < model->version_count && !*before; i++)
        if (strcmp(model->versions[i].source, assay_buf_text(&source)) == 0)
            *before = assay_strdup(model->versions[i].version);
    assay_registry_free(&registry);
    assay_buf_free(&path);
    assay_buf_free(&answer);
    assay_buf_free(&source);
    assay_buf_free(&raw);
    return status;
}

enum assay_status mlflow_change_look(struct mlflow *mlflow, const struct assay_change *change,
                                     char **before, struct assay_error *err)
{
    struct assay_buf path = {0}, answer = {0};
    struct look look = {.change = change};
    struct json_text json;
    enum assay_status status;
    const char *wanted, *key;

    *before = NULL;
    if (change->kind == ASSAY_CHANGE_REGISTER)
        return look_registered(mlflow, change, before, err);
    wanted = question(change, &path);
    status = mlflow_call(mlflow, &(struct mlflow_call){.path = assay_buf_text(&path)}, &answer,
                         NULL, err);
    if (status == ASSAY_OK) {
        json_text_init(&json, assay_buf_text(&answer), answer.length);
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key)) {
            if (strcmp(key, wanted) != 0)
                json_text_skip(&json);
            else if (strcmp(wanted, "run") == 0)
                look_at_run(&json, &look);
            else
                look_at_model(&json, &look);
        }
        if (json.fault)
            status =
                assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                           mlflow_shown(mlflow), json_text_offset(&json), json.fault);
        json_text_free(&json);
    }
    *before = look.found;
    assay_buf_free(&path);
    assay_buf_free(&answer);
    return status;
}

/* ---- writing ---- */

static enum assay_status send(struct mlflow *mlflow, enum net_method method, const char *path,
                              struct assay_buf *body, bool repeatable,
                              struct mlflow_failure *failure, struct assay_error *err)
{
    enum assay_status status;

    assay_buf_char(body, '}');
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = method,
                                               .path = path,
                                               .body = assay_buf_text(body),
                                               .repeatable = repeatable,
                                               .writes = true},
                         NULL, failure, err);
    assay_buf_free(body);
    return status;
}

static struct assay_buf body_new(void)
{
    struct assay_buf body = {0};

    assay_buf_char(&body, '{');
    return body;
}

static enum assay_status write_run(struct mlflow *mlflow, const struct assay_change *change,
                                   struct assay_error *err)
{
    struct assay_buf body = body_new();
    const char *path = MLFLOW_API "/runs/update";

    mlflow_json_member(&body, "run_id", change->run_id);
    if (change->kind == ASSAY_CHANGE_RUN_NAME) {
        mlflow_json_member(&body, "run_name", change->value ? change->value : "");
    } else if (change->kind == ASSAY_CHANGE_RUN_LIFE) {
        path = change->value && strcmp(change->value, "deleted") == 0
                   ? MLFLOW_API "/runs/delete"
                   : MLFLOW_API "/runs/restore";
    } else {
        path = change->value ? MLFLOW_API "/runs/set-tag" : MLFLOW_API "/runs/delete-tag";
        mlflow_json_member(&body, "key", change->key);
        if (change->value)
            mlflow_json_member(&body, "value", change->value);
    }
    return send(mlflow, NET_POST, path, &body, change->value != NULL, NULL, err);
}

static enum assay_status write_model(struct mlflow *mlflow, const struct assay_change *change,
                                     struct assay_error *err)
{
    bool version =
        change->kind == ASSAY_CHANGE_VERSION_TAG || change->kind == ASSAY_CHANGE_VERSION_TEXT;
    struct assay_buf body = body_new();
    struct assay_buf path = {0};
    enum net_method method = change->value ? NET_POST : NET_DELETE;
    enum assay_status status;

    assay_buf_format(&path, MLFLOW_API "/%s/",
                     version ? "model-versions" : "registered-models");
    mlflow_json_member(&body, "name", change->model);
    if (version)
        mlflow_json_member(&body, "version", change->version ? change->version : "");
    if (change->kind == ASSAY_CHANGE_MODEL_TEXT || change->kind == ASSAY_CHANGE_VERSION_TEXT) {
        assay_buf_text_add(&path, "update");
        mlflow_json_member(&body, "description", change->value ? change->value : "");
        method = NET_PATCH;
    } else if (change->kind == ASSAY_CHANGE_ALIAS) {
        assay_buf_text_add(&path, "alias");
        mlflow_json_member(&body, "alias", change->key);
        if (change->value)
            mlflow_json_member(&body, "version", change->value);
    } else {
        assay_buf_text_add(&path, change->value ? "set-tag" : "delete-tag");
        mlflow_json_member(&body, "key", change->key);
        if (change->value)
            mlflow_json_member(&body, "value", change->value);
    }
    status =
        send(mlflow, method, assay_buf_text(&path), &body, change->value != NULL, NULL, err);
    assay_buf_free(&path);
    return status;
}

/* Makes the model where there is none, then the version. Neither may be sent twice: whoever
   calls looks again where no answer came. */
static enum assay_status write_version(struct mlflow *mlflow, const struct assay_change *change,
                                       struct assay_error *err)
{
    struct mlflow_failure failure;
    struct assay_buf body = body_new(), source = {0};
    struct assay_error made = {0};
    enum assay_status status;

    mlflow_json_member(&body, "name", change->model);
    status = send(mlflow, NET_POST, MLFLOW_API "/registered-models/create", &body, false,
                  &failure, &made);
    if (status != ASSAY_OK && strcmp(failure.code, "RESOURCE_ALREADY_EXISTS") != 0) {
        if (err && err->status == ASSAY_OK)
            *err = made;
        return status;
    }
    status = model_source(mlflow, change, &source, err);
    if (status == ASSAY_OK) {
        body = body_new();
        mlflow_json_member(&body, "name", change->model);
        mlflow_json_member(&body, "source", assay_buf_text(&source));
        mlflow_json_member(&body, "run_id", change->run_id);
        if (assay_registry_logged_model(change->value))
            mlflow_json_member(&body, "model_id", assay_registry_logged_model(change->value));
        status = send(mlflow, NET_POST, MLFLOW_API "/model-versions/create", &body, false, NULL,
                      err);
    }
    assay_buf_free(&source);
    return status;
}

enum assay_status mlflow_change_write(struct mlflow *mlflow, const struct assay_change *change,
                                      struct assay_error *err)
{
    if (change->kind == ASSAY_CHANGE_REGISTER)
        return write_version(mlflow, change, err);
    return change->kind <= ASSAY_CHANGE_RUN_LIFE ? write_run(mlflow, change, err)
                                                 : write_model(mlflow, change, err);
}

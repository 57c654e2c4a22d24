/*
 * The answers of MLflow's registry read as models and versions (core/model/registry.c puts them
 * together). Pure; called with what the server just said, or with what the cache kept of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "model/registry.h"
#include "remote/mlflow_private.h"
#include "remote/mlflow_registry.h"

/* ---- from JSON ---- */

static void read_aliases(struct json_text *json, struct assay_arena *arena,
                         struct assay_registered_model *model)
{
    const char *key;

    if (!json_text_enter(json, '['))
        return;
    while (json_text_element(json)) {
        struct assay_model_alias alias = {.alias = NULL, .version = ""};

        if (!json_text_enter(json, '{'))
            continue;
        while (json_text_member(json, &key)) {
            if (strcmp(key, "alias") == 0)
                alias.alias = json_text_string_keep(json, arena, NULL);
            else if (strcmp(key, "version") == 0)
                alias.version = json_text_string_keep(json, arena, "");
            else
                json_text_skip(json);
        }
        if (alias.alias)
            *ASSAY_PUSH(arena, model->aliases, model->alias_count) = alias;
    }
}

static void read_model(struct json_text *json, struct registry_build *build)
{
    struct assay_registered_model model = {
        .description = "", .created_ms = ASSAY_NO_TIME, .updated_ms = ASSAY_NO_TIME};
    struct assay_arena *arena = registry_build_arena(build);
    const char *key;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "name") == 0)
            model.name = json_text_string_keep(json, arena, NULL);
        else if (strcmp(key, "description") == 0)
            model.description = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "creation_timestamp") == 0)
            model.created_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "last_updated_timestamp") == 0)
            model.updated_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "tags") == 0)
            mlflow_take_pairs(json, arena, &model.tags, &model.tag_count);
        else if (strcmp(key, "aliases") == 0)
            read_aliases(json, arena, &model);
        else
            json_text_skip(json);
    }
    if (!json->fault)
        registry_build_model(build, &model);
}

static const char **read_texts(struct json_text *json, struct assay_arena *arena, size_t *count)
{
    const char **texts = NULL;

    if (!json_text_enter(json, '['))
        return NULL;
    while (json_text_element(json)) {
        const char *text = json_text_string_keep(json, arena, NULL);

        if (text)
            *ASSAY_PUSH(arena, texts, *count) = text;
    }
    return texts;
}

/* Whether KEY is one of the plain texts of a version; takes it then. */
static bool read_version_text(struct json_text *json, struct assay_arena *arena,
                              const char *key, struct assay_model_version *out)
{
    const struct {
        const char *key;
        const char **text;
    } texts[] = {
        {"version", &out->version},
        {"status", &out->status},
        {"status_message", &out->status_message},
        {"current_stage", &out->stage},
        {"description", &out->description},
        {"source", &out->source},
        {"run_id", &out->run_id},
        {"run_link", &out->run_link},
        {"user_id", &out->user},
        {"model_id", &out->model_id},
    };

    for (size_t i = 0; i < ASSAY_COUNT(texts); i++)
        if (strcmp(key, texts[i].key) == 0) {
            *texts[i].text = json_text_string_keep(json, arena, "");
            return true;
        }
    return false;
}

static void read_version(struct json_text *json, struct registry_build *build)
{
    struct assay_arena *arena = registry_build_arena(build);
    struct assay_model_version v = registry_version_blank;
    const char *key, *name = NULL;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "name") == 0)
            name = json_text_string_keep(json, arena, NULL);
        else if (strcmp(key, "creation_timestamp") == 0)
            v.created_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "last_updated_timestamp") == 0)
            v.updated_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "tags") == 0)
            mlflow_take_pairs(json, arena, &v.tags, &v.tag_count);
        else if (strcmp(key, "aliases") == 0)
            v.aliases = read_texts(json, arena, &v.alias_count);
        else if (!read_version_text(json, arena, key, &v))
            json_text_skip(json);
    }
    if (!json->fault)
        registry_build_version(build, name, &v);
}

static enum assay_status read_answer(struct registry_build *build, const char *where,
                                     enum mlflow_registry_part part, const char *body,
                                     size_t length, struct assay_error *err)
{
    const char *list = part == MLFLOW_PART_MODELS ? "registered_models" : "model_versions";
    enum assay_status status = ASSAY_OK;
    struct json_text json;
    const char *key;

    json_text_init(&json, body, length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, list) != 0) {
            json_text_skip(&json);
            continue;
        }
        if (!json_text_enter(&json, '['))
            continue;
        while (json_text_element(&json)) {
            if (part == MLFLOW_PART_MODELS)
                read_model(&json, build);
            else
                read_version(&json, build);
        }
    }
    if (json.fault)
        status = assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                            where, json_text_offset(&json), json.fault);
    json_text_free(&json);
    return status;
}

enum assay_status mlflow_registry_parse(const char *where, const void *bytes, size_t length,
                                        struct assay_registry **out, struct assay_error *err)
{
    struct registry_build *build = registry_build_new();
    enum assay_status status = ASSAY_OK;
    const char *at = bytes, *end = at + length;
    uint64_t head[2];

    *out = NULL;
    while (status == ASSAY_OK && at < end) {
        if ((size_t)(end - at) < sizeof head) {
            status = assay_fail(err, ASSAY_CORRUPT, "%s: its registry is cut short", where);
            break;
        }
        memcpy(head, at, sizeof head);
        at += sizeof head;
        if (head[0] > MLFLOW_PART_VERSIONS || head[1] > (uint64_t)(end - at)) {
            status = assay_fail(err, ASSAY_CORRUPT, "%s: its registry is cut short", where);
            break;
        }
        status = read_answer(build, where, (enum mlflow_registry_part)head[0], at,
                             (size_t)head[1], err);
        at += head[1];
    }
    if (status == ASSAY_OK)
        *out = registry_build_finish(&build);
    registry_build_free(&build);
    return status;
}

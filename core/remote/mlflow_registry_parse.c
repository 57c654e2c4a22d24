/*
 * The answers of MLflow's registry turned into models and versions: each version is put below
 * its model, aliases are shown on both, and the one in use is marked. Pure; called with what
 * the server just said, or with what the cache kept of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/map.h>
#include <assay/text.h>

#include "remote/mlflow_private.h"
#include "remote/mlflow_registry.h"

#define MODELS_MAX   1000000u
#define VERSIONS_MAX 4000000u

struct version_item { /* while it is not known how many each model has */
    struct assay_model_version version;
    uint32_t model;
};
struct reading {
    struct assay_registry *registry;
    struct assay_arena *arena;
    struct assay_map by_name;
    size_t capacity;
    struct version_item *items;
    size_t item_count, item_capacity;
};

/* The model NAME, which is made where it was not met yet. */
static uint32_t model_at(struct reading *r, const char *name)
{
    uint32_t i = assay_map_get(&r->by_name, name, strlen(name));

    if (i != ASSAY_MAP_NONE || r->registry->count >= MODELS_MAX)
        return i;
    i = (uint32_t)r->registry->count;
    ASSAY_GROW(r->registry->models, r->capacity, r->registry->count + 1);
    r->registry->models[r->registry->count++] = (struct assay_registered_model){
        .name = assay_arena_strdup(r->arena, name),
        .description = "",
        .created_ms = ASSAY_NO_TIME,
        .updated_ms = ASSAY_NO_TIME,
        .champion = SIZE_MAX,
    };
    assay_map_set(&r->by_name, name, strlen(name), i);
    return i;
}

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
            *MLFLOW_PUSH(arena, model->aliases, model->alias_count) = alias;
    }
}

static void read_model(struct json_text *json, struct reading *r)
{
    struct assay_registered_model model = {
        .description = "", .created_ms = ASSAY_NO_TIME, .updated_ms = ASSAY_NO_TIME};
    const char *key;
    uint32_t index;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "name") == 0)
            model.name = json_text_string_keep(json, r->arena, NULL);
        else if (strcmp(key, "description") == 0)
            model.description = json_text_string_keep(json, r->arena, "");
        else if (strcmp(key, "creation_timestamp") == 0)
            model.created_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "last_updated_timestamp") == 0)
            model.updated_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "tags") == 0)
            mlflow_take_pairs(json, r->arena, &model.tags, &model.tag_count);
        else if (strcmp(key, "aliases") == 0)
            read_aliases(json, r->arena, &model);
        else
            json_text_skip(json);
    }
    if (json->fault || !model.name || !*model.name)
        return;
    index = model_at(r, model.name);
    if (index == ASSAY_MAP_NONE)
        return;
    model.champion = SIZE_MAX;
    r->registry->models[index] = model;
}

static const char **read_texts(struct json_text *json, struct assay_arena *arena, size_t *count)
{
    const char **texts = NULL;

    if (!json_text_enter(json, '['))
        return NULL;
    while (json_text_element(json)) {
        const char *text = json_text_string_keep(json, arena, NULL);

        if (text)
            *MLFLOW_PUSH(arena, texts, *count) = text;
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

static void read_version(struct json_text *json, struct reading *r)
{
    struct assay_model_version v = {.version = "",
                                    .status = "",
                                    .status_message = "",
                                    .stage = "",
                                    .description = "",
                                    .source = "",
                                    .run_id = "",
                                    .run_link = "",
                                    .user = "",
                                    .model_id = "",
                                    .created_ms = ASSAY_NO_TIME,
                                    .updated_ms = ASSAY_NO_TIME};
    const char *key, *name = NULL;
    uint32_t model;

    if (!json_text_enter(json, '{'))
        return;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "name") == 0)
            name = json_text_string_keep(json, r->arena, NULL);
        else if (strcmp(key, "creation_timestamp") == 0)
            v.created_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "last_updated_timestamp") == 0)
            v.updated_ms = json_text_integer(json, ASSAY_NO_TIME);
        else if (strcmp(key, "tags") == 0)
            mlflow_take_pairs(json, r->arena, &v.tags, &v.tag_count);
        else if (strcmp(key, "aliases") == 0)
            v.aliases = read_texts(json, r->arena, &v.alias_count);
        else if (!read_version_text(json, r->arena, key, &v))
            json_text_skip(json);
    }
    if (strcmp(v.stage, "None") == 0)
        v.stage = "";
    if (json->fault || !name || !*name || !*v.version || r->item_count >= VERSIONS_MAX)
        return;
    model = model_at(r, name);
    if (model == ASSAY_MAP_NONE)
        return;
    ASSAY_GROW(r->items, r->item_capacity, r->item_count + 1);
    r->items[r->item_count++] = (struct version_item){.version = v, .model = model};
    r->registry->models[model].version_count++;
}

static enum assay_status read_answer(struct reading *r, const char *where,
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
                read_model(&json, r);
            else
                read_version(&json, r);
        }
    }
    if (json.fault)
        status = assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                            where, json_text_offset(&json), json.fault);
    json_text_free(&json);
    return status;
}

/* ---- putting together ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct assay_pair *)a)->key, ((const struct assay_pair *)b)->key);
}

static int by_alias(const void *a, const void *b)
{
    return strcmp(((const struct assay_model_alias *)a)->alias,
                  ((const struct assay_model_alias *)b)->alias);
}

static int newest_first(const void *a, const void *b)
{
    return -assay_text_natural(((const struct assay_model_version *)a)->version,
                               ((const struct assay_model_version *)b)->version);
}

static int by_name(const void *a, const void *b)
{
    const struct assay_registered_model *one = a, *other = b;

    if (one->prompt != other->prompt)
        return one->prompt ? 1 : -1;
    return assay_text_natural(one->name, other->name);
}

static void sort_pairs(struct assay_pair *pairs, size_t count)
{
    if (count > 1)
        qsort(pairs, count, sizeof *pairs, by_key);
}

/* Searches tell the aliases with the model, not always with the version. */
static void give_aliases(struct assay_arena *arena, const struct assay_registered_model *model,
                         struct assay_model_version *version)
{
    const char **aliases = NULL;
    size_t count = 0;

    for (size_t i = 0; i < model->alias_count; i++)
        if (strcmp(model->aliases[i].version, version->version) == 0)
            *MLFLOW_PUSH(arena, aliases, count) = model->aliases[i].alias;
    if (!count)
        return;
    version->aliases = aliases;
    version->alias_count = count;
}

/* How surely a version is the one in use: an alias that says so, then a stage. */
static int standing(const struct assay_model_version *version)
{
    static const char *const names[] = {"champion", "production", "prod", "live"};

    for (size_t n = 0; n < ASSAY_COUNT(names); n++)
        for (size_t i = 0; i < version->alias_count; i++)
            if (strcasecmp(version->aliases[i], names[n]) == 0)
                return 10 - (int)n;
    return strcasecmp(version->stage, "Production") == 0 ? 1 : 0;
}

static void finish_model(struct reading *r, struct assay_registered_model *model)
{
    int best = 0;

    sort_pairs(model->tags, model->tag_count);
    if (model->alias_count > 1)
        qsort(model->aliases, model->alias_count, sizeof *model->aliases, by_alias);
    if (model->version_count > 1)
        qsort(model->versions, model->version_count, sizeof *model->versions, newest_first);
    for (size_t i = 0; i < model->version_count; i++) {
        struct assay_model_version *version = &model->versions[i];

        sort_pairs(version->tags, version->tag_count);
        give_aliases(r->arena, model, version);
        if (standing(version) > best) {
            best = standing(version);
            model->champion = i;
        }
    }
    model->prompt =
        assay_registry_tag(model->tags, model->tag_count, "mlflow.prompt.is_prompt") != NULL;
}

/* A page may bring again what the one before had, where something was added in between. */
static void drop_doubles(struct assay_registered_model *model)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->version_count; i++)
        if (!kept || strcmp(model->versions[kept - 1].version, model->versions[i].version) != 0)
            model->versions[kept++] = model->versions[i];
    model->version_count = kept;
}

static void put_together(struct reading *r)
{
    struct assay_registry *registry = r->registry;
    struct assay_registered_model *models =
        assay_arena_alloc(r->arena, (registry->count + 1) * sizeof *models);

    for (size_t i = 0; i < registry->count; i++) {
        models[i] = registry->models[i];
        models[i].version_count = 0;
    }
    for (size_t i = 0; i < r->item_count; i++) {
        struct assay_registered_model *model = &models[r->items[i].model];

        *MLFLOW_PUSH(r->arena, model->versions, model->version_count) = r->items[i].version;
    }
    free(registry->models);
    registry->models = models;
    for (size_t i = 0; i < registry->count; i++) {
        struct assay_registered_model *model = &models[i];

        if (model->version_count > 1)
            qsort(model->versions, model->version_count, sizeof *model->versions, newest_first);
        drop_doubles(model);
        finish_model(r, model);
    }
    if (registry->count > 1)
        qsort(models, registry->count, sizeof *models, by_name);
}

enum assay_status mlflow_registry_parse(const char *where, const void *bytes, size_t length,
                                        struct assay_registry **out, struct assay_error *err)
{
    struct assay_registry *registry = assay_alloc(sizeof *registry);
    struct reading r = {.registry = registry, .arena = &registry->arena};
    enum assay_status status = ASSAY_OK;
    const char *at = bytes, *end = at + length;
    uint64_t head[2];

    registry->read_ms = ASSAY_NO_TIME;
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
        status = read_answer(&r, where, (enum mlflow_registry_part)head[0], at, (size_t)head[1],
                             err);
        at += head[1];
    }
    put_together(&r);
    assay_map_free(&r.by_name);
    free(r.items);
    if (status != ASSAY_OK)
        assay_registry_free(&registry);
    *out = registry;
    return status;
}

/* ---- <assay/registry.h> ---- */

void assay_registry_free(struct assay_registry **registry)
{
    if (!*registry)
        return;
    assay_arena_free(&(*registry)->arena);
    free(*registry);
    *registry = NULL;
}

const struct assay_registered_model *assay_registry_model(const struct assay_registry *registry,
                                                          const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->models[i].name, name) == 0)
            return &registry->models[i];
    return NULL;
}

const struct assay_model_version *
assay_registry_version(const struct assay_registered_model *model, const char *version)
{
    const char *alias = version + (version[0] == '@');

    for (size_t i = 0; version[0] != '@' && i < model->version_count; i++)
        if (strcmp(model->versions[i].version, version) == 0)
            return &model->versions[i];
    for (size_t i = 0; i < model->version_count; i++)
        for (size_t k = 0; k < model->versions[i].alias_count; k++)
            if (strcmp(model->versions[i].aliases[k], alias) == 0)
                return &model->versions[i];
    return NULL;
}

const char *assay_registry_tag(const struct assay_pair *tags, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(tags[i].key, key) == 0)
            return tags[i].value;
    return NULL;
}

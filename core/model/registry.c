/*
 * Models and versions put together to a registry (registry.h), and the look-ups of
 * <assay/registry.h>. Called with a server's answers (core/remote) and with what a store on
 * disk has (core/source).
 */
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/map.h>
#include <assay/text.h>

#define MODELS_MAX   1000000u
#define VERSIONS_MAX 4000000u

struct version_item { /* while it is not known how many each model has */
    struct assay_model_version version;
    uint32_t model;
};
struct registry_build {
    struct assay_registry *registry;
    struct assay_map by_name;
    size_t capacity;
    struct version_item *items;
    size_t item_count, item_capacity;
};

const struct assay_model_version registry_version_blank = {.version = "",
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

struct registry_build *registry_build_new(void)
{
    struct registry_build *build = assay_alloc(sizeof *build);

    build->registry = assay_alloc(sizeof *build->registry);
    build->registry->read_ms = ASSAY_NO_TIME;
    return build;
}

struct assay_arena *registry_build_arena(struct registry_build *build)
{
    return &build->registry->arena;
}

/* The model NAME, which is made where it was not met yet. */
static uint32_t model_at(struct registry_build *build, const char *name)
{
    struct assay_registry *registry = build->registry;
    uint32_t i = assay_map_get(&build->by_name, name, strlen(name));

    if (i != ASSAY_MAP_NONE || registry->count >= MODELS_MAX)
        return i;
    i = (uint32_t)registry->count;
    ASSAY_GROW(registry->models, build->capacity, registry->count + 1);
    registry->models[registry->count++] = (struct assay_registered_model){
        .name = assay_arena_strdup(&registry->arena, name),
        .description = "",
        .created_ms = ASSAY_NO_TIME,
        .updated_ms = ASSAY_NO_TIME,
        .champion = SIZE_MAX,
    };
    assay_map_set(&build->by_name, name, strlen(name), i);
    return i;
}

void registry_build_model(struct registry_build *build,
                          const struct assay_registered_model *model)
{
    struct assay_registered_model *to;
    size_t versions;
    uint32_t index;

    if (!model->name || !*model->name)
        return;
    index = model_at(build, model->name);
    if (index == ASSAY_MAP_NONE)
        return;
    to = &build->registry->models[index];
    versions = to->version_count;
    *to = *model;
    to->versions = NULL;
    to->version_count = versions;
    to->champion = SIZE_MAX;
}

void registry_build_version(struct registry_build *build, const char *model,
                            const struct assay_model_version *version)
{
    struct version_item *item;
    uint32_t index;

    if (!model || !*model || !*version->version || build->item_count >= VERSIONS_MAX)
        return;
    index = model_at(build, model);
    if (index == ASSAY_MAP_NONE)
        return;
    ASSAY_GROW(build->items, build->item_capacity, build->item_count + 1);
    item = &build->items[build->item_count++];
    *item = (struct version_item){.version = *version, .model = index};
    if (strcmp(item->version.stage, "None") == 0)
        item->version.stage = "";
    build->registry->models[index].version_count++;
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
            *ASSAY_PUSH(arena, aliases, count) = model->aliases[i].alias;
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

static void finish_model(struct registry_build *build, struct assay_registered_model *model)
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
        give_aliases(&build->registry->arena, model, version);
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

static void put_together(struct registry_build *build)
{
    struct assay_registry *registry = build->registry;
    struct assay_registered_model *models =
        assay_arena_alloc(&build->registry->arena, (registry->count + 1) * sizeof *models);

    for (size_t i = 0; i < registry->count; i++) {
        models[i] = registry->models[i];
        models[i].version_count = 0;
    }
    for (size_t i = 0; i < build->item_count; i++) {
        struct assay_registered_model *model = &models[build->items[i].model];

        *ASSAY_PUSH(&build->registry->arena, model->versions, model->version_count) =
            build->items[i].version;
    }
    free(registry->models);
    registry->models = models;
    for (size_t i = 0; i < registry->count; i++) {
        struct assay_registered_model *model = &models[i];

        if (model->version_count > 1)
            qsort(model->versions, model->version_count, sizeof *model->versions, newest_first);
        drop_doubles(model);
        finish_model(build, model);
    }
    if (registry->count > 1)
        qsort(models, registry->count, sizeof *models, by_name);
}

struct assay_registry *registry_build_finish(struct registry_build **build)
{
    struct assay_registry *registry = (*build)->registry;

    put_together(*build);
    (*build)->registry = NULL;
    registry_build_free(build);
    return registry;
}

void registry_build_free(struct registry_build **build)
{
    if (!*build)
        return;
    if ((*build)->registry) {
        free((*build)->registry->models); /* not in the arena before it is finished */
        assay_arena_free(&(*build)->registry->arena);
        free((*build)->registry);
    }
    assay_map_free(&(*build)->by_name);
    free((*build)->items);
    free(*build);
    *build = NULL;
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

/* ---- where a run's model lies ---- */

const char *assay_registry_logged_model(const char *place)
{
    const size_t length = strlen(ASSAY_LOGGED_MODEL);

    return place && strncmp(place, ASSAY_LOGGED_MODEL "m-", length + 2) == 0 ? place + length
                                                                             : NULL;
}

char *assay_registry_model_place(const struct assay_attrs *attrs)
{
    static const char key[] = "\"artifact_path\": \"";
    const char *history = assay_attrs_tag(attrs, "mlflow.log-model.history"), *last = NULL;
    const struct assay_output *logged = NULL;
    struct assay_buf out = {0};

    for (size_t i = 0; i < attrs->output_count; i++)
        if (strncmp(attrs->outputs[i].id, "m-", 2) == 0 &&
            (!logged || attrs->outputs[i].step > logged->step))
            logged = &attrs->outputs[i];
    for (const char *at = history; at && (at = strstr(at, key));) {
        at += strlen(key);
        if (at[strcspn(at, "\"\\")] == '"') /* the server cuts long tags */
            last = at;
    }
    if (logged)
        assay_buf_format(&out, ASSAY_LOGGED_MODEL "%s", logged->id);
    else if (last)
        assay_buf_add(&out, last, strcspn(last, "\"\\"));
    return assay_buf_take(&out);
}

bool assay_logged_has_steps(const struct assay_logged_model *model, size_t metric)
{
    const struct assay_metric *one = &model->metrics[metric];

    for (size_t i = 0; i < model->metric_count; i++)
        if (model->metrics[i].summary.step != one->summary.step &&
            strcmp(model->metrics[i].key, one->key) == 0)
            return true;
    return false;
}

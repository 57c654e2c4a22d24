/*
 * MLflow servers as a platform (mlflow_platform.h): model versions with their runs and files,
 * and the three things that can point at one: an alias, a stage, a tag of the model. Called by
 * act_request.c through the vtable. Waits for the network.
 */
#include "approval/mlflow_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/approval.h>
#include <assay/ini.h>
#include <assay/registry.h>

#include "remote/mlflow_registry.h"
#include "remote/url.h"

/* Looking for the section [source NAME] of the configuration file whose place is the URL. */
struct looking {
    const char *url;
    char section[128];
    bool here, found; /* the section under way is it; one was */
    bool secret;      /* something in it others must not read */
    struct server_settings settings;
};

static void begin_section(struct looking *l, const char *section)
{
    if (l->here)
        l->found = true;
    if (l->found)
        return;
    server_settings_free(&l->settings);
    l->secret = false;
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
    (void)err;
    if (strcmp(key, "place") != 0)
        (void)server_settings_set(&l->settings, key, value, NULL);
    else if (server_settings_url(&l->settings, value, NULL) == ASSAY_OK)
        l->here = strcmp(l->url, l->settings.url) == 0;
    l->secret = l->secret || server_settings_secret(key, value) || l->settings.password;
    return ASSAY_OK;
}

/* What the configuration file says of the server at URL, where it says anything. */
static enum assay_status configure(struct server_settings *settings, struct assay_error *err)
{
    struct looking l = {.url = settings->url, .settings = SERVER_SETTINGS_INIT};
    char *path = assay_config_path();
    enum assay_status status = ASSAY_OK;

    if (path && access(path, R_OK) == 0)
        (void)assay_ini_read(path, take_setting, &l, NULL);
    if ((l.found || l.here) && !settings->user) {
        if (l.secret)
            status = server_settings_private(path, err);
        char *url = settings->url;
        settings->url = NULL;
        server_settings_free(settings);
        server_settings_copy(settings, &l.settings);
        free(settings->url);
        settings->url = url;
    }
    server_settings_free(&l.settings);
    free(path);
    return status;
}

static enum assay_status open_site(struct mlflow_site **out,
                                   const struct server_settings *settings,
                                   struct assay_error *err)
{
    struct mlflow_site *site = assay_alloc(sizeof *site);
    enum assay_status status;

    site->net = net_new();
    status = mlflow_open(&site->mlflow, site->net, settings, err);
    if (status != ASSAY_OK)
        mlflow_site_close(&site);
    *out = site;
    return status;
}

enum assay_status mlflow_site_open(struct mlflow_site **out, const char *url,
                                   struct assay_error *err)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    enum assay_status status = server_settings_url(&settings, url, err);

    *out = NULL;
    if (status == ASSAY_OK)
        status = configure(&settings, err);
    if (status == ASSAY_OK)
        status = open_site(out, &settings, err);
    server_settings_free(&settings);
    return status;
}

static enum assay_status take_named(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct looking *l = context;
    enum assay_status status = ASSAY_OK;

    if (strncmp(section, "source ", 7) != 0 || strcmp(section + 7, l->settings.name) != 0)
        return ASSAY_OK;
    if (strcmp(key, "place") != 0)
        (void)server_settings_set(&l->settings, key, value, NULL);
    else if (strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0)
        status = server_settings_url(&l->settings, value, err);
    l->secret = l->secret || server_settings_secret(key, value) || l->settings.password;
    return status;
}

enum assay_status mlflow_site_open_named(struct mlflow_site **out, const char *name,
                                         struct assay_error *err)
{
    struct looking l = {.settings = SERVER_SETTINGS_INIT};
    char *path = assay_config_path();
    enum assay_status status = ASSAY_OK;

    *out = NULL;
    l.settings.name = assay_strdup(name);
    if (path && access(path, R_OK) == 0)
        status = assay_ini_read(path, take_named, &l, err);
    if (status == ASSAY_OK && l.settings.url && l.secret)
        status = server_settings_private(path, err);
    if (status == ASSAY_OK)
        status = l.settings.url ? open_site(out, &l.settings, err) : ASSAY_NO;
    server_settings_free(&l.settings);
    free(path);
    return status;
}

/* Whatever is neither a URL nor a server's name, nothing that was approved stands there: a
   folder of MLflow's is at most what lies behind a server, and requests name the server. */
enum assay_status assay_approval_place(const char *source, char **place,
                                       struct assay_error *err)
{
    struct mlflow_site *site = NULL;
    struct assay_error why = {0};
    enum assay_status status = ASSAY_OK;
    size_t length = strlen(source);

    *place = NULL;
    if (!source[0] || strstr(source, "://")) {
        while (length > 0 && source[length - 1] == '/')
            length--;
        *place = assay_strndup(source, length);
        return ASSAY_OK;
    }
    if (!strchr(source, '/'))
        status = mlflow_site_open_named(&site, source, &why);
    if (site)
        *place = assay_strdup(mlflow_site_place(site));
    mlflow_site_close(&site);
    if (*place)
        return ASSAY_OK;
    if (status != ASSAY_OK && why.what[0]) {
        if (err)
            *err = why;
        return status;
    }
    assay_fail(err, ASSAY_IO,
               "%s: is no MLflow server; what is approved stands at servers, and in the local "
               "registry",
               source);
    assay_hint(err, "give the URL of the server that keeps these models, or its name in the "
                    "configuration file; -S '' is the local registry");
    return ASSAY_IO;
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

enum assay_status mlflow_site_get(struct mlflow_site *site, const char *path, uint64_t limit,
                                  struct assay_buf *out, struct mlflow_failure *failure,
                                  struct assay_error *err)
{
    const struct mlflow_call call = {.method = NET_GET,
                                     .path = path,
                                     .limit = limit,
                                     .cancelled = site->cancelled,
                                     .context = site->context};
    return mlflow_call(site->mlflow, &call, out, failure, err);
}

enum assay_status mlflow_site_sound(const struct mlflow_site *site,
                                    const struct json_text *json, struct assay_error *err)
{
    if (!json->fault)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: %s",
                      mlflow_site_place(site), json->fault);
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
    assay_buf_text_add(&path, MLFLOW_API_PATH "/registered-models/alias");
    url_query(&path, "name", model);
    url_query(&path, "alias", alias);
    enum assay_status status =
        mlflow_site_get(site, assay_buf_text(&path), 0, &body, &failure, &why);
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
        status = mlflow_site_sound(site, &json, err);
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
    const char *path = MLFLOW_API_PATH "/registered-models/alias";
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
        path = MLFLOW_API_PATH "/model-versions/transition-stage";
        member(&body, "version", version);
        member(&body, "stage", name);
        assay_buf_text_add(&body, ",\"archive_existing_versions\":true");
    } else {
        path = MLFLOW_API_PATH "/registered-models/set-tag";
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

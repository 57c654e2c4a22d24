/*
 * Which sources were asked for: the arguments; else $ASSAY_SOURCES; else the configuration
 * file's sources, the local store, $MLFLOW_TRACKING_URI and the current directory.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/ini.h>
#include <assay/text.h>

#include "remote/databricks.h"
#include "remote/url.h"
#include "session/session_private.h"

static struct session_place *add_place(struct session_places *places, const char *name,
                                       const char *place, bool named)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i].place, place) == 0)
            return &places->items[i];
    ASSAY_GROW(places->items, places->capacity, places->count + 1);
    places->items[places->count] = (struct session_place){
        .name = assay_strdup(name),
        .place = assay_strdup(place),
        .named = named,
    };
    return &places->items[places->count++];
}

static void settings_free(struct server_settings **settings)
{
    if (*settings)
        server_settings_free(*settings);
    free(*settings);
    *settings = NULL;
}

void places_free(struct session_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        free(places->items[i].name);
        free(places->items[i].place);
        settings_free(&places->items[i].settings);
    }
    free(places->items);
    *places = (struct session_places){0};
}

static bool is_url(const char *place)
{
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

/* ---- the configuration file ---- */

/* What the file says of one source, gathered while its section is read. */
static struct session_place *section_place(struct session_places *places, const char *name)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i].name, name) == 0)
            return &places->items[i];
    ASSAY_GROW(places->items, places->capacity, places->count + 1);
    places->items[places->count] = (struct session_place){
        .name = assay_strdup(name),
        .settings = assay_alloc(sizeof(struct server_settings)),
        .named = true,
    };
    *places->items[places->count].settings = SERVER_SETTINGS_INIT;
    places->items[places->count].settings->name = assay_strdup(name);
    return &places->items[places->count++];
}

static enum assay_status set_place(struct session_place *place, const char *value,
                                   struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    free(place->place);
    if (is_url(value)) {
        status = server_settings_url(place->settings, value, err);
        place->secret = place->secret || place->settings->password;
        place->place = assay_strdup(place->settings->url ? place->settings->url : "");
    } else if (value[0] == '~' && value[1] == '/' && getenv("HOME")) {
        place->place = assay_path_join(getenv("HOME"), value + 2);
    } else {
        place->place = assay_strdup(value);
    }
    return status;
}

/* Sections [source NAME] with `place = PATH, URL or databricks://PROFILE` and what a server
   needs beside it; other sections are other readers' business. */
static enum assay_status take_entry(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct session_place *place;
    enum assay_status status;

    if (strncmp(section, "source ", 7) != 0)
        return ASSAY_OK;
    place = section_place(context, section + 7);
    if (strcmp(key, "place") == 0)
        return set_place(place, value, err);
    status = server_settings_set(place->settings, key, value, err);
    if (status == ASSAY_NO) {
        assay_fail(err, ASSAY_BAD_INPUT, "[%s] has no setting %s", section, key);
        assay_hint(err, "where it lies is said by: place = PATH, URL or databricks://PROFILE");
        return ASSAY_BAD_INPUT;
    }
    place->secret = place->secret || server_settings_secret(key, value);
    place->server_only = true;
    return status;
}

static bool signs_in(const struct server_settings *settings)
{
    return settings->user || settings->password || settings->password_command ||
           settings->token || settings->token_command;
}

/* A section without a place, or with what only servers have; secrets that others can read. */
static enum assay_status check_config(struct session_places *places, const char *path,
                                      struct assay_error *err)
{
    for (size_t i = 0; i < places->count; i++) {
        struct session_place *place = &places->items[i];

        if (!place->place)
            return assay_fail(err, ASSAY_BAD_INPUT, "%s: [source %s] has no `place`", path,
                              place->name);
        if (place->secret && server_settings_private(path, err) != ASSAY_OK)
            return ASSAY_BAD_INPUT;
        if (databricks_is_place(place->place) && signs_in(place->settings)) {
            assay_fail(err, ASSAY_BAD_INPUT, "%s: [source %s]: %s brings its own token", path,
                       place->name, place->place);
            assay_hint(err, "leave user, password and token out, or give the workspace's "
                            "address as the place");
            return ASSAY_BAD_INPUT;
        }
        if (is_url(place->place) || databricks_is_place(place->place))
            continue;
        if (place->server_only)
            return assay_fail(err, ASSAY_BAD_INPUT,
                              "%s: [source %s] is a path, and has settings of a server", path,
                              place->name);
        settings_free(&place->settings);
    }
    return ASSAY_OK;
}

static enum assay_status read_config(struct session_places *places, struct assay_error *err)
{
    char *path = assay_config_path();
    enum assay_status status = ASSAY_OK;

    if (path && access(path, F_OK) == 0) {
        status = assay_ini_read(path, take_entry, places, err);
        if (status == ASSAY_OK)
            status = check_config(places, path, err);
    }
    free(path);
    return status;
}

/* ---- servers ---- */

/* Adds the server of SETTINGS (copied). What lies in another workspace is another source. */
static void add_server(struct session_places *places, const struct server_settings *settings,
                       bool named)
{
    const char *workspace = settings->workspace;
    struct session_place *place;
    struct assay_buf text = {0};

    if (!workspace && !settings->name)
        workspace = getenv("MLFLOW_WORKSPACE");
    assay_buf_text_add(&text, settings->url);
    if (workspace && *workspace && strcmp(workspace, "default") != 0)
        assay_buf_format(&text, "#%s", workspace);
    place = add_place(places, settings->name, assay_buf_text(&text), named);
    if (!place->settings) {
        place->settings = assay_alloc(sizeof *place->settings);
        server_settings_copy(place->settings, settings);
        if (workspace && !place->settings->workspace)
            place->settings->workspace = assay_strdup(workspace);
    }
    assay_buf_free(&text);
}

/* The server at URL: with the settings the configuration file has for it, if any. */
static enum assay_status add_url(struct session_places *places,
                                 const struct session_places *known, const char *url,
                                 bool named, struct assay_error *err)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    enum assay_status status = server_settings_url(&settings, url, err);
    bool own = settings.user || settings.password;

    for (size_t i = 0; i < known->count && status == ASSAY_OK && !own; i++)
        if (known->items[i].settings && strcmp(known->items[i].place, settings.url) == 0) {
            add_server(places, known->items[i].settings, named);
            goto out;
        }
    if (status == ASSAY_OK)
        add_server(places, &settings, named);
out:
    server_settings_free(&settings);
    return status;
}

/* A workspace of Databricks by its name there; with what the configuration file says besides
   (SAID, or NULL). Where its profile lies is looked for only when the workspace is wanted. */
static enum assay_status add_databricks(struct session_places *places, const char *place,
                                        const struct server_settings *said, bool named,
                                        struct assay_error *err)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    enum assay_status status;

    if (said)
        server_settings_copy(&settings, said);
    status = databricks_settings(place, &settings, err);
    if (status == ASSAY_OK)
        add_server(places, &settings, named);
    server_settings_free(&settings);
    return status;
}

/* What was asked for and is not known is a wrong argument. */
static enum assay_status found(enum assay_status status, struct assay_error *err)
{
    if (status != ASSAY_NO)
        return status;
    if (err)
        err->status = ASSAY_BAD_INPUT;
    return ASSAY_BAD_INPUT;
}

/* One of the configuration file. A profile that is not known fails the source where it is one
   of several, as a path does that is missing; who asked for it alone is told at once. */
static enum assay_status add_known_databricks(struct session_places *places,
                                              const struct session_place *known, bool named,
                                              struct assay_error *err)
{
    enum assay_status status =
        add_databricks(places, known->place, known->settings, named, err);
    struct assay_buf text = {0};

    if (status != ASSAY_NO || named)
        return found(status, err);
    if (err)
        assay_error_clear(err);
    databricks_uri(known->place, &text);
    add_place(places, known->name, assay_buf_text(&text), false);
    assay_buf_free(&text);
    return ASSAY_OK;
}

static enum assay_status add_known(struct session_places *places,
                                   const struct session_place *known, bool named,
                                   struct assay_error *err)
{
    if (known->settings && databricks_is_place(known->place))
        return add_known_databricks(places, known, named, err);
    if (known->settings)
        add_server(places, known->settings, named);
    else
        add_place(places, known->name, known->place, named);
    return ASSAY_OK;
}

/* ---- the list ---- */

/* ARGUMENT as the user gave it: a path that is there, a URL, a name from the file, "local". */
static enum assay_status add_argument(struct session_places *places,
                                      const struct session_places *known, const char *argument,
                                      struct assay_error *err)
{
    struct stat status;

    if (is_url(argument))
        return add_url(places, known, argument, true, err);
    if (databricks_is_uri(argument))
        return found(add_databricks(places, argument, NULL, true, err), err);
    if (strncmp(argument, "file://", 7) == 0)
        argument += 7;
    if (stat(argument, &status) == 0) {
        add_place(places, NULL, argument, true);
        return ASSAY_OK;
    }
    for (size_t i = 0; i < known->count; i++)
        if (known->items[i].name && strcmp(known->items[i].name, argument) == 0)
            return add_known(places, &known->items[i], true, err);
    if (strcmp(argument, STORE_LOCAL_KIND) == 0) {
        places->local = true;
        return ASSAY_OK;
    }
    if (databricks_is_place(argument))
        return found(add_databricks(places, argument, NULL, true, err), err);
    assay_fail(err, ASSAY_BAD_INPUT,
               "%s: no such file or directory, and no source of that name", argument);
    assay_hint(err, "give a path, a server's URL or a name from the configuration file");
    return ASSAY_BAD_INPUT;
}

/* The length of a URL at the start of a colon-separated list: up to a colon that neither ends
   the scheme nor comes before a port or a password. */
static size_t url_length(const char *list)
{
    size_t length = (size_t)(strstr(list, "://") - list) + 3;
    size_t host = length + strcspn(list + length, "/");
    const char *at = memrchr(list + length, '@', host - length);

    if (at)
        length = (size_t)(at - list) + 1;
    length += strcspn(list + length, ":/");
    if (list[length] == ':' && isdigit((unsigned char)list[length + 1]))
        length += 1 + strspn(list + length + 1, "0123456789");
    return length + strcspn(list + length, ":");
}

/* A colon-separated list; the colons of a URL do not count. */
static enum assay_status add_list(struct session_places *places,
                                  const struct session_places *known, const char *list,
                                  struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    while (*list && status == ASSAY_OK) {
        size_t length = strcspn(list, ":");
        char *one;

        if (is_url(list) || databricks_is_uri(list))
            length = url_length(list);
        one = assay_strndup(list, length);
        if (*one)
            status = add_argument(places, known, one, err);
        free(one);
        list += length + (list[length] == ':');
    }
    return status;
}

/* MLflow's own variable: a server, a path, file:, sqlite:///. */
static enum assay_status add_tracking_uri(struct session_places *places,
                                          const struct session_places *known,
                                          struct assay_error *err)
{
    const char *uri = getenv("MLFLOW_TRACKING_URI");
    const char *path = uri;

    if (!uri || !*uri)
        return ASSAY_OK;
    if (is_url(uri))
        return add_url(places, known, uri, true, err);
    if (databricks_is_place(uri)) {
        enum assay_status status = add_databricks(places, uri, NULL, true, err);

        if (status != ASSAY_NO)
            return status;
        if (err)
            assay_error_clear(err);
        return ASSAY_OK; /* set for another program, which has other means */
    }
    if (strncmp(uri, "file://", 7) == 0)
        path = uri + 7;
    else if (strncmp(uri, "file:", 5) == 0)
        path = uri + 5;
    else if (strncmp(uri, "sqlite:///", 10) == 0)
        path = uri + 10;
    else if (strstr(uri, "://"))
        return ASSAY_OK;
    /* What is there is called as it lies; what is missing, as it was asked for. */
    add_place(places, missing_reason(path) == 0 ? NULL : "MLFLOW_TRACKING_URI", path, false);
    return ASSAY_OK;
}

enum assay_status places_collect(const struct assay_session_options *options,
                                 struct session_places *out, struct assay_error *err)
{
    const char *list = getenv("ASSAY_SOURCES");
    struct session_places known = {0};
    enum assay_status status = read_config(&known, err);

    if (status != ASSAY_OK)
        goto out;
    for (size_t i = 0; i < options->source_count && status == ASSAY_OK; i++)
        status = add_argument(out, &known, options->sources[i], err);
    if (options->source_count)
        goto out;
    if (list && *list) {
        status = add_list(out, &known, list, err);
        goto out;
    }
    out->local = true;
    for (size_t i = 0; i < known.count && status == ASSAY_OK; i++)
        status = add_known(out, &known.items[i], false, err);
    if (status == ASSAY_OK)
        status = add_tracking_uri(out, &known, err);
    add_place(out, NULL, ".", false);
out:
    if (status == ASSAY_OK && options->also)
        status = add_argument(out, &known, options->also, err);
    places_free(&known);
    return status;
}

/* ---- names ---- */

static bool name_taken(struct assay_session *session, const char *name)
{
    for (uint32_t i = 0; i < assay_catalog_sources(session->catalog); i++)
        if (strcmp(assay_catalog_source(session->catalog, i)->name, name) == 0)
            return true;
    return false;
}

/* The last PARTS parts of PATH. */
static const char *tail(const char *path, int parts)
{
    const char *at = path + strlen(path);

    while (at > path) {
        at--;
        if (*at == '/' && --parts == 0)
            return at + 1;
    }
    return path;
}

/* A server is called by its host; by its path, too, where two are on one. */
static char *server_name(struct assay_session *session, const char *url)
{
    struct url_parts parts;
    char *host;

    if (!url_parse(url, &parts))
        return NULL;
    host = assay_strndup(parts.host, parts.host_length);
    if (!name_taken(session, host))
        return host;
    free(host);
    return name_taken(session, parts.host) ? NULL : assay_strdup(parts.host);
}

char *places_name(struct assay_session *session, const char *wanted, const char *path)
{
    struct assay_buf name = {0};
    char *server = wanted ? NULL : server_name(session, path);

    if (server)
        return server;

    if (wanted && !name_taken(session, wanted))
        return assay_strdup(wanted);
    for (int parts = 1; parts <= 4; parts++)
        if (!name_taken(session, tail(path, parts)))
            return assay_strdup(tail(path, parts));
    for (int i = 2;; i++) {
        assay_buf_reset(&name);
        assay_buf_format(&name, "%s-%d", tail(path, 1), i);
        if (!name_taken(session, assay_buf_text(&name)))
            return assay_buf_take(&name);
    }
}

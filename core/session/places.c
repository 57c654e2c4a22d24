/*
 * Which sources were asked for: the arguments; else $ASSAY_SOURCES; else the configuration
 * file's sources, the local store, $MLFLOW_TRACKING_URI and the current directory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/ini.h>
#include <assay/text.h>

#include "session/session_private.h"

static void add_place(struct session_places *places, const char *name, const char *place,
                      bool named)
{
    for (size_t i = 0; i < places->count; i++)
        if (strcmp(places->items[i].place, place) == 0)
            return;
    ASSAY_GROW(places->items, places->capacity, places->count + 1);
    places->items[places->count++] = (struct session_place){
        .name = assay_strdup(name),
        .place = assay_strdup(place),
        .named = named,
    };
}

void places_free(struct session_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        free(places->items[i].name);
        free(places->items[i].place);
    }
    free(places->items);
    *places = (struct session_places){0};
}

static bool is_url(const char *place)
{
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

/* ---- the configuration file ---- */

static char *config_path(void)
{
    const char *given = getenv("ASSAY_CONFIG");
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    struct assay_buf path = {0};

    if (given && *given)
        return assay_strdup(given);
    if (base && *base)
        assay_buf_format(&path, "%s/assay/config.ini", base);
    else if (home && *home)
        assay_buf_format(&path, "%s/.config/assay/config.ini", home);
    else
        return NULL;
    return assay_buf_take(&path);
}

/* Sections [source NAME] with `place = PATH or URL`; other sections are other readers'
 * business. */
static enum assay_status take_entry(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct session_places *places = context;

    if (strncmp(section, "source ", 7) != 0)
        return ASSAY_OK;
    if (strcmp(key, "place") != 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "[%s] has no setting %s: it is `place`",
                          section, key);
    if (value[0] == '~' && value[1] == '/' && getenv("HOME")) {
        char *path = assay_path_join(getenv("HOME"), value + 2);

        add_place(places, section + 7, path, true);
        free(path);
    } else {
        add_place(places, section + 7, value, true);
    }
    return ASSAY_OK;
}

static enum assay_status read_config(struct session_places *places, struct assay_error *err)
{
    char *path = config_path();
    enum assay_status status = ASSAY_OK;

    if (path && access(path, F_OK) == 0)
        status = assay_ini_read(path, take_entry, places, err);
    free(path);
    return status;
}

/* ---- the list ---- */

/* ARGUMENT as the user gave it: a path that is there, a URL, a name from the file, "local". */
static enum assay_status add_argument(struct session_places *places,
                                      const struct session_places *known, const char *argument,
                                      struct assay_error *err)
{
    struct stat status;

    if (is_url(argument)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: servers cannot be read by this version",
                   argument);
        assay_hint(err, "give a directory or a file");
        return ASSAY_BAD_INPUT;
    }
    if (strncmp(argument, "file://", 7) == 0)
        argument += 7;
    if (stat(argument, &status) == 0) {
        add_place(places, NULL, argument, true);
        return ASSAY_OK;
    }
    for (size_t i = 0; i < known->count; i++)
        if (known->items[i].name && strcmp(known->items[i].name, argument) == 0) {
            add_place(places, argument, known->items[i].place, true);
            return ASSAY_OK;
        }
    if (strcmp(argument, STORE_LOCAL_KIND) == 0) {
        places->local = true;
        return ASSAY_OK;
    }
    assay_fail(err, ASSAY_BAD_INPUT,
               "%s: no such file or directory, and no source of that name", argument);
    assay_hint(err, "give a path, or a name from the configuration file");
    return ASSAY_BAD_INPUT;
}

/* A colon-separated list; the colon of a URL's scheme does not count. */
static enum assay_status add_list(struct session_places *places,
                                  const struct session_places *known, const char *list,
                                  struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    while (*list && status == ASSAY_OK) {
        size_t length = strcspn(list, ":");
        char *one;

        if (strncmp(list + length, "://", 3) == 0)
            length += 3 + strcspn(list + length + 3, ":");
        one = assay_strndup(list, length);
        if (*one)
            status = add_argument(places, known, one, err);
        free(one);
        list += length + (list[length] == ':');
    }
    return status;
}

/* MLflow's own variable: a path, file:, sqlite:///; a server is somebody else's business. */
static void add_tracking_uri(struct session_places *places)
{
    const char *uri = getenv("MLFLOW_TRACKING_URI");
    const char *path = uri;

    if (!uri || !*uri || is_url(uri))
        return;
    if (strncmp(uri, "file://", 7) == 0)
        path = uri + 7;
    else if (strncmp(uri, "file:", 5) == 0)
        path = uri + 5;
    else if (strncmp(uri, "sqlite:///", 10) == 0)
        path = uri + 10;
    else if (strstr(uri, "://"))
        return;
    if (access(path, F_OK) == 0)
        add_place(places, NULL, path, false);
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
    for (size_t i = 0; i < known.count; i++)
        if (!is_url(known.items[i].place))
            add_place(out, known.items[i].name, known.items[i].place, false);
    add_tracking_uri(out);
    add_place(out, NULL, ".", false);
out:
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

char *places_name(struct assay_session *session, const char *wanted, const char *path)
{
    struct assay_buf name = {0};

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

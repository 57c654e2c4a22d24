/*
 * Workspaces of Databricks by name; see databricks.h. Called by the session when it collects
 * the sources that were asked for.
 */
#include "remote/databricks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/ini.h>
#include <assay/memory.h>
#include <assay/text.h>

#define WORD     "databricks"
#define FILE_MAX (256u << 10)

/* One profile, as it is found; both are freed by wiping. */
struct profile {
    const char *name;
    char *host, *token;
};

bool databricks_is_uri(const char *place)
{
    return strncmp(place, WORD "://", strlen(WORD "://")) == 0;
}

bool databricks_is_place(const char *place)
{
    return strcmp(place, WORD) == 0 || databricks_is_uri(place);
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* The profile that PLACE means. */
static const char *profile_of(const char *place)
{
    const char *chosen = variable("DATABRICKS_CONFIG_PROFILE");

    if (databricks_is_uri(place))
        return place + strlen(WORD "://");
    return chosen ? chosen : "DEFAULT";
}

void databricks_uri(const char *place, struct assay_buf *out)
{
    assay_buf_format(out, WORD "://%s", profile_of(place));
}

static enum assay_status take_entry(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct profile *profile = context;

    (void)err;
    if (strcmp(section, profile->name) != 0)
        return ASSAY_OK;
    if (strcmp(key, "host") == 0 && !profile->host)
        profile->host = assay_strdup(value);
    if (strcmp(key, "token") == 0 && !profile->token)
        profile->token = assay_strdup(value);
    return ASSAY_OK;
}

static char *file_path(void)
{
    const char *given = variable("DATABRICKS_CONFIG_FILE"), *home = variable("HOME");

    if (given && given[0] == '~' && given[1] == '/' && home)
        return assay_path_join(home, given + 2);
    if (given)
        return assay_strdup(given);
    return home ? assay_path_join(home, ".databrickscfg") : NULL;
}

/* The file's bytes into TEXT, which has room for FILE_MAX. */
static enum assay_status read_file(const char *path, char *text, size_t *length,
                                   struct assay_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum assay_status status = ASSAY_OK;
    struct stat st;
    ssize_t got;

    *length = 0;
    if (fd < 0)
        return ASSAY_NO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: it is no file of profiles", path);
    } else if (st.st_mode & 077) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: it is for tokens and others can read it",
                            path);
        assay_hint(err, "chmod 600 it");
    }
    while (status == ASSAY_OK && *length < FILE_MAX &&
           (got = read(fd, text + *length, FILE_MAX - *length)) > 0)
        *length += (size_t)got;
    close(fd);
    return status;
}

static enum assay_status read_profile(struct profile *profile, struct assay_error *err)
{
    char *path = file_path(), *text = assay_alloc(FILE_MAX);
    size_t length = 0;
    enum assay_status status = path ? read_file(path, text, &length, err) : ASSAY_NO;

    if (status == ASSAY_OK &&
        assay_ini_parse(text, length, path, take_entry, profile, NULL) != ASSAY_OK) {
        /* The parser's words may hold a line of the file. */
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: it is no file of profiles", path);
    }
    explicit_bzero(text, FILE_MAX);
    free(text);
    free(path);
    return status;
}

static enum assay_status take_host(struct server_settings *settings, struct profile *profile,
                                   struct assay_error *err)
{
    struct assay_buf url = {0};
    enum assay_status status;

    if (!strstr(profile->host, "://"))
        assay_buf_text_add(&url, "https://");
    assay_buf_text_add(&url, profile->host);
    status = server_settings_url(settings, assay_buf_text(&url), err);
    assay_buf_free(&url);
    if (status != ASSAY_OK)
        return status;
    secret_free(&settings->token);
    settings->token = profile->token;
    profile->token = NULL;
    return ASSAY_OK;
}

enum assay_status databricks_settings(const char *place, struct server_settings *settings,
                                      struct assay_error *err)
{
    bool named = databricks_is_uri(place);
    const char *chosen = variable("DATABRICKS_CONFIG_PROFILE");
    struct profile profile = {.name = profile_of(place)};
    enum assay_status status = ASSAY_OK;

    if (!named) {
        profile.host = assay_strdup(variable("DATABRICKS_HOST"));
        profile.token = assay_strdup(variable("DATABRICKS_TOKEN"));
    }
    /* Both from one place: a token goes to the host it was given for. */
    if (!profile.host || !profile.token) {
        secret_free(&profile.host);
        secret_free(&profile.token);
        status = read_profile(&profile, err);
    }
    if (status == ASSAY_OK && profile.host && profile.token) {
        status = take_host(settings, &profile, err);
    } else if (status == ASSAY_OK || status == ASSAY_NO) {
        char name[80];

        assay_text_clean_to(name, sizeof name, profile.name);
        status =
            assay_fail(err, ASSAY_NO, "%s: no host and token are known for %s%s", WORD,
                       named || chosen ? "the profile " : "it", named || chosen ? name : "");
        assay_hint(err, "set DATABRICKS_HOST and DATABRICKS_TOKEN, or put `host` and `token` "
                        "into that profile of ~/.databrickscfg");
    }
    secret_free(&profile.host);
    secret_free(&profile.token);
    return status;
}

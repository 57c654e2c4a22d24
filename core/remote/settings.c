/*
 * What the user set for one server: entries of the configuration file, or a bare URL. Called by
 * the session when it collects the sources that were asked for.
 */
#include "remote/credentials.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "remote/url.h"

void secret_free(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

/* ---- the settings, by name ---- */

static const struct setting {
    const char *key;
    size_t offset;
    bool secret, path;
} settings_table[] = {
    {"user", offsetof(struct server_settings, user), false, false},
    {"password", offsetof(struct server_settings, password), true, false},
    {"token", offsetof(struct server_settings, token), true, false},
    {"password_command", offsetof(struct server_settings, password_command), false, false},
    {"token_command", offsetof(struct server_settings, token_command), false, false},
    {"ca_file", offsetof(struct server_settings, ca_path), false, true},
    {"client_cert", offsetof(struct server_settings, client_cert), false, true},
    {"proxy", offsetof(struct server_settings, proxy), false, false},
    {"workspace", offsetof(struct server_settings, workspace), false, false},
};

static char **text_at(struct server_settings *settings, const struct setting *setting)
{
    return (char **)(void *)((char *)settings + setting->offset);
}

void server_settings_free(struct server_settings *settings)
{
    for (size_t i = 0; i < ASSAY_COUNT(settings_table); i++)
        secret_free(text_at(settings, &settings_table[i]));
    free(settings->url);
    free(settings->name);
    *settings = SERVER_SETTINGS_INIT;
}

void server_settings_copy(struct server_settings *to, const struct server_settings *from)
{
    *to = *from;
    to->url = assay_strdup(from->url);
    to->name = assay_strdup(from->name);
    for (size_t i = 0; i < ASSAY_COUNT(settings_table); i++) {
        char **text = text_at(to, &settings_table[i]);

        *text = assay_strdup(*text);
    }
}

/* ---- setting them ---- */

/* The part of a URL before the '@', percent-decoded. */
static char *decoded(const char *text, size_t length)
{
    char *out = assay_alloc(length + 1);
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        char hex[3] = {0}, *end = NULL;
        long value = 0;

        if (text[i] == '%' && length - i > 2 && isxdigit((unsigned char)text[i + 1])) {
            memcpy(hex, text + i + 1, 2);
            value = strtol(hex, &end, 16);
        }
        if (end == hex + 2 && value > 0) {
            out[used++] = (char)value;
            i += 2;
        } else {
            out[used++] = text[i];
        }
    }
    return out;
}

enum assay_status server_settings_url(struct server_settings *settings, const char *url,
                                      struct assay_error *err)
{
    struct url_parts parts;
    const char *colon;
    char *shown;

    if (!url_parse(url, &parts)) {
        assay_fail(err, ASSAY_BAD_INPUT, "not the address of a server");
        assay_hint(err, "it looks like http://host:5000 or https://host/prefix");
        return ASSAY_BAD_INPUT;
    }
    if (parts.user) {
        colon = memchr(parts.user, ':', parts.user_length);
        secret_free(&settings->user);
        settings->user =
            decoded(parts.user, colon ? (size_t)(colon - parts.user) : parts.user_length);
        if (colon) {
            secret_free(&settings->password);
            settings->password =
                decoded(colon + 1, parts.user_length - (size_t)(colon + 1 - parts.user));
        }
    }
    shown = url_shown(url);
    free(settings->url);
    settings->url = shown;
    return ASSAY_OK;
}

static enum assay_status set_switch(int *out, const char *key, const char *value,
                                    struct assay_error *err)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < ASSAY_COUNT(words); i++)
        if (strcasecmp(value, words[i]) == 0) {
            *out = (int)(i % 2);
            return ASSAY_OK;
        }
    return assay_fail(err, ASSAY_BAD_INPUT, "%s is yes or no", key);
}

/* A path may begin with the home directory's sign. */
static char *setting_text(const struct setting *setting, const char *value)
{
    const char *home = getenv("HOME");

    if (setting->path && value[0] == '~' && value[1] == '/' && home)
        return assay_path_join(home, value + 2);
    return assay_strdup(value);
}

enum assay_status server_settings_set(struct server_settings *settings, const char *key,
                                      const char *value, struct assay_error *err)
{
    if (strcmp(key, "insecure") == 0)
        return set_switch(&settings->insecure, key, value, err);
    if (strcmp(key, "read_only") == 0)
        return set_switch(&settings->read_only, key, value, err);
    for (size_t i = 0; i < ASSAY_COUNT(settings_table); i++) {
        char **text = text_at(settings, &settings_table[i]);

        if (strcmp(settings_table[i].key, key) != 0)
            continue;
        secret_free(text);
        *text = setting_text(&settings_table[i], value);
        return ASSAY_OK;
    }
    return ASSAY_NO;
}

bool server_settings_secret(const char *key, const char *value)
{
    if (strcmp(key, "proxy") == 0) /* http://USER:PASSWORD@HOST */
        return strchr(value, '@') != NULL;
    for (size_t i = 0; i < ASSAY_COUNT(settings_table); i++)
        if (strcmp(settings_table[i].key, key) == 0)
            return settings_table[i].secret;
    return false;
}

enum assay_status server_settings_private(const char *path, struct assay_error *err)
{
    struct stat status;

    if (stat(path, &status) == 0 && (status.st_mode & 077) == 0)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "%s: it holds a password or token and others can read it",
               path);
    assay_hint(err, "chmod 600 it, or use password_command or token_command");
    return ASSAY_BAD_INPUT;
}

bool server_settings_read_only(const struct server_settings *settings)
{
    if (settings->read_only >= 0)
        return settings->read_only == 1;
    if (settings->name && assay_text_contains(settings->name, "prod"))
        return true;
    return settings->url && assay_text_contains(settings->url, "prod"); /* host or prefix */
}

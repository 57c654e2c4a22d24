/*
 * The user's configuration of the workbench (settings.h), for app.c.
 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/ini.h>
#include <assay/memory.h>
#include <assay/text.h>

struct reading {
    struct settings *settings;
    struct keymap *map;
};

static bool parse_size(const char *text, int *width, int *height)
{
    int w = 0, h = 0, end = 0;
    if (sscanf(text, "%4dx%4d%n", &w, &h, &end) != 2 || text[end] || w < 1 || h < 1) {
        return false;
    }
    *width = w;
    *height = h;
    return true;
}

static bool parse_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < ASSAY_COUNT(yes); i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *value = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static enum assay_status ui_entry(struct settings *settings, const char *key, const char *value,
                                  struct assay_error *err)
{
    bool fine = true;
    if (strcmp(key, "theme") == 0) {
        fine = strlen(value) < sizeof settings->theme;
        snprintf(settings->theme, sizeof settings->theme, "%s", value);
    } else if (strcmp(key, "graphics") == 0) {
        fine = strcmp(value, "auto") == 0 || strcmp(value, "sixel") == 0 ||
               strcmp(value, "kitty") == 0 || strcmp(value, "text") == 0;
        snprintf(settings->graphics, sizeof settings->graphics, "%s", fine ? value : "");
    } else if (strcmp(key, "cell") == 0) {
        fine = parse_size(value, &settings->cell_width, &settings->cell_height);
    } else if (strcmp(key, "colors") == 0) {
        int64_t colors;
        fine = assay_int_parse(value, strlen(value), &colors) && colors >= 2 && colors <= 65536;
        settings->registers = fine ? (int)colors : 0;
    } else if (strcmp(key, "mouse") == 0) {
        bool mouse = true;
        fine = parse_bool(value, &mouse);
        settings->no_mouse = !mouse;
    } else {
        return assay_fail(err, ASSAY_BAD_INPUT, "[ui] has no \"%s\"", key);
    }
    return fine ? ASSAY_OK
                : assay_fail(err, ASSAY_BAD_INPUT, "%s: \"%s\" is not understood", key, value);
}

static enum assay_status take_entry(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct reading *reading = context;
    if (strcmp(section, "ui") == 0) {
        return ui_entry(reading->settings, key, value, err);
    }
    if (strcmp(section, "keys") == 0 || strncmp(section, "keys.", 5) == 0) {
        return keymap_set(reading->map, section, key, value, err);
    }
    return ASSAY_OK;
}

enum assay_status settings_read(struct settings *settings, struct keymap *map,
                                struct assay_error *err)
{
    *settings = (struct settings){0};
    char *directory = assay_config_directory();
    settings->directory = directory ? assay_path_join(directory, "themes") : NULL;
    char *path = assay_config_path();
    enum assay_status status = ASSAY_OK;
    if (path && access(path, F_OK) == 0) {
        struct reading reading = {.settings = settings, .map = map};
        status = assay_ini_read(path, take_entry, &reading, err);
    }
    free(path);
    free(directory);
    return status;
}

void settings_free(struct settings *settings)
{
    free(settings->directory);
    settings->directory = NULL;
}

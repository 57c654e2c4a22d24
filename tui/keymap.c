/*
 * From keys to commands (keymap.h), for app.c and the help screen.
 */
#include "keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "keys.h"

static void bind(struct keymap *map, uint32_t key, unsigned where, enum command_id id)
{
    /* On the screens it is bound for, a key has one meaning among bindings just as wide. */
    for (size_t i = 0; i < map->count; i++) {
        struct keymap_binding *binding = &map->items[i];
        if (binding->key == key && binding->where == where) {
            binding->id = id;
            return;
        }
    }
    ASSAY_GROW(map->items, map->capacity, map->count + 1);
    map->items[map->count++] = (struct keymap_binding){.key = key, .where = where, .id = id};
}

/* Binds each of the keys named in TEXT. False at one that is no key, which is left in BAD. */
static bool bind_all(struct keymap *map, const char *text, unsigned where, enum command_id id,
                     char bad[32])
{
    while (*text) {
        size_t length = strcspn(text, " \t");
        if (length > 0) {
            char name[32];
            uint32_t key;
            snprintf(name, sizeof name, "%.*s", (int)(length < 31 ? length : 31), text);
            if (!keys_parse(name, &key)) {
                memcpy(bad, name, sizeof name);
                return false;
            }
            bind(map, key, where, id);
        }
        text += length;
        text += *text ? 1 : 0;
    }
    return true;
}

void keymap_init(struct keymap *map)
{
    *map = (struct keymap){0};
    for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
        char bad[32];
        const struct command *command = command_get(id);
        bind_all(map, command->keys, command->where, id, bad);
    }
}

void keymap_free(struct keymap *map)
{
    free(map->items);
    *map = (struct keymap){0};
}

static unsigned section_where(const char *section)
{
    static const unsigned all[] = {WHERE_HOME,  WHERE_RUN,     WHERE_CHART,
                                   WHERE_HELP,  WHERE_COMPARE, WHERE_ACTIVITY,
                                   WHERE_QUEUE, WHERE_REQUEST, WHERE_MODELS};
    if (strcmp(section, "keys") == 0) {
        return WHERE_ALL;
    }
    for (size_t i = 0; i < ASSAY_COUNT(all); i++) {
        if (strncmp(section, "keys.", 5) == 0 &&
            strcmp(section + 5, command_where_name(all[i])) == 0) {
            return all[i];
        }
    }
    return 0;
}

enum assay_status keymap_set(struct keymap *map, const char *section, const char *name,
                             const char *keys, struct assay_error *err)
{
    unsigned where = section_where(section);
    if (where == 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "[%s]: there is no such screen", section);
        assay_hint(err, "keys, keys.home, keys.run, keys.chart, keys.help or keys.activity");
        return ASSAY_BAD_INPUT;
    }
    enum command_id id = command_find(name, strlen(name));
    if (id == CMD_NONE) {
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: there is no such command", name);
    }
    where &= command_get(id)->where;
    if (where == 0) {
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: does not apply to that screen", name);
    }
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        struct keymap_binding binding = map->items[i];
        if (binding.id == id) {
            binding.where &= ~where;
        }
        if (binding.where) {
            map->items[kept++] = binding;
        }
    }
    map->count = kept;
    char bad[32];
    if (!bind_all(map, keys, where, id, bad)) {
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: \"%s\" is no key", name, bad);
    }
    return ASSAY_OK;
}

enum command_id keymap_find(const struct keymap *map, uint32_t key, unsigned where)
{
    const struct keymap_binding *best = NULL;
    for (size_t i = 0; i < map->count; i++) {
        const struct keymap_binding *binding = &map->items[i];
        bool fits = binding->key == key && (binding->where & where);
        if (fits &&
            (!best || __builtin_popcount(binding->where) <= __builtin_popcount(best->where))) {
            best = binding;
        }
    }
    return best ? best->id : CMD_NONE;
}

char *keymap_key(const struct keymap *map, enum command_id id, unsigned where, char out[32])
{
    out[0] = '\0';
    for (size_t i = 0; i < map->count; i++) {
        const struct keymap_binding *binding = &map->items[i];
        if (binding->id == id && (binding->where & where) &&
            keymap_find(map, binding->key, where) == id) {
            return keys_name(binding->key, out);
        }
    }
    return out;
}

void keymap_keys(const struct keymap *map, enum command_id id, unsigned where,
                 struct assay_buf *out)
{
    const char *gap = "";
    for (size_t i = 0; i < map->count; i++) {
        const struct keymap_binding *binding = &map->items[i];
        if (binding->id == id && (binding->where & where)) {
            char name[32];
            assay_buf_format(out, "%s%s", gap, keys_name(binding->key, name));
            gap = " ";
        }
    }
}

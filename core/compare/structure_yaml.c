/*
 * Paths inside a YAML file, read by libyaml's events: nothing is built whose size the file's
 * author chose, aliases are not expanded, depth, path and leaves are bounded. Called for
 * artifacts (files.c, file_diff.c).
 */
#include <stdio.h>
#include <string.h>

#include <yaml.h>

#include "compare/comparison.h"

#define DEPTH_MAX  32
#define LEAVES_MAX 5000
#define PATH_SIZE  400

struct yaml_level {
    bool mapping, has_key;
    size_t index;
    size_t path_length; /* of the collection itself */
};
struct yaml_walk {
    struct yaml_level levels[DEPTH_MAX];
    size_t depth, leaves;
    char path[PATH_SIZE];
    size_t path_length;
    compare_leaf *each;
    void *context;
};

static bool append(struct yaml_walk *w, const char *part, size_t length)
{
    if (w->path_length + length + 2 > sizeof w->path)
        return false;
    if (w->path_length > 0)
        w->path[w->path_length++] = '.';
    memcpy(w->path + w->path_length, part, length);
    w->path_length += length;
    return true;
}

/* A node begins: in a list the path gets its place. False where it is a key no path can have.
 */
static bool begin(struct yaml_walk *w)
{
    char index[32];
    if (w->depth == 0)
        return true;
    struct yaml_level *level = &w->levels[w->depth - 1];
    if (level->mapping)
        return level->has_key;
    int length = snprintf(index, sizeof index, "%zu", level->index);
    return append(w, index, (size_t)length);
}

/* A value is complete. */
static void end(struct yaml_walk *w)
{
    if (w->depth == 0)
        return;
    struct yaml_level *level = &w->levels[w->depth - 1];
    w->path_length = level->path_length;
    level->has_key = false;
    level->index++;
}

static bool take_leaf(struct yaml_walk *w, const char *text, size_t length)
{
    struct yaml_level *level = w->depth ? &w->levels[w->depth - 1] : NULL;
    if (level && level->mapping && !level->has_key) {
        level->has_key = true;
        return append(w, text, length);
    }
    if (!begin(w) || w->leaves++ >= LEAVES_MAX)
        return false;
    w->each(w->context, w->path, w->path_length, text, length);
    end(w);
    return true;
}

static bool take_event(struct yaml_walk *w, const yaml_event_t *event)
{
    const bool mapping = event->type == YAML_MAPPING_START_EVENT;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_leaf(w, (const char *)event->data.scalar.value, event->data.scalar.length);
    case YAML_ALIAS_EVENT:
        return take_leaf(w, (const char *)event->data.alias.anchor,
                         strlen((const char *)event->data.alias.anchor));
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (w->depth == DEPTH_MAX || !begin(w))
            return false;
        w->levels[w->depth++] =
            (struct yaml_level){.mapping = mapping, .path_length = w->path_length};
        return true;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        w->path_length = w->levels[--w->depth].path_length;
        end(w);
        return true;
    default:
        return true;
    }
}

bool compare_yaml_leaves(const char *text, size_t length, const char *prefix,
                         compare_leaf *each, void *context)
{
    struct yaml_walk w = {.each = each, .context = context};
    yaml_parser_t parser;
    bool good = true, done = false;
    if (*prefix && !append(&w, prefix, strlen(prefix)))
        return false;
    if (!yaml_parser_initialize(&parser))
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (good && !done) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            good = false;
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
        good = take_event(&w, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return good && w.leaves > 0;
}

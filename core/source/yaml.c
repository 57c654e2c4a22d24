/*
 * The one user of libyaml: reads meta.yaml by events, so that nothing is built that the file's
 * author chose the size of. Aliases are not expanded, depth and the number of entries are
 * bounded. Called by the reader of MLflow file stores.
 */
#include "source/yaml.h"

#include <string.h>

#include <yaml.h>

#include <assay/text.h>

#define DEPTH_MAX   64u
#define ENTRIES_MAX 10000u

/* One of the two mappings entries are taken from: the outer one and one inside it. */
struct level {
    bool mapping;
    bool has_key;
    const char *key; /* NULL where the key is no scalar */
};

struct reader {
    struct assay_arena *arena;
    struct yaml_entry *entries;
    size_t count, capacity;
    struct level levels[2];
    size_t depth; /* collections open now */
    bool root_seen;
};

static bool is_null(const yaml_event_t *event)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    const char *text = (const char *)event->data.scalar.value;

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < ASSAY_COUNT(words); i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

static void add_entry(struct reader *reader, const char *section, const char *key,
                      const char *value)
{
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity ? 2 * reader->capacity : 32;
        struct yaml_entry *grown =
            assay_arena_alloc(reader->arena, capacity * sizeof *reader->entries);

        if (reader->count > 0)
            memcpy(grown, reader->entries, reader->count * sizeof *grown);
        reader->entries = grown;
        reader->capacity = capacity;
    }
    reader->entries[reader->count++] =
        (struct yaml_entry){.section = section, .key = key, .value = value};
}

/* A node (scalar, alias or whole collection) is complete at the present depth. TEXT is a
   scalar's text; SCALAR says whether it is one; a scalar with NULL text is null. */
static void node_done(struct reader *reader, bool scalar, const char *text)
{
    struct level *level;

    if (reader->depth == 0 || reader->depth > ASSAY_COUNT(reader->levels))
        return;
    level = &reader->levels[reader->depth - 1];
    if (!level->mapping)
        return;
    if (!level->has_key) {
        level->key = scalar && text ? text : NULL;
        level->has_key = true;
        return;
    }
    level->has_key = false;
    if (scalar && level->key) {
        if (reader->depth == 1)
            add_entry(reader, "", level->key, text);
        else if (reader->levels[0].has_key && reader->levels[0].key)
            add_entry(reader, reader->levels[0].key, level->key, text);
    }
}

static void collection_start(struct reader *reader, bool mapping)
{
    if (reader->depth < ASSAY_COUNT(reader->levels)) {
        /* A mapping inside a sequence is nobody's section. */
        bool wanted = mapping && (reader->depth == 0 || reader->levels[0].mapping);

        reader->levels[reader->depth] = (struct level){.mapping = wanted};
    }
    reader->depth++;
}

/* NULL or what is wrong with the document. */
static const char *take_event(struct reader *reader, const yaml_event_t *event)
{
    const char *text;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (reader->depth == 0)
            return is_null(event) ? NULL : "is no mapping of keys to values";
        text = NULL;
        if (!is_null(event))
            text = assay_arena_strndup(reader->arena, (const char *)event->data.scalar.value,
                                       event->data.scalar.length);
        node_done(reader, true, text);
        break;
    case YAML_ALIAS_EVENT:
        node_done(reader, false, NULL);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (reader->depth == 0 && event->type == YAML_SEQUENCE_START_EVENT)
            return "is no mapping of keys to values";
        if (reader->depth >= DEPTH_MAX)
            return "is nested too deeply";
        collection_start(reader, event->type == YAML_MAPPING_START_EVENT);
        reader->root_seen = true;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        node_done(reader, false, NULL);
        break;
    default:
        break;
    }
    return reader->count > ENTRIES_MAX ? "has too many entries" : NULL;
}

enum assay_status yaml_parse(const char *bytes, size_t length, struct assay_arena *arena,
                             struct yaml_map *out, uint64_t *offset, struct assay_error *err)
{
    struct reader reader = {.arena = arena};
    yaml_parser_t parser;
    yaml_event_t event;
    const char *fault = NULL;
    bool done = false;

    *out = (struct yaml_map){0};
    *offset = 0;
    if (!yaml_parser_initialize(&parser))
        return assay_fail(err, ASSAY_CORRUPT, "no memory to read YAML");
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    while (!done && !fault) {
        if (!yaml_parser_parse(&parser, &event)) {
            *offset =
                parser.problem_mark.index ? parser.problem_mark.index : parser.problem_offset;
            fault = parser.problem ? parser.problem : "is no YAML";
            break;
        }
        *offset = event.start_mark.index;
        fault = take_event(&reader, &event);
        /* One document is all there is; what follows it is not looked at. */
        done = event.type == YAML_STREAM_END_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
        yaml_event_delete(&event);
    }
    if (*offset > length)
        *offset = length;
    if (fault)
        assay_fail(err, ASSAY_CORRUPT, "%s", fault);
    yaml_parser_delete(&parser);
    if (fault)
        return ASSAY_CORRUPT;
    if (!reader.root_seen)
        return assay_fail(err, ASSAY_NO, "is empty");
    *out = (struct yaml_map){.entries = reader.entries, .count = reader.count};
    return ASSAY_OK;
}

const char *yaml_get(const struct yaml_map *map, const char *section, const char *key)
{
    for (size_t i = map->count; i > 0; i--) {
        const struct yaml_entry *entry = &map->entries[i - 1];

        if (strcmp(entry->key, key) == 0 && strcmp(entry->section, section) == 0)
            return entry->value;
    }
    return NULL;
}

const char *yaml_text(const struct yaml_map *map, const char *key)
{
    const char *value = yaml_get(map, "", key);

    return value ? value : "";
}

int64_t yaml_int(const struct yaml_map *map, const char *key, int64_t fallback)
{
    const char *value = yaml_get(map, "", key);
    int64_t number;
    double real;

    if (!value)
        return fallback;
    if (assay_int_parse(value, strlen(value), &number))
        return number;
    /* Some writers kept times as floats. */
    if (assay_number_parse(value, strlen(value), &real) && real > -9e15 && real < 9e15)
        return (int64_t)real;
    return fallback;
}

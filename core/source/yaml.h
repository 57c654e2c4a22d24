/*
 * The flat YAML that MLflow keeps in meta.yaml, read through libyaml: one mapping of scalars,
 * whose values may themselves be mappings of scalars (one level; what lies deeper is passed
 * over).
 */
#ifndef CORE_SOURCE_YAML_H
#define CORE_SOURCE_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>
#include <assay/memory.h>

struct yaml_entry {
    const char *section; /* "" at the top, else the key of the mapping it lies in */
    const char *key;
    const char *value; /* NULL for null, ~ and nothing */
};
struct yaml_map {
    struct yaml_entry *entries; /* in ARENA, in the file's order */
    size_t count;
};

/* Everything of *out lies in ARENA. ASSAY_CORRUPT, with the byte OFFSET of the fault, where it
   is no such mapping; ASSAY_NO where there is nothing in it at all. */
enum assay_status yaml_parse(const char *bytes, size_t length, struct assay_arena *arena,
                             struct yaml_map *out, uint64_t *offset, struct assay_error *err);

/* NULL where the key is missing or null; of equal keys the last counts. */
const char *yaml_get(const struct yaml_map *map, const char *section, const char *key);
/* The same as text, "" where missing. */
const char *yaml_text(const struct yaml_map *map, const char *key);
/* FALLBACK where the key is missing, null or no whole number. */
int64_t yaml_int(const struct yaml_map *map, const char *key, int64_t fallback);

#endif

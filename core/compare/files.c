/*
 * What artifacts add to a comparison: digests of files, leaves of JSON and YAML, versions of
 * packages. Called by the front ends, which read the files.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define KEY_MAX 400

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

enum file_kind { FILE_OTHER, FILE_JSON, FILE_REQUIREMENTS, FILE_CONDA, FILE_YAML };

static enum file_kind kind_of(const char *path)
{
    const char *name = base_name(path);
    if (strcasecmp(name, "requirements.txt") == 0)
        return FILE_REQUIREMENTS;
    if (strcasecmp(name, "conda.yaml") == 0 || strcasecmp(name, "python_env.yaml") == 0)
        return FILE_CONDA;
    if (ends_with(name, ".yaml") || ends_with(name, ".yml"))
        return FILE_YAML;
    return ends_with(name, ".json") ? FILE_JSON : FILE_OTHER;
}

bool assay_comparison_reads_file(const char *path)
{
    return kind_of(path) != FILE_OTHER;
}

struct file_context {
    struct assay_comparison *comparison;
    size_t column;
};

static void put_leaf(void *context, const char *path, size_t path_length, const char *text,
                     size_t length)
{
    struct file_context *file = context;
    struct compare_row *row =
        compare_row_of(file->comparison, ASSAY_ROW_FACT, path, path_length, SIZE_MAX);
    row->shown.section = ASSAY_SECTION_DATA;
    compare_put(file->comparison, row, file->column, text, length);
}

/* "numpy==1.26.4", "- torch>=2", "python=3.11": a name, a sign, a version. */
static void put_package(struct file_context *file, const char *line, size_t length)
{
    char key[KEY_MAX], version[KEY_MAX];
    while (length > 0 && strchr(" \t-", *line)) {
        line++;
        length--;
    }
    const char *comment = memchr(line, '#', length);
    length = comment ? (size_t)(comment - line) : length;
    size_t name = 0;
    while (name < length && !strchr("=<>!~ :;[", line[name]))
        name++;
    size_t from = name;
    while (from < length && strchr("= :", line[from]))
        from++;
    size_t to = from;
    while (to < length && !strchr("; \t\r", line[to]))
        to++;
    if (name == 0 || to == from || name > 100 || to - from > 100)
        return;
    snprintf(key, sizeof key, "package %.*s", (int)name, line);
    snprintf(version, sizeof version, "%.*s", (int)(to - from), line + from);
    if (strncasecmp(line, "python", name) == 0)
        snprintf(key, sizeof key, "python");
    assay_comparison_add_fact(file->comparison, file->column, ASSAY_SECTION_ENVIRONMENT, key,
                              version);
}

/* Of YAML only lines that are packages: a list's entries with a version, and "python:". */
static bool is_package(enum file_kind kind, const char *line, size_t length)
{
    size_t first = 0;
    while (first < length && (line[first] == ' ' || line[first] == '\t'))
        first++;
    if (first == length || line[first] == '#')
        return false;
    if (kind == FILE_REQUIREMENTS)
        return line[first] != '-';
    bool python = strncmp(line + first, "python:", 7) == 0;
    return python || (line[first] == '-' && memchr(line, '=', length));
}

static void put_packages(struct file_context *file, enum file_kind kind, const char *text,
                         size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line = stop ? (size_t)(stop - text) : (size_t)(end - text);
        if (is_package(kind, text, line))
            put_package(file, text, line);
        text += line + (stop ? 1 : 0);
    }
}

static bool is_digest(const char *text)
{
    return *text && text[strspn(text, "0123456789abcdef")] == '\0';
}

void assay_comparison_add_file(struct assay_comparison *comparison, size_t column,
                               const char *path, uint64_t bytes, const char *digest,
                               const char *text, size_t length)
{
    struct file_context file = {comparison, column};
    char key[KEY_MAX], said[160], size[32];
    snprintf(key, sizeof key, "file %.380s", path);
    snprintf(said, sizeof said, "%s%s%.80s", assay_bytes_text(size, bytes), *digest ? ", " : "",
             digest);
    assay_comparison_add_fact(comparison, column, ASSAY_SECTION_DATA, key, said);
    if (!text && !is_digest(digest) && column < comparison->run_count) {
        struct compare_row *row =
            compare_row_of(comparison, ASSAY_ROW_FACT, key, strlen(key), SIZE_MAX);
        row->values[row->cells[column] - 1].unsure = true;
    }
    enum file_kind kind = kind_of(path);
    if (!text || length > ASSAY_COMPARE_FILE_MAX)
        return;
    if (kind == FILE_JSON && compare_is_structure(text, length)) {
        snprintf(key, sizeof key, "%.180s", path);
        compare_leaves(text, length, key, put_leaf, &file);
    } else if (kind == FILE_YAML) {
        snprintf(key, sizeof key, "%.180s", path);
        compare_yaml_leaves(text, length, key, put_leaf, &file);
    } else if (kind == FILE_REQUIREMENTS || kind == FILE_CONDA) {
        put_packages(&file, kind, text, length);
    }
}

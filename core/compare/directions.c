/*
 * Which way the user says a metric is better, remembered in a small file beside the local
 * store. Called by `assay compare` and the comparison on the screen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>

#include "compare/comparison.h"

#define FILE_MAX (256u << 10)

static const char *const words[] = {"min", "none", "max"};

static char *file_path(const char *store_path)
{
    char *directory = assay_path_directory(store_path);
    char *path = assay_path_join(directory, "directions");
    free(directory);
    return path;
}

/* What the file holds; "" where there is none. */
static enum assay_status read_file(const char *path, char **text, struct assay_error *err)
{
    size_t length;
    if (access(path, F_OK) != 0) {
        *text = assay_strdup("");
        return ASSAY_OK;
    }
    return assay_file_read(path, FILE_MAX, text, &length, err);
}

/* One line: "max METRIC". False where it is none. */
static bool parse_line(const char *line, size_t length, int *direction, const char **metric)
{
    for (int i = 0; i < 3; i++) {
        size_t word = strlen(words[i]);
        if (length > word + 1 && strncmp(line, words[i], word) == 0 && line[word] == ' ') {
            *direction = i - 1;
            *metric = line + word + 1;
            return true;
        }
    }
    return false;
}

enum assay_status assay_directions_read(struct assay_comparison *comparison,
                                        const char *store_path, struct assay_error *err)
{
    char *text = NULL;
    if (!*store_path)
        return ASSAY_OK;
    char *path = file_path(store_path);
    enum assay_status status = read_file(path, &text, err);
    for (const char *line = text; status == ASSAY_OK && *line;) {
        size_t length = strcspn(line, "\n");
        const char *metric;
        int direction;
        if (parse_line(line, length, &direction, &metric)) {
            char *name = assay_strndup(metric, length - (size_t)(metric - line));
            assay_comparison_set_direction(comparison, name, direction);
            free(name);
        }
        line += length + (line[length] == '\n');
    }
    free(text);
    free(path);
    return status;
}

enum assay_status assay_directions_write(const char *store_path, const char *metric,
                                         int direction, struct assay_error *err)
{
    struct assay_buf out = {0};
    char *text = NULL;
    if (!*store_path || !*metric || strchr(metric, '\n'))
        return ASSAY_OK;
    char *path = file_path(store_path);
    enum assay_status status = read_file(path, &text, err);
    for (const char *line = text; status == ASSAY_OK && *line;) {
        size_t length = strcspn(line, "\n");
        const char *name;
        int old;
        bool same = parse_line(line, length, &old, &name) &&
                    strlen(metric) == length - (size_t)(name - line) &&
                    strncmp(name, metric, strlen(metric)) == 0;
        if (!same && length > 0) {
            assay_buf_add(&out, line, length);
            assay_buf_char(&out, '\n');
        }
        line += length + (line[length] == '\n');
    }
    assay_buf_format(&out, "%s %s\n", words[(direction > 0) - (direction < 0) + 1], metric);
    if (status == ASSAY_OK)
        status = assay_file_write(path, out.data, out.length, 0600, err);
    assay_buf_free(&out);
    free(text);
    free(path);
    return status;
}

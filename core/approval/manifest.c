/*
 * Hashing the files of a model version (manifest.h). Called when a version is registered, by
 * the gates, and before a vote is signed or a request applied.
 */
#include "approval/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/text.h>

#include "approval/statement.h"

#define DEPTH_MAX 16

struct walk {
    struct manifest *out;
    struct assay_arena *arena;
    size_t capacity;
    struct assay_model_file *files;
    struct assay_error *err;
};

static enum assay_status add_file(struct walk *w, const char *path, const char *name)
{
    char digest[ASSAY_SHA256_TEXT];
    uint64_t bytes = 0;

    if (w->out->count == STATEMENT_FILES_MAX) {
        assay_fail(w->err, ASSAY_BAD_INPUT, "%s: more than %d files", path,
                   STATEMENT_FILES_MAX);
        assay_hint(w->err, "pack the model into fewer files");
        return ASSAY_BAD_INPUT;
    }
    /* A name that sha256sum would have to escape. */
    if (strpbrk(name, "\n\r\\") || !assay_utf8_valid(name, strlen(name)))
        return assay_fail(w->err, ASSAY_BAD_INPUT, "%s: a name with a line end or backslash",
                          path);
    enum assay_status status = assay_sha256_file(digest, path, &bytes, w->err);
    if (status != ASSAY_OK)
        return status;
    ASSAY_GROW(w->files, w->capacity, w->out->count + 1);
    w->files[w->out->count++] = (struct assay_model_file){
        .path = assay_arena_strdup(w->arena, name),
        .digest = assay_arena_strdup(w->arena, digest),
        .bytes = bytes,
    };
    return ASSAY_OK;
}

static enum assay_status add_path(struct walk *w, const char *path, const char *name,
                                  int depth);

static enum assay_status add_directory(struct walk *w, const char *path, const char *name,
                                       int depth)
{
    enum assay_status status = ASSAY_OK;
    DIR *directory = depth < DEPTH_MAX ? opendir(path) : NULL;
    struct dirent *entry;

    if (!directory)
        return assay_fail(w->err, ASSAY_IO, "%s: %s", path,
                          depth < DEPTH_MAX ? strerror(errno) : "nested too deeply");
    while (status == ASSAY_OK && (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *inner = assay_path_join(path, entry->d_name);
        char *inner_name =
            *name ? assay_path_join(name, entry->d_name) : assay_strdup(entry->d_name);
        status = add_path(w, inner, inner_name, depth + 1);
        free(inner);
        free(inner_name);
    }
    closedir(directory);
    return status;
}

static enum assay_status add_path(struct walk *w, const char *path, const char *name, int depth)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return assay_fail(w->err, ASSAY_IO, "%s: %s", path, strerror(errno));
    if (S_ISREG(st.st_mode))
        return add_file(w, path, name);
    if (S_ISDIR(st.st_mode))
        return add_directory(w, path, name, depth);
    return assay_fail(w->err, ASSAY_BAD_INPUT, "%s: neither a file nor a directory", path);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct assay_model_file *)a)->path,
                  ((const struct assay_model_file *)b)->path);
}

void manifest_digest(char out[ASSAY_SHA256_TEXT], const struct assay_model_file *files,
                     size_t count)
{
    struct assay_buf text = {0};

    for (size_t i = 0; i < count; i++)
        assay_buf_format(&text, "%s  %s\n", files[i].digest, files[i].path);
    assay_sha256(out, assay_buf_text(&text), text.length);
    assay_buf_free(&text);
}

enum assay_status manifest_read(struct manifest *out, struct assay_arena *arena,
                                const char *const *roots, size_t root_count,
                                struct assay_error *err)
{
    struct walk w = {.out = out, .arena = arena, .err = err};
    enum assay_status status = ASSAY_OK;

    *out = (struct manifest){0};
    for (size_t i = 0; i < root_count && status == ASSAY_OK; i++) {
        struct stat st;
        bool directory = lstat(roots[i], &st) == 0 && S_ISDIR(st.st_mode);
        status = add_path(&w, roots[i], directory ? "" : base_name(roots[i]), 0);
    }
    if (status == ASSAY_OK && out->count == 0)
        status = assay_fail(err, ASSAY_BAD_INPUT, "the model has no files");
    if (out->count > 1)
        qsort(w.files, out->count, sizeof *w.files, by_path);
    for (size_t i = 1; i < out->count && status == ASSAY_OK; i++)
        if (strcmp(w.files[i - 1].path, w.files[i].path) == 0)
            status =
                assay_fail(err, ASSAY_BAD_INPUT, "two files are called %s", w.files[i].path);
    if (status == ASSAY_OK) {
        out->files = assay_arena_alloc(arena, out->count * sizeof *out->files);
        memcpy(out->files, w.files, out->count * sizeof *out->files);
        manifest_digest(out->digest, out->files, out->count);
    }
    free(w.files);
    return status;
}

char *manifest_find(const char *const *roots, size_t root_count, const char *path)
{
    for (size_t i = 0; i < root_count; i++) {
        struct stat st;
        char *candidate = NULL;
        if (lstat(roots[i], &st) == 0 && S_ISDIR(st.st_mode))
            candidate = assay_path_join(roots[i], path);
        else if (strcmp(base_name(roots[i]), path) == 0)
            candidate = assay_strdup(roots[i]);
        if (candidate && lstat(candidate, &st) == 0 && S_ISREG(st.st_mode))
            return candidate;
        free(candidate);
    }
    return NULL;
}

/*
 * A shared directory as a place that records are exchanged with (sync.h). Called by sync.c, and
 * by sync_git.c with the work tree of a clone.
 */
#include "approval/sync.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>

/* DIRECTORY/FOLDER/xx/DIGEST.END */
static char *path_of(const char *directory, enum sync_kind kind, const char *digest)
{
    struct assay_buf path = {0};
    assay_buf_format(&path, "%s/%s/%.2s/%s%s", directory, sync_folder(kind), digest, digest,
                     sync_end(kind));
    return assay_buf_take(&path);
}

/* A file that somebody wrote over is not there: it is put again. */
static bool directory_has(void *self, enum sync_kind kind, const char *digest,
                          const void *bytes, size_t length)
{
    char *path = path_of(self, kind, digest), *there = NULL;
    size_t found = 0;
    const bool has = assay_file_read(path, length, &there, &found, NULL) == ASSAY_OK &&
                     found == length && memcmp(there, bytes, length) == 0;

    free(there);
    free(path);
    return has;
}

static enum assay_status directory_put(void *self, enum sync_kind kind, const char *digest,
                                       const void *bytes, size_t length,
                                       struct assay_error *err)
{
    char *path = path_of(self, kind, digest);
    char *folder = assay_path_directory(path);
    enum assay_status status = assay_make_directories(folder, err);

    if (status == ASSAY_OK)
        status = assay_file_write(path, bytes, length, 0644, err);
    free(folder);
    free(path);
    return status;
}

static enum assay_status directory_read(void *self, enum sync_kind kind, const char *digest,
                                        char **bytes, size_t *length, struct assay_error *err)
{
    char *path = path_of(self, kind, digest);
    enum assay_status status = assay_file_read(path, sync_limit(kind), bytes, length, err);

    free(path);
    return status == ASSAY_OK ? ASSAY_OK : ASSAY_NO;
}

/* The digest in "DIGEST.json"; false where it is another file. */
static bool digest_of(const char *name, char out[ASSAY_SHA256_TEXT])
{
    if (strlen(name) != 69 || strcmp(name + 64, sync_end(SYNC_STATEMENT)) != 0)
        return false;
    memcpy(out, name, 64);
    out[64] = '\0';
    return assay_sha256_valid(out);
}

static enum assay_status list_folder(const char *path,
                                     void (*found)(void *context, const char *digest),
                                     void *context, struct assay_error *err)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char digest[ASSAY_SHA256_TEXT];

    if (!folder)
        return assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    while ((entry = readdir(folder)) != NULL)
        if (digest_of(entry->d_name, digest))
            found(context, digest);
    closedir(folder);
    return ASSAY_OK;
}

static enum assay_status directory_list(void *self,
                                        void (*found)(void *context, const char *digest),
                                        void *context, struct assay_error *err)
{
    char *records = assay_path_join(self, sync_folder(SYNC_STATEMENT));
    DIR *root = opendir(records);
    struct dirent *entry;
    enum assay_status status = ASSAY_OK;

    while (root && status == ASSAY_OK && (entry = readdir(root)) != NULL) {
        if (strlen(entry->d_name) != 2 || strspn(entry->d_name, "0123456789abcdef") != 2)
            continue;
        char *path = assay_path_join(records, entry->d_name);
        status = list_folder(path, found, context, err);
        free(path);
    }
    if (root)
        closedir(root);
    free(records);
    return status;
}

enum assay_status sync_directory(struct assay_ledger *ledger, const char *directory,
                                 const struct assay_sync_options *options,
                                 struct assay_sync_result *result, struct assay_error *err)
{
    char *self = assay_strdup(directory);
    const struct sync_place place = {.self = self,
                                     .shown = directory,
                                     .list = directory_list,
                                     .read = directory_read,
                                     .has = directory_has,
                                     .put = directory_put};
    enum assay_status status = ASSAY_OK;

    /* What would stay empty is not made: the place is more likely misspelt than new. */
    result->made = access(directory, F_OK) != 0 && errno == ENOENT && ledger->count > 0;
    if (ledger->count > 0)
        status = assay_make_directories(directory, err);
    if (status == ASSAY_OK)
        status = sync_exchange(ledger, &place, options, result, err);
    free(self);
    return status;
}

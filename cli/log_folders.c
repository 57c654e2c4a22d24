/*
 * Folders among the artifacts that are to be logged: each becomes the files in it (pairs.h).
 * Folders are not entered through links; whatever else is met is named as a file, and refused
 * there if it is none.
 */
#include "pairs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/buf.h>
#include <assay/file.h>

#define FILES_MOST 10000
#define DEPTH_MOST 64

struct walk {
    struct cli_batch *batch;
    const char *given; /* the folder that was named */
    size_t found;
};

static bool is_folder(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static enum assay_status walk_folder(struct walk *walk, const char *path, const char *folder,
                                     int depth, struct assay_error *err);

/* NAME in FOLDER, whose place among the artifacts is PATH ("": at their top). */
static enum assay_status walk_entry(struct walk *walk, const char *path, const char *folder,
                                    const char *name, int depth, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    char *file = assay_path_join(folder, name);
    char *place = *path ? assay_path_join(path, name) : assay_strdup(name);
    if (is_folder(file)) {
        status = walk_folder(walk, place, file, depth + 1, err);
    } else if (walk->found++ == FILES_MOST) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: more than %d files",
                            walk->given, FILES_MOST);
        assay_hint(err, "name the folders in it, or an archive of it");
    } else {
        cli_batch_file(walk->batch, place, file);
    }
    free(file);
    free(place);
    return status;
}

static enum assay_status walk_folder(struct walk *walk, const char *path, const char *folder,
                                     int depth, struct assay_error *err)
{
    struct dirent **entries = NULL;
    enum assay_status status = ASSAY_OK;
    if (depth > DEPTH_MOST)
        return assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: folders in %d folders",
                          walk->given, DEPTH_MOST);
    int count = scandir(folder, &entries, is_entry, alphasort);
    if (count < 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (status == ASSAY_OK)
            status = walk_entry(walk, path, folder, entries[i]->d_name, depth, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* The folder's own name; "" where it says none, as "." and "/" do not. */
static char *own_name(const char *folder)
{
    size_t length = strlen(folder), start;
    while (length > 0 && folder[length - 1] == '/')
        length--;
    for (start = length; start > 0 && folder[start - 1] != '/';)
        start--;
    char *name = assay_strndup(folder + start, length - start);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        name[0] = '\0';
    return name;
}

static enum assay_status take_folder(struct cli_batch *batch, const struct cli_file *given,
                                     struct assay_error *err)
{
    struct walk walk = {.batch = batch, .given = given->file};
    char *path = given->path ? assay_strdup(given->path) : own_name(given->file);
    enum assay_status status = walk_folder(&walk, path, given->file, 0, err);
    free(path);
    if (status == ASSAY_OK && walk.found == 0)
        status = assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: no file is in the folder",
                            given->file);
    return status;
}

enum assay_status cli_batch_folders(struct cli_batch *batch, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    size_t given = batch->file_count, kept = 0;
    for (size_t i = 0; i < given && status == ASSAY_OK; i++) {
        const struct cli_file file = batch->files[i]; /* the array may move */
        if (is_folder(file.file))
            status = take_folder(batch, &file, err);
        else
            cli_batch_file(batch, file.path, file.file);
    }
    /* What was given goes; what it has become stands in its order. */
    for (size_t i = given; i < batch->file_count; i++)
        batch->files[kept++] = batch->files[i];
    batch->file_count = kept;
    return status;
}

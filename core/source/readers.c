/*
 * The table of readers, and the detection that asks each of them: about a path, and, for what
 * lies somewhat deeper (projects side by side, each with its mlruns/), about the directories
 * below it, within bounds.
 */
#include "source/readers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/file.h>
#include <assay/memory.h>

#define BELOW_DEPTH       3
#define BELOW_DIRECTORIES 400u  /* looked at for one path */
#define BELOW_NAMES       2000u /* read of one directory */

/* The more specific formats first: the order in which a directory's sources are shown. */
const struct source_ops *const source_readers[] = {
    &source_mlflow_files, &source_mlflow_db, &source_tensorboard, &source_bundle, NULL,
};

const struct source_ops *source_reader(const char *kind)
{
    for (size_t i = 0; source_readers[i]; i++) {
        if (strcmp(source_readers[i]->kind, kind) == 0)
            return source_readers[i];
    }
    return NULL;
}

void source_found_add(struct source_found *found, const char *kind, const char *path)
{
    const struct source_ops *ops = source_reader(kind);

    if (!ops)
        return;
    for (size_t i = 0; i < found->count; i++) {
        if (found->places[i].ops == ops && strcmp(found->places[i].path, path) == 0)
            return;
    }
    ASSAY_GROW(found->places, found->capacity, found->count + 1);
    found->places[found->count++] = (struct source_place){
        .ops = ops,
        .path = assay_strdup(path),
    };
}

/* ---- detection ---- */

struct folders { /* the directories in a directory */
    char **names;
    size_t count, capacity;
};

static void folders_free(struct folders *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        free(folders->names[i]);
    free(folders->names);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Links are not followed: they could lead back. Run's artifacts may hold anything, copies of
   other stores among it, and are no place to look for sources. */
static bool worth_entering(int directory, const struct dirent *entry)
{
    struct stat info;
    if (entry->d_name[0] == '.' || strcmp(entry->d_name, "artifacts") == 0)
        return false;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode);
}

/* False where PATH is not to be looked into: unreadable, part of an MLflow store, or, unless it
   was NAMED, marked. */
static bool list_folders(const char *path, bool named, struct folders *folders)
{
    struct dirent *entry;
    bool open = true;
    DIR *directory = opendir(path);
    if (!directory)
        return false;
    for (unsigned n = 0; open && n < BELOW_NAMES && (entry = readdir(directory)); n++) {
        if (strcmp(entry->d_name, "meta.yaml") == 0 ||
            (!named && strcmp(entry->d_name, SOURCE_IGNORE) == 0)) {
            open = false;
        } else if (worth_entering(dirfd(directory), entry)) {
            ASSAY_GROW(folders->names, folders->capacity, folders->count + 1);
            folders->names[folders->count++] = assay_strdup(entry->d_name);
        }
    }
    closedir(directory);
    if (folders->count > 1)
        qsort(folders->names, folders->count, sizeof *folders->names, by_text);
    return open;
}

static bool is_found(const struct source_found *found, const char *path)
{
    for (size_t i = 0; i < found->count; i++) {
        if (strcmp(found->places[i].path, path) == 0 && !found->places[i].ops->spreads)
            return true;
    }
    return false;
}

static void detect_below(const char *path, unsigned depth, unsigned *left,
                         struct source_found *found)
{
    struct folders folders = {0};
    /* Asked only once the directory is known to be open to us: a marked one holds nothing. */
    if (!list_folders(path, depth == 0, &folders))
        goto out;
    for (size_t i = 0; depth > 0 && source_readers[i]; i++) {
        if (!source_readers[i]->spreads)
            source_readers[i]->detect(path, found);
    }
    if (is_found(found, path) || depth >= BELOW_DEPTH)
        goto out;
    for (size_t i = 0; i<folders.count && * left> 0; i++) {
        char *below = assay_path_join(path, folders.names[i]);
        --*left;
        detect_below(below, depth + 1, left, found);
        free(below);
    }
out:
    folders_free(&folders);
}

void source_detect(const char *path, struct source_found *found)
{
    unsigned left = BELOW_DIRECTORIES;
    for (size_t i = 0; source_readers[i]; i++)
        source_readers[i]->detect(path, found);
    detect_below(path, 0, &left, found);
}

void source_found_free(struct source_found *found)
{
    for (size_t i = 0; i < found->count; i++)
        free(found->places[i].path);
    free(found->places);
    *found = (struct source_found){0};
}

/*
 * Lists of artifacts: what every reader's artifacts() fills, and the walk over a local folder.
 * The folder may be hostile (links in circles, links to elsewhere, a million files), so links
 * are never entered and the list is bounded. Called by the readers, and by the session that
 * owns the list.
 */
#include "source/artifact_list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>

bool artifact_list_full(const struct artifact_list *list)
{
    return list->count >= ARTIFACT_LIST_MAX;
}

void artifact_list_add(struct artifact_list *list, const char *path, bool directory,
                       uint64_t bytes, int64_t modified_ms)
{
    if (artifact_list_full(list)) {
        list->cut = true;
        return;
    }
    ASSAY_GROW(list->items, list->capacity, list->count + 1);
    list->items[list->count++] = (struct assay_artifact){
        .path = assay_arena_strdup(&list->arena, path),
        .directory = directory,
        .bytes = bytes,
        .modified_ms = modified_ms,
    };
}

/* '/' sorts before every other byte, so that a folder's content follows it at once. */
static int by_path(const void *a, const void *b)
{
    const unsigned char *x = (const void *)((const struct assay_artifact *)a)->path;
    const unsigned char *y = (const void *)((const struct assay_artifact *)b)->path;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    if (*x == *y)
        return 0;
    if (*x == '\0' || *y == '\0')
        return *x == '\0' ? -1 : 1;
    if (*x == '/' || *y == '/')
        return *x == '/' ? -1 : 1;
    return *x < *y ? -1 : 1;
}

void artifact_list_sort(struct artifact_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_path);
}

void artifact_list_free(struct artifact_list *list)
{
    free(list->items);
    assay_arena_free(&list->arena);
    *list = (struct artifact_list){0};
}

/* ---- the walk ---- */

struct walk {
    struct artifact_list *list;
    const char *root;
    int fd;
    bool flat;   /* the files of the root alone */
    size_t next; /* the item whose folder is looked into next */
};

/* What PATH is: a folder of its own, or a regular file, through a link or not. */
static bool look_at(const struct walk *walk, int folder, const char *name, const char *path,
                    struct stat *st)
{
    if (fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (S_ISLNK(st->st_mode)) {
        int fd = assay_open_beneath(walk->fd, path, O_PATH);
        bool file = fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode);

        if (fd >= 0)
            close(fd);
        return file;
    }
    return S_ISREG(st->st_mode) || (S_ISDIR(st->st_mode) && !walk->flat);
}

static void add_entry(struct walk *walk, int fd, const char *folder, const char *name)
{
    char path[4096];
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (walk->flat && name[0] == '.'))
        return;
    if ((size_t)snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name) >=
        sizeof path)
        return;
    if (look_at(walk, fd, name, path, &st))
        artifact_list_add(walk->list, path, S_ISDIR(st.st_mode),
                          S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
                          (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
}

static enum assay_status walk_folder(struct walk *walk, const char *folder,
                                     struct assay_error *err)
{
    int fd = assay_open_beneath(walk->fd, *folder ? folder : ".",
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        int code = errno;

        if (fd >= 0)
            close(fd);
        return assay_fail(err, ASSAY_IO, "%s%s%s: cannot be read: %s", walk->root,
                          *folder ? "/" : "", folder, strerror(code));
    }
    while (!walk->list->cut && (entry = readdir(dir)))
        add_entry(walk, fd, folder, entry->d_name);
    closedir(dir);
    return ASSAY_OK;
}

static enum assay_status walk_root(struct walk *walk, struct assay_error *err)
{
    struct artifact_list *list = walk->list;
    enum assay_status status;
    struct stat st;

    if (lstat(walk->root, &st) == 0 && S_ISLNK(st.st_mode)) {
        assay_fail(err, ASSAY_IO, "%s: a symbolic link, which is not followed", walk->root);
        assay_hint(err, "let the run's artifact_uri name the folder it leads to");
        return ASSAY_IO;
    }
    walk->fd = open(walk->root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (walk->fd < 0)
        return assay_fail(err, ASSAY_IO, "%s: cannot be read: %s", walk->root, strerror(errno));
    status = walk_folder(walk, "", err);
    for (; status == ASSAY_OK && walk->next < list->count && !list->cut; walk->next++) {
        if (list->items[walk->next].directory)
            (void)walk_folder(walk, list->items[walk->next].path, &list->closed);
    }
    close(walk->fd);
    return status;
}

enum assay_status artifact_list_walk(struct artifact_list *list, const char *root,
                                     struct assay_error *err)
{
    struct walk walk = {.list = list, .root = root, .next = list->count};

    return walk_root(&walk, err);
}

enum assay_status artifact_list_files(struct artifact_list *list, const char *root,
                                      struct assay_error *err)
{
    struct walk walk = {.list = list, .root = root, .next = list->count, .flat = true};

    return walk_root(&walk, err);
}

/* ---- URIs ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX; NULL where that gives a NUL byte. */
static char *percent_decode(const char *text)
{
    char *out = assay_alloc(strlen(text) + 1);
    size_t length = 0;

    for (; *text; text++) {
        int high = *text == '%' ? hex_value(text[1]) : -1;
        int low = high >= 0 ? hex_value(text[2]) : -1;

        if (low >= 0) {
            out[length++] = (char)(high * 16 + low);
            text += 2;
            if (high + low == 0) {
                free(out);
                return NULL;
            }
        } else {
            out[length++] = *text;
        }
    }
    return out;
}

char *artifact_local_path(const char *uri)
{
    const char *path = uri;

    if (*uri == '/')
        return assay_strdup(uri);
    if (strncmp(uri, "file:", 5) != 0)
        return NULL;
    path += 5;
    if (strncmp(path, "//", 2) == 0) {
        path += 2;
        if (strncmp(path, "localhost/", 10) == 0)
            path += 9;
    }
    /* What is left begins with a host, or with the drive of a Windows path: not here. */
    if (*path != '/' || (isalpha((unsigned char)path[1]) && path[2] == ':'))
        return NULL;
    return percent_decode(path);
}

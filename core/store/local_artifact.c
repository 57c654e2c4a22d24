/*
 * A run's artifacts in the local store: copies of files, in a folder of the run's own beside
 * the database (store.db.artifacts/RUN). The run says where its folder is as runs of other
 * sources do, so that whoever lists and reads those reads these.
 *
 * Every folder is opened from the one above it without following links, so that nothing that
 * lies in there leads the writing elsewhere. A file is written outside of the runs' folders and
 * renamed into its place: whoever looks sees the old file or the new one, never a part.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "store/local_private.h"

#define PATH_BYTES_MAX 1024
#define PART_BYTES_MAX 255
#define BLOCK          65536
#define NEW_NAME       ".new-" /* and 16 hex digits: what is being written */
#define NEW_SIZE       32
#define NEW_SECONDS    86400 /* what is older was left behind by a program that was killed */

/* ---- names ---- */

static bool part_is_good(const char *part, size_t length)
{
    if (length == 0 || length > PART_BYTES_MAX) {
        return false;
    }
    if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)part[i] < ' ' || part[i] == 127 || part[i] == '\\') {
            return false;
        }
    }
    return assay_utf8_valid(part, length);
}

static enum assay_status check_path(const char *path, struct assay_error *err)
{
    bool good = strnlen(path, PATH_BYTES_MAX + 1) <= PATH_BYTES_MAX;

    for (const char *at = path; good; at++) {
        const size_t length = strcspn(at, "/");
        good = part_is_good(at, length);
        at += length;
        if (*at == '\0') {
            break;
        }
    }
    if (good) {
        return ASSAY_OK;
    }
    assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: no path of an artifact", path);
    assay_hint(err,
               "a path is names with / between them, %d bytes at most, in UTF-8 and "
               "without ., .., \\ and control characters",
               PATH_BYTES_MAX);
    return ASSAY_BAD_INPUT;
}

static const char *path_of(const char *path, const char *file)
{
    const char *slash = strrchr(file, '/');
    return path != NULL ? path : slash != NULL ? slash + 1 : file;
}

static int open_given(const char *file, struct assay_error *err)
{
    struct stat st;
    const int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: %s", file, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        return fd;
    }
    assay_fail(err, ASSAY_BAD_INPUT, "artifact %.200s: not a regular file", file);
    if (S_ISDIR(st.st_mode)) {
        assay_hint(err, "a folder is taken with what is in it where it is named itself, and "
                        "not through a link");
    }
    close(fd);
    return -1;
}

enum assay_status assay_local_check_artifact(const char *path, const char *file,
                                             struct assay_error *err)
{
    enum assay_status status = check_path(path_of(path, file), err);
    const int fd = status == ASSAY_OK ? open_given(file, err) : -1;

    if (fd >= 0) {
        close(fd);
    }
    return status == ASSAY_OK && fd < 0 ? ASSAY_BAD_INPUT : status;
}

/* ---- folders ---- */

/* The folder NAME in the open FOLDER, made where it is missing; -1 with errno. */
static int folder_in(int folder, const char *name)
{
    if (mkdirat(folder, name, 0700) == 0) {
        (void)fsync(folder); /* a file system that cannot is not held against it */
    } else if (errno != EEXIST) {
        return -1;
    }
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Goes down from FOLDER, which it closes, through all but the last part of PATH; *name is that
   part. -1 with errno. */
static int go_down(int folder, const char *path, const char **name)
{
    for (*name = path; folder >= 0 && strchr(*name, '/') != NULL;) {
        char part[PART_BYTES_MAX + 1];
        const size_t length = strcspn(*name, "/");
        memcpy(part, *name, length);
        part[length] = '\0';
        *name += length + 1;
        const int below = folder_in(folder, part), why = errno;
        close(folder);
        folder = below;
        errno = why;
    }
    return folder;
}

/* Removes from ROOT what killed programs have left half written. */
static void sweep(int root)
{
    const int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    struct stat st;

    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, NEW_NAME, strlen(NEW_NAME)) == 0 &&
            fstatat(root, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            time(NULL) - st.st_mtim.tv_sec > NEW_SECONDS) {
            (void)unlinkat(root, entry->d_name, 0);
        }
    }
    closedir(dir);
}

/* ---- the copy ---- */

/* Copies until the end; 0, or errno. */
static int copy(int from, int to)
{
    char block[BLOCK];

    for (;;) {
        const ssize_t count = read(from, block, sizeof block);
        if (count == 0) {
            return fsync(to) == 0 ? 0 : errno;
        }
        if (count < 0 && errno != EINTR) {
            return errno;
        }
        if (count > 0 && !assay_write_all(to, block, (size_t)count)) {
            return errno;
        }
    }
}

/* FROM, copied to NAME in FOLDER by way of a name in ROOT that nobody else has. 0, or errno. */
static int put(int root, int folder, const char *name, int from)
{
    uint64_t random = 0;
    char new_name[NEW_SIZE];

    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return EAGAIN;
    }
    snprintf(new_name, sizeof new_name, NEW_NAME "%016llx", (unsigned long long)random);
    const int to =
        openat(root, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0) {
        return errno;
    }
    int why = copy(from, to);
    if (close(to) != 0 && why == 0) {
        why = errno;
    }
    if (why == 0 && renameat(root, new_name, folder, name) != 0) {
        why = errno;
    }
    if (why != 0) {
        (void)unlinkat(root, new_name, 0);
    } else {
        (void)fsync(folder); /* as above */
    }
    return why;
}

static int put_below(int root, const char *run, const char *path, int from)
{
    const char *name = path;
    sweep(root);
    const int folder = go_down(folder_in(root, run), path, &name);
    const int why = folder < 0 ? errno : put(root, folder, name, from);

    if (folder >= 0) {
        close(folder);
    }
    return why;
}

/* ---- the run ---- */

struct found_run {
    char *uri;
};

static bool take_uri(void *context, const struct store_run *run)
{
    struct found_run *found = context;
    found->uri = assay_strdup(run->artifact_uri);
    return false;
}

/* Whether NOW, which the run says, is the folder that was its own before the store was moved:
   of the same name, and gone. */
static bool has_moved(const char *now, const char *folder, const char *run)
{
    const size_t length = strlen(now), part = strlen(run);
    return length > part + 1 && strcmp(now + length - part, run) == 0 &&
           now[length - part - 1] == '/' && now[0] == '/' && strcmp(now, folder) != 0 &&
           access(now, F_OK) != 0 && errno == ENOENT;
}

/* Whether RUN takes artifacts into FOLDER. Those of a run that came from elsewhere are where
   its source has them, and are not ours to add to. */
static enum assay_status look_at_run(struct assay_local *local, const char *run,
                                     const char *folder, int64_t *row, struct assay_error *err)
{
    struct found_run found = {0};
    void *imported = NULL;
    size_t length = 0;
    char key[LOCAL_IMPORT_KEY_SIZE];
    enum assay_status status = local_run_row(local, run, row, err);

    if (status == ASSAY_OK) {
        status = store_read_run(local->store, *row, take_uri, &found, err);
    }
    if (status == ASSAY_OK) {
        status = store_read_state(local->store, local->source, local_import_key(key, run),
                                  &imported, &length, err);
    }
    const char *now = found.uri != NULL ? found.uri : "";
    const bool elsewhere =
        *now != '\0' && strcmp(now, folder) != 0 && !has_moved(now, folder, run);
    if (status == ASSAY_OK && (imported != NULL || elsewhere)) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "run %s: its artifacts lie elsewhere: %.200s",
                            run, *now != '\0' ? now : "in the source it was imported from");
        assay_hint(err, "only runs that were begun in this store take artifacts");
    }
    free(imported);
    free(found.uri);
    return status;
}

/* Has the run say that its artifacts lie in FOLDER; also where it says so already, for that it
   has changed is how others learn of a new one. */
static enum assay_status tell(struct assay_local *local, int64_t row, const char *folder,
                              struct assay_error *err)
{
    enum assay_status status = store_begin(local->store, err);

    if (status != ASSAY_OK) {
        return status;
    }
    status = store_set_artifact_uri(local->store, row, folder, err);
    return local_end(local, status, err);
}

/* Of the file that STORE leads to. NULL with errno. */
char *assay_local_artifacts_path(const char *store)
{
    struct assay_buf out = {0};
    char *usual = store != NULL ? NULL : store_default_path(STORE_LOCAL);
    char *real =
        store != NULL || usual != NULL ? realpath(store != NULL ? store : usual, NULL) : NULL;

    free(usual);
    if (real == NULL) {
        return NULL;
    }
    assay_buf_format(&out, "%s.artifacts", real);
    free(real);
    return assay_buf_take(&out);
}

static int open_root(const char *root)
{
    if (mkdir(root, 0700) != 0 && errno != EEXIST) {
        return -1;
    }
    return open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum assay_status explain(const char *path, int why, struct assay_error *err)
{
    const bool way = why == ELOOP || why == ENOTDIR;

    return assay_fail(err, ASSAY_IO, "artifact %.200s: %s", path,
                      way ? "on its way is a link or a file in the place of a folder"
                      : why == EISDIR ? "there is a folder of that name"
                                      : strerror(why));
}

static enum assay_status keep(struct assay_local *local, const char *run, const char *path,
                              int from, struct assay_error *err)
{
    char *root_path = assay_local_artifacts_path(local->path);
    const int root = root_path != NULL ? open_root(root_path) : -1, opened = errno;
    char *folder = assay_path_join(root_path != NULL ? root_path : "", run);
    int64_t row = 0;
    enum assay_status status = look_at_run(local, run, folder, &row, err);

    if (status == ASSAY_OK) {
        const int why = root < 0 ? opened : put_below(root, run, path, from);
        if (why != 0) {
            status = explain(path, why, err);
        }
    }
    if (status == ASSAY_OK) {
        status = tell(local, row, folder, err);
    }
    if (root >= 0) {
        close(root);
    }
    free(folder);
    free(root_path);
    return status;
}

enum assay_status assay_local_artifact(struct assay_local *local, const char *run,
                                       const char *path, const char *file,
                                       struct assay_error *err)
{
    path = path_of(path, file);
    enum assay_status status = check_path(path, err);
    if (status == ASSAY_OK && !local_is_id(run)) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "%.80s: no id of a run", run);
    }
    if (status != ASSAY_OK) {
        return status;
    }
    const int from = open_given(file, err);
    if (from < 0) {
        return ASSAY_BAD_INPUT;
    }
    status = keep(local, run, path, from, err);
    close(from);
    return status;
}

/*
 * Files of our own: bounded reading, atomic replacing, private directories. The configuration,
 * the themes, the stores' directories and saved artifacts go through here. And files inside a
 * folder that somebody else made: whoever opens an artifact does it here.
 */
#include <assay/file.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/memory.h>

/* Reads the descriptor to its end, or to one byte past LIMIT. False with errno set. */
static bool read_all(int fd, size_t limit, struct assay_buf *out)
{
    char block[16384];
    while (out->length <= limit) {
        ssize_t count = read(fd, block, sizeof block);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count == 0;
        assay_buf_add(out, block, (size_t)count);
    }
    return true;
}

/* Reads the whole file behind FD, which it closes; PATH names it. */
static enum assay_status read_fd(int fd, const char *path, size_t limit, char **bytes,
                                 size_t *length, struct assay_error *err)
{
    struct assay_buf buf = {.limit = limit < SIZE_MAX - 65536 ? limit + 65536 : limit};
    enum assay_status status = ASSAY_OK;
    struct stat st;
    if (fstat(fd, &st) != 0)
        status = assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        status = assay_fail(err, ASSAY_IO, "%s: not a regular file", path);
    else if (st.st_size > 0 && (uint64_t)st.st_size > limit)
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: larger than %zu bytes", path, limit);
    else if (!read_all(fd, limit, &buf))
        status = assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    else if (buf.length > limit)
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: larger than %zu bytes", path, limit);
    close(fd);
    if (status == ASSAY_OK) {
        *length = buf.length;
        *bytes = assay_buf_take(&buf);
    }
    assay_buf_free(&buf);
    return status;
}

enum assay_status assay_file_read(const char *path, size_t limit, char **bytes, size_t *length,
                                  struct assay_error *err)
{
    *bytes = NULL;
    *length = 0;
    /* Without O_NONBLOCK a pipe in the place of a file would be waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    return read_fd(fd, path, limit, bytes, length, err);
}

/* ---- inside a folder that others made ---- */

/* Part by part, following no link at all: for kernels (before 5.6) and containers that do not
   know openat2. */
static int open_by_parts(int root, const char *path, int flags)
{
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    while (at >= 0) {
        size_t length = strcspn(path, "/");
        const char *next = path + length + strspn(path + length, "/");
        char part[256];
        errno = ENAMETOOLONG;
        int fd = -1;
        if (length < sizeof part) {
            memcpy(part, path, length);
            part[length] = '\0';
            errno = EXDEV;
            if (strcmp(part, "..") != 0)
                fd = openat(at, *part ? part : ".",
                            (*next ? O_PATH | O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC);
        }
        int why = errno;
        close(at);
        errno = why;
        if (fd < 0 || !*next)
            return fd;
        at = fd;
        path = next;
    }
    return -1;
}

int assay_open_beneath(int root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    if (*path == '/') {
        errno = EXDEV;
        return -1;
    }
    do
        fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR)); /* something was renamed meanwhile */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_by_parts(root, path, flags);
    return (int)fd;
}

/* What PATH is is asked before it is opened: to open a device may already do something. */
static int open_regular(int root, const char *path, struct stat *st)
{
    int fd = assay_open_beneath(root, path, O_PATH);
    bool regular = fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode);
    if (fd >= 0)
        close(fd);
    if (fd < 0)
        return -1;
    fd = regular ? assay_open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY) : -1;
    if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    if (fd >= 0)
        close(fd);
    if (!regular || fd >= 0)
        errno = S_ISLNK(st->st_mode) ? EXDEV : EBADF;
    return -1;
}

int assay_open_inside(const char *root, const char *path, uint64_t *bytes,
                      struct assay_error *err)
{
    struct stat st = {0};
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        assay_fail(err, ASSAY_IO, "%s: %s", root,
                   errno == ENOTDIR || errno == ELOOP ? "a symbolic link, which is not followed"
                                                      : strerror(errno));
        return -1;
    }
    int fd = open_regular(folder, path, &st), why = errno;
    close(folder);
    if (fd < 0)
        assay_fail(err, ASSAY_IO, "%s/%s: %s", root, path,
                   why == EXDEV || why == ELOOP ? "a symbolic link that leads out of the folder"
                   : why == EBADF               ? "not a regular file"
                                                : strerror(why));
    else if (bytes)
        *bytes = (uint64_t)st.st_size;
    return fd;
}

enum assay_status assay_file_read_inside(const char *root, const char *path, size_t limit,
                                         char **bytes, size_t *length, struct assay_error *err)
{
    *bytes = NULL;
    *length = 0;
    int fd = assay_open_inside(root, path, NULL, err);
    if (fd < 0)
        return ASSAY_IO;
    char *name = assay_path_join(root, path);
    enum assay_status status = read_fd(fd, name, limit, bytes, length, err);
    free(name);
    return status;
}

/* ---- writing ---- */

bool assay_write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length) {
        ssize_t count = write(fd, at, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        at += count;
        length -= (size_t)count;
    }
    return true;
}

/* Opens a new file beside PATH under a name nobody else has; *name is the caller's. */
static int open_beside(const char *path, unsigned mode, char **name)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            random = (uint64_t)getpid() << 8 | (uint64_t)attempt;
        struct assay_buf buf = {0};
        assay_buf_format(&buf, "%s.%016llx.new", path, (unsigned long long)random);
        *name = assay_buf_take(&buf);
        int fd =
            open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        free(*name);
        *name = NULL;
    }
    errno = EEXIST;
    return -1;
}

/* Makes the rename durable; a file system that cannot do that is not held against the file. */
static void sync_directory(const char *path)
{
    char *directory = assay_path_directory(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(directory);
}

enum assay_status assay_file_write(const char *path, const void *bytes, size_t length,
                                   unsigned mode, struct assay_error *err)
{
    char *beside = NULL;
    int fd = open_beside(path, mode, &beside);
    bool done = fd >= 0 && assay_write_all(fd, bytes, length) && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && done) {
        why = errno;
        done = false;
    }
    if (done && rename(beside, path) != 0) {
        why = errno;
        done = false;
    }
    if (done)
        sync_directory(path);
    else if (fd >= 0)
        unlink(beside);
    free(beside);
    return done ? ASSAY_OK : assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(why));
}

enum assay_status assay_make_directories(const char *path, struct assay_error *err)
{
    char *part = assay_strdup(path);
    enum assay_status status = ASSAY_OK;
    for (char *at = part;; at++) {
        if (*at && *at != '/')
            continue;
        char end = *at;
        *at = '\0';
        if (*part && mkdir(part, 0700) != 0 && errno != EEXIST && errno != EISDIR) {
            /* Above it a directory may be there and closed to us: only the last one counts. */
            int code = errno;
            struct stat st;
            if (stat(part, &st) != 0) {
                status =
                    assay_fail(err, ASSAY_IO, "%s: cannot be made: %s", part, strerror(code));
                break;
            }
        }
        *at = end;
        if (!end)
            break;
    }
    struct stat st;
    if (status == ASSAY_OK && *path && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
        status = assay_fail(err, ASSAY_IO, "%s: not a directory", path);
    free(part);
    return status;
}

char *assay_path_join(const char *directory, const char *name)
{
    struct assay_buf buf = {0};
    if (*directory && *name != '/') {
        assay_buf_text_add(&buf, directory);
        if (directory[strlen(directory) - 1] != '/')
            assay_buf_char(&buf, '/');
    }
    assay_buf_text_add(&buf, name);
    return assay_buf_take(&buf);
}

char *assay_path_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return assay_strdup(".");
    return assay_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

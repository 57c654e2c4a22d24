/*
 * Files without a name until they are whole; see partial.h. Called by the commands that save
 * what they fetch.
 */
#include "partial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "cli.h"

#define NAMES 100u

/* What a signal has to remove: not in the heap, for it may come on any thread at any time. */
static char guarded[PATH_MAX];
static atomic_bool is_guarded;

static void on_end(int signal_number)
{
    if (atomic_load(&is_guarded))
        unlink(guarded);
    if (signal_number == SIGINT)
        _exit(130);
    /* Ends the process as if nobody had listened, once this returns. */
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void guard(const char *path)
{
    snprintf(guarded, sizeof guarded, "%s", path);
    atomic_store(&is_guarded, true);
    cli_catch(SIGINT, on_end);
    cli_catch(SIGTERM, on_end);
    cli_catch(SIGHUP, on_end);
}

/* Without a name: -1 where the file system has no such files, or they cannot get one later. */
static int open_unnamed(const char *directory)
{
    if (access("/proc/self/fd", X_OK) != 0)
        return -1;
    return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
}

static int open_named(struct cli_partial *partial)
{
    for (unsigned i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, ".assay-%ld-%u", (long)getpid(), i);
        char *path = assay_path_join(partial->directory, name);
        int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
                      partial->as ? 0666 : 0600);
        if (fd >= 0) {
            partial->path = path;
            guard(path);
            return fd;
        }
        free(path);
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

enum assay_status cli_partial_begin(struct cli_partial *out, const char *as, bool named,
                                    struct assay_error *err)
{
    const char *tmp = getenv("TMPDIR");
    *out = (struct cli_partial){.fd = -1, .as = as};
    out->directory = as ? assay_path_directory(as) : assay_strdup(tmp && *tmp ? tmp : "/tmp");
    if (!named)
        out->fd = open_unnamed(out->directory);
    if (out->fd < 0)
        out->fd = open_named(out);
    if (out->fd < 0)
        return assay_fail(err, ASSAY_IO, "%s: %s", out->directory, strerror(errno));
    if (!as && out->path)
        unlink(out->path);
    return ASSAY_OK;
}

/* Gives a file without a name the one it is to have; where that is taken, one beside it, to be
   moved over what is there. */
static bool give_name(struct cli_partial *partial)
{
    char from[64];
    snprintf(from, sizeof from, "/proc/self/fd/%d", partial->fd);
    if (linkat(AT_FDCWD, from, AT_FDCWD, partial->as, AT_SYMLINK_FOLLOW) == 0)
        return true;
    for (unsigned i = 0; errno == EEXIST && i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, ".assay-%ld-%u", (long)getpid(), i);
        char *path = assay_path_join(partial->directory, name);
        if (linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) {
            partial->path = path;
            guard(path);
            return rename(path, partial->as) == 0;
        }
        free(path);
    }
    return false;
}

enum assay_status cli_partial_end(struct cli_partial *partial, bool keep,
                                  struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    keep = keep && partial->fd >= 0 && partial->as;
    if (keep && fsync(partial->fd) != 0)
        status = assay_fail(err, ASSAY_IO, "%s: %s", partial->as, strerror(errno));
    if (keep && status == ASSAY_OK &&
        !(partial->path ? rename(partial->path, partial->as) == 0 : give_name(partial)))
        status = assay_fail(err, ASSAY_IO, "%s: %s", partial->as, strerror(errno));
    if (partial->path && partial->as && !(keep && status == ASSAY_OK))
        unlink(partial->path);
    if (partial->fd >= 0)
        close(partial->fd);
    atomic_store(&is_guarded, false);
    free(partial->path);
    free(partial->directory);
    *partial = (struct cli_partial){.fd = -1};
    return status;
}

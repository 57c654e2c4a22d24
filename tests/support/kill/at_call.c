/*
 * Preloaded into a program under test: counts the calls by which it changes files, and ends it
 * with SIGKILL before the one $KILL_AT_CALL names (1 the first). With KILL_TORN=1 only writes
 * are counted, and half of the last one's bytes are written. With KILL_FULL=1 nothing is
 * killed: from that write on the disk is full. Programs that it starts are left alone. The
 * calls are made without the C library, so that it stands before any sanitizer's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;
static long deadly;
static bool torn, full;
static pid_t whom;

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] == '1';
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("KILL_AT_CALL");

    deadly = at ? atol(at) : 0;
    torn = is_set("KILL_TORN");
    full = is_set("KILL_FULL");
    whom = getpid();
    unsetenv("LD_PRELOAD");
}

static bool is_last(bool writes)
{
    return !full && (writes || !torn) && deadly > 0 && getpid() == whom &&
           atomic_fetch_add(&calls, 1) + 1 == deadly;
}

static void end(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static void step(void)
{
    if (is_last(false))
        end();
}

/* Fails, as it does on a full disk; pipes and files in memory alone need no room there. */
static bool no_room(int fd)
{
    struct stat st;

    if (!full || getpid() != whom || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        st.st_nlink == 0)
        return false;
    if (atomic_fetch_add(&calls, 1) + 1 < deadly)
        return false;
    errno = ENOSPC;
    return true;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    if (fd > 2 && no_room(fd))
        return -1;
    if (is_last(true)) {
        if (torn)
            (void)syscall(SYS_write, fd, bytes, length / 2);
        end();
    }
    return syscall(SYS_write, fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    if (no_room(fd))
        return -1;
    if (is_last(true)) {
        if (torn)
            (void)syscall(SYS_pwrite64, fd, bytes, length / 2, at);
        end();
    }
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return pwrite64(fd, bytes, length, at);
}

int fsync(int fd)
{
    step();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    step();
    return (int)syscall(SYS_fdatasync, fd);
}

int ftruncate64(int fd, off64_t length)
{
    step();
    return (int)syscall(SYS_ftruncate, fd, length);
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int rename(const char *from, const char *to)
{
    step();
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    step();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static bool makes_a_file(int flags)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT))
        step();
    return (int)syscall(SYS_openat, directory, path, flags, mode);
}

/* The mode is there only where a file may be made. */
#define TAKE_MODE(mode, flags)                                                                 \
    do {                                                                                       \
        va_list list;                                                                          \
        va_start(list, flags);                                                                 \
        (mode) = makes_a_file(flags) ? va_arg(list, mode_t) : 0;                               \
        va_end(list);                                                                          \
    } while (0)

int open(const char *path, int flags, ...)
{
    mode_t mode;
    TAKE_MODE(mode, flags);
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    mode_t mode;
    TAKE_MODE(mode, flags);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    mode_t mode;
    TAKE_MODE(mode, flags);
    return open_at(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
    mode_t mode;
    TAKE_MODE(mode, flags);
    return open_at(directory, path, flags, mode);
}

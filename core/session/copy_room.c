/*
 * How much room the copies of artifacts beside the cache may take: where there is more, those
 * used longest ago are removed. A copy is held while a session shows it: a shared lock on the
 * file, which ends with the process; what is held, or being fetched, stays. Called where a copy
 * was fetched, on that thread, and where one is asked for.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/server_private.h"

int copy_hold(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat held, there;

    if (fd < 0)
        return -1;
    /* Removed between the two: then there is no such file any more, or another one. */
    if (flock(fd, LOCK_SH | LOCK_NB) != 0 || fstat(fd, &held) != 0 || stat(path, &there) != 0 ||
        held.st_ino != there.st_ino || held.st_dev != there.st_dev) {
        close(fd);
        return -1;
    }
    /* Used now. When it was made stays as it is: the copy may be older than what it copies. */
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    (void)futimens(fd, now);
    return fd;
}

struct kept_copy {
    char name[COPY_NAME_SIZE];
    uint64_t bytes;
    struct timespec used;
};
struct kept_copies {
    struct kept_copy *items;
    size_t count, capacity;
    uint64_t bytes;
};

/* 32 hex digits, and what mkstemp() makes of them: nothing else in there is ours. */
static bool is_ours(const char *name)
{
    size_t digits = strspn(name, "0123456789abcdef");

    return digits == 32 && strlen(name) < COPY_NAME_SIZE &&
           (name[digits] == '\0' || name[digits] == '.');
}

static void list(int folder, struct kept_copies *all)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    struct stat st;

    if (!dir && fd >= 0)
        close(fd);
    while (dir && (entry = readdir(dir))) {
        struct kept_copy *copy;

        if (!is_ours(entry->d_name) ||
            fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        ASSAY_GROW(all->items, all->capacity, all->count + 1);
        copy = &all->items[all->count++];
        *copy = (struct kept_copy){.bytes = (uint64_t)st.st_size, .used = st.st_atim};
        memcpy(copy->name, entry->d_name, strlen(entry->d_name) + 1);
        all->bytes += copy->bytes;
    }
    if (dir)
        closedir(dir);
}

static int by_use(const void *a, const void *b)
{
    const struct kept_copy *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Removes the copy unless somebody holds it. */
static bool remove_copy(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool gone = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(folder, name, 0) == 0;

    if (fd >= 0)
        close(fd);
    return gone;
}

void copies_make_room(const char *directory, uint64_t most)
{
    struct kept_copies all = {0};
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return;
    list(folder, &all);
    if (all.bytes > most)
        qsort(all.items, all.count, sizeof *all.items, by_use);
    for (size_t i = 0; i < all.count && all.bytes > most; i++)
        if (remove_copy(folder, all.items[i].name))
            all.bytes -= all.items[i].bytes;
    free(all.items);
    close(folder);
}

/*
 * A file system under SQLite that fails on purpose: it can end the process at the Nth
 * operation, be full, and remember what was really synced, so that a test can look at what a
 * loss of power would have left.
 */
#ifndef TESTS_SUPPORT_SHAKY_VFS_H
#define TESTS_SUPPORT_SHAKY_VFS_H

#include <stdbool.h>

struct shaky {
    long operations; /* writes, truncations, syncs and deletions so far */
    long exit_at;    /* _exit(77) before this one; 0: never */
    bool full;       /* every write fails */
    bool remember;   /* keep PATH.durable of each file as of its latest sync */
    bool log_alone;  /* another process seems to checkpoint: the log stays as it is */
};
/* Makes it the default of this process; returns its state. */
struct shaky *shaky_install(void);
/* Begins to remember the database PATH and its log as they are now. */
void shaky_arm(const char *path);
/* Puts what was synced to TO (and TO-wal). */
void shaky_after_power_loss(const char *path, const char *to);

#endif

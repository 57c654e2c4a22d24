/*
 * Finding TensorBoard's runs below a log directory: a run is a directory that holds event
 * files, named by its path below the log directory ("." for that itself).
 */
#ifndef CORE_SOURCE_TB_WALK_H
#define CORE_SOURCE_TB_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tb_seen { /* an event file */
    char *name;
    uint64_t device, inode, size;
    int64_t changed_ns; /* mtime */
};
struct tb_place { /* a directory with event files */
    char *name;   /* the run's */
    char *path;
    struct tb_seen *files; /* in the order of their names, which is that of time */
    size_t file_count, file_capacity;
};
struct tb_tree {
    struct tb_place *places; /* in the order of their names, parents first */
    size_t count, capacity;
    char **directories; /* every one that was entered */
    size_t directory_count, directory_capacity;
    size_t entries;  /* names looked at */
    bool incomplete; /* something could not be entered, or was too much */
};

struct tb_walk_limits {
    unsigned depth;     /* levels below the root */
    size_t names;       /* to look at in one directory */
    size_t entries;     /* names to look at altogether */
    size_t directories; /* to enter */
    bool first;         /* stop at the first run */
};
/* What a scan allows itself, and what a look in passing does. */
extern const struct tb_walk_limits tb_walk_all, tb_walk_glance;

/* Told of a directory that cannot be entered, or of a limit reached. */
typedef void (*tb_walk_problem_fn)(void *context, const char *path, const char *why);

/* Walks below ROOT, a directory, or takes it as the one file of a run. Links are followed,
   unless they lead back to a directory they were found in. */
void tb_walk(const char *root, const struct tb_walk_limits *limits, tb_walk_problem_fn problem,
             void *context, struct tb_tree *tree);
void tb_tree_free(struct tb_tree *tree);

bool tb_is_event_file(const char *name);

#endif

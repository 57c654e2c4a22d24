/*
 * A run's artifacts as a reader finds them, and the walk over a local folder that most readers
 * share. Whoever asks (the session, a test) owns the list: start with {0}, end with
 * artifact_list_free().
 */
#ifndef CORE_SOURCE_ARTIFACT_LIST_H
#define CORE_SOURCE_ARTIFACT_LIST_H

#include <assay/memory.h>
#include <assay/session.h>

#include "source/source.h"

#define ARTIFACT_LIST_MAX 10000u

struct artifact_list {
    struct assay_artifact
        *items; /* the array is assay_realloc_array()ed, the paths lie in arena */
    size_t count, capacity;
    bool cut; /* there were more than ARTIFACT_LIST_MAX */
    struct assay_arena arena;
    struct assay_error closed; /* the first folder that could not be looked into; the rest is in
                                  the list */
};
void artifact_list_sort(struct artifact_list *list); /* by path, bytewise, part by part */
void artifact_list_free(struct artifact_list *list);

/* Adds everything below ROOT, level by level, so that a list cut short has the top levels. What
   assay_open_inside() would not open is left out: links that lead out of ROOT, pipes, devices,
   sockets. A link to a file inside is listed as that file, one to a folder is not entered.
   Fails only where ROOT itself is a symbolic link or cannot be read. */
enum assay_status artifact_list_walk(struct artifact_list *list, const char *root,
                                     struct assay_error *err);
/* The same for the files directly in ROOT, without those whose names begin with a dot. */
enum assay_status artifact_list_files(struct artifact_list *list, const char *root,
                                      struct assay_error *err);

/* The local folder that an artifact URI means (a path, or file:///path, percent-decoded),
   malloc'd; NULL where it means none: s3://…, mlflow-artifacts:/…, C:\…, a relative path. */
char *artifact_local_path(const char *uri);

#endif

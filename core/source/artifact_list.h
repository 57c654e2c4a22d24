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
};
void artifact_list_sort(struct artifact_list *list); /* by path, bytewise, part by part */
void artifact_list_free(struct artifact_list *list);

/* Adds everything below ROOT, level by level, so that a list cut short has the top levels. A
   symbolic link is listed, never entered; one to a file inside ROOT has that file's size. */
enum assay_status artifact_list_walk(struct artifact_list *list, const char *root,
                                     struct assay_error *err);

/* The local folder that an artifact URI means (a path, or file:///path, percent-decoded),
   malloc'd; NULL where it means none: s3://…, mlflow-artifacts:/…, C:\…, a relative path. */
char *artifact_local_path(const char *uri);

#endif

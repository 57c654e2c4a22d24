/*
 * The table of readers, and the detection that asks each of them.
 */
#include "source/readers.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

/* The more specific formats first: the order in which a directory's sources are shown. */
const struct source_ops *const source_readers[] = {
    &source_mlflow_files,
    &source_mlflow_db,
    &source_tensorboard,
    NULL,
};

const struct source_ops *source_reader(const char *kind)
{
    for (size_t i = 0; source_readers[i]; i++) {
        if (strcmp(source_readers[i]->kind, kind) == 0)
            return source_readers[i];
    }
    return NULL;
}

void source_found_add(struct source_found *found, const char *kind, const char *path)
{
    const struct source_ops *ops = source_reader(kind);

    if (!ops)
        return;
    for (size_t i = 0; i < found->count; i++) {
        if (found->places[i].ops == ops && strcmp(found->places[i].path, path) == 0)
            return;
    }
    ASSAY_GROW(found->places, found->capacity, found->count + 1);
    found->places[found->count++] = (struct source_place){
        .ops = ops,
        .path = assay_strdup(path),
    };
}

void source_detect(const char *path, struct source_found *found)
{
    for (size_t i = 0; source_readers[i]; i++)
        source_readers[i]->detect(path, found);
}

void source_found_free(struct source_found *found)
{
    for (size_t i = 0; i < found->count; i++)
        free(found->places[i].path);
    free(found->places);
    *found = (struct source_found){0};
}

/*
 * The one place that opens shared libraries at run time.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

enum assay_status library_open(const struct library *library, void *table,
                               struct assay_error *err)
{
    void *opened = NULL;

    for (const char *const *file = library->files; !opened && *file; file++)
        opened = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
    if (!opened) {
        assay_fail(err, ASSAY_IO, "%s: %s is not installed", library->purpose, library->title);
        assay_hint(err, "%s", library->advice);
        return ASSAY_IO;
    }
    for (size_t i = 0; i < library->count; i++) {
        const struct library_function *function = &library->functions[i];
        void *found = dlsym(opened, function->name);

        if (!found) {
            assay_fail(err, ASSAY_IO, "%s: the %s that is installed has no %s",
                       library->purpose, library->title, function->name);
            assay_hint(err, "%s", library->advice);
            return ASSAY_IO;
        }
        memcpy((char *)table + function->offset, &found, sizeof found);
    }
    return ASSAY_OK;
}

/*
 * Review bundles: whatever is in one, its runs, curves and artifacts are read or refused. The
 * seal is left aside, as by somebody who makes one that holds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <assay/bundle.h>
#include <assay/memory.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_runs(const struct assay_bundle *bundle)
{
    struct assay_comparison *comparison = assay_comparison_new();
    for (size_t i = 0; i < bundle->run_count; i++) {
        struct assay_compared_run facts;
        struct assay_attrs attrs;
        if (assay_bundle_run(bundle, i, &facts, &attrs))
            assay_comparison_add(comparison, &facts, &attrs);
        assay_bundle_attrs_free(&attrs);
    }
    assay_comparison_finish(comparison);
    for (size_t row = 0; row < assay_comparison_rows(comparison); row++)
        for (size_t i = 0; i < assay_comparison_runs(comparison); i++)
            assay_comparison_delta(comparison, row, i, 0);
    assay_comparison_free(&comparison);
}

static void look_at_curves(const struct assay_bundle *bundle)
{
    for (size_t i = 0; i < bundle->curve_count; i++) {
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        const char *metric;
        size_t run;
        if (assay_bundle_curve(bundle, i, &run, &metric)) {
            assay_bundle_points(bundle, i, series);
            assay_series_at(series, ASSAY_AXIS_STEP, 1);
        }
        assay_series_free(&series);
    }
}

static void look_at_files(const struct assay_bundle *bundle)
{
    for (size_t i = 0; i < bundle->file_count; i++) {
        struct assay_bundle_file file;
        char *bytes;
        size_t length;
        if (assay_bundle_file(bundle, i, &file) && file.run >= bundle->run_count)
            abort();
        assay_bundle_file_bytes(bundle, i, &bytes, &length, NULL);
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[40];
    struct assay_bundle bundle;
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (assay_bundle_read(&bundle, path, 1 << 20, NULL) == ASSAY_OK) {
        look_at_runs(&bundle);
        look_at_curves(&bundle);
        look_at_files(&bundle);
    }
    assay_bundle_free(&bundle);
    close(fd);
    return 0;
}

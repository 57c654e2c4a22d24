/*
 * Artifacts in the comparison on the screen (compare_view.h): listed in the background by the
 * session, then read a few milliseconds at a time; a file's row opens as its difference, line
 * by line.
 */
#include "compare_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/image.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define BUDGET_US 6000
#define FILES_MAX 500 /* of one run */
#define DIGEST_MAX                                                                             \
    (4u << 20) /* larger files are compared by size: nothing waits for them here */
#define DIFF_MAX  (2u << 20)
#define IMAGE_MAX (32u << 20)
#define LINES_MAX 5000
#define PREFIX    "file "

static void add_file(struct compare_view *view, size_t column, const char *directory,
                     const struct assay_artifact *item)
{
    char digest[ASSAY_SHA256_TEXT] = "", *text = NULL;
    size_t length = 0;
    if (item->bytes <= DIGEST_MAX &&
        assay_sha256_inside(digest, directory, item->path, NULL) != ASSAY_OK) {
        snprintf(digest, sizeof digest, "not readable");
    }
    if (assay_comparison_reads_file(item->path) && item->bytes <= ASSAY_COMPARE_FILE_MAX &&
        assay_file_read_inside(directory, item->path, ASSAY_COMPARE_FILE_MAX, &text, &length,
                               NULL) != ASSAY_OK) {
        length = 0;
    }
    digest[strlen(digest) > 16 ? 16 : strlen(digest)] = '\0';
    assay_comparison_add_file(view->comparison, column, item->path, item->bytes, digest, text,
                              length);
    free(text);
}

bool compare_files_step(struct compare_view *view)
{
    int64_t began = assay_monotonic_us();
    size_t runs = assay_comparison_runs(view->comparison);
    if (!view->files || view->file_run >= runs) {
        return false;
    }
    while (view->file_run < runs && assay_monotonic_us() - began < BUDGET_US) {
        uint32_t run = assay_comparison_run(view->comparison, view->file_run)->run;
        const struct assay_artifacts *artifacts =
            assay_session_artifacts(view->app->session, run);
        if (artifacts->load == ASSAY_LOAD_BUSY) {
            app_draw_in(view->app, 50);
            return false;
        }
        size_t count = artifacts->directory ? artifacts->count : 0;
        if (view->file_at >= count || view->file_at >= FILES_MAX) {
            view->files_elsewhere += !artifacts->directory && artifacts->count > 0;
            view->file_run++;
            view->file_at = 0;
            continue;
        }
        const struct assay_artifact *item = &artifacts->items[view->file_at++];
        if (!item->directory) {
            add_file(view, view->file_run, artifacts->directory, item);
        }
    }
    app_draw_in(view->app, 1);
    if (view->file_run < runs) {
        return false;
    }
    if (view->files_elsewhere) {
        app_say(view->app, "the artifacts of %zu runs are not on this machine",
                view->files_elsewhere);
    }
    return true;
}

/* The file a row stands for; NULL where it is none. */
static const char *file_of(const struct compare_view *view, size_t field)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    bool file = row->kind == ASSAY_ROW_FACT && strncmp(row->key, PREFIX, strlen(PREFIX)) == 0;
    return file ? row->key + strlen(PREFIX) : NULL;
}

static char *read_file(const struct compare_view *view, size_t run, const char *path,
                       size_t most, size_t *length, struct assay_error *err)
{
    const struct assay_artifacts *artifacts = assay_session_artifacts(
        view->app->session, assay_comparison_run(view->comparison, run)->run);
    char *text = NULL;
    if (!artifacts->directory) {
        assay_fail(err, ASSAY_IO, "%s: not on this machine", path);
        return NULL;
    }
    if (assay_file_read_inside(artifacts->directory, path, most, &text, length, err) !=
        ASSAY_OK) {
        text = NULL;
    }
    return text;
}

bool compare_files_diff(struct compare_view *view, size_t field, size_t run,
                        struct assay_buf *out)
{
    const char *path = field == SIZE_MAX ? NULL : file_of(view, field);
    struct assay_error err = {0};
    size_t length, base_length;
    char name[100], base_name[100];
    if (!path || run == SIZE_MAX || run == view->base) {
        return false;
    }
    char *base = read_file(view, view->base, path, DIFF_MAX, &base_length, &err);
    char *text = read_file(view, run, path, DIFF_MAX, &length, &err);
    compare_name(view, view->base, base_name, sizeof base_name);
    compare_name(view, run, name, sizeof name);
    if (!base || !text) {
        app_fail(view->app, &err);
    } else if (!assay_file_diff(path, base, base_length, text, length, base_name, name, out)) {
        assay_buf_text_add(out, "both are the same\n");
    }
    bool read = base && text;
    free(base);
    free(text);
    return read;
}

bool compare_files_images(struct compare_view *view, size_t field, size_t run)
{
    const char *path = field == SIZE_MAX ? NULL : file_of(view, field);
    struct assay_error err = {0};
    size_t length = 0, base_length = 0;
    bool opened = false;
    if (!path || !assay_image_named(path) || run == SIZE_MAX || run == view->base) {
        return false;
    }
    char *base = read_file(view, view->base, path, IMAGE_MAX, &base_length, &err);
    char *text = base ? read_file(view, run, path, IMAGE_MAX, &length, &err) : NULL;
    if (!base || !text) {
        app_fail(view->app, &err);
    } else {
        opened = compare_images_open(view, run, base, base_length, text, length);
    }
    free(base);
    free(text);
    return opened;
}

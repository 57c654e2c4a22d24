/*
 * Artifacts in the comparison on the screen (compare_view.h): listed in the background by the
 * session, read run by run on a thread (errand.h), and put among the rows a few milliseconds at
 * a time. Two versions of one are read and compared on a thread as well.
 */
#include "compare_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define BUDGET_US  6000
#define FILES_MAX  2000         /* of one run */
#define DIGEST_MAX (256u << 20) /* larger files are compared by size */
#define DIFF_MAX   (16u << 20)
#define IMAGE_MAX  (64u << 20)
#define PREFIX     "file "

/* ---- all artifacts of one run ---- */

struct run_file {
    char *path;
    uint64_t bytes;
    char digest[17]; /* its first 16 digits, or "not readable" */
    char *text;      /* where it is worth reading; NULL: not read */
    size_t length;
};
struct run_files {
    char *directory;
    struct run_file *files;
    size_t count;
};

static void run_files_free(void *data)
{
    struct run_files *all = data;
    for (size_t i = 0; i < all->count; i++) {
        free(all->files[i].path);
        free(all->files[i].text);
    }
    free(all->files);
    free(all->directory);
    free(all);
}

static void run_files_work(struct errand *errand, void *data)
{
    struct run_files *all = data;
    for (size_t i = 0; i < all->count && !errand_unwanted(errand); i++) {
        struct run_file *file = &all->files[i];
        char digest[ASSAY_SHA256_TEXT] = "";
        if (file->bytes <= DIGEST_MAX &&
            assay_sha256_inside(digest, all->directory, file->path, NULL) != ASSAY_OK) {
            snprintf(digest, sizeof digest, "not readable");
        }
        if (assay_comparison_reads_file(file->path) && file->bytes <= ASSAY_COMPARE_FILE_MAX &&
            assay_file_read_inside(all->directory, file->path, ASSAY_COMPARE_FILE_MAX,
                                   &file->text, &file->length, NULL) != ASSAY_OK) {
            file->text = NULL;
            file->length = 0;
        }
        snprintf(file->digest, sizeof file->digest, "%.16s", digest);
    }
}

/* Sends for the artifacts of the next run; false where it has none here. */
static bool send_for_files(struct compare_view *view, const struct assay_artifacts *artifacts)
{
    size_t count = artifacts->count < FILES_MAX ? artifacts->count : FILES_MAX;
    if (!artifacts->directory || count == 0) {
        return false;
    }
    struct run_files *all = assay_alloc(sizeof *all);
    all->directory = assay_strdup(artifacts->directory);
    all->files = assay_alloc_array(count, sizeof *all->files);
    for (size_t i = 0; i < count; i++) {
        if (!artifacts->items[i].directory) {
            all->files[all->count++] = (struct run_file){
                .path = assay_strdup(artifacts->items[i].path),
                .bytes = artifacts->items[i].bytes,
            };
        }
    }
    view->reading = errand_start(view->app, run_files_work, run_files_free, all);
    return view->reading != NULL;
}

static void next_run(struct compare_view *view)
{
    errand_drop(&view->reading, view->app);
    view->file_run++;
    view->file_at = 0;
}

/* Goes on with one run until its files are in or the time is up; false: there is nothing to be
   done at the moment. */
static bool one_run(struct compare_view *view, int64_t until)
{
    if (!view->reading) {
        const struct assay_artifacts *artifacts = assay_session_artifacts(
            view->app->session, assay_comparison_run(view->comparison, view->file_run)->run);
        if (artifacts->load == ASSAY_LOAD_BUSY) {
            return false;
        }
        view->files_elsewhere += !artifacts->directory && artifacts->count > 0;
        if (!send_for_files(view, artifacts)) {
            next_run(view);
            return true;
        }
    }
    const struct run_files *all = errand_result(view->reading);
    if (!all) {
        return false;
    }
    while (view->file_at < all->count && assay_monotonic_us() < until) {
        const struct run_file *file = &all->files[view->file_at++];
        assay_comparison_add_file(view->comparison, view->file_run, file->path, file->bytes,
                                  file->digest, file->text, file->length);
    }
    if (view->file_at == all->count) {
        next_run(view);
    }
    return true;
}

bool compare_files_step(struct compare_view *view)
{
    int64_t until = assay_monotonic_us() + BUDGET_US;
    size_t runs = assay_comparison_runs(view->comparison);
    if (!view->files || view->file_run >= runs) {
        return false;
    }
    bool more = true;
    while (more && view->file_run < runs && assay_monotonic_us() < until) {
        more = one_run(view, until);
    }
    app_draw_in(view->app, more ? 1 : 50);
    if (view->file_run < runs) {
        return false;
    }
    if (view->files_elsewhere) {
        app_say(view->app, "the artifacts of %zu runs are not on this machine",
                view->files_elsewhere);
    }
    return true;
}

/* ---- two versions of one ---- */

struct two_files {
    char *path; /* within the run */
    char *directories[2];
    char names[2][100]; /* of the baseline and the run, clean */
    struct assay_error err;
    enum assay_status status;
    struct assay_buf diff;        /* how they differ, where they are no pictures */
    struct compare_images *shown; /* where they are */
};

static void two_files_free(void *data)
{
    struct two_files *two = data;
    free(two->path);
    free(two->directories[0]);
    free(two->directories[1]);
    assay_buf_free(&two->diff);
    compare_images_free(&two->shown);
    free(two);
}

static void two_files_work(struct errand *errand, void *data)
{
    struct two_files *two = data;
    char *texts[2] = {NULL, NULL};
    size_t lengths[2] = {0, 0};
    const char *const names[2] = {two->names[0], two->names[1]};
    bool pictures = assay_image_named(two->path);
    for (size_t i = 0; i < 2 && two->status == ASSAY_OK && !errand_unwanted(errand); i++) {
        two->status = assay_file_read_inside(two->directories[i], two->path,
                                             pictures ? IMAGE_MAX : DIFF_MAX, &texts[i],
                                             &lengths[i], &two->err);
    }
    if (two->status != ASSAY_OK || errand_unwanted(errand)) {
        /* nothing to compare, or nobody to compare it for */
    } else if (pictures) {
        two->status = compare_images_make(&two->shown, texts, lengths, names, &two->err);
    } else if (!assay_file_diff(two->path, texts[0], lengths[0], texts[1], lengths[1],
                                two->names[0], two->names[1], &two->diff)) {
        assay_buf_text_add(&two->diff, "both are the same\n");
    }
    free(texts[0]);
    free(texts[1]);
}

/* The file a row stands for; NULL where it is none. */
static const char *file_of(const struct compare_view *view, size_t field)
{
    const struct assay_row *row = assay_comparison_row(view->comparison, field);
    bool file = row->kind == ASSAY_ROW_FACT && strncmp(row->key, PREFIX, strlen(PREFIX)) == 0;
    return file ? row->key + strlen(PREFIX) : NULL;
}

bool compare_files_ask(struct compare_view *view, size_t field, size_t run)
{
    const char *path = field == SIZE_MAX ? NULL : file_of(view, field);
    const size_t runs[2] = {view->base, run};
    if (!path || run == SIZE_MAX || run == view->base) {
        return false;
    }
    errand_drop(&view->comparing, view->app);
    struct two_files *two = assay_alloc(sizeof *two);
    two->path = assay_strdup(path);
    for (size_t i = 0; i < 2; i++) {
        const struct assay_artifacts *artifacts = assay_session_artifacts(
            view->app->session, assay_comparison_run(view->comparison, runs[i])->run);
        compare_name(view, runs[i], two->names[i], sizeof two->names[i]);
        two->directories[i] = artifacts->directory ? assay_strdup(artifacts->directory) : NULL;
        if (!artifacts->directory && two->status == ASSAY_OK) {
            two->status = assay_fail(&two->err, ASSAY_IO,
                                     "%s: the artifacts of %s are not on "
                                     "this machine",
                                     path, two->names[i]);
        }
    }
    view->comparing = errand_start(view->app, two_files_work, two_files_free, two);
    if (!view->comparing) {
        app_say(view->app, "%s was not read: no thread could be started", path);
    }
    return view->comparing != NULL;
}

bool compare_files_answer(struct compare_view *view, struct assay_buf *out,
                          struct assay_error *err)
{
    struct two_files *two = view->comparing ? errand_result(view->comparing) : NULL;
    if (!two) {
        return false;
    }
    if (two->status != ASSAY_OK) {
        *err = two->err;
    } else if (two->shown) {
        compare_images_free(&view->images);
        view->images = two->shown;
        two->shown = NULL;
    } else {
        assay_buf_add(out, two->diff.data, two->diff.length);
    }
    errand_drop(&view->comparing, view->app);
    return true;
}

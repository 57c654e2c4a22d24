/*
 * Artifacts in the comparison on the screen (compare_view.h): listed in the background by the
 * session, those on servers copied to this machine where they are small, read run by run on a
 * thread (errand.h), and put among the rows a few milliseconds at a time. Two versions of one
 * are read and compared on a thread as well, whatever their size.
 */
#include "compare_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define BUDGET_US     6000
#define FILES_MAX     2000         /* of one run */
#define DIGEST_MAX    (256u << 20) /* larger files are compared by size */
#define DIFF_MAX      (16u << 20)
#define IMAGE_MAX     (64u << 20)
#define FETCH_MAX     ASSAY_COMPARE_FILE_MAX /* of one on a server, without being asked for it */
#define FETCH_AT_ONCE 4
#define PREFIX        "file "

/* ---- all artifacts of one run ---- */

struct run_file {
    char *path;   /* within the run */
    char *folder; /* where it lies, as NAME, where that is not all->directory */
    char *name;
    bool fetch; /* it is on a server, and worth fetching */
    uint64_t bytes;
    char digest[17]; /* its first 16 digits, or why there are none */
    char *text;      /* where it is worth reading; NULL: not read */
    size_t length;
};
struct run_files {
    uint32_t run; /* of the catalog */
    char *directory;
    struct run_file *files;
    size_t count;
    size_t fetched; /* so many from the first on are here, or will not be */
};

static void run_files_free(void *data)
{
    struct run_files *all = data;
    for (size_t i = 0; i < all->count; i++) {
        free(all->files[i].path);
        free(all->files[i].folder);
        free(all->files[i].name);
        free(all->files[i].text);
    }
    free(all->files);
    free(all->directory);
    free(all);
}

static void read_one(const struct run_files *all, struct run_file *file)
{
    const char *folder = file->folder ? file->folder : all->directory;
    const char *name = file->folder ? file->name : file->path;
    char digest[ASSAY_SHA256_TEXT] = "";
    if (!folder) {
        return; /* it stays where it is */
    }
    int fd = file->folder ? assay_open_inside(folder, name, &file->bytes, NULL) : -1;
    if (fd >= 0) {
        close(fd); /* what came is what counts, not what the list said of it */
    }
    if (file->bytes <= DIGEST_MAX &&
        assay_sha256_inside(digest, folder, name, NULL) != ASSAY_OK) {
        snprintf(digest, sizeof digest, "not readable");
    }
    if (assay_comparison_reads_file(file->path) && file->bytes <= ASSAY_COMPARE_FILE_MAX &&
        assay_file_read_inside(folder, name, ASSAY_COMPARE_FILE_MAX, &file->text, &file->length,
                               NULL) != ASSAY_OK) {
        file->text = NULL;
        file->length = 0;
    }
    snprintf(file->digest, sizeof file->digest, "%.16s", digest);
}

static void run_files_work(struct errand *errand, void *data)
{
    struct run_files *all = data;
    for (size_t i = 0; i < all->count && !errand_unwanted(errand); i++) {
        read_one(all, &all->files[i]);
    }
}

/* The first artifact that could not be had is said, with how many there were. */
static void note_failure(struct compare_view *view, const char *what)
{
    if (view->files_failed++ == 0) {
        assay_text_clean_to(view->files_error, sizeof view->files_error, what);
    }
}

/* What there is of a run; NULL where that is nothing. */
static struct run_files *files_of(struct compare_view *view, uint32_t run,
                                  const struct assay_artifacts *artifacts)
{
    size_t most = artifacts->count < FILES_MAX ? artifacts->count : FILES_MAX;
    uint64_t sum = 0;
    if (most == 0) {
        return NULL;
    }
    struct run_files *all = assay_alloc(sizeof *all);
    all->run = run;
    all->directory = artifacts->directory ? assay_strdup(artifacts->directory) : NULL;
    all->files = assay_alloc_array(most, sizeof *all->files);
    view->files_cut |= artifacts->cut;
    for (size_t i = 0; i < artifacts->count; i++) {
        const struct assay_artifact *item = &artifacts->items[i];
        if (item->directory) {
            continue;
        }
        if (all->count == most) {
            view->files_beyond++;
            continue;
        }
        struct run_file *file = &all->files[all->count++];
        *file = (struct run_file){.path = assay_strdup(item->path), .bytes = item->bytes};
        file->fetch = !all->directory && item->bytes <= FETCH_MAX &&
                      sum + item->bytes <= ASSAY_COMPARE_FETCH_MAX;
        sum += file->fetch ? item->bytes : 0;
        if (!all->directory && !file->fetch) {
            snprintf(file->digest, sizeof file->digest, "by size alone");
            view->files_large++;
        }
    }
    return all;
}

/* ---- fetching those of a run on a server ---- */

/* False while FILE is on its way. */
static bool fetch_one(struct compare_view *view, const struct run_files *all,
                      struct run_file *file)
{
    const struct assay_artifact item = {.path = file->path, .bytes = file->bytes};
    const struct assay_copy *copy = assay_session_copy(view->app->session, all->run, &item);
    if (copy && copy->load == ASSAY_LOAD_BUSY) {
        return false;
    }
    file->fetch = false;
    if (copy && copy->path) {
        file->folder = assay_path_directory(copy->path);
        file->name = assay_strdup(strrchr(copy->path, '/') + 1);
    } else {
        snprintf(file->digest, sizeof file->digest, "not fetched");
        note_failure(view, copy ? copy->error.what : "there is no place to keep copies in");
    }
    return true;
}

/* A few at a time; true once there are no more to wait for. */
static bool fetch_step(struct compare_view *view)
{
    struct run_files *all = view->fetching;
    size_t asked = 0;
    for (size_t i = all->fetched; i < all->count && asked < FETCH_AT_ONCE; i++) {
        asked += all->files[i].fetch && !fetch_one(view, all, &all->files[i]);
    }
    while (all->fetched < all->count && !all->files[all->fetched].fetch) {
        all->fetched++;
    }
    return all->fetched == all->count;
}

bool compare_files_fetching(const struct compare_view *view, size_t *done, size_t *count)
{
    const struct run_files *all = view->fetching;
    *done = all ? all->fetched : 0;
    *count = all ? all->count : 0;
    return all != NULL;
}

void compare_files_left(const struct compare_view *view, char *out, size_t capacity)
{
    *out = '\0';
    if (view->files_beyond || view->files_cut) {
        snprintf(out, capacity, "beyond a run's first %d artifacts %zu%s are left out",
                 FILES_MAX, view->files_beyond, view->files_cut ? " and more" : "");
    }
}

bool compare_files_stop(struct compare_view *view)
{
    struct run_files *all = view->fetching;
    if (!all) {
        return false;
    }
    for (size_t i = all->fetched; i < all->count; i++) {
        if (all->files[i].fetch) {
            assay_session_copy_stop(view->app->session, all->run, all->files[i].path);
        }
    }
    run_files_free(all);
    view->fetching = NULL;
    view->files = false; /* asked for again it goes on with this run */
    return true;
}

/* ---- run by run ---- */

static void next_run(struct compare_view *view)
{
    errand_drop(&view->reading, view->app);
    view->file_run++;
    view->file_at = 0;
}

/* Sends for the artifacts of the next run, once they are here; false: not yet. */
static bool send_for_files(struct compare_view *view)
{
    uint32_t run = assay_comparison_run(view->comparison, view->file_run)->run;
    if (!view->fetching) {
        const struct assay_artifacts *artifacts =
            assay_session_artifacts(view->app->session, run);
        if (artifacts->load == ASSAY_LOAD_BUSY) {
            return false;
        }
        if (artifacts->load == ASSAY_LOAD_FAILED) {
            note_failure(view, artifacts->error.what);
        }
        view->fetching = files_of(view, run, artifacts);
    }
    if (view->fetching && !fetch_step(view)) {
        return false;
    }
    struct run_files *all = view->fetching;
    view->fetching = NULL;
    view->reading = all ? errand_start(view->app, run_files_work, run_files_free, all) : NULL;
    if (!view->reading) {
        next_run(view);
    }
    return true;
}

/* Goes on with one run until its files are in or the time is up; false: there is nothing to be
   done at the moment. */
static bool one_run(struct compare_view *view, int64_t until)
{
    if (!view->reading) {
        return send_for_files(view);
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

/* What is not as it should be with the rows that came. */
static void say_missing(struct compare_view *view)
{
    if (view->files_failed) {
        app_say(view->app, "%zu %s could not be read: %s", view->files_failed,
                view->files_failed == 1 ? "artifact" : "artifacts", view->files_error);
    } else if (view->files_large) {
        app_say(view->app, "%zu large %s compared by size alone: enter fetches one",
                view->files_large,
                view->files_large == 1 ? "artifact on a server is"
                                       : "artifacts on servers are");
    }
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
    say_missing(view);
    return true;
}

/* ---- two versions of one ---- */

struct two_files {
    char *path;          /* within the run */
    uint32_t runs[2];    /* of the catalog */
    char *folders[2];    /* where they lie; NULL: that is not known yet */
    char *files[2];      /* as what they lie there */
    uint64_t got, whole; /* of what is being fetched */
    char names[2][100];  /* of the baseline and the run, clean */
    struct assay_error err;
    enum assay_status status;
    struct assay_buf diff;        /* how they differ, where they are no pictures */
    struct compare_images *shown; /* where they are */
};

static void two_files_free(void *data)
{
    struct two_files *two = data;
    free(two->path);
    for (size_t i = 0; i < 2; i++) {
        free(two->folders[i]);
        free(two->files[i]);
    }
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
        two->status = assay_file_read_inside(two->folders[i], two->files[i],
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

static const struct assay_artifact *artifact_of(const struct assay_artifacts *artifacts,
                                                const char *path)
{
    for (size_t i = 0; i < artifacts->count; i++) {
        if (strcmp(artifacts->items[i].path, path) == 0) {
            return &artifacts->items[i];
        }
    }
    return NULL;
}

/* One that lies on a server: copied here first. */
static enum assay_status place_copy(struct compare_view *view, struct two_files *two, size_t i,
                                    const struct assay_artifact *item)
{
    uint64_t most = assay_image_named(two->path) ? IMAGE_MAX : DIFF_MAX;
    if (!item) {
        return assay_fail(&two->err, ASSAY_IO, "%s: no such artifact of %s can be had",
                          two->path, two->names[i]);
    }
    if (item->bytes > most) {
        assay_fail(&two->err, ASSAY_IO, "%s: %s's is too large to be fetched to be compared",
                   two->path, two->names[i]);
        assay_hint(&two->err, "assay artifacts saves it");
        return ASSAY_IO;
    }
    const struct assay_copy *copy = assay_session_copy(view->app->session, two->runs[i], item);
    if (!copy) {
        return assay_fail(&two->err, ASSAY_IO,
                          "%s: the artifacts of %s are not on this machine, and there is no "
                          "place to keep copies in",
                          two->path, two->names[i]);
    }
    if (copy->load == ASSAY_LOAD_FAILED) {
        two->err = copy->error;
        return ASSAY_IO;
    }
    if (copy->path) {
        two->folders[i] = assay_path_directory(copy->path);
        two->files[i] = assay_strdup(strrchr(copy->path, '/') + 1);
    } else {
        two->got += copy->fetched;
        two->whole += item->bytes;
    }
    return ASSAY_OK;
}

/* True once both are here, or one of them will not be. */
static bool place_both(struct compare_view *view, struct two_files *two)
{
    two->got = two->whole = 0;
    for (size_t i = 0; i < 2 && two->status == ASSAY_OK; i++) {
        const struct assay_artifacts *artifacts =
            assay_session_artifacts(view->app->session, two->runs[i]);
        if (two->folders[i] || artifacts->load == ASSAY_LOAD_BUSY) {
            continue;
        }
        if (artifacts->directory) {
            two->folders[i] = assay_strdup(artifacts->directory);
            two->files[i] = assay_strdup(two->path);
        } else if (artifacts->load == ASSAY_LOAD_FAILED) {
            two->err = artifacts->error;
            two->status = ASSAY_IO;
        } else {
            two->status = place_copy(view, two, i, artifact_of(artifacts, two->path));
        }
    }
    return two->status != ASSAY_OK || (two->folders[0] && two->folders[1]);
}

/* Goes on with the two that were asked for: once both are here they are compared. */
static void place_step(struct compare_view *view)
{
    struct two_files *two = view->placing;
    if (!two || !place_both(view, two)) {
        return;
    }
    view->placing = NULL;
    view->comparing = errand_start(view->app, two_files_work, two_files_free, two);
    if (!view->comparing) {
        app_say(view->app, "nothing was compared: no thread could be started");
    }
}

void compare_files_forget(struct compare_view *view)
{
    struct two_files *two = view->placing;
    errand_drop(&view->comparing, view->app);
    view->placing = NULL;
    for (size_t i = 0; two && i < 2; i++) {
        assay_session_copy_stop(view->app->session, two->runs[i], two->path);
    }
    if (two) {
        two_files_free(two);
    }
}

bool compare_files_ask(struct compare_view *view, size_t field, size_t run)
{
    const char *path = field == SIZE_MAX ? NULL : file_of(view, field);
    const size_t runs[2] = {view->base, run};
    if (!path || run == SIZE_MAX || run == view->base) {
        return false;
    }
    compare_files_forget(view);
    struct two_files *two = assay_alloc(sizeof *two);
    two->path = assay_strdup(path);
    for (size_t i = 0; i < 2; i++) {
        two->runs[i] = assay_comparison_run(view->comparison, runs[i])->run;
        compare_name(view, runs[i], two->names[i], sizeof two->names[i]);
    }
    view->placing = two;
    place_step(view);
    return view->placing || view->comparing;
}

bool compare_files_waiting(const struct compare_view *view, char *out, size_t capacity)
{
    const struct two_files *two = view->placing;
    char got[32], whole[32];
    if (two && two->whole) {
        snprintf(out, capacity, "fetching: %s of %s", assay_bytes_text(got, two->got),
                 assay_bytes_text(whole, two->whole));
    } else {
        snprintf(out, capacity, "reading both");
    }
    return two || view->comparing;
}

bool compare_files_answer(struct compare_view *view, struct assay_buf *out,
                          struct assay_error *err)
{
    place_step(view);
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

/*
 * Artifacts in a comparison: their digests, what they say of packages and results as rows
 * (--files), and one of them line by line (--diff). Called by compare.c.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/image.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define DIGEST_MAX (256u << 20) /* larger files are compared by size */
#define DIFF_MAX   (16u << 20)

static void tell(struct compare_job *job, const struct assay_error *said)
{
    if (!job->files_told)
        cli_complain(said);
    job->cli->worst = ASSAY_IO;
}

/* A copy of LIST, which is the session's until it next takes in what came. */
static void take_list(struct compare_job *job, const struct assay_artifacts *list,
                      const char *title, struct compare_artifacts *out)
{
    struct assay_error said = {0};
    size_t files = 0;
    out->directory = list->directory ? assay_strdup(list->directory) : NULL;
    out->items = assay_alloc_array(list->count + 1, sizeof *out->items);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].directory || files++ >= COMPARE_FILES_MAX)
            continue;
        out->items[out->count++] = (struct compare_artifact){
            .path = assay_strdup(list->items[i].path), .bytes = list->items[i].bytes};
    }
    if (files <= out->count && !list->cut)
        return;
    assay_fail(&said, ASSAY_IO, "%s: only its first %zu artifacts are compared, of %zu%s",
               title, out->count, files, list->cut ? " and more" : "");
    tell(job, &said);
}

bool compare_artifacts(struct compare_job *job, size_t column, struct compare_artifacts *out)
{
    const struct assay_compared_run *run = assay_comparison_run(job->comparison, column);
    const char *title = *run->name ? run->name : run->id;
    struct assay_error said = {0};
    const struct assay_artifacts *list =
        run->run == ASSAY_NONE ? NULL
                               : assay_session_artifacts_wait(job->cli->session, run->run);
    *out = (struct compare_artifacts){.run = run->run};
    if (list && list->load != ASSAY_LOAD_FAILED) {
        take_list(job, list, title, out);
        return true;
    }
    if (list && list->error.what[0])
        assay_fail(&said, ASSAY_IO, "%s: its artifacts: %s", title, list->error.what);
    else
        assay_fail(&said, ASSAY_IO, "%s: its artifacts are not on this machine", title);
    tell(job, &said);
    return false;
}

void compare_artifacts_free(struct compare_artifacts *artifacts)
{
    for (size_t i = 0; i < artifacts->count; i++)
        free(artifacts->items[i].path);
    free(artifacts->items);
    free(artifacts->directory);
    *artifacts = (struct compare_artifacts){0};
}

enum assay_status compare_place(struct compare_job *job, const struct compare_artifacts *all,
                                const struct compare_artifact *item, struct compare_place *out,
                                struct assay_error *err)
{
    *out = (struct compare_place){0};
    if (all->directory) {
        out->folder = assay_strdup(all->directory);
        out->name = assay_strdup(item->path);
        return ASSAY_OK;
    }
    const struct assay_artifact asked = {.path = item->path, .bytes = item->bytes};
    const struct assay_copy *copy =
        assay_session_copy_wait(job->cli->session, all->run, &asked);
    if (copy && copy->path) {
        out->folder = assay_path_directory(copy->path);
        out->name = assay_strdup(strrchr(copy->path, '/') + 1);
        return ASSAY_OK;
    }
    return assay_fail(err, ASSAY_IO, "%s: %s", item->path,
                      copy ? copy->error.what : "there is no place to keep copies in");
}

void compare_place_free(struct compare_place *place)
{
    free(place->folder);
    free(place->name);
    *place = (struct compare_place){0};
}

static void complain(struct compare_job *job, const struct assay_error *failed)
{
    cli_complain(failed);
    job->cli->worst = ASSAY_IO;
}

static void add_one(struct compare_job *job, size_t column, const struct compare_artifacts *all,
                    const struct compare_artifact *item)
{
    char digest[ASSAY_SHA256_TEXT] = "", *text = NULL;
    struct assay_error failed = {0};
    struct compare_place place = {0};
    size_t length = 0;
    if (compare_place(job, all, item, &place, &failed) != ASSAY_OK) {
        complain(job, &failed);
        snprintf(digest, sizeof digest, "not fetched");
    } else {
        if (item->bytes <= DIGEST_MAX &&
            assay_sha256_inside(digest, place.folder, place.name, &failed) != ASSAY_OK)
            complain(job, &failed);
        if (assay_comparison_reads_file(item->path) && item->bytes <= ASSAY_COMPARE_FILE_MAX &&
            assay_file_read_inside(place.folder, place.name, ASSAY_COMPARE_FILE_MAX, &text,
                                   &length, NULL) != ASSAY_OK)
            length = 0;
    }
    digest[digest[0] ? 16 : 0] = '\0';
    assay_comparison_add_file(job->comparison, column, item->path, item->bytes, digest, text,
                              length);
    compare_place_free(&place);
    free(text);
}

bool compare_is_near(const struct compare_artifacts *all, const struct compare_artifact *item,
                     uint64_t *sum)
{
    if (all->directory)
        return true;
    if (item->bytes > ASSAY_COMPARE_FILE_MAX || *sum + item->bytes > ASSAY_COMPARE_FETCH_MAX)
        return false;
    *sum += item->bytes;
    return true;
}

/* Those that are not near are told apart by their sizes. */
static void add_all(struct compare_job *job, size_t column, const struct compare_artifacts *all)
{
    const struct assay_compared_run *run = assay_comparison_run(job->comparison, column);
    struct assay_error said = {0};
    uint64_t sum = 0;
    size_t large = 0;
    for (size_t k = 0; k < all->count; k++) {
        const struct compare_artifact *item = &all->items[k];
        if (compare_is_near(all, item, &sum)) {
            add_one(job, column, all, item);
            continue;
        }
        large++;
        assay_comparison_add_file(job->comparison, column, item->path, item->bytes,
                                  "by size alone", NULL, 0);
    }
    if (large == 0)
        return;
    assay_fail(&said, ASSAY_OK, "%s: %zu larger artifacts are compared by size alone",
               *run->name ? run->name : run->id, large);
    assay_hint(&said, "--diff PATH fetches one, up to 16 MB");
    cli_complain(&said);
}

static void add_from_bundle(struct compare_job *job, const struct compare_file *file)
{
    char digest[17];
    bool read = file->data && file->length <= ASSAY_COMPARE_FILE_MAX &&
                assay_comparison_reads_file(file->path);
    memcpy(digest, file->digest, 16);
    digest[16] = '\0';
    assay_comparison_add_file(job->comparison, file->column, file->path, file->bytes,
                              file->bytes <= DIGEST_MAX ? digest : "", read ? file->data : NULL,
                              read ? file->length : 0);
}

void compare_files(struct compare_job *job)
{
    for (size_t i = 0; i < job->file_count; i++)
        add_from_bundle(job, &job->files[i]);
    if (!cli_has(job->cli, "files") || cli_has(job->cli, "bundle"))
        return;
    for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++) {
        struct compare_artifacts all;
        if (compare_artifacts(job, i, &all))
            add_all(job, i, &all);
        compare_artifacts_free(&all);
    }
    job->files_told = true;
}

static enum assay_status read_from_bundle(struct compare_job *job, size_t column,
                                          const char *path, const char *title, char **text,
                                          size_t *length, struct assay_error *err)
{
    const struct compare_file *file = compare_bundle_file(job, column, path);
    if (!file || !file->data) {
        assay_fail(err, ASSAY_IO, "%s: the bundle does not hold the artifact %s%s", title, path,
                   file ? ", which was too large" : "");
        assay_hint(err,
                   "a bundle holds what was compared: save it with --files, --diff PATH or "
                   "--examples PATH");
        return ASSAY_IO;
    }
    *text = assay_alloc(file->length + 1);
    if (file->length)
        memcpy(*text, file->data, file->length);
    *length = file->length;
    return ASSAY_OK;
}

enum assay_status compare_read_file(struct compare_job *job, size_t column, const char *path,
                                    size_t limit, char **text, size_t *length,
                                    struct assay_error *err)
{
    const struct assay_compared_run *run = assay_comparison_run(job->comparison, column);
    const char *title = *run->name ? run->name : run->id;
    if (run->run == ASSAY_NONE)
        return read_from_bundle(job, column, path, title, text, length, err);
    struct compare_artifacts all;
    struct compare_place place = {0};
    size_t at = 0;
    enum assay_status status;
    compare_artifacts(job, column, &all);
    while (at < all.count && strcmp(all.items[at].path, path) != 0)
        at++;
    if (at == all.count)
        status = assay_fail(err, ASSAY_IO, "%s: there is no artifact %s", title, path);
    else if (all.items[at].bytes > limit)
        status = assay_fail(err, ASSAY_IO, "%s: %s has more than the %zu MB that are compared",
                            title, path, limit >> 20);
    else
        status = compare_place(job, &all, &all.items[at], &place, err);
    if (status == ASSAY_OK)
        status = assay_file_read_inside(place.folder, place.name, limit, text, length, err);
    compare_place_free(&place);
    compare_artifacts_free(&all);
    return status;
}

static enum assay_status read_one(struct compare_job *job, size_t column, const char *path,
                                  char **text, size_t *length, struct assay_error *err)
{
    return compare_read_file(job, column, path, DIFF_MAX, text, length, err);
}

void compare_print_diff(struct compare_job *job, const struct assay_buf *diff)
{
    const char *text = assay_buf_text(diff);
    while (*text) {
        size_t length = strcspn(text, "\n");
        const char *color = *text == '+'   ? "32"
                            : *text == '-' ? "31"
                            : *text == '~' ? "33"
                            : *text == '@' ? "36"
                                           : "";
        bool colored = job->cli->color && *color;
        if (colored)
            assay_buf_format(&job->cli->out, "\x1b[%sm", color);
        (void)cli_text(job->cli, text, length);
        assay_buf_text_add(&job->cli->out, colored ? "\x1b[0m\n" : "\n");
        text += length + (text[length] == '\n');
        cli_spill(job->cli);
    }
}

/* Two pictures: how many of their pixels differ, where, and by how much. */
static enum assay_status diff_images(const char *base, size_t base_length, const char *text,
                                     size_t length, struct assay_buf *out,
                                     struct assay_error *err)
{
    struct assay_image a = {0}, b = {0};
    enum assay_status status = assay_image_read(&a, base, base_length, err);
    if (status == ASSAY_OK)
        status = assay_image_read(&b, text, length, err);
    if (status == ASSAY_OK) {
        struct assay_image_delta d = assay_image_compare(&a, &b);
        assay_buf_format(out, "@@ %d x %d pixels -> %d x %d @@\n", a.width, a.height, b.width,
                         b.height);
        if (!d.sizes && d.differ > 0)
            assay_buf_format(out,
                             "~%llu of %llu pixels differ, by %d of 255 at most, from %d,%d to "
                             "%d,%d\n",
                             (unsigned long long)d.differ, (unsigned long long)d.pixels,
                             d.largest, d.left, d.top, d.right, d.bottom);
        else
            assay_buf_text_add(out, d.sizes ? "~of two sizes: their pixels are not compared\n"
                                            : " every pixel is the same\n");
    }
    assay_image_free(&a);
    assay_image_free(&b);
    return status;
}

enum assay_status compare_diff(struct compare_job *job, const char *path,
                               struct assay_error *err)
{
    char *base = NULL, *other = NULL;
    size_t base_length, length;
    struct assay_buf base_name = {0}, name = {0}, diff = {0};
    enum assay_status status = read_one(job, job->baseline, path, &base, &base_length, err);
    job->by_group = false;
    compare_title(job, job->baseline, &base_name);
    assay_buf_format(&base_name, "/%s", path);
    for (size_t i = 0; status == ASSAY_OK && i < assay_comparison_runs(job->comparison); i++) {
        if (i == job->baseline)
            continue;
        assay_buf_reset(&name);
        assay_buf_reset(&diff);
        compare_title(job, i, &name);
        assay_buf_format(&name, "/%s", path);
        status = read_one(job, i, path, &other, &length, err);
        if (status == ASSAY_OK && assay_image_named(path)) {
            assay_buf_format(&diff, "--- %s\n+++ %s\n", assay_buf_text(&base_name),
                             assay_buf_text(&name));
            status = diff_images(base, base_length, other, length, &diff, err);
            compare_print_diff(job, &diff);
        } else if (status == ASSAY_OK) {
            if (!assay_file_diff(path, base, base_length, other, length,
                                 assay_buf_text(&base_name), assay_buf_text(&name), &diff))
                assay_buf_format(&diff, "--- %s\n+++ %s\n the same, byte for byte\n",
                                 assay_buf_text(&base_name), assay_buf_text(&name));
            compare_print_diff(job, &diff);
        }
        free(other);
        other = NULL;
    }
    free(base);
    assay_buf_free(&base_name);
    assay_buf_free(&name);
    assay_buf_free(&diff);
    return status;
}

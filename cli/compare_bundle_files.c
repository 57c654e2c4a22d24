/*
 * The artifacts in a review bundle: those that were compared (--files, --diff, --examples),
 * each with the SHA-256 of its bytes, and the bytes themselves where they are not too many.
 * Called by compare_bundle.c; compare_files.c shows what was loaded.
 *
 *   {"column": 0, "path": "scores.csv", "bytes": 12, "sha256": .., "text": ".."}
 *
 * "hex" stands in the place of "text" for what is no UTF-8, and neither for what is too large.
 * A path is a name to be shown and looked up, never a place to write to.
 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include <assay/bundle.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define KEPT_MAX (16u << 20) /* larger ones travel as size and digest */

/* ---- writing ---- */

struct writing {
    struct compare_job *job;
    struct assay_buf *out;
    bool first;
};

static void write_content(struct cli_json *json, struct assay_buf *out, const char *data,
                          size_t length)
{
    static const char digits[] = "0123456789abcdef";
    if (assay_utf8_valid(data, length) && !memchr(data, 0, length)) {
        cli_json_member(json, "text", data);
        return;
    }
    cli_json_key(json, "hex");
    cli_json_text(json, "");
    out->length--; /* the closing quote: it comes after the digits */
    for (size_t i = 0; i < length; i++) {
        assay_buf_char(out, digits[(unsigned char)data[i] >> 4]);
        assay_buf_char(out, digits[data[i] & 15]);
    }
    assay_buf_char(out, '"');
}

static void write_entry(struct writing *w, const struct compare_file *file)
{
    struct assay_buf text = {0};
    struct cli_json json = {.out = &text};
    cli_json_open(&json, '{');
    cli_json_key(&json, "column");
    cli_json_count(&json, file->column);
    cli_json_member(&json, "path", file->path);
    cli_json_key(&json, "bytes");
    cli_json_count(&json, file->bytes);
    cli_json_member(&json, "sha256", file->digest);
    if (file->data)
        write_content(&json, &text, file->data, file->length);
    cli_json_close(&json);
    assay_buf_text_add(w->out, w->first ? "\n" : ",\n");
    assay_buf_add(w->out, text.data, text.length - 1);
    w->first = false;
    assay_buf_free(&text);
}

static void write_artifact(struct writing *w, size_t column,
                           const struct compare_artifacts *all,
                           const struct compare_artifact *item)
{
    struct compare_file file = {.column = column, .path = item->path, .bytes = item->bytes};
    struct assay_error failed = {0};
    struct compare_place place;
    enum assay_status status = compare_place(w->job, all, item, &place, &failed);
    if (status == ASSAY_OK)
        status = item->bytes <= KEPT_MAX
                     ? assay_file_read_inside(place.folder, place.name, KEPT_MAX, &file.data,
                                              &file.length, &failed)
                     : assay_sha256_inside(file.digest, place.folder, place.name, &failed);
    compare_place_free(&place);
    if (status != ASSAY_OK) { /* it is not in the bundle, and that is said */
        cli_complain(&failed);
        w->job->cli->worst = failed.status;
        return;
    }
    if (file.data) {
        file.bytes = file.length;
        assay_sha256(file.digest, file.data, file.length);
    }
    write_entry(w, &file);
    free(file.data);
}

/* Named by --diff PATH or --examples PATH[:COLUMN]. */
static bool is_named(const struct compare_job *job, const char *path)
{
    const char *diff = cli_value(job->cli, "diff"), *examples = cli_value(job->cli, "examples");
    size_t length = strlen(path);
    return (diff && strcmp(diff, path) == 0) ||
           (examples && strncmp(examples, path, length) == 0 &&
            (!examples[length] || examples[length] == ':'));
}

/* What is not in the bundle is said. */
static void say_left(struct compare_job *job, size_t column, size_t left)
{
    const struct assay_compared_run *run = assay_comparison_run(job->comparison, column);
    struct assay_error said = {0};
    if (left == 0)
        return;
    assay_fail(&said, ASSAY_IO, "%s: %zu larger artifacts of its server are not in the bundle",
               *run->name ? run->name : run->id, left);
    assay_hint(&said, "name one with --diff PATH, too");
    cli_complain(&said);
}

void compare_bundle_write_files(struct compare_job *job, struct assay_buf *out)
{
    struct writing w = {job, out, true};
    bool all = cli_has(job->cli, "files");
    for (size_t i = 0; i < job->file_count && !out->overflow; i++) /* out of another bundle */
        write_entry(&w, &job->files[i]);
    if (cli_has(job->cli, "bundle"))
        return;
    if (!all && !cli_has(job->cli, "diff") && !cli_has(job->cli, "examples"))
        return;
    for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++) {
        struct compare_artifacts lying;
        uint64_t sum = 0;
        size_t left = 0;
        compare_artifacts(job, i, &lying);
        for (size_t k = 0; k < lying.count && !out->overflow; k++) {
            const struct compare_artifact *item = &lying.items[k];
            if (is_named(job, item->path) || (all && compare_is_near(&lying, item, &sum)))
                write_artifact(&w, i, &lying, item);
            else
                left += all;
        }
        say_left(job, i, left);
        compare_artifacts_free(&lying);
    }
}

/* ---- reading ---- */

/* What an artifact is found by: a bundle may hold very many, and each is looked for before it
   is taken. */
static void key_of(struct assay_buf *out, size_t column, const char *path)
{
    assay_buf_format(out, "%zu ", column);
    assay_buf_text_add(out, path);
}

static void remember(struct compare_job *job, const struct compare_file *file)
{
    struct assay_buf key = {0};
    key_of(&key, file->column, file->path);
    assay_map_set(&job->file_at, assay_buf_text(&key), key.length, (uint32_t)job->file_count);
    assay_buf_free(&key);
    ASSAY_GROW(job->files, job->file_capacity, job->file_count + 1);
    job->files[job->file_count++] = *file;
}

enum assay_status compare_bundle_load_file(struct compare_job *job,
                                           const struct assay_bundle *bundle, size_t index,
                                           struct assay_error *err)
{
    struct assay_bundle_file entry;
    struct compare_file file = {0};
    if (!assay_bundle_file(bundle, index, &entry) ||
        compare_bundle_file(job, entry.run, entry.path))
        return assay_fail(err, ASSAY_CORRUPT,
                          "an entry of \"files\" is none, or stands there twice");
    if (entry.here &&
        assay_bundle_file_bytes(bundle, index, &file.data, &file.length, err) != ASSAY_OK)
        return ASSAY_CORRUPT;
    file.column = entry.run;
    file.path = assay_strdup(entry.path);
    file.bytes = entry.bytes;
    memcpy(file.digest, entry.sha256, sizeof file.digest);
    remember(job, &file);
    return ASSAY_OK;
}

const struct compare_file *compare_bundle_file(const struct compare_job *job, size_t column,
                                               const char *path)
{
    struct assay_buf key = {0};
    key_of(&key, column, path);
    uint32_t at = assay_map_get(&job->file_at, assay_buf_text(&key), key.length);
    assay_buf_free(&key);
    return at == ASSAY_MAP_NONE ? NULL : &job->files[at];
}

void compare_bundle_free_files(struct compare_job *job)
{
    for (size_t i = 0; i < job->file_count; i++) {
        free(job->files[i].path);
        free(job->files[i].data);
    }
    free(job->files);
    assay_map_free(&job->file_at);
}

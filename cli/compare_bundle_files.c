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

#include <jansson.h>

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

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL where TEXT is not two digits for every byte. */
static char *unhex(const char *text, size_t digits)
{
    char *data = digits % 2 == 0 ? assay_alloc(digits / 2 + 1) : NULL;
    for (size_t i = 0; data && i < digits / 2; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(data);
            return NULL;
        }
        data[i] = (char)(high << 4 | low);
    }
    return data;
}

static bool has_file(const struct compare_job *job, size_t column, const char *path)
{
    return compare_bundle_file(job, column, path) != NULL;
}

const char *compare_bundle_load_file(struct compare_job *job, const json_t *entry)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *sha256 = json_string_value(json_object_get(entry, "sha256"));
    const json_t *text = json_object_get(entry, "text"), *hex = json_object_get(entry, "hex");
    json_int_t column = json_integer_value(json_object_get(entry, "column"));
    json_int_t bytes = json_integer_value(json_object_get(entry, "bytes"));
    char digest[ASSAY_SHA256_TEXT];
    if (!path || !*path || !sha256 || strlen(sha256) != ASSAY_SHA256_TEXT - 1 || column < 0 ||
        bytes < 0 || (uint64_t)column >= assay_comparison_runs(job->comparison) ||
        has_file(job, (size_t)column, path))
        return "an entry of \"files\" is none, or stands there twice";
    struct compare_file file = {.column = (size_t)column, .bytes = (uint64_t)bytes};
    if (json_is_string(text)) {
        file.length = json_string_length(text);
        file.data = assay_strndup(json_string_value(text), file.length);
    } else if (json_is_string(hex)) {
        file.length = json_string_length(hex) / 2;
        file.data = unhex(json_string_value(hex), json_string_length(hex));
    }
    bool broken = (text || hex) && !file.data;
    if (file.data)
        broken = file.length != file.bytes ||
                 strcmp(assay_sha256(digest, file.data, file.length), sha256) != 0;
    if (broken) {
        free(file.data);
        return "a file's digest does not hold: the bundle was changed";
    }
    memcpy(file.digest, sha256, sizeof file.digest);
    file.path = assay_strdup(path);
    ASSAY_GROW(job->files, job->file_capacity, job->file_count + 1);
    job->files[job->file_count++] = file;
    return NULL;
}

const struct compare_file *compare_bundle_file(const struct compare_job *job, size_t column,
                                               const char *path)
{
    for (size_t i = 0; i < job->file_count; i++)
        if (job->files[i].column == column && strcmp(job->files[i].path, path) == 0)
            return &job->files[i];
    return NULL;
}

void compare_bundle_free_files(struct compare_job *job)
{
    for (size_t i = 0; i < job->file_count; i++) {
        free(job->files[i].path);
        free(job->files[i].data);
    }
    free(job->files);
}

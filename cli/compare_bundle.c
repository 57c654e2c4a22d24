/*
 * Review bundles: a comparison carried away in one JSON file, with its data and a SHA-256 of
 * everything that was compared. `--save FILE` writes one, `--bundle FILE` opens it anywhere and
 * refuses one whose digests do not hold. Called by compare.c.
 *
 *   {"assay_bundle": 1, "made_ms": .., "baseline": ID, "group_by": "lr", "runs": [{"sha256":
 * .., "run": {..}}, ..], "files": [..], "series": [{"sha256": .., "run": ID, "metric": ..,
 * "points": [[step, time_ms, value],
 * ..]}], "sha256": ..}
 *
 * The digest at the end is of every byte before it: no byte of a bundle changes unseen. The
 * digests within are taken over the text this program writes for the object; they say which of
 * the runs or curves it was.
 */
#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <assay/bundle.h>
#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define BUNDLE_MAX   (512u << 20)
#define POINTS_BLOCK 4096

/* ---- writing ---- */

static void points_json(struct cli_json *json, const struct assay_series *series)
{
    struct assay_point block[POINTS_BLOCK];
    size_t count = assay_series_count(series);
    cli_json_open(json, '[');
    for (size_t from = 0; from < count; from += POINTS_BLOCK) {
        size_t some = count - from < POINTS_BLOCK ? count - from : POINTS_BLOCK;
        assay_series_get(series, from, some, block);
        for (size_t i = 0; i < some; i++) {
            cli_json_open(json, '[');
            cli_json_integer(json, block[i].step);
            cli_json_integer(json, block[i].time_ms);
            cli_json_number(json, block[i].value);
            cli_json_close(json);
        }
    }
    cli_json_close(json);
}

static void run_text(const struct assay_comparison *c, size_t column, struct assay_buf *out)
{
    struct cli_json json = {.out = out};
    compare_run_json(&json, c, column);
}

static void series_text(const struct assay_series *series, struct assay_buf *out)
{
    struct cli_json json = {.out = out};
    points_json(&json, series);
}

/* The text in its place: without the line end a whole document has. */
static void embed(struct assay_buf *out, const struct assay_buf *text)
{
    assay_buf_add(out, text->data, text->length - 1);
}

static void write_runs(struct compare_job *job, struct assay_buf *out)
{
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];
    for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++) {
        assay_buf_reset(&text);
        run_text(job->comparison, i, &text);
        assay_sha256(digest, text.data, text.length);
        assay_buf_format(out, "%s\n{\"sha256\": \"%s\", \"run\": ", i ? "," : "", digest);
        embed(out, &text);
        assay_buf_char(out, '}');
    }
    assay_buf_free(&text);
}

static void write_one_series(struct compare_job *job, size_t column, const char *metric,
                             bool *first, struct assay_buf *out)
{
    struct assay_series *series = compare_points(job, column, metric);
    struct assay_buf text = {0}, name = {0};
    struct cli_json json = {.out = &name};
    char digest[ASSAY_SHA256_TEXT];
    if (!series)
        return;
    series_text(series, &text);
    assay_sha256(digest, text.data, text.length);
    cli_json_open(&json, '{');
    cli_json_member(&json, "sha256", digest);
    cli_json_key(&json, "column");
    cli_json_count(&json, column);
    cli_json_member(&json, "metric", metric);
    assay_buf_format(out, "%s\n%s, \"points\": ", *first ? "" : ",", assay_buf_text(&name));
    embed(out, &text);
    assay_buf_char(out, '}');
    *first = false;
    assay_buf_free(&text);
    assay_buf_free(&name);
}

enum assay_status compare_bundle_save(struct compare_job *job, const char *path,
                                      struct assay_error *err)
{
    struct assay_buf out = {.limit = BUNDLE_MAX}, head = {0};
    struct cli_json json = {.out = &head};
    char digest[ASSAY_SHA256_TEXT];
    bool first = true;
    cli_json_open(&json, '{');
    cli_json_key(&json, "assay_bundle");
    cli_json_integer(&json, 1);
    cli_json_key(&json, "made_ms");
    cli_json_time(&json, assay_now_ms());
    cli_json_member(&json, "made_by", "assay " ASSAY_VERSION);
    cli_json_key(&json, "baseline");
    cli_json_count(&json, job->baseline);
    if (cli_value(job->cli, "group-by"))
        cli_json_member(&json, "group_by", cli_value(job->cli, "group-by"));
    else if (job->group_by)
        cli_json_member(&json, "group_by", job->group_by);
    assay_buf_format(&out, "%s, \"runs\": [", assay_buf_text(&head));
    write_runs(job, &out);
    assay_buf_text_add(&out, "],\n\"files\": [");
    compare_bundle_write_files(job, &out);
    assay_buf_text_add(&out, "],\n\"series\": [");
    for (size_t m = 0; m < job->chart_count; m++)
        for (size_t i = 0; i < assay_comparison_runs(job->comparison); i++)
            write_one_series(job, i, assay_comparison_row(job->comparison, job->charts[m])->key,
                             &first, &out);
    assay_buf_text_add(&out, "],\n" ASSAY_BUNDLE_SEAL);
    assay_sha256(digest, out.data, out.length - strlen(ASSAY_BUNDLE_SEAL));
    assay_buf_format(&out, "%s\"}\n", digest);
    enum assay_status status =
        out.overflow
            ? assay_fail(err, ASSAY_BAD_INPUT, "%s: the bundle would be over 512 MB", path)
            : assay_file_write(path, out.data, out.length, 0666, err);
    if (status == ASSAY_OK)
        assay_buf_format(&job->cli->out, "%s: sha256 %s\n", path,
                         assay_sha256(digest, out.data, out.length));
    assay_buf_free(&out);
    assay_buf_free(&head);
    return status;
}

/* ---- reading ---- */

struct loading {
    struct compare_job *job;
    struct assay_bundle bundle;
    const char *path;
    struct assay_error *err;
};

static enum assay_status broken(struct loading *l, const char *what)
{
    return assay_bundle_broken(l->path, what, l->err);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static enum assay_status load_runs(struct loading *l)
{
    struct assay_comparison *c = l->job->comparison;
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];
    for (size_t i = 0; i < l->bundle.run_count; i++) {
        struct assay_compared_run facts;
        struct assay_attrs attrs;
        bool added = assay_bundle_run(&l->bundle, i, &facts, &attrs) &&
                     assay_comparison_add(c, &facts, &attrs);
        assay_bundle_attrs_free(&attrs);
        if (!added)
            return broken(l, "an entry of \"runs\" is no run, or stands there twice");
    }
    assay_comparison_finish(c);
    enum assay_status status = ASSAY_OK;
    const json_t *runs = json_object_get(l->bundle.root, "runs");
    for (size_t i = 0; i < l->bundle.run_count && status == ASSAY_OK; i++) {
        assay_buf_reset(&text);
        run_text(c, i, &text);
        assay_sha256(digest, text.data, text.length);
        if (strcmp(digest, text_of(json_array_get(runs, i), "sha256")) != 0)
            status = broken(l, "a run's digest does not hold: the bundle was changed");
    }
    assay_buf_free(&text);
    return status;
}

static enum assay_status load_series(struct loading *l, size_t index)
{
    struct compare_job *job = l->job;
    const json_t *entry = json_array_get(json_object_get(l->bundle.root, "series"), index);
    size_t column;
    const char *metric;
    if (!assay_bundle_curve(&l->bundle, index, &column, &metric))
        return broken(l, "an entry of \"series\" is none");
    ASSAY_GROW(job->series, job->series_capacity, job->series_count + 1);
    struct compare_series *kept = &job->series[job->series_count++];
    *kept = (struct compare_series){.column = column,
                                    .metric = assay_strdup(metric),
                                    .series = assay_series_new(ASSAY_LAST_WRITTEN)};
    assay_bundle_points(&l->bundle, index, kept->series);
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];
    series_text(kept->series, &text);
    assay_sha256(digest, text.data, text.length);
    assay_buf_free(&text);
    return strcmp(digest, text_of(entry, "sha256")) == 0
               ? ASSAY_OK
               : broken(l, "a curve's digest does not hold: the bundle was changed");
}

static enum assay_status load_files(struct loading *l)
{
    struct assay_error wrong = {0};
    for (size_t i = 0; i < l->bundle.file_count; i++)
        if (compare_bundle_load_file(l->job, &l->bundle, i, &wrong) != ASSAY_OK)
            return broken(l, wrong.what);
    return ASSAY_OK;
}

enum assay_status compare_bundle_load(struct compare_job *job, const char *path,
                                      struct assay_error *err)
{
    struct loading l = {.job = job, .path = path, .err = err};
    enum assay_status status = assay_bundle_read(&l.bundle, path, BUNDLE_MAX, err);
    if (status == ASSAY_OK)
        status = load_runs(&l);
    for (size_t i = 0; status == ASSAY_OK && i < l.bundle.curve_count; i++)
        status = load_series(&l, i);
    if (status == ASSAY_OK)
        status = load_files(&l);
    if (status == ASSAY_OK && !l.bundle.sealed)
        status = broken(&l, "the digest of the whole does not hold: the bundle was changed");
    if (status == ASSAY_OK && l.bundle.run_count == 0)
        status = broken(&l, "it holds no runs");
    if (*text_of(l.bundle.root, "group_by"))
        job->group_by = assay_strdup(text_of(l.bundle.root, "group_by"));
    json_int_t baseline = json_integer_value(json_object_get(l.bundle.root, "baseline"));
    size_t runs = assay_comparison_runs(job->comparison);
    job->baseline = baseline >= 0 && (uint64_t)baseline < runs ? (size_t)baseline : 0;
    assay_bundle_free(&l.bundle);
    return status;
}

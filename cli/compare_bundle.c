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

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

#define BUNDLE_MAX   (512u << 20)
#define POINTS_BLOCK 4096
#define SEAL         "\"sha256\": \"" /* before the last digest, which is of all before it */

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
    assay_buf_text_add(&out, "],\n" SEAL);
    assay_sha256(digest, out.data, out.length - strlen(SEAL));
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
    const char *path;
    struct assay_error *err;
};

static enum assay_status broken(struct loading *l, const char *what)
{
    assay_fail(l->err, ASSAY_CORRUPT, "%s: %s", l->path, what);
    assay_hint(l->err, "a bundle is what `assay compare … --save FILE` wrote, unchanged");
    return ASSAY_CORRUPT;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A number, or one of the three that JSON has no number for. */
static double number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    double number = NAN;
    if (text)
        assay_number_parse(text, strlen(text), &number);
    return text ? number : json_number_value(value);
}

static int64_t time_of(const json_t *value)
{
    return json_is_integer(value) ? json_integer_value(value) : ASSAY_NO_TIME;
}

static struct assay_pair *pairs_of(json_t *object, size_t *count)
{
    struct assay_pair *pairs = assay_alloc_array(json_object_size(object), sizeof *pairs);
    const char *key;
    json_t *value;
    *count = 0;
    json_object_foreach(object, key, value) if (json_is_string(value)) pairs[(*count)++] =
        (struct assay_pair){key, json_string_value(value)};
    return pairs;
}

static struct assay_metric *metrics_of(json_t *object, size_t *count)
{
    struct assay_metric *metrics = assay_alloc_array(json_object_size(object), sizeof *metrics);
    const char *key;
    json_t *m;
    *count = 0;
    json_object_foreach(object, key, m) metrics[(*count)++] = (struct assay_metric){
        .key = key,
        .summary = {.last = number_of(json_object_get(m, "last")),
                    .step = json_integer_value(json_object_get(m, "step")),
                    .time_ms = time_of(json_object_get(m, "time_ms")),
                    .min = number_of(json_object_get(m, "min")),
                    .max = number_of(json_object_get(m, "max")),
                    .n = (uint64_t)json_integer_value(json_object_get(m, "n")),
                    .nonfinite =
                        (uint64_t)json_integer_value(json_object_get(m, "nonfinite"))}};
    return metrics;
}

/* What they were used for and their names stand in the keys already, as a comparison has them.
 */
static struct assay_input *inputs_of(json_t *object, size_t *count)
{
    struct assay_input *inputs = assay_alloc_array(json_object_size(object), sizeof *inputs);
    const char *key;
    json_t *value;
    *count = 0;
    json_object_foreach(object, key, value) inputs[(*count)++] =
        (struct assay_input){.type = "",
                             .name = key,
                             .digest = json_is_string(value) ? json_string_value(value) : "",
                             .context = "",
                             .source_type = "",
                             .source = "",
                             .schema = "",
                             .profile = ""};
    return inputs;
}

static struct assay_output *outputs_of(json_t *object, size_t *count)
{
    struct assay_output *outputs = assay_alloc_array(json_object_size(object), sizeof *outputs);
    const char *key;
    json_t *value;
    *count = 0;
    json_object_foreach(object, key, value) outputs[(*count)++] = (struct assay_output){
        .type = key, .id = "", .name = json_is_string(value) ? json_string_value(value) : ""};
    return outputs;
}

static bool add_run(struct loading *l, json_t *run)
{
    struct assay_attrs attrs = {0};
    attrs.params = pairs_of(json_object_get(run, "params"), &attrs.param_count);
    attrs.tags = pairs_of(json_object_get(run, "tags"), &attrs.tag_count);
    attrs.metrics = metrics_of(json_object_get(run, "metrics"), &attrs.metric_count);
    attrs.inputs = inputs_of(json_object_get(run, "inputs"), &attrs.input_count);
    attrs.outputs = outputs_of(json_object_get(run, "outputs"), &attrs.output_count);
    const json_t *source = json_object_get(run, "source");
    const struct assay_compared_run facts = {
        .run = ASSAY_NONE,
        .id = text_of(run, "id"),
        .name = text_of(run, "name"),
        .experiment = text_of(json_object_get(run, "experiment"), "name"),
        .source = text_of(source, "name"),
        .source_kind = text_of(source, "kind"),
        .user = text_of(run, "user"),
        .status = text_of(run, "status"),
        .start_ms = time_of(json_object_get(run, "start_ms")),
        .end_ms = time_of(json_object_get(run, "end_ms")),
    };
    bool added = assay_comparison_add(l->job->comparison, &facts, &attrs);
    free(attrs.params);
    free(attrs.tags);
    free(attrs.metrics);
    free(attrs.inputs);
    free(attrs.outputs);
    return added;
}

static enum assay_status load_runs(struct loading *l, json_t *runs)
{
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];
    size_t i;
    json_t *entry;
    json_array_foreach(
        runs, i,
        entry) if (!json_is_object(json_object_get(entry, "run")) ||
                   !add_run(l, json_object_get(
                                   entry, "run"))) return broken(l,
                                                                 "an entry of \"runs\" is no "
                                                                 "run, or stands there twice");
    assay_comparison_finish(l->job->comparison);
    enum assay_status status = ASSAY_OK;
    json_array_foreach(runs, i, entry)
    {
        assay_buf_reset(&text);
        run_text(l->job->comparison, i, &text);
        assay_sha256(digest, text.data, text.length);
        if (status == ASSAY_OK && strcmp(digest, text_of(entry, "sha256")) != 0)
            status = broken(l, "a run's digest does not hold: the bundle was changed");
    }
    assay_buf_free(&text);
    return status;
}

static enum assay_status load_series(struct loading *l, json_t *entry)
{
    struct compare_job *job = l->job;
    json_t *points = json_object_get(entry, "points"), *point;
    json_int_t column = json_integer_value(json_object_get(entry, "column"));
    size_t i;
    if (!json_is_array(points) || column < 0 ||
        (uint64_t)column >= assay_comparison_runs(job->comparison))
        return broken(l, "an entry of \"series\" is none");
    ASSAY_GROW(job->series, job->series_capacity, job->series_count + 1);
    struct compare_series *kept = &job->series[job->series_count++];
    *kept = (struct compare_series){.column = (size_t)column,
                                    .metric = assay_strdup(text_of(entry, "metric")),
                                    .series = assay_series_new(ASSAY_LAST_WRITTEN)};
    json_array_foreach(points, i, point)
    {
        const struct assay_point one = {.step = json_integer_value(json_array_get(point, 0)),
                                        .time_ms = json_integer_value(json_array_get(point, 1)),
                                        .value = number_of(json_array_get(point, 2))};
        assay_series_add(kept->series, &one, 1);
    }
    struct assay_buf text = {0};
    char digest[ASSAY_SHA256_TEXT];
    series_text(kept->series, &text);
    assay_sha256(digest, text.data, text.length);
    assay_buf_free(&text);
    return strcmp(digest, text_of(entry, "sha256")) == 0
               ? ASSAY_OK
               : broken(l, "a curve's digest does not hold: the bundle was changed");
}

/* The end must be the digest of what stands before it, to the byte. */
static bool seal_holds(const char *bytes, size_t length)
{
    char digest[ASSAY_SHA256_TEXT], seal[ASSAY_SHA256_TEXT + 20];
    size_t tail = strlen(SEAL) + ASSAY_SHA256_TEXT - 1 + 3;
    if (length <= tail)
        return false;
    assay_sha256(digest, bytes, length - tail);
    snprintf(seal, sizeof seal, SEAL "%s\"}\n", digest);
    return memcmp(seal, bytes + length - tail, tail) == 0;
}

enum assay_status compare_bundle_load(struct compare_job *job, const char *path,
                                      struct assay_error *err)
{
    struct loading l = {job, path, err};
    char *bytes;
    size_t length, i;
    json_error_t why;
    json_t *entry;
    enum assay_status status = assay_file_read(path, BUNDLE_MAX, &bytes, &length, err);
    if (status != ASSAY_OK)
        return status;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &why);
    bool sealed = seal_holds(bytes, length);
    free(bytes);
    if (!root || json_integer_value(json_object_get(root, "assay_bundle")) != 1) {
        json_decref(root);
        return broken(&l, root ? "this is no bundle" : why.text);
    }
    status = load_runs(&l, json_object_get(root, "runs"));
    json_array_foreach(json_object_get(root, "series"), i, entry) if (status == ASSAY_OK)
        status = load_series(&l, entry);
    json_array_foreach(json_object_get(root, "files"), i, entry) if (status == ASSAY_OK)
    {
        const char *wrong = compare_bundle_load_file(job, entry);
        status = wrong ? broken(&l, wrong) : ASSAY_OK;
    }
    if (*text_of(root, "group_by"))
        job->group_by = assay_strdup(text_of(root, "group_by"));
    json_int_t baseline = json_integer_value(json_object_get(root, "baseline"));
    size_t runs = assay_comparison_runs(job->comparison);
    if (status == ASSAY_OK && !sealed)
        status = broken(&l, "the digest of the whole does not hold: the bundle was changed");
    if (status == ASSAY_OK && runs == 0)
        status = broken(&l, "it holds no runs");
    job->baseline = baseline >= 0 && (uint64_t)baseline < runs ? (size_t)baseline : 0;
    json_decref(root);
    return status;
}

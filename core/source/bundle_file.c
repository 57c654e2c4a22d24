/*
 * What is in the file of a review bundle (<assay/bundle.h>): called by the command that
 * compares a bundle's runs and by the reader that shows them (bundle.c).
 */
#include <assay/bundle.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>
#include <assay/text.h>

/* ---- the file ---- */

enum assay_status assay_bundle_broken(const char *path, const char *what,
                                      struct assay_error *err)
{
    assay_fail(err, ASSAY_CORRUPT, "%s: %s", path, what);
    assay_hint(err, "a bundle is what `assay compare … --save FILE` wrote, unchanged");
    return ASSAY_CORRUPT;
}

bool assay_bundle_begins(const char *path)
{
    static const char first[] = "{\"assay_bundle\": ";
    char bytes[sizeof first - 1];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
              memcmp(bytes, first, sizeof bytes) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

/* The end must be the digest of what stands before it, to the byte. */
static bool seal_holds(const char *bytes, size_t length)
{
    char digest[ASSAY_SHA256_TEXT], seal[ASSAY_SHA256_TEXT + 20];
    size_t tail = strlen(ASSAY_BUNDLE_SEAL) + ASSAY_SHA256_TEXT - 1 + 3;
    if (length <= tail)
        return false;
    assay_sha256(digest, bytes, length - tail);
    snprintf(seal, sizeof seal, ASSAY_BUNDLE_SEAL "%s\"}\n", digest);
    return memcmp(seal, bytes + length - tail, tail) == 0;
}

enum assay_status assay_bundle_read(struct assay_bundle *out, const char *path, size_t limit,
                                    struct assay_error *err)
{
    char *bytes;
    size_t length;
    json_error_t why;
    *out = (struct assay_bundle){0};
    enum assay_status status = assay_file_read(path, limit, &bytes, &length, err);
    if (status != ASSAY_OK)
        return status;
    out->root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &why);
    out->sealed = seal_holds(bytes, length);
    free(bytes);
    if (!out->root || json_integer_value(json_object_get(out->root, "assay_bundle")) != 1)
        return assay_bundle_broken(path, out->root ? "this is no bundle" : why.text, err);
    out->run_count = json_array_size(json_object_get(out->root, "runs"));
    out->curve_count = json_array_size(json_object_get(out->root, "series"));
    out->file_count = json_array_size(json_object_get(out->root, "files"));
    return ASSAY_OK;
}

void assay_bundle_free(struct assay_bundle *bundle)
{
    json_decref(bundle->root);
    *bundle = (struct assay_bundle){0};
}

/* ---- runs ---- */

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

bool assay_bundle_run(const struct assay_bundle *bundle, size_t index,
                      struct assay_compared_run *facts, struct assay_attrs *attrs)
{
    json_t *run =
        json_object_get(json_array_get(json_object_get(bundle->root, "runs"), index), "run");
    const json_t *source = json_object_get(run, "source");
    *attrs = (struct assay_attrs){0};
    if (!json_is_object(run))
        return false;
    attrs->params = pairs_of(json_object_get(run, "params"), &attrs->param_count);
    attrs->tags = pairs_of(json_object_get(run, "tags"), &attrs->tag_count);
    attrs->metrics = metrics_of(json_object_get(run, "metrics"), &attrs->metric_count);
    attrs->inputs = inputs_of(json_object_get(run, "inputs"), &attrs->input_count);
    attrs->outputs = outputs_of(json_object_get(run, "outputs"), &attrs->output_count);
    *facts = (struct assay_compared_run){
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
    return true;
}

void assay_bundle_attrs_free(struct assay_attrs *attrs)
{
    free(attrs->params);
    free(attrs->tags);
    free(attrs->metrics);
    free(attrs->inputs);
    free(attrs->outputs);
    *attrs = (struct assay_attrs){0};
}

/* ---- curves ---- */

static const json_t *curve_at(const struct assay_bundle *bundle, size_t index)
{
    return json_array_get(json_object_get(bundle->root, "series"), index);
}

bool assay_bundle_curve(const struct assay_bundle *bundle, size_t index, size_t *run,
                        const char **metric)
{
    const json_t *curve = curve_at(bundle, index);
    json_int_t column = json_integer_value(json_object_get(curve, "column"));
    if (!json_is_array(json_object_get(curve, "points")) || column < 0 ||
        (uint64_t)column >= bundle->run_count)
        return false;
    *run = (size_t)column;
    *metric = text_of(curve, "metric");
    return true;
}

void assay_bundle_points(const struct assay_bundle *bundle, size_t index,
                         struct assay_series *series)
{
    json_t *points = json_object_get(curve_at(bundle, index), "points"), *point;
    size_t i;
    json_array_foreach(points, i, point)
    {
        const struct assay_point one = {.step = json_integer_value(json_array_get(point, 0)),
                                        .time_ms = json_integer_value(json_array_get(point, 1)),
                                        .value = number_of(json_array_get(point, 2))};
        assay_series_add(series, &one, 1);
    }
}

/* ---- artifacts ---- */

static const json_t *file_at(const struct assay_bundle *bundle, size_t index)
{
    return json_array_get(json_object_get(bundle->root, "files"), index);
}

bool assay_bundle_file(const struct assay_bundle *bundle, size_t index,
                       struct assay_bundle_file *out)
{
    const json_t *entry = file_at(bundle, index);
    json_int_t column = json_integer_value(json_object_get(entry, "column"));
    json_int_t bytes = json_integer_value(json_object_get(entry, "bytes"));
    *out = (struct assay_bundle_file){.path = text_of(entry, "path"),
                                      .sha256 = text_of(entry, "sha256")};
    if (!*out->path || strspn(out->sha256, "0123456789abcdef") != ASSAY_SHA256_TEXT - 1 ||
        out->sha256[ASSAY_SHA256_TEXT - 1] || column < 0 || bytes < 0 ||
        (uint64_t)column >= bundle->run_count)
        return false;
    out->run = (size_t)column;
    out->bytes = (uint64_t)bytes;
    out->here = json_object_get(entry, "text") || json_object_get(entry, "hex");
    return true;
}

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

enum assay_status assay_bundle_file_bytes(const struct assay_bundle *bundle, size_t index,
                                          char **data, size_t *length, struct assay_error *err)
{
    const json_t *entry = file_at(bundle, index);
    const json_t *text = json_object_get(entry, "text"), *hex = json_object_get(entry, "hex");
    char digest[ASSAY_SHA256_TEXT];
    struct assay_bundle_file file;
    *data = NULL;
    *length = 0;
    if (!assay_bundle_file(bundle, index, &file))
        return assay_fail(err, ASSAY_CORRUPT, "an entry of \"files\" is none");
    if (json_is_string(text)) {
        *length = json_string_length(text);
        *data = assay_strndup(json_string_value(text), *length);
    } else if (json_is_string(hex)) {
        *length = json_string_length(hex) / 2;
        *data = unhex(json_string_value(hex), json_string_length(hex));
    }
    if (*data && *length == file.bytes &&
        strcmp(assay_sha256(digest, *data, *length), file.sha256) == 0)
        return ASSAY_OK;
    free(*data);
    *data = NULL;
    return assay_fail(err, ASSAY_CORRUPT,
                      "a file's digest does not hold: the bundle was changed");
}

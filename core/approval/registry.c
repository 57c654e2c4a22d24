/*
 * The local registry (registry.h) as a platform. What a run says of itself when its model is
 * registered is kept with the version, so that gates find it unchanged later.
 */
#include "approval/registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/text.h>

#include "approval/manifest.h"
#include "model/attrs.h"

#define KIND      "local"
#define NAME_MOST 256 /* bytes of a model's name */

/* ---- writing what is known ---- */

static void put_files(struct assay_buf *out, const struct manifest *manifest)
{
    struct json_writer w = {.out = out};

    json_open(&w, '[');
    for (size_t i = 0; i < manifest->count; i++) {
        json_open(&w, '{');
        json_member(&w, "path", manifest->files[i].path);
        json_member(&w, "sha256", manifest->files[i].digest);
        json_member_number(&w, "bytes", manifest->files[i].bytes);
        json_close(&w, '}');
    }
    json_close(&w, ']');
}

static void put_pair(struct json_writer *w, const char *a, const char *x, const char *b,
                     const char *y)
{
    json_open(w, '{');
    json_member(w, a, x);
    json_member(w, b, y);
    json_close(w, '}');
}

static void put_lineage(struct json_writer *w, const struct assay_registration *what,
                        const char *registrar, const char *owner,
                        const struct assay_attrs *attrs)
{
    static const char *const tags[][2] = {{"git.author", "commit-author"},
                                          {"git.committer", "commit-committer"},
                                          {"mlflow.user", "run-owner"}};
    json_key(w, "lineage");
    json_open(w, '[');
    if (registrar[0])
        put_pair(w, "part", "registrar", "account", registrar);
    if (owner && owner[0])
        put_pair(w, "part", "run-owner", "account", owner);
    for (size_t i = 0; i < ASSAY_COUNT(tags); i++) {
        const char *value = attrs ? assay_attrs_tag(attrs, tags[i][0]) : NULL;
        if (value && value[0] && !(owner && strcmp(owner, value) == 0))
            put_pair(w, "part", tags[i][1], "account", value);
    }
    for (size_t i = 0; i < what->account_count; i++) {
        const char *equals = strchr(what->accounts[i], '=');
        char *part =
            assay_strndup(what->accounts[i], equals ? (size_t)(equals - what->accounts[i]) : 0);
        put_pair(w, "part", part, "account", equals ? equals + 1 : "");
        free(part);
    }
    json_close(w, ']');
}

static void put_run_facts(struct json_writer *w, const struct assay_attrs *attrs)
{
    char text[32];

    json_key(w, "metrics");
    json_open(w, '[');
    for (size_t i = 0; attrs && i < attrs->metric_count; i++)
        put_pair(w, "key", attrs->metrics[i].key, "value",
                 assay_number_exact(text, attrs->metrics[i].summary.last));
    json_close(w, ']');
    json_key(w, "datasets");
    json_open(w, '[');
    for (size_t i = 0; attrs && i < attrs->input_count; i++) {
        json_open(w, '{');
        json_member(w, "name", attrs->inputs[i].name);
        json_member(w, "digest", attrs->inputs[i].digest);
        json_member(w, "context", attrs->inputs[i].context);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_roots(struct json_writer *w, const struct assay_registration *what)
{
    json_key(w, "roots");
    json_open(w, '[');
    for (size_t i = 0; i < what->path_count; i++) {
        char *path = realpath(what->paths[i], NULL);
        json_put(w, path ? path : what->paths[i]);
        free(path);
    }
    json_close(w, ']');
}

/* Every metric of every run, with its seed: what intervals are made of. */
static void put_samples(struct json_writer *w, const struct assay_attrs *runs, size_t count)
{
    char text[32], index[24];

    json_key(w, "samples");
    json_open(w, '[');
    for (size_t r = 0; r < count && count > 1; r++) {
        const char *seed = assay_attrs_param(&runs[r], "seed");
        snprintf(index, sizeof index, "run %zu", r + 1);
        for (size_t i = 0; i < runs[r].metric_count; i++) {
            json_open(w, '{');
            json_member(w, "key", runs[r].metrics[i].key);
            json_member(w, "pair", seed ? seed : index);
            json_member(w, "value", assay_number_exact(text, runs[r].metrics[i].summary.last));
            json_close(w, '}');
        }
    }
    json_close(w, ']');
}

/* ---- registering ---- */

struct run_found {
    const char *id;
    int64_t row;
    char *owner;
};

static bool match_run(void *context, const struct store_run *run)
{
    struct run_found *found = context;

    if (strcmp(run->id, found->id) != 0)
        return true;
    found->row = run->row;
    found->owner = assay_strdup(run->user);
    return false;
}

static enum assay_status read_run(struct store *store, const char *id, struct run_found *found,
                                  struct assay_arena *arena, struct assay_attrs *attrs,
                                  struct assay_error *err)
{
    int64_t source = 0;
    void *bytes = NULL;
    size_t length = 0;
    enum assay_status status =
        store_source(store, STORE_LOCAL_KIND, STORE_LOCAL_PLACE, &source, err);

    found->id = id;
    if (status == ASSAY_OK)
        status = store_read_runs(store, source, 0, match_run, found, err);
    if (status == ASSAY_OK && found->row == 0)
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%.80s: there is no such run in the local store", id);
    if (status == ASSAY_OK)
        status = store_read_attrs(store, found->row, &bytes, &length, err);
    if (status == ASSAY_OK && bytes && !attrs_unpack(bytes, length, arena, attrs))
        status = assay_fail(err, ASSAY_CORRUPT, "run %.80s: its attributes are damaged", id);
    free(bytes);
    return status;
}

enum assay_status registry_add(struct store *store, const struct assay_registration *what,
                               const char *registrar, char version[24], struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct assay_attrs *attrs = NULL;
    struct run_found found = {0};
    struct manifest manifest = {0};
    struct assay_buf files = {0}, facts = {.limit = JSON_BYTES_MAX};
    struct json_writer w = {.out = &facts};
    const bool has_run = what->run_count > 0;
    enum assay_status status = ASSAY_OK;

    version[0] = '\0';
    if (!what->model || !what->model[0])
        return assay_fail(err, ASSAY_BAD_INPUT, "a model needs a name");
    if (strlen(what->model) > NAME_MOST)
        return assay_fail(err, ASSAY_BAD_INPUT, "a model's name has %d bytes at most, not %zu",
                          NAME_MOST, strlen(what->model));
    for (size_t i = 0; i < what->account_count; i++)
        if (!strchr(what->accounts[i], '='))
            return assay_fail(err, ASSAY_BAD_INPUT, "%s: should be PART=ACCOUNT",
                              what->accounts[i]);
    status = manifest_read(&manifest, &arena, what->paths, what->path_count, err);
    if (what->run_count > 256)
        return assay_fail(err, ASSAY_BAD_INPUT, "more than 256 runs");
    attrs = assay_arena_alloc(&arena, (what->run_count + 1) * sizeof *attrs);
    for (size_t i = 0; i < what->run_count && status == ASSAY_OK; i++) {
        struct run_found other = {0};
        status =
            read_run(store, what->runs[i], i == 0 ? &found : &other, &arena, &attrs[i], err);
        free(other.owner);
    }
    if (status == ASSAY_OK) {
        put_files(&files, &manifest);
        json_open(&w, '{');
        put_run_facts(&w, has_run ? attrs : NULL);
        put_samples(&w, attrs, what->run_count);
        put_lineage(&w, what, registrar, found.owner, has_run ? attrs : NULL);
        put_roots(&w, what);
        json_close(&w, '}');
        if (facts.overflow)
            status =
                assay_fail(err, ASSAY_BAD_INPUT, "the run says more than can be kept of it");
    }
    struct store_version row = {.model = what->model,
                                .run = has_run ? what->runs[0] : "",
                                .digest = manifest.digest,
                                .files = assay_buf_text(&files),
                                .facts = assay_buf_text(&facts),
                                .created_ms = assay_now_ms()};
    if (status == ASSAY_OK)
        status = store_add_version(store, &row, err);
    if (status == ASSAY_OK)
        snprintf(version, 24, "%lld", (long long)row.version);
    free(found.owner);
    assay_buf_free(&files);
    assay_buf_free(&facts);
    assay_arena_free(&arena);
    return status;
}

/* ---- reading it back ---- */

static const char *text_or_empty(const struct json_doc *doc, uint32_t node, const char *key)
{
    const char *text = json_text(doc, node, key);
    return text ? text : "";
}

/* Room for the elements of the array KEY; *first is the first of them. */
static void *list_of(const struct json_doc *doc, struct assay_arena *arena, uint32_t object,
                     const char *key, size_t size, size_t *count, uint32_t *first)
{
    uint32_t list = json_find(doc, object, key);

    *count = list ? doc->nodes[list].count : 0;
    *first = list ? doc->nodes[list].first : 0;
    return assay_arena_alloc(arena, (*count + 1) * size);
}

static void take_facts(const struct json_doc *doc, struct assay_arena *arena,
                       struct version_facts *out)
{
    uint32_t node;

    out->metrics =
        list_of(doc, arena, 0, "metrics", sizeof *out->metrics, &out->metric_count, &node);
    for (size_t i = 0; i < out->metric_count; i++, node = doc->nodes[node].next) {
        const char *value = text_or_empty(doc, node, "value");
        out->metrics[i].key = text_or_empty(doc, node, "key");
        if (!assay_number_parse(value, strlen(value), &out->metrics[i].value))
            (void)assay_number_parse("nan", 3, &out->metrics[i].value);
    }
    out->samples =
        list_of(doc, arena, 0, "samples", sizeof *out->samples, &out->sample_count, &node);
    for (size_t i = 0; i < out->sample_count; i++, node = doc->nodes[node].next) {
        const char *value = text_or_empty(doc, node, "value");
        out->samples[i] = (struct version_sample){text_or_empty(doc, node, "key"),
                                                  text_or_empty(doc, node, "pair"), NAN};
        (void)assay_number_parse(value, strlen(value), &out->samples[i].value);
    }
    out->datasets =
        list_of(doc, arena, 0, "datasets", sizeof *out->datasets, &out->dataset_count, &node);
    for (size_t i = 0; i < out->dataset_count; i++, node = doc->nodes[node].next)
        out->datasets[i] = (struct version_dataset){text_or_empty(doc, node, "name"),
                                                    text_or_empty(doc, node, "digest"),
                                                    text_or_empty(doc, node, "context")};
    out->lineage =
        list_of(doc, arena, 0, "lineage", sizeof *out->lineage, &out->lineage_count, &node);
    for (size_t i = 0; i < out->lineage_count; i++, node = doc->nodes[node].next)
        out->lineage[i] = (struct assay_fact){text_or_empty(doc, node, "part"),
                                              text_or_empty(doc, node, "account")};
    out->roots = list_of(doc, arena, 0, "roots", sizeof *out->roots, &out->root_count, &node);
    for (size_t i = 0; i < out->root_count; i++, node = doc->nodes[node].next)
        out->roots[i] = doc->nodes[node].text ? doc->nodes[node].text : "";
}

static void take_files(const struct json_doc *doc, struct assay_arena *arena,
                       struct version_facts *out)
{
    uint32_t node = doc->nodes[0].first;
    int64_t bytes;

    out->file_count = doc->nodes[0].count;
    out->files = assay_arena_alloc(arena, (out->file_count + 1) * sizeof *out->files);
    for (size_t i = 0; i < out->file_count; i++, node = doc->nodes[node].next) {
        const char *text = text_or_empty(doc, node, "bytes");
        out->files[i].path = text_or_empty(doc, node, "path");
        out->files[i].digest = text_or_empty(doc, node, "sha256");
        if (assay_int_parse(text, strlen(text), &bytes) && bytes >= 0)
            out->files[i].bytes = (uint64_t)bytes;
    }
}

struct reading {
    struct assay_arena *arena;
    struct version_facts *out;
    struct assay_error *err;
    enum assay_status status;
    bool found;
};

static bool take_version(void *context, const struct store_version *row)
{
    struct reading *r = context;
    struct json_doc doc = {0};
    char digest[ASSAY_SHA256_TEXT];

    r->found = true;
    r->out->run = assay_arena_strdup(r->arena, row->run);
    r->out->digest = assay_arena_strdup(r->arena, row->digest);
    r->status = json_parse(&doc, r->arena, row->facts, strlen(row->facts), "registry", r->err);
    if (r->status == ASSAY_OK)
        take_facts(&doc, r->arena, r->out);
    if (r->status == ASSAY_OK)
        r->status =
            json_parse(&doc, r->arena, row->files, strlen(row->files), "registry", r->err);
    if (r->status == ASSAY_OK) {
        take_files(&doc, r->arena, r->out);
        manifest_digest(digest, r->out->files, r->out->file_count);
        if (strcmp(digest, row->digest) != 0)
            r->status = assay_fail(r->err, ASSAY_CORRUPT,
                                   "registry: %s %lld: its list of files is not the one that "
                                   "was registered",
                                   row->model, (long long)row->version);
    }
    json_doc_free(&doc);
    return false;
}

static bool version_number(const char *version, int64_t *number)
{
    return assay_int_parse(version, strlen(version), number) && *number > 0;
}

static enum assay_status registry_facts(void *self, struct assay_arena *arena,
                                        const char *model, const char *version,
                                        struct version_facts *out, struct assay_error *err)
{
    struct reading r = {.arena = arena, .out = out, .err = err};
    int64_t number = 0;
    enum assay_status status = ASSAY_OK;

    *out = (struct version_facts){.model = assay_arena_strdup(arena, model),
                                  .version = assay_arena_strdup(arena, version)};
    if (version_number(version, &number))
        status = store_read_versions(self, model, number, take_version, &r, err);
    if (status == ASSAY_OK && !r.found) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: the local registry has no version %s of it",
                   model, version);
        assay_hint(err, "assay register --model NAME --run RUN FILE... registers one");
        return ASSAY_BAD_INPUT;
    }
    return status == ASSAY_OK ? r.status : status;
}

static enum assay_status registry_read(void *self, struct assay_arena *arena, const char *model,
                                       const char *target, const char **version,
                                       struct assay_error *err)
{
    char text[24] = "";
    int64_t number = 0;
    enum assay_status status = store_target(self, model, target, &number, err);

    if (number > 0)
        snprintf(text, sizeof text, "%lld", (long long)number);
    *version = assay_arena_strdup(arena, text);
    return status;
}

static enum assay_status registry_move(void *self, const char *model, const char *target,
                                       const char *expected, const char *version,
                                       const char *request, struct assay_error *err)
{
    int64_t from = 0, to = 0;

    if ((expected[0] && !version_number(expected, &from)) || !version_number(version, &to))
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: %s is no version of the local registry",
                          model, version);
    return store_move_target(self, model, target, from, to, request, err);
}

struct listing {
    bool (*fn)(void *context, const char *model, const char *target, const char *version);
    void *context;
};

static bool take_target(void *context, const char *model, const char *target, int64_t version,
                        const char *request)
{
    const struct listing *listing = context;
    char text[24];

    (void)request;
    snprintf(text, sizeof text, "%lld", (long long)version);
    return listing->fn(listing->context, model, target, text);
}

static enum assay_status registry_targets(void *self, struct assay_arena *arena,
                                          bool (*fn)(void *context, const char *model,
                                                     const char *target, const char *version),
                                          void *context, struct assay_error *err)
{
    struct listing listing = {fn, context};

    (void)arena;
    return store_read_targets(self, take_target, &listing, err);
}

const struct platform_ops registry_platform = {
    .kind = KIND,
    .authority = PLATFORM_OURS,
    .guard = PLATFORM_COMPARE_AND_SET,
    .facts = registry_facts,
    .read = registry_read,
    .move = registry_move,
    .targets = registry_targets,
};

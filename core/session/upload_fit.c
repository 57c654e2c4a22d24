/*
 * What of a run the server takes as it is, and what it has already: names it refuses, values it
 * cuts, numbers it changes, params and tags that have another value there. All of it is noted,
 * and nothing there is overwritten. Called by upload.c.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "remote/json_text.h"
#include "remote/mlflow_limits.h"
#include "session/server_private.h"
#include "session/upload_private.h"

#define ISSUES_MAX  1000u /* that are said; all are counted */
#define VALUE_SHOWN 40    /* cells of a value that is quoted */

/* ---- what is noted ---- */

void upload_issue(struct upload *u, enum assay_upload_issue_kind kind, const char *format, ...)
{
    struct assay_upload *out = u->out;
    struct assay_buf text = {0};
    char line[1024];
    va_list arguments;

    out->counts[kind]++;
    if (out->issue_count >= ISSUES_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    assay_text_clean(&text, line, strlen(line));
    out->issues = assay_realloc_array(out->issues, out->issue_count + 1, sizeof *out->issues);
    out->issues[out->issue_count++] =
        (struct assay_upload_issue){.kind = kind, .what = assay_buf_take(&text)};
}

void assay_upload_free(struct assay_upload *upload)
{
    for (size_t i = 0; i < upload->issue_count; i++)
        free(upload->issues[i].what);
    free(upload->issues);
    *upload = (struct assay_upload){.run_id = ""};
}

bool upload_is_partial(const struct assay_upload *out)
{
    return out->counts[ASSAY_UPLOAD_REFUSED] || out->counts[ASSAY_UPLOAD_CUT] ||
           out->counts[ASSAY_UPLOAD_DIFFERS];
}

void upload_fit_or_fail(struct upload *u)
{
    uint64_t lost = u->out->counts[ASSAY_UPLOAD_REFUSED] + u->out->counts[ASSAY_UPLOAD_CUT];
    size_t first = 0;

    if (!lost || u->status != ASSAY_OK || u->options->preview || u->options->partial)
        return;
    while (first < u->out->issue_count && u->out->issues[first].kind != ASSAY_UPLOAD_REFUSED &&
           u->out->issues[first].kind != ASSAY_UPLOAD_CUT)
        first++;
    u->status = assay_fail(
        u->err, ASSAY_NO, "upload: the server would not keep all of it: %s%s",
        first < u->out->issue_count ? u->out->issues[first].what : "too much to name",
        lost > 1 ? ", and more" : "");
    assay_hint(u->err, "nothing was sent; --partial sends what the server keeps");
}

/* ---- what does not fit ---- */

static size_t limit_of(bool tags)
{
    return tags ? MLFLOW_TAG_MAX : MLFLOW_PARAM_MAX;
}

/* What is the upload's own, or the server's to set from the run's name. */
static bool is_ours(const char *key)
{
    return strcmp(key, "mlflow.runName") == 0 || strcmp(key, MLFLOW_UPLOAD_TAG) == 0 ||
           strcmp(key, MLFLOW_UPLOAD_STATE) == 0;
}

static void fit_pairs(struct upload *u, bool tags, const struct assay_pair *pairs, size_t count)
{
    const char *kind = tags ? "tag" : "param";
    char all[32], kept[32];

    for (size_t i = 0; i < count; i++) {
        const char *fault = mlflow_name_fault(pairs[i].key);
        size_t characters;

        if (is_ours(pairs[i].key))
            continue;
        mlflow_first_characters(pairs[i].value, 0, &characters);
        if (fault)
            upload_issue(u, ASSAY_UPLOAD_REFUSED, "%s %.300s: %s", kind, pairs[i].key, fault);
        else if (characters > limit_of(tags))
            upload_issue(u, ASSAY_UPLOAD_CUT, "%s %.300s: of its %s characters MLflow keeps %s",
                         kind, pairs[i].key, assay_count_text(all, characters),
                         assay_count_text(kept, limit_of(tags)));
    }
}

void upload_fit_pairs(struct upload *u, const struct assay_attrs *attrs)
{
    struct assay_pair note = {ASSAY_NOTE_TAG, assay_session_note(u->session, u->options->run)};

    fit_pairs(u, false, attrs->params, attrs->param_count);
    fit_pairs(u, true, attrs->tags, attrs->tag_count);
    if (!assay_attrs_tag(attrs, ASSAY_NOTE_TAG))
        fit_pairs(u, true, &note, 1);
}

bool upload_fit_metric(struct upload *u, const char *metric, const struct assay_series *series)
{
    const char *fault = mlflow_name_fault(metric);
    size_t count = series ? assay_series_count(series) : 0, endless = 0;
    struct assay_point points[256];
    char text[32];

    if (fault) {
        upload_issue(u, ASSAY_UPLOAD_REFUSED, "metric %.300s: %s", metric, fault);
        return false;
    }
    for (size_t from = 0; from < count; from += ASSAY_COUNT(points)) {
        size_t part = count - from < ASSAY_COUNT(points) ? count - from : ASSAY_COUNT(points);

        assay_series_get(series, from, part, points);
        for (size_t i = 0; i < part; i++)
            endless += isinf(points[i].value) != 0;
    }
    if (endless)
        upload_issue(u, ASSAY_UPLOAD_CHANGED,
                     "metric %.300s: MLflow's databases keep %s of its values, infinite here, "
                     "as 1.797e308",
                     metric, assay_count_text(text, endless));
    return true;
}

/* ---- params and tags ---- */

struct choosing {
    struct upload *upload;
    bool tags;
    const struct assay_pair *had; /* by key */
    size_t had_count;
    struct assay_pair *chosen;
    size_t count;
    uint64_t *there;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct assay_pair *)a)->key, ((const struct assay_pair *)b)->key);
}

/* A pair that the server has not is chosen; as much of its value as the server keeps. */
static void choose(struct choosing *choosing, const struct assay_pair *pair)
{
    struct upload *u = choosing->upload;
    size_t characters, bytes;
    struct assay_pair fit = *pair;
    const struct assay_pair *had;
    char theirs[VALUE_SHOWN * 4 + 8], ours[VALUE_SHOWN * 4 + 8];

    if (is_ours(pair->key) || mlflow_name_fault(pair->key))
        return;
    bytes = mlflow_first_characters(pair->value, limit_of(choosing->tags), &characters);
    if (pair->value[bytes])
        fit.value = assay_arena_strndup(&u->arena, pair->value, bytes);
    had = choosing->had_count
              ? bsearch(pair, choosing->had, choosing->had_count, sizeof *choosing->had, by_key)
              : NULL;
    if (!had) {
        choosing->chosen[choosing->count++] = fit;
    } else if (strcmp(had->value, fit.value) == 0) {
        ++*choosing->there;
    } else {
        upload_issue(u, ASSAY_UPLOAD_DIFFERS, "%s %.300s: \"%s\" there, \"%s\" here",
                     choosing->tags ? "tag" : "param", pair->key,
                     assay_text_clean_to(theirs, sizeof theirs, had->value),
                     assay_text_clean_to(ours, sizeof ours, fit.value));
    }
}

static void send_batch(struct upload *u, struct assay_buf *body)
{
    assay_buf_char(body, ']');
    for (unsigned round = 0; round < UPLOAD_ROUNDS; round++) { /* setting twice is setting */
        u->status = mlflow_upload_batch(u->client, u->target.run_id, body, &u->lost, u->err);
        if (u->status == ASSAY_OK || !u->lost || round + 1 == UPLOAD_ROUNDS)
            break;
        assay_error_clear(u->err);
        upload_pause(round);
    }
    u->out->verdict = u->out->verdict || (u->status != ASSAY_OK && !u->lost);
    assay_buf_reset(body);
}

static void send_pairs(struct upload *u, const char *list, const struct assay_pair *pairs,
                       size_t count)
{
    struct assay_buf body = {0};
    size_t held = 0;

    for (size_t i = 0; i < count && u->status == ASSAY_OK; i++) {
        if (!held)
            assay_buf_format(&body, "\"%s\":[", list);
        assay_buf_text_add(&body, held++ ? ",{\"key\":" : "{\"key\":");
        json_text_quote(&body, pairs[i].key);
        assay_buf_text_add(&body, ",\"value\":");
        json_text_quote(&body, pairs[i].value);
        assay_buf_char(&body, '}');
        if (i + 1 < count && held < MLFLOW_BATCH_PAIRS && body.length < MLFLOW_BATCH_BYTES)
            continue;
        send_batch(u, &body);
        held = 0;
    }
    assay_buf_free(&body);
}

static void pairs_of(struct upload *u, bool tags, const struct assay_attrs *attrs)
{
    struct assay_pair note = {ASSAY_NOTE_TAG, assay_session_note(u->session, u->options->run)};
    struct assay_pair *had = tags ? u->target.tags : u->target.params;
    const struct assay_pair *ours = tags ? attrs->tags : attrs->params;
    size_t count = tags ? attrs->tag_count : attrs->param_count;
    struct choosing choosing = {.upload = u,
                                .tags = tags,
                                .had = had,
                                .had_count = tags ? u->target.tag_count : u->target.param_count,
                                .chosen = assay_alloc_array(count + 1, sizeof *ours),
                                .there = tags ? &u->out->tags_there : &u->out->params_there};

    if (choosing.had_count)
        qsort(had, choosing.had_count, sizeof *had, by_key);
    for (size_t i = 0; i < count; i++)
        choose(&choosing, &ours[i]);
    if (tags && *note.value && !assay_attrs_tag(attrs, ASSAY_NOTE_TAG))
        choose(&choosing, &note);
    *(tags ? &u->out->tags : &u->out->params) = choosing.count;
    if (!u->options->preview)
        send_pairs(u, tags ? "tags" : "params", choosing.chosen, choosing.count);
    free(choosing.chosen);
}

void upload_pairs(struct upload *u, const struct assay_attrs *attrs)
{
    pairs_of(u, false, attrs);
    if (u->status == ASSAY_OK)
        pairs_of(u, true, attrs);
}

/*
 * Gates over facts (gates.h): each kind is a row of the table at the end; those over files are
 * in gates_files.c. Called by act_request.c when a request is written, when a vote is about to
 * be signed, and before applying.
 */
#include "approval/gates_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "approval/gates_statistics.h"
#include "approval/model_signature.h"

void gate_say(struct run *run, enum assay_requirement_state state, const char *format, ...)
{
    struct assay_buf buf = {.limit = 2048};
    va_list args;

    va_start(args, format);
    assay_buf_vformat(&buf, format, args);
    va_end(args);
    run->result.state = state;
    run->result.why = assay_arena_strndup(run->c->arena, assay_buf_text(&buf), buf.length);
    assay_buf_free(&buf);
}

const char *gate_setting(const struct run *run, const char *key)
{
    return policy_gate_setting(run->gate, key);
}

static const struct version_metric *metric_of(const struct version_facts *facts,
                                              const char *key)
{
    for (size_t i = 0; facts && i < facts->metric_count; i++)
        if (strcmp(facts->metrics[i].key, key) == 0)
            return &facts->metrics[i];
    return NULL;
}

static const char *number_text(const struct run *run, double value)
{
    char text[32];
    return assay_arena_strdup(run->c->arena, assay_number_exact(text, value));
}

static bool number_setting(const struct run *run, const char *key, double *out)
{
    const char *text = gate_setting(run, key);
    return text && assay_number_parse(text, strlen(text), out) && isfinite(*out);
}

/* The candidate's value of the gate's metric; false, and said why, where there is none. */
static bool candidate_value(struct run *run, double *value)
{
    const char *key = gate_setting(run, "metric");
    const struct version_metric *metric = metric_of(run->c->candidate, key);

    if (!metric) {
        gate_say(run, ASSAY_MISSING, "the candidate has no metric %s", key);
        return false;
    }
    run->result.candidate = number_text(run, metric->value);
    if (!isfinite(metric->value)) {
        gate_say(run, ASSAY_ERROR, "%s of the candidate is not finite", key);
        return false;
    }
    *value = metric->value;
    return true;
}

static void run_threshold(struct run *run)
{
    double value, least, most;

    if (!candidate_value(run, &value))
        return;
    const char *metric = gate_setting(run, "metric");
    if (number_setting(run, "at-least", &least) && !(value >= least))
        gate_say(run, ASSAY_UNSATISFIED, "%s is %s, below %s", metric, run->result.candidate,
                 gate_setting(run, "at-least"));
    else if (number_setting(run, "at-most", &most) && !(value <= most))
        gate_say(run, ASSAY_UNSATISFIED, "%s is %s, above %s", metric, run->result.candidate,
                 gate_setting(run, "at-most"));
    else
        gate_say(run, ASSAY_SATISFIED, "%s is %s", metric, run->result.candidate);
}

/* "0.01", or "5%" of the champion's size. A champion of 0 has no size to take a part of; a
   negative one is as large as its distance from 0, so that a margin never helps. */
static bool margin_of(struct run *run, double champion, double *margin)
{
    const char *text = gate_setting(run, "margin");
    size_t length = text ? strlen(text) : 0;

    *margin = 0;
    if (!text)
        return true;
    const bool relative = text[length - 1] == '%';
    if (!assay_number_parse(text, length - (relative ? 1 : 0), margin))
        return false;
    if (relative && champion == 0) {
        gate_say(run, ASSAY_ERROR, "a margin in percent of a champion at 0 means nothing");
        return false;
    }
    if (relative)
        *margin *= fabs(champion) / 100;
    return true;
}

static void run_compare(struct run *run)
{
    const char *key = gate_setting(run, "metric"), *better = gate_setting(run, "better");
    const struct version_metric *champion = metric_of(run->c->champion, key);
    double value, margin;

    if (!run->c->champion) {
        gate_say(run, ASSAY_NOT_APPLICABLE, "there is no champion to compare with");
        return;
    }
    if (!candidate_value(run, &value))
        return;
    if (!champion) {
        gate_say(run, ASSAY_MISSING, "the champion has no metric %s", key);
        return;
    }
    run->result.champion = number_text(run, champion->value);
    if (!isfinite(champion->value)) {
        gate_say(run, ASSAY_ERROR, "%s of the champion is not finite", key);
        return;
    }
    if (!margin_of(run, champion->value, &margin))
        return;
    const double gain =
        strcmp(better, "greater") == 0 ? value - champion->value : champion->value - value;
    const char *way = gain < 0 ? "worse" : "better";
    char text[32];
    assay_number_short(text, fabs(gain), 4);
    if (gain >= -margin)
        gate_say(run, ASSAY_SATISFIED, "%s is %s by %s%s (unpaired: no interval)", key, way,
                 text, gain < 0 ? ", within the margin" : "");
    else
        gate_say(run, ASSAY_UNSATISFIED, "%s is %s by %s, beyond the margin", key, way, text);
}

/* ---- several runs ---- */

static void run_non_inferior(struct run *run)
{
    const char *key = gate_setting(run, "metric");
    const bool greater = strcmp(gate_setting(run, "better"), "greater") == 0;
    const struct version_metric *champion = metric_of(run->c->champion, key);
    struct gate_interval interval;
    double value, margin;
    char low[32], high[32];

    if (!run->c->champion) {
        gate_say(run, ASSAY_NOT_APPLICABLE, "there is no champion to compare with");
        return;
    }
    if (!candidate_value(run, &value))
        return;
    if (!champion || !isfinite(champion->value)) {
        gate_say(run, champion ? ASSAY_ERROR : ASSAY_MISSING, "the champion has no finite %s",
                 key);
        return;
    }
    run->result.champion = number_text(run, champion->value);
    if (!margin_of(run, champion->value, &margin))
        return;
    interval = gate_interval_of(run->c->candidate, run->c->champion, key);
    if (!interval.there) {
        gate_say(run, ASSAY_MISSING, "no interval: %s", interval.why);
        return;
    }
    /* The worse end of the interval, as how much better the candidate is. */
    const double worst = greater ? interval.low : -interval.high;
    gate_say(run, worst > -margin ? ASSAY_SATISFIED : ASSAY_UNSATISFIED,
             "%s differs by [%s, %s], %s, n=%zu: %s the margin", key,
             assay_number_short(low, interval.low, 4),
             assay_number_short(high, interval.high, 4),
             interval.paired ? "paired" : "unpaired", interval.n,
             worst > -margin ? "within" : "cannot exclude more than");
}

/* Too few rows in a slice to say anything: PREFIX…/n says how many. */
static bool slice_large_enough(struct run *run, const char *key)
{
    struct assay_buf name = {0};
    double least = 0;
    const char *slash = strrchr(key, '/');

    if (!number_setting(run, "least", &least))
        return true;
    assay_buf_format(&name, "%.*s/n", slash ? (int)(slash - key) : (int)strlen(key), key);
    const struct version_metric *rows = metric_of(run->c->candidate, assay_buf_text(&name));
    assay_buf_free(&name);
    return rows && rows->value >= least;
}

static void run_slices(struct run *run)
{
    const char *prefix = gate_setting(run, "prefix");
    const bool greater = strcmp(gate_setting(run, "better"), "greater") == 0;
    const struct version_facts *champion = run->c->champion;
    size_t count = 0;

    if (!champion) {
        gate_say(run, ASSAY_NOT_APPLICABLE, "there is no champion to compare with");
        return;
    }
    for (size_t i = 0; i < champion->metric_count; i++) {
        const struct version_metric *theirs = &champion->metrics[i], *ours;
        const size_t length = strlen(theirs->key);
        double margin = 0;
        if (strncmp(theirs->key, prefix, strlen(prefix)) != 0 ||
            (length > 2 && strcmp(theirs->key + length - 2, "/n") == 0))
            continue;
        ours = metric_of(run->c->candidate, theirs->key);
        if (!ours || !slice_large_enough(run, theirs->key)) {
            gate_say(run, ASSAY_MISSING, "%s %s", theirs->key,
                     ours ? "has too few rows to say" : "is not there");
            return;
        }
        if (!isfinite(ours->value) || !isfinite(theirs->value)) {
            gate_say(run, ASSAY_ERROR, "%s is not finite", theirs->key);
            return;
        }
        if (!margin_of(run, theirs->value, &margin))
            return;
        const double gain = greater ? ours->value - theirs->value : theirs->value - ours->value;
        if (!(gain >= -margin)) {
            run->result.candidate = number_text(run, ours->value);
            run->result.champion = number_text(run, theirs->value);
            gate_say(run, ASSAY_UNSATISFIED, "%s is worse, beyond the margin", theirs->key);
            return;
        }
        count++;
    }
    if (count == 0)
        gate_say(run, ASSAY_MISSING, "the champion has no metric %s…", prefix);
    else
        gate_say(run, ASSAY_SATISFIED, "%zu slices, none worse beyond the margin", count);
}

static void run_drift(struct run *run)
{
    const struct version_metric *rows = metric_of(run->c->candidate, gate_setting(run, "rows"));
    const struct version_metric *reference =
        metric_of(run->c->candidate, gate_setting(run, "reference"));
    double value, bins = 10;
    char text[32];

    if (!candidate_value(run, &value))
        return;
    if (!rows || !reference) {
        gate_say(run, ASSAY_MISSING, "how many rows were compared is not there");
        return;
    }
    (void)number_setting(run, "bins", &bins);
    if (!(rows->value >= 1) || !(reference->value >= 1) || !(bins >= 2) || !(value >= 0) ||
        !isfinite(rows->value) || !isfinite(reference->value)) {
        gate_say(run, ASSAY_ERROR, "rows, bins or the index make no sense");
        return;
    }
    const double limit = gate_psi_limit(rows->value, reference->value, bins);
    assay_number_short(text, limit, 4);
    gate_say(run, value <= limit ? ASSAY_SATISFIED : ASSAY_UNSATISFIED,
             "%s is %s; equal distributions stay below %s", gate_setting(run, "metric"),
             run->result.candidate, text);
}

/* ---- data ---- */

static bool is_context(const struct version_dataset *dataset, const char *what)
{
    return strncasecmp(dataset->context, what, strlen(what)) == 0;
}

static const struct version_dataset *dataset_of(const struct version_facts *facts,
                                                const char *context, const char *digest)
{
    for (size_t i = 0; i < facts->dataset_count; i++)
        if (is_context(&facts->datasets[i], context) && facts->datasets[i].digest[0] != '\0' &&
            (!digest || strcmp(facts->datasets[i].digest, digest) == 0))
            return &facts->datasets[i];
    return NULL;
}

static void run_same_evaluation(struct run *run)
{
    const struct version_dataset *ours = dataset_of(run->c->candidate, "eval", NULL);

    if (!run->c->champion) {
        gate_say(run, ASSAY_NOT_APPLICABLE, "there is no champion to compare with");
        return;
    }
    if (!ours || !dataset_of(run->c->champion, "eval", NULL)) {
        gate_say(run, ASSAY_MISSING, "the %s names no evaluation data with a digest",
                 ours ? "champion" : "candidate");
        return;
    }
    run->result.candidate = ours->digest;
    for (size_t i = 0; i < run->c->candidate->dataset_count; i++) {
        const struct version_dataset *d = &run->c->candidate->datasets[i];
        if (is_context(d, "eval") && !dataset_of(run->c->champion, "eval", d->digest)) {
            gate_say(run, ASSAY_UNSATISFIED, "the champion was not evaluated on %s (%s)",
                     d->name, d->digest);
            return;
        }
    }
    gate_say(run, ASSAY_SATISFIED, "both were evaluated on the same data");
}

static void run_no_leakage(struct run *run)
{
    const struct version_facts *facts = run->c->candidate;

    if (!dataset_of(facts, "eval", NULL) || !dataset_of(facts, "train", NULL)) {
        gate_say(run, ASSAY_MISSING,
                 "training and evaluation data are not both named by digest");
        return;
    }
    for (size_t i = 0; i < facts->dataset_count; i++) {
        const struct version_dataset *d = &facts->datasets[i];
        if (is_context(d, "eval") && dataset_of(facts, "train", d->digest)) {
            gate_say(run, ASSAY_UNSATISFIED, "%s (%s) was trained on", d->name, d->digest);
            return;
        }
    }
    gate_say(run, ASSAY_SATISFIED, "no evaluation data among the training data");
}

/* ---- the table ---- */

struct kind {
    const char *name;
    void (*run)(struct run *run);
    const char *needs[3], *allows[4];
};
static const struct kind kinds[] = {
    {"threshold", run_threshold, {"metric"}, {"at-least", "at-most"}},
    {"compare", run_compare, {"metric", "better"}, {"margin"}},
    {"non-inferior", run_non_inferior, {"metric", "better"}, {"margin"}},
    {"slices", run_slices, {"prefix", "better"}, {"margin", "least"}},
    {"drift", run_drift, {"metric", "rows", "reference"}, {"bins"}},
    {"required-files", gate_required_files, {"files"}, {NULL}},
    {"artifact-digest", gate_artifact_digest, {NULL}, {NULL}},
    {"model-signature", gate_model_signature, {"key"}, {"file", "ignore"}},
    {"model-card", gate_model_card, {NULL}, {"file", "sections"}},
    {"same-evaluation", run_same_evaluation, {NULL}, {NULL}},
    {"no-leakage", run_no_leakage, {NULL}, {NULL}},
    {"command", gate_command, {"command"}, {"timeout"}},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; name && i < ASSAY_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool known_setting(const struct kind *kind, const char *key)
{
    for (size_t i = 0; i < ASSAY_COUNT(kind->needs) && kind->needs[i]; i++)
        if (strcmp(kind->needs[i], key) == 0)
            return true;
    for (size_t i = 0; i < ASSAY_COUNT(kind->allows) && kind->allows[i]; i++)
        if (strcmp(kind->allows[i], key) == 0)
            return true;
    return false;
}

/* Settings whose values have a form. */
static const char *bad_value(const struct policy_gate *gate)
{
    static const char *const numbers[] = {"at-least", "at-most", "least", "bins"};
    const char *better = policy_gate_setting(gate, "better");
    const char *margin = policy_gate_setting(gate, "margin");
    const char *timeout = policy_gate_setting(gate, "timeout");
    const char *command = policy_gate_setting(gate, "command");
    const char *key = policy_gate_setting(gate, "key");
    struct model_key parsed;
    double number;
    int64_t ms;

    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++) {
        const char *text = policy_gate_setting(gate, numbers[i]);
        if (text && (!assay_number_parse(text, strlen(text), &number) || !isfinite(number)))
            return numbers[i];
    }
    if (better && strcmp(better, "greater") != 0 && strcmp(better, "smaller") != 0)
        return "better";
    if (margin) {
        size_t length = strlen(margin);
        length -= length > 0 && margin[length - 1] == '%' ? 1 : 0;
        if (!assay_number_parse(margin, length, &number) || !(number >= 0) || !isfinite(number))
            return "margin";
    }
    if (timeout && (!policy_duration(timeout, &ms) || ms > 3600000))
        return "timeout";
    if (key && !model_key_parse(&parsed, key))
        return "key";
    return command && command[0] != '/' ? "command" : NULL;
}

enum assay_status gate_check_settings(const struct policy_gate *gate, struct assay_error *err)
{
    const struct kind *kind = find_kind(gate->kind);
    const char *bad;

    if (!kind) {
        assay_fail(err, ASSAY_BAD_INPUT, "[gate %s]: there is no kind %s", gate->name,
                   gate->kind ? gate->kind : "(none given)");
        assay_hint(err, "kinds: threshold, compare, non-inferior, slices, drift, "
                        "required-files, artifact-digest, model-signature, "
                        "model-card, same-evaluation, no-leakage, command");
        return ASSAY_BAD_INPUT;
    }
    for (size_t i = 0; i < ASSAY_COUNT(kind->needs) && kind->needs[i]; i++)
        if (!policy_gate_setting(gate, kind->needs[i]))
            return assay_fail(err, ASSAY_BAD_INPUT, "[gate %s]: a %s gate needs %s", gate->name,
                              kind->name, kind->needs[i]);
    for (size_t i = 0; i < gate->setting_count; i++)
        if (!known_setting(kind, gate->settings[i].key))
            return assay_fail(err, ASSAY_BAD_INPUT, "[gate %s]: a %s gate has no setting %s",
                              gate->name, kind->name, gate->settings[i].key);
    if (strcmp(kind->name, "threshold") == 0 && !policy_gate_setting(gate, "at-least") &&
        !policy_gate_setting(gate, "at-most"))
        return assay_fail(err, ASSAY_BAD_INPUT, "[gate %s]: at-least or at-most is missing",
                          gate->name);
    bad = bad_value(gate);
    if (!bad)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "[gate %s]: %s = %s makes no sense", gate->name, bad,
               policy_gate_setting(gate, bad));
    if (strcmp(bad, "key") == 0)
        assay_hint(err, "the base64 of a PEM file with a public key on P-256, P-384 or P-521, "
                        "its lines put together");
    return ASSAY_BAD_INPUT;
}

struct assay_gate_result gate_run(const struct policy_gate *gate,
                                  const struct gate_context *context)
{
    const struct kind *kind = find_kind(gate->kind);
    struct run run = {.gate = gate, .c = context};

    /* Until something says otherwise it has not passed. */
    run.result = (struct assay_gate_result){
        .name = gate->name,
        .kind = gate->kind ? gate->kind : "",
        .state = ASSAY_ERROR,
        .why = "was not decided",
        .candidate = "",
        .champion = "",
    };
    if (kind && gate_check_settings(gate, NULL) == ASSAY_OK)
        kind->run(&run);
    return run.result;
}

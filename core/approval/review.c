/*
 * What a reviewer looks at (assay/review.h): the platform's facts of candidate and champion,
 * one row for each metric, file and dataset of either; and what revisions changed.
 */
#include <assay/review.h>

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <assay/map.h>

#include "approval/gates_statistics.h"
#include "approval/ledger.h"

#define METRICS_MAX 5000

/* ---- candidate against champion ---- */

static double value_of(const struct version_facts *facts, const char *key)
{
    for (size_t i = 0; i < facts->metric_count; i++)
        if (strcmp(facts->metrics[i].key, key) == 0)
            return facts->metrics[i].value;
    return NAN;
}

/* The mean over the runs that stand for the version; its one value where there is one run. */
static double center_of(const struct version_facts *facts, const char *key)
{
    double sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < facts->sample_count; i++)
        if (strcmp(facts->samples[i].key, key) == 0) {
            sum += facts->samples[i].value;
            count++;
        }
    return count > 0 ? sum / (double)count : value_of(facts, key);
}

static void add_metric(struct assay_sides *sides, const struct version_facts *candidate,
                       const struct version_facts *champion, const char *key)
{
    struct assay_side_metric *metric = &sides->metrics[sides->metric_count++];
    struct gate_interval interval = {.why = "there is no champion"};

    if (champion)
        interval = gate_interval_of(candidate, champion, key);
    *metric = (struct assay_side_metric){
        .key = key,
        .candidate = center_of(candidate, key),
        .champion = champion ? center_of(champion, key) : NAN,
        .interval = interval.there,
        .paired = interval.paired,
        .runs = interval.n,
        .low = interval.low,
        .high = interval.high,
        .mean = interval.mean,
        .why = interval.why ? interval.why : "",
    };
}

static void put_metrics(struct assay_sides *sides, const struct version_facts *candidate,
                        const struct version_facts *champion)
{
    const size_t other = champion ? champion->metric_count : 0;
    struct assay_map known = {0};

    sides->metrics = assay_arena_alloc(&sides->arena, (candidate->metric_count + other + 1) *
                                                          sizeof *sides->metrics);
    for (size_t i = 0; i < candidate->metric_count + other; i++) {
        const char *key = i < candidate->metric_count
                              ? candidate->metrics[i].key
                              : champion->metrics[i - candidate->metric_count].key;
        if (sides->metric_count >= METRICS_MAX ||
            assay_map_get(&known, key, strlen(key)) != ASSAY_MAP_NONE)
            continue;
        assay_map_set(&known, key, strlen(key), (uint32_t)i);
        add_metric(sides, candidate, champion, key);
    }
    assay_map_free(&known);
}

static int by_name(const void *a, const void *b)
{
    const struct assay_side_item *x = a, *y = b;
    int order = strcmp(x->context, y->context);
    return order != 0 ? order : strcmp(x->name, y->name);
}

/* Joins items of one name and context: both sides stand sorted, the candidate's first. */
static size_t join(struct assay_side_item *items, size_t count)
{
    size_t kept = 0;

    qsort(items, count, sizeof *items, by_name);
    for (size_t i = 0; i < count; i++) {
        struct assay_side_item *last = kept > 0 ? &items[kept - 1] : NULL;
        if (last && by_name(last, &items[i]) == 0 &&
            (last->candidate[0] == '\0') != (items[i].candidate[0] == '\0') &&
            (last->champion[0] == '\0') != (items[i].champion[0] == '\0')) {
            const struct assay_side_item *c = last->candidate[0] ? last : &items[i];
            const struct assay_side_item *d = last->candidate[0] ? &items[i] : last;
            struct assay_side_item both = *c;
            both.champion = d->champion;
            both.champion_bytes = d->champion_bytes;
            *last = both;
        } else {
            items[kept++] = items[i];
        }
    }
    return kept;
}

static void put_files(struct assay_sides *sides, const struct version_facts *candidate,
                      const struct version_facts *champion)
{
    const size_t other = champion ? champion->file_count : 0;

    sides->files = assay_arena_alloc(&sides->arena, (candidate->file_count + other + 1) *
                                                        sizeof *sides->files);
    for (size_t i = 0; i < candidate->file_count; i++)
        sides->files[sides->file_count++] =
            (struct assay_side_item){.name = candidate->files[i].path,
                                     .context = "",
                                     .candidate = candidate->files[i].digest,
                                     .champion = "",
                                     .candidate_bytes = candidate->files[i].bytes};
    for (size_t i = 0; i < other; i++)
        sides->files[sides->file_count++] =
            (struct assay_side_item){.name = champion->files[i].path,
                                     .context = "",
                                     .candidate = "",
                                     .champion = champion->files[i].digest,
                                     .champion_bytes = champion->files[i].bytes};
    sides->file_count = join(sides->files, sides->file_count);
}

static void put_datasets(struct assay_sides *sides, const struct version_facts *candidate,
                         const struct version_facts *champion)
{
    const size_t other = champion ? champion->dataset_count : 0;

    sides->datasets = assay_arena_alloc(&sides->arena, (candidate->dataset_count + other + 1) *
                                                           sizeof *sides->datasets);
    for (size_t i = 0; i < candidate->dataset_count + other; i++) {
        const bool mine = i < candidate->dataset_count;
        const struct version_dataset *set =
            mine ? &candidate->datasets[i] : &champion->datasets[i - candidate->dataset_count];
        sides->datasets[sides->dataset_count++] =
            (struct assay_side_item){.name = set->name,
                                     .context = set->context,
                                     .candidate = mine ? set->digest : "",
                                     .champion = mine ? "" : set->digest};
    }
    sides->dataset_count = join(sides->datasets, sides->dataset_count);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

enum assay_status assay_sides_read(struct assay_ledger *ledger, const char *id,
                                   struct assay_sides **out, struct assay_error *err)
{
    const struct assay_request *r = NULL;
    struct assay_sides *sides = assay_alloc(sizeof *sides);
    struct version_facts candidate = {0}, champion = {0};
    struct platform platform;
    const char *now = "";
    enum assay_status status = assay_ledger_find(ledger, id, &r, err);

    *out = NULL;
    if (status == ASSAY_OK)
        status = ledger_platform(ledger, r->platform, r->place, &platform, err);
    if (status == ASSAY_OK)
        status = platform.ops->facts(platform.self, &sides->arena, r->model, r->version,
                                     &candidate, err);
    if (status == ASSAY_OK)
        status =
            platform.ops->read(platform.self, &sides->arena, r->model, r->target, &now, err);
    /* One that was applied is the champion itself: it stands against the one before it. */
    if (status == ASSAY_OK && strcmp(now, r->version) == 0)
        now = assay_arena_strdup(&sides->arena, r->from_version);
    const bool against = status == ASSAY_OK && now[0] != '\0';
    if (against)
        status =
            platform.ops->facts(platform.self, &sides->arena, r->model, now, &champion, err);
    if (status != ASSAY_OK) {
        assay_sides_free(&sides);
        return status;
    }
    sides->champion_version = now;
    sides->candidate_run = or_empty(candidate.run);
    sides->champion_run = or_empty(champion.run);
    sides->candidate_digest = or_empty(candidate.digest);
    sides->champion_digest = or_empty(champion.digest);
    put_metrics(sides, &candidate, against ? &champion : NULL);
    put_files(sides, &candidate, against ? &champion : NULL);
    put_datasets(sides, &candidate, against ? &champion : NULL);
    *out = sides;
    return ASSAY_OK;
}

void assay_sides_free(struct assay_sides **sides)
{
    if (!*sides)
        return;
    struct assay_arena arena = (*sides)->arena;
    assay_arena_free(&arena);
    free(*sides);
    *sides = NULL;
}

/* ---- what revisions changed ---- */

struct changes {
    struct assay_arena *arena;
    const char **items;
    size_t count, capacity;
};

static void say(struct changes *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct changes *c, const char *format, ...)
{
    struct assay_buf text = {.limit = 8192};
    va_list args;

    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    if (c->count < c->capacity)
        c->items[c->count++] =
            assay_arena_strndup(c->arena, assay_buf_text(&text), text.length);
    assay_buf_free(&text);
}

static void files_changed(struct changes *c, const struct statement_request *a,
                          const struct statement_request *b)
{
    if (strcmp(a->model_digest, b->model_digest) == 0)
        return;
    say(c, "the model's files are others: digest %.16s, was %.16s", b->model_digest,
        a->model_digest);
    for (size_t i = 0; i < b->file_count; i++) {
        const struct assay_model_file *was = NULL;
        for (size_t k = 0; k < a->file_count && !was; k++)
            if (strcmp(a->files[k].path, b->files[i].path) == 0)
                was = &a->files[k];
        if (!was)
            say(c, "file %s was added", b->files[i].path);
        else if (strcmp(was->digest, b->files[i].digest) != 0)
            say(c, "file %s is another: %.16s, was %.16s", b->files[i].path, b->files[i].digest,
                was->digest);
    }
}

static const struct assay_evidence *evidence_of(const struct statement_request *r,
                                                const char *name)
{
    for (size_t i = 0; i < r->evidence_count; i++)
        if (strcmp(r->evidence[i].name, name) == 0)
            return &r->evidence[i];
    return NULL;
}

static void evidence_changed(struct changes *c, const struct statement_request *a,
                             const struct statement_request *b)
{
    for (size_t i = 0; i < b->evidence_count; i++) {
        const struct assay_evidence *now = &b->evidence[i], *was = evidence_of(a, now->name);
        if (!was)
            say(c, "evidence %s was added", now->name);
        else if (strcmp(was->digest, now->digest) != 0)
            say(c, "evidence %s was replaced: %.16s, was %.16s", now->name, now->digest,
                was->digest);
    }
    for (size_t i = 0; i < a->evidence_count; i++)
        if (!evidence_of(b, a->evidence[i].name))
            say(c, "evidence %s was taken away", a->evidence[i].name);
}

static void gates_changed(struct changes *c, const struct statement_request *a,
                          const struct statement_request *b)
{
    for (size_t i = 0; i < b->gate_count; i++) {
        const struct assay_gate_result *now = &b->gates[i], *was = NULL;
        for (size_t k = 0; k < a->gate_count && !was; k++)
            if (strcmp(a->gates[k].name, now->name) == 0)
                was = &a->gates[k];
        if (!was)
            say(c, "gate %s is new: %s", now->name, now->why);
        else if (was->state != now->state || strcmp(was->candidate, now->candidate) != 0 ||
                 strcmp(was->champion, now->champion) != 0)
            say(c, "gate %s: %s (%s), was %s (%s)", now->name,
                assay_requirement_state_name(now->state), now->why,
                assay_requirement_state_name(was->state), was->why);
    }
    for (size_t i = 0; i < a->gate_count; i++) {
        bool there = false;
        for (size_t k = 0; k < b->gate_count && !there; k++)
            there = strcmp(a->gates[i].name, b->gates[k].name) == 0;
        if (!there)
            say(c, "gate %s is no longer asked for", a->gates[i].name);
    }
}

static void head_changed(struct changes *c, const struct statement_request *a,
                         const struct statement_request *b)
{
    if (strcmp(a->words, b->words) != 0)
        say(c, "the words are others: %s", b->words);
    if (strcmp(a->version, b->version) != 0)
        say(c, "the version is %s, was %s", b->version, a->version);
    if (strcmp(a->target, b->target) != 0)
        say(c, "the target is %s, was %s", b->target, a->target);
    if (strcmp(a->from_version, b->from_version) != 0 ||
        strcmp(a->from_digest, b->from_digest) != 0)
        say(c, "the champion is %s, was %s", b->from_version[0] ? b->from_version : "none",
            a->from_version[0] ? a->from_version : "none");
    if (strcmp(a->policy, b->policy) != 0 || a->policy_version != b->policy_version)
        say(c, "the policy is %s version %llu, was %s version %llu", b->policy,
            (unsigned long long)b->policy_version, a->policy,
            (unsigned long long)a->policy_version);
    if (strcmp(a->tier, b->tier) != 0)
        say(c, "the tier is %s, was %s", b->tier, a->tier);
}

size_t assay_request_changes(const struct assay_ledger *ledger, const char *id,
                             struct assay_arena *arena, const char *const **out)
{
    const struct fold_request *request = fold_find(&ledger->fold, id);
    const struct statement_request *then = NULL;
    struct changes c = {.arena = arena};

    *out = NULL;
    if (!request || !request->last_of_me || !request->bound ||
        request->last_of_me->s.event != EVENT_DECISION)
        return 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct record *r = &ledger->records[i];
        if (!r->fault && r->s.event == EVENT_REQUEST && ledger->fold.fates[i].counts &&
            strcmp(r->s.request.id, id) == 0 &&
            r->s.request.revision == request->last_of_me->s.decision.revision)
            then = &r->s.request;
    }
    if (!then || strcmp(then->binding, request->bound->binding) == 0)
        return 0;
    c.capacity = 16 + request->bound->file_count + request->bound->evidence_count +
                 then->evidence_count + request->bound->gate_count + then->gate_count;
    c.items = assay_arena_alloc(arena, c.capacity * sizeof *c.items);
    head_changed(&c, then, request->bound);
    files_changed(&c, then, request->bound);
    evidence_changed(&c, then, request->bound);
    gates_changed(&c, then, request->bound);
    *out = c.items;
    return c.count;
}

/*
 * Per-example scores: an artifact of every run (CSV with a header, or JSON lines) with one
 * score an example, paired by id, so that one run each is enough for a test. Called by
 * compare.c.
 */
#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include <assay/file.h>
#include <assay/map.h>
#include <assay/memory.h>
#include <assay/text.h>

#define EXAMPLES_MAX (64u << 20) /* bytes of a file */
#define FIELDS_MAX   256

struct scores {
    struct assay_map index; /* id -> position */
    const char **ids;       /* in the file's order */
    double *values;
    size_t count, capacity, id_capacity;
    size_t repeated; /* ids that stand twice: the first counts */
    size_t unread;   /* lines without an id or a number */
    char name[64];   /* of the score */
};

static void scores_free(struct scores *s)
{
    assay_map_free(&s->index);
    free(s->values);
    free(s->ids);
}

static const char *const id_names[] = {"id",  "example_id", "example", "item",
                                       "uid", "index",      "idx",     "key"};
static const char *const score_names[] = {"score",       "correct", "accuracy", "acc",
                                          "exact_match", "f1",      "reward",   "value",
                                          "metric",      "loss"};

static void add_score(struct scores *s, const char *id, size_t length, double value)
{
    if (!length || isnan(value)) {
        s->unread++;
    } else if (assay_map_get(&s->index, id, length) != ASSAY_MAP_NONE) {
        s->repeated++;
    } else {
        ASSAY_GROW(s->values, s->capacity, s->count + 1);
        ASSAY_GROW(s->ids, s->id_capacity, s->count + 1);
        s->ids[s->count] = assay_map_set(&s->index, id, length, (uint32_t)s->count);
        s->values[s->count++] = value;
    }
}

/* A score as loggers write it: a number, or whether it was right. */
static double score_of(const char *text, size_t length)
{
    double value;
    if (assay_number_parse(text, length, &value))
        return value;
    bool yes = length == 4 && strncasecmp(text, "true", 4) == 0;
    bool no = length == 5 && strncasecmp(text, "false", 5) == 0;
    return yes ? 1 : no ? 0 : NAN;
}

/* ---- CSV (RFC 4180) ---- */

/* One field from *at on, its quotes taken away in place; *ends says whether the line ends. */
static char *next_field(char **at, size_t *length, bool *ends)
{
    char *from = *at, *to, *c = *at;
    if (*c == '"') {
        to = from = ++c;
        while (*c && !(c[0] == '"' && c[1] != '"')) {
            c += c[0] == '"';
            *to++ = *c++;
        }
        c += *c == '"';
        while (*c && *c != ',' && *c != '\n')
            c++;
    } else {
        c += strcspn(c, ",\n");
        to = c > from && c[-1] == '\r' ? c - 1 : c;
    }
    *length = (size_t)(to - from);
    *ends = *c != ',';
    *at = *c ? c + 1 : c;
    return from;
}

static size_t find_name(const char *const *names, size_t count, const char *field,
                        size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == length && strncasecmp(names[i], field, length) == 0)
            return i;
    return SIZE_MAX;
}

struct csv_columns {
    size_t id, score, id_rank, score_rank;
};

static void read_header(char **at, const char *wanted, struct scores *s, struct csv_columns *c)
{
    bool ends = false;
    *c = (struct csv_columns){0, SIZE_MAX, SIZE_MAX, SIZE_MAX};
    for (size_t column = 0; !ends && **at; column++) {
        size_t length;
        const char *field = next_field(at, &length, &ends);
        size_t id = find_name(id_names, ASSAY_COUNT(id_names), field, length);
        size_t score = wanted ? find_name(&wanted, 1, field, length)
                              : find_name(score_names, ASSAY_COUNT(score_names), field, length);
        if (id < c->id_rank) {
            c->id_rank = id;
            c->id = column;
        }
        if (score < c->score_rank) {
            c->score_rank = score;
            c->score = column;
            snprintf(s->name, sizeof s->name, "%.*s", (int)(length < 63 ? length : 63), field);
        }
    }
}

static bool read_csv(char *text, const char *wanted, struct scores *s)
{
    struct csv_columns columns;
    char *at = text;
    read_header(&at, wanted, s, &columns);
    if (columns.score == SIZE_MAX)
        return false;
    while (*at) {
        bool ends = false;
        const char *id = "";
        size_t id_length = 0;
        double value = NAN;
        for (size_t column = 0; !ends && *at && column < FIELDS_MAX; column++) {
            size_t length;
            const char *field = next_field(&at, &length, &ends);
            if (column == columns.id) {
                id = field;
                id_length = length;
            }
            if (column == columns.score)
                value = score_of(field, length);
        }
        add_score(s, id, id_length, value);
    }
    return true;
}

/* ---- JSON lines ---- */

static const json_t *find_member(const json_t *object, const char *const *names, size_t count,
                                 const char **found)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *member = json_object_get(object, names[i]);
        if (member) {
            *found = names[i];
            return member;
        }
    }
    return NULL;
}

static void read_object(const json_t *object, const char *wanted, struct scores *s)
{
    const char *name = "", *ignored;
    char id[40] = "";
    const json_t *key = find_member(object, id_names, ASSAY_COUNT(id_names), &ignored);
    const json_t *score =
        wanted ? find_member(object, &wanted, 1, &name)
               : find_member(object, score_names, ASSAY_COUNT(score_names), &name);
    const char *text = json_string_value(key);
    if (json_is_integer(key))
        snprintf(id, sizeof id, "%lld", (long long)json_integer_value(key));
    double value = json_is_number(score)    ? json_number_value(score)
                   : json_is_boolean(score) ? json_is_true(score)
                                            : NAN;
    if (score && !s->name[0])
        snprintf(s->name, sizeof s->name, "%s", name);
    text = text ? text : id;
    add_score(s, text, strlen(text), value);
}

static bool read_jsonl(const char *text, const char *wanted, struct scores *s)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        json_t *object = json_loadb(text, length, 0, NULL);
        if (json_is_object(object))
            read_object(object, wanted, s);
        else
            s->unread += length > 0;
        json_decref(object);
        text += length + (text[length] == '\n');
    }
    return s->count > 0;
}

/* ---- one run's file ---- */

static enum assay_status read_scores(struct compare_job *job, size_t column, const char *path,
                                     const char *wanted, struct scores *s,
                                     struct assay_error *err)
{
    const struct assay_compared_run *run = assay_comparison_run(job->comparison, column);
    const char *title = *run->name ? run->name : run->id;
    char *text = NULL;
    size_t length;
    enum assay_status status =
        compare_read_file(job, column, path, EXAMPLES_MAX, &text, &length, err);
    if (status == ASSAY_OK) {
        const char *first = text + strspn(text, " \t\r\n");
        bool read = *first == '{' ? read_jsonl(text, wanted, s) : read_csv(text, wanted, s);
        if (!read) {
            status =
                assay_fail(err, ASSAY_BAD_INPUT, "%s: %s: no column of scores", title, path);
            assay_hint(err, "name it: --examples %s:COLUMN", path);
        }
    }
    free(text);
    return status;
}

/* B against A, paired by id. */
static struct assay_judgement judge(struct compare_job *job, const struct scores *a,
                                    const struct scores *b, size_t *alone)
{
    double *x = assay_alloc_array(b->count, sizeof *x);
    double *y = assay_alloc_array(b->count, sizeof *y);
    size_t pairs = 0;
    for (size_t i = 0; i < b->count; i++) {
        uint32_t other = assay_map_get(&a->index, b->ids[i], strlen(b->ids[i]));
        if (other != ASSAY_MAP_NONE) {
            x[pairs] = b->values[i];
            y[pairs++] = a->values[other];
        }
    }
    *alone = a->count + b->count - 2 * pairs;
    int direction = assay_metric_direction(b->name);
    if (strcmp(b->name, "correct") == 0 || strcmp(b->name, "exact_match") == 0)
        direction = 1;
    struct assay_judgement verdict =
        assay_verdict_paired(b->name, direction, x, y, pairs, job->seed);
    free(x);
    free(y);
    return verdict;
}

static void add_example(struct compare_job *job, size_t column, const struct scores *base,
                        const struct scores *other)
{
    ASSAY_GROW(job->examples, job->example_capacity, job->example_count + 1);
    struct compare_example *e = &job->examples[job->example_count++];
    *e = (struct compare_example){.column = column,
                                  .repeated = base->repeated + other->repeated,
                                  .unread = base->unread + other->unread};
    e->verdict = judge(job, base, other, &e->alone);
    e->metric = assay_strdup(other->name);
    e->verdict.metric = e->metric;
}

enum assay_status compare_examples(struct compare_job *job, struct assay_error *err)
{
    const char *given = cli_value(job->cli, "examples");
    const char *colon = given ? strrchr(given, ':') : NULL, *wanted = colon ? colon + 1 : NULL;
    if (!given)
        return ASSAY_OK;
    char *path = assay_strndup(given, colon ? (size_t)(colon - given) : strlen(given));
    struct scores base = {0};
    enum assay_status status = read_scores(job, job->baseline, path, wanted, &base, err);
    for (size_t i = 0; status == ASSAY_OK && i < assay_comparison_runs(job->comparison); i++) {
        struct scores other = {0};
        if (i == job->baseline)
            continue;
        status = read_scores(job, i, path, wanted, &other, err);
        if (status == ASSAY_OK)
            add_example(job, i, &base, &other);
        scores_free(&other);
    }
    struct assay_judgement *verdicts = assay_alloc_array(job->example_count, sizeof *verdicts);
    for (size_t i = 0; i < job->example_count; i++)
        verdicts[i] = job->examples[i].verdict;
    assay_verdicts_correct(verdicts, job->example_count);
    for (size_t i = 0; i < job->example_count; i++)
        job->examples[i].verdict = verdicts[i];
    free(verdicts);
    scores_free(&base);
    free(path);
    return status;
}

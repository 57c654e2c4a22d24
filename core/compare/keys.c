/*
 * What keys mean: the section a row is shown in, names of tags that tools write, which param is
 * the seed, which way a metric is better, and units that do not agree. Tables of names that are
 * used the same way everywhere; anything else stays what it is.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

const char *assay_section_name(enum assay_section section)
{
    static const char *const names[] = {
        [ASSAY_SECTION_RUN] = "run",
        [ASSAY_SECTION_PARAMS] = "params",
        [ASSAY_SECTION_DATA] = "data",
        [ASSAY_SECTION_CODE] = "code",
        [ASSAY_SECTION_ENVIRONMENT] = "environment",
        [ASSAY_SECTION_METRICS] = "metrics",
        [ASSAY_SECTION_TAGS] = "tags",
    };
    return (size_t)section < ASSAY_COUNT(names) ? names[section] : "";
}

/* ---- tags of known meaning ---- */

static const struct known_tag {
    const char *key;
    const char *label;
    enum assay_section section;
} known_tags[] = {
    {"mlflow.source.git.commit", "commit", ASSAY_SECTION_CODE},
    {"mlflow.source.git.branch", "branch", ASSAY_SECTION_CODE},
    {"mlflow.source.git.repoURL", "repository", ASSAY_SECTION_CODE},
    {"mlflow.gitRepoURL", "repository", ASSAY_SECTION_CODE},
    {"mlflow.gitBranchName", "branch", ASSAY_SECTION_CODE},
    {"mlflow.source.name", "script", ASSAY_SECTION_CODE},
    {"mlflow.source.type", "source type", ASSAY_SECTION_CODE},
    {"mlflow.project.entryPoint", "entry point", ASSAY_SECTION_CODE},
    {"mlflow.project.env", "project environment", ASSAY_SECTION_ENVIRONMENT},
    {"mlflow.docker.image.name", "docker image", ASSAY_SECTION_ENVIRONMENT},
    {"mlflow.docker.image.id", "docker image id", ASSAY_SECTION_ENVIRONMENT},
    {COMPARE_NAME_TAG, "name tag", ASSAY_SECTION_RUN},
    {"mlflow.user", "user tag", ASSAY_SECTION_RUN},
    {"mlflow.parentRunId", "parent", ASSAY_SECTION_RUN},
    {"wandb.git.commit", "commit", ASSAY_SECTION_CODE},
    {"wandb.git.remote", "repository", ASSAY_SECTION_CODE},
    {"wandb.program", "script", ASSAY_SECTION_CODE},
    {"wandb.args", "command line", ASSAY_SECTION_CODE},
    {"wandb.python", "python", ASSAY_SECTION_ENVIRONMENT},
    {"wandb.host", "host", ASSAY_SECTION_ENVIRONMENT},
    {"wandb.os", "os", ASSAY_SECTION_ENVIRONMENT},
    {"wandb.gpu", "gpu", ASSAY_SECTION_ENVIRONMENT},
};

/* A tag whose last word is one of these belongs there. */
static const struct known_word {
    const char *word;
    enum assay_section section;
} known_words[] = {
    {"commit", ASSAY_SECTION_CODE},        {"git_commit", ASSAY_SECTION_CODE},
    {"git_sha", ASSAY_SECTION_CODE},       {"git_hash", ASSAY_SECTION_CODE},
    {"branch", ASSAY_SECTION_CODE},        {"command", ASSAY_SECTION_CODE},
    {"cmd", ASSAY_SECTION_CODE},           {"argv", ASSAY_SECTION_CODE},
    {"command_line", ASSAY_SECTION_CODE},  {"entrypoint", ASSAY_SECTION_CODE},
    {"python", ASSAY_SECTION_ENVIRONMENT}, {"python_version", ASSAY_SECTION_ENVIRONMENT},
    {"host", ASSAY_SECTION_ENVIRONMENT},   {"hostname", ASSAY_SECTION_ENVIRONMENT},
    {"os", ASSAY_SECTION_ENVIRONMENT},     {"platform", ASSAY_SECTION_ENVIRONMENT},
    {"cuda", ASSAY_SECTION_ENVIRONMENT},   {"gpu", ASSAY_SECTION_ENVIRONMENT},
    {"gpus", ASSAY_SECTION_ENVIRONMENT},   {"cuda_version", ASSAY_SECTION_ENVIRONMENT},
    {"cpu", ASSAY_SECTION_ENVIRONMENT},    {"torch_version", ASSAY_SECTION_ENVIRONMENT},
};

static const char *last_word(const char *key)
{
    const char *word = key;
    for (const char *at = key; *at; at++)
        if (strchr("./:", *at) && at[1])
            word = at + 1;
    return word;
}

/* Equal but for case and the kind of dash. */
static bool is_word(const char *a, const char *b)
{
    for (;; a++, b++) {
        char x = *a == '-' ? '_' : (char)tolower((unsigned char)*a);
        if (x != *b)
            return false;
        if (!x)
            return true;
    }
}

static enum assay_section tag_section(const char *key, const char **label)
{
    for (size_t i = 0; i < ASSAY_COUNT(known_tags); i++)
        if (strcmp(known_tags[i].key, key) == 0) {
            *label = known_tags[i].label;
            return known_tags[i].section;
        }
    for (size_t i = 0; i < ASSAY_COUNT(known_words); i++)
        if (is_word(last_word(key), known_words[i].word))
            return known_words[i].section;
    if (strncmp(key, "env.", 4) == 0 || strncmp(key, "environment.", 12) == 0)
        return ASSAY_SECTION_ENVIRONMENT;
    return ASSAY_SECTION_TAGS;
}

enum assay_section compare_section(enum assay_row_kind kind, const char *key,
                                   const char **label)
{
    *label = key;
    switch (kind) {
    case ASSAY_ROW_PARAM:
    case ASSAY_ROW_PATH:
        return ASSAY_SECTION_PARAMS;
    case ASSAY_ROW_INPUT:
    case ASSAY_ROW_OUTPUT:
        return ASSAY_SECTION_DATA;
    case ASSAY_ROW_METRIC:
        return ASSAY_SECTION_METRICS;
    case ASSAY_ROW_TAG:
        return tag_section(key, label);
    case ASSAY_ROW_FACT:
        return ASSAY_SECTION_ENVIRONMENT;
    case ASSAY_ROW_ATTRIBUTE:
        if (strcmp(key, "gpu-hours") == 0) /* cost stands beside quality */
            return ASSAY_SECTION_METRICS;
        break;
    }
    return ASSAY_SECTION_RUN;
}

/* ---- seeds ---- */

bool compare_is_seed(const char *key)
{
    static const char *const names[] = {"seed",         "random_seed",     "rng_seed",
                                        "random_state", "manual_seed",     "global_seed",
                                        "data_seed",    "torch_seed",      "numpy_seed",
                                        "np_seed",      "seed_everything", "randomseed"};
    const char *word = last_word(key);
    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        if (is_word(word, names[i]))
            return true;
    return false;
}

/* ---- numbers that only name something ---- */

/* The last letters of WORD are those of LETTERS, as is_word() compares. */
static bool ends_in(const char *word, const char *letters)
{
    size_t length = strlen(word), end = strlen(letters);
    return length > end && is_word(word + length - end, letters);
}

/* "runId": the end begins with the only capital letter near it. */
static bool ends_in_capital(const char *word, const char *letters)
{
    size_t length = strlen(word), end = strlen(letters);
    return length > end && strcmp(word + length - end, letters) == 0 &&
           islower((unsigned char)word[length - end - 1]);
}

bool compare_is_identifier(const char *key)
{
    static const char *const names[] = {
        "id",    "uid",   "gid",     "pid",    "ppid",     "uuid",  "port",       "jobid",
        "runid", "trial", "fold",    "split",  "shard",    "year",  "local_rank", "node_rank",
        "date",  "build", "version", "device", "revision", "index", "global_rank"};
    static const char *const ends[] = {"_seed",  "_id",    "_ids",    "_pid",   "_uuid",
                                       "_port",  "_trial", "_fold",   "_shard", "_year",
                                       "_index", "_date",  "_version"};
    static const char *const capital[] = {"Id", "ID", "Seed", "Port", "Version"};
    const char *word = last_word(key);
    if (compare_is_seed(word))
        return true;
    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        if (is_word(word, names[i]))
            return true;
    for (size_t i = 0; i < ASSAY_COUNT(ends); i++)
        if (ends_in(word, ends[i]))
            return true;
    for (size_t i = 0; i < ASSAY_COUNT(capital); i++)
        if (ends_in_capital(word, capital[i]))
            return true;
    return false;
}

/* ---- directions ---- */

/* The siblings that name a metric and say its direction: the prefix before both is the same. */
static const struct monitor {
    const char *metric, *mode;
} monitors[] = {
    {"monitor", "mode"},
    {"metric_for_best_model", "greater_is_better"},
    {"metric", "mode"},
    {"metric", "goal"},
    {"metric.name", "metric.goal"},
    {"metric", "direction"},
    {"objective", "direction"},
};

static int mode_of(const char *text)
{
    static const char *const least[] = {"min", "minimize", "minimise", "false", "lower"};
    static const char *const most[] = {"max", "maximize", "maximise", "true", "higher"};
    for (size_t i = 0; i < ASSAY_COUNT(least); i++)
        if (is_word(text, least[i]))
            return -1;
    for (size_t i = 0; i < ASSAY_COUNT(most); i++)
        if (is_word(text, most[i]))
            return 1;
    return 0;
}

/* The metric a run's monitor means; Hugging Face's trainer leaves "eval_" away. */
static struct compare_row *find_metric(struct assay_comparison *c, const char *name)
{
    char longer[300];
    struct compare_row *row = compare_find_row(c, ASSAY_ROW_METRIC, name);
    static const char *const prefixes[] = {"eval_", "eval/"};
    for (size_t i = 0; !row && i < ASSAY_COUNT(prefixes); i++) {
        snprintf(longer, sizeof longer, "%s%.280s", prefixes[i], name);
        row = compare_find_row(c, ASSAY_ROW_METRIC, longer);
    }
    return row;
}

static void take_monitor(struct assay_comparison *c, const struct compare_row *names,
                         const struct compare_row *modes)
{
    for (size_t i = 0; i < c->run_count; i++) {
        const struct compare_value *name = compare_value_at(names, i);
        const struct compare_value *mode = compare_value_at(modes, i);
        int direction = name && mode ? mode_of(mode->text) : 0;
        struct compare_row *metric = direction ? find_metric(c, name->text) : NULL;
        if (!metric)
            continue;
        /* `uneven` marks, for now, that an earlier run has set it; 0 then is a disagreement,
           which no third run settles. */
        if (metric->shown.uneven && metric->shown.direction != direction) {
            if (metric->shown.direction)
                compare_notice(c, "%.100s: the runs disagree on which way it is better",
                               metric->shown.key);
            direction = 0;
        }
        metric->shown.direction = direction;
        metric->shown.uneven = true;
    }
}

static void take_monitors(struct assay_comparison *c, enum assay_row_kind kind)
{
    char key[400];
    for (size_t i = 0; i < c->row_count; i++) {
        const struct compare_row *row = &c->rows[i];
        if (row->shown.kind != kind)
            continue;
        size_t length = strlen(row->shown.key);
        for (size_t m = 0; m < ASSAY_COUNT(monitors); m++) {
            size_t word = strlen(monitors[m].metric);
            if (length < word || length > 300 ||
                strcmp(row->shown.key + length - word, monitors[m].metric) != 0)
                continue;
            snprintf(key, sizeof key, "%.*s%s", (int)(length - word), row->shown.key,
                     monitors[m].mode);
            const struct compare_row *modes = compare_find_row(c, kind, key);
            if (modes)
                take_monitor(c, row, modes);
        }
    }
}

void compare_directions(struct assay_comparison *c)
{
    for (size_t i = 0; i < c->row_count; i++)
        if (c->rows[i].shown.kind == ASSAY_ROW_METRIC) {
            c->rows[i].shown.direction = assay_metric_direction(c->rows[i].shown.key);
            c->rows[i].shown.uneven = false;
        }
    take_monitors(c, ASSAY_ROW_PARAM);
    take_monitors(c, ASSAY_ROW_PATH);
    for (size_t i = 0; i < c->direction_count; i++) {
        struct compare_row *row =
            compare_find_row(c, ASSAY_ROW_METRIC, c->directions[i].metric);
        if (row)
            row->shown.direction = c->directions[i].direction;
    }
}

/* ---- units ---- */

static const char *const units[] = {"_ms", "_s",   "_sec",  "_seconds", "_us",
                                    "_ns", "_min", "_pct",  "_percent", "_kb",
                                    "_mb", "_gb",  "_bytes"};

/* The length of KEY without its unit; 0 where it has none. */
static size_t without_unit(const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < ASSAY_COUNT(units); i++) {
        size_t unit = strlen(units[i]);
        if (length > unit && strcmp(key + length - unit, units[i]) == 0)
            return length - unit;
    }
    return 0;
}

void compare_units(struct assay_comparison *c)
{
    const struct assay_row *before = NULL;
    size_t before_stem = 0;
    for (size_t i = 0; i < c->ordered; i++) { /* in order, so that stems are neighbours */
        const struct assay_row *row = &c->rows[c->order[i]].shown;
        size_t stem = row->kind == ASSAY_ROW_METRIC ? without_unit(row->key) : 0;
        if (stem && before && before_stem == stem &&
            strncmp(row->key, before->key, stem) == 0 && row->present < c->run_count &&
            before->present < c->run_count)
            compare_notice(c,
                           "%.100s and %.100s look like one thing in two units: they are "
                           "not compared with each other",
                           before->key, row->key);
        before = stem ? row : NULL;
        before_stem = stem;
    }
}

/* ---- what to look at first ---- */

struct ranked_metric {
    size_t row;
    int score;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked_metric *x = a, *y = b;
    return x->score != y->score ? y->score - x->score : (x->row > y->row) - (x->row < y->row);
}

static int metric_score(const struct assay_comparison *c, const struct compare_row *row)
{
    static const char *const held_out[] = {"val", "eval", "test", "dev"};
    static const char *const aside[] = {"epoch", "step",          "system", "time",
                                        "lr",    "learning_rate", "grad"};
    const char *key = row->shown.key;
    int score = (int)(row->shown.present * 20 / (c->run_count ? c->run_count : 1));
    score += row->shown.direction ? 30 : 0;
    score += row->shown.differs ? 15 : 0;
    score += row->longest > 1 ? 20 : 0;
    for (size_t i = 0; i < ASSAY_COUNT(held_out); i++)
        if (assay_text_contains(key, held_out[i])) {
            score += 40;
            break;
        }
    for (size_t i = 0; i < ASSAY_COUNT(aside); i++)
        score -= assay_text_contains(key, aside[i]) ? 30 : 0;
    return score;
}

size_t assay_comparison_main_metrics(const struct assay_comparison *c, size_t *rows,
                                     size_t capacity)
{
    struct ranked_metric *ranked = assay_alloc_array(c->ordered, sizeof *ranked);
    size_t count = 0;
    for (size_t i = 0; i < c->ordered; i++) {
        const struct compare_row *row = compare_row_at(c, i);
        if (row->shown.kind == ASSAY_ROW_METRIC && row->shown.present > 0)
            ranked[count++] = (struct ranked_metric){i, metric_score(c, row)};
    }
    if (count > 1)
        qsort(ranked, count, sizeof *ranked, by_score);
    count = count < capacity ? count : capacity;
    for (size_t i = 0; i < count; i++)
        rows[i] = ranked[i].row;
    free(ranked);
    return count;
}

/* ---- where the code is ---- */

/* What the first of the tags that are shown as LABEL, and are there, says. */
static const char *labelled(const struct assay_comparison *comparison, size_t column,
                            const char *label)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct compare_row *row = &comparison->rows[i];
        if (row->shown.kind != ASSAY_ROW_TAG || row->shown.section != ASSAY_SECTION_CODE ||
            !is_word(last_word(row->shown.label), label))
            continue;
        const struct compare_value *value = compare_value_at(row, column);
        if (value)
            return value->text;
    }
    return "";
}

const char *assay_comparison_commit(const struct assay_comparison *comparison, size_t column)
{
    static const char *const names[] = {"commit", "git_commit", "git_sha", "git_hash"};
    const char *found = "";
    for (size_t i = 0; i < ASSAY_COUNT(names) && !*found; i++)
        found = labelled(comparison, column, names[i]);
    return found;
}

const char *assay_comparison_script(const struct assay_comparison *comparison, size_t column)
{
    return labelled(comparison, column, "script");
}

/* ---- how many GPUs ---- */

unsigned compare_gpu_rank(enum assay_row_kind kind, const char *key)
{
    static const char *const words[] = {"gpus",  "n_gpus",  "num_gpus",   "gpu_count", "n_gpu",
                                        "ngpus", "num_gpu", "total_gpus", "world_size"};
    static const char prefix[] = "system/gpu_"; /* as MLflow names them, from 0 on */
    const char *number = key + sizeof prefix - 1;
    if (kind == ASSAY_ROW_PARAM || kind == ASSAY_ROW_PATH) {
        for (unsigned w = 0; w < ASSAY_COUNT(words); w++)
            if (is_word(last_word(key), words[w]))
                return w + 1;
        return 0;
    }
    if (kind != ASSAY_ROW_METRIC || strncmp(key, prefix, sizeof prefix - 1) != 0 ||
        !isdigit((unsigned char)*number))
        return 0;
    unsigned long which = strtoul(number, NULL, 10);
    return which < 10000 ? COMPARE_GPU_METRIC + (unsigned)which : 0;
}

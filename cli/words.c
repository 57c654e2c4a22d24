/*
 * assay completion words KIND [WORD]: what the completion of a shell may offer in the place of
 * WORD, one a line, with a description behind a tab. It is asked at a press of a key, so it
 * looks only at what the cache and the local store have, asks no server, writes nothing, and
 * says nothing of what goes wrong.
 */
#include "cli.h"
#include "words.h"

#include "approvals.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>
#include <assay/registry.h>
#include <assay/text.h>

#define MOST_WORDS 500

struct words {
    struct cli *cli;
    const char *head; /* what stays before the words: of "a,b" it is "a," */
    size_t head_length;
    const char *start; /* what they must begin with */
    size_t count;
};

/* Words go through shells line by line: what would end or command a line is left out. */
static bool is_plain(const char *word)
{
    for (; *word; word++)
        if (iscntrl((unsigned char)*word))
            return false;
    return true;
}

static void offer(struct words *words, const char *word, const char *description)
{
    struct assay_buf *out = &words->cli->out;
    if (words->count == MOST_WORDS || !*word || !is_plain(word) ||
        strncmp(word, words->start, strlen(words->start)) != 0)
        return;
    words->count++;
    assay_buf_add(out, words->head, words->head_length);
    assay_buf_text_add(out, word);
    if (description && *description) {
        assay_buf_char(out, '\t');
        assay_text_clean(out, description, strlen(description));
    }
    assay_buf_char(out, '\n');
}

static void sources(struct words *words)
{
    struct assay_catalog *catalog = words->cli->catalog;
    for (uint32_t s = 0; s < assay_catalog_sources(catalog); s++) {
        const struct assay_source *source = assay_catalog_source(catalog, s);
        offer(words, source->name, source->where);
    }
}

static void experiments(struct words *words)
{
    struct assay_catalog *catalog = words->cli->catalog;
    for (uint32_t e = 0; e < assay_catalog_experiments(catalog); e++) {
        const struct assay_experiment *one = assay_catalog_experiment(catalog, e);
        if (!one->deleted)
            offer(words, one->name, assay_catalog_source(catalog, one->source)->name);
    }
}

/* Takes the name of a source and a colon, which may stand before a run, into the head; the
   source, or ASSAY_NONE where there is none. */
static uint32_t take_source(struct words *words)
{
    struct assay_catalog *catalog = words->cli->catalog;
    for (uint32_t s = 0; s < assay_catalog_sources(catalog); s++) {
        const char *name = assay_catalog_source(catalog, s)->name;
        size_t length = strlen(name);
        if (strncmp(words->start, name, length) != 0 || words->start[length] != ':')
            continue;
        words->start += length + 1;
        words->head_length = length + 1;
        return s;
    }
    return ASSAY_NONE;
}

static void one_run(struct words *words, uint32_t row)
{
    struct assay_catalog *catalog = words->cli->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, row);
    struct assay_buf name = {0};
    char id[72];
    assay_buf_format(&name, "%s/%s",
                     run->experiment == ASSAY_NONE
                         ? ""
                         : assay_catalog_experiment(catalog, run->experiment)->name,
                     run->name);
    offer(words, assay_catalog_short_id(catalog, row, id), assay_buf_text(&name));
    if (strlen(words->start) > strlen(id)) /* more of the id was written */
        offer(words, run->id, assay_buf_text(&name));
    if (run->experiment != ASSAY_NONE && *run->name)
        offer(words, assay_buf_text(&name), assay_run_status_name(run->status));
    assay_buf_free(&name);
}

/* The latest first: where there are too many, those are meant most often. */
static void runs(struct words *words)
{
    struct assay_sort sort;
    size_t count = assay_catalog_runs(words->cli->catalog);
    uint32_t source = take_source(words);
    uint32_t *rows = assay_alloc_array(count, sizeof *rows);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = i;
    if (assay_sort_parse(&sort, "start:desc", NULL) == ASSAY_OK)
        assay_sort_apply(&sort, words->cli->catalog, rows, count, NULL);
    for (size_t i = 0; i < count && words->count < MOST_WORDS; i++)
        if (!cli_run_hidden(words->cli, rows[i]) &&
            (source == ASSAY_NONE ||
             assay_catalog_run(words->cli->catalog, rows[i])->source == source))
            one_run(words, rows[i]);
    free(rows);
}

static void keys(struct words *words, enum assay_field_kind kind, const char *prefix)
{
    const char **names;
    size_t count = assay_catalog_keys(words->cli->catalog, ASSAY_NONE, kind, &names);
    struct assay_buf word = {0};
    for (size_t i = 0; i < count; i++) {
        assay_buf_reset(&word);
        assay_buf_format(&word, "%s%s", prefix, names[i]);
        offer(words, assay_buf_text(&word), NULL);
    }
    assay_buf_free(&word);
    free(names);
}

static void metrics(struct words *words)
{
    keys(words, ASSAY_FIELD_METRIC, "");
}

static void params(struct words *words)
{
    keys(words, ASSAY_FIELD_PARAM, "");
}

/* What -c, -s and filters name. */
static void columns(struct words *words)
{
    const char *name;
    for (size_t i = 0; (name = assay_query_attribute(i)) != NULL; i++)
        offer(words, name, "attribute");
    keys(words, ASSAY_FIELD_METRIC, "metrics.");
    keys(words, ASSAY_FIELD_PARAM, "params.");
    keys(words, ASSAY_FIELD_TAG, "tags.");
}

static void models(struct words *words)
{
    struct cli *cli = words->cli;
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        struct assay_registry *registry = NULL;
        if (assay_session_has_registry(cli->session, s))
            assay_session_registry_wait(cli->session, s, &registry, NULL);
        for (size_t i = 0; registry && i < registry->count; i++)
            offer(words, registry->models[i].name, assay_catalog_source(cli->catalog, s)->name);
        assay_registry_free(&registry);
    }
}

static void requests(struct words *words)
{
    struct assay_ledger *ledger = NULL;
    const struct assay_request *const *all;
    struct assay_buf about = {0};
    size_t count = cli_ledger(words->cli, false, &ledger, NULL) == ASSAY_OK
                       ? assay_ledger_requests(ledger, &all)
                       : 0;
    for (size_t i = 0; i < count; i++) {
        assay_buf_reset(&about);
        assay_buf_format(&about, "%s %s to %s, %s", all[i]->model, all[i]->version,
                         all[i]->target, assay_request_state_name(all[i]->state));
        offer(words, all[i]->id, assay_buf_text(&about));
    }
    assay_buf_free(&about);
    assay_ledger_close(&ledger);
}

/* In the order they are looked for in an argument's name. */
static const struct {
    const char *kind;
    const char *arguments; /* what the table of options and operands calls them */
    bool list;             /* several with commas between */
    bool session;          /* found in the sources */
    void (*offer)(struct words *words);
} kinds[] = {
    {"sources", "SOURCE|SERVER", false, true, sources},
    {"experiments", "EXP", false, true, experiments},
    {"runs", "RUN|ID", false, true, runs},
    {"metrics", "METRIC", false, true, metrics},
    {"params", "PARAM", false, true, params},
    {"columns", "COL|KEY", true, true, columns},
    {"models", "MODEL", false, true, models},
    {"requests", "REQ", false, false, requests},
};

const char *cli_words_kind(const char *argument)
{
    size_t length;
    argument += strspn(argument, "[ ");
    length = strspn(argument, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    for (size_t i = 0; length && i < ASSAY_COUNT(kinds); i++)
        for (const char *at = kinds[i].arguments; at; at = strchr(at, '|')) {
            at += *at == '|';
            if (strncmp(at, argument, length) == 0 && (!at[length] || at[length] == '|'))
                return kinds[i].kind;
        }
    return NULL;
}

/* The session of what is known already. False where there is nothing to offer from. */
static bool open_known(struct cli *cli)
{
    size_t count = 0;
    const char **given = cli_values(cli, "source", &count);
    const struct assay_session_options options = {
        .sources = given, .source_count = count, .cached = true};
    bool opened = assay_session_open(&cli->session, &options, NULL) == ASSAY_OK;
    free(given);
    if (!opened)
        return false;
    cli->catalog = assay_session_catalog(cli->session);
    assay_session_wait(cli->session, NULL);
    return true;
}

enum assay_status cli_words(struct cli *cli, struct assay_error *err)
{
    const char *kind = cli->args.operand_count > 1 ? cli->args.operands[1] : "";
    const char *word = cli->args.operand_count > 2 ? cli->args.operands[2] : "", *comma;
    struct words words = {.cli = cli, .head = word, .start = word};
    for (size_t i = 0; i < ASSAY_COUNT(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        if (kinds[i].list && (comma = strrchr(word, ',')) != NULL) {
            words.start = comma + 1;
            words.head_length = (size_t)(words.start - word);
        }
        if (!kinds[i].session || open_known(cli))
            kinds[i].offer(&words);
        return ASSAY_OK;
    }
    assay_fail(err, ASSAY_BAD_INPUT, "completion: words %s: no such kind of words", kind);
    assay_hint(err, "sources, experiments, runs, metrics, params, columns, models or requests");
    return ASSAY_BAD_INPUT;
}

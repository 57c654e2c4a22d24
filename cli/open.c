/*
 * Opening the session for a one-shot command, saying what could not be read, and finding runs.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>
#include <assay/text.h>

#define PROBLEMS_SHOWN 20 /* lines, about */
#define ALIKE_NAMED    4  /* problems alike, before the others are counted */

static void complain_of_problem(const struct assay_problem *problem)
{
    struct assay_buf path = {0};
    assay_text_clean(&path, problem->path, strlen(problem->path));
    if (problem->offset != UINT64_MAX)
        fprintf(stderr, "assay: %s: byte %" PRIu64 ": %s\n", assay_buf_text(&path),
                problem->offset, problem->message);
    else
        fprintf(stderr, "assay: %s: %s\n", assay_buf_text(&path), problem->message);
    assay_buf_free(&path);
}

/* Whether a run of SOURCE is known, deleted or not. */
static bool any_run(const struct cli *cli, uint32_t source)
{
    for (size_t e = 0; e < assay_catalog_experiments(cli->catalog); e++) {
        const struct assay_experiment *x = assay_catalog_experiment(cli->catalog, (uint32_t)e);
        if (x->source == source && x->runs + x->deleted_runs > 0)
            return true;
    }
    return false;
}

/* A source that is empty because nothing in it could be read is not simply empty. */
static void complain_of_nothing_read(const struct cli *cli)
{
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        const struct assay_source *source = assay_catalog_source(cli->catalog, s);
        if (source->problems && !any_run(cli, s))
            fprintf(stderr,
                    "assay: %s: no runs, and %zu %s could not be read: assay doctor lists "
                    "what is wrong\n",
                    source->name, source->problems, source->problems == 1 ? "thing" : "things");
    }
}

/* Whether B says of another file what A says, but for the numbers in it. */
static bool is_like(const struct assay_problem *a, const struct assay_problem *b)
{
    static const char digits[] = "0123456789";
    const char *x = a->message, *y = b->message;
    if (a->source != b->source || a->rest || b->rest || strcmp(a->path, b->path) == 0)
        return false;
    while (*x && *y) {
        size_t m = strspn(x, digits), n = strspn(y, digits);
        if ((m == 0) != (n == 0) || (m == 0 && *x != *y))
            return false;
        x += m ? m : 1;
        y += n ? n : 1;
    }
    return *x == *y;
}

/* Tells of the problem at FIRST and of the next ones like it, and counts those beyond
   ALIKE_NAMED. Marks all of them as told; returns how many lines that took. */
static size_t complain_of_alike(const struct cli *cli, const struct assay_problem *problems,
                                size_t count, size_t first, bool *told)
{
    size_t lines = 0, left = 0;
    for (size_t k = first; k < count; k++) {
        if (told[k] || (k != first && !is_like(&problems[first], &problems[k])))
            continue;
        told[k] = true;
        if (lines == ALIKE_NAMED) {
            left++;
            continue;
        }
        complain_of_problem(&problems[k]);
        lines++;
    }
    if (!left)
        return lines;
    fprintf(stderr, "assay: %s: the same of %zu more: assay doctor lists them\n",
            assay_catalog_source(cli->catalog, problems[first].source)->name, left);
    return lines + 1;
}

/* Of what is wrong with many files of a source alike the first are named, and the others are
   counted. Returns how many of the problems are told of. */
static uint64_t complain_of_each(const struct cli *cli, const struct assay_problem *problems,
                                 size_t count)
{
    bool *told = assay_alloc_array(count + 1, sizeof *told);
    uint64_t sum = 0;
    for (size_t i = 0, lines = 0; i < count && lines < PROBLEMS_SHOWN; i++)
        if (!told[i])
            lines += complain_of_alike(cli, problems, count, i, told);
    for (size_t i = 0; i < count; i++)
        if (told[i])
            sum += problems[i].rest ? problems[i].rest : 1;
    free(told);
    return sum;
}

static void complain_of_problems(struct cli *cli)
{
    const struct assay_problem *problems;
    size_t count = assay_session_problems(cli->session, &problems);
    uint64_t all = 0, told = complain_of_each(cli, problems, count);
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++)
        all += assay_catalog_source(cli->catalog, s)->problems;
    if (all < count)
        all = count;
    if (all > told)
        fprintf(stderr, "assay: %" PRIu64 " more %s: assay doctor lists them\n", all - told,
                all - told == 1 ? "problem" : "problems");
    complain_of_nothing_read(cli);
    if (all)
        cli->worst = ASSAY_IO;
}

void cli_complain_of(struct cli *cli, uint32_t source, const char *noun,
                     const struct assay_error *err)
{
    const struct assay_source *of = assay_catalog_source(cli->catalog, source);
    struct assay_error short_of = {0};

    cli->worst = ASSAY_IO;
    if (of->state != ASSAY_SOURCE_OFFLINE || strcmp(of->error.what, err->what) != 0) {
        cli_complain(err);
        return;
    }
    if (strcmp(of->error.hint, err->hint) == 0)
        return;
    assay_fail(&short_of, ASSAY_IO, "%s of %s: %s", noun, of->name, err->hint);
    cli_complain(&short_of);
}

/* The sources that failed as a whole; FAILED is what the waiting said, for want of any. */
static void complain_of_sources(struct cli *cli, const struct assay_error *failed)
{
    bool named = false;
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        const struct assay_source *source = assay_catalog_source(cli->catalog, s);
        struct assay_error err = {0};
        bool offline = source->state == ASSAY_SOURCE_OFFLINE;
        if ((source->state != ASSAY_SOURCE_FAILED && !offline) || !source->error.what[0])
            continue;
        char age[16];
        /* What a server's client says names the server, and many a reader names its file. */
        bool names = strncmp(source->error.what, source->where, strlen(source->where)) == 0;
        if (strcmp(source->kind, ASSAY_KIND_MISSING) == 0 &&
            strcmp(source->name, source->where) != 0)
            assay_fail(&err, ASSAY_IO, "%s: %s", source->name, source->error.what);
        else if (strcmp(source->kind, "mlflow") != 0 && !names)
            assay_fail(&err, ASSAY_IO, "%s: %s", source->where, source->error.what);
        else if (offline && source->read_ms != ASSAY_NO_TIME)
            assay_fail(&err, ASSAY_IO, "%s (offline, as of %s ago)", source->error.what,
                       assay_age_text(age, source->read_ms, assay_now_ms()));
        else
            assay_fail(&err, ASSAY_IO, "%s", source->error.what);
        assay_hint(&err, "%s", source->error.hint);
        cli_complain(&err);
        named = true;
    }
    if (!named)
        cli_complain(failed);
    cli->worst = failed->status;
}

/* What the session itself cannot do; FAILED has been said already. */
static void complain_of_notices(struct cli *cli, const struct assay_error *failed)
{
    const char *const *notices;
    size_t count = assay_session_notices(cli->session, &notices), said = strlen(failed->what);
    for (size_t i = 0; i < count; i++)
        if (!said || strncmp(notices[i], failed->what, said) != 0)
            fprintf(stderr, "assay: %s\n", notices[i]);
}

/* Whoever stands in between can read along, and answer: that is said each time. */
static void warn_of_unverified(const struct cli *cli)
{
    struct assay_server server;
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++)
        if (assay_session_server(cli->session, s, &server) && server.unverified) {
            char where[300];
            assay_text_clean_to(where, sizeof where,
                                assay_catalog_source(cli->catalog, s)->where);
            fprintf(stderr, "assay: %s: its certificate is not checked\n", where);
        }
}

/* Whether there is a source that was opened, or that may be. */
static bool any_source(const struct cli *cli)
{
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++)
        if (strcmp(assay_catalog_source(cli->catalog, s)->kind, ASSAY_KIND_MISSING) != 0)
            return true;
    return false;
}

/* Whether the operands that servers were asked for are runs. */
static bool named_are_there(const struct cli *cli)
{
    uint32_t run;
    for (size_t i = 0; i < cli->ask_count; i++)
        if (assay_catalog_find_run(cli->catalog, cli->args.operands[i], &run, NULL) != ASSAY_OK)
            return false;
    return true;
}

static void forget_asked(struct cli *cli)
{
    free(cli->ask);
    cli->ask = NULL;
    cli->ask_count = 0;
}

/* A server that takes its time says nothing, perhaps for minutes. */
static void say_waiting(const struct assay_source *source)
{
    char where[300];
    assay_text_clean_to(where, sizeof where, source->where);
    fprintf(stderr, "assay: waiting for %s\n", where);
}

enum assay_status cli_open(struct cli *cli, struct assay_error *err)
{
    const char **sources = NULL;
    size_t count = 0, capacity = 0;
    for (const char *source; (source = cli_value_at(cli, "source", count)) != NULL;) {
        ASSAY_GROW(sources, capacity, count + 1);
        sources[count++] = source;
    }
    for (size_t i = 0; cli->command->operands_are_sources && i < cli->args.operand_count; i++) {
        ASSAY_GROW(sources, capacity, count + 1);
        sources[count++] = cli->args.operands[i];
    }
    const struct assay_session_options options = {.sources = sources,
                                                  .source_count = count,
                                                  .also = cli->also,
                                                  .filter = cli->ask,
                                                  .patience_ms =
                                                      cli->patient ? 0 : ASSAY_PATIENCE_MS};
    enum assay_status status = assay_session_open(&cli->session, &options, err);
    free(sources);
    if (status != ASSAY_OK)
        return status;
    cli->catalog = assay_session_catalog(cli->session);
    struct assay_error failed = {0};
    status = assay_session_wait_aloud(cli->session,
                                      isatty(STDERR_FILENO) == 1 ? say_waiting : NULL, &failed);
    /* What looks like an id may be a name: the lists say. */
    if (!named_are_there(cli) && assay_session_read_lists(cli->session)) {
        forget_asked(cli);
        failed = (struct assay_error){0};
        status = assay_session_wait(cli->session, &failed);
    }
    /* Where nothing at all could be opened there is nothing to go on with. */
    if (status == ASSAY_CANCELLED || (status != ASSAY_OK && !any_source(cli))) {
        assay_hint(err, "%s", failed.hint);
        return assay_fail(err, status, "%s", failed.what);
    }
    if (status != ASSAY_OK)
        complain_of_sources(cli, &failed);
    warn_of_unverified(cli);
    complain_of_problems(cli);
    complain_of_notices(cli, &failed);
    return ASSAY_OK;
}

void cli_close(struct cli *cli)
{
    if (cli->session)
        assay_session_close(&cli->session);
    cli->catalog = NULL;
    forget_asked(cli);
}

void cli_ask_matching(struct cli *cli, const struct assay_query *query)
{
    struct assay_buf filter = {0};
    if (!cli->ask && assay_query_ask(query, &filter))
        cli->ask = assay_buf_take(&filter);
    assay_buf_free(&filter);
}

void cli_ask_named(struct cli *cli, size_t count)
{
    struct assay_buf text = {0};
    struct assay_query *query = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *id = i < cli->args.operand_count ? cli->args.operands[i] : "";
        if (strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32) {
            assay_buf_free(&text);
            return;
        }
        assay_buf_format(&text, "%s'%s'", i ? "," : "id IN (", id);
    }
    assay_buf_char(&text, ')');
    if (count && assay_query_parse(&query, assay_buf_text(&text), 0, NULL) == ASSAY_OK)
        cli_ask_matching(cli, query);
    if (cli->ask)
        cli->ask_count = count;
    assay_query_free(&query);
    assay_buf_free(&text);
}

enum assay_status cli_find_run(struct cli *cli, const char *ref, uint32_t *run,
                               struct assay_error *err)
{
    return assay_catalog_find_run(cli->catalog, ref, run, err);
}

bool cli_run_hidden(const struct cli *cli, uint32_t run)
{
    const struct assay_run *r = assay_catalog_run(cli->catalog, run);
    return r->deleted || r->gone ||
           (r->experiment != ASSAY_NONE &&
            assay_catalog_experiment(cli->catalog, r->experiment)->deleted);
}

void cli_note_unlogged(struct cli *cli, const struct assay_query *query)
{
    struct assay_error note = {0};
    struct assay_server server;
    /* A server that was asked for what matches has not told what else there is. */
    for (uint32_t i = 0; cli->ask && i < assay_catalog_sources(cli->catalog); i++)
        if (assay_session_server(cli->session, i, &server))
            return;
    /* Nor is it known what is in a source that failed, and was named for it. */
    if (assay_query_unlogged(query, cli->catalog, cli->worst != ASSAY_OK, &note))
        cli_complain(&note);
}

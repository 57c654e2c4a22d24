/*
 * The experiments of an MLflow server: the first part of every scan (mlflow_runs.c). Each look
 * lists all of them, whatever their number, so that one which does not come is missed: it was
 * deleted for good, or may no longer be read. Which were there is kept in the state, and a
 * later program misses those that went in between.
 */
#include "remote/mlflow_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "remote/url.h"

#define PAGE      1000
#define PAGES_MAX 2000u
#define LIST_KEY  "experiments" /* of the state */
#define LIST_MAX  (64u << 20)

struct reading {
    struct mlflow *mlflow;
    struct ingest *in;
    struct assay_error *err;
    size_t met; /* different ones so far */
    size_t odd; /* that could not be read */
};

static bool is_stopped(void *context)
{
    return ingest_cancelled(((struct reading *)context)->in);
}

void mlflow_tell_of_odd(const struct mlflow *mlflow, struct ingest *in,
                        const struct mlflow_page *page, const char *what)
{
    const char *where = mlflow_shown(mlflow);

    if (page->odd)
        ingest_problem(in, where, UINT64_MAX, "%zu of %zu %s in its answer cannot be read (%s)",
                       page->odd, page->listed, what, page->why);
    if (page->no_numbers)
        ingest_problem(in, where, UINT64_MAX,
                       page->no_numbers == 1
                           ? "%zu metric is left out: its value is not a number"
                           : "%zu metrics are left out: their values are not numbers",
                       page->no_numbers);
    if (page->cut)
        ingest_problem(in, where, UINT64_MAX,
                       page->cut == 1 ? "%zu text of more than a megabyte is kept cut"
                                      : "%zu texts of more than a megabyte are kept cut",
                       page->cut);
}

enum assay_status mlflow_list_short(const struct mlflow *mlflow, const char *what,
                                    struct assay_error *err)
{
    return assay_fail(err, ASSAY_CORRUPT,
                      "%s: the pages of its list of %s repeat or come empty: more may be "
                      "there than came",
                      mlflow_shown(mlflow), what);
}

/* ---- those that come ---- */

static struct mlflow_met *find_met(struct mlflow *mlflow, const char *id)
{
    const size_t length = strlen(id);
    uint32_t at = assay_map_get(&mlflow->by_experiment, id, length);

    if (at != ASSAY_MAP_NONE)
        return &mlflow->experiments[at];
    ASSAY_GROW(mlflow->experiments, mlflow->experiment_capacity, mlflow->experiment_count + 1);
    at = (uint32_t)mlflow->experiment_count++;
    mlflow->experiments[at] = (struct mlflow_met){.id = assay_strdup(id)};
    assay_map_set(&mlflow->by_experiment, id, length, at);
    return &mlflow->experiments[at];
}

static uint64_t hash_of(const struct mlflow_experiment *experiment)
{
    struct assay_buf facts = {0};
    uint64_t hash;

    assay_buf_format(&facts, "%s\n%d %" PRId64 " %" PRId64, experiment->name,
                     experiment->deleted, experiment->created_ms, experiment->updated_ms);
    hash = mlflow_hash(facts.data, facts.length);
    assay_buf_free(&facts);
    return hash;
}

static void take_experiment(void *context, const struct mlflow_experiment *experiment)
{
    struct reading *reading = context;
    struct mlflow_met *met = find_met(reading->mlflow, experiment->id);
    uint64_t hash = hash_of(experiment);

    reading->met += met->seen != reading->mlflow->scan;
    met->seen = reading->mlflow->scan;
    if (met->hash == hash && !met->gone)
        return;
    met->hash = hash;
    met->gone = false;
    ingest_experiment(reading->in, &(struct ingest_experiment){
                                       .id = experiment->id,
                                       .name = experiment->name,
                                       .deleted = experiment->deleted,
                                       .created_ms = experiment->created_ms,
                                       .updated_ms = experiment->updated_ms,
                                   });
}

/* Whether the list goes on behind PAGE, which TOKEN led to. HAD: how many had come before it.
 */
static bool goes_on(const struct reading *reading, const struct mlflow_page *page,
                    const char *token, size_t had, unsigned *stale, enum assay_status *status)
{
    bool nothing = !page->count || reading->met == had;

    if (!page->next || !*page->next)
        return false;
    *stale = nothing ? *stale + 1 : 0;
    if (*stale <= MLFLOW_STALE_MAX && !(token && strcmp(token, page->next) == 0))
        return true;
    *status = mlflow_list_short(reading->mlflow, "experiments", reading->err);
    return false;
}

static enum assay_status ask_page(struct reading *reading, const char *token,
                                  struct assay_buf *answer)
{
    struct assay_buf body = {0};
    enum assay_status status;

    assay_buf_format(&body, "{\"max_results\":%d,\"view_type\":\"ALL\"", PAGE);
    if (token) {
        assay_buf_text_add(&body, ",\"page_token\":");
        json_text_quote(&body, token);
    }
    assay_buf_char(&body, '}');
    assay_buf_reset(answer);
    status = mlflow_call(reading->mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/experiments/search",
                                               .body = assay_buf_text(&body),
                                               .repeatable = true,
                                               .cancelled = is_stopped,
                                               .context = reading},
                         answer, NULL, reading->err);
    assay_buf_free(&body);
    return status;
}

static enum assay_status read_list(struct reading *reading)
{
    const char *where = mlflow_shown(reading->mlflow);
    struct mlflow_page page = {0};
    struct assay_buf answer = {0};
    enum assay_status status = ASSAY_OK;
    unsigned stale = 0;
    char *token = NULL;

    for (unsigned pages = 0; status == ASSAY_OK; pages++) {
        size_t had = reading->met;

        status = ask_page(reading, token, &answer);
        if (status != ASSAY_OK)
            break;
        page.count = page.listed = page.odd = 0;
        status = mlflow_parse_experiments(where, assay_buf_text(&answer), answer.length, &page,
                                          take_experiment, reading, reading->err);
        mlflow_tell_of_odd(reading->mlflow, reading->in, &page, "experiments");
        reading->odd += page.odd;
        if (status != ASSAY_OK || !goes_on(reading, &page, token, had, &stale, &status))
            break;
        if (pages == PAGES_MAX) {
            status = assay_fail(reading->err, ASSAY_CORRUPT,
                                "%s: its list of experiments has no end", where);
            break;
        }
        free(token);
        token = assay_strdup(page.next);
        assay_arena_free(&page.arena);
    }
    free(token);
    assay_buf_free(&answer);
    assay_arena_free(&page.arena);
    return status;
}

/* ---- those that do not ---- */

/* Whether the server says that it has no such experiment, or that we may not see it. */
static bool is_refused(struct reading *reading, const char *id, enum assay_status *status)
{
    struct mlflow_failure failure = {.http = 0};
    struct assay_error ignored = {0};
    struct assay_buf path = {0};
    enum assay_status asked;

    assay_buf_text_add(&path, MLFLOW_API "/experiments/get");
    url_query(&path, "experiment_id", id);
    asked = mlflow_call(reading->mlflow,
                        &(struct mlflow_call){.path = assay_buf_text(&path),
                                              .cancelled = is_stopped,
                                              .context = reading},
                        NULL, &failure, &ignored);
    assay_buf_free(&path);
    if (asked == ASSAY_CANCELLED)
        *status = ASSAY_CANCELLED;
    return asked != ASSAY_OK && (failure.http == 404 || failure.http == 403);
}

/* Pages count from the start, so an experiment that goes while they are read makes the next one
   skip another: those that did not come are asked for by id, as long as they are few. */
static enum assay_status find_gone(struct reading *reading, bool *fewer)
{
    struct mlflow *mlflow = reading->mlflow;
    enum assay_status status = ASSAY_OK;
    unsigned asked = 0;

    if (reading->odd) /* it may be one of those */
        return ASSAY_OK;
    for (size_t i = 0; i < mlflow->experiment_count && status == ASSAY_OK; i++) {
        struct mlflow_met *met = &mlflow->experiments[i];

        if (met->gone || met->seen == mlflow->scan)
            continue;
        if (asked++ < MLFLOW_DOUBT_MAX && !is_refused(reading, met->id, &status))
            continue;
        met->gone = *fewer = true;
        ingest_experiment_gone(reading->in, met->id);
    }
    return status;
}

/* ---- the state ---- */

static void load_list(struct mlflow *mlflow, struct ingest *in)
{
    char *bytes, *rest;
    size_t length;
    void *state;

    mlflow->experiments_loaded = true;
    if (!ingest_state_get(in, LIST_KEY, &state, &length))
        return;
    bytes = assay_strndup(state, length);
    for (char *line = bytes; *line; line = rest) {
        rest = line + strcspn(line, "\n");
        if (*rest)
            *rest++ = '\0';
        if (*line && strlen(line) < 256)
            find_met(mlflow, line);
    }
    free(bytes);
    free(state);
}

static void put_list(struct mlflow *mlflow, struct ingest *in)
{
    struct assay_buf ids = {.limit = LIST_MAX};
    uint64_t hash;

    for (size_t i = 0; i < mlflow->experiment_count; i++) {
        if (mlflow->experiments[i].gone || strchr(mlflow->experiments[i].id, '\n'))
            continue;
        assay_buf_text_add(&ids, mlflow->experiments[i].id);
        assay_buf_char(&ids, '\n');
    }
    hash = mlflow_hash(assay_buf_text(&ids), ids.length);
    if (hash != mlflow->experiments_hash && !ids.overflow)
        ingest_state_put(in, LIST_KEY, assay_buf_text(&ids), ids.length);
    mlflow->experiments_hash = hash;
    assay_buf_free(&ids);
}

enum assay_status mlflow_read_experiments(struct mlflow *mlflow, struct ingest *in, bool *fewer,
                                          struct assay_error *err)
{
    struct reading reading = {.mlflow = mlflow, .in = in, .err = err};
    enum assay_status status;

    *fewer = false;
    if (!mlflow->experiments_loaded)
        load_list(mlflow, in);
    status = read_list(&reading);
    if (status == ASSAY_OK)
        status = find_gone(&reading, fewer);
    if (status == ASSAY_OK)
        put_list(mlflow, in);
    return status;
}

/*
 * The scan of an MLflow server: experiments, then runs. MLflow says of no run when it was last
 * changed (a tag may be set on one of last year), so a whole look reads every page, and reports
 * only the runs whose JSON is another than before. Between whole looks it asks for what is new,
 * has just ended, or is running on somebody's screen. Called by the session as any source's
 * scan.
 */
#include "remote/mlflow_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#define GROUP         100u /* experiments named in one search */
#define RUNS_PAGE     1000u
#define RUNS_PAGE_MAX 10000u
#define PAGE_BYTES    (8u << 20)
#define RUNS_MAX      2000000u
#define PAGES_MAX     100000u
#define BACK_MS       INT64_C(120000) /* clocks differ, and requests take time */
#define BESIDE_PAGES  64u             /* of a filter; the list comes anyway */
#define LISTED_MASK   0x1fffffffu

/* One search that goes on page by page; several are under way at once. */
struct search {
    char *experiments; /* "\"1\",\"2\"" */
    const char *filter;
    char *token;
    unsigned page, pages, stale;
    bool beside; /* the list: what a filter keeps, asked for first */
};
struct searches {
    struct search *items;
    size_t count, left; /* left: not at their end */
};
struct scan {
    struct mlflow *mlflow;
    struct ingest *in;
    struct assay_error *err;
    struct searches list;
    uint64_t met;
    bool refused; /* a search with a filter, by the server */
    /* What a filter keeps, beside the list. */
    struct searches beside;
    const struct search *taking; /* whose page is read now */
    char *filter;
    unsigned filter_number;
};

static bool scan_stopped(void *context)
{
    return ingest_cancelled(((struct scan *)context)->in);
}

/* ---- runs that were met ---- */

static struct mlflow_run *find_run(struct mlflow *mlflow, const char *id)
{
    uint32_t i = assay_map_get(&mlflow->by_run, id, strlen(id));

    if (i != ASSAY_MAP_NONE)
        return &mlflow->runs[i];
    if (mlflow->run_count >= RUNS_MAX)
        return NULL;
    i = (uint32_t)mlflow->run_count;
    ASSAY_GROW(mlflow->runs, mlflow->run_capacity, mlflow->run_count + 1);
    mlflow->runs[mlflow->run_count++] = (struct mlflow_run){
        .id = assay_map_set(&mlflow->by_run, id, strlen(id), i),
    };
    return &mlflow->runs[i];
}

static void state_key(char out[300], const char *id)
{
    snprintf(out, 300, "run/%s", id);
}

/* What an earlier program said of the run. */
static uint64_t known_hash(struct scan *scan, const char *id)
{
    char key[300];
    uint64_t hash = 0;
    size_t length;
    void *bytes;

    state_key(key, id);
    if (ingest_state_get(scan->in, key, &bytes, &length)) {
        if (length == sizeof hash)
            memcpy(&hash, bytes, sizeof hash);
        free(bytes);
    }
    return hash;
}

static bool is_fresh(void *context, const char *id, uint64_t hash)
{
    struct scan *scan = context;
    struct mlflow_run *run = find_run(scan->mlflow, id);

    if (!run)
        return false;
    run->seen = scan->mlflow->scan;
    if (!scan->taking->beside && run->listed != (scan->mlflow->scan & LISTED_MASK)) {
        run->listed = scan->mlflow->scan & LISTED_MASK;
        scan->met++;
    }
    if (!run->hash)
        run->hash = known_hash(scan, id);
    return run->hash != hash || run->gone || run->passed;
}

static void note_times(struct mlflow *mlflow, const struct ingest_run *run)
{
    if (run->start_ms > mlflow->newest_start_ms)
        mlflow->newest_start_ms = run->start_ms;
    if (run->end_ms > mlflow->newest_end_ms)
        mlflow->newest_end_ms = run->end_ms;
}

static void take_run(void *context, const struct ingest_run *report, uint64_t hash)
{
    struct scan *scan = context;
    struct mlflow_run *run = find_run(scan->mlflow, report->id);
    struct ingest_run with_hash = *report;
    char key[300];
    const struct ingest_state state = {key, &hash, sizeof hash};

    if (!run)
        return;
    note_times(scan->mlflow, report);
    state_key(key, report->id);
    with_hash.states = &state;
    with_hash.state_count = 1;
    ingest_run(scan->in, &with_hash);
    run->hash = hash;
    run->gone = run->passed = false;
}

/* ---- searches for runs ---- */

static void search_body(const struct search *search, struct assay_buf *out)
{
    assay_buf_format(out,
                     "{\"experiment_ids\":[%s],\"run_view_type\":\"ALL\",\"max_results\":%u",
                     search->experiments, search->page);
    if (search->filter) {
        assay_buf_text_add(out, ",\"filter\":");
        json_text_quote(out, search->filter);
    }
    if (search->token) {
        assay_buf_text_add(out, ",\"page_token\":");
        json_text_quote(out, search->token);
    }
    assay_buf_char(out, '}');
}

static void send_search(struct scan *scan, struct net_batch *batch, struct search *search)
{
    struct assay_buf body = {0};

    search_body(search, &body);
    net_batch_add(batch, &(struct net_request){.server = scan->mlflow->server,
                                               .method = NET_POST,
                                               .path = MLFLOW_API "/runs/search",
                                               .type = "application/json",
                                               .body = assay_buf_text(&body),
                                               .length = body.length,
                                               .repeatable = true,
                                               .tag = search});
    assay_buf_free(&body);
}

/* Whether a smaller page may do better: the server refuses such a number, or the answer would
   be too large. */
static bool smaller_page(struct search *search, const struct net_answer *answer)
{
    bool large = answer->status == ASSAY_CORRUPT && answer->http == 200;

    if ((!large && answer->http != 400) || search->page <= 10)
        return false;
    search->page = search->page > 100 ? 100 : 10;
    return true;
}

/* Whether the search goes on behind PAGE. MET: how many runs had come before it. */
static bool search_goes_on(struct scan *scan, struct search *search,
                           const struct mlflow_page *page, uint64_t met,
                           enum assay_status *status)
{
    bool again = search->token && page->next && strcmp(search->token, page->next) == 0;

    if (*status != ASSAY_OK || !page->next || !*page->next)
        return false;
    if (search->beside)
        return page->count && !again && ++search->pages < BESIDE_PAGES;
    search->stale = scan->met > met ? 0 : search->stale + 1;
    if (search->filter && search->stale)
        return false; /* searches of one look overlap */
    if (again || search->stale > MLFLOW_STALE_MAX)
        *status = mlflow_list_short(scan->mlflow, "runs", scan->err);
    else if (++search->pages >= PAGES_MAX)
        *status = assay_fail(scan->err, ASSAY_CORRUPT, "%s: its list of runs has no end",
                             mlflow_shown(scan->mlflow));
    return *status == ASSAY_OK;
}

/* Takes one page. True where the search goes on. */
static bool take_page(struct scan *scan, struct search *search, const struct net_answer *answer,
                      enum assay_status *status)
{
    struct mlflow_page page = {0};
    uint64_t met = scan->met;
    bool more;

    scan->taking = search;
    *status =
        mlflow_parse_runs(mlflow_shown(scan->mlflow), assay_buf_text(&answer->body),
                          answer->body.length, &page, is_fresh, take_run, scan, scan->err);
    ingest_progress(scan->in, scan->met, 0);
    mlflow_tell_of_odd(scan->mlflow, scan->in, &page, "runs");
    more = search_goes_on(scan, search, &page, met, status);
    if (more) {
        size_t each = answer->body.length / (page.count + 1) + 1, fits = PAGE_BYTES / each;

        free(search->token);
        search->token = assay_strdup(page.next);
        /* The first page is there soon; the ones behind it are as large as is useful. */
        if (search->page >= RUNS_PAGE)
            search->page = fits < RUNS_PAGE       ? RUNS_PAGE
                           : fits > RUNS_PAGE_MAX ? RUNS_PAGE_MAX
                                                  : (unsigned)fits;
    }
    assay_arena_free(&page.arena);
    return more;
}

static void add_search(struct searches *to, struct assay_buf *ids, const char *filter,
                       bool beside)
{
    to->items = assay_realloc_array(to->items, to->count + 1, sizeof *to->items);
    to->items[to->count++] = (struct search){.experiments = assay_buf_take(ids),
                                             .filter = filter,
                                             .page = RUNS_PAGE,
                                             .beside = beside};
}

/* Searches over all experiments that are there, as many of them in each as are named in one. */
static void add_searches(const struct scan *scan, struct searches *to, const char *filter)
{
    const struct mlflow *mlflow = scan->mlflow;
    struct assay_buf ids = {0};
    unsigned named = 0;

    for (size_t i = 0; i < mlflow->experiment_count; i++) {
        if (mlflow->experiments[i].gone)
            continue;
        if (named++)
            assay_buf_char(&ids, ',');
        json_text_quote(&ids, mlflow->experiments[i].id);
        if (named == GROUP) {
            add_search(to, &ids, filter, to == &scan->beside);
            named = 0;
        }
    }
    if (named)
        add_search(to, &ids, filter, to == &scan->beside);
    assay_buf_free(&ids);
}

static void free_searches(struct searches *searches)
{
    for (size_t i = 0; i < searches->count; i++) {
        free(searches->items[i].experiments);
        free(searches->items[i].token);
    }
    free(searches->items);
    *searches = (struct searches){0};
}

static void send_searches(struct scan *scan, struct net_batch *batch, struct searches *searches)
{
    searches->left = searches->count;
    for (size_t i = 0; i < searches->count; i++)
        send_search(scan, batch, &searches->items[i]);
}

/* ---- a filter beside the list ---- */

static void note_asked(struct scan *scan, enum mlflow_asked asked)
{
    struct mlflow *mlflow = scan->mlflow;

    pthread_mutex_lock(&mlflow->lock);
    if (mlflow->filter_number == scan->filter_number)
        mlflow->asked = asked;
    pthread_mutex_unlock(&mlflow->lock);
    ingest_progress(scan->in, scan->met, 0); /* wakes who shows it */
}

/* Asks for what the newest filter keeps, one filter at a time: whoever types asks once more
   when the answer to the letter before is here. */
static void ask_beside(struct scan *scan, struct net_batch *batch)
{
    struct mlflow *mlflow = scan->mlflow;
    bool newer;

    if (scan->beside.left)
        return;
    pthread_mutex_lock(&mlflow->lock);
    newer = mlflow->filter && mlflow->filter_number != scan->filter_number;
    if (newer) {
        free(scan->filter);
        scan->filter = assay_strdup(mlflow->filter);
        scan->filter_number = mlflow->filter_number;
    }
    pthread_mutex_unlock(&mlflow->lock);
    if (!newer)
        return;
    free_searches(&scan->beside);
    add_searches(scan, &scan->beside, scan->filter);
    send_searches(scan, batch, &scan->beside);
}

/* Whether another filter is wanted by now. */
static bool is_outdated(struct scan *scan)
{
    bool outdated;

    pthread_mutex_lock(&scan->mlflow->lock);
    outdated = scan->mlflow->filter_number != scan->filter_number;
    pthread_mutex_unlock(&scan->mlflow->lock);
    return outdated;
}

/* An answer to such a search. What is wrong with it is wrong with nothing else: the list
   comes. */
static void take_beside(struct scan *scan, struct net_batch *batch, struct search *search,
                        const struct net_answer *answer)
{
    struct assay_error *err = scan->err, ignored = {0};
    enum assay_status status = answer->status;
    bool more = false;

    scan->err = &ignored;
    if (status == ASSAY_OK)
        more = take_page(scan, search, answer, &status);
    scan->err = err;
    if (status != ASSAY_OK)
        note_asked(scan, MLFLOW_ASK_REFUSED);
    if (more && !is_outdated(scan)) {
        send_search(scan, batch, search);
        return;
    }
    scan->beside.left--;
    if (!scan->beside.left && status == ASSAY_OK && search->pages < BESIDE_PAGES)
        note_asked(scan, MLFLOW_ANSWERED);
}

/* ---- all of it ---- */

static enum assay_status take_answer(struct scan *scan, struct net_batch *batch,
                                     const struct net_answer *answer)
{
    struct search *search = answer->tag;
    enum assay_status status = ASSAY_OK;

    mlflow_note(scan->mlflow, answer);
    if (search->beside) {
        take_beside(scan, batch, search, answer);
        return ASSAY_OK;
    }
    if (answer->status != ASSAY_OK && smaller_page(search, answer)) {
        send_search(scan, batch, search);
    } else if (answer->status != ASSAY_OK) {
        scan->refused = search->filter && answer->http >= 400 && answer->http != 401;
        return mlflow_answer_error(scan->mlflow, answer, NULL, scan->err);
    } else if (take_page(scan, search, answer, &status)) {
        send_search(scan, batch, search);
    } else {
        scan->list.left--;
    }
    return status;
}

/* Has all searches of the list run to their ends. BESIDE: asks for a filter's runs meanwhile.
 */
static enum assay_status run_searches(struct scan *scan, bool beside)
{
    struct net_batch *batch = net_batch_new(scan->mlflow->net);
    struct mlflow_pulse pulse = {.mlflow = scan->mlflow};
    enum assay_status status = ASSAY_OK;
    struct net_answer *answer;

    if (beside)
        ask_beside(scan, batch);
    send_searches(scan, batch, &scan->list);
    while (status == ASSAY_OK && scan->list.left) {
        if (scan_stopped(scan)) {
            status = ASSAY_CANCELLED;
            break;
        }
        if (beside)
            ask_beside(scan, batch);
        answer = net_batch_next(batch, 100);
        if (answer) {
            mlflow_pulse_heard(&pulse);
            status = take_answer(scan, batch, answer);
        } else { /* what came so far is shown while the next page is waited for */
            ingest_progress(scan->in, scan->met, 0);
            if (mlflow_pulse_lost(&pulse))
                status = mlflow_is_mute(scan->mlflow, scan->err);
        }
        net_answer_free(&answer);
    }
    mlflow_pulse_heard(&pulse);
    net_batch_free(&batch);
    return status;
}

/* ---- what is no longer there ---- */

/* The list of all runs, as the state keeps it, so that a later program misses those that went
   in between. */
static void put_ids(struct scan *scan)
{
    struct mlflow *mlflow = scan->mlflow;
    struct assay_buf ids = {.limit = 256u << 20};
    uint64_t hash;

    for (size_t i = 0; i < mlflow->run_count; i++) {
        if (mlflow->runs[i].gone)
            continue;
        assay_buf_text_add(&ids, mlflow->runs[i].id);
        assay_buf_char(&ids, '\n');
        mlflow->runs[i].in_list = true;
    }
    hash = mlflow_hash(assay_buf_text(&ids), ids.length);
    if (hash != mlflow->ids_hash)
        ingest_state_put(scan->in, "runs", assay_buf_text(&ids), ids.length);
    mlflow->ids_hash = hash;
    if (mlflow->some)
        ingest_state_put(scan->in, "some", NULL, 0);
    mlflow->some = false;
    assay_buf_free(&ids);
}

/* Runs that are known without the list, from filters: the next whole look misses them, too. */
static void put_some(struct scan *scan)
{
    struct mlflow *mlflow = scan->mlflow;
    struct assay_buf ids = {.limit = 256u << 20};

    for (size_t i = 0; i < mlflow->run_count; i++) {
        if (mlflow->runs[i].gone || mlflow->runs[i].in_list)
            continue;
        assay_buf_text_add(&ids, mlflow->runs[i].id);
        assay_buf_char(&ids, '\n');
    }
    if (ids.length)
        ingest_state_put(scan->in, "some", assay_buf_text(&ids), ids.length);
    mlflow->some = ids.length > 0;
    assay_buf_free(&ids);
}

/* Those of a list in the state. */
static bool load_list(struct scan *scan, const char *key, bool in_list)
{
    char *bytes, *line, *rest;
    struct mlflow_run *run;
    size_t length;
    void *state;

    if (!ingest_state_get(scan->in, key, &state, &length))
        return false;
    bytes = assay_strndup(state, length);
    for (line = bytes; *line; line = rest) {
        rest = line + strcspn(line, "\n");
        if (*rest)
            *rest++ = '\0';
        run = *line && strlen(line) < 256 ? find_run(scan->mlflow, line) : NULL;
        if (run)
            run->in_list |= in_list;
    }
    free(bytes);
    free(state);
    return true;
}

static void load_ids(struct scan *scan)
{
    scan->mlflow->loaded = true;
    load_list(scan, "runs", true);
    scan->mlflow->some = load_list(scan, "some", false);
}

/* Runs that were there and did not come. Pages count from the start, so one that was deleted
   for good meanwhile can make the next page skip another: a few are asked for by name. */
static enum assay_status find_gone(struct scan *scan)
{
    struct mlflow *mlflow = scan->mlflow;
    enum assay_status status = ASSAY_OK;
    unsigned asked = 0;

    for (size_t i = 0; i < mlflow->run_count && status == ASSAY_OK; i++) {
        struct mlflow_run *run = &mlflow->runs[i];
        struct mlflow_failure failure = {.http = 404};
        struct assay_error ignored = {0};
        struct assay_buf path = {0};
        char key[300];

        if (run->seen == mlflow->scan || run->gone)
            continue;
        if (asked++ < MLFLOW_DOUBT_MAX) {
            assay_buf_format(&path, MLFLOW_API "/runs/get?run_id=%s", run->id);
            status = mlflow_call(mlflow,
                                 &(struct mlflow_call){.path = assay_buf_text(&path),
                                                       .cancelled = scan_stopped,
                                                       .context = scan},
                                 NULL, &failure, &ignored);
            assay_buf_free(&path);
            if (status == ASSAY_OK || (failure.http != 404 && failure.http != 403)) {
                if (status != ASSAY_CANCELLED)
                    status = ASSAY_OK;
                continue;
            }
            status = ASSAY_OK;
        }
        run->gone = true;
        run->hash = 0;
        ingest_run_gone(scan->in, run->id);
        state_key(key, run->id); /* should it come back, it is news to a later program, too */
        ingest_state_put(scan->in, key, NULL, 0);
    }
    return status;
}

/* ---- the two kinds of scan ---- */

static enum assay_status scan_whole(struct scan *scan)
{
    struct mlflow *mlflow = scan->mlflow;
    enum assay_status status;

    add_searches(scan, &scan->list, NULL);
    status = run_searches(scan, !mlflow->have_list);
    if (status == ASSAY_OK)
        status = find_gone(scan);
    if (status != ASSAY_OK)
        return status;
    put_ids(scan);
    pthread_mutex_lock(&mlflow->lock);
    mlflow->have_list = true;
    mlflow->asked = MLFLOW_ASKED_NOT;
    pthread_mutex_unlock(&mlflow->lock);
    return ASSAY_OK;
}

/* What FILTER keeps, instead of the list. What was known and did not come is not kept now,
   whatever it was when it came. */
static enum assay_status scan_part(struct scan *scan, const char *filter)
{
    struct mlflow *mlflow = scan->mlflow;
    enum assay_status status;

    add_searches(scan, &scan->list, filter);
    status = run_searches(scan, false);
    if (status != ASSAY_OK)
        return status;
    for (size_t i = 0; i < mlflow->run_count; i++)
        if (mlflow->runs[i].seen != mlflow->scan && !mlflow->runs[i].gone) {
            mlflow->runs[i].passed = true;
            ingest_run_passed(scan->in, mlflow->runs[i].id);
        }
    put_some(scan);
    return ASSAY_OK;
}

static enum assay_status scan_part_or_whole(struct scan *scan, const char *filter)
{
    enum assay_status status = scan_part(scan, filter);

    scan->mlflow->part = status == ASSAY_OK;
    free_searches(&scan->list);
    if (status == ASSAY_OK || !scan->refused)
        return status;
    assay_error_clear(scan->err);
    return scan_whole(scan); /* it knows no such filter */
}

/* "attributes.run_id IN ('…','…')" of the runs on screen; MLflow drops ids without a letter
   from such a list, and those are left to the whole look. */
static void visible_filter(struct mlflow *mlflow, struct assay_buf *out)
{
    pthread_mutex_lock(&mlflow->lock);
    for (size_t i = 0; i < mlflow->visible_count; i++) {
        const char *id = mlflow->visible[i];

        if (strspn(id, "0123456789abcdef") != strlen(id) || !strpbrk(id, "abcdef"))
            continue;
        assay_buf_text_add(out, out->length ? ",'" : "attributes.run_id IN ('");
        assay_buf_text_add(out, id);
        assay_buf_char(out, '\'');
    }
    if (out->length)
        assay_buf_char(out, ')');
    pthread_mutex_unlock(&mlflow->lock);
}

static enum assay_status scan_new(struct scan *scan)
{
    struct mlflow *mlflow = scan->mlflow;
    struct assay_buf visible = {0};
    enum assay_status status;
    char started[80], ended[80];

    snprintf(started, sizeof started, "attributes.start_time > %" PRId64,
             mlflow->newest_start_ms - BACK_MS);
    snprintf(ended, sizeof ended, "attributes.end_time > %" PRId64,
             mlflow->newest_end_ms - BACK_MS);
    visible_filter(mlflow, &visible);
    if (mlflow->newest_start_ms != ASSAY_NO_TIME)
        add_searches(scan, &scan->list, started);
    if (mlflow->newest_end_ms != ASSAY_NO_TIME)
        add_searches(scan, &scan->list, ended);
    if (visible.length)
        add_searches(scan, &scan->list, assay_buf_text(&visible));
    status = run_searches(scan, false);
    free_searches(&scan->list);
    assay_buf_free(&visible);
    return status;
}

enum assay_status mlflow_scan(void *self, struct ingest *in, struct assay_error *err)
{
    struct mlflow *mlflow = self;
    struct scan scan = {.mlflow = mlflow, .in = in, .err = err};
    enum assay_status status;
    bool whole, fewer = false;
    char *only;

    pthread_mutex_lock(&mlflow->lock);
    whole = mlflow->whole || mlflow->newest_start_ms == ASSAY_NO_TIME;
    only = mlflow->only && mlflow->filter ? assay_strdup(mlflow->filter) : NULL;
    pthread_mutex_unlock(&mlflow->lock);
    mlflow->scan++;
    if (!mlflow->loaded)
        load_ids(&scan);
    atomic_store(&mlflow->kept, mlflow->run_count > 0);
    atomic_store(&mlflow->mute, false);
    status = mlflow_read_experiments(mlflow, in, &fewer, err);
    whole |= fewer; /* the runs of those that went are missed by a whole look alone */
    mlflow->part = false;
    if (status == ASSAY_OK && only)
        status = scan_part_or_whole(&scan, only);
    else if (status == ASSAY_OK)
        status = whole ? scan_whole(&scan) : scan_new(&scan);
    free_searches(&scan.list);
    free_searches(&scan.beside);
    free(scan.filter);
    free(only);
    return status;
}

/*
 * Points. A sample of many runs at once (get-history-bulk-interval: evenly spaced steps, the
 * same for all the runs of a request) lets a chart be drawn after one round trip; all points
 * come from get-history, page by page. Where the sample left no step out it is all there is.
 */
#include "remote/mlflow_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote/point_scan.h"
#include "remote/url.h"

#define BULK_RUNS 100u
/* Steps of one request: a few for each pixel column of a chart where there is one run, one for
   every five or six where there are a hundred. */
#define BULK_STEPS     160u
#define BULK_STEPS_MAX 2500u  /* the server's own limit */
#define BULK_POINTS    20000u /* of all runs of a request, about */
#define IN_FLIGHT      128u   /* twice what net.c sends at once */
#define RAW_MAX        (512u << 10)
/* Of one metric: what never ends is to be told from what is long while it still fits into
   memory. A value each second is four million in seven weeks. */
#define POINTS_MAX (1u << 22)
#define PAGES_MAX  20000u
#define EMPTY_MAX  8u /* pages without a point, one behind the other, that are followed */
#define SOME_MAX   (1u << 16) /* points of one run in a sample, or since: 25000 at a server */

/* One series on its way. */
struct history {
    size_t index; /* in `wanted` */
    struct assay_point *points;
    size_t count, capacity;
    size_t had; /* points when the page under way began */
    char *token;
    unsigned pages, empty;
    size_t met, look; /* different points at the last look for repetitions; when the next is */
    size_t most;      /* points that are held */
    bool cut;         /* there were more */
    struct point_scan scan;
    struct assay_buf raw; /* what came of a body so far, while it is short */
};
struct bulk { /* one request for samples, and what came of it */
    size_t from, count;
    unsigned steps; /* at most, per run */
    struct history *parts;
    bool cut;               /* one of them has more than a sample has */
    struct assay_map index; /* run id to its place in the request */
    struct point_scan scan;
};
struct histories {
    struct mlflow *mlflow;
    const struct mlflow_wanted *wanted;
    size_t count;
    bool (*got)(void *context, struct mlflow_got *got);
    bool (*cancelled)(void *context);
    void *context;
    struct assay_error *err;
    size_t *order; /* of wanted: by metric, so that runs of one metric are together */
    bool *done;
    bool stopped;
};

static bool stopped(const struct histories *h)
{
    return h->stopped || (h->cancelled && h->cancelled(h->context));
}

static void hand_over(struct histories *h, size_t index, enum mlflow_part part,
                      struct assay_series *series, enum assay_status status,
                      const struct assay_error *error)
{
    struct mlflow_got got = {
        .wanted = &h->wanted[index], .part = part, .series = series, .status = status};

    if (error)
        got.error = *error;
    if (part == MLFLOW_COMPLETE)
        h->done[index] = true;
    if (!h->got(h->context, &got))
        h->stopped = true;
    assay_series_free(&got.series);
}

/* ---- points of one answer ---- */

static void add_point(struct history *history, const struct assay_point *point)
{
    history->cut |= history->count >= history->most;
    if (history->cut)
        return;
    ASSAY_GROW(history->points, history->capacity, history->count + 1);
    history->points[history->count++] = *point;
}

/* As get-history orders them: time, step, value. What pages doubled is taken out: the server
   keeps a (time, step, value) once. */
static int by_time(const void *a, const void *b)
{
    const struct assay_point *x = a, *y = b;

    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    if (isnan(x->value) || isnan(y->value))
        return isnan(x->value) - isnan(y->value);
    return x->value < y->value ? -1 : x->value > y->value;
}

static void in_order(struct history *history)
{
    size_t kept = 0;
    bool sorted = true;

    for (size_t i = 1; i < history->count && sorted; i++)
        sorted = by_time(&history->points[i - 1], &history->points[i]) <= 0;
    if (!sorted)
        qsort(history->points, history->count, sizeof *history->points, by_time);
    for (size_t i = 0; i < history->count; i++)
        if (kept == 0 || by_time(&history->points[kept - 1], &history->points[i]) != 0)
            history->points[kept++] = history->points[i];
    history->count = kept;
}

static struct assay_series *series_of(struct history *history)
{
    struct assay_series *series = assay_series_new(mlflow_source.last_rule);

    in_order(history);
    if (history->count)
        assay_series_add(series, history->points, history->count);
    return series;
}

static void history_free(struct history *history)
{
    assay_buf_free(&history->raw);
    point_scan_free(&history->scan);
    free(history->points);
    free(history->token);
    free(history);
}

/* Why a body that was read as it came is no answer. */
static enum assay_status scan_error(const struct mlflow *mlflow, const struct point_scan *scan,
                                    struct assay_error *err)
{
    return assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: about byte %llu: %s",
                      mlflow_shown(mlflow), (unsigned long long)scan->bytes, scan->fault);
}

/* ---- samples ---- */

static void take_sample(void *context, const struct assay_point *point, const char *run_id)
{
    struct bulk *bulk = context;
    uint32_t i = assay_map_get(&bulk->index, run_id, strlen(run_id));

    if (i == ASSAY_MAP_NONE)
        return;
    add_point(&bulk->parts[i], point);
    bulk->cut |= bulk->parts[i].cut;
}

/* On the net's thread. */
static bool bulk_body(void *context, const char *bytes, size_t length)
{
    struct bulk *bulk = context;

    if (bytes)
        return point_scan_feed(&bulk->scan, bytes, length) && !bulk->cut;
    point_scan_again(&bulk->scan);
    for (size_t i = 0; i < bulk->count; i++)
        bulk->parts[i].count = 0;
    return true;
}

static struct bulk *bulk_new(const struct histories *h, size_t from, size_t count)
{
    struct bulk *bulk = assay_alloc(sizeof *bulk);

    *bulk = (struct bulk){.from = from, .count = count, .steps = BULK_POINTS / (unsigned)count};
    if (bulk->steps < BULK_STEPS)
        bulk->steps = BULK_STEPS;
    if (bulk->steps > BULK_STEPS_MAX)
        bulk->steps = BULK_STEPS_MAX;
    bulk->parts = assay_alloc_array(count, sizeof *bulk->parts);
    for (size_t i = 0; i < count; i++) {
        const char *id = h->wanted[h->order[from + i]].run_id;

        assay_map_set(&bulk->index, id, strlen(id), (uint32_t)i);
        bulk->parts[i].most = SOME_MAX;
    }
    bulk->scan.point = take_sample;
    bulk->scan.context = bulk;
    return bulk;
}

static void bulk_free(struct bulk *bulk)
{
    for (size_t i = 0; i < bulk->count; i++)
        free(bulk->parts[i].points);
    free(bulk->parts);
    assay_map_free(&bulk->index);
    point_scan_free(&bulk->scan);
    free(bulk);
}

static void send_bulk(struct histories *h, struct net_batch *batch, size_t from, size_t count)
{
    struct bulk *bulk = bulk_new(h, from, count);
    struct assay_buf path = {0};
    char steps[24];

    assay_buf_text_add(&path, MLFLOW_API "/metrics/get-history-bulk-interval");
    for (size_t i = from; i < from + count; i++)
        url_query(&path, "run_ids", h->wanted[h->order[i]].run_id);
    url_query(&path, "metric_key", h->wanted[h->order[from]].metric);
    snprintf(steps, sizeof steps, "%u", bulk->steps);
    url_query(&path, "max_results", steps);
    /* Without a range it begins at step 0, and there may be others before. */
    url_query(&path, "start_step", "-9223372036854775807");
    url_query(&path, "end_step", "9223372036854775807");
    net_batch_add(batch, &(struct net_request){.server = h->mlflow->server,
                                               .path = assay_buf_text(&path),
                                               .limit = UINT64_C(1) << 30,
                                               .on_body = bulk_body,
                                               .context = bulk,
                                               .tag = bulk});
    assay_buf_free(&path);
}

static int by_step(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Whether the sample of the runs has every point. Servers thin out in two ways: where all the
   runs together have more steps than were asked for (2.11 to 3.12), or a run more points
   (later). What is thinned out to fit has more than half of what fits. */
static bool is_all(const struct bulk *bulk)
{
    size_t total = 0, distinct = 0, few = bulk->steps / 2;
    int64_t *steps;

    for (size_t i = 0; i < bulk->count; i++) {
        total += bulk->parts[i].count;
        if (bulk->parts[i].count >= few)
            return false;
    }
    if (!total)
        return false;
    steps = assay_alloc_array(total, sizeof *steps);
    total = 0;
    for (size_t i = 0; i < bulk->count; i++)
        for (size_t p = 0; p < bulk->parts[i].count; p++)
            steps[total++] = bulk->parts[i].points[p].step;
    qsort(steps, total, sizeof *steps, by_step);
    for (size_t i = 0; i < total; i++)
        distinct += i == 0 || steps[i] != steps[i - 1];
    free(steps);
    return distinct < few;
}

/* The samples of one answer, to whoever wants them. */
static void take_bulk(struct histories *h, struct bulk *bulk)
{
    enum mlflow_part part;

    if (!point_scan_end(&bulk->scan))
        return;
    part = is_all(bulk) ? MLFLOW_COMPLETE : MLFLOW_SAMPLED;
    for (size_t i = 0; i < bulk->count && !h->stopped; i++)
        if (bulk->parts[i].count)
            hand_over(h, h->order[bulk->from + i], part, series_of(&bulk->parts[i]), ASSAY_OK,
                      NULL);
}

/* A sample that cannot be had is no failure: the points come all the same. */
static void sample(struct histories *h)
{
    struct net_batch *batch = net_batch_new(h->mlflow->net);
    struct net_answer *answer;

    for (size_t from = 0; from < h->count;) {
        const char *metric = h->wanted[h->order[from]].metric;
        size_t count = 1;

        if (h->done[h->order[from]] || h->wanted[h->order[from]].known) {
            from++; /* it is there, or most of it is on the screen */
            continue;
        }
        while (from + count < h->count && count < BULK_RUNS &&
               !h->done[h->order[from + count]] && !h->wanted[h->order[from + count]].known &&
               strcmp(h->wanted[h->order[from + count]].metric, metric) == 0)
            count++;
        send_bulk(h, batch, from, count);
        from += count;
    }
    while (net_batch_left(batch)) {
        if (stopped(h))
            net_batch_cancel(batch);
        answer = net_batch_next(batch, 100);
        if (!answer)
            continue;
        mlflow_note(h->mlflow, answer);
        if (answer->status == ASSAY_OK && !h->stopped)
            take_bulk(h, answer->tag);
        else if (answer->http == 404 || answer->http == 400)
            atomic_store(&h->mlflow->no_bulk, 1);
        bulk_free(answer->tag);
        net_answer_free(&answer);
    }
    net_batch_free(&batch);
}

/* ---- what came since ---- */

/* The points of a series from the latest step on that is known; all of them, or it does not
   count. */
struct tail {
    size_t index;
    struct history part;
};

static void take_tail_point(void *context, const struct assay_point *point, const char *run_id)
{
    (void)run_id;
    add_point(context, point);
}

/* On the net's thread. */
static bool tail_body(void *context, const char *bytes, size_t length)
{
    struct tail *tail = context;

    if (bytes)
        return point_scan_feed(&tail->part.scan, bytes, length) && !tail->part.cut;
    point_scan_again(&tail->part.scan);
    tail->part.count = 0;
    return true;
}

static void send_tail(struct histories *h, struct net_batch *batch, size_t index)
{
    const struct mlflow_wanted *wanted = &h->wanted[index];
    struct tail *tail = assay_alloc(sizeof *tail);
    struct assay_buf path = {0};
    char text[24];

    tail->index = index;
    tail->part.most = SOME_MAX;
    tail->part.scan.point = take_tail_point;
    tail->part.scan.context = &tail->part;
    assay_buf_text_add(&path, MLFLOW_API "/metrics/get-history-bulk-interval");
    url_query(&path, "run_ids", wanted->run_id);
    url_query(&path, "metric_key", wanted->metric);
    snprintf(text, sizeof text, "%u", BULK_STEPS_MAX);
    url_query(&path, "max_results", text);
    snprintf(text, sizeof text, "%" PRId64, assay_series_summary(wanted->known)->step);
    url_query(&path, "start_step", text);
    url_query(&path, "end_step", "9223372036854775807");
    net_batch_add(batch, &(struct net_request){.server = h->mlflow->server,
                                               .path = assay_buf_text(&path),
                                               .on_body = tail_body,
                                               .context = tail,
                                               .tag = tail});
    assay_buf_free(&path);
}

static bool has_point(const struct history *part, const struct assay_summary *latest)
{
    for (size_t i = 0; i < part->count; i++)
        if (part->points[i].step == latest->step &&
            part->points[i].time_ms == latest->time_ms &&
            memcmp(&part->points[i].value, &latest->last, sizeof latest->last) == 0)
            return true;
    return false;
}

/* The tail behind what is known, where it goes on from there without a gap. */
static void take_tail(struct histories *h, struct tail *tail)
{
    const struct assay_series *known = h->wanted[tail->index].known;
    size_t count = assay_series_count(known), came = tail->part.count;
    struct history all = {0};

    if (!point_scan_end(&tail->part.scan) || came >= BULK_STEPS_MAX / 2 ||
        !has_point(&tail->part, assay_series_summary(known)))
        return;
    all.points = assay_alloc_array(count + came, sizeof *all.points);
    all.count = count + came;
    assay_series_get(known, 0, count, all.points);
    memcpy(all.points + count, tail->part.points, came * sizeof *all.points);
    hand_over(h, tail->index, MLFLOW_COMPLETE, series_of(&all), ASSAY_OK, NULL);
    free(all.points);
}

static void tails(struct histories *h)
{
    struct net_batch *batch = net_batch_new(h->mlflow->net);
    struct net_answer *answer;

    for (size_t i = 0; i < h->count; i++)
        if (h->wanted[i].known && assay_series_count(h->wanted[i].known))
            send_tail(h, batch, i);
    while (net_batch_left(batch)) {
        struct tail *tail;

        if (stopped(h))
            net_batch_cancel(batch);
        answer = net_batch_next(batch, 100);
        if (!answer)
            continue;
        tail = answer->tag;
        mlflow_note(h->mlflow, answer);
        if (answer->status == ASSAY_OK && !h->stopped)
            take_tail(h, tail);
        else if (answer->http == 404 || answer->http == 400)
            atomic_store(&h->mlflow->no_bulk, 1);
        point_scan_free(&tail->part.scan);
        free(tail->part.points);
        free(tail);
        net_answer_free(&answer);
    }
    net_batch_free(&batch);
}

/* ---- all points ---- */

static void take_point(void *context, const struct assay_point *point, const char *run_id)
{
    (void)run_id;
    add_point(context, point);
}

/* What was gathered goes through the scanner. */
static bool scan_raw(struct history *history)
{
    bool good = !history->raw.length ||
                point_scan_feed(&history->scan, history->raw.data, history->raw.length);

    assay_buf_reset(&history->raw);
    return good;
}

/* On the net's thread, which everybody waits for: a short body is only gathered there, and
   scanned on the thread that asked; a long one is scanned as it comes, to hold little of it. */
static bool history_body(void *context, const char *bytes, size_t length)
{
    struct history *history = context;

    if (!bytes) {
        point_scan_again(&history->scan);
        assay_buf_reset(&history->raw);
        history->count = history->had;
        return true;
    }
    if (!history->scan.bytes && history->raw.length + length <= RAW_MAX) {
        assay_buf_add(&history->raw, bytes, length);
        return true;
    }
    return scan_raw(history) && point_scan_feed(&history->scan, bytes, length) && !history->cut;
}

static void send_page(struct histories *h, struct net_batch *batch, struct history *history)
{
    const struct mlflow_wanted *wanted = &h->wanted[history->index];
    struct assay_buf path = {0};
    char page[24];

    assay_buf_text_add(&path, MLFLOW_API "/metrics/get-history");
    url_query(&path, "run_id", wanted->run_id);
    url_query(&path, "metric_key", wanted->metric);
    /* Always: some servers give nothing, and a token that leads nowhere, where it misses. */
    snprintf(page, sizeof page, "%u", atomic_load(&h->mlflow->page));
    url_query(&path, "max_results", page);
    if (history->token)
        url_query(&path, "page_token", history->token);
    history->had = history->count;
    net_batch_add(batch, &(struct net_request){.server = h->mlflow->server,
                                               .path = assay_buf_text(&path),
                                               .limit = UINT64_C(1) << 30,
                                               .seconds = 600,
                                               .on_body = history_body,
                                               .context = history,
                                               .tag = history});
    assay_buf_free(&path);
}

/* Whether what came since the last look was all there before: pages that go round. Looked at
   whenever there are twice as many points, which costs one walk over them where they come in
   their order. */
static bool goes_round(struct history *history)
{
    size_t met = history->met;

    if (history->count < history->look || history->count == history->had)
        return false;
    in_order(history);
    history->met = history->count;
    history->look = 2 * history->count;
    return met && history->count == met;
}

/* Whether the page taken last leads on. A server that leads on for ever is an error: what came
   of the metric may or may not be all of it. */
static bool leads_on(struct histories *h, struct history *history, enum assay_status *status,
                     struct assay_error *err)
{
    const char *token = assay_buf_text(&history->scan.token);

    if (!*token)
        return false;
    history->empty = history->count == history->had ? history->empty + 1 : 0;
    if ((history->token && strcmp(history->token, token) == 0) || goes_round(history)) {
        *status = assay_fail(err, ASSAY_CORRUPT,
                             "%s: the pages of \"%s\" repeat: more may be there than came",
                             mlflow_shown(h->mlflow), h->wanted[history->index].metric);
        return false;
    }
    if (history->empty > EMPTY_MAX) {
        *status = assay_fail(err, ASSAY_CORRUPT,
                             "%s: the pages of \"%s\" come empty: more may be there than came",
                             mlflow_shown(h->mlflow), h->wanted[history->index].metric);
        return false;
    }
    free(history->token);
    history->token = assay_strdup(token);
    return true;
}

/* Takes a page of one series. True where it goes on. */
static bool take_history(struct histories *h, struct history *history,
                         const struct net_answer *answer)
{
    struct point_scan *scan = &history->scan;
    struct assay_error error = {0};
    enum assay_status status = ASSAY_OK;
    bool more = false;

    if (answer->status == ASSAY_OK)
        scan_raw(history);
    if (history->cut || ++history->pages >= PAGES_MAX) {
        status = assay_fail(&error, ASSAY_CORRUPT,
                            "%s: a metric that does not end: more than %u %s of it came",
                            mlflow_shown(h->mlflow), history->cut ? POINTS_MAX : PAGES_MAX,
                            history->cut ? "points" : "pages");
    } else if (scan->fault || (answer->status == ASSAY_OK && !point_scan_end(scan))) {
        status = scan_error(h->mlflow, scan, &error);
    } else if (answer->status != ASSAY_OK) {
        status = mlflow_answer_error(h->mlflow, answer, NULL, &error);
    } else {
        more = leads_on(h, history, &status, &error);
    }
    if (status != ASSAY_OK)
        hand_over(h, history->index, MLFLOW_COMPLETE, NULL, status, &error);
    else if (!more)
        hand_over(h, history->index, MLFLOW_COMPLETE, series_of(history), ASSAY_OK, NULL);
    return more;
}

/* Hosted servers take fewer at once than MLflow itself. */
static bool smaller_page(struct mlflow *mlflow, const struct net_answer *answer)
{
    unsigned page = atomic_load(&mlflow->page);

    if (answer->http != 400 || page <= 500)
        return false;
    atomic_store(&mlflow->page, page > 5000 ? 5000 : page > 1000 ? 1000 : 500);
    return true;
}

static void complete(struct histories *h)
{
    struct net_batch *batch = net_batch_new(h->mlflow->net);
    struct net_answer *answer;
    size_t next = 0;

    while (!stopped(h)) {
        struct history *history;

        while (next < h->count && net_batch_left(batch) < IN_FLIGHT) {
            size_t index = h->order[next++];

            if (h->done[index])
                continue;
            history = assay_alloc(sizeof *history);
            history->index = index;
            history->most = POINTS_MAX;
            history->scan.point = take_point;
            history->scan.context = history;
            send_page(h, batch, history);
        }
        if (!net_batch_left(batch))
            break;
        answer = net_batch_next(batch, 100);
        if (!answer)
            continue;
        history = answer->tag;
        mlflow_note(h->mlflow, answer);
        if ((answer->status != ASSAY_OK && smaller_page(h->mlflow, answer)) ||
            take_history(h, history, answer))
            send_page(h, batch, history);
        else
            history_free(history);
        net_answer_free(&answer);
    }
    /* What is left is cancelled; its histories come back with the answers. */
    net_batch_cancel(batch);
    while ((answer = net_batch_next(batch, -1))) {
        history_free(answer->tag);
        net_answer_free(&answer);
    }
    net_batch_free(&batch);
}

static int by_metric(const void *a, const void *b, void *context)
{
    const struct mlflow_wanted *wanted = context;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int order = strcmp(wanted[x].metric, wanted[y].metric);

    return order ? order : x < y ? -1 : x > y;
}

enum assay_status mlflow_histories(struct mlflow *mlflow, const struct mlflow_wanted *wanted,
                                   size_t count, bool quick,
                                   bool (*got)(void *context, struct mlflow_got *got),
                                   bool (*cancelled)(void *context), void *context,
                                   struct assay_error *err)
{
    struct histories h = {.mlflow = mlflow,
                          .wanted = wanted,
                          .count = count,
                          .got = got,
                          .cancelled = cancelled,
                          .context = context,
                          .err = err};
    enum assay_status status = mlflow_greet(mlflow, cancelled, context, err);

    if (status != ASSAY_OK)
        return status;
    h.order = assay_alloc_array(count, sizeof *h.order);
    h.done = assay_alloc_array(count, sizeof *h.done);
    for (size_t i = 0; i < count; i++)
        h.order[i] = i;
    if (count > 1)
        qsort_r(h.order, count, sizeof *h.order, by_metric, (void *)(uintptr_t)wanted);
    if (!atomic_load(&mlflow->no_bulk))
        tails(&h);
    if (quick && !atomic_load(&mlflow->no_bulk))
        sample(&h);
    complete(&h);
    free(h.order);
    free(h.done);
    if (h.stopped || (cancelled && cancelled(context)))
        return assay_fail(err, ASSAY_CANCELLED, "%s: cancelled", mlflow_shown(mlflow));
    return ASSAY_OK;
}

/* ---- as a source: one series ---- */

struct single {
    struct assay_series *out;
    enum assay_status status;
    struct assay_error error;
};

static bool take_single(void *context, struct mlflow_got *got)
{
    struct single *single = context;
    struct assay_point block[256];
    size_t count = got->series ? assay_series_count(got->series) : 0;

    single->status = got->status;
    single->error = got->error;
    for (size_t from = 0; from < count; from += ASSAY_COUNT(block)) {
        size_t some = count - from < ASSAY_COUNT(block) ? count - from : ASSAY_COUNT(block);

        assay_series_get(got->series, from, some, block);
        assay_series_add(single->out, block, some);
    }
    return true;
}

enum assay_status mlflow_read_series(void *self, const char *experiment_id, const char *run_id,
                                     const char *metric, struct assay_series *out,
                                     struct assay_error *err)
{
    struct mlflow_wanted wanted = {.run_id = run_id, .metric = metric};
    struct single single = {.out = out};
    enum assay_status status =
        mlflow_histories(self, &wanted, 1, false, take_single, NULL, &single, err);

    (void)experiment_id;
    if (status == ASSAY_OK && single.status != ASSAY_OK)
        status = assay_fail(err, single.status, "%s", single.error.what);
    if (status == ASSAY_OK && !assay_series_count(out))
        status = assay_fail(err, ASSAY_NO, "%s: run %s has no metric \"%s\"",
                            mlflow_shown(self), run_id, metric);
    return status;
}

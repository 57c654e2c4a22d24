/*
 * Candidate against champion on the request screen: metrics with their intervals, data, params
 * and code of the two runs, files; and the curves. The platform's facts come from the desk, the
 * runs from the catalog, where they are known to it.
 */
#include "request_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "run_args.h"

#define SIDES_SHOWN 5 /* rows of a part before the rest is counted */
#define LABELS      30

void request_sides_open(struct request_view *view)
{
    view->sides.runs[0] = view->sides.runs[1] = ASSAY_NONE;
    chart_state_init(&view->sides.chart, view->app->session);
}

void request_sides_close(struct request_view *view)
{
    struct request_sides *s = &view->sides;
    assay_sides_free(&s->facts);
    request_rows_free(&s->rows);
    for (size_t i = 0; i < s->metric_count; i++)
        free(s->metrics[i]);
    free(s->metrics);
    chart_state_free(&s->chart);
    chart_widget_free(&s->widget);
    *s = (struct request_sides){0};
}

void request_sides_ask(struct request_view *view)
{
    struct desk_wish wish = {.task = DESK_SIDES};
    if (view->sides.asked || desk_busy(view->desk) || !request_of(view))
        return;
    snprintf(wish.request, sizeof wish.request, "%s", view->id);
    view->sides.asked = desk_ask(view->desk, &wish);
}

void request_sides_take(struct request_view *view, struct desk_result *result)
{
    struct request_sides *s = &view->sides;
    if (strcmp(result->wish.request, view->id) != 0)
        return;
    s->err = result->err;
    assay_sides_free(&s->facts);
    s->facts = result->sides;
    result->sides = NULL;
    request_sides_find(view);
}

/* ---- the two runs ---- */

static void find_run(struct request_view *view, size_t side, const char *id)
{
    if (id[0] && view->sides.runs[side] == ASSAY_NONE &&
        assay_catalog_find_run(view->app->catalog, id, &view->sides.runs[side], NULL) !=
            ASSAY_OK)
        view->sides.runs[side] = ASSAY_NONE;
}

/* A curve is more than a point; those that a gate speaks of come first. */
static void collect_metrics(struct request_view *view)
{
    struct request_sides *s = &view->sides;
    const struct assay_attrs *a = assay_catalog_attrs(view->app->catalog, s->runs[0]);
    const struct assay_attrs *b = assay_catalog_attrs(view->app->catalog, s->runs[1]);
    const struct assay_request *r = request_of(view);
    size_t first = 0;
    if (!a || !b || !r || a->metric_count == 0)
        return;
    s->metrics = assay_alloc_array(a->metric_count, sizeof *s->metrics);
    for (size_t i = 0; i < a->metric_count; i++) {
        const char *key = a->metrics[i].key;
        bool gated = false;
        if (a->metrics[i].summary.n < 2 || !assay_attrs_metric(b, key))
            continue;
        for (size_t k = 0; k < r->gate_count && !gated; k++)
            gated = strstr(r->gates[k].why, key) != NULL;
        size_t at = gated ? first++ : s->metric_count;
        memmove(&s->metrics[at + 1], &s->metrics[at],
                (s->metric_count - at) * sizeof *s->metrics);
        s->metrics[at] = assay_strdup(key);
        s->metric_count++;
    }
}

void request_sides_find(struct request_view *view)
{
    struct request_sides *s = &view->sides;
    if (!s->facts || s->rows.made)
        return;
    find_run(view, 0, s->facts->candidate_run);
    find_run(view, 1, s->facts->champion_run);
    if (s->runs[0] == ASSAY_NONE || s->runs[1] == ASSAY_NONE || s->runs[0] == s->runs[1])
        return;
    request_rows_make(&s->rows, view->app->catalog, s->runs[0], s->runs[1]);
    collect_metrics(view);
    const int colors[] = {0, 1};
    chart_state_set_runs(&s->chart, s->runs, colors, 2);
    if (s->metric_count > 0)
        chart_state_set_metric(&s->chart, s->metrics[0]);
    view->dirty = true;
}

/* ---- rows ---- */

static const char *signed_number(char out[32], double value)
{
    char number[32];
    snprintf(out, 32, "%s%s", value > 0 ? "+" : "", assay_number_short(number, value, 4));
    return out;
}

/* What can be said of the difference, and the colour of saying it. */
static enum role judge(const struct assay_side_metric *m, const char **word)
{
    const int direction = assay_metric_direction(m->key);
    const double delta = m->interval ? m->mean : m->candidate - m->champion;
    *word = "";
    if (!isfinite(m->candidate) || !isfinite(m->champion)) {
        *word = isfinite(m->champion) ? "the candidate has no value" : "";
        return isfinite(m->champion) ? ROLE_WORSE : ROLE_NORMAL;
    }
    if (m->interval && m->low <= 0 && m->high >= 0) {
        *word = "may be none";
        return ROLE_NORMAL;
    }
    if (direction == 0 || delta == 0)
        return ROLE_NORMAL;
    *word = (delta > 0) == (direction > 0) ? "better" : "worse";
    return (delta > 0) == (direction > 0) ? ROLE_BETTER : ROLE_WORSE;
}

static void add_metric(struct request_view *view, const struct assay_side_metric *m)
{
    char champion[32], candidate[32], delta[32], low[32], high[32];
    struct assay_buf label = {0};
    const char *word;
    enum role role = judge(m, &word);
    assay_buf_text_add(&label, "  ");
    struct assay_buf key = {0};
    assay_text_clean(&key, m->key, strlen(m->key));
    assay_text_pad(&label, assay_buf_text(&key), view->width > 90 ? LABELS : 20, false,
                   term_ascii(view->app->term));
    assay_buf_format(&label, " %10s %10s",
                     isnan(m->champion) ? "-" : assay_number_short(champion, m->champion, 5),
                     isnan(m->candidate) ? "-"
                                         : assay_number_short(candidate, m->candidate, 5));
    const double difference = m->interval ? m->mean : m->candidate - m->champion;
    if (!isnan(difference))
        assay_buf_format(&label, "  %9s", signed_number(delta, difference));
    if (m->interval)
        assay_buf_format(&label, " [%s, %s] n=%zu%s", signed_number(low, m->low),
                         signed_number(high, m->high), m->runs, m->paired ? " paired" : "");
    else if (!isnan(difference) && m->champion != 0)
        assay_buf_format(&label, " (%s %%)",
                         signed_number(low, difference / fabs(m->champion) * 100));
    if (word[0])
        assay_buf_format(&label, "  %s", word);
    request_add(view, role, 6, "%s", assay_buf_text(&label));
    assay_buf_free(&label);
    assay_buf_free(&key);
}

static bool gate_speaks_of(const struct assay_request *r, const char *key)
{
    for (size_t i = 0; i < r->gate_count; i++)
        if (strstr(r->gates[i].why, key))
            return true;
    return false;
}

static void add_metrics(struct request_view *view, const struct assay_request *r)
{
    const struct assay_sides *facts = view->sides.facts;
    size_t shown = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < facts->metric_count; i++) {
            if (gate_speaks_of(r, facts->metrics[i].key) != (pass == 0))
                continue;
            if (view->all || shown < SIDES_SHOWN)
                add_metric(view, &facts->metrics[i]);
            shown++;
        }
    if (shown > SIDES_SHOWN && !view->all)
        request_add(view, ROLE_DIM, 4, "  %zu more metrics [z]", shown - SIDES_SHOWN);
    /* Why there are no intervals is the same for all of them, mostly: said once. */
    const char *why = "";
    for (size_t i = 0; i < facts->metric_count && facts->champion_version[0]; i++) {
        if (facts->metrics[i].interval || strcmp(facts->metrics[i].why, why) == 0)
            continue;
        why = facts->metrics[i].why;
        request_add(view, ROLE_DIM, 4, "  no interval: %s", why);
    }
    if (facts->metric_count == 0)
        request_add(view, ROLE_DIM, 4, "  no metric is known of either");
}

/* Params, data and code of the two runs, as far as they differ. */
static void add_rows(struct request_view *view)
{
    const struct request_rows *rows = &view->sides.rows;
    for (size_t i = 0; i < rows->count && (view->all || i < SIDES_SHOWN); i++) {
        /* A commit is known by its first characters. */
        const int most = strcmp(rows->items[i].section, "code") == 0 ? 12 : 200;
        request_add(view, ROLE_NORMAL, 6, "  %-6s  %s: %.*s, was %.*s", rows->items[i].section,
                    rows->items[i].label, most, rows->items[i].now, most, rows->items[i].was);
    }
    if (rows->made)
        request_add(view, ROLE_DIM, 4, "  params, data, code: %zu differ, %zu are the same%s",
                    rows->count, rows->equal,
                    rows->count > SIDES_SHOWN && !view->all ? " [z shows all]" : "");
    else if (view->sides.facts->champion_version[0])
        request_add(view, ROLE_DIM, 4,
                    "  params and code: the runs of both are not among the sources that are "
                    "open");
}

static void add_items(struct request_view *view, const char *what,
                      const struct assay_side_item *items, size_t count)
{
    size_t same = 0, shown = 0;
    char size[32];
    for (size_t i = 0; i < count; i++) {
        const struct assay_side_item *item = &items[i];
        if (strcmp(item->candidate, item->champion) == 0) {
            same++;
            continue;
        }
        if (shown++ >= SIDES_SHOWN && !view->all)
            continue;
        const char *gap = item->context[0] ? " " : "";
        if (!item->champion[0])
            request_add(view, ROLE_ACCENT, 6, "  %-6s  %s%s%s is new: %.12s  %s", what,
                        item->name, gap, item->context, item->candidate,
                        item->candidate_bytes ? assay_bytes_text(size, item->candidate_bytes)
                                              : "");
        else if (!item->candidate[0])
            request_add(view, ROLE_ACCENT, 6, "  %-6s  %s%s%s is no longer there", what,
                        item->name, gap, item->context);
        else
            request_add(view, ROLE_NORMAL, 6, "  %-6s  %s%s%s: %.12s, was %.12s", what,
                        item->name, gap, item->context, item->candidate, item->champion);
    }
    if (count > 0)
        request_add(view, ROLE_DIM, 4, "  %s: %zu differ, %zu are the same%s", what, shown,
                    same, shown > SIDES_SHOWN && !view->all ? " [z shows all]" : "");
}

void request_sides_add(struct request_view *view, const struct assay_request *r)
{
    const struct assay_sides *facts = view->sides.facts;
    if (!facts) {
        request_add(view, ROLE_TITLE, 2, "CANDIDATE AGAINST CHAMPION");
        request_add(view, view->sides.err.what[0] ? ROLE_FAILED : ROLE_DIM, 2, "  %s%s%s",
                    view->sides.err.what[0] ? view->sides.err.what
                                            : "asking where the model lies",
                    view->sides.err.hint[0] ? "; " : "", view->sides.err.hint);
        return;
    }
    if (!facts->champion_version[0])
        request_add(view, ROLE_TITLE, 2, "CANDIDATE   nothing is at %s yet", r->target);
    else
        request_add(view, ROLE_TITLE, 2,
                    "CANDIDATE AGAINST CHAMPION   version %s against %s: was, is, difference",
                    r->version, facts->champion_version);
    if (request_champion_moved(view, r))
        request_add(view, ROLE_FAILED, 2,
                    "  the champion is %s now; the request was written when it was %s",
                    facts->champion_version[0] ? facts->champion_version : "none",
                    r->from_version[0] ? r->from_version : "none");
    add_metrics(view, r);
    add_items(view, "data", facts->datasets, facts->dataset_count);
    add_rows(view);
    add_items(view, "files", facts->files, facts->file_count);
    request_add(view,
                strcmp(facts->candidate_digest, r->model_digest) == 0 ? ROLE_DIM : ROLE_FAILED,
                6, "  model digest %.16s%s%.16s%s", facts->candidate_digest,
                facts->champion_digest[0] ? ", the champion's " : "", facts->champion_digest,
                strcmp(facts->candidate_digest, r->model_digest) == 0
                    ? ""
                    : "   NOT WHAT THE REQUEST NAMES");
}

/* ---- curves, and the screens that show more ---- */

bool request_sides_chart(const struct request_view *view)
{
    return view->sides.metric_count > 0;
}

void request_sides_draw(struct request_view *view, struct area area)
{
    struct request_sides *s = &view->sides;
    char name[120];
    chart_state_update(&s->chart);
    assay_text_clean_to(name, sizeof name, s->chart.metric);
    struct area line = area_row(area, 0);
    int x = 1 + draw_text(line, 1, 0, ROLE_TITLE, name) + 3;
    static const char *const sides[] = {"candidate", "champion"};
    for (int i = 0; i < 2; i++) {
        x += draw_text(line, x, 0, chart_role(i), chart_dot(&line, i)) + 1;
        x += draw_text(line, x, 0, ROLE_NORMAL, sides[i]) + 3;
    }
    draw_format(line, x, 0, ROLE_DIM, "%zu of %zu [m]", s->metric_at + 1, s->metric_count);
    chart_widget_draw(&s->widget, view->app, &s->chart,
                      area_part(area, 0, 1, area.rect.width, area.rect.height - 1), 0);
}

static bool both(struct request_view *view)
{
    if (view->sides.rows.made)
        return true;
    app_say(view->app, view->sides.facts
                           ? "the runs of candidate and champion are not both among the open "
                             "sources"
                           : "one moment: the model is being looked at");
    return false;
}

void request_sides_compare(struct request_view *view)
{
    if (both(view))
        app_open(view->app, &view_compare,
                 &(struct compare_args){view->sides.runs, 2, view->sides.runs[1]});
}

void request_sides_plot(struct request_view *view)
{
    struct request_sides *s = &view->sides;
    if (!both(view))
        return;
    if (s->metric_count == 0) {
        app_say(view->app, "the two have no curve of one metric");
        return;
    }
    marks_clear(&view->app->marks);
    marks_toggle(&view->app->marks, s->runs[0]);
    marks_toggle(&view->app->marks, s->runs[1]);
    app_open(view->app, &view_chart,
             &(struct chart_args){.metric = s->metrics[s->metric_at],
                                  .metrics = s->metrics,
                                  .metric_count = s->metric_count,
                                  .run = s->runs[0],
                                  .marked = true});
}

void request_sides_metric(struct request_view *view, int delta, const char *name)
{
    struct request_sides *s = &view->sides;
    if (s->metric_count == 0)
        return;
    s->metric_at = (s->metric_at + s->metric_count + (size_t)(long)delta) % s->metric_count;
    for (size_t i = 0; *name && i < s->metric_count; i++)
        if (strcmp(s->metrics[i], name) == 0)
            s->metric_at = i;
    chart_state_set_metric(&s->chart, s->metrics[s->metric_at]);
    app_dirty(view->app);
}

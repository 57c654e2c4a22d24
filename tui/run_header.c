/*
 * The head of the run screen: what it is, how it went, its best values, and the tabs.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "run_view.h"

static const struct {
    const char *glyph, *plain, *word;
    enum role role;
} states[] = {
    [ASSAY_RUN_UNKNOWN] = {"·", ".", "state unknown", ROLE_DIM},
    [ASSAY_RUN_RUNNING] = {"▶", ">", "live", ROLE_LIVE},
    [ASSAY_RUN_SCHEDULED] = {"·", ".", "queued", ROLE_WAITING},
    [ASSAY_RUN_FINISHED] = {"✓", "+", "finished", ROLE_DONE},
    [ASSAY_RUN_FAILED] = {"✗", "x", "failed", ROLE_FAILED},
    [ASSAY_RUN_KILLED] = {"■", "#", "killed", ROLE_WARNING},
};

static void draw_name(struct run_view *view, struct area line)
{
    struct assay_catalog *catalog = view->app->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, view->run);
    char name[240], id[72], clean[80];
    size_t at = (size_t)run->status < ASSAY_COUNT(states) ? (size_t)run->status : 0;
    run_title(catalog, view->run, name, sizeof name);
    assay_text_clean_to(clean, sizeof clean, assay_catalog_short_id(catalog, view->run, id));
    int right = line.rect.width - 1 - assay_text_width(clean);
    draw_text(line, right, 0, ROLE_DIM, clean);
    int color = marks_color(&view->app->marks, view->run);
    draw_text(line, 1, 0, chart_role(color >= 0 ? color : 0),
              chart_dot(&line, color >= 0 ? color : 0));
    int room = right - 4 - 22;
    int width = assay_text_width(name);
    width = width < room ? width : room;
    draw_field(line, 3, 0, width, ALIGN_LEFT, ROLE_STRONG, name);
    int x = 3 + width + 3;
    char age[24];
    assay_catalog_state_age(age, catalog, view->run, view->app->now_ms);
    draw_format(line, x, 0, *age ? ROLE_DIM : states[at].role, "%s %s%s%s",
                line.canvas->ascii ? states[at].plain : states[at].glyph, states[at].word, age,
                run->deleted ? ", deleted"
                : run->gone  ? ", no longer there"
                             : "");
}

static void draw_times(struct run_view *view, struct area line)
{
    const struct assay_catalog *catalog = view->app->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, view->run);
    struct assay_buf text = {0};
    char time[32], age[24];
    if (run->start_ms != ASSAY_NO_TIME) {
        int64_t took = assay_catalog_duration(catalog, run, view->app->now_ms);
        assay_buf_format(&text, "%s   %s ago", assay_time_text(time, run->start_ms),
                         assay_age_text(age, run->start_ms, view->app->now_ms));
        if (took != ASSAY_NO_TIME) {
            assay_buf_format(&text, "   %s %s",
                             run->status == ASSAY_RUN_RUNNING ? "for" : "took",
                             assay_duration_text(age, took));
        }
    }
    if (*run->user) {
        assay_buf_text_add(&text, text.length ? "   by " : "by ");
        assay_text_clean(&text, run->user, strlen(run->user));
    }
    const struct assay_source *source = assay_catalog_source(catalog, run->source);
    if (source->state == ASSAY_SOURCE_OFFLINE && source->read_ms != ASSAY_NO_TIME) {
        assay_buf_format(&text, "   offline, as of %s ago",
                         assay_age_text(age, source->read_ms, view->app->now_ms));
    }
    draw_field(line, 3, 0, line.rect.width - 4, ALIGN_LEFT, ROLE_DIM, assay_buf_text(&text));
    assay_buf_free(&text);
}

static double best_of(const struct assay_metric *metric)
{
    int direction = assay_metric_direction(metric->key);
    if (metric->summary.n == 0) { /* a server's list says the latest value alone */
        return metric->summary.last;
    }
    return direction < 0   ? metric->summary.min
           : direction > 0 ? metric->summary.max
                           : metric->summary.last;
}

static void draw_best(struct run_view *view, struct area line)
{
    const struct assay_attrs *attrs = run_attrs(view);
    const char *names[8];
    uint64_t version = assay_catalog_run(view->app->catalog, view->run)->version;
    if (version != view->best_version || view->best.count == 0) {
        run_columns_choose(&view->best, view->app->catalog, &view->run, 1, false);
        view->best_version = version;
        attrs = run_attrs(view);
    }
    size_t count = run_columns_metrics(&view->best, names, ASSAY_COUNT(names));
    int x = 3;
    for (size_t i = 0; i < count; i++) {
        const struct assay_metric *metric = assay_attrs_metric(attrs, names[i]);
        char key[80], last[32], best[32], text[160];
        if (!metric) {
            continue;
        }
        assay_text_clean_to(key, sizeof key, metric->key);
        assay_number_short(last, metric->summary.last, 5);
        assay_number_short(best, best_of(metric), 5);
        bool same = strcmp(last, best) == 0;
        snprintf(text, sizeof text, same ? "%s" : "%s  best %s", last, best);
        int width = assay_text_width(key) + 1 + assay_text_width(text);
        if (x + width > line.rect.width - 1) {
            break;
        }
        x += draw_text(line, x, 0, ROLE_DIM, key) + 1;
        x += draw_text(line, x, 0, isfinite(metric->summary.last) ? ROLE_STRONG : ROLE_FAILED,
                       last);
        if (!same) {
            x += draw_format(line, x, 0, ROLE_DIM, "  best %s", best);
        }
        x += 4;
    }
}

int run_header_draw(struct run_view *view, struct area area)
{
    draw_name(view, area_row(area, 0));
    draw_times(view, area_row(area, 1));
    draw_best(view, area_row(area, 2));
    return area.rect.height >= 20 ? 4 : 3;
}

/* What the tabs are called; how much is in them, 0 where that is nothing or not counted. */
static void tab_texts(struct run_view *view, bool ascii, size_t counts[RUN_TABS],
                      char texts[RUN_TABS][64])
{
    static const char *const names[RUN_TABS] = {"metrics", "params", "tags",    "artifacts",
                                                "log",     "system", "lineage", "notes",
                                                "models",  "traces"};
    const struct assay_attrs *attrs = run_attrs(view);
    counts[RUN_METRICS] = attrs->metric_count;
    counts[RUN_PARAMS] = attrs->param_count;
    counts[RUN_TAGS] = attrs->tag_count;
    counts[RUN_ARTIFACTS] = assay_session_artifacts(view->app->session, view->run)->count;
    counts[RUN_LOG] = run_log_count(view);
    counts[RUN_SYSTEM] = run_system_count(view);
    counts[RUN_LINEAGE] = attrs->input_count + attrs->output_count;
    counts[RUN_NOTES] = 0;
    counts[RUN_MODELS] = run_logged_count(view, RUN_MODELS);
    counts[RUN_TRACES] = run_logged_count(view, RUN_TRACES);
    bool noted = *assay_session_note(view->app->session, view->run) || run_note_of_source(view);
    for (int i = 0; i < RUN_TABS; i++) {
        char count[32] = "";
        if (counts[i]) {
            assay_count_text(count, counts[i]);
        } else if (i == RUN_NOTES && noted) {
            snprintf(count, sizeof count, "%s", ascii ? "*" : "✎");
        }
        snprintf(texts[i], sizeof texts[i], "%s%s%s", names[i], *count ? " " : "", count);
    }
    counts[RUN_LINEAGE] += run_lineage_any(view);
    counts[RUN_NOTES] = noted;
}

/* Where there is little room tabs are their numbers alone, never the one we are in. */
void run_tabs_draw(struct run_view *view, struct area line)
{
    char texts[RUN_TABS][64];
    size_t counts[RUN_TABS];
    int x = 1, tab_here = (int)view->tab;
    tab_texts(view, line.canvas->ascii, counts, texts);
    for (int i = 0; i < RUN_TABS; i++) {
        bool here = i == tab_here;
        int room = line.rect.width - x - (RUN_TABS - 1 - i) * 4;
        room -= i < tab_here ? assay_text_width(texts[tab_here]) + 1 : 0;
        int width = assay_text_width(texts[i]) + 4;
        if (width > room && !here) {
            texts[i][0] = '\0';
            width = 3;
        }
        view->tab_rects[i] = (struct rect){line.rect.x + x, line.rect.y, width, 1};
        struct area tab = area_part(line, x, 0, width, 1);
        if (here) {
            tab = area_under(tab, ROLE_HERE);
            draw_clear(tab);
        }
        draw_format(tab, 1, 0, here ? ROLE_ACCENT : ROLE_KEY, "%d", (i + 1) % 10);
        draw_text(tab, 3, 0, here ? ROLE_STRONG : counts[i] ? ROLE_NORMAL : ROLE_DIM, texts[i]);
        x += width + 1;
    }
}
